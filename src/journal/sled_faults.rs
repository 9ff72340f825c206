//! The journal on disk, when its files are not what they should be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::conformance::{commit, replayed};
use super::directory::DataDir;
use super::error::JournalError;
use super::sled::{SledStore, open};
use super::store::{Store, Table};
use super::{Journal, frame, inspect};
use crate::domain::ids::Sequence;

fn journal_of(commits: u64) -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let mut journal = Box::new(open(data.path()).unwrap());
    for _ in 0..commits {
        commit(&mut *journal, 40).unwrap();
    }
    journal.close().unwrap();
    data
}

/// Replays all; the last sequence.
fn read_all(data: &Path) -> Result<u64, JournalError> {
    let journal = open(data)?;
    replayed(&journal.reader(), 1)
}

#[test]
fn what_a_first_start_left_behind_is_removed() {
    let data = tempfile::tempdir().unwrap();
    let aside = data.path().join("journal.new-123");
    fs::create_dir_all(aside.join("blobs")).unwrap();
    fs::write(aside.join("conf"), "segment_size: 5242").unwrap();
    drop(open(data.path()).unwrap());
    assert!(!aside.exists());
    assert!(data.path().join("journal").is_dir());
}

#[test]
fn a_map_of_pages_cut_short_does_not_keep_the_store_shut() {
    for torn in [&b""[..], b"torn", &[7; 300]] {
        let data = journal_of(3);
        let map = data.path().join("journal/snap.0000000000FFFFFF.generating");
        fs::write(&map, torn).unwrap();
        assert_eq!(read_all(data.path()).unwrap(), 120);
        assert!(!map.exists());
    }
}

#[test]
fn looking_at_a_journal_makes_none() {
    let data = tempfile::tempdir().unwrap();
    assert!(matches!(inspect::verify(data.path()), Err(JournalError::Foreign { .. })));
    assert!(matches!(inspect::stats(data.path()), Err(JournalError::Foreign { .. })));
    assert!(!data.path().join("journal").exists());
}

#[test]
fn a_journal_with_a_file_missing_or_torn_is_refused_and_left_alone() {
    for name in ["conf", "db"] {
        for length in [None, Some(0), Some(8), Some(30)] {
            let data = journal_of(3);
            let path = data.path().join("journal").join(name);
            match length {
                None => fs::remove_file(&path).unwrap(),
                Some(length) => {
                    fs::OpenOptions::new()
                        .write(true)
                        .open(&path)
                        .unwrap()
                        .set_len(length)
                        .unwrap();
                }
            }
            let left = fs::metadata(&path).map(|m| m.len()).ok();
            let error = open(data.path()).unwrap_err();
            let refused =
                matches!(error, JournalError::Damaged { .. } | JournalError::Foreign { .. });
            assert!(refused, "{name} {length:?}: {error}");
            if length != Some(30) {
                assert_eq!(fs::metadata(&path).map(|m| m.len()).ok(), left, "recreated");
            }
        }
    }
}

#[test]
fn another_format_version_is_foreign() {
    let data = journal_of(1);
    let mut store = SledStore::open(DataDir::take(data.path()).unwrap()).unwrap();
    store.put(Table::Meta, b"sluis-journal", &[frame::FORMAT_VERSION + 1]);
    store.apply().unwrap();
    store.sync().unwrap();
    drop(store);
    let error = open(data.path()).unwrap_err();
    assert!(matches!(error, JournalError::Foreign { .. }), "{error}");
    assert!(error.to_string().contains("start the version that wrote it"));
}

#[test]
fn a_damaged_entry_is_refused_with_its_place() {
    let data = journal_of(3);
    let mut store = SledStore::open(DataDir::take(data.path()).unwrap()).unwrap();
    store.put(Table::Entries, &frame::key(Sequence(41)), b"not an entry, and far too short");
    store.apply().unwrap();
    store.sync().unwrap();
    drop(store);
    let faults = inspect::verify(data.path()).unwrap();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].to_string().starts_with("sequence 41: "), "{}", faults[0]);
    let error = read_all(data.path()).unwrap_err();
    let JournalError::Damaged { place, .. } = &error else { panic!("{error}") };
    assert_eq!(place.sequence, Sequence(41));
}

#[test]
fn a_blob_file_is_a_fault() {
    let data = journal_of(1);
    fs::write(data.path().join("journal/blobs/77"), b"x").unwrap();
    assert_eq!(inspect::verify(data.path()).unwrap().len(), 1);
    assert!(open(data.path()).unwrap_err().to_string().contains("no sync covers"));
    fs::remove_file(data.path().join("journal/blobs/77")).unwrap();
    let mut journal = open(data.path()).unwrap();
    fs::write(data.path().join("journal/blobs/78"), b"x").unwrap();
    commit(&mut journal, 1).unwrap();
    let error = Box::new(journal).close().unwrap_err();
    assert!(error.to_string().contains("no sync covers"), "{error}");
}

/// The files of a data directory, as they are.
pub(super) fn files(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![data.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap().flatten() {
            let path = entry.path();
            match path.is_dir() {
                true => open.push(path),
                false => drop(files.insert(path.clone(), fs::read(&path).unwrap())),
            }
        }
    }
    files
}

pub(super) fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    fs::create_dir_all(to.path().join("journal/blobs")).unwrap();
    for (path, bytes) in files(from) {
        fs::write(to.path().join(path.strip_prefix(from).unwrap()), bytes).unwrap();
    }
    to
}

/// One rotten bit after another; every opening either has all 480 records, or refuses, names the
/// journal and changes nothing.
fn check_rot(whole: &Path) {
    let file = fs::read(whole.join("journal/db")).unwrap();
    let (mut refused, mut intact) = (0, 0);
    for round in 0..60 {
        let data = copy(whole);
        let mut rotten = file.clone();
        let at = round * file.len() / 60 + 11;
        rotten[at] ^= 1 << (round % 8);
        fs::write(data.path().join("journal/db"), rotten).unwrap();
        let before = files(data.path());
        let faults = inspect::verify(data.path());
        assert_eq!(files(data.path()), before, "a look changed something, byte {at}");
        match open(data.path()) {
            Ok(journal) => match replayed(&journal.reader(), 1) {
                Ok(last) => {
                    assert_eq!(last, 480, "records vanished silently, byte {at}");
                    assert_eq!(faults.unwrap(), [], "byte {at}");
                    intact += 1;
                }
                Err(_) => refused += 1,
            },
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains(&*data.path().to_string_lossy()), "{text}");
                assert!(text.contains("restore the latest backup"), "{text}");
                assert!(!text.contains("backtrace"), "{text}");
                assert!(faults.map_or(true, |faults| !faults.is_empty()), "byte {at}");
                assert_eq!(files(data.path()), before, "changed, byte {at}: {text}");
                refused += 1;
            }
        }
    }
    println!("{refused} refused, {intact} in bytes no longer used");
    assert!(refused > 0);
}

#[test]
fn rot_in_the_file_is_never_silent() {
    check_rot(journal_of(12).path());
}

#[test]
fn rot_after_a_kill_is_never_silent() {
    let data = tempfile::tempdir().unwrap();
    let mut journal = open(data.path()).unwrap();
    for _ in 0..12 {
        commit(&mut journal, 40).unwrap();
    }
    // What a kill leaves: all that was synced, nothing of a close.
    check_rot(copy(data.path()).path());
    drop(journal);
}

fn keep(data: &Path, of: &Path) {
    let kept = copy(of);
    fs::create_dir(data.join("journal.kept")).unwrap();
    fs::rename(kept.path().join("journal"), data.join("journal.kept/journal")).unwrap();
}

/// A start opens the store itself only after a copy of it was found sound, and keeps that copy until
/// the store is open: sled cuts its file at a read that failed as at one that found nothing.
#[test]
fn a_kept_copy_takes_the_place_of_a_store_that_a_start_harmed() {
    let whole = journal_of(3);
    let harm: [fn(&Path); 3] = [
        |_| {},
        |store| fs::write(store.join("db"), "cut").unwrap(),
        |store| fs::remove_dir_all(store).unwrap(),
    ];
    for (nth, harm) in harm.into_iter().enumerate() {
        let data = copy(whole.path());
        keep(data.path(), whole.path());
        harm(&data.path().join("journal"));
        assert_eq!(read_all(data.path()).unwrap(), 120, "{nth}");
        assert!(!data.path().join("journal.kept").exists(), "{nth}");
        assert_eq!(read_all(data.path()).unwrap(), 120, "{nth}: and again");
    }
}

#[test]
fn a_kept_copy_that_lacks_something_durable_takes_no_place() {
    let (whole, older) = (journal_of(3), journal_of(2));
    let data = copy(whole.path());
    keep(data.path(), older.path());
    fs::write(data.path().join("journal/db"), "cut").unwrap();
    assert!(matches!(open(data.path()), Err(JournalError::Damaged { .. })));
    assert_eq!(fs::read(data.path().join("journal/db")).unwrap(), b"cut");
}
