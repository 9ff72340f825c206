//! Last touch to every answer: problems in the reader's language, and the headers that keep a
//! browser out of trouble.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, REFERRER_POLICY, SEC_WEBSOCKET_VERSION, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse};

use super::problem::{PROBLEM_JSON, Problem, preferred_language};
use crate::domain::account::Language;

const CONTENT_SECURITY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

const FIXED: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, CONTENT_SECURITY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

/// Middleware around the whole application.
pub async fn finish<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let language = preferred_language(req.headers());
    let response = next.call(req).await?;
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    let mut response = match problem_of(&response) {
        Some(problem) => translated(response, &problem, language),
        None => response.map_into_left_body(),
    };
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        // The page's document brings a stricter policy of its own.
        if name != CONTENT_SECURITY_POLICY || !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if failed {
        headers.insert(VARY, HeaderValue::from_static("accept-language"));
    }
    if failed || !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

/// The problem to tell: ours, or one for the framework's bare status.
fn problem_of<B>(response: &ServiceResponse<B>) -> Option<Problem> {
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let error = response.response().error();
    if let Some(problem) = error.and_then(|e| e.as_error::<Problem>()) {
        return Some(problem.clone());
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    // A document for people tells it in words of its own.
    let told = kind.is_some_and(|kind| kind == PROBLEM_JSON || kind.starts_with("text/html"));
    (!told).then(|| Problem::of_status(status))
}

fn translated<B>(
    response: ServiceResponse<B>,
    problem: &Problem,
    language: Language,
) -> ServiceResponse<EitherBody<B>> {
    let (req, old) = response.into_parts();
    let status = old.status();
    let mut new: HttpResponse<BoxBody> = problem.response(language);
    *new.status_mut() = status;
    for name in [ALLOW, SEC_WEBSOCKET_VERSION] {
        keep(old.headers(), new.headers_mut(), name);
    }
    ServiceResponse::new(req, new).map_into_right_body()
}

fn keep(old: &HeaderMap, new: &mut HeaderMap, name: HeaderName) {
    if let Some(value) = old.get(&name) {
        new.insert(name, value.clone());
    }
}
