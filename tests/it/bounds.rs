//! Every bound that somebody outside can meet, at the bound and one beyond (I16).

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;
use sluis::limits;
use sluis::protocol::client::ClientMessage;
use sluis::protocol::server::ServerMessage;

use crate::support::student::any;
use crate::support::{Http, Raw, TestGateway, TestStudent, University};

const COMPONENT: &str = "[[courses.components]]\nkind = \"lecture\"\n";
const SECTION: &str = "sections = [{ key = \"L\", capacity = 1 }]\n";

fn course(more: &str) -> String {
    format!("[[courses]]\ncode = \"Z\"\nname = \"Z\"\n{more}\n")
}

fn sections(list: &str) -> String {
    course(&format!("ects = 5\n{COMPONENT}sections = [{list}]"))
}

fn field(name: &str, value: &str) -> String {
    course(&format!("ects = 5\n{name} = {value}\n{COMPONENT}{SECTION}"))
}

fn window(more: &str) -> String {
    format!("{}[[windows]]\nkey = \"z\"\nname = \"z\"\n{more}\n", field("level", "\"1\""))
}

fn list(n: usize, one: impl Fn(usize) -> String) -> String {
    (0..n).map(one).collect::<Vec<_>>().join(", ")
}

type Case = (&'static str, usize, fn(usize) -> String);

/// What a catalogue file holds at most.
const CASES: [Case; 14] = [
    ("seats", limits::CAPACITY_MAX as usize, |n| {
        sections(&format!("{{ key = \"L\", capacity = {n} }}"))
    }),
    ("sections", limits::COMPONENT_SECTIONS_MAX, |n| {
        sections(&list(n, |i| format!("{{ key = \"{i}\", capacity = 1 }}")))
    }),
    ("components", limits::COMPONENTS_MAX, |n| {
        let mut parts = "ects = 5\n".to_owned();
        for i in 0..n {
            let section = format!("sections = [{{ key = \"{i}\", capacity = 1 }}]");
            writeln!(parts, "{COMPONENT}{section}").unwrap();
        }
        course(&parts)
    }),
    ("meetings", limits::MEETINGS_MAX, |n| {
        let meeting = |i| {
            let (hour, week) = (8 + i % 12, 6 + i / 12);
            format!(
                "{{ day = \"mon\", start = \"{hour:02}:00\", end = \"{hour:02}:30\", \
                 weeks = \"{week}\", place = \"p\" }}"
            )
        };
        sections(&format!("{{ key = \"L\", capacity = 1, meetings = [{}] }}", list(n, meeting)))
    }),
    ("credits", limits::CREDITS_MAX as usize, |n| {
        course(&format!("ects = {}.{:02}\n{COMPONENT}{SECTION}", n / 100, n % 100))
    }),
    ("prerequisites", limits::PREREQUISITES_MAX, |n| {
        field("prerequisites", &format!("[{}]", list(n, |i| format!("\"P{i}\""))))
    }),
    ("description", limits::DESCRIPTION_BYTES_MAX, |n| {
        field("description", &format!("{:?}", "x".repeat(n)))
    }),
    ("link", limits::URL_BYTES_MAX, |n| {
        field("url", &format!("\"https://{}\"", "x".repeat(n - "https://".len())))
    }),
    ("short text", limits::SHORT_TEXT_BYTES_MAX, |n| {
        field("faculty", &format!("{:?}", "x".repeat(n)))
    }),
    ("name", limits::COURSE_NAME_BYTES_MAX, |n| {
        field("name", &format!("{:?}", "x".repeat(n))).replace("name = \"Z\"\n", "")
    }),
    ("pace", limits::PACE_MAX as usize, |n| window(&format!("pace = {n}"))),
    ("opening", limits::OPENS_AFTER_SIGN_IN_S_MAX as usize, |n| {
        window(&format!("opens_after_sign_in_s = {n}"))
    }),
    ("courses of a window", limits::WINDOW_COURSES_MAX, |n| {
        let mut text = String::new();
        for i in 0..n {
            text += &field("level", "\"1\"").replace("\"Z\"", &format!("\"Z{i}\""));
        }
        let scope = list(n, |i| format!("\"Z{i}\""));
        text + &format!("[[windows]]\nkey = \"z\"\nname = \"z\"\nscope = [{scope}]\n")
    }),
    ("bytes of a window's courses", limits::WINDOW_COURSES_BYTES_MAX, |n| {
        // Codes of 32 bytes count 33 each; the last one makes up the rest.
        let (whole, rest) = ((n - 10) / 33, (n - 10) % 33 + 10);
        let code =
            |i: usize| format!("{i:0>width$}", width = if i == whole { rest - 1 } else { 32 });
        let mut text = String::new();
        for i in 0..=whole {
            text += &field("level", "\"1\"").replace("\"Z\"", &format!("\"{}\"", code(i)));
        }
        let scope = list(whole + 1, |i| format!("\"{}\"", code(i)));
        text + &format!("[[windows]]\nkey = \"z\"\nname = \"z\"\nscope = [{scope}]\n")
    }),
];

#[test]
fn a_catalogue_file_holds_so_much_of_everything() {
    let gateway = TestGateway::start(&University::of(1).course("A", 2));
    let term = "[[terms]]\nkey = \"t\"\nfirst_monday = \"2027-02-01\"\n";
    let path = "/api/admin/catalogue?format=toml&dry_run=true";
    let send = |text: String| gateway.registrar().post(path, &format!("{term}{text}"));
    for (what, most, file) in CASES {
        let fits = send(file(most));
        assert_eq!(fits.status, 200, "{most} of {what}: {}", fits.body);
        let beyond = send(file(most + 1));
        assert_eq!(beyond.problem(), (422, "import_invalid".to_owned()), "{} {what}", most + 1);
    }
}

#[test]
fn a_students_file_holds_so_much_of_everything() {
    let gateway = TestGateway::start(&University::of(1).course("A", 2));
    let send = |row: String| {
        let text = format!("id,programme,year,blocks,completed\n{row}\n");
        gateway.registrar().post("/api/admin/students?format=csv&dry_run=true", &text).status
    };
    let codes = |n: usize| (0..n).map(|i| format!("c{i}")).collect::<Vec<_>>().join(" ");
    for (most, row) in [
        (
            usize::from(limits::STUDY_YEAR_MAX),
            Box::new(|n| format!("x,,{n},,")) as Box<dyn Fn(usize) -> _>,
        ),
        (limits::BLOCKS_MAX, Box::new(|n| format!("x,,1,{},", codes(n)))),
        (limits::COMPLETED_MAX, Box::new(|n| format!("x,,1,,{}", codes(n)))),
    ] {
        assert_eq!((send(row(most)), send(row(most + 1))), (200, 422), "{most}");
    }
    // 32 bytes and one each, and one that fills up.
    let bytes = |n: usize| {
        let (whole, rest) = ((n - 10) / 33, (n - 10) % 33 + 10);
        let all =
            (0..whole).map(|i| format!("{i:0>32}")).chain([format!("{:0>1$}", "z", rest - 1)]);
        format!("x,,1,,{}", all.collect::<Vec<_>>().join(" "))
    };
    let most = limits::COMPLETED_BYTES_MAX;
    assert_eq!((send(bytes(most)), send(bytes(most + 1))), (200, 422));
}

#[test]
fn a_request_is_so_long() {
    let gateway = TestGateway::start(&University::of(1).course("A", 2).window("w", ""));
    let (student, registrar) = (gateway.http("s0000"), gateway.registrar());
    let body = |length: usize| {
        let start = r#"{"up_to":0"#;
        format!("{start}{}}}", " ".repeat(length - start.len() - 1))
    };
    assert_eq!(student.post("/api/messages/read", &body(limits::HTTP_BODY_BYTES_MAX)).status, 200);
    let beyond = student.post("/api/messages/read", &body(limits::HTTP_BODY_BYTES_MAX + 1));
    assert_eq!(beyond.problem(), (413, "too_large".to_owned()));
    let import =
        |n: usize| registrar.post("/api/admin/students?format=csv", &"\n".repeat(n)).status;
    assert_eq!(
        (import(limits::IMPORT_BYTES_MAX), import(limits::IMPORT_BYTES_MAX + 1)),
        (422, 413)
    );

    for (path, fits) in [
        ("/api/catalogue?per_page=", limits::PAGE_ITEMS_MAX),
        ("/api/messages?limit=", limits::PAGE_ITEMS_MAX),
    ] {
        assert_eq!(student.get(&format!("{path}{fits}")).status, 200, "{path}");
        assert_eq!(student.get(&format!("{path}{}", fits + 1)).status, 422, "{path}");
    }
    let search = |n: usize| student.get(&format!("/api/catalogue?q={}", "x".repeat(n))).status;
    assert_eq!(
        (search(limits::SEARCH_CHARS_MAX), search(limits::SEARCH_CHARS_MAX + 1)),
        (200, 422)
    );
    let seats = |n: usize| student.get(&format!("/api/seats?course={}", vec!["A"; n].join(",")));
    assert_eq!(seats(limits::SEATS_COURSES_MAX).status, 200);
    assert_eq!(seats(limits::SEATS_COURSES_MAX + 1).problem().1, "too_many");
    // What somebody sends is repeated in part.
    let echo = student.get(&format!("/api/seats?course={}", "y".repeat(500)));
    let most = limits::ECHO_CHARS_MAX;
    assert!(echo.body.contains(&"y".repeat(most)) && !echo.body.contains(&"y".repeat(most + 1)));
    for length in [limits::TOKEN_BYTES_MAX, limits::TOKEN_BYTES_MAX + 1] {
        let answer = Http::new(gateway.address(), Some(&"t".repeat(length))).get("/api/me");
        assert_eq!(answer.problem(), (401, "token_invalid".to_owned()));
    }
}

#[test]
fn a_session_says_and_watches_so_much() {
    let most = limits::WATCHED_MAX;
    let university = University::of(1).wide("A", most + 1, 1).window("w", "");
    let gateway = TestGateway::start(&university);
    let mut raw = Raw::hello(gateway.address(), &gateway.token("s0000"));
    let keys = |range: std::ops::Range<usize>| {
        let keys: Vec<_> = range.map(|n| format!("A/L{n}")).collect();
        json!({ "type": "watch", "sections": keys }).to_string()
    };
    raw.text(&keys(0..most + 1));
    assert!(raw.expect_text("\"type\":\"error\"").contains("too_many"));
    raw.text(&keys(0..most));
    assert_eq!(raw.expect_text("\"type\":\"seats\"").matches("A/L").count(), most);

    let ping = r#"{"type":"ping","n":8}"#;
    raw.text(&format!("{ping}{}", " ".repeat(limits::MESSAGE_BYTES_MAX - ping.len())));
    raw.expect_text("\"n\":8");
    raw.text(&format!("{{\"type\":\"{}\"}}", "z".repeat(2_000)));
    let error: ServerMessage = serde_json::from_str(&raw.expect_text("message_invalid")).unwrap();
    let ServerMessage::Error { detail, .. } = error else { panic!("{error:?}") };
    assert_eq!(detail.chars().count(), limits::ERROR_CHARS_MAX);
    let plan = |n: usize| {
        let courses: Vec<_> = (0..n).map(|_| json!({ "course": "A" })).collect();
        json!({ "type": "set_plan", "courses": courses }).to_string()
    };
    raw.text(&plan(limits::PLAN_REQUESTS_MAX + 1));
    raw.expect_text("\"type\":\"error\"");
}

/// Outcomes in a view, and messages told one by one after a lost connection.
#[tokio::test]
async fn a_welcome_holds_so_much() {
    let most = limits::RESUME_MISSED_MAX;
    assert!(most < limits::SESSION_MAILBOX_MAX, "they go to her session at once");
    let names: Vec<_> = (0..=limits::VIEW_OUTCOMES_MAX).map(|n| format!("C{n}")).collect();
    let university = names.iter().fold(University::of(1), |u, name| u.course(name, 5));
    let gateway = TestGateway::start(&university.window("w", ""));
    gateway.open("w");
    let mut tab = gateway.student("s0000").await;
    let from = tab.sequence;
    let told = |log: &[ServerMessage]| {
        log.iter().filter(|m| matches!(m, ServerMessage::Message { .. })).count()
    };
    let resumed = async || {
        let token = gateway.token("s0000");
        let mut back = TestStudent::connect(gateway.address(), "s0000", &token).await;
        let view = back.resume(from).await;
        back.send(&ClientMessage::Ping { n: 1 }).await;
        back.expect("pong", |m| matches!(m, ServerMessage::Pong { .. }).then_some(())).await;
        back.quiet(Duration::from_millis(200)).await;
        (view.outcomes.len(), told(&back.log))
    };
    submit_all(&mut tab, &names[..most]).await;
    assert_eq!(resumed().await, (most, most));
    submit_all(&mut tab, &names[most..=most]).await;
    assert_eq!(resumed().await, (most + 1, 0), "beyond the bound the message centre tells");
    submit_all(&mut tab, &names[most + 1..]).await;
    assert_eq!(resumed().await, (limits::VIEW_OUTCOMES_MAX, 0), "the latest of so many courses");
}

async fn submit_all(tab: &mut TestStudent, names: &[String]) {
    for some in names.chunks(limits::PLAN_REQUESTS_MAX) {
        let courses: Vec<_> = some.iter().map(|name| any(name, false)).collect();
        tab.submit("w", &courses).await;
        tab.outcome(&some[0]).await;
    }
}
