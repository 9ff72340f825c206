//! The registrar acts, and everybody concerned sees it live; a kill in between changes nothing.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use sluis::protocol::server::ServerMessage;

use crate::support::student::any;
use crate::support::{Http, Process, TestGateway, University};

fn act(registrar: &Http, path: &str, body: &Value) -> Value {
    let answer = registrar.post(&format!("/api/admin/{path}"), &body.to_string()).ok();
    serde_json::from_str(&answer).unwrap()
}

fn newest(registrar: &Http) -> Value {
    registrar.get("/api/admin/audit?limit=1").json()["entries"][0].clone()
}

#[tokio::test]
async fn a_raised_capacity_promotes_fifty_who_wait_and_they_see_it_live() {
    const WAITING: usize = 50;
    let gateway = TestGateway::start(&University::of(WAITING + 1).course("A", 1).window("w", ""));
    gateway.open("w");
    let mut first = gateway.student("s0000").await;
    first.submit("w", &[any("A", true)]).await;
    assert_eq!(first.outcome("A").await.outcome, "enrolled");
    let connected = (1..=WAITING).map(|n| format!("s{n:04}"));
    let connected: Vec<String> = connected.collect();
    let mut waiting = join_all(connected.iter().map(|key| gateway.student(key))).await;
    for (rank, student) in (1..).zip(&mut waiting) {
        student.submit("w", &[any("A", true)]).await;
        let outcome = student.outcome("A").await;
        assert_eq!((outcome.outcome.as_str(), outcome.rank), ("waitlisted", Some(rank)));
    }
    let registrar = gateway.registrar();
    let raise = json!({"section": "A/L", "capacity": WAITING + 1, "reason": "a larger room"});
    let done = act(&registrar, "sections/capacity", &raise);

    let mut told = Vec::new();
    for student in &mut waiting {
        let message = student.message("promoted").await;
        assert_eq!(message.sections, ["A/L"]);
        told.push(message.journal);
    }
    let record = done["journal"].as_u64().unwrap();
    assert!(told.iter().all(|journal| *journal > record), "each in a record of its own, after it");
    assert!(told.is_sorted(), "in the order of the waitlist");
    let entry = newest(&registrar);
    assert_eq!(entry["journal"], record);
    assert_eq!((&entry["by"], &entry["action"]), (&json!("registrar"), &json!("section_capacity")));
    assert_eq!((&entry["before"], &entry["after"]), (&json!("1"), &json!("51")));
    assert_eq!(entry["reason"], "a larger room");
    // Once, and still once after a restart.
    let gateway = gateway.restarted();
    let centre = gateway.http("s0007").get("/api/messages").json();
    let messages = centre["messages"].as_array().unwrap().iter();
    assert_eq!(messages.filter(|m| m["kind"] == "promoted").count(), 1);
    assert_eq!(newest(&gateway.registrar()), entry);
}

#[tokio::test]
async fn what_the_registrar_does_for_a_student_reaches_her_with_the_reason() {
    let gateway = TestGateway::start(&University::of(3).wide("A", 2, 1).window("w", ""));
    gateway.open("w");
    let mut student = gateway.student("s0000").await;
    let registrar = gateway.registrar();
    let place = |section: &str, reason: &str| json!({"student": "s0000", "course": "A", "sections": [section], "reason": reason});
    act(&registrar, "student/enrol", &place("A/L0", "by the dean"));
    let told = student.message("registrar_enrolled").await;
    assert_eq!(
        (told.note.as_deref(), &told.sections[..]),
        (Some("by the dean"), &["A/L0".to_owned()][..])
    );
    act(&registrar, "student/move", &place("A/L1", "asked for it"));
    assert_eq!(student.message("registrar_moved").await.sections, ["A/L1"]);
    let rest = json!({"student": "s0000", "course": "A", "reason": "has left"});
    act(&registrar, "student/drop", &rest);
    assert_eq!(student.message("registrar_dropped").await.note.as_deref(), Some("has left"));
    let block = json!({"student": "s0000", "code": "FEE", "reason": "not paid"});
    act(&registrar, "student/block", &block);
    assert_eq!(student.message("blocked").await.about.as_deref(), Some("FEE"));
    student.submit("w", &[any("A", false)]).await;
    assert_eq!(student.outcome("A").await.reason.as_deref(), Some("blocked"));
    act(&registrar, "student/unblock", &block);
    student.message("unblocked").await;
    student.submit("w", &[any("A", false)]).await;
    assert_eq!(student.outcome("A").await.outcome, "enrolled");

    // The same after a restart: each told once, in the same words.
    let before = gateway.http("s0000").get("/api/messages").json();
    let gateway = gateway.restarted();
    assert_eq!(gateway.http("s0000").get("/api/messages").json()["messages"], before["messages"]);
    let mine = gateway.http("s0000").get("/api/me/export").json();
    assert_eq!(mine["profile"]["blocks"], json!([]));
}

#[tokio::test]
async fn an_announcement_reaches_everybody_who_is_connected() {
    let gateway = TestGateway::start(&University::of(2).course("A", 1).window("w", ""));
    let mut students = [gateway.student("s0000").await, gateway.student("s0001").await];
    let text = json!({"nl": "Om 14.00 gaan we verder.", "en": "We go on at 14:00."});
    let done = act(&gateway.registrar(), "announcement", &text);
    for student in &mut students {
        let heard = student.expect("announcement", |message| match message {
            ServerMessage::Announcement { journal, text, .. } => Some((*journal, text.clone())),
            _ => None,
        });
        let (journal, said) = heard.await;
        assert_eq!(journal, done["journal"]);
        assert_eq!(
            (said.nl.as_str(), said.en.as_str()),
            ("Om 14.00 gaan we verder.", "We go on at 14:00.")
        );
    }
}

#[tokio::test]
async fn in_a_paused_window_nobody_is_served_and_the_wait_is_unknown() {
    let university =
        University::of(3).course("A", 5).window("w", "order = \"arrival\"\npace = 1000\n");
    let gateway = TestGateway::start(&university);
    let registrar = gateway.registrar();
    gateway.open("w");
    let mut student = gateway.student("s0000").await;
    act(&registrar, "windows/w/pause", &json!({"reason": "a fault in the timetable"}));
    assert_eq!(student.message("window_paused").await.window.as_deref(), Some("w"));
    student.set_plan(&[any("A", false)]).await;
    student.submit("w", &[]).await;
    let unknown = |message: &ServerMessage| match message {
        ServerMessage::Position { position, eta_low, eta_high, .. } => {
            Some((*position, *eta_low, *eta_high))
        }
        _ => None,
    };
    assert_eq!(student.expect("position", unknown).await, (1, None, None));
    let heard = student.quiet(Duration::from_millis(600)).await;
    let served = heard.iter().any(|m| matches!(m, ServerMessage::Outcomes { .. }));
    assert!(!served, "nobody is admitted while it is paused");
    let windows = gateway.http("s0000").get("/api/windows").json();
    assert_eq!(windows["windows"][0]["paused"], true);
    // An alert that the line stands still looks at windows that are open, not at paused ones.
    let states = ["open", "paused"];
    let told = |state| {
        let series = format!("sluis_window_state{{state=\"{state}\",window=\"w\"}}");
        gateway.metrics().get(&series) > 0.5
    };
    assert_eq!(states.map(told), [false, true]);

    act(&registrar, "windows/w/resume", &json!({}));
    student.message("window_resumed").await;
    assert_eq!(student.outcome("A").await.outcome, "enrolled");
}

#[tokio::test]
async fn a_pause_and_its_line_outlive_a_kill() {
    let university = University::of(4).course("A", 2).window("w", "order = \"arrival\"\n");
    let mut process = Process::imported(&university);
    process.start();
    let registrar = process.registrar();
    act(&registrar, "windows/w/open", &json!({}));
    act(&registrar, "windows/w/pause", &json!({"reason": "a fault"}));
    for key in ["s0002", "s0000", "s0001"] {
        let mut student = process.student(key).await;
        student.set_plan(&[any("A", false)]).await;
        student.submit("w", &[]).await;
        student
            .expect("position", |m| matches!(m, ServerMessage::Position { .. }).then_some(()))
            .await;
    }
    let audit = registrar.get("/api/admin/audit.csv").body;
    process.kill();

    process.start();
    let registrar = process.registrar();
    let window = registrar.get("/api/admin/windows").json()["windows"][0].clone();
    assert_eq!((&window["paused"], &window["waiting"]), (&json!(true), &json!(3)));
    assert_eq!(registrar.get("/api/admin/audit.csv").body, audit, "the log is as it was");
    let mut last = process.student("s0001").await;
    let position = last.expect("position", |message| match message {
        ServerMessage::Position { position, eta_low, .. } => Some((*position, *eta_low)),
        _ => None,
    });
    assert_eq!(position.await, (3, None), "the line keeps its order");
    act(&registrar, "windows/w/resume", &json!({}));
    assert_eq!(last.outcome("A").await.reason.as_deref(), Some("full"), "in the order of the line");
    process.kill();

    // Offline, the log is the same file, and names both the import and the registrar.
    let exported = process.command(&["audit", "export"]).output().unwrap();
    let exported = String::from_utf8(exported.stdout).unwrap();
    assert!(exported.starts_with(&audit), "{exported}");
    for part in [",command-line,import,", ",registrar,window_pause,w,open,paused,a fault"] {
        assert!(exported.contains(part), "{part} is not in {exported}");
    }
}

#[test]
fn what_is_planned_is_the_plans_own_act() {
    let gateway = TestGateway::start(&University::of(1).course("A", 1).window("w", ""));
    let registrar = gateway.registrar();
    let opens_at = gateway.clock.now().0 + 1_000;
    act(&registrar, "windows/w/schedule", &json!({"opens_at": opens_at, "closes_at": null}));
    gateway.clock.advance(Duration::from_secs(2));
    crate::support::until("the window opens by itself", || {
        newest(&registrar)["action"] == "window_open"
    });
    let entry = newest(&registrar);
    assert_eq!((&entry["by"], &entry["reason"]), (&json!("schedule"), &json!(null)));
}
