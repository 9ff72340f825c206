//! `/api/admin/demand`, `/api/admin/blockers`: what the plans ask before an opening, and what stands
//! in their way, so that something can be done about it the day before.

use std::cmp::Reverse;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::survey::{SurveyData, survey, window};
use super::types::{BlockedPlan, Demand, DemandSection, PlanBlockers, ReasonCount};
use crate::domain::outcome::Reason;
use crate::domain::survey::{Blocked, shortage};
use crate::http::HttpState;
use crate::http::access::AsRegistrar;
use crate::http::listing::page_bounds;
use crate::http::openapi::ReadProblems;
use crate::http::problem::{INVALID, Problem};
use crate::limits;
use crate::protocol::convert::{reason_view, text_view};

/// Of which window, in which order.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DemandQuery {
    /// Window key; left out: the first that is not over.
    pub window: Option<String>,
    /// `shortage` (unless said otherwise), `first` or `all`, most first; or `code`.
    pub sort: Option<String>,
}

/// Of which window, for which reason.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BlockersQuery {
    /// Window key; left out: the first that is not over.
    pub window: Option<String>,
    /// Only this reason.
    pub reason: Option<String>,
    /// Page of 100, from 1.
    pub page: Option<u32>,
}

fn demand_view(data: &SurveyData, sort: Option<&str>) -> Result<Demand, Problem> {
    let catalogue = &data.survey.catalogue;
    let section = |(seats, first_choices): (&crate::domain::section::Section, u32)| {
        let info = catalogue.section(seats.id);
        let course = catalogue.course(info.course);
        DemandSection {
            section: info.key.to_string(),
            course: course.key.to_string(),
            name: text_view(&course.name),
            kind: course.components[usize::from(info.component)].kind.as_str().to_owned(),
            capacity: seats.capacity,
            first_choices,
            all_choices: data.survey.demand.accepting(seats.id),
            shortage: shortage(first_choices, data.quotes.get(seats.id)),
        }
    };
    let mut sections: Vec<_> = data.covered().map(section).collect();
    let by: fn(&DemandSection) -> u32 = match sort {
        None | Some("shortage") => |s| s.shortage,
        Some("first") => |s| s.first_choices,
        Some("all") => |s| s.all_choices,
        Some("code") => |_| 0,
        Some(_) => return Err(Problem::new(&INVALID, "sort is shortage, first, all or code")),
    };
    sections.sort_by(|a, b| {
        let order = Reverse(by(a)).cmp(&Reverse(by(b)));
        order.then(
            Reverse(a.first_choices).cmp(&Reverse(b.first_choices)).then(a.section.cmp(&b.section)),
        )
    });
    if sort == Some("code") {
        sections.sort_by(|a, b| a.section.cmp(&b.section));
    }
    Ok(Demand {
        window: data.window.rules.key.to_string(),
        armed: data.armed(),
        students_with_plan: data.survey.students,
        sections,
        as_of: data.as_of.0,
        server_time: data.server_time,
    })
}

fn blockers_view(
    data: &SurveyData,
    reason: Option<&str>,
    page: u32,
) -> Result<PlanBlockers, Problem> {
    if reason.is_some_and(|reason| !Reason::KEYS.contains(&reason)) {
        let detail = format!("reason is one of {}", Reason::KEYS.join(", "));
        return Err(Problem::new(&INVALID, detail));
    }
    let (skip, take) = page_bounds(page, limits::PAGE_ITEMS_MAX)?;
    let catalogue = &data.survey.catalogue;
    let found = |b: &&Blocked| reason.is_none_or(|reason| b.reason.key() == reason);
    let view = |b: &Blocked| {
        let reason = reason_view(catalogue, &b.reason);
        BlockedPlan {
            student: b.student.to_string(),
            course: catalogue.course(b.course).key.to_string(),
            reason: reason.reason,
            detail: reason.about,
        }
    };
    let counts = Reason::KEYS.iter().zip(data.survey.reasons).filter(|(_, n)| *n > 0);
    let count =
        |(reason, students): (&&str, u32)| ReasonCount { reason: (*reason).to_owned(), students };
    let rows = || data.survey.blocked.iter().filter(found);
    Ok(PlanBlockers {
        reasons: counts.map(count).collect(),
        students: rows().skip(skip).take(take).map(view).collect(),
        total: rows().count() as u32,
        as_of: data.as_of.0,
        server_time: data.server_time,
    })
}

/// What the plans ask of each section of a window's courses
///
/// First choices, all choices and what is short, over every plan whether armed or not. Kept for
/// some seconds: `as_of` and `server_time` say from when it is.
#[utoipa::path(
    get, path = "/api/admin/demand", tag = "registrar", params(DemandQuery),
    responses((status = 200, body = Demand), ReadProblems)
)]
pub async fn demand(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
    query: web::Query<DemandQuery>,
) -> Result<HttpResponse, Problem> {
    let id = window(&state, query.window.as_deref())?;
    let data = survey(&state, id).await?;
    Ok(HttpResponse::Ok().json(demand_view(&data, query.sort.as_deref())?))
}

/// Plans with something in their way, by reason
///
/// As if each plan were decided now, alone. What a student has already is not in her way.
#[utoipa::path(
    get, path = "/api/admin/blockers", tag = "registrar", params(BlockersQuery),
    responses((status = 200, body = PlanBlockers), ReadProblems)
)]
pub async fn blockers(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
    query: web::Query<BlockersQuery>,
) -> Result<HttpResponse, Problem> {
    let id = window(&state, query.window.as_deref())?;
    let data = survey(&state, id).await?;
    let view = blockers_view(&data, query.reason.as_deref(), query.page.unwrap_or(1))?;
    Ok(HttpResponse::Ok().json(view))
}
