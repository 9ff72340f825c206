//! One student's state: what she has, waits for, plans and has been told.

use std::sync::Arc;

use super::account::Account;
use super::catalogue::Catalogue;
use super::ids::{
    CourseId, Credits, Key, RequestId, SectionId, Sequence, Ticket, Timestamp, WindowId,
};
use super::outcome::{Outcome, Reason};
use super::plan::Plan;
use super::results::StudyResult;
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
        /// The course whose place was, or would have been, given for it (a swap).
        instead_of: Option<CourseId>,
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
        /// Why, in the registrar's words.
        reason: Option<Box<str>>,
    },
    /// The registrar enrolled her, or moved her inside the course.
    Placed {
        /// Which course.
        course: CourseId,
        /// One section a component.
        sections: Vec<SectionId>,
        /// She had other sections of it.
        moved: bool,
        /// Beyond a section's capacity.
        over: bool,
        /// Why, in the registrar's words.
        reason: Option<Box<str>>,
    },
    /// The registrar took her seats back.
    Removed {
        /// Which course.
        course: CourseId,
        /// Why, in the registrar's words.
        reason: Option<Box<str>>,
    },
    /// The registrar blocked her, or lifted a block.
    Block {
        /// The block's code.
        code: Key,
        /// She may not register.
        blocked: bool,
        /// Why, in the registrar's words.
        reason: Option<Box<str>>,
    },
    /// The window closed before her turn.
    TicketEnded {
        /// Which window.
        window: WindowId,
    },
    /// A study result, as it was then.
    Result {
        /// The result.
        result: Arc<StudyResult>,
        /// It took the place of another of the same attempt.
        corrected: bool,
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

/// The record that decided a request, and each course's outcome.
pub type Decision = (Sequence, Arc<[(CourseId, Outcome)]>);

/// What a request led to, remembered for the term (I3).
#[derive(Clone, PartialEq, Debug)]
pub struct Memo {
    /// Fingerprint of its body.
    pub body: u64,
    /// The ticket it took, when it had to wait.
    pub ticket: Option<(WindowId, Ticket)>,
    /// What was decided, once it is.
    pub decided: Option<Decision>,
}

/// A student's requests, sorted by id: ids made later usually come last, and what is remembered
/// of one student lies together.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Memos(Vec<(RequestId, Memo)>);

impl Memos {
    /// What the request led to.
    pub fn get(&self, request: RequestId) -> Option<&Memo> {
        // Asked for are mostly a new request, which has the newest id, and the one just decided:
        // no search through the old ones.
        match self.0.last() {
            Some((last, memo)) if *last == request => return Some(memo),
            Some((last, _)) if *last > request => {}
            _ => return None,
        }
        let found = self.0.binary_search_by_key(&request, |(id, _)| *id);
        found.ok().map(|i| &self.0[i].1)
    }

    /// Remembers what the request led to, in place of what was known of it.
    pub fn insert(&mut self, request: RequestId, memo: Memo) {
        if self.0.last().is_none_or(|(last, _)| *last < request) {
            return self.0.push((request, memo));
        }
        match self.0.binary_search_by_key(&request, |(id, _)| *id) {
            Ok(i) => self.0[i].1 = memo,
            Err(i) => self.0.insert(i, (request, memo)),
        }
    }

    /// Each memo, to change.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Memo> {
        self.0.iter_mut().map(|(_, memo)| memo)
    }

    /// Each request, by id.
    pub fn iter(&self) -> std::slice::Iter<'_, (RequestId, Memo)> {
        self.0.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether she has made none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Memos {
    type Item = &'a (RequestId, Memo);
    type IntoIter = std::slice::Iter<'a, (RequestId, Memo)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromIterator<(RequestId, Memo)> for Memos {
    fn from_iter<T: IntoIterator<Item = (RequestId, Memo)>>(memos: T) -> Self {
        let memos = memos.into_iter();
        let mut all = Self(Vec::with_capacity(memos.size_hint().0));
        memos.for_each(|(request, memo)| all.insert(request, memo));
        all
    }
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
    /// What each of her requests led to.
    pub requests: Memos,
    /// Everything she was told, oldest first.
    pub inbox: Vec<InboxItem>,
    /// Messages up to here are read.
    pub read_up_to: Sequence,
    /// How many of the inbox that is: counted once, when they are read.
    pub read_items: usize,
    /// What belongs to her beside her registrations.
    pub account: Account,
    /// The registrar's last word on blocks, by code: it outlives the next file of students.
    pub overrides: Vec<(Key, bool)>,
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
            requests: Memos::default(),
            inbox: Vec::new(),
            read_up_to: Sequence(0),
            read_items: 0,
            account: Account::default(),
            overrides: Vec::new(),
        }
    }

    /// Codes of the blocks in force: the register's, less those that the registrar lifted, and
    /// hers.
    pub fn blocks(&self) -> impl Iterator<Item = &Key> {
        let word = |code: &Key| self.overrides.iter().find(|(c, _)| c == code).map(|(_, b)| *b);
        let register = self.profile.blocks.iter();
        let own =
            self.overrides.iter().filter(|(code, set)| *set && !self.profile.blocks.contains(code));
        register.filter(move |code| word(code) != Some(false)).chain(own.map(|(code, _)| code))
    }

    /// A copy with what the rules look at: neither what she asked before nor what she was told.
    pub fn for_checks(&self) -> Self {
        Self {
            plan: Arc::clone(&self.plan),
            enrolments: self.enrolments.clone(),
            waiting: self.waiting.clone(),
            sequence: self.sequence,
            overrides: self.overrides.clone(),
            account: self.account.for_checks(),
            ..Self::new(Arc::clone(&self.profile))
        }
    }

    /// Messages up to here are read.
    pub fn mark_read(&mut self, up_to: Sequence) {
        self.read_up_to = self.read_up_to.max(up_to);
        let read = |item: &InboxItem| item.sequence <= self.read_up_to;
        self.read_items = self.inbox.partition_point(read);
    }

    /// Whether the course counts for prerequisites: the register says so, or a result does.
    pub fn has_completed(&self, course: &Key) -> bool {
        self.profile.completed.contains(course) || self.account.passed().contains(course)
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
