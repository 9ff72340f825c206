//! Enrolments as files: what the command line and the registrar's route give alike.

use std::io::Write;

use serde::Serialize;

use crate::domain::ids::WindowId;
use crate::domain::registry::Registry;

/// One enrolment.
#[derive(Serialize)]
struct Row<'a> {
    /// Student number.
    student: &'a str,
    /// Course code.
    course: &'a str,
    /// One a component, with spaces between.
    sections: String,
    /// The window it came through.
    window: &'a str,
    /// The record that granted it.
    sequence: u64,
}

fn rows(registry: &Registry) -> impl Iterator<Item = Row<'_>> {
    let catalogue = &registry.catalogue;
    let window = |id: WindowId| registry.window(id).map_or("", |w| w.rules.key.as_str());
    registry.students.iter().flat_map(move |student| {
        student.enrolments.iter().map(move |enrolment| {
            let sections = enrolment.sections.iter();
            let keys: Vec<_> = sections.map(|s| catalogue.section(*s).key.as_str()).collect();
            Row {
                student: student.profile.key.as_str(),
                course: catalogue.course(enrolment.course).key.as_str(),
                sections: keys.join(" "),
                window: window(enrolment.window),
                sequence: enrolment.since.0,
            }
        })
    })
}

/// Every enrolment as CSV with a header: student, course, sections, window, sequence.
pub fn enrolments_csv(registry: &Registry, out: impl Write) -> std::io::Result<()> {
    let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    csv.write_record(["student", "course", "sections", "window", "sequence"])?;
    for row in rows(registry) {
        csv.serialize(row)?;
    }
    csv.flush()
}

/// Every enrolment as one JSON list of objects with the same names, one a line.
pub fn enrolments_json(registry: &Registry, mut out: impl Write) -> std::io::Result<()> {
    out.write_all(b"[")?;
    for (i, row) in rows(registry).enumerate() {
        out.write_all(if i == 0 { b"\n" } else { b",\n" })?;
        serde_json::to_writer(&mut out, &row)?;
    }
    out.write_all(b"\n]\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_still_a_file() {
        let registry = Registry::default();
        let (mut csv, mut json) = (Vec::new(), Vec::new());
        enrolments_csv(&registry, &mut csv).unwrap();
        enrolments_json(&registry, &mut json).unwrap();
        assert_eq!(csv, b"student,course,sections,window,sequence\n");
        assert_eq!(serde_json::from_slice::<Vec<()>>(&json).unwrap(), []);
    }
}
