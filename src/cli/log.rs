//! `sluis log`: what a running gateway logs, and who is who in it.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use ureq::Agent;

use super::args::LogCommand;
use super::failure::{Code, Failure};
use super::settings;
use crate::domain::ids::{KEY_CHARS_MAX, Key};
use crate::limits::ADMIN_REQUEST_MS_MAX;
use crate::pseudonym::Pseudonyms;
use crate::serving;

/// Runs the command.
pub fn run(command: &LogCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        LogCommand::Level { level, place } => {
            let config = settings::load(place)?.config;
            let told = ask(&config.journal.dir, level.as_deref())?;
            Ok(writeln!(out, "{}", told.trim_end())?)
        }
        LogCommand::Pseudonym { student, place } => {
            let config = settings::load(place)?.config;
            let student = match student.as_deref() {
                None | Some("-") => typed()?,
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

/// One line of standard input: what is typed there is in no list of processes.
pub fn typed() -> Result<String, Failure> {
    let mut text = String::new();
    let most = 4 * KEY_CHARS_MAX as u64;
    let read = std::io::stdin().lock().take(most).read_to_string(&mut text);
    read.map_err(|e| Failure::new(Code::Other, format!("standard input cannot be read: {e}")))?;
    Ok(text.trim().to_owned())
}

/// Asks the gateway that has the data directory what it logs, or has it log something else.
fn ask(data: &Path, level: Option<&str>) -> Result<String, Failure> {
    let Some(metrics) = serving::metrics(data) else {
        let what = "no gateway runs here, or it has no address for this ([metrics] listen)";
        return Err(Failure::new(Code::Unavailable, format!("{}: {what}", data.display())));
    };
    let url = format!("{}/log-level", metrics.trim_end_matches("/metrics"));
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(Duration::from_millis(ADMIN_REQUEST_MS_MAX)))
        .http_status_as_error(false)
        .build()
        .into();
    let answered = match level {
        Some(level) => agent.post(&url).header("Content-Type", "text/plain").send(level),
        None => agent.get(&url).call(),
    };
    let silent = |e: ureq::Error| {
        let what = format!("{url}: no gateway answers ({e}); is it running?");
        Failure::new(Code::Unavailable, what)
    };
    let mut answer = answered.map_err(silent)?;
    let text = answer.body_mut().read_to_string().map_err(silent)?;
    if answer.status().is_success() {
        return Ok(text);
    }
    let problem: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let detail = problem["detail"].as_str().unwrap_or(&text).to_owned();
    let code = if answer.status().as_u16() == 422 { Code::Usage } else { Code::Other };
    Err(Failure::new(code, detail))
}
