//! Small universities for tests: given a draft, when a student or the registrar acts, then every
//! record keeps the promises. Each command runs through [`World::run`], which audits it.

use std::sync::Arc;

use super::acts::{Author, Place};
use super::catalogue::{ComponentKind, Meeting, Term, Text, Weeks};
use super::command::Command;
use super::decide::Verdict;
use super::event::{Event, Record};
use super::ids::{CourseId, Credits, Key, RequestId, SectionId, StudentId, Ticket, Timestamp};
use super::ids::{Sequence, WindowId};
use super::import::{Draft, DraftComponent, DraftCourse, DraftSection};
use super::line::Line;
use super::outcome::{Outcome, Reason, Rejection};
use super::plan::{Choice, CourseRequest, Plan};
use super::section::SectionStatus;
use super::student::{Notice, Profile, Student};
use super::tests::audit::Audit;
use super::university::University;
use super::window::{ClashPolicy, Order, Scope, Window, WindowRules};

/// The window that verbs without a window mean.
pub const W: WindowId = WindowId(0);

pub fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

/// A student of the register, with nothing in her way.
pub fn student(name: &str) -> Profile {
    let (blocks, completed) = (vec![], vec![]);
    Profile { key: key(name), programme: None, year: 1, blocks, completed }
}

/// A section with so many seats.
pub fn sec(name: &str, seats: u32) -> DraftSection {
    DraftSection { key: key(name), capacity: Some(seats), meetings: vec![], parent: None }
}

impl DraftSection {
    /// Chosen only together with this one.
    pub fn under(mut self, parent: &str) -> Self {
        self.parent = Some(key(parent));
        self
    }

    /// Meets every week at these hours.
    pub fn at(mut self, weekday: u8, start: u16, end: u16) -> Self {
        let (start, end, place) = (start * 60, end * 60, "".into());
        self.meetings.push(Meeting { weekday, start, end, weeks: Weeks::ALL, place });
        self
    }
}

pub fn part(kind: ComponentKind, sections: &[DraftSection]) -> DraftComponent {
    DraftComponent { kind, sections: sections.to_vec() }
}

pub fn lecture(sections: &[DraftSection]) -> DraftComponent {
    part(ComponentKind::Lecture, sections)
}

pub fn tutorial(sections: &[DraftSection]) -> DraftComponent {
    part(ComponentKind::Tutorial, sections)
}

/// A course of 5 credits in the term.
pub fn course(code: &str, components: &[DraftComponent]) -> DraftCourse {
    DraftCourse {
        key: key(code),
        term: key("term"),
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
        components: components.to_vec(),
    }
}

/// Rules of a window over all courses: arrival, clashes refused, waitlists, no limits.
pub fn rules(name: &str) -> WindowRules {
    WindowRules {
        key: key(name),
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
    }
}

/// A draft with one term.
pub fn draft() -> Draft {
    let term = Term { key: key("term"), name: Text::default(), first_monday: 20_000 };
    Draft { terms: vec![term], ..Draft::default() }
}

impl Draft {
    /// Adds a course.
    pub fn course(mut self, code: &str, components: &[DraftComponent]) -> Self {
        self.courses.push(course(code, components));
        self
    }

    /// A course of one lecture with one section, `code/1`.
    pub fn simple(self, code: &str, seats: u32) -> Self {
        let section = sec(&format!("{code}/1"), seats);
        self.course(code, &[lecture(&[section])])
    }

    /// Changes the course that was named last.
    pub fn with(mut self, change: impl FnOnce(&mut DraftCourse)) -> Self {
        change(self.courses.last_mut().unwrap());
        self
    }

    /// So many students, `s0` and on.
    pub fn students(mut self, n: usize) -> Self {
        self.students.extend((0..n).map(|i| student(&format!("s{i}"))));
        self
    }

    /// Adds a window, `w0` and on, whose rules are changed like this.
    pub fn window(mut self, change: impl FnOnce(&mut WindowRules)) -> Self {
        let mut rules = rules(&format!("w{}", self.windows.len()));
        change(&mut rules);
        self.windows.push((key("term"), rules));
        self
    }

    /// Imported, nothing open yet.
    pub fn given(self) -> World {
        let mut world = World::default();
        world.import(self).unwrap();
        world
    }

    /// Imported, with the first window open.
    pub fn open(self) -> World {
        let mut world = self.given();
        world.run(Command::Open(W)).unwrap();
        world
    }
}

/// A university under audit.
#[derive(Default)]
pub struct World {
    pub university: University,
    pub records: Vec<Record>,
    pub audit: Audit,
    requests: u32,
}

impl World {
    /// Runs one command and audits every record of its turn.
    pub fn run(&mut self, command: Command) -> Result<Verdict, Rejection> {
        let mut before = self.university.clone();
        let at = Timestamp(self.records.len() as u64);
        let (answer, records) = self.university.turn(command, 1, at);
        for record in &records {
            self.audit.record(&mut before, record);
        }
        assert_eq!(before, self.university, "applying the records is what the turn did");
        self.audit.turn_end(&self.university);
        self.records.extend(records);
        answer
    }

    /// The same university, read back from its records.
    pub fn replayed(&self) -> University {
        replay(&self.records)
    }

    /// A request id never used before.
    pub fn fresh(&mut self) -> RequestId {
        self.requests += 1;
        let mut id = [0; 16];
        id[..4].copy_from_slice(&self.requests.to_be_bytes());
        RequestId(id)
    }

    pub fn c(&self, code: &str) -> CourseId {
        self.university.registry.catalogue.course_id(code).unwrap()
    }

    pub fn s(&self, name: &str) -> SectionId {
        self.university.registry.catalogue.section_id(name).unwrap()
    }

    pub fn student(&self, student: u32) -> &Student {
        self.university.registry.student(StudentId(student))
    }

    pub fn w(&self) -> &Window {
        &self.university.registry.windows[0]
    }

    /// Any sections of the course, no waitlist.
    pub fn any(&self, code: &str) -> CourseRequest {
        CourseRequest::any(&self.university.registry.catalogue, self.c(code), false)
    }

    /// These sections, best first, for each component; an empty list is "any".
    pub fn ranked(&self, code: &str, choices: &[&[&str]]) -> CourseRequest {
        let choice = |names: &&[&str]| {
            if names.is_empty() {
                return Choice::Any;
            }
            Choice::Ranked(names.iter().map(|n| self.s(n)).collect())
        };
        let choices = choices.iter().map(choice).collect();
        CourseRequest { course: self.c(code), choices, waitlist: false }
    }

    pub fn import(&mut self, draft: Draft) -> Result<Verdict, Rejection> {
        self.run(Command::Import(Arc::new(draft)))
    }

    pub fn set_plan(&mut self, who: u32, requests: &[CourseRequest]) {
        self.run(Command::SetPlan(StudentId(who), plan(requests))).unwrap();
    }

    /// Arms under a fresh request and returns the ticket.
    pub fn arm(&mut self, who: u32) -> Ticket {
        let (student, request) = (StudentId(who), self.fresh());
        match self.run(Command::Arm { student, window: W, request }).unwrap() {
            Verdict::Events(events) => match &events[..] {
                [Event::TicketTaken { ticket, .. }] => *ticket,
                other => panic!("no ticket: {other:?}"),
            },
            other => panic!("no ticket: {other:?}"),
        }
    }

    /// Submits these requests outright and returns their outcomes.
    pub fn submit(&mut self, who: u32, requests: &[CourseRequest]) -> Vec<Outcome> {
        let (student, request) = (StudentId(who), self.fresh());
        let plan = Some(plan(requests));
        let queue = false;
        self.outcomes(Command::Submit { student, window: W, request, plan, queue })
    }

    /// Asks for any sections of one course, with the waitlist.
    pub fn enrol(&mut self, who: u32, code: &str) -> Outcome {
        let request = self.any(code).or_wait();
        self.submit(who, &[request]).remove(0)
    }

    pub fn drop(&mut self, who: u32, code: &str) -> Outcome {
        let (student, request, course) = (StudentId(who), self.fresh(), self.c(code));
        self.outcomes(Command::Drop { student, request, course }).remove(0)
    }

    pub fn leave(&mut self, who: u32, code: &str) -> Outcome {
        let (student, request, course) = (StudentId(who), self.fresh(), self.c(code));
        self.outcomes(Command::Leave { student, request, course }).remove(0)
    }

    pub fn swap(&mut self, who: u32, from: &str, to: CourseRequest) -> Outcome {
        let (student, request, from) = (StudentId(who), self.fresh(), self.c(from));
        self.outcomes(Command::Swap { student, request, from, to: Arc::new(to) }).remove(0)
    }

    pub fn admit(&mut self, ticket: Ticket) -> Vec<Outcome> {
        self.outcomes(Command::Admit(W, ticket))
    }

    /// Runs a command as the registrar's act, with a reason.
    pub fn act(&mut self, command: Command) -> Result<Verdict, Rejection> {
        self.run(command.by(Author { by: key("anna"), reason: Some("because".into()) }))
    }

    /// A place by the registrar's hand: checked, within capacity, not a move.
    pub fn place(&self, who: u32, code: &str, sections: &[&str]) -> Place {
        let (student, course) = (StudentId(who), self.c(code));
        let sections = sections.iter().map(|s| self.s(s)).collect();
        let (moved, over_capacity, override_checks) = (false, false, false);
        Place { student, course, sections, moved, over_capacity, override_checks }
    }

    /// What the newest record says of its author: by, action, subject, before, after, reason.
    pub fn audited(&self) -> [String; 6] {
        let act = self.records.iter().rev().find_map(|r| r.act.clone()).expect("an act");
        let text = |t: &Option<Box<str>>| t.as_deref().unwrap_or("-").to_owned();
        let subject = act.subject.as_ref().map_or("-".to_owned(), ToString::to_string);
        let action = act.action.key().to_owned();
        let (before, after) = (text(&act.before), text(&act.after));
        [act.by.to_string(), action, subject, before, after, text(&act.reason)]
    }

    pub fn capacity(&mut self, section: &str, seats: u32) {
        self.run(Command::SetCapacity(self.s(section), Some(seats))).unwrap();
    }

    pub fn status(&mut self, section: &str, status: SectionStatus) {
        self.run(Command::SetStatus(self.s(section), status)).unwrap();
    }

    /// Runs a command whose answer is a decision.
    pub fn outcomes(&mut self, command: Command) -> Vec<Outcome> {
        match self.run(command).unwrap() {
            Verdict::Events(events) => match &events[..] {
                [Event::Decided { outcomes, .. }] => {
                    outcomes.iter().map(|(_, outcome)| outcome.clone()).collect()
                }
                other => panic!("not decided: {other:?}"),
            },
            other => panic!("not decided: {other:?}"),
        }
    }

    /// The line as it stands.
    pub fn line(&self) -> Line {
        Line::new(self.w())
    }

    /// The names of the sections that she has in the course, if any.
    pub fn seats(&self, who: u32, code: &str) -> Vec<String> {
        let catalogue = &self.university.registry.catalogue;
        let enrolment = self.student(who).enrolment(self.c(code));
        let sections = enrolment.map(|e| e.sections.clone()).unwrap_or_default();
        sections.iter().map(|s| catalogue.section(*s).key.to_string()).collect()
    }

    /// Who waits for the course, first first.
    pub fn waitlist(&self, code: &str) -> Vec<u32> {
        let book = self.university.registry.book(self.c(code));
        book.waitlist.iter().map(|e| e.student.0).collect()
    }

    /// What her message centre holds after a record.
    pub fn told_since(&self, who: u32, after: Sequence) -> Vec<Notice> {
        let inbox = self.student(who).inbox.iter();
        inbox.filter(|i| i.sequence > after).map(|i| i.notice.clone()).collect()
    }

    /// The last record's number.
    pub fn now(&self) -> Sequence {
        self.university.registry.sequence
    }
}

impl CourseRequest {
    /// "Waitlist me if full."
    pub fn or_wait(mut self) -> Self {
        self.waitlist = true;
        self
    }
}

pub fn plan(requests: &[CourseRequest]) -> Arc<Plan> {
    Arc::new(Plan { courses: requests.iter().cloned().map(Arc::new).collect() })
}

pub fn replay(records: &[Record]) -> University {
    let mut university = University::default();
    for record in records {
        university.apply(record);
    }
    university
}

pub fn refused(reason: Reason) -> Outcome {
    Outcome::Refused(reason)
}

pub fn is_enrolled(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Enrolled { .. })
}

pub fn is_waitlisted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Waitlisted { .. })
}
