//! `/api/operator/journal…`: a backup of the journal while it is written, and the digest of its
//! state. Both read what is on disk, on a thread of their own, one at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures_util::stream::{Stream, unfold};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use utoipa::{IntoParams, ToSchema};

use super::HttpState;
use super::access::AsOperator;
use super::offer::{PATIENCE, offer};
use super::openapi::ReadProblems;
use super::problem::{BUSY, FAULT, INVALID, Problem};
use crate::clock;
use crate::domain::ids::Sequence;
use crate::journal::{JournalError, JournalReader, backup, digest};
use crate::limits;

/// Up to where.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DigestQuery {
    /// Journal position; left out, what is on disk now.
    pub at: Option<u64>,
}

/// A state, in short.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DigestView {
    /// The journal position that it rests on.
    pub sequence: u64,
    /// SHA-256 of the state, in hex: the same records give the same.
    pub digest: String,
}

/// Whether the journal is being read whole. One reading at a time: each holds a state in memory.
#[derive(Clone, Debug, Default)]
pub struct Reading(Arc<AtomicBool>);

/// The right to read; given back when dropped.
struct Turn(Reading);

impl Reading {
    fn begin(&self) -> Result<Turn, Problem> {
        match self.0.swap(true, Ordering::AcqRel) {
            false => Ok(Turn(self.clone())),
            true => {
                let what = "the journal is being read for somebody else";
                Err(Problem::new(&BUSY, what).retry_after(5_000))
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Release);
    }
}

fn fault(doing: &str, error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, doing, "the journal cannot be read");
    Problem::new(&FAULT, format!("{doing} failed; it has been logged"))
}

/// Gathers small pieces and hands them to whoever downloads.
struct Pieces {
    to: Sender<Result<Bytes, Problem>>,
    gathered: BytesMut,
}

impl Pieces {
    fn put(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.gathered.extend_from_slice(bytes);
        match self.gathered.len() < limits::BACKUP_PIECE_BYTES {
            true => Ok(()),
            false => self.send(),
        }
    }

    fn send(&mut self) -> Result<(), JournalError> {
        offer(&self.to, Ok(self.gathered.split().freeze()), PATIENCE)
    }
}

fn download(reader: &JournalReader, to: Sender<Result<Bytes, Problem>>) {
    let since = clock::monotonic();
    let mut pieces = Pieces { to, gathered: BytesMut::new() };
    let written = backup::write(reader, &mut |bytes| pieces.put(bytes));
    match written.and_then(|made| pieces.send().map(|()| made)) {
        Ok(made) => {
            let (sequence, bytes) = (made.state.sequence.0, made.bytes);
            let ms = since.elapsed().as_millis() as u64;
            tracing::info!(sequence, bytes, ms, "backup read");
        }
        Err(JournalError::Stopped { .. }) => tracing::warn!("a backup was broken off"),
        // The transfer breaks off, and what came has no end mark: it is never taken for whole.
        Err(error) => {
            let _ = pieces.to.try_send(Err(fault("the backup", &error)));
        }
    }
}

fn stream(from: Receiver<Result<Bytes, Problem>>) -> impl Stream<Item = Result<Bytes, Problem>> {
    unfold(from, |mut from| async move { from.recv().await.map(|piece| (piece, from)) })
}

/// The whole journal, while it is written
///
/// Every record that is on disk at the call, in order, with checksums and an end mark: what
/// `sluis journal backup` writes into a file and `sluis journal restore` reads.
#[utoipa::path(
    get, path = "/api/operator/journal", tag = "operator",
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        ReadProblems,
    )
)]
pub async fn export(
    _operator: AsOperator,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let turn = state.reading.begin()?;
    let (to, from) = channel(limits::BACKUP_PIECES_MAX);
    let reader = state.journal.clone();
    let run = move || {
        download(&reader, to);
        drop((reader, turn));
    };
    let thread = std::thread::Builder::new().name("backup".to_owned()).spawn(run);
    thread.map_err(|e| fault("starting a thread", &e))?;
    let kind = (CONTENT_TYPE, "application/octet-stream");
    Ok(HttpResponse::Ok().insert_header(kind).streaming(stream(from)))
}

/// The digest of the state, up to a journal position
///
/// The same records give the same digest: compare a restored backup with what it was made of.
#[utoipa::path(
    get, path = "/api/operator/journal/digest", tag = "operator", params(DigestQuery),
    responses((status = 200, body = DigestView), ReadProblems)
)]
pub async fn digest_at(
    _operator: AsOperator,
    state: web::Data<HttpState>,
    query: web::Query<DigestQuery>,
) -> Result<HttpResponse, Problem> {
    let at = query.at.map(Sequence);
    let durable = state.journal.durable();
    if at.is_some_and(|at| at > durable) {
        return Err(Problem::new(&INVALID, format!("at is 0 to {durable}")));
    }
    let turn = state.reading.begin()?;
    let reader = state.journal.clone();
    let read = web::block(move || {
        let _turn = turn;
        digest::of_journal(&reader, at)
    });
    let found = read.await.map_err(|e| fault("the digest", &e))?;
    let found = found.map_err(|e| fault("the digest", &e))?;
    let view = DigestView { sequence: found.sequence.0, digest: found.to_string() };
    Ok(HttpResponse::Ok().json(view))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::testkit::journal;
    use crate::journal::Journal;

    #[test]
    fn one_reading_at_a_time() {
        let reading = Reading::default();
        let turn = reading.begin().ok().unwrap();
        assert_eq!(reading.begin().err().unwrap().kind, &BUSY);
        drop(turn);
        assert!(reading.begin().is_ok());
    }

    #[test]
    fn pieces_are_bounded_and_a_reader_that_went_away_ends_it() {
        let journal = journal(60_000, None);
        let (to, mut from) = channel(limits::BACKUP_PIECES_MAX);
        let reader = journal.reader();
        let thread = std::thread::spawn(move || download(&reader, to));
        // Nobody reads yet: no more than fits is made ready.
        std::thread::sleep(Duration::from_millis(100));
        assert!(from.len() <= limits::BACKUP_PIECES_MAX);
        let mut bytes = Vec::new();
        while let Some(piece) = from.blocking_recv() {
            let piece = piece.unwrap();
            assert!(piece.len() < limits::BACKUP_PIECE_BYTES + limits::JOURNAL_ENTRY_BYTES_MAX);
            bytes.extend_from_slice(&piece);
        }
        thread.join().unwrap();
        assert!(bytes.len() > limits::BACKUP_PIECES_MAX * limits::BACKUP_PIECE_BYTES);
        let found = backup::check(&*bytes).unwrap();
        assert_eq!(found.state, digest::of_journal(&journal.reader(), None).unwrap());

        let (to, from) = channel(limits::BACKUP_PIECES_MAX);
        let reader = journal.reader();
        let thread = std::thread::spawn(move || download(&reader, to));
        drop(from);
        thread.join().unwrap();
    }
}
