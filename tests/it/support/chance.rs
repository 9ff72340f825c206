//! Scattered numbers from a seed that is printed, so that a run can be repeated.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::journal_child::scatter;

/// A generator.
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// From `SLUIS_SEED`, else from the time; says which.
    pub fn from_environment(test: &str) -> Self {
        let given = std::env::var("SLUIS_SEED").ok().and_then(|text| text.parse().ok());
        let state = given.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            now.as_nanos() as u64 % 1_000_000_000
        });
        eprintln!("{test}: SLUIS_SEED={state}");
        Self { state }
    }

    /// Another generator, for somebody of its own.
    pub fn split(&mut self, number: u64) -> Self {
        Self { state: scatter(self.state ^ number.wrapping_mul(0x51ed_270b)) }
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(1);
        scatter(self.state)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound as u64) as usize
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}
