//! What is wrong with a file, one line a fault: where, what, how to fix it.

use std::fmt;

use crate::limits;

/// One fault of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileFault {
    /// The file's name, as given.
    pub file: Box<str>,
    /// The line, from 1; `None` when the whole file is at fault.
    pub line: Option<usize>,
    /// What, and how to fix it.
    pub what: String,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

impl std::error::Error for FileFault {}

/// Gathers the faults of one file: the first [`limits::IMPORT_FAULTS_MAX`], the rest as a number.
#[derive(Debug)]
pub(super) struct Faults {
    file: Box<str>,
    found: Vec<FileFault>,
    more: usize,
}

impl Faults {
    /// None yet.
    pub fn new(file: &str) -> Self {
        Self { file: plain(file, 400).into(), found: Vec::new(), more: 0 }
    }

    /// Notes a fault. `line` 0 stands for the whole file.
    pub fn add(&mut self, line: usize, what: impl fmt::Display) {
        if self.found.len() >= limits::IMPORT_FAULTS_MAX {
            self.more += 1;
            return;
        }
        let what = plain(&what.to_string(), 1000);
        self.found.push(FileFault {
            file: self.file.clone(),
            line: (line > 0).then_some(line),
            what,
        });
    }

    /// Notes a fault of the whole file, unless there is another.
    pub fn add_if_none(&mut self, what: &str) {
        if self.found.is_empty() {
            self.add(0, what);
        }
    }

    /// The whole, unless something is wrong with it. Faults come in the order of their lines.
    pub fn or<T>(mut self, whole: T) -> Result<T, Vec<FileFault>> {
        if self.found.is_empty() {
            return Ok(whole);
        }
        self.found.sort_by_key(|fault| fault.line);
        if self.more > 0 {
            let what = format!("and {} more", self.more);
            self.found.push(FileFault { file: self.file, line: None, what });
        }
        Err(self.found)
    }
}

/// Somebody's text as part of a message: quoted, on one line, bounded.
pub(super) fn echo(text: &str) -> String {
    format!("\"{}\"", plain(text, limits::ECHO_CHARS_MAX))
}

/// On one line, bounded, without characters that a terminal would act on.
pub fn plain(text: &str, chars_max: usize) -> String {
    let clean = |c: char| if is_unprintable(c) { '\u{fffd}' } else { c };
    let mut plain: String = text.chars().take(chars_max).map(clean).collect();
    if text.chars().nth(chars_max).is_some() {
        plain.push('…');
    }
    plain
}

/// Control characters, and those that reverse the direction of what follows.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// "did you mean x?", or what there is to choose from.
pub(super) fn nearest(given: &str, known: &[&str]) -> String {
    let given = given.chars().take(limits::ECHO_CHARS_MAX).collect::<String>();
    let likeness = |k: &&&str| (strsim::jaro_winkler(&given, k) * 1000.0) as u32;
    match known.iter().max_by_key(likeness) {
        Some(best) if likeness(&best) >= 750 => format!("did you mean {best}?"),
        _ => format!("known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_one_line_each_and_bounded() {
        let mut faults = Faults::new("a\nb.toml");
        for line in 0..limits::IMPORT_FAULTS_MAX + 7 {
            faults.add(line, "bad\u{1b}[2Jthing");
        }
        let told = faults.or(()).unwrap_err();
        assert_eq!(told.len(), limits::IMPORT_FAULTS_MAX + 1);
        assert_eq!(told[1].to_string(), "a\u{fffd}b.toml:1: bad\u{fffd}[2Jthing");
        assert_eq!(told.last().unwrap().what, "and 7 more");
        assert_eq!(Faults::new("x").or(1), Ok(1));
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let known = ["capacity", "meetings", "parent"];
        assert_eq!(nearest("capcity", &known), "did you mean capacity?");
        assert_eq!(nearest("zzz", &known), "known here: capacity, meetings, parent");
    }
}
