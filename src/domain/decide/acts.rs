//! What the registrar does to windows and students, and what of it the record keeps.

use super::{Quotes, Registry, Verdict, personal_blockers};
use crate::domain::acts::{Act, Action, Author, Place};
use crate::domain::catalogue::Item;
use crate::domain::command::Command;
use crate::domain::course::CourseBook;
use crate::domain::event::Event;
use crate::domain::ids::{CourseId, Key, SectionId, StudentId, Timestamp, WindowId};
use crate::domain::outcome::{Reason, Rejection};
use crate::domain::section::SectionStatus;
use crate::domain::student::Holdings;
use crate::domain::window::{ClashPolicy, Window, WindowState};
use crate::limits;

impl Registry {
    pub(super) fn decide_act(
        &self,
        command: &Command,
        quotes: &Quotes,
    ) -> Result<Verdict, Rejection> {
        match command {
            Command::Pause(window) => self.decide_pause(*window, true),
            Command::Resume(window) => self.decide_pause(*window, false),
            Command::Place(place) => self.decide_place(place, quotes),
            Command::Remove { student, course } => {
                if self.student(*student).enrolment(*course).is_none() {
                    return Err(Rejection::Refused(Reason::NotEnrolled));
                }
                Verdict::one(Event::Removed { student: *student, course: *course })
            }
            Command::SetBlock { student, code, blocked } => {
                self.decide_block(*student, code, *blocked)
            }
            Command::Announce(text) => Verdict::one(Event::Announced(text.clone())),
            _ => Ok(Verdict::Nothing),
        }
    }

    fn decide_pause(&self, window: WindowId, pause: bool) -> Result<Verdict, Rejection> {
        let state = &self.windows[window.index()];
        match (state.state, state.paused == pause) {
            (WindowState::Open, true) => Ok(Verdict::Nothing),
            (WindowState::Open, false) if pause => Verdict::one(Event::WindowPaused(window)),
            (WindowState::Open, false) => Verdict::one(Event::WindowResumed(window)),
            _ => Err(Rejection::WindowState),
        }
    }

    fn decide_block(
        &self,
        student: StudentId,
        code: &Key,
        blocked: bool,
    ) -> Result<Verdict, Rejection> {
        let who = self.student(student);
        if who.blocks().any(|b| b == code) == blocked {
            return Ok(Verdict::Nothing);
        }
        let new = who.overrides.iter().all(|(known, _)| known != code);
        if new && who.overrides.len() >= limits::BLOCKS_MAX {
            return Err(Rejection::TooManyBlocks);
        }
        Verdict::one(Event::BlockSet { student, code: code.clone(), blocked })
    }

    /// A seat by the registrar's hand. Seats are counted as for everybody: only a section that
    /// is full and may be overfilled is named in the event as such.
    fn decide_place(&self, place: &Place, quotes: &Quotes) -> Result<Verdict, Rejection> {
        let Place { student, course, sections, moved, .. } = place;
        self.check_combination(*course, sections)?;
        let who = self.student(*student);
        let refused = |reason| Err(Rejection::Refused(reason));
        let own = match (who.enrolment(*course), moved) {
            (Some(_), false) => return refused(Reason::AlreadyEnrolled),
            (None, true) => return refused(Reason::NotEnrolled),
            (Some(own), true) if own.sections == *sections => return Ok(Verdict::Nothing),
            (own, _) => own,
        };
        let window = match own {
            Some(own) => own.window,
            None => self.window_of(*course).ok_or(Rejection::Refused(Reason::OutsideWindow))?,
        };
        let held = own.map_or(&[][..], |own| &own.sections);
        let new: Vec<SectionId> = sections.iter().copied().filter(|s| !held.contains(s)).collect();
        self.check_place(place, &new, &self.windows[window.index()], quotes)?;
        let full = |s: &SectionId| quotes.get(*s).is_none_or(|quote| quote.left == Some(0));
        let over: Vec<SectionId> = new.into_iter().filter(full).collect();
        if !over.is_empty() && !place.over_capacity {
            return refused(Reason::Full);
        }
        let leaves = leaves_waitlist(self, place, self.book(*course));
        Verdict::one(Event::Placed {
            student: *student,
            course: *course,
            sections: sections.clone(),
            window,
            moved: *moved,
            leaves,
            over,
        })
    }

    /// One section of each component, each with its parent.
    fn check_combination(&self, course: CourseId, sections: &[SectionId]) -> Result<(), Rejection> {
        let components = &self.catalogue.course(course).components;
        let fits = components.len() == sections.len()
            && components.iter().zip(sections).all(|(component, section)| {
                let parent = self.catalogue.section(*section).parent;
                component.sections.contains(section) && parent.is_none_or(|p| sections.contains(&p))
            });
        if fits { Ok(()) } else { Err(Rejection::Sections) }
    }

    /// The window that a course is registered through: an open one before one to come, and that
    /// before one that is over.
    fn window_of(&self, course: CourseId) -> Option<WindowId> {
        let covers = |w: &Window| w.covers(&self.catalogue, course);
        let states = [WindowState::Open, WindowState::Planned, WindowState::Closed];
        let found = states
            .into_iter()
            .find_map(|state| self.windows.iter().position(|w| w.state == state && covers(w)));
        found.map(|index| WindowId(index as u32))
    }

    /// A cancelled section takes nobody. The rest may be overridden: a closed section, her own
    /// checks, a clash. Who is moved has passed her own checks before.
    fn check_place(
        &self,
        place: &Place,
        new: &[SectionId],
        window: &Window,
        quotes: &Quotes,
    ) -> Result<(), Rejection> {
        let status = |s: &SectionId| quotes.get(*s).map(|quote| quote.status);
        if new.iter().any(|s| matches!(status(s), None | Some(SectionStatus::Cancelled))) {
            return Err(Rejection::Refused(Reason::Closed));
        }
        if place.override_checks {
            return Ok(());
        }
        let who = self.student(place.student);
        let holdings = Holdings::new(&self.catalogue, who, Some(place.course));
        if !place.moved {
            let personal = personal_blockers(&self.catalogue, who, &holdings, window, place.course);
            if let Some(blocker) = personal.into_iter().next() {
                return Err(Rejection::Refused(blocker));
            }
        }
        if new.iter().any(|s| status(s) != Some(SectionStatus::Open)) {
            return Err(Rejection::Refused(Reason::Closed));
        }
        let with = place.sections.iter().find_map(|s| holdings.clash(*s));
        let inside = || {
            let pairs = place.sections.iter().enumerate();
            let clash = |s, others: &[SectionId]| {
                others.iter().any(|o| self.catalogue.sections_clash(s, *o))
            };
            pairs.into_iter().any(|(i, s)| clash(*s, &place.sections[..i]))
        };
        match with.or_else(|| inside().then_some(place.course)) {
            Some(course) if window.rules.clash == ClashPolicy::Refuse => {
                Err(Rejection::Refused(Reason::Clash(course)))
            }
            _ => Ok(()),
        }
    }

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
            Event::ImportApplied { .. } => Told::bare(Action::Import, Some(import_text(events))),
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

/// Whether the place ends what she waits for in the course: a seat does, and so does a move into
/// sections that her entry accepts.
fn leaves_waitlist(registry: &Registry, place: &Place, book: &CourseBook) -> bool {
    let Some(entry) = book.waitlist.iter().find(|e| e.student == place.student) else {
        return false;
    };
    let accepts = |(component, section): (usize, &SectionId)| {
        entry.request.accepted(&registry.catalogue, component).contains(section)
    };
    !place.moved || place.sections.iter().enumerate().all(accepts)
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
