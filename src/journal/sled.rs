//! The journal on disk: sled 0.34.7, under the rules of `docs/decisions/0002-sled.md`.
//!
//! `flush()` is not durable on Linux, so every sync ends with an `fdatasync` of our own on sled's
//! file. Values stay at or under 4 KiB, so that no blob file appears, which no sync would cover.
//! The store is made aside and renamed into place, so that a first start cut short leaves
//! nothing that cannot be opened. This is the only file that knows sled.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sled::{Batch, Db, IVec, Tree};

use super::error::{JournalError, Place, Result};
use super::frame::{self, FORMAT_VERSION};
use super::log::Log;
use super::store::{Direction, Store, Table, View, Visit};
use crate::clock;
use crate::domain::ids::Sequence;
use crate::limits::{JOURNAL_CACHE_BYTES, JOURNAL_ENTRY_BYTES_MAX, JOURNAL_REOPEN_MS_MAX};

const STORE: &str = "journal";
const ASIDE: &str = "journal.new-";
const LOCK: &str = "lock";
const FLOOR: &str = "journal.durable";
const FORMAT_KEY: &[u8] = b"sluis-journal";

/// The journal in a data directory.
pub type SledJournal = Log<SledStore>;

/// Opens the journal in `data`, or makes one there.
pub fn open(data: &Path) -> Result<SledJournal> {
    Log::open(SledStore::open(data, true)?)
}

/// As [`open`], without our own `fdatasync`: loses acknowledged records when the power fails.
/// For the control run of the power-cut test only.
#[doc(hidden)]
pub fn open_without_fdatasync(data: &Path) -> Result<SledJournal> {
    let mut store = SledStore::open(data, true)?;
    store.fdatasync = false;
    Log::open(store)
}

/// sled as a [`Store`].
#[derive(Debug)]
pub struct SledStore {
    shared: Arc<Shared>,
    file: File,
    batch: Option<(Table, Batch)>,
    fdatasync: bool,
}

/// Kept alive by readers too; the lock goes last.
#[derive(Debug)]
struct Shared {
    trees: [Tree; 4],
    db: Db,
    data: PathBuf,
    _lock: File,
}

impl SledStore {
    /// Takes the lock and opens the store; without one, makes it if `create`.
    pub(super) fn open(data: &Path, create: bool) -> Result<Self> {
        if create {
            fs::create_dir_all(data).map_err(io_at("create", data))?;
        }
        let lock = take_lock(data)?;
        let path = data.join(STORE);
        if create {
            remove_asides(data)?;
            if !path.try_exists().map_err(io_at("look at", &path))? {
                create_aside(data, &path)?;
            }
        }
        expect_store(&path)?;
        remove_unfinished_maps(&path)?;
        let db = open_db(&path)?;
        let trees = open_trees(&db)?;
        expect_format(&db, &trees, &path)?;
        let at = path.join("db");
        let file = File::open(&at).map_err(io_at("open", &at))?;
        sync_directory(&path)?;
        let shared = Shared { trees, db, data: data.to_owned(), _lock: lock };
        Ok(Self { shared: Arc::new(shared), file, batch: None, fdatasync: true })
    }

    /// Bytes that the store's files take.
    pub(super) fn disk_bytes(&self) -> Result<u64> {
        let path = self.shared.path();
        let entries = fs::read_dir(&path).map_err(io_at("read", &path))?;
        Ok(entries.flatten().filter_map(|e| e.metadata().ok()).map(|m| m.len()).sum())
    }

    fn batch(&mut self, table: Table) -> &mut Batch {
        let (staged, batch) = self.batch.get_or_insert_with(|| (table, Batch::default()));
        assert_eq!(*staged, table, "a batch is of one table");
        batch
    }

    fn floor_path(&self) -> PathBuf {
        self.shared.data.join(FLOOR)
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
        let applied = self.shared.tree(table).apply_batch(batch);
        applied.map_err(|e| translate("write to the journal", &self.shared.data, e))
    }

    fn sync(&mut self) -> Result<()> {
        let flushed = self.shared.db.flush();
        flushed.map_err(|e| translate("flush the journal", &self.shared.data, e))?;
        if self.fdatasync {
            let synced = self.file.sync_data();
            synced.map_err(|e| JournalError::io("sync the journal", e))?;
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        let blobs = self.shared.path().join("blobs");
        match fs::read_dir(&blobs).map_err(io_at("read", &blobs))?.next() {
            None => Ok(()),
            Some(_) => Err(JournalError::damaged(
                Place::default(),
                format!("{} holds a file that no sync covers; report this bug", blobs.display()),
            )),
        }
    }

    fn floor(&self) -> Result<Sequence> {
        let path = self.floor_path();
        let bytes = match fs::read(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Sequence(0)),
            read => read.map_err(io_at("read", &path))?,
        };
        if bytes.len() != 12 || !frame::is_sealed(&bytes) {
            let found =
                format!("{} is unreadable; if the rest is sound, remove it", path.display());
            return Err(JournalError::damaged(Place::default(), found));
        }
        Ok(Sequence(frame::long(&bytes, 4)))
    }

    fn set_floor(&mut self, floor: Sequence) -> Result<()> {
        let mut bytes = vec![0; 4];
        bytes.extend_from_slice(&floor.0.to_le_bytes());
        frame::seal(&mut bytes);
        let (path, aside) = (self.floor_path(), self.floor_path().with_extension("durable.new"));
        let write = || {
            fs::write(&aside, &bytes)?;
            File::open(&aside)?.sync_all()?;
            fs::rename(&aside, &path)
        };
        write().map_err(io_at("write", &path))?;
        sync_directory(&self.shared.data)
    }
}

impl Shared {
    fn path(&self) -> PathBuf {
        self.data.join(STORE)
    }

    fn tree(&self, table: Table) -> &Tree {
        &self.trees[table as usize]
    }
}

impl View for Shared {
    fn scan(&self, table: Table, from: &[u8], go: Direction, visit: &mut Visit<'_>) -> Result<()> {
        let tree = self.tree(table);
        let mut each = |item: sled::Result<(IVec, IVec)>| match item {
            Ok((key, value)) => visit(&key, &value),
            Err(e) => Err(translate("read the journal", &self.data, e)),
        };
        match go {
            Direction::Up => scan_with(tree.range(from..), &mut each),
            Direction::Down => scan_with(tree.range(..=from).rev(), &mut each),
        }
    }

    fn path(&self) -> PathBuf {
        self.path()
    }
}

fn scan_with<T>(
    items: impl Iterator<Item = T>,
    each: &mut dyn FnMut(T) -> Result<bool>,
) -> Result<()> {
    for item in items {
        if !each(item)? {
            break;
        }
    }
    Ok(())
}

fn take_lock(data: &Path) -> Result<File> {
    let path = data.join(LOCK);
    let options = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = options.map_err(io_at("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked { path }),
        Err(TryLockError::Error(e)) => Err(io_at("lock", &path)(e)),
    }
}

fn remove_asides(data: &Path) -> Result<()> {
    for entry in fs::read_dir(data).map_err(io_at("read", data))? {
        let entry = entry.map_err(io_at("read", data))?;
        if entry.file_name().to_string_lossy().starts_with(ASIDE) {
            fs::remove_dir_all(entry.path()).map_err(io_at("remove", &entry.path()))?;
        }
    }
    Ok(())
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
fn create_aside(data: &Path, path: &Path) -> Result<()> {
    let aside = data.join(format!("{ASIDE}{}", std::process::id()));
    {
        let db = open_db(&aside)?;
        let [meta, ..] = open_trees(&db)?;
        let wrote = meta.insert(FORMAT_KEY, &[FORMAT_VERSION]).and_then(|_| db.flush());
        wrote.map_err(|e| translate("create the journal", &aside, e))?;
    }
    for entry in fs::read_dir(&aside).map_err(io_at("read", &aside))? {
        let at = entry.map_err(io_at("read", &aside))?.path();
        File::open(&at).and_then(|file| file.sync_all()).map_err(io_at("sync", &at))?;
    }
    sync_directory(&aside)?;
    fs::rename(&aside, path).map_err(io_at("rename", &aside))?;
    sync_directory(data)?;
    data.parent().filter(|p| !p.as_os_str().is_empty()).map_or(Ok(()), sync_directory)
}

/// sled would make what is missing; a store is put in place whole, so that would hide a loss.
fn expect_store(path: &Path) -> Result<()> {
    if !path.is_dir() {
        let found = if path.exists() { "a file" } else { "nothing" }.to_owned();
        return Err(JournalError::Foreign { path: path.to_owned(), found });
    }
    for name in ["conf", "db"] {
        let length = fs::metadata(path.join(name)).map_or(0, |m| m.len());
        if length <= 8 {
            let what = format!("{} is missing or empty", path.join(name).display());
            return Err(JournalError::damaged(Place::default(), what));
        }
    }
    if !path.join("blobs").is_dir() {
        let found = "a directory without sled's files".to_owned();
        return Err(JournalError::Foreign { path: path.to_owned(), found });
    }
    Ok(())
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
            Ok(opened) => return opened.map_err(|e| translate("open the journal", path, e)),
        }
    }
}

fn open_trees(db: &Db) -> Result<[Tree; 4]> {
    let open = |name: &str| {
        let tree = db.open_tree(name);
        tree.map_err(|e| translate("open the journal", Path::new(name), e))
    };
    Ok([open("meta")?, open("entries")?, open("chunks")?, open("manifests")?])
}

fn expect_format(db: &Db, trees: &[Tree; 4], path: &Path) -> Result<()> {
    let foreign = |found: String| JournalError::Foreign { path: path.to_owned(), found };
    if !db.was_recovered() {
        return Err(JournalError::damaged(Place::default(), "the store is empty"));
    }
    let mark = trees[Table::Meta as usize].get(FORMAT_KEY);
    match mark.map_err(|e| translate("open the journal", path, e))?.as_deref() {
        Some([FORMAT_VERSION]) => Ok(()),
        Some(other) => Err(foreign(format!("format version {other:?}"))),
        None => Err(foreign("no format mark".to_owned())),
    }
}

fn is_lock_error(e: &sled::Error) -> bool {
    matches!(e, sled::Error::Io(e) if e.to_string().starts_with("could not acquire lock"))
}

fn translate(doing: &str, path: &Path, e: sled::Error) -> JournalError {
    if is_lock_error(&e) {
        return JournalError::Locked { path: path.to_owned() };
    }
    match e {
        sled::Error::Io(source) => JournalError::io(doing, source),
        sled::Error::Corruption { .. } => JournalError::damaged(Place::default(), e.to_string()),
        sled::Error::Unsupported(found) => JournalError::Foreign { path: path.to_owned(), found },
        other => JournalError::io(doing, io::Error::other(other.to_string())),
    }
}

fn sync_directory(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(io_at("sync", path))
}

fn io_at<'a>(doing: &'a str, path: &'a Path) -> impl Fn(io::Error) -> JournalError + use<'a> {
    move |e| JournalError::io(format!("{doing} {}", path.display()), e)
}
