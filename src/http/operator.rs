//! The address for those who watch the gateway: metrics, health, the log level. It is apart from
//! the students' so that a rush does not starve it, and so that nothing of it is open to the world.
//! It is there before there is any state and until the journal is closed, so it needs none. This
//! machine needs no sign-in; others bring an operator's token.

use std::fmt;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, web};

use super::access::Authenticated;
use super::auth::{AuthError, Role, Tokens};
use super::health;
use super::measure::{REQUEST_ID, UNMATCHED, method, request_id};
use super::origin::{bearer, from_browser, is_local};
use super::problem::{FOREIGN_ORIGIN, INVALID, Problem};
use super::security_log::Refusals;
use crate::clock::Clock;
use crate::limits;
use crate::metrics;

/// Something that is told.
pub type Tell = Box<dyn Fn() -> String + Send + Sync>;
/// Something that is taken, or refused with what to write instead.
pub type Take = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// What the address tells and takes.
pub struct Operator {
    /// Checks the tokens of operators elsewhere.
    pub tokens: Tokens,
    /// What time it is.
    pub clock: Clock,
    /// Whether commands are taken.
    pub ready: Box<dyn Fn() -> bool + Send + Sync>,
    /// All metrics, in Prometheus's text format.
    pub metrics: Tell,
    /// What is logged now.
    pub log_level: Tell,
    /// Changes that; the error says what can be asked for.
    pub set_log_level: Take,
    /// Who was refused, for the log.
    pub refusals: Refusals,
}

impl fmt::Debug for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Operator")
    }
}

/// Puts the routes in place. The application also wraps itself in [`super::finish`] and [`noted`],
/// in this order.
pub fn routes(operator: &Arc<Operator>) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let operator = Arc::clone(operator);
    move |cfg| {
        cfg.app_data(web::Data::from(operator))
            .app_data(web::PayloadConfig::new(limits::LOG_DIRECTIVES_BYTES_MAX));
        let read = |path: &str| web::resource(path);
        cfg.service(read("/metrics").route(web::get().to(tell)).route(web::head().to(tell)));
        cfg.service(read("/healthz").route(web::get().to(health::healthz)));
        cfg.service(read("/readyz").route(web::get().to(ready)));
        cfg.service(
            read("/log-level").route(web::get().to(level)).route(web::post().to(set_level)),
        );
    }
}

/// Middleware around the whole application: each answer has an id, its client's or one of ours, and
/// what was forbidden is logged under it.
pub async fn noted<B: MessageBody + 'static>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let operator = req.app_data::<web::Data<Operator>>().cloned();
    let (id, method) = (request_id(req.headers()), method(req.method().as_str()));
    let route = req.match_pattern();
    let mut response = next.call(req).await?;
    if let Ok(id) = HeaderValue::try_from(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if let (Some(operator), 403) = (operator, response.status().as_u16()) {
        let role = response.request().extensions().get::<Role>().copied();
        let route = route.as_deref().unwrap_or(UNMATCHED);
        operator.refusals.forbidden(&id, route, method, role);
    }
    Ok(response)
}

impl Operator {
    /// This machine itself, or an operator.
    fn admit(&self, req: &HttpRequest) -> Result<(), Problem> {
        let Some(token) = bearer(req) else {
            return if is_local(req) { Ok(()) } else { Err(AuthError::Missing.into()) };
        };
        let claims = self.tokens.verify(token, self.clock.now())?;
        req.extensions_mut().insert(claims.role);
        Authenticated { claims, by_cookie: false }.require(Role::Operator)
    }
}

async fn ready(operator: web::Data<Operator>) -> Result<HttpResponse, Problem> {
    health::ready((operator.ready)(), "ready\n")
}

async fn tell(operator: web::Data<Operator>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    operator.admit(&req)?;
    let text = (operator.metrics)();
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, metrics::CONTENT_TYPE)).body(text))
}

async fn level(operator: web::Data<Operator>, req: HttpRequest) -> Result<HttpResponse, Problem> {
    operator.admit(&req)?;
    Ok(plain(format!("{}\n", (operator.log_level)())))
}

async fn set_level(
    operator: web::Data<Operator>,
    req: HttpRequest,
    body: String,
) -> Result<HttpResponse, Problem> {
    // A page in the operator's own browser is on this machine as well.
    if from_browser(&req) {
        let detail = "no page may change this; use `sluis log level`, or curl";
        return Err(Problem::new(&FOREIGN_ORIGIN, detail));
    }
    operator.admit(&req)?;
    match (operator.set_log_level)(body.trim()) {
        Ok(()) => Ok(plain(format!("{}\n", (operator.log_level)()))),
        Err(what) => Err(Problem::new(&INVALID, what)),
    }
}

fn plain(text: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(text)
}
