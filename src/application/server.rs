//! The HTTP server around the actors: binding, serving, and a stop that leaves nobody guessing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::oneshot;

use super::core::{Core, Options};
use super::oidc;
use super::operators::{Operators, Sources};
use super::recover::{self, Recovered};
use super::{ServeError, descriptors, seed};
use crate::actors::gateway::Gateway;
use crate::clock::{self, Clock};
use crate::config::{Config, DemoRefusal, SignInMode};
use crate::demo;
use crate::http::auth::Tokens;
use crate::http::console::archive::Archive;
use crate::http::key_file::Keys;
use crate::http::settings::{ImportRule, Rate, Rates, SignIn};
use crate::http::ws;
use crate::http::{self, Access, HttpState};
use crate::journal::{Journal, JournalError, OnFault};
use crate::limits;
use crate::metrics::Metrics;
use crate::serving::Serving;
use crate::theme::Theme;

/// A running gateway.
pub struct Running {
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
    /// Where operators look, if anywhere.
    pub operators: Option<SocketAddr>,
    /// The door to its actors.
    pub gateway: Gateway,
    /// Enrolments that replay brought back.
    pub enrolments: usize,
    /// Whether the data is the demo university's.
    pub demo: bool,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

/// What one start is made of.
pub struct Start {
    /// Settings.
    pub config: Config,
    /// The open journal.
    pub journal: Box<dyn Journal>,
    /// What time it is.
    pub clock: Clock,
    /// Fill an empty journal with the demo university.
    pub seed_demo: bool,
    /// What happens when the journal fails.
    pub on_fault: OnFault,
}

/// Addresses that are ours; nobody can connect before the gateway runs.
#[derive(Debug)]
pub struct Bound {
    students: Vec<Socket>,
    operators: Option<Socket>,
}

/// Takes the addresses of the configuration, before anything else is done.
pub fn bind(config: &Config) -> Result<Bound, ServeError> {
    let bind = |address: &SocketAddr| {
        let socket = Socket::new(Domain::for_address(*address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&(*address).into())?;
        Ok(socket)
    };
    let students = config.server.listen.iter().map(|address| {
        bind(address).map_err(|source| ServeError::Listen { address: *address, source })
    });
    let students = students.collect::<Result<_, _>>()?;
    let operators = config.metrics.listen.map(|address| {
        bind(&address).map_err(|source| ServeError::ListenMetrics { address, source })
    });
    Ok(Bound { students, operators: operators.transpose()? })
}

/// Starts a gateway on a thread of its own; returns when it can be used.
pub fn start(start: Start) -> Result<Running, ServeError> {
    let bound = bind(&start.config)?;
    start_on(start, bound)
}

/// As [`start`], on addresses that were taken before.
pub fn start_on(start: Start, bound: Bound) -> Result<Running, ServeError> {
    let (ready, wait) = channel();
    let (stop, stopped) = oneshot::channel();
    let run = move || {
        let system = actix::System::new();
        system.block_on(async move {
            match Built::new(start, bound).await {
                Ok(built) => {
                    let facts = (
                        built.addresses.clone(),
                        built.operators.as_ref().map(|operators| operators.address),
                        built.core.gateway.clone(),
                        built.enrolments,
                        built.demo,
                    );
                    let _ = ready.send(Ok(facts));
                    built.run(stopped).await
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                    Ok(())
                }
            }
        })
    };
    let io = |doing: &str, source| ServeError::Io { doing: doing.to_owned(), source };
    let thread = std::thread::Builder::new().name("sluis".to_owned()).spawn(run);
    let thread = thread.map_err(|e| io("start the server's thread", e))?;
    match wait.recv() {
        Ok(Ok((addresses, operators, gateway, enrolments, demo))) => {
            let (stop, thread) = (Some(stop), Some(thread));
            Ok(Running { addresses, operators, gateway, enrolments, demo, stop, thread })
        }
        Ok(Err(error)) => Err(error),
        Err(_) => {
            let gone = std::io::Error::other("its thread ended");
            Err(io("start the gateway", gone))
        }
    }
}

impl Running {
    /// What browsers use: the public address, where there is one.
    pub fn url(&self, public: &str) -> String {
        url(public, &self.addresses)
    }

    /// Drains, closes the sockets with "restart", lets go of the journal.
    pub fn stop(mut self) -> Result<(), ServeError> {
        drop(self.stop.take());
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(ended)) => ended,
            _ => Ok(()),
        }
    }
}

struct Built {
    core: Core,
    server: Server,
    handle: ServerHandle,
    addresses: Vec<SocketAddr>,
    operators: Option<Operators>,
    enrolments: usize,
    demo: bool,
    _serving: Serving,
}

impl Built {
    async fn new(start: Start, bound: Bound) -> Result<Self, ServeError> {
        let Start { config, journal, clock, seed_demo, on_fault } = start;
        let metrics = Arc::new(Metrics::new());
        metrics.routes(http::labels().into_iter());
        let tokens = tokens(&config)?;
        // Watched from before the journal is read: that takes as long as it takes.
        let operators = operators(&config, bound.operators, &tokens, &clock, &metrics)?;
        let recovered = recover::recover(journal)?;
        report(&recovered);
        let registry = &recovered.university.registry;
        // Nobody of the demo university has a university account.
        let is_demo = config.sign_in.mode == SignInMode::Demo;
        let seed_demo = seed_demo && is_demo && registry.sequence.0 == 0;
        let demo = seed_demo || demo::is_demo(registry);
        match crate::config::demo_refusal(&config, demo) {
            Some(DemoRefusal::RealData) if recover::holds_nothing(registry) => {
                return Err(ServeError::Empty(config.journal.dir));
            }
            Some(refusal) => return Err(ServeError::Refused(refusal)),
            None => {}
        }
        let enrolments = recover::enrolments(&recovered.university);
        let mut settings = config.settings();
        settings.sessions_max = descriptors::sessions(settings.sessions_max, descriptors::raised());
        let options = Options {
            settings,
            clock: clock.clone(),
            position_push_ms: config.line.position_push_ms,
            snapshot_every: config.journal.snapshot_every_records,
            on_fault,
            metrics,
        };
        let core = Core::start(recovered, options)?;
        if demo {
            seed::demo(&core.gateway, seed_demo).await?;
        }
        let here = bound.students.first().and_then(|socket| socket.local_addr().ok()?.as_socket());
        let oidc = oidc::prepare(&config, here, clock.clone())?;
        let settings = http_settings(&config, demo);
        let access = Access::new(tokens, settings, clock, core.gateway.clone());
        let state =
            HttpState::new(core.gateway.clone(), access, seed::importers(), core.journal.clone());
        let (dir, every) = (config.journal.dir.clone(), config.journal.snapshot_every_records);
        let archive = Archive::new(core.journal.clone(), dir, every);
        let state =
            state.with_archive(archive).with_theme(theme(&config)?.as_ref()).with_oidc(oidc);
        let state = Arc::new(state);
        let (server, addresses) = listen(&config, bound.students, &state)?;
        if let Some(operators) = &operators {
            operators.watch(Sources::new(&core, Arc::clone(&state), &config.journal.dir));
        }
        // Tools on this machine come straight in, not through a proxy.
        let url = format!("http://{}", addresses[0]);
        let metrics = operators.as_ref().map(|o| format!("http://{}/metrics", o.address));
        let announced = Serving::announce(&config.journal.dir, &url, metrics.as_deref());
        let doing = || format!("write into {}", config.journal.dir.display());
        let serving = announced.map_err(|source| JournalError::io(doing(), source))?;
        actix::spawn(sampling(Arc::clone(&state)));
        if let Some(oidc) = &state.oidc {
            actix::spawn(oidc::keep(Arc::clone(oidc)));
        }
        actix::spawn(housekeeping(state));
        let handle = server.handle();
        Ok(Self { core, server, handle, addresses, operators, enrolments, demo, _serving: serving })
    }

    async fn run(self, stopped: oneshot::Receiver<()>) -> Result<(), ServeError> {
        let server = actix::spawn(self.server);
        let _ = stopped.await;
        let since = clock::monotonic();
        self.core.gateway.stop();
        let limit = Duration::from_millis(limits::STOP_SESSIONS_MS_MAX);
        while self.core.gateway.directory().sessions() > 0 && since.elapsed() < limit {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let graceful = self.core.gateway.directory().sessions() == 0;
        self.handle.stop(graceful).await;
        let _ = server.await;
        // Nothing holds the journal open any more; that nobody is taken is told to the end.
        if let Some(operators) = &self.operators {
            operators.unwatch();
        }
        let stopped = self.core.stop();
        drop(self.operators);
        stopped?;
        let ms = since.elapsed().as_millis() as u64;
        tracing::info!(ms, "stopped; everything that was told is on disk");
        Ok(())
    }
}

fn report(recovered: &Recovered) {
    tracing::info!(
        snapshot = recovered.snapshot.0.0,
        replayed = recovered.replayed,
        ms = recovered.took.as_millis() as u64,
        "journal read"
    );
}

/// The university's look. Colours that are hard to read are its own affair, but not unsaid.
fn theme(config: &Config) -> Result<Option<Theme>, ServeError> {
    let path = config.page.theme.display();
    let theme = config.page.theme().map_err(|fault| ServeError::Io {
        doing: format!("read the theme {path}"),
        source: io::Error::other(fault.to_string()),
    })?;
    for pair in theme.iter().flat_map(Theme::low_contrast) {
        tracing::warn!(theme = %path, %pair, "hard to read; see `sluis theme check`");
    }
    Ok(theme)
}

fn tokens(config: &Config) -> Result<Tokens, ServeError> {
    let keys = match config.sign_in.mode {
        SignInMode::Demo => Keys::Demo,
        SignInMode::Oidc => Keys::Oidc,
    };
    let tokens = Tokens::load_or_create_of(&config.journal.dir, keys);
    tokens.map_err(|e| ServeError::Key(e.to_string()))
}

fn http_settings(config: &Config, demo: bool) -> http::settings::Settings {
    let only_demo = demo && config.sign_in.mode == SignInMode::Demo;
    let mut settings = http::settings::Settings {
        https: config.server.is_https(),
        allowed_origins: config.server.allowed_origins.clone(),
        sign_in_hours: config.sign_in.token_ttl_hours,
        sign_in: match config.sign_in.mode {
            SignInMode::Oidc => SignIn::Oidc,
            SignInMode::Demo if demo => SignIn::Demo { showcase: seed::showcase() },
            SignInMode::Demo => SignIn::Demo { showcase: Vec::new() },
        },
        imports: (only_demo && !config.sign_in.demo_with_real_data).then(|| ImportRule {
            allows: demo::keeps,
            refusal: DemoRefusal::RealData.to_string(),
        }),
        ..http::settings::Settings::default()
    };
    let proxies = config.server.trusted_proxies.iter();
    settings.trusted_proxies = proxies.filter_map(|p| http::settings::Network::parse(p)).collect();
    if !config.server.public_url.is_empty() {
        settings.allowed_origins.push(config.server.public_url.clone());
    }
    settings.rates = rates(config);
    settings
}

fn rates(config: &Config) -> Rates {
    let limits = &config.limits;
    let rate = |per_second, burst| Rate { per_second, burst };
    Rates {
        sign_in: rate(limits.address_sign_ins_per_second, limits.address_sign_ins_burst),
        connect: rate(limits.address_connects_per_second, limits.address_connects_burst),
        anonymous: rate(limits.address_requests_per_second, limits.address_requests_burst),
        change: rate(limits.student_changes_per_second, limits.student_changes_burst),
        read: rate(limits.student_reads_per_second, limits.student_reads_burst),
    }
}

fn url(public: &str, addresses: &[SocketAddr]) -> String {
    if public.is_empty() { format!("http://{}", addresses[0]) } else { public.to_owned() }
}

fn operators(
    config: &Config,
    bound: Option<Socket>,
    tokens: &Tokens,
    clock: &Clock,
    metrics: &Arc<Metrics>,
) -> Result<Option<Operators>, ServeError> {
    let (Some(socket), Some(address)) = (bound, config.metrics.listen) else { return Ok(None) };
    let (tokens, clock, metrics) = (tokens.clone(), clock.clone(), Arc::clone(metrics));
    let started = Operators::start(socket, tokens, clock, metrics);
    started.map(Some).map_err(|source| ServeError::ListenMetrics { address, source })
}

fn listen(
    config: &Config,
    bound: Vec<Socket>,
    state: &Arc<HttpState>,
) -> Result<(Server, Vec<SocketAddr>), ServeError> {
    let state = Arc::clone(state);
    let mut server = HttpServer::new(move || {
        let app = App::new().configure(http::routes(&state)).wrap(from_fn(http::finish));
        app.wrap(from_fn(http::arriving)).wrap(from_fn(http::measure))
    })
    .on_connect(|connection, _| ws::tune(connection))
    .max_connections(config.limits.sessions_max + limits::PLAIN_CONNECTIONS_MAX)
    .disable_signals()
    .shutdown_timeout(1);
    if config.server.workers > 0 {
        server = server.workers(config.server.workers);
    }
    for (socket, address) in bound.into_iter().zip(&config.server.listen) {
        let failed = |source: io::Error| ServeError::Listen { address: *address, source };
        socket.listen(limits::LISTEN_BACKLOG as i32).map_err(failed)?;
        server = server.listen(socket.into()).map_err(failed)?;
    }
    let addresses = server.addrs();
    Ok((server.run(), addresses))
}

/// The registrar's board tells how fast sections fill, whether anybody looks on or not.
async fn sampling(state: Arc<HttpState>) {
    let mut often = tokio::time::interval(Duration::from_millis(limits::BOARD_SAMPLE_MS));
    loop {
        often.tick().await;
        state.sample_seats();
    }
}

/// Limiters forget whom they need not remember, the console what is too old to be told.
async fn housekeeping(state: Arc<HttpState>) {
    let mut minute = tokio::time::interval(Duration::from_secs(60));
    loop {
        minute.tick().await;
        state.tidy_limits();
        state.tidy_console();
        state.gateway.tidy_limits();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_http_sides_own_rates_are_the_shipped_ones() {
        assert_eq!(Rates::default(), rates(&Config::default()));
    }

    #[test]
    fn a_public_address_is_told_and_accepted_whatever_its_scheme() {
        let mut config = Config::default();
        for public in ["http://sluis.example.nl", "https://sluis.example.nl"] {
            config.server.public_url = public.to_owned();
            assert_eq!(http_settings(&config, true).allowed_origins, [public]);
            assert_eq!(url(public, &[]), public);
        }
        assert_eq!(url("", &config.server.listen), "http://127.0.0.1:8080");
    }
}
