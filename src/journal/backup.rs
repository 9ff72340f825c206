//! A backup: the journal's records in order, as one stream of bytes that shows where it is damaged
//! and whether it is whole. It is read from a journal while that is written, up to what is durable
//! at the call, and a journal is made from it anew. sled's own files cannot be copied under it.
//!
//! ```text
//! "sluis-backup" ‖ version ‖ block* ‖ end
//! block = length, 4 bytes little-endian ‖ an entry as in `frame`, a commit of its own
//! end   = four zeros ‖ checksum ‖ last sequence ‖ blocks ‖ SHA-256 of all before the four zeros
//!         ‖ form of the state ‖ SHA-256 of the state that the records fold into
//! ```
//!
//! Records stay readable by later versions of Sluis, and so do backups. The state's form may change
//! with a version: then its digest is not compared, what is before it is.
//!
//! What is personal in it is sealed, and the students' keys are not in it: they are kept as a file
//! of their own, so that whoever destroys a key has erased her here as well. The digest is of the
//! state without what is personal, and the same with any keys.
//!
//! Deliberately absent: the key that signs sign-in tokens, and snapshots, which are made anew.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::buffer::{LENGTH_BYTES, RecordBuffer, Records};
use super::digest::{self, StateDigest};
use super::directory::DataDir;
use super::erasures::{self, Agreed};
use super::error::io_at;
use super::fold::Fold;
use super::frame::{self, HEADER_BYTES};
use super::keys::JournalName;
use super::replay::Walker;
use super::{Journal, JournalError, JournalReader, Keys, keys};
use crate::domain::ids::{Sequence, StudentId, Timestamp};
use crate::limits::{JOURNAL_ENTRY_BYTES_MAX, RESTORE_FLUSH_BYTES};

const MAGIC: &[u8] = b"sluis-backup\x01";
const LENGTH: usize = 4;
const END_BYTES: usize = 4 + 8 + 8 + 32 + 1 + 32;

/// What a backup holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backup {
    /// The state that its records fold into, and the last of them.
    pub state: StateDigest,
    /// Its blocks.
    pub blocks: u64,
    /// Its size.
    pub bytes: u64,
}

/// Why a backup cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Not a backup, or one of another version.
    #[error(
        "not a backup that this version reads ({0}); name a file that `sluis journal backup` made"
    )]
    Foreign(String),
    /// Bytes are missing or altered.
    #[error(
        "the backup is damaged at byte {byte}, after record {after}: {what}; nothing was restored, \
         use another copy of it"
    )]
    Damaged {
        /// Where in the file the faulty block begins.
        byte: u64,
        /// The last record before it.
        after: Sequence,
        /// What is wrong.
        what: String,
    },
    /// It could not be read.
    #[error("the backup cannot be read: {0}")]
    Io(#[from] io::Error),
    /// There is a journal already.
    #[error("{0}: holds a journal already; name an empty directory, or one that is not there yet")]
    Occupied(PathBuf),
    /// What is personal of students cannot be read with the keys that are there.
    #[error(
        "the keys of {0} students are not with it, without which everybody would seem erased; name \
         a copy of students.keys that is as old as the backup, or newer, with --keys FILE"
    )]
    NoKeys(usize),
    /// The journal that it is made into.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Where a backup goes, piece by piece.
pub type Sink<'a> = dyn FnMut(&[u8]) -> Result<(), JournalError> + 'a;

/// Writes every record that is durable at the call into `sink`.
pub fn write(reader: &JournalReader, sink: &mut Sink<'_>) -> Result<Backup, JournalError> {
    let mut out = Output { sink, hash: Sha256::new(), bytes: 0, blocks: 0, block: Vec::new() };
    out.put(MAGIC)?;
    let mut fold = Fold::default();
    let mut buffer = RecordBuffer::starting_at(Sequence(1));
    reader.replay(Sequence(1), &mut |sequence, record| {
        digest::push(&mut fold, sequence, record)?;
        let room = JOURNAL_ENTRY_BYTES_MAX - HEADER_BYTES;
        if buffer.byte_len() + LENGTH_BYTES + record.len() > room {
            out.block(&mut buffer)?;
        }
        buffer.push(record).map(|_| ())
    })?;
    out.block(&mut buffer)?;
    out.end(digest::of_state(fold.university()))
}

struct Output<'a, 'b> {
    sink: &'a mut Sink<'b>,
    hash: Sha256,
    bytes: u64,
    blocks: u64,
    block: Vec<u8>,
}

impl Output<'_, '_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        (self.sink)(bytes)
    }

    fn block(&mut self, buffer: &mut RecordBuffer) -> Result<(), JournalError> {
        if buffer.is_empty() {
            return Ok(());
        }
        self.blocks += 1;
        let mut block = std::mem::take(&mut self.block);
        frame::encode(&mut block, self.blocks, 0, 1, &buffer.records());
        self.put(&(block.len() as u32).to_le_bytes())?;
        self.put(&block)?;
        self.block = block;
        buffer.clear();
        Ok(())
    }

    fn end(mut self, state: StateDigest) -> Result<Backup, JournalError> {
        let before: [u8; 32] = self.hash.clone().finalize().into();
        let mut end = vec![0; LENGTH];
        end.extend_from_slice(&state.sequence.0.to_le_bytes());
        end.extend_from_slice(&self.blocks.to_le_bytes());
        end.extend_from_slice(&before);
        end.push(digest::FORM);
        end.extend_from_slice(&state.sha256);
        frame::seal(&mut end);
        self.put(&[0; LENGTH])?;
        self.put(&end)?;
        Ok(Backup { state, blocks: self.blocks, bytes: self.bytes })
    }
}

/// Reads a backup to its end, and checks that it is whole and that its records follow from each
/// other.
pub fn check(input: impl Read) -> Result<Backup, BackupError> {
    read(input, &mut |_| Ok(())).map(|(backup, _)| backup)
}

/// As [`check`]; and whom a [`restore`] with this copy of the keys records as erased, though the
/// backup does not say so. Nothing is made.
pub fn check_with(
    input: impl Read,
    keys: Option<&Path>,
) -> Result<(Backup, Vec<StudentId>), BackupError> {
    let mut name = None;
    let (backup, fold) = read(input, &mut |records| {
        let first = || records.iter().next().map(|(_, record)| JournalName::of(record));
        name = name.or_else(first);
        Ok(())
    })?;
    let Some(copy) = keys else { return Ok((backup, Vec::new())) };
    let destroyed = keys::destroyed_in(copy, name)?;
    Ok((backup, erasures::unsaid(fold.university(), &destroyed)))
}

/// Makes a journal in `into`, which has none, from a backup and a copy of the students' keys, where
/// there were any. All of it or nothing: it is made aside, read back, compared with what the backup
/// says, and then put in its place. Where the keys are newer than the backup, the journal is made
/// to agree with them, which adds records after those of the backup: who is erased by that,
/// [`check_with`] tells before.
pub fn restore(
    input: impl Read,
    keys: Option<&Path>,
    into: &Path,
    at: Timestamp,
) -> Result<(Backup, Agreed), BackupError> {
    let dir = DataDir::take(into)?;
    if dir.has_store()? {
        return Err(BackupError::Occupied(into.to_owned()));
    }
    if keys::is_there(into) {
        let path = into.join(keys::NAME);
        let what =
            "there are keys already; move the file away, and name it with --keys if it is of \
                    this journal"
                .to_owned();
        return Err(JournalError::Keys { path, what }.into());
    }
    let aside = dir.new_store();
    fs::create_dir(&aside).map_err(io_at("create", &aside))?;
    match fill(input, keys, &aside, at).and_then(|made| Ok(dir.adopt(&aside).map(|()| made)?)) {
        Ok(made) => Ok(made),
        Err(e) => {
            let _ = fs::remove_dir_all(&aside);
            Err(e)
        }
    }
}

fn fill(
    input: impl Read,
    keys: Option<&Path>,
    aside: &Path,
    at: Timestamp,
) -> Result<(Backup, Agreed), BackupError> {
    let mut journal = super::sled::open(aside)?;
    let mut unflushed = 0;
    let (backup, _) = read(input, &mut |records| {
        let mut rest = records;
        while !rest.is_empty() {
            let staged = journal.append(rest)?;
            unflushed += staged.bytes;
            rest = staged.rest;
        }
        if unflushed >= RESTORE_FLUSH_BYTES {
            unflushed = 0;
            journal.flush()?;
        }
        Ok(())
    })?;
    journal.flush()?;
    if let Some(copy) = keys {
        keys::put_back(copy, journal.reader().name()?, aside)?;
    }
    let mut journal = journal.with_keys(Keys::open(aside)?)?;
    let folded = digest::fold_up_to(&journal.reader(), journal.durable())?.university;
    let found = digest::of_state(&folded);
    if found != backup.state {
        let what = format!("read back, it is {found} at record {}", found.sequence);
        return Err(damaged(backup.bytes, backup.state.sequence, what));
    }
    let lost = erasures::missing(&folded, journal.reader().keys());
    if lost > 0 {
        return Err(BackupError::NoKeys(lost));
    }
    let agreed = erasures::agree(&mut journal, &mut Fold::from(folded), at)?;
    Box::new(journal).close()?;
    Ok((backup, agreed))
}

fn damaged(byte: u64, after: Sequence, what: impl Into<String>) -> BackupError {
    BackupError::Damaged { byte, after, what: what.into() }
}

struct Input<R> {
    from: R,
    hash: Sha256,
    /// Read so far.
    bytes: u64,
    /// The last record so far.
    after: Sequence,
    blocks: u64,
}

impl<R: Read> Input<R> {
    /// The next so many bytes, not yet hashed, of the part that begins `at`.
    fn take(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), BackupError> {
        match self.from.read_exact(bytes) {
            Ok(()) => {
                self.bytes += bytes.len() as u64;
                Ok(())
            }
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                Err(damaged(at, self.after, "it ends here, before its end mark"))
            }
            Err(e) => Err(e.into()),
        }
    }

    fn wrong(&self, byte: u64, what: impl Into<String>) -> BackupError {
        damaged(byte, self.after, what)
    }
}

/// Reads a backup to its end; every block is shown, the whole is checked after that. What it folds
/// into, without what is sealed.
fn read(
    from: impl Read,
    visit: &mut dyn FnMut(Records<'_>) -> Result<(), JournalError>,
) -> Result<(Backup, Fold), BackupError> {
    let (hash, after) = (Sha256::new(), Sequence(0));
    let mut input = Input { from, hash, bytes: 0, after, blocks: 0 };
    let mut magic = [0; MAGIC.len()];
    input.take(0, &mut magic).map_err(|e| match e {
        BackupError::Damaged { .. } => BackupError::Foreign("shorter than its first word".into()),
        other => other,
    })?;
    expect_magic(&magic)?;
    input.hash.update(magic);
    let (mut fold, mut walker) = (Fold::default(), Walker::from_start());
    let mut block = vec![0; JOURNAL_ENTRY_BYTES_MAX];
    loop {
        let at = input.bytes;
        let mut length = [0; LENGTH];
        input.take(at, &mut length)?;
        let size = u32::from_le_bytes(length) as usize;
        if size == 0 {
            return end(input, &fold).map(|backup| (backup, fold));
        }
        if !(HEADER_BYTES..=JOURNAL_ENTRY_BYTES_MAX).contains(&size) {
            return Err(input.wrong(at, format!("a block of {size} bytes")));
        }
        let block = &mut block[..size];
        input.take(at, block)?;
        let key = frame::key(Sequence(frame::long(block, 20)));
        let entry = frame::decode(&key, block).map_err(|e| input.wrong(at, e.to_string()))?;
        walker.step(&entry).map_err(|what| input.wrong(at, what))?;
        for (sequence, record) in entry.records.iter() {
            let pushed = fold.push(sequence, record);
            pushed.map_err(|e| input.wrong(at, e.to_string()))?;
        }
        visit(entry.records)?;
        input.hash.update(length);
        input.hash.update(&*block);
        input.after = Sequence(entry.records.next().0 - 1);
        input.blocks += 1;
    }
}

fn expect_magic(magic: &[u8]) -> Result<(), BackupError> {
    let (word, version) = magic.split_at(MAGIC.len() - 1);
    match (MAGIC.starts_with(word), version) {
        (true, [1]) => Ok(()),
        (true, newer) => Err(BackupError::Foreign(format!("backup format {}", newer[0]))),
        (false, _) => Err(BackupError::Foreign("another kind of file".into())),
    }
}

fn end<R: Read>(mut input: Input<R>, fold: &Fold) -> Result<Backup, BackupError> {
    let at = input.bytes - LENGTH as u64;
    let mut end = [0; END_BYTES];
    input.take(at, &mut end)?;
    let before: [u8; 32] = std::mem::take(&mut input.hash).finalize().into();
    if !frame::is_sealed(&end) || end[20..52] != before {
        return Err(input.wrong(at, "the checksum of the whole is wrong"));
    }
    let (last, blocks) = (Sequence(frame::long(&end, 4)), frame::long(&end, 12));
    if (last, blocks) != (input.after, input.blocks) {
        let what = format!("it says it has {blocks} blocks up to record {last}");
        return Err(input.wrong(at, what));
    }
    let state = digest::of_state(fold.university());
    if end[52] == digest::FORM && state.sha256 != end[53..] {
        return Err(input.wrong(at, "its records give another state than the one it was made of"));
    }
    match input.take(input.bytes, &mut [0]) {
        Err(BackupError::Damaged { .. }) => {
            Ok(Backup { state, blocks: input.blocks, bytes: input.bytes })
        }
        Ok(()) => Err(input.wrong(input.bytes - 1, "something follows its end mark")),
        Err(other) => Err(other),
    }
}
