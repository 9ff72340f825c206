//! The data directory around the store: its lock, what is ours in it, and copies of it.
//!
//! sled writes into whatever it opens, and cuts what it cannot read. So a look is at a copy, and
//! an opening is tried on a copy first: what is refused is left exactly as it was.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::error::{JournalError, Place, Result, io_at};
use super::floor;
use super::keys;
use crate::clock;
use crate::domain::ids::Sequence;
use crate::limits;

const STORE: &str = "journal";
/// A store in the making.
const NEW: &str = "journal.new-";
/// A copy of the directory.
const COPY: &str = "journal.copy-";
/// A copy that was found sound, kept while the store itself is opened.
const KEPT: &str = "journal.kept";
const LOCK: &str = "lock";
const LOCK_WAIT: Duration = Duration::from_millis(limits::JOURNAL_LOCK_WAIT_MS_MAX);
/// What a store consists of at least.
const PARTS: [&str; 3] = ["conf", "db", "blobs"];

/// A data directory that nobody else has while this lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// What it is a copy of; a copy goes when this does.
    original: Option<PathBuf>,
    _lock: Option<File>,
}

impl DataDir {
    /// Takes the directory, and makes it if need be. What is not ours is left alone.
    pub fn take(path: &Path) -> Result<Self> {
        if path.is_file() {
            let found = "a file; name a directory with --data".to_owned();
            return Err(JournalError::Foreign { path: path.to_owned(), found });
        }
        expect_ours(path)?;
        fs::create_dir_all(path).map_err(io_at("create", path))?;
        let at = path.join(LOCK);
        let options = OpenOptions::new().create(true).truncate(false).write(true).open(&at);
        let file = options.map_err(io_at("open", &at))?;
        lock(&file, &at, File::try_lock)?;
        let taken = Self { path: path.to_owned(), original: None, _lock: Some(file) };
        taken.remove_leftovers()?;
        Ok(taken)
    }

    /// A copy to look at, made while no gateway has the original. Nothing is written there.
    pub fn look(path: &Path) -> Result<Self> {
        expect_ours(path)?;
        expect_store(&path.join(STORE))?;
        let at = path.join(LOCK);
        let file = match File::open(&at) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            opened => Some(opened.map_err(io_at("open", &at))?),
        };
        if let Some(file) = &file {
            lock(file, &at, File::try_lock_shared)?;
        }
        copy(path, &std::env::temp_dir())
    }

    /// A copy beside the store, of a directory that is taken.
    pub fn copied(&self) -> Result<Self> {
        copy(&self.path, &self.path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is, or what it is a copy of: for people.
    pub fn told(&self) -> &Path {
        self.original.as_deref().unwrap_or(&self.path)
    }

    /// Where the store is.
    pub fn store(&self) -> PathBuf {
        self.path.join(STORE)
    }

    /// Size of the store's files in the directory `data`, in bytes; 0 when there are none.
    pub fn store_bytes(data: &Path) -> u64 {
        let mut bytes = 0;
        let mut open = vec![data.join(STORE)];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                match entry.metadata() {
                    Ok(meta) if meta.is_dir() => open.push(entry.path()),
                    Ok(meta) => bytes += meta.len(),
                    // Gone meanwhile: the store tidies up after itself.
                    Err(_) => {}
                }
            }
        }
        bytes
    }

    /// Where a store is made, to be renamed when it is whole.
    pub fn new_store(&self) -> PathBuf {
        self.path.join(format!("{NEW}{}", std::process::id()))
    }

    /// Whether there is a store. One that is missing although something was durable in it is
    /// damage.
    pub fn has_store(&self) -> Result<bool> {
        let path = self.store();
        if path.try_exists().map_err(io_at("look at", &path))? {
            return Ok(true);
        }
        match floor::read(&self.path)? {
            Sequence(0) => Ok(false),
            floor => {
                let what = format!("there is no journal, but one was durable up to {floor}");
                Err(JournalError::damaged(Place::at(Sequence(1)), what).within(&self.path))
            }
        }
    }

    /// Whether all parts of a store are there: it is ours, sound or not.
    pub fn has_whole_store(&self) -> bool {
        PARTS.iter().all(|part| self.store().join(part).exists())
    }

    /// Puts a store that was made aside, as a data directory of its own, in its place.
    pub fn adopt(&self, aside: &Path) -> Result<()> {
        // The keys before what is sealed with them, and the store before its floor: a floor
        // without a store would be a loss.
        for name in [keys::NAME, STORE, floor::NAME] {
            let from = aside.join(name);
            match fs::rename(&from, self.path.join(name)) {
                Err(e) if name == keys::NAME && e.kind() == io::ErrorKind::NotFound => {}
                renamed => renamed.map_err(io_at("rename", &from))?,
            }
            sync_directory(&self.path)?;
        }
        fs::remove_dir_all(aside).map_err(io_at("remove", aside))
    }

    /// Moves the store, its floor and its keys, as a data directory of their own, to `name` beside them.
    pub fn set_aside(&self, name: &str) -> Result<PathBuf> {
        let aside = self.path.join(name);
        fs::create_dir(&aside).map_err(io_at("create", &aside))?;
        // The floor first: a floor without a store would be a loss. The keys last: a store without
        // its keys is missed.
        for name in [floor::NAME, STORE, keys::NAME] {
            let from = self.path.join(name);
            match fs::rename(&from, aside.join(name)) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => {
                    return Err(io_at("rename", &from)(e));
                }
                _ => {}
            }
            sync_directory(&aside)?;
            sync_directory(&self.path)?;
        }
        Ok(aside)
    }

    /// Keeps a copy of the store that was found sound, until [`Self::forget_kept`].
    pub fn keep(&self, mut copy: Self) -> Result<()> {
        self.forget_kept()?;
        let kept = self.path.join(KEPT);
        fs::rename(&copy.path, &kept).map_err(io_at("rename", &copy.path))?;
        // It is no longer this one's to remove.
        copy.original = None;
        Ok(())
    }

    /// The copy that a start left which ended while it opened the store.
    pub fn kept(&self) -> Option<Self> {
        let path = self.path.join(KEPT);
        path.join(STORE).is_dir().then_some(Self { path, original: None, _lock: None })
    }

    /// The store was opened: the copy goes, for good before anything is written.
    pub fn forget_kept(&self) -> Result<()> {
        let kept = self.path.join(KEPT);
        if !kept.exists() {
            return Ok(());
        }
        let gone = make_copy_dir(&self.path)?;
        fs::rename(&kept, gone.join(KEPT)).map_err(io_at("rename", &kept))?;
        sync_directory(&self.path)?;
        fs::remove_dir_all(&gone).map_err(io_at("remove", &gone))
    }

    /// Puts the kept copy in the place of a store that opening it harmed.
    pub fn put_back_kept(&self) -> Result<()> {
        let (kept, store) = (self.path.join(KEPT), self.store());
        sync_store(&kept.join(STORE))?;
        // What was harmed is gone with the next start, like any copy.
        let harmed = make_copy_dir(&self.path)?;
        match fs::rename(&store, harmed.join(STORE)) {
            // A start that ended just here has moved it already.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            moved => moved.map_err(io_at("rename", &store))?,
        }
        fs::rename(kept.join(STORE), &store).map_err(io_at("rename", &kept))?;
        sync_directory(&self.path)
    }

    /// What earlier starts left unfinished.
    fn remove_leftovers(&self) -> Result<()> {
        for entry in fs::read_dir(&self.path).map_err(io_at("read", &self.path))? {
            let entry = entry.map_err(io_at("read", &self.path))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(NEW) || name.starts_with(COPY) {
                fs::remove_dir_all(entry.path()).map_err(io_at("remove", &entry.path()))?;
            }
        }
        Ok(())
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if self.original.is_some() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Whoever has it gets a moment: a process that is ending, or one of its children that has not yet
/// let go of what it inherited.
fn lock(
    file: &File,
    path: &Path,
    try_lock: fn(&File) -> std::result::Result<(), TryLockError>,
) -> Result<()> {
    let since = clock::monotonic();
    loop {
        match try_lock(file) {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(e)) => return Err(io_at("lock", path)(e)),
            Err(TryLockError::WouldBlock) if since.elapsed() < LOCK_WAIT => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::Locked { path: path.to_owned() });
            }
        }
    }
}

/// Makes a directory with a name of its own; what is copied is for its owner's eyes alone.
fn make_copy_dir(place: &Path) -> Result<PathBuf> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = place.join(format!("{COPY}{}-{number}", std::process::id()));
        match DirBuilder::new().mode(0o700).create(&path) {
            // Left by a process that had this number before.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map_err(io_at("create", &path)).map(|()| path),
        }
    }
}

/// Copies the store and its floor into a directory of their own within `place`.
fn copy(data: &Path, place: &Path) -> Result<DataDir> {
    let path = make_copy_dir(place)?;
    let copy = DataDir { path, original: Some(data.to_owned()), _lock: None };
    let doing = format!("copy {} to {}", data.display(), copy.path.display());
    let failed = |e| JournalError::io(&doing, e);
    let store = copy.store();
    for directory in [store.clone(), store.join("blobs")] {
        fs::create_dir(directory).map_err(failed)?;
    }
    for (from, to) in
        [(data.join(STORE), store.clone()), (data.join(STORE).join("blobs"), store.join("blobs"))]
    {
        for entry in fs::read_dir(&from).map_err(io_at("read", &from))? {
            let entry = entry.map_err(io_at("read", &from))?;
            if entry.file_type().map_err(io_at("look at", &entry.path()))?.is_file() {
                fs::copy(entry.path(), to.join(entry.file_name())).map_err(failed)?;
            }
        }
    }
    let floor = data.join(floor::NAME);
    if floor.exists() {
        fs::copy(&floor, copy.path.join(floor::NAME)).map_err(failed)?;
    }
    Ok(copy)
}

/// Refuses what has the store's name and is something else.
fn expect_ours(data: &Path) -> Result<()> {
    let path = data.join(STORE);
    let foreign =
        |found: &str| Err(JournalError::Foreign { path: path.clone(), found: found.to_owned() });
    if path.is_file() {
        return foreign("a file");
    }
    let noted = data.join(floor::NAME).exists();
    if path.is_dir() && !noted && PARTS.iter().all(|part| !path.join(part).exists()) {
        return foreign("a directory without sled's files");
    }
    Ok(())
}

/// sled would make what is missing; a store is put in place whole, so that would hide a loss.
pub fn expect_store(path: &Path) -> Result<()> {
    if !path.is_dir() {
        let found = "nothing".to_owned();
        return Err(JournalError::Foreign { path: path.to_owned(), found });
    }
    for name in PARTS {
        let part = path.join(name);
        let found = fs::metadata(&part).is_ok_and(|m| m.is_dir() || m.len() > 8);
        if !found {
            let what = format!("{} is missing or empty", part.display());
            return Err(JournalError::damaged(Place::default(), what).within(path));
        }
    }
    Ok(())
}

/// Makes a store's files durable, and their names.
pub fn sync_store(path: &Path) -> Result<()> {
    for entry in fs::read_dir(path).map_err(io_at("read", path))? {
        let at = entry.map_err(io_at("read", path))?.path();
        File::open(&at).and_then(|file| file.sync_all()).map_err(io_at("sync", &at))?;
    }
    sync_directory(path)
}

/// Makes the names in a directory durable.
pub fn sync_directory(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(io_at("sync", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let data = tempfile::tempdir().unwrap();
        let home = data.path().join("home");
        fs::create_dir_all(home.join("journal")).unwrap();
        fs::write(home.join("journal/2026.txt"), "diary").unwrap();
        for taken in [DataDir::take(&home), DataDir::look(&home)] {
            let error = taken.unwrap_err();
            assert!(matches!(error, JournalError::Foreign { .. }), "{error}");
        }
        let names: Vec<_> = fs::read_dir(&home).unwrap().flatten().map(|e| e.file_name()).collect();
        assert_eq!(names, ["journal"], "nothing is left behind");
        let file = data.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(DataDir::take(&file).unwrap_err().to_string().contains("a file; name a directory"));
    }

    #[test]
    fn a_copy_is_for_its_owner_alone_and_goes_with_the_look() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        drop(super::super::sled::open(data.path()).unwrap());
        let look = DataDir::look(data.path()).unwrap();
        let path = look.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(look.told(), data.path());
        drop(look);
        assert!(!path.exists());
    }

    #[test]
    fn a_floor_without_a_journal_is_damage_and_no_new_one_is_made() {
        let data = tempfile::tempdir().unwrap();
        floor::FloorFile::open(data.path()).unwrap().note(Sequence(7)).unwrap();
        let error = super::super::sled::open(data.path()).unwrap_err();
        assert!(error.to_string().contains("one was durable up to 7"), "{error}");
        assert!(!data.path().join(STORE).exists());
    }
}
