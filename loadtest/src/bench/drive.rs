//! The closed loop of `rush bench`: many sockets on few threads, one message in flight each. What
//! is sent is built once and changed in place; nothing is allocated for a message.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::LocalSet;

use super::pair::{Pair, Replies};
use crate::error::{Error, Result};
use crate::os;
use crate::person::{Person, Stuck};
use crate::runtime;
use crate::talk::round;
use crate::ws::{Broken, Socket, source};

/// Sockets of one thread that connect at the same time.
const CONNECTING_MAX: usize = 64;

/// What is driven.
pub enum Target {
    /// The gateway: tokens of at least as many students as connections, and the courses.
    Gateway {
        /// Sign-in tokens.
        tokens: Arc<[String]>,
        /// Courses.
        courses: u32,
    },
    /// The echo, with frames of the sizes that the gateway was seen to send.
    Echo(Replies),
}

/// One run.
pub struct Run {
    /// What is driven.
    pub target: Target,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its process.
    pub pid: u32,
    /// Connections.
    pub connections: usize,
    /// Client threads.
    pub threads: usize,
    /// Run before the measurement.
    pub warm_up: Duration,
    /// Time measured.
    pub time: Duration,
    /// Makes request ids of this run unlike those of any other.
    pub number: u32,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Measured {
    /// Operations a second.
    pub operations_per_second: f64,
    /// Server CPU per operation.
    pub server_cpu_us: f64,
    /// Client CPU per operation.
    pub client_cpu_us: f64,
    /// Sizes seen.
    #[serde(flatten)]
    pub replies: Replies,
}

/// What the threads of a run share.
struct Shared {
    run: Run,
    operations: Vec<AtomicU64>,
    stop: AtomicBool,
    ready: Barrier,
    failure: Mutex<Option<String>>,
    replies: Mutex<Replies>,
}

/// Drives one run.
pub fn drive(run: Run) -> Result<Measured> {
    let threads = run.threads.min(run.connections).max(1);
    let shared = Arc::new(Shared {
        operations: (0..threads).map(|_| AtomicU64::new(0)).collect(),
        stop: AtomicBool::new(false),
        ready: Barrier::new(threads + 1),
        failure: Mutex::new(None),
        replies: Mutex::new(Replies::default()),
        run,
    });
    let workers: Vec<_> = (0..threads)
        .map(|thread| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || work(&shared, thread))
        })
        .collect();
    shared.ready.wait();
    let measured = measure(&shared);
    shared.stop.store(true, Relaxed);
    for worker in workers {
        let _ = worker.join();
    }
    let failure = shared.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(text) = failure {
        return Err(Error::Failed(text));
    }
    let replies = *shared.replies.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(Measured { replies, ..measured? })
}

fn measure(shared: &Shared) -> Result<Measured> {
    let (server, own) = (shared.run.pid, std::process::id());
    let sample = || -> Result<_> {
        let count = shared.operations.iter().map(|n| n.load(Relaxed)).sum::<u64>();
        Ok((count, os::cpu(server)?, os::cpu(own)?, Instant::now()))
    };
    shared.wait(shared.run.warm_up);
    let a = sample()?;
    shared.wait(shared.run.time);
    let b = sample()?;
    let operations = (b.0 - a.0) as f64;
    if operations < 1.0 {
        return Err(Error::Failed("no operation came to its end".into()));
    }
    Ok(Measured {
        operations_per_second: round(operations / (b.3 - a.3).as_secs_f64(), 0),
        server_cpu_us: round(b.1.us_since(a.1) / operations, 2),
        client_cpu_us: round(b.2.us_since(a.2) / operations, 2),
        replies: Replies::default(),
    })
}

/// One client thread: connects its share, waits for the others, drives.
fn work(shared: &Arc<Shared>, thread: usize) {
    let Ok(runtime) = runtime::one_thread() else {
        shared.fail("cannot start a client thread".into());
        shared.ready.wait();
        return;
    };
    let share = (thread..shared.run.connections).step_by(shared.operations.len());
    let local = LocalSet::new();
    let sockets = local.block_on(&runtime, async {
        let permits = Semaphore::new(CONNECTING_MAX);
        join_all(share.map(|number| connect(shared, number, &permits))).await
    });
    // Nothing is in flight now, so that this thread may wait for the others.
    shared.ready.wait();
    local.block_on(&runtime, async {
        let tally = Rc::new(Cell::new(Replies::default()));
        let tasks = sockets.into_iter().flatten().map(|(number, socket)| {
            let (shared, tally) = (Arc::clone(shared), Rc::clone(&tally));
            tokio::task::spawn_local(async move {
                if let Err(broken) = rounds(&shared, thread, number, socket, &tally).await {
                    shared.fail(format!("connection {number}: {broken}"));
                }
            })
        });
        let tasks: Vec<_> = tasks.collect();
        join_all(tasks).await;
        shared.replies.lock().unwrap_or_else(PoisonError::into_inner).add(tally.get());
    });
}

async fn connect(shared: &Shared, number: usize, permits: &Semaphore) -> Option<(usize, Socket)> {
    let _permit = permits.acquire().await;
    let address = shared.run.address;
    let socket = match &shared.run.target {
        Target::Gateway { tokens, .. } => {
            // Spread evenly over the register, however large it is.
            let student = number * (tokens.len() / shared.run.connections);
            let person = Person { number, token: tokens[student].clone() };
            person.sign_in(address, None, &mut |_, _| {}).await
        }
        Target::Echo(_) => {
            Socket::connect(address, source(number), None).await.map_err(Stuck::Socket)
        }
    };
    match socket {
        Ok(socket) => Some((number, socket)),
        Err(stuck) => {
            shared.fail(format!("connection {number}: {stuck}"));
            None
        }
    }
}

/// One socket: enrol and drop until the run stops, always in pairs.
async fn rounds(
    shared: &Shared,
    thread: usize,
    number: usize,
    mut socket: Socket,
    tally: &Cell<Replies>,
) -> std::result::Result<(), Broken> {
    let mut pair = match &shared.run.target {
        Target::Gateway { courses, .. } => Pair::gateway(shared.run.number, number, *courses),
        Target::Echo(replies) => Pair::echo(number, *replies),
    };
    let done = &shared.operations[thread];
    while !shared.stop.load(Relaxed) {
        pair.enrol(&mut socket).await?;
        done.fetch_add(1, Relaxed);
        pair.drop(&mut socket).await?;
        done.fetch_add(1, Relaxed);
    }
    let mut sum = tally.get();
    sum.add(pair.replies());
    tally.set(sum);
    Ok(())
}

impl Shared {
    /// Sleeps so long, or until something failed.
    fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.stop.load(Relaxed) && Instant::now() < end {
            let left = end.saturating_duration_since(Instant::now());
            std::thread::sleep(left.min(Duration::from_millis(100)));
        }
    }

    fn fail(&self, text: String) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text);
        self.stop.store(true, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The echo in a thread of this process.
    fn echo() -> SocketAddr {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        std::thread::spawn(move || crate::child::echo(address, Some(1), false));
        while std::net::TcpStream::connect(address).is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
        address
    }

    fn run(address: SocketAddr) -> Run {
        let replies =
            Replies { pairs: 1, enrolled_bytes: 250, dropped_bytes: 200, ..Replies::default() };
        Run {
            target: Target::Echo(replies),
            address,
            pid: std::process::id(),
            connections: 5,
            threads: 2,
            warm_up: Duration::from_millis(20),
            time: Duration::from_millis(300),
            number: 1,
        }
    }

    #[test]
    fn the_echo_is_driven_and_its_sizes_are_as_asked() {
        let measured = drive(run(echo())).unwrap();
        assert!(measured.operations_per_second > 100.0, "{measured:?}");
        let Replies { pairs, enrolled_bytes, dropped_bytes, .. } = measured.replies;
        assert_eq!((enrolled_bytes, dropped_bytes), (250 * pairs, 200 * pairs));
    }

    #[test]
    fn no_server_is_a_failure_not_a_hang() {
        let told = drive(run("127.0.0.1:9".parse().unwrap())).unwrap_err();
        assert!(told.to_string().contains("connection lost"), "{told}");
    }
}
