//! Rot in the students' keys: each bit flipped, each length. A journal that is opened with them is
//! refused with a word on what to do, and they are left as they are, or everything is read as it
//! was. Nobody is read with another's key, and nobody seems erased who is not.
//!
//! Every bit is tried with `SLUIS_FLIPS=1000000`, as in the soak of `journal::rot`; here, a part.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::Keys;
use super::file::{HEADER_BYTES, NAME, SLOT_BYTES};
use crate::clock;
use crate::domain::ids::{StudentId, Timestamp};
use crate::domain::university::University;
use crate::journal::erase_tests::{ERASED, append, say_erased};
use crate::journal::error::Result;
use crate::journal::rot::{number, parts, seed, spread, with};
use crate::journal::testkit::history;
use crate::journal::{Journal, digest, erasures, renew_snapshots, sled as store};

/// Bits tried here: each so many-th.
const STEP: u64 = 4;
const AT: Timestamp = Timestamp(1_800_000_000_000);

/// A journal of twelve students of whom two were erased; its files, and what it holds.
struct Whole {
    parts: Vec<(PathBuf, Vec<u8>)>,
    /// Which of the files has the keys.
    keys: usize,
    university: University,
}

fn whole(with_snapshot: bool) -> Whole {
    let data = tempfile::tempdir().unwrap();
    let mut journal = store::open(data.path()).unwrap();
    let (mut university, records) = history(11, 60);
    append(&mut journal, &records);
    append(&mut journal, &say_erased(&mut university));
    journal.reader().keys().destroy(&ERASED).unwrap();
    if with_snapshot {
        renew_snapshots(&mut journal, &university).unwrap();
    }
    Box::new(journal).close().unwrap();
    let parts = parts(data.path());
    let keys = parts.iter().position(|(name, _)| name.ends_with(NAME)).unwrap();
    Whole { parts, keys, university }
}

impl Whole {
    fn bytes(&self) -> &[u8] {
        &self.parts[self.keys].1
    }

    /// Opens the journal with other keys, as a start does; whether it did, or was refused.
    #[track_caller]
    fn opens_with(&self, changed: &[u8], what: &str) -> bool {
        let data = with(&self.parts, self.keys, |bytes| *bytes = changed.to_owned());
        let file = data.path().join(NAME);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let error = match opened(data.path()) {
            Ok(found) => {
                assert!(found == self.university, "{what}: read otherwise");
                // What was finished then is as it was as well.
                assert!(opened(data.path()).unwrap() == self.university, "{what}: read again");
                return true;
            }
            Err(error) => error.to_string(),
        };
        let told = error.contains(&*file.to_string_lossy()) && !error.contains('\n');
        let ways = ["put the file of this one back", "put the file of this journal back"];
        assert!(told && ways.iter().any(|way| error.contains(way)), "{what}: {error}");
        // The file can be looked at, and another put in its place: then all is there.
        assert!(opened(data.path()).is_err(), "{what}: refused, and then not");
        if changed.len() == self.bytes().len() {
            assert!(fs::read(&file).unwrap() == changed, "{what}: changed");
        }
        fs::write(&file, self.bytes()).unwrap();
        assert!(opened(data.path()).unwrap() == self.university, "{what}: put back");
        false
    }
}

fn opened(data: &Path) -> Result<University> {
    let mut journal = store::open(data)?;
    let mut folded = digest::fold_up_to(&journal.reader(), journal.durable())?;
    erasures::expect_all(&folded.university, journal.reader().keys())?;
    erasures::finish(&mut journal, &mut folded, AT)?;
    Ok(folded.university)
}

#[test]
fn no_flipped_bit_of_the_keys_is_silent() {
    let wholes = [whole(false), whole(true)];
    let (since, step) =
        (clock::monotonic(), if number("SLUIS_FLIPS").is_some() { 1 } else { STEP });
    let from = seed() % step;
    let bits = wholes[0].bytes().len() as u64 * 8;
    let [refused, intact] = [const { AtomicU64::new(0) }; 2];
    spread((bits - from).div_ceil(step), |nth| {
        let bit = (from + nth * step) as usize;
        let whole = &wholes[nth as usize % 2];
        let mut changed = whole.bytes().to_owned();
        changed[bit / 8] ^= 1 << (bit % 8);
        let opens = whole.opens_with(&changed, &format!("bit {bit} of the keys"));
        if opens { &intact } else { &refused }.fetch_add(1, Ordering::Relaxed);
    });
    let [refused, intact] = [refused.into_inner(), intact.into_inner()];
    let took = since.elapsed();
    println!(
        "{} flips of {bits} bits: {refused} refused, {intact} intact, in {took:?}",
        refused + intact
    );
    // In the place of a key that was destroyed it does not matter, nor where it is said of which
    // journal they are: that is said again.
    assert!(refused > 2 * intact && intact > 0, "{refused} refused, {intact} intact");
}

#[test]
fn no_length_of_the_keys_is_silent() {
    let whole = whole(false);
    let all = whole.bytes().len();
    let step = if number("SLUIS_FLIPS").is_some() { 1 } else { 5 };
    let lengths: Vec<usize> = (0..all).step_by(step).collect();
    spread(lengths.len() as u64, |nth| {
        let length = lengths[nth as usize];
        let opens = whole.opens_with(&whole.bytes()[..length], &format!("{length} bytes of keys"));
        // The last slot says of which journal they are: that is said again.
        assert_eq!(opens, length >= all - SLOT_BYTES, "{length} of {all} bytes of keys");
    });
    println!("{} lengths of {all} bytes", lengths.len());
}

/// Keys whose process was killed before it said of which journal they are.
fn unnamed(bytes: &[u8]) -> Vec<u8> {
    let (head, slots) = bytes.split_at(HEADER_BYTES);
    let of_nobody = |slot: &&[u8]| !slot.starts_with(&[0xff; 4]);
    let kept = slots.chunks(SLOT_BYTES).filter(of_nobody).flatten();
    let left = head.iter().chain(kept).copied().collect::<Vec<_>>();
    assert_eq!(left.len(), bytes.len() - SLOT_BYTES);
    left
}

#[test]
fn keys_without_a_name_get_it_once_they_are_proven_and_foreign_ones_are_left_as_they_are() {
    let whole = whole(false);
    // Of the same students in another journal; of none of these; destroyed where nobody was erased.
    let foreign = |student: Option<u32>, destroyed: bool| {
        let data = tempfile::tempdir().unwrap();
        let keys = Keys::open(data.path()).unwrap();
        for student in student.map_or(0..12, |one| one..one + 1).map(StudentId) {
            keys.seal(student, b"", b"");
            if destroyed {
                keys.destroy(&[student]).unwrap();
            }
        }
        keys.sync().unwrap();
        fs::read(data.path().join(NAME)).unwrap()
    };
    let own = unnamed(whole.bytes());
    let newer = [&own[..], &foreign(Some(0), true)[HEADER_BYTES..]].concat();
    for (theirs, told) in [
        (foreign(None, false), "put back the students.keys of this journal"),
        (foreign(Some(500), false), "the keys of 10 students are not there"),
        (newer, "the keys are newer"),
    ] {
        let data = with(&whole.parts, whole.keys, |bytes| bytes.clone_from(&theirs));
        let file = data.path().join(NAME);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        for _ in 0..2 {
            let error = opened(data.path()).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
            assert!(fs::read(&file).unwrap() == theirs, "{told}: changed");
            // Nor by a close: whoever opened it may end it so.
            Box::new(store::open(data.path()).unwrap()).close().unwrap();
            assert!(fs::read(&file).unwrap() == theirs, "{told}: changed at its close");
        }
        fs::write(&file, &own).unwrap();
        assert!(opened(data.path()).unwrap() == whole.university);
        assert!(!Keys::look(data.path()).unwrap().are_unnamed(), "{told}: they are named now");
        assert_eq!(fs::read(&file).unwrap().len(), whole.bytes().len());
    }
}
