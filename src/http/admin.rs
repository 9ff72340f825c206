//! `/api/admin/windows…`, `/api/admin/sections/…`, `/api/admin/status`: the registrar's levers.

use std::ops::RangeInclusive;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::HttpState;
use super::access::AsRegistrar;
use super::acts::{Raw, ReasonBody, act, body_or_default, reason, required_reason};
use super::openapi::{ChangeProblems, ReadProblems};
use super::problem::{FAULT, INVALID, Problem};
use super::views::{SeatView, seat_view};
use super::windows::{Windows, find};
use crate::domain::command::Command;
use crate::domain::ids::{Timestamp, WindowId};
use crate::domain::section::SectionStatus;
use crate::limits::{CAPACITY_MAX, OPENS_AFTER_SIGN_IN_S_MAX, PACE_MAX, SCHEDULE_MS_MAX};
use crate::protocol::convert;

/// What a change came to.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Done {
    /// Journal position; `null` when there was nothing to change.
    pub journal: Option<u64>,
}

/// When a window opens and closes by itself.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleBody {
    /// Milliseconds since 1970; `null` waits for the registrar.
    #[serde(deserialize_with = "named")]
    #[schema(required)]
    pub opens_at: Option<u64>,
    /// Milliseconds since 1970, later than now; `null` waits for the registrar.
    #[serde(deserialize_with = "named")]
    #[schema(required)]
    pub closes_at: Option<u64>,
    /// Why, in 1 to 300 characters; kept in the audit log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// When a rehearsal starts again.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetBody {
    /// Opens after so many seconds; left out, it waits for the registrar.
    #[serde(default)]
    pub opens_in_s: Option<u32>,
    /// Why, in 1 to 300 characters; kept in the audit log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// How fast a line is served.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaceBody {
    /// Admissions a second, 1 to 1,000,000; `null` is as fast as they can be decided.
    #[serde(deserialize_with = "named")]
    #[schema(required)]
    pub pace: Option<u32>,
    /// Why, in 1 to 300 characters; kept in the audit log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A section's seats.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapacityBody {
    /// Section key.
    pub section: String,
    /// Seats, 0 to 1,000,000; `null` is unlimited.
    #[serde(deserialize_with = "named")]
    #[schema(required)]
    pub capacity: Option<u32>,
    /// Why, in 1 to 300 characters; kept in the audit log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A section's status.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusBody {
    /// Section key.
    pub section: String,
    /// `open`, `closed` or `cancelled`.
    pub status: String,
    /// Why, in 1 to 300 characters: whoever is in it reads it. Needed to close or cancel.
    #[serde(default)]
    pub reason: Option<String>,
}

/// How things stand.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Windows, each with how many wait.
    pub windows: Windows,
    /// Sections with their seats.
    pub sections: Vec<SeatView>,
    /// Journal position that the seats rest on.
    pub as_of: u64,
}

/// `null` must be said, not left out: without a bound, or without a time, is no default.
pub(super) fn named<'de, D, T>(value: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(value)
}

/// Refuses a number outside its bounds, which are those of files.
pub(super) fn within(
    what: &str,
    value: Option<u32>,
    bounds: RangeInclusive<u32>,
) -> Result<(), Problem> {
    match value {
        Some(value) if !bounds.contains(&value) => {
            let (least, most) = bounds.into_inner();
            let detail = format!("{what} is {least} to {most}; null is unlimited");
            Err(Problem::new(&INVALID, detail))
        }
        _ => Ok(()),
    }
}

/// A window's act with nothing to say but why; the body may be left out.
async fn window_act(
    state: &HttpState,
    registrar: AsRegistrar,
    key: &str,
    body: Raw,
    command: fn(WindowId) -> Command,
) -> Result<HttpResponse, Problem> {
    let body: ReasonBody = body_or_default(body)?;
    let window = find(state, key)?;
    act(state, registrar, reason(body.reason.as_deref())?, command(window)).await
}

/// Open a window now
#[utoipa::path(
    post, path = "/api/admin/windows/{key}/open", tag = "registrar", request_body = ReasonBody,
    params(("key" = String, Path, description = "Window key")),
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn open(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    key: web::Path<String>,
    body: Raw,
) -> Result<HttpResponse, Problem> {
    window_act(&state, registrar, &key, body, Command::Open).await
}

/// Close a window now
#[utoipa::path(
    post, path = "/api/admin/windows/{key}/close", tag = "registrar", request_body = ReasonBody,
    params(("key" = String, Path, description = "Window key")),
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn close(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    key: web::Path<String>,
    body: Raw,
) -> Result<HttpResponse, Problem> {
    window_act(&state, registrar, &key, body, Command::Close).await
}

/// Pause an open window: nobody is admitted, and every place in the line is kept
#[utoipa::path(
    post, path = "/api/admin/windows/{key}/pause", tag = "registrar", request_body = ReasonBody,
    params(("key" = String, Path, description = "Window key")),
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn pause(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    key: web::Path<String>,
    body: Raw,
) -> Result<HttpResponse, Problem> {
    window_act(&state, registrar, &key, body, Command::Pause).await
}

/// Let a paused window go on
#[utoipa::path(
    post, path = "/api/admin/windows/{key}/resume", tag = "registrar", request_body = ReasonBody,
    params(("key" = String, Path, description = "Window key")),
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn resume(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    key: web::Path<String>,
    body: Raw,
) -> Result<HttpResponse, Problem> {
    window_act(&state, registrar, &key, body, Command::Resume).await
}

/// Run a rehearsal again: everything that came of it is withdrawn
#[utoipa::path(
    post, path = "/api/admin/windows/{key}/reset", tag = "registrar", request_body = ResetBody,
    params(("key" = String, Path, description = "Window key")),
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn reset(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    key: web::Path<String>,
    body: web::Json<ResetBody>,
) -> Result<HttpResponse, Problem> {
    let window = find(&state, &key)?;
    if body.opens_in_s.is_some_and(|s| s > OPENS_AFTER_SIGN_IN_S_MAX) {
        let detail = format!("opens_in_s is 0 to {OPENS_AFTER_SIGN_IN_S_MAX}");
        return Err(Problem::new(&INVALID, detail));
    }
    let why = reason(body.reason.as_deref())?;
    let now = state.access.clock.now();
    let opens_at = body.opens_in_s.map(|s| now.plus_ms(u64::from(s) * 1000));
    let reset = Command::Reset { window, seed: fresh_seed()?, opens_at };
    act(&state, registrar, why, reset).await
}

/// A secret for a draw.
pub(super) fn fresh_seed() -> Result<[u8; 32], Problem> {
    let mut seed = [0; 32];
    match getrandom::fill(&mut seed) {
        Ok(()) => Ok(seed),
        Err(_) => Err(Problem::new(&FAULT, "the system gives no random numbers; try again")),
    }
}

/// Plan when a window opens and closes by itself
#[utoipa::path(
    post, path = "/api/admin/windows/{key}/schedule", tag = "registrar",
    request_body = ScheduleBody,
    params(("key" = String, Path, description = "Window key")),
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn schedule(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    key: web::Path<String>,
    body: web::Json<ScheduleBody>,
) -> Result<HttpResponse, Problem> {
    let window = find(&state, &key)?;
    let times = [("opens_at", body.opens_at), ("closes_at", body.closes_at)];
    let far = |(_, at): &&(_, Option<u64>)| at.is_some_and(|at| at > SCHEDULE_MS_MAX);
    if let Some((name, _)) = times.iter().find(far) {
        let detail = format!("{name} is in milliseconds since 1970, at most {SCHEDULE_MS_MAX}");
        return Err(Problem::new(&INVALID, detail));
    }
    let after = body.opens_at.max(Some(state.access.clock.now().0));
    if body.closes_at.is_some() && body.closes_at <= after {
        return Err(Problem::new(&INVALID, "closes_at must be after opens_at, and after now"));
    }
    let (opens_at, closes_at) = (body.opens_at.map(Timestamp), body.closes_at.map(Timestamp));
    let why = reason(body.reason.as_deref())?;
    act(&state, registrar, why, Command::Schedule { window, opens_at, closes_at }).await
}

/// Set how fast a window's line is served
#[utoipa::path(
    post, path = "/api/admin/windows/{key}/pace", tag = "registrar", request_body = PaceBody,
    params(("key" = String, Path, description = "Window key")),
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn pace(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    key: web::Path<String>,
    body: web::Json<PaceBody>,
) -> Result<HttpResponse, Problem> {
    let window = find(&state, &key)?;
    within("pace", body.pace, 1..=PACE_MAX)?;
    let why = reason(body.reason.as_deref())?;
    act(&state, registrar, why, Command::SetPace(window, body.pace)).await
}

/// Set a section's capacity; below what is taken, nobody is thrown out
#[utoipa::path(
    post, path = "/api/admin/sections/capacity", tag = "registrar", request_body = CapacityBody,
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn capacity(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    body: web::Json<CapacityBody>,
) -> Result<HttpResponse, Problem> {
    within("capacity", body.capacity, 0..=CAPACITY_MAX)?;
    let section = convert::section_id(&state.gateway.catalogue(), &body.section)?;
    let why = reason(body.reason.as_deref())?;
    act(&state, registrar, why, Command::SetCapacity(section, body.capacity)).await
}

/// Open, close or cancel a section
#[utoipa::path(
    post, path = "/api/admin/sections/status", tag = "registrar", request_body = StatusBody,
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn section_status(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    body: web::Json<StatusBody>,
) -> Result<HttpResponse, Problem> {
    let section = convert::section_id(&state.gateway.catalogue(), &body.section)?;
    let all = [SectionStatus::Open, SectionStatus::Closed, SectionStatus::Cancelled];
    let status = all.into_iter().find(|s| convert::section_status(*s) == body.status);
    let status =
        status.ok_or_else(|| Problem::new(&INVALID, "status is open, closed or cancelled"))?;
    let given = body.reason.as_deref();
    let why = match status {
        SectionStatus::Open => reason(given)?,
        SectionStatus::Closed | SectionStatus::Cancelled => required_reason(given)?,
    };
    act(&state, registrar, why, Command::SetStatus(section, status)).await
}

/// Windows and how many wait
#[utoipa::path(
    get, path = "/api/admin/windows", tag = "registrar",
    responses((status = 200, body = Windows), ReadProblems)
)]
pub async fn windows(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Windows::counted(&state).await?))
}

/// Windows, how many wait, and every section's seats
#[utoipa::path(
    get, path = "/api/admin/status", tag = "registrar",
    responses((status = 200, body = Status), ReadProblems)
)]
pub async fn status(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let (as_of, sections) = state.gateway.board().all();
    let catalogue = state.gateway.catalogue();
    let known = sections.iter().filter(|s| s.id.index() < catalogue.sections.len());
    let sections = known.map(|s| seat_view(&catalogue, s)).collect();
    let windows = Windows::now(&state);
    Ok(HttpResponse::Ok().json(Status { windows, sections, as_of: as_of.0 }))
}
