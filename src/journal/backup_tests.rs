//! A backup and what becomes of it.

use super::backup::{self, Backup, BackupError};
use super::digest;
use super::erasures::Agreed;
use super::memory::Disk;
use super::testkit::history;
use super::{Journal, RecordBuffer, conformance, frame, inspect, past, record, state};
use crate::domain::acts::AuditLog;
use crate::domain::ids::{Sequence, Timestamp};
use crate::limits::RESTORE_FLUSH_BYTES;

/// A journal with a random history, in small commits.
fn written(disk: &Disk, seed: u64, events: u32) -> Box<dyn Journal> {
    let mut journal: Box<dyn Journal> = Box::new(disk.open().unwrap());
    let (_, records) = history(seed, events);
    for some in records.chunks(7) {
        let mut buffer = RecordBuffer::starting_at(journal.durable().next());
        for one in some {
            buffer.push_with(|bytes| record::encode(one, bytes).unwrap()).unwrap();
        }
        assert!(journal.append(buffer.records()).unwrap().rest.is_empty());
        journal.flush().unwrap();
    }
    journal
}

fn backed_up(journal: &dyn Journal) -> (Vec<u8>, Backup) {
    let mut bytes = Vec::new();
    let backup = backup::write(&journal.reader(), &mut |some| {
        bytes.extend_from_slice(some);
        Ok(())
    });
    (bytes, backup.unwrap())
}

#[test]
fn what_is_restored_is_what_was_there() {
    for (seed, events) in [(1, 0), (2, 1), (3, 400)] {
        let disk = Disk::new();
        let journal = written(&disk, seed, events);
        let (bytes, made) = backed_up(&*journal);
        assert_eq!(made.bytes, bytes.len() as u64);
        assert_eq!(made.state, digest::of_journal(&journal.reader(), None).unwrap());
        assert_eq!(made.state.sequence, journal.durable());
        assert_eq!(backup::check(&*bytes).unwrap(), made);

        let into = tempfile::tempdir().unwrap();
        let restored = backup::restore(&*bytes, None, into.path(), Timestamp(1)).unwrap();
        assert_eq!(restored, (made, Agreed::default()));
        assert_eq!(inspect::verify(into.path()).unwrap(), []);
        let opened = super::sled::open(into.path()).unwrap();
        assert_eq!(digest::of_journal(&opened.reader(), None).unwrap(), made.state);
        // And it goes on from there.
        assert_eq!(opened.durable(), journal.durable());
    }
}

#[test]
fn a_digest_at_a_sequence_does_not_depend_on_what_follows_or_on_snapshots() {
    let (short, long) = (Disk::new(), Disk::new());
    let (short, long) = (written(&short, 4, 200), written(&long, 4, 500));
    let at = short.durable();
    assert!(long.durable() > at);
    let whole = digest::of_journal(&short.reader(), None).unwrap();
    assert_eq!(digest::of_journal(&long.reader(), Some(at)).unwrap(), whole);
    let beyond = digest::of_journal(&short.reader(), Some(Sequence(u64::MAX))).unwrap();
    assert_eq!(beyond, whole);
    let before = digest::of_journal(&long.reader(), Some(Sequence(at.0 - 1))).unwrap();
    assert_ne!(before.sha256, whole.sha256);
}

#[test]
fn a_snapshot_of_an_older_form_changes_nothing_and_is_no_damage() {
    let disk = Disk::new();
    let journal = written(&disk, 8, 400);
    let (reader, at) = (journal.reader(), journal.durable());
    let whole = past::fold_up_to(&reader, at, || true).unwrap().university;
    assert_ne!(whole.registry.audit, AuditLog::default());
    // As version 2 wrote it: acts were not kept then.
    let mut old = whole.clone();
    old.registry.audit = AuditLog::default();
    let mut bytes = Vec::new();
    let written: std::io::Result<()> = state::write_state(&old, &mut |some| {
        bytes.extend_from_slice(some);
        Ok(())
    });
    written.unwrap();
    bytes[0] = 2;
    let writer = conformance::start(journal);
    conformance::write_snapshot(&writer, at, &bytes).unwrap();
    let read = past::fold_up_to(&reader, at, || true).unwrap();
    assert_eq!((read.snapshot, read.damaged.len()), (Sequence(0), 0));
    assert_eq!(read.university, whole);
    writer.close().unwrap();
}

/// What a version without keys wrote is whole: it is begun with, and what it holds of students stays.
#[test]
fn a_snapshot_from_before_there_were_keys_is_begun_with_and_loses_nothing() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = super::sled::open(data.path()).unwrap();
    let (_, records) = history(8, 400);
    // Records as they were written then.
    for some in records.chunks(7) {
        let mut buffer = RecordBuffer::starting_at(journal.durable().next());
        for one in some {
            buffer.push_with(|bytes| record::encode(one, bytes).unwrap()).unwrap();
        }
        assert!(journal.append(buffer.records()).unwrap().rest.is_empty());
        journal.flush().unwrap();
    }
    let (reader, at) = (journal.reader(), journal.durable());
    assert!(reader.keys().are_made());
    let whole = past::fold_up_to(&reader, at, || true).unwrap().university;
    let mut bytes = Vec::new();
    let written: std::io::Result<()> = state::write_state(&whole, &mut |some| {
        bytes.extend_from_slice(some);
        Ok(())
    });
    written.unwrap();
    assert_eq!(bytes[0], state::PLAIN_VERSION);
    let writer = conformance::start(Box::new(journal));
    conformance::write_snapshot(&writer, at, &bytes).unwrap();
    let read = past::fold_up_to(&reader, at, || true).unwrap();
    assert_eq!((read.snapshot, read.replayed, read.damaged.len()), (at, 0, 0));
    assert_eq!(read.university, whole);
    assert!(whole.registry.students.iter().any(|s| !s.account.results().is_empty()));
    writer.close().unwrap();
}

#[test]
fn every_truncation_is_refused_with_its_place_and_leaves_nothing() {
    let disk = Disk::new();
    let (bytes, _) = backed_up(&*written(&disk, 5, 60));
    for length in 0..bytes.len() {
        match backup::check(&bytes[..length]) {
            Err(BackupError::Foreign(_)) => assert!(length < 13, "{length}"),
            Err(BackupError::Damaged { byte, .. }) => assert!(byte as usize <= length),
            other => panic!("{length}: {other:?}"),
        }
    }
    let into = tempfile::tempdir().unwrap();
    let half = &bytes[..bytes.len() / 2];
    let refused = backup::restore(half, None, into.path(), Timestamp(1)).unwrap_err().to_string();
    assert!(refused.contains("damaged at byte"), "{refused}");
    assert!(refused.contains("before its end mark"), "{refused}");
    let left: Vec<_> = std::fs::read_dir(into.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "the lock alone: {left:?}");
}

#[test]
fn every_altered_byte_is_refused() {
    let disk = Disk::new();
    let (bytes, _) = backed_up(&*written(&disk, 6, 40));
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 0x40;
        assert!(backup::check(&*bad).is_err(), "byte {at}");
    }
    let mut longer = bytes;
    longer.push(0);
    let said = backup::check(&*longer).unwrap_err().to_string();
    assert!(said.contains("something follows"), "{said}");
}

#[test]
fn a_backup_of_a_version_with_another_form_of_state_is_restored_all_the_same() {
    let disk = Disk::new();
    let (mut bytes, made) = backed_up(&*written(&disk, 10, 40));
    let end = bytes.len() - 85;
    // As an older version would have written it: another form, another digest.
    bytes[end + 52] -= 1;
    bytes[end + 60] ^= 1;
    frame::seal(&mut bytes[end..]);
    assert_eq!(backup::check(&*bytes).unwrap(), made, "the digest is this version's");
    bytes[end + 52] += 1;
    frame::seal(&mut bytes[end..]);
    let said = backup::check(&*bytes).unwrap_err().to_string();
    assert!(said.contains("another state"), "{said}");
}

#[test]
fn a_block_that_is_missing_is_named_by_the_record_before_it() {
    let disk = Disk::new();
    let (bytes, made) = backed_up(&*written(&disk, 7, 2_000));
    assert!(made.blocks > 3, "{made:?}");
    let size = |at: usize| 4 + u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let second = 13 + size(13);
    let cut = [&bytes[..second], &bytes[second + size(second)..]].concat();
    match backup::check(&*cut) {
        Err(BackupError::Damaged { byte, after, what }) => {
            assert_eq!(byte as usize, second);
            assert!(after > Sequence(0) && what.contains("records are missing"), "{what}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_restored_over_a_journal_and_another_file_is_no_backup() {
    let disk = Disk::new();
    let (bytes, _) = backed_up(&*written(&disk, 8, 20));
    let into = tempfile::tempdir().unwrap();
    backup::restore(&*bytes, None, into.path(), Timestamp(1)).unwrap();
    let said = backup::restore(&*bytes, None, into.path(), Timestamp(1)).unwrap_err().to_string();
    assert!(said.contains("holds a journal already"), "{said}");
    let said = backup::check(&b"student,course,sections\r\n"[..]).unwrap_err().to_string();
    assert!(said.contains("another kind of file"), "{said}");
    let mut newer = bytes;
    newer[12] = 2;
    let said = backup::check(&*newer).unwrap_err().to_string();
    assert!(said.contains("backup format 2"), "{said}");
}

#[test]
fn a_backup_larger_than_what_is_flushed_at_once_is_restored_whole() {
    let disk = Disk::new();
    let mut journal: Box<dyn Journal> = Box::new(disk.open().unwrap());
    let (_, records) = history(9, 30);
    let mut buffer = RecordBuffer::starting_at(Sequence(1));
    let push = |buffer: &mut RecordBuffer, one: &crate::domain::event::Record| {
        buffer.push_with(|bytes| record::encode(one, bytes).unwrap()).unwrap();
    };
    for one in &records {
        push(&mut buffer, one);
    }
    // A record that changes nothing, again and again.
    let last = records.last().unwrap();
    while buffer.byte_len() < RESTORE_FLUSH_BYTES + RESTORE_FLUSH_BYTES / 4 {
        let event = crate::domain::event::Event::ImportBegun;
        let (courses, students) = (Vec::new(), Vec::new());
        let (sequence, epoch, at) = (buffer.next(), last.epoch, last.at);
        let one = crate::domain::event::Record {
            sequence,
            epoch,
            at,
            courses,
            students,
            act: None,
            event,
        };
        push(&mut buffer, &one);
    }
    let mut rest = buffer.records();
    while !rest.is_empty() {
        rest = journal.append(rest).unwrap().rest;
        journal.flush().unwrap();
    }
    let (bytes, made) = backed_up(&*journal);
    assert!(bytes.len() > RESTORE_FLUSH_BYTES);
    let into = tempfile::tempdir().unwrap();
    assert_eq!(backup::restore(&*bytes, None, into.path(), Timestamp(1)).unwrap().0, made);
    assert_eq!(inspect::verify(into.path()).unwrap(), []);
}
