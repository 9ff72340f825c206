//! The socket: the one file that knows actix-web-actors (deprecated upstream, see
//! `docs/decisions/0001-actix-web-actors.md`). What is said on it is decided in
//! [`crate::actors::session`]; this file moves frames and closes the crate's four traps:
//! (1) a blocked socket stops the actor, so the kernel ends it ([`tune`]); (2) mailboxes are
//! bounded and a full one means "read back from state"; (3) fragments are joined, and an oversized
//! or unfinished one closes ([`super::frames`]); (4) a stopping gateway closes every session itself.

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix::prelude::SendError;
use actix::{Actor, ActorContext, Addr, AsyncContext, Handler, Running, StreamHandler};
use actix_web::web::Payload;
use actix_web::{Error, HttpRequest, HttpResponse};
use actix_web_actors::ws::{
    CloseCode, CloseReason, Message, ProtocolError, WebsocketContext, WsResponseBuilder,
};
use socket2::SockRef;

use crate::actors::gateway::Gateway;
use crate::actors::messenger::{Messenger, send_command, send_view};
use crate::actors::session::{self, Action, Connected, Identified};
use crate::actors::student::{Behind, FromSession, StudentActor, ToSession, denial, frame};
use crate::clock;
use crate::domain::ids::StudentId;
use crate::http::auth::Claims;
use crate::http::frames::{self, FrameGuard, Joiner, Whole};
use crate::http::problem::{Problem, RATE_LIMITED};
use crate::limits;
use crate::metrics::{Full, Limiter};
use crate::panics::panic_point;
use crate::protocol::client::ClientMessage;
use crate::protocol::close::Close;
use crate::protocol::server::ServerMessage;
use crate::pseudonym;

thread_local! {
    /// The messenger of this HTTP worker.
    static WORKER: OnceCell<(usize, Addr<Messenger>)> = const { OnceCell::new() };
}

fn with_worker<T>(gateway: &Gateway, run: impl FnOnce(usize, &Addr<Messenger>) -> T) -> T {
    WORKER.with(|cell| {
        let (index, messenger) = cell.get_or_init(|| Messenger::begin(gateway));
        run(*index, messenger)
    })
}

/// Bounds what one connection can hold in the kernel, and for how long a peer may leave sent
/// data unacknowledged (trap 1). For `HttpServer::on_connect`.
pub fn tune(connection: &dyn std::any::Any) {
    if let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() {
        let socket = SockRef::from(stream);
        // Best effort: a socket that refuses an option is still served.
        let _ =
            socket.set_tcp_user_timeout(Some(Duration::from_millis(limits::TCP_USER_TIMEOUT_MS)));
        let _ = socket.set_send_buffer_size(limits::SOCKET_SEND_BYTES);
        let _ = socket.set_tcp_nodelay(true);
    }
}

/// A session's place among those that fit, given back when it goes, however it goes.
struct Place(Gateway);

impl Place {
    fn take(gateway: &Gateway) -> Result<Self, Problem> {
        let most = gateway.settings().sessions_max;
        let open = match gateway.is_ready() {
            true => gateway.directory().session_opened(most),
            false => None,
        };
        if open.is_none() {
            return Err(gateway.busy(Full::Sessions).into());
        }
        Ok(Self(gateway.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.directory().session_closed();
    }
}

/// A student's socket until it says hello. Her sessions are bounded by closing the oldest of them,
/// but those that say nothing are nobody's yet: of these she has no more than of sessions.
struct Greeting(Gateway, StudentId);

impl Greeting {
    fn take(gateway: &Gateway, student: StudentId) -> Result<Self, Problem> {
        let most = gateway.settings().sessions_per_student;
        if gateway.directory().greeting_begun(student, most) {
            return Ok(Self(gateway.clone(), student));
        }
        gateway.metrics().limited(Limiter::StudentReads);
        let detail = "say hello on the sockets that are open, or close them, then open another";
        Err(Problem::new(&RATE_LIMITED, detail).retry_after(limits::BUSY_RETRY_MS))
    }
}

impl Drop for Greeting {
    fn drop(&mut self) {
        self.0.directory().greeting_ended(self.1);
    }
}

/// Upgrades the request of a signed-in student to a session.
pub fn open(
    request: &HttpRequest,
    payload: Payload,
    gateway: &Gateway,
    student: StudentId,
    claims: Claims,
) -> Result<HttpResponse, Error> {
    SessionActor::new(gateway, student, claims)?.start_on(request, payload)
}

enum Phase {
    Connected(Connected),
    Identified(Identified),
}

/// One WebSocket.
pub struct SessionActor {
    _place: Place,
    greeting: Option<Greeting>,
    gateway: Gateway,
    number: u32,
    phase: Phase,
    hub: Option<Addr<StudentActor>>,
    student: StudentId,
    /// What her sign-in says.
    claims: Claims,
    behind: Behind,
    /// Times that it had to read back from state because it read too slowly.
    refreshes: u32,
    /// Messages over the rate limit, less those within it: one now and then is let through
    /// whoever sends how many.
    refused: u32,
    heard: Instant,
    fragments: Joiner,
    /// Our own pings that were not answered yet.
    awaited: u8,
    closing: bool,
    /// Whether its end was counted.
    counted: bool,
}

type Ctx = WebsocketContext<SessionActor>;

impl SessionActor {
    /// With the places that it takes.
    fn new(gateway: &Gateway, student: StudentId, claims: Claims) -> Result<Self, Problem> {
        let greeting = Some(Greeting::take(gateway, student)?);
        Ok(Self {
            _place: Place::take(gateway)?,
            greeting,
            gateway: gateway.clone(),
            number: gateway.session_number(),
            phase: Phase::Connected(Connected { student }),
            hub: None,
            student,
            claims,
            behind: Arc::new(AtomicBool::new(false)),
            refreshes: 0,
            refused: 0,
            heard: clock::monotonic(),
            fragments: Joiner::new(frames::SESSION),
            awaited: 0,
            closing: false,
            counted: false,
        })
    }

    fn start_on(self, request: &HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
        let payload = FrameGuard::new(payload, frames::SESSION);
        let response = WsResponseBuilder::new(self, request, payload);
        response.frame_size(limits::MESSAGE_BYTES_MAX).start()
    }

    fn close(&mut self, ctx: &mut Ctx, close: Close) {
        if std::mem::replace(&mut self.closing, true) {
            return;
        }
        self.gateway.metrics().closed(close);
        self.counted = true;
        let mut reason = close.key().to_owned();
        if matches!(close, Close::Restart | Close::Busy) {
            // Spread over a second by the session's number: not everybody at once.
            let retry = limits::RESTART_RETRY_MS + self.number.wrapping_mul(617) % 1_000;
            reason = format!("retry_ms={retry}");
        }
        let code = CloseCode::from(close.code());
        ctx.close(Some(CloseReason { code, description: Some(reason) }));
        ctx.stop();
    }

    fn send(&self, ctx: &mut Ctx, message: &ServerMessage) {
        self.gateway.metrics().frame();
        ctx.text(frame(message));
    }

    fn on_text(&mut self, ctx: &mut Ctx, text: &str) {
        panic_point(|| format!("session {text}"));
        if let Err(retry_after_ms) = self.allow(ctx, text.len()) {
            self.gateway.metrics().message_unread();
            if !self.closing {
                let id = session::request_id(text);
                self.send(ctx, &ServerMessage::Busy { id, retry_after_ms });
            }
            return;
        }
        match session::parse(text) {
            Ok(message) => {
                self.gateway.metrics().message(message.kind());
                self.on_message(ctx, message);
            }
            Err(error) => {
                self.gateway.metrics().message_unread();
                self.gateway.metrics().message_refused("message_invalid");
                self.send(ctx, &error);
            }
        }
    }

    fn on_message(&mut self, ctx: &mut Ctx, message: ClientMessage) {
        let action = match &self.phase {
            Phase::Connected(connected) => match connected.on_message(message) {
                Ok((identified, action)) => {
                    self.phase = Phase::Identified(identified);
                    self.greeting = None;
                    action
                }
                Err(action) => action,
            },
            Phase::Identified(identified) => {
                let now = self.gateway.clock().now().0;
                identified.on_message(message, &self.gateway.public(), now)
            }
        };
        match action {
            Action::Send(message) => {
                if let ServerMessage::Error { code, .. } = &message {
                    self.gateway.metrics().message_refused(code);
                }
                self.send(ctx, &message);
            }
            Action::Attach(last_sequence) => self.attach(ctx, last_sequence),
            Action::Command(id, command) => {
                if tracing::enabled!(tracing::Level::DEBUG) {
                    let student = self.claims.student.as_ref().map_or("", |key| key.as_str());
                    let (student, session) = (pseudonym::Of(student), self.number);
                    let request = id.map(|id| id.simple().to_string());
                    tracing::debug!(request, %student, session, "command received");
                }
                let from = (self.student, self.number, id);
                let sent = with_worker(&self.gateway, |_, messenger| {
                    send_command(&self.gateway, messenger, from, command, self.heard)
                });
                if let Err(why) = sent {
                    self.send(ctx, &denial(id, &why));
                }
            }
            Action::Watch(sections) => {
                self.ask_hub(ctx, FromSession::Watch(self.number, sections));
            }
            Action::Unwatch(sections) => {
                self.ask_hub(ctx, FromSession::Unwatch(self.number, sections));
            }
            Action::Close(close) => self.close(ctx, close),
        }
    }

    fn attach(&mut self, ctx: &mut Ctx, last_sequence: Option<u32>) {
        let (student, gateway) = (self.student, self.gateway.clone());
        let attached = with_worker(&gateway, |index, messenger| {
            // A hub may stop between the look-up and the message: then another is started.
            for _ in 0..2 {
                let start = |generation| {
                    let (gateway, messenger) = (gateway.clone(), messenger.clone());
                    StudentActor::begin(student, generation, gateway, messenger)
                };
                let hub = gateway.directory().hub(student, index, start);
                let attach = FromSession::Attach {
                    number: self.number,
                    sink: ctx.address().recipient(),
                    behind: Arc::clone(&self.behind),
                    device: self.claims.device,
                };
                match hub.try_send(attach) {
                    Ok(()) => self.hub = Some(hub),
                    Err(SendError::Full(_)) => {
                        gateway.busy(Full::Hub);
                        return false;
                    }
                    Err(SendError::Closed(_)) => continue,
                }
                // After the hub has it, and before any command of this session.
                let to = (student, self.number);
                return send_view(&gateway, messenger, to, last_sequence).is_ok();
            }
            false
        });
        if !attached {
            return self.close_busy(ctx);
        }
        // Signed out since the handshake: the hub hears of what comes after this look.
        if self.is_signed_out() {
            self.close(ctx, Close::SignedOut);
        }
    }

    fn is_signed_out(&self) -> bool {
        let Claims { student, device, issued, expires, .. } = &self.claims;
        let holds = |key| self.gateway.sign_ins().holds(key, *device, *issued);
        *expires <= self.gateway.clock().now() || !student.as_ref().is_some_and(holds)
    }

    /// There is no room for this session: it is asked to come back.
    fn close_busy(&mut self, ctx: &mut Ctx) {
        let close = if self.gateway.is_ready() { Close::Busy } else { Close::Restart };
        self.close(ctx, close);
    }

    fn ask_hub(&mut self, ctx: &mut Ctx, message: FromSession) {
        let sent = self.hub.as_ref().map(|hub| hub.try_send(message));
        match sent {
            Some(Ok(())) => {}
            Some(Err(SendError::Full(_))) => {
                self.send(ctx, &denial(None, &self.gateway.busy(Full::Hub)));
            }
            Some(Err(SendError::Closed(_))) | None => self.close(ctx, Close::Restart),
        }
    }

    /// A stopping gateway tells the hubs to close their sessions; one without a hub looks itself.
    fn look_whether_it_stops(ctx: &mut Ctx) {
        ctx.run_later(Duration::from_millis(limits::STOP_LOOK_MS), |session, ctx| {
            match session.phase {
                Phase::Connected(_) if session.gateway.is_ready() => {
                    Self::look_whether_it_stops(ctx);
                }
                Phase::Connected(_) => session.close(ctx, Close::Restart),
                Phase::Identified(_) => {}
            }
        });
    }

    fn beat(&mut self, ctx: &mut Ctx) {
        self.refreshes = 0;
        let silent = self.heard.elapsed() > Duration::from_millis(limits::SILENCE_MS_MAX);
        let hub_gone = self.hub.as_ref().is_some_and(|hub| !hub.connected());
        if silent {
            self.close(ctx, Close::Silent);
        } else if self.is_signed_out() {
            // The hub was told at once; this is for when that was lost on the way.
            self.close(ctx, Close::SignedOut);
        } else if hub_gone {
            self.close(ctx, Close::Restart);
        } else {
            self.awaited = self.awaited.saturating_add(1);
            ctx.ping(b"");
            self.catch_up(ctx);
        }
    }

    /// Pings count as messages: who sends too many is not answered, and then closed.
    fn on_ping(&mut self, ctx: &mut Ctx, bytes: &[u8]) {
        if self.allow(ctx, bytes.len()).is_ok() {
            ctx.pong(bytes);
        }
    }

    /// So do pongs, but for those that we asked for.
    fn on_pong(&mut self, ctx: &mut Ctx) {
        match self.awaited.checked_sub(1) {
            Some(left) => self.awaited = left,
            None => {
                let _ = self.allow(ctx, 0);
            }
        }
    }

    /// Whether so many bytes are within the rate limit; else how long to wait, in milliseconds.
    /// Who has sent far too much is closed.
    fn allow(&mut self, ctx: &mut Ctx, bytes: usize) -> Result<(), u32> {
        let weight = session::weight(bytes);
        let allowed = self.gateway.allow_message(self.student, weight);
        if allowed.is_ok() {
            self.refused = self.refused.saturating_sub(weight);
        } else {
            self.gateway.metrics().message_refused("rate_limited");
            self.refused += weight;
            if self.refused > limits::MESSAGES_REFUSED_MAX {
                self.close(ctx, Close::RateLimited);
            }
        }
        allowed
    }

    /// After a frame did not fit: read everything back from state, but not again and again.
    fn catch_up(&mut self, ctx: &mut Ctx) {
        if !self.behind.swap(false, Ordering::AcqRel) {
            return;
        }
        self.refreshes += 1;
        if self.refreshes > limits::REFRESHES_MAX {
            return self.close(ctx, Close::SlowReader);
        }
        self.ask_hub(ctx, FromSession::Refresh(self.number));
    }
}

impl Actor for SessionActor {
    type Context = Ctx;

    fn started(&mut self, ctx: &mut Ctx) {
        ctx.set_mailbox_capacity(limits::SESSION_MAILBOX_MAX);
        // Not before the handshake is good: what is opened is also closed.
        self.gateway.metrics().opened();
        let beat = Duration::from_millis(self.gateway.settings().heartbeat_ms);
        ctx.run_interval(beat, Self::beat);
        ctx.run_later(Duration::from_millis(limits::HELLO_MS_MAX), |session, ctx| {
            if matches!(session.phase, Phase::Connected(_)) {
                session.close(ctx, Close::Silent);
            }
        });
        Self::look_whether_it_stops(ctx);
    }

    fn stopping(&mut self, _: &mut Ctx) -> Running {
        Running::Stop
    }

    fn stopped(&mut self, _: &mut Ctx) {
        if let Some(hub) = &self.hub {
            let _ = hub.try_send(FromSession::Detach(self.number));
        }
        if !self.counted {
            self.gateway.metrics().closed_by_peer(None);
        }
    }
}

impl StreamHandler<Result<Message, ProtocolError>> for SessionActor {
    fn handle(&mut self, message: Result<Message, ProtocolError>, ctx: &mut Ctx) {
        if self.closing {
            return;
        }
        self.heard = clock::monotonic();
        match message {
            Ok(Message::Text(text)) => self.on_text(ctx, &text),
            Ok(Message::Ping(bytes)) => self.on_ping(ctx, &bytes),
            Ok(Message::Pong(_)) => self.on_pong(ctx),
            Ok(Message::Nop) => {}
            Ok(Message::Binary(_)) => self.close(ctx, Close::Unsupported),
            Ok(Message::Continuation(item)) => match self.fragments.take(item) {
                Ok(Some(Whole::Text(text))) => self.on_text(ctx, &text),
                Ok(Some(Whole::Binary(_))) => self.close(ctx, Close::Unsupported),
                Ok(None) => {}
                Err(close) => self.close(ctx, close),
            },
            Ok(Message::Close(reason)) => {
                self.closing = true;
                self.counted = true;
                // RFC 6455: no code given is told as 1005.
                let code = reason.as_ref().map_or(1005, |reason| u16::from(reason.code));
                self.gateway.metrics().closed_by_peer(Some(code));
                ctx.close(reason.map(|r| CloseReason { code: r.code, description: None }));
                ctx.stop();
            }
            Err(error) => self.close(ctx, frames::close_of(&error)),
        }
    }
}

impl Handler<ToSession> for SessionActor {
    type Result = ();

    fn handle(&mut self, message: ToSession, ctx: &mut Ctx) {
        if self.closing {
            return;
        }
        match message {
            ToSession::Frame(text) => {
                self.gateway.metrics().frame();
                ctx.text(text);
                self.catch_up(ctx);
            }
            ToSession::Close(close) => self.close(ctx, close),
        }
    }
}

#[cfg(test)]
#[path = "ws_tests.rs"]
mod tests;
