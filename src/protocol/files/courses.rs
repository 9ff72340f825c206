//! Our own format: courses with components, sections and meetings.

use super::fields;
use super::node::{Node, Table, Value};
use super::reader::{Reader, placeholder};
use crate::domain::catalogue::{ComponentKind, Meeting, Text, Weeks};
use crate::domain::ids::{Credits, Key};
use crate::domain::import::{DraftComponent, DraftCourse, DraftSection};
use crate::limits;

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

impl Reader<'_> {
    /// A course, and the exams of it that stand alone.
    pub fn course(&mut self, node: &Node, courses: &mut Vec<DraftCourse>) {
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
        if table.get("components").is_none_or(|node| node.value == Value::List(vec![])) {
            let what = "has no components; give at least one with a section";
            table.fault(table.line, what, self.faults);
        }
        let mut course = DraftCourse {
            key,
            term: term.unwrap_or_else(|| placeholder(&table)),
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
        let what = format!("{}: component", course.what);
        let table = Table::open(node, &what, "kind", &COMPONENT, self.faults)?;
        let kind = table.need("kind", self.faults, |value| match value {
            Value::Text(text) => ComponentKind::parse(text).ok_or(format!(
                "is {}; give lecture, tutorial, practical or exam",
                value.describe()
            )),
            _ => Err(format!("is {}; give a text", value.describe())),
        })?;
        let stands_alone = table.want("alone", self.faults, fields::flag).unwrap_or(false);
        let key = table.want("key", self.faults, fields::key);
        let name = table.want("name", self.faults, fields::name);
        let nodes = table.list("sections", limits::COMPONENT_SECTIONS_MAX, self.faults);
        if table.get("sections").is_none_or(|n| n.value == Value::List(vec![])) {
            let what = "has no sections; give at least one";
            table.fault(table.line, what, self.faults);
        }
        if !stands_alone {
            let sections = self.sections(&course.what, nodes, &draft.key);
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
        if !self.lines.note("course", key.clone(), table.line) {
            table.fault(table.line, format!("{key} is named twice; keep one"), self.faults);
        }
        let sections = self.sections(&course.what, nodes, &key);
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

    fn sections(&mut self, outer: &str, nodes: &[Node], course: &Key) -> Vec<DraftSection> {
        nodes.iter().filter_map(|node| self.section(outer, node, course)).collect()
    }

    fn section(&mut self, outer: &str, node: &Node, course: &Key) -> Option<DraftSection> {
        let what = format!("{outer}: section");
        let table = Table::open(node, &what, "key", &SECTION, self.faults)?;
        let local = table.need("key", self.faults, fields::key)?;
        let capacity = table.want("capacity", self.faults, fields::capacity).flatten();
        let parent = table.want("parent", self.faults, fields::key);
        let meetings = table.list("meetings", limits::MEETINGS_MAX, self.faults);
        let meetings = meetings.iter().filter_map(|node| self.meeting(&table, node)).collect();
        let key = self.joined(&table, course, '/', &local)?;
        if !self.lines.note("section", key.clone(), table.line) {
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
        let what = format!("{}: meeting", section.what);
        let table = Table::open(node, &what, "", &MEETING, self.faults)?;
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
