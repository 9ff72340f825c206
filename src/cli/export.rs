//! `sluis export enrolments`

use std::io::Write;

use super::args::{ExportCommand, ExportFormat};
use super::failure::{Code, Failure};
use super::journal::expect_journal;
use super::ledger::Ledger;
use super::remote::Remote;
use super::settings;
use crate::protocol::export;

/// Runs the command.
pub fn run(command: &ExportCommand, out: &mut dyn Write) -> Result<(), Failure> {
    let ExportCommand::Enrolments { format, server, place } = command;
    let config = settings::load(place)?.config;
    let route = match format {
        ExportFormat::Csv => "/api/admin/enrolments?format=csv",
        ExportFormat::Json => "/api/admin/enrolments?format=json",
    };
    let remote = match server {
        Some(url) => Some(Remote::at(url, &config)?),
        None => None,
    };
    if let Some(remote) = remote {
        out.write_all(remote.get(route)?.as_bytes())?;
        return Ok(());
    }
    expect_journal(&config.journal.dir)?;
    match Ledger::look(&config.journal.dir) {
        Ok(ledger) => {
            let registry = &ledger.university().registry;
            match format {
                ExportFormat::Csv => export::enrolments_csv(registry, out)?,
                ExportFormat::Json => export::enrolments_json(registry, out)?,
            }
            ledger.close()
        }
        Err(e) if e.code == Code::Unavailable => {
            out.write_all(Remote::serving(&config)?.get(route)?.as_bytes())?;
            Ok(())
        }
        Err(e) => Err(e),
    }
}
