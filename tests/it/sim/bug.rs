//! Seeded bugs: each is one mutation of the gateway's wiring, or of the decisions that pass
//! through it. The auditor must see every one.

/// What is wrong with the gateway of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// Outputs leave when the record is written, not when it is synced.
    AckBeforeSync,
    /// A read leaves at once, whatever it rests on.
    ReadBypassesGate,
    /// Each section is quoted with one seat more than it has.
    CapacityOffByOne,
    /// Quotes are those of the turn before.
    StaleQuote,
    /// The last eligible entry is promoted.
    LifoWaitlist,
    /// A freed seat wakes nobody.
    NobodyPromoted,
    /// What requests led to is forgotten on a restart.
    DedupeLost,
    /// Ticket n+1 is admitted before ticket n.
    TicketsCrossed,
    /// Those who armed are served in the order of arming where a draw was promised.
    NoDraw,
    /// A submit is decided at once although others are in line.
    LineBypassed,
    /// A told position does not know who left.
    StalePosition,
    /// A promotion never reaches her who is connected.
    MessageLost,
    /// A promotion reaches her twice.
    MessageDoubled,
    /// An answer is never given.
    AnswerLost,
    /// She is told "enrolled" where the journal has her on the waitlist.
    ToldOtherwise,
    /// A snapshot lacks the last decision before it.
    SnapshotSkipsRecord,
    /// The first record of a torn, unacknowledged commit is taken for real.
    TornTailAccepted,
    /// A power cut takes an acknowledged record along.
    AcknowledgedDropped,
    /// A waitlist comes back from a restart in another order.
    WaitlistOrderLost,
    /// A drop does not free the seat.
    DropKeepsSeat,
    /// Clashes are not checked.
    ClashUnchecked,
    /// The credit limit is not checked.
    CreditsUnchecked,
    /// Blocks are not checked.
    BlocksUnchecked,
    /// A closed window still decides.
    ClosedWindowDecides,
    /// A paused window still admits.
    PausedWindowAdmits,
    /// A student who has a place in line and arms anew gets a second one.
    SecondPlace,
    /// A request id that comes again with another body is carried out again.
    OtherBodyDecided,
    /// A clock that jumped forth and back closes the window although its time has not come.
    ClockClosesEarly,
    /// One section of a combination is forgotten.
    HalfACombination,
    /// A restart goes on in the epoch of the process before.
    EpochNotRaised,
    /// Refusals are not counted.
    RefusalsUncounted,
    /// A swap that keeps the old place until promoted gives it up at once.
    SwapLetsGo,
}

impl Bug {
    pub const ALL: [Self; 32] = [
        Self::AckBeforeSync,
        Self::ReadBypassesGate,
        Self::CapacityOffByOne,
        Self::StaleQuote,
        Self::LifoWaitlist,
        Self::NobodyPromoted,
        Self::DedupeLost,
        Self::TicketsCrossed,
        Self::NoDraw,
        Self::LineBypassed,
        Self::StalePosition,
        Self::MessageLost,
        Self::MessageDoubled,
        Self::AnswerLost,
        Self::ToldOtherwise,
        Self::SnapshotSkipsRecord,
        Self::TornTailAccepted,
        Self::AcknowledgedDropped,
        Self::WaitlistOrderLost,
        Self::DropKeepsSeat,
        Self::ClashUnchecked,
        Self::CreditsUnchecked,
        Self::BlocksUnchecked,
        Self::ClosedWindowDecides,
        Self::PausedWindowAdmits,
        Self::SecondPlace,
        Self::OtherBodyDecided,
        Self::ClockClosesEarly,
        Self::HalfACombination,
        Self::EpochNotRaised,
        Self::RefusalsUncounted,
        Self::SwapLetsGo,
    ];

    /// By its name in `SLUIS_SIM_BUG`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bug| format!("{bug:?}") == name)
    }
}
