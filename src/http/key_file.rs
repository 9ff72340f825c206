//! The file that holds the signing keys: `signin.key` in the data directory, readable by its
//! owner alone. One key a line in hex, newest first; the second line is the key before.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use actix_web::cookie::Key as SigningKey;

use super::auth::{Tokens, unhex_bytes};
use crate::protocol::convert::hex;

const NAME: &str = "signin.key";
const KEY_BYTES: usize = 64;
const FILE_BYTES_MAX: u64 = 4096;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Others on this machine can read it.
    #[error("{0}: others can read this key; run: chmod 600 {0}")]
    Exposed(PathBuf),
    /// Not one or two lines of 128 hex digits.
    #[error(
        "{0}: expected one or two lines of 128 hex digits; restore it, or remove it, and \
         everybody signs in again"
    )]
    Damaged(PathBuf),
}

impl Tokens {
    /// Reads the keys in `dir`, or makes the first one.
    pub fn load_or_create(dir: &Path) -> Result<Self, KeyFileError> {
        let path = dir.join(NAME);
        match fs::metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let key = fresh(&path)?;
                write(&path, &format!("{key}\n"))?;
            }
            Err(error) => return Err(KeyFileError::Io { path, error }),
            Ok(_) => {}
        }
        read(&path)
    }

    /// Whether `dir` holds keys.
    pub fn has_key(dir: &Path) -> bool {
        dir.join(NAME).exists()
    }

    /// Reads the keys in `dir`.
    pub fn load(dir: &Path) -> Result<Self, KeyFileError> {
        read(&dir.join(NAME))
    }

    /// Makes a new signing key; tokens signed by the present one stay good, older ones do not.
    /// A running gateway takes it at its next start.
    pub fn rotate(dir: &Path) -> Result<Self, KeyFileError> {
        let path = dir.join(NAME);
        let keys = lines(&path)?;
        let key = fresh(&path)?;
        let previous = keys.first().cloned().unwrap_or_default();
        write(&path, &format!("{key}\n{previous}\n"))?;
        read(&path)
    }
}

fn io_at(path: &Path) -> impl Fn(io::Error) -> KeyFileError + '_ {
    move |error| KeyFileError::Io { path: path.to_owned(), error }
}

fn fresh(path: &Path) -> Result<String, KeyFileError> {
    let mut key = [0; KEY_BYTES];
    getrandom::fill(&mut key).map_err(|e| io_at(path)(io::Error::other(e.to_string())))?;
    Ok(hex(&key))
}

/// Written aside and renamed, so that it is there whole or not at all.
fn write(path: &Path, text: &str) -> Result<(), KeyFileError> {
    let aside = path.with_extension("key.new");
    let _ = fs::remove_file(&aside);
    let mut options = fs::OpenOptions::new();
    let mut file =
        options.write(true).create_new(true).mode(0o600).open(&aside).map_err(io_at(&aside))?;
    file.write_all(text.as_bytes()).map_err(io_at(&aside))?;
    file.sync_all().map_err(io_at(&aside))?;
    fs::rename(&aside, path).map_err(io_at(path))?;
    let dir = path.parent().unwrap_or(Path::new("."));
    fs::File::open(dir).and_then(|d| d.sync_all()).map_err(io_at(dir))
}

fn lines(path: &Path) -> Result<Vec<String>, KeyFileError> {
    let meta = fs::metadata(path).map_err(io_at(path))?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(KeyFileError::Exposed(path.to_owned()));
    }
    if meta.len() > FILE_BYTES_MAX {
        return Err(KeyFileError::Damaged(path.to_owned()));
    }
    let text = fs::read_to_string(path).map_err(io_at(path))?;
    Ok(text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect())
}

fn read(path: &Path) -> Result<Tokens, KeyFileError> {
    let damaged = || KeyFileError::Damaged(path.to_owned());
    let key = |line: &String| {
        let bytes = unhex_bytes(line).filter(|b| b.len() == KEY_BYTES);
        bytes.map(|b| SigningKey::from(&b)).ok_or_else(damaged)
    };
    let keys = lines(path)?.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    match keys.len() {
        1 | 2 => Ok(Tokens::new(keys)),
        _ => Err(damaged()),
    }
}

#[cfg(test)]
mod tests {
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
        let mode = fs::metadata(dir.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = Tokens::load_or_create(dir.path()).unwrap();
        assert_eq!(again.verify(&token, Timestamp(0)), Ok(claims()));
    }

    #[test]
    fn a_rotation_keeps_the_key_before_and_no_older_one() {
        let dir = tempfile::tempdir().unwrap();
        let token = Tokens::load_or_create(dir.path()).unwrap().mint(&claims());
        let once = Tokens::rotate(dir.path()).unwrap();
        assert_eq!(once.verify(&token, Timestamp(0)), Ok(claims()));
        let twice = Tokens::rotate(dir.path()).unwrap();
        assert_eq!(twice.verify(&token, Timestamp(0)), Err(AuthError::Invalid));
        assert!(twice.verify(&once.mint(&claims()), Timestamp(0)).is_ok());
    }

    #[test]
    fn an_exposed_or_damaged_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        Tokens::load_or_create(dir.path()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Tokens::load_or_create(dir.path()).err();
        assert!(matches!(error, Some(KeyFileError::Exposed(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for text in ["", "abc\n", "zz\n"] {
            fs::write(&path, text).unwrap();
            let error = Tokens::load_or_create(dir.path()).err();
            assert!(matches!(error, Some(KeyFileError::Damaged(_))), "{text:?}");
        }
    }
}
