//! Snapshots: a fold of the journal up to a sequence, made by a background reader, never from
//! live state. Waits for a quiet moment, unless the journal has run far ahead.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::recover::fold_up_to;
use crate::clock;
use crate::domain::ids::Sequence;
use crate::journal::{JournalError, JournalReader, Writer, state};
use crate::limits;

/// The background thread.
pub struct Snapshotter {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Snapshotter {
    /// Starts it: a snapshot whenever the journal has grown by `every` records since `last`.
    pub fn start(
        writer: Arc<Writer>,
        reader: JournalReader,
        every: u64,
        last: Sequence,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let mut last = last;
        let mut before = writer.durable();
        let run = move || {
            let pause = Duration::from_millis(limits::SNAPSHOT_LOOK_MS);
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let now = writer.durable();
                let quiet = now.0 - before.0 < limits::SNAPSHOT_QUIET_RECORDS;
                before = now;
                let grown = now.0 - last.0;
                if grown < every || (!quiet && grown < every.saturating_mul(4)) {
                    continue;
                }
                match snapshot(&writer, &reader, now) {
                    Ok(()) => last = now,
                    Err(error) => {
                        tracing::warn!(%error, "no snapshot; the journal is whole without it");
                        last = now;
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("snapshot".to_owned()).spawn(run)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

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

/// Makes one snapshot.
pub fn snapshot(
    writer: &Writer,
    reader: &JournalReader,
    upto: Sequence,
) -> Result<(), JournalError> {
    let since = clock::monotonic();
    let (university, _, _) = fold_up_to(reader, upto)?;
    let mut sink = writer.snapshot(upto)?;
    state::write_state(&university, &mut |bytes| sink.write(bytes))?;
    let manifest = sink.finish()?;
    let (bytes, ms) = (manifest.bytes, since.elapsed().as_millis() as u64);
    tracing::info!(sequence = %upto, bytes, ms, "snapshot written");
    Ok(())
}
