//! What students and registrar did, out of the records of one window.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sluis::domain::catalogue::Catalogue;
use sluis::domain::event::{Event, Record, Via};
use sluis::domain::ids::{CourseId, Key, SectionId, StudentId, Ticket, Timestamp, WindowId};
use sluis::domain::outcome::Outcome;
use sluis::domain::plan::{Choice, CourseRequest, Plan};
use sluis::domain::registry::Registry;
use sluis::domain::section::SectionStatus;
use sluis::domain::window::Window;

use super::opening::Opening;
use crate::trace::{Act, Deed, Entry, Totals, Wish};

/// Seats that the registrar gave and took in what the trace does not cover.
const ELSEWHERE_PLACED: &str = "the registrar's enrolments in courses of other windows";

/// What was done.
pub struct Acts {
    /// In order of time.
    pub entries: Vec<Entry>,
    /// Numbers of the students, by first action.
    pub numbers: HashMap<StudentId, u32>,
    /// What came of it.
    pub totals: Totals,
    /// What a replay cannot do again, by kind: how often it was done.
    pub left_out: BTreeMap<&'static str, u64>,
}

/// Something that was done.
enum Done {
    /// By a student.
    Act(StudentId, Act),
    /// By the registrar.
    Deed(Deed),
    /// By the registrar, to this student; her number in the trace is still to be put in.
    To(StudentId, Deed),
}

/// Something that was done, when and in which order.
struct Step {
    /// Milliseconds after the opening.
    at: i64,
    /// The record with which it was carried out; `None`: it came to nothing.
    order: Option<u64>,
    done: Done,
    /// What an armed plan asked for when it was decided.
    asked: Option<Vec<Wish>>,
}

/// A place in the line.
struct Held {
    /// Index of the step that took it.
    step: usize,
    /// The plan that came with it; `None`: her own, as it is at her turn.
    plan: Option<Arc<Plan>>,
    /// Taken before the opening.
    armed: bool,
}

/// Goes through the records.
struct Reader<'a> {
    catalogue: &'a Catalogue,
    window: WindowId,
    opened: Timestamp,
    /// The record in hand.
    sequence: u64,
    /// In the order of the journal.
    steps: Vec<Step>,
    covered: HashSet<CourseId>,
    /// Codes of the blocks in force.
    blocks: HashMap<StudentId, HashSet<Key>>,
    plans: HashMap<StudentId, Arc<Plan>>,
    holders: HashMap<Ticket, StudentId>,
    line: HashMap<Ticket, Held>,
    /// Steps of those who armed before the opening, in the order of their turns.
    turns: Vec<usize>,
    totals: Totals,
    left_out: BTreeMap<&'static str, u64>,
}

/// Of a window that has opened. A rehearsal that was run again counts from its last beginning.
pub fn of(
    registry: &Registry,
    id: WindowId,
    window: &Window,
    opening: &Opening,
    records: &[Record],
) -> Option<Acts> {
    let reset = |r: &Record| matches!(&r.event, Event::WindowReset { window, .. } if *window == id);
    let records = &records[records.iter().rposition(reset).map_or(0, |at| at + 1)..];
    let courses = (0..registry.catalogue.courses.len() as u32).map(CourseId);
    let mut reader = Reader {
        catalogue: &registry.catalogue,
        window: id,
        opened: window.opened_at?,
        sequence: 0,
        steps: Vec::new(),
        covered: courses.filter(|course| window.covers(&registry.catalogue, *course)).collect(),
        blocks: opening.blocks.clone(),
        plans: HashMap::new(),
        holders: HashMap::new(),
        line: HashMap::new(),
        turns: Vec::new(),
        totals: Totals::default(),
        left_out: BTreeMap::new(),
    };
    for (section, status) in opening.closed() {
        reader.status(-1, section, status);
    }
    for record in records {
        reader.read(record);
    }
    reader.keep_the_draw();
    Some(reader.finish())
}

impl Reader<'_> {
    fn read(&mut self, record: &Record) {
        let at = record.at.0 as i64 - self.opened.0 as i64;
        self.sequence = record.sequence.0;
        match &record.event {
            Event::PlanSet(student, plan) => {
                self.plans.insert(*student, Arc::clone(plan));
                let wishes = self.wishes(plan);
                self.act(at, *student, Act::Plan(wishes));
            }
            Event::TicketTaken { window, ticket, student, plan, .. } if *window == self.window => {
                self.holders.insert(*ticket, *student);
                let armed = record.at < self.opened;
                let act = if armed {
                    Act::Arm
                } else {
                    let own = self.plans.get(student).cloned().unwrap_or_default();
                    Act::Submit(self.wishes(plan.as_ref().unwrap_or(&own)))
                };
                let held = Held { step: self.steps.len(), plan: plan.clone(), armed };
                self.line.insert(*ticket, held);
                self.act(at, *student, act);
                // Its turn is still to come, or never does.
                self.without_order();
            }
            Event::TicketLeft(window, ticket) if *window == self.window => {
                self.line.remove(ticket);
                if let Some(student) = self.holders.get(ticket).copied() {
                    self.act(at, student, Act::Disarm);
                    self.without_order();
                }
            }
            Event::Decided { student, via, outcomes, .. } => {
                self.decided(at, *student, via, outcomes);
            }
            Event::Promoted { course, .. } if self.covered.contains(course) => {
                self.totals.promoted += 1;
            }
            _ => self.registrar(at, &record.event),
        }
    }

    /// What the registrar did. What stood before the opening is in the state that the replay
    /// begins with; only seats that were given and taken back are given and taken again.
    fn registrar(&mut self, at: i64, event: &Event) {
        let opened = at >= 0;
        match event {
            Event::Placed { student, course, sections, moved, over, .. }
                if self.covered.contains(course) =>
            {
                let sections = sections.iter().map(|s| self.section(*s)).collect();
                let (course, moved) = (self.course(*course), *moved);
                // Capacities are those of the opening; before it they may have been others.
                let over = !over.is_empty() || !opened;
                let deed = Deed::Place { n: 0, course, sections, moved, over };
                self.step(at, Done::To(*student, deed));
                self.totals.placed += 1;
            }
            Event::Removed { student, course } if self.covered.contains(course) => {
                let deed = Deed::Remove { n: 0, course: self.course(*course) };
                self.step(at, Done::To(*student, deed));
                self.totals.removed += 1;
            }
            Event::BlockSet { student, code, blocked } if opened => {
                self.block(at, *student, code, *blocked);
            }
            Event::WindowClosed(window) if *window == self.window => self.deed(at, Deed::Close),
            Event::WindowPaused(window) if *window == self.window => self.deed(at, Deed::Pause),
            Event::WindowResumed(window) if *window == self.window => self.deed(at, Deed::Resume),
            Event::PaceSet(window, pace) if *window == self.window && opened => {
                self.deed(at, Deed::Pace(*pace));
            }
            Event::CapacitySet(section, capacity) if opened && self.is_covered(*section) => {
                self.deed(at, Deed::Capacity(self.section(*section), *capacity));
            }
            Event::StatusSet(section, status) if opened && self.is_covered(*section) => {
                self.status(at, *section, *status);
            }
            Event::Placed { .. } | Event::Removed { .. } => self.leave_out(ELSEWHERE_PLACED),
            Event::ImportApplied { .. } if opened => self.leave_out("imports after the opening"),
            // Other windows', of before the opening, what follows by itself, and what changes
            // nothing that a decision depends on.
            Event::PlanSet(..)
            | Event::TicketTaken { .. }
            | Event::TicketLeft(..)
            | Event::Decided { .. }
            | Event::Promoted { .. }
            | Event::PassedOver { .. }
            | Event::BlockSet { .. }
            | Event::CapacitySet(..)
            | Event::StatusSet(..)
            | Event::PaceSet(..)
            | Event::WindowScheduled { .. }
            | Event::StudentErased(_)
            | Event::WindowOpened(_)
            | Event::WindowClosing(_)
            | Event::WindowClosed(_)
            | Event::WindowPaused(_)
            | Event::WindowResumed(_)
            | Event::WindowReset { .. }
            | Event::ImportBegun
            | Event::ImportItem(_)
            | Event::ImportApplied { .. }
            | Event::MessagesRead(..)
            | Event::PreferencesSet(..)
            | Event::CalendarSet(..)
            | Event::SignedIn { .. }
            | Event::SignedOut(..)
            | Event::Announced(_) => {}
        }
    }

    fn act(&mut self, at: i64, student: StudentId, act: Act) {
        self.step(at, Done::Act(student, act));
    }

    fn step(&mut self, at: i64, done: Done) {
        let order = Some(self.sequence);
        self.steps.push(Step { at, order, done, asked: None });
    }

    /// The last step has no turn, or none yet.
    fn without_order(&mut self) {
        if let Some(last) = self.steps.last_mut() {
            last.order = None;
        }
    }

    /// A place in the line had its turn: that is when its plan was asked for.
    fn turn(&mut self, student: StudentId, ticket: Ticket) {
        let Some(held) = self.line.remove(&ticket) else { return };
        let own = || self.plans.get(&student).cloned().unwrap_or_default();
        let wishes = self.wishes(&held.plan.unwrap_or_else(own));
        self.turns.extend(held.armed.then_some(held.step));
        let step = &mut self.steps[held.step];
        step.order = Some(self.sequence);
        match &mut step.done {
            Done::Act(_, Act::Submit(asked)) => *asked = wishes,
            _ => step.asked = Some(wishes),
        }
    }

    fn deed(&mut self, at: i64, deed: Deed) {
        self.step(at, Done::Deed(deed));
    }

    fn leave_out(&mut self, kind: &'static str) {
        *self.left_out.entry(kind).or_default() += 1;
    }

    fn status(&mut self, at: i64, section: SectionId, status: SectionStatus) {
        let status = match status {
            SectionStatus::Open => "open",
            SectionStatus::Closed => "closed",
            SectionStatus::Cancelled => "cancelled",
        };
        if self.is_covered(section) {
            self.deed(at, Deed::Status(self.section(section), status.to_owned()));
        }
    }

    /// Only whether she has any block matters to a decision; its code stays out of the trace.
    fn block(&mut self, at: i64, student: StudentId, code: &Key, blocked: bool) {
        let codes = self.blocks.entry(student).or_default();
        let before = !codes.is_empty();
        if blocked {
            codes.insert(code.clone());
        } else {
            codes.remove(code);
        }
        if before == codes.is_empty() {
            let deed = Deed::Block { n: 0, blocked };
            self.step(at, Done::To(student, deed));
        }
    }

    fn decided(
        &mut self,
        at: i64,
        student: StudentId,
        via: &Via,
        outcomes: &[(CourseId, Outcome)],
    ) {
        let elsewhere = |window: &WindowId| *window != self.window;
        let act = match via {
            Via::Ticket(window, _) | Via::Submit(window) | Via::Swap { window, .. }
                if elsewhere(window) =>
            {
                return self.leave_out("decisions of other windows");
            }
            Via::Drop | Via::Leave
                if !outcomes.iter().all(|(course, _)| self.covered.contains(course)) =>
            {
                return self.leave_out("courses of other windows given back");
            }
            Via::Ticket(_, ticket) => {
                self.turn(student, *ticket);
                None
            }
            Via::Submit(_) => {
                let wishes = outcomes.iter().map(|(c, o)| self.wished(student, *c, o));
                Some(Act::Submit(wishes.collect()))
            }
            Via::Swap { from, .. } => outcomes.first().map(|(course, outcome)| {
                Act::Swap(self.course(*from), self.wished(student, *course, outcome))
            }),
            Via::Drop => outcomes.first().map(|(course, _)| Act::Drop(self.course(*course))),
            Via::Leave => outcomes.first().map(|(course, _)| Act::Leave(self.course(*course))),
        };
        if let Some(act) = act {
            self.act(at, student, act);
        }
        for (_, outcome) in outcomes {
            let total = match outcome {
                Outcome::Enrolled { .. } => &mut self.totals.enrolled,
                Outcome::Waitlisted { .. } => &mut self.totals.waitlisted,
                Outcome::Refused(_) => &mut self.totals.refused,
                Outcome::Dropped => &mut self.totals.dropped,
                Outcome::LeftWaitlist => continue,
            };
            *total += 1;
        }
    }

    /// Who armed is sent again in the order of the draw, at the times of arming: a replay's window
    /// is in order of arrival, so that everybody has the same turn again.
    fn keep_the_draw(&mut self) {
        let mut times: Vec<i64> = self.turns.iter().map(|step| self.steps[*step].at).collect();
        times.sort_unstable();
        let mut arming: HashMap<StudentId, i64> = HashMap::new();
        for (step, time) in self.turns.iter().zip(times) {
            let step = &mut self.steps[*step];
            step.at = time;
            if let Done::Act(student, _) = step.done {
                arming.insert(student, time);
            }
        }
        // A plan saved before arming stays before it.
        for Step { at, done, .. } in &mut self.steps {
            if let Done::Act(student, Act::Plan(_)) = done
                && let Some(armed) = arming.get(student).filter(|armed| *at < 0 && *at > **armed)
            {
                *at = *armed;
            }
        }
    }

    fn finish(mut self) -> Acts {
        let mut order: Vec<u64> = self.steps.iter().filter_map(|step| step.order).collect();
        order.sort_unstable();
        // At one time a plan comes before the arming; the order of the journal is kept.
        self.steps.sort_by_key(|step| step.at);
        let (mut entries, mut numbers) = (Vec::new(), HashMap::new());
        let mut number = |student| {
            let next = numbers.len() as u32;
            *numbers.entry(student).or_insert(next)
        };
        for Step { at, order: of, done, asked } in self.steps {
            let turn = of.map(|of| order.partition_point(|before| *before < of) as u32);
            entries.push(match done {
                Done::Act(student, act) => Entry::Act { at, n: number(student), act, turn, asked },
                Done::Deed(act) => Entry::Registrar { at, act, turn },
                Done::To(student, mut act) => {
                    if let Deed::Place { n, .. } | Deed::Remove { n, .. } | Deed::Block { n, .. } =
                        &mut act
                    {
                        *n = number(student);
                    }
                    Entry::Registrar { at, act, turn }
                }
            });
        }
        Acts { entries, numbers, totals: self.totals, left_out: self.left_out }
    }

    fn is_covered(&self, section: SectionId) -> bool {
        self.covered.contains(&self.catalogue.section(section).course)
    }

    fn course(&self, id: CourseId) -> String {
        self.catalogue.course(id).key.to_string()
    }

    fn section(&self, id: SectionId) -> String {
        self.catalogue.section(id).key.to_string()
    }

    fn wishes(&self, plan: &Plan) -> Vec<Wish> {
        let covered = plan.courses.iter().filter(|request| self.covered.contains(&request.course));
        covered.map(|request| self.wish(request)).collect()
    }

    fn wish(&self, request: &CourseRequest) -> Wish {
        let choice = |choice: &Choice| match choice {
            Choice::Any => None,
            Choice::Ranked(sections) => Some(sections.iter().map(|s| self.section(*s)).collect()),
        };
        let choices = request.choices.iter().map(choice).collect();
        Wish { course: self.course(request.course), choices, waitlist: request.waitlist }
    }

    /// What a request that named its own courses asked for, as far as the journal tells: the
    /// waitlisted request, her plan's, or what she got.
    fn wished(&self, student: StudentId, course: CourseId, outcome: &Outcome) -> Wish {
        if let Outcome::Waitlisted { request, .. } = outcome {
            return self.wish(request);
        }
        let planned = self.plans.get(&student).map(|plan| plan.courses.as_slice());
        let planned = planned.unwrap_or_default().iter().find(|r| r.course == course);
        let ways: usize =
            self.catalogue.course(course).components.iter().map(|c| c.sections.len()).product();
        match (planned, outcome) {
            (Some(request), _) => self.wish(request),
            (None, Outcome::Enrolled { sections, .. }) if ways > 1 => {
                let choices = sections.iter().map(|s| Some(vec![self.section(*s)])).collect();
                Wish { course: self.course(course), choices, waitlist: false }
            }
            (None, _) => Wish { course: self.course(course), choices: vec![], waitlist: false },
        }
    }
}
