//! Position pushes: so many wait in a slow line, and what each frame pushed costs the server.
//! Beside it an echo that pushes frames of that size to as many sockets as often, and nothing else.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use uuid::Uuid;

use crate::admin::Admin;
use crate::child::ECHO_DIGITS;
use crate::error::{Error, Result};
use crate::gateway::Server;
use crate::os;
use crate::person::{Person, Stuck, arm};
use crate::runtime;
use crate::setup::WINDOW;
use crate::talk::round;
use crate::wire::{Kind, kind};
use crate::ws::{Broken, Socket, source};

/// Sockets that connect and arm at the same time.
const CONNECTING_MAX: usize = 256;
/// Admissions a second: enough that every push has news for everybody, and so few that their own
/// commits cost little beside the pushes.
pub const PACE: u32 = 50;
/// From the opening, when everybody is told the place drawn, to the measurement.
const WARM_UP: Duration = Duration::from_secs(5);

/// What pushing came to.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Pushed {
    /// Sessions in line.
    pub sessions: usize,
    /// Admissions a second; 0 for an echo.
    pub pace: u32,
    /// Position frames received while it was measured.
    pub positions: u64,
    /// All frames received while it was measured.
    pub frames: u64,
    /// Their payload, in bytes each.
    pub bytes_per_frame: u64,
    /// Server CPU over all frames.
    pub cpu_us_per_frame: f64,
    /// CPU of this client over all frames.
    pub client_cpu_us_per_frame: f64,
}

#[derive(Default)]
struct Heard {
    positions: Cell<u64>,
    frames: Cell<u64>,
    bytes: Cell<u64>,
    broken: RefCell<Option<Broken>>,
}

/// Everybody arms, the window opens, and pushes are counted for so long.
pub fn measure(server: &Server, admin: Admin, tokens: &[String], time: Duration) -> Result<Pushed> {
    runtime::block_on(async {
        let permits = &Semaphore::new(CONNECTING_MAX);
        let all = tokens.iter().enumerate().map(|(number, token)| async move {
            let _permit = permits.acquire().await;
            join_line(server, Person { number, token: token.clone() }).await
        });
        let heard = Heard::by(join_all(all).await)?;
        runtime::beside(move || admin.open(WINDOW)).await?;
        Ok(Pushed { pace: PACE, ..heard.count(server, tokens.len(), time).await? })
    })
}

/// As many sockets get frames as large and as often as was just `seen`, from an echo.
pub fn measure_echo(server: &Server, seen: Pushed, time: Duration) -> Result<Pushed> {
    let every = seen.sessions as u128 * time.as_millis() / u128::from(seen.frames);
    let ask = &format!("{:0ECHO_DIGITS$}@{}", seen.bytes_per_frame, every.max(1));
    // At least one tick of each worker falls into it.
    let time = time.max(Duration::from_millis(2 * every as u64));
    runtime::block_on(async {
        let permits = &Semaphore::new(CONNECTING_MAX);
        let all = (0..seen.sessions).map(|number| async move {
            let _permit = permits.acquire().await;
            let mut socket = Socket::connect(server.address, source(number), None).await?;
            socket.send(ask).await?;
            Ok(socket)
        });
        Heard::by(join_all(all).await)?.count(server, seen.sessions, time).await
    })
}

async fn join_line(server: &Server, person: Person) -> std::result::Result<Socket, Stuck> {
    let mut socket = person.sign_in(server.address, None, &mut |_, _| {}).await?;
    arm(&mut socket, &["1"], WINDOW, Uuid::now_v7(), &mut |_, _| {}).await?;
    Ok(socket)
}

/// Reads whatever comes, until the socket breaks.
async fn listen(mut socket: Socket, heard: Rc<Heard>) {
    let broken = loop {
        match socket.next().await {
            Ok(frame) => heard.hear(frame),
            Err(broken) => break broken,
        }
    };
    heard.broken.borrow_mut().get_or_insert(broken);
}

impl Heard {
    /// What these sockets hear from now on.
    fn by(sockets: Vec<std::result::Result<Socket, Stuck>>) -> Result<Rc<Self>> {
        let sockets: std::result::Result<Vec<Socket>, Stuck> = sockets.into_iter().collect();
        let sockets =
            sockets.map_err(|stuck| Error::Failed(format!("a waiting session failed: {stuck}")))?;
        let heard = Rc::new(Self::default());
        for socket in sockets {
            tokio::task::spawn_local(listen(socket, Rc::clone(&heard)));
        }
        Ok(heard)
    }

    fn hear(&self, frame: &[u8]) {
        self.frames.set(self.frames.get() + 1);
        self.bytes.set(self.bytes.get() + frame.len() as u64);
        self.positions.set(self.positions.get() + u64::from(kind(frame) == Kind::Position));
    }

    /// What the server spends on a frame, once it has warmed up, for so long.
    async fn count(&self, server: &Server, sessions: usize, time: Duration) -> Result<Pushed> {
        sleep(WARM_UP).await;
        let sample = || -> Result<_> {
            let counts = [&self.positions, &self.frames, &self.bytes].map(Cell::get);
            Ok((counts, os::cpu(server.pid())?, os::cpu(std::process::id())?))
        };
        let before = sample()?;
        sleep(time).await;
        let after = sample()?;
        if let Some(broken) = self.broken.take() {
            return Err(Error::Failed(format!("a waiting session failed: {broken}")));
        }
        let [positions, frames, bytes] = [0, 1, 2].map(|n| after.0[n] - before.0[n]);
        if frames == 0 {
            return Err(Error::Failed("no frame was pushed to those who wait".into()));
        }
        let each = |us: f64| round(us / frames as f64, 2);
        Ok(Pushed {
            sessions,
            pace: 0,
            positions,
            frames,
            bytes_per_frame: bytes / frames,
            cpu_us_per_frame: each(after.1.us_since(before.1)),
            client_cpu_us_per_frame: each(after.2.us_since(before.2)),
        })
    }
}
