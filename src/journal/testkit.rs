//! Random histories of a small university, for the tests of what is stored.

use std::sync::Arc;

use crate::domain::account::{DeviceId, Language, Preferences, Topics};
use crate::domain::acts::{Author, Place};
use crate::domain::catalogue::{ComponentKind, Term, Text};
use crate::domain::command::Command;
use crate::domain::event::{Event, Record};
use crate::domain::ids::{
    CourseId, Credits, Key, RequestId, SectionId, Sequence, StudentId, Ticket, Timestamp, WindowId,
};
use crate::domain::import::{Draft, DraftComponent, DraftCourse, DraftResult, DraftSection};
use crate::domain::plan::{Choice, CourseRequest, Plan};
use crate::domain::results::Grade;
use crate::domain::section::SectionStatus;
use crate::domain::student::Profile;
use crate::domain::university::University;
use crate::domain::window::{ClashPolicy, Order, Scope, WindowRules};

const STUDENTS: u32 = 12;
const COURSES: u32 = 5;
const SECTIONS: u32 = 3;
const WINDOWS: u32 = 2;

/// A `SplitMix64`: the same numbers for the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u32) -> u32 {
        (self.next() % u64::from(bound)) as u32
    }

    pub fn bytes(&mut self) -> [u8; 16] {
        (u128::from(self.next()) << 64 | u128::from(self.next())).to_le_bytes()
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }
}

fn key(text: &str) -> Key {
    Key::new(text).expect("a name in a test is sound")
}

fn draft() -> Draft {
    let text = |text: &str| Text { nl: text.into(), en: text.into() };
    let course = |c: u32| DraftCourse {
        key: key(&format!("C{c}")),
        term: key("T"),
        name: text("Vak é"),
        description: Text::default(),
        credits: Credits(500),
        url: None,
        faculty: Some("Law".into()),
        level: None,
        language: None,
        period: None,
        prerequisites: if c == 4 { vec![key("C0")] } else { vec![] },
        part_of: None,
        components: vec![
            DraftComponent { kind: ComponentKind::Lecture, sections: vec![section(c, 0, Some(6))] },
            DraftComponent {
                kind: ComponentKind::Tutorial,
                sections: vec![section(c, 1, Some(2)), section(c, 2, None)],
            },
        ],
    };
    let rules = |n: u32| WindowRules {
        key: key(&format!("W{n}")),
        name: text("Window"),
        term: 0,
        opens_at: None,
        closes_at: Some(Timestamp(5)),
        opens_after_sign_in_s: None,
        order: Order::Lottery,
        pace: None,
        clash: ClashPolicy::Warn,
        credit_limit: Some(Credits(1_500)),
        waitlists: true,
        scope: Scope::Courses,
        rehearsal: n == 1,
        seed: [7; 32],
    };
    Draft {
        terms: vec![Term { key: key("T"), name: text("Term"), first_monday: 20_000 }],
        courses: (0..COURSES).map(course).collect(),
        programmes: vec![],
        windows: (0..WINDOWS).map(|n| (key("T"), rules(n))).collect(),
        students: (0..STUDENTS).map(profile).collect(),
        ..Draft::default()
    }
}

fn section(course: u32, n: u32, capacity: Option<u32>) -> DraftSection {
    let key = key(&format!("C{course}/{n}"));
    DraftSection { key, capacity, meetings: vec![], parent: None }
}

fn profile(n: u32) -> Profile {
    Profile {
        key: key(&format!("s{n}")),
        programme: None,
        year: 1,
        blocks: if n == 3 { vec![key("FIN")] } else { vec![] },
        completed: if n.is_multiple_of(2) { vec![key("C0")] } else { vec![] },
    }
}

/// A state after at least so many random commands, and the records that made it.
pub fn history(seed: u64, commands: u32) -> (University, Vec<Record>) {
    let mut random = Random::new(seed);
    let mut university = University::default();
    let mut records = Vec::new();
    let mut run = |university: &mut University, command, at: u32| {
        let at = Timestamp(1_780_000_000_000 + u64::from(at));
        records.extend(university.turn(command, 1, at).1);
    };
    run(&mut university, Command::Import(Arc::new(draft())), 0);
    run(&mut university, Command::Open(WindowId(0)), 1);
    for at in 0..commands {
        run(&mut university, command(&mut random), at);
    }
    (university, records)
}

/// What an import leaves when it stops half way.
pub fn half_import(university: &mut University) -> Vec<Record> {
    let mut changed = draft();
    changed.students.push(profile(STUDENTS));
    changed.courses[0].faculty = None;
    changed.windows.clear();
    let prepared = university.registry.prepare_import(&changed).expect("a sound draft");
    let events = prepared.into_events().into_iter();
    let events: Vec<Event> = events.filter(|e| !matches!(e, Event::ImportApplied { .. })).collect();
    let number = |event| {
        let record = university.registry.number(event, 9, Timestamp(1_790_000_000_000));
        university.apply(&record);
        record
    };
    events.into_iter().map(number).collect()
}

fn request(random: &mut Random) -> Arc<CourseRequest> {
    let course = random.below(COURSES);
    let sections = vec![SectionId(course * SECTIONS + 1), SectionId(course * SECTIONS + 2)];
    let tutorial = match random.below(3) {
        0 => Choice::Any,
        1 => Choice::Ranked(sections[..1].to_vec()),
        _ => Choice::Ranked(sections),
    };
    let choices = vec![Choice::Any, tutorial];
    let waitlist = !random.one_in(4);
    Arc::new(CourseRequest { course: CourseId(course), choices, waitlist })
}

fn plan(random: &mut Random) -> Arc<Plan> {
    let mut courses: Vec<Arc<CourseRequest>> = Vec::new();
    for _ in 0..=random.below(3) {
        let request = request(random);
        if courses.iter().all(|r| r.course != request.course) {
            courses.push(request);
        }
    }
    Arc::new(Plan { courses })
}

fn results(random: &mut Random) -> Draft {
    let result = |random: &mut Random| DraftResult {
        line: 1,
        student: key(&format!("s{}", random.below(STUDENTS))),
        term: key("T0"),
        course: key(&format!("C{}", random.below(COURSES + 1))),
        name: Some(Text { nl: "Oud vak".into(), en: "Old course".into() }),
        component: random.one_in(3).then(|| key("essay")),
        attempt: random.below(3) as u8 + 1,
        grade: Grade::Mark(40 + random.below(50) as u8),
        credits: Some(Credits(500)),
        date: 20_000 + random.below(9) as i32,
        passed: None,
    };
    let results = (0..=random.below(3)).map(|_| result(random)).collect();
    Draft { results, ..Draft::default() }
}

fn account(random: &mut Random, student: StudentId) -> Command {
    let hash = [random.below(200) as u8; 32];
    let device = DeviceId(u64::from(random.below(30)));
    match random.below(6) {
        0 => {
            let language = random.one_in(2).then_some(Language::En);
            let topics = Topics::from_bits(random.below(32) as u8);
            let notify = random.one_in(2);
            Command::SetPreferences(student, Preferences { language, notify, topics })
        }
        1 => Command::SetCalendar(student, (!random.one_in(4)).then_some(hash)),
        2..=3 => {
            let expires = Timestamp(1_780_000_000_000 + u64::from(random.below(400)));
            Command::SignIn { student, device, agent: "Firefox, Linux".into(), expires }
        }
        4 => Command::SignOut(student, Some(device)),
        _ => Command::SignOut(student, None),
    }
}

fn act(random: &mut Random, student: StudentId, window: WindowId, course: CourseId) -> Command {
    let section = course.0 * SECTIONS + 1 + random.below(2);
    let code = || key(["FIN", "LIB"][course.index() % 2]);
    let command = match random.below(10) {
        0 => Command::Pause(window),
        1..=2 => Command::Resume(window),
        3..=6 => Command::Place(Box::new(Place {
            student,
            course,
            sections: vec![SectionId(course.0 * SECTIONS), SectionId(section)],
            moved: random.one_in(2),
            over_capacity: random.one_in(2),
            override_checks: random.one_in(2),
        })),
        7 => Command::Remove { student, course },
        8 => Command::SetBlock { student, code: code(), blocked: random.one_in(2) },
        _ => Command::SetCapacity(SectionId(section), Some(random.below(5))),
    };
    let reason = random.one_in(2).then(|| "Zaal te klein".into());
    command.by(Author { by: key("registrar"), reason })
}

fn command(random: &mut Random) -> Command {
    let student = StudentId(random.below(STUDENTS));
    let window = WindowId(random.below(WINDOWS));
    let course = CourseId(random.below(COURSES));
    let section = SectionId(random.below(COURSES * SECTIONS));
    // Few enough that some come twice.
    let mut request_id = [0; 16];
    request_id[15] = random.below(60) as u8;
    let request_id = RequestId(request_id);
    match random.below(56) {
        0..=5 => Command::SetPlan(student, plan(random)),
        6..=8 => Command::Arm { student, window, request: request_id },
        9 => Command::Disarm(student, window),
        10..=20 => {
            let plan = (!random.one_in(3)).then(|| plan(random));
            let queue = random.one_in(3);
            Command::Submit { student, window, request: request_id, plan, queue }
        }
        21..=25 => Command::Admit(window, Ticket(random.below(12))),
        26..=28 => Command::Drop { student, request: request_id, course },
        29 => Command::Leave { student, request: request_id, course },
        30..=31 => {
            Command::Swap { student, request: request_id, from: course, to: request(random) }
        }
        32 => Command::MarkRead(student, Sequence(u64::from(random.below(200)))),
        33..=34 => Command::SetCapacity(section, random.one_in(2).then(|| random.below(5))),
        35 => Command::SetStatus(section, SectionStatus::Closed),
        36 => Command::SetStatus(section, SectionStatus::Open),
        37 => Command::Open(window),
        38 if random.one_in(4) => Command::Reset { window, seed: [8; 32], opens_at: None },
        39 if random.one_in(8) => Command::Close(window),
        40..=41 => Command::Import(Arc::new(results(random))),
        42..=45 => account(random, student),
        46..=53 => act(random, student, window, course),
        _ => Command::SetPace(window, Some(random.below(9))),
    }
}
