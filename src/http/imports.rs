//! `/api/admin/catalogue`, `/api/admin/students`, `/api/admin/results`: files, all of them or
//! nothing.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::HttpState;
use super::access::AsRegistrar;
use super::admin::fresh_seed;
use super::extract::payload_problem;
use super::openapi::ChangeProblems;
use super::problem::{IMPORT_INVALID, Problem, REAL_DATA};
use crate::actors::gateway::Answer;
use crate::domain::acts::Author;
use crate::domain::command::Command;
use crate::domain::import::{Difference, Draft};
use crate::limits;

/// What a reader of files gives: the whole draft, or every fault, one line each.
pub type FileRead = Result<Draft, Vec<String>>;
/// Gives the secret of a window's draw.
pub type Seeds<'a> = &'a mut dyn FnMut() -> [u8; 32];

/// The readers of files: a name, the bytes, and the name of the format, where it was given.
#[derive(Clone, Copy)]
pub struct Importers {
    /// A catalogue.
    pub catalogue: fn(&str, &[u8], Option<&str>, Seeds<'_>) -> FileRead,
    /// Students.
    pub students: fn(&str, &[u8], Option<&str>) -> FileRead,
    /// Study results.
    pub results: fn(&str, &[u8], Option<&str>) -> FileRead,
}

/// How to take a file.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// Change nothing; only say what would change.
    pub dry_run: bool,
    /// `toml`, `json`, `csv` or `sections`; left out: by the name, else by the content.
    pub format: Option<String>,
    /// The file's name, for the faults.
    pub name: Option<String>,
}

/// What a file changes, or would change.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ImportAnswer {
    /// Whether it was carried out.
    pub applied: bool,
    /// Journal position, when something changed.
    pub journal: Option<u64>,
    /// New things, as `kind key`.
    pub added: Vec<String>,
    /// Changed things, as `kind key: what`.
    pub changed: Vec<String>,
    /// Things as they were.
    pub unchanged: u64,
    /// Courses and sections that the file does not name; they stay.
    pub kept: Vec<String>,
}

fn refused(mut faults: Vec<String>) -> Problem {
    let count = faults.len();
    if count > limits::IMPORT_FAULTS_MAX {
        faults.truncate(limits::IMPORT_FAULTS_MAX);
        faults.push(format!("and {} more", count - limits::IMPORT_FAULTS_MAX));
    }
    Problem::new(&IMPORT_INVALID, "nothing was imported; correct the faults and send it again")
        .faults(faults)
}

fn answer(difference: Difference, applied: bool, journal: Option<u64>) -> HttpResponse {
    HttpResponse::Ok().json(ImportAnswer {
        applied,
        journal,
        added: difference.added,
        changed: difference.changed,
        unchanged: difference.unchanged as u64,
        kept: difference.kept,
    })
}

/// Parses away from the HTTP worker, compares, and imports unless it is a dry run.
async fn import(
    state: &HttpState,
    AsRegistrar(by): AsRegistrar,
    body: Result<web::Bytes, actix_web::Error>,
    name: &str,
    dry_run: bool,
    read: impl FnOnce(&[u8]) -> Result<Draft, Vec<String>> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let bytes = body.map_err(|e| payload_problem(&e, limits::IMPORT_BYTES_MAX))?;
    let draft = web::block(move || read(&bytes)).await;
    let draft = draft.map_err(|_| Problem::of_status(StatusCode::SERVICE_UNAVAILABLE))?;
    let draft = Arc::new(draft.map_err(refused)?);
    if let Some(rule) = state.access.settings.imports.as_ref().filter(|r| !(r.allows)(&draft)) {
        return Err(Problem::new(&REAL_DATA, &rule.refusal));
    }
    let compared = Arc::clone(&draft);
    let prepare = state.gateway.read(move |registry| {
        registry.prepare_import(&compared).map(|prepared| prepared.difference)
    });
    let prepared = prepare.await?.1;
    let difference =
        prepared.map_err(|faults| refused(faults.iter().map(|f| f.in_file(name)).collect()))?;
    if dry_run {
        return Ok(answer(difference, false, None));
    }
    let command = Command::Import(draft).by(Author { by, reason: None });
    let journal = match state.gateway.command(command).await? {
        Answer::Done(sequence) => Some(sequence.0),
        _ => None,
    };
    Ok(answer(difference, true, journal))
}

/// Import a catalogue: terms, courses, programmes, windows
#[utoipa::path(
    post, path = "/api/admin/catalogue", tag = "registrar", params(ImportQuery),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportAnswer), ChangeProblems)
)]
pub async fn catalogue(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    query: web::Query<ImportQuery>,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let read = state.importers.catalogue;
    let ImportQuery { dry_run, format, name } = query.into_inner();
    let root = fresh_seed()?;
    let name = name.unwrap_or_else(|| "catalogue".to_owned());
    let file = name.clone();
    let parse = move |bytes: &[u8]| {
        let mut count = 0_u32;
        let mut seeds = || {
            count += 1;
            derived_seed(&root, count)
        };
        read(&file, bytes, format.as_deref(), &mut seeds)
    };
    import(&state, registrar, body, &name, dry_run, parse).await
}

/// A window's secret, from one fresh secret and its place in the file.
fn derived_seed(root: &[u8; 32], count: u32) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::new().chain_update(root).chain_update(count.to_be_bytes()).finalize().into()
}

/// Import students
#[utoipa::path(
    post, path = "/api/admin/students", tag = "registrar", params(ImportQuery),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportAnswer), ChangeProblems)
)]
pub async fn students(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    query: web::Query<ImportQuery>,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    list(&state, registrar, query.into_inner(), "students", state.importers.students, body).await
}

/// Import study results
///
/// Each new or changed result is a message to its student; what is as it was makes none. A course
/// that is passed counts for prerequisites at once.
#[utoipa::path(
    post, path = "/api/admin/results", tag = "registrar", params(ImportQuery),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, body = ImportAnswer), ChangeProblems)
)]
pub async fn results(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    query: web::Query<ImportQuery>,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    list(&state, registrar, query.into_inner(), "results", state.importers.results, body).await
}

async fn list(
    state: &HttpState,
    registrar: AsRegistrar,
    query: ImportQuery,
    default_name: &str,
    read: fn(&str, &[u8], Option<&str>) -> FileRead,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let ImportQuery { dry_run, format, name } = query;
    let name = name.unwrap_or_else(|| default_name.to_owned());
    let file = name.clone();
    let parse = move |bytes: &[u8]| read(&file, bytes, format.as_deref());
    import(state, registrar, body, &name, dry_run, parse).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_very_many_faults_tells_the_first_and_the_number() {
        let faults = (1..=500).map(|i| format!("line {i}: bad")).collect();
        let problem = refused(faults);
        assert_eq!(problem.faults.len(), limits::IMPORT_FAULTS_MAX + 1);
        assert_eq!(problem.faults.last().unwrap(), "and 450 more");
    }

    #[test]
    fn windows_of_one_file_have_secrets_of_their_own() {
        assert_ne!(derived_seed(&[1; 32], 1), derived_seed(&[1; 32], 2));
        assert_ne!(derived_seed(&[1; 32], 1), derived_seed(&[2; 32], 1));
    }
}
