//! What all tabs of a run share: the clock, the model, the measurements, where the gateway is.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore, watch};

use crate::measure::Measures;
use crate::model::{Model, Rules};
use crate::population::Population;
use crate::random::Random;

/// Sockets that connect at the same time.
const CONNECTING_MAX: usize = 256;
/// Students whose position curves are kept.
const CURVES: usize = 8;

/// The run.
pub struct World {
    /// Who and what.
    pub population: Rc<Population>,
    /// Sign-in tokens, by student.
    pub tokens: Vec<String>,
    /// Window key.
    pub window: String,
    /// Share of the messages that are sent twice.
    pub duplicate: f64,
    /// The auditor.
    pub model: RefCell<Model>,
    /// The measurements.
    pub measures: RefCell<Measures>,
    /// Draws during the run.
    pub random: RefCell<Random>,
    /// The gateway's start number and address; `None` while it is away.
    pub gateway: watch::Sender<Option<(u32, SocketAddr)>>,
    /// When the window was opened.
    pub opened: watch::Sender<Option<Instant>>,
    /// The run is over.
    pub over: watch::Sender<bool>,
    /// Those who connect now.
    pub permits: Semaphore,
    /// The beginning, and seconds from there to the opening.
    pub start: Instant,
    /// Seconds from the start to the planned opening.
    pub lead: f64,
    /// Sessions so far: a number for each.
    pub sessions: Cell<u32>,
    /// Sockets signed in.
    pub connected: Cell<usize>,
    /// Students in a line, as far as they were told.
    pub in_line: Cell<usize>,
    /// Arms not answered yet.
    pub arming: Cell<usize>,
    /// Tabs that still have something to do or to hear.
    pub unfinished: Cell<usize>,
    /// By student, her sessions that read what they are told at once, each with the journal
    /// position of its welcome. At the end: those that were there until then.
    pub up: RefCell<HashMap<usize, Vec<(u32, u64)>>>,
    /// Where the journal stood so long before the end that whoever was there should have heard.
    pub heard_until: Cell<Option<u64>>,
    /// Outcomes up to there that somebody heard only by looking again, although she was there.
    pub told_late: Cell<u64>,
    /// The gateway has said that the window is open; [`Self::opened`] is when it was asked to.
    pub is_open: Cell<bool>,
    /// Students with two tabs.
    pub second: RefCell<std::collections::HashSet<usize>>,
    /// Course indices by key.
    pub courses: HashMap<String, u32>,
    /// In a run that keeps an order: whose turn it is, and a bell for each turn.
    pub turn: Cell<usize>,
    /// See `turn`.
    pub bells: RefCell<Vec<Rc<Notify>>>,
    /// Why no run is possible at all, if so.
    pub fatal: RefCell<Option<String>>,
}

impl World {
    /// Before anything happens.
    pub fn new(
        population: Rc<Population>,
        tokens: Vec<String>,
        window: String,
        rules: Rules,
        (lead, seconds, duplicate, seed): (f64, f64, f64, u64),
    ) -> Rc<Self> {
        let keys = Rc::new(population.students.iter().map(|s| s.key.clone()).collect());
        let catalogue = Rc::new(population.catalogue.clone());
        let courses = catalogue.courses.iter().enumerate();
        let courses = courses.map(|(i, c)| (c.key.clone(), i as u32)).collect();
        let mut measures = Measures::new(seconds);
        let step = (tokens.len() / CURVES).max(1);
        measures.curves = (0..tokens.len()).step_by(step).map(|i| (i, Vec::new())).collect();
        Rc::new(Self {
            model: RefCell::new(Model::new(catalogue, keys, rules)),
            measures: RefCell::new(measures),
            random: RefCell::new(Random::new(seed, 3)),
            gateway: watch::Sender::new(None),
            opened: watch::Sender::new(None),
            over: watch::Sender::new(false),
            permits: Semaphore::new(CONNECTING_MAX),
            start: Instant::now(),
            sessions: Cell::new(0),
            connected: Cell::new(0),
            in_line: Cell::new(0),
            arming: Cell::new(0),
            unfinished: Cell::new(0),
            fatal: RefCell::new(None),
            up: RefCell::default(),
            heard_until: Cell::new(None),
            told_late: Cell::new(0),
            is_open: Cell::new(false),
            second: RefCell::default(),
            turn: Cell::new(0),
            bells: RefCell::default(),
            population,
            tokens,
            window,
            duplicate,
            lead,
            courses,
        })
    }

    /// The instant for a time after the opening; `None`: after an opening still to come.
    pub fn when(&self, at: f64) -> Option<Instant> {
        if at < 0.0 {
            return Some(self.start + Duration::from_secs_f64((self.lead + at).max(0.0)));
        }
        let opened = *self.opened.borrow();
        opened.map(|opened| opened + Duration::from_secs_f64(at))
    }

    /// A number for a new session.
    pub fn session(&self) -> u32 {
        self.sessions.set(self.sessions.get() + 1);
        self.sessions.get()
    }

    /// The turn is over: the next one begins.
    pub fn next_turn(&self) {
        self.turn.set(self.turn.get() + 1);
        if let Some(bell) = self.bells.borrow().get(self.turn.get()) {
            bell.notify_one();
        }
    }

    /// Until it is this turn.
    pub async fn turn_of(&self, turn: usize) {
        while self.turn.get() < turn {
            match self.bell(turn) {
                Some(bell) => bell.notified().await,
                None => return,
            }
        }
    }

    /// The bell of a turn.
    pub fn bell(&self, turn: usize) -> Option<Rc<Notify>> {
        self.bells.borrow().get(turn).cloned()
    }

    /// A session of hers was told everything up to this journal position, and hears the rest.
    pub fn came(&self, student: usize, session: u32, welcome: u64) {
        let mut up = self.up.borrow_mut();
        let hers = up.entry(student).or_default();
        hers.retain(|(other, _)| *other != session);
        hers.push((session, welcome));
    }

    /// A session of hers is gone.
    pub fn went(&self, student: usize, session: u32) {
        if let Some(hers) = self.up.borrow_mut().get_mut(&student) {
            hers.retain(|(other, _)| *other != session);
        }
    }

    /// Whether a session of hers was there, and should have heard of what was decided at this
    /// journal position.
    pub fn should_have_heard(&self, student: usize, journal: u64) -> bool {
        let up = self.up.borrow();
        let mut hers = up.get(&student).into_iter().flatten();
        self.heard_until.get().is_some_and(|until| journal <= until)
            && hers.any(|(_, welcome)| *welcome < journal)
    }

    /// Whether the student has two tabs.
    pub fn has_second(&self, student: usize) -> bool {
        self.second.borrow().contains(&student)
    }

    /// Makes the run impossible, with the first reason given.
    pub fn fail(&self, text: String) {
        self.fatal.borrow_mut().get_or_insert(text);
    }
}

/// Adds to a cell, or takes away.
pub fn change(cell: &Cell<usize>, by: isize) {
    cell.set(cell.get().saturating_add_signed(by));
}
