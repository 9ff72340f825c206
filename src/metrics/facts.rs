//! What is derived from state at the moment of a scrape: all of it on disk, or about the process
//! itself. Nothing here is asked of the Registrar.

use std::sync::Arc;
use std::time::Duration;

use super::known::{Limiter, Mailbox};
use crate::actors::news::Public;
use crate::actors::tally::Tallies;
use crate::domain::ids::{Sequence, Timestamp};
use crate::domain::section::Section;

/// How much of something there is, and how much there may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Filled {
    /// Now.
    pub now: usize,
    /// At most.
    pub most: usize,
}

/// State at the moment of a scrape.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The gateway's clock.
    pub now: Timestamp,
    /// Whether it takes commands.
    pub ready: bool,
    /// Whether anybody may sign in by choosing a name.
    pub demo_sign_in: bool,
    /// Whether people can sign in, as far as is known.
    pub can_sign_in: bool,
    /// WebSocket sessions.
    pub sessions: Filled,
    /// Commands accepted and not answered yet.
    pub commands: Filled,
    /// Outputs that wait for the disk.
    pub gate: usize,
    /// Room in one mailbox of each kind.
    pub mailboxes: Vec<(Mailbox, usize)>,
    /// Keys that limiters remember.
    pub limiter_keys: Vec<(Limiter, usize)>,
    /// Catalogue and windows.
    pub public: Arc<Public>,
    /// All seats.
    pub sections: Vec<Section>,
    /// Waitlists, lines and messages.
    pub tallies: Tallies,
    /// The journal.
    pub journal: JournalFacts,
}

/// The journal at the moment of a scrape.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct JournalFacts {
    /// Last record handed over.
    pub written: Sequence,
    /// Age of the oldest record that is not on disk.
    pub waiting: Duration,
    /// Size of the store's files, in bytes.
    pub size: u64,
    /// Free for this process on the disk, in bytes.
    pub disk_free: u64,
    /// Size of the disk, in bytes.
    pub disk_size: u64,
    /// Newest snapshot, and the time up to which it tells; 0: none.
    pub snapshot: (Sequence, Timestamp),
    /// How long this start's replay took.
    pub replay: Duration,
    /// Records that it read.
    pub replayed: u64,
}
