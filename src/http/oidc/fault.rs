//! Why somebody is not signed in: told to her in plain words by the page, and to the log without a
//! word about her.

/// Why not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fault {
    /// The provider does not answer, or not in time.
    Unavailable,
    /// Too many sign in at this moment.
    Busy,
    /// She stopped it at the provider.
    Cancelled,
    /// Too late, in another browser, or for the second time.
    Stale,
    /// What came back is not what the provider should have sent.
    Untrusted,
    /// She is known, and may do nothing here.
    NoAccess,
    /// Her student number is not among what the provider tells, or there are several.
    NoNumber,
    /// A registrar without a name.
    NoName,
    /// A student that nobody imported.
    UnknownStudent,
}

impl Fault {
    /// Every one.
    pub const ALL: [Self; 9] = [
        Self::Unavailable,
        Self::Busy,
        Self::Cancelled,
        Self::Stale,
        Self::Untrusted,
        Self::NoAccess,
        Self::NoNumber,
        Self::NoName,
        Self::UnknownStudent,
    ];

    /// Stable name: in the address of the page that tells it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Busy => "busy",
            Self::Cancelled => "cancelled",
            Self::Stale => "stale",
            Self::Untrusted => "untrusted",
            Self::NoAccess => "no_access",
            Self::NoNumber => "no_number",
            Self::NoName => "no_name",
            Self::UnknownStudent => "unknown_student",
        }
    }
}

/// What is wrong with an answer of the provider: for the operator, so in English. Never anything
/// out of the answer itself, which may be about somebody.
pub type Reason = &'static str;
