//! What the registrar does to windows and students.

use super::{Quotes, Registry, Verdict, personal_blockers};
use crate::domain::acts::Place;
use crate::domain::command::Command;
use crate::domain::course::CourseBook;
use crate::domain::event::Event;
use crate::domain::ids::{CourseId, Key, SectionId, StudentId, WindowId};
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
