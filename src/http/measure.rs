//! Around everything: each request is counted by its route's pattern, never by its path, and has an
//! id, its client's or one of ours, which is in the answer and in what is logged of it. What was
//! forbidden is logged.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use uuid::Uuid;

use super::auth::Role;
use super::{HttpState, routes};
use crate::actors::gateway::REQUEST;
use crate::clock;
use crate::metrics::Metrics;

/// The page's files.
const PAGE: &str = "page";
/// A path that leads nowhere.
pub(super) const UNMATCHED: &str = "unmatched";

/// A request under way. One that is given up, because its client went away, ends too.
struct Measured {
    metrics: Arc<Metrics>,
    since: Instant,
    id: String,
    route: &'static str,
    method: &'static str,
    status: u16,
}

/// The header of a request's id.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Least and most characters of one that is taken over.
const ID_CHARS: std::ops::RangeInclusive<usize> = 16..=64;

/// What nginx calls it when the client went away before its answer.
const CLIENT_CLOSED: u16 = 499;

impl Drop for Measured {
    fn drop(&mut self) {
        let took: Duration = self.since.elapsed();
        self.metrics.request_ended(self.route, self.method, self.status, took);
        let Self { id, route, method, status, .. } = self;
        let us = took.as_micros() as u64;
        match status {
            500 => tracing::warn!(request = id, route, method, status, us, "request failed"),
            _ => tracing::debug!(request = id, route, method, status, us, "request answered"),
        }
    }
}

/// Middleware around the whole application.
pub async fn measure<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let state = req.app_data::<Data<HttpState>>().cloned();
    let Some(state) = state else { return next.call(req).await };
    let metrics = Arc::clone(state.gateway.metrics());
    metrics.request_begun();
    let mut measured = Measured {
        metrics,
        since: clock::monotonic(),
        id: request_id(req.headers()),
        route: route(req.match_pattern().as_deref()),
        method: method(req.method().as_str()),
        status: CLIENT_CLOSED,
    };
    let mut response = REQUEST.scope(measured.id.clone(), next.call(req)).await;
    if let (Ok(response), Ok(id)) = (&mut response, HeaderValue::try_from(&measured.id)) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    measured.status = match &response {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.as_response_error().status_code().as_u16(),
    };
    if let (Ok(response), 403) = (&response, measured.status) {
        let role = response.request().extensions().get::<Role>().copied();
        let Measured { id, route, method, .. } = &measured;
        state.access.refusals.forbidden(id, route, method, role);
    }
    response
}

/// The client's, if it is a UUID, a trace id or the like; else one of ours. What may be a word or a
/// number of somebody is none.
pub(super) fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let hex = |id: &&str| id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    match given.filter(|id| ID_CHARS.contains(&id.len())).filter(hex) {
        Some(id) => id.to_owned(),
        None => Uuid::now_v7().to_string(),
    }
}

static ROUTES: LazyLock<HashSet<&str>> =
    LazyLock::new(|| routes::table().iter().map(|entry| entry.path).collect());

/// The pattern as a label: the page's files, whose names change with what is in them, are one.
fn route(pattern: Option<&str>) -> &'static str {
    let Some(pattern) = pattern else { return UNMATCHED };
    ROUTES.get(pattern).copied().unwrap_or(PAGE)
}

/// Every label that a request can get, with the method that is usual for it.
pub fn labels() -> Vec<(&'static str, &'static str)> {
    let table = routes::table();
    let routes = table.iter().map(|entry| (entry.path, method(entry.method.as_str())));
    routes.chain([(PAGE, "GET"), (UNMATCHED, "GET")]).collect()
}

pub(super) fn method(name: &str) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE"];
    known.into_iter().find(|known| *known == name).unwrap_or("other")
}
