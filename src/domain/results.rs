//! Study results: what the exam administration says of a student's courses and their parts. They
//! are imported; what has been passed counts for prerequisites at once.

use std::fmt;

use super::catalogue::Text;
use super::ids::{Credits, Key};

/// A mark, or a word in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grade {
    /// 1.0 to 10.0, in tenths.
    Mark(u8),
    /// `V`: passed, without a mark.
    Pass,
    /// `O`: not passed, without a mark.
    Fail,
    /// `VR`: exempted, which is as good as passed.
    Exempt,
    /// `NA`: did not attend.
    Absent,
}

impl Grade {
    /// Lowest mark, in tenths.
    pub const LOWEST: u8 = 10;
    /// Highest mark, in tenths.
    pub const HIGHEST: u8 = 100;
    /// Lowest mark that passes unless the file says otherwise, in tenths.
    pub const PASSING: u8 = 55;

    /// The mark of so many tenths, if there is one.
    pub fn mark(tenths: u8) -> Option<Self> {
        (Self::LOWEST..=Self::HIGHEST).contains(&tenths).then_some(Self::Mark(tenths))
    }

    /// A mark such as `7`, `7.5` or `7,5`, or one of the words; upper or lower case.
    pub fn parse(text: &str) -> Option<Self> {
        let word = match text.to_ascii_uppercase().as_str() {
            "V" | "PASS" | "PASSED" | "VOLDOENDE" => Some(Self::Pass),
            "O" | "FAIL" | "FAILED" | "ONVOLDOENDE" => Some(Self::Fail),
            "VR" | "EXEMPT" | "VRIJSTELLING" => Some(Self::Exempt),
            "NA" | "ABSENT" | "AFWEZIG" => Some(Self::Absent),
            _ => None,
        };
        word.or_else(|| {
            let (whole, tenth) = text.split_once(['.', ',']).unwrap_or((text, "0"));
            let digits = |t: &str, most| {
                let all = !t.is_empty() && t.len() <= most && t.bytes().all(|b| b.is_ascii_digit());
                all.then(|| t.parse::<u8>().ok()).flatten()
            };
            Self::mark(digits(whole, 2)?.checked_mul(10)?.checked_add(digits(tenth, 1)?)?)
        })
    }

    /// Whether it passes where nothing else is said.
    pub const fn passes(self) -> bool {
        match self {
            Self::Mark(tenths) => tenths >= Self::PASSING,
            Self::Pass | Self::Exempt => true,
            Self::Fail | Self::Absent => false,
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mark(tenths) => write!(f, "{}.{}", tenths / 10, tenths % 10),
            Self::Pass => f.write_str("V"),
            Self::Fail => f.write_str("O"),
            Self::Exempt => f.write_str("VR"),
            Self::Absent => f.write_str("NA"),
        }
    }
}

/// One attempt at a course, or at a part of it. Course and term may be older than the catalogue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StudyResult {
    /// The term in which it was obtained.
    pub term: Key,
    /// Course code.
    pub course: Key,
    /// The course's name, for one that the catalogue does not have.
    pub name: Option<Text>,
    /// The part of the course; `None` is the result of the whole.
    pub component: Option<Key>,
    /// Which attempt, from 1.
    pub attempt: u8,
    /// What she got.
    pub grade: Grade,
    /// What it is worth when passed.
    pub credits: Credits,
    /// When, in days since 1970-01-01.
    pub date: i32,
    /// Whether she passed.
    pub passed: bool,
}

impl StudyResult {
    /// Whether it is about the same attempt: then one takes the place of the other.
    pub fn same_attempt(&self, other: &Self) -> bool {
        self.attempt == other.attempt
            && self.course == other.course
            && self.component == other.component
            && self.term == other.term
    }

    /// Whether it says that the course, and not a part of it, was passed.
    pub fn passes_course(&self) -> bool {
        self.passed && self.component.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_are_marks_of_one_decimal_or_one_of_four_words() {
        let check = |text: &str, told: Option<&str>, passes: bool| {
            let grade = Grade::parse(text);
            assert_eq!(grade.map(|g| g.to_string()).as_deref(), told, "{text}");
            assert_eq!(grade.is_some_and(Grade::passes), passes, "{text}");
        };
        check("7", Some("7.0"), true);
        check("7.5", Some("7.5"), true);
        check("7,5", Some("7.5"), true);
        check("10", Some("10.0"), true);
        check("1.0", Some("1.0"), false);
        check("5.4", Some("5.4"), false);
        check("5.5", Some("5.5"), true);
        check("v", Some("V"), true);
        check("fail", Some("O"), false);
        check("VR", Some("VR"), true);
        check("na", Some("NA"), false);
        for bad in ["", "0.9", "10.1", "11", "7.55", "7.", ".5", "-1", "+7", "A", "99", "7.5.1"] {
            check(bad, None, false);
        }
    }
}
