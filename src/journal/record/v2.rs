//! Version 2 of records: those that somebody is answerable for, and the kinds that came with
//! them. Frozen, like version 1, which it holds:
//!
//! ```text
//! 2 ‖ sequence ‖ epoch ‖ at, in ms ‖ flags ‖ act ‖ event ‖ positions in courses ‖ of student
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::act_v2::ActV2;
use super::outcome_v1::{numbers, sections};
use super::v1::{self, EventV1, HeadV1};
use crate::domain::acts::Act;
use crate::domain::catalogue::Text;
use crate::domain::event::{Event, Record};
use crate::domain::ids::{CourseId, StudentId, WindowId};
use crate::journal::wire::{self, KeyV1};

#[derive(Serialize, Deserialize)]
enum EventV2 {
    /// A kind of version 1, which somebody is answerable for.
    Same(Box<EventV1>),
    WindowPaused(u32),
    WindowResumed(u32),
    Placed(PlacedV2),
    Removed(u32, u32),
    BlockSet(u32, KeyV1, bool),
    Announced {
        nl: Box<str>,
        en: Box<str>,
    },
    StudentErased(u32),
}

#[derive(Serialize, Deserialize)]
struct PlacedV2 {
    student: u32,
    course: u32,
    sections: Vec<u32>,
    window: u32,
    moved: bool,
    leaves: bool,
    over: Vec<u32>,
}

/// Appends a record, without its version.
pub fn put(record: &Record, out: &mut Vec<u8>) {
    let head = v1::head(record);
    wire::put(&head, out);
    wire::put(&record.act.as_deref().map(ActV2::from), out);
    wire::put(&EventV2::from(&record.event), out);
    v1::put_ends(record, &head, out);
}

/// Takes a record, without its version, off the front.
pub fn take(bytes: &mut &[u8]) -> postcard::Result<Record> {
    let head: HeadV1 = v1::take_head(bytes)?;
    let act: Option<ActV2> = wire::take(bytes)?;
    let event = Event::from(wire::take::<EventV2>(bytes)?);
    let record = v1::take_ends(&head, event, bytes)?;
    Ok(Record { act: act.map(|act| Arc::new(Act::from(act))), ..record })
}

impl From<&Event> for EventV2 {
    fn from(event: &Event) -> Self {
        if let Some(same) = EventV1::of(event) {
            return Self::Same(Box::new(same));
        }
        match event {
            Event::WindowPaused(window) => Self::WindowPaused(window.0),
            Event::WindowResumed(window) => Self::WindowResumed(window.0),
            Event::Placed { student, course, sections, window, moved, leaves, over } => {
                Self::Placed(PlacedV2 {
                    student: student.0,
                    course: course.0,
                    sections: numbers(sections),
                    window: window.0,
                    moved: *moved,
                    leaves: *leaves,
                    over: numbers(over),
                })
            }
            Event::Removed { student, course } => Self::Removed(student.0, course.0),
            Event::BlockSet { student, code, blocked } => {
                Self::BlockSet(student.0, code.into(), *blocked)
            }
            Event::Announced(text) => Self::Announced { nl: text.nl.clone(), en: text.en.clone() },
            Event::StudentErased(student) => Self::StudentErased(student.0),
            other => unreachable!("version 1 has a form for {other:?}"),
        }
    }
}

impl From<EventV2> for Event {
    fn from(event: EventV2) -> Self {
        match event {
            EventV2::Same(same) => (*same).into(),
            EventV2::WindowPaused(window) => Self::WindowPaused(WindowId(window)),
            EventV2::WindowResumed(window) => Self::WindowResumed(WindowId(window)),
            EventV2::Placed(placed) => Self::Placed {
                student: StudentId(placed.student),
                course: CourseId(placed.course),
                sections: sections(placed.sections),
                window: WindowId(placed.window),
                moved: placed.moved,
                leaves: placed.leaves,
                over: sections(placed.over),
            },
            EventV2::Removed(student, course) => {
                Self::Removed { student: StudentId(student), course: CourseId(course) }
            }
            EventV2::BlockSet(student, code, blocked) => {
                Self::BlockSet { student: StudentId(student), code: code.into(), blocked }
            }
            EventV2::Announced { nl, en } => Self::Announced(Arc::new(Text { nl, en })),
            EventV2::StudentErased(student) => Self::StudentErased(StudentId(student)),
        }
    }
}
