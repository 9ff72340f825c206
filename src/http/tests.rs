//! The routes over the real actors and an in-memory journal.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, Error};
use serde_json::{Value, json};

use super::auth::{Claims, Role, Tokens};
use super::imports::Importers;
use super::problem::PROBLEM_JSON;
use super::routes::{Entry, Who, table};
use super::settings::{Rate, Rates, Settings, SignIn};
use super::{Access, HttpState, finish, routes};
use crate::application::core::{Core, Options};
use crate::application::recover::recover;
use crate::clock::Clock;
use crate::domain::account::DeviceId;
use crate::domain::command::Command;
use crate::domain::ids::{Key, Timestamp};
use crate::domain::testkit;
use crate::journal::memory::Disk;
use crate::limits::SCHEDULE_MS_MAX;

pub(super) const NOW: Timestamp = Timestamp(1_000_000);

pub(super) async fn core() -> Core {
    core_with(crate::actors::gateway::Settings::default()).await
}

pub(super) async fn core_with(settings: crate::actors::gateway::Settings) -> Core {
    let recovered = recover(Box::new(Disk::new().open().unwrap())).unwrap();
    let options = Options {
        settings,
        clock: Clock::manual(NOW),
        position_push_ms: 20,
        snapshot_every: 0,
        on_fault: Box::new(|_| {}),
        metrics: Arc::default(),
    };
    let core = Core::start(recovered, options).unwrap();
    let draft = testkit::draft().simple("A", 2).simple("B", 1).students(3).window(|_| {});
    core.gateway.command(Command::Import(Arc::new(draft))).await.unwrap();
    core
}

pub(super) fn state(core: &Core, rates: Rates) -> Arc<HttpState> {
    let tokens = Tokens::new(vec![actix_web::cookie::Key::from(&[1; 64])]);
    let sign_in = SignIn::Demo { showcase: Vec::new() };
    let settings = Settings { sign_in, rates, ..Settings::default() };
    let access = Access::new(tokens, settings, Clock::manual(NOW), core.gateway.clone());
    let importers = Importers {
        catalogue: |_, _, _, _| Err(vec!["line 1: no".to_owned()]),
        students: |_, _, _| Err(vec!["line 2: no".to_owned()]),
        results: |name, bytes, _| {
            let read = crate::protocol::files::results(name, bytes, None);
            read.map_err(|faults| faults.iter().map(ToString::to_string).collect())
        },
    };
    Arc::new(HttpState::new(core.gateway.clone(), access, importers, core.journal.clone()))
}

pub(super) fn quick() -> Rates {
    let fast = Rate { per_second: 100_000, burst: 100_000 };
    Rates { sign_in: fast, connect: fast, anonymous: fast, change: fast, read: fast }
}

pub(super) async fn student(state: &HttpState, nth: usize) -> Key {
    let read = state.gateway.read(move |r| r.students[nth].profile.key.clone());
    read.await.unwrap().1
}

async fn token(state: &HttpState, role: Role) -> String {
    let key = match role {
        Role::Student => Some(student(state, 0).await),
        _ => None,
    };
    let expires = NOW.plus_ms(1_000);
    // Made after whatever a test signs out everywhere; of staff each is another sign-in.
    static STAFF: AtomicU64 = AtomicU64::new(1);
    let issued = NOW.plus_ms(1);
    let device = key.is_none().then(|| DeviceId(STAFF.fetch_add(1, Ordering::Relaxed)));
    state.access.tokens.mint(&Claims { role, student: key, name: None, expires, issued, device })
}

macro_rules! serve {
    ($state:expr) => {
        init_service(App::new().configure(routes($state)).wrap(from_fn(finish))).await
    };
}

mod acts;

fn request(method: &Method, path: &str) -> TestRequest {
    TestRequest::default()
        .method(method.clone())
        .uri(path)
        .peer_addr("192.0.2.1:9".parse().unwrap())
}

async fn problem(response: ServiceResponse<impl actix_web::body::MessageBody>) -> Value {
    assert_eq!(response.headers().get("content-type").unwrap(), PROBLEM_JSON);
    let status = response.status().as_u16();
    let body: Value = serde_json::from_slice(&read_body(response).await).unwrap();
    assert_eq!(body["status"], status);
    for field in ["type", "title", "code", "detail"] {
        assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    }
    body
}

mod console;

fn expected(entry: &Entry, role: Option<Role>) -> Option<u16> {
    match (entry.who, role) {
        (Who::Anybody, _) | (Who::SignedIn, Some(_)) => None,
        (_, None) => Some(401),
        (Who::Only(only), Some(role)) => (only != role).then_some(403),
    }
}

#[actix_web::test]
async fn every_route_lets_its_roles_in_and_no_other() {
    let core = core().await;
    let state = state(&core, quick());
    let app = serve!(&state);
    for entry in &table() {
        let mut path = entry.path.replace("{code:.+}", "A").replace("{key:.+}", "nowhere");
        path = path.replace("{id}", "0123456789abcdef").replace("{secret}", "none");
        if path == "/api/alternatives" {
            path.push_str("?course=A");
        }
        for role in Role::ALL.map(Some).into_iter().chain([None]) {
            let mut req = request(&entry.method, &path);
            if let Some(role) = role {
                let token = token(&state, role).await;
                req = req.insert_header(("authorization", format!("Bearer {token}")));
            }
            let response = call_service(&app, req.to_request()).await;
            let status = response.status().as_u16();
            let told = format!("{} {path} {role:?}: {status}", entry.method);
            match expected(entry, role) {
                Some(refused) => assert_eq!(status, refused, "{told}"),
                None => assert!(![401, 403, 405, 500].contains(&status), "{told}"),
            }
            assert_eq!(response.headers().get("x-content-type-options").unwrap(), "nosniff");
            assert!(response.headers().contains_key("content-security-policy"), "{told}");
            assert!(response.headers().contains_key("cache-control"), "{told}");
            if status >= 400 && entry.is_described() {
                problem(response).await;
            }
        }
    }
    core.gateway.stop();
}

async fn ask<S>(app: &S, req: TestRequest, status: u16, code: &str) -> Value
where
    S: Service<
            actix_http::Request,
            Response = ServiceResponse<actix_web::body::EitherBody<BoxBody>>,
            Error = Error,
        >,
{
    let response = call_service(app, req.to_request()).await;
    assert_eq!(response.status(), status, "{code}");
    let body = problem(response).await;
    assert_eq!(body["code"], code);
    body
}

#[actix_web::test]
async fn every_no_is_a_problem_in_the_language_asked_for() {
    let core = core().await;
    let state = state(&core, quick());
    let app = serve!(&state);
    let bearer = format!("Bearer {}", token(&state, Role::Student).await);
    let put = || request(&Method::PUT, "/api/plan").insert_header(("authorization", &*bearer));
    let json = ("content-type", "application/json");
    let get = |path| request(&Method::GET, path);

    let dutch = get("/api/none").insert_header(("accept-language", "nl"));
    assert_eq!(ask(&app, dutch, 404, "not_found").await["title"], "Niet gevonden");
    assert_eq!(ask(&app, get("/api/none"), 404, "not_found").await["title"], "Not found");
    ask(&app, request(&Method::DELETE, "/api/plan"), 405, "method_not_allowed").await;
    ask(&app, put().set_payload("x"), 415, "unsupported_media_type").await;
    ask(&app, put().insert_header(json).set_payload("{"), 400, "malformed").await;
    ask(&app, put().insert_header(json).set_payload("{\"a\":1}"), 422, "invalid").await;
    let huge = format!("{{\"courses\":[],\"x\":\"{}\"}}", "x".repeat(70_000));
    ask(&app, put().insert_header(json).set_payload(huge), 413, "too_large").await;
    let unknown = json!({"courses": [{"course": "nothing"}]});
    ask(&app, put().set_json(unknown), 422, "unknown_course").await;
    let twice = json!({"courses": [{"course": "A"}, {"course": "A"}]});
    ask(&app, put().set_json(twice), 422, "plan_invalid").await;
    ask(&app, get("/api/catalogue/nothing"), 404, "unknown_course").await;
    ask(&app, get("/api/catalogue?per_page=101"), 422, "invalid").await;
    ask(&app, get("/api/catalogue?colour=red"), 422, "invalid").await;
    ask(&app, get("/api/me").insert_header(("authorization", "Bearer x")), 401, "token_invalid")
        .await;
    let registrar = format!("Bearer {}", token(&state, Role::Registrar).await);
    let import = request(&Method::POST, "/api/admin/catalogue")
        .insert_header(("authorization", &*registrar))
        .set_payload("rubbish");
    assert_eq!(ask(&app, import, 422, "import_invalid").await["faults"], json!(["line 1: no"]));
    core.gateway.stop();
}

#[actix_web::test]
async fn the_registrars_levers_have_the_bounds_of_files() {
    let core = core().await;
    let state = state(&core, quick());
    let app = serve!(&state);
    let registrar = format!("Bearer {}", token(&state, Role::Registrar).await);
    let post = |path: &str, body: &str| {
        request(&Method::POST, path)
            .insert_header(("authorization", &*registrar))
            .insert_header(("content-type", "application/json"))
            .set_payload(body.to_owned())
    };
    let public = state.gateway.public();
    let window = format!("/api/admin/windows/{}", public.windows[0].key);
    let (pace, schedule) = (format!("{window}/pace"), format!("{window}/schedule"));
    let capacity = "/api/admin/sections/capacity";
    let section = state.gateway.catalogue().sections[0].key.to_string();
    let closing = |at: u64| format!("{{\"opens_at\":null,\"closes_at\":{at}}}");
    let seats = |seats: &str| format!("{{\"section\":\"{section}\",\"capacity\":{seats}}}");
    for (path, body) in [
        (&*pace, "{}"),
        (&pace, r#"{"pace":0}"#),
        (&pace, r#"{"pace":4294967295}"#),
        (capacity, &*seats("4294967295")),
        (&schedule, "{}"),
        (&schedule, r#"{"opens_at":null}"#),
        (&schedule, r#"{"opens_at":18446744073709551615,"closes_at":null}"#),
        (&schedule, &closing(SCHEDULE_MS_MAX + 1)),
        (&schedule, r#"{"opens_at":null,"closes_at":1}"#),
        (&schedule, r#"{"opens_at":3000000,"closes_at":3000000}"#),
        (&format!("{window}/reset"), r#"{"opens_in_s":4294967295}"#),
    ] {
        ask(&app, post(path, body), 422, "invalid").await;
    }
    for (path, body) in [
        (&*pace, r#"{"pace":1000000}"#),
        (&pace, r#"{"pace":null}"#),
        (capacity, &*seats("1000000")),
        (&schedule, r#"{"opens_at":3000000,"closes_at":3000001}"#),
        (&schedule, &closing(SCHEDULE_MS_MAX)),
        (&schedule, r#"{"opens_at":null,"closes_at":null}"#),
    ] {
        let response = call_service(&app, post(path, body).to_request()).await;
        assert_eq!(response.status(), 200, "{path} {body}");
    }
    core.gateway.stop();
}

#[actix_web::test]
async fn a_browser_signs_in_and_its_changes_must_come_from_our_own_page() {
    let core = core().await;
    let state = state(&core, quick());
    let app = serve!(&state);
    let who = student(&state, 0).await.to_string();
    let own = [("host", "sluis.test"), ("origin", "http://sluis.test")];
    let sign_in = |origin: &str| {
        request(&Method::POST, "/api/sign-in")
            .insert_header(own[0])
            .insert_header(("origin", origin.to_owned()))
            .set_json(json!({"student": who}))
    };
    ask(&app, sign_in("http://evil.test"), 403, "foreign_origin").await;
    let nobody = request(&Method::POST, "/api/sign-in").set_json(json!({"student": "nobody"}));
    ask(&app, nobody, 404, "unknown_student").await;

    let response = call_service(&app, sign_in(own[1].1).to_request()).await;
    assert_eq!(response.status(), 200);
    let cookie = response.response().cookies().next().unwrap().into_owned();
    assert_eq!((cookie.name(), cookie.path()), ("sluis", Some("/")));
    let choices = || request(&Method::GET, "/api/sign-in");
    let nobody = read_body(call_service(&app, choices().to_request()).await).await;
    let nobody: Value = serde_json::from_slice(&nobody).unwrap();
    assert_eq!(nobody["me"], json!(null));
    let known = choices().cookie(cookie.clone()).to_request();
    let known = read_body(call_service(&app, known).await).await;
    let known: Value = serde_json::from_slice(&known).unwrap();
    assert_eq!(known["me"]["student"], json!(who));
    assert_eq!(cookie.http_only(), Some(true));
    assert_eq!(cookie.same_site(), Some(actix_web::cookie::SameSite::Strict));

    let plan = || {
        request(&Method::PUT, "/api/plan")
            .cookie(cookie.clone())
            .insert_header(own[0])
            .set_json(json!({"courses": [{"course": "A", "waitlist": true}]}))
    };
    ask(&app, plan().insert_header(("origin", "http://evil.test")), 403, "foreign_origin").await;
    ask(&app, plan().insert_header(("sec-fetch-site", "cross-site")), 403, "foreign_origin").await;
    let response = call_service(&app, plan().insert_header(own[1]).to_request()).await;
    assert_eq!(response.status(), 200);
    let saved: Value = serde_json::from_slice(&read_body(response).await).unwrap();
    assert_eq!(saved["courses"][0]["course"], "A");

    let foreign_read = request(&Method::GET, "/api/me").cookie(cookie.clone());
    let response = call_service(&app, foreign_read.to_request()).await;
    assert_eq!(response.status(), 200, "a read needs no origin: another site cannot see it");
    core.gateway.stop();
}

#[actix_web::test]
async fn a_catalogue_page_is_sent_once_and_seats_are_apart() {
    let core = core().await;
    let state = state(&core, quick());
    let app = serve!(&state);
    let get = |path: &str| request(&Method::GET, path);
    let first = call_service(&app, get("/api/catalogue?q=a").to_request()).await;
    let tag = first.headers().get("etag").unwrap().clone();
    let again = get("/api/catalogue?q=a").insert_header(("if-none-match", tag.clone()));
    assert_eq!(call_service(&app, again.to_request()).await.status(), 304);
    let other = get("/api/catalogue?q=b").insert_header(("if-none-match", tag));
    assert_eq!(call_service(&app, other.to_request()).await.status(), 200);
    let seats = call_service(&app, get("/api/catalogue?seats=true").to_request()).await;
    assert!(!seats.headers().contains_key("etag"));
    let seats: Value = serde_json::from_slice(&read_body(seats).await).unwrap();
    assert_eq!(seats["courses"][0]["components"][0]["sections"][0]["left"], 2);
    let seats = call_service(&app, get("/api/seats?course=A,B").to_request()).await;
    let seats: Value = serde_json::from_slice(&read_body(seats).await).unwrap();
    assert_eq!(seats["sections"].as_array().unwrap().len(), 2);
    core.gateway.stop();
}

#[actix_web::test]
async fn without_the_demonstration_nobody_is_listed_or_believed() {
    let core = core().await;
    let mut state = Arc::into_inner(state(&core, quick())).unwrap();
    let settings = Settings { sign_in: SignIn::Off, rates: quick(), ..Settings::default() };
    let (tokens, clock) = (state.access.tokens.clone(), Clock::manual(NOW));
    state.access = Arc::new(Access::new(tokens, settings, clock, core.gateway.clone()));
    let state = Arc::new(state);
    let app = serve!(&state);
    let listed = request(&Method::GET, "/api/sign-in?per_page=100").to_request();
    let listed = read_body(call_service(&app, listed).await).await;
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    for list in ["roles", "registrars", "showcase", "students"] {
        assert_eq!(listed[list], json!([]), "{list}");
    }
    assert_eq!((&listed["mode"], &listed["total"]), (&json!("off"), &json!(0)));
    let who = student(&state, 0).await.to_string();
    for body in
        [json!({"student": who}), json!({"student": "nobody"}), json!({"role": "registrar"})]
    {
        let sign_in = request(&Method::POST, "/api/sign-in").set_json(body);
        ask(&app, sign_in, 403, "sign_in_off").await;
    }
    core.gateway.stop();
}

#[actix_web::test]
async fn who_asks_too_fast_waits_and_others_do_not() {
    let core = core().await;
    let slow = Rate { per_second: 1, burst: 2 };
    let state = state(&core, Rates { read: slow, ..quick() });
    let app = serve!(&state);
    let mut bearers = Vec::new();
    for nth in 0..2 {
        let key = Some(student(&state, nth).await);
        let (role, expires, device) = (Role::Student, NOW.plus_ms(1_000), None);
        let claims = Claims { role, student: key, name: None, expires, issued: NOW, device };
        bearers.push(format!("Bearer {}", state.access.tokens.mint(&claims)));
    }
    let me = |who: &String| {
        request(&Method::GET, "/api/me").insert_header(("authorization", who.clone()))
    };
    for _ in 0..2 {
        assert_eq!(call_service(&app, me(&bearers[0]).to_request()).await.status(), 200);
    }
    let response = call_service(&app, me(&bearers[0]).to_request()).await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers().get("retry-after").unwrap(), "1");
    assert_eq!(call_service(&app, me(&bearers[1]).to_request()).await.status(), 200);
    core.gateway.stop();
}
