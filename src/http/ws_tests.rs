//! What a session does by itself, over a real socket.

use std::future::ready;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::Payload;
use actix_web::{App, HttpRequest, HttpServer, web};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use super::SessionActor;
use crate::actors::gateway::Settings;
use crate::actors::sign_ins::SignedIn;
use crate::actors::student::Behind;
use crate::config::Config;
use crate::domain::account::DeviceId;
use crate::http::auth::{Claims, Role};
use crate::http::tests::{NOW, core_with, quick, state, student};
use crate::http::{HttpState, finish, routes};
use crate::limits::REFRESHES_MAX;
use crate::{panics, telemetry};

const BEAT_MS: u64 = 40;

async fn connect(address: SocketAddr, token: &str) -> WebSocketStream<TcpStream> {
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    let bearer = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", bearer);
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    socket.send(Frame::text(r#"{"type":"hello","protocol":1}"#)).await.unwrap();
    socket
}

/// The next thing that is said in words, or the code with which it ended; pings go by.
async fn next(socket: &mut WebSocketStream<TcpStream>) -> Result<String, u16> {
    loop {
        let frame = timeout(Duration::from_secs(10), socket.next()).await.expect("in time");
        match frame.expect("no end without a word").unwrap() {
            Frame::Text(text) => return Ok(text.to_string()),
            Frame::Close(frame) => return Err(frame.map_or(0, |f| f.code.into())),
            _ => {}
        }
    }
}

/// The code and the reason with which it ends.
async fn ended(socket: &mut WebSocketStream<TcpStream>) -> (u16, String) {
    loop {
        let frame = timeout(Duration::from_secs(10), socket.next()).await.expect("in time");
        if let Frame::Close(Some(frame)) = frame.expect("no end without a word").unwrap() {
            return (frame.code.into(), frame.reason.to_string());
        }
    }
}

/// A token of the nth student without a device, which lasts so long.
async fn tools_token(state: &HttpState, nth: usize, last_ms: u64) -> String {
    let (role, student) = (Role::Student, Some(student(state, nth).await));
    let (issued, expires, device) = (NOW.plus_ms(1), NOW.plus_ms(last_ms), None);
    state.access.tokens.mint(&Claims { role, student, name: None, expires, issued, device })
}

/// Says a ping until the answer has come through at least so many beats.
async fn lives(socket: &mut WebSocketStream<TcpStream>, beats: u64) {
    tokio::time::sleep(Duration::from_millis(beats * BEAT_MS)).await;
    socket.send(Frame::text(r#"{"type":"ping","n":7}"#)).await.unwrap();
    while !next(socket).await.expect("it is open").contains("pong") {}
}

/// A server with one worker: whoever is connected shares it.
fn serve(state: &Arc<HttpState>) -> (SocketAddr, ServerHandle) {
    let serving = Arc::clone(state);
    let server =
        HttpServer::new(move || App::new().configure(routes(&serving)).wrap(from_fn(finish)));
    let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    (address, handle)
}

#[actix_web::test]
async fn a_device_signed_out_whose_news_was_lost_is_closed_at_the_next_beat() {
    // Given: a gateway whose heart beats fast, and two devices that are signed in and connected.
    let core = core_with(Settings { heartbeat_ms: BEAT_MS, ..Settings::default() }).await;
    let state = state(&core, quick());
    let (address, handle) = serve(&state);
    let key = student(&state, 0).await;
    core.gateway.sign_ins().let_through(key.clone(), SignedIn::devices(&[1, 2]));
    let token = |device| {
        let (role, student, device) = (Role::Student, Some(key.clone()), Some(DeviceId(device)));
        let (issued, expires) = (NOW, NOW.plus_ms(60_000));
        state.access.tokens.mint(&Claims { role, student, name: None, expires, issued, device })
    };
    let mut phone = connect(address, &token(1)).await;
    let mut laptop = connect(address, &token(2)).await;
    for socket in [&mut phone, &mut laptop] {
        assert!(next(socket).await.unwrap().contains("\"type\":\"welcome\""));
        lives(socket, 3).await;
    }

    // When: the phone is signed out, and nobody tells her hub.
    core.gateway.sign_ins().let_through(key.clone(), SignedIn::devices(&[2]));

    // Then: its own look ends it, and the other device goes on.
    let end = loop {
        if let Err(code) = next(&mut phone).await {
            break code;
        }
    };
    assert_eq!(end, 4004);
    lives(&mut laptop, 3).await;
    handle.stop(false).await;
}

#[actix_web::test]
async fn a_sign_in_that_runs_out_closes_the_socket_at_the_next_beat() {
    // Given: two sockets of a student, with sign-ins that last a minute and an hour.
    let core = core_with(Settings { heartbeat_ms: BEAT_MS, ..Settings::default() }).await;
    let state = state(&core, quick());
    let (address, handle) = serve(&state);
    let mut sockets = Vec::new();
    for last_ms in [60_000, 3_600_000] {
        let mut socket = connect(address, &tools_token(&state, 0, last_ms).await).await;
        assert!(next(&mut socket).await.unwrap().contains("\"type\":\"welcome\""));
        sockets.push(socket);
    }
    let [mut short, mut long] = <[_; 2]>::try_from(sockets).unwrap();

    // When: the minute is not over, it lives; and when it is over
    core.gateway.clock().advance(Duration::from_millis(59_999));
    lives(&mut short, 3).await;
    core.gateway.clock().advance(Duration::from_millis(1));

    // Then: it is closed, though it is not silent, and the other goes on.
    assert_eq!(ended(&mut short).await, (4004, "signed_out".to_owned()));
    lives(&mut long, 3).await;
    handle.stop(false).await;
}

#[actix_web::test]
async fn who_reads_too_slowly_is_shown_everything_again_so_often_and_then_closed() {
    // Given: a session of which the test says when it has missed a frame, and whose heart beats late.
    let core = core_with(Settings::default()).await;
    let state = state(&core, quick());
    let key = student(&state, 0).await;
    let id = state.student(&key).await.unwrap();
    let behind: Behind = Arc::default();
    let (gateway, shared) = (core.gateway.clone(), Arc::clone(&behind));
    let server = HttpServer::new(move || {
        let (gateway, behind, key) = (gateway.clone(), Arc::clone(&shared), key.clone());
        let upgrade = move |request: HttpRequest, payload: Payload| {
            let (issued, expires) = (NOW, NOW.plus_ms(60_000));
            let (role, student, name) = (Role::Student, Some(key.clone()), None);
            let claims = Claims { role, student, name, expires, issued, device: None };
            let session = SessionActor::new(&gateway, id, claims).unwrap();
            let session = SessionActor { behind: Arc::clone(&behind), ..session };
            ready(session.start_on(&request, payload))
        };
        App::new().route("/ws", web::get().to(upgrade))
    });
    let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    let mut socket = connect(address, "none").await;
    assert!(next(&mut socket).await.unwrap().contains("\"type\":\"welcome\""));
    let watch = r#"{"type":"watch","sections":["A/1"]}"#;

    // When: it misses something as often as it may between two beats. Then: it is shown everything.
    for _ in 0..REFRESHES_MAX {
        behind.store(true, Ordering::Release);
        socket.send(Frame::text(watch)).await.unwrap();
        while !next(&mut socket).await.expect("it is open").contains("\"type\":\"resync\"") {}
        while !next(&mut socket).await.expect("it is open").contains("\"type\":\"welcome\"") {}
    }

    // And once more: it is asked to come back.
    behind.store(true, Ordering::Release);
    socket.send(Frame::text(watch)).await.unwrap();
    assert_eq!(ended(&mut socket).await, (4001, "slow_reader".to_owned()));
    handle.stop(false).await;
}

/// What no line of a log may hold.
const CANARY: &str = "zq7731901";
const CHILD: &str = "SLUIS_TEST_PANIC_SESSION";

/// The child itself; nothing unless started by the test below.
#[actix_web::test]
async fn a_session_panics_for_the_log() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    telemetry::install(&Config::default().log);
    let core = core_with(Settings { heartbeat_ms: BEAT_MS, ..Settings::default() }).await;
    let state = state(&core, quick());
    let (address, handle) = serve(&state);
    let mut socket = connect(address, &tools_token(&state, 0, 60_000).await).await;
    assert!(next(&mut socket).await.unwrap().contains("\"type\":\"welcome\""));
    let last = format!(r#"{{"type":"note","student":"{CANARY}"}}"#);
    panics::arm(&format!("session {last}"));
    socket.send(Frame::text(last)).await.unwrap();
    let end = async { while let Some(Ok(_)) = socket.next().await {} };
    timeout(Duration::from_secs(10), end).await.expect("it ends");
    handle.stop(false).await;
}

#[test]
fn a_panic_of_a_session_tells_the_log_where_and_not_about_whom() {
    // When: a session panics, in a process of its own, with words made of what was said on it.
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["http::ws::tests::a_session_panics_for_the_log", "--exact", "--nocapture"]);
    let output = child.env(CHILD, "yes").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");

    // Then: the log has the place, in one line, and none of the words.
    let lines: Vec<_> =
        said.lines().filter(|line| line.contains("\"message\":\"panic\"")).collect();
    let [line] = lines.as_slice() else { panic!("{said}") };
    assert!(line.contains("src/panics.rs:") && line.contains("withheld"), "{line}");
    assert!(!said.contains(CANARY), "{said}");
}

#[actix_web::test]
async fn a_session_that_panics_dies_alone() {
    // Given: two students and two tabs of the first, all on one worker.
    let core = core_with(Settings { heartbeat_ms: BEAT_MS, ..Settings::default() }).await;
    let state = state(&core, quick());
    let (address, handle) = serve(&state);
    let mut tokens = Vec::new();
    for nth in 0..2 {
        tokens.push(tools_token(&state, nth, 60_000).await);
    }
    let mut victim = connect(address, &tokens[0]).await;
    let mut tab = connect(address, &tokens[0]).await;
    let mut other = connect(address, &tokens[1]).await;
    for socket in [&mut victim, &mut tab, &mut other] {
        assert!(next(socket).await.unwrap().contains("\"type\":\"welcome\""));
    }
    assert_eq!(core.gateway.directory().sessions(), 3);

    // When: one of them panics at a message.
    let last = r#"{"type":"ping","n":4242}"#;
    panics::arm(&format!("session {last}"));
    victim.send(Frame::text(last)).await.unwrap();

    // Then: it ends; the others go on, her own tab too, its place is free, and she can come back.
    let end = async {
        while let Some(Ok(frame)) = victim.next().await {
            assert!(!frame.to_text().unwrap_or_default().contains("4242"), "it answered");
        }
    };
    timeout(Duration::from_secs(10), end).await.expect("it ends");
    lives(&mut other, 3).await;
    lives(&mut tab, 3).await;
    assert_eq!(core.gateway.directory().sessions(), 2);
    let mut back = connect(address, &tokens[0]).await;
    assert!(next(&mut back).await.unwrap().contains("\"type\":\"welcome\""));
    lives(&mut back, 3).await;
    handle.stop(false).await;
}
