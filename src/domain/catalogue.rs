//! What can be registered for: terms, course offerings, components, sections, programmes.
//! Capacity here is what the file said; the seats themselves belong to [`super::section`].

use std::collections::HashMap;
use std::sync::Arc;

use super::account::Language;
use super::ids::{CourseId, Credits, Key, SectionId};

/// A text in both languages of the page.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text {
    /// Dutch.
    pub nl: Box<str>,
    /// English.
    pub en: Box<str>,
}

impl Text {
    /// In this language.
    pub const fn get(&self, language: Language) -> &str {
        match language {
            Language::Nl => &self.nl,
            Language::En => &self.en,
        }
    }
}

/// An academic session (OEAPI `AcademicSession`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// Its name outside, e.g. `2026-2`.
    pub key: Key,
    /// Shown name.
    pub name: Text,
    /// First Monday, in days since 1970-01-01; places week numbers in a year.
    pub first_monday: i32,
}

/// What a component is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ComponentKind {
    /// Lecture.
    Lecture,
    /// Tutorial (werkgroep).
    Tutorial,
    /// Practical (practicum).
    Practical,
    /// Exam or resit.
    Exam,
}

impl ComponentKind {
    /// Every kind, in the order that the page uses.
    pub const ALL: [Self; 4] = [Self::Lecture, Self::Tutorial, Self::Practical, Self::Exam];

    /// The name on the wire and in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lecture => "lecture",
            Self::Tutorial => "tutorial",
            Self::Practical => "practical",
            Self::Exam => "exam",
        }
    }

    /// The kind with that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A part of a course offering of which one section is chosen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Component {
    /// What it is for.
    pub kind: ComponentKind,
    /// Its sections, in catalogue order. Grows when sections are imported.
    pub sections: Vec<SectionId>,
}

/// A course offering in a term: the unit of registration. An exam or resit that can be registered
/// for alone is an offering of its own, whose `part_of` names the course.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Course {
    /// Code, unique over all terms, e.g. `LAW-1010`.
    pub key: Key,
    /// Index into [`Catalogue::terms`].
    pub term: u16,
    /// Shown name.
    pub name: Text,
    /// Short description.
    pub description: Text,
    /// Credits it costs while enrolled.
    pub credits: Credits,
    /// Link to the prospectus.
    pub url: Option<Box<str>>,
    /// Faculty, for search.
    pub faculty: Option<Box<str>>,
    /// Level, for search.
    pub level: Option<Box<str>>,
    /// Language of teaching, for search, e.g. `nl`.
    pub language: Option<Box<str>>,
    /// Period inside the term, for search.
    pub period: Option<Box<str>>,
    /// Courses that must have been completed.
    pub prerequisites: Vec<Key>,
    /// The course that this exam or resit belongs to.
    pub part_of: Option<CourseId>,
    /// In catalogue order; one section of each is chosen.
    pub components: Vec<Component>,
}

/// Weeks of a year as a set: bit n is ISO week n (1 to 53).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Weeks(pub u64);

impl Weeks {
    /// Highest week number.
    pub const MAX: u32 = 53;
    /// Every week.
    pub const ALL: Self = Self(((1 << (Self::MAX + 1)) - 1) & !1);

    /// Weeks whose number passes the test.
    pub fn filter(test: impl Fn(u32) -> bool) -> Self {
        Self((1..=Self::MAX).filter(|w| test(*w)).fold(0, |set, w| set | 1 << w))
    }

    /// The numbers in the set, ascending.
    pub fn iter(self) -> impl Iterator<Item = u32> {
        (1..=Self::MAX).filter(move |w| self.0 & (1 << w) != 0)
    }
}

/// A weekly meeting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Meeting {
    /// 1 = Monday to 7 = Sunday.
    pub weekday: u8,
    /// Minutes since midnight.
    pub start: u16,
    /// Minutes since midnight, after `start`; a meeting that ends when another starts is no clash.
    pub end: u16,
    /// In which weeks.
    pub weeks: Weeks,
    /// Room or address.
    pub place: Box<str>,
}

impl Meeting {
    /// Whether both ask for the same half hour in the same week.
    pub fn clashes(&self, other: &Self) -> bool {
        self.weekday == other.weekday
            && self.weeks.0 & other.weeks.0 != 0
            && self.start < other.end
            && other.start < self.end
    }
}

/// A section: what the catalogue says of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SectionInfo {
    /// Unique, `course/section`, e.g. `LAW-1010/T3`.
    pub key: Key,
    /// The offering it belongs to.
    pub course: CourseId,
    /// Index into the offering's components.
    pub component: u8,
    /// Seats when imported; `None` is unlimited.
    pub capacity: Option<u32>,
    /// The section that must be chosen with this one (a tutorial of a lecture).
    pub parent: Option<SectionId>,
    /// When and where.
    pub meetings: Vec<Meeting>,
}

/// A study programme.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Programme {
    /// Its name outside.
    pub key: Key,
    /// Shown name.
    pub name: Text,
    /// What it asks for, per year.
    pub requirements: Vec<Requirement>,
}

/// One course that a programme requires or offers in a year.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    /// Year of study, from 1.
    pub year: u8,
    /// The course.
    pub course: Key,
    /// Required, or optional.
    pub required: bool,
}

/// One thing to put into the catalogue or the student register. An import is a run of these,
/// staged until the record that completes it, so that none is ever half there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Item {
    /// New or changed term.
    Term(Term),
    /// New or changed course; `components` lists kinds, the sections come as items.
    Course(CourseId, Box<Course>),
    /// New or changed section.
    Section(SectionId, Box<SectionInfo>),
    /// New or changed programme, without its requirements.
    Programme(Programme),
    /// One requirement of a programme that exists.
    Requirement(Key, Requirement),
    /// New or changed student.
    Student(super::ids::StudentId, Box<super::student::Profile>),
    /// New window.
    Window(super::ids::WindowId, Box<super::window::WindowRules>),
    /// New or changed study result.
    Result(super::ids::StudentId, Box<super::results::StudyResult>),
}

/// Everything that can be registered for. Cheap to clone: a reader keeps its own copy.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Catalogue {
    /// Terms, in order of import.
    pub terms: Vec<Term>,
    /// By [`CourseId`].
    pub courses: Vec<Arc<Course>>,
    /// By [`SectionId`].
    pub sections: Vec<Arc<SectionInfo>>,
    /// In order of import.
    pub programmes: Vec<Programme>,
    course_keys: HashMap<Key, CourseId>,
    section_keys: HashMap<Key, SectionId>,
}

impl Catalogue {
    /// A catalogue of these, by id.
    pub fn from_parts(
        terms: Vec<Term>,
        courses: Vec<Arc<Course>>,
        sections: Vec<Arc<SectionInfo>>,
        programmes: Vec<Programme>,
    ) -> Self {
        let keys = courses.iter().enumerate();
        let course_keys = keys.map(|(i, c)| (c.key.clone(), CourseId(i as u32))).collect();
        let keys = sections.iter().enumerate();
        let section_keys = keys.map(|(i, s)| (s.key.clone(), SectionId(i as u32))).collect();
        Self { terms, courses, sections, programmes, course_keys, section_keys }
    }

    /// The course. Ids come from this catalogue, so an unknown one is a bug.
    pub fn course(&self, id: CourseId) -> &Course {
        &self.courses[id.index()]
    }

    /// The section. Ids come from this catalogue, so an unknown one is a bug.
    pub fn section(&self, id: SectionId) -> &SectionInfo {
        &self.sections[id.index()]
    }

    /// The course with that code.
    pub fn course_id(&self, key: &str) -> Option<CourseId> {
        self.course_keys.get(key).copied()
    }

    /// The section with that name.
    pub fn section_id(&self, key: &str) -> Option<SectionId> {
        self.section_keys.get(key).copied()
    }

    /// Index of the term with that name.
    pub fn term_index(&self, key: &str) -> Option<u16> {
        self.terms.iter().position(|t| t.key.as_str() == key).map(|i| i as u16)
    }

    /// Whether a meeting of one asks for a time of the other, in the same term.
    pub fn sections_clash(&self, a: SectionId, b: SectionId) -> bool {
        let (a, b) = (self.section(a), self.section(b));
        self.courses[a.course.index()].term == self.courses[b.course.index()].term
            && a.meetings.iter().any(|m| b.meetings.iter().any(|n| m.clashes(n)))
    }

    /// Puts one imported thing in. Students, windows and results are not its.
    pub fn apply(&mut self, item: &Item) {
        match item {
            Item::Term(term) => match self.terms.iter_mut().find(|t| t.key == term.key) {
                Some(old) => *old = term.clone(),
                None => self.terms.push(term.clone()),
            },
            Item::Course(id, course) => self.put_course(*id, course),
            Item::Section(id, info) => self.put_section(*id, info),
            Item::Programme(new) => match self.programmes.iter_mut().find(|p| p.key == new.key) {
                Some(old) => *old = new.clone(),
                None => self.programmes.push(new.clone()),
            },
            Item::Requirement(key, requirement) => {
                if let Some(p) = self.programmes.iter_mut().find(|p| p.key == *key) {
                    p.requirements.retain(|r| r.course != requirement.course);
                    p.requirements.push(requirement.clone());
                }
            }
            Item::Student(..) | Item::Window(..) | Item::Result(..) => {}
        }
    }

    fn put_course(&mut self, id: CourseId, course: &Course) {
        if let Some(old) = self.courses.get_mut(id.index()) {
            // Sections stay with their component: they are items of their own.
            let mut new = course.clone();
            for (i, component) in new.components.iter_mut().enumerate() {
                component.sections = match old.components.get(i) {
                    Some(c) => c.sections.clone(),
                    None => Vec::new(),
                };
            }
            *old = Arc::new(new);
        } else {
            debug_assert_eq!(id.index(), self.courses.len());
            self.course_keys.insert(course.key.clone(), id);
            self.courses.push(Arc::new(course.clone()));
        }
    }

    fn put_section(&mut self, id: SectionId, info: &SectionInfo) {
        if let Some(old) = self.sections.get_mut(id.index()) {
            *old = Arc::new(info.clone());
            return;
        }
        debug_assert_eq!(id.index(), self.sections.len());
        self.section_keys.insert(info.key.clone(), id);
        self.sections.push(Arc::new(info.clone()));
        let course = Arc::make_mut(&mut self.courses[info.course.index()]);
        course.components[usize::from(info.component)].sections.push(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meeting(weekday: u8, start: u16, end: u16, weeks: Weeks) -> Meeting {
        Meeting { weekday, start, end, weeks, place: "".into() }
    }

    #[test]
    fn weeks_and_half_hours_decide_a_clash() {
        let odd = Weeks::filter(|w| w % 2 == 1);
        let even = Weeks::filter(|w| w % 2 == 0);
        let check = |a: &Meeting, b: &Meeting, clash: bool| {
            assert_eq!(a.clashes(b), clash, "{a:?} {b:?}");
            assert_eq!(b.clashes(a), clash, "{b:?} {a:?}");
        };
        let nine = meeting(1, 540, 660, Weeks::ALL);
        check(&nine, &meeting(1, 630, 720, Weeks::ALL), true);
        check(&nine, &meeting(1, 660, 720, Weeks::ALL), false);
        check(&nine, &meeting(2, 540, 660, Weeks::ALL), false);
        check(&meeting(1, 540, 660, odd), &meeting(1, 540, 660, even), false);
        check(&meeting(1, 540, 660, odd), &nine, true);
    }
}
