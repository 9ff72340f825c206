//! `sluis log`: what a running gateway logs, and who is who in it.

use std::io::Write;

use super::args::LogCommand;
use super::failure::{Code, Failure};
use super::remote::Remote;
use super::token::Subject;
use super::{settings, typed};
use crate::config::Config;
use crate::domain::ids::Key;
use crate::pseudonym::Pseudonyms;
use crate::serving;

/// Runs the command.
pub fn run(command: &LogCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        LogCommand::Level { level, place } => {
            let config = settings::load(place)?.config;
            let told = ask(&config, level.as_deref())?;
            Ok(writeln!(out, "{}", told.trim_end())?)
        }
        LogCommand::Pseudonym { student, place } => {
            let config = settings::load(place)?.config;
            let student = match student.as_deref() {
                None | Some("-") => typed::line()?,
                Some(student) => student.to_owned(),
            };
            let key = Key::new(&student)
                .map_err(|e| Failure::new(Code::Usage, format!("a student number {e}")))?;
            let pseudonyms = Pseudonyms::load(&config.journal.dir).map_err(|e| {
                let what = format!("{e}; a gateway makes log.key when it first starts");
                Failure::new(Code::Unavailable, what)
            })?;
            Ok(writeln!(out, "{}", pseudonyms.of(key.as_str()))?)
        }
    }
}

/// Asks the gateway that has the data directory what it logs, or has it log something else. As an
/// operator: its address may be one that other machines reach too.
fn ask(config: &Config, level: Option<&str>) -> Result<String, Failure> {
    let data = &config.journal.dir;
    let Some(metrics) = serving::metrics(data) else {
        let what = "no gateway runs here, or it has no address for this ([metrics] listen)";
        return Err(Failure::new(Code::Unavailable, format!("{}: {what}", data.display())));
    };
    let url = metrics.trim_end_matches("/metrics");
    let remote = Remote::at_as(url, config, &Subject::Operator)?;
    let told = match level {
        Some(level) => remote.post("/log-level", level.as_bytes()),
        None => remote.get("/log-level"),
    };
    // What is refused is what was typed.
    told.map_err(|failure| match failure.code {
        Code::Refused => Failure { code: Code::Usage, ..failure },
        _ => failure,
    })
}
