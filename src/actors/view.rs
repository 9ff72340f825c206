//! Views of a student's state, made between two turns of the Registrar.

use std::collections::HashSet;

use super::news::News;
use super::registrar::Parts;
use super::tell;
use crate::domain::ids::{CourseId, Sequence, StudentId, Timestamp};
use crate::domain::registry::{Registry, WindowNoticeKind};
use crate::domain::student::{InboxItem, Notice};
use crate::limits;
use crate::protocol::server::{MessageView, OutcomeView, StudentView, TicketView};
use crate::protocol::{PROTOCOL_VERSION, convert};

/// Everything that a page needs to draw one student.
pub fn student(parts: &Parts, id: StudentId) -> StudentView {
    let registry = &parts.registry;
    let catalogue = &registry.catalogue;
    let who = registry.student(id);
    let line = who.tickets.iter().filter_map(|(window, ticket)| {
        let w = registry.window(*window)?;
        let window = w.rules.key.to_string();
        Some(TicketView { window, ticket: ticket.0, among: w.waiting })
    });
    let plan = match tell::plan(parts, id) {
        News::Plan { plan, .. } => *plan,
        _ => unreachable!("tell::plan makes a plan"),
    };
    StudentView {
        protocol: PROTOCOL_VERSION,
        server_time: parts.clock.now().0,
        student: who.profile.key.to_string(),
        programme: who.profile.programme.as_ref().map(ToString::to_string),
        year: who.profile.year,
        windows: registry.windows.iter().map(|w| convert::window_view(catalogue, w)).collect(),
        plan,
        enrolments: who.enrolments.iter().map(|e| convert::enrolment_view(catalogue, e)).collect(),
        waitlist: convert::waitlist_views(registry, id),
        line: line.collect(),
        outcomes: outcomes(registry, id),
        unread: registry.unread(id),
        sequence: who.sequence,
        as_of: registry.sequence.0,
    }
}

/// The latest outcome of each course that she asked for, newest first. What came of a rehearsal
/// that was run again is withdrawn.
pub fn outcomes(registry: &Registry, id: StudentId) -> Vec<OutcomeView> {
    let mut seen = HashSet::new();
    let resets = registry.window_notices.iter().filter(|n| n.kind == WindowNoticeKind::Reset);
    let resets: Vec<_> =
        resets.map(|n| (n.sequence, &registry.windows[n.window.index()])).collect();
    let withdrawn = |at: Sequence, course: CourseId| {
        resets.iter().any(|(reset, w)| *reset > at && w.covers(&registry.catalogue, course))
    };
    let newest = registry.student(id).inbox.iter().rev().filter_map(|item| match &item.notice {
        Notice::Outcome { request, course, outcome, instead_of }
            if seen.insert(*course) && !withdrawn(item.sequence, *course) =>
        {
            Some(convert::outcome_view(
                &registry.catalogue,
                *request,
                *course,
                outcome,
                *instead_of,
                (item.sequence, item.at),
            ))
        }
        _ => None,
    });
    newest.take(limits::VIEW_OUTCOMES_MAX).collect()
}

/// Messages after a position of her stream, when they are few enough to be told one by one.
pub fn missed(
    registry: &Registry,
    id: StudentId,
    last_sequence: Option<u32>,
) -> Vec<(MessageView, u32)> {
    let Some(last) = last_sequence else { return Vec::new() };
    let who = registry.student(id);
    let after = |item: &&InboxItem| item.student_sequence > last;
    let count = who.inbox.iter().rev().take_while(after).count();
    if count > limits::RESUME_MISSED_MAX {
        return Vec::new();
    }
    messages(registry, id, &who.inbox[who.inbox.len() - count..])
}

/// These items of her inbox as messages, each with its position in her stream.
pub fn messages(
    registry: &Registry,
    id: StudentId,
    items: &[InboxItem],
) -> Vec<(MessageView, u32)> {
    let read_up_to = registry.student(id).read_up_to;
    let mut index = 0;
    let mut last = Sequence(0);
    let view = |item: &InboxItem| {
        index = if item.sequence == last { index + 1 } else { 0 };
        last = item.sequence;
        let message = convert::message_view(registry, item, index, read_up_to);
        (message, item.student_sequence)
    };
    items.iter().map(view).collect()
}

/// When the record that she was told about was decided, and the course that a swap would give.
pub fn decided_at(
    registry: &Registry,
    id: StudentId,
    journal: Sequence,
) -> (Timestamp, Option<CourseId>) {
    let mut inbox = registry.student(id).inbox.iter().rev();
    let Some(item) = inbox.find(|item| item.sequence == journal) else {
        return (Timestamp::default(), None);
    };
    match item.notice {
        Notice::Outcome { instead_of, .. } => (item.at, instead_of),
        _ => (item.at, None),
    }
}
