//! The composition root: puts the gateway together and runs it.

pub mod core;
mod descriptors;
mod fresh;
mod oidc;
pub mod operators;
#[cfg(test)]
mod panic_tests;
pub mod recover;
pub mod seed;
pub mod server;
mod signals;
pub mod snapshots;
mod systemd;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::banner::Banner;
use crate::clock::Clock;
use crate::config::{Config, DemoRefusal, SignInMode};
use crate::demo;
use crate::journal::{self, DataDir, JournalError, OnFault};
use crate::pseudonym::Pseudonyms;
use crate::serving;
use crate::telemetry;
use server::{Running, Start};
use signals::Signals;

/// What is asked of one start and is no setting.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// Set the journal in the data directory aside and begin another.
    pub fresh: bool,
    /// Do so with data other than the demo's too.
    pub yes: bool,
    /// Leave an empty data directory empty: no demo university.
    pub empty: bool,
    /// The configuration file that was read, for the banner.
    pub config_file: Option<PathBuf>,
}

/// Why the gateway did not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be had.
    #[error(
        "{address}: cannot be listened on ({source}); stop the program that has it, or choose \
         another with --listen IP:PORT"
    )]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The operators' address cannot be had.
    #[error(
        "metrics.listen: {address} cannot be listened on ({source}); stop the program that has it, \
         or set another: SLUIS__METRICS__LISTEN=127.0.0.1:0 takes any free port, an empty one none"
    )]
    ListenMetrics {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Demo sign-in is not allowed here.
    #[error("{0}")]
    Refused(DemoRefusal),
    /// `--fresh` over data that is not the demo's.
    #[error(
        "{0}: holds more than the demo university; `sluis serve --fresh --yes` sets it aside, or \
         name another directory with --data DIR"
    )]
    NotDemo(PathBuf),
    /// A journal that was there before, and holds nothing, or an import that stopped half way: no
    /// demo is put over it.
    #[error(
        "{0}: holds an empty journal from an earlier start; `sluis serve --fresh` begins another \
         with the demo university, `sluis catalogue import FILE` fills this one"
    )]
    Empty(PathBuf),
    /// The sign-in provider's settings can no longer be used.
    #[error("sign_in.oidc: {0}; `sluis config check` tells more")]
    SignIn(String),
    /// The key that signs sign-in tokens.
    #[error("{0}")]
    Key(String),
    /// The demo university could not be put in.
    #[error("the demo university could not be put in: {0}; try `sluis serve --fresh`")]
    Demo(String),
    /// Anything else that the system refused.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why.
        source: io::Error,
    },
}

/// Runs the gateway until it is told to stop.
pub fn serve(config: Config, options: ServeOptions) -> Result<(), ServeError> {
    let data = config.journal.dir.clone();
    let pretty = telemetry::is_pretty(&config.log);
    let public_url = config.server.public_url.clone();
    let sign_in = sign_in_told(&config);
    let clock = Clock::system();
    // Nothing is made or moved before the addresses can be had.
    let bound = server::bind(&config)?;
    let dir = DataDir::take(&data)?;
    serving::forget(&data);
    if options.fresh
        && let Some(aside) = fresh::start_over(&dir, options.yes, clock.now())?
    {
        eprintln!("sluis: the journal that was there is now in {}", aside.display());
    }
    // Never over a journal that was there: one that reads as empty may have held something.
    let is_demo = config.sign_in.mode == SignInMode::Demo;
    let seed_demo = !dir.has_store()? && !options.empty && is_demo;
    let journal = journal::sled::open_dir(dir)?;
    let pseudonyms = Pseudonyms::load_or_create(&data);
    pseudonyms.map_err(|e| ServeError::Key(e.to_string()))?.install();
    let start =
        Start { config, journal: Box::new(journal), clock, seed_demo, on_fault: stop_process() };
    let signals = Signals::listen();
    let signals = signals
        .map_err(|source| ServeError::Io { doing: "listen to signals".to_owned(), source })?;
    let running = server::start_on(start, bound)?;
    let url = running.url(&public_url);
    if pretty {
        greet(&running, &url, &data, options.config_file.as_deref(), &sign_in);
    }
    let metrics = running.operators.map(|address| format!("http://{address}/metrics"));
    tracing::info!(url, metrics, data = %data.display(), "ready");
    systemd::ready(&url);
    signals.wait(systemd::Watchdog::wanted(&running.gateway));
    systemd::stopping();
    tracing::info!("stopping: sockets are asked to come back, the journal is drained");
    running.stop()
}

/// What a failed journal leads to. What was told is on disk; a restart replays it.
fn stop_process() -> OnFault {
    Box::new(|fault| {
        tracing::error!(%fault, "the journal failed; the process stops");
        eprintln!("sluis: {fault}");
        std::process::exit(EXIT_IO);
    })
}

/// The exit code of a failed disk, as documented in `sluis --help`.
const EXIT_IO: i32 = 74;

fn sign_in_told(config: &Config) -> String {
    match config.sign_in.mode {
        SignInMode::Demo => {
            "demo: anybody chooses whom to be; this machine only, unless you said otherwise".into()
        }
        SignInMode::Oidc => format!("university accounts, by {}", config.sign_in.oidc.issuer),
    }
}

fn greet(running: &Running, url: &str, data: &Path, config: Option<&Path>, sign_in: &str) {
    let others = running.addresses.iter().skip(1).map(|a| format!("http://{a}"));
    let urls: Vec<String> = std::iter::once(url.to_owned()).chain(others).collect();
    let window = running.gateway.public().windows.iter().find(|w| w.key == demo::WINDOW).map(|w| {
        match w.state.as_str() {
            "planned" if w.opens_at.is_none() => {
                format!("{} opens 60 s after the first sign-in", w.name.en)
            }
            state => format!("{} is {state}", w.name.en),
        }
    });
    let visitor = demo::showcase()[0];
    let next = format!(
        "open {}, choose {} ({}), add a few courses, press \"Arm my plan\", and watch the line",
        urls[0], visitor.student, visitor.en
    );
    let metrics = running.operators.map(|address| format!("http://{address}/metrics"));
    let banner = Banner {
        urls: &urls,
        metrics: metrics.as_deref(),
        data,
        enrolments: running.enrolments,
        config,
        sign_in,
        window: window.as_deref().filter(|_| running.demo),
        next: running.demo.then_some(next.as_str()),
    };
    eprint!("{banner}");
}
