//! What leaves the decision thread: always inside a [`super::gate::Gate`], never by itself.

use std::sync::Arc;

use uuid::Uuid;

use super::gateway::{Answer, Denied};
use super::permits::Permit;
use super::sign_ins::SignedIn;
use super::tally::Tally;
use crate::domain::account::{DeviceId, Preferences};
use crate::domain::catalogue::Catalogue;
use crate::domain::forecast::CourseForecast;
use crate::domain::ids::{
    CourseId, Key, RequestId, Sequence, StudentId, Ticket, Timestamp, WindowId,
};
use crate::domain::outcome::Outcome;
use crate::domain::section::Section;
use crate::metrics::{Asked, Turn};
use crate::protocol::server::{MessageView, PlanView, StudentView, WaitlistView, WindowView};

/// What everybody may know: the catalogue and the windows.
#[derive(Debug, Default)]
pub struct Public {
    /// What can be registered for.
    pub catalogue: Arc<Catalogue>,
    /// All windows, by [`WindowId`].
    pub windows: Vec<WindowView>,
    /// When each window opened, if it has.
    pub opened_at: Vec<Option<Timestamp>>,
    /// Grows with every import: the catalogue's ETag.
    pub version: Sequence,
}

impl Public {
    /// The window with that key.
    pub fn window_id(&self, key: &str) -> Option<WindowId> {
        self.windows.iter().position(|w| w.key == key).map(|i| WindowId(i as u32))
    }

    /// The key of a window.
    pub fn window_key(&self, id: WindowId) -> &str {
        self.windows.get(id.index()).map_or("", |w| &w.key)
    }
}

/// Something for one student, on all her devices unless it says otherwise.
#[derive(Debug)]
pub enum News {
    /// Outcomes of one request.
    Outcomes {
        /// The request.
        request: RequestId,
        /// Each course with its outcome.
        outcomes: Arc<[(CourseId, Outcome)]>,
        /// The record.
        journal: Sequence,
        /// When it was decided.
        at: Timestamp,
        /// Position in her stream.
        sequence: u32,
        /// Unread messages in all.
        unread: u32,
        /// The window whose line she left with it.
        served: Option<WindowId>,
        /// Since when somebody waits for them, for the metrics.
        asked: Option<Asked>,
    },
    /// New in her message centre.
    Message {
        /// The message.
        message: Box<MessageView>,
        /// Unread in all.
        unread: u32,
        /// Position in her stream.
        sequence: u32,
    },
    /// A waitlist rank.
    Rank(Box<WaitlistView>),
    /// A place in a line that has no order yet.
    Armed {
        /// Where.
        window: WindowId,
        /// Ticket number.
        ticket: Ticket,
        /// How many are armed.
        among: u32,
    },
    /// The place is gone.
    Disarmed(WindowId),
    /// Her plan was saved.
    Plan {
        /// As saved.
        plan: Box<PlanView>,
        /// Position in her stream.
        sequence: u32,
    },
    /// Her exact place in an open line.
    Position {
        /// Where.
        window: WindowId,
        /// From 1.
        position: u32,
        /// The line when that was so.
        line: LineState,
    },
    /// What her plan can expect.
    Forecast {
        /// Where.
        window: WindowId,
        /// One for each course that the window covers.
        courses: Arc<[CourseForecast]>,
    },
    /// Messages were read, on this device or another.
    Read {
        /// Up to here.
        up_to: Sequence,
        /// Unread in all.
        unread: u32,
        /// Position in her stream.
        sequence: u32,
    },
    /// What she prefers.
    Preferences {
        /// As saved.
        preferences: Preferences,
        /// Position in her stream.
        sequence: u32,
    },
    /// Devices signed in or out: sessions of others end.
    SignIns {
        /// Signed in now.
        devices: Vec<DeviceId>,
        /// She signed out everywhere: sessions of no device end too.
        everywhere: bool,
    },
    /// The answer to a new session.
    View {
        /// Which session.
        session: u32,
        /// Everything.
        view: Box<StudentView>,
        /// What she missed, when it can be told piece by piece.
        missed: Vec<(MessageView, u32)>,
    },
    /// A session that asked for everything gets nothing: there is no room.
    NotShown {
        /// Which session.
        session: u32,
    },
    /// A request of one session was not accepted.
    Denied {
        /// Which session.
        session: u32,
        /// Which request.
        id: Option<Uuid>,
        /// Why.
        why: Denied,
    },
}

/// How far an open line is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LineState {
    /// Tickets decided since the opening.
    pub served: u32,
    /// Tickets waiting.
    pub waiting: u32,
    /// Tickets decided a second.
    pub rate: Option<f64>,
}

/// Something for everybody.
#[derive(Debug)]
pub enum Bulletin {
    /// The catalogue or the windows changed; these windows are to be shown again.
    Public(Arc<Public>, Vec<WindowId>),
    /// A window's message to everybody.
    Notice {
        /// Which window.
        window: WindowId,
        /// The rehearsal starts again: places in its line are gone.
        reset: bool,
        /// The message.
        view: Box<MessageView>,
    },
    /// A line moved.
    Line(WindowId, LineState),
    /// How many are armed for a window.
    Among(WindowId, u32),
    /// Seats changed, for who watches them.
    Seats(Sequence, Arc<[Section]>),
}

/// Numbers to add to the counters.
#[derive(Debug)]
pub enum Count {
    /// An outcome, and why when it was refused.
    Outcome(&'static str, Option<&'static str>),
    /// From a waitlist into the course.
    Promotion,
    /// A free seat passed somebody by.
    PassedOver,
    /// A place given for another.
    Swap,
    /// A place in the line taken.
    TicketTaken,
    /// Given back.
    TicketLeft,
    /// Decided.
    TicketDecided(WindowId),
}

/// An answer to somebody who waits for it.
pub type Reply = tokio::sync::oneshot::Sender<Result<Answer, Denied>>;

/// Whatever leaves the decision thread.
pub enum Output {
    /// For one student.
    Student(StudentId, News),
    /// For everybody.
    Everyone(Arc<Bulletin>),
    /// What a student's sign-in tokens are worth from now on.
    SignIns(Key, Arc<SignedIn>),
    /// Seats for the board.
    Seats(Vec<Section>),
    /// An answer to a command given over HTTP or by the gateway itself.
    Reply(Reply, Result<Answer, Denied>),
    /// The result of a read.
    Read(Box<dyn FnOnce(Sequence) + Send>),
    /// For the counters.
    Count(Vec<Count>),
    /// What commands took, for the metrics.
    Turns(Vec<Turn>),
    /// How long tickets waited in their line, in milliseconds.
    Waited(Vec<u64>),
    /// Who waits for what.
    Tallies(Vec<Tally>),
    /// The room that an accepted command had: free again.
    Done(Permit),
}
