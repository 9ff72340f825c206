//! A request's way through the decision, for whoever looks for a fault: at debug level a line for
//! each stage, with the request's id, the ticket and the journal's position, by which they join.
//! Students have pseudonyms.

use crate::domain::event::{Event, Record, Via};
use crate::domain::ids::{StudentId, WindowId};
use crate::domain::registry::Registry;
use crate::pseudonym;

/// Tells of a record that was decided and is on its way to the disk.
pub fn decided(registry: &Registry, record: &Record) {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return;
    }
    let journal = record.sequence.0;
    let student = |id: StudentId| pseudonym::Of(registry.student(id).profile.key.as_str());
    let window = |id: WindowId| registry.windows[id.index()].rules.key.as_str();
    match &record.event {
        Event::TicketTaken { window: at, ticket, student: who, request, .. } => {
            let (at, ticket, who) = (window(*at), ticket.0, student(*who));
            tracing::debug!(?request, student = %who, window = at, ticket, journal, "ticket taken");
        }
        Event::TicketLeft(at, ticket) => {
            tracing::debug!(window = window(*at), ticket = ticket.0, journal, "ticket given back");
        }
        Event::Decided { student: who, request, via, outcomes, .. } => {
            let ticket = match via {
                Via::Ticket(_, ticket) => Some(ticket.0),
                _ => None,
            };
            let (who, courses) = (student(*who), outcomes.len());
            tracing::debug!(?request, student = %who, ticket, courses, journal, "decided");
        }
        Event::Promoted { student: who, .. } => {
            tracing::debug!(student = %student(*who), journal, "promoted");
        }
        Event::WindowOpened(at) => tracing::debug!(window = window(*at), journal, "window opened"),
        Event::WindowClosed(at) => tracing::debug!(window = window(*at), journal, "window closed"),
        _ => {}
    }
}
