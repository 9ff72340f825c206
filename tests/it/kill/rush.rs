//! A student in the rush: what she asked, what she was told, and what she does next.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sluis::protocol::client::{ClientMessage, CourseRequestDto};
use sluis::protocol::server::{MessageView, OutcomeView, ServerMessage};
use tokio::time::timeout;
use uuid::Uuid;

use crate::journal_child::scatter;
use crate::support::student::any;
use crate::support::{PATIENCE, Process, TestStudent};

/// What a round is about.
pub struct Plot {
    pub window: String,
    /// Each with its window.
    pub courses: Vec<(String, String)>,
    /// How many of them, the last ones, are the round's own.
    pub own: usize,
    pub arms: bool,
    /// Outcomes told in this round, to anybody.
    pub told: Arc<AtomicU64>,
    /// The program is gone: nobody asks any more.
    pub killed: AtomicBool,
}

pub struct Rusher {
    pub key: String,
    random: u64,
    tab: Option<TestStudent>,
    sequence: u32,
    /// Sent and not answered.
    pub asked: BTreeMap<Uuid, ClientMessage>,
    /// Every request that was ever sent.
    pub sent: HashMap<Uuid, ClientMessage>,
    /// When it was sent first: the last journal position that anybody had been told.
    pub floors: HashMap<Uuid, u64>,
    /// The last journal position that anybody was told; everybody's.
    latest: Arc<AtomicU64>,
    /// Every outcome that was ever told.
    pub told: HashMap<(Uuid, String), OutcomeView>,
    /// Messages pushed to her, once each.
    pub heard: HashMap<String, MessageView>,
    /// What she believes to have, to choose sensible requests.
    has: HashSet<String>,
    waits: HashSet<String>,
}

impl Rusher {
    pub fn new(key: String, random: u64, latest: Arc<AtomicU64>) -> Self {
        Self {
            key,
            random,
            tab: None,
            sequence: 0,
            asked: BTreeMap::new(),
            sent: HashMap::new(),
            floors: HashMap::new(),
            latest,
            told: HashMap::new(),
            heard: HashMap::new(),
            has: HashSet::new(),
            waits: HashSet::new(),
        }
    }

    fn draw(&mut self, below: usize) -> usize {
        self.random = scatter(self.random);
        (self.random % below as u64) as usize
    }

    /// Makes a request; whether it could be sent. It may be decided even when it could not.
    async fn ask(&mut self, id: Uuid, message: ClientMessage) -> bool {
        self.asked.insert(id, message.clone());
        self.sent.insert(id, message.clone());
        self.floors.entry(id).or_insert_with(|| self.latest.load(Ordering::SeqCst));
        self.tab.as_mut().unwrap().try_send(&message).await
    }

    /// Takes in what the gateway says; the outcomes that are new.
    fn take(&mut self, message: &ServerMessage) -> u64 {
        match message {
            ServerMessage::Outcomes { outcomes, .. } => {
                return outcomes.iter().map(|o| self.outcome(o)).sum();
            }
            ServerMessage::Message { message, .. } => {
                let before = self.heard.insert(message.id.clone(), message.clone());
                assert_eq!(before, None, "{}: told twice", self.key);
                self.latest.fetch_max(message.journal, Ordering::SeqCst);
                let course = message.course.clone().unwrap_or_default();
                if message.kind == "promoted" {
                    self.waits.remove(&course);
                    self.has.extend([course]);
                    self.has.remove(message.about.as_deref().unwrap_or_default());
                }
            }
            // Not accepted, nothing changed: the request never was.
            ServerMessage::Error { id: Some(id), .. }
            | ServerMessage::Busy { id: Some(id), .. } => {
                self.asked.remove(id);
            }
            _ => {}
        }
        0
    }

    /// Outcomes of requests before which anybody had been told anything.
    pub fn told_before(&self) -> u64 {
        self.told.values().filter(|told| self.floors[&told.id] > 0).count() as u64
    }

    fn outcome(&mut self, outcome: &OutcomeView) -> u64 {
        self.asked.remove(&outcome.id);
        self.latest.fetch_max(outcome.journal, Ordering::SeqCst);
        let course = outcome.course.clone();
        let key = (outcome.id, course.clone());
        if let Some(before) = self.told.get(&key) {
            assert_eq!(before, outcome, "{}: one request, two outcomes", self.key);
            return 0;
        }
        self.told.insert(key, outcome.clone());
        match outcome.outcome.as_str() {
            "enrolled" => drop(self.has.insert(course)),
            "waitlisted" => drop(self.waits.insert(course)),
            "dropped" => drop(self.has.remove(&course)),
            "left_waitlist" => drop(self.waits.remove(&course)),
            _ => {}
        }
        1
    }

    /// Plans the round's courses and takes a place in its line.
    pub async fn arm(&mut self, plot: &Plot) {
        let own = &plot.courses[plot.courses.len() - plot.own..];
        let from = self.draw(own.len());
        let order = own.iter().cycle().skip(from).take(own.len());
        let courses: Vec<_> = order.map(|(_, course)| any(course, true)).collect();
        self.tab.as_mut().unwrap().set_plan(&courses).await;
        let id = Uuid::now_v7();
        assert!(self.ask(id, ClientMessage::Arm { id, window: plot.window.clone() }).await);
        let armed = |m: &ServerMessage| matches!(m, ServerMessage::Armed { .. }).then_some(());
        self.tab.as_mut().unwrap().expect("armed", armed).await;
    }

    /// Asks, hears the answer, asks again, until the connection ends.
    pub async fn run(mut self, plot: Arc<Plot>) -> Self {
        loop {
            if self.asked.is_empty() && !plot.killed.load(Ordering::Relaxed) {
                let (id, message) = self.next(&plot);
                // A connection that is gone says so when it is read.
                self.ask(id, message).await;
            }
            let heard = timeout(PATIENCE, self.tab.as_mut().unwrap().hear()).await;
            match heard.expect("an answer, or the end of the connection") {
                Ok(message) => {
                    let new = self.take(&message);
                    plot.told.fetch_add(new, Ordering::Relaxed);
                }
                Err(_) => break,
            }
        }
        self.sequence = self.tab.take().unwrap().sequence;
        self
    }

    fn next(&mut self, plot: &Plot) -> (Uuid, ClientMessage) {
        let id = Uuid::now_v7();
        let (window, course) = plot.courses[self.draw(plot.courses.len())].clone();
        let (_, other) = plot.courses[self.draw(plot.courses.len())].clone();
        let held = |set: &HashSet<String>, n: usize| {
            let mut of_plot: Vec<_> =
                plot.courses.iter().map(|(_, c)| c).filter(|c| set.contains(*c)).collect();
            let nth = n % of_plot.len().max(1);
            (nth < of_plot.len()).then(|| of_plot.swap_remove(nth).clone())
        };
        let turn = self.draw(8);
        let message = match (turn, held(&self.has, turn), held(&self.waits, turn)) {
            (0 | 1, Some(course), _) => ClientMessage::Drop { id, course },
            (2, _, Some(course)) => ClientMessage::LeaveWaitlist { id, course },
            (3 | 4, Some(from), _) => ClientMessage::Swap { id, from, to: any(&other, turn == 4) },
            _ => {
                let courses: Vec<CourseRequestDto> = vec![any(&course, turn != 5)];
                ClientMessage::Submit { id, window, courses: Some(courses) }
            }
        };
        (id, message)
    }

    /// A new connection after the kill: what she was told must be there at once.
    pub async fn come_back(&mut self, process: &Process) {
        if let Some(before) = self.tab.take() {
            self.sequence = before.sequence;
        }
        let token = process.token(&self.key);
        let mut tab = TestStudent::connect(process.address(), &self.key, &token).await;
        let view = match self.sequence {
            0 => tab.hello().await,
            last => tab.resume(last).await,
        };
        assert!(view.sequence >= self.sequence, "{}: her stream went back", self.key);
        for outcome in &view.outcomes {
            self.latest.fetch_max(outcome.journal, Ordering::SeqCst);
        }
        for told in self.told.values() {
            let shown = view.outcomes.iter().find(|o| o.course == told.course);
            let kept = shown.is_some_and(|o| o.journal > told.journal || o == told);
            assert!(kept, "{}: told {told:?}, shown {shown:?}", self.key);
        }
        self.tab = Some(tab);
    }

    /// Repeats what was not answered, and some of what was: the same answer, or the first one.
    pub async fn repeat(&mut self) {
        let mut again: Vec<_> = self.asked.iter().map(|(id, m)| (*id, m.clone())).collect();
        let mut answered: Vec<_> = self.told.keys().map(|(id, _)| *id).collect();
        answered.sort_unstable();
        for _ in 0..answered.len().min(2) {
            let id = answered[self.draw(answered.len())];
            again.push((id, self.sent[&id].clone()));
        }
        again.sort_unstable_by_key(|(id, _)| *id);
        again.dedup_by_key(|(id, _)| *id);
        for (id, message) in again {
            assert!(self.ask(id, message).await);
            while self.asked.contains_key(&id) {
                let heard = self.tab.as_mut().unwrap().next().await;
                self.take(&heard);
            }
        }
        // Whatever was still on its way: messages of what others' requests caused.
        let rest = self.tab.as_mut().unwrap().quiet(Duration::from_millis(1)).await;
        for message in rest {
            self.take(&message);
        }
    }
}
