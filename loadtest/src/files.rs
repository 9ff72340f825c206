//! The demand files: sections (JSON) and requests (CSV), each possibly gzipped. Every fault names
//! the file, the place and the remedy.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};

/// Largest file accepted, unpacked, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most requests of one student: what a plan of the gateway holds.
pub const REQUESTS_PER_STUDENT_MAX: usize = 24;
/// Most characters of what is said of a fault.
const FAULT_CHARS_MAX: usize = 500;
/// Most characters of a student's or section's id, so that a prefix still fits in a gateway key.
const ID_CHARS_MAX: usize = 60;

/// Who asks for what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Demand {
    /// Sections, in file order.
    pub sections: Vec<Section>,
    /// Students, in order of their first request.
    pub students: Vec<Student>,
}

/// A section: each is a course of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    /// Its id in the file, which is the course's code at the gateway.
    pub id: String,
    /// Seats.
    pub capacity: u32,
}

/// A student with her requests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Student {
    /// Her id at the gateway: `u` and the id in the file.
    pub key: String,
    /// Indices into [`Demand::sections`], in file order.
    pub requests: Vec<u32>,
}

impl Demand {
    /// Requests in all.
    pub fn requests(&self) -> usize {
        self.students.iter().map(|student| student.requests.len()).sum()
    }

    /// Requests of the student who has most.
    pub fn most_requests(&self) -> usize {
        self.students.iter().map(|student| student.requests.len()).max().unwrap_or(0)
    }

    /// Requests for each section.
    pub fn per_section(&self) -> Vec<u32> {
        let mut counts = vec![0; self.sections.len()];
        for section in self.students.iter().flat_map(|student| &student.requests) {
            counts[*section as usize] += 1;
        }
        counts
    }
}

/// Reads both files.
pub fn read(sections: &Path, requests: &Path) -> Result<Demand> {
    let list = parse_sections(&read_file(sections)?, sections)?;
    let students = parse_requests(&read_file(requests)?, requests, &list, sections)?;
    Ok(Demand { sections: list, students })
}

/// The file's content, unpacked when it begins as a gzip file does.
pub fn read_file(path: &Path) -> Result<Vec<u8>> {
    let raw = std::fs::read(path).map_err(|e| Error::io("cannot read", path, &e))?;
    if !raw.starts_with(&[0x1f, 0x8b]) {
        return Ok(raw);
    }
    let mut plain = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(raw.as_slice()).take(FILE_BYTES_MAX + 1);
    reader.read_to_end(&mut plain).map_err(|e| {
        bad(path, &format!("broken gzip ({e}); fetch the file again or pack it again"))
    })?;
    if plain.len() as u64 > FILE_BYTES_MAX {
        return Err(bad(path, "unpacks to more than 256 MiB; give a smaller file"));
    }
    Ok(plain)
}

fn bad(path: &Path, what: &str) -> Error {
    Error::BadFile(format!("{}: {}", path.display(), on_one_line(what)))
}

fn bad_line(path: &Path, line: u64, what: &str) -> Error {
    Error::BadFile(format!("{}:{line}: {}", path.display(), on_one_line(what)))
}

/// What stands in a file may hold line ends, and be long.
fn on_one_line(what: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    what.chars().map(plain).take(FAULT_CHARS_MAX).collect()
}

/// A section as the file has it; its other fields are the gateway's business.
#[derive(Deserialize)]
struct RawSection {
    id: RawId,
    capacity: u32,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawId {
    Number(u64),
    Text(String),
}

fn parse_sections(bytes: &[u8], path: &Path) -> Result<Vec<Section>> {
    let raw: Vec<RawSection> = serde_json::from_slice(bytes).map_err(|e| {
        bad(path, &format!("{e}; give a JSON array of {{\"id\": …, \"capacity\": …}}"))
    })?;
    if raw.is_empty() {
        return Err(bad(path, "no sections in it; give at least one"));
    }
    let mut sections = Vec::with_capacity(raw.len());
    let mut seen = HashMap::new();
    for (i, section) in raw.into_iter().enumerate() {
        let id = match section.id {
            RawId::Number(number) => number.to_string(),
            RawId::Text(text) => text,
        };
        check_id(&id).map_err(|what| bad(path, &format!("section number {}: id {what}", i + 1)))?;
        if let Some(first) = seen.insert(id.clone(), i) {
            let what = format!("section {id} stands twice (as number {} and {})", first + 1, i + 1);
            return Err(bad(path, &format!("{what}; keep one")));
        }
        sections.push(Section { id, capacity: section.capacity });
    }
    Ok(sections)
}

fn check_id(id: &str) -> std::result::Result<(), String> {
    if id.is_empty() || id.len() > ID_CHARS_MAX {
        return Err(format!("has {} characters; give 1 to {ID_CHARS_MAX}", id.len()));
    }
    match id.chars().find(|c| !(c.is_ascii_alphanumeric() || "._:#-".contains(*c))) {
        Some(c) => Err(format!("contains {c:?}; only letters, digits and . _ : # - are allowed")),
        None => Ok(()),
    }
}

fn column(headers: &csv::StringRecord, name: &str, path: &Path) -> Result<usize> {
    headers.iter().position(|header| header.trim() == name).ok_or_else(|| {
        let found = headers.iter().collect::<Vec<_>>().join(", ");
        bad_line(
            path,
            1,
            &format!(
                "no column \"{name}\" (found: {found}); the first line must be student,section"
            ),
        )
    })
}

fn parse_requests(
    bytes: &[u8],
    path: &Path,
    sections: &[Section],
    sections_path: &Path,
) -> Result<Vec<Student>> {
    let broken = |e: &csv::Error| {
        let line = e.position().map_or(1, csv::Position::line);
        bad_line(path, line, &format!("{e}; give plain CSV with columns student,section"))
    };
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let headers = reader.headers().map_err(|e| broken(&e))?.clone();
    let student_at = column(&headers, "student", path)?;
    let section_at = column(&headers, "section", path)?;
    let ids = sections.iter().enumerate().map(|(i, s)| (s.id.as_str(), i as u32));
    let ids: HashMap<&str, u32> = ids.collect();
    let mut builder = Builder::default();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|e| broken(&e))? {
        let line = record.position().map_or(0, csv::Position::line);
        let student = record.get(student_at).unwrap_or_default();
        let id = record.get(section_at).unwrap_or_default();
        let Some(section) = ids.get(id) else {
            let what = format!("section {id:?} is not in {}", sections_path.display());
            return Err(bad_line(path, line, &format!("{what}; both files must be of one term")));
        };
        builder.add(student, *section, line).map_err(|what| bad_line(path, line, &what))?;
    }
    if builder.students.is_empty() {
        return Err(bad(path, "no requests in it; give at least one line after the header"));
    }
    Ok(builder.students)
}

#[derive(Default)]
struct Builder {
    students: Vec<Student>,
    index: HashMap<String, usize>,
    lines: HashMap<(usize, u32), u64>,
}

impl Builder {
    fn add(&mut self, id: &str, section: u32, line: u64) -> std::result::Result<(), String> {
        let index = if let Some(index) = self.index.get(id) {
            *index
        } else {
            check_id(id).map_err(|what| format!("student id {what}"))?;
            self.index.insert(id.to_owned(), self.students.len());
            self.students.push(Student { key: format!("u{id}"), requests: Vec::new() });
            self.students.len() - 1
        };
        if let Some(first) = self.lines.insert((index, section), line) {
            return Err(format!(
                "student {id} asks for the same section as on line {first}; keep one"
            ));
        }
        let requests = &mut self.students[index].requests;
        if requests.len() == REQUESTS_PER_STUDENT_MAX {
            return Err(format!(
                "student {id} has more than {REQUESTS_PER_STUDENT_MAX} requests, which is what a \
                 plan holds; drop some"
            ));
        }
        requests.push(section);
        Ok(())
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
