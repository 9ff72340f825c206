//! `/api/me/export`: everything that is stored about a student, for her alone.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::HttpState;
use super::access::Authenticated;
use super::auth::{AuthError, Role};
use super::devices::{Devices, devices_view};
use super::messages::{Messages, messages_view};
use super::openapi::ReadProblems;
use super::problem::Problem;
use super::results::{Results, results_view};
use crate::domain::account::DeviceId;
use crate::domain::ids::{StudentId, Timestamp};
use crate::domain::registry::Registry;
use crate::domain::student::{Memo, Notice};
use crate::protocol::client::CourseRequestDto;
use crate::protocol::convert::{
    course_request_view, enrolment_view, outcome_view, preferences_view, uuid, waitlist_views,
};
use crate::protocol::server::{EnrolmentView, OutcomeView, PreferencesView, WaitlistView};

/// What the student register says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProfileView {
    /// Student number.
    pub student: String,
    /// Programme key.
    pub programme: Option<String>,
    /// Year of study; 0 is unknown.
    pub year: u8,
    /// Codes of reasons why she may not register.
    pub blocks: Vec<String>,
    /// Courses completed, as the register has them.
    pub completed: Vec<String>,
}

/// A place taken in a line.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlaceView {
    /// Window key.
    pub window: String,
    /// Ticket number.
    pub ticket: u32,
}

/// A request, by the number that her page gave it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RequestView {
    /// The number.
    pub id: Uuid,
    /// The place in a line that it took.
    pub place: Option<PlaceView>,
    /// Journal position of its decision.
    pub decided: Option<u64>,
}

/// Everything that is stored about a student.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct MyData {
    /// When this was made.
    pub made: u64,
    /// Journal position that this rests on.
    pub as_of: u64,
    /// The register's word.
    pub profile: ProfileView,
    /// Her plan.
    pub plan: Vec<CourseRequestDto>,
    /// Her seats.
    pub enrolments: Vec<EnrolmentView>,
    /// Her waitlist places.
    pub waitlist: Vec<WaitlistView>,
    /// Her undecided places in lines.
    pub line: Vec<PlaceView>,
    /// Every request of hers.
    pub requests: Vec<RequestView>,
    /// Every outcome, oldest first.
    pub outcomes: Vec<OutcomeView>,
    /// Her message centre, newest first.
    pub messages: Messages,
    /// Her study results.
    pub results: Results,
    /// What she prefers.
    pub preferences: PreferencesView,
    /// Where she is signed in.
    pub devices: Devices,
    /// When her calendar's address was made; of the address itself only a hash is stored.
    pub calendar_since: Option<u64>,
}

fn my_data(
    registry: &Registry,
    id: StudentId,
    current: Option<DeviceId>,
    now: Timestamp,
) -> MyData {
    let (catalogue, who) = (&registry.catalogue, registry.student(id));
    let keys = |keys: &[crate::domain::ids::Key]| keys.iter().map(ToString::to_string).collect();
    let place = |(window, ticket): (crate::domain::ids::WindowId, crate::domain::ids::Ticket)| {
        let window = registry.window(window)?.rules.key.to_string();
        Some(PlaceView { window, ticket: ticket.0 })
    };
    let request = |(id, memo): &(crate::domain::ids::RequestId, Memo)| RequestView {
        id: uuid(*id),
        place: memo.ticket.and_then(place),
        decided: memo.decided.as_ref().map(|(sequence, _)| sequence.0),
    };
    let outcomes = who.inbox.iter().filter_map(|item| match &item.notice {
        Notice::Outcome { request, course, outcome, instead_of } => {
            let when = (item.sequence, item.at);
            Some(outcome_view(catalogue, *request, *course, outcome, *instead_of, when))
        }
        _ => None,
    });
    MyData {
        made: now.0,
        as_of: registry.sequence.0,
        profile: ProfileView {
            student: who.profile.key.to_string(),
            programme: who.profile.programme.as_ref().map(ToString::to_string),
            year: who.profile.year,
            blocks: who.blocks().map(ToString::to_string).collect(),
            completed: keys(&who.profile.completed),
        },
        plan: who.plan.courses.iter().map(|r| course_request_view(catalogue, r)).collect(),
        enrolments: who.enrolments.iter().map(|e| enrolment_view(catalogue, e)).collect(),
        waitlist: waitlist_views(registry, id),
        line: who.tickets.iter().copied().filter_map(place).collect(),
        requests: who.requests.iter().map(request).collect(),
        outcomes: outcomes.collect(),
        messages: messages_view(registry, id, false, None, usize::MAX),
        results: results_view(registry, id),
        preferences: preferences_view(&who.account.preferences),
        devices: devices_view(&who.account, current, now),
        calendar_since: who.account.calendar.as_ref().map(|calendar| calendar.since.0),
    }
}

/// Everything that is stored about her, as a file
#[utoipa::path(
    get, path = "/api/me/export", tag = "student",
    responses((status = 200, body = MyData), ReadProblems)
)]
pub async fn export(
    who: Authenticated,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    who.require(Role::Student)?;
    let key = who.claims.student.as_ref().ok_or(AuthError::Invalid)?;
    let student = state.student(key).await?;
    let (current, now) = (who.claims.device, state.access.clock.now());
    let (_, data) = state.gateway.read(move |r| my_data(r, student, current, now)).await?;
    let name = "attachment; filename=\"sluis-my-data.json\"";
    Ok(HttpResponse::Ok().insert_header((CONTENT_DISPOSITION, name)).json(data))
}
