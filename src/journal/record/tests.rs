use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use proptest::prelude::*;

use super::samples::{self, decided, enrolled, record};
use super::*;
use crate::domain::acts::Action;
use crate::domain::catalogue::Item;
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

/// Keys of a data directory that goes with the test.
fn keys() -> (tempfile::TempDir, Keys) {
    let data = tempfile::tempdir().unwrap();
    let keys = Keys::open(data.path()).unwrap();
    (data, keys)
}

fn sealed(record: &Record, keys: &Keys) -> Vec<u8> {
    let mut out = Vec::new();
    encode_sealed(record, keys, &mut out).expect("it fits");
    out
}

fn every_sample() -> Vec<Record> {
    samples::events().into_iter().map(record).chain(samples::acts()).collect()
}

#[test]
fn what_is_personal_is_sealed_and_comes_back_with_the_key_alone() {
    let (_data, keys) = keys();
    let mut kinds = 0;
    let histories = (0..10).flat_map(|seed| history(seed, 300).1);
    for record in every_sample().into_iter().chain(histories) {
        let bytes = sealed(&record, &keys);
        assert_eq!(decode_with(&bytes, &keys).as_ref(), Ok(&record));
        let left = decode(&bytes).expect("the rest can be read without the key");
        assert!(in_the_open(&left).is_none(), "{left:?}");
        match in_the_open(&record) {
            None => assert_eq!(bytes, self::bytes(&record), "the rest is written as ever"),
            Some(_) => {
                kinds += 1;
                assert_eq!(bytes[0], 3);
                assert_eq!(may_be_act(&bytes), may_be_act(&self::bytes(&record)));
                assert_ne!(left, record);
                let head = |r: &Record| (r.sequence, r.epoch, r.at, r.students.clone());
                assert_eq!(head(&left), head(&record));
            }
        }
    }
    assert!(kinds > 100, "{kinds}");
}

#[test]
fn nothing_personal_stands_in_the_bytes() {
    let (_data, keys) = keys();
    let secrets = ["s1234567", "BA-LAW", "LAW-1001", "FIN", "essay", "Firefox", "Zaal te klein"];
    let (mut open, mut shut) = (0, 0);
    for record in every_sample() {
        let Some(_) = in_the_open(&record) else { continue };
        let holds = |bytes: &[u8], text: &str| {
            bytes.windows(text.len()).any(|part| part == text.as_bytes())
        };
        for text in secrets {
            open += usize::from(holds(&bytes(&record), text));
            shut += usize::from(holds(&sealed(&record, &keys), text));
        }
    }
    assert!(open >= 7, "the samples hold them: {open}");
    assert_eq!(shut, 0);
}

#[test]
fn a_seal_that_was_altered_or_moved_is_damage() {
    let (_data, keys) = keys();
    let signed_in = samples::events().into_iter().find(|e| matches!(e, Event::SignedIn { .. }));
    let bytes = sealed(&record(signed_in.unwrap()), &keys);
    for at in 1..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(decode_with(&bad, &keys).is_err(), "byte {at}");
    }
    let (_other, others) = self::keys();
    sealed(&decode(&bytes).unwrap(), &others);
    let with_a_key = |keys: &Keys| {
        let import = samples::events().into_iter().map(record).find(|r| in_the_open(r).is_some());
        sealed(&import.unwrap(), keys);
    };
    with_a_key(&others);
    assert_eq!(decode_with(&bytes, &others), Err(DecodeError::Seal), "another journal's keys");
}

#[test]
fn a_student_whose_key_is_destroyed_is_written_without_what_is_personal() {
    let (_data, keys) = keys();
    for record in every_sample() {
        let Some(student) = in_the_open(&record) else { continue };
        let before = sealed(&record, &keys);
        let left = decode(&before).unwrap();
        keys.destroy(&[student]).unwrap();
        assert_eq!(decode_with(&before, &keys).as_ref(), Ok(&left));
        assert_eq!(decode_with(&sealed(&record, &keys), &keys), Ok(left));
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
        assert_eq!(decode(&out[1..]), Ok(record.clone()));
        let (_data, keys) = keys();
        let of_the_last = with_the_last_student(record);
        let sealed = sealed(&of_the_last, &keys);
        println!("{:>5} B  sealed", sealed.len());
        assert_eq!(decode_with(&sealed, &keys), Ok(of_the_last));
    }
}

/// The same of the student with the largest number that has a key, and as an act done to her.
fn with_the_last_student(mut record: Record) -> Record {
    let last = StudentId(crate::limits::STUDENT_KEYS_MAX as u32 - 1);
    match &mut record.event {
        Event::ImportItem(Item::Student(id, _) | Item::Result(id, _)) => *id = last,
        Event::SignedIn { student, .. } | Event::Placed { student, .. } => *student = last,
        _ => return record,
    }
    record.students.iter_mut().for_each(|(id, _)| *id = last);
    if let Some(act) = &mut record.act {
        std::sync::Arc::make_mut(act).action = Action::StudentMove;
    }
    record
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

/// Version 3 as it was first written, with the keys of that time. Seals differ each time they are
/// made: a line once there is read for ever, and nothing is compared with what is written today.
#[test]
fn sealed_fixtures_stay_readable() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let (path, kept) = (fixture(3), root.join("students-v1.keys.hex"));
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join(crate::journal::keys::NAME);
    let expected: Vec<Record> =
        every_sample().into_iter().filter(|r| in_the_open(r).is_some()).collect();
    if env::var_os("SLUIS_FIXTURES").is_some_and(|v| v == "write") && !path.exists() {
        let keys = Keys::open(data.path()).unwrap();
        let line = |record: &Record| format!("{}\n", hex(&sealed(record, &keys)));
        fs::write(&path, expected.iter().map(line).collect::<String>()).unwrap();
        keys.sync().unwrap();
        fs::write(&kept, hex(&fs::read(&file).unwrap()) + "\n").unwrap();
        fs::remove_file(&file).unwrap();
    }
    let mut options = fs::OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut made = options.write(true).create_new(true).open(&file).unwrap();
    let bytes = unhex(fs::read_to_string(&kept).unwrap().trim());
    std::io::Write::write_all(&mut made, &bytes).unwrap();
    let keys = Keys::look(data.path()).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), expected.len(), "one line for each sample");
    for (line, record) in text.lines().zip(expected) {
        let stored = unhex(line);
        assert_eq!(stored[0], 3);
        assert_eq!(decode_with(&stored, &keys).as_ref(), Ok(&record), "{line}");
        assert!(in_the_open(&decode(&stored).unwrap()).is_none(), "{line}");
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
