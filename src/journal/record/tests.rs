use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use proptest::prelude::*;

use super::samples::{self, decided, enrolled, record};
use super::*;
use crate::domain::event::{Event, Via};
use crate::domain::ids::{
    CourseId, RequestId, SectionId, Sequence, StudentId, Ticket, Timestamp, WindowId,
};
use crate::domain::outcome::Outcome;
use crate::journal::testkit::{Random, history};

fn bytes(record: &Record) -> Vec<u8> {
    let mut out = Vec::new();
    encode(record, &mut out).expect("it fits");
    out
}

fn check(record: &Record) -> usize {
    let bytes = bytes(record);
    assert_eq!(decode(&bytes).as_ref(), Ok(record));
    for length in 0..bytes.len() {
        assert!(decode(&bytes[..length]).is_err(), "cut at {length}: {record:?}");
    }
    let left = [&bytes[..], &[0]].concat();
    assert!(decode(&left).is_err(), "a byte too many: {record:?}");
    bytes.len()
}

#[test]
fn every_kind_comes_back_as_it_was() {
    for event in samples::events() {
        check(&record(event));
    }
    for act in samples::acts() {
        check(&act);
    }
    for seed in 0..20 {
        for record in history(seed, 200).1 {
            assert_eq!(decode(&bytes(&record)), Ok(record));
        }
    }
}

#[test]
fn positions_that_the_event_does_not_name_come_back_too() {
    let mut odd = record(samples::events().pop().unwrap());
    odd.courses = vec![(CourseId(5), 6)];
    odd.students.push((StudentId(9), 9));
    check(&odd);
    odd.students.clear();
    check(&odd);
    let outcomes = vec![(CourseId(1), enrolled()), (CourseId(2), enrolled())];
    let mut odd = record(decided(Via::Drop, outcomes));
    odd.courses.pop();
    check(&odd);
    odd.courses.clear();
    odd.students[0].0 = StudentId(1);
    check(&odd);
}

#[test]
fn the_largest_of_each_kind_fits() {
    let events = samples::largest().into_iter().map(record);
    for mut record in events.chain(samples::largest_acts()) {
        (record.sequence, record.epoch) = (Sequence(u64::MAX), u32::MAX);
        record.at = Timestamp(u64::MAX);
        record.courses.iter_mut().for_each(|(_, position)| *position = u32::MAX);
        record.students.iter_mut().for_each(|(_, position)| *position = u32::MAX);
        let mut out = vec![9];
        let size = encode(&record, &mut out).map(|()| out.len() - 1);
        let name: String = format!("{:?}", record.event).chars().take(50).collect();
        assert!(size.is_ok(), "{size:?}: {name}");
        println!("{:>5} B  {name}", size.unwrap_or_default());
        assert_eq!(decode(&out[1..]), Ok(record));
    }
}

#[test]
fn a_record_over_the_limit_is_refused_and_leaves_no_trace() {
    let outcomes = (0..100).map(|i| (CourseId(i), enrolled()));
    let event = decided(Via::Drop, outcomes.cycle().take(1_000).collect());
    let mut out = vec![1, 2, 3];
    assert!(encode(&record(event), &mut out).is_err());
    assert_eq!(out, [1, 2, 3]);
}

/// An outcome record as it is at 100,000 students, 1,000 courses and a million records.
fn realistic(random: &mut Random, ticket: bool, courses: u32) -> Record {
    let window = WindowId(random.below(8));
    let via = if ticket {
        Via::Ticket(window, Ticket(random.below(100_000)))
    } else {
        Via::Submit(window)
    };
    let outcomes = (0..courses).map(|i| {
        let course = random.below(1_000 / courses) + i * (1_000 / courses);
        let sections = vec![SectionId(course * 7), SectionId(course * 7 + random.below(6) + 1)];
        (CourseId(course), Outcome::Enrolled { sections, clash: false })
    });
    let outcomes: Vec<_> = outcomes.collect();
    let event = Event::Decided {
        student: StudentId(random.below(100_000)),
        request: RequestId(random.bytes()),
        body: random.next(),
        via,
        outcomes,
    };
    let mut record = record(event);
    record.sequence = Sequence(1_000_000 + u64::from(random.below(1_000_000)));
    record.courses.iter_mut().for_each(|(_, position)| *position = random.below(1_000));
    record.students[0].1 = random.below(60);
    record
}

#[test]
fn outcome_records_are_at_most_64_bytes_on_average() {
    let mut random = Random::new(1);
    let mut average = |ticket, courses| {
        let all = (0..2_000).map(|_| bytes(&realistic(&mut random, ticket, courses)).len());
        all.sum::<usize>() as f64 / 2_000.0
    };
    let (submit, ticket, five) = (average(false, 1), average(true, 1), average(true, 5));
    println!("submit {submit:.1} B, ticket {ticket:.1} B, of five {:.1} B an outcome", five / 5.0);
    assert!(submit <= 64.0, "a submit takes {submit} B");
    assert!(ticket <= 64.0, "a ticket takes {ticket} B");
    assert!(five / 5.0 <= 24.0, "one of five takes {} B", five / 5.0);
}

#[test]
fn a_newer_version_is_named_as_such() {
    let mut newer = bytes(&record(Event::ImportBegun));
    newer[0] = VERSION + 1;
    let error = decode(&newer).unwrap_err();
    assert_eq!(error, DecodeError::Newer(VERSION + 1));
    assert!(error.to_string().contains("made by a newer Sluis"), "{error}");
    assert!(error.to_string().contains("use that version"), "{error}");
    assert_eq!(decode(&[]), Err(DecodeError::NoVersion));
    assert_eq!(decode(&[0, 1]), Err(DecodeError::NoVersion));
    let long = vec![1; JOURNAL_RECORD_BYTES_MAX + 1];
    assert_eq!(decode(&long), Err(DecodeError::TooLarge(long.len())));
}

fn fixture(version: u8) -> PathBuf {
    let name = format!("tests/fixtures/records-v{version}.hex");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes it");
    }
    text
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}

/// The bytes of each version as they were first written.
/// `SLUIS_FIXTURES=write cargo test --lib fixtures` adds the lines of new kinds at the end of the
/// file; a line once there is what was promised, and stays.
#[test]
fn fixtures_of_each_version_stay_as_they_were() {
    let first = samples::events().into_iter().map(record).collect();
    fixtures_stay(1, first);
    fixtures_stay(2, samples::acts());
}

fn fixtures_stay(version: u8, expected: Vec<Record>) {
    let path = fixture(version);
    if env::var_os("SLUIS_FIXTURES").is_some_and(|v| v == "write") {
        let mut text = fs::read_to_string(&path).unwrap_or_default();
        let there = text.lines().count();
        let line = |record: &Record| format!("{}  {record:?}\n", hex(&bytes(record)));
        text.extend(expected.iter().skip(there).map(line));
        fs::write(&path, text).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), expected.len(), "one line for each sample");
    for (line, record) in text.lines().zip(expected) {
        let (stored, _) = line.split_once("  ").unwrap();
        assert_eq!(unhex(stored)[0], version);
        assert_eq!(decode(&unhex(stored)).as_ref(), Ok(&record), "{line}");
        assert_eq!(hex(&bytes(&record)), stored, "the bytes of {record:?} changed");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_record_or_an_error(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = decode(&bytes);
        if let Some(first) = bytes.first_mut() {
            *first = 1 + *first % VERSION;
            if let Ok(record) = decode(&bytes) {
                let again = decode(&self::bytes(&record));
                prop_assert_eq!(again, Ok(record));
            }
        }
    }

    #[test]
    fn an_altered_record_is_a_record_or_an_error(
        sample in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let records = samples::events().into_iter().map(record);
        let records: Vec<Record> = records.chain(samples::acts()).collect();
        let mut bytes = bytes(&records[sample.index(records.len())]);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = decode(&bytes);
    }
}
