//! Watches the run and this program itself: how late its own clock is served, and how much of a
//! processor it uses. A saturated generator measures itself, not the gateway.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{MissedTickBehavior, interval};

use crate::os;
use crate::screen::{Live, Picture};
use crate::world::World;

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(5);
/// Ticks between two pictures for the screen.
const PICTURE_TICKS: u64 = 40;

/// Load of this program.
#[derive(Clone, Debug)]
pub struct Load {
    /// How late a task runs that is ready, in microseconds.
    pub lag: Histogram<u64>,
    /// Processor used, as a share of one, from the opening on.
    pub cpu_share: f64,
}

/// The watcher.
pub struct Watcher {
    task: JoinHandle<()>,
    state: Rc<RefCell<State>>,
}

struct State {
    lag: Histogram<u64>,
    since: Option<(Instant, os::Cpu)>,
}

/// Begins.
pub fn start(world: Rc<World>, live: Arc<Live>, duration: f64) -> Watcher {
    let lag = Histogram::new_with_bounds(1, 60_000_000, 2).expect("these bounds are valid");
    let state = Rc::new(RefCell::new(State { lag, since: None }));
    let task = spawn_local(watch(Rc::clone(&state), world, live, duration));
    Watcher { task, state }
}

impl Watcher {
    /// Ends.
    pub fn finish(self) -> Load {
        self.task.abort();
        let state = self.state.borrow();
        let cpu_share = state.since.map_or(0.0, |(since, before)| {
            let used = os::cpu(std::process::id()).map_or(0.0, |cpu| cpu.us_since(before));
            used / since.elapsed().as_micros().max(1) as f64
        });
        Load { lag: state.lag.clone(), cpu_share }
    }
}

async fn watch(state: Rc<RefCell<State>>, world: Rc<World>, live: Arc<Live>, duration: f64) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    for tick in 0_u64.. {
        let due = ticks.tick().await;
        let opened = *world.opened.borrow();
        if opened.is_some() {
            let mut state = state.borrow_mut();
            let late = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
            state.lag.saturating_record(late.max(1));
            if state.since.is_none() {
                let before = os::cpu(std::process::id()).unwrap_or_default();
                state.since = Some((Instant::now(), before));
            }
        }
        if tick % PICTURE_TICKS == 0 {
            live.show(picture(&world, opened, duration));
        }
    }
}

fn picture(world: &World, opened: Option<Instant>, duration: f64) -> Picture {
    let measures = world.measures.borrow();
    let outcome = measures.outcome();
    let ms = |q| outcome.value_at_quantile(q) as f64 / 1000.0;
    let model = world.model.borrow();
    Picture {
        progress: opened.map_or(0.0, |at| at.elapsed().as_secs_f64() / duration).min(1.0),
        opened: opened.is_some(),
        opens_in: world.lead - world.start.elapsed().as_secs_f64(),
        width: measures.width,
        rates: measures.buckets.iter().map(|b| (b.arrivals, b.decided)).collect(),
        decided: measures.counts.decided,
        in_line: world.in_line.get(),
        connected: world.connected.get(),
        unfinished: world.unfinished.get(),
        latency_ms: [ms(0.5), ms(0.9), ms(0.99), outcome.max() as f64 / 1000.0],
        errors: measures.error_count(),
        busy: measures.counts.busy,
        reconnects: measures.counts.reconnects,
        violations: model.violations(),
    }
}
