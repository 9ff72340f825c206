//! Against a stand-in for the gateway, which does what the real one cannot be made to do at will:
//! it answers a submit with `busy`, and it tells an outcome to nobody until she asks.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::Message;

use super::support::{Place, stderr};

const RETRY: Duration = Duration::from_millis(300);

/// What it does with a submit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Submits {
    /// `busy` when it comes for the first time, then its outcome.
    BusyFirst,
    /// Decides, and says so in the next welcome only.
    Silent,
}

/// The gateway's state, of one student at a time.
struct State {
    submits: Submits,
    /// When each request was first sent.
    first: HashMap<String, Instant>,
    decided: Vec<Value>,
}

impl State {
    fn decide(&mut self, id: &str) -> Value {
        let outcome = json!({
            "id": id, "course": "A", "outcome": "enrolled", "sections": ["A/1"],
            "journal": self.decided.len() + 1, "at": 1,
        });
        self.decided.push(outcome.clone());
        outcome
    }

    fn answer(&mut self, frame: &Value) -> Option<Value> {
        let id = frame["id"].as_str().unwrap_or_default().to_owned();
        match (frame["type"].as_str(), self.submits) {
            (Some("hello" | "resume"), submits) => {
                let told: &[Value] = if submits == Submits::Silent { &self.decided } else { &[] };
                let as_of = self.decided.len();
                Some(json!({ "type": "welcome", "sequence": 0, "outcomes": told, "as_of": as_of }))
            }
            (Some("submit"), Submits::Silent) => {
                self.decide(&id);
                None
            }
            (Some("submit"), Submits::BusyFirst) => Some(self.busy_first(&id)),
            _ => Some(json!({ "type": "pong" })),
        }
    }

    /// The first `busy` names the request; the second does not, as from a gateway that has not
    /// read what it refuses.
    fn busy_first(&mut self, id: &str) -> Value {
        match self.first.get(id).map(Instant::elapsed) {
            None => {
                let mut busy =
                    json!({ "type": "busy", "retry_after_ms": RETRY.as_millis() as u64 });
                if self.first.is_empty() {
                    busy["id"] = id.into();
                }
                self.first.insert(id.to_owned(), Instant::now());
                busy
            }
            Some(after) if after < RETRY => {
                json!({ "type": "error", "id": id, "code": "too_early", "detail": "-" })
            }
            Some(_) => json!({ "type": "outcomes", "sequence": 1, "outcomes": [self.decide(id)] }),
        }
    }
}

fn run(place: &Place, tokens: &str, submits: Submits) -> (Output, Value, Arc<Mutex<State>>) {
    place.write("tokens.tsv", tokens);
    place.edit(
        "courses = 6\ngroups = 2\nrequests_per_student = 2",
        "courses = 1\nrequests_per_student = 1",
    );
    place.edit("waitlists = true", "key = \"w\"");
    place.edit("two_tabs = 0.1\ndrop_later = 0.2\nswap_later = 0.1\n", "");
    place.edit("armed = 0.5", "armed = 0.0");
    place.edit("leave_line = 0.05\n", "");
    place.write_more("[generator]\nlag_ms_max = 2000\n");
    let state = State { submits, first: HashMap::new(), decided: Vec::new() };
    let state = Arc::new(Mutex::new(state));
    let url = format!("http://{}", stand_in(Arc::clone(&state)));
    let mut command = place.command(&["--target", &url]);
    let output = command.arg("--token-file").arg(place.path("tokens.tsv")).output().unwrap();
    (output, place.summary(), state)
}

#[test]
fn a_submit_that_was_answered_busy_is_sent_again_under_its_id() {
    let place = Place::new();
    let (output, summary, state) = run(&place, "s1\tt1\ns2\tt2\n", Submits::BusyFirst);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(summary["outcomes"], json!({ "enrolled": 2 }));
    assert_eq!((&summary["figures"]["busy"], &summary["errors"]), (&2.0.into(), &json!({})));
    assert_eq!(summary["audit"]["violations"], 0, "{summary}");
    assert_eq!(state.lock().unwrap().first.len(), 2, "each under the id that it had");
}

#[test]
fn an_outcome_that_she_hears_only_by_looking_again_is_told_late() {
    let place = Place::new();
    place.edit("duration = \"20s\"", "duration = \"2s\"");
    let (output, summary, _) = run(&place, "s1\tt1\n", Submits::Silent);
    assert_eq!(output.status.code(), Some(99), "{}", stderr(&output));
    assert!(stderr(&output).contains("1 thresholds missed: told_late == 0"), "{}", stderr(&output));
    assert_eq!(summary["outcomes"], json!({ "enrolled": 1 }));
    assert_eq!(
        (&summary["figures"]["told_late"], &summary["audit"]["violations"]),
        (&1.0.into(), &0.into())
    );
    let named = Place::new();
    named.edit("duration = \"20s\"", "duration = \"2s\"");
    named.edit("\"errors == 0\"", "\"errors == 0\", \"told_late <= 1\"");
    let (output, ..) = run(&named, "s1\tt1\n", Submits::Silent);
    assert!(output.status.success(), "another bound may be named: {}", stderr(&output));
}

/// The type stands first, as in the gateway's frames.
fn text(answer: &Value) -> String {
    let mut rest = answer.clone();
    let kind = rest.as_object_mut().unwrap().remove("type").unwrap();
    let rest = rest.to_string();
    let comma = if rest == "{}" { "" } else { "," };
    format!("{{\"type\":{kind}{comma}{}", &rest[1..])
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut head = [0; 2048];
    let n = stream.peek(&mut head).await.unwrap_or(0);
    let head = String::from_utf8_lossy(&head[..n]).into_owned();
    if head.starts_with("GET /ws") {
        let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
        while let Some(Ok(Message::Text(frame))) = socket.next().await {
            let frame = serde_json::from_str(&frame).unwrap();
            let answer = state.lock().unwrap().answer(&frame);
            if let Some(answer) = answer {
                let _ = socket.send(Message::text(text(&answer))).await;
            }
        }
        return;
    }
    let path = head.split(' ').nth(1).unwrap_or_default();
    let body = match path.split('?').next() {
        Some("/api/catalogue") => json!({ "courses": [{ "key": "A", "part_of": null,
            "components": [{ "sections": [{ "key": "A/1", "parent": null, "capacity": 3 }] }] }] }),
        Some("/api/windows") => json!({ "windows": [{ "key": "w", "state": "open" }] }),
        Some("/api/enrolments") => json!({ "as_of": state.lock().unwrap().decided.len() }),
        _ => json!({}),
    };
    let (body, mut read) = (body.to_string(), [0; 2048]);
    let length = body.len();
    let answer =
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    let _ = stream.read(&mut read).await;
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// Starts it.
fn stand_in(state: Arc<Mutex<State>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::task::spawn_local(serve(stream, Arc::clone(&state)));
            }
        });
    });
    address
}
