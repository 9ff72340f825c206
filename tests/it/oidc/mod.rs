//! Sign-in with the university account, against the real program: with a provider that cheats, and
//! with a real one.

mod browser;
mod evil;
mod real;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sluis::limits;

use crate::support::{Process, University, until};
use browser::{Browser, Reply, encode, parameter};
use evil::{CLIENT, Evil, Instead, Key, Plan, SECRET, Sign, now};

const STUDENT: &str = "sluis";
const FLOW: &str = "sluis-oidc";

fn gateway(issuer: &str) -> Process {
    let university = University::of(3).course("A", 5).window("w", "");
    let mut gateway = Process::imported(&university);
    for (key, value) in [
        ("MODE", "oidc"),
        ("OIDC__ISSUER", issuer),
        ("OIDC__CLIENT_ID", CLIENT),
        ("OIDC__CLIENT_SECRET", SECRET),
        ("OIDC__SIGNING_ALGORITHMS", "RS256,ES256"),
        ("OIDC__STUDENT_NUMBER_CLAIM", "uids"),
        ("OIDC__STUDENT_CLAIM", "eduperson_affiliation"),
        ("OIDC__STUDENT_VALUES", "student"),
        ("OIDC__REGISTRAR_CLAIM", "eduperson_affiliation"),
        ("OIDC__REGISTRAR_VALUES", "registrar"),
        ("OIDC__CONTACT_EN", "the desk of the test"),
    ] {
        gateway.set(&format!("SIGN_IN__{key}"), value);
    }
    gateway
}

/// A gateway, a provider that does as it is told, and a browser before both.
struct Given {
    gateway: Process,
    evil: Evil,
    browser: Browser,
}

impl Given {
    fn new() -> Self {
        let evil = Evil::start();
        let mut gateway = gateway(&evil.issuer());
        gateway.start();
        let given = Self { gateway, evil, browser: Browser::new() };
        given.wait_until_available();
        given
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway.address())
    }

    fn origin(&self) -> String {
        self.url("")
    }

    fn json(&mut self, path: &str) -> Value {
        let url = self.url(path);
        let reply = self.browser.get(&url);
        serde_json::from_str(&reply.body).unwrap_or_else(|_| panic!("{reply:?}"))
    }

    fn wait_until_available(&self) {
        let url = self.url("/api/sign-in");
        until("the provider was found", || {
            let body = Browser::new().get(&url).body;
            serde_json::from_str::<Value>(&body).unwrap()["available"] == true
        });
    }

    /// Leaves for the provider; where to.
    fn leave(&mut self, query: &str) -> String {
        let url = self.url(&format!("/api/sign-in/start{query}"));
        let reply = self.browser.get(&url);
        let to = reply.to().to_owned();
        if let Some(nonce) = parameter(&to, "nonce") {
            self.evil.change(|plan| plan.nonce = nonce);
        }
        to
    }

    /// Comes back with this.
    fn back(&mut self, query: &str) -> Reply {
        let url = self.url(&format!("/api/sign-in/return?{query}"));
        self.browser.get(&url)
    }

    /// There and back as a browser goes.
    fn sign_in(&mut self) -> Reply {
        let to = self.leave("?to=/outcomes");
        let state = parameter(&to, "state").unwrap_or_else(|| panic!("no state in {to}"));
        self.back(&format!("code=a-code&state={}", encode(&state)))
    }

    fn who(&mut self) -> Value {
        self.json("/api/sign-in")["me"].clone()
    }

    #[track_caller]
    fn is_signed_in(&mut self, reply: &Reply, student: &str) {
        assert_eq!(reply.to(), self.url("/outcomes"), "{reply:?}");
        assert_eq!(self.who()["student"], student);
    }

    #[track_caller]
    fn is_told(&mut self, reply: &Reply, fault: &str, case: &str) {
        assert_eq!(reply.to(), self.url(&format!("/?sign-in={fault}")), "{case}: {reply:?}");
        assert_eq!(self.browser.cookie(&self.origin(), STUDENT), None, "{case}");
        assert_eq!(self.who(), Value::Null, "{case}");
    }
}

#[test]
fn an_honest_sign_in_sets_a_new_token_and_leads_back() {
    let mut given = Given::new();
    let to = given.leave("?to=/outcomes&lang=nl");
    let of = |name: &str| parameter(&to, name).unwrap_or_else(|| panic!("no {name} in {to}"));
    assert!(to.starts_with(&format!("{}/authorize?", given.evil.issuer())), "{to}");
    assert_eq!(of("response_type"), "code");
    assert_eq!(of("client_id"), CLIENT);
    assert_eq!(of("redirect_uri"), given.url("/api/sign-in/return"));
    assert_eq!((of("scope").as_str(), of("ui_locales").as_str()), ("openid", "nl"));
    assert_eq!(of("code_challenge_method"), "S256");
    for random in ["state", "nonce", "code_challenge"] {
        assert!(of(random).len() >= 43, "{random} has 256 bits: {to}");
    }
    let flow = given.browser.cookie(&given.origin(), FLOW).unwrap().clone();
    for secret in ["state", "nonce"] {
        assert!(!flow.contains(&of(secret)), "the cookie is sealed");
    }
    let before = Browser::new();
    let reply = given.back(&format!("code=a-code&state={}", encode(&of("state"))));
    given.is_signed_in(&reply, "s0001");
    let token = reply.cookies.iter().find(|c| c.starts_with("sluis=")).unwrap();
    assert!(token.contains("HttpOnly") && token.contains("SameSite=Strict"), "{token}");
    assert_eq!(given.browser.cookie(&given.origin(), FLOW), None, "it is good once");
    drop(before);
    // The code went with the client's secret in a header, and with what shows who began.
    let plan = given.evil.plan.lock().unwrap();
    assert!(plan.authorization.starts_with("Basic "), "{}", plan.authorization);
    assert!(plan.form.contains("code=a-code") && plan.form.contains("code_verifier="));
    assert!(!plan.form.contains("secret"), "{}", plan.form);
    drop(plan);
    // Another sign-in, another token: one that somebody put there beforehand is worth nothing.
    let first = given.browser.cookie(&given.origin(), STUDENT).unwrap().clone();
    let reply = given.sign_in();
    given.is_signed_in(&reply, "s0001");
    assert_ne!(given.browser.cookie(&given.origin(), STUDENT), Some(&first));
}

type Twist = fn(&mut Plan);

/// What the provider does wrong, and what she is told.
const CHEATS: [(&str, &str, Twist); 32] = [
    ("another issuer", "untrusted", |p| claim(p, "iss", json!("https://evil.example"))),
    ("issuer with a slash", "untrusted", |p| {
        p.claims = Box::new(|c| c["iss"] = json!(format!("{}/", c["iss"].as_str().unwrap())));
    }),
    ("another audience", "untrusted", |p| claim(p, "aud", json!("another"))),
    ("no audience", "untrusted", |p| claim(p, "aud", json!([]))),
    ("one audience more", "untrusted", |p| claim(p, "aud", json!([CLIENT, "another"]))),
    ("another authorised party", "untrusted", |p| claim(p, "azp", json!("another"))),
    ("another nonce", "untrusted", |p| claim(p, "nonce", json!("another"))),
    ("no nonce", "untrusted", |p| remove(p, "nonce")),
    ("no subject", "untrusted", |p| remove(p, "sub")),
    ("expired", "untrusted", |p| claim(p, "exp", json!(now() - 61))),
    ("no expiry", "untrusted", |p| remove(p, "exp")),
    ("issued in the future", "untrusted", |p| claim(p, "iat", json!(now() + 75))),
    ("not valid yet", "untrusted", |p| claim(p, "nbf", json!(now() + 75))),
    ("another access token", "untrusted", |p| claim(p, "at_hash", json!("AAAA"))),
    ("alg none", "untrusted", |p| p.sign = Sign::Unsigned("none")),
    ("no signature", "untrusted", |p| p.sign = Sign::Unsigned("ES256")),
    ("HS256 with our secret", "untrusted", |p| p.sign = Sign::Shared(SECRET.into())),
    ("HS256 with the public key", "untrusted", |p| {
        p.sign = Sign::Shared(p.published.public().to_string().into_bytes());
    }),
    ("an algorithm that is not offered", "untrusted", |p| p.sign = Sign::Named("RS256")),
    ("an algorithm that there is not", "untrusted", |p| p.sign = Sign::Named("ES999")),
    ("another key under its name", "untrusted", |p| p.sign = Sign::Forged),
    ("a claim changed afterwards", "untrusted", |p| p.sign = Sign::Altered),
    ("an unknown key", "untrusted", |p| p.sign = Sign::Unknown),
    ("userinfo about another", "untrusted", |p| {
        p.userinfo = Box::new(|info| info["sub"] = json!("pairwise-2"));
    }),
    ("userinfo that is no JSON", "untrusted", |p| instead(p, "/userinfo", 200, b"<html>")),
    ("tokens that are no JSON", "untrusted", |p| instead(p, "/token", 200, b"{\"access_token\":")),
    ("tokens without an ID token", "untrusted", |p| {
        instead(p, "/token", 200, br#"{"access_token":"x","token_type":"Bearer"}"#);
    }),
    ("a used code", "stale", |p| instead(p, "/token", 400, br#"{"error":"invalid_grant"}"#)),
    ("no student any more", "no_access", |p| {
        claim(p, "eduperson_affiliation", json!(["alum"]));
    }),
    ("two numbers", "no_number", |p| {
        p.userinfo = Box::new(|info| info["uids"] = json!(["s0001", "s0002"]));
    }),
    ("a number of nobody", "unknown_student", |p| {
        p.userinfo = Box::new(|info| info["uids"] = json!(["s9999"]));
    }),
    // What the ID token says counts before what userinfo says.
    ("userinfo against the ID token", "unknown_student", |p| claim(p, "uids", json!("s9998"))),
];

fn claim(plan: &mut Plan, name: &'static str, value: Value) {
    plan.claims = Box::new(move |claims| claims[name] = value.clone());
}

fn remove(plan: &mut Plan, name: &'static str) {
    plan.claims = Box::new(move |claims| {
        claims.as_object_mut().unwrap().remove(name);
    });
}

fn instead(plan: &mut Plan, path: &'static str, status: u16, body: &[u8]) {
    let body = body.to_vec();
    plan.instead.push((path, Instead { status, body, ..Instead::default() }));
}

#[test]
fn a_provider_that_cheats_signs_nobody_in() {
    let mut given = Given::new();
    for (case, fault, twist) in CHEATS {
        given.evil.reform();
        given.evil.change(twist);
        let reply = given.sign_in();
        given.is_told(&reply, fault, case);
    }
    // It was the cheating: the same provider, honest, signs in.
    given.evil.reform();
    let reply = given.sign_in();
    given.is_signed_in(&reply, "s0001");
    // What was wrong is in the log, and nobody is.
    let said = given.gateway.said();
    for reason in ["another issuer", "nonce", "algorithm that is not allowed", "signature is wrong"]
    {
        assert!(said.contains(reason), "{reason}: {said}");
    }
    for private in ["s0001", "s9999", "pairwise", "evil.example", SECRET] {
        assert!(!said.contains(private), "{private}: {said}");
    }
}

#[test]
fn clocks_may_differ_by_what_is_configured_and_no_more() {
    let mut given = Given::new();
    // A minute; a few seconds for the way there.
    let cases: [(&str, i64, bool); 4] =
        [("exp", -50, true), ("exp", -61, false), ("iat", 55, true), ("iat", 75, false)];
    for (name, off, good) in cases {
        given.evil.reform();
        given.evil.change(|plan| {
            plan.claims = Box::new(move |claims| claims[name] = json!(now() + off));
        });
        let reply = given.sign_in();
        match good {
            true => given.is_signed_in(&reply, "s0001"),
            false => given.is_told(&reply, "untrusted", &format!("{name} {off}")),
        }
        given.browser = Browser::new();
    }
}

#[test]
fn what_comes_back_must_be_what_left_from_this_browser() {
    let mut given = Given::new();
    let honest =
        |to: &str| format!("code=a-code&state={}", encode(&parameter(to, "state").unwrap()));

    let to = given.leave("");
    let mut theirs = Browser::new();
    std::mem::swap(&mut given.browser, &mut theirs);
    let reply = given.back(&honest(&to));
    given.is_told(&reply, "stale", "another browser");
    std::mem::swap(&mut given.browser, &mut theirs);

    for (case, query, fault) in [
        ("another state", "code=a-code&state=another".to_owned(), "stale"),
        ("no state", "code=a-code".to_owned(), "stale"),
        ("state twice", format!("{}&state=another", honest(&to)), "untrusted"),
        ("nothing", String::new(), "stale"),
    ] {
        let to_again = given.leave("");
        let query = query.replace(&honest(&to), &honest(&to_again));
        let reply = given.back(&query);
        given.is_told(&reply, fault, case);
    }
    for (case, more, fault) in [
        ("she said no", "error=access_denied", "cancelled"),
        ("it is down", "error=temporarily_unavailable", "unavailable"),
        ("another error", "error=invalid_scope&error_description=%3Cb%3E", "untrusted"),
        ("no code", "x=y", "untrusted"),
        ("an empty code", "code=", "untrusted"),
        ("another provider", "code=a-code&iss=https%3A%2F%2Fevil.example", "untrusted"),
    ] {
        let to = given.leave("");
        let state = encode(&parameter(&to, "state").unwrap());
        let reply = given.back(&format!("state={state}&{more}"));
        given.is_told(&reply, fault, case);
    }
    let most = limits::OIDC_CODE_BYTES_MAX;
    for (length, good) in [(most, true), (most + 1, false)] {
        let to = given.leave("?to=/outcomes");
        let state = encode(&parameter(&to, "state").unwrap());
        let reply = given.back(&format!("code={}&state={state}", "c".repeat(length)));
        match good {
            true => given.is_signed_in(&reply, "s0001"),
            false => given.is_told(&reply, "untrusted", "a long code"),
        }
        given.browser = Browser::new();
    }
}

#[test]
fn a_sign_in_comes_back_once_even_with_its_cookie_kept() {
    let mut given = Given::new();
    let to = given.leave("?to=/outcomes");
    let query = format!("code=a-code&state={}", encode(&parameter(&to, "state").unwrap()));
    let before = given.browser.clone();
    let reply = given.back(&query);
    given.is_signed_in(&reply, "s0001");
    let asked = given.evil.count("/token");
    given.browser = before;
    let reply = given.back(&query);
    given.is_told(&reply, "stale", "replayed");
    assert_eq!(given.evil.count("/token"), asked, "the provider is not even asked");
}

#[test]
fn a_provider_that_names_itself_must_do_so() {
    let evil = Evil::start();
    evil.change(|plan| {
        plan.metadata = Box::new(|metadata| {
            metadata["authorization_response_iss_parameter_supported"] = json!(true);
        });
    });
    let mut gateway = gateway(&evil.issuer());
    gateway.start();
    let mut given = Given { gateway, evil, browser: Browser::new() };
    given.wait_until_available();
    let reply = given.sign_in();
    given.is_told(&reply, "untrusted", "no iss");
    let to = given.leave("?to=/outcomes");
    let state = encode(&parameter(&to, "state").unwrap());
    let iss = encode(&given.evil.issuer());
    let reply = given.back(&format!("code=a-code&state={state}&iss={iss}"));
    given.is_signed_in(&reply, "s0001");
}

#[test]
fn nobody_is_led_to_another_site() {
    let mut given = Given::new();
    for to in ["//evil.example", "https://evil.example", "/api/sign-out", "/%0d%0aset-cookie:a=b"] {
        let left = given.leave(&format!("?to={}", encode(to)));
        let state = encode(&parameter(&left, "state").unwrap());
        let reply = given.back(&format!("code=a-code&state={state}"));
        assert_eq!(reply.to(), given.url("/"), "{to}");
    }
    // A document without scripts takes a step from our own site, where the cookie goes along.
    let left = given.leave("?to=/plain");
    let state = encode(&parameter(&left, "state").unwrap());
    let reply = given.back(&format!("code=a-code&state={state}"));
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("href=\"/plain\""), "{}", reply.body);
    let url = given.url("/plain?lang=en");
    assert_eq!(given.browser.get(&url).status, 200);
}

#[test]
fn a_new_key_is_fetched_when_it_is_first_seen_and_not_for_each_token() {
    let mut given = Given::new();
    let reply = given.sign_in();
    given.is_signed_in(&reply, "s0001");
    given.evil.change(|plan| plan.published = Arc::new(Key::new("three")));
    given.browser = Browser::new();
    let reply = given.sign_in();
    given.is_signed_in(&reply, "s0001");
    // A key that is never published costs one look, at most one in so many milliseconds.
    given.evil.change(|plan| plan.sign = Sign::Unknown);
    let (before, since) = (given.evil.count("/jwks"), Instant::now());
    for _ in 0..3 {
        given.browser = Browser::new();
        let reply = given.sign_in();
        given.is_told(&reply, "untrusted", "unknown key");
    }
    let looks = given.evil.count("/jwks") - before;
    let most = since.elapsed().as_millis() as u64 / limits::OIDC_KEYS_MS_MIN + 1;
    assert!(looks as u64 <= most, "{looks} looks in {:?}", since.elapsed());
    given.evil.change(|plan| plan.instead.push(("/jwks", failed())));
    given.browser = Browser::new();
    let reply = given.sign_in();
    given.is_told(&reply, "unavailable", "keys cannot be had");
}

fn failed() -> Instead {
    Instead { status: 500, ..Instead::default() }
}

#[test]
fn answers_are_bounded_in_size_and_time() {
    let mut given = Given::new();
    let padded = |bytes: usize| {
        let mut info = json!({ "sub": "pairwise-1", "uids": ["s0001"], "padding": "" });
        let rest = bytes - info.to_string().len();
        info["padding"] = json!("x".repeat(rest));
        let body = info.to_string().into_bytes();
        assert_eq!(body.len(), bytes);
        ("/userinfo", Instead { status: 200, body, ..Instead::default() })
    };
    let most = limits::OIDC_ANSWER_BYTES_MAX;
    given.evil.change(|plan| plan.instead.push(padded(most)));
    let reply = given.sign_in();
    given.is_signed_in(&reply, "s0001");
    given.browser = Browser::new();
    given.evil.change(|plan| plan.instead = vec![padded(most + 1)]);
    let reply = given.sign_in();
    given.is_told(&reply, "unavailable", "too large");
    // One second after a failure it is asked again.
    given.evil.reform();
    given.wait_until_available();
    let slow = Duration::from_millis(limits::OIDC_ANSWER_MS_MAX + 20_000);
    given.evil.change(|plan| {
        plan.instead = vec![("/token", Instead { status: 200, body: Vec::new(), pause: slow })];
    });
    let since = Instant::now();
    let reply = given.sign_in();
    given.is_told(&reply, "unavailable", "too slow");
    assert!(since.elapsed() < slow, "{:?}", since.elapsed());
}

#[test]
fn codes_that_the_provider_cannot_stand_close_the_way_for_nobody_else() {
    let mut given = Given::new();
    for status in [400, 414, 500].into_iter().cycle().take(12) {
        given.browser = Browser::new();
        let answer = br#"{"error":"invalid_request"}"#;
        given.evil.change(|plan| instead(plan, "/token", status, answer));
        let reply = given.sign_in();
        given.is_told(&reply, "unavailable", "a code of hers");
    }
    given.evil.reform();
    given.browser = Browser::new();
    let reply = given.sign_in();
    given.is_signed_in(&reply, "s0001");
}

type Change = fn(&mut Value);

#[test]
fn metadata_that_lead_elsewhere_are_not_used() {
    let evil = Evil::start();
    let twists: [(&str, Change); 7] = [
        ("keys without TLS", |m| m["jwks_uri"] = json!("http://192.0.2.1/keys")),
        ("another issuer", |m| m["issuer"] = json!("https://evil.example")),
        ("tokens without TLS", |m| m["token_endpoint"] = json!("http://evil.example/token")),
        ("a way out without TLS", |m| m["authorization_endpoint"] = json!("ftp://evil.example")),
        ("a logout without TLS", |m| m["end_session_endpoint"] = json!("javascript:alert(1)")),
        ("shared secrets alone", |m| {
            m["id_token_signing_alg_values_supported"] = json!(["HS256", "none"]);
        }),
        ("no token endpoint", |m| {
            m.as_object_mut().unwrap().remove("token_endpoint");
        }),
    ];
    for (case, twist) in twists {
        evil.change(|plan| plan.metadata = Box::new(twist));
        let mut gateway = gateway(&evil.issuer());
        gateway.start();
        until(case, || gateway.said().contains("nobody can sign in"));
        let mut browser = Browser::new();
        let start = format!("http://{}/api/sign-in/start", gateway.address());
        assert!(browser.get(&start).to().ends_with("/?sign-in=unavailable"), "{case}");
    }
}

#[test]
fn signing_out_ends_our_sign_in_first_and_names_nobody_to_the_provider() {
    let mut given = Given::new();
    let reply = given.sign_in();
    given.is_signed_in(&reply, "s0001");
    let kept = given.browser.clone();
    let url = given.url("/api/sign-out");
    let reply = given.browser.post(&url, "");
    assert_eq!(reply.status, 200, "{reply:?}");
    let told: Value = serde_json::from_str(&reply.body).unwrap();
    let to = told["continue_at"].as_str().unwrap();
    assert!(to.starts_with(&format!("{}/logout?", given.evil.issuer())), "{to}");
    assert_eq!(parameter(to, "client_id").as_deref(), Some(CLIENT));
    assert_eq!(parameter(to, "post_logout_redirect_uri"), Some(given.url("/")));
    assert_eq!(parameter(to, "id_token_hint"), None, "an address names nobody");
    // The token is over, wherever it was kept.
    given.browser = kept;
    let url = given.url("/api/me");
    assert_eq!(given.browser.get(&url).status, 401);
}

#[test]
fn a_registrar_who_signed_out_stays_out_when_the_gateway_is_killed() {
    let mut given = Given::new();
    given.evil.change(|plan| claim(plan, "eduperson_affiliation", json!(["registrar"])));
    let mut cookies = Vec::new();
    for _ in 0..2 {
        given.browser = Browser::new();
        given.sign_in();
        assert_eq!(given.who()["role"], "registrar");
        cookies.push(given.browser.cookie(&given.origin(), STUDENT).unwrap().clone());
    }
    let url = given.url("/api/sign-out");
    assert_eq!(given.browser.post(&url, "").status, 200);
    let me = |given: &Given, cookie: &str| {
        let cookie = format!("{STUDENT}={cookie}");
        let http = crate::support::Http::browser(given.gateway.address(), Some(&cookie));
        http.get_as_browser("/api/me").status
    };
    assert_eq!((me(&given, &cookies[0]), me(&given, &cookies[1])), (200, 401));
    given.gateway.kill();
    given.gateway.start();
    assert_eq!((me(&given, &cookies[0]), me(&given, &cookies[1])), (200, 401));
}

#[test]
fn signing_in_again_ends_the_sign_in_that_the_browser_left_with() {
    let mut given = Given::new();
    let reply = given.sign_in();
    given.is_signed_in(&reply, "s0001");
    let key = (given.origin(), STUDENT.to_owned());
    let before = given.browser.jar[&key].clone();
    // It leaves from our own page, with its cookie. From the provider's site it comes back without
    // it, since that is `Strict`; and a sign-in that was not finished has ended nothing.
    let to = given.leave("?to=/outcomes");
    assert_eq!(given.who()["student"], "s0001");
    given.browser.jar.remove(&key);
    let reply =
        given.back(&format!("code=a-code&state={}", encode(&parameter(&to, "state").unwrap())));
    given.is_signed_in(&reply, "s0001");
    given.browser.jar.insert(key, before);
    let url = given.url("/api/me");
    let over = given.browser.get(&url);
    assert!(over.status == 401 && over.body.contains("signed_out"), "{over:?}");
}

#[test]
fn the_demonstration_is_off_and_its_tokens_are_worth_nothing() {
    let mut given = Given::new();
    let choices = given.json("/api/sign-in");
    assert_eq!((&choices["mode"], &choices["available"]), (&json!("oidc"), &json!(true)));
    for list in ["students", "showcase", "registrars", "roles"] {
        assert_eq!(choices[list], json!([]), "{list}");
    }
    assert_eq!(choices["contact"]["en"], "the desk of the test");
    let http = crate::support::Http::browser(given.gateway.address(), None);
    for body in [r#"{"student":"s0001"}"#, r#"{"role":"registrar"}"#, r#"{"role":"operator"}"#] {
        let answer = http.ask("POST", "/api/sign-in", body, &[]);
        assert_eq!(answer.problem(), (403, "sign_in_off".to_owned()), "{body}");
    }
    // These are made with the demonstration's key, in the same data directory.
    let invalid = (401, "token_invalid".to_owned());
    assert_eq!(given.gateway.http("s0001").get("/api/me").problem(), invalid);
    assert_eq!(given.gateway.registrar().get("/api/admin/status").problem(), invalid);
    for form in [&["config", "show", "--origin"][..], &["config", "show", "--json", "--origin"]] {
        let shown = given.gateway.command(form).output().unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.contains(&given.evil.issuer()) && shown.contains("(hidden)"), "{shown}");
        assert!(!shown.contains(SECRET), "{shown}");
    }
    // Tools have tokens, made by whoever may read the key; but not a student's.
    let student = given.gateway.command(&["token", "--student", "s0001"]).output().unwrap();
    assert_eq!(student.status.code(), Some(78));
    let said = String::from_utf8(student.stderr).unwrap();
    assert!(said.contains("students sign in themselves"), "{said}");
    let made = given.gateway.command(&["token", "--registrar", "a.jansen"]).output().unwrap();
    let token = String::from_utf8(made.stdout).unwrap();
    let http = crate::support::Http::new(given.gateway.address(), Some(token.trim()));
    assert_eq!(http.get("/api/me").json()["name"], "a.jansen");
}

#[test]
fn an_empty_data_directory_gets_no_demo_university() {
    let evil = Evil::start();
    let mut gateway = gateway(&evil.issuer());
    std::fs::remove_dir_all(gateway.data()).unwrap();
    gateway.start();
    let mut given = Given { gateway, evil, browser: Browser::new() };
    assert_eq!(given.json("/api/catalogue")["total"], 0);
}

#[test]
fn many_sign_ins_from_one_address_are_told_to_wait() {
    let evil = Evil::start();
    let mut gateway = gateway(&evil.issuer());
    gateway.set("LIMITS__ADDRESS_SIGN_INS_PER_SECOND", "1");
    gateway.set("LIMITS__ADDRESS_SIGN_INS_BURST", "3");
    gateway.start();
    let mut given = Given { gateway, evil, browser: Browser::new() };
    given.wait_until_available();
    let since = Instant::now();
    let mut busy = 0;
    for _ in 0..10 {
        busy += usize::from(given.leave("").ends_with("/?sign-in=busy"));
    }
    let refilled = since.elapsed().as_secs() as usize + 1;
    assert!((7_usize.saturating_sub(refilled)..=7).contains(&busy), "{busy} of 10");
}

#[test]
fn a_provider_that_is_down_at_the_start_is_found_when_it_comes() {
    // A port that nobody has, until somebody does.
    let evil = Evil::start();
    evil.change(|plan| plan.instead.push(("/.well-known/openid-configuration", failed())));
    let mut gateway = gateway(&evil.issuer());
    gateway.start();
    let mut given = Given { gateway, evil, browser: Browser::new() };
    until("it is told", || given.gateway.said().contains("nobody can sign in"));
    let url = given.url("/readyz");
    let ready = given.browser.get(&url);
    assert_eq!(ready.status, 200, "who is signed in goes on");
    assert!(ready.body.contains("nobody can sign in"), "{}", ready.body);
    assert_eq!(given.json("/api/sign-in")["available"], false);
    let metrics = given.gateway.operators().get("/metrics").ok();
    assert!(metrics.contains("\nsluis_sign_in_available 0\n"), "{metrics}");
    assert!(given.leave("").ends_with("/?sign-in=unavailable"));
    // Asking does not ask the provider each time.
    let before = given.evil.plan.lock().unwrap().asked.len();
    for _ in 0..20 {
        assert!(given.leave("").ends_with("/?sign-in=unavailable"));
    }
    assert!(given.evil.plan.lock().unwrap().asked.len() - before <= 2);
    given.evil.reform();
    given.wait_until_available();
    let ready = given.browser.get(&url);
    assert_eq!(ready.body, "ready\n");
    let reply = given.sign_in();
    given.is_signed_in(&reply, "s0001");
}
