//! "What if this section had so many seats?": a copy of what the change can touch, and on it a
//! whole turn of the Registrar with the real rules. The copy is taken piece by piece, so that no
//! decision waits for it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::catalogue::Catalogue;
use super::command::Command;
use super::course::{CourseBook, WaitlistEntry};
use super::event::Event;
use super::ids::{CourseId, SectionId, Sequence, StudentId, Timestamp};
use super::registry::Registry;
use super::section::Section;
use super::student::Student;
use super::survey::WaitCursor;
use super::university::University;
use super::window::Window;
use crate::limits;

/// Part of one waitlist, with whose entries they are.
#[derive(Clone, Debug)]
pub struct Piece {
    course: CourseId,
    entries: Vec<(WaitlistEntry, Student)>,
    more: bool,
}

/// What a change would lead to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Previewed {
    /// Entries on the course's waitlist that accept the section, before.
    pub waitlisted: u32,
    /// From a waitlist into a course, in this turn.
    pub promoted: u32,
    /// The section after the turn.
    pub after: Section,
}

impl Registry {
    /// A copy of a course's waitlist after this record, with its students.
    pub fn waiting_piece(&self, (course, after): WaitCursor, count: usize) -> Piece {
        let list = self.courses.get(course.index()).map_or(&[][..], |b| &b.waitlist);
        // By record and not by place: a list may move up between two pieces.
        let list = &list[list.partition_point(|e| e.since <= after)..];
        let entry = |e: &WaitlistEntry| (e.clone(), self.student(e.student).for_checks());
        let more = count < list.len();
        Piece { course, entries: list.iter().take(count).map(entry).collect(), more }
    }
}

/// A preview in the making.
#[derive(Clone, Debug)]
pub struct Preview {
    university: University,
    /// Students of the copy, by their number in the original.
    known: HashMap<StudentId, StudentId>,
    seen: HashSet<CourseId>,
    todo: Vec<WaitCursor>,
    entries: usize,
}

impl Preview {
    /// Of a change to a section of this course.
    pub fn new(catalogue: Arc<Catalogue>, windows: Vec<Window>, course: CourseId) -> Self {
        let mut registry = Registry::default();
        registry.courses.resize_with(catalogue.courses.len(), CourseBook::default);
        registry.catalogue = catalogue;
        registry.windows = windows;
        Self {
            university: University { registry, sections: Vec::new() },
            known: HashMap::new(),
            seen: HashSet::from([course]),
            todo: vec![(course, Sequence(0))],
            entries: 0,
        }
    }

    /// What to copy next: whose waitlist, and after which of its records.
    pub fn next(&self) -> Option<WaitCursor> {
        self.todo.last().copied()
    }

    /// Adds a copy. Who would give up a place for a promotion brings in the waitlist of that
    /// place's course, and the others that she waits on: up to a bound.
    pub fn add(&mut self, piece: Piece) {
        let Some((course, _)) = self.todo.pop() else { return };
        debug_assert_eq!(course, piece.course);
        self.entries += piece.entries.len();
        if let (true, Some((last, _))) = (piece.more, piece.entries.last())
            && self.entries < limits::PREVIEW_ENTRIES_MAX
        {
            self.todo.push((course, last.since));
        }
        for (mut entry, student) in piece.entries {
            if let Some(old) = entry.replaces {
                for touched in student.waiting.iter().copied().chain([old]) {
                    let room = self.entries < limits::PREVIEW_ENTRIES_MAX;
                    if room && self.seen.insert(touched) {
                        self.todo.insert(0, (touched, Sequence(0)));
                    }
                }
            }
            let students = &mut self.university.registry.students;
            entry.student = *self.known.entry(entry.student).or_insert_with(|| {
                students.push(student);
                StudentId(students.len() as u32 - 1)
            });
            self.university.registry.courses[course.index()].waitlist.push(entry);
        }
    }

    /// What comes of it, given every section as it is now.
    pub fn run(
        mut self,
        section: SectionId,
        capacity: Option<u32>,
        sections: Vec<Section>,
    ) -> Previewed {
        self.university.sections = sections;
        let known =
            self.university.sections.len()..self.university.registry.catalogue.sections.len();
        let unknown = known.map(|i| Section::new(SectionId(i as u32), Some(0)));
        self.university.sections.extend(unknown);
        let registry = &self.university.registry;
        let book = registry.book(registry.catalogue.section(section).course);
        let accepts =
            |e: &&WaitlistEntry| e.request.sections(&registry.catalogue).any(|s| s == section);
        let waitlisted = book.waitlist.iter().filter(accepts).count() as u32;
        let command = Command::SetCapacity(section, capacity);
        let (_, records) = self.university.turn(command, 0, Timestamp(0));
        let promoted = records.iter().filter(|r| matches!(r.event, Event::Promoted { .. }));
        let promoted = promoted.count() as u32;
        Previewed { waitlisted, promoted, after: self.university.sections[section.index()] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testkit::draft;

    #[test]
    fn so_many_entries_are_copied_and_no_more_lists_followed() {
        // Given one who waits for A and would give up B.
        let mut world = draft().simple("A", 0).simple("B", 1).students(1).window(|_| {}).open();
        world.enrol(0, "B");
        let to = world.any("A").or_wait();
        world.swap(0, "B", to);
        let registry = &world.university.registry;
        let (a, b) = (world.c("A"), world.c("B"));
        let most = limits::PREVIEW_ENTRIES_MAX;
        let since = registry.book(a).waitlist[0].since;
        for (copied, next) in [(most - 1, Some((a, since))), (most, None)] {
            // When so many entries like hers are copied, with more to come.
            let mut piece = registry.waiting_piece((a, Sequence(0)), 9);
            piece.entries = vec![piece.entries[0].clone(); copied];
            piece.more = true;
            let mut preview = Preview::new(registry.catalogue.clone(), Vec::new(), a);
            preview.add(piece);
            // Then below the bound both lists are gone on with, at it neither.
            assert_eq!(preview.next(), next, "{copied}");
            assert_eq!(preview.todo.contains(&(b, Sequence(0))), next.is_some());
        }
    }
}
