//! One outcome record, into bytes and back. `cargo bench --bench record`

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use sluis::journal::record;

fn records(criterion: &mut Criterion) {
    let (_, outcome) = support::one_outcome();
    let bytes = support::encoded(&outcome);
    assert_eq!(record::decode(&bytes).as_ref(), Ok(&outcome));
    let mut group = criterion.benchmark_group("record");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    let mut buffer = Vec::with_capacity(bytes.len());
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            record::encode(black_box(&outcome), &mut buffer).expect("a record that fits");
            buffer.len()
        });
    });
    group.bench_function("decode", |bencher| bencher.iter(|| record::decode(black_box(&bytes))));
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    records(&mut criterion);
    criterion.final_summary();
}
