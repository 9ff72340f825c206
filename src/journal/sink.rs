//! The background thread's end of a snapshot: it writes bytes, the writer's thread stores them.

use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, PoisonError};

use sha2::{Digest, Sha256};

use super::error::{JournalError, Result};
use super::snapshot::{CHUNK_BYTES, COMMIT_BYTES, Manifest};
use super::writer::{Job, Shared};
use crate::domain::ids::Sequence;
use crate::limits::{SNAPSHOT_BYTES_MAX, SNAPSHOT_JOBS_MAX};

/// Takes the bytes of one snapshot. Waits while the writer is behind. Dropped unfinished, it
/// leaves nothing that counts.
#[derive(Debug)]
pub struct SnapshotSink {
    shared: Arc<Shared>,
    sequence: Sequence,
    buffer: Vec<u8>,
    chunks: u32,
    bytes: usize,
    digest: Sha256,
}

impl SnapshotSink {
    pub(super) fn open(shared: Arc<Shared>, sequence: Sequence) -> Result<Self> {
        let mut pending = shared.lock();
        pending.alive()?;
        if std::mem::replace(&mut pending.sink_open, true) {
            return Err(JournalError::SnapshotBusy);
        }
        drop(pending);
        let sink = Self {
            shared,
            sequence,
            buffer: Vec::with_capacity(COMMIT_BYTES),
            chunks: 0,
            bytes: 0,
            digest: Sha256::new(),
        };
        let (answer, answered) = sync_channel(1);
        sink.send(Job::Begin(sequence, answer))?;
        sink.wait(&answered)?;
        Ok(sink)
    }

    /// The sequence up to which this snapshot folds the journal.
    pub const fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// Adds bytes.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<()> {
        if self.bytes + bytes.len() > SNAPSHOT_BYTES_MAX {
            let bytes = self.bytes + bytes.len();
            return Err(JournalError::TooLarge { bytes, max: SNAPSHOT_BYTES_MAX });
        }
        self.digest.update(bytes);
        self.bytes += bytes.len();
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(COMMIT_BYTES - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == COMMIT_BYTES {
                self.send_chunks()?;
            }
        }
        Ok(())
    }

    /// Completes the snapshot; returns once it is durable and counts.
    pub fn finish(mut self) -> Result<Manifest> {
        if !self.buffer.is_empty() {
            self.send_chunks()?;
        }
        let manifest = Manifest {
            sequence: self.sequence,
            bytes: self.bytes as u64,
            chunks: self.chunks,
            digest: std::mem::take(&mut self.digest).finalize().into(),
        };
        let (answer, answered) = sync_channel(1);
        self.send(Job::Finish(manifest, answer))?;
        self.wait(&answered)?;
        Ok(manifest)
    }

    fn send_chunks(&mut self) -> Result<()> {
        let bytes = std::mem::replace(&mut self.buffer, Vec::with_capacity(COMMIT_BYTES));
        let first = self.chunks;
        self.chunks += bytes.len().div_ceil(CHUNK_BYTES) as u32;
        self.send(Job::Chunks(self.sequence, first, bytes))
    }

    fn send(&self, job: Job) -> Result<()> {
        let mut pending = self.shared.lock();
        while pending.stopped.is_none() && pending.jobs.len() >= SNAPSHOT_JOBS_MAX {
            let waited = self.shared.progress.wait(pending);
            pending = waited.unwrap_or_else(PoisonError::into_inner);
        }
        pending.alive()?;
        pending.jobs.push_back(job);
        self.shared.wake(pending);
        Ok(())
    }

    fn wait(&self, answered: &Receiver<Result<()>>) -> Result<()> {
        answered.recv().unwrap_or_else(|_| {
            self.shared.lock().alive()?;
            Err(JournalError::stopped("it closed before the snapshot was whole"))
        })
    }
}

impl io::Write for SnapshotSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::write(self, bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SnapshotSink {
    fn drop(&mut self) {
        self.shared.lock().sink_open = false;
    }
}
