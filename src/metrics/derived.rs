//! Facts into metrics. Made anew for every scrape, so that a section that is no longer among the
//! hottest leaves nothing behind.

use std::collections::BTreeMap;

use prometheus::core::{Atomic, GenericGauge};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec, Opts, Registry};

use super::facts::Facts;
use super::known::OTHER;
use super::threads::Threads;
use crate::domain::catalogue::Catalogue;
use crate::domain::ids::{SectionId, Timestamp};
use crate::domain::section::{Section, SectionStatus};
use crate::limits;

/// Window states as told; `paused` is one that is open and admits nobody for now.
const WINDOW_STATES: [&str; 4] = ["planned", "open", "paused", "closed"];

struct Scrape(Registry);

impl Scrape {
    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        let gauges = IntGaugeVec::new(Opts::new(name, help), labels).expect("a valid metric");
        self.0.register(Box::new(gauges.clone())).expect("a new metric");
        gauges
    }

    fn fractions(&self, name: &str, help: &str, labels: &[&str]) -> GaugeVec {
        let gauges = GaugeVec::new(Opts::new(name, help), labels).expect("a valid metric");
        self.0.register(Box::new(gauges.clone())).expect("a new metric");
        gauges
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        let counters = IntCounterVec::new(Opts::new(name, help), labels).expect("a valid metric");
        self.0.register(Box::new(counters.clone())).expect("a new metric");
        counters
    }

    fn gauge(&self, name: &str, help: &str, value: u64) {
        set(&self.gauges(name, help, &[]).with_label_values(&[] as &[&str]), value);
    }

    fn seconds(&self, name: &str, help: &str, value: f64) {
        self.fractions(name, help, &[]).with_label_values(&[] as &[&str]).set(value);
    }
}

fn set<P: Atomic<T = i64>>(gauge: &GenericGauge<P>, value: u64) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

fn add<P: Atomic<T = i64>>(gauge: &GenericGauge<P>, value: u64) {
    gauge.add(i64::try_from(value).unwrap_or(i64::MAX));
}

fn unix(at: Timestamp) -> f64 {
    at.0 as f64 / 1000.0
}

/// All of it.
pub(super) fn families(
    facts: &Facts,
    started: Timestamp,
    decided: &[u64],
    threads: &Threads,
) -> Vec<MetricFamily> {
    let scrape = Scrape(Registry::new());
    identity(&scrape, facts.now, started, facts.ready);
    process(&scrape, facts, threads);
    windows(&scrape, facts, decided);
    sections(&scrape, facts);
    hottest(&scrape, facts);
    journal(&scrape, facts);
    scrape.0.gather()
}

/// What can be told without any state.
pub(super) fn without_state(now: Timestamp, started: Timestamp) -> Vec<MetricFamily> {
    let scrape = Scrape(Registry::new());
    identity(&scrape, now, started, false);
    scrape.0.gather()
}

fn identity(scrape: &Scrape, now: Timestamp, started: Timestamp, ready: bool) {
    let (version, revision) = (env!("CARGO_PKG_VERSION"), env!("SLUIS_REVISION"));
    let labels = ["version", "revision", "rustc"];
    let build = scrape.gauges("sluis_build_info", "What is running; always 1.", &labels);
    build.with_label_values(&[version, revision, env!("SLUIS_RUSTC")]).set(1);
    let help = "The gateway's clock, in Unix seconds.";
    scrape.seconds("sluis_time_seconds", help, unix(now));
    // process_start_time_seconds needs /proc/stat, which the shipped unit hides.
    let help = "When this process began, in Unix seconds.";
    scrape.seconds("sluis_start_time_seconds", help, unix(started));
    scrape.gauge("sluis_ready", "1 when commands are taken.", ready.into());
}

fn process(scrape: &Scrape, facts: &Facts, threads: &Threads) {
    let help = "1 when anybody may sign in by choosing a name.";
    scrape.gauge("sluis_demo_sign_in", help, facts.demo_sign_in.into());
    let help = "0 while nobody can sign in, because the sign-in provider cannot be used.";
    scrape.gauge("sluis_sign_in_available", help, facts.can_sign_in.into());
    let sessions = facts.sessions;
    scrape.gauge("sluis_sessions", "Open WebSocket sessions.", sessions.now as u64);
    scrape.gauge("sluis_sessions_limit", "Most that may be open.", sessions.most as u64);
    let help = "Commands accepted and not answered yet.";
    scrape.gauge("sluis_commands_in_flight", help, facts.commands.now as u64);
    let help = "Most commands accepted and not answered yet.";
    scrape.gauge("sluis_commands_in_flight_limit", help, facts.commands.most as u64);
    let help = "Outputs decided that wait for the disk.";
    scrape.gauge("sluis_gate_held_outputs", help, facts.gate as u64);
    let help = "Room in one mailbox of a kind of actor.";
    let limits = scrape.gauges("sluis_mailbox_limit", help, &["actor"]);
    for (mailbox, most) in &facts.mailboxes {
        set(&limits.with_label_values(&[mailbox.key()]), *most as u64);
    }
    let help = "Students or addresses that a limiter remembers.";
    let keys = scrape.gauges("sluis_limiter_keys", help, &["limiter"]);
    for (limiter, count) in &facts.limiter_keys {
        set(&keys.with_label_values(&[limiter.key()]), *count as u64);
    }
    let help = "Unread messages in all message centres; a full count takes some seconds.";
    scrape.gauge("sluis_inbox_unread", help, facts.tallies.unread);
    let help = "Processor time of threads, by what they do.";
    let name = "sluis_threads_cpu_seconds_total";
    let opts = Opts::new(name, help);
    let cpu = prometheus::CounterVec::new(opts, &["thread"]).expect("a valid metric");
    scrape.0.register(Box::new(cpu.clone())).expect("a new metric");
    for (thread, seconds) in threads.cpu_seconds() {
        cpu.with_label_values(&[thread.key()]).inc_by(seconds);
    }
}

/// Names of windows, those beyond the bound under one.
fn window_label(facts: &Facts, index: usize) -> &str {
    match facts.public.windows.get(index) {
        Some(window) if index < limits::METRIC_WINDOWS_MAX => &window.key,
        _ => OTHER,
    }
}

fn windows(scrape: &Scrape, facts: &Facts, decided: &[u64]) {
    let label = ["window"];
    let help = "Places in a line, or armed, now.";
    let waiting = scrape.gauges("sluis_line_waiting", help, &label);
    let help = "Tickets decided since the journal began; its rate is the serving rate.";
    let served = scrape.counters("sluis_line_decided_total", help, &label);
    let help = "1 for the state that a window has.";
    let state = scrape.gauges("sluis_window_state", help, &["window", "state"]);
    let at = |name: &str, help: &str| scrape.fractions(name, help, &label);
    let help = "When a window opens by itself, in Unix seconds; 0: the registrar opens it.";
    let opens = at("sluis_window_opens_at_seconds", help);
    let help = "When a window opened, in Unix seconds; 0: it has not.";
    let opened = at("sluis_window_opened_at_seconds", help);
    let help = "When a window closes by itself, in Unix seconds; 0: the registrar closes it.";
    let closes = at("sluis_window_closes_at_seconds", help);
    let public = &facts.public;
    for (i, window) in public.windows.iter().enumerate() {
        let key = window_label(facts, i);
        let waits = facts.tallies.lines.get(i).copied().unwrap_or(0);
        add(&waiting.with_label_values(&[key]), waits.into());
        if i > limits::METRIC_WINDOWS_MAX {
            continue;
        }
        served.with_label_values(&[key]).inc_by(decided.get(i).copied().unwrap_or(0));
        if i == limits::METRIC_WINDOWS_MAX {
            continue;
        }
        let now = if window.paused { "paused" } else { window.state.as_str() };
        for known in WINDOW_STATES {
            state.with_label_values(&[key, known]).set((now == known).into());
        }
        let seconds = |at: Option<u64>| at.map_or(0.0, |at| unix(Timestamp(at)));
        opens.with_label_values(&[key]).set(seconds(window.opens_at));
        closes.with_label_values(&[key]).set(seconds(window.closes_at));
        let at = public.opened_at.get(i).copied().flatten();
        opened.with_label_values(&[key]).set(at.map_or(0.0, unix));
    }
}

const STATUSES: [(&str, SectionStatus); 3] = [
    ("open", SectionStatus::Open),
    ("closed", SectionStatus::Closed),
    ("cancelled", SectionStatus::Cancelled),
];

fn term_label(catalogue: &Catalogue, term: u16) -> &str {
    match catalogue.terms.get(usize::from(term)) {
        Some(found) if usize::from(term) < limits::METRIC_TERMS_MAX => found.key.as_str(),
        _ => OTHER,
    }
}

/// Sums over the sections of a term and kind.
#[derive(Default)]
struct Sum {
    capacity: u64,
    taken: u64,
    waitlisted: u64,
    by_status: [u64; STATUSES.len()],
}

fn sections(scrape: &Scrape, facts: &Facts) {
    let catalogue = &facts.public.catalogue;
    let mut sums: BTreeMap<(&str, &str), Sum> = BTreeMap::new();
    for (c, course) in catalogue.courses.iter().enumerate() {
        let waits = facts.tallies.courses.get(c).copied().unwrap_or(0);
        for component in &course.components {
            let term = term_label(catalogue, course.term);
            let sum = sums.entry((term, component.kind.as_str())).or_default();
            sum.waitlisted += u64::from(waits);
            for id in &component.sections {
                let Some(section) = facts.sections.get(id.index()) else { continue };
                if let Some(capacity) = section.capacity {
                    sum.capacity += u64::from(capacity);
                    sum.taken += u64::from(section.taken);
                }
                for (i, (_, status)) in STATUSES.iter().enumerate() {
                    sum.by_status[i] += u64::from(section.status == *status);
                }
            }
        }
    }
    let help = "Seats of sections that have a capacity, and students on the waitlists of courses \
                with such a component.";
    let seats = scrape.gauges("sluis_seats", help, &["term", "kind", "state"]);
    let help = "Sections, by whether they can be entered.";
    let count = scrape.gauges("sluis_sections", help, &["term", "kind", "status"]);
    for (&(term, kind), sum) in &sums {
        let states =
            [("capacity", sum.capacity), ("taken", sum.taken), ("waitlisted", sum.waitlisted)];
        for (state, value) in states {
            set(&seats.with_label_values(&[term, kind, state]), value);
        }
        for ((status, _), value) in STATUSES.into_iter().zip(sum.by_status) {
            set(&count.with_label_values(&[term, kind, status]), value);
        }
    }
    let over = facts.sections.iter().map(|s| u64::from(s.over_capacity())).sum();
    let help = "Seats beyond a capacity after a registrar's act; only falls by itself.";
    scrape.gauge("sluis_over_capacity_seats", help, over);
    let help = "Seats granted beyond the capacity in force; must stay 0.";
    let oversold = scrape.counters("sluis_oversold_seats_total", help, &[]);
    let sold = facts.sections.iter().map(|s| u64::from(s.oversold)).sum();
    oversold.with_label_values(&[] as &[&str]).inc_by(sold);
}

/// What is wanted of a section, for each of its seats.
fn pressure(facts: &Facts, section: &Section) -> f64 {
    let Some(capacity) = section.capacity else { return 0.0 };
    let of = |counts: &[u32]| counts.get(section.id.index()).copied().unwrap_or(0);
    let wanted = u64::from(section.taken)
        + u64::from(of(&facts.tallies.waitlisted))
        + u64::from(of(&facts.tallies.in_line));
    wanted as f64 / f64::from(capacity.max(1))
}

/// The sections under most pressure, most first.
fn hot(facts: &Facts) -> Vec<SectionId> {
    let mut all: Vec<(f64, SectionId)> = facts
        .sections
        .iter()
        .map(|section| (pressure(facts, section), section.id))
        .filter(|(pressure, _)| *pressure > 0.0)
        .collect();
    let most = limits::METRIC_SECTIONS_MAX;
    let order =
        |a: &(f64, SectionId), b: &(f64, SectionId)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if all.len() > most {
        all.select_nth_unstable_by(most, order);
        all.truncate(most);
    }
    all.sort_unstable_by(order);
    all.into_iter().map(|(_, id)| id).collect()
}

fn hottest(scrape: &Scrape, facts: &Facts) {
    let help = "The sections under most pressure: seats, students waiting for one, and tickets in \
                line that want it first.";
    let seats = scrape.gauges("sluis_hot_section_seats", help, &["section", "state"]);
    let catalogue = &facts.public.catalogue;
    for id in hot(facts) {
        let (Some(info), Some(section)) =
            (catalogue.sections.get(id.index()), facts.sections.get(id.index()))
        else {
            continue;
        };
        let of = |counts: &[u32]| counts.get(id.index()).copied().unwrap_or(0);
        let states = [
            ("capacity", section.capacity.unwrap_or(0)),
            ("taken", section.taken),
            ("waitlisted", of(&facts.tallies.waitlisted)),
            ("in_line", of(&facts.tallies.in_line)),
        ];
        for (state, value) in states {
            set(&seats.with_label_values(&[info.key.as_str(), state]), value.into());
        }
    }
}

fn journal(scrape: &Scrape, facts: &Facts) {
    let journal = &facts.journal;
    let help = "Last record handed to the journal, on disk or not.";
    scrape.gauge("sluis_journal_written_sequence", help, journal.written.0);
    let help = "Age of the oldest record that is not on disk; 0: none.";
    scrape.seconds("sluis_journal_waiting_seconds", help, journal.waiting.as_secs_f64());
    scrape.gauge("sluis_journal_size_bytes", "Size of the journal's files.", journal.size);
    let help = "Free on the journal's disk.";
    scrape.gauge("sluis_journal_disk_free_bytes", help, journal.disk_free);
    scrape.gauge("sluis_journal_disk_size_bytes", "Size of the journal's disk.", journal.disk_size);
    let (sequence, at) = journal.snapshot;
    let help = "Time up to which the newest snapshot tells, in Unix seconds; 0: there is none.";
    scrape.seconds("sluis_snapshot_timestamp_seconds", help, unix(at));
    let help = "Record up to which the newest snapshot tells; 0: there is none.";
    scrape.gauge("sluis_snapshot_sequence", help, sequence.0);
    let help = "Time that reading the journal took at this start.";
    scrape.seconds("sluis_replay_seconds", help, journal.replay.as_secs_f64());
    let help = "Records read at this start, after the snapshot.";
    scrape.gauge("sluis_replay_records", help, journal.replayed);
}
