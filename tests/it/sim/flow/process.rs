//! One life of the real actors on the current thread, put together as `application/core.rs` does
//! on threads of its own.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, Message};
use sluis::actors::board::SeatBoard;
use sluis::actors::directory::Directory;
use sluis::actors::gate::{Exit, Gate};
use sluis::actors::gateway::{Answer, Denied, Gateway, Settings};
use sluis::actors::messenger::{Messenger, send_view};
use sluis::actors::registrar::{Parts, Registrar};
use sluis::actors::sign_ins::SignIns;
use sluis::actors::student::{FromSession, StudentActor, ToSession};
use sluis::actors::tally::TallyBoard;
use sluis::actors::tell;
use sluis::application::recover::{counted, recover};
use sluis::clock::Clock;
use sluis::domain::command::Command;
use sluis::domain::ids::{StudentId, Timestamp, WindowId};
use sluis::domain::line::Line;
use sluis::domain::registry::Registry;
use sluis::domain::window::WindowState;
use sluis::journal::memory::Disk;
use sluis::journal::{JournalReader, Writer};
use sluis::metrics::Metrics;
use sluis::protocol::server::ServerMessage;
use tokio::sync::watch;

use super::super::audit::{Heard, Shown, Violation};
use super::super::gateway::shown;
use super::super::random::Random;
use super::super::told::{self, Counts, Place, Seats};

/// Rounds that anything may take to come to rest: what is still under way then hangs.
const ROUNDS_MAX: u32 = 3_000_000;
/// Frames that a session may have before they are looked at.
const EAR_MAILBOX: usize = 10_000;

/// An answer, or why there is none.
pub type Answered = Result<Answer, Denied>;

/// A session that keeps what it is sent.
#[derive(Default)]
struct Ear {
    frames: Vec<ServerMessage>,
}

impl Actor for Ear {
    type Context = Context<Self>;
}

impl Handler<ToSession> for Ear {
    type Result = ();

    fn handle(&mut self, message: ToSession, _: &mut Context<Self>) {
        if let ToSession::Frame(text) = message {
            self.frames.extend(serde_json::from_str::<ServerMessage>(&text).ok());
        }
    }
}

#[derive(Message)]
#[rtype(result = "Vec<ServerMessage>")]
struct Frames;

impl Handler<Frames> for Ear {
    type Result = Vec<ServerMessage>;

    fn handle(&mut self, _: Frames, _: &mut Context<Self>) -> Vec<ServerMessage> {
        std::mem::take(&mut self.frames)
    }
}

struct Session {
    student: u32,
    ear: Addr<Ear>,
    /// The record up to which the welcome told.
    from: Option<u64>,
    heard: Vec<Heard>,
}

pub struct Process {
    gateway: Gateway,
    writer: Arc<Writer>,
    failed: Arc<AtomicBool>,
    pub reader: JournalReader,
    answers: Rc<RefCell<Vec<(u32, Answered)>>>,
    given: u32,
    messenger: (usize, Addr<Messenger>),
    sessions: Vec<Session>,
    latest: Rc<RefCell<Registry>>,
}

/// The journal that the process before held is free once its thread has ended.
fn open(disk: &Disk) -> Result<sluis::journal::memory::MemoryJournal, Violation> {
    let mut last = None;
    for _ in 0..2_000 {
        match disk.open() {
            Ok(journal) => return Ok(journal),
            Err(error) => last = Some(error),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(Violation::start(format!("{last:?}")))
}

/// A round for the actors, and now and then a moment for the journal's thread.
async fn let_others_run(round: u32) {
    tokio::task::yield_now().await;
    if round % 16 == 15 {
        std::thread::sleep(Duration::from_micros(50));
    }
}

impl Process {
    /// Starts on what the disk has.
    pub fn start(disk: &Disk, now: Timestamp) -> Result<Self, Violation> {
        let recovered = recover(Box::new(open(disk)?));
        let recovered = recovered.map_err(|error| Violation::start(error.to_string()))?;
        if let Some(violation) = recovered.violations.first() {
            return Err(Violation::start(format!("{violation:?}")));
        }
        let (university, journal) = (recovered.university, recovered.journal);
        let metrics = Arc::new(Metrics::new());
        for count in counted(&university) {
            metrics.count(&count);
        }
        let registry = university.registry;
        let latest = Rc::new(RefCell::new(registry.clone()));
        let durable = journal.durable();
        let board = Arc::new(SeatBoard::new(durable, university.sections.clone()));
        let sign_ins = Arc::new(SignIns::new(&registry));
        let (publish, public) = watch::channel(Arc::new(tell::public(&registry)));
        let directory = Arc::new(Directory::default());
        let tallies = Arc::new(TallyBoard::new(&registry));
        let gate = Gate::new();
        let mut exit = Exit::new(
            gate.clone(),
            Arc::clone(&board),
            Arc::clone(&sign_ins),
            publish,
            Arc::clone(&directory),
            Arc::clone(&tallies),
            Arc::clone(&metrics),
        );
        let reader = journal.reader();
        let failed = Arc::new(AtomicBool::new(false));
        let fails = Arc::clone(&failed);
        let writer = Writer::start(
            journal,
            durable.next(),
            Box::new(move |durable, _| exit.release(durable)),
            Box::new(move |_| fails.store(true, Ordering::Release)),
        );
        let writer = writer.map_err(|error| Violation::start(error.to_string()))?;
        let writer = Arc::new(writer);
        let clock = Clock::manual(now);
        let registrar = Registrar::begin(Parts {
            epoch: registry.epoch + 1,
            registry,
            sections: university.sections,
            gate,
            writer: Arc::clone(&writer),
            keys: reader.keys().clone(),
            directory: Arc::clone(&directory),
            board: Arc::clone(&board),
            clock: clock.clone(),
            position_push_ms: 251,
            metrics: Arc::clone(&metrics),
        });
        let settings = Settings::default();
        let gateway = Gateway::new(
            board, sign_ins, directory, tallies, public, registrar, settings, metrics, clock,
        );
        let messenger = Messenger::begin(&gateway);
        Ok(Self {
            gateway,
            writer,
            failed,
            reader,
            answers: Rc::default(),
            given: 0,
            messenger,
            sessions: Vec::new(),
            latest,
        })
    }

    /// The wall clock jumps, forth or back.
    pub fn jump(&self, ms: i64) {
        // The clock only adds; to go back it is taken once around.
        self.gateway.clock().advance(Duration::from_millis(ms as u64));
    }

    /// Commands given and not answered.
    pub const fn in_flight(&self) -> u32 {
        self.given
    }

    /// Whether the journal has failed.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Gives a command; its answer is kept.
    pub fn send(&mut self, n: u32, command: Command) {
        let (gateway, answers) = (self.gateway.clone(), Rc::clone(&self.answers));
        self.given += 1;
        actix::spawn(async move {
            let answer = gateway.command(command).await;
            answers.borrow_mut().push((n, answer));
        });
    }

    /// Answers that have come.
    pub fn answers(&mut self) -> Vec<(u32, Answered)> {
        let answers: Vec<_> = self.answers.borrow_mut().drain(..).collect();
        self.given -= answers.len() as u32;
        answers
    }

    /// Lets everybody run for so many rounds.
    pub async fn spin(&self, rounds: u32) {
        for _ in 0..rounds {
            tokio::task::yield_now().await;
        }
    }

    /// Until nothing is on its way: mailboxes are empty, all is durable and told.
    pub async fn rest(&self) {
        self.quiet().await;
        // What was released before this read's answer has reached its mailbox by then.
        let (latest, gateway) = (Rc::clone(&self.latest), self.gateway.clone());
        let read = actix::spawn(async move {
            if let Ok((_, registry)) = gateway.read(Clone::clone).await {
                latest.replace(registry);
            }
        });
        for round in 0..ROUNDS_MAX {
            if read.is_finished() || self.failed.load(Ordering::Acquire) {
                break;
            }
            let_others_run(round).await;
        }
        self.quiet().await;
    }

    /// Until nothing is on its way that a command or a line began. The gate may hold what goes
    /// along with the next release.
    pub async fn quiet(&self) {
        let mut still = 0;
        for round in 0..ROUNDS_MAX {
            if still >= 40 || self.failed.load(Ordering::Acquire) {
                break;
            }
            let busy =
                self.gateway.in_flight().now > 0 || self.writer.written() > self.writer.durable();
            still = if busy { 0 } else { still + 1 };
            let_others_run(if busy { round } else { 0 }).await;
        }
    }

    /// State as it was last read, through the gate.
    pub fn registry(&self) -> Registry {
        self.latest.borrow().clone()
    }

    /// Seats as everybody can read them.
    pub fn seats(&self) -> Vec<Seats> {
        self.gateway.board().all().1.iter().map(shown::seats).collect()
    }

    /// What can be read, at rest.
    pub fn shown(&self) -> Shown {
        let registry = self.latest.borrow();
        let lines: Vec<Line> = registry.windows.iter().map(Line::new).collect();
        let place = |student: u32, window: u32| {
            let ticket = registry.student(StudentId(student)).ticket(WindowId(window))?;
            let open = registry.windows[window as usize].state == WindowState::Open;
            let position = lines[window as usize].position(ticket).filter(|_| open);
            Some(Place { ticket: ticket.0, position })
        };
        let view = |student| shown::view(&registry, student, 0, |w| place(student, w));
        Shown {
            views: (0..registry.students.len() as u32).map(view).collect(),
            seats: self.seats(),
            counts: self.counts(),
        }
    }

    /// What a scrape says.
    fn counts(&self) -> Counts {
        let text = self.gateway.metrics().render();
        let sum = |name: &str| -> u64 {
            let lines = text.lines().filter(|line| line.starts_with(name));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
        };
        let outcome = |key: &str| sum(&format!("sluis_outcomes_total{{outcome=\"{key}\""));
        let tickets = |key: &str| sum(&format!("sluis_tickets_total{{event=\"{key}\""));
        let mut counts = [0; 11];
        counts[told::ENROLLED] = outcome("enrolled");
        counts[told::WAITLISTED] = outcome("waitlisted");
        counts[told::REFUSED] = outcome("refused");
        counts[told::DROPPED] = outcome("dropped");
        counts[told::LEFT_WAITLIST] = outcome("left_waitlist");
        counts[told::PROMOTED] = sum("sluis_promotions_total ");
        counts[told::PASSED_OVER] = sum("sluis_passed_over_total ");
        counts[told::SWAPS] = sum("sluis_swaps_total ");
        counts[told::TICKETS_TAKEN] = tickets("taken");
        counts[told::TICKETS_LEFT] = tickets("left");
        counts[told::TICKETS_DECIDED] = tickets("decided");
        counts
    }

    /// A few students come with a session each.
    pub fn connect_some(&mut self, random: &mut Random) {
        let students = self.latest.borrow().students.len() as u32;
        for student in 0..students.min(6) {
            if random.permille(600) {
                self.connect(student);
            }
        }
    }

    fn connect(&mut self, student: u32) {
        let number = self.gateway.session_number();
        let (id, through) = (StudentId(student), self.messenger.1.clone());
        let gateway = self.gateway.clone();
        let start = |generation| StudentActor::begin(id, generation, gateway, through);
        let hub = self.gateway.directory().hub(id, self.messenger.0, start);
        let ear = Ear::create(|ctx| {
            ctx.set_mailbox_capacity(EAR_MAILBOX);
            Ear::default()
        });
        let sink = ear.clone().recipient();
        let (behind, device) = (Arc::default(), None);
        let attached = hub.try_send(FromSession::Attach { number, sink, behind, device });
        let shown = send_view(&self.gateway, &self.messenger.1, (id, number), None);
        if attached.is_ok() && shown.is_ok() {
            let (from, heard) = (None, Vec::new());
            self.sessions.push(Session { student, ear, from, heard });
        }
    }

    /// For each session: whose, since which record, and what it was sent since.
    pub async fn frames(&mut self) -> Vec<(u32, u64, &[Heard])> {
        for session in &mut self.sessions {
            let Ok(frames) = session.ear.send(Frames).await else { continue };
            for frame in frames {
                match frame {
                    ServerMessage::Welcome(view) => {
                        session.from = Some(view.as_of);
                        session.heard.clear();
                    }
                    ServerMessage::Message { message, .. } => {
                        let (journal, kind) = (message.journal, message.kind);
                        session.heard.push(Heard { journal, kind });
                    }
                    ServerMessage::Outcomes { outcomes, .. } => {
                        session.heard.extend(outcomes.into_iter().map(|outcome| Heard {
                            journal: outcome.journal,
                            kind: outcome.outcome,
                        }));
                    }
                    _ => {}
                }
            }
        }
        let told = self.sessions.iter().filter_map(|s| Some((s.student, s.from?, &s.heard[..])));
        told.collect()
    }
}
