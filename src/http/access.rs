//! Who asks: the sign-in token of a request, checked, with the rules that come with a cookie.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};

use super::auth::{AuthError, Claims, Role, Tokens};
use super::limit::Limiters;
use super::origin::{bearer, change_allowed, client_address};
use super::problem::{FAULT, FORBIDDEN, FOREIGN_ORIGIN, Problem};
use super::security_log::Refusals;
use super::settings::Settings;
use crate::actors::gateway::Gateway;
use crate::actors::sign_ins::SignIns;
use crate::clock::Clock;
use crate::domain::ids::Key;

/// Everything that decides who may ask.
pub struct Access {
    /// Makes and checks tokens.
    pub tokens: Tokens,
    /// As configured.
    pub settings: Settings,
    /// How fast.
    pub limiters: Limiters,
    /// What time it is.
    pub clock: Clock,
    /// Knows who is signed in where.
    pub gateway: Gateway,
    /// Who was refused, for the log.
    pub refusals: Refusals,
}

impl Access {
    /// From its parts.
    pub fn new(tokens: Tokens, settings: Settings, clock: Clock, gateway: Gateway) -> Self {
        let limiters = Limiters::new(&settings.rates, Arc::clone(gateway.metrics()));
        let refusals = Refusals::default();
        Self { tokens, settings, limiters, clock, gateway, refusals }
    }

    /// Name of the sign-in cookie.
    pub const fn cookie_name(&self) -> &'static str {
        if self.settings.https { "__Host-sluis" } else { "sluis" }
    }

    /// The cookie that signs in, or out when there is no token.
    pub fn cookie(&self, token: Option<String>) -> Cookie<'static> {
        let hours = i64::from(self.settings.sign_in_hours);
        let max_age = if token.is_some() { Duration::hours(hours) } else { Duration::ZERO };
        Cookie::build(self.cookie_name(), token.unwrap_or_default())
            .path("/")
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(self.settings.https)
            .max_age(max_age)
            .finish()
    }

    /// Who asks. Limits are not looked at; a change by cookie must come from our own page. In which
    /// role she asks is noted in the request.
    pub fn authenticate(&self, req: &HttpRequest) -> Result<Authenticated, Problem> {
        let now = self.clock.now();
        if let Some(token) = bearer(req) {
            let claims = self.still_good(self.tokens.verify(token, now)?)?;
            req.extensions_mut().insert(claims.role);
            return Ok(Authenticated { claims, by_cookie: false });
        }
        let cookie = self.brought(req).ok_or(AuthError::Missing)?;
        let claims = self.still_good(self.tokens.verify(cookie.value(), now)?)?;
        req.extensions_mut().insert(claims.role);
        if !req.method().is_safe() {
            self.check_origin(req)?;
        }
        Ok(Authenticated { claims, by_cookie: true })
    }

    /// The sign-in cookie that the request brings, whatever it is worth.
    fn brought(&self, req: &HttpRequest) -> Option<Cookie<'static>> {
        req.cookie(self.cookie_name()).filter(|cookie| !cookie.value().is_empty())
    }

    /// The token of the sign-in that this browser has, while it holds.
    pub(super) fn of_browser(&self, req: &HttpRequest) -> Option<String> {
        let token = self.brought(req)?.value().to_owned();
        self.claims(&token).is_some().then_some(token)
    }

    /// What a token says, while it holds.
    pub(super) fn claims(&self, token: &str) -> Option<Claims> {
        let claims = self.tokens.verify(token, self.clock.now());
        claims.and_then(|claims| self.still_good(claims)).ok()
    }

    /// A token whose device was signed out is over, whatever its signature says.
    fn still_good(&self, claims: Claims) -> Result<Claims, AuthError> {
        let student = claims.student.as_ref();
        let holds = |key| self.sign_ins().holds(key, claims.device, claims.issued);
        match student.is_none_or(holds) {
            true => Ok(claims),
            false => Err(AuthError::SignedOut),
        }
    }

    fn sign_ins(&self) -> &SignIns {
        self.gateway.sign_ins()
    }

    /// Refuses a change that another site's page asks for.
    pub fn check_origin(&self, req: &HttpRequest) -> Result<(), Problem> {
        let by_cookie = bearer(req).is_none() && self.brought(req).is_some();
        match change_allowed(req, &self.settings, by_cookie) {
            true => Ok(()),
            false => {
                Err(Problem::new(&FOREIGN_ORIGIN, "open this gateway's own page and try there"))
            }
        }
    }

    fn admit(&self, req: &HttpRequest) -> Result<Authenticated, Problem> {
        let who = self.authenticate(req)?;
        if let Some(student) = &who.claims.student {
            match req.method().is_safe() {
                true => self.limiters.read(student)?,
                false => self.limiters.change(student)?,
            }
        }
        Ok(who)
    }
}

/// The [`Access`] of the application that serves this request.
pub(super) fn access(req: &HttpRequest) -> Result<&Access, Problem> {
    match req.app_data::<web::Data<Access>>() {
        Some(access) => Ok(access),
        None => Err(Problem::new(&FAULT, "the application was put together without its access")),
    }
}

/// Somebody who is signed in, within her limits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authenticated {
    /// Who, and until when.
    pub claims: Claims,
    /// Whether a browser's cookie said so.
    pub by_cookie: bool,
}

impl Authenticated {
    /// Refuses everybody but this role.
    pub fn require(&self, role: Role) -> Result<(), Problem> {
        match self.claims.role == role {
            true => Ok(()),
            false => Err(Problem::new(
                &FORBIDDEN,
                format!("this is for the role {}; sign in as one", role.as_str()),
            )),
        }
    }
}

impl FromRequest for Authenticated {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(access(req).and_then(|access| access.admit(req)))
    }
}

/// A student who is signed in: her number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AsStudent(pub Key);

impl FromRequest for AsStudent {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let who = access(req).and_then(|access| access.admit(req));
        ready(who.and_then(|who| {
            who.require(Role::Student)?;
            who.claims.student.map(Self).ok_or_else(|| AuthError::Invalid.into())
        }))
    }
}

/// The name of a registrar whose token bears none.
pub fn default_registrar() -> Key {
    Key::new(Role::Registrar.as_str()).unwrap_or_else(|_| unreachable!("the role's name is a key"))
}

/// A registrar who is signed in: the name that her acts bear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AsRegistrar(pub Key);

impl FromRequest for AsRegistrar {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let who = access(req).and_then(|access| access.admit(req));
        ready(who.and_then(|who| {
            who.require(Role::Registrar)?;
            Ok(Self(who.claims.name.unwrap_or_else(default_registrar)))
        }))
    }
}

/// The operator, with a token of that role.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AsOperator;

impl FromRequest for AsOperator {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let who = access(req).and_then(|access| access.admit(req));
        ready(who.and_then(|who| who.require(Role::Operator).map(|()| Self)))
    }
}

/// Anybody, at the pace allowed to one address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Anybody;

impl FromRequest for Anybody {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let limit = |access: &Access| {
            let address = client_address(req, &access.settings);
            access.limiters.anonymous(address)
        };
        ready(access(req).and_then(limit).map(|()| Self))
    }
}
