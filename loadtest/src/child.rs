//! What runs inside the child processes: the gateway as shipped, and the bare echo.

mod lean;
mod ticks;

use std::ffi::OsString;
use std::io::Read;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, StreamHandler};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use actix_web_actors::ws;
use sluis::http::frames::{self, Bounds, FrameGuard, Joiner, Whole};

use crate::error::{Error, Result};

/// Set in the environment of a server child: it ends when its standard input does.
pub const WITH_PARENT: &str = "RUSH_WITH_PARENT";
/// Longest text that the echo sends, in bytes.
const ECHO_BYTES_MAX: usize = 16 * 1024;
/// Digits with which an echo client asks for the length of the answer.
pub const ECHO_DIGITS: usize = 5;

static FILLING: &str = {
    const BYTES: [u8; ECHO_BYTES_MAX] = [b'x'; ECHO_BYTES_MAX];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "",
    }
};

/// Ends this process when the parent is gone, if it asked for that.
pub fn end_with_parent() {
    if std::env::var_os(WITH_PARENT).is_none() {
        return;
    }
    std::thread::spawn(|| {
        let mut byte = [0];
        while matches!(std::io::stdin().read(&mut byte), Ok(1)) {}
        std::process::exit(0);
    });
}

/// The gateway as shipped: `sluis` with these arguments.
pub fn gateway(args: Vec<String>) -> ExitCode {
    sluis::cli::run(std::iter::once("sluis".to_owned()).chain(args).map(OsString::from))
}

/// A bare echo: a text that begins with five digits is answered by a text of that length.
struct Echo;

impl Actor for Echo {
    type Context = ws::WebsocketContext<Self>;
}

impl StreamHandler<std::result::Result<ws::Message, ws::ProtocolError>> for Echo {
    fn handle(
        &mut self,
        message: std::result::Result<ws::Message, ws::ProtocolError>,
        context: &mut Self::Context,
    ) {
        match message {
            Ok(ws::Message::Text(text)) => match asked_ticks(&text) {
                Some(every) => ticks::join(&context.address(), asked(&text), every),
                None => context.text(&FILLING[..asked(&text)]),
            },
            Ok(ws::Message::Ping(bytes)) => context.pong(&bytes),
            Ok(ws::Message::Close(reason)) => context.close(reason),
            Ok(_) => {}
            Err(_) => context.close(None),
        }
    }
}

fn asked(text: &str) -> usize {
    let digits = text.get(..ECHO_DIGITS).and_then(|digits| digits.parse().ok());
    digits.unwrap_or(0).min(ECHO_BYTES_MAX)
}

/// Whoever sends a length, `@` and milliseconds gets a text of that length again and again, at the
/// ticks of her worker; the first to ask says how long and how often.
fn asked_ticks(text: &str) -> Option<Duration> {
    let ms = text.get(ECHO_DIGITS..)?.strip_prefix('@')?.parse().ok()?;
    Some(Duration::from_millis(ms)).filter(|every| !every.is_zero())
}

async fn upgrade(
    request: HttpRequest,
    body: web::Payload,
) -> std::result::Result<HttpResponse, actix_web::Error> {
    ws::start(Echo, &request, body)
}

/// What the careful echo takes: as much as suites for WebSockets send.
const CAREFUL: Bounds =
    Bounds { bytes: 16 * 1024 * 1024, fragments: 1_000_000, ms: 60_000, binary: true };

/// An echo of whole messages whose frames go the way of the gateway's sessions: what a suite for
/// WebSockets judges here is judged there.
struct Careful(Joiner);

impl Actor for Careful {
    type Context = ws::WebsocketContext<Self>;
}

impl StreamHandler<std::result::Result<ws::Message, ws::ProtocolError>> for Careful {
    fn handle(
        &mut self,
        message: std::result::Result<ws::Message, ws::ProtocolError>,
        context: &mut Self::Context,
    ) {
        let closed = match message {
            Ok(ws::Message::Text(text)) => return context.text(text),
            Ok(ws::Message::Binary(bytes)) => return context.binary(bytes),
            Ok(ws::Message::Ping(bytes)) => return context.pong(&bytes),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => return,
            Ok(ws::Message::Continuation(item)) => match self.0.take(item) {
                Ok(Some(Whole::Text(text))) => return context.text(text),
                Ok(Some(Whole::Binary(bytes))) => return context.binary(bytes),
                Ok(None) => return,
                Err(close) => Some(close.code()),
            },
            Ok(ws::Message::Close(reason)) => reason.map(|reason| u16::from(reason.code)),
            Err(error) => Some(frames::close_of(&error).code()),
        };
        context.close(closed.map(|code| ws::CloseCode::from(code).into()));
        context.stop();
    }
}

async fn upgrade_carefully(
    request: HttpRequest,
    body: web::Payload,
) -> std::result::Result<HttpResponse, actix_web::Error> {
    let (echo, body) = (Careful(Joiner::new(CAREFUL)), FrameGuard::new(body, CAREFUL));
    ws::WsResponseBuilder::new(echo, &request, body).frame_size(CAREFUL.bytes).start()
}

fn routes(config: &mut web::ServiceConfig) {
    config.route("/ws", web::get().to(upgrade));
    config.route("/careful", web::get().to(upgrade_carefully));
}

/// Runs the echo until the process is killed; `lean`: the one without actix.
pub fn echo(listen: SocketAddr, workers: Option<usize>, lean: bool) -> Result<()> {
    let cannot = |e: std::io::Error| Error::Unavailable(format!("cannot listen on {listen}: {e}"));
    if lean {
        return lean::run(listen, workers.unwrap_or(1)).map_err(cannot);
    }
    actix_web::rt::System::new().block_on(async {
        let app = || App::new().configure(routes);
        let mut server = HttpServer::new(app).backlog(4096).max_connections(100_000);
        if let Some(workers) = workers {
            server = server.workers(workers);
        }
        server.bind(listen).map_err(cannot)?.run().await.map_err(cannot)
    })
}

#[cfg(test)]
#[allow(dead_code, reason = "shared with the gateway's tests")]
#[path = "../../tests/it/support/raw.rs"]
mod raw;

#[cfg(test)]
mod tests {
    use super::raw::{BINARY, CLOSE, CONTINUE, FIN, PING, PONG, Raw, TEXT, masked};
    use super::*;

    #[actix_web::test]
    async fn the_careful_echo_takes_frames_as_the_gateway_does() {
        let server = HttpServer::new(|| App::new().configure(routes)).workers(1).disable_signals();
        let server = server.bind(("127.0.0.1", 0)).unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let asked = web::block(move || {
            let headers = [
                ("Connection", "Upgrade"),
                ("Upgrade", "websocket"),
                ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ];
            let answer = |frames: &[u8]| {
                let mut raw = Raw::ask(address, "GET /careful HTTP/1.1", &headers);
                raw.bytes(frames).unwrap();
                raw.read().unwrap()
            };
            let joined = [masked(TEXT, b"a"), masked(FIN | CONTINUE, b"b")].concat();
            assert_eq!(answer(&joined), (TEXT, b"ab".to_vec()));
            let joined = [masked(BINARY, b"a"), masked(FIN | CONTINUE, b"b")].concat();
            assert_eq!(answer(&joined), (BINARY, b"ab".to_vec()));
            let long = vec![b'x'; 65_536];
            assert_eq!(answer(&masked(FIN | TEXT, &long)), (TEXT, long));
            assert_eq!(answer(&masked(FIN | PING, b"hi")), (PONG, b"hi".to_vec()));
            let code = |code: u16| (CLOSE, code.to_be_bytes().to_vec());
            assert_eq!(answer(&masked(FIN | CLOSE, &1000_u16.to_be_bytes())), code(1000));
            assert_eq!(answer(&masked(FIN | CLOSE, b"")), (CLOSE, Vec::new()));
            assert_eq!(answer(&masked(FIN | TEXT, &[0xff])), code(1007));
            assert_eq!(answer(&masked(FIN | 0x40 | TEXT, b"a")), code(1002));
            assert_eq!(answer(&masked(FIN | CONTINUE, b"a")), code(1002));
        });
        asked.await.unwrap();
        handle.stop(false).await;
    }

    #[test]
    fn the_echo_answers_with_the_length_asked_for() {
        assert_eq!(asked("00187 and more"), 187);
        assert_eq!(asked("99999"), ECHO_BYTES_MAX);
        assert_eq!(asked("hello"), 0);
        assert_eq!(FILLING.len(), ECHO_BYTES_MAX);
        assert_eq!(asked_ticks("00187@2000"), Some(Duration::from_secs(2)));
        for once in ["00187", "00187@", "00187@0", "00187@x", "@5"] {
            assert_eq!(asked_ticks(once), None, "{once}");
        }
    }
}
