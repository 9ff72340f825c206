//! The transcript of a draw, and its check: anyone can run it, with nothing but the transcript
//! and the hash that was shown beforehand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::convert::hex;
use crate::domain::ids::{Key, Ticket};
use crate::domain::lottery;

/// Name and version of the form.
pub const FORMAT: &str = "sluis-lottery-1";
/// Most tickets in a transcript that is checked.
pub const TICKETS_MAX: usize = 10_000_000;

/// How one window's line was put in order. Tickets are numbers; whose is whose is nobody's
/// business but the owner's, who knows her own.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// [`FORMAT`].
    pub format: String,
    /// Window key.
    pub window: String,
    /// Which run of a rehearsal; 0 is the first.
    pub run: u32,
    /// `lottery`: order = SHA-256(seed ‖ window ‖ ticket), ascending; `arrival`: as numbered.
    pub rule: String,
    /// SHA-256 of the seed, in hex: shown since the window was made.
    pub seed_hash: String,
    /// The seed, in hex: told once the window has opened.
    pub seed: Option<String>,
    /// When the window opened, in milliseconds since 1970; then the armed set was frozen.
    pub opened_at: Option<u64>,
    /// Tickets armed before the opening.
    pub tickets: Vec<u32>,
    /// The same tickets, first to be served first.
    pub order: Vec<u32>,
}

/// What is wrong with a transcript.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TranscriptFault {
    /// Another form or version.
    #[error("expected a transcript of the form {FORMAT}")]
    Format,
    /// The window's key or the rule is none.
    #[error("the window's key or the rule is not valid")]
    Header,
    /// Larger than [`TICKETS_MAX`].
    #[error("more than {TICKETS_MAX} tickets")]
    TooLong,
    /// Nothing to check yet.
    #[error("the window has not opened: the seed is still secret")]
    NotOpened,
    /// Not 64 hex digits.
    #[error("the seed is not 64 hex digits")]
    Seed,
    /// The seed is not the one whose hash was shown.
    #[error("the seed does not have the hash {expected}; it has {found}")]
    SeedHash {
        /// In the transcript, or given by the checker.
        expected: String,
        /// Of the seed in the transcript.
        found: String,
    },
    /// The tickets are not numbered 0, 1, 2, …
    #[error("ticket {0} is missing: tickets are numbered from 0 without a gap")]
    MissingTicket(u32),
    /// As many places as tickets.
    #[error("{tickets} tickets, but {places} places in the order")]
    Length {
        /// Tickets armed.
        tickets: usize,
        /// Places.
        places: usize,
    },
    /// The order is another than the draw gives.
    #[error("place {place}: the draw gives ticket {expected}, the transcript says {found}")]
    Order {
        /// From 1.
        place: usize,
        /// What the draw gives.
        expected: u32,
        /// What the transcript says.
        found: u32,
    },
}

/// Checks a transcript; `published` is the hash that was shown before the opening, where the
/// checker kept it. Returns the number of tickets.
pub fn verify(transcript: &Transcript, published: Option<&str>) -> Result<usize, TranscriptFault> {
    if transcript.format != FORMAT {
        return Err(TranscriptFault::Format);
    }
    if transcript.tickets.len().max(transcript.order.len()) > TICKETS_MAX {
        return Err(TranscriptFault::TooLong);
    }
    let window = Key::new(&transcript.window).map_err(|_| TranscriptFault::Header)?;
    let seed = transcript.seed.as_deref().ok_or(TranscriptFault::NotOpened)?;
    let seed = seed_bytes(seed).ok_or(TranscriptFault::Seed)?;
    let found = hex(&lottery::seed_hash(&seed));
    for expected in [Some(transcript.seed_hash.as_str()), published].into_iter().flatten() {
        if !expected.eq_ignore_ascii_case(&found) {
            return Err(TranscriptFault::SeedHash { expected: expected.to_owned(), found });
        }
    }
    let mut tickets = transcript.tickets.clone();
    tickets.sort_unstable();
    for (i, ticket) in tickets.iter().enumerate() {
        if *ticket != i as u32 {
            return Err(TranscriptFault::MissingTicket(i as u32));
        }
    }
    if tickets.len() != transcript.order.len() {
        let places = transcript.order.len();
        return Err(TranscriptFault::Length { tickets: tickets.len(), places });
    }
    let expected = match transcript.rule.as_str() {
        "arrival" => tickets,
        "lottery" => drawn(&seed, &window, tickets),
        _ => return Err(TranscriptFault::Header),
    };
    let mut places = expected.iter().zip(&transcript.order).enumerate();
    match places.find(|(_, (expected, found))| expected != found) {
        Some((i, (expected, found))) => {
            Err(TranscriptFault::Order { place: i + 1, expected: *expected, found: *found })
        }
        None => Ok(expected.len()),
    }
}

/// The tickets in the order of the draw.
pub fn drawn(seed: &[u8; 32], window: &Key, tickets: Vec<u32>) -> Vec<u32> {
    let order = lottery::draw(seed, window, tickets.into_iter().map(Ticket));
    order.into_iter().map(|ticket| ticket.0).collect()
}

fn seed_bytes(text: &str) -> Option<[u8; 32]> {
    let mut seed = [0; 32];
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (i, byte) in seed.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right() -> Transcript {
        let seed = [7; 32];
        let window = Key::new("2026-2").unwrap();
        Transcript {
            format: FORMAT.to_owned(),
            window: "2026-2".to_owned(),
            run: 0,
            rule: "lottery".to_owned(),
            seed_hash: hex(&lottery::seed_hash(&seed)),
            seed: Some(hex(&seed)),
            opened_at: Some(1),
            tickets: (0..100).collect(),
            order: drawn(&seed, &window, (0..100).collect()),
        }
    }

    fn check(change: impl FnOnce(&mut Transcript)) -> Result<usize, TranscriptFault> {
        let mut transcript = right();
        change(&mut transcript);
        verify(&transcript, None)
    }

    #[test]
    fn a_right_transcript_verifies() {
        assert_eq!(check(|_| {}), Ok(100));
        let hash = right().seed_hash.to_uppercase();
        assert_eq!(verify(&right(), Some(&hash)), Ok(100));
        assert_eq!(check(|t| (t.tickets, t.order) = (Vec::new(), Vec::new())), Ok(0));
        let arrival = |t: &mut Transcript| {
            t.rule = "arrival".to_owned();
            t.order = t.tickets.clone();
        };
        assert_eq!(check(arrival), Ok(100));
        let text = serde_json::to_string(&right()).unwrap();
        assert_eq!(serde_json::from_str::<Transcript>(&text).unwrap(), right());
    }

    #[test]
    fn a_changed_order_is_found() {
        let fault = check(|t| t.order.swap(3, 4)).unwrap_err();
        assert!(matches!(fault, TranscriptFault::Order { place: 4, .. }), "{fault}");
        let fault = check(|t| t.order[9] = t.order[8]).unwrap_err();
        assert!(matches!(fault, TranscriptFault::Order { place: 10, .. }), "{fault}");
    }

    #[test]
    fn a_changed_seed_is_found() {
        let other = hex(&[8; 32]);
        let fault = check(|t| t.seed = Some(other.clone())).unwrap_err();
        assert!(matches!(fault, TranscriptFault::SeedHash { .. }), "{fault}");
        let both = |t: &mut Transcript| {
            t.seed = Some(other.clone());
            t.seed_hash = hex(&lottery::seed_hash(&[8; 32]));
        };
        let fault = check(both).unwrap_err();
        assert!(matches!(fault, TranscriptFault::Order { .. }), "{fault}");
        let mut redrawn = right();
        both(&mut redrawn);
        redrawn.order = drawn(&[8; 32], &Key::new("2026-2").unwrap(), redrawn.tickets.clone());
        assert_eq!(verify(&redrawn, None), Ok(100), "consistent in itself");
        let fault = verify(&redrawn, Some(&right().seed_hash)).unwrap_err();
        assert!(matches!(fault, TranscriptFault::SeedHash { .. }), "not what was published");
        for seed in ["", "zz", &"é".repeat(32)] {
            assert_eq!(check(|t| t.seed = Some(seed.to_owned())), Err(TranscriptFault::Seed));
        }
        assert_eq!(check(|t| t.seed = None), Err(TranscriptFault::NotOpened));
    }

    #[test]
    fn a_missing_or_doubled_ticket_is_found() {
        let missing = |t: &mut Transcript| {
            t.tickets.retain(|n| *n != 42);
            t.order.retain(|n| *n != 42);
        };
        assert_eq!(check(missing), Err(TranscriptFault::MissingTicket(42)));
        assert_eq!(check(|t| t.tickets[42] = 41), Err(TranscriptFault::MissingTicket(42)));
        let fault = check(|t| t.order.truncate(99)).unwrap_err();
        assert_eq!(fault, TranscriptFault::Length { tickets: 100, places: 99 });
    }

    #[test]
    fn another_window_or_rule_is_another_draw() {
        assert!(check(|t| t.window = "2026-1".to_owned()).is_err());
        assert_eq!(check(|t| t.window = "a b".to_owned()), Err(TranscriptFault::Header));
        assert_eq!(check(|t| t.rule = "random".to_owned()), Err(TranscriptFault::Header));
        assert_eq!(check(|t| t.format = "2".to_owned()), Err(TranscriptFault::Format));
    }
}
