//! Who waits for what, counted: for those who watch the gateway. Counted on the decision thread, a
//! bounded part a second, and published by the gate; so it is a moment old, and on disk.

use std::sync::{PoisonError, RwLock};

use crate::domain::catalogue::Catalogue;
use crate::domain::event::{Event, Record};
use crate::domain::ids::{CourseId, SectionId, StudentId, WindowId};
use crate::domain::plan::{Choice, Plan};
use crate::domain::registry::Registry;
use crate::limits;

/// Counts, each by id.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tallies {
    /// Waitlist entries, by course.
    pub courses: Vec<u32>,
    /// Waitlist entries that accept the section.
    pub waitlisted: Vec<u32>,
    /// Tickets whose plan names the section first for its component, all lines together.
    pub in_line: Vec<u32>,
    /// Tickets waiting or armed, by window.
    pub lines: Vec<u32>,
    /// Unread messages of everybody.
    pub unread: u64,
}

/// A count that changed.
#[derive(Debug)]
pub enum Tally {
    /// The waitlist of a course, and of each of its sections.
    Waitlist(CourseId, u32, Vec<(SectionId, u32)>),
    /// First choices in one line.
    InLine(WindowId, Vec<(SectionId, u32)>),
    /// Unread messages of everybody.
    Unread(u64),
}

/// As it is on disk: written by the gate alone.
#[derive(Default)]
pub struct TallyBoard(RwLock<Inner>);

#[derive(Default)]
struct Inner {
    tallies: Tallies,
    /// First choices, by window and section.
    first: Vec<Vec<u32>>,
}

fn set(counts: &mut Vec<u32>, index: usize, count: u32) -> u32 {
    if counts.len() <= index {
        counts.resize(index + 1, 0);
    }
    std::mem::replace(&mut counts[index], count)
}

impl TallyBoard {
    /// As replayed. The lines tell their first choices themselves.
    pub fn new(registry: &Registry) -> Self {
        let mut inner = Inner::default();
        for course in registry.courses_with_waitlist() {
            inner.take(waitlist(registry, course));
        }
        for (i, window) in registry.windows.iter().enumerate() {
            set(&mut inner.tallies.lines, i, window.waiting);
        }
        let students = 0..registry.students.len() as u32;
        let unread = students.map(|s| u64::from(registry.unread(StudentId(s))));
        inner.tallies.unread = unread.sum();
        Self(RwLock::new(inner))
    }

    /// The counts now.
    pub fn all(&self) -> Tallies {
        self.0.read().unwrap_or_else(PoisonError::into_inner).tallies.clone()
    }

    /// The gate lets counts through.
    pub(super) fn take(&self, tallies: Vec<Tally>) {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for tally in tallies {
            inner.take(tally);
        }
    }

    /// The gate lets through how many wait in a line.
    pub(super) fn line(&self, window: WindowId, waiting: u32) {
        let mut inner = self.0.write().unwrap_or_else(PoisonError::into_inner);
        set(&mut inner.tallies.lines, window.index(), waiting);
    }
}

impl Inner {
    fn take(&mut self, tally: Tally) {
        match tally {
            Tally::Waitlist(course, entries, sections) => {
                set(&mut self.tallies.courses, course.index(), entries);
                for (section, entries) in sections {
                    set(&mut self.tallies.waitlisted, section.index(), entries);
                }
            }
            Tally::InLine(window, sections) => {
                if self.first.len() <= window.index() {
                    self.first.resize_with(window.index() + 1, Vec::new);
                }
                for (section, tickets) in sections {
                    let before = set(&mut self.first[window.index()], section.index(), tickets);
                    let all = &mut self.tallies.in_line;
                    let now = all.get(section.index()).copied().unwrap_or(0);
                    set(all, section.index(), now + tickets - before);
                }
            }
            Tally::Unread(messages) => self.tallies.unread = messages,
        }
    }
}

/// A course's waitlist, counted.
fn waitlist(registry: &Registry, id: CourseId) -> Tally {
    let catalogue = &registry.catalogue;
    let sections = catalogue.course(id).components.iter().flat_map(|c| c.sections.iter());
    let mut counts: Vec<(SectionId, u32)> = sections.map(|section| (*section, 0)).collect();
    counts.sort_unstable();
    let entries = &registry.book(id).waitlist;
    for section in entries.iter().flat_map(|entry| entry.request.sections(catalogue)) {
        if let Ok(at) = counts.binary_search_by_key(&section, |(id, _)| *id) {
            counts[at].1 += 1;
        }
    }
    Tally::Waitlist(id, entries.len() as u32, counts)
}

/// Notes what may have changed and counts it again now and then.
#[derive(Default)]
pub struct Tallier {
    marked: Vec<bool>,
    dirty: Vec<CourseId>,
    /// Entries when last counted, by course.
    known: Vec<u32>,
    /// How far the count of unread messages is, and what it came to so far.
    unread: (usize, u64),
    told_unread: Option<u64>,
}

impl Tallier {
    /// Counts as replayed: what was known when the board was made.
    pub fn new(registry: &Registry) -> Self {
        let known = registry.courses.iter().map(|book| book.waitlist.len() as u32).collect();
        Self { known, ..Self::default() }
    }

    /// A record was applied: the waitlists of its courses may be others now.
    pub fn note(&mut self, registry: &Registry, record: &Record) {
        match record.event {
            Event::WindowReset { .. } | Event::ImportApplied { .. } => {
                let all = 0..registry.courses.len() as u32;
                all.for_each(|course| self.mark(CourseId(course)));
            }
            _ => record.courses.iter().for_each(|(course, _)| self.mark(*course)),
        }
    }

    fn mark(&mut self, course: CourseId) {
        if self.marked.len() <= course.index() {
            self.marked.resize(course.index() + 1, false);
        }
        if !std::mem::replace(&mut self.marked[course.index()], true) {
            self.dirty.push(course);
        }
    }

    /// Counts a part of what may have changed.
    pub fn count(&mut self, registry: &Registry) -> Vec<Tally> {
        let mut tallies = Vec::new();
        let mut room = limits::TALLY_ENTRIES_CHUNK;
        while room > 0
            && let Some(course) = self.dirty.pop()
        {
            self.marked[course.index()] = false;
            let entries = registry.book(course).waitlist.len();
            let known = set(&mut self.known, course.index(), entries as u32);
            if entries > 0 || known > 0 {
                room = room.saturating_sub(entries.max(1));
                tallies.push(waitlist(registry, course));
            }
        }
        tallies.extend(self.count_unread(registry));
        tallies
    }

    fn count_unread(&mut self, registry: &Registry) -> Option<Tally> {
        let (from, sum) = self.unread;
        let all = registry.students.len();
        let to = (from + limits::TALLY_STUDENTS_CHUNK).min(all);
        let students = from.min(to)..to;
        let more = students.map(|s| u64::from(registry.unread(StudentId(s as u32))));
        let sum = sum + more.sum::<u64>();
        if to < all {
            self.unread = (to, sum);
            return None;
        }
        self.unread = (0, 0);
        (self.told_unread.replace(sum) != Some(sum)).then_some(Tally::Unread(sum))
    }
}

/// First choices of those who stand in one line.
#[derive(Default)]
pub struct FirstChoices {
    counts: Vec<u32>,
    marked: Vec<bool>,
    changed: Vec<SectionId>,
}

impl FirstChoices {
    /// A plan joins the line.
    pub fn add(&mut self, plan: &Plan, catalogue: &Catalogue, covered: &[bool]) {
        first_choices(plan, catalogue, covered, |section| self.change(section, |n| n + 1));
    }

    /// A plan leaves it.
    pub fn remove(&mut self, plan: &Plan, catalogue: &Catalogue, covered: &[bool]) {
        let less = |n: u32| n.saturating_sub(1);
        first_choices(plan, catalogue, covered, |section| self.change(section, less));
    }

    /// Nobody stands there any more.
    pub fn clear(&mut self) {
        for index in 0..self.counts.len() {
            if self.counts[index] > 0 {
                self.change(SectionId(index as u32), |_| 0);
            }
        }
    }

    fn change(&mut self, section: SectionId, by: impl Fn(u32) -> u32) {
        let index = section.index();
        if self.counts.len() <= index {
            self.counts.resize(index + 1, 0);
            self.marked.resize(index + 1, false);
        }
        self.counts[index] = by(self.counts[index]);
        if !std::mem::replace(&mut self.marked[index], true) {
            self.changed.push(section);
        }
    }

    /// What changed since this was last asked.
    pub fn changed(&mut self) -> Vec<(SectionId, u32)> {
        let changed = std::mem::take(&mut self.changed);
        let counted = changed.into_iter().map(|section| {
            self.marked[section.index()] = false;
            (section, self.counts[section.index()])
        });
        counted.collect()
    }
}

/// For each component of each course that the window covers: the section named first, or the only
/// one there is.
fn first_choices(
    plan: &Plan,
    catalogue: &Catalogue,
    covered: &[bool],
    mut each: impl FnMut(SectionId),
) {
    for request in &plan.courses {
        if !covered.get(request.course.index()).copied().unwrap_or(false) {
            continue;
        }
        let components = &catalogue.course(request.course).components;
        for (component, choice) in components.iter().zip(&request.choices) {
            match (choice, component.sections.as_slice()) {
                (Choice::Ranked(ranked), _) => {
                    ranked.first().copied().into_iter().for_each(&mut each);
                }
                (Choice::Any, [only]) => each(*only),
                (Choice::Any, _) => {}
            }
        }
    }
}
