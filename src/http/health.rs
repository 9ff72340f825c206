//! `/healthz`, `/readyz`: for machines that watch machines. What they measure is in
//! [`super::operator`], on an address of its own.

use actix_web::{HttpResponse, web};

use super::HttpState;
use super::openapi::PublicProblems;
use super::problem::{NOT_READY, Problem};

/// The process is up
#[utoipa::path(
    get, path = "/healthz", tag = "operator", security(()),
    responses((status = 200, description = "`ok`", body = String, content_type = "text/plain"))
)]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// The gateway takes requests: replay is over and it is not stopping
#[utoipa::path(
    get, path = "/readyz", tag = "operator", security(()),
    responses(
        (status = 200, description = "`ready`, with what is amiss", body = String, content_type = "text/plain"),
        PublicProblems,
    )
)]
pub async fn readyz(state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    // Who is signed in goes on without the provider: it is told, and is no reason to go elsewhere.
    let told = match state.can_sign_in() {
        true => "ready\n",
        false => "ready; nobody can sign in: the provider does not answer\n",
    };
    ready(state.gateway.is_ready(), told)
}

/// Whether it takes requests, as an answer.
pub(super) fn ready(ready: bool, told: &'static str) -> Result<HttpResponse, Problem> {
    match ready {
        true => Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(told)),
        false => Err(Problem::new(&NOT_READY, "send requests elsewhere").retry_after(1_000)),
    }
}
