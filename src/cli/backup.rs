//! `sluis journal backup|restore|digest`

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::args::{BackupArgs, DigestArgs, RestoreArgs};
use super::failure::{Code, Failure};
use super::journal::expect_journal;
use super::remote::Remote;
use super::token::Subject;
use super::{say, settings, typed};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::ids::{Sequence, StudentId};
use crate::domain::personal::pseudonym;
use crate::journal::backup::{self, Backup, BackupError};
use crate::journal::digest::{self, StateDigest};
use crate::journal::erasures::Agreed;
use crate::journal::{self, DataDir, Journal, JournalError, keys};
use crate::limits::ERASURES_TOLD_MAX;

/// The gateway's answer, and ours.
#[derive(Serialize, Deserialize)]
struct Found {
    sequence: u64,
    digest: String,
}

impl From<StateDigest> for Found {
    fn from(state: StateDigest) -> Self {
        Self { sequence: state.sequence.0, digest: state.to_string() }
    }
}

impl Found {
    fn tell(&self, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
        if as_json {
            let text = serde_json::to_string(self).map_err(io::Error::other)?;
            writeln!(out, "{text}")?;
        } else {
            writeln!(out, "sequence {}\ndigest   {}", self.sequence, self.digest)?;
        }
        Ok(())
    }
}

/// What is running on the data, or the data itself, as a copy.
enum Source {
    Gateway(Box<Remote>),
    Copy(journal::sled::SledJournal),
}

impl Source {
    fn of(config: &Config, server: Option<&str>) -> Result<Self, Failure> {
        if let Some(url) = server {
            return Ok(Self::Gateway(Box::new(Remote::at_as(url, config, &Subject::Operator)?)));
        }
        let data = &config.journal.dir;
        expect_journal(data)?;
        match DataDir::look(data) {
            Ok(copy) => Ok(Self::Copy(journal::sled::open_copy(copy)?)),
            Err(JournalError::Locked { .. }) => {
                Ok(Self::Gateway(Box::new(Remote::serving_as(config, &Subject::Operator)?)))
            }
            Err(e) => Err(e.into()),
        }
    }
}

/// `sluis journal backup FILE`
pub fn make(args: &BackupArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let config = settings::load(&args.place)?.config;
    let keys_file = match &args.keys_to {
        Some(apart) => apart.join(beside(&args.file).file_name().unwrap_or_default()),
        None => beside(&args.file),
    };
    if let Some(missing) = args.keys_to.as_ref().filter(|apart| !apart.is_dir()) {
        let what = format!("--keys-to: {} is not a directory; make it first", missing.display());
        return Err(Failure::new(Code::Usage, what));
    }
    if args.server.is_none() {
        refuse_over(&keys_file)?;
    }
    let file = Unfinished::create(&args.file)?;
    let mut to = BufWriter::new(&file.file);
    match Source::of(&config, args.server.as_deref())? {
        Source::Gateway(remote) => remote.download("/api/operator/journal", &mut to)?,
        Source::Copy(journal) => {
            let failed = |e| JournalError::io(format!("write {}", args.file.display()), e);
            let mut put = |bytes: &[u8]| to.write_all(bytes).map_err(failed);
            backup::write(&journal.reader(), &mut put)?;
        }
    }
    let failed = |e: &io::Error| Failure::file("written", &args.file, e);
    to.flush().map_err(|e| failed(&e))?;
    drop(to);
    // Believed only once it has been read back from its beginning to its end mark.
    let made = file.finish()?;
    // After the records: a key is on disk before what is sealed with it.
    let with_keys = args.server.is_none() && keys::copy(&config.journal.dir, &keys_file)?;
    let apart = with_keys && args.keys_to.is_some();
    let older = if apart { keys::remove_older_copies(&keys_file)? } else { 0 };
    Found::from(made.state).tell(args.json, out)?;
    let (file, records) = (args.file.display(), made.state.sequence);
    say(&format!("{file}: {records} records in {} bytes, read back and whole", made.bytes));
    if with_keys {
        let keys = keys_file.display();
        say(&format!("{keys}: the students' keys; it opens every older backup too, keep it alone"));
        if older > 0 {
            say(&format!("older copies beside it, which it makes needless: {older} removed"));
        }
    } else if args.server.is_some() {
        say("the students' keys are not with it: copy students.keys from that gateway's directory");
    }
    Ok(())
}

/// Where a backup's copy of the students' keys is.
fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".keys");
    PathBuf::from(name)
}

fn refuse_over(target: &Path) -> Result<(), Failure> {
    if target.exists() {
        let what = "is there already; a backup is never written over another";
        return Err(Failure::new(Code::Unavailable, format!("{}: {what}", target.display())));
    }
    Ok(())
}

/// `sluis journal restore FILE --into DIR`
pub fn restore(args: &RestoreArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let named = |e| refused(&args.file, e);
    let open = || File::open(&args.file).map_err(|e| Failure::file("read", &args.file, &e));
    let own = Some(beside(&args.file)).filter(|keys| keys.exists());
    let keys = args.keys.as_deref().or(own.as_deref());
    // Once to check, before anything is made.
    let (_, erased) = backup::check_with(BufReader::new(open()?), keys).map_err(named)?;
    if let Some(keys) = keys {
        expect_erasures(keys, &erased, args.yes)?;
    }
    let now = Clock::system().now();
    let restored = backup::restore(BufReader::new(open()?), keys, &args.into, now);
    let (made, Agreed { erased, .. }) = restored.map_err(named)?;
    Found::from(made.state).tell(args.json, out)?;
    let (into, records) = (args.into.display(), made.state.sequence);
    if erased > 0 {
        say(&format!(
            "{erased} students were erased since the backup, as the keys say: that stands in the \
             journal now, after what was restored (compare digests with --at {records})"
        ));
    }
    say(&format!(
        "{into}: {records} records restored and read back; compare the digest with the backup's. \
         The next start makes a new sign-in key: put the old one there to keep sign-ins \
         (signin.key; with the university account signin-oidc.key), and signed-out.list with it"
    ));
    Ok(())
}

/// Asks about students who are recorded as erased on the word of the keys alone.
fn expect_erasures(keys: &Path, erased: &[StudentId], yes: bool) -> Result<(), Failure> {
    if erased.is_empty() {
        return Ok(());
    }
    let what = would_erase(keys, erased);
    typed::sure(yes, &what, || Ok("nothing is made yet".to_owned()))
}

/// Whom, and what to look at. All that is known of them is their internal number.
fn would_erase(keys: &Path, erased: &[StudentId]) -> String {
    let told = erased.iter().take(ERASURES_TOLD_MAX).map(|id| pseudonym(*id).to_string());
    let more = erased.len().saturating_sub(ERASURES_TOLD_MAX);
    let rest = (more > 0).then(|| format!("and {more} more"));
    let (count, names) = (erased.len(), told.chain(rest).collect::<Vec<_>>().join(", "));
    format!(
        "{}: with these keys students of the backup would be recorded as erased for good, \
         {count} of them: {names}; check that they were erased after it was made, and that the keys \
         are not from before an earlier restore, since when these numbers are others'",
        keys.display()
    )
}

/// `sluis journal digest`
pub fn digest(args: &DigestArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let config = settings::load(&args.place)?.config;
    let found = match Source::of(&config, args.server.as_deref())? {
        Source::Gateway(remote) => {
            let query = args.at.map_or_else(String::new, |at| format!("?at={at}"));
            let text = remote.get(&format!("/api/operator/journal/digest{query}"))?;
            serde_json::from_str(&text).map_err(|e| {
                Failure::new(Code::Unavailable, format!("an answer that is no digest: {e}"))
            })?
        }
        Source::Copy(journal) => {
            let durable = journal.durable();
            if args.at.is_some_and(|at| at > durable.0) {
                let what = format!("--at is 0 to {durable}, which is where the journal ends");
                return Err(Failure::new(Code::Usage, what));
            }
            Found::from(digest::of_journal(&journal.reader(), args.at.map(Sequence))?)
        }
    };
    found.tell(args.json, out)
}

fn refused(file: &Path, e: BackupError) -> Failure {
    let code = match &e {
        BackupError::Foreign(_) | BackupError::NoKeys(_) => Code::Config,
        BackupError::Occupied(_) | BackupError::Journal(JournalError::Locked { .. }) => {
            Code::Unavailable
        }
        BackupError::Damaged { .. } | BackupError::Io(_) | BackupError::Journal(_) => Code::Io,
    };
    match e {
        BackupError::Occupied(_) | BackupError::Journal(_) => Failure::new(code, e.to_string()),
        _ => Failure::new(code, format!("{}: {e}", file.display())),
    }
}

/// A file that has its name only once it is whole, for its owner's eyes alone.
struct Unfinished {
    file: File,
    path: PathBuf,
    target: PathBuf,
    done: bool,
}

impl Unfinished {
    fn create(target: &Path) -> Result<Self, Failure> {
        refuse_over(target)?;
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".part-{}", std::process::id()));
        let path = PathBuf::from(name);
        let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = opened.map_err(|e| Failure::file("written", target, &e))?;
        Ok(Self { file, path, target: target.to_owned(), done: false })
    }

    fn finish(mut self) -> Result<Backup, Failure> {
        let failed = |e: io::Error| Failure::file("written", &self.target, &e);
        self.file.sync_all().map_err(failed)?;
        let read = File::open(&self.path).map_err(failed)?;
        let made = backup::check(BufReader::new(read)).map_err(|e| refused(&self.target, e))?;
        fs::rename(&self.path, &self.target).map_err(failed)?;
        let parent = self.target.parent().filter(|p| !p.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        File::open(parent).and_then(|dir| dir.sync_all()).map_err(failed)?;
        self.done = true;
        Ok(made)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_restore_would_erase_is_told_by_internal_numbers_and_beyond_the_bound_counted() {
        let told = |count: usize| {
            let erased: Vec<_> = (0..count as u32).map(StudentId).collect();
            would_erase(Path::new("my.keys"), &erased)
        };
        assert!(told(1).starts_with("my.keys: with these keys students"), "{}", told(1));
        assert!(told(2).contains("2 of them: erased-0, erased-1; check"), "{}", told(2));
        let (most, over) = (told(ERASURES_TOLD_MAX), told(ERASURES_TOLD_MAX + 1));
        let last = format!("erased-{}; check", ERASURES_TOLD_MAX - 1);
        assert!(most.contains(&last), "{most}");
        let last = format!("erased-{}, and 1 more; check", ERASURES_TOLD_MAX - 1);
        assert!(over.contains(&last), "{over}");
    }
}
