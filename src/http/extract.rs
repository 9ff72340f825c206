//! Bodies, queries and paths, with the framework's errors told as problems.

use actix_web::error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError};
use actix_web::{HttpRequest, web};

use super::problem::{INVALID, MALFORMED, MEDIA_TYPE, NOT_FOUND, Problem, TOO_LARGE};
use crate::limits;

/// Registers the limits and error texts of the framework's extractors.
pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    let json = web::JsonConfig::default()
        .limit(limits::HTTP_BODY_BYTES_MAX)
        .error_handler(|error, _: &HttpRequest| json_problem(&error).into());
    let query = web::QueryConfig::default()
        .error_handler(|error, _: &HttpRequest| query_problem(&error).into());
    let path = web::PathConfig::default()
        .error_handler(|error, _: &HttpRequest| path_problem(&error).into());
    cfg.app_data(json).app_data(query).app_data(path);
}

fn shorten(text: &str) -> String {
    let short: String = text.chars().take(4 * limits::ECHO_CHARS_MAX).collect();
    short.replace('\n', " ")
}

fn json_problem(error: &JsonPayloadError) -> Problem {
    match error {
        JsonPayloadError::OverflowKnownLength { limit, .. }
        | JsonPayloadError::Overflow { limit } => {
            Problem::new(&TOO_LARGE, format!("send at most {limit} bytes"))
        }
        JsonPayloadError::Payload(PayloadError::Overflow) => {
            let limit = limits::HTTP_BODY_BYTES_MAX;
            Problem::new(&TOO_LARGE, format!("send at most {limit} bytes"))
        }
        JsonPayloadError::ContentType => {
            Problem::new(&MEDIA_TYPE, "send content-type: application/json")
        }
        JsonPayloadError::Deserialize(error) => body_problem(error),
        other => Problem::new(&MALFORMED, shorten(&other.to_string())),
    }
}

/// Problem of a JSON body that is not what is asked for.
pub(super) fn body_problem(error: &serde_json::Error) -> Problem {
    let kind = if error.is_data() { &INVALID } else { &MALFORMED };
    Problem::new(kind, shorten(&error.to_string()))
}

fn query_problem(error: &QueryPayloadError) -> Problem {
    Problem::new(&INVALID, shorten(&error.to_string()))
}

fn path_problem(error: &PathError) -> Problem {
    Problem::new(&NOT_FOUND, shorten(&error.to_string()))
}

/// Problem of a raw body that could not be read.
pub(super) fn payload_problem(error: &actix_web::Error, limit: usize) -> Problem {
    match error.as_response_error().status_code().as_u16() {
        413 => Problem::new(&TOO_LARGE, format!("send at most {limit} bytes")),
        _ => Problem::new(&MALFORMED, "the body broke off; send it again"),
    }
}
