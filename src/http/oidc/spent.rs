//! Sign-ins that have come back: none comes back twice.

use std::collections::{HashSet, VecDeque};

use sha2::{Digest, Sha256};

use crate::domain::ids::Timestamp;
use crate::limits;

type Mark = [u8; 16];

/// States that were used, for as long as they would be good.
#[derive(Debug, Default)]
pub struct Spent {
    known: HashSet<Mark>,
    in_order: VecDeque<(Timestamp, Mark)>,
}

impl Spent {
    /// Notes it; `false` when it has been here before.
    pub fn first_time(&mut self, state: &str, now: Timestamp) -> bool {
        self.forget_old(now);
        let mut mark = Mark::default();
        mark.copy_from_slice(&Sha256::digest(state)[..16]);
        if !self.known.insert(mark) {
            return false;
        }
        self.in_order.push_back((now, mark));
        if self.in_order.len() > limits::OIDC_SPENT_MAX {
            self.forget_first();
        }
        true
    }

    /// Forgets what is too old to come back.
    fn forget_old(&mut self, now: Timestamp) {
        let old = |at: Timestamp| now.0.saturating_sub(at.0) > limits::OIDC_FLOW_MS_MAX;
        while self.in_order.front().is_some_and(|(at, _)| old(*at)) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, mark)) = self.in_order.pop_front() {
            self.known.remove(&mark);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    #[test]
    fn a_state_is_good_once() {
        let mut spent = Spent::default();
        assert!(spent.first_time("a", NOW));
        assert!(!spent.first_time("a", NOW));
        assert!(spent.first_time("b", NOW));
        let last = NOW.plus_ms(limits::OIDC_FLOW_MS_MAX);
        assert!(!spent.first_time("a", last));
        // Its cookie is over by now, whatever is remembered.
        assert!(spent.first_time("a", last.plus_ms(1)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut spent = Spent::default();
        for n in 0..=limits::OIDC_SPENT_MAX {
            assert!(spent.first_time(&n.to_string(), NOW));
        }
        assert_eq!(spent.known.len(), limits::OIDC_SPENT_MAX);
        assert_eq!(spent.in_order.len(), limits::OIDC_SPENT_MAX);
        assert!(!spent.first_time("1", NOW), "the others are remembered");
        assert!(spent.first_time("0", NOW), "the oldest is forgotten");
    }
}
