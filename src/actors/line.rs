//! One actor per window: keeps the order, admits tickets to the Registrar at the window's pace,
//! tells who waits where they are, and opens and closes the window on time.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message};
use governor::clock::Clock as _;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::board::SeatBoard;
use super::directory::Directory;
use super::forecaster::{self, Forecaster, Row};
use super::gate::{Gate, Gated};
use super::news::{Bulletin, LineState, News, Output};
use super::registrar::{Batch, Job, Origin, Parts, Registrar};
use super::tally::{FirstChoices, Tally};
use crate::clock::{self, Clock};
use crate::domain::acts::{Author, BY_SCHEDULE};
use crate::domain::catalogue::Catalogue;
use crate::domain::command::Command;
use crate::domain::ids::{CourseId, Sequence, StudentId, Ticket, Timestamp, WindowId};
use crate::domain::line::Line;
use crate::domain::plan::Plan;
use crate::domain::window::{TicketState, Window, WindowState};
use crate::journal::Writer;
use crate::limits;
use crate::metrics::{Mailbox, Metrics};
use crate::panics::panic_point;

/// What changed for a line; in journal order.
pub enum LineUpdate {
    /// The window itself: state, times, pace, or a rehearsal run again.
    Window(Box<Window>),
    /// A ticket was taken.
    Ticket {
        /// Which.
        ticket: Ticket,
        /// Whose.
        student: StudentId,
        /// What is to be decided.
        plan: Arc<Plan>,
    },
    /// Given back.
    Left(Ticket),
    /// Decided.
    Served(Ticket),
    /// Its plan changed; its place does not.
    Plan {
        /// Which.
        ticket: Ticket,
        /// The new plan.
        plan: Arc<Plan>,
    },
    /// Tell its owner where she is.
    Tell(Ticket),
    /// What can be registered for.
    Catalogue(Arc<Catalogue>),
}

/// Changes for a line.
#[derive(Message)]
#[rtype("()")]
pub struct Updates {
    /// The last record that they come from.
    pub as_of: Sequence,
    /// In journal order.
    pub updates: Vec<LineUpdate>,
}

struct Rider {
    student: StudentId,
    plan: Arc<Plan>,
    /// When the line first knew of it; at a start that is when the window opened.
    since: Timestamp,
}

/// Measures tickets served a second.
struct Rate {
    since: Instant,
    served: u32,
    per_second: Option<f64>,
}

/// The actor.
pub struct LineActor {
    id: WindowId,
    window: Window,
    line: Line,
    riders: Vec<Option<Rider>>,
    catalogue: Arc<Catalogue>,
    /// Which courses the window covers.
    covered: Vec<bool>,
    first_choices: FirstChoices,
    /// How long tickets had waited that were decided since the metrics were last told.
    waited: Vec<u64>,
    limiter: Option<DefaultDirectRateLimiter>,
    /// Tickets given to the Registrar whose end has not come back yet.
    admitted: HashSet<Ticket>,
    retry_scheduled: bool,
    as_of: Sequence,
    /// What time it was when updates last came.
    now: Timestamp,
    /// What was last told to everybody.
    told: (u32, u32),
    /// Somebody left from the middle: exact places are due.
    left: bool,
    rate: Rate,
    closing_told: bool,
    ticks: u64,
    forecaster: Option<Forecaster>,
    /// Who has just come (back) and must be told even what has not changed.
    fresh: HashSet<StudentId>,
    registrar: Addr<Registrar>,
    gate: Gate,
    writer: Arc<Writer>,
    directory: Arc<Directory>,
    board: Arc<SeatBoard>,
    clock: Clock,
    metrics: Arc<Metrics>,
    push_ms: u64,
}

impl LineActor {
    /// The line of a window, as the registry has it.
    pub fn new(id: WindowId, parts: &Parts, registrar: Addr<Registrar>) -> Self {
        let window = parts.registry.windows[id.index()].clone();
        let riders = window.tickets.iter().map(|info| {
            let plan = info.plan.as_ref().unwrap_or(&parts.registry.student(info.student).plan);
            let waiting = info.state == TicketState::Waiting;
            let since = window.opened_at.unwrap_or_default();
            waiting.then(|| Rider { student: info.student, plan: Arc::clone(plan), since })
        });
        let riders = riders.collect();
        let line = Line::new(&window);
        let served = line.served();
        let mut line = Self {
            id,
            line,
            riders,
            catalogue: Arc::clone(&parts.registry.catalogue),
            covered: Vec::new(),
            first_choices: FirstChoices::default(),
            waited: Vec::new(),
            limiter: None,
            admitted: HashSet::new(),
            retry_scheduled: false,
            as_of: parts.registry.sequence,
            now: parts.clock.now(),
            told: (0, 0),
            left: false,
            rate: Rate { since: clock::monotonic(), served, per_second: None },
            closing_told: false,
            ticks: 0,
            forecaster: None,
            fresh: HashSet::new(),
            registrar,
            gate: parts.gate.clone(),
            writer: Arc::clone(&parts.writer),
            directory: Arc::clone(&parts.directory),
            board: Arc::clone(&parts.board),
            clock: parts.clock.clone(),
            metrics: Arc::clone(&parts.metrics),
            push_ms: parts.position_push_ms,
            window,
        };
        line.set_pace();
        line.count_first_choices();
        line
    }

    /// Counts anew which sections are wanted first.
    fn count_first_choices(&mut self) {
        let courses = 0..self.catalogue.courses.len() as u32;
        let covers = |course| self.window.covers(&self.catalogue, CourseId(course));
        self.covered = courses.map(covers).collect();
        self.first_choices.clear();
        for rider in self.riders.iter().flatten() {
            self.first_choices.add(&rider.plan, &self.catalogue, &self.covered);
        }
    }

    fn is_open(&self) -> bool {
        self.window.state == WindowState::Open
    }

    /// A token bucket that lets a fiftieth of a second's admissions through at once, so that the
    /// pace is even and a timer of a few milliseconds keeps up with it.
    fn set_pace(&mut self) {
        let pace = self.window.rules.pace.and_then(NonZeroU32::new);
        self.limiter = pace.map(|pace| {
            let burst = NonZeroU32::new(pace.get() / 50 + 1).unwrap_or(NonZeroU32::MIN);
            RateLimiter::direct(Quota::per_second(pace).allow_burst(burst))
        });
    }

    /// Gives the Registrar the next tickets, in order, when it has decided the last ones.
    fn admit(&mut self, ctx: &mut Context<Self>) {
        let serves = self.is_open() && !self.window.paused;
        if !serves || !self.admitted.is_empty() || self.line.is_empty() {
            return;
        }
        if self.writer.is_behind() {
            let wait = Duration::from_millis(limits::LINE_TICK_MS);
            return Self::retry_later(&mut self.retry_scheduled, ctx, wait);
        }
        let mut tickets = Vec::new();
        for ticket in self.line.waiting().take(limits::ADMIT_BATCH_MAX) {
            if let Some(limiter) = &self.limiter
                && let Err(not_yet) = limiter.check()
            {
                let wait = not_yet.wait_time_from(limiter.clock().now());
                Self::retry_later(&mut self.retry_scheduled, ctx, wait);
                break;
            }
            tickets.push(ticket);
        }
        if tickets.is_empty() {
            return;
        }
        let since = clock::monotonic();
        let job = |ticket: &Ticket| own_job(Command::Admit(self.id, *ticket), since);
        match self.post(Batch(tickets.iter().map(job).collect())) {
            true => {
                let (window, count) = (self.window.rules.key.as_str(), tickets.len());
                let first = tickets.first().map(|ticket| ticket.0);
                tracing::debug!(window, first, count, "tickets let go by the line");
                self.admitted.extend(tickets);
            }
            // The Registrar's mailbox is full of commands from outside: the same tickets again.
            false => Self::retry_later(&mut self.retry_scheduled, ctx, Duration::from_millis(2)),
        }
    }

    fn retry_later(scheduled: &mut bool, ctx: &mut Context<Self>, wait: Duration) {
        if !std::mem::replace(scheduled, true) {
            ctx.run_later(wait, |line, ctx| {
                line.retry_scheduled = false;
                line.admit(ctx);
            });
        }
    }

    /// Whether the Registrar took it; if not, the next tick tries again.
    fn own_command(&self, command: Command) -> bool {
        self.post(Batch(vec![own_job(command, clock::monotonic())]))
    }

    fn post(&self, batch: Batch) -> bool {
        self.metrics.mail(Mailbox::Registrar, 0);
        let taken = self.registrar.try_send(batch).is_ok();
        if !taken {
            self.metrics.mail_taken(Mailbox::Registrar, 0);
        }
        taken
    }

    /// Opens and closes on time. The state changes by the Registrar's event, never by the clock.
    fn keep_time(&mut self) {
        let now = self.clock.now();
        let due = |at: Option<crate::domain::ids::Timestamp>| at.is_some_and(|at| at <= now);
        let rules = &self.window.rules;
        match self.window.state {
            WindowState::Planned if due(rules.opens_at) => {
                self.own_command(Command::Open(self.id).by(Author::gateway(BY_SCHEDULE)));
            }
            WindowState::Open if due(rules.closes_at) => {
                self.own_command(Command::Close(self.id).by(Author::gateway(BY_SCHEDULE)));
            }
            WindowState::Open if !self.closing_told => {
                let soon = now.plus_ms(limits::CLOSING_NOTICE_MS);
                if rules.closes_at.is_some_and(|at| at <= soon) {
                    self.closing_told = self.own_command(Command::Closing(self.id));
                }
            }
            _ => {}
        }
    }

    fn state(&self) -> LineState {
        let measured = self.rate.per_second;
        let pace = self.window.rules.pace.map(f64::from);
        let rate = match (measured, pace) {
            // Nobody knows when it goes on.
            _ if self.window.paused => None,
            (Some(measured), Some(pace)) => Some(measured.min(pace)),
            (measured, pace) => measured.or(pace),
        };
        LineState { served: self.line.served(), waiting: self.line.len(), rate }
    }

    fn measure(&mut self) {
        let seconds = self.rate.since.elapsed().as_secs_f64();
        // The time in which nobody is admitted says nothing of the rate.
        if self.window.paused || seconds < limits::RATE_MEASURE_S {
            return;
        }
        let served = self.line.served();
        let now = f64::from(served.saturating_sub(self.rate.served)) / seconds;
        let rate = self.rate.per_second.map_or(now, |old| 0.5 * old + 0.5 * now);
        let per_second = (served > 0 && rate > 0.0).then_some(rate);
        self.rate = Rate { since: clock::monotonic(), served, per_second };
    }

    fn tell(&self, outputs: Vec<Output>) {
        let gated = outputs.into_iter().map(|output| Gated::new(self.as_of, output));
        let mut gated: Vec<_> = gated.collect();
        if !gated.is_empty() {
            self.gate.hold(&mut gated);
            self.writer.nudge();
        }
    }

    fn position(&self, ticket: Ticket) -> Option<Output> {
        let rider = self.riders.get(ticket.index())?.as_ref()?;
        if !self.directory.is_connected(rider.student) {
            return None;
        }
        let window = self.id;
        let news = match self.window.state {
            WindowState::Planned => News::Armed { window, ticket, among: self.window.waiting },
            WindowState::Closed => return None,
            WindowState::Open => {
                News::Position { window, position: self.line.position(ticket)?, line: self.state() }
            }
        };
        Some(Output::Student(rider.student, news))
    }

    /// Exact places for everybody who is connected: at the opening, and after somebody left.
    fn tell_all_positions(&self) {
        let positions = self.line.waiting().filter_map(|ticket| self.position(ticket));
        self.tell(positions.collect());
    }

    /// The shared part of every position: one bulletin a tick, for everybody.
    fn push(&mut self) {
        self.measure();
        match self.window.state {
            WindowState::Planned => {
                let among = self.window.waiting;
                if self.told != (0, among) {
                    self.told = (0, among);
                    let bulletin = Bulletin::Among(self.id, among);
                    self.tell(vec![Output::Everyone(Arc::new(bulletin))]);
                }
            }
            WindowState::Open => {
                let state = self.state();
                if self.told != (state.served, state.waiting) {
                    self.told = (state.served, state.waiting);
                    let bulletin = Bulletin::Line(self.id, state);
                    self.tell(vec![Output::Everyone(Arc::new(bulletin))]);
                }
                if self.left && self.ticks.is_multiple_of(limits::EXACT_POSITION_TICKS) {
                    self.left = false;
                    self.tell_all_positions();
                }
                if self.ticks.is_multiple_of(limits::FORECAST_TICKS) {
                    self.forecast();
                }
            }
            WindowState::Closed => {}
        }
    }

    /// Pushes now and again after a while, the longer the more look on.
    fn keep_pushing(&mut self, ctx: &mut Context<Self>) {
        let connected = self.directory.sessions() as u64;
        let step = 1 + connected / limits::COARSER_PUSH_SESSIONS;
        ctx.run_later(Duration::from_millis(self.push_ms.saturating_mul(step)), Self::keep_pushing);
        self.ticks += 1;
        self.push();
        let changed = self.first_choices.changed();
        if !changed.is_empty() {
            self.tell(vec![Output::Tallies(vec![Tally::InLine(self.id, changed)])]);
        }
    }

    /// Has the plans ahead run dry on the seats that are on disk, on a thread of its own.
    fn forecast(&mut self) {
        if self.line.is_empty() || self.directory.students() == 0 {
            return;
        }
        let forecaster = self
            .forecaster
            .get_or_insert_with(|| Forecaster::start(self.gate.clone(), Arc::clone(&self.writer)));
        if forecaster.is_busy() {
            return;
        }
        let rows = self.line.waiting().filter_map(|ticket| {
            let rider = self.riders.get(ticket.index())?.as_ref()?;
            let wanted = self.directory.is_connected(rider.student);
            let fresh = wanted && self.fresh.contains(&rider.student);
            Some(Row { student: rider.student, plan: Arc::clone(&rider.plan), wanted, fresh })
        });
        let (as_of, sections) = self.board.all();
        let job = forecaster::Job {
            as_of: as_of.max(self.as_of),
            window: self.id,
            rules: self.window.rules.clone(),
            catalogue: Arc::clone(&self.catalogue),
            sections,
            rows: rows.collect(),
        };
        if self.forecaster.as_ref().is_some_and(|forecaster| forecaster.submit(job)) {
            self.fresh.clear();
        }
    }

    fn apply(&mut self, update: LineUpdate) {
        match update {
            LineUpdate::Window(window) => self.apply_window(*window),
            LineUpdate::Ticket { ticket, student, plan } => {
                if self.riders.len() <= ticket.index() {
                    self.riders.resize_with(ticket.index() + 1, || None);
                }
                self.first_choices.add(&plan, &self.catalogue, &self.covered);
                let since = self.now;
                self.riders[ticket.index()] = Some(Rider { student, plan, since });
                self.window.waiting += 1;
                if self.is_open() {
                    self.line.push(ticket);
                    let output = self.position(ticket);
                    self.tell(output.into_iter().collect());
                }
            }
            LineUpdate::Left(ticket) => {
                self.left |= self.is_open();
                self.admitted.remove(&ticket);
                self.line.leave(ticket);
                self.leave(ticket);
            }
            LineUpdate::Served(ticket) => {
                self.admitted.remove(&ticket);
                self.line.serve(ticket);
                if let Some(rider) = self.leave(ticket) {
                    let from = self.window.opened_at.unwrap_or_default().max(rider.since);
                    self.waited.push(self.now.0.saturating_sub(from.0));
                }
            }
            LineUpdate::Plan { ticket, plan } => {
                if let Some(Some(rider)) = self.riders.get_mut(ticket.index()) {
                    self.first_choices.remove(&rider.plan, &self.catalogue, &self.covered);
                    self.first_choices.add(&plan, &self.catalogue, &self.covered);
                    rider.plan = plan;
                }
            }
            LineUpdate::Tell(ticket) => {
                if let Some(Some(rider)) = self.riders.get(ticket.index()) {
                    self.fresh.insert(rider.student);
                }
                let output = self.position(ticket);
                self.tell(output.into_iter().collect());
            }
            LineUpdate::Catalogue(catalogue) => {
                self.catalogue = catalogue;
                self.count_first_choices();
            }
        }
    }

    fn leave(&mut self, ticket: Ticket) -> Option<Rider> {
        let rider = self.riders.get_mut(ticket.index())?.take()?;
        self.window.waiting = self.window.waiting.saturating_sub(1);
        self.first_choices.remove(&rider.plan, &self.catalogue, &self.covered);
        Some(rider)
    }

    fn apply_window(&mut self, window: Window) {
        let opened = window.state == WindowState::Open && !self.is_open();
        let again = window.run != self.window.run;
        let repaced = window.rules.pace != self.window.rules.pace;
        let turned = window.paused != self.window.paused && !opened;
        let closed = window.state == WindowState::Closed;
        self.window = window;
        if again || closed {
            self.riders.clear();
            self.first_choices.clear();
            self.closing_told = false;
            // Nobody knows the forecasts of a run that is over: the next one tells them all.
            self.forecaster = None;
        }
        if again || closed || opened {
            self.line = Line::new(&self.window);
            self.admitted.clear();
            self.told = (0, 0);
            let served = self.line.served();
            self.rate = Rate { since: clock::monotonic(), served, per_second: None };
        }
        if repaced || opened {
            self.set_pace();
        }
        if turned {
            // What was let go and came to the Registrar while it was paused led to nothing, and no
            // word of that comes: those go again. One that was served after all no longer waits.
            self.admitted.clear();
        }
        if turned && self.is_open() {
            // Everybody's wait is known no longer, or again; what was measured before still holds.
            self.rate.since = clock::monotonic();
            self.rate.served = self.line.served();
            self.tell_all_positions();
        }
        if opened {
            self.tell_all_positions();
            self.forecast();
        }
    }
}

fn own_job(command: Command, since: Instant) -> Job {
    Job::Command { command, origin: Origin::Own, permit: None, since }
}

impl Actor for LineActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(Duration::from_millis(limits::LINE_TICK_MS), |line, ctx| {
            line.keep_time();
            // After a fault in the chain of admissions this starts it again.
            line.admit(ctx);
        });
        self.keep_pushing(ctx);
    }
}

impl Handler<Updates> for LineActor {
    type Result = ();

    fn handle(&mut self, Updates { as_of, updates }: Updates, ctx: &mut Self::Context) {
        self.metrics.mail_taken(Mailbox::Line, self.id.index());
        self.as_of = self.as_of.max(as_of);
        self.now = self.clock.now();
        panic_point(|| "line".to_owned());
        for update in updates {
            self.apply(update);
        }
        if !self.waited.is_empty() {
            // Leaves with the next commit: no reason to hurry it.
            let waited = Output::Waited(std::mem::take(&mut self.waited));
            self.gate.hold(&mut vec![Gated::new(self.as_of, waited)]);
        }
        self.admit(ctx);
    }
}
