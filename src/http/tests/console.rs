//! What the registrar sees, over the real actors and an in-memory journal.

use super::*;
use crate::domain::ids::Sequence;
use crate::http::console::archive::Archive;
use crate::limits::CAPACITY_MAX;

/// As [`state`], with a journal to look back in.
fn state_with_archive(core: &Core) -> Arc<HttpState> {
    let state = Arc::into_inner(state(core, quick())).unwrap();
    let archive = Archive::new(core.journal.clone(), std::env::temp_dir(), 0);
    Arc::new(state.with_archive(archive))
}

#[actix_web::test]
async fn bad_input_to_the_registrars_reads_is_a_clear_problem() {
    let core = core().await;
    let state = state_with_archive(&core);
    let app = serve!(&state);
    let registrar = format!("Bearer {}", token(&state, Role::Registrar).await);
    let get =
        |path: &str| request(&Method::GET, path).insert_header(("authorization", &*registrar));
    let long = format!("/api/admin/board?q={}", "x".repeat(101));
    for (path, status, code) in [
        ("/api/admin/board?sort=colour", 422, "invalid"),
        ("/api/admin/board?limit=501", 422, "invalid"),
        ("/api/admin/board?limit=-1", 422, "invalid"),
        ("/api/admin/board?page=0", 422, "invalid"),
        ("/api/admin/board?colour=red", 422, "invalid"),
        (long.as_str(), 422, "invalid"),
        ("/api/admin/demand?window=nowhere", 404, "unknown_window"),
        ("/api/admin/demand?sort=colour", 422, "invalid"),
        ("/api/admin/blockers?window=nowhere", 404, "unknown_window"),
        ("/api/admin/blockers?reason=weather", 422, "invalid"),
        ("/api/admin/blockers?page=0", 422, "invalid"),
        ("/api/admin/readiness?window=nowhere", 404, "unknown_window"),
        ("/api/admin/readiness?colour=red", 422, "invalid"),
    ] {
        let body = ask(&app, get(path), status, code).await;
        assert!(!body["detail"].as_str().unwrap().contains('\n'), "one line: {body}");
    }
    let post = |path: &str, body: String| {
        request(&Method::POST, path)
            .insert_header(("authorization", &*registrar))
            .insert_header(("content-type", "application/json"))
            .set_payload(body)
    };
    let section = state.gateway.catalogue().sections[0].key.to_string();
    let capacity = |seats: &str| format!(r#"{{"section":"{section}","capacity":{seats}}}"#);
    let (preview, student) = ("/api/admin/sections/preview", "/api/admin/student");
    let why = "/api/admin/student/why";
    let who = super::student(&state, 0).await.to_string();
    let block = |who: &str| format!(r#"{{"student":"{who}","code":"FEE","reason":"x"}}"#);
    let asked = |who: &str, journal: &str, course: &str| {
        format!(r#"{{"student":"{who}","journal":{journal},"course":"{course}"}}"#)
    };
    for (path, body, status, code) in [
        (preview, "{}".to_owned(), 422, "invalid"),
        (preview, format!(r#"{{"section":"{section}"}}"#), 422, "invalid"),
        (preview, capacity("-1"), 422, "invalid"),
        (preview, capacity(&(CAPACITY_MAX + 1).to_string()), 422, "invalid"),
        (preview, r#"{"section":"A/9","capacity":1}"#.to_owned(), 422, "unknown_section"),
        (student, "{}".to_owned(), 422, "invalid"),
        (student, r#"{"student":"nobody"}"#.to_owned(), 404, "unknown_student"),
        (student, r#"{"student":""}"#.to_owned(), 422, "invalid"),
        (student, r#"{"student":"s 1"}"#.to_owned(), 422, "invalid"),
        (student, r#"{"student":"s1","extra":1}"#.to_owned(), 422, "invalid"),
        (why, asked("nobody", "1", "A"), 404, "unknown_student"),
        (why, asked("s 1", "1", "A"), 422, "invalid"),
        ("/api/admin/student/block", block("s 1"), 422, "invalid"),
        ("/api/admin/student/block", block("nobody"), 404, "unknown_student"),
        (why, asked(&who, "1", "Z"), 422, "unknown_course"),
        (why, asked(&who, "0", "A"), 404, "not_found"),
        (why, asked(&who, "1", "A"), 404, "not_found"),
        (why, asked(&who, "999999", "A"), 404, "not_found"),
        (why, asked(&who, "-1", "A"), 422, "invalid"),
    ] {
        ask(&app, post(path, body), status, code).await;
    }
    core.gateway.stop();
}

#[actix_web::test]
async fn a_second_look_back_at_the_same_time_is_busy() {
    let core = core().await;
    let state = state_with_archive(&core);
    let app = serve!(&state);
    let registrar = format!("Bearer {}", token(&state, Role::Registrar).await);
    let who = super::student(&state, 0).await.to_string();
    let ask_why = || {
        request(&Method::POST, "/api/admin/student/why")
            .insert_header(("authorization", &*registrar))
            .set_json(json!({"student": who, "journal": 1, "course": "A"}))
    };
    let archive = state.console.archive.clone().unwrap();
    let first = archive.look_back().unwrap();
    assert!(archive.look_back().is_none());
    let busy = ask(&app, ask_why(), 503, "busy").await;
    assert_eq!(busy["retry_after_ms"], 2_000);
    drop(first);
    ask(&app, ask_why(), 404, "not_found").await;
    ask(&app, ask_why(), 404, "not_found").await;
    core.gateway.stop();
}

#[actix_web::test]
async fn state_is_read_back_from_the_journal_as_it_was() {
    // Given a window that was opened, when the state before that is read, then it is planned.
    let core = core().await;
    let before = core.journal.durable();
    core.gateway.command(Command::Open(crate::domain::testkit::W)).await.unwrap();
    let archive = Archive::new(core.journal.clone(), std::env::temp_dir(), 0);
    let state = |sequence: u64| {
        let look = archive.look_back().unwrap();
        look.before(Sequence(sequence), || true).unwrap().registry
    };
    let planned = state(before.0 + 1);
    assert_eq!(planned.windows[0].state, crate::domain::window::WindowState::Planned);
    assert_eq!(planned.sequence, before);
    assert_eq!(state(before.0 + 2).windows[0].state, crate::domain::window::WindowState::Open);
    assert!(state(1).windows.is_empty());
    let gone = archive.look_back().unwrap().before(Sequence(3), || false);
    assert!(gone.is_err(), "nobody waits for it any more");
    let record = archive.record(Sequence(before.0 + 1)).unwrap().unwrap();
    assert_eq!(record.event, crate::domain::event::Event::WindowOpened(testkit::W));
    assert_eq!(archive.record(Sequence(before.0 + 9)).unwrap(), None);
    core.gateway.stop();
}
