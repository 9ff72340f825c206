//! Secrets in files: readable by their owner alone, in hex, there whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const FILE_BYTES_MAX: u64 = 4096;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file could not be read or written.
    #[error("{path}: {error}; see to it that it can be read and written, and try again")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Others on this machine can read it.
    #[error("{0}: others can read this key; run: chmod 600 {0}")]
    Exposed(PathBuf),
    /// Longer than any of ours.
    #[error("{0}: too long for a key")]
    TooLong(PathBuf),
}

fn io_at(path: &Path) -> impl Fn(io::Error) -> SecretError + '_ {
    move |error| SecretError::Io { path: path.to_owned(), error }
}

/// So many random bytes in hex, for the file at `path`.
pub fn fresh(path: &Path, bytes: usize) -> Result<String, SecretError> {
    let mut key = vec![0; bytes];
    getrandom::fill(&mut key).map_err(|e| io_at(path)(io::Error::other(e.to_string())))?;
    Ok(key.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Written aside and renamed.
pub fn write(path: &Path, text: &str) -> Result<(), SecretError> {
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

/// Writes a fresh one of so many bytes where there is none.
pub fn make_if_missing(path: &Path, bytes: usize) -> Result<(), SecretError> {
    match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            write(path, &format!("{}\n", fresh(path, bytes)?))
        }
        found => found.map(|_| ()).map_err(io_at(path)),
    }
}

/// Its lines, without those that are empty.
pub fn lines(path: &Path) -> Result<Vec<String>, SecretError> {
    let meta = fs::metadata(path).map_err(io_at(path))?;
    if meta.permissions().mode() & 0o077 != 0 {
        return Err(SecretError::Exposed(path.to_owned()));
    }
    if meta.len() > FILE_BYTES_MAX {
        return Err(SecretError::TooLong(path.to_owned()));
    }
    let text = fs::read_to_string(path).map_err(io_at(path))?;
    Ok(text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect())
}
