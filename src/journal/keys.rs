//! Each student's own key: what is personal of her is sealed with it wherever it is stored. Whoever
//! destroys the key has erased her, in the journal, its snapshots and its backups alike
//! (`docs/decisions/0015-retention.md`).
//!
//! The keys lie beside the journal in `students.keys`, for their owner alone:
//!
//! ```text
//! "sluis-keys" ‖ version ‖ slot*
//! slot = student, 4 bytes little-endian ‖ kind ‖ key, 32 bytes ‖ checksum
//! ```
//!
//! A slot is appended and synced before any record that needs it is written. It never moves; a key
//! is destroyed where it lies: zeros over it, and a mark that says so. A slot whose checksum is
//! wrong was cut short as it was written or destroyed, and is passed over: whether a key is missed
//! that should be there, the state knows ([`missing`]).

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};

use super::directory::sync_directory;
use super::error::{JournalError, Result, io_at};
use crate::domain::ids::StudentId;
use crate::domain::university::University;
use crate::limits::STUDENT_KEYS_MAX;

/// The file's name in the data directory.
pub const NAME: &str = "students.keys";
const MAGIC: &[u8] = b"sluis-keys\x01";
const KEY_BYTES: usize = 32;
const SLOT_BYTES: usize = 4 + 1 + KEY_BYTES + 4;
/// Kinds of slots.
const LIVES: u8 = 1;
const DESTROYED: u8 = 2;
/// Of a random nonce: one key seals far fewer than the 2^32 messages for which this is sound.
const NONCE_BYTES: usize = 12;
/// What a seal adds to what it seals.
pub const SEAL_BYTES: usize = NONCE_BYTES + 16;

/// What is known of a student's key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Slot {
    #[default]
    None,
    Key([u8; KEY_BYTES]),
    Destroyed,
}

/// What came of sealing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seal {
    /// There are no keys here: it is stored as it is.
    Plain,
    /// Her key was destroyed: it is not stored at all.
    Gone,
    /// Sealed: nonce, then ciphertext and tag.
    Sealed(Vec<u8>),
}

/// A seal that does not open with her key: altered, or of another journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadSeal;

/// The students' keys of one data directory. Cheap to clone.
#[derive(Clone, Default)]
pub struct Keys(Option<Arc<Shared>>);

#[derive(Default)]
struct Shared {
    /// The data directory.
    data: PathBuf,
    /// Keys may be made and destroyed; else they are only looked at.
    taken: bool,
    state: Mutex<State>,
    /// Whether a key waits to be written.
    dirty: AtomicBool,
}

#[derive(Default)]
struct State {
    slots: Vec<Slot>,
    /// Made and not on disk yet.
    unwritten: Vec<StudentId>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    /// None at all: everything is written as it is, and what is sealed stays so.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Those of a data directory that is taken. The file is made with the first key.
    pub fn open(data: &Path) -> Result<Self> {
        Self::read(data, true)
    }

    /// Those of a data directory, to read with.
    pub fn look(data: &Path) -> Result<Self> {
        Self::read(data, false)
    }

    fn read(data: &Path, taken: bool) -> Result<Self> {
        let slots = read_slots(&data.join(NAME))?.unwrap_or_default();
        let mut state = State::default();
        for (student, slot) in slots {
            state.put(student, slot);
        }
        let (state, dirty) = (Mutex::new(state), AtomicBool::new(false));
        Ok(Self(Some(Arc::new(Shared { data: data.to_owned(), taken, state, dirty }))))
    }

    /// Where they lie, for people.
    fn path(&self) -> PathBuf {
        self.0.as_ref().map_or_else(|| PathBuf::from(NAME), |shared| shared.data.join(NAME))
    }

    /// Whether there is her key.
    pub fn has(&self, student: StudentId) -> bool {
        matches!(self.slot(student), Slot::Key(_))
    }

    /// Whether her key was destroyed.
    pub fn is_destroyed(&self, student: StudentId) -> bool {
        self.slot(student) == Slot::Destroyed
    }

    /// Whether new records are sealed.
    pub fn are_made(&self) -> bool {
        self.0.as_ref().is_some_and(|shared| shared.taken)
    }

    fn slot(&self, student: StudentId) -> Slot {
        self.0.as_ref().map_or(Slot::None, |shared| shared.state().slot(student))
    }

    /// Seals something of hers, bound to what stands beside it. Her first one makes her key, which
    /// is on disk after the next [`Keys::sync`].
    pub fn seal(&self, student: StudentId, beside: &[u8], plain: &[u8]) -> Seal {
        let Some(shared) = &self.0 else { return Seal::Plain };
        let key = match shared.slot_or_new(student) {
            Slot::None => return Seal::Plain,
            Slot::Destroyed => return Seal::Gone,
            Slot::Key(key) => key,
        };
        let mut out = random::<NONCE_BYTES>().to_vec();
        let payload = Payload { msg: plain, aad: beside };
        let sealed = Aes256Gcm::new(&key.into()).encrypt(out.as_slice().into(), payload);
        out.extend(sealed.expect("a record is far shorter than what can be sealed"));
        Seal::Sealed(out)
    }

    /// Opens what [`Keys::seal`] sealed; `None` without her key.
    pub fn unseal(
        &self,
        student: StudentId,
        beside: &[u8],
        sealed: &[u8],
    ) -> std::result::Result<Option<Vec<u8>>, BadSeal> {
        let Slot::Key(key) = self.slot(student) else { return Ok(None) };
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(BadSeal)?;
        let payload = Payload { msg: sealed, aad: beside };
        let opened = Aes256Gcm::new(&key.into()).decrypt(nonce.into(), payload);
        opened.map(Some).map_err(|_| BadSeal)
    }

    /// Makes every key that was made durable. To be called before a record that needs one is
    /// written; it costs nothing where there is no new key.
    pub fn sync(&self) -> Result<()> {
        match &self.0 {
            Some(shared) if shared.dirty.load(Ordering::Acquire) => shared.write_new(),
            _ => Ok(()),
        }
    }

    /// Destroys the keys of these students, durably. Cut short, it has destroyed some of them; the
    /// same again does the rest.
    pub fn destroy(&self, students: &[StudentId]) -> Result<()> {
        match &self.0 {
            Some(shared) => shared.destroy(students),
            None => Ok(()),
        }
    }
}

impl State {
    fn slot(&self, student: StudentId) -> Slot {
        self.slots.get(student.index()).copied().unwrap_or_default()
    }

    /// A destroyed one stays so.
    fn put(&mut self, student: StudentId, slot: Slot) {
        if self.slots.len() <= student.index() {
            self.slots.resize(student.index() + 1, Slot::None);
        }
        let known = &mut self.slots[student.index()];
        if *known != Slot::Destroyed {
            *known = slot;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot_or_new(&self, student: StudentId) -> Slot {
        let mut state = self.state();
        let known = state.slot(student);
        if known != Slot::None || !self.taken || student.index() >= STUDENT_KEYS_MAX {
            return known;
        }
        let slot = Slot::Key(random());
        state.put(student, slot);
        state.unwritten.push(student);
        self.dirty.store(true, Ordering::Release);
        slot
    }

    fn write_new(&self) -> Result<()> {
        let mut state = self.state();
        let mut bytes = Vec::with_capacity(state.unwritten.len() * SLOT_BYTES);
        for student in &state.unwritten {
            bytes.extend(encode(*student, state.slot(*student)));
        }
        let (mut file, size, new) = open_file(&self.data)?;
        let path = self.data.join(NAME);
        // After the last whole slot: what a crash left of one is written over.
        let slots = size.saturating_sub(MAGIC.len()) / SLOT_BYTES;
        let at = (MAGIC.len() + slots * SLOT_BYTES) as u64;
        let wrote = file.seek(SeekFrom::Start(at)).and_then(|_| file.write_all(&bytes));
        wrote.and_then(|()| file.sync_all()).map_err(io_at("write", &path))?;
        if new {
            sync_directory(&self.data)?;
        }
        state.unwritten.clear();
        self.dirty.store(false, Ordering::Release);
        Ok(())
    }

    fn destroy(&self, students: &[StudentId]) -> Result<()> {
        if !self.taken {
            return Ok(());
        }
        self.write_new()?;
        let path = self.data.join(NAME);
        let gone: HashSet<StudentId> = students.iter().copied().collect();
        let mut bytes = read_file(&path)?.unwrap_or_else(|| MAGIC.to_vec());
        let whole = (bytes.len() - MAGIC.len()) / SLOT_BYTES * SLOT_BYTES;
        bytes.truncate(MAGIC.len() + whole);
        let mut marked = HashSet::new();
        for slot in bytes[MAGIC.len()..].chunks_exact_mut(SLOT_BYTES) {
            // By the number alone: one cut short while it was destroyed is finished.
            let student = number(slot);
            if gone.contains(&student) {
                slot.copy_from_slice(&encode(student, Slot::Destroyed));
                marked.insert(student);
            }
        }
        for student in gone.iter().filter(|student| !marked.contains(student)) {
            bytes.extend(encode(*student, Slot::Destroyed));
        }
        let (mut file, ..) = open_file(&self.data)?;
        let wrote = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&bytes));
        wrote.and_then(|()| file.sync_all()).map_err(io_at("write", &path))?;
        sync_directory(&self.data)?;
        let mut state = self.state();
        for student in gone {
            state.put(student, Slot::Destroyed);
        }
        Ok(())
    }
}

/// Students of whom something sealed cannot be read, though they were never erased: their keys are
/// lost, or are those of another journal.
pub fn missing(university: &University, keys: &Keys) -> usize {
    let students = university.registry.students.iter().enumerate();
    let lost = students.filter(|(i, student)| {
        let profile = &student.profile;
        let sealed = profile.is_withheld() && !profile.is_erased();
        sealed && !keys.is_destroyed(StudentId(*i as u32))
    });
    lost.count()
}

/// Refuses to go on where keys are [`missing`]: everybody would seem erased.
pub fn expect_all(university: &University, keys: &Keys) -> Result<()> {
    match missing(university, keys) {
        0 => Ok(()),
        lost => {
            let path = keys.path();
            let what = format!(
                "the keys of {lost} students are not there, without which nothing of them can be \
                 read; put the file of this journal back, or a copy of it"
            );
            Err(JournalError::Keys { path, what })
        }
    }
}

/// Destroys the keys of those who were erased, where a crash left one.
pub fn finish_erasures(university: &University, keys: &Keys) -> Result<usize> {
    let students = university.registry.students.iter().enumerate();
    let erased = students.filter(|(_, student)| student.profile.is_erased());
    let left = erased.map(|(i, _)| StudentId(i as u32)).filter(|id| !keys.is_destroyed(*id));
    let left: Vec<StudentId> = left.collect();
    if left.is_empty() {
        return Ok(0);
    }
    keys.destroy(&left)?;
    Ok(left.len())
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

fn encode(student: StudentId, slot: Slot) -> [u8; SLOT_BYTES] {
    let mut out = [0; SLOT_BYTES];
    out[..4].copy_from_slice(&student.0.to_le_bytes());
    match slot {
        Slot::Key(key) => {
            out[4] = LIVES;
            out[5..5 + KEY_BYTES].copy_from_slice(&key);
        }
        Slot::Destroyed | Slot::None => out[4] = DESTROYED,
    }
    let sum = crc32fast::hash(&out[..SLOT_BYTES - 4]);
    out[SLOT_BYTES - 4..].copy_from_slice(&sum.to_le_bytes());
    out
}

fn number(slot: &[u8]) -> StudentId {
    StudentId(u32::from_le_bytes([slot[0], slot[1], slot[2], slot[3]]))
}

fn decode(slot: &[u8]) -> Option<(StudentId, Slot)> {
    let (body, sum) = slot.split_at(SLOT_BYTES - 4);
    if crc32fast::hash(body).to_le_bytes() != *sum || number(slot).index() >= STUDENT_KEYS_MAX {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    key.copy_from_slice(&body[5..]);
    match body[4] {
        LIVES => Some((number(slot), Slot::Key(key))),
        DESTROYED => Some((number(slot), Slot::Destroyed)),
        _ => None,
    }
}

/// Opens the file to write in it, or makes it; its size, and whether it is new.
fn open_file(directory: &Path) -> Result<(File, usize, bool)> {
    let path = directory.join(NAME);
    let new = !path.exists();
    let options =
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let mut file = options.map_err(io_at("open", &path))?;
    let size = file.metadata().map_err(io_at("look at", &path))?.len() as usize;
    if size < MAGIC.len() {
        file.write_all(MAGIC).map_err(io_at("write", &path))?;
    }
    Ok((file, size.max(MAGIC.len()), new))
}

/// The file, if there is one: ours, and for its owner's eyes alone.
fn read_file(path: &Path) -> Result<Option<Vec<u8>>> {
    let fault = |what: String| JournalError::Keys { path: path.to_owned(), what };
    let meta = match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        meta => meta.map_err(io_at("look at", path))?,
    };
    if meta.permissions().mode() & 0o077 != 0 {
        let path = path.display();
        return Err(fault(format!("others can read these keys; run: chmod 600 {path}")));
    }
    // A student may have a slot that was cut short, and another.
    let most = (MAGIC.len() + 2 * STUDENT_KEYS_MAX * SLOT_BYTES) as u64;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io_at("open", path))?;
    file.take(most).read_to_end(&mut bytes).map_err(io_at("read", path))?;
    // Cut short as it was made: no record rests on it yet.
    if bytes.len() < MAGIC.len() && MAGIC.starts_with(&bytes) {
        return Ok(Some(MAGIC.to_vec()));
    }
    if !bytes.starts_with(MAGIC) {
        return Err(fault("not a file of keys that this version reads".to_owned()));
    }
    Ok(Some(bytes))
}

fn read_slots(path: &Path) -> Result<Option<Vec<(StudentId, Slot)>>> {
    let bytes = read_file(path)?;
    let slots = |bytes: Vec<u8>| {
        bytes[MAGIC.len()..].chunks_exact(SLOT_BYTES).filter_map(decode).collect::<Vec<_>>()
    };
    Ok(bytes.map(slots))
}

/// Copies the keys of one data directory to a file, for its owner's eyes alone; whether there were
/// any. A running gateway only ever adds to them.
pub fn copy(data: &Path, to: &Path) -> Result<bool> {
    let Some(bytes) = read_file(&data.join(NAME))? else { return Ok(false) };
    write_new_file(to, &bytes)?;
    Ok(true)
}

/// Puts a copy of the keys into a data directory that has none.
pub fn put_back(copy: &Path, data: &Path) -> Result<()> {
    let fault = |what: &str| JournalError::Keys { path: copy.to_owned(), what: what.to_owned() };
    let bytes = read_file(copy)?.ok_or_else(|| fault("there is no such file"))?;
    write_new_file(&data.join(NAME), &bytes)?;
    sync_directory(data)
}

fn write_new_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.map_err(io_at("create", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io_at("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: StudentId = StudentId(3);
    const BEN: StudentId = StudentId(900);

    fn sealed(keys: &Keys, student: StudentId, plain: &[u8]) -> Vec<u8> {
        match keys.seal(student, b"beside", plain) {
            Seal::Sealed(bytes) => bytes,
            other => panic!("{other:?}"),
        }
    }

    fn slot_at(bytes: &[u8], index: usize) -> usize {
        let at = MAGIC.len() + index * SLOT_BYTES;
        assert!(bytes.len() >= at + SLOT_BYTES);
        at
    }

    #[test]
    fn what_is_sealed_opens_with_her_key_alone_beside_what_it_was_sealed_with() {
        let data = tempfile::tempdir().unwrap();
        let keys = Keys::open(data.path()).unwrap();
        let (hers, his) = (sealed(&keys, ANNA, b"s1"), sealed(&keys, BEN, b"s1"));
        assert_ne!(sealed(&keys, ANNA, b"s1"), hers, "no two alike");
        assert_eq!(hers.len(), 2 + SEAL_BYTES);
        assert_eq!(keys.unseal(ANNA, b"beside", &hers), Ok(Some(b"s1".to_vec())));
        assert_eq!(keys.unseal(BEN, b"beside", &hers), Err(BadSeal));
        assert_eq!(keys.unseal(ANNA, b"elsewhere", &hers), Err(BadSeal));
        assert_eq!(keys.unseal(StudentId(4), b"beside", &hers), Ok(None), "she has no key");
        assert_eq!(keys.unseal(BEN, b"beside", &his[..7]), Err(BadSeal));
        assert_eq!(Keys::none().seal(ANNA, b"", b"s1"), Seal::Plain);
    }

    #[test]
    fn a_key_is_there_again_once_it_is_synced_and_for_its_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        let keys = Keys::open(data.path()).unwrap();
        let hers = sealed(&keys, ANNA, b"s1");
        assert!(!data.path().join(NAME).exists());
        keys.sync().unwrap();
        let his = sealed(&keys, BEN, b"s2");
        keys.sync().unwrap();
        let mode = fs::metadata(data.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = Keys::look(data.path()).unwrap();
        assert_eq!(again.unseal(ANNA, b"beside", &hers), Ok(Some(b"s1".to_vec())));
        assert_eq!(again.unseal(BEN, b"beside", &his), Ok(Some(b"s2".to_vec())));
        assert_eq!(again.seal(StudentId(5), b"", b""), Seal::Plain, "a look makes no key");
        fs::set_permissions(data.path().join(NAME), fs::Permissions::from_mode(0o640)).unwrap();
        let error = Keys::open(data.path()).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
        fs::set_permissions(data.path().join(NAME), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(data.path().join(NAME), "a diary of mine").unwrap();
        let error = Keys::open(data.path()).unwrap_err().to_string();
        assert!(error.contains("not a file of keys"), "{error}");
    }

    #[test]
    fn a_destroyed_key_is_nowhere_in_the_file_and_never_made_again() {
        let data = tempfile::tempdir().unwrap();
        let keys = Keys::open(data.path()).unwrap();
        let (hers, his) = (sealed(&keys, ANNA, b"s1"), sealed(&keys, BEN, b"s2"));
        keys.sync().unwrap();
        let before = fs::read(data.path().join(NAME)).unwrap();
        let at = slot_at(&before, 0) + 5;
        let key = &before[at..at + KEY_BYTES];
        keys.destroy(&[ANNA, StudentId(7)]).unwrap();
        let after = fs::read(data.path().join(NAME)).unwrap();
        assert!(before.windows(KEY_BYTES).any(|bytes| bytes == key));
        assert!(!after.windows(KEY_BYTES).any(|bytes| bytes == key));
        for keys in [keys, Keys::open(data.path()).unwrap()] {
            assert_eq!(keys.unseal(ANNA, b"beside", &hers), Ok(None));
            assert_eq!(keys.unseal(BEN, b"beside", &his), Ok(Some(b"s2".to_vec())));
            assert_eq!(keys.seal(ANNA, b"", b"s1"), Seal::Gone);
            assert_eq!(keys.seal(StudentId(7), b"", b"s1"), Seal::Gone, "she never had one");
            assert!(keys.is_destroyed(ANNA) && !keys.has(ANNA) && keys.has(BEN));
        }
    }

    /// Every write of a destruction cut short: she has her key or has not, everybody else has, and
    /// the same again finishes it.
    #[test]
    fn a_destruction_cut_short_at_any_byte_leaves_the_others_whole() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(NAME);
        let keys = Keys::open(data.path()).unwrap();
        let all: Vec<_> =
            (0..3).map(|n| (StudentId(n), sealed(&keys, StudentId(n), b"s"))).collect();
        keys.sync().unwrap();
        let before = fs::read(&path).unwrap();
        keys.destroy(&[StudentId(1)]).unwrap();
        let after = fs::read(&path).unwrap();
        assert_eq!(before.len(), after.len(), "in its place");
        for cut in 0..=after.len() {
            fs::write(&path, [&after[..cut], &before[cut..]].concat()).unwrap();
            let keys = Keys::open(data.path()).unwrap();
            for (student, sealed) in &all {
                let opened = keys.unseal(*student, b"beside", sealed);
                let whole = opened == Ok(Some(b"s".to_vec()));
                assert!(whole || (*student == StudentId(1) && opened == Ok(None)), "{cut}");
            }
            keys.destroy(&[StudentId(1)]).unwrap();
            assert_eq!(fs::read(&path).unwrap(), after, "cut at {cut}");
        }
    }

    /// An append cut short, also where blocks of the file reached the disk out of order.
    #[test]
    fn a_key_cut_short_as_it_was_written_is_written_over() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(NAME);
        let keys = Keys::open(data.path()).unwrap();
        let hers = sealed(&keys, ANNA, b"s1");
        keys.sync().unwrap();
        let whole = fs::read(&path).unwrap();
        for cut in 0..SLOT_BYTES {
            fs::write(&path, [&whole[..], &vec![0; cut]].concat()).unwrap();
            let keys = Keys::open(data.path()).unwrap();
            let his = sealed(&keys, BEN, b"s2");
            keys.sync().unwrap();
            let again = Keys::open(data.path()).unwrap();
            assert_eq!(again.unseal(ANNA, b"beside", &hers), Ok(Some(b"s1".to_vec())));
            assert_eq!(again.unseal(BEN, b"beside", &his), Ok(Some(b"s2".to_vec())), "{cut}");
        }
        for cut in 0..MAGIC.len() {
            fs::write(&path, &MAGIC[..cut]).unwrap();
            let keys = Keys::open(data.path()).unwrap();
            sealed(&keys, BEN, b"s2");
            keys.sync().unwrap();
            assert!(Keys::open(data.path()).unwrap().has(BEN), "{cut}");
        }
    }

    #[test]
    fn keys_are_bounded() {
        let data = tempfile::tempdir().unwrap();
        let keys = Keys::open(data.path()).unwrap();
        let last = StudentId(STUDENT_KEYS_MAX as u32 - 1);
        assert!(matches!(keys.seal(last, b"", b""), Seal::Sealed(_)));
        assert_eq!(keys.seal(StudentId(STUDENT_KEYS_MAX as u32), b"", b""), Seal::Plain);
    }
}
