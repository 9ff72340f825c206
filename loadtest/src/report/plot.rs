//! Plots as inline SVG: no script, no font, no network. Colours come from the page's style sheet.

use std::fmt::Write;

/// Size of a plot, in user units.
const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 40.0;
/// Most points drawn of one line.
const POINTS_MAX: usize = 600;

/// A line of a plot.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Its name, for the legend.
    pub name: String,
    /// (x, y), in order of x.
    pub points: Vec<(f64, f64)>,
    /// Between two points the first value holds.
    pub steps: bool,
    /// Filled down to the axis.
    pub filled: bool,
}

/// A plot.
#[derive(Clone, Debug, Default)]
pub struct Plot {
    /// What it shows, as a heading.
    pub title: String,
    /// What it shows, in a sentence.
    pub words: String,
    /// The axes.
    pub axes: (String, String),
    /// Its lines.
    pub lines: Vec<Line>,
    /// A mark on the x axis, with its name.
    pub marks: Vec<(f64, String)>,
    /// The y axis is logarithmic.
    pub logarithmic: bool,
    /// The x values are powers of ten.
    pub powers: bool,
}

/// Text safe in HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A round step of about a fifth of the range.
fn step(range: f64) -> f64 {
    let raw = (range / 5.0).max(1e-9);
    let size = 10_f64.powf(raw.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    steps.iter().map(|s| s * size).find(|s| *s >= raw).unwrap_or(raw)
}

fn number(value: f64) -> String {
    match value.abs() {
        v if v >= 1_000_000.0 => format!("{} M", short(value / 1_000_000.0)),
        v if v >= 10_000.0 => format!("{} k", short(value / 1000.0)),
        _ => short(value),
    }
}

/// Rounded to three significant digits.
fn three_digits(value: f64) -> f64 {
    let size = 10_f64.powf(value.abs().max(1e-9).log10().floor() - 2.0);
    (value / size).round() * size
}

fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// From values to places.
struct Scale {
    x: (f64, f64),
    y: (f64, f64),
    logarithmic: bool,
}

impl Scale {
    fn of(plot: &Plot) -> Self {
        let points = || plot.lines.iter().flat_map(|line| &line.points);
        let fold = |pick: fn(&(f64, f64)) -> f64, start, f: fn(f64, f64) -> f64| {
            points().map(pick).fold(start, f)
        };
        let (x0, x1) = (fold(|p| p.0, f64::MAX, f64::min), fold(|p| p.0, f64::MIN, f64::max));
        let top = fold(|p| p.1, 0.0, f64::max);
        let y = if plot.logarithmic {
            let low = points().map(|p| p.1).filter(|y| *y > 0.0).fold(f64::MAX, f64::min);
            let low = if low < f64::MAX { low } else { 0.1 };
            let high = top.max(low * 10.0).log10().ceil();
            (low.log10().floor(), high)
        } else {
            let step = step(top.max(1e-6));
            (0.0, (top / step).ceil().max(1.0) * step)
        };
        let x = if x0 < x1 { (x0, x1) } else { (x0.min(0.0), x0.max(0.0) + 1.0) };
        Self { x, y, logarithmic: plot.logarithmic }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (value - self.x.0) / (self.x.1 - self.x.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.max(1e-9).log10() } else { value };
        let share = ((value - self.y.0) / (self.y.1 - self.y.0)).clamp(0.0, 1.0);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }
}

/// A plot as a figure.
pub fn figure(plot: &Plot) -> String {
    let mut out = format!("<figure><h3>{}</h3>", escape(&plot.title));
    if plot.lines.iter().all(|line| line.points.is_empty()) {
        out.push_str("<p class=none>Nothing to show in this run.</p></figure>");
        return out;
    }
    let scale = Scale::of(plot);
    let words = escape(&plot.words);
    let _ = write!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=img aria-label=\"{words}\"><g class=grid>"
    );
    axes(&mut out, plot, &scale);
    for (i, line) in plot.lines.iter().enumerate().filter(|(_, l)| !l.points.is_empty()) {
        path(&mut out, line, i, &scale);
    }
    for (at, name) in plot.marks.iter().filter(|(at, _)| (scale.x.0..=scale.x.1).contains(at)) {
        let x = scale.x(*at);
        let (note, anchor) = if x > WIDTH - 90.0 { (x - 4.0, "end") } else { (x + 4.0, "start") };
        let _ = write!(
            out,
            "<line class=mark x1={x:.1} x2={x:.1} y1={TOP} y2={:.1} /><text text-anchor={anchor} \
             x={note:.1} y={:.1}>{}</text>",
            HEIGHT - BOTTOM,
            TOP + 10.0,
            escape(name)
        );
    }
    out.push_str("</svg>");
    legend(&mut out, plot);
    let _ = write!(out, "<figcaption>{words}</figcaption></figure>");
    out
}

fn axes(out: &mut String, plot: &Plot, scale: &Scale) {
    let ticks: Vec<f64> = if scale.logarithmic {
        (scale.y.0 as i32..=scale.y.1 as i32).map(|e| 10_f64.powi(e)).collect()
    } else {
        let step = step(scale.y.1);
        (0..=(scale.y.1 / step).round() as u32).map(|i| f64::from(i) * step).collect()
    };
    for tick in ticks {
        let y = scale.y(tick);
        let _ = write!(
            out,
            "<line x1={LEFT} x2={:.1} y1={y:.1} y2={y:.1} /><text class=y x={:.1} y={:.1}>{}\
             </text>",
            WIDTH - RIGHT,
            LEFT - 6.0,
            y + 4.0,
            number(tick)
        );
    }
    let step = step(scale.x.1 - scale.x.0);
    let mut tick = (scale.x.0 / step).ceil() * step;
    while tick <= scale.x.1 + step / 1000.0 {
        let x = scale.x(tick);
        let value = if tick.abs() < step / 1000.0 { 0.0 } else { tick };
        let value = if plot.powers { three_digits(10_f64.powf(value)) } else { value };
        let _ = write!(
            out,
            "<text class=x x={x:.1} y={:.1}>{}</text>",
            HEIGHT - BOTTOM + 16.0,
            number(value)
        );
        tick += step;
    }
    let _ = write!(
        out,
        "</g><text class=axis x={:.1} y={:.1}>{}</text><text class=axis transform=\"rotate(-90)\" \
         x={:.1} y=14>{}</text>",
        LEFT + (WIDTH - LEFT - RIGHT) / 2.0,
        HEIGHT - 6.0,
        escape(&plot.axes.0),
        -(TOP + (HEIGHT - TOP - BOTTOM) / 2.0),
        escape(&plot.axes.1)
    );
}

fn path(out: &mut String, line: &Line, index: usize, scale: &Scale) {
    let every = line.points.len().div_ceil(POINTS_MAX).max(1);
    let last = line.points.len() - 1;
    let shown = line.points.iter().enumerate();
    let shown = shown.filter(|(i, _)| i % every == 0 || *i == last).map(|(_, point)| *point);
    let (mut d, mut before) = (String::new(), None);
    for (x, y) in shown {
        let (x, y) = (scale.x(x), scale.y(y));
        match before {
            None => drop(write!(d, "M{x:.1} {y:.1}")),
            Some(_) if line.steps => drop(write!(d, "H{x:.1}V{y:.1}")),
            Some(_) => drop(write!(d, "L{x:.1} {y:.1}")),
        }
        before = Some(x);
    }
    let class = index % 8;
    if line.filled {
        let base = HEIGHT - BOTTOM;
        let (first, end) = (scale.x(line.points[0].0), scale.x(line.points[last].0));
        let _ = write!(
            out,
            "<path class=\"fill c{class}\" d=\"{d}L{end:.1} {base}L{first:.1} {base}Z\" />"
        );
    }
    let _ = write!(out, "<path class=\"line c{class}\" d=\"{d}\" />");
}

fn legend(out: &mut String, plot: &Plot) {
    if plot.lines.len() < 2 {
        return;
    }
    out.push_str("<ul class=legend>");
    for (i, line) in plot.lines.iter().enumerate() {
        let _ = write!(out, "<li class=\"c{}\">{}</li>", i % 8, escape(&line.name));
    }
    out.push_str("</ul>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        assert_eq!(step(10.0).to_bits(), 2.0_f64.to_bits());
        assert_eq!(step(37.0).to_bits(), 10.0_f64.to_bits());
        assert_eq!((number(12_500.0), number(0.5)), ("12.5 k".to_owned(), "0.5".to_owned()));
    }

    #[test]
    fn a_figure_has_its_lines_and_no_raw_text() {
        let line =
            Line { name: "a<b".into(), points: vec![(0.0, 1.0), (1.0, 3.0)], ..Line::default() };
        let plot = Plot { lines: vec![line.clone(), line], title: "T".into(), ..Plot::default() };
        let text = figure(&plot);
        assert!(text.contains("a&lt;b") && !text.contains("a<b"), "{text}");
        assert_eq!(text.matches("<path class=\"line").count(), 2);
        assert!(!text.contains("NaN"), "{text}");
        assert!(figure(&Plot::default()).contains("Nothing to show"));
        let one = Line { points: vec![(0.0, 0.0)], filled: true, ..Line::default() };
        let flat = Plot { lines: vec![one], logarithmic: true, ..Plot::default() };
        assert!(!figure(&flat).contains("NaN"));
    }
}
