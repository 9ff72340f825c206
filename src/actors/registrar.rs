//! The Registrar sequences decisions: one at a time it asks the sections concerned for quotes,
//! calls the pure decision, appends the record, applies it, and takes the next. What came of it
//! goes to the gate. Deliberately absent: any wait on anybody but the sections.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, WrapFuture};
use uuid::Uuid;

use super::board::SeatBoard;
use super::directory::Directory;
use super::gate::{Gate, Gated};
use super::gateway::{Answer, Denied};
use super::line::{LineActor, LineUpdate, Updates};
use super::news::{News, Output, Reply};
use super::permits::Permit;
use super::section::{Apply, Ask, Outbox, SectionActor};
use super::tally::Tallier;
use super::{tell, trace, view};
use crate::clock::{self, Clock};
use crate::domain::command::Command;
use crate::domain::course::Quotes;
use crate::domain::decide::Verdict;
use crate::domain::event::Event;
use crate::domain::ids::{CourseId, SectionId, StudentId, Timestamp, WindowId};
use crate::domain::outcome::Rejection;
use crate::domain::registry::Registry;
use crate::domain::section::Section;
use crate::domain::turn::Turn;
use crate::domain::university::new_sections;
use crate::journal::{JournalError, Keys, RecordBuffer, Writer, record};
use crate::limits;
use crate::metrics::{Asked, Full, Mailbox, Metrics, Thread, Turn as Times};
use crate::panics::panic_point;

/// Who gave a command.
pub enum Origin {
    /// One of a student's sessions.
    Session {
        /// Who.
        student: StudentId,
        /// Which of her sessions.
        session: u32,
        /// The request's id, when it has one.
        id: Option<Uuid>,
    },
    /// Somebody who waits for the answer.
    Caller(Reply),
    /// The gateway itself: a ticket's turn, a window's time.
    Own,
}

/// A read between two turns, and the way its result leaves.
pub type Read = Box<dyn FnOnce(&Registry) -> Output + Send>;

/// Work for the Registrar.
pub enum Job {
    /// Decide a command.
    Command {
        /// What.
        command: Command,
        /// Who gave it.
        origin: Origin,
        /// The room reserved for its answer.
        permit: Option<Permit>,
        /// When it was received; a ticket: when its line let it go.
        since: Instant,
    },
    /// Show a new session everything.
    View {
        /// Who.
        student: StudentId,
        /// Which of her sessions.
        session: u32,
        /// Last position of her stream that the client saw.
        last_sequence: Option<u32>,
        /// Room for the answer.
        permit: Permit,
    },
    /// Read state.
    Read(Read, Permit),
    /// After a start: finish what a stopped process left undone.
    Recover,
}

impl Job {
    /// What the session that waits for an answer is told when there is no room for the job.
    pub fn refused(&self, why: Denied) -> Option<(StudentId, News)> {
        match self {
            Self::Command { origin: Origin::Session { student, session, id }, .. } => {
                Some((*student, News::Denied { session: *session, id: *id, why }))
            }
            Self::View { student, session, .. } => {
                Some((*student, News::NotShown { session: *session }))
            }
            _ => None,
        }
    }
}

/// A batch of work.
#[derive(Message)]
#[rtype("()")]
pub struct Batch(pub Vec<Job>);

/// What the Registrar needs from the rest of the gateway.
pub struct Parts {
    /// State as replayed.
    pub registry: Registry,
    /// Seats as replayed.
    pub sections: Vec<Section>,
    /// Grows with every start on this journal.
    pub epoch: u32,
    /// What is personal is sealed with these.
    pub keys: Keys,
    /// The way out.
    pub gate: Gate,
    /// The way to the disk.
    pub writer: Arc<Writer>,
    /// Who is connected.
    pub directory: Arc<Directory>,
    /// Durable seats, for advice.
    pub board: Arc<SeatBoard>,
    /// What time it is.
    pub clock: Clock,
    /// How often lines push positions, in milliseconds.
    pub position_push_ms: u64,
    /// The counters.
    pub metrics: Arc<Metrics>,
}

/// The Registrar's hands: everything but its mailbox.
struct Desk {
    parts: Parts,
    sections: Vec<Addr<SectionActor>>,
    lines: Vec<Addr<LineActor>>,
    line_updates: Vec<Vec<LineUpdate>>,
    outbox: Outbox,
    records: RecordBuffer,
    queue: VecDeque<Job>,
    /// Courses whose waitlist moved since ranks were last pushed.
    moved: HashSet<CourseId>,
    /// Times of what was decided since the last flush.
    turns: Vec<Times>,
    /// Who waits for the decision in hand.
    asked: Option<Asked>,
    tallier: Tallier,
    registrar: Addr<Registrar>,
    /// The journal has ended: nothing is decided any more.
    ended: bool,
}

/// The actor.
pub struct Registrar {
    desk: Rc<RefCell<Desk>>,
    running: bool,
    metrics: Arc<Metrics>,
}

impl Registrar {
    /// Starts the Registrar, its sections and its lines on the current arbiter.
    pub fn begin(parts: Parts) -> Addr<Self> {
        let mut context = Context::new();
        context.set_mailbox_capacity(limits::REGISTRAR_MAILBOX_MAX);
        let addr = context.address();
        let outbox = Outbox::default();
        let next = parts.registry.sequence.next();
        let desk = Desk {
            sections: Vec::new(),
            lines: Vec::new(),
            line_updates: Vec::new(),
            records: RecordBuffer::starting_at(next),
            queue: VecDeque::new(),
            moved: HashSet::new(),
            turns: Vec::new(),
            asked: None,
            tallier: Tallier::new(&parts.registry),
            registrar: addr.clone(),
            ended: false,
            outbox,
            parts,
        };
        let desk = Rc::new(RefCell::new(desk));
        {
            let mut desk = desk.borrow_mut();
            let seats = desk.parts.sections.clone();
            desk.open_sections(seats);
            desk.open_lines();
        }
        desk.borrow_mut().queue.push_back(Job::Recover);
        let metrics = Arc::clone(&desk.borrow().parts.metrics);
        context.run(Self { desk, running: false, metrics });
        addr
    }

    fn run(&mut self, ctx: &mut Context<Self>) {
        if !self.running {
            self.running = true;
            let work = work_off(Rc::clone(&self.desk)).into_actor(self);
            ctx.spawn(work.map(|(), registrar, ctx| {
                registrar.running = false;
                if !registrar.desk.borrow().queue.is_empty() {
                    registrar.run(ctx);
                }
            }));
        }
    }
}

impl Actor for Registrar {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.metrics.thread_is(Thread::Decision);
        super::measure_lag(ctx, Thread::Decision, |registrar: &Self| &registrar.metrics);
        ctx.run_interval(Duration::from_millis(limits::RANK_PUSH_MS), |registrar, _| {
            let mut desk = registrar.desk.borrow_mut();
            desk.tally();
            desk.push_ranks();
        });
        self.run(ctx);
    }
}

impl Handler<Batch> for Registrar {
    type Result = ();

    fn handle(&mut self, Batch(jobs): Batch, ctx: &mut Self::Context) {
        self.metrics.mail_taken(Mailbox::Registrar, 0);
        self.desk.borrow_mut().queue.extend(jobs);
        panic_point(|| "registrar".to_owned());
        self.run(ctx);
    }
}

/// Takes jobs until none is left; lets others run and flushes after a bounded number.
async fn work_off(desk: Rc<RefCell<Desk>>) {
    loop {
        let mut done = 0;
        // One look at the clock a job: where one ends the next begins.
        let mut at = clock::monotonic();
        while done < limits::TURNS_PER_FLUSH_MAX {
            if desk.borrow().ended {
                return desk.borrow_mut().queue.clear();
            }
            let Some(job) = desk.borrow_mut().queue.pop_front() else { break };
            at = work(&desk, job, at).await;
            done += 1;
        }
        // The sections publish what they were just told to apply.
        tokio::task::yield_now().await;
        desk.borrow_mut().flush();
        if done == 0 {
            return;
        }
    }
}

/// Does a job that is begun at `started`; returns when it ended.
async fn work(desk: &Rc<RefCell<Desk>>, job: Job, started: Instant) -> Instant {
    match job {
        Job::Command { origin, permit, .. }
            if !matches!(origin, Origin::Own) && desk.borrow().parts.writer.is_behind() =>
        {
            let desk = desk.borrow();
            desk.parts.metrics.busy(Full::Journal);
            desk.deny(origin, Denied::Busy { retry_after_ms: limits::BUSY_RETRY_MS });
            if let Some(permit) = permit {
                desk.output(Output::Done(permit));
            }
        }
        Job::Command { command, origin, permit, since } => {
            let ticket = matches!(command, Command::Admit(..));
            desk.borrow_mut().asked = Some(Asked { since, ticket });
            decide(desk, command, origin, permit).await;
            let mut desk = desk.borrow_mut();
            desk.asked = None;
            let decided = clock::monotonic();
            desk.turns.push(Times { since, started, decided });
            return decided;
        }
        Job::Recover => {
            let turn = Turn::recovery(&desk.borrow().parts.registry);
            run(desk, turn, None).await;
        }
        Job::View { student, session, last_sequence, permit } => {
            let mut desk = desk.borrow_mut();
            desk.show(student, session, last_sequence);
            desk.output(Output::Done(permit));
        }
        Job::Read(read, permit) => {
            let desk = desk.borrow();
            desk.output(read(&desk.parts.registry));
            desk.output(Output::Done(permit));
        }
    }
    clock::monotonic()
}

async fn decide(
    desk: &Rc<RefCell<Desk>>,
    command: Command,
    origin: Origin,
    permit: Option<Permit>,
) {
    let command = desk.borrow().queue_if_needed(command);
    let turn = Turn::new(command.clone());
    run(desk, turn, Some((command, origin))).await;
    if let Some(permit) = permit {
        desk.borrow().output(Output::Done(permit));
    }
}

/// Runs a turn to its end; the first step answers whoever asked.
async fn run(desk: &Rc<RefCell<Desk>>, mut turn: Turn, mut asked: Option<(Command, Origin)>) {
    while !turn.is_done() {
        let ids = turn.sections(&desk.borrow().parts.registry);
        let quotes = ask(desk, ids).await;
        let mut desk = desk.borrow_mut();
        let now = desk.parts.clock.now();
        let mut verdict = turn.step(&desk.parts.registry, &quotes);
        if let Ok(Verdict::Events(events)) = &mut verdict {
            for event in std::mem::take(events) {
                desk.commit(&mut turn, event, now);
            }
        }
        if let Some((command, origin)) = asked.take() {
            desk.answer(&command, verdict, origin);
        }
    }
}

/// Asks each section what it can give. Nothing changes a section between the answer and the
/// decision, because only this task sends changes.
async fn ask(desk: &Rc<RefCell<Desk>>, mut ids: Vec<SectionId>) -> Quotes {
    if ids.len() > 1 {
        ids.sort_unstable();
        ids.dedup();
    }
    let asked: Vec<_> = {
        let desk = desk.borrow();
        ids.iter().map(|id| (*id, desk.sections[id.index()].send(Ask))).collect()
    };
    let mut quotes = Vec::with_capacity(asked.len());
    for (id, answer) in asked {
        match answer.await {
            Ok(quote) => quotes.push((id, quote)),
            // A section that does not answer is a fault: the process stops, a restart replays.
            Err(error) => panic!("section {id} does not answer: {error}"),
        }
    }
    quotes.into_iter().collect()
}

impl Desk {
    /// A submit takes a ticket when others wait or the pace is limited (I5).
    fn queue_if_needed(&self, mut command: Command) -> Command {
        if let Command::Submit { window, queue, .. } = &mut command
            && let Some(window) = self.parts.registry.window(*window)
        {
            *queue = window.waiting > 0 || window.rules.pace.is_some() || window.paused;
        }
        command
    }

    fn output(&self, output: Output) {
        let as_of = self.parts.registry.sequence;
        self.outbox.borrow_mut().push(Gated::new(as_of, output));
    }

    /// Appends the event, then applies it to the registry, the sections and the lines.
    fn commit(&mut self, turn: &mut Turn, event: Event, now: Timestamp) {
        let registry = &mut self.parts.registry;
        turn.before_apply(registry, &event);
        let changes = registry.seat_changes(&event);
        let new = match &event {
            Event::ImportApplied { .. } => new_sections(registry),
            _ => Vec::new(),
        };
        let record = turn.number(registry, event, self.parts.epoch, now);
        let mut encoded = Ok(());
        let pushed = self.records.push_with(|bytes| {
            encoded = record::encode_sealed(&record, &self.parts.keys, bytes);
        });
        if let (Err(error), _) | (_, Err(error)) =
            (pushed.map_err(|e| e.to_string()), encoded.map_err(|e| e.to_string()))
        {
            panic!("record {} cannot be written: {error}", record.sequence);
        }
        registry.apply(&record);
        trace::decided(registry, &record);
        for (section, change) in changes {
            let apply = Apply { as_of: record.sequence, change };
            let taken = self.sections[section.index()].try_send(apply).is_ok();
            assert!(taken, "section {section} does not take a change that is in the journal");
        }
        if !new.is_empty() {
            self.output(Output::Seats(new.clone()));
            self.open_sections(new);
        }
        self.open_lines();
        for (window, update) in tell::line_updates(&self.parts.registry, &record.event) {
            self.line_updates[window.index()].push(update);
        }
        let asked = match record.event {
            Event::Decided { .. } => self.asked.take(),
            _ => None,
        };
        let told = tell::outputs(&self.parts, &record, asked);
        self.outbox
            .borrow_mut()
            .extend(told.into_iter().map(|output| Gated::new(record.sequence, output)));
        self.moved.extend(tell::moved_waitlists(&self.parts.registry, &record.event));
        self.tallier.note(&self.parts.registry, &record);
    }

    fn open_sections(&mut self, seats: Vec<Section>) {
        for section in seats {
            let actor = SectionActor::new(section, Rc::clone(&self.outbox));
            self.sections.push(super::start(actor, limits::SECTION_MAILBOX_MAX));
        }
    }

    fn open_lines(&mut self) {
        while self.lines.len() < self.parts.registry.windows.len() {
            let id = WindowId(self.lines.len() as u32);
            let line = LineActor::new(id, &self.parts, self.registrar.clone());
            self.lines.push(super::start(line, limits::LINE_MAILBOX_MAX));
            self.line_updates.push(Vec::new());
        }
    }

    /// Hands everything over: first what may be told later, then what makes it durable.
    fn flush(&mut self) {
        let as_of = self.parts.registry.sequence;
        if !self.turns.is_empty() {
            let next = Vec::with_capacity(self.turns.len());
            let turns = std::mem::replace(&mut self.turns, next);
            self.output(Output::Turns(turns));
        }
        for (i, (line, updates)) in self.lines.iter().zip(&mut self.line_updates).enumerate() {
            if !updates.is_empty() {
                let updates = Updates { as_of, updates: std::mem::take(updates) };
                self.parts.metrics.mail(Mailbox::Line, i);
                assert!(line.try_send(updates).is_ok(), "a line does not take its updates");
            }
        }
        let mut outbox = self.outbox.borrow_mut();
        let told = !outbox.is_empty();
        self.parts.gate.hold(&mut outbox);
        if !self.records.is_empty() {
            match self.parts.writer.append(&mut self.records) {
                Ok(()) => {}
                // Its thread says why and ends the process; what is decided now is told to nobody.
                Err(JournalError::Stopped { .. }) => self.ended = true,
                Err(error) => panic!("the journal does not take what was decided: {error}"),
            }
        } else if told {
            self.parts.writer.nudge();
        }
    }

    fn deny(&self, origin: Origin, why: Denied) {
        match origin {
            Origin::Own => {}
            Origin::Caller(reply) => self.output(Output::Reply(reply, Err(why))),
            Origin::Session { student, session, id } => {
                self.output(Output::Student(student, News::Denied { session, id, why }));
            }
        }
    }

    fn answer(&mut self, command: &Command, verdict: Result<Verdict, Rejection>, origin: Origin) {
        match (origin, verdict) {
            (origin, Err(rejection)) => self.deny(origin, Denied::Rejected(rejection)),
            (Origin::Own, Ok(_)) => {}
            (Origin::Caller(reply), Ok(verdict)) => {
                let answer = self.caller_answer(command, verdict);
                self.output(Output::Reply(reply, Ok(answer)));
            }
            (Origin::Session { student, .. }, Ok(verdict)) => {
                self.session_answer(command, verdict, student);
            }
        }
    }

    fn caller_answer(&mut self, command: &Command, verdict: Verdict) -> Answer {
        let registry = &self.parts.registry;
        let memo =
            command.request().and_then(|(student, request, _)| registry.memo(student, request));
        match (verdict, memo) {
            (Verdict::Repeat(sequence, outcomes), _) => Answer::Decided(sequence, outcomes),
            (Verdict::InLine(window, ticket), _) => Answer::InLine(window, ticket),
            (Verdict::Nothing, _) => Answer::Nothing,
            (Verdict::Events(_), Some(memo)) => match (&memo.decided, memo.ticket) {
                (Some((sequence, outcomes)), _) => Answer::Decided(*sequence, Arc::clone(outcomes)),
                (None, Some((window, ticket))) => Answer::InLine(window, ticket),
                (None, None) => Answer::Done(registry.sequence),
            },
            (Verdict::Events(_), None) => Answer::Done(registry.sequence),
        }
    }

    /// Most answers are the news of the record itself; this adds those that made no record.
    fn session_answer(&mut self, command: &Command, verdict: Verdict, student: StudentId) {
        match (verdict, command) {
            (Verdict::Repeat(journal, outcomes), _) => {
                let Some((_, request, _)) = command.request() else { return };
                let registry = &self.parts.registry;
                let sequence = registry.student(student).sequence;
                let (at, instead_of) = view::decided_at(registry, student, journal);
                let unread = registry.unread(student);
                let (served, asked) = (None, self.asked.take());
                let news = News::Outcomes {
                    request,
                    outcomes,
                    instead_of,
                    journal,
                    at,
                    sequence,
                    unread,
                    served,
                    asked,
                };
                self.output(Output::Student(student, news));
            }
            (Verdict::InLine(window, ticket), _) => {
                let news = tell::in_line(&self.parts.registry, window, ticket);
                match news {
                    Some(news) => self.output(Output::Student(student, news)),
                    None => {
                        let tell = LineUpdate::Tell(ticket);
                        self.line_updates[window.index()].push(tell);
                    }
                }
            }
            (Verdict::Nothing, Command::SetPlan(..)) => {
                let news = tell::plan(&self.parts, student);
                self.output(Output::Student(student, news));
            }
            _ => {}
        }
    }

    fn show(&mut self, student: StudentId, session: u32, last_sequence: Option<u32>) {
        let view = view::student(&self.parts, student);
        let missed = view::missed(&self.parts.registry, student, last_sequence);
        self.output(Output::Student(student, News::View { session, view: Box::new(view), missed }));
        let registry = &self.parts.registry;
        for (window, ticket) in registry.student(student).tickets.clone() {
            self.line_updates[window.index()].push(LineUpdate::Tell(ticket));
        }
    }

    /// Counts who waits for what, for those who watch.
    fn tally(&mut self) {
        let tallies = self.tallier.count(&self.parts.registry);
        if !tallies.is_empty() {
            self.output(Output::Tallies(tallies));
            self.flush();
        }
    }

    /// Tells the connected who wait for a course their rank when the list moved.
    fn push_ranks(&mut self) {
        if self.moved.is_empty() {
            return;
        }
        for course in std::mem::take(&mut self.moved) {
            for output in tell::ranks(&self.parts, course) {
                self.output(output);
            }
        }
        self.flush();
    }
}
