//! The page: verdict first, then figures, plots, and what was found.

use std::fmt::Write;

use super::plot::{Line, Plot, escape, figure};
use super::seats;
use crate::measure::Bucket;
use crate::perform::Ran;
use crate::population::Catalogue;
use crate::summary::{Summary, Truth, UNASKED};

const STYLE: &str = include_str!("report.css");

/// The whole page.
pub fn page(summary: &Summary, ran: &Ran, catalogue: &Catalogue) -> String {
    let about = &summary.about;
    let title = escape(&about.scenario);
    let mut out = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport \
         content=\"width=device-width\"><title>rush: {title}</title><style>{STYLE}</style>\
         <main><h1>{title}</h1><p class=about>{}</p>",
        escape(&about.about)
    );
    verdict(&mut out, summary);
    tiles(&mut out, summary);
    thresholds(&mut out, summary);
    latency(&mut out, summary);
    out.push_str("<h2>Over time</h2><div class=plots>");
    for plot in plots(ran, catalogue, summary.generator.saturated) {
        out.push_str(&figure(&plot));
    }
    out.push_str("</div>");
    audit(&mut out, summary);
    generator(&mut out, summary);
    out.push_str("</main></html>\n");
    out
}

fn verdict(out: &mut String, summary: &Summary) {
    let missed = summary.thresholds.iter().filter(|t| !t.met).count();
    let (class, text) = if let Some(why) = &summary.partial {
        ("bad", format!("Partial: {}", escape(why)))
    } else if summary.audit.violations > 0 {
        ("bad", format!("{} violations of what the gateway promises", summary.audit.violations))
    } else if missed > 0 {
        ("bad", format!("{missed} of {} thresholds missed", summary.thresholds.len()))
    } else {
        ("good", "Everything held".to_owned())
    };
    let _ = write!(out, "<p class=\"verdict {class}\">{text}</p>");
    if let Some(why) = summary.generator.why.as_ref() {
        let _ = write!(
            out,
            "<p class=\"verdict warn\">The generator was saturated: {}. No latency is claimed.</p>",
            escape(why)
        );
    }
}

fn tiles(out: &mut String, summary: &Summary) {
    let figure = |name: &str, unit: &str| {
        summary.figures.get(name).map_or("–".to_owned(), |v| format!("{v}{unit}"))
    };
    let count = |kind| summary.outcomes.get(kind).copied().unwrap_or(0).to_string();
    let tiles = [
        ("students", summary.about.students.to_string()),
        ("enrolled", count("enrolled")),
        ("waitlisted", count("waitlisted")),
        ("refused", count("refused")),
        ("promoted", count("promoted")),
        ("undecided", figure("undecided", "")),
        ("last outcome durable", figure("last_durable_s", " s")),
        ("last student told", figure("last_told_s", " s")),
        ("errors", figure("errors", "")),
        ("connects", summary.connects.to_string()),
        ("frames in / out", format!("{} / {}", summary.frames_in, summary.frames_out)),
        ("forecasts that came true", truth(summary.forecast_last)),
    ];
    out.push_str("<dl class=tiles>");
    for (name, value) in tiles {
        let _ = write!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", escape(&value));
    }
    out.push_str("</dl>");
}

fn truth(truth: Truth) -> String {
    match truth.likely + truth.unlikely {
        0 => "–".to_owned(),
        all => {
            let right = truth.likely_true + truth.unlikely_true;
            format!("{:.1} % of {all}", right as f64 * 100.0 / all as f64)
        }
    }
}

fn thresholds(out: &mut String, summary: &Summary) {
    if summary.thresholds.is_empty() {
        return;
    }
    out.push_str("<h2>Thresholds</h2><table><tr><th>threshold<th>measured<th>");
    for judged in &summary.thresholds {
        let value = judged.value.map_or("not measured".to_owned(), |v| v.to_string());
        let (class, word) = if judged.met { ("good", "met") } else { ("bad", "missed") };
        let _ = write!(
            out,
            "<tr><td><code>{}</code><td class=n>{value}<td class={class}>{word}",
            escape(&judged.threshold)
        );
    }
    out.push_str("</table>");
}

fn latency(out: &mut String, summary: &Summary) {
    let Some(latencies) = &summary.latency_ms else { return };
    out.push_str(
        "<h2>Latency</h2><p>Milliseconds from the time at which something was meant to be sent, \
         whether or not it could be. Armed students' outcomes count from the opening.</p>\
         <table><tr><th>of<th>p50<th>p90<th>p99<th>p99.9<th>max<th>times",
    );
    for (of, q) in latencies {
        let _ = write!(
            out,
            "<tr><td>{of}<td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{}\
             <td class=n>{}",
            q.p50, q.p90, q.p99, q.p999, q.max, q.count
        );
    }
    out.push_str("</table>");
}

fn plots(ran: &Ran, catalogue: &Catalogue, saturated: bool) -> Vec<Plot> {
    let opened = ran.opened_s.unwrap_or(0.0);
    let axes = |y: &str| ("seconds after the opening".to_owned(), y.to_owned());
    let buckets = buckets(ran, opened);
    let mut plots = vec![rates(&buckets, axes("a second"))];
    if !saturated {
        plots.push(over_time(&buckets, axes("ms")));
    }
    let mut curves: Vec<Line> = Vec::new();
    for points in ran.measures.curves.values().filter(|points| points.len() > 1) {
        let points = points.iter().map(|(at, p)| (at - opened, f64::from(*p))).collect();
        let name = format!("student {}", (b'A' + (curves.len() % 26) as u8) as char);
        curves.push(Line { name, points, steps: true, filled: false });
    }
    plots.push(Plot {
        title: "Position curves".into(),
        words: "Positions told to a few students; they may only fall.".into(),
        axes: axes("position"),
        lines: curves,
        ..Plot::default()
    });
    plots.push(Plot {
        title: "Seats left".into(),
        words: "Seats left of the most wanted sections, as they follow from the outcomes.".into(),
        axes: axes("seats"),
        lines: seats::lines(
            &ran.findings.events,
            catalogue,
            ran.opened_ms.unwrap_or(ran.started_ms),
            ran.seconds,
        ),
        ..Plot::default()
    });
    if !saturated {
        plots.push(histogram(ran));
    }
    plots
}

/// Points of a line.
const POINTS: usize = 120;

/// Buckets from a little before the opening to the end, joined so that there are not too many:
/// seconds after the opening, seconds in the bucket, and what is in it.
fn buckets(ran: &Ran, opened: f64) -> Vec<(f64, f64, Bucket)> {
    let width = ran.measures.width;
    let before = (ran.seconds / 4.0).clamp(1.0, 30.0);
    let first = ((opened - before).max(0.0) / width) as usize;
    let shown = ran.measures.buckets.get(first..).unwrap_or_default();
    let joined = shown.len().div_ceil(POINTS).max(1);
    let size = joined as f64 * width;
    let join = |(i, chunk): (usize, &[Bucket])| {
        let mut sum = Bucket::default();
        for bucket in chunk {
            sum.join(bucket);
        }
        ((first as f64 * width) + (i as f64 + 0.5) * size - opened, size, sum)
    };
    shown.chunks(joined).enumerate().map(join).collect()
}

fn rates(buckets: &[(f64, f64, Bucket)], axes: (String, String)) -> Plot {
    let line = |name: &str, of: fn(&Bucket) -> u64, filled| {
        let points = buckets.iter().map(|(at, size, b)| (*at, of(b) as f64 / size));
        Line { name: name.into(), points: points.collect(), steps: false, filled }
    };
    Plot {
        title: "Arrivals against decisions".into(),
        words: "Messages meant to be sent, and outcomes told, a second.".into(),
        axes,
        lines: vec![
            line("sent", |b| b.arrivals, false),
            line("outcomes told", |b| b.decided, true),
            line("errors", |b| b.errors, false),
        ],
        marks: vec![(0.0, "opening".into())],
        ..Plot::default()
    }
}

fn over_time(buckets: &[(f64, f64, Bucket)], axes: (String, String)) -> Plot {
    let line = |name: &str, q: f64| {
        let points = buckets.iter().filter_map(|(at, _, b)| {
            Some((*at, b.outcome.as_ref()?.value_at_quantile(q) as f64 / 1000.0))
        });
        Line { name: name.into(), points: points.collect(), steps: false, filled: false }
    };
    Plot {
        title: "Latency of outcomes over time".into(),
        words: "By the time at which the outcome was told; logarithmic.".into(),
        axes,
        lines: vec![line("p50", 0.5), line("p99", 0.99), line("max", 1.0)],
        logarithmic: true,
        ..Plot::default()
    }
}

/// Outcomes by latency, in bins that are a tenth of a decade wide.
fn histogram(ran: &Ran) -> Plot {
    let outcome = ran.measures.outcome();
    let mut bins: Vec<(i32, u64)> = Vec::new();
    for value in outcome.iter_recorded() {
        let bin = ((value.value_iterated_to() as f64 / 1000.0).log10() * 10.0).floor() as i32;
        match bins.last_mut().filter(|(last, _)| *last == bin) {
            Some((_, count)) => *count += value.count_since_last_iteration(),
            None => bins.push((bin, value.count_since_last_iteration())),
        }
    }
    let (mut points, mut next) = (Vec::new(), None);
    for (bin, count) in bins {
        if next.is_some_and(|next| next < bin) {
            points.push((f64::from(next.unwrap_or(bin)) / 10.0, 0.0));
        }
        points.push((f64::from(bin) / 10.0, count as f64));
        next = Some(bin + 1);
    }
    points.extend(next.map(|next| (f64::from(next) / 10.0, 0.0)));
    Plot {
        title: "Histogram of outcomes".into(),
        words: "Plans by latency of their outcome; logarithmic.".into(),
        axes: ("ms".into(), "plans".into()),
        powers: true,
        lines: vec![Line { name: "plans".into(), points, steps: true, filled: true }],
        ..Plot::default()
    }
}

fn audit(out: &mut String, summary: &Summary) {
    let audit = &summary.audit;
    let _ = write!(
        out,
        "<h2>Audit</h2><p>A model of rush's own, fed with everything that was told. Judged: {}. \
         Violations: {}.</p>",
        audit.judged.join(", "),
        audit.violations
    );
    if audit.not_judged > 0 {
        let _ = write!(out, "<p>Not judged: {}{UNASKED}.</p>", audit.not_judged);
    }
    for left_out in &audit.left_out {
        let _ = write!(out, "<p>Not judged at all: {}.</p>", escape(left_out));
    }
    if !audit.found.is_empty() {
        out.push_str("<table><tr><th>promise<th>student<th>section<th>request<th>what");
        for found in &audit.found {
            let _ = write!(
                out,
                "<tr><td>{:?} {}<td>{}<td>{}<td><code>{}</code><td>{}",
                found.promise,
                found.promise.words(),
                escape(&found.student),
                escape(&found.section),
                escape(&found.request),
                escape(&found.detail)
            );
        }
        out.push_str("</table>");
    }
    let lists = [("Refusals", &summary.reasons), ("Errors", &summary.errors)];
    for (title, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
        let _ = write!(out, "<h3>{title}</h3><table>");
        for (name, count) in *list {
            let _ = write!(out, "<tr><td>{}<td class=n>{count}", escape(name));
        }
        out.push_str("</table>");
    }
}

fn generator(out: &mut String, summary: &Summary) {
    let (own, about) = (&summary.generator, &summary.about);
    let cpu = summary.server_cpu_s.map_or(String::new(), |s| format!(" Its CPU time: {s} s."));
    let kill = summary
        .told_at_kill
        .map_or(String::new(), |n| format!(" It was killed when {n} outcomes had been told."));
    let _ = write!(
        out,
        "<h2>The run</h2><p>Gateway: {}.{cpu}{kill} Seed {}, {} tabs, {} s from the opening to the \
         end. Sockets cut on purpose: {}; messages sent twice: {}.</p><p>The generator used {:.0} % \
         of one processor; a ready task ran {} ms late and messages were sent {} ms late (p99; no \
         latency is claimed beyond {} ms).</p>",
        escape(&about.gateway),
        about.seed,
        about.tabs,
        summary.seconds,
        summary.cut,
        summary.duplicated,
        own.cpu_share * 100.0,
        own.lag_ms_p99,
        own.send_lag_ms_p99,
        about.lag_ms_max
    );
}
