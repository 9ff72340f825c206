//! A record as bytes, and back. The first byte is the version of the format; everything that a
//! version ever wrote stays readable (`tests/fixtures/records-v1.hex`, `records-v2.hex`).
//!
//! A record as of version 1, in postcard's terms (numbers as varints):
//!
//! ```text
//! 1 ‖ sequence ‖ epoch ‖ at, in ms ‖ flags ‖ event ‖ positions in courses ‖ position of student
//! ```
//!
//! The positions leave the ids out where the event names them itself, which is nearly always; the
//! flags say so. Version 2 adds who is answerable for the record; what version 1 can hold is
//! written in version 1. Version 3 is one of these without what is personal of a student, which
//! stands beside it, sealed with her key. Deliberately absent: checksums and lengths, which the
//! storage has.

mod account_v1;
mod act_v2;
mod item_v1;
mod outcome_v1;
mod personal_v3;
#[cfg(test)]
pub mod samples;
mod sealed_v3;
#[cfg(test)]
mod tests;
mod v1;
mod v2;

pub use account_v1::{PreferencesV1, ResultV1};
pub use act_v2::ActV2;
pub use item_v1::{CourseV1, ItemV1, ProfileV1, ProgrammeV1, SectionInfoV1, TermV1, WindowRulesV1};
pub use outcome_v1::{CourseRequestV1, OutcomeV1, PlanV1, ReasonV1, StatusV1};
use personal_v3::RecordPersonal;
pub use personal_v3::{WordsV3, item_of};

use super::keys::Keys;
use crate::domain::event::Record;
use crate::domain::ids::StudentId;
use crate::limits::JOURNAL_RECORD_BYTES_MAX;

/// The newest version written.
pub const VERSION: u8 = 3;
/// Those of them that hold a record as it is.
const PLAIN: u8 = 2;

/// A record that cannot be stored: a bound in `limits.rs` was not kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a record of {bytes} bytes; at most {JOURNAL_RECORD_BYTES_MAX} fit in the journal")]
pub struct EncodeError {
    /// Its size.
    pub bytes: usize,
}

/// Bytes that are no record.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DecodeError {
    /// A format that this version does not know.
    #[error("made by a newer Sluis (record format {0}); use that version")]
    Newer(u8),
    /// Not what [`encode`] writes.
    #[error("a record is damaged: {0}")]
    Damaged(postcard::Error),
    /// Nothing there, or a version that never was.
    #[error("a record is damaged: no version")]
    NoVersion,
    /// More than a record.
    #[error("a record is damaged: {0} bytes are left over")]
    LeftOver(usize),
    /// Sealed with another key than hers.
    #[error(
        "a student's record does not open with her key; put back the students.keys of this journal"
    )]
    Seal,
    /// Over [`JOURNAL_RECORD_BYTES_MAX`].
    #[error("a record of {0} bytes; none is over {JOURNAL_RECORD_BYTES_MAX}")]
    TooLarge(usize),
}

impl From<postcard::Error> for DecodeError {
    fn from(error: postcard::Error) -> Self {
        Self::Damaged(error)
    }
}

/// Appends a record; what is personal in it is sealed with her key, where there are keys. On an
/// error `out` is as it was.
pub fn encode_sealed(record: &Record, keys: &Keys, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    if sealed_v3::put(record, keys, out)? {
        return bounded(start, out);
    }
    encode(record, out)
}

/// Appends a record as it is. On an error `out` is as it was.
pub fn encode(record: &Record, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let start = out.len();
    match v1::EventV1::of(&record.event).filter(|_| record.act.is_none()) {
        Some(event) => {
            out.push(1);
            v1::put(record, &event, out);
        }
        None => {
            out.push(PLAIN);
            v2::put(record, out);
        }
    }
    bounded(start, out)
}

fn bounded(start: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let bytes = out.len() - start;
    if bytes > JOURNAL_RECORD_BYTES_MAX {
        out.truncate(start);
        return Err(EncodeError { bytes });
    }
    Ok(())
}

/// Reads a record without keys: what is sealed in it is left out.
pub fn decode(bytes: &[u8]) -> Result<Record, DecodeError> {
    decode_with(bytes, &Keys::none())
}

/// Reads a record. Never panics, and never allocates much more than the bytes can hold.
pub fn decode_with(bytes: &[u8], keys: &Keys) -> Result<Record, DecodeError> {
    if bytes.len() > JOURNAL_RECORD_BYTES_MAX {
        return Err(DecodeError::TooLarge(bytes.len()));
    }
    match bytes.split_first() {
        Some((3, rest)) => sealed_v3::take(rest, keys),
        _ => decode_plain(bytes).map(|record| unless_destroyed(record, keys)),
    }
}

/// Of an erased student nothing personal is read from a record of before there were keys either.
fn unless_destroyed(record: Record, keys: &Keys) -> Record {
    match RecordPersonal::student(&record) {
        Some(student) if keys.is_destroyed(student) => {
            RecordPersonal::of(&record).map_or(record, |found| found.left)
        }
        _ => record,
    }
}

fn decode_plain(bytes: &[u8]) -> Result<Record, DecodeError> {
    let (version, mut rest) = bytes.split_first().ok_or(DecodeError::NoVersion)?;
    let record = match version {
        0 => return Err(DecodeError::NoVersion),
        1 => v1::take(&mut rest)?,
        2 => v2::take(&mut rest)?,
        newer => return Err(DecodeError::Newer(*newer)),
    };
    match rest.len() {
        0 => Ok(record),
        left => Err(DecodeError::LeftOver(left)),
    }
}

/// Whether the bytes may be a record that somebody is answerable for: a look without reading it.
pub fn may_be_act(bytes: &[u8]) -> bool {
    match bytes.split_first() {
        Some((3, rest)) => sealed_v3::beside(rest).is_some_and(may_be_act),
        first => first.is_some_and(|(version, _)| *version != 1),
    }
}

/// The student of whom something personal stands in the record as it is, read without keys: it was
/// written before there were any.
pub fn in_the_open(record: &Record) -> Option<StudentId> {
    RecordPersonal::student(record)
}
