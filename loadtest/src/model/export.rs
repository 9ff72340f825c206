//! The model beside the gateway's export: the registry that follows from what was told, and the
//! comparison. A gateway goes on while it is read, so each row is compared with every state that
//! it may have been read from.

use std::collections::HashMap;
use std::rc::Rc;

use super::{Event, Export, Exported, Model, Promise, What};

/// What a student has in a course: sections, and the journal position of the grant.
type Hold = (Vec<u32>, u64);
/// What she had before the change at this journal position.
type Before = (u64, Option<Hold>);
/// Promise, student, course code, and what is wrong.
type Fault = (Promise, usize, String, String);

/// Seats and waitlists as they follow from what was told.
#[derive(Default)]
pub(super) struct Registry {
    /// By section.
    pub taken: Vec<u32>,
    /// By student and course.
    pub holds: HashMap<(u32, u32), Hold>,
    /// By course, in order: who waits, and the course kept meanwhile.
    pub waiting: HashMap<u32, Vec<(u32, Option<u32>)>>,
    /// From here on in the journal, an export may have been read before or after a change.
    pub from: u64,
    /// What was there before each of those changes.
    before: HashMap<(u32, u32), Vec<Before>>,
}

impl Model {
    /// Rows that nobody was told about can only be promotions of who waits.
    pub(super) fn learn_promotions(&mut self, rows: &[Exported]) {
        let students = self.student_indices();
        let mut known: HashMap<(u32, u32), (bool, Vec<u64>)> = HashMap::new();
        for event in &self.events {
            let (waits, grants) = known.entry((event.student, event.course)).or_default();
            match event.what {
                What::Waitlisted { .. } => *waits = true,
                What::Enrolled { .. } | What::Promoted { .. } | What::Placed { .. } => {
                    grants.push(event.journal);
                }
                _ => {}
            }
        }
        for row in rows {
            let student = students.get(&row.student).copied();
            let (Some(student), Some(course)) = (student, self.courses.get(&row.course).copied())
            else {
                continue;
            };
            let (pair, journal) = ((student, course), row.journal);
            let Some((true, grants)) = known.get(&pair) else { continue };
            if grants.contains(&journal) || self.is_unseen(pair, journal, journal) {
                continue;
            }
            let keys = row.sections.iter();
            let sections = keys.filter_map(|key| self.sections.get(key).copied()).collect();
            let what = What::Promoted { sections, replaces: None };
            let (request, gives) = (None, None);
            self.events.push(Event { journal, student, course, request, gives, what, at: 0 });
            let read = self.centres.get(&student).is_some_and(|(_, as_of)| *as_of >= journal);
            if self.promised.insert((student, journal)) && read {
                let detail = format!("promoted at {journal}, and no message says so");
                self.broken(Promise::I10, student as usize, &row.course, "-", detail);
            }
        }
    }

    fn student_indices(&self) -> HashMap<String, u32> {
        let keys = Rc::clone(&self.students);
        keys.iter().enumerate().map(|(i, key)| (key.clone(), i as u32)).collect()
    }

    pub(super) fn check_export(&mut self, registry: &Registry, export: &Export) {
        let students = self.student_indices();
        let mut seen: HashMap<(u32, u32), u32> = HashMap::new();
        let mut faults: Vec<Fault> = Vec::new();
        let mut not_judged = 0;
        for row in &export.rows {
            let Some(student) = students.get(&row.student).copied() else {
                if self.rules.alone {
                    faults.push((Promise::I3, 0, row.course.clone(), "of nobody here".into()));
                }
                continue;
            };
            let Some(course) = self.courses.get(&row.course).copied() else { continue };
            let pair = (student, course);
            let times = seen.entry(pair).or_default();
            *times += 1;
            let wrong = match self.row_fault(registry, pair, row) {
                _ if *times > 1 => Some((Promise::I7, "twice in the export".to_owned())),
                Some(_) if self.is_unseen(pair, row.journal, row.journal) => {
                    not_judged += 1;
                    None
                }
                wrong => wrong,
            };
            if let Some((promise, text)) = wrong {
                faults.push((promise, student as usize, row.course.clone(), text));
            }
        }
        for (pair, (_, journal)) in &registry.holds {
            if seen.contains_key(pair) || registry.may_have_been(*pair, None) {
                continue;
            }
            if self.is_unseen(*pair, export.until, *journal) {
                not_judged += 1;
                continue;
            }
            let key = self.catalogue.courses[pair.1 as usize].key.clone();
            let text = format!("told enrolled at {journal}, not in the export");
            faults.push((Promise::I2, pair.0 as usize, key, text));
        }
        self.not_judged += not_judged;
        for (promise, student, course, text) in faults {
            self.broken(promise, student, &course, "-", text);
        }
    }

    /// What is wrong with a row, if anything: it must be as she was told.
    fn row_fault(
        &self,
        registry: &Registry,
        pair: (u32, u32),
        row: &Exported,
    ) -> Option<(Promise, String)> {
        let sections = row.sections.iter().map(|key| self.sections.get(key).copied());
        let sections: Option<Vec<u32>> = sections.collect();
        if let Some(sections) = sections
            && registry.may_have_been(pair, Some(&(sections, row.journal)))
        {
            return None;
        }
        let Some((sections, journal)) = registry.holds.get(&pair) else {
            return Some((Promise::I3, "in the export, not told enrolled".to_owned()));
        };
        let text = format!("told {sections:?} at {journal}, the export has {row:?}");
        Some((Promise::I4, text))
    }
}

impl Registry {
    /// Without anything.
    pub fn new(sections: usize, from: u64) -> Self {
        Self { taken: vec![0; sections], from, ..Self::default() }
    }

    /// Whether she had exactly this in the course at some moment of the export's reading.
    fn may_have_been(&self, pair: (u32, u32), hold: Option<&Hold>) -> bool {
        let mut before = self.before.get(&pair).into_iter().flatten();
        self.holds.get(&pair) == hold || before.any(|(_, had)| had.as_ref() == hold)
    }

    /// Before a change by an event at this journal position. What one record frees and takes is
    /// one change.
    fn remember(&mut self, pair: (u32, u32), journal: u64) {
        if journal > self.from {
            let hold = self.holds.get(&pair).cloned();
            let before = self.before.entry(pair).or_default();
            if before.last().is_none_or(|(last, _)| *last != journal) {
                before.push((journal, hold));
            }
        }
    }

    /// The first of those who wait for the course.
    pub fn first_waiting(&self, course: u32) -> Option<u32> {
        self.waiting.get(&course)?.first().map(|(student, _)| *student)
    }

    /// She has these now; what she had before.
    pub fn take(&mut self, pair: (u32, u32), sections: &[u32], journal: u64) -> Option<Hold> {
        self.remember(pair, journal);
        for section in sections {
            self.taken[*section as usize] += 1;
        }
        self.holds.insert(pair, (sections.to_vec(), journal))
    }

    /// The registrar's word: it ends the wait, and goes beyond a capacity without being an oversell.
    pub fn place(&mut self, pair: (u32, u32), sections: &[u32], journal: u64) {
        let (student, course) = pair;
        if !self.free(pair, journal) {
            let list = self.waiting.entry(course).or_default();
            list.retain(|(who, _)| *who != student);
        }
        self.take(pair, sections, journal);
    }

    /// Frees what she has in the course; whether she had anything.
    pub fn free(&mut self, pair: (u32, u32), journal: u64) -> bool {
        self.remember(pair, journal);
        let Some((sections, _)) = self.holds.remove(&pair) else { return false };
        for section in sections {
            let taken = &mut self.taken[section as usize];
            *taken = taken.saturating_sub(1);
        }
        true
    }
}
