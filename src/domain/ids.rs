//! Identifiers. Inside the gateway everything is a small number that the journal assigned;
//! outside (wire, files, page) things are named by a [`Key`] that the university chose.

use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub $inner);

        impl $name {
            /// The number as an index into a dense table.
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /** A student, numbered in the order in which the journal first met her. */
    StudentId,
    u32
);
number!(/** A course offering: the unit of registration and of the waitlist. */ CourseId, u32);
number!(/** A section: the unit with seats. */ SectionId, u32);
number!(/** A registration window. */ WindowId, u32);
number!(
    /** A ticket's number within its window, in the order of arming, from 0. */
    Ticket,
    u32
);
number!(
    /** Position in the journal: the first record is 1; 0 means "rests on nothing". */
    Sequence,
    u64
);

impl Sequence {
    /// The sequence after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Milliseconds since the Unix epoch, as read from the one clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This instant moved later by `ms` milliseconds.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// The id that a client gives to one request (a UUID; any version, its time is never trusted).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RequestId(pub [u8; 16]);

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// ECTS credits, in hundredths, so that 2.5 ECTS is exact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Credits(pub u32);

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 100, self.0 % 100);
        match part {
            0 => write!(f, "{whole}"),
            p if p % 10 == 0 => write!(f, "{whole}.{}", p / 10),
            p => write!(f, "{whole}.{p:02}"),
        }
    }
}

/// A name that the university gave: a course code, a section number, a student number.
/// 1 to 64 characters, letters, digits and `. _ : / # -`; compared exactly.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Key(Box<str>);

/// Longest [`Key`] accepted, in characters.
pub const KEY_CHARS_MAX: usize = 64;

/// Why a text is not a [`Key`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// Nothing there.
    #[error("is empty; give 1 to {KEY_CHARS_MAX} characters")]
    Empty,
    /// Over [`KEY_CHARS_MAX`].
    #[error("is longer than {KEY_CHARS_MAX} characters")]
    TooLong,
    /// A character outside the allowed set.
    #[error("contains {0:?}; only letters, digits and . _ : / # - are allowed")]
    Character(char),
}

impl Key {
    /// Checks and wraps a name.
    pub fn new(text: &str) -> Result<Self, KeyError> {
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        if text.len() > KEY_CHARS_MAX {
            return Err(KeyError::TooLong);
        }
        match text.chars().find(|c| !(c.is_ascii_alphanumeric() || "._:/#-".contains(*c))) {
            Some(c) => Err(KeyError::Character(c)),
            None => Ok(Self(text.into())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_bounded_and_plain() {
        assert!(Key::new("LAW-101/T3").is_ok());
        assert_eq!(Key::new(""), Err(KeyError::Empty));
        assert!(Key::new(&"x".repeat(KEY_CHARS_MAX)).is_ok());
        assert_eq!(Key::new(&"x".repeat(KEY_CHARS_MAX + 1)), Err(KeyError::TooLong));
        assert_eq!(Key::new("a b"), Err(KeyError::Character(' ')));
    }

    #[test]
    fn credits_print_as_people_write_them() {
        assert_eq!(Credits(500).to_string(), "5");
        assert_eq!(Credits(250).to_string(), "2.5");
        assert_eq!(Credits(275).to_string(), "2.75");
    }
}
