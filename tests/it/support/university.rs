//! A small made university, as files.

use std::fmt::Write as _;

/// What a university is made of.
#[derive(Clone, Debug, Default)]
pub struct University {
    courses: String,
    windows: String,
    students: usize,
}

impl University {
    /// With so many students: `s0000`, `s0001`, …
    pub fn of(students: usize) -> Self {
        Self { students, ..Self::default() }
    }

    /// A course of one lecture, `CODE/L`.
    pub fn course(mut self, code: &str, seats: u32) -> Self {
        write!(
            self.courses,
            "[[courses]]\ncode = \"{code}\"\nname = \"{code}\"\nects = 5\n\
             [[courses.components]]\nkind = \"lecture\"\n\
             sections = [{{ key = \"L\", capacity = {seats} }}]\n"
        )
        .unwrap();
        self
    }

    /// A course of so many lectures to choose from, `CODE/L0`, `CODE/L1`, …
    pub fn wide(mut self, code: &str, sections: usize, seats: u32) -> Self {
        let list = (0..sections).map(|n| format!("{{ key = \"L{n}\", capacity = {seats} }}"));
        let list = list.collect::<Vec<_>>().join(", ");
        write!(
            self.courses,
            "[[courses]]\ncode = \"{code}\"\nname = \"{code}\"\nects = 5\n\
             [[courses.components]]\nkind = \"lecture\"\nsections = [{list}]\n"
        )
        .unwrap();
        self
    }

    /// A window, with more lines of TOML.
    pub fn window(mut self, key: &str, more: &str) -> Self {
        write!(self.windows, "[[windows]]\nkey = \"{key}\"\nname = \"{key}\"\n{more}\n").unwrap();
        self
    }

    /// The catalogue file.
    pub fn toml(&self) -> String {
        let term = "[[terms]]\nkey = \"t\"\nfirst_monday = \"2027-02-01\"\n";
        format!("{term}{}{}", self.courses, self.windows)
    }

    /// The students file.
    pub fn csv(&self) -> String {
        let mut text = String::from("id,programme,year,blocks,completed\n");
        for key in self.students() {
            writeln!(text, "{key},,1,,").unwrap();
        }
        text
    }

    /// The students' keys.
    pub fn students(&self) -> impl Iterator<Item = String> + use<> {
        (0..self.students).map(|n| format!("s{n:04}"))
    }
}
