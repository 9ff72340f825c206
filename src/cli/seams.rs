//! What other modules do, in the form that the command line needs.

use std::path::Path;
use std::time::Duration;

use super::args::FileFormat;
use super::failure::{Code, Failure};
use super::import::Kind;
use super::token::Subject;
use crate::clock::Clock;
use crate::config::SignInMode;
use crate::domain::import::Draft;
use crate::http::auth::{Claims, Role, Tokens};
use crate::http::key_file::Keys;
use crate::protocol::files::{self, Format};
use crate::protocol::transcript::{self, Transcript, TranscriptFault};

/// The keys that sign in this mode.
pub fn keys(mode: SignInMode) -> Keys {
    match mode {
        SignInMode::Demo => Keys::Demo,
        SignInMode::Oidc => Keys::Oidc,
    }
}

/// Makes tokens with the key in the data directory.
pub struct Minter(Tokens);

impl Minter {
    /// Whether there is a key to read.
    pub fn has_key(data: &Path, keys: Keys) -> bool {
        Tokens::has_key(data, keys)
    }

    /// Reads the key.
    pub fn open(data: &Path, keys: Keys) -> Result<Self, Failure> {
        let tokens = Tokens::load(data, keys);
        Ok(Self(tokens.map_err(|e| Failure::new(Code::Io, e.to_string()))?))
    }

    /// A token that is good for this long.
    pub fn mint(&self, subject: &Subject, ttl: Duration) -> String {
        let (role, student, name) = match subject {
            Subject::Student(key) => (Role::Student, Some(key.clone()), None),
            Subject::Registrar(name) => (Role::Registrar, None, name.clone()),
            Subject::Operator => (Role::Operator, None, None),
        };
        let issued = Clock::system().now();
        let expires = issued.plus_ms(ttl.as_millis() as u64);
        self.0.mint(&Claims { role, student, name, expires, issued, device: None })
    }
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Toml => Self::Toml,
            FileFormat::Json => Self::Json,
            FileFormat::Csv => Self::Csv,
            FileFormat::Sections => Self::Sections,
        }
    }
}

/// A file as a draft, or every fault. Each new window gets a seed from the system's randomness.
pub fn parse(
    kind: Kind,
    format: Option<FileFormat>,
    file: &Path,
    bytes: &[u8],
) -> Result<Draft, Failure> {
    let (name, format) = (file.display().to_string(), format.map(Format::from));
    let mut fault = None;
    let mut seeds = || {
        let mut seed = [0; 32];
        if let Err(e) = getrandom::fill(&mut seed) {
            fault = Some(format!("the system gives no random numbers for the lottery: {e}"));
        }
        seed
    };
    let draft = match kind {
        Kind::Catalogue => files::catalogue(&name, bytes, format, &mut seeds),
        Kind::Students => files::students(&name, bytes, format),
        Kind::Results => files::results(&name, bytes, format),
    };
    match (fault, draft) {
        (Some(fault), _) => Err(Failure::new(Code::Unavailable, fault)),
        (None, Ok(draft)) => Ok(draft),
        (None, Err(faults)) => {
            let lines = faults.iter().map(ToString::to_string).collect();
            Err(Failure { code: Code::Config, lines })
        }
    }
}

/// Recomputes a lottery; what it came to, or what is wrong.
pub fn verify_transcript(bytes: &[u8], published: Option<&str>) -> Result<String, (Code, String)> {
    let transcript: Transcript = serde_json::from_slice(bytes)
        .map_err(|e| (Code::Config, format!("not a lottery transcript ({e})")))?;
    let tickets = transcript::verify(&transcript, published);
    let tickets = tickets.map_err(|e| match e {
        TranscriptFault::NotOpened => {
            (Code::Unavailable, format!("{e}; ask for the transcript again after the opening"))
        }
        _ => (Code::Other, format!("does not verify: {e}")),
    })?;
    let kept = match published {
        Some(_) => ", and its seed is the one whose hash you kept",
        None => "",
    };
    Ok(format!("verified: {tickets} tickets of {} in the order drawn{kept}", transcript.window))
}
