//! `GET /api/catalogue…`, `/api/seats`, `/api/programmes`: what there is, for anybody.

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::HttpState;
use super::access::Anybody;
use super::listing::{CatalogueQuery, Facets};
use super::openapi::PublicProblems;
use super::problem::{Problem, TOO_MANY, UNKNOWN_COURSE};
use super::views::{CourseView, ProgrammeView, SeatView, seat_view, sections_of};
use crate::actors::board::SeatBoard;
use crate::domain::catalogue::Catalogue;
use crate::limits;
use crate::protocol::convert::{hex, section_status};

/// A page of the catalogue.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CataloguePage {
    /// This page, from 1.
    pub page: u32,
    /// Courses a page.
    pub per_page: u32,
    /// Courses that match.
    pub total: u32,
    /// Those of this page.
    pub courses: Vec<CourseView>,
    /// What the filters can be set to.
    pub facets: Facets,
    /// With seats: journal position that the seats rest on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<u64>,
}

/// Which courses' seats.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SeatsQuery {
    /// Course codes with commas between them, at most 50.
    pub course: String,
}

/// Seats right now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatsAnswer {
    /// Journal position that these rest on.
    pub as_of: u64,
    /// Of every section of the courses asked for.
    pub sections: Vec<SeatView>,
}

/// Answers with an `ETag`, or 304 when the reader has this very text.
pub(super) fn tagged(req: &HttpRequest, tag: &str, body: &impl Serialize) -> HttpResponse {
    let (mut response, same) = known(req, tag, "no-cache");
    match same {
        true => response.finish(),
        false => response.json(body),
    }
}

/// An answer begun, with its `ETag`, and whether the reader has this very text: then it is a 304.
pub(super) fn known(
    req: &HttpRequest,
    tag: &str,
    cache: &'static str,
) -> (HttpResponseBuilder, bool) {
    let quoted = format!("\"{tag}\"");
    let known = req.headers().get(IF_NONE_MATCH).and_then(|h| h.to_str().ok());
    let same = |have: &str| have.trim().trim_start_matches("W/") == quoted || have.trim() == "*";
    let same = known.is_some_and(|list| list.split(',').any(same));
    let mut response = if same { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, quoted)).insert_header((CACHE_CONTROL, cache));
    (response, same)
}

/// Puts the seats in force into a view.
fn with_seats(catalogue: &Catalogue, board: &SeatBoard, view: &mut CourseView) {
    for section in view.components.iter_mut().flat_map(|c| &mut c.sections) {
        let id = catalogue.section_id(&section.key);
        if let Some(seats) = id.and_then(|id| board.get(id)) {
            let quote = seats.quote();
            section.capacity = seats.capacity;
            section.left = Some(quote.left);
            section.status = Some(section_status(quote.status).to_owned());
        }
    }
}

/// Courses, searched, filtered and paged
///
/// The answer has an `ETag` for the version of the catalogue; live seats are apart, in
/// `/api/seats`, or included on request with `seats=true` or `available=true`, and then there is
/// no `ETag`.
#[utoipa::path(
    get, path = "/api/catalogue", tag = "catalogue", params(CatalogueQuery), security(()),
    responses(
        (status = 200, body = CataloguePage),
        (status = 304, description = "As in `If-None-Match`"),
        PublicProblems,
    )
)]
pub async fn list(
    _anybody: Anybody,
    state: web::Data<HttpState>,
    query: web::Query<CatalogueQuery>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (first, size) = query.page()?;
    let listing = state.listing();
    let mut found = listing.find(&query);
    let board = state.gateway.board();
    if query.available == Some(true) {
        found.retain(|course| listing.available(*course, board));
    }
    let courses = found.iter().skip(first).take(size).map(|i| listing.courses[*i].clone());
    let mut page = CataloguePage {
        page: query.page.unwrap_or(1),
        per_page: size as u32,
        total: found.len() as u32,
        courses: courses.collect(),
        facets: listing.facets(),
        as_of: None,
    };
    if query.seats == Some(true) || query.available == Some(true) {
        page.as_of = Some(board.sections(&[]).0.0);
        for course in &mut page.courses {
            with_seats(&listing.catalogue, board, course);
        }
        return Ok(HttpResponse::Ok().json(page));
    }
    let mut hash = Sha256::new_with_prefix(&listing.version);
    hash.update(serde_json::to_vec(&*query).unwrap_or_default());
    Ok(tagged(&req, &hex(&hash.finalize()[..16]), &page))
}

/// One course
#[utoipa::path(
    get, path = "/api/catalogue/{code}", tag = "catalogue", security(()),
    params(("code" = String, Path, description = "Course code")),
    responses(
        (status = 200, body = CourseView),
        (status = 304, description = "As in `If-None-Match`"),
        PublicProblems,
    )
)]
pub async fn course(
    _anybody: Anybody,
    state: web::Data<HttpState>,
    code: web::Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let listing = state.listing();
    let id = listing.catalogue.course_id(&code);
    let id = id.ok_or_else(|| Problem::new(&UNKNOWN_COURSE, "look it up in /api/catalogue"))?;
    Ok(tagged(&req, &listing.version, &listing.courses[id.index()]))
}

/// Seats left right now
#[utoipa::path(
    get, path = "/api/seats", tag = "catalogue", params(SeatsQuery), security(()),
    responses((status = 200, body = SeatsAnswer), PublicProblems)
)]
pub async fn seats(
    _anybody: Anybody,
    state: web::Data<HttpState>,
    query: web::Query<SeatsQuery>,
) -> Result<HttpResponse, Problem> {
    let catalogue = state.gateway.catalogue();
    let codes = query.course.split(',').map(str::trim).filter(|code| !code.is_empty());
    let codes: Vec<&str> = codes.take(limits::SEATS_COURSES_MAX + 1).collect();
    if codes.len() > limits::SEATS_COURSES_MAX {
        let max = limits::SEATS_COURSES_MAX;
        return Err(Problem::new(&TOO_MANY, format!("ask for at most {max} courses at once")));
    }
    let mut ids = Vec::new();
    for code in codes {
        let id = crate::protocol::convert::course_id(&catalogue, code)
            .map_err(|unknown| Problem::new(&UNKNOWN_COURSE, unknown.to_string()))?;
        ids.extend(sections_of(&catalogue.courses[id.index()]));
    }
    let (as_of, sections) = state.gateway.board().sections(&ids);
    let sections = sections.iter().map(|s| seat_view(&catalogue, s)).collect();
    Ok(HttpResponse::Ok().json(SeatsAnswer { as_of: as_of.0, sections }))
}

/// Study programmes and what they ask for
#[utoipa::path(
    get, path = "/api/programmes", tag = "catalogue", security(()),
    responses(
        (status = 200, body = Vec<ProgrammeView>),
        (status = 304, description = "As in `If-None-Match`"),
        PublicProblems,
    )
)]
pub async fn programmes(
    _anybody: Anybody,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let listing = state.listing();
    Ok(tagged(&req, &listing.version, &listing.programmes))
}
