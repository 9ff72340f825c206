//! The edge: HTTP and the way in to the WebSocket. Converts, asks the gateway, and tells.
//! Deliberately absent: rules of registration, state of its own that matters, and any way to a
//! student's data that does not come from her own sign-in.
//!
//! No student number is ever part of a path or a query.

pub mod access;
pub mod acts;
pub mod admin;
pub mod admin_student;
pub mod alternatives;
mod assets;
pub mod audit;
pub mod auth;
mod body;
pub mod calendar;
pub mod catalogue;
pub mod console;
pub mod devices;
pub mod ended;
pub mod export;
mod extract;
mod finish;
pub mod frames;
pub mod health;
pub mod ical;
pub mod imports;
pub mod journal;
pub mod key_file;
pub mod limit;
pub mod listing;
mod measure;
pub mod messages;
pub mod my_data;
mod offer;
pub mod oidc;
pub mod openapi;
pub mod operator;
pub mod origin;
mod place;
pub mod plain;
mod plain_text;
pub mod preferences;
pub mod problem;
pub mod results;
pub mod routes;
pub mod security_log;
pub mod settings;
pub mod sign_in;
pub mod socket;
pub mod student;
#[cfg(test)]
mod testkit;
#[cfg(test)]
mod tests;
pub mod timetable;
pub mod turns;
pub mod views;
pub mod windows;
#[cfg(test)]
mod wire_types;
pub mod ws;

use std::sync::Arc;

use actix_web::web;
use dashmap::DashMap;

pub use access::{Access, AsRegistrar, AsStudent, Authenticated};
pub use assets::PAGES;
pub use body::arriving;
use console::Console;
use console::archive::Archive;
pub use finish::finish;
use imports::Importers;
use listing::{Listing, Listings};
pub use measure::{labels, measure};
use oidc::Oidc;
use problem::{Problem, UNKNOWN_STUDENT};
use tokio::sync::Semaphore;

use crate::actors::gateway::Gateway;
use crate::domain::ids::{Key, StudentId};
use crate::journal::JournalReader;
use crate::limits::AUDIT_EXPORTS_MAX;
use crate::theme::Theme;

/// What the handlers share.
pub struct HttpState {
    /// The door to the actors.
    pub gateway: Gateway,
    /// What is on disk.
    pub journal: JournalReader,
    /// Who may come in.
    pub access: Arc<Access>,
    /// The readers of files.
    pub importers: Importers,
    /// Room for exports of the audit log.
    audits: Arc<Semaphore>,
    reading: journal::Reading,
    listings: Listings,
    /// Numbers never change hands, so they are kept once asked.
    students: DashMap<Key, StudentId>,
    draws: place::Draws,
    look: Option<assets::Look>,
    console: Console,
    /// The way in by the university account, where that is how one signs in.
    pub oidc: Option<Arc<Oidc>>,
}

impl HttpState {
    /// From its parts.
    pub fn new(
        gateway: Gateway,
        access: Access,
        importers: Importers,
        journal: JournalReader,
    ) -> Self {
        Self {
            gateway,
            access: Arc::new(access),
            importers,
            journal,
            audits: Arc::new(Semaphore::new(AUDIT_EXPORTS_MAX)),
            reading: journal::Reading::default(),
            listings: Listings::default(),
            students: DashMap::new(),
            draws: DashMap::new(),
            look: None,
            console: Console::default(),
            oidc: None,
        }
    }

    /// With the university's look.
    #[must_use]
    pub fn with_theme(mut self, theme: Option<&Theme>) -> Self {
        self.look = theme.map(assets::Look::new);
        self
    }

    /// The same, with a way for the registrar to what is on disk.
    #[must_use]
    pub fn with_archive(mut self, archive: Archive) -> Self {
        self.console = Console::new(archive);
        self
    }

    /// The same, with a way in by the university account.
    #[must_use]
    pub fn with_oidc(mut self, oidc: Option<Arc<Oidc>>) -> Self {
        self.oidc = oidc;
        self
    }

    /// Whether people can sign in, as far as is known.
    pub fn can_sign_in(&self) -> bool {
        self.oidc.as_ref().is_none_or(|oidc| oidc.is_available())
    }

    /// The catalogue made ready for reading.
    pub fn listing(&self) -> Arc<Listing> {
        self.listings.of(self.gateway.catalogue())
    }

    /// The student with that number, if there is one.
    pub async fn find_student(&self, key: &Key) -> Result<Option<StudentId>, Problem> {
        if let Some(id) = self.students.get(key).map(|entry| *entry) {
            return Ok(Some(id));
        }
        let wanted = key.clone();
        let (_, id) = self.gateway.read(move |r| r.student_id(wanted.as_str())).await?;
        if let Some(id) = id {
            self.students.insert(key.clone(), id);
        }
        Ok(id)
    }

    /// The student who is signed in.
    pub async fn student(&self, key: &Key) -> Result<StudentId, Problem> {
        let unknown =
            || Problem::new(&UNKNOWN_STUDENT, "the registrar has not imported this student");
        self.find_student(key).await?.ok_or_else(unknown)
    }

    /// Forgets limiter keys that are full again. Call it every minute.
    pub fn tidy_limits(&self) {
        self.access.limiters.retain_recent();
    }
}

/// Puts every route in place. The application also wraps itself in [`finish`], [`arriving`] and
/// [`measure`], in this order.
pub fn routes(state: &Arc<HttpState>) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
    let state = Arc::clone(state);
    move |cfg| {
        cfg.app_data(web::Data::from(Arc::clone(&state.access)));
        let look = state.look.clone();
        cfg.app_data(web::Data::from(state));
        extract::configure(cfg);
        routes::configure(cfg);
        assets::configure(cfg, look);
    }
}
