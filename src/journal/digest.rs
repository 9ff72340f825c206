//! The state up to a sequence, and its digest: the same records give the same digest, wherever
//! they lie, with whichever keys they are read, and whoever was erased since.

use sha2::{Digest as _, Sha256};

use super::fold::Fold;
use super::{JournalError, JournalReader, Place, past, state};
use crate::domain::ids::{Sequence, Timestamp};
use crate::domain::university::University;

/// What stands before the digest in a backup: the version of the state's form, and that what is
/// personal is left out.
pub const FORM: u8 = 0x80 | state::PLAIN_VERSION;

/// SHA-256 of the state, up to a sequence, without what is personal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StateDigest {
    /// The last record that it rests on; 0 is none.
    pub sequence: Sequence,
    /// Of the state's bytes.
    pub sha256: [u8; 32],
}

impl std::fmt::Display for StateDigest {
    /// The digest alone, in hex.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.sha256.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The digest of a state.
pub fn of_state(university: &University) -> StateDigest {
    let mut hash = Sha256::new();
    let done = state::write_impersonal::<std::convert::Infallible>(university, &mut |bytes| {
        hash.update(bytes);
        Ok(())
    });
    let Ok(()) = done;
    StateDigest { sequence: university.registry.sequence, sha256: hash.finalize().into() }
}

/// The digest of the journal up to a durable sequence; of all of it, if none is given. A sequence
/// beyond its end gives the digest at the end.
pub fn of_journal(
    reader: &JournalReader,
    at: Option<Sequence>,
) -> Result<StateDigest, JournalError> {
    let last = at.unwrap_or(Sequence(u64::MAX)).min(reader.durable());
    Ok(of_state(&fold_up_to(reader, last)?.university))
}

/// What a journal folds into.
pub struct Folded {
    /// All state.
    pub university: University,
    /// The snapshot it began with, and the time up to which that tells; 0 is none.
    pub snapshot: (Sequence, Timestamp),
    /// Records after it.
    pub replayed: u64,
    /// Students erased by those records.
    pub erasures: u64,
}

/// Folds the journal up to a durable sequence: from the newest whole snapshot, if there is one.
pub fn fold_up_to(reader: &JournalReader, last: Sequence) -> Result<Folded, JournalError> {
    let past = past::fold_up_to(reader, last, || true)?;
    for damaged in &past.damaged {
        tracing::warn!(sequence = %damaged.sequence, what = damaged.what, "damaged snapshot");
    }
    // The snapshot's own last record says when that was.
    let at = past::record_at(reader, past.snapshot)?.map_or(Timestamp(0), |record| record.at);
    let snapshot = (past.snapshot, at);
    let past::Past { university, replayed, erasures, .. } = past;
    Ok(Folded { university, snapshot, replayed, erasures })
}

/// Folds one record more, or says where the journal is damaged.
pub(super) fn push(fold: &mut Fold, sequence: Sequence, bytes: &[u8]) -> Result<(), JournalError> {
    let pushed = fold.push(sequence, bytes);
    pushed.map(|_| ()).map_err(|e| JournalError::damaged(Place::at(sequence), e.what.to_string()))
}
