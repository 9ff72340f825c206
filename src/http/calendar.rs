//! The timetable for calendar programs: once as a file, and at a private address that works
//! without a sign-in. Of the address only a hash is kept; she can renew or revoke it.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::HttpState;
use super::access::{Anybody, AsStudent};
use super::admin::fresh_seed;
use super::catalogue::known;
use super::ical::{self, Material};
use super::openapi::{ChangeProblems, PublicProblems, ReadProblems};
use super::problem::{Problem, UNKNOWN_CALENDAR, preferred_language};
use crate::actors::view::decided_at;
use crate::domain::account::Language;
use crate::domain::command::Command;
use crate::domain::ids::StudentId;
use crate::domain::registry::Registry;
use crate::protocol::convert::hex;

const CALENDAR: &str = "text/calendar; charset=utf-8";
/// Random bytes in an address, and its characters.
const SECRET_BYTES: usize = 32;

/// Whether her calendar has an address. What it is was told once, when it was made.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CalendarView {
    /// When the address was made; `null`: there is none.
    pub since: Option<u64>,
}

/// A new address.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CalendarAddress {
    /// The path on this server. Whoever has it can read the timetable: it is not kept, and not
    /// told again.
    pub path: String,
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// What a student's calendar is made of; in the language that she chose, or else this one.
fn material(registry: &Registry, id: StudentId, otherwise: Language) -> Material {
    let student = registry.student(id);
    let enrolments = student.enrolments.iter();
    Material {
        catalogue: Arc::clone(&registry.catalogue),
        enrolments: enrolments.map(|e| (e.clone(), decided_at(registry, id, e.since).0)).collect(),
        changes: registry.catalogue_changes,
        language: student.account.preferences.language.unwrap_or(otherwise),
    }
}

/// Answers with an `ETag`, or 304 when the reader has this very text.
fn answer(req: &HttpRequest, material: &Material, attachment: bool) -> HttpResponse {
    let text = ical::calendar(material);
    let tag = hex(&Sha256::digest(text.as_bytes())[..16]);
    let (mut response, same) = known(req, &tag, "private, no-cache");
    if same {
        return response.finish();
    }
    response.insert_header((CONTENT_TYPE, CALENDAR));
    if attachment {
        response.insert_header((CONTENT_DISPOSITION, "attachment; filename=\"timetable.ics\""));
    }
    response.body(text)
}

/// Her timetable as a file
#[utoipa::path(
    get, path = "/api/timetable.ics", tag = "student",
    responses((status = 200, body = String, content_type = "text/calendar"), ReadProblems)
)]
pub async fn once(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    let language = preferred_language(req.headers());
    let (_, material) = state.gateway.read(move |r| material(r, student, language)).await?;
    Ok(answer(&req, &material, true))
}

/// A timetable at its private address
#[utoipa::path(
    get, path = "/calendar/{secret}.ics", tag = "student", security(()),
    params(("secret" = String, Path, description = "As told by `POST /api/calendar`")),
    responses((status = 200, body = String, content_type = "text/calendar"), PublicProblems)
)]
pub async fn feed(
    _anybody: Anybody,
    state: web::Data<HttpState>,
    secret: web::Path<String>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let unknown = || Problem::new(&UNKNOWN_CALENDAR, "make a new address on your account's page");
    if secret.len() != 2 * SECRET_BYTES {
        return Err(unknown());
    }
    let hash = hash(&secret);
    let read = state.gateway.read(move |r| Some(material(r, r.calendar_of(&hash)?, Language::Nl)));
    let material = read.await?.1.ok_or_else(unknown)?;
    Ok(answer(&req, &material, false))
}

/// Whether her calendar has an address
#[utoipa::path(
    get, path = "/api/calendar", tag = "student",
    responses((status = 200, body = CalendarView), ReadProblems)
)]
pub async fn get(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    let since = move |r: &Registry| {
        r.student(student).account.calendar.as_ref().map(|calendar| calendar.since.0)
    };
    let (_, since) = state.gateway.read(since).await?;
    Ok(HttpResponse::Ok().json(CalendarView { since }))
}

/// Give the calendar a new address
///
/// One that there was is gone.
#[utoipa::path(
    post, path = "/api/calendar", tag = "student",
    responses((status = 200, body = CalendarAddress), ChangeProblems)
)]
pub async fn renew(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    let secret = hex(&fresh_seed()?);
    let set = Command::SetCalendar(student, Some(hash(&secret)));
    state.gateway.command(set).await?;
    Ok(HttpResponse::Ok().json(CalendarAddress { path: format!("/calendar/{secret}.ics") }))
}

/// Take the calendar's address away
#[utoipa::path(
    delete, path = "/api/calendar", tag = "student",
    responses((status = 204, description = "There is none now"), ChangeProblems)
)]
pub async fn revoke(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    state.gateway.command(Command::SetCalendar(student, None)).await?;
    Ok(HttpResponse::NoContent().finish())
}
