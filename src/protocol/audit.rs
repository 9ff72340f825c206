//! The audit log as rows: what the registrar's console, its export and the command line give
//! alike.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::export::cell;
use crate::domain::acts::Act;
use crate::domain::ids::{Sequence, Timestamp};

/// The first line of a spreadsheet.
pub const CSV_HEADER: &str = "journal,at,by,action,subject,before,after,reason\r\n";

/// One act.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Journal position of the record, which has the act and its effect.
    pub journal: u64,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The registrar's sign-in name; `schedule` when a window's plan did it, `command-line` when
    /// a file was imported while no gateway ran.
    pub by: String,
    /// Stable name, such as `window_open`, `section_capacity` or `student_enrol`.
    pub action: String,
    /// Window key, section key or student number.
    pub subject: Option<String>,
    /// How it was, in brief.
    pub before: Option<String>,
    /// How it became, in brief.
    pub after: Option<String>,
    /// Why, in the registrar's words.
    pub reason: Option<String>,
}

impl AuditEntry {
    /// An act with its place in the journal.
    pub fn new(journal: Sequence, at: Timestamp, act: &Act) -> Self {
        let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        Self {
            journal: journal.0,
            at: at.0,
            by: act.by.to_string(),
            action: act.action.key().to_owned(),
            subject: act.subject.as_ref().map(ToString::to_string),
            before: text(&act.before),
            after: text(&act.after),
            reason: text(&act.reason),
        }
    }

    /// As a line of a spreadsheet.
    pub fn csv(&self) -> String {
        let own = |text: &Option<String>| text.as_deref().map_or_else(String::new, cell);
        format!(
            "{},{},{},{},{},{},{},{}\r\n",
            self.journal,
            self.at,
            cell(&self.by),
            self.action,
            own(&self.subject),
            own(&self.before),
            own(&self.after),
            own(&self.reason),
        )
    }
}

/// Writes rows one by one, in a form that can begin before it is known how many there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// With a header.
    Csv,
    /// One list.
    Json,
}

impl Format {
    /// What comes before the first row.
    pub const fn head(self) -> &'static str {
        match self {
            Self::Csv => CSV_HEADER,
            Self::Json => "[",
        }
    }

    /// A row; `first` has none before it.
    pub fn row(self, entry: &AuditEntry, first: bool) -> String {
        match self {
            Self::Csv => entry.csv(),
            Self::Json => {
                // Strings and numbers only: it always serialises.
                let text = serde_json::to_string(entry).unwrap_or_default();
                let comma = if first { "" } else { "," };
                format!("{comma}\n{text}")
            }
        }
    }

    /// What comes after the last row.
    pub const fn tail(self) -> &'static str {
        match self {
            Self::Csv => "",
            Self::Json => "\n]\n",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> AuditEntry {
        AuditEntry {
            journal: 7,
            at: 1,
            by: "anna".to_owned(),
            action: "section_capacity".to_owned(),
            subject: Some("LAW-1/T1".to_owned()),
            before: None,
            after: Some("80".to_owned()),
            reason: Some("=1+1, \"so\"".to_owned()),
        }
    }

    #[test]
    fn a_row_is_csv_that_no_spreadsheet_runs() {
        let row = "7,1,anna,section_capacity,LAW-1/T1,,80,\"'=1+1, \"\"so\"\"\"\r\n";
        assert_eq!(entry().csv(), row);
    }

    #[test]
    fn rows_are_one_json_list() {
        for count in 0..3 {
            let mut text = Format::Json.head().to_owned();
            (0..count).for_each(|n| text += &Format::Json.row(&entry(), n == 0));
            text += Format::Json.tail();
            let read: Vec<AuditEntry> = serde_json::from_str(&text).unwrap();
            assert_eq!(read, vec![entry(); count]);
        }
    }
}
