//! `GET /ws`: the way in to the WebSocket. Who may come in is decided here, what happens inside
//! in [`super::ws`].

use actix_web::{HttpRequest, HttpResponse, web};

use super::access::Authenticated;
use super::auth::Role;
use super::origin::{client_address, origin_allowed};
use super::problem::{FOREIGN_ORIGIN, Problem};
use super::{HttpState, ws};

/// Upgrades a signed-in student's request to a WebSocket; see `docs/asyncapi.yaml`
pub async fn connect(
    who: Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, actix_web::Error> {
    let access = &state.access;
    access.limiters.connect(client_address(&req, &access.settings))?;
    if !origin_allowed(&req, &access.settings) {
        let detail = "open this gateway's own page, or bring a bearer token";
        return Err(Problem::new(&FOREIGN_ORIGIN, detail).into());
    }
    who.require(Role::Student)?;
    let key = who.claims.student.as_ref().ok_or(super::auth::AuthError::Invalid);
    let student = state.student(key.map_err(Problem::from)?).await?;
    ws::open(&req, payload, &state.gateway, student, who.claims)
}
