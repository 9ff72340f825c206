//! The journal against killed processes, a second process and a full disk.

use std::path::Path;
use std::time::{Duration, Instant};

use sluis::domain::ids::StudentId;
use sluis::journal::{self, Journal, JournalError, Keys};

use super::journal_child::{Acked, Orders, check_at, spawn};
use super::powercut::{Mount, Running, can_mount_tmpfs, seed};
use super::support::Moments;

const KILLS: u64 = 100;

/// Waits until the child has noted something; whether it did.
fn wait_for_acked(path: &Path) -> bool {
    for _ in 0..5_000 {
        if Acked::read(path).records > 0 {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

/// How long a start takes here and now, until something is acknowledged.
fn start(data: &Path, acked: &Path) -> Duration {
    let started = Instant::now();
    let child = Running(spawn(Orders::AppendAndSnapshot, data, acked));
    assert!(wait_for_acked(acked));
    drop(child);
    started.elapsed()
}

/// Lets a child run for a moment that falls within its start, or a little after it.
fn kill_within(child: Running, moments: &mut Moments) {
    std::thread::sleep(moments.draw());
    drop(child);
}

#[test]
fn killed_during_its_first_start_it_always_opens_again() {
    let (seed, mut before, mut after) = (seed(), 0, 0);
    let other = tempfile::tempdir().unwrap();
    let start = start(&other.path().join("data"), &other.path().join("acked"));
    let mut moments = Moments::within(start * 3 / 2, seed);
    for kill in 0..KILLS {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let acked = directory.path().join("acked");
        let child = Running(spawn(Orders::Append, &data, &acked));
        match kill {
            // The first at once, the second when it has begun: both ends are there in each run.
            0 => drop(child),
            1 => {
                assert!(wait_for_acked(&acked));
                drop(child);
            }
            _ => kill_within(child, &mut moments),
        }
        let there = data.join("journal").exists();
        (before, after) = (before + u64::from(!there), after + u64::from(there));
        let told = Acked::read(&acked);
        moments.was(told.records > 0);
        check_at(&data, told).unwrap();
    }
    println!("killed before the journal was in place: {before}, after: {after}");
    assert!(before > 0 && after > 0, "the kills all fell on one side");
}

#[test]
fn killed_during_any_later_start_it_always_opens_again() {
    let seed = seed();
    let directory = tempfile::tempdir().unwrap();
    let (data, acked) = (directory.path().join("data"), directory.path().join("acked"));
    let mut moments = Moments::within(start(&data, &acked) * 3 / 2, seed);
    for kill in 0..KILLS {
        let child = Running(spawn(Orders::AppendAndSnapshot, &data, &acked));
        kill_within(child, &mut moments);
        // Every third time the next start is the child's: a start after a kill, killed again.
        if kill % 3 > 0 || kill == KILLS - 1 {
            check_at(&data, Acked::read(&acked)).unwrap();
        }
    }
    let told = Acked::read(&acked);
    println!("{told:?} after {KILLS} kills");
    assert!(Keys::look(&data).unwrap().has(StudentId(0)), "nothing was ever sealed");
}

#[test]
fn a_second_process_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (data, acked) = (directory.path().join("data"), directory.path().join("acked"));
    let child = Running(spawn(Orders::Append, &data, &acked));
    assert!(wait_for_acked(&acked));
    let since = Instant::now();
    let refused = journal::sled::open(&data).unwrap_err();
    let patience = Duration::from_millis(sluis::limits::JOURNAL_LOCK_WAIT_MS_MAX);
    assert!(since.elapsed() >= patience, "a process that is ending gets a moment");
    assert!(matches!(refused, JournalError::Locked { .. }), "{refused}");
    assert!(refused.to_string().contains("in use by another process"));
    drop(child);
    check_at(&data, Acked::read(&acked)).unwrap();
}

#[test]
fn a_full_disk_is_an_error_and_loses_nothing_acknowledged() {
    if !can_mount_tmpfs("a_full_disk_is_an_error_and_loses_nothing_acknowledged") {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let acked = directory.path().join("acked");
    let mount = Mount::tmpfs("24m", &directory.path().join("small")).expect("it mounts");
    let data = mount.path().join("data");
    let mut child = Running(spawn(Orders::Fill, &data, &acked));
    let mut ended = None;
    for _ in 0..3_000 {
        ended = child.0.try_wait().unwrap();
        if ended.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let code = ended.and_then(|status| status.code());
    assert_eq!(code, Some(7), "the child should report the full disk and end");
    let told = Acked::read(&acked);
    assert!(told.records > 10_000, "only {told:?} before the disk was full");

    // Still full: opening may fail, with a way out, but must not make things worse.
    if let Err(e) = journal::sled::open(&data) {
        println!("while full: {e}");
    }
    assert!(super::powercut::run(
        "mount",
        &["-o", "remount,size=64m", mount.path().to_str().unwrap()]
    ));
    let last = check_at(&data, told).unwrap();
    println!("{} acknowledged before the disk was full, {last} there", told.records);
    let mut journal = journal::sled::open(&data).unwrap();
    let next = journal.durable().next();
    let mut buffer = journal::RecordBuffer::starting_at(next);
    buffer.push(b"and on").unwrap();
    journal.append(buffer.records()).unwrap();
    journal.flush().unwrap();
}
