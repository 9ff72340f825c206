//! Why a WebSocket is closed, with the code that the client sees.

/// Close codes: RFC 6455 §7.4.1, and 4000-4999 for our own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Close {
    /// The client asked.
    Normal,
    /// The gateway stops; the reason says `retry_ms=<n>`.
    Restart,
    /// The gateway has no room just now; the reason says `retry_ms=<n>`.
    Busy,
    /// A frame that breaks RFC 6455.
    ProtocolError,
    /// Binary, where text is spoken.
    Unsupported,
    /// Text that is not UTF-8.
    NotUtf8,
    /// A message over the size limit.
    TooBig,
    /// Too many messages for too long.
    RateLimited,
    /// Read too slowly; reconnect and resume.
    SlowReader,
    /// No word for too long.
    Silent,
    /// Another protocol version.
    WrongVersion,
    /// Signed out, or the sign-in token ran out.
    SignedOut,
    /// More sockets than one student may have; the oldest goes.
    TooManySessions,
    /// A bug; it has been logged.
    Fault,
}

impl Close {
    /// Every reason, for tables and metrics.
    pub const ALL: [Self; 14] = [
        Self::Normal,
        Self::Restart,
        Self::Busy,
        Self::ProtocolError,
        Self::Unsupported,
        Self::NotUtf8,
        Self::TooBig,
        Self::RateLimited,
        Self::SlowReader,
        Self::Silent,
        Self::WrongVersion,
        Self::SignedOut,
        Self::TooManySessions,
        Self::Fault,
    ];

    /// The code in the close frame.
    pub const fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::ProtocolError => 1002,
            Self::Unsupported => 1003,
            Self::NotUtf8 => 1007,
            Self::RateLimited => 1008,
            Self::TooBig => 1009,
            Self::Fault => 1011,
            Self::Restart => 1012,
            Self::Busy => 1013,
            Self::SlowReader => 4001,
            Self::Silent => 4002,
            Self::WrongVersion => 4003,
            Self::SignedOut => 4004,
            Self::TooManySessions => 4005,
        }
    }

    /// The stable name: text in the close frame, label in the metrics.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Restart => "restart",
            Self::Busy => "busy",
            Self::ProtocolError => "protocol_error",
            Self::Unsupported => "unsupported",
            Self::NotUtf8 => "not_utf8",
            Self::TooBig => "too_big",
            Self::RateLimited => "rate_limited",
            Self::SlowReader => "slow_reader",
            Self::Silent => "silent",
            Self::WrongVersion => "wrong_version",
            Self::SignedOut => "signed_out",
            Self::TooManySessions => "too_many_sessions",
            Self::Fault => "fault",
        }
    }
}
