//! `sluis config check|default|show`

use std::fmt::Write as _;
use std::io::Write;

use super::args::{ConfigCommand, Place};
use super::failure::{Code, Failure};
use super::{say, settings};
use crate::config::{DEFAULT, FILE_IF_PRESENT, Loaded};

/// Runs the command.
pub fn run(command: &ConfigCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        ConfigCommand::Default => out.write_all(DEFAULT.as_bytes())?,
        ConfigCommand::Check(place) => check(place)?,
        ConfigCommand::Show { place, origin, json } => {
            let loaded = settings::load(place)?;
            let text = match json {
                true => show_json(&loaded, *origin)?,
                false => show_toml(&loaded, *origin)?,
            };
            out.write_all(text.as_bytes())?;
        }
    }
    Ok(())
}

fn check(place: &Place) -> Result<(), Failure> {
    let loaded = settings::load(place)?;
    match loaded.file {
        Some(file) => say(&format!("{}: no faults", file.display())),
        None => {
            say(&format!("no faults; no file was named and there is no ./{FILE_IF_PRESENT}"));
        }
    }
    Ok(())
}

fn other(e: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Other, format!("the settings cannot be printed: {e}"))
}

fn show_toml(loaded: &Loaded, origin: bool) -> Result<String, Failure> {
    let settings = toml::Table::try_from(&loaded.config).map_err(other)?;
    let mut text = String::new();
    for (i, (section, keys)) in settings.iter().enumerate() {
        let gap = if i == 0 { "" } else { "\n" };
        let _ = writeln!(text, "{gap}[{section}]");
        for (name, value) in keys.as_table().into_iter().flatten() {
            let _ = write!(text, "{name} = {value}");
            if let Some(from) = loaded.origins.get(&format!("{section}.{name}"))
                && origin
            {
                let _ = write!(text, "  # {from}");
            }
            text.push('\n');
        }
    }
    Ok(text)
}

fn show_json(loaded: &Loaded, origin: bool) -> Result<String, Failure> {
    let mut settings = serde_json::to_value(&loaded.config).map_err(other)?;
    if origin {
        for (key, from) in &loaded.origins {
            let (section, name) = key.split_once('.').unwrap_or((key, ""));
            let value = &mut settings[section][name];
            *value = serde_json::json!({ "value": value.take(), "origin": from.to_string() });
        }
    }
    let mut text = serde_json::to_string_pretty(&settings).map_err(other)?;
    text.push('\n');
    Ok(text)
}
