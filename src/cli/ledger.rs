//! A data directory that no gateway has: its state, and records added to it without actors.

use std::path::Path;

use super::failure::{Code, Failure};
use crate::application::recover;
use crate::domain::event::Event;
use crate::domain::ids::{Sequence, Timestamp};
use crate::domain::university::University;
use crate::journal::fold::Fold;
use crate::journal::sled::SledJournal;
use crate::journal::{self, DataDir, Journal, RecordBuffer, record};
use crate::limits::JOURNAL_PENDING_BYTES_MAX;

/// An open journal and the state that it folds into.
pub struct Ledger {
    journal: SledJournal,
    fold: Fold,
}

impl Ledger {
    /// Opens the directory, or makes it, and replays. The directory is locked until it is closed.
    pub fn open(data: &Path) -> Result<Self, Failure> {
        Self::replay(data, journal::sled::open(data)?)
    }

    /// The state as it is, to be read: of a copy, nothing is made or changed.
    pub fn look(data: &Path) -> Result<Self, Failure> {
        Self::replay(data, journal::sled::open_copy(DataDir::look(data)?)?)
    }

    fn replay(data: &Path, journal: SledJournal) -> Result<Self, Failure> {
        let folded = recover::fold_up_to(&journal.reader(), journal.durable());
        let university = folded.map_err(|e| e.within(data))?.university;
        Ok(Self { journal, fold: Fold::from(university) })
    }

    /// The state, all of it on disk.
    pub const fn university(&self) -> &University {
        self.fold.university()
    }

    /// Writes the events as a new epoch (I13); they are durable when this returns. The last
    /// record's sequence.
    pub fn commit(&mut self, events: Vec<Event>, at: Timestamp) -> Result<Sequence, Failure> {
        let epoch = self.university().registry.epoch + 1;
        let mut buffer = RecordBuffer::starting_at(self.journal.durable().next());
        for event in events {
            let record = self.university().registry.number(event, epoch, at);
            let mut encoded = Ok(());
            buffer.push_with(|bytes| encoded = record::encode(&record, bytes))?;
            encoded.map_err(|e| Failure::new(Code::Config, e.to_string()))?;
            let applied = self.fold.apply(&record);
            applied.map_err(|e| Failure::new(Code::Other, format!("{e}: a bug, report it")))?;
            if buffer.byte_len() > JOURNAL_PENDING_BYTES_MAX / 2 {
                self.write(&mut buffer)?;
            }
        }
        self.write(&mut buffer)?;
        Ok(self.journal.durable())
    }

    fn write(&mut self, buffer: &mut RecordBuffer) -> Result<(), Failure> {
        let mut rest = buffer.records();
        while !rest.is_empty() {
            rest = self.journal.append(rest)?.rest;
            self.journal.flush()?;
        }
        buffer.clear();
        Ok(())
    }

    /// Lets go of the directory.
    pub fn close(self) -> Result<(), Failure> {
        Ok(Box::new(self.journal).close()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
    }
}
