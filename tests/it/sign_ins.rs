//! A sign-in that was ended is over: a registrar's and an operator's as a student's, at once, at
//! every address, and after a restart. Signing in again in the same browser ends the one before.

use std::time::Duration;

use serde_json::json;
use sluis::http::auth::Role;
use sluis::http::ended;
use sluis::limits::STAFF_SIGN_OUTS_MAX;

use crate::support::{Http, TestGateway, University, exchange, role_token};

const STUDENT: &str = "s0000";

fn gateway() -> TestGateway {
    TestGateway::start(&University::of(3).course("A", 2).window("w", ""))
}

fn signed_out() -> (u16, String) {
    (401, "signed_out".to_owned())
}

/// Signs in as this, in a browser that brings this cookie: the one it has then, as `name=value`.
fn sign_in(gateway: &TestGateway, brought: &str, who: &serde_json::Value) -> String {
    let origin = format!("http://{}", gateway.address());
    let headers = [("Origin", origin.as_str()), ("Cookie", brought)];
    let answer = exchange(gateway.address(), "POST", "/api/sign-in", &headers, &who.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.header("set-cookie")[0].split(';').next().unwrap().to_owned()
}

fn browser(gateway: &TestGateway, cookie: &str) -> Http {
    Http::browser(gateway.address(), Some(cookie))
}

fn me(gateway: &TestGateway, cookie: &str) -> (u16, String) {
    let answer = browser(gateway, cookie).get_as_browser("/api/me");
    if answer.status == 200 { (200, String::new()) } else { answer.problem() }
}

fn good() -> (u16, String) {
    (200, String::new())
}

#[test]
fn staff_who_sign_out_are_out_at_once_at_every_address_and_after_a_restart() {
    // Given: a registrar at two desks, who signed in in the same millisecond, another registrar,
    // and two operators' tools.
    let gateway = gateway();
    let named = |name: &str| sign_in(&gateway, "", &json!({"role": "registrar", "name": name}));
    let (gone, desk, other) = (named("registrar"), named("registrar"), named("registrar2"));
    assert_ne!(gone, desk, "each sign-in is one of its own");
    let now = gateway.clock.now();
    let tool = role_token(&gateway.tokens, Role::Operator, now);
    let other_tool = role_token(&gateway.tokens, Role::Operator, now.plus_ms(1));
    let operators = gateway.running().operators.unwrap();
    let metrics = |token: &str| Http::new(operators, Some(token)).get("/metrics");
    assert_eq!((metrics(&tool).status, metrics(&other_tool).status), (200, 200));

    // When: one of the desks signs out, and one tool.
    assert_eq!(browser(&gateway, &gone).ask("POST", "/api/sign-out", "", &[]).status, 204);
    let ends = Http::new(gateway.address(), Some(&tool));
    assert_eq!(ends.post("/api/sign-out", "").status, 204);

    // Then: these are out everywhere, and the others go on.
    let check = |gateway: &TestGateway, when: &str| {
        for path in ["/api/me", "/api/admin/status", "/api/admin/audit.csv"] {
            let answer = browser(gateway, &gone).get_as_browser(path);
            assert_eq!(answer.problem(), signed_out(), "{when}: {path}");
        }
        let act = browser(gateway, &gone).ask("POST", "/api/admin/windows/w/open", "", &[]);
        assert_eq!(act.problem(), signed_out(), "{when}");
        for cookie in [&desk, &other] {
            assert_eq!(me(gateway, cookie), good(), "{when}");
        }
        for (address, path) in
            [(gateway.address(), "/api/me"), (gateway.running().operators.unwrap(), "/metrics")]
        {
            let ask = |token: &str| Http::new(address, Some(token)).get(path);
            assert_eq!(ask(&tool).problem(), signed_out(), "{when}: {path}");
            assert_eq!(ask(&other_tool).status, 200, "{when}: {path}");
        }
        let choices = browser(gateway, &gone).get_as_browser("/api/sign-in").json();
        assert!(choices["me"].is_null(), "{when}: nobody is there: {choices}");
    };
    check(&gateway, "at once");
    // Once more says the same, and takes no room.
    assert_eq!(browser(&gateway, &gone).ask("POST", "/api/sign-out", "", &[]).status, 204);
    let gateway = gateway.restarted();
    check(&gateway, "after a restart");

    // What has run out is dropped from the list with the next that is ended.
    let list = || std::fs::read_to_string(gateway.dir().join(ended::NAME)).unwrap();
    assert_eq!(list().lines().count(), 1 + 2, "{}", list());
    gateway.clock.advance(Duration::from_secs(3 * 24 * 3600));
    let anew = sign_in(&gateway, "", &json!({"role": "registrar"}));
    assert_eq!(browser(&gateway, &anew).ask("POST", "/api/sign-out", "", &[]).status, 204);
    assert_eq!(list().lines().count(), 1 + 1, "{}", list());
    assert_eq!((me(&gateway, &anew), me(&gateway, &gone).0), (signed_out(), 401));
}

#[test]
fn a_sign_out_that_the_disk_does_not_take_is_told_so_and_can_be_tried_again() {
    let gateway = gateway();
    let cookie = sign_in(&gateway, "", &json!({"role": "registrar"}));
    // What it would write aside is in the way: a directory.
    let aside = gateway.dir().join(ended::NAME).with_extension("key.new");
    std::fs::create_dir(&aside).unwrap();
    let answer = browser(&gateway, &cookie).ask("POST", "/api/sign-out", "", &[]);
    assert_eq!(answer.problem(), (503, "busy".to_owned()));
    assert!(answer.body.contains("try again, and tell the operator"), "{}", answer.body);
    assert!(answer.cookie.unwrap().ends_with('='), "this browser forgets it all the same");
    assert_eq!(me(&gateway, &cookie), good(), "nothing was half done");
    std::fs::remove_dir(&aside).unwrap();
    assert_eq!(browser(&gateway, &cookie).ask("POST", "/api/sign-out", "", &[]).status, 204);
    assert_eq!(me(&gateway, &cookie), signed_out());
}

#[test]
fn a_sign_out_for_which_there_is_no_room_is_told_so_and_the_sign_in_goes_on() {
    let gateway = gateway();
    let cookie = sign_in(&gateway, "", &json!({"role": "registrar"}));
    let student = sign_in(&gateway, "", &json!({"student": STUDENT}));
    let expires = gateway.clock.now().plus_ms(3_600_000);
    let lines = (0..STAFF_SIGN_OUTS_MAX).map(|n| format!("{n:032x} {}\n", expires.0));
    let list = format!("sluis-signed-out-1 {STAFF_SIGN_OUTS_MAX}\n{}", lines.collect::<String>());
    std::fs::write(gateway.dir().join(ended::NAME), &list).unwrap();
    let gateway = gateway.restarted();
    let answer = browser(&gateway, &cookie).ask("POST", "/api/sign-out", "", &[]);
    assert_eq!(answer.problem(), (503, "busy".to_owned()));
    for told in ["yours lasts until it runs out", "tell the operator"] {
        assert!(answer.body.contains(told), "{}", answer.body);
    }
    assert_eq!(me(&gateway, &cookie), good(), "she is told that it was not ended, and it holds");
    assert_eq!(std::fs::read_to_string(gateway.dir().join(ended::NAME)).unwrap(), list);
    // A student's sign-in stands elsewhere; and when the others have run out there is room again.
    assert_eq!(browser(&gateway, &student).ask("POST", "/api/sign-out", "", &[]).status, 204);
    gateway.clock.advance(Duration::from_secs(15 * 24 * 3600));
    let anew = sign_in(&gateway, "", &json!({"role": "registrar"}));
    assert_eq!(browser(&gateway, &anew).ask("POST", "/api/sign-out", "", &[]).status, 204);
    assert_eq!(me(&gateway, &anew), signed_out());
}

#[test]
fn signing_in_again_in_the_same_browser_ends_what_was_signed_in_there() {
    let gateway = gateway();
    let student =
        |number: &str, brought: &str| sign_in(&gateway, brought, &json!({"student": number}));
    let registrar = |brought: &str| sign_in(&gateway, brought, &json!({"role": "registrar"}));
    let first = student(STUDENT, "");
    let elsewhere = student(STUDENT, "");
    // Herself, somebody else, a registrar, and the registrar again.
    let again = student(STUDENT, &first);
    assert_eq!((me(&gateway, &first), me(&gateway, &again)), (signed_out(), good()));
    let other = student("s0001", &again);
    assert_eq!((me(&gateway, &again), me(&gateway, &other)), (signed_out(), good()));
    let staff = registrar(&other);
    assert_eq!((me(&gateway, &other), me(&gateway, &staff)), (signed_out(), good()));
    let newest = registrar(&staff);
    assert_eq!((me(&gateway, &staff), me(&gateway, &newest)), (signed_out(), good()));
    assert_eq!(me(&gateway, &elsewhere), good(), "another browser of hers goes on");
    // What is over or was never good hinders nobody, and a refused sign-in ends nothing.
    for brought in [staff.as_str(), "sluis=rubbish", "sluis="] {
        assert_eq!(me(&gateway, &registrar(brought)), good(), "{brought}");
    }
    let nobody = json!({"student": "s9999"}).to_string();
    let refused = browser(&gateway, &newest).ask("POST", "/api/sign-in", &nobody, &[]);
    assert_eq!(refused.problem(), (404, "unknown_student".to_owned()));
    assert_eq!(me(&gateway, &newest), good());
    let gateway = gateway.restarted();
    for cookie in [&first, &again, &other, &staff] {
        assert_eq!(me(&gateway, cookie), signed_out());
    }
}
