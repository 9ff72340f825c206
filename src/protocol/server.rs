//! Messages from the gateway, and the views that HTTP shares with them. Times are milliseconds
//! since the Unix epoch; `as_of` and `journal` are journal positions; `sequence` counts the
//! records that touched this student.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub use super::client::CourseRequestDto;

/// One text message to a client.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// Everything a client needs to draw the page; answer to `hello` and `resume`.
    Welcome(Box<StudentView>),
    /// A window changed.
    Window {
        /// As it is now.
        window: WindowView,
    },
    /// A place in a line that has no order yet.
    Armed {
        /// Window key.
        window: String,
        /// The ticket's number; with the seed, anyone can recompute its lot.
        ticket: u32,
        /// How many are armed.
        among: u32,
    },
    /// The place was given back, or the window closed before its turn.
    Disarmed {
        /// Window key.
        window: String,
    },
    /// A place in an open line. Only falls, unless the reason is told with it.
    Position {
        /// Window key.
        window: String,
        /// From 1.
        position: u32,
        /// Waiting in all.
        of: u32,
        /// Expected wait in seconds, at least; absent: not known yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        eta_low: Option<u32>,
        /// Expected wait in seconds, at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        eta_high: Option<u32>,
        /// Tickets decided since the opening.
        serving: u32,
    },
    /// What the plan can expect at its turn.
    Forecast {
        /// Window key.
        window: String,
        /// One for each course of the plan that the window covers.
        courses: Vec<ForecastView>,
    },
    /// Seats left of watched sections that changed; newest value wins.
    Seats {
        /// Journal position that these rest on.
        as_of: u64,
        /// What changed.
        sections: Vec<SeatsView>,
    },
    /// What became of requests: all of one student's in one commit.
    Outcomes {
        /// Position in her stream.
        sequence: u32,
        /// Unread messages in all.
        unread: u32,
        /// In the order decided.
        outcomes: Vec<OutcomeView>,
        /// Keys of the windows in whose line her place ended with these; absent: none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        served: Vec<String>,
    },
    /// Her rank on a waitlist changed.
    WaitlistRank {
        /// As it is now.
        entry: WaitlistView,
    },
    /// New in the message centre.
    Message {
        /// The message.
        message: MessageView,
        /// Unread in all.
        unread: u32,
        /// Position in her stream.
        sequence: u32,
    },
    /// The plan as saved, after a `set_plan` on any device, with what stands in its way.
    Plan {
        /// As saved.
        plan: PlanView,
        /// Position in her stream.
        sequence: u32,
    },
    /// Messages were read, on this device or another.
    Read {
        /// Journal position of the newest one read.
        up_to: u64,
        /// Unread messages in all.
        unread: u32,
        /// Position in her stream.
        sequence: u32,
    },
    /// What she prefers, after it was set on any device.
    Preferences {
        /// As saved.
        preferences: PreferencesView,
        /// Position in her stream.
        sequence: u32,
    },
    /// The registrar tells everybody who is connected something. It stands in no message centre.
    Announcement {
        /// Journal position.
        journal: u64,
        /// When.
        at: u64,
        /// What, in both languages.
        text: TextView,
    },
    /// A limit was reached and nothing was changed: send the same again after this long.
    Busy {
        /// The request, where it had an id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Uuid>,
        /// Wait at least.
        retry_after_ms: u32,
    },
    /// The message was not accepted and nothing was changed.
    Error {
        /// The request, where it had an id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Uuid>,
        /// Stable name; the page has a text for each.
        code: String,
        /// In English, what to do.
        detail: String,
    },
    /// Something was missed; a `welcome` follows.
    Resync {},
    /// Answer to `ping`.
    Pong {
        /// As sent.
        n: u64,
        /// Now.
        server_time: u64,
    },
}

/// A text in both languages.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TextView {
    /// Dutch.
    pub nl: String,
    /// English.
    pub en: String,
}

/// What a student prefers.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreferencesView {
    /// Language of the page, `nl` or `en`; `null`: as the browser has it.
    pub language: Option<String>,
    /// Whether the page may show browser notifications.
    pub notify: bool,
    /// About what: some of `outcomes`, `waitlists`, `windows`, `sections`, `results`. The message
    /// centre always has everything.
    pub topics: Vec<String>,
}

/// Everything about one student.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct StudentView {
    /// Protocol version spoken.
    pub protocol: u32,
    /// Now.
    pub server_time: u64,
    /// Her number: a page that was opened by somebody else is not shown this.
    pub student: String,
    /// Programme key.
    pub programme: Option<String>,
    /// Year of study; 0 is unknown.
    pub year: u8,
    /// All windows.
    pub windows: Vec<WindowView>,
    /// Her plan.
    pub plan: PlanView,
    /// Her seats.
    pub enrolments: Vec<EnrolmentView>,
    /// Her waitlist places.
    pub waitlist: Vec<WaitlistView>,
    /// Her places in lines.
    pub line: Vec<TicketView>,
    /// What became of each course she asked for: the latest, newest first.
    pub outcomes: Vec<OutcomeView>,
    /// Unread messages.
    pub unread: u32,
    /// Position in her stream: give it to `resume`.
    pub sequence: u32,
    /// Journal position that this rests on.
    pub as_of: u64,
}

/// A registration window.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct WindowView {
    /// Its key.
    pub key: String,
    /// Shown name.
    pub name: TextView,
    /// Term key.
    pub term: String,
    /// `planned`, `open` or `closed`.
    pub state: String,
    /// Open, and admits nobody for the moment: a submit takes a place in the line.
    pub paused: bool,
    /// Opens by itself then.
    pub opens_at: Option<u64>,
    /// Closes by itself then.
    pub closes_at: Option<u64>,
    /// `lottery` or `arrival`.
    pub order: String,
    /// Admissions a second; absent: as fast as they can be decided.
    pub pace: Option<u32>,
    /// `refuse` or `warn`.
    pub clash: String,
    /// Most credits enrolled in the term.
    pub credit_limit: Option<f64>,
    /// Whether full courses have a waitlist.
    pub waitlists: bool,
    /// Whether it is a rehearsal that can be run again.
    pub rehearsal: bool,
    /// How often it has been run again.
    pub run: u32,
    /// SHA-256 of the seed, in hex: known from the start.
    pub seed_hash: String,
    /// The seed, in hex: told once the window is open.
    pub seed: Option<String>,
    /// Waiting in its line (armed, before the opening).
    pub waiting: u32,
    /// What can be registered for: `courses` (of the term, not the exams that stand alone),
    /// `exams` (of the term, those that stand alone) or `only` (just the courses in `only`).
    pub scope: String,
    /// Course codes, when the scope is `only`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
}

/// A plan with what stands in its way right now.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PlanView {
    /// Ranked, best first.
    pub courses: Vec<CourseRequestDto>,
    /// Per course, everything that stands in its way.
    pub blockers: Vec<BlockersView>,
    /// Credits of all its courses.
    pub credits: f64,
}

/// What stands in the way of one course of a plan.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct BlockersView {
    /// Course code.
    pub course: String,
    /// In order of precedence.
    pub blockers: Vec<ReasonView>,
    /// Where a clash is told and stands in nobody's way: the course that it would clash with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clash: Option<String>,
}

/// A reason, as a stable key and what it is about.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReasonView {
    /// Stable name; the page has a text for each.
    pub reason: String,
    /// The course, block code or number of credits that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// A seat in each component of a course.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentView {
    /// Course code.
    pub course: String,
    /// Section keys, one a component.
    pub sections: Vec<String>,
    /// Journal position of the grant.
    pub journal: u64,
}

/// A place on a waitlist.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct WaitlistView {
    /// Course code.
    pub course: String,
    /// From 1, over all who wait for the course.
    pub rank: u32,
    /// For each section that she accepts by name: how many ahead of her accept it too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ahead: Vec<AheadView>,
    /// Course whose place is kept until promoted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps: Option<String>,
}

/// How many stand before her for one section.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct AheadView {
    /// Section key.
    pub section: String,
    /// Entries ahead that accept it.
    pub ahead: u32,
}

/// A place in a line.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TicketView {
    /// Window key.
    pub window: String,
    /// Ticket number.
    pub ticket: u32,
    /// Waiting in its line.
    pub among: u32,
}

/// What became of one course of one request.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct OutcomeView {
    /// The request.
    pub id: Uuid,
    /// Course code.
    pub course: String,
    /// `enrolled`, `waitlisted`, `refused`, `dropped` or `left_waitlist`.
    pub outcome: String,
    /// Section keys, when enrolled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<String>,
    /// When enrolled under the policy `warn`: clashes with something she has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clash: bool,
    /// Rank, when waitlisted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<u32>,
    /// Course whose place is kept, when waitlisted by a swap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeps: Option<String>,
    /// Of a swap: the course whose place was, or would have been, given for it; perhaps this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// Why, when refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the reason is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Journal position: together with the time, her receipt.
    pub journal: u64,
    /// When it was decided.
    pub at: u64,
}

/// A forecast for one course.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ForecastView {
    /// Course code.
    pub course: String,
    /// Seats left now in the scarcest component; absent: unlimited.
    pub seats_left: Option<u32>,
    /// `likely`, `unlikely` or `full`.
    pub verdict: String,
    /// Section keys that would have a seat at her turn.
    pub alternatives: Vec<String>,
}

/// Seats left of one section.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatsView {
    /// Section key.
    pub section: String,
    /// Seats left; absent: unlimited.
    pub left: Option<u32>,
    /// `open`, `closed` or `cancelled`.
    pub status: String,
}

/// A message in the message centre.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct MessageView {
    /// Journal position; `up_to` of the read mark.
    pub journal: u64,
    /// Stable within the student's centre: `journal.index`.
    pub id: String,
    /// When.
    pub at: u64,
    /// `enrolled`, `waitlisted`, `refused`, `dropped`, `left_waitlist`, `promoted`,
    /// `passed_over`, `capacity_changed`, `section_opened`, `section_closed`,
    /// `section_cancelled`, `ticket_ended`, `window_opened`, `window_closing`, `window_closed`,
    /// `window_reset`, `window_paused`, `window_resumed`, `result`, `result_corrected`,
    /// `registrar_enrolled`, `registrar_dropped`, `registrar_moved`, `blocked` or `unblocked`.
    pub kind: String,
    /// Course code, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<String>,
    /// Part of the course that a study result is of; absent: the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Of a study result: whether it was passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// Section keys that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<String>,
    /// Window key, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// Reason key, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the reason is about; a rank; a capacity; the course given up; a grade; a block's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Of a swap: the course whose place was, or would have been, given for it; perhaps this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// Why, in the registrar's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether it has been read.
    pub read: bool,
}
