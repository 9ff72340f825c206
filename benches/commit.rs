//! Group commit: so many outcome records handed to the writer, until they are on disk (sled in a
//! temporary directory; TMPDIR says on which disk). `cargo bench --bench commit`

mod support;

use std::sync::mpsc;

use criterion::{BenchmarkId, Criterion, Throughput};
use sluis::domain::ids::Sequence;
use sluis::journal::{self, RecordBuffer, Writer};

/// Records handed over at once.
const SIZES: [u64; 3] = [1, 64, 1_000];

fn commits(criterion: &mut Criterion) {
    let (_, outcome) = support::one_outcome();
    // The journal does not look into a record: the same bytes stand for all.
    let bytes = support::encoded(&outcome);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let journal = journal::sled::open(directory.path()).expect("a new journal");
    let (told, durable) = mpsc::channel();
    let writer = Writer::start(
        Box::new(journal),
        Sequence(1),
        // The receiver is gone only when the bench ends.
        Box::new(move |sequence, _| {
            let _ = told.send(sequence);
        }),
        Box::new(|fault| panic!("{fault}")),
    );
    let writer = writer.expect("starts");
    let mut buffer = RecordBuffer::starting_at(Sequence(1));
    let mut group = criterion.benchmark_group("commit");
    for records in SIZES {
        group.throughput(Throughput::Elements(records));
        group.bench_function(BenchmarkId::from_parameter(records), |bencher| {
            bencher.iter(|| {
                for _ in 0..records {
                    buffer.push(&bytes).expect("room in the buffer");
                }
                let last = Sequence(buffer.next().0 - 1);
                writer.append(&mut buffer).expect("taken");
                while durable.recv().expect("the writer runs") < last {}
            });
        });
    }
    group.finish();
    writer.close().expect("closes");
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    commits(&mut criterion);
    criterion.final_summary();
}
