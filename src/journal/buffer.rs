//! Records on their way to the journal: one run of bytes, each record behind its length, so that
//! a hand-over is a swap or one copy and never an allocation per record.

use super::error::{JournalError, Result};
use crate::domain::ids::Sequence;
use crate::limits::JOURNAL_RECORD_BYTES_MAX;

/// Bytes before each record: its length, little-endian.
pub(super) const LENGTH_BYTES: usize = 2;

/// A growing run of consecutive records.
#[derive(Debug)]
pub struct RecordBuffer {
    first: Sequence,
    count: u64,
    bytes: Vec<u8>,
}

impl RecordBuffer {
    /// An empty buffer whose first record will be `first`.
    pub fn starting_at(first: Sequence) -> Self {
        Self { first, count: 0, bytes: Vec::new() }
    }

    /// Adds a record; returns the sequence it has.
    pub fn push(&mut self, record: &[u8]) -> Result<Sequence> {
        self.push_with(|bytes| bytes.extend_from_slice(record))
    }

    /// Adds the record that `encode` appends to the vector it is given (it must only append).
    pub fn push_with(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<Sequence> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; LENGTH_BYTES]);
        encode(&mut self.bytes);
        let length = self.bytes.len().saturating_sub(start + LENGTH_BYTES);
        if length > JOURNAL_RECORD_BYTES_MAX {
            self.bytes.truncate(start);
            return Err(JournalError::TooLarge { bytes: length, max: JOURNAL_RECORD_BYTES_MAX });
        }
        let prefix = (length as u16).to_le_bytes();
        self.bytes[start..start + LENGTH_BYTES].copy_from_slice(&prefix);
        let sequence = self.next();
        self.count += 1;
        Ok(sequence)
    }

    /// The sequence that the next record will have.
    pub const fn next(&self) -> Sequence {
        Sequence(self.first.0 + self.count)
    }

    /// Records held.
    pub const fn len(&self) -> u64 {
        self.count
    }

    /// Whether it holds none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes held, lengths included.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// The records, borrowed.
    pub fn records(&self) -> Records<'_> {
        Records { first: self.first, count: self.count, bytes: &self.bytes }
    }

    /// Forgets the records and goes on after them; the memory is kept.
    pub fn clear(&mut self) {
        self.first = self.next();
        self.count = 0;
        self.bytes.clear();
    }

    /// Moves all records of `other` behind these; `other` is left empty and goes on after them.
    pub(super) fn take_from(&mut self, other: &mut Self) -> Result<()> {
        if other.first != self.next() {
            return Err(JournalError::OutOfOrder { expected: self.next(), given: other.first });
        }
        if self.is_empty() {
            std::mem::swap(&mut self.bytes, &mut other.bytes);
            self.count = other.count;
        } else {
            self.bytes.extend_from_slice(&other.bytes);
            self.count += other.count;
        }
        other.clear_to(self.next());
        Ok(())
    }

    /// Empties this buffer, to go on after what `before` holds.
    pub(super) fn continue_after(&mut self, before: &Self) {
        self.clear_to(before.next());
    }

    fn clear_to(&mut self, next: Sequence) {
        self.first = next;
        self.count = 0;
        self.bytes.clear();
    }
}

/// Borrowed consecutive records.
#[derive(Clone, Copy, Debug)]
pub struct Records<'a> {
    first: Sequence,
    count: u64,
    bytes: &'a [u8],
}

impl<'a> Records<'a> {
    /// Wraps framed bytes; `None` unless they are exactly `count` records.
    pub(super) fn parse(first: Sequence, count: u64, bytes: &'a [u8]) -> Option<Self> {
        let (mut rest, mut seen) = (bytes, 0);
        while !rest.is_empty() {
            rest = split_record(rest)?.1;
            seen += 1;
        }
        (seen == count).then_some(Self { first, count, bytes })
    }

    /// The first record's sequence.
    pub const fn first(&self) -> Sequence {
        self.first
    }

    /// The sequence after the last record.
    pub const fn next(&self) -> Sequence {
        Sequence(self.first.0 + self.count)
    }

    /// How many.
    pub const fn len(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The records' bytes, lengths included.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Splits off as many records from the front as fit in `room` bytes.
    pub(super) fn split_to_fit(self, room: usize) -> (Self, Self) {
        let (mut at, mut count) = (0, 0);
        while let Some(length) = length_at(self.bytes, at) {
            let end = at + LENGTH_BYTES + length;
            if end > room {
                break;
            }
            (at, count) = (end, count + 1);
        }
        let (front, back) = self.bytes.split_at(at);
        let next = Sequence(self.first.0 + count);
        (
            Self { first: self.first, count, bytes: front },
            Self { first: next, count: self.count - count, bytes: back },
        )
    }

    /// Each record with its sequence.
    pub fn iter(&self) -> impl Iterator<Item = (Sequence, &'a [u8])> + use<'a> {
        let (mut rest, mut sequence) = (self.bytes, self.first);
        std::iter::from_fn(move || {
            let (record, after) = split_record(rest)?;
            let this = sequence;
            (rest, sequence) = (after, sequence.next());
            Some((this, record))
        })
    }
}

fn length_at(bytes: &[u8], at: usize) -> Option<usize> {
    let prefix = bytes.get(at..at + LENGTH_BYTES)?;
    Some(usize::from(u16::from_le_bytes([prefix[0], prefix[1]])))
}

fn split_record(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = LENGTH_BYTES + length_at(bytes, 0)?;
    (bytes.len() >= end).then(|| (&bytes[LENGTH_BYTES..end], &bytes[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(first: u64, records: &[&[u8]]) -> RecordBuffer {
        let mut buffer = RecordBuffer::starting_at(Sequence(first));
        for record in records {
            buffer.push(record).unwrap();
        }
        buffer
    }

    #[test]
    fn records_come_back_with_their_sequences() {
        let buffer = buffer(7, &[b"a", b"", b"ccc"]);
        let seen: Vec<_> = buffer.records().iter().collect();
        let expected: Vec<(Sequence, &[u8])> =
            vec![(Sequence(7), b"a"), (Sequence(8), b""), (Sequence(9), b"ccc")];
        assert_eq!(seen, expected);
        assert_eq!(buffer.next(), Sequence(10));
    }

    #[test]
    fn a_record_over_the_limit_is_refused_and_leaves_no_trace() {
        let mut buffer = buffer(1, &[b"a"]);
        assert!(buffer.push(&vec![0; JOURNAL_RECORD_BYTES_MAX]).is_ok());
        let before = buffer.byte_len();
        let refused = buffer.push(&vec![0; JOURNAL_RECORD_BYTES_MAX + 1]);
        assert!(matches!(refused, Err(JournalError::TooLarge { .. })));
        assert_eq!((buffer.byte_len(), buffer.len()), (before, 2));
    }

    #[test]
    fn buffers_join_only_in_order() {
        let mut all = buffer(1, &[b"a"]);
        let mut more = buffer(2, &[b"b", b"c"]);
        all.take_from(&mut more).unwrap();
        assert_eq!((all.next(), more.next(), more.len()), (Sequence(4), Sequence(4), 0));
        let mut gap = buffer(9, &[b"z"]);
        assert!(matches!(all.take_from(&mut gap), Err(JournalError::OutOfOrder { .. })));
        assert_eq!(gap.len(), 1);
    }

    #[test]
    fn splitting_keeps_every_record_whole() {
        let buffer = buffer(1, &[b"aaaa", b"bbbb", b"cccc"]);
        for (room, expected) in [(0, 0), (5, 0), (6, 1), (11, 1), (12, 2), (18, 3), (99, 3)] {
            let (front, back) = buffer.records().split_to_fit(room);
            assert_eq!(front.len(), expected, "room {room}");
            assert_eq!(back.first(), Sequence(1 + expected));
            assert_eq!(front.len() + back.len(), 3);
        }
    }

    #[test]
    fn malformed_bytes_are_no_records() {
        let check = |bytes: &[u8], count| Records::parse(Sequence(1), count, bytes).is_some();
        assert!(check(&[], 0));
        assert!(check(&[1, 0, 9], 1));
        assert!(!check(&[1, 0, 9], 2));
        assert!(!check(&[2, 0, 9], 1));
        assert!(!check(&[2], 1));
    }
}
