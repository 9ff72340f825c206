//! The wire as this client sees it: only the fields that are needed, borrowed from the frame, and
//! the messages it sends. Written from the protocol's description, not shared with the gateway.

use std::borrow::Cow;
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Version spoken.
pub const PROTOCOL: u32 = 1;

/// What a frame is, told from its first bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Answer to `hello` and `resume`.
    Welcome,
    /// A place in a line without an order.
    Armed,
    /// The place was given back.
    Disarmed,
    /// A place in an open line.
    Position,
    /// What a plan can expect.
    Forecast,
    /// What became of requests.
    Outcomes,
    /// The plan as saved.
    Plan,
    /// New in the message centre.
    Message,
    /// A limit was reached; try again.
    Busy,
    /// Not accepted.
    Error,
    /// Any other.
    Other,
}

/// Looks at the beginning of a frame: the gateway writes the type first.
pub fn kind(frame: &[u8]) -> Kind {
    let Some(rest) = frame.strip_prefix(b"{\"type\":\"") else {
        return Kind::Other;
    };
    let end = rest.iter().position(|b| *b == b'"').unwrap_or(rest.len());
    match &rest[..end] {
        b"welcome" => Kind::Welcome,
        b"armed" => Kind::Armed,
        b"disarmed" => Kind::Disarmed,
        b"position" => Kind::Position,
        b"forecast" => Kind::Forecast,
        b"outcomes" => Kind::Outcomes,
        b"plan" => Kind::Plan,
        b"message" => Kind::Message,
        b"busy" => Kind::Busy,
        b"error" => Kind::Error,
        _ => Kind::Other,
    }
}

/// `outcomes`, and the part of `welcome` that is needed.
#[derive(Debug, Deserialize)]
pub struct Outcomes<'a> {
    /// Position in the student's stream.
    #[serde(default)]
    pub sequence: u32,
    /// What became of each course.
    #[serde(borrow, default)]
    pub outcomes: Vec<Outcome<'a>>,
}

/// What became of one course of one request.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
pub struct Outcome<'a> {
    /// The request.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Course code.
    #[serde(borrow)]
    pub course: Cow<'a, str>,
    /// `enrolled`, `refused`, …
    #[serde(borrow)]
    pub outcome: Cow<'a, str>,
    /// Section keys, when enrolled.
    #[serde(borrow, default)]
    pub sections: Vec<Cow<'a, str>>,
    /// Why, when refused.
    #[serde(borrow, default)]
    pub reason: Option<Cow<'a, str>>,
    /// Journal position: her receipt.
    pub journal: u64,
}

/// `position`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
pub struct Position {
    /// From 1.
    pub position: u32,
    /// Expected wait in seconds, at least.
    #[serde(default)]
    pub eta_low: Option<u32>,
    /// Expected wait in seconds, at most.
    #[serde(default)]
    pub eta_high: Option<u32>,
}

/// `forecast`.
#[derive(Debug, Deserialize)]
pub struct Forecast<'a> {
    /// One for each course.
    #[serde(borrow)]
    pub courses: Vec<CourseForecast<'a>>,
}

/// The forecast for one course.
#[derive(Debug, Deserialize)]
pub struct CourseForecast<'a> {
    /// `likely`, `unlikely` or `full`.
    #[serde(borrow)]
    pub verdict: Cow<'a, str>,
}

/// `busy`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Busy {
    /// Wait at least.
    pub retry_after_ms: u64,
}

/// `error`.
#[derive(Debug, Deserialize)]
pub struct Fault<'a> {
    /// Stable name.
    #[serde(borrow)]
    pub code: Cow<'a, str>,
    /// What to do.
    #[serde(borrow)]
    pub detail: Cow<'a, str>,
}

/// What a student sends.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Send<'a> {
    /// First message.
    Hello {
        /// [`PROTOCOL`].
        protocol: u32,
    },
    /// First message after a lost connection.
    Resume {
        /// [`PROTOCOL`].
        protocol: u32,
        /// Last sequence seen.
        last_sequence: u32,
    },
    /// Replaces the plan.
    SetPlan {
        /// Ranked, best first.
        courses: Vec<Course<'a>>,
    },
    /// Takes a place in the line.
    Arm {
        /// Request id.
        id: Uuid,
        /// Window key.
        window: &'a str,
    },
}

/// A course of a plan: any section, no waitlist.
#[derive(Debug, Serialize)]
pub struct Course<'a> {
    /// Its code.
    pub course: &'a str,
}

impl Send<'_> {
    /// As text.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("these types have a JSON form")
    }
}

/// The text of a `submit` of one course.
pub fn submit(id: &str, window: &str, course: &str) -> String {
    let mut text = String::with_capacity(160);
    let _ = write!(
        text,
        "{{\"type\":\"submit\",\"id\":\"{id}\",\"window\":\"{window}\",\
         \"courses\":[{{\"course\":\"{course}\"}}]}}"
    );
    text
}

/// The text of a `drop`.
pub fn drop_course(id: &str, course: &str) -> String {
    format!("{{\"type\":\"drop\",\"id\":\"{id}\",\"course\":\"{course}\"}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_told_from_the_first_bytes() {
        assert_eq!(kind(br#"{"type":"outcomes","sequence":1}"#), Kind::Outcomes);
        assert_eq!(kind(br#"{"type":"welcome","protocol":1}"#), Kind::Welcome);
        assert_eq!(kind(br#"{"type":"seats"}"#), Kind::Other);
        assert_eq!(kind(b"xxxx"), Kind::Other);
    }

    #[test]
    fn an_outcomes_frame_is_read_without_copies() {
        let text = br#"{"type":"outcomes","sequence":7,"outcomes":[{"id":"a","course":"198",
            "outcome":"enrolled","sections":["198/1"],"journal":9,"at":5},{"id":"a",
            "course":"2","outcome":"refused","reason":"full","journal":9,"at":5}]}"#;
        let frame: Outcomes = serde_json::from_slice(text).unwrap();
        assert_eq!(frame.sequence, 7);
        assert_eq!(frame.outcomes[0].sections, ["198/1"]);
        assert!(matches!(frame.outcomes[0].course, Cow::Borrowed("198")));
        assert_eq!(frame.outcomes[1].reason.as_deref(), Some("full"));
    }

    #[test]
    fn messages_have_their_stated_form() {
        let hello = Send::Hello { protocol: PROTOCOL }.text();
        assert_eq!(hello, r#"{"type":"hello","protocol":1}"#);
        let plan = Send::SetPlan { courses: vec![Course { course: "7" }] }.text();
        assert_eq!(plan, r#"{"type":"set_plan","courses":[{"course":"7"}]}"#);
        let arm = Send::Arm { id: Uuid::nil(), window: "w" }.text();
        let id = "00000000-0000-0000-0000-000000000000";
        assert_eq!(arm, format!(r#"{{"type":"arm","id":"{id}","window":"w"}}"#));
        for text in [submit("i", "w", "c"), drop_course("i", "c")] {
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
    }
}
