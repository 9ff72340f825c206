//! An erasure in the journal: whatever is cut short, the directory opens, and what is personal is
//! there or gone; what others rest on is the same throughout.

use std::fs;
use std::path::Path;

use super::digest::{self, StateDigest};
use super::erasures::{self, Agreed, Finished};
use super::fold::Fold;
use super::sled as store;
use super::snapshot::CHUNK_BYTES;
use super::store::{Direction, Table};
use super::testkit::{half_import, history};
use super::{
    Journal, Keys, RecordBuffer, backup, each_act, keys, past, record, renew_snapshots, state,
};
use crate::domain::account::DeviceId;
use crate::domain::catalogue::Item;
use crate::domain::event::{Event, Record};
use crate::domain::ids::{Key, Sequence, StudentId, Timestamp};
use crate::domain::university::University;

pub(super) const ERASED: [StudentId; 2] = [StudentId(3), StudentId(8)];
const AT: Timestamp = Timestamp(1_800_000_000_000);

/// Appends records as a gateway does, sealed.
pub(super) fn append(journal: &mut dyn Journal, records: &[Record]) {
    let keys = journal.reader().keys().clone();
    let mut buffer = RecordBuffer::starting_at(journal.durable().next());
    for one in records {
        buffer.push_with(|bytes| record::encode_sealed(one, &keys, bytes).unwrap()).unwrap();
    }
    let mut rest = buffer.records();
    while !rest.is_empty() {
        rest = journal.append(rest).unwrap().rest;
        journal.flush().unwrap();
    }
}

/// What the directory holds now.
fn read(data: &Path) -> (University, StateDigest) {
    let journal = store::open(data).unwrap();
    let university = past::fold_up_to(&journal.reader(), journal.durable(), || true).unwrap();
    assert_eq!(university.damaged, []);
    let digest = digest::of_journal(&journal.reader(), None).unwrap();
    Box::new(journal).close().unwrap();
    (university.university, digest)
}

/// The same from the journal's first record on, without snapshots.
fn replayed(data: &Path, with_keys: bool) -> University {
    let mut journal = store::open(data).unwrap();
    let keys = if with_keys { journal.reader().keys().clone() } else { Keys::none() };
    let mut fold = Fold::default().with_keys(&keys);
    let replay = journal.replay(Sequence(1), &mut |sequence, bytes| {
        fold.push(sequence, bytes).unwrap();
        Ok(())
    });
    replay.unwrap();
    Box::new(journal).close().unwrap();
    fold.into_university()
}

/// What an opening to write finds left to do, and does.
fn finished(data: &Path) -> Finished {
    let mut journal = store::open(data).unwrap();
    let mut folded = digest::fold_up_to(&journal.reader(), journal.durable()).unwrap();
    erasures::expect_all(&folded.university, journal.reader().keys()).unwrap();
    let found = erasures::finish(&mut journal, &mut folded, AT).unwrap();
    assert_eq!(folded.university.registry.sequence, journal.durable());
    if found.snapshots {
        assert_eq!(journal.reader().newest_snapshot().unwrap(), journal.durable());
    }
    Box::new(journal).close().unwrap();
    found
}

/// Whether the directory has every key that it needs, or what is said.
fn expect_all(data: &Path) -> Result<(), String> {
    let journal = store::open(data).unwrap();
    let folded = digest::fold_up_to(&journal.reader(), journal.durable()).unwrap();
    let found = erasures::expect_all(&folded.university, journal.reader().keys());
    Box::new(journal).close().unwrap();
    found.map_err(|e| e.to_string())
}

pub(super) fn say_erased(university: &mut University) -> Vec<Record> {
    let number = |student: &StudentId| {
        let event = Event::StudentErased(*student);
        let record = university.registry.number(event, 10, AT);
        university.apply(&record);
        record
    };
    ERASED.iter().map(number).collect()
}

fn impersonal(university: &University) -> Vec<u8> {
    let mut out = Vec::new();
    let done = state::write_impersonal::<()>(university, &mut |bytes| {
        out.extend_from_slice(bytes);
        Ok(())
    });
    done.unwrap();
    out
}

#[test]
fn what_is_read_with_all_keys_some_or_none_differs_in_what_is_personal_alone() {
    for seed in 0..12 {
        let data = tempfile::tempdir().unwrap();
        let mut journal = store::open(data.path()).unwrap();
        let (mut university, mut records) = history(seed, 300);
        records.extend(half_import(&mut university));
        append(&mut journal, &records);
        Box::new(journal).close().unwrap();
        assert!(replayed(data.path(), true) == university, "seed {seed}");
        let whole = impersonal(&university);
        assert_eq!(impersonal(&replayed(data.path(), false)), whole, "seed {seed}");
        // Some of them: as after a restore with newer keys.
        let some = Keys::open(data.path()).unwrap();
        some.destroy(&ERASED).unwrap();
        let left = replayed(data.path(), true);
        assert_eq!(impersonal(&left), whole, "seed {seed}");
        let fresh = Keys::open(data.path()).unwrap();
        assert_eq!((fresh.missed(), fresh.destroyed()), (vec![], ERASED.to_vec()));
        for (id, student) in (0..).map(StudentId).zip(&left.registry.students) {
            let was = university.registry.student(id);
            assert_eq!(student.profile.is_withheld(), ERASED.contains(&id), "{id}");
            assert!(ERASED.contains(&id) || student == was, "{id}");
            assert_eq!((&student.enrolments, &student.waiting), (&was.enrolments, &was.waiting));
        }
        assert_eq!(left.sections, university.sections);
        assert!(left.registry.courses == university.registry.courses, "waitlists");
        assert!(left.registry.windows == university.registry.windows, "tickets");
    }
}

/// Each step of an erasure, and the process killed after it.
#[test]
fn an_erasure_cut_short_after_any_step_is_finished_by_the_next_opening() {
    for steps in 0..=3 {
        let data = tempfile::tempdir().unwrap();
        let mut journal = store::open(data.path()).unwrap();
        let (mut university, records) = history(9, 400);
        append(&mut journal, &records);
        renew_snapshots(&mut journal, &university).unwrap();
        let before = university.clone();
        let erased = say_erased(&mut university);
        if steps >= 1 {
            append(&mut journal, &erased);
        }
        if steps >= 2 {
            journal.reader().keys().destroy(&ERASED).unwrap();
        }
        if steps >= 3 {
            renew_snapshots(&mut journal, &university).unwrap();
        }
        // Nothing is closed: the process is gone.
        drop(journal);

        let (found, digest) = read(data.path());
        let expected = if steps == 0 { &before } else { &university };
        assert!(found == *expected, "{steps} steps");
        assert_eq!(digest, digest::of_state(expected));
        let keys = if steps == 1 { ERASED.len() } else { 0 };
        let snapshots = [1, 2].contains(&steps);
        let left = Finished { keys, snapshots };
        assert_eq!(finished(data.path()), left, "{steps} steps");
        let keys = Keys::open(data.path()).unwrap();
        let gone = ERASED.iter().all(|id| keys.is_destroyed(*id));
        assert_eq!(gone, steps > 0, "{steps} steps");
        let (again, _) = read(data.path());
        assert!(again == *expected, "{steps} steps, finished");
        assert_eq!(finished(data.path()), Finished::default(), "once");
    }
}

/// Whether these bytes have this text in them.
fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn what_an_import_that_was_never_finished_has_of_her_goes_with_her() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = store::open(data.path()).unwrap();
    let (mut university, mut records) = history(5, 100);
    records.extend(half_import(&mut university));
    // She has moved to a programme with a name that nothing else has.
    let mut profile = university.registry.student(ERASED[0]).profile.as_ref().clone();
    profile.programme = Some(Key::new("Kunstgeschiedenis").unwrap());
    let event = Event::ImportItem(Item::Student(ERASED[0], Box::new(profile)));
    let record = university.registry.number(event, 9, Timestamp(1_790_000_000_000));
    university.apply(&record);
    records.push(record);
    append(&mut journal, &records);
    let keys = journal.reader().keys().clone();
    let sealed = |university: &University| {
        let mut out = Vec::new();
        let done = state::write_sealed::<()>(university, &keys, &mut |bytes| {
            out.extend_from_slice(bytes);
            Ok(())
        });
        done.unwrap();
        out
    };
    let staged = |university: &University| format!("{:?}", university.registry.staged());
    assert!(staged(&university).contains("Kunstgeschiedenis"));
    assert!(!holds(&sealed(&university), "Kunstgeschiedenis"), "sealed with her key");
    // Erased between the record and the key's end, and after it.
    keys.destroy(&ERASED).unwrap();
    assert!(!holds(&sealed(&university), "Kunstgeschiedenis"), "not written for want of a key");
    let erased = say_erased(&mut university);
    assert!(!staged(&university).contains("Kunstgeschiedenis"));
    append(&mut journal, &erased);
    renew_snapshots(&mut journal, &university).unwrap();
    Box::new(journal).close().unwrap();
    assert!(read(data.path()).0 == university);
    assert!(replayed(data.path(), true) == university);
}

#[test]
fn a_key_is_on_disk_before_the_record_that_needs_it_is_handed_to_the_store() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = store::open(data.path()).unwrap();
    let keys = journal.reader().keys().clone();
    let (_, records) = history(3, 20);
    let mut buffer = RecordBuffer::starting_at(Sequence(1));
    for one in &records {
        buffer.push_with(|bytes| record::encode_sealed(one, &keys, bytes).unwrap()).unwrap();
    }
    assert!(!data.path().join(keys::NAME).exists());
    let rest = journal.append(buffer.records()).unwrap().rest.len();
    assert!(rest < records.len() as u64, "something was handed over");
    // Not flushed: nothing of it is durable.
    assert_eq!(journal.durable(), Sequence(0));
    let found = Keys::look(data.path()).unwrap();
    assert!((0..12).all(|id| found.has(StudentId(id))));
}

#[test]
fn without_its_keys_a_journal_is_refused_and_not_read_as_if_everybody_was_erased() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = store::open(data.path()).unwrap();
    let (university, records) = history(2, 50);
    append(&mut journal, &records);
    Box::new(journal).close().unwrap();
    let (file, aside) = (data.path().join(keys::NAME), data.path().join("aside"));
    fs::rename(&file, &aside).unwrap();
    let error = expect_all(data.path()).unwrap_err();
    let count = university.registry.students.len();
    assert!(error.contains(&format!("the keys of {count} students")), "{error}");
    fs::rename(&aside, &file).unwrap();
    expect_all(data.path()).unwrap();
    assert!(read(data.path()).0 == university);
}

#[test]
fn a_backup_from_before_an_erasure_restores_without_her_where_the_keys_are_newer() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = store::open(data.path()).unwrap();
    let (mut university, records) = history(4, 200);
    append(&mut journal, &records);
    let mut old = Vec::new();
    let made = backup::write(&journal.reader(), &mut |bytes| {
        old.extend_from_slice(bytes);
        Ok(())
    });
    let made = made.unwrap();
    let copies = tempfile::tempdir().unwrap();
    let (before, after) = (copies.path().join("before"), copies.path().join("after"));
    assert!(keys::copy(data.path(), &before).unwrap());
    let whole = university.clone();
    append(&mut journal, &say_erased(&mut university));
    journal.reader().keys().destroy(&ERASED).unwrap();
    assert!(keys::copy(data.path(), &after).unwrap());
    drop(journal);

    assert_eq!(backup::check(&*old).unwrap(), made, "no key is needed to see that it is whole");
    let restored = |copy: Option<&Path>| {
        let into = tempfile::tempdir().unwrap();
        let said = backup::restore(&*old, copy, into.path(), AT);
        said.map(|(found, _)| {
            assert_eq!(found, made, "the same digest with any keys");
            read(into.path()).0
        })
    };
    assert!(restored(Some(&before)).unwrap() == whole);
    let left = restored(Some(&after)).unwrap();
    for (id, student) in (0..).map(StudentId).zip(&left.registry.students) {
        assert_eq!(student.profile.is_withheld(), ERASED.contains(&id), "{id}");
    }
    let error = restored(None).unwrap_err().to_string();
    assert!(error.contains("name a copy of students.keys"), "{error}");
}

/// A start that fails may leave a copy of the store beside it, without keys of its own: nothing of
/// an erased student can be read from it, and the next start that opens removes it.
#[test]
fn a_copy_kept_at_a_start_holds_nothing_readable_of_the_erased_and_goes() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = store::open(data.path()).unwrap();
    let (mut university, records) = history(9, 400);
    append(&mut journal, &records);
    append(&mut journal, &say_erased(&mut university));
    Box::new(journal).close().unwrap();
    // Made after the records of the erasure and before the keys went.
    let kept = data.path().join("journal.kept");
    fs::create_dir_all(kept.join("journal/blobs")).unwrap();
    for entry in fs::read_dir(data.path().join("journal")).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), kept.join("journal").join(entry.file_name())).unwrap();
        }
    }
    Keys::open(data.path()).unwrap().destroy(&ERASED).unwrap();

    // By itself, as whoever takes it away has it: nothing personal of anybody.
    let alone = tempfile::tempdir().unwrap();
    let copied = alone.path().join("journal");
    fs::create_dir_all(copied.join("blobs")).unwrap();
    for entry in fs::read_dir(kept.join("journal")).unwrap().flatten() {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), copied.join(entry.file_name())).unwrap();
        }
    }
    let left = replayed(alone.path(), true);
    assert!(left.registry.students.iter().all(|s| s.profile.is_withheld()));
    assert_eq!(impersonal(&left), impersonal(&university));

    // In the place of a store that a start harmed: with the keys that are left.
    fs::write(data.path().join("journal/db"), "cut").unwrap();
    let (found, _) = read(data.path());
    assert!(found == university, "the others are whole");
    assert!(ERASED.iter().all(|id| found.registry.student(*id).profile.is_erased()));
    assert!(!kept.exists());
}

/// Numbers the events, and applies them.
fn numbered(university: &mut University, events: Vec<Event>) -> Vec<Record> {
    let number = |event| {
        let record = university.registry.number(event, 10, AT);
        university.apply(&record);
        record
    };
    events.into_iter().map(number).collect()
}

/// An import of one new student, who gets the next internal number.
fn import_of(university: &mut University, number: &str) -> (StudentId, Vec<Record>) {
    let id = StudentId(university.registry.students.len() as u32);
    let mut profile = university.registry.student(StudentId(0)).profile.as_ref().clone();
    profile.key = Key::new(number).unwrap();
    let item = Event::ImportItem(Item::Student(id, Box::new(profile)));
    let events = vec![Event::ImportBegun, item, Event::ImportApplied { items: 1 }];
    (id, numbered(university, events))
}

fn backed_up(journal: &dyn Journal) -> Vec<u8> {
    let mut backup = Vec::new();
    let made = backup::write(&journal.reader(), &mut |bytes| {
        backup.extend_from_slice(bytes);
        Ok(())
    });
    made.unwrap();
    backup
}

/// Backup, another import, an erasure; the disk is lost, and the backup restored with the keys of
/// the last day.
#[test]
fn after_a_restore_with_newer_keys_journal_and_keys_agree_and_a_number_is_used_again() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = store::open(data.path()).unwrap();
    let (mut university, records) = history(4, 200);
    append(&mut journal, &records);
    let old = backed_up(&journal);
    let (late, records) = import_of(&mut university.clone(), "s-late");
    append(&mut journal, &records);
    let keys = journal.reader().keys().clone();
    keys.destroy(&[late, ERASED[0], ERASED[1]]).unwrap();
    drop(journal);

    let into = tempfile::tempdir().unwrap();
    let newest = data.path().join(keys::NAME);
    let said = backup::check_with(&*old, Some(&newest)).unwrap().1;
    assert_eq!(said, ERASED, "told before anything is made");
    let (_, agreed) = backup::restore(&*old, Some(&newest), into.path(), AT).unwrap();
    assert_eq!(agreed, Agreed { erased: 2, forgotten: 1 });
    assert_eq!(finished(into.path()), Finished::default());
    let (found, _) = read(into.path());
    let erased = |id: &StudentId| found.registry.student(*id).profile.is_erased();
    assert!(ERASED.iter().all(erased));
    let entry = found.registry.audit.iter().last().unwrap();
    assert!(entry.act.reason.as_ref().unwrap().contains("older backup"), "{entry:?}");

    // Somebody else gets the number that was free in the backup.
    numbered(&mut university, ERASED.map(Event::StudentErased).to_vec());
    let (next, records) = import_of(&mut university, "s-next");
    assert_eq!(next, late);
    let mut journal = store::open(into.path()).unwrap();
    append(&mut journal, &records);
    let since = backed_up(&journal);
    Box::new(journal).close().unwrap();
    // With the keys of before that restore she who has the number now would be erased: it is told.
    assert_eq!(backup::check_with(&*since, Some(&newest)).unwrap().1, [next]);
    let own = into.path().join(keys::NAME);
    assert_eq!(backup::check_with(&*since, Some(&own)).unwrap().1, []);
    let (found, _) = read(into.path());
    assert_eq!(found.registry.student(next).profile.key.as_str(), "s-next");
    assert_eq!(finished(into.path()), Finished::default());
    // Not by restoring, but by hand: nobody is erased for that.
    fs::copy(&newest, into.path().join(keys::NAME)).unwrap();
    let error = expect_all(into.path()).unwrap_err();
    assert!(error.contains("the keys are newer"), "{error}");
    // Whoever had the number before leaves nothing that stands in the way.
    let old = backed_up(&store::open(data.path()).unwrap());
    let again = tempfile::tempdir().unwrap();
    let (_, agreed) = backup::restore(&*old, Some(&newest), again.path(), AT).unwrap();
    assert_eq!(agreed, Agreed { erased: 3, forgotten: 0 });
}

#[test]
fn keys_of_another_journal_are_refused_wherever_they_are_put() {
    let [one, other] = [6, 7].map(|seed| {
        let data = tempfile::tempdir().unwrap();
        let mut journal = store::open(data.path()).unwrap();
        let (_, mut records) = history(seed, 60);
        // Each was begun at a time of its own.
        records[0].at = Timestamp(1_770_000_000_000 + seed);
        append(&mut journal, &records);
        let backup = backed_up(&journal);
        Box::new(journal).close().unwrap();
        (data, backup)
    });
    let theirs = other.0.path().join(keys::NAME);
    let into = tempfile::tempdir().unwrap();
    let error = backup::check_with(&*one.1, Some(&theirs)).unwrap_err().to_string();
    assert!(error.contains("the keys of another journal"), "{error}");
    let error = backup::restore(&*one.1, Some(&theirs), into.path(), AT).unwrap_err().to_string();
    assert!(error.contains("the keys of another journal"), "{error}");
    fs::copy(&theirs, one.0.path().join(keys::NAME)).unwrap();
    for _ in 0..2 {
        let error = store::open(one.0.path()).unwrap_err().to_string();
        assert!(error.contains("put the file of this one back"), "{error}");
    }
    // Keys without a journal, as a start over that was cut short leaves them.
    let left = tempfile::tempdir().unwrap();
    fs::copy(&theirs, left.path().join(keys::NAME)).unwrap();
    let error = backup::restore(&*one.1, None, left.path(), AT).unwrap_err().to_string();
    assert!(error.contains("there are keys already"), "{error}");
    let error = store::open(left.path()).unwrap_err().to_string();
    assert!(error.contains("of a journal that is not here"), "{error}");
    assert_eq!(fs::read(&theirs).unwrap(), fs::read(left.path().join(keys::NAME)).unwrap());
}

/// Students from before there were keys, as they lie in an old journal; since then they have
/// something sealed as well.
fn with_an_open_past(seed: u64) -> (tempfile::TempDir, University) {
    let data = tempfile::tempdir().unwrap();
    let mut journal = store::open(data.path()).unwrap();
    let (mut university, records) = history(seed, 200);
    let mut buffer = RecordBuffer::starting_at(Sequence(1));
    for one in &records {
        buffer.push_with(|bytes| record::encode(one, bytes).unwrap()).unwrap();
    }
    let mut rest = buffer.records();
    while !rest.is_empty() {
        rest = journal.append(rest).unwrap().rest;
        journal.flush().unwrap();
    }
    renew_snapshots(&mut journal, &university).unwrap();
    assert!(!data.path().join(keys::NAME).exists());
    let signed_in = |student: &StudentId| Event::SignedIn {
        student: *student,
        device: DeviceId(1),
        agent: "Firefox on Linux".into(),
        expires: AT,
    };
    let events = ERASED.iter().map(signed_in).collect();
    append(&mut journal, &numbered(&mut university, events));
    Box::new(journal).close().unwrap();
    (data, university)
}

#[test]
fn lost_keys_are_missed_for_students_who_were_there_before_them() {
    let (data, university) = with_an_open_past(5);
    expect_all(data.path()).unwrap();
    assert!(read(data.path()).0 == university);
    let (file, aside) = (data.path().join(keys::NAME), data.path().join("aside"));
    fs::rename(&file, &aside).unwrap();
    let error = expect_all(data.path()).unwrap_err();
    assert!(error.contains("the keys of 2 students"), "{error}");
    assert!(!file.exists());
}

/// Chunks of snapshots in which this text can be read.
fn chunks_with(journal: &dyn Journal, text: &str) -> usize {
    let mut found = 0;
    let view = journal.reader().view;
    let scan = view.scan(Table::Chunks, &[0; 12], Direction::Up, &mut |_, chunk| {
        found += usize::from(holds(chunk, text));
        Ok(true)
    });
    scan.unwrap();
    found
}

/// Killed between the new snapshot's manifest and the end of what it removes: the chunks of the old
/// one are there, all or some, and no manifest names them.
#[test]
fn what_an_erasure_left_of_an_open_snapshot_goes_at_the_next_opening() {
    for left in [usize::MAX, 1] {
        let (data, mut university) = with_an_open_past(8);
        let number = university.registry.student(ERASED[0]).profile.key.as_str().to_owned();
        let mut journal = store::open(data.path()).unwrap();
        let open = journal.reader().snapshot().unwrap().unwrap();
        append(&mut journal, &say_erased(&mut university));
        journal.reader().keys().destroy(&ERASED).unwrap();
        renew_snapshots(&mut journal, &university).unwrap();
        assert_eq!(chunks_with(&journal, &number), 0);
        let bytes = &open.bytes[..open.bytes.len().min(left.saturating_mul(CHUNK_BYTES))];
        journal.snapshot_put(open.sequence, 0, bytes).unwrap();
        journal.flush().unwrap();
        assert!(chunks_with(&journal, &number) > 0, "its number is in the first of them");
        drop(journal);

        finished(data.path());
        let journal = store::open(data.path()).unwrap();
        assert_eq!(chunks_with(&journal, &number), 0, "{left} chunks left");
        Box::new(journal).close().unwrap();
        assert!(read(data.path()).0 == university);
    }
}

/// Killed while the first snapshot was made, and again while she was erased: no manifest says that
/// there are chunks.
#[test]
fn what_an_unfinished_open_snapshot_has_of_the_erased_goes_too() {
    let (data, mut university) = with_an_open_past(8);
    let number = university.registry.student(ERASED[0]).profile.key.as_str().to_owned();
    let mut journal = store::open(data.path()).unwrap();
    let open = journal.reader().snapshot().unwrap().unwrap();
    // What is begun again at the same record does not count until it is whole.
    journal.snapshot_begin(open.sequence).unwrap();
    append(&mut journal, &say_erased(&mut university));
    journal.reader().keys().destroy(&ERASED).unwrap();
    assert_eq!(journal.reader().newest_snapshot().unwrap(), Sequence(0));
    assert!(chunks_with(&journal, &number) > 0);
    drop(journal);

    assert_eq!(finished(data.path()), Finished { keys: 0, snapshots: true });
    let journal = store::open(data.path()).unwrap();
    assert_eq!(chunks_with(&journal, &number), 0);
    Box::new(journal).close().unwrap();
    assert!(read(data.path()).0 == university);
}

#[test]
fn of_the_erased_nothing_is_read_from_records_and_snapshots_of_before_there_were_keys() {
    let (data, mut university) = with_an_open_past(8);
    let number = university.registry.student(ERASED[0]).profile.key.as_str().to_owned();
    let before = university.registry.sequence;
    let mut journal = store::open(data.path()).unwrap();
    append(&mut journal, &say_erased(&mut university));
    journal.reader().keys().destroy(&ERASED).unwrap();
    // Cut short before the snapshots are made new.
    drop(journal);
    let left = Finished { keys: 0, snapshots: true };
    assert_eq!(finished(data.path()), left);

    let journal = store::open(data.path()).unwrap();
    let reader = journal.reader();
    let then = past::fold_up_to(&reader, before, || true).unwrap();
    assert_eq!(then.snapshot, Sequence(0), "the open one is gone");
    let she = then.university.registry.student(ERASED[0]);
    assert!(she.profile.is_withheld(), "{she:?}");
    assert!(she.account.devices.iter().all(|device| device.agent.is_empty()), "{she:?}");
    let shown = format!("{:?}", past::fold_up_to(&reader, journal.durable(), || true).unwrap());
    assert!(!shown.contains(&format!("\"{number}\"")), "{number}");
    let visit = &mut |record: &Record| {
        assert!(!format!("{record:?}").contains(&format!("\"{number}\"")), "{record:?}");
        Ok(())
    };
    assert_eq!(each_act(&reader, visit).unwrap(), journal.durable());
    Box::new(journal).close().unwrap();
}
