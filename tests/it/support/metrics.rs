//! An exposition as Prometheus reads it.

use std::collections::BTreeMap;

/// Every sample, by name and labels as written.
#[derive(Clone, PartialEq, Debug)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Reads the text format; a line that is none of its kinds is a fault.
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with("# "));
        let samples = lines.map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line:?}"));
            let value = value.parse().unwrap_or_else(|e| panic!("{line:?}: {e}"));
            (series.to_owned(), value)
        });
        Self(samples.collect())
    }

    /// The value of a series.
    #[track_caller]
    pub fn get(&self, series: &str) -> f64 {
        *self.0.get(series).unwrap_or_else(|| panic!("no {series} among {:#?}", self.0.keys()))
    }

    /// The sum of all series of a name.
    pub fn sum(&self, name: &str) -> f64 {
        self.of(name).map(|(_, value)| value).sum()
    }

    /// Every series of a name.
    pub fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, f64)> {
        let of_it = move |series: &str| series.split('{').next() == Some(name);
        self.0
            .iter()
            .map(|(series, value)| (series.as_str(), *value))
            .filter(move |(s, _)| of_it(s))
    }

    /// Every series.
    pub fn all(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(series, value)| (series.as_str(), *value))
    }
}
