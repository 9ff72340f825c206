//! What is on disk: for looking back, one reader at a time, and for the readiness list.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::event::Record;
use crate::domain::ids::Sequence;
use crate::domain::university::University;
use crate::journal::{JournalError, JournalReader, past};

/// The journal's directory and its durable part.
#[derive(Clone)]
pub struct Archive {
    reader: JournalReader,
    dir: PathBuf,
    /// Records between snapshots; 0 is never.
    snapshot_every: u64,
    busy: Arc<AtomicBool>,
}

/// The one look back; the next may begin when it is dropped.
pub struct LookBack {
    reader: JournalReader,
    busy: Arc<AtomicBool>,
}

/// What the disk says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DiskFacts {
    /// Bytes that can be written, and bytes in all; `None`: the system does not say.
    pub disk: Option<(u64, u64)>,
    /// The newest snapshot; 0 is none.
    pub snapshot: Sequence,
    /// Records between snapshots; 0 is never.
    pub snapshot_every: u64,
    /// The last durable record.
    pub durable: Sequence,
}

impl Archive {
    /// Of a journal in this directory.
    pub fn new(reader: JournalReader, dir: PathBuf, snapshot_every: u64) -> Self {
        Self { reader, dir, snapshot_every, busy: Arc::default() }
    }

    /// A look back, unless there is one already.
    pub fn look_back(&self) -> Option<LookBack> {
        let free = self.busy.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire);
        free.ok()?;
        Some(LookBack { reader: self.reader.clone(), busy: Arc::clone(&self.busy) })
    }

    /// The record at this position, if it is durable. Reads one entry.
    pub fn record(&self, sequence: Sequence) -> Result<Option<Record>, JournalError> {
        past::record_at(&self.reader, sequence)
    }

    /// What the disk says now. Asks the system.
    pub fn facts(&self) -> Result<DiskFacts, JournalError> {
        let disk = rustix::fs::statvfs(&self.dir).ok();
        let bytes = |blocks: u64, size: u64| blocks.saturating_mul(size);
        Ok(DiskFacts {
            disk: disk.map(|d| (bytes(d.f_bavail, d.f_frsize), bytes(d.f_blocks, d.f_frsize))),
            snapshot: self.reader.newest_snapshot()?,
            snapshot_every: self.snapshot_every,
            durable: self.reader.durable(),
        })
    }
}

impl LookBack {
    /// All state just before this record; `go_on` as in [`past::fold_up_to`]. Takes as long as a
    /// start.
    pub fn before(
        &self,
        sequence: Sequence,
        go_on: impl Fn() -> bool,
    ) -> Result<University, JournalError> {
        let last = Sequence(sequence.0.saturating_sub(1));
        let past = past::fold_up_to(&self.reader, last, go_on)?;
        for damaged in &past.damaged {
            tracing::warn!(sequence = %damaged.sequence, what = damaged.what, "damaged snapshot");
        }
        Ok(past.university)
    }
}

impl Drop for LookBack {
    fn drop(&mut self) {
        self.busy.store(false, Ordering::Release);
    }
}
