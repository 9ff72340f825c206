//! Thresholds: what must hold for a run to count as good, as in `p99_outcome_ms < 250`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::scenario::hint::nearest;

/// What latency is measured of.
pub const LATENCIES: [&str; 6] = ["connect", "arm", "position", "outcome", "change", "away"];
/// Which values of it are known.
pub const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)];
/// The other figures.
pub const FIGURES: [&str; 16] = [
    "errors",
    "error_rate",
    "violations",
    "oversold",
    "lost",
    "undecided",
    "not_judged",
    "unread",
    "told_late",
    "reconnects",
    "busy",
    "enrolled",
    "last_durable_s",
    "last_told_s",
    "decisions_per_second",
    "forecast_true",
];

/// Values by name; a latency that is not claimed is not there.
pub type Figures = BTreeMap<String, f64>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Relation {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

const RELATIONS: [(&str, Relation); 6] = [
    ("<=", Relation::LessOrEqual),
    (">=", Relation::GreaterOrEqual),
    ("==", Relation::Equal),
    ("!=", Relation::NotEqual),
    ("<", Relation::Less),
    (">", Relation::Greater),
];

/// One condition.
#[derive(Clone, PartialEq, Debug)]
pub struct Threshold {
    figure: String,
    relation: Relation,
    bound: f64,
}

/// A condition with what became of it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Judged {
    /// As in the scenario.
    pub threshold: String,
    /// What was measured; absent: nothing that can be claimed.
    pub value: Option<f64>,
    /// Whether it holds.
    pub met: bool,
}

impl Threshold {
    /// Reads `figure relation number`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let split = RELATIONS.iter().find_map(|(sign, relation)| {
            let (figure, bound) = text.split_once(sign)?;
            Some((figure.trim(), *relation, bound.trim()))
        });
        let Some((figure, relation, bound)) = split else {
            return Err(format!("threshold {text:?}: write it as in \"p99_outcome_ms < 250\""));
        };
        let names = names();
        if !names.iter().any(|name| name == figure) {
            let near = nearest(figure, names.iter().map(String::as_str));
            let near = near.map_or_else(
                || format!("they are {}", names.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(format!("threshold {text:?}: no figure `{figure}`; {near}"));
        }
        match bound.parse::<f64>() {
            Ok(bound) if bound.is_finite() => {
                Ok(Self { figure: figure.to_owned(), relation, bound })
            }
            _ => Err(format!("threshold {text:?}: `{bound}` is no number")),
        }
    }

    /// The figure that it is about.
    pub fn figure(&self) -> &str {
        &self.figure
    }

    /// Whether it holds.
    pub fn judge(&self, figures: &Figures) -> Judged {
        let value = figures.get(&self.figure).copied();
        let met = value.is_some_and(|value| match self.relation {
            Relation::Less => value < self.bound,
            Relation::LessOrEqual => value <= self.bound,
            Relation::Equal => (value - self.bound).abs() < f64::EPSILON,
            Relation::NotEqual => (value - self.bound).abs() >= f64::EPSILON,
            Relation::GreaterOrEqual => value >= self.bound,
            Relation::Greater => value > self.bound,
        });
        Judged { threshold: self.to_string(), value, met }
    }
}

/// Every figure that a threshold can name.
pub fn names() -> Vec<String> {
    let latencies =
        LATENCIES.iter().flat_map(|of| QUANTILES.iter().map(move |(q, _)| format!("{q}_{of}_ms")));
    latencies.chain(FIGURES.iter().map(|name| (*name).to_owned())).collect()
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = RELATIONS.iter().find(|(_, relation)| *relation == self.relation);
        write!(f, "{} {} {}", self.figure, sign.map_or("?", |(sign, _)| sign), self.bound)
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_judged() {
        let figures = Figures::from([("p99_outcome_ms".into(), 249.0), ("errors".into(), 0.0)]);
        let met = |text: &str| Threshold::parse(text).unwrap().judge(&figures).met;
        assert!(met("p99_outcome_ms < 250") && met("errors == 0") && met("errors<=0"));
        assert!(!met("p99_outcome_ms < 249") && !met("errors != 0") && !met("errors > 0"));
        assert!(!met("p99_connect_ms < 1000"), "what was not measured is not met");
        assert_eq!(Threshold::parse("errors==0").unwrap().to_string(), "errors == 0");
    }

    #[test]
    fn a_wrong_one_is_told_with_the_right_name() {
        let told = Threshold::parse("p99_outcom_ms < 250").unwrap_err();
        assert!(told.contains("did you mean `p99_outcome_ms`?"), "{told}");
        assert!(Threshold::parse("errors = 0").unwrap_err().contains("write it as"));
        assert!(Threshold::parse("errors == none").unwrap_err().contains("no number"));
    }
}
