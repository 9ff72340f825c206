//! Sign-ins of staff that were ended before they ran out. A student's devices are in the journal; a
//! registrar's or an operator's token stands in no list, so a digest of it is kept until it has run
//! out, and for some time more, lest a clock that was ahead and is set back let it hold again: in
//! memory, where every check of a token looks, and in `signed-out.list` in the data directory, so
//! that it stays ended after a restart. Deliberately absent: whose it is.
//!
//! The file is text: a line with its form and how many there are, then one line each, digest and
//! time. It is written aside and renamed, and is on disk before anybody is told.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use super::auth::unhex_bytes;
use crate::domain::ids::Timestamp;
use crate::limits;
use crate::protocol::convert::hex;
use crate::secret::{self, SecretError};

/// The file's name in the data directory.
pub const NAME: &str = "signed-out.list";
const FORM: &str = "sluis-signed-out-1";
/// More than the longest line has, the first included.
const LINE_BYTES_MAX: u64 = 64;

/// What stands for a token: nobody gets from it to the token, and no two have the same.
pub type Digest = [u8; 16];

/// Why a sign-in was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// So many are remembered that there is room for no other until one is old enough.
    #[error(
        "{} ended sign-ins of staff are remembered, the most there may be; stop, remove \
         signed-out.list and the file of the keys that sign, and start: everybody signs in again",
        limits::STAFF_SIGN_OUTS_MAX
    )]
    Full,
    /// It would not have outlived a restart.
    #[error(transparent)]
    Unwritten(#[from] SecretError),
}

/// Why what was ended is not known.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It could not be read.
    #[error("{path}: {error}; see to it that it can be read, and try again")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Not as it was written: who is signed out would be let in.
    #[error(
        "{0}: not as it was written; restore it, or remove it and the file of the keys that sign, \
         and everybody signs in again"
    )]
    Damaged(PathBuf),
}

/// What was ended and may yet hold by its own word.
#[derive(Debug, Default)]
pub struct Ended {
    /// None: in memory alone.
    file: Option<PathBuf>,
    known: RwLock<HashMap<Digest, Timestamp>>,
    one_at_a_time: Mutex<()>,
}

impl Ended {
    /// As the file in `dir` says, which will be kept up to date.
    pub fn load(dir: &Path) -> Result<Self, ListError> {
        let path = dir.join(NAME);
        let known = RwLock::new(read(&path)?);
        Ok(Self { file: Some(path), known, one_at_a_time: Mutex::default() })
    }

    /// Whether this one was ended.
    pub fn holds(&self, digest: &Digest) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).contains_key(digest)
    }

    /// Ends one that runs out at `expires`. It is on disk, and asked for by everybody, before this
    /// returns; on an error nothing has changed. Blocks for as long as the disk takes.
    ///
    /// None is ever forgotten before its time to make room: it would hold again. Its time is over
    /// [`limits::STAFF_SIGN_OUT_KEPT_MS`] after it ran out.
    pub fn end(&self, digest: Digest, expires: Timestamp, now: Timestamp) -> Result<(), EndError> {
        let _one = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        known.retain(|_, expires| expires.plus_ms(limits::STAFF_SIGN_OUT_KEPT_MS) > now);
        known.insert(digest, expires);
        if known.len() > limits::STAFF_SIGN_OUTS_MAX {
            return Err(EndError::Full);
        }
        if let Some(path) = &self.file {
            secret::write(path, &text(&known))?;
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }
}

fn text(known: &HashMap<Digest, Timestamp>) -> String {
    let lines = known.iter().map(|(digest, expires)| format!("{} {}\n", hex(digest), expires.0));
    format!("{FORM} {}\n", known.len()) + &lines.collect::<String>()
}

fn read(path: &Path) -> Result<HashMap<Digest, Timestamp>, ListError> {
    let failed = |error| ListError::Io { path: path.to_owned(), error };
    let damaged = || ListError::Damaged(path.to_owned());
    match fs::metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(HashMap::new()),
        Err(e) => return Err(failed(e)),
        Ok(meta) if meta.len() > LINE_BYTES_MAX * (1 + limits::STAFF_SIGN_OUTS_MAX as u64) => {
            return Err(damaged());
        }
        Ok(_) => {}
    }
    let bytes = fs::read(path).map_err(failed)?;
    String::from_utf8(bytes).ok().and_then(|text| parse(&text)).ok_or_else(damaged)
}

fn parse(text: &str) -> Option<HashMap<Digest, Timestamp>> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    let count: usize = lines.next()?.strip_prefix(FORM)?.strip_prefix(' ')?.parse().ok()?;
    let one = |line: &str| {
        let (digest, expires) = line.split_once(' ')?;
        Some((Digest::try_from(unhex_bytes(digest)?).ok()?, Timestamp(expires.parse().ok()?)))
    };
    let known: HashMap<_, _> = lines.map(one).collect::<Option<_>>()?;
    (known.len() == count).then_some(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{STAFF_SIGN_OUT_KEPT_MS, STAFF_SIGN_OUTS_MAX};

    const NOW: Timestamp = Timestamp(1_000_000);
    const LATER: Timestamp = Timestamp(2_000_000);

    fn digest(n: usize) -> Digest {
        (n as u128).to_be_bytes()
    }

    #[test]
    fn what_was_ended_stays_so_over_a_restart_and_is_forgotten_long_after_it_has_run_out() {
        let dir = tempfile::tempdir().unwrap();
        let ended = Ended::load(dir.path()).unwrap();
        assert!(!ended.holds(&digest(1)));
        ended.end(digest(1), NOW.plus_ms(5), NOW).unwrap();
        ended.end(digest(2), LATER, NOW).unwrap();
        ended.end(digest(2), LATER, NOW).unwrap();
        for ended in [&ended, &Ended::load(dir.path()).unwrap()] {
            assert!(ended.holds(&digest(1)) && ended.holds(&digest(2)));
            assert!(!ended.holds(&digest(3)), "another's");
        }
        // The first has run out long enough, so that its token holds no more by itself.
        let forgotten = NOW.plus_ms(5 + STAFF_SIGN_OUT_KEPT_MS);
        ended.end(digest(2), LATER, Timestamp(forgotten.0 - 1)).unwrap();
        assert!(ended.holds(&digest(1)), "one millisecond before");
        ended.end(digest(3), LATER, forgotten).unwrap();
        for ended in [&ended, &Ended::load(dir.path()).unwrap()] {
            assert!(!ended.holds(&digest(1)), "it is dropped");
            assert!(ended.holds(&digest(2)) && ended.holds(&digest(3)));
        }
        let text = fs::read_to_string(dir.path().join(NAME)).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    /// The wall clock jumps ahead and back: what had run out in between must not hold again.
    #[test]
    fn a_clock_that_jumps_ahead_and_back_revives_none() {
        let dir = tempfile::tempdir().unwrap();
        let ended = Ended::load(dir.path()).unwrap();
        ended.end(digest(1), LATER, NOW).unwrap();
        for (n, ahead) in (2..).zip([1, 3_600_000, 12 * 3_600_000, 24 * 3_600_000]) {
            ended.end(digest(n), NOW.plus_ms(u64::MAX / 2), LATER.plus_ms(ahead)).unwrap();
            for ended in [&ended, &Ended::load(dir.path()).unwrap()] {
                assert!(ended.holds(&digest(1)), "after {ahead} ms");
            }
        }
    }

    #[test]
    fn at_the_bound_the_next_is_refused_and_none_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let known = (0..STAFF_SIGN_OUTS_MAX).map(|n| (digest(n), LATER)).collect();
        fs::write(dir.path().join(NAME), text(&known)).unwrap();
        let ended = Ended::load(dir.path()).unwrap();
        let full = ended.end(digest(STAFF_SIGN_OUTS_MAX), LATER, NOW);
        assert!(matches!(full, Err(EndError::Full)), "{full:?}");
        assert!(!ended.holds(&digest(STAFF_SIGN_OUTS_MAX)));
        assert!((0..STAFF_SIGN_OUTS_MAX).all(|n| ended.holds(&digest(n))));
        // One that is there already needs no room; and when they have run out long enough there is
        // room again.
        ended.end(digest(7), LATER, NOW).unwrap();
        let full = ended.end(digest(STAFF_SIGN_OUTS_MAX), LATER, LATER);
        assert!(matches!(full, Err(EndError::Full)), "{full:?}");
        let later = LATER.plus_ms(STAFF_SIGN_OUT_KEPT_MS);
        ended.end(digest(STAFF_SIGN_OUTS_MAX), later.plus_ms(1), later).unwrap();
        assert!(ended.holds(&digest(STAFF_SIGN_OUTS_MAX)) && !ended.holds(&digest(7)));
    }

    #[test]
    fn what_cannot_be_written_is_not_ended_and_can_be_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let ended = Ended::load(&dir.path().join("data")).unwrap();
        let failed = ended.end(digest(1), LATER, NOW);
        assert!(matches!(failed, Err(EndError::Unwritten(_))), "{failed:?}");
        assert!(!ended.holds(&digest(1)), "it was not told, and is not half done");
        fs::create_dir(dir.path().join("data")).unwrap();
        ended.end(digest(1), LATER, NOW).unwrap();
        assert!(ended.holds(&digest(1)));
    }

    #[test]
    fn a_list_that_is_not_whole_lets_nobody_in() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        let known = [(digest(1), LATER), (digest(2), LATER)].into();
        let good = text(&known);
        assert_eq!(parse(&good), Some(known));
        let cut = good.trim_end().rsplit_once('\n').unwrap().0.to_owned() + "\n";
        let (joined, other) = (good.replace(' ', ""), good.replace('2', "x"));
        let long = " ".repeat(LINE_BYTES_MAX as usize * (2 + STAFF_SIGN_OUTS_MAX));
        let (unended, late) = (&good[..good.len() - 1], &good[1..]);
        for bad in ["", "\n", &cut, unended, late, &joined, &other, &long] {
            fs::write(&path, bad).unwrap();
            let told = Ended::load(dir.path()).unwrap_err();
            assert!(matches!(told, ListError::Damaged(_)), "{bad:?}");
            assert!(told.to_string().contains("restore it, or remove it and the file"), "{told}");
        }
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(Ended::load(dir.path()).is_err());
    }
}
