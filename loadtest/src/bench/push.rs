//! Position pushes: so many wait in a slow line, and what each frame pushed costs the server.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use uuid::Uuid;

use crate::admin::Admin;
use crate::error::{Error, Result};
use crate::gateway::Server;
use crate::os;
use crate::person::{Person, Stuck, arm};
use crate::runtime;
use crate::setup::WINDOW;
use crate::talk::round;
use crate::wire::{Kind, kind};
use crate::ws::{Broken, Socket};

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
    /// Admissions a second.
    pub pace: u32,
    /// Position frames received while it was measured.
    pub positions: u64,
    /// All frames received while it was measured.
    pub frames: u64,
    /// Server CPU over all frames.
    pub cpu_us_per_frame: f64,
    /// CPU of this client over all frames.
    pub client_cpu_us_per_frame: f64,
}

#[derive(Default)]
struct Heard {
    positions: Cell<u64>,
    frames: Cell<u64>,
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
        let sockets: std::result::Result<Vec<Socket>, Stuck> =
            join_all(all).await.into_iter().collect();
        let sockets =
            sockets.map_err(|stuck| Error::Failed(format!("a waiting session failed: {stuck}")))?;
        let heard = Rc::new(Heard::default());
        for socket in sockets {
            tokio::task::spawn_local(listen(socket, Rc::clone(&heard)));
        }
        runtime::beside(move || admin.open(WINDOW)).await?;
        sleep(WARM_UP).await;
        let sample = || -> Result<_> {
            let counts = (heard.positions.get(), heard.frames.get());
            Ok((counts, os::cpu(server.pid())?, os::cpu(std::process::id())?))
        };
        let before = sample()?;
        sleep(time).await;
        let after = sample()?;
        if let Some(broken) = heard.broken.take() {
            return Err(Error::Failed(format!("a waiting session failed: {broken}")));
        }
        let frames = after.0.1 - before.0.1;
        if frames == 0 {
            return Err(Error::Failed("no frame was pushed to those who wait".into()));
        }
        let each = |us: f64| round(us / frames as f64, 2);
        Ok(Pushed {
            sessions: tokens.len(),
            pace: PACE,
            positions: after.0.0 - before.0.0,
            frames,
            cpu_us_per_frame: each(after.1.us_since(before.1)),
            client_cpu_us_per_frame: each(after.2.us_since(before.2)),
        })
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
            Ok(frame) => heard.count(kind(frame)),
            Err(broken) => break broken,
        }
    };
    heard.broken.borrow_mut().get_or_insert(broken);
}

impl Heard {
    fn count(&self, kind: Kind) {
        self.frames.set(self.frames.get() + 1);
        self.positions.set(self.positions.get() + u64::from(kind == Kind::Position));
    }
}
