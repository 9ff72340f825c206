//! The file that holds the signing keys: `signin.key` in the data directory, readable by its
//! owner alone. One key a line in hex, newest first; the second line is the key before. With
//! university accounts it is another file, so that no token of a demonstration, where anybody could
//! be anyone, holds there.

use std::path::{Path, PathBuf};

use actix_web::cookie::Key as SigningKey;

use super::auth::{Tokens, unhex_bytes};
use super::ended::{Ended, ListError};
use crate::secret::{self, SecretError};

const KEY_BYTES: usize = 64;

/// Which keys: a token made with one kind does not hold with the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keys {
    /// Of the demonstration.
    Demo,
    /// Of sign-ins with a university account.
    Oidc,
}

impl Keys {
    /// Their file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Demo => "signin.key",
            Self::Oidc => "signin-oidc.key",
        }
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It could not be read or written, or others can read it.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Not one or two lines of 128 hex digits.
    #[error(
        "{0}: expected one or two lines of 128 hex digits; restore it, or remove it, and \
         everybody signs in again"
    )]
    Damaged(PathBuf),
    /// It is not known what was signed out.
    #[error(transparent)]
    Ended(#[from] ListError),
}

impl Tokens {
    /// Reads the demonstration's keys in `dir`, or makes the first one.
    pub fn load_or_create(dir: &Path) -> Result<Self, KeyFileError> {
        Self::load_or_create_of(dir, Keys::Demo)
    }

    /// Reads the keys of this kind in `dir`, or makes the first one.
    pub fn load_or_create_of(dir: &Path, keys: Keys) -> Result<Self, KeyFileError> {
        let path = dir.join(keys.name());
        secret::make_if_missing(&path, KEY_BYTES)?;
        read(&path)
    }

    /// Whether `dir` holds keys.
    pub fn has_key(dir: &Path, keys: Keys) -> bool {
        dir.join(keys.name()).exists()
    }

    /// Reads the keys in `dir`.
    pub fn load(dir: &Path, keys: Keys) -> Result<Self, KeyFileError> {
        read(&dir.join(keys.name()))
    }

    /// Makes a new signing key; tokens signed by the present one stay good, older ones do not.
    /// A running gateway takes it at its next start.
    pub fn rotate(dir: &Path, keys: Keys) -> Result<Self, KeyFileError> {
        let path = dir.join(keys.name());
        let keys = secret::lines(&path)?;
        let key = secret::fresh(&path, KEY_BYTES)?;
        let previous = keys.first().cloned().unwrap_or_default();
        secret::write(&path, &format!("{key}\n{previous}\n"))?;
        read(&path)
    }
}

/// The keys at `path`, with what was signed out beside them.
fn read(path: &Path) -> Result<Tokens, KeyFileError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let damaged = || KeyFileError::Damaged(path.to_owned());
    let key = |line: &String| {
        let bytes = unhex_bytes(line).filter(|b| b.len() == KEY_BYTES);
        bytes.map(|b| SigningKey::from(&b)).ok_or_else(damaged)
    };
    let keys = secret::lines(path)?.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    match keys.len() {
        1 | 2 => Ok(Tokens::new(keys).with_ended(Ended::load(dir)?)),
        _ => Err(damaged()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::domain::ids::Timestamp;
    use crate::http::auth::{AuthError, Claims, Role};

    fn claims() -> Claims {
        let (student, device) = (None, None);
        let (expires, issued) = (Timestamp(10), Timestamp(1));
        Claims { role: Role::Operator, student, name: None, expires, issued, device }
    }

    #[test]
    fn the_key_is_made_once_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let token = Tokens::load_or_create(dir.path()).unwrap().mint(&claims());
        let mode = fs::metadata(dir.path().join(Keys::Demo.name())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = Tokens::load_or_create(dir.path()).unwrap();
        assert_eq!(again.verify(&token, Timestamp(0)), Ok(claims()));
    }

    #[test]
    fn a_rotation_keeps_the_key_before_and_no_older_one() {
        let dir = tempfile::tempdir().unwrap();
        let token = Tokens::load_or_create(dir.path()).unwrap().mint(&claims());
        let once = Tokens::rotate(dir.path(), Keys::Demo).unwrap();
        assert_eq!(once.verify(&token, Timestamp(0)), Ok(claims()));
        let twice = Tokens::rotate(dir.path(), Keys::Demo).unwrap();
        assert_eq!(twice.verify(&token, Timestamp(0)), Err(AuthError::Invalid));
        assert!(twice.verify(&once.mint(&claims()), Timestamp(0)).is_ok());
    }

    #[test]
    fn an_exposed_or_damaged_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(Keys::Demo.name());
        Tokens::load_or_create(dir.path()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Tokens::load_or_create(dir.path()).err();
        assert!(matches!(error, Some(KeyFileError::Secret(SecretError::Exposed(_)))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for text in ["", "abc\n", "zz\n"] {
            fs::write(&path, text).unwrap();
            let error = Tokens::load_or_create(dir.path()).err();
            assert!(matches!(error, Some(KeyFileError::Damaged(_))), "{text:?}");
        }
    }

    #[test]
    fn a_token_of_the_demonstration_does_not_hold_with_university_accounts() {
        let dir = tempfile::tempdir().unwrap();
        let demo = Tokens::load_or_create(dir.path()).unwrap();
        let oidc = Tokens::load_or_create_of(dir.path(), Keys::Oidc).unwrap();
        let (here, there) = (demo.mint(&claims()), oidc.mint(&claims()));
        assert_eq!(oidc.verify(&here, Timestamp(0)), Err(AuthError::Invalid));
        assert_eq!(demo.verify(&there, Timestamp(0)), Err(AuthError::Invalid));
        assert_eq!(oidc.verify(&there, Timestamp(0)), Ok(claims()));
    }
}
