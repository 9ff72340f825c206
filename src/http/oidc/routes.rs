//! `/api/sign-in/start` and `/api/sign-in/return`: a browser leaves for the provider, and comes
//! back. Both are opened by a person, so whatever goes wrong is told by the page, not by a problem
//! document.

use actix_web::cookie::Cookie;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use super::fault::Fault;
use super::flow::{self, Flow, safe_return};
use super::provider::Departure;
use super::{Oidc, claims::Who};
use crate::domain::account::Language;
use crate::http::HttpState;
use crate::http::access::Anybody;
use crate::http::openapi::PublicProblems;
use crate::http::origin::client_address;
use crate::http::problem::{NOT_FOUND, Problem};
use crate::http::sign_in::{SignedIn, begin};
use crate::limits;

/// Where it leads, and as what.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StartQuery {
    /// A path of the page to come back to.
    pub to: Option<String>,
    /// `student`, `registrar` or `operator`; left out, the one that may do least.
    pub role: Option<String>,
    /// `nl` or `en`, for the provider's own page.
    pub lang: Option<String>,
    /// `yes`: the provider must ask who it is, though somebody is signed in there.
    pub again: Option<String>,
}

/// What the provider sends a browser back with.
#[derive(Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReturnQuery {
    /// As it left.
    pub state: Option<String>,
    /// To be exchanged for tokens.
    pub code: Option<String>,
    /// Who sends it (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// The first path of a sign-in under way.
pub const START: &str = "/api/sign-in/start";
/// Where the provider sends browsers back to.
pub const RETURN: &str = "/api/sign-in/return";

fn oidc(state: &HttpState) -> Result<&std::sync::Arc<Oidc>, Problem> {
    let none = || Problem::new(&NOT_FOUND, "GET /api/sign-in tells how one signs in here");
    state.oidc.as_ref().ok_or_else(none)
}

/// Leave for the university's sign-in
///
/// For browsers: sends them to the provider's page, which sends them back here. When it does not
/// answer they come to the page, which says so.
#[utoipa::path(
    get, path = "/api/sign-in/start", tag = "sign-in", params(StartQuery), security(()),
    responses((status = 303, description = "To the provider, or to the page"), PublicProblems)
)]
pub async fn start(
    _anybody: Anybody,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let oidc = oidc(&state)?;
    // What is not understood is left out: somebody may have kept the address.
    let query = web::Query::<StartQuery>::from_query(req.query_string());
    let query = query.map(web::Query::into_inner).unwrap_or_default();
    if req.method() == Method::HEAD {
        return Ok(HttpResponse::Ok().finish());
    }
    let access = &state.access;
    if access.limiters.sign_in(client_address(&req, &access.settings)).is_err() {
        return Ok(to_page(&state, Fault::Busy));
    }
    let language = query.lang.as_deref().and_then(Language::parse);
    let language = language.map(|language| language.as_str().to_owned());
    let again = query.again.as_deref() == Some("yes");
    match oidc.depart(language, again).await {
        Ok(departure) => Ok(leave(&state, departure, &query, access.of_browser(&req))),
        Err(fault) => Ok(to_page(&state, fault)),
    }
}

fn leave(
    state: &HttpState,
    departure: Departure,
    query: &StartQuery,
    former: Option<String>,
) -> HttpResponse {
    let access = &state.access;
    let flow = Flow {
        state: departure.state,
        nonce: departure.nonce,
        verifier: departure.verifier,
        began: access.clock.now().0,
        to: safe_return(query.to.as_deref()),
        role: query.role.clone().filter(|role| role.len() <= 16),
        former,
    };
    HttpResponse::SeeOther()
        .insert_header((LOCATION, departure.url))
        .cookie(flow.cookie(&access.tokens, access.settings.https))
        .finish()
}

/// Come back from the university's sign-in
///
/// For browsers: exchanges the code, sets the sign-in cookie and leads to the page.
#[utoipa::path(
    get, path = "/api/sign-in/return", tag = "sign-in", params(ReturnQuery), security(()),
    responses(
        (status = 200, description = "Signed in; leads on by itself", content_type = "text/html"),
        (status = 303, description = "To the page: signed in, or why not"),
        PublicProblems,
    )
)]
pub async fn come_back(
    _anybody: Anybody,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let oidc = oidc(&state)?;
    if req.method() == Method::HEAD {
        return Ok(HttpResponse::Ok().finish());
    }
    Ok(match sign_in(&state, oidc, &req).await {
        Ok((to, signed_in)) => arrived(&state, &to, signed_in.cookie),
        Err(fault) => to_page(&state, fault),
    })
}

/// Every check in order of what it costs; the provider is asked last.
async fn sign_in(
    state: &HttpState,
    oidc: &std::sync::Arc<Oidc>,
    req: &HttpRequest,
) -> Result<(String, SignedIn), Fault> {
    let access = &state.access;
    let https = access.settings.https;
    // A parameter that comes twice is one too many.
    let query = web::Query::<ReturnQuery>::from_query(req.query_string());
    let query = query.map_err(|_| Fault::Untrusted)?.into_inner();
    let cookie = req.cookie(flow::cookie_name(https)).ok_or(Fault::Stale)?;
    let flow = Flow::read(cookie.value(), &access.tokens, https, access.clock.now())?;
    let state_sent = query.state.as_deref().ok_or(Fault::Stale)?;
    // Of digests, so that the time it takes says nothing.
    if Sha256::digest(state_sent) != Sha256::digest(&flow.state) || !oidc.first_time(&flow) {
        return Err(Fault::Stale);
    }
    oidc.check_issuer(query.iss.as_deref())?;
    if let Some(error) = query.error.as_deref() {
        return Err(match error {
            "access_denied" => Fault::Cancelled,
            "temporarily_unavailable" | "server_error" => Fault::Unavailable,
            _ => Fault::Untrusted,
        });
    }
    let code = query.code.filter(|code| code.len() <= limits::OIDC_CODE_BYTES_MAX);
    let code = code.filter(|code| !code.is_empty()).ok_or(Fault::Untrusted)?;
    let (to, wish) = (flow.to.clone(), flow.wish());
    let former = flow.former.clone().or_else(|| access.of_browser(req));
    let given = oidc.arrive(flow, code).await?;
    let Who { role, student, name } = oidc.settings.claims.who(&given, wish)?;
    drop(given);
    if let Some(key) = &student
        && state.find_student(key).await.map_err(|_| Fault::Busy)?.is_none()
    {
        return Err(Fault::UnknownStudent);
    }
    let begun = begin(state, req, former.as_deref(), role, student, name).await;
    let signed_in = begun.map_err(|_| Fault::Busy)?;
    Ok((to, signed_in))
}

impl Oidc {
    /// Who sent the browser back, where that is said or must be (RFC 9207).
    fn check_issuer(&self, iss: Option<&str>) -> Result<(), Fault> {
        let must = self.provider().is_some_and(|provider| provider.names_itself);
        match iss {
            Some(iss) if iss == self.settings.issuer => Ok(()),
            None if !must => Ok(()),
            _ => {
                tracing::warn!("a sign-in was refused: another provider sent it (iss)");
                Err(Fault::Untrusted)
            }
        }
    }
}

/// To the page, with the sign-in.
fn arrived(state: &HttpState, to: &str, cookie: Cookie<'static>) -> HttpResponse {
    let https = state.access.settings.https;
    // The page asks for everything itself, and then the cookie goes along. A document without
    // scripts is asked for once, and a browser that still comes from the provider's site would not
    // send a `Strict` cookie along: it takes one more step, from here.
    let mut response = match to {
        "/plain" => HttpResponse::Ok(),
        _ => HttpResponse::SeeOther(),
    };
    response.cookie(cookie).cookie(flow::over(https));
    if to == "/plain" {
        response.insert_header((REFRESH, "0; url=/plain"));
        let link = "<!doctype html><title>Sluis</title><link rel=\"icon\" href=\"/sluis.svg\">\
                    <p><a href=\"/plain\">Sluis</a></p>";
        return response.content_type("text/html; charset=utf-8").body(link);
    }
    response.insert_header((LOCATION, to)).finish()
}

/// To the page, which says why she is not signed in.
fn to_page(state: &HttpState, fault: Fault) -> HttpResponse {
    state.access.refusals.sign_in(fault.code());
    let https = state.access.settings.https;
    HttpResponse::SeeOther()
        .insert_header((LOCATION, format!("/?sign-in={}", fault.code())))
        .cookie(flow::over(https))
        .finish()
}
