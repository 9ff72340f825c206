//! What happened. One event is one journal record; state is a fold of these.

use std::sync::Arc;

use super::account::{DeviceId, Preferences};
use super::acts::Act;
use super::catalogue::{Item, Text};
use super::ids::{
    CourseId, Key, RequestId, SectionId, Sequence, StudentId, Ticket, Timestamp, WindowId,
};
use super::outcome::{Outcome, Reason};
use super::plan::Plan;
use super::section::SectionStatus;

/// By which way a decision came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    /// A ticket's turn in the line.
    Ticket(WindowId, Ticket),
    /// A submit that found the line empty.
    Submit(WindowId),
    /// A drop.
    Drop,
    /// Leaving a waitlist.
    Leave,
    /// A swap; the old place is in `from`.
    Swap {
        /// The window whose rules held.
        window: WindowId,
        /// The course whose place is given for the new one.
        from: CourseId,
    },
}

impl Via {
    /// The course whose place is given for the one decided, in a swap.
    pub const fn instead_of(&self) -> Option<CourseId> {
        match self {
            Self::Swap { from, .. } => Some(*from),
            Self::Ticket(..) | Self::Submit(_) | Self::Drop | Self::Leave => None,
        }
    }
}

/// A fact, in the journal before anybody is told.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// An import begins; what was staged and never completed is forgotten.
    ImportBegun,
    /// Part of an import, staged.
    ImportItem(Item),
    /// The staged items, this many, take effect together.
    ImportApplied {
        /// How many.
        items: u32,
    },
    /// A window's planned times change.
    WindowScheduled {
        /// Which.
        window: WindowId,
        /// Opens by itself then.
        opens_at: Option<Timestamp>,
        /// Closes by itself then.
        closes_at: Option<Timestamp>,
    },
    /// A window opens: the armed set is frozen, drawn when its order is a lottery, and the
    /// seed may be told.
    WindowOpened(WindowId),
    /// A window will close soon.
    WindowClosing(WindowId),
    /// A window closes; who still waits in its line has lost the place.
    WindowClosed(WindowId),
    /// A rehearsal is run again: everything that came of the window is withdrawn.
    WindowReset {
        /// Which.
        window: WindowId,
        /// The next draw's seed.
        seed: [u8; 32],
        /// When it opens.
        opens_at: Option<Timestamp>,
    },
    /// Admissions a second.
    PaceSet(WindowId, Option<u32>),
    /// A student's plan, whole.
    PlanSet(StudentId, Arc<Plan>),
    /// A place in the line.
    TicketTaken {
        /// Which window.
        window: WindowId,
        /// The number, next in the window.
        ticket: Ticket,
        /// Whose.
        student: StudentId,
        /// The request that took it.
        request: RequestId,
        /// Fingerprint of that request's body.
        body: u64,
        /// What to decide, when the request named it; else her plan as it stands at her turn.
        plan: Option<Arc<Plan>>,
    },
    /// A place in the line given back.
    TicketLeft(WindowId, Ticket),
    /// One request decided: each course with its outcome, all in one record.
    Decided {
        /// Whose.
        student: StudentId,
        /// Under which id.
        request: RequestId,
        /// Fingerprint of the request's body.
        body: u64,
        /// By which way.
        via: Via,
        /// Each course once, in her order.
        outcomes: Vec<(CourseId, Outcome)>,
    },
    /// A waitlist entry became an enrolment.
    Promoted {
        /// Whose.
        student: StudentId,
        /// Which course.
        course: CourseId,
        /// One section a component.
        sections: Vec<SectionId>,
        /// The place given up for it, in this same record.
        replaces: Option<CourseId>,
    },
    /// A seat was free for her, and a check of her own stood in the way.
    PassedOver {
        /// Whose.
        student: StudentId,
        /// Which course.
        course: CourseId,
        /// What stood in the way.
        blocker: Reason,
    },
    /// A section's capacity.
    CapacitySet(SectionId, Option<u32>),
    /// A section opened, closed or cancelled.
    StatusSet(SectionId, SectionStatus),
    /// Messages up to this sequence are read.
    MessagesRead(StudentId, Sequence),
    /// What she prefers.
    PreferencesSet(StudentId, Preferences),
    /// Her calendar has an address whose secret part has this hash; the one before is gone. `None`:
    /// it has none.
    CalendarSet(StudentId, Option<[u8; 32]>),
    /// A device signed in.
    SignedIn {
        /// Whose.
        student: StudentId,
        /// The sign-in's number.
        device: DeviceId,
        /// Family of browser and system.
        agent: Box<str>,
        /// The sign-in runs out then.
        expires: Timestamp,
    },
    /// A device signed out; `None` is all of them, and every token made until then.
    SignedOut(StudentId, Option<DeviceId>),
    /// An open window admits nobody; the places in its line stay.
    WindowPaused(WindowId),
    /// A paused window goes on.
    WindowResumed(WindowId),
    /// The registrar gave a student a seat in every component, or moved her to other sections.
    Placed {
        /// Whose.
        student: StudentId,
        /// Which course.
        course: CourseId,
        /// One section a component.
        sections: Vec<SectionId>,
        /// The window whose enrolment it is.
        window: WindowId,
        /// She had the course, and had other sections of it.
        moved: bool,
        /// Her place on the course's waitlist ends with it.
        leaves: bool,
        /// Those of the sections that were full: she is in them beyond the capacity.
        over: Vec<SectionId>,
    },
    /// The registrar took a student's seats in a course back.
    Removed {
        /// Whose.
        student: StudentId,
        /// Which course.
        course: CourseId,
    },
    /// The registrar's word on a block, whatever the register says.
    BlockSet {
        /// Whose.
        student: StudentId,
        /// The block's code.
        code: Key,
        /// She may not register, or the block is lifted.
        blocked: bool,
    },
    /// Told to everybody who is connected.
    Announced(Arc<Text>),
    /// What is personal of a student is gone, for good; her internal number stays.
    StudentErased(StudentId),
}

/// An event in the journal: numbered in the deciding turn, before it is durable.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Global position.
    pub sequence: Sequence,
    /// Who writes: grows with every start of a process on this journal (I13).
    pub epoch: u32,
    /// When it was decided.
    pub at: Timestamp,
    /// Each course concerned, with the position of this record in that course's stream.
    pub courses: Vec<(CourseId, u32)>,
    /// Each student touched, with the position of this record in her stream.
    pub students: Vec<(StudentId, u32)>,
    /// What happened.
    pub event: Event,
    /// Who is answerable for it and why, when it was somebody's act.
    pub act: Option<Arc<Act>>,
}

impl Event {
    /// The courses that the event itself names as concerned, in the order of
    /// [`Record::courses`]. For [`Self::CapacitySet`] and [`Self::StatusSet`] only the catalogue
    /// knows.
    pub fn named_course(&self, index: usize) -> Option<CourseId> {
        match self {
            Self::Decided { via, outcomes, .. } => match (outcomes.get(index), via) {
                (Some((course, _)), _) => Some(*course),
                (None, Via::Swap { from, .. }) if index == outcomes.len() => {
                    let among = outcomes.iter().any(|(course, _)| course == from);
                    (!among).then_some(*from)
                }
                _ => None,
            },
            Self::Promoted { course, replaces, .. } => match index {
                0 => Some(*course),
                1 => replaces.filter(|old| old != course),
                _ => None,
            },
            Self::PassedOver { course, .. }
            | Self::Placed { course, .. }
            | Self::Removed { course, .. }
                if index == 0 =>
            {
                Some(*course)
            }
            _ => None,
        }
    }

    /// The student that the event itself names as touched, in [`Record::students`]. For
    /// [`Self::TicketLeft`] only the window knows.
    pub fn named_student(&self) -> Option<StudentId> {
        match self {
            Self::PlanSet(student, _)
            | Self::MessagesRead(student, _)
            | Self::PreferencesSet(student, _)
            | Self::CalendarSet(student, _)
            | Self::SignedIn { student, .. }
            | Self::SignedOut(student, _)
            | Self::TicketTaken { student, .. }
            | Self::Decided { student, .. }
            | Self::Promoted { student, .. }
            | Self::PassedOver { student, .. }
            | Self::Placed { student, .. }
            | Self::Removed { student, .. }
            | Self::BlockSet { student, .. }
            | Self::StudentErased(student) => Some(*student),
            _ => None,
        }
    }
}
