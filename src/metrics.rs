//! Every metric, and nothing else about metrics anywhere. No student in a label, ever; sections
//! only among the few under most pressure.
//!
//! What is counted as it happens is in [`Metrics`]; what is derived from state when it is asked
//! for, in [`facts`]. Counters of what was decided count what is durable, and after a restart are
//! what the journal folds into (I2, I12).

mod derived;
pub mod facts;
mod known;
mod mailboxes;
mod make;
#[cfg(test)]
mod tests;
mod threads;
mod times;
mod worker;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use prometheus::proto::MetricFamily;
use prometheus::{
    Encoder, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, Registry, TextEncoder,
};

use crate::actors::news::Count;
use crate::clock;
use crate::domain::ids::{Sequence, Timestamp, WindowId};
use crate::domain::outcome::Reason;
use crate::journal::CommitStats;
use crate::limits;
use crate::protocol::client::CLIENT_TYPES;
use crate::protocol::close::Close;
use facts::Facts;
use known::{ERROR_CODES, OTHER, PEER_CODES, UNREAD_KIND};
use make::{Maker, RECORDS, TIMES, WAITS};
use times::{STAGES, seconds};

pub use known::{Full, Limiter, Mailbox, Thread};
pub use times::{Asked, StageTimes, Turn};

/// The gateway's metrics.
pub struct Metrics {
    /// Tells it from others in this process.
    id: u64,
    /// When this was made: as the gateway starts.
    started: Timestamp,
    registry: Registry,
    outcomes: IntCounterVec,
    promotions: IntCounter,
    passed_over: IntCounter,
    swaps: IntCounter,
    tickets_taken: IntCounter,
    tickets_left: IntCounter,
    tickets_decided: IntCounter,
    /// By window; the last is all others.
    line_decided: [AtomicU64; limits::METRIC_WINDOWS_MAX + 1],
    line_wait: Histogram,
    submit_command: Histogram,
    submit_ticket: Histogram,
    stages: HistogramVec,
    tell: Histogram,
    opened: IntCounter,
    closed: IntCounterVec,
    messages: Vec<IntCounter>,
    refused_messages: IntCounterVec,
    frames: IntCounter,
    slow_consumers: IntCounter,
    deliveries_lost: IntCounter,
    busy: Vec<IntCounter>,
    limited: Vec<IntCounter>,
    mailboxes: mailboxes::Mailboxes,
    commit_seconds: Histogram,
    sync_seconds: Histogram,
    batch_records: Histogram,
    records: IntCounter,
    bytes: IntCounter,
    durable: IntGauge,
    violations: IntCounter,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    requests_in_flight: IntGauge,
    lag_decision: Histogram,
    lag_worker: Histogram,
    threads: threads::Threads,
}

fn each(
    counters: &IntCounterVec,
    values: impl IntoIterator<Item = &'static str>,
) -> Vec<IntCounter> {
    values.into_iter().map(|value| counters.with_label_values(&[value])).collect()
}

impl Metrics {
    /// All metrics at zero, every label value present.
    pub fn new() -> Self {
        static IDS: AtomicU64 = AtomicU64::new(0);
        let registry = Registry::new();
        let make = Maker(&registry);
        let tickets = make.counters(
            "sluis_tickets_total",
            "Places in a line: taken, given back (left), decided; since the journal began.",
            &["event"],
        );
        let submit = make.histograms(
            "sluis_submit_seconds",
            "From a command received (or a ticket let go by its line) until its outcome was on disk \
             and handed to the session.",
            &["via"],
        );
        let stages = make.histograms(
            "sluis_stage_seconds",
            "Time in each stage: line (until its turn), decide, journal (until on disk), tell \
             (until handed to the session).",
            &["stage"],
        );
        let messages = make.counters(
            "sluis_messages_total",
            "WebSocket messages received, by kind; unreadable: not valid, or over the rate limit.",
            &["kind"],
        );
        let busy = make.counters(
            "sluis_busy_total",
            "Times that there was no room, by where; the client was told to come back.",
            &["where"],
        );
        let limited = make.counters(
            "sluis_limiter_refusals_total",
            "Requests and messages over a rate limit, by limiter.",
            &["limiter"],
        );
        let lags = make.histograms(
            "sluis_threads_lag_seconds",
            "How late a timer of a tenth of a second fires on a thread; one that comes later stands \
             for those that were missed.",
            &["thread"],
        );
        let metrics = Self {
            id: IDS.fetch_add(1, Ordering::Relaxed),
            started: clock::wall(),
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
            swaps: make.counter(
                "sluis_swaps_total",
                "Places given for another, at once or by a promotion, since the journal began.",
            ),
            tickets_taken: tickets.with_label_values(&["taken"]),
            tickets_left: tickets.with_label_values(&["left"]),
            tickets_decided: tickets.with_label_values(&["decided"]),
            line_decided: [const { AtomicU64::new(0) }; limits::METRIC_WINDOWS_MAX + 1],
            line_wait: make.histogram(
                "sluis_line_wait_seconds",
                "From the opening, or the ticket if that came later, until it was decided.",
                &WAITS,
            ),
            submit_command: submit.with_label_values(&["command"]),
            submit_ticket: submit.with_label_values(&["ticket"]),
            tell: stages.with_label_values(&["tell"]),
            stages,
            opened: make.counter("sluis_sessions_opened_total", "WebSocket sessions opened."),
            closed: make.counters(
                "sluis_sessions_closed_total",
                "WebSocket sessions closed, by code and reason; peer: the other side did.",
                &["code", "reason"],
            ),
            messages: each(&messages, CLIENT_TYPES.into_iter().chain([UNREAD_KIND])),
            refused_messages: make.counters(
                "sluis_messages_refused_total",
                "WebSocket messages not accepted, by error code.",
                &["code"],
            ),
            frames: make.counter("sluis_frames_sent_total", "Text frames written to sessions."),
            slow_consumers: make.counter(
                "sluis_slow_consumer_frames_total",
                "Frames not sent because the reader was too slow; read back from state later.",
            ),
            deliveries_lost: make.counter(
                "sluis_deliveries_lost_total",
                "Batches that a worker had no room for; its sessions read back from state.",
            ),
            busy: each(&busy, Full::ALL.map(Full::key)),
            limited: each(&limited, Limiter::ALL.map(Limiter::key)),
            mailboxes: mailboxes::Mailboxes::new(&make),
            commit_seconds: make.histogram(
                "sluis_journal_commit_seconds",
                "Time from handing a commit to the store until it was durable.",
                &TIMES,
            ),
            sync_seconds: make.histogram(
                "sluis_journal_sync_seconds",
                "The part of a commit spent in flush and fdatasync.",
                &TIMES,
            ),
            batch_records: make.histogram(
                "sluis_journal_batch_records",
                "Records in one commit.",
                &RECORDS,
            ),
            records: make.counter("sluis_journal_records_total", "Records made durable."),
            bytes: make.counter("sluis_journal_bytes_total", "Bytes of commits made durable."),
            durable: make.gauge("sluis_journal_durable_sequence", "Last record on disk."),
            violations: make.counter(
                "sluis_invariant_violations_total",
                "Broken promises found at the start and in every snapshot; must stay 0.",
            ),
            requests: make.counters(
                "sluis_http_requests_total",
                "HTTP requests answered, by route pattern, method and class of status.",
                &["route", "method", "status"],
            ),
            request_seconds: make.histograms(
                "sluis_http_request_seconds",
                "Time to answer an HTTP request, by route pattern; not the WebSocket's.",
                &["route"],
            ),
            requests_in_flight: make
                .gauge("sluis_http_in_flight", "HTTP requests being answered now."),
            lag_decision: lags.with_label_values(&[Thread::Decision.key()]),
            lag_worker: lags.with_label_values(&[Thread::Worker.key()]),
            threads: threads::Threads::default(),
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
        for close in Close::ALL {
            let code = close.code().to_string();
            self.closed.with_label_values(&[code.as_str(), close.key()]);
        }
        for code in PEER_CODES {
            self.closed.with_label_values(&[code, PEER]);
        }
        for code in ERROR_CODES {
            self.refused_messages.with_label_values(&[code]);
        }
        for stage in STAGES {
            self.stages.with_label_values(&[stage]);
        }
    }

    /// The routes that requests are counted by; `/ws` has no time of its own.
    pub fn routes<'a>(&self, routes: impl Iterator<Item = (&'a str, &'a str)>) {
        for (route, method) in routes {
            for status in STATUSES {
                self.requests.with_label_values(&[route, method, status]);
            }
            if route != WEB_SOCKET {
                self.request_seconds.with_label_values(&[route]);
            }
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
            Count::Swap => self.swaps.inc(),
            Count::TicketTaken => self.tickets_taken.inc(),
            Count::TicketLeft => self.tickets_left.inc(),
            Count::TicketDecided(window) => {
                self.tickets_decided.inc();
                self.line_decided[slot(*window)].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Times of stages, for the thread that lets things out of the gate.
    pub fn stage_times(&self) -> StageTimes {
        StageTimes::of(&self.stages)
    }

    /// Tickets were decided that had waited so long, in milliseconds.
    pub fn waited(&self, waits_ms: &[u64]) {
        for ms in waits_ms {
            self.line_wait.observe(Duration::from_millis(*ms).as_secs_f64());
        }
    }

    /// Outcomes were handed to a session. `durable`: since when they are on disk. Seen once the
    /// worker hands over.
    pub fn told(&self, asked: &[Asked], durable: Instant, now: Instant) {
        worker::told(self, asked, durable, now);
    }

    /// The calling worker hands over what it has counted; it does so a few times a second.
    pub fn hand_over(&self) {
        worker::flush(self);
    }

    /// An outcome was handed to whoever asked.
    pub fn submitted(&self, asked: Asked, now: Instant) {
        let submit = if asked.ticket { &self.submit_ticket } else { &self.submit_command };
        submit.observe(seconds(asked.since, now));
    }

    /// A commit is on disk.
    pub fn committed(&self, durable: Sequence, stats: &CommitStats) {
        self.durable.set(durable.0 as i64);
        if stats.records > 0 {
            self.commit_seconds.observe(stats.commit.as_secs_f64());
            self.sync_seconds.observe(stats.sync.as_secs_f64());
            self.batch_records.observe(stats.records as f64);
            self.records.inc_by(stats.records);
            self.bytes.inc_by(stats.bytes as u64);
        }
    }

    /// What is on disk at the start.
    pub fn durable(&self, durable: Sequence) {
        self.durable.set(durable.0 as i64);
    }

    /// A session began.
    pub fn opened(&self) {
        self.opened.inc();
    }

    /// The gateway closed a session.
    pub fn closed(&self, close: Close) {
        let code = close.code().to_string();
        self.closed.with_label_values(&[code.as_str(), close.key()]).inc();
    }

    /// The peer closed a session with this code, or without one; `None`: it was just gone.
    pub fn closed_by_peer(&self, code: Option<u16>) {
        let code = code.map_or_else(|| "1006".to_owned(), |code| code.to_string());
        let known = PEER_CODES.contains(&code.as_str());
        self.closed.with_label_values(&[if known { code.as_str() } else { OTHER }, PEER]).inc();
    }

    /// A message came in, of this kind: an index into [`CLIENT_TYPES`]. Seen once the worker hands
    /// over.
    pub fn message(&self, kind: usize) {
        worker::message(self, kind);
    }

    /// A message came in that could not be read, or too fast.
    pub fn message_unread(&self) {
        worker::message(self, CLIENT_TYPES.len());
    }

    /// A message was not accepted. `code` is one of the protocol's error codes.
    pub fn message_refused(&self, code: &str) {
        let code = if ERROR_CODES.contains(&code) { code } else { OTHER };
        self.refused_messages.with_label_values(&[code]).inc();
    }

    /// A text frame was written. Seen once the worker hands over.
    pub fn frame(&self) {
        worker::frame(self);
    }

    /// There was no room.
    pub fn busy(&self, full: Full) {
        self.busy[full as usize].inc();
    }

    /// A rate limit was reached.
    pub fn limited(&self, limiter: Limiter) {
        self.limited[limiter as usize].inc();
    }

    /// A message is on its way into a mailbox; `which`: the line's window, the worker, or 0.
    pub fn mail(&self, mailbox: Mailbox, which: usize) {
        self.mailboxes.add(mailbox, which, 1);
    }

    /// A message was taken out of a mailbox, or did not get in.
    pub fn mail_taken(&self, mailbox: Mailbox, which: usize) {
        self.mailboxes.add(mailbox, which, -1);
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

    /// An HTTP request has come in.
    pub fn request_begun(&self) {
        self.requests_in_flight.inc();
    }

    /// It was answered, or given up. `route` and `method` are from a fixed set.
    pub fn request_ended(
        &self,
        route: &'static str,
        method: &'static str,
        status: u16,
        took: Duration,
    ) {
        self.requests_in_flight.dec();
        let status = STATUSES[usize::from(status / 100).clamp(1, STATUSES.len()) - 1];
        self.requests.with_label_values(&[route, method, status]).inc();
        if route != WEB_SOCKET {
            self.request_seconds.with_label_values(&[route]).observe(took.as_secs_f64());
        }
    }

    /// A timer fired on a thread. One that came later than a beat stands for the beats that it
    /// missed: each of them was late too, or a thread that stands still would look as if it were
    /// on time.
    pub fn lag(&self, thread: Thread, planned: Duration, took: Duration) {
        let lag = match thread {
            Thread::Decision => &self.lag_decision,
            _ => &self.lag_worker,
        };
        let beat = Duration::from_millis(limits::LAG_TIMER_MS);
        let mut behind = took.saturating_sub(planned);
        lag.observe(behind.as_secs_f64());
        for _ in 1..limits::LAG_BEATS_MAX {
            let Some(rest) = behind.checked_sub(beat) else { break };
            behind = rest;
            lag.observe(behind.as_secs_f64());
        }
        self.hand_over();
    }

    /// How many beats of the decision thread were told, those that it missed among them.
    pub fn decision_beats(&self) -> u64 {
        self.lag_decision.get_sample_count()
    }

    /// The calling thread is this one from now on.
    pub fn thread_is(&self, thread: Thread) {
        self.threads.this_is(thread);
    }

    /// What is counted, without what is derived from state, in Prometheus's text format.
    pub fn render(&self) -> String {
        encode(&self.gather())
    }

    fn gather(&self) -> Vec<MetricFamily> {
        self.mailboxes.look();
        self.registry.gather()
    }

    /// Everything, in Prometheus's text format.
    pub fn render_with(&self, facts: &Facts) -> String {
        let mut families = self.gather();
        let decided = self.line_decided.each_ref().map(|count| count.load(Ordering::Relaxed));
        families.extend(derived::families(facts, self.started, &decided, &self.threads));
        families.sort_by(|a, b| a.name().cmp(b.name()));
        encode(&families)
    }

    /// What can be told while there is no state: who it is, and that it takes nobody. No counter
    /// of the gateway is among it: at 0 now and at the journal's fold a moment later, it would
    /// seem to have jumped.
    pub fn render_without_state(&self, now: Timestamp) -> String {
        let mut families = self.registry.gather();
        families.retain(|family| family.name().starts_with("process_"));
        families.extend(derived::without_state(now, self.started));
        families.sort_by(|a, b| a.name().cmp(b.name()));
        encode(&families)
    }
}

/// The place of a window among those told apart.
fn slot(window: WindowId) -> usize {
    window.index().min(limits::METRIC_WINDOWS_MAX)
}

fn encode(families: &[MetricFamily]) -> String {
    let mut text = Vec::new();
    match TextEncoder::new().encode(families, &mut text) {
        Ok(()) => String::from_utf8(text).unwrap_or_default(),
        Err(error) => format!("# {error}\n"),
    }
}

/// Content type of the exposition.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const PEER: &str = "peer";
const WEB_SOCKET: &str = "/ws";
const STATUSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
