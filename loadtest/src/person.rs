//! One student at one socket: signs in, saves a plan, arms, and is told things.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::wire::{self, Kind, PROTOCOL, Send};
use crate::ws::{Broken, Socket, source};

/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Most times that the same message is sent again after `busy`.
const BUSY_MAX: u32 = 200;

/// Everything that it takes to connect as one student.
#[derive(Clone, Debug)]
pub struct Person {
    /// Her number in the run: chooses the source address.
    pub number: usize,
    /// Sign-in token.
    pub token: String,
}

/// Why she got no further.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stuck {
    /// The socket; a new one may do.
    Socket(Broken),
    /// The gateway said no, or nothing: trying again makes no sense.
    Refused(String),
}

impl std::fmt::Display for Stuck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Socket(broken) => broken.fmt(f),
            Self::Refused(text) => f.write_str(text),
        }
    }
}

impl From<Broken> for Stuck {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Status(..)
            | Broken::Protocol(_)
            | Broken::Closed(1002..=1009 | 4003..=4005, _) => Self::Refused(broken.to_string()),
            broken => Self::Socket(broken),
        }
    }
}

impl Person {
    /// Connects and says the first word; `heard` gets every frame up to the welcome, which is
    /// the last.
    pub async fn sign_in(
        &self,
        gateway: SocketAddr,
        last_sequence: Option<u32>,
        heard: &mut dyn FnMut(Kind, &[u8]),
    ) -> Result<Socket, Stuck> {
        let source = source(self.number);
        let connect = Socket::connect(gateway, source, Some(&self.token));
        let mut socket = timeout(ANSWER_MAX, connect)
            .await
            .map_err(|_| Stuck::Socket(Broken::Gone("no answer to the handshake".into())))??;
        let first = match last_sequence {
            None => Send::Hello { protocol: PROTOCOL },
            Some(last_sequence) => Send::Resume { protocol: PROTOCOL, last_sequence },
        };
        ask(&mut socket, &first.text(), Kind::Welcome, heard).await?;
        Ok(socket)
    }
}

/// Saves a plan of these courses, then arms for the window with this request id.
pub async fn arm(
    socket: &mut Socket,
    courses: &[&str],
    window: &str,
    request: Uuid,
    heard: &mut dyn FnMut(Kind, &[u8]),
) -> Result<(), Stuck> {
    let courses = courses.iter().map(|course| wire::Course { course }).collect();
    ask(socket, &Send::SetPlan { courses }.text(), Kind::Plan, heard).await?;
    ask(socket, &Send::Arm { id: request, window }.text(), Kind::Armed, heard).await
}

/// Sends a message and waits for the frame that answers it; `busy` is waited out.
async fn ask(
    socket: &mut Socket,
    text: &str,
    answer: Kind,
    heard: &mut dyn FnMut(Kind, &[u8]),
) -> Result<(), Stuck> {
    for _ in 0..BUSY_MAX {
        socket.send(text).await?;
        let told = timeout(ANSWER_MAX, wait_for(socket, answer, heard)).await;
        let Ok(told) = told else {
            let seconds = ANSWER_MAX.as_secs();
            return Err(Stuck::Refused(format!("no {answer:?} within {seconds} s")));
        };
        match told? {
            None => return Ok(()),
            Some(pause) => sleep(pause).await,
        }
    }
    Err(Stuck::Refused(format!("busy {BUSY_MAX} times in a row")))
}

/// Reads until the answer came (`None`), or `busy` (how long to wait).
async fn wait_for(
    socket: &mut Socket,
    answer: Kind,
    heard: &mut dyn FnMut(Kind, &[u8]),
) -> Result<Option<Duration>, Stuck> {
    loop {
        let frame = socket.next().await?;
        let kind = wire::kind(frame);
        heard(kind, frame);
        if kind == answer {
            return Ok(None);
        }
        match kind {
            Kind::Busy => {
                let pause = serde_json::from_slice::<wire::Busy>(frame);
                let pause = pause.map_or(50, |busy| busy.retry_after_ms);
                return Ok(Some(Duration::from_millis(pause.clamp(1, 10_000))));
            }
            Kind::Error => return Err(Stuck::Refused(fault(frame))),
            _ => {}
        }
    }
}

/// An `error` frame in words.
pub fn fault(frame: &[u8]) -> String {
    match serde_json::from_slice::<wire::Fault>(frame) {
        Ok(fault) => format!("the gateway answered {}: {}", fault.code, fault.detail),
        Err(_) => "the gateway answered with an error that cannot be read".into(),
    }
}
