//! A TOML file as settings that know their line.

use std::path::Path;

use figment::value::Value;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Origin};
use super::load::{Known, Setting};

/// Reads settings out of a file's text. Every unknown key is a fault of its own.
pub fn settings(path: &Path, text: &str, known: &Known, faults: &mut Vec<Fault>) -> Vec<Setting> {
    let mut found = Vec::new();
    match (DeTable::parse(text), toml::from_str::<toml::Table>(text)) {
        (Ok(spans), Ok(values)) => {
            let mut walk = Walk { path, text, known, faults, found: &mut found };
            walk.table("", spans.get_ref(), &values);
        }
        (Err(e), _) | (_, Err(e)) => {
            let at = e.span().map_or(0, |span| span.start);
            let origin = origin(path, text, at);
            let what = format!("not valid TOML: {}", e.message().replace('\n', "; "));
            faults.push(Fault { origin, key: String::new(), what });
        }
    }
    found
}

struct Walk<'a> {
    path: &'a Path,
    text: &'a str,
    known: &'a Known,
    faults: &'a mut Vec<Fault>,
    found: &'a mut Vec<Setting>,
}

impl Walk<'_> {
    fn table(&mut self, section: &str, spans: &DeTable<'_>, values: &toml::Table) {
        for (name, span) in spans {
            let (at, name) = (name.span().start, name.get_ref().as_ref());
            let key = if section.is_empty() { name.into() } else { format!("{section}.{name}") };
            let Some(value) = values.get(name) else { continue };
            let origin = origin(self.path, self.text, at);
            match (span.get_ref(), value) {
                (DeValue::Table(spans), toml::Value::Table(values))
                    if self.known.is_section(&key) =>
                {
                    self.table(&key, spans, values);
                }
                _ if self.known.is_key(&key) => match Value::serialize(value) {
                    Ok(value) => self.found.push(Setting { key, value, origin }),
                    Err(e) => self.faults.push(Fault { origin, key, what: e.to_string() }),
                },
                _ => self.faults.push(self.known.unknown(origin, key)),
            }
        }
    }
}

fn origin(path: &Path, text: &str, at: usize) -> Origin {
    let before = &text[..at.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Origin::File { path: path.to_owned(), line, column }
}
