//! Spreadsheets: CSV into the tree that our own format has, so that the same checks follow. One
//! row is one meeting of a section (or a section without meetings).

use std::collections::HashMap;

use super::fault::{Faults, echo, nearest};
use super::node::{Entry, Node, Value};

/// Columns that say something of the term.
const TERM: [&str; 4] = ["term", "term_name_nl", "term_name_en", "term_first_monday"];
/// Columns that say something of the course.
const COURSE: [&str; 12] = [
    "name_nl",
    "name_en",
    "ects",
    "url",
    "description_nl",
    "description_en",
    "faculty",
    "level",
    "language",
    "period",
    "prerequisites",
    "term",
];
/// Columns that say something of the component.
const COMPONENT: [&str; 3] = ["alone", "component_name_nl", "component_name_en"];
/// Columns that say something of the section.
const SECTION: [&str; 2] = ["capacity", "parent"];
/// Columns that say something of the meeting.
const MEETING: [&str; 5] = ["day", "start", "end", "weeks", "place"];
/// Columns that say what a row belongs to.
const PLACE: [&str; 4] = ["course_code", "component", "component_key", "section"];

/// A table with a header: rows with their lines and their cells that are not empty.
pub(super) struct Sheet {
    pub rows: Vec<Row>,
}

/// A row.
pub(super) struct Row {
    pub line: usize,
    cells: Vec<(&'static str, String)>,
}

impl Row {
    /// The cell in that column, unless it is empty.
    pub fn get(&self, column: &str) -> Option<&str> {
        self.cells.iter().find(|(name, _)| *name == column).map(|(_, cell)| cell.as_str())
    }
}

/// Reads CSV. The separator (`,`, `;` or tab) is the one that the header has most of.
pub(super) fn sheet(
    text: &str,
    known: &[&'static str],
    needed: &[&str],
    faults: &mut Faults,
) -> Option<Sheet> {
    let header = text.lines().next().unwrap_or_default();
    let count = |separator: &u8| header.bytes().filter(|b| b == separator).count();
    let separator = b",;\t".iter().rev().max_by_key(|s| count(s)).copied().unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut columns: Vec<Option<&'static str>> = Vec::new();
    let mut rows = Vec::new();
    let mut starts = text.match_indices('\n').map(|(i, _)| i as u64 + 1).peekable();
    let mut line = 1;
    for record in reader.records() {
        // The reader counts the empty lines before a row to the row; start at its own first byte.
        let (at, cells) = match &record {
            Ok(record) => (record.position().map_or(0, csv::Position::byte), record),
            Err(error) => {
                faults.add(line, format!("is not CSV: {error}"));
                return None;
            }
        };
        let blank = text[at as usize..].bytes().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        while starts.next_if(|start| *start <= at + blank as u64).is_some() {
            line += 1;
        }
        if columns.is_empty() {
            columns = header_columns(cells, known, needed, line, faults)?;
        } else if cells.len() != columns.len() {
            let (has, header) = (cells.len(), columns.len());
            let what = format!(
                "the row has {has} cells and the header {header}; check for a \
                                missing or an unquoted separator"
            );
            faults.add(line, what);
        } else if cells.iter().any(|cell| !cell.is_empty()) {
            let named = columns.iter().zip(cells.iter());
            let cells = named
                .filter_map(|(column, cell)| Some(((*column)?, cell.to_owned())))
                .filter(|(_, cell)| !cell.is_empty());
            rows.push(Row { line, cells: cells.collect() });
        }
    }
    Some(Sheet { rows })
}

fn header_columns(
    cells: &csv::StringRecord,
    known: &[&'static str],
    needed: &[&str],
    line: usize,
    faults: &mut Faults,
) -> Option<Vec<Option<&'static str>>> {
    let mut columns: Vec<Option<&'static str>> = Vec::new();
    for cell in cells {
        let name = cell.to_lowercase();
        let column = known.iter().copied().find(|k| *k == name);
        match column {
            Some(_) if columns.contains(&column) => {
                faults.add(line, format!("column {name} stands there twice; keep one"));
            }
            None if ["reserved", "reserved_seats"].contains(&name.as_str()) => {
                faults.add(line, format!("column {name} is not supported yet; remove it"));
            }
            None => {
                let hint = nearest(&name, known);
                faults.add(line, format!("unknown column {}; {hint}", echo(cell)));
            }
            Some(_) => {}
        }
        columns.push(column);
    }
    let missing: Vec<_> =
        needed.iter().filter(|n| !columns.contains(&known_name(known, n))).collect();
    for column in &missing {
        faults.add(line, format!("column {column} is missing; add it to the first row"));
    }
    missing.is_empty().then_some(columns)
}

fn known_name(known: &[&'static str], name: &str) -> Option<&'static str> {
    known.iter().copied().find(|k| *k == name)
}

/// The catalogue of a spreadsheet.
pub(super) fn catalogue(text: &str, faults: &mut Faults) -> Option<Node> {
    let known: Vec<&'static str> =
        [&PLACE[..], &COURSE, &TERM[1..], &COMPONENT, &SECTION, &MEETING].concat();
    let needed = ["course_code", "component", "section"];
    let sheet = sheet(text, &known, &needed, faults)?;
    let mut terms = Groups::default();
    let mut courses = Groups::default();
    for row in &sheet.rows {
        let mut missing = needed.iter().filter(|column| row.get(column).is_none()).peekable();
        if missing.peek().is_some() {
            missing.for_each(|c| faults.add(row.line, format!("{c} is empty; fill it in")));
            continue;
        }
        let cell = |column| row.get(column).unwrap_or_default();
        if let Some(term) = row.get("term") {
            terms.at(&["key", term], row).note(row, &TERM[1..], faults);
        }
        let course = courses.at(&["code", cell("course_code")], row);
        course.note(row, &COURSE, faults);
        let component = course.inner.at(&["kind", cell("component"), cell("component_key")], row);
        component.note(row, &COMPONENT, faults);
        let section = component.inner.at(&["key", cell("section")], row);
        section.note(row, &SECTION, faults);
        if MEETING.iter().any(|column| row.get(column).is_some()) {
            section.meetings.push(meeting(row));
        }
    }
    Some(tree(terms, courses))
}

/// Things of one kind in the order in which the rows first name them.
#[derive(Default)]
struct Groups {
    list: Vec<Group>,
    index: HashMap<Vec<String>, usize>,
}

/// One thing: what the rows say of it, and what it is made of.
struct Group {
    line: usize,
    id: Vec<String>,
    cells: Vec<(&'static str, usize, String)>,
    inner: Groups,
    meetings: Vec<Node>,
}

impl Groups {
    fn at(&mut self, id: &[&str], row: &Row) -> &mut Group {
        let id: Vec<String> = id.iter().map(|&part| part.to_owned()).collect();
        let at = *self.index.entry(id.clone()).or_insert(self.list.len());
        if at == self.list.len() {
            self.list.push(Group {
                line: row.line,
                id,
                cells: Vec::new(),
                inner: Self::default(),
                meetings: Vec::new(),
            });
        }
        &mut self.list[at]
    }
}

impl Group {
    /// Notes these cells of a row. Saying nothing again is fine, saying something else is not.
    fn note(&mut self, row: &Row, columns: &[&'static str], faults: &mut Faults) {
        for column in columns {
            let Some(cell) = row.get(column) else {
                continue;
            };
            match self.cells.iter().find(|(name, ..)| name == column) {
                Some((_, _, first)) if first == cell => {}
                Some((_, line, first)) => {
                    let (id, first, cell) = (self.id[1..].join(" "), echo(first), echo(cell));
                    let what = format!(
                        "{column} of {} is {cell}, and {first} on line {line}; \
                                        make them equal",
                        echo(id.trim())
                    );
                    faults.add(row.line, what);
                }
                None => self.cells.push((column, row.line, cell.to_owned())),
            }
        }
    }

    fn text(&self, column: &str) -> Option<(usize, &str)> {
        let found = self.cells.iter().find(|(name, ..)| *name == column);
        found.map(|(_, line, cell)| (*line, cell.as_str()))
    }

    /// The cells under these columns as texts, numbers where they read as numbers.
    fn entries(&self, columns: &[(&str, &str)], entries: &mut Vec<Entry>) {
        for (column, key) in columns {
            if let Some((line, cell)) = self.text(column) {
                entries.push(Entry::new(key, line, Value::Text(cell.to_owned())));
            }
        }
    }

    /// The two language columns as a table.
    fn both(&self, nl: &str, en: &str, key: &str, entries: &mut Vec<Entry>) {
        let mut texts = Vec::new();
        self.entries(&[(nl, "nl"), (en, "en")], &mut texts);
        if let Some(line) = texts.first().map(|entry| entry.line) {
            entries.push(Entry::new(key, line, Value::Table(texts)));
        }
    }
}

/// A cell as a number, if it is one; a decimal comma is one as well.
pub(super) fn number(cell: &str) -> Value {
    match (cell.parse(), cell.replace(',', ".").parse()) {
        (Ok(n), _) => Value::Int(n),
        (_, Ok(n)) => Value::Float(n),
        _ => Value::Text(cell.to_owned()),
    }
}

/// Codes in one cell, separated by spaces, commas, semicolons or bars.
pub(super) fn codes(line: usize, cell: &str) -> Value {
    let parts = cell.split(|c: char| c.is_whitespace() || ",;|".contains(c));
    let parts = parts.filter(|part| !part.is_empty());
    Value::List(parts.map(|p| Node { line, value: Value::Text(p.to_owned()) }).collect())
}

fn meeting(row: &Row) -> Node {
    let cells = MEETING.iter().filter_map(|column| Some((column, row.get(column)?)));
    let entries = cells.map(|(c, cell)| Entry::new(c, row.line, Value::Text(cell.to_owned())));
    Node { line: row.line, value: Value::Table(entries.collect()) }
}

fn nodes(groups: Groups, make: impl Fn(Group) -> Vec<Entry>) -> Value {
    let node = |group: Group| Node { line: group.line, value: Value::Table(make(group)) };
    Value::List(groups.list.into_iter().map(node).collect())
}

fn tree(terms: Groups, courses: Groups) -> Node {
    // A term without a first Monday is one that the university has already.
    let new = terms.list.into_iter().filter(|t| t.text("term_first_monday").is_some());
    let terms = nodes(Groups { list: new.collect(), ..Groups::default() }, |term| {
        let mut entries = vec![Entry::new("key", term.line, Value::Text(term.id[1].clone()))];
        term.both("term_name_nl", "term_name_en", "name", &mut entries);
        term.entries(&[("term_first_monday", "first_monday")], &mut entries);
        entries
    });
    let courses = nodes(courses, course);
    let file = vec![Entry::new("terms", 1, terms), Entry::new("courses", 1, courses)];
    Node { line: 1, value: Value::Table(file) }
}

fn course(group: Group) -> Vec<Entry> {
    let mut entries = vec![Entry::new("code", group.line, Value::Text(group.id[1].clone()))];
    group.both("name_nl", "name_en", "name", &mut entries);
    group.both("description_nl", "description_en", "description", &mut entries);
    let same = ["term", "url", "faculty", "level", "language", "period"].map(|c| (c, c));
    group.entries(&same, &mut entries);
    if let Some((line, cell)) = group.text("ects") {
        entries.push(Entry::new("ects", line, number(cell)));
    }
    if let Some((line, cell)) = group.text("prerequisites") {
        entries.push(Entry::new("prerequisites", line, codes(line, cell)));
    }
    let components = nodes(group.inner, component);
    entries.push(Entry::new("components", group.line, components));
    entries
}

fn component(group: Group) -> Vec<Entry> {
    let mut entries = vec![Entry::new("kind", group.line, Value::Text(group.id[1].clone()))];
    if !group.id[2].is_empty() {
        entries.push(Entry::new("key", group.line, Value::Text(group.id[2].clone())));
    }
    group.both("component_name_nl", "component_name_en", "name", &mut entries);
    group.entries(&[("alone", "alone")], &mut entries);
    entries.push(Entry::new("sections", group.line, nodes(group.inner, section)));
    entries
}

fn section(group: Group) -> Vec<Entry> {
    let mut entries = vec![Entry::new("key", group.line, Value::Text(group.id[1].clone()))];
    if let Some((line, cell)) = group.text("capacity") {
        entries.push(Entry::new("capacity", line, number(cell)));
    }
    group.entries(&[("parent", "parent")], &mut entries);
    entries.push(Entry::new("meetings", group.line, Value::List(group.meetings)));
    entries
}
