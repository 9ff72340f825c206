//! No student receives anything of another's: over every route of the table and with every message
//! of the socket. What is the other's is marked with words that occur nowhere else, and looked for
//! in every byte that comes. A new route or message fails here until it is said what it is.

use std::io::Read;
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};
use sluis::http::auth::Role;
use sluis::http::routes::{Entry, Who, table};
use sluis::protocol::client::{CLIENT_TYPES, ClientMessage, CourseRequestDto};
use uuid::Uuid;

use crate::support::exchange::Exchanged;
use crate::support::student::any;
use crate::support::{Http, Raw, TestGateway, University, exchange, role_token};

/// Whose things are looked for, and who looks for them.
const HER: &str = "zq7731901";
const OTHER: &str = "s0001";

/// What a route shows to whoever may ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shows {
    /// The same to everybody.
    Public,
    /// What is the asker's own.
    Own,
    /// Of everybody, to a registrar or an operator.
    Everybody,
    /// Student numbers, in a demonstration, where anybody may be anybody.
    DemoNumbers,
}
use Shows::{DemoNumbers, Everybody, Own, Public};

/// Every route. One that is new is put here by whoever adds it.
const ROUTES: [(&str, &str, Shows); 72] = [
    ("GET", "/healthz", Public),
    ("GET", "/readyz", Public),
    ("GET", "/ws", Own),
    ("GET", "/plain", Own),
    ("GET", "/api/openapi.json", Public),
    ("GET", "/api/sign-in", DemoNumbers),
    ("POST", "/api/sign-in", DemoNumbers),
    ("GET", "/api/sign-in/start", Public),
    ("GET", "/api/sign-in/return", Own),
    ("POST", "/api/sign-out", Own),
    ("GET", "/api/me", Own),
    ("GET", "/api/me/export", Own),
    ("GET", "/api/devices", Own),
    ("DELETE", "/api/devices", Own),
    ("DELETE", "/api/devices/{id}", Own),
    ("GET", "/api/preferences", Own),
    ("PUT", "/api/preferences", Own),
    ("GET", "/api/catalogue", Public),
    ("GET", "/api/catalogue/{code:.+}", Public),
    ("GET", "/api/seats", Public),
    ("GET", "/api/programmes", Public),
    ("GET", "/api/windows", Public),
    ("GET", "/api/windows/{key:.+}/lottery", Public),
    ("GET", "/api/plan", Own),
    ("PUT", "/api/plan", Own),
    ("GET", "/api/enrolments", Own),
    ("GET", "/api/timetable", Own),
    ("GET", "/api/timetable.ics", Own),
    ("GET", "/calendar/{secret}.ics", Own),
    ("GET", "/api/calendar", Own),
    ("POST", "/api/calendar", Own),
    ("DELETE", "/api/calendar", Own),
    ("GET", "/api/outcomes", Own),
    ("GET", "/api/alternatives", Own),
    ("GET", "/api/results", Own),
    ("GET", "/api/messages", Own),
    ("POST", "/api/messages/read", Own),
    ("GET", "/api/admin/status", Everybody),
    ("GET", "/api/admin/windows", Everybody),
    ("POST", "/api/admin/windows/{key:.+}/open", Everybody),
    ("POST", "/api/admin/windows/{key:.+}/close", Everybody),
    ("POST", "/api/admin/windows/{key:.+}/pause", Everybody),
    ("POST", "/api/admin/windows/{key:.+}/resume", Everybody),
    ("POST", "/api/admin/windows/{key:.+}/reset", Everybody),
    ("POST", "/api/admin/windows/{key:.+}/schedule", Everybody),
    ("POST", "/api/admin/windows/{key:.+}/pace", Everybody),
    ("POST", "/api/admin/sections/capacity", Everybody),
    ("POST", "/api/admin/sections/status", Everybody),
    ("POST", "/api/admin/student/enrol", Everybody),
    ("POST", "/api/admin/student/move", Everybody),
    ("POST", "/api/admin/student/drop", Everybody),
    ("POST", "/api/admin/student/block", Everybody),
    ("POST", "/api/admin/student/unblock", Everybody),
    ("POST", "/api/admin/announcement", Everybody),
    ("GET", "/api/admin/audit", Everybody),
    ("GET", "/api/admin/audit.csv", Everybody),
    ("GET", "/api/admin/audit.json", Everybody),
    ("POST", "/api/admin/catalogue", Everybody),
    ("POST", "/api/admin/students", Everybody),
    ("POST", "/api/admin/results", Everybody),
    ("GET", "/api/admin/enrolments", Everybody),
    ("GET", "/api/admin/enrolments.csv", Everybody),
    ("GET", "/api/admin/enrolments.json", Everybody),
    ("GET", "/api/admin/waitlists", Everybody),
    ("GET", "/api/admin/waitlists.csv", Everybody),
    ("GET", "/api/admin/waitlists.json", Everybody),
    ("GET", "/api/admin/board", Everybody),
    ("GET", "/api/admin/demand", Everybody),
    ("GET", "/api/admin/blockers", Everybody),
    ("GET", "/api/admin/readiness", Everybody),
    ("POST", "/api/admin/sections/preview", Everybody),
    ("POST", "/api/admin/student", Everybody),
];
const MORE: [(&str, &str, Shows); 3] = [
    ("POST", "/api/admin/student/why", Everybody),
    ("GET", "/api/operator/journal", Everybody),
    ("GET", "/api/operator/journal/digest", Everybody),
];

fn shows(entry: &Entry) -> Shows {
    let same = |(method, path, _): &&(&str, &str, Shows)| {
        *method == entry.method.as_str() && *path == entry.path
    };
    let found = ROUTES.iter().chain(&MORE).find(same);
    let Some((.., shows)) = found else {
        panic!("{} {}: say in ROUTES what it shows, and of whom", entry.method, entry.path);
    };
    *shows
}

/// Her things, by the words that mark them.
struct Hers {
    words: Vec<(&'static str, String)>,
    device: String,
    request: Uuid,
    cookie: String,
}

impl Hers {
    /// What of hers stands in this text.
    fn found_in(&self, text: &str) -> Vec<&'static str> {
        let text = text.to_ascii_lowercase();
        let found = self.words.iter().filter(|(_, word)| text.contains(&word.to_ascii_lowercase()));
        found.map(|(what, _)| *what).collect()
    }
}

struct Scene {
    gateway: TestGateway,
    hers: Hers,
}

/// A university in which she has something of everything.
async fn scene() -> Scene {
    let university = University::of(5).course("A", 9).course("B", 1).course("C", 9);
    let university = university.window("w", "scope = [\"A\", \"B\"]");
    let university = university.window("later", "scope = [\"C\"]");
    let gateway = TestGateway::start(&university);
    let registrar = gateway.registrar();
    let row = format!("id,programme,year,blocks,completed\n{HER},,3,ZQFEE,ZQDONE\n");
    registrar.post("/api/admin/students?format=csv", &row).ok();
    gateway.open("w");
    let browser = Http::browser(gateway.address(), None);
    let answer = browser.ask("POST", "/api/sign-in", &json!({"student": HER}).to_string(), &[]);
    let cookie = answer.cookie.clone().unwrap();
    answer.ok();
    let browser = Http::browser(gateway.address(), Some(&cookie));
    let devices = browser.get_as_browser("/api/devices").json();
    let device = devices["devices"][0]["id"].as_str().unwrap().to_owned();
    let calendar = browser.ask("POST", "/api/calendar", "", &[]).json();
    let calendar = calendar["path"].as_str().unwrap().to_owned();
    let wants = json!({"language": "nl", "notify": true, "topics": ["results"]}).to_string();
    browser.put("/api/preferences", &wants).ok();
    let act = |path: &str, body: Value| {
        registrar.post(&format!("/api/admin/{path}"), &body.to_string()).ok();
    };
    act("student/block", json!({"student": HER, "code": "ZQHOLD", "reason": "zq-held"}));
    act("student/unblock", json!({"student": HER, "code": "ZQHOLD", "reason": "zq-let-go"}));
    act("student/unblock", json!({"student": HER, "code": "ZQFEE", "reason": "zq-paid"}));
    // She is enrolled in A and B, waits for nothing, and is armed for C.
    let mut tab = gateway.student(HER).await;
    tab.set_plan(&[any("C", false), any("A", true)]).await;
    tab.arm("later").await;
    let request = tab.submit("w", &[any("B", true)]).await;
    assert_eq!(tab.outcome("B").await.outcome, "enrolled");
    let place = json!({"student": HER, "course": "A", "sections": ["A/L"], "reason": "zq-placed"});
    act("student/enrol", place);
    let results = format!(
        "student,term,course,grade,ects,date,name_nl,name_en\n{HER},2025-1,ZQPAST,7.3,5,2026-01-20,O,O\n"
    );
    registrar.post("/api/admin/results?format=csv", &results).ok();
    // The other one waits behind her, so that what she does is news to the other.
    let mut other = gateway.student(OTHER).await;
    other.submit("w", &[any("B", true), any("A", false)]).await;
    assert_eq!(other.outcome("B").await.outcome, "waitlisted");

    let value = cookie.split_once('=').unwrap().1.to_owned();
    let hex: String = HER.bytes().map(|byte| format!("{byte:02x}")).collect();
    let secret = calendar.trim_start_matches("/calendar/").trim_end_matches(".ics").to_owned();
    let words = vec![
        ("her number", HER.to_owned()),
        ("her number in a token", hex),
        ("her sign-in", value),
        ("her device", device.clone()),
        ("her calendar's address", secret),
        ("her request", request.to_string()),
        ("her request, in short", request.simple().to_string()),
        ("a block of hers", "ZQFEE".to_owned()),
        ("another block of hers", "ZQHOLD".to_owned()),
        ("a course that she completed", "ZQDONE".to_owned()),
        ("a study result", "ZQPAST".to_owned()),
        ("what the registrar told her", "zq-placed".to_owned()),
        ("what the registrar told her of a block", "zq-held".to_owned()),
    ];
    Scene { gateway, hers: Hers { words, device, request, cookie } }
}

/// Everything that is stored of her, without when it was looked up.
fn stored(scene: &Scene) -> Value {
    fn still(value: &mut Value) {
        if let Value::Object(fields) = value {
            fields.retain(|name, _| !["as_of", "made"].contains(&name.as_str()));
            fields.values_mut().for_each(still);
        }
    }
    let http = Http::browser(scene.gateway.address(), Some(&scene.hers.cookie));
    let mut all = http.get_as_browser("/api/me/export").json();
    still(&mut all);
    all
}

/// The paths of a route, with whatever of hers may be tried in it.
fn paths(entry: &Entry, hers: &Hers) -> Vec<String> {
    let with = |from: &str, values: &[&str]| {
        values.iter().map(|value| entry.path.replace(from, value)).collect()
    };
    let mut paths: Vec<String> = match entry.path {
        path if path.contains("{id}") => {
            with("{id}", &[hers.device.as_str(), HER, "0000000000000000"])
        }
        path if path.contains("{secret}") => with("{secret}", &["0".repeat(64).as_str(), HER]),
        path if path.contains("{code:.+}") => with("{code:.+}", &["A", HER]),
        path if path.contains("{key:.+}") => with("{key:.+}", &["w", "later", HER]),
        "/api/seats" => vec!["/api/seats?course=A,B,C".to_owned()],
        "/api/catalogue" => vec!["/api/catalogue?seats=true&available=true".to_owned()],
        "/api/alternatives" => vec!["/api/alternatives?course=B".to_owned()],
        path => vec![path.to_owned()],
    };
    let more: Vec<_> = ["student", "q", "request", "id"]
        .iter()
        .map(|name| format!("{}?{name}={HER}", paths[0].split('?').next().unwrap()))
        .collect();
    paths.extend(more);
    paths
}

/// Bodies that name her, in every shape that some route takes.
fn bodies(entry: &Entry, hers: &Hers) -> Vec<String> {
    if entry.method == actix_web::http::Method::GET {
        return vec![String::new()];
    }
    let place = json!({"student": HER, "course": "A", "sections": ["A/L"], "reason": "x"});
    let all = [
        json!({}),
        json!({"student": HER}),
        json!({"student": HER, "reason": "x", "code": "ZQ"}),
        place,
        json!({"student": HER, "journal": 1, "course": "B"}),
        json!({"courses": [{"course": "A"}], "student": HER}),
        json!({"courses": [{"course": "B", "waitlist": true}]}),
        json!({"up_to": 9}),
        json!({"language": "en", "notify": false, "topics": []}),
        json!({"id": hers.request}),
    ];
    std::iter::once(String::new()).chain(all.iter().map(Value::to_string)).collect()
}

fn ask(scene: &Scene, entry: &Entry, path: &str, body: &str) -> Exchanged {
    // A new token each time: she may have signed herself out everywhere with the last one.
    scene.gateway.clock.advance(Duration::from_millis(2));
    let bearer = format!("Bearer {}", scene.gateway.token(OTHER));
    let headers = [("Authorization", bearer.as_str())];
    exchange(scene.gateway.address(), entry.method.as_str(), path, &headers, body)
}

#[tokio::test]
async fn no_route_shows_a_student_anything_of_anothers_or_changes_it() {
    let scene = scene().await;
    let before = stored(&scene);
    let text = before.to_string();
    for word in ["her number", "a study result", "a course that she completed"] {
        assert!(scene.hers.found_in(&text).contains(&word), "{word} is not even in hers: {text}");
    }
    let (mut answers, mut kinds) = (0, std::collections::BTreeMap::new());
    for entry in table() {
        let shown = shows(&entry);
        let right = match entry.who {
            Who::Anybody => matches!(shown, Public | DemoNumbers | Own),
            Who::SignedIn => matches!(shown, Public | Own),
            Who::Only(Role::Student) => shown == Own,
            Who::Only(Role::Registrar | Role::Operator) => shown == Everybody,
        };
        assert!(right, "{} {} for {:?} shows {shown:?}?", entry.method, entry.path, entry.who);
        for path in paths(&entry, &scene.hers) {
            for body in bodies(&entry, &scene.hers) {
                // Anybody may be anybody there, and is listed: a demonstration.
                if shown == DemoNumbers {
                    continue;
                }
                let answer = ask(&scene, &entry, &path, &body);
                let told = format!("{} {path} {body}: {}", entry.method, answer.status);
                if shown == Everybody {
                    assert_eq!(answer.status, 403, "{told}");
                }
                // What she writes herself into the question may come back in a complaint.
                let asked = format!("{path} {body}");
                let own = scene.hers.found_in(&asked);
                let found = scene.hers.found_in(&answer.text);
                let leak: Vec<_> = found.iter().filter(|word| !own.contains(word)).collect();
                assert!(leak.is_empty(), "{told}: {leak:?} in {}", answer.text);
                answers += 1;
                *kinds.entry(answer.status).or_insert(0) += 1;
            }
        }
    }
    assert!(answers > 300 && kinds[&200] > 50 && kinds[&403] > 100, "{answers}: {kinds:?}");
    assert_eq!(stored(&scene), before, "something of hers was changed");

    // The look itself can fail: the registrar is shown what the other is not.
    let registrar = scene.gateway.registrar();
    for path in ["/api/admin/enrolments.csv", "/api/admin/audit", "/api/admin/waitlists.csv"] {
        let shown = registrar.get(path).ok();
        assert!(path.contains("waitlists") || !scene.hers.found_in(&shown).is_empty(), "{path}");
    }
    let file = registrar.post("/api/admin/student", &json!({"student": HER}).to_string()).ok();
    assert!(scene.hers.found_in(&file).len() > 3, "{file}");
}

/// What the other sends to try for her things, of each kind of message.
fn tries(kind: &str, hers: &Hers) -> Vec<Value> {
    let id = || json!(Uuid::now_v7());
    let hers_id = json!(hers.request);
    let wish: CourseRequestDto = any("B", true);
    let mut tries = match kind {
        "hello" => vec![json!({"protocol": 1})],
        "resume" => vec![json!({"protocol": 1, "last_sequence": 0})],
        "set_plan" => vec![json!({"courses": [wish]})],
        "arm" => {
            vec![json!({"id": hers_id, "window": "later"}), json!({"id": id(), "window": "w"})]
        }
        "disarm" => vec![json!({"window": "later"}), json!({"window": "w"})],
        "submit" => vec![
            json!({"id": hers_id, "window": "w"}),
            json!({"id": hers_id, "window": "w", "courses": [wish]}),
            json!({"id": id(), "window": "w", "courses": [wish]}),
        ],
        "drop" | "leave_waitlist" => {
            vec![json!({"id": hers_id, "course": "B"}), json!({"id": id(), "course": "B"})]
        }
        "swap" => vec![json!({"id": hers_id, "from": "B", "to": any("A", true)})],
        "watch" | "unwatch" => vec![json!({"sections": ["A/L", "B/L", "C/L"]})],
        "ping" => vec![json!({"n": 1})],
        new => panic!("{new}: say here what one may try with it"),
    };
    // And to speak as her.
    tries.push(json!({"student": HER, "id": hers_id, "window": "w", "courses": [], "course": "B"}));
    for one in &mut tries {
        one["type"] = json!(kind);
    }
    tries
}

/// Every byte that comes, until the connection ends.
fn listen(raw: &Raw) -> JoinHandle<Vec<u8>> {
    let mut stream: TcpStream = raw.socket().try_clone().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    std::thread::spawn(move || {
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        heard
    })
}

#[tokio::test]
async fn no_message_gets_a_student_anything_of_anothers_or_changes_it() {
    let scene = scene().await;
    let (gateway, hers) = (&scene.gateway, &scene.hers);
    let before = stored(&scene);
    for resumed in [false, true] {
        let mut raw = Raw::open(gateway.address(), &gateway.token(OTHER));
        let heard = listen(&raw);
        let first = if resumed { "resume" } else { "hello" };
        raw.text(&json!({"type": "ping", "n": 0}).to_string());
        for kind in std::iter::once(first).chain(CLIENT_TYPES) {
            for message in tries(kind, hers) {
                raw.text(&message.to_string());
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        raw.socket().shutdown(std::net::Shutdown::Both).unwrap();
        let heard = String::from_utf8_lossy(&heard.join().unwrap()).into_owned();
        assert!(heard.contains("\"welcome\"") && heard.contains("unknown field `"));
        // Her own first use of that id is answered with that id: she sent it herself.
        let found = hers.found_in(&heard);
        let leak: Vec<_> = found.iter().filter(|word| !word.starts_with("her request")).collect();
        assert!(leak.is_empty(), "{leak:?} in {heard}");
    }
    assert_eq!(stored(&scene), before, "something of hers was changed");

    // What happens to her is news to the other, who waits behind her: seats, a rank, a promotion.
    let mut raw = Raw::hello(gateway.address(), &gateway.token(OTHER));
    raw.text(&json!({"type": "watch", "sections": ["A/L", "B/L", "C/L"]}).to_string());
    let wish = json!([any("B", true)]);
    let wait = json!({"type": "submit", "id": Uuid::now_v7(), "window": "w", "courses": wish});
    raw.text(&wait.to_string());
    let heard = listen(&raw);
    let mut tab = gateway.student(HER).await;
    tab.send(&ClientMessage::Drop { id: Uuid::now_v7(), course: "B".to_owned() }).await;
    tab.outcome("B").await;
    let registrar = gateway.registrar();
    let act = |path: &str, body: Value| {
        registrar.post(&format!("/api/admin/{path}"), &body.to_string()).ok();
    };
    act("student/drop", json!({"student": HER, "course": "A", "reason": "zq-placed"}));
    act("student/block", json!({"student": HER, "code": "ZQHOLD", "reason": "zq-held"}));
    act("windows/later/open", json!({}));
    let results = format!(
        "student,term,course,grade,ects,date,name_nl,name_en\n{HER},2025-1,ZQPAST,8,5,2026-01-20,O,O\n"
    );
    registrar.post("/api/admin/results?format=csv", &results).ok();
    tokio::time::sleep(Duration::from_millis(700)).await;
    raw.socket().shutdown(std::net::Shutdown::Both).unwrap();
    let heard = String::from_utf8_lossy(&heard.join().unwrap()).into_owned();
    assert!(heard.contains("\"promoted\"") && heard.contains("\"seats\""), "{heard}");
    assert_eq!(hers.found_in(&heard), Vec::<&str>::new(), "in {heard}");
    // Her own socket is told all of it.
    tab.quiet(Duration::from_millis(300)).await;
    let own = serde_json::to_string(&tab.log).unwrap();
    for word in ["a study result", "another block of hers", "what the registrar told her"] {
        assert!(hers.found_in(&own).contains(&word), "{word} is not even told to her: {own}");
    }
}

#[test]
fn with_a_tool_of_another_role_nothing_of_a_student_is_got_as_hers() {
    let gateway = TestGateway::start(&University::of(1).course("A", 1).window("w", ""));
    for role in [Role::Registrar, Role::Operator] {
        let token = role_token(&gateway.tokens, role, gateway.clock.now());
        let http = Http::new(gateway.address(), Some(&token));
        for entry in table().iter().filter(|entry| entry.who == Who::Only(Role::Student)) {
            let path = entry.path.replace("{id}", "0000000000000000");
            let answer = http.ask(entry.method.as_str(), &path, "", &[]);
            assert_eq!(answer.status, 403, "{} {path} as {role:?}", entry.method);
        }
    }
}
