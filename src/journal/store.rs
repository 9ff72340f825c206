//! What the journal needs of a store: four ordered tables, an atomic batch, a sync.

use std::path::PathBuf;

use super::error::Result;
use crate::domain::ids::Sequence;

/// The tables.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Table {
    /// The format mark.
    Meta,
    /// Journal entries by first sequence.
    Entries,
    /// Snapshot chunks by sequence and number.
    Chunks,
    /// Snapshot manifests by sequence.
    Manifests,
}

/// Which way a scan goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Towards greater keys.
    Up,
    /// Towards smaller keys.
    Down,
}

/// What a scan shows each key and value to; `false` ends it.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool> + 'a;

/// The reading side, usable from any thread. Sees what is applied, durable or not.
pub trait View: Send + Sync {
    /// Shows the entries of a table from the key `from` (included) in one direction.
    fn scan(&self, table: Table, from: &[u8], go: Direction, visit: &mut Visit<'_>) -> Result<()>;

    /// Where the store is, for messages.
    fn path(&self) -> PathBuf;
}

/// The writing side.
pub trait Store: Send {
    /// The reading side.
    fn view(&self) -> std::sync::Arc<dyn View>;

    /// Adds a value to the batch.
    fn put(&mut self, table: Table, key: &[u8], value: &[u8]);

    /// Adds a removal to the batch.
    fn remove(&mut self, table: Table, key: &[u8]);

    /// Applies the batch (of one table) as a whole or not at all. Not durable yet.
    fn apply(&mut self) -> Result<()>;

    /// Makes everything applied durable.
    fn sync(&mut self) -> Result<()>;

    /// Fails if the store wrote anything that `sync` does not cover.
    fn check(&self) -> Result<()>;

    /// The sequence up to which the journal was known durable when this was last noted.
    fn floor(&self) -> Result<Sequence>;

    /// Notes, apart from the tables, that the journal is durable up to here. The note survives
    /// the process.
    fn note_floor(&mut self, floor: Sequence) -> Result<()>;

    /// Makes the last note survive a power cut.
    fn sync_floor(&mut self) -> Result<()>;
}
