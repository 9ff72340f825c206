use proptest::prelude::*;

use super::write::Sink;
use super::*;
use crate::domain::acts::{Author, Place};
use crate::domain::command::Command;
use crate::domain::ids::{CourseId, Key, SectionId, StudentId, Timestamp, WindowId};
use crate::domain::registry::Registry;
use crate::domain::section::SectionStatus;
use crate::domain::student::{InboxItem, Notice};
use crate::domain::university::University;
use crate::journal::keys::Keys;
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

/// Replay makes the whole state again; a state of an older form lacks what came later.
#[test]
fn a_state_of_an_older_form_is_no_use() {
    let bytes = written(&history(4, 20).0);
    for older in 1..PLAIN_VERSION {
        let bytes = [&[older], &bytes[1..]].concat();
        assert!(matches!(read_state(bytes.as_slice()), Err(StateError::Older(v)) if v == older));
    }
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

/// What version 3 has more: a swap's outcome, which is not that of its memo alone.
#[test]
fn a_swap_s_message_keeps_the_course_that_was_given() {
    let swapped = |university: &University| {
        let inboxes = university.registry.students.iter().flat_map(|s| &s.inbox);
        let from = inboxes.filter_map(|item| match &item.notice {
            Notice::Outcome { instead_of, .. } => *instead_of,
            _ => None,
        });
        from.collect::<Vec<_>>()
    };
    let (university, _) = history(8, 400);
    let before = swapped(&university);
    assert!(!before.is_empty(), "the history has swaps");
    let back = read_state(check(&university).as_slice()).unwrap();
    assert_eq!(swapped(&back), before);
}

/// A state of version 3, the newest in which nothing is sealed: read, and written again to the byte.
#[test]
fn a_state_of_version_3_is_read_and_written_alike() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/state-v3.hex");
    if std::env::var_os("SLUIS_FIXTURES").is_some_and(|v| v == "write")
        && !std::path::Path::new(path).exists()
    {
        let digits = written(&acted()).iter().map(|b| format!("{b:02x}")).collect::<String>();
        std::fs::write(path, digits + "\n").unwrap();
    }
    let bytes = fixture(&std::fs::read_to_string(path).expect("SLUIS_FIXTURES=write makes it"));
    assert_eq!((bytes[0], PLAIN_VERSION), (3, 3));
    let university = read_state(bytes.as_slice()).unwrap();
    let registry = &university.registry;
    assert!(registry.windows.iter().any(|w| w.paused));
    assert!(registry.students.iter().any(|s| !s.overrides.is_empty()));
    assert!(registry.audit.iter().any(|e| e.act.reason.is_some()));
    let told = |what: fn(&Notice) -> bool| {
        assert!(registry.students.iter().any(|s| s.inbox.iter().any(|i| what(&i.notice))));
    };
    told(|n| matches!(n, Notice::Placed { .. }));
    told(|n| matches!(n, Notice::Removed { .. }));
    told(|n| matches!(n, Notice::Block { .. }));
    told(|n| matches!(n, Notice::SectionStatus { reason: Some(_), .. }));
    let named = |i: &InboxItem| matches!(i.notice, Notice::Outcome { instead_of: Some(_), .. });
    assert!(registry.students.iter().any(|s| s.inbox.iter().any(named)));
    assert!(registry.swaps > 0);
    assert_eq!(check(&university), bytes);
}

/// Keys of a data directory that goes with the test, one for each student.
fn keys(university: &University) -> (tempfile::TempDir, Keys) {
    let data = tempfile::tempdir().unwrap();
    let keys = Keys::open(data.path()).unwrap();
    for id in 0..university.registry.students.len() as u32 {
        keys.seal(StudentId(id), b"", b"");
    }
    (data, keys)
}

fn collected(write: impl FnOnce(&mut Sink<'_, ()>) -> Result<(), ()>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut sink = |bytes: &[u8]| {
        out.extend_from_slice(bytes);
        Ok(())
    };
    write(&mut sink).expect("a buffer takes everything");
    out
}

fn sealed(university: &University, keys: &Keys) -> Vec<u8> {
    collected(|sink| write_sealed(university, keys, sink))
}

fn impersonal(university: &University) -> Vec<u8> {
    collected(|sink| write_impersonal(university, sink))
}

#[test]
fn a_sealed_state_comes_back_with_its_keys_and_without_them_nothing_personal_does() {
    for (seed, commands) in [(1, 0), (2, 40), (3, 400)] {
        let (mut university, _) = history(seed, commands);
        half_import(&mut university);
        let (_data, keys) = keys(&university);
        let bytes = sealed(&university, &keys);
        assert_eq!(bytes[0], VERSION);
        assert!(read_state_with(bytes.as_slice(), &keys).unwrap() == university, "seed {seed}");
        let left = read_state(bytes.as_slice()).unwrap();
        assert_eq!(impersonal(&left), impersonal(&university));
        assert!(left.registry.students.iter().all(|s| s.profile.is_withheld()));
        assert_eq!(left.registry.student_id("s3"), None);
        let text = format!("{left:?}");
        for secret in ["\"s3\"", "Firefox", "essay"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }
    let text = format!("{:?}", history(3, 400).0);
    assert!(text.contains("Firefox") && text.contains("essay") && text.contains("\"s3\""));
}

#[test]
fn a_student_from_before_there_were_keys_is_written_as_ever_beside_those_who_have_one() {
    let (university, _) = history(4, 300);
    let data = tempfile::tempdir().unwrap();
    let keys = Keys::open(data.path()).unwrap();
    keys.seal(StudentId(3), b"", b"");
    let bytes = sealed(&university, &keys);
    assert!(read_state_with(bytes.as_slice(), &keys).unwrap() == university);
    let left = read_state(bytes.as_slice()).unwrap();
    assert!(left.registry.student_id("s3").is_none() && left.registry.student_id("s4").is_some());
}

/// A state of version 4 and its keys, as they were first written. Seals differ each time.
#[test]
fn a_state_of_version_4_is_read() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/");
    let (path, kept) = (format!("{root}state-v4.hex"), format!("{root}state-v4.keys.hex"));
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>() + "\n";
    if std::env::var_os("SLUIS_FIXTURES").is_some_and(|v| v == "write")
        && !std::path::Path::new(&path).exists()
    {
        let university = acted();
        let (data, keys) = keys(&university);
        std::fs::write(&path, hex(&sealed(&university, &keys))).unwrap();
        keys.sync().unwrap();
        let file = std::fs::read(data.path().join(crate::journal::keys::NAME)).unwrap();
        std::fs::write(&kept, hex(&file)).unwrap();
    }
    let read = |path: &str| fixture(&std::fs::read_to_string(path).expect("it is there"));
    let data = tempfile::tempdir().unwrap();
    let copy = data.path().join("copy");
    std::fs::write(&copy, read(&kept)).unwrap();
    let owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&copy, owner).unwrap();
    crate::journal::keys::put_back(&copy, None, data.path()).unwrap();
    let keys = Keys::look(data.path()).unwrap();
    let bytes = read(&path);
    assert_eq!((bytes[0], VERSION), (4, 4));
    let whole = read_state_with(bytes.as_slice(), &keys).unwrap();
    let left = read_state(bytes.as_slice()).unwrap();
    assert!(whole.registry.student_id("s3").is_some() && left.registry.student_id("s3").is_none());
    assert_eq!(impersonal(&whole), impersonal(&left));
    let words = |u: &University| u.registry.audit.iter().filter(|e| e.act.reason.is_some()).count();
    assert!(words(&whole) > words(&left), "reasons of acts done to students");
    assert!(whole.registry.students.iter().any(|s| !s.overrides.is_empty()));
    assert!(whole.registry.students.iter().any(|s| !s.account.results().is_empty()));
    assert!(left.registry.students.iter().all(|s| s.account.is_empty()));
    check(&whole);
}

#[test]
fn an_altered_seal_is_damage() {
    let (university, _) = history(5, 60);
    let (_data, keys) = keys(&university);
    let (_data, others) = self::keys(&university);
    let bytes = sealed(&university, &keys);
    let error = read_state_with(bytes.as_slice(), &others).unwrap_err();
    assert!(matches!(error, StateError::Damaged { .. }), "{error}");
}

/// A history with every kind of act in it, and a window that is paused at its end.
fn acted() -> University {
    let mut university = history(7, 300).0;
    let by = |command: Command| {
        command
            .by(Author { by: Key::new("registrar").unwrap(), reason: Some("Zaal te klein".into()) })
    };
    let (window, student, course) = (WindowId(1), StudentId(11), CourseId(0));
    let place = |sections: [u32; 2], moved| {
        let sections = sections.map(SectionId).to_vec();
        let (over_capacity, override_checks) = (true, true);
        let place = Place { student, course, sections, moved, over_capacity, override_checks };
        Command::Place(Box::new(place))
    };
    let code = || Key::new("FIN").unwrap();
    let commands = [
        Command::Reset { window, seed: [9; 32], opens_at: None },
        Command::Open(window),
        Command::Pause(window),
        Command::SetStatus(SectionId(2), SectionStatus::Open),
        Command::Remove { student, course },
        Command::SetCapacity(SectionId(1), Some(0)),
        place([0, 1], false),
        place([0, 2], true),
        Command::SetBlock { student, code: code(), blocked: true },
        Command::SetBlock { student: StudentId(3), code: code(), blocked: false },
        Command::SetStatus(SectionId(2), SectionStatus::Cancelled),
        Command::Remove { student, course },
    ];
    for command in commands {
        university.turn(by(command), 1, Timestamp(1_780_000_001_000)).0.ok();
    }
    // The history's swaps are all refused or waiting.
    university.registry.swaps = 2;
    university
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
