//! The commands of `rush` in the README, run as they stand there.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

const RUSH: &str = "cargo run --release -p rush -- ";

/// A demand small enough for a test: two sections that fill up and one that does not.
fn write_demand(dir: &Path) {
    let section = |id: u32, capacity: u32| {
        format!(
            "{{\"id\":{id},\"code\":\"C{id}\",\"name\":\"Course {id}\",\"campus\":\"N\",\
             \"credits\":4,\"tpi\":[4,0,4],\"capacity\":{capacity},\"freshman_seats\":null,\
             \"meetings\":[]}}"
        )
    };
    let sections = [section(1, 30), section(2, 50), section(3, 500)].join(",");
    fs::write(dir.join("sections.json"), format!("[{sections}]")).unwrap();
    let mut requests = String::from("student,section\n");
    for student in 1..=120 {
        for section in 1..=3 {
            writeln!(requests, "{student},{section}").unwrap();
        }
    }
    fs::write(dir.join("requests.csv"), requests).unwrap();
}

#[test]
fn every_command_of_the_readme_runs() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let page = fs::read_to_string(page).unwrap();
    let lines: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(RUSH)).collect();
    assert!(!lines.is_empty(), "the README shows no command of rush");
    let dir = tempfile::tempdir().unwrap();
    write_demand(dir.path());
    // Shipped scenarios are named from the repository's top.
    std::os::unix::fs::symlink(env!("CARGO_MANIFEST_DIR"), dir.path().join("loadtest")).unwrap();
    for line in lines {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rush"));
        let output = command.args(line.split_whitespace()).current_dir(dir.path()).output();
        let output = output.unwrap();
        let talk = String::from_utf8_lossy(&output.stderr);
        // On a busy machine a run says so itself, and claims no latency; or a gateway that is not
        // optimised is slow, and nothing else is wrong.
        let saturated = talk.contains("the generator was saturated");
        let slow = talk.trim_end().ends_with("1 thresholds missed: p99_outcome_ms < 1000");
        let late = (saturated || slow) && output.status.code() == Some(99);
        let right = output.status.success() || late;
        assert!(right, "rush {line}\n{talk}");
        let last = String::from_utf8_lossy(&output.stdout);
        let last = last.lines().last().unwrap_or_default();
        assert!(serde_json::from_str::<serde_json::Value>(last).is_ok(), "rush {line}\n{last}");
    }
}
