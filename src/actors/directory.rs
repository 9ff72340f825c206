//! Who is where: each connected student's hub and the HTTP worker it lives on. A generation tells
//! an old hub from the one that took its place, so that two never serve at once.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use actix::Addr;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use super::messenger::Messenger;
use super::student::StudentActor;
use crate::domain::ids::StudentId;

/// Where a student's hub is.
#[derive(Clone)]
pub struct Presence {
    /// Which start of a hub this is.
    pub generation: u64,
    /// Index of its HTTP worker.
    pub worker: usize,
    /// The hub.
    pub hub: Addr<StudentActor>,
}

/// The directory. Returns copies only: no lock on the map is ever held by a caller.
#[derive(Default)]
pub struct Directory {
    hubs: DashMap<StudentId, Presence>,
    workers: RwLock<Vec<Addr<Messenger>>>,
    behind: RwLock<Vec<AtomicBool>>,
    generations: AtomicU64,
    sessions: AtomicUsize,
    /// Sockets that have yet to say hello, by student.
    greeting: DashMap<StudentId, usize>,
}

impl Directory {
    /// Adds an HTTP worker; returns its index.
    pub fn add_worker(&self, messenger: Addr<Messenger>) -> usize {
        let mut workers = self.workers.write().unwrap_or_else(PoisonError::into_inner);
        let mut behind = self.behind.write().unwrap_or_else(PoisonError::into_inner);
        workers.push(messenger);
        behind.push(AtomicBool::new(false));
        workers.len() - 1
    }

    /// The workers' messengers, by index.
    pub fn messengers(&self) -> Vec<Addr<Messenger>> {
        self.messengers_from(0)
    }

    /// The messengers of the workers from this index on: usually none.
    pub fn messengers_from(&self, first: usize) -> Vec<Addr<Messenger>> {
        let workers = self.workers.read().unwrap_or_else(PoisonError::into_inner);
        workers.get(first..).unwrap_or_default().to_vec()
    }

    /// The student's hub, wherever it lives.
    pub fn hub_of(&self, student: StudentId) -> Option<Addr<StudentActor>> {
        self.hubs.get(&student).map(|presence| presence.hub.clone())
    }

    /// Notes that a worker lost a batch.
    pub fn lost(&self, worker: usize) {
        let behind = self.behind.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(flag) = behind.get(worker) {
            flag.store(true, Ordering::Release);
        }
    }

    /// Whether the worker has lost a batch since this was last asked.
    pub fn take_lost(&self, worker: usize) -> bool {
        let behind = self.behind.read().unwrap_or_else(PoisonError::into_inner);
        behind.get(worker).is_some_and(|flag| flag.swap(false, Ordering::AcqRel))
    }

    /// The worker on which the student's hub lives, if she is connected.
    pub fn worker_of(&self, student: StudentId) -> Option<usize> {
        self.hubs.get(&student).map(|presence| presence.worker)
    }

    /// Whether the student is connected.
    pub fn is_connected(&self, student: StudentId) -> bool {
        self.hubs.contains_key(&student)
    }

    /// The student's hub, started here when there is none. `start` must not use the directory.
    pub fn hub(
        &self,
        student: StudentId,
        worker: usize,
        start: impl FnOnce(u64) -> Addr<StudentActor>,
    ) -> Addr<StudentActor> {
        let fresh = |start: &dyn Fn(u64) -> Addr<StudentActor>| {
            let generation = self.generations.fetch_add(1, Ordering::Relaxed) + 1;
            Presence { generation, worker, hub: start(generation) }
        };
        let start = std::cell::Cell::new(Some(start));
        let start = |generation: u64| match start.take() {
            Some(start) => start(generation),
            None => unreachable!("a hub is started once"),
        };
        match self.hubs.entry(student) {
            Entry::Occupied(mut entry) => {
                if !entry.get().hub.connected() {
                    entry.insert(fresh(&start));
                }
                entry.get().hub.clone()
            }
            Entry::Vacant(entry) => entry.insert(fresh(&start)).hub.clone(),
        }
    }

    /// Forgets a hub that has stopped, unless another has taken its place.
    pub fn forget(&self, student: StudentId, generation: u64) {
        self.hubs.remove_if(&student, |_, presence| presence.generation == generation);
    }

    /// Connected students.
    pub fn students(&self) -> usize {
        self.hubs.len()
    }

    /// Open WebSocket sessions.
    pub fn sessions(&self) -> usize {
        self.sessions.load(Ordering::Relaxed)
    }

    /// Counts a session in, unless there are `most` already; returns how many there are now.
    pub fn session_opened(&self, most: usize) -> Option<usize> {
        let one_more = |open: usize| (open < most).then_some(open + 1);
        let before = self.sessions.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        before.ok().map(|open| open + 1)
    }

    /// Counts in a student's socket that has yet to say hello, unless she has `most` of them.
    pub fn greeting_begun(&self, student: StudentId, most: usize) -> bool {
        let mut open = self.greeting.entry(student).or_insert(0);
        let room = *open < most;
        *open += usize::from(room);
        room
    }

    /// It said hello, or went.
    pub fn greeting_ended(&self, student: StudentId) {
        if let Entry::Occupied(mut entry) = self.greeting.entry(student) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }

    /// A session closed.
    pub fn session_closed(&self) {
        self.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}
