//! A disk that fails under the real program: an error at each call site of the journal, at a start
//! and under load; one that is full, read-only or slow. What was told stays; nobody is told
//! anything that is not so; the program ends with 74 and one line that says what to do, and starts
//! again when the disk is well. `SLUIS_SEED=…` repeats a run. Soak, every call up to the k-th:
//! `SLUIS_FAULTS=30 cargo test --release --workspace --locked --test it disk_faults`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sluis::protocol::client::ClientMessage;

use crate::kill::scene::Scene;
use crate::powercut::{Mount, can_mount_tmpfs, count, run, seed};
use crate::support::student::any;
use crate::support::{Process, University, strace, until};

/// A fault under load: in which calls, which, on which file, and what the last line says of it.
type Case = (&'static str, &'static str, &'static str, &'static str);

/// The first few calls belong to the start; from then on all of them fail.
/// sled may fail to wake who waits for a write that failed, depending on who began it: several.
const UNDER_LOAD: [Case; 11] = [
    ("fdatasync", "error=EIO:when=9+", "journal/db", "sync the journal"),
    ("pwrite64", "error=EIO:when=9+", "journal/db", "Input/output error"),
    ("pwrite64", "error=ENOSPC:when=9+", "journal/db", "free space on that disk"),
    ("pwrite64", "error=EROFS:when=9+", "journal/db", "can be written to"),
    ("sync_file_range", "error=EIO:when=9+", "journal/db", "Input/output error"),
    ("sync_file_range", "error=EIO:when=10+", "journal/db", "Input/output error"),
    ("sync_file_range", "error=EIO:when=11+", "journal/db", "Input/output error"),
    ("sync_file_range", "error=EIO:when=12+", "journal/db", "Input/output error"),
    ("sync_file_range", "error=EIO:when=13+", "journal/db", "Input/output error"),
    ("pwrite64", "error=EIO:when=9+", "journal.durable", "journal.durable"),
    ("pwrite64", "error=ENOSPC:when=9+", "journal.durable", "free space on that disk"),
];

/// Ended as a failed disk does: 74, no panic, and one line that says what to do.
#[track_caller]
pub fn ended_well(code: Option<i32>, said: &str, expected: &str, fault: &str) {
    assert_eq!(code, Some(74), "{fault}: {said}");
    let lines: Vec<_> = said.lines().filter(|l| !l.starts_with(char::is_numeric)).collect();
    let told = |line: &&&str| line.starts_with("sluis: ") || line.starts_with("error: ");
    let told: Vec<_> = lines.iter().filter(told).collect();
    assert_eq!(told.len(), 1, "{fault}: one line\n{said}");
    assert!(told[0].contains(expected), "{fault}: {}", told[0]);
    assert!(!said.contains("panicked at src/"), "{fault}: {said}");
    let ways_out = ["start again", "try again"];
    assert!(ways_out.iter().any(|way| told[0].contains(way)), "{fault}: {}", told[0]);
}

#[tokio::test]
async fn a_disk_that_fails_under_load_stops_the_program_and_takes_nothing_that_was_told() {
    if !strace::works(
        "a_disk_that_fails_under_load_stops_the_program_and_takes_nothing_that_was_told",
    ) {
        return;
    }
    let seed = seed();
    let mut scene = Scene::of_small(Process::imported(&Scene::small()), seed).await;
    scene.process.kill();
    let mut told = 0;
    for (calls, fault, file, expected) in UNDER_LOAD {
        let what = format!("{calls} {fault} {file}");
        let path = scene.process.data().join(file);
        scene.process.through(strace::through(calls, fault, &[&path]));
        let said = scene.process.said().len();
        scene.process.start();
        scene.connect().await;
        let fell = scene.rush().await;
        let said = scene.process.said_since(said);
        ended_well(fell.status.and_then(|status| status.code()), &said, expected, &what);
        told += fell.told;
        scene.audit(&what).await;
        scene.process.kill();
    }
    println!("{} faults under load, {told} outcomes told before them", UNDER_LOAD.len());
    assert!(told > 0);
}

/// What a start touches, as it names it and in full.
fn touched(home: &Path) -> Vec<PathBuf> {
    let names = [
        "data",
        "data/lock",
        "data/log.key",
        "data/signin.key",
        "data/serving.json.new",
        "data/journal",
        "data/journal/db",
        "data/journal/conf",
        "data/journal/blobs",
        "data/journal.durable",
        "data/journal.durable.new",
    ];
    names.iter().flat_map(|name| [PathBuf::from(name), home.join(name)]).collect()
}

/// Calls that a start makes on its files.
const AT_A_START: [&str; 11] = [
    "openat",
    "read",
    "pread64",
    "pwrite64",
    "write",
    "fsync",
    "fdatasync",
    "rename",
    "mkdir",
    "statx",
    "flock",
];

/// Starts it with this fault; how it ended and what it said, if it did not serve all the same.
fn start_with(process: &mut Process, calls: &str, k: u64) -> Option<(Option<i32>, String)> {
    let paths = touched(process.data().parent().unwrap());
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    process.through(strace::through(calls, &format!("error=EIO:when={k}"), &paths));
    let said = process.said().len();
    let ended = process.try_start().err();
    process.kill();
    process.through(Vec::new());
    ended.map(|status| (status.code(), process.said_since(said)))
}

#[tokio::test]
async fn a_disk_that_fails_at_a_start_is_told_and_takes_nothing() {
    if !strace::works("a_disk_that_fails_at_a_start_is_told_and_takes_nothing") {
        return;
    }
    let mut scene = Scene::of_small(Process::imported(&Scene::small()), seed()).await;
    scene.connect().await;
    scene.rush_for(Duration::from_millis(300)).await;
    let (mut refused, mut served) = (0, 0);
    for calls in AT_A_START {
        for k in 1..=count("SLUIS_FAULTS", 3) {
            let directory = tempfile::tempdir().unwrap();
            let mut new = Process::bare(directory.path(), None);
            new.flags(&["--empty"]);
            for process in [&mut scene.process, &mut new] {
                match start_with(process, calls, k) {
                    Some((code, said)) => {
                        let what = format!("{calls} failing, the {k}th");
                        // sled does not tell a read that failed from one that found nothing.
                        let error =
                            if calls == "pread64" { "journal" } else { "Input/output error" };
                        ended_well(code, &said, error, &what);
                        refused += 1;
                    }
                    None => served += 1,
                }
            }
            // The disk is well again: what was never begun is begun.
            new.start();
        }
        scene.audit(&format!("starts with {calls} failing")).await;
        scene.process.kill();
    }
    println!("{refused} starts refused, {served} that the fault did not touch");
    assert!(refused > 10);
}

/// One sync takes seconds: nobody is told anything before it ends, reads say busy, then all goes on.
#[tokio::test]
async fn while_one_sync_takes_seconds_reads_say_busy_and_then_everything_comes() {
    if !strace::works("while_one_sync_takes_seconds_reads_say_busy_and_then_everything_comes") {
        return;
    }
    let university = University::of(1).course("A", 1).course("B", 1).window("w", "");
    let mut process = Process::imported(&university);
    process.set("LIMITS__ANSWER_WAIT_MS_MAX", "300");
    let slow = "delay_enter=3000000:when=14";
    process.through(strace::through("fdatasync", slow, &[&process.data().join("journal/db")]));
    process.start();
    process.registrar().post("/api/admin/windows/w/open", "").ok();
    let mut student = process.student("s0000").await;
    let http = process.http("s0000");
    let (mut slowest, mut busy) = (Duration::ZERO, 0);
    for turn in 0..40 {
        let before = http.get("/api/enrolments").json()["enrolments"].clone();
        let since = Instant::now();
        match turn % 2 {
            0 => drop(student.submit("w", &[any("A", false)]).await),
            _ => drop(student.drop_course("A").await),
        }
        let (outcome, mut shown) = (student.outcome("A"), None);
        tokio::pin!(outcome);
        loop {
            tokio::select! {
                told = &mut outcome => {
                    assert_ne!(told.outcome, "refused");
                    // Read when it was on disk and on its way, not seconds before.
                    let early = shown.map_or(Duration::ZERO, |at: Instant| at.elapsed());
                    assert!(early < Duration::from_secs(2), "told {early:?} before it was safe");
                    break;
                }
                () = tokio::time::sleep(Duration::from_millis(200)) => {
                    let http = http.clone();
                    let read = tokio::task::spawn_blocking(move || http.get("/api/enrolments"));
                    let answer = read.await.unwrap();
                    match answer.status {
                        503 => {
                            assert_eq!(answer.problem().1, "busy");
                            assert!(answer.retry_after.is_some());
                            busy += 1;
                        }
                        _ => {
                            if answer.json()["enrolments"] != before {
                                shown.get_or_insert_with(Instant::now);
                            }
                        }
                    }
                }
            }
        }
        slowest = slowest.max(since.elapsed());
        if busy > 0 {
            break;
        }
    }
    println!("the slowest outcome took {slowest:?}, {busy} reads were told busy meanwhile");
    assert!(slowest >= Duration::from_secs(2) && busy > 0);
    // It goes on as before.
    student.send(&ClientMessage::Ping { n: 1 }).await;
    student.submit("w", &[any("B", false)]).await;
    assert_eq!(student.outcome("B").await.outcome, "enrolled");
}

/// A program whose data directory is a small file system of its own.
fn on_a_small_disk(mib: u64) -> (Mount, Process) {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().to_owned();
    let mount = Mount::tmpfs(&format!("{mib}m"), &home.join("data")).expect("it mounts");
    (mount, Process::imported_at(&home, Some(dir), &Scene::small()))
}

/// Fills a disk but for so much, in KiB.
fn fill(at: &Path, but_kib: usize) {
    let piece = vec![7; 16 * 1024];
    let full = (0..).take_while(|n| fs::write(at.join(format!("filler-{n}")), &piece).is_ok());
    let count = full.count();
    // The last one is there in part.
    for n in (0..=count).rev().take(but_kib / 16 + 1) {
        let _ = fs::remove_file(at.join(format!("filler-{n}")));
    }
}

fn empty(at: &Path) {
    for entry in fs::read_dir(at).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("filler-") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_full_disk_stops_the_program_and_with_room_again_it_goes_on() {
    if !can_mount_tmpfs("a_full_disk_stops_the_program_and_with_room_again_it_goes_on") {
        return;
    }
    let (mount, process) = on_a_small_disk(48);
    let mut scene = Scene::of_small(process, seed()).await;
    let mut told = 0;
    for _ in 0..2 {
        scene.connect().await;
        fill(mount.path(), 96);
        let said = scene.process.said().len();
        let fell = scene.rush().await;
        let code = fell.status.and_then(|status| status.code());
        let said = scene.process.said_since(said);
        ended_well(code, &said, "free space on that disk", "a full disk");
        told += fell.told;
        // Still full: a start says the same, and makes nothing worse.
        fill(mount.path(), 0);
        let said = scene.process.said().len();
        if let Err(ended) = scene.process.try_start() {
            let said = scene.process.said_since(said);
            ended_well(ended.code(), &said, "free space on that disk", "a start on a full disk");
        }
        scene.process.kill();
        empty(mount.path());
        scene.audit("a full disk").await;
    }
    println!("{told} outcomes told on a disk that filled up");
    assert!(told > 0);
    scene.process.kill();
    drop(mount);
}

#[tokio::test]
async fn on_a_read_only_disk_it_says_so_and_starts_when_it_can_be_written() {
    if !can_mount_tmpfs("on_a_read_only_disk_it_says_so_and_starts_when_it_can_be_written") {
        return;
    }
    let (mount, process) = on_a_small_disk(48);
    let mut scene = Scene::of_small(process, seed()).await;
    scene.connect().await;
    scene.rush_for(Duration::from_millis(300)).await;
    let remount = |how: &str| {
        let options = format!("remount,{how}");
        until("it can be remounted", || {
            run("mount", &["-o", &options, mount.path().to_str().unwrap()])
        });
    };
    remount("ro");
    let said = scene.process.said().len();
    let ended = scene.process.try_start().expect_err("it serves from a disk it cannot write");
    let said = scene.process.said_since(said);
    ended_well(ended.code(), &said, "can be written to", "a read-only disk");
    remount("rw");
    scene.audit("a read-only disk").await;
    scene.process.kill();
    drop(mount);
}
