//! What runs inside the child processes: the gateway as shipped, and the bare echo.

mod lean;

use std::ffi::OsString;
use std::io::Read;
use std::net::SocketAddr;
use std::process::ExitCode;

use actix::{Actor, StreamHandler};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use actix_web_actors::ws;

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
            Ok(ws::Message::Text(text)) => context.text(&FILLING[..asked(&text)]),
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

async fn upgrade(
    request: HttpRequest,
    body: web::Payload,
) -> std::result::Result<HttpResponse, actix_web::Error> {
    ws::start(Echo, &request, body)
}

/// Runs the echo until the process is killed; `lean`: the one without actix.
pub fn echo(listen: SocketAddr, workers: Option<usize>, lean: bool) -> Result<()> {
    let cannot = |e: std::io::Error| Error::Unavailable(format!("cannot listen on {listen}: {e}"));
    if lean {
        return lean::run(listen, workers.unwrap_or(1)).map_err(cannot);
    }
    actix_web::rt::System::new().block_on(async {
        let app = || App::new().route("/ws", web::get().to(upgrade));
        let mut server = HttpServer::new(app).backlog(4096).max_connections(100_000);
        if let Some(workers) = workers {
            server = server.workers(workers);
        }
        server.bind(listen).map_err(cannot)?.run().await.map_err(cannot)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_echo_answers_with_the_length_asked_for() {
        assert_eq!(asked("00187 and more"), 187);
        assert_eq!(asked("99999"), ECHO_BYTES_MAX);
        assert_eq!(asked("hello"), 0);
        assert_eq!(FILLING.len(), ECHO_BYTES_MAX);
    }
}
