//! Study results from file to student: imported over HTTP, told on the socket, shown to her alone.

use std::time::Duration;

use serde_json::{Value, json};
use sluis::protocol::server::ServerMessage;

use crate::support::student::any;
use crate::support::{TestGateway, University};

const HEADER: &str = "student,term,course,component,attempt,grade,date,name";

fn import(gateway: &TestGateway, rows: &[&str]) -> Value {
    let text = format!("{HEADER}\n{}\n", rows.join("\n"));
    gateway.registrar().post("/api/admin/results?format=csv", &text).json()
}

#[tokio::test]
async fn a_result_is_told_once_durable_and_nobody_elses() {
    let university = University::of(2).course("A", 5).course("B", 5).window("w", "");
    let gateway = TestGateway::start(&university);
    let mut student = gateway.student("s0000").await;
    let mut other = gateway.student("s0001").await;
    let rows = ["s0000,2025-1,A,essay,1,8,2026-01-10,", "s0000,2025-1,A,,1,\"5,4\",2026-01-20,"];
    let first = import(&gateway, &rows);
    assert_eq!(first["added"].as_array().unwrap().len(), 2);
    let told = student.message("result").await;
    assert_eq!((told.part.as_deref(), told.passed), (Some("essay"), Some(true)));
    let told = student.message("result").await;
    let about = (told.course.as_deref(), told.about.as_deref(), told.passed);
    assert_eq!(about, (Some("A"), Some("5.4"), Some(false)));
    assert_eq!(import(&gateway, &rows)["journal"], json!(null), "the same again");
    let corrected = import(&gateway, &["s0000,2025-1,A,,1,5.5,2026-01-20,"]);
    assert_eq!(corrected["changed"], json!(["result s0000 2025-1 A attempt 1"]));
    assert_eq!(student.message("result_corrected").await.passed, Some(true));
    let told = other.quiet(Duration::from_millis(100)).await;
    assert!(!told.iter().any(|m| matches!(m, ServerMessage::Message { .. })), "{told:?}");

    let gateway = gateway.restarted();
    let view = gateway.http("s0000").get("/api/results").json();
    assert_eq!(view["terms"][0]["term"], "2025-1");
    let list = view["terms"][0]["results"].as_array().unwrap();
    let grades: Vec<_> = list.iter().map(|r| (&r["grade"], &r["counts"])).collect();
    assert_eq!(grades, [(&json!("8.0"), &json!(false)), (&json!("5.5"), &json!(true))]);
    assert_eq!((&view["credits"], &view["average"]), (&json!(5.0), &json!(5.5)));
    assert_eq!(view["completed"], json!(["A"]));
    let centre = gateway.http("s0000").get("/api/messages").json();
    let kinds = centre["messages"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|m| m["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["result_corrected", "result", "result"], "once each, after a restart too");
    let nothing = gateway.http("s0001").get("/api/results").json();
    assert_eq!((&nothing["terms"], &nothing["credits"]), (&json!([]), &json!(0.0)));
}

#[tokio::test]
async fn a_pass_opens_the_course_that_asks_for_it() {
    let university = University::of(1).course("A", 5).course("B", 5).window("w", "");
    let gateway = TestGateway::start(&university);
    let needs = "[[courses]]\ncode = \"C\"\nname = \"C\"\nterm = \"t\"\nects = 5\n\
        prerequisites = [\"A\"]\ncomponents = [{ kind = \"lecture\", sections = [{ key = \"L\" }] }]\n";
    gateway.registrar().post("/api/admin/catalogue?format=toml", needs).ok();
    gateway.open("w");
    let mut student = gateway.student("s0000").await;
    student.submit("w", &[any("C", false)]).await;
    assert_eq!(student.outcome("C").await.reason.as_deref(), Some("prerequisite_missing"));
    import(&gateway, &["s0000,2025-1,A,,1,VR,2026-01-20,"]);
    student.submit("w", &[any("C", false)]).await;
    assert_eq!(student.outcome("C").await.outcome, "enrolled");
}

#[test]
fn a_bad_row_stops_the_whole_file_and_each_fault_names_its_line() {
    let gateway = TestGateway::start(&University::of(1).course("LAW-1010", 5));
    let text = format!(
        "{HEADER}\ns0000,2025-1,LAW-1010,,1,7,2026-01-20,\ns9,2025-1,LAW-1010,,1,7,2026-01-20,\n\
         s0000,2025-1,LAW-101,,1,7,2026-01-20,\n"
    );
    let answer = gateway.registrar().post("/api/admin/results?format=csv&name=r.csv", &text);
    assert_eq!(answer.problem(), (422, "import_invalid".to_owned()));
    let body: Value = serde_json::from_str(&answer.body).unwrap();
    let faults = body["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].as_str().unwrap().starts_with("r.csv:3: result s9"), "{faults:?}");
    assert!(faults[1].as_str().unwrap().contains("did you mean LAW-1010?"), "{faults:?}");
    assert_eq!(gateway.http("s0000").get("/api/results").json()["terms"], json!([]));
    let dry = "/api/admin/results?format=csv&dry_run=true";
    let good = format!("{HEADER}\ns0000,2025-1,OLD,,1,V,2026-01-20,Oud\n");
    let faults = gateway.registrar().post(dry, &good);
    assert!(faults.body.contains("ects is missing"), "{}", faults.body);
    let good = format!("{HEADER}\ns0000,2025-1,LAW-1010,,1,7,2026-01-20,\n");
    assert_eq!(gateway.registrar().post(dry, &good).json()["applied"], json!(false));
    assert_eq!(gateway.http("s0000").get("/api/results").json()["terms"], json!([]));
}
