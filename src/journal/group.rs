//! How many records a commit waits for, so that the answers to one commit make one next commit.
//!
//! Whoever was told an outcome often acts on it at once. Without a pause the first of them starts
//! a commit alone, and the others share a second one: twice the syncs for the same work. So after
//! a commit the writer waits for as many records as lately came together, for a moment at most.
//! A record that comes later than that after a commit never waits.

use std::time::Duration;

use crate::limits::{JOURNAL_GROUP_RECORDS_MAX, JOURNAL_GROUP_WAIT_US_MAX};

/// Groups that came whole before a larger one is tried: one try in nine waits in vain.
const WHOLE_BEFORE_MORE: u32 = 8;

/// The size of the group that the next commit waits for. It follows what comes: it grows while
/// groups are whole, and falls to what had come when one was not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Group {
    size: u64,
    whole: u32,
}

impl Group {
    /// Waits for nobody yet.
    pub const fn new() -> Self {
        Self { size: 1, whole: 0 }
    }

    /// Records worth waiting for.
    pub const fn size(self) -> u64 {
        self.size
    }

    /// How much longer the group may be waited for, so long after the last commit.
    pub fn patience(since_commit: Duration) -> Option<Duration> {
        let limit = Duration::from_micros(JOURNAL_GROUP_WAIT_US_MAX);
        limit.checked_sub(since_commit).filter(|left| !left.is_zero())
    }

    /// The wait ended with so many records: all that were waited for, or fewer.
    pub fn ended_with(&mut self, records: u64) {
        if records < self.size {
            *self = Self { size: records.max(1), whole: 0 };
            return;
        }
        self.whole += 1;
        if self.whole == WHOLE_BEFORE_MORE {
            let size = (self.size + self.size / 8 + 1).min(JOURNAL_GROUP_RECORDS_MAX);
            *self = Self { size, whole: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `clients` that each send one record after each commit.
    fn settle(clients: u64, commits: usize) -> Group {
        let mut group = Group::new();
        for _ in 0..commits {
            group.ended_with(clients.min(group.size()));
        }
        group
    }

    #[test]
    fn the_group_follows_those_who_answer_and_stays_within_its_bound() {
        assert_eq!(settle(1_000, 200).size(), JOURNAL_GROUP_RECORDS_MAX);
        for clients in [1, 2, 10, 31] {
            let after: Vec<u64> =
                (300..340).map(|commits| settle(clients, commits).size()).collect();
            let in_vain = after.iter().filter(|size| **size > clients).count();
            assert!(after.contains(&clients), "{clients}: {after:?}");
            assert!(in_vain * 8 <= after.len(), "{clients}: {after:?}");
        }
    }

    #[test]
    fn patience_ends_at_the_bound() {
        let after = |us| Group::patience(Duration::from_micros(us));
        assert_eq!(after(0), Some(Duration::from_micros(JOURNAL_GROUP_WAIT_US_MAX)));
        assert_eq!(after(JOURNAL_GROUP_WAIT_US_MAX - 1), Some(Duration::from_micros(1)));
        assert_eq!(after(JOURNAL_GROUP_WAIT_US_MAX), None);
        assert_eq!(after(JOURNAL_GROUP_WAIT_US_MAX + 1), None);
    }

    #[test]
    fn a_group_that_does_not_come_is_not_waited_for_again() {
        let mut group = settle(64, 300);
        group.ended_with(3);
        assert_eq!(group.size(), 3);
        group.ended_with(0);
        assert_eq!(group.size(), 1, "a lone record starts a commit at once");
    }
}
