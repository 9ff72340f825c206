//! What every act of the registrar has in common: who, why, and the answer. And announcements.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::HttpState;
use super::access::AsRegistrar;
use super::admin::Done;
use super::extract::{body_problem, payload_problem};
use super::openapi::ChangeProblems;
use super::problem::{INVALID, Problem, TOO_LARGE};
use crate::actors::gateway::Answer;
use crate::domain::acts::{self, Author, TextFault};
use crate::domain::catalogue::Text;
use crate::domain::command::Command;
use crate::limits::{ACT_REASON_CHARS_MAX, HTTP_BODY_BYTES_MAX};

/// Why, and nothing more.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReasonBody {
    /// Why, in 1 to 300 characters; kept in the audit log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Something for everybody who is connected.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnouncementBody {
    /// Dutch, 1 to 500 characters.
    pub nl: String,
    /// English, 1 to 500 characters.
    pub en: String,
    /// Why, in 1 to 300 characters; kept in the audit log.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A raw body, or why there is none.
pub(super) type Raw = Result<web::Bytes, actix_web::Error>;

/// A JSON body that may be left out.
pub(super) fn body_or_default<T: Default + DeserializeOwned>(body: Raw) -> Result<T, Problem> {
    let bytes = body.map_err(|e| payload_problem(&e, HTTP_BODY_BYTES_MAX))?;
    if bytes.is_empty() {
        return Ok(T::default());
    }
    if bytes.len() > HTTP_BODY_BYTES_MAX {
        return Err(Problem::new(&TOO_LARGE, format!("send at most {HTTP_BODY_BYTES_MAX} bytes")));
    }
    serde_json::from_slice(&bytes).map_err(|e| body_problem(&e))
}

fn invalid(what: &str, fault: TextFault) -> Problem {
    Problem::new(&INVALID, format!("{what} {fault}"))
}

/// A reason that may be left out.
pub(super) fn reason(given: Option<&str>) -> Result<Option<Box<str>>, Problem> {
    given.map(|text| acts::reason(text).map_err(|e| invalid("reason", e))).transpose()
}

/// A reason that must be given.
pub(super) fn required_reason(given: Option<&str>) -> Result<Option<Box<str>>, Problem> {
    if given.is_none_or(|text| text.trim().is_empty()) {
        let detail = format!("give a reason, in 1 to {ACT_REASON_CHARS_MAX} characters");
        return Err(Problem::new(&INVALID, detail));
    }
    reason(given)
}

/// Carries a command out as an act of the registrar who is signed in.
pub(super) async fn act(
    state: &HttpState,
    AsRegistrar(by): AsRegistrar,
    reason: Option<Box<str>>,
    command: Command,
) -> Result<HttpResponse, Problem> {
    let command = command.by(Author { by, reason });
    let journal = match state.gateway.command(command).await? {
        Answer::Done(sequence) | Answer::Decided(sequence, _) => Some(sequence.0),
        Answer::InLine(..) | Answer::Nothing => None,
    };
    Ok(HttpResponse::build(StatusCode::OK).json(Done { journal }))
}

/// Tell everybody who is connected something
///
/// Shown as a banner on every open page, in the reader's language. It stands in no message centre.
#[utoipa::path(
    post, path = "/api/admin/announcement", tag = "registrar", request_body = AnnouncementBody,
    responses((status = 200, body = Done), ChangeProblems)
)]
pub async fn announcement(
    registrar: AsRegistrar,
    state: web::Data<HttpState>,
    body: web::Json<AnnouncementBody>,
) -> Result<HttpResponse, Problem> {
    let nl = acts::announcement(&body.nl).map_err(|e| invalid("nl", e))?;
    let en = acts::announcement(&body.en).map_err(|e| invalid("en", e))?;
    let reason = reason(body.reason.as_deref())?;
    act(&state, registrar, reason, Command::Announce(Text { nl, en }.into())).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_may_be_left_out_and_is_checked_when_it_is_there() {
        let read = |text: &'static str| {
            body_or_default::<ReasonBody>(Ok(web::Bytes::from_static(text.as_bytes())))
        };
        assert_eq!(read("").unwrap(), ReasonBody::default());
        assert_eq!(read("{}").unwrap(), ReasonBody::default());
        assert_eq!(read(r#"{"reason":"x"}"#).unwrap().reason.as_deref(), Some("x"));
        assert_eq!(read("{").unwrap_err().kind.code, "malformed");
        assert_eq!(read(r#"{"why":"x"}"#).unwrap_err().kind.code, "invalid");
        let long = web::Bytes::from(vec![b' '; HTTP_BODY_BYTES_MAX + 1]);
        assert_eq!(body_or_default::<ReasonBody>(Ok(long)).unwrap_err().kind.code, "too_large");
    }

    #[test]
    fn a_reason_left_out_is_asked_for_where_one_is_needed() {
        assert_eq!(reason(None).unwrap(), None);
        for empty in [None, Some(""), Some("  ")] {
            let detail = required_reason(empty).unwrap_err().detail;
            assert!(detail.starts_with("give a reason"), "{detail}");
        }
        assert!(reason(Some(" ")).unwrap_err().detail.starts_with("reason is empty"));
        assert_eq!(required_reason(Some(" so ")).unwrap().as_deref(), Some("so"));
    }
}
