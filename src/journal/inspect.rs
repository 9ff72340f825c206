//! Looking at a journal from outside: check every entry, count what is there. What is looked at is
//! a copy: sled changes what it opens.

use std::path::Path;

use super::directory::DataDir;
use super::error::{JournalError, Place, Result};
use super::frame::{self, Entry};
use super::recover;
use super::replay::{Walker, sequence_of};
use super::sled::SledStore;
use super::snapshot;
use super::store::{Direction, Store, Table, View};
use crate::domain::ids::Sequence;

/// One thing that is wrong. Printed, it is one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What.
    pub what: String,
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
        faults.push(Fault { place: Place::default(), what: fault.to_string() });
    }
    Ok(faults)
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
                    faults.push(Fault { place: entry.place(), what });
                }
            }
            Err(fault) => {
                // What follows is taken as it comes: one fault, one line.
                walker = Walker::anywhere();
                let place = Place::at(sequence_of(key));
                faults.push(Fault { place, what: fault.to_string() });
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
            let what = format!("an unfinished commit ({} entries), never told", end.torn.len());
            faults.push(Fault { place: Place::at(end.last.next()), what });
            Ok(())
        }
        Err(JournalError::Damaged { place, what, .. }) => {
            faults.push(Fault { place, what });
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
            faults.push(Fault { place: Place::at(sequence), what: format!("snapshot: {what}") });
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
