//! `/healthz`, `/readyz`, `/metrics`: for machines that watch machines.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, web};

use super::HttpState;
use super::auth::Role;
use super::openapi::{PublicProblems, ReadProblems};
use super::origin::is_local;
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
        (status = 200, description = "`ready`", body = String, content_type = "text/plain"),
        PublicProblems,
    )
)]
pub async fn readyz(state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    match state.gateway.is_ready() {
        true => Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n")),
        false => Err(Problem::new(&NOT_READY, "send requests elsewhere").retry_after(1_000)),
    }
}

/// Prometheus metrics
///
/// For this machine itself without a token, for others with an operator's.
#[utoipa::path(
    get, path = "/metrics", tag = "operator",
    responses(
        (status = 200, body = String, content_type = "text/plain"),
        ReadProblems,
    )
)]
pub async fn metrics(
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    if !is_local(&req) {
        state.access.authenticate(&req)?.require(Role::Operator)?;
    }
    let text = state.gateway.metrics().render();
    let kind = (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    Ok(HttpResponse::Ok().insert_header(kind).body(text))
}
