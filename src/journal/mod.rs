//! The journal: append, flush, replay; the only truth that outlives the process (I9).
//!
//! Records are opaque bytes here (but to [`record`], [`state`] and [`fold`], which know what
//! they mean), numbered from 1 without gaps. A *commit* is what one `append`
//! stages and one `flush` makes durable; it is packed into *entries* of at most 4 KiB
//! (`frame`), because bigger values are not safe in sled (`docs/decisions/0002-sled.md`).
//!
//! ```text
//! Writer (thread, group commit) ─▶ Journal = Log<Store> ─▶ Store: sled | memory
//!     ▲ records, snapshot chunks        framing, recovery,      put, apply, sync, scan
//!       from the deciding thread        replay, snapshots
//! ```
//!
//! Deliberately absent: truncation, and a second try at a failed write.

mod acts;
pub mod backup;
#[cfg(test)]
mod backup_tests;
mod buffer;
#[cfg(test)]
mod conformance;
pub mod digest;
mod directory;
pub mod epoch;
#[cfg(test)]
mod erase_tests;
pub mod erasures;
mod error;
#[cfg(test)]
mod faults;
mod floor;
pub mod fold;
mod frame;
mod group;
pub mod inspect;
pub mod keys;
mod log;
pub mod memory;
pub mod past;
pub mod record;
mod recover;
mod replay;
#[cfg(test)]
mod rot;
mod rouse;
mod sink;
pub mod sled;
#[cfg(test)]
mod sled_faults;
mod snapshot;
pub mod state;
mod store;
#[cfg(test)]
pub(crate) mod tail_tests;
#[cfg(test)]
mod testkit;
mod wire;
mod writer;

pub use acts::each_act;
pub use buffer::{RecordBuffer, Records};
pub use directory::DataDir;
pub use error::{JournalError, Place};
pub use keys::Keys;
pub use log::Log;
pub use recover::Tail;
pub use replay::{JournalReader, VisitRecord};
pub use sink::SnapshotSink;
pub use snapshot::{DamagedSnapshot, Latest, Manifest, Snapshot, renew as renew_snapshots};
pub use writer::{CommitStats, OnDurable, OnFault, Writer};

use crate::domain::ids::Sequence;

/// What one `append` staged.
#[derive(Clone, Copy, Debug)]
pub struct Staged<'a> {
    /// Records that did not fit in this commit: append them next.
    pub rest: Records<'a>,
    /// Entries in the commit.
    pub entries: usize,
    /// Bytes in the commit, headers included.
    pub bytes: usize,
}

/// Append, flush, replay; and snapshots. After any error from a write or a flush the journal
/// refuses all further writes: what was not durable then never will be by this process.
pub trait Journal: Send {
    /// Stages one commit of as many records, from the front, as fit in one.
    fn append<'a>(&mut self, records: Records<'a>) -> Result<Staged<'a>, JournalError>;

    /// Makes all that is staged durable.
    fn flush(&mut self) -> Result<(), JournalError>;

    /// Shows every durable record from `from` on, in order; returns the last sequence shown, or
    /// the one before `from`.
    fn replay(
        &mut self,
        from: Sequence,
        visit: &mut VisitRecord<'_>,
    ) -> Result<Sequence, JournalError>;

    /// The last durable sequence.
    fn durable(&self) -> Sequence;

    /// The unacknowledged tail that opening removed, if there was one.
    fn removed_tail(&self) -> Option<Tail>;

    /// A handle with which another thread can replay and read snapshots meanwhile.
    fn reader(&self) -> JournalReader;

    /// Prepares for the chunks of the snapshot at `sequence`.
    fn snapshot_begin(&mut self, sequence: Sequence) -> Result<(), JournalError>;

    /// Stages consecutive chunks of a snapshot, the first of which has the number `index`.
    fn snapshot_put(
        &mut self,
        sequence: Sequence,
        index: u32,
        bytes: &[u8],
    ) -> Result<(), JournalError>;

    /// Makes a snapshot whose chunks are durable count: writes its manifest, durably.
    fn snapshot_finish(&mut self, manifest: &Manifest) -> Result<(), JournalError>;

    /// As [`Self::snapshot_finish`], and removes every snapshot before it in the same write.
    fn snapshot_supersede(&mut self, manifest: &Manifest) -> Result<(), JournalError>;

    /// Stages the removal of a few entries of snapshots no longer kept; whether it found any.
    fn snapshot_prune(&mut self) -> Result<bool, JournalError>;

    /// Makes the note of how far the journal is durable survive a power cut, and lets go of it.
    fn close(self: Box<Self>) -> Result<(), JournalError>;
}
