//! `journal.durable`: how far the journal was durable, noted beside the store after every sync.
//!
//! sled cuts its log at the first bytes that it cannot read, wherever they are, and says nothing.
//! A journal that ends before its floor has lost something that was told.
//!
//! The note is overwritten in place: it is in the kernel's hands at once, so that it survives the
//! process exactly; after a power cut it may lag, and it never runs ahead of the disk. Two sealed
//! slots, in sectors of their own, are written in turn, so that one is always whole:
//!
//! | bytes | what (little-endian) |
//! | --- | --- |
//! | 0..4 | CRC32 of all that follows |
//! | 4..12 | number of the note; the greatest counts |
//! | 12..20 | sequence up to which the journal is durable |

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::error::{JournalError, Place, Result, io_at};
use super::frame;
use crate::domain::ids::Sequence;

/// The file's name in the data directory.
pub const NAME: &str = "journal.durable";
const NAME_ASIDE: &str = "journal.durable.new";
const SLOT_BYTES: usize = 20;
/// A sector each.
const SLOTS_AT: [usize; 2] = [0, 512];
const FILE_BYTES: usize = 1024;

/// The file, open for notes.
#[derive(Debug)]
pub struct FloorFile {
    file: File,
    path: PathBuf,
    number: u64,
    noted: Sequence,
}

/// The floor in `data`; 0 if none was ever noted.
pub fn read(data: &Path) -> Result<Sequence> {
    Ok(newest(&data.join(NAME))?.map_or(Sequence(0), |(_, floor)| floor))
}

impl FloorFile {
    /// Opens the file in `data`, or makes it.
    pub fn open(data: &Path) -> Result<Self> {
        let path = data.join(NAME);
        let (number, noted) = match newest(&path)? {
            Some(newest) => newest,
            None => {
                make(data, &path)?;
                (0, Sequence(0))
            }
        };
        let file = OpenOptions::new().write(true).open(&path).map_err(io_at("open", &path))?;
        Ok(Self { file, path, number, noted })
    }

    /// Notes that the journal is durable up to here. Survives the process, not yet a power cut.
    pub fn note(&mut self, floor: Sequence) -> Result<()> {
        if floor == self.noted {
            return Ok(());
        }
        let number = self.number + 1;
        let at = SLOTS_AT[number as usize % SLOTS_AT.len()];
        let written = self.file.write_all_at(&slot(number, floor), at as u64);
        written.map_err(io_at("write", &self.path))?;
        (self.number, self.noted) = (number, floor);
        Ok(())
    }

    /// Makes the last note survive a power cut.
    pub fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(io_at("sync", &self.path))
    }
}

fn slot(number: u64, floor: Sequence) -> [u8; SLOT_BYTES] {
    let mut bytes = [0; SLOT_BYTES];
    bytes[4..12].copy_from_slice(&number.to_le_bytes());
    bytes[12..].copy_from_slice(&floor.0.to_le_bytes());
    frame::seal(&mut bytes);
    bytes
}

/// The newest whole note and its number.
fn newest(path: &Path) -> Result<Option<(u64, Sequence)>> {
    let bytes = match fs::read(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(io_at("read", path))?,
    };
    let slots = SLOTS_AT.map(|at| bytes.get(at..at + SLOT_BYTES).filter(|s| frame::is_sealed(s)));
    if slots.iter().any(Option::is_none) {
        tracing::warn!(file = %path.display(), "one note of how far the journal is durable is torn");
    }
    let notes = slots.iter().flatten();
    let newest = notes.map(|slot| (frame::long(slot, 4), Sequence(frame::long(slot, 12)))).max();
    newest.map(Some).ok_or_else(|| {
        let what = format!("{NAME} is unreadable; if the rest is sound, remove it");
        JournalError::damaged(Place::default(), what)
    })
}

/// Made aside and renamed, so that it is there whole or not at all.
fn make(data: &Path, path: &Path) -> Result<()> {
    let mut bytes = vec![0; FILE_BYTES];
    for at in SLOTS_AT {
        bytes[at..at + SLOT_BYTES].copy_from_slice(&slot(0, Sequence(0)));
    }
    let aside = data.join(NAME_ASIDE);
    let write = || {
        fs::write(&aside, &bytes)?;
        File::open(&aside)?.sync_all()?;
        fs::rename(&aside, path)?;
        File::open(data)?.sync_all()
    };
    write().map_err(io_at("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_note_counts_and_a_torn_one_falls_back_to_the_one_before() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(read(data.path()).unwrap(), Sequence(0));
        let path = data.path().join(NAME);
        for noted in 1..=5 {
            // Opened again each time: the slots go on in turn.
            let mut file = FloorFile::open(data.path()).unwrap();
            file.note(Sequence(noted * 10)).unwrap();
            file.sync().unwrap();
            assert_eq!(read(data.path()).unwrap(), Sequence(noted * 10));
            let whole = fs::read(&path).unwrap();
            assert_eq!(whole.len(), FILE_BYTES);
            for (i, at) in SLOTS_AT.into_iter().enumerate() {
                let mut torn = whole.clone();
                torn[at + 13] ^= 4;
                fs::write(&path, &torn).unwrap();
                let newest = noted as usize % 2 == i;
                let expected = if newest { (noted - 1) * 10 } else { noted * 10 };
                assert_eq!(read(data.path()).unwrap(), Sequence(expected), "slot {i}");
            }
            fs::write(&path, whole).unwrap();
        }
    }

    #[test]
    fn with_no_whole_note_it_is_damage_with_a_way_out() {
        let data = tempfile::tempdir().unwrap();
        for bytes in [&b""[..], b"torn", &[0; FILE_BYTES]] {
            fs::write(data.path().join(NAME), bytes).unwrap();
            let error = FloorFile::open(data.path()).unwrap_err();
            assert!(error.to_string().contains("is unreadable; if the rest is sound, remove it"));
        }
    }
}
