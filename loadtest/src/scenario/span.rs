//! A length of time as people write it: `300ms`, `2s`, `5m`, `1h`.

use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// Longest span accepted: a week.
const SECONDS_MAX: f64 = 604_800.0;

/// A length of time.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Span(f64);

impl Span {
    /// So many seconds.
    pub const fn s(seconds: f64) -> Self {
        Self(seconds)
    }

    /// In seconds.
    pub const fn seconds(self) -> f64 {
        self.0
    }

    /// For the clock.
    pub fn duration(self) -> Duration {
        Duration::from_secs_f64(self.0)
    }

    /// Reads a number with its unit.
    pub fn parse(text: &str) -> Result<Self, String> {
        let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
        let found = units.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)));
        let seconds =
            found.and_then(|(number, size)| Some(number.trim().parse::<f64>().ok()? * size));
        match seconds {
            Some(seconds) if (0.001..=SECONDS_MAX).contains(&seconds) => Ok(Self(seconds)),
            Some(_) => Err(format!("time {text:?} is out of range; give 1ms to 168h")),
            None => Err(format!("time {text:?} has no unit; write it as in 300ms, 2s, 5m or 1h")),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_unit() {
        assert_eq!(Span::parse("300ms"), Ok(Span(0.3)));
        assert_eq!(Span::parse("2.5s"), Ok(Span(2.5)));
        assert_eq!(Span::parse("5m"), Ok(Span(300.0)));
        assert_eq!(Span::parse("1h"), Ok(Span(3600.0)));
        for wrong in ["", "5", "-1s", "0s", "xs", "999h", "NaNs"] {
            assert!(Span::parse(wrong).is_err(), "{wrong}");
        }
    }
}
