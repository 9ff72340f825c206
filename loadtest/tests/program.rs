//! The program as people run it: exit codes, one-line errors, and whole runs over a small demand.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const SECTIONS: &str = r#"[
{"id":1,"code":"A","name":"Alpha","campus":"N","credits":4,"tpi":[4,0,4],"capacity":30,
 "freshman_seats":null,"meetings":[{"day":1,"start":"10:00","end":"12:00","weeks":"all"}]},
{"id":2,"code":"B","name":"Beta","campus":"N","credits":4,"tpi":[4,0,4],"capacity":50,
 "freshman_seats":5,"meetings":[{"day":1,"start":"10:00","end":"12:00","weeks":"odd"}]},
{"id":3,"code":"C","name":"Gamma","campus":"N","credits":4,"tpi":[4,0,4],"capacity":500,
 "freshman_seats":null,"meetings":[]}]"#;
const STUDENTS: usize = 120;

/// A directory with demand files: everybody wants 1 and 3, every second one 2 as well.
struct Files {
    dir: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut requests = String::from("student,section\n");
        for student in 1..=STUDENTS {
            requests.extend([
                student.to_string(),
                ",1\n".into(),
                student.to_string(),
                ",3\n".into(),
            ]);
            if student % 2 == 0 {
                requests.extend([student.to_string(), ",2\n".into()]);
            }
        }
        let files = Self { dir };
        files.write("sections.json", SECTIONS.as_bytes());
        files.write("requests.csv", requests.as_bytes());
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn pack(&self, name: &str) {
        let bytes = std::fs::read(self.path(name)).unwrap();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).unwrap();
        self.write(&format!("{name}.gz"), &encoder.finish().unwrap());
    }

    fn demand(&self, sections: &str, requests: &str, more: &[&str]) -> Output {
        let mut command = rush();
        command.arg("demand").arg("--sections").arg(self.path(sections));
        command.arg("--requests").arg(self.path(requests)).args(more).output().unwrap()
    }
}

fn rush() -> Command {
    Command::new(env!("CARGO_BIN_EXE_rush"))
}

/// The one line on standard error, and the exit code.
fn refused(output: &Output) -> (i32, String) {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.trim_end().lines().count(), 1, "one line: {text}");
    assert!(output.stdout.is_empty());
    (output.status.code().unwrap(), text)
}

/// The JSON line of a run that went well.
fn report(output: &Output) -> Value {
    let talk = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {talk}", output.status);
    let text = std::str::from_utf8(&output.stdout).unwrap();
    assert_eq!(text.lines().count(), 1, "one line: {text}");
    serde_json::from_str(text).unwrap()
}

fn assert_right(report: &Value) {
    assert_eq!(report["students"], STUDENTS);
    assert_eq!(report["requests"], 2 * STUDENTS + STUDENTS / 2);
    assert_eq!(report["granted"], 30 + 50 + STUDENTS);
    assert_eq!(report["refused"], STUDENTS - 30 + STUDENTS / 2 - 50);
    for zero in ["per_section_wrong", "acknowledged_lost", "violations"] {
        assert_eq!(report[zero], 0, "{zero}");
    }
}

#[test]
fn help_shows_examples_and_usage_faults_exit_2() {
    for args in [&["--help"][..], &["demand", "--help"], &["bench", "--help"], &["line", "--help"]]
    {
        let output = rush().args(args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("Examples:"), "{args:?}");
        assert!(!text.contains("echo --listen") && !text.contains("rush gateway"), "{args:?}");
    }
    for args in [&["demand"][..], &["demand", "--kill-after", "5"], &["bench", "--seconds", "0"]] {
        let output = rush().args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
    let nothing = rush().args(["bench", "--connections", "", "--idle", "0"]).output().unwrap();
    assert_eq!(refused(&nothing).0, 2);
}

#[test]
fn bench_counts_what_is_pushed_and_samples_a_larger_register() {
    let args = ["bench", "--rounds", "1", "--seconds", "1", "--idle", "0", "--json"];
    let told = |more: &[&str]| -> Value {
        let output = rush().args(args).args(more).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    // 50 a second: at the end of the measurement, six seconds in, most still wait.
    let both = told(&["--connections", "", "--push", "600"]);
    let push = both["push"].clone();
    assert_eq!(push["sessions"], 600);
    let frames = |name: &str| push[name].as_u64().unwrap();
    assert!(frames("positions") > 100 && frames("frames") >= frames("positions"), "{push}");
    assert!(push["cpu_us_per_frame"].as_f64().unwrap() > 0.0, "{push}");
    // Each echo pushes frames of that size to as many.
    let lean = told(&["--connections", "", "--push", "600", "--lean-echo"]);
    for (echo, seen) in [(&both["push_echo"], &both["push"]), (&lean["push_echo"], &lean["push"])] {
        let same = ["sessions", "bytes_per_frame"];
        assert!(same.iter().all(|name| echo[name] == seen[name]), "{echo} beside {seen}");
        assert!(echo["frames"].as_u64().unwrap() > 0 && echo["positions"] == 0, "{echo}");
        assert!(echo["cpu_us_per_frame"].as_f64().unwrap() > 0.0, "{echo}");
    }
    let sampled = told(&["--connections", "4", "--students", "40", "--sections", "1"]);
    assert_eq!(sampled["students"], 40);
    assert!(sampled["runs"][0]["gateway"]["operations_per_second"].as_f64().unwrap() > 0.0);
}

#[test]
fn bad_files_are_named_in_one_line() {
    let files = Files::new();
    files.write("bad.csv", b"student,section\n1,1\n2,77\n");
    let (code, text) = refused(&files.demand("sections.json", "bad.csv", &[]));
    assert!(code == 78 && text.contains("bad.csv:3: section \"77\""), "{text}");
    files.write("bad.gz", &[0x1f, 0x8b, 8, 0, 1, 2, 3]);
    let (code, text) = refused(&files.demand("bad.gz", "requests.csv", &[]));
    assert!(code == 78 && text.contains("broken gzip"), "{text}");
    let (code, text) = refused(&files.demand("none.json", "requests.csv", &[]));
    assert!(code == 74 && text.contains("none.json"), "{text}");
}

#[test]
fn a_low_descriptor_limit_comes_with_its_remedy() {
    let files = Files::new();
    let (program, dir) = (env!("CARGO_BIN_EXE_rush"), files.dir.path().display());
    let script = format!(
        "ulimit -Sn 100; exec {program} demand --sections {dir}/sections.json \
         --requests {dir}/requests.csv"
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(69), "{text}");
    assert!(text.contains("run \"ulimit -n 320\""), "{text}");
}

#[test]
fn a_small_demand_is_granted_to_the_last_seat() {
    let files = Files::new();
    assert_right(&report(&files.demand("sections.json", "requests.csv", &["--json"])));
    files.pack("sections.json");
    files.pack("requests.csv");
    let output = files.demand("sections.json.gz", "requests.csv.gz", &[]);
    let report = report(&output);
    assert_right(&report);
    assert_eq!(report["decided_at_kill"], Value::Null);
    assert!(String::from_utf8_lossy(&output.stderr).contains("armed: 120 of 120"));
}

#[test]
fn a_kill_in_the_middle_loses_nothing() {
    let files = Files::new();
    let more = ["--kill-after", "500ms", "--json"];
    let report = report(&files.demand("sections.json", "requests.csv", &more));
    assert_right(&report);
    let decided = report["decided_at_kill"].as_u64().unwrap();
    assert!(decided > 0 && decided < 300, "{decided}");
}

#[test]
fn a_line_is_honest_and_nothing_is_left_running() {
    let temporary = tempfile::tempdir().unwrap();
    let args = ["line", "--students", "100", "--seats", "20", "--pace", "40", "--json"];
    let output = rush().args(args).env("TMPDIR", temporary.path()).output().unwrap();
    let report = report(&output);
    assert_eq!((&report["granted"], &report["refused"]), (&20.into(), &80.into()));
    assert_eq!(report["students_position_rose"], 0);
    assert_is_empty(temporary.path());
}

fn assert_is_empty(dir: &Path) {
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 0, "temporary files are left");
}
