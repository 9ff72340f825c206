//! `/api/admin/student`: everything about one student's registration. Her number comes in the body
//! and stands in no address or log.

use actix_web::{HttpResponse, web};

use super::types::{FileOutcome, FileTicket, StudentBody, StudentFile};
use super::{archive::Archive, aside};
use crate::domain::event::{Event, Via};
use crate::domain::ids::{Sequence, StudentId};
use crate::domain::outcome::Outcome;
use crate::domain::registry::Registry;
use crate::domain::student::{InboxItem, Notice};
use crate::http::HttpState;
use crate::http::access::AsRegistrar;
use crate::http::admin_student::find;
use crate::http::messages::messages_view;
use crate::http::openapi::ChangeProblems;
use crate::http::place::Tickets;
use crate::http::problem::Problem;
use crate::limits;
use crate::protocol::convert::{
    enrolment_view, message_view, outcome_view, plan_view, waitlist_views,
};

/// Messages in a file.
const MESSAGES: usize = 50;

/// What her message centre says of one course's decision.
fn outcome_of(registry: &Registry, id: StudentId, item: &InboxItem) -> Option<FileOutcome> {
    let catalogue = &registry.catalogue;
    let (journal, at) = (item.sequence, item.at);
    if let Notice::Outcome { request, course, outcome, instead_of } = &item.notice {
        let view = outcome_view(catalogue, *request, *course, outcome, *instead_of, (journal, at));
        let ticket = registry.memo(id, *request).is_some_and(|memo| memo.ticket.is_some());
        let via = match outcome {
            Outcome::Dropped => "drop",
            Outcome::LeftWaitlist => "leave",
            _ if instead_of.is_some() => "swap",
            _ if ticket => "ticket",
            _ => TO_FILL_IN,
        };
        return Some(FileOutcome {
            journal: journal.0,
            at: at.0,
            request: Some(view.id.to_string()),
            course: view.course,
            outcome: view.outcome,
            reason: view.reason,
            about: view.about.or(view.rank.map(|rank| rank.to_string())),
            sections: view.sections,
            via: via.to_owned(),
        });
    }
    let view = message_view(registry, item, 0, Sequence(0));
    let (outcome, via) = match &item.notice {
        Notice::Promoted { .. } | Notice::PassedOver { .. } => (view.kind.as_str(), "waitlist"),
        Notice::Placed { .. } => ("enrolled", "registrar"),
        Notice::Removed { .. } => ("dropped", "registrar"),
        _ => return None,
    };
    Some(FileOutcome {
        journal: journal.0,
        at: at.0,
        request: None,
        course: view.course.unwrap_or_default(),
        outcome: outcome.to_owned(),
        reason: view.reason,
        about: view.about,
        sections: view.sections,
        via: via.to_owned(),
    })
}

/// By which way only the record says.
const TO_FILL_IN: &str = "";
/// The record does not say either: it cannot be read.
const UNKNOWN: &str = "unknown";

const fn via_key(via: Via) -> &'static str {
    match via {
        Via::Ticket(..) => "ticket",
        Via::Submit(_) => "submit",
        Via::Drop => "drop",
        Via::Leave => "leave",
        Via::Swap { .. } => "swap",
    }
}

/// Fills in by which way, from the records themselves.
fn fill_in(outcomes: &mut [FileOutcome], archive: Option<&Archive>) {
    for outcome in outcomes.iter_mut().filter(|o| o.via == TO_FILL_IN) {
        let record = archive.and_then(|archive| match archive.record(Sequence(outcome.journal)) {
            Ok(record) => record,
            Err(error) => {
                tracing::warn!(%error, "a record of a student's file cannot be read");
                None
            }
        });
        let via = match record.map(|record| record.event) {
            Some(Event::Decided { via, .. }) => via_key(via),
            _ => UNKNOWN,
        };
        outcome.via = via.to_owned();
    }
}

fn view(
    registry: &Registry,
    id: StudentId,
    board: &crate::actors::board::SeatBoard,
) -> (StudentFile, Vec<Option<Tickets>>) {
    let catalogue = &registry.catalogue;
    let who = registry.student(id);
    let wanted = who.plan.courses.iter().flat_map(|r| r.sections(catalogue));
    let quotes = board.quotes(&wanted.collect::<Vec<_>>());
    let blockers = registry.blockers(id, &who.plan, &quotes);
    let mut tickets = Vec::new();
    let mut places = Vec::new();
    for (window, ticket) in &who.tickets {
        let Some(w) = registry.window(*window) else { continue };
        let (window, among) = (w.rules.key.to_string(), w.waiting);
        tickets.push(FileTicket { window, ticket: ticket.0, among, position: None });
        places.push(Tickets::of(registry, w, id));
    }
    let outcomes = who.inbox.iter().rev().filter_map(|item| outcome_of(registry, id, item));
    let file = StudentFile {
        student: who.profile.key.to_string(),
        programme: who.profile.programme.as_ref().map(ToString::to_string),
        year: who.profile.year,
        blocks: who.blocks().map(ToString::to_string).collect(),
        plan: plan_view(catalogue, &who.plan, &blockers),
        tickets,
        enrolments: who.enrolments.iter().map(|e| enrolment_view(catalogue, e)).collect(),
        waitlists: waitlist_views(registry, id),
        outcomes: outcomes.take(limits::FILE_OUTCOMES_MAX).collect(),
        messages: messages_view(registry, id, false, None, MESSAGES).messages,
        as_of: 0,
        server_time: 0,
    };
    (file, places)
}

/// Everything about one student's registration
#[utoipa::path(
    post, path = "/api/admin/student", tag = "registrar", request_body = StudentBody,
    responses((status = 200, body = StudentFile), ChangeProblems)
)]
pub async fn student(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
    body: web::Json<StudentBody>,
) -> Result<HttpResponse, Problem> {
    let id = find(&state, &body.student).await?;
    let gateway = state.gateway.clone();
    let read = state.gateway.read(move |registry| view(registry, id, gateway.board()));
    let (as_of, (mut file, places)) = read.await?;
    let shared = state.clone();
    let archive = state.console.archive.clone();
    let mut file = aside(move || {
        for (ticket, place) in file.tickets.iter_mut().zip(&places) {
            ticket.position = place.as_ref().map(|place| place.position(&shared.draws));
        }
        fill_in(&mut file.outcomes, archive.as_ref());
        file
    })
    .await?;
    (file.as_of, file.server_time) = (as_of.0, state.access.clock.now().0);
    Ok(HttpResponse::Ok().json(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::board::SeatBoard;
    use crate::domain::testkit::draft;

    #[test]
    fn a_file_holds_the_latest_decisions_newest_first() {
        // Given one who enrolled and dropped more often than a file holds.
        let mut world = draft().simple("A", 1).students(1).window(|_| {}).open();
        for _ in 0..limits::FILE_OUTCOMES_MAX / 2 {
            world.enrol(0, "A");
            world.drop(0, "A");
        }
        world.enrol(0, "A");
        // When it is looked at, then the newest is first and the oldest is left out.
        let board = SeatBoard::new(world.now(), world.university.sections.clone());
        let (file, _) = view(&world.university.registry, StudentId(0), &board);
        assert_eq!(file.outcomes.len(), limits::FILE_OUTCOMES_MAX);
        assert_eq!((file.outcomes[0].journal, file.outcomes[0].via.as_str()), (world.now().0, ""));
        assert_eq!((&*file.outcomes[1].outcome, &*file.outcomes[1].via), ("dropped", "drop"));
        assert_eq!(file.enrolments.len(), 1);
        let mut outcomes = file.outcomes;
        fill_in(&mut outcomes, None);
        assert_eq!(outcomes[0].via, "unknown", "without a journal to look in");
    }
}
