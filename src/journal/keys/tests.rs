//! Keys made, lost, cut short and destroyed, and whose they are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::file::{HEADER_BYTES, SLOT_BYTES};
use super::*;

const ANNA: StudentId = StudentId(3);
const BEN: StudentId = StudentId(900);

fn sealed(keys: &Keys, student: StudentId, plain: &[u8]) -> Vec<u8> {
    match keys.seal(student, b"beside", plain) {
        Seal::Sealed(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

fn slot_at(bytes: &[u8], index: usize) -> usize {
    let at = HEADER_BYTES + index * SLOT_BYTES;
    assert!(bytes.len() >= at + SLOT_BYTES);
    at
}

#[test]
fn what_is_sealed_opens_with_her_key_alone_beside_what_it_was_sealed_with() {
    let data = tempfile::tempdir().unwrap();
    let keys = Keys::open(data.path()).unwrap();
    let (hers, his) = (sealed(&keys, ANNA, b"s1"), sealed(&keys, BEN, b"s1"));
    assert_ne!(sealed(&keys, ANNA, b"s1"), hers, "no two alike");
    assert_eq!(hers.len(), 2 + SEAL_BYTES);
    assert_eq!(keys.unseal(ANNA, b"beside", &hers), Ok(Some(b"s1".to_vec())));
    assert_eq!(keys.unseal(BEN, b"beside", &hers), Err(BadSeal));
    assert_eq!(keys.unseal(ANNA, b"elsewhere", &hers), Err(BadSeal));
    assert_eq!(keys.unseal(StudentId(4), b"beside", &hers), Ok(None), "she has no key");
    assert_eq!(keys.unseal(BEN, b"beside", &his[..7]), Err(BadSeal));
    assert_eq!(Keys::none().seal(ANNA, b"", b"s1"), Seal::Plain);
}

#[test]
fn a_key_is_there_again_once_it_is_synced_and_for_its_owner_alone() {
    let data = tempfile::tempdir().unwrap();
    let keys = Keys::open(data.path()).unwrap();
    let hers = sealed(&keys, ANNA, b"s1");
    assert!(!data.path().join(NAME).exists());
    keys.sync().unwrap();
    let his = sealed(&keys, BEN, b"s2");
    keys.sync().unwrap();
    let mode = fs::metadata(data.path().join(NAME)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = Keys::look(data.path()).unwrap();
    assert_eq!(again.unseal(ANNA, b"beside", &hers), Ok(Some(b"s1".to_vec())));
    assert_eq!(again.unseal(BEN, b"beside", &his), Ok(Some(b"s2".to_vec())));
    assert_eq!(again.seal(StudentId(5), b"", b""), Seal::Plain, "a look makes no key");
    fs::set_permissions(data.path().join(NAME), fs::Permissions::from_mode(0o640)).unwrap();
    let error = Keys::open(data.path()).unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    fs::set_permissions(data.path().join(NAME), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(data.path().join(NAME), "a diary of mine").unwrap();
    let error = Keys::open(data.path()).unwrap_err().to_string();
    assert!(error.contains("not a file of keys"), "{error}");
}

#[test]
fn a_destroyed_key_is_nowhere_in_the_file_and_never_made_again() {
    let data = tempfile::tempdir().unwrap();
    let keys = Keys::open(data.path()).unwrap();
    let (hers, his) = (sealed(&keys, ANNA, b"s1"), sealed(&keys, BEN, b"s2"));
    keys.sync().unwrap();
    let before = fs::read(data.path().join(NAME)).unwrap();
    let at = slot_at(&before, 0) + 5;
    let key = &before[at..at + 32];
    keys.destroy(&[ANNA, StudentId(7)]).unwrap();
    let after = fs::read(data.path().join(NAME)).unwrap();
    assert!(before.windows(32).any(|bytes| bytes == key));
    assert!(!after.windows(32).any(|bytes| bytes == key));
    for keys in [keys, Keys::open(data.path()).unwrap()] {
        assert_eq!(keys.unseal(ANNA, b"beside", &hers), Ok(None));
        assert_eq!(keys.unseal(BEN, b"beside", &his), Ok(Some(b"s2".to_vec())));
        assert_eq!(keys.seal(ANNA, b"", b"s1"), Seal::Gone);
        assert_eq!(keys.seal(StudentId(7), b"", b"s1"), Seal::Gone, "she never had one");
        assert!(keys.is_destroyed(ANNA) && !keys.has(ANNA) && keys.has(BEN));
    }
}

/// Every write of a destruction cut short: she has her key or has not, everybody else has, and
/// the same again finishes it.
#[test]
fn a_destruction_cut_short_at_any_byte_leaves_the_others_whole() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join(NAME);
    let keys = Keys::open(data.path()).unwrap();
    let all: Vec<_> = (0..3).map(|n| (StudentId(n), sealed(&keys, StudentId(n), b"s"))).collect();
    keys.sync().unwrap();
    let before = fs::read(&path).unwrap();
    keys.destroy(&[StudentId(1)]).unwrap();
    let after = fs::read(&path).unwrap();
    assert_eq!(before.len(), after.len(), "in its place");
    for cut in 0..=after.len() {
        fs::write(&path, [&after[..cut], &before[cut..]].concat()).unwrap();
        let keys = Keys::open(data.path()).unwrap();
        for (student, sealed) in &all {
            let opened = keys.unseal(*student, b"beside", sealed);
            let whole = opened == Ok(Some(b"s".to_vec()));
            assert!(whole || (*student == StudentId(1) && opened == Ok(None)), "{cut}");
        }
        keys.destroy(&[StudentId(1)]).unwrap();
        assert_eq!(fs::read(&path).unwrap(), after, "cut at {cut}");
    }
}

/// An append cut short, also where blocks of the file reached the disk out of order.
#[test]
fn a_key_cut_short_as_it_was_written_is_written_over() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join(NAME);
    let keys = Keys::open(data.path()).unwrap();
    let hers = sealed(&keys, ANNA, b"s1");
    keys.sync().unwrap();
    let whole = fs::read(&path).unwrap();
    for cut in 0..SLOT_BYTES {
        fs::write(&path, [&whole[..], &vec![0; cut]].concat()).unwrap();
        let keys = Keys::open(data.path()).unwrap();
        let his = sealed(&keys, BEN, b"s2");
        keys.sync().unwrap();
        let again = Keys::open(data.path()).unwrap();
        assert_eq!(again.unseal(ANNA, b"beside", &hers), Ok(Some(b"s1".to_vec())));
        assert_eq!(again.unseal(BEN, b"beside", &his), Ok(Some(b"s2".to_vec())), "{cut}");
    }
    for cut in 0..HEADER_BYTES {
        fs::write(&path, &whole[..cut]).unwrap();
        let keys = Keys::open(data.path()).unwrap();
        sealed(&keys, BEN, b"s2");
        keys.sync().unwrap();
        assert!(Keys::open(data.path()).unwrap().has(BEN), "{cut}");
    }
}

#[test]
fn keys_are_bounded() {
    let data = tempfile::tempdir().unwrap();
    let keys = Keys::open(data.path()).unwrap();
    let last = StudentId(STUDENT_KEYS_MAX as u32 - 1);
    assert!(matches!(keys.seal(last, b"", b""), Seal::Sealed(_)));
    assert_eq!(keys.seal(StudentId(STUDENT_KEYS_MAX as u32), b"", b""), Seal::Plain);
}

fn journal(name: &str) -> Option<JournalName> {
    ["monday", "tuesday"].contains(&name).then(|| JournalName::of(name.as_bytes()))
}

#[test]
fn keys_are_of_one_journal_and_refused_beside_another() {
    let data = tempfile::tempdir().unwrap();
    let keys = Keys::open(data.path()).unwrap();
    keys.belong_to(None).unwrap();
    let hers = sealed(&keys, ANNA, b"s1");
    keys.sync().unwrap();
    assert!(keys.are_unnamed(), "no record is durable");
    keys.belong_to(journal("monday")).unwrap();
    assert!(!keys.are_unnamed());
    let copy = data.path().join("copy");
    assert!(super::copy(data.path(), &copy).unwrap());
    for open in [Keys::open, Keys::look] {
        let refused = |journal| {
            let keys = open(data.path()).unwrap();
            keys.belong_to(journal).unwrap_err().to_string()
        };
        assert!(refused(journal("tuesday")).contains("the keys of another journal"));
        assert!(refused(None).contains("the keys of a journal that is not here"));
        let again = open(data.path()).unwrap();
        again.belong_to(journal("monday")).unwrap();
        assert_eq!(again.unseal(ANNA, b"beside", &hers), Ok(Some(b"s1".to_vec())));
    }
    let other = tempfile::tempdir().unwrap();
    let error = put_back(&copy, journal("tuesday"), other.path()).unwrap_err().to_string();
    assert!(error.contains("copy: these are the keys of another journal"), "{error}");
    assert!(!is_there(other.path()));
    put_back(&copy, journal("monday"), other.path()).unwrap();
    Keys::open(other.path()).unwrap().belong_to(journal("monday")).unwrap();
}

/// The process ended after the keys were written and before the first record was durable.
#[test]
fn keys_of_a_journal_that_never_had_a_record_are_begun_anew() {
    let data = tempfile::tempdir().unwrap();
    let keys = Keys::open(data.path()).unwrap();
    keys.belong_to(None).unwrap();
    let (hers, _) = (sealed(&keys, ANNA, b"s1"), sealed(&keys, BEN, b"s2"));
    keys.sync().unwrap();
    let keys = Keys::open(data.path()).unwrap();
    let error = keys.expect_none().unwrap_err().to_string();
    assert!(error.contains("of a journal that is not here"), "with no store at all: {error}");
    keys.belong_to(None).unwrap();
    assert!(!keys.has(ANNA) && !keys.has(BEN));
    keys.expect_none().unwrap();
    let again = sealed(&keys, ANNA, b"s1");
    keys.sync().unwrap();
    keys.belong_to(journal("monday")).unwrap();
    let keys = Keys::open(data.path()).unwrap();
    keys.belong_to(journal("monday")).unwrap();
    assert_eq!(keys.unseal(ANNA, b"beside", &again), Ok(Some(b"s1".to_vec())));
    assert_eq!(keys.unseal(ANNA, b"beside", &hers), Err(BadSeal), "that was never durable");
    assert!(!keys.has(BEN));
    // Ended before it was said of which journal they are: the record that is there needs them.
    let path = data.path().join(NAME);
    let whole = fs::read(&path).unwrap();
    assert_eq!(whole.len(), HEADER_BYTES + 2 * SLOT_BYTES, "her slot, and of which journal it is");
    for cut in 0..=SLOT_BYTES {
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        let keys = Keys::open(data.path()).unwrap();
        assert_eq!(keys.are_unnamed(), cut > 0, "{cut}");
        keys.belong_to(journal("monday")).unwrap();
        keys.proven(journal("monday")).unwrap();
        assert_eq!(keys.are_unnamed(), cut > 0, "{cut}: not before one of them opened something");
        assert_eq!(fs::read(&path).unwrap(), whole[..whole.len() - cut], "{cut}");
        assert_eq!(keys.unseal(ANNA, b"beside", &again), Ok(Some(b"s1".to_vec())));
        keys.proven(journal("monday")).unwrap();
        assert!(Keys::look(data.path()).unwrap().belong_to(journal("tuesday")).is_err());
        assert_eq!(fs::read(&path).unwrap(), whole, "{cut}");
    }
    // The first key of a journal from before there were keys, cut short.
    for cut in 0..HEADER_BYTES + SLOT_BYTES {
        fs::write(&path, &whole[..cut]).unwrap();
        let keys = Keys::open(data.path()).unwrap();
        keys.belong_to(journal("monday")).unwrap();
        keys.proven(journal("monday")).unwrap();
        let keys = Keys::open(data.path()).unwrap();
        assert!(!keys.are_unnamed(), "{cut}");
        keys.belong_to(journal("monday")).unwrap();
        let hers = sealed(&keys, ANNA, b"s1");
        keys.sync().unwrap();
        let keys = Keys::open(data.path()).unwrap();
        assert_eq!(keys.unseal(ANNA, b"beside", &hers), Ok(Some(b"s1".to_vec())), "{cut}");
    }
}

/// A journal from before there were keys, and its first key cut short as the file was made.
#[test]
fn a_file_cut_short_as_it_was_made_beside_an_old_journal_opens_again_and_again() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join(NAME);
    let keys = Keys::open(data.path()).unwrap();
    keys.belong_to(journal("monday")).unwrap();
    sealed(&keys, ANNA, b"s1");
    keys.sync().unwrap();
    let whole = fs::read(&path).unwrap();
    for cut in 0..HEADER_BYTES {
        fs::write(&path, &whole[..cut]).unwrap();
        for _ in 0..2 {
            let keys = Keys::open(data.path()).unwrap();
            keys.belong_to(journal("monday")).unwrap();
            keys.proven(journal("monday")).unwrap();
        }
        let keys = Keys::open(data.path()).unwrap();
        keys.belong_to(journal("monday")).unwrap();
        let hers = sealed(&keys, ANNA, b"s1");
        keys.sync().unwrap();
        let keys = Keys::open(data.path()).unwrap();
        keys.belong_to(journal("monday")).unwrap();
        assert_eq!(keys.unseal(ANNA, b"beside", &hers), Ok(Some(b"s1".to_vec())), "{cut}");
    }
}

#[test]
fn a_key_that_is_asked_for_and_not_there_is_missed() {
    let data = tempfile::tempdir().unwrap();
    let keys = Keys::open(data.path()).unwrap();
    let (hers, his) = (sealed(&keys, ANNA, b"s1"), sealed(&keys, BEN, b"s2"));
    keys.sync().unwrap();
    keys.destroy(&[BEN]).unwrap();
    fs::write(data.path().join(NAME), b"").unwrap();
    let lost = Keys::look(data.path()).unwrap();
    assert_eq!(lost.missed(), []);
    assert_eq!(lost.unseal(ANNA, b"beside", &hers), Ok(None));
    assert_eq!(lost.missed(), [ANNA]);
    assert_eq!(keys.unseal(BEN, b"beside", &his), Ok(None));
    assert_eq!(keys.missed(), [], "his was destroyed");
}

#[test]
fn the_mark_of_a_destroyed_key_is_forgotten_and_its_number_used_again() {
    let data = tempfile::tempdir().unwrap();
    let keys = Keys::open(data.path()).unwrap();
    let (hers, his) = (sealed(&keys, ANNA, b"s1"), sealed(&keys, BEN, b"s2"));
    keys.destroy(&[ANNA]).unwrap();
    assert_eq!(keys.destroyed(), [ANNA]);
    keys.forget(&[ANNA]).unwrap();
    let again = |keys: Keys| [keys, Keys::open(data.path()).unwrap()];
    for keys in again(keys.clone()) {
        assert_eq!(keys.destroyed(), []);
        assert_eq!(keys.unseal(BEN, b"beside", &his), Ok(Some(b"s2".to_vec())));
        assert_eq!(keys.unseal(ANNA, b"beside", &hers), Ok(None));
        assert_eq!(keys.missed(), [], "her key is not lost");
    }
    let next = sealed(&keys, ANNA, b"another");
    keys.sync().unwrap();
    for keys in again(keys.clone()) {
        assert_eq!(keys.unseal(ANNA, b"beside", &next), Ok(Some(b"another".to_vec())));
        assert_eq!(keys.unseal(ANNA, b"beside", &hers), Ok(None), "hers who had the number before");
        assert_eq!(keys.unseal(BEN, b"beside", &next), Err(BadSeal));
    }
    // The next one is erased too.
    keys.destroy(&[ANNA]).unwrap();
    for keys in again(keys) {
        assert_eq!(keys.destroyed(), [ANNA]);
        assert_eq!(keys.unseal(ANNA, b"beside", &next), Ok(None));
        assert_eq!(keys.seal(ANNA, b"beside", b"more"), Seal::Gone);
    }
}
