//! Replay: records into a state, each checked against the state that it meets (I9, I13). What is
//! checked is cheap: numbers that must follow, and ids that must exist, so that a record which
//! does not belong here stops the replay instead of the process.

use super::keys::Keys;
use super::record::{self, DecodeError};
use crate::domain::catalogue::Item;
use crate::domain::event::{Event, Record, Via};
use crate::domain::ids::{CourseId, SectionId, Sequence, StudentId, Ticket, WindowId};
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Choice, CourseRequest, Plan};
use crate::domain::registry::Registry;
use crate::domain::university::University;
use crate::domain::window::TicketState;

/// A record that does not follow from the ones before it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("record {sequence} is damaged or out of place: {what}")]
pub struct Damaged {
    /// Where the journal has it.
    pub sequence: Sequence,
    /// What is wrong.
    pub what: Mismatch,
}

/// What is wrong with a record where it stands.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Mismatch {
    /// Its bytes.
    #[error("{0}")]
    Bytes(#[from] DecodeError),
    /// Its place in the journal.
    #[error("expected record {expected}, found {found}")]
    Sequence {
        /// What follows.
        expected: Sequence,
        /// What it says.
        found: Sequence,
    },
    /// A writer that had been replaced (I13).
    #[error("written by epoch {found} after epoch {last}")]
    Epoch {
        /// Of the record before.
        last: u32,
        /// What it says.
        found: u32,
    },
    /// Its place in a course's stream.
    #[error("expected record {expected} of course {course}, found {found}")]
    Course {
        /// Which course.
        course: CourseId,
        /// What follows.
        expected: u32,
        /// What it says.
        found: u32,
    },
    /// Its place in a student's stream.
    #[error("expected record {expected} of student {student}, found {found}")]
    Student {
        /// Which student.
        student: StudentId,
        /// What follows.
        expected: u32,
        /// What it says.
        found: u32,
    },
    /// The courses or students it lists are not those it concerns.
    #[error("it lists other courses or students than its event concerns")]
    Touched,
    /// An id that nothing has.
    #[error("unknown {kind} {id}")]
    Unknown {
        /// Of what.
        kind: &'static str,
        /// Which.
        id: u32,
    },
    /// A ticket that cannot be taken, decided or left.
    #[error("ticket {ticket} of window {window} cannot be taken, decided or left")]
    Ticket {
        /// Its window.
        window: WindowId,
        /// Its number.
        ticket: Ticket,
    },
    /// An import whose items are not all there, or not in order.
    #[error("an import of {items} items is not whole")]
    Import {
        /// How many it says.
        items: u32,
    },
}

/// A state, and the records that make it.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    university: University,
    keys: Keys,
}

impl Fold {
    /// Goes on from a state, as read from a snapshot.
    pub const fn from(university: University) -> Self {
        Self { university, keys: Keys::none() }
    }

    /// Reads with these keys; without, what is sealed is left out.
    #[must_use]
    pub fn with_keys(self, keys: &Keys) -> Self {
        Self { keys: keys.clone(), ..self }
    }

    /// Takes the bytes of the record that the journal has at `sequence`. Returns it.
    pub fn push(&mut self, sequence: Sequence, bytes: &[u8]) -> Result<Record, Damaged> {
        let damaged = |what| Damaged { sequence, what };
        let record =
            record::decode_with(bytes, &self.keys).map_err(|error| damaged(error.into()))?;
        if record.sequence != sequence {
            let (expected, found) = (sequence, record.sequence);
            return Err(damaged(Mismatch::Sequence { expected, found }));
        }
        self.apply(&record)?;
        Ok(record)
    }

    /// Takes a record. On an error the state is as it was.
    pub fn apply(&mut self, record: &Record) -> Result<(), Damaged> {
        let sequence = record.sequence;
        check(&self.university, record).map_err(|what| Damaged { sequence, what })?;
        self.university.apply(record);
        Ok(())
    }

    /// The state so far.
    pub const fn university(&self) -> &University {
        &self.university
    }

    /// The state.
    pub fn into_university(self) -> University {
        self.university
    }
}

/// Folds a whole journal.
pub fn fold(records: impl IntoIterator<Item = Record>) -> Result<University, Damaged> {
    let mut fold = Fold::default();
    for record in records {
        fold.apply(&record)?;
    }
    Ok(fold.into_university())
}

/// Whether a record can follow this state.
pub fn check(university: &University, record: &Record) -> Result<(), Mismatch> {
    let registry = &university.registry;
    let (expected, found) = (registry.sequence.next(), record.sequence);
    if expected != found {
        return Err(Mismatch::Sequence { expected, found });
    }
    let (last, found) = (registry.epoch, record.epoch);
    if found < last {
        return Err(Mismatch::Epoch { last, found });
    }
    for (course, found) in &record.courses {
        check_course(registry, *course)?;
        let (course, found, last) = (*course, *found, registry.book(*course).sequence);
        if last.checked_add(1) != Some(found) {
            return Err(Mismatch::Course { course, expected: last.saturating_add(1), found });
        }
    }
    for (student, found) in &record.students {
        check_student(registry, *student)?;
        let (student, found, last) = (*student, *found, registry.student(*student).sequence);
        if last.checked_add(1) != Some(found) {
            return Err(Mismatch::Student { student, expected: last.saturating_add(1), found });
        }
    }
    check_event(registry, &record.event)?;
    check_touched(registry, record)
}

fn check_touched(registry: &Registry, record: &Record) -> Result<(), Mismatch> {
    let (unnamed, student) = registry.unnamed(&record.event);
    let mut courses = (0..).map_while(|i| record.event.named_course(i)).chain(unnamed);
    let mut students = record.event.named_student().into_iter().chain(student);
    let same = record.courses.iter().all(|(c, _)| courses.next() == Some(*c))
        && record.students.iter().all(|(s, _)| students.next() == Some(*s));
    if same && courses.next().is_none() && students.next().is_none() {
        return Ok(());
    }
    Err(Mismatch::Touched)
}

fn known(kind: &'static str, id: u32, count: usize) -> Result<(), Mismatch> {
    if (id as usize) < count {
        return Ok(());
    }
    Err(Mismatch::Unknown { kind, id })
}

fn check_course(registry: &Registry, course: CourseId) -> Result<(), Mismatch> {
    known("course", course.0, registry.courses.len())
}

fn check_student(registry: &Registry, student: StudentId) -> Result<(), Mismatch> {
    known("student", student.0, registry.students.len())
}

fn check_window(registry: &Registry, window: WindowId) -> Result<(), Mismatch> {
    known("window", window.0, registry.windows.len())
}

fn check_sections(registry: &Registry, sections: &[SectionId]) -> Result<(), Mismatch> {
    let count = registry.catalogue.sections.len();
    sections.iter().try_for_each(|section| known("section", section.0, count))
}

fn check_request(registry: &Registry, request: &CourseRequest) -> Result<(), Mismatch> {
    check_course(registry, request.course)?;
    let components = registry.catalogue.course(request.course).components.len();
    known("component", (request.choices.len() as u32).saturating_sub(1), components.max(1))?;
    request.choices.iter().try_for_each(|choice| match choice {
        Choice::Any => Ok(()),
        Choice::Ranked(sections) => check_sections(registry, sections),
    })
}

fn check_plan(registry: &Registry, plan: &Plan) -> Result<(), Mismatch> {
    plan.courses.iter().try_for_each(|request| check_request(registry, request))
}

fn check_ticket(registry: &Registry, window: WindowId, ticket: Ticket) -> Result<(), Mismatch> {
    check_window(registry, window)?;
    match registry.windows[window.index()].ticket(ticket).map(|t| t.state) {
        Some(TicketState::Waiting) => Ok(()),
        _ => Err(Mismatch::Ticket { window, ticket }),
    }
}

fn check_event(registry: &Registry, event: &Event) -> Result<(), Mismatch> {
    match event {
        Event::ImportBegun | Event::ImportItem(_) => Ok(()),
        Event::ImportApplied { items } => check_import(registry, *items),
        Event::WindowScheduled { window, .. }
        | Event::WindowReset { window, .. }
        | Event::WindowOpened(window)
        | Event::WindowClosing(window)
        | Event::WindowClosed(window)
        | Event::PaceSet(window, _) => check_window(registry, *window),
        Event::PlanSet(student, plan) => {
            check_student(registry, *student)?;
            check_plan(registry, plan)
        }
        Event::TicketTaken { window, ticket, student, plan, .. } => {
            check_student(registry, *student)?;
            check_window(registry, *window)?;
            let (window, ticket) = (*window, *ticket);
            if ticket.index() != registry.windows[window.index()].tickets.len() {
                return Err(Mismatch::Ticket { window, ticket });
            }
            plan.as_ref().map_or(Ok(()), |plan| check_plan(registry, plan))
        }
        Event::TicketLeft(window, ticket) => check_ticket(registry, *window, *ticket),
        Event::Decided { student, via, outcomes, .. } => {
            check_student(registry, *student)?;
            check_via(registry, *student, *via)?;
            outcomes.iter().try_for_each(|(course, outcome)| {
                check_course(registry, *course)?;
                check_outcome(registry, outcome)
            })
        }
        Event::Promoted { student, course, sections, replaces } => {
            check_student(registry, *student)?;
            check_course(registry, *course)?;
            check_course(registry, replaces.unwrap_or(*course))?;
            check_sections(registry, sections)
        }
        Event::PassedOver { student, course, .. } => {
            check_student(registry, *student)?;
            check_course(registry, *course)
        }
        Event::CapacitySet(section, _) | Event::StatusSet(section, _) => {
            check_sections(registry, &[*section])
        }
        Event::WindowPaused(window) | Event::WindowResumed(window) => {
            check_window(registry, *window)
        }
        Event::Placed { student, course, sections, window, over, .. } => {
            check_student(registry, *student)?;
            check_course(registry, *course)?;
            check_window(registry, *window)?;
            check_sections(registry, sections)?;
            check_sections(registry, over)
        }
        Event::Removed { student, course } => {
            check_student(registry, *student)?;
            check_course(registry, *course)
        }
        Event::Announced(_) => Ok(()),
        Event::BlockSet { student, .. }
        | Event::StudentErased(student)
        | Event::MessagesRead(student, _)
        | Event::PreferencesSet(student, _)
        | Event::CalendarSet(student, _)
        | Event::SignedIn { student, .. }
        | Event::SignedOut(student, _) => check_student(registry, *student),
    }
}

fn check_via(registry: &Registry, student: StudentId, via: Via) -> Result<(), Mismatch> {
    match via {
        Via::Ticket(window, ticket) => {
            check_ticket(registry, window, ticket)?;
            if registry.windows[window.index()].tickets[ticket.index()].student == student {
                return Ok(());
            }
            Err(Mismatch::Ticket { window, ticket })
        }
        Via::Submit(window) => check_window(registry, window),
        Via::Swap { window, from } => {
            check_window(registry, window)?;
            check_course(registry, from)
        }
        Via::Drop | Via::Leave => Ok(()),
    }
}

fn check_outcome(registry: &Registry, outcome: &Outcome) -> Result<(), Mismatch> {
    match outcome {
        Outcome::Enrolled { sections, .. } => check_sections(registry, sections),
        Outcome::Waitlisted { request, keeps, .. } => {
            check_course(registry, keeps.unwrap_or(request.course))?;
            check_request(registry, request)
        }
        Outcome::Refused(_) | Outcome::Dropped | Outcome::LeftWaitlist => Ok(()),
    }
}

/// As many items as it says, each new one with the next number, each section in a component that
/// its course has.
fn check_import(registry: &Registry, items: u32) -> Result<(), Mismatch> {
    let catalogue = &registry.catalogue;
    let mut components: Vec<usize> = catalogue.courses.iter().map(|c| c.components.len()).collect();
    let (mut sections, mut students) = (catalogue.sections.len(), registry.students.len());
    let mut windows = registry.windows.len();
    let staged = registry.staged();
    let whole = staged.len() == items as usize
        && staged.iter().all(|item| match item {
            Item::Course(id, course) => {
                let (index, kinds) = (id.index(), course.components.len());
                if index == components.len() {
                    components.push(kinds);
                }
                components.get(index) == Some(&kinds)
            }
            Item::Section(id, info) => {
                let component = usize::from(info.component);
                let fits = components.get(info.course.index()).is_some_and(|n| component < *n);
                fits && follows(id.index(), &mut sections)
            }
            Item::Student(id, _) => follows(id.index(), &mut students),
            Item::Window(id, _) => follows(id.index(), &mut windows),
            Item::Result(id, _) => id.index() < students,
            Item::Term(_) | Item::Programme(_) | Item::Requirement(..) => true,
        });
    if whole { Ok(()) } else { Err(Mismatch::Import { items }) }
}

/// Whether the number is known or the next one, which then is known.
fn follows(index: usize, count: &mut usize) -> bool {
    *count += usize::from(index == *count);
    index < *count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::testkit::{half_import, history};

    #[test]
    fn a_journal_folds_into_the_state_that_wrote_it() {
        for seed in 0..30 {
            let (mut university, mut records) = history(seed, 300);
            records.extend(half_import(&mut university));
            assert!(fold(records) == Ok(university), "seed {seed}");
        }
    }

    /// Folds with one record changed; says what is wrong with which.
    fn check(at: impl Fn(&Record) -> bool, change: impl Fn(&mut Record)) -> (Sequence, Damaged) {
        let (_, mut records) = history(1, 300);
        let found = records.iter().position(|r| r.sequence.0 > 20 && at(r));
        let record = &mut records[found.expect("the history has one")];
        let sequence = record.sequence;
        change(record);
        (sequence, fold(records).expect_err("it does not follow"))
    }

    #[test]
    fn a_record_out_of_place_is_named_with_what_was_expected() {
        let any = |r: &Record| matches!(r.event, Event::Decided { .. });
        let (at, damaged) = check(any, |r| r.sequence.0 += 1);
        let expected = Mismatch::Sequence { expected: at, found: at.next() };
        assert_eq!(damaged, Damaged { sequence: at.next(), what: expected });

        let (_, damaged) = check(any, |r| r.epoch = 0);
        assert_eq!(damaged.what, Mismatch::Epoch { last: 1, found: 0 });

        let (at, damaged) = check(any, |r| r.courses[0].1 += 1);
        assert_eq!(damaged.sequence, at);
        let Mismatch::Course { expected, found, .. } = damaged.what else { panic!("{damaged}") };
        assert_eq!(found, expected + 1);
        assert!(damaged.to_string().contains(&format!("expected record {expected} of course")));

        let (_, damaged) = check(any, |r| r.students[0].1 = 0);
        assert!(matches!(damaged.what, Mismatch::Student { found: 0, .. }), "{damaged}");

        let (_, damaged) = check(any, |r| r.courses.clear());
        assert_eq!(damaged.what, Mismatch::Touched);
        let (_, damaged) = check(any, |r| r.students[0].0.0 = 999);
        assert_eq!(damaged.what, Mismatch::Unknown { kind: "student", id: 999 });
    }

    #[test]
    fn what_nothing_has_stops_the_replay_not_the_process() {
        let decided = |r: &Record| matches!(r.event, Event::Decided { .. });
        let window = WindowId(0);
        let (section, none) = (SectionId(999), StudentId(999));
        let events = [
            Event::StatusSet(section, crate::domain::section::SectionStatus::Open),
            Event::TicketLeft(window, Ticket(999)),
            Event::WindowOpened(WindowId(999)),
            Event::MessagesRead(none, Sequence(1)),
            Event::CalendarSet(none, None),
            Event::SignedOut(none, None),
            Event::WindowPaused(WindowId(999)),
            Event::Removed { student: none, course: CourseId(0) },
            Event::Placed {
                student: StudentId(0),
                course: CourseId(0),
                sections: vec![section],
                window,
                moved: false,
                leaves: false,
                over: vec![],
            },
            Event::ImportApplied { items: 7 },
        ];
        for event in events {
            let (at, damaged) = check(decided, |r| {
                r.courses.clear();
                r.students.clear();
                r.event = event.clone();
            });
            assert_eq!(damaged.sequence, at, "{damaged}");
        }
        let (_, damaged) = check(decided, |r| {
            if let Event::Decided { outcomes, .. } = &mut r.event {
                outcomes[0].1 = Outcome::Enrolled { sections: vec![section], clash: false };
            }
        });
        assert_eq!(damaged.what, Mismatch::Unknown { kind: "section", id: 999 });
    }

    #[test]
    fn bytes_are_checked_against_their_place() {
        let (university, records) = history(2, 100);
        let mut fold = Fold::default();
        for record in &records {
            let mut bytes = Vec::new();
            record::encode(record, &mut bytes).unwrap();
            let early = fold.clone().push(record.sequence.next(), &bytes);
            assert!(matches!(early.unwrap_err().what, Mismatch::Sequence { .. }));
            assert_eq!(fold.push(record.sequence, &bytes).as_ref(), Ok(record));
        }
        assert_eq!(fold.university(), &university);
        let next = university.registry.sequence.next();
        let damaged = fold.push(next, &[record::VERSION + 1]).unwrap_err();
        assert!(damaged.to_string().contains("use that version"), "{damaged}");
    }
}
