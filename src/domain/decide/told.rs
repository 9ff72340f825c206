//! What the record of an act says of it: who, what, before, after and why. Worked out in the
//! deciding turn, and never again.

use super::{Quotes, Registry};
use crate::domain::acts::{Act, Action, Author};
use crate::domain::catalogue::Item;
use crate::domain::event::Event;
use crate::domain::ids::{Key, SectionId, StudentId, Timestamp, WindowId};
use crate::domain::personal::pseudonym;
use crate::domain::window::{Window, WindowState};
use crate::limits;

impl Registry {
    /// What the record of a command's last event says of who is answerable for it. Asked when
    /// the command has been decided and before anything is applied.
    pub fn act(&self, author: &Author, events: &[Event], quotes: &Quotes) -> Option<Act> {
        let Author { by, reason } = author.clone();
        let Told { action, subject, before, after } = self.told(events, quotes)?;
        let (before, after) = (before.map(Into::into), after.map(Into::into));
        Some(Act { by, action, subject, before, after, reason })
    }

    fn told(&self, events: &[Event], quotes: &Quotes) -> Option<Told> {
        let window = |action, id: &WindowId, after: &str| {
            let window = &self.windows[id.index()];
            let subject = window.rules.key.clone();
            Told::of(action, subject, Some(state_text(window)), Some(after.to_owned()))
        };
        let told = match events.last()? {
            Event::WindowOpened(id) => window(Action::WindowOpen, id, "open"),
            Event::WindowClosed(id) => window(Action::WindowClose, id, "closed"),
            Event::WindowPaused(id) => window(Action::WindowPause, id, "paused"),
            Event::WindowResumed(id) => window(Action::WindowResume, id, "open"),
            Event::WindowReset { window: id, .. } => window(Action::WindowReset, id, "planned"),
            Event::WindowScheduled { window, opens_at, closes_at } => {
                let rules = &self.windows[window.index()].rules;
                let before = times_text(rules.opens_at, rules.closes_at);
                let after = times_text(*opens_at, *closes_at);
                let subject = rules.key.clone();
                Told::of(Action::WindowSchedule, subject, Some(before), Some(after))
            }
            Event::PaceSet(window, pace) => {
                let rules = &self.windows[window.index()].rules;
                let (before, after) = (bound_text(rules.pace), bound_text(*pace));
                Told::of(Action::WindowPace, rules.key.clone(), Some(before), Some(after))
            }
            Event::CapacitySet(section, capacity) => {
                let subject = self.catalogue.section(*section).key.clone();
                let before = quotes.get(*section).map(|quote| bound_text(quote.capacity));
                let after = Some(bound_text(*capacity));
                Told::of(Action::SectionCapacity, subject, before, after)
            }
            Event::StatusSet(section, status) => {
                let subject = self.catalogue.section(*section).key.clone();
                let before = quotes.get(*section).map(|quote| quote.status.key().to_owned());
                let after = Some(status.key().to_owned());
                Told::of(Action::SectionStatus, subject, before, after)
            }
            Event::Announced(text) => {
                let brief = text.en.chars().take(limits::ACT_TEXT_CHARS_MAX).collect();
                Told::bare(Action::Announcement, Some(brief))
            }
            Event::StudentErased(_) => {
                let erased = |event: &&Event| matches!(event, Event::StudentErased(_));
                match (events.iter().filter(erased).count(), events) {
                    (1, [Event::StudentErased(one)]) => {
                        Told::of(Action::StudentErase, pseudonym(*one), None, None)
                    }
                    (count, _) => {
                        Told::bare(Action::StudentErase, Some(format!("{count} students")))
                    }
                }
            }
            Event::ImportApplied { .. } => import_told(events),
            event => return self.told_of_student(event),
        };
        Some(told)
    }

    fn told_of_student(&self, event: &Event) -> Option<Told> {
        let key = |student: &StudentId| self.student(*student).profile.key.clone();
        let held = |student: &StudentId, course| {
            let own = self.student(*student).enrolment(course);
            own.map(|own| self.sections_text(&own.sections))
        };
        Some(match event {
            Event::Placed { student, course, sections, moved, over, .. } => {
                let action = if *moved { Action::StudentMove } else { Action::StudentEnrol };
                let mut after = self.sections_text(sections);
                if !over.is_empty() {
                    after = format!("{after} (over capacity: {})", self.sections_text(over));
                }
                Told::of(action, key(student), held(student, *course), Some(after))
            }
            Event::Removed { student, course } => {
                Told::of(Action::StudentDrop, key(student), held(student, *course), None)
            }
            Event::BlockSet { student, code, blocked: true } => {
                Told::of(Action::StudentBlock, key(student), None, Some(code.to_string()))
            }
            Event::BlockSet { student, code, blocked: false } => {
                Told::of(Action::StudentUnblock, key(student), Some(code.to_string()), None)
            }
            _ => return None,
        })
    }

    fn sections_text(&self, sections: &[SectionId]) -> String {
        let keys = sections.iter().map(|s| self.catalogue.section(*s).key.as_str());
        keys.collect::<Vec<_>>().join(" ")
    }
}

/// An act without its author.
struct Told {
    action: Action,
    subject: Option<Key>,
    before: Option<String>,
    after: Option<String>,
}

impl Told {
    fn of(action: Action, subject: Key, before: Option<String>, after: Option<String>) -> Self {
        Self { action, subject: Some(subject), before, after }
    }

    fn bare(action: Action, after: Option<String>) -> Self {
        Self { action, subject: None, before: None, after }
    }
}

fn state_text(window: &Window) -> String {
    let text = match window.state {
        WindowState::Planned => "planned",
        WindowState::Open if window.paused => "paused",
        WindowState::Open => "open",
        WindowState::Closed => "closed",
    };
    text.to_owned()
}

fn bound_text(bound: Option<u32>) -> String {
    bound.map_or_else(|| "unlimited".to_owned(), |n| n.to_string())
}

fn times_text(opens_at: Option<Timestamp>, closes_at: Option<Timestamp>) -> String {
    let text = |at: Option<Timestamp>| at.map_or_else(|| "by hand".to_owned(), utc);
    format!("opens {}, closes {}", text(opens_at), text(closes_at))
}

/// A time to the second, in UTC, as `2026-11-28T12:00:00Z`.
fn utc(at: Timestamp) -> String {
    let (days, second) = (at.0 / 86_400_000, at.0 / 1000 % 86_400);
    // The Gregorian calendar in eras of 400 years that begin on 1 March, the first in the year 0.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, (month + 2) % 12 + 1);
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// An import; one that is a single section names it.
fn import_told(events: &[Event]) -> Told {
    let after = Some(import_text(events));
    let mut items = events.iter().filter_map(|event| match event {
        Event::ImportItem(item) => Some(item),
        _ => None,
    });
    match (items.next(), items.next()) {
        (Some(Item::Section(_, one)), None) => {
            Told::of(Action::Import, one.key.clone(), None, after)
        }
        _ => Told::bare(Action::Import, after),
    }
}

/// What an import holds, by kind.
fn import_text(events: &[Event]) -> String {
    const KINDS: [&str; 8] = [
        "terms",
        "courses",
        "sections",
        "programmes",
        "requirements",
        "students",
        "windows",
        "results",
    ];
    let mut counts = [0_u32; 8];
    for event in events {
        let Event::ImportItem(item) = event else { continue };
        let kind = match item {
            Item::Term(_) => 0,
            Item::Course(..) => 1,
            Item::Section(..) => 2,
            Item::Programme(_) => 3,
            Item::Requirement(..) => 4,
            Item::Student(..) => 5,
            Item::Window(..) => 6,
            Item::Result(..) => 7,
        };
        counts[kind] += 1;
    }
    let there = counts.iter().zip(KINDS).filter(|(n, _)| **n > 0);
    there.map(|(n, kind)| format!("{n} {kind}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_utc() {
        let check = |ms, text| assert_eq!(utc(Timestamp(ms)), text);
        check(0, "1970-01-01T00:00:00Z");
        check(951_782_399_999, "2000-02-28T23:59:59Z");
        check(951_782_400_000, "2000-02-29T00:00:00Z");
        check(951_868_800_000, "2000-03-01T00:00:00Z");
        check(1_767_225_599_000, "2025-12-31T23:59:59Z");
        check(1_780_000_000_000, "2026-05-28T20:26:40Z");
        check(crate::limits::SCHEDULE_MS_MAX, "3000-01-01T00:00:00Z");
    }
}
