//! `/api/admin/audit`: what the registrars did. The latest acts from memory; all of them as a
//! file, read from the journal away from the decisions.

use std::time::Duration;

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpResponse, rt, web};
use bytes::Bytes;
use futures_util::stream::{Stream, unfold};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use utoipa::{IntoParams, ToSchema};

use super::HttpState;
use super::access::AsRegistrar;
use super::offer::{PATIENCE, offer};
use super::openapi::ReadProblems;
use super::problem::{BUSY, FAULT, INVALID, Problem};
use crate::domain::ids::Sequence;
use crate::journal::{JournalError, JournalReader, each_act};
use crate::limits;
use crate::protocol::audit::{AuditEntry, Format};

/// Which acts.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Journal position: older ones than this; `next` of the page before.
    pub before: Option<u64>,
    /// At most so many (1 to 100; 50 unless said otherwise).
    pub limit: Option<u32>,
}

/// A page of the latest acts; older ones than the last 1,000 are in the files alone.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Audit {
    /// Newest first.
    pub entries: Vec<AuditEntry>,
    /// `before` of the next page; `null` at the end.
    pub next: Option<u64>,
}

/// The registrars' latest acts, newest first
#[utoipa::path(
    get, path = "/api/admin/audit", tag = "registrar", params(AuditQuery),
    responses((status = 200, body = Audit), ReadProblems)
)]
pub async fn list(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
    query: web::Query<AuditQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = query.limit.unwrap_or(50);
    if limit == 0 || limit > limits::PAGE_ITEMS_MAX {
        let max = limits::PAGE_ITEMS_MAX;
        return Err(Problem::new(&INVALID, format!("limit is 1 to {max}")));
    }
    let (before, limit) = (Sequence(query.before.unwrap_or(u64::MAX)), limit as usize);
    let read = state.gateway.read(move |registry| {
        let found = registry.audit.before(before).take(limit + 1);
        found.map(|e| AuditEntry::new(e.journal, e.at, &e.act)).collect::<Vec<_>>()
    });
    let (_, mut entries) = read.await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|entry| entry.journal);
    Ok(HttpResponse::Ok().json(Audit { entries, next }))
}

/// Every act as a spreadsheet, oldest first
#[utoipa::path(
    get, path = "/api/admin/audit.csv", tag = "registrar",
    responses((status = 200, content((String = "text/csv"))), ReadProblems)
)]
pub async fn csv(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    export(&state, Format::Csv, "text/csv; charset=utf-8", "sluis-audit.csv")
}

/// Every act as one JSON list, oldest first
#[utoipa::path(
    get, path = "/api/admin/audit.json", tag = "registrar",
    responses((status = 200, body = Vec<AuditEntry>), ReadProblems)
)]
pub async fn json(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    export(&state, Format::Json, "application/json", "sluis-audit.json")
}

/// A part of the file; `None` is its end, without which it was broken off.
type Piece = Option<Bytes>;

/// Few at a time: each reads the whole journal.
fn export(
    state: &HttpState,
    format: Format,
    kind: &str,
    name: &str,
) -> Result<HttpResponse, Problem> {
    let Ok(permit) = std::sync::Arc::clone(&state.audits).try_acquire_owned() else {
        let detail = "others export the audit log just now; try again in a moment";
        return Err(Problem::new(&BUSY, detail).retry_after(limits::BUSY_RETRY_MS));
    };
    let (send, receive) = channel(limits::AUDIT_PIECES_MAX);
    let reader = state.journal.clone();
    rt::task::spawn_blocking(move || {
        let _permit = permit;
        match read(&reader, format, &send, PATIENCE) {
            Ok(()) => {}
            Err(JournalError::Stopped { .. }) => {
                tracing::warn!("an export of the audit log was broken off");
            }
            Err(error) => tracing::error!(%error, "the audit log cannot be read"),
        }
    });
    let file = format!("attachment; filename=\"{name}\"");
    let mut answer = HttpResponse::Ok();
    answer.content_type(kind).insert_header((CONTENT_DISPOSITION, file));
    Ok(answer.streaming(stream(receive)))
}

/// Half a file never looks like a whole one: without its end the transfer breaks off.
fn stream(receive: Receiver<Piece>) -> impl Stream<Item = Result<Bytes, Problem>> {
    unfold(Some(receive), |receive| async move {
        let mut receive = receive?;
        match receive.recv().await {
            Some(piece) => piece.map(|piece| (Ok(piece), Some(receive))),
            None => {
                let broken = "the export was broken off; ask again";
                Some((Err(Problem::new(&FAULT, broken)), None))
            }
        }
    })
}

fn read(
    reader: &JournalReader,
    format: Format,
    send: &Sender<Piece>,
    patience: Duration,
) -> Result<(), JournalError> {
    let mut piece = format.head().to_owned();
    let mut first = true;
    each_act(reader, &mut |record| {
        let Some(act) = &record.act else { return Ok(()) };
        let entry = AuditEntry::new(record.sequence, record.at, act);
        piece += &format.row(&entry, std::mem::replace(&mut first, false));
        if piece.len() < limits::AUDIT_PIECE_BYTES {
            return Ok(());
        }
        let full = std::mem::take(&mut piece);
        offer(send, Some(full.into()), patience)
    })?;
    piece += format.tail();
    offer(send, Some(piece.into()), patience)?;
    offer(send, None, patience)
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;
    use crate::domain::acts::{Act, Action};
    use crate::http::access::default_registrar;
    use crate::http::testkit::journal;
    use crate::journal::Journal;

    /// A journal whose log is much longer than what may wait for its reader.
    fn long_log() -> (impl Journal, usize) {
        let reason = Some("x".repeat(limits::ACT_REASON_CHARS_MAX).into());
        let (subject, before, after) = (None, None, None);
        let (by, action) = (default_registrar(), Action::Announcement);
        let act = Act { by, action, subject, before, after, reason };
        let bytes = (limits::AUDIT_PIECES_MAX + 4) * limits::AUDIT_PIECE_BYTES;
        let count = bytes / limits::ACT_REASON_CHARS_MAX;
        (journal(count as u64, Some(&std::sync::Arc::new(act))), count)
    }

    #[actix_web::test]
    async fn one_who_does_not_read_is_given_up_and_his_file_has_no_end() {
        let (journal, count) = long_log();
        let (send, receive) = channel(limits::AUDIT_PIECES_MAX);
        let reader = journal.reader();
        let made = rt::task::spawn_blocking(move || {
            read(&reader, Format::Csv, &send, Duration::from_millis(50))
        });
        assert!(matches!(made.await.unwrap(), Err(JournalError::Stopped { .. })));
        let pieces: Vec<_> = stream(receive).collect().await;
        let broken = pieces.last().unwrap().as_ref().err().unwrap();
        assert_eq!((pieces.len(), broken.kind), (limits::AUDIT_PIECES_MAX + 1, &FAULT));

        // One who reads, however slowly, has all of it.
        let (send, receive) = channel(limits::AUDIT_PIECES_MAX);
        let reader = journal.reader();
        let made = rt::task::spawn_blocking(move || read(&reader, Format::Csv, &send, PATIENCE));
        let pieces: Vec<_> = stream(receive).map(Result::unwrap).collect().await;
        made.await.unwrap().unwrap();
        let text = String::from_utf8(pieces.concat()).unwrap();
        assert_eq!(text.lines().count(), 1 + count, "a header, and every act");
    }
}
