use proptest::prelude::*;

use super::*;
use crate::domain::account::{Account, Preferences};
use crate::domain::registry::Registry;
use crate::domain::student::{InboxItem, Notice};
use crate::domain::university::University;
use crate::journal::testkit::{half_import, history};

fn written(university: &University) -> Vec<u8> {
    let mut out = Vec::new();
    let mut sink = |bytes: &[u8]| {
        out.extend_from_slice(bytes);
        Ok::<_, ()>(())
    };
    write_state(university, &mut sink).expect("a buffer takes everything");
    out
}

fn check(university: &University) -> Vec<u8> {
    let bytes = written(university);
    let back = read_state(bytes.as_slice()).expect("what was written");
    assert!(back == *university, "{back:#?}\nis not\n{university:#?}");
    assert_eq!(written(&back), bytes, "the same state, other bytes");
    bytes
}

#[test]
fn an_empty_university_comes_back() {
    check(&University::default());
}

#[test]
fn names_are_known_again_and_an_unfinished_import_goes_on() {
    let (mut university, _) = history(1, 50);
    half_import(&mut university);
    let back = read_state(check(&university).as_slice()).unwrap();
    let ids = |r: &Registry| (r.student_id("s3"), r.window_id("W1"), r.catalogue.course_id("C2"));
    assert_eq!(ids(&back.registry), ids(&university.registry));
    assert!(back.registry.student_id("s3").is_some());
    assert!(back.registry.catalogue.section_id("C2/1").is_some());
    assert!(!back.registry.staged().is_empty());
}

#[test]
fn a_message_that_is_a_requests_outcome_is_written_once() {
    let (mut university, _) = history(2, 300);
    let whole = check(&university).len();
    // With the messages told apart from their records, nothing can be referred to.
    for student in &mut university.registry.students {
        student.inbox.iter_mut().for_each(|item| item.sequence.0 += 1_000);
        student.mark_read(student.read_up_to);
    }
    assert!(check(&university).len() > whole);
}

#[test]
fn more_than_one_block_comes_back() {
    let (mut university, _) = history(3, 100);
    let student = university.registry.students[0].clone();
    let mut students = vec![student; 8_000];
    students[7] = university.registry.students[1].clone();
    university.registry = university.registry.with_students(students, vec![]);
    assert!(check(&university).len() > BLOCK_BYTES * 3 / 2);
}

#[test]
fn a_sinks_error_ends_the_writing() {
    let (university, _) = history(4, 10);
    let mut calls = 0;
    let mut sink = |_: &[u8]| {
        calls += 1;
        if calls == 3 { Err("full") } else { Ok(()) }
    };
    assert_eq!(write_state(&university, &mut sink), Err("full"));
    assert_eq!(calls, 3);
}

#[test]
fn what_is_not_whole_is_an_error() {
    let bytes = written(&history(5, 60).0);
    for length in 0..bytes.len() {
        assert!(read_state(&bytes[..length]).is_err(), "cut at {length}");
    }
    let left = [&bytes[..], &[0]].concat();
    assert!(matches!(read_state(left.as_slice()), Err(StateError::Inconsistent(_))));
    let newer = [&[VERSION + 1], &bytes[1..]].concat();
    let error = read_state(newer.as_slice()).unwrap_err().to_string();
    assert!(error.contains("made by a newer Sluis"), "{error}");
}

/// The bytes of a fixture.
fn fixture(text: &str) -> Vec<u8> {
    let digits = text.trim().as_bytes().chunks(2);
    digits.map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
}

/// A state of version 1: what a version wrote, later ones read.
#[test]
fn a_state_of_version_1_is_read() {
    let bytes = fixture(include_str!("../../../tests/fixtures/state-v1.hex"));
    assert_eq!(bytes[0], 1);
    let university = read_state(bytes.as_slice()).unwrap();
    let registry = &university.registry;
    assert_eq!((registry.students.len(), registry.sequence.0), (12, 75));
    assert!(registry.students.iter().all(|s| s.account.is_empty()));
    assert!(registry.students.iter().any(|s| !s.enrolments.is_empty()));
    assert!(registry.student_id("s3").is_some() && registry.catalogue_changes.0 == 0);
    check(&university);
}

/// A state of version 2: read; the newest writes it alike, but for its number.
#[test]
fn a_state_of_version_2_is_read_and_written_alike() {
    let bytes = fixture(include_str!("../../../tests/fixtures/state-v2.hex"));
    assert_eq!((bytes[0], VERSION), (2, 3));
    let university = read_state(bytes.as_slice()).unwrap();
    let has = |what: fn(&Account) -> bool| {
        assert!(university.registry.students.iter().any(|s| what(&s.account)));
    };
    has(|account| !account.results().is_empty());
    has(|account| !account.devices.is_empty());
    has(|account| account.signed_out.0 > 0);
    has(|account| account.calendar.is_some());
    has(|account| account.preferences != Preferences::default());
    let results = |i: &InboxItem| matches!(i.notice, Notice::Result { .. });
    assert!(university.registry.students.iter().any(|s| s.inbox.iter().any(results)));
    assert_eq!(check(&university)[1..], bytes[1..], "no swaps were counted in version 2");
}

/// Version 3 adds the number of swaps, where there were any.
#[test]
fn swaps_are_counted_in_version_3() {
    let mut university = history(6, 40).0;
    university.registry.swaps = 0;
    let without = check(&university).len();
    university.registry.swaps = 300;
    assert_eq!(check(&university).len(), without + BLOCK_HEADER_BYTES + 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_state_comes_back_as_it_was(seed in any::<u64>(), commands in 0_u32..300) {
        check(&history(seed, commands).0);
    }

    #[test]
    fn altered_bytes_are_a_state_or_an_error(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = written(&history(6, 60).0);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read_state(bytes.as_slice());
    }
}
