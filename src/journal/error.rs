//! What can go wrong with the journal, and what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::ids::Sequence;

/// Where in the journal something was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// The commit's number, where it could be read.
    pub commit: Option<u64>,
    /// The entry's index within the commit, where it could be read.
    pub entry: Option<u16>,
    /// The first sequence concerned.
    pub sequence: Sequence,
}

impl Place {
    /// A place of which only the sequence is known.
    pub const fn at(sequence: Sequence) -> Self {
        Self { commit: None, entry: None, sequence }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("an unknown place");
        }
        if let Some(commit) = self.commit {
            write!(f, "commit {commit}, ")?;
        }
        if let Some(entry) = self.entry {
            write!(f, "entry {entry}, ")?;
        }
        write!(f, "sequence {}", self.sequence)
    }
}

/// Every way in which the journal says no. Each text tells what to do.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process has this data directory.
    #[error(
        "{path} is in use by another process: stop that one, or give this one a data directory \
         of its own"
    )]
    Locked {
        /// The lock that is held.
        path: PathBuf,
    },
    /// Something that was told is missing or altered. Nothing is guessed or removed.
    #[error(
        "{}the journal is damaged at {place}: {what}. Nothing was changed: `sluis journal verify` \
         lists every fault; restore the latest backup, or set this journal aside with `sluis serve \
         --fresh --yes`", before(path.as_deref())
    )]
    Damaged {
        /// The data directory, where it is known.
        path: Option<PathBuf>,
        /// Where.
        place: Place,
        /// What was found there.
        what: String,
    },
    /// Not a journal of ours, or of another format version.
    #[error(
        "{path} is not a Sluis journal that this version reads ({found}): start the version that \
         wrote it, or give this one an empty data directory"
    )]
    Foreign {
        /// The directory or file.
        path: PathBuf,
        /// What was found instead.
        found: String,
    },
    /// The students' keys cannot be used. Nothing was changed.
    #[error("{path}: {what}")]
    Keys {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        what: String,
    },
    /// The disk or the store failed. A failed write or sync is never tried again.
    #[error("{doing}: {source}; {}", way_out(source))]
    Io {
        /// What was being done.
        doing: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Too much waits to be written. Nothing was taken.
    #[error(
        "the journal has {pending_bytes} bytes waiting: answer busy, and try again once commits \
         have caught up"
    )]
    Full {
        /// Bytes waiting.
        pending_bytes: usize,
    },
    /// A record or snapshot over its limit. Nothing was taken.
    #[error("{bytes} bytes are over the limit of {max}: split it, or store less")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Records or snapshots that do not follow what is there: a bug in the caller.
    #[error("expected sequence {expected}, was given {given}: this is a bug, report it")]
    OutOfOrder {
        /// The sequence that may come.
        expected: Sequence,
        /// The sequence that came.
        given: Sequence,
    },
    /// A snapshot is being written already.
    #[error("another snapshot is being written: finish or drop that one first")]
    SnapshotBusy,
    /// The journal stopped earlier; what was not durable then will never be.
    #[error("the journal has stopped ({why}): restart the process, it replays what is on disk")]
    Stopped {
        /// Why.
        why: String,
    },
}

impl JournalError {
    /// An [`JournalError::Io`].
    pub fn io(doing: impl Into<String>, source: io::Error) -> Self {
        Self::Io { doing: doing.into(), source }
    }

    /// A [`JournalError::Damaged`].
    pub fn damaged(place: Place, what: impl Into<String>) -> Self {
        Self::Damaged { path: None, place, what: what.into() }
    }

    /// The same; what is damaged lies in this directory, unless that was said already.
    #[must_use]
    pub fn within(mut self, directory: &Path) -> Self {
        if let Self::Damaged { path: path @ None, .. } = &mut self {
            *path = Some(directory.to_owned());
        }
        self
    }

    /// A [`JournalError::Stopped`].
    pub fn stopped(why: impl Into<String>) -> Self {
        Self::Stopped { why: why.into() }
    }
}

fn way_out(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free space on that disk and start again; what was acknowledged is there"
        }
        io::ErrorKind::PermissionDenied => "give the service's account access to it",
        io::ErrorKind::ReadOnlyFilesystem => {
            "see to it that the disk can be written to, and start again; what was acknowledged is \
             there"
        }
        _ => "look at the disk and the system log, then start again",
    }
}

fn before(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| format!("{}: ", path.display()))
}

/// For `map_err`: what was being done to which file.
pub(super) fn io_at<'a>(
    doing: &'a str,
    path: &'a Path,
) -> impl Fn(io::Error) -> JournalError + use<'a> {
    move |e| JournalError::io(format!("{doing} {}", path.display()), e)
}

/// Shorthand of this module.
pub type Result<T> = std::result::Result<T, JournalError>;
