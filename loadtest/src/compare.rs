//! `rush compare`: two summaries side by side, as ratios.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use crate::cli::CompareArgs;
use crate::error::{Error, Result};
use crate::files;
use crate::summary::{FORMAT, Saved};
use crate::talk::{json_line, round};

/// A figure of both runs.
#[derive(Debug, Serialize)]
struct Row {
    figure: String,
    a: Option<f64>,
    b: Option<f64>,
    /// b ÷ a.
    ratio: Option<f64>,
}

/// Runs the command.
pub fn run(args: &CompareArgs) -> Result<()> {
    let (a, b) = (read(&args.a)?, read(&args.b)?);
    if a.scenario != b.scenario {
        eprintln!("rush: these are runs of {} and {}: not the same work", a.scenario, b.scenario);
    }
    let rows = rows(&a, &b);
    if args.json {
        return json_line(&rows);
    }
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |v| round(v, 3).to_string());
    println!("{:<24} {:>14} {:>14} {:>9}", "figure", "a", "b", "b ÷ a");
    for row in &rows {
        let (a, b, ratio) = (number(row.a), number(row.b), number(row.ratio));
        println!("{:<24} {a:>14} {b:>14} {ratio:>9}", row.figure);
    }
    Ok(())
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
        figures.extend(saved.server_cpu_s.map(|s| ("server_cpu_s".to_owned(), s)));
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

    #[test]
    fn ratios_are_b_by_a() {
        let saved = |value: f64| Saved {
            format: FORMAT.into(),
            scenario: "s".into(),
            figures: [("p99_outcome_ms".to_owned(), value), ("errors".to_owned(), 0.0)].into(),
            server_cpu_s: (value > 1.5).then_some(4.0),
        };
        let rows = rows(&saved(2.0), &saved(1.0));
        let of = |name: &str| rows.iter().find(|row| row.figure == name).unwrap();
        assert_eq!(of("p99_outcome_ms").ratio, Some(0.5));
        assert_eq!(of("errors").ratio, None, "nothing is compared with nothing");
        assert_eq!((of("server_cpu_s").a, of("server_cpu_s").b), (Some(4.0), None));
    }
}
