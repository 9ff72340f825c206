//! What a session does with a client's words: returns what to do, sends nothing. The socket
//! itself is in [`crate::http::ws`]. A session is first [`Connected`], then [`Identified`].

use std::borrow::Cow;
use std::sync::Arc;

use serde::Deserialize;
use uuid::Uuid;

use super::news::Public;
use crate::domain::command::Command;
use crate::domain::ids::{SectionId, StudentId};
use crate::limits;
use crate::protocol::PROTOCOL_VERSION;
use crate::protocol::client::{CLIENT_TYPES, ClientMessage, CourseRequestDto};
use crate::protocol::close::Close;
use crate::protocol::convert::{self, Unknown};
use crate::protocol::server::ServerMessage;

/// What the socket is to do.
#[derive(Debug)]
pub enum Action {
    /// Answer.
    Send(ServerMessage),
    /// Join the student's hub.
    Attach(Option<u32>),
    /// Give a command.
    Command(Option<Uuid>, Command),
    /// Push seats.
    Watch(Vec<SectionId>),
    /// Stop pushing seats.
    Unwatch(Vec<SectionId>),
    /// Close.
    Close(Close),
}

/// The client has said nothing yet.
#[derive(Clone, Copy, Debug)]
pub struct Connected {
    /// Who signed in.
    pub student: StudentId,
}

/// The client speaks our version and has been attached.
#[derive(Clone, Copy, Debug)]
pub struct Identified {
    student: StudentId,
}

/// Reads one text message, or says what is wrong with it and what to do.
pub fn parse(text: &str) -> Result<ClientMessage, ServerMessage> {
    serde_json::from_str(text).map_err(|error| {
        let mut detail = error.to_string();
        if let Some(hint) = nearest_type(text) {
            detail.push_str(&hint);
        }
        let detail: String = detail.chars().take(limits::ERROR_CHARS_MAX).collect();
        ServerMessage::Error { id: request_id(text), code: "message_invalid".to_owned(), detail }
    })
}

/// As how many messages one of so many bytes counts.
pub fn weight(bytes: usize) -> u32 {
    bytes.div_ceil(limits::MESSAGE_UNIT_BYTES).max(1) as u32
}

/// The request id of a message that is not carried out, so that its sender knows which. Floods are
/// asked for it too: nothing else of a message is kept while it is read.
pub fn request_id(text: &str) -> Option<Uuid> {
    #[derive(Deserialize)]
    struct Named {
        id: Uuid,
    }
    serde_json::from_str::<Named>(text).ok().map(|named| named.id)
}

fn nearest_type(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(borrow, rename = "type")]
        given: Cow<'a, str>,
    }
    let Typed { given } = serde_json::from_str(text).ok()?;
    let given = given.as_ref();
    if CLIENT_TYPES.contains(&given) {
        return None;
    }
    let near = CLIENT_TYPES.iter().min_by_key(|known| strsim::levenshtein(known, given))?;
    Some(format!("; did you mean {near:?}?"))
}

impl Connected {
    /// The first message must be `hello` or `resume` in our version.
    pub fn on_message(self, message: ClientMessage) -> Result<(Identified, Action), Action> {
        let (protocol, last_sequence) = match message {
            ClientMessage::Hello { protocol } => (protocol, None),
            ClientMessage::Resume { protocol, last_sequence } => (protocol, Some(last_sequence)),
            _ => {
                return Err(Action::Send(ServerMessage::Error {
                    id: None,
                    code: "hello_first".to_owned(),
                    detail: "say hello or resume first".to_owned(),
                }));
            }
        };
        if protocol != PROTOCOL_VERSION {
            return Err(Action::Close(Close::WrongVersion));
        }
        Ok((Identified { student: self.student }, Action::Attach(last_sequence)))
    }
}

impl Identified {
    /// Any later message.
    pub fn on_message(self, message: ClientMessage, public: &Public, now: u64) -> Action {
        match self.action(message, public, now) {
            Ok(action) => action,
            Err((id, unknown)) => Action::Send(ServerMessage::Error {
                id,
                code: unknown.key().to_owned(),
                detail: unknown.to_string(),
            }),
        }
    }

    fn action(
        self,
        message: ClientMessage,
        public: &Public,
        now: u64,
    ) -> Result<Action, (Option<Uuid>, Unknown)> {
        let student = self.student;
        let catalogue = &public.catalogue;
        let none = |unknown| (None, unknown);
        let course = |id, key: &str| convert::course_id(catalogue, key).map_err(|u| (Some(id), u));
        let plan = |dtos: &[CourseRequestDto]| convert::plan(catalogue, dtos).map(Arc::new);
        Ok(match message {
            ClientMessage::Hello { .. } | ClientMessage::Resume { .. } => {
                Action::Send(ServerMessage::Error {
                    id: None,
                    code: "hello_once".to_owned(),
                    detail: "this session is identified already".to_owned(),
                })
            }
            ClientMessage::Ping { n } => Action::Send(ServerMessage::Pong { n, server_time: now }),
            ClientMessage::SetPlan { courses } => {
                Action::Command(None, Command::SetPlan(student, plan(&courses).map_err(none)?))
            }
            ClientMessage::Arm { id, window } => {
                let Some(window) = public.window_id(&window) else {
                    return Ok(unknown_window(Some(id)));
                };
                let request = convert::request_id(id);
                Action::Command(Some(id), Command::Arm { student, window, request })
            }
            ClientMessage::Disarm { window } => match public.window_id(&window) {
                Some(window) => Action::Command(None, Command::Disarm(student, window)),
                None => unknown_window(None),
            },
            ClientMessage::Submit { id, window, courses } => {
                let Some(window) = public.window_id(&window) else {
                    return Ok(unknown_window(Some(id)));
                };
                let plan = courses.map(|c| plan(&c).map_err(|u| (Some(id), u))).transpose()?;
                let request = convert::request_id(id);
                let command = Command::Submit { student, window, request, plan, queue: false };
                Action::Command(Some(id), command)
            }
            ClientMessage::Drop { id, course: key } => {
                let (course, request) = (course(id, &key)?, convert::request_id(id));
                Action::Command(Some(id), Command::Drop { student, request, course })
            }
            ClientMessage::LeaveWaitlist { id, course: key } => {
                let (course, request) = (course(id, &key)?, convert::request_id(id));
                Action::Command(Some(id), Command::Leave { student, request, course })
            }
            ClientMessage::Swap { id, from, to } => {
                let from = course(id, &from)?;
                let to = convert::course_request(catalogue, &to).map_err(|u| (Some(id), u))?;
                let (to, request) = (Arc::new(to), convert::request_id(id));
                Action::Command(Some(id), Command::Swap { student, request, from, to })
            }
            ClientMessage::Watch { sections } => {
                Action::Watch(section_ids(public, &sections).map_err(none)?)
            }
            ClientMessage::Unwatch { sections } => {
                Action::Unwatch(section_ids(public, &sections).map_err(none)?)
            }
        })
    }
}

fn unknown_window(id: Option<Uuid>) -> Action {
    let rejection = crate::domain::outcome::Rejection::UnknownWindow;
    Action::Send(ServerMessage::Error {
        id,
        code: rejection.key().to_owned(),
        detail: rejection.to_string(),
    })
}

fn section_ids(public: &Public, keys: &[String]) -> Result<Vec<SectionId>, Unknown> {
    if keys.len() > limits::WATCHED_MAX {
        return Err(Unknown::TooMany(limits::WATCHED_MAX, "sections"));
    }
    keys.iter().map(|key| convert::section_id(&public.catalogue, key)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> (String, String) {
        match parse(text) {
            Err(ServerMessage::Error { code, detail, .. }) => (code, detail),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_wrong_word_gets_the_nearest_right_one() {
        let (code, detail) = error(r#"{"type":"sumbit","id":"x"}"#);
        assert_eq!(code, "message_invalid");
        assert!(detail.contains("did you mean \"submit\"?"), "{detail}");
        assert!(error(r#"{"type":"hello","protocol":1,"x":2}"#).1.contains("unknown field `x`"));
        assert!(error("[").1.contains("EOF"));
    }

    #[test]
    fn a_long_message_counts_as_several() {
        let unit = limits::MESSAGE_UNIT_BYTES;
        let counted = [0, 1, unit, unit + 1, limits::MESSAGE_BYTES_MAX].map(weight);
        assert_eq!(counted, [1, 1, 1, 2, 8]);
    }

    #[test]
    fn the_id_of_a_message_is_read_wherever_it_stands() {
        let (id, many) = (Uuid::now_v7(), "1,".repeat(8_000));
        let read =
            |id: &str| request_id(&format!(r#"{{"n":[{many}1],"id":{id},"more":{{"id":2}}}}"#));
        assert_eq!(read(&format!(r#""{id}""#)), Some(id));
        for none in ["7", "null", r#""x""#, "[]"] {
            assert_eq!(read(none), None, "{none}");
        }
        assert_eq!(request_id("["), None);
    }

    #[test]
    fn hello_comes_first_and_in_our_version() {
        let connected = Connected { student: StudentId(7) };
        let hello = |protocol| ClientMessage::Hello { protocol };
        assert!(matches!(
            connected.on_message(hello(PROTOCOL_VERSION)),
            Ok((_, Action::Attach(None)))
        ));
        assert!(matches!(
            connected.on_message(hello(PROTOCOL_VERSION + 1)),
            Err(Action::Close(Close::WrongVersion))
        ));
        let ping = ClientMessage::Ping { n: 1 };
        assert!(matches!(connected.on_message(ping), Err(Action::Send(_))));
    }
}
