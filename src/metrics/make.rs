//! How metrics are made: registered once, every label value there from the start.

use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

/// Bounds of times, in seconds: every target (5, 25, 100, 250 ms, 1 s) is exactly one of them.
pub(super) const TIMES: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Bounds of the wait in a line, in seconds.
pub(super) const WAITS: [f64; 13] =
    [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0];
/// Bounds of the records in one commit.
pub(super) const RECORDS: [f64; 12] =
    [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0];

/// Makes metrics in a registry. A name or label that Prometheus does not take, or one twice, is a
/// bug that every start would meet.
pub(super) struct Maker<'a>(pub(super) &'a Registry);

impl Maker<'_> {
    pub(super) fn counter(&self, name: &str, help: &str) -> IntCounter {
        let counter = IntCounter::new(name, help).expect("a valid metric");
        self.0.register(Box::new(counter.clone())).expect("a new metric");
        counter
    }

    pub(super) fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        let counters = IntCounterVec::new(Opts::new(name, help), labels).expect("a valid metric");
        self.0.register(Box::new(counters.clone())).expect("a new metric");
        counters
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> IntGauge {
        let gauge = IntGauge::new(name, help).expect("a valid metric");
        self.0.register(Box::new(gauge.clone())).expect("a new metric");
        gauge
    }

    pub(super) fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        let gauges = IntGaugeVec::new(Opts::new(name, help), labels).expect("a valid metric");
        self.0.register(Box::new(gauges.clone())).expect("a new metric");
        gauges
    }

    pub(super) fn histogram(&self, name: &str, help: &str, bounds: &[f64]) -> Histogram {
        let opts = HistogramOpts::new(name, help).buckets(bounds.to_vec());
        let histogram = Histogram::with_opts(opts).expect("a valid metric");
        self.0.register(Box::new(histogram.clone())).expect("a new metric");
        histogram
    }

    pub(super) fn histograms(&self, name: &str, help: &str, labels: &[&str]) -> HistogramVec {
        let opts = HistogramOpts::new(name, help).buckets(TIMES.to_vec());
        let histograms = HistogramVec::new(opts, labels).expect("a valid metric");
        self.0.register(Box::new(histograms.clone())).expect("a new metric");
        histograms
    }
}
