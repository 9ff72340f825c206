//! Version 2 of acts on disk: who is answerable for a record.

use serde::{Deserialize, Serialize};

use crate::domain::acts::{Act, Action};
use crate::journal::wire::KeyV1;

/// [`Act`] on disk.
#[derive(Serialize, Deserialize)]
pub struct ActV2 {
    by: KeyV1,
    action: ActionV2,
    subject: Option<KeyV1>,
    before: Option<Box<str>>,
    after: Option<Box<str>>,
    reason: Option<Box<str>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum ActionV2 {
    WindowOpen,
    WindowClose,
    WindowPause,
    WindowResume,
    WindowSchedule,
    WindowPace,
    WindowReset,
    SectionCapacity,
    SectionStatus,
    StudentEnrol,
    StudentDrop,
    StudentMove,
    StudentBlock,
    StudentUnblock,
    Announcement,
    Import,
    StudentErase,
}

/// Each action with its form on disk.
const ACTIONS: [(Action, ActionV2); 17] = [
    (Action::WindowOpen, ActionV2::WindowOpen),
    (Action::WindowClose, ActionV2::WindowClose),
    (Action::WindowPause, ActionV2::WindowPause),
    (Action::WindowResume, ActionV2::WindowResume),
    (Action::WindowSchedule, ActionV2::WindowSchedule),
    (Action::WindowPace, ActionV2::WindowPace),
    (Action::WindowReset, ActionV2::WindowReset),
    (Action::SectionCapacity, ActionV2::SectionCapacity),
    (Action::SectionStatus, ActionV2::SectionStatus),
    (Action::StudentEnrol, ActionV2::StudentEnrol),
    (Action::StudentDrop, ActionV2::StudentDrop),
    (Action::StudentMove, ActionV2::StudentMove),
    (Action::StudentBlock, ActionV2::StudentBlock),
    (Action::StudentUnblock, ActionV2::StudentUnblock),
    (Action::Announcement, ActionV2::Announcement),
    (Action::Import, ActionV2::Import),
    (Action::StudentErase, ActionV2::StudentErase),
];

impl From<&Act> for ActV2 {
    fn from(act: &Act) -> Self {
        // In the order of `Action`, which is the order of the table.
        let (_, action) = ACTIONS[act.action as usize];
        Self {
            by: (&act.by).into(),
            action,
            subject: act.subject.as_ref().map(Into::into),
            before: act.before.clone(),
            after: act.after.clone(),
            reason: act.reason.clone(),
        }
    }
}

impl From<ActV2> for Act {
    fn from(act: ActV2) -> Self {
        let (action, _) = ACTIONS[act.action as usize];
        Self {
            by: act.by.into(),
            action,
            subject: act.subject.map(Into::into),
            before: act.before,
            after: act.after,
            reason: act.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_action_in_its_place() {
        assert_eq!(ACTIONS.len(), Action::ALL.len());
        for (i, (action, stored)) in ACTIONS.into_iter().enumerate() {
            assert_eq!((action, action as usize, stored as usize), (Action::ALL[i], i, i));
        }
    }
}
