//! What a student's hub wants to hear of what is told to everybody. The hub says it and its
//! messenger looks before it wakes the hub: with 18,000 connected, most news is none of most.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::news::Bulletin;

/// Shared by one hub and the messenger of its worker, which run on the same thread.
#[derive(Clone, Default)]
pub struct Interest(Arc<Flags>);

#[derive(Default)]
struct Flags {
    seats: AtomicBool,
    lines: AtomicBool,
}

impl Interest {
    /// Said by the hub after whatever it handled: whether a session watches seats, and whether she
    /// has a place in a line.
    pub fn say(&self, seats: bool, lines: bool) {
        self.0.seats.store(seats, Ordering::Relaxed);
        self.0.lines.store(lines, Ordering::Relaxed);
    }

    /// News is on its way to the hub, which may give her a place: what comes after it concerns her
    /// until the hub has said otherwise.
    pub fn news_is_coming(&self) {
        self.0.lines.store(true, Ordering::Relaxed);
    }

    /// Whether the hub has a use for it.
    pub fn in_what(&self, bulletin: &Bulletin) -> bool {
        match bulletin {
            Bulletin::Seats(..) => self.0.seats.load(Ordering::Relaxed),
            Bulletin::Line(..) | Bulletin::Among(..) => self.0.lines.load(Ordering::Relaxed),
            Bulletin::Public(..) | Bulletin::Notice { .. } | Bulletin::Announcement { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::news::LineState;
    use crate::domain::ids::{Sequence, WindowId};

    #[test]
    fn a_hub_hears_of_seats_while_it_watches_and_of_lines_while_she_is_in_one() {
        let seats = Bulletin::Seats(Sequence(1), Arc::new([]));
        let moved = LineState { served: 1, waiting: 1, rate: None };
        let line = Bulletin::Line(WindowId(0), moved);
        let interest = Interest::default();
        let wants =
            |interest: &Interest| [&seats, &line].map(|bulletin| interest.in_what(bulletin));
        assert_eq!(wants(&interest), [false, false]);
        interest.say(true, false);
        assert_eq!(wants(&interest), [true, false]);
        interest.news_is_coming();
        assert_eq!(wants(&interest), [true, true], "it may be her place");
        interest.say(false, true);
        assert_eq!(wants(&interest), [false, true]);
        interest.say(false, false);
        assert_eq!(wants(&interest), [false, false], "it was not");
        assert!(interest.in_what(&Bulletin::Public(Arc::default(), Vec::new())));
    }
}
