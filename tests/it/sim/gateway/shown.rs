//! What the gateway shows of its state.

use sluis::actors::news::Count;
use sluis::domain::ids::{SectionId, StudentId, WindowId};
use sluis::domain::line::Line;
use sluis::domain::registry::Registry;
use sluis::domain::section::{Section, SectionStatus};
use sluis::domain::student::{InboxItem, Notice};
use sluis::domain::window::{Order, WindowState};

use super::Gateway;
use crate::bug::Bug;
use crate::random::{brief, brief_text};
use crate::told::{self, Counts, Item, Kind, Place, Seats, View};

impl Gateway {
    /// What a session of hers is shown, with messages after that record.
    pub fn view(&self, student: u32, after: u64) -> View {
        let registry = &self.university.registry;
        view(registry, student, after, |window| self.place(student, window))
    }

    /// A section's seats.
    pub fn seats(&self, section: u32) -> Seats {
        seats(&self.university.sections[section as usize])
    }

    /// Her place in a window's line.
    pub fn place(&self, student: u32, window: u32) -> Option<Place> {
        let registry = &self.university.registry;
        let state = registry.window(WindowId(window))?;
        let ticket = registry.student(StudentId(student)).ticket(WindowId(window))?;
        let line = &self.lines[window as usize];
        let mut position = (state.state == WindowState::Open).then(|| line.position(ticket));
        if self.bug == Some(Bug::StalePosition) && state.state == WindowState::Open {
            let at = line.order().iter().position(|t| *t == ticket);
            position = Some(at.map(|at| at as u32 + 1 - line.served()));
        }
        Some(Place { ticket: ticket.0, position: position.flatten() })
    }

    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn line_of(&self, window: usize) -> Line {
        let window = &self.university.registry.windows[window];
        if self.bug == Some(Bug::NoDraw) {
            let mut window = window.clone();
            window.rules.order = Order::Arrival;
            return Line::new(&window);
        }
        Line::new(window)
    }
}

/// What a student is shown of herself, with messages after that record.
pub fn view(
    registry: &Registry,
    student: u32,
    after: u64,
    place: impl Fn(u32) -> Option<Place>,
) -> View {
    let id = StudentId(student);
    let who = registry.student(id);
    let numbers = |sections: &[SectionId]| sections.iter().map(|s| s.0).collect();
    let rank = |course| registry.book(course).rank(id).unwrap_or(0);
    let items = who.inbox.iter().filter(|item| item.sequence.0 > after);
    let places = who.tickets.iter();
    View {
        stream: who.sequence,
        seats: who.enrolments.iter().map(|e| (e.course.0, numbers(&e.sections))).collect(),
        waiting: who.waiting.iter().map(|course| (course.0, rank(*course))).collect(),
        places: places.filter_map(|(window, _)| Some((window.0, place(window.0)?))).collect(),
        after,
        items: items.filter_map(item).collect(),
    }
}

/// A section's seats.
pub fn seats(section: &Section) -> Seats {
    let status = match section.status {
        SectionStatus::Open => 0,
        SectionStatus::Closed => 1,
        SectionStatus::Cancelled => 2,
    };
    Seats { capacity: section.capacity, taken: section.taken, status }
}

/// Adds what the product counts to our own sums.
pub fn add(counts: &mut Counts, count: &Count) {
    let index = match count {
        Count::Outcome("enrolled", _) => told::ENROLLED,
        Count::Outcome("waitlisted", _) => told::WAITLISTED,
        Count::Outcome("refused", _) => told::REFUSED,
        Count::Outcome("dropped", _) => told::DROPPED,
        Count::Outcome(..) => told::LEFT_WAITLIST,
        Count::Promotion => told::PROMOTED,
        Count::PassedOver => told::PASSED_OVER,
        Count::Swap => told::SWAPS,
        Count::TicketTaken => told::TICKETS_TAKEN,
        Count::TicketLeft => told::TICKETS_LEFT,
        Count::TicketDecided(_) => told::TICKETS_DECIDED,
    };
    counts[index] += 1;
}

/// A message of a message centre in brief.
pub fn item(item: &InboxItem) -> Option<Item> {
    let sections = |sections: &[SectionId]| brief(sections.iter().map(|s| s.0));
    let (kind, subject, detail) = match &item.notice {
        Notice::Outcome { course, outcome, .. } => {
            (Kind::Outcome, course.0, told::outcome(outcome))
        }
        Notice::Promoted { course, sections: new, replaces } => {
            let old = replaces.map_or(0, |course| u64::from(course.0) + 1);
            (Kind::Promoted, course.0, sections(new) ^ old)
        }
        Notice::PassedOver { course, blocker } => {
            (Kind::PassedOver, course.0, brief_text(blocker.key()))
        }
        Notice::CapacityChanged { section, capacity } => {
            (Kind::Capacity, section.0, capacity.map_or(0, |seats| u64::from(seats) + 1))
        }
        Notice::SectionStatus { section, status, .. } => {
            (Kind::Status, section.0, brief_text(status.key()))
        }
        Notice::Placed { course, sections: new, moved, over, .. } => {
            let how = u64::from(*moved) + 2 * u64::from(*over);
            (Kind::Placed, course.0, sections(new) ^ how)
        }
        Notice::Removed { course, .. } => (Kind::Removed, course.0, 0),
        Notice::Block { code, blocked, .. } => {
            (Kind::Block, u32::from(*blocked), brief_text(code.as_str()))
        }
        Notice::TicketEnded { window } => (Kind::TicketEnded, window.0, 0),
        // No file here has results.
        Notice::Result { .. } => return None,
    };
    Some(Item { sequence: item.sequence.0, kind, subject, detail })
}
