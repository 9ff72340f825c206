//! What a session does by itself, over a real socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::actors::gateway::Settings;
use crate::actors::sign_ins::SignedIn;
use crate::domain::account::DeviceId;
use crate::http::auth::{Claims, Role};
use crate::http::tests::{NOW, core_with, quick, state, student};
use crate::http::{HttpState, finish, routes};
use crate::panics;

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
async fn a_session_that_panics_dies_alone() {
    // Given: two students and two tabs of the first, all on one worker.
    let core = core_with(Settings { heartbeat_ms: BEAT_MS, ..Settings::default() }).await;
    let state = state(&core, quick());
    let (address, handle) = serve(&state);
    let mut tokens = Vec::new();
    for nth in 0..2 {
        let key = Some(student(&state, nth).await);
        let (issued, expires) = (NOW.plus_ms(1), NOW.plus_ms(60_000));
        let claims =
            Claims { role: Role::Student, student: key, name: None, expires, issued, device: None };
        tokens.push(state.access.tokens.mint(&claims));
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
