//! `/api/windows`: registration windows and the transcripts of their draws.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::HttpState;
use super::access::{Anybody, Authenticated};
use super::openapi::{PublicProblems, ReadProblems};
use super::problem::{Problem, UNKNOWN_WINDOW};
use crate::domain::ids::WindowId;
use crate::domain::lottery;
use crate::domain::window::{Order, Window, WindowRules};
use crate::protocol::convert::hex;
use crate::protocol::server::WindowView;
use crate::protocol::transcript::{self, Transcript};

/// Every window.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Windows {
    /// In order of import.
    pub windows: Vec<WindowView>,
    /// Now.
    pub server_time: u64,
}

impl Windows {
    /// As they are on disk.
    pub(super) fn now(state: &HttpState) -> Self {
        let windows = state.gateway.public().windows.clone();
        Self { windows, server_time: state.access.clock.now().0 }
    }

    /// As they are on disk, with how many wait as the lines last told: nobody is asked.
    fn told(state: &HttpState) -> Self {
        let mut now = Self::now(state);
        for (window, waiting) in now.windows.iter_mut().zip(state.gateway.tallies().lines()) {
            window.waiting = waiting;
        }
        now
    }

    /// As they are on disk, with how many wait at this moment.
    pub(super) async fn counted(state: &HttpState) -> Result<Self, Problem> {
        let read = state
            .gateway
            .read(|registry| registry.windows.iter().map(|w| w.waiting).collect::<Vec<u32>>());
        let waiting = read.await?.1;
        let mut now = Self::now(state);
        for (window, waiting) in now.windows.iter_mut().zip(waiting) {
            window.waiting = waiting;
        }
        Ok(now)
    }
}

/// The window with that key.
pub(super) fn find(state: &HttpState, key: &str) -> Result<WindowId, Problem> {
    let found = state.gateway.public().window_id(key);
    found.ok_or_else(|| Problem::new(&UNKNOWN_WINDOW, "look it up in /api/windows"))
}

/// Registration windows
///
/// How many wait is as the lines last told it: a moment old.
#[utoipa::path(
    get, path = "/api/windows", tag = "windows",
    responses((status = 200, body = Windows), ReadProblems)
)]
pub async fn list(
    _who: Authenticated,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Windows::told(&state)))
}

/// What the transcript needs of a window.
struct Draw {
    rules: Arc<WindowRules>,
    run: u32,
    opened_at: Option<u64>,
    drawn: u32,
    armed: u32,
}

impl Draw {
    fn new(window: &Window) -> Self {
        Self {
            rules: Arc::new(window.rules.clone()),
            run: window.run,
            opened_at: window.opened_at.map(|t| t.0),
            drawn: window.drawn,
            armed: window.tickets.len() as u32,
        }
    }

    /// Before the opening: the hash and the tickets, neither seed nor order.
    fn transcript(&self) -> Transcript {
        let opened = self.opened_at.is_some();
        let tickets: Vec<u32> = (0..if opened { self.drawn } else { self.armed }).collect();
        let rules = &self.rules;
        let order = match rules.order {
            _ if !opened => Vec::new(),
            Order::Arrival => tickets.clone(),
            Order::Lottery => transcript::drawn(&rules.seed, &rules.key, tickets.clone()),
        };
        Transcript {
            format: transcript::FORMAT.to_owned(),
            window: rules.key.to_string(),
            run: self.run,
            rule: match rules.order {
                Order::Arrival => "arrival".to_owned(),
                Order::Lottery => "lottery".to_owned(),
            },
            seed_hash: hex(&lottery::seed_hash(&rules.seed)),
            seed: opened.then(|| hex(&rules.seed)),
            opened_at: self.opened_at,
            tickets,
            order,
        }
    }
}

/// The transcript of a window's draw; `sluis lottery verify FILE` checks it
///
/// Before the opening it has the seed's hash and neither seed nor order. It holds ticket numbers
/// and nobody's name, so anybody may check it.
#[utoipa::path(
    get, path = "/api/windows/{key}/lottery", tag = "windows", security(()),
    params(("key" = String, Path, description = "Window key")),
    responses((status = 200, body = Transcript), PublicProblems)
)]
pub async fn lottery(
    _anybody: Anybody,
    state: web::Data<HttpState>,
    key: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = find(&state, &key)?;
    let (_, draw) = state.gateway.read(move |r| r.window(id).map(Draw::new)).await?;
    let draw = draw.ok_or_else(|| Problem::new(&UNKNOWN_WINDOW, "look it up in /api/windows"))?;
    // The draw is hashed here, not in the Registrar's turn.
    let transcript = web::block(move || draw.transcript()).await;
    match transcript {
        Ok(transcript) => Ok(HttpResponse::Ok().json(transcript)),
        Err(_) => Err(Problem::of_status(actix_web::http::StatusCode::SERVICE_UNAVAILABLE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::Text;
    use crate::domain::ids::Key;
    use crate::domain::window::{ClashPolicy, Scope};

    #[test]
    fn the_seed_stays_secret_until_the_opening_and_then_verifies() {
        let rules = WindowRules {
            key: Key::new("2026-2").unwrap(),
            name: Text::default(),
            term: 0,
            opens_at: None,
            closes_at: None,
            opens_after_sign_in_s: None,
            order: Order::Lottery,
            pace: None,
            clash: ClashPolicy::Refuse,
            credit_limit: None,
            waitlists: true,
            scope: Scope::Courses,
            rehearsal: false,
            seed: [3; 32],
        };
        let rules = Arc::new(rules);
        let before = Draw { rules, run: 0, opened_at: None, drawn: 0, armed: 50 };
        let planned = before.transcript();
        let text = serde_json::to_string(&planned).unwrap();
        assert!(!text.contains(&hex(&[3; 32])));
        assert_eq!((planned.tickets.len(), planned.order.len()), (50, 0));
        let after = Draw { opened_at: Some(1), drawn: 50, armed: 60, ..before };
        let opened = after.transcript();
        assert_eq!(transcript::verify(&opened, Some(&planned.seed_hash)), Ok(50));
    }
}
