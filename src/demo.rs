//! The demonstration: Waterstad University, which does not exist. Its catalogue, programmes and
//! windows are files like any university's (`config/demo/`); its students and their plans are
//! made here, the same at every start.

mod plans;
mod random;
mod results;
mod students;
#[cfg(test)]
mod tests;

pub use plans::plans;

use crate::domain::catalogue::Text;
use crate::domain::import::Draft;
use crate::domain::registry::Registry;
use crate::protocol::files::{self, FileFault, Format};

/// The university's name.
pub fn name() -> Text {
    Text { nl: "Universiteit Waterstad".into(), en: "Waterstad University".into() }
}

/// The window that students register through; the demo's registrar can run it again.
pub const WINDOW: &str = "2026-2-courses";

/// All its windows.
const WINDOWS: [&str; 2] = [WINDOW, "2026-2-exams"];

/// Students in the register.
pub const STUDENTS: u32 = 600;

/// The files, in the order of import.
const FILES: [(&str, &str); 5] = [
    ("law.toml", include_str!("../config/demo/law.toml")),
    ("philosophy.toml", include_str!("../config/demo/philosophy.toml")),
    ("humanities.toml", include_str!("../config/demo/humanities.toml")),
    ("medicine.toml", include_str!("../config/demo/medicine.toml")),
    ("university.toml", include_str!("../config/demo/university.toml")),
];

/// Everything in one import: catalogue, programmes, windows, students, results. `seeds` gives each
/// window's secret for the draw.
pub fn draft(seeds: &mut dyn FnMut() -> [u8; 32]) -> Draft {
    let mut whole = read(seeds).expect("a test reads the built-in files");
    whole.students = students::students(&whole);
    whole.results = results::results(&whole);
    whole
}

/// Whether students and windows are the demo university's, all of them and nobody else's.
pub fn is_demo(registry: &Registry) -> bool {
    let (windows, students) = (&registry.windows, &registry.students);
    windows.len() == WINDOWS.len()
        && windows.iter().all(|w| WINDOWS.contains(&w.rules.key.as_str()))
        && students.len() == STUDENTS as usize
        && students.iter().all(|s| students::number(s.profile.key.as_str()).is_some())
}

/// Whether the demo university is itself after this import.
pub fn keeps(draft: &Draft) -> bool {
    draft.windows.iter().all(|(_, rules)| WINDOWS.contains(&rules.key.as_str()))
        && draft.students.iter().all(|s| students::number(s.key.as_str()).is_some())
}

fn read(seeds: &mut dyn FnMut() -> [u8; 32]) -> Result<Draft, Vec<FileFault>> {
    let mut whole = Draft::default();
    for (name, text) in FILES {
        let part = files::catalogue(name, text.as_bytes(), Some(Format::Toml), seeds)?;
        whole.terms.extend(part.terms);
        whole.courses.extend(part.courses);
        whole.programmes.extend(part.programmes);
        whole.windows.extend(part.windows);
    }
    Ok(whole)
}

/// A student that the demo's sign-in offers by a label; the register has no names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Showcase {
    /// Student number.
    pub student: &'static str,
    /// Programme.
    pub programme: &'static str,
    /// Year of study.
    pub year: u8,
    /// Dutch label.
    pub nl: &'static str,
    /// English label.
    pub en: &'static str,
}

/// The students that the sign-in offers: none is blocked, and each has a plan.
pub const fn showcase() -> &'static [Showcase] {
    &SHOWCASE
}

const SHOWCASE: [Showcase; 8] = [
    offer("s1000001", "RECHT", 1, "Rechtsgeleerdheid, jaar 1", "Law, year 1"),
    offer("s1000002", "GENK", 1, "Geneeskunde, jaar 1", "Medicine, year 1"),
    offer("s1000003", "WIJS", 1, "Wijsbegeerte, jaar 1", "Philosophy, year 1"),
    offer("s1000004", "GESCH", 2, "Geschiedenis, jaar 2", "History, year 2"),
    offer("s1000005", "TAAL", 2, "Taal en cultuur, jaar 2", "Language and Culture, year 2"),
    offer("s1000006", "RECHT", 3, "Rechtsgeleerdheid, jaar 3", "Law, year 3"),
    offer("s1000007", "GENK", 3, "Geneeskunde, jaar 3", "Medicine, year 3"),
    offer("s1000008", "WIJS", 3, "Wijsbegeerte, jaar 3", "Philosophy, year 3"),
];

const fn offer(
    student: &'static str,
    programme: &'static str,
    year: u8,
    nl: &'static str,
    en: &'static str,
) -> Showcase {
    Showcase { student, programme, year, nl, en }
}
