//! A file as a tree of values that know their line. TOML, JSON and spreadsheets all become one of
//! these, so that every check is written once and every fault can say where. (Derived serde
//! structs would stop at the first fault, and JSON's would not know the line.)

use super::fault::{Faults, echo, nearest};

/// A value with its place.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Node {
    /// Line in the file, from 1.
    pub line: usize,
    /// What it is.
    pub value: Value,
}

/// A value of any of the formats. Dates and times of TOML are texts here.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key and its value in a table.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Entry {
    pub key: String,
    pub line: usize,
    pub node: Node,
}

impl Entry {
    pub fn new(key: &str, line: usize, value: Value) -> Self {
        Self { key: key.to_owned(), line, node: Node { line, value } }
    }
}

impl Value {
    /// What it is, for a message.
    pub fn describe(&self) -> String {
        match self {
            Self::Null => "nothing (null)".into(),
            Self::Bool(b) => b.to_string(),
            Self::Int(n) => n.to_string(),
            Self::Float(n) => n.to_string(),
            Self::Text(text) => echo(text),
            Self::List(_) => "a list".into(),
            Self::Table(_) => "a table".into(),
        }
    }
}

/// Keys that name something planned for later: refused by name, never accepted and ignored.
const NOT_YET: [&str; 4] = ["reserved", "reserved_seats", "cohorts", "rounds"];

/// A table being read: knows what it describes, so that its faults can say so.
pub(super) struct Table<'a> {
    /// For example `course LAW-1010`.
    pub what: String,
    /// Its line.
    pub line: usize,
    entries: &'a [Entry],
}

impl<'a> Table<'a> {
    /// Opens a table of this kind; `id` is the key under which it names itself. Unknown and
    /// doubled keys are faults.
    pub fn open(
        node: &'a Node,
        kind: &str,
        id: &str,
        known: &[&str],
        faults: &mut Faults,
    ) -> Option<Self> {
        let Value::Table(entries) = &node.value else {
            let found = node.value.describe();
            faults.add(
                node.line,
                format!("{kind}: is {found}; give a table of {}", known.join(", ")),
            );
            return None;
        };
        let mut table = Self { what: kind.to_owned(), line: node.line, entries };
        match table.get(id).map(|node| &node.value) {
            Some(Value::Text(name)) => {
                table.what = format!("{kind} {}", echo(name).trim_matches('"'))
            }
            Some(Value::Int(name)) => table.what = format!("{kind} {name}"),
            _ => {}
        }
        let mut seen = vec![false; known.len()];
        for Entry { key, line, .. } in entries {
            let what = match known.iter().position(|k| k == key) {
                Some(i) if std::mem::replace(&mut seen[i], true) => {
                    "is given twice; keep one".into()
                }
                Some(_) => continue,
                None if NOT_YET.contains(&key.as_str()) => "is not supported yet; remove it".into(),
                None => format!("is an unknown key; {}", nearest(key, known)),
            };
            table.fault(*line, format!("{} {what}", echo(key)), faults);
        }
        Some(table)
    }

    /// Puts this table's faults under another's, as in `course X: section Y`.
    pub fn within(mut self, outer: &str) -> Self {
        self.what = format!("{outer}: {}", self.what);
        self
    }

    /// The value under the key. Null counts as absent.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        let entry = self.entries.iter().find(|e| e.key == key)?;
        (entry.node.value != Value::Null).then_some(&entry.node)
    }

    /// Notes a fault of this table.
    pub fn fault(&self, line: usize, what: impl std::fmt::Display, faults: &mut Faults) {
        faults.add(line, format!("{}: {what}", self.what));
    }

    /// Reads a value that may be absent.
    pub fn want<T>(
        &self,
        key: &str,
        faults: &mut Faults,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        let node = self.get(key)?;
        match read(&node.value) {
            Ok(value) => Some(value),
            Err(what) => {
                self.fault(node.line, format!("{key} {what}"), faults);
                None
            }
        }
    }

    /// Reads a value that must be there.
    pub fn need<T>(
        &self,
        key: &str,
        faults: &mut Faults,
        read: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        if self.get(key).is_none() {
            self.fault(self.line, format!("{key} is missing; add it"), faults);
            return None;
        }
        self.want(key, faults, read)
    }

    /// The list under the key: empty when absent, at most `max` long.
    pub fn list(&self, key: &str, max: usize, faults: &mut Faults) -> &'a [Node] {
        match self.get(key) {
            None => &[],
            Some(Node { value: Value::List(nodes), .. }) if nodes.len() <= max => nodes,
            Some(node) => {
                let what = match &node.value {
                    Value::List(nodes) => {
                        format!("{key} has {} entries; at most {max}", nodes.len())
                    }
                    other => format!("{key} is {}; give a list", other.describe()),
                };
                self.fault(node.line, what, faults);
                &[]
            }
        }
    }
}
