//! Version 1 of a state on disk. Frozen, like [`crate::journal::record`]'s.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{CourseId, RequestId, SectionId, Sequence, Timestamp, WindowId};
use crate::domain::registry::{WindowNotice, WindowNoticeKind};
use crate::domain::section::Section;
use crate::domain::student::Notice;
use crate::domain::window::{TicketState, WindowState};
use crate::journal::record::{
    CourseRequestV1, OutcomeV1, PlanV1, ProfileV1, ReasonV1, ResultV1, StatusV1, WindowRulesV1,
};
use crate::journal::wire::KeyV1;

/// What a block holds. The numbers are the format.
pub mod kind {
    /// [`super::HeadV1`], once, first.
    pub const HEAD: u8 = 1;
    /// Terms.
    pub const TERM: u8 = 2;
    /// Courses, by id.
    pub const COURSE: u8 = 3;
    /// Sections in the catalogue, by id.
    pub const SECTION: u8 = 4;
    /// Programmes.
    pub const PROGRAMME: u8 = 5;
    /// Windows, by id.
    pub const WINDOW: u8 = 6;
    /// Tickets, by window and number.
    pub const TICKET: u8 = 7;
    /// Students, by id, with their requests.
    pub const STUDENT: u8 = 8;
    /// Courses' sequences, by id.
    pub const BOOK: u8 = 9;
    /// Waitlist entries, by course and rank.
    pub const WAITING: u8 = 10;
    /// What windows told everybody.
    pub const NOTICE: u8 = 11;
    /// What an unfinished import has staged.
    pub const STAGED: u8 = 12;
    /// Seats, by section.
    pub const SEATS: u8 = 13;
    /// [`super::EndV1`], once, last.
    pub const END: u8 = 14;
    /// Students' accounts, by student; since version 2.
    pub const ACCOUNT: u8 = 15;
    /// How often the catalogue changed, once; since version 2.
    pub const CHANGES: u8 = 16;
    /// Windows that are paused; since version 3.
    pub const PAUSED: u8 = 17;
    /// The registrar's word on blocks, by student; since version 3.
    pub const OVERRIDES: u8 = 18;
    /// The latest acts, oldest first; since version 3.
    pub const ACT: u8 = 19;
    /// Swaps counted, once; since version 3.
    pub const SWAPS: u8 = 24;
    /// What is personal of students, sealed; since version 4.
    pub const SEALED: u8 = 25;
    /// An act done to a student, among the others in order; since version 4.
    pub const SEALED_ACT: u8 = 26;
    /// A student or a result that an import has staged, likewise; since version 4.
    pub const SEALED_ITEM: u8 = 27;
}

/// What comes first.
#[derive(Serialize, Deserialize)]
pub struct HeadV1 {
    pub sequence: u64,
    pub epoch: u32,
    pub students: u32,
    pub tickets_taken: u64,
    pub tickets_left: u64,
}

/// What comes last.
#[derive(PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EndV1 {
    pub terms: u32,
    pub courses: u32,
    pub sections: u32,
    pub students: u32,
    pub requests: u32,
    pub tickets: u32,
    pub waiting: u32,
    pub seats: u32,
}

/// A student.
#[derive(Serialize, Deserialize)]
pub struct StudentV1 {
    pub profile: ProfileV1,
    pub plan: PlanV1,
    pub enrolments: Vec<EnrolmentV1>,
    pub waiting: Vec<u32>,
    pub tickets: Vec<(u32, u32)>,
    pub sequence: u32,
    pub read_up_to: u64,
    pub memos: Vec<MemoV1>,
    pub inbox: Vec<InboxItemV1>,
}

/// A seat in every component.
#[derive(Serialize, Deserialize)]
pub struct EnrolmentV1 {
    pub course: u32,
    pub sections: Vec<u32>,
    pub window: u32,
    pub since: u64,
}

/// What a request led to.
#[derive(Serialize, Deserialize)]
pub struct MemoV1 {
    pub request: [u8; 16],
    pub body: [u8; 8],
    pub ticket: Option<(u32, u32)>,
    pub decided: Option<(u64, Vec<(u32, OutcomeV1)>)>,
}

/// One record in her message centre.
#[derive(Serialize, Deserialize)]
pub struct InboxItemV1 {
    pub sequence: u64,
    pub student_sequence: u32,
    pub at: u64,
    pub notice: NoticeV1,
}

/// What she was told.
#[derive(Serialize, Deserialize)]
pub enum NoticeV1 {
    /// Every outcome of the memo with this index, a notice each.
    Memo(u32),
    Outcome([u8; 16], u32, OutcomeV1),
    Promoted(u32, Vec<u32>, Option<u32>),
    PassedOver(u32, ReasonV1),
    CapacityChanged(u32, Option<u32>),
    SectionStatus(u32, StatusV1),
    TicketEnded(u32),
    /// Since version 2.
    Result(Box<ResultV1>, bool),
    /// Since version 3: a section's status, with the registrar's reason.
    SectionStatusBecause(u32, StatusV1, Box<str>),
    /// Since version 3: course, sections, moved, over capacity, and why.
    Placed(u32, Vec<u32>, bool, bool, Option<Box<str>>),
    /// Since version 3.
    Removed(u32, Option<Box<str>>),
    /// Since version 3.
    Block(KeyV1, bool, Option<Box<str>>),
    /// The outcome of a swap, and the course that was to be given for it. Since version 3.
    Swap([u8; 16], u32, OutcomeV1, u32),
}

/// A waitlist entry. Without a request, it is the one in the outcome that made it.
#[derive(Serialize, Deserialize)]
pub struct WaitingV1 {
    pub course: u32,
    pub student: u32,
    pub request: Option<CourseRequestV1>,
    pub request_id: [u8; 16],
    pub window: u32,
    pub since: u64,
    pub replaces: Option<u32>,
    pub told: Vec<ReasonV1>,
}

/// A window, without its tickets.
#[derive(Serialize, Deserialize)]
pub struct WindowV1 {
    pub rules: WindowRulesV1,
    pub state: WindowStateV1,
    pub run: u32,
    pub opened_at: Option<u64>,
    pub drawn: u32,
    pub waiting: u32,
}

#[derive(Serialize, Deserialize)]
pub enum WindowStateV1 {
    Planned,
    Open,
    Closed,
}

/// A place in a window's line.
#[derive(Serialize, Deserialize)]
pub struct TicketV1 {
    pub window: u32,
    pub student: u32,
    pub request: [u8; 16],
    pub plan: Option<PlanV1>,
    pub state: TicketStateV1,
}

#[derive(Serialize, Deserialize)]
pub enum TicketStateV1 {
    Waiting,
    Left,
    Decided,
}

/// What a window told everybody.
#[derive(Serialize, Deserialize)]
pub struct WindowNoticeV1 {
    sequence: u64,
    at: u64,
    window: u32,
    kind: WindowNoticeKindV1,
}

#[derive(Serialize, Deserialize)]
enum WindowNoticeKindV1 {
    Opened,
    Closing,
    Closed,
    Reset,
    /// Since version 3.
    Paused,
    /// Since version 3.
    Resumed,
}

/// The seats of a section.
#[derive(Serialize, Deserialize)]
pub struct SeatsV1 {
    id: u32,
    capacity: Option<u32>,
    taken: u32,
    status: StatusV1,
    oversold: u32,
}

impl From<&Section> for SeatsV1 {
    fn from(section: &Section) -> Self {
        Self {
            id: section.id.0,
            capacity: section.capacity,
            taken: section.taken,
            status: section.status.into(),
            oversold: section.oversold,
        }
    }
}

impl From<SeatsV1> for Section {
    fn from(seats: SeatsV1) -> Self {
        Self {
            id: SectionId(seats.id),
            capacity: seats.capacity,
            taken: seats.taken,
            status: seats.status.into(),
            oversold: seats.oversold,
        }
    }
}

impl From<&WindowNotice> for WindowNoticeV1 {
    fn from(notice: &WindowNotice) -> Self {
        Self {
            sequence: notice.sequence.0,
            at: notice.at.0,
            window: notice.window.0,
            kind: match notice.kind {
                WindowNoticeKind::Opened => WindowNoticeKindV1::Opened,
                WindowNoticeKind::Closing => WindowNoticeKindV1::Closing,
                WindowNoticeKind::Closed => WindowNoticeKindV1::Closed,
                WindowNoticeKind::Reset => WindowNoticeKindV1::Reset,
                WindowNoticeKind::Paused => WindowNoticeKindV1::Paused,
                WindowNoticeKind::Resumed => WindowNoticeKindV1::Resumed,
            },
        }
    }
}

impl From<WindowNoticeV1> for WindowNotice {
    fn from(notice: WindowNoticeV1) -> Self {
        Self {
            sequence: Sequence(notice.sequence),
            at: Timestamp(notice.at),
            window: WindowId(notice.window),
            kind: match notice.kind {
                WindowNoticeKindV1::Opened => WindowNoticeKind::Opened,
                WindowNoticeKindV1::Closing => WindowNoticeKind::Closing,
                WindowNoticeKindV1::Closed => WindowNoticeKind::Closed,
                WindowNoticeKindV1::Reset => WindowNoticeKind::Reset,
                WindowNoticeKindV1::Paused => WindowNoticeKind::Paused,
                WindowNoticeKindV1::Resumed => WindowNoticeKind::Resumed,
            },
        }
    }
}

impl From<WindowState> for WindowStateV1 {
    fn from(state: WindowState) -> Self {
        match state {
            WindowState::Planned => Self::Planned,
            WindowState::Open => Self::Open,
            WindowState::Closed => Self::Closed,
        }
    }
}

impl From<WindowStateV1> for WindowState {
    fn from(state: WindowStateV1) -> Self {
        match state {
            WindowStateV1::Planned => Self::Planned,
            WindowStateV1::Open => Self::Open,
            WindowStateV1::Closed => Self::Closed,
        }
    }
}

impl From<TicketState> for TicketStateV1 {
    fn from(state: TicketState) -> Self {
        match state {
            TicketState::Waiting => Self::Waiting,
            TicketState::Left => Self::Left,
            TicketState::Decided => Self::Decided,
        }
    }
}

impl From<TicketStateV1> for TicketState {
    fn from(state: TicketStateV1) -> Self {
        match state {
            TicketStateV1::Waiting => Self::Waiting,
            TicketStateV1::Left => Self::Left,
            TicketStateV1::Decided => Self::Decided,
        }
    }
}

impl From<&Notice> for NoticeV1 {
    fn from(notice: &Notice) -> Self {
        let numbers = |sections: &[SectionId]| sections.iter().map(|s| s.0).collect();
        match notice {
            Notice::Outcome { request, course, outcome, instead_of: None } => {
                Self::Outcome(request.0, course.0, outcome.into())
            }
            Notice::Outcome { request, course, outcome, instead_of: Some(from) } => {
                Self::Swap(request.0, course.0, outcome.into(), from.0)
            }
            Notice::Promoted { course, sections, replaces } => {
                Self::Promoted(course.0, numbers(sections), replaces.map(|c| c.0))
            }
            Notice::PassedOver { course, blocker } => Self::PassedOver(course.0, blocker.into()),
            Notice::CapacityChanged { section, capacity } => {
                Self::CapacityChanged(section.0, *capacity)
            }
            Notice::SectionStatus { section, status, reason: None } => {
                Self::SectionStatus(section.0, (*status).into())
            }
            Notice::SectionStatus { section, status, reason: Some(reason) } => {
                Self::SectionStatusBecause(section.0, (*status).into(), reason.clone())
            }
            Notice::Placed { course, sections, moved, over, reason } => {
                Self::Placed(course.0, numbers(sections), *moved, *over, reason.clone())
            }
            Notice::Removed { course, reason } => Self::Removed(course.0, reason.clone()),
            Notice::Block { code, blocked, reason } => {
                Self::Block(code.into(), *blocked, reason.clone())
            }
            Notice::TicketEnded { window } => Self::TicketEnded(window.0),
            Notice::Result { result, corrected } => {
                Self::Result(Box::new(result.as_ref().into()), *corrected)
            }
        }
    }
}

impl NoticeV1 {
    /// The notice, unless it refers to a memo, whose index it then is.
    pub fn into_notice(self) -> Result<Notice, usize> {
        Ok(match self {
            Self::Memo(index) => return Err(index as usize),
            Self::Outcome(request, course, outcome) => Notice::Outcome {
                request: RequestId(request),
                course: CourseId(course),
                outcome: outcome.into(),
                instead_of: None,
            },
            Self::Swap(request, course, outcome, from) => Notice::Outcome {
                request: RequestId(request),
                course: CourseId(course),
                outcome: outcome.into(),
                instead_of: Some(CourseId(from)),
            },
            Self::Promoted(course, numbers, replaces) => Notice::Promoted {
                course: CourseId(course),
                sections: numbers.into_iter().map(SectionId).collect(),
                replaces: replaces.map(CourseId),
            },
            Self::PassedOver(course, blocker) => {
                Notice::PassedOver { course: CourseId(course), blocker: blocker.into() }
            }
            Self::CapacityChanged(section, capacity) => {
                Notice::CapacityChanged { section: SectionId(section), capacity }
            }
            Self::SectionStatus(section, status) => Notice::SectionStatus {
                section: SectionId(section),
                status: status.into(),
                reason: None,
            },
            Self::SectionStatusBecause(section, status, reason) => Notice::SectionStatus {
                section: SectionId(section),
                status: status.into(),
                reason: Some(reason),
            },
            Self::Placed(course, numbers, moved, over, reason) => Notice::Placed {
                course: CourseId(course),
                sections: numbers.into_iter().map(SectionId).collect(),
                moved,
                over,
                reason,
            },
            Self::Removed(course, reason) => Notice::Removed { course: CourseId(course), reason },
            Self::Block(code, blocked, reason) => {
                Notice::Block { code: code.into(), blocked, reason }
            }
            Self::TicketEnded(window) => Notice::TicketEnded { window: WindowId(window) },
            Self::Result(result, corrected) => {
                Notice::Result { result: Arc::new((*result).into()), corrected }
            }
        })
    }
}
