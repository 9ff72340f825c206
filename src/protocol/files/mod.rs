//! Files that are imported, from bytes to a [`Draft`]. The formats are described in
//! `docs/FILES.md`. Each becomes a tree of values that know their line; the checks read that
//! tree, note every fault, and hand out a draft only when there is none. What a draft refers to
//! may be in the university already, so references are checked by
//! [`Registry::prepare_import`](crate::domain::registry::Registry::prepare_import).

mod courses;
mod fault;
mod fields;
mod node;
mod parse;
mod reader;
mod results;
mod sections;
mod sheet;
mod students;
#[cfg(test)]
mod tests;
mod windows;

use std::io::Read;

use fault::Faults;
pub use fault::{FileFault, plain};
pub use sections::TERM as UNNAMED_TERM;

use crate::domain::import::Draft;
use crate::limits;

/// How a file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Our own, as TOML.
    Toml,
    /// Our own, as JSON; students as JSON.
    Json,
    /// A spreadsheet.
    Csv,
    /// The neutral list of sections, as JSON.
    Sections,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Toml, Self::Json, Self::Csv, Self::Sections];

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Toml => "toml",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Sections => "sections",
        }
    }

    /// The format with that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// By the file's name (`.gz` aside), else by how its text begins.
    fn detect(name: &str, text: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if let Some(format) = [Self::Toml, Self::Json, Self::Csv]
            .into_iter()
            .find(|format| format.as_str() == extension)
        {
            return format;
        }
        let text = text.trim_start();
        let after = text.strip_prefix('[').map(str::trim_start);
        if text.starts_with('{') || after.is_some_and(|t| t.starts_with(['{', ']'])) {
            return Self::Json;
        }
        let first = text.lines().next().unwrap_or_default().to_lowercase();
        let cells = first.split([',', ';', '\t']).map(|cell| cell.trim().trim_matches('"'));
        let csv = cells.into_iter().any(|cell| matches!(cell, "course_code" | "id" | "student"));
        if csv { Self::Csv } else { Self::Toml }
    }
}

/// Reads a catalogue: terms, courses, programmes, windows, or some of these. `seeds` gives each
/// window's secret for the draw, since nothing here is random. Either the whole draft, or every
/// fault.
pub fn catalogue(
    name: &str,
    bytes: &[u8],
    format: Option<Format>,
    seeds: &mut dyn FnMut() -> [u8; 32],
) -> Result<Draft, Vec<FileFault>> {
    let mut faults = Faults::new(name);
    let Some(text) = unpack(bytes, &mut faults) else {
        return faults.or(Draft::default());
    };
    let format = format.unwrap_or_else(|| Format::detect(name, &text));
    let tree = match format {
        Format::Toml => parse::toml(&text, &mut faults),
        Format::Json | Format::Sections => parse::json(&text, &mut faults),
        Format::Csv => sheet::catalogue(&text, &mut faults),
    };
    let Some(tree) = tree else {
        return faults.or(Draft::default());
    };
    let mut reader = reader::Reader::new(&mut faults);
    let neutral = format == Format::Sections || (format == Format::Json && sections::is_one(&tree));
    let mut draft =
        if neutral { sections::file(&mut reader, &tree) } else { reader.file(&tree, seeds) };
    draft.lines = reader.lines;
    note_empty(&draft, &mut faults);
    faults.or(draft)
}

/// An empty file is a mistake, not an import.
fn note_empty(draft: &Draft, faults: &mut Faults) {
    if *draft == Draft::default() {
        faults.add_if_none("holds nothing to import; see docs/FILES.md for what it can hold");
    }
}

/// Reads students. Either the whole draft, or every fault.
pub fn students(name: &str, bytes: &[u8], format: Option<Format>) -> Result<Draft, Vec<FileFault>> {
    let mut faults = Faults::new(name);
    let Some(text) = unpack(bytes, &mut faults) else {
        return faults.or(Draft::default());
    };
    let tree = match format.unwrap_or_else(|| Format::detect(name, &text)) {
        Format::Csv => students::from_sheet(&text, &mut faults),
        Format::Json => parse::json(&text, &mut faults),
        Format::Toml | Format::Sections => {
            faults.add(0, "is not a list of students; give CSV or JSON with id, programme, year");
            None
        }
    };
    let Some(tree) = tree else {
        return faults.or(Draft::default());
    };
    let draft = students::file(&mut faults, &tree);
    note_empty(&draft, &mut faults);
    faults.or(draft)
}

/// Reads study results. Either the whole draft, or every fault.
pub fn results(name: &str, bytes: &[u8], format: Option<Format>) -> Result<Draft, Vec<FileFault>> {
    let mut faults = Faults::new(name);
    let Some(text) = unpack(bytes, &mut faults) else {
        return faults.or(Draft::default());
    };
    let tree = match format.unwrap_or_else(|| Format::detect(name, &text)) {
        Format::Csv => results::from_sheet(&text, &mut faults),
        Format::Json => parse::json(&text, &mut faults),
        Format::Toml | Format::Sections => {
            let what = "is not a list of results; give CSV or JSON with student, term, course, \
                        grade, date";
            faults.add(0, what);
            None
        }
    };
    let Some(tree) = tree else {
        return faults.or(Draft::default());
    };
    let draft = results::file(&mut faults, &tree);
    note_empty(&draft, &mut faults);
    faults.or(draft)
}

/// The file's text: decompressed within bounds, UTF-8, without a byte order mark.
fn unpack(bytes: &[u8], faults: &mut Faults) -> Option<String> {
    let mut plain = Vec::new();
    let too_long = limits::IMPORT_TEXT_BYTES_MAX as u64 + 1;
    let read = if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::MultiGzDecoder::new(bytes).take(too_long).read_to_end(&mut plain)
    } else {
        bytes.take(too_long).read_to_end(&mut plain)
    };
    if let Err(error) = read {
        faults.add(0, format!("cannot be decompressed: {error}; compress it again with gzip"));
        return None;
    }
    if plain.len() > limits::IMPORT_TEXT_BYTES_MAX {
        let max = limits::IMPORT_TEXT_BYTES_MAX / (1024 * 1024);
        faults.add(0, format!("is larger than {max} MiB; split it"));
        return None;
    }
    match String::from_utf8(plain) {
        Ok(text) => match text.strip_prefix('\u{feff}') {
            Some(text) => Some(text.to_owned()),
            None => Some(text),
        },
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..good].split(|b| *b == b'\n').count();
            faults.add(line, "is not UTF-8; save it as UTF-8 (in a spreadsheet: \"CSV UTF-8\")");
            None
        }
    }
}
