//! What the registrar reads, on the wire. Numbers that a page words itself are given as text.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::protocol::server::{
    EnrolmentView, MessageView, PlanView, TextView, WaitlistView, WindowView,
};

/// Windows and sections as they are now.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Board {
    /// All windows, in order of import.
    pub windows: Vec<BoardWindow>,
    /// A page of the sections found, in the order asked for.
    pub sections: Vec<BoardSection>,
    /// Sections found in all.
    pub total: u32,
    /// Journal position that this rests on.
    pub as_of: u64,
    /// Now, when it was read; up to about a second ago.
    pub server_time: u64,
}

/// A window, with how fast its line is served.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct BoardWindow {
    /// Tickets decided a second; `null` while nobody is served.
    pub rate: Option<f64>,
    /// The window; `waiting` is as of this board.
    #[serde(flatten)]
    pub window: WindowView,
}

/// A section's seats and what is asked of them.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct BoardSection {
    /// Section key.
    pub section: String,
    /// Course code.
    pub course: String,
    /// The course's name.
    pub name: TextView,
    /// Index of the component in its course, from 0.
    pub component: u8,
    /// `lecture`, `tutorial`, `practical` or `exam`.
    pub kind: String,
    /// Seats in force; `null` is unlimited.
    pub capacity: Option<u32>,
    /// Seats taken.
    pub taken: u32,
    /// Entries on the course's waitlist that accept this section.
    pub waitlisted: u32,
    /// Waiting in an open line with this section as first choice; who takes any section counts
    /// where the decision would put her now: most seats left first.
    pub in_line: u32,
    /// Seats granted a minute, less those given back: over the last minute, or since the start.
    pub per_minute: f64,
    /// `open`, `closed` or `cancelled`.
    pub status: String,
    /// Seats taken beyond the capacity.
    pub over_capacity: u32,
    /// (taken + waitlisted + in line) / capacity; a capacity of 0 counts as 1. `null`: unlimited.
    pub pressure: Option<f64>,
}

/// What the plans ask of each section, before the opening.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Demand {
    /// Window key.
    pub window: String,
    /// Armed for the window.
    pub armed: u32,
    /// Students whose plan asks for a course of the window that they have not got.
    pub students_with_plan: u32,
    /// Every section of the window's courses, in the order asked for.
    pub sections: Vec<DemandSection>,
    /// Journal position that this rests on.
    pub as_of: u64,
    /// Now, when it was read.
    pub server_time: u64,
}

/// What the plans ask of one section.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DemandSection {
    /// Section key.
    pub section: String,
    /// Course code.
    pub course: String,
    /// The course's name.
    pub name: TextView,
    /// `lecture`, `tutorial`, `practical` or `exam`.
    pub kind: String,
    /// Seats in force; `null` is unlimited.
    pub capacity: Option<u32>,
    /// Plans with this section as first choice; who takes any section counts where the decision
    /// would put her: most seats left first. Summed over a component: its plans.
    pub first_choices: u32,
    /// Plans that accept this section in any place.
    pub all_choices: u32,
    /// First choices beyond the seats left; all of them when it cannot be entered.
    pub shortage: u32,
}

/// Plans with something in their way.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanBlockers {
    /// Every reason that occurs, in order of precedence.
    pub reasons: Vec<ReasonCount>,
    /// A page of them, by student; those with the reason asked for.
    pub students: Vec<BlockedPlan>,
    /// How many there are in all pages.
    pub total: u32,
    /// Journal position that this rests on.
    pub as_of: u64,
    /// Now, when it was read.
    pub server_time: u64,
}

/// How many students a reason stands in the way of.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReasonCount {
    /// Stable name; the page has a text for each.
    pub reason: String,
    /// Students.
    pub students: u32,
}

/// What stands in the way of one course of one student's plan.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct BlockedPlan {
    /// Student number.
    pub student: String,
    /// Course code.
    pub course: String,
    /// Stable name of the reason.
    pub reason: String,
    /// The course, block code or number of credits that it is about.
    pub detail: Option<String>,
}

/// Whether all is ready for an opening.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// Window key.
    pub window: String,
    /// In a fixed order.
    pub checks: Vec<ReadinessCheck>,
    /// Journal position that this rests on.
    pub as_of: u64,
    /// Now, when it was read.
    pub server_time: u64,
}

/// One thing to look at before an opening.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReadinessCheck {
    /// Stable name; the page has a text for each. One of `window`, `closing`, `order`,
    /// `seed_hash`, `students`, `plans`, `armed`, `unlimited`, `no_seats`, `short`, `blocked`,
    /// `disk`, `snapshot`, `demo_sign_in`, `journal`.
    pub key: String,
    /// `ok`, `warn` or `fail`.
    pub state: String,
    /// What was found: a number, a time in milliseconds since 1970, a hash or a word.
    pub value: Option<String>,
    /// Out of what, or against what.
    pub of: Option<String>,
}

/// A capacity to try out.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewBody {
    /// Section key.
    pub section: String,
    /// Seats, 0 to 1,000,000; `null` is unlimited.
    #[serde(deserialize_with = "crate::http::admin::named")]
    #[schema(required)]
    pub capacity: Option<u32>,
}

/// What a capacity would lead to. Nothing is changed.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CapacityPreview {
    /// Seats in force; `null` is unlimited.
    pub capacity_now: Option<u32>,
    /// Seats taken now.
    pub taken: u32,
    /// Entries on the course's waitlist that accept this section now.
    pub waitlisted: u32,
    /// Students who would come from a waitlist into a course, here or where one gives up a place.
    pub promoted: u32,
    /// Seats left after that; `null` is unlimited.
    pub left: Option<u32>,
    /// Seats taken beyond the new capacity.
    pub over_capacity: u32,
}

/// Whose file.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StudentBody {
    /// Student number.
    pub student: String,
}

/// Everything about one student's registration.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct StudentFile {
    /// Student number.
    pub student: String,
    /// Programme key.
    pub programme: Option<String>,
    /// Year of study; 0 is unknown.
    pub year: u8,
    /// Codes of blocks.
    pub blocks: Vec<String>,
    /// Plan, with what stands in its way now.
    pub plan: PlanView,
    /// Places in lines.
    pub tickets: Vec<FileTicket>,
    /// Seats.
    pub enrolments: Vec<EnrolmentView>,
    /// Waitlist places.
    pub waitlists: Vec<WaitlistView>,
    /// What was decided, newest first: at most so many as are kept in view.
    pub outcomes: Vec<FileOutcome>,
    /// The message centre, newest first: its first page.
    pub messages: Vec<MessageView>,
    /// Journal position that this rests on.
    pub as_of: u64,
    /// Now.
    pub server_time: u64,
}

/// A place in a line.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FileTicket {
    /// Window key.
    pub window: String,
    /// Ticket number.
    pub ticket: u32,
    /// Waiting in its line.
    pub among: u32,
    /// Place in the line, from 1; `null` before the opening.
    pub position: Option<u32>,
}

/// Something that was decided of one course.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FileOutcome {
    /// Journal position: with the course it names the decision, as `why` asks for it.
    pub journal: u64,
    /// When.
    pub at: u64,
    /// The request; `null` when nobody asked for it, as in a promotion.
    pub request: Option<String>,
    /// Course code.
    pub course: String,
    /// `enrolled`, `waitlisted`, `refused`, `dropped`, `left_waitlist`, `promoted` or
    /// `passed_over`.
    pub outcome: String,
    /// Why, when refused or passed over.
    pub reason: Option<String>,
    /// What the reason is about; the rank, when waitlisted; the course given up, when promoted.
    pub about: Option<String>,
    /// Section keys, when enrolled or promoted.
    pub sections: Vec<String>,
    /// `ticket`, `submit`, `drop`, `leave`, `swap`, `waitlist` or `registrar`; `unknown` when its
    /// record cannot be read.
    pub via: String,
}

/// Which decision.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhyBody {
    /// Student number.
    pub student: String,
    /// Journal position, as in her file.
    pub journal: u64,
    /// Course code.
    pub course: String,
}

/// Why a course came out as it did, from the state just before that record.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Why {
    /// Journal position.
    pub journal: u64,
    /// When.
    pub at: u64,
    /// Course code.
    pub course: String,
    /// `enrolled`, `waitlisted`, `refused`, `dropped`, `left_waitlist`, `promoted` or
    /// `passed_over`.
    pub outcome: String,
    /// Why, when refused or passed over.
    pub reason: Option<String>,
    /// What the reason is about.
    pub about: Option<String>,
    /// Whose turn it was, and by which rule: `lottery`, `arrival` (a ticket's turn), `direct` (the
    /// line was empty), `swap`, `drop`, `leave` or `waitlist`.
    pub rule: String,
    /// The facts of that rule, then each check in order of precedence.
    pub steps: Vec<WhyStep>,
    /// Each section of the course as it was then.
    pub sections: Vec<WhySection>,
    /// The combinations looked at then, in her order, up to a bound.
    pub combinations: Vec<WhyCombination>,
    /// Combinations beyond that bound.
    pub more: u32,
    /// Whether what she accepted is known: the journal keeps an outright request only when it was
    /// waitlisted. Where it is not, any sections are taken.
    pub request_known: bool,
    /// Whether the rules give the same outcome today; `null` where there is nothing to decide.
    pub agrees: Option<bool>,
}

/// A fact or a check, as a stable key with its values.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct WhyStep {
    /// Facts: `window`, `ticket`, `drawn` (place in the draw, of how many), `served` (tickets
    /// decided before), `plan_place` (this course's place in her plan), `ahead` (of her on the
    /// waitlist). Checks: `has_place`, `has_already`, `window_covers`, `blocked`, `prerequisites`, `credits`,
    /// `open`, `clash`, `seats`, `waitlist`.
    pub key: String,
    /// `fact`, `passed`, `stopped` (what decided it) or `not_reached`.
    pub state: String,
    /// What was found, such as the credits that she had.
    pub value: Option<String>,
    /// Against what, such as the limit.
    pub of: Option<String>,
    /// What it is about: the course's credits, the course that it clashes with, the rank given on
    /// the waitlist (or `not_asked`, `not_offered`).
    pub about: Option<String>,
}

/// A section as it was then.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct WhySection {
    /// Section key.
    pub section: String,
    /// `lecture`, `tutorial`, `practical` or `exam`.
    pub kind: String,
    /// Her rank for it, from 1; 0: any section of the component; `null`: not accepted.
    pub rank: Option<u32>,
    /// Seats in force; `null` is unlimited.
    pub capacity: Option<u32>,
    /// Seats left; `null` is unlimited.
    pub left: Option<u32>,
    /// `open`, `closed` or `cancelled`.
    pub status: String,
    /// The course of hers that it clashes with.
    pub clash: Option<String>,
    /// Granted.
    pub granted: bool,
}

/// A combination as it was tried.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct WhyCombination {
    /// Section keys, one a component.
    pub sections: Vec<String>,
    /// `fits`, `full` or `clash`.
    pub state: String,
    /// The section that is full, or the course that it clashes with.
    pub about: Option<String>,
}
