//! The door to the actors for everybody outside them: HTTP, WebSocket, timers, tools.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use actix::Addr;
use actix::prelude::SendError;
use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::{oneshot, watch};

use super::board::SeatBoard;
use super::directory::Directory;
use super::messenger::CloseAll;
use super::news::{Output, Public};
use super::permits::{Permit, Permits};
use super::registrar::{Batch, Job, Origin, Registrar};
use super::sign_ins::SignIns;
use super::tally::TallyBoard;
use crate::clock::{self, Clock};
use crate::domain::acts::{Author, BY_SCHEDULE};
use crate::domain::catalogue::Catalogue;
use crate::domain::command::Command;
use crate::domain::ids::{CourseId, Sequence, StudentId, Ticket, WindowId};
use crate::domain::outcome::{Outcome, Rejection};
use crate::domain::registry::Registry;
use crate::domain::window::WindowState;
use crate::limits;
use crate::metrics::facts::Filled;
use crate::metrics::{Asked, Full, Limiter, Mailbox, Metrics};

tokio::task_local! {
    /// The id of the HTTP request in hand, for log lines.
    pub static REQUEST: String;
}

/// Why the gateway gave no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Denied {
    /// A limit was reached, and nothing was changed; or the journal stalls, and the same again
    /// leads to the same: again after this long.
    Busy {
        /// Wait at least.
        retry_after_ms: u32,
    },
    /// A registrar's act was taken, and no word of it came in time: it may have been carried
    /// out, or still be.
    Unconfirmed,
    /// The domain did not accept the command.
    Rejected(Rejection),
    /// The gateway is stopping.
    Stopping,
}

/// What a command led to; told after it is durable.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// It was carried out; the record's position.
    Done(Sequence),
    /// Each course with its outcome, now or when the same request was first made.
    Decided(Sequence, Arc<[(CourseId, Outcome)]>),
    /// A place in the line.
    InLine(WindowId, Ticket),
    /// There was nothing to do.
    Nothing,
}

/// What operators may tune of the actors.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Messages a second from one student.
    pub messages_per_second: u32,
    /// Messages at once from one student.
    pub messages_burst: u32,
    /// Sessions (tabs, devices) of one student; the oldest is closed.
    pub sessions_per_student: usize,
    /// WebSocket sessions in all.
    pub sessions_max: usize,
    /// Commands accepted and not answered yet.
    pub jobs_in_flight_max: usize,
    /// Requests remembered for one student in a term; past it she is refused.
    pub requests_per_student: u32,
    /// How often seats are pushed, in milliseconds, to a small crowd.
    pub seats_push_ms: u64,
    /// How long an answer may take before Busy, in milliseconds.
    pub answer_deadline_ms: u64,
    /// Between two looks at whether a session is still there, and still signed in.
    pub heartbeat_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            messages_per_second: limits::MESSAGES_PER_SECOND,
            messages_burst: limits::MESSAGES_BURST,
            sessions_per_student: limits::SESSIONS_PER_STUDENT_MAX,
            sessions_max: limits::SESSIONS_MAX,
            jobs_in_flight_max: limits::JOBS_IN_FLIGHT_MAX,
            requests_per_student: limits::REQUESTS_PER_STUDENT_MAX,
            seats_push_ms: limits::SEATS_PUSH_MS,
            answer_deadline_ms: limits::ANSWER_DEADLINE_MS,
            heartbeat_ms: limits::HEARTBEAT_MS,
        }
    }
}

/// A handle; cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    board: Arc<SeatBoard>,
    sign_ins: Arc<SignIns>,
    directory: Arc<Directory>,
    tallies: Arc<TallyBoard>,
    public: watch::Receiver<Arc<Public>>,
    registrar: Addr<Registrar>,
    permits: Permits,
    settings: Settings,
    metrics: Arc<Metrics>,
    clock: Clock,
    messages: DefaultKeyedRateLimiter<StudentId>,
    session_numbers: AtomicU32,
    signed_in: AtomicBool,
    stopping: AtomicBool,
}

impl Gateway {
    /// The door to running actors.
    #[expect(clippy::too_many_arguments, reason = "each is a part of its own, given once")]
    pub fn new(
        board: Arc<SeatBoard>,
        sign_ins: Arc<SignIns>,
        directory: Arc<Directory>,
        tallies: Arc<TallyBoard>,
        public: watch::Receiver<Arc<Public>>,
        registrar: Addr<Registrar>,
        settings: Settings,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> Self {
        let per_second = at_least_one(settings.messages_per_second);
        let quota =
            Quota::per_second(per_second).allow_burst(at_least_one(settings.messages_burst));
        Self(Arc::new(Inner {
            board,
            sign_ins,
            directory,
            tallies,
            public,
            registrar,
            permits: Permits::new(settings.jobs_in_flight_max),
            settings,
            metrics,
            clock,
            messages: RateLimiter::keyed(quota),
            session_numbers: AtomicU32::new(1),
            signed_in: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
        }))
    }

    /// Seats as they are on disk.
    pub fn board(&self) -> &SeatBoard {
        &self.0.board
    }

    /// Who is signed in where, as it is on disk.
    pub fn sign_ins(&self) -> &SignIns {
        &self.0.sign_ins
    }

    /// Who is connected.
    pub fn directory(&self) -> &Directory {
        &self.0.directory
    }

    /// Who waits for what, counted, as it is on disk.
    pub fn tallies(&self) -> &TallyBoard {
        &self.0.tallies
    }

    /// What everybody may know, as it is on disk.
    pub fn public(&self) -> Arc<Public> {
        Arc::clone(&self.0.public.borrow())
    }

    /// Tells when what everybody may know has changed.
    pub fn public_changes(&self) -> watch::Receiver<Arc<Public>> {
        self.0.public.clone()
    }

    /// The catalogue as it is on disk.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0.public.borrow().catalogue)
    }

    /// The limits in force.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The counters.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.0.metrics
    }

    /// What time it is.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Whether the student may send another message now, which counts as so many; else how long to
    /// wait, in milliseconds. None counts as more than may come at once.
    pub fn allow_message(&self, student: StudentId, weight: u32) -> Result<(), u32> {
        let weight = at_least_one(weight.min(self.settings().messages_burst));
        let allowed = self.0.messages.check_key_n(&student, weight);
        let Ok(allowed) = allowed else { return Err(limits::BUSY_RETRY_MS) };
        allowed.map_err(|not_yet| {
            self.0.metrics.limited(Limiter::StudentMessages);
            // The limiter's own clock: a new one asks the processor what it is, 16 µs where that is a
            // virtual machine, and floods are refused by the hundred.
            let wait = not_yet.wait_time_from(self.0.messages.clock().now());
            wait.as_millis().max(1) as u32
        })
    }

    /// Forgets limiter keys that are full again, or the map would grow for ever.
    pub fn tidy_limits(&self) {
        self.0.messages.retain_recent();
    }

    /// Students whose messages are limited just now.
    pub fn limited_students(&self) -> usize {
        self.0.messages.len()
    }

    /// Commands accepted and not answered yet.
    pub fn in_flight(&self) -> Filled {
        let most = self.0.settings.jobs_in_flight_max;
        Filled { now: most.saturating_sub(self.0.permits.free()), most }
    }

    /// A number for a new session.
    pub fn session_number(&self) -> u32 {
        self.0.session_numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Room for one command.
    pub(super) fn permit(&self) -> Result<Permit, Denied> {
        let permit = match self.is_ready() {
            true => self.0.permits.take(),
            false => None,
        };
        permit.ok_or_else(|| self.busy(Full::Commands))
    }

    /// Gives a batch to the Registrar, or gives it back.
    pub(super) fn post(&self, batch: Batch) -> Result<(), Batch> {
        self.0.metrics.mail(Mailbox::Registrar, 0);
        self.0.registrar.try_send(batch).map_err(|error| match error {
            SendError::Full(batch) | SendError::Closed(batch) => {
                self.0.metrics.mail_taken(Mailbox::Registrar, 0);
                batch.0.iter().for_each(|_| self.count_busy(Full::Registrar));
                batch
            }
        })
    }

    fn count_busy(&self, full: Full) {
        if self.is_ready() {
            self.0.metrics.busy(full);
        }
    }

    /// A limit was reached: it is counted, and this is the answer.
    pub fn busy(&self, full: Full) -> Denied {
        self.count_busy(full);
        self.refusal()
    }

    /// The answer to what found no room.
    pub(super) fn refusal(&self) -> Denied {
        match self.is_ready() {
            true => Denied::Busy { retry_after_ms: limits::BUSY_RETRY_MS },
            false => Denied::Stopping,
        }
    }

    /// Gives a command and waits until what came of it is durable.
    pub async fn command(&self, command: Command) -> Result<Answer, Denied> {
        let since = clock::monotonic();
        let permit = Some(self.permit()?);
        let (reply, answer) = oneshot::channel();
        // What a student asks leads to the same when it is asked again (I3); a registrar's act may
        // not: an announcement is told twice.
        let act = matches!(command, Command::Acted(..));
        let job = Job::Command { command, origin: Origin::Caller(reply), permit, since };
        self.post(Batch(vec![job])).map_err(|_| self.refusal())?;
        let answer = self.wait(answer).await.map_err(|denied| match act {
            true => Denied::Unconfirmed,
            false => denied,
        })?;
        if tracing::enabled!(tracing::Level::DEBUG) {
            let request = REQUEST.try_with(Clone::clone).ok();
            let journal = match &answer {
                Ok(Answer::Done(sequence) | Answer::Decided(sequence, _)) => Some(sequence.0),
                _ => None,
            };
            tracing::debug!(request, journal, taken = answer.is_ok(), "command answered");
        }
        if let Ok(Answer::Decided(..)) = &answer {
            self.0.metrics.submitted(Asked { since, ticket: false }, clock::monotonic());
        }
        answer
    }

    /// Reads state through the gate: the closure runs between two turns of the Registrar, and its
    /// result leaves once everything that it can have seen is durable.
    pub async fn read<T: Send + 'static>(
        &self,
        view: impl FnOnce(&Registry) -> T + Send + 'static,
    ) -> Result<(Sequence, T), Denied> {
        let permit = self.permit()?;
        let (reply, answer) = oneshot::channel();
        let read = move |registry: &Registry| {
            let (as_of, value) = (registry.sequence, view(registry));
            Output::Read(Box::new(move |_durable| {
                let _ = reply.send((as_of, value));
            }))
        };
        let job = Job::Read(Box::new(read), permit);
        self.post(Batch(vec![job])).map_err(|_| self.refusal())?;
        self.wait(answer).await
    }

    async fn wait<T>(&self, answer: oneshot::Receiver<T>) -> Result<T, Denied> {
        let deadline = Duration::from_millis(self.0.settings.answer_deadline_ms);
        match tokio::time::timeout(deadline, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            // The journal stalls, or the process is going down: the same request can be repeated.
            Ok(Err(_)) | Err(_) => Err(self.busy(Full::Answer)),
        }
    }

    /// Somebody signed in: windows that open a while after the first sign-in are scheduled.
    pub async fn signed_in(&self) {
        if self.0.signed_in.swap(true, Ordering::Relaxed) {
            return;
        }
        let due = self.read(|registry| {
            let windows = registry.windows.iter().enumerate();
            let waiting = windows.filter_map(|(i, w)| {
                let planned = w.state == WindowState::Planned && w.rules.opens_at.is_none();
                let after = w.rules.opens_after_sign_in_s.filter(|_| planned)?;
                Some((WindowId(i as u32), after, w.rules.closes_at))
            });
            waiting.collect::<Vec<_>>()
        });
        let Ok((_, due)) = due.await else {
            self.0.signed_in.store(false, Ordering::Relaxed);
            return;
        };
        for (window, after_s, closes_at) in due {
            let opens_at = Some(self.0.clock.now().plus_ms(u64::from(after_s) * 1000));
            let schedule = Command::Schedule { window, opens_at, closes_at };
            let schedule = schedule.by(Author::gateway(BY_SCHEDULE));
            if self.command(schedule).await.is_err() {
                // The next sign-in tries again.
                self.0.signed_in.store(false, Ordering::Relaxed);
            }
        }
    }

    /// Whether the gateway takes commands: replay is over and it is not stopping.
    pub fn is_ready(&self) -> bool {
        !self.0.stopping.load(Ordering::Relaxed)
    }

    /// Takes no more commands and closes every session with "restart".
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
        for messenger in self.0.directory.messengers() {
            let _ = messenger.try_send(CloseAll);
        }
    }
}

fn at_least_one(n: u32) -> std::num::NonZeroU32 {
    std::num::NonZeroU32::new(n).unwrap_or(std::num::NonZeroU32::MIN)
}
