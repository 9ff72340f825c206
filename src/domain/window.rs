//! A registration window: who opens it is data in the journal, never the clock at decision time.

use std::sync::Arc;

use super::catalogue::{Catalogue, Text};
use super::ids::{CourseId, Credits, Key, RequestId, StudentId, Ticket, Timestamp};
use super::plan::Plan;

/// The stated rule of order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// All who armed before the opening are shuffled at the opening.
    Lottery,
    /// Order of arming.
    Arrival,
}

/// What a time clash does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClashPolicy {
    /// The course is refused.
    Refuse,
    /// The course is granted and the clash is told.
    Warn,
}

/// Which offerings can be registered for through a window.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Courses, not the exams that stand alone.
    Courses,
    /// Exams and resits that stand alone.
    Exams,
    /// Just these.
    Only(Vec<Key>),
}

/// What a window is made of when it is planned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WindowRules {
    /// Its name outside.
    pub key: Key,
    /// Shown name.
    pub name: Text,
    /// Index of the term.
    pub term: u16,
    /// When it opens by itself; `None` waits for the registrar.
    pub opens_at: Option<Timestamp>,
    /// When it closes by itself.
    pub closes_at: Option<Timestamp>,
    /// Seconds after the first sign-in at which it opens (demonstrations).
    pub opens_after_sign_in_s: Option<u32>,
    /// Order of the line.
    pub order: Order,
    /// Admissions a second; `None` is as fast as they can be decided.
    pub pace: Option<u32>,
    /// What a time clash does.
    pub clash: ClashPolicy,
    /// Most credits enrolled in the term; `None` is no limit.
    pub credit_limit: Option<Credits>,
    /// Whether full courses have a waitlist.
    pub waitlists: bool,
    /// What can be registered for.
    pub scope: Scope,
    /// A rehearsal can be run again: everything that came of it is withdrawn.
    pub rehearsal: bool,
    /// The lottery's seed, secret until the window opens.
    pub seed: [u8; 32],
}

/// Where a window is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowState {
    /// Can be armed for; nothing is decided.
    Planned,
    /// Decides.
    Open,
    /// Over. What was armed and not decided has been told so.
    Closed,
}

/// What became of a ticket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TicketState {
    /// Armed or in line.
    Waiting,
    /// Given back by its owner, or ended by the closing.
    Left,
    /// Its plan has been decided.
    Decided,
}

/// A place in a window's line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TicketInfo {
    /// Whose.
    pub student: StudentId,
    /// The request that armed it; its outcomes bear this id.
    pub request: RequestId,
    /// What to decide, when the request named it; else her plan as it stands at her turn.
    pub plan: Option<Arc<Plan>>,
    /// What became of it.
    pub state: TicketState,
}

/// A window as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    /// Its rules; `opens_at`, `closes_at`, `pace` and `seed` change by events.
    pub rules: WindowRules,
    /// Where it is in its life.
    pub state: WindowState,
    /// Open, and admits nobody for the moment.
    pub paused: bool,
    /// How often a rehearsal has been run again.
    pub run: u32,
    /// When it opened.
    pub opened_at: Option<Timestamp>,
    /// Number of tickets that the draw ordered; later ones follow in order of arrival.
    pub drawn: u32,
    /// By [`Ticket`].
    pub tickets: Vec<TicketInfo>,
    /// Tickets still waiting.
    pub waiting: u32,
}

impl Window {
    /// A window just planned.
    pub fn new(rules: WindowRules) -> Self {
        Self {
            rules,
            state: WindowState::Planned,
            paused: false,
            run: 0,
            opened_at: None,
            drawn: 0,
            tickets: Vec::new(),
            waiting: 0,
        }
    }

    /// A copy with its rules and state, without its line.
    pub fn without_tickets(&self) -> Self {
        Self { tickets: Vec::new(), rules: self.rules.clone(), ..*self }
    }

    /// Whether the course can be registered for here.
    pub fn covers(&self, catalogue: &Catalogue, id: CourseId) -> bool {
        let course = catalogue.course(id);
        course.term == self.rules.term
            && match &self.rules.scope {
                Scope::Courses => course.part_of.is_none(),
                Scope::Exams => course.part_of.is_some(),
                Scope::Only(keys) => keys.contains(&course.key),
            }
    }

    /// The ticket's facts, if there is one.
    pub fn ticket(&self, ticket: Ticket) -> Option<&TicketInfo> {
        self.tickets.get(ticket.index())
    }
}
