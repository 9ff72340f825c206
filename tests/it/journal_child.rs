//! A process that writes a journal until it is killed, and notes outside of it what was
//! acknowledged. It is this test binary, started again with its orders in the environment. Of each
//! eight records one is a student's, sealed with her key: a record that is there and does not open
//! is as bad as one that is lost.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sluis::domain::ids::{Sequence, StudentId};
use sluis::journal::keys::{Keys, Seal};
use sluis::journal::{self, Journal, JournalError, JournalReader, RecordBuffer, Writer};

const ORDERS: &str = "SLUIS_TEST_JOURNAL_CHILD";
const DATA: &str = "SLUIS_TEST_JOURNAL_DATA";
const ACKED: &str = "SLUIS_TEST_JOURNAL_ACKED";

/// What the child does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Orders {
    /// Append, now and then in big batches.
    Append,
    /// Append, and write one snapshot after another.
    AppendAndSnapshot,
    /// Append without our own fdatasync: the control.
    AppendWithoutSync,
    /// Append what fits, as fast as it goes, until an error; exit 7 after it.
    Fill,
}

/// What the child noted: the last acknowledged sequence, and that of the last whole snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Acked {
    pub records: u64,
    pub snapshot: u64,
}

impl Acked {
    pub fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_default();
        let at = |from: usize| {
            let number = bytes.get(from..from + 8).and_then(|b| b.try_into().ok());
            number.map_or(0, u64::from_le_bytes)
        };
        Self { records: at(0), snapshot: at(8) }
    }
}

/// A small generator of scattered numbers.
pub fn scatter(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The record that has this sequence, always the same: 16 to 143 bytes, now and then 2 KiB.
fn record(sequence: u64, out: &mut Vec<u8>) {
    let mixed = scatter(sequence);
    let length = if mixed.is_multiple_of(500) { 2048 } else { 16 + mixed as usize % 128 };
    out.extend((0..length).map(|i| (mixed >> (i % 57)) as u8));
}

/// Records between two that are sealed.
const SEALED_ONE_IN: u64 = 8;
/// Records in which a new student comes, and such a stretch of them: in the next one the same
/// students come again, so that there are commits with a new key and many without.
const RECORDS_OF_ONE: u64 = 64;
const STRETCH: u64 = 160 * RECORDS_OF_ONE;

/// Whose the record with this sequence is, if it is sealed.
fn owner(sequence: u64) -> Option<StudentId> {
    let before = sequence / (2 * STRETCH) * (STRETCH / RECORDS_OF_ONE);
    let within = sequence % STRETCH / RECORDS_OF_ONE;
    sequence.is_multiple_of(SEALED_ONE_IN).then(|| StudentId((before + within) as u32))
}

/// Appends the record that has this sequence as it is stored.
fn stored(sequence: u64, keys: &Keys, out: &mut Vec<u8>) {
    let Some(student) = owner(sequence) else { return record(sequence, out) };
    let mut plain = Vec::new();
    record(sequence, &mut plain);
    match keys.seal(student, &sequence.to_le_bytes(), &plain) {
        Seal::Sealed(sealed) => out.extend(sealed),
        other => panic!("record {sequence}: {other:?}"),
    }
}

/// What is stored as the record that has this sequence, opened; or what is wrong with it.
fn opened(sequence: u64, keys: &Keys, found: &[u8]) -> Result<Vec<u8>, String> {
    let Some(student) = owner(sequence) else { return Ok(found.to_owned()) };
    match keys.unseal(student, &sequence.to_le_bytes(), found) {
        Ok(Some(plain)) => Ok(plain),
        Ok(None) => Err(format!("record {sequence} is there, the key of {student} is not")),
        Err(_) => Err(format!("record {sequence} does not open with the key of {student}")),
    }
}

/// The snapshot that folds up to this sequence, always the same: some 200 kB.
pub fn snapshot(sequence: u64) -> Vec<u8> {
    let length = 150_000 + scatter(sequence) as usize % 100_000;
    (0..length).map(|i| (scatter(sequence ^ (i as u64 / 64)) >> (i % 57)) as u8).collect()
}

/// Starts the child.
pub fn spawn(orders: Orders, data: &Path, acked: &Path) -> Child {
    spawn_through(&[], orders, data, acked)
}

/// Starts the child through another program, such as strace.
pub fn spawn_through(through: &[String], orders: Orders, data: &Path, acked: &Path) -> Child {
    let own = std::env::current_exe().unwrap();
    let mut command = match through.split_first() {
        Some((first, more)) => {
            let mut command = Command::new(first);
            command.args(more).arg(own);
            command
        }
        None => Command::new(own),
    };
    command
        .args(["journal_child::child", "--exact", "--nocapture", "--test-threads=1"])
        .env(ORDERS, format!("{orders:?}"))
        .env(DATA, data)
        .env(ACKED, acked)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Replays all of a journal, opens each seal and compares each record; the last sequence there, or
/// what is wrong.
pub fn check(reader: &JournalReader) -> Result<u64, String> {
    let mut expected = Vec::new();
    let last = reader.replay(Sequence(1), &mut |sequence, found| {
        expected.clear();
        record(sequence.0, &mut expected);
        match opened(sequence.0, reader.keys(), found) {
            Ok(found) if found == expected => Ok(()),
            Ok(_) => Err(JournalError::stopped(format!("record {sequence} differs"))),
            Err(what) => Err(JournalError::stopped(what)),
        }
    });
    last.map(|last| last.0).map_err(|e| e.to_string())
}

/// Opens a journal, and checks that everything acknowledged is there.
pub fn check_at(data: &Path, acked: Acked) -> Result<u64, String> {
    let journal = journal::sled::open(data).map_err(|e| format!("does not open: {e}"))?;
    let reader = journal.reader();
    let last = check(&reader)?;
    if last < acked.records {
        return Err(format!("{} were acknowledged, {last} are there", acked.records));
    }
    let latest = reader.latest_snapshot().map_err(|e| e.to_string())?;
    let newest = latest.snapshot.as_ref().map_or(0, |s| s.sequence.0);
    if newest < acked.snapshot || !latest.damaged.is_empty() {
        return Err(format!(
            "snapshot {} was whole, found {newest}, {:?}",
            acked.snapshot, latest.damaged
        ));
    }
    match latest.snapshot {
        Some(found) if found.bytes != snapshot(newest) => Err(format!("snapshot {newest} differs")),
        _ => Ok(last),
    }
}

/// The child itself; nothing unless started by [`spawn`].
#[test]
fn child() {
    let Ok(orders) = std::env::var(ORDERS) else { return };
    let data = PathBuf::from(std::env::var_os(DATA).unwrap());
    let acked = std::env::var_os(ACKED).unwrap();
    let acked = OpenOptions::new().create(true).truncate(false).write(true).open(acked).unwrap();
    match orders.as_str() {
        "AppendAndSnapshot" => append(&data, &Arc::new(acked), true, true),
        "AppendWithoutSync" => append(&data, &Arc::new(acked), false, true),
        "Fill" => fill(&data, &acked),
        _ => append(&data, &Arc::new(acked), true, false),
    }
}

fn append(data: &Path, acked: &Arc<File>, fdatasync: bool, snapshots: bool) {
    let open = if fdatasync { journal::sled::open } else { journal::sled::open_without_fdatasync };
    let journal = open(data).unwrap();
    let (reader, next) = (journal.reader(), journal.durable().next());
    let keys = reader.keys().clone();
    let notes = Arc::clone(acked);
    let writer = Writer::start(
        Box::new(journal),
        next,
        Box::new(move |durable, _| notes.write_all_at(&durable.0.to_le_bytes(), 0).unwrap()),
        Box::new(|_| std::process::exit(7)),
    );
    let writer = Arc::new(writer.unwrap());
    if snapshots {
        let (writer, acked) = (Arc::clone(&writer), Arc::clone(acked));
        std::thread::spawn(move || make_snapshots(&writer, &reader, &acked));
    }
    let turn = AtomicU64::new(next.0);
    let mut buffer = RecordBuffer::starting_at(next);
    loop {
        let mixed = scatter(turn.fetch_add(1, Ordering::Relaxed));
        // Up to more than a whole commit of 64 entries at once.
        let count = if mixed.is_multiple_of(8) { mixed % 5_000 } else { mixed % 50 };
        for _ in 0..count {
            let sequence = buffer.next().0;
            buffer.push_with(|bytes| stored(sequence, &keys, bytes)).unwrap();
        }
        let _ = writer.append(&mut buffer);
        std::thread::sleep(Duration::from_micros(mixed % 4_000));
    }
}

fn make_snapshots(writer: &Writer, reader: &JournalReader, acked: &File) {
    let mut newest = reader.newest_snapshot().unwrap();
    loop {
        let sequence = reader.durable();
        // One of the same records again takes the place of the one before: there is none meanwhile.
        if sequence == newest {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        newest = sequence;
        let mut sink = writer.snapshot(sequence).unwrap();
        sink.write(&snapshot(sequence.0)).unwrap();
        sink.finish().unwrap();
        acked.write_all_at(&sequence.0.to_le_bytes(), 8).unwrap();
        std::thread::sleep(Duration::from_millis(15));
    }
}

fn fill(data: &Path, acked: &File) {
    let fail = |_: JournalError| -> ! { std::process::exit(7) };
    let mut journal = journal::sled::open(data).unwrap_or_else(|e| fail(e));
    let keys = journal.reader().keys().clone();
    let mut buffer = RecordBuffer::starting_at(journal.durable().next());
    loop {
        for _ in 0..1_000 {
            let sequence = buffer.next().0;
            buffer.push_with(|bytes| stored(sequence, &keys, bytes)).unwrap();
        }
        let mut rest = buffer.records();
        while !rest.is_empty() {
            rest = journal.append(rest).unwrap_or_else(|e| fail(e)).rest;
            journal.flush().unwrap_or_else(|e| fail(e));
            acked.write_all_at(&journal.durable().0.to_le_bytes(), 0).unwrap();
        }
        buffer.clear();
    }
}
