//! What the registrar sees: the board, the demand before an opening, whether all is ready, one
//! student's file, and why an outcome came out as it did. Every long read is cut into turns and
//! kept for about a second, so that several registrars who look on slow no decision.
//! Deliberately absent: anything that changes something (see `admin`).

pub mod archive;
pub mod board;
pub mod demand;
pub mod file;
mod kept;
pub mod preview;
pub mod readiness;
mod samples;
mod survey;
pub mod types;
pub mod why;

use std::sync::Arc;

use actix_web::web;
use dashmap::DashMap;

use super::HttpState;
use super::problem::{BUSY, Problem};
use crate::domain::ids::WindowId;
use crate::limits;
use archive::Archive;
use board::BoardData;
use kept::Kept;
use samples::Samples;
use survey::SurveyData;

/// What the registrars' reads share.
#[derive(Default)]
pub struct Console {
    board: Kept<BoardData>,
    surveys: DashMap<WindowId, Arc<Kept<SurveyData>>>,
    samples: Samples,
    /// What is on disk; `None` in a gateway without any.
    pub(super) archive: Option<Archive>,
}

impl Console {
    /// With a way to what is on disk.
    pub fn new(archive: Archive) -> Self {
        Self { archive: Some(archive), ..Self::default() }
    }
}

impl HttpState {
    /// Forgets what was counted for registrars and is too old to be told. Call it every minute.
    pub fn tidy_console(&self) {
        self.console.board.forget_old();
        for survey in &self.console.surveys {
            survey.forget_old();
        }
    }

    /// Notes the seats taken, for the board's rates. Call it every [`limits::BOARD_SAMPLE_MS`].
    pub fn sample_seats(&self) {
        self.console.samples.take(&self.gateway.board().all().1);
    }
}

/// Work that would hold up the sockets of this worker, on a thread of its own.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let done = web::block(work).await;
    done.map_err(|_| {
        let busy = Problem::new(&BUSY, "it could not be counted just now; ask again");
        busy.retry_after(limits::BUSY_RETRY_MS)
    })
}
