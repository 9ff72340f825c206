//! Whether a record may follow: each check names the promise that it belongs to.

use sluis::domain::command::Command;
use sluis::domain::event::{Event, Record, Via};
use sluis::domain::ids::{CourseId, RequestId, SectionId, StudentId};
use sluis::domain::outcome::{Outcome, Reason};
use sluis::domain::section::SectionStatus;

use super::Violation;
use super::model::{Model, State};
use super::requests::{Request, Requests};

type Checked = Result<(), Violation>;

fn require(holds: bool, promise: &'static str, record: &Record) -> Checked {
    if holds { Ok(()) } else { Err(Violation::record(promise, record)) }
}

impl Model {
    /// Checks a record against the state that it meets.
    pub fn check(&self, record: &Record, requests: &Requests) -> Checked {
        require(record.sequence.0 == self.sequence + 1, "I9", record)?;
        require(record.epoch >= self.epoch, "I13", record)?;
        self.check_streams(record)?;
        let window = |w: &sluis::domain::ids::WindowId| &self.windows[w.index()];
        // On time by the clock that stands in the record.
        let scheduled = record.act.as_ref().is_some_and(|act| act.by.as_str() == "schedule");
        match &record.event {
            Event::ImportApplied { items } => {
                require(self.staged.len() == *items as usize, "I4", record)
            }
            Event::WindowScheduled { window: w, .. } => {
                require(window(w).state != State::Closed, "I5", record)
            }
            Event::WindowOpened(w) => {
                let due = window(w).rules.opens_at.is_some_and(|at| at <= record.at);
                require(window(w).state == State::Planned && (due || !scheduled), "I5", record)
            }
            Event::WindowClosed(w) => {
                let due = window(w).rules.closes_at.is_some_and(|at| at <= record.at);
                require(window(w).state == State::Open && (due || !scheduled), "I5", record)
            }
            Event::WindowReset { window: w, .. } => {
                require(window(w).rules.rehearsal, "I8", record)
            }
            Event::WindowPaused(w) => {
                require(window(w).state == State::Open && !window(w).paused, "I5", record)
            }
            Event::WindowResumed(w) => {
                require(window(w).state == State::Open && window(w).paused, "I5", record)
            }
            Event::TicketTaken { .. } => self.check_ticket(record, requests),
            Event::TicketLeft(w, ticket) => {
                let info = window(w).tickets.get(ticket.index());
                require(info.is_some_and(|info| info.waits), "I5", record)
            }
            Event::Decided { .. } => self.check_decided(record, requests),
            Event::Promoted { student, course, sections, replaces } => {
                let Some((at, given)) = self.first_eligible(course.0) else {
                    return Err(Violation::record("I6", record));
                };
                let entry = &self.courses[course.index()].list[at];
                let same = sections.iter().map(|s| s.0).eq(given.iter().copied());
                let first =
                    entry.student == student.0 && entry.replaces == replaces.map(|old| old.0);
                require(first && same, "I6", record)
            }
            Event::PassedOver { student, course, blocker } => {
                self.check_passed_over(record, student.0, course.0, blocker)
            }
            Event::Placed { .. } => self.check_placed(record),
            Event::Removed { student, course } => {
                let has = self.students[student.index()].seat(course.0).is_some();
                require(has, "I7", record)
            }
            _ => Ok(()),
        }
    }

    /// Each stream goes on by one, in the courses and for the student concerned, and no other.
    fn check_streams(&self, record: &Record) -> Checked {
        for (course, stream) in &record.courses {
            let last = self.courses.get(course.index()).map(|c| c.stream);
            require(last == Some(stream - 1), "I9", record)?;
        }
        for (student, stream) in &record.students {
            let last = self.students.get(student.index()).map(|s| s.stream);
            require(last == Some(stream - 1), "I9", record)?;
        }
        let course = |section: &SectionId| self.sections[section.index()].course;
        let named: Vec<u32> = match &record.event {
            Event::Decided { via, outcomes, .. } => {
                let mut courses: Vec<u32> = outcomes.iter().map(|(c, _)| c.0).collect();
                if let Via::Swap { from, .. } = via
                    && !courses.contains(&from.0)
                {
                    courses.push(from.0);
                }
                courses
            }
            Event::Promoted { course, replaces, .. } => {
                let other = replaces.filter(|old| old != course);
                [*course].into_iter().chain(other).map(|c| c.0).collect()
            }
            Event::PassedOver { course, .. }
            | Event::Placed { course, .. }
            | Event::Removed { course, .. } => vec![course.0],
            Event::CapacitySet(section, _) | Event::StatusSet(section, _) => vec![course(section)],
            Event::ImportApplied { .. } => return Ok(()),
            _ => vec![],
        };
        require(record.courses.iter().map(|(c, _)| c.0).eq(named), "I9", record)?;
        let student = match &record.event {
            Event::PlanSet(student, _)
            | Event::MessagesRead(student, _)
            | Event::PreferencesSet(student, _)
            | Event::TicketTaken { student, .. }
            | Event::Decided { student, .. }
            | Event::Promoted { student, .. }
            | Event::PassedOver { student, .. }
            | Event::Placed { student, .. }
            | Event::Removed { student, .. }
            | Event::BlockSet { student, .. } => Some(student.0),
            Event::TicketLeft(window, ticket) => {
                let tickets = &self.windows[window.index()].tickets;
                tickets.get(ticket.index()).map(|info| info.student)
            }
            _ => None,
        };
        require(record.students.iter().map(|(s, _)| s.0).eq(student), "I9", record)
    }

    /// I11: between two turns nobody waits for a seat that she could have.
    pub fn check_nobody_waits_in_vain(&mut self, all: bool) -> Checked {
        let woken = if all { u64::MAX } else { std::mem::take(&mut self.woken) };
        if woken == 0 {
            return Ok(());
        }
        for course in 0..self.courses.len() as u32 {
            if woken & (1 << course) == 0 || self.courses[course as usize].list.is_empty() {
                continue;
            }
            if let Some((at, sections)) = self.first_eligible(course) {
                let student = self.courses[course as usize].list[at].student;
                let what = format!(
                    "after record {} student {student} waits for course {course} although \
                     sections {sections:?} are free for her",
                    self.sequence
                );
                return Err(Violation::new("I11", what));
            }
        }
        Ok(())
    }

    fn request<'a>(
        requests: &'a Requests,
        record: &Record,
        student: StudentId,
        id: RequestId,
    ) -> Result<&'a Request, Violation> {
        let found = requests.find(student.0, id).map(|at| &requests.all[at]);
        let request = found.ok_or_else(|| Violation::record("I3", record))?;
        // I15: who sent it after somebody was told comes after that one's record.
        require(record.sequence.0 > request.floor, "I15", record)?;
        Ok(request)
    }

    fn check_ticket(&self, record: &Record, requests: &Requests) -> Checked {
        let Event::TicketTaken { window, ticket, student, request, .. } = &record.event else {
            return Ok(());
        };
        let request = Self::request(requests, record, *student, *request)?;
        require(request.accepted == 0, "I3", record)?;
        let w = &self.windows[window.index()];
        require(ticket.index() == w.tickets.len(), "I5", record)?;
        require(w.state != State::Closed, "I5", record)?;
        let none = self.students[student.index()].ticket(window.0).is_none();
        require(none, "I7", record)?;
        require(self.explains(record, request) != 0, "I3", record)
    }

    /// The bodies sent under a request's id that explain the record, as bits.
    pub fn explains(&self, record: &Record, request: &Request) -> u64 {
        let explains = |body: &Command| match (&record.event, body) {
            (
                Event::TicketTaken { window: at, plan: None, .. },
                Command::Arm { window, .. } | Command::Submit { window, plan: None, .. },
            ) => window == at,
            (
                Event::TicketTaken { window: at, plan: Some(taken), .. },
                Command::Submit { window, plan: Some(plan), .. },
            ) => window == at && taken == plan,
            (Event::Decided { student, via, outcomes, .. }, body) => {
                self.expected(student.0, *via, body).is_some_and(|expected| expected == *outcomes)
            }
            _ => false,
        };
        let bodies = request.bodies.iter().enumerate().take(64);
        bodies.filter(|(_, body)| explains(body)).fold(0, |bits, (i, _)| bits | 1 << i)
    }

    /// What must come of a body that is decided by this way.
    fn expected(&self, student: u32, via: Via, body: &Command) -> Option<Vec<(CourseId, Outcome)>> {
        let who = &self.students[student as usize];
        match (via, body) {
            (Via::Submit(at), Command::Submit { window, plan, .. }) if *window == at => {
                let hers = plan.as_ref().unwrap_or(&who.plan);
                Some(self.expect_plan(student, at.0, hers, plan.is_some()))
            }
            (Via::Drop, Command::Drop { course, .. }) => {
                let outcome = match who.seat(course.0) {
                    Some(_) => Outcome::Dropped,
                    None => Outcome::Refused(Reason::NotEnrolled),
                };
                Some(vec![(*course, outcome)])
            }
            (Via::Leave, Command::Leave { course, .. }) => {
                let outcome = match who.waiting.contains(&course.0) {
                    true => Outcome::LeftWaitlist,
                    false => Outcome::Refused(Reason::NotWaitlisted),
                };
                Some(vec![(*course, outcome)])
            }
            (Via::Swap { window, from }, Command::Swap { from: given, to, .. })
                if from == *given && self.swap_window(to.course.0) == Some(window.0) =>
            {
                let outcome = match who.seat(from.0) {
                    Some(_) => self.expect(student, window.0, to, &[], Some(from.0)),
                    None => Outcome::Refused(Reason::NotEnrolled),
                };
                Some(vec![(to.course, outcome)])
            }
            _ => None,
        }
    }

    /// The window whose rules hold for a swap into this course.
    pub fn swap_window(&self, course: u32) -> Option<u32> {
        let open = |w: &u32| self.windows[*w as usize].state == State::Open;
        (0..self.windows.len() as u32).find(|w| open(w) && self.covers(*w, course))
    }

    fn check_decided(&self, record: &Record, requests: &Requests) -> Checked {
        let Event::Decided { student, request: id, via, outcomes, .. } = &record.event else {
            return Ok(());
        };
        let request = Self::request(requests, record, *student, *id)?;
        require(request.decided.is_none(), "I3", record)?;
        if let Via::Ticket(window, _) | Via::Submit(window) | Via::Swap { window, .. } = via {
            let w = &self.windows[window.index()];
            require(w.state == State::Open && !w.paused, "I5", record)?;
            // A newcomer never passes those in line, nor a pace.
            let passes = !matches!(via, Via::Ticket(..)) && w.waiting > 0;
            let hurries = matches!(via, Via::Submit(_)) && w.rules.pace.is_some();
            require(!passes && !hurries, "I5", record)?;
        }
        for (course, outcome) in outcomes {
            let enrolled = matches!(outcome, Outcome::Enrolled { .. });
            if enrolled && !self.courses[course.index()].list.is_empty() {
                require(self.first_eligible(course.0).is_none(), "I6", record)?;
            }
        }
        if let Via::Ticket(window, ticket) = via {
            require(self.first_waiting(window.0) == Some(ticket.0), "I5", record)?;
            let info = &self.windows[window.index()].tickets[ticket.index()];
            let same = info.student == student.0
                && info.request == *id
                && request.ticket == Some((window.0, ticket.0));
            require(same, "I3", record)?;
            let plan = info.plan.as_ref().unwrap_or(&self.students[student.index()].plan);
            let expected = self.expect_plan(student.0, window.0, plan, info.plan.is_some());
            return self.as_expected(record, &expected, outcomes);
        }
        require(request.accepted == 0, "I3", record)?;
        if self.explains(record, request) == 0 {
            let first = request.bodies.iter().find_map(|b| self.expected(student.0, *via, b));
            return match first {
                Some(expected) => self.as_expected(record, &expected, outcomes),
                None => Err(Violation::record("I3", record)),
            };
        }
        Ok(())
    }

    fn as_expected(
        &self,
        record: &Record,
        expected: &[(CourseId, Outcome)],
        found: &[(CourseId, Outcome)],
    ) -> Checked {
        if expected == found {
            return Ok(());
        }
        let promise = found.iter().find_map(|(_, outcome)| match outcome {
            Outcome::Enrolled { sections, .. } => {
                let full = |s: &SectionId| !self.sections[s.index()].has_room();
                sections.iter().any(full).then_some("I1")
            }
            _ => None,
        });
        let what = format!("expected {expected:?} where the journal has {record:?}");
        Err(Violation::new(promise.unwrap_or("I4"), what))
    }

    fn check_passed_over(
        &self,
        record: &Record,
        student: u32,
        course: u32,
        blocker: &Reason,
    ) -> Checked {
        let list = &self.courses[course as usize].list;
        let at = list.iter().position(|e| e.student == student);
        let at = at.ok_or_else(|| Violation::record("I10", record))?;
        let same = |told: &Reason| match (told, blocker) {
            (Reason::CreditLimit(_), Reason::CreditLimit(_)) => true,
            _ => told == blocker,
        };
        require(!list[at].told.iter().any(same), "I10", record)?;
        // She who could have it is promoted, not passed over.
        require(self.blocker(course, at).as_ref() == Some(blocker), "I6", record)
    }

    fn check_placed(&self, record: &Record) -> Checked {
        let Event::Placed { student, course, sections, moved, leaves, over, .. } = &record.event
        else {
            return Ok(());
        };
        let who = &self.students[student.index()];
        let own = who.seat(course.0);
        require(own.is_some() == *moved, "I7", record)?;
        let parts = &self.courses[course.index()].parts;
        let whole = parts.len() == sections.len()
            && parts.iter().zip(sections).all(|(part, section)| {
                let parent = self.sections[section.index()].parent;
                part.contains(&section.0)
                    && parent.is_none_or(|parent| sections.contains(&SectionId(parent)))
            });
        require(whole, "I4", record)?;
        let held = own.map_or(&[][..], |seat| &seat.sections);
        let new = || sections.iter().filter(move |s| !held.contains(&s.0));
        let info = |s: &&SectionId| &self.sections[s.index()];
        require(new().all(|s| info(&s).status != SectionStatus::Cancelled), "I4", record)?;
        let full = |s: &&SectionId| !info(s).has_room();
        require(new().filter(full).eq(over.iter()), "I1", record)?;
        let entry = self.courses[course.index()].list.iter().find(|e| e.student == student.0);
        let accepts = entry.is_some_and(|entry| {
            let part =
                |(part, s): (usize, &SectionId)| self.accepted(&entry.request, part).contains(&s.0);
            !moved || sections.iter().enumerate().all(part)
        });
        require(accepts == *leaves, "I7", record)
    }
}
