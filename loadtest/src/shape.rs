//! When students arrive: times after the opening, drawn from a shape. In an open model nobody
//! waits for anybody else, so a slow gateway meets the same arrivals as a fast one.

use std::path::Path;

use crate::error::{Error, Result};
use crate::files;
use crate::random::Random;
use crate::scenario::Arrivals;

/// The chance of an arrival over time, as steps: (end in seconds, weight of the step).
#[derive(Clone, PartialEq, Debug)]
struct Steps(Vec<(f64, f64)>);

impl Steps {
    /// A time: first a step, by weight, then a moment inside it.
    fn draw(&self, random: &mut Random) -> f64 {
        let total: f64 = self.0.iter().map(|(_, weight)| weight).sum();
        let mut left = random.share() * total;
        let mut start = 0.0;
        for (end, weight) in &self.0 {
            if left < *weight {
                return start + (end - start) * left / weight;
            }
            left -= weight;
            start = *end;
        }
        start
    }
}

/// Draws `count` times in seconds after the opening, in order. `base` is where a curve's file is
/// looked for. In the closed model everybody may come at once: the number in flight decides.
pub fn draw(
    arrivals: &Arrivals,
    count: usize,
    random: &mut Random,
    base: &Path,
) -> Result<Vec<f64>> {
    let mut times: Vec<f64> = match arrivals {
        Arrivals::Closed { .. } => vec![0.0; count],
        Arrivals::Uniform { over } => (0..count).map(|_| random.share() * over.seconds()).collect(),
        Arrivals::Spike { half_life, over } => {
            let (half, end) = (half_life.seconds(), over.seconds());
            (0..count).map(|_| decayed(random, half, end)).collect()
        }
        Arrivals::Waves { waves, every, half_life, growth } => {
            let every = every.seconds();
            let weights: Vec<(f64, f64)> = (0..*waves)
                .map(|i| (f64::from(i + 1), growth.powi(i32::try_from(i).unwrap_or(i32::MAX))))
                .collect();
            let steps = Steps(weights);
            let mut one = || {
                let wave = steps.draw(random).floor().min(f64::from(*waves - 1));
                wave * every + decayed(random, half_life.seconds(), every)
            };
            (0..count).map(|_| one()).collect()
        }
        Arrivals::Curve { file, column, from, to, over } => {
            let steps = curve(&base.join(file), column, [from.as_deref(), to.as_deref()])?;
            let end = steps.0.last().map_or(1.0, |(end, _)| *end);
            let scale = over.seconds() / end;
            (0..count).map(|_| steps.draw(random) * scale).collect()
        }
    };
    times.sort_by(f64::total_cmp);
    Ok(times)
}

/// Exponential decay with this half-life, cut off at `end`.
fn decayed(random: &mut Random, half_life: f64, end: f64) -> f64 {
    let rate = std::f64::consts::LN_2 / half_life;
    let all = 1.0 - (-rate * end).exp();
    (-(1.0 - random.share() * all).ln() / rate).min(end)
}

/// A curve from a file: CSV with a time in seconds (`t_unix` or `t_s`) and a column of arrivals since
/// the row before. The bounds are seconds, too, in the same column.
fn curve(path: &Path, column: &str, bounds: [Option<&str>; 2]) -> Result<Steps> {
    let bytes = files::read_file(path)?;
    let bad = |what: String| Error::BadFile(format!("{}: {what}", path.display()));
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let headers = reader.headers().map_err(|e| bad(e.to_string()))?.clone();
    let find = |name: &str| headers.iter().position(|h| h == name);
    let time = find("t_unix").or_else(|| find("t_s"));
    let time = time.ok_or_else(|| bad("no column t_unix or t_s; add one, in seconds".into()))?;
    let count = find(column).ok_or_else(|| {
        let found = headers.iter().collect::<Vec<_>>().join(", ");
        bad(format!("no column {column:?}; set \"column\" to one of {found}"))
    })?;
    let bound = |text: &str| -> Result<f64> {
        text.parse().map_err(|_| bad(format!("bound {text:?} is no number of seconds")))
    };
    let from = bounds[0].map_or(Ok(f64::MIN), bound)?;
    let to = bounds[1].map_or(Ok(f64::MAX), bound)?;
    let (mut steps, mut start) = (Vec::new(), None);
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(|e| bad(e.to_string()))?;
        let number = |at: usize| {
            let text = record.get(at).unwrap_or_default();
            text.parse::<f64>().map_err(|_| bad(format!("row {}: {text:?} is no number", i + 2)))
        };
        let at = number(time)?;
        if at < from || at > to {
            continue;
        }
        let first = *start.get_or_insert(at);
        if at > first {
            steps.push((at - first, number(count)?.max(0.0)));
        }
    }
    if !steps.iter().any(|(_, weight)| *weight > 0.0) {
        return Err(bad(format!("no arrivals in column {column:?} between the bounds")));
    }
    Ok(Steps(steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Span;

    fn times(arrivals: &Arrivals) -> Vec<f64> {
        draw(arrivals, 10_000, &mut Random::new(3, 0), Path::new(".")).unwrap()
    }

    fn share(times: &[f64], from: f64, to: f64) -> f64 {
        times.iter().filter(|t| (from..to).contains(*t)).count() as f64 / times.len() as f64
    }

    #[test]
    fn a_spike_halves_with_each_half_life() {
        let all = times(&Arrivals::Spike { half_life: Span::s(1.0), over: Span::s(20.0) });
        assert!((share(&all, 0.0, 1.0) - 0.5).abs() < 0.02);
        assert!((share(&all, 1.0, 2.0) - 0.25).abs() < 0.02);
        assert!(all.iter().all(|t| (0.0..=20.0).contains(t)) && all.is_sorted());
    }

    #[test]
    fn waves_start_high_and_come_again() {
        let waves = Arrivals::Waves {
            waves: 4,
            every: Span::s(10.0),
            half_life: Span::s(1.0),
            growth: 0.5,
        };
        let all = times(&waves);
        assert!((share(&all, 0.0, 10.0) - 8.0 / 15.0).abs() < 0.02);
        assert!((share(&all, 10.0, 20.0) - 4.0 / 15.0).abs() < 0.02);
        assert!(share(&all, 10.0, 12.0) > 4.0 * share(&all, 13.0, 15.0));
    }

    #[test]
    fn a_curve_is_followed_and_its_faults_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("curve.csv");
        std::fs::write(&path, "t_unix,plus\n100,5\n110,30\n120,10\n130,0\n").unwrap();
        let shape = |column: &str| Arrivals::Curve {
            file: path.clone(),
            column: column.into(),
            from: None,
            to: None,
            over: Span::s(3.0),
        };
        let all = times(&shape("plus"));
        assert!((share(&all, 0.0, 1.0) - 0.75).abs() < 0.02);
        assert!((share(&all, 2.0, 3.1)).abs() < 0.001);
        let told = draw(&shape("minus"), 1, &mut Random::new(1, 0), Path::new("")).unwrap_err();
        assert_eq!(told.exit_code(), 78);
        assert!(told.to_string().contains("one of t_unix, plus"), "{told}");
    }
}
