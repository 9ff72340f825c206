//! One suite over both journals: what holds in memory, where faults can be made, must be what
//! holds on disk.

use std::sync::mpsc::channel;

use super::error::{JournalError, Result};
use super::inspect;
use super::memory::Disk;
use super::{CommitStats, Journal, JournalReader, RecordBuffer, Writer, sled};
use crate::domain::ids::Sequence;
use crate::limits::{
    JOURNAL_COMMIT_ENTRIES_MAX, JOURNAL_GROUP_RECORDS_MAX, JOURNAL_RECORD_BYTES_MAX,
    SNAPSHOT_COMMIT_ENTRIES_MAX, SNAPSHOTS_KEPT_MAX,
};

/// Somewhere a journal can be opened, closed and opened again.
trait Place {
    fn open(&self) -> Result<Box<dyn Journal>>;
    fn faults(&self) -> Vec<inspect::Fault>;
    fn stats(&self) -> inspect::Stats;
}

impl Place for Disk {
    fn open(&self) -> Result<Box<dyn Journal>> {
        Ok(Box::new(self.open()?))
    }

    fn faults(&self) -> Vec<inspect::Fault> {
        inspect::verify_store(&self.open_store().unwrap()).unwrap()
    }

    fn stats(&self) -> inspect::Stats {
        use super::store::Store;
        inspect::stats_of(&*self.open_store().unwrap().view()).unwrap()
    }
}

impl Place for tempfile::TempDir {
    fn open(&self) -> Result<Box<dyn Journal>> {
        Ok(Box::new(sled::open(self.path())?))
    }

    fn faults(&self) -> Vec<inspect::Fault> {
        inspect::verify(self.path()).unwrap()
    }

    fn stats(&self) -> inspect::Stats {
        inspect::stats(self.path()).unwrap()
    }
}

fn on_both(test: impl Fn(&dyn Place)) {
    test(&Disk::new());
    test(&tempfile::tempdir().unwrap());
}

/// The record that has this sequence.
pub(super) fn record(sequence: u64) -> Vec<u8> {
    let length = [0, 1, 60, 300, JOURNAL_RECORD_BYTES_MAX][sequence as usize % 5];
    vec![sequence as u8; length]
}

/// `count` records, one `append` as far as they fit and one `flush` each.
pub(super) fn commit(journal: &mut dyn Journal, count: u64) -> Result<()> {
    let mut buffer = RecordBuffer::starting_at(journal.durable().next());
    for _ in 0..count {
        buffer.push(&record(buffer.next().0))?;
    }
    let mut rest = buffer.records();
    while !rest.is_empty() {
        rest = journal.append(rest)?.rest;
        journal.flush()?;
    }
    Ok(())
}

/// Every record from `from` on, each compared with what it should be; the last.
pub(super) fn replayed(reader: &JournalReader, from: u64) -> Result<u64> {
    let mut next = from;
    let last = reader.replay(Sequence(from), &mut |sequence, found| {
        assert_eq!((sequence.0, found), (next, &record(next)[..]));
        next += 1;
        Ok(())
    })?;
    assert_eq!(last.0 + 1, next);
    Ok(last.0)
}

pub(super) fn write_snapshot(writer: &Writer, sequence: Sequence, bytes: &[u8]) -> Result<()> {
    let mut sink = writer.snapshot(sequence)?;
    for part in bytes.chunks(777) {
        sink.write(part)?;
    }
    sink.finish().map(|_| ())
}

pub(super) fn start(journal: Box<dyn Journal>) -> Writer {
    let next = journal.durable().next();
    Writer::start(journal, next, Box::new(|_, _| ()), Box::new(|e| panic!("{e}"))).unwrap()
}

fn wait_durable(writer: &Writer, sequence: u64) {
    while writer.durable() < Sequence(sequence) {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[test]
fn what_is_durable_comes_back_from_any_sequence() {
    on_both(|place| {
        let mut journal = place.open().unwrap();
        assert_eq!((journal.durable(), replayed(&journal.reader(), 1).unwrap()), (Sequence(0), 0));
        for count in [1, 2, 100, 5, 400] {
            commit(&mut *journal, count).unwrap();
        }
        journal.close().unwrap();
        let journal = place.open().unwrap();
        assert_eq!(journal.durable(), Sequence(508));
        assert_eq!(journal.removed_tail(), None);
        for from in [0, 1, 2, 3, 104, 105, 507, 508, 509, 600] {
            let last = replayed(&journal.reader(), from.max(1)).unwrap();
            assert_eq!(last, 508.max(from.max(1) - 1), "from {from}");
        }
    });
}

#[test]
fn a_reopened_journal_goes_on_where_it_ended() {
    on_both(|place| {
        for round in 1..=5 {
            let mut journal = place.open().unwrap();
            commit(&mut *journal, 10).unwrap();
            assert_eq!(replayed(&journal.reader(), 1).unwrap(), round * 10);
            journal.close().unwrap();
        }
        assert_eq!(place.faults(), []);
        let stats = place.stats();
        assert_eq!((stats.records, stats.commits), (50, 5));
        assert_eq!((stats.first, stats.last), (Sequence(1), Sequence(50)));
    });
}

#[test]
fn records_out_of_order_are_refused_and_change_nothing() {
    on_both(|place| {
        let mut journal = place.open().unwrap();
        commit(&mut *journal, 3).unwrap();
        for wrong in [1, 3, 5, 99] {
            let mut buffer = RecordBuffer::starting_at(Sequence(wrong));
            buffer.push(b"x").unwrap();
            let refused = journal.append(buffer.records());
            assert!(matches!(refused, Err(JournalError::OutOfOrder { .. })), "{wrong}");
        }
        commit(&mut *journal, 3).unwrap();
        assert_eq!(replayed(&journal.reader(), 1).unwrap(), 6);
    });
}

#[test]
fn a_commit_is_bounded_and_gives_back_the_rest() {
    on_both(|place| {
        let mut journal = place.open().unwrap();
        let mut buffer = RecordBuffer::starting_at(Sequence(1));
        for _ in 0..JOURNAL_COMMIT_ENTRIES_MAX + 5 {
            buffer.push(&[1; JOURNAL_RECORD_BYTES_MAX]).unwrap();
        }
        let staged = journal.append(buffer.records()).unwrap();
        assert_eq!((staged.entries, staged.rest.len()), (JOURNAL_COMMIT_ENTRIES_MAX, 5));
        assert_eq!(journal.durable(), Sequence(0));
        journal.flush().unwrap();
        assert_eq!(journal.durable(), Sequence(JOURNAL_COMMIT_ENTRIES_MAX as u64));
    });
}

#[test]
fn a_reader_sees_only_what_is_durable() {
    on_both(|place| {
        let mut journal = place.open().unwrap();
        commit(&mut *journal, 7).unwrap();
        let reader = journal.reader();
        let mut buffer = RecordBuffer::starting_at(Sequence(8));
        buffer.push(&record(8)).unwrap();
        journal.append(buffer.records()).unwrap();
        assert_eq!(replayed(&reader, 1).unwrap(), 7);
        journal.flush().unwrap();
        assert_eq!(replayed(&reader, 1).unwrap(), 8);
    });
}

#[test]
fn a_second_opening_is_refused() {
    on_both(|place| {
        let journal = place.open().unwrap();
        assert!(matches!(place.open(), Err(JournalError::Locked { .. })));
        drop(journal);
        place.open().unwrap();
    });
}

#[test]
fn snapshots_come_back_and_only_some_are_kept() {
    on_both(|place| {
        let writer = start(place.open().unwrap());
        let reader = writer_with(&writer, 1);
        assert_eq!(reader, 1);
        let chunk = SNAPSHOT_COMMIT_ENTRIES_MAX * 4080;
        for (round, length) in [0, 1, 4080, 4081, chunk, 3 * chunk + 5].into_iter().enumerate() {
            let bytes: Vec<u8> = (0..length).map(|i| (i * 7 + round) as u8).collect();
            let durable = writer_with(&writer, 1);
            write_snapshot(&writer, Sequence(durable), &bytes).unwrap();
        }
        writer.close().unwrap();
        assert_eq!(place.faults(), []);
        let stats = place.stats();
        assert_eq!(stats.snapshots.len(), SNAPSHOTS_KEPT_MAX);
        assert_eq!(stats.snapshots[0].bytes, 3 * chunk as u64 + 5);
        let journal = place.open().unwrap();
        let latest = journal.reader().latest_snapshot().unwrap();
        let snapshot = latest.snapshot.unwrap();
        assert_eq!((snapshot.sequence, latest.damaged), (Sequence(7), Vec::new()));
        assert!(snapshot.bytes.iter().enumerate().all(|(i, byte)| *byte == (i * 7 + 5) as u8));
    });
}

/// Appends `count` records through a writer; the last sequence, once durable.
fn writer_with(writer: &Writer, count: u64) -> u64 {
    let mut buffer = RecordBuffer::starting_at(writer.written().next());
    for _ in 0..count {
        buffer.push(&record(buffer.next().0)).unwrap();
    }
    let last = buffer.next().0 - 1;
    writer.append(&mut buffer).unwrap();
    wait_durable(writer, last);
    last
}

#[test]
fn an_unfinished_snapshot_does_not_count_and_is_cleared_away() {
    on_both(|place| {
        let writer = start(place.open().unwrap());
        for _ in 0..3 {
            let durable = writer_with(&writer, 1);
            let mut sink = writer.snapshot(Sequence(durable)).unwrap();
            sink.write(&vec![1; 200_000]).unwrap();
        }
        let durable = writer_with(&writer, 1);
        write_snapshot(&writer, Sequence(durable), b"whole").unwrap();
        writer.close().unwrap();
        let mut journal = place.open().unwrap();
        assert!(!journal.snapshot_prune().unwrap(), "chunks of dropped snapshots are left");
        let snapshot = journal.reader().snapshot().unwrap().unwrap();
        assert_eq!((snapshot.sequence, &snapshot.bytes[..]), (Sequence(4), &b"whole"[..]));
    });
}

#[test]
fn a_snapshot_must_fit_the_journal_and_be_alone() {
    on_both(|place| {
        let writer = start(place.open().unwrap());
        let durable = writer_with(&writer, 9);
        let refused = |sequence: u64| match writer.snapshot(Sequence(sequence)) {
            Err(JournalError::OutOfOrder { .. }) => true,
            Err(other) => panic!("{other}"),
            Ok(_) => false,
        };
        assert!(refused(durable + 1), "it would fold what is not durable");
        write_snapshot(&writer, Sequence(8), b"first").unwrap();
        assert!(refused(7), "older than the newest");
        write_snapshot(&writer, Sequence(8), b"again").unwrap();
        let sink = writer.snapshot(Sequence(9)).unwrap();
        assert!(matches!(writer.snapshot(Sequence(9)), Err(JournalError::SnapshotBusy)));
        drop(sink);
        writer.close().unwrap();
        let snapshot = place.open().unwrap().reader().snapshot().unwrap().unwrap();
        assert_eq!((snapshot.sequence, &snapshot.bytes[..]), (Sequence(8), &b"again"[..]));
    });
}

#[test]
fn the_writer_tells_of_commits_in_order_and_drains_on_closing() {
    on_both(|place| {
        let journal = place.open().unwrap();
        let (send, told) = channel();
        let tell = move |durable, stats: &CommitStats| send.send((durable, *stats)).unwrap();
        let fault = Box::new(|e: &JournalError| panic!("{e}"));
        let writer = Writer::start(journal, Sequence(1), Box::new(tell), fault).unwrap();
        let mut buffer = RecordBuffer::starting_at(Sequence(1));
        for _ in 0..200 {
            for _ in 0..7 {
                buffer.push(&record(buffer.next().0)).unwrap();
            }
            writer.append(&mut buffer).unwrap();
            assert!(buffer.is_empty());
        }
        assert_eq!(writer.written(), Sequence(1400));
        writer.close().unwrap();
        let told: Vec<_> = told.iter().collect();
        assert!(told.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(told.last().unwrap().0, Sequence(1400));
        assert_eq!(told.iter().map(|(_, stats)| stats.records).sum::<u64>(), 1400);
        assert!(told.iter().all(|(_, s)| s.entries <= JOURNAL_COMMIT_ENTRIES_MAX));
        assert_eq!(replayed(&place.open().unwrap().reader(), 1).unwrap(), 1400);
    });
}

#[test]
fn a_lone_record_after_full_groups_is_not_left_waiting() {
    on_both(|place| {
        let writer = start(place.open().unwrap());
        for _ in 0..300 {
            writer_with(&writer, JOURNAL_GROUP_RECORDS_MAX);
        }
        // The writer now expects a full group; nobody else comes.
        assert_eq!(writer_with(&writer, 1), 300 * JOURNAL_GROUP_RECORDS_MAX + 1);
        writer.close().unwrap();
    });
}

#[test]
fn a_nudge_tells_what_is_durable_without_a_commit() {
    on_both(|place| {
        let mut journal = place.open().unwrap();
        commit(&mut *journal, 4).unwrap();
        let (send, told) = channel();
        let tell = move |durable, stats: &CommitStats| send.send((durable, *stats)).unwrap();
        let fault = Box::new(|e: &JournalError| panic!("{e}"));
        let writer = Writer::start(journal, Sequence(5), Box::new(tell), fault).unwrap();
        writer.nudge();
        assert_eq!(told.recv().unwrap(), (Sequence(4), CommitStats::default()));
        writer.close().unwrap();
        assert_eq!(place.stats().commits, 1);
    });
}

#[test]
fn snapshots_and_records_share_the_writer() {
    on_both(|place| {
        let journal = place.open().unwrap();
        let reader = journal.reader();
        let writer = start(journal);
        writer_with(&writer, 1);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..5_u8 {
                    let sequence = reader.durable();
                    replayed(&reader, 1).unwrap();
                    write_snapshot(&writer, sequence, &vec![round; 150_000]).unwrap();
                }
            });
            for _ in 0..100 {
                writer_with(&writer, 5);
            }
        });
        writer.close().unwrap();
        drop(reader);
        assert_eq!(place.faults(), []);
        assert_eq!(place.stats().records, 501);
    });
}
