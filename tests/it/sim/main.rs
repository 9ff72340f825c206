//! Deterministic simulation: whole terms of small universities, with crashes between any two
//! steps, lost, late and doubled messages, and clocks that jump; an auditor of its own looks at
//! every record and every word. One seed is one schedule, on every machine.
//!
//! ```text
//! step ─▶ run: bus, clients, clocks ─▶ gateway: domain turns ─▶ in-memory disk (real formats)
//!              │ sent, told                                          │ records, read back
//!              └────────────────────▶ audit ◀───────────────────────┘
//! ```
//!
//! - In CI, as `tests/run` does it, 10^7 operations over 8 streams of seeds: `SLUIS_SIM_OPS=10000000
//!   cargo test --workspace --locked --test sim --config profile.dev.package.sluis.opt-level=2`; it
//!   builds no dependency again. `cargo test --release --locked --test sim` does the same.
//! - The soak, 10^9 operations and at least 10^6 power cuts:
//!   `SLUIS_SIM_OPS=1000000000 cargo test --release --locked --test sim -- --nocapture
//!   operations_keep`. `SLUIS_SIM_SEED` begins elsewhere, `SLUIS_SIM_THREADS` (2) uses more cores.
//! - One seed again, as a failure prints it: `SLUIS_SEED=0x… cargo test --release --locked --test
//!   sim -- one_seed --nocapture`.
//! - Beside the seeds, every order of three students' and the registrar's acts in small scenarios:
//!   [`orders`].
//!
//! An operation is a message that the gateway handles (a student's, the registrar's, a read), a
//! ticket admitted, or a window opened or closed on time. Not optimised, the same tests run with a
//! hundredth of that.

mod audit;
mod bug;
mod flow;
mod gateway;
mod machine;
mod orders;
mod random;
mod run;
mod scene;
mod step;
mod story;
mod told;
mod world;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use bug::Bug;
use random::{Digest, Random};
use run::{Run, Sums};
use step::{Chooser, Step};
use story::{Failure, PANIC, guarded};

/// Streams of seeds that the operations are spread over.
const STREAMS: u64 = 8;

fn number(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return default };
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.replace('_', "").parse(),
    };
    parsed.unwrap_or_else(|_| panic!("{name}={text:?}: give a number, as 1000 or 0x3e8"))
}

/// The bug that `SLUIS_SIM_BUG` names.
fn bug_asked_for() -> Option<Bug> {
    let name = std::env::var("SLUIS_SIM_BUG").ok()?;
    Some(Bug::named(&name).unwrap_or_else(|| panic!("no bug {name:?}")))
}

/// As many as asked for, or so many where code is optimised, and a hundredth where it is not.
fn operations() -> u64 {
    number("SLUIS_SIM_OPS", if cfg!(debug_assertions) { 100_000 } else { 10_000_000 })
}

/// One episode: what it came to, or the schedule that broke a promise.
fn episode(seed: u64, bug: Option<Bug>) -> Result<(Sums, Digest), Failure> {
    let mut random = Random::new(seed ^ 0x5113_0000_0000_0000);
    let length = random.pick(&[120, 400, 1_000, 2_500]);
    let mut chooser = Chooser::new(random);
    let mut steps: Vec<Step> = Vec::with_capacity(length as usize);
    let ended = guarded(|| {
        let mut run = Run::new(seed, bug, false)?;
        for at in 0..length {
            let step = chooser.next(at * 1_000 / length);
            steps.push(step);
            run.step(step)?;
        }
        run.settle()?;
        Ok((run.sums, run.trace))
    });
    ended.map_err(|violation| Failure { seed, bug, steps, violation })
}

/// The seed of an episode of a stream.
fn seed_of(base: u64, stream: u64, episode: u64) -> u64 {
    Random::new(base ^ (stream << 48) ^ episode).next()
}

/// Runs one stream until so many operations are done, by all of them together, or one fails.
fn stream(base: u64, stream: u64, share: u64, stop: &AtomicBool) -> Result<Sums, Failure> {
    let mut sums = Sums::default();
    let mut number = 0;
    while sums.operations < share && !stop.load(Ordering::Relaxed) {
        let (some, _) = episode(seed_of(base, stream, number), None)?;
        sums.add(&some);
        number += 1;
    }
    Ok(sums)
}

#[test]
fn operations_keep_the_promises() {
    let (operations, base) = (operations(), number("SLUIS_SIM_SEED", 1));
    let threads = number("SLUIS_SIM_THREADS", 2).clamp(1, STREAMS);
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let began = Instant::now();
    let work = || {
        let mut all = Sums::default();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= STREAMS {
                return Ok(all);
            }
            match stream(base, number, operations.div_ceil(STREAMS), &stop) {
                Ok(sums) => all.add(&sums),
                Err(failure) => {
                    stop.store(true, Ordering::Relaxed);
                    return Err(failure);
                }
            }
        }
    };
    let mut all = Sums::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            match worker.join().expect("a worker ends") {
                Ok(sums) => all.add(&sums),
                Err(failure) => panic!("\n{}", failure.shrunk().told()),
            }
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "{all:?} in {seconds:.1} s, {:.0} operations a second and thread",
        all.operations as f64 / seconds / threads as f64
    );
    assert!(all.operations >= operations);
    // A million power cuts among a thousand million operations; a short run may have fewer.
    let least = if operations < 1_000_000 { 1 } else { operations / 1_000 };
    assert!(all.cuts >= least, "too few power cuts: {all:?}");
}

#[test]
fn one_seed_keeps_the_promises() {
    if let Err(failure) = episode(number("SLUIS_SEED", 7), bug_asked_for()) {
        panic!("\n{}", failure.shrunk().told());
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let trace = |seed| match episode(seed, None) {
        Ok((_, trace)) => trace,
        Err(failure) => panic!("\n{}", failure.shrunk().told()),
    };
    let mut traces = Vec::new();
    for number in 0..20 {
        let seed = seed_of(99, 0, number);
        let first = trace(seed);
        assert_eq!(first, trace(seed), "seed {seed:#x}");
        assert!(!traces.contains(&first), "seed {seed:#x} gives the trace of another");
        traces.push(first);
    }
}

/// The first failure that the auditor sees among so many episodes. That a bug makes the gateway
/// panic is not the auditor's doing.
fn caught(bug: Option<Bug>, episodes: u64) -> Option<Failure> {
    let failed = |number| episode(seed_of(2, 0, number), bug).err();
    let counts = |failure: &Failure| bug.is_none() || failure.violation.promise != PANIC;
    (0..episodes).find_map(|number| failed(number).filter(counts))
}

#[test]
fn every_seeded_bug_is_caught() {
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        match caught(Some(bug), 400) {
            Some(failure) => {
                let (steps, seed) = (failure.steps.len(), failure.seed);
                let promise = failure.violation.promise;
                println!("{bug:?}: {promise} after {steps} steps of {seed:#x}");
            }
            None => missed.push(bug),
        }
    }
    assert_eq!(missed, [], "of {} bugs", Bug::ALL.len());
}

#[test]
fn no_run_without_a_bug_is_flagged() {
    if let Some(failure) = caught(None, if cfg!(debug_assertions) { 40 } else { 400 }) {
        panic!("\n{}", failure.shrunk().told());
    }
}

#[test]
fn a_failure_is_told_as_a_short_story() {
    for bug in [Bug::LifoWaitlist, Bug::NobodyPromoted, Bug::DedupeLost, Bug::AckBeforeSync] {
        let failure = caught(Some(bug), 400).expect("it is caught");
        let promise = failure.violation.promise;
        let short = failure.shrunk();
        assert!(short.steps.len() < 30, "{bug:?}: {} steps\n{}", short.steps.len(), short.told());
        assert_eq!(short.violation.promise, promise);
        let story = short.told();
        assert!(story.contains(&format!("SLUIS_SEED={:#x} SLUIS_SIM_BUG={bug:?}", short.seed)));
        assert!(story.lines().count() > short.steps.len());
        println!("{story}");
    }
}
