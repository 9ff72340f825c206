//! One per HTTP worker: carries batches both ways, so that a wake-up across threads is paid once
//! a tick and not once a request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};

use super::gateway::Gateway;
use super::news::{Bulletin, News};
use super::registrar::{Batch, Job};
use super::student::{Receive, StudentActor};
use crate::domain::ids::StudentId;
use crate::limits;

/// Carries batches between one HTTP worker and the decision thread.
pub struct Messenger {
    gateway: Gateway,
    worker: usize,
    hubs: HashMap<StudentId, (u64, Addr<StudentActor>)>,
    outgoing: Vec<Job>,
    flush_scheduled: bool,
    seats_version: u64,
}

impl Messenger {
    /// Starts the messenger of the current HTTP worker.
    pub fn begin(gateway: &Gateway) -> (usize, Addr<Self>) {
        let context = Context::new();
        let addr = context.address();
        let worker = gateway.directory().add_worker(addr.clone());
        let messenger = Self {
            gateway: gateway.clone(),
            worker,
            hubs: HashMap::new(),
            outgoing: Vec::new(),
            flush_scheduled: false,
            seats_version: 0,
        };
        context.run(messenger);
        (worker, addr)
    }

    fn flush(&mut self) {
        self.flush_scheduled = false;
        if self.outgoing.is_empty() {
            return;
        }
        let batch = Batch(std::mem::take(&mut self.outgoing));
        for job in self.gateway.post(batch).err().into_iter().flat_map(|batch| batch.0) {
            if let Some((student, session, id)) = job.session() {
                let why = self.gateway.busy();
                self.pass(student, vec![News::Denied { session, id, why }]);
            }
        }
    }

    fn pass(&self, student: StudentId, news: Vec<News>) {
        if let Some((_, hub)) = self.hubs.get(&student) {
            // A full hub reads everything back from state when it gets to run.
            let _ = hub.try_send(Receive::News(news));
        }
    }

    fn broadcast(&self, bulletin: &Arc<Bulletin>) {
        for (_, hub) in self.hubs.values() {
            let _ = hub.try_send(Receive::Bulletin(Arc::clone(bulletin)));
        }
    }

    fn push_seats(&mut self, ctx: &mut Context<Self>) {
        let connected = self.gateway.directory().sessions() as u64;
        let step = 1 + connected / limits::COARSER_PUSH_SESSIONS;
        let wait = self.gateway.settings().seats_push_ms.saturating_mul(step);
        ctx.run_later(Duration::from_millis(wait), Self::push_seats);
        if self.hubs.is_empty() {
            return;
        }
        let (as_of, version, changed) = self.gateway.board().changed_since(self.seats_version);
        self.seats_version = version;
        if !changed.is_empty() {
            self.broadcast(&Arc::new(Bulletin::Seats(as_of, changed.into())));
        }
    }
}

impl Actor for Messenger {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(limits::MESSENGER_MAILBOX_MAX);
        self.push_seats(ctx);
    }
}

/// A job for the Registrar, to go with the next batch.
#[derive(Message)]
#[rtype("()")]
pub struct Post(pub Job);

impl Handler<Post> for Messenger {
    type Result = ();

    fn handle(&mut self, Post(job): Post, ctx: &mut Self::Context) {
        self.outgoing.push(job);
        if !self.flush_scheduled {
            self.flush_scheduled = true;
            // Runs after everything that is in the mailbox now: that is the batch.
            ctx.notify(Flush);
        }
    }
}

#[derive(Message)]
#[rtype("()")]
struct Flush;

impl Handler<Flush> for Messenger {
    type Result = ();

    fn handle(&mut self, _: Flush, _: &mut Self::Context) {
        self.flush();
    }
}

/// A hub has started on this worker.
#[derive(Message)]
#[rtype("()")]
pub struct HubStarted(pub StudentId, pub u64, pub Addr<StudentActor>);

impl Handler<HubStarted> for Messenger {
    type Result = ();

    fn handle(&mut self, HubStarted(student, generation, hub): HubStarted, _: &mut Self::Context) {
        self.hubs.insert(student, (generation, hub));
    }
}

/// A hub has stopped.
#[derive(Message)]
#[rtype("()")]
pub struct HubStopped(pub StudentId, pub u64);

impl Handler<HubStopped> for Messenger {
    type Result = ();

    fn handle(&mut self, HubStopped(student, generation): HubStopped, _: &mut Self::Context) {
        if self.hubs.get(&student).is_some_and(|(g, _)| *g == generation) {
            self.hubs.remove(&student);
        }
    }
}

/// One thing in a batch from the gate.
pub enum Delivery {
    /// For one student.
    Student(StudentId, News),
    /// For everybody.
    Everyone(Arc<Bulletin>),
}

/// A batch from the gate: everything that one commit made tellable to this worker.
#[derive(Message)]
#[rtype("()")]
pub struct Deliver(pub Vec<Delivery>);

impl Handler<Deliver> for Messenger {
    type Result = ();

    fn handle(&mut self, Deliver(batch): Deliver, _: &mut Self::Context) {
        if self.gateway.directory().take_lost(self.worker) {
            for (_, hub) in self.hubs.values() {
                let _ = hub.try_send(Receive::Missed);
            }
        }
        // One message per student and commit; bulletins keep their place in between.
        let mut pending: HashMap<StudentId, Vec<News>> = HashMap::new();
        let mut order: Vec<StudentId> = Vec::new();
        for delivery in batch {
            match delivery {
                Delivery::Student(student, news) => {
                    let list = pending.entry(student).or_default();
                    if list.is_empty() {
                        order.push(student);
                    }
                    list.push(news);
                }
                Delivery::Everyone(bulletin) => {
                    for student in order.drain(..) {
                        self.pass(student, pending.remove(&student).unwrap_or_default());
                    }
                    self.broadcast(&bulletin);
                }
            }
        }
        for student in order {
            self.pass(student, pending.remove(&student).unwrap_or_default());
        }
    }
}

/// The gateway stops: every session on this worker is closed.
#[derive(Message)]
#[rtype("()")]
pub struct CloseAll;

impl Handler<CloseAll> for Messenger {
    type Result = ();

    fn handle(&mut self, _: CloseAll, _: &mut Self::Context) {
        for (_, hub) in self.hubs.values() {
            let _ = hub.try_send(Receive::Stop);
        }
    }
}
