//! A disk that fails, and a process that is killed, where the students' keys are made and
//! destroyed, under the real program: an import, by the command line and at a gateway under load,
//! and an erasure. Each is done or told in one line; nobody's key goes but those of the erased, and
//! what is left half done is finished by the next opening.
//! Soak: `SLUIS_POINTS=60 cargo test --release --workspace --locked --test it keys_faults`.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use sluis::domain::ids::StudentId;
use sluis::journal::{self, DataDir, Journal as _, Keys, digest, keys};

use crate::disk_faults::ended_well;
use crate::kill::scene::Scene;
use crate::powercut::{count, seed};
use crate::support::{Process, University, strace};

const SIGKILL: i32 = 9;

/// Calls that a command makes on the keys' file, how each fails, and what its last line says of it.
const FAULTS: [(&str, &str, &str); 6] = [
    ("openat", "EIO", "students.keys"),
    ("read", "EIO", "students.keys"),
    ("write", "EIO", "students.keys"),
    ("write", "ENOSPC", "free space on that disk"),
    ("fsync", "EIO", "students.keys"),
    ("fsync", "ENOSPC", "free space on that disk"),
];

/// What the journal and the keys say of a student.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Known {
    key: String,
    erased: bool,
    destroyed: bool,
}

/// Of everybody, by number; read from a copy, so that nothing is finished by it.
fn known(process: &Process) -> Vec<Known> {
    let journal = journal::sled::open_copy(DataDir::look(&process.data()).unwrap()).unwrap();
    let (reader, durable) = (journal.reader(), journal.durable());
    let university = digest::fold_up_to(&reader, durable).unwrap().university;
    let students = (0..).map(StudentId).zip(&university.registry.students);
    let known = students.map(|(id, student)| {
        let profile = &student.profile;
        let (erased, destroyed) = (profile.is_erased(), reader.keys().is_destroyed(id));
        assert_eq!(profile.is_withheld(), erased || destroyed, "{id}: her key is lost");
        Known { key: profile.key.as_str().to_owned(), erased, destroyed }
    });
    known.collect()
}

/// Opens the directory to write in it, as the next command does, or a gateway.
fn open(process: &mut Process, gateway: bool) {
    if gateway {
        process.start();
        return process.kill();
    }
    let nobody = erase(process, &[], "nobody");
    assert_eq!(nobody.status.code(), Some(2), "{}", said(&nobody));
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// `sluis students erase - --yes` of one number.
fn erase(process: &Process, through: &[String], number: &str) -> Output {
    let mut command = process.command_through(through, &["students", "erase", "-", "--yes"]);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that is killed may be gone before it has read this.
    let _ = writeln!(child.stdin.take().unwrap(), "{number}");
    child.wait_with_output().unwrap()
}

/// The keys' file as the program names it, and in full.
fn files(process: &Process) -> [PathBuf; 2] {
    [Path::new("data").join(keys::NAME), process.data().join(keys::NAME)]
}

/// What a command is started through so that its k-th call of a kind on the keys fails.
fn failing(process: &Process, calls: &str, error: &str, k: u64) -> Vec<String> {
    let files = files(process);
    let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    strace::through(calls, &format!("error={error}:when={k}"), &paths)
}

#[test]
fn an_import_whose_keys_cannot_be_written_adds_nobody_and_says_so() {
    if !strace::works("an_import_whose_keys_cannot_be_written_adds_nobody_and_says_so") {
        return;
    }
    let mut process = Process::imported(&University::of(3).course("A", 1).window("w", ""));
    let (mut refused, mut done) = (0, 0);
    for (round, (calls, error, expected)) in FAULTS.into_iter().enumerate() {
        for k in 1..=3 {
            let what = format!("{calls} of the keys failing with {error}, the {k}th");
            let new = [format!("n{round}{k}a"), format!("n{round}{k}b")];
            let file = process.data().with_file_name("more.csv");
            let head = "id,programme,year,blocks,completed";
            std::fs::write(file, format!("{head}\n{},,1,,\n{},,1,,\n", new[0], new[1])).unwrap();
            let before = known(&process);
            let import = |through: &[String]| {
                let args = ["students", "import", "more.csv"];
                process.command_through(through, &args).output().unwrap()
            };
            let output = import(&failing(&process, calls, error, k));
            if output.status.success() {
                done += 1;
            } else {
                ended_well(output.status.code(), &said(&output), expected, &what);
                assert_eq!(known(&process), before, "{what}: somebody came all the same");
                // The disk is well again.
                let again = import(&[]);
                assert!(again.status.success(), "after {what}: {}", said(&again));
                refused += 1;
            }
            let after: Vec<_> = known(&process).into_iter().map(|she| she.key).collect();
            let all = before.into_iter().map(|she| she.key).chain(new);
            assert_eq!(after, all.collect::<Vec<_>>(), "after {what}");
        }
        process.start();
        process.http("s0000").get("/api/plan").ok();
        process.http(&format!("n{round}1b")).get("/api/plan").ok();
        process.kill();
    }
    println!("{refused} imports refused, {done} that the fault did not touch");
    assert!(refused >= FAULTS.len(), "only {refused} were touched by a fault");
}

/// What is found in the file may be in the page cache only: a power cut would take it.
#[test]
fn a_key_that_a_killed_command_left_is_synced_before_a_record_rests_on_it() {
    if !strace::works("a_key_that_a_killed_command_left_is_synced_before_a_record_rests_on_it") {
        return;
    }
    let process = Process::imported(&University::of(2).course("A", 1));
    let file = process.data().with_file_name("more.csv");
    std::fs::write(file, "id,programme,year,blocks,completed\nlate,,1,,\n").unwrap();
    let import = |fault: &str| {
        let files = files(&process);
        let paths: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        let through = strace::through("fsync", fault, &paths);
        process.command_through(&through, &["students", "import", "more.csv"]).output().unwrap()
    };
    let killed = import("signal=SIGKILL:when=1");
    assert_eq!(killed.status.signal(), Some(SIGKILL), "{}", said(&killed));
    assert!(Keys::look(&process.data()).unwrap().has(StudentId(2)), "written, and not synced");
    assert_eq!(known(&process).len(), 2);
    let refused = import("error=EIO:when=1");
    let what = "the sync of a key that was there";
    ended_well(refused.status.code(), &said(&refused), "students.keys", what);
    assert_eq!(known(&process).len(), 2);
    let done = import("error=EIO:when=1000");
    assert!(done.status.success(), "{}", said(&done));
    assert_eq!(known(&process)[2].key, "late");
}

#[tokio::test]
async fn a_gateway_that_cannot_write_a_new_key_stops_and_takes_nothing_that_was_told() {
    if !strace::works("a_gateway_that_cannot_write_a_new_key_stops_and_takes_nothing_that_was_told")
    {
        return;
    }
    let mut scene = Scene::of_small(Process::imported(&Scene::small()), seed()).await;
    scene.process.kill();
    let mut told = 0;
    for (round, (calls, error, expected)) in FAULTS.into_iter().enumerate() {
        if !["write", "fsync"].contains(&calls) {
            continue;
        }
        let what = format!("{calls} of the keys failing with {error}, under load");
        // The first sync is of the keys that a start found.
        let k = if calls == "fsync" { 2 } else { 1 };
        let through = failing(&scene.process, calls, error, k);
        scene.process.through(through);
        let from = scene.process.said().len();
        scene.process.start();
        scene.connect().await;
        let registrar = scene.process.registrar();
        let import = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(400));
            // More than in the round before, some of whose keys may be in the file.
            let rows = (0..=round).map(|n| format!("n{round}{n},,1,,\n")).collect::<String>();
            let body = format!("id,programme,year,blocks,completed\n{rows}");
            registrar.try_post("/api/admin/students?format=csv", &body).map(|a| a.status)
        });
        let fell = scene.rush().await;
        let answered = import.join().unwrap();
        assert!(!answered.is_ok_and(|status| status == 200), "{what}: answered as if it was done");
        let code = fell.status.and_then(|status| status.code());
        ended_well(code, &scene.process.said_since(from), expected, &what);
        told += fell.told;
        scene.audit(&what).await;
        scene.process.kill();
        assert!(known(&scene.process).iter().all(|she| she.key.starts_with('s')), "{what}");
    }
    println!("{told} outcomes told before the keys could not be written");
    assert!(told > 0);
}

#[test]
fn an_erasure_under_a_failing_disk_is_done_or_told_and_the_next_opening_finishes_it() {
    if !strace::works("an_erasure_under_a_failing_disk_is_done_or_told") {
        return;
    }
    let mut process = Process::imported(&University::of(24).course("A", 1));
    let (mut refused, mut half, mut nth) = (0, 0, 0);
    for (calls, error, expected) in FAULTS {
        for k in 1..=3 {
            let what = format!("{calls} of the keys failing with {error}, the {k}th");
            let through = failing(&process, calls, error, k);
            let output = erase(&process, &through, &format!("s{nth:04}"));
            let left = known(&process);
            if output.status.success() {
                assert!(left[nth].erased && left[nth].destroyed, "{what}: it said that it is done");
            } else {
                ended_well(output.status.code(), &said(&output), expected, &what);
                refused += 1;
                half += usize::from(left[nth].erased && !left[nth].destroyed);
            }
            finish(&mut process, nth, k == 1, &what);
            nth += 1;
        }
    }
    println!("{refused} erasures stopped by a fault, {half} of them before the key was gone");
    assert!(refused >= FAULTS.len() && half > 0, "{refused} stopped, {half} half way");
}

/// The next opening leaves each either erased in both, or in neither; then the `nth` is erased if
/// she is not, and everybody before her stays so, and nobody after her is.
fn finish(process: &mut Process, nth: usize, gateway: bool, what: &str) {
    open(process, gateway);
    let mut found = known(process);
    assert!(found.iter().all(|she| she.erased == she.destroyed), "{what}: not finished: {found:?}");
    if !found[nth].erased {
        let again = erase(process, &[], &format!("s{nth:04}"));
        assert!(again.status.success(), "after {what}: {}", said(&again));
        found = known(process);
    }
    let gone = (0..found.len()).map(|n| n <= nth);
    let erased = found.iter().map(|she| (she.erased, she.destroyed));
    assert!(erased.eq(gone.map(|gone| (gone, gone))), "after {what}: {found:?}");
}

/// Calls that an erasure makes, on whichever file.
const ERASING: [&str; 7] =
    ["write", "pwrite64", "fsync", "fdatasync", "sync_file_range", "rename", "unlink"];
/// Points of each kind.
const POINTS: u64 = 8;

#[test]
fn an_erasure_killed_at_each_write_and_sync_is_finished_by_the_next_opening() {
    if !strace::works("an_erasure_killed_at_each_write_and_sync_is_finished") {
        return;
    }
    let most = count("SLUIS_POINTS", POINTS);
    let students = most as usize * (ERASING.len() + 1);
    let mut process = Process::imported(&University::of(students).course("A", 1));
    let (mut nth, mut half) = (0, 0);
    let mut kill = |calls: &str, k: u64| {
        let what = format!("kill -9 at {calls} {k}");
        let through = strace::through(calls, &format!("signal=SIGKILL:when={k}"), &[]);
        let output = erase(&process, &through, &format!("s{nth:04}"));
        let killed = output.status.signal() == Some(SIGKILL);
        assert!(killed || output.status.success(), "{what}: {}", said(&output));
        let left = known(&process);
        half += u64::from(left[nth].erased && !left[nth].destroyed);
        finish(&mut process, nth, k.is_multiple_of(4), &what);
        nth += 1;
        killed
    };
    let mut points = Vec::new();
    for calls in ERASING {
        points.push((calls, (1..=most).take_while(|k| kill(calls, *k)).count()));
    }
    println!(
        "{points:?} points of an erasure, {half} of them between its records and the key's end"
    );
    assert!(points.iter().map(|(_, points)| points).sum::<usize>() >= 20, "{points:?}");
    assert!(half > 0, "none fell between the records and the end of the key");
}
