//! What other modules do for the command line, in the form that it needs.

use std::path::Path;
use std::time::Duration;

use super::args::FileFormat;
use super::failure::{Code, Failure};
use super::import::Kind;
use super::token::Subject;
use crate::domain::import::Draft;

const ABSENT: &str = "this build cannot do that yet";

/// Makes tokens with the key in the data directory.
pub struct Minter;

impl Minter {
    /// Reads the key.
    pub fn open(_data: &Path) -> Result<Self, Failure> {
        Err(Failure::new(Code::Other, ABSENT))
    }

    /// A token that is good for this long.
    #[expect(clippy::unused_self)]
    pub fn mint(&self, _subject: &Subject, _ttl: Duration) -> String {
        String::new()
    }
}

/// A file's bytes as a draft, or every fault, one line each.
pub fn parse(_kind: Kind, _format: FileFormat, _bytes: &[u8]) -> Result<Draft, Vec<String>> {
    Err(vec![ABSENT.to_owned()])
}

/// Gives each new window a seed of its own, from the system's randomness.
pub fn with_seeds(mut draft: Draft) -> Result<Draft, Failure> {
    for (_, rules) in &mut draft.windows {
        getrandom::fill(&mut rules.seed).map_err(|e| {
            Failure::new(Code::Unavailable, format!("the system gives no random numbers: {e}"))
        })?;
    }
    Ok(draft)
}

/// Recomputes a lottery; what it came to, or what is wrong.
pub fn verify_transcript(_bytes: &[u8]) -> Result<String, (Code, Vec<String>)> {
    Err((Code::Other, vec![ABSENT.to_owned()]))
}
