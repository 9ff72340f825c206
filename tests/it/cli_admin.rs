//! `sluis admin …`: the registrar without a browser, against a running gateway.

use serde_json::{Value, json};

use crate::cli::{Ended, Program};
use crate::support::{Process, University};

struct Desk(Process);

impl Desk {
    fn open() -> Self {
        let university = University::of(2).course("A", 1).course("B", 1).window("w", "");
        let mut process = Process::imported(&university);
        process.start();
        Self(process)
    }

    /// `sluis admin` with these arguments.
    fn admin(&self, args: &[&str]) -> Ended {
        Ended::from(self.0.command(&[&["admin"], args].concat()).output().unwrap())
    }

    fn newest(&self) -> Value {
        let page: Value = serde_json::from_str(&self.admin(&["audit", "--json"]).out).unwrap();
        page["entries"][0].clone()
    }
}

const DONE: &str = "on disk as record";

#[test]
fn every_act_can_be_scripted_and_is_audited() {
    let desk = Desk::open();
    let why = ["--reason", "because"];
    let act = |args: &[&str], told: [&str; 4]| {
        desk.admin(&[args, &why, &["--as", "a.jansen"]].concat()).expect(0, &[DONE]);
        let entry = desk.newest();
        let [action, subject, before, after] = told;
        let text = |field: &str| entry[field].as_str().unwrap_or("-").to_owned();
        let found = ["by", "action", "subject", "before", "after", "reason"].map(text);
        assert_eq!(found, ["a.jansen", action, subject, before, after, "because"]);
    };
    let schedule =
        ["window", "schedule", "w", "--opens", "2999-01-11T13:00:00+01:00", "--closes", "none"];
    let after = "opens 2999-01-11T12:00:00Z, closes by hand";
    act(&schedule, ["window_schedule", "w", "opens by hand, closes by hand", after]);
    act(&["window", "open", "w"], ["window_open", "w", "planned", "open"]);
    act(&["window", "pause", "w"], ["window_pause", "w", "open", "paused"]);
    act(&["window", "resume", "w"], ["window_resume", "w", "paused", "open"]);
    act(&["window", "pace", "w", "20"], ["window_pace", "w", "unlimited", "20"]);
    act(&["section", "capacity", "B/L", "3"], ["section_capacity", "B/L", "1", "3"]);
    act(&["section", "capacity", "B/L", "none"], ["section_capacity", "B/L", "3", "unlimited"]);
    act(&["section", "cancel", "B/L", "--yes"], ["section_status", "B/L", "open", "cancelled"]);
    act(&["section", "open", "B/L"], ["section_status", "B/L", "cancelled", "open"]);
    act(&["section", "close", "B/L"], ["section_status", "B/L", "open", "closed"]);
    act(&["student", "enrol", "s0000", "A", "A/L"], ["student_enrol", "s0000", "-", "A/L"]);
    let over = ["student", "enrol", "s0001", "A", "A/L", "--over-capacity"];
    act(&over, ["student_enrol", "s0001", "-", "A/L (over capacity: A/L)"]);
    act(&["student", "drop", "s0000", "A"], ["student_drop", "s0000", "A/L", "-"]);
    act(&["student", "block", "s0000", "FEE"], ["student_block", "s0000", "-", "FEE"]);
    act(&["student", "unblock", "s0000", "FEE"], ["student_unblock", "s0000", "FEE", "-"]);
    act(&["announce", "--nl", "Dag", "--en", "Hello"], ["announcement", "-", "-", "Hello"]);
    act(&["window", "close", "w", "--yes"], ["window_close", "w", "open", "closed"]);

    desk.admin(&["window", "close", "w", "--yes"])
        .expect(0, &["nothing was changed: it is so already"]);
    let told = desk.admin(&["section", "capacity", "A/L", "2", "--json"]);
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert!(told["journal"].is_u64());
    assert_eq!(desk.newest()["by"], json!("registrar"), "who gives no name is the registrar");
    let lines = desk.admin(&["audit", "--limit", "2"]);
    lines.expect(0, &["Z\tregistrar\tsection_capacity A/L: 1 → 2\n", "older ones: --before"]);
    assert_eq!(lines.out.lines().count(), 2);
    let whole = desk.admin(&["audit", "--csv"]).out;
    assert_eq!(whole.lines().count(), 1 + 2 + 18, "two imports, and these: {whole}");
    let same = desk.0.command(&["audit", "export"]).output().unwrap();
    assert_eq!(String::from_utf8(same.stdout).unwrap(), whole, "through the gateway");
}

#[test]
fn what_is_wrong_is_one_line_and_changes_nothing() {
    let desk = Desk::open();
    let before = desk.admin(&["audit", "--csv"]).out;
    let because = ["--reason", "x"];
    let wrong = |args: &[&str], code: i32, said: &[&str]| {
        let ended = desk.admin(args);
        ended.expect(code, said);
        assert!(ended.out.is_empty(), "{}", ended.out);
        if code != 2 {
            assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
        }
    };
    wrong(&["section", "capacity", "X/1", "3"], 65, &["no section X/1"]);
    wrong(&["section", "capacity", "A/L", "-3"], 2, &["not negative"]);
    wrong(&["section", "capacity", "A/L", "many"], 2, &["or none"]);
    wrong(&["section", "capacity", "A/L", "1000001"], 65, &["capacity is 0 to 1000000"]);
    wrong(&["section", "cancel", "A/L", "--yes"], 65, &["give a reason"]);
    wrong(&["section", "open", "A/9"], 65, &["no section A/9"]);
    wrong(&["section", "close", "A/L", "--reason", " "], 65, &["give a reason"]);
    wrong(&["window", "pause", "nowhere"], 65, &["look it up"]);
    wrong(&["window", "pause", "w"], 65, &["not in a state"]);
    wrong(&["window", "resume", "w"], 65, &["not in a state"]);
    wrong(&["window", "resume", "nowhere"], 65, &["look it up"]);
    wrong(&["window", "close", "nowhere", "--yes"], 65, &["look it up"]);
    wrong(&["window", "reset", "nowhere", "--yes"], 65, &["look it up"]);
    wrong(&["window", "reset", "w", "--yes"], 65, &["rehearsal"]);
    wrong(&["window", "reset", "w", "--yes", "--opens-in", "-1"], 2, &["--opens-in"]);
    wrong(&["window", "pace", "w", "0"], 65, &["pace is 1 to"]);
    wrong(&["window", "pace", "w", "-1"], 2, &["not negative"]);
    wrong(&["window", "pace", "w", "1000001"], 65, &["pace is 1 to 1000000"]);
    let ends_first = ["--opens", "2999-01-02T00:00:00Z", "--closes", "2999-01-01T00:00:00Z"];
    let schedule = [&["window", "schedule", "w"], &ends_first[..]].concat();
    wrong(&schedule, 65, &["closes_at must be after opens_at"]);
    let tomorrow = ["window", "schedule", "w", "--opens", "tomorrow", "--closes", "none"];
    wrong(&tomorrow, 2, &["give a time such as"]);
    wrong(&["window", "schedule", "w", "--opens", "none"], 2, &["--closes"]);
    let enrol = ["student", "enrol", "s0000", "A", "A/L"];
    wrong(&enrol, 65, &["give a reason"]);
    let with = |args: &[&'static str]| [args, &because].concat();
    wrong(&with(&["student", "enrol", "s9", "A", "A/L"]), 65, &["no student"]);
    wrong(&with(&["student", "enrol", "s0000", "A", "B/L"]), 65, &["one section of each"]);
    wrong(&with(&["student", "enrol", "s0000", "A"]), 2, &["SECTIONS"]);
    wrong(&with(&["student", "drop", "s0000", "A"]), 65, &["not enrolled"]);
    wrong(&["student", "drop", "s0000", "A"], 65, &["give a reason"]);
    wrong(&["student", "move", "s0000", "A", "A/L"], 65, &["give a reason"]);
    wrong(&with(&["student", "move", "s0000", "A", "A/L"]), 65, &["not enrolled"]);
    wrong(&with(&["student", "move", "s9", "A", "A/L"]), 65, &["no student"]);
    wrong(&with(&["student", "move", "s0000", "Z", "A/L"]), 65, &["no course Z"]);
    wrong(&with(&["student", "enrol", "s 1", "A", "A/L"]), 65, &["the student number"]);
    wrong(&with(&["student", "show", "s0000"]), 2, &["--reason"]);
    wrong(&["student", "show", "s 1"], 65, &["the student number"]);
    wrong(&["student", "block", "s0000", "FEE"], 65, &["give a reason"]);
    wrong(&with(&["student", "block", "s0000", ""]), 65, &["code"]);
    wrong(&with(&["student", "block", "s9", "FEE"]), 65, &["no student"]);
    wrong(&["student", "unblock", "s0000", "FEE"], 65, &["give a reason"]);
    wrong(&with(&["student", "unblock", "s9", "FEE"]), 65, &["no student"]);
    wrong(&["readiness", "--window", "nowhere"], 65, &["look it up"]);
    wrong(&["audit", "--limit", "0"], 2, &["1..=100"]);
    wrong(&["audit", "--limit", "101"], 2, &["1..=100"]);
    wrong(&["audit", "--before", "-1"], 2, &["--before"]);
    wrong(&["audit", "--before", "now"], 2, &["--before"]);
    wrong(&["audit", "--csv", "--before", "3"], 2, &["cannot be used with"]);
    wrong(&["announce", "--nl", "Dag"], 2, &["--en"]);
    wrong(&["announce", "--nl", "Dag", "--en", ""], 65, &["en is empty"]);
    wrong(&["window", "open", "w", "--as", "schedule"], 2, &["choose another"]);
    wrong(&["window", "open", "w", "--server", "ftp://x"], 2, &["http://"]);
    let long = "x".repeat(301);
    wrong(&["window", "open", "w", "--reason", &long], 65, &["longer than 300"]);
    // What cannot be undone is asked first, and here nobody can be.
    for act in [
        &["window", "close", "w"][..],
        &["window", "reset", "w"],
        &["section", "cancel", "A/L", "--reason", "x"],
    ] {
        let ended = desk.admin(act);
        ended.expect(2, &["add --yes"]);
        assert_eq!(ended.err.lines().count(), 1, "{}", ended.err);
    }
    assert_eq!(desk.admin(&["audit", "--csv"]).out, before, "nothing was changed");
}

#[test]
fn a_name_and_a_token_are_two_words_on_who_acts() {
    let desk = Desk::open();
    let token = desk.0.command(&["token", "--registrar", "b.smit"]).output().unwrap();
    let token = String::from_utf8(token.stdout).unwrap();
    let open = ["admin", "window", "open", "w"];
    let with_token = |args: &[&str]| {
        let mut command = desk.0.command(&[&open, args].concat());
        Ended::from(command.env("SLUIS_TOKEN", token.trim()).output().unwrap())
    };
    with_token(&["--as", "a.jansen"]).expect(2, &["SLUIS_TOKEN says who acts"]);
    assert_ne!(desk.newest()["action"], "window_open", "nothing was changed");
    with_token(&[]).expect(0, &[DONE]);
    assert_eq!(desk.newest()["by"], "b.smit");
}

#[test]
fn a_student_number_can_be_typed_so_that_no_list_of_processes_has_it() {
    let desk = Desk::open();
    desk.admin(&["window", "open", "w"]).expect(0, &[DONE]);
    let number = desk.0.data().join("number");
    let typed = |number_typed: &str, args: &[&str]| {
        std::fs::write(&number, number_typed).unwrap();
        let mut command = desk.0.command(&[&["admin", "student"], args].concat());
        let input = std::fs::File::open(&number).unwrap();
        Ended::from(command.stdin(input).output().unwrap())
    };
    let because = ["--reason", "x"];
    for (args, action) in [
        (&["enrol", "-", "A", "A/L"][..], "student_enrol"),
        (&["drop", "-", "A"], "student_drop"),
        (&["block", "-", "FEE"], "student_block"),
        (&["unblock", "-", "FEE"], "student_unblock"),
    ] {
        typed("s0001\n", &[args, &because].concat()).expect(0, &[DONE]);
        let newest = desk.newest();
        assert_eq!((&newest["action"], &newest["subject"]), (&json!(action), &json!("s0001")));
    }
    let there = typed("s0001", &[&["move", "-", "A", "A/L"], &because[..]].concat());
    there.expect(65, &["not enrolled"]);
    typed(" s0001 \n", &["show", "-"]).expect(0, &["student s0001"]);
    typed("s0001", &["why", "-", "1", "A"]).expect(1, &["decides nothing about this student"]);
    typed("", &["show", "-"]).expect(65, &["the student number"]);
}

#[test]
fn without_a_gateway_it_says_so_and_the_log_can_still_be_read() {
    let program = Program::new();
    let admin = ["admin", "window", "open", "w", "--data", "data"];
    program.run(&admin).expect(69, &["no gateway runs on this data directory"]);
    program.run(&["audit", "export", "--data", "data"]).expect(69, &["holds no journal"]);
    let term = "[[terms]]\nkey = \"t\"\nfirst_monday = \"2027-02-01\"\n";
    program.write("courses.toml", term);
    let import = ["catalogue", "import", "courses.toml", "--data", "data"];
    program.run(&import).expect(0, &["is on disk"]);
    let log = program.run(&["audit", "export", "--format", "json", "--data", "data"]);
    let entries: Value = serde_json::from_str(&log.out).unwrap();
    let entry = &entries.as_array().unwrap()[0];
    assert_eq!((&entry["by"], &entry["after"]), (&json!("command-line"), &json!("1 terms")));
    program.run(&["journal", "verify", "--data", "data"]).expect(0, &["is sound"]);
    let key = ["token", "--registrar", "schedule", "--data", "data"];
    program.run(&key).expect(69, &["holds no key"]);
}
