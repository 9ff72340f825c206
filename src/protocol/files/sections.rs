//! The neutral list of sections: each is a course of its own, with one lecture section `ID/1`.

use super::fields;
use super::node::{Node, Table, Value};
use super::reader::Reader;
use crate::domain::catalogue::{ComponentKind, Term, Text};
use crate::domain::ids::Key;
use crate::domain::import::{Draft, DraftComponent, DraftCourse, DraftSection};
use crate::limits;

const FILE: [&str; 2] = ["term", "sections"];
const SECTION: [&str; 9] =
    ["id", "code", "name", "campus", "credits", "tpi", "capacity", "freshman_seats", "meetings"];

/// The term when the file names none.
pub const TERM: &str = "term";
/// Its first Monday, 5 January 1970: the same at every import.
const FIRST_MONDAY: i32 = 4;

/// Whether the tree is such a list.
pub(super) fn is_one(node: &Node) -> bool {
    match &node.value {
        Value::List(_) => true,
        Value::Table(entries) => entries.iter().any(|e| e.key == "sections"),
        _ => false,
    }
}

/// The whole file: a list, or a table of `term` and `sections`.
pub(super) fn file(reader: &mut Reader<'_>, node: &Node) -> Draft {
    let mut draft = Draft::default();
    let key = Key::new(TERM).expect("a key");
    let mut term = Term { name: term_name(&key), key, first_monday: FIRST_MONDAY };
    let nodes = match &node.value {
        Value::List(nodes) => nodes.as_slice(),
        _ => match Table::open(node, "file", "", &FILE, reader.faults) {
            Some(table) => {
                if let Some(key) = table.want("term", reader.faults, fields::key) {
                    term = Term { name: term_name(&key), key, ..term };
                }
                table.list("sections", usize::MAX, reader.faults)
            }
            None => &[],
        },
    };
    draft.courses = nodes.iter().filter_map(|node| section(reader, node, &term.key)).collect();
    draft.terms = vec![term];
    draft
}

fn term_name(key: &Key) -> Text {
    Text { nl: key.as_str().into(), en: key.as_str().into() }
}

fn section(reader: &mut Reader<'_>, node: &Node, term: &Key) -> Option<DraftCourse> {
    let (table, key) = reader.named(node, "section", "id", &SECTION)?;
    let name = table.need("name", reader.faults, fields::name);
    let credits = table.need("credits", reader.faults, fields::credits);
    let capacity = table.want("capacity", reader.faults, fields::capacity).flatten();
    let code = table.want("code", reader.faults, fields::short).unwrap_or_default();
    let campus = table.want("campus", reader.faults, fields::short).unwrap_or_default();
    let nodes = table.list("meetings", limits::MEETINGS_MAX, reader.faults);
    let mut meetings: Vec<_> =
        nodes.iter().filter_map(|node| reader.meeting(&table, node)).collect();
    for meeting in meetings.iter_mut().filter(|m| m.place.is_empty()) {
        meeting.place.clone_from(&campus);
    }
    let full = match Key::new(&format!("{key}/1")) {
        Ok(full) => full,
        Err(what) => {
            table.fault(table.line, format!("its full name {key}/1 {what}"), reader.faults);
            return None;
        }
    };
    let sections = vec![DraftSection { key: full, capacity, meetings, parent: None }];
    Some(DraftCourse {
        key,
        term: term.clone(),
        name: name?,
        description: Text { nl: code.clone(), en: code },
        credits: credits?,
        url: None,
        faculty: None,
        level: None,
        language: None,
        period: None,
        prerequisites: Vec::new(),
        part_of: None,
        components: vec![DraftComponent { kind: ComponentKind::Lecture, sections }],
    })
}
