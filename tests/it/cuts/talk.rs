//! One student in a conversation, frame by frame, whose connection is cut somewhere.

use std::collections::BTreeMap;
use std::net::{Shutdown, SocketAddr};

use sluis::protocol::PROTOCOL_VERSION;
use sluis::protocol::client::ClientMessage;
use sluis::protocol::server::{MessageView, OutcomeView, ServerMessage, StudentView};
use uuid::Uuid;

use crate::support::Raw;
use crate::support::raw::{CLOSE, FIN, TEXT, masked};

/// Where a connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    Never,
    /// After so many frames were sent.
    Sent(usize),
    /// After so many frames were read.
    Read(usize),
    /// Of this frame only so many eighths are sent, and at least a byte.
    Within(usize, usize),
}

/// What she has: courses with a seat, courses that she waits for.
pub type Has = (Vec<String>, Vec<String>);

/// One frame of a conversation, and what she has once it is answered.
pub struct Line {
    /// Nothing: somebody else gives a seat up, and she hears that she is promoted.
    says: Option<ClientMessage>,
    then: Has,
}

pub fn line(says: impl Into<Option<ClientMessage>>, seats: &[&str], waits: &[&str]) -> Line {
    let owned = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
    Line { says: says.into(), then: (owned(seats), owned(waits)) }
}

fn request_of(message: &ClientMessage) -> Option<Uuid> {
    match message {
        ClientMessage::Submit { id, .. }
        | ClientMessage::Swap { id, .. }
        | ClientMessage::LeaveWaitlist { id, .. }
        | ClientMessage::Drop { id, .. } => Some(*id),
        _ => None,
    }
}

/// Whether this is what she waits for after having said that, or nothing.
fn answers(said: Option<&ClientMessage>, heard: &ServerMessage) -> bool {
    let Some(said) = said else {
        return matches!(heard, ServerMessage::Message { message, .. } if message.kind == "promoted");
    };
    match (said, heard) {
        (ClientMessage::Hello { .. } | ClientMessage::Resume { .. }, ServerMessage::Welcome(_))
        | (ClientMessage::SetPlan { .. }, ServerMessage::Plan { .. })
        | (ClientMessage::Arm { .. }, ServerMessage::Armed { .. })
        | (ClientMessage::Ping { .. }, ServerMessage::Pong { .. }) => true,
        (said, ServerMessage::Outcomes { outcomes, .. }) => {
            request_of(said).is_some_and(|id| outcomes.iter().any(|o| o.id == id))
        }
        _ => false,
    }
}

/// A student in a conversation, over all her connections.
pub struct Talk {
    pub gateway: SocketAddr,
    pub token: String,
    pub cut: Cut,
    pub sent: usize,
    pub read: usize,
    /// The last position of her stream that she was told of.
    sequence: u32,
    pub told: BTreeMap<(Uuid, String), OutcomeView>,
    pub messages: BTreeMap<String, MessageView>,
    pub tickets: Vec<u32>,
    welcome: Option<StudentView>,
}

/// The connection is cut.
pub struct IsCut;

impl Talk {
    pub fn new(gateway: SocketAddr, token: String, cut: Cut) -> Self {
        let (told, messages, tickets) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        Self {
            gateway,
            token,
            cut,
            sent: 0,
            read: 0,
            sequence: 0,
            told,
            messages,
            tickets,
            welcome: None,
        }
    }

    /// Says something and reads until it is answered, or until the connection is cut.
    pub fn exchange(&mut self, raw: &mut Raw, says: Option<&ClientMessage>) -> Result<(), IsCut> {
        match says {
            Some(says) => self.say(raw, says)?,
            None if self.messages.values().any(|message| message.kind == "promoted") => {
                return Ok(());
            }
            None => {}
        }
        loop {
            let (kind, payload) = raw.read().expect("the gateway ends no connection here");
            assert_ne!(kind, CLOSE, "{says:?}: {payload:?}");
            if kind != TEXT {
                continue;
            }
            let heard: ServerMessage = serde_json::from_slice(&payload).unwrap();
            self.read += 1;
            self.note(&heard);
            if self.cut == Cut::Read(self.read) {
                return Err(IsCut);
            }
            if answers(says, &heard) {
                return Ok(());
            }
        }
    }

    fn say(&mut self, raw: &mut Raw, says: &ClientMessage) -> Result<(), IsCut> {
        let frame = masked(FIN | TEXT, serde_json::to_string(says).unwrap().as_bytes());
        self.sent += 1;
        if let Cut::Within(nth, eighths) = self.cut
            && nth == self.sent
        {
            let part = (frame.len() * eighths / 8).max(1);
            raw.bytes(&frame[..part]).unwrap();
            return Err(IsCut);
        }
        raw.bytes(&frame).unwrap();
        if self.cut == Cut::Sent(self.sent) { Err(IsCut) } else { Ok(()) }
    }

    fn note(&mut self, heard: &ServerMessage) {
        match heard {
            ServerMessage::Welcome(view) => {
                self.sequence = self.sequence.max(view.sequence);
                self.welcome = Some(StudentView::clone(view));
            }
            ServerMessage::Outcomes { sequence, outcomes, .. } => {
                self.sequence = self.sequence.max(*sequence);
                for outcome in outcomes {
                    let key = (outcome.id, outcome.course.clone());
                    let before = self.told.insert(key, outcome.clone());
                    assert!(before.is_none_or(|before| before == *outcome), "{outcome:?}");
                }
            }
            ServerMessage::Message { message, sequence, .. } => {
                self.sequence = self.sequence.max(*sequence);
                let before = self.messages.insert(message.id.clone(), message.clone());
                assert!(before.is_none(), "told twice: {message:?}");
            }
            ServerMessage::Plan { sequence, .. } => self.sequence = self.sequence.max(*sequence),
            ServerMessage::Armed { ticket, .. } => self.tickets.push(*ticket),
            ServerMessage::Error { .. } | ServerMessage::Busy { .. } => panic!("{heard:?}"),
            _ => {}
        }
    }

    fn has(&self) -> Has {
        let view = self.welcome.as_ref().expect("she was welcomed");
        let mut seats: Vec<_> = view.enrolments.iter().map(|e| e.course.clone()).collect();
        seats.sort_unstable();
        (seats, view.waitlist.iter().map(|w| w.course.clone()).collect())
    }

    fn was_told(&self, line: &Line) -> bool {
        let id = line.says.as_ref().and_then(request_of);
        self.told.keys().any(|(told, _)| Some(*told) == id)
    }

    /// Holds the conversation, over as many connections as it takes. `gives_up`: what somebody
    /// else does once she waits, whether she is there or has just been cut.
    pub fn hold(&mut self, lines: &[Line], gives_up: impl Fn()) {
        let nothing = Has::default();
        let has = |done: usize| done.checked_sub(1).map_or(&nothing, |last| &lines[last].then);
        let hears = lines.iter().position(|line| line.says.is_none());
        let (mut done, mut given, mut last_sequence) = (0, false, None);
        let (planned, mut under_way) = (self.cut, false);
        while done < lines.len() {
            let mut raw = Raw::open(self.gateway, &self.token);
            let protocol = PROTOCOL_VERSION;
            let first = match last_sequence {
                None => ClientMessage::Hello { protocol },
                Some(last_sequence) => ClientMessage::Resume { protocol, last_sequence },
            };
            if self.exchange(&mut raw, Some(&first)).is_ok() {
                // What was under way may have been carried out, but for half a frame.
                let least = hears.filter(|_| given).map_or(done, |at| done.max(at + 1));
                let found = self.has();
                let next = under_way && least < lines.len() && found == *has(least + 1);
                assert!(found == *has(least) || next, "{planned:?}: {found:?} after {least}");
                while done < lines.len() {
                    if hears == Some(done) && !std::mem::replace(&mut given, true) {
                        gives_up();
                    }
                    if self.exchange(&mut raw, lines[done].says.as_ref()).is_err() {
                        break;
                    }
                    done += 1;
                }
            }
            // A plan has no id: one that is on its way would replace a newer one if it came late.
            if matches!(lines.get(done).map(|l| &l.says), Some(Some(ClientMessage::SetPlan { .. })))
            {
                raw.socket().shutdown(Shutdown::Write).unwrap();
                while raw.read().is_some() {}
            }
            drop(raw);
            last_sequence = Some(self.sequence);
            if done < lines.len() {
                // She is cut once, and comes back.
                self.cut = Cut::Never;
                under_way = matches!(planned, Cut::Sent(_) | Cut::Read(_));
                if !given && hears.is_some_and(|at| self.was_told(&lines[at - 1])) {
                    given = true;
                    gives_up();
                }
            }
        }
    }

    /// Sends every request once more; what she is told is what she was told.
    pub fn again(&mut self, lines: &[Line]) {
        let (before, tickets) = (self.told.clone(), self.tickets.clone());
        self.cut = Cut::Never;
        let mut raw = Raw::hello(self.gateway, &self.token);
        let says = lines.iter().filter_map(|line| line.says.as_ref());
        for says in says.filter(|says| !matches!(says, ClientMessage::SetPlan { .. })) {
            assert!(self.exchange(&mut raw, Some(says)).is_ok());
        }
        assert_eq!(self.told, before);
        assert!(self.tickets.iter().all(|ticket| Some(ticket) == tickets.first()), "{tickets:?}");
    }
}
