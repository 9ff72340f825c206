//! A crash at each point where something becomes durable: the process is killed as it enters its
//! k-th system call of a kind, before the call does anything. These are the calls of the journal
//! as shipped: `pwrite64` and `sync_file_range` from sled's threads, `fdatasync` from the journal's,
//! for a new store `fsync` and `rename`, and for the students' keys `write` and `fsync`. Each
//! thread counts its own.
//! Soak, every point of the real program: `SLUIS_POINTS=120 cargo test --release --workspace
//! --locked --test it crash_points`.

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use sluis::journal::keys;

use crate::journal_child::{Acked, Orders, check_at, spawn_through};
use crate::kill::scene::Scene;
use crate::powercut::{Running, count, seed};
use crate::support::{Process, strace};

/// Points of each kind.
const POINTS: u64 = 40;
/// A child that lives so long has no such point.
const CHILD_LIVES: Duration = Duration::from_secs(15);
const SIGKILL: i32 = 9;

/// Runs a child on a directory of its own and kills it at its k-th call; whether it came to that.
fn crash_child(calls: &str, k: u64) -> bool {
    crash_child_at(calls, None, k)
}

/// The same; where a file of its directory is named, at its k-th call on that one.
fn crash_child_at(calls: &str, file: Option<&str>, k: u64) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let (data, acked) = (directory.path().join("data"), directory.path().join("acked"));
    let file = file.map(|file| data.join(file));
    let paths: Vec<_> = file.as_deref().into_iter().collect();
    let through = strace::through(calls, &format!("signal=SIGKILL:when={k}"), &paths);
    let orders = Orders::AppendAndSnapshot;
    let mut child = Running(spawn_through(&through, orders, &data, &acked));
    let since = Instant::now();
    let crashed = loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            break status.signal() == Some(SIGKILL);
        }
        if since.elapsed() > CHILD_LIVES {
            break false;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    drop(child);
    let told = Acked::read(&acked);
    if let Err(what) = check_at(&data, told) {
        panic!("killed at {calls} {k}, {told:?}: {what}");
    }
    crashed
}

/// As many points as there are of making a store, and what comes after them.
fn every_point(calls: &str) -> u64 {
    let reached = (1..POINTS).take_while(|k| crash_child(calls, *k));
    reached.last().unwrap_or(0)
}

#[test]
fn killed_at_each_point_of_making_a_store_it_opens_again() {
    if !strace::works("killed_at_each_point_of_making_a_store_it_opens_again") {
        return;
    }
    let (syncs, renames) = (every_point("fsync"), every_point("rename"));
    println!("points of making a store: {syncs} fsync, {renames} rename");
    // Its files, its directory, the one around it, and that of the note; each is put in place. A
    // key that is new is synced as well, so that there are always more.
    assert!(syncs >= 6 && renames >= 2, "{syncs} fsync, {renames} rename");
}

#[test]
fn killed_at_each_write_and_sync_the_journal_keeps_all_that_was_told() {
    if !strace::works("killed_at_each_write_and_sync_the_journal_keeps_all_that_was_told") {
        return;
    }
    for calls in ["fdatasync", "sync_file_range", "pwrite64"] {
        let crashed = (1..=POINTS).filter(|k| crash_child(calls, *k)).count() as u64;
        println!("{crashed} crashes at {calls}, of {POINTS}");
        // sled's pool gives each of its threads some of the writes.
        assert!(crashed == POINTS || calls != "fdatasync", "{crashed} of {POINTS} at {calls}");
        assert!(crashed * 2 >= POINTS, "{crashed} of {POINTS} at {calls}");
    }
}

/// A key is written and synced before the record that it seals: at no point there is one without.
#[test]
fn killed_at_each_write_and_sync_of_the_keys_every_record_opens() {
    if !strace::works("killed_at_each_write_and_sync_of_the_keys_every_record_opens") {
        return;
    }
    for calls in ["write", "fsync"] {
        let at = |k: &u64| crash_child_at(calls, Some(keys::NAME), *k);
        let crashed = (1..=POINTS).filter(at).count() as u64;
        println!("{crashed} crashes at {calls} of the keys, of {POINTS}");
        assert_eq!(crashed, POINTS, "at {calls}");
    }
}

/// The real program with students; after each crash everybody finds what she was told.
#[tokio::test]
async fn killed_at_each_commit_the_gateway_keeps_all_that_was_told() {
    if !strace::works("killed_at_each_commit_the_gateway_keeps_all_that_was_told") {
        return;
    }
    let (seed, since) = (seed(), Instant::now());
    let mut scene = Scene::of_small(Process::imported(&Scene::small()), seed).await;
    scene.process.kill();
    let (mut starts, mut crashes, mut told) = (0, 0, 0);
    // Every third here, all of more in a soak: the journal's own process met each of them above.
    let step = if std::env::var_os("SLUIS_POINTS").is_some() { 1 } else { 3 };
    for k in (1..=count("SLUIS_POINTS", POINTS)).step_by(step) {
        let fault = format!("signal=SIGKILL:when={k}");
        scene.process.through(strace::through("fdatasync", &fault, &[]));
        match scene.process.try_start() {
            Err(ended) => {
                assert_eq!(ended.signal(), Some(SIGKILL), "{}", scene.process.said());
                starts += 1;
            }
            Ok(()) => {
                scene.connect().await;
                let fell = scene.rush().await;
                let signal = fell.status.and_then(|status| status.signal());
                assert_eq!(signal, Some(SIGKILL), "at commit {k}: {:?}", fell.status);
                (crashes, told) = (crashes + 1, told + fell.told);
            }
        }
        scene.audit(&format!("a crash at fdatasync {k}")).await;
        scene.process.kill();
    }
    let took = since.elapsed();
    println!("{starts} crashes in a start, {crashes} in a rush with {told} told, in {took:?}");
    assert!(crashes > 0 && told > 0);
}
