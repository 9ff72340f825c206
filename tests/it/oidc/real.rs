//! Over HTTP against a real provider, the npm package oidc-provider, as `tests/web` has it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::browser::{Browser, Reply, encode};
use crate::support::{Process, University, skipped, until};

/// The provider as a process, and its standard streams.
struct Provider {
    child: Child,
    tell: ChildStdin,
    hear: BufReader<ChildStdout>,
    issuer: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/web")
}

impl Provider {
    /// Whether its package is installed; else the test that asks is noted as skipped.
    fn is_there(test: &str) -> bool {
        let there = folder().join("node_modules/oidc-provider").is_dir();
        if !there {
            skipped(test, "oidc-provider (npm --prefix tests/web ci)");
        }
        there
    }

    fn start(home: &str) -> Self {
        let child = Command::new("node")
            .args(["support/provider.mjs", home])
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut child = child.expect("node");
        let tell = child.stdin.take().unwrap();
        let hear = BufReader::new(child.stdout.take().unwrap());
        let mut provider = Self { child, tell, hear, issuer: String::new() };
        provider.issuer = provider.line();
        assert!(provider.issuer.starts_with("http://"), "{}", provider.issuer);
        provider
    }

    /// What it says next, warnings of its own aside.
    fn line(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.hear.read_line(&mut line).unwrap() > 0, "the provider ended");
            if line.starts_with("http://") || line == "done\n" {
                return line.trim().to_owned();
            }
        }
    }

    fn tell(&mut self, word: &str) {
        writeln!(self.tell, "{word}").unwrap();
        assert_eq!(self.line(), "done");
    }
}

struct Given {
    gateway: Process,
    provider: Provider,
    home: String,
}

impl Given {
    fn new() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let home = format!("http://127.0.0.1:{port}");
        let provider = Provider::start(&home);
        let university = University::of(3).course("A", 5).window("w", "");
        let mut gateway = Process::imported(&university);
        for (key, value) in [
            ("MODE", "oidc"),
            ("OIDC__ISSUER", &provider.issuer),
            ("OIDC__CLIENT_ID", super::CLIENT),
            ("OIDC__CLIENT_SECRET", super::SECRET),
            ("OIDC__ORGANISATION_CLAIM", "schac_home_organization"),
            ("OIDC__ORGANISATION_VALUES", "example.edu"),
            ("OIDC__STUDENT_NUMBER_CLAIM", "uids"),
            ("OIDC__STUDENT_CLAIM", "eduperson_affiliation"),
            ("OIDC__STUDENT_VALUES", "student"),
            ("OIDC__REGISTRAR_CLAIM", "eduperson_entitlement"),
            ("OIDC__REGISTRAR_VALUES", "urn:x:sluis:registrar"),
            ("OIDC__REGISTRAR_NAME_CLAIM", "eduperson_principal_name"),
        ] {
            gateway.set(&format!("SIGN_IN__{key}"), value);
        }
        gateway.set("SERVER__LISTEN", &format!("127.0.0.1:{port}"));
        Self { gateway, provider, home }
    }

    fn started() -> Self {
        let mut given = Self::new();
        given.gateway.start();
        given.wait_until_available();
        given
    }

    fn wait_until_available(&self) {
        until("the provider was found", || self.choices(&mut Browser::new())["available"] == true);
    }

    fn choices(&self, browser: &mut Browser) -> Value {
        serde_json::from_str(&browser.get(&format!("{}/api/sign-in", self.home)).body).unwrap()
    }

    /// To the provider's page and back to the gateway's door, which is not opened yet.
    fn to_the_door(&self, browser: &mut Browser, account: &str, query: &str) -> String {
        let door = format!("{}/api/sign-in/return", self.home);
        let start = format!("{}/api/sign-in/start?{query}", self.home);
        let asked = browser.follow(&start, &door);
        let asked = match asked.location {
            // Known there already: nobody is asked.
            Some(to) => return to,
            None => asked,
        };
        assert!(asked.body.contains("University of Example"), "{asked:?}");
        let form = asked.body.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
        let form = format!("{}{form}", self.provider.issuer);
        let sent = browser.post(&form, &format!("account={}&do=go", encode(account)));
        let back = browser.follow(sent.to(), &door);
        back.to().to_owned()
    }

    fn sign_in(&self, browser: &mut Browser, account: &str, query: &str) -> Reply {
        let door = self.to_the_door(browser, account, query);
        browser.get(&door)
    }

    #[track_caller]
    fn led_to(&self, reply: &Reply, path: &str) {
        assert_eq!(reply.to(), format!("{}{path}", self.home), "{reply:?}");
    }
}

#[test]
fn students_and_registrars_sign_in_and_out_with_a_real_provider() {
    if !Provider::is_there("students_and_registrars_sign_in_and_out_with_a_real_provider") {
        return;
    }
    let given = Given::started();
    let mut first = Browser::new();
    let reply = given.sign_in(&mut first, "first", "to=/timetable");
    given.led_to(&reply, "/timetable");
    let me = given.choices(&mut first)["me"].clone();
    assert_eq!((&me["role"], &me["student"]), (&"student".into(), &"s0001".into()));
    let devices = first.get(&format!("{}/api/devices", given.home)).body;
    assert!(devices.contains("\"current\":true"), "{devices}");

    let mut jansen = Browser::new();
    let reply = given.sign_in(&mut jansen, "jansen", "");
    given.led_to(&reply, "/");
    let me = given.choices(&mut jansen)["me"].clone();
    assert_eq!((&me["role"], &me["name"]), (&"registrar".into(), &"a.jansen:example.edu".into()));
    assert_eq!(jansen.get(&format!("{}/api/admin/status", given.home)).status, 200);
    assert_eq!(first.get(&format!("{}/api/admin/status", given.home)).status, 403);

    for (account, fault) in
        [("nobody", "unknown_student"), ("elsewhere", "no_access"), ("alum", "no_access")]
    {
        let mut browser = Browser::new();
        let reply = given.sign_in(&mut browser, account, "");
        given.led_to(&reply, &format!("/?sign-in={fault}"));
        assert_eq!(given.choices(&mut browser)["me"], Value::Null);
    }
    // A student is no registrar because she asks to be one.
    let reply = given.sign_in(&mut Browser::new(), "first", "role=registrar");
    given.led_to(&reply, "/?sign-in=no_access");

    // Out of here at once, and out there by its own page: the next time it asks again.
    let out = first.post(&format!("{}/api/sign-out", given.home), "");
    let out: Value = serde_json::from_str(&out.body).unwrap();
    assert_eq!(first.get(&format!("{}/api/me", given.home)).status, 401);
    let asked = first.get(out["continue_at"].as_str().unwrap());
    let xsrf = asked.body.split("name=\"xsrf\" value=\"").nth(1).unwrap();
    let xsrf = xsrf.split('"').next().unwrap();
    let confirm = format!("{}/session/end/confirm", given.provider.issuer);
    let ended = first.post(&confirm, &format!("xsrf={xsrf}&logout=yes"));
    given.led_to(&ended, "/");
    let start = format!("{}/api/sign-in/start", given.home);
    let asked = first.follow(&start, &given.home);
    assert!(asked.body.contains("University of Example"), "{asked:?}");
    let said = given.gateway.said();
    for private in ["s0001", "s9999999", "jansen", "opaque", super::SECRET] {
        assert!(!said.contains(private), "{private}: {said}");
    }
}

#[test]
fn a_code_that_was_used_is_refused_by_a_real_provider() {
    if !Provider::is_there("a_code_that_was_used_is_refused_by_a_real_provider") {
        return;
    }
    let given = Given::started();
    let mut browser = Browser::new();
    let door = given.to_the_door(&mut browser, "first", "");
    let reply = browser.get(&door);
    given.led_to(&reply, "/");
    // The same code behind a state of another sign-in: ours would pass, the provider refuses.
    let mut thief = Browser::new();
    let own = given.to_the_door(&mut thief, "first", "");
    let code = super::parameter(&door, "code").unwrap();
    let replayed = own.replace(&super::parameter(&own, "code").unwrap(), &code);
    let reply = thief.get(&replayed);
    given.led_to(&reply, "/?sign-in=stale");
}

#[test]
fn a_real_provider_changes_its_key_in_the_middle_of_a_sign_in() {
    if !Provider::is_there("a_real_provider_changes_its_key_in_the_middle_of_a_sign_in") {
        return;
    }
    let mut given = Given::started();
    let mut before = Browser::new();
    let reply = given.sign_in(&mut before, "first", "");
    given.led_to(&reply, "/");
    let mut browser = Browser::new();
    let door = given.to_the_door(&mut browser, "first", "");
    given.provider.tell("rotate");
    let reply = browser.get(&door);
    given.led_to(&reply, "/");
    assert_eq!(given.choices(&mut before)["me"]["student"], "s0001", "who is in stays in");
}

/// A real provider whose ID tokens are spoilt; all else of them is as it should be.
fn a_spoilt_token_is_refused(test: &str, how: &str) {
    if !Provider::is_there(test) {
        return;
    }
    let mut given = Given::started();
    given.provider.tell(how);
    let mut browser = Browser::new();
    let reply = given.sign_in(&mut browser, "first", "");
    given.led_to(&reply, "/?sign-in=untrusted");
    assert_eq!(given.choices(&mut browser)["me"], Value::Null, "{how}");
    // Signed again in the same way by the right key and unchanged: so it was the fault alone.
    given.provider.tell("honest");
    let reply = given.sign_in(&mut browser, "first", "");
    given.led_to(&reply, "/");
    assert_eq!(given.choices(&mut browser)["me"]["student"], "s0001", "{how}");
}

#[test]
fn an_rs256_token_signed_by_another_key_under_the_published_name_is_refused() {
    a_spoilt_token_is_refused(
        "an_rs256_token_signed_by_another_key_under_the_published_name_is_refused",
        "forge",
    );
}

#[test]
fn an_rs256_token_that_ran_out_is_refused() {
    a_spoilt_token_is_refused("an_rs256_token_that_ran_out_is_refused", "expire");
}

#[test]
fn who_is_signed_in_stays_in_while_a_real_provider_is_gone() {
    if !Provider::is_there("who_is_signed_in_stays_in_while_a_real_provider_is_gone") {
        return;
    }
    let mut given = Given::new();
    given.provider.tell("stop");
    given.gateway.start();
    until("it is told", || given.gateway.said().contains("nobody can sign in"));
    let unavailable = "/?sign-in=unavailable";
    let start = format!("{}/api/sign-in/start", given.home);
    given.led_to(&Browser::new().get(&start), unavailable);
    given.provider.tell("again");
    given.wait_until_available();
    let mut first = Browser::new();
    let reply = given.sign_in(&mut first, "first", "");
    given.led_to(&reply, "/");

    // In the middle of the opening, one is on her way, one is in, one only comes.
    let mut late = Browser::new();
    let door = given.to_the_door(&mut late, "first", "");
    given.provider.tell("stop");
    given.led_to(&late.get(&door), unavailable);
    given.led_to(&Browser::new().get(&start), unavailable);
    let plan = first.get(&format!("{}/api/plan", given.home));
    assert_eq!(plan.status, 200, "{plan:?}");
    assert_eq!(given.choices(&mut first)["me"]["student"], "s0001");
    let ready = first.get(&format!("{}/readyz", given.home));
    assert!(ready.status == 200 && ready.body.contains("nobody can sign in"), "{ready:?}");
    // A restart changes nothing for her, though there is nobody to ask.
    given.gateway.kill();
    given.gateway.start();
    assert_eq!(given.choices(&mut first)["me"]["student"], "s0001");

    given.provider.tell("again");
    given.wait_until_available();
    let reply = given.sign_in(&mut Browser::new(), "first", "");
    given.led_to(&reply, "/");
}
