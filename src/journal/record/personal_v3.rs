//! Version 3 of what is personal in a record, on disk: taken out of it, and put back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::account_v1::ResultV1;
use super::item_v1::ProfileV1;
use crate::domain::acts::Act;
use crate::domain::catalogue::Item;
use crate::domain::event::{Event, Record};
use crate::domain::ids::StudentId;
use crate::domain::personal::{is_pseudonym, withheld_code};
use crate::journal::wire::KeyV1;

/// What is personal in a record, on disk.
#[derive(Serialize, Deserialize)]
pub struct PersonalV3 {
    event: PartV3,
    act: Option<WordsV3>,
}

#[derive(Serialize, Deserialize)]
enum PartV3 {
    Nothing,
    Profile(ProfileV1),
    Result(ResultV1),
    Agent(Box<str>),
    Code(KeyV1),
}

/// To whom an act was done, and in which words.
#[derive(Serialize, Deserialize)]
pub struct WordsV3 {
    subject: Option<KeyV1>,
    before: Option<Box<str>>,
    after: Option<Box<str>>,
    reason: Option<Box<str>>,
}

impl WordsV3 {
    /// Of an act.
    pub fn of(act: &Act) -> Self {
        Self {
            subject: act.subject.as_ref().map(KeyV1::from),
            before: act.before.clone(),
            after: act.after.clone(),
            reason: act.reason.clone(),
        }
    }

    /// The act with these words.
    pub fn put_into(self, act: &Act) -> Act {
        Act {
            by: act.by.clone(),
            action: act.action,
            subject: self.subject.map(Into::into),
            before: self.before,
            after: self.after,
            reason: self.reason,
        }
    }
}

/// A record taken apart: whose it is, what is left of it without her, and the rest.
pub struct RecordPersonal {
    /// Whose.
    pub student: StudentId,
    /// What anybody may read.
    pub left: Record,
    /// The rest.
    pub personal: PersonalV3,
}

/// The student of whom the event holds something personal.
fn whose(event: &Event) -> Option<StudentId> {
    match event {
        Event::ImportItem(item) => item_of(item),
        Event::SignedIn { student, agent, .. } => (!agent.is_empty()).then_some(*student),
        Event::BlockSet { student, code, .. } => (*code != withheld_code()).then_some(*student),
        Event::ImportBegun
        | Event::ImportApplied { .. }
        | Event::WindowScheduled { .. }
        | Event::WindowOpened(_)
        | Event::WindowClosing(_)
        | Event::WindowClosed(_)
        | Event::WindowReset { .. }
        | Event::PaceSet(..)
        // What she asked for and what became of it stays, under her internal number.
        | Event::PlanSet(..)
        | Event::TicketTaken { .. }
        | Event::TicketLeft(..)
        | Event::Decided { .. }
        | Event::Promoted { .. }
        | Event::PassedOver { .. }
        | Event::CapacitySet(..)
        | Event::StatusSet(..)
        | Event::MessagesRead(..)
        // Nobody is known by a language or by the hash of a secret.
        | Event::PreferencesSet(..)
        | Event::CalendarSet(..)
        | Event::SignedOut(..)
        | Event::WindowPaused(_)
        | Event::WindowResumed(_)
        | Event::Placed { .. }
        | Event::Removed { .. }
        | Event::Announced(_)
        | Event::StudentErased(_) => None,
    }
}

/// The student whose item it is, if something of it is personal.
pub fn item_of(item: &Item) -> Option<StudentId> {
    let withheld = match item {
        Item::Student(_, profile) => profile.is_withheld(),
        Item::Result(_, result) => result.is_withheld(),
        _ => return None,
    };
    item.student().filter(|_| !withheld)
}

/// The student to whom the act was done, if it names her.
fn act_of(record: &Record) -> Option<StudentId> {
    let act = record.act.as_deref()?;
    let named = act.subject.as_ref().is_some_and(|subject| !is_pseudonym(subject));
    (act.action.is_about_student() && named).then(|| record.event.named_student()).flatten()
}

impl RecordPersonal {
    /// Of whom something personal stands in the record.
    pub fn student(record: &Record) -> Option<StudentId> {
        whose(&record.event).or_else(|| act_of(record))
    }

    /// Takes a record apart, if there is something personal in it.
    pub fn of(record: &Record) -> Option<Self> {
        let (event, act) = (whose(&record.event), act_of(record));
        let student = event.or(act)?;
        let mut left = record.clone();
        let event = event.map_or(PartV3::Nothing, |_| take_out(&mut left.event));
        let words = act.and(record.act.as_deref()).map(|act| {
            left.act = Some(Arc::new(act.without_personal(student)));
            WordsV3::of(act)
        });
        Some(Self { student, left, personal: PersonalV3 { event, act: words } })
    }
}

fn take_out(event: &mut Event) -> PartV3 {
    match event {
        Event::ImportItem(item) => {
            let part = match item {
                Item::Student(_, profile) => PartV3::Profile(profile.as_ref().into()),
                Item::Result(_, result) => PartV3::Result(result.as_ref().into()),
                _ => PartV3::Nothing,
            };
            *item = item.without_personal();
            part
        }
        Event::SignedIn { agent, .. } => PartV3::Agent(std::mem::take(agent)),
        Event::BlockSet { code, .. } => {
            PartV3::Code((&std::mem::replace(code, withheld_code())).into())
        }
        _ => PartV3::Nothing,
    }
}

impl PersonalV3 {
    /// Puts it back into what was left; `None` if it does not belong there.
    pub fn put_into(self, mut left: Record) -> Option<Record> {
        match (self.event, &mut left.event) {
            (PartV3::Nothing, _) => {}
            (PartV3::Profile(p), Event::ImportItem(Item::Student(_, profile))) => {
                **profile = p.into();
            }
            (PartV3::Result(r), Event::ImportItem(Item::Result(_, result))) => {
                **result = r.into();
            }
            (PartV3::Agent(a), Event::SignedIn { agent, .. }) => *agent = a,
            (PartV3::Code(c), Event::BlockSet { code, .. }) => *code = c.into(),
            _ => return None,
        }
        if let Some(words) = self.act {
            left.act = Some(Arc::new(words.put_into(left.act.as_deref()?)));
        }
        Some(left)
    }
}

/// The student whom a record that was taken apart is about.
pub fn student_of(left: &Record) -> Option<StudentId> {
    match &left.event {
        Event::ImportItem(Item::Student(id, _) | Item::Result(id, _)) => Some(*id),
        event => event.named_student(),
    }
}
