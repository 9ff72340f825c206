//! The small university of an episode: few seats, so that everything that can be tight is.

use std::sync::Arc;

use sluis::domain::catalogue::{ComponentKind, Meeting, Term, Text, Weeks};
use sluis::domain::ids::{Credits, Key};
use sluis::domain::import::{Draft, DraftComponent, DraftCourse, DraftSection};
use sluis::domain::student::Profile;
use sluis::domain::window::{ClashPolicy, Order, Scope, WindowRules};

use super::random::Random;

/// What every simulated clock reads at first, in milliseconds.
pub const START_MS: u64 = 1_780_000_000_000;

pub fn key(text: &str) -> Key {
    Key::new(text).expect("names here are sound")
}

/// The file that an episode begins with.
pub fn draft(random: &mut Random) -> Draft {
    let term = Term { key: key("T"), name: Text::default(), first_monday: 20_000 };
    let count = 1 + random.below(5);
    let courses: Vec<_> = (0..count).map(|n| course(random, n)).collect();
    let students = 3 + random.below(12);
    let students: Vec<_> = (0..students).map(|n| profile(random, n)).collect();
    let windows = 1 + u32::from(random.permille(350));
    let windows = (0..windows).map(|n| (key("T"), rules(random, n, count))).collect();
    Draft { terms: vec![term], courses, students, windows, ..Draft::default() }
}

fn course(random: &mut Random, n: u32) -> DraftCourse {
    let code = format!("C{n}");
    let lectures = 1 + random.below(2);
    let lectures: Vec<_> =
        (0..lectures).map(|i| section(random, &format!("{code}/L{i}"), None, lectures)).collect();
    let mut components = vec![];
    let tutorials: Vec<_> = match random.below(3) {
        0 => vec![],
        most => (0..=most)
            .map(|i| {
                let parent = random.permille(300).then(|| {
                    let of = random.below(lectures.len() as u32) as usize;
                    lectures[of].key.clone()
                });
                section(random, &format!("{code}/T{i}"), parent, most + 1)
            })
            .collect(),
    };
    components.push(DraftComponent { kind: ComponentKind::Lecture, sections: lectures });
    if !tutorials.is_empty() {
        components.push(DraftComponent { kind: ComponentKind::Tutorial, sections: tutorials });
    }
    let needs = random.permille(150);
    DraftCourse {
        key: key(&code),
        term: key("T"),
        name: Text::default(),
        description: Text::default(),
        credits: Credits(random.pick(&[250, 500, 500, 750])),
        url: None,
        faculty: None,
        level: None,
        language: None,
        period: None,
        prerequisites: if needs { vec![key("basics")] } else { vec![] },
        part_of: (n > 0 && random.permille(150)).then(|| key("C0")),
        components,
    }
}

fn section(random: &mut Random, name: &str, parent: Option<Key>, of: u32) -> DraftSection {
    let seats = random.below(if of > 1 { 4 } else { 6 });
    let capacity = (!random.permille(60)).then_some(seats);
    let meets = random.permille(700);
    let meetings = if meets { vec![meeting(random)] } else { vec![] };
    DraftSection { key: key(name), capacity, meetings, parent }
}

fn meeting(random: &mut Random) -> Meeting {
    let start = 540 + 60 * random.below(3) as u16;
    let weeks = match random.below(3) {
        0 => Weeks::filter(|week| week % 2 == 0),
        1 => Weeks::filter(|week| week % 2 == 1),
        _ => Weeks::ALL,
    };
    let weekday = 1 + random.byte(2);
    Meeting { weekday, start, end: start + 120, weeks, place: "".into() }
}

fn profile(random: &mut Random, n: u32) -> Profile {
    Profile {
        key: key(&format!("s{n}")),
        programme: None,
        year: 1,
        blocks: if random.permille(80) { vec![key("debt")] } else { vec![] },
        completed: if random.permille(700) { vec![key("basics")] } else { vec![] },
    }
}

fn rules(random: &mut Random, n: u32, courses: u32) -> WindowRules {
    let scope = match random.below(6) {
        0 => Scope::Exams,
        1 => Scope::Only((0..courses).step_by(2).map(|c| key(&format!("C{c}"))).collect()),
        _ => Scope::Courses,
    };
    let opens = random.permille(300).then(|| u64::from(random.below(4_000)));
    let at = |ms: u64| sluis::domain::ids::Timestamp(START_MS + ms);
    WindowRules {
        key: key(&format!("W{n}")),
        name: Text::default(),
        term: 0,
        opens_at: opens.map(at),
        closes_at: random.permille(300).then(|| at(20_000 + u64::from(random.below(200_000)))),
        opens_after_sign_in_s: None,
        order: if random.permille(600) { Order::Lottery } else { Order::Arrival },
        pace: random.permille(250).then(|| 1 + random.below(40)),
        clash: if random.permille(750) { ClashPolicy::Refuse } else { ClashPolicy::Warn },
        credit_limit: random.permille(500).then(|| Credits(500 + 250 * random.below(6))),
        waitlists: !random.permille(80),
        scope: if n == 0 && random.permille(700) { Scope::Courses } else { scope },
        rehearsal: random.permille(300),
        seed: [random.byte(255); 32],
    }
}

/// How a later file differs from the one before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    Capacity(u8, u8),
    Section(u8, u8),
    Blocks(u8),
    Completed(u8),
    Credits(u8, u8),
    Student(bool),
}

/// Changes the file; it is imported whole, without the windows, which have opened.
pub fn change(file: &mut Draft, change: Change) -> Arc<Draft> {
    let at = |n: u8, len: usize| usize::from(n) % len;
    match change {
        Change::Capacity(course, seats) => {
            let course = at(course, file.courses.len());
            let parts = &mut file.courses[course].components;
            let last = parts.len() - 1;
            parts[last].sections[0].capacity = (seats < 5).then_some(u32::from(seats));
        }
        Change::Section(course, seats) => {
            let course = at(course, file.courses.len());
            let code = file.courses[course].key.clone();
            let sections = &mut file.courses[course].components[0].sections;
            if sections.len() < 4 {
                let key = key(&format!("{code}/X{}", sections.len()));
                let capacity = Some(u32::from(seats % 3));
                sections.push(DraftSection { key, capacity, meetings: vec![], parent: None });
            }
        }
        Change::Blocks(student) => {
            let student = at(student, file.students.len());
            let blocks = &mut file.students[student].blocks;
            if blocks.pop().is_none() {
                blocks.push(key("debt"));
            }
        }
        Change::Completed(student) => {
            let student = at(student, file.students.len());
            let completed = &mut file.students[student].completed;
            if completed.pop().is_none() {
                completed.push(key("basics"));
            }
        }
        Change::Credits(course, credits) => {
            let course = at(course, file.courses.len());
            file.courses[course].credits = Credits(u32::from(credits % 4) * 250);
        }
        Change::Student(completed) => {
            if file.students.len() < 20 {
                let key_ = key(&format!("s{}", file.students.len()));
                let completed = if completed { vec![key("basics")] } else { vec![] };
                let (programme, year, blocks) = (None, 1, vec![]);
                let student = Profile { key: key_, programme, year, blocks, completed };
                file.students.push(student);
            }
        }
    }
    Arc::new(Draft { windows: vec![], ..file.clone() })
}
