//! A backup of a gateway under load, restored elsewhere: the same state at the same record.

use std::fs;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use futures_util::future::join_all;
use serde_json::Value;

use crate::support::student::any;
use crate::support::{Process, TestStudent, University, until};

const STUDENTS: usize = 24;

fn text(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// Runs `sluis journal …` on its data, or a restored copy of it; it must end well.
#[track_caller]
fn journal(process: &Process, args: &[&str]) -> Value {
    let output = process.command(&[&["journal"], args, &["--json"]].concat()).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

/// The program without `--data`.
fn restore(process: &Process, file: &str, into: &str) -> Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sluis"));
    command.args(["journal", "restore", file, "--into", into, "--json"]);
    command.current_dir(process.data().parent().unwrap()).output().unwrap()
}

/// The digest of what lies in a directory that no gateway has.
fn digest_of(process: &Process, directory: &str, at: &str) -> Value {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sluis"));
    command.args(["journal", "digest", "--json", "--at", at, "--data", directory]);
    let output = command.current_dir(process.data().parent().unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Everybody enrols and drops, again and again, until told to stop; counts what was told.
struct Load {
    stop: Arc<AtomicBool>,
    told: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Load {
    fn start(process: &Process, university: &University) -> Self {
        let keys = university.students().map(|key| (process.token(&key), key));
        let (address, keys) = (process.address(), keys.collect::<Vec<_>>());
        let (stop, told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (ends, count) = (Arc::clone(&stop), Arc::clone(&told));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let each = keys.iter().map(async |(token, key)| {
                let mut student = TestStudent::connect(address, key, token).await;
                student.hello().await;
                while !ends.load(Ordering::Relaxed) {
                    for course in ["A", "B"] {
                        student.submit("w", &[any(course, false)]).await;
                        if student.outcome(course).await.outcome == "enrolled" {
                            student.drop_course(course).await;
                            student.outcome(course).await;
                        }
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
            runtime.unwrap().block_on(join_all(each));
        });
        Self { stop, told, thread }
    }

    /// Waits until so many more were told.
    fn goes_on(&self, more: u64) {
        let from = self.told.load(Ordering::Relaxed);
        until("the load goes on", || self.told.load(Ordering::Relaxed) >= from + more);
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

#[test]
fn a_backup_taken_under_load_restores_to_the_same_state() {
    let university = University::of(STUDENTS).course("A", 10).course("B", 30).window("w", "");
    let mut process = Process::imported(&university);
    process.start();
    process.registrar().post("/api/admin/windows/w/open", "").ok();
    let load = Load::start(&process, &university);
    load.goes_on(200);

    // While it runs.
    let made = journal(&process, &["backup", "monday.backup"]);
    let sequence = made["sequence"].as_u64().unwrap();
    assert!(sequence > 200, "{made}");
    load.goes_on(100);
    let at = sequence.to_string();
    let live = journal(&process, &["digest", "--at", &at]);
    assert_eq!(live, made, "the gateway's own state at that record");
    let now = journal(&process, &["digest"]);
    assert!(now["sequence"].as_u64().unwrap() > sequence, "it went on: {now}");
    assert_ne!(now["digest"], made["digest"]);
    load.goes_on(1);
    load.end();

    let restored = restore(&process, "monday.backup", "elsewhere");
    assert!(restored.status.success(), "{}", text(&restored));
    let said: Value = serde_json::from_slice(&restored.stdout).unwrap();
    assert_eq!(said, made);
    assert_eq!(digest_of(&process, "elsewhere", &at), made);
    // Over a journal: no.
    let again = restore(&process, "monday.backup", "elsewhere");
    assert_eq!(again.status.code(), Some(69), "{}", text(&again));
    assert!(text(&again).contains("holds a journal already"), "{}", text(&again));

    // Stopped, the original says the same of that record, and can be backed up too.
    process.kill();
    assert_eq!(digest_of(&process, "data", &at), made);
    let whole = journal(&process, &["backup", "tuesday.backup"]);
    assert!(whole["sequence"].as_u64().unwrap() > sequence, "{whole}");
    let twice = process.command(&["journal", "backup", "tuesday.backup"]).output().unwrap();
    assert_eq!(twice.status.code(), Some(69), "{}", text(&twice));

    // The restored one is a data directory like any other.
    let home = process.data().parent().unwrap().to_owned();
    fs::rename(home.join("data"), home.join("data.lost")).unwrap();
    fs::rename(home.join("elsewhere"), home.join("data")).unwrap();
    process.start();
    assert_eq!(journal(&process, &["digest", "--at", &at]), made);
}

#[test]
fn a_damaged_backup_is_refused_with_its_place_and_nothing_is_made() {
    let university = University::of(40).course("A", 10).window("w", "");
    let process = Process::imported(&university);
    journal(&process, &["backup", "whole.backup"]);
    let home = process.data().parent().unwrap().to_owned();
    let whole = fs::read(home.join("whole.backup")).unwrap();
    let refused = |name: &str, bytes: &[u8], code: i32, said: &str| {
        fs::write(home.join(name), bytes).unwrap();
        let output = restore(&process, name, "nowhere");
        assert_eq!(output.status.code(), Some(code), "{}", text(&output));
        assert!(text(&output).contains(said), "{said}: {}", text(&output));
        assert!(text(&output).starts_with(&format!("error: {name}: ")), "{}", text(&output));
        assert!(!home.join("nowhere").exists(), "{name}");
    };
    refused("cut.backup", &whole[..whole.len() - 1], 74, "it ends here, before its end mark");
    refused("half.backup", &whole[..whole.len() / 2], 74, "damaged at byte 13, after record 0");
    let mut flipped = whole.clone();
    flipped[60] ^= 1;
    refused("flipped.backup", &flipped, 74, "the checksum of the entry is wrong");
    refused("other.backup", b"id,programme,year\n", 78, "not a backup");
    let missing = restore(&process, "absent.backup", "nowhere");
    assert_eq!(missing.status.code(), Some(78), "{}", text(&missing));
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(home.join("whole.backup")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds everybody's data");
    let beyond = process.command(&["journal", "digest", "--at", "99999999"]).output().unwrap();
    assert_eq!(beyond.status.code(), Some(2), "{}", text(&beyond));
}
