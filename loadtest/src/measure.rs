//! What a run measures: latency from the intended send time, counts, and how both go over time.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::threshold::LATENCIES;

/// Longest latency told apart, in microseconds: an hour.
const US_MAX: u64 = 3_600_000_000;
/// Buckets that the time line has at most.
const BUCKETS: f64 = 600.0;
/// Points kept of one position curve.
const CURVE_POINTS_MAX: usize = 4000;

/// Of what a latency is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Latency {
    /// From the intended connect to the welcome.
    Connect,
    /// From the intended arming to the ticket.
    Arm,
    /// From the opening, or the intended submit, to the first position.
    Position,
    /// From the opening, or the intended submit, to the outcome.
    Outcome,
    /// Of a drop, a swap or leaving a waitlist.
    Change,
    /// The same as an outcome's or a change's, where her socket was cut on purpose meanwhile: her own
    /// absence is in it.
    Away,
}

/// A slice of the time line.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    /// Requests that were meant to be sent.
    pub arrivals: u64,
    /// Outcomes told.
    pub decided: u64,
    /// Errors.
    pub errors: u64,
    /// Latency of outcomes.
    pub outcome: Option<Histogram<u64>>,
}

impl Bucket {
    /// Adds another one to it.
    pub fn join(&mut self, other: &Self) {
        self.arrivals += other.arrivals;
        self.decided += other.decided;
        self.errors += other.errors;
        if let Some(more) = &other.outcome {
            match &mut self.outcome {
                Some(sum) => sum.add(more).expect("all have the same bounds"),
                none => *none = Some(more.clone()),
            }
        }
    }
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Sign-ins over a WebSocket.
    pub connects: u64,
    /// Sockets lost and connected again.
    pub reconnects: u64,
    /// Frames received.
    pub frames_in: u64,
    /// Frames sent.
    pub frames_out: u64,
    /// `busy` answers.
    pub busy: u64,
    /// Messages sent a second time on purpose.
    pub duplicated: u64,
    /// Sockets cut on purpose.
    pub cut: u64,
    /// Outcomes told.
    pub decided: u64,
}

/// All measurements of a run.
pub struct Measures {
    start: Instant,
    /// Seconds in a bucket.
    pub width: f64,
    latencies: [Histogram<u64>; 6],
    /// How late this program does what is due.
    pub lag: Histogram<u64>,
    /// By time.
    pub buckets: Vec<Bucket>,
    /// Counts.
    pub counts: Counts,
    /// Errors, by name.
    pub errors: BTreeMap<String, u64>,
    /// Positions told to a few students: (seconds, position).
    pub curves: BTreeMap<usize, Vec<(f64, u32)>>,
    /// First and last forecast told, by student and course: whether it was "likely".
    pub forecasts: HashMap<(u32, u32), (bool, bool)>,
    /// When the last outcome was told.
    pub last_told: Option<Instant>,
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, US_MAX, 3).expect("these bounds are valid")
}

/// Into a histogram; beyond its end counts as its end.
fn record(histogram: &mut Histogram<u64>, latency: Duration) {
    let us = u64::try_from(latency.as_micros()).unwrap_or(US_MAX);
    histogram.saturating_record(us.clamp(1, US_MAX));
}

impl Measures {
    /// Begins now; from the opening on, the run is meant to take `seconds`.
    pub fn new(seconds: f64) -> Self {
        Self {
            start: Instant::now(),
            width: (seconds / BUCKETS).clamp(0.02, 60.0),
            latencies: std::array::from_fn(|_| histogram()),
            lag: histogram(),
            buckets: Vec::new(),
            counts: Counts::default(),
            errors: BTreeMap::new(),
            curves: BTreeMap::new(),
            forecasts: HashMap::new(),
            last_told: None,
        }
    }

    /// Seconds since the run's beginning.
    pub fn at(&self, instant: Instant) -> f64 {
        instant.saturating_duration_since(self.start).as_secs_f64()
    }

    fn bucket(&mut self, at: Instant) -> &mut Bucket {
        let index = (self.at(at) / self.width) as usize;
        if index >= self.buckets.len() {
            self.buckets.resize_with(index + 1, Bucket::default);
        }
        &mut self.buckets[index]
    }

    /// Something was meant to be sent then, and is sent now. It could be sent from `ready` on:
    /// what it was late after that is our own lag.
    pub fn sent(&mut self, intended: Instant, ready: Instant) {
        record(&mut self.lag, intended.max(ready).elapsed());
        self.bucket(intended).arrivals += 1;
    }

    /// A latency from its intended time to now.
    pub fn took(&mut self, of: Latency, intended: Instant) {
        let (now, took) = (Instant::now(), intended.elapsed());
        record(&mut self.latencies[of as usize], took);
        if of == Latency::Outcome {
            record(
                self.bucket(now).outcome.get_or_insert_with(|| {
                    Histogram::new_with_bounds(1, US_MAX, 2).expect("these bounds are valid")
                }),
                took,
            );
        }
    }

    /// Outcomes were told now.
    pub fn decided(&mut self, count: u64) {
        let now = Instant::now();
        self.counts.decided += count;
        self.bucket(now).decided += count;
        self.last_told = Some(now);
    }

    /// Something went wrong.
    pub fn error(&mut self, name: &str) {
        *self.errors.entry(name.to_owned()).or_default() += 1;
        self.bucket(Instant::now()).errors += 1;
    }

    /// Errors in all.
    pub fn error_count(&self) -> u64 {
        self.errors.values().sum()
    }

    /// A position was told to one of the students whose curves are kept.
    pub fn position(&mut self, student: usize, position: u32) {
        let at = self.at(Instant::now());
        if let Some(curve) = self.curves.get_mut(&student)
            && curve.len() < CURVE_POINTS_MAX
        {
            curve.push((at, position));
        }
    }

    /// A forecast was told.
    pub fn forecast(&mut self, student: usize, course: u32, likely: bool) {
        let first = self.forecasts.entry((student as u32, course)).or_insert((likely, likely));
        first.1 = likely;
    }

    /// The histogram of a latency, with its name.
    pub fn latencies(&self) -> impl Iterator<Item = (&'static str, &Histogram<u64>)> {
        LATENCIES.into_iter().zip(&self.latencies)
    }

    /// The histogram of outcomes.
    pub const fn outcome(&self) -> &Histogram<u64> {
        &self.latencies[Latency::Outcome as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_counts_from_the_intended_time() {
        let mut measures = Measures::new(10.0);
        let intended = Instant::now().checked_sub(Duration::from_millis(500)).unwrap();
        measures.sent(intended, intended);
        measures.sent(intended, Instant::now());
        measures.took(Latency::Outcome, intended);
        measures.decided(2);
        assert!(measures.outcome().max() >= 500_000);
        assert!(measures.lag.max() >= 500_000, "sent half a second late");
        assert!(measures.lag.min() < 500_000, "as soon as it could be sent");
        let decided: u64 = measures.buckets.iter().map(|b| b.decided).sum();
        assert_eq!((decided, measures.counts.decided), (2, 2));
        measures.took(Latency::Connect, Instant::now());
        let names: Vec<_> = measures.latencies().filter(|(_, h)| !h.is_empty()).collect();
        assert_eq!((names.len(), names[0].0, names[1].0), (2, "connect", "outcome"));
    }
}
