//! `GET /ws`: the way in to the WebSocket. Who may come in is decided here, what happens inside
//! in [`super::ws`].

use actix_web::http::header::{SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use actix_web::{HttpRequest, HttpResponse, web};

use super::access::Authenticated;
use super::auth::Role;
use super::origin::{client_address, origin_allowed};
use super::problem::{FOREIGN_ORIGIN, MALFORMED, Problem};
use super::{HttpState, ws};

/// The version of RFC 6455.
const VERSION: &str = "13";

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
    if let Some(other) = other_version(&req) {
        return Ok(other);
    }
    if !has_a_nonce(&req) {
        let detail = "Sec-WebSocket-Key is 16 bytes in base64 (RFC 6455, 4.1)";
        return Err(Problem::new(&MALFORMED, detail).into());
    }
    who.require(Role::Student)?;
    let key = who.claims.student.as_ref().ok_or(super::auth::AuthError::Invalid);
    let student = state.student(key.map_err(Problem::from)?).await?;
    ws::open(&req, payload, &state.gateway, student, who.claims)
}

/// The answer to an upgrade in another version than ours (RFC 6455, 4.4); the library takes older
/// drafts for it.
fn other_version(req: &HttpRequest) -> Option<HttpResponse> {
    let version = req.headers().get(SEC_WEBSOCKET_VERSION);
    let ours = !req.headers().contains_key(UPGRADE) || version.is_some_and(|v| v == VERSION);
    (!ours).then(|| {
        HttpResponse::UpgradeRequired().insert_header((SEC_WEBSOCKET_VERSION, VERSION)).finish()
    })
}

/// Whether an upgrade brings a nonce of 16 bytes in base64, which the library does not look at: 22
/// digits, of which the last has four bits to spare, and the padding. A request without the header
/// is left to the library, which says what else is missing.
fn has_a_nonce(req: &HttpRequest) -> bool {
    let digit = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    let good = |key: &[u8]| {
        let Some((digits, b"==")) = key.split_at_checked(22) else { return false };
        digits.iter().all(digit) && matches!(digits.last(), Some(b'A' | b'Q' | b'g' | b'w'))
    };
    let key = req.headers().get(SEC_WEBSOCKET_KEY);
    !req.headers().contains_key(UPGRADE) || key.is_none_or(|key| good(key.as_bytes()))
}
