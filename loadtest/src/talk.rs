//! Talk for people on standard error, and the one JSON line for programs on standard output.

use std::io::Write;
use std::time::Duration;

use serde::Serialize;

use crate::error::{Error, Result};

/// Tells people what happens, unless `--json` silences it.
#[derive(Clone, Copy, Debug)]
pub struct Talk {
    silent: bool,
}

impl Talk {
    /// Silent with `--json`.
    pub const fn new(json: bool) -> Self {
        Self { silent: json }
    }

    /// One line.
    pub fn say(self, text: impl std::fmt::Display) {
        if !self.silent {
            eprintln!("{text}");
        }
    }
}

/// Prints the JSON line that ends a run.
pub fn json_line(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value).expect("reports have a JSON form");
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|e| Error::Io(format!("cannot write to standard output: {e}")))
}

/// A number of seconds to the millisecond.
pub fn seconds(duration: Duration) -> f64 {
    round(duration.as_secs_f64(), 3)
}

/// Rounds to so many decimals.
pub fn round(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

/// The middle value; of an even number of values, the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(&[4.0, 1.0]).to_bits(), 2.5_f64.to_bits());
        assert_eq!(median(&[]).to_bits(), 0.0_f64.to_bits());
        assert_eq!(round(1.23456, 2).to_bits(), 1.23_f64.to_bits());
    }
}
