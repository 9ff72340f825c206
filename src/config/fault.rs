//! Where a setting comes from, and what is wrong with one.

use std::fmt;
use std::path::PathBuf;

use super::load::variable;
use crate::protocol::files::plain;

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// `config/default.toml`, as built into the program.
    Default,
    /// A file.
    File {
        /// Which.
        path: PathBuf,
        /// The line of its key, from 1.
        line: usize,
        /// The column of its key, from 1.
        column: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A flag, as typed.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, column } => {
                write!(f, "{}:{line}:{column}", path.display())
            }
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

impl Origin {
    /// The key as its writer must write it there.
    pub(super) fn spelled(&self, key: &str) -> String {
        match self {
            Self::Environment(_) => variable(key),
            _ => key.to_owned(),
        }
    }
}

/// One thing that is wrong with the configuration: where, what, how to fix it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Where it was written.
    pub origin: Origin,
    /// The key; empty when the whole source is at fault.
    pub key: String,
    /// What, and how to fix it.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match self.key.as_str() {
            "" => String::new(),
            key => format!("{key}: "),
        };
        // A key in quotes may have line breaks, and a name from the environment as well.
        f.write_str(&plain(&format!("{}: {key}{}", self.origin, self.what), usize::MAX))
    }
}
