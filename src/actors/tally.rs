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

    /// How many wait in each line now.
    pub fn lines(&self) -> Vec<u32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).tallies.lines.clone()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Sequence;
    use crate::domain::section::SectionStatus;
    use crate::domain::testkit::{self, World, lecture, sec};

    /// Tells the tallier of the records since `from` and counts until nothing is left to count.
    fn told(world: &World, tallier: &mut Tallier, board: &TallyBoard, from: usize) -> usize {
        let registry = &world.university.registry;
        world.records[from..].iter().for_each(|record| tallier.note(registry, record));
        board.take(tallier.count(registry));
        while !tallier.dirty.is_empty() || tallier.unread.0 > 0 {
            board.take(tallier.count(registry));
        }
        world.records.len()
    }

    #[test]
    fn what_is_counted_bit_by_bit_is_what_a_start_would_count() {
        let sections = [sec("A/1", 1), sec("A/2", 1)];
        let students = limits::TALLY_STUDENTS_CHUNK + 1;
        let draft = testkit::draft().course("A", &[lecture(&sections)]).simple("B", 1);
        let mut world = draft.students(students).window(|w| w.rehearsal = true).open();
        let board = TallyBoard::new(&world.university.registry);
        let mut tallier = Tallier::new(&world.university.registry);
        let mut from = world.records.len();
        let same = |world: &World, board: &TallyBoard| {
            let fresh = TallyBoard::new(&world.university.registry).all();
            // A list that was and is no more is a 0 on the board.
            let kept = |counts: &[u32]| counts.iter().rposition(|n| *n > 0).map_or(0, |i| i + 1);
            let all = board.all();
            assert_eq!(all.courses[..kept(&all.courses)], fresh.courses[..kept(&fresh.courses)]);
            let (now, then) = (&all.waitlisted, &fresh.waitlisted);
            assert_eq!(now[..kept(now)], then[..kept(then)]);
            assert_eq!(all.unread, fresh.unread);
            all
        };
        for student in 0..6 {
            world.enrol(student, "A");
            world.enrol(student, "B");
        }
        let only = world.ranked("A", &[&["A/2"]]).or_wait();
        world.submit(7, &[only]);
        from = told(&world, &mut tallier, &board, from);
        let all = same(&world, &board);
        assert_eq!((all.courses[0], all.courses[1]), (5, 5));
        assert_eq!(all.waitlisted[..3], [4, 5, 5], "those who accept either are on both");
        assert!(all.unread > students as u64, "the window's notice is everybody's");
        world.drop(0, "A");
        world.leave(5, "B");
        world.status("B/1", SectionStatus::Closed);
        world.run(crate::domain::command::Command::MarkRead(StudentId(1), Sequence(u64::MAX))).ok();
        from = told(&world, &mut tallier, &board, from);
        same(&world, &board);
        let reset = crate::domain::command::Command::Reset {
            window: testkit::W,
            seed: [1; 32],
            opens_at: None,
        };
        world.run(reset).unwrap();
        told(&world, &mut tallier, &board, from);
        assert_eq!(same(&world, &board).waitlisted.iter().sum::<u32>(), 0);
    }

    #[test]
    fn first_choices_follow_plans_in_and_out_of_the_line() {
        let sections = [sec("A/1", 1), sec("A/2", 1)];
        let draft = testkit::draft().course("A", &[lecture(&sections)]).simple("B", 1);
        let world = draft.students(1).given();
        let catalogue = &world.university.registry.catalogue;
        let second = testkit::plan(&[world.ranked("A", &[&["A/2", "A/1"]]), world.any("B")]);
        let any = testkit::plan(&[world.any("A")]);
        let mut first = FirstChoices::default();
        let sorted = |first: &mut FirstChoices| {
            let mut changed = first.changed();
            changed.sort_unstable();
            changed
        };
        first.add(&second, catalogue, &[true, true]);
        first.add(&second, catalogue, &[true, false]);
        first.add(&any, catalogue, &[true, true]);
        assert_eq!(sorted(&mut first), [(SectionId(1), 2), (SectionId(2), 1)]);
        assert_eq!(sorted(&mut first), [], "told once");
        first.remove(&second, catalogue, &[true, true]);
        assert_eq!(sorted(&mut first), [(SectionId(1), 1), (SectionId(2), 0)]);
        first.clear();
        assert_eq!(sorted(&mut first), [(SectionId(1), 0)]);
        let board = TallyBoard::default();
        board.take(vec![Tally::InLine(WindowId(0), vec![(SectionId(1), 4)])]);
        board.take(vec![Tally::InLine(WindowId(2), vec![(SectionId(1), 3)])]);
        board.take(vec![Tally::InLine(WindowId(0), vec![(SectionId(1), 1)])]);
        assert_eq!(board.all().in_line, [0, 4], "lines are told together");
        board.line(WindowId(1), 7);
        assert_eq!((board.lines(), board.all().lines), (vec![0, 7], vec![0, 7]));
    }
}
