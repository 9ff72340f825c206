//! The Registrar's state: everything but the seats. A fold of the journal (I9).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::account::{Calendar, Device};
use super::acts::AuditLog;
use super::catalogue::{Catalogue, Item};
use super::course::{CourseBook, WaitlistEntry};
use super::event::{Event, Record, Via};
use super::ids::{
    CourseId, Key, RequestId, SectionId, Sequence, StudentId, Ticket, Timestamp, WindowId,
};
use super::outcome::Outcome;
use super::plan::Plan;
use super::section::SeatChange;
use super::student::{Enrolment, InboxItem, Memo, Notice, Student};
use super::window::{TicketInfo, TicketState, Window, WindowState};

mod acts;

/// Each course of a request with its outcome, in her order.
pub type Outcomes = Arc<[(CourseId, Outcome)]>;

/// What a window tells everybody: one record, expanded when it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowNoticeKind {
    /// It opened.
    Opened,
    /// It closes soon.
    Closing,
    /// It closed.
    Closed,
    /// The rehearsal starts again; everything that came of it is withdrawn.
    Reset,
    /// Nobody is admitted for the moment.
    Paused,
    /// It goes on.
    Resumed,
}

/// A window's message to everybody.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WindowNotice {
    /// The record.
    pub sequence: Sequence,
    /// When.
    pub at: Timestamp,
    /// Which window.
    pub window: WindowId,
    /// What.
    pub kind: WindowNoticeKind,
}

/// Everything but the seats.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Registry {
    /// Last record applied.
    pub sequence: Sequence,
    /// Epoch of the last record applied.
    pub epoch: u32,
    /// What can be registered for.
    pub catalogue: Arc<Catalogue>,
    /// By [`StudentId`].
    pub students: Vec<Student>,
    /// By [`CourseId`].
    pub courses: Vec<CourseBook>,
    /// By [`WindowId`].
    pub windows: Vec<Window>,
    /// Most requests remembered for one student, where the shell sets another bound than
    /// [`crate::limits::REQUESTS_PER_STUDENT_MAX`]; no part of the state that is journalled.
    pub requests_max: Option<u32>,
    /// Places in lines taken since the journal began.
    pub tickets_taken: u64,
    /// Places in lines given back by their owners since the journal began.
    pub tickets_left: u64,
    /// Places given for another, at once or by a promotion, since the journal began.
    pub swaps: u64,
    /// What windows told everybody.
    pub window_notices: Vec<WindowNotice>,
    /// How often an import changed what meets when, and when it last did.
    pub catalogue_changes: (u32, Timestamp),
    /// The latest acts, each with who is answerable for it.
    pub audit: AuditLog,
    student_keys: HashMap<Key, StudentId>,
    calendars: HashMap<[u8; 32], StudentId>,
    staged: Vec<Item>,
}

impl Registry {
    /// The same registry with these students, and with what an unfinished import has staged.
    pub fn with_students(mut self, students: Vec<Student>, staged: Vec<Item>) -> Self {
        // Nobody is found by the name that is left of a student, nor by her calendar's address.
        let named = || students.iter().enumerate().filter(|(_, s)| !s.profile.is_withheld());
        self.student_keys =
            named().map(|(i, s)| (s.profile.key.clone(), StudentId(i as u32))).collect();
        let calendars = named().filter_map(|(i, s)| {
            s.account.calendar.as_ref().map(|calendar| (calendar.hash, StudentId(i as u32)))
        });
        self.calendars = calendars.collect();
        self.students = students;
        self.staged = staged;
        self
    }

    /// The student. Ids come from this registry, so an unknown one is a bug.
    pub fn student(&self, id: StudentId) -> &Student {
        &self.students[id.index()]
    }

    /// The student with that number.
    pub fn student_id(&self, key: &str) -> Option<StudentId> {
        self.student_keys.get(key).copied()
    }

    /// Whose calendar it is that has an address with this hash.
    pub fn calendar_of(&self, hash: &[u8; 32]) -> Option<StudentId> {
        self.calendars.get(hash).copied()
    }

    /// What the student's request led to.
    pub fn memo(&self, student: StudentId, request: RequestId) -> Option<&Memo> {
        self.student(student).requests.get(request)
    }

    /// The window, if there is one.
    pub fn window(&self, id: WindowId) -> Option<&Window> {
        self.windows.get(id.index())
    }

    /// The window with that name.
    pub fn window_id(&self, key: &str) -> Option<WindowId> {
        let found = self.windows.iter().position(|w| w.rules.key.as_str() == key);
        found.map(|i| WindowId(i as u32))
    }

    /// The waitlist of a course.
    pub fn book(&self, course: CourseId) -> &CourseBook {
        &self.courses[course.index()]
    }

    /// What an import has staged that is not completed.
    pub fn staged(&self) -> &[Item] {
        &self.staged
    }

    /// Gives the event its numbers: the next in the journal, in each course's stream and in each
    /// touched student's stream.
    pub fn number(&self, event: Event, epoch: u32, at: Timestamp) -> Record {
        let (unnamed, student) = self.unnamed(&event);
        let courses = (0..).map_while(|i| event.named_course(i)).chain(unnamed);
        let students = event.named_student().into_iter().chain(student);
        Record {
            sequence: self.sequence.next(),
            epoch,
            at,
            courses: courses.map(|c| (c, self.courses[c.index()].sequence + 1)).collect(),
            students: students.map(|s| (s, self.students[s.index()].sequence + 1)).collect(),
            event,
            act: None,
        }
    }

    /// The courses and the student concerned that the event does not name itself.
    pub fn unnamed(&self, event: &Event) -> (Vec<CourseId>, Option<StudentId>) {
        match event {
            // Who is told of these is derived on apply: it may be everyone.
            Event::CapacitySet(section, _) | Event::StatusSet(section, _) => {
                (vec![self.catalogue.section(*section).course], None)
            }
            Event::TicketLeft(window, ticket) => {
                let student = self.windows[window.index()].tickets[ticket.index()].student;
                (Vec::new(), Some(student))
            }
            Event::ImportApplied { .. } => {
                let changed = self.staged_capacities();
                let course = |(s, _): (SectionId, _)| self.catalogue.section(s).course;
                let mut courses: Vec<CourseId> = changed.map(course).collect();
                courses.sort_unstable();
                courses.dedup();
                (courses, None)
            }
            _ => (Vec::new(), None),
        }
    }

    /// Sections that are there and that the staged import gives another capacity.
    fn staged_capacities(&self) -> impl Iterator<Item = (SectionId, Option<u32>)> + '_ {
        self.staged.iter().filter_map(|item| match item {
            Item::Section(id, info) => {
                let old = self.catalogue.sections.get(id.index())?;
                (old.capacity != info.capacity).then_some((*id, info.capacity))
            }
            _ => None,
        })
    }

    /// Who is told of a change to a section: who waits for it, and who has it when its status
    /// changes.
    pub fn section_touches(&self, section: SectionId, enrolled_too: bool) -> Vec<StudentId> {
        let course = self.catalogue.section(section).course;
        let waiting = self.book(course).waitlist.iter();
        let mut students: Vec<StudentId> = waiting
            .filter(|e| e.request.sections(&self.catalogue).any(|s| s == section))
            .map(|e| e.student)
            .collect();
        if enrolled_too {
            let has =
                |s: &Student| s.enrolment(course).is_some_and(|e| e.sections.contains(&section));
            let enrolled = self.students.iter().enumerate().filter(|(_, s)| has(s));
            students.extend(enrolled.map(|(i, _)| StudentId(i as u32)));
            students.sort_unstable();
            students.dedup();
        }
        students
    }

    /// What the event does to seats. Asked before [`Self::apply`].
    pub fn seat_changes(&self, event: &Event) -> Vec<(SectionId, SeatChange)> {
        let mut changes = Vec::new();
        match event {
            Event::Decided { student, via, outcomes, .. } => {
                for (course, outcome) in outcomes {
                    match (outcome, via) {
                        (Outcome::Enrolled { sections, .. }, Via::Swap { from, .. }) => {
                            self.exchange(*student, Some(*from), sections, &mut changes);
                        }
                        (Outcome::Enrolled { sections, .. }, _) => {
                            self.exchange(*student, None, sections, &mut changes);
                        }
                        (Outcome::Dropped, _) => {
                            self.exchange(*student, Some(*course), &[], &mut changes);
                        }
                        _ => {}
                    }
                }
            }
            Event::Promoted { student, sections, replaces, .. } => {
                self.exchange(*student, *replaces, sections, &mut changes);
            }
            Event::Placed { .. } => return self.placed_seats(event),
            Event::Removed { student, course } => {
                self.exchange(*student, Some(*course), &[], &mut changes);
            }
            Event::CapacitySet(section, capacity) => {
                changes.push((*section, SeatChange::Capacity(*capacity)));
            }
            Event::ImportApplied { .. } => {
                let staged = self.staged_capacities();
                changes.extend(staged.map(|(s, capacity)| (s, SeatChange::Capacity(capacity))));
            }
            Event::StatusSet(section, status) => {
                changes.push((*section, SeatChange::Status(*status)));
            }
            Event::WindowReset { window, .. } => {
                let enrolments = self.students.iter().flat_map(|s| &s.enrolments);
                let withdrawn = enrolments.filter(|e| e.window == *window);
                let mut seats: BTreeMap<SectionId, u32> = BTreeMap::new();
                for section in withdrawn.flat_map(|e| &e.sections) {
                    *seats.entry(*section).or_default() += 1;
                }
                let left = |(section, n)| (section, SeatChange::Withdraw(n));
                changes.extend(seats.into_iter().map(left));
            }
            _ => {}
        }
        changes
    }

    fn exchange(
        &self,
        student: StudentId,
        old: Option<CourseId>,
        new: &[SectionId],
        changes: &mut Vec<(SectionId, SeatChange)>,
    ) {
        let old = old.and_then(|c| self.student(student).enrolment(c));
        let old = old.map_or(&[][..], |e| &e.sections);
        let released = old.iter().filter(|s| !new.contains(s));
        changes.extend(released.map(|s| (*s, SeatChange::Release)));
        let taken = new.iter().filter(|s| !old.contains(s));
        changes.extend(taken.map(|s| (*s, SeatChange::Take)));
    }

    /// Applies a record. Never fails: what is in the journal has happened.
    pub fn apply(&mut self, record: &Record) {
        self.sequence = record.sequence;
        self.epoch = record.epoch;
        for (course, sequence) in &record.courses {
            self.courses[course.index()].sequence = *sequence;
        }
        for (student, sequence) in &record.students {
            self.students[student.index()].sequence = *sequence;
        }
        self.note_act(record);
        match &record.event {
            Event::ImportBegun => self.staged.clear(),
            Event::ImportItem(item) => self.staged.push(item.clone()),
            Event::ImportApplied { .. } => self.apply_import(record),
            Event::WindowScheduled { window, opens_at, closes_at } => {
                let rules = &mut self.windows[window.index()].rules;
                rules.opens_at = *opens_at;
                rules.closes_at = *closes_at;
            }
            Event::WindowOpened(window) => {
                let w = &mut self.windows[window.index()];
                w.state = WindowState::Open;
                w.opened_at = Some(record.at);
                w.drawn = w.tickets.len() as u32;
                self.notice_all(record, *window, WindowNoticeKind::Opened);
            }
            Event::WindowClosing(window) => {
                self.notice_all(record, *window, WindowNoticeKind::Closing);
            }
            Event::WindowClosed(window) => self.close_window(record, *window),
            Event::WindowReset { window, seed, opens_at } => {
                self.reset_window(record, *window, seed, *opens_at);
            }
            Event::PaceSet(window, pace) => self.windows[window.index()].rules.pace = *pace,
            Event::PlanSet(student, plan) => {
                self.students[student.index()].plan = Arc::clone(plan);
            }
            Event::TicketTaken { window, ticket, student, request, body, plan } => {
                self.take_ticket(*window, *ticket, *student, *request, *body, plan.as_ref());
            }
            Event::TicketLeft(window, ticket) => {
                self.tickets_left += 1;
                self.end_ticket(*window, *ticket, TicketState::Left);
            }
            Event::Decided { student, request, body, via, outcomes } => {
                self.apply_decided(record, *student, *request, *body, *via, outcomes);
            }
            Event::Promoted { student, course, sections, replaces } => {
                self.apply_promoted(record, *student, *course, sections, *replaces);
            }
            Event::PassedOver { student, course, blocker } => {
                let list = &mut self.courses[course.index()].waitlist;
                if let Some(entry) = list.iter_mut().find(|e| e.student == *student) {
                    entry.told.push(blocker.clone());
                }
                let blocker = blocker.clone();
                self.notice(record, *student, Notice::PassedOver { course: *course, blocker });
            }
            Event::CapacitySet(section, capacity) => {
                self.tell_capacities(record, &[(*section, *capacity)]);
            }
            Event::StatusSet(section, status) => {
                let (section, status) = (*section, *status);
                for student in self.section_touches(section, true) {
                    self.students[student.index()].sequence += 1;
                    let reason = acts::reason(record);
                    let notice = Notice::SectionStatus { section, status, reason };
                    self.notice(record, student, notice);
                }
            }
            Event::MessagesRead(student, up_to) => {
                self.students[student.index()].mark_read(*up_to);
            }
            Event::PreferencesSet(student, preferences) => {
                self.students[student.index()].account.preferences = *preferences;
            }
            Event::CalendarSet(student, hash) => self.set_calendar(*student, *hash, record.at),
            Event::SignedIn { student, device, agent, expires } => {
                let (id, agent) = (*device, agent.clone());
                let device = Device { id, agent, since: record.at, expires: *expires };
                self.students[student.index()].account.sign_in(device);
            }
            Event::SignedOut(student, device) => {
                self.students[student.index()].account.sign_out(*device, record.at);
            }
            Event::WindowPaused(_)
            | Event::WindowResumed(_)
            | Event::Placed { .. }
            | Event::Removed { .. }
            | Event::BlockSet { .. }
            | Event::Announced(_)
            | Event::StudentErased(_) => self.apply_act(record),
        }
    }

    fn set_calendar(&mut self, student: StudentId, hash: Option<[u8; 32]>, since: Timestamp) {
        let account = &mut self.students[student.index()].account;
        let calendar = hash.map(|hash| Box::new(Calendar { hash, since }));
        if let Some(old) = std::mem::replace(&mut account.calendar, calendar) {
            self.forget_calendar(student, &old.hash);
        }
        if !self.student(student).profile.is_withheld() {
            self.calendars.extend(hash.map(|hash| (hash, student)));
        }
    }

    fn forget_calendar(&mut self, student: StudentId, hash: &[u8; 32]) {
        if self.calendars.get(hash) == Some(&student) {
            self.calendars.remove(hash);
        }
    }

    fn apply_import(&mut self, record: &Record) {
        let changed: Vec<_> = self.staged_capacities().collect();
        let staged = std::mem::take(&mut self.staged);
        // Others share the catalogue: it is copied only when it changes.
        let other = |i: &Item| matches!(i, Item::Student(..) | Item::Window(..) | Item::Result(..));
        if !staged.iter().all(other) {
            let catalogue = Arc::make_mut(&mut self.catalogue);
            for item in &staged {
                catalogue.apply(item);
            }
        }
        let meets =
            |item: &Item| matches!(item, Item::Term(_) | Item::Course(..) | Item::Section(..));
        if staged.iter().any(meets) {
            self.catalogue_changes = (self.catalogue_changes.0 + 1, record.at);
        }
        let mut results = Vec::new();
        self.courses.resize_with(self.catalogue.courses.len(), CourseBook::default);
        for item in staged {
            match item {
                Item::Student(id, profile) => {
                    let profile = Arc::new(*profile);
                    if let Some(student) = self.students.get_mut(id.index()) {
                        student.profile = profile;
                    } else {
                        if !profile.is_withheld() {
                            self.student_keys.insert(profile.key.clone(), id);
                        }
                        self.students.push(Student::new(profile));
                    }
                }
                Item::Window(id, rules) => {
                    if let Some(window) = self.windows.get_mut(id.index()) {
                        window.rules = *rules;
                    } else {
                        self.windows.push(Window::new(*rules));
                    }
                }
                Item::Result(id, result) => results.push((id, Arc::new(*result))),
                _ => {}
            }
        }
        self.tell_capacities(record, &changed);
        for (student, result) in results {
            let account = &mut self.students[student.index()].account;
            let corrected = !result.is_withheld() && account.put_result(Arc::clone(&result));
            self.step(record, student);
            self.notice(record, student, Notice::Result { result, corrected });
        }
    }

    /// One record is one step of each student's stream, however much it tells her.
    fn step(&mut self, record: &Record, student: StudentId) {
        let student = &mut self.students[student.index()];
        if student.inbox.last().is_none_or(|last| last.sequence != record.sequence) {
            student.sequence += 1;
        }
    }

    /// Tells who waits for these sections.
    fn tell_capacities(&mut self, record: &Record, changed: &[(SectionId, Option<u32>)]) {
        for (section, capacity) in changed.iter().copied() {
            for student in self.section_touches(section, false) {
                self.step(record, student);
                self.notice(record, student, Notice::CapacityChanged { section, capacity });
            }
        }
    }

    fn take_ticket(
        &mut self,
        window: WindowId,
        ticket: Ticket,
        student: StudentId,
        request: RequestId,
        body: u64,
        plan: Option<&Arc<Plan>>,
    ) {
        self.tickets_taken += 1;
        let w = &mut self.windows[window.index()];
        debug_assert_eq!(ticket.index(), w.tickets.len());
        let plan = plan.cloned();
        w.tickets.push(TicketInfo { student, request, plan, state: TicketState::Waiting });
        w.waiting += 1;
        self.students[student.index()].tickets.push((window, ticket));
        let memo = Memo { body, ticket: Some((window, ticket)), decided: None };
        self.students[student.index()].requests.insert(request, memo);
    }

    fn end_ticket(&mut self, window: WindowId, ticket: Ticket, state: TicketState) {
        let w = &mut self.windows[window.index()];
        let info = &mut w.tickets[ticket.index()];
        if info.state == TicketState::Waiting {
            w.waiting -= 1;
        }
        info.state = state;
        info.plan = None;
        let student = &mut self.students[info.student.index()];
        student.tickets.retain(|t| *t != (window, ticket));
    }

    fn apply_decided(
        &mut self,
        record: &Record,
        student: StudentId,
        request: RequestId,
        body: u64,
        via: Via,
        outcomes: &[(CourseId, Outcome)],
    ) {
        let window = match via {
            Via::Ticket(window, ticket) => {
                self.end_ticket(window, ticket, TicketState::Decided);
                Some(window)
            }
            Via::Submit(window) | Via::Swap { window, .. } => Some(window),
            Via::Drop | Via::Leave => None,
        };
        for (course, outcome) in outcomes {
            match outcome {
                Outcome::Enrolled { sections, .. } => {
                    if let Via::Swap { from, .. } = via {
                        self.swaps += 1;
                        self.give_up(student, from, *course);
                    }
                    let window = window.unwrap_or_default();
                    self.add_enrolment(record, student, *course, sections, window);
                }
                Outcome::Waitlisted { request: wanted, keeps, .. } => {
                    self.courses[course.index()].waitlist.push(WaitlistEntry {
                        student,
                        request: Arc::clone(wanted),
                        request_id: request,
                        window: window.unwrap_or_default(),
                        since: record.sequence,
                        replaces: *keeps,
                        told: Vec::new(),
                    });
                    self.students[student.index()].waiting.push(*course);
                }
                Outcome::Dropped => self.remove_enrolment(student, *course),
                Outcome::LeftWaitlist => self.remove_waiting(student, *course),
                Outcome::Refused(_) => {}
            }
            let (course, outcome, instead_of) = (*course, outcome.clone(), via.instead_of());
            self.notice(record, student, Notice::Outcome { request, course, outcome, instead_of });
        }
        let ticket = match via {
            Via::Ticket(window, ticket) => Some((window, ticket)),
            _ => None,
        };
        let decided = Some((record.sequence, outcomes.into()));
        let memo = Memo { body, ticket, decided };
        self.students[student.index()].requests.insert(request, memo);
    }

    fn apply_promoted(
        &mut self,
        record: &Record,
        student: StudentId,
        course: CourseId,
        sections: &[SectionId],
        replaces: Option<CourseId>,
    ) {
        let book = self.book(course);
        let entry = book.waitlist.iter().find(|e| e.student == student);
        let window = entry.map(|e| e.window).unwrap_or_default();
        self.remove_waiting(student, course);
        if let Some(old) = replaces {
            self.swaps += 1;
            self.give_up(student, old, course);
        }
        self.add_enrolment(record, student, course, sections, window);
        let sections = sections.to_vec();
        self.notice(record, student, Notice::Promoted { course, sections, replaces });
    }

    fn add_enrolment(
        &mut self,
        record: &Record,
        student: StudentId,
        course: CourseId,
        sections: &[SectionId],
        window: WindowId,
    ) {
        let sections = sections.to_vec();
        self.students[student.index()].enrolments.push(Enrolment {
            course,
            sections,
            window,
            since: record.sequence,
        });
    }

    /// Gives a place for another. Inside one course she keeps a place in it, and what hangs on
    /// that: a swap that waits elsewhere still gives it up.
    fn give_up(&mut self, student: StudentId, old: CourseId, new: CourseId) {
        if old == new {
            self.students[student.index()].enrolments.retain(|e| e.course != old);
        } else {
            self.remove_enrolment(student, old);
        }
    }

    /// A dropped course also ends a swap that would have replaced it: the entry waits on, but
    /// gives nothing up.
    fn remove_enrolment(&mut self, student: StudentId, course: CourseId) {
        let s = &mut self.students[student.index()];
        s.enrolments.retain(|e| e.course != course);
        for waited in &s.waiting {
            let list = &mut self.courses[waited.index()].waitlist;
            for entry in list.iter_mut().filter(|e| e.student == student) {
                if entry.replaces == Some(course) {
                    entry.replaces = None;
                }
            }
        }
    }

    fn remove_waiting(&mut self, student: StudentId, course: CourseId) {
        let list = &mut self.courses[course.index()].waitlist;
        if let Some(at) = list.iter().position(|e| e.student == student) {
            list.remove(at);
        }
        self.students[student.index()].waiting.retain(|c| *c != course);
    }

    fn close_window(&mut self, record: &Record, window: WindowId) {
        self.windows[window.index()].state = WindowState::Closed;
        self.windows[window.index()].paused = false;
        for i in 0..self.windows[window.index()].tickets.len() {
            let info = &self.windows[window.index()].tickets[i];
            if info.state == TicketState::Waiting {
                let student = info.student;
                self.end_ticket(window, Ticket(i as u32), TicketState::Left);
                self.students[student.index()].sequence += 1;
                self.notice(record, student, Notice::TicketEnded { window });
            }
        }
        self.notice_all(record, window, WindowNoticeKind::Closed);
    }

    fn reset_window(
        &mut self,
        record: &Record,
        window: WindowId,
        seed: &[u8; 32],
        opens_at: Option<Timestamp>,
    ) {
        for i in 0..self.windows[window.index()].tickets.len() {
            if self.windows[window.index()].tickets[i].state == TicketState::Waiting {
                self.end_ticket(window, Ticket(i as u32), TicketState::Left);
            }
        }
        // Ticket numbers start again: an undecided request must not find another's ticket.
        for memo in self.students.iter_mut().flat_map(|s| s.requests.values_mut()) {
            if memo.decided.is_none() && memo.ticket.is_some_and(|(w, _)| w == window) {
                memo.ticket = None;
            }
        }
        let w = &mut self.windows[window.index()];
        w.state = WindowState::Planned;
        w.paused = false;
        w.run += 1;
        w.opened_at = None;
        w.drawn = 0;
        w.tickets.clear();
        w.rules.seed = *seed;
        w.rules.opens_at = opens_at;
        for book in &mut self.courses {
            book.waitlist.retain(|e| e.window != window);
        }
        for (i, student) in self.students.iter_mut().enumerate() {
            student.enrolments.retain(|e| e.window != window);
            let id = StudentId(i as u32);
            let books = &self.courses;
            student.waiting.retain(|c| books[c.index()].rank(id).is_some());
        }
        for book in &mut self.courses {
            for entry in &mut book.waitlist {
                let has = |c| self.students[entry.student.index()].enrolment(c).is_some();
                entry.replaces = entry.replaces.filter(|c| has(*c));
            }
        }
        self.notice_all(record, window, WindowNoticeKind::Reset);
    }

    fn notice(&mut self, record: &Record, student: StudentId, notice: Notice) {
        let student = &mut self.students[student.index()];
        student.inbox.push(InboxItem {
            sequence: record.sequence,
            student_sequence: student.sequence,
            at: record.at,
            notice,
        });
    }

    fn notice_all(&mut self, record: &Record, window: WindowId, kind: WindowNoticeKind) {
        let (sequence, at) = (record.sequence, record.at);
        self.window_notices.push(WindowNotice { sequence, at, window, kind });
    }

    /// Unread messages: hers, and the windows'.
    pub fn unread(&self, student: StudentId) -> u32 {
        let student = self.student(student);
        let own = student.inbox.len() - student.read_items;
        let notices = &self.window_notices;
        let read = notices.partition_point(|n| n.sequence <= student.read_up_to);
        let all = notices.len() - read;
        (own + all) as u32
    }
}
