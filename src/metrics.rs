//! Every metric, and nothing else about metrics anywhere. No student, no section in a label.

use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};

use crate::actors::news::Count;
use crate::domain::ids::Sequence;
use crate::domain::outcome::Reason;
use crate::journal::CommitStats;
use crate::protocol::close::Close;

/// The gateway's metrics.
pub struct Metrics {
    registry: Registry,
    outcomes: IntCounterVec,
    promotions: IntCounter,
    passed_over: IntCounter,
    tickets: IntCounterVec,
    sessions: IntGauge,
    closed: IntCounterVec,
    messages: IntCounter,
    refused_messages: IntCounterVec,
    busy: IntCounter,
    slow_consumers: IntCounter,
    deliveries_lost: IntCounter,
    commit_seconds: Histogram,
    sync_seconds: Histogram,
    records: IntCounter,
    bytes: IntCounter,
    durable: IntGauge,
    violations: IntCounter,
}

/// Bounds of the commit histograms, with the targets (5, 25, 100, 250 ms) exactly among them.
const COMMIT_BUCKETS: [f64; 11] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0];

struct Maker<'a>(&'a Registry);

impl Maker<'_> {
    fn counter(&self, name: &str, help: &str) -> IntCounter {
        let counter = IntCounter::new(name, help).expect("a valid metric");
        self.0.register(Box::new(counter.clone())).expect("a new metric");
        counter
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        let counters = IntCounterVec::new(Opts::new(name, help), labels).expect("a valid metric");
        self.0.register(Box::new(counters.clone())).expect("a new metric");
        counters
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        let gauge = IntGauge::new(name, help).expect("a valid metric");
        self.0.register(Box::new(gauge.clone())).expect("a new metric");
        gauge
    }

    fn histogram(&self, name: &str, help: &str) -> Histogram {
        let opts = HistogramOpts::new(name, help).buckets(COMMIT_BUCKETS.to_vec());
        let histogram = Histogram::with_opts(opts).expect("a valid metric");
        self.0.register(Box::new(histogram.clone())).expect("a new metric");
        histogram
    }
}

impl Metrics {
    /// All metrics at zero, every label value present.
    pub fn new() -> Self {
        let registry = Registry::new();
        let make = Maker(&registry);
        let metrics = Self {
            outcomes: make.counters(
                "sluis_outcomes_total",
                "Course requests decided, by outcome and reason, since the journal began.",
                &["outcome", "reason"],
            ),
            promotions: make.counter(
                "sluis_promotions_total",
                "Waitlist entries that became enrolments, since the journal began.",
            ),
            passed_over: make.counter(
                "sluis_passed_over_total",
                "Blockers told to waiting students whom a free seat passed by.",
            ),
            tickets: make.counters(
                "sluis_tickets_total",
                "Places in a line, taken and given back, since the journal began.",
                &["event"],
            ),
            sessions: make.gauge("sluis_sessions", "Open WebSocket sessions."),
            closed: make.counters(
                "sluis_sessions_closed_total",
                "WebSocket sessions that the gateway closed, by reason.",
                &["reason"],
            ),
            messages: make.counter("sluis_messages_total", "WebSocket messages received."),
            refused_messages: make.counters(
                "sluis_messages_refused_total",
                "WebSocket messages not accepted, by error code.",
                &["code"],
            ),
            busy: make.counter("sluis_busy_total", "Commands answered with Busy."),
            slow_consumers: make.counter(
                "sluis_slow_consumer_frames_total",
                "Frames not sent because the reader was too slow; read back from state later.",
            ),
            deliveries_lost: make.counter(
                "sluis_deliveries_lost_total",
                "Batches that a worker had no room for; its sessions read back from state.",
            ),
            commit_seconds: make.histogram(
                "sluis_journal_commit_seconds",
                "Time from handing a commit to the store until it was durable.",
            ),
            sync_seconds: make.histogram(
                "sluis_journal_sync_seconds",
                "The part of a commit spent in flush and fdatasync.",
            ),
            records: make.counter("sluis_journal_records_total", "Records made durable."),
            bytes: make.counter("sluis_journal_bytes_total", "Bytes of commits made durable."),
            durable: make.gauge("sluis_journal_durable_sequence", "Last durable record."),
            violations: make
                .counter("sluis_invariant_violations_total", "Broken promises found; must stay 0."),
            registry: registry.clone(),
        };
        metrics.start_labels();
        #[cfg(target_os = "linux")]
        {
            let process = prometheus::process_collector::ProcessCollector::for_self();
            let _ = registry.register(Box::new(process));
        }
        metrics
    }

    /// Every label value exists from the start, so that rates begin at 0.
    fn start_labels(&self) {
        for outcome in ["enrolled", "waitlisted", "dropped", "left_waitlist"] {
            self.outcomes.with_label_values(&[outcome, ""]);
        }
        for reason in Reason::KEYS {
            self.outcomes.with_label_values(&["refused", reason]);
        }
        for event in ["taken", "left"] {
            self.tickets.with_label_values(&[event]);
        }
        for close in Close::ALL {
            self.closed.with_label_values(&[close.key()]);
        }
    }

    /// Adds what a record counts for; after it is durable, and for each record of a replay (I12).
    pub fn count(&self, count: &Count) {
        match count {
            Count::Outcome(outcome, reason) => {
                self.outcomes.with_label_values(&[outcome, reason.unwrap_or("")]).inc();
            }
            Count::Promotion => self.promotions.inc(),
            Count::PassedOver => self.passed_over.inc(),
            Count::Ticket(event) => self.tickets.with_label_values(&[event]).inc(),
        }
    }

    /// A commit is on disk.
    pub fn committed(&self, durable: Sequence, stats: &CommitStats) {
        self.durable.set(durable.0 as i64);
        if stats.records > 0 {
            self.commit_seconds.observe(stats.commit.as_secs_f64());
            self.sync_seconds.observe(stats.sync.as_secs_f64());
            self.records.inc_by(stats.records);
            self.bytes.inc_by(stats.bytes as u64);
        }
    }

    /// Open sessions now.
    pub fn sessions(&self, open: usize) {
        self.sessions.set(open as i64);
    }

    /// The gateway closed a session.
    pub fn closed(&self, close: Close) {
        self.closed.with_label_values(&[close.key()]).inc();
    }

    /// A message came in.
    pub fn message(&self) {
        self.messages.inc();
    }

    /// A message was not accepted. `code` is one of the protocol's error codes.
    pub fn message_refused(&self, code: &str) {
        self.refused_messages.with_label_values(&[code]).inc();
    }

    /// A command was answered with Busy.
    pub fn busy(&self) {
        self.busy.inc();
    }

    /// A frame did not fit in a session's mailbox.
    pub fn slow_consumer(&self) {
        self.slow_consumers.inc();
    }

    /// A worker had no room for a batch.
    pub fn deliveries_lost(&self) {
        self.deliveries_lost.inc();
    }

    /// Broken promises were found.
    pub fn violated(&self, count: usize) {
        self.violations.inc_by(count as u64);
    }

    /// The exposition, in Prometheus's text format.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        match TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            Ok(()) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => format!("# {error}\n"),
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
