//! What the numbers of a step mean in a university.

use std::sync::Arc;

use sluis::domain::account::{Language, Preferences, Topics};
use sluis::domain::acts::{Author, Place};
use sluis::domain::catalogue::{Component, Text};
use sluis::domain::command::Command;
use sluis::domain::ids::{
    CourseId, RequestId, SectionId, Sequence, StudentId, Timestamp, WindowId,
};
use sluis::domain::import::Draft;
use sluis::domain::plan::{Choice, CourseRequest, Plan};
use sluis::domain::registry::Registry;
use sluis::domain::section::SectionStatus;

use super::step::{Act, Ask, Want, Wants};
use super::told::Asked;
use super::world;

/// The id that clients give their request of this number.
pub fn request_id(number: u32) -> RequestId {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&number.to_be_bytes());
    RequestId(id)
}

fn modulo(n: u8, len: usize) -> u32 {
    u32::from(n) % (len as u32).max(1)
}

/// The university as clients and registrar know it.
pub struct Scene<'a>(pub &'a Registry);

impl Scene<'_> {
    pub fn student(&self, n: u8) -> u32 {
        modulo(n, self.0.students.len())
    }

    fn window(&self, n: u8) -> WindowId {
        WindowId(modulo(n, self.0.windows.len()))
    }

    fn course(&self, n: u8) -> CourseId {
        CourseId(modulo(n, self.0.catalogue.courses.len()))
    }

    fn section(&self, n: u8) -> SectionId {
        SectionId(modulo(n, self.0.catalogue.sections.len()))
    }

    /// A course that she has, most of the time: to drop another is a refusal and no more.
    fn held(&self, student: u32, n: u8) -> CourseId {
        let held = &self.0.students[student as usize].enrolments;
        match held.get(modulo(n, held.len()) as usize) {
            Some(enrolment) if n < 7 => enrolment.course,
            _ => self.course(n),
        }
    }

    fn request(&self, want: Want) -> CourseRequest {
        let course = self.course(want.course);
        let components = &self.0.catalogue.course(course).components;
        let choices = components.iter().zip(want.parts).map(|(component, n)| {
            let sections = &component.sections;
            let at = |i: usize| sections[i % sections.len()];
            match n {
                0 => Choice::Any,
                3 if sections.len() > 1 => Choice::Ranked(vec![at(1), at(0)]),
                n => Choice::Ranked(vec![at(usize::from(n) - 1)]),
            }
        });
        CourseRequest { course, choices: choices.collect(), waitlist: want.waits }
    }

    fn plan(&self, wants: Wants) -> Arc<Plan> {
        let mut plan = Plan::default();
        for want in &wants.of[..usize::from(wants.count)] {
            let request = self.request(*want);
            if plan.courses.iter().all(|other| other.course != request.course) {
                plan.courses.push(Arc::new(request));
            }
        }
        Arc::new(plan)
    }

    /// What a student asks; `heard`: the last record that she was told of.
    pub fn ask(&self, student: u32, ask: Ask, request: RequestId, heard: u64) -> Asked {
        let id = StudentId(student);
        Asked::Command(match ask {
            Ask::Plan(wants) => Command::SetPlan(id, self.plan(wants)),
            Ask::Arm(window) => Command::Arm { student: id, window: self.window(window), request },
            Ask::Disarm(window) => Command::Disarm(id, self.window(window)),
            Ask::Submit(window, wants) => {
                let (window, queue) = (self.window(window), false);
                let plan = wants.map(|wants| self.plan(wants));
                Command::Submit { student: id, window, request, plan, queue }
            }
            Ask::Drop(course) => {
                Command::Drop { student: id, request, course: self.held(student, course) }
            }
            Ask::Leave(course) => {
                Command::Leave { student: id, request, course: self.course(course) }
            }
            Ask::Swap(from, want) => {
                let (from, to) = (self.held(student, from), Arc::new(self.request(want)));
                Command::Swap { student: id, request, from, to }
            }
            Ask::MarkRead => Command::MarkRead(id, Sequence(heard)),
            Ask::Prefer(notify) => {
                let language = notify.then_some(Language::En);
                let preferences = Preferences { language, notify, topics: Topics::ALL };
                Command::SetPreferences(id, preferences)
            }
            Ask::Seats(section) => return Asked::Seats(self.section(section).0),
            Ask::Position(window) => return Asked::Position(self.window(window).0),
        })
    }

    /// Whether the university has what a message names. Clients name things by key, and a gateway
    /// that does not know a key says so before anything is decided: after a restart a number may
    /// be of an import that was never on disk, and later of something else.
    pub fn knows(&self, asked: &Asked) -> bool {
        let courses = |course: CourseId| (course.0 as usize) < self.0.catalogue.courses.len();
        let request = |request: &CourseRequest| {
            let known = self.0.catalogue.courses.get(request.course.0 as usize);
            known.is_some_and(|course| {
                let parts = course.components.iter().zip(&request.choices);
                let known = |(component, choice): (&Component, &Choice)| match choice {
                    Choice::Any => true,
                    Choice::Ranked(ranked) => ranked.iter().all(|s| component.sections.contains(s)),
                };
                course.components.len() == request.choices.len() && parts.into_iter().all(known)
            })
        };
        let plan = |plan: &Plan| plan.courses.iter().all(|wanted| request(wanted));
        match asked {
            Asked::Command(Command::SetPlan(_, wanted)) => plan(wanted),
            Asked::Command(Command::Submit { plan: Some(wanted), .. }) => plan(wanted),
            Asked::Command(Command::Drop { course, .. } | Command::Leave { course, .. }) => {
                courses(*course)
            }
            Asked::Command(Command::Swap { from, to, .. }) => courses(*from) && request(to),
            Asked::Seats(section) => (*section as usize) < self.0.catalogue.sections.len(),
            _ => true,
        }
    }

    /// What the registrar asks; `number` makes acts differ.
    pub fn act(&self, act: Act, now: Timestamp, number: u32, file: &mut Draft) -> Asked {
        let command = match act {
            Act::Counts => return Asked::Counts,
            Act::Open(window) => Command::Open(self.window(window)),
            Act::Close(window) => Command::Close(self.window(window)),
            Act::Pause(window) => Command::Pause(self.window(window)),
            Act::Resume(window) => Command::Resume(self.window(window)),
            Act::Pace(window, pace) => Command::SetPace(self.window(window), pace.map(u32::from)),
            Act::Schedule(window, opens, closes) => {
                let at = |ms: Option<u16>| ms.map(|ms| now.plus_ms(u64::from(ms)));
                let (opens_at, closes_at) = (at(opens), at(closes));
                Command::Schedule { window: self.window(window), opens_at, closes_at }
            }
            Act::Reset(window) => {
                let seed = [(number % 251) as u8; 32];
                Command::Reset { window: self.window(window), seed, opens_at: None }
            }
            Act::Capacity(section, seats) => {
                Command::SetCapacity(self.section(section), seats.map(u32::from))
            }
            Act::Status(section, status) => {
                let all = [SectionStatus::Open, SectionStatus::Closed, SectionStatus::Cancelled];
                Command::SetStatus(self.section(section), all[usize::from(status) % 3])
            }
            Act::Place { student, course, parts, moved, over, force } => {
                let student = self.student(student);
                let held = || self.held(student, course);
                let course = if moved { held() } else { self.course(course) };
                let components = &self.0.catalogue.course(course).components;
                let section = |(component, n): (&Component, u8)| {
                    component.sections[usize::from(n) % component.sections.len()]
                };
                Command::Place(Box::new(Place {
                    student: StudentId(student),
                    course,
                    sections: components.iter().zip(parts).map(section).collect(),
                    moved,
                    over_capacity: over,
                    override_checks: force,
                }))
            }
            Act::Remove(student, course) => {
                let student = self.student(student);
                Command::Remove { student: StudentId(student), course: self.held(student, course) }
            }
            Act::Block(student, debt, blocked) => {
                let code = world::key(if debt { "debt" } else { "library" });
                Command::SetBlock { student: StudentId(self.student(student)), code, blocked }
            }
            Act::Announce => {
                let text = Text { nl: "Even geduld".into(), en: "One moment".into() };
                Command::Announce(Arc::new(text))
            }
            Act::Import(change) => Command::Import(world::change(file, change)),
        };
        let reason = number.is_multiple_of(2).then(|| "because".into());
        Asked::Command(command.by(Author { by: world::key("anna"), reason }))
    }
}
