//! The values that labels may have. What is not among them is counted as [`OTHER`], so that nothing
//! from outside ever makes a series.

/// Whatever is not known.
pub(super) const OTHER: &str = "other";

/// What a message that could not be read, or came too fast, is counted as.
pub(super) const UNREAD_KIND: &str = "unreadable";

/// Why messages are not accepted: the protocol's error codes.
pub(super) const ERROR_CODES: [&str; 23] = [
    "message_invalid",
    "hello_first",
    "hello_once",
    "rate_limited",
    "unknown_course",
    "unknown_section",
    "too_many",
    "unknown_student",
    "unknown_window",
    "window_not_open",
    "window_closed",
    "window_state",
    "window_paused",
    "not_a_rehearsal",
    "plan_empty",
    "plan_invalid",
    "already_in_line",
    "not_in_line",
    "line_busy",
    "request_conflict",
    "too_many_requests",
    "import_invalid",
    OTHER,
];

/// How a peer's own close is told: its code, none given, or gone without a close frame.
pub(super) const PEER_CODES: [&str; 5] = ["1000", "1001", "1005", "1006", OTHER];

/// Where a command found no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Full {
    /// Commands accepted and not answered yet.
    Commands,
    /// The Registrar's mailbox.
    Registrar,
    /// A worker's messenger's mailbox.
    Messenger,
    /// A student's hub's mailbox.
    Hub,
    /// WebSocket sessions.
    Sessions,
    /// Records not on disk yet.
    Journal,
    /// The answer did not come in time.
    Answer,
}

impl Full {
    pub(super) const ALL: [Self; 7] = [
        Self::Commands,
        Self::Registrar,
        Self::Messenger,
        Self::Hub,
        Self::Sessions,
        Self::Journal,
        Self::Answer,
    ];

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Registrar => "registrar",
            Self::Messenger => "messenger",
            Self::Hub => "hub",
            Self::Sessions => "sessions",
            Self::Journal => "journal",
            Self::Answer => "answer",
        }
    }
}

/// A rate limiter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limiter {
    /// WebSocket messages of a student.
    StudentMessages,
    /// Changes of a student over HTTP.
    StudentChanges,
    /// Reads of a student over HTTP.
    StudentReads,
    /// New WebSockets of an address.
    AddressConnects,
    /// Sign-ins of an address.
    AddressSignIns,
    /// Requests without sign-in of an address.
    AddressRequests,
}

impl Limiter {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::StudentMessages,
        Self::StudentChanges,
        Self::StudentReads,
        Self::AddressConnects,
        Self::AddressSignIns,
        Self::AddressRequests,
    ];

    /// Its label: the configuration's word.
    pub const fn key(self) -> &'static str {
        match self {
            Self::StudentMessages => "student_messages",
            Self::StudentChanges => "student_changes",
            Self::StudentReads => "student_reads",
            Self::AddressConnects => "address_connects",
            Self::AddressSignIns => "address_sign_ins",
            Self::AddressRequests => "address_requests",
        }
    }
}

/// Actors whose mailboxes are looked at; workers and windows have one each, told together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mailbox {
    /// The Registrar's: batches.
    Registrar,
    /// The lines': changes.
    Line,
    /// The workers' messengers': batches from the gate.
    Messenger,
}

impl Mailbox {
    pub(super) const ALL: [Self; 3] = [Self::Registrar, Self::Line, Self::Messenger];

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Registrar => "registrar",
            Self::Line => "line",
            Self::Messenger => "messenger",
        }
    }
}

/// Threads whose time is told: what they use, and how late their timers are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Thread {
    /// Registrar, sections, lines.
    Decision,
    /// HTTP and WebSockets, all workers together.
    Worker,
    /// The writer and the gate's far side.
    Journal,
    /// Snapshots.
    Snapshot,
    /// This address.
    Metrics,
}

impl Thread {
    pub(super) const ALL: [Self; 5] =
        [Self::Decision, Self::Worker, Self::Journal, Self::Snapshot, Self::Metrics];

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Worker => "worker",
            Self::Journal => "journal",
            Self::Snapshot => "snapshot",
            Self::Metrics => "metrics",
        }
    }
}
