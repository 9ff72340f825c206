//! `sluis journal verify|stats`

use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::args::JournalCommand;
use super::failure::{Code, Failure};
use super::{say, settings};
use crate::journal::inspect::{self, Stats};

/// Runs the command.
pub fn run(command: &JournalCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        JournalCommand::Verify(args) => {
            let data = settings::load(&args.place)?.config.journal.dir;
            verify(&data, args.json, out)
        }
        JournalCommand::Stats(args) => {
            let data = settings::load(&args.place)?.config.journal.dir;
            expect_journal(&data)?;
            let stats = inspect::stats(&data)?;
            if args.json { stats_json(&stats, out) } else { stats_text(&data, &stats, out) }
        }
    }
}

/// Nothing is made by a look.
pub fn expect_journal(data: &Path) -> Result<(), Failure> {
    if data.join("journal").exists() {
        return Ok(());
    }
    let what = "holds no journal; name the data directory with --data DIR";
    Err(Failure::new(Code::Io, format!("{}: {what}", data.display())))
}

fn verify(data: &Path, as_json: bool, out: &mut dyn Write) -> Result<(), Failure> {
    expect_journal(data)?;
    let faults = inspect::verify(data)?;
    if as_json {
        let list: Vec<_> = faults
            .iter()
            .map(|fault| {
                let (commit, entry) = (fault.place.commit, fault.place.entry);
                let sequence = fault.place.sequence.0;
                json!({"sequence": sequence, "commit": commit, "entry": entry, "what": fault.what})
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
            say(&format!("{}: every record is sound", data.display()));
            Ok(())
        }
        n => {
            let advice = "keep a copy of the directory and restore the latest backup";
            let what = format!("{}: {n} faults in the journal; {advice}", data.display());
            Err(Failure::new(Code::Io, what))
        }
    }
}

fn stats_text(data: &Path, stats: &Stats, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "directory    {}", data.display())?;
    writeln!(out, "records      {} ({} to {})", stats.records, stats.first, stats.last)?;
    writeln!(out, "commits      {}", stats.commits)?;
    writeln!(out, "entries      {}", stats.entries)?;
    writeln!(out, "bytes        {}", stats.bytes)?;
    writeln!(out, "on disk      {}", stats.disk_bytes)?;
    for snapshot in &stats.snapshots {
        writeln!(out, "snapshot     {} ({} bytes)", snapshot.sequence, snapshot.bytes)?;
    }
    Ok(())
}

fn stats_json(stats: &Stats, out: &mut dyn Write) -> Result<(), Failure> {
    let snapshots: Vec<_> = stats
        .snapshots
        .iter()
        .map(|s| json!({ "sequence": s.sequence.0, "bytes": s.bytes }))
        .collect();
    let all = json!({
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
