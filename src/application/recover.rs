//! Start: the newest snapshot, then the journal after it, each record checked (I9).

use std::time::Duration;

use crate::actors::news::Count;
use crate::clock::{self, Clock};
use crate::domain::ids::{Sequence, Timestamp};
use crate::domain::invariants::{self, Violation};
use crate::domain::outcome::Outcome;
use crate::domain::registry::Registry;
use crate::domain::student::Notice;
use crate::domain::university::University;
pub use crate::journal::digest::{Folded, fold_up_to};
use crate::journal::erasures::{self, Finished};
use crate::journal::{Journal, JournalError};

/// What the journal folds into, and how it went.
pub struct Recovered {
    /// All state.
    pub university: University,
    /// The open journal.
    pub journal: Box<dyn Journal>,
    /// The snapshot it began with, and the time up to which that tells; 0 is none.
    pub snapshot: (Sequence, Timestamp),
    /// Records replayed after it.
    pub replayed: u64,
    /// Time that took.
    pub took: Duration,
    /// Broken promises found in the state: must be none.
    pub violations: Vec<Violation>,
}

/// Reads everything back.
pub fn recover(mut journal: Box<dyn Journal>) -> Result<Recovered, JournalError> {
    let since = clock::monotonic();
    let folded = fold_up_to(&journal.reader(), journal.durable())?;
    let Folded { university, snapshot, replayed, .. } = settled(&mut *journal, folded)?;
    if let Some(tail) = journal.removed_tail() {
        tracing::warn!(?tail, "removed an unacknowledged tail of the journal");
    }
    let violations = checked(&university);
    let took = since.elapsed();
    Ok(Recovered { university, journal, snapshot, replayed, took, violations })
}

/// The state with every key that it needs, and with what an erasure that was cut short left done.
pub fn settled(journal: &mut dyn Journal, mut folded: Folded) -> Result<Folded, JournalError> {
    erasures::expect_all(&folded.university, journal.reader().keys())?;
    let now = Clock::system().now();
    let finished = erasures::finish(journal, &mut folded, now)?;
    if finished != Finished::default() {
        tracing::warn!(?finished, "finished an erasure that was cut short");
    }
    Ok(folded)
}

/// The promises of a state between two turns. A journal may end inside a turn, before a
/// promotion that it makes possible: the Registrar's first turn catches up on that (I11).
pub fn checked(university: &University) -> Vec<Violation> {
    let mut found = invariants::no_oversell(university);
    found.extend(invariants::seats_are_enrolments(university));
    found.extend(invariants::no_double(university));
    for violation in &found {
        tracing::error!(promise = violation.promise, place = violation.place, "promise broken");
    }
    found
}

/// Whether nothing was ever brought in: a journal without records, or one whose first import
/// stopped half way, of which nothing counts.
pub fn holds_nothing(registry: &Registry) -> bool {
    let catalogue = &registry.catalogue;
    catalogue.terms.is_empty() && catalogue.courses.is_empty() && registry.students.is_empty()
}

/// Enrolments in force.
pub fn enrolments(university: &University) -> usize {
    university.registry.students.iter().map(|s| s.enrolments.len()).sum()
}

/// The counters of a state, as events would have counted them (I12).
pub fn counted(university: &University) -> Vec<Count> {
    let registry = &university.registry;
    let mut counts = Vec::new();
    for student in &registry.students {
        for item in &student.inbox {
            counts.push(match &item.notice {
                Notice::Outcome { outcome: outcome @ Outcome::Refused(reason), .. } => {
                    Count::Outcome(outcome.key(), Some(reason.key()))
                }
                Notice::Outcome { outcome, .. } => Count::Outcome(outcome.key(), None),
                Notice::Promoted { .. } => Count::Promotion,
                Notice::PassedOver { .. } => Count::PassedOver,
                _ => continue,
            });
        }
        // A decided request remembers its ticket, a rehearsal's that was run again too.
        let decided = student.requests.iter().filter(|(_, memo)| memo.decided.is_some());
        let tickets = decided.filter_map(|(_, memo)| memo.ticket);
        counts.extend(tickets.map(|(window, _)| Count::TicketDecided(window)));
    }
    counts.extend((0..registry.tickets_taken).map(|_| Count::TicketTaken));
    counts.extend((0..registry.tickets_left).map(|_| Count::TicketLeft));
    counts.extend((0..registry.swaps).map(|_| Count::Swap));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::tell;
    use crate::domain::command::Command;
    use crate::domain::ids::{StudentId, Ticket, WindowId};
    use crate::domain::testkit::{self, W};

    fn sorted(counts: impl IntoIterator<Item = Count>) -> Vec<String> {
        let mut all: Vec<_> = counts.into_iter().map(|count| format!("{count:?}")).collect();
        all.sort();
        all
    }

    /// Swaps at once and by promotion, lines of two windows, a rehearsal run again.
    #[test]
    fn counters_of_a_state_are_those_of_its_events() {
        let draft = testkit::draft().simple("A", 4).simple("B", 1).simple("C", 9).students(8);
        let draft = draft.window(|rules| rules.rehearsal = true).window(|_| {});
        let mut world = draft.open();
        for student in 0..3 {
            world.enrol(student, "B");
        }
        world.enrol(3, "A");
        let wanted = world.any("C");
        world.swap(3, "A", wanted);
        world.enrol(4, "A");
        let wanted = world.any("B").or_wait();
        world.swap(4, "A", wanted);
        for student in 0..3 {
            world.drop(student, "B");
        }
        let other = WindowId(1);
        for student in 5..8 {
            let wanted = [world.any("C")];
            world.set_plan(student, &wanted);
            let request = world.fresh();
            let student = StudentId(student);
            world.run(Command::Arm { student, window: other, request }).unwrap();
        }
        world.run(Command::Disarm(StudentId(7), other)).unwrap();
        world.run(Command::Open(other)).unwrap();
        for ticket in 0..2 {
            world.run(Command::Admit(other, Ticket(ticket))).unwrap();
        }
        world.run(Command::Close(W)).unwrap();
        world.run(Command::Reset { window: W, seed: [9; 32], opens_at: None }).unwrap();
        let events = sorted(world.records.iter().flat_map(|record| tell::counts(&record.event)));
        assert_eq!(sorted(counted(&world.university)), events);
        for count in ["Swap", "TicketDecided(WindowId(1))", "TicketLeft"] {
            assert!(events.iter().any(|event| event == count), "no {count}: {events:?}");
        }
        assert_eq!(events.iter().filter(|event| *event == "Swap").count(), 2);
    }
}
