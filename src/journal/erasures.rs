//! What a journal and its students' keys owe each other: keys that are lost are missed, and a key
//! is destroyed exactly where its student is erased in the journal. What an erasure that was cut
//! short left is finished by the next opening; what a restore with newer keys brings, by the
//! restore.

use super::digest::Folded;
use super::error::{JournalError, Result};
use super::fold::Fold;
use super::keys::Keys;
use super::{Journal, epoch, snapshot};
use crate::domain::event::Event;
use crate::domain::ids::{StudentId, Timestamp};
use crate::domain::university::University;

/// Why students are erased whose keys were destroyed, in the audit log.
const BECAUSE: &str = "erased before; the journal was restored from an older backup";

/// What an opening found left to do, and did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Finished {
    /// Keys destroyed of students that the journal says are erased.
    pub keys: usize,
    /// Snapshots made new, because older ones may still have somebody erased in the open.
    pub snapshots: bool,
}

/// What a restore did so that a journal agrees with newer keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Agreed {
    /// Students erased in the journal, since their keys were destroyed after the backup.
    pub erased: usize,
    /// Marks of destroyed keys forgotten, of students who came after the backup: the next student
    /// to have such a number is another.
    pub forgotten: usize,
}

fn is_erased(university: &University, id: StudentId) -> bool {
    let student = university.registry.students.get(id.index());
    student.is_some_and(|student| student.profile.is_erased())
}

fn known(university: &University) -> impl Iterator<Item = StudentId> + use<> {
    (0..university.registry.students.len() as u32).map(StudentId)
}

/// Students of whom something sealed cannot be read, though they were never erased: their keys are
/// lost. Of what was read with these keys.
pub fn missing(university: &University, keys: &Keys) -> usize {
    keys.missed().iter().filter(|id| !is_erased(university, **id)).count()
}

/// Refuses to go on where keys are [`missing`], for everybody would seem erased; and where some
/// were destroyed of whom the journal does not say so: they are newer than it.
pub fn expect_all(university: &University, keys: &Keys) -> Result<()> {
    let fault = |what| Err(JournalError::Keys { path: keys.path(), what });
    let lost = missing(university, keys);
    if lost > 0 {
        return fault(format!(
            "the keys of {lost} students are not there, without which nothing of them can be read; \
             put the file of this journal back, or a copy of it"
        ));
    }
    let newer = keys.destroyed().iter().filter(|id| !is_erased(university, **id)).count();
    if newer > 0 {
        return fault(format!(
            "the keys of {newer} students were destroyed, and this journal does not say that they \
             were erased: the keys are newer; put back those of its own day, or make a backup of \
             the journal and restore that with these keys (--keys)"
        ));
    }
    Ok(())
}

/// Has keys that do not say whose they are say so, once none is [`missing`] of this journal.
fn name(journal: &dyn Journal, keys: &Keys) -> Result<()> {
    match keys.are_unnamed().then(|| journal.reader().name()).transpose()?.flatten() {
        None => Ok(()),
        name => keys.proven(name),
    }
}

/// Finishes an erasure that was cut short, in the journal just opened and folded, and whose keys
/// are [all there](expect_all).
pub fn finish(journal: &mut dyn Journal, folded: &mut Folded, at: Timestamp) -> Result<Finished> {
    let keys = journal.reader().keys().clone();
    if !keys.are_made() {
        return Ok(Finished::default());
    }
    name(journal, &keys)?;
    let university = &folded.university;
    let erased = known(university).filter(|id| is_erased(university, *id));
    let left: Vec<_> = erased.filter(|id| !keys.is_destroyed(*id)).collect();
    keys.destroy(&left)?;
    let some = folded.erasures > 0 || !left.is_empty();
    let snapshots = some && journal.reader().has_chunks()?;
    if snapshots {
        snapshot::renew(journal, university)?;
        folded.snapshot = (journal.durable(), at);
    }
    // What no manifest names any more: whoever removed it may have been killed before it was gone,
    // and it may have somebody erased in the open.
    while journal.snapshot_prune()? {
        journal.flush()?;
    }
    Ok(Finished { keys: left.len(), snapshots })
}

/// Of those whose keys were destroyed, whom the journal has and does not say to be erased.
pub fn unsaid(university: &University, destroyed: &[StudentId]) -> Vec<StudentId> {
    let count = university.registry.students.len();
    let known = destroyed.iter().filter(|id| id.index() < count);
    known.filter(|id| !is_erased(university, **id)).copied().collect()
}

/// Makes a restored journal agree with keys that may be newer than its backup: who was erased since
/// is erased in it too. The keys are believed: where they are of before an earlier restore, since
/// which a number went to another student, she is erased. So whoever restores is asked first. None
/// is [`missing`].
pub fn agree(journal: &mut dyn Journal, fold: &mut Fold, at: Timestamp) -> Result<Agreed> {
    let keys = journal.reader().keys().clone();
    name(journal, &keys)?;
    let count = fold.university().registry.students.len();
    let mut destroyed = keys.destroyed();
    let unsaid = unsaid(fold.university(), &destroyed);
    destroyed.retain(|id| id.index() >= count);
    let of_nobody = destroyed;
    keys.forget(&of_nobody)?;
    if !unsaid.is_empty() {
        let events = unsaid.iter().map(|student| Event::StudentErased(*student)).collect();
        epoch::write(journal, fold, events, Some(BECAUSE.into()), at)?;
    }
    Ok(Agreed { erased: unsaid.len(), forgotten: of_nobody.len() })
}
