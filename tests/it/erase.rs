//! Students erased after a term, with the program as people run it.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::support::student::any;
use crate::support::{Process, University};

fn text(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[track_caller]
fn run(process: &Process, args: &[&str]) -> String {
    let output = process.command(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", text(&output));
    text(&output)
}

fn erase_one(process: &Process, number: &str, more: &[&str]) -> Output {
    let mut command = process.command(&[&["students", "erase", "-"], more].concat());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{number}").unwrap();
    child.wait_with_output().unwrap()
}

/// The files below a directory in which the text stands.
fn holding(directory: &Path, wanted: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if fs::read(&path).unwrap().windows(wanted.len()).any(|w| w == wanted.as_bytes())
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

fn digest(process: &Process) -> Value {
    serde_json::from_str(run(process, &["journal", "digest", "--json"]).lines().next().unwrap())
        .unwrap()
}

#[tokio::test]
async fn after_a_term_its_students_are_erased_and_their_places_stay() {
    let university = University::of(4).course("A", 1).course("B", 9).window("w", "");
    let mut process = Process::imported(&university);
    process.start();
    process.registrar().post("/api/admin/windows/w/open", "").ok();
    let mut anna = process.student("s0000").await;
    anna.submit("w", &[any("A", false)]).await;
    assert_eq!(anna.outcome("A").await.outcome, "enrolled");
    let mut ben = process.student("s0001").await;
    ben.submit("w", &[any("A", true)]).await;
    assert_eq!(ben.outcome("A").await.outcome, "waitlisted");
    let block = "{\"student\":\"s0000\",\"code\":\"FEE-UNPAID\",\"reason\":\"not paid by Anna\"}";
    process.registrar().post("/api/admin/student/block", block).ok();
    let audit = process.registrar().get("/api/admin/audit").json().to_string();
    assert!(audit.contains("not paid by Anna") && audit.contains("s0000"), "{audit}");

    // While a gateway runs, or before the term is over: no.
    let running = process.command(&["students", "erase", "--term", "t", "--yes"]).output().unwrap();
    assert_eq!(running.status.code(), Some(69), "{}", text(&running));
    process.kill();
    let early = process.command(&["students", "erase", "--term", "t"]).output().unwrap();
    assert_eq!(early.status.code(), Some(2), "{}", text(&early));
    assert!(text(&early).contains("its window w is not closed"), "{}", text(&early));
    process.start();
    process.registrar().post("/api/admin/windows/w/close", "").ok();
    process.kill();

    // Nobody's number or what was written of her stands in a file, even before.
    let data = process.data();
    for secret in ["s0000", "s0003", "FEE-UNPAID", "not paid by Anna"] {
        assert_eq!(holding(&data, secret), Vec::<String>::new(), "{secret}");
    }
    run(&process, &["journal", "backup", "old.backup"]);
    let before = digest(&process);
    let dry = run(&process, &["students", "erase", "--term", "t"]);
    assert!(dry.contains("2 students would be erased") && dry.contains("nothing was"), "{dry}");
    assert_eq!(digest(&process), before, "a dry run changes nothing");
    let done = run(&process, &["students", "erase", "--term", "t", "--yes"]);
    assert!(done.contains("2 students erased") && done.contains("destroy them now"), "{done}");
    let again = run(&process, &["students", "erase", "--term", "t", "--yes"]);
    assert!(again.contains("nobody to erase"), "{again}");

    run(&process, &["journal", "verify"]);
    let audit = run(&process, &["audit", "export"]);
    assert!(audit.contains("command-line,student_erase,,,2 students,after term t"), "{audit}");
    assert!(audit.contains("student_block,erased-0,,,"), "{audit}");
    assert!(!audit.contains("s0000") && !audit.contains("not paid"), "{audit}");
    let list = run(&process, &["export", "enrolments"]);
    assert!(list.contains("erased-0,A,A/L,w,") && !list.contains("s0000"), "{list}");

    // A gateway on it: she is nobody, the others are as they were.
    process.start();
    assert_eq!(process.http("s0000").get("/api/plan").problem().1, "unknown_student");
    process.http("s0002").get("/api/plan").ok();
    for (list, name) in [("enrolments", "erased-0"), ("waitlists", "erased-1")] {
        let body = process.registrar().get(&format!("/api/admin/{list}")).body;
        assert!(body.contains(name) && !body.contains("s000"), "{body}");
    }
    let board = process.registrar().get("/api/admin/board").json().to_string();
    assert!(board.contains("\"A/L\""), "{board}");
    let said = process.said();
    process.kill();
    assert!(!said.contains("s0000"), "{said}");

    // A new file with the same number is a new student.
    let home = data.parent().unwrap().to_owned();
    let again = run(&process, &["students", "import", "students.csv"]);
    assert!(again.contains("2 added"), "{again}");
    process.start();
    let me = process.http("s0000").get("/api/me/export").json();
    assert_eq!(me["enrolments"], serde_json::json!([]), "{me}");
    process.kill();

    // The old backup, with the keys of then and with those of now.
    let try_restore = |keys: Option<&str>, into: &str, more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sluis"));
        command.args(["journal", "restore", "old.backup", "--into", into]).current_dir(&home);
        keys.map(|keys| command.args(["--keys", keys]));
        command.args(more).stdin(Stdio::null()).output().unwrap()
    };
    let listing = || {
        let mut names: Vec<_> = fs::read_dir(&home).unwrap().map(|e| e.unwrap().path()).collect();
        names.sort();
        names
    };
    let before = (listing(), fs::read(data.join("students.keys")).unwrap());
    let refused = try_restore(Some("data/students.keys"), "now", &[]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    let told = text(&refused);
    assert_eq!(told.lines().count(), 1, "{told}");
    for word in ["2 of them: erased-0, erased-1;", "an earlier restore", "--yes"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(!told.contains("s000"), "{told}");
    let after = (listing(), fs::read(data.join("students.keys")).unwrap());
    assert!(before == after, "nothing is made: {:?}", after.0);
    let restore = |keys: Option<&str>, into: &str| {
        let more: &[&str] = if keys.is_some() { &["--yes"] } else { &[] };
        let output = try_restore(keys, into, more);
        assert!(output.status.success(), "{}", text(&output));
        let mut list = std::process::Command::new(env!("CARGO_BIN_EXE_sluis"));
        list.args(["export", "enrolments", "--data", into]).current_dir(&home);
        text(&list.output().unwrap())
    };
    assert!(restore(None, "then").contains("s0000,A,"), "the keys of then are beside it");
    let now = restore(Some("data/students.keys"), "now");
    assert!(now.contains("erased-0,A,") && !now.contains("s0000"), "{now}");
}

#[test]
fn one_student_is_erased_by_a_number_that_is_in_no_list_of_processes() {
    let university = University::of(3).course("A", 1).window("w", "");
    let process = Process::imported(&university);
    let unknown = erase_one(&process, "s9999", &["--yes"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(!text(&unknown).contains("s9999"), "{}", text(&unknown));
    let named = process.command(&["students", "erase", "s0001", "--yes"]).output().unwrap();
    assert_eq!(named.status.code(), Some(2), "{}", text(&named));
    let done = erase_one(&process, "s0001", &["--yes", "--json"]);
    assert!(done.status.success(), "{}", text(&done));
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&said["students"], &said["erased"]), (&1.into(), &true.into()), "{said}");
    let audit = run(&process, &["audit", "export"]);
    assert!(audit.contains("student_erase,erased-1,,,asked for"), "{audit}");
    let again = erase_one(&process, "s0001", &["--yes"]);
    assert_eq!(again.status.code(), Some(2), "she is nobody now");
}

#[test]
fn those_of_whom_nothing_is_newer_are_erased_and_lost_keys_are_missed() {
    let university = University::of(3).course("A", 1).window("w", "");
    let mut process = Process::imported(&university);
    let before = |day: &str| run(&process, &["students", "erase", "--before", day]);
    assert!(before("2020-01-01").contains("0 students would be erased"));
    assert!(before("2999-01-01").contains("3 students would be erased"));
    for bad in [&["yesterday"][..], &["2999-01-01", "--yes"]] {
        let args = [&["students", "erase", "--before"], bad].concat();
        let bad = process.command(&args).output().unwrap();
        assert_eq!(bad.status.code(), Some(2), "{}", text(&bad));
    }
    let keys = process.data().join("students.keys");
    let aside = process.data().join("aside");
    fs::rename(&keys, &aside).unwrap();
    let lost = process.command(&["journal", "stats"]).output().unwrap();
    assert_eq!(lost.status.code(), Some(74), "{}", text(&lost));
    assert!(text(&lost).contains("the keys of 3 students are not there"), "{}", text(&lost));
    let serve = process.command(&["serve"]).output().unwrap();
    assert!(text(&serve).contains("the keys of 3 students are not there"), "{}", text(&serve));
    assert!(!keys.exists(), "no new ones are made in their place");
    fs::rename(&aside, &keys).unwrap();
    process.start();
    process.http("s0001").get("/api/plan").ok();
}

#[tokio::test]
async fn who_is_in_a_term_that_is_not_over_is_kept() {
    let university = University::of(3).course("A", 1).window("w", "");
    let mut process = Process::imported(&university);
    process.start();
    process.registrar().post("/api/admin/windows/w/open", "").ok();
    let mut anna = process.student("s0000").await;
    anna.submit("w", &[any("A", false)]).await;
    assert_eq!(anna.outcome("A").await.outcome, "enrolled");
    process.kill();
    let said = run(&process, &["students", "erase", "--before", "2999-01-01"]);
    assert!(
        said.contains("2 students would be erased") && said.contains("1 more are kept"),
        "{said}"
    );
}

#[test]
fn keys_lie_apart_where_they_are_told_to_and_alone_they_stop_a_start() {
    let university = University::of(3).course("A", 1).window("w", "");
    let process = Process::imported(&university);
    let data = process.data();
    let home = data.parent().unwrap();
    let missing =
        process.command(&["journal", "backup", "m.backup", "--keys-to", "apart"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2), "{}", text(&missing));
    assert!(text(&missing).contains("apart is not a directory"), "{}", text(&missing));
    fs::create_dir(home.join("apart")).unwrap();
    run(&process, &["journal", "backup", "m.backup", "--keys-to", "apart"]);
    assert!(home.join("apart/m.backup.keys").exists() && !home.join("m.backup.keys").exists());

    // As a start over leaves it that ended between the journal and its keys.
    fs::create_dir(home.join("moved")).unwrap();
    for name in ["journal", "journal.durable"] {
        fs::rename(data.join(name), home.join("moved").join(name)).unwrap();
    }
    let serve = process.command(&["serve"]).output().unwrap();
    assert_eq!(serve.status.code(), Some(74), "{}", text(&serve));
    assert!(text(&serve).contains("the keys of a journal that is not here"), "{}", text(&serve));
    let sluis = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sluis"));
        command.args(["journal"]).args(args).current_dir(home).output().unwrap()
    };
    let restore = ["restore", "m.backup", "--into", "data", "--keys", "apart/m.backup.keys"];
    let refused = sluis(&restore);
    assert!(text(&refused).contains("there are keys already"), "{}", text(&refused));
    fs::rename(data.join("students.keys"), home.join("moved/students.keys")).unwrap();
    let restored = sluis(&restore);
    assert!(restored.status.success(), "{}", text(&restored));
    let [made, was] = ["data", "moved"].map(|data| text(&sluis(&["digest", "--data", data])));
    assert!(made.contains("digest") && made == was, "{made} {was}");
}
