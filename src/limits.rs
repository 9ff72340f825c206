//! Every bound, in one place, unit last. A limit is a promise (I16): each has a test at the bound.

/// Largest entry written to the store, in bytes. Bigger values reach sled's blob files, which
/// nothing syncs (`docs/decisions/0002-sled.md`).
pub const JOURNAL_ENTRY_BYTES_MAX: usize = 4096;
/// Largest record, in bytes: it must fit in one entry with its header.
pub const JOURNAL_RECORD_BYTES_MAX: usize = 3968;
/// Most entries in one commit.
pub const JOURNAL_COMMIT_ENTRIES_MAX: usize = 64;
/// Most bytes waiting for the journal writer before it answers "full".
pub const JOURNAL_PENDING_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Whole snapshots kept; older ones are removed after a new one is complete.
pub const SNAPSHOTS_KEPT_MAX: usize = 2;
