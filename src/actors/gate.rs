//! The durability gate (I2): every output carries the highest journal position that it rests on
//! and leaves when that is on disk. There is no other way out of the decision thread.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use actix::Addr;
use tokio::sync::watch;

use super::board::SeatBoard;
use super::directory::Directory;
use super::messenger::{Deliver, Delivery, Messenger};
use super::news::{Bulletin, Count, News, Output, Public};
use super::sign_ins::SignIns;
use super::tally::TallyBoard;
use crate::clock;
use crate::domain::ids::{Sequence, StudentId};
use crate::metrics::{Mailbox, Metrics, StageTimes};

/// A value and the journal position that it rests on. Only the gate can take it out.
pub struct Gated<T> {
    as_of: Sequence,
    value: T,
}

impl<T> Gated<T> {
    /// `value` rests on nothing after `as_of`.
    pub fn new(as_of: Sequence, value: T) -> Self {
        Self { as_of, value }
    }
}

/// What has been decided and may not be told yet.
#[derive(Clone)]
pub struct Gate {
    held: Arc<Mutex<VecDeque<Gated<Output>>>>,
}

impl Gate {
    /// An empty gate.
    pub fn new() -> Self {
        Self { held: Arc::default() }
    }

    /// Holds outputs until the exit lets them out; `outputs` is left empty.
    pub fn hold(&self, outputs: &mut Vec<Gated<Output>>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.extend(outputs.drain(..));
    }

    /// Outputs held.
    pub fn len(&self) -> usize {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take(&self, durable: Sequence) -> Vec<Output> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.iter().take_while(|gated| gated.as_of <= durable).count();
        held.drain(..count).map(|gated| gated.value).collect()
    }
}

/// The far side of the gate: it alone can reach students, the board, and who waits for answers.
/// Runs on the journal's thread.
pub struct Exit {
    gate: Gate,
    board: Arc<SeatBoard>,
    sign_ins: Arc<SignIns>,
    public: watch::Sender<Arc<Public>>,
    directory: Arc<Directory>,
    tallies: Arc<TallyBoard>,
    metrics: Arc<Metrics>,
    times: StageTimes,
    /// Kept, not asked for each time: a fresh copy of an address is never told "full".
    messengers: Vec<Addr<Messenger>>,
    batches: Vec<Vec<Delivery>>,
}

impl Exit {
    /// The exit of a gate.
    pub fn new(
        gate: Gate,
        board: Arc<SeatBoard>,
        sign_ins: Arc<SignIns>,
        public: watch::Sender<Arc<Public>>,
        directory: Arc<Directory>,
        tallies: Arc<TallyBoard>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            gate,
            board,
            sign_ins,
            public,
            directory,
            tallies,
            times: metrics.stage_times(),
            metrics,
            messengers: Vec::new(),
            batches: Vec::new(),
        }
    }

    /// Lets out everything that rests on nothing after `durable`.
    pub fn release(&mut self, durable: Sequence) {
        let outputs = self.gate.take(durable);
        if outputs.is_empty() {
            return;
        }
        let now = clock::monotonic();
        let known = self.messengers.len();
        self.messengers.extend(self.directory.messengers_from(known));
        self.batches.resize_with(self.messengers.len(), Vec::new);
        // Seats first: whoever is answered and then asks for seats sees what the answer made of them.
        let seats = outputs.iter().filter_map(|output| match output {
            Output::Seats(sections) => Some(sections.as_slice()),
            _ => None,
        });
        self.board.publish(durable, seats);
        for output in outputs {
            match output {
                Output::Student(student, news) => self.student(student, news),
                Output::Everyone(bulletin) => self.everyone(&bulletin),
                Output::Seats(_) => {}
                Output::SignIns(student, now) => self.sign_ins.let_through(student, now),
                Output::Reply(reply, answer) => {
                    let _ = reply.send(answer);
                }
                Output::Read(finish) => finish(durable),
                Output::Count(counts) => self.count(&counts),
                Output::Turns(turns) => self.times.durable(&turns, now),
                Output::Waited(waits) => self.metrics.waited(&waits),
                Output::Tallies(tallies) => self.tallies.take(tallies),
                Output::Done(permit) => drop(permit),
            }
        }
        self.times.flush();
        self.send(now);
    }

    fn student(&mut self, student: StudentId, news: News) {
        if let Some(worker) = self.directory.worker_of(student)
            && let Some(batch) = self.batches.get_mut(worker)
        {
            batch.push(Delivery::Student(student, news));
        }
    }

    fn everyone(&mut self, bulletin: &Arc<Bulletin>) {
        match bulletin.as_ref() {
            Bulletin::Public(public, changed) => {
                self.public.send_replace(Arc::clone(public));
                for id in changed {
                    let waiting = public.windows.get(id.index()).map_or(0, |w| w.waiting);
                    self.tallies.line(*id, waiting);
                }
            }
            Bulletin::Line(window, state) => {
                self.tallies.line(*window, state.waiting);
                self.board.line_moved(*window, *state);
            }
            Bulletin::Among(window, among) => self.tallies.line(*window, *among),
            _ => {}
        }
        for batch in &mut self.batches {
            batch.push(Delivery::Everyone(Arc::clone(bulletin)));
        }
    }

    fn count(&self, counts: &[Count]) {
        for count in counts {
            self.metrics.count(count);
        }
    }

    /// One message per worker and commit. A worker that does not keep up loses the batch and is
    /// told so: its sessions then read everything back from state.
    fn send(&mut self, durable: Instant) {
        for (worker, addr) in self.messengers.iter().enumerate() {
            let batch = std::mem::take(&mut self.batches[worker]);
            if batch.is_empty() {
                continue;
            }
            self.metrics.mail(Mailbox::Messenger, worker);
            if addr.try_send(Deliver { batch, durable }).is_err() {
                self.metrics.mail_taken(Mailbox::Messenger, worker);
                self.directory.lost(worker);
                self.metrics.deliveries_lost();
            }
        }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}
