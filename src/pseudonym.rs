//! What students are called in log lines: a keyed hash of the student number. The same student has
//! the same pseudonym as long as the key lives; without the key nobody gets from one to the other.
//! The key is `log.key` in the data directory: whoever removes it makes old lines nobody's.

use std::fmt;
use std::path::Path;
use std::sync::OnceLock;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::secret::{self, SecretError};

const NAME: &str = "log.key";
const KEY_BYTES: usize = 32;
/// Bytes of a pseudonym: among a million students two alike are one chance in ten million.
const PSEUDONYM_BYTES: usize = 8;

/// The key of this process, once it has one.
static KEY: OnceLock<Pseudonyms> = OnceLock::new();

/// Gives students their pseudonyms.
#[derive(Clone)]
pub struct Pseudonyms(Vec<u8>);

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms(..)")
    }
}

impl Pseudonyms {
    /// With the key in `dir`; one is made where there is none.
    pub fn load_or_create(dir: &Path) -> Result<Self, SecretError> {
        secret::make_if_missing(&dir.join(NAME), KEY_BYTES)?;
        Self::load(dir)
    }

    /// With the key in `dir`.
    pub fn load(dir: &Path) -> Result<Self, SecretError> {
        let lines = secret::lines(&dir.join(NAME))?;
        Ok(Self(lines.concat().into_bytes()))
    }

    /// The student's pseudonym: 16 hex digits.
    pub fn of(&self, student: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length is a key");
        mac.update(student.as_bytes());
        let hash = mac.finalize().into_bytes();
        hash.iter().take(PSEUDONYM_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }

    /// From now on log lines of this process have these; later calls change nothing.
    pub fn install(self) {
        let _ = KEY.set(self);
    }
}

/// A student in a log line: `student = %pseudonym::Of(key)`. Costs nothing while the line is not
/// written.
pub struct Of<'a>(pub &'a str);

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match KEY.get() {
            Some(key) => f.write_str(&key.of(self.0)),
            None => f.write_str("-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_holds_as_long_as_its_key() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Pseudonyms::load(dir.path()).is_err(), "a look makes no key");
        let first = Pseudonyms::load_or_create(dir.path()).unwrap();
        let again = Pseudonyms::load_or_create(dir.path()).unwrap();
        let name = first.of("s1000001");
        assert_eq!((name.len(), &name), (16, &again.of("s1000001")));
        assert_ne!(name, first.of("s1000002"));
        std::fs::remove_file(dir.path().join(NAME)).unwrap();
        let other = Pseudonyms::load_or_create(dir.path()).unwrap();
        assert_ne!(name, other.of("s1000001"));
        assert!(!format!("{first:?}{}", Of("s1000001")).contains("s1000001"));
    }
}
