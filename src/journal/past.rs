//! State as it was: the newest whole snapshot at or before a record, and the records after it.
//! Read by background readers alone: it takes as long as a start, and as much memory.

use super::fold::Fold;
use super::replay::JournalReader;
use super::snapshot::DamagedSnapshot;
use super::{JournalError, Place, record, state};
use crate::domain::event::{Event, Record};
use crate::domain::ids::Sequence;
use crate::domain::university::University;

/// A state of the past, and how it was read.
#[derive(Debug)]
pub struct Past {
    /// All state.
    pub university: University,
    /// The snapshot it began with; 0 is none.
    pub snapshot: Sequence,
    /// Records replayed after it.
    pub replayed: u64,
    /// Students erased by those records.
    pub erasures: u64,
    /// Snapshots that were no use: log those. The journal is whole without them.
    pub damaged: Vec<DamagedSnapshot>,
}

/// The state after the record `last`. `go_on` is asked before each record; once it says no, the
/// reading stops with an error.
pub fn fold_up_to(
    reader: &JournalReader,
    last: Sequence,
    go_on: impl Fn() -> bool,
) -> Result<Past, JournalError> {
    let latest = reader.latest_snapshot_at(last)?;
    let mut damaged = latest.damaged;
    let keys = reader.keys();
    let mut fold = Fold::default().with_keys(keys);
    let mut from = Sequence(0);
    if let Some(snapshot) = latest.snapshot {
        let sequence = snapshot.sequence;
        match state::read_state_with(snapshot.bytes.as_slice(), keys) {
            Ok(university) if university.registry.sequence == sequence => {
                from = sequence;
                fold = Fold::from(university).with_keys(keys);
            }
            Ok(_) => {
                let what = "it holds another state".to_owned();
                damaged.push(DamagedSnapshot { sequence, what });
            }
            // No damage: the next snapshot is of the present form.
            Err(state::StateError::Older(_)) => {}
            // The journal is whole: it takes longer, and nothing is lost.
            Err(error) => damaged.push(DamagedSnapshot { sequence, what: error.to_string() }),
        }
    }
    let (mut replayed, mut erasures) = (0, 0);
    reader.replay_to(from.next(), last, &mut |sequence, bytes| {
        if !go_on() {
            return Err(JournalError::stopped("nobody waits for this any more"));
        }
        replayed += 1;
        let record = fold
            .push(sequence, bytes)
            .map_err(|fault| JournalError::damaged(Place::at(sequence), fault.what.to_string()))?;
        erasures += u64::from(matches!(record.event, Event::StudentErased(_)));
        Ok(())
    })?;
    Ok(Past { university: fold.into_university(), snapshot: from, replayed, erasures, damaged })
}

/// The record at this position; `None` if the journal does not reach it, or not durably yet.
pub fn record_at(
    reader: &JournalReader,
    sequence: Sequence,
) -> Result<Option<Record>, JournalError> {
    let mut found = None;
    if sequence == Sequence(0) || sequence > reader.durable() {
        return Ok(None);
    }
    reader.replay_to(sequence, sequence, &mut |at, bytes| {
        let decoded = record::decode_with(bytes, reader.keys());
        let record =
            decoded.map_err(|fault| JournalError::damaged(Place::at(at), fault.to_string()))?;
        found = Some(record);
        Ok(())
    })?;
    Ok(found)
}
