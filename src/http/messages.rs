//! `/api/messages`: the message centre. Her own messages and the windows', newest first.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::HttpState;
use super::access::AsStudent;
use super::openapi::{ChangeProblems, ReadProblems};
use super::problem::{INVALID, Problem};
use crate::domain::command::Command;
use crate::domain::ids::{Sequence, StudentId};
use crate::domain::registry::Registry;
use crate::limits;
use crate::protocol::convert::{message_view, window_message_view};
use crate::protocol::server::MessageView;

/// Which messages.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MessagesQuery {
    /// Unread ones only.
    pub unread: Option<bool>,
    /// Journal position: older ones than this; `next` of the page before.
    pub before: Option<u64>,
    /// At most so many (1 to 100; 50 unless said otherwise); a record's messages stay together.
    pub limit: Option<u32>,
}

/// A page of messages.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Messages {
    /// Newest first.
    pub messages: Vec<MessageView>,
    /// Unread in all.
    pub unread: u32,
    /// `before` of the next page; `null` at the end.
    pub next: Option<u64>,
    /// Journal position that this rests on: `up_to` to mark everything read.
    pub as_of: u64,
}

/// Up to where messages have been read.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadMark {
    /// Journal position of the newest one read.
    pub up_to: u64,
}

/// What is left.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Unread {
    /// Unread in all.
    pub unread: u32,
}

/// A page of a student's messages. One record's messages are never divided over two pages.
pub fn messages_view(
    registry: &Registry,
    student: StudentId,
    unread_only: bool,
    before: Option<Sequence>,
    limit: usize,
) -> Messages {
    let who = registry.student(student);
    let after = if unread_only { who.read_up_to } else { Sequence(0) };
    let before = before.unwrap_or(Sequence(u64::MAX));
    let mut own = &who.inbox[..who.inbox.partition_point(|i| i.sequence < before)];
    let all = &registry.window_notices;
    let mut windows = &all[..all.partition_point(|n| n.sequence < before)];
    let mut messages = Vec::new();
    let mut next = None;
    loop {
        let newest = own.last().map(|i| i.sequence).max(windows.last().map(|n| n.sequence));
        let Some(sequence) = newest.filter(|s| *s > after) else {
            break;
        };
        let (older, items) = own.split_at(own.partition_point(|i| i.sequence < sequence));
        let (older_windows, notices) =
            windows.split_at(windows.partition_point(|n| n.sequence < sequence));
        if !messages.is_empty() && messages.len() + items.len() + notices.len() > limit {
            next = messages.last().map(|m: &MessageView| m.journal);
            break;
        }
        let read = who.read_up_to;
        messages.extend(notices.iter().map(|n| window_message_view(registry, n, read)));
        let items = items.iter().enumerate();
        messages.extend(items.map(|(i, item)| message_view(registry, item, i, read)));
        (own, windows) = (older, older_windows);
    }
    Messages { messages, unread: registry.unread(student), next, as_of: 0 }
}

/// The message centre, newest first
#[utoipa::path(
    get, path = "/api/messages", tag = "student", params(MessagesQuery),
    responses((status = 200, body = Messages), ReadProblems)
)]
pub async fn list(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
    query: web::Query<MessagesQuery>,
) -> Result<HttpResponse, Problem> {
    let limit = query.limit.unwrap_or(50);
    if limit == 0 || limit > limits::PAGE_ITEMS_MAX {
        let max = limits::PAGE_ITEMS_MAX;
        return Err(Problem::new(&INVALID, format!("limit is 1 to {max}")));
    }
    let student = state.student(&key).await?;
    let (unread, before) = (query.unread == Some(true), query.before.map(Sequence));
    let read = state
        .gateway
        .read(move |registry| messages_view(registry, student, unread, before, limit as usize));
    let (as_of, view) = read.await?;
    Ok(HttpResponse::Ok().json(Messages { as_of: as_of.0, ..view }))
}

/// Mark messages as read
#[utoipa::path(
    post, path = "/api/messages/read", tag = "student", request_body = ReadMark,
    responses((status = 200, body = Unread), ChangeProblems)
)]
pub async fn mark_read(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
    body: web::Json<ReadMark>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    state.gateway.command(Command::MarkRead(student, Sequence(body.up_to))).await?;
    let (_, unread) = state.gateway.read(move |registry| registry.unread(student)).await?;
    Ok(HttpResponse::Ok().json(Unread { unread }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::ids::{Key, Timestamp, WindowId};
    use crate::domain::registry::{WindowNotice, WindowNoticeKind};
    use crate::domain::student::{InboxItem, Notice, Profile, Student};

    fn registry() -> Registry {
        let profile = Profile {
            key: Key::new("s1").unwrap(),
            programme: None,
            year: 1,
            blocks: Vec::new(),
            completed: Vec::new(),
        };
        let mut student = Student::new(Arc::new(profile));
        for sequence in [2, 2, 2, 5, 7, 7] {
            student.inbox.push(InboxItem {
                sequence: Sequence(sequence),
                student_sequence: 0,
                at: Timestamp(sequence),
                notice: Notice::TicketEnded { window: WindowId(0) },
            });
        }
        student.mark_read(Sequence(3));
        let notice = |sequence| WindowNotice {
            sequence: Sequence(sequence),
            at: Timestamp(0),
            window: WindowId(0),
            kind: WindowNoticeKind::Opened,
        };
        let window_notices = [1, 5, 6].map(notice).to_vec();
        let mut registry = Registry::default();
        registry.students.push(student);
        registry.window_notices = window_notices;
        registry
    }

    #[test]
    fn pages_are_newest_first_and_keep_a_record_together() {
        let registry = registry();
        let check = |unread, before: Option<u64>, limit, ids: &[&str], next| {
            let before = before.map(Sequence);
            let page = messages_view(&registry, StudentId(0), unread, before, limit);
            let found: Vec<_> = page.messages.iter().map(|m| m.id.as_str()).collect();
            assert_eq!((found.as_slice(), page.next), (ids, next));
            assert_eq!(page.unread, 5);
        };
        let all = ["7.0", "7.1", "6.w", "5.w", "5.0", "2.0", "2.1", "2.2", "1.w"];
        check(false, None, 100, &all, None);
        check(false, None, 3, &all[..3], Some(6));
        check(false, Some(6), 3, &all[3..5], Some(5));
        check(false, Some(5), 3, &all[5..8], Some(2));
        check(false, Some(2), 3, &all[8..], None);
        check(false, Some(5), 1, &all[5..8], Some(2));
        check(true, None, 100, &all[..5], None);
        check(true, Some(5), 100, &[], None);
    }
}
