//! Looking at a journal from outside: check every entry, count what is there. What is looked at is
//! a copy: sled changes what it opens.

use std::path::Path;

use super::Journal;
use super::directory::DataDir;
use super::error::{JournalError, Place, Result};
use super::frame::{self, Entry};
use super::recover::{self, Tail};
use super::replay::{Walker, sequence_of};
use super::sled::{SledStore, open as open_to_write};
use super::snapshot;
use super::store::{Direction, Store, Table, View};
use crate::domain::ids::Sequence;

/// What a fault means for the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// Something that may have been told is missing or altered.
    Damage,
    /// Of the one commit at the end that was never acknowledged: a start removes it.
    Tail,
    /// A snapshot, which is passed over: the records are whole without it.
    Snapshot,
}

/// One thing that is wrong. Printed, it is one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// What it means.
    pub kind: FaultKind,
    /// Where.
    pub place: Place,
    /// What.
    pub what: String,
}

impl Fault {
    fn damage(place: Place, what: impl Into<String>) -> Self {
        Self { kind: FaultKind::Damage, place, what: what.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// A snapshot that is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SnapshotStats {
    /// The sequence up to which it folds the journal.
    pub sequence: Sequence,
    /// Its size.
    pub bytes: u64,
}

/// What a journal holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Commits with at least one readable entry.
    pub commits: u64,
    /// Readable entries.
    pub entries: u64,
    /// Records in those.
    pub records: u64,
    /// Bytes in those, headers included.
    pub bytes: u64,
    /// The first record's sequence; 0 if there is none.
    pub first: Sequence,
    /// The last record's sequence; 0 if there is none.
    pub last: Sequence,
    /// Snapshots whose manifest is readable, newest first.
    pub snapshots: Vec<SnapshotStats>,
    /// Bytes that the store's files take.
    pub disk_bytes: u64,
}

/// Reads every entry and snapshot of the journal in `data`; every fault found, in order.
pub fn verify(data: &Path) -> Result<Vec<Fault>> {
    let store = open(data)?;
    let mut faults = verify_store(&store).map_err(|e| e.within(data))?;
    if let Err(fault) = store.check() {
        faults.push(Fault::damage(Place::default(), fault.to_string()));
    }
    Ok(faults)
}

/// Removes the unfinished commit at the end of the journal in `data`, if there is one, durably; it
/// was never acknowledged (`docs/decisions/0002-sled.md`). With any damage nothing is changed.
pub fn repair_tail(data: &Path) -> Result<Option<Tail>> {
    if let Some(damage) = verify(data)?.iter().find(|fault| fault.kind == FaultKind::Damage) {
        return Err(JournalError::damaged(damage.place, damage.what.as_str()).within(data));
    }
    // As a start does it: tried on a copy, and refused if more than the tail would go.
    let journal = Box::new(open_to_write(data)?);
    let removed = journal.removed_tail();
    journal.close()?;
    Ok(removed)
}

/// Counts what the journal in `data` holds.
pub fn stats(data: &Path) -> Result<Stats> {
    let store = open(data)?;
    let mut stats = stats_of(&*store.view()).map_err(|e| e.within(data))?;
    stats.disk_bytes = store.disk_bytes()?;
    Ok(stats)
}

fn open(data: &Path) -> Result<SledStore> {
    SledStore::open(DataDir::look(data)?).map_err(|e| e.within(data))
}

pub(super) fn verify_store(store: &impl Store) -> Result<Vec<Fault>> {
    let view = store.view();
    let mut faults = Vec::new();
    let mut walker = Walker::from_start();
    view.scan(Table::Entries, &[], Direction::Up, &mut |key, value| {
        match frame::decode(key, value) {
            Ok(entry) => {
                if let Err(what) = walker.step(&entry) {
                    faults.push(Fault::damage(entry.place(), what));
                }
            }
            Err(fault) => {
                // What follows is taken as it comes: one fault, one line.
                walker = Walker::anywhere();
                faults.push(Fault::damage(Place::at(sequence_of(key)), fault.to_string()));
            }
        }
        Ok(true)
    })?;
    end_faults(store, &*view, &mut faults)?;
    snapshot_faults(&*view, &mut faults)?;
    Ok(faults)
}

fn end_faults(store: &impl Store, view: &dyn View, faults: &mut Vec<Fault>) -> Result<()> {
    let found = recover::find_end(view).and_then(|end| {
        let floor = store.floor()?;
        if end.last < floor {
            let what = format!("the journal ends at {}, but was durable up to {floor}", end.last);
            return Err(JournalError::damaged(Place::at(end.last.next()), what));
        }
        snapshot::check_covered(view, end.last)?;
        Ok(end)
    });
    match found {
        Ok(end) if end.torn.is_empty() => Ok(()),
        Ok(end) => {
            // What was found wrong there is what makes it unfinished.
            for fault in faults.iter_mut().filter(|fault| fault.place.sequence > end.last) {
                fault.kind = FaultKind::Tail;
            }
            let what = format!("an unfinished commit ({} entries), never told", end.torn.len());
            let place = Place::at(end.last.next());
            faults.push(Fault { kind: FaultKind::Tail, place, what });
            Ok(())
        }
        Err(JournalError::Damaged { place, what, .. }) => {
            faults.push(Fault::damage(place, what));
            Ok(())
        }
        Err(other) => Err(other),
    }
}

fn snapshot_faults(view: &dyn View, faults: &mut Vec<Fault>) -> Result<()> {
    for (sequence, manifest) in snapshot::manifests(view)? {
        let read = match manifest {
            Ok(manifest) => snapshot::read(view, &manifest)?.map(|_| ()),
            Err(what) => Err(what),
        };
        if let Err(what) = read {
            let (place, what) = (Place::at(sequence), format!("snapshot: {what}"));
            faults.push(Fault { kind: FaultKind::Snapshot, place, what });
        }
    }
    Ok(())
}

pub(super) fn stats_of(view: &dyn View) -> Result<Stats> {
    let mut stats = Stats::default();
    let mut commit = 0;
    view.scan(Table::Entries, &[], Direction::Up, &mut |key, value| {
        if let Ok(entry) = frame::decode(key, value) {
            stats.count(&entry, value.len(), &mut commit);
        }
        Ok(true)
    })?;
    for (sequence, manifest) in snapshot::manifests(view)? {
        if let Ok(manifest) = manifest {
            stats.snapshots.push(SnapshotStats { sequence, bytes: manifest.bytes });
        }
    }
    Ok(stats)
}

impl Stats {
    fn count(&mut self, entry: &Entry<'_>, bytes: usize, commit: &mut u64) {
        self.commits += u64::from(*commit != entry.commit);
        *commit = entry.commit;
        self.entries += 1;
        self.records += entry.records.len();
        self.bytes += bytes as u64;
        if self.first == Sequence(0) {
            self.first = entry.records.first();
        }
        self.last = Sequence(entry.records.next().0 - 1);
    }
}
