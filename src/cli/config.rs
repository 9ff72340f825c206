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
    for (section, keys) in &settings {
        section_toml(loaded, origin, section, keys, &mut text);
    }
    Ok(text)
}

/// One section, and behind it those that it holds.
fn section_toml(loaded: &Loaded, origin: bool, name: &str, keys: &toml::Value, text: &mut String) {
    let gap = if text.is_empty() { "" } else { "\n" };
    let _ = writeln!(text, "{gap}[{name}]");
    let (inner, own): (Vec<_>, Vec<_>) =
        keys.as_table().into_iter().flatten().partition(|(_, value)| value.is_table());
    for (key, value) in own {
        let _ = write!(text, "{key} = {value}");
        if let Some(from) = loaded.origins.get(&format!("{name}.{key}"))
            && origin
        {
            let _ = write!(text, "  # {from}");
        }
        text.push('\n');
    }
    for (key, value) in inner {
        section_toml(loaded, origin, &format!("{name}.{key}"), value, text);
    }
}

fn show_json(loaded: &Loaded, origin: bool) -> Result<String, Failure> {
    let mut settings = serde_json::to_value(&loaded.config).map_err(other)?;
    if origin {
        for (key, from) in &loaded.origins {
            let value = key.split('.').fold(&mut settings, |at, part| &mut at[part]);
            *value = serde_json::json!({ "value": value.take(), "origin": from.to_string() });
        }
    }
    let mut text = serde_json::to_string_pretty(&settings).map_err(other)?;
    text.push('\n');
    Ok(text)
}
