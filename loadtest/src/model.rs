//! The auditor of `rush run`: a model of its own, fed with everything that students are told and,
//! at the end, with the gateway's export, message centres and the draw's transcript. It shares no
//! code with the gateway. What can be judged at once is judged here; the rest in [`fold`], which
//! goes through everything told in journal order, and in [`export`]. A run may end while requests
//! are undecided: [`open`] says what may therefore not be judged.

mod export;
mod fold;
mod kinds;
mod open;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use uuid::Uuid;

use crate::population::Catalogue;
use crate::told::{Message, OutcomeTold};

pub use kinds::{Asked, Event, Export, Exported, Promise, Rules, Violation, What};

/// Violations that are kept one by one; more are counted.
const VIOLATIONS_MAX: usize = 1000;
/// A gateway's view holds the latest outcomes of fewer courses than this, or may leave some out.
const VIEW_OUTCOMES_MAX: usize = 100;

/// A request that a student made.
#[derive(Clone, Debug)]
struct Request {
    id: Uuid,
    student: u32,
    asked: Asked,
    courses: Vec<u32>,
    /// Its place in the line, of which another tab of hers may have made the request.
    ticket: Option<u32>,
    /// The newest journal position that anybody had been told when it was sent.
    floor: u64,
    /// What was told of its courses.
    told: Vec<Told>,
}

/// An outcome told, in [`Model::events`] by index.
#[derive(Clone, Copy, Debug)]
struct Told {
    course: u32,
    event: u32,
    journal: u64,
}

/// What the audit came to.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Found, by promise.
    pub counts: BTreeMap<Promise, u64>,
    /// The first of them, in full.
    pub violations: Vec<Violation>,
    /// Outcomes told, by kind.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Refusals told, by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Requests without an outcome when the run's time was over, told or decided.
    pub undecided: u64,
    /// What could not be judged: somebody has something undecided and could not be asked.
    pub not_judged: u64,
    /// What was judged, for the report.
    pub judged: Vec<&'static str>,
    /// What was not judged at all, and why.
    pub left_out: Vec<String>,
    /// Message centres that should have been read, and were not.
    pub unread: u64,
    /// Everything told, in journal order.
    pub events: Vec<Event>,
}

/// The model.
pub struct Model {
    catalogue: Rc<Catalogue>,
    students: Rc<Vec<String>>,
    rules: Rules,
    courses: HashMap<String, u32>,
    sections: HashMap<String, u32>,
    requests: Vec<Request>,
    by_id: HashMap<Uuid, u32>,
    /// By student: her requests, and the newest journal position told to her.
    of_student: Vec<(Vec<u32>, u64)>,
    events: Vec<Event>,
    newest: u64,
    positions: HashMap<(u32, u32), u32>,
    pushed: HashSet<(u32, u32, String)>,
    promised: HashSet<(u32, u64)>,
    /// By student: the messages in her centre, and the journal position up to which it was read.
    centres: HashMap<u32, (HashMap<String, u32>, u64)>,
    centre_promotions: HashMap<(u32, u64, u32), u32>,
    /// Students of whom the export had something else than they were told.
    counted_on: HashSet<usize>,
    /// Students whose message centres should have been read, and were not.
    missed: Vec<usize>,
    /// By ticket: the requests that may stand behind it (each tab of a student sees it).
    tickets: HashMap<u32, Vec<u32>>,
    /// By student: the journal position up to which she was told everything when she looked again.
    looked: HashMap<u32, u64>,
    /// Where the journal stood when the run's time was over.
    ended: Option<u64>,
    not_judged: u64,
    counts: BTreeMap<Promise, u64>,
    violations: Vec<Violation>,
}

impl Model {
    /// A model of these students at this catalogue.
    pub fn new(catalogue: Rc<Catalogue>, students: Rc<Vec<String>>, rules: Rules) -> Self {
        let courses = catalogue.courses.iter().enumerate();
        let courses = courses.map(|(i, c)| (c.key.clone(), i as u32)).collect();
        let sections = catalogue.sections.iter().enumerate();
        let sections = sections.map(|(i, s)| (s.key.clone(), i as u32)).collect();
        let of_student = vec![(Vec::new(), 0); students.len()];
        Self {
            catalogue,
            students,
            rules,
            of_student,
            courses,
            sections,
            requests: Vec::new(),
            by_id: HashMap::new(),
            events: Vec::new(),
            newest: 0,
            positions: HashMap::new(),
            pushed: HashSet::new(),
            promised: HashSet::new(),
            centres: HashMap::new(),
            centre_promotions: HashMap::new(),
            counted_on: HashSet::new(),
            missed: Vec::new(),
            tickets: HashMap::new(),
            looked: HashMap::new(),
            ended: None,
            not_judged: 0,
            counts: BTreeMap::new(),
            violations: Vec::new(),
        }
    }

    /// A student sends a request for the first time.
    pub fn asked(&mut self, student: usize, id: Uuid, asked: Asked, courses: Vec<u32>) {
        self.by_id.insert(id, self.requests.len() as u32);
        self.of_student[student].0.push(self.requests.len() as u32);
        let (student, floor) = (student as u32, self.newest);
        let (ticket, told) = (None, Vec::new());
        self.requests.push(Request { id, student, asked, courses, ticket, floor, told });
    }

    /// The request was not accepted: it will have no outcome, and that is right.
    pub fn denied(&mut self, id: Uuid) {
        if let Some(at) = self.by_id.get(&id) {
            self.requests[*at as usize].asked = Asked::Denied;
        }
    }

    /// She gave her place back: her request has no outcome, unless she was too late.
    pub fn left_line(&mut self, student: usize) {
        for at in &self.of_student[student].0 {
            let request = &mut self.requests[*at as usize];
            if request.asked == Asked::Plan && request.told.is_empty() {
                request.asked = Asked::Denied;
            }
        }
    }

    /// The ticket with which the request stands in the line.
    pub fn ticket(&mut self, ticket: u32, id: Uuid) {
        if let Some(at) = self.by_id.get(&id) {
            self.tickets.entry(ticket).or_default().push(*at);
            self.requests[*at as usize].ticket = Some(ticket);
        }
    }

    /// Whether both requests are one place in the line: arming twice is arming once.
    pub fn is_same_ticket(&self, a: Uuid, b: Uuid) -> bool {
        let ticket = |id| self.requests[*self.by_id.get(&id)? as usize].ticket;
        ticket(a).is_some_and(|a| ticket(b) == Some(a))
    }

    /// The other requests behind the ticket of this one will have no outcome.
    fn settle_ticket(&mut self, at: u32) {
        let ticket = self.requests[at as usize].ticket;
        let behind = ticket.and_then(|ticket| self.tickets.get(&ticket));
        for other in behind.into_iter().flatten().filter(|other| **other != at) {
            let other = &mut self.requests[*other as usize];
            if other.told.is_empty() {
                other.asked = Asked::Denied;
            }
        }
    }

    /// Violations found so far.
    pub fn violations(&self) -> u64 {
        self.counts.values().sum()
    }

    /// An outcome is told; whether it is new.
    pub fn told(&mut self, student: usize, told: &OutcomeTold) -> bool {
        let course = self.courses.get(&*told.course).copied();
        let id = Uuid::try_parse(&told.id).unwrap_or_default();
        let known = self.by_id.get(&id).copied();
        let known = known.filter(|at| self.requests[*at as usize].student == student as u32);
        let (Some(course), Some(at)) = (course, known) else {
            let detail = format!("an outcome for something never asked: {told:?}");
            self.broken(Promise::I3, student, &told.course, &told.id, detail);
            return false;
        };
        let Some(what) = What::parse(told, &self.sections, &self.courses) else {
            let detail = format!("names something unknown: {told:?}");
            self.broken(Promise::I4, student, &told.course, &told.id, detail);
            return false;
        };
        let request = &self.requests[at as usize];
        if let Some(told_before) = request.told.iter().find(|told| told.course == course) {
            let before = &self.events[told_before.event as usize];
            if before.what != what || before.journal != told.journal {
                let (what, journal) = (&before.what, before.journal);
                let detail = format!("told {what:?} at {journal}, then {told:?}");
                self.broken(Promise::I3, student, &told.course, &told.id, detail);
            }
            return false;
        }
        self.check_new(student, at, course, &what, told);
        let gives = match (&what, self.requests[at as usize].asked) {
            (What::Enrolled { .. }, Asked::Change { gives }) => gives,
            _ => None,
        };
        self.newest = self.newest.max(told.journal);
        let newest = &mut self.of_student[student].1;
        *newest = told.journal.max(*newest);
        let (journal, request) = (told.journal, Some(at));
        let event = self.events.len() as u32;
        self.requests[at as usize].told.push(Told { course, event, journal });
        self.settle_ticket(at);
        let (student, when) = (student as u32, told.at);
        self.events.push(Event { journal, student, course, request, gives, what, at: when });
        true
    }

    /// What can be judged of an outcome by itself.
    fn check_new(&mut self, student: usize, at: u32, course: u32, what: &What, told: &OutcomeTold) {
        let request = &self.requests[at as usize];
        let (floor, asked) = (request.floor, request.asked);
        let other = request.told.first().map(|told| told.journal);
        let course_asked = request.courses.contains(&course);
        let mut faults = Vec::new();
        if told.journal <= floor {
            let journal = told.journal;
            let text = format!("decided at {journal}; {floor} was told before it was sent");
            faults.push((Promise::I15, text));
        }
        if other.is_some_and(|journal| journal != told.journal) {
            let text = format!("one plan, decided at {} and at {other:?}", told.journal);
            faults.push((Promise::I5, text));
        }
        if !course_asked {
            faults.push((Promise::I3, "this course was not in the request".to_owned()));
        }
        if asked == Asked::Denied {
            faults.push((Promise::I3, "the request had not been accepted".to_owned()));
        }
        if let What::Enrolled { sections } = what
            && let Err(text) = whole(&self.catalogue, course, sections)
        {
            faults.push((Promise::I4, text));
        }
        for (promise, text) in faults {
            self.broken(promise, student, &told.course, &told.id, text);
        }
    }

    /// The newest journal position that she has been told of.
    pub fn newest_of(&self, student: usize) -> u64 {
        self.of_student[student].1
    }

    /// She signed in: whether everything that she had been told up to `before`, when she said
    /// hello, is still there (I2). `outcomes` are the latest of each course. Returns how many of
    /// them are new.
    pub fn welcomed(&mut self, student: usize, outcomes: &[OutcomeTold], before: u64) -> usize {
        let new = outcomes.iter().filter(|told| self.told(student, told)).count();
        if outcomes.len() >= VIEW_OUTCOMES_MAX {
            return new;
        }
        let mut latest: HashMap<u32, u64> = HashMap::new();
        for told in outcomes {
            if let Some(course) = self.courses.get(&*told.course) {
                latest.insert(*course, told.journal);
            }
        }
        let mut lost = Vec::new();
        for at in &self.of_student[student].0 {
            let request = &self.requests[*at as usize];
            for told in request.told.iter().filter(|told| told.journal <= before) {
                if latest.get(&told.course).is_none_or(|now| *now < told.journal) {
                    lost.push((told.course, request.id, told.journal));
                }
            }
        }
        for (course, id, journal) in lost {
            let key = self.catalogue.courses[course as usize].key.clone();
            let detail = format!("told at {journal}, gone after signing in again");
            self.broken(Promise::I2, student, &key, &id.to_string(), detail);
        }
        new
    }

    /// A position is told in a session of hers.
    pub fn position(&mut self, student: usize, session: u32, position: u32) {
        let before = self.positions.insert((student as u32, session), position);
        if let Some(before) = before.filter(|before| position > *before) {
            let detail = format!("position {before}, then {position}");
            self.broken(Promise::I5, student, "-", "-", detail);
        }
    }

    /// Her positions start anew: another ticket.
    pub fn new_line(&mut self, student: usize, session: u32) {
        self.positions.remove(&(student as u32, session));
    }

    /// A message is pushed to a session of hers.
    pub fn pushed(&mut self, student: usize, session: u32, message: &Message) {
        if !self.pushed.insert((student as u32, session, message.id.to_string())) {
            let course = message.course.as_deref().unwrap_or("-").to_owned();
            let detail = format!("message {} twice in one session", message.id);
            self.broken(Promise::I10, student, &course, "-", detail);
        }
        self.newest = self.newest.max(message.journal);
        self.promoted(student, message);
    }

    /// Her whole message centre, at the end: everything up to the journal position `as_of`.
    pub fn centre(&mut self, student: usize, messages: &[Message], as_of: u64) {
        let mut ids: HashMap<String, u32> = HashMap::new();
        for message in messages {
            *ids.entry(message.id.to_string()).or_default() += 1;
            self.promoted(student, message);
            if let (true, Some(course)) = (&*message.kind == "promoted", self.course_of(message)) {
                let key = (student as u32, message.journal, course);
                *self.centre_promotions.entry(key).or_default() += 1;
            }
        }
        self.centres.insert(student as u32, (ids, as_of));
    }

    fn course_of(&self, message: &Message) -> Option<u32> {
        self.courses.get(message.course.as_deref()?).copied()
    }

    /// Learns of a promotion, of a check that stood in its way, or of the registrar's act, once.
    fn promoted(&mut self, student: usize, message: &Message) {
        let Some(course) = self.course_of(message) else { return };
        let what = match &*message.kind {
            "promoted" => {
                let keys = message.sections.iter();
                let sections = keys.filter_map(|key| self.sections.get(&**key).copied()).collect();
                let about = message.about.as_deref();
                let replaces = about.and_then(|key| self.courses.get(key).copied());
                What::Promoted { sections, replaces }
            }
            "passed_over" => What::PassedOver,
            "registrar_enrolled" | "registrar_moved" => {
                let keys = message.sections.iter();
                let sections = keys.filter_map(|key| self.sections.get(&**key).copied()).collect();
                What::Placed { sections }
            }
            "registrar_dropped" => What::Removed,
            _ => return,
        };
        let student = student as u32;
        if self.promised.insert((student, message.journal)) {
            let (journal, at) = (message.journal, message.at);
            let (request, gives) = (None, None);
            self.events.push(Event { journal, student, course, request, gives, what, at });
        }
    }

    /// Notes a violation.
    fn broken(&mut self, what: Promise, student: usize, section: &str, id: &str, detail: String) {
        *self.counts.entry(what).or_default() += 1;
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(Violation {
                promise: what,
                student: self.students.get(student).cloned().unwrap_or_default(),
                section: section.to_owned(),
                request: id.to_owned(),
                detail,
            });
        }
    }
}

/// Whether these sections are one of each component of the course, and fit together.
fn whole(catalogue: &Catalogue, course: u32, sections: &[u32]) -> Result<(), String> {
    let components = &catalogue.courses[course as usize].components;
    let right = components.len() == sections.len()
        && components.iter().zip(sections).all(|(component, section)| {
            let parent = catalogue.sections[*section as usize].parent;
            component.contains(section) && parent.is_none_or(|p| sections.contains(&p))
        });
    let keys = || sections.iter().map(|s| catalogue.sections[*s as usize].key.as_str());
    if right { Ok(()) } else { Err(format!("seats in {:?}", keys().collect::<Vec<_>>())) }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
