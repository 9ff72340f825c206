//! What a student sets for herself: devices and signing out, preferences, what is stored of her,
//! and that her other tabs know at once.

use std::time::Duration;

use serde_json::{Value, json};
use sluis::protocol::client::ClientMessage;
use sluis::protocol::server::ServerMessage;

use crate::support::student::any;
use crate::support::{Http, TestGateway, TestStudent, University};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Signs in as a browser does; the browser from then on, and its token.
fn sign_in(gateway: &TestGateway, student: &str) -> (Http, String) {
    let body = json!({ "student": student }).to_string();
    let browser = Http::browser(gateway.address(), None);
    let answer = browser.ask("POST", "/api/sign-in", &body, &[("user-agent", FIREFOX)]);
    let cookie = answer.cookie.clone().expect("a cookie");
    answer.ok();
    let token = cookie.split_once('=').unwrap().1.replace("%3D", "=").replace("%2B", "+");
    let token = token.replace("%2F", "/");
    (Http::browser(gateway.address(), Some(&cookie)), token)
}

fn devices(http: &Http) -> Vec<Value> {
    http.get_as_browser("/api/devices").json()["devices"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_device_that_is_signed_out_is_out_at_once_and_after_a_restart() {
    let gateway = TestGateway::start(&University::of(2).course("A", 5).window("w", ""));
    let (phone, phone_token) = sign_in(&gateway, "s0000");
    let (laptop, laptop_token) = sign_in(&gateway, "s0000");
    let list = devices(&laptop);
    assert_eq!(list.len(), 2);
    assert_eq!((&list[0]["current"], &list[1]["current"]), (&json!(true), &json!(false)));
    assert_eq!(list[0]["agent"], "Firefox, Linux");
    let address = gateway.address();
    let mut on_phone = TestStudent::connect(address, "s0000", &phone_token).await;
    on_phone.hello().await;
    let mut on_laptop = TestStudent::connect(address, "s0000", &laptop_token).await;
    on_laptop.hello().await;

    let one = format!("/api/devices/{}", list[1]["id"].as_str().unwrap());
    assert_eq!(laptop.delete(&one).status, 204);
    assert_eq!(laptop.delete(&one).problem(), (404, "unknown_device".to_owned()));
    assert_eq!(laptop.delete("/api/devices/x").problem(), (404, "unknown_device".to_owned()));
    assert_eq!(on_phone.ended().await.0, Some((4004, "signed_out".to_owned())));
    let out = (401, "signed_out".to_owned());
    assert_eq!(phone.get_as_browser("/api/me").problem(), out);
    on_laptop.send(&ClientMessage::Ping { n: 7 }).await;
    on_laptop
        .expect("a pong", |m| matches!(m, ServerMessage::Pong { n: 7, .. }).then_some(()))
        .await;
    assert!(TestStudent::try_connect(address, "s0000", &phone_token).await.is_err());

    let gateway = gateway.restarted();
    let cookie = |token: &str| format!("sluis={}", token.replace('=', "%3D").replace('+', "%2B"));
    let again = |token: &str| Http::browser(gateway.address(), Some(&cookie(token)));
    assert_eq!(again(&phone_token).get_as_browser("/api/me").problem(), out);
    assert_eq!(devices(&again(&laptop_token)).len(), 1);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_token_and_socket_of_hers_alone() {
    let gateway = TestGateway::start(&University::of(2).course("A", 5).window("w", ""));
    let (browser, token) = sign_in(&gateway, "s0000");
    let mut tab = TestStudent::connect(gateway.address(), "s0000", &token).await;
    tab.hello().await;
    let mut tool = gateway.student("s0000").await;
    let mut other = gateway.student("s0001").await;
    let tools = gateway.http("s0000");
    assert_eq!(browser.delete("/api/devices").status, 204);
    let closed = Some((4004, "signed_out".to_owned()));
    assert_eq!((tab.ended().await.0, tool.ended().await.0), (closed.clone(), closed));
    let out = (401, "signed_out".to_owned());
    assert_eq!(browser.get_as_browser("/api/devices").problem(), out);
    assert_eq!(tools.get("/api/plan").problem(), out);
    other.send(&ClientMessage::Ping { n: 1 }).await;
    other.expect("a pong", |m| matches!(m, ServerMessage::Pong { .. }).then_some(())).await;

    gateway.clock.advance(Duration::from_millis(1));
    assert_eq!(gateway.http("s0000").get("/api/plan").status, 200, "a new token holds");
    let (browser, _) = sign_in(&gateway, "s0000");
    let view = browser.get_as_browser("/api/devices").json();
    assert_eq!(view["devices"].as_array().unwrap().len(), 1);
    assert!(view["signed_out_everywhere"].is_u64());
    // Signing out here ends this sign-in, not only the cookie.
    assert_eq!(browser.ask("POST", "/api/sign-out", "", &[]).status, 204);
    assert_eq!(browser.get_as_browser("/api/me").problem(), out);
}

#[tokio::test]
async fn another_tab_shows_the_same_at_once() {
    let university = University::of(1).course("A", 5).course("B", 5).window("w", "");
    let gateway = TestGateway::start(&university);
    gateway.open("w");
    let mut one = gateway.student("s0000").await;
    let mut two = gateway.student("s0000").await;
    one.submit("w", &[any("A", false)]).await;
    let journal = one.outcome("A").await.journal;
    two.outcome("A").await;
    let http = gateway.http("s0000");
    http.post("/api/messages/read", &json!({ "up_to": journal }).to_string()).ok();
    for tab in [&mut one, &mut two] {
        let read = |m: &ServerMessage| match m {
            ServerMessage::Read { up_to, unread, .. } => Some((*up_to, *unread)),
            _ => None,
        };
        assert_eq!(tab.expect("read", read).await, (journal, 0));
    }
    one.set_plan(&[any("B", true)]).await;
    let plan = |m: &ServerMessage| match m {
        ServerMessage::Plan { plan, .. } => Some(plan.courses.len()),
        _ => None,
    };
    assert_eq!(two.expect("the plan", plan).await, 1);
    let wanted = json!({ "language": "en", "notify": true, "topics": ["results"] });
    assert_eq!(http.put("/api/preferences", &wanted.to_string()).json(), wanted);
    let prefers = |m: &ServerMessage| match m {
        ServerMessage::Preferences { preferences, .. } => preferences.language.clone(),
        _ => None,
    };
    assert_eq!(two.expect("preferences", prefers).await, "en");
    let gateway = gateway.restarted();
    assert_eq!(gateway.http("s0000").get("/api/preferences").json(), wanted);
    let bad = json!({ "language": "fr", "notify": true, "topics": [] }).to_string();
    assert_eq!(gateway.http("s0000").put("/api/preferences", &bad).problem().0, 422);
}

#[tokio::test]
async fn everything_that_is_stored_about_her_is_in_one_file() {
    let university = University::of(2).course("A", 5).course("B", 0).window("w", "");
    let gateway = TestGateway::start(&university);
    gateway.open("w");
    let mut student = gateway.student("s0000").await;
    student.set_plan(&[any("A", false), any("B", true)]).await;
    student.submit("w", &[]).await;
    student.outcome("B").await;
    let results = "student,term,course,grade,date\ns0000,2025-1,A,7,2026-01-20\n";
    gateway.registrar().post("/api/admin/results?format=csv", results).ok();
    let (browser, _) = sign_in(&gateway, "s0000");
    let address = browser.ask("POST", "/api/calendar", "", &[]).json()["path"].to_string();
    let data = browser.get_as_browser("/api/me/export");
    let secret = address.trim_matches('"').trim_start_matches("/calendar/");
    let secret = secret.trim_end_matches(".ics");
    assert_eq!(secret.len(), 64, "{address}");
    assert!(!data.body.contains(secret), "the secret is nowhere");
    let data = data.json();
    assert_eq!(data["profile"]["student"], "s0000");
    for (key, count) in
        [("plan", 2), ("enrolments", 1), ("waitlist", 1), ("requests", 1), ("outcomes", 2)]
    {
        assert_eq!(data[key].as_array().unwrap().len(), count, "{key}");
    }
    let kinds = data["messages"]["messages"].as_array().unwrap().iter();
    let kinds: Vec<_> = kinds.map(|m| m["kind"].as_str().unwrap()).collect();
    for kind in ["result", "enrolled", "waitlisted", "window_opened"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert_eq!(data["results"]["completed"], json!(["A"]));
    assert_eq!(data["devices"]["devices"][0]["current"], json!(true));
    assert!(data["calendar_since"].is_u64() && data["preferences"]["topics"].is_array());
    let registrar = gateway.registrar().get("/api/me/export");
    assert_eq!(registrar.problem(), (403, "forbidden".to_owned()));
}

#[tokio::test]
async fn a_page_that_opens_later_shows_each_outcome_and_what_fits_now() {
    let university = University::of(2).course("A", 0).wide("B", 3, 1).window("w", "");
    let gateway = TestGateway::start(&university);
    gateway.open("w");
    let mut student = gateway.student("s0000").await;
    student.submit("w", &[any("A", false)]).await;
    let told = student.outcome("A").await;
    let http = gateway.http("s0000");
    let kept = http.get("/api/outcomes").json();
    let kept = &kept["outcomes"][0];
    assert_eq!((&kept["reason"], &kept["journal"]), (&json!("full"), &json!(told.journal)));
    assert_eq!((&kept["at"], &kept["id"]), (&json!(told.at), &json!(told.id)));
    let none = http.get("/api/alternatives?course=A").json();
    assert_eq!((&none["sections"], &none["courses"]), (&json!([]), &json!([])));
    let fits = http.get("/api/alternatives?course=B").json();
    assert_eq!(fits["sections"], json!([["B/L0"], ["B/L1"], ["B/L2"]]));
    gateway.set_capacity("B/L1", 0);
    let fits = http.get("/api/alternatives?course=B").json();
    assert_eq!(fits["sections"], json!([["B/L0"], ["B/L2"]]));
    let free = http.get("/api/catalogue?available=true").json();
    let (total, first) = (&free["total"], &free["courses"][0]);
    assert_eq!((total, &first["key"]), (&json!(1), &json!("B")), "A has no seat");
    assert_eq!(first["components"][0]["sections"][1]["left"], json!(0));
    let unknown = http.get("/api/alternatives?course=Z");
    assert_eq!(unknown.problem(), (404, "unknown_course".to_owned()));
}

#[tokio::test]
async fn a_browser_forgets_its_sign_in_also_when_the_gateway_is_too_busy_to_end_it() {
    let gateway = TestGateway::start(&University::of(1).course("A", 5).window("w", ""));
    let (browser, _) = sign_in(&gateway, "s0000");
    gateway.disk.stall();
    let answer = browser.ask("POST", "/api/sign-out", "", &[]);
    gateway.disk.resume();
    assert_eq!(answer.status, 503);
    assert!(answer.cookie.unwrap().ends_with('='), "the cookie is emptied");
}
