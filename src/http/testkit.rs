//! What tests of this layer read.

use std::sync::Arc;

use crate::domain::acts::Act;
use crate::domain::event::{Event, Record};
use crate::domain::ids::{Sequence, Timestamp};
use crate::journal::memory::Disk;
use crate::journal::{Journal, RecordBuffer, record};

/// A journal of so many records that change nothing, each of this act.
pub fn journal(records: u64, act: Option<&Arc<Act>>) -> impl Journal + use<> {
    let mut journal = Disk::new().open().unwrap();
    let mut buffer = RecordBuffer::starting_at(Sequence(1));
    for number in 1..=records {
        let (courses, students) = (Vec::new(), Vec::new());
        let (sequence, event) = (Sequence(number), Event::ImportBegun);
        let (at, act) = (Timestamp(number), act.cloned());
        let one = Record { sequence, epoch: 1, at, courses, students, act, event };
        buffer.push_with(|bytes| record::encode(&one, bytes).unwrap()).unwrap();
    }
    let mut rest = buffer.records();
    while !rest.is_empty() {
        rest = journal.append(rest).unwrap().rest;
        journal.flush().unwrap();
    }
    journal
}
