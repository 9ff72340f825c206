//! What the registrar sees of a real gateway: before the opening, after it, and looking back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use sluis::http::auth::Role;

use crate::cli::{Ended, Program};
use crate::support::student::any;
use crate::support::{Http, TestGateway, TestStudent, University, role_token, until};

/// Longer than what is read is kept.
const KEPT: Duration = Duration::from_millis(1_100);

/// Course A of one seat, B of two sections, C with room.
fn university() -> University {
    University::of(6).course("A", 1).wide("B", 2, 2).course("C", 9).window("w", "credit_limit = 10")
}

/// Four want A and then any B, one C; the last has no plan. Four are armed.
async fn planned(gateway: &TestGateway) -> Vec<TestStudent> {
    let mut students = Vec::new();
    for key in ["s0000", "s0001", "s0002", "s0003"] {
        let mut student = gateway.student(key).await;
        student.set_plan(&[any("A", true), any("B", false)]).await;
        student.arm("w").await;
        students.push(student);
    }
    let mut fifth = gateway.student("s0004").await;
    fifth.set_plan(&[any("C", false)]).await;
    students.push(fifth);
    students
}

fn row<'a>(rows: &'a Value, key: &str, value: &str) -> &'a Value {
    let found = rows.as_array().unwrap().iter().find(|row| row[key] == value);
    found.unwrap_or_else(|| panic!("no {key} {value} in {rows}"))
}

#[tokio::test]
async fn before_the_opening_demand_blockers_and_readiness_tell_what_to_do() {
    let gateway = TestGateway::start(&university());
    let _students = planned(&gateway).await;
    let registrar = gateway.registrar();
    let blocked = "id,programme,year,blocks,completed\ns0004,,1,debt,\n";
    registrar.post("/api/admin/students?format=csv", blocked).ok();

    let demand = registrar.get("/api/admin/demand?window=w").json();
    assert_eq!((&demand["armed"], &demand["students_with_plan"]), (&json!(4), &json!(5)));
    let keys = |v: &Value| {
        let rows = v["sections"].as_array().unwrap().iter();
        rows.map(|s| s["section"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(keys(&demand), ["A/L", "B/L0", "B/L1", "C/L"], "most short first");
    let counts: Vec<_> = demand["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| [&s["first_choices"], &s["all_choices"], &s["shortage"]].map(Value::as_u64))
        .map(|row| row.map(Option::unwrap))
        .collect();
    assert_eq!(counts, [[4, 4, 3], [2, 4, 0], [2, 4, 0], [1, 1, 0]]);
    let by_code = registrar.get("/api/admin/demand?sort=code").json();
    assert_eq!(by_code["window"], "w", "the first that is not over");

    let blockers = registrar.get("/api/admin/blockers?window=w").json();
    assert_eq!(blockers["reasons"], json!([{ "reason": "blocked", "students": 1 }]));
    let expected =
        json!([{ "student": "s0004", "course": "C", "reason": "blocked", "detail": "debt" }]);
    assert_eq!((&blockers["students"], &blockers["total"]), (&expected, &json!(1)));
    let clashes = registrar.get("/api/admin/blockers?window=w&reason=clash").json();
    assert_eq!((&clashes["students"], &clashes["total"]), (&json!([]), &json!(0)));

    let readiness = registrar.get("/api/admin/readiness?window=w").json();
    let checks: BTreeMap<_, _> = readiness["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["key"].as_str().unwrap(), c["state"].as_str().unwrap()))
        .collect();
    let check = |key: &str| row(&readiness["checks"], "key", key);
    for (key, state) in [
        ("window", "warn"),
        ("closing", "warn"),
        ("order", "ok"),
        ("students", "ok"),
        ("plans", "ok"),
        ("armed", "ok"),
        ("unlimited", "ok"),
        ("no_seats", "ok"),
        ("short", "warn"),
        ("blocked", "warn"),
        ("demo_sign_in", "fail"),
        ("journal", "ok"),
    ] {
        assert_eq!(checks.get(key), Some(&state), "{key}: {readiness}");
    }
    assert!(checks.contains_key("disk") && checks.contains_key("snapshot"));
    assert_eq!((&check("armed")["value"], &check("armed")["of"]), (&json!("4"), &json!("5")));
    assert_eq!(check("short")["value"], "1");

    // What was read is kept for a moment, and told anew after it.
    registrar.post("/api/admin/sections/capacity", r#"{"section":"A/L","capacity":9}"#).ok();
    std::thread::sleep(KEPT);
    let demand = registrar.get("/api/admin/demand?window=w").json();
    assert_eq!(row(&demand["sections"], "section", "A/L")["shortage"], 0);
}

/// The opening with everything decided.
async fn opened(gateway: &TestGateway) -> Vec<TestStudent> {
    let mut students = planned(gateway).await;
    gateway.open("w");
    for student in students.iter_mut().take(4) {
        student.outcome("A").await;
        student.outcome("B").await;
    }
    students
}

fn outcomes(registrar: &Http, who: &str) -> Vec<Value> {
    let body = json!({ "student": who }).to_string();
    let file = registrar.post("/api/admin/student", &body).json();
    assert_eq!(file["student"], who);
    file["outcomes"].as_array().unwrap().clone()
}

fn why(registrar: &Http, who: &str, outcome: &Value) -> Value {
    let body =
        json!({ "student": who, "journal": outcome["journal"], "course": outcome["course"] });
    registrar.post("/api/admin/student/why", &body.to_string()).json()
}

#[tokio::test]
async fn after_the_opening_the_board_a_file_and_why_tell_what_happened() {
    let gateway = TestGateway::start(&university());
    let mut students = opened(&gateway).await;
    let registrar = gateway.registrar();

    let board = registrar.get("/api/admin/board").json();
    assert_eq!((&board["total"], &board["windows"][0]["state"]), (&json!(4), &json!("open")));
    assert_eq!(
        (&board["windows"][0]["rate"], &board["windows"][0]["waiting"]),
        (&json!(null), &json!(0))
    );
    let a = &board["sections"][0];
    let seats = ["section", "capacity", "taken", "waitlisted", "in_line", "pressure"];
    assert_eq!(json!(seats.map(|key| &a[key])), json!(["A/L", 1, 1, 3, 0, 4.0]));
    let found = registrar.get("/api/admin/board?q=b%20l1&sort=code&limit=1").json();
    assert_eq!((&found["total"], &found["sections"][0]["section"]), (&json!(1), &json!("B/L1")));

    // Why each came out as it did: the draw, her place, the seats then.
    let mut ranks = Vec::new();
    for who in ["s0000", "s0001", "s0002", "s0003"] {
        let all = outcomes(&registrar, who);
        assert_eq!(all.len(), 2, "{all:?}");
        for outcome in &all {
            assert_eq!(outcome["via"], "ticket");
            let why = why(&registrar, who, outcome);
            assert_eq!((&why["rule"], &why["agrees"]), (&json!("lottery"), &json!(true)), "{why}");
            let place = row(&why["steps"], "key", "drawn");
            assert_eq!((&place["of"], &place["state"]), (&json!("4"), &json!("fact")));
            let seats = row(&why["steps"], "key", "seats");
            match outcome["outcome"].as_str().unwrap() {
                "waitlisted" => {
                    ranks.push(outcome["about"].as_str().unwrap().to_owned());
                    let left = &why["sections"][0]["left"];
                    assert_eq!((&seats["state"], left), (&json!("stopped"), &json!(0)));
                    let waitlist = row(&why["steps"], "key", "waitlist");
                    assert_eq!(waitlist["about"], outcome["about"]);
                }
                "enrolled" => {
                    assert_eq!(seats["state"], "passed");
                    let granted = why["sections"].as_array().unwrap().iter();
                    let granted: Vec<_> = granted.filter(|s| s["granted"] == true).collect();
                    assert_eq!(
                        (granted.len(), &granted[0]["section"]),
                        (1, &outcome["sections"][0])
                    );
                    assert_ne!(granted[0]["left"], 0, "{why}");
                }
                other => panic!("{other}"),
            }
        }
    }
    ranks.sort_unstable();
    assert_eq!(ranks, ["1", "2", "3"]);

    // Asked outright, over the credit limit: told with the credits then.
    let credits = students[0].submit("w", &[any("C", false)]).await;
    let refused = students[0].outcome("C").await;
    let has = outcomes(&registrar, "s0000");
    assert_eq!(
        (&has[0]["request"], &has[0]["via"]),
        (&json!(credits.to_string()), &json!("submit"))
    );
    let told = why(&registrar, "s0000", &has[0]);
    let step = row(&told["steps"], "key", "credits");
    if refused.outcome == "refused" {
        assert_eq!((&step["state"], &step["value"]), (&json!("stopped"), &json!("10")), "{told}");
    } else {
        assert_eq!((&step["state"], &step["of"]), (&json!("passed"), &json!("10")), "{told}");
    }
    assert_eq!(told["request_known"], false);

    // A capacity tried out is what it comes to, and nothing is changed by the trial.
    let body = r#"{"section":"A/L","capacity":3}"#;
    let preview = registrar.post("/api/admin/sections/preview", body).json();
    let expected = json!({ "capacity_now": 1, "taken": 1, "waitlisted": 3, "promoted": 2, "left": 0,
        "over_capacity": 0 });
    assert_eq!(preview, expected);
    assert_eq!(registrar.post("/api/admin/sections/preview", body).json(), expected);
    gateway.set_capacity("A/L", 3);
    let taken = || {
        let status = registrar.get("/api/admin/status").json();
        row(&status["sections"], "section", "A/L")["taken"].as_u64()
    };
    until("two are promoted", || taken() == Some(3));
    let promoted: Vec<_> = ["s0000", "s0001", "s0002", "s0003"]
        .into_iter()
        .filter(|who| outcomes(&registrar, who).iter().any(|o| o["outcome"] == "promoted"))
        .collect();
    assert_eq!(promoted.len(), 2);
    let one = outcomes(&registrar, promoted[0]);
    let one = one.iter().find(|o| o["outcome"] == "promoted").unwrap();
    let told = why(&registrar, promoted[0], one);
    let both = (&told["rule"], &told["agrees"]);
    assert_eq!(both, (&json!("waitlist"), &json!(true)), "{told}");

    // After a restart the same decisions are explained from the same journal.
    drop(students);
    let gateway = gateway.restarted();
    assert_eq!(why(&gateway.registrar(), promoted[0], one), told);
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows of a spreadsheet with a header, by column.
fn csv_rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.split_terminator("\r\n");
    let header: Vec<_> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let cells = line.split(',').map(str::to_owned);
        header.iter().map(|name| (*name).to_owned()).zip(cells).collect()
    };
    lines.map(row).collect()
}

#[tokio::test]
async fn exports_agree_in_every_form() {
    let gateway = TestGateway::start(&university());
    let _students = opened(&gateway).await;
    let registrar = gateway.registrar();
    let text = |path: &str| registrar.get(path).ok();

    let csv = text("/api/admin/enrolments.csv");
    assert_eq!(csv, text("/api/admin/enrolments"), "as it was");
    let json = text("/api/admin/enrolments.json");
    assert_eq!(json, text("/api/admin/enrolments?format=json"));
    let (csv, json) = (csv_rows(&csv), lines(&json));
    assert_eq!((csv.len(), json.len()), (5, 5), "one A, four B");
    for (csv, json) in csv.iter().zip(&json) {
        assert_eq!(csv["student"], json["student"].as_str().unwrap());
        assert_eq!(csv["sections"], json["sections"][0].as_str().unwrap());
        assert_eq!(csv["journal"], json["journal"].to_string());
    }

    let csv = csv_rows(&text("/api/admin/waitlists.csv"));
    let json = text("/api/admin/waitlists.json");
    assert_eq!(json, text("/api/admin/waitlists"));
    let json = lines(&json);
    assert_eq!((csv.len(), json.len()), (3, 3));
    for (rank, (csv, json)) in (1..).zip(csv.iter().zip(&json)) {
        assert_eq!((&json["course"], &json["rank"]), (&json!("A"), &json!(rank)));
        assert_eq!(
            (&csv["student"], &csv["rank"]),
            (&json["student"].as_str().unwrap().to_owned(), &rank.to_string())
        );
        let who = json["student"].as_str().unwrap();
        let own = gateway.http(who).get("/api/enrolments").json();
        assert_eq!(own["waitlist"][0]["rank"], rank, "as she sees it herself");
    }
}

#[tokio::test]
async fn sluis_admin_shows_the_same_and_tells_what_is_wrong_in_one_line() {
    let gateway = TestGateway::start(&university());
    let _students = opened(&gateway).await;
    let program = Program::new();
    let server = format!("http://{}", gateway.address());
    let token = role_token(&gateway.tokens, Role::Registrar, gateway.clock.now());
    let run = |args: &[&str]| {
        let args = [&["admin"], args, &["--server", &server, "--data", "data"]].concat();
        Ended::from(program.command(&args).env("SLUIS_TOKEN", &token).output().unwrap())
    };
    run(&["board"]).expect(0, &["A/L", "pressure", "4.00", "4 of 4 sections", "window"]);
    run(&["board", "--find", "b l1", "--sort", "rate"]).expect(0, &["B/L1", "1 of 1 sections"]);
    run(&["demand", "--window", "w"]).expect(0, &["first choices", "C/L", "armed"]);
    run(&["blockers"]).expect(0, &["reason", "0 of 0"]);
    run(&["readiness"]).expect(0, &["fail  demo_sign_in", "ok    journal"]);
    run(&["preview", "A/L", "3"]).expect(0, &["would be promoted       2"]);
    run(&["preview", "A/L", "none"]).expect(0, &["would be promoted       3"]);
    let registrar = gateway.registrar();
    let outcome = outcomes(&registrar, "s0001").remove(0);
    let (journal, course) = (outcome["journal"].to_string(), outcome["course"].as_str().unwrap());
    run(&["student", "show", "s0001"]).expect(0, &["student s0001", &journal, "ticket"]);
    run(&["student", "why", "s0001", &journal, course])
        .expect(0, &["by the rule lottery", "drawn", "seats"]);
    let json = run(&["student", "why", "s0001", &journal, course, "--json"]);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json, why(&registrar, "s0001", &outcome));
    assert_eq!(run(&["export", "waitlists"]).out, registrar.get("/api/admin/waitlists").ok());
    let csv = run(&["export", "enrolments", "--csv"]);
    assert_eq!(csv.out, registrar.get("/api/admin/enrolments.csv").ok());

    // A window that is paused admits nobody: that is what it is told to be.
    let board = run(&["board"]);
    assert!(board.out.contains("  open ") && !board.out.contains("paused"), "{}", board.out);
    registrar.post("/api/admin/windows/w/pause", "").ok();
    std::thread::sleep(KEPT);
    run(&["board"]).expect(0, &["paused"]);
    let ready = registrar.get("/api/admin/readiness?window=w").json();
    assert_eq!(row(&ready["checks"], "key", "window")["of"], "paused");
    registrar.post("/api/admin/windows/w/resume", "").ok();

    for (args, code, said) in [
        (&["board", "--sort", "colour"][..], 65, "sort is pressure"),
        (&["board", "--limit", "501"], 65, "1 to 500"),
        (&["board", "--limit", "-1"], 2, "--limit"),
        (&["demand", "--window", "nowhere"], 65, "look it up"),
        (&["blockers", "--reason", "weather"], 65, "reason is one of"),
        (&["preview", "A/9", "3"], 65, "no section A/9"),
        (&["preview", "A/L", "-3"], 2, "not negative"),
        (&["preview", "A/L", "1000001"], 65, "0 to 1000000"),
        (&["student", "show", "nobody"], 65, "no student with this number"),
        (&["student", "why", "s0001", "1", "A"], 1, "decides nothing about this student"),
        (&["student", "why", "s0001", "one", "A"], 2, "invalid digit"),
        (&["export", "grades"], 2, "enrolments"),
    ] {
        let ended = run(args);
        ended.expect(code, &[said]);
        assert!(ended.out.is_empty(), "{args:?}: {}", ended.out);
        let one_line = code == 2 || ended.err.lines().count() == 1;
        assert!(one_line, "{args:?}: {}", ended.err);
    }
    let nobody = program.run(&["admin", "board", "--data", "data"]);
    nobody.expect(69, &["no gateway runs on this data directory"]);
}
