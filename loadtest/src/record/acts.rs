//! What students and registrar did, out of the records of one window.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sluis::domain::catalogue::Catalogue;
use sluis::domain::event::{Event, Record, Via};
use sluis::domain::ids::{CourseId, SectionId, StudentId, Ticket, Timestamp, WindowId};
use sluis::domain::outcome::Outcome;
use sluis::domain::plan::{Choice, CourseRequest, Plan};
use sluis::domain::registry::Registry;
use sluis::domain::section::SectionStatus;
use sluis::domain::window::Window;

use crate::trace::{Act, Deed, Entry, Totals, Wish};

/// What was done.
pub struct Acts {
    /// In order of time.
    pub entries: Vec<Entry>,
    /// Numbers of the students, by first action.
    pub numbers: HashMap<StudentId, u32>,
    /// What came of it.
    pub totals: Totals,
}

/// Goes through the records.
struct Reader<'a> {
    catalogue: &'a Catalogue,
    window: WindowId,
    opened: Timestamp,
    acts: Vec<(i64, StudentId, Act)>,
    deeds: Vec<(i64, Deed)>,
    plans: HashMap<StudentId, Arc<Plan>>,
    holders: HashMap<Ticket, StudentId>,
    /// Armed before the opening: index of the act.
    armed: HashMap<Ticket, usize>,
    /// Those, in the order of their turns.
    turns: Vec<Ticket>,
    totals: Totals,
}

/// Of a window that has opened. A rehearsal that was run again counts from its last beginning.
pub fn of(registry: &Registry, id: WindowId, window: &Window, records: &[Record]) -> Option<Acts> {
    let reset = |r: &Record| matches!(&r.event, Event::WindowReset { window, .. } if *window == id);
    let records = &records[records.iter().rposition(reset).map_or(0, |at| at + 1)..];
    let mut reader = Reader {
        catalogue: &registry.catalogue,
        window: id,
        opened: window.opened_at?,
        acts: Vec::new(),
        deeds: Vec::new(),
        plans: HashMap::new(),
        holders: HashMap::new(),
        armed: HashMap::new(),
        turns: Vec::new(),
        totals: Totals::default(),
    };
    for record in records {
        reader.read(record);
    }
    reader.keep_the_draw();
    Some(reader.finish())
}

impl Reader<'_> {
    fn read(&mut self, record: &Record) {
        let at = record.at.0 as i64 - self.opened.0 as i64;
        match &record.event {
            Event::PlanSet(student, plan) => {
                self.plans.insert(*student, Arc::clone(plan));
                let wishes = self.wishes(plan);
                self.acts.push((at, *student, Act::Plan(wishes)));
            }
            Event::TicketTaken { window, ticket, student, plan, .. } if *window == self.window => {
                self.holders.insert(*ticket, *student);
                let act = if record.at < self.opened {
                    self.armed.insert(*ticket, self.acts.len());
                    Act::Arm
                } else {
                    let own = self.plans.get(student).cloned().unwrap_or_default();
                    Act::Submit(self.wishes(plan.as_ref().unwrap_or(&own)))
                };
                self.acts.push((at, *student, act));
            }
            Event::TicketLeft(window, ticket) if *window == self.window => {
                self.armed.remove(ticket);
                if let Some(student) = self.holders.get(ticket) {
                    self.acts.push((at, *student, Act::Disarm));
                }
            }
            Event::Decided { student, via, outcomes, .. } => {
                self.decided(at, *student, via, outcomes);
            }
            Event::Promoted { .. } => self.totals.promoted += 1,
            Event::WindowClosed(window) if *window == self.window => {
                self.deeds.push((at, Deed::Close));
            }
            Event::WindowPaused(window) if *window == self.window => {
                self.deeds.push((at, Deed::Pause));
            }
            Event::WindowResumed(window) if *window == self.window => {
                self.deeds.push((at, Deed::Resume));
            }
            Event::PaceSet(window, pace) if *window == self.window => {
                self.deeds.push((at, Deed::Pace(*pace)));
            }
            Event::CapacitySet(section, capacity) => {
                self.deeds.push((at, Deed::Capacity(self.section(*section), *capacity)));
            }
            Event::StatusSet(section, status) => {
                let status = match status {
                    SectionStatus::Open => "open",
                    SectionStatus::Closed => "closed",
                    SectionStatus::Cancelled => "cancelled",
                };
                self.deeds.push((at, Deed::Status(self.section(*section), status.to_owned())));
            }
            _ => {}
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
                return;
            }
            Via::Ticket(_, ticket) => {
                self.turns.extend(self.armed.contains_key(ticket).then_some(*ticket));
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
        self.acts.extend(act.map(|act| (at, student, act)));
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
        let mut times: Vec<i64> =
            self.turns.iter().map(|ticket| self.acts[self.armed[ticket]].0).collect();
        times.sort_unstable();
        let mut moved: HashSet<usize> = HashSet::new();
        for (ticket, at) in self.turns.iter().zip(times) {
            let index = self.armed[ticket];
            self.acts[index].0 = at;
            moved.insert(index);
        }
        // A plan saved before arming stays before it.
        let arming: HashMap<StudentId, i64> =
            moved.iter().map(|i| (self.acts[*i].1, self.acts[*i].0)).collect();
        for (at, student, act) in &mut self.acts {
            if matches!(act, Act::Plan(_))
                && let Some(armed) = arming.get(student).filter(|armed| *at < 0 && *at > **armed)
            {
                *at = *armed;
            }
        }
    }

    fn finish(mut self) -> Acts {
        // At one time a plan comes before the arming; the order of turns is kept.
        self.acts.sort_by_key(|(at, ..)| *at);
        let (mut entries, mut numbers) = (Vec::new(), HashMap::new());
        for (at, student, act) in self.acts {
            let next = numbers.len() as u32;
            let n = *numbers.entry(student).or_insert(next);
            entries.push(Entry::Act { at, n, act });
        }
        let deeds = self.deeds.into_iter().filter(|(at, _)| *at >= 0);
        entries.extend(deeds.map(|(at, act)| Entry::Registrar { at, act }));
        Acts { entries, numbers, totals: self.totals }
    }

    fn course(&self, id: CourseId) -> String {
        self.catalogue.course(id).key.to_string()
    }

    fn section(&self, id: SectionId) -> String {
        self.catalogue.section(id).key.to_string()
    }

    fn wishes(&self, plan: &Plan) -> Vec<Wish> {
        plan.courses.iter().map(|request| self.wish(request)).collect()
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
