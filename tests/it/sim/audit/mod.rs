//! The auditor. It knows what was sent and told, and when, and the records that the disk has; it
//! folds those by itself ([`model`]) and says by itself what must come of a request ([`naive`]).
//! It shares no code with the core: only the public types of records and messages.

mod apply;
mod check;
mod model;
mod naive;
mod requests;

use sluis::actors::gateway::{Answer, Denied};
use sluis::domain::command::Command;
use sluis::domain::event::{Event, Record, Via};
use sluis::domain::ids::{CourseId, Sequence};
use sluis::domain::outcome::Outcome;
use sluis::journal::{JournalReader, record};

use model::{Model, State};
use requests::Requests;

use super::random::Digest;
use super::told::{Asked, Counts, Item, Kind, Said, Seats, Told, View};

/// A broken promise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Its id in the design.
    pub promise: &'static str,
    pub what: String,
}

impl Violation {
    pub fn new(promise: &'static str, what: String) -> Self {
        Self { promise, what }
    }

    /// By a record that may not stand where it does.
    pub fn record(promise: &'static str, record: &Record) -> Self {
        Self::new(promise, format!("{record:?}"))
    }

    /// What was acknowledged cannot be read back.
    pub fn start(what: String) -> Self {
        Self::new("I8", format!("it does not start: {what}"))
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "promise {} is broken: {}", self.promise, self.what)
    }
}

/// The student who sent a request.
fn sent_by(asked: &Asked) -> Option<u32> {
    match asked {
        Asked::Command(command) => requests::id_of(command).map(|(student, _)| student),
        _ => None,
    }
}

/// A frame of a real session in brief: of which record, and what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heard {
    pub journal: u64,
    pub kind: String,
}

/// What a gateway shows just after a restart.
pub struct Shown {
    pub views: Vec<View>,
    pub seats: Vec<Seats>,
    pub counts: Counts,
}

/// A student's session, as far as it was told.
#[derive(Clone, Copy, Default)]
struct Session {
    /// Messages of hers that the session knows; `None`: it was shown nothing yet.
    knows: Option<usize>,
}

#[derive(Clone)]
pub struct Auditor {
    model: Model,
    requests: Requests,
    /// What the disk has that was not needed yet, and digests of all that it ever had.
    ahead: std::collections::VecDeque<Record>,
    digests: Vec<u64>,
    sessions: Vec<Session>,
    /// The newest record that anybody was told of.
    newest_told: u64,
    /// Messages handled that were not answered yet.
    unanswered: i64,
    /// The epoch of the process before.
    stale_epoch: Option<u32>,
}

impl Auditor {
    pub fn new() -> Self {
        Self {
            model: Model::default(),
            requests: Requests::default(),
            ahead: std::collections::VecDeque::new(),
            digests: Vec::new(),
            sessions: Vec::new(),
            newest_told: 0,
            unanswered: 0,
            stale_epoch: None,
        }
    }

    /// The last record that the disk was seen to have.
    pub fn seen(&self) -> u64 {
        self.digests.len() as u64
    }

    /// A client sends a message.
    pub fn sent(&mut self, n: u32, asked: &Asked) {
        debug_assert_eq!(n as usize, self.requests.sent.len());
        self.requests.note(asked, self.newest_told);
    }

    /// The gateway has got a message, perhaps once more.
    pub fn delivered(&mut self) {
        self.unanswered += 1;
    }

    /// An answer whose session was gone.
    pub fn unheard(&mut self, re: Option<u32>) {
        self.unanswered -= i64::from(re.is_some());
    }

    pub fn disconnected(&mut self, student: u32) {
        if let Some(session) = self.sessions.get_mut(student as usize) {
            session.knows = None;
        }
    }

    /// The disk has this record.
    pub fn synced(&mut self, sequence: u64, bytes: &[u8]) -> Result<(), Violation> {
        let mut digest = Digest::new();
        digest.bytes(bytes);
        self.digests.push(digest.0);
        if sequence != self.seen() {
            return Err(Violation::new("I9", format!("record {sequence} follows a gap")));
        }
        let record = record::decode(bytes);
        let record = record.map_err(|error| Violation::new("I9", error.to_string()))?;
        self.ahead.push_back(record);
        Ok(())
    }

    /// Folds the records up to this one.
    fn advance(&mut self, to: u64) -> Result<(), Violation> {
        while self.ahead.front().is_some_and(|record| record.sequence.0 <= to) {
            if let Some(record) = self.ahead.pop_front() {
                self.fold(&record)?;
            }
        }
        Ok(())
    }

    fn fold(&mut self, record: &Record) -> Result<(), Violation> {
        if self.stale_epoch.is_some_and(|stale| record.epoch <= stale) {
            return Err(Violation::record("I13", record));
        }
        if !matches!(record.event, Event::Promoted { .. } | Event::PassedOver { .. }) {
            self.model.check_nobody_waits_in_vain(false)?;
        }
        self.model.check(record, &self.requests)?;
        let accepted = self.accepted(record);
        self.model.apply(record, &mut self.requests)?;
        if let Some((at, bodies)) = accepted {
            let request = &mut self.requests.all[at];
            match &record.event {
                Event::TicketTaken { window, ticket, .. } => {
                    request.accepted = bodies;
                    request.ticket = Some((window.0, ticket.0));
                }
                Event::Decided { via, outcomes, .. } => {
                    if !matches!(via, Via::Ticket(..)) {
                        request.accepted = bodies;
                    }
                    request.decided = Some((record.sequence.0, outcomes.clone()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The request that the record accepts or decides, and the bodies that explain it.
    fn accepted(&self, record: &Record) -> Option<(usize, u64)> {
        let (Event::TicketTaken { student, request, .. } | Event::Decided { student, request, .. }) =
            &record.event
        else {
            return None;
        };
        let at = self.requests.find(student.0, *request)?;
        let request = &self.requests.all[at];
        let one = request.bodies.len() == 1;
        Some((at, if one { 1 } else { self.model.explains(record, request) }))
    }

    /// Something left the gateway.
    pub fn told(&mut self, told: &Told) -> Result<(), Violation> {
        let wrong = |promise, why: &str| Violation::new(promise, format!("{why}: {told:?}"));
        self.unanswered -= i64::from(told.re.is_some());
        if told.as_of > self.seen() {
            return Err(wrong("I2", "told before it was on disk"));
        }
        self.advance(told.as_of)?;
        if told.as_of < self.model.sequence {
            return Err(wrong("I15", "told after what came later"));
        }
        let sent = told.re.map(|n| &self.requests.sent[n as usize]);
        if sent.is_some_and(|sent| told.as_of < sent.floor) {
            return Err(wrong("I15", "an answer that is older than what was told before it"));
        }
        self.newest_told = self.newest_told.max(told.as_of);
        match &told.said {
            Said::Outcomes { sequence, outcomes, .. } => {
                self.told_outcomes(told, *sequence, outcomes)
            }
            Said::InLine { window, ticket } => {
                let tickets = self.model.windows.get(*window as usize).map(|w| &w.tickets);
                let info = tickets.and_then(|tickets| tickets.get(*ticket as usize));
                let hers = info.is_some_and(|i| i.waits && Some(i.student) == told.student);
                if hers { Ok(()) } else { Err(wrong("I5", "no such place in line")) }
            }
            Said::Rejected(key) => {
                let command = sent.map(|sent| (&sent.asked, sent.request));
                match command.is_some_and(|(asked, at)| self.may_reject(asked, at, key)) {
                    true => Ok(()),
                    false => Err(wrong("I3", "rejected without cause")),
                }
            }
            Said::Done => {
                let names = sent.is_some_and(|sent| sent.request.is_some());
                if names { Err(wrong("I3", "a request without an outcome")) } else { Ok(()) }
            }
            Said::Item(item) => self.told_item(told, *item),
            Said::View(view) => self.told_view(told, view),
            Said::Seats { section, seats } => match self.model.seats(*section) == *seats {
                true => Ok(()),
                false => Err(wrong("I1", "other seats than the journal's")),
            },
            Said::Position { window, place } => {
                let student = told.student.unwrap_or_default();
                match self.model.place(student, *window) == *place {
                    true => Ok(()),
                    false => Err(wrong("I5", "another place than the journal's")),
                }
            }
            Said::Counts(counts) => match **counts == self.model.counts {
                true => Ok(()),
                false => Err(wrong("I12", &format!("counted {:?}", self.model.counts))),
            },
        }
    }

    fn told_outcomes(
        &mut self,
        told: &Told,
        sequence: u64,
        outcomes: &[(CourseId, Outcome)],
    ) -> Result<(), Violation> {
        let wrong = |promise, why: &str| Violation::new(promise, format!("{why}: {told:?}"));
        let answered = told.re.and_then(|n| self.requests.sent[n as usize].request);
        let (Some(student), Said::Outcomes { request, .. }) = (told.student, &told.said) else {
            return Err(wrong("I3", "outcomes for nobody"));
        };
        let at = match answered {
            Some((at, _)) => at,
            None => {
                let found = self.requests.find(student, *request);
                found.ok_or_else(|| wrong("I3", "outcomes of no request"))?
            }
        };
        let known = self.requests.all[at].decided.as_ref();
        if known.is_none_or(|(s, o)| (*s, o.as_slice()) != (sequence, outcomes)) {
            return Err(wrong("I3", "not what the journal has"));
        }
        if let Some((at, body)) = answered {
            // Of several bodies under one id, all that were answered with outcomes are the same.
            let request = &mut self.requests.all[at];
            request.accepted &= 1 << body.min(63);
            if request.accepted == 0 {
                return Err(wrong("I3", "another body under the same id was carried out"));
            }
            return Ok(());
        }
        for (course, outcome) in outcomes {
            let detail = super::told::outcome(outcome);
            let (kind, subject) = (Kind::Outcome, course.0);
            self.told_item(told, Item { sequence, kind, subject, detail })?;
        }
        Ok(())
    }

    /// A pushed message is the next that her session does not know.
    fn told_item(&mut self, told: &Told, item: Item) -> Result<(), Violation> {
        let wrong = |why: &str| Violation::new("I10", format!("{why}: {told:?}"));
        let student = told.student.ok_or_else(|| wrong("a message for nobody"))?;
        let items = &self.model.students[student as usize].items;
        let session = self.sessions.get_mut(student as usize);
        let knows = session.and_then(|session| session.knows.as_mut());
        let knows = knows.ok_or_else(|| wrong("a message to a session that was shown nothing"))?;
        // What she asked herself is told as the answer.
        while items.get(*knows).is_some_and(|(_, own)| *own) {
            *knows += 1;
        }
        match items.get(*knows) {
            Some((expected, _)) if *expected == item => {
                *knows += 1;
                Ok(())
            }
            expected => Err(wrong(&format!("expected the message {expected:?}"))),
        }
    }

    fn told_view(&mut self, told: &Told, view: &View) -> Result<(), Violation> {
        let student = told.student.unwrap_or_default();
        let expected = self.model.view(student, view.after);
        if expected != *view {
            let what = format!("student {student} was shown {view:?}, not {expected:?}");
            return Err(Violation::new("I9", what));
        }
        if self.sessions.len() <= student as usize {
            self.sessions.resize(student as usize + 1, Session::default());
        }
        let knows = self.model.students[student as usize].items.len();
        self.sessions[student as usize].knows = Some(knows);
        Ok(())
    }

    /// Whether a message may be rejected so, as things stand.
    fn may_reject(&self, asked: &Asked, request: Option<(usize, usize)>, key: &str) -> bool {
        let model = &self.model;
        let command = match asked {
            Asked::Command(command) => command,
            Asked::Seats(section) => return *section as usize >= model.sections.len(),
            _ => return key == "unknown_student",
        };
        let students = model.students.len();
        let of = |student: &sluis::domain::ids::StudentId| student.index() < students;
        let state = |w: &sluis::domain::ids::WindowId| model.windows[w.index()].state;
        let request = request.map(|(at, body)| (&self.requests.all[at], body));
        // Accepted for a while already, by this body or by another.
        let known = |same: bool| {
            request.is_some_and(|(r, body)| {
                r.accepted != 0 && (same || r.accepted != 1 << body.min(63))
            })
        };
        match (key, command) {
            ("request_conflict", _) => known(false),
            ("not_in_line", Command::Disarm(student, window)) => {
                model.students[student.index()].ticket(window.0).is_none()
            }
            ("not_in_line", _) => {
                let waits = |(w, t): (u32, u32)| {
                    let info = model.windows[w as usize].tickets.get(t as usize);
                    info.is_some_and(|info| info.waits)
                };
                known(true)
                    && request
                        .is_some_and(|(r, _)| r.decided.is_none() && !r.ticket.is_some_and(waits))
            }
            ("window_not_open", Command::Submit { window, .. }) => state(window) == State::Planned,
            ("window_not_open", Command::Swap { to, .. }) => {
                model.swap_window(to.course.0).is_none()
            }
            ("window_closed", Command::Submit { window, .. } | Command::Arm { window, .. }) => {
                state(window) == State::Closed
            }
            ("window_paused", Command::Swap { to, .. }) => {
                let window = model.swap_window(to.course.0);
                window.is_some_and(|w| model.windows[w as usize].paused)
            }
            ("line_busy", Command::Swap { to, .. }) => {
                let window = model.swap_window(to.course.0);
                window.is_some_and(|w| model.windows[w as usize].waiting > 0)
            }
            ("already_in_line", Command::Submit { student, window, .. }) => {
                model.students[student.index()].ticket(window.0).is_some()
            }
            (
                "plan_empty",
                Command::Arm { student, window, .. }
                | Command::Submit { student, window, plan: None, .. },
            ) => {
                let mut plan = model.students[student.index()].plan.courses.iter();
                !plan.any(|r| model.covers(window.0, r.course.0))
            }
            // Sent before a crash that took an import along.
            (
                "unknown_student",
                Command::SetPlan(student, _)
                | Command::Disarm(student, _)
                | Command::MarkRead(student, _)
                | Command::SetPreferences(student, _)
                | Command::Arm { student, .. }
                | Command::Submit { student, .. }
                | Command::Drop { student, .. }
                | Command::Leave { student, .. }
                | Command::Swap { student, .. },
            ) => !of(student),
            ("plan_invalid" | "unknown_section", command) => {
                let sections = model.sections.len();
                let gone = |r: &sluis::domain::plan::CourseRequest| {
                    r.choices.iter().any(|choice| match choice {
                        sluis::domain::plan::Choice::Any => false,
                        sluis::domain::plan::Choice::Ranked(all) => {
                            all.iter().any(|s| s.index() >= sections)
                        }
                    })
                };
                match command {
                    Command::SetPlan(_, plan) | Command::Submit { plan: Some(plan), .. } => {
                        plan.courses.iter().any(|r| gone(r))
                    }
                    Command::Swap { to, .. } => gone(to),
                    _ => false,
                }
            }
            // The registrar is refused for reasons that are hers to read.
            (_, Command::Acted(..)) => true,
            _ => false,
        }
    }

    /// A command given to the real actors was answered; the order among answers is not theirs.
    pub fn answered(&mut self, n: u32, answer: &Result<Answer, Denied>) -> Result<(), Violation> {
        let wrong =
            |promise, why: &str| Violation::new(promise, format!("{why}: {n} got {answer:?}"));
        let sent = &self.requests.sent[n as usize];
        match answer {
            Ok(Answer::Done(sequence) | Answer::Decided(sequence, _))
                if sequence.0 > self.seen() =>
            {
                return Err(wrong("I2", "told before it was on disk"));
            }
            // Refused by the rules; that they may is looked at in the simulation.
            Err(Denied::Rejected(_)) => return Ok(()),
            Err(Denied::Busy { .. } | Denied::Stopping) => {
                return Err(wrong("I8", "no answer"));
            }
            _ => {}
        }
        let seen = self.seen();
        let request = sent.request;
        self.advance(seen)?;
        self.newest_told = seen;
        let Some((at, body)) = request else { return Ok(()) };
        let student = sent_by(&self.requests.sent[n as usize].asked);
        let request = &mut self.requests.all[at];
        if let Ok(Answer::InLine(window, ticket)) = answer {
            // Perhaps under another id before; and by now the line may have been drawn up anew.
            let tickets = &self.model.windows[window.index()].tickets;
            let hers = tickets.get(ticket.index()).is_none_or(|t| Some(t.student) == student);
            return if hers { Ok(()) } else { Err(wrong("I5", "no such place in line")) };
        }
        request.accepted &= 1 << body.min(63);
        if request.accepted == 0 {
            return Err(wrong("I3", "another body under the same id was carried out"));
        }
        match (answer, &request.decided) {
            (Ok(Answer::Decided(sequence, outcomes)), Some((known, found)))
                if sequence.0 == *known && outcomes[..] == found[..] =>
            {
                Ok(())
            }
            _ => Err(wrong("I3", "not what the journal has")),
        }
    }

    /// What a session of the real actors was sent since it was shown everything up to a record.
    pub fn framed(&self, student: u32, from: u64, heard: &[Heard]) -> Result<(), Violation> {
        let items = &self.model.students[student as usize].items;
        let start = items.partition_point(|(item, _)| item.sequence <= from);
        let expected = items[start..].iter().map(|(item, _)| (item.sequence, item.kind));
        let kind = |heard: &Heard| match heard.kind.as_str() {
            "enrolled" | "waitlisted" | "refused" | "dropped" | "left_waitlist" => Kind::Outcome,
            "promoted" => Kind::Promoted,
            "passed_over" => Kind::PassedOver,
            "capacity_changed" => Kind::Capacity,
            "registrar_enrolled" | "registrar_moved" => Kind::Placed,
            "registrar_dropped" => Kind::Removed,
            "blocked" | "unblocked" => Kind::Block,
            "ticket_ended" => Kind::TicketEnded,
            _ => Kind::Status,
        };
        let own = heard.iter().filter(|heard| !heard.kind.starts_with("window_"));
        let found = own.map(|heard| (heard.journal, kind(heard)));
        let (expected, found): (Vec<_>, Vec<_>) = (expected.collect(), found.collect());
        if expected == found {
            return Ok(());
        }
        let what = format!("student {student} was sent {found:?}, not {expected:?}");
        Err(Violation::new("I10", what))
    }

    /// Nothing waits to be told: everybody was answered, every session knows all.
    pub fn all_told(&mut self) -> Result<(), Violation> {
        let seen = self.seen();
        self.advance(seen)?;
        if self.unanswered != 0 {
            let what = format!("{} messages were not answered", self.unanswered);
            return Err(Violation::new("I8", what));
        }
        for (student, session) in self.sessions.iter_mut().enumerate() {
            let Some(knows) = &mut session.knows else { continue };
            let items = &self.model.students[student].items;
            while items.get(*knows).is_some_and(|(_, own)| *own) {
                *knows += 1;
            }
            if let Some((item, _)) = items.get(*knows) {
                let what = format!("student {student} was never told {item:?}");
                return Err(Violation::new("I10", what));
            }
        }
        Ok(())
    }

    /// The process died and another has started: what the disk was seen to have, it still has.
    pub fn restarted(&mut self, reader: &JournalReader) -> Result<(), Violation> {
        let seen = self.seen();
        if reader.durable().0 < seen {
            let what = format!("the disk had {seen} records and has {}", reader.durable());
            return Err(Violation::new("I2", what));
        }
        let digests = &self.digests;
        let mut altered = None;
        let read = reader.replay_to(Sequence(1), Sequence(seen), &mut |sequence, bytes| {
            let mut digest = Digest::new();
            digest.bytes(bytes);
            if digests.get(sequence.0 as usize - 1) != Some(&digest.0) {
                altered.get_or_insert(sequence);
            }
            Ok(())
        });
        read.map_err(|error| Violation::new("I9", error.to_string()))?;
        if let Some(sequence) = altered {
            return Err(Violation::new("I9", format!("record {sequence} is another one now")));
        }
        self.sessions.iter_mut().for_each(|session| session.knows = None);
        self.unanswered = 0;
        Ok(())
    }

    /// What the new process shows is the fold of what the disk has.
    pub fn came_back(&mut self, shown: &Shown) -> Result<(), Violation> {
        self.started()?;
        self.shows(shown)
    }

    /// From here on another process writes.
    pub fn started(&mut self) -> Result<(), Violation> {
        let seen = self.seen();
        self.advance(seen)?;
        self.stale_epoch = Some(self.model.epoch);
        Ok(())
    }

    /// What can be read is the fold of what the disk has.
    pub fn shows(&mut self, shown: &Shown) -> Result<(), Violation> {
        let seen = self.seen();
        self.advance(seen)?;
        let students = 0..self.model.students.len() as u32;
        let views = students.map(|student| self.model.view(student, 0));
        let mut pairs = views.zip(&shown.views);
        if let Some((expected, found)) = pairs.find(|(expected, found)| expected != *found) {
            let what = format!("came back as {found:?}, was {expected:?}");
            return Err(Violation::new("I9", what));
        }
        let sections = 0..self.model.sections.len() as u32;
        let seats: Vec<_> = sections.map(|section| self.model.seats(section)).collect();
        if seats != shown.seats || shown.views.len() != self.model.students.len() {
            let what = format!("seats came back as {:?}, were {seats:?}", shown.seats);
            return Err(Violation::new("I9", what));
        }
        if shown.counts != self.model.counts {
            let what =
                format!("counts {:?} where there were {:?}", shown.counts, self.model.counts);
            return Err(Violation::new("I12", what));
        }
        Ok(())
    }

    /// Everything has come to rest at this time.
    pub fn at_rest(&mut self, now: u64) -> Result<(), Violation> {
        self.all_told()?;
        self.model.check_nobody_waits_in_vain(true)?;
        for (at, window) in self.model.windows.iter().enumerate() {
            let due = window.rules.closes_at.is_some_and(|closes| closes.0 <= now);
            if window.state == State::Open && due {
                return Err(Violation::new("I11", format!("window {at} never closes")));
            }
            if window.state == State::Open && !window.paused && window.waiting > 0 {
                return Err(Violation::new("I11", format!("the line of window {at} stands")));
            }
        }
        Ok(())
    }
}
