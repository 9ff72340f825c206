//! The actors, the journal and the threads between them, without HTTP: what a gateway is to its
//! tests and to the load tester's bench as much as to `sluis serve`.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::Once;
use std::sync::mpsc::channel;
use std::time::Duration;

use actix::Arbiter;
use tokio::sync::watch;

use super::recover::{Recovered, counted};
use super::snapshots::{SnapshotThread, Snapshots, Snapshotter};
use crate::actors::board::SeatBoard;
use crate::actors::directory::Directory;
use crate::actors::gate::{Exit, Gate};
use crate::actors::gateway::{Gateway, Settings};
use crate::actors::registrar::{Parts, Registrar};
use crate::actors::sign_ins::SignIns;
use crate::actors::tally::TallyBoard;
use crate::actors::tell;
use crate::clock::Clock;
use crate::journal::{JournalError, JournalReader, OnFault, Writer};
use crate::limits;
use crate::metrics::{Metrics, Thread};

/// How to run the actors.
pub struct Options {
    /// Limits.
    pub settings: Settings,
    /// What time it is.
    pub clock: Clock,
    /// How often lines push positions, in milliseconds.
    pub position_push_ms: u64,
    /// Records between snapshots; 0 is never.
    pub snapshot_every: u64,
    /// What happens when the journal fails.
    pub on_fault: OnFault,
    /// Counts everything.
    pub metrics: Arc<Metrics>,
}

/// The running actors.
pub struct Core {
    /// The door.
    pub gateway: Gateway,
    /// The way to the disk.
    pub writer: Arc<Writer>,
    /// What is on disk, to be read meanwhile.
    pub journal: JournalReader,
    /// What waits at the gate.
    pub gate: Gate,
    /// The newest snapshot.
    pub snapshots: Arc<Snapshots>,
    /// How the start went.
    pub replay: (Duration, u64),
    arbiter: Arbiter,
    snapshotter: Option<SnapshotThread>,
}

impl Core {
    /// Starts everything. Call inside an actix system.
    pub fn start(recovered: Recovered, options: Options) -> Result<Self, JournalError> {
        stop_process_on_critical_panic();
        let Recovered { university, journal, snapshot, replayed, took, violations } = recovered;
        let metrics = options.metrics;
        for count in counted(&university) {
            metrics.count(&count);
        }
        metrics.violated(violations.len());
        let mut registry = university.registry;
        let most = options.settings.requests_per_student;
        registry.requests_max = (most != limits::REQUESTS_PER_STUDENT_MAX).then_some(most);
        let durable = journal.durable();
        let board = Arc::new(SeatBoard::new(durable, university.sections.clone()));
        let sign_ins = Arc::new(SignIns::new(&registry));
        let (publish, public) = watch::channel(Arc::new(tell::public(&registry)));
        let directory = Arc::new(Directory::default());
        let tallies = Arc::new(TallyBoard::new(&registry));
        let gate = Gate::new();
        let mut exit = Exit::new(
            gate.clone(),
            Arc::clone(&board),
            Arc::clone(&sign_ins),
            publish,
            Arc::clone(&directory),
            Arc::clone(&tallies),
            Arc::clone(&metrics),
        );
        let reader = journal.reader();
        let looks = reader.clone();
        let counters = Arc::clone(&metrics);
        let mut known = false;
        let on_durable = Box::new(move |durable, stats: &_| {
            if !std::mem::replace(&mut known, true) {
                counters.thread_is(Thread::Journal);
            }
            counters.committed(durable, stats);
            if stats.records > 0 {
                let us = stats.commit.as_micros() as u64;
                tracing::debug!(journal = durable.0, records = stats.records, us, "on disk");
            }
            exit.release(durable);
        });
        let writer = Writer::start(journal, durable.next(), on_durable, options.on_fault)?;
        let writer = Arc::new(writer);
        metrics.durable(durable);
        let snapshots = Arc::new(Snapshots::new(snapshot));
        let snapshotter = match options.snapshot_every {
            0 => None,
            every => Snapshotter {
                writer: Arc::clone(&writer),
                reader: reader.clone(),
                snapshots: Arc::clone(&snapshots),
                metrics: Arc::clone(&metrics),
                clock: options.clock.clone(),
            }
            .start(every)
            .map_err(|e| JournalError::io("start the snapshot thread", e))
            .map(Some)?,
        };
        let parts = Parts {
            epoch: registry.epoch + 1,
            keys: looks.keys().clone(),
            registry,
            sections: university.sections,
            gate: gate.clone(),
            writer: Arc::clone(&writer),
            directory: Arc::clone(&directory),
            board: Arc::clone(&board),
            clock: options.clock.clone(),
            position_push_ms: options.position_push_ms,
            metrics: Arc::clone(&metrics),
        };
        let arbiter = Arbiter::new();
        let (send, registrar) = channel();
        arbiter.spawn_fn(move || {
            CRITICAL.set(true);
            let _ = send.send(Registrar::begin(parts));
        });
        let registrar = registrar
            .recv()
            .map_err(|_| JournalError::stopped("the decision thread did not start"))?;
        let gateway = Gateway::new(
            board,
            sign_ins,
            directory,
            tallies,
            public,
            registrar,
            options.settings,
            metrics,
            options.clock,
        );
        let replay = (took, replayed);
        Ok(Self { gateway, writer, gate, snapshots, replay, journal: looks, arbiter, snapshotter })
    }

    /// Decides no more, makes durable what was decided, and lets go of the journal.
    pub fn stop(self) -> Result<(), JournalError> {
        self.gateway.stop();
        if let Some(snapshotter) = self.snapshotter {
            snapshotter.stop();
        }
        // Nothing is decided any more; what was handed to the journal becomes durable and is told.
        self.arbiter.stop();
        let _ = self.arbiter.join();
        self.writer.close()
    }
}

thread_local! {
    /// A panic on such a thread leaves state half changed: the process must not go on.
    static CRITICAL: Cell<bool> = const { Cell::new(false) };
}

/// Registrar, sections and lines share a thread on which a panic stops the process; a restart
/// replays. actix would otherwise drop the panicking actor and go on without it.
fn stop_process_on_critical_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            before(info);
            if CRITICAL.get() {
                tracing::error!("a panic on the decision thread; the process stops");
                std::process::abort();
            }
        }));
    });
}
