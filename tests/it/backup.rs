//! A backup of a gateway under load, restored elsewhere: the same state at the same record.

use std::fs;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::Value;

use crate::support::student::any;
use crate::support::{Process, University};

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_under_load_restores_to_the_same_state() {
    let university = University::of(STUDENTS).course("A", 10).course("B", 30).window("w", "");
    let mut process = Process::imported(&university);
    process.start();
    let registrar = process.registrar();
    tokio::task::spawn_blocking(move || registrar.post("/api/admin/windows/w/open", "").ok())
        .await
        .unwrap();

    // Load: everybody enrols and drops, again and again, until told to stop.
    let (stop, told) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut running = Vec::new();
    for key in university.students() {
        let mut student = process.student(&key).await;
        let (stop, told) = (Arc::clone(&stop), Arc::clone(&told));
        running.push(tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                for course in ["A", "B"] {
                    student.submit("w", &[any(course, false)]).await;
                    if student.outcome(course).await.outcome == "enrolled" {
                        student.drop_course(course).await;
                        student.outcome(course).await;
                    }
                    told.fetch_add(1, Ordering::Relaxed);
                }
            }
        }));
    }
    let wait_for = |more: u64| {
        let (told, from) = (Arc::clone(&told), told.load(Ordering::Relaxed));
        tokio::task::spawn_blocking(move || {
            crate::support::until("the load goes on", || {
                told.load(Ordering::Relaxed) >= from + more
            });
        })
    };
    wait_for(200).await.unwrap();

    // While it runs.
    let before = told.load(Ordering::Relaxed);
    let made = tokio::task::block_in_place(|| journal(&process, &["backup", "monday.backup"]));
    let sequence = made["sequence"].as_u64().unwrap();
    assert!(sequence > 200, "{made}");
    wait_for(100).await.unwrap();
    let at = sequence.to_string();
    let live = tokio::task::block_in_place(|| journal(&process, &["digest", "--at", &at]));
    assert_eq!(live, made, "the gateway's own state at that record");
    let now = tokio::task::block_in_place(|| journal(&process, &["digest"]));
    assert!(now["sequence"].as_u64().unwrap() > sequence, "it went on: {now}");
    assert_ne!(now["digest"], made["digest"]);
    assert!(told.load(Ordering::Relaxed) > before + 100);
    stop.store(true, Ordering::Relaxed);
    for student in running {
        student.await.unwrap();
    }

    tokio::task::block_in_place(|| {
        let restored = restore(&process, "monday.backup", "elsewhere");
        assert!(restored.status.success(), "{}", text(&restored));
        let said: Value = serde_json::from_slice(&restored.stdout).unwrap();
        assert_eq!(said, made);
        assert_eq!(digest_of(&process, "elsewhere", &at), made);
        // Over a journal: no.
        let again = restore(&process, "monday.backup", "elsewhere");
        assert_eq!(again.status.code(), Some(69), "{}", text(&again));
        assert!(text(&again).contains("holds a journal already"), "{}", text(&again));
    });

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
    assert_eq!(tokio::task::block_in_place(|| journal(&process, &["digest", "--at", &at])), made);
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
