//! One error for the whole program: the cause and the remedy in one line, and the exit code.

use std::fmt;
use std::path::Path;

/// Why a run did not end well. The text is one line: what, where, how to fix it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// A violation was found, or the run could not be carried through: exit code 1.
    Failed(String),
    /// The arguments make no sense together: exit code 2.
    Usage(String),
    /// The gateway, or a resource of this machine, is not to be had: exit code 69.
    Unavailable(String),
    /// A file or socket could not be read or written: exit code 74.
    Io(String),
    /// A file says something impossible: exit code 78.
    BadFile(String),
    /// The run was carried through and a threshold is not met: exit code 99.
    Missed(String),
    /// Ctrl-C: exit code 130.
    Interrupted,
    /// Ctrl-C, and a partial report was written: exit code 130.
    Stopped(String),
}

/// What this program's functions return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The exit code, as `sysexits.h` numbers them.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Unavailable(_) => 69,
            Self::Io(_) => 74,
            Self::BadFile(_) => 78,
            Self::Missed(_) => 99,
            Self::Interrupted | Self::Stopped(_) => 130,
        }
    }

    /// An operation on a file or directory failed.
    pub fn io(what: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::Io(format!("{what} {}: {error}; check the path and its permissions", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text)
            | Self::Usage(text)
            | Self::Unavailable(text)
            | Self::Io(text)
            | Self::BadFile(text)
            | Self::Missed(text)
            | Self::Stopped(text) => f.write_str(text),
            Self::Interrupted => f.write_str("interrupted; the gateway was ended, no result"),
        }
    }
}

impl std::error::Error for Error {}
