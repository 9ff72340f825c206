//! An auditor with a small memory of its own: it checks each record against the promises, from
//! the state before and after, without asking the code that decided.

use std::collections::{HashMap, HashSet};

use super::oracle::first_eligible;
use crate::domain::event::{Event, Record, Via};
use crate::domain::ids::{CourseId, RequestId, SectionId, Sequence, StudentId, Ticket, WindowId};
use crate::domain::invariants::{self, Violation};
use crate::domain::line::Line;
use crate::domain::outcome::Outcome;
use crate::domain::registry::Registry;
use crate::domain::section::Section;
use crate::domain::student::{Enrolment, Notice};
use crate::domain::university::University;
use crate::domain::window::{ClashPolicy, WindowState};

/// What the auditor remembers.
#[derive(Default)]
pub struct Audit {
    sequence: u64,
    courses: HashMap<CourseId, u32>,
    students: HashMap<StudentId, u32>,
    outcomes: HashMap<(StudentId, RequestId, CourseId), Outcome>,
    told: HashSet<(StudentId, CourseId, Sequence, String)>,
    lines: HashMap<WindowId, Line>,
    positions: HashMap<(WindowId, Ticket), u32>,
}

impl Audit {
    /// Applies one record to the state before it and checks what it did.
    pub fn record(&mut self, university: &mut University, record: &Record) {
        the_first_eligible_is_served(university, record);
        nothing_is_decided_while_paused(&university.registry, record);
        self.passed_over_is_news(university, record);
        let before = Inboxes::of(&university.registry);
        acts_say_who(&university.registry, record);
        let excess: Vec<u32> = university.sections.iter().map(Section::over_capacity).collect();
        university.apply(record);
        self.sequences(&university.registry, record, &before);
        self.outcomes_once(record);
        told_once(&university.registry, record, &before);
        grants_are_legitimate(&university.registry, record);
        for (section, before) in university.sections.iter().zip(excess) {
            let capacity_set = match record.event {
                Event::CapacitySet(id, _) => id == section.id,
                Event::ImportApplied { .. } => true,
                _ => false,
            };
            let granted = match &record.event {
                Event::Placed { over, .. } => u32::from(over.contains(&section.id)),
                _ => 0,
            };
            let most = before + granted;
            assert!(capacity_set || section.over_capacity() <= most, "the excess only falls");
        }
        self.line_follows(&university.registry, record);
        let newest = university.registry.audit.iter().next_back().map(|entry| entry.journal);
        assert_eq!(newest == Some(record.sequence), record.act.is_some(), "{record:?}");
        let found: Vec<Violation> =
            [invariants::no_oversell, invariants::seats_are_enrolments, invariants::no_double]
                .iter()
                .flat_map(|check| check(university))
                .collect();
        assert_eq!(found, [], "after {record:?}");
    }

    /// Between turns every promise holds, I11 included.
    pub fn turn_end(&mut self, university: &University) {
        assert_eq!(invariants::all(university), [], "at a turn's end");
        for course in (0..university.registry.courses.len() as u32).map(CourseId) {
            let idle = first_eligible(university, course);
            assert!(idle.is_none(), "course {course} could promote {idle:?}");
        }
        self.tell_positions();
    }

    fn sequences(&mut self, registry: &Registry, record: &Record, before: &Inboxes) {
        self.sequence += 1;
        assert_eq!(record.sequence, Sequence(self.sequence));
        for (course, sequence) in &record.courses {
            let last = self.courses.entry(*course).or_default();
            *last += 1;
            assert_eq!(sequence, last, "course {course} in {record:?}");
        }
        let named: HashMap<StudentId, u32> = record.students.iter().copied().collect();
        for (i, student) in registry.students.iter().enumerate() {
            let id = StudentId(i as u32);
            let told = student.inbox.len() > before.len(i);
            let last = self.students.entry(id).or_default();
            if told || named.contains_key(&id) {
                *last += 1;
            }
            assert_eq!(student.sequence, *last, "student {id} after {record:?}");
            assert!(named.get(&id).is_none_or(|n| n == last), "student {id} in {record:?}");
            for item in &student.inbox[before.len(i)..] {
                assert_eq!((item.sequence, item.student_sequence), (record.sequence, *last));
            }
        }
        for (i, book) in registry.courses.iter().enumerate() {
            let last = self.courses.get(&CourseId(i as u32)).copied().unwrap_or(0);
            assert_eq!(book.sequence, last, "course {i} after {record:?}");
        }
    }

    /// I3: exactly one outcome for each (student, request, course).
    fn outcomes_once(&mut self, record: &Record) {
        if let Event::Decided { student, request, outcomes, .. } = &record.event {
            for (course, outcome) in outcomes {
                let key = (*student, *request, *course);
                assert_eq!(self.outcomes.insert(key, outcome.clone()), None, "{record:?}");
            }
        }
    }

    /// One that is passed over is told once for each blocker of her entry.
    fn passed_over_is_news(&mut self, university: &University, record: &Record) {
        if let Event::PassedOver { student, course, blocker } = &record.event {
            let list = &university.registry.book(*course).waitlist;
            let entry = list.iter().find(|e| e.student == *student).expect("she waits");
            let blocker = match blocker.key() {
                "credit_limit" => "credit_limit".into(),
                _ => format!("{blocker:?}"),
            };
            let news = self.told.insert((*student, *course, entry.since, blocker));
            assert!(news, "told twice: {record:?}");
        }
    }

    /// I5: an incrementally kept line is the line that the window's records make; a position
    /// only falls.
    fn line_follows(&mut self, registry: &Registry, record: &Record) {
        match &record.event {
            Event::TicketTaken { window, ticket, .. } => {
                if let Some(line) = self.lines.get_mut(window) {
                    line.push(*ticket);
                }
            }
            Event::TicketLeft(window, ticket) => {
                if let Some(line) = self.lines.get_mut(window) {
                    line.leave(*ticket);
                }
            }
            Event::Decided { via: Via::Ticket(window, ticket), .. } => {
                let line = self.lines.get_mut(window).expect("only an open line admits");
                assert_eq!(line.waiting().next(), Some(*ticket), "the first is served first");
                line.serve(*ticket);
            }
            Event::WindowOpened(window) => {
                let line = Line::new(&registry.windows[window.index()]);
                self.lines.insert(*window, line);
            }
            Event::WindowReset { window, .. } => {
                self.lines.remove(window);
                self.positions.retain(|(w, _), _| w != window);
            }
            _ => {}
        }
        for (window, line) in &self.lines {
            let state = &registry.windows[window.index()];
            if state.state == WindowState::Open {
                self.positions_fall(*window, line, &Line::new(state));
            }
        }
    }
}

impl Audit {
    /// Whose turn it is in the window's line.
    pub fn first_waiting(&self, window: WindowId) -> Option<Ticket> {
        self.lines.get(&window)?.waiting().next()
    }

    fn positions_fall(&self, window: WindowId, kept: &Line, rebuilt: &Line) {
        assert_eq!(kept.served(), rebuilt.served());
        assert_eq!(kept.len(), rebuilt.len());
        assert_eq!(kept.is_empty(), rebuilt.is_empty());
        assert_eq!(kept.order(), rebuilt.order());
        assert!(kept.waiting().eq(rebuilt.waiting()));
        for ticket in kept.order() {
            assert_eq!(kept.position(*ticket), rebuilt.position(*ticket));
            if let Some(position) = kept.position(*ticket) {
                let told = self.positions.get(&(window, *ticket)).copied();
                assert!(told.is_none_or(|t| position <= t), "position of {ticket} rose");
            }
        }
    }

    fn tell_positions(&mut self) {
        for (window, line) in &self.lines {
            for ticket in line.waiting() {
                if let Some(position) = line.position(ticket) {
                    self.positions.insert((*window, ticket), position);
                }
            }
        }
    }
}

struct Inboxes(Vec<usize>);

impl Inboxes {
    fn of(registry: &Registry) -> Self {
        Self(registry.students.iter().map(|s| s.inbox.len()).collect())
    }

    fn len(&self, student: usize) -> usize {
        self.0.get(student).copied().unwrap_or(0)
    }
}

/// I10: a promotion or a passing over is told to its student, once, and to nobody else.
fn told_once(registry: &Registry, record: &Record, before: &Inboxes) {
    let news = |i: usize| registry.students[i].inbox[before.len(i)..].iter().map(|n| &n.notice);
    match &record.event {
        Event::Promoted { student, course, .. } | Event::PassedOver { student, course, .. } => {
            for i in 0..registry.students.len() {
                let told = news(i).filter(|n| match n {
                    Notice::Promoted { course: c, .. } | Notice::PassedOver { course: c, .. } => {
                        c == course
                    }
                    _ => false,
                });
                assert_eq!(told.count(), usize::from(i == student.index()), "{record:?}");
            }
        }
        Event::Decided { student, outcomes, .. } => {
            assert_eq!(news(student.index()).count(), outcomes.len());
        }
        Event::Placed { student, .. }
        | Event::Removed { student, .. }
        | Event::BlockSet { student, .. } => {
            let reason = record.act.as_ref().and_then(|act| act.reason.as_ref());
            for i in 0..registry.students.len() {
                let told = news(i).filter(|n| match n {
                    Notice::Placed { reason: r, .. }
                    | Notice::Removed { reason: r, .. }
                    | Notice::Block { reason: r, .. } => r.as_ref() == reason,
                    _ => false,
                });
                let all = news(i).count();
                let once = usize::from(i == student.index());
                assert_eq!((told.count(), all), (once, once), "{record:?}");
            }
        }
        _ => {}
    }
}

/// Every grant obeys the window's rules: no block, no missing prerequisite, within the credit
/// limit, no clash unless the window says to warn.
fn grants_are_legitimate(registry: &Registry, record: &Record) {
    let granted: Vec<(StudentId, CourseId)> = match &record.event {
        Event::Decided { student, outcomes, .. } => outcomes
            .iter()
            .filter(|(_, outcome)| matches!(outcome, Outcome::Enrolled { .. }))
            .map(|(course, _)| (*student, *course))
            .collect(),
        Event::Promoted { student, course, .. } => vec![(*student, *course)],
        _ => return,
    };
    let catalogue = &registry.catalogue;
    for (student, course) in granted {
        let student = registry.student(student);
        let enrolment = student.enrolment(course).expect("granted");
        let rules = &registry.windows[enrolment.window.index()].rules;
        assert!(student.blocks().next().is_none());
        let mut needed = catalogue.course(course).prerequisites.iter();
        assert!(needed.all(|p| student.has_completed(p)));
        let credits = |e: &Enrolment| catalogue.course(e.course).credits.0;
        let total: u32 = student.enrolments.iter().map(credits).sum();
        assert!(rules.credit_limit.is_none_or(|limit| total <= limit.0), "{record:?}");
        let others = student.enrolments.iter().filter(|e| e.course != course);
        let others: Vec<SectionId> = others.flat_map(|e| e.sections.clone()).collect();
        let clash = enrolment.sections.iter().enumerate().any(|(i, s)| {
            others.iter().chain(&enrolment.sections[..i]).any(|o| catalogue.sections_clash(*s, *o))
        });
        assert!(!clash || rules.clash == ClashPolicy::Warn, "{record:?}");
    }
}

/// A paused window admits nobody and gives no new place; what is given back still goes on.
fn nothing_is_decided_while_paused(registry: &Registry, record: &Record) {
    let Event::Decided { via, .. } = &record.event else { return };
    let window = match via {
        Via::Ticket(window, _) | Via::Submit(window) | Via::Swap { window, .. } => *window,
        Via::Drop | Via::Leave => return,
    };
    assert!(!registry.windows[window.index()].paused, "{record:?}");
}

/// Each act names its subject; a promotion is nobody's act.
fn acts_say_who(registry: &Registry, record: &Record) {
    let Some(act) = &record.act else { return };
    let subject = act.subject.as_ref().map(crate::domain::ids::Key::as_str);
    let known = match &record.event {
        Event::Placed { student, .. }
        | Event::Removed { student, .. }
        | Event::BlockSet { student, .. } => Some(registry.student(*student).profile.key.as_str()),
        Event::CapacitySet(section, _) | Event::StatusSet(section, _) => {
            Some(registry.catalogue.section(*section).key.as_str())
        }
        Event::WindowOpened(w)
        | Event::WindowClosed(w)
        | Event::WindowPaused(w)
        | Event::WindowResumed(w)
        | Event::WindowScheduled { window: w, .. }
        | Event::WindowReset { window: w, .. }
        | Event::PaceSet(w, _) => Some(registry.windows[w.index()].rules.key.as_str()),
        // One that is a single section names it: of a course that is there.
        Event::ImportApplied { items: 1 } => subject.filter(|key| {
            let course = key.rsplit_once('/').map(|(course, _)| course);
            course.is_some_and(|course| registry.catalogue.course_id(course).is_some())
        }),
        Event::Announced(_) | Event::ImportApplied { .. } => None,
        other => panic!("no act: {other:?}"),
    };
    assert_eq!(subject, known, "{record:?}");
}

/// I6: no newcomer gets a seat in a course while a waiting entry could have had one, and what is
/// promoted is the first that can be.
fn the_first_eligible_is_served(university: &University, record: &Record) {
    match &record.event {
        Event::Decided { outcomes, .. } => {
            for (course, outcome) in outcomes {
                if matches!(outcome, Outcome::Enrolled { .. }) {
                    let first = first_eligible(university, *course);
                    assert!(first.is_none(), "{record:?} before {first:?}");
                }
            }
        }
        Event::Promoted { student, course, replaces, .. } => {
            let first = first_eligible(university, *course).expect("she is eligible");
            assert_eq!((first.student, first.replaces), (*student, *replaces), "{record:?}");
        }
        _ => {}
    }
}
