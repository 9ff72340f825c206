//! `serve --fresh`: the journal that is there is set aside, never deleted.

use std::path::PathBuf;

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::{ServeError, recover};
use crate::demo;
use crate::domain::ids::Timestamp;
use crate::journal::{self, DataDir, Journal, JournalError, keys};

const NAME: &[BorrowedFormatItem<'_>] =
    format_description!("journal.old-[year][month][day]T[hour][minute][second]Z");

/// Moves the journal out of the way; where it is then. The directory stays taken throughout.
/// What is not the demo's alone needs a `yes`.
pub fn start_over(dir: &DataDir, yes: bool, now: Timestamp) -> Result<Option<PathBuf>, ServeError> {
    if dir.has_store().or_else(|e| if yes { Ok(true) } else { Err(e) })? {
        expect_demo(dir, yes)?;
    } else if !keys::is_there(dir.path()) {
        return Ok(None);
    } else if !yes {
        // Keys without a journal: of whom, nobody can say.
        return Err(ServeError::NotDemo(dir.path().to_owned()));
    }
    let at = OffsetDateTime::from_unix_timestamp((now.0 / 1000) as i64);
    let name = at.ok().and_then(|at| at.format(&NAME).ok());
    let name = name.unwrap_or_else(|| format!("journal.old-{}", now.0));
    Ok(Some(dir.set_aside(&name)?))
}

/// What is not the demo's alone needs a `yes`.
fn expect_demo(dir: &DataDir, yes: bool) -> Result<(), ServeError> {
    match holds_demo(dir) {
        Ok(true) => Ok(()),
        Ok(false) if yes => Ok(()),
        Ok(false) => Err(ServeError::NotDemo(dir.path().to_owned())),
        // Ours, though not sound: all parts of a store are there.
        Err(JournalError::Damaged { .. } | JournalError::Keys { .. })
            if yes && dir.has_whole_store() =>
        {
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether there is nothing but the demo, or nothing at all. Looks at a copy.
fn holds_demo(dir: &DataDir) -> Result<bool, JournalError> {
    let journal = journal::sled::open_copy(dir.copied()?)?;
    let folded = recover::fold_up_to(&journal.reader(), journal.durable())?;
    let registry = &folded.university.registry;
    Ok(recover::holds_nothing(registry) || demo::is_demo(registry))
}
