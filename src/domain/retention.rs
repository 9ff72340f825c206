//! Whose time is over: who took part in a term, and in none that still goes on.

use super::ids::{CourseId, Key, StudentId, WindowId};
use super::registry::Registry;
use super::student::{Notice, Student};
use super::window::WindowState;

/// Why nobody can be named.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TermFault {
    /// No term has this key.
    #[error("there is no term {0}; its key is in the catalogue")]
    Unknown(String),
    /// It is not over.
    #[error("term {0} is not over: its window {1} is not closed; close it first")]
    Open(Key, Key),
}

impl Registry {
    /// Everybody who is not erased and took part in this term, which is over, and in none that is
    /// not; and how many took part who are kept for another term's sake.
    pub fn only_of_term(&self, term: &str) -> Result<(Vec<StudentId>, usize), TermFault> {
        let index = self.catalogue.term_index(term);
        let index = index.ok_or_else(|| TermFault::Unknown(term.to_owned()))?;
        if let Some(open) = self.open_window(index) {
            let term = self.catalogue.terms[usize::from(index)].key.clone();
            return Err(TermFault::Open(term, open));
        }
        let terms = self.catalogue.terms.len() as u16;
        let goes_on: Vec<bool> = (0..terms).map(|t| self.open_window(t).is_some()).collect();
        let (mut over, mut kept) = (Vec::new(), 0);
        for (id, student) in (0..).map(StudentId).zip(&self.students) {
            let terms = self.terms_of(student);
            if student.profile.is_withheld() || !terms.contains(&index) {
                continue;
            }
            match terms.iter().any(|term| goes_on[usize::from(*term)]) {
                true => kept += 1,
                false => over.push(id),
            }
        }
        Ok((over, kept))
    }

    /// Whether she takes part in a term that is not over.
    pub fn is_in_open_term(&self, student: StudentId) -> bool {
        let terms = self.terms_of(self.student(student));
        terms.into_iter().any(|term| self.open_window(term).is_some())
    }

    fn open_window(&self, term: u16) -> Option<Key> {
        let mut of_term = self.windows.iter().filter(|window| window.rules.term == term);
        let open = of_term.find(|window| window.state != WindowState::Closed);
        open.map(|window| window.rules.key.clone())
    }

    /// The terms in which she has, wants or was told something.
    fn terms_of(&self, student: &Student) -> Vec<u16> {
        let told = student.inbox.iter().filter_map(|item| match &item.notice {
            Notice::Outcome { course, .. }
            | Notice::Promoted { course, .. }
            | Notice::PassedOver { course, .. }
            | Notice::Placed { course, .. }
            | Notice::Removed { course, .. } => Some(*course),
            Notice::CapacityChanged { section, .. } | Notice::SectionStatus { section, .. } => {
                Some(self.catalogue.section(*section).course)
            }
            Notice::Block { .. } | Notice::TicketEnded { .. } | Notice::Result { .. } => None,
        });
        let has = student.enrolments.iter().map(|enrolment| enrolment.course);
        let wants = student.plan.courses.iter().map(|request| request.course);
        let courses = has.chain(wants).chain(student.waiting.iter().copied()).chain(told);
        let of_course = |course: CourseId| self.catalogue.course(course).term;
        let lines = student.tickets.iter().map(|(window, _)| *window);
        let taken = student.requests.iter().filter_map(|(_, memo)| Some(memo.ticket?.0));
        let of_window = |window: WindowId| Some(self.window(window)?.rules.term);
        let mut terms: Vec<u16> =
            courses.map(of_course).chain(lines.chain(taken).filter_map(of_window)).collect();
        terms.sort_unstable();
        terms.dedup();
        terms
    }
}
