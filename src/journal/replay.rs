//! Reading the journal in order, checking that nothing is missing or altered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::{JournalError, Place, Result};
use super::frame::{self, Entry, EntryFault};
use super::keys::{JournalName, Keys};
use super::snapshot::{self, Latest, Snapshot};
use super::store::{Direction, Table, View};
use crate::domain::ids::Sequence;

/// What a replay shows each record to.
pub type VisitRecord<'a> = dyn FnMut(Sequence, &[u8]) -> Result<()> + 'a;

/// Checks that each entry follows the one before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Walker {
    last: Option<(u64, u16, u16, Sequence)>,
}

impl Walker {
    /// A walker that starts at the journal's first entry.
    pub const fn from_start() -> Self {
        Self { last: Some((0, 0, 1, Sequence(1))) }
    }

    /// A walker that takes the first entry it is shown as it comes.
    pub const fn anywhere() -> Self {
        Self { last: None }
    }

    /// Accepts the next entry, or says what is wrong with the step to it.
    pub fn step(&mut self, entry: &Entry<'_>) -> std::result::Result<(), String> {
        let before =
            self.last.replace((entry.commit, entry.index, entry.count, entry.records.next()));
        let Some((commit, index, count, next)) = before else { return Ok(()) };
        let expected = if index + 1 == count { (commit + 1, 0) } else { (commit, index + 1) };
        if entry.records.first() != next {
            return Err(format!("sequence {next} should be next, records are missing"));
        }
        if (entry.commit, entry.index) != expected {
            return Err(format!("commit {}, entry {} should be next", expected.0, expected.1));
        }
        if expected.1 > 0 && entry.count != count {
            return Err(format!("the commit had {count} entries, this one says {}", entry.count));
        }
        Ok(())
    }
}

/// The error for an entry that cannot be read.
pub fn unreadable(view: &dyn View, key: &[u8], fault: EntryFault) -> JournalError {
    match fault {
        EntryFault::Version(_) => {
            JournalError::Foreign { path: view.path(), found: fault.to_string() }
        }
        _ => JournalError::damaged(Place::at(sequence_of(key)), fault.to_string()),
    }
}

/// The sequence that a key stands for.
pub fn sequence_of(key: &[u8]) -> Sequence {
    let mut number = [0; 8];
    let length = key.len().min(8);
    number[..length].copy_from_slice(&key[..length]);
    Sequence(u64::from_be_bytes(number))
}

/// A handle to read the durable part of a journal while it is written. Cheap to clone.
#[derive(Clone)]
pub struct JournalReader {
    pub(super) view: Arc<dyn View>,
    pub(super) durable: Arc<AtomicU64>,
    pub(super) keys: Keys,
}

impl std::fmt::Debug for JournalReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JournalReader(durable {})", self.durable())
    }
}

impl JournalReader {
    /// The last durable sequence.
    pub fn durable(&self) -> Sequence {
        Sequence(self.durable.load(Ordering::Acquire))
    }

    /// The students' keys, with which what is read is to be read.
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Which journal it is; `None` while it has no durable record.
    pub fn name(&self) -> Result<Option<JournalName>> {
        let mut name = None;
        self.replay_to(Sequence(1), Sequence(1), &mut |_, record| {
            name = Some(JournalName::of(record));
            Ok(())
        })?;
        Ok(name)
    }

    /// Shows every record from `from` to what is durable at the call; returns the last sequence
    /// shown, or the one before `from`.
    pub fn replay(&self, from: Sequence, visit: &mut VisitRecord<'_>) -> Result<Sequence> {
        self.replay_to(from, self.durable(), visit)
    }

    /// As [`Self::replay`], up to `to` if that is durable.
    pub fn replay_to(
        &self,
        from: Sequence,
        to: Sequence,
        visit: &mut VisitRecord<'_>,
    ) -> Result<Sequence> {
        let end = to.min(self.durable());
        self.walk(from, end, visit).map_err(|e| e.within(&self.view.path()))
    }

    fn walk(&self, from: Sequence, end: Sequence, visit: &mut VisitRecord<'_>) -> Result<Sequence> {
        let from = Sequence(from.0.max(1));
        if from > end {
            return Ok(Sequence(from.0 - 1));
        }
        let start = self.entry_holding(from)?;
        let mut walker =
            if start == Sequence(1) { Walker::from_start() } else { Walker::anywhere() };
        let mut last = Sequence(from.0 - 1);
        self.view.scan(Table::Entries, &frame::key(start), Direction::Up, &mut |key, value| {
            let entry =
                frame::decode(key, value).map_err(|fault| unreadable(&*self.view, key, fault))?;
            walker.step(&entry).map_err(|what| JournalError::damaged(entry.place(), what))?;
            if entry.records.first() > end {
                return Ok(false);
            }
            for (sequence, record) in entry.records.iter() {
                if sequence >= from && sequence <= end {
                    visit(sequence, record)?;
                    last = sequence;
                }
            }
            Ok(last < end)
        })?;
        if last == end {
            return Ok(last);
        }
        Err(JournalError::damaged(Place::at(last.next()), format!("the records to {end} are gone")))
    }

    /// The newest snapshot that is whole, and those that are not.
    pub fn latest_snapshot(&self) -> Result<Latest> {
        snapshot::latest(&*self.view, self.durable())
    }

    /// The newest snapshot at or before `last` that is whole, and those that are not.
    pub fn latest_snapshot_at(&self, last: Sequence) -> Result<Latest> {
        snapshot::latest_at(&*self.view, last.min(self.durable()))
    }

    /// The sequence of the newest snapshot that a start would look at first; 0 if there is none.
    /// Its chunks are not read.
    pub fn newest_snapshot(&self) -> Result<Sequence> {
        let durable = self.durable();
        let all = snapshot::manifests(&*self.view)?;
        let whole = |(sequence, manifest): &(Sequence, std::result::Result<_, String>)| {
            manifest.is_ok() && *sequence <= durable
        };
        Ok(all.iter().find(|found| whole(found)).map_or(Sequence(0), |(sequence, _)| *sequence))
    }

    /// Whether anything of a snapshot is stored, finished or not.
    pub fn has_chunks(&self) -> Result<bool> {
        let mut some = false;
        self.view.scan(Table::Chunks, &[], Direction::Up, &mut |_, _| {
            some = true;
            Ok(false)
        })?;
        Ok(some)
    }

    /// The newest whole snapshot, if any, without the list of damaged ones.
    pub fn snapshot(&self) -> Result<Option<Snapshot>> {
        Ok(self.latest_snapshot()?.snapshot)
    }

    fn entry_holding(&self, sequence: Sequence) -> Result<Sequence> {
        let mut found = None;
        let key = frame::key(sequence);
        self.view.scan(Table::Entries, &key, Direction::Down, &mut |key, _| {
            found = Some(sequence_of(key));
            Ok(false)
        })?;
        found.ok_or_else(|| {
            JournalError::damaged(Place::at(sequence), "the journal starts after this sequence")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::buffer::RecordBuffer;
    use super::*;

    /// Whether an entry of two records may follow (commit 2, entry 0 of 2, sequences 5 and 6).
    fn follows(commit: u64, index: u16, count: u16, first: u64) -> bool {
        let entry = |commit, index, count, buffer: &RecordBuffer| {
            let mut value = Vec::new();
            frame::encode(&mut value, commit, index, count, &buffer.records());
            let key = frame::key(buffer.records().first());
            let mut walker = Walker::anywhere();
            let _ = walker.step(&frame::decode(&key, &value).unwrap());
            (key, value, walker)
        };
        let of = |first| {
            let mut buffer = RecordBuffer::starting_at(Sequence(first));
            buffer.push(b"a").unwrap();
            buffer.push(b"b").unwrap();
            buffer
        };
        let (_, _, mut walker) = entry(2, 0, 2, &of(5));
        let (key, value, _) = entry(commit, index, count, &of(first));
        walker.step(&frame::decode(&key, &value).unwrap()).is_ok()
    }

    #[test]
    fn only_the_next_entry_follows() {
        assert!(follows(2, 1, 2, 7));
        assert!(!follows(2, 1, 2, 8), "a record is missing");
        assert!(!follows(2, 1, 2, 6), "a record is there twice");
        assert!(!follows(3, 1, 2, 7), "the commit differs");
        assert!(!follows(3, 0, 2, 7), "the commit was not whole");
        assert!(!follows(2, 1, 3, 7), "the commit changed its size");
        assert!(!follows(2, 2, 3, 7), "an entry is missing");
    }
}
