//! `sluis serve` as a process: how it starts, what it says, how it ends.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::cli::{Ended, Program, make_journal, sound};
use crate::support::{Process, University};

const START: Duration = Duration::from_secs(20);
const STOP: Duration = Duration::from_secs(20);

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
    assert!(!program.path("data").exists(), "nothing is made for a gateway that cannot listen");
    program.run(&["serve", "--yes"]).expect(2, &["--fresh"]);
}

#[test]
fn a_taken_operators_port_names_its_key_and_none_is_a_choice() {
    let program = Program::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", "data"];
    let with = |listen: &str| {
        let mut command = program.command(&serve);
        command.env("SLUIS__METRICS__LISTEN", listen);
        command
    };
    let served = Ended::from(with(&address).output().unwrap());
    served.expect(69, &["error: metrics.listen: ", &address, "SLUIS__METRICS__LISTEN=127.0.0.1:0"]);
    assert!(!program.path("data").exists(), "nothing is made for a gateway that cannot listen");
    let served = Ended::from(with("nowhere").output().unwrap());
    served.expect(78, &["metrics.listen", "IP:PORT, as in 127.0.0.1:9464"]);

    let mut process = Process::imported(&University::of(1).course("A", 1).window("w", ""));
    process.set("METRICS__LISTEN", "");
    process.start();
    assert_eq!(sluis::serving::metrics(&process.data()), None);
    let asked = Ended::from(process.command(&["log", "level"]).output().unwrap());
    asked.expect(69, &["[metrics] listen"]);
}

#[test]
fn it_starts_with_a_banner_and_stops_when_told() {
    let program = Program::new();
    let (child, url) = start(&program, &[]);
    let metrics = sluis::serving::metrics(&program.path("data")).unwrap();
    let locked = program.run(&["journal", "stats", "--data", "data"]);
    locked.expect(69, &["in use by another process"]);
    let second = program.run(&["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    second.expect(69, &["in use by another process"]);
    program.run(&["token", "--role", "registrar", "--data", "data"]).expect(0, &[]);
    program.run(&["export", "enrolments", "--data", "data"]).expect(0, &["student,course"]);
    program.write("students.csv", "id,programme,year,blocks,completed\ns1000600,,2,,\n");
    let import = ["students", "import", "students.csv", "--data", "data"];
    let change = "~ student s1000600";
    program.run(&[&import[..], &["--dry-run"]].concat()).expect(0, &[change, "dry run"]);
    program.run(&import).expect(0, &[change, "is on disk"]);
    program.run(&import).expect(0, &["nothing was changed: all of it was there"]);
    let ended = stop(child);
    ended.expect(0, &["Sluis 0.", &url, "data", &metrics]);
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

/// The file names in a directory, sorted.
fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap().flatten();
    let mut names: Vec<_> = entries.map(|e| e.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn nobody_else_comes_into_a_demo_where_anybody_can_be_anyone() {
    let program = Program::new();
    let (child, _) = start(&program, &[]);
    program.write("real.csv", "id,programme,year,blocks,completed\nz1,,1,,\n");
    let import = ["students", "import", "real.csv", "--data", "data"];
    let refused = ["demo sign-in lets anybody be anyone", "sign_in.demo_with_real_data = true"];
    program.run(&import).expect(78, &refused);
    stop(child).expect(0, &[]);
    // The same without a gateway.
    program.run(&import).expect(78, &refused);
    let allowed =
        program.command(&import).env("SLUIS__SIGN_IN__DEMO_WITH_REAL_DATA", "true").output();
    Ended::from(allowed.unwrap()).expect(0, &["+ student z1", "is on disk"]);
    let served = program.run(&["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    served.expect(78, &refused);
}

#[test]
fn starting_over_sets_the_journal_aside_and_keeps_the_key() {
    let program = Program::new();
    let (child, _) = start(&program, &[]);
    stop(child).expect(0, &[]);
    let key = std::fs::read(program.path("data/signin.key")).unwrap();
    let (child, _) = start(&program, &["--fresh"]);
    stop(child).expect(0, &["is now in data/journal.old-"]);
    assert_eq!(std::fs::read(program.path("data/signin.key")).unwrap(), key);
    let old = names(&program.path("data")).into_iter().find(|n| n.starts_with("journal.old-"));
    let old = format!("data/{}", old.unwrap());
    program.run(&["journal", "verify", "--data", &old]).expect(0, &["is sound"]);
    // What is not the demo's is not moved without a word.
    let terms = "[[terms]]\nkey = \"t\"\nfirst_monday = \"2027-02-01\"\n";
    program.write("courses.toml", terms);
    program.run(&["catalogue", "import", "courses.toml", "--data", "real"]).expect(0, &[]);
    let before = names(&program.path("real"));
    let fresh = ["serve", "--listen", "127.0.0.1:0", "--data", "real", "--fresh"];
    program.run(&fresh).expect(78, &["real: holds more than the demo", "--fresh --yes"]);
    assert_eq!(names(&program.path("real")), before);
}

#[test]
fn a_start_over_that_was_cut_short_leaves_keys_that_the_next_one_sets_aside() {
    let program = Program::new();
    let (child, _) = start(&program, &[]);
    stop(child).expect(0, &[]);
    std::fs::create_dir(program.path("moved")).unwrap();
    for name in ["journal", "journal.durable"] {
        let from = program.path("data").join(name);
        std::fs::rename(from, program.path("moved").join(name)).unwrap();
    }
    let keys = std::fs::read(program.path("data/students.keys")).unwrap();
    let served = program.run(&["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    served.expect(74, &["data/students.keys", "the keys of a journal that is not here", "--fresh"]);
    let fresh = ["serve", "--listen", "127.0.0.1:0", "--data", "data", "--fresh"];
    program.run(&fresh).expect(78, &["holds more than the demo", "--fresh --yes"]);
    let (child, _) = start(&program, &["--fresh", "--yes"]);
    stop(child).expect(0, &["is now in data/journal.old-"]);
    let old = names(&program.path("data")).into_iter().find(|n| n.starts_with("journal.old-"));
    let aside = program.path("data").join(old.unwrap()).join("students.keys");
    assert_eq!(std::fs::read(aside).unwrap(), keys);
}

#[test]
fn after_a_kill_rot_is_refused_and_no_demo_is_put_over_it() {
    let program = Program::new();
    let (mut child, _) = start(&program, &[]);
    child.kill().unwrap();
    child.wait().unwrap();
    // The kill left this too; `start` waits for the next one.
    std::fs::remove_file(program.path("data/serving.json")).unwrap();
    let db = program.path("data/journal/db");
    let mut bytes = std::fs::read(&db).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end / 2..end].iter_mut().for_each(|byte| *byte ^= 0x55);
    std::fs::write(&db, &bytes).unwrap();
    let verify = ["journal", "verify", "--data", "data"];
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", "data"];
    let repair = [&verify[..], &["--repair-tail"]].concat();
    for command in
        [&verify[..], &serve, &serve, &repair, &verify, &[&serve[..], &["--fresh"]].concat()]
    {
        program.run(command).expect(74, &["data", "restore the latest backup", "--fresh --yes"]);
        assert_eq!(std::fs::read(&db).unwrap(), bytes, "{command:?} changed the journal");
    }
    let (child, _) = start(&program, &["--fresh", "--yes"]);
    stop(child).expect(0, &["is now in data/journal.old-"]);
}

#[test]
fn a_journal_that_was_there_and_reads_as_empty_gets_no_demo() {
    let program = Program::new();
    drop(sluis::journal::sled::open(&program.path("data")).unwrap());
    let served = program.run(&["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    served.expect(78, &["data: holds an empty journal", "--fresh"]);
}

/// What a kill in the middle of a first import leaves: its beginning, of which nothing counts.
#[test]
fn an_import_that_stopped_half_way_is_an_empty_journal_and_no_real_data() {
    let program = Program::new();
    make_journal(&program.path("data"), sound);
    let served = program.run(&["serve", "--listen", "127.0.0.1:0", "--data", "data"]);
    served.expect(78, &["data: holds an empty journal", "--fresh"]);
    let (child, _) = start(&program, &["--fresh"]);
    stop(child).expect(0, &["is now in data/journal.old-"]);
}
