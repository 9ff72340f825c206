//! TOML and JSON into [`Node`]s.

use std::cell::Cell;
use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use toml::de::{DeTable, DeValue};

use super::fault::Faults;
use super::node::{Entry, Node, Value};
use crate::limits;

/// Reads TOML. Every syntax fault is noted, not only the first.
pub(super) fn toml(text: &str, faults: &mut Faults) -> Option<Node> {
    if text.len() > limits::IMPORT_TOML_BYTES_MAX {
        let max = limits::IMPORT_TOML_BYTES_MAX / (1024 * 1024);
        faults.add(0, format!("is TOML of more than {max} MiB; split it, or use JSON or CSV"));
        return None;
    }
    let lines = Lines::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let line = error.span().map_or(0, |span| lines.at(span.start));
        faults.add(line, format!("is not TOML: {}", error.message()));
    }
    if !errors.is_empty() {
        return None;
    }
    let line = lines.at(table.span().start);
    Some(Node { line, value: toml_table(table.get_ref(), &lines) })
}

/// Starts of lines, to turn an offset into a line.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Self(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i).collect())
    }

    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}

fn toml_table(table: &DeTable<'_>, lines: &Lines) -> Value {
    let mut entries: Vec<(usize, Entry)> = Vec::with_capacity(table.len());
    for (key, value) in table {
        let span = key.span();
        let node =
            Node { line: lines.at(value.span().start), value: toml_value(value.get_ref(), lines) };
        let (key, line) = (key.get_ref().to_string(), lines.at(span.start));
        entries.push((span.start, Entry { key, line, node }));
    }
    entries.sort_by_key(|(start, _)| *start);
    Value::Table(entries.into_iter().map(|(_, entry)| entry).collect())
}

fn toml_value(value: &DeValue<'_>, lines: &Lines) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(n) => match i64::from_str_radix(n.as_str(), n.radix()) {
            Ok(n) => Value::Int(n),
            Err(_) => Value::Text(n.as_str().to_owned()),
        },
        DeValue::Float(n) => match n.as_str().parse() {
            Ok(n) => Value::Float(n),
            Err(_) => Value::Text(n.as_str().to_owned()),
        },
        DeValue::Boolean(b) => Value::Bool(*b),
        DeValue::Datetime(when) => Value::Text(when.to_string()),
        DeValue::Array(values) => Value::List(
            values
                .iter()
                .map(|v| Node {
                    line: lines.at(v.span().start),
                    value: toml_value(v.get_ref(), lines),
                })
                .collect(),
        ),
        DeValue::Table(table) => toml_table(table, lines),
    }
}

/// Reads JSON.
pub(super) fn json(text: &str, faults: &mut Faults) -> Option<Node> {
    let place = Place { line: Cell::new(1), values: Cell::new(0) };
    let counting = Counting { rest: text.as_bytes(), newline: false, place: &place };
    let mut deserializer = serde_json::Deserializer::from_reader(counting);
    let read = Seed(&place).deserialize(&mut deserializer);
    match read.and_then(|node| deserializer.end().map(|()| node)) {
        Ok(node) => Some(node),
        Err(error) => {
            let (line, text) = (error.line(), error.to_string());
            let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
            faults.add(line, format!("is not JSON: {what}"));
            None
        }
    }
}

/// Where the reader is.
struct Place {
    /// Line of the byte read last.
    line: Cell<usize>,
    values: Cell<usize>,
}

/// Hands out one byte at a time, which is how `serde_json` asks for them, and counts lines.
struct Counting<'a> {
    rest: &'a [u8],
    newline: bool,
    place: &'a Place,
}

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let (Some((byte, rest)), Some(slot)) = (self.rest.split_first(), buffer.first_mut()) else {
            return Ok(0);
        };
        if self.newline {
            self.place.line.set(self.place.line.get() + 1);
        }
        self.newline = *byte == b'\n';
        *slot = *byte;
        self.rest = rest;
        Ok(1)
    }
}

#[derive(Clone, Copy)]
struct Seed<'a>(&'a Place);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Seed<'_> {
    fn node<E: serde::de::Error>(self, value: Value) -> Result<Node, E> {
        self.count()?;
        Ok(Node { line: self.0.line.get(), value })
    }

    fn count<E: serde::de::Error>(self) -> Result<(), E> {
        self.0.values.set(self.0.values.get() + 1);
        if self.0.values.get() > limits::IMPORT_VALUES_MAX {
            let max = limits::IMPORT_VALUES_MAX;
            return Err(E::custom(format!("more than {max} values; split the file")));
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Node, E> {
        self.node(Value::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Node, E> {
        self.node(Value::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Node, E> {
        self.node(Value::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Node, E> {
        self.node(i64::try_from(value).map_or(Value::Float(value as f64), Value::Int))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        self.node(Value::Float(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Node, E> {
        self.node(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        self.count()?;
        let line = self.0.line.get();
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element_seed(self)? {
            nodes.push(node);
        }
        Ok(Node { line, value: Value::List(nodes) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        self.count()?;
        let line = self.0.line.get();
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let line = self.0.line.get();
            entries.push(Entry { key, line, node: map.next_value_seed(self)? });
        }
        Ok(Node { line, value: Value::Table(entries) })
    }
}
