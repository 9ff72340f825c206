//! What `repair_tail` may remove, and what it must leave alone.

use std::path::Path;

use super::buffer::RecordBuffer;
use super::directory::DataDir;
use super::error::JournalError;
use super::inspect::{self, FaultKind};
use super::recover::Tail;
use super::sled::{SledStore, open};
use super::sled_faults::{copy, files};
use super::store::{Store, Table};
use super::{Journal, frame, record};
use crate::domain::event::{Event, Record};
use crate::domain::ids::{Sequence, Timestamp};

/// Records in one commit: a few entries.
const COMMIT: u64 = 900;
const COMMITS: u64 = 3;
const LAST: u64 = COMMITS * COMMIT;

/// Records that change nothing, in the program's own form.
fn records(from: u64) -> RecordBuffer {
    let mut buffer = RecordBuffer::starting_at(Sequence(from));
    for number in from..from + COMMIT {
        let (sequence, at, event) = (Sequence(number), Timestamp(number), Event::ImportBegun);
        let (courses, students) = (Vec::new(), Vec::new());
        let record = Record { sequence, epoch: 1, at, courses, students, event, act: None };
        buffer.push_with(|bytes| record::encode(&record, bytes).unwrap()).unwrap();
    }
    buffer
}

/// A journal of three commits, all noted as durable.
fn sound() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let mut journal = Box::new(open(data.path()).unwrap());
    for nth in 0..COMMITS {
        let staged = records(nth * COMMIT + 1);
        assert!(journal.append(staged.records()).unwrap().rest.is_empty());
        journal.flush().unwrap();
    }
    journal.close().unwrap();
    data
}

/// The entries of a commit after those, as they are stored: under which key, and what.
fn entries(commit: u64, from: u64) -> Vec<([u8; 8], Vec<u8>)> {
    let (records, mut cut) = (records(from), Vec::new());
    assert!(frame::cut(records.records(), &mut cut).is_empty());
    let count = cut.len() as u16;
    let of = |(index, entry): (usize, &super::Records<'_>)| {
        let mut value = Vec::new();
        frame::encode(&mut value, commit, index as u16, count, entry);
        (frame::key(entry.first()), value)
    };
    cut.iter().enumerate().map(of).collect()
}

/// Puts entries into the store past all that the journal knows of.
fn put(data: &Path, entries: &[([u8; 8], Vec<u8>)]) {
    let mut store = SledStore::open(DataDir::take(data).unwrap()).unwrap();
    for (key, value) in entries {
        store.put(Table::Entries, key, value);
    }
    store.apply().unwrap();
    store.sync().unwrap();
}

/// A journal at whose end a commit is that was cut short.
pub fn with_torn_tail() -> tempfile::TempDir {
    let data = sound();
    let entries = entries(COMMITS + 1, LAST + 1);
    put(data.path(), &entries[..entries.len() - 1]);
    data
}

fn last(data: &Path) -> u64 {
    let journal = open(data).unwrap();
    journal.reader().replay(Sequence(1), &mut |_, _| Ok(())).unwrap().0
}

fn kinds(data: &Path) -> Vec<FaultKind> {
    inspect::verify(data).unwrap().iter().map(|fault| fault.kind).collect()
}

#[test]
fn an_unfinished_commit_is_removed_however_it_was_cut_and_nothing_else() {
    let whole = entries(COMMITS + 1, LAST + 1);
    assert!(whole.len() > 2, "several entries, so that one can be missing");
    let mut broken = whole.clone();
    broken.last_mut().unwrap().1.truncate(100);
    let mut flipped = whole.clone();
    flipped[0].1[50] ^= 4;
    for (what, tail) in [
        ("the first alone", &whole[..1]),
        ("all but the last", &whole[..whole.len() - 1]),
        ("all but the first", &whole[1..]),
        ("the last cut short", &broken[..]),
        ("the first altered", &flipped[..]),
    ] {
        let data = sound();
        put(data.path(), tail);
        let kinds = kinds(data.path());
        assert!(
            !kinds.is_empty() && kinds.iter().all(|k| *k == FaultKind::Tail),
            "{what}: {kinds:?}"
        );
        let removed = inspect::repair_tail(data.path()).unwrap().unwrap();
        let Tail { after, entries, .. } = removed;
        assert_eq!((after, entries), (Sequence(LAST), tail.len()), "{what}");
        assert_eq!(inspect::verify(data.path()).unwrap(), [], "{what}");
        assert_eq!(inspect::repair_tail(data.path()).unwrap(), None, "{what}: once");
        assert_eq!(last(data.path()), LAST, "{what}");
    }
}

#[test]
fn a_whole_commit_at_the_end_may_have_been_told_and_stays() {
    let data = sound();
    put(data.path(), &entries(COMMITS + 1, LAST + 1));
    assert_eq!(inspect::repair_tail(data.path()).unwrap(), None);
    assert_eq!(last(data.path()), LAST + COMMIT);
}

#[test]
fn what_may_have_been_told_is_never_removed() {
    let after = entries(COMMITS + 1, LAST + 1);
    let mut rotten = entries(COMMITS, LAST - COMMIT + 1);
    rotten[1].1[60] ^= 1;
    let mut early = entries(1, 1);
    early[0].1[60] ^= 1;
    for (what, changed) in [
        ("the last commit that was told", vec![rotten[1].clone()]),
        ("an early one", vec![early[0].clone()]),
        ("an early one and a tail", vec![early[0].clone(), after[0].clone()]),
        ("a commit after one that is missing", entries(COMMITS + 2, LAST + 1)[..1].to_vec()),
    ] {
        let data = sound();
        put(data.path(), &changed);
        let before = files(data.path());
        assert!(kinds(data.path()).contains(&FaultKind::Damage), "{what}");
        let error = inspect::repair_tail(data.path()).unwrap_err();
        assert!(matches!(error, JournalError::Damaged { .. }), "{what}: {error}");
        assert!(error.to_string().contains("restore the latest backup"), "{what}: {error}");
        assert_eq!(files(data.path()), before, "{what}: something was changed");
    }
}

/// A power cut may set back the note of how far the journal is durable, not the commits: without
/// any note, as with it, all whole ones stay.
#[test]
fn without_the_note_every_whole_commit_stays() {
    let torn = with_torn_tail();
    let data = copy(torn.path());
    std::fs::remove_file(data.path().join("journal.durable")).unwrap();
    assert!(inspect::repair_tail(data.path()).unwrap().is_some());
    assert_eq!(last(data.path()), LAST);
}
