//! What a browser is protected from: foreign scripts and frames, other sites that use its cookie,
//! a sign-in that somebody else chose, and one that goes on after signing out. Over every route.

use std::time::{Duration, Instant};

use actix_web::http::Method;
use serde_json::json;
use sluis::http::PAGES;
use sluis::http::auth::Role;
use sluis::http::routes::{Entry, Who, table};

use crate::support::exchange::Exchanged;
use crate::support::student::any;
use crate::support::{Http, Raw, TestGateway, TestStudent, University, exchange};

const STUDENT: &str = "s0000";

fn gateway() -> TestGateway {
    gateway_at("")
}

/// With the address that browsers use.
fn gateway_at(public: &str) -> TestGateway {
    let university = University::of(3).course("A", 2).window("w", "");
    TestGateway::configured(&university, |config| public.clone_into(&mut config.server.public_url))
}

fn path(entry: &Entry) -> String {
    let path = entry.path.replace("{code:.+}", "A").replace("{key:.+}", "w");
    path.replace("{id}", "0000000000000000").replace("{secret}", &"0".repeat(64))
}

/// Signs in as a page does: the whole answer.
fn sign_in(gateway: &TestGateway, headers: &[(&str, &str)], body: &str) -> Exchanged {
    let origin = format!("http://{}", gateway.address());
    let own = [("Origin", origin.as_str())];
    exchange(gateway.address(), "POST", "/api/sign-in", &[&own[..], headers].concat(), body)
}

/// `name=value` of the cookie that an answer sets.
fn cookie(answer: &Exchanged) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let set = answer.header("set-cookie");
    assert_eq!(set.len(), 1, "{set:?}");
    set[0].split(';').next().unwrap().to_owned()
}

fn student_cookie(gateway: &TestGateway) -> String {
    cookie(&sign_in(gateway, &[], &json!({"student": STUDENT}).to_string()))
}

fn registrar_cookie(gateway: &TestGateway) -> String {
    cookie(&sign_in(gateway, &[], r#"{"role":"registrar"}"#))
}

#[test]
fn every_answer_is_safe_to_show_and_every_document_runs_nothing_but_our_own() {
    let gateway = gateway();
    let (mut student, mut registrar) = (student_cookie(&gateway), registrar_cookie(&gateway));
    let routes = table().into_iter().map(|entry| (entry.method.to_string(), path(&entry)));
    let pages = PAGES.iter().map(|page| ("GET".to_owned(), (*page).to_owned()));
    let more = ["/index.html", "/nowhere", "/api/nowhere", "/plain?lang=nl", "/plain?refresh=off"];
    let more = more.iter().map(|path| ("GET".to_owned(), (*path).to_owned()));
    let mut documents = 0;
    // The socket's own answer has nothing to show.
    let own = format!("http://{}", gateway.address());
    for (method, path) in routes.chain(pages).chain(more).filter(|(_, path)| path != "/ws") {
        // Some of them sign out.
        if method != "GET" {
            gateway.clock.advance(Duration::from_millis(2));
            (student, registrar) = (student_cookie(&gateway), registrar_cookie(&gateway));
        }
        for cookie in ["", &student, &registrar] {
            let headers = [("Cookie", cookie), ("Accept", "text/html"), ("Origin", &own)];
            let answer = exchange(gateway.address(), &method, &path, &headers, "");
            let told = format!("{method} {path} {}: {}", answer.status, answer.text);
            assert_eq!(answer.header("x-content-type-options"), ["nosniff"], "{told}");
            let policy = answer.header("content-security-policy");
            assert_eq!(policy.len(), 1, "{told}");
            let policy: Vec<_> = policy[0].split("; ").map(str::trim).collect();
            assert!(policy.contains(&"frame-ancestors 'none'"), "{told}");
            assert!(policy.contains(&"base-uri 'none'"), "{told}");
            let loose = ["unsafe", "*", "data:", "blob:", "http:", "https:"];
            for directive in &policy {
                let image = directive.starts_with("img-src");
                let found = loose.iter().any(|word| directive.contains(word));
                assert!(
                    !found || image && *directive == "img-src 'self' data:",
                    "{directive}: {told}"
                );
            }
            if answer.header("content-type").iter().any(|kind| kind.starts_with("text/html")) {
                documents += 1;
                assert!(policy.contains(&"default-src 'none'"), "{told}");
                let text = answer.body();
                for inline in
                    ["<script>", "<style", " style=", " onclick=", " onload=", "javascript:"]
                {
                    assert!(!text.contains(inline), "{inline} in {path}: {text}");
                }
            }
        }
    }
    assert!(documents >= 3 * PAGES.len(), "{documents} documents");
}

#[test]
fn over_https_the_cookie_is_the_hosts_own_and_of_no_other_site() {
    let plain = sign_in(&gateway(), &[], &json!({"student": STUDENT}).to_string());
    let set = plain.header("set-cookie")[0].to_owned();
    assert!(set.starts_with("sluis=") && set.contains("; HttpOnly"), "{set}");
    assert!(set.contains("; SameSite=Strict") && !set.contains("Domain"), "{set}");

    let public = "https://register.example.edu";
    let gateway = gateway_at(public);
    let headers = [("Origin", public), ("X-Forwarded-Proto", "https")];
    let body = json!({"student": STUDENT}).to_string();
    let answer = exchange(gateway.address(), "POST", "/api/sign-in", &headers, &body);
    let set = answer.header("set-cookie")[0].to_owned();
    let value = set.split(';').next().unwrap().strip_prefix("__Host-sluis=").expect("its name");
    for attribute in ["; HttpOnly", "; SameSite=Strict", "; Secure", "; Path=/"] {
        assert!(set.contains(attribute), "{attribute}: {set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    let me = |cookie: &str| {
        exchange(gateway.address(), "GET", "/api/me", &[("Cookie", cookie)], "").status
    };
    assert_eq!(me(&format!("__Host-sluis={value}")), 200);
    // The plain name, which a neighbour under the same domain could set, is not looked at.
    assert_eq!(me(&format!("sluis={value}")), 401);
}

/// What another site's page makes a browser send.
fn foreign(address: &str) -> Vec<Vec<(&'static str, String)>> {
    let port = address.rsplit(':').next().unwrap();
    let origins = [
        "https://evil.example".to_owned(),
        "null".to_owned(),
        String::new(),
        format!("http://{address}.evil.example"),
        format!("http://evil.example:{port}"),
        format!("http://{address}0"),
        "http://127.0.0.1".to_owned(),
        format!("http://localhost:{port}"),
        format!("http://evil@{address}"),
        format!("ftp://{address}"),
        format!("http://{address}/"),
        format!("http://{address}, http://evil.example"),
    ];
    let mut all: Vec<Vec<_>> = origins.into_iter().map(|origin| vec![("Origin", origin)]).collect();
    for site in ["cross-site", "same-site", "none", "same-origin"] {
        // Without an origin nobody's word for it counts, whatever the word.
        all.push(vec![("Sec-Fetch-Site", site.to_owned())]);
    }
    all.push(vec![("Origin", format!("http://{address}")), ("Origin", "null".to_owned())]);
    // A browser that does not say where it comes from: the cookie alone does not say it either.
    all.push(Vec::new());
    all
}

#[tokio::test]
async fn every_change_that_another_site_asks_for_with_her_cookie_is_refused() {
    let gateway = gateway();
    let (student, registrar) = (student_cookie(&gateway), registrar_cookie(&gateway));
    let inside = gateway.running().gateway.clone();
    let journal = async || inside.read(|registry| registry.sequence).await.unwrap().1;
    let before = journal().await;
    let address = gateway.address().to_string();
    let mut tried = 0;
    for entry in table().iter().filter(|entry| !entry.method.is_safe()) {
        let cookie = match entry.who {
            Who::Anybody | Who::SignedIn | Who::Only(Role::Student) => &student,
            Who::Only(Role::Registrar) => &registrar,
            Who::Only(Role::Operator) => panic!("{}: operators have no cookie", entry.path),
        };
        for headers in foreign(&address) {
            // A form cannot say that it sends JSON; it is refused for where it comes from.
            for body in [r#"{"student":"s0001"}"#, "student=s0001", ""] {
                let mut headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
                headers.push(("Cookie", cookie));
                let answer = exchange(
                    gateway.address(),
                    entry.method.as_str(),
                    &path(entry),
                    &headers,
                    body,
                );
                let told = format!("{} {} {headers:?} {body}", entry.method, entry.path);
                // What signs in needs a body that can be read before it asks where it comes from.
                let unread = entry.path == "/api/sign-in" && matches!(answer.status, 400 | 415);
                let refused = (answer.status, answer.code()) == (403, "foreign_origin".to_owned());
                assert!(refused || unread, "{told}: {}", answer.text);
                assert!(answer.header("set-cookie").is_empty(), "{told}: {}", answer.text);
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "{tried}");
    assert_eq!(journal().await, before, "something was changed");
    let me = exchange(gateway.address(), "GET", "/api/me", &[("Cookie", &student)], "");
    assert_eq!(me.status, 200, "she is signed in still");

    // From our own page each gets past that question.
    let own = format!("http://{address}");
    for entry in table().iter().filter(|entry| !entry.method.is_safe()) {
        let anew = match entry.who {
            Who::Only(Role::Registrar) => registrar_cookie(&gateway),
            _ => {
                gateway.clock.advance(Duration::from_millis(2));
                student_cookie(&gateway)
            }
        };
        let headers = [("Origin", own.as_str()), ("Cookie", anew.as_str())];
        let answer =
            exchange(gateway.address(), entry.method.as_str(), &path(entry), &headers, "{}");
        assert_ne!(answer.code(), "foreign_origin", "{} {}", entry.method, entry.path);
    }
}

#[tokio::test]
async fn what_only_reads_changes_nothing() {
    let gateway = gateway();
    let cookies = [student_cookie(&gateway), registrar_cookie(&gateway), String::new()];
    let inside = gateway.running().gateway.clone();
    let journal = async || inside.read(|registry| registry.sequence).await.unwrap().1;
    let before = journal().await;
    for entry in table().iter().filter(|entry| entry.method == Method::GET) {
        for cookie in &cookies {
            for method in ["GET", "HEAD"] {
                exchange(gateway.address(), method, &path(entry), &[("Cookie", cookie)], "");
            }
        }
    }
    assert_eq!(journal().await, before);
}

#[test]
fn a_socket_is_not_opened_with_her_cookie_from_another_site() {
    let gateway = gateway();
    let address = gateway.address();
    let cookie = student_cookie(&gateway);
    let asked = |headers: &[(&str, &str)]| {
        let cookie = [("Cookie", cookie.as_str())];
        Raw::upgrade(address, &[&cookie[..], headers].concat()).status
    };
    for headers in foreign(&address.to_string()) {
        let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(asked(&headers), 403, "{headers:?}");
    }
    assert_eq!(asked(&[]), 403, "no origin at all");
    let own = format!("http://{address}");
    assert_eq!(asked(&[("Origin", &own)]), 101);
    // Whose page it is says the host that the browser asked, not a word of the request's own.
    let evil = [("Origin", "http://evil.example"), ("X-Forwarded-Host", "evil.example")];
    assert_eq!(asked(&evil), 403);

    // Hosts have no case, and a configured origin is taken as it is written.
    let public = "https://register.example.edu";
    let gateway = gateway_at(public);
    let bearer = format!("Bearer {}", gateway.token(STUDENT));
    let asked = |origin: &str| {
        let headers = [("Authorization", bearer.as_str()), ("Origin", origin)];
        Raw::upgrade(gateway.address(), &headers).status
    };
    assert_eq!((asked(public), asked("https://REGISTER.example.edu")), (101, 101));
    for origin in [
        "http://register.example.edu",
        "https://register.example.edu:8443",
        "https://register.example.edu.evil.example",
        "https://evilregister.example.edu",
        "https://example.edu",
    ] {
        assert_eq!(asked(origin), 403, "{origin}");
    }
}

#[test]
fn a_sign_in_is_new_each_time_and_never_one_that_was_brought() {
    let gateway = gateway();
    let body = json!({"student": STUDENT}).to_string();
    let others = cookie(&sign_in(&gateway, &[], &json!({"student": "s0001"}).to_string()));
    let mut seen = vec![others.clone()];
    // Planted before: nothing, rubbish, another's, and her own of last time.
    for planted in ["", "sluis=planted", &others.clone(), &student_cookie(&gateway)] {
        let made = cookie(&sign_in(&gateway, &[("Cookie", planted)], &body));
        assert!(!seen.contains(&made) && made != planted, "{made}");
        let me = exchange(gateway.address(), "GET", "/api/me", &[("Cookie", &made)], "");
        assert!(me.body().contains(STUDENT), "{}", me.text);
        seen.push(made);
    }
    let planted = exchange(gateway.address(), "GET", "/api/me", &[("Cookie", "sluis=planted")], "");
    assert_eq!((planted.status, planted.code()), (401, "token_invalid".to_owned()));
    // A token is only ever in a cookie or a head: not in an address.
    let token = gateway.token(STUDENT);
    for query in ["token", "access_token", "sluis", "cookie"] {
        let path = format!("/api/me?{query}={token}");
        assert_eq!(exchange(gateway.address(), "GET", &path, &[], "").status, 401, "{query}");
    }
}

#[tokio::test]
async fn signing_out_closes_her_sockets_within_a_second_and_the_token_is_over() {
    let gateway = gateway();
    gateway.open("w");
    let address = gateway.address();
    let cookie = student_cookie(&gateway);
    let token = cookie.split_once('=').unwrap().1;
    let token = token.replace("%3D", "=").replace("%2B", "+").replace("%2F", "/");
    let mut tabs = Vec::new();
    for _ in 0..3 {
        let mut tab = TestStudent::connect(address, STUDENT, &token).await;
        tab.hello().await;
        tabs.push(tab);
    }
    // One that has not said hello yet, and one of another device.
    let mut silent = TestStudent::connect(address, STUDENT, &token).await;
    let mut tool = gateway.student(STUDENT).await;
    let browser = Http::browser(address, Some(&cookie));
    let since = Instant::now();
    assert_eq!(browser.ask("POST", "/api/sign-out", "", &[]).status, 204);
    for tab in &mut tabs {
        assert_eq!(tab.ended().await.0, Some((4004, "signed_out".to_owned())));
    }
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    let out = (401, "signed_out".to_owned());
    assert_eq!(browser.get_as_browser("/api/me").problem(), out);
    assert_eq!(Http::new(address, Some(&token)).get("/api/plan").problem(), out);
    assert!(TestStudent::try_connect(address, STUDENT, &token).await.is_err());
    // What was open and had said nothing gets nothing more either.
    silent.send(&sluis::protocol::client::ClientMessage::Hello { protocol: 1 }).await;
    assert_eq!(silent.ended().await.0, Some((4004, "signed_out".to_owned())));
    // The other device goes on.
    tool.submit("w", &[any("A", false)]).await;
    assert_eq!(tool.outcome("A").await.outcome, "enrolled");
    // It does not come back to life, neither by signing in again nor by another start.
    let anew = student_cookie(&gateway);
    assert_ne!(anew, cookie);
    assert_eq!(browser.get_as_browser("/api/me").problem(), out);
    let gateway = gateway.restarted();
    let again = Http::new(gateway.address(), Some(&token));
    assert_eq!(again.get("/api/me").problem(), out);
}
