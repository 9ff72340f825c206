//! Moments for kills that should fall on both sides of something that a process does, however long
//! that takes here and now: after a kill that came too early the next may come later, and the other
//! way round.

use std::time::Duration;

use crate::journal_child::scatter;

/// Of how a span grows and shrinks: by an eighth.
const STEP: u32 = 8;

/// Drawn from a seed, each between nothing and a span that follows what came of those before.
pub struct Moments {
    seed: u64,
    drawn: u64,
    span: Duration,
}

impl Moments {
    /// At first within `span`.
    pub const fn within(span: Duration, seed: u64) -> Self {
        Self { seed, drawn: 0, span }
    }

    pub fn draw(&mut self) -> Duration {
        let at = scatter(self.seed.wrapping_add(self.drawn)) % self.span.as_micros().max(1) as u64;
        self.drawn += 1;
        Duration::from_micros(at)
    }

    /// Whether the process had done it by then.
    pub fn was(&mut self, done: bool) {
        self.span = if done { self.span * (STEP - 1) } else { self.span * (STEP + 1) } / STEP;
    }
}

#[test]
fn they_find_the_moment_from_either_side() {
    let really = Duration::from_millis(700);
    for guess in [20, 700, 20_000].map(Duration::from_millis) {
        let mut moments = Moments::within(guess, 1);
        let mut done = |kills| {
            let mut one = |_| {
                let done = moments.draw() >= really;
                moments.was(done);
                done
            };
            (0..kills).filter(|kill| one(*kill)).count()
        };
        done(50);
        let late = done(100);
        assert!((20..80).contains(&late), "{late} of 100 after {guess:?}");
    }
}
