//! `sluis journal verify [--repair-tail]|stats`; what else there is, in `backup`

use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::args::JournalCommand;
use super::backup;
use super::failure::{Code, Failure};
use super::ledger::Ledger;
use super::{say, settings};
use crate::domain::invariants;
use crate::domain::outcome::Outcome;
use crate::domain::student::Notice;
use crate::journal::inspect::{self, FaultKind, Stats};

/// Runs the command.
pub fn run(command: &JournalCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        JournalCommand::Verify(args) => {
            let data = settings::load(&args.place)?.config.journal.dir;
            expect_journal(&data)?;
            if args.repair_tail {
                repair_tail(&data)?;
            }
            verify(&data, args.json, out)
        }
        JournalCommand::Backup(args) => backup::make(args, out),
        JournalCommand::Restore(args) => backup::restore(args, out),
        JournalCommand::Digest(args) => backup::digest(args, out),
        JournalCommand::Stats(args) => {
            let data = settings::load(&args.place)?.config.journal.dir;
            expect_journal(&data)?;
            let stats = inspect::stats(&data)?;
            let told = Told::read(&data)?;
            if args.json {
                stats_json(&stats, &told, out)
            } else {
                stats_text(&data, &stats, &told, out)
            }
        }
    }
}

/// What the records come to.
struct Told {
    students: usize,
    enrolments: usize,
    waiting: usize,
    /// Course requests answered: enrolled, waitlisted, refused.
    outcomes: [usize; 3],
    violations: usize,
}

impl Told {
    fn read(data: &Path) -> Result<Self, Failure> {
        let ledger = Ledger::look(data)?;
        let university = ledger.university();
        let students = &university.registry.students;
        let mut outcomes = [0; 3];
        for item in students.iter().flat_map(|s| &s.inbox) {
            if let Notice::Outcome { outcome, .. } = &item.notice {
                match outcome {
                    Outcome::Enrolled { .. } => outcomes[0] += 1,
                    Outcome::Waitlisted { .. } => outcomes[1] += 1,
                    Outcome::Refused(_) => outcomes[2] += 1,
                    Outcome::Dropped | Outcome::LeftWaitlist => {}
                }
            }
        }
        let told = Self {
            students: students.len(),
            enrolments: students.iter().map(|s| s.enrolments.len()).sum(),
            waiting: students.iter().map(|s| s.waiting.len()).sum(),
            outcomes,
            violations: invariants::no_oversell(university).len()
                + invariants::seats_are_enrolments(university).len()
                + invariants::no_double(university).len(),
        };
        ledger.close()?;
        Ok(told)
    }
}

/// Nothing is made by a look.
pub fn expect_journal(data: &Path) -> Result<(), Failure> {
    if data.join("journal").exists() {
        return Ok(());
    }
    let what = "holds no journal; name the data directory with --data DIR";
    Err(Failure::new(Code::Unavailable, format!("{}: {what}", data.display())))
}

fn repair_tail(data: &Path) -> Result<(), Failure> {
    match inspect::repair_tail(data)? {
        Some(tail) => {
            let (entries, bytes, after) = (tail.entries, tail.bytes, tail.after);
            say(&format!(
                "{}: removed an unfinished commit after sequence {after} ({entries} entries, \
                 {bytes} bytes); nobody was told of it",
                data.display()
            ));
        }
        None => say(&format!("{}: ends with a whole commit; nothing to remove", data.display())),
    }
    Ok(())
}

fn verify(data: &Path, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let faults = inspect::verify(data)?;
    if as_json {
        let list: Vec<_> = faults
            .iter()
            .map(|fault| {
                let (commit, entry) = (fault.place.commit, fault.place.entry);
                let (sequence, what) = (fault.place.sequence.0, &fault.what);
                let kind = match fault.kind {
                    FaultKind::Damage => "damage",
                    FaultKind::Tail => "tail",
                    FaultKind::Snapshot => "snapshot",
                };
                json!({
                    "kind": kind, "sequence": sequence, "commit": commit, "entry": entry,
                    "what": what,
                })
            })
            .collect();
        writeln!(out, "{}", json!({ "faults": list }))?;
    } else {
        for fault in &faults {
            writeln!(out, "{fault}")?;
        }
    }
    match faults.len() {
        0 => {
            // The entries are whole; the records must also follow from each other.
            let told = Told::read(data)?;
            if told.violations > 0 {
                let n = told.violations;
                let what = format!("{}: {n} broken promises in the state", data.display());
                return Err(Failure::new(Code::Io, what));
            }
            say(&format!("{}: every record is sound", data.display()));
            Ok(())
        }
        n => {
            let kind = |wanted| faults.iter().any(|fault| fault.kind == wanted);
            let advice = match (kind(FaultKind::Damage), kind(FaultKind::Tail)) {
                (true, _) => {
                    "nothing was changed; restore the latest backup, or set this journal aside \
                     with `sluis serve --fresh --yes`"
                }
                (false, true) => {
                    "of an unfinished commit that nobody was told of: a start removes it, or \
                     `sluis journal verify --repair-tail` does"
                }
                (false, false) => {
                    "in snapshots alone: a start passes them over, reads every record, and makes \
                     another"
                }
            };
            let what = format!("{}: {n} faults in the journal; {advice}", data.display());
            Err(Failure::new(Code::Io, what))
        }
    }
}

fn stats_text(data: &Path, stats: &Stats, told: &Told, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "directory    {}", data.display())?;
    writeln!(out, "records      {} ({} to {})", stats.records, stats.first, stats.last)?;
    writeln!(out, "commits      {}", stats.commits)?;
    writeln!(out, "entries      {}", stats.entries)?;
    writeln!(out, "bytes        {}", stats.bytes)?;
    writeln!(out, "on disk      {}", stats.disk_bytes)?;
    let [enrolled, waitlisted, refused] = told.outcomes;
    writeln!(out, "students     {}", told.students)?;
    writeln!(out, "outcomes     {enrolled} enrolled, {waitlisted} waitlisted, {refused} refused")?;
    writeln!(out, "in force     {} enrolments, {} waiting", told.enrolments, told.waiting)?;
    writeln!(out, "violations   {}", told.violations)?;
    for snapshot in &stats.snapshots {
        writeln!(out, "snapshot     {} ({} bytes)", snapshot.sequence, snapshot.bytes)?;
    }
    Ok(())
}

fn stats_json(stats: &Stats, told: &Told, out: &mut dyn Write) -> Result<(), Failure> {
    let snapshots: Vec<_> = stats
        .snapshots
        .iter()
        .map(|s| json!({ "sequence": s.sequence.0, "bytes": s.bytes }))
        .collect();
    let all = json!({
        "students": told.students,
        "outcomes": told.outcomes.iter().sum::<usize>(),
        "enrolled": told.outcomes[0],
        "waitlisted": told.outcomes[1],
        "refused": told.outcomes[2],
        "enrolments": told.enrolments,
        "waiting": told.waiting,
        "violations": told.violations,
        "records": stats.records,
        "first": stats.first.0,
        "last": stats.last.0,
        "commits": stats.commits,
        "entries": stats.entries,
        "bytes": stats.bytes,
        "disk_bytes": stats.disk_bytes,
        "snapshots": snapshots,
    });
    writeln!(out, "{all}")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::tail_tests::with_torn_tail;

    #[test]
    fn a_tail_that_nobody_was_told_of_is_named_as_such_and_can_be_removed() {
        let (data, mut out) = (with_torn_tail(), Vec::new());
        let failure = verify(data.path(), false, &mut out).unwrap_err();
        assert_eq!(failure.code, Code::Io);
        assert!(failure.lines[0].contains("verify --repair-tail` does"), "{failure}");
        let mut json = Vec::new();
        verify(data.path(), true, &mut json).unwrap_err();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["faults"][0]["kind"], "tail");
        repair_tail(data.path()).unwrap();
        out.clear();
        verify(data.path(), false, &mut out).unwrap();
        assert!(out.is_empty());
    }
}
