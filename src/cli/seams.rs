//! What other modules do, in the form that the command line needs.

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

/// A file as a draft, or every fault.
pub fn parse(
    _kind: Kind,
    _format: Option<FileFormat>,
    _file: &Path,
    _bytes: &[u8],
) -> Result<Draft, Failure> {
    Err(Failure::new(Code::Other, ABSENT))
}

/// Recomputes a lottery; what it came to, or what is wrong.
pub fn verify_transcript(_bytes: &[u8], _hash: Option<&str>) -> Result<String, (Code, String)> {
    Err((Code::Other, ABSENT.to_owned()))
}
