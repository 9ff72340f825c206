//! Enrolments and waitlists as files: what the command line and the registrar's routes give alike.

use std::io::Write;

use serde::{Deserialize, Serialize};

use crate::domain::course::WaitlistEntry;
use crate::domain::ids::{CourseId, SectionId, WindowId};
use crate::domain::plan::Choice;
use crate::domain::registry::Registry;
use crate::domain::student::Student;
use crate::domain::survey::{Place, WaitCursor};
use utoipa::ToSchema;

/// The first line of a spreadsheet.
pub const CSV_HEADER: &str = "student,course,sections,window,journal\r\n";

/// One enrolment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Row {
    /// Student number.
    pub student: String,
    /// Course code.
    pub course: String,
    /// Section keys, one a component.
    pub sections: Vec<String>,
    /// Window key.
    pub window: String,
    /// Journal position of the grant.
    pub journal: u64,
}

/// One place on a waitlist.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct WaitRow {
    /// Course code.
    pub course: String,
    /// Place on its waitlist, from 1, when it was read.
    pub rank: u32,
    /// Student number.
    pub student: String,
    /// Sections that she accepts by name; of a component without one, any.
    pub sections: Vec<String>,
    /// The course whose place she keeps until she is promoted.
    pub keeps: Option<String>,
    /// Window key.
    pub window: String,
    /// Journal position of her place.
    pub journal: u64,
}

/// A row of a spreadsheet.
pub trait Csv {
    /// The first line.
    const HEADER: &'static str;

    /// This row's line.
    fn csv(&self) -> String;
}

/// A text as a cell: quoted where it must be, and marked as text where a spreadsheet would run it.
pub(super) fn cell(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let marked = if runs { format!("'{text}") } else { text.to_owned() };
    if marked.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", marked.replace('"', "\"\""));
    }
    marked
}

impl Csv for Row {
    const HEADER: &'static str = CSV_HEADER;

    fn csv(&self) -> String {
        format!(
            "{},{},{},{},{}\r\n",
            cell(&self.student),
            cell(&self.course),
            cell(&self.sections.join(" ")),
            cell(&self.window),
            self.journal
        )
    }
}

impl Csv for WaitRow {
    const HEADER: &'static str = "course,rank,student,sections,keeps,window,journal\r\n";

    fn csv(&self) -> String {
        format!(
            "{},{},{},{},{},{},{}\r\n",
            cell(&self.course),
            self.rank,
            cell(&self.student),
            cell(&self.sections.join(" ")),
            cell(self.keeps.as_deref().unwrap_or_default()),
            cell(&self.window),
            self.journal
        )
    }
}

/// Every enrolment, student by student.
pub fn rows(registry: &Registry) -> impl Iterator<Item = Row> {
    registry.students.iter().flat_map(move |student| rows_of(registry, student))
}

/// One student's enrolments.
pub fn rows_of<'a>(
    registry: &'a Registry,
    student: &'a Student,
) -> impl Iterator<Item = Row> + use<'a> {
    let catalogue = &registry.catalogue;
    let window = |id: WindowId| registry.window(id).map(|w| w.rules.key.to_string());
    student.enrolments.iter().map(move |enrolment| Row {
        student: student.profile.key.to_string(),
        course: catalogue.course(enrolment.course).key.to_string(),
        sections: enrolment
            .sections
            .iter()
            .map(|s| catalogue.section(*s).key.to_string())
            .collect(),
        window: window(enrolment.window).unwrap_or_default(),
        journal: enrolment.since.0,
    })
}

/// Up to `count` places on waitlists from here on, course by course in order; and where to go on.
pub fn wait_rows(
    registry: &Registry,
    from: WaitCursor,
    count: usize,
) -> (Vec<WaitRow>, Option<WaitCursor>) {
    let (places, next) = registry.waiting_from(from, count);
    let row = |(course, rank, entry): Place<'_>| wait_row(registry, course, rank, entry);
    (places.into_iter().map(row).collect(), next)
}

fn wait_row(registry: &Registry, course: CourseId, rank: u32, entry: &WaitlistEntry) -> WaitRow {
    let catalogue = &registry.catalogue;
    let named = entry.request.choices.iter().flat_map(|choice| match choice {
        Choice::Any => &[][..],
        Choice::Ranked(sections) => sections.as_slice(),
    });
    let window = registry.window(entry.window).map(|w| w.rules.key.to_string());
    WaitRow {
        course: catalogue.course(course).key.to_string(),
        rank,
        student: registry.student(entry.student).profile.key.to_string(),
        sections: named.map(|s: &SectionId| catalogue.section(*s).key.to_string()).collect(),
        keeps: entry.replaces.map(|old| catalogue.course(old).key.to_string()),
        window: window.unwrap_or_default(),
        journal: entry.since.0,
    }
}

/// Every enrolment as CSV with a header.
pub fn enrolments_csv(registry: &Registry, mut out: impl Write) -> std::io::Result<()> {
    out.write_all(CSV_HEADER.as_bytes())?;
    rows(registry).try_for_each(|row| out.write_all(row.csv().as_bytes()))
}

/// Every enrolment as JSON, one object a line.
pub fn enrolments_json(registry: &Registry, mut out: impl Write) -> std::io::Result<()> {
    rows(registry).try_for_each(|row| {
        serde_json::to_writer(&mut out, &row)?;
        out.write_all(b"\n")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Sequence;
    use crate::domain::testkit;

    #[test]
    fn a_row_is_plain_csv_or_one_line_of_json() {
        let mut row = Row {
            student: "s1".to_owned(),
            course: "LAW-1".to_owned(),
            sections: vec!["LAW-1/L1".to_owned(), "LAW-1/T2".to_owned()],
            window: "2026-2".to_owned(),
            journal: 7,
        };
        assert_eq!(row.csv(), "s1,LAW-1,LAW-1/L1 LAW-1/T2,2026-2,7\r\n");
        let json = serde_json::to_string(&row).unwrap();
        assert_eq!(serde_json::from_str::<Row>(&json).unwrap(), row);
        row.student = "-1+2".to_owned();
        assert!(row.csv().starts_with("'-1+2,"));
        let mut row = WaitRow {
            course: "LAW-1".to_owned(),
            rank: 2,
            student: "s1".to_owned(),
            sections: vec!["LAW-1/T2".to_owned()],
            keeps: None,
            window: "2026-2".to_owned(),
            journal: 7,
        };
        assert_eq!(row.csv(), "LAW-1,2,s1,LAW-1/T2,,2026-2,7\r\n");
        assert_eq!(WaitRow::HEADER.matches(',').count(), row.csv().matches(',').count());
        row.keeps = Some("-1+2".to_owned());
        assert!(row.csv().contains(",'-1+2,"));
    }

    #[test]
    fn waitlists_are_read_in_pieces_and_nobody_twice_while_they_move() {
        // Given two courses with three and two who wait, when they are read two at a time and the
        // first leaves after the first piece, then everybody else is read once, in order.
        let university = testkit::draft().simple("A", 0).simple("B", 0).students(5);
        let mut world = university.window(|_| {}).open();
        for (who, code) in [(0, "A"), (1, "A"), (2, "A"), (3, "B"), (4, "B")] {
            assert!(testkit::is_waitlisted(&world.enrol(who, code)));
        }
        let mut from = (CourseId(0), Sequence(0));
        let mut read = Vec::new();
        loop {
            let (rows, next) = wait_rows(&world.university.registry, from, 2);
            read.extend(rows.into_iter().map(|row| (row.student, row.rank)));
            if read.len() == 2 {
                world.leave(0, "A");
            }
            let Some(next) = next else { break };
            from = next;
        }
        let read: Vec<_> = read.iter().map(|(who, rank)| (who.as_str(), *rank)).collect();
        assert_eq!(read, [("s0", 1), ("s1", 2), ("s2", 2), ("s3", 1), ("s4", 2)]);
        let (rest, none) = wait_rows(&world.university.registry, (CourseId(2), Sequence(9)), 2);
        assert_eq!((rest.len(), none), (0, None));
    }

    #[test]
    fn nothing_is_still_a_file() {
        let (mut csv, mut json) = (Vec::new(), Vec::new());
        enrolments_csv(&Registry::default(), &mut csv).unwrap();
        enrolments_json(&Registry::default(), &mut json).unwrap();
        assert_eq!(csv, CSV_HEADER.as_bytes());
        assert!(json.is_empty());
    }
}
