//! Everybody at once: each student at a socket of her own, armed before the opening, then
//! listening. Whatever is told goes to the auditor. A lost socket is connected again and resumed.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;
use uuid::Uuid;

use crate::audit::Auditor;
use crate::error::{Error, Result};
use crate::files::Demand;
use crate::gateway::Server;
use crate::person::{self, Person, Stuck};
use crate::setup::WINDOW;
use crate::talk::Talk;
use crate::wire::{self, Kind};

/// Sockets that connect, sign in and arm at the same time.
const CONNECTING_MAX: usize = 256;
/// Times that one student connects again to the same gateway.
const RECONNECTS_MAX: u32 = 20;
/// A phase without any progress for so long fails.
const STALL_MAX: Duration = Duration::from_secs(60);
/// Pause between two looks at the progress.
const LOOK_PAUSE: Duration = Duration::from_millis(5);
/// Pause between two lines about it.
const SAY_PAUSE: Duration = Duration::from_secs(2);

/// Gets frames that the auditor does not need: student, kind, frame.
pub type Ears = Box<dyn Fn(usize, Kind, &[u8])>;

/// Everybody.
pub struct Crowd {
    demand: &'static Demand,
    tokens: Vec<String>,
    requests: Vec<Uuid>,
    /// The model that judges what is told.
    pub auditor: RefCell<Auditor<'static>>,
    ears: Option<Ears>,
    /// Where the gateway is: its start's number and address; `None` while there is none.
    gateway: watch::Sender<Option<(u32, SocketAddr)>>,
    permits: Semaphore,
    sequences: RefCell<Vec<u32>>,
    armed: Cell<usize>,
    connected: Cell<usize>,
    /// Students signed in to the gateway's latest start.
    present: Cell<usize>,
    reconnects: Cell<u32>,
    last_outcome: Cell<Option<Instant>>,
    stuck: RefCell<Option<String>>,
}

/// Counts a socket while it is signed in.
struct Counted<'a>(&'a Cell<usize>);

impl<'a> Counted<'a> {
    fn new(cell: &'a Cell<usize>) -> Self {
        cell.set(cell.get() + 1);
        Self(cell)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Crowd {
    /// Everybody of the demand, with their sign-in tokens in the same order. They begin when they
    /// are told where the gateway is.
    pub fn new(demand: &'static Demand, tokens: Vec<String>, ears: Option<Ears>) -> Rc<Self> {
        let requests: Vec<Uuid> = demand.students.iter().map(|_| Uuid::now_v7()).collect();
        let crowd = Rc::new(Self {
            demand,
            tokens,
            auditor: RefCell::new(Auditor::new(demand, requests.clone())),
            requests,
            ears,
            gateway: watch::Sender::new(None),
            permits: Semaphore::new(CONNECTING_MAX),
            sequences: RefCell::new(vec![0; demand.students.len()]),
            armed: Cell::new(0),
            connected: Cell::new(0),
            present: Cell::new(0),
            reconnects: Cell::new(0),
            last_outcome: Cell::new(None),
            stuck: RefCell::new(None),
        });
        for student in 0..demand.students.len() {
            tokio::task::spawn_local(Rc::clone(&crowd).live(student));
        }
        crowd
    }

    /// The gateway is here (its n-th start), or gone.
    pub fn gateway_is(&self, at: Option<(u32, SocketAddr)>) {
        self.present.set(0);
        self.gateway.send_replace(at);
    }

    /// Students.
    pub fn len(&self) -> usize {
        self.demand.students.len()
    }

    /// Requests in all.
    pub fn requests(&self) -> usize {
        self.demand.requests()
    }

    /// Students armed.
    pub fn armed(&self) -> usize {
        self.armed.get()
    }

    /// Sockets signed in.
    pub fn connected(&self) -> usize {
        self.connected.get()
    }

    /// Students who have been signed in to the gateway's latest start.
    pub fn present(&self) -> usize {
        self.present.get()
    }

    /// Times that a socket was lost although the gateway was there.
    pub fn reconnects(&self) -> u32 {
        self.reconnects.get()
    }

    /// When the last new outcome was told.
    pub fn last_outcome(&self) -> Option<Instant> {
        self.last_outcome.get()
    }

    /// Requests whose outcome was told.
    pub fn decided(&self) -> usize {
        self.auditor.borrow().decided()
    }

    /// Waits until `progress` reaches `goal`; fails when somebody is stuck, when the gateway ended,
    /// or when nothing moves.
    pub async fn wait(
        &self,
        what: &str,
        goal: usize,
        progress: impl Fn() -> usize,
        mut server: Option<&mut Server>,
        talk: Talk,
    ) -> Result<()> {
        let (mut last, mut moved, mut said) = (progress(), Instant::now(), Instant::now());
        loop {
            let now = progress();
            if let Some(text) = self.stuck.borrow().as_ref() {
                return Err(Error::Failed(text.clone()));
            }
            if now >= goal {
                talk.say(format_args!("{what}: {now} of {goal}"));
                return Ok(());
            }
            if let Some(server) = server.as_deref_mut().filter(|_| moved.elapsed() > SAY_PAUSE)
                && !server.is_alive()
            {
                let words = server.last_words();
                return Err(Error::Failed(format!("the gateway ended by itself: {words}")));
            }
            if now != last {
                (last, moved) = (now, Instant::now());
            }
            if moved.elapsed() > STALL_MAX {
                let seconds = STALL_MAX.as_secs();
                let text = format!("{what}: stands at {now} of {goal} since {seconds} s");
                return Err(Error::Failed(text));
            }
            if said.elapsed() > SAY_PAUSE {
                said = Instant::now();
                talk.say(format_args!("{what}: {now} of {goal} …"));
            }
            sleep(LOOK_PAUSE).await;
        }
    }

    /// One student's life: connect, arm, listen; again when the socket is lost.
    async fn live(self: Rc<Self>, student: usize) {
        let (mut seen, mut armed, mut tries, mut present) = (0, false, 0, false);
        let mut gateway = self.gateway.subscribe();
        loop {
            let Ok(at) = gateway.wait_for(Option::is_some).await.map(|at| *at) else {
                return;
            };
            let Some((start, address)) = at else { continue };
            if start != seen {
                (seen, tries, present) = (start, 0, false);
            }
            let Err(stuck) = self.session(student, address, &mut present, &mut armed).await else {
                return;
            };
            match stuck {
                _ if *self.gateway.borrow() != at => continue,
                Stuck::Refused(text) => return self.is_stuck(student, &text),
                Stuck::Socket(broken) if tries == RECONNECTS_MAX => {
                    return self.is_stuck(student, &broken.to_string());
                }
                Stuck::Socket(_) => self.reconnects.set(self.reconnects.get() + 1),
            }
            tries += 1;
            sleep(Duration::from_millis(50 * u64::from(tries))).await;
        }
    }

    /// One socket's life. Ends only when it is lost.
    async fn session(
        &self,
        student: usize,
        gateway: SocketAddr,
        present: &mut bool,
        armed: &mut bool,
    ) -> std::result::Result<(), Stuck> {
        let permit = self.permits.acquire().await;
        let person = Person { number: student, token: self.tokens[student].clone() };
        let last = armed.then(|| self.sequences.borrow()[student]);
        let mut heard = |kind, frame: &[u8]| self.heard(student, kind, frame);
        let mut socket = person.sign_in(gateway, last, &mut heard).await?;
        let _counted = Counted::new(&self.connected);
        if !*armed {
            let indices = self.demand.students[student].requests.iter();
            let courses = indices.map(|i| self.demand.sections[*i as usize].id.as_str());
            let courses: Vec<&str> = courses.collect();
            person::arm(&mut socket, &courses, WINDOW, self.requests[student], &mut heard).await?;
            *armed = true;
            self.armed.set(self.armed.get() + 1);
        }
        // Once a start of the gateway, whichever try it was.
        if !std::mem::replace(present, true) {
            self.present.set(self.present.get() + 1);
        }
        drop(permit);
        loop {
            let frame = socket.next().await?;
            let kind = wire::kind(frame);
            if kind == Kind::Error {
                return Err(Stuck::Refused(person::fault(frame)));
            }
            self.heard(student, kind, frame);
        }
    }

    fn heard(&self, student: usize, kind: Kind, frame: &[u8]) {
        if let Some(ears) = &self.ears {
            ears(student, kind, frame);
        }
        if !matches!(kind, Kind::Welcome | Kind::Outcomes) {
            return;
        }
        let told = match serde_json::from_slice::<wire::Outcomes>(frame) {
            Ok(told) => told,
            Err(e) => return self.is_stuck(student, &format!("cannot read a {kind:?}: {e}")),
        };
        let sequence = &mut self.sequences.borrow_mut()[student];
        *sequence = told.sequence.max(*sequence);
        let mut auditor = self.auditor.borrow_mut();
        let before = auditor.decided();
        if kind == Kind::Welcome {
            auditor.told_again(student, &told.outcomes);
        } else {
            told.outcomes.iter().for_each(|outcome| auditor.told(student, outcome));
        }
        if auditor.decided() > before {
            self.last_outcome.set(Some(Instant::now()));
        }
    }

    fn is_stuck(&self, student: usize, text: &str) {
        let key = &self.demand.students[student].key;
        self.stuck.borrow_mut().get_or_insert_with(|| format!("student {key}: {text}"));
    }
}

#[cfg(test)]
#[path = "crowd_tests.rs"]
mod tests;
