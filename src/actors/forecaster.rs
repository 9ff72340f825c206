//! The dry run of a line, off the decision thread. Its results leave through the gate like
//! everything else; only what changed is told.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};

use super::gate::{Gate, Gated};
use super::news::{News, Output};
use crate::domain::catalogue::Catalogue;
use crate::domain::course::Quotes;
use crate::domain::forecast::{CourseForecast, DryRun};
use crate::domain::ids::{Sequence, StudentId, WindowId};
use crate::domain::plan::Plan;
use crate::domain::section::Section;
use crate::domain::window::{Window, WindowRules};
use crate::journal::Writer;

/// One who waits, in the line's order.
pub struct Row {
    /// Who.
    pub student: StudentId,
    /// What she asks.
    pub plan: Arc<Plan>,
    /// Whether somebody looks.
    pub wanted: bool,
    /// Whether she is to be told even what has not changed.
    pub fresh: bool,
}

/// One dry run.
pub struct Job {
    /// What it rests on.
    pub as_of: Sequence,
    /// Which line.
    pub window: WindowId,
    /// The window's rules.
    pub rules: WindowRules,
    /// What can be registered for.
    pub catalogue: Arc<Catalogue>,
    /// Seats on disk.
    pub sections: Vec<Section>,
    /// The line, first to be served first.
    pub rows: Vec<Row>,
}

/// A handle to the thread.
pub struct Forecaster {
    jobs: SyncSender<Job>,
    waiting: Arc<AtomicBool>,
}

impl Forecaster {
    /// Starts the thread; it ends with the handle.
    pub fn start(gate: Gate, writer: Arc<Writer>) -> Self {
        let (jobs, incoming) = sync_channel::<Job>(1);
        let waiting = Arc::new(AtomicBool::new(false));
        let taken = Arc::clone(&waiting);
        let run = move || {
            let mut told = HashMap::new();
            for job in incoming {
                taken.store(false, Ordering::Release);
                let mut outputs = run(&job, &mut told);
                if !outputs.is_empty() {
                    gate.hold(&mut outputs);
                    writer.nudge();
                }
            }
        };
        let thread = std::thread::Builder::new().name("forecast".to_owned()).spawn(run);
        if let Err(error) = thread {
            tracing::error!(%error, "no thread for forecasts; the line goes on without them");
        }
        Self { jobs, waiting }
    }

    /// Whether a dry run still waits: another need not be prepared.
    pub fn is_busy(&self) -> bool {
        self.waiting.load(Ordering::Acquire)
    }

    /// Starts a dry run, unless one still waits; whether it did.
    pub fn submit(&self, job: Job) -> bool {
        self.waiting.store(true, Ordering::Release);
        self.jobs.try_send(job).is_ok()
    }
}

type Told = HashMap<StudentId, Arc<[CourseForecast]>>;

fn run(job: &Job, told: &mut Told) -> Vec<Gated<Output>> {
    let quotes: Quotes = job.sections.iter().map(|s| (s.id, s.quote())).collect();
    let window = Window::new(job.rules.clone());
    let covers = |course| window.covers(&job.catalogue, course);
    let mut dry_run = DryRun::new(&job.catalogue, &quotes);
    let mut outputs = Vec::new();
    let mut now = Told::new();
    for row in &job.rows {
        if row.wanted {
            let courses: Arc<[CourseForecast]> = dry_run.forecast(&row.plan, covers).into();
            if row.fresh || told.get(&row.student) != Some(&courses) {
                let news = News::Forecast { window: job.window, courses: Arc::clone(&courses) };
                outputs.push(Gated::new(job.as_of, Output::Student(row.student, news)));
            }
            now.insert(row.student, courses);
        }
        dry_run.pass(&row.plan, covers);
    }
    *told = now;
    outputs
}
