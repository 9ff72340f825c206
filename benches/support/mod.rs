//! A university of any size, and the decisions that fill it; what the benches share.

// Each bench needs some of it.
#![allow(dead_code)]

use std::sync::Arc;

use sluis::domain::catalogue::{ComponentKind, Meeting, Term, Text, Weeks};
use sluis::domain::command::Command;
use sluis::domain::event::Record;
use sluis::domain::ids::{
    CourseId, Credits, Key, RequestId, Sequence, StudentId, Timestamp, WindowId,
};
use sluis::domain::import::{Draft, DraftComponent, DraftCourse, DraftSection};
use sluis::domain::plan::{CourseRequest, Plan};
use sluis::domain::student::Profile;
use sluis::domain::university::University;
use sluis::domain::window::{ClashPolicy, Order, Scope, WindowRules};
use sluis::journal::record;

/// Seats of every section: never reached.
const CAPACITY: u32 = 1_000_000;
/// Two hours each, on five days: the slots of a week.
const SLOTS: u32 = 25;

/// How large, and which checks have work to do.
#[derive(Clone, Copy)]
pub struct Shape {
    pub students: u32,
    pub courses: u32,
    /// Tutorial groups of each course, one of which is chosen; 0 is none.
    pub tutorials: u32,
    /// Sections meet, so that courses can clash.
    pub meetings: bool,
    /// In hundredths, as [`Credits`] are; a course has 500.
    pub credit_limit: Option<u32>,
}

pub fn key(text: &str) -> Key {
    Key::new(text).expect("a plain name")
}

fn meeting(slot: u32) -> Meeting {
    let slot = slot % SLOTS;
    let (weekday, start) = ((slot % 5 + 1) as u8, (9 + 2 * (slot / 5)) as u16 * 60);
    Meeting { weekday, start, end: start + 120, weeks: Weeks::ALL, place: "".into() }
}

impl Shape {
    fn section(self, name: &str, slot: u32) -> DraftSection {
        let meetings = self.meetings.then(|| meeting(slot)).into_iter().collect();
        DraftSection { key: key(name), capacity: Some(CAPACITY), meetings, parent: None }
    }

    fn components(self, number: u32) -> Vec<DraftComponent> {
        let lecture = self.section(&format!("C{number}/1"), number);
        let mut all =
            vec![DraftComponent { kind: ComponentKind::Lecture, sections: vec![lecture] }];
        if self.tutorials > 0 {
            let group = |i| self.section(&format!("C{number}/T{i}"), 3 * number + 7 + i);
            let sections = (0..self.tutorials).map(group).collect();
            all.push(DraftComponent { kind: ComponentKind::Tutorial, sections });
        }
        all
    }

    fn course(self, number: u32) -> DraftCourse {
        let name: Text = Text { nl: "Vak".into(), en: "Course".into() };
        DraftCourse {
            key: key(&format!("C{number}")),
            term: key("term"),
            description: name.clone(),
            name,
            credits: Credits(500),
            url: None,
            faculty: None,
            level: None,
            language: None,
            period: None,
            prerequisites: Vec::new(),
            part_of: None,
            components: self.components(number),
        }
    }

    pub fn draft(self) -> Draft {
        let student = |i| Profile {
            key: key(&format!("s{i}")),
            programme: None,
            year: 1,
            blocks: Vec::new(),
            completed: Vec::new(),
        };
        Draft {
            terms: vec![Term { key: key("term"), name: Text::default(), first_monday: 20_000 }],
            courses: (0..self.courses).map(|number| self.course(number)).collect(),
            windows: vec![(key("term"), rules(Order::Arrival, self.credit_limit))],
            students: (0..self.students).map(student).collect(),
            ..Draft::default()
        }
    }
}

/// Rules of a window over all courses; clashes are refused.
pub fn rules(order: Order, credit_limit: Option<u32>) -> WindowRules {
    WindowRules {
        key: key("window"),
        name: Text::default(),
        term: 0,
        opens_at: None,
        closes_at: None,
        opens_after_sign_in_s: None,
        order,
        pace: None,
        clash: ClashPolicy::Refuse,
        credit_limit: credit_limit.map(Credits),
        waitlists: true,
        scope: Scope::Courses,
        rehearsal: false,
        seed: [7; 32],
    }
}

/// A university, decided by the real rules.
pub struct Decider {
    pub university: University,
    shape: Shape,
    requests: u32,
}

impl Decider {
    /// Imported, its window open; and the records of that.
    pub fn open(shape: Shape) -> (Self, Vec<Record>) {
        let university = University::default();
        let mut decider = Self { university, shape, requests: 0 };
        let mut records = decider.decide(Command::Import(Arc::new(shape.draft())));
        records.extend(decider.decide(Command::Open(WindowId(0))));
        (decider, records)
    }

    pub fn decide(&mut self, command: Command) -> Vec<Record> {
        let (answer, records) = self.university.turn(command, 1, Timestamp(1_800_000_000_000));
        answer.expect("an accepted command");
        records
    }

    /// The student's n-th course; for n below 5 never the same one twice.
    pub fn course(&self, student: u32, nth: u32) -> CourseId {
        CourseId((student * 7 + nth * 131) % self.shape.courses)
    }

    /// A request, never made before, for any sections of these courses.
    pub fn submit(&mut self, student: u32, courses: &[CourseId]) -> Command {
        self.requests += 1;
        let mut request = [0; 16];
        request[..4].copy_from_slice(&self.requests.to_be_bytes());
        let catalogue = &self.university.registry.catalogue;
        let any = |course: &CourseId| Arc::new(CourseRequest::any(catalogue, *course, false));
        Command::Submit {
            student: StudentId(student),
            window: WindowId(0),
            request: RequestId(request),
            plan: Some(Arc::new(Plan { courses: courses.iter().map(any).collect() })),
            queue: false,
        }
    }

    /// Every student asks for so many courses, each in a request of its own.
    pub fn fill(&mut self, each: u32, mut keep: impl FnMut(&Record)) {
        for student in 0..self.shape.students {
            for nth in 0..each {
                let course = self.course(student, nth);
                let command = self.submit(student, &[course]);
                self.decide(command).iter().for_each(&mut keep);
            }
        }
    }
}

/// A record as the journal has it.
pub fn encoded(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::new();
    record::encode(record, &mut bytes).expect("a record that fits");
    bytes
}

/// The record of one enrolment, made by the real rules, and its place in the journal.
pub fn one_outcome() -> (Sequence, Record) {
    let shape = Shape { students: 1, courses: 1, tutorials: 1, meetings: true, credit_limit: None };
    let (mut decider, _) = Decider::open(shape);
    let course = decider.course(0, 0);
    let command = decider.submit(0, &[course]);
    let record = decider.decide(command).remove(0);
    (record.sequence, record)
}
