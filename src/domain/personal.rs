//! What of the state is personal, and what is left of it without: the register's word on a student,
//! her results, plan and account, and what was written about her. What stays is her internal number,
//! and the facts that others' places rest on: requests, outcomes, seats, waitlists, tickets.
//!
//! A field that is added to a type taken apart here does not compile until it is on one side.

use std::sync::Arc;

use super::account::Account;
use super::acts::{Act, Action};
use super::catalogue::Item;
use super::ids::{Credits, Key, StudentId};
use super::results::{Grade, StudyResult};
use super::student::{InboxItem, Notice, Profile, Student};

/// What the names of students begin with of whom nothing is known any more; no file may use it.
pub const WITHHELD: &str = "erased-";
/// The only block of a student whose key is not at hand; no registrar sets it.
const SEALED: &str = "erased-sealed";
/// The only block of a student who was erased.
const ERASED: &str = "erased";
/// In the place of a name that is withheld.
const NO_NAME: &str = "-";

fn key(text: &str) -> Key {
    Key::new(text).unwrap_or_else(|_| unreachable!("names of our own are keys"))
}

/// What a student is called of whom only the internal number is left.
pub fn pseudonym(id: StudentId) -> Key {
    key(&format!("{WITHHELD}{id}"))
}

/// Whether it is such a name.
pub fn is_pseudonym(name: &Key) -> bool {
    name.as_str().starts_with(WITHHELD)
}

impl Profile {
    fn nobody(id: StudentId, block: &str) -> Self {
        Self {
            key: pseudonym(id),
            programme: None,
            year: 0,
            blocks: vec![key(block)],
            completed: Vec::new(),
        }
    }

    /// What is left where her key is not at hand. She may not register.
    pub fn sealed(id: StudentId) -> Self {
        Self::nobody(id, SEALED)
    }

    /// What is left once she was erased. She may not register.
    pub fn erased(id: StudentId) -> Self {
        Self::nobody(id, ERASED)
    }

    /// Whether it is one of these.
    pub fn is_withheld(&self) -> bool {
        is_pseudonym(&self.key)
    }

    /// Whether she was erased.
    pub fn is_erased(&self) -> bool {
        self.is_withheld() && self.blocks.first().is_some_and(|code| code.as_str() == ERASED)
    }
}

/// A block's code in its place.
pub fn withheld_code() -> Key {
    key(SEALED)
}

impl StudyResult {
    /// What is left of a result: that there was one.
    pub fn withheld() -> Self {
        Self {
            term: key(NO_NAME),
            course: key(NO_NAME),
            name: None,
            component: None,
            attempt: 0,
            grade: Grade::Absent,
            credits: Credits(0),
            date: 0,
            passed: false,
        }
    }

    /// Whether it is that: attempts count from 1.
    pub const fn is_withheld(&self) -> bool {
        self.attempt == 0
    }
}

impl Action {
    /// Whether it is done to one student, whom it names.
    pub const fn is_about_student(self) -> bool {
        match self {
            Self::StudentEnrol
            | Self::StudentDrop
            | Self::StudentMove
            | Self::StudentBlock
            | Self::StudentUnblock => true,
            Self::WindowOpen
            | Self::WindowClose
            | Self::WindowPause
            | Self::WindowResume
            | Self::WindowSchedule
            | Self::WindowPace
            | Self::WindowReset
            | Self::SectionCapacity
            | Self::SectionStatus
            | Self::Announcement
            | Self::Import
            | Self::StudentErase => false,
        }
    }
}

impl Act {
    /// Who did what and when it was; not to whom, nor in which words.
    pub fn without_personal(&self, student: StudentId) -> Self {
        let Self { by, action, subject: _, before: _, after: _, reason: _ } = self;
        let (by, subject) = (by.clone(), Some(pseudonym(student)));
        Self { by, action: *action, subject, before: None, after: None, reason: None }
    }
}

impl Item {
    /// The student whom it is about.
    pub const fn student(&self) -> Option<StudentId> {
        match self {
            Self::Student(id, _) | Self::Result(id, _) => Some(*id),
            Self::Term(_)
            | Self::Course(..)
            | Self::Section(..)
            | Self::Programme(_)
            | Self::Requirement(..)
            | Self::Window(..) => None,
        }
    }

    /// The same without what is personal.
    pub fn without_personal(&self) -> Self {
        match self {
            Self::Student(id, _) => Self::Student(*id, Box::new(Profile::sealed(*id))),
            Self::Result(id, _) => Self::Result(*id, Box::new(StudyResult::withheld())),
            Self::Term(_)
            | Self::Course(..)
            | Self::Section(..)
            | Self::Programme(_)
            | Self::Requirement(..)
            | Self::Window(..) => self.clone(),
        }
    }
}

impl Notice {
    /// Whether something in it is personal.
    pub const fn is_personal(&self) -> bool {
        match self {
            Self::Placed { reason, .. } | Self::Removed { reason, .. } => reason.is_some(),
            Self::Block { .. } | Self::Result { .. } => true,
            Self::Outcome { .. }
            | Self::Promoted { .. }
            | Self::PassedOver { .. }
            | Self::CapacityChanged { .. }
            | Self::SectionStatus { .. }
            | Self::TicketEnded { .. } => false,
        }
    }

    /// The same without what was written about her, and without her results.
    fn without_personal(&self) -> Self {
        let mut left = self.clone();
        match &mut left {
            Self::Placed { reason, .. } | Self::Removed { reason, .. } => *reason = None,
            Self::Block { code, reason, .. } => (*code, *reason) = (withheld_code(), None),
            Self::Result { result, corrected } => {
                (*result, *corrected) = (Arc::new(StudyResult::withheld()), false);
            }
            _ => {}
        }
        left
    }
}

impl Student {
    /// What is left of her, under this profile.
    pub fn without_personal(&self, profile: Profile) -> Self {
        let Self {
            profile: _,
            plan: _,
            enrolments,
            waiting,
            tickets,
            sequence,
            requests,
            inbox,
            read_up_to,
            read_items,
            account: _,
            overrides: _,
        } = self;
        let told = |item: &InboxItem| InboxItem {
            sequence: item.sequence,
            student_sequence: item.student_sequence,
            at: item.at,
            notice: item.notice.without_personal(),
        };
        Self {
            profile: Arc::new(profile),
            plan: Arc::default(),
            enrolments: enrolments.clone(),
            waiting: waiting.clone(),
            tickets: tickets.clone(),
            sequence: *sequence,
            requests: requests.clone(),
            inbox: inbox.iter().map(told).collect(),
            read_up_to: *read_up_to,
            read_items: *read_items,
            account: Account::default(),
            overrides: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_known_as_such() {
        let id = StudentId(17);
        let (sealed, erased) = (Profile::sealed(id), Profile::erased(id));
        assert_eq!(sealed.key.as_str(), "erased-17");
        assert_eq!(sealed.key, erased.key);
        assert!(sealed.is_withheld() && !sealed.is_erased());
        assert!(erased.is_withheld() && erased.is_erased());
        assert!(StudyResult::withheld().is_withheld());
        let longest = pseudonym(StudentId(u32::MAX));
        assert!(is_pseudonym(&longest), "{longest}");
    }
}
