//! Acts: what somebody did who is answerable for it, the registrar above all. Who, what, before,
//! after and why stand in the record of the act itself: neither is ever there without the other.

use std::collections::VecDeque;
use std::sync::Arc;

use super::ids::{CourseId, Key, SectionId, Sequence, StudentId, Timestamp};
use crate::limits::{self, AUDIT_RECENT_MAX};

/// The window's plan opened or closed it: nobody acted, and nobody may sign in under this name.
pub const BY_SCHEDULE: &str = "schedule";
/// Somebody at the machine itself, while no gateway ran; nobody may sign in under this name.
pub const BY_COMMAND_LINE: &str = "command-line";

/// Whether the name is nobody's: the gateway itself uses it.
pub fn is_reserved(name: &Key) -> bool {
    [BY_SCHEDULE, BY_COMMAND_LINE].contains(&name.as_str())
}

/// Who acts, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Author {
    /// The name of the sign-in, or a reserved one.
    pub by: Key,
    /// In the author's own words.
    pub reason: Option<Box<str>>,
}

impl Author {
    /// The gateway itself, by one of its reserved names.
    pub fn gateway(name: &'static str) -> Self {
        let by = Key::new(name).unwrap_or_else(|_| unreachable!("reserved names are keys"));
        Self { by, reason: None }
    }
}

/// What was done. The names are stable; the numbers are the journal's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// A window was opened.
    WindowOpen,
    /// A window was closed.
    WindowClose,
    /// A window was paused.
    WindowPause,
    /// A paused window goes on.
    WindowResume,
    /// A window's times were planned.
    WindowSchedule,
    /// A line's pace was set.
    WindowPace,
    /// A rehearsal was run again.
    WindowReset,
    /// A section's capacity was set.
    SectionCapacity,
    /// A section was opened, closed or cancelled.
    SectionStatus,
    /// A student was enrolled.
    StudentEnrol,
    /// A student's seats were taken back.
    StudentDrop,
    /// A student was given other sections of a course.
    StudentMove,
    /// A student may not register.
    StudentBlock,
    /// A block was lifted.
    StudentUnblock,
    /// Something was told to everybody.
    Announcement,
    /// A file was imported.
    Import,
    /// Students were erased: their personal fields, for good.
    StudentErase,
}

impl Action {
    /// Every action, in the order of the journal's numbers.
    pub const ALL: [Self; 17] = [
        Self::WindowOpen,
        Self::WindowClose,
        Self::WindowPause,
        Self::WindowResume,
        Self::WindowSchedule,
        Self::WindowPace,
        Self::WindowReset,
        Self::SectionCapacity,
        Self::SectionStatus,
        Self::StudentEnrol,
        Self::StudentDrop,
        Self::StudentMove,
        Self::StudentBlock,
        Self::StudentUnblock,
        Self::Announcement,
        Self::Import,
        Self::StudentErase,
    ];

    /// The stable name.
    pub const fn key(self) -> &'static str {
        match self {
            Self::WindowOpen => "window_open",
            Self::WindowClose => "window_close",
            Self::WindowPause => "window_pause",
            Self::WindowResume => "window_resume",
            Self::WindowSchedule => "window_schedule",
            Self::WindowPace => "window_pace",
            Self::WindowReset => "window_reset",
            Self::SectionCapacity => "section_capacity",
            Self::SectionStatus => "section_status",
            Self::StudentEnrol => "student_enrol",
            Self::StudentDrop => "student_drop",
            Self::StudentMove => "student_move",
            Self::StudentBlock => "student_block",
            Self::StudentUnblock => "student_unblock",
            Self::Announcement => "announcement",
            Self::Import => "import",
            Self::StudentErase => "student_erase",
        }
    }
}

/// An act as it is in the journal. Nothing of it is ever derived again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Act {
    /// Who.
    pub by: Key,
    /// What.
    pub action: Action,
    /// The window, section or student concerned.
    pub subject: Option<Key>,
    /// How it was, in brief.
    pub before: Option<Box<str>>,
    /// How it became, in brief.
    pub after: Option<Box<str>>,
    /// Why, in the author's words.
    pub reason: Option<Box<str>>,
}

/// An act, with its place in the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditEntry {
    /// Which record.
    pub journal: Sequence,
    /// When.
    pub at: Timestamp,
    /// What.
    pub act: Arc<Act>,
}

/// The latest acts, oldest first, at most [`AUDIT_RECENT_MAX`]; all of them are in the journal.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AuditLog(VecDeque<AuditEntry>);

impl AuditLog {
    /// Adds the newest; the oldest beyond the bound is left to the journal.
    pub fn push(&mut self, entry: AuditEntry) {
        if self.0.len() >= AUDIT_RECENT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &AuditEntry> + ExactSizeIterator {
        self.0.iter()
    }

    /// Forgets who a student was: `number` in the log becomes what is left of her.
    pub fn forget(&mut self, number: &Key, student: StudentId) {
        let about = |e: &&mut AuditEntry| {
            e.act.action.is_about_student() && e.act.subject.as_ref() == Some(number)
        };
        for entry in self.0.iter_mut().filter(about) {
            entry.act = Arc::new(entry.act.without_personal(student));
        }
    }

    /// Those before this position of the journal, newest first.
    pub fn before(&self, position: Sequence) -> impl Iterator<Item = &AuditEntry> {
        let end = self.0.partition_point(|entry| entry.journal < position);
        self.0.range(..end).rev()
    }
}

/// A seat in every component of a course, given by the registrar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// To whom.
    pub student: StudentId,
    /// Of which course.
    pub course: CourseId,
    /// One section a component, in the catalogue's order.
    pub sections: Vec<SectionId>,
    /// She has the course and is moved inside it; else she is enrolled.
    pub moved: bool,
    /// Where a section is full, she is let in beyond its capacity.
    pub over_capacity: bool,
    /// Her own checks, clashes and closed sections are passed over.
    pub override_checks: bool,
}

/// Why a text is not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TextFault {
    /// Nothing but blanks.
    #[error("is empty; give 1 to {0} characters")]
    Empty(usize),
    /// Too many characters.
    #[error("is longer than {0} characters")]
    TooLong(usize),
    /// Too many bytes.
    #[error("takes more than {0} bytes; make it shorter")]
    TooLarge(usize),
    /// A line break or another character that cannot be shown.
    #[error("contains a line break or another control character; write plain text")]
    Control,
}

/// A reason as it is kept: without blanks at either end.
pub fn reason(text: &str) -> Result<Box<str>, TextFault> {
    let chars = limits::ACT_REASON_CHARS_MAX;
    // A character takes four bytes at most.
    checked(text, chars, 4 * chars)
}

/// One language of an announcement.
pub fn announcement(text: &str) -> Result<Box<str>, TextFault> {
    checked(text, limits::ANNOUNCEMENT_CHARS_MAX, limits::ANNOUNCEMENT_BYTES_MAX)
}

fn checked(text: &str, chars: usize, bytes: usize) -> Result<Box<str>, TextFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TextFault::Empty(chars));
    }
    if text.chars().nth(chars).is_some() {
        return Err(TextFault::TooLong(chars));
    }
    if text.len() > bytes {
        return Err(TextFault::TooLarge(bytes));
    }
    if text.chars().any(is_control) {
        return Err(TextFault::Control);
    }
    Ok(text.into())
}

/// Control characters, and those that would turn the text around them.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_plain_text_of_a_bounded_length() {
        assert_eq!(reason("  moved by the dean \n").as_deref(), Ok("moved by the dean"));
        let most = limits::ACT_REASON_CHARS_MAX;
        assert!(reason(&"é".repeat(most)).is_ok());
        assert!(reason(&"𝄞".repeat(most)).is_ok());
        assert_eq!(reason(&"é".repeat(most + 1)), Err(TextFault::TooLong(most)));
        for text in ["", "  ", "\u{a0}\n"] {
            assert_eq!(reason(text), Err(TextFault::Empty(most)));
        }
        for text in ["two\nlines", "bell\u{7}", "turned \u{202e}around"] {
            assert_eq!(reason(text), Err(TextFault::Control));
        }
    }

    #[test]
    fn an_announcement_is_bounded_in_characters_and_bytes() {
        let (chars, bytes) = (limits::ANNOUNCEMENT_CHARS_MAX, limits::ANNOUNCEMENT_BYTES_MAX);
        assert!(announcement(&"é".repeat(chars)).is_ok());
        assert_eq!(announcement(&"e".repeat(chars + 1)), Err(TextFault::TooLong(chars)));
        assert_eq!(announcement(&"𝄞".repeat(chars)), Err(TextFault::TooLarge(bytes)));
    }

    #[test]
    fn the_log_keeps_the_newest_and_pages_backwards() {
        let act = Arc::new(Act {
            by: Key::new("anna").unwrap(),
            action: Action::Import,
            subject: None,
            before: None,
            after: None,
            reason: None,
        });
        let mut log = AuditLog::default();
        for n in 1..=AUDIT_RECENT_MAX as u64 + 5 {
            let (journal, at) = (Sequence(n), Timestamp(n));
            log.push(AuditEntry { journal, at, act: Arc::clone(&act) });
        }
        assert_eq!(log.iter().len(), AUDIT_RECENT_MAX);
        assert_eq!(log.iter().next().unwrap().journal, Sequence(6));
        let page: Vec<u64> = log.before(Sequence(10)).take(2).map(|e| e.journal.0).collect();
        assert_eq!(page, [9, 8]);
        assert_eq!(log.before(Sequence(6)).count(), 0);
    }

    #[test]
    fn each_action_has_a_name_of_its_own() {
        let mut names: Vec<_> = Action::ALL.iter().map(|a| a.key()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Action::ALL.len());
        assert!(is_reserved(&Author::gateway(BY_SCHEDULE).by));
        assert!(is_reserved(&Author::gateway(BY_COMMAND_LINE).by));
    }
}
