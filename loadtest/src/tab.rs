//! One tab: connects, plays its script at its times, hears what it is told, and resumes when its
//! socket is lost. Every request is kept until it is answered and then sent again, under the same
//! id, over the next socket.

mod hear;
mod say;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::{sleep, sleep_until};
use uuid::Uuid;

use crate::measure::Latency;
use crate::person::{Person, Stuck};
use crate::script::{Action, Later, Step, Tab};
use crate::wire::{self, Kind};
use crate::world::{World, change};
use crate::ws::{Broken, Socket};

/// Longest pause before a lost socket is connected again.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Times in a row that a sign-in is refused before the tab gives up.
const REFUSED_MAX: u32 = 8;

/// Times that somebody tries to look again at the end, and the pause after the first.
const LOOK_TRIES: u32 = 6;
/// See [`LOOK_TRIES`].
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// What a request waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kept {
    Plan,
    Arm,
    Disarm,
    Submit,
    Change,
}

/// A message sent and not answered.
#[derive(Debug)]
struct Pending {
    kept: Kept,
    id: Option<Uuid>,
    text: String,
    intended: Instant,
    /// After `busy`: send again then.
    again: Option<Instant>,
    /// Sent over the socket of now.
    sent: bool,
    /// Sent last before the gateway had said that the window is open.
    early: bool,
}

/// A plan in line: its outcome is to come.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    id: Uuid,
    /// When it was meant to be sent; `None`: armed, so at the opening.
    since: Option<Instant>,
    positioned: bool,
}

/// Why a socket's life ended.
enum End {
    /// It did all it had to, or the run is over.
    Done,
    /// Reload: connect again at once.
    Reload,
    /// Lost.
    Lost(Stuck),
}

/// The time without a socket after it was cut on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Absence {
    Never,
    Now,
    Until(Instant),
}

/// A tab being played.
pub struct Player {
    world: Rc<World>,
    tab: Tab,
    /// The time that the script's 0 stands for; `None`: the opening.
    zero: Option<Instant>,
    next: usize,
    pending: Vec<Pending>,
    waiting: Vec<Waiting>,
    sequence: u32,
    session: u32,
    /// Courses of the plan that this tab saved.
    planned: Vec<u32>,
    /// What she was told she has.
    held: Vec<u32>,
    later_at: Option<Instant>,
    refresh_at: Option<Instant>,
    /// It is her turn, and her message has not been answered.
    in_turn: bool,
    /// From when on she can send: she is signed in, and it is her turn.
    ready: Instant,
    finished: bool,
    welcomed: bool,
    absence: Absence,
}

impl Player {
    /// Ready to begin. In the closed model `zero` is the moment when it is her turn.
    pub fn new(world: Rc<World>, tab: Tab, zero: Option<Instant>) -> Self {
        Self {
            world,
            tab,
            zero,
            next: 0,
            pending: Vec::new(),
            waiting: Vec::new(),
            sequence: 0,
            session: 0,
            planned: Vec::new(),
            held: Vec::new(),
            later_at: None,
            refresh_at: None,
            in_turn: false,
            ready: Instant::now(),
            finished: false,
            welcomed: false,
            absence: Absence::Never,
        }
    }

    fn when(&self, at: f64) -> Option<Instant> {
        match self.zero {
            Some(zero) => Some(zero + Duration::from_secs_f64(at.max(0.0))),
            None => self.world.when(at),
        }
    }

    /// Plays to the end; a closed model's tab leaves when it is finished.
    pub async fn play(mut self) {
        let mut over = self.world.over.subscribe();
        tokio::select! {
            () = self.live() => {}
            _ = over.wait_for(|over| *over) => {}
        }
        self.finish();
    }

    /// Nothing more to do or to hear: counted once.
    fn finish(&mut self) {
        if !self.finished {
            self.finished = true;
            change(&self.world.unfinished, -1);
        }
    }

    async fn live(&mut self) {
        let mut opened = self.world.opened.subscribe();
        let begin = loop {
            match self.when(self.tab.connect_at) {
                Some(at) => break at,
                None if opened.changed().await.is_err() => return,
                None => {}
            }
        };
        sleep_until(begin.into()).await;
        let mut gateway = self.world.gateway.subscribe();
        let (mut intended, mut tries, mut refused) = (begin, 0_u32, 0);
        loop {
            let Ok(at) = gateway.wait_for(Option::is_some).await.map(|at| *at) else { return };
            let Some((start, address)) = at else { continue };
            self.welcomed = false;
            let stuck = match self.session(address, intended).await {
                End::Done => return,
                End::Reload => {
                    intended = Instant::now();
                    continue;
                }
                End::Lost(stuck) => stuck,
            };
            self.pending.iter_mut().for_each(|p| p.sent = false);
            (tries, refused) = if self.welcomed { (0, 0) } else { (tries + 1, refused) };
            intended = Instant::now();
            // What breaks because the gateway was killed on purpose is no error.
            if self.world.gateway.borrow().is_none_or(|(now, _)| now != start) {
                continue;
            }
            if let Stuck::Refused(text) = &stuck {
                refused += 1;
                self.refused(text);
                if refused == REFUSED_MAX {
                    return;
                }
            }
            self.world.measures.borrow_mut().counts.reconnects += 1;
            let pause = Duration::from_millis(25 << tries.min(7)).min(PAUSE_MAX);
            let jitter = self.world.random.borrow_mut().share();
            let asked = asked_pause(&stuck);
            sleep(asked.unwrap_or_else(|| pause.mul_f64(0.5 + jitter / 2.0))).await;
        }
    }

    fn refused(&self, text: &str) {
        let name = if text.contains("4003") { "wrong_version" } else { "refused" };
        self.world.measures.borrow_mut().error(name);
        if name == "wrong_version" {
            let version = wire::PROTOCOL;
            self.world.fail(format!(
                "the gateway speaks another protocol version than {version}; use the rush of its \
                 release ({text})"
            ));
        }
    }

    /// One socket's life.
    async fn session(&mut self, address: SocketAddr, intended: Instant) -> End {
        let world = Rc::clone(&self.world);
        let Ok(permit) = world.permits.acquire().await else { return End::Done };
        let student = self.tab.student;
        let person = Person { number: student, token: world.tokens[student].clone() };
        let last = (self.sequence > 0).then_some(self.sequence);
        self.session = world.session();
        let before = world.model.borrow().newest_of(student);
        let mut first = Vec::new();
        let mut heard = |kind, frame: &[u8]| first.push((kind, frame.to_vec()));
        let socket = person.sign_in(address, last, &mut heard).await;
        drop(permit);
        let mut socket = match socket {
            Ok(socket) => socket,
            Err(stuck) => return End::Lost(stuck),
        };
        (self.welcomed, self.ready) = (true, Instant::now());
        if self.absence == Absence::Now {
            self.absence = Absence::Until(self.ready);
        }
        change(&world.connected, 1);
        {
            let mut measures = world.measures.borrow_mut();
            measures.counts.connects += 1;
            measures.took(Latency::Connect, intended);
        }
        for (kind, frame) in first {
            self.hear(kind, &frame, before);
        }
        let every = Duration::from_secs_f64(self.tab.refresh_s);
        self.refresh_at = (!every.is_zero()).then(|| Instant::now() + every);
        let end = self.listen(&mut socket, before).await;
        world.went(student, self.session);
        change(&world.connected, -1);
        end
    }

    /// Speaks when something is due, and hears in between.
    async fn listen(&mut self, socket: &mut Socket, before: u64) -> End {
        let mut opened = self.world.opened.subscribe();
        let mut deaf_until: Option<Instant> = None;
        loop {
            match self.speak(socket).await {
                Ok(None) => {}
                Ok(Some(end)) => return end,
                Err(broken) => return End::Lost(broken.into()),
            }
            let (due, bell) = (self.due(), self.bell());
            let is_open = opened.borrow_and_update().is_some();
            let wake = match (due, deaf_until) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            tokio::select! {
                biased;
                () = at(wake), if wake.is_some() => {
                    deaf_until = deaf_until.filter(|until| *until > Instant::now());
                }
                frame = socket.next(), if deaf_until.is_none() => {
                    let frame = match frame {
                        Ok(frame) => frame,
                        Err(broken) => return End::Lost(self.lost(broken)),
                    };
                    let kind = wire::kind(frame);
                    self.hear(kind, frame, before);
                    self.answered();
                    if self.tab.slow_s > 0.0 {
                        deaf_until = Some(Instant::now() + Duration::from_secs_f64(self.tab.slow_s));
                    }
                }
                () = ring(bell.as_deref()), if bell.is_some() => {}
                _ = opened.changed(), if !is_open => {}
            }
        }
    }

    /// The bell of her next step's turn, as long as it is not her turn.
    fn bell(&self) -> Option<Rc<Notify>> {
        let turn = self.tab.steps.get(self.next)?.turn?;
        (turn > self.world.turn.get()).then(|| self.world.bell(turn)).flatten()
    }

    /// Her turn ends with the answer to her message: a place in the line is none yet.
    fn answered(&mut self) {
        if self.in_turn && self.pending.is_empty() {
            self.in_turn = false;
            self.world.next_turn();
        }
    }

    fn lost(&self, broken: Broken) -> Stuck {
        match broken {
            Broken::Closed(4001, _) => {
                self.world.measures.borrow_mut().error("closed_as_slow_reader");
                Stuck::Socket(broken)
            }
            broken => broken.into(),
        }
    }

    /// When something is due next.
    fn due(&self) -> Option<Instant> {
        let step = self.tab.steps.get(self.next);
        let step = step.filter(|step| step.turn.is_none_or(|turn| turn <= self.world.turn.get()));
        // Who closes the browser waits for the answers first.
        let waits = |step: &&Step| step.action == Action::Close && !self.pending.is_empty();
        let step =
            step.filter(|step| !self.in_turn && !waits(step)).and_then(|step| self.when(step.at));
        let again = self.pending.iter().filter_map(|p| p.again).min();
        let cut = self.tab.cut_at.and_then(|at| self.when(at));
        let refresh = self.refresh_at.filter(|_| !self.waiting.is_empty());
        [step, again, cut, refresh, self.later_at].into_iter().flatten().min()
    }

    /// Whether nothing more is to be done or heard.
    fn is_finished(&self) -> bool {
        self.next == self.tab.steps.len()
            && self.pending.is_empty()
            && self.waiting.is_empty()
            && self.later_at.is_none()
            && self.tab.cut_at.is_none()
            && self.tab.later == Later::Nothing
    }
}

async fn at(instant: Option<Instant>) {
    if let Some(instant) = instant {
        sleep_until(instant.into()).await;
    }
}

/// How long a gateway that is restarting, or full for the moment, asks to wait.
fn asked_pause(stuck: &Stuck) -> Option<Duration> {
    let Stuck::Socket(Broken::Closed(1012 | 1013, reason)) = stuck else { return None };
    let ms = reason.strip_prefix("retry_ms=")?.parse::<u64>().ok()?;
    Some(Duration::from_millis(ms.min(10_000)))
}

async fn ring(bell: Option<&Notify>) {
    if let Some(bell) = bell {
        bell.notified().await;
    }
}

/// The end of a run: signs in once more and hears what there is to hear. Returns the journal
/// position up to which she was told everything; none when she could not be told.
pub async fn look_again(world: &World, student: usize, address: SocketAddr) -> Option<u64> {
    let person = Person { number: student, token: world.tokens[student].clone() };
    for tries in 0..LOOK_TRIES {
        let permit = world.permits.acquire().await.ok()?;
        let before = world.model.borrow().newest_of(student);
        let mut welcome = Vec::new();
        let mut heard = |kind, frame: &[u8]| {
            if kind == Kind::Welcome {
                welcome = frame.to_vec();
            }
        };
        let Err(stuck) = person.sign_in(address, None, &mut heard).await else {
            return hear::look(world, student, &welcome, before);
        };
        drop(permit);
        if matches!(stuck, Stuck::Refused(_)) {
            return None;
        }
        sleep(asked_pause(&stuck).unwrap_or(LOOK_PAUSE * (1 << tries))).await;
    }
    None
}
