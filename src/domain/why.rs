//! Why did a course come out as it did? The state just before a record, and the record, explained
//! by the functions that decide: every check in order of precedence with what it looked at.

use std::sync::Arc;

use super::catalogue::ComponentKind;
use super::command::Command;
use super::course::{Quotes, Tried, WaitlistEntry, personal_blockers};
use super::decide::already;
use super::event::{Event, Record, Via};
use super::ids::{CourseId, Credits, Key, RequestId, SectionId, StudentId, Ticket, WindowId};
use super::line::Line;
use super::outcome::{Outcome, Reason};
use super::plan::{Choice, CourseRequest, Plan};
use super::registry::Registry;
use super::section::Section;
use super::student::{Holdings, Student};
use super::university::University;
use super::window::{ClashPolicy, Order, Window};
use crate::limits;

/// By which rule it was her turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// A ticket's turn, in the order that was drawn.
    Lottery,
    /// A ticket's turn, in order of arrival.
    Arrival,
    /// The line was empty.
    Direct,
    /// A swap.
    Swap,
    /// A drop.
    Drop,
    /// Leaving a waitlist.
    Leave,
    /// A seat came free, and the waitlist was gone through.
    Waitlist,
}

/// What became of the course.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Came {
    /// The outcome of a request.
    Outcome(Outcome),
    /// From the waitlist into these sections; the course whose place was given for it.
    Promoted(Vec<SectionId>, Option<CourseId>),
    /// A free seat passed her by.
    PassedOver(Reason),
}

/// Facts about whose turn it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Turn {
    /// Whose rules held.
    pub window: Option<WindowId>,
    /// Her ticket.
    pub ticket: Option<Ticket>,
    /// Its place in the whole line from 1, and how many that has.
    pub place: Option<(u32, u32)>,
    /// Tickets decided before.
    pub served: Option<u32>,
    /// The course's place among those decided with it from 1, and how many those are.
    pub in_plan: Option<(u32, u32)>,
    /// Before her on the waitlist, and how long that was.
    pub ahead: Option<(u32, u32)>,
}

/// One check, with what it looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Check {
    /// Whether she has what she gives up or back.
    HasPlace(bool),
    /// What she has of the course already.
    HasAlready(Option<Reason>),
    /// Whether the window covers the course.
    Covered(bool),
    /// Codes of her blocks.
    Blocked(Vec<Key>),
    /// What the course asks for, and what of that she lacks.
    Prerequisites(Vec<Key>, Vec<Key>),
    /// Credits that she had then, those of the course, and the limit.
    Credits(Credits, Credits, Option<Credits>),
    /// Whether a combination that she accepts was open.
    Open(bool),
    /// What every combination clashed with.
    Clash(Option<CourseId>),
    /// Whether a combination had a seat in each section.
    Seats(bool),
    /// Whether she asked for the waitlist, whether the window has them, and how long it was.
    Waitlist(bool, bool, usize),
}

impl Check {
    /// Whether nothing was in the way here.
    pub fn passes(&self) -> bool {
        match self {
            Self::HasPlace(has) => *has,
            Self::HasAlready(has) => has.is_none(),
            Self::Covered(covered) => *covered,
            Self::Blocked(codes) => codes.is_empty(),
            Self::Prerequisites(_, missing) => missing.is_empty(),
            Self::Credits(before, course, limit) => {
                limit.is_none_or(|limit| before.0 + course.0 <= limit.0)
            }
            Self::Open(yes) | Self::Seats(yes) => *yes,
            Self::Clash(with) => with.is_none(),
            Self::Waitlist(asked, offered, length) => {
                *asked && *offered && *length < limits::WAITLIST_ENTRIES_MAX
            }
        }
    }
}

/// A section of the course as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Then {
    /// Its seats.
    pub seats: Section,
    /// What it is.
    pub kind: ComponentKind,
    /// Her rank for it from 1; 0 is any; `None`: she did not accept it.
    pub rank: Option<u32>,
    /// The course of hers that it clashes with.
    pub clash: Option<CourseId>,
    /// She was given it.
    pub granted: bool,
}

/// The whole answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Why {
    /// By which rule it was her turn.
    pub rule: Rule,
    /// And the facts of that.
    pub turn: Turn,
    /// What it came to.
    pub came: Came,
    /// In order of precedence.
    pub checks: Vec<Check>,
    /// Every section of the course.
    pub sections: Vec<Then>,
    /// The combinations that she accepts, in the order tried, each by itself.
    pub combinations: Vec<(Vec<SectionId>, Tried)>,
    /// How many more of those there are.
    pub more: usize,
    /// Whether what she accepts is known: of an outright request only the fingerprint is kept,
    /// unless it was waitlisted.
    pub request_known: bool,
    /// Whether deciding again gives the same; `None` when what she accepts is not known.
    pub agrees: Option<bool>,
}

/// What one course is decided on.
struct Case<'a> {
    registry: &'a Registry,
    sections: &'a [Section],
    student: StudentId,
    window: &'a Window,
    request: Arc<CourseRequest>,
    holdings: Holdings<'a>,
    own: &'a [SectionId],
    quotes: Quotes,
}

/// Why this student's course came out as it did in this record. `None`: it decides nothing about
/// the two.
pub fn explain(
    before: &University,
    record: &Record,
    student: StudentId,
    course: CourseId,
) -> Option<Why> {
    if !concerns(record, student, course) {
        return None;
    }
    match &record.event {
        Event::Decided { request, body, via, outcomes, .. } => {
            let at = outcomes.iter().position(|(c, _)| *c == course)?;
            let asked = Asked { student, request: *request, body: *body, via: *via };
            Some(decided(before, asked, outcomes, at))
        }
        Event::Promoted { sections, replaces, .. } => {
            let came = Came::Promoted(sections.clone(), *replaces);
            waited(before, student, course, came, &record.event)
        }
        Event::PassedOver { blocker, .. } => {
            let came = Came::PassedOver(blocker.clone());
            waited(before, student, course, came, &record.event)
        }
        _ => None,
    }
}

/// Whether the record decides something about this student and course.
pub fn concerns(record: &Record, student: StudentId, course: CourseId) -> bool {
    match &record.event {
        Event::Decided { student: who, outcomes, .. } => {
            *who == student && outcomes.iter().any(|(c, _)| *c == course)
        }
        Event::Promoted { student: who, course: which, .. }
        | Event::PassedOver { student: who, course: which, .. } => {
            (*who, *which) == (student, course)
        }
        _ => false,
    }
}

/// A request, as its record has it.
#[derive(Clone, Copy)]
struct Asked {
    student: StudentId,
    request: RequestId,
    body: u64,
    via: Via,
}

impl Asked {
    /// Whether this command would have had the same fingerprint.
    fn is(self, command: &Command) -> bool {
        command.request().is_some_and(|(_, _, body)| body == self.body)
    }

    /// The plan that was decided, where it is known.
    fn plan(self, registry: &Registry) -> Option<Arc<Plan>> {
        let hers = || Arc::clone(&registry.student(self.student).plan);
        match self.via {
            Via::Ticket(window, ticket) => {
                let info = registry.window(window)?.ticket(ticket)?;
                Some(info.plan.clone().unwrap_or_else(hers))
            }
            Via::Submit(window) => {
                let (student, request, queue) = (self.student, self.request, false);
                let asked = |plan| Command::Submit { student, window, request, plan, queue };
                let same = self.is(&asked(None)) || self.is(&asked(Some(hers())));
                same.then(hers)
            }
            _ => None,
        }
    }

    /// What she accepts of the course, and whether that is known.
    fn wants(
        self,
        registry: &Registry,
        course: CourseId,
        outcome: &Outcome,
    ) -> (Arc<CourseRequest>, bool) {
        if let Outcome::Waitlisted { request, .. } = outcome {
            return (Arc::clone(request), true);
        }
        let plan = self.plan(registry);
        let planned = plan.and_then(|p| p.courses.iter().find(|r| r.course == course).cloned());
        if let Some(request) = planned {
            return (request, true);
        }
        let any = |waitlist| Arc::new(CourseRequest::any(&registry.catalogue, course, waitlist));
        let known = match self.via {
            Via::Swap { from, .. } => [false, true].into_iter().find(|waitlist| {
                let (student, request, to) = (self.student, self.request, any(*waitlist));
                self.is(&Command::Swap { student, request, from, to })
            }),
            _ => None,
        };
        (any(known.unwrap_or_default()), known.is_some())
    }
}

fn decided(before: &University, asked: Asked, outcomes: &[(CourseId, Outcome)], at: usize) -> Why {
    let registry = &before.registry;
    let (course, outcome) = &outcomes[at];
    let who = registry.student(asked.student);
    let came = Came::Outcome(outcome.clone());
    let mut turn =
        Turn { in_plan: Some((at as u32 + 1, outcomes.len() as u32)), ..Turn::default() };
    let (rule, window, from) = match asked.via {
        Via::Drop => return gives_back(before, Rule::Drop, asked.student, *course, came),
        Via::Leave => return gives_back(before, Rule::Leave, asked.student, *course, came),
        Via::Submit(window) => (Rule::Direct, window, None),
        Via::Swap { window, from } => (Rule::Swap, window, Some(from)),
        Via::Ticket(window, ticket) => {
            (queued(&registry.windows[window.index()], ticket, &mut turn), window, None)
        }
    };
    turn.window = Some(window);
    let (request, known) = asked.wants(registry, *course, outcome);
    let mut holdings = Holdings::new(&registry.catalogue, who, from);
    for (course, outcome) in &outcomes[..at] {
        if let Outcome::Enrolled { sections, .. } = outcome {
            holdings.grant(*course, sections.clone());
        }
    }
    let own = match who.enrolment(*course) {
        Some(enrolment) if from == Some(*course) => enrolment.sections.as_slice(),
        _ => &[],
    };
    let decision = Case::new(before, asked.student, window, request, holdings, own);
    let mut checks = Vec::new();
    if let Some(from) = from {
        checks.push(Check::HasPlace(who.enrolment(from).is_some()));
    }
    // In a swap inside the course her place in it is no obstacle.
    let waits = || who.waiting.contains(course).then_some(Reason::AlreadyWaitlisted);
    checks.push(Check::HasAlready(match own.is_empty() {
        true => already(who, *course),
        false => waits(),
    }));
    // What it does not cover is looked at only when she named it: she is told what she has of it
    // before that.
    checks.push(Check::Covered(decision.window.covers(&registry.catalogue, *course)));
    checks.extend(decision.checks());
    let (asks, offers) = (decision.request.waitlist, decision.window.rules.waitlists);
    checks.push(Check::Waitlist(asks, offers, registry.book(*course).waitlist.len()));
    let again = decision.again(from);
    let agrees = known.then(|| again == *outcome);
    decision.finish(rule, turn, came, checks, known, agrees)
}

/// Whose turn it was in the line.
fn queued(window: &Window, ticket: Ticket, turn: &mut Turn) -> Rule {
    let line = Line::new(window);
    let place = line.order().iter().position(|t| *t == ticket);
    turn.ticket = Some(ticket);
    turn.place = place.map(|at| (at as u32 + 1, line.order().len() as u32));
    turn.served = Some(line.served());
    match window.rules.order {
        Order::Lottery if ticket.0 < window.drawn => Rule::Lottery,
        _ => Rule::Arrival,
    }
}

fn gives_back(
    before: &University,
    rule: Rule,
    student: StudentId,
    course: CourseId,
    came: Came,
) -> Why {
    let who = before.registry.student(student);
    let (has, done, without) = match rule {
        Rule::Leave => {
            (who.waiting.contains(&course), Outcome::LeftWaitlist, Reason::NotWaitlisted)
        }
        _ => (who.enrolment(course).is_some(), Outcome::Dropped, Reason::NotEnrolled),
    };
    let again = if has { done } else { Outcome::Refused(without) };
    Why {
        rule,
        turn: Turn::default(),
        agrees: Some(came == Came::Outcome(again)),
        came,
        checks: vec![Check::HasPlace(has)],
        sections: Vec::new(),
        combinations: Vec::new(),
        more: 0,
        request_known: true,
    }
}

fn waited(
    before: &University,
    student: StudentId,
    course: CourseId,
    came: Came,
    event: &Event,
) -> Option<Why> {
    let registry = &before.registry;
    let book = registry.book(course);
    let at = book.waitlist.iter().position(|e| e.student == student)?;
    let entry: &WaitlistEntry = &book.waitlist[at];
    let who = registry.student(student);
    let turn = Turn {
        window: Some(entry.window),
        ahead: Some((at as u32, book.waitlist.len() as u32)),
        ..Turn::default()
    };
    let own = match who.enrolment(course) {
        Some(enrolment) if entry.replaces == Some(course) => enrolment.sections.as_slice(),
        _ => &[],
    };
    let holdings = Holdings::new(&registry.catalogue, who, entry.replaces);
    let request = Arc::clone(&entry.request);
    let decision = Case::new(before, student, entry.window, request, holdings, own);
    let again = registry.promote_entry(course, entry, &decision.quotes);
    let checks = decision.checks();
    Some(decision.finish(
        Rule::Waitlist,
        turn,
        came,
        checks,
        true,
        Some(again.as_ref() == Some(event)),
    ))
}

impl<'a> Case<'a> {
    fn new(
        before: &'a University,
        student: StudentId,
        window: WindowId,
        request: Arc<CourseRequest>,
        holdings: Holdings<'a>,
        own: &'a [SectionId],
    ) -> Self {
        let registry = &before.registry;
        let components = &registry.catalogue.course(request.course).components;
        let all: Vec<_> = components.iter().flat_map(|c| c.sections.iter().copied()).collect();
        Self {
            registry,
            sections: &before.sections,
            student,
            window: &registry.windows[window.index()],
            request,
            holdings,
            own,
            quotes: before.quotes(&all),
        }
    }

    fn who(&self) -> &Student {
        self.registry.student(self.student)
    }

    /// The checks that are hers, then those of the sections.
    fn checks(&self) -> Vec<Check> {
        let catalogue = &self.registry.catalogue;
        let course = catalogue.course(self.request.course);
        let id = self.request.course;
        let found = personal_blockers(catalogue, self.who(), &self.holdings, self.window, id);
        let (mut blocks, mut missing) = (Vec::new(), Vec::new());
        for blocker in found {
            match blocker {
                Reason::Blocked(code) => blocks.push(code),
                Reason::PrerequisiteMissing(code) => missing.push(code),
                _ => {}
            }
        }
        let before = self.holdings.credits(course.term);
        let window = self.window;
        let search =
            self.registry.search(window, &self.request, &self.holdings, self.own, &self.quotes);
        let (open, clash) = match search.granted() {
            Some(_) => (true, None),
            None => match search.reason() {
                Reason::Closed => (false, None),
                Reason::Clash(with) => (true, Some(with)),
                _ => (true, None),
            },
        };
        vec![
            Check::Blocked(blocks),
            Check::Prerequisites(course.prerequisites.clone(), missing),
            Check::Credits(before, course.credits, window.rules.credit_limit),
            Check::Open(open),
            Check::Clash(clash),
            Check::Seats(search.granted().is_some() || (clash.is_some() && search.seats_allow())),
        ]
    }

    /// What the same functions decide on the same state.
    fn again(&self, from: Option<CourseId>) -> Outcome {
        let (course, who) = (self.request.course, self.who());
        if from.is_some_and(|from| who.enrolment(from).is_none()) {
            return Outcome::Refused(Reason::NotEnrolled);
        }
        if !self.window.covers(&self.registry.catalogue, course) {
            return Outcome::Refused(already(who, course).unwrap_or(Reason::OutsideWindow));
        }
        let (id, request, holdings) = (self.student, &self.request, &self.holdings);
        self.registry.decide_course(id, self.window, request, holdings, from, &self.quotes)
    }

    fn sections(&self, granted: &[SectionId]) -> Vec<Then> {
        let catalogue = &self.registry.catalogue;
        let course = catalogue.course(self.request.course);
        let refuses = self.window.rules.clash == ClashPolicy::Refuse;
        let components = course.components.iter().zip(&self.request.choices);
        let sections = components.flat_map(|(component, choice)| {
            component.sections.iter().map(move |section| {
                let rank = match choice {
                    Choice::Any => Some(0),
                    Choice::Ranked(ranked) => {
                        ranked.iter().position(|s| s == section).map(|at| at as u32 + 1)
                    }
                };
                (component.kind, *section, rank)
            })
        });
        let then = sections.map(|(kind, section, rank)| Then {
            seats: self.sections[section.index()],
            kind,
            rank,
            clash: self.holdings.clash(section).filter(|_| refuses),
            granted: granted.contains(&section),
        });
        then.collect()
    }

    fn finish(
        self,
        rule: Rule,
        turn: Turn,
        came: Came,
        checks: Vec<Check>,
        request_known: bool,
        agrees: Option<bool>,
    ) -> Why {
        let granted = match &came {
            Came::Outcome(Outcome::Enrolled { sections, .. }) | Came::Promoted(sections, _) => {
                sections.as_slice()
            }
            _ => &[],
        };
        let sections = self.sections(granted);
        let search = self.registry.search(
            self.window,
            &self.request,
            &self.holdings,
            self.own,
            &self.quotes,
        );
        let (combinations, more) = search.combinations(limits::WHY_COMBINATIONS_MAX);
        Why { rule, turn, came, checks, sections, combinations, more, request_known, agrees }
    }
}
