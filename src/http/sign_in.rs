//! `/api/sign-in`, `/api/sign-out`, `/api/me`.

use std::sync::Arc;

use actix_web::cookie::Cookie;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::HttpState;
use super::access::{Anybody, Authenticated, default_registrar};
use super::auth::{Claims, Role};
use super::devices::{agent, fresh_device};
use super::ended::EndError;
use super::listing::page_bounds;
use super::oidc::Oidc;
use super::openapi::{ChangeProblems, PublicProblems, ReadProblems};
use super::origin::client_address;
use super::problem::{BUSY, INVALID, Problem, UNKNOWN_STUDENT, preferred_language};
use super::security_log;
use super::settings::{Showcase, SignIn};
use crate::domain::account::DeviceId;
use crate::domain::command::Command;
use crate::domain::ids::{Key, Timestamp};
use crate::protocol::server::TextView;

/// How one signs in here.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignInChoices {
    /// `demo`; `oidc`: with the university account, by `/api/sign-in/start`; or `off`.
    pub mode: String,
    /// Whether it can be done now, as far as is known.
    pub available: bool,
    /// Whom to ask when one is not let in, where the university says so.
    pub contact: Option<TextView>,
    /// Roles that can be chosen.
    pub roles: Vec<String>,
    /// Names under which a registrar can sign in (demonstration only).
    pub registrars: Vec<String>,
    /// Students worth a look.
    pub showcase: Vec<Showcase>,
    /// All students' numbers of this page (demonstration only).
    pub students: Vec<String>,
    /// Page, from 1.
    pub page: u32,
    /// Students in all (demonstration only).
    pub total: u32,
    /// Who is signed in already, if anybody.
    pub me: Option<Me>,
}

/// Which page of students.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Page, from 1.
    pub page: Option<u32>,
    /// Items a page, at most 100.
    pub per_page: Option<u32>,
}

/// Who wants to sign in: a student, or a role.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// Student number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub student: Option<String>,
    /// `registrar`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// With the role `registrar`: under which name; one of those offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The gateway has forgotten the sign-in; the provider has not yet.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignedOut {
    /// Open this to be signed out at the university's sign-in too.
    pub continue_at: String,
}

/// Who is signed in.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// `student`, `registrar` or `operator`.
    pub role: String,
    /// Student number.
    pub student: Option<String>,
    /// A registrar's name, which her acts bear.
    pub name: Option<String>,
    /// The sign-in runs out then.
    pub expires: u64,
    /// Now.
    pub server_time: u64,
}

impl SignInRequest {
    /// The name asked for; only a registrar has one.
    fn registrar(&self, role: Role) -> Result<Option<Key>, Problem> {
        match (&self.name, role) {
            (None, _) => Ok(None),
            (Some(name), Role::Registrar) => match Key::new(name) {
                Ok(key) => Ok(Some(key)),
                Err(e) => Err(Problem::new(&INVALID, format!("name {e}"))),
            },
            (Some(_), _) => Err(Problem::new(&INVALID, "a name goes with the role registrar")),
        }
    }

    /// What is asked for: exactly one of the two.
    fn parse(&self) -> Result<(Role, Option<Key>), Problem> {
        let invalid = |detail: &str| Problem::new(&INVALID, detail);
        match (&self.student, self.role.as_deref()) {
            (Some(student), None | Some("student")) => {
                let key = Key::new(student).map_err(|e| invalid(&format!("student {e}")))?;
                Ok((Role::Student, Some(key)))
            }
            (None, Some(role)) => match Role::parse(role) {
                Some(Role::Student) => Err(invalid("say which student")),
                Some(role) => Ok((role, None)),
                None => Err(invalid("the role is student or registrar")),
            },
            _ => Err(invalid("give a student or a role")),
        }
    }
}

fn registrar_name(claims: &Claims) -> Option<Key> {
    let named = || claims.name.clone().unwrap_or_else(default_registrar);
    (claims.role == Role::Registrar).then(named)
}

fn me(state: &HttpState, claims: &Claims) -> Me {
    Me {
        role: claims.role.as_str().to_owned(),
        student: claims.student.as_ref().map(ToString::to_string),
        name: registrar_name(claims).map(|name| name.to_string()),
        expires: claims.expires.0,
        server_time: state.access.clock.now().0,
    }
}

/// How one signs in here
#[utoipa::path(
    get, path = "/api/sign-in", tag = "sign-in", params(PageQuery), security(()),
    responses((status = 200, body = SignInChoices), PublicProblems)
)]
pub async fn choices(
    _anybody: Anybody,
    state: web::Data<HttpState>,
    query: web::Query<PageQuery>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let page = query.page.unwrap_or(1);
    let (first, size) = page_bounds(page, query.per_page.unwrap_or(50))?;
    let sign_in = &state.access.settings.sign_in;
    let contact = state.oidc.as_deref().and_then(Oidc::contact);
    let mut choices = SignInChoices {
        mode: sign_in.mode().to_owned(),
        available: state.can_sign_in(),
        contact: contact.cloned(),
        roles: Vec::new(),
        registrars: sign_in.registrars().iter().map(|name| (*name).to_owned()).collect(),
        showcase: sign_in.showcase().to_vec(),
        students: Vec::new(),
        page,
        total: 0,
        me: state.access.authenticate(&req).ok().map(|who| me(&state, &who.claims)),
    };
    if matches!(sign_in, SignIn::Demo { .. }) {
        choices.roles = vec!["student".to_owned(), "registrar".to_owned()];
        let read = state.gateway.read(move |registry| {
            let students = registry.students.iter().skip(first).take(size);
            let keys: Vec<String> = students.map(|s| s.profile.key.to_string()).collect();
            (registry.students.len() as u32, keys)
        });
        (choices.total, choices.students) = read.await?.1;
    }
    Ok(HttpResponse::Ok().json(choices))
}

/// Sign in
///
/// Sets the sign-in cookie. Tools use a bearer token made by `sluis token` instead.
#[utoipa::path(
    post, path = "/api/sign-in", tag = "sign-in", request_body = SignInRequest, security(()),
    responses((status = 200, body = Me), ChangeProblems)
)]
pub async fn sign_in(
    state: web::Data<HttpState>,
    body: web::Json<SignInRequest>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let signed_in = chosen(&state, &body, &req).await;
    let signed_in = signed_in.inspect_err(|problem| {
        state.access.refusals.sign_in(problem.kind.code);
    });
    let SignedIn { claims, cookie } = signed_in?;
    Ok(HttpResponse::Ok().cookie(cookie).json(me(&state, &claims)))
}

/// Signs in whom she chose to be.
async fn chosen(
    state: &HttpState,
    body: &SignInRequest,
    req: &HttpRequest,
) -> Result<SignedIn, Problem> {
    let access = &state.access;
    access.limiters.sign_in(client_address(req, &access.settings))?;
    access.check_origin(req)?;
    let (role, student) = body.parse()?;
    let (role, student) = access.settings.sign_in.accept(role, student)?;
    let name = access.settings.sign_in.registrar(body.registrar(role)?)?;
    if let Some(student) = &student
        && state.find_student(student).await?.is_none()
    {
        return Err(Problem::new(&UNKNOWN_STUDENT, "choose one of those in GET /api/sign-in"));
    }
    let former = access.of_browser(req);
    begin(state, req, former.as_deref(), role, student, name).await
}

/// A sign-in that has begun.
pub(super) struct SignedIn {
    /// Who, and until when.
    pub claims: Claims,
    /// What the browser keeps of it.
    pub cookie: Cookie<'static>,
}

/// Begins a sign-in of somebody who has shown who she is, with a token of its own. The former one
/// of this browser, whoever's it was, ends with it: a browser is signed in once.
pub(super) async fn begin(
    state: &HttpState,
    req: &HttpRequest,
    former: Option<&str>,
    role: Role,
    student: Option<Key>,
    name: Option<Key>,
) -> Result<SignedIn, Problem> {
    let access = &state.access;
    let now = access.clock.now();
    let expires = now.plus_ms(u64::from(access.settings.sign_in_hours) * 3_600_000);
    state.gateway.signed_in().await;
    let device = match &student {
        // So that no two sign-ins of the same name are one.
        None => Some(fresh_device()?),
        Some(key) => Some(new_device(state, key, agent(req), expires).await?),
    };
    // The former after the new one: whoever cannot be given one keeps what she had.
    if let Some(former) = former.and_then(|token| access.claims(token))
        && let Err(problem) = end(state, former).await
    {
        tracing::error!(detail = %problem.detail, "a former sign-in was not ended");
    }
    let claims = Claims { role, student, name, expires, issued: now, device };
    let cookie = access.cookie(Some(access.tokens.mint(&claims)));
    security_log::signed_in(&claims, agent(req));
    Ok(SignedIn { claims, cookie })
}

/// Notes the device that signs in; durable before its token is told.
async fn new_device(
    state: &HttpState,
    key: &Key,
    agent: &str,
    expires: Timestamp,
) -> Result<DeviceId, Problem> {
    let (student, device) = (state.student(key).await?, fresh_device()?);
    let agent = agent.into();
    state.gateway.command(Command::SignIn { student, device, agent, expires }).await?;
    Ok(device)
}

/// Sign out
///
/// Takes the cookie away and ends the sign-in for good, a registrar's and an operator's too: its
/// token holds no longer. A student's WebSockets on that device are closed. With university
/// accounts the answer may say where the browser goes to be signed out there as well.
#[utoipa::path(
    post, path = "/api/sign-out", tag = "sign-in", security(()),
    responses(
        (status = 200, body = SignedOut), (status = 204, description = "Signed out"),
        ChangeProblems,
    )
)]
pub async fn sign_out(
    _anybody: Anybody,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    state.access.check_origin(&req)?;
    let mut answer = match end_sign_in(&state, &req).await {
        Ok(()) => match elsewhere(&state, &req) {
            Some(continue_at) => HttpResponse::Ok().json(SignedOut { continue_at }),
            None => HttpResponse::NoContent().finish(),
        },
        Err(problem) => problem.error_response(),
    };
    // Also when the gateway is too busy to end the sign-in: this browser forgets it all the same.
    let _ = answer.add_cookie(&state.access.cookie(None));
    Ok(answer)
}

/// Where to go on, to be signed out there too.
fn elsewhere(state: &HttpState, req: &HttpRequest) -> Option<String> {
    state.oidc.as_ref()?.logout(Some(preferred_language(req.headers()).as_str()))
}

async fn end_sign_in(state: &HttpState, req: &HttpRequest) -> Result<(), Problem> {
    match state.access.authenticate(req) {
        Ok(Authenticated { claims, .. }) => end(state, claims).await,
        Err(_) => Ok(()),
    }
}

/// Ends a sign-in for good; durable before this returns. A student's tool stands in no list: its
/// token ends when she signs out everywhere.
async fn end(state: &HttpState, claims: Claims) -> Result<(), Problem> {
    match (&claims.student, claims.device) {
        (Some(key), Some(device)) => {
            if let Some(student) = state.find_student(key).await? {
                state.gateway.command(Command::SignOut(student, Some(device))).await?;
            }
        }
        (Some(_), None) => return Ok(()),
        (None, _) => end_of_staff(state, claims.clone()).await?,
    }
    security_log::signed_out(&claims);
    Ok(())
}

async fn end_of_staff(state: &HttpState, claims: Claims) -> Result<(), Problem> {
    let access = Arc::clone(&state.access);
    let ended = web::block(move || access.tokens.end(&claims, access.clock.now())).await;
    let again = |detail| Err(Problem::new(&BUSY, detail));
    match ended {
        Ok(Ok(())) => Ok(()),
        Ok(Err(EndError::Full)) => {
            tracing::error!(reason = %EndError::Full, "a sign-in of staff was not ended");
            again("too many sign-ins were ended; yours lasts until it runs out: tell the operator")
        }
        Ok(Err(error @ EndError::Unwritten(_))) => {
            tracing::error!(reason = %error, "a sign-in of staff was not ended");
            again("the disk does not take it; try again, and tell the operator")
        }
        Err(_) => again("your sign-in was not ended; try again"),
    }
}

/// Who is signed in
#[utoipa::path(
    get, path = "/api/me", tag = "sign-in",
    responses((status = 200, body = Me), ReadProblems)
)]
pub async fn who(who: Authenticated, state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(me(&state, &who.claims)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_signs_in_as_a_student_or_in_a_role() {
        let check = |json: &str, expected: Option<Role>| {
            let request: SignInRequest = serde_json::from_str(json).unwrap();
            assert_eq!(request.parse().ok().map(|(role, _)| role), expected, "{json}");
        };
        check(r#"{"student":"s1"}"#, Some(Role::Student));
        check(r#"{"student":"s1","role":"student"}"#, Some(Role::Student));
        check(r#"{"role":"registrar"}"#, Some(Role::Registrar));
        check(r#"{"student":"s1","role":"registrar"}"#, None);
        check(r#"{"student":"s 1"}"#, None);
        check(r#"{"role":"student"}"#, None);
        check(r#"{"role":"dean"}"#, None);
        check("{}", None);
        assert!(serde_json::from_str::<SignInRequest>(r#"{"password":"x"}"#).is_err());
    }
}
