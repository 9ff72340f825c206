//! The writer: one thread that gathers what came in while the last commit ran, and commits it.
//!
//! A hand-over is one short lock: the records change hands as one run of bytes. The thread is
//! woken only when it sleeps. Right after a commit it pauses for a moment, see [`group`](super::group).

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Journal;
use super::buffer::{RecordBuffer, Records};
use super::error::{JournalError, Result};
use super::group::Group;
use super::sink::SnapshotSink;
use super::snapshot::Manifest;
use crate::clock;
use crate::domain::ids::Sequence;
use crate::limits::{JOURNAL_BEHIND_RECORDS_MAX, JOURNAL_CLOSE_MS_MAX, JOURNAL_PENDING_BYTES_MAX};
use crate::panics::panic_point;

/// What one commit was, for the metrics. All zero after a nudge.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CommitStats {
    /// Records made durable.
    pub records: u64,
    /// Bytes written, headers included.
    pub bytes: usize,
    /// Entries written.
    pub entries: usize,
    /// From handing the records to the store until they were durable.
    pub commit: Duration,
    /// The part of that spent in flush and sync.
    pub sync: Duration,
}

/// Called on the writer's thread when the durable sequence is known to be this.
pub type OnDurable = Box<dyn FnMut(Sequence, &CommitStats) + Send>;
/// Called on the writer's thread, once, when the journal failed. Nothing pending became durable.
pub type OnFault = Box<dyn FnOnce(&JournalError) + Send>;

/// The hand-over to the writer's thread.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the thread and the handles share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) pending: Mutex<Pending>,
    /// Wakes the thread.
    pub(super) work: Condvar,
    /// Wakes those who wait for room or for the end.
    pub(super) progress: Condvar,
    durable: AtomicU64,
    written: AtomicU64,
}

/// What waits for the thread.
#[derive(Debug)]
pub(super) struct Pending {
    records: RecordBuffer,
    /// Since when the oldest of them waits.
    since: Option<Instant>,
    /// Since when the oldest waits of those that the thread holds and has not committed yet.
    taken_since: Option<Instant>,
    /// Bytes that the thread holds and has not committed yet.
    taken_bytes: usize,
    pub(super) jobs: VecDeque<Job>,
    pub(super) sink_open: bool,
    nudged: bool,
    /// The thread waits, and is woken by this many records, or by anything else to do.
    wakes_at: Option<u64>,
    closing: Closing,
    /// Why the thread ended, once it has.
    pub(super) stopped: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Closing {
    No,
    AfterDraining,
    AtOnce,
}

/// A part of a snapshot to write.
#[derive(Debug)]
pub(super) enum Job {
    /// Start the snapshot at this sequence.
    Begin(Sequence, SyncSender<Result<()>>),
    /// Chunks, the first of which has this number.
    Chunks(Sequence, u32, Vec<u8>),
    /// Make it count.
    Finish(Manifest, SyncSender<Result<()>>),
    /// Remove some of what is no longer kept.
    Prune,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the thread if it waits, and not for more than this.
    pub(super) fn wake(&self, mut pending: MutexGuard<'_, Pending>) {
        let wakes = pending.wakes_at.is_some_and(|records| pending.has(records));
        if wakes {
            pending.wakes_at = None;
        }
        drop(pending);
        if wakes {
            self.work.notify_one();
        }
    }

    /// After a commit: waits a moment for those who were just told and act on it.
    fn await_group<'a>(
        &'a self,
        mut pending: MutexGuard<'a, Pending>,
        group: &mut Group,
        committed: Instant,
    ) -> MutexGuard<'a, Pending> {
        while !pending.has(group.size()) {
            let Some(left) = Group::patience(committed.elapsed()) else { break };
            pending.wakes_at = Some(group.size());
            let waited = self.work.wait_timeout(pending, left);
            pending = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if !pending.has_other_work() {
            group.ended_with(pending.records.len());
        }
        pending
    }
}

impl Pending {
    pub(super) fn alive(&self) -> Result<()> {
        self.stopped.as_ref().map_or(Ok(()), |why| Err(JournalError::stopped(why)))
    }

    /// Whether so many records wait, or anything else.
    fn has(&self, records: u64) -> bool {
        self.records.len() >= records || self.has_other_work()
    }

    fn has_other_work(&self) -> bool {
        self.nudged || self.closing != Closing::No || !self.jobs.is_empty()
    }
}

impl Writer {
    /// Starts the thread over an open journal, whose next record is `next`.
    pub fn start(
        journal: Box<dyn Journal>,
        next: Sequence,
        on_durable: OnDurable,
        on_fault: OnFault,
    ) -> Result<Self> {
        let durable = journal.durable();
        if next != durable.next() {
            return Err(JournalError::OutOfOrder { expected: durable.next(), given: next });
        }
        let shared = Arc::new(Shared {
            pending: Mutex::new(Pending {
                records: RecordBuffer::starting_at(next),
                since: None,
                taken_since: None,
                taken_bytes: 0,
                jobs: VecDeque::new(),
                sink_open: false,
                nudged: false,
                wakes_at: None,
                closing: Closing::No,
                stopped: None,
            }),
            work: Condvar::new(),
            progress: Condvar::new(),
            durable: AtomicU64::new(durable.0),
            written: AtomicU64::new(durable.0),
        });
        let work = RecordBuffer::starting_at(next);
        let task = Task {
            shared: Arc::clone(&shared),
            journal,
            on_durable,
            work,
            group: Group::new(),
            committed: None,
        };
        let thread = std::thread::Builder::new().name("journal".to_owned());
        let thread = thread.spawn(move || task.run_guarded(on_fault));
        let thread = thread.map_err(|e| JournalError::io("start the journal's thread", e))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Hands over records that follow the ones before; `records` is left empty, ready for the
    /// next ones. On an error nothing is taken.
    pub fn append(&self, records: &mut RecordBuffer) -> Result<()> {
        let mut pending = self.shared.lock();
        pending.alive()?;
        let pending_bytes = pending.records.byte_len() + pending.taken_bytes;
        if pending_bytes + records.byte_len() > JOURNAL_PENDING_BYTES_MAX {
            return Err(JournalError::Full { pending_bytes });
        }
        pending.records.take_from(records)?;
        pending.since.get_or_insert_with(clock::monotonic);
        let written = pending.records.next().0 - 1;
        self.shared.written.store(written, Ordering::Release);
        self.shared.wake(pending);
        Ok(())
    }

    /// Has `on_durable` called without a commit: for outputs that rest on what is durable already.
    pub fn nudge(&self) {
        let mut pending = self.shared.lock();
        pending.nudged = true;
        self.shared.wake(pending);
    }

    /// The last durable sequence.
    pub fn durable(&self) -> Sequence {
        Sequence(self.shared.durable.load(Ordering::Acquire))
    }

    /// The last sequence handed over.
    pub fn written(&self) -> Sequence {
        Sequence(self.shared.written.load(Ordering::Acquire))
    }

    /// How long the oldest record waits that was handed over and is not durable.
    pub fn waiting(&self) -> Duration {
        let pending = self.shared.lock();
        let since = pending.taken_since.or(pending.since);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Whether so much is not durable yet that nothing new should be accepted.
    pub fn is_behind(&self) -> bool {
        self.written().0 - self.durable().0.min(self.written().0) > JOURNAL_BEHIND_RECORDS_MAX
    }

    /// Starts a snapshot that folds the journal up to `sequence`, which must be durable. One at
    /// a time. The sink is for the background thread that makes the snapshot.
    pub fn snapshot(&self, sequence: Sequence) -> Result<SnapshotSink> {
        SnapshotSink::open(Arc::clone(&self.shared), sequence)
    }

    /// Commits what is pending, closes the journal and ends the thread; at most a second.
    pub fn close(&self) -> Result<()> {
        self.ask_to_close(Closing::AfterDraining);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return Ok(()) };
        let limit = Duration::from_millis(JOURNAL_CLOSE_MS_MAX);
        let running = |pending: &mut Pending| pending.stopped.is_none();
        let waited = self.shared.progress.wait_timeout_while(self.shared.lock(), limit, running);
        let (pending, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let why = pending.stopped.clone().unwrap_or_else(|| "the disk does not answer".to_owned());
        let ended = pending.stopped.is_some();
        drop(pending);
        if ended {
            let _ = thread.join();
        }
        if why == CLOSED { Ok(()) } else { Err(JournalError::stopped(why)) }
    }

    fn ask_to_close(&self, closing: Closing) {
        let mut pending = self.shared.lock();
        if pending.closing == Closing::No {
            pending.closing = closing;
        }
        drop(pending);
        self.shared.work.notify_one();
    }
}

impl Drop for Writer {
    /// Without [`Writer::close`]: the thread ends after the commit in hand; what is pending is
    /// dropped.
    fn drop(&mut self) {
        self.ask_to_close(Closing::AtOnce);
    }
}

const CLOSED: &str = "closed";

struct Task {
    shared: Arc<Shared>,
    journal: Box<dyn Journal>,
    on_durable: OnDurable,
    work: RecordBuffer,
    group: Group,
    /// When the last commit ended: the next one may wait for its group a moment from then on.
    committed: Option<Instant>,
}

impl Task {
    fn run_guarded(self, on_fault: OnFault) {
        let shared = Arc::clone(&self.shared);
        let ended = catch_unwind(AssertUnwindSafe(|| self.run()));
        let ended = ended.unwrap_or_else(|_| Err(JournalError::stopped("its thread panicked")));
        let why = match &ended {
            Ok(()) => CLOSED.to_owned(),
            Err(fault) => fault.to_string(),
        };
        // Whoever waits for room or an answer learns of the end even if `on_fault` never returns.
        let mut pending = shared.lock();
        pending.jobs.clear();
        pending.stopped = Some(why);
        drop(pending);
        shared.progress.notify_all();
        if let Err(fault) = &ended {
            on_fault(fault);
        }
    }

    fn run(mut self) -> Result<()> {
        loop {
            let (nudged, closing) = self.gather();
            if closing == Closing::AtOnce {
                return Ok(());
            }
            let committed = !self.work.is_empty();
            self.commit_work()?;
            let wrote_job = self.next_job()?;
            if nudged && !committed {
                (self.on_durable)(self.journal.durable(), &CommitStats::default());
            }
            let idle = !committed && !wrote_job;
            if closing == Closing::AfterDraining && idle {
                return self.journal.close();
            }
        }
    }

    /// Waits for something to do; takes all records that wait.
    fn gather(&mut self) -> (bool, Closing) {
        let shared = Arc::clone(&self.shared);
        let mut pending = shared.lock();
        (pending.taken_bytes, pending.taken_since) = (0, None);
        if let Some(committed) = self.committed.take() {
            pending = shared.await_group(pending, &mut self.group, committed);
        }
        while !pending.has(1) {
            pending.wakes_at = Some(1);
            let waited = shared.work.wait(pending);
            pending = waited.unwrap_or_else(PoisonError::into_inner);
        }
        pending.wakes_at = None;
        self.work.clear();
        std::mem::swap(&mut self.work, &mut pending.records);
        pending.taken_bytes = self.work.byte_len();
        pending.taken_since = pending.since.take();
        // The buffer just given back goes on where the one just taken ends.
        pending.records.continue_after(&self.work);
        (std::mem::take(&mut pending.nudged), pending.closing)
    }

    /// Commits what was gathered, in as many commits as it needs, snapshot jobs in between.
    fn commit_work(&mut self) -> Result<()> {
        let work = std::mem::replace(&mut self.work, RecordBuffer::starting_at(Sequence(0)));
        let mut rest = work.records();
        while !rest.is_empty() {
            rest = self.commit(rest)?;
            if !rest.is_empty() {
                self.next_job()?;
            }
        }
        self.work = work;
        Ok(())
    }

    fn commit<'a>(&mut self, records: Records<'a>) -> Result<Records<'a>> {
        let started = clock::monotonic();
        let staged = self.journal.append(records)?;
        panic_point(|| "journal".to_owned());
        let flushing = clock::monotonic();
        self.journal.flush()?;
        let ended = clock::monotonic();
        let durable = self.journal.durable();
        self.shared.durable.store(durable.0, Ordering::Release);
        let stats = CommitStats {
            records: records.len() - staged.rest.len(),
            bytes: staged.bytes,
            entries: staged.entries,
            commit: ended - started,
            sync: ended - flushing,
        };
        (self.on_durable)(durable, &stats);
        self.committed = Some(clock::monotonic());
        Ok(staged.rest)
    }

    /// Does one snapshot job, if one waits.
    fn next_job(&mut self) -> Result<bool> {
        let job = self.shared.lock().jobs.pop_front();
        let Some(job) = job else { return Ok(false) };
        self.shared.progress.notify_all();
        match job {
            Job::Begin(sequence, answer) => {
                let begun = self.journal.snapshot_begin(sequence);
                let refused = matches!(begun, Err(JournalError::OutOfOrder { .. }));
                if refused || begun.is_ok() {
                    let _ = answer.send(begun);
                    return Ok(true);
                }
                begun?;
            }
            Job::Chunks(sequence, index, bytes) => {
                self.journal.snapshot_put(sequence, index, &bytes)?;
                self.journal.flush()?;
            }
            Job::Finish(manifest, answer) => {
                self.journal.snapshot_finish(&manifest)?;
                let _ = answer.send(Ok(()));
                self.shared.lock().jobs.push_back(Job::Prune);
            }
            Job::Prune => {
                if self.journal.snapshot_prune()? {
                    self.journal.flush()?;
                    self.shared.lock().jobs.push_back(Job::Prune);
                }
            }
        }
        Ok(true)
    }
}
