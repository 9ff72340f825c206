//! One per HTTP worker: carries batches both ways, so that a wake-up across threads is paid once
//! a tick and not once a request.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::prelude::SendError;
use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use uuid::Uuid;

use super::gateway::Denied;
use super::gateway::Gateway;
use super::interest::Interest;
use super::news::{Bulletin, News};
use super::registrar::{Batch, Job, Origin};
use super::student::{Receive, StudentActor};
use crate::clock;
use crate::domain::command::Command;
use crate::domain::ids::StudentId;
use crate::limits;
use crate::metrics::{Full, Mailbox, Thread};

/// Carries batches between one HTTP worker and the decision thread.
pub struct Messenger {
    gateway: Gateway,
    worker: usize,
    hubs: HashMap<StudentId, Hub>,
    outgoing: Vec<Job>,
    flush_scheduled: bool,
    seats_version: u64,
    /// Hubs whose mailbox was full: they read everything back from state.
    missed: HashSet<StudentId>,
    retry_scheduled: bool,
}

/// A student's hub on this worker.
struct Hub {
    generation: u64,
    address: Addr<StudentActor>,
    interest: Interest,
}

impl Messenger {
    /// Starts the messenger of the current HTTP worker.
    pub fn begin(gateway: &Gateway) -> (usize, Addr<Self>) {
        let mut index = 0;
        let addr = super::start_with(limits::MESSENGER_MAILBOX_MAX, |addr| {
            index = gateway.directory().add_worker(addr.clone());
            Self {
                gateway: gateway.clone(),
                worker: index,
                hubs: HashMap::new(),
                outgoing: Vec::new(),
                flush_scheduled: false,
                seats_version: 0,
                missed: HashSet::new(),
                retry_scheduled: false,
            }
        });
        (index, addr)
    }

    fn flush(&mut self) {
        self.flush_scheduled = false;
        if self.outgoing.is_empty() {
            return;
        }
        let batch = Batch(std::mem::take(&mut self.outgoing));
        for job in self.gateway.post(batch).err().into_iter().flat_map(|batch| batch.0) {
            if let Some((student, news)) = job.refused(self.gateway.refusal()) {
                self.pass(student, vec![news], clock::monotonic());
            }
        }
    }

    fn pass(&mut self, student: StudentId, news: Vec<News>, durable: Instant) {
        if !self.offer(student, Receive::News { news, durable }) {
            self.missed.insert(student);
        }
    }

    /// Whether the student's hub has room for it, if there is a hub. One on another worker is
    /// found too: her other tab may have started it.
    fn offer(&self, student: StudentId, receive: Receive) -> bool {
        let fits =
            |hub: &Addr<StudentActor>| !matches!(hub.try_send(receive), Err(SendError::Full(_)));
        match self.hubs.get(&student) {
            Some(hub) => {
                hub.interest.news_is_coming();
                fits(&hub.address)
            }
            None => self.gateway.directory().hub_of(student).as_ref().is_none_or(fits),
        }
    }

    fn broadcast(&mut self, to: impl Fn(&Hub) -> bool, receive: impl Fn() -> Receive) {
        for (student, hub) in self.hubs.iter().filter(|(_, hub)| to(hub)) {
            if let Err(SendError::Full(_)) = hub.address.try_send(receive()) {
                self.missed.insert(*student);
            }
        }
    }

    /// To every hub that has a use for it.
    fn pass_on(&mut self, bulletin: &Arc<Bulletin>) {
        let concerned = |hub: &Hub| hub.interest.in_what(bulletin);
        self.broadcast(concerned, || Receive::Bulletin(Arc::clone(bulletin)));
    }

    /// Tells the hubs that missed something to read it back, as soon as they take a message.
    fn tell_missed(&mut self, ctx: &mut Context<Self>) {
        if self.missed.is_empty() || std::mem::replace(&mut self.retry_scheduled, true) {
            return;
        }
        ctx.run_later(Duration::from_millis(limits::MISSED_RETRY_MS), |messenger, ctx| {
            messenger.retry_scheduled = false;
            let mut missed = std::mem::take(&mut messenger.missed);
            missed.retain(|student| !messenger.offer(*student, Receive::Missed));
            messenger.missed = missed;
            messenger.tell_missed(ctx);
        });
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
            let bulletin = Arc::new(Bulletin::Seats(as_of, changed.into()));
            self.pass_on(&bulletin);
            self.tell_missed(ctx);
        }
    }
}

impl Actor for Messenger {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.gateway.metrics().thread_is(Thread::Worker);
        super::measure_lag(ctx, Thread::Worker, |messenger: &Self| messenger.gateway.metrics());
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

/// Sends a session's command on its way to the Registrar, or says at once that there is no room.
/// `since`: when it was received.
pub fn send_command(
    gateway: &Gateway,
    messenger: &Addr<Messenger>,
    (student, session, id): (StudentId, u32, Option<Uuid>),
    command: Command,
    since: Instant,
) -> Result<(), Denied> {
    let permit = Some(gateway.permit()?);
    let origin = Origin::Session { student, session, id };
    post(gateway, messenger, Job::Command { command, origin, permit, since })
}

fn post(gateway: &Gateway, messenger: &Addr<Messenger>, job: Job) -> Result<(), Denied> {
    messenger.try_send(Post(job)).map_err(|_| gateway.busy(Full::Messenger))
}

/// Asks the Registrar to show a session everything, or says at once that there is no room.
pub fn send_view(
    gateway: &Gateway,
    messenger: &Addr<Messenger>,
    (student, session): (StudentId, u32),
    last_sequence: Option<u32>,
) -> Result<(), Denied> {
    let permit = gateway.permit()?;
    post(gateway, messenger, Job::View { student, session, last_sequence, permit })
}

#[derive(Message)]
#[rtype("()")]
struct Flush;

impl Handler<Flush> for Messenger {
    type Result = ();

    fn handle(&mut self, _: Flush, ctx: &mut Self::Context) {
        self.flush();
        self.tell_missed(ctx);
    }
}

/// A hub has started on this worker.
#[derive(Message)]
#[rtype("()")]
pub struct HubStarted {
    /// Whose it is.
    pub student: StudentId,
    /// Which of hers.
    pub generation: u64,
    /// Where it is told.
    pub address: Addr<StudentActor>,
    /// What of that which everybody is told.
    pub interest: Interest,
}

impl Handler<HubStarted> for Messenger {
    type Result = ();

    fn handle(&mut self, started: HubStarted, _: &mut Self::Context) {
        let HubStarted { student, generation, address, interest } = started;
        self.hubs.insert(student, Hub { generation, address, interest });
    }
}

/// A hub has stopped.
#[derive(Message)]
#[rtype("()")]
pub struct HubStopped(pub StudentId, pub u64);

impl Handler<HubStopped> for Messenger {
    type Result = ();

    fn handle(&mut self, HubStopped(student, generation): HubStopped, _: &mut Self::Context) {
        if self.hubs.get(&student).is_some_and(|hub| hub.generation == generation) {
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
pub struct Deliver {
    /// In order.
    pub batch: Vec<Delivery>,
    /// When it was known to be on disk.
    pub durable: Instant,
}

impl Handler<Deliver> for Messenger {
    type Result = ();

    fn handle(&mut self, Deliver { batch, durable }: Deliver, ctx: &mut Self::Context) {
        self.gateway.metrics().mail_taken(Mailbox::Messenger, self.worker);
        if self.gateway.directory().take_lost(self.worker) {
            self.broadcast(|_| true, || Receive::Missed);
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
                        let news = pending.remove(&student).unwrap_or_default();
                        self.pass(student, news, durable);
                    }
                    self.pass_on(&bulletin);
                }
            }
        }
        for student in order {
            self.pass(student, pending.remove(&student).unwrap_or_default(), durable);
        }
        self.tell_missed(ctx);
    }
}

/// The gateway stops: every session on this worker is closed.
#[derive(Message)]
#[rtype("()")]
pub struct CloseAll;

impl Handler<CloseAll> for Messenger {
    type Result = ();

    fn handle(&mut self, _: CloseAll, _: &mut Self::Context) {
        for hub in self.hubs.values() {
            let _ = hub.address.try_send(Receive::Stop);
        }
    }
}
