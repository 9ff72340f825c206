//! `/api/devices`: where a student is signed in, and signing out there.

use actix_web::http::header::USER_AGENT;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::HttpState;
use super::access::Authenticated;
use super::admin::fresh_seed;
use super::auth::{AuthError, Role};
use super::openapi::{ChangeProblems, ReadProblems};
use super::problem::{Problem, UNKNOWN_DEVICE};
use crate::actors::gateway::Answer;
use crate::domain::account::{Account, Device, DeviceId};
use crate::domain::command::Command;
use crate::domain::ids::{StudentId, Timestamp};

/// A device that is signed in.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeviceView {
    /// The sign-in's number.
    pub id: String,
    /// Family of browser and system.
    pub agent: String,
    /// When it signed in.
    pub since: u64,
    /// Its sign-in runs out then.
    pub expires: u64,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Where she is signed in.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Devices {
    /// Newest first.
    pub devices: Vec<DeviceView>,
    /// When she last signed out everywhere.
    pub signed_out_everywhere: Option<u64>,
    /// Journal position that this rests on.
    pub as_of: u64,
}

/// The devices of an account whose sign-in has not run out.
pub fn devices_view(account: &Account, current: Option<DeviceId>, now: Timestamp) -> Devices {
    let view = |device: &Device| DeviceView {
        id: name(device.id),
        agent: device.agent.to_string(),
        since: device.since.0,
        expires: device.expires.0,
        current: Some(device.id) == current,
    };
    let devices = account.devices.iter().rev().filter(|device| device.expires > now);
    let out = account.signed_out;
    Devices {
        devices: devices.map(view).collect(),
        signed_out_everywhere: (out > Timestamp(0)).then_some(out.0),
        as_of: 0,
    }
}

fn name(id: DeviceId) -> String {
    format!("{:016x}", id.0)
}

/// A new device's number.
pub(super) fn fresh_device() -> Result<DeviceId, Problem> {
    let seed = fresh_seed()?;
    let mut id = [0; 8];
    id.copy_from_slice(&seed[..8]);
    Ok(DeviceId(u64::from_le_bytes(id)))
}

/// The family of browser and system that a request comes from: enough to know one's own devices
/// again, and nothing that tells two of a kind apart.
pub(super) fn agent(req: &HttpRequest) -> &'static str {
    let header = req.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    family(header.unwrap_or_default())
}

fn family(agent: &str) -> &'static str {
    const SYSTEMS: [(&str, usize); 6] =
        [("Android", 0), ("iPhone", 1), ("iPad", 1), ("Windows", 2), ("Mac OS X", 3), ("Linux", 4)];
    const BROWSERS: [(&str, [&str; 6]); 8] = [
        (
            "Edg",
            ["Edge, Android", "Edge, iOS", "Edge, Windows", "Edge, macOS", "Edge, Linux", "Edge"],
        ),
        (
            "OPR/",
            [
                "Opera, Android",
                "Opera, iOS",
                "Opera, Windows",
                "Opera, macOS",
                "Opera, Linux",
                "Opera",
            ],
        ),
        ("Firefox/", FIREFOX),
        ("FxiOS/", FIREFOX),
        ("CriOS/", CHROME),
        ("Chrome/", CHROME),
        (
            "Safari/",
            [
                "browser, Android",
                "Safari, iOS",
                "Safari, Windows",
                "Safari, macOS",
                "Safari, Linux",
                "Safari",
            ],
        ),
        (
            "",
            [
                "browser, Android",
                "browser, iOS",
                "browser, Windows",
                "browser, macOS",
                "browser, Linux",
                "other",
            ],
        ),
    ];
    const FIREFOX: [&str; 6] = [
        "Firefox, Android",
        "Firefox, iOS",
        "Firefox, Windows",
        "Firefox, macOS",
        "Firefox, Linux",
        "Firefox",
    ];
    const CHROME: [&str; 6] = [
        "Chrome, Android",
        "Chrome, iOS",
        "Chrome, Windows",
        "Chrome, macOS",
        "Chrome, Linux",
        "Chrome",
    ];
    let system = SYSTEMS.iter().find(|(word, _)| agent.contains(word)).map_or(5, |(_, i)| *i);
    let browser = BROWSERS.iter().find(|(word, _)| agent.contains(word));
    browser.map_or("other", |(_, names)| names[system])
}

async fn me(state: &HttpState, who: &Authenticated) -> Result<StudentId, Problem> {
    who.require(Role::Student)?;
    let key = who.claims.student.as_ref().ok_or(AuthError::Invalid)?;
    state.student(key).await
}

/// Where she is signed in
#[utoipa::path(
    get, path = "/api/devices", tag = "student",
    responses((status = 200, body = Devices), ReadProblems)
)]
pub async fn list(
    who: Authenticated,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let student = me(&state, &who).await?;
    let (current, now) = (who.claims.device, state.access.clock.now());
    let read = state.gateway.read(move |r| devices_view(&r.student(student).account, current, now));
    let (as_of, view) = read.await?;
    Ok(HttpResponse::Ok().json(Devices { as_of: as_of.0, ..view }))
}

/// Sign one device out
///
/// Its token holds no longer and its WebSockets are closed (4004 `signed_out`).
#[utoipa::path(
    delete, path = "/api/devices/{id}", tag = "student",
    params(("id" = String, Path, description = "As in `GET /api/devices`")),
    responses((status = 204, description = "Signed out"), ChangeProblems)
)]
pub async fn sign_out_one(
    who: Authenticated,
    state: web::Data<HttpState>,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let student = me(&state, &who).await?;
    let unknown = || Problem::new(&UNKNOWN_DEVICE, "see GET /api/devices for what is signed in");
    let whole = id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit());
    let id = u64::from_str_radix(&id, 16).ok().filter(|_| whole).ok_or_else(unknown)?;
    let device = DeviceId(id);
    match state.gateway.command(Command::SignOut(student, Some(device))).await? {
        Answer::Nothing => Err(unknown()),
        _ if who.claims.device == Some(device) => {
            Ok(HttpResponse::NoContent().cookie(state.access.cookie(None)).finish())
        }
        _ => Ok(HttpResponse::NoContent().finish()),
    }
}

/// Sign out everywhere
///
/// No token made until now holds any longer, a tool's neither, and every WebSocket of hers is
/// closed (4004 `signed_out`).
#[utoipa::path(
    delete, path = "/api/devices", tag = "student",
    responses((status = 204, description = "Signed out everywhere"), ChangeProblems)
)]
pub async fn sign_out_everywhere(
    who: Authenticated,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let student = me(&state, &who).await?;
    state.gateway.command(Command::SignOut(student, None)).await?;
    Ok(HttpResponse::NoContent().cookie(state.access.cookie(None)).finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::AGENT_BYTES_MAX;

    #[test]
    fn a_device_is_told_by_its_family_alone() {
        let check = |agent: &str, expected: &str| {
            assert_eq!(family(agent), expected);
            assert!(expected.len() <= AGENT_BYTES_MAX);
        };
        check(
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Linux",
        );
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let android = "Mozilla/5.0 (Linux; Android 10; K)";
        check(
            &format!("{android} {webkit} Chrome/141.0.0.0 Mobile Safari/537.36"),
            "Chrome, Android",
        );
        let windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
        check(
            &format!("{windows} {webkit} Chrome/141.0.0.0 Safari/537.36 Edg/141.0"),
            "Edge, Windows",
        );
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)";
        check(&format!("{iphone} AppleWebKit/605.1.15 Version/18.6 Safari/604.1"), "Safari, iOS");
        check("curl/8.14.1", "other");
        check("", "other");
    }
}
