//! Messages from a client. Unknown types and unknown fields are refused, with the nearest name.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One text message from a client. Request ids (`id`) are made by the client, are best UUIDv7,
/// and may be repeated: the same id with the same content gets the same answer.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// First message of a new session.
    Hello {
        /// [`super::PROTOCOL_VERSION`].
        protocol: u32,
    },
    /// First message after a lost connection.
    Resume {
        /// [`super::PROTOCOL_VERSION`].
        protocol: u32,
        /// Last `sequence` seen (of this student's stream).
        last_sequence: u32,
    },
    /// Replaces the plan. Never costs a place in the line.
    SetPlan {
        /// Ranked, best first.
        courses: Vec<CourseRequestDto>,
    },
    /// Takes a place in the window's line; the server submits the plan at the opening.
    Arm {
        /// Request id.
        id: Uuid,
        /// Window key.
        window: String,
    },
    /// Gives the place back.
    Disarm {
        /// Window key.
        window: String,
    },
    /// Submits now: the plan, or just these courses.
    Submit {
        /// Request id.
        id: Uuid,
        /// Window key.
        window: String,
        /// Instead of the plan.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        courses: Option<Vec<CourseRequestDto>>,
    },
    /// Gives the seats of a course back.
    Drop {
        /// Request id.
        id: Uuid,
        /// Course code.
        course: String,
    },
    /// Gives one place for another. `to.waitlist`: if full, wait and keep the old place.
    Swap {
        /// Request id.
        id: Uuid,
        /// Course code of the place given.
        from: String,
        /// What is wanted for it; may be the same course with other sections.
        to: CourseRequestDto,
    },
    /// Leaves a course's waitlist.
    LeaveWaitlist {
        /// Request id.
        id: Uuid,
        /// Course code.
        course: String,
    },
    /// Adds sections to those whose seats are pushed.
    Watch {
        /// Section keys.
        sections: Vec<String>,
    },
    /// Takes sections off.
    Unwatch {
        /// Section keys.
        sections: Vec<String>,
    },
    /// Answered by `pong`; also tells a browser that the connection lives.
    Ping {
        /// Returned as it is.
        #[serde(default)]
        n: u64,
    },
}

/// One course of a plan.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CourseRequestDto {
    /// Course code.
    pub course: String,
    /// One for each component, in catalogue order; left out: "any" for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<ChoiceDto>,
    /// Waitlist me if full.
    #[serde(default)]
    pub waitlist: bool,
}

/// Which sections of a component are acceptable: `"any"`, or a ranked list of section keys.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ChoiceDto {
    /// `"any"`.
    Any(AnyWord),
    /// Section keys, best first.
    Ranked(Vec<String>),
}

/// The word `any`.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnyWord {
    /// The word.
    Any,
}

impl ClientMessage {
    /// Its type: an index into [`CLIENT_TYPES`].
    pub const fn kind(&self) -> usize {
        match self {
            Self::Hello { .. } => 0,
            Self::Resume { .. } => 1,
            Self::SetPlan { .. } => 2,
            Self::Arm { .. } => 3,
            Self::Disarm { .. } => 4,
            Self::Submit { .. } => 5,
            Self::Drop { .. } => 6,
            Self::Swap { .. } => 7,
            Self::LeaveWaitlist { .. } => 8,
            Self::Watch { .. } => 9,
            Self::Unwatch { .. } => 10,
            Self::Ping { .. } => 11,
        }
    }
}

/// The types of [`ClientMessage`], for the hint in an error and for the metrics.
pub const CLIENT_TYPES: [&str; 12] = [
    "hello",
    "resume",
    "set_plan",
    "arm",
    "disarm",
    "submit",
    "drop",
    "swap",
    "leave_waitlist",
    "watch",
    "unwatch",
    "ping",
];
