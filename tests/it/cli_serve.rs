//! `sluis serve` as a process: how it starts, what it says, how it ends.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::cli::{Ended, Program};

const START: Duration = Duration::from_secs(20);
const STOP: Duration = Duration::from_secs(2);

/// A gateway on a free port, and its address.
fn start(program: &Program, more: &[&str]) -> (Child, String) {
    let flags = ["serve", "--listen", "127.0.0.1:0", "--data", "data", "--log-format", "pretty"];
    let mut command = program.command(&[&flags, more].concat());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let deadline = Instant::now() + START;
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        if let Some(url) = sluis::serving::url(&program.path("data")) {
            return (child, url);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let ended = Ended::from(child.wait_with_output().unwrap());
    panic!("the gateway does not say where it serves: {}{}", ended.out, ended.err);
}

fn stop(mut child: Child) -> Ended {
    let asked = Instant::now();
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    while child.try_wait().unwrap().is_none() {
        assert!(asked.elapsed() < STOP, "it does not stop");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ended::from(child.wait_with_output().unwrap())
}

#[test]
fn a_port_in_use_is_69_and_says_what_to_do() {
    let program = Program::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let served = program.run(&["serve", "--listen", &address, "--data", "data"]);
    served.expect(69, &["error: ", &address, "--listen"]);
}

#[test]
fn it_starts_with_a_banner_and_stops_when_told() {
    let program = Program::new();
    let (child, url) = start(&program, &[]);
    let locked = program.run(&["journal", "stats", "--data", "data"]);
    locked.expect(69, &["in use by another process"]);
    let second = program.run(&["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    second.expect(69, &["in use by another process"]);
    program.run(&["token", "--role", "registrar", "--data", "data"]).expect(0, &[]);
    program.run(&["export", "enrolments", "--data", "data"]).expect(0, &["student,course"]);
    program.write("students.csv", "id,programme,year,blocks,completed\nx1,,1,,\n");
    let import = ["students", "import", "students.csv", "--data", "data"];
    program.run(&[&import[..], &["--dry-run"]].concat()).expect(0, &["+ student x1", "dry run"]);
    program.run(&import).expect(0, &["+ student x1", "is on disk"]);
    program.run(&import).expect(0, &["nothing was changed: all of it was there"]);
    let ended = stop(child);
    ended.expect(0, &["Sluis 0.", &url, "data"]);
    assert!(ended.out.is_empty(), "talk goes to standard error: {}", ended.out);
    assert_eq!(sluis::serving::url(&program.path("data")), None);
    program.run(&["journal", "verify", "--data", "data"]).expect(0, &["is sound"]);
}

#[test]
fn demo_sign_in_is_refused_over_other_data() {
    let program = Program::new();
    let terms = "[[terms]]\nkey = \"t\"\nfirst_monday = \"2027-02-01\"\n";
    program.write("courses.toml", terms);
    program.run(&["catalogue", "import", "courses.toml", "--data", "data"]).expect(0, &[]);
    let served = program.run(&["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    served.expect(78, &["demo sign-in", "sign_in.demo_with_real_data = true"]);
}
