//! Each student's own key: what is personal of her is sealed with it wherever it is stored. Whoever
//! destroys the key has erased her, in the journal, its snapshots and its backups alike
//! (`docs/decisions/0015-retention.md`).
//!
//! They are numbered as a journal numbers students, and are of that journal alone: beside another
//! one they are refused ([`Keys::belong_to`]).

mod file;
#[cfg(test)]
mod rot;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};

use self::file::Slot;
pub use self::file::{JournalName, NAME, copy, is_there, put_back, remove_older_copies};
use super::directory::sync_directory;
use super::error::{JournalError, Result};
use crate::domain::ids::StudentId;
use crate::limits::STUDENT_KEYS_MAX;

/// Of a random nonce: one key seals far fewer than the 2^32 messages for which this is sound.
const NONCE_BYTES: usize = 12;
/// What a seal adds to what it seals.
pub const SEAL_BYTES: usize = NONCE_BYTES + 16;

const NO_JOURNAL: &str = "these are the keys of a journal that is not here; put that journal back, \
                          or move this file away (serve --fresh --yes does that)";

/// What came of sealing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seal {
    /// There are no keys here: it is stored as it is.
    Plain,
    /// Her key was destroyed: it is not stored at all.
    Gone,
    /// Sealed: nonce, then ciphertext and tag.
    Sealed(Vec<u8>),
}

/// A seal that does not open with her key: altered, or of another journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadSeal;

/// The students' keys of one data directory. Cheap to clone.
#[derive(Clone, Default)]
pub struct Keys(Option<Arc<Shared>>);

#[derive(Default)]
struct Shared {
    /// The data directory.
    data: PathBuf,
    /// Keys may be made and destroyed; else they are only looked at.
    taken: bool,
    state: Mutex<State>,
    /// Whether a key waits to be written, or to be synced.
    dirty: AtomicBool,
    /// What was found in the file may be in the page cache only, for whoever wrote it may have been
    /// killed: it is synced before a record rests on it.
    found: AtomicBool,
    /// Whether it is known of which journal they are.
    named: AtomicBool,
    /// Something of this journal was opened with one of them.
    opened: AtomicBool,
}

/// What the file says of its journal.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Said {
    /// Nothing yet: they were made here.
    #[default]
    Nothing,
    /// Nothing, as it was found: it is not shown that they are this journal's.
    Unproven,
    /// Which one it is.
    Name,
}

#[derive(Default)]
struct State {
    /// `None`: she has no key, and none was destroyed.
    slots: Vec<Option<Slot>>,
    /// Numbers that were somebody else's: what was sealed then opens with no key.
    forgotten: HashSet<StudentId>,
    /// Made and not on disk yet.
    unwritten: Vec<StudentId>,
    /// Of which journal they are, once that has a record.
    journal: Option<JournalName>,
    /// There is a file, and whether it says of which journal it is.
    on_disk: bool,
    said: Said,
    /// What is in the file belongs to nothing: it is begun anew.
    anew: bool,
    /// Who has something sealed and no key.
    missed: HashSet<StudentId>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(..)")
    }
}

impl Keys {
    /// None at all: everything is written as it is, and what is sealed stays so.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Those of a data directory that is taken. The file is made with the first key.
    pub fn open(data: &Path) -> Result<Self> {
        Self::read(data, true)
    }

    /// Those of a data directory, to read with.
    pub fn look(data: &Path) -> Result<Self> {
        Self::read(data, false)
    }

    fn read(data: &Path, taken: bool) -> Result<Self> {
        let found = file::read(&data.join(NAME))?;
        let on_disk = found.is_some();
        let mut state = State { on_disk, ..State::default() };
        if let Some(found) = found {
            state.journal = found.journal;
            state.said = if found.journal.is_some() { Said::Name } else { Said::Unproven };
            for (student, slot) in found.slots {
                state.put(student, slot);
            }
        }
        let named = AtomicBool::new(state.journal.is_some());
        // To be synced, as if they were new.
        let [dirty, found] = [(); 2].map(|()| AtomicBool::new(taken && on_disk));
        let (data, state) = (data.to_owned(), Mutex::new(state));
        let opened = AtomicBool::default();
        Ok(Self(Some(Arc::new(Shared { data, taken, state, dirty, found, named, opened }))))
    }

    /// Refuses keys that are not of this journal; `None` is one without a record. Those that were
    /// found without saying whose they are stay so, until they are [proven](Self::proven).
    pub fn belong_to(&self, journal: Option<JournalName>) -> Result<()> {
        match &self.0 {
            Some(shared) => shared.belong_to(journal),
            None => Ok(()),
        }
    }

    /// What is read of the journal was read with them, and none is missed: so they say from now on
    /// that they are its. Where none opened anything yet, that is still to come.
    pub fn proven(&self, journal: Option<JournalName>) -> Result<()> {
        let Some(shared) = &self.0 else { return Ok(()) };
        let mut state = shared.state();
        if state.said == Said::Unproven {
            let some = state.slots.iter().any(|slot| matches!(slot, Some(Slot::Key(_))));
            if some && !shared.opened.load(Ordering::Relaxed) {
                return Ok(());
            }
            state.said = Said::Nothing;
        }
        drop(state);
        shared.belong_to(journal)
    }

    /// Refuses where there are keys although there is no journal at all.
    pub fn expect_none(&self) -> Result<()> {
        let Some(shared) = &self.0 else { return Ok(()) };
        let state = shared.state();
        let some = state.journal.is_some() || state.slots.iter().any(Option::is_some);
        if some { shared.fault(NO_JOURNAL) } else { Ok(()) }
    }

    /// Whether it is still to be said, with [`Self::belong_to`], of which journal they are.
    pub fn are_unnamed(&self) -> bool {
        self.0.as_ref().is_some_and(|shared| !shared.named.load(Ordering::Acquire))
    }

    /// Where they lie, for people.
    pub fn path(&self) -> PathBuf {
        self.0.as_ref().map_or_else(|| PathBuf::from(NAME), |shared| shared.data.join(NAME))
    }

    /// Whether there is her key.
    pub fn has(&self, student: StudentId) -> bool {
        matches!(self.slot(student), Some(Slot::Key(_)))
    }

    /// Whether her key was destroyed.
    pub fn is_destroyed(&self, student: StudentId) -> bool {
        self.slot(student) == Some(Slot::Destroyed)
    }

    /// Everybody whose key was destroyed, by number.
    pub fn destroyed(&self) -> Vec<StudentId> {
        self.0.as_ref().map(|shared| shared.state().destroyed()).unwrap_or_default()
    }

    /// Who has something sealed, as far as was read with these keys, and no key: it is lost.
    pub fn missed(&self) -> Vec<StudentId> {
        let missed = |shared: &Arc<Shared>| shared.state().missed.iter().copied().collect();
        self.0.as_ref().map(missed).unwrap_or_default()
    }

    /// Whether new records are sealed.
    pub fn are_made(&self) -> bool {
        self.0.as_ref().is_some_and(|shared| shared.taken)
    }

    fn slot(&self, student: StudentId) -> Option<Slot> {
        self.0.as_ref().and_then(|shared| shared.state().slot(student))
    }

    /// Seals something of hers, bound to what stands beside it. Her first one makes her key, which
    /// is on disk after the next [`Keys::sync`].
    pub fn seal(&self, student: StudentId, beside: &[u8], plain: &[u8]) -> Seal {
        let Some(shared) = &self.0 else { return Seal::Plain };
        let key = match shared.slot_or_new(student) {
            Some(Slot::Key(key)) => key,
            Some(Slot::Destroyed) => return Seal::Gone,
            Some(Slot::Forgotten) | None => return Seal::Plain,
        };
        let mut out = random::<NONCE_BYTES>().to_vec();
        let payload = Payload { msg: plain, aad: beside };
        let sealed = Aes256Gcm::new(&key.into()).encrypt(out.as_slice().into(), payload);
        out.extend(sealed.expect("a record is far shorter than what can be sealed"));
        Seal::Sealed(out)
    }

    /// Opens what [`Keys::seal`] sealed; `None` without her key, and of whoever had her number
    /// before her.
    pub fn unseal(
        &self,
        student: StudentId,
        beside: &[u8],
        sealed: &[u8],
    ) -> std::result::Result<Option<Vec<u8>>, BadSeal> {
        let Some(shared) = &self.0 else { return Ok(None) };
        let (slot, forgotten) = shared.slot_or_missed(student);
        let Some(Slot::Key(key)) = slot else { return Ok(None) };
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(BadSeal)?;
        let payload = Payload { msg: sealed, aad: beside };
        let opened = Aes256Gcm::new(&key.into()).decrypt(nonce.into(), payload);
        match opened {
            Err(_) if forgotten => Ok(None),
            Err(_) => Err(BadSeal),
            Ok(plain) => {
                shared.opened.store(true, Ordering::Relaxed);
                Ok(Some(plain))
            }
        }
    }

    /// Makes every key that was made or found durable. To be called before a record that needs one
    /// is written; it costs nothing where there is no new key, but the first time.
    pub fn sync(&self) -> Result<()> {
        match &self.0 {
            Some(shared) if shared.dirty.load(Ordering::Acquire) => shared.write_new(),
            _ => Ok(()),
        }
    }

    /// Destroys the keys of these students, durably. Cut short, it has destroyed some of them; the
    /// same again does the rest.
    pub fn destroy(&self, students: &[StudentId]) -> Result<()> {
        self.put_an_end(students, Slot::Destroyed)
    }

    /// Forgets that the keys of these numbers were destroyed, durably: the journal is older than
    /// whoever had them, and the next to have one is another student.
    pub fn forget(&self, students: &[StudentId]) -> Result<()> {
        self.put_an_end(students, Slot::Forgotten)
    }

    fn put_an_end(&self, students: &[StudentId], end: Slot) -> Result<()> {
        match &self.0 {
            Some(shared) if shared.taken && !students.is_empty() => {
                shared.put_an_end(students, end)
            }
            _ => Ok(()),
        }
    }
}

/// Whose keys were destroyed, as a copy of the keys of this journal says.
pub fn destroyed_in(copy: &Path, journal: Option<JournalName>) -> Result<Vec<StudentId>> {
    let mut state = State::default();
    for (student, slot) in file::read_copy(copy, journal)?.1.slots {
        state.put(student, slot);
    }
    Ok(state.destroyed())
}

impl State {
    fn destroyed(&self) -> Vec<StudentId> {
        let slots = (0..).map(StudentId).zip(&self.slots);
        let destroyed = slots.filter(|(_, slot)| **slot == Some(Slot::Destroyed));
        destroyed.map(|(student, _)| student).collect()
    }

    fn slot(&self, student: StudentId) -> Option<Slot> {
        self.slots.get(student.index()).copied().flatten()
    }

    /// A destroyed one stays so, unless it is forgotten.
    fn put(&mut self, student: StudentId, slot: Slot) {
        if self.slots.len() <= student.index() {
            self.slots.resize(student.index() + 1, None);
        }
        let known = &mut self.slots[student.index()];
        if slot == Slot::Forgotten {
            *known = None;
            self.forgotten.insert(student);
        } else if *known != Some(Slot::Destroyed) {
            *known = Some(slot);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot_or_new(&self, student: StudentId) -> Option<Slot> {
        let mut state = self.state();
        let known = state.slot(student);
        if known.is_some() || !self.taken || student.index() >= STUDENT_KEYS_MAX {
            return known;
        }
        // Opening refuses a journal with missed keys: a new one would make the old seals damage.
        debug_assert!(!state.missed.contains(&student), "{student} has something sealed already");
        let slot = Slot::Key(random());
        state.put(student, slot);
        state.unwritten.push(student);
        self.dirty.store(true, Ordering::Release);
        Some(slot)
    }

    /// Her key for something sealed, and whether somebody else had her number.
    fn slot_or_missed(&self, student: StudentId) -> (Option<Slot>, bool) {
        let mut state = self.state();
        let (known, forgotten) = (state.slot(student), state.forgotten.contains(&student));
        if known.is_none() && !forgotten {
            state.missed.insert(student);
        }
        (known, forgotten)
    }

    fn fault(&self, what: &str) -> Result<()> {
        Err(JournalError::Keys { path: self.data.join(NAME), what: what.to_owned() })
    }

    fn belong_to(&self, journal: Option<JournalName>) -> Result<()> {
        let mut state = self.state();
        match (state.journal, journal) {
            (Some(known), Some(journal)) if known == journal => {}
            (Some(_), Some(_)) => {
                return self.fault(
                    "these are the keys of another journal; put the file of this one back, or a \
                     copy of it",
                );
            }
            (Some(_), None) => return self.fault(NO_JOURNAL),
            // Whatever they sealed never became durable.
            (None, None) if state.unwritten.is_empty() => {
                state.slots.clear();
                state.forgotten.clear();
                (state.anew, state.said) = (true, Said::Nothing);
            }
            (None, None) => {}
            (None, Some(_)) if state.said == Said::Unproven => {}
            (None, Some(journal)) => {
                state.journal = Some(journal);
                if self.taken && state.on_disk {
                    self.write(&mut state)?;
                }
                self.named.store(true, Ordering::Release);
            }
        }
        Ok(())
    }

    fn write_new(&self) -> Result<()> {
        self.write(&mut self.state())
    }

    /// Appends what is not in the file yet, and makes all of it durable.
    fn write(&self, state: &mut State) -> Result<()> {
        let slots = state.unwritten.iter().filter_map(|id| Some((*id, state.slot(*id)?)));
        let slots: Vec<(StudentId, Slot)> = slots.collect();
        let journal = state.journal.filter(|_| state.said != Said::Name);
        file::append(&self.data, journal, &slots, state.anew)?;
        if self.found.swap(false, Ordering::AcqRel) {
            sync_directory(&self.data)?;
        }
        (state.on_disk, state.anew) = (true, false);
        if state.journal.is_some() {
            state.said = Said::Name;
        }
        state.unwritten.clear();
        self.dirty.store(false, Ordering::Release);
        Ok(())
    }

    fn put_an_end(&self, students: &[StudentId], end: Slot) -> Result<()> {
        let mut state = self.state();
        self.write(&mut state)?;
        let students: HashSet<StudentId> = students.iter().copied().collect();
        file::put_an_end(&self.data, &students, end)?;
        for student in students {
            state.put(student, end);
        }
        Ok(())
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}
