//! What a security officer looks for in the log: who signed in and out, whose sign-in was refused,
//! and who asked for what her role may not do, at the operators' address as well. People have
//! pseudonyms there, and nothing that a client sent is repeated but a request's id, of hex digits
//! and dashes. A refusal costs whoever causes it nothing, so that so many a second are written (of
//! each address) and the others are counted in the next line.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::auth::{Claims, Role};
use crate::domain::ids::Key;
use crate::{clock, limits, pseudonym};

const SECOND: Duration = Duration::from_secs(1);

/// Refusals, as many as may be written.
#[derive(Debug, Default)]
pub struct Refusals {
    sign_ins: Turns,
    forbidden: Turns,
}

impl Refusals {
    /// A sign-in was refused, for a reason with this stable name.
    pub fn sign_in(&self, code: &'static str) {
        if let Some(withheld) = self.sign_ins.next(clock::monotonic()) {
            tracing::info!(code, withheld, "sign-in refused");
        }
    }

    /// A request was answered 403.
    pub fn forbidden(&self, request: &str, route: &str, method: &str, role: Option<Role>) {
        let role = role.map_or("none", Role::as_str);
        if let Some(withheld) = self.forbidden.next(clock::monotonic()) {
            tracing::warn!(request, route, method, role, withheld, "request forbidden");
        }
    }
}

/// Somebody signed in; `device` is the family of her browser and system.
pub fn signed_in(claims: &Claims, device: &'static str) {
    let (role, who) = (claims.role.as_str(), pseudonym::Of(name(claims)));
    tracing::info!(role, %who, device, "signed in");
}

/// Her sign-in was ended.
pub fn signed_out(claims: &Claims) {
    let (role, who) = (claims.role.as_str(), pseudonym::Of(name(claims)));
    tracing::info!(role, %who, "signed out");
}

/// A student's number, or what staff is called; never written as it is.
fn name(claims: &Claims) -> &str {
    let name = claims.student.as_ref().or(claims.name.as_ref());
    name.map_or(claims.role.as_str(), Key::as_str)
}

/// So many lines a second.
#[derive(Debug, Default)]
struct Turns(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    began: Option<Instant>,
    written: u32,
    withheld: u64,
}

impl Turns {
    /// Whether a line may be written now; if so, how many were not since the last one.
    fn next(&self, now: Instant) -> Option<u64> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.is_none_or(|began| now.duration_since(began) >= SECOND) {
            (window.began, window.written) = (Some(now), 0);
        }
        if window.written >= limits::REFUSALS_LOGGED_PER_S_MAX {
            window.withheld += 1;
            return None;
        }
        window.written += 1;
        Some(std::mem::take(&mut window.withheld))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::REFUSALS_LOGGED_PER_S_MAX;

    #[test]
    fn so_many_lines_a_second_are_written_and_the_others_are_counted() {
        let (turns, now) = (Turns::default(), clock::monotonic());
        for _ in 0..REFUSALS_LOGGED_PER_S_MAX {
            assert_eq!(turns.next(now), Some(0));
        }
        let soon = now + Duration::from_millis(999);
        assert_eq!((turns.next(now), turns.next(soon)), (None, None));
        assert_eq!((turns.next(now + SECOND), turns.next(now + SECOND)), (Some(2), Some(0)));
    }
}
