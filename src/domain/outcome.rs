//! How the gateway answers. Three kinds of "no", never mixed: a [`Reason`] inside an [`Outcome`]
//! (journalled, final for its request), a [`Rejection`] (the command made no sense; nothing was
//! accepted) and, outside the domain, Busy and Fault.

use std::sync::Arc;

use super::ids::{CourseId, Credits, Key, SectionId};
use super::plan::{CourseRequest, PlanFault};

/// What became of one course of one request. Exactly one for each (student, request, course).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// She has a seat in each of these sections, in component order.
    Enrolled {
        /// One section a component.
        sections: Vec<SectionId>,
        /// Under the policy `warn`: these meetings clash with something she has.
        clash: bool,
    },
    /// She is on the offering's waitlist.
    Waitlisted {
        /// Her place on it, from 1.
        rank: u32,
        /// The combinations she accepts.
        request: Arc<CourseRequest>,
        /// The course whose place she keeps until promoted (a swap).
        keeps: Option<CourseId>,
    },
    /// Not granted.
    Refused(Reason),
    /// She gave her seats back.
    Dropped,
    /// She left the waitlist.
    LeftWaitlist,
}

/// Why a course was refused, in order of precedence: the first that holds is told.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// She has no seat in it (a drop, or a swap's old course).
    NotEnrolled,
    /// She is not on its waitlist.
    NotWaitlisted,
    /// She has a seat in it already (I7).
    AlreadyEnrolled,
    /// She is on its waitlist already (I7).
    AlreadyWaitlisted,
    /// The window does not cover the course.
    OutsideWindow,
    /// A `StudentBlock`; the code says whose.
    Blocked(Key),
    /// This course has not been completed.
    PrerequisiteMissing(Key),
    /// So many credits over the window's limit.
    CreditLimit(Credits),
    /// No combination of the sections she accepts is open.
    Closed,
    /// Every combination clashes; this is one course that it clashes with.
    Clash(CourseId),
    /// No combination has a seat in every component.
    Full,
    /// Full, and so is the waitlist.
    WaitlistFull,
}

impl Reason {
    /// The stable name: text key on the wire, label in the metrics.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::NotEnrolled => "not_enrolled",
            Self::NotWaitlisted => "not_waitlisted",
            Self::AlreadyEnrolled => "already_enrolled",
            Self::AlreadyWaitlisted => "already_waitlisted",
            Self::OutsideWindow => "outside_window",
            Self::Blocked(_) => "blocked",
            Self::PrerequisiteMissing(_) => "prerequisite_missing",
            Self::CreditLimit(_) => "credit_limit",
            Self::Closed => "closed",
            Self::Clash(_) => "clash",
            Self::Full => "full",
            Self::WaitlistFull => "waitlist_full",
        }
    }

    /// In words for the registrar, with what would help.
    fn words(&self) -> String {
        match self {
            Self::NotEnrolled => "she is not enrolled in this course".to_owned(),
            Self::NotWaitlisted => "she is not on this course's waitlist".to_owned(),
            Self::AlreadyEnrolled => "she is enrolled in this course; move her instead".to_owned(),
            Self::AlreadyWaitlisted => "she is on this course's waitlist".to_owned(),
            Self::OutsideWindow => "no window covers this course".to_owned(),
            Self::Blocked(code) => {
                format!("she is blocked ({code}); lift the block, or override her checks")
            }
            Self::PrerequisiteMissing(course) => {
                format!("she has not completed {course}; override her checks to enrol her")
            }
            Self::CreditLimit(over) => {
                format!("{over} credits over the limit; override her checks to enrol her")
            }
            Self::Closed => {
                "a section is closed or cancelled; open it, or override the checks of a closed one"
                    .to_owned()
            }
            Self::Clash(_) => {
                "it clashes with another course of hers; override her checks".to_owned()
            }
            Self::Full => "a section is full; raise its capacity, or go over it".to_owned(),
            Self::WaitlistFull => "the waitlist is full".to_owned(),
        }
    }

    /// Every key, for tables and metrics.
    pub const KEYS: [&'static str; 12] = [
        "not_enrolled",
        "not_waitlisted",
        "already_enrolled",
        "already_waitlisted",
        "outside_window",
        "blocked",
        "prerequisite_missing",
        "credit_limit",
        "closed",
        "clash",
        "full",
        "waitlist_full",
    ];
}

impl Outcome {
    /// The stable name: `outcome` on the wire, label in the metrics.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Enrolled { .. } => "enrolled",
            Self::Waitlisted { .. } => "waitlisted",
            Self::Refused(_) => "refused",
            Self::Dropped => "dropped",
            Self::LeftWaitlist => "left_waitlist",
        }
    }
}

/// Why a command was not accepted. Nothing was changed and nothing was journalled.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Rejection {
    /// No such student.
    #[error("no such student; the registrar imports students")]
    UnknownStudent,
    /// No such window.
    #[error("no such registration window")]
    UnknownWindow,
    /// No such course.
    #[error("no such course")]
    UnknownCourse,
    /// No such section.
    #[error("no such section")]
    UnknownSection,
    /// The window has not opened.
    #[error("the window is not open yet; arm your plan and it is submitted at the opening")]
    WindowNotOpen,
    /// The window is closed.
    #[error("the window is closed")]
    WindowClosed,
    /// The window is in another state than the action needs.
    #[error("the window is not in a state that allows this")]
    WindowState,
    /// Only a rehearsal can be run again.
    #[error("only a window that is marked as a rehearsal can be run again")]
    NotARehearsal,
    /// Nothing to submit.
    #[error("the plan has no course that this window covers; add one first")]
    PlanEmpty,
    /// The plan's shape is wrong.
    #[error("{0}")]
    Plan(#[from] PlanFault),
    /// She has a place in the line already.
    #[error("you are in the line already; change the plan, your place stays")]
    AlreadyInLine,
    /// She has no place in the line.
    #[error("you have no place in this line")]
    NotInLine,
    /// Others are in line: a swap now would pass them (I5).
    #[error("others are in line for this window; swap when the line has ended")]
    LineBusy,
    /// The same request id with another body (I3).
    #[error("this request id was used for something else; make a new id for a new request")]
    Conflict,
    /// Over [`crate::limits::REQUESTS_PER_STUDENT_MAX`] this term.
    #[error("too many requests this term; ask the registrar")]
    TooManyRequests,
    /// An import does not fit what is there; the text says where.
    #[error("{0}")]
    Import(String),
    /// A paused window decides nothing new.
    #[error("registration is paused; try again when it goes on")]
    WindowPaused,
    /// The registrar's act on a student is not possible as it stands.
    #[error("{}", .0.words())]
    Refused(Reason),
    /// Not one section of each component, or without its parent.
    #[error("give one section of each component of the course, in its order, with its lecture")]
    Sections,
    /// Over [`crate::limits::BLOCKS_MAX`] words of the registrar on one student's blocks.
    #[error("too many block codes for one student; use one that she has had")]
    TooManyBlocks,
}

impl Rejection {
    /// The stable name: error code on the wire, label in the metrics.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::UnknownStudent => "unknown_student",
            Self::UnknownWindow => "unknown_window",
            Self::UnknownCourse => "unknown_course",
            Self::UnknownSection => "unknown_section",
            Self::WindowNotOpen => "window_not_open",
            Self::WindowClosed => "window_closed",
            Self::WindowState => "window_state",
            Self::NotARehearsal => "not_a_rehearsal",
            Self::PlanEmpty => "plan_empty",
            Self::Plan(_) => "plan_invalid",
            Self::AlreadyInLine => "already_in_line",
            Self::NotInLine => "not_in_line",
            Self::LineBusy => "line_busy",
            Self::Conflict => "request_conflict",
            Self::TooManyRequests => "too_many_requests",
            Self::Import(_) => "import_invalid",
            Self::WindowPaused => "window_paused",
            Self::Refused(reason) => reason.key(),
            Self::Sections => "sections_invalid",
            Self::TooManyBlocks => "too_many_blocks",
        }
    }
}
