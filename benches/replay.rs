//! The fold of 100,000 outcome records, from their bytes, each checked.
//! `cargo bench --bench replay`

mod support;

use criterion::{BatchSize, Criterion, Throughput};
use sluis::domain::ids::Sequence;
use sluis::journal::fold::Fold;

use support::{Decider, Shape};

const EACH: u32 = 5;
const SHAPE: Shape =
    Shape { students: 20_000, courses: 1_000, tutorials: 0, meetings: false, credit_limit: None };

fn replays(criterion: &mut Criterion) {
    let (mut decider, imported) = Decider::open(SHAPE);
    let mut before = Fold::default();
    for record in &imported {
        before.apply(record).expect("its own records");
    }
    let mut records: Vec<(Sequence, Vec<u8>)> = Vec::new();
    decider.fill(EACH, |record| records.push((record.sequence, support::encoded(record))));
    assert_eq!(records.len(), 100_000);
    let replay = |mut fold: Fold| {
        for (sequence, bytes) in &records {
            fold.push(*sequence, bytes).expect("its own records");
        }
        fold
    };
    assert!(*replay(before.clone()).university() == decider.university, "the log is the truth");
    let mut group = criterion.benchmark_group("replay");
    group.sample_size(10).throughput(Throughput::Elements(records.len() as u64));
    group.bench_function("fold_100000", |bencher| {
        bencher.iter_batched(|| before.clone(), replay, BatchSize::PerIteration);
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    replays(&mut criterion);
    criterion.final_summary();
}
