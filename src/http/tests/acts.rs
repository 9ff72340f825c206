//! The registrar's acts over HTTP: who did what is in the audit log, and what is wrong changes
//! nothing.

use super::*;
use crate::actors::gateway::Gateway;
use crate::domain::command::Command;
use crate::limits::{
    ACT_REASON_CHARS_MAX, ANNOUNCEMENT_CHARS_MAX, AUDIT_EXPORTS_MAX, AUDIT_PIECE_BYTES,
    COMPONENTS_MAX,
};

/// A registrar's bearer token, by name.
fn registrar(state: &HttpState, name: &str) -> String {
    let (role, name) = (Role::Registrar, Some(Key::new(name).unwrap()));
    let (expires, issued) = (NOW.plus_ms(1_000), NOW);
    let claims = Claims { role, student: None, name, expires, issued, device: None };
    format!("Bearer {}", state.access.tokens.mint(&claims))
}

fn post(bearer: &str, path: &str, body: &Value) -> TestRequest {
    let request = request(&Method::POST, &format!("/api/admin/{path}"));
    request.insert_header(("authorization", bearer)).set_json(body)
}

fn get(bearer: &str, path: &str) -> TestRequest {
    request(&Method::GET, &format!("/api/admin/{path}")).insert_header(("authorization", bearer))
}

async fn sequence(gateway: &Gateway) -> u64 {
    gateway.read(|registry| registry.sequence.0).await.unwrap().1
}

macro_rules! answer {
    ($app:expr, $request:expr) => {{
        let response = call_service(&$app, $request.to_request()).await;
        assert_eq!(response.status(), 200);
        read_body(response).await
    }};
}

macro_rules! told {
    ($app:expr, $request:expr) => {
        serde_json::from_slice::<Value>(&answer!($app, $request)).unwrap()
    };
}

/// What is there for every test here: A has two seats, B one; the window is `w0`.
async fn opened(core: &Core) {
    let window = crate::domain::ids::WindowId(0);
    core.gateway.command(Command::Open(window)).await.unwrap();
}

#[actix_web::test]
async fn what_is_wrong_is_said_and_changes_nothing() {
    let core = core().await;
    opened(&core).await;
    let state = state(&core, quick());
    let app = serve!(&state);
    let anna = registrar(&state, "anna");
    let student = student(&state, 0).await.to_string();
    let section =
        |key: &str| core.gateway.catalogue().sections[usize::from(key == "B")].key.clone();
    let (a, b) = (section("A").to_string(), section("B").to_string());
    let before = sequence(&core.gateway).await;
    let because = "because";
    let place = |course: &str, sections: Value| json!({"student": student, "course": course, "sections": sections, "reason": because});
    let long = "x".repeat(ACT_REASON_CHARS_MAX + 1);
    let status = |to: &str, reason: Value| json!({"section": a, "status": to, "reason": reason});
    let cases = [
        // An unknown section, course, window or student.
        ("sections/capacity", json!({"section": "X/1", "capacity": 1}), 422, "unknown_section"),
        ("student/enrol", place("A", json!(["X/1"])), 422, "unknown_section"),
        ("student/enrol", place("X", json!([a])), 422, "unknown_course"),
        ("windows/nowhere/pause", json!({}), 404, "unknown_window"),
        (
            "student/drop",
            json!({"student": "nobody", "course": "A", "reason": because}),
            404,
            "unknown_student",
        ),
        ("student/block", json!({"student": "a b", "code": "F", "reason": "x"}), 422, "invalid"),
        // A number that is none.
        ("sections/capacity", json!({"section": a, "capacity": -1}), 422, "invalid"),
        ("sections/capacity", json!({"section": a, "capacity": "many"}), 422, "invalid"),
        // A window that ends before it begins.
        (
            "windows/w0/schedule",
            json!({"opens_at": 3_000_000, "closes_at": 2_000_000}),
            422,
            "invalid",
        ),
        // A reason left out, left empty, too long, or of two lines.
        (
            "student/enrol",
            json!({"student": student, "course": "A", "sections": [a]}),
            422,
            "invalid",
        ),
        ("sections/status", status("cancelled", Value::Null), 422, "invalid"),
        ("sections/status", status("closed", json!("  ")), 422, "invalid"),
        ("sections/status", status("closed", json!(long)), 422, "invalid"),
        ("windows/w0/pause", json!({"reason": "two\nlines"}), 422, "invalid"),
        ("windows/w0/close", json!({"reason": ""}), 422, "invalid"),
        ("sections/status", status("shut", json!(because)), 422, "invalid"),
        // Sections that do not fit the course.
        ("student/enrol", place("A", json!([b])), 422, "sections_invalid"),
        ("student/enrol", place("A", json!([])), 422, "sections_invalid"),
        ("student/enrol", place("A", json!(vec![&a; COMPONENTS_MAX + 1])), 422, "too_many"),
        // What is not so cannot be undone.
        ("student/move", place("A", json!([a])), 409, "not_enrolled"),
        (
            "student/drop",
            json!({"student": student, "course": "A", "reason": because}),
            409,
            "not_enrolled",
        ),
        // Texts.
        ("announcement", json!({"nl": "", "en": "x"}), 422, "invalid"),
        ("announcement", json!({"nl": "x"}), 422, "invalid"),
        (
            "announcement",
            json!({"nl": "x", "en": "x".repeat(ANNOUNCEMENT_CHARS_MAX + 1)}),
            422,
            "invalid",
        ),
        ("student/block", json!({"student": student, "code": "", "reason": "x"}), 422, "invalid"),
        ("windows/w0/resume", json!({"why": "x"}), 422, "invalid"),
    ];
    for (path, body, status, code) in cases {
        let told = ask(&app, post(&anna, path, &body), status, code).await;
        let detail = told["detail"].as_str().unwrap();
        assert!(!detail.contains('\n') && detail.len() > 8, "{path}: {detail}");
    }
    assert_eq!(sequence(&core.gateway).await, before, "nothing was journalled");
    let page = told!(app, get(&anna, "audit"));
    assert_eq!(page, json!({"entries": [], "next": null}));
    core.gateway.stop();
}

#[actix_web::test]
async fn a_full_section_takes_her_only_when_asked_to_go_over() {
    let core = core().await;
    opened(&core).await;
    let state = state(&core, quick());
    let app = serve!(&state);
    let anna = registrar(&state, "anna");
    let section = core.gateway.catalogue().sections[1].key.to_string();
    for nth in 0..2 {
        let student = student(&state, nth).await.to_string();
        let mut body = json!({
            "student": student, "course": "B", "sections": [section], "reason": "by the dean",
        });
        if nth == 1 {
            let told = ask(&app, post(&anna, "student/enrol", &body), 409, "full").await;
            assert!(told["detail"].as_str().unwrap().contains("raise its capacity"));
            body["over_capacity"] = json!(true);
        }
        let done = told!(app, post(&anna, "student/enrol", &body));
        assert!(done["journal"].is_u64());
        ask(&app, post(&anna, "student/enrol", &body), 409, "already_enrolled").await;
    }
    let status = told!(app, get(&anna, "status"));
    let seats = &status["sections"][1];
    assert_eq!(
        (&seats["taken"], &seats["capacity"], &seats["left"]),
        (&json!(2), &json!(1), &json!(0))
    );
    let entry = &told!(app, get(&anna, "audit?limit=1"))["entries"][0];
    let over = format!("{section} (over capacity: {section})");
    assert_eq!((&entry["action"], &entry["after"]), (&json!("student_enrol"), &json!(over)));
    core.gateway.stop();
}

#[actix_web::test]
async fn two_registrars_are_told_apart_and_what_is_so_already_is_no_act() {
    let core = core().await;
    opened(&core).await;
    let state = state(&core, quick());
    let app = serve!(&state);
    let (anna, bob) = (registrar(&state, "anna"), registrar(&state, "bob"));
    let nameless = format!("Bearer {}", token(&state, Role::Registrar).await);
    told!(app, post(&anna, "windows/w0/pause", &json!({"reason": "a fault"})));
    told!(app, post(&bob, "windows/w0/resume", &json!({})));
    let empty = request(&Method::POST, "/api/admin/windows/w0/pause")
        .insert_header(("authorization", nameless.as_str()));
    told!(app, empty);
    let again = told!(app, post(&bob, "windows/w0/pause", &json!({})));
    assert_eq!(again, json!({"journal": null}));
    let page = told!(app, get(&bob, "audit?limit=2"));
    let by = |page: &Value| {
        let entries = page["entries"].as_array().unwrap().iter();
        entries.map(|e| e["by"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(by(&page), ["registrar", "bob"]);
    let rest = told!(app, get(&bob, &format!("audit?before={}", page["next"])));
    assert_eq!((by(&rest), &rest["next"]), (vec!["anna".to_owned()], &json!(null)));
    let first = &rest["entries"][0];
    assert_eq!(first["reason"], "a fault");
    assert_eq!((&first["before"], &first["after"]), (&json!("open"), &json!("paused")));
    assert_eq!((&first["subject"], &first["at"]), (&json!("w0"), &json!(NOW.0)));
    let window = told!(app, get(&bob, "windows"));
    assert_eq!(window["windows"][0]["paused"], true);
    ask(&app, get(&bob, "audit?limit=0"), 422, "invalid").await;
    core.gateway.stop();
}

#[actix_web::test]
async fn the_whole_log_is_exported_from_the_journal() {
    let core = core().await;
    let state = state(&core, quick());
    let app = serve!(&state);
    let anna = registrar(&state, "anna");
    // More than one piece of a file.
    let reason = "é, \"quoted\" ".repeat(20);
    let acts = AUDIT_PIECE_BYTES / 200;
    for n in 0..acts {
        let body = json!({"pace": n % 9 + 1, "reason": reason});
        told!(app, post(&anna, "windows/w0/pace", &body));
    }
    let json = told!(app, get(&anna, "audit.json"));
    let all = json.as_array().unwrap();
    assert_eq!(all.len(), acts);
    assert!(all.windows(2).all(|pair| pair[0]["journal"].as_u64() < pair[1]["journal"].as_u64()));
    assert_eq!(all[3]["reason"], reason.trim());
    let newest = &told!(app, get(&anna, "audit?limit=1"))["entries"][0];
    assert_eq!(newest, all.last().unwrap());
    let csv = String::from_utf8(answer!(app, get(&anna, "audit.csv")).to_vec()).unwrap();
    assert_eq!(csv.lines().count(), acts + 1);
    assert!(csv.starts_with("journal,at,by,action,"));
    let room = state.audits.acquire_many(AUDIT_EXPORTS_MAX as u32).await.unwrap();
    ask(&app, get(&anna, "audit.csv"), 503, "busy").await;
    drop(room);
    answer!(app, get(&anna, "audit.csv"));
    core.gateway.stop();
}

#[actix_web::test]
async fn a_demo_offers_registrars_by_name_and_no_other() {
    let core = core().await;
    let state = state(&core, quick());
    let app = serve!(&state);
    let own = [("host", "sluis.test"), ("origin", "http://sluis.test")];
    let sign_in = |body: Value| {
        let request = request(&Method::POST, "/api/sign-in");
        request.insert_header(own[0]).insert_header(own[1]).set_json(body)
    };
    let choices = told!(app, request(&Method::GET, "/api/sign-in"));
    assert_eq!(choices["registrars"], json!(["registrar", "registrar2"]));
    let me = told!(app, sign_in(json!({"role": "registrar", "name": "registrar2"})));
    assert_eq!((&me["role"], &me["name"]), (&json!("registrar"), &json!("registrar2")));
    assert_eq!(told!(app, sign_in(json!({"role": "registrar"})))["name"], "registrar");
    for bad in [
        json!({"role": "registrar", "name": "schedule"}),
        json!({"role": "registrar", "name": "mallory"}),
        json!({"role": "registrar", "name": ""}),
        json!({"student": "s0", "name": "registrar"}),
    ] {
        ask(&app, sign_in(bad), 422, "invalid").await;
    }
    core.gateway.stop();
}
