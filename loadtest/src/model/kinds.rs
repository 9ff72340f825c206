//! What the model speaks of.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::told::OutcomeTold;

/// A promise of the gateway.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub enum Promise {
    /// No oversell.
    I1,
    /// Durable before told: nothing told is lost.
    I2,
    /// One outcome.
    I3,
    /// All or nothing.
    I4,
    /// Honest line.
    I5,
    /// No sniping gap.
    I6,
    /// No double.
    I7,
    /// Told exactly once.
    I10,
    /// Live: no seat stays free while somebody eligible is refused or waits.
    I11,
    /// Real time.
    I15,
}

impl Promise {
    /// What it says, briefly.
    pub const fn words(self) -> &'static str {
        match self {
            Self::I1 => "no oversell",
            Self::I2 => "durable before told",
            Self::I3 => "one outcome",
            Self::I4 => "all or nothing",
            Self::I5 => "honest line",
            Self::I6 => "no sniping gap",
            Self::I7 => "no double",
            Self::I10 => "told exactly once",
            Self::I11 => "no seat stays free",
            Self::I15 => "real time",
        }
    }
}

/// A promise broken.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Violation {
    /// Which.
    pub promise: Promise,
    /// Student key.
    pub student: String,
    /// Course or section key.
    pub section: String,
    /// Request id.
    pub request: String,
    /// Particulars.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { promise, student, section, request, detail } = self;
        let words = promise.words();
        write!(f, "{promise:?} {words}: student {student}, {section}, request {request}: {detail}")
    }
}

/// What kind of request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asked {
    /// A plan, armed or submitted: an outcome for each course.
    Plan,
    /// A drop, a swap, leaving a waitlist.
    Change {
        /// The course given, of a swap.
        gives: Option<u32>,
    },
    /// It was not accepted, or given back.
    Denied,
}

/// Which rules hold, for what depends on them.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Clashes, credits or something else of her own can stand in a student's way.
    pub personal: bool,
    /// All changes come from this program: nobody else takes or frees a seat.
    pub alone: bool,
}

/// Something told, with its place in the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// Journal position.
    pub journal: u64,
    /// Index of the student.
    pub student: u32,
    /// Index of the course.
    pub course: u32,
    /// Index of the request; none for what nobody asked.
    pub request: Option<u32>,
    /// The course given up with it, of a swap that came true.
    pub gives: Option<u32>,
    /// What.
    pub what: What,
    /// When, in milliseconds since the epoch.
    pub at: u64,
}

/// What became of a course.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// A seat in each of these.
    Enrolled {
        /// Indices.
        sections: Vec<u32>,
    },
    /// A place on the waitlist.
    Waitlisted {
        /// The course kept until promoted.
        keeps: Option<u32>,
    },
    /// Not granted.
    Refused {
        /// Why.
        reason: String,
    },
    /// Given back.
    Dropped,
    /// The waitlist left.
    Left,
    /// From the waitlist into the course.
    Promoted {
        /// Indices.
        sections: Vec<u32>,
        /// The course given up for it.
        replaces: Option<u32>,
    },
    /// A seat was free, and a check of hers stood in the way.
    PassedOver,
    /// The registrar enrolled or moved her, beyond a capacity perhaps.
    Placed {
        /// Indices.
        sections: Vec<u32>,
    },
    /// The registrar took her seats back.
    Removed,
}

impl What {
    /// Of an outcome on the wire; none if it names something unknown.
    pub fn parse(
        told: &OutcomeTold,
        sections: &HashMap<String, u32>,
        courses: &HashMap<String, u32>,
    ) -> Option<Self> {
        Some(match &*told.outcome {
            "enrolled" => {
                let keys = told.sections.iter();
                let indices = keys.map(|key| sections.get(&**key).copied());
                Self::Enrolled { sections: indices.collect::<Option<_>>()? }
            }
            "waitlisted" => {
                let keeps = told.keeps.as_deref().map(|key| courses.get(key).copied());
                Self::Waitlisted { keeps: keeps.unwrap_or_default() }
            }
            "refused" => {
                let reason = told.reason.as_deref().unwrap_or("none").to_owned();
                Self::Refused { reason }
            }
            "dropped" => Self::Dropped,
            "left_waitlist" => Self::Left,
            _ => return None,
        })
    }

    /// Its name, as on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Enrolled { .. } => "enrolled",
            Self::Waitlisted { .. } => "waitlisted",
            Self::Refused { .. } => "refused",
            Self::Dropped => "dropped",
            Self::Left => "left_waitlist",
            Self::Promoted { .. } => "promoted",
            Self::PassedOver => "passed_over",
            Self::Placed { .. } => "registrar_placed",
            Self::Removed => "registrar_dropped",
        }
    }

    /// Within one record: what frees comes before what takes.
    pub const fn order(&self) -> u8 {
        match self {
            Self::Dropped | Self::Left => 0,
            _ => 1,
        }
    }
}

/// A row of the gateway's export.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Exported {
    /// Student key.
    pub student: String,
    /// Course code.
    pub course: String,
    /// Section keys.
    pub sections: Vec<String>,
    /// Journal position of the grant.
    pub journal: u64,
}

/// Everybody's enrolments, and where the journal stood before and after they were read. The gateway
/// goes on meanwhile, and each part of an export is of a moment of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Export {
    /// The rows.
    pub rows: Vec<Exported>,
    /// Whatever stands up to here in the journal must be in it.
    pub from: u64,
    /// Nothing after this can be in it.
    pub until: u64,
}
