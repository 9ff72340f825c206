//! `decide(&self, command, quotes) -> events`: what a command leads to, given what the sections
//! concerned can give right now. Nothing here changes anything.

use std::sync::Arc;

use super::command::Command;
use super::course::{Quotes, Search, WaitlistEntry, personal_blockers};
use super::event::{Event, Via};
use super::ids::{CourseId, RequestId, SectionId, Sequence, StudentId, Ticket, WindowId};
use super::outcome::{Outcome, Reason, Rejection};
use super::plan::{CourseRequest, Plan};
use super::registry::{Registry, WindowNoticeKind};
use super::section::Quote;
use super::student::{Holdings, Memo, Student};
use super::window::{TicketState, Window, WindowState};
use crate::limits;

mod acts;
mod told;

/// What a command leads to.
#[derive(Clone, PartialEq, Debug)]
pub enum Verdict {
    /// These, in this order.
    Events(Vec<Event>),
    /// The same request was decided before; these are its outcomes.
    Repeat(Sequence, Arc<[(CourseId, Outcome)]>),
    /// She has this place in the line already.
    InLine(WindowId, Ticket),
    /// Nothing to do.
    Nothing,
}

impl Verdict {
    #[expect(clippy::unnecessary_wraps, reason = "what decide returns, said once")]
    fn one(event: Event) -> Result<Self, Rejection> {
        Ok(Self::Events(vec![event]))
    }
}

/// What is open to a student in one course, for the blockers of a plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CourseBlockers {
    /// Which course.
    pub course: CourseId,
    /// Everything that stands in the way right now, in order of precedence.
    pub blockers: Vec<Reason>,
    /// Under the policy `warn`: the course that it would clash with.
    pub clash: Option<CourseId>,
}

impl Registry {
    /// The sections whose quotes [`Self::decide`] needs for this command.
    pub fn concerned(&self, command: &Command) -> Vec<SectionId> {
        // Asked before the command is checked: what is not there is left out.
        let known = |s: &SectionId| s.index() < self.catalogue.sections.len();
        let of_plan = |plan: &Plan| -> Vec<SectionId> {
            let sections = plan.courses.iter().flat_map(|r| r.sections(&self.catalogue));
            sections.filter(known).collect()
        };
        match command {
            Command::SetPlan(_, plan) => of_plan(plan),
            Command::Submit { student, plan, queue: false, .. } => {
                let hers = || self.students.get(student.index()).map(|s| &s.plan);
                plan.as_ref().or_else(hers).map_or_else(Vec::new, |plan| of_plan(plan))
            }
            Command::Admit(window, ticket) => {
                let Some(info) = self.window(*window).and_then(|w| w.ticket(*ticket)) else {
                    return Vec::new();
                };
                of_plan(info.plan.as_ref().unwrap_or(&self.student(info.student).plan))
            }
            Command::Swap { to, .. } => to.sections(&self.catalogue).filter(known).collect(),
            Command::Place(place) => place.sections.iter().copied().filter(known).collect(),
            // What is there now is told as "before", and may be so already.
            Command::SetCapacity(section, _) | Command::SetStatus(section, _) => {
                std::iter::once(*section).filter(known).collect()
            }
            Command::Acted(_, command) => self.concerned(command),
            _ => Vec::new(),
        }
    }

    /// Decides a command.
    pub fn decide(&self, command: &Command, quotes: &Quotes) -> Result<Verdict, Rejection> {
        self.check_ids(command)?;
        if let Some((student, request, body)) = command.request() {
            if let Some(memo) = self.memo(student, request) {
                return self.repeat(memo, body);
            }
            let most = self.requests_max.unwrap_or(limits::REQUESTS_PER_STUDENT_MAX);
            if self.student(student).requests.len() >= most as usize {
                return Err(Rejection::TooManyRequests);
            }
        }
        match command {
            Command::SetPlan(student, plan) => {
                plan.check(&self.catalogue)?;
                if self.student(*student).plan == *plan {
                    return Ok(Verdict::Nothing);
                }
                Verdict::one(Event::PlanSet(*student, Arc::clone(plan)))
            }
            Command::Arm { student, window, .. } => self.decide_arm(command, *student, *window),
            Command::Disarm(student, window) => match self.student(*student).ticket(*window) {
                Some(ticket) => Verdict::one(Event::TicketLeft(*window, ticket)),
                None => Err(Rejection::NotInLine),
            },
            Command::Submit { student, window, plan, queue, .. } => {
                self.decide_submit(command, *student, *window, plan.as_ref(), *queue, quotes)
            }
            Command::Admit(window, ticket) => self.decide_admit(*window, *ticket, quotes),
            Command::Drop { student, course, .. } => {
                let outcome = match self.student(*student).enrolment(*course) {
                    Some(_) => Outcome::Dropped,
                    None => Outcome::Refused(Reason::NotEnrolled),
                };
                Self::decided(command, Via::Drop, vec![(*course, outcome)])
            }
            Command::Leave { student, course, .. } => {
                let outcome = if self.student(*student).waiting.contains(course) {
                    Outcome::LeftWaitlist
                } else {
                    Outcome::Refused(Reason::NotWaitlisted)
                };
                Self::decided(command, Via::Leave, vec![(*course, outcome)])
            }
            Command::Swap { student, from, to, .. } => {
                self.decide_swap(command, *student, *from, to, quotes)
            }
            Command::MarkRead(student, up_to) => {
                let up_to = (*up_to).min(self.sequence);
                if up_to <= self.student(*student).read_up_to {
                    return Ok(Verdict::Nothing);
                }
                Verdict::one(Event::MessagesRead(*student, up_to))
            }
            Command::SetPreferences(..)
            | Command::SetCalendar(..)
            | Command::SignIn { .. }
            | Command::SignOut(..) => Ok(self.decide_account(command)),
            Command::Acted(_, command) => self.decide(command, quotes),
            Command::Pause(_)
            | Command::Resume(_)
            | Command::Place(_)
            | Command::Remove { .. }
            | Command::SetBlock { .. }
            | Command::Announce(_) => self.decide_act(command, quotes),
            _ => self.decide_registrar(command, quotes),
        }
    }

    fn check_ids(&self, command: &Command) -> Result<(), Rejection> {
        use Command as C;
        let (student, window, course, section) = match command {
            C::SetPlan(s, _)
            | C::MarkRead(s, _)
            | C::SetPreferences(s, _)
            | C::SetCalendar(s, _)
            | C::SignIn { student: s, .. }
            | C::SignOut(s, _) => (Some(s), None, None, None),
            C::Arm { student, window, .. } | C::Submit { student, window, .. } => {
                (Some(student), Some(window), None, None)
            }
            C::Disarm(student, window) => (Some(student), Some(window), None, None),
            C::Drop { student, course, .. } | C::Leave { student, course, .. } => {
                (Some(student), None, Some(course), None)
            }
            C::Swap { student, from, .. } => (Some(student), None, Some(from), None),
            C::Open(w)
            | C::Close(w)
            | C::Closing(w)
            | C::SetPace(w, _)
            | C::Admit(w, _)
            | C::Pause(w)
            | C::Resume(w) => (None, Some(w), None, None),
            C::Schedule { window, .. } | C::Reset { window, .. } => {
                (None, Some(window), None, None)
            }
            C::SetCapacity(section, _) | C::SetStatus(section, _) => {
                (None, None, None, Some(section))
            }
            C::Place(place) => (Some(&place.student), None, Some(&place.course), None),
            C::Remove { student, course } => (Some(student), None, Some(course), None),
            C::SetBlock { student, .. } => (Some(student), None, None, None),
            C::Acted(_, command) => return self.check_ids(command),
            C::Import(_) | C::Announce(_) => (None, None, None, None),
        };
        if student.is_some_and(|s| s.index() >= self.students.len()) {
            return Err(Rejection::UnknownStudent);
        }
        if window.is_some_and(|w| w.index() >= self.windows.len()) {
            return Err(Rejection::UnknownWindow);
        }
        if course.is_some_and(|c| c.index() >= self.courses.len()) {
            return Err(Rejection::UnknownCourse);
        }
        let unknown = |r: &CourseRequest| r.course.index() >= self.courses.len();
        let requests_unknown = match command {
            C::SetPlan(_, plan) | C::Submit { plan: Some(plan), .. } => {
                plan.courses.iter().any(|r| unknown(r))
            }
            C::Swap { to, .. } => unknown(to),
            _ => false,
        };
        if requests_unknown {
            return Err(Rejection::UnknownCourse);
        }
        let known = |s: &SectionId| s.index() < self.catalogue.sections.len();
        let placed = matches!(command, C::Place(place) if !place.sections.iter().all(known));
        if placed || section.is_some_and(|s| !known(s)) {
            return Err(Rejection::UnknownSection);
        }
        Ok(())
    }

    /// What she changes of her account: nothing that is so already makes a record.
    fn decide_account(&self, command: &Command) -> Verdict {
        let account = |student: &StudentId| &self.student(*student).account;
        let event = match command {
            Command::SetPreferences(student, preferences) => {
                let same = account(student).preferences == *preferences;
                (!same).then_some(Event::PreferencesSet(*student, *preferences))
            }
            Command::SetCalendar(student, hash) => {
                // An address belongs to one calendar; 256 random bits never come twice.
                let same = account(student).calendar.as_ref().map(|c| c.hash) == *hash;
                let taken = hash.is_some_and(|hash| self.calendar_of(&hash).is_some());
                (!same && !taken).then_some(Event::CalendarSet(*student, *hash))
            }
            Command::SignIn { student, device, agent, expires } => {
                let (student, device, expires) = (*student, *device, *expires);
                Some(Event::SignedIn { student, device, agent: agent.clone(), expires })
            }
            Command::SignOut(student, device) => {
                let known = |id| account(student).devices.iter().any(|d| d.id == id);
                let same = device.is_some_and(|id| !known(id));
                (!same).then_some(Event::SignedOut(*student, *device))
            }
            _ => None,
        };
        event.map_or(Verdict::Nothing, |event| Verdict::Events(vec![event]))
    }

    fn repeat(&self, memo: &Memo, body: u64) -> Result<Verdict, Rejection> {
        if memo.body != body {
            return Err(Rejection::Conflict);
        }
        let waits = |(window, ticket): &(WindowId, Ticket)| {
            let info = self.window(*window).and_then(|w| w.ticket(*ticket));
            info.is_some_and(|t| t.state == TicketState::Waiting)
        };
        match (&memo.decided, memo.ticket.filter(waits)) {
            (Some((sequence, outcomes)), _) => Ok(Verdict::Repeat(*sequence, Arc::clone(outcomes))),
            (None, Some((window, ticket))) => Ok(Verdict::InLine(window, ticket)),
            (None, None) => Err(Rejection::NotInLine),
        }
    }

    fn decided(
        command: &Command,
        via: Via,
        outcomes: Vec<(CourseId, Outcome)>,
    ) -> Result<Verdict, Rejection> {
        let (student, request, body) = command.request().unwrap_or_default();
        Verdict::one(Event::Decided { student, request, body, via, outcomes })
    }

    fn in_scope(&self, window: &Window, plan: &Plan) -> Result<(), Rejection> {
        let covered = plan.courses.iter().any(|r| window.covers(&self.catalogue, r.course));
        if covered { Ok(()) } else { Err(Rejection::PlanEmpty) }
    }

    fn decide_arm(
        &self,
        command: &Command,
        student: StudentId,
        id: WindowId,
    ) -> Result<Verdict, Rejection> {
        let window = &self.windows[id.index()];
        if let Some(ticket) = self.student(student).ticket(id) {
            return Ok(Verdict::InLine(id, ticket));
        }
        if window.state == WindowState::Closed {
            return Err(Rejection::WindowClosed);
        }
        self.in_scope(window, &self.student(student).plan)?;
        Ok(self.take_ticket_events(command, id, None))
    }

    fn take_ticket_events(
        &self,
        command: &Command,
        window: WindowId,
        plan: Option<Arc<Plan>>,
    ) -> Verdict {
        let ticket = Ticket(self.windows[window.index()].tickets.len() as u32);
        let (student, request, body) = command.request().unwrap_or_default();
        let event = Event::TicketTaken { window, ticket, student, request, body, plan };
        Verdict::Events(vec![event])
    }

    fn decide_submit(
        &self,
        command: &Command,
        student: StudentId,
        id: WindowId,
        plan: Option<&Arc<Plan>>,
        queue: bool,
        quotes: &Quotes,
    ) -> Result<Verdict, Rejection> {
        let window = &self.windows[id.index()];
        match window.state {
            WindowState::Planned => return Err(Rejection::WindowNotOpen),
            WindowState::Closed => return Err(Rejection::WindowClosed),
            WindowState::Open => {}
        }
        if self.student(student).ticket(id).is_some() {
            return Err(Rejection::AlreadyInLine);
        }
        if let Some(plan) = plan {
            plan.check(&self.catalogue)?;
        }
        let wanted = plan.unwrap_or(&self.student(student).plan);
        if plan.is_none() {
            self.in_scope(window, wanted)?;
        } else if wanted.courses.is_empty() {
            return Err(Rejection::PlanEmpty);
        }
        if queue || window.paused {
            return Ok(self.take_ticket_events(command, id, plan.cloned()));
        }
        let outcomes = self.decide_plan(student, id, wanted, plan.is_some(), quotes);
        Self::decided(command, Via::Submit(id), outcomes)
    }

    fn decide_admit(
        &self,
        id: WindowId,
        ticket: Ticket,
        quotes: &Quotes,
    ) -> Result<Verdict, Rejection> {
        let window = &self.windows[id.index()];
        if window.state != WindowState::Open || window.paused {
            return Ok(Verdict::Nothing);
        }
        let Some(info) = window.ticket(ticket).filter(|t| t.state == TicketState::Waiting) else {
            return Ok(Verdict::Nothing);
        };
        let student = info.student;
        let explicit = info.plan.is_some();
        let plan = info.plan.as_ref().unwrap_or(&self.student(student).plan);
        let outcomes = self.decide_plan(student, id, plan, explicit, quotes);
        let body = self.memo(student, info.request).map_or(0, |memo| memo.body);
        let via = Via::Ticket(id, ticket);
        let request = info.request;
        Verdict::one(Event::Decided { student, request, body, via, outcomes })
    }

    /// Decides a whole plan, course after course in her order. The courses share no section, so
    /// one round of quotes serves them all. What the window does not cover is skipped, unless
    /// the request named it.
    fn decide_plan(
        &self,
        student: StudentId,
        id: WindowId,
        plan: &Plan,
        explicit: bool,
        quotes: &Quotes,
    ) -> Vec<(CourseId, Outcome)> {
        let window = &self.windows[id.index()];
        let mut holdings = Holdings::new(&self.catalogue, self.student(student), None);
        let mut outcomes = Vec::with_capacity(plan.courses.len());
        for request in &plan.courses {
            if !window.covers(&self.catalogue, request.course) {
                if explicit {
                    let has = already(self.student(student), request.course);
                    let refused = Outcome::Refused(has.unwrap_or(Reason::OutsideWindow));
                    outcomes.push((request.course, refused));
                }
                continue;
            }
            let outcome = self.decide_course(student, window, request, &holdings, None, quotes);
            if let Outcome::Enrolled { sections, .. } = &outcome {
                holdings.grant(request.course, sections.clone());
            }
            outcomes.push((request.course, outcome));
        }
        outcomes
    }

    pub(super) fn decide_course(
        &self,
        id: StudentId,
        window: &Window,
        request: &Arc<CourseRequest>,
        holdings: &Holdings<'_>,
        swap_from: Option<CourseId>,
        quotes: &Quotes,
    ) -> Outcome {
        let student = self.student(id);
        let course = request.course;
        let own = match student.enrolment(course) {
            Some(enrolment) if swap_from == Some(course) => enrolment.sections.as_slice(),
            Some(_) => return Outcome::Refused(Reason::AlreadyEnrolled),
            None => &[],
        };
        if student.waiting.contains(&course) {
            return Outcome::Refused(Reason::AlreadyWaitlisted);
        }
        let blockers = personal_blockers(&self.catalogue, student, holdings, window, course);
        if let Some(blocker) = blockers.into_iter().next() {
            return Outcome::Refused(blocker);
        }
        let search = self.search(window, request, holdings, own, quotes);
        if let Some(sections) = search.granted() {
            let clash = search.clashes(&sections);
            return Outcome::Enrolled { sections, clash };
        }
        match search.reason() {
            Reason::Full if request.waitlist && window.rules.waitlists => {
                let length = self.book(course).waitlist.len();
                if length >= limits::WAITLIST_ENTRIES_MAX {
                    return Outcome::Refused(Reason::WaitlistFull);
                }
                let rank = length as u32 + 1;
                Outcome::Waitlisted { rank, request: Arc::clone(request), keeps: swap_from }
            }
            reason => Outcome::Refused(reason),
        }
    }

    pub(super) fn search<'a>(
        &'a self,
        window: &Window,
        request: &'a CourseRequest,
        holdings: &'a Holdings<'a>,
        own: &'a [SectionId],
        quotes: &'a Quotes,
    ) -> Search<'a> {
        let clash = window.rules.clash;
        Search { catalogue: &self.catalogue, quotes, holdings, request, own, clash }
    }

    fn decide_swap(
        &self,
        command: &Command,
        student: StudentId,
        from: CourseId,
        to: &Arc<CourseRequest>,
        quotes: &Quotes,
    ) -> Result<Verdict, Rejection> {
        to.check(&self.catalogue)?;
        let open =
            |w: &Window| w.state == WindowState::Open && w.covers(&self.catalogue, to.course);
        let Some(index) = self.windows.iter().position(open) else {
            return Err(Rejection::WindowNotOpen);
        };
        let window = WindowId(index as u32);
        if self.windows[index].paused {
            return Err(Rejection::WindowPaused);
        }
        if self.windows[index].waiting > 0 {
            return Err(Rejection::LineBusy);
        }
        let via = Via::Swap { window, from };
        let refused = |reason| vec![(to.course, Outcome::Refused(reason))];
        if self.student(student).enrolment(from).is_none() {
            return Self::decided(command, via, refused(Reason::NotEnrolled));
        }
        let holdings = Holdings::new(&self.catalogue, self.student(student), Some(from));
        let rules = &self.windows[index];
        let outcome = self.decide_course(student, rules, to, &holdings, Some(from), quotes);
        Self::decided(command, via, vec![(to.course, outcome)])
    }

    fn decide_registrar(&self, command: &Command, quotes: &Quotes) -> Result<Verdict, Rejection> {
        let state = |w: &WindowId| self.windows[w.index()].state;
        match command {
            Command::Import(draft) => match self.prepare_import(draft) {
                Ok(prepared) => match prepared.into_events() {
                    events if events.is_empty() => Ok(Verdict::Nothing),
                    events => Ok(Verdict::Events(events)),
                },
                Err(faults) => {
                    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
                    Err(Rejection::Import(lines.join("\n")))
                }
            },
            Command::Schedule { window, opens_at, closes_at } => {
                if state(window) == WindowState::Closed {
                    return Err(Rejection::WindowClosed);
                }
                let rules = &self.windows[window.index()].rules;
                if (rules.opens_at, rules.closes_at) == (*opens_at, *closes_at) {
                    return Ok(Verdict::Nothing);
                }
                let (window, opens_at, closes_at) = (*window, *opens_at, *closes_at);
                Verdict::one(Event::WindowScheduled { window, opens_at, closes_at })
            }
            Command::Open(window) => match state(window) {
                WindowState::Planned => Verdict::one(Event::WindowOpened(*window)),
                WindowState::Open => Ok(Verdict::Nothing),
                WindowState::Closed => Err(Rejection::WindowClosed),
            },
            Command::Closing(window) => match state(window) {
                WindowState::Open if self.closing_told(*window) => Ok(Verdict::Nothing),
                WindowState::Open => Verdict::one(Event::WindowClosing(*window)),
                _ => Err(Rejection::WindowState),
            },
            Command::Close(window) => match state(window) {
                WindowState::Open => Verdict::one(Event::WindowClosed(*window)),
                WindowState::Closed => Ok(Verdict::Nothing),
                WindowState::Planned => Err(Rejection::WindowState),
            },
            Command::Reset { window, seed, opens_at } => {
                if !self.windows[window.index()].rules.rehearsal {
                    return Err(Rejection::NotARehearsal);
                }
                let (window, seed, opens_at) = (*window, *seed, *opens_at);
                Verdict::one(Event::WindowReset { window, seed, opens_at })
            }
            Command::SetPace(window, pace) => {
                if self.windows[window.index()].rules.pace == *pace {
                    return Ok(Verdict::Nothing);
                }
                Verdict::one(Event::PaceSet(*window, *pace))
            }
            Command::SetCapacity(section, capacity) => {
                if quotes.get(*section).is_some_and(|quote| quote.capacity == *capacity) {
                    return Ok(Verdict::Nothing);
                }
                Verdict::one(Event::CapacitySet(*section, *capacity))
            }
            Command::SetStatus(section, status) => {
                if quotes.get(*section).is_some_and(|quote| quote.status == *status) {
                    return Ok(Verdict::Nothing);
                }
                Verdict::one(Event::StatusSet(*section, *status))
            }
            _ => Ok(Verdict::Nothing),
        }
    }

    /// Whether it was told that the window closes soon, since it opened.
    fn closing_told(&self, window: WindowId) -> bool {
        let mut notices = self.window_notices.iter().rev().filter(|n| n.window == window);
        notices.next().is_some_and(|n| n.kind == WindowNoticeKind::Closing)
    }

    /// Everything that stands in the way of each course of a plan right now, as if the courses
    /// before it had been granted.
    pub fn blockers(
        &self,
        student: StudentId,
        plan: &Plan,
        quotes: &Quotes,
    ) -> Vec<CourseBlockers> {
        let who = self.student(student);
        let mut holdings = Holdings::new(&self.catalogue, who, None);
        let mut all = Vec::with_capacity(plan.courses.len());
        for request in &plan.courses {
            let course = request.course;
            if let Some(has) = already(who, course) {
                all.push(CourseBlockers { course, blockers: vec![has], clash: None });
                continue;
            }
            let covers = |w: &&Window| w.covers(&self.catalogue, course);
            let open = |w: &&Window| w.state != WindowState::Closed && covers(w);
            let Some(window) = self.windows.iter().find(open).or(self.windows.iter().find(covers))
            else {
                let blockers = vec![Reason::OutsideWindow];
                all.push(CourseBlockers { course, blockers, clash: None });
                continue;
            };
            let mut blockers = personal_blockers(&self.catalogue, who, &holdings, window, course);
            let search = self.search(window, request, &holdings, &[], quotes);
            let mut clash = None;
            match search.granted() {
                Some(sections) => {
                    clash = search.clash_of(&sections);
                    holdings.grant(course, sections);
                }
                None => blockers.extend(search.obstacles()),
            }
            all.push(CourseBlockers { course, blockers, clash });
        }
        all
    }

    /// Sections whose quotes [`Self::promote`] needs.
    pub fn promotion_concerned(&self, course: CourseId) -> Vec<SectionId> {
        if self.book(course).waitlist.is_empty() {
            return Vec::new();
        }
        let components = &self.catalogue.course(course).components;
        components.iter().flat_map(|c| c.sections.iter().copied()).collect()
    }

    /// The next step of a promotion: the first waiting entry for which a whole combination fits
    /// and the student's checks pass gets the seats; one that is passed over is told why, once.
    /// `None`: no more can be done.
    pub fn promote(&self, course: CourseId, quotes: &Quotes) -> Option<Event> {
        self.promote_from(course, 0, quotes).map(|(_, event)| event)
    }

    /// [`Self::promote`] from this place of the list on, with the place it came to: a long list
    /// of entries that are all passed over is walked once, not once for each of them.
    pub fn promote_from(
        &self,
        course: CourseId,
        start: usize,
        quotes: &Quotes,
    ) -> Option<(usize, Event)> {
        let book = self.book(course);
        let swaps_inside = || book.waitlist.iter().any(|e| e.replaces == Some(course));
        let mut components = self.catalogue.course(course).components.iter();
        let free = |s: &SectionId| quotes.get(*s).is_some_and(Quote::free);
        if !components.all(|c| c.sections.iter().any(free)) && !swaps_inside() {
            return None;
        }
        let entries = book.waitlist.iter().enumerate().skip(start);
        let mut steps = entries
            .filter_map(|(at, entry)| Some((at, self.promote_entry(course, entry, quotes)?)));
        steps.next()
    }

    pub(super) fn promote_entry(
        &self,
        course: CourseId,
        entry: &WaitlistEntry,
        quotes: &Quotes,
    ) -> Option<Event> {
        let who = self.student(entry.student);
        let own = match who.enrolment(course) {
            Some(enrolment) if entry.replaces == Some(course) => enrolment.sections.as_slice(),
            _ => &[],
        };
        // Most of a long list waits for sections that are full: no search for those.
        let enterable = |s: &SectionId| own.contains(s) || quotes.get(*s).is_some_and(Quote::free);
        let mut components = 0..entry.request.choices.len();
        if !components.all(|c| entry.request.accepted(&self.catalogue, c).iter().any(enterable)) {
            return None;
        }
        let window = &self.windows[entry.window.index()];
        let holdings = Holdings::new(&self.catalogue, who, entry.replaces);
        let search = self.search(window, &entry.request, &holdings, own, quotes);
        if !search.seats_allow() {
            return None;
        }
        let student = entry.student;
        let personal = personal_blockers(&self.catalogue, who, &holdings, window, course);
        let blocker = match (personal.into_iter().next(), search.granted()) {
            (None, Some(sections)) => {
                let replaces = entry.replaces;
                return Some(Event::Promoted { student, course, sections, replaces });
            }
            (Some(blocker), _) => blocker,
            (None, None) => search.reason(),
        };
        // A clash that only some combinations have reads as "full": then she simply waits on.
        // Credits too many are one blocker, however many.
        let same = |told: &Reason| {
            let limits = (told, &blocker);
            matches!(limits, (Reason::CreditLimit(_), Reason::CreditLimit(_))) || *told == blocker
        };
        let told = blocker == Reason::Full || entry.told.iter().any(same);
        (!told).then_some(Event::PassedOver { student, course, blocker })
    }

    /// The courses whose waitlist must be tried again after this event (I6, I11): seats came
    /// free, or a waiting student may have become eligible. Asked before the event is applied.
    pub fn wakes(&self, event: &Event) -> Vec<CourseId> {
        let waits_of = |student: StudentId| self.student(student).waiting.iter().copied();
        match event {
            Event::Decided { student, via, outcomes, .. } => {
                let mut courses = Vec::new();
                for (course, outcome) in outcomes {
                    match (outcome, via) {
                        (Outcome::Dropped, _) => courses.push(*course),
                        (Outcome::Enrolled { .. }, Via::Swap { from, .. }) => courses.push(*from),
                        _ => continue,
                    }
                    courses.extend(waits_of(*student));
                }
                courses
            }
            Event::Promoted { student, replaces: Some(old), .. } => {
                let mut courses = vec![*old];
                courses.extend(waits_of(*student));
                courses
            }
            // Even a closing one: it may have been cancelled, and who sits in it waits for a
            // swap inside the course.
            Event::CapacitySet(section, _) | Event::StatusSet(section, _) => {
                vec![self.catalogue.section(*section).course]
            }
            Event::ImportApplied { .. } => self.courses_with_waitlist().collect(),
            // Seats come free, or a clash or a block that stood in her way has gone.
            Event::Removed { student, course }
            | Event::Placed { student, course, moved: true, .. } => {
                std::iter::once(*course).chain(waits_of(*student)).collect()
            }
            Event::BlockSet { student, blocked: false, .. } => waits_of(*student).collect(),
            Event::WindowReset { window, .. } => {
                let elsewhere = |e: &WaitlistEntry| e.window != *window;
                let all = self.courses_with_waitlist();
                all.filter(|c| self.book(*c).waitlist.iter().any(elsewhere)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The courses that somebody waits for.
    pub fn courses_with_waitlist(&self) -> impl Iterator<Item = CourseId> {
        let books = self.courses.iter().enumerate();
        books.filter(|(_, b)| !b.waitlist.is_empty()).map(|(i, _)| CourseId(i as u32))
    }

    /// Under which request a student's ticket was taken.
    pub fn ticket_request(&self, window: WindowId, ticket: Ticket) -> Option<RequestId> {
        Some(self.window(window)?.ticket(ticket)?.request)
    }
}

/// What she has of the course already, if anything (I7).
pub(super) fn already(student: &Student, course: CourseId) -> Option<Reason> {
    if student.enrolment(course).is_some() {
        return Some(Reason::AlreadyEnrolled);
    }
    student.waiting.contains(&course).then_some(Reason::AlreadyWaitlisted)
}
