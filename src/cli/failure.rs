//! How a command ends badly: one line per fault, and an exit code.

use std::fmt;
use std::io;

use crate::config::Fault;
use crate::domain::import::DraftFault;
use crate::journal::JournalError;
use crate::journal::epoch::EpochError;
use crate::limits::IMPORT_FAULTS_MAX;

/// Exit codes, those of `sysexits.h` where it has one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Code {
    /// Anything without a code of its own.
    Other = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The gateway says no; nothing was changed.
    Refused = 65,
    /// Something needed is not there or taken: a port, a gateway, the data directory.
    Unavailable = 69,
    /// The disk or the journal.
    Io = 74,
    /// The configuration or a data file is wrong.
    Config = 78,
}

/// Told in `--help`.
pub const EXIT_CODES: &str = "Exit codes:
  0   done
  1   any other failure
  2   the command line is wrong
  65  the gateway refuses it: not known, not valid, or not now; nothing was changed
  69  unavailable: the port or the data directory is in use or not there, no gateway answers,
      or a window has not opened yet
  74  the disk failed or is full, or the journal is damaged
  78  the configuration or a data file is wrong";

/// Why a command failed. Each line says what, where, and how to fix it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// How the process ends.
    pub code: Code,
    /// At least one, unless nobody is left to tell.
    pub lines: Vec<String>,
}

impl Failure {
    /// A failure of one line.
    pub fn new(code: Code, line: impl Into<String>) -> Self {
        Self { code, lines: vec![line.into()] }
    }

    /// A file that cannot be read or written.
    pub fn file(doing: &str, path: &std::path::Path, e: &io::Error) -> Self {
        let code = match e.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::IsADirectory => Code::Config,
            _ => Code::Io,
        };
        Self::new(code, format!("{}: cannot be {doing}: {e}", path.display()))
    }

    /// Faults of a draft, each with file and line; so many, then their number.
    pub fn draft(file: &std::path::Path, faults: &[DraftFault]) -> Self {
        let told = faults.iter().take(IMPORT_FAULTS_MAX).map(|f| f.in_file(file.display()));
        let more = faults.len().saturating_sub(IMPORT_FAULTS_MAX);
        let rest = (more > 0).then(|| format!("{}: and {more} more", file.display()));
        Self { code: Code::Config, lines: told.chain(rest).collect() }
    }

    /// Faults in a data file, each with the file's name before it; so many, then their number.
    pub fn data(file: &std::path::Path, faults: Vec<String>) -> Self {
        let more = faults.len().saturating_sub(IMPORT_FAULTS_MAX);
        let told = faults.into_iter().take(IMPORT_FAULTS_MAX);
        let rest = (more > 0).then(|| format!("and {more} more"));
        let lines = told.chain(rest).map(|fault| format!("{}: {fault}", file.display()));
        Self { code: Code::Config, lines: lines.collect() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, line) in self.lines.iter().enumerate() {
            let end = if i + 1 < self.lines.len() { "\n" } else { "" };
            write!(f, "error: {line}{end}")?;
        }
        Ok(())
    }
}

impl From<Vec<Fault>> for Failure {
    fn from(faults: Vec<Fault>) -> Self {
        Self { code: Code::Config, lines: faults.iter().map(ToString::to_string).collect() }
    }
}

impl From<JournalError> for Failure {
    fn from(e: JournalError) -> Self {
        let code = match &e {
            JournalError::Locked { .. } => Code::Unavailable,
            _ => Code::Io,
        };
        Self::new(code, e.to_string())
    }
}

impl From<EpochError> for Failure {
    fn from(e: EpochError) -> Self {
        match e {
            EpochError::Encode(_) => Self::new(Code::Config, e.to_string()),
            EpochError::Damaged(_) => Self::new(Code::Other, e.to_string()),
            EpochError::Journal(e) => e.into(),
        }
    }
}

/// Standard output cannot be written. A reader that went away (`| head`) is no failure: that one
/// has no lines.
impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Self {
        if e.kind() == io::ErrorKind::BrokenPipe {
            return Self { code: Code::Other, lines: Vec::new() };
        }
        Self::new(Code::Io, format!("standard output cannot be written: {e}"))
    }
}
