//! The student register: number, programme, year, blocks, completed courses. No names.

use super::fault::Faults;
use super::fields;
use super::node::{Entry, Node, Table, Value};
use super::reader::{Reader, year};
use super::sheet::{codes, number, sheet};
use crate::domain::import::Draft;
use crate::domain::student::Profile;
use crate::limits;

const FILE: [&str; 1] = ["students"];
const STUDENT: [&str; 5] = ["id", "programme", "year", "blocks", "completed"];

/// The whole file: a list, or a table of `students`.
pub(super) fn file(faults: &mut Faults, node: &Node) -> Draft {
    let mut reader = Reader::new(faults);
    let nodes = match &node.value {
        Value::List(nodes) => nodes.as_slice(),
        _ => match Table::open(node, "file", "", &FILE, reader.faults) {
            Some(table) => table.list("students", usize::MAX, reader.faults),
            None => &[],
        },
    };
    let students = nodes.iter().filter_map(|node| student(&mut reader, node)).collect();
    Draft { students, lines: reader.lines, ..Draft::default() }
}

fn student(reader: &mut Reader<'_>, node: &Node) -> Option<Profile> {
    let (table, key) = reader.named(node, "student", "id", &STUDENT)?;
    let programme = table.want("programme", reader.faults, fields::key);
    let year = table.want("year", reader.faults, year).unwrap_or(0);
    let blocks = reader.keys(&table, "blocks", limits::BLOCKS_MAX, usize::MAX);
    let (max, bytes_max) = (limits::COMPLETED_MAX, limits::COMPLETED_BYTES_MAX);
    let completed = reader.keys(&table, "completed", max, bytes_max);
    Some(Profile { key, programme, year, blocks, completed })
}

/// A spreadsheet of students: one row each; several codes in a cell are separated by spaces.
pub(super) fn from_sheet(text: &str, faults: &mut Faults) -> Option<Node> {
    let sheet = sheet(text, &STUDENT, &["id"], faults)?;
    let students = sheet.rows.iter().map(|row| {
        let cells = STUDENT.iter().filter_map(|column| Some((*column, row.get(column)?)));
        let entries = cells.map(|(column, cell)| {
            let value = match column {
                "year" => number(cell),
                "blocks" | "completed" => codes(row.line, cell),
                _ => Value::Text(cell.to_owned()),
            };
            Entry::new(column, row.line, value)
        });
        Node { line: row.line, value: Value::Table(entries.collect()) }
    });
    Some(Node { line: 1, value: Value::List(students.collect()) })
}
