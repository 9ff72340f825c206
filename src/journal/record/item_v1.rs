//! Version 1 of imported things on disk: terms, courses, sections, programmes, students, windows.

use serde::{Deserialize, Serialize};

use super::account_v1::ResultV1;
use crate::domain::catalogue::{
    Component, ComponentKind, Course, Item, Meeting, Programme, Requirement, SectionInfo, Term,
    Text, Weeks,
};
use crate::domain::ids::{CourseId, Credits, SectionId, StudentId, Timestamp, WindowId};
use crate::domain::student::Profile;
use crate::domain::window::{ClashPolicy, Order, Scope, WindowRules};
use crate::journal::wire::{KeyV1, list};

type TextV1 = (Box<str>, Box<str>);

/// [`Item`] on disk.
#[derive(Serialize, Deserialize)]
pub enum ItemV1 {
    /// A term.
    Term(TermV1),
    /// A course.
    Course(u32, Box<CourseV1>),
    /// A section.
    Section(u32, Box<SectionInfoV1>),
    /// A programme.
    Programme(ProgrammeV1),
    /// A programme's requirement.
    Requirement(KeyV1, RequirementV1),
    /// A student.
    Student(u32, Box<ProfileV1>),
    /// A window.
    Window(u32, Box<WindowRulesV1>),
    /// A study result.
    Result(u32, Box<ResultV1>),
}

/// [`Term`] on disk.
#[derive(Serialize, Deserialize)]
pub struct TermV1 {
    key: KeyV1,
    name: TextV1,
    first_monday: i32,
}

/// [`ComponentKind`] on disk.
#[derive(Serialize, Deserialize)]
enum KindV1 {
    Lecture,
    Tutorial,
    Practical,
    Exam,
}

/// [`Course`] on disk.
#[derive(Serialize, Deserialize)]
pub struct CourseV1 {
    key: KeyV1,
    term: u16,
    name: TextV1,
    description: TextV1,
    credits: u32,
    url: Option<Box<str>>,
    faculty: Option<Box<str>>,
    level: Option<Box<str>>,
    language: Option<Box<str>>,
    period: Option<Box<str>>,
    prerequisites: Vec<KeyV1>,
    part_of: Option<u32>,
    components: Vec<(KindV1, Vec<u32>)>,
}

/// [`Meeting`] on disk.
#[derive(Serialize, Deserialize)]
pub struct MeetingV1 {
    weekday: u8,
    start: u16,
    end: u16,
    weeks: u64,
    place: Box<str>,
}

/// [`SectionInfo`] on disk.
#[derive(Serialize, Deserialize)]
pub struct SectionInfoV1 {
    key: KeyV1,
    course: u32,
    component: u8,
    capacity: Option<u32>,
    parent: Option<u32>,
    meetings: Vec<MeetingV1>,
}

/// [`Requirement`] on disk.
#[derive(Serialize, Deserialize)]
pub struct RequirementV1 {
    year: u8,
    course: KeyV1,
    required: bool,
}

/// [`Programme`] on disk.
#[derive(Serialize, Deserialize)]
pub struct ProgrammeV1 {
    key: KeyV1,
    name: TextV1,
    requirements: Vec<RequirementV1>,
}

/// [`Profile`] on disk.
#[derive(Serialize, Deserialize)]
pub struct ProfileV1 {
    key: KeyV1,
    programme: Option<KeyV1>,
    year: u8,
    blocks: Vec<KeyV1>,
    completed: Vec<KeyV1>,
}

#[derive(Serialize, Deserialize)]
enum OrderV1 {
    Lottery,
    Arrival,
}

#[derive(Serialize, Deserialize)]
enum ClashPolicyV1 {
    Refuse,
    Warn,
}

#[derive(Serialize, Deserialize)]
enum ScopeV1 {
    Courses,
    Exams,
    Only(Vec<KeyV1>),
}

/// [`WindowRules`] on disk.
#[derive(Serialize, Deserialize)]
pub struct WindowRulesV1 {
    key: KeyV1,
    name: TextV1,
    term: u16,
    opens_at: Option<u64>,
    closes_at: Option<u64>,
    opens_after_sign_in_s: Option<u32>,
    order: OrderV1,
    pace: Option<u32>,
    clash: ClashPolicyV1,
    credit_limit: Option<u32>,
    waitlists: bool,
    scope: ScopeV1,
    rehearsal: bool,
    seed: [u8; 32],
}

fn both(text: &Text) -> TextV1 {
    (text.nl.clone(), text.en.clone())
}

fn text((nl, en): TextV1) -> Text {
    Text { nl, en }
}

impl From<&Item> for ItemV1 {
    fn from(item: &Item) -> Self {
        match item {
            Item::Term(term) => Self::Term(term.into()),
            Item::Course(id, course) => Self::Course(id.0, Box::new(course.as_ref().into())),
            Item::Section(id, info) => Self::Section(id.0, Box::new(info.as_ref().into())),
            Item::Programme(programme) => Self::Programme(programme.into()),
            Item::Requirement(key, requirement) => {
                Self::Requirement(key.into(), requirement.into())
            }
            Item::Student(id, profile) => Self::Student(id.0, Box::new(profile.as_ref().into())),
            Item::Window(id, rules) => Self::Window(id.0, Box::new(rules.as_ref().into())),
            Item::Result(id, result) => Self::Result(id.0, Box::new(result.as_ref().into())),
        }
    }
}

impl From<ItemV1> for Item {
    fn from(item: ItemV1) -> Self {
        match item {
            ItemV1::Term(term) => Self::Term(term.into()),
            ItemV1::Course(id, course) => Self::Course(CourseId(id), Box::new((*course).into())),
            ItemV1::Section(id, info) => Self::Section(SectionId(id), Box::new((*info).into())),
            ItemV1::Programme(programme) => Self::Programme(programme.into()),
            ItemV1::Requirement(key, requirement) => {
                Self::Requirement(key.into(), requirement.into())
            }
            ItemV1::Student(id, profile) => {
                Self::Student(StudentId(id), Box::new((*profile).into()))
            }
            ItemV1::Window(id, rules) => Self::Window(WindowId(id), Box::new((*rules).into())),
            ItemV1::Result(id, result) => Self::Result(StudentId(id), Box::new((*result).into())),
        }
    }
}

impl From<&Term> for TermV1 {
    fn from(term: &Term) -> Self {
        let name = both(&term.name);
        Self { key: (&term.key).into(), name, first_monday: term.first_monday }
    }
}

impl From<TermV1> for Term {
    fn from(term: TermV1) -> Self {
        Self { key: term.key.into(), name: text(term.name), first_monday: term.first_monday }
    }
}

impl From<ComponentKind> for KindV1 {
    fn from(kind: ComponentKind) -> Self {
        match kind {
            ComponentKind::Lecture => Self::Lecture,
            ComponentKind::Tutorial => Self::Tutorial,
            ComponentKind::Practical => Self::Practical,
            ComponentKind::Exam => Self::Exam,
        }
    }
}

impl From<KindV1> for ComponentKind {
    fn from(kind: KindV1) -> Self {
        match kind {
            KindV1::Lecture => Self::Lecture,
            KindV1::Tutorial => Self::Tutorial,
            KindV1::Practical => Self::Practical,
            KindV1::Exam => Self::Exam,
        }
    }
}

impl From<&Course> for CourseV1 {
    fn from(course: &Course) -> Self {
        let components = course.components.iter();
        let components =
            components.map(|c| (c.kind.into(), c.sections.iter().map(|s| s.0).collect()));
        Self {
            key: (&course.key).into(),
            term: course.term,
            name: both(&course.name),
            description: both(&course.description),
            credits: course.credits.0,
            url: course.url.clone(),
            faculty: course.faculty.clone(),
            level: course.level.clone(),
            language: course.language.clone(),
            period: course.period.clone(),
            prerequisites: list(&course.prerequisites),
            part_of: course.part_of.map(|c| c.0),
            components: components.collect(),
        }
    }
}

impl From<CourseV1> for Course {
    fn from(course: CourseV1) -> Self {
        let components = course.components.into_iter().map(|(kind, numbers)| {
            let sections = numbers.into_iter().map(SectionId).collect();
            Component { kind: kind.into(), sections }
        });
        Self {
            key: course.key.into(),
            term: course.term,
            name: text(course.name),
            description: text(course.description),
            credits: Credits(course.credits),
            url: course.url,
            faculty: course.faculty,
            level: course.level,
            language: course.language,
            period: course.period,
            prerequisites: list(course.prerequisites),
            part_of: course.part_of.map(CourseId),
            components: components.collect(),
        }
    }
}

impl From<&Meeting> for MeetingV1 {
    fn from(meeting: &Meeting) -> Self {
        Self {
            weekday: meeting.weekday,
            start: meeting.start,
            end: meeting.end,
            weeks: meeting.weeks.0,
            place: meeting.place.clone(),
        }
    }
}

impl From<MeetingV1> for Meeting {
    fn from(meeting: MeetingV1) -> Self {
        Self {
            weekday: meeting.weekday,
            start: meeting.start,
            end: meeting.end,
            weeks: Weeks(meeting.weeks),
            place: meeting.place,
        }
    }
}

impl From<&SectionInfo> for SectionInfoV1 {
    fn from(info: &SectionInfo) -> Self {
        Self {
            key: (&info.key).into(),
            course: info.course.0,
            component: info.component,
            capacity: info.capacity,
            parent: info.parent.map(|s| s.0),
            meetings: list(&info.meetings),
        }
    }
}

impl From<SectionInfoV1> for SectionInfo {
    fn from(info: SectionInfoV1) -> Self {
        Self {
            key: info.key.into(),
            course: CourseId(info.course),
            component: info.component,
            capacity: info.capacity,
            parent: info.parent.map(SectionId),
            meetings: list(info.meetings),
        }
    }
}

impl From<&Requirement> for RequirementV1 {
    fn from(requirement: &Requirement) -> Self {
        let (year, required) = (requirement.year, requirement.required);
        Self { year, course: (&requirement.course).into(), required }
    }
}

impl From<RequirementV1> for Requirement {
    fn from(requirement: RequirementV1) -> Self {
        let (year, required) = (requirement.year, requirement.required);
        Self { year, course: requirement.course.into(), required }
    }
}

impl From<&Programme> for ProgrammeV1 {
    fn from(programme: &Programme) -> Self {
        let requirements = list(&programme.requirements);
        Self { key: (&programme.key).into(), name: both(&programme.name), requirements }
    }
}

impl From<ProgrammeV1> for Programme {
    fn from(programme: ProgrammeV1) -> Self {
        let requirements = list(programme.requirements);
        Self { key: programme.key.into(), name: text(programme.name), requirements }
    }
}

impl From<&Profile> for ProfileV1 {
    fn from(profile: &Profile) -> Self {
        Self {
            key: (&profile.key).into(),
            programme: profile.programme.as_ref().map(KeyV1::from),
            year: profile.year,
            blocks: list(&profile.blocks),
            completed: list(&profile.completed),
        }
    }
}

impl From<ProfileV1> for Profile {
    fn from(profile: ProfileV1) -> Self {
        Self {
            key: profile.key.into(),
            programme: profile.programme.map(Into::into),
            year: profile.year,
            blocks: list(profile.blocks),
            completed: list(profile.completed),
        }
    }
}

impl From<&WindowRules> for WindowRulesV1 {
    fn from(rules: &WindowRules) -> Self {
        Self {
            key: (&rules.key).into(),
            name: both(&rules.name),
            term: rules.term,
            opens_at: rules.opens_at.map(|at| at.0),
            closes_at: rules.closes_at.map(|at| at.0),
            opens_after_sign_in_s: rules.opens_after_sign_in_s,
            order: match rules.order {
                Order::Lottery => OrderV1::Lottery,
                Order::Arrival => OrderV1::Arrival,
            },
            pace: rules.pace,
            clash: match rules.clash {
                ClashPolicy::Refuse => ClashPolicyV1::Refuse,
                ClashPolicy::Warn => ClashPolicyV1::Warn,
            },
            credit_limit: rules.credit_limit.map(|c| c.0),
            waitlists: rules.waitlists,
            scope: match &rules.scope {
                Scope::Courses => ScopeV1::Courses,
                Scope::Exams => ScopeV1::Exams,
                Scope::Only(keys) => ScopeV1::Only(list(keys)),
            },
            rehearsal: rules.rehearsal,
            seed: rules.seed,
        }
    }
}

impl From<WindowRulesV1> for WindowRules {
    fn from(rules: WindowRulesV1) -> Self {
        Self {
            key: rules.key.into(),
            name: text(rules.name),
            term: rules.term,
            opens_at: rules.opens_at.map(Timestamp),
            closes_at: rules.closes_at.map(Timestamp),
            opens_after_sign_in_s: rules.opens_after_sign_in_s,
            order: match rules.order {
                OrderV1::Lottery => Order::Lottery,
                OrderV1::Arrival => Order::Arrival,
            },
            pace: rules.pace,
            clash: match rules.clash {
                ClashPolicyV1::Refuse => ClashPolicy::Refuse,
                ClashPolicyV1::Warn => ClashPolicy::Warn,
            },
            credit_limit: rules.credit_limit.map(Credits),
            waitlists: rules.waitlists,
            scope: match rules.scope {
                ScopeV1::Courses => Scope::Courses,
                ScopeV1::Exams => Scope::Exams,
                ScopeV1::Only(keys) => Scope::Only(list(keys)),
            },
            rehearsal: rules.rehearsal,
            seed: rules.seed,
        }
    }
}
