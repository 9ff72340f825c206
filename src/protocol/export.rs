//! Enrolments as files: what the command line and the registrar's route give alike.

use std::io::Write;

use serde::{Deserialize, Serialize};

use crate::domain::ids::WindowId;
use crate::domain::registry::Registry;
use crate::domain::student::Student;
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

impl Row {
    /// As a line of a spreadsheet. Keys hold no comma, quote or line break; of what a spreadsheet
    /// would run they can begin with `-` alone, which is then marked as text.
    pub fn csv(&self) -> String {
        let text =
            |key: &str| if key.starts_with('-') { format!("'{key}") } else { key.to_owned() };
        format!(
            "{},{},{},{},{}\r\n",
            text(&self.student),
            text(&self.course),
            text(&self.sections.join(" ")),
            text(&self.window),
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
