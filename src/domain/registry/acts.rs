//! What the registrar's acts do to the state.

use std::sync::Arc;

use super::{Registry, WindowNoticeKind};
use crate::domain::acts::AuditEntry;
use crate::domain::event::{Event, Record};
use crate::domain::ids::{Key, SectionId, StudentId, WindowId};
use crate::domain::personal::withheld_code;
use crate::domain::section::SeatChange;
use crate::domain::student::{Notice, Profile};

impl Registry {
    /// Notes who is answerable for the record, if anybody is.
    pub(super) fn note_act(&mut self, record: &Record) {
        if let Some(act) = &record.act {
            let (journal, at) = (record.sequence, record.at);
            self.audit.push(AuditEntry { journal, at, act: Arc::clone(act) });
        }
    }

    pub(super) fn apply_act(&mut self, record: &Record) {
        match &record.event {
            Event::WindowPaused(window) => self.set_paused(record, *window, true),
            Event::WindowResumed(window) => self.set_paused(record, *window, false),
            Event::Placed { .. } => self.apply_placed(record),
            Event::Removed { student, course } => {
                let (student, course) = (*student, *course);
                self.remove_enrolment(student, course);
                let reason = reason(record);
                self.notice(record, student, Notice::Removed { course, reason });
            }
            Event::BlockSet { student, code, blocked } => {
                self.set_block(record, *student, code, *blocked);
            }
            Event::StudentErased(student) => self.erase(*student),
            // Told to who is there; it changes nothing.
            _ => {}
        }
    }

    fn set_paused(&mut self, record: &Record, window: WindowId, paused: bool) {
        self.windows[window.index()].paused = paused;
        let kind = if paused { WindowNoticeKind::Paused } else { WindowNoticeKind::Resumed };
        self.notice_all(record, window, kind);
    }

    fn apply_placed(&mut self, record: &Record) {
        let Event::Placed { student, course, sections, window, moved, leaves, over } =
            &record.event
        else {
            return;
        };
        let (student, course) = (*student, *course);
        if *leaves {
            self.remove_waiting(student, course);
        }
        if *moved {
            self.give_up(student, course, course);
        }
        self.add_enrolment(record, student, course, sections, *window);
        let (sections, over) = (sections.clone(), !over.is_empty());
        let reason = reason(record);
        let notice = Notice::Placed { course, sections, moved: *moved, over, reason };
        self.notice(record, student, notice);
    }

    /// What is personal of her is gone: nobody finds her, and she may not register. Her places stay.
    fn erase(&mut self, id: StudentId) {
        let student = self.student(id);
        let number = student.profile.key.clone();
        let calendar = student.account.calendar.as_ref().map(|calendar| calendar.hash);
        let left = student.without_personal(Profile::erased(id));
        self.students[id.index()] = left;
        // An import that was never finished may have her too.
        for item in self.staged.iter_mut().filter(|item| item.student() == Some(id)) {
            *item = item.without_personal();
        }
        if let Some(hash) = calendar {
            self.forget_calendar(id, &hash);
        }
        self.student_keys.remove(&number);
        self.audit.forget(&number, id);
    }

    fn set_block(&mut self, record: &Record, student: StudentId, code: &Key, blocked: bool) {
        let overrides = &mut self.students[student.index()].overrides;
        match overrides.iter_mut().find(|(known, _)| known == code) {
            // It lifts nothing where her key is not at hand.
            _ if *code == withheld_code() => {}
            Some((_, word)) => *word = blocked,
            None => overrides.push((code.clone(), blocked)),
        }
        let (code, reason) = (code.clone(), reason(record));
        self.notice(record, student, Notice::Block { code, blocked, reason });
    }

    /// Seats that a placement takes, and those that it gives back.
    pub(super) fn placed_seats(&self, event: &Event) -> Vec<(SectionId, SeatChange)> {
        let Event::Placed { student, course, sections, over, .. } = event else {
            return Vec::new();
        };
        let mut changes = Vec::new();
        self.exchange(*student, Some(*course), sections, &mut changes);
        for (section, change) in &mut changes {
            if *change == SeatChange::Take && over.contains(section) {
                *change = SeatChange::TakeOver;
            }
        }
        changes
    }
}

/// Why, in the words of whoever is answerable.
pub(super) fn reason(record: &Record) -> Option<Box<str>> {
    record.act.as_ref().and_then(|act| act.reason.clone())
}
