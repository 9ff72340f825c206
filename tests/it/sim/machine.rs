//! The domain against a model that is nothing but lists, in commands that shrink: courses of one
//! section, a waitlist each, drops, capacities up and down, repeats, restarts.

use std::sync::Arc;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use sluis::domain::catalogue::{ComponentKind, Term, Text};
use sluis::domain::command::Command;
use sluis::domain::decide::Verdict;
use sluis::domain::event::{Event, Record};
use sluis::domain::ids::{CourseId, Credits, SectionId, StudentId, Timestamp, WindowId};
use sluis::domain::import::{Draft, DraftComponent, DraftCourse, DraftSection};
use sluis::domain::outcome::Outcome;
use sluis::domain::plan::{CourseRequest, Plan};
use sluis::domain::student::Profile;
use sluis::domain::university::University;
use sluis::domain::window::{ClashPolicy, Order, Scope, WindowRules};

use super::number;
use super::scene::request_id;
use super::world::key;

const STUDENTS: u32 = 5;
const COURSES: u32 = 3;

/// Who is in and who waits, in order.
#[derive(Clone, Debug, Default)]
struct Lists {
    capacity: Vec<usize>,
    seats: Vec<Vec<u32>>,
    waiting: Vec<Vec<u32>>,
    /// What the last request came to.
    said: Option<&'static str>,
}

#[derive(Clone, Debug)]
enum Move {
    Enrol(u32, usize),
    Drop(u32, usize),
    Leave(u32, usize),
    Capacity(usize, usize),
    /// The last request once more.
    Again,
    /// Everything is read back from its records.
    Restart,
}

impl Lists {
    fn promote(&mut self, course: usize) {
        while self.seats[course].len() < self.capacity[course] && !self.waiting[course].is_empty() {
            let first = self.waiting[course].remove(0);
            self.seats[course].push(first);
        }
    }
}

impl ReferenceStateMachine for Lists {
    type State = Self;
    type Transition = Move;

    fn init_state() -> BoxedStrategy<Self> {
        let some = prop::collection::vec(0..3_usize, COURSES as usize);
        let lists = |capacity: Vec<usize>| {
            let none = vec![vec![]; capacity.len()];
            Self { capacity, seats: none.clone(), waiting: none, said: None }
        };
        some.prop_map(lists).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Move> {
        let (student, course) = (0..STUDENTS, 0..COURSES as usize);
        prop_oneof![
            6 => (student.clone(), course.clone()).prop_map(|(s, c)| Move::Enrol(s, c)),
            4 => (student.clone(), course.clone()).prop_map(|(s, c)| Move::Drop(s, c)),
            1 => (student, course.clone()).prop_map(|(s, c)| Move::Leave(s, c)),
            2 => (course, 0..4_usize).prop_map(|(c, seats)| Move::Capacity(c, seats)),
            1 => Just(Move::Again),
            1 => Just(Move::Restart),
        ]
        .boxed()
    }

    fn apply(mut lists: Self, step: &Move) -> Self {
        match *step {
            Move::Enrol(student, course) => {
                let has = lists.seats[course].contains(&student);
                lists.said = Some(if has || lists.waiting[course].contains(&student) {
                    "refused"
                } else if lists.seats[course].len() < lists.capacity[course] {
                    lists.seats[course].push(student);
                    "enrolled"
                } else {
                    lists.waiting[course].push(student);
                    "waitlisted"
                });
            }
            Move::Drop(student, course) => {
                let before = lists.seats[course].len();
                lists.seats[course].retain(|s| *s != student);
                let dropped = lists.seats[course].len() < before;
                lists.said = Some(if dropped { "dropped" } else { "refused" });
                lists.promote(course);
            }
            Move::Leave(student, course) => {
                let before = lists.waiting[course].len();
                lists.waiting[course].retain(|s| *s != student);
                let left = lists.waiting[course].len() < before;
                lists.said = Some(if left { "left_waitlist" } else { "refused" });
            }
            Move::Capacity(course, seats) => {
                lists.capacity[course] = seats;
                lists.promote(course);
            }
            Move::Again | Move::Restart => {}
        }
        lists
    }
}

/// The domain, and what it recorded.
struct Domain {
    university: University,
    records: Vec<Record>,
    last: Option<Command>,
    requests: u32,
}

impl Domain {
    fn run(&mut self, command: Command) -> Option<&'static str> {
        let at = Timestamp(self.records.len() as u64);
        let so_already = matches!(command, Command::SetCapacity(..));
        let (answer, records) = self.university.turn(command, 1, at);
        self.records.extend(records);
        let key = |outcomes: &[(CourseId, Outcome)]| outcomes[0].1.key();
        match answer {
            Ok(Verdict::Events(events)) => match &events[0] {
                Event::Decided { outcomes, .. } => Some(key(outcomes)),
                _ => None,
            },
            Ok(Verdict::Repeat(_, outcomes)) => Some(key(&outcomes)),
            Ok(Verdict::Nothing) if so_already => None,
            other => panic!("{other:?}"),
        }
    }
}

impl StateMachineTest for Domain {
    type SystemUnderTest = Self;
    type Reference = Lists;

    fn init_test(lists: &Lists) -> Self {
        let (university, records) = (University::default(), Vec::new());
        let mut domain = Self { university, records, last: None, requests: 0 };
        domain.run(Command::Import(Arc::new(draft(&lists.capacity))));
        domain.run(Command::Open(WindowId(0)));
        domain
    }

    fn apply(mut domain: Self, lists: &Lists, step: Move) -> Self {
        domain.requests += 1;
        let request = request_id(domain.requests);
        let course = |c: usize| CourseId(c as u32);
        let command = match step {
            Move::Enrol(student, c) => {
                let catalogue = &domain.university.registry.catalogue;
                let wanted = CourseRequest::any(catalogue, course(c), true);
                let plan = Some(Arc::new(Plan { courses: vec![Arc::new(wanted)] }));
                let (student, window, queue) = (StudentId(student), WindowId(0), false);
                Command::Submit { student, window, request, plan, queue }
            }
            Move::Drop(student, c) => {
                Command::Drop { student: StudentId(student), request, course: course(c) }
            }
            Move::Leave(student, c) => {
                Command::Leave { student: StudentId(student), request, course: course(c) }
            }
            Move::Capacity(c, seats) => {
                domain.run(Command::SetCapacity(SectionId(c as u32), Some(seats as u32)));
                return domain;
            }
            Move::Again => match domain.last.clone() {
                Some(command) => command,
                None => return domain,
            },
            Move::Restart => {
                let mut again = University::default();
                domain.records.iter().for_each(|record| again.apply(record));
                assert_eq!(again, domain.university);
                domain.university = again;
                return domain;
            }
        };
        domain.last = Some(command.clone());
        assert_eq!(domain.run(command), lists.said);
        domain
    }

    fn check_invariants(domain: &Self, lists: &Lists) {
        let registry = &domain.university.registry;
        for (c, (seats, waiting)) in lists.seats.iter().zip(&lists.waiting).enumerate() {
            let course = CourseId(c as u32);
            let waits: Vec<u32> =
                registry.book(course).waitlist.iter().map(|e| e.student.0).collect();
            assert_eq!(waits, *waiting, "the waitlist of course {c}");
            let has = |s: &u32| registry.student(StudentId(*s)).enrolment(course).is_some();
            let has: Vec<u32> = (0..STUDENTS).filter(has).collect();
            let mut expected = seats.clone();
            expected.sort_unstable();
            assert_eq!(has, expected, "who is in course {c}");
            assert_eq!(domain.university.sections[c].taken as usize, seats.len());
        }
    }
}

fn draft(capacity: &[usize]) -> Draft {
    let course = |(n, seats): (usize, &usize)| {
        let capacity = Some(*seats as u32);
        let section =
            DraftSection { key: key(&format!("C{n}/1")), capacity, meetings: vec![], parent: None };
        DraftCourse {
            key: key(&format!("C{n}")),
            term: key("T"),
            name: Text::default(),
            description: Text::default(),
            credits: Credits(500),
            url: None,
            faculty: None,
            level: None,
            language: None,
            period: None,
            prerequisites: vec![],
            part_of: None,
            components: vec![DraftComponent {
                kind: ComponentKind::Lecture,
                sections: vec![section],
            }],
        }
    };
    let profile = |n: u32| Profile {
        key: key(&format!("s{n}")),
        programme: None,
        year: 1,
        blocks: vec![],
        completed: vec![],
    };
    let rules = WindowRules {
        key: key("W"),
        name: Text::default(),
        term: 0,
        opens_at: None,
        closes_at: None,
        opens_after_sign_in_s: None,
        order: Order::Arrival,
        pace: None,
        clash: ClashPolicy::Refuse,
        credit_limit: None,
        waitlists: true,
        scope: Scope::Courses,
        rehearsal: false,
        seed: [7; 32],
    };
    Draft {
        terms: vec![Term { key: key("T"), name: Text::default(), first_monday: 20_000 }],
        courses: capacity.iter().enumerate().map(course).collect(),
        students: (0..STUDENTS).map(profile).collect(),
        windows: vec![(key("T"), rules)],
        ..Draft::default()
    }
}

/// So many cases as asked for; not optimised, a few.
fn config() -> ProptestConfig {
    let cases = number("SLUIS_LISTS", if cfg!(debug_assertions) { 64 } else { 2_000 }) as u32;
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

prop_state_machine! {
    #![proptest_config(config())]

    /// Every answer, seat and waitlist is the model's, after every command.
    #[test]
    fn the_domain_is_the_lists(sequential 1..100 => Domain);
}
