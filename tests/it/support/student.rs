//! A student with a real WebSocket and the verbs of the protocol.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use sluis::protocol::PROTOCOL_VERSION;
use sluis::protocol::client::{ClientMessage, CourseRequestDto};
use sluis::protocol::server::{MessageView, OutcomeView, ServerMessage, StudentView};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use uuid::Uuid;

use super::PATIENCE;

/// How a connection ended: the close frame's code and reason, if there was one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended(pub Option<(u16, String)>);

/// One tab of one student.
pub struct TestStudent {
    pub key: String,
    socket: WebSocketStream<TcpStream>,
    /// Everything heard, in order.
    pub log: Vec<ServerMessage>,
    outcomes: VecDeque<OutcomeView>,
    /// Last position of her stream that was heard.
    pub sequence: u32,
}

/// A request for a course, any section.
pub fn any(course: &str, waitlist: bool) -> CourseRequestDto {
    CourseRequestDto { course: course.to_owned(), choices: Vec::new(), waitlist }
}

impl TestStudent {
    /// Opens the socket; says nothing yet.
    pub async fn try_connect(
        gateway: SocketAddr,
        key: &str,
        token: &str,
    ) -> Result<Self, Box<Error>> {
        let mut request = format!("ws://{gateway}/ws").into_client_request().unwrap();
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        let stream = TcpStream::connect(gateway).await.map_err(|e| Box::new(Error::Io(e)))?;
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        let (log, outcomes) = (Vec::new(), VecDeque::new());
        Ok(Self { key: key.to_owned(), socket, log, outcomes, sequence: 0 })
    }

    pub async fn connect(gateway: SocketAddr, key: &str, token: &str) -> Self {
        let connected = timeout(PATIENCE, Self::try_connect(gateway, key, token)).await;
        connected.expect("a handshake in time").unwrap_or_else(|e| panic!("{key}: {e}"))
    }

    /// The first message, and the welcome that answers it.
    pub async fn hello(&mut self) -> StudentView {
        self.send(&ClientMessage::Hello { protocol: PROTOCOL_VERSION }).await;
        self.welcome().await
    }

    /// Comes back after a lost connection.
    pub async fn resume(&mut self, last_sequence: u32) -> StudentView {
        self.send(&ClientMessage::Resume { protocol: PROTOCOL_VERSION, last_sequence }).await;
        self.welcome().await
    }

    pub async fn welcome(&mut self) -> StudentView {
        self.expect("welcome", |message| match message {
            ServerMessage::Welcome(view) => Some(StudentView::clone(view)),
            _ => None,
        })
        .await
    }

    pub async fn try_send(&mut self, message: &ClientMessage) -> bool {
        let text = serde_json::to_string(message).unwrap();
        matches!(timeout(PATIENCE, self.socket.send(Message::text(text))).await, Ok(Ok(())))
    }

    pub async fn send(&mut self, message: &ClientMessage) {
        assert!(self.try_send(message).await, "{}: {message:?} cannot be sent", self.key);
    }

    /// The next message, or how the connection ended.
    pub async fn hear(&mut self) -> Result<ServerMessage, Ended> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let message: ServerMessage = serde_json::from_str(&text).unwrap();
                    self.note(&message);
                    return Ok(message);
                }
                Some(Ok(Message::Close(frame))) => {
                    // Let the library answer the close before the connection goes.
                    let _ = timeout(Duration::from_millis(200), self.socket.next()).await;
                    return Err(Ended(frame.map(|f| (f.code.into(), f.reason.to_string()))));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(Ended(None)),
            }
        }
    }

    fn note(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Outcomes { sequence, outcomes, .. } => {
                self.outcomes.extend(outcomes.iter().cloned());
                self.sequence = self.sequence.max(*sequence);
            }
            ServerMessage::Message { sequence, .. } | ServerMessage::Plan { sequence, .. } => {
                self.sequence = self.sequence.max(*sequence);
            }
            ServerMessage::Welcome(view) => self.sequence = self.sequence.max(view.sequence),
            _ => {}
        }
        self.log.push(message.clone());
    }

    /// The next message, which must come.
    pub async fn next(&mut self) -> ServerMessage {
        let Ok(heard) = timeout(PATIENCE, self.hear()).await else {
            panic!("{}: nothing heard; last: {:?}", self.key, self.log.last());
        };
        heard.unwrap_or_else(|e| panic!("{}: the socket ended: {e:?}", self.key))
    }

    /// Reads on until a message of the wanted kind.
    pub async fn expect<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&ServerMessage) -> Option<T>,
    ) -> T {
        let search = async {
            loop {
                let message = self.next().await;
                if let Some(found) = wanted(&message) {
                    return found;
                }
            }
        };
        let Ok(found) = timeout(PATIENCE, search).await else {
            panic!("{}: no {what}; heard {:?}", self.key, self.log);
        };
        found
    }

    /// Reads whatever comes within this time.
    pub async fn quiet(&mut self, time: Duration) -> Vec<ServerMessage> {
        let from = self.log.len();
        let _ = timeout(time, async { while self.hear().await.is_ok() {} }).await;
        self.log[from..].to_vec()
    }

    /// Reads until the connection ends.
    pub async fn ended(&mut self) -> Ended {
        let search = async {
            loop {
                if let Err(ended) = self.hear().await {
                    return ended;
                }
            }
        };
        timeout(PATIENCE, search).await.expect("the connection does not end")
    }

    /// The next outcome of this course that was not asked for before.
    pub async fn outcome(&mut self, course: &str) -> OutcomeView {
        loop {
            if let Some(at) = self.outcomes.iter().position(|o| o.course == course) {
                return self.outcomes.remove(at).unwrap();
            }
            self.expect("outcomes", |m| matches!(m, ServerMessage::Outcomes { .. }).then_some(()))
                .await;
        }
    }

    /// The next message of this kind in the message centre.
    pub async fn message(&mut self, kind: &str) -> MessageView {
        let wanted = |message: &ServerMessage| match message {
            ServerMessage::Message { message, .. } if message.kind == kind => Some(message.clone()),
            _ => None,
        };
        self.expect(kind, wanted).await
    }

    pub async fn error(&mut self) -> (String, String) {
        self.expect("error", |message| match message {
            ServerMessage::Error { code, detail, .. } => Some((code.clone(), detail.clone())),
            _ => None,
        })
        .await
    }

    /// Saves a plan; does not wait for the answer.
    pub async fn set_plan_unheard(&mut self, courses: &[CourseRequestDto]) {
        self.send(&ClientMessage::SetPlan { courses: courses.to_vec() }).await;
    }

    /// Saves a plan and waits until it is on disk.
    pub async fn set_plan(&mut self, courses: &[CourseRequestDto]) {
        self.set_plan_unheard(courses).await;
        self.expect("plan", |m| matches!(m, ServerMessage::Plan { .. }).then_some(())).await;
    }

    /// Takes a place in the line and waits for the ticket.
    pub async fn arm(&mut self, window: &str) -> u32 {
        self.send(&ClientMessage::Arm { id: Uuid::now_v7(), window: window.to_owned() }).await;
        let armed = |message: &ServerMessage| match message {
            ServerMessage::Armed { ticket, .. } => Some(*ticket),
            _ => None,
        };
        self.expect("armed", armed).await
    }

    pub async fn submit(&mut self, window: &str, courses: &[CourseRequestDto]) -> Uuid {
        let (id, window) = (Uuid::now_v7(), window.to_owned());
        let courses = (!courses.is_empty()).then(|| courses.to_vec());
        self.send(&ClientMessage::Submit { id, window, courses }).await;
        id
    }

    pub async fn drop_course(&mut self, course: &str) -> Uuid {
        let id = Uuid::now_v7();
        self.send(&ClientMessage::Drop { id, course: course.to_owned() }).await;
        id
    }

    pub async fn swap(&mut self, from: &str, to: CourseRequestDto) -> Uuid {
        let id = Uuid::now_v7();
        self.send(&ClientMessage::Swap { id, from: from.to_owned(), to }).await;
        id
    }

    /// Positions heard so far.
    pub fn positions(&self) -> Vec<u32> {
        let positions = self.log.iter().filter_map(|message| match message {
            ServerMessage::Position { position, .. } => Some(*position),
            _ => None,
        });
        positions.collect()
    }
}
