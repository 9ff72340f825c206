//! What a run gives its gateway before it begins: settings, catalogue, window and students.

use std::fmt::Write;
use std::path::Path;

use crate::error::Result;
use crate::gateway::Home;

/// The one window of a run.
pub const WINDOW: &str = "rush";
/// The term that an import of bare sections makes.
const TERM: &str = "term";

/// Settings that every run needs; they are stated in the report of `bench`.
pub fn settings() -> Vec<(&'static str, String)> {
    vec![
        ("SLUIS__SIGN_IN__MODE", "demo".into()),
        ("SLUIS__SIGN_IN__DEMO_WITH_REAL_DATA", "true".into()),
        ("SLUIS__LIMITS__STUDENT_MESSAGES_PER_SECOND", "10000".into()),
        ("SLUIS__LIMITS__STUDENT_MESSAGES_BURST", "10000".into()),
        ("SLUIS__LIMITS__STUDENT_REQUESTS_MAX", "1000000".into()),
        ("SLUIS__LIMITS__ADDRESS_CONNECTS_PER_SECOND", "100000".into()),
        ("SLUIS__LIMITS__ADDRESS_CONNECTS_BURST", "100000".into()),
        ("SLUIS__LIMITS__ADDRESS_REQUESTS_PER_SECOND", "100000".into()),
        ("SLUIS__LIMITS__ADDRESS_REQUESTS_BURST", "100000".into()),
        ("SLUIS__LIMITS__SESSIONS_MAX", "19900".into()),
        ("SLUIS__LOG__LEVEL", "warn".into()),
    ]
}

/// The rules of a run's window.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// `refuse` or `warn`.
    pub clash: &'static str,
    /// Most credits.
    pub credit_limit: Option<u32>,
    /// Admissions a second.
    pub pace: Option<u32>,
}

/// The window's file.
pub fn window_toml(rules: Rules) -> String {
    window(WINDOW, "lottery", rules.clash, false, rules.credit_limit, rules.pace)
}

/// A window's file, every rule of it chosen.
pub fn window(
    key: &str,
    order: &str,
    clash: &str,
    waitlists: bool,
    credit_limit: Option<u32>,
    pace: Option<u32>,
) -> String {
    let mut text = format!(
        "[[windows]]\nkey = \"{key}\"\nname = \"Rush\"\nterm = \"{TERM}\"\n\
         order = \"{order}\"\nclash = \"{clash}\"\nwaitlists = {waitlists}\n\
         scope = \"courses\"\n"
    );
    if let Some(limit) = credit_limit {
        let _ = writeln!(text, "credit_limit = {limit}");
    }
    if let Some(pace) = pace {
        let _ = writeln!(text, "pace = {pace}");
    }
    text
}

/// The students' file.
pub fn students_csv<'a>(keys: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::from("id\n");
    for key in keys {
        text.push_str(key);
        text.push('\n');
    }
    text
}

/// Sections of our own making, in the neutral form: `count` of them, each with `capacity` seats,
/// four credits and one meeting. No two that follow each other are at the same time.
pub fn sections_json(count: u32, capacity: u32) -> String {
    let section = |i: u32| {
        let (day, start) = (i % 5 + 1, 8 + 2 * (i / 5 % 5));
        format!(
            "{{\"id\":{id},\"code\":\"C{id}\",\"name\":\"Course {id}\",\"campus\":\"North\",\
             \"credits\":4,\"tpi\":[4,0,4],\"capacity\":{capacity},\"freshman_seats\":null,\
             \"meetings\":[{{\"day\":{day},\"start\":\"{start:02}:00\",\"end\":\"{end:02}:00\",\
             \"weeks\":\"all\"}}]}}",
            id = i + 1,
            end = start + 2,
        )
    };
    let list: Vec<_> = (0..count).map(section).collect();
    format!("[{}]", list.join(",\n"))
}

/// Imports sections, the window and students; all by the gateway's own commands.
pub fn import(home: &Home, sections: &Path, rules: Rules, students: &str) -> Result<()> {
    let window = home.write("window.toml", window_toml(rules))?;
    home.run_on_data(&["catalogue", "import", &sections.to_string_lossy()])?;
    home.run_on_data(&["catalogue", "import", &window.to_string_lossy()])?;
    let students = home.write("students.csv", students)?;
    home.run_on_data(&["students", "import", &students.to_string_lossy()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_sections_are_sections() {
        let bytes = sections_json(7, 30);
        let list: serde_json::Value = serde_json::from_str(&bytes).unwrap();
        assert_eq!(list.as_array().unwrap().len(), 7);
        assert_eq!(list[6]["capacity"], 30);
        assert_eq!(list[6]["meetings"][0]["start"], "10:00");
    }

    #[test]
    fn the_window_says_what_is_off() {
        let text = window_toml(Rules { clash: "warn", credit_limit: None, pace: Some(5) });
        assert!(text.contains("clash = \"warn\"") && text.contains("pace = 5"), "{text}");
        assert!(!text.contains("credit_limit"));
    }
}
