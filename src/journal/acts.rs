//! The audit log, whole: the records of a journal that somebody is answerable for.

use super::error::{JournalError, Place, Result};
use super::record;
use super::replay::JournalReader;
use crate::domain::event::Record;
use crate::domain::ids::Sequence;

/// Shows every durable record of an act, oldest first; returns the last sequence looked at.
pub fn each_act(
    reader: &JournalReader,
    visit: &mut dyn FnMut(&Record) -> Result<()>,
) -> Result<Sequence> {
    reader.replay(Sequence(1), &mut |sequence, bytes| {
        if !record::may_be_act(bytes) {
            return Ok(());
        }
        let record = record::decode_with(bytes, reader.keys())
            .map_err(|e| JournalError::damaged(Place::at(sequence), e.to_string()))?;
        match record.act {
            Some(_) => visit(&record),
            None => Ok(()),
        }
    })
}
