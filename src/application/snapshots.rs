//! Snapshots: a fold of the journal up to a sequence, made by a background reader, never from
//! live state. Waits for a quiet moment, unless the journal has run far ahead. What was folded is
//! checked for broken promises on the way.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::recover::{checked, fold_up_to};
use crate::clock::{self, Clock};
use crate::domain::ids::{Sequence, Timestamp};
use crate::journal::{JournalError, JournalReader, Writer, state};
use crate::limits;
use crate::metrics::{Metrics, Thread};

/// The newest snapshot, and the time up to which it tells.
#[derive(Debug)]
pub struct Snapshots(Mutex<(Sequence, Timestamp)>);

impl Snapshots {
    /// As found at the start; 0: none.
    pub const fn new(newest: (Sequence, Timestamp)) -> Self {
        Self(Mutex::new(newest))
    }

    /// The newest.
    pub fn newest(&self) -> (Sequence, Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn made(&self, sequence: Sequence, at: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (sequence, at);
    }
}

/// What the background thread works with.
pub struct Snapshotter {
    /// The way to the disk.
    pub writer: Arc<Writer>,
    /// Reads the journal meanwhile.
    pub reader: JournalReader,
    /// Told of each one.
    pub snapshots: Arc<Snapshots>,
    /// Told of broken promises.
    pub metrics: Arc<Metrics>,
    /// What time it is.
    pub clock: Clock,
}

/// The background thread.
pub struct SnapshotThread {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Snapshotter {
    /// Starts it: a snapshot whenever the journal has grown by `every` records since the last.
    pub fn start(self, every: u64) -> std::io::Result<SnapshotThread> {
        let (stop, stopped) = channel();
        let mut last = self.snapshots.newest().0;
        let mut before = self.writer.durable();
        let run = move || {
            self.metrics.thread_is(Thread::Snapshot);
            let pause = Duration::from_millis(limits::SNAPSHOT_LOOK_MS);
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let now = self.writer.durable();
                let quiet = now.0 - before.0 < limits::SNAPSHOT_QUIET_RECORDS;
                before = now;
                let grown = now.0 - last.0;
                if grown < every || (!quiet && grown < every.saturating_mul(4)) {
                    continue;
                }
                if let Err(error) = self.make(now) {
                    tracing::warn!(%error, "no snapshot; the journal is whole without it");
                }
                last = now;
            }
        };
        let thread = std::thread::Builder::new().name("snapshot".to_owned()).spawn(run)?;
        Ok(SnapshotThread { stop: Some(stop), thread: Some(thread) })
    }

    /// Makes one snapshot.
    fn make(&self, upto: Sequence) -> Result<(), JournalError> {
        let at = self.clock.now();
        let violations = snapshot(&self.writer, &self.reader, upto)?;
        self.metrics.violated(violations);
        self.snapshots.made(upto, at);
        Ok(())
    }
}

/// Makes one snapshot; returns how many broken promises it found.
pub fn snapshot(
    writer: &Writer,
    reader: &JournalReader,
    upto: Sequence,
) -> Result<usize, JournalError> {
    let since = clock::monotonic();
    let university = fold_up_to(reader, upto)?.university;
    let violations = checked(&university).len();
    let mut sink = writer.snapshot(upto)?;
    state::write_sealed(&university, reader.keys(), &mut |bytes| sink.write(bytes))?;
    let manifest = sink.finish()?;
    let (bytes, ms) = (manifest.bytes, since.elapsed().as_millis() as u64);
    tracing::info!(sequence = %upto, bytes, ms, "snapshot written");
    Ok(violations)
}

impl SnapshotThread {
    /// Ends the thread; a snapshot under way is given up with the process.
    pub fn stop(mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.is_finished()
        {
            let _ = thread.join();
        }
    }
}
