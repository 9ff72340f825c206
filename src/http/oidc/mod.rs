//! Sign-in with the university account, by OpenID Connect: authorization code with PKCE. What comes
//! out is [`claims::Who`]; what comes behind knows nothing of it. Deliberately absent: anything that a
//! student who is signed in depends on. The provider is asked when somebody signs in, and never
//! after.

pub mod claims;
pub mod fault;
pub mod flow;
mod provider;
pub mod routes;
mod spent;
mod web;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use actix_web::web::block;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::{self, Clock};
use crate::limits;
use crate::protocol::server::TextView;
use claims::{ClaimRules, Given};
use fault::{Fault, Reason};
use flow::Flow;
use provider::{Departure, Provider, Trouble, Unverified};
use spent::Spent;
use web::{NoCertificates, Web};

/// What it is told by the configuration, checked there.
#[derive(Clone)]
pub struct OidcSettings {
    /// The provider's address, letter by letter.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// The secret that goes with it.
    pub client_secret: String,
    /// Where browsers come back to, letter by letter.
    pub redirect_url: String,
    /// Where browsers go after signing out there.
    pub home_url: String,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// Whether it must ask again; empty is as it likes.
    pub prompt: String,
    /// Ways of signing in that must be met; none is any.
    pub acr_values: Vec<String>,
    /// Algorithms that may sign.
    pub signing_algorithms: Vec<String>,
    /// How far clocks may differ, in seconds.
    pub clock_skew_seconds: u32,
    /// Which claims mean what.
    pub claims: ClaimRules,
    /// Whom to ask, where the university says so.
    pub contact: Option<TextView>,
    /// Whether the provider is signed out of too.
    pub logout: bool,
    /// Authorities (PEM) in place of those built in.
    pub authorities: Option<Vec<u8>>,
    /// Whether an address may be used: https, or on this machine.
    pub is_safe: fn(&str) -> bool,
}

/// How the provider was found when it was last asked.
#[derive(Default)]
struct Found {
    provider: Option<Arc<Provider>>,
    /// Last sign of life.
    heard: Option<Instant>,
    /// Last attempt, and how many failed since it was last heard.
    tried: Option<Instant>,
    failures: u32,
}

impl Found {
    fn is_up(&self) -> bool {
        self.provider.is_some() && self.failures == 0
    }

    /// Heard so lately that it need not be asked.
    fn is_fresh(&self, within_ms: u64) -> bool {
        let within = Duration::from_millis(within_ms);
        self.is_up() && self.heard.is_some_and(|at| at.elapsed() < within)
    }

    /// When it may be asked again after it failed.
    fn may_be_asked(&self) -> bool {
        self.failures == 0 || self.tried.is_none_or(|at| at.elapsed() >= pause(self.failures))
    }
}

/// The pause after so many failures: it doubles.
fn pause(failures: u32) -> Duration {
    let doubled = limits::OIDC_RETRY_MS << failures.saturating_sub(1).min(16);
    Duration::from_millis(doubled.min(limits::OIDC_RETRY_MS_MAX))
}

/// The way in by the university account.
pub struct Oidc {
    settings: OidcSettings,
    web: Web,
    clock: Clock,
    found: RwLock<Found>,
    /// One look at a time.
    look: Mutex<()>,
    turns: Arc<Semaphore>,
    spent: Mutex<Spent>,
}

impl Oidc {
    /// Not asked anything yet.
    pub fn new(settings: OidcSettings, clock: Clock) -> Result<Self, NoCertificates> {
        let local = settings.issuer.starts_with("http://");
        let web = Web::new(settings.authorities.as_deref(), local)?;
        Ok(Self {
            settings,
            web,
            clock,
            found: RwLock::default(),
            look: Mutex::default(),
            turns: Arc::new(Semaphore::new(limits::OIDC_EXCHANGES_MAX)),
            spent: Mutex::default(),
        })
    }

    /// Whether one can sign in now, as far as is known.
    pub fn is_available(&self) -> bool {
        self.read(Found::is_up)
    }

    /// Whom to ask, where the university says so.
    pub fn contact(&self) -> Option<&TextView> {
        self.settings.contact.as_ref()
    }

    /// Where the browser goes to be signed out there as well, if the provider offers that.
    pub fn logout(&self, language: Option<&str>) -> Option<String> {
        self.provider()?.logout(&self.settings, language)
    }

    /// Asks the provider whether it is there, if it is time. Call it every second.
    pub async fn keep(self: &Arc<Self>) {
        let due = |found: &Found| !found.is_fresh(limits::OIDC_LOOK_MS) && found.may_be_asked();
        if self.read(due) {
            let own = Arc::clone(self);
            let _ = block(move || own.ask_anew(limits::OIDC_FRESH_MS)).await;
        }
    }

    /// The way to the provider's own page. A provider that has not been heard lately is asked first,
    /// so that nobody is sent to one that is not there.
    async fn depart(
        self: &Arc<Self>,
        language: Option<String>,
        again: bool,
    ) -> Result<Departure, Fault> {
        if !self.read(|found| found.is_fresh(limits::OIDC_FRESH_MS)) {
            if !self.read(Found::may_be_asked) {
                return Err(Fault::Unavailable);
            }
            let own = Arc::clone(self);
            self.blocking(move || own.ask_anew(limits::OIDC_FRESH_MS)).await?;
        }
        let provider = self.provider().filter(|_| self.is_available()).ok_or(Fault::Unavailable)?;
        Ok(provider.departure(&self.settings, language.as_deref(), again))
    }

    /// What the provider says of whoever came back with this code.
    async fn arrive(self: &Arc<Self>, flow: Flow, code: String) -> Result<Given, Fault> {
        let own = Arc::clone(self);
        self.blocking(move || own.exchange(&flow, code)).await?
    }

    /// Notes that this sign-in came back; `false` when it did so before.
    fn first_time(&self, flow: &Flow) -> bool {
        lock(&self.spent).first_time(&flow.state, self.clock.now())
    }

    /// Does it on a blocking thread, of which it takes a bounded share.
    async fn blocking<T: Send + 'static>(
        &self,
        what: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = self.turn().await.ok_or(Fault::Busy)?;
        let done = block(move || {
            let _turn = turn;
            what()
        });
        done.await.map_err(|_| Fault::Busy)
    }

    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let wait = Duration::from_millis(limits::OIDC_TURN_MS_MAX);
        let turn = Arc::clone(&self.turns).acquire_owned();
        tokio::time::timeout(wait, turn).await.ok()?.ok()
    }

    fn exchange(&self, flow: &Flow, code: String) -> Result<Given, Fault> {
        let provider = self.provider().ok_or(Fault::Unavailable)?;
        let tokens = provider.redeem(&self.web, flow, code).map_err(|t| self.told(t))?;
        // The provider's clock and ours are compared at the moment of its answer.
        let now = self.clock.now();
        let claims = |by: &Provider| by.claims(&self.settings, &self.web, &tokens, flow, now);
        let mut claims_now = claims(&provider);
        if claims_now == Err(Unverified::UnknownKey) {
            let newer = self.newer_than(&provider).ok_or(Fault::Unavailable)?;
            claims_now = claims(&newer);
        }
        match claims_now {
            Ok(given) => {
                self.heard();
                Ok(given)
            }
            Err(Unverified::UnknownKey) => {
                let reason = "the ID token is signed with a key that it does not publish";
                Err(self.told(Trouble { fault: Fault::Untrusted, reason }))
            }
            Err(Unverified::Trouble(trouble)) => Err(self.told(trouble)),
        }
    }

    /// Notes what went wrong with one sign-in; what she is told of it. One browser's code may be at
    /// fault as well as the provider, so that nobody else's way is closed by it: the provider is
    /// looked at before the next one leaves.
    fn told(&self, trouble: Trouble) -> Fault {
        match trouble.fault {
            Fault::Unavailable => {
                self.write(|found| found.heard = None);
                tracing::warn!(reason = trouble.reason, "a sign-in failed at the provider");
            }
            // A code that is used twice is a matter of a browser.
            Fault::Stale => tracing::debug!(reason = trouble.reason, "a sign-in was refused"),
            _ => tracing::warn!(reason = trouble.reason, "a sign-in was refused"),
        }
        trouble.fault
    }

    /// Metadata and keys that were read after these: perhaps by another who waited for them too.
    fn newer_than(&self, old: &Arc<Provider>) -> Option<Arc<Provider>> {
        let _one = lock(&self.look);
        let newer = self.provider().filter(|found| !Arc::ptr_eq(found, old));
        if newer.is_some() {
            return newer;
        }
        let least = Duration::from_millis(limits::OIDC_KEYS_MS_MIN);
        if let Some(since) = self.read(|found| found.tried).map(|at| at.elapsed()) {
            std::thread::sleep(least.saturating_sub(since));
        }
        self.discover();
        self.provider().filter(|_| self.is_available())
    }

    /// Looks, unless somebody did while this waited.
    fn ask_anew(&self, fresh_ms: u64) {
        let _one = lock(&self.look);
        let enough = |found: &Found| found.is_fresh(fresh_ms) || !found.may_be_asked();
        if !self.read(enough) {
            self.discover();
        }
    }

    fn discover(&self) {
        self.write(|found| found.tried = Some(clock::monotonic()));
        match Provider::discover(&self.settings, &self.web) {
            Ok(provider) => {
                self.write(|found| found.provider = Some(Arc::new(provider)));
                self.heard();
            }
            Err(trouble) => self.failed(trouble.reason),
        }
    }

    fn heard(&self) {
        let failures = self.write(|found| {
            found.heard = Some(clock::monotonic());
            std::mem::take(&mut found.failures)
        });
        if failures > 0 {
            tracing::info!("the sign-in provider answers again");
        }
    }

    fn failed(&self, reason: Reason) {
        let before = self.write(|found| {
            found.tried = Some(clock::monotonic());
            found.failures = found.failures.saturating_add(1);
            found.failures - 1
        });
        match before {
            0 => tracing::warn!(reason, "nobody can sign in: the provider cannot be used"),
            _ => tracing::debug!(reason, "the provider still cannot be used"),
        }
    }

    fn provider(&self) -> Option<Arc<Provider>> {
        self.read(|found| found.provider.clone())
    }

    fn read<T>(&self, what: impl FnOnce(&Found) -> T) -> T {
        what(&self.found.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, what: impl FnOnce(&mut Found) -> T) -> T {
        what(&mut self.found.write().unwrap_or_else(PoisonError::into_inner))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_after_failures_doubles_up_to_a_bound() {
        let ms = |failures| pause(failures).as_millis() as u64;
        assert_eq!(ms(1), limits::OIDC_RETRY_MS);
        assert_eq!(ms(2), 2 * limits::OIDC_RETRY_MS);
        assert_eq!(ms(3), 4 * limits::OIDC_RETRY_MS);
        for many in [10, 100, u32::MAX] {
            assert_eq!(ms(many), limits::OIDC_RETRY_MS_MAX);
        }
    }

    fn settings() -> OidcSettings {
        OidcSettings {
            issuer: "http://127.0.0.1:1".to_owned(),
            client_id: "sluis".to_owned(),
            client_secret: "secret".to_owned(),
            redirect_url: "http://127.0.0.1:2/api/sign-in/return".to_owned(),
            home_url: "http://127.0.0.1:2/".to_owned(),
            scopes: Vec::new(),
            prompt: String::new(),
            acr_values: Vec::new(),
            signing_algorithms: vec!["RS256".to_owned()],
            clock_skew_seconds: 60,
            claims: ClaimRules::default(),
            contact: None,
            logout: true,
            authorities: None,
            is_safe: |_| true,
        }
    }

    #[actix_web::test]
    async fn so_many_talk_to_the_provider_at_once_and_the_next_one_waits() {
        let oidc = Oidc::new(settings(), Clock::system()).unwrap();
        let mut turns = Vec::new();
        for _ in 0..limits::OIDC_EXCHANGES_MAX {
            turns.push(oidc.turn().await.expect("a turn"));
        }
        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, oidc.turn()).await.is_err(), "it waits");
        turns.pop();
        assert!(tokio::time::timeout(soon, oidc.turn()).await.unwrap().is_some());
    }

    #[test]
    fn certificates_that_are_none_are_refused() {
        let authorities = Some(b"-----BEGIN CERTIFICATE-----\nx".to_vec());
        let made = Oidc::new(OidcSettings { authorities, ..settings() }, Clock::system());
        assert!(made.is_err());
    }

    #[test]
    fn a_provider_that_failed_is_left_alone_for_a_while() {
        let now = clock::monotonic();
        let mut found = Found::default();
        assert!(found.may_be_asked() && !found.is_up());
        (found.tried, found.failures) = (Some(now), 1);
        assert!(!found.may_be_asked());
        found.tried = now.checked_sub(Duration::from_millis(limits::OIDC_RETRY_MS));
        assert!(found.may_be_asked());
        found.failures = 2;
        assert!(!found.may_be_asked());
    }
}
