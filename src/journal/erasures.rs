//! What an opening owes to erasures: keys that are lost are missed, and what was cut short is
//! finished, so that from then on a key is destroyed exactly where its student is erased in the
//! journal.

use std::collections::HashSet;

use super::digest::Folded;
use super::error::{JournalError, Place, Result};
use super::keys::Keys;
use super::{Journal, RecordBuffer, fold, record, snapshot};
use crate::domain::acts::{Author, BY_COMMAND_LINE};
use crate::domain::course::Quotes;
use crate::domain::event::Event;
use crate::domain::ids::{StudentId, Timestamp};
use crate::domain::university::University;

/// Why students are erased whose keys were destroyed, in the audit log.
const BECAUSE: &str = "erased before; the journal was restored from an older backup";

/// What was left to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Finished {
    /// Keys destroyed of students that the journal says are erased.
    pub keys: usize,
    /// Students erased in the journal whose keys were destroyed: it was restored from a backup that
    /// is older than their erasure, with newer keys.
    pub students: usize,
    /// Marks removed of destroyed keys for numbers that nobody has: of students who came after the
    /// backup. The next student with that number is another one.
    pub marks: usize,
    /// Snapshots made new, because older ones may still have somebody erased in the open.
    pub snapshots: bool,
}

/// Students of whom something sealed cannot be read, though they were never erased: their keys are
/// lost. Of what was read with these keys.
pub fn missing(university: &University, keys: &Keys) -> usize {
    let students = &university.registry.students;
    let erased =
        |id: &StudentId| students.get(id.index()).is_some_and(|she| she.profile.is_erased());
    keys.missed().iter().filter(|id| !erased(id)).count()
}

/// Refuses to go on where keys are [`missing`]: everybody would seem erased.
pub fn expect_all(university: &University, keys: &Keys) -> Result<()> {
    match missing(university, keys) {
        0 => Ok(()),
        lost => {
            let path = keys.path();
            let what = format!(
                "the keys of {lost} students are not there, without which nothing of them can be \
                 read; put the file of this journal back, or a copy of it"
            );
            Err(JournalError::Keys { path, what })
        }
    }
}

/// Finishes what an erasure or a restore left, in the journal just opened and folded. Cut short, the
/// next opening does the rest.
pub fn finish(journal: &mut dyn Journal, folded: &mut Folded, at: Timestamp) -> Result<Finished> {
    let keys = journal.reader().keys().clone();
    if !keys.are_made() {
        return Ok(Finished::default());
    }
    let mut finished = Finished::default();
    let university = &mut folded.university;
    let numbers = numbers(university);
    let (of_somebody, of_nobody): (Vec<_>, Vec<_>) =
        keys.destroyed().into_iter().partition(|id| numbers.contains(id));
    keys.forget(&of_nobody)?;
    finished.marks = of_nobody.len();

    let erased = |university: &University, id: StudentId| {
        university.registry.students.get(id.index()).is_some_and(|she| she.profile.is_erased())
    };
    let known = (0..university.registry.students.len() as u32).map(StudentId);
    let left: Vec<_> =
        known.filter(|id| erased(university, *id) && !keys.is_destroyed(*id)).collect();
    keys.destroy(&left)?;
    finished.keys = left.len();

    let only_staged = |id: &StudentId| id.index() >= university.registry.students.len();
    let unsaid: Vec<_> = of_somebody
        .into_iter()
        .filter(|id| !only_staged(id) && !erased(university, *id))
        .collect();
    finished.students = unsaid.len();
    say(journal, university, &unsaid, at)?;

    let some = folded.erasures > 0 || finished.keys + finished.students > 0;
    if some && journal.reader().newest_snapshot()?.0 > 0 {
        snapshot::renew(journal, university)?;
        finished.snapshots = true;
        folded.snapshot = (journal.durable(), at);
    }
    Ok(finished)
}

/// Everybody whom the journal has a number for; an import that was never finished may have more.
fn numbers(university: &University) -> HashSet<StudentId> {
    let known = (0..university.registry.students.len() as u32).map(StudentId);
    known.chain(university.registry.staged().iter().filter_map(|item| item.student())).collect()
}

/// Writes that they are erased, as a new epoch (I13); durable when this returns.
fn say(
    journal: &mut dyn Journal,
    university: &mut University,
    students: &[StudentId],
    at: Timestamp,
) -> Result<()> {
    if students.is_empty() {
        return Ok(());
    }
    let epoch = university.registry.epoch + 1;
    let events: Vec<_> = students.iter().map(|student| Event::StudentErased(*student)).collect();
    let author = Author { reason: Some(BECAUSE.into()), ..Author::gateway(BY_COMMAND_LINE) };
    let mut act = university.registry.act(&author, &events, &Quotes::default());
    let mut buffer = RecordBuffer::starting_at(journal.durable().next());
    let last = events.len();
    for (n, event) in (1..).zip(events) {
        let mut record = university.registry.number(event, epoch, at);
        record.act = act.take_if(|_| n == last).map(std::sync::Arc::new);
        let mut encoded = Ok(());
        buffer.push_with(|bytes| encoded = record::encode(&record, bytes))?;
        let sequence = record.sequence;
        let told = |what: String| JournalError::damaged(Place::at(sequence), what);
        encoded.map_err(|e| told(e.to_string()))?;
        fold::check(university, &record).map_err(|e| told(e.to_string()))?;
        university.apply(&record);
    }
    let mut rest = buffer.records();
    while !rest.is_empty() {
        rest = journal.append(rest)?.rest;
        journal.flush()?;
    }
    Ok(())
}
