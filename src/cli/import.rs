//! `sluis catalogue import`, `sluis students import`, `sluis results import`: all of a file or nothing of it.

use std::io::{Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::args::{FileFormat, ImportArgs};
use super::failure::{Code, Failure};
use super::ledger::Ledger;
use super::remote::{Remote, read_answer};
use super::{address, say, seams, settings};
use crate::clock::Clock;
use crate::config::{Config, DemoRefusal};
use crate::demo;
use crate::domain::import::{Difference, Draft, DraftFault};
use crate::domain::university::University;
use crate::limits::TOOL_FILE_BYTES_MAX;
use crate::protocol::files::UNNAMED_TERM;

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Courses, sections, programmes, windows.
    Catalogue,
    /// Students.
    Students,
    /// Study results.
    Results,
}

impl Kind {
    /// The name in routes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Students => "students",
            Self::Results => "results",
        }
    }
}

impl FileFormat {
    /// The name in routes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Toml => "toml",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Sections => "sections",
        }
    }
}

/// What an import came to; the gateway's answer has the same form.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// New things.
    pub added: Vec<String>,
    /// Changed things.
    pub changed: Vec<String>,
    /// Things as they were.
    pub unchanged: usize,
    /// Things that the file does not name; they stay.
    pub kept: Vec<String>,
    /// The last record written; none when nothing changed.
    pub journal: Option<u64>,
}

impl Report {
    /// From the domain's word.
    pub fn new(difference: Difference, journal: Option<u64>) -> Self {
        let Difference { added, changed, unchanged, kept } = difference;
        Self { added, changed, unchanged, kept, journal }
    }
}

/// Runs the command.
pub fn run(kind: Kind, args: &ImportArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let config = settings::load(&args.place)?.config;
    let bytes = read(&args.file)?;
    // Before anybody is asked: a broken file is told at once.
    let draft = seams::parse(kind, args.format, &args.file, &bytes)?;
    if draft.terms.iter().any(|t| t.key.as_str() == UNNAMED_TERM) {
        say(&format!("the file names no term: its courses go into one called `{UNNAMED_TERM}`"));
    }
    let remote = match &args.server {
        Some(url) => Some(Remote::at(url, &config)?),
        None => None,
    };
    let report = match remote {
        Some(remote) => send(&remote, kind, args, &bytes)?,
        // A gateway that has the directory is asked instead.
        None => match import_here(&config, &draft, args) {
            Err(e) if e.code == Code::Unavailable => {
                send(&Remote::serving(&config)?, kind, args, &bytes)?
            }
            done => done?,
        },
    };
    print(&report, args, out)
}

/// A file, within bounds.
pub fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |e: std::io::Error| Failure::file("read", file, &e);
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(fail)?;
    opened.take(TOOL_FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > TOOL_FILE_BYTES_MAX {
        let what = format!("{}: is over {TOOL_FILE_BYTES_MAX} bytes; split it", file.display());
        return Err(Failure::new(Code::Config, what));
    }
    Ok(bytes)
}

fn import_here(config: &Config, draft: &Draft, args: &ImportArgs) -> Result<Report, Failure> {
    let data = &config.journal.dir;
    let refused = |faults: Vec<DraftFault>| Failure::draft(&args.file, &faults);
    // A dry run makes no data directory either.
    if args.dry_run && !data.join("journal").exists() {
        let nothing = University::default();
        let prepared = nothing.registry.prepare_import(draft).map_err(refused)?;
        return Ok(Report::new(prepared.difference, None));
    }
    let mut ledger = if args.dry_run { Ledger::look(data)? } else { Ledger::open(data)? };
    let lax = config.sign_in.demo_with_real_data;
    if !lax && demo::is_demo(&ledger.university().registry) && !demo::keeps(draft) {
        return Err(Failure::new(Code::Config, DemoRefusal::RealData.to_string()));
    }
    let prepared = ledger.university().registry.prepare_import(draft).map_err(refused)?;
    let difference = prepared.difference.clone();
    let events = prepared.into_events();
    let sequence = if args.dry_run || events.is_empty() {
        None
    } else {
        Some(ledger.commit(events, Clock::system().now())?.0)
    };
    ledger.close()?;
    Ok(Report::new(difference, sequence))
}

fn send(remote: &Remote, kind: Kind, args: &ImportArgs, bytes: &[u8]) -> Result<Report, Failure> {
    let (kind, dry_run) = (kind.as_str(), args.dry_run);
    let name = address::value(&args.file.file_name().unwrap_or_default().to_string_lossy());
    let format = args.format.map_or(String::new(), |f| format!("&format={}", f.as_str()));
    let route = format!("/api/admin/{kind}?name={name}&dry_run={dry_run}{format}");
    // What is refused of a file is what is wrong with it, as without a gateway.
    let answer = remote.post(&route, bytes).map_err(|failure| match failure.code {
        Code::Refused => Failure { code: Code::Config, ..failure },
        _ => failure,
    });
    read_answer(&answer?)
}

/// The difference as data, what it means as talk. Told last: what it tells is on disk.
fn print(report: &Report, args: &ImportArgs, out: &mut dyn Write) -> Result<(), Failure> {
    let (added, changed, kept) = (report.added.len(), report.changed.len(), report.kept.len());
    let unchanged = report.unchanged;
    say(&format!("{added} added, {changed} changed, {unchanged} as they were"));
    if kept > 0 {
        say(&format!("{kept} are not in the file; they stay as they are"));
    }
    match report.journal {
        _ if args.dry_run => say("nothing was changed: this was a dry run"),
        None => say("nothing was changed: all of it was there"),
        Some(sequence) => say(&format!("all of it is on disk, up to record {sequence}")),
    }
    if args.json {
        let text = serde_json::to_string(report).map_err(std::io::Error::from)?;
        writeln!(out, "{text}")?;
        return Ok(());
    }
    for line in &report.added {
        writeln!(out, "+ {line}")?;
    }
    for line in &report.changed {
        writeln!(out, "~ {line}")?;
    }
    for line in &report.kept {
        writeln!(out, "= {line}")?;
    }
    Ok(())
}
