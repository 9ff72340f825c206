//! Times of what was decided, gathered on the journal's thread and handed over once a commit: a
//! registration costs no atomic operation for them.

use std::time::Instant;

use prometheus::HistogramVec;
use prometheus::local::LocalHistogram;

/// When a command went through the decision thread.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    /// It was received; a ticket: its line let it go.
    pub since: Instant,
    /// Its turn began.
    pub started: Instant,
    /// It was decided, its record appended.
    pub decided: Instant,
}

/// Since when somebody waits for an outcome.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The command was received; a ticket: its line let it go.
    pub since: Instant,
    /// Whether it came out of a line.
    pub ticket: bool,
}

/// Stages up to the disk, for one thread.
pub struct StageTimes {
    line: LocalHistogram,
    decide: LocalHistogram,
    journal: LocalHistogram,
}

/// The stages, in order.
pub(super) const STAGES: [&str; 4] = ["line", "decide", "journal", "tell"];

impl StageTimes {
    pub(super) fn of(stages: &HistogramVec) -> Self {
        let local = |stage: &str| stages.with_label_values(&[stage]).local();
        Self { line: local("line"), decide: local("decide"), journal: local("journal") }
    }

    /// Takes turns whose records are on disk now.
    pub fn durable(&self, turns: &[Turn], now: Instant) {
        for turn in turns {
            self.line.observe(seconds(turn.since, turn.started));
            self.decide.observe(seconds(turn.started, turn.decided));
            self.journal.observe(seconds(turn.decided, now));
        }
    }

    /// Hands over what was gathered.
    pub fn flush(&self) {
        self.line.flush();
        self.decide.flush();
        self.journal.flush();
    }
}

/// Seconds between two moments; 0 when they are in the other order, as between two threads' looks.
pub(super) fn seconds(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64()
}
