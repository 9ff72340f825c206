//! Carries a run through: everybody connects and arms, the window opens, scripts are played,
//! faults happen, and at the end everything told is audited. A run that ends early keeps what it
//! has: its report says that it is partial, and why.

mod centres;
mod end;
mod watch;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{LocalSet, spawn_local};
use tokio::time::sleep;

use crate::error::{Error, Result};
use crate::measure::Measures;
use crate::model::{Findings, Rules};
use crate::os;
use crate::population::Population;
use crate::runtime;
use crate::scenario::Span;
use crate::screen::Live;
use crate::script::{self, Tab};
use crate::stage::Stage;
use crate::tab::Player;
use crate::talk::Talk;
use crate::world::World;

pub use watch::Load;

/// A gateway that cannot be reached for so long is dead.
const GONE_MAX: Duration = Duration::from_secs(15);
/// Arming may take this much longer than planned.
const ARMING_MAX: Duration = Duration::from_secs(120);
/// Pause after the last outcome, for anything told twice.
const SETTLE: Duration = Duration::from_millis(400);
/// Where something is undecided at the end: within this, whoever is there hears of a decision.
const TOLD_WITHIN: Duration = Duration::from_secs(2);
/// Turns in which this program reads what has come until then: it takes so many sockets in each.
const DRAIN_TURNS: u32 = 10;

/// Something that the registrar does during the run.
#[derive(Clone, Debug)]
pub struct Deed {
    /// Seconds after the opening; before it: less than 0.
    pub at: f64,
    /// In a run that keeps the order of a trace: its place in it, from 0.
    pub turn: Option<usize>,
    /// Where it is posted.
    pub path: String,
    /// What is posted.
    pub body: Option<serde_json::Value>,
}

/// What is to be carried through.
pub struct Plan {
    /// Everybody's scripts.
    pub tabs: Vec<Tab>,
    /// In the closed model: so many at a time.
    pub in_flight: Option<usize>,
    /// Seconds from the opening to the end.
    pub duration: f64,
    /// Longest wait afterwards for what is undecided.
    pub wait_max: Duration,
    /// Window key.
    pub window: String,
    /// Whether a window is opened by us.
    pub opens: bool,
    /// What the registrar does.
    pub deeds: Vec<Deed>,
    /// Kill the gateway so long after the opening.
    pub kill_after: Option<Span>,
    /// Share of the messages that are sent twice.
    pub duplicate: f64,
    /// What the model may count on.
    pub rules: Rules,
    /// Seed of the draws during the run.
    pub seed: u64,
}

impl Plan {
    /// Whether nothing is made to go wrong that may keep somebody from hearing.
    fn is_faultless(&self) -> bool {
        self.kill_after.is_none() && self.tabs.iter().all(|tab| tab.cut_at.is_none())
    }

    /// The number of turns in a run that keeps an order, of those that `counts` picks by their
    /// time.
    fn turns(&self, counts: impl Fn(f64) -> bool) -> usize {
        let steps = self.tabs.iter().flat_map(|tab| &tab.steps).map(|step| (step.at, step.turn));
        let deeds = self.deeds.iter().map(|deed| (deed.at, deed.turn));
        let turns = steps.chain(deeds).filter(|(at, _)| counts(*at)).filter_map(|(_, turn)| turn);
        turns.max().map_or(0, |last| last + 1)
    }
}

/// What came of it.
pub struct Ran {
    /// Measurements.
    pub measures: Measures,
    /// The audit.
    pub findings: Findings,
    /// Load of this program.
    pub load: Load,
    /// CPU seconds of a gateway of our own, from the opening on.
    pub server_cpu_s: Option<f64>,
    /// Seconds from the start to the opening.
    pub opened_s: Option<f64>,
    /// The opening in milliseconds since the epoch.
    pub opened_ms: Option<u64>,
    /// Start of the run in milliseconds since the epoch.
    pub started_ms: u64,
    /// Seconds from the opening to the end.
    pub seconds: f64,
    /// Outcomes told when the gateway was killed.
    pub told_at_kill: Option<u64>,
    /// Outcomes that somebody heard only when she looked again, although she had been there since
    /// before the decision; none when it is not known.
    pub told_late: Option<u64>,
    /// Nothing was made to go wrong.
    pub is_faultless: bool,
    /// Why the run ended before its time.
    pub partial: Option<Error>,
}

/// Carries the plan through. Fails only when nothing at all was measured.
pub fn perform(
    stage: &mut Stage,
    population: Population,
    plan: Plan,
    talk: Talk,
    live: &Arc<Live>,
) -> Result<Ran> {
    let runtime = runtime::one_thread()?;
    let local = LocalSet::new();
    let population = Rc::new(population);
    let ran = local.block_on(&runtime, async {
        let lead = script::lead(&plan.tabs);
        let numbers = (lead, plan.duration, plan.duplicate, plan.seed);
        let (window, tokens) = (plan.window.clone(), stage.tokens.clone());
        let world = World::new(Rc::clone(&population), tokens, window, plan.rules, numbers);
        let mut run = Run {
            stage,
            world,
            talk,
            live: Arc::clone(live),
            ran_until: None,
            told_at_kill: None,
            unheard: BTreeSet::new(),
            opened_ms: None,
            cpu_before: os::Cpu::default(),
            cpu_us: 0.0,
        };
        run.whole(&plan).await
    });
    drop(local);
    runtime.shutdown_background();
    Ok(ran)
}

/// A run in progress.
struct Run<'a> {
    stage: &'a mut Stage,
    world: Rc<World>,
    talk: Talk,
    live: Arc<Live>,
    ran_until: Option<Instant>,
    told_at_kill: Option<u64>,
    /// Students who tried to look again and were not told anything.
    unheard: BTreeSet<usize>,
    opened_ms: Option<u64>,
    cpu_before: os::Cpu,
    cpu_us: f64,
}

fn now_ms() -> u64 {
    sluis::clock::wall().0
}

impl Run<'_> {
    async fn whole(&mut self, plan: &Plan) -> Ran {
        let started_ms = now_ms();
        let watcher = watch::start(Rc::clone(&self.world), Arc::clone(&self.live), plan.duration);
        let live = Arc::clone(&self.live);
        let partial = tokio::select! {
            result = self.play(plan) => result.err(),
            _ = tokio::signal::ctrl_c() => Some(Error::Interrupted),
            () = live.stopped() => Some(Error::Interrupted),
        };
        self.ran_until = Some(Instant::now());
        let load = watcher.finish();
        let findings = self.audit(plan, partial.as_ref()).await;
        self.live.end();
        let world = &self.world;
        let opened = *world.opened.borrow();
        let until = self.ran_until.unwrap_or_else(Instant::now);
        let measures = world.measures.replace(Measures::new(1.0));
        Ran {
            load,
            findings,
            server_cpu_s: self.stage.pid().map(|_| self.cpu_us / 1e6),
            opened_s: opened.map(|opened| measures.at(opened)),
            opened_ms: self.opened_ms,
            started_ms,
            seconds: opened.map_or(0.0, |opened| (until - opened).as_secs_f64()),
            told_at_kill: self.told_at_kill,
            told_late: world.heard_until.get().map(|_| world.told_late.get()),
            is_faultless: plan.is_faultless(),
            partial,
            measures,
        }
    }

    async fn play(&mut self, plan: &Plan) -> Result<()> {
        self.begin(plan);
        let (before, after): (Vec<Deed>, Vec<Deed>) =
            plan.deeds.iter().cloned().partition(|deed| deed.at < 0.0);
        for deed in before {
            self.promise(deed);
        }
        self.arm(plan).await?;
        self.open(plan).await?;
        for deed in after {
            self.promise(deed);
        }
        if let Some(after) = plan.kill_after {
            self.kill(after).await?;
        }
        self.watch(plan).await
    }

    /// Starts everybody's tabs.
    fn begin(&self, plan: &Plan) {
        let world = &self.world;
        world.unfinished.set(plan.tabs.len());
        let second: HashSet<usize> =
            plan.tabs.iter().filter(|t| t.second).map(|t| t.student).collect();
        world.second.replace(second);
        let turns = plan.turns(|_| true);
        world.bells.replace((0..turns).map(|_| Rc::default()).collect());
        world.gateway.send_replace(Some((1, self.stage.address)));
        let closed = |tab: &Tab| plan.in_flight.is_some() && tab.connect_at >= 0.0;
        let (queue, tabs): (VecDeque<Tab>, Vec<Tab>) = {
            let (closed, open): (Vec<Tab>, Vec<Tab>) = plan.tabs.iter().cloned().partition(closed);
            (closed.into(), open)
        };
        for tab in tabs {
            spawn_local(Player::new(Rc::clone(world), tab, None).play());
        }
        let queue = Rc::new(RefCell::new(queue));
        for _ in 0..plan.in_flight.unwrap_or(0) {
            spawn_local(worker(Rc::clone(world), Rc::clone(&queue)));
        }
    }

    /// Waits until everybody who arms has armed.
    async fn arm(&mut self, plan: &Plan) -> Result<()> {
        let world = Rc::clone(&self.world);
        let opening = world.start + Duration::from_secs_f64(world.lead);
        self.talk.say(format_args!(
            "{} students, {} tabs; the window opens in {:.1} s",
            world.tokens.len(),
            plan.tabs.len(),
            world.lead
        ));
        let mut said = Instant::now();
        // What comes before the opening, in a run that keeps an order.
        let turns = plan.turns(|at| at < 0.0);
        let is_armed = || world.arming.get() == 0 && world.turn.get() >= turns;
        while Instant::now() < opening || !is_armed() {
            self.look(said.elapsed())?;
            if Instant::now() > opening + ARMING_MAX {
                let text = format!(
                    "{} are not armed yet; give fewer students, or a longer \
                                    behaviour.arm_over",
                    world.arming.get()
                );
                return Err(Error::Failed(text));
            }
            if said.elapsed() > Duration::from_secs(2) {
                said = Instant::now();
                self.talk.say(format_args!("{} connected …", world.connected.get()));
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    async fn open(&mut self, plan: &Plan) -> Result<()> {
        if let Some(pid) = self.stage.pid() {
            self.cpu_before = os::cpu(pid)?;
        }
        let (admin, window) = (self.stage.admin(), plan.window.clone());
        let opened = Instant::now();
        self.opened_ms = Some(now_ms());
        if plan.opens && self.stage.registrar.is_some() {
            self.world.opened.send_replace(Some(opened));
            let done = runtime::beside(move || admin.open(&window)).await;
            self.world.is_open.set(true);
            return done;
        }
        self.talk.say(format_args!("waiting until window {window} is opened …"));
        loop {
            let (admin, key) = (self.stage.admin(), window.clone());
            let token = self.world.tokens.first().cloned();
            let open =
                runtime::beside(move || end::is_open(&admin, token.as_deref(), &key)).await?;
            if open {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        self.opened_ms = Some(now_ms());
        self.world.is_open.set(true);
        self.world.opened.send_replace(Some(Instant::now()));
        Ok(())
    }

    /// Does what the registrar does, at its time and in its turn.
    fn promise(&self, deed: Deed) {
        let (world, admin) = (Rc::clone(&self.world), self.stage.admin());
        spawn_local(async move {
            if let Some(at) = world.when(deed.at) {
                tokio::time::sleep_until(at.into()).await;
            }
            if let Some(turn) = deed.turn {
                world.turn_of(turn).await;
            }
            let post = move || admin.post(&deed.path, deed.body.as_ref());
            if let Err(error) = runtime::beside(post).await {
                let name = format!("registrar: {error}");
                world.measures.borrow_mut().error(&name);
            }
            if deed.turn.is_some() {
                world.next_turn();
            }
        });
    }

    /// Kills the gateway (kill -9), and starts it again on the same directory.
    async fn kill(&mut self, after: Span) -> Result<()> {
        let opened = *self.world.opened.borrow();
        let at = opened.unwrap_or_else(Instant::now) + after.duration();
        while Instant::now() < at {
            self.look(Duration::ZERO)?;
            sleep(Duration::from_millis(2)).await;
        }
        let Some((home, server)) = &mut self.stage.own else {
            let text = "--kill-after needs a gateway of our own; leave --target out";
            return Err(Error::Usage(text.into()));
        };
        self.cpu_us += os::cpu(server.pid()).map_or(0.0, |cpu| cpu.us_since(self.cpu_before));
        self.world.gateway.send_replace(None);
        server.kill();
        let killed = Instant::now();
        self.told_at_kill = Some(self.world.measures.borrow().counts.decided);
        while self.world.connected.get() > 0 && killed.elapsed() < Duration::from_secs(10) {
            sleep(Duration::from_millis(5)).await;
        }
        *server = home.serve()?;
        self.cpu_before = os::Cpu::default();
        self.stage.address = server.address;
        self.world.gateway.send_replace(Some((2, server.address)));
        self.talk
            .say(format_args!("killed; started again after {} ms", killed.elapsed().as_millis()));
        Ok(())
    }

    /// Until everybody is finished, or the time is over.
    async fn watch(&mut self, plan: &Plan) -> Result<()> {
        let opened = self.world.opened.borrow().unwrap_or_else(Instant::now);
        let end = opened + Duration::from_secs_f64(plan.duration);
        let deeds = plan.deeds.iter().map(|deed| deed.at).fold(0.0, f64::max);
        let busy_until = opened + Duration::from_secs_f64(deeds);
        let mut said = Instant::now();
        while Instant::now() < end {
            if self.world.unfinished.get() == 0 && Instant::now() >= busy_until {
                break;
            }
            self.look(said.elapsed())?;
            if said.elapsed() > Duration::from_secs(2) {
                said = Instant::now();
                self.say_state();
            }
            sleep(Duration::from_millis(5)).await;
        }
        let over = Instant::now() >= end;
        self.world.heard_until.set(self.position().await);
        let open = !self.world.model.borrow().open().is_empty();
        sleep(if open { TOLD_WITHIN } else { SETTLE }).await;
        for _ in 0..DRAIN_TURNS {
            sleep(Duration::from_millis(5)).await;
        }
        // Who went before the opening may still be waiting when all others are finished.
        if over && let Some(journal) = self.position().await {
            self.world.model.borrow_mut().ended(journal);
        }
        Ok(())
    }

    fn say_state(&self) {
        let measures = self.world.measures.borrow();
        self.talk.say(format_args!(
            "{} decided, {} in line, {} connected, {} errors, {} tabs not finished",
            measures.counts.decided,
            self.world.in_line.get(),
            self.world.connected.get(),
            measures.error_count(),
            self.world.unfinished.get()
        ));
    }

    /// Fails when the run makes no sense any more.
    fn look(&mut self, since: Duration) -> Result<()> {
        if let Some(text) = self.world.fatal.borrow().as_ref() {
            return Err(Error::Unavailable(text.clone()));
        }
        if self.world.connected.get() > 0 {
            self.live.alive();
        }
        if since < Duration::from_millis(300) {
            return Ok(());
        }
        if let Some(words) = self.stage.died() {
            return Err(Error::Unavailable(format!(
                "the gateway ended by itself ({words}); look at its log and start it again"
            )));
        }
        let tried = self.world.measures.borrow().counts.reconnects > 0;
        if self.stage.own.is_none() && tried && self.live.quiet() > GONE_MAX {
            return Err(Error::Unavailable(format!(
                "the gateway at {} cannot be reached any more; look at its log and start it again",
                self.stage.name
            )));
        }
        Ok(())
    }
}

/// The closed model: the next comes when one has left.
async fn worker(world: Rc<World>, queue: Rc<RefCell<VecDeque<Tab>>>) {
    let mut opened = world.opened.subscribe();
    if opened.wait_for(Option::is_some).await.is_err() {
        return;
    }
    loop {
        let Some(tab) = queue.borrow_mut().pop_front() else { return };
        if *world.over.borrow() {
            return;
        }
        Player::new(Rc::clone(&world), tab, Some(Instant::now())).play().await;
    }
}
