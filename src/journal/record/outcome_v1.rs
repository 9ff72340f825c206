//! Version 1 of outcomes, reasons and plans on disk.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{CourseId, Credits, SectionId};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::plan::{Choice, CourseRequest, Plan};
use crate::domain::section::SectionStatus;
use crate::journal::wire::{KeyV1, list};

/// [`Outcome`] on disk.
#[derive(Serialize, Deserialize)]
pub enum OutcomeV1 {
    /// Enrolled without a clash.
    Enrolled(Vec<u32>),
    /// Enrolled with a clash.
    EnrolledClash(Vec<u32>),
    /// Rank, request, and the course whose place is kept.
    Waitlisted(u32, Box<CourseRequestV1>, Option<u32>),
    /// Refused.
    Refused(ReasonV1),
    /// Dropped.
    Dropped,
    /// Off the waitlist.
    LeftWaitlist,
}

/// [`Reason`] on disk.
#[derive(Serialize, Deserialize)]
pub enum ReasonV1 {
    /// No seat.
    NotEnrolled,
    /// No place.
    NotWaitlisted,
    /// A seat already.
    AlreadyEnrolled,
    /// A place already.
    AlreadyWaitlisted,
    /// Not this window's.
    OutsideWindow,
    /// By this block.
    Blocked(KeyV1),
    /// Without this course.
    PrerequisiteMissing(KeyV1),
    /// Over by so many hundredths.
    CreditLimit(u32),
    /// Not open.
    Closed,
    /// With this course.
    Clash(u32),
    /// No seat left.
    Full,
    /// No place left.
    WaitlistFull,
}

/// [`Choice`] on disk.
#[derive(Serialize, Deserialize)]
pub enum ChoiceV1 {
    /// Any.
    Any,
    /// These.
    Ranked(Vec<u32>),
}

/// [`CourseRequest`] on disk.
#[derive(Serialize, Deserialize)]
pub struct CourseRequestV1 {
    course: u32,
    waitlist: bool,
    choices: Vec<ChoiceV1>,
}

/// [`Plan`] on disk.
#[derive(Serialize, Deserialize)]
pub struct PlanV1(Vec<CourseRequestV1>);

/// [`SectionStatus`] on disk.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub enum StatusV1 {
    /// Open.
    Open,
    /// Closed.
    Closed,
    /// Cancelled.
    Cancelled,
}

/// Sections as numbers.
pub fn numbers(sections: &[SectionId]) -> Vec<u32> {
    sections.iter().map(|s| s.0).collect()
}

/// Numbers as sections.
pub fn sections(numbers: Vec<u32>) -> Vec<SectionId> {
    numbers.into_iter().map(SectionId).collect()
}

impl From<&Outcome> for OutcomeV1 {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Enrolled { sections, clash: false } => Self::Enrolled(numbers(sections)),
            Outcome::Enrolled { sections, clash: true } => Self::EnrolledClash(numbers(sections)),
            Outcome::Waitlisted { rank, request, keeps } => {
                let request = Box::new(request.as_ref().into());
                Self::Waitlisted(*rank, request, keeps.map(|c| c.0))
            }
            Outcome::Refused(reason) => Self::Refused(reason.into()),
            Outcome::Dropped => Self::Dropped,
            Outcome::LeftWaitlist => Self::LeftWaitlist,
        }
    }
}

impl From<OutcomeV1> for Outcome {
    fn from(outcome: OutcomeV1) -> Self {
        match outcome {
            OutcomeV1::Enrolled(numbers) => {
                Self::Enrolled { sections: sections(numbers), clash: false }
            }
            OutcomeV1::EnrolledClash(numbers) => {
                Self::Enrolled { sections: sections(numbers), clash: true }
            }
            OutcomeV1::Waitlisted(rank, request, keeps) => {
                let request = Arc::new((*request).into());
                Self::Waitlisted { rank, request, keeps: keeps.map(CourseId) }
            }
            OutcomeV1::Refused(reason) => Self::Refused(reason.into()),
            OutcomeV1::Dropped => Self::Dropped,
            OutcomeV1::LeftWaitlist => Self::LeftWaitlist,
        }
    }
}

impl From<&Reason> for ReasonV1 {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::NotEnrolled => Self::NotEnrolled,
            Reason::NotWaitlisted => Self::NotWaitlisted,
            Reason::AlreadyEnrolled => Self::AlreadyEnrolled,
            Reason::AlreadyWaitlisted => Self::AlreadyWaitlisted,
            Reason::OutsideWindow => Self::OutsideWindow,
            Reason::Blocked(code) => Self::Blocked(code.into()),
            Reason::PrerequisiteMissing(course) => Self::PrerequisiteMissing(course.into()),
            Reason::CreditLimit(over) => Self::CreditLimit(over.0),
            Reason::Closed => Self::Closed,
            Reason::Clash(course) => Self::Clash(course.0),
            Reason::Full => Self::Full,
            Reason::WaitlistFull => Self::WaitlistFull,
        }
    }
}

impl From<ReasonV1> for Reason {
    fn from(reason: ReasonV1) -> Self {
        match reason {
            ReasonV1::NotEnrolled => Self::NotEnrolled,
            ReasonV1::NotWaitlisted => Self::NotWaitlisted,
            ReasonV1::AlreadyEnrolled => Self::AlreadyEnrolled,
            ReasonV1::AlreadyWaitlisted => Self::AlreadyWaitlisted,
            ReasonV1::OutsideWindow => Self::OutsideWindow,
            ReasonV1::Blocked(code) => Self::Blocked(code.into()),
            ReasonV1::PrerequisiteMissing(course) => Self::PrerequisiteMissing(course.into()),
            ReasonV1::CreditLimit(over) => Self::CreditLimit(Credits(over)),
            ReasonV1::Closed => Self::Closed,
            ReasonV1::Clash(course) => Self::Clash(CourseId(course)),
            ReasonV1::Full => Self::Full,
            ReasonV1::WaitlistFull => Self::WaitlistFull,
        }
    }
}

impl From<&Choice> for ChoiceV1 {
    fn from(choice: &Choice) -> Self {
        match choice {
            Choice::Any => Self::Any,
            Choice::Ranked(sections) => Self::Ranked(numbers(sections)),
        }
    }
}

impl From<ChoiceV1> for Choice {
    fn from(choice: ChoiceV1) -> Self {
        match choice {
            ChoiceV1::Any => Self::Any,
            ChoiceV1::Ranked(numbers) => Self::Ranked(sections(numbers)),
        }
    }
}

impl From<&CourseRequest> for CourseRequestV1 {
    fn from(request: &CourseRequest) -> Self {
        let choices = list(&request.choices);
        Self { course: request.course.0, waitlist: request.waitlist, choices }
    }
}

impl From<CourseRequestV1> for CourseRequest {
    fn from(request: CourseRequestV1) -> Self {
        let choices = list(request.choices);
        Self { course: CourseId(request.course), waitlist: request.waitlist, choices }
    }
}

impl From<&Plan> for PlanV1 {
    fn from(plan: &Plan) -> Self {
        Self(list(plan.courses.iter().map(AsRef::as_ref)))
    }
}

impl From<PlanV1> for Plan {
    fn from(plan: PlanV1) -> Self {
        Self { courses: plan.0.into_iter().map(|r| Arc::new(r.into())).collect() }
    }
}

impl From<SectionStatus> for StatusV1 {
    fn from(status: SectionStatus) -> Self {
        match status {
            SectionStatus::Open => Self::Open,
            SectionStatus::Closed => Self::Closed,
            SectionStatus::Cancelled => Self::Cancelled,
        }
    }
}

impl From<StatusV1> for SectionStatus {
    fn from(status: StatusV1) -> Self {
        match status {
            StatusV1::Open => Self::Open,
            StatusV1::Closed => Self::Closed,
            StatusV1::Cancelled => Self::Cancelled,
        }
    }
}
