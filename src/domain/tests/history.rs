//! Random universities and random histories, shrinkable: every act names its objects by small
//! numbers that are taken modulo what there is.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::domain::acts::{Author, Place};
use crate::domain::catalogue::{Component, Text};
use crate::domain::command::Command;
use crate::domain::decide::Verdict;
use crate::domain::ids::{CourseId, Credits, SectionId, Sequence, StudentId, WindowId};
use crate::domain::import::{Draft, DraftSection};
use crate::domain::outcome::Rejection;
use crate::domain::plan::{Choice, CourseRequest, Plan};
use crate::domain::section::SectionStatus;
use crate::domain::testkit::{World, draft, key, lecture, sec, tutorial};
use crate::domain::window::{ClashPolicy, Order};

/// A course request in the raw: course, choice of each component (0 = any), waitlist.
pub type RawRequest = (u8, [u8; 2], bool);

/// One thing that somebody does.
#[derive(Clone, Debug)]
pub enum Act {
    SetPlan(u8, Vec<RawRequest>),
    Arm(u8, u8),
    Disarm(u8, u8),
    Submit(u8, u8, Option<Vec<RawRequest>>),
    Admit(u8),
    Drop(u8, u8),
    Leave(u8, u8),
    Swap(u8, u8, RawRequest),
    Read(u8),
    Repeat(u8),
    Open(u8),
    Closing(u8),
    Close(u8),
    Reset(u8),
    Pace(u8, Option<u32>),
    Schedule(u8),
    Capacity(u8, Option<u32>),
    Status(u8, u8),
    Import(u8, u8),
    Pause(u8),
    Resume(u8),
    /// Student, course, section of each component, moved, over capacity, checks overridden.
    Place(u8, u8, [u8; 2], bool, bool, bool),
    Remove(u8, u8),
    Block(u8, u8, bool),
    Announce,
}

/// A section in the raw: seats (over 2 = unlimited), slot of the week, parent.
type RawSection = (u8, u8, bool);

/// A university in the raw.
#[expect(clippy::struct_excessive_bools, reason = "each is one coin of the generator")]
#[derive(Clone, Debug)]
pub struct Raw {
    courses: Vec<(Vec<RawSection>, Vec<RawSection>, bool, bool)>,
    students: usize,
    limit: bool,
    warn: bool,
    lottery: bool,
    waitlists: bool,
}

pub fn raw() -> impl Strategy<Value = Raw> {
    let section = || (0..4_u8, 0..4_u8, any::<bool>());
    let course = (
        vec(section(), 1..=2),
        vec(section(), 0..=2),
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.2),
    );
    let rules = (any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.9));
    (vec(course, 1..=4), 2..=5_usize, rules).prop_map(|(courses, students, rules)| {
        let (limit, warn, lottery, waitlists) = rules;
        Raw { courses, students, limit, warn, lottery, waitlists }
    })
}

pub fn request() -> impl Strategy<Value = RawRequest> {
    (any::<u8>(), [0..4_u8, 0..4_u8], prop::bool::weighted(0.8))
}

pub fn acts(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let n = any::<u8>;
    let requests = || vec(request(), 0..4);
    let seats = || prop::option::weighted(0.8, 0..4_u32);
    let act = prop_oneof![
        4 => (n(), requests()).prop_map(|(s, r)| Act::SetPlan(s, r)),
        3 => (n(), n()).prop_map(|(s, w)| Act::Arm(s, w)),
        1 => (n(), n()).prop_map(|(s, w)| Act::Disarm(s, w)),
        8 => (n(), n(), prop::option::weighted(0.8, requests()))
            .prop_map(|(s, w, r)| Act::Submit(s, w, r)),
        6 => n().prop_map(Act::Admit),
        6 => (n(), n()).prop_map(|(s, c)| Act::Drop(s, c)),
        2 => (n(), n()).prop_map(|(s, c)| Act::Leave(s, c)),
        5 => (n(), n(), request()).prop_map(|(s, c, r)| Act::Swap(s, c, r)),
        1 => n().prop_map(Act::Read),
        2 => n().prop_map(Act::Repeat),
        4 => n().prop_map(Act::Open),
        1 => n().prop_map(Act::Closing),
        1 => n().prop_map(Act::Close),
        1 => n().prop_map(Act::Reset),
        1 => (n(), prop::option::of(1..9_u32)).prop_map(|(w, p)| Act::Pace(w, p)),
        1 => n().prop_map(Act::Schedule),
        4 => (n(), seats()).prop_map(|(s, c)| Act::Capacity(s, c)),
        2 => (n(), 0..3_u8).prop_map(|(s, st)| Act::Status(s, st)),
        2 => (n(), n()).prop_map(|(a, b)| Act::Import(a, b)),
        2 => n().prop_map(Act::Pause),
        3 => n().prop_map(Act::Resume),
        6 => placing(),
        2 => (n(), n()).prop_map(|(s, c)| Act::Remove(s, c)),
        2 => (n(), n(), any::<bool>()).prop_map(|(s, c, b)| Act::Block(s, c, b)),
        1 => Just(Act::Announce),
    ];
    vec(act, 1..=most)
}

/// What students do all term in an open window: nothing but seats changing hands.
pub fn busy(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let n = any::<u8>;
    let wanted = || request().prop_map(|(course, choices, _)| (course, choices, true));
    let act = prop_oneof![
        6 => (n(), vec(wanted(), 1..3)).prop_map(|(s, r)| Act::Submit(s, 0, Some(r))),
        5 => (n(), n()).prop_map(|(s, c)| Act::Drop(s, c)),
        5 => (n(), n(), wanted()).prop_map(|(s, c, r)| Act::Swap(s, c, r)),
        1 => (n(), n()).prop_map(|(s, c)| Act::Leave(s, c)),
        1 => (n(), 0..3_u32).prop_map(|(s, c)| Act::Capacity(s, Some(c))),
        1 => (n(), 0..3_u8).prop_map(|(s, st)| Act::Status(s, st)),
        3 => placing(),
        1 => (n(), n()).prop_map(|(s, c)| Act::Remove(s, c)),
        1 => (n(), n(), any::<bool>()).prop_map(|(s, c, b)| Act::Block(s, c, b)),
    ];
    vec(act, 10..=most)
}

/// The registrar enrols somebody, or moves her.
fn placing() -> impl Strategy<Value = Act> {
    let n = any::<u8>;
    let coins = (any::<bool>(), any::<bool>(), any::<bool>());
    (n(), n(), [n(), n()], coins).prop_map(|(s, c, sections, (moved, over, checks))| {
        Act::Place(s, c, sections, moved, over, checks)
    })
}

impl Raw {
    pub fn draft(&self) -> Draft {
        let mut draft = draft().students(self.students);
        for (c, (first, second, prerequisite, heavy)) in self.courses.iter().enumerate() {
            let code = format!("c{c}");
            let section = |part: char, i: usize, raw: &RawSection| -> DraftSection {
                let mut section = sec(&format!("{code}/{part}{i}"), u32::from(raw.0));
                section.capacity = section.capacity.filter(|seats| *seats <= 2);
                match raw.1 {
                    0 => section,
                    slot => section.at(slot, 9, 11),
                }
            };
            let lectures: Vec<_> =
                first.iter().enumerate().map(|(i, raw)| section('l', i, raw)).collect();
            let tutorials = second.iter().enumerate().map(|(i, raw)| {
                let child = section('t', i, raw);
                if raw.2 {
                    return child.under(&format!("{code}/l{}", i % lectures.len()));
                }
                child
            });
            let tutorials: Vec<_> = tutorials.collect();
            let mut parts = vec![lecture(&lectures)];
            if !tutorials.is_empty() {
                parts.push(tutorial(&tutorials));
            }
            draft = draft.course(&code, &parts).with(|course| {
                course.credits = Credits(if *heavy { 1000 } else { 500 });
                if *prerequisite {
                    course.prerequisites.push(key("basics"));
                }
            });
        }
        for student in draft.students.iter_mut().skip(1) {
            student.completed.push(key("basics"));
        }
        let limit = self.limit.then_some(Credits(1000));
        draft
            .window(|rules| {
                rules.order = if self.lottery { Order::Lottery } else { Order::Arrival };
                rules.clash = if self.warn { ClashPolicy::Warn } else { ClashPolicy::Refuse };
                (rules.credit_limit, rules.waitlists) = (limit, self.waitlists);
            })
            .window(|rules| rules.rehearsal = true)
    }

    /// Imported, both windows open when told so.
    pub fn world(&self, open: bool) -> World {
        let mut world = self.draft().given();
        if open {
            world.run(Command::Open(WindowId(0))).unwrap();
            world.run(Command::Open(WindowId(1))).unwrap();
        }
        world
    }
}

/// What a history was made of, to run or repeat it elsewhere.
#[derive(Default)]
pub struct History {
    /// Each command, with the number of records there were before it.
    pub commands: Vec<(usize, Command)>,
    draft: Draft,
}

impl History {
    pub fn new(raw: &Raw) -> Self {
        Self { commands: Vec::new(), draft: raw.draft() }
    }

    /// Turns an act into a command and runs it.
    pub fn act(&mut self, world: &mut World, act: &Act) {
        let Some(command) = self.command(world, act) else {
            return;
        };
        self.commands.push((world.records.len(), command.clone()));
        let _answer = world.run(command);
    }

    fn command(&mut self, world: &mut World, act: &Act) -> Option<Command> {
        let registry = &world.university.registry;
        let student = |s: &u8| StudentId(u32::from(*s) % registry.students.len() as u32);
        let window = |w: &u8| WindowId(u32::from(*w) % registry.windows.len() as u32);
        let course = |c: &u8| CourseId(u32::from(*c) % registry.courses.len() as u32);
        let section = |s: &u8| SectionId(u32::from(*s) % world.university.sections.len() as u32);
        let waits = |w: WindowId| registry.windows[w.index()].waiting > 0;
        Some(match act {
            Act::SetPlan(s, r) => Command::SetPlan(student(s), plan(world, r)),
            Act::Arm(s, w) => {
                let (student, window) = (student(s), window(w));
                Command::Arm { student, window, request: world.fresh() }
            }
            Act::Disarm(s, w) => Command::Disarm(student(s), window(w)),
            Act::Submit(s, w, r) => {
                let (student, window) = (student(s), window(w));
                let queue = waits(window);
                let plan = r.as_ref().map(|r| plan(world, r));
                Command::Submit { student, window, request: world.fresh(), plan, queue }
            }
            Act::Admit(w) => {
                let window = window(w);
                let first = world.audit.first_waiting(window)?;
                Command::Admit(window, first)
            }
            Act::Drop(s, c) => {
                let (student, course) = (student(s), course(c));
                Command::Drop { student, request: world.fresh(), course }
            }
            Act::Leave(s, c) => {
                let (student, course) = (student(s), course(c));
                Command::Leave { student, request: world.fresh(), course }
            }
            Act::Swap(s, c, r) => {
                let (student, from) = (student(s), course(c));
                let to = Arc::new(course_request(world, *r));
                Command::Swap { student, request: world.fresh(), from, to }
            }
            Act::Read(s) => Command::MarkRead(student(s), Sequence(u64::MAX)),
            Act::Repeat(n) => self.commands.get(usize::from(*n))?.1.clone(),
            Act::Open(w) => self.by_somebody(Command::Open(window(w))),
            Act::Closing(w) => Command::Closing(window(w)),
            Act::Close(w) => self.by_somebody(Command::Close(window(w))),
            Act::Reset(w) => {
                let window = window(w);
                self.by_somebody(Command::Reset { window, seed: [*w; 32], opens_at: None })
            }
            Act::Pace(w, pace) => self.by_somebody(Command::SetPace(window(w), *pace)),
            Act::Schedule(w) => {
                let (window, opens_at, closes_at) = (window(w), None, None);
                self.by_somebody(Command::Schedule { window, opens_at, closes_at })
            }
            Act::Capacity(s, seats) => self.by_somebody(Command::SetCapacity(section(s), *seats)),
            Act::Status(s, n) => {
                let status = STATUS[usize::from(*n)];
                self.by_somebody(Command::SetStatus(section(s), status))
            }
            Act::Import(a, b) => {
                let import = self.import(*a, *b);
                self.by_somebody(import)
            }
            Act::Pause(w) => self.by_somebody(Command::Pause(window(w))),
            Act::Resume(w) => self.by_somebody(Command::Resume(window(w))),
            Act::Place(s, c, sections, moved, over_capacity, override_checks) => {
                let (student, course) = (student(s), course(c));
                let parts = registry.catalogue.course(course).components.iter();
                let pick = |(part, n): (&Component, &u8)| {
                    part.sections[usize::from(*n) % part.sections.len()]
                };
                let sections = parts.zip(sections).map(pick).collect();
                let (moved, over_capacity) = (*moved, *over_capacity);
                let override_checks = *override_checks;
                self.by_somebody(Command::Place(Box::new(Place {
                    student,
                    course,
                    sections,
                    moved,
                    over_capacity,
                    override_checks,
                })))
            }
            Act::Remove(s, c) => {
                let (student, course) = (student(s), course(c));
                self.by_somebody(Command::Remove { student, course })
            }
            Act::Block(s, n, blocked) => {
                let (student, blocked) = (student(s), *blocked);
                let code = key(["debt", "library"][usize::from(*n) % 2]);
                self.by_somebody(Command::SetBlock { student, code, blocked })
            }
            Act::Announce => {
                let text = Text { nl: "Even geduld".into(), en: "One moment".into() };
                self.by_somebody(Command::Announce(Arc::new(text)))
            }
        })
    }

    /// Somebody is answerable for two of three; the rest are as older versions wrote them.
    fn by_somebody(&self, command: Command) -> Command {
        let reason = match self.commands.len() % 3 {
            0 => return command,
            1 => None,
            _ => Some("because".into()),
        };
        command.by(Author { by: key("anna"), reason })
    }

    /// A file that differs a little from the last one.
    fn import(&mut self, a: u8, b: u8) -> Command {
        let n = usize::from(a) / 4;
        match a % 4 {
            0 => {
                let i = n % self.draft.courses.len();
                let sections = &mut self.draft.courses[i].components[0].sections;
                let last = sections.len() - 1;
                sections[last].capacity = Some(u32::from(b % 4));
            }
            1 => {
                let i = n % self.draft.courses.len();
                let course = &mut self.draft.courses[i];
                let name = format!("{}/x{}", course.key, course.components[0].sections.len());
                course.components[0].sections.push(sec(&name, u32::from(b % 2)));
            }
            2 => {
                let i = n % self.draft.students.len();
                let blocks = &mut self.draft.students[i].blocks;
                match blocks.pop() {
                    Some(_) => {}
                    None => blocks.push(key("debt")),
                }
            }
            _ => {
                let i = n % self.draft.courses.len();
                self.draft.courses[i].credits = Credits(u32::from(b % 3) * 500);
            }
        }
        // Windows that have opened keep their rules; the file leaves them out.
        let draft = Draft { windows: vec![], ..self.draft.clone() };
        Command::Import(Arc::new(draft))
    }
}

const STATUS: [SectionStatus; 3] =
    [SectionStatus::Open, SectionStatus::Closed, SectionStatus::Cancelled];

/// The request that the raw one means.
pub fn course_request(world: &World, raw: RawRequest) -> CourseRequest {
    let catalogue = &world.university.registry.catalogue;
    let course = CourseId(u32::from(raw.0) % catalogue.courses.len() as u32);
    let components = catalogue.course(course).components.iter();
    let choices = components.zip(raw.1).map(|(component, n)| {
        let sections = &component.sections;
        let at = |i: u8| sections[usize::from(i) % sections.len()];
        match n {
            0 => Choice::Any,
            3 if sections.len() > 1 => Choice::Ranked(vec![at(1), at(0)]),
            n => Choice::Ranked(vec![at(n)]),
        }
    });
    CourseRequest { course, choices: choices.collect(), waitlist: raw.2 }
}

/// The plan that the raw requests mean, each course once.
pub fn plan(world: &World, raw: &[RawRequest]) -> Arc<Plan> {
    let mut plan = Plan::default();
    for request in raw.iter().map(|r| course_request(world, *r)) {
        if plan.courses.iter().all(|r| r.course != request.course) {
            plan.courses.push(Arc::new(request));
        }
    }
    Arc::new(plan)
}

/// Commands that a repeat must answer from memory: decided, with the same outcomes.
pub fn repeats_are_answered(world: &mut World, history: &History) {
    for (_, command) in &history.commands {
        let Some((student, request, _)) = command.request() else {
            continue;
        };
        let Some(memo) = world.university.registry.memo(student, request) else {
            continue;
        };
        let memo = memo.clone();
        let records = world.records.len();
        let answer = world.run(command.clone());
        assert_eq!(world.records.len(), records, "a repeat changes nothing: {command:?}");
        match memo.decided {
            Some((sequence, outcomes)) => {
                assert_eq!(answer, Ok(Verdict::Repeat(sequence, outcomes)));
            }
            None => assert!(
                matches!(answer, Ok(Verdict::InLine(..)) | Err(Rejection::NotInLine)),
                "{command:?} gives {answer:?}"
            ),
        }
    }
}
