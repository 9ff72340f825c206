//! The file of the students' keys, beside the journal, for its owner alone:
//!
//! ```text
//! "sluis-keys" ‖ version ‖ journal, 16 bytes ‖ slot*
//! slot = student, 4 bytes little-endian ‖ kind ‖ key, 32 bytes ‖ checksum
//! ```
//!
//! It says of which journal it is; sixteen zeros: of one of which no record was durable yet.
//!
//! A slot is appended and synced before any record that needs it is written. It never moves; a key
//! is destroyed where it lies: zeros over it, and a mark that says so. A slot whose checksum is
//! wrong was cut short as it was written or destroyed, and is passed over: whether a key is missed
//! that should be there, the journal says.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::domain::ids::StudentId;
use crate::journal::directory::sync_directory;
use crate::journal::error::{JournalError, Result, io_at};
use crate::limits::STUDENT_KEYS_MAX;

/// The file's name in the data directory.
pub const NAME: &str = "students.keys";
const MAGIC: &[u8] = b"sluis-keys\x01";
const JOURNAL_BYTES: usize = 16;
/// What stands before the slots.
pub(super) const HEADER_BYTES: usize = MAGIC.len() + JOURNAL_BYTES;
pub(super) const KEY_BYTES: usize = 32;
pub(super) const SLOT_BYTES: usize = 4 + 1 + KEY_BYTES + 4;
/// Kinds of slots.
const LIVES: u8 = 1;
const DESTROYED: u8 = 2;

/// Which journal it is: the beginning of the SHA-256 of its first record, which says when it was
/// made and never changes. A copy and a restored backup are the same journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct JournalName([u8; JOURNAL_BYTES]);

impl JournalName {
    /// Of the journal with this first record.
    pub fn of(first_record: &[u8]) -> Self {
        let mut name = [0; JOURNAL_BYTES];
        name.copy_from_slice(&Sha256::digest(first_record)[..JOURNAL_BYTES]);
        Self(name)
    }
}

/// What is known of a student's key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Slot {
    #[default]
    None,
    Key([u8; KEY_BYTES]),
    Destroyed,
}

/// What stands in a file.
pub(super) struct Contents {
    /// Of which journal it is, once that has a record.
    pub journal: Option<JournalName>,
    pub slots: Vec<(StudentId, Slot)>,
}

/// Reads the file, if there is one.
pub(super) fn read(path: &Path) -> Result<Option<Contents>> {
    let Some(bytes) = read_bytes(path)? else { return Ok(None) };
    let slots = bytes[HEADER_BYTES..].chunks_exact(SLOT_BYTES).filter_map(decode).collect();
    Ok(Some(Contents { journal: journal_of(&bytes), slots }))
}

fn journal_of(bytes: &[u8]) -> Option<JournalName> {
    let mut name = [0; JOURNAL_BYTES];
    name.copy_from_slice(&bytes[MAGIC.len()..HEADER_BYTES]);
    (name != [0; JOURNAL_BYTES]).then_some(JournalName(name))
}

fn header(journal: Option<JournalName>) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    header[MAGIC.len()..].copy_from_slice(&journal.map_or([0; JOURNAL_BYTES], |name| name.0));
    header
}

/// Adds keys, durably, after the last whole slot: what a crash left of one is written over. `anew`:
/// whatever slots there are go.
pub(super) fn append(
    data: &Path,
    journal: Option<JournalName>,
    slots: &[(StudentId, Slot)],
    anew: bool,
) -> Result<()> {
    let (mut file, size) = open(data)?;
    let whole = if anew { 0 } else { size.saturating_sub(HEADER_BYTES) / SLOT_BYTES };
    let mut bytes = Vec::with_capacity(HEADER_BYTES + slots.len() * SLOT_BYTES);
    let at = match whole {
        0 => {
            bytes.extend(header(journal));
            0
        }
        whole => HEADER_BYTES + whole * SLOT_BYTES,
    };
    for (student, slot) in slots {
        bytes.extend(encode(*student, *slot));
    }
    let end = (at + bytes.len()) as u64;
    let wrote = file.seek(SeekFrom::Start(at as u64)).and_then(|_| file.write_all(&bytes));
    let wrote = wrote.and_then(|()| if anew { file.set_len(end) } else { Ok(()) });
    wrote.and_then(|()| file.sync_all()).map_err(io_at("write", &data.join(NAME)))?;
    if size == 0 { sync_directory(data) } else { Ok(()) }
}

/// Says of which journal the keys are, durably.
pub(super) fn name(data: &Path, journal: JournalName) -> Result<()> {
    let (file, _) = open(data)?;
    let wrote = file.write_all_at(&journal.0, MAGIC.len() as u64);
    wrote.and_then(|()| file.sync_all()).map_err(io_at("write", &data.join(NAME)))
}

/// What becomes of slots.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The key is gone, and never made again.
    Destroyed,
    /// As if there had never been one.
    Forgotten,
}

/// Gives these students' slots their fate where they lie, durably.
pub(super) fn put_an_end(
    data: &Path,
    journal: Option<JournalName>,
    students: &HashSet<StudentId>,
    fate: Fate,
) -> Result<()> {
    let path = data.join(NAME);
    let mut bytes = read_bytes(&path)?.unwrap_or_else(|| header(journal).to_vec());
    let whole = (bytes.len() - HEADER_BYTES) / SLOT_BYTES * SLOT_BYTES;
    bytes.truncate(HEADER_BYTES + whole);
    let mut met = HashSet::new();
    for slot in bytes[HEADER_BYTES..].chunks_exact_mut(SLOT_BYTES) {
        // By the number alone: one cut short while it was destroyed is finished.
        let student = number(slot);
        if !students.contains(&student) {
            continue;
        }
        met.insert(student);
        match fate {
            Fate::Destroyed => slot.copy_from_slice(&encode(student, Slot::Destroyed)),
            // Passed over by its checksum, like one that was cut short.
            Fate::Forgotten => slot.fill(0xff),
        }
    }
    if fate == Fate::Destroyed {
        for student in students.difference(&met) {
            bytes.extend(encode(*student, Slot::Destroyed));
        }
    }
    let (mut file, _) = open(data)?;
    let wrote = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&bytes));
    wrote.and_then(|()| file.sync_all()).map_err(io_at("write", &path))?;
    sync_directory(data)
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

/// Opens the file to write in it, or makes it; and its size.
fn open(data: &Path) -> Result<(File, usize)> {
    let path = data.join(NAME);
    let options =
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
    let file = options.map_err(io_at("open", &path))?;
    let size = file.metadata().map_err(io_at("look at", &path))?.len() as usize;
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
    // A student may have a slot that was cut short, and another.
    let most = (HEADER_BYTES + 2 * STUDENT_KEYS_MAX * SLOT_BYTES) as u64;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io_at("open", path))?;
    file.take(most).read_to_end(&mut bytes).map_err(io_at("read", path))?;
    let word = bytes.len().min(MAGIC.len());
    if bytes[..word] != MAGIC[..word] {
        return Err(fault("not a file of keys that this version reads".to_owned()));
    }
    // Cut short as it was made: no record rests on it yet.
    if bytes.len() < HEADER_BYTES {
        return Ok(Some(header(None).to_vec()));
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

/// Puts a copy of the keys of this journal into a data directory that has none.
pub fn put_back(copy: &Path, journal: Option<JournalName>, data: &Path) -> Result<()> {
    let fault = |what: &str| JournalError::Keys { path: copy.to_owned(), what: what.to_owned() };
    let bytes = read_bytes(copy)?.ok_or_else(|| fault("there is no such file"))?;
    if journal_of(&bytes).is_some_and(|name| Some(name) != journal) {
        return Err(fault("these are the keys of another journal; name a copy of this one's"));
    }
    write_new(&data.join(NAME), &bytes)?;
    sync_directory(data)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(0o600).open(path);
    let mut file = opened.map_err(io_at("create", path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io_at("write", path))
}
