//! Around everything: each request is counted by its route's pattern, never by its path.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::{HttpState, routes};
use crate::clock;
use crate::metrics::Metrics;

/// The page's files.
const PAGE: &str = "page";
/// A path that leads nowhere.
const UNMATCHED: &str = "unmatched";

/// A request under way. One that is given up, because its client went away, ends too.
struct Measured {
    metrics: Arc<Metrics>,
    since: Instant,
    route: &'static str,
    method: &'static str,
    status: u16,
}

/// What nginx calls it when the client went away before its answer.
const CLIENT_CLOSED: u16 = 499;

impl Drop for Measured {
    fn drop(&mut self) {
        let took: Duration = self.since.elapsed();
        self.metrics.request_ended(self.route, self.method, self.status, took);
    }
}

/// Middleware around the whole application.
pub async fn measure<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let Some(state) = req.app_data::<Data<HttpState>>() else { return next.call(req).await };
    let metrics = Arc::clone(state.gateway.metrics());
    metrics.request_begun();
    let mut measured = Measured {
        metrics,
        since: clock::monotonic(),
        route: route(req.match_pattern().as_deref()),
        method: method(req.method().as_str()),
        status: CLIENT_CLOSED,
    };
    let response = next.call(req).await;
    measured.status = match &response {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.as_response_error().status_code().as_u16(),
    };
    response
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

fn method(name: &str) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE"];
    known.into_iter().find(|known| *known == name).unwrap_or("other")
}
