//! What the plans ask of the sections, and what stands in their way: a survey over students who
//! are copied piece by piece, so that whoever counts does not hold up decisions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use super::catalogue::Catalogue;
use super::course::{Quotes, WaitlistEntry};
use super::decide::already;
use super::ids::{CourseId, Key, SectionId, Sequence, StudentId, WindowId};
use super::outcome::Reason;
use super::plan::{Choice, CourseRequest, Plan};
use super::registry::Registry;
use super::section::{Quote, SectionStatus};
use super::student::Student;
use super::window::{TicketState, Window};
use crate::limits;

/// Some students as they are at one moment, with what the rules look at.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What can be registered for.
    pub catalogue: Arc<Catalogue>,
    /// All windows, without their lines.
    pub windows: Vec<Window>,
    /// Those that have a plan.
    pub students: Vec<Student>,
    /// Whether students come after these.
    pub more: bool,
}

/// Where a reading of the waitlists stands: in which course, and after which of its records. A
/// list may move up meanwhile; nobody is read twice or left out.
pub type WaitCursor = (CourseId, Sequence);

/// A place on a waitlist: whose list, from 1, and the entry.
pub type Place<'a> = (CourseId, u32, &'a WaitlistEntry);

impl Registry {
    /// Up to `count` places on waitlists from here on, course by course in order; and where to go
    /// on.
    pub fn waiting_from(
        &self,
        from: WaitCursor,
        count: usize,
    ) -> (Vec<Place<'_>>, Option<WaitCursor>) {
        let (first, after) = from;
        let mut places = Vec::new();
        for (index, book) in self.courses.iter().enumerate().skip(first.index()) {
            let course = CourseId(index as u32);
            let after = if course == first { after } else { Sequence(0) };
            let start = book.waitlist.partition_point(|e| e.since <= after);
            for (at, entry) in book.waitlist.iter().enumerate().skip(start) {
                if places.len() >= count {
                    let last = book.waitlist[..at].last().map_or(Sequence(0), |e| e.since);
                    return (places, Some((course, last)));
                }
                places.push((course, at as u32 + 1, entry));
            }
        }
        (places, None)
    }

    /// The plans of up to `count` tickets that wait, from this ticket on; and where to go on.
    pub fn waiting_plans(
        &self,
        window: WindowId,
        first: usize,
        count: usize,
    ) -> (Vec<Arc<Plan>>, Option<usize>) {
        let tickets = self.window(window).map_or(&[][..], |w| &w.tickets);
        let mut plans = Vec::new();
        // Those that are over cost little; but a turn is a turn.
        let last = first.saturating_add(16 * count).min(tickets.len());
        for (at, info) in tickets.iter().enumerate().take(last).skip(first) {
            if plans.len() >= count {
                return (plans, Some(at));
            }
            if info.state == TicketState::Waiting {
                plans.push(Arc::clone(
                    info.plan.as_ref().unwrap_or(&self.student(info.student).plan),
                ));
            }
        }
        (plans, (last < tickets.len()).then_some(last))
    }

    /// A copy of some students, beginning at one.
    pub fn sample(&self, first: usize, count: usize) -> Sample {
        let some = self.students.iter().skip(first).take(count);
        let planned = some.filter(|s| !s.plan.courses.is_empty());
        Sample {
            catalogue: Arc::clone(&self.catalogue),
            windows: self.windows.iter().map(Window::without_tickets).collect(),
            students: planned.map(Student::for_checks).collect(),
            more: first.saturating_add(count) < self.students.len(),
        }
    }
}

/// How often each section is asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Demand {
    /// By [`SectionId`]: requests with it as first choice by name, or as the only section.
    first: Vec<u32>,
    /// By [`SectionId`]: requests that accept it.
    all: Vec<u32>,
    /// Requests for any of several sections, by component.
    any: BTreeMap<(CourseId, usize), u32>,
}

fn bump(counts: &mut Vec<u32>, section: SectionId) {
    if counts.len() <= section.index() {
        counts.resize(section.index() + 1, 0);
    }
    counts[section.index()] += 1;
}

impl Demand {
    /// Counts one request.
    pub fn add(&mut self, catalogue: &Catalogue, request: &CourseRequest) {
        for (component, choice) in request.choices.iter().enumerate() {
            let accepted = request.accepted(catalogue, component);
            for section in accepted {
                bump(&mut self.all, *section);
            }
            match (choice, accepted) {
                (_, []) => {}
                (Choice::Ranked(_), [first, ..]) | (Choice::Any, [first]) => {
                    bump(&mut self.first, *first);
                }
                (Choice::Any, _) => *self.any.entry((request.course, component)).or_default() += 1,
            }
        }
    }

    /// Requests that accept the section.
    pub fn accepting(&self, section: SectionId) -> u32 {
        self.all.get(section.index()).copied().unwrap_or(0)
    }

    /// By [`SectionId`]: first choices, with those for any section put where the decision would:
    /// most seats left first, then section id; closed ones not at all. Summed over a component it
    /// is the number of its requests.
    pub fn first_choices(&self, catalogue: &Catalogue, quotes: &Quotes) -> Vec<u32> {
        let mut first = self.first.clone();
        first.resize(catalogue.sections.len().max(first.len()), 0);
        for ((course, component), requests) in &self.any {
            let sections = &catalogue.course(*course).components[*component].sections;
            let open = |s: &&SectionId| {
                let quote = quotes.get(**s);
                quote.is_some_and(|q| q.status == SectionStatus::Open)
            };
            let room = |s: &SectionId| {
                let left = quotes.get(*s).and_then(|q| q.left);
                left.map_or(i64::MAX, |left| i64::from(left) - i64::from(first[s.index()]))
            };
            let mut rooms: BinaryHeap<_> =
                sections.iter().filter(open).map(|s| (room(s), Reverse(*s))).collect();
            if rooms.is_empty() {
                first[sections[0].index()] += requests;
            }
            for _ in 0..*requests {
                let Some((room, Reverse(section))) = rooms.pop() else { break };
                first[section.index()] += 1;
                let rest = if room == i64::MAX { room } else { room - 1 };
                rooms.push((rest, Reverse(section)));
            }
        }
        first
    }
}

/// So many first choices go beyond what the section can give.
pub fn shortage(first_choices: u32, quote: Option<Quote>) -> u32 {
    match quote {
        Some(quote) if quote.status == SectionStatus::Open => {
            first_choices.saturating_sub(quote.room())
        }
        _ => first_choices,
    }
}

/// Something in the way of one course of one student's plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blocked {
    /// Whose plan.
    pub student: Key,
    /// Which course of it.
    pub course: CourseId,
    /// What is in the way.
    pub reason: Reason,
}

/// What the plans ask of one window, and what stands in their way.
#[derive(Clone, PartialEq, Debug)]
pub struct Survey {
    window: Key,
    /// What they ask.
    pub demand: Demand,
    /// Students whose plan asks for a course of the window that they have not got.
    pub students: u32,
    /// Of those, and of those whose plan asks for what no window covers: with a blocker.
    pub blocked_students: u32,
    /// Students with a blocker by reason, in the order of [`Reason::KEYS`].
    pub reasons: [u32; Reason::KEYS.len()],
    /// Each blocker, by student: the first [`limits::SURVEY_ROWS_MAX`].
    pub blocked: Vec<Blocked>,
    /// What could be registered for when the last student was counted.
    pub catalogue: Arc<Catalogue>,
    /// By [`CourseId`]: whether the window covers it, and whether any window does.
    covered: Vec<(bool, bool)>,
}

impl Survey {
    /// A survey of the window with this key; nobody counted yet.
    pub fn new(window: Key) -> Self {
        Self {
            window,
            demand: Demand::default(),
            students: 0,
            blocked_students: 0,
            reasons: [0; Reason::KEYS.len()],
            blocked: Vec::new(),
            catalogue: Arc::default(),
            covered: Vec::new(),
        }
    }

    /// Whether the window covers the course.
    pub fn covers(&self, course: CourseId) -> bool {
        self.covered.get(course.index()).is_some_and(|(here, _)| *here)
    }

    /// Counts some students, each once, given what the sections can give.
    pub fn add(&mut self, sample: Sample, quotes: &Quotes) {
        let windows = sample.windows;
        let Some(at) = windows.iter().position(|w| w.rules.key == self.window) else { return };
        if !Arc::ptr_eq(&self.catalogue, &sample.catalogue) || self.covered.is_empty() {
            self.catalogue = sample.catalogue;
            let courses = (0..self.catalogue.courses.len() as u32).map(CourseId);
            let covers = |w: &Window, course| w.covers(&self.catalogue, course);
            let anywhere = |course| windows.iter().any(|w| covers(w, course));
            self.covered = courses.map(|c| (covers(&windows[at], c), anywhere(c))).collect();
        }
        let mut registry = Registry::default();
        registry.catalogue = Arc::clone(&self.catalogue);
        registry.windows = vec![windows[at].clone()];
        registry.students = sample.students;
        for i in 0..registry.students.len() {
            self.add_student(&registry, StudentId(i as u32), quotes);
        }
    }

    fn add_student(&mut self, registry: &Registry, id: StudentId, quotes: &Quotes) {
        let who = registry.student(id);
        let asked = who.plan.courses.iter();
        let asked = asked.filter(|r| self.covers(r.course) && already(who, r.course).is_none());
        let asked: Vec<_> = asked.collect();
        self.students += u32::from(!asked.is_empty());
        for request in asked {
            self.demand.add(&self.catalogue, request);
        }
        let mut found = [false; Reason::KEYS.len()];
        for course in registry.blockers(id, &who.plan, quotes) {
            let (here, anywhere) = self.covered[course.course.index()];
            for reason in course.blockers {
                let counts = match reason {
                    // She has it: nothing is in the way.
                    Reason::AlreadyEnrolled | Reason::AlreadyWaitlisted => false,
                    Reason::OutsideWindow => !anywhere,
                    _ => here,
                };
                if !counts {
                    continue;
                }
                let key = Reason::KEYS.iter().position(|key| *key == reason.key());
                found[key.unwrap_or_default()] = true;
                if self.blocked.len() < limits::SURVEY_ROWS_MAX {
                    let (student, course) = (who.profile.key.clone(), course.course);
                    self.blocked.push(Blocked { student, course, reason });
                }
            }
        }
        self.blocked_students += u32::from(found.contains(&true));
        for (count, found) in self.reasons.iter_mut().zip(found) {
            *count += u32::from(found);
        }
    }
}
