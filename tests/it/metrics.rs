//! What operators see: every metric at its own address, true to the journal, and no student in it.

#![expect(clippy::float_cmp, reason = "counts are whole numbers, told exactly")]

use std::time::Duration;

use sluis::http::auth::Role;
use sluis::protocol::client::{ChoiceDto, ClientMessage, CourseRequestDto};
use sluis::protocol::server::ServerMessage;

use crate::support::student::any;
use crate::support::{Http, Metrics, TestGateway, TestStudent, University, role_token, until};

fn section(course: &str, section: &str) -> CourseRequestDto {
    let choices = vec![ChoiceDto::Ranked(vec![section.to_owned()])];
    CourseRequestDto { course: course.to_owned(), choices, waitlist: false }
}

async fn until_metrics(gateway: &TestGateway, what: &str, holds: impl Fn(&Metrics) -> bool) {
    for _ in 0..200 {
        if holds(&gateway.metrics()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{what}: {:#?}", gateway.metrics());
}

/// A full course with a waitlist, a promotion, a swap, a refusal; a line of three of which one
/// leaves and two are decided.
async fn story(gateway: &TestGateway) -> Vec<TestStudent> {
    gateway.open("w");
    let mut people = Vec::new();
    for n in 0..5 {
        people.push(gateway.student(&format!("s000{n}")).await);
    }
    for person in &mut people[..3] {
        person.submit("w", &[any("B", true)]).await;
        person.outcome("B").await;
    }
    people[0].drop_course("B").await;
    people[1].message("promoted").await;
    people[3].submit("w", &[any("A", false), any("B", false)]).await;
    assert_eq!(people[3].outcome("B").await.reason.as_deref(), Some("full"));
    people[3].swap("A", any("D", false)).await;
    people[3].outcome("D").await;
    for (n, person) in people[2..5].iter_mut().enumerate() {
        person.set_plan(&[section("C", if n == 0 { "C/L1" } else { "C/L0" })]).await;
        person.arm("later").await;
    }
    people[4].send(&ClientMessage::Disarm { window: "later".to_owned() }).await;
    let gone = |m: &ServerMessage| matches!(m, ServerMessage::Disarmed { .. }).then_some(());
    people[4].expect("the place is given back", gone).await;
    people
}

fn university() -> University {
    let university = University::of(8).course("A", 5).course("B", 1).course("D", 5);
    let university = university.wide("C", 2, 9).window("w", "scope = [\"A\", \"B\", \"D\"]");
    university.window("later", "scope = [\"C\"]")
}

/// What the journal folds into: these are the same after a restart (I12).
const DURABLE: [&str; 9] = [
    "sluis_outcomes_total",
    "sluis_promotions_total",
    "sluis_passed_over_total",
    "sluis_swaps_total",
    "sluis_tickets_total",
    "sluis_line_decided_total",
    "sluis_seats",
    "sluis_sections",
    "sluis_inbox_unread",
];

#[tokio::test]
async fn counters_are_what_happened_and_after_a_restart_a_fold_of_the_journal() {
    let gateway = TestGateway::start(&university());
    let mut people = story(&gateway).await;
    until_metrics(&gateway, "two are armed", |m| {
        m.get(r#"sluis_line_waiting{window="later"}"#) == 2.0
            && m.get(r#"sluis_hot_section_seats{section="C/L0",state="in_line"}"#) == 1.0
    })
    .await;
    gateway.open("later");
    for person in &mut people[2..4] {
        person.outcome("C").await;
    }
    let waits = r#"sluis_seats{kind="lecture",state="waitlisted",term="t"}"#;
    until_metrics(&gateway, "one waits, the line is empty", |m| {
        m.get(waits) == 1.0 && m.get(r#"sluis_line_waiting{window="later"}"#) == 0.0
    })
    .await;
    // The count of unread messages takes a moment.
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    let metrics = gateway.metrics();
    for (series, value) in [
        (r#"sluis_outcomes_total{outcome="enrolled",reason=""}"#, 5.0),
        (r#"sluis_outcomes_total{outcome="waitlisted",reason=""}"#, 2.0),
        (r#"sluis_outcomes_total{outcome="refused",reason="full"}"#, 1.0),
        (r#"sluis_outcomes_total{outcome="refused",reason="clash"}"#, 0.0),
        (r#"sluis_tickets_total{event="taken"}"#, 3.0),
        (r#"sluis_tickets_total{event="left"}"#, 1.0),
        (r#"sluis_tickets_total{event="decided"}"#, 2.0),
        (r#"sluis_line_decided_total{window="later"}"#, 2.0),
        (r#"sluis_line_decided_total{window="w"}"#, 0.0),
        ("sluis_promotions_total", 1.0),
        ("sluis_swaps_total", 1.0),
        ("sluis_oversold_seats_total", 0.0),
        ("sluis_invariant_violations_total", 0.0),
        (r#"sluis_seats{kind="lecture",state="taken",term="t"}"#, 4.0),
        (r#"sluis_seats{kind="lecture",state="capacity",term="t"}"#, 29.0),
        (r#"sluis_sections{kind="lecture",status="open",term="t"}"#, 5.0),
        (r#"sluis_window_state{state="open",window="later"}"#, 1.0),
        (r#"sluis_window_state{state="planned",window="later"}"#, 0.0),
        (r#"sluis_messages_total{kind="swap"}"#, 1.0),
        (r#"sluis_hot_section_seats{section="B/L",state="waitlisted"}"#, 1.0),
        ("sluis_sessions", 5.0),
        ("sluis_sessions_opened_total", 5.0),
        ("sluis_ready", 1.0),
        ("sluis_demo_sign_in", 1.0),
        ("sluis_line_wait_seconds_count", 2.0),
        (r#"sluis_submit_seconds_count{via="command"}"#, 6.0),
        (r#"sluis_submit_seconds_count{via="ticket"}"#, 2.0),
        (r#"sluis_stage_seconds_count{stage="tell"}"#, 8.0),
    ] {
        assert_eq!(metrics.get(series), value, "{series}");
    }
    assert!(metrics.get(r#"sluis_window_opened_at_seconds{window="later"}"#) > 1.7e9);
    let (written, durable) = ("sluis_journal_written_sequence", "sluis_journal_durable_sequence");
    assert!(metrics.get(written) > 30.0 && metrics.get(written) == metrics.get(durable));
    assert!(metrics.get("sluis_inbox_unread") > 5.0);
    drop(people);

    let gateway = gateway.restarted();
    let again = gateway.metrics();
    for name in DURABLE {
        let (before, after): (Vec<_>, Vec<_>) =
            (metrics.of(name).collect(), again.of(name).collect());
        assert!(!before.is_empty() && before == after, "{name}: {before:?}, then {after:?}");
    }
    assert_eq!(again.get(durable), metrics.get(durable));
    assert_eq!(again.get("sluis_replay_records"), metrics.get(durable));
}

#[tokio::test]
async fn the_metrics_have_an_address_of_their_own_for_this_machine_and_operators() {
    let gateway = TestGateway::start(&university());
    let students = Http::new(gateway.address(), None);
    assert_eq!(students.get("/metrics").problem(), (404, "not_found".to_owned()));
    let here = gateway.operators();
    assert_eq!(here.get("/healthz").ok(), "ok\n");
    assert_eq!(here.get("/readyz").ok(), "ready\n");
    assert_eq!(here.get("/api/plan").status, 404, "nothing of the students'");
    assert_eq!(here.post("/metrics", "").status, 405);
    // As if through a proxy: somebody from elsewhere.
    let from = |token: Option<&str>| {
        let far = Http::new(gateway.running().operators.unwrap(), token);
        far.ask("GET", "/metrics", "", &[("x-forwarded-for", "192.0.2.1")])
    };
    assert_eq!(from(None).problem(), (401, "not_signed_in".to_owned()));
    let token = |role| role_token(&gateway.tokens, role, gateway.clock.now());
    assert_eq!(from(Some(&token(Role::Registrar))).problem().0, 403);
    let told = from(Some(&token(Role::Operator)));
    assert_eq!(
        (told.status, told.kind.as_deref()),
        (200, Some("text/plain; version=0.0.4; charset=utf-8"))
    );
    let note = sluis::serving::metrics(gateway.dir()).unwrap();
    assert_eq!(note, format!("http://{}/metrics", gateway.running().operators.unwrap()));
    // A page in the operator's own browser may not change what is logged.
    let page = here.ask("POST", "/log-level", "debug", &[("sec-fetch-site", "cross-site")]);
    assert_eq!(page.problem(), (403, "foreign_origin".to_owned()));
}

#[tokio::test]
async fn requests_are_counted_by_pattern_and_never_by_path() {
    let gateway = TestGateway::start(&university());
    let student = gateway.http("s0001");
    student.get("/api/plan").ok();
    student.get("/api/catalogue/A").ok();
    assert_eq!(student.get("/api/catalogue/s0001").status, 404);
    assert_eq!(student.get("/s0001/secret").status, 404);
    let metrics = gateway.metrics();
    let of = |route: &str, status: &str| {
        metrics.get(&format!(
            "sluis_http_requests_total{{method=\"GET\",route=\"{route}\",status=\"{status}\"}}"
        ))
    };
    assert_eq!(of("/api/plan", "2xx"), 1.0);
    assert_eq!(of("/api/catalogue/{code:.+}", "2xx"), 1.0);
    assert_eq!(of("/api/catalogue/{code:.+}", "4xx"), 1.0);
    assert_eq!(of("unmatched", "4xx"), 1.0);
    assert_eq!(of("/api/timetable", "2xx"), 0.0, "there from the start");
    assert_eq!(metrics.get("sluis_http_request_seconds_count{route=\"/api/plan\"}"), 1.0);
    assert_eq!(metrics.get("sluis_http_in_flight"), 0.0);
    assert!(metrics.all().all(|(series, _)| !series.contains("s0001")));
}

#[tokio::test]
async fn sessions_and_messages_are_counted_to_their_end() {
    let gateway = TestGateway::configured(&university(), |config| {
        config.limits.sessions_max = 2;
    });
    let mut one = gateway.student("s0000").await;
    let two = gateway.student("s0001").await;
    let token = gateway.token("s0002");
    let refused = TestStudent::try_connect(gateway.address(), "s0002", &token).await;
    assert!(refused.is_err(), "there is no room");
    one.send(&ClientMessage::Ping { n: 1 }).await;
    one.drop_course("A").await;
    one.outcome("A").await;
    one.send(&ClientMessage::Disarm { window: "w".to_owned() }).await;
    assert_eq!(one.error().await.0, "not_in_line");
    drop(two);
    until("the end is counted", || gateway.metrics().sum("sluis_sessions_closed_total") > 0.0);
    until("the workers hand over", || {
        gateway.metrics().get(r#"sluis_messages_total{kind="disarm"}"#) == 1.0
    });
    let metrics = gateway.metrics();
    for (series, value) in [
        ("sluis_sessions", 1.0),
        ("sluis_sessions_limit", 2.0),
        ("sluis_sessions_opened_total", 2.0),
        (r#"sluis_messages_total{kind="hello"}"#, 2.0),
        (r#"sluis_messages_total{kind="ping"}"#, 1.0),
        (r#"sluis_messages_refused_total{code="not_in_line"}"#, 1.0),
        (r#"sluis_busy_total{where="sessions"}"#, 1.0),
        (r#"sluis_outcomes_total{outcome="refused",reason="not_enrolled"}"#, 1.0),
    ] {
        assert_eq!(metrics.get(series), value, "{series}");
    }
    assert!(metrics.get("sluis_frames_sent_total") >= 5.0);
    assert_eq!(metrics.sum("sluis_mailbox_depth"), 0.0, "every mailbox is empty again");
}

#[tokio::test]
async fn a_stalled_journal_shows_how_long_it_waits() {
    let gateway = TestGateway::start(&university());
    gateway.open("w");
    let mut one = gateway.student("s0000").await;
    assert_eq!(gateway.metrics().get("sluis_journal_waiting_seconds"), 0.0);
    gateway.disk.stall();
    one.submit("w", &[any("A", false)]).await;
    until_metrics(&gateway, "it has waited", |m| m.get("sluis_journal_waiting_seconds") > 0.3)
        .await;
    let metrics = gateway.metrics();
    let behind = metrics.get("sluis_journal_written_sequence")
        - metrics.get("sluis_journal_durable_sequence");
    assert!(behind >= 1.0, "{behind}");
    assert_eq!(metrics.get(r#"sluis_submit_seconds_count{via="command"}"#), 0.0);
    gateway.disk.resume();
    one.outcome("A").await;
    until_metrics(&gateway, "it goes on", |m| m.get("sluis_journal_waiting_seconds") == 0.0).await;
    let count = r#"sluis_submit_seconds_count{via="command"}"#;
    until_metrics(&gateway, "the worker hands over", |m| m.get(count) == 1.0).await;
    let metrics = gateway.metrics();
    let slow = metrics.get(r#"sluis_submit_seconds_bucket{via="command",le="0.25"}"#);
    assert_eq!((slow, metrics.get(count)), (0.0, 1.0));
}
