//! A data directory that no gateway has: its state, and records added to it without actors.

use std::path::Path;

use super::failure::Failure;
use crate::application::recover::{self, Folded};
use crate::domain::event::Event;
use crate::domain::ids::{Sequence, StudentId, Timestamp};
use crate::domain::university::University;
use crate::journal::fold::Fold;
use crate::journal::sled::SledJournal;
use crate::journal::{self, DataDir, Journal, JournalError, JournalReader, Keys, epoch, erasures};

/// An open journal and the state that it folds into.
pub struct Ledger {
    journal: SledJournal,
    keys: Keys,
    fold: Fold,
}

impl Ledger {
    /// Opens the directory, or makes it, and replays. The directory is locked until it is closed.
    pub fn open(data: &Path) -> Result<Self, Failure> {
        let mut journal = journal::sled::open(data)?;
        let folded = Self::fold(data, &journal)?;
        let folded = recover::settled(&mut journal, folded)?;
        Ok(Self::of(journal, folded))
    }

    /// The state as it is, to be read: of a copy, nothing is made or changed.
    pub fn look(data: &Path) -> Result<Self, Failure> {
        let journal = journal::sled::open_copy(DataDir::look(data)?)?;
        let folded = Self::fold(data, &journal)?;
        erasures::expect_all(&folded.university, journal.reader().keys())?;
        Ok(Self::of(journal, folded))
    }

    fn fold(data: &Path, journal: &SledJournal) -> Result<Folded, JournalError> {
        recover::fold_up_to(&journal.reader(), journal.durable()).map_err(|e| e.within(data))
    }

    fn of(journal: SledJournal, folded: Folded) -> Self {
        let keys = journal.reader().keys().clone();
        Self { journal, keys, fold: Fold::from(folded.university) }
    }

    /// The state, all of it on disk.
    pub const fn university(&self) -> &University {
        self.fold.university()
    }

    /// Writes the events as a new epoch (I13); they are durable when this returns. The last
    /// record's sequence.
    pub fn commit(&mut self, events: Vec<Event>, at: Timestamp) -> Result<Sequence, Failure> {
        self.commit_because(events, None, at)
    }

    /// As [`Self::commit`], with a reason for the audit log.
    pub fn commit_because(
        &mut self,
        events: Vec<Event>,
        reason: Option<Box<str>>,
        at: Timestamp,
    ) -> Result<Sequence, Failure> {
        Ok(epoch::write(&mut self.journal, &mut self.fold, events, reason, at)?)
    }

    /// Destroys the keys of these students: what is personal of them cannot be read any more.
    pub fn destroy_keys(&self, students: &[StudentId]) -> Result<(), Failure> {
        Ok(self.keys.destroy(students)?)
    }

    /// Makes a snapshot of the state as it is, and removes those before it.
    pub fn renew_snapshots(&mut self) -> Result<(), Failure> {
        Ok(journal::renew_snapshots(&mut self.journal, self.fold.university())?)
    }

    /// Reads the journal itself.
    pub fn reader(&self) -> JournalReader {
        self.journal.reader()
    }

    /// Lets go of the directory.
    pub fn close(self) -> Result<(), Failure> {
        Ok(Box::new(self.journal).close()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure::Code;
    use super::*;
    use crate::domain::acts::BY_COMMAND_LINE;
    use crate::domain::catalogue::{Item, Term, Text};
    use crate::domain::ids::Key;

    fn term(key: &str) -> Vec<Event> {
        let text = || Text { nl: "Voorjaar".into(), en: "Spring".into() };
        let term = Term { key: Key::new(key).unwrap(), name: text(), first_monday: 20_000 };
        let item = Event::ImportItem(Item::Term(term));
        vec![Event::ImportBegun, item, Event::ImportApplied { items: 1 }]
    }

    #[test]
    fn what_is_committed_is_there_again_and_epochs_grow() {
        let data = tempfile::tempdir().unwrap();
        let mut first = Ledger::open(data.path()).unwrap();
        assert_eq!(first.commit(term("a"), Timestamp(1)).unwrap(), Sequence(3));
        let refused = Ledger::open(data.path()).err().expect("one at a time");
        assert_eq!(refused.code, Code::Unavailable);
        let before = first.university().clone();
        first.close().unwrap();
        let mut second = Ledger::open(data.path()).unwrap();
        assert_eq!(*second.university(), before);
        assert_eq!(second.commit(term("b"), Timestamp(2)).unwrap(), Sequence(6));
        assert_eq!(second.university().registry.epoch, 2);
        assert_eq!(second.university().registry.catalogue.terms.len(), 2);
        let audit = &second.university().registry.audit;
        let told: Vec<_> = audit.iter().map(|e| (e.journal.0, e.act.by.as_str())).collect();
        assert_eq!(told, [(3, BY_COMMAND_LINE), (6, BY_COMMAND_LINE)]);
    }
}
