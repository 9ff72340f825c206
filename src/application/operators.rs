//! The operators' address: a server of its own on threads of its own, so that a rush on the
//! students' address cannot starve it.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use socket2::Socket;

use crate::actors::gate::Gate;
use crate::actors::gateway::Gateway;
use crate::application::core::Core;
use crate::application::snapshots::Snapshots;
use crate::http::operator::{self, Operator};
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

    /// All metrics, in Prometheus's text format.
    pub fn render(&self) -> String {
        self.gateway.metrics().render_with(&self.facts())
    }

    fn facts(&self) -> Facts {
        let gateway = &self.gateway;
        let public = gateway.public();
        let workers = gateway.directory().messengers().len();
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
                (Mailbox::Line, limits::LINE_MAILBOX_MAX * public.windows.len()),
                (Mailbox::Messenger, limits::MESSENGER_MAILBOX_MAX * workers),
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

/// The running server; it ends when this is dropped.
pub struct Operators {
    /// Where it listens.
    pub address: SocketAddr,
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Operators {
    /// Starts it on a socket that was bound before.
    pub fn start(socket: Socket, sources: Sources) -> io::Result<Self> {
        let (state, metrics) = (Arc::clone(&sources.http), Arc::clone(sources.gateway.metrics()));
        let operator = Arc::new(Operator {
            metrics: Box::new(move || sources.render()),
            log_level: Box::new(telemetry::level),
            set_log_level: Box::new(telemetry::set_level),
        });
        let (ready, started) = channel();
        let run = move || {
            actix::System::new().block_on(async move {
                let server = serve(socket, state, operator, metrics);
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
        Ok(Self { address, handle, thread: Some(thread) })
    }
}

fn serve(
    socket: Socket,
    state: Arc<HttpState>,
    operator: Arc<Operator>,
    metrics: Arc<Metrics>,
) -> io::Result<(actix_web::dev::Server, SocketAddr)> {
    socket.listen(limits::LISTEN_BACKLOG as i32)?;
    let app = move || {
        metrics.thread_is(Thread::Metrics);
        App::new().configure(operator::routes(&state, &operator)).wrap(from_fn(http::finish))
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
