//! One student's state: what she has, waits for, plans and has been told.

use std::sync::Arc;

use super::catalogue::Catalogue;
use super::ids::{CourseId, Credits, Key, RequestId, SectionId, Sequence, Ticket, Timestamp, WindowId};
use super::outcome::{Outcome, Reason};
use super::plan::Plan;
use super::section::SectionStatus;

/// What the student register says of her.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    /// Student number.
    pub key: Key,
    /// Programme.
    pub programme: Option<Key>,
    /// Year of study, from 1; 0 is unknown.
    pub year: u8,
    /// Codes of blocks: with any of these she may not register.
    pub blocks: Vec<Key>,
    /// Courses completed, for prerequisites.
    pub completed: Vec<Key>,
}

/// A seat in every component of a course.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Enrolment {
    /// Which course.
    pub course: CourseId,
    /// One section a component.
    pub sections: Vec<SectionId>,
    /// The window it came through, for a rehearsal's withdrawal.
    pub window: WindowId,
    /// The record that granted it.
    pub since: Sequence,
}

/// Something to tell her, derived from a record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// A request's outcome for a course.
    Outcome {
        /// Which request.
        request: RequestId,
        /// Which course.
        course: CourseId,
        /// What became of it.
        outcome: Outcome,
    },
    /// From the waitlist into the course.
    Promoted {
        /// Which course.
        course: CourseId,
        /// One section a component.
        sections: Vec<SectionId>,
        /// The place given up for it.
        replaces: Option<CourseId>,
    },
    /// A free seat passed her by.
    PassedOver {
        /// Which course.
        course: CourseId,
        /// Why.
        blocker: Reason,
    },
    /// A section that she waits for has another capacity.
    CapacityChanged {
        /// Which section.
        section: SectionId,
        /// Seats now; `None` is unlimited.
        capacity: Option<u32>,
    },
    /// A section that she has or waits for was opened, closed or cancelled.
    SectionStatus {
        /// Which section.
        section: SectionId,
        /// Now.
        status: SectionStatus,
    },
    /// The window closed before her turn.
    TicketEnded {
        /// Which window.
        window: WindowId,
    },
}

/// A notice in her message centre.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InboxItem {
    /// The record it comes from.
    pub sequence: Sequence,
    /// That record's position in her stream.
    pub student_sequence: u32,
    /// When.
    pub at: Timestamp,
    /// What.
    pub notice: Notice,
}

/// A student.
#[derive(Clone, PartialEq, Debug)]
pub struct Student {
    /// The register's word.
    pub profile: Arc<Profile>,
    /// Her plan.
    pub plan: Arc<Plan>,
    /// Seats.
    pub enrolments: Vec<Enrolment>,
    /// Courses on whose waitlist she is.
    pub waiting: Vec<CourseId>,
    /// Places in lines, undecided.
    pub tickets: Vec<(WindowId, Ticket)>,
    /// Position of the last record in her stream.
    pub sequence: u32,
    /// Requests remembered for her.
    pub requests: u32,
    /// Everything she was told, oldest first.
    pub inbox: Vec<InboxItem>,
    /// Messages up to here are read.
    pub read_up_to: Sequence,
}

impl Student {
    /// A student just imported.
    pub fn new(profile: Arc<Profile>) -> Self {
        Self {
            profile,
            plan: Arc::default(),
            enrolments: Vec::new(),
            waiting: Vec::new(),
            tickets: Vec::new(),
            sequence: 0,
            requests: 0,
            inbox: Vec::new(),
            read_up_to: Sequence(0),
        }
    }

    /// Her seat in the course.
    pub fn enrolment(&self, course: CourseId) -> Option<&Enrolment> {
        self.enrolments.iter().find(|e| e.course == course)
    }

    /// Her undecided place in the window's line.
    pub fn ticket(&self, window: WindowId) -> Option<Ticket> {
        self.tickets.iter().find(|(w, _)| *w == window).map(|(_, t)| *t)
    }
}

/// What she has while a plan is being decided: her enrolments, less a place that is being
/// swapped, plus what this plan has granted so far.
pub struct Holdings<'a> {
    catalogue: &'a Catalogue,
    held: Vec<(CourseId, &'a [SectionId])>,
    granted: Vec<(CourseId, Vec<SectionId>)>,
}

impl<'a> Holdings<'a> {
    /// Her enrolments, less the one in `without`.
    pub fn new(catalogue: &'a Catalogue, student: &'a Student, without: Option<CourseId>) -> Self {
        let held = student
            .enrolments
            .iter()
            .filter(|e| Some(e.course) != without)
            .map(|e| (e.course, e.sections.as_slice()))
            .collect();
        Self { catalogue, held, granted: Vec::new() }
    }

    /// Adds a grant of this plan.
    pub fn grant(&mut self, course: CourseId, sections: Vec<SectionId>) {
        self.granted.push((course, sections));
    }

    fn iter(&self) -> impl Iterator<Item = (CourseId, &[SectionId])> {
        let granted = self.granted.iter().map(|(c, s)| (*c, s.as_slice()));
        self.held.iter().map(|(c, s)| (*c, *s)).chain(granted)
    }

    /// The course that this section clashes with.
    pub fn clash(&self, section: SectionId) -> Option<CourseId> {
        self.iter()
            .find(|(_, held)| held.iter().any(|h| self.catalogue.sections_clash(*h, section)))
            .map(|(course, _)| course)
    }

    /// Credits enrolled in the term.
    pub fn credits(&self, term: u16) -> Credits {
        let courses = self.iter().map(|(course, _)| self.catalogue.course(course));
        Credits(courses.filter(|c| c.term == term).map(|c| c.credits.0).sum())
    }
}
