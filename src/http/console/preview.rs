//! `/api/admin/sections/preview`: how many would be promoted by a capacity, on a copy.

use std::sync::Arc;

use actix_web::{HttpResponse, web};

use super::aside;
use super::types::{CapacityPreview, PreviewBody};
use crate::domain::preview::Preview;
use crate::domain::section::Section;
use crate::domain::window::Window;
use crate::http::HttpState;
use crate::http::access::AsRegistrar;
use crate::http::admin::within;
use crate::http::openapi::ChangeProblems;
use crate::http::problem::Problem;
use crate::http::turns::piece;
use crate::limits::{CAPACITY_MAX, SURVEY_TURN_ITEMS};
use crate::protocol::convert;

/// What a capacity would lead to; nothing is changed
///
/// The promotions of the change itself, by the rules that decide them. During registration the
/// waitlist may have moved by the time that the capacity is set.
#[utoipa::path(
    post, path = "/api/admin/sections/preview", tag = "registrar", request_body = PreviewBody,
    responses((status = 200, body = CapacityPreview), ChangeProblems)
)]
pub async fn preview(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
    body: web::Json<PreviewBody>,
) -> Result<HttpResponse, Problem> {
    within("capacity", body.capacity, 0..=CAPACITY_MAX)?;
    let gateway = &state.gateway;
    let section = convert::section_id(&gateway.catalogue(), &body.section)?;
    let first = piece(gateway, |registry| {
        let windows = registry.windows.iter().map(Window::without_tickets);
        (Arc::clone(&registry.catalogue), windows.collect::<Vec<_>>())
    });
    let (_, (catalogue, windows)) = first.await?;
    let course = catalogue.section(section).course;
    let mut copy = Preview::new(catalogue, windows, course);
    while let Some(from) = copy.next() {
        let read = piece(gateway, move |registry| registry.waiting_piece(from, SURVEY_TURN_ITEMS));
        copy.add(read.await?.1);
    }
    let sections = gateway.board().all().1;
    let now = sections.get(section.index()).copied();
    let now = now.unwrap_or_else(|| Section::new(section, Some(0)));
    let capacity = body.capacity;
    let found = aside(move || copy.run(section, capacity, sections)).await?;
    Ok(HttpResponse::Ok().json(CapacityPreview {
        capacity_now: now.capacity,
        taken: now.taken,
        waitlisted: found.waitlisted,
        promoted: found.promoted,
        left: found.after.quote().left,
        over_capacity: found.after.over_capacity(),
    }))
}
