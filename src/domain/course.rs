//! The course decision: a student's checks, the combination of sections, and the waitlist.
//! The order of choice is fixed: components in catalogue order, her ranks first, "any" = most
//! seats left, then section id; depth first, so that the same state gives the same answer.

use std::cell::Cell;
use std::sync::Arc;

use super::catalogue::Catalogue;
use super::ids::{CourseId, Credits, RequestId, SectionId, Sequence, StudentId, WindowId};
use super::outcome::Reason;
use super::plan::{Choice, CourseRequest};
use super::section::{Quote, SectionStatus};
use super::student::{Holdings, Student};
use super::window::{ClashPolicy, Window};
use crate::limits;

/// What the sections concerned can give, asked just before the decision. Few of them, sorted by
/// section.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Quotes(Vec<(SectionId, Quote)>);

impl Quotes {
    /// What the section can give, if it was asked.
    pub fn get(&self, section: SectionId) -> Option<Quote> {
        let found = self.0.binary_search_by_key(&section, |(id, _)| *id);
        found.ok().map(|at| self.0[at].1)
    }
}

impl FromIterator<(SectionId, Quote)> for Quotes {
    fn from_iter<T: IntoIterator<Item = (SectionId, Quote)>>(quotes: T) -> Self {
        let mut all: Vec<_> = quotes.into_iter().collect();
        if !all.is_sorted_by_key(|(id, _)| *id) {
            all.sort_by_key(|(id, _)| *id);
        }
        all.dedup_by_key(|(id, _)| *id);
        Self(all)
    }
}

/// A place on an offering's waitlist. Keeps no seat and costs no credits while it waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitlistEntry {
    /// Whose.
    pub student: StudentId,
    /// The combinations she accepts.
    pub request: Arc<CourseRequest>,
    /// The request it came from.
    pub request_id: RequestId,
    /// The window whose rules hold.
    pub window: WindowId,
    /// The record that made it: the list is in this order.
    pub since: Sequence,
    /// The course whose place she gives for it (a swap).
    pub replaces: Option<CourseId>,
    /// Blockers she has been told of, once each.
    pub told: Vec<Reason>,
}

/// The waitlist of one course offering and the position in its stream.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct CourseBook {
    /// Position of the last record that concerned the course.
    pub sequence: u32,
    /// In ticket order.
    pub waitlist: Vec<WaitlistEntry>,
}

impl CourseBook {
    /// Her place on the list, from 1.
    pub fn rank(&self, student: StudentId) -> Option<u32> {
        self.waitlist.iter().position(|e| e.student == student).map(|i| i as u32 + 1)
    }

    /// Entries ahead of hers that accept the section.
    pub fn ahead_for(&self, catalogue: &Catalogue, student: StudentId, section: SectionId) -> u32 {
        let ahead = self.waitlist.iter().take_while(|e| e.student != student);
        ahead.filter(|e| e.request.sections(catalogue).any(|s| s == section)).count() as u32
    }
}

/// Which obstacles a search takes into account.
#[derive(Clone, Copy)]
struct Obstacles {
    seats: bool,
    clashes: bool,
}

/// What one combination comes to by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tried {
    /// It has a seat in each section, and clashes with nothing that counts.
    Fits,
    /// It clashes with this course.
    Clash(CourseId),
    /// This section of it is full.
    Full(SectionId),
}

/// Looks for a whole combination for one course request.
pub struct Search<'a> {
    /// What there is.
    pub catalogue: &'a Catalogue,
    /// What it can give.
    pub quotes: &'a Quotes,
    /// What she has otherwise.
    pub holdings: &'a Holdings<'a>,
    /// What she asks.
    pub request: &'a CourseRequest,
    /// Sections of this course that she holds and may keep (a swap inside a course).
    pub own: &'a [SectionId],
    /// What a clash does.
    pub clash: ClashPolicy,
}

impl Search<'_> {
    /// The first combination that fits her and has a seat in every component. Where clashes are
    /// only told, her order counts, not whether it clashes.
    pub fn granted(&self) -> Option<Vec<SectionId>> {
        self.find(Obstacles { seats: true, clashes: self.clash == ClashPolicy::Refuse })
    }

    /// Whether seats alone would allow a combination, whatever else she has.
    pub fn seats_allow(&self) -> bool {
        self.find(Obstacles { seats: true, clashes: false }).is_some()
    }

    /// Why there is none: closed, clash or full.
    pub fn reason(&self) -> Reason {
        let Some(open) = self.find(Obstacles { seats: false, clashes: false }) else {
            return Reason::Closed;
        };
        let clashes = self.clash == ClashPolicy::Refuse;
        if clashes && self.find(Obstacles { seats: false, clashes }).is_none() {
            let with = open.iter().find_map(|s| self.holdings.clash(*s));
            return Reason::Clash(with.unwrap_or(self.request.course));
        }
        Reason::Full
    }

    /// Everything that stands in the way when there is none, each by itself.
    pub fn obstacles(&self) -> Vec<Reason> {
        let first = self.reason();
        let full = || self.find(Obstacles { seats: true, clashes: false }).is_none();
        let both = matches!(first, Reason::Clash(_)) && full();
        std::iter::once(first).chain(both.then_some(Reason::Full)).collect()
    }

    /// The course that these sections clash with: one she has, or this one itself.
    pub fn clash_of(&self, sections: &[SectionId]) -> Option<CourseId> {
        let with = sections.iter().find_map(|s| self.holdings.clash(*s));
        with.or_else(|| self.clashes(sections).then_some(self.request.course))
    }

    /// Whether these sections clash with something she has, or with each other.
    pub fn clashes(&self, sections: &[SectionId]) -> bool {
        sections.iter().enumerate().any(|(i, s)| {
            self.holdings.clash(*s).is_some()
                || sections[..i].iter().any(|t| self.catalogue.sections_clash(*s, *t))
        })
    }

    /// Every combination of open sections in the order in which they are tried, each by itself:
    /// the first `most` of them, and how many more there are.
    pub fn combinations(&self, most: usize) -> (Vec<(Vec<SectionId>, Tried)>, usize) {
        let none = Obstacles { seats: false, clashes: false };
        let components = 0..self.request.choices.len();
        let candidates: Vec<_> = components.map(|c| self.candidates(c, none)).collect();
        let (mut all, mut more) = (Vec::new(), 0);
        let mut steps = limits::SEARCH_STEPS_MAX;
        // Depth first, as `extend`, but on to the end.
        let mut open: Vec<(Vec<SectionId>, usize)> = vec![(Vec::new(), 0)];
        while let Some((chosen, next)) = open.pop() {
            let Some(list) = candidates.get(chosen.len()) else {
                match all.len() < most {
                    true => all.push((chosen.clone(), self.tried(&chosen))),
                    false => more += 1,
                }
                continue;
            };
            let Some(section) = list.get(next).copied() else { continue };
            let Some(left) = steps.checked_sub(1) else { break };
            steps = left;
            let fits = self.fits(section, &chosen, false);
            let deeper = fits.then(|| ([chosen.as_slice(), &[section]].concat(), 0));
            open.push((chosen, next + 1));
            open.extend(deeper);
        }
        (all, more)
    }

    fn tried(&self, sections: &[SectionId]) -> Tried {
        let clash = self.clash_of(sections).filter(|_| self.clash == ClashPolicy::Refuse);
        let full = || sections.iter().find(|s| !self.enterable(**s, true));
        match (clash, full()) {
            (Some(course), _) => Tried::Clash(course),
            (None, Some(section)) => Tried::Full(*section),
            (None, None) => Tried::Fits,
        }
    }

    fn find(&self, obstacles: Obstacles) -> Option<Vec<SectionId>> {
        let components = self.request.choices.len();
        let mut candidates = Vec::with_capacity(components);
        for component in 0..components {
            let list = self.candidates(component, obstacles);
            if list.is_empty() {
                return None;
            }
            candidates.push(list);
        }
        let mut chosen = Vec::with_capacity(components);
        let steps = Cell::new(limits::SEARCH_STEPS_MAX);
        self.extend(&candidates, obstacles, &mut chosen, &steps).then_some(chosen)
    }

    fn candidates(&self, component: usize, obstacles: Obstacles) -> Vec<SectionId> {
        let accepted = self.request.accepted(self.catalogue, component);
        let mut list: Vec<SectionId> = accepted
            .iter()
            .copied()
            .filter(|s| self.enterable(*s, obstacles.seats))
            .filter(|s| !obstacles.clashes || self.holdings.clash(*s).is_none())
            .collect();
        if self.request.choices[component] == Choice::Any {
            list.sort_by_key(|s| (std::cmp::Reverse(self.room(*s)), *s));
        }
        list
    }

    fn enterable(&self, section: SectionId, seats: bool) -> bool {
        let Some(quote) = self.quotes.get(section) else {
            return false;
        };
        if self.own.contains(&section) {
            return quote.status != SectionStatus::Cancelled;
        }
        quote.status == SectionStatus::Open && (!seats || quote.free())
    }

    fn room(&self, section: SectionId) -> u32 {
        self.quotes.get(section).map_or(0, Quote::room)
    }

    /// Depth first. A catalogue that grew after the plan was checked may span more combinations
    /// than a plan may: after so many steps the rest counts as full.
    fn extend(
        &self,
        candidates: &[Vec<SectionId>],
        obstacles: Obstacles,
        chosen: &mut Vec<SectionId>,
        steps: &Cell<usize>,
    ) -> bool {
        let Some(list) = candidates.get(chosen.len()) else {
            return true;
        };
        for section in list {
            let Some(left) = steps.get().checked_sub(1) else {
                return false;
            };
            steps.set(left);
            if self.fits(*section, chosen, obstacles.clashes) {
                chosen.push(*section);
                if self.extend(candidates, obstacles, chosen, steps) {
                    return true;
                }
                chosen.pop();
            }
        }
        false
    }

    /// Parent and child belong together, and no two chosen sections meet at one time.
    fn fits(&self, section: SectionId, chosen: &[SectionId], clashes: bool) -> bool {
        let component = chosen.len();
        let info = self.catalogue.section(section);
        let parent_fits = info.parent.is_none_or(|parent| {
            let of = usize::from(self.catalogue.section(parent).component);
            of >= component || chosen[of] == parent
        });
        parent_fits
            && chosen.iter().all(|other| {
                let parent = self.catalogue.section(*other).parent;
                let child_fits = parent.is_none_or(|p| {
                    usize::from(self.catalogue.section(p).component) != component || p == section
                });
                child_fits && !(clashes && self.catalogue.sections_clash(*other, section))
            })
    }
}

/// The checks that are the student's alone, in order of precedence: block, prerequisite, credits.
pub fn personal_blockers(
    catalogue: &Catalogue,
    student: &Student,
    holdings: &Holdings<'_>,
    window: &Window,
    course: CourseId,
) -> Vec<Reason> {
    let info = catalogue.course(course);
    let mut blockers: Vec<Reason> =
        student.blocks().map(|code| Reason::Blocked(code.clone())).collect();
    let missing = info.prerequisites.iter().filter(|p| !student.has_completed(p));
    blockers.extend(missing.map(|p| Reason::PrerequisiteMissing(p.clone())));
    if let Some(limit) = window.rules.credit_limit {
        let total = holdings.credits(info.term).0 + info.credits.0;
        if total > limit.0 {
            blockers.push(Reason::CreditLimit(Credits(total - limit.0)));
        }
    }
    blockers
}
