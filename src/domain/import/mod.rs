//! An import: what a file says (keys), turned into numbered items against what is there. All of
//! it or nothing; every fault is named; an enrolment is never removed.

mod fault;
mod results;

use std::collections::{HashMap, HashSet};

pub use fault::{DraftFault, Lines};
pub use results::DraftResult;

use super::catalogue::{
    Catalogue, Component, ComponentKind, Course, Item, Meeting, Programme, SectionInfo, Term, Text,
};
use super::event::Event;
use super::ids::{CourseId, Credits, Key, SectionId, StudentId, WindowId};
use super::registry::Registry;
use super::student::Profile;
use super::window::{WindowRules, WindowState};

/// What a file says, already checked for form and bounds.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Draft {
    /// Terms.
    pub terms: Vec<Term>,
    /// Course offerings.
    pub courses: Vec<DraftCourse>,
    /// Programmes with their requirements.
    pub programmes: Vec<Programme>,
    /// Windows; the term is named by key.
    pub windows: Vec<(Key, WindowRules)>,
    /// Students.
    pub students: Vec<Profile>,
    /// Study results.
    pub results: Vec<DraftResult>,
    /// Where all of it stands in its file.
    pub lines: Lines,
}

/// A course offering as a file gives it.
#[derive(Clone, PartialEq, Debug)]
pub struct DraftCourse {
    /// Code.
    pub key: Key,
    /// Its term.
    pub term: Key,
    /// Shown name.
    pub name: Text,
    /// Short description.
    pub description: Text,
    /// Credits.
    pub credits: Credits,
    /// Prospectus link.
    pub url: Option<Box<str>>,
    /// Faculty.
    pub faculty: Option<Box<str>>,
    /// Level.
    pub level: Option<Box<str>>,
    /// Language of teaching.
    pub language: Option<Box<str>>,
    /// Period.
    pub period: Option<Box<str>>,
    /// Courses that must have been completed.
    pub prerequisites: Vec<Key>,
    /// The course that this exam or resit belongs to.
    pub part_of: Option<Key>,
    /// Components in order.
    pub components: Vec<DraftComponent>,
}

/// A component as a file gives it.
#[derive(Clone, PartialEq, Debug)]
pub struct DraftComponent {
    /// What it is for.
    pub kind: ComponentKind,
    /// Its sections.
    pub sections: Vec<DraftSection>,
}

/// A section as a file gives it.
#[derive(Clone, PartialEq, Debug)]
pub struct DraftSection {
    /// Full name, `course/section`.
    pub key: Key,
    /// Seats; `None` is unlimited.
    pub capacity: Option<u32>,
    /// When and where.
    pub meetings: Vec<Meeting>,
    /// Full name of the section that must be chosen with it, in the same course.
    pub parent: Option<Key>,
}

/// What an import changes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Difference {
    /// New things, as `kind key`.
    pub added: Vec<String>,
    /// Changed things, as `kind key: what`.
    pub changed: Vec<String>,
    /// Things as they were.
    pub unchanged: usize,
    /// Courses and sections that are there and that the file does not name; they stay.
    pub kept: Vec<String>,
}

/// An import ready to be journalled. Capacities that it changes take effect with the record that
/// applies it, so that none is ever half there.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Prepared {
    /// To be staged and applied together.
    pub items: Vec<Item>,
    /// What it comes to.
    pub difference: Difference,
}

struct Preparer<'a> {
    registry: &'a Registry,
    catalogue: Catalogue,
    out: Prepared,
    faults: Vec<DraftFault>,
    lines: &'a Lines,
    new_students: HashMap<Key, StudentId>,
    named: HashSet<(&'static str, Key)>,
}

impl Registry {
    /// Compares a draft with what is there. `Err` names every fault, one line each.
    pub fn prepare_import(&self, draft: &Draft) -> Result<Prepared, Vec<DraftFault>> {
        let mut preparer = Preparer {
            registry: self,
            catalogue: (*self.catalogue).clone(),
            out: Prepared::default(),
            faults: Vec::new(),
            lines: &draft.lines,
            new_students: HashMap::new(),
            named: HashSet::new(),
        };
        preparer.terms(draft);
        for course in &draft.courses {
            preparer.course(course);
        }
        preparer.programmes(draft);
        preparer.windows(draft);
        preparer.students(draft);
        preparer.results(&draft.results);
        preparer.kept(draft);
        if !preparer.faults.is_empty() {
            return Err(preparer.faults);
        }
        Ok(preparer.out)
    }
}

impl Preparer<'_> {
    fn fault(&mut self, kind: &'static str, key: &Key, what: impl std::fmt::Display) {
        let (line, what) = (self.lines.get(kind, key), format!("{kind} {key}: {what}"));
        self.faults.push(DraftFault { line, what });
    }

    /// Whether the file names the thing a second time, which is a fault.
    fn twice(&mut self, kind: &'static str, key: &Key) -> bool {
        let twice = !self.named.insert((kind, key.clone()));
        if twice {
            self.fault(kind, key, "named twice in this file; keep one");
        }
        twice
    }

    /// Records one comparison; returns whether the thing must be put.
    fn compare(&mut self, kind: &'static str, key: &Key, same: Option<bool>) -> bool {
        match same {
            None => self.out.difference.added.push(format!("{kind} {key}")),
            Some(false) => self.out.difference.changed.push(format!("{kind} {key}")),
            Some(true) => self.out.difference.unchanged += 1,
        }
        same != Some(true)
    }

    fn put(&mut self, item: Item) {
        self.catalogue.apply(&item);
        self.out.items.push(item);
    }

    fn terms(&mut self, draft: &Draft) {
        for term in &draft.terms {
            if self.twice("term", &term.key) {
                continue;
            }
            let old = self.catalogue.terms.iter().find(|t| t.key == term.key);
            let same = old.map(|old| old == term);
            if self.compare("term", &term.key, same) {
                self.put(Item::Term(term.clone()));
            }
        }
    }

    fn course(&mut self, draft: &DraftCourse) {
        if self.twice("course", &draft.key) {
            return;
        }
        let Some(term) = self.catalogue.term_index(draft.term.as_str()) else {
            self.fault("course", &draft.key, format!("unknown term {}", draft.term));
            return;
        };
        let whole = draft.part_of.as_ref();
        let part_of = whole.and_then(|key| self.catalogue.course_id(key.as_str()));
        if let (Some(key), None) = (whole, part_of) {
            let what = format!("part of unknown course {key}; put that course first");
            self.fault("course", &draft.key, what);
            return;
        }
        let known = self.catalogue.course_id(draft.key.as_str());
        let id = known.unwrap_or(CourseId(self.catalogue.courses.len() as u32));
        let components = draft.components.iter();
        let components =
            components.map(|c| Component { kind: c.kind, sections: Vec::new() }).collect();
        let course = Course {
            key: draft.key.clone(),
            term,
            name: draft.name.clone(),
            description: draft.description.clone(),
            credits: draft.credits,
            url: draft.url.clone(),
            faculty: draft.faculty.clone(),
            level: draft.level.clone(),
            language: draft.language.clone(),
            period: draft.period.clone(),
            prerequisites: draft.prerequisites.clone(),
            part_of,
            components,
        };
        let same = match known.map(|id| self.catalogue.course(id)) {
            None => None,
            Some(old) => {
                let kinds = |c: &Course| c.components.iter().map(|c| c.kind).collect::<Vec<_>>();
                if kinds(old) != kinds(&course) || old.term != course.term {
                    let what =
                        "term and components of a known course cannot change; use a new code";
                    self.fault("course", &draft.key, what);
                    return;
                }
                let mut bare = old.clone();
                bare.components.iter_mut().for_each(|c| c.sections.clear());
                Some(bare == course)
            }
        };
        if self.compare("course", &draft.key, same) {
            self.put(Item::Course(id, Box::new(course)));
        }
        for (i, component) in draft.components.iter().enumerate() {
            for section in &component.sections {
                self.section(id, i as u8, section);
            }
        }
    }

    fn section(&mut self, course: CourseId, component: u8, draft: &DraftSection) {
        if self.twice("section", &draft.key) {
            return;
        }
        let parent = draft.parent.as_ref().and_then(|key| {
            let id = self.catalogue.section_id(key.as_str())?;
            let info = self.catalogue.section(id);
            (info.course == course && info.component < component).then_some(id)
        });
        if let (Some(key), None) = (&draft.parent, parent) {
            let what = format!(
                "its parent {key} is not a section of an earlier component of the same course"
            );
            self.fault("section", &draft.key, what);
            return;
        }
        let known = self.catalogue.section_id(draft.key.as_str());
        let id = known.unwrap_or(SectionId(self.catalogue.sections.len() as u32));
        let info = SectionInfo {
            key: draft.key.clone(),
            course,
            component,
            capacity: draft.capacity,
            parent,
            meetings: draft.meetings.clone(),
        };
        let old = known.map(|id| self.catalogue.section(id).clone());
        if let Some(old) = &old {
            if (old.course, old.component, old.parent) != (course, component, parent) {
                let what = "course, component and parent of a known section cannot change; use a \
                            new name";
                self.fault("section", &draft.key, what);
                return;
            }
            if old.capacity != info.capacity {
                let seats = |c: Option<u32>| c.map_or("unlimited".into(), |c| c.to_string());
                self.out.difference.changed.push(format!(
                    "section {}: capacity {} to {}",
                    draft.key,
                    seats(old.capacity),
                    seats(info.capacity)
                ));
                self.put(Item::Section(id, Box::new(info)));
                return;
            }
        }
        if self.compare("section", &draft.key, old.map(|old| old == info)) {
            self.put(Item::Section(id, Box::new(info)));
        }
    }

    fn programmes(&mut self, draft: &Draft) {
        for programme in &draft.programmes {
            if self.twice("programme", &programme.key) {
                continue;
            }
            for requirement in &programme.requirements {
                if self.catalogue.course_id(requirement.course.as_str()).is_none() {
                    let what = format!("unknown course {}", requirement.course);
                    self.fault("programme", &programme.key, what);
                }
            }
            let old = self.catalogue.programmes.iter().find(|p| p.key == programme.key);
            let same = old.map(|old| old == programme);
            if self.compare("programme", &programme.key, same) {
                let (key, name) = (programme.key.clone(), programme.name.clone());
                let bare = Programme { key, name, requirements: Vec::new() };
                self.put(Item::Programme(bare));
                for requirement in &programme.requirements {
                    self.put(Item::Requirement(programme.key.clone(), requirement.clone()));
                }
            }
        }
    }

    fn windows(&mut self, draft: &Draft) {
        let mut next = self.registry.windows.len() as u32;
        for (term, rules) in &draft.windows {
            if self.twice("window", &rules.key) {
                continue;
            }
            let Some(term) = self.catalogue.term_index(term.as_str()) else {
                self.fault("window", &rules.key, format!("unknown term {term}"));
                continue;
            };
            let mut rules = WindowRules { term, ..rules.clone() };
            let known = self.registry.window_id(rules.key.as_str());
            let mut same = None;
            if let Some(old) = known.and_then(|id| self.registry.window(id)) {
                rules.seed = old.rules.seed;
                if old.state != WindowState::Planned {
                    // Set live since; what the file says of them was for the opening.
                    rules.opens_at = old.rules.opens_at;
                    rules.closes_at = old.rules.closes_at;
                    rules.pace = old.rules.pace;
                }
                same = Some(rules == old.rules);
                if same == Some(false) && old.state != WindowState::Planned {
                    self.fault("window", &rules.key, "its rules cannot change once it has opened");
                    continue;
                }
            }
            if self.compare("window", &rules.key, same) {
                let id = known.unwrap_or_else(|| {
                    next += 1;
                    WindowId(next - 1)
                });
                self.put(Item::Window(id, Box::new(rules)));
            }
        }
    }

    fn students(&mut self, draft: &Draft) {
        let mut next = self.registry.students.len() as u32;
        for profile in &draft.students {
            if self.twice("student", &profile.key) {
                continue;
            }
            if profile.is_withheld() {
                let what = "a number that begins so stands for a student who was erased; use hers";
                self.fault("student", &profile.key, what);
            }
            if let Some(programme) = &profile.programme
                && !self.catalogue.programmes.iter().any(|p| p.key == *programme)
            {
                let what = format!("unknown programme {programme}; import the catalogue first");
                self.fault("student", &profile.key, what);
            }
            let known = self.registry.student_id(profile.key.as_str());
            let same = known.map(|id| *self.registry.student(id).profile == *profile);
            if self.compare("student", &profile.key, same) {
                let id = known.unwrap_or_else(|| {
                    next += 1;
                    self.new_students.insert(profile.key.clone(), StudentId(next - 1));
                    StudentId(next - 1)
                });
                self.put(Item::Student(id, Box::new(profile.clone())));
            }
        }
    }

    fn kept(&mut self, draft: &Draft) {
        if draft.courses.is_empty() {
            return;
        }
        let courses = self.registry.catalogue.courses.iter().map(|c| ("course", &c.key));
        let sections = self.registry.catalogue.sections.iter().map(|s| ("section", &s.key));
        let things = courses.chain(sections).map(|(kind, key)| (kind, key.clone()));
        let absent = things.filter(|thing| !self.named.contains(thing));
        self.out.difference.kept = absent.map(|(kind, key)| format!("{kind} {key}")).collect();
    }
}

impl Prepared {
    /// The journal's view of it: staged items and the record that applies them.
    pub fn into_events(self) -> Vec<Event> {
        if self.items.is_empty() {
            return Vec::new();
        }
        let items = self.items.len() as u32;
        let mut events = Vec::with_capacity(self.items.len() + 2);
        events.push(Event::ImportBegun);
        events.extend(self.items.into_iter().map(Event::ImportItem));
        events.push(Event::ImportApplied { items });
        events
    }
}
