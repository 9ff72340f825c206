//! Our own format: terms, courses with components and sections, programmes.

use std::collections::HashSet;

use super::fault::Faults;
use super::fields;
use super::node::{Node, Table};
use super::windows;
use crate::domain::catalogue::{ComponentKind, Meeting, Programme, Requirement, Term, Text, Weeks};
use crate::domain::ids::{Credits, Key};
use crate::domain::import::{Draft, DraftComponent, DraftCourse, DraftSection};
use crate::limits;

const FILE: [&str; 5] = ["term", "terms", "courses", "programmes", "windows"];
const TERM: [&str; 3] = ["key", "name", "first_monday"];
const COURSE: [&str; 12] = [
    "code",
    "term",
    "name",
    "description",
    "ects",
    "url",
    "faculty",
    "level",
    "language",
    "period",
    "prerequisites",
    "components",
];
const COMPONENT: [&str; 5] = ["kind", "alone", "key", "name", "sections"];
const SECTION: [&str; 4] = ["key", "capacity", "parent", "meetings"];
const MEETING: [&str; 5] = ["day", "start", "end", "weeks", "place"];
const PROGRAMME: [&str; 3] = ["key", "name", "years"];
const YEAR: [&str; 3] = ["year", "required", "optional"];

/// Reads one file's tree, and what it has named so far.
pub(super) struct Reader<'a> {
    pub faults: &'a mut Faults,
    /// The term of what names none.
    pub term: Option<Key>,
    named: HashSet<(&'static str, Key)>,
}

impl<'a> Reader<'a> {
    /// A reader that notes faults there.
    pub fn new(faults: &'a mut Faults) -> Self {
        Self { faults, term: None, named: HashSet::new() }
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

    /// Opens a table that names itself under `id`, which no other of its kind may do.
    pub fn named<'n>(
        &mut self,
        node: &'n Node,
        kind: &'static str,
        id: &str,
        known: &[&str],
    ) -> Option<(Table<'n>, Key)> {
        let table = Table::open(node, kind, id, known, self.faults)?;
        let key = table.need(id, self.faults, fields::key)?;
        if !self.named.insert((kind, key.clone())) {
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

    /// A course, and the exams of it that stand alone.
    fn course(&mut self, node: &Node, courses: &mut Vec<DraftCourse>) {
        let Some((table, key)) = self.named(node, "course", "code", &COURSE) else {
            return;
        };
        let term = self.term_of(&table);
        let faults = &mut *self.faults;
        let name = table.need("name", faults, fields::name);
        let credits = table.need("ects", faults, fields::credits);
        let description =
            table.want("description", faults, |v| fields::both(v, limits::DESCRIPTION_BYTES_MAX));
        let url = table.want("url", faults, fields::url);
        let mut search = |key| {
            let text = table.want(key, faults, fields::short)?;
            (!text.is_empty()).then_some(text)
        };
        let (faculty, level) = (search("faculty"), search("level"));
        let (language, period) = (search("language"), search("period"));
        let prerequisites =
            self.keys(&table, "prerequisites", limits::PREREQUISITES_MAX, usize::MAX);
        let components = table.list("components", limits::COMPONENTS_MAX, self.faults);
        if table.get("components").is_none_or(|node| node.value == super::node::Value::List(vec![]))
        {
            let what = "has no components; give at least one with a section";
            table.fault(table.line, what, self.faults);
        }
        let mut course = DraftCourse {
            key,
            term: term.unwrap_or_else(placeholder),
            name: name.unwrap_or_default(),
            description: description.unwrap_or_default(),
            credits: credits.unwrap_or_default(),
            url,
            faculty,
            level,
            language,
            period,
            prerequisites,
            part_of: None,
            components: Vec::new(),
        };
        let mut alone = Vec::new();
        for node in components {
            self.component(&table, node, &mut course, &mut alone);
        }
        courses.push(course);
        courses.append(&mut alone);
    }

    fn component(
        &mut self,
        course: &Table<'_>,
        node: &Node,
        draft: &mut DraftCourse,
        alone: &mut Vec<DraftCourse>,
    ) -> Option<()> {
        let table = Table::open(node, "component", "kind", &COMPONENT, self.faults)?;
        let table = table.within(&course.what);
        let kind = table.need("kind", self.faults, |value| match value {
            super::node::Value::Text(text) => ComponentKind::parse(text).ok_or(format!(
                "is {}; give lecture, tutorial, practical or exam",
                value.describe()
            )),
            _ => Err(format!("is {}; give a text", value.describe())),
        })?;
        let stands_alone = table.want("alone", self.faults, fields::flag).unwrap_or(false);
        let key = table.want("key", self.faults, fields::key);
        let name = table.want("name", self.faults, fields::name);
        let nodes = table.list("sections", limits::COMPONENT_SECTIONS_MAX, self.faults);
        if table.get("sections").is_none_or(|n| n.value == super::node::Value::List(vec![])) {
            let what = "has no sections; give at least one";
            table.fault(table.line, what, self.faults);
        }
        if !stands_alone {
            let sections = self.sections(&table, nodes, &draft.key);
            draft.components.push(DraftComponent { kind, sections });
            return Some(());
        }
        let Some(key) = key else {
            let what = "stands alone and has no key; give one, such as \"exam\" or \"resit\"";
            table.fault(table.line, what, self.faults);
            return None;
        };
        if kind != ComponentKind::Exam {
            let what = "stands alone; only an exam can, so remove alone or make it an exam";
            table.fault(table.line, what, self.faults);
        }
        let key = self.joined(&table, &draft.key, '#', &key)?;
        if !self.named.insert(("course", key.clone())) {
            table.fault(table.line, format!("{key} is named twice; keep one"), self.faults);
        }
        let sections = self.sections(&table, nodes, &key);
        alone.push(DraftCourse {
            name: name.unwrap_or_else(|| exam_name(&draft.name, &key)),
            description: Text::default(),
            credits: Credits(0),
            url: draft.url.clone(),
            prerequisites: Vec::new(),
            part_of: Some(draft.key.clone()),
            components: vec![DraftComponent { kind, sections }],
            key,
            ..draft.clone()
        });
        Some(())
    }

    fn sections(&mut self, outer: &Table<'_>, nodes: &[Node], course: &Key) -> Vec<DraftSection> {
        nodes.iter().filter_map(|node| self.section(outer, node, course)).collect()
    }

    fn section(&mut self, outer: &Table<'_>, node: &Node, course: &Key) -> Option<DraftSection> {
        let table = Table::open(node, "section", "key", &SECTION, self.faults)?;
        let table = table.within(outer.what.rsplit_once(": ").map_or("", |(course, _)| course));
        let local = table.need("key", self.faults, fields::key)?;
        let capacity = table.want("capacity", self.faults, fields::capacity).flatten();
        let parent = table.want("parent", self.faults, fields::key);
        let meetings = table.list("meetings", limits::MEETINGS_MAX, self.faults);
        let meetings = meetings.iter().filter_map(|node| self.meeting(&table, node)).collect();
        let key = self.joined(&table, course, '/', &local)?;
        if !self.named.insert(("section", key.clone())) {
            let what = "is named twice in this course; keep one, or give it another key";
            table.fault(table.line, what, self.faults);
        }
        let parent = match parent {
            Some(parent) => Some(self.joined(&table, course, '/', &parent)?),
            None => None,
        };
        Some(DraftSection { key, capacity, meetings, parent })
    }

    /// A meeting of the section.
    pub fn meeting(&mut self, section: &Table<'_>, node: &Node) -> Option<Meeting> {
        let table = Table::open(node, "meeting", "", &MEETING, self.faults)?.within(&section.what);
        let weekday = table.need("day", self.faults, fields::day);
        let start = table.need("start", self.faults, fields::time_of_day);
        let end = table.need("end", self.faults, fields::time_of_day);
        let weeks = match table.get("weeks") {
            None => Some(Weeks::ALL),
            Some(_) => table.want("weeks", self.faults, fields::weeks),
        };
        let place = table.want("place", self.faults, fields::short).unwrap_or_default();
        if let (Some(start), Some(end)) = (start, end)
            && end <= start
        {
            table.fault(table.line, "ends before it starts; exchange start and end", self.faults);
        }
        Some(Meeting { weekday: weekday?, start: start?, end: end?, weeks: weeks?, place })
    }

    fn joined(&mut self, table: &Table<'_>, left: &Key, by: char, right: &Key) -> Option<Key> {
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

    fn programme(&mut self, node: &Node) -> Option<Programme> {
        let (table, key) = self.named(node, "programme", "key", &PROGRAMME)?;
        let name = table.need("name", self.faults, fields::name);
        let mut requirements: Vec<Requirement> = Vec::new();
        let mut seen = HashSet::new();
        for node in table.list("years", usize::from(limits::STUDY_YEAR_MAX), self.faults) {
            let Some(years) = Table::open(node, "year", "year", &YEAR, self.faults) else {
                continue;
            };
            let years = years.within(&table.what);
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
}

/// A year of study.
pub(super) fn year(value: &super::node::Value) -> Result<u8, String> {
    fields::whole(value, 1, u32::from(limits::STUDY_YEAR_MAX)).map(|y| y as u8)
}

/// Stands where a fault was noted, so that reading goes on; the draft is never handed out.
fn placeholder() -> Key {
    Key::new("-").expect("a key")
}

fn exam_name(course: &Text, key: &Key) -> Text {
    let local = key.as_str().rsplit('#').next().unwrap_or_default();
    let (nl, en) = match local {
        "exam" => ("tentamen", "exam"),
        "resit" => ("hertentamen", "resit"),
        other => (other, other),
    };
    let join = |name: &str, what: &str| {
        let room = limits::COURSE_NAME_BYTES_MAX - what.len() - ": ".len();
        let end = (0..=room.min(name.len())).rev().find(|end| name.is_char_boundary(*end));
        format!("{}: {what}", &name[..end.unwrap_or(0)]).into()
    };
    Text { nl: join(&course.nl, nl), en: join(&course.en, en) }
}
