//! Snapshots: a stream of bytes in chunks of at most 4 KiB, and a manifest that counts only once
//! every chunk is durable. A damaged snapshot is reported and passed over; the journal is whole.

use sha2::{Digest, Sha256};

use super::Journal;
use super::error::{JournalError, Result};
use super::frame::{FORMAT_VERSION, is_sealed, long, seal};
use super::replay::sequence_of;
use super::state;
use super::store::{Direction, Table, View};
use crate::domain::ids::Sequence;
use crate::domain::university::University;
use crate::limits::{
    JOURNAL_ENTRY_BYTES_MAX, SNAPSHOT_BYTES_MAX, SNAPSHOT_COMMIT_ENTRIES_MAX, SNAPSHOTS_KEPT_MAX,
};

/// Checksum of the chunk, then sequence and number, so that a misplaced chunk is noticed.
const CHUNK_HEADER_BYTES: usize = 16;
/// Bytes of the snapshot in one chunk.
pub const CHUNK_BYTES: usize = JOURNAL_ENTRY_BYTES_MAX - CHUNK_HEADER_BYTES;
/// Bytes of the snapshot in one commit.
pub const COMMIT_BYTES: usize = CHUNK_BYTES * SNAPSHOT_COMMIT_ENTRIES_MAX;
const MANIFEST_BYTES: usize = 60;

/// What a whole snapshot is: written last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// The sequence up to which the snapshot folds the journal.
    pub sequence: Sequence,
    /// Its size.
    pub bytes: u64,
    /// Its chunks.
    pub chunks: u32,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
}

impl Manifest {
    /// As stored.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        out.extend_from_slice(&[FORMAT_VERSION, 0, 0, 0]);
        out.extend_from_slice(&self.sequence.0.to_le_bytes());
        out.extend_from_slice(&self.bytes.to_le_bytes());
        out.extend_from_slice(&self.chunks.to_le_bytes());
        out.extend_from_slice(&self.digest);
        seal(&mut out);
        out
    }

    /// Reads what is stored under `key`, or says what is wrong with it.
    pub(super) fn decode(key: &[u8], value: &[u8]) -> std::result::Result<Self, String> {
        if value.len() != MANIFEST_BYTES || !is_sealed(value) {
            return Err("the checksum of the manifest is wrong".into());
        }
        if value[4] != FORMAT_VERSION {
            return Err(format!("the manifest has format version {}", value[4]));
        }
        let sequence = Sequence(long(value, 8));
        if key != sequence.0.to_be_bytes() {
            return Err(format!("the manifest says sequence {sequence}"));
        }
        let mut digest = [0; 32];
        digest.copy_from_slice(&value[28..60]);
        let chunks = u32::from_le_bytes([value[24], value[25], value[26], value[27]]);
        Ok(Self { sequence, bytes: long(value, 16), chunks, digest })
    }
}

/// A whole snapshot, read and checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// The sequence up to which it folds the journal: replay from the next one.
    pub sequence: Sequence,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A snapshot that was passed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DamagedSnapshot {
    /// The sequence it was stored under.
    pub sequence: Sequence,
    /// What is wrong with it.
    pub what: String,
}

/// The newest whole snapshot, and the newer ones that were passed over (log those).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Latest {
    /// `None`: replay from the start.
    pub snapshot: Option<Snapshot>,
    /// Damaged ones, newest first.
    pub damaged: Vec<DamagedSnapshot>,
}

/// The key of a chunk.
pub fn chunk_key(sequence: Sequence, index: u32) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&sequence.0.to_be_bytes());
    key[8..].copy_from_slice(&index.to_be_bytes());
    key
}

/// Writes one chunk over `out`.
pub fn encode_chunk(out: &mut Vec<u8>, sequence: Sequence, index: u32, bytes: &[u8]) {
    out.clear();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&sequence.0.to_le_bytes());
    out.extend_from_slice(&index.to_le_bytes());
    out.extend_from_slice(bytes);
    seal(out);
}

/// Every manifest, newest first.
pub fn manifests(
    view: &dyn View,
) -> Result<Vec<(Sequence, std::result::Result<Manifest, String>)>> {
    let mut found = Vec::new();
    view.scan(Table::Manifests, &[0xff; 8], Direction::Down, &mut |key, value| {
        found.push((sequence_of(key), Manifest::decode(key, value)));
        Ok(true)
    })?;
    Ok(found)
}

/// See [`Latest`]. `durable`: no snapshot may rest on more than this.
pub fn latest(view: &dyn View, durable: Sequence) -> Result<Latest> {
    let mut latest = Latest::default();
    for (sequence, manifest) in manifests(view)? {
        let read = match manifest {
            Ok(manifest) if sequence <= durable => read(view, &manifest)?,
            Ok(_) => Err(format!("it lies after the journal's end {durable}")),
            Err(what) => Err(what),
        };
        match read {
            Ok(bytes) => {
                latest.snapshot = Some(Snapshot { sequence, bytes });
                break;
            }
            Err(what) => latest.damaged.push(DamagedSnapshot { sequence, what }),
        }
    }
    Ok(latest)
}

/// The newest one at or before `last`; see [`Latest`]. Newer ones are no fault.
pub fn latest_at(view: &dyn View, last: Sequence) -> Result<Latest> {
    let mut latest = Latest::default();
    for (sequence, manifest) in manifests(view)? {
        let read = match manifest {
            _ if sequence > last => continue,
            Ok(manifest) => read(view, &manifest)?,
            Err(what) => Err(what),
        };
        match read {
            Ok(bytes) => {
                latest.snapshot = Some(Snapshot { sequence, bytes });
                break;
            }
            Err(what) => latest.damaged.push(DamagedSnapshot { sequence, what }),
        }
    }
    Ok(latest)
}

/// Reads a snapshot's bytes; the inner error says what is wrong with them.
pub fn read(view: &dyn View, manifest: &Manifest) -> Result<std::result::Result<Vec<u8>, String>> {
    if manifest.bytes > SNAPSHOT_BYTES_MAX as u64 {
        return Ok(Err(format!("it says it has {} bytes", manifest.bytes)));
    }
    let sequence = manifest.sequence;
    let (mut bytes, mut next) = (Vec::with_capacity(manifest.bytes as usize), 0_u32);
    let mut fault = None;
    view.scan(Table::Chunks, &chunk_key(sequence, 0), Direction::Up, &mut |key, value| {
        if next == manifest.chunks {
            return Ok(false);
        }
        let sound = is_sealed(value)
            && value.len() >= CHUNK_HEADER_BYTES
            && key == chunk_key(sequence, next)
            && long(value, 4) == sequence.0
            && value[12..16] == next.to_le_bytes();
        if !sound {
            fault = Some(format!("chunk {next} is missing or altered"));
            return Ok(false);
        }
        bytes.extend_from_slice(&value[CHUNK_HEADER_BYTES..]);
        next += 1;
        Ok(true)
    })?;
    if let Some(what) = fault {
        return Ok(Err(what));
    }
    if next != manifest.chunks || bytes.len() as u64 != manifest.bytes {
        return Ok(Err(format!("{next} of {} chunks are there", manifest.chunks)));
    }
    if Sha256::digest(&bytes)[..] != manifest.digest {
        return Ok(Err("the digest is wrong".into()));
    }
    Ok(Ok(bytes))
}

/// Keys that may go: manifests over the number kept first, then chunks that no kept manifest
/// names. Chunks after the newest manifest stay: they may be a snapshot in the making.
pub fn prunable(view: &dyn View) -> Result<(Table, Vec<Vec<u8>>)> {
    let manifests = manifests(view)?;
    let key = |sequence: &Sequence| sequence.0.to_be_bytes().to_vec();
    let old = manifests.get(SNAPSHOTS_KEPT_MAX..).unwrap_or_default();
    if !old.is_empty() {
        return Ok((Table::Manifests, old.iter().map(|(sequence, _)| key(sequence)).collect()));
    }
    let Some((newest, _)) = manifests.first() else { return Ok((Table::Chunks, Vec::new())) };
    let mut from = Sequence(0);
    loop {
        let mut keys = Vec::new();
        let mut at = None;
        view.scan(Table::Chunks, &chunk_key(from, 0), Direction::Up, &mut |key, _| {
            let sequence = sequence_of(key);
            let wanted = manifests.iter().any(|(kept, _)| *kept == sequence);
            let goes = sequence < *newest && !wanted && *at.get_or_insert(sequence) == sequence;
            if goes {
                keys.push(key.to_vec());
            } else {
                at.get_or_insert(sequence);
            }
            Ok(goes && keys.len() < SNAPSHOT_COMMIT_ENTRIES_MAX)
        })?;
        match at {
            Some(sequence) if keys.is_empty() && sequence < *newest => from = sequence.next(),
            _ => return Ok((Table::Chunks, keys)),
        }
    }
}

/// Makes a snapshot of the state at the journal's end, while nothing else writes, and removes those
/// before it.
pub fn renew(journal: &mut dyn Journal, university: &University) -> Result<()> {
    let (sequence, keys) = (journal.durable(), journal.reader().keys().clone());
    journal.snapshot_begin(sequence)?;
    let (mut chunks, mut size, mut digest) = (0_u32, 0_u64, Sha256::new());
    let mut buffer: Vec<u8> = Vec::with_capacity(2 * COMMIT_BYTES);
    let mut put = |journal: &mut dyn Journal, bytes: &[u8]| {
        let first = chunks;
        chunks += bytes.len().div_ceil(CHUNK_BYTES) as u32;
        journal.snapshot_put(sequence, first, bytes)
    };
    state::write_sealed(university, &keys, &mut |bytes| {
        digest.update(bytes);
        size += bytes.len() as u64;
        buffer.extend_from_slice(bytes);
        while buffer.len() >= COMMIT_BYTES {
            put(&mut *journal, &buffer[..COMMIT_BYTES])?;
            buffer.drain(..COMMIT_BYTES);
        }
        Ok::<_, JournalError>(())
    })?;
    put(&mut *journal, &buffer)?;
    let digest = digest.finalize().into();
    journal.snapshot_supersede(&Manifest { sequence, bytes: size, chunks, digest })
}

/// Fails if a snapshot rests on more than the journal holds: acknowledged records are gone.
pub fn check_covered(view: &dyn View, last: Sequence) -> Result<()> {
    for (sequence, manifest) in manifests(view)? {
        if manifest.is_ok() && sequence > last {
            return Err(JournalError::damaged(
                super::error::Place::at(last.next()),
                format!("the journal ends at {last}, but a snapshot folds it up to {sequence}"),
            ));
        }
    }
    Ok(())
}
