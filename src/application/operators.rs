//! The operators' address: a server of its own on threads of its own, so that a rush on the
//! students' address cannot starve it. It answers from before the journal is read until it is
//! closed: without a gateway to look at, that nobody is taken.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use socket2::Socket;

use crate::actors::gate::Gate;
use crate::actors::gateway::Gateway;
use crate::application::core::Core;
use crate::application::snapshots::Snapshots;
use crate::clock::Clock;
use crate::http::auth::Tokens;
use crate::http::operator::{self, Operator};
use crate::http::security_log::Refusals;
use crate::http::{self, HttpState};
use crate::journal::{DataDir, Writer};
use crate::limits;
use crate::metrics::facts::{Facts, Filled, JournalFacts};
use crate::metrics::{Limiter, Mailbox, Metrics, Thread};
use crate::telemetry;

/// What a scrape looks at.
pub struct Sources {
    gateway: Gateway,
    http: Arc<HttpState>,
    writer: Arc<Writer>,
    gate: Gate,
    snapshots: Arc<Snapshots>,
    /// What does not change while the gateway runs.
    fixed: JournalFacts,
    dir: std::path::PathBuf,
}

impl Sources {
    /// Everything that is looked at.
    pub fn new(core: &Core, http: Arc<HttpState>, dir: &Path) -> Self {
        let (replay, replayed) = core.replay;
        Self {
            gateway: core.gateway.clone(),
            http,
            writer: Arc::clone(&core.writer),
            gate: core.gate.clone(),
            snapshots: Arc::clone(&core.snapshots),
            fixed: JournalFacts { replay, replayed, ..JournalFacts::default() },
            dir: dir.to_owned(),
        }
    }

    fn facts(&self) -> Facts {
        let gateway = &self.gateway;
        let public = gateway.public();
        let limiters = self.http.access.limiters.keys();
        let messages = (Limiter::StudentMessages, gateway.limited_students());
        Facts {
            now: gateway.clock().now(),
            ready: gateway.is_ready(),
            demo_sign_in: self.http.access.settings.is_demo(),
            can_sign_in: self.http.can_sign_in(),
            sessions: Filled {
                now: gateway.directory().sessions(),
                most: gateway.settings().sessions_max,
            },
            commands: gateway.in_flight(),
            gate: self.gate.len(),
            mailboxes: vec![
                (Mailbox::Registrar, limits::REGISTRAR_MAILBOX_MAX),
                (Mailbox::Line, limits::LINE_MAILBOX_MAX),
                (Mailbox::Messenger, limits::MESSENGER_MAILBOX_MAX),
            ],
            limiter_keys: limiters.into_iter().chain([messages]).collect(),
            sections: gateway.board().all().1,
            tallies: gateway.tallies().all(),
            journal: self.journal(),
            public,
        }
    }

    fn journal(&self) -> JournalFacts {
        // A disk that does not answer is not told as full: the figures are 0 together.
        let disk = rustix::fs::statvfs(&self.dir).ok();
        let blocks = |of: fn(&rustix::fs::StatVfs) -> u64| {
            disk.as_ref().map_or(0, |disk| of(disk).saturating_mul(disk.f_frsize))
        };
        JournalFacts {
            written: self.writer.written(),
            waiting: self.writer.waiting(),
            size: DataDir::store_bytes(&self.dir),
            disk_free: blocks(|disk| disk.f_bavail),
            disk_size: blocks(|disk| disk.f_blocks),
            snapshot: self.snapshots.newest(),
            ..self.fixed
        }
    }
}

/// What it has to look at: nothing before the journal was read and after it was let go.
#[derive(Clone)]
struct Watched {
    sources: Arc<RwLock<Option<Arc<Sources>>>>,
    metrics: Arc<Metrics>,
    clock: Clock,
}

impl Watched {
    fn sources(&self) -> Option<Arc<Sources>> {
        self.sources.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, sources: Option<Sources>) {
        *self.sources.write().unwrap_or_else(PoisonError::into_inner) = sources.map(Arc::new);
    }

    fn ready(&self) -> bool {
        self.sources().is_some_and(|sources| sources.gateway.is_ready())
    }

    /// All metrics that there are, in Prometheus's text format.
    fn render(&self) -> String {
        match self.sources() {
            Some(sources) => self.metrics.render_with(&sources.facts()),
            None => self.metrics.render_without_state(self.clock.now()),
        }
    }
}

/// The running server; it ends when this is dropped.
pub struct Operators {
    /// Where it listens.
    pub address: SocketAddr,
    watched: Watched,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Operators {
    /// Starts it on a socket that was bound before, with nothing to look at yet.
    pub fn start(
        socket: Socket,
        tokens: Tokens,
        clock: Clock,
        metrics: Arc<Metrics>,
    ) -> io::Result<Self> {
        let sources = Arc::default();
        let watched = Watched { sources, metrics: Arc::clone(&metrics), clock: clock.clone() };
        let (looks, asks) = (watched.clone(), watched.clone());
        let operator = Arc::new(Operator {
            tokens,
            clock,
            ready: Box::new(move || asks.ready()),
            metrics: Box::new(move || looks.render()),
            log_level: Box::new(telemetry::level),
            set_log_level: Box::new(telemetry::set_level),
            refusals: Refusals::default(),
        });
        let (ready, started) = channel();
        let run = move || {
            actix::System::new().block_on(async move {
                let server = serve(socket, operator, metrics);
                let told = server.as_ref().map_or_else(
                    |error| Err(io::Error::new(error.kind(), error.to_string())),
                    |(server, address)| Ok((server.handle(), *address)),
                );
                let _ = ready.send(told);
                if let Ok((server, _)) = server {
                    let _ = server.await;
                }
            });
        };
        let thread = std::thread::Builder::new().name("metrics".to_owned()).spawn(run)?;
        let gone = || io::Error::other("its thread ended");
        let (handle, address) = started.recv().map_err(|_| gone())??;
        Ok(Self { address, watched, handle, thread: Some(thread) })
    }

    /// From now on there is a gateway to look at.
    pub fn watch(&self, sources: Sources) {
        self.watched.set(Some(sources));
    }

    /// The gateway goes: it is let go of, and that nobody is taken is told to the end.
    pub fn unwatch(&self) {
        self.watched.set(None);
    }
}

fn serve(
    socket: Socket,
    operator: Arc<Operator>,
    metrics: Arc<Metrics>,
) -> io::Result<(actix_web::dev::Server, SocketAddr)> {
    socket.listen(limits::LISTEN_BACKLOG as i32)?;
    let app = move || {
        metrics.thread_is(Thread::Metrics);
        let app = App::new().configure(operator::routes(&operator));
        app.wrap(from_fn(http::finish)).wrap(from_fn(operator::noted))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .max_connections(limits::OPERATOR_CONNECTIONS_MAX)
        .disable_signals()
        .shutdown_timeout(0)
        .listen(socket.into())?;
    let address = server.addrs().first().copied();
    let address = address.ok_or_else(|| io::Error::other("it has no address"))?;
    Ok((server.run(), address))
}

impl Drop for Operators {
    fn drop(&mut self) {
        // The server's own threads do it; nobody need wait for the answer.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
