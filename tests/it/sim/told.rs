//! The words between clients and gateway, and what both sides of an audit compare.

use std::sync::Arc;

use sluis::domain::command::Command;
use sluis::domain::ids::{CourseId, RequestId};
use sluis::domain::outcome::Outcome;

use super::random::{brief, brief_text};

/// What a client sends.
#[derive(Clone, Debug)]
pub struct Message {
    /// Numbered as sent; a copy made by the network has the same.
    pub n: u32,
    /// Whose session; `None` is the registrar.
    pub student: Option<u32>,
    pub asked: Asked,
}

#[derive(Clone, Debug)]
pub enum Asked {
    Command(Command),
    /// A new session: everything, and messages after this record.
    View {
        after: u64,
        connection: u32,
    },
    Seats(u32),
    Position(u32),
    Counts,
}

/// What leaves the gateway.
#[derive(Clone, PartialEq, Debug)]
pub struct Told {
    /// The last record that it rests on.
    pub as_of: u64,
    /// The message that it answers.
    pub re: Option<u32>,
    pub student: Option<u32>,
    /// Only this session may hear it.
    pub connection: Option<u32>,
    pub said: Said,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Said {
    Outcomes { request: RequestId, sequence: u64, outcomes: Arc<[(CourseId, Outcome)]> },
    InLine { window: u32, ticket: u32 },
    Rejected(&'static str),
    Done,
    Item(Item),
    View(Box<View>),
    Seats { section: u32, seats: Seats },
    Position { window: u32, place: Option<Place> },
    Counts(Box<Counts>),
}

/// A place in a line; no position before the opening.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    pub ticket: u32,
    pub position: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seats {
    pub capacity: Option<u32>,
    pub taken: u32,
    /// 0 open, 1 closed, 2 cancelled.
    pub status: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Outcome,
    Promoted,
    PassedOver,
    Capacity,
    Status,
    Placed,
    Removed,
    Block,
    TicketEnded,
}

/// A message in a message centre, in brief.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Item {
    pub sequence: u64,
    pub kind: Kind,
    /// The course, section or window.
    pub subject: u32,
    /// A digest of the rest.
    pub detail: u64,
}

/// What a student is shown of herself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    /// Position of her stream.
    pub stream: u32,
    /// Course and sections.
    pub seats: Vec<(u32, Vec<u32>)>,
    /// Course and rank.
    pub waiting: Vec<(u32, u32)>,
    /// Window and place.
    pub places: Vec<(u32, Place)>,
    /// Messages after `after`.
    pub after: u64,
    pub items: Vec<Item>,
}

/// What is counted: outcomes by kind, then promotions, passed over, swaps, tickets taken, left
/// and decided.
pub type Counts = [u64; 11];

pub const ENROLLED: usize = 0;
pub const WAITLISTED: usize = 1;
pub const REFUSED: usize = 2;
pub const DROPPED: usize = 3;
pub const LEFT_WAITLIST: usize = 4;
pub const PROMOTED: usize = 5;
pub const PASSED_OVER: usize = 6;
pub const SWAPS: usize = 7;
pub const TICKETS_TAKEN: usize = 8;
pub const TICKETS_LEFT: usize = 9;
pub const TICKETS_DECIDED: usize = 10;

/// An outcome in brief.
pub fn outcome(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Enrolled { sections, clash } => {
            brief([1, u32::from(*clash)].into_iter().chain(sections.iter().map(|s| s.0)))
        }
        Outcome::Waitlisted { rank, keeps, .. } => {
            brief([2, *rank, keeps.map_or(0, |course| course.0 + 1)])
        }
        Outcome::Refused(reason) => brief_text(reason.key()),
        Outcome::Dropped => 4,
        Outcome::LeftWaitlist => 5,
    }
}
