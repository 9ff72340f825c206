//! The entry: a header and as many whole records as fit in 4 KiB.
//!
//! | bytes | what (little-endian) |
//! | --- | --- |
//! | 0..4 | CRC32 of all that follows |
//! | 4 | format version |
//! | 5 | zero |
//! | 6..8 | index of the entry in its commit |
//! | 8..10 | entries in the commit |
//! | 10..12 | records in the entry |
//! | 12..20 | commit number, from 1 |
//! | 20..28 | sequence of the entry's first record (also its key, big-endian) |
//! | 28.. | records, each behind its length (2 bytes) |

use std::fmt;

use super::buffer::Records;
use super::error::Place;
use crate::domain::ids::Sequence;
use crate::limits::{JOURNAL_COMMIT_ENTRIES_MAX, JOURNAL_ENTRY_BYTES_MAX};

/// Version of the entry layout, and of the store as a whole.
pub const FORMAT_VERSION: u8 = 1;
/// Bytes before the first record.
pub const HEADER_BYTES: usize = 28;

/// The key of the entry that starts at `first`.
pub const fn key(first: Sequence) -> [u8; 8] {
    first.0.to_be_bytes()
}

/// One entry, read.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its commit's number.
    pub commit: u64,
    /// Its index in the commit.
    pub index: u16,
    /// Entries in the commit.
    pub count: u16,
    /// Its records.
    pub records: Records<'a>,
}

impl Entry<'_> {
    /// Where it is.
    pub const fn place(&self) -> Place {
        Place { commit: Some(self.commit), entry: Some(self.index), sequence: self.records.first() }
    }
}

/// Why bytes are no entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryFault {
    /// Too short or too long to be one.
    Size(usize),
    /// The checksum differs.
    Checksum,
    /// Written in another format version.
    Version(u8),
    /// The checksum fits, the contents do not: written by a faulty program.
    Contents,
    /// The entry lies under another key.
    Key(Sequence),
}

impl fmt::Display for EntryFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(bytes) => write!(f, "an entry of {bytes} bytes"),
            Self::Checksum => f.write_str("the checksum of the entry is wrong"),
            Self::Version(version) => write!(f, "an entry of format version {version}"),
            Self::Contents => f.write_str("the entry contradicts itself"),
            Self::Key(sequence) => write!(f, "the entry says it starts at sequence {sequence}"),
        }
    }
}

/// Cuts the next commit from the front of `records` into `entries`; returns what is left over.
pub fn cut<'a>(mut records: Records<'a>, entries: &mut Vec<Records<'a>>) -> Records<'a> {
    while !records.is_empty() && entries.len() < JOURNAL_COMMIT_ENTRIES_MAX {
        let (entry, rest) = records.split_to_fit(JOURNAL_ENTRY_BYTES_MAX - HEADER_BYTES);
        debug_assert!(!entry.is_empty(), "a record always fits in one entry");
        entries.push(entry);
        records = rest;
    }
    records
}

/// Writes one entry over `out`.
pub fn encode(out: &mut Vec<u8>, commit: u64, index: u16, count: u16, records: &Records<'_>) {
    out.clear();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&[FORMAT_VERSION, 0]);
    out.extend_from_slice(&index.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&(records.len() as u16).to_le_bytes());
    out.extend_from_slice(&commit.to_le_bytes());
    out.extend_from_slice(&records.first().0.to_le_bytes());
    out.extend_from_slice(records.as_bytes());
    seal(out);
}

/// Puts the checksum of all that follows into the first four bytes.
pub fn seal(value: &mut [u8]) {
    let crc = crc32fast::hash(&value[4..]).to_le_bytes();
    value[..4].copy_from_slice(&crc);
}

/// Whether the first four bytes are the checksum of all that follows.
pub fn is_sealed(value: &[u8]) -> bool {
    value.len() >= 4 && value[..4] == crc32fast::hash(&value[4..]).to_le_bytes()
}

/// Reads the entry stored under `key`.
pub fn decode<'a>(key: &[u8], value: &'a [u8]) -> Result<Entry<'a>, EntryFault> {
    if value.len() < HEADER_BYTES || value.len() > JOURNAL_ENTRY_BYTES_MAX {
        return Err(EntryFault::Size(value.len()));
    }
    if !is_sealed(value) {
        return Err(EntryFault::Checksum);
    }
    if value[4] != FORMAT_VERSION {
        return Err(EntryFault::Version(value[4]));
    }
    let short = |at: usize| u16::from_le_bytes([value[at], value[at + 1]]);
    let (index, count, number) = (short(6), short(8), short(10));
    let first = Sequence(long(value, 20));
    if key != self::key(first) {
        return Err(EntryFault::Key(first));
    }
    if number == 0 || index >= count || usize::from(count) > JOURNAL_COMMIT_ENTRIES_MAX {
        return Err(EntryFault::Contents);
    }
    let records = Records::parse(first, u64::from(number), &value[HEADER_BYTES..])
        .ok_or(EntryFault::Contents)?;
    Ok(Entry { commit: long(value, 12), index, count, records })
}

/// The little-endian number at `at`.
pub fn long(value: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&value[at..at + 8]);
    u64::from_le_bytes(number)
}

#[cfg(test)]
mod tests {
    use super::super::buffer::RecordBuffer;
    use super::*;
    use crate::limits::JOURNAL_RECORD_BYTES_MAX;

    fn encoded() -> (Vec<u8>, [u8; 8]) {
        let mut buffer = RecordBuffer::starting_at(Sequence(5));
        buffer.push(b"hello").unwrap();
        buffer.push(b"").unwrap();
        let mut out = Vec::new();
        encode(&mut out, 3, 1, 2, &buffer.records());
        (out, key(Sequence(5)))
    }

    #[test]
    fn an_entry_comes_back() {
        let (value, key) = encoded();
        let entry = decode(&key, &value).unwrap();
        assert_eq!((entry.commit, entry.index, entry.count), (3, 1, 2));
        assert_eq!(entry.records.iter().next(), Some((Sequence(5), &b"hello"[..])));
        assert_eq!(entry.records.next(), Sequence(7));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let (value, key) = encoded();
        for bit in 0..value.len() * 8 {
            let mut bad = value.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&key, &bad).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn every_truncation_is_noticed() {
        let (value, key) = encoded();
        for length in 0..value.len() {
            assert!(decode(&key, &value[..length]).is_err(), "length {length}");
        }
    }

    #[test]
    fn an_entry_under_another_key_is_noticed() {
        let (value, _) = encoded();
        let misplaced = decode(&key(Sequence(6)), &value);
        assert_eq!(misplaced.unwrap_err(), EntryFault::Key(Sequence(5)));
    }

    #[test]
    fn the_largest_record_fits_and_a_commit_is_bounded() {
        let mut buffer = RecordBuffer::starting_at(Sequence(1));
        for _ in 0..=JOURNAL_COMMIT_ENTRIES_MAX {
            buffer.push(&vec![7; JOURNAL_RECORD_BYTES_MAX]).unwrap();
        }
        let mut entries = Vec::new();
        let rest = cut(buffer.records(), &mut entries);
        assert_eq!(entries.len(), JOURNAL_COMMIT_ENTRIES_MAX);
        assert_eq!(rest.len(), 1);
        let mut out = Vec::new();
        encode(&mut out, 1, 0, 1, &entries[0]);
        assert!(out.len() <= JOURNAL_ENTRY_BYTES_MAX);
    }
}
