//! A trace: an opening as a file, one JSON object a line, packed when its name ends in `.gz`. The
//! first line says what it is; then come the catalogue's file, the window, students and actions.
//! It is pseudonymous: students are numbered in the order of their first action.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::files;

/// Version of the form.
pub const FORMAT: &str = "rush-trace/1";

/// A line of a trace.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// The first line.
    Trace {
        /// [`FORMAT`].
        format: String,
        /// Outcomes in the journal, by kind: what a replay should come to.
        totals: Totals,
    },
    /// The window.
    Window {
        /// Its key.
        key: String,
        /// `warn` or `refuse`.
        clash: String,
        /// Whether full courses have a waitlist.
        waitlists: bool,
        /// Most credits, in hundredths.
        credit_limit: Option<u32>,
        /// Admissions a second.
        pace: Option<u32>,
    },
    /// A course.
    Course {
        /// Its code.
        key: String,
        /// Credits, in hundredths.
        credits: u32,
        /// Courses that must have been completed.
        prerequisites: Vec<String>,
        /// By component: its kind and sections.
        components: Vec<(String, Vec<Section>)>,
    },
    /// A student.
    Student {
        /// Her number in the trace, from 0.
        n: u32,
        /// Courses that she has completed and that something requires.
        completed: Vec<String>,
        /// She may not register.
        blocked: bool,
    },
    /// Something that a student did.
    Act {
        /// Milliseconds after the opening; before it: less than 0.
        at: i64,
        /// Who.
        n: u32,
        /// What.
        act: Act,
        /// Its place among everything, by when it was carried out: for a place in the line, when
        /// it was decided. Absent: it came to nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
        /// What an armed plan asked for when it was decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<Vec<Wish>>,
    },
    /// Something that the registrar did.
    Registrar {
        /// Milliseconds after the opening; before it: less than 0.
        at: i64,
        /// What.
        act: Deed,
        /// Its place among everything, by when it was carried out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
    },
}

/// Outcomes, by kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Enrolled, by requests.
    pub enrolled: u64,
    /// Waitlisted.
    pub waitlisted: u64,
    /// Refused.
    pub refused: u64,
    /// Dropped.
    pub dropped: u64,
    /// Promoted from a waitlist.
    pub promoted: u64,
    /// Enrolled or moved by the registrar.
    #[serde(default)]
    pub placed: u64,
    /// Seats that the registrar took back.
    #[serde(default)]
    pub removed: u64,
}

/// A section.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// Behind the course code and a slash.
    pub key: String,
    /// Seats; absent: unlimited.
    pub capacity: Option<u32>,
    /// The section that comes with it.
    pub parent: Option<String>,
    /// When it meets: day from 1, start and end in minutes, weeks as bits are not needed: numbers.
    pub meetings: Vec<(u8, u16, u16, Vec<u32>)>,
}

/// A course asked for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Its code.
    pub course: String,
    /// By component: sections in order, or `null` for any.
    pub choices: Vec<Option<Vec<String>>>,
    /// "Waitlist me if full."
    pub waitlist: bool,
}

/// What a student did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Saved a plan.
    Plan(Vec<Wish>),
    /// Took a place in the line.
    Arm,
    /// Gave it back.
    Disarm,
    /// Asked for these courses.
    Submit(Vec<Wish>),
    /// Gave a course back.
    Drop(String),
    /// Gave a course for another.
    Swap(String, Wish),
    /// Left a waitlist.
    Leave(String),
}

/// What the registrar did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Deed {
    /// Closed the window.
    Close,
    /// Set the pace.
    Pace(Option<u32>),
    /// Set a section's capacity.
    Capacity(String, Option<u32>),
    /// Opened, closed or cancelled a section.
    Status(String, String),
    /// Paused the window.
    Pause,
    /// Let it go on.
    Resume,
    /// Gave a student a seat in every component of a course, or moved her to other sections.
    Place {
        /// Who.
        n: u32,
        /// Its code.
        course: String,
        /// One section a component.
        sections: Vec<String>,
        /// She had the course, and had other sections of it.
        moved: bool,
        /// Beyond a capacity.
        over: bool,
    },
    /// Took a student's seats in a course back.
    Remove {
        /// Who.
        n: u32,
        /// Its code.
        course: String,
    },
    /// Blocked a student who was not, or lifted her last block.
    Block {
        /// Who.
        n: u32,
        /// She may not register.
        blocked: bool,
    },
}

/// Writes a trace.
pub fn write(path: &Path, entries: &[Entry]) -> Result<()> {
    let mut bytes = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut bytes, entry).expect("entries have a JSON form");
        bytes.push(b'\n');
    }
    if path.extension().is_some_and(|e| e == "gz") {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        let packed = encoder.write_all(&bytes).and_then(|()| encoder.finish());
        bytes = packed.map_err(|e| Error::io("cannot pack", path, &e))?;
    }
    std::fs::write(path, bytes).map_err(|e| Error::io("cannot write", path, &e))
}

/// Reads a trace.
pub fn read(path: &Path) -> Result<Vec<Entry>> {
    let bytes = files::read_file(path)?;
    let bad = |line: usize, what: &str| {
        let place = format!("{}:{line}", path.display());
        Error::BadFile(format!("{place}: {what}; give a trace that \"rush record\" wrote"))
    };
    let text = String::from_utf8(bytes).map_err(|_| bad(1, "is not text"))?;
    let mut entries = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let entry = serde_json::from_str(line).map_err(|e| bad(i + 1, &e.to_string()))?;
        entries.push(entry);
    }
    match entries.first() {
        Some(Entry::Trace { format, .. }) if format == FORMAT => Ok(entries),
        Some(Entry::Trace { format, .. }) => Err(bad(1, &format!("is a {format}, not {FORMAT}"))),
        _ => Err(bad(1, "does not begin as a trace")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_read_as_it_was_written_and_faults_are_placed() {
        let dir = tempfile::tempdir().unwrap();
        let (plain, packed) = (dir.path().join("t.trace"), dir.path().join("t.trace.gz"));
        let entries = vec![
            Entry::Trace { format: FORMAT.into(), totals: Totals::default() },
            Entry::Act {
                at: -5,
                n: 0,
                act: Act::Swap(
                    "A".into(),
                    Wish {
                        course: "B".into(),
                        choices: vec![None, Some(vec!["B/1".into()])],
                        waitlist: true,
                    },
                ),
                turn: Some(0),
                asked: Some(Vec::new()),
            },
            Entry::Registrar { at: 7, act: Deed::Pace(None), turn: Some(1) },
            Entry::Registrar { at: 8, act: Deed::Block { n: 0, blocked: true }, turn: None },
        ];
        for path in [&plain, &packed] {
            write(path, &entries).unwrap();
            assert_eq!(read(path).unwrap(), entries);
        }
        assert!(std::fs::read(&packed).unwrap().starts_with(&[0x1f, 0x8b]));
        let text = std::fs::read_to_string(&plain).unwrap();
        std::fs::write(&plain, format!("{text}nonsense\n")).unwrap();
        let told = read(&plain).unwrap_err();
        assert!(told.exit_code() == 78 && told.to_string().contains("t.trace:5: "), "{told}");
        std::fs::write(&plain, text.replace("trace/1", "trace/9")).unwrap();
        assert!(read(&plain).unwrap_err().to_string().contains("rush-trace/9"));
    }
}
