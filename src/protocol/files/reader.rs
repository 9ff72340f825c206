//! Our own format: the file as a whole, its terms and its programmes.

use std::collections::HashSet;

use super::fault::Faults;
use super::fields;
use super::node::{Node, Table, Value};
use super::windows;
use crate::domain::catalogue::{Programme, Requirement, Term, Text};
use crate::domain::ids::Key;
use crate::domain::import::{Draft, Lines};
use crate::limits;

const FILE: [&str; 5] = ["term", "terms", "courses", "programmes", "windows"];
const TERM: [&str; 3] = ["key", "name", "first_monday"];
const PROGRAMME: [&str; 3] = ["key", "name", "years"];
const YEAR: [&str; 3] = ["year", "required", "optional"];

/// Reads one file's tree, and what it has named so far.
pub(super) struct Reader<'a> {
    pub faults: &'a mut Faults,
    /// The term of what names none.
    pub term: Option<Key>,
    /// What it has named, and where.
    pub lines: Lines,
}

impl<'a> Reader<'a> {
    /// A reader that notes faults there.
    pub fn new(faults: &'a mut Faults) -> Self {
        Self { faults, term: None, lines: Lines::default() }
    }

    /// The whole file.
    pub fn file(&mut self, node: &Node, seeds: &mut dyn FnMut() -> [u8; 32]) -> Draft {
        let mut draft = Draft::default();
        let Some(file) = Table::open(node, "file", "", &FILE, self.faults) else {
            return draft;
        };
        let all = usize::MAX;
        let terms = file.list("terms", usize::from(u16::MAX), self.faults);
        draft.terms = terms.iter().filter_map(|node| self.term(node)).collect();
        self.term = file.want("term", self.faults, fields::key);
        if let (None, [only]) = (&self.term, draft.terms.as_slice()) {
            self.term = Some(only.key.clone());
        }
        for node in file.list("courses", all, self.faults) {
            self.course(node, &mut draft.courses);
        }
        let programmes = file.list("programmes", all, self.faults);
        draft.programmes = programmes.iter().filter_map(|node| self.programme(node)).collect();
        let windows = file.list("windows", all, self.faults);
        draft.windows =
            windows.iter().filter_map(|node| windows::window(self, node, seeds)).collect();
        draft
    }

    /// Opens a table that names itself under `id`, which no other of its kind may do. One whose
    /// name is no name is read on: its other faults are told as well.
    pub fn named<'n>(
        &mut self,
        node: &'n Node,
        kind: &'static str,
        id: &str,
        known: &[&str],
    ) -> Option<(Table<'n>, Key)> {
        let table = Table::open(node, kind, id, known, self.faults)?;
        let Some(key) = table.need(id, self.faults, fields::key) else {
            let key = placeholder(&table);
            return Some((table, key));
        };
        if !self.lines.note(kind, key.clone(), table.line) {
            table.fault(table.line, "is named twice in this file; keep one", self.faults);
        }
        Some((table, key))
    }

    /// The term that the table names, or the file's.
    pub fn term_of(&mut self, table: &Table<'_>) -> Option<Key> {
        if table.get("term").is_some() {
            return table.want("term", self.faults, fields::key);
        }
        if self.term.is_none() {
            let what = "term is missing; add it here, or once at the top of the file";
            table.fault(table.line, what, self.faults);
        }
        self.term.clone()
    }

    fn term(&mut self, node: &Node) -> Option<Term> {
        let (table, key) = self.named(node, "term", "key", &TERM)?;
        let name = table.want("name", self.faults, fields::name);
        let first_monday = table.need("first_monday", self.faults, fields::monday)?;
        let name =
            name.unwrap_or_else(|| Text { nl: key.as_str().into(), en: key.as_str().into() });
        Some(Term { key, name, first_monday })
    }

    fn programme(&mut self, node: &Node) -> Option<Programme> {
        let (table, key) = self.named(node, "programme", "key", &PROGRAMME)?;
        let name = table.need("name", self.faults, fields::name);
        let mut requirements: Vec<Requirement> = Vec::new();
        let mut seen = HashSet::new();
        for node in table.list("years", usize::from(limits::STUDY_YEAR_MAX), self.faults) {
            let what = format!("{}: year", table.what);
            let Some(years) = Table::open(node, &what, "year", &YEAR, self.faults) else {
                continue;
            };
            let year = years.need("year", self.faults, year);
            for (list, required) in [("required", true), ("optional", false)] {
                for course in self.keys(&years, list, 1_000, usize::MAX) {
                    if !seen.insert(course.clone()) {
                        let what = format!("names {course} a second time; keep one");
                        years.fault(years.line, what, self.faults);
                    }
                    requirements.push(Requirement { year: year.unwrap_or(1), course, required });
                }
            }
        }
        Some(Programme { key, name: name?, requirements })
    }

    pub fn joined(&mut self, table: &Table<'_>, left: &Key, by: char, right: &Key) -> Option<Key> {
        let joined = Key::new(&format!("{left}{by}{right}"));
        joined
            .map_err(|what| {
                let what = format!("its full name {left}{by}{right} {what}");
                table.fault(table.line, what, self.faults);
            })
            .ok()
    }

    /// A list of keys, together at most `bytes_max` when each counts its length and one.
    pub fn keys(&mut self, table: &Table<'_>, key: &str, max: usize, bytes_max: usize) -> Vec<Key> {
        let mut keys: Vec<Key> = Vec::new();
        for node in table.list(key, max, self.faults) {
            match fields::key(&node.value) {
                Ok(code) if keys.contains(&code) => {
                    table.fault(
                        node.line,
                        format!("{key} names {code} twice; keep one"),
                        self.faults,
                    );
                }
                Ok(code) => keys.push(code),
                Err(what) => {
                    table.fault(node.line, format!("{key}: an entry {what}"), self.faults);
                }
            }
        }
        let bytes: usize = keys.iter().map(|k| k.as_str().len() + 1).sum();
        if bytes > bytes_max {
            let what = format!("{key} has codes of {bytes} bytes together; at most {bytes_max}");
            table.fault(table.line, what, self.faults);
        }
        keys
    }
}

/// Stands where a fault was noted, so that reading goes on; the draft is never handed out.
pub(super) fn placeholder(table: &Table<'_>) -> Key {
    Key::new(&format!("-{}", table.line)).expect("a key")
}

/// A year of study.
pub(super) fn year(value: &Value) -> Result<u8, String> {
    fields::whole(value, 1, u32::from(limits::STUDY_YEAR_MAX)).map(|y| y as u8)
}
