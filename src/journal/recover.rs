//! Opening: find the last whole commit; what follows it is one unacknowledged commit at most.

use super::error::{JournalError, Place, Result};
use super::frame::{self, Entry};
use super::replay::{sequence_of, unreadable};
use super::store::{Direction, Table, View};
use crate::domain::ids::Sequence;
use crate::limits::JOURNAL_COMMIT_ENTRIES_MAX;

/// An incomplete commit found at the end of the journal, and removed. It was never acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tail {
    /// The last sequence that was kept.
    pub after: Sequence,
    /// Entries removed.
    pub entries: usize,
    /// Bytes removed.
    pub bytes: usize,
}

/// How a journal ends.
#[derive(Debug, Default)]
pub struct End {
    /// Sequence of the last record of the last whole commit; 0 if there is none.
    pub last: Sequence,
    /// The last whole commit; 0 if there is none.
    pub commit: u64,
    /// Keys of the entries after it.
    pub torn: Vec<Vec<u8>>,
    /// Bytes in those.
    pub torn_bytes: usize,
}

struct Head {
    key: Vec<u8>,
    bytes: usize,
    entry: Option<(u64, u16, u16, Sequence, Sequence)>,
}

/// Reads the last entries, from the back, until they hold a whole commit.
pub fn find_end(view: &dyn View) -> Result<End> {
    let heads = last_heads(view)?;
    for start in 0..heads.len() {
        if let Some((commit, last)) = whole_commit(&heads[start..]) {
            return end(&heads[..start], commit, last);
        }
    }
    if heads.len() > JOURNAL_COMMIT_ENTRIES_MAX {
        let oldest = heads.last().map_or_else(Place::default, place);
        return Err(JournalError::damaged(oldest, "no whole commit among the last entries"));
    }
    end(&heads, 0, Sequence(0))
}

/// Two commits' worth of entries, newest first: enough to hold a torn commit and a whole one.
fn last_heads(view: &dyn View) -> Result<Vec<Head>> {
    let mut heads = Vec::new();
    view.scan(Table::Entries, &[0xff; 8], Direction::Down, &mut |key, value| {
        let entry = match frame::decode(key, value) {
            Ok(entry) => Some(head_of(&entry)),
            Err(fault @ frame::EntryFault::Version(_)) => return Err(unreadable(view, key, fault)),
            Err(_) => None,
        };
        heads.push(Head { key: key.to_vec(), bytes: value.len(), entry });
        Ok(heads.len() < 2 * JOURNAL_COMMIT_ENTRIES_MAX)
    })?;
    Ok(heads)
}

fn head_of(entry: &Entry<'_>) -> (u64, u16, u16, Sequence, Sequence) {
    (entry.commit, entry.index, entry.count, entry.records.first(), entry.records.next())
}

/// If `heads`, newest first, begin with all entries of one commit: its number and last sequence.
fn whole_commit(heads: &[Head]) -> Option<(u64, Sequence)> {
    let (commit, index, count, _, next) = heads.first()?.entry?;
    if index + 1 != count {
        return None;
    }
    let mut after = next;
    for (offset, head) in heads.get(..usize::from(count))?.iter().enumerate() {
        let entry = head.entry?;
        let expected_index = count - 1 - offset as u16;
        if (entry.0, entry.1, entry.2, entry.4) != (commit, expected_index, count, after) {
            return None;
        }
        after = entry.3;
    }
    Some((commit, Sequence(next.0 - 1)))
}

/// Accepts `torn` as one unacknowledged commit, or says that more than that is broken.
fn end(torn: &[Head], commit: u64, last: Sequence) -> Result<End> {
    let is_next = |head: &&Head| head.entry.is_none_or(|entry| entry.0 == commit + 1);
    if let Some(stray) = torn.iter().find(|head| !is_next(head)) {
        let what = format!("commits are missing: the last whole one is {commit}");
        return Err(JournalError::damaged(place(stray), what));
    }
    if torn.len() > JOURNAL_COMMIT_ENTRIES_MAX {
        return Err(JournalError::damaged(
            Place::at(last.next()),
            format!("{} entries follow the last whole commit {commit}", torn.len()),
        ));
    }
    Ok(End {
        last,
        commit,
        torn: torn.iter().map(|head| head.key.clone()).collect(),
        torn_bytes: torn.iter().map(|head| head.bytes).sum(),
    })
}

fn place(head: &Head) -> Place {
    match head.entry {
        Some((commit, index, _, sequence, _)) => {
            Place { commit: Some(commit), entry: Some(index), sequence }
        }
        None => Place::at(sequence_of(&head.key)),
    }
}
