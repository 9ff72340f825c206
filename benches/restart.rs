//! How long a start takes on a journal of a million enrolments, with a snapshot and without one.
//!
//! ```text
//! cargo bench --bench restart [-- --students 200000 --courses-each 5 --rounds 5]
//! ```
//!
//! Each enrolment is a record of its own, made by the real decision. Prints the medians and one
//! JSON line.

mod support;

use std::path::Path;
use std::time::Instant;

use sluis::application::recover::{enrolments, recover};
use sluis::application::snapshots::snapshot;
use sluis::domain::event::Record;
use sluis::domain::ids::Sequence;
use sluis::journal::{self, Journal, RecordBuffer, Writer, record};

use support::{Decider, Shape};

const COURSES: u32 = 1_000;

struct Size {
    students: u32,
    each: u32,
    rounds: usize,
}

impl Size {
    fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let number = |flag: &str, default: u32| {
            let at = arguments.iter().position(|a| a == flag);
            at.map_or(default, |i| {
                let value = arguments.get(i + 1).and_then(|v| v.parse().ok());
                value.unwrap_or_else(|| panic!("{flag} takes a whole number"))
            })
        };
        let rounds = number("--rounds", 5) as usize;
        Self { students: number("--students", 200_000), each: number("--courses-each", 5), rounds }
    }
}

/// Keeps records in a journal.
struct Scribe {
    journal: journal::sled::SledJournal,
    buffer: RecordBuffer,
}

impl Scribe {
    fn new(data: &Path) -> Self {
        let journal = journal::sled::open(data).expect("a new journal");
        Self { journal, buffer: RecordBuffer::starting_at(Sequence(1)) }
    }

    fn write(&mut self, record: &Record) {
        let pushed = self.buffer.push_with(|bytes| {
            record::encode(record, bytes).expect("a record that fits");
        });
        pushed.expect("room in the buffer");
        if self.buffer.byte_len() > 128 * 1024 {
            self.commit();
        }
    }

    fn commit(&mut self) {
        let mut rest = self.buffer.records();
        let mut next = rest.first();
        while !rest.is_empty() {
            rest = self.journal.append(rest).expect("written").rest;
            self.journal.flush().expect("on disk");
            next = self.journal.durable().next();
        }
        self.buffer = RecordBuffer::starting_at(next);
    }
}

fn fill(data: &Path, size: &Size) {
    let mut scribe = Scribe::new(data);
    let (students, courses) = (size.students, COURSES);
    let shape = Shape { students, courses, tutorials: 0, meetings: false, credit_limit: None };
    let (mut decider, records) = Decider::open(shape);
    for record in &records {
        scribe.write(record);
    }
    decider.fill(size.each, |record| scribe.write(record));
    scribe.commit();
    let newest = decider.university.registry.sequence;
    assert_eq!(scribe.journal.durable(), newest, "everything is on disk");
    Box::new(scribe.journal).close().expect("closed");
}

/// Opens and rebuilds; seconds for each of the two, and what came back.
fn start(data: &Path, expected: usize) -> (f64, f64) {
    let since = Instant::now();
    let opened = journal::sled::open(data).expect("opens");
    let open = since.elapsed().as_secs_f64();
    let recovered = recover(Box::new(opened)).expect("rebuilds");
    let whole = since.elapsed().as_secs_f64();
    assert_eq!(enrolments(&recovered.university), expected);
    assert_eq!(recovered.violations, []);
    recovered.journal.close().expect("closes");
    (open, whole)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn measure(data: &Path, size: &Size, expected: usize) -> (f64, f64) {
    let rounds: Vec<(f64, f64)> = (0..size.rounds.max(1)).map(|_| start(data, expected)).collect();
    let (open, whole) = rounds.into_iter().unzip();
    (median(open), median(whole))
}

fn take_snapshot(data: &Path) {
    let journal = journal::sled::open(data).expect("opens");
    let (reader, durable) = (journal.reader(), journal.durable());
    let writer = Writer::start(
        Box::new(journal),
        durable.next(),
        Box::new(|_, _| {}),
        Box::new(|fault| panic!("{fault}")),
    );
    let writer = writer.expect("starts");
    snapshot(&writer, &reader, durable).expect("a snapshot");
    drop(reader);
    writer.close().expect("closes");
}

fn main() {
    let size = Size::from_arguments();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path();
    let expected = size.students as usize * size.each as usize;
    let since = Instant::now();
    fill(data, &size);
    let filled = since.elapsed().as_secs_f64();
    println!("{expected} enrolments in {expected} records made and written in {filled:.1} s");
    let (open, without) = measure(data, &size, expected);
    println!("without a snapshot: usable after {without:.2} s, {open:.2} s of them opening");
    take_snapshot(data);
    let (open, with) = measure(data, &size, expected);
    println!("with a snapshot: usable after {with:.2} s, {open:.2} s of them opening");
    println!(
        "{{\"enrolments\":{expected},\"rounds\":{},\"seconds_without_snapshot\":{without:.3},\
         \"seconds_with_snapshot\":{with:.3}}}",
        size.rounds
    );
}
