//! A failure in words: its seed, the command that replays it, and as short a schedule as a
//! bounded search finds.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sluis::journal::record;

use super::audit::Violation;
use super::bug::Bug;
use super::run::Run;
use super::step::Step;

/// What is broken where the gateway panics.
pub const PANIC: &str = "not to panic";
/// Runs of a schedule that shrinking may take.
const TRIES_MAX: u32 = 4_000;

/// A schedule that breaks a promise.
#[derive(Clone, Debug)]
pub struct Failure {
    pub seed: u64,
    pub bug: Option<Bug>,
    pub steps: Vec<Step>,
    pub violation: Violation,
}

/// A record's bytes in words.
pub fn record(bytes: &[u8]) -> String {
    match record::decode(bytes) {
        Ok(record) => {
            let author = record.act.as_ref().map(|act| format!(", by {}", act.by));
            let author = author.unwrap_or_default();
            format!("{}: {:?}{author}", record.sequence, record.event)
        }
        Err(error) => error.to_string(),
    }
}

/// Does the work; a panic is a failure like any other, with a schedule.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, Violation>) -> Result<T, Violation> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Violation::new(PANIC, text.unwrap_or("of unknown cause").to_owned()))
    })
}

/// Runs a schedule; how many steps it took until a promise was broken, and which.
pub fn play(seed: u64, bug: Option<Bug>, steps: &[Step]) -> Result<(), (usize, Violation)> {
    let mut taken = 0;
    let played = guarded(|| {
        let mut run = Run::new(seed, bug, false)?;
        for step in steps {
            taken += 1;
            run.step(*step)?;
        }
        run.settle()
    });
    played.map_err(|violation| (taken, violation))
}

impl Failure {
    /// The same failure in fewer steps: runs of steps are left out, long ones first, as long as
    /// the same promise is still broken.
    #[must_use]
    pub fn shrunk(mut self) -> Self {
        let mut tries = 0;
        let mut size = self.steps.len().div_ceil(2).max(1);
        loop {
            let mut shorter = false;
            let mut at = 0;
            while at < self.steps.len() && tries < TRIES_MAX {
                let end = (at + size).min(self.steps.len());
                let mut steps = self.steps.clone();
                steps.drain(at..end);
                tries += 1;
                match play(self.seed, self.bug, &steps) {
                    Err((needed, violation)) if violation.promise == self.violation.promise => {
                        steps.truncate(needed);
                        (self.steps, self.violation) = (steps, violation);
                        shorter = true;
                    }
                    _ => at = end,
                }
            }
            if tries >= TRIES_MAX || (size == 1 && !shorter) {
                return self;
            }
            size = if shorter && size == 1 { 1 } else { (size / 2).max(1) };
        }
    }

    /// What to read, and what to type to see it again.
    pub fn told(&self) -> String {
        let mut text = String::new();
        let bug = self.bug.map(|bug| format!("SLUIS_SIM_BUG={bug:?} ")).unwrap_or_default();
        let _ = writeln!(text, "{}", self.violation);
        let _ = writeln!(
            text,
            "again: SLUIS_SEED={:#x} {bug}cargo test --release --locked --test sim -- \
             one_seed --nocapture",
            self.seed
        );
        let _ = writeln!(text, "in {} steps, on the university of that seed:", self.steps.len());
        let Ok(mut run) = Run::new(self.seed, self.bug, true) else { return text };
        // The import that every story begins with.
        run.take_story();
        let again = guarded(|| {
            self.steps.iter().try_for_each(|step| run.step(*step))?;
            run.settle()
        });
        for line in run.take_story() {
            let _ = writeln!(text, "{line}");
        }
        let _ = match again {
            Ok(()) => writeln!(text, "this time nothing was broken: the run is not deterministic"),
            Err(violation) => writeln!(text, "broken: {}", violation.promise),
        };
        text
    }
}
