//! What is wrong with a draft, and where in its file.

use std::collections::HashMap;
use std::fmt;

use crate::domain::ids::Key;

/// Where each thing of a draft stands in its file. That is no part of what the draft says: two
/// drafts that differ in this alone are equal.
#[derive(Clone, Debug, Default)]
pub struct Lines(HashMap<(&'static str, Key), usize>);

impl Lines {
    /// Notes the line of a thing; whether it is named for the first time.
    pub fn note(&mut self, kind: &'static str, key: Key, line: usize) -> bool {
        self.0.insert((kind, key), line).is_none()
    }

    /// The line of the thing.
    pub fn get(&self, kind: &'static str, key: &Key) -> Option<usize> {
        self.0.get(&(kind, key.clone())).copied()
    }
}

impl PartialEq for Lines {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// One fault of a draft.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DraftFault {
    /// The line in the file, where it is known.
    pub line: Option<usize>,
    /// What is wrong, and how to mend it.
    pub what: String,
}

impl DraftFault {
    /// As one line of talk about the file with this name.
    pub fn in_file(&self, name: impl fmt::Display) -> String {
        match self.line {
            Some(line) => format!("{name}:{line}: {}", self.what),
            None => format!("{name}: {}", self.what),
        }
    }
}

impl fmt::Display for DraftFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_file_and_line() {
        let fault = |line| DraftFault { line, what: "no such course".into() };
        assert_eq!(fault(Some(7)).in_file("a.csv"), "a.csv:7: no such course");
        assert_eq!(fault(None).in_file("a.csv"), "a.csv: no such course");
        let mut lines = Lines::default();
        assert!(lines.note("course", Key::new("A").unwrap(), 3));
        assert!(!lines.note("course", Key::new("A").unwrap(), 4));
        assert_eq!(lines.get("course", &Key::new("A").unwrap()), Some(4));
        assert_eq!(lines.get("term", &Key::new("A").unwrap()), None);
    }
}
