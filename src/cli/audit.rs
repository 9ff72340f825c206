//! `sluis audit export`

use std::io::Write;

use super::args_admin::{AuditCommand, AuditFormat};
use super::failure::{Code, Failure};
use super::journal::expect_journal;
use super::remote::Remote;
use super::settings;
use crate::journal::sled::open_copy;
use crate::journal::{DataDir, Journal, JournalError, each_act};
use crate::protocol::audit::{AuditEntry, Format};

/// Runs the command.
pub fn run(command: &AuditCommand, out: &mut dyn Write) -> Result<(), Failure> {
    let AuditCommand::Export { format, server, place } = command;
    let config = settings::load(place)?.config;
    let (route, format) = match format {
        AuditFormat::Csv => ("/api/admin/audit.csv", Format::Csv),
        AuditFormat::Json => ("/api/admin/audit.json", Format::Json),
    };
    if let Some(url) = server {
        out.write_all(Remote::at(url, &config)?.get(route)?.as_bytes())?;
        return Ok(());
    }
    let data = &config.journal.dir;
    expect_journal(data)?;
    match DataDir::look(data).and_then(open_copy) {
        Ok(journal) => {
            let read = write(&journal, format, out);
            Box::new(journal).close()?;
            read
        }
        // A gateway that has the directory is asked instead.
        Err(JournalError::Locked { .. }) => {
            out.write_all(Remote::serving(&config)?.get(route)?.as_bytes())?;
            Ok(())
        }
        Err(e) => Err(e.within(data).into()),
    }
}

fn write(journal: &impl Journal, format: Format, out: &mut dyn Write) -> Result<(), Failure> {
    let mut written = out.write_all(format.head().as_bytes());
    let mut first = true;
    let read = each_act(&journal.reader(), &mut |record| {
        let Some(act) = &record.act else { return Ok(()) };
        let entry = AuditEntry::new(record.sequence, record.at, act);
        let row = format.row(&entry, std::mem::replace(&mut first, false));
        if written.is_ok() {
            written = out.write_all(row.as_bytes());
        }
        match written {
            Ok(()) => Ok(()),
            Err(_) => Err(JournalError::stopped("nobody reads the export any more")),
        }
    });
    written?;
    read.map_err(|e| Failure::new(Code::Io, e.to_string()))?;
    Ok(out.write_all(format.tail().as_bytes())?)
}
