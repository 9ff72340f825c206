//! The composition root: puts the gateway together and runs it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::config::{Config, DemoRefusal};
use crate::journal::JournalError;

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
pub fn serve(_config: Config, _options: ServeOptions) -> Result<(), ServeError> {
    let source = io::Error::from(io::ErrorKind::Unsupported);
    Err(ServeError::Io { doing: "start the gateway".to_owned(), source })
}
