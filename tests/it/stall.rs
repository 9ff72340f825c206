//! While the journal stalls nothing leaves by any door (I2): not by a socket, not by any GET of
//! the route table, not by the metrics. When it goes on, everything comes.

use std::collections::BTreeMap;
use std::time::Duration;

use actix_web::http::Method;
use sluis::http::auth::Role;
use sluis::http::routes::table;
use sluis::protocol::PROTOCOL_VERSION;
use sluis::protocol::client::ClientMessage;
use sluis::protocol::server::ServerMessage;

use crate::support::http::Answer;
use crate::support::student::any;
use crate::support::{Http, TestGateway, TestStudent, University, role_token};

const QUIET: Duration = Duration::from_millis(400);

/// What may move without a decision: who is connected, what was sent, who was told to wait; and
/// that something waits for the disk, not what.
const OWN_METRICS: [&str; 18] = [
    "process_",
    "sluis_busy_total",
    "sluis_commands_in_flight ",
    "sluis_frames_sent_total",
    "sluis_gate_held_outputs",
    "sluis_http_",
    "sluis_journal_disk_free_bytes",
    "sluis_journal_size_bytes",
    "sluis_journal_waiting_seconds",
    "sluis_journal_written_sequence",
    "sluis_limiter_keys",
    "sluis_mailbox_depth",
    "sluis_messages_total",
    "sluis_messages_refused_total",
    "sluis_sessions",
    "sluis_slow_consumer_frames_total",
    "sluis_threads_",
    "sluis_time_seconds",
];

/// Whether a line of the metrics is about one of [`OWN_METRICS`]: its series' name begins so.
fn is_own_metric(line: &str) -> bool {
    let heads = ["# HELP ", "# TYPE "];
    let series = heads.iter().find_map(|head| line.strip_prefix(head)).unwrap_or(line);
    OWN_METRICS.iter().any(|own| series.starts_with(own))
}

/// Every GET of the table, as everybody who may ask. A new route is in it by itself.
fn doors(gateway: &TestGateway, calendar: &str) -> Vec<(String, Http)> {
    let operator = role_token(&gateway.tokens, Role::Operator, gateway.clock.now());
    let who = || {
        [
            ("nobody", Http::new(gateway.address(), None)),
            ("s0000", gateway.http("s0000")),
            ("s0003", gateway.http("s0003")),
            ("registrar", gateway.registrar()),
            ("operator", Http::new(gateway.address(), Some(&operator))),
        ]
    };
    let mut doors = vec![("/metrics as operator".to_owned(), gateway.operators())];
    for entry in table().iter().filter(|e| e.method == Method::GET && e.path != "/ws") {
        for (name, http) in who() {
            let mut path = entry.path.replace("{code:.+}", "A").replace("{key:.+}", "later");
            path = path.replace("/calendar/{secret}.ics", calendar);
            assert!(!path.contains('{'), "give {path} a value here");
            if path == "/api/catalogue" {
                path.push_str("?seats=true");
            } else if path == "/api/seats" {
                path.push_str("?course=A,B,C");
            } else if path == "/api/alternatives" {
                path.push_str("?course=B");
            }
            doors.push((format!("{path} as {name}"), http));
        }
    }
    doors
}

/// All of them at once: one that waits for the journal waits as long as it may.
async fn look(doors: &[(String, Http)]) -> BTreeMap<String, Answer> {
    let asked = doors.iter().cloned().map(|(door, http)| {
        tokio::task::spawn_blocking(move || {
            let path = door.split(' ').next().unwrap().to_owned();
            let mut answer = http.get(&path);
            // One at a time reads the journal itself; these two are asked at once.
            while answer.body.contains("for somebody else") {
                std::thread::sleep(Duration::from_millis(20));
                answer = http.get(&path);
            }
            answer.request_id = None;
            if path == "/metrics" {
                let rests = |line: &&str| !is_own_metric(line);
                answer.body = answer.body.lines().filter(rests).collect::<Vec<_>>().join("\n");
            }
            (door, answer)
        })
    });
    let answers = futures_util::future::join_all(asked).await;
    answers.into_iter().map(Result::unwrap).collect()
}

/// Each door as before, or Busy; those that were Busy.
fn shut(before: &BTreeMap<String, Answer>, now: &BTreeMap<String, Answer>) -> usize {
    let mut busy = 0;
    for (door, answer) in now {
        if answer == &before[door] {
            continue;
        }
        if door.starts_with("/plain ") {
            assert_eq!(answer.status, 503, "GET {door} tells what is not safe");
            assert!(answer.body.contains("It is busy"), "GET {door}: {}", answer.body);
        } else {
            let busy = (503, "busy".to_owned());
            assert_eq!(answer.problem(), busy, "GET {door} tells what is not safe");
        }
        assert!(answer.retry_after.is_some(), "GET {door}: how long to wait");
        busy += 1;
    }
    busy
}

async fn post(http: Http, path: &str, body: &str) -> Answer {
    let (path, body) = (path.to_owned(), body.to_owned());
    tokio::task::spawn_blocking(move || http.post(&path, &body)).await.unwrap()
}

/// Where s0000's timetable can be read without a sign-in.
async fn calendar(gateway: &TestGateway) -> String {
    let answer = post(gateway.http("s0000"), "/api/calendar", "").await;
    answer.json()["path"].as_str().unwrap().to_owned()
}

struct Scene {
    gateway: TestGateway,
    /// Asks, gives up a seat, waits for it, waits behind her, is armed for later.
    people: Vec<TestStudent>,
}

/// B is full, s0002 and s0003 wait for it; s0004 is armed; everybody watches the seats.
async fn scene() -> Scene {
    let university = University::of(6).course("A", 5).course("B", 1).course("C", 5);
    let university = university.window("w", "scope = [\"A\", \"B\"]");
    let university = university.window("later", "scope = [\"C\"]");
    let gateway = TestGateway::configured(&university, |config| {
        config.limits.answer_wait_ms_max = 150;
    });
    gateway.open("w");
    let mut people = Vec::new();
    for n in 0..5 {
        people.push(gateway.student(&format!("s000{n}")).await);
    }
    for person in &mut people[1..4] {
        person.submit("w", &[any("B", true)]).await;
        person.outcome("B").await;
    }
    people[4].set_plan(&[any("C", false)]).await;
    people[4].arm("later").await;
    for person in &mut people {
        let sections = ["A/L", "B/L", "C/L"].map(str::to_owned).to_vec();
        person.send(&ClientMessage::Watch { sections }).await;
        person.quiet(QUIET).await;
    }
    Scene { gateway, people }
}

/// Everything that would be told at once if it were told too early.
async fn decide(scene: &mut Scene) {
    let people = &mut scene.people;
    people[0].submit("w", &[any("A", false), any("C", false)]).await;
    people[0].set_plan_unheard(&[any("A", true)]).await;
    // Her seat goes to s0002; s0003 is then the first of the list.
    people[1].drop_course("B").await;
    // Registrar's changes: seats, everybody's window, and a place in its line decided.
    let registrar = || scene.gateway.registrar();
    let more = r#"{"section":"A/L","capacity":7}"#;
    let changes = [
        ("/api/admin/sections/capacity", more),
        ("/api/admin/windows/later/open", ""),
        ("/api/admin/windows/w/pace", r#"{"pace":9}"#),
    ];
    let results = "student,term,course,grade,date\ns0000,2025-1,A,7,2026-01-20\n";
    let of_hers = [
        ("/api/admin/results?format=csv", results, registrar()),
        ("/api/calendar", "", scene.gateway.http("s0003")),
        ("/api/messages/read", r#"{"up_to":9}"#, scene.gateway.http("s0000")),
    ];
    let changes = changes.map(|(path, body)| (path, body, registrar()));
    for (path, body, http) in changes.into_iter().chain(of_hers) {
        let answer = post(http, path, body).await;
        // An act is carried out once the disk answers: "send it again" would be wrong advice. Who
        // results are of is looked up first, so that nothing was begun with those.
        let act = path.starts_with("/api/admin/") && body != results;
        let told = if act { (504, "unconfirmed") } else { (503, "busy") };
        assert_eq!(answer.problem(), (told.0, told.1.to_owned()), "{path}");
        assert_eq!(answer.retry_after.is_none(), act, "{path}");
    }
}

#[tokio::test]
async fn while_the_journal_stalls_no_socket_and_no_route_tells_what_was_decided() {
    let mut scene = scene().await;
    let calendar = calendar(&scene.gateway).await;
    let doors = doors(&scene.gateway, &calendar);
    // Until it stands still: some numbers are a moment old, and on a busy machine a look may take
    // longer than this gateway waits.
    let mut before = look(&doors).await;
    for _ in 0..5 {
        let last = std::mem::replace(&mut before, look(&doors).await);
        if before == last && before.values().all(|answer| answer.status != 503) {
            break;
        }
    }
    let busy: Vec<_> = before.iter().filter(|(_, answer)| answer.status == 503).collect();
    assert!(busy.is_empty(), "{busy:?}");

    scene.gateway.disk.stall();
    decide(&mut scene).await;
    for person in &mut scene.people {
        let told = person.quiet(QUIET).await;
        assert_eq!(told, [], "{}: outcome, promotion, rank, seats, window, position", person.key);
    }
    // The socket lives, and what it shows of the seats is what is on disk.
    let watcher = &mut scene.people[3];
    watcher.send(&ClientMessage::Ping { n: 1 }).await;
    watcher.send(&ClientMessage::Watch { sections: vec!["A/L".to_owned()] }).await;
    let pong = |m: &ServerMessage| matches!(m, ServerMessage::Pong { n: 1, .. }).then_some(());
    watcher.expect("pong", pong).await;
    let seats = |m: &ServerMessage| match m {
        ServerMessage::Seats { sections, .. } => sections[0].left,
        _ => None,
    };
    assert_eq!(watcher.expect("seats", seats).await, 5);
    assert_eq!(watcher.quiet(QUIET).await, [], "nothing else");
    // A session that begins now sees nothing until it can be told the truth.
    let (address, token) = (scene.gateway.address(), scene.gateway.token("s0001"));
    let mut late = TestStudent::connect(address, "s0001", &token).await;
    late.send(&ClientMessage::Hello { protocol: PROTOCOL_VERSION }).await;
    assert_eq!(late.quiet(QUIET).await, [], "a welcome");
    let now = look(&doors).await;
    let busy = shut(&before, &now);
    assert!(busy > 10 && busy < now.len(), "{busy} of {} are behind the gate", now.len());
    // What every student's page asks for disturbs no decision: it is what the gate let through.
    assert_eq!(now["/api/windows as s0000"].status, 200);

    scene.gateway.disk.resume();
    everything_comes(&mut scene, late).await;
    let after = look(&doors).await;
    assert!(after.values().all(|answer| answer.status != 503));
    // The look itself can fail: these answers did change, so they were there to be told.
    let changed = [
        "/api/enrolments as s0000",
        "/api/outcomes as s0000",
        "/api/plan as s0000",
        "/api/messages as s0000",
        "/api/timetable as s0000",
        "/api/results as s0000",
        "/api/me/export as s0000",
        "/api/calendar as s0003",
        "/api/enrolments as s0003",
        "/api/seats?course=A,B,C as nobody",
        "/api/catalogue?seats=true as nobody",
        "/api/windows as s0000",
        "/api/windows/later/lottery as s0000",
        "/api/admin/status as registrar",
        "/api/admin/windows as registrar",
        "/api/admin/enrolments as registrar",
        "/api/admin/audit as registrar",
        "/api/admin/audit.csv as registrar",
        "/metrics as operator",
    ];
    for door in changed {
        assert_ne!(before[door].body, after[door].body, "GET {door}: nothing was decided");
    }
    let caught = std::panic::catch_unwind(|| shut(&before, &after));
    assert!(caught.is_err(), "the check finds a door that tells");
}

async fn everything_comes(scene: &mut Scene, mut late: TestStudent) {
    let people = &mut scene.people;
    assert_eq!(people[0].outcome("A").await.outcome, "enrolled");
    assert_eq!(people[0].outcome("C").await.outcome, "refused");
    assert_eq!(people[1].outcome("B").await.outcome, "dropped");
    assert_eq!(people[2].message("promoted").await.course.as_deref(), Some("B"));
    let rank = |m: &ServerMessage| match m {
        ServerMessage::WaitlistRank { entry } => Some(entry.rank),
        _ => None,
    };
    assert_eq!(people[3].expect("a rank", rank).await, 1);
    assert_eq!(people[4].outcome("C").await.outcome, "enrolled");
    let view = late.welcome().await;
    assert_eq!(view.enrolments, [], "what she gave up");
    assert!(view.windows.iter().all(|w| w.state == "open"));
    // The last value of each section reaches whoever watches.
    let left = |section: &'static str, seats: u32| {
        move |m: &ServerMessage| match m {
            ServerMessage::Seats { sections, .. } => {
                sections.iter().any(|s| s.section == section && s.left == Some(seats)).then_some(())
            }
            _ => None,
        }
    };
    people[1].expect("6 of 7 left", left("A/L", 6)).await;
}

#[test]
fn only_a_series_that_is_named_so_may_move() {
    for own in [
        "sluis_busy_total{of=\"hub\"} 3",
        "# HELP process_cpu_seconds_total Time.",
        "sluis_commands_in_flight 2",
        "sluis_http_requests_total 1",
    ] {
        assert!(is_own_metric(own), "{own}");
    }
    for other in [
        "sluis_outcomes_total{why=\"sluis_sessions\"} 1",
        "# TYPE sluis_seats_taken gauge",
        "sluis_commands_in_flight_max 2",
        "sluis_all_sluis_busy_total 3",
    ] {
        assert!(!is_own_metric(other), "{other}");
    }
}
