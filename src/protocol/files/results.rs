//! Study results: one attempt at a course, or at a part of it, each.

use super::fault::Faults;
use super::fields;
use super::node::{Entry, Node, Table, Value};
use super::sheet::{Row, number, sheet};
use crate::domain::import::{Draft, DraftResult};
use crate::limits;

const FILE: [&str; 1] = ["results"];
const RESULT: [&str; 10] = [
    "student",
    "term",
    "course",
    "name",
    "component",
    "attempt",
    "grade",
    "ects",
    "date",
    "passed",
];
/// Columns of a spreadsheet: the same, and the name in two languages.
const COLUMNS: [&str; 12] = [
    "student",
    "term",
    "course",
    "name",
    "name_nl",
    "name_en",
    "component",
    "attempt",
    "grade",
    "ects",
    "date",
    "passed",
];
const NEEDED: [&str; 5] = ["student", "term", "course", "grade", "date"];

/// The whole file: a list, or a table of `results`.
pub(super) fn file(faults: &mut Faults, node: &Node) -> Draft {
    let nodes = match &node.value {
        Value::List(nodes) => nodes.as_slice(),
        _ => match Table::open(node, "file", "", &FILE, faults) {
            Some(table) => table.list("results", usize::MAX, faults),
            None => &[],
        },
    };
    let results = nodes.iter().filter_map(|node| result(faults, node)).collect();
    Draft { results, ..Draft::default() }
}

/// One result. Every value is looked at before one that is missing ends it.
fn result(faults: &mut Faults, node: &Node) -> Option<DraftResult> {
    let table = Table::open(node, "result", "student", &RESULT, faults)?;
    let student = table.need("student", faults, fields::key);
    let term = table.need("term", faults, fields::key);
    let course = table.need("course", faults, fields::key);
    let name = table.want("name", faults, fields::name);
    let component = table.want("component", faults, fields::key);
    let highest = u32::from(limits::ATTEMPT_MAX);
    let attempt = match table.get("attempt") {
        None => Some(1),
        Some(_) => table.want("attempt", faults, |v| fields::whole(v, 1, highest)),
    };
    let grade = table.need("grade", faults, fields::grade);
    let credits = table.want("ects", faults, fields::credits);
    let date = table.need("date", faults, fields::date);
    let passed = table.want("passed", faults, fields::flag);
    Some(DraftResult {
        line: table.line,
        student: student?,
        term: term?,
        course: course?,
        name,
        component,
        attempt: attempt? as u8,
        grade: grade?,
        credits,
        date: date?,
        passed,
    })
}

/// A spreadsheet: one row each.
pub(super) fn from_sheet(text: &str, faults: &mut Faults) -> Option<Node> {
    let sheet = sheet(text, &COLUMNS, &NEEDED, faults)?;
    let results = sheet.rows.iter().map(|row| {
        let cells = RESULT.iter().filter_map(|column| Some((*column, row.get(column)?)));
        let mut entries: Vec<Entry> = cells
            .map(|(column, cell)| {
                let value = match column {
                    "attempt" | "ects" => number(cell),
                    _ => Value::Text(cell.to_owned()),
                };
                Entry::new(column, row.line, value)
            })
            .collect();
        entries.extend(names(row));
        Node { line: row.line, value: Value::Table(entries) }
    });
    Some(Node { line: 1, value: Value::List(results.collect()) })
}

/// The two columns of the name as a table.
fn names(row: &Row) -> Option<Entry> {
    let texts = [("name_nl", "nl"), ("name_en", "en")].into_iter().filter_map(|(column, key)| {
        Some(Entry::new(key, row.line, Value::Text(row.get(column)?.to_owned())))
    });
    let texts: Vec<Entry> = texts.collect();
    (!texts.is_empty()).then(|| Entry::new("name", row.line, Value::Table(texts)))
}
