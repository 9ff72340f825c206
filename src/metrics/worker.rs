//! What happens on HTTP workers for every message, counted without touching memory that another
//! worker counts in: each worker keeps its own sums and hands them over a few times a second.

use std::cell::RefCell;
use std::time::Instant;

use prometheus::IntCounter;
use prometheus::local::LocalHistogram;

use super::Metrics;
use super::times::{Asked, seconds};
use crate::protocol::client::CLIENT_TYPES;

/// Kinds of messages, and those that could not be read.
const KINDS: usize = CLIENT_TYPES.len() + 1;

thread_local! {
    /// Of this worker. Another gateway on the same thread, as in tests, begins its own.
    static SUMS: RefCell<Option<Sums>> = const { RefCell::new(None) };
}

/// What one worker has counted since it last handed over.
struct Sums {
    /// Whose.
    owner: u64,
    messages: [u64; KINDS],
    message_counters: Vec<IntCounter>,
    frames: u64,
    frame_counter: IntCounter,
    submit_command: LocalHistogram,
    submit_ticket: LocalHistogram,
    tell: LocalHistogram,
}

impl Sums {
    fn of(metrics: &Metrics) -> Self {
        Self {
            owner: metrics.id,
            messages: [0; KINDS],
            message_counters: metrics.messages.clone(),
            frames: 0,
            frame_counter: metrics.frames.clone(),
            submit_command: metrics.submit_command.local(),
            submit_ticket: metrics.submit_ticket.local(),
            tell: metrics.tell.local(),
        }
    }

    fn flush(&mut self) {
        for (sum, counter) in self.messages.iter_mut().zip(&self.message_counters) {
            let sum = std::mem::take(sum);
            if sum > 0 {
                counter.inc_by(sum);
            }
        }
        self.frame_counter.inc_by(std::mem::take(&mut self.frames));
        for times in [&self.submit_command, &self.submit_ticket, &self.tell] {
            times.flush();
        }
    }
}

impl Drop for Sums {
    fn drop(&mut self) {
        self.flush();
    }
}

fn with(metrics: &Metrics, run: impl FnOnce(&mut Sums)) {
    SUMS.with_borrow_mut(|sums| {
        if sums.as_ref().is_none_or(|sums| sums.owner != metrics.id) {
            *sums = Some(Sums::of(metrics));
        }
        if let Some(sums) = sums {
            run(sums);
        }
    });
}

/// A message of this kind came in.
pub(super) fn message(metrics: &Metrics, kind: usize) {
    with(metrics, |sums| sums.messages[kind.min(KINDS - 1)] += 1);
}

/// A frame was written.
pub(super) fn frame(metrics: &Metrics) {
    with(metrics, |sums| sums.frames += 1);
}

/// Outcomes were handed to a session.
pub(super) fn told(metrics: &Metrics, asked: &[Asked], durable: Instant, now: Instant) {
    with(metrics, |sums| {
        for asked in asked {
            let submit = if asked.ticket { &sums.submit_ticket } else { &sums.submit_command };
            submit.observe(seconds(asked.since, now));
            sums.tell.observe(seconds(durable, now));
        }
    });
}

/// Hands over what the calling worker has counted.
pub(super) fn flush(metrics: &Metrics) {
    SUMS.with_borrow_mut(|sums| {
        if let Some(sums) = sums.as_mut().filter(|sums| sums.owner == metrics.id) {
            sums.flush();
        }
    });
}
