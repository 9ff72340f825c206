//! What students are called in log lines: a keyed hash of the student number. The same student has
//! the same pseudonym as long as the key lives; without the key nobody gets from one to the other.
//! The key is `log.key` in the data directory: whoever removes it makes old lines nobody's.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::secret::{self, SecretError};

const NAME: &str = "log.key";
const KEY_BYTES: usize = 32;
/// Bytes of a pseudonym: among a million students two alike are one chance in ten million.
const PSEUDONYM_BYTES: usize = 8;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum LogKeyError {
    /// It could not be read or written, or others can read it.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Not one line of 64 hex digits: with an empty key anybody could tell who is who.
    #[error(
        "{0}: expected one line of 64 hex digits; restore it, or remove it, and students get other \
         names in the log from then on"
    )]
    Damaged(PathBuf),
}

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
    pub fn load_or_create(dir: &Path) -> Result<Self, LogKeyError> {
        secret::make_if_missing(&dir.join(NAME), KEY_BYTES)?;
        Self::load(dir)
    }

    /// With the key in `dir`.
    pub fn load(dir: &Path) -> Result<Self, LogKeyError> {
        let path = dir.join(NAME);
        let hex = |line: &String| {
            line.len() == 2 * KEY_BYTES && line.bytes().all(|b| b.is_ascii_hexdigit())
        };
        match secret::lines(&path)?.as_slice() {
            [line] if hex(line) => Ok(Self(line.clone().into_bytes())),
            _ => Err(LogKeyError::Damaged(path)),
        }
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

    #[test]
    fn a_key_that_is_none_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        let good = "0123456789abcdefABCDEF9876543210".repeat(2);
        let write = |text: &str| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            Pseudonyms::load_or_create(dir.path())
        };
        let (short, long, two) = (&good[1..], format!("{good}0"), format!("{good}\n{good}\n"));
        let other = good.replace('0', "g");
        for text in ["", "\n", "0", short, &long, &two, &other] {
            let told = write(text).unwrap_err();
            assert!(matches!(told, LogKeyError::Damaged(_)), "{text:?}");
            assert!(told.to_string().contains("log.key: expected one line"), "{told}");
        }
        assert!(write(&format!("{good}\n")).is_ok());
    }
}
