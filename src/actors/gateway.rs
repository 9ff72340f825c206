//! The door to the actors for everybody outside them: HTTP, WebSocket, timers, tools.

use std::sync::Arc;

use super::board::SeatBoard;
use crate::domain::catalogue::Catalogue;
use crate::domain::command::Command;
use crate::domain::ids::{CourseId, Sequence, Ticket, WindowId};
use crate::domain::outcome::{Outcome, Rejection};
use crate::domain::registry::Registry;

/// Why the gateway gave no answer. Nothing was changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Denied {
    /// A limit was reached, or the journal stalls: the same again after this long.
    Busy {
        /// Wait at least.
        retry_after_ms: u32,
    },
    /// The domain did not accept the command.
    Rejected(Rejection),
    /// The gateway is stopping.
    Stopping,
}

/// What a command led to; told after it is durable.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// It was carried out; the record's position.
    Done(Sequence),
    /// Each course with its outcome, now or when the same request was first made.
    Decided(Sequence, Arc<[(CourseId, Outcome)]>),
    /// A place in the line.
    InLine(WindowId, Ticket),
    /// There was nothing to do.
    Nothing,
}

/// A handle; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    board: Arc<SeatBoard>,
}

impl Gateway {
    /// Seats as they are on disk.
    pub fn board(&self) -> &SeatBoard {
        &self.board
    }

    /// The catalogue as it is on disk.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        todo!()
    }

    /// Gives a command and waits until what came of it is durable.
    pub async fn command(&self, _command: Command) -> Result<Answer, Denied> {
        todo!()
    }

    /// Reads state through the gate: the closure runs between two turns of the Registrar, and its
    /// result leaves once everything that it can have seen is durable.
    pub async fn read<T: Send + 'static>(
        &self,
        _view: impl FnOnce(&Registry) -> T + Send + 'static,
    ) -> Result<(Sequence, T), Denied> {
        todo!()
    }

    /// Whether replay is over and the gateway is not stopping.
    pub fn is_ready(&self) -> bool {
        todo!()
    }
}
