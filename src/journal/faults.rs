//! What the journal does when the disk fails, tears or rots.

use std::sync::mpsc::channel;
use std::time::Duration;

use super::conformance::{commit, record, replayed};
use super::error::JournalError;
use super::inspect;
use super::memory::{Disk, Stored, Torn};
use super::{Journal, Manifest, RecordBuffer, Writer};
use crate::domain::ids::Sequence;
use crate::limits::{JOURNAL_PENDING_BYTES_MAX, JOURNAL_RECORD_BYTES_MAX};

/// A journal of some commits of 40 records, closed without noting how far it was durable.
fn disk_with(commits: u64) -> Disk {
    let disk = Disk::new();
    let mut journal = disk.open().unwrap();
    for _ in 0..commits {
        commit(&mut journal, 40).unwrap();
    }
    disk
}

fn stage(journal: &mut dyn Journal, count: u64) -> usize {
    let mut buffer = RecordBuffer::starting_at(journal.durable().next());
    for _ in 0..count {
        buffer.push(&record(buffer.next().0)).unwrap();
    }
    journal.append(buffer.records()).unwrap().entries
}

/// Damaged, at this sequence; the place also shows in the message.
fn assert_damaged<T: std::fmt::Debug>(result: Result<T, JournalError>, at: u64) {
    let error = result.unwrap_err();
    let JournalError::Damaged { place, .. } = &error else { panic!("{error}") };
    assert_eq!(place.sequence, Sequence(at), "{error}");
    assert!(error.to_string().contains(&format!("sequence {at}")));
    assert!(error.to_string().contains("restore the latest backup"));
}

#[test]
fn after_any_cut_all_that_was_told_is_there_and_only_that_commit_may_go() {
    let entries = {
        let disk = disk_with(3);
        let mut journal = disk.open().unwrap();
        stage(&mut journal, 40)
    };
    assert!(entries > 5);
    let cuts = (0..=entries).flat_map(|n| [Torn::Changes(n), Torn::HalfChange(n)]);
    for torn in cuts.chain([Torn::Nothing, Torn::Everything]) {
        let disk = disk_with(3);
        let mut journal = disk.open().unwrap();
        stage(&mut journal, 40);
        disk.crash(torn);
        assert!(journal.flush().is_err(), "dead after the cut");
        let journal = disk.open().unwrap();
        let whole = matches!(torn, Torn::Everything)
            || matches!(torn, Torn::Changes(n) | Torn::HalfChange(n) if n == entries);
        let expected = if whole { 160 } else { 120 };
        assert_eq!(replayed(&journal.reader(), 1).unwrap(), expected, "{torn:?}");
        let clean = whole || matches!(torn, Torn::Nothing | Torn::Changes(0));
        assert_eq!(journal.removed_tail().is_none(), clean, "{torn:?}");
        // The tail is gone for good, and what comes next is not confused by it.
        disk.crash(Torn::Nothing);
        let mut journal = disk.open().unwrap();
        assert_eq!(journal.removed_tail(), None);
        commit(&mut journal, 40).unwrap();
        disk.crash(Torn::Nothing);
        let journal = disk.open().unwrap();
        assert_eq!(journal.removed_tail(), None);
        assert_eq!(replayed(&journal.reader(), 1).unwrap(), expected + 40);
    }
}

#[test]
fn a_torn_first_commit_leaves_an_empty_journal() {
    let disk = Disk::new();
    let mut journal = disk.open().unwrap();
    stage(&mut journal, 40);
    disk.crash(Torn::HalfChange(1));
    let journal = disk.open().unwrap();
    assert_eq!(journal.durable(), Sequence(0));
    assert_eq!(journal.removed_tail().map(|tail| tail.entries), Some(2));
}

#[test]
fn a_flipped_bit_before_later_commits_is_damage_with_a_place() {
    for sequence in [1, 20, 41, 79] {
        for bit in [0, 33, 100, 170, 3_000] {
            let disk = disk_with(3);
            assert!(disk.flip(Stored::Entry(Sequence(sequence)), bit));
            let faults = inspect::verify_store(&disk.open_store().unwrap()).unwrap();
            assert_eq!(faults.len(), 1, "{faults:?}");
            let at = faults[0].place.sequence.0;
            assert!(at <= sequence);
            let journal = disk.open().unwrap();
            assert_damaged(journal.reader().replay(Sequence(1), &mut |_, _| Ok(())), at);
            // What comes after the fault can still be read, from there.
            assert_eq!(replayed(&journal.reader(), 81).unwrap(), 120);
        }
    }
}

#[test]
fn a_lost_entry_before_later_commits_is_damage_with_a_place() {
    for sequence in [1, 20, 60] {
        let disk = disk_with(3);
        assert!(disk.lose(Stored::Entry(Sequence(sequence))));
        let journal = disk.open().unwrap();
        let error = journal.reader().replay(Sequence(1), &mut |_, _| Ok(())).unwrap_err();
        assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
    }
}

#[test]
fn more_than_one_broken_commit_at_the_end_is_damage() {
    let disk = disk_with(4);
    for sequence in 81..=120 {
        disk.lose(Stored::Entry(Sequence(sequence)));
    }
    disk.lose(Stored::Entry(Sequence(160)));
    assert!(matches!(disk.open(), Err(JournalError::Damaged { .. })));
}

#[test]
fn a_broken_end_that_was_noted_as_durable_is_damage() {
    for spoil in [Disk::lose, |disk: &Disk, stored| disk.flip(stored, 77)] {
        // Every commit is noted, not only the close.
        let disk = disk_with(2);
        assert!(spoil(&disk, Stored::Entry(Sequence(80))));
        assert_damaged(disk.open(), 41);
        assert!(!inspect::verify_store(&disk.open_store().unwrap()).unwrap().is_empty());
    }
}

#[test]
fn a_failed_write_or_flush_is_final() {
    for fail in [Disk::fail_next_append, Disk::fail_next_flush] {
        let disk = disk_with(1);
        let mut journal = disk.open().unwrap();
        fail(&disk);
        assert!(matches!(commit(&mut journal, 1), Err(JournalError::Io { .. })));
        let syncs = disk.syncs();
        assert!(matches!(journal.flush(), Err(JournalError::Stopped { .. })));
        let mut more = RecordBuffer::starting_at(Sequence(42));
        more.push(b"x").unwrap();
        assert!(journal.append(more.records()).is_err());
        assert_eq!((disk.syncs(), journal.durable()), (syncs, Sequence(40)), "tried again");
    }
}

#[test]
fn a_fault_is_told_once_and_the_writer_stops() {
    for fail in [Disk::fail_next_append, Disk::fail_next_flush] {
        let disk = Disk::new();
        let (send, faults) = channel();
        let on_fault = Box::new(move |e: &JournalError| send.send(e.to_string()).unwrap());
        let journal = Box::new(disk.open().unwrap());
        let writer = Writer::start(journal, Sequence(1), Box::new(|_, _| ()), on_fault).unwrap();
        fail(&disk);
        let mut buffer = RecordBuffer::starting_at(Sequence(1));
        buffer.push(b"lost").unwrap();
        writer.append(&mut buffer).unwrap();
        assert!(faults.recv().unwrap().contains("told to fail"));
        assert!(faults.recv().is_err(), "told twice");
        assert_eq!(writer.durable(), Sequence(0));
        buffer.push(b"more").unwrap();
        assert!(matches!(writer.append(&mut buffer), Err(JournalError::Stopped { .. })));
        assert!(matches!(writer.snapshot(Sequence(0)), Err(JournalError::Stopped { .. })));
        assert!(writer.close().is_err());
    }
}

#[test]
fn a_panic_in_the_writer_is_a_fault() {
    let (send, faults) = channel();
    let on_fault = Box::new(move |e: &JournalError| send.send(e.to_string()).unwrap());
    let journal = Box::new(Disk::new().open().unwrap());
    let on_durable = Box::new(|_, _: &_| panic!("on purpose"));
    let writer = Writer::start(journal, Sequence(1), on_durable, on_fault).unwrap();
    writer.nudge();
    assert!(faults.recv().unwrap().contains("panicked"));
}

#[test]
fn while_the_disk_stalls_nothing_is_told_and_what_waits_is_bounded() {
    let disk = Disk::new();
    let (send, told) = channel();
    let on_durable = Box::new(move |durable, _: &_| send.send(durable).unwrap());
    let journal = Box::new(disk.open().unwrap());
    let on_fault = Box::new(|e: &JournalError| panic!("{e}"));
    let writer = Writer::start(journal, Sequence(1), on_durable, on_fault).unwrap();
    disk.stall();
    let mut buffer = RecordBuffer::starting_at(Sequence(1));
    let mut accepted = 0;
    let full = loop {
        for _ in 0..1_000 {
            buffer.push(&[0; JOURNAL_RECORD_BYTES_MAX]).unwrap();
        }
        match writer.append(&mut buffer) {
            Ok(()) => accepted += 1_000,
            Err(full) => break full,
        }
    };
    let JournalError::Full { pending_bytes } = full else { panic!("{full}") };
    assert!(pending_bytes <= JOURNAL_PENDING_BYTES_MAX);
    assert_eq!((buffer.len(), writer.written()), (1_000, Sequence(accepted)));
    assert!(told.recv_timeout(Duration::from_millis(20)).is_err());
    disk.resume();
    while told.recv().unwrap() != Sequence(accepted) {}
    writer.append(&mut buffer).unwrap();
    while told.recv().unwrap() != Sequence(accepted + 1_000) {}
    writer.close().unwrap();
}

#[test]
fn closing_on_a_stalled_disk_gives_up_in_time() {
    let disk = Disk::new();
    let journal = Box::new(disk.open().unwrap());
    let on_fault = Box::new(|_: &JournalError| ());
    let writer = Writer::start(journal, Sequence(1), Box::new(|_, _| ()), on_fault).unwrap();
    disk.stall();
    let error = writer.close().unwrap_err();
    assert!(error.to_string().contains("does not answer"), "{error}");
    disk.resume();
}

/// A journal with snapshots at 40 and 80, the second of several chunks.
fn disk_with_snapshots() -> Disk {
    let disk = Disk::new();
    let mut journal = disk.open().unwrap();
    for bytes in [vec![1; 100], vec![2; 20_000]] {
        commit(&mut journal, 40).unwrap();
        let next = journal.durable().next();
        let ignore = Box::new(|e: &JournalError| panic!("{e}"));
        let writer = Writer::start(Box::new(journal), next, Box::new(|_, _| ()), ignore).unwrap();
        let mut sink = writer.snapshot(writer.durable()).unwrap();
        sink.write(&bytes).unwrap();
        sink.finish().unwrap();
        writer.close().unwrap();
        journal = disk.open().unwrap();
    }
    disk
}

#[test]
fn a_damaged_snapshot_is_passed_over_and_reported() {
    let newest = Sequence(80);
    let spoils: [fn(&Disk, Stored) -> bool; 2] =
        [Disk::lose, |disk: &Disk, stored| disk.flip(stored, 1234)];
    for spoil in spoils {
        let parts = [Stored::Chunk(newest, 0), Stored::Chunk(newest, 4), Stored::Manifest(newest)];
        for part in parts {
            let disk = disk_with_snapshots();
            assert!(spoil(&disk, part));
            let latest = disk.open().unwrap().reader().latest_snapshot().unwrap();
            let snapshot = latest.snapshot.unwrap();
            assert_eq!((snapshot.sequence, snapshot.bytes), (Sequence(40), vec![1; 100]));
            let gone = part == Stored::Manifest(newest) && latest.damaged.is_empty();
            assert!(gone || latest.damaged[0].sequence == newest, "{part:?}");
        }
    }
}

#[test]
fn with_every_snapshot_damaged_the_journal_is_replayed_whole() {
    let disk = disk_with_snapshots();
    disk.flip(Stored::Chunk(Sequence(40), 0), 500);
    disk.flip(Stored::Chunk(Sequence(80), 2), 500);
    let journal = disk.open().unwrap();
    let latest = journal.reader().latest_snapshot().unwrap();
    assert_eq!((latest.snapshot, latest.damaged.len()), (None, 2));
    assert_eq!(replayed(&journal.reader(), 1).unwrap(), 80);
    drop(journal);
    assert_eq!(inspect::verify_store(&disk.open_store().unwrap()).unwrap().len(), 2);
}

#[test]
fn a_journal_shorter_than_its_snapshot_is_damage() {
    let disk = disk_with_snapshots();
    for sequence in (41..=80).rev() {
        disk.lose(Stored::Entry(Sequence(sequence)));
    }
    assert!(matches!(disk.open(), Err(JournalError::Damaged { .. })));
}

/// The manifest of a snapshot of one chunk: the byte 9, a hundred times.
fn manifest(sequence: u64, digest: [u8; 32]) -> Manifest {
    Manifest { sequence: Sequence(sequence), bytes: 100, chunks: 1, digest }
}

fn digest() -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest([9; 100]).into()
}

#[test]
fn a_snapshot_whose_digest_is_wrong_is_passed_over() {
    for (digest, whole) in [(digest(), true), ([0; 32], false)] {
        let mut journal = disk_with(1).open().unwrap();
        journal.snapshot_put(Sequence(40), 0, &[9; 100]).unwrap();
        journal.snapshot_finish(&manifest(40, digest)).unwrap();
        let latest = journal.reader().latest_snapshot().unwrap();
        assert_eq!((latest.snapshot.is_some(), latest.damaged.is_empty()), (whole, whole));
    }
}

#[test]
fn no_manifest_is_written_before_its_chunks_are_durable() {
    let disk = disk_with(1);
    let mut journal = disk.open().unwrap();
    journal.snapshot_put(Sequence(40), 0, &[9; 100]).unwrap();
    disk.fail_next_flush();
    assert!(journal.snapshot_finish(&manifest(40, digest())).is_err());
    disk.crash(Torn::Everything);
    let latest = disk.open().unwrap().reader().latest_snapshot().unwrap();
    assert_eq!((latest.snapshot, latest.damaged), (None, Vec::new()));
}

#[test]
fn pruning_leaves_a_snapshot_in_the_making_alone() {
    let mut journal = disk_with(2).open().unwrap();
    journal.snapshot_put(Sequence(40), 0, &[9; 100]).unwrap();
    journal.snapshot_finish(&manifest(40, digest())).unwrap();
    journal.snapshot_begin(Sequence(80)).unwrap();
    journal.snapshot_put(Sequence(80), 0, &[9; 100]).unwrap();
    assert!(!journal.snapshot_prune().unwrap());
    journal.snapshot_finish(&manifest(80, digest())).unwrap();
    assert_eq!(journal.reader().snapshot().unwrap().unwrap().sequence, Sequence(80));
}
