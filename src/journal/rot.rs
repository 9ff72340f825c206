//! Rot: bits flipped, files cut short, files that are not ours. A journal that is opened after it
//! has every record as it was told, or is refused with the place and the way out and left as it
//! is. Never a silent loss, never a panic.
//!
//! `SLUIS_SEED=…` repeats a run. Soak: `SLUIS_FLIPS=1000000 cargo test --release --workspace
//! --locked --lib -- journal::rot --nocapture`; with it every length of every file is tried too.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use super::conformance::{commit, replayed};
use super::directory::DataDir;
use super::error::{JournalError, Result};
use super::sled::{SledStore, open};
use super::sled_faults::{copy, files};
use super::store::{Store, Table};
use super::testkit::Random;
use super::{Journal, Manifest};
use crate::clock;
use crate::domain::ids::Sequence;

const COMMITS: u64 = 6;
const RECORDS: u64 = COMMITS * 40;
/// Where the snapshot is.
const SNAPSHOT: u64 = 80;
/// Flips here, unless the environment asks for more.
const FLIPS: u64 = 5_000;
/// Lengths tried of each file, unless all are.
const LENGTHS: usize = 250;

pub(super) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

pub(super) fn seed() -> u64 {
    let seed = number("SLUIS_SEED").unwrap_or_else(|| clock::wall().0);
    println!("SLUIS_SEED={seed} repeats this run");
    seed
}

/// Where files are fast.
fn scratch() -> tempfile::TempDir {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.unwrap()
}

fn snapshot() -> Vec<u8> {
    (0..20_000_u32).map(|i| (i * 7) as u8).collect()
}

/// A journal with a snapshot, closed as a stop leaves it or as a kill does.
fn whole(closed: bool) -> tempfile::TempDir {
    let data = scratch();
    let mut journal = Box::new(open(data.path()).unwrap());
    for nth in 1..=COMMITS {
        commit(&mut *journal, 40).unwrap();
        if nth * 40 == SNAPSHOT {
            let (bytes, sequence) = (snapshot(), Sequence(SNAPSHOT));
            journal.snapshot_put(sequence, 0, &bytes).unwrap();
            let chunks = bytes.len().div_ceil(super::snapshot::CHUNK_BYTES) as u32;
            let digest = Sha256::digest(&bytes).into();
            let manifest = Manifest { sequence, bytes: bytes.len() as u64, chunks, digest };
            journal.snapshot_finish(&manifest).unwrap();
        }
    }
    if closed {
        journal.close().unwrap();
        return data;
    }
    let left = copy(data.path());
    drop(journal);
    left
}

/// What became of a journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// Everything is there.
    Intact,
    /// All records; the snapshot is reported and passed over.
    WithoutSnapshot,
    /// Not opened, or not read to the end.
    Refused,
}

/// Opens what is in `data` and reads all of it, or says what it must not have done.
fn fate(data: &Path) -> std::result::Result<Fate, String> {
    let read = || -> Result<Fate> {
        let journal = open(data)?;
        let reader = journal.reader();
        let last = replayed(&reader, 1)?;
        assert_eq!(last, RECORDS, "records vanished silently");
        assert_eq!(journal.removed_tail(), None, "what was told was cut");
        let latest = reader.latest_snapshot()?;
        match latest.snapshot {
            Some(found) => assert_eq!((found.sequence.0, found.bytes), (SNAPSHOT, snapshot())),
            None => {
                assert!(!latest.damaged.is_empty(), "a snapshot vanished silently");
                return Ok(Fate::WithoutSnapshot);
            }
        }
        Ok(Fate::Intact)
    };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(fate)) => Ok(fate),
        Ok(Err(error)) => way_out(data, &error).map(|()| Fate::Refused),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            Err(text.unwrap_or_else(|| "a panic".to_owned()))
        }
    }
}

/// A refusal names what it is about and what to do.
fn way_out(data: &Path, error: &JournalError) -> std::result::Result<(), String> {
    let text = error.to_string();
    let ways = [
        "restore the latest backup",
        "start the version that wrote it",
        "look at the disk and the system log",
    ];
    let told = ways.iter().any(|way| text.contains(way));
    let place = matches!(error, JournalError::Io { .. })
        || text.contains(&*data.to_string_lossy())
        || text.contains("sequence ");
    match told && place && !text.contains('\n') {
        true => Ok(()),
        false => Err(format!("no place or no way out: {text}")),
    }
}

/// The files of a journal, by name; the largest last.
pub(super) fn parts(data: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let of_it = |path: &Path| !path.ends_with("lock");
    let mut parts: Vec<_> = files(data)
        .into_iter()
        .filter(|(path, bytes)| of_it(path) && !bytes.is_empty())
        .map(|(path, bytes)| (path.strip_prefix(data).unwrap().to_owned(), bytes))
        .collect();
    parts.sort_by_key(|(_, bytes)| bytes.len());
    parts
}

/// A directory of these files, one of them changed.
pub(super) fn with(
    parts: &[(PathBuf, Vec<u8>)],
    changed: usize,
    change: impl FnOnce(&mut Vec<u8>),
) -> tempfile::TempDir {
    let data = scratch();
    fs::create_dir_all(data.path().join("journal/blobs")).unwrap();
    for (name, bytes) in parts {
        fs::write(data.path().join(name), bytes).unwrap();
    }
    let (name, mut bytes) = parts[changed].clone();
    change(&mut bytes);
    fs::write(data.path().join(name), bytes).unwrap();
    data
}

/// The bits of the small files one after another, then those of the log, as far as it is used.
fn bit(parts: &[(PathBuf, Vec<u8>)], random: &mut Random) -> (usize, usize) {
    let part = match random.below(4) {
        0 => random.below(parts.len() as u32) as usize,
        _ => parts.len() - 1,
    };
    let bytes = &parts[part].1;
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(bytes.len(), |at| at + 1);
    // Now and then in what is not used yet.
    let end = if random.below(20) == 0 { bytes.len() } else { used };
    (part, random.below(end as u32 * 8) as usize)
}

#[derive(Default)]
struct Tally([AtomicU64; 3]);

impl Tally {
    fn note(&self, fate: Fate) {
        self.0[fate as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn all(&self) -> [u64; 3] {
        self.0.each_ref().map(|n| n.load(Ordering::Relaxed))
    }
}

/// Runs so many cases on all cores.
pub(super) fn spread(cases: u64, case: impl Fn(u64) + Sync) {
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let next = AtomicU64::new(0);
    let work = || {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= cases {
                return;
            }
            case(n);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
}

#[test]
fn no_flipped_bit_is_silent() {
    let (seed, tally) = (seed(), Tally::default());
    let (stopped, killed) = (whole(true), whole(false));
    let (of_stopped, of_killed) = (parts(stopped.path()), parts(killed.path()));
    let since = clock::monotonic();
    let flips = number("SLUIS_FLIPS").unwrap_or(FLIPS);
    spread(flips, |flip| {
        let mut random = Random::new(seed.wrapping_add(flip));
        let parts = if flip.is_multiple_of(2) { &of_stopped } else { &of_killed };
        let (part, bit) = bit(parts, &mut random);
        let data = with(parts, part, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        match fate(data.path()) {
            Ok(fate) => tally.note(fate),
            Err(what) => {
                panic!("flip {flip} of seed {seed}: {} bit {bit}: {what}", parts[part].0.display())
            }
        }
    });
    let [intact, without_snapshot, refused] = tally.all();
    let took = since.elapsed();
    println!(
        "{flips} flips: {refused} refused, {intact} intact, {without_snapshot} without its \
         snapshot, in {took:?}"
    );
    assert!(refused > flips / 2 && intact > 0, "the flips missed what is used");
}

#[test]
fn no_length_is_silent() {
    let (whole, tally) = (whole(true), Tally::default());
    let parts = parts(whole.path());
    let all = number("SLUIS_FLIPS").is_some();
    let mut cuts = Vec::new();
    for (nth, (_, bytes)) in parts.iter().enumerate() {
        let step = if all { 1 } else { (bytes.len() / LENGTHS).max(1) };
        cuts.extend((0..bytes.len()).step_by(step).map(|length| (nth, length)));
    }
    spread(cuts.len() as u64, |cut| {
        let (part, length) = cuts[cut as usize];
        let name = &parts[part].0;
        let data = with(&parts, part, |bytes| bytes.truncate(length));
        match fate(data.path()) {
            Ok(fate) => tally.note(fate),
            Err(what) => panic!("{} cut to {length} bytes: {what}", name.display()),
        }
    });
    let [intact, without_snapshot, refused] = tally.all();
    println!(
        "{} lengths: {refused} refused, {intact} intact, {without_snapshot} without its snapshot",
        cuts.len()
    );
    assert!(refused > 0 && intact > 0);
}

/// Files and directories of somebody else's among ours, or in the place of ours.
#[test]
fn what_is_not_ours_is_no_journal_and_harms_none() {
    let whole = whole(true);
    // A store of the same make without our mark.
    let other = whole_without_mark();
    type Change = fn(&Path, &Path);
    let changes: [(&str, Change, Fate); 6] = [
        ("a text in the data directory", |data, _| write(data, "notes.txt"), Fate::Intact),
        ("a text in the store", |data, _| write(data, "journal/notes.txt"), Fate::Intact),
        ("a text as the log", |data, _| write(data, "journal/db"), Fate::Refused),
        ("a text as the note", |data, _| write(data, "journal.durable"), Fate::Refused),
        ("another program's store", put_in_place, Fate::Refused),
        ("a directory as the log", put_directory, Fate::Refused),
    ];
    for (what, change, expected) in changes {
        let data = copy(whole.path());
        change(data.path(), copy(other.path()).path());
        let before = files(data.path());
        assert_eq!(fate(data.path()), Ok(expected), "{what}");
        if expected == Fate::Refused {
            assert_eq!(journal_of(files(data.path())), journal_of(before), "{what}: changed");
        }
    }
}

fn whole_without_mark() -> tempfile::TempDir {
    let data = whole(true);
    let mut store = SledStore::open(DataDir::take(data.path()).unwrap()).unwrap();
    store.remove(Table::Meta, b"sluis-journal");
    store.apply().unwrap();
    store.sync().unwrap();
    drop(store);
    data
}

fn put_in_place(data: &Path, other: &Path) {
    fs::remove_dir_all(data.join("journal")).unwrap();
    fs::rename(other.join("journal"), data.join("journal")).unwrap();
}

fn put_directory(data: &Path, _: &Path) {
    fs::remove_file(data.join("journal/db")).unwrap();
    fs::create_dir(data.join("journal/db")).unwrap();
}

fn write(data: &Path, name: &str) {
    fs::write(data.join(name), "These are my own notes, and no journal of anybody's.").unwrap();
}

type Files = std::collections::BTreeMap<PathBuf, Vec<u8>>;

/// All but the lock.
fn journal_of(mut files: Files) -> Files {
    files.retain(|path, _| !path.ends_with("lock"));
    files
}
