//! The composition root: puts the gateway together and runs it.

pub mod core;
pub mod recover;
pub mod seed;
pub mod server;
pub mod snapshots;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::banner::Banner;
use crate::clock::Clock;
use crate::config::{Config, DemoRefusal};
use crate::demo;
use crate::journal::{self, JournalError};
use crate::telemetry;
use server::{Running, Start};

/// What is asked of one start and is no setting.
#[derive(Clone, Debug, Default)]
pub struct ServeOptions {
    /// Forget everything in the data directory first.
    pub fresh: bool,
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
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Demo sign-in is not allowed here.
    #[error("{0}")]
    Refused(DemoRefusal),
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
    if options.fresh {
        start_over(&data)?;
    }
    let journal = journal::sled::open(&data)?;
    let start = Start {
        config,
        journal: Box::new(journal),
        clock: Clock::system(),
        seed_demo: !options.empty,
        on_fault: Box::new(|fault| {
            // What was told is on disk; a restart replays it.
            tracing::error!(%fault, "the journal failed; the process stops");
            eprintln!("sluis: {fault}");
            std::process::exit(EXIT_IO);
        }),
    };
    let running = server::start(start)?;
    if pretty {
        greet(&running, &data, options.config_file.as_deref());
    }
    tracing::info!(url = %format_args!("http://{}", running.addresses[0]), "ready");
    wait_for_signal()?;
    tracing::info!("stopping: sockets are asked to come back, the journal is drained");
    running.stop()
}

/// The exit code of a failed disk, as documented in `sluis --help`.
const EXIT_IO: i32 = 74;

/// Forgets everything: moves the journal out of the way under the lock, then removes it.
fn start_over(data: &Path) -> Result<(), ServeError> {
    if !data.exists() {
        return Ok(());
    }
    // Opening proves that no gateway has it, and that it is ours.
    match journal::sled::open(data) {
        Ok(journal) => drop(journal),
        Err(error @ JournalError::Locked { .. }) => return Err(error.into()),
        Err(_) => {}
    }
    let doing = |what: &Path| format!("remove {}", what.display());
    for name in ["journal", "journal.durable", "signin.key", "serving.json"] {
        let path = data.join(name);
        let removed = match path.is_dir() {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        match removed {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(ServeError::Io { doing: doing(&path), source });
            }
            _ => {}
        }
    }
    Ok(())
}

fn greet(running: &Running, data: &Path, config: Option<&Path>) {
    let urls: Vec<String> = running.addresses.iter().map(|a| format!("http://{a}")).collect();
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
    let banner = Banner {
        urls: &urls,
        data,
        enrolments: running.enrolments,
        config,
        sign_in: "demo: anybody chooses whom to be; this machine only, unless you said otherwise",
        window: window.as_deref().filter(|_| running.demo),
        next: running.demo.then_some(next.as_str()),
    };
    eprint!("{banner}");
}

fn wait_for_signal() -> Result<(), ServeError> {
    let io = |source| ServeError::Io { doing: "wait for signals".to_owned(), source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(io)?;
    runtime.block_on(async {
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
                .map_err(io)?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.map_err(io),
            _ = terminate.recv() => Ok(()),
        }
    })
}
