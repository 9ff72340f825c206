//! The journal on disk: sled 0.34.7, under the rules of `docs/decisions/0002-sled.md`.
//!
//! `flush()` is not durable on Linux, so every sync ends with an `fdatasync` of our own on sled's
//! file. Values stay at or under 4 KiB, so that no blob file appears, which no sync would cover.
//! The store is made aside and renamed into place, so that a first start cut short leaves
//! nothing that cannot be opened. This is the only file that knows sled.

use std::fs::{self, File};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::Dir;
use sled::{Batch, Db, IVec, Tree};

use super::Journal;
use super::directory::{DataDir, expect_store, sync_directory, sync_store};
use super::error::{JournalError, Place, Result, io_at};
use super::floor::{self, FloorFile};
use super::frame::FORMAT_VERSION;
use super::keys::Keys;
use super::log::Log;
use super::replay::sequence_of;
use super::rouse::Rouser;
use super::store::{Direction, Store, Table, View, Visit};
use crate::clock;
use crate::domain::ids::Sequence;
use crate::limits::{JOURNAL_CACHE_BYTES, JOURNAL_ENTRY_BYTES_MAX, JOURNAL_REOPEN_MS_MAX};

const FORMAT_KEY: &[u8] = b"sluis-journal";

/// The journal in a data directory.
pub type SledJournal = Log<SledStore>;

/// Opens the journal in `data`, or makes one there.
pub fn open(data: &Path) -> Result<SledJournal> {
    open_dir(DataDir::take(data)?)
}

/// As [`open`], in a directory that is taken.
pub fn open_dir(dir: DataDir) -> Result<SledJournal> {
    open_synced(dir, true)
}

/// As [`open`], without our own `fdatasync`: loses acknowledged records when the power fails.
/// For the control run of the power-cut test only.
#[doc(hidden)]
pub fn open_without_fdatasync(data: &Path) -> Result<SledJournal> {
    open_synced(DataDir::take(data)?, false)
}

/// The journal as it is in `data`, or in a directory that is taken: a copy, to be read.
pub fn open_copy(copy: DataDir) -> Result<SledJournal> {
    let told = copy.told().to_owned();
    // The keys are not copied: there is one place where they can be destroyed.
    let keys = Keys::look(&told)?;
    let opened = SledStore::open(copy).and_then(Log::open);
    opened.and_then(|log| log.with_keys(keys)).map_err(|e| e.within(&told))
}

fn open_synced(dir: DataDir, fdatasync: bool) -> Result<SledJournal> {
    let keys = Keys::open(dir.path())?;
    if dir.kept().is_none() && !dir.has_store()? {
        // Keys without their journal stop it before a new one is made.
        keys.expect_none()?;
        create(&dir)?;
    }
    // Tried on a copy, without the keys: sled cuts what it cannot read.
    if let Err(fault) = try_and_keep(&dir) {
        // Unless an earlier start was ended while it opened the store, it is as it was found.
        if !kept_is_whole(&dir) {
            return Err(fault);
        }
        dir.put_back_kept()?;
        try_and_keep(&dir)?;
    }
    let dir = Arc::new(dir);
    let open = || {
        let mut store = SledStore::open_shared(Arc::clone(&dir))?;
        store.fdatasync = fdatasync;
        Log::open(store)
    };
    match open() {
        Ok(journal) => dir.forget_kept().and_then(|()| journal.with_keys(keys)),
        Err(fault) => {
            // sled cuts at a failed read as well. If this fails, the next start does it.
            let _ = dir.put_back_kept();
            Err(after_a_sound_copy(fault))
        }
    }
}

/// Whether there is a kept copy, and it holds all that was durable.
fn kept_is_whole(dir: &DataDir) -> bool {
    // Without the keys, which do not lie beside it: only how far it reaches is asked.
    let kept = dir.kept().and_then(|kept| SledStore::open(kept).and_then(Log::open).ok());
    let floor = floor::read(dir.path());
    kept.is_some_and(|kept| floor.is_ok_and(|floor| kept.durable() >= floor))
}

/// What a store that cannot be opened means when its copy was sound a moment ago: the disk.
fn after_a_sound_copy(fault: JournalError) -> JournalError {
    match fault {
        JournalError::Damaged { what, .. } => {
            let source = io::Error::other(format!("a copy of it was sound, but {what}"));
            JournalError::io("open the journal", source)
        }
        other => other,
    }
}

/// Opens a copy; one that is sound is kept while the store itself is opened.
fn try_and_keep(dir: &DataDir) -> Result<()> {
    let tried = || {
        expect_store(&dir.store())?;
        let copy = Arc::new(dir.copied()?);
        drop(Log::open(SledStore::open_shared(Arc::clone(&copy))?)?);
        Ok(copy)
    };
    let copy = tried().map_err(|e: JournalError| e.within(dir.path()))?;
    // sled's threads let go late.
    let deadline = clock::monotonic() + Duration::from_millis(JOURNAL_REOPEN_MS_MAX);
    let mut shared = copy;
    loop {
        match Arc::try_unwrap(shared) {
            Ok(copy) => return dir.keep(copy),
            Err(held) if clock::monotonic() < deadline => shared = held,
            Err(_) => return Err(JournalError::stopped("a copy of the journal stays open")),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// sled as a `Store`.
#[derive(Debug)]
pub struct SledStore {
    shared: Arc<Shared>,
    file: File,
    /// Where a file must never be, held open: a look must not fail for want of a descriptor.
    blobs: Mutex<Dir>,
    floor: FloorFile,
    batch: Option<(Table, Batch)>,
    fdatasync: bool,
}

/// Kept alive by readers too; the directory goes last.
#[derive(Debug)]
struct Shared {
    trees: [Tree; 4],
    db: Watched,
    dir: Arc<DataDir>,
}

/// sled, and what wakes it. A write of sled's that fails is told to those who wait for it only if
/// sled's flush began it, not if the last to write into its buffer did (sled 0.34.7,
/// `Log::exit_reservation`): they would wait for ever. Any other flush finds the error, and wakes
/// them.
#[derive(Debug)]
struct Watched {
    db: Db,
    rouser: Rouser,
}

impl Watched {
    fn new(db: Db) -> Result<Self> {
        let other = db.clone();
        let rouser = Rouser::start(move || drop(other.flush()))?;
        Ok(Self { db, rouser })
    }

    fn flush(&self) -> sled::Result<usize> {
        self.rouser.over(|| self.db.flush())
    }
}

impl Drop for Watched {
    /// sled flushes when it is dropped, and nobody would wake that.
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

impl SledStore {
    /// Opens the store that is in a directory.
    pub(super) fn open(dir: DataDir) -> Result<Self> {
        Self::open_shared(Arc::new(dir))
    }

    fn open_shared(dir: Arc<DataDir>) -> Result<Self> {
        let path = dir.store();
        expect_store(&path)?;
        remove_unfinished_maps(&path)?;
        let db = Watched::new(open_db(&path)?)?;
        let trees = open_trees(&db.db)?;
        expect_format(&db.db, &trees, dir.told())?;
        let at = path.join("db");
        let file = File::open(&at).map_err(io_at("open", &at))?;
        sync_directory(&path)?;
        let at = path.join("blobs");
        let blobs = File::open(&at).map_err(io_at("open", &at))?;
        let blobs = Dir::new(blobs).map_err(|e| io_at("open", &at)(e.into()))?;
        let floor = FloorFile::open(dir.path())?;
        let shared = Arc::new(Shared { trees, db, dir });
        let blobs = Mutex::new(blobs);
        Ok(Self { shared, file, blobs, floor, batch: None, fdatasync: true })
    }

    /// Bytes that the store's files take.
    pub(super) fn disk_bytes(&self) -> Result<u64> {
        let path = self.shared.dir.store();
        let entries = fs::read_dir(&path).map_err(io_at("read", &path))?;
        Ok(entries.flatten().filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum())
    }

    fn batch(&mut self, table: Table) -> &mut Batch {
        let (staged, batch) = self.batch.get_or_insert_with(|| (table, Batch::default()));
        assert_eq!(*staged, table, "a batch is of one table");
        batch
    }
}

impl Store for SledStore {
    fn view(&self) -> Arc<dyn View> {
        Arc::<Shared>::clone(&self.shared)
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        assert!(value.len() <= JOURNAL_ENTRY_BYTES_MAX, "an entry over 4 KiB is not safe");
        self.batch(table).insert(key, IVec::from(value));
    }

    fn remove(&mut self, table: Table, key: &[u8]) {
        self.batch(table).remove(key);
    }

    fn apply(&mut self) -> Result<()> {
        let Some((table, batch)) = self.batch.take() else { return Ok(()) };
        let shared = &self.shared;
        let applied = shared.db.rouser.over(|| shared.tree(table).apply_batch(batch));
        applied.map_err(|e| translate("write to the journal", e))
    }

    fn sync(&mut self) -> Result<()> {
        let flushed = self.shared.db.flush();
        flushed.map_err(|e| translate("flush the journal", e))?;
        if self.fdatasync {
            let synced = self.file.sync_data();
            synced.map_err(|e| JournalError::io("sync the journal", e))?;
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let at = self.shared.dir.told().join("journal/blobs");
        let mut blobs = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        blobs.rewind();
        for entry in &mut *blobs {
            let entry = entry.map_err(|e| io_at("read", &at)(e.into()))?;
            if ![&b"."[..], b".."].contains(&entry.file_name().to_bytes()) {
                let what =
                    format!("{} holds a file that no sync covers; report this bug", at.display());
                return Err(JournalError::damaged(Place::default(), what));
            }
        }
        Ok(())
    }

    fn floor(&self) -> Result<Sequence> {
        floor::read(self.shared.dir.path())
    }

    fn note_floor(&mut self, floor: Sequence) -> Result<()> {
        self.floor.note(floor)
    }

    fn sync_floor(&mut self) -> Result<()> {
        self.floor.sync()
    }
}

impl Shared {
    fn tree(&self, table: Table) -> &Tree {
        &self.trees[table as usize]
    }
}

impl View for Shared {
    fn scan(&self, table: Table, from: &[u8], go: Direction, visit: &mut Visit<'_>) -> Result<()> {
        let tree = self.tree(table);
        // sled does not say where it cannot read: after the last key that it could.
        let mut at = Place::default();
        let mut each = |item: sled::Result<(IVec, IVec)>| match item {
            Ok((key, value)) => {
                if table == Table::Entries {
                    at = Place::at(sequence_of(&key));
                }
                visit(&key, &value)
            }
            Err(e) => Err(translate_at(at, "read the journal", e)),
        };
        match go {
            Direction::Up => scan_with(tree.range(from..), &mut each),
            Direction::Down => scan_with(tree.range(..=from).rev(), &mut each),
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.told().to_owned()
    }
}

/// Walks the items. sled panics where a page contradicts another: that is damage, told as such.
fn scan_with<T>(
    mut items: impl Iterator<Item = T>,
    each: &mut dyn FnMut(T) -> Result<bool>,
) -> Result<()> {
    loop {
        let Ok(next) = catch_unwind(AssertUnwindSafe(|| items.next())) else {
            let what = "the store's pages contradict each other (sled panicked)";
            return Err(JournalError::damaged(Place::default(), what));
        };
        let Some(item) = next else { return Ok(()) };
        if !each(item)? {
            return Ok(());
        }
    }
}

/// On opening, sled writes a map of its pages to `snap.<n>.generating` and renames it when it is
/// whole. Cut short, it takes the torn file for the newest map next time, and does not open. What
/// has not been renamed was never relied upon: the map before it and the log are still there.
fn remove_unfinished_maps(path: &Path) -> Result<()> {
    for entry in fs::read_dir(path).map_err(io_at("read", path))? {
        let entry = entry.map_err(io_at("read", path))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path()).map_err(io_at("remove", &entry.path()))?;
        }
    }
    Ok(())
}

/// Makes a store beside its place, makes all of it durable, then renames it there.
fn create(dir: &DataDir) -> Result<()> {
    let (data, path, aside) = (dir.path(), dir.store(), dir.new_store());
    {
        let db = Watched::new(open_db(&aside)?)?;
        let [meta, ..] = open_trees(&db.db)?;
        let wrote = meta.insert(FORMAT_KEY, &[FORMAT_VERSION]).and_then(|_| db.flush());
        wrote.map_err(|e| translate("create the journal", e))?;
    }
    sync_store(&aside)?;
    fs::rename(&aside, &path).map_err(io_at("rename", &aside))?;
    sync_directory(data)?;
    data.parent().filter(|p| !p.as_os_str().is_empty()).map_or(Ok(()), sync_directory)
}

/// Opens sled. A store that this process just closed may keep its file for a moment: sled's
/// threads let go late. Another process cannot have it, we hold our own lock.
fn open_db(path: &Path) -> Result<Db> {
    let config = || {
        let config = sled::Config::new().path(path).cache_capacity(JOURNAL_CACHE_BYTES);
        config.flush_every_ms(None).use_compression(false)
    };
    let deadline = clock::monotonic() + Duration::from_millis(JOURNAL_REOPEN_MS_MAX);
    loop {
        let opened = catch_unwind(AssertUnwindSafe(|| config().open()));
        match opened {
            Err(_) => {
                let what = "the store cannot be read (sled panicked)";
                return Err(JournalError::damaged(Place::default(), what));
            }
            Ok(Err(e)) if is_lock_error(&e) && clock::monotonic() < deadline => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Ok(opened) => return opened.map_err(|e| translate("open the journal", e)),
        }
    }
}

fn open_trees(db: &Db) -> Result<[Tree; 4]> {
    let open = |name: &str| {
        let tree = db.open_tree(name);
        tree.map_err(|e| translate("open the journal", e))
    };
    Ok([open("meta")?, open("entries")?, open("chunks")?, open("manifests")?])
}

fn expect_format(db: &Db, trees: &[Tree; 4], path: &Path) -> Result<()> {
    let foreign = |found: String| JournalError::Foreign { path: path.to_owned(), found };
    if !db.was_recovered() {
        return Err(JournalError::damaged(Place::default(), "the store is empty"));
    }
    let mark = trees[Table::Meta as usize].get(FORMAT_KEY);
    match mark.map_err(|e| translate("open the journal", e))?.as_deref() {
        Some([FORMAT_VERSION]) => Ok(()),
        Some(other) => Err(foreign(format!("format version {other:?}"))),
        None => Err(foreign("no format mark".to_owned())),
    }
}

fn is_lock_error(e: &sled::Error) -> bool {
    matches!(e, sled::Error::Io(e) if e.to_string().starts_with("could not acquire lock"))
}

fn translate(doing: &str, e: sled::Error) -> JournalError {
    translate_at(Place::default(), doing, e)
}

fn translate_at(place: Place, doing: &str, e: sled::Error) -> JournalError {
    match e {
        sled::Error::Io(source) => JournalError::io(doing, source),
        sled::Error::Corruption { .. } => {
            JournalError::damaged(place, "the store's file cannot be read from here on")
        }
        sled::Error::Unsupported(found) => {
            JournalError::damaged(place, format!("the store's file cannot be read ({found})"))
        }
        other => JournalError::io(doing, io::Error::other(other.to_string())),
    }
}
