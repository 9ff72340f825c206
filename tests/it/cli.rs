//! The program as people run it: what it prints where, and how it ends.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use sluis::domain::event::{Event, Record};
use sluis::domain::ids::{Sequence, Timestamp};
use sluis::journal::{self, Journal, RecordBuffer, record};

/// The program, in a directory of its own.
pub struct Program {
    dir: tempfile::TempDir,
}

impl Program {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
        command.args(args).current_dir(self.dir.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SLUIS_") {
                command.env_remove(name);
            }
        }
        // Others on this machine may have the port that is the default.
        command.env("SLUIS__METRICS__LISTEN", "127.0.0.1:0");
        command
    }

    pub fn run(&self, args: &[&str]) -> Ended {
        Ended::from(self.command(args).output().unwrap())
    }
}

/// How it ended.
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        Self { code: output.status.code().unwrap_or(-1), out, err }
    }
}

impl Ended {
    #[track_caller]
    pub fn expect(&self, code: i32, said: &[&str]) {
        let both = format!("standard output:\n{}\nstandard error:\n{}", self.out, self.err);
        assert_eq!(self.code, code, "{both}");
        for text in said {
            assert!(both.contains(text), "{text:?} is not in\n{both}");
        }
    }
}

/// A journal of 100 records in `data`.
pub fn make_journal(data: &Path, record: impl Fn(u64) -> Vec<u8>) {
    let mut journal = Box::new(journal::sled::open(data).unwrap());
    let mut buffer = RecordBuffer::starting_at(Sequence(1));
    for number in 1..=100 {
        buffer.push(&record(number)).unwrap();
    }
    assert!(journal.append(buffer.records()).unwrap().rest.is_empty());
    journal.flush().unwrap();
    journal.close().unwrap();
}

/// A record that changes nothing.
pub fn sound(number: u64) -> Vec<u8> {
    let (courses, students) = (Vec::new(), Vec::new());
    let (sequence, at) = (Sequence(number), Timestamp(number));
    let event = Event::ImportBegun;
    let record = Record { sequence, epoch: 1, at, courses, students, event, act: None };
    let mut bytes = Vec::new();
    record::encode(&record, &mut bytes).unwrap();
    bytes
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let program = Program::new();
    let help = program.run(&["--help"]);
    help.expect(
        0,
        &["Examples:", "sluis serve", "Exit codes:", "65  the gateway refuses", "69  unavailable"],
    );
    assert!(help.err.is_empty(), "help is data: {}", help.err);
    for args in [
        &["serve", "--help"][..],
        &["config", "show", "--help"],
        &["theme", "check", "--help"],
        &["catalogue", "import", "--help"],
        &["students", "import", "--help"],
        &["journal", "verify", "--help"],
        &["export", "enrolments", "--help"],
        &["lottery", "verify", "--help"],
        &["token", "--help"],
        &["admin", "window", "pause", "--help"],
        &["admin", "section", "capacity", "--help"],
        &["admin", "student", "enrol", "--help"],
        &["audit", "export", "--help"],
    ] {
        program.run(args).expect(0, &["Examples:", "Usage:"]);
    }
    program.run(&["--version"]).expect(0, &["sluis 0."]);
}

#[test]
fn a_wrong_command_line_is_2_and_says_what_was_meant() {
    let program = Program::new();
    let wrong = program.run(&["sreve"]);
    wrong.expect(2, &["unrecognized subcommand", "serve"]);
    assert!(wrong.out.is_empty());
    program.run(&["serve", "--listen", "nowhere"]).expect(2, &["--listen"]);
    program.run(&["token"]).expect(2, &["--student"]);
    program
        .run(&["token", "--student", "a b"])
        .expect(69, &["sluis-data: holds no key", "--data DIR"]);
    let wrong = ["export", "enrolments", "--server", "ftp://foo"];
    program.run(&wrong).expect(2, &["--server ftp://foo", "http://"]);
}

#[test]
fn config_default_prints_what_config_check_accepts() {
    let program = Program::new();
    let default = program.run(&["config", "default"]);
    default.expect(0, &["[server]"]);
    assert!(default.err.is_empty());
    program.write("mine.toml", &default.out);
    program.run(&["config", "check", "--config", "mine.toml"]).expect(0, &["no faults"]);
}

#[test]
fn config_check_tells_every_fault_on_a_line_and_ends_with_78() {
    let program = Program::new();
    let text = "[sign_in]\nmode = \"demo\"\n[server]\nlisten = \"0.0.0.0:80\"\nlisen = 1\n\
                [line]\nseats_push_ms = \"often\"\n";
    program.write("config/sluis.toml", text);
    let mut command = program.command(&["config", "check"]);
    let checked = Ended::from(command.env("SLUIS__LOG__LEVLE", "info").output().unwrap());
    let said = [
        "error: config/sluis.toml:4:1: server.listen: demo sign-in",
        "error: config/sluis.toml:5:1: server.lisen: unknown key; did you mean server.listen?",
        "error: config/sluis.toml:7:1: line.seats_push_ms: invalid type",
        "did you mean SLUIS__LOG__LEVEL?",
    ];
    checked.expect(78, &said);
    assert_eq!(checked.err.lines().count(), 4, "{}", checked.err);
    assert!(checked.out.is_empty());
    program.run(&["serve"]).expect(78, &said[..2]);
}

#[test]
fn a_theme_is_checked_before_it_is_served() {
    let program = Program::new();
    let check = |text: &str| {
        program.write("theme.css", text);
        program.run(&["theme", "check", "theme.css"])
    };
    check(":root { --sluis-water: light-dark(#7a0019, #f2a9b5); }")
        .expect(0, &["theme.css: 1 token; every pair can be read"]);
    let faint = check(":root {\n  --sluis-soft: #999999;\n}");
    faint.expect(78, &["theme.css: light: --sluis-soft on --sluis-paper has", "needs 4.5:1"]);
    assert!(faint.err.lines().count() >= 3, "each pair is a line: {}", faint.err);
    check("body { color: red }").expect(78, &["theme.css: line 1: only :root"]);
    program.run(&["theme", "check", "none.css"]).expect(78, &["none.css: cannot be read"]);

    program.write("sluis.toml", "[sign_in]\nmode = \"demo\"\n[page]\ntheme = \"theme.css\"\n");
    for command in [&["config", "check"][..], &["serve"]] {
        let args = [command, &["--config", "sluis.toml"]].concat();
        program.run(&args).expect(78, &["page.theme", "theme.css: line 1: only :root"]);
    }
    check(":root { --sluis-soft: #999999; }").expect(78, &[]);
    let args = ["config", "check", "--config", "sluis.toml"];
    program.run(&args).expect(0, &["no faults"]);
}

#[test]
fn config_check_points_at_broken_toml() {
    let program = Program::new();
    program.write("bad.toml", "[server\nlisten = 1\n");
    let checked = program.run(&["config", "check", "--config", "bad.toml"]);
    checked.expect(78, &["error: bad.toml:1:", "not valid TOML: "]);
    assert_eq!(checked.err.lines().count(), 1, "{}", checked.err);
    program.run(&["config", "check", "--config", "no.toml"]).expect(78, &["cannot be read"]);
}

#[test]
fn config_show_tells_what_holds_and_from_where() {
    let program = Program::new();
    program.write("config/sluis.toml", "[sign_in]\nmode = \"demo\"\ntoken_ttl_hours = 5\n");
    let mut command = program.command(&["config", "show", "--origin", "--data", "elsewhere"]);
    let shown = Ended::from(command.env("SLUIS__LOG__LEVEL", "warn").output().unwrap());
    let said = [
        "token_ttl_hours = 5  # config/sluis.toml:3:1",
        "level = \"warn\"  # environment SLUIS__LOG__LEVEL",
        "dir = \"elsewhere\"  # flag --data",
        "workers = 0  # default",
    ];
    shown.expect(0, &said);
    program.write("shown.toml", &program.run(&["config", "show"]).out);
    program.run(&["config", "check", "--config", "shown.toml"]).expect(0, &[]);
    let json = program.run(&["config", "show", "--json", "--origin"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["sign_in"]["token_ttl_hours"]["value"], 5);
}

#[test]
fn output_to_a_reader_that_has_enough_is_no_failure() {
    let program = Program::new();
    let mut command = program.command(&["config", "default"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = Ended::from(child.wait_with_output().unwrap());
    ended.expect(0, &[]);
    assert!(ended.err.is_empty(), "{}", ended.err);
}

#[test]
fn journal_verify_and_stats_read_what_is_there() {
    let program = Program::new();
    make_journal(&program.path("data"), sound);
    let verified = program.run(&["journal", "verify", "--data", "data"]);
    verified.expect(0, &["every record is sound"]);
    assert!(verified.out.is_empty());
    let repaired = program.run(&["journal", "verify", "--repair-tail", "--data", "data"]);
    repaired.expect(0, &["ends with a whole commit; nothing to remove", "every record is sound"]);
    program
        .run(&["journal", "stats", "--data", "data"])
        .expect(0, &["records      100 (1 to 100)"]);
    let json = program.run(&["journal", "stats", "--json", "--data", "data"]).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["records"], &json["last"]), (&100.into(), &100.into()));
}

#[test]
fn a_look_at_no_journal_makes_none() {
    let program = Program::new();
    for command in [&["journal", "verify"][..], &["journal", "stats"], &["export", "enrolments"]] {
        program.run(command).expect(69, &["sluis-data: holds no journal", "--data DIR"]);
    }
    assert!(!program.path("sluis-data").exists());
}

#[test]
fn a_directory_in_use_is_69_and_says_so() {
    let program = Program::new();
    let journal = journal::sled::open(&program.path("data")).unwrap();
    let verified = program.run(&["journal", "verify", "--data", "data"]);
    verified.expect(69, &["in use by another process"]);
    let exported = program.run(&["export", "enrolments", "--data", "data"]);
    exported.expect(69, &["in use by another process that is no running gateway"]);
    drop(journal);
}

#[test]
fn a_journal_of_something_else_is_74() {
    let program = Program::new();
    make_journal(&program.path("data"), |number| vec![number as u8; 40]);
    program
        .run(&["journal", "verify", "--data", "data"])
        .expect(74, &["data: the journal is damaged at sequence 1", "restore the latest backup"]);
    let exported = program.run(&["export", "enrolments", "--data", "data"]);
    exported.expect(74, &["damaged at sequence 1", "sluis journal verify"]);
}

#[test]
fn an_import_of_nothing_readable_changes_nothing() {
    let program = Program::new();
    let import = |file| program.run(&["catalogue", "import", file, "--data", "data"]);
    import("none.toml").expect(78, &["none.toml: cannot be read"]);
    assert!(!program.path("data").exists());
}

#[test]
fn a_directory_that_is_not_ours_is_told_and_left_alone() {
    let program = Program::new();
    program.write("home/journal/2026.txt", "diary");
    for command in [
        &["journal", "verify"][..],
        &["journal", "stats"],
        &["serve", "--listen", "127.0.0.1:0"],
        &["serve", "--listen", "127.0.0.1:0", "--fresh"],
        &["serve", "--listen", "127.0.0.1:0", "--fresh", "--yes"],
    ] {
        let ended = program.run(&[command, &["--data", "home"]].concat());
        ended.expect(74, &["home/journal is not a Sluis journal"]);
    }
    let token = program.run(&["token", "--role", "registrar", "--data", "home"]);
    token.expect(69, &["home: holds no key that signs tokens"]);
    let names: Vec<_> =
        fs::read_dir(program.path("home")).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(names, ["journal"], "something was left behind");
    assert_eq!(fs::read_to_string(program.path("home/journal/2026.txt")).unwrap(), "diary");
    program.write("file", "x");
    let served = program.run(&["serve", "--listen", "127.0.0.1:0", "--data", "file"]);
    served.expect(74, &["file", "a file; name a directory with --data"]);
}
