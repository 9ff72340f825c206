//! What is one student's own: plan, enrolments, timetable, outcomes.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::HttpState;
use super::access::AsStudent;
use super::openapi::{ChangeProblems, ReadProblems};
use super::problem::Problem;
use super::timetable::{Timetable, timetable as timetable_of};
use crate::actors::view;
use crate::domain::command::Command;
use crate::domain::ids::StudentId;
use crate::domain::registry::Registry;
use crate::protocol::client::CourseRequestDto;
use crate::protocol::convert::{self, enrolment_view, plan_view};
use crate::protocol::server::{EnrolmentView, OutcomeView, PlanView, WaitlistView};

/// A plan to be saved.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanBody {
    /// Ranked, best first.
    pub courses: Vec<CourseRequestDto>,
}

/// What she has and what she waits for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Enrolments {
    /// Her seats.
    pub enrolments: Vec<EnrolmentView>,
    /// Her waitlist places.
    pub waitlist: Vec<WaitlistView>,
    /// Journal position that this rests on.
    pub as_of: u64,
}

/// What became of each course that she asked for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Outcomes {
    /// The latest of each course, newest first.
    pub outcomes: Vec<OutcomeView>,
    /// Journal position that this rests on.
    pub as_of: u64,
}

async fn plan_of(state: &HttpState, student: StudentId) -> Result<PlanView, Problem> {
    let gateway = state.gateway.clone();
    let read = state.gateway.read(move |registry| {
        let plan = Arc::clone(&registry.student(student).plan);
        let wanted = plan.courses.iter().flat_map(|r| r.sections(&registry.catalogue));
        let quotes = gateway.board().quotes(&wanted.collect::<Vec<_>>());
        let blockers = registry.blockers(student, &plan, &quotes);
        plan_view(&registry.catalogue, &plan, &blockers)
    });
    Ok(read.await?.1)
}

/// The plan, with everything that stands in its way right now
#[utoipa::path(
    get, path = "/api/plan", tag = "student",
    responses((status = 200, body = PlanView), ReadProblems)
)]
pub async fn plan(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    Ok(HttpResponse::Ok().json(plan_of(&state, student).await?))
}

/// Replace the plan; never costs a place in the line
#[utoipa::path(
    put, path = "/api/plan", tag = "student", request_body = PlanBody,
    responses((status = 200, body = PlanView), ChangeProblems)
)]
pub async fn set_plan(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
    body: web::Json<PlanBody>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    let plan = convert::plan(&state.gateway.catalogue(), &body.courses)?;
    state.gateway.command(Command::SetPlan(student, Arc::new(plan))).await?;
    Ok(HttpResponse::Ok().json(plan_of(&state, student).await?))
}

fn enrolments_of(registry: &Registry, student: StudentId) -> Enrolments {
    let catalogue = &registry.catalogue;
    let who = registry.student(student);
    Enrolments {
        enrolments: who.enrolments.iter().map(|e| enrolment_view(catalogue, e)).collect(),
        waitlist: convert::waitlist_views(registry, student),
        as_of: 0,
    }
}

/// Her seats and waitlist places
#[utoipa::path(
    get, path = "/api/enrolments", tag = "student",
    responses((status = 200, body = Enrolments), ReadProblems)
)]
pub async fn enrolments(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    let read = state.gateway.read(move |registry| enrolments_of(registry, student));
    let (as_of, view) = read.await?;
    Ok(HttpResponse::Ok().json(Enrolments { as_of: as_of.0, ..view }))
}

/// When and where her sections meet
#[utoipa::path(
    get, path = "/api/timetable", tag = "student",
    responses((status = 200, body = Timetable), ReadProblems)
)]
pub async fn timetable(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    let read = state.gateway.read(move |registry| {
        (Arc::clone(&registry.catalogue), registry.student(student).enrolments.clone())
    });
    let (as_of, (catalogue, enrolments)) = read.await?;
    Ok(HttpResponse::Ok().json(timetable_of(&catalogue, &enrolments, as_of)))
}

/// What became of each course that she asked for
#[utoipa::path(
    get, path = "/api/outcomes", tag = "student",
    responses((status = 200, body = Outcomes), ReadProblems)
)]
pub async fn outcomes(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    let (as_of, outcomes) = state.gateway.read(move |r| view::outcomes(r, student)).await?;
    Ok(HttpResponse::Ok().json(Outcomes { outcomes, as_of: as_of.0 }))
}
