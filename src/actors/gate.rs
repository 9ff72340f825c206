//! The durability gate (I2): every output carries the highest journal position that it rests on
//! and leaves when that is on disk. There is no other way out of the decision thread.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use actix::Addr;
use tokio::sync::watch;

use super::board::SeatBoard;
use super::directory::Directory;
use super::messenger::{Deliver, Delivery, Messenger};
use super::news::{Bulletin, Count, News, Output, Public};
use super::sign_ins::SignIns;
use crate::domain::ids::{Sequence, StudentId};
use crate::metrics::Metrics;

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
    metrics: Arc<Metrics>,
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
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            gate,
            board,
            sign_ins,
            public,
            directory,
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
                Output::Done(permit) => drop(permit),
            }
        }
        self.send();
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
            Bulletin::Public(public, _) => {
                self.public.send_replace(Arc::clone(public));
            }
            Bulletin::Line(window, state) => self.board.line_moved(*window, *state),
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
    fn send(&mut self) {
        for (worker, addr) in self.messengers.iter().enumerate() {
            let batch = std::mem::take(&mut self.batches[worker]);
            if !batch.is_empty() && addr.try_send(Deliver(batch)).is_err() {
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
