//! Records that no gateway writes: of the command line, and of a restore. Each time they are an
//! epoch of their own (I13), and an act in the audit log.

use std::sync::Arc;

use super::fold::{Damaged, Fold};
use super::record::{self, EncodeError};
use super::{Journal, JournalError, Place, RecordBuffer};
use crate::domain::acts::{Author, BY_COMMAND_LINE};
use crate::domain::course::Quotes;
use crate::domain::event::Event;
use crate::domain::ids::{Sequence, Timestamp};
use crate::limits::JOURNAL_PENDING_BYTES_MAX;

/// Why events were not written; those before may have been.
#[derive(Debug, thiserror::Error)]
pub enum EpochError {
    /// More than a record holds.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// It does not follow from the state.
    #[error("{0}: a bug, report it")]
    Damaged(#[from] Damaged),
    /// The journal does not take it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<EpochError> for JournalError {
    fn from(e: EpochError) -> Self {
        match e {
            EpochError::Encode(e) => Self::damaged(Place::default(), e.to_string()),
            EpochError::Damaged(e) => Self::damaged(Place::at(e.sequence), e.what.to_string()),
            EpochError::Journal(e) => e,
        }
    }
}

/// Writes the events to the journal that `fold` is the state of, with a reason for the audit log,
/// and applies them; they are durable when this returns. The last record's sequence.
pub fn write(
    journal: &mut dyn Journal,
    fold: &mut Fold,
    events: Vec<Event>,
    reason: Option<Box<str>>,
    at: Timestamp,
) -> Result<Sequence, EpochError> {
    let registry = &fold.university().registry;
    let epoch = registry.epoch + 1;
    let author = Author { reason, ..Author::gateway(BY_COMMAND_LINE) };
    let mut act = registry.act(&author, &events, &Quotes::default()).map(Arc::new);
    let keys = journal.reader().keys().clone();
    let last = events.len();
    let mut buffer = RecordBuffer::starting_at(journal.durable().next());
    for (n, event) in (1..).zip(events) {
        let mut record = fold.university().registry.number(event, epoch, at);
        record.act = act.take_if(|_| n == last);
        let mut encoded = Ok(());
        buffer.push_with(|bytes| encoded = record::encode_sealed(&record, &keys, bytes))?;
        encoded?;
        fold.apply(&record)?;
        if buffer.byte_len() > JOURNAL_PENDING_BYTES_MAX / 2 {
            flush(journal, &mut buffer)?;
        }
    }
    flush(journal, &mut buffer)?;
    Ok(journal.durable())
}

fn flush(journal: &mut dyn Journal, buffer: &mut RecordBuffer) -> Result<(), JournalError> {
    let mut rest = buffer.records();
    while !rest.is_empty() {
        rest = journal.append(rest)?.rest;
        journal.flush()?;
    }
    buffer.clear();
    Ok(())
}
