//! A snapshot: a whole [`University`] as a stream of bytes, and back. The same state always gives
//! the same bytes.
//!
//! ```text
//! version ‖ block*        block = kind ‖ length, 4 bytes little endian ‖ values
//! ```
//!
//! A block holds values of one kind, one after the other, and is closed once it is over
//! `BLOCK_BYTES`, so that neither side needs the whole in memory. The last one says how many
//! students and requests there were. Maps from names to numbers are made anew on reading. What a
//! request led to is written once, with its student; her message centre refers to it.
//!
//! Version 2 is version 1 and what came with results and accounts, in blocks of their own at the
//! end of the students. Version 3 is that with messages of swaps that name both courses, the number of
//! swaps, and what came with the registrar's acts, in blocks of their own. Version 4 is that with
//! what is personal of a student sealed with her key, in blocks of their own; a state without keys is
//! written in version 3. A snapshot of an older version lacks what the journal has: it is no use, and
//! the journal is read from its start.
//!
//! Deliberately absent: checksums, which the storage has.

mod account_v2;
mod acts_v3;
mod read;
mod sealed_v4;
#[cfg(test)]
mod tests;
mod v1;
mod write;

pub use read::{StateError, read_state, read_state_with};
pub use write::{write_impersonal, write_sealed, write_state};

/// The newest version written.
pub const VERSION: u8 = 4;
/// The version of a state in which nothing is sealed.
pub const PLAIN_VERSION: u8 = 3;
/// A block is closed once it holds this much.
const BLOCK_BYTES: usize = 64 * 1024;
/// Kind and length.
const BLOCK_HEADER_BYTES: usize = 5;

#[cfg(doc)]
use crate::domain::university::University;
