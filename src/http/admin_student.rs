//! `/api/admin/student/…`: what the registrar does for one student. Her number is in the body,
//! never in a path or a query. Every act needs a reason, which she reads in her message centre.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::HttpState;
use super::access::AsRegistrar;
use super::acts::{act, required_reason};
use super::admin::Done;
use super::openapi::ChangeProblems;
use super::problem::{INVALID, Problem, TOO_MANY, UNKNOWN_STUDENT};
use crate::domain::acts::Place;
use crate::domain::command::Command;
use crate::domain::ids::{Key, StudentId};
use crate::limits::COMPONENTS_MAX;
use crate::protocol::convert;

/// A seat in every component of a course, by the registrar's hand.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceBody {
    /// Student number.
    pub student: String,
    /// Course code.
    pub course: String,
    /// Section keys, one a component, in the catalogue's order.
    pub sections: Vec<String>,
    /// Where a section is full, let her in beyond its capacity.
    #[serde(default)]
    pub over_capacity: bool,
    /// Pass over her own checks (block, prerequisites, credits), clashes and closed sections.
    #[serde(default)]
    pub override_checks: bool,
    /// Why, in 1 to 300 characters: she reads it, and it is kept in the audit log.
    #[serde(default)]
    #[schema(required)]
    pub reason: Option<String>,
}

/// A student's seats in a course.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveBody {
    /// Student number.
    pub student: String,
    /// Course code.
    pub course: String,
    /// Why, in 1 to 300 characters: she reads it, and it is kept in the audit log.
    #[serde(default)]
    #[schema(required)]
    pub reason: Option<String>,
}

/// A block.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockBody {
    /// Student number.
    pub student: String,
    /// The block's code, such as `FEE`.
    pub code: String,
    /// Why, in 1 to 300 characters: she reads it, and it is kept in the audit log.
    #[serde(default)]
    #[schema(required)]
    pub reason: Option<String>,
}

/// The student with the number that a body names.
pub(super) async fn find(state: &HttpState, number: &str) -> Result<StudentId, Problem> {
    let invalid = |e| Problem::new(&INVALID, format!("the student number {e}"));
    let key = Key::new(number).map_err(invalid)?;
    let unknown = || Problem::new(&UNKNOWN_STUDENT, "no student with this number was imported");
    state.find_student(&key).await?.ok_or_else(unknown)
}

async fn place(
    state: &HttpState,
    registrar: AsRegistrar,
    body: &PlaceBody,
    moved: bool,
) -> Result<HttpResponse, Problem> {
    let reason = required_reason(body.reason.as_deref())?;
    let student = find(state, &body.student).await?;
    let catalogue = state.gateway.catalogue();
    let course = convert::course_id(&catalogue, &body.course)?;
    if body.sections.len() > COMPONENTS_MAX {
        let detail = format!("give one section a component, at most {COMPONENTS_MAX}");
        return Err(Problem::new(&TOO_MANY, detail));
    }
    let sections = body.sections.iter().map(|key| convert::section_id(&catalogue, key));
    let sections = sections.collect::<Result<_, _>>()?;
    let (over_capacity, override_checks) = (body.over_capacity, body.override_checks);
    let place = Place { student, course, sections, moved, over_capacity, override_checks };
    act(state, registrar, reason, Command::Place(Box::new(place))).await
}

/// Enrol a student
///
/// Her own checks hold unless they are overridden; a full section takes her only when asked to go
/// over its capacity, and is then shown as over capacity.
#[utoipa::path(
    post, path = "/api/admin/student/enrol", tag = "registrar", request_body = PlaceBody,
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn enrol(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    body: web::Json<PlaceBody>,
) -> Result<HttpResponse, Problem> {
    place(&state, registrar, &body, false).await
}

/// Move a student to other sections of a course that she has, in one step
#[utoipa::path(
    post, path = "/api/admin/student/move", tag = "registrar", request_body = PlaceBody,
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn move_to(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    body: web::Json<PlaceBody>,
) -> Result<HttpResponse, Problem> {
    place(&state, registrar, &body, true).await
}

/// Take a student's seats in a course back; they go to who waits
#[utoipa::path(
    post, path = "/api/admin/student/drop", tag = "registrar", request_body = RemoveBody,
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn remove(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    body: web::Json<RemoveBody>,
) -> Result<HttpResponse, Problem> {
    let reason = required_reason(body.reason.as_deref())?;
    let student = find(&state, &body.student).await?;
    let course = convert::course_id(&state.gateway.catalogue(), &body.course)?;
    act(&state, registrar, reason, Command::Remove { student, course }).await
}

async fn set_block(
    state: &HttpState,
    registrar: AsRegistrar,
    body: &BlockBody,
    blocked: bool,
) -> Result<HttpResponse, Problem> {
    let reason = required_reason(body.reason.as_deref())?;
    let code = Key::new(&body.code).map_err(|e| Problem::new(&INVALID, format!("code {e}")))?;
    let student = find(state, &body.student).await?;
    act(state, registrar, reason, Command::SetBlock { student, code, blocked }).await
}

/// Block a student: she may not register until it is lifted
///
/// It holds whatever the next file of students says.
#[utoipa::path(
    post, path = "/api/admin/student/block", tag = "registrar", request_body = BlockBody,
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn block(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    body: web::Json<BlockBody>,
) -> Result<HttpResponse, Problem> {
    set_block(&state, registrar, &body, true).await
}

/// Lift a student's block
///
/// It stays lifted whatever the next file of students says.
#[utoipa::path(
    post, path = "/api/admin/student/unblock", tag = "registrar", request_body = BlockBody,
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn unblock(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    body: web::Json<BlockBody>,
) -> Result<HttpResponse, Problem> {
    set_block(&state, registrar, &body, false).await
}
