//! What `rush run` reads of the gateway's frames; [`crate::wire`] has what the leaner commands
//! need. Borrowed from the frame.

use std::borrow::Cow;

use serde::Deserialize;

/// `outcomes`, and what is needed of `welcome`.
#[derive(Debug, Default, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
pub struct Outcomes<'a> {
    /// Position in the student's stream.
    #[serde(default)]
    pub sequence: u32,
    /// What became of each course.
    #[serde(borrow, default)]
    pub outcomes: Vec<OutcomeTold<'a>>,
    /// Of `welcome`: the journal position that it rests on.
    #[serde(default)]
    pub as_of: u64,
}

/// What is needed of her enrolments, over HTTP.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct AsOf {
    /// The journal position that they rest on.
    pub as_of: u64,
}

/// What is needed of a window in `welcome`.
#[derive(Debug, Deserialize)]
pub struct WindowState<'a> {
    /// Its key.
    #[serde(borrow)]
    pub key: Cow<'a, str>,
    /// `planned`, `open` or `closed`.
    #[serde(borrow)]
    pub state: Cow<'a, str>,
}

/// Windows, over HTTP.
#[derive(Debug, Deserialize)]
pub struct Windows<'a> {
    /// All of them.
    #[serde(borrow)]
    pub windows: Vec<WindowState<'a>>,
}

/// What became of one course of one request.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct OutcomeTold<'a> {
    /// The request.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Course code.
    #[serde(borrow)]
    pub course: Cow<'a, str>,
    /// `enrolled`, `waitlisted`, `refused`, `dropped` or `left_waitlist`.
    #[serde(borrow)]
    pub outcome: Cow<'a, str>,
    /// Section keys, when enrolled.
    #[serde(borrow, default)]
    pub sections: Vec<Cow<'a, str>>,
    /// Course kept, when waitlisted by a swap.
    #[serde(borrow, default)]
    pub keeps: Option<Cow<'a, str>>,
    /// Why, when refused.
    #[serde(borrow, default)]
    pub reason: Option<Cow<'a, str>>,
    /// Journal position.
    pub journal: u64,
    /// When it was decided, in milliseconds since the epoch.
    pub at: u64,
}

/// A `message` frame.
#[derive(Debug, Deserialize)]
pub struct Pushed<'a> {
    /// The message.
    #[serde(borrow)]
    pub message: Message<'a>,
    /// Position in her stream.
    #[serde(default)]
    pub sequence: u32,
}

/// A page of the message centre.
#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the wire's names")]
pub struct Messages<'a> {
    /// Newest first.
    #[serde(borrow)]
    pub messages: Vec<Message<'a>>,
    /// `before` of the next page.
    pub next: Option<u64>,
    /// The journal position that the page rests on.
    pub as_of: u64,
}

/// A message.
#[derive(Clone, Debug, Deserialize)]
pub struct Message<'a> {
    /// Journal position.
    pub journal: u64,
    /// Stable within the centre.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// When.
    pub at: u64,
    /// `promoted`, `passed_over`, …
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// Course code.
    #[serde(borrow, default)]
    pub course: Option<Cow<'a, str>>,
    /// Section keys.
    #[serde(borrow, default)]
    pub sections: Vec<Cow<'a, str>>,
    /// The course given up, of a promotion.
    #[serde(borrow, default)]
    pub about: Option<Cow<'a, str>>,
}

/// `armed`.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Armed {
    /// The ticket's number.
    pub ticket: u32,
}

/// `busy` and `error`.
#[derive(Debug, Deserialize)]
pub struct Answer<'a> {
    /// The request, where it had an id.
    #[serde(borrow, default)]
    pub id: Option<Cow<'a, str>>,
    /// How long to wait, of `busy`.
    #[serde(default)]
    pub retry_after_ms: u64,
    /// Stable name, of `error`.
    #[serde(borrow, default)]
    pub code: Cow<'a, str>,
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
    /// Course code.
    #[serde(borrow)]
    pub course: Cow<'a, str>,
    /// `likely`, `unlikely` or `full`.
    #[serde(borrow)]
    pub verdict: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read() {
        let text = r#"{"type":"outcomes","sequence":7,"unread":1,"outcomes":[{"id":"a","course":
            "A","outcome":"waitlisted","rank":2,"keeps":"B","journal":9,"at":5}]}"#;
        let frame: Outcomes = serde_json::from_str(text).unwrap();
        assert_eq!(frame.outcomes[0].keeps.as_deref(), Some("B"));
        let text = r#"{"type":"message","message":{"journal":4,"id":"4.0","at":1,"kind":"promoted",
            "course":"A","sections":["A/L"],"read":false},"unread":1,"sequence":3}"#;
        let frame: Pushed = serde_json::from_str(text).unwrap();
        assert_eq!((frame.message.sections.len(), frame.sequence), (1, 3));
        let answer: Answer = serde_json::from_str(r#"{"type":"busy","retry_after_ms":5}"#).unwrap();
        assert_eq!((answer.id, answer.retry_after_ms), (None, 5));
    }
}
