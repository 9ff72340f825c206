//! The file of the students' keys, beside the journal, for its owner alone:
//!
//! ```text
//! "sluis-keys" ‖ version ‖ slot*
//! slot = student, 4 bytes little-endian ‖ kind ‖ key, 32 bytes ‖ checksum
//! ```
//!
//! One slot says of which journal the keys are, in the place of a key; there is none before the
//! journal has a durable record.
//!
//! A slot is appended and synced before any record that needs it is written; one that was found is
//! synced again first, for whoever wrote it may have been killed before. It never moves; a key is
//! destroyed where it lies: zeros over it, and a mark that says so. A slot whose checksum is
//! wrong was cut short as it was written or destroyed, and is passed over: whether a key is missed
//! that should be there, the journal says.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::domain::ids::StudentId;
use crate::journal::directory::sync_directory;
use crate::journal::error::{JournalError, Result, io_at};
use crate::limits::STUDENT_KEYS_MAX;

/// The file's name in the data directory.
pub const NAME: &str = "students.keys";
const MAGIC: &[u8] = b"sluis-keys\x01";
/// What stands before the slots.
pub(super) const HEADER_BYTES: usize = MAGIC.len();
const KEY_BYTES: usize = 32;
pub(super) const SLOT_BYTES: usize = 4 + 1 + KEY_BYTES + 4;
/// Kinds of slots.
const LIVES: u8 = 1;
const DESTROYED: u8 = 2;
const JOURNAL: u8 = 3;
const FORGOTTEN: u8 = 4;
/// In the place of a student.
const NOBODY: StudentId = StudentId(u32::MAX);

/// Which journal it is: the SHA-256 of its first record, which says when it was made and never
/// changes. A copy and a restored backup are the same journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JournalName([u8; KEY_BYTES]);

impl JournalName {
    /// Of the journal with this first record.
    pub fn of(first_record: &[u8]) -> Self {
        Self(Sha256::digest(first_record).into())
    }
}

/// What a slot says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Slot {
    /// Her key.
    Key([u8; KEY_BYTES]),
    /// Her key was destroyed, and is never made again.
    Destroyed,
    /// Whoever had this number is not in this journal; the next is another student.
    Forgotten,
}

/// What stands in a file.
#[derive(Default)]
pub(super) struct Contents {
    /// Of which journal it is, once that has a record.
    pub journal: Option<JournalName>,
    pub slots: Vec<(StudentId, Slot)>,
}

/// Reads the file, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<Contents>> {
    Ok(read_bytes(path)?.map(|bytes| contents(&bytes)))
}

fn contents(bytes: &[u8]) -> Contents {
    let mut contents = Contents::default();
    for slot in bytes[HEADER_BYTES..].chunks_exact(SLOT_BYTES) {
        match decode(slot) {
            Some((_, JOURNAL, name)) => contents.journal = Some(JournalName(name)),
            Some((student, LIVES, key)) => contents.slots.push((student, Slot::Key(key))),
            Some((student, DESTROYED, _)) => contents.slots.push((student, Slot::Destroyed)),
            Some((student, FORGOTTEN, _)) => contents.slots.push((student, Slot::Forgotten)),
            _ => {}
        }
    }
    contents
}

/// Adds of which journal they are, and keys, durably, after the last whole slot: what a crash left
/// of one is written over. `anew`: whatever slots there are go.
pub(super) fn append(
    data: &Path,
    journal: Option<JournalName>,
    slots: &[(StudentId, Slot)],
    anew: bool,
) -> Result<()> {
    let path = data.join(NAME);
    let (mut file, size) = open(&path)?;
    let whole = if anew { 0 } else { size.saturating_sub(HEADER_BYTES) / SLOT_BYTES };
    let (mut bytes, at) = match whole {
        0 => (MAGIC.to_vec(), 0),
        whole => (Vec::new(), HEADER_BYTES + whole * SLOT_BYTES),
    };
    bytes.extend(journal.into_iter().flat_map(|name| encode(NOBODY, JOURNAL, &name.0)));
    bytes.extend(slots.iter().flat_map(|(student, slot)| encode_slot(*student, *slot)));
    let end = (at + bytes.len()) as u64;
    let wrote = file.seek(SeekFrom::Start(at as u64)).and_then(|_| file.write_all(&bytes));
    let wrote = wrote.and_then(|()| if anew { file.set_len(end) } else { Ok(()) });
    wrote.and_then(|()| file.sync_all()).map_err(io_at("write", &path))?;
    if size == 0 { sync_directory(data) } else { Ok(()) }
}

/// Destroys these students' keys where they lie, or forgets that they were destroyed, durably.
pub(super) fn put_an_end(data: &Path, students: &HashSet<StudentId>, end: Slot) -> Result<()> {
    let path = data.join(NAME);
    let mut bytes = read_bytes(&path)?.unwrap_or_else(|| MAGIC.to_vec());
    let whole = (bytes.len() - HEADER_BYTES) / SLOT_BYTES * SLOT_BYTES;
    bytes.truncate(HEADER_BYTES + whole);
    let mut met = HashSet::new();
    for slot in bytes[HEADER_BYTES..].chunks_exact_mut(SLOT_BYTES) {
        // By the number alone: one cut short while it was destroyed is finished. Of whoever had the
        // number before her there is no key any more.
        let student = number(slot);
        let before_her = matches!(decode(slot), Some((_, FORGOTTEN, _)));
        if students.contains(&student) && !before_her {
            slot.copy_from_slice(&encode_slot(student, end));
            met.insert(student);
        }
    }
    for student in students.difference(&met) {
        bytes.extend(encode_slot(*student, end));
    }
    let (mut file, _) = open(&path)?;
    let wrote = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&bytes));
    wrote.and_then(|()| file.sync_all()).map_err(io_at("write", &path))?;
    sync_directory(data)
}

fn encode_slot(student: StudentId, slot: Slot) -> [u8; SLOT_BYTES] {
    match slot {
        Slot::Key(key) => encode(student, LIVES, &key),
        Slot::Destroyed => encode(student, DESTROYED, &[0; KEY_BYTES]),
        Slot::Forgotten => encode(student, FORGOTTEN, &[0; KEY_BYTES]),
    }
}

fn encode(student: StudentId, kind: u8, key: &[u8; KEY_BYTES]) -> [u8; SLOT_BYTES] {
    let mut out = [0; SLOT_BYTES];
    out[..4].copy_from_slice(&student.0.to_le_bytes());
    out[4] = kind;
    out[5..5 + KEY_BYTES].copy_from_slice(key);
    let sum = crc32fast::hash(&out[..SLOT_BYTES - 4]);
    out[SLOT_BYTES - 4..].copy_from_slice(&sum.to_le_bytes());
    out
}

fn number(slot: &[u8]) -> StudentId {
    StudentId(u32::from_le_bytes([slot[0], slot[1], slot[2], slot[3]]))
}

/// Student, kind and key of a slot that is whole.
fn decode(slot: &[u8]) -> Option<(StudentId, u8, [u8; KEY_BYTES])> {
    let (body, sum) = slot.split_at(SLOT_BYTES - 4);
    let (student, kind) = (number(slot), body[4]);
    let known = student.index() < STUDENT_KEYS_MAX || (student, kind) == (NOBODY, JOURNAL);
    if crc32fast::hash(body).to_le_bytes() != *sum || !known {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    key.copy_from_slice(&body[5..]);
    Some((student, kind, key))
}

/// Opens the file to write in it, or makes it; and its size.
fn open(path: &Path) -> Result<(File, usize)> {
    let options =
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    let file = options.map_err(io_at("open", path))?;
    let size = file.metadata().map_err(io_at("look at", path))?.len() as usize;
    Ok((file, size))
}

/// The file, if there is one: ours, and for its owner's eyes alone. At least a header.
fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>> {
    let fault = |what: String| JournalError::Keys { path: path.to_owned(), what };
    let meta = match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        meta => meta.map_err(io_at("look at", path))?,
    };
    if meta.permissions().mode() & 0o077 != 0 {
        let path = path.display();
        return Err(fault(format!("others can read these keys; run: chmod 600 {path}")));
    }
    // A student may have a slot that was cut short or forgotten, and another.
    let most = (HEADER_BYTES + 2 * STUDENT_KEYS_MAX * SLOT_BYTES) as u64;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io_at("open", path))?;
    file.take(most).read_to_end(&mut bytes).map_err(io_at("read", path))?;
    // Cut short as it was made: no record rests on it yet.
    if bytes.len() < MAGIC.len() && MAGIC.starts_with(&bytes) {
        return Ok(Some(MAGIC.to_vec()));
    }
    if !bytes.starts_with(MAGIC) {
        let what = "not a file of keys that this version reads; put the file of this journal back, \
                    or a copy of it";
        return Err(fault(what.to_owned()));
    }
    Ok(Some(bytes))
}

/// Whether a data directory has keys.
pub fn is_there(data: &Path) -> bool {
    data.join(NAME).exists()
}

/// Copies the keys of one data directory to a file, for its owner's eyes alone; whether there were
/// any. A running gateway only ever adds to them.
pub fn copy(data: &Path, to: &Path) -> Result<bool> {
    let Some(bytes) = read_bytes(&data.join(NAME))? else { return Ok(false) };
    write_new(to, &bytes)?;
    Ok(true)
}

/// Removes the other copies beside this one, in files named `*.keys`, that say to be of the same
/// journal: the newest opens what they open, and they would undo an erasure. How many there were.
/// Those of other journals, and what is no copy, stay.
pub fn remove_older_copies(kept: &Path) -> Result<usize> {
    let (Some(directory), Some(contents)) = (kept.parent(), read(kept)?) else { return Ok(0) };
    if contents.journal.is_none() {
        return Ok(0);
    }
    let mut removed = 0;
    for entry in fs::read_dir(directory).map_err(io_at("list", directory))? {
        let path = entry.map_err(io_at("list", directory))?.path();
        let is_copy = path.extension().is_some_and(|end| end == "keys");
        if !is_copy || path.file_name() == kept.file_name() {
            continue;
        }
        if matches!(read(&path), Ok(Some(other)) if other.journal == contents.journal) {
            fs::remove_file(&path).map_err(io_at("remove", &path))?;
            removed += 1;
        }
    }
    sync_directory(directory)?;
    Ok(removed)
}

/// A copy of the keys of this journal, and what stands in it.
pub(super) fn read_copy(copy: &Path, journal: Option<JournalName>) -> Result<(Vec<u8>, Contents)> {
    let fault = |what: &str| JournalError::Keys { path: copy.to_owned(), what: what.to_owned() };
    let bytes = read_bytes(copy)?.ok_or_else(|| fault("there is no such file"))?;
    let contents = contents(&bytes);
    if contents.journal.is_some_and(|name| Some(name) != journal) {
        return Err(fault("these are the keys of another journal; name a copy of this one's"));
    }
    Ok((bytes, contents))
}

/// Puts a copy of the keys of this journal into a data directory that has none.
pub fn put_back(copy: &Path, journal: Option<JournalName>, data: &Path) -> Result<()> {
    let (bytes, _) = read_copy(copy, journal)?;
    write_new(&data.join(NAME), &bytes)?;
    sync_directory(data)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.map_err(io_at("create", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io_at("write", path))
}
