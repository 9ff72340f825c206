//! The journal over any store: framing, recovery, replay, snapshots.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::{JournalError, Place, Result};
use super::frame;
use super::keys::Keys;
use super::recover::{self, Tail};
use super::replay::{JournalReader, VisitRecord};
use super::snapshot::{self, CHUNK_BYTES, Manifest};
use super::store::{Store, Table, View};
use super::{Journal, Records, Staged};
use crate::domain::ids::Sequence;
use crate::limits::{JOURNAL_CHECK_COMMITS, SNAPSHOT_COMMIT_ENTRIES_MAX};

/// A [`Journal`] over a store.
#[derive(Debug)]
pub struct Log<S> {
    store: S,
    view: ViewHandle,
    durable: Arc<AtomicU64>,
    keys: Keys,
    /// The next record's sequence, staged ones counted.
    next: Sequence,
    next_commit: u64,
    removed: Option<Tail>,
    failed: bool,
    unchecked: u32,
    scratch: Vec<u8>,
}

struct ViewHandle(Arc<dyn View>);

impl std::fmt::Debug for ViewHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.path().display())
    }
}

impl<S: Store> Log<S> {
    /// Opens: finds the end, removes an unacknowledged tail durably, refuses a damaged journal.
    pub(super) fn open(mut store: S) -> Result<Self> {
        store.check()?;
        let view = store.view();
        let end = recover::find_end(&*view)?;
        let floor = store.floor()?;
        if end.last < floor {
            return Err(JournalError::damaged(
                Place::at(end.last.next()),
                format!("the journal ends at {}, but was durable up to {floor}", end.last),
            ));
        }
        snapshot::check_covered(&*view, end.last)?;
        let mut removed = None;
        if !end.torn.is_empty() {
            for key in &end.torn {
                store.remove(Table::Entries, key);
            }
            store.apply()?;
            let (entries, bytes) = (end.torn.len(), end.torn_bytes);
            removed = Some(Tail { after: end.last, entries, bytes });
        }
        // What was found may be in the page cache only; from here on it is relied upon.
        store.sync()?;
        store.note_floor(end.last)?;
        store.sync_floor()?;
        Ok(Self {
            store,
            view: ViewHandle(view),
            durable: Arc::new(AtomicU64::new(end.last.0)),
            keys: Keys::none(),
            next: end.last.next(),
            next_commit: end.commit + 1,
            removed,
            failed: false,
            unchecked: 0,
            scratch: Vec::new(),
        })
    }

    /// With the students' keys of this journal: they are on disk before what is sealed with them.
    pub(super) fn with_keys(self, keys: Keys) -> Result<Self> {
        keys.belong_to(self.reader().name()?)?;
        Ok(Self { keys, ..self })
    }

    /// Runs a write unless one failed before; a failure is final.
    fn write<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.failed {
            return Err(JournalError::stopped("an earlier write failed"));
        }
        let done = write(self);
        self.failed = done.is_err();
        done
    }

    fn stage<'a>(&mut self, records: Records<'a>) -> Result<Staged<'a>> {
        self.keys.sync()?;
        let mut entries = Vec::new();
        let rest = frame::cut(records, &mut entries);
        let mut bytes = 0;
        for (index, entry) in entries.iter().enumerate() {
            let (index, count) = (index as u16, entries.len() as u16);
            frame::encode(&mut self.scratch, self.next_commit, index, count, entry);
            self.store.put(Table::Entries, &frame::key(entry.first()), &self.scratch);
            bytes += self.scratch.len();
        }
        self.store.apply()?;
        self.next = rest.first();
        self.next_commit += 1;
        Ok(Staged { rest, entries: entries.len(), bytes })
    }

    fn sync(&mut self) -> Result<()> {
        self.store.sync()?;
        // Noted before anybody is told: what was told and is gone will be missed.
        let durable = Sequence(self.next.0 - 1);
        self.store.note_floor(durable)?;
        self.durable.store(durable.0, Ordering::Release);
        if self.keys.are_unnamed() && durable > Sequence(0) {
            self.keys.belong_to(self.reader().name()?)?;
        }
        self.unchecked += 1;
        if self.unchecked >= JOURNAL_CHECK_COMMITS {
            self.unchecked = 0;
            self.store.check()?;
        }
        Ok(())
    }

    /// Makes a snapshot count, and no longer these ones, durably.
    fn put_manifest(&mut self, manifest: &Manifest, instead_of: &[Sequence]) -> Result<()> {
        // The chunks are durable before the manifest is written at all.
        self.sync()?;
        let key = manifest.sequence.0.to_be_bytes();
        self.store.put(Table::Manifests, &key, &manifest.encode());
        for sequence in instead_of {
            self.store.remove(Table::Manifests, &sequence.0.to_be_bytes());
        }
        self.store.apply()?;
        self.sync()?;
        self.store.sync_floor()
    }

    fn put_chunks(&mut self, sequence: Sequence, index: u32, bytes: &[u8]) -> Result<()> {
        self.keys.sync()?;
        debug_assert!(bytes.len() <= CHUNK_BYTES * SNAPSHOT_COMMIT_ENTRIES_MAX);
        for (index, chunk) in (index..).zip(bytes.chunks(CHUNK_BYTES)) {
            snapshot::encode_chunk(&mut self.scratch, sequence, index, chunk);
            self.store.put(Table::Chunks, &snapshot::chunk_key(sequence, index), &self.scratch);
        }
        self.store.apply()
    }
}

impl<S: Store> Journal for Log<S> {
    fn append<'a>(&mut self, records: Records<'a>) -> Result<Staged<'a>> {
        if records.first() != self.next {
            let (expected, given) = (self.next, records.first());
            return Err(JournalError::OutOfOrder { expected, given });
        }
        if records.is_empty() {
            return Ok(Staged { rest: records, entries: 0, bytes: 0 });
        }
        self.write(|log| log.stage(records))
    }

    fn flush(&mut self) -> Result<()> {
        self.write(Self::sync)
    }

    fn replay(&mut self, from: Sequence, visit: &mut VisitRecord<'_>) -> Result<Sequence> {
        self.reader().replay(from, visit)
    }

    fn durable(&self) -> Sequence {
        Sequence(self.durable.load(Ordering::Acquire))
    }

    fn removed_tail(&self) -> Option<Tail> {
        self.removed
    }

    fn reader(&self) -> JournalReader {
        let (view, durable) = (Arc::clone(&self.view.0), Arc::clone(&self.durable));
        JournalReader { view, durable, keys: self.keys.clone() }
    }

    fn snapshot_begin(&mut self, sequence: Sequence) -> Result<()> {
        let newest = snapshot::manifests(&*self.view.0)?.first().map(|(newest, _)| *newest);
        let bounds = (newest.unwrap_or_default(), self.durable());
        if sequence < bounds.0 || sequence > bounds.1 {
            let expected = if sequence < bounds.0 { bounds.0 } else { bounds.1 };
            return Err(JournalError::OutOfOrder { expected, given: sequence });
        }
        if newest != Some(sequence) {
            return Ok(());
        }
        self.write(|log| {
            log.store.remove(Table::Manifests, &sequence.0.to_be_bytes());
            log.store.apply()?;
            log.sync()
        })
    }

    fn snapshot_put(&mut self, sequence: Sequence, index: u32, bytes: &[u8]) -> Result<()> {
        self.write(|log| log.put_chunks(sequence, index, bytes))
    }

    fn snapshot_finish(&mut self, manifest: &Manifest) -> Result<()> {
        self.write(|log| log.put_manifest(manifest, &[]))
    }

    fn snapshot_supersede(&mut self, manifest: &Manifest) -> Result<()> {
        let all = snapshot::manifests(&*self.view.0)?.into_iter().map(|(sequence, _)| sequence);
        let older: Vec<_> = all.filter(|sequence| *sequence < manifest.sequence).collect();
        self.write(|log| log.put_manifest(manifest, &older))?;
        while self.snapshot_prune()? {}
        self.flush()
    }

    fn snapshot_prune(&mut self) -> Result<bool> {
        let (table, keys) = snapshot::prunable(&*self.view.0)?;
        self.write(|log| {
            for key in &keys {
                log.store.remove(table, key);
            }
            log.store.apply()?;
            Ok(!keys.is_empty())
        })
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        self.write(|log| {
            log.sync()?;
            log.store.check()?;
            log.store.sync_floor()
        })
    }
}
