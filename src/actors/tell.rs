//! What a record is news of: for students, for the lines, for the counters.

use std::collections::HashMap;
use std::sync::Arc;

use super::line::LineUpdate;
use super::news::{Bulletin, Count, News, Output, Public};
use super::registrar::Parts;
use super::sign_ins::SignedIn;
use crate::domain::event::{Event, Record, Via};
use crate::domain::ids::{CourseId, SectionId, Sequence, StudentId, Ticket, WindowId};
use crate::domain::outcome::Outcome;
use crate::domain::registry::{Registry, WindowNoticeKind};
use crate::domain::student::Notice;
use crate::domain::window::{TicketState, WindowState};
use crate::metrics::Asked;
use crate::protocol::convert;

/// What everybody may know, as of now.
pub fn public(registry: &Registry) -> Public {
    let windows = registry.windows.iter();
    Public {
        catalogue: Arc::clone(&registry.catalogue),
        windows: windows.map(|w| convert::window_view(&registry.catalogue, w)).collect(),
        opened_at: registry.windows.iter().map(|w| w.opened_at).collect(),
        version: registry.sequence,
    }
}

/// Everything that the record is news of, `asked` for by somebody. Called after it was applied.
pub fn outputs(parts: &Parts, record: &Record, asked: Option<Asked>) -> Vec<Output> {
    let registry = &parts.registry;
    let mut out = Vec::new();
    let counts = counts(&record.event);
    if !counts.is_empty() {
        out.push(Output::Count(counts));
    }
    match &record.event {
        Event::Decided { student, request, outcomes, via, .. }
            if parts.directory.is_connected(*student) =>
        {
            let outcomes = match registry.memo(*student, *request) {
                Some(memo) => memo.decided.as_ref().map(|(_, outcomes)| Arc::clone(outcomes)),
                None => None,
            };
            let news = News::Outcomes {
                request: *request,
                outcomes: outcomes.unwrap_or_else(|| Arc::from(outcomes_of(&record.event))),
                journal: record.sequence,
                at: record.at,
                sequence: registry.student(*student).sequence,
                unread: registry.unread(*student),
                served: match via {
                    Via::Ticket(window, _) => Some(*window),
                    _ => None,
                },
                asked,
            };
            out.push(Output::Student(*student, news));
        }
        Event::PlanSet(student, _) if parts.directory.is_connected(*student) => {
            out.push(Output::Student(*student, plan(parts, *student)));
        }
        Event::MessagesRead(student, up_to) if parts.directory.is_connected(*student) => {
            let (unread, up_to) = (registry.unread(*student), *up_to);
            let sequence = registry.student(*student).sequence;
            out.push(Output::Student(*student, News::Read { up_to, unread, sequence }));
        }
        Event::PreferencesSet(student, preferences) if parts.directory.is_connected(*student) => {
            let (preferences, sequence) = (*preferences, registry.student(*student).sequence);
            out.push(Output::Student(*student, News::Preferences { preferences, sequence }));
        }
        // Told whether she is connected or not: a session may begin before this is on disk.
        Event::SignedIn { student, .. } => sign_ins(registry, *student, false, &mut out),
        Event::SignedOut(student, device) => {
            sign_ins(registry, *student, device.is_none(), &mut out);
        }
        Event::TicketTaken { window, ticket, student, .. } => {
            if let Some(news) = in_line(registry, *window, *ticket) {
                out.push(Output::Student(*student, news));
            }
        }
        Event::TicketLeft(window, ticket) => {
            if let Some(info) = registry.window(*window).and_then(|w| w.ticket(*ticket)) {
                out.push(Output::Student(info.student, News::Disarmed(*window)));
            }
        }
        Event::WindowOpened(w)
        | Event::WindowClosed(w)
        | Event::WindowScheduled { window: w, .. }
        | Event::WindowReset { window: w, .. }
        | Event::PaceSet(w, _) => out.push(everyone(registry, vec![*w])),
        Event::ImportApplied { .. } => {
            let all = (0..registry.windows.len()).map(|i| WindowId(i as u32));
            out.push(everyone(registry, all.collect()));
        }
        _ => {}
    }
    if let Some(notice) = registry.window_notices.last().filter(|n| n.sequence == record.sequence) {
        let view = convert::window_message_view(registry, notice, Sequence(0));
        let reset = notice.kind == WindowNoticeKind::Reset;
        out.push(Output::Everyone(Arc::new(Bulletin::Notice {
            window: notice.window,
            reset,
            view: Box::new(view),
        })));
    }
    messages(parts, record, &mut out);
    out
}

fn sign_ins(registry: &Registry, id: StudentId, everywhere: bool, out: &mut Vec<Output>) {
    let student = registry.student(id);
    let signed_in = Arc::new(SignedIn::of(&student.account));
    out.push(Output::SignIns(student.profile.key.clone(), signed_in));
    let devices = student.account.devices.iter().map(|device| device.id).collect();
    out.push(Output::Student(id, News::SignIns { devices, everywhere }));
}

fn everyone(registry: &Registry, windows: Vec<WindowId>) -> Output {
    Output::Everyone(Arc::new(Bulletin::Public(Arc::new(public(registry)), windows)))
}

fn outcomes_of(event: &Event) -> Vec<(CourseId, Outcome)> {
    match event {
        Event::Decided { outcomes, .. } => outcomes.clone(),
        _ => Vec::new(),
    }
}

/// The plan as saved, with what stands in its way by the seats that are on disk.
pub fn plan(parts: &Parts, student: StudentId) -> News {
    let registry = &parts.registry;
    let plan = &registry.student(student).plan;
    let sections = plan.courses.iter().flat_map(|r| r.sections(&registry.catalogue));
    let quotes = parts.board.quotes(&sections.collect::<Vec<_>>());
    let blockers = registry.blockers(student, plan, &quotes);
    let view = convert::plan_view(&registry.catalogue, plan, &blockers);
    News::Plan { plan: Box::new(view), sequence: registry.student(student).sequence }
}

/// "Armed, among n" while the window has no order yet; later the line tells the position.
pub fn in_line(registry: &Registry, window: WindowId, ticket: Ticket) -> Option<News> {
    let w = registry.window(window)?;
    let armed = w.state == WindowState::Planned;
    armed.then_some(News::Armed { window, ticket, among: w.waiting })
}

/// Messages that this record put into message centres, for those who are connected.
fn messages(parts: &Parts, record: &Record, out: &mut Vec<Output>) {
    let registry = &parts.registry;
    // Most records touch who is named in them; these touch whoever has or waits for a section,
    // or stood in a line.
    let everyone = matches!(
        record.event,
        Event::CapacitySet(..)
            | Event::StatusSet(..)
            | Event::WindowClosed(_)
            | Event::ImportApplied { .. }
    );
    let named = record.students.iter().map(|(student, _)| *student);
    let all = 0..if everyone { registry.students.len() as u32 } else { 0 };
    for student in named.chain(all.map(StudentId)) {
        let who = registry.student(student);
        let new = who.inbox.iter().rev().take_while(|i| i.sequence == record.sequence).count();
        if new == 0 || !parts.directory.is_connected(student) {
            continue;
        }
        let unread = registry.unread(student);
        for (index, item) in who.inbox[who.inbox.len() - new..].iter().enumerate() {
            // Her own request's outcome is told as such; the message centre has it too.
            if matches!(item.notice, Notice::Outcome { .. }) {
                continue;
            }
            let view = convert::message_view(registry, item, index, who.read_up_to);
            let news =
                News::Message { message: Box::new(view), unread, sequence: item.student_sequence };
            out.push(Output::Student(student, news));
        }
    }
}

/// What the lines must know of an event. Called after it was applied.
pub fn line_updates(registry: &Registry, event: &Event) -> Vec<(WindowId, LineUpdate)> {
    let whole = |w: &WindowId| {
        let window = Box::new(registry.windows[w.index()].clone());
        vec![(*w, LineUpdate::Window(window))]
    };
    match event {
        Event::WindowOpened(w)
        | Event::WindowClosed(w)
        | Event::WindowClosing(w)
        | Event::WindowScheduled { window: w, .. }
        | Event::WindowReset { window: w, .. }
        | Event::PaceSet(w, _) => whole(w),
        Event::ImportApplied { .. } => {
            let windows = (0..registry.windows.len()).map(|i| WindowId(i as u32));
            let catalogue = |w| (w, LineUpdate::Catalogue(Arc::clone(&registry.catalogue)));
            windows.flat_map(|w| whole(&w).into_iter().chain([catalogue(w)])).collect()
        }
        Event::TicketTaken { window, ticket, student, plan, .. } => {
            let plan = plan.as_ref().unwrap_or(&registry.student(*student).plan);
            let (student, plan) = (*student, Arc::clone(plan));
            vec![(*window, LineUpdate::Ticket { ticket: *ticket, student, plan })]
        }
        Event::TicketLeft(window, ticket) => vec![(*window, LineUpdate::Left(*ticket))],
        Event::Decided { via: Via::Ticket(window, ticket), .. } => {
            vec![(*window, LineUpdate::Served(*ticket))]
        }
        Event::PlanSet(student, plan) => {
            let tickets = registry.student(*student).tickets.iter();
            let own = tickets.filter(|(w, t)| {
                let info = registry.window(*w).and_then(|w| w.ticket(*t));
                info.is_some_and(|i| i.state == TicketState::Waiting && i.plan.is_none())
            });
            let update = |t: &Ticket| LineUpdate::Plan { ticket: *t, plan: Arc::clone(plan) };
            own.map(|(w, t)| (*w, update(t))).collect()
        }
        _ => Vec::new(),
    }
}

/// Courses whose waitlist ranks the event may have moved.
pub fn moved_waitlists(registry: &Registry, event: &Event) -> Vec<CourseId> {
    match event {
        Event::WindowReset { .. } => registry.courses_with_waitlist().collect(),
        Event::Promoted { course, .. } => vec![*course],
        Event::Decided { outcomes, .. } => {
            let left = outcomes.iter().filter(|(_, o)| matches!(o, Outcome::LeftWaitlist));
            left.map(|(course, _)| *course).collect()
        }
        _ => Vec::new(),
    }
}

/// The ranks of the connected who wait for a course.
pub fn ranks(parts: &Parts, course: CourseId) -> Vec<Output> {
    let registry = &parts.registry;
    let mut ahead: HashMap<SectionId, u32> = HashMap::new();
    let mut out = Vec::new();
    for (i, entry) in registry.book(course).waitlist.iter().enumerate() {
        if parts.directory.is_connected(entry.student) {
            let ahead = |section| ahead.get(&section).copied().unwrap_or(0);
            let view = convert::waitlist_view(&registry.catalogue, entry, i as u32 + 1, ahead);
            out.push(Output::Student(entry.student, News::Rank(Box::new(view))));
        }
        for section in entry.request.sections(&registry.catalogue) {
            *ahead.entry(section).or_default() += 1;
        }
    }
    out
}

/// What the counters add for an event (I12: the same for a fold of the journal).
pub fn counts(event: &Event) -> Vec<Count> {
    match event {
        Event::Decided { outcomes, via, .. } => {
            let count = |outcome: &Outcome| match outcome {
                Outcome::Refused(reason) => Count::Outcome(outcome.key(), Some(reason.key())),
                _ => Count::Outcome(outcome.key(), None),
            };
            let counts = outcomes.iter().map(|(_, outcome)| count(outcome));
            let granted =
                |(_, outcome): &(CourseId, Outcome)| matches!(outcome, Outcome::Enrolled { .. });
            let more = match via {
                Via::Ticket(window, _) => Some(Count::TicketDecided(*window)),
                Via::Swap { .. } if outcomes.iter().any(granted) => Some(Count::Swap),
                _ => None,
            };
            counts.chain(more).collect()
        }
        Event::Promoted { replaces: Some(_), .. } => vec![Count::Promotion, Count::Swap],
        Event::Promoted { .. } => vec![Count::Promotion],
        Event::PassedOver { .. } => vec![Count::PassedOver],
        Event::TicketTaken { .. } => vec![Count::TicketTaken],
        Event::TicketLeft(..) => vec![Count::TicketLeft],
        _ => Vec::new(),
    }
}
