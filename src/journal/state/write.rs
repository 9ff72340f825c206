//! A state into blocks.

use std::sync::Arc;

use serde::Serialize;

use super::account_v2::{AccountV2, ChangesV2};
use super::acts_v3::{AuditEntryV3, OverridesV3};
use super::sealed_v4;
use super::v1::{
    EndV1, EnrolmentV1, HeadV1, InboxItemV1, MemoV1, NoticeV1, SeatsV1, StudentV1, TicketV1,
    WaitingV1, WindowNoticeV1, WindowV1, kind,
};
use super::{BLOCK_BYTES, BLOCK_HEADER_BYTES, PLAIN_VERSION, VERSION};
use crate::domain::acts::AuditEntry;
use crate::domain::course::WaitlistEntry;
use crate::domain::ids::{CourseId, RequestId, StudentId};
use crate::domain::outcome::Outcome;
use crate::domain::plan::CourseRequest;
use crate::domain::registry::Registry;
use crate::domain::student::{Decision, Enrolment, InboxItem, Memo, Notice, Profile, Student};
use crate::domain::university::University;
use crate::domain::window::Window;
use crate::journal::keys::Keys;
use crate::journal::record::{
    CourseV1, ItemV1, PlanV1, ProgrammeV1, SectionInfoV1, TermV1, item_of,
};
use crate::journal::wire::{self, list};

/// What becomes of what is personal.
#[derive(Clone, Copy)]
enum Personal<'a> {
    /// It is written as it is.
    Plain,
    /// It is sealed, of those who have a key.
    Sealed(&'a Keys),
    /// It is left out.
    LeftOut,
}

/// Where a state goes, piece by piece.
pub type Sink<'a, E> = dyn FnMut(&[u8]) -> Result<(), E> + 'a;

/// Writes a state as it is, block after block, into `sink`.
pub fn write_state<E>(university: &University, sink: &mut Sink<'_, E>) -> Result<(), E> {
    write(university, Personal::Plain, sink)
}

/// Writes a state in which what is personal is sealed with each student's key.
pub fn write_sealed<E>(
    university: &University,
    keys: &Keys,
    sink: &mut Sink<'_, E>,
) -> Result<(), E> {
    let how = if keys.are_made() { Personal::Sealed(keys) } else { Personal::Plain };
    write(university, how, sink)
}

/// Writes what is left of a state without what is personal: the same whoever was erased.
pub fn write_impersonal<E>(university: &University, sink: &mut Sink<'_, E>) -> Result<(), E> {
    write(university, Personal::LeftOut, sink)
}

fn write<E>(
    university: &University,
    personal: Personal<'_>,
    sink: &mut Sink<'_, E>,
) -> Result<(), E> {
    let registry = &university.registry;
    let mut blocks = Blocks { sink, buffer: Vec::with_capacity(BLOCK_BYTES * 2), kind: 0 };
    let sealed = matches!(personal, Personal::Sealed(_));
    (blocks.sink)(&[if sealed { VERSION } else { PLAIN_VERSION }])?;
    let head = HeadV1 {
        sequence: registry.sequence.0,
        epoch: registry.epoch,
        students: registry.students.len() as u32,
        tickets_taken: registry.tickets_taken,
        tickets_left: registry.tickets_left,
    };
    blocks.put(kind::HEAD, &head)?;
    write_catalogue(&mut blocks, registry)?;
    write_windows(&mut blocks, registry)?;
    write_students(&mut blocks, registry, personal)?;
    write_acts(&mut blocks, registry, personal)?;
    let (count, at) = registry.catalogue_changes;
    if count > 0 {
        blocks.put(kind::CHANGES, &ChangesV2 { count, at: at.0 })?;
    }
    if registry.swaps > 0 {
        blocks.put(kind::SWAPS, &registry.swaps)?;
    }
    write_books(&mut blocks, registry)?;
    for notice in &registry.window_notices {
        blocks.put(kind::NOTICE, &WindowNoticeV1::from(notice))?;
    }
    write_staged(&mut blocks, registry, personal)?;
    for section in &university.sections {
        blocks.put(kind::SEATS, &SeatsV1::from(section))?;
    }
    blocks.put(kind::END, &end_v1(university))?;
    blocks.flush()
}

struct Blocks<'a, 'b, E> {
    sink: &'a mut Sink<'b, E>,
    buffer: Vec<u8>,
    kind: u8,
}

impl<E> Blocks<'_, '_, E> {
    fn put<T: Serialize>(&mut self, kind: u8, value: &T) -> Result<(), E> {
        if kind != self.kind || self.buffer.len() >= BLOCK_BYTES {
            self.flush()?;
            self.kind = kind;
            self.buffer.extend_from_slice(&[kind, 0, 0, 0, 0]);
        }
        wire::put(value, &mut self.buffer);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), E> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let length = (self.buffer.len() - BLOCK_HEADER_BYTES) as u32;
        self.buffer[1..BLOCK_HEADER_BYTES].copy_from_slice(&length.to_le_bytes());
        (self.sink)(&self.buffer)?;
        self.buffer.clear();
        self.buffer.shrink_to(BLOCK_BYTES * 2);
        Ok(())
    }
}

/// What reading must come to.
pub fn end_v1(university: &University) -> EndV1 {
    let registry = &university.registry;
    let catalogue = &registry.catalogue;
    let tickets: usize = registry.windows.iter().map(|w| w.tickets.len()).sum();
    let waiting: usize = registry.courses.iter().map(|b| b.waitlist.len()).sum();
    EndV1 {
        terms: catalogue.terms.len() as u32,
        courses: catalogue.courses.len() as u32,
        sections: catalogue.sections.len() as u32,
        students: registry.students.len() as u32,
        requests: registry.students.iter().map(|s| s.requests.len() as u32).sum(),
        tickets: tickets as u32,
        waiting: waiting as u32,
        seats: university.sections.len() as u32,
    }
}

fn write_catalogue<E>(blocks: &mut Blocks<'_, '_, E>, registry: &Registry) -> Result<(), E> {
    let catalogue = &registry.catalogue;
    for term in &catalogue.terms {
        blocks.put(kind::TERM, &TermV1::from(term))?;
    }
    for course in &catalogue.courses {
        blocks.put(kind::COURSE, &CourseV1::from(course.as_ref()))?;
    }
    for info in &catalogue.sections {
        blocks.put(kind::SECTION, &SectionInfoV1::from(info.as_ref()))?;
    }
    for programme in &catalogue.programmes {
        blocks.put(kind::PROGRAMME, &ProgrammeV1::from(programme))?;
    }
    Ok(())
}

/// Whether what is personal of a student stands in her own blocks.
fn in_the_open(id: StudentId, personal: Personal<'_>) -> bool {
    match personal {
        Personal::Plain => true,
        // Of those who were there before there were keys; and of those erased nothing is left.
        Personal::Sealed(keys) => !keys.has(id),
        Personal::LeftOut => false,
    }
}

fn write_students<E>(
    blocks: &mut Blocks<'_, '_, E>,
    registry: &Registry,
    personal: Personal<'_>,
) -> Result<(), E> {
    let students = || (0..).map(StudentId).zip(&registry.students);
    for (id, student) in students() {
        if in_the_open(id, personal) {
            blocks.put(kind::STUDENT, &student_v1(student))?;
        } else {
            let left = student.without_personal(Profile::sealed(id));
            blocks.put(kind::STUDENT, &student_v1(&left))?;
        }
    }
    for (id, student) in students().filter(|(id, _)| in_the_open(*id, personal)) {
        if let Some(account) = AccountV2::of(id, student) {
            blocks.put(kind::ACCOUNT, &account)?;
        }
    }
    let Personal::Sealed(keys) = personal else { return Ok(()) };
    for (id, student) in students().filter(|(id, _)| keys.has(*id)) {
        if let Some(sealed) = sealed_v4::seal_student(id, student, keys) {
            blocks.put(kind::SEALED, &sealed)?;
        }
    }
    Ok(())
}

fn write_staged<E>(
    blocks: &mut Blocks<'_, '_, E>,
    registry: &Registry,
    personal: Personal<'_>,
) -> Result<(), E> {
    for item in registry.staged() {
        let sealed = match (personal, item_of(item)) {
            (Personal::Sealed(keys), Some(id)) => sealed_v4::seal_item(id, item, keys),
            _ => None,
        };
        let left_out = match personal {
            Personal::LeftOut => true,
            Personal::Sealed(keys) => item.student().is_some_and(|id| keys.is_destroyed(id)),
            Personal::Plain => false,
        };
        match sealed {
            Some(sealed) => blocks.put(kind::SEALED_ITEM, &sealed)?,
            None if left_out => {
                blocks.put(kind::STAGED, &ItemV1::from(&item.without_personal()))?;
            }
            None => blocks.put(kind::STAGED, &ItemV1::from(item))?,
        }
    }
    Ok(())
}

/// The student to whom an act was done.
fn done_to(registry: &Registry, entry: &AuditEntry) -> Option<StudentId> {
    let subject = entry.act.subject.as_ref().filter(|_| entry.act.action.is_about_student())?;
    registry.student_id(subject.as_str())
}

fn write_audit<E>(
    blocks: &mut Blocks<'_, '_, E>,
    registry: &Registry,
    personal: Personal<'_>,
) -> Result<(), E> {
    for entry in registry.audit.iter() {
        match (personal, done_to(registry, entry)) {
            (Personal::LeftOut, Some(id)) => {
                let left = sealed_v4::without(id, entry);
                blocks.put(kind::ACT, &AuditEntryV3::from(&left))?;
            }
            (Personal::Sealed(keys), Some(id)) if keys.has(id) => {
                if let Some(sealed) = sealed_v4::seal_act(id, entry, keys) {
                    blocks.put(kind::SEALED_ACT, &sealed)?;
                }
            }
            _ => blocks.put(kind::ACT, &AuditEntryV3::from(entry))?,
        }
    }
    Ok(())
}

fn write_acts<E>(
    blocks: &mut Blocks<'_, '_, E>,
    registry: &Registry,
    personal: Personal<'_>,
) -> Result<(), E> {
    let windows = registry.windows.iter().enumerate();
    for (i, _) in windows.filter(|(_, window)| window.paused) {
        blocks.put(kind::PAUSED, &(i as u32))?;
    }
    for (id, student) in (0..).map(StudentId).zip(&registry.students) {
        if let Some(words) = OverridesV3::of(id, student)
            && in_the_open(id, personal)
        {
            blocks.put(kind::OVERRIDES, &words)?;
        }
    }
    write_audit(blocks, registry, personal)
}

fn write_windows<E>(blocks: &mut Blocks<'_, '_, E>, registry: &Registry) -> Result<(), E> {
    for window in &registry.windows {
        blocks.put(kind::WINDOW, &window_v1(window))?;
    }
    for (i, window) in registry.windows.iter().enumerate() {
        for ticket in &window.tickets {
            let ticket = TicketV1 {
                window: i as u32,
                student: ticket.student.0,
                request: ticket.request.0,
                plan: ticket.plan.as_deref().map(PlanV1::from),
                state: ticket.state.into(),
            };
            blocks.put(kind::TICKET, &ticket)?;
        }
    }
    Ok(())
}

fn window_v1(window: &Window) -> WindowV1 {
    WindowV1 {
        rules: (&window.rules).into(),
        state: window.state.into(),
        run: window.run,
        opened_at: window.opened_at.map(|at| at.0),
        drawn: window.drawn,
        waiting: window.waiting,
    }
}

fn write_books<E>(blocks: &mut Blocks<'_, '_, E>, registry: &Registry) -> Result<(), E> {
    for book in &registry.courses {
        blocks.put(kind::BOOK, &book.sequence)?;
    }
    for (i, book) in registry.courses.iter().enumerate() {
        for entry in &book.waitlist {
            blocks.put(kind::WAITING, &waiting_v1(registry, CourseId(i as u32), entry))?;
        }
    }
    Ok(())
}

fn waiting_v1(registry: &Registry, course: CourseId, entry: &WaitlistEntry) -> WaitingV1 {
    let memo = registry.memo(entry.student, entry.request_id);
    let known = memo.and_then(|memo| waitlisted(memo, course));
    let known = known == Some(&entry.request);
    let request = (!known).then(|| entry.request.as_ref().into());
    WaitingV1 {
        course: course.0,
        student: entry.student.0,
        request,
        request_id: entry.request_id.0,
        window: entry.window.0,
        since: entry.since.0,
        replaces: entry.replaces.map(|c| c.0),
        told: list(&entry.told),
    }
}

/// The request in the outcome that put her on the course's waitlist.
pub fn waitlisted(memo: &Memo, course: CourseId) -> Option<&Arc<CourseRequest>> {
    let (_, outcomes) = memo.decided.as_ref()?;
    outcomes.iter().find_map(|(c, outcome)| match outcome {
        Outcome::Waitlisted { request, .. } if *c == course => Some(request),
        _ => None,
    })
}

fn student_v1(student: &Student) -> StudentV1 {
    StudentV1 {
        profile: student.profile.as_ref().into(),
        plan: student.plan.as_ref().into(),
        enrolments: student.enrolments.iter().map(enrolment_v1).collect(),
        waiting: student.waiting.iter().map(|c| c.0).collect(),
        tickets: student.tickets.iter().map(|(w, t)| (w.0, t.0)).collect(),
        sequence: student.sequence,
        read_up_to: student.read_up_to.0,
        memos: student.requests.iter().map(|(id, memo)| memo_v1(*id, memo)).collect(),
        inbox: inbox_v1(student),
    }
}

fn enrolment_v1(enrolment: &Enrolment) -> EnrolmentV1 {
    EnrolmentV1 {
        course: enrolment.course.0,
        sections: enrolment.sections.iter().map(|s| s.0).collect(),
        window: enrolment.window.0,
        since: enrolment.since.0,
    }
}

fn memo_v1(request: RequestId, memo: &Memo) -> MemoV1 {
    let decided = memo.decided.as_ref().map(|(sequence, outcomes)| {
        let outcomes = outcomes.iter().map(|(course, o)| (course.0, o.into()));
        (sequence.0, outcomes.collect())
    });
    MemoV1 {
        request: request.0,
        body: memo.body.to_le_bytes(),
        ticket: memo.ticket.map(|(w, t)| (w.0, t.0)),
        decided,
    }
}

/// Her messages; those that are a memo's outcomes, all of them and in order, as its index.
pub fn inbox_v1(student: &Student) -> Vec<InboxItemV1> {
    let memos = student.requests.iter().enumerate();
    let mut decided: Vec<(usize, RequestId, &Decision)> =
        memos.filter_map(|(i, (id, memo))| Some((i, *id, memo.decided.as_ref()?))).collect();
    decided.sort_unstable_by_key(|(_, _, (sequence, _))| *sequence);
    let mut out = Vec::with_capacity(student.inbox.len());
    let mut rest = student.inbox.as_slice();
    while let Some(first) = rest.first() {
        let found = decided.binary_search_by_key(&first.sequence, |(_, _, (at, _))| *at);
        let found = found.ok().map(|i| {
            let (index, request, (_, outcomes)) = &decided[i];
            (*index, told(rest, *request, outcomes))
        });
        let (notice, length) = match found {
            Some((index, length)) if length > 0 => (NoticeV1::Memo(index as u32), length),
            _ => ((&first.notice).into(), 1),
        };
        out.push(InboxItemV1 {
            sequence: first.sequence.0,
            student_sequence: first.student_sequence,
            at: first.at.0,
            notice,
        });
        rest = &rest[length..];
    }
    out
}

/// How many of the messages are just these outcomes of the request; 0 when not all are there.
fn told(inbox: &[InboxItem], of: RequestId, outcomes: &[(CourseId, Outcome)]) -> usize {
    let head = |i: &InboxItem| (i.sequence, i.student_sequence, i.at);
    let same = |(item, (asked, what)): (&InboxItem, &(CourseId, Outcome))| match &item.notice {
        // A swap's names both courses, which the memo does not.
        Notice::Outcome { request, course, outcome, instead_of: None } => {
            let same = *request == of && course == asked && outcome == what;
            head(item) == head(&inbox[0]) && same
        }
        _ => false,
    };
    let whole = outcomes.len() <= inbox.len() && inbox.iter().zip(outcomes).all(same);
    if whole { outcomes.len() } else { 0 }
}
