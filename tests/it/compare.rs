//! `benches/compare` as people run it, on a machine where nothing is installed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::cli::Ended;

/// Without any program on the path, and with temporary files in a directory of its own.
fn compare(args: &[&str]) -> (Ended, usize) {
    let dir = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/compare");
    let mut command = Command::new(script);
    let nowhere = dir.path().join("nothing-here");
    command.args(["--pg-bin"]).arg(nowhere.join("postgresql")).args(args);
    command.env("PATH", nowhere).env("TMPDIR", dir.path()).stdin(Stdio::null());
    let ended = Ended::from(command.output().unwrap());
    (ended, fs::read_dir(dir.path()).unwrap().count())
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let (help, _) = compare(&["--help"]);
    help.expect(0, &["Examples:", "--rounds", "--json", "Exit codes:", "69 something is missing"]);
    assert!(help.err.is_empty(), "help is data: {}", help.err);
}

#[test]
fn wrong_arguments_are_told_by_name() {
    for (args, said) in [
        (&["--round", "3"][..], "--round"),
        (&["--rounds", "0"], "from 1 to 100"),
        (&["--seconds", "many"], "--seconds"),
        (&["--only", "echo,mysql"], "parts: echo, pg, redis"),
        (&["extra"], "extra"),
    ] {
        compare(args).0.expect(2, &[said]);
    }
}

#[test]
fn what_is_missing_is_told_with_its_remedy_and_nothing_is_started() {
    let rush = "cargo build --release -p rush";
    let apt = "apt-get install -y --no-install-recommends";
    let (postgres, redis) = (format!("{apt} postgresql-15"), format!("{apt} redis-server"));
    let (ended, left) = compare(&["--rush", "/nowhere/rush"]);
    ended.expect(69, &["/nowhere/rush", rush, &postgres, &redis]);
    assert_eq!((ended.out.as_str(), left), ("", 0));
    let (ended, _) = compare(&["--rush", "/bin/sh", "--only", "echo,redis"]);
    ended.expect(69, &[&redis]);
    assert!(!ended.err.contains(rush) && !ended.err.contains(&postgres), "{}", ended.err);
}

#[test]
fn a_run_that_fails_is_told_and_leaves_nothing_behind() {
    // A shell is not rush: it knows no command of that name.
    let (ended, left) = compare(&["--rush", "/bin/sh", "--only", "idle", "--json"]);
    ended.expect(1, &["compare: rush bench failed"]);
    assert_eq!((ended.out.as_str(), left), ("", 0));
}
