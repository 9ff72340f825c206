//! One outcome record, into bytes and back. `cargo bench --bench record`

mod support;

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use sluis::domain::catalogue::Item;
use sluis::domain::event::{Event, Record};
use sluis::domain::ids::{Key, Sequence, StudentId, Timestamp};
use sluis::domain::student::Profile;
use sluis::journal::{Keys, record};

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
    sealed(criterion);
}

/// A student of the register, sealed with a key of her own, beside the same in the open.
fn sealed(criterion: &mut Criterion) {
    let data = tempfile::tempdir().expect("a directory");
    let keys = Keys::open(data.path()).expect("no keys yet");
    let key = |text: &str| Key::new(text).expect("a name");
    let profile = Profile {
        key: key("s1234567"),
        programme: Some(key("BA-LAW")),
        year: 2,
        blocks: vec![],
        completed: ["LAW-1000", "LAW-1001", "LAW-1002"].map(key).to_vec(),
    };
    let event = Event::ImportItem(Item::Student(StudentId(1), Box::new(profile)));
    let (sequence, at) = (Sequence(1_000_000), Timestamp(1_780_000_000_000));
    let (courses, students) = (vec![], vec![]);
    let student = Record { sequence, epoch: 1, at, courses, students, event, act: None };
    let mut bytes = Vec::new();
    record::encode_sealed(&student, &keys, &mut bytes).expect("a record that fits");
    println!("a student: {} B, sealed {} B", support::encoded(&student).len(), bytes.len());
    let mut group = criterion.benchmark_group("student");
    let mut buffer = Vec::new();
    for (name, keys) in [("open", &Keys::none()), ("sealed", &keys)] {
        group.bench_function(format!("encode {name}"), |bencher| {
            bencher.iter(|| {
                buffer.clear();
                record::encode_sealed(black_box(&student), keys, &mut buffer).expect("it fits");
                buffer.len()
            });
        });
        let stored = buffer.clone();
        group.bench_function(format!("decode {name}"), |bencher| {
            bencher.iter(|| record::decode_with(black_box(&stored), keys));
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    records(&mut criterion);
    criterion.final_summary();
}
