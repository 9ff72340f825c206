//! What a service manager is told, by a socket that stands for it; and what it runs for a backup.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::{PATIENCE, Process, University, until};

/// The next thing told that has this line.
#[track_caller]
fn told(socket: &UnixDatagram, line: &str) -> String {
    let mut bytes = [0; 512];
    loop {
        let read = socket.recv(&mut bytes);
        let length = read.unwrap_or_else(|e| panic!("nobody says {line}: {e}"));
        let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
        if text.lines().any(|told| told == line) {
            return text;
        }
    }
}

#[test]
fn the_service_manager_hears_ready_alive_and_stopping() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut process = Process::imported(&University::of(1).course("A", 1).window("w", ""));
    process.environment("NOTIFY_SOCKET", path.to_str().unwrap());
    process.environment("WATCHDOG_USEC", "400000");
    process.start();
    let ready = told(&socket, "READY=1");
    assert!(ready.contains(&format!("STATUS=serving http://{}", process.address())), "{ready}");
    for _ in 0..3 {
        told(&socket, "WATCHDOG=1");
    }
    process.signal("-TERM");
    told(&socket, "STOPPING=1");
    until("it ends", || process.ended().is_some());
    // A stopped one is not said to live.
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut bytes = [0; 64];
    assert!(socket.recv(&mut bytes).is_err());
}

/// The program and the directories that the unit names, and those that stand for them here.
fn moved(process: &Process) -> [(&'static str, PathBuf); 5] {
    let home = process.data().parent().unwrap().to_owned();
    [
        ("/var/lib/sluis-backup-keys", home.join("backup-keys")),
        ("/var/lib/sluis-backups", home.join("backups")),
        ("/var/lib/sluis", process.data()),
        ("/etc/sluis/sluis.toml", home.join("sluis.toml")),
        ("/usr/bin/sluis", PathBuf::from(env!("CARGO_BIN_EXE_sluis"))),
    ]
}

/// Runs what the shipped unit runs, in its order.
#[track_caller]
fn back_up(process: &Process) {
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/config/systemd/sluis-backup.service");
    let unit = fs::read_to_string(unit).unwrap();
    let mut ran = 0;
    for line in unit.lines().filter_map(|line| line.strip_prefix("ExecStart=")) {
        let script = line.strip_prefix("/bin/sh -c '").and_then(|s| s.strip_suffix('\''));
        let mut script = script.unwrap_or_else(|| panic!("not a script: {line}")).to_owned();
        for (named, here) in moved(process) {
            script = script.replace(named, here.to_str().unwrap());
        }
        let output = Command::new("/bin/sh").args(["-c", &script.replace("%%", "%")]).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
        ran += 1;
    }
    assert_eq!(ran, 1);
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What docs/PRIVACY.md promises of copies of the keys: the newest alone, apart from the backups.
#[test]
fn the_backup_unit_keeps_the_newest_keys_alone_and_apart_from_the_backups() {
    let process = Process::imported(&University::of(2).course("A", 1).window("w", ""));
    let [(_, keys), (_, backups), _, (_, config), _] = moved(&process);
    for directory in [&keys, &backups] {
        fs::create_dir(directory).unwrap();
    }
    fs::write(config, "[sign_in]\nmode = \"demo\"\n").unwrap();
    // Given a copy of another journal's keys, which nothing else may open.
    let other = Process::imported(&University::of(1).course("A", 1).window("w", ""));
    fs::copy(other.data().join("students.keys"), keys.join("other.keys")).unwrap();
    back_up(&process);
    let ours = || {
        let mut names = names(&keys);
        names.retain(|name| name != "other.keys");
        names
    };
    let first = ours();
    assert_eq!((first.len(), names(&backups).len()), (1, 1), "{first:?} {:?}", names(&backups));
    assert!(names(&backups).iter().all(|name| name.ends_with(".backup")));

    // Somebody is erased; with the next backup no copy opens what was hers.
    let aside = format!("before-{}", first[0]);
    fs::rename(keys.join(&first[0]), keys.join(aside)).unwrap();
    fs::rename(backups.join(first[0].trim_end_matches(".keys")), backups.join("before.backup"))
        .unwrap();
    let number = process.data().join("number");
    fs::write(&number, "s0000\n").unwrap();
    let erased = process
        .command(&["students", "erase", "-", "--yes"])
        .stdin(fs::File::open(&number).unwrap())
        .output()
        .unwrap();
    assert!(erased.status.success(), "{erased:?}");
    back_up(&process);
    let newest = ours();
    assert_eq!(newest.len(), 1, "{newest:?}");
    assert!(keys.join("other.keys").exists(), "another journal's stay");
    assert!(!newest[0].starts_with("before"), "{newest:?}");
    let now = fs::read(keys.join(&newest[0])).unwrap();
    assert_eq!(now, fs::read(process.data().join("students.keys")).unwrap());
    assert_eq!(names(&backups).len(), 2, "no backup went");
}
