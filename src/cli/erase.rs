//! `sluis students erase`: what is personal of students is gone for good, while no gateway runs.
//!
//! In this order, so that a crash anywhere leaves a directory that opens, and whose next opening
//! finishes the work: the records that say who was erased, durable; then their keys; then a snapshot
//! of the state without them in the place of those before.

use std::collections::HashSet;
use std::io::Write;

use serde_json::json;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::args::EraseArgs;
use super::failure::{Code, Failure};
use super::journal::expect_journal;
use super::ledger::Ledger;
use super::{say, settings, typed};
use crate::clock::Clock;
use crate::domain::catalogue::Item;
use crate::domain::event::{Event, Record};
use crate::domain::ids::{Sequence, StudentId, Timestamp};
use crate::journal::{JournalError, JournalReader, Place, record};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// Who is meant, and in which words the audit log says so.
struct Chosen {
    students: Vec<StudentId>,
    /// Who took part and is kept.
    kept: usize,
    because: String,
}

/// Runs the command.
pub fn run(args: &EraseArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let data = settings::load(&args.place)?.config.journal.dir;
    expect_journal(&data)?;
    let mut ledger = if args.yes { Ledger::open(&data)? } else { Ledger::look(&data)? };
    let Chosen { students, kept, because } = choose(&ledger, args)?;
    let open = in_the_open(&ledger.reader(), &students)?;
    let done = args.yes && !students.is_empty();
    if done {
        erase(&mut ledger, &students, &because, Clock::system().now())?;
    }
    ledger.close()?;
    tell(&students, kept, open, done, args.json, out)
}

fn choose(ledger: &Ledger, args: &EraseArgs) -> Result<Chosen, Failure> {
    let registry = &ledger.university().registry;
    if let Some(term) = &args.term {
        let found = registry.only_of_term(term);
        let (students, kept) = found.map_err(|e| Failure::new(Code::Usage, e.to_string()))?;
        return Ok(Chosen { students, kept, because: format!("after term {term}") });
    }
    if let Some(day) = &args.before {
        let date = Date::parse(day, &DAY).map_err(|_| {
            Failure::new(Code::Usage, "--before: give a day such as 2026-09-01".to_owned())
        })?;
        let at = OffsetDateTime::new_utc(date, time::Time::MIDNIGHT).unix_timestamp();
        let limit = Timestamp(u64::try_from(at).unwrap_or(0) * 1000);
        if args.yes && limit > Clock::system().now() {
            let what = "--before: that day is yet to come, give one that has begun; \
                        without --yes it is told how many it would be";
            return Err(Failure::new(Code::Usage, what.to_owned()));
        }
        let newest = newest_of_each(&ledger.reader(), registry.students.len())?;
        let older = newest.into_iter().zip(0..).filter(|(newest, _)| *newest < limit);
        let ids = older.map(|(_, id)| StudentId(id));
        let ids = ids.filter(|id| !registry.student(*id).profile.is_withheld());
        let (kept, students): (Vec<_>, _) = ids.partition(|id| registry.is_in_open_term(*id));
        let because = format!("nothing from {day} on");
        return Ok(Chosen { students, kept: kept.len(), because });
    }
    let number = typed::line()?;
    let found = registry.student_id(&number);
    // The number is told nowhere, not even here.
    let one = found.ok_or_else(|| {
        let what = "no student has the number that was given on standard input";
        Failure::new(Code::Usage, what.to_owned())
    })?;
    Ok(Chosen { students: vec![one], kept: 0, because: "asked for".to_owned() })
}

/// Erases them. Whatever is done is done in a way that the next opening can finish.
fn erase(
    ledger: &mut Ledger,
    students: &[StudentId],
    because: &str,
    at: Timestamp,
) -> Result<(), Failure> {
    let events = students.iter().map(|student| Event::StudentErased(*student)).collect();
    ledger.commit_because(events, Some(because.into()), at)?;
    ledger.destroy_keys(students)?;
    ledger.renew_snapshots()
}

/// When the journal last says something of each student.
fn newest_of_each(reader: &JournalReader, students: usize) -> Result<Vec<Timestamp>, Failure> {
    let mut newest = vec![Timestamp(0); students];
    each_record(reader, &mut |record| {
        let named = match &record.event {
            Event::ImportItem(Item::Student(id, _) | Item::Result(id, _)) => Some(*id),
            _ => None,
        };
        for id in record.students.iter().map(|(id, _)| *id).chain(named) {
            if let Some(known) = newest.get_mut(id.index()) {
                *known = record.at.max(*known);
            }
        }
    })?;
    Ok(newest)
}

/// How many of them have something personal in the journal that was written before there were keys.
fn in_the_open(reader: &JournalReader, students: &[StudentId]) -> Result<usize, Failure> {
    let meant: HashSet<StudentId> = students.iter().copied().collect();
    let mut open = HashSet::new();
    each_record(reader, &mut |record| {
        open.extend(record::in_the_open(record).filter(|student| meant.contains(student)));
    })?;
    Ok(open.len())
}

fn each_record(reader: &JournalReader, visit: &mut dyn FnMut(&Record)) -> Result<(), Failure> {
    let read = reader.replay(Sequence(1), &mut |sequence, bytes| {
        let damaged =
            |e: record::DecodeError| JournalError::damaged(Place::at(sequence), e.to_string());
        visit(&record::decode(bytes).map_err(damaged)?);
        Ok(())
    });
    read.map(|_| ()).map_err(Failure::from)
}

fn tell(
    students: &[StudentId],
    kept: usize,
    open: usize,
    done: bool,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let count = students.len();
    if as_json {
        let all = json!({ "students": count, "kept": kept, "in_the_open": open, "erased": done });
        writeln!(out, "{all}")?;
    } else if done {
        writeln!(out, "{count} students erased")?;
    } else {
        writeln!(out, "{count} students would be erased")?;
    }
    if kept > 0 {
        say(&format!("{kept} more are kept: they take part in a term that is not over"));
    }
    if open > 0 {
        say(&format!(
            "of {open} of them older records were not sealed: these are shown no more, and stay in \
             the journal's file until it is destroyed"
        ));
    }
    match (done, count) {
        (_, 0) => say("nothing was changed: there is nobody to erase"),
        (false, _) => say("nothing was changed; with --yes it is done, and cannot be undone"),
        (true, _) => say(
            "copies of students.keys from before, such as those beside backups, still open what was \
             erased: destroy them now",
        ),
    }
    Ok(())
}
