//! What can be asked for. A command is checked and decided by [`super::decide`].

use std::sync::Arc;

use super::account::{DeviceId, Preferences};
use super::acts::{Author, Place};
use super::catalogue::Text;
use super::ids::{
    CourseId, Key, RequestId, SectionId, Sequence, StudentId, Ticket, Timestamp, WindowId,
};
use super::import::Draft;
use super::plan::{Choice, CourseRequest, Plan};
use super::section::SectionStatus;

/// Something asked of the Registrar.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// Replace a student's plan.
    SetPlan(StudentId, Arc<Plan>),
    /// Take a place in the line before the opening.
    Arm {
        /// Who.
        student: StudentId,
        /// Where.
        window: WindowId,
        /// The request's id.
        request: RequestId,
    },
    /// Give the place back.
    Disarm(StudentId, WindowId),
    /// Decide a plan now, or take a place at the end of the line when others wait.
    Submit {
        /// Who.
        student: StudentId,
        /// Where.
        window: WindowId,
        /// The request's id.
        request: RequestId,
        /// What; `None` is her plan.
        plan: Option<Arc<Plan>>,
        /// Others are in line, or the pace is limited: take a ticket.
        queue: bool,
    },
    /// A ticket's turn has come.
    Admit(WindowId, Ticket),
    /// Give seats back.
    Drop {
        /// Who.
        student: StudentId,
        /// The request's id.
        request: RequestId,
        /// Which course.
        course: CourseId,
    },
    /// Leave a waitlist.
    Leave {
        /// Who.
        student: StudentId,
        /// The request's id.
        request: RequestId,
        /// Which course.
        course: CourseId,
    },
    /// Give one place for another, in one record.
    Swap {
        /// Who.
        student: StudentId,
        /// The request's id.
        request: RequestId,
        /// The course whose place is given.
        from: CourseId,
        /// What is wanted; its `waitlist` means "keep the old place until promoted".
        to: Arc<CourseRequest>,
    },
    /// Messages up to here are read.
    MarkRead(StudentId, Sequence),
    /// Prefer this from now on.
    SetPreferences(StudentId, Preferences),
    /// Give the calendar a new address, whose secret part has this hash, or none.
    SetCalendar(StudentId, Option<[u8; 32]>),
    /// A device signs in.
    SignIn {
        /// Whose.
        student: StudentId,
        /// The sign-in's number.
        device: DeviceId,
        /// Family of browser and system.
        agent: Box<str>,
        /// The sign-in runs out then.
        expires: Timestamp,
    },
    /// A device signs out; `None` is all of them.
    SignOut(StudentId, Option<DeviceId>),
    /// Put things into the catalogue and the student register, all or none.
    Import(Arc<Draft>),
    /// Plan a window's times.
    Schedule {
        /// Which.
        window: WindowId,
        /// Opens by itself then.
        opens_at: Option<Timestamp>,
        /// Closes by itself then.
        closes_at: Option<Timestamp>,
    },
    /// Open a window now.
    Open(WindowId),
    /// Tell everybody that a window closes soon.
    Closing(WindowId),
    /// Close a window now.
    Close(WindowId),
    /// Run a rehearsal again.
    Reset {
        /// Which.
        window: WindowId,
        /// The next draw's seed.
        seed: [u8; 32],
        /// When it opens.
        opens_at: Option<Timestamp>,
    },
    /// Set the pace.
    SetPace(WindowId, Option<u32>),
    /// Set a section's capacity.
    SetCapacity(SectionId, Option<u32>),
    /// Open, close or cancel a section.
    SetStatus(SectionId, SectionStatus),
    /// Admit nobody for a while.
    Pause(WindowId),
    /// Go on.
    Resume(WindowId),
    /// Enrol a student, or move her inside a course.
    Place(Box<Place>),
    /// Take a student's seats back.
    Remove {
        /// Whose.
        student: StudentId,
        /// Which course.
        course: CourseId,
    },
    /// Block a student, or lift a block.
    SetBlock {
        /// Whom.
        student: StudentId,
        /// The block's code.
        code: Key,
        /// Whether she may not register.
        blocked: bool,
    },
    /// Tell everybody who is connected.
    Announce(Arc<Text>),
    /// One of the registrar's commands, with who is answerable for it.
    Acted(Arc<Author>, Box<Command>),
}

impl Command {
    /// The same, with who is answerable for it.
    #[must_use]
    pub fn by(self, author: Author) -> Self {
        Self::Acted(Arc::new(author), Box::new(self))
    }
}

/// 64-bit FNV-1a over a request's body: stable over versions and machines, since it is
/// journalled. It tells a repeated request from another under the same id, no more.
struct Fingerprint(u64);

impl Fingerprint {
    fn new(verb: u8) -> Self {
        Self(0xcbf2_9ce4_8422_2325).byte(verb)
    }

    fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    fn number(self, number: u32) -> Self {
        number.to_be_bytes().into_iter().fold(self, Self::byte)
    }

    fn course(self, request: &CourseRequest) -> Self {
        let start = self.number(request.course.0).byte(u8::from(request.waitlist));
        let start = start.number(request.choices.len() as u32);
        request.choices.iter().fold(start, |f, choice| match choice {
            Choice::Any => f.byte(0),
            Choice::Ranked(sections) => {
                sections.iter().fold(f.byte(1).number(sections.len() as u32), |f, s| f.number(s.0))
            }
        })
    }
}

impl Command {
    /// Who asks under which request id, and the fingerprint of what; `None` for commands that
    /// have no request id because repeating them changes nothing.
    pub fn request(&self) -> Option<(StudentId, RequestId, u64)> {
        let (student, request, print) = match self {
            Self::Arm { student, window, request } => {
                (student, request, Fingerprint::new(1).number(window.0))
            }
            Self::Submit { student, window, request, plan, .. } => {
                let print = Fingerprint::new(2).number(window.0);
                let print = match plan {
                    None => print.byte(0),
                    Some(plan) => plan.courses.iter().fold(print.byte(1), |f, c| f.course(c)),
                };
                (student, request, print)
            }
            Self::Drop { student, request, course } => {
                (student, request, Fingerprint::new(3).number(course.0))
            }
            Self::Leave { student, request, course } => {
                (student, request, Fingerprint::new(4).number(course.0))
            }
            Self::Swap { student, request, from, to } => {
                (student, request, Fingerprint::new(5).number(from.0).course(to))
            }
            _ => return None,
        };
        Some((*student, *request, print.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_is_fnv_1a_and_tells_bodies_apart() {
        assert_eq!(Fingerprint(0xcbf2_9ce4_8422_2325).byte(b'a').0, 0xaf63_dc4c_8601_ec8c);
        let drop = |course| Command::Drop {
            student: StudentId(1),
            request: RequestId([1; 16]),
            course: CourseId(course),
        };
        assert_eq!(drop(1).request(), drop(1).request());
        assert_ne!(drop(1).request(), drop(2).request());
    }
}
