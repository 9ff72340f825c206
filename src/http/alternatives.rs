//! `/api/alternatives`: what fits now in place of a course.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::HttpState;
use super::access::AsStudent;
use super::openapi::ReadProblems;
use super::problem::{Problem, UNKNOWN_COURSE};
use crate::domain::alternatives::Alternatives;
use crate::domain::catalogue::Catalogue;
use crate::domain::ids::SectionId;
use crate::protocol::convert::text_view;
use crate::protocol::server::TextView;

/// In place of which course.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AlternativesQuery {
    /// Course code.
    pub course: String,
    /// Another course would be taken in a swap, in place of her seat in this one: that seat's
    /// credits and hours do not count. `false` unless said otherwise.
    #[serde(default)]
    pub swap: bool,
}

/// Another course, with sections that fit.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct OtherCourse {
    /// Course code.
    pub course: String,
    /// Shown name.
    pub name: TextView,
    /// ECTS.
    pub credits: f64,
    /// Section keys, one a component.
    pub sections: Vec<String>,
}

/// What has seats right now and clashes with nothing that she has.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct AlternativesView {
    /// Course code.
    pub course: String,
    /// Combinations of this course's sections, at most three; section keys, one a component.
    pub sections: Vec<Vec<String>>,
    /// Other courses of her programme, at most three.
    pub courses: Vec<OtherCourse>,
    /// Journal position that this rests on.
    pub as_of: u64,
}

fn view(catalogue: &Catalogue, course: &str, found: &Alternatives) -> AlternativesView {
    let keys = |sections: &[SectionId]| {
        sections.iter().map(|s| catalogue.section(*s).key.to_string()).collect::<Vec<_>>()
    };
    let other = |(id, sections): &(crate::domain::ids::CourseId, Vec<SectionId>)| {
        let course = catalogue.course(*id);
        OtherCourse {
            course: course.key.to_string(),
            name: text_view(&course.name),
            credits: f64::from(course.credits.0) / 100.0,
            sections: keys(sections),
        }
    };
    AlternativesView {
        course: course.to_owned(),
        sections: found.sections.iter().map(|s| keys(s)).collect(),
        courses: found.courses.iter().map(other).collect(),
        as_of: 0,
    }
}

/// What fits now in place of a course
///
/// Advice: by the seats that are on disk, in windows that are open. Another may be quicker.
#[utoipa::path(
    get, path = "/api/alternatives", tag = "student", params(AlternativesQuery),
    responses((status = 200, body = AlternativesView), ReadProblems)
)]
pub async fn list(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
    query: web::Query<AlternativesQuery>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    let AlternativesQuery { course: code, swap } = query.into_inner();
    let gateway = state.gateway.clone();
    let read = state.gateway.read(move |registry| {
        let course = registry.catalogue.course_id(&code)?;
        let concerned = registry.alternatives_concerned(student, course);
        let quotes = gateway.board().quotes(&concerned);
        let found = registry.alternatives(student, course, swap, &quotes);
        Some(view(&registry.catalogue, &code, &found))
    });
    let (as_of, view) = read.await?;
    let unknown = || Problem::new(&UNKNOWN_COURSE, "see /api/catalogue for what there is");
    let view = view.ok_or_else(unknown)?;
    Ok(HttpResponse::Ok().json(AlternativesView { as_of: as_of.0, ..view }))
}
