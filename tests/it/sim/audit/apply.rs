//! What a record does to the auditor's tables, and whom it is news for.

use std::sync::Arc;

use sluis::domain::catalogue::Item as Imported;
use sluis::domain::event::{Event, Record, Via};
use sluis::domain::ids::SectionId;
use sluis::domain::outcome::Outcome;
use sluis::domain::plan::Plan;
use sluis::domain::section::SectionStatus;

use super::Violation;
use super::model::{Course, Entry, Model, Seat, Section, State, Student, Ticket, Window};
use super::requests::Requests;
use crate::random::{brief, brief_text};
use crate::told::{self, Item, Kind};

fn numbers(sections: &[SectionId]) -> Vec<u32> {
    sections.iter().map(|section| section.0).collect()
}

impl Model {
    /// Takes a record that was found in order.
    pub fn apply(&mut self, record: &Record, requests: &mut Requests) -> Result<(), Violation> {
        self.sequence = record.sequence.0;
        self.epoch = record.epoch;
        for (course, stream) in &record.courses {
            self.courses[course.index()].stream = *stream;
        }
        for (student, stream) in &record.students {
            self.students[student.index()].stream = *stream;
        }
        match &record.event {
            Event::ImportBegun => self.staged.clear(),
            Event::ImportItem(item) => self.staged.push(item.clone()),
            Event::ImportApplied { .. } => self.import(record),
            Event::WindowScheduled { window, opens_at, closes_at } => {
                let rules = &mut self.windows[window.index()].rules;
                (rules.opens_at, rules.closes_at) = (*opens_at, *closes_at);
            }
            Event::WindowOpened(window) => {
                let order = self.draw(window.0);
                let window = &mut self.windows[window.index()];
                (window.state, window.opened, window.order) = (State::Open, true, order);
            }
            Event::WindowClosed(window) => self.close(record, window.0),
            Event::WindowReset { window, seed, opens_at } => {
                self.reset(window.0, requests);
                let rules = &mut self.windows[window.index()].rules;
                (rules.seed, rules.opens_at) = (*seed, *opens_at);
            }
            Event::PaceSet(window, pace) => self.windows[window.index()].rules.pace = *pace,
            Event::WindowPaused(window) => self.windows[window.index()].paused = true,
            Event::WindowResumed(window) => self.windows[window.index()].paused = false,
            Event::PlanSet(student, plan) => {
                self.students[student.index()].plan = Arc::clone(plan);
            }
            Event::TicketTaken { window, ticket, student, request, plan, .. } => {
                self.counts[told::TICKETS_TAKEN] += 1;
                let w = &mut self.windows[window.index()];
                let (student, request, plan) = (student.0, *request, plan.clone());
                w.tickets.push(Ticket { student, request, plan, waits: true });
                w.waiting += 1;
                if w.opened {
                    w.order.push(ticket.0);
                }
                self.students[student as usize].tickets.push((window.0, ticket.0));
            }
            Event::TicketLeft(window, ticket) => {
                self.counts[told::TICKETS_LEFT] += 1;
                self.end_ticket(window.0, ticket.0);
            }
            Event::Decided { .. } => self.decided(record)?,
            Event::Promoted { student, course, sections, replaces } => {
                self.counts[told::PROMOTED] += 1;
                let (student, course) = (student.0, course.0);
                let list = &mut self.courses[course as usize].list;
                let at = list.iter().position(|e| e.student == student);
                let entry = list.remove(at.ok_or_else(|| Violation::record("I6", record))?);
                self.students[student as usize].waiting.retain(|c| *c != course);
                let replaces = replaces.map(|old| old.0);
                self.counts[told::SWAPS] += u64::from(replaces.is_some());
                self.give(record, student, (course, &sections[..], entry.window), replaces, &[])?;
                let detail = brief(sections.iter().map(|s| s.0));
                let detail = detail ^ replaces.map_or(0, |old| u64::from(old) + 1);
                self.tell(record, student, Kind::Promoted, course, detail, false);
                self.wake(student, replaces);
            }
            Event::PassedOver { student, course, blocker } => {
                self.counts[told::PASSED_OVER] += 1;
                let list = &mut self.courses[course.index()].list;
                if let Some(entry) = list.iter_mut().find(|e| e.student == student.0) {
                    entry.told.push(blocker.clone());
                }
                let detail = brief_text(blocker.key());
                self.tell(record, student.0, Kind::PassedOver, course.0, detail, false);
            }
            Event::CapacitySet(section, capacity) => {
                self.sections[section.index()].capacity = *capacity;
                self.tell_capacity(record, section.0, *capacity);
                self.woken = u64::MAX;
            }
            Event::StatusSet(section, status) => self.set_status(record, section.0, *status),
            Event::Placed { .. } => self.placed(record)?,
            Event::Removed { student, course } => {
                self.take_back(student.0, course.0);
                self.tell(record, student.0, Kind::Removed, course.0, 0, false);
                self.woken = u64::MAX;
            }
            Event::BlockSet { student, code, blocked } => {
                let words = &mut self.students[student.index()].words;
                match words.iter_mut().find(|(known, _)| known == code) {
                    Some((_, word)) => *word = *blocked,
                    None => words.push((code.clone(), *blocked)),
                }
                let (subject, detail) = (u32::from(*blocked), brief_text(code.as_str()));
                self.tell(record, student.0, Kind::Block, subject, detail, false);
                self.woken = u64::MAX;
            }
            // Only while no gateway runs, and by no command.
            Event::StudentErased(_) => return Err(Violation::record("I9", record)),
            Event::WindowClosing(_)
            | Event::MessagesRead(..)
            | Event::PreferencesSet(..)
            | Event::CalendarSet(..)
            | Event::SignedIn { .. }
            | Event::SignedOut(..)
            | Event::Announced(_) => {}
        }
        Ok(())
    }

    /// A message for her. What touches many is one step of each one's stream.
    fn tell(
        &mut self,
        record: &Record,
        student: u32,
        kind: Kind,
        subject: u32,
        detail: u64,
        own: bool,
    ) {
        let sequence = record.sequence.0;
        let named = record.students.iter().any(|(s, _)| s.0 == student);
        let who = &mut self.students[student as usize];
        let first = who.items.last().is_none_or(|(item, _)| item.sequence != sequence);
        who.stream += u32::from(first && !named);
        who.items.push((Item { sequence, kind, subject, detail }, own));
    }

    /// Whoever she, or who follows her, waits for may be had by now.
    fn wake(&mut self, student: u32, released: Option<u32>) {
        if let Some(course) = released {
            self.woken |= 1 << course;
            for course in &self.students[student as usize].waiting {
                self.woken |= 1 << course;
            }
        }
    }

    fn end_ticket(&mut self, window: u32, ticket: u32) {
        let w = &mut self.windows[window as usize];
        let info = &mut w.tickets[ticket as usize];
        w.waiting -= u32::from(std::mem::take(&mut info.waits));
        info.plan = None;
        let student = info.student;
        self.students[student as usize].tickets.retain(|t| *t != (window, ticket));
    }

    fn decided(&mut self, record: &Record) -> Result<(), Violation> {
        let Event::Decided { student, via, outcomes, request: _, .. } = &record.event else {
            return Ok(());
        };
        let student = student.0;
        let (window, instead) = match via {
            Via::Ticket(window, ticket) => {
                self.counts[told::TICKETS_DECIDED] += 1;
                self.end_ticket(window.0, ticket.0);
                (window.0, None)
            }
            Via::Submit(window) => (window.0, None),
            Via::Swap { window, from } => (window.0, Some(from.0)),
            Via::Drop | Via::Leave => (0, None),
        };
        let own = !matches!(via, Via::Ticket(..));
        for (course, outcome) in outcomes {
            let course = course.0;
            match outcome {
                Outcome::Enrolled { sections, .. } => {
                    self.counts[told::ENROLLED] += 1;
                    self.counts[told::SWAPS] += u64::from(instead.is_some());
                    self.give(record, student, (course, &sections[..], window), instead, &[])?;
                    self.wake(student, instead);
                }
                Outcome::Waitlisted { request, keeps, .. } => {
                    self.counts[told::WAITLISTED] += 1;
                    let (request, replaces) = (Arc::clone(request), keeps.map(|c| c.0));
                    let entry = Entry { student, request, window, replaces, told: vec![] };
                    self.courses[course as usize].list.push(entry);
                    self.students[student as usize].waiting.push(course);
                    self.woken |= 1 << course;
                }
                Outcome::Dropped => {
                    self.counts[told::DROPPED] += 1;
                    self.take_back(student, course);
                    self.wake(student, Some(course));
                }
                Outcome::LeftWaitlist => {
                    self.counts[told::LEFT_WAITLIST] += 1;
                    self.courses[course as usize].list.retain(|e| e.student != student);
                    self.students[student as usize].waiting.retain(|c| *c != course);
                }
                Outcome::Refused(_) => self.counts[told::REFUSED] += 1,
            }
            let detail = told::outcome(outcome);
            self.tell(record, student, Kind::Outcome, course, detail, own);
        }
        Ok(())
    }

    /// Gives seats, for others where a place is given for it. I1: never beyond the capacity in
    /// force, but for those that the registrar lets in over it.
    fn give(
        &mut self,
        record: &Record,
        student: u32,
        (course, sections, window): (u32, &[SectionId], u32),
        instead: Option<u32>,
        over: &[SectionId],
    ) -> Result<(), Violation> {
        let old = instead.and_then(|old| self.students[student as usize].seat(old));
        let old = old.map_or_else(Vec::new, |seat| seat.sections.clone());
        let sections = numbers(sections);
        for section in old.iter().filter(|s| !sections.contains(s)) {
            self.sections[*section as usize].taken -= 1;
        }
        for section in sections.iter().filter(|s| !old.contains(s)) {
            let info = &mut self.sections[*section as usize];
            if !info.has_room() && !over.contains(&SectionId(*section)) {
                return Err(Violation::record("I1", record));
            }
            info.taken += 1;
        }
        match instead {
            // Inside a course, a swap that waits elsewhere still gives the place.
            Some(old) if old == course => {
                self.students[student as usize].seats.retain(|seat| seat.course != old);
            }
            Some(old) => self.forget(student, old),
            None => {}
        }
        self.students[student as usize].seats.push(Seat { course, sections, window });
        Ok(())
    }

    fn take_back(&mut self, student: u32, course: u32) {
        if let Some(seat) = self.students[student as usize].seat(course).cloned() {
            for section in seat.sections {
                self.sections[section as usize].taken -= 1;
            }
        }
        self.forget(student, course);
    }

    /// Her seat is gone, and no entry of hers gives it any more.
    fn forget(&mut self, student: u32, course: u32) {
        self.students[student as usize].seats.retain(|seat| seat.course != course);
        for list in self.courses.iter_mut().map(|c| &mut c.list) {
            for entry in list.iter_mut().filter(|e| e.student == student) {
                entry.replaces = entry.replaces.filter(|old| *old != course);
            }
        }
    }

    fn placed(&mut self, record: &Record) -> Result<(), Violation> {
        let Event::Placed { student, course, sections, window, moved, leaves, over } =
            &record.event
        else {
            return Ok(());
        };
        let (student, course) = (student.0, course.0);
        if *leaves {
            self.courses[course as usize].list.retain(|e| e.student != student);
            self.students[student as usize].waiting.retain(|c| *c != course);
        }
        let instead = moved.then_some(course);
        self.give(record, student, (course, &sections[..], window.0), instead, over)?;
        let how = u64::from(*moved) + 2 * u64::from(!over.is_empty());
        let detail = brief(sections.iter().map(|s| s.0)) ^ how;
        self.tell(record, student, Kind::Placed, course, detail, false);
        self.woken = u64::MAX;
        Ok(())
    }

    fn tell_capacity(&mut self, record: &Record, section: u32, capacity: Option<u32>) {
        let course = &self.courses[self.sections[section as usize].course as usize];
        let accepts = |e: &&Entry| self.accepts(&e.request, section);
        let waiting: Vec<u32> = course.list.iter().filter(accepts).map(|e| e.student).collect();
        let detail = capacity.map_or(0, |seats| u64::from(seats) + 1);
        for student in waiting {
            self.tell(record, student, Kind::Capacity, section, detail, false);
        }
    }

    fn set_status(&mut self, record: &Record, section: u32, status: SectionStatus) {
        self.sections[section as usize].status = status;
        let course = self.sections[section as usize].course;
        let has = |s: &Student| s.seat(course).is_some_and(|seat| seat.sections.contains(&section));
        let waits = |student: u32| {
            let mut list = self.courses[course as usize].list.iter();
            list.any(|e| e.student == student && self.accepts(&e.request, section))
        };
        let students = self.students.iter().enumerate();
        let touched = students.filter(|(i, s)| has(s) || waits(*i as u32)).map(|(i, _)| i as u32);
        for student in touched.collect::<Vec<_>>() {
            let detail = brief_text(status.key());
            self.tell(record, student, Kind::Status, section, detail, false);
        }
        self.woken = u64::MAX;
    }

    fn close(&mut self, record: &Record, window: u32) {
        let w = &mut self.windows[window as usize];
        (w.state, w.paused) = (State::Closed, false);
        for ticket in 0..w.tickets.len() as u32 {
            let info = &self.windows[window as usize].tickets[ticket as usize];
            if info.waits {
                let student = info.student;
                self.end_ticket(window, ticket);
                self.tell(record, student, Kind::TicketEnded, window, 0, false);
            }
        }
    }

    /// A rehearsal is run again: what came of the window is withdrawn.
    fn reset(&mut self, window: u32, requests: &mut Requests) {
        for ticket in 0..self.windows[window as usize].tickets.len() as u32 {
            self.end_ticket(window, ticket);
        }
        let undecided = requests.all.iter_mut().filter(|r| r.decided.is_none());
        for request in undecided.filter(|r| r.ticket.is_some_and(|(w, _)| w == window)) {
            request.ticket = None;
        }
        let w = &mut self.windows[window as usize];
        (w.state, w.paused, w.opened) = (State::Planned, false, false);
        w.tickets.clear();
        w.order.clear();
        for course in &mut self.courses {
            course.list.retain(|e| e.window != window);
        }
        for student in 0..self.students.len() as u32 {
            let who = &mut self.students[student as usize];
            for seat in who.seats.extract_if(.., |seat| seat.window == window) {
                for section in seat.sections {
                    self.sections[section as usize].taken -= 1;
                }
            }
            let courses = &self.courses;
            let listed = |c: &u32| courses[*c as usize].list.iter().any(|e| e.student == student);
            who.waiting.retain(listed);
        }
        for course in &mut self.courses {
            for entry in &mut course.list {
                let who = &self.students[entry.student as usize];
                entry.replaces = entry.replaces.filter(|old| who.seat(*old).is_some());
            }
        }
        self.woken = u64::MAX;
    }

    fn import(&mut self, record: &Record) {
        let mut changed = Vec::new();
        for item in std::mem::take(&mut self.staged) {
            match item {
                Imported::Course(id, info) => {
                    let new = Course {
                        key: info.key.clone(),
                        term: info.term,
                        credits: info.credits.0,
                        needs: info.prerequisites.clone(),
                        is_exam: info.part_of.is_some(),
                        parts: vec![vec![]; info.components.len()],
                        stream: 0,
                        list: vec![],
                    };
                    match self.courses.get_mut(id.index()) {
                        Some(old) => {
                            let Course { parts, stream, list, .. } = std::mem::replace(old, new);
                            (old.parts, old.stream, old.list) = (parts, stream, list);
                        }
                        None => self.courses.push(new),
                    }
                }
                Imported::Section(id, info) => {
                    if let Some(old) = self.sections.get_mut(id.index()) {
                        if old.filed != info.capacity {
                            (old.filed, old.capacity) = (info.capacity, info.capacity);
                            changed.push((id.0, info.capacity));
                        }
                        old.meetings = info.meetings.clone();
                    } else {
                        let parts = &mut self.courses[info.course.index()].parts;
                        parts[usize::from(info.component)].push(id.0);
                        self.sections.push(Section {
                            course: info.course.0,
                            capacity: info.capacity,
                            filed: info.capacity,
                            taken: 0,
                            status: SectionStatus::Open,
                            parent: info.parent.map(|parent| parent.0),
                            meetings: info.meetings.clone(),
                        });
                    }
                }
                Imported::Student(id, profile) => {
                    let (blocks, completed) = (profile.blocks, profile.completed);
                    match self.students.get_mut(id.index()) {
                        Some(old) => (old.blocks, old.completed) = (blocks, completed),
                        None => self.students.push(Student {
                            blocks,
                            words: vec![],
                            completed,
                            plan: Arc::new(Plan::default()),
                            seats: vec![],
                            waiting: vec![],
                            tickets: vec![],
                            stream: 0,
                            items: vec![],
                        }),
                    }
                }
                Imported::Window(id, rules) => match self.windows.get_mut(id.index()) {
                    Some(old) => old.rules = *rules,
                    None => self.windows.push(Window {
                        rules: *rules,
                        state: State::Planned,
                        paused: false,
                        opened: false,
                        tickets: vec![],
                        order: vec![],
                        waiting: 0,
                    }),
                },
                Imported::Term(_)
                | Imported::Programme(_)
                | Imported::Requirement(..)
                | Imported::Result(..) => {}
            }
        }
        self.note_clashes();
        for (section, capacity) in changed {
            self.tell_capacity(record, section, capacity);
        }
        self.woken = u64::MAX;
    }
}
