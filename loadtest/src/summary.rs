//! A run in figures: the JSON summary, which is also what the HTML report and `rush compare` read.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::model::{Promise, What};
use crate::perform::Ran;
use crate::talk::round;
use crate::threshold::{Figures, Judged, QUANTILES, Threshold};

/// Version of the summary's form.
pub const FORMAT: &str = "rush-summary/1";
/// Outcomes that somebody was there for and heard only when she looked again.
const TOLD_LATE: &str = "told_late";
/// Why something single was not judged.
pub const UNASKED: &str = "; somebody had something undecided there and could not be asked, or her \
                           message centre was not read";
/// Violations that are written out.
const VIOLATIONS_MAX: usize = 200;
/// Errors that begin in the generator's share of a processor beyond which it is saturated.
const CPU_SHARE_MAX: f64 = 0.97;

/// What is known about the run before it begins.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the scenario's names")]
pub struct About {
    /// Name of the scenario or trace.
    pub scenario: String,
    /// What it is for.
    pub about: String,
    /// Seed of all draws.
    pub seed: u64,
    /// Where.
    pub gateway: String,
    /// Students.
    pub students: usize,
    /// Tabs.
    pub tabs: usize,
    /// Lag beyond which no latency is claimed, in milliseconds.
    pub lag_ms_max: f64,
}

/// A latency in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Quantiles {
    /// Measured so often.
    pub count: u64,
    /// Median.
    pub p50: f64,
    /// 90 %.
    pub p90: f64,
    /// 99 %.
    pub p99: f64,
    /// 99.9 %.
    pub p999: f64,
    /// Longest.
    pub max: f64,
}

/// This program's own load.
#[derive(Clone, Debug, Serialize)]
pub struct Own {
    /// It could not keep up: it measured itself.
    pub saturated: bool,
    /// Why.
    pub why: Option<String>,
    /// Share of one processor used.
    pub cpu_share: f64,
    /// How late a ready task ran, 99th percentile.
    pub lag_ms_p99: f64,
    /// How late messages were sent, 99th percentile.
    pub send_lag_ms_p99: f64,
}

/// How forecasts came true.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Truth {
    /// Courses with a forecast of "likely".
    pub likely: u64,
    /// Of those, enrolled.
    pub likely_true: u64,
    /// Courses with a forecast of "unlikely" or "full".
    pub unlikely: u64,
    /// Of those, not enrolled.
    pub unlikely_true: u64,
}

/// The audit.
#[derive(Clone, Debug, Serialize)]
pub struct Audit {
    /// Violations in all.
    pub violations: u64,
    /// By promise.
    pub by_promise: BTreeMap<String, u64>,
    /// What was judged.
    pub judged: Vec<&'static str>,
    /// What was not judged at all, and why.
    pub left_out: Vec<String>,
    /// Single things that were not: somebody had something undecided and could not be asked, or
    /// her message centre was not read.
    pub not_judged: u64,
    /// Message centres that should have been read, and were not.
    pub unread: u64,
    /// The first of them.
    pub found: Vec<crate::model::Violation>,
}

/// A run in figures.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// [`FORMAT`].
    pub format: &'static str,
    /// What was run.
    #[serde(flatten)]
    pub about: About,
    /// Start, in milliseconds since the epoch.
    pub started_ms: u64,
    /// Seconds from the opening to the end.
    pub seconds: f64,
    /// Why the run ended early; absent: it did not.
    pub partial: Option<String>,
    /// Outcomes told, by kind.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Refusals, by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Outcomes told when the gateway was killed; absent: it was not.
    pub told_at_kill: Option<u64>,
    /// Latency in milliseconds, from the intended time; absent: the generator was saturated.
    pub latency_ms: Option<BTreeMap<&'static str, Quantiles>>,
    /// The first forecast told of each course.
    pub forecast_first: Truth,
    /// The last one.
    pub forecast_last: Truth,
    /// WebSocket sign-ins.
    pub connects: u64,
    /// Frames received.
    pub frames_in: u64,
    /// Frames sent.
    pub frames_out: u64,
    /// Messages sent twice on purpose.
    pub duplicated: u64,
    /// Sockets cut on purpose.
    pub cut: u64,
    /// Errors, by name.
    pub errors: BTreeMap<String, u64>,
    /// The audit.
    pub audit: Audit,
    /// This program's own load.
    pub generator: Own,
    /// CPU seconds of a gateway of our own, from the opening on.
    pub server_cpu_s: Option<f64>,
    /// Every figure that a threshold can name.
    pub figures: Figures,
    /// The thresholds.
    pub thresholds: Vec<Judged>,
}

fn ms(us: u64) -> f64 {
    round(us as f64 / 1000.0, 2)
}

fn quantiles(histogram: &Histogram<u64>) -> Quantiles {
    let of = |q| ms(histogram.value_at_quantile(q));
    Quantiles {
        count: histogram.len(),
        p50: of(0.5),
        p90: of(0.9),
        p99: of(0.99),
        p999: of(0.999),
        max: ms(histogram.max()),
    }
}

fn own(ran: &Ran, lag_ms_max: f64) -> Own {
    let p99 = |h: &Histogram<u64>| ms(h.value_at_quantile(0.99));
    let (lag, send) = (p99(&ran.load.lag), p99(&ran.measures.lag));
    let cpu = round(ran.load.cpu_share, 3);
    let why = if lag > lag_ms_max {
        Some(format!("a ready task ran {lag} ms late (p99; at most {lag_ms_max})"))
    } else if send > lag_ms_max {
        Some(format!("messages were sent {send} ms late (p99; at most {lag_ms_max})"))
    } else if cpu > CPU_SHARE_MAX && ran.seconds > 1.0 {
        Some(format!("its one thread used {:.0} % of a processor", cpu * 100.0))
    } else {
        None
    };
    Own { saturated: why.is_some(), why, cpu_share: cpu, lag_ms_p99: lag, send_lag_ms_p99: send }
}

/// Forecasts beside outcomes: the first and the last one told.
fn truth(ran: &Ran) -> [Truth; 2] {
    let mut truths = [Truth::default(); 2];
    for event in &ran.findings.events {
        let got = match event.what {
            What::Enrolled { .. } => true,
            What::Refused { .. } | What::Waitlisted { .. } => false,
            _ => continue,
        };
        let Some((first, last)) = ran.measures.forecasts.get(&(event.student, event.course)) else {
            continue;
        };
        for (truth, likely) in truths.iter_mut().zip([*first, *last]) {
            let (told, right) = match likely {
                true => (&mut truth.likely, &mut truth.likely_true),
                false => (&mut truth.unlikely, &mut truth.unlikely_true),
            };
            *told += 1;
            *right += u64::from(likely == got);
        }
    }
    truths
}

fn figures(ran: &Ran, saturated: bool, last: Truth) -> Figures {
    let (counts, findings) = (&ran.measures.counts, &ran.findings);
    let mut figures = Figures::new();
    if !saturated {
        for (of, histogram) in ran.measures.latencies().filter(|(_, h)| !h.is_empty()) {
            for (name, q) in QUANTILES {
                let value =
                    ms(if q < 1.0 { histogram.value_at_quantile(q) } else { histogram.max() });
                figures.insert(format!("{name}_{of}_ms"), value);
            }
        }
    }
    let of = |promise: Promise| findings.counts.get(&promise).copied().unwrap_or(0) as f64;
    let errors = ran.measures.error_count() as f64;
    let mut put = |name: &str, value: f64| {
        figures.insert(name.to_owned(), value);
    };
    put("errors", errors);
    put("error_rate", round(errors / (counts.frames_out.max(1) as f64), 6));
    put("violations", findings.counts.values().sum::<u64>() as f64);
    put("oversold", of(Promise::I1));
    put("lost", of(Promise::I2));
    put("undecided", findings.undecided as f64);
    put("not_judged", findings.not_judged as f64);
    put("unread", findings.unread as f64);
    // A generator that is late itself cannot say that the gateway was.
    if let Some(late) = ran.told_late.filter(|_| !saturated) {
        put(TOLD_LATE, late as f64);
    }
    put("reconnects", counts.reconnects as f64);
    put("busy", counts.busy as f64);
    put("enrolled", findings.outcomes.get("enrolled").copied().unwrap_or(0) as f64);
    let durable = findings.events.iter().filter(|e| e.request.is_some()).map(|e| e.at).max();
    if let (Some(durable), Some(opened)) = (durable, ran.opened_ms) {
        let seconds = durable.saturating_sub(opened) as f64 / 1000.0;
        put("last_durable_s", seconds);
        let rate = findings.events.len() as f64 / seconds.max(0.001);
        put("decisions_per_second", round(rate, 1));
    }
    if let (Some(last), Some(opened)) = (ran.measures.last_told, ran.opened_s) {
        put("last_told_s", round(ran.measures.at(last) - opened, 3));
    }
    let judged = last.likely + last.unlikely;
    if judged > 0 {
        let right = (last.likely_true + last.unlikely_true) as f64;
        put("forecast_true", round(right / judged as f64, 4));
    }
    figures
}

/// The thresholds. Where nothing is made to go wrong, whoever is there is told at once, unless the
/// scenario says something else.
fn judged(thresholds: &[Threshold], ran: &Ran, figures: &Figures) -> Vec<Judged> {
    let mut judged: Vec<Judged> = thresholds.iter().map(|t| t.judge(figures)).collect();
    let named = thresholds.iter().any(|t| t.figure() == TOLD_LATE);
    if ran.is_faultless && !named && figures.contains_key(TOLD_LATE) {
        judged.extend(Threshold::parse(&format!("{TOLD_LATE} == 0")).map(|t| t.judge(figures)));
    }
    judged
}

/// Sums a run up.
pub fn summary(about: About, ran: &Ran, thresholds: &[Threshold]) -> Summary {
    let generator = own(ran, about.lag_ms_max);
    let [first, last] = truth(ran);
    let figures = figures(ran, generator.saturated, last);
    let latencies = ran.measures.latencies().filter(|(_, h)| !h.is_empty());
    let latencies = latencies.map(|(of, h)| (of, quantiles(h))).collect();
    let findings = &ran.findings;
    let by_promise = findings.counts.iter();
    let by_promise = by_promise.map(|(p, n)| (format!("{p:?} {}", p.words()), *n)).collect();
    let counts = &ran.measures.counts;
    Summary {
        format: FORMAT,
        about,
        started_ms: ran.started_ms,
        seconds: round(ran.seconds, 3),
        partial: ran.partial.as_ref().map(ToString::to_string),
        outcomes: findings.outcomes.clone(),
        reasons: findings.reasons.clone(),
        told_at_kill: ran.told_at_kill,
        latency_ms: (!generator.saturated).then_some(latencies),
        forecast_first: first,
        forecast_last: last,
        connects: counts.connects,
        frames_in: counts.frames_in,
        frames_out: counts.frames_out,
        duplicated: counts.duplicated,
        cut: counts.cut,
        errors: ran.measures.errors.clone(),
        audit: Audit {
            violations: findings.counts.values().sum(),
            by_promise,
            judged: findings.judged.clone(),
            left_out: findings.left_out.clone(),
            not_judged: findings.not_judged,
            unread: findings.unread,
            found: findings.violations.iter().take(VIOLATIONS_MAX).cloned().collect(),
        },
        server_cpu_s: ran.server_cpu_s.map(|s| round(s, 2)),
        thresholds: judged(thresholds, ran, &figures),
        generator,
        figures,
    }
}

/// What `rush compare` reads of a summary.
#[derive(Debug, Deserialize)]
pub struct Saved {
    /// [`FORMAT`].
    pub format: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Figures.
    pub figures: Figures,
    /// CPU seconds of the gateway.
    pub server_cpu_s: Option<f64>,
}
