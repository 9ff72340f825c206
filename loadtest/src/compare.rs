//! `rush compare`: two summaries side by side, as ratios.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use serde::Serialize;

use crate::cli::CompareArgs;
use crate::error::{Error, Result};
use crate::files;
use crate::scenario::hint::nearest;
use crate::summary::{FORMAT, Saved};
use crate::talk::{json_line, round};
use crate::threshold;

/// The figure that is no threshold: what the gateway's process used.
const SERVER_CPU: &str = "server_cpu_s";

/// A figure of both runs.
#[derive(Debug, Serialize)]
struct Row {
    figure: String,
    a: Option<f64>,
    b: Option<f64>,
    /// b ÷ a.
    ratio: Option<f64>,
}

/// How far a figure of b may be from that of a, as in `p99_outcome_ms:+10%`.
#[derive(Clone, PartialEq, Debug)]
pub struct Limit {
    figure: String,
    /// Above 0: b is at most so much more. Below 0: at most so much less.
    share: f64,
}

impl Limit {
    /// Reads `figure:+N%` (more is worse) or `figure:-N%` (less is worse).
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let wrong = || "write it as in p99_outcome_ms:+10% or decisions_per_second:-5%".to_owned();
        let (figure, share) = text.split_once(':').ok_or_else(wrong)?;
        let names = threshold::names();
        let mut names = names.iter().map(String::as_str).chain([SERVER_CPU]);
        if !names.any(|name| name == figure) {
            let known = threshold::names();
            let known = known.iter().map(String::as_str).chain([SERVER_CPU]);
            return Err(match nearest(figure, known) {
                Some(near) => format!("no figure `{figure}`; did you mean `{near}`?"),
                None => format!("no figure `{figure}`; `rush compare a b` shows their names"),
            });
        }
        let signed = share.starts_with(['+', '-']).then_some(share);
        let percent = signed.and_then(|s| s.strip_suffix('%')).ok_or_else(wrong)?;
        let percent: f64 = percent.parse().map_err(|_| wrong())?;
        if !(-100.0..=10_000.0).contains(&percent) {
            return Err("give a share from -100% to +10000%".to_owned());
        }
        let figure = figure.to_owned();
        // -0 % is a bound of its own: not less than before.
        Ok(Self { figure, share: percent / 100.0 })
    }

    /// What is wrong, if it does not hold. A figure that one run lacks holds nothing.
    fn broken(&self, rows: &[Row]) -> Option<String> {
        let row = rows.iter().find(|row| row.figure == self.figure);
        let Some((a, b)) = row.and_then(|row| row.a.zip(row.b)) else {
            return Some(format!("{self}: not measured in both runs"));
        };
        let bound = a * (1.0 + self.share);
        let held = if self.share.is_sign_positive() { b <= bound } else { b >= bound };
        (!held).then(|| format!("{self}: {} after {}", round(b, 3), round(a, 3)))
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:+}%", self.figure, round(self.share * 100.0, 3))
    }
}

/// Runs the command.
pub fn run(args: &CompareArgs) -> Result<()> {
    let (a, b) = (read(&args.a)?, read(&args.b)?);
    if a.scenario != b.scenario {
        eprintln!("rush: these are runs of {} and {}: not the same work", a.scenario, b.scenario);
    }
    let rows = rows(&a, &b);
    if args.json {
        json_line(&rows)?;
    } else {
        print(&rows);
    }
    let broken: Vec<String> = args.fail_if.iter().filter_map(|l| l.broken(&rows)).collect();
    match broken.len() {
        0 => Ok(()),
        n => Err(Error::Missed(format!("{n} worse than allowed: {}", broken.join("; ")))),
    }
}

fn print(rows: &[Row]) {
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| round(v, 3).to_string());
    println!("{:<24} {:>14} {:>14} {:>9}", "figure", "a", "b", "b ÷ a");
    for row in rows {
        let (a, b, ratio) = (number(row.a), number(row.b), number(row.ratio));
        println!("{:<24} {a:>14} {b:>14} {ratio:>9}", row.figure);
    }
}

fn read(path: &Path) -> Result<Saved> {
    let bad = |what: &str| Error::BadFile(format!("{}: {what}", path.display()));
    let advice = "give a summary.json that rush wrote";
    let saved: Saved = serde_json::from_slice(&files::read_file(path)?)
        .map_err(|e| bad(&format!("{e}; {advice}")))?;
    match saved.format == FORMAT {
        true => Ok(saved),
        false => Err(bad(&format!("is a {}, not a {FORMAT}; {advice}", saved.format))),
    }
}

fn rows(a: &Saved, b: &Saved) -> Vec<Row> {
    let with_cpu = |saved: &Saved| {
        let mut figures = saved.figures.clone();
        figures.extend(saved.server_cpu_s.map(|s| (SERVER_CPU.to_owned(), s)));
        figures
    };
    let (a, b) = (with_cpu(a), with_cpu(b));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let row = |name: &&String| {
        let (a, b) = (a.get(*name).copied(), b.get(*name).copied());
        let ratio = a.zip(b).filter(|(a, _)| *a != 0.0).map(|(a, b)| round(b / a, 3));
        Row { figure: (*name).clone(), a, b, ratio }
    };
    names.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(p99: f64, cpu: Option<f64>) -> Saved {
        Saved {
            format: FORMAT.into(),
            scenario: "s".into(),
            figures: [("p99_outcome_ms".to_owned(), p99), ("errors".to_owned(), 0.0)].into(),
            server_cpu_s: cpu,
        }
    }

    #[test]
    fn ratios_are_b_by_a() {
        let rows = rows(&saved(2.0, Some(4.0)), &saved(1.0, None));
        let of = |name: &str| rows.iter().find(|row| row.figure == name).unwrap();
        assert_eq!(of("p99_outcome_ms").ratio, Some(0.5));
        assert_eq!(of("errors").ratio, None, "nothing is compared with nothing");
        assert_eq!((of("server_cpu_s").a, of("server_cpu_s").b), (Some(4.0), None));
    }

    #[test]
    fn a_limit_holds_up_to_its_bound() {
        let broken = |limit: &str, a: f64, b: f64| {
            let rows = rows(&saved(a, Some(1.0)), &saved(b, None));
            Limit::parse(limit).unwrap().broken(&rows)
        };
        assert_eq!(broken("p99_outcome_ms:+10%", 100.0, 110.0), None);
        let told = broken("p99_outcome_ms:+10%", 100.0, 110.1).unwrap();
        assert_eq!(told, "p99_outcome_ms:+10%: 110.1 after 100");
        assert_eq!(broken("p99_outcome_ms:-10%", 100.0, 90.0), None);
        assert!(broken("p99_outcome_ms:-10%", 100.0, 89.9).is_some());
        assert_eq!(broken("errors:+0%", 1.0, 1.0), None, "nothing may come of nothing");
        assert!(broken("server_cpu_s:+5%", 1.0, 1.0).unwrap().contains("not measured in both"));
    }

    #[test]
    fn a_wrong_limit_is_told_how_to_write_it() {
        let told = |text: &str| Limit::parse(text).unwrap_err();
        assert!(told("p99_outcom_ms:+10%").contains("did you mean `p99_outcome_ms`?"));
        for text in ["p99_outcome_ms", "p99_outcome_ms:10%", "errors:+1", "errors:+x%"] {
            assert!(told(text).contains("write it as"), "{text}");
        }
        assert!(told("errors:+10001%").contains("-100% to +10000%"));
        assert!(told("errors:-101%").contains("-100% to +10000%"));
        assert!(Limit::parse("errors:+10000%").is_ok() && Limit::parse("errors:-100%").is_ok());
    }
}
