//! Version 1 of records and events on disk. Frozen: what is written here is read for ever. A
//! change of the domain changes the conversions; a change of the format is a `v2.rs`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::account_v1::PreferencesV1;
use super::item_v1::ItemV1;
use super::outcome_v1::{OutcomeV1, PlanV1, ReasonV1, StatusV1, numbers, sections};
use crate::domain::account::DeviceId;
use crate::domain::event::{Event, Record, Via};
use crate::domain::ids::{
    CourseId, RequestId, SectionId, Sequence, StudentId, Ticket, Timestamp, WindowId,
};
use crate::journal::wire;

/// The courses are those that the event names.
const COURSES_NAMED: u8 = 1;
/// The student is the one that the event names.
const STUDENT_NAMED: u8 = 2;

/// What a record begins with.
#[derive(Serialize, Deserialize)]
pub struct HeadV1 {
    sequence: u64,
    epoch: u32,
    at: u64,
    flags: u8,
}

/// [`Event`] on disk, as of version 1.
#[derive(Serialize, Deserialize)]
pub enum EventV1 {
    Decided(DecidedV1),
    Promoted { student: u32, course: u32, sections: Vec<u32>, replaces: Option<u32> },
    PassedOver { student: u32, course: u32, blocker: ReasonV1 },
    PlanSet(u32, PlanV1),
    TicketTaken(TicketTakenV1),
    TicketLeft(u32, u32),
    MessagesRead(u32, u64),
    CapacitySet(u32, Option<u32>),
    StatusSet(u32, StatusV1),
    ImportBegun,
    ImportItem(ItemV1),
    ImportApplied(u32),
    WindowScheduled { window: u32, opens_at: Option<u64>, closes_at: Option<u64> },
    WindowOpened(u32),
    WindowClosing(u32),
    WindowClosed(u32),
    WindowReset { window: u32, seed: [u8; 32], opens_at: Option<u64> },
    PaceSet(u32, Option<u32>),
    PreferencesSet(u32, PreferencesV1),
    CalendarSet(u32, Option<[u8; 32]>),
    SignedIn { student: u32, device: [u8; 8], agent: Box<str>, expires: u64 },
    SignedOut(u32, Option<[u8; 8]>),
}

/// A decision.
#[derive(Serialize, Deserialize)]
pub struct DecidedV1 {
    student: u32,
    request: [u8; 16],
    body: [u8; 8],
    via: ViaV1,
    outcomes: Vec<(u32, OutcomeV1)>,
}

/// A place in the line.
#[derive(Serialize, Deserialize)]
pub struct TicketTakenV1 {
    window: u32,
    ticket: u32,
    student: u32,
    request: [u8; 16],
    body: [u8; 8],
    plan: Option<PlanV1>,
}

/// By which way.
#[derive(Serialize, Deserialize)]
pub enum ViaV1 {
    Ticket(u32, u32),
    Submit(u32),
    Drop,
    Leave,
    Swap { window: u32, from: u32 },
}

/// Appends a record, without its version.
pub fn put(record: &Record, event: &EventV1, out: &mut Vec<u8>) {
    let head = head(record);
    wire::put(&head, out);
    wire::put(event, out);
    put_ends(record, &head, out);
}

/// What the record begins with.
pub fn head(record: &Record) -> HeadV1 {
    let named =
        |(i, (course, _)): (usize, &(CourseId, u32))| record.event.named_course(i) == Some(*course);
    let whole = record.event.named_course(record.courses.len()).is_none();
    let courses_named = whole && record.courses.iter().enumerate().all(named);
    let student_named = match (record.students.as_slice(), record.event.named_student()) {
        ([(student, _)], Some(named)) => *student == named,
        (students, None) => students.is_empty(),
        _ => false,
    };
    HeadV1 {
        sequence: record.sequence.0,
        epoch: record.epoch,
        at: record.at.0,
        flags: u8::from(courses_named) * COURSES_NAMED + u8::from(student_named) * STUDENT_NAMED,
    }
}

/// Appends what a record ends with.
pub fn put_ends(record: &Record, head: &HeadV1, out: &mut Vec<u8>) {
    let courses_named = head.flags & COURSES_NAMED != 0;
    let student_named = head.flags & STUDENT_NAMED != 0;
    let courses = record.courses.iter().map(|(course, n)| (course.0, *n));
    put_positions(courses, courses_named, out);
    let students = record.students.iter().map(|(student, n)| (student.0, *n));
    put_positions(students, student_named, out);
}

fn put_positions(all: impl ExactSizeIterator<Item = (u32, u32)>, named: bool, out: &mut Vec<u8>) {
    if !named {
        wire::put(&(all.len() as u32), out);
    }
    for (id, position) in all {
        if !named {
            wire::put(&id, out);
        }
        wire::put(&position, out);
    }
}

/// Takes a record, without its version, off the front.
pub fn take(bytes: &mut &[u8]) -> postcard::Result<Record> {
    let head = take_head(bytes)?;
    let event = Event::from(wire::take::<EventV1>(bytes)?);
    take_ends(&head, event, bytes)
}

/// Takes what a record begins with.
pub fn take_head(bytes: &mut &[u8]) -> postcard::Result<HeadV1> {
    let head: HeadV1 = wire::take(bytes)?;
    if head.flags > COURSES_NAMED + STUDENT_NAMED {
        return Err(postcard::Error::SerdeDeCustom);
    }
    Ok(head)
}

/// Takes what a record ends with.
pub fn take_ends(head: &HeadV1, event: Event, bytes: &mut &[u8]) -> postcard::Result<Record> {
    let mut courses = Vec::new();
    if head.flags & COURSES_NAMED == 0 {
        let pairs: Vec<(u32, u32)> = wire::take(bytes)?;
        courses.extend(pairs.into_iter().map(|(id, position)| (CourseId(id), position)));
    } else {
        while let Some(course) = event.named_course(courses.len()) {
            courses.push((course, wire::take(bytes)?));
        }
    }
    let mut students = Vec::new();
    if head.flags & STUDENT_NAMED == 0 {
        let pairs: Vec<(u32, u32)> = wire::take(bytes)?;
        students.extend(pairs.into_iter().map(|(id, position)| (StudentId(id), position)));
    } else if let Some(student) = event.named_student() {
        students = vec![(student, wire::take(bytes)?)];
    }
    let (sequence, at) = (Sequence(head.sequence), Timestamp(head.at));
    Ok(Record { sequence, epoch: head.epoch, at, courses, students, event, act: None })
}

impl EventV1 {
    /// The event, unless its kind came later.
    pub fn of(event: &Event) -> Option<Self> {
        Some(match event {
            Event::ImportBegun => Self::ImportBegun,
            Event::ImportItem(item) => Self::ImportItem(item.into()),
            Event::ImportApplied { items } => Self::ImportApplied(*items),
            Event::WindowScheduled { window, opens_at, closes_at } => Self::WindowScheduled {
                window: window.0,
                opens_at: opens_at.map(|at| at.0),
                closes_at: closes_at.map(|at| at.0),
            },
            Event::WindowOpened(window) => Self::WindowOpened(window.0),
            Event::WindowClosing(window) => Self::WindowClosing(window.0),
            Event::WindowClosed(window) => Self::WindowClosed(window.0),
            Event::WindowReset { window, seed, opens_at } => {
                let opens_at = opens_at.map(|at| at.0);
                Self::WindowReset { window: window.0, seed: *seed, opens_at }
            }
            Event::PaceSet(window, pace) => Self::PaceSet(window.0, *pace),
            Event::PlanSet(student, plan) => Self::PlanSet(student.0, plan.as_ref().into()),
            Event::TicketTaken { window, ticket, student, request, body, plan } => {
                Self::TicketTaken(TicketTakenV1 {
                    window: window.0,
                    ticket: ticket.0,
                    student: student.0,
                    request: request.0,
                    body: body.to_le_bytes(),
                    plan: plan.as_deref().map(PlanV1::from),
                })
            }
            Event::TicketLeft(window, ticket) => Self::TicketLeft(window.0, ticket.0),
            Event::Decided { student, request, body, via, outcomes } => {
                let outcomes = outcomes.iter().map(|(course, o)| (course.0, o.into()));
                Self::Decided(DecidedV1 {
                    student: student.0,
                    request: request.0,
                    body: body.to_le_bytes(),
                    via: (*via).into(),
                    outcomes: outcomes.collect(),
                })
            }
            Event::Promoted { student, course, sections, replaces } => Self::Promoted {
                student: student.0,
                course: course.0,
                sections: numbers(sections),
                replaces: replaces.map(|c| c.0),
            },
            Event::PassedOver { student, course, blocker } => {
                Self::PassedOver { student: student.0, course: course.0, blocker: blocker.into() }
            }
            Event::CapacitySet(section, capacity) => Self::CapacitySet(section.0, *capacity),
            Event::StatusSet(section, status) => Self::StatusSet(section.0, (*status).into()),
            Event::MessagesRead(student, up_to) => Self::MessagesRead(student.0, up_to.0),
            Event::PreferencesSet(student, preferences) => {
                Self::PreferencesSet(student.0, preferences.into())
            }
            Event::CalendarSet(student, hash) => Self::CalendarSet(student.0, *hash),
            Event::SignedIn { student, device, agent, expires } => Self::SignedIn {
                student: student.0,
                device: device.0.to_le_bytes(),
                agent: agent.clone(),
                expires: expires.0,
            },
            Event::SignedOut(student, device) => {
                Self::SignedOut(student.0, device.map(|id| id.0.to_le_bytes()))
            }
            Event::WindowPaused(_)
            | Event::WindowResumed(_)
            | Event::Placed { .. }
            | Event::Removed { .. }
            | Event::BlockSet { .. }
            | Event::Announced(_)
            | Event::StudentErased(_) => return None,
        })
    }
}

impl From<EventV1> for Event {
    fn from(event: EventV1) -> Self {
        match event {
            EventV1::Decided(decided) => decided.into(),
            EventV1::Promoted { student, course, sections: numbers, replaces } => Self::Promoted {
                student: StudentId(student),
                course: CourseId(course),
                sections: sections(numbers),
                replaces: replaces.map(CourseId),
            },
            EventV1::PassedOver { student, course, blocker } => Self::PassedOver {
                student: StudentId(student),
                course: CourseId(course),
                blocker: blocker.into(),
            },
            EventV1::PlanSet(student, plan) => {
                Self::PlanSet(StudentId(student), Arc::new(plan.into()))
            }
            EventV1::TicketTaken(taken) => taken.into(),
            EventV1::TicketLeft(window, ticket) => {
                Self::TicketLeft(WindowId(window), Ticket(ticket))
            }
            EventV1::MessagesRead(student, up_to) => {
                Self::MessagesRead(StudentId(student), Sequence(up_to))
            }
            EventV1::CapacitySet(section, capacity) => {
                Self::CapacitySet(SectionId(section), capacity)
            }
            EventV1::StatusSet(section, status) => {
                Self::StatusSet(SectionId(section), status.into())
            }
            EventV1::ImportBegun => Self::ImportBegun,
            EventV1::ImportItem(item) => Self::ImportItem(item.into()),
            EventV1::ImportApplied(items) => Self::ImportApplied { items },
            EventV1::WindowScheduled { window, opens_at, closes_at } => Self::WindowScheduled {
                window: WindowId(window),
                opens_at: opens_at.map(Timestamp),
                closes_at: closes_at.map(Timestamp),
            },
            EventV1::WindowOpened(window) => Self::WindowOpened(WindowId(window)),
            EventV1::WindowClosing(window) => Self::WindowClosing(WindowId(window)),
            EventV1::WindowClosed(window) => Self::WindowClosed(WindowId(window)),
            EventV1::WindowReset { window, seed, opens_at } => {
                let opens_at = opens_at.map(Timestamp);
                Self::WindowReset { window: WindowId(window), seed, opens_at }
            }
            EventV1::PaceSet(window, pace) => Self::PaceSet(WindowId(window), pace),
            EventV1::PreferencesSet(student, preferences) => {
                Self::PreferencesSet(StudentId(student), preferences.into())
            }
            EventV1::CalendarSet(student, hash) => Self::CalendarSet(StudentId(student), hash),
            EventV1::SignedIn { student, device, agent, expires } => Self::SignedIn {
                student: StudentId(student),
                device: DeviceId(u64::from_le_bytes(device)),
                agent,
                expires: Timestamp(expires),
            },
            EventV1::SignedOut(student, device) => {
                let device = device.map(|id| DeviceId(u64::from_le_bytes(id)));
                Self::SignedOut(StudentId(student), device)
            }
        }
    }
}

impl From<DecidedV1> for Event {
    fn from(decided: DecidedV1) -> Self {
        let outcomes = decided.outcomes.into_iter();
        Self::Decided {
            student: StudentId(decided.student),
            request: RequestId(decided.request),
            body: u64::from_le_bytes(decided.body),
            via: decided.via.into(),
            outcomes: outcomes.map(|(course, o)| (CourseId(course), o.into())).collect(),
        }
    }
}

impl From<TicketTakenV1> for Event {
    fn from(taken: TicketTakenV1) -> Self {
        Self::TicketTaken {
            window: WindowId(taken.window),
            ticket: Ticket(taken.ticket),
            student: StudentId(taken.student),
            request: RequestId(taken.request),
            body: u64::from_le_bytes(taken.body),
            plan: taken.plan.map(|plan| Arc::new(plan.into())),
        }
    }
}

impl From<Via> for ViaV1 {
    fn from(via: Via) -> Self {
        match via {
            Via::Ticket(window, ticket) => Self::Ticket(window.0, ticket.0),
            Via::Submit(window) => Self::Submit(window.0),
            Via::Drop => Self::Drop,
            Via::Leave => Self::Leave,
            Via::Swap { window, from } => Self::Swap { window: window.0, from: from.0 },
        }
    }
}

impl From<ViaV1> for Via {
    fn from(via: ViaV1) -> Self {
        match via {
            ViaV1::Ticket(window, ticket) => Self::Ticket(WindowId(window), Ticket(ticket)),
            ViaV1::Submit(window) => Self::Submit(WindowId(window)),
            ViaV1::Drop => Self::Drop,
            ViaV1::Leave => Self::Leave,
            ViaV1::Swap { window, from } => {
                Self::Swap { window: WindowId(window), from: CourseId(from) }
            }
        }
    }
}
