//! The state up to a sequence, and its digest: the same records give the same digest, wherever
//! they lie.

use sha2::{Digest as _, Sha256};

use super::fold::Fold;
use super::{JournalError, JournalReader, Place, record, state};
use crate::domain::ids::{Sequence, Timestamp};
use crate::domain::university::University;

/// SHA-256 of the state as a snapshot has it, up to a sequence.
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
    let done = state::write_state::<std::convert::Infallible>(university, &mut |bytes| {
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
}

/// Folds the journal up to a durable sequence: from the newest whole snapshot, if there is one.
pub fn fold_up_to(reader: &JournalReader, last: Sequence) -> Result<Folded, JournalError> {
    let latest = reader.latest_snapshot()?;
    for damaged in &latest.damaged {
        tracing::warn!(sequence = %damaged.sequence, what = damaged.what, "damaged snapshot");
    }
    let mut fold = Fold::default();
    let mut from = Sequence(0);
    if let Some(snapshot) = latest.snapshot.filter(|s| s.sequence <= last) {
        match state::read_state(snapshot.bytes.as_slice()) {
            Ok(university) if university.registry.sequence == snapshot.sequence => {
                from = snapshot.sequence;
                fold = Fold::from(university);
            }
            Ok(_) => tracing::warn!(sequence = %snapshot.sequence, "a snapshot of another state"),
            // The journal is whole: it takes longer, and nothing is lost.
            Err(error) => tracing::warn!(%error, sequence = %snapshot.sequence, "bad snapshot"),
        }
    }
    let (mut replayed, mut at) = (0, Timestamp(0));
    // The snapshot's own last record says when that was.
    reader.replay(from, &mut |sequence, bytes| {
        if sequence > last {
            return Ok(());
        }
        if sequence == from {
            at = record::decode(bytes).map_or(at, |record| record.at);
            return Ok(());
        }
        replayed += 1;
        push(&mut fold, sequence, bytes)
    })?;
    Ok(Folded { university: fold.into_university(), snapshot: (from, at), replayed })
}

/// Folds one record more, or says where the journal is damaged.
pub(super) fn push(fold: &mut Fold, sequence: Sequence, bytes: &[u8]) -> Result<(), JournalError> {
    let pushed = fold.push(sequence, bytes);
    pushed.map(|_| ()).map_err(|e| JournalError::damaged(Place::at(sequence), e.what.to_string()))
}
