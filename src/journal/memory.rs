//! The journal in memory, on a disk that tests can stall, fail, cut and rot. It differs from the
//! one on disk in the store only: framing, recovery and replay are the same code.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::error::{JournalError, Result};
use super::frame::{self, FORMAT_VERSION};
use super::log::Log;
use super::snapshot;
use super::store::{Direction, Store, Table, View, Visit};
use crate::domain::ids::Sequence;

/// A journal in memory.
pub type MemoryJournal = Log<MemoryStore>;

/// Values shown by a scan between two takings of the disk's lock; the first time one: many look no
/// further.
const SCAN_VALUES: usize = 64;

type Key = (Table, Vec<u8>);
type Contents = BTreeMap<Key, Arc<[u8]>>;
type Change = (Key, Option<Arc<[u8]>>);

/// What a crash leaves of what was applied and not yet synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Torn {
    /// Nothing.
    Nothing,
    /// All of it: it reached the disk, the acknowledgement did not leave.
    Everything,
    /// Of the last batch only its first changes, whole.
    Changes(usize),
    /// As `Changes`, and the first half of the value after them.
    HalfChange(usize),
}

/// Something stored, to flip a bit in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stored {
    /// The journal entry that holds this sequence.
    Entry(Sequence),
    /// A chunk of the snapshot at this sequence.
    Chunk(Sequence, u32),
    /// The manifest of the snapshot at this sequence.
    Manifest(Sequence),
}

/// The disk: cheap to clone, shared by the test and the journal on it.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Failing {
    Apply,
    Sync,
}

#[derive(Debug, Default)]
struct State {
    synced: Contents,
    current: Contents,
    unsynced: Vec<Vec<Change>>,
    floor: Sequence,
    /// Counts power cuts: what was open before one is dead.
    life: u64,
    open: bool,
    stalled: bool,
    /// What to fail, once.
    fail: Option<Failing>,
    syncs: u64,
}

impl State {
    fn alive(&self, life: u64) -> Result<()> {
        if self.life == life {
            return Ok(());
        }
        Err(failure("use the disk", "the power was cut"))
    }
}

fn failure(doing: &str, what: &str) -> JournalError {
    JournalError::io(doing, io::Error::other(what))
}

fn put(contents: &mut Contents, (key, value): &Change) {
    match value {
        Some(value) => contents.insert(key.clone(), Arc::clone(value)),
        None => contents.remove(key),
    };
}

impl Disk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// A disk of its own with what is synced on this one; no journal is open there.
    #[must_use]
    pub fn copied(&self) -> Self {
        let state = self.state();
        let (synced, floor) = (state.synced.clone(), state.floor);
        let state = State { current: synced.clone(), synced, floor, ..State::default() };
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }))
    }

    /// Opens the journal on it, or makes one there.
    pub fn open(&self) -> Result<MemoryJournal> {
        Log::open(self.open_store()?)
    }

    pub(super) fn open_store(&self) -> Result<MemoryStore> {
        let mut state = self.state();
        if std::mem::replace(&mut state.open, true) {
            return Err(JournalError::Locked { path: PathBuf::from("memory") });
        }
        let life = state.life;
        drop(state);
        let shared = Arc::clone(&self.0);
        Ok(MemoryStore { handle: Arc::new(Handle { shared, life }), batch: Vec::new() })
    }

    /// Holds every sync until [`Disk::resume`].
    pub fn stall(&self) {
        self.state().stalled = true;
    }

    /// Lets syncs go on.
    pub fn resume(&self) {
        self.state().stalled = false;
        self.0.changed.notify_all();
    }

    /// Fails the next write.
    pub fn fail_next_append(&self) {
        self.state().fail = Some(Failing::Apply);
    }

    /// Fails the next sync.
    pub fn fail_next_flush(&self) {
        self.state().fail = Some(Failing::Sync);
    }

    /// Cuts the power: what is open dies, what was not synced is gone but for `torn`.
    pub fn crash(&self, torn: Torn) {
        let mut state = self.state();
        let unsynced = std::mem::take(&mut state.unsynced);
        if let (Some((last, before)), true) = (unsynced.split_last(), torn != Torn::Nothing) {
            let kept = match torn {
                Torn::Changes(count) | Torn::HalfChange(count) => count.min(last.len()),
                _ => last.len(),
            };
            for change in before.iter().flatten().chain(&last[..kept]) {
                put(&mut state.synced, change);
            }
            if let (Torn::HalfChange(_), Some((key, Some(value)))) = (torn, last.get(kept)) {
                state.synced.insert(key.clone(), value[..value.len() / 2].into());
            }
        }
        state.current = state.synced.clone();
        state.life += 1;
        (state.open, state.stalled) = (false, false);
        state.fail = None;
        drop(state);
        self.0.changed.notify_all();
    }

    /// Flips one bit of something stored; whether it was there.
    pub fn flip(&self, stored: Stored, bit: usize) -> bool {
        let mut state = self.state();
        let Some(key) = locate(&state.current, stored) else { return false };
        let State { synced, current, .. } = &mut *state;
        for contents in [synced, current] {
            if let Some(value) = contents.get_mut(&key) {
                let mut bytes = value.to_vec();
                let at = (bit / 8) % bytes.len();
                bytes[at] ^= 1 << (bit % 8);
                *value = bytes.into();
            }
        }
        true
    }

    /// Takes something stored away; whether it was there.
    pub fn lose(&self, stored: Stored) -> bool {
        let mut state = self.state();
        let Some(key) = locate(&state.current, stored) else { return false };
        state.synced.remove(&key);
        state.current.remove(&key).is_some()
    }

    /// Syncs done so far.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state()
    }
}

fn locate(contents: &Contents, stored: Stored) -> Option<Key> {
    let key = match stored {
        Stored::Entry(sequence) => {
            let first = (Table::Entries, Vec::new());
            let last = (Table::Entries, frame::key(sequence).to_vec());
            return contents.range(first..=last).next_back().map(|(key, _)| key.clone());
        }
        Stored::Chunk(sequence, index) => {
            (Table::Chunks, snapshot::chunk_key(sequence, index).to_vec())
        }
        Stored::Manifest(sequence) => (Table::Manifests, sequence.0.to_be_bytes().to_vec()),
    };
    contents.contains_key(&key).then_some(key)
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A [`Disk`] as a `Store`.
#[derive(Debug)]
pub struct MemoryStore {
    handle: Arc<Handle>,
    batch: Vec<Change>,
}

/// One opening of the disk; the disk is free again once its last reader is gone.
#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    life: u64,
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        if state.life == self.life {
            state.open = false;
            // A process that ends leaves what it wrote to the kernel.
            let unsynced = std::mem::take(&mut state.unsynced);
            for change in unsynced.iter().flatten() {
                put(&mut state.synced, change);
            }
        }
    }
}

impl Handle {
    fn state(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.shared.state();
        state.alive(self.life)?;
        Ok(state)
    }
}

impl Store for MemoryStore {
    fn view(&self) -> Arc<dyn View> {
        Arc::<Handle>::clone(&self.handle)
    }

    fn put(&mut self, table: Table, key: &[u8], value: &[u8]) {
        self.batch.push(((table, key.to_vec()), Some(value.into())));
    }

    fn remove(&mut self, table: Table, key: &[u8]) {
        self.batch.push(((table, key.to_vec()), None));
    }

    fn apply(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let mut state = self.handle.state()?;
        if state.fail.take_if(|fail| *fail == Failing::Apply).is_some() {
            return Err(failure("write to the journal", "told to fail"));
        }
        for change in &batch {
            put(&mut state.current, change);
        }
        state.unsynced.push(batch);
        Ok(())
    }

    fn sync(&mut self) -> Result<()> {
        let mut state = self.handle.state()?;
        while state.stalled {
            let waited = self.handle.shared.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
            state.alive(self.handle.life)?;
        }
        if state.fail.take_if(|fail| *fail == Failing::Sync).is_some() {
            return Err(failure("sync the journal", "told to fail"));
        }
        for change in std::mem::take(&mut state.unsynced).iter().flatten() {
            put(&mut state.synced, change);
        }
        state.syncs += 1;
        Ok(())
    }

    fn check(&self) -> Result<()> {
        self.handle.state().map(|_| ())
    }

    fn floor(&self) -> Result<Sequence> {
        Ok(self.handle.state()?.floor)
    }

    fn note_floor(&mut self, floor: Sequence) -> Result<()> {
        self.handle.state()?.floor = floor;
        Ok(())
    }

    fn sync_floor(&mut self) -> Result<()> {
        self.handle.state().map(|_| ())
    }
}

impl View for Handle {
    fn scan(&self, table: Table, from: &[u8], go: Direction, visit: &mut Visit<'_>) -> Result<()> {
        let edge = |byte| (table, if byte == 0 { Vec::new() } else { vec![byte; 16] });
        let mut start = Bound::Included((table, from.to_vec()));
        let mut most = 1;
        loop {
            let state = self.state()?;
            let copy = |(key, value): (&Key, &Arc<[u8]>)| (key.clone(), Arc::clone(value));
            let some: Vec<(Key, Arc<[u8]>)> = match go {
                Direction::Up => {
                    let range = (start, Bound::Included(edge(0xff)));
                    state.current.range(range).take(most).map(copy).collect()
                }
                Direction::Down => {
                    let range = (Bound::Included(edge(0)), start);
                    state.current.range(range).rev().take(most).map(copy).collect()
                }
            };
            drop(state);
            most = SCAN_VALUES;
            let Some((last, _)) = some.last() else { return Ok(()) };
            start = Bound::Excluded(last.clone());
            for ((_, key), value) in &some {
                if !visit(key, value)? {
                    return Ok(());
                }
            }
        }
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(format!("memory, format version {FORMAT_VERSION}"))
    }
}
