//! What must come of a request, said plainly: every combination is tried.

use std::sync::Arc;

use sluis::domain::ids::{CourseId, Credits, Key, SectionId};
use sluis::domain::outcome::{Outcome, Reason};
use sluis::domain::plan::{Choice, CourseRequest, Plan};
use sluis::domain::section::SectionStatus;
use sluis::domain::window::ClashPolicy;

use super::model::{Model, Student, Window};

/// One course asked for by one student.
struct Case<'a> {
    model: &'a Model,
    student: &'a Student,
    window: &'a Window,
    request: &'a CourseRequest,
    /// Granted so far by the same plan.
    granted: &'a [(u32, Vec<u32>)],
    /// The course whose place is given for it.
    instead: Option<u32>,
}

impl Case<'_> {
    fn course(&self) -> u32 {
        self.request.course.0
    }

    /// What she has beside the place that she gives.
    fn holds(&self) -> impl Iterator<Item = (u32, &[u32])> {
        let kept = self.student.seats.iter().filter(|seat| Some(seat.course) != self.instead);
        let granted = self.granted.iter().map(|(course, sections)| (*course, &sections[..]));
        kept.map(|seat| (seat.course, &seat.sections[..])).chain(granted)
    }

    fn own(&self) -> &[u32] {
        let inside = self.instead == Some(self.course());
        let seat = self.student.seat(self.course()).filter(|_| inside);
        seat.map_or(&[], |seat| &seat.sections)
    }

    fn clash(&self, section: u32) -> Option<u32> {
        let clashes =
            |(_, held): &(u32, &[u32])| held.iter().any(|h| self.model.clash(*h, section));
        self.holds().find(clashes).map(|(course, _)| course)
    }

    /// The first check of her own that fails: block, prerequisite, credits.
    fn personal(&self) -> Option<Reason> {
        let who = self.student;
        let lifted = |code: &Key| who.words.iter().any(|(c, set)| c == code && !set);
        let set = |(code, set): &&(Key, bool)| *set && !who.blocks.contains(code);
        let register = who.blocks.iter().find(|code| !lifted(code));
        let registrar = || who.words.iter().find(set).map(|(code, _)| code);
        if let Some(code) = register.or_else(registrar) {
            return Some(Reason::Blocked(code.clone()));
        }
        let course = &self.model.courses[self.request.course.index()];
        if let Some(missing) = course.needs.iter().find(|need| !who.completed.contains(need)) {
            return Some(Reason::PrerequisiteMissing(missing.clone()));
        }
        let limit = self.window.rules.credit_limit?.0;
        let others = self.holds().map(|(course, _)| &self.model.courses[course as usize]);
        let total: u32 = others.filter(|c| c.term == course.term).map(|c| c.credits).sum();
        let total = total + course.credits;
        (total > limit).then(|| Reason::CreditLimit(Credits(total - limit)))
    }

    fn enterable(&self, section: u32, seats: bool) -> bool {
        let Some(info) = self.model.sections.get(section as usize) else { return false };
        if self.own().contains(&section) {
            return info.status != SectionStatus::Cancelled;
        }
        if seats { info.free() } else { info.status == SectionStatus::Open }
    }

    /// Whether every component has a section that can be entered, whatever else: cheap.
    fn may_fit(&self) -> bool {
        let enterable = |s: &u32| self.enterable(*s, true);
        self.request.choices.iter().enumerate().all(|(part, choice)| match choice {
            Choice::Any => {
                self.model.courses[self.request.course.index()].parts[part].iter().any(enterable)
            }
            Choice::Ranked(sections) => sections.iter().any(|s| enterable(&s.0)),
        })
    }

    /// The first combination in her order: one section a component, each with its parent; with
    /// seats, and without clashes, where that is asked.
    fn first(&self, seats: bool, clashes: bool) -> Option<Vec<u32>> {
        let mut chosen = Vec::with_capacity(2);
        self.extend(&mut chosen, seats, clashes).then_some(chosen)
    }

    fn extend(&self, chosen: &mut Vec<u32>, seats: bool, clashes: bool) -> bool {
        let part = chosen.len();
        let Some(choice) = self.request.choices.get(part) else {
            let sections = &self.model.sections;
            let parent_there = |s: &u32| {
                sections[*s as usize].parent.is_none_or(|parent| chosen.contains(&parent))
            };
            return chosen.iter().all(parent_there);
        };
        let mut list = self.model.accepted(self.request, part);
        if *choice == Choice::Any {
            let room = |s: &u32| self.model.sections[*s as usize].room();
            list.sort_by_key(|s| (std::cmp::Reverse(room(s)), *s));
        }
        for section in list {
            let inside = |other: &u32| self.model.clash(*other, section);
            let clashing = || self.clash(section).is_some() || chosen.iter().any(inside);
            if !self.enterable(section, seats) || (clashes && clashing()) {
                continue;
            }
            chosen.push(section);
            if self.extend(chosen, seats, clashes) {
                return true;
            }
            chosen.pop();
        }
        false
    }

    fn refuses_clashes(&self) -> bool {
        self.window.rules.clash == ClashPolicy::Refuse
    }

    fn granted(&self) -> Option<Vec<u32>> {
        if !self.may_fit() {
            return None;
        }
        self.first(true, self.refuses_clashes())
    }

    /// Why no combination can be granted.
    fn reason(&self) -> Reason {
        let Some(open) = self.first(false, false) else { return Reason::Closed };
        if self.refuses_clashes() && self.first(false, true).is_none() {
            let with = open.iter().find_map(|s| self.clash(*s));
            return Reason::Clash(CourseId(with.unwrap_or(self.course())));
        }
        Reason::Full
    }

    fn outcome(&self, list: usize) -> Outcome {
        let course = self.course();
        if self.student.seat(course).is_some() && self.instead != Some(course) {
            return Outcome::Refused(Reason::AlreadyEnrolled);
        }
        if self.student.waiting.contains(&course) {
            return Outcome::Refused(Reason::AlreadyWaitlisted);
        }
        if let Some(blocker) = self.personal() {
            return Outcome::Refused(blocker);
        }
        if let Some(sections) = self.granted() {
            let inside = |(i, s): (usize, &u32)| {
                sections[..i].iter().any(|other| self.model.clash(*s, *other))
            };
            let clash = sections.iter().any(|s| self.clash(*s).is_some())
                || sections.iter().enumerate().any(inside);
            let sections = sections.into_iter().map(SectionId).collect();
            return Outcome::Enrolled { sections, clash };
        }
        match self.reason() {
            Reason::Full if self.request.waitlist && self.window.rules.waitlists => {
                Outcome::Waitlisted {
                    rank: list as u32 + 1,
                    request: Arc::new(self.request.clone()),
                    keeps: self.instead.map(CourseId),
                }
            }
            reason => Outcome::Refused(reason),
        }
    }
}

impl Model {
    /// What must come of each course of a plan, decided now.
    pub fn expect_plan(
        &self,
        student: u32,
        window: u32,
        plan: &Plan,
        named: bool,
    ) -> Vec<(CourseId, Outcome)> {
        let who = &self.students[student as usize];
        let mut granted = Vec::new();
        let mut outcomes = Vec::with_capacity(plan.courses.len());
        for request in &plan.courses {
            let course = request.course;
            if !self.covers(window, course.0) {
                if named {
                    let has = who.seat(course.0).map(|_| Reason::AlreadyEnrolled);
                    let waits = || who.waiting.contains(&course.0);
                    let has = has.or_else(|| waits().then_some(Reason::AlreadyWaitlisted));
                    outcomes.push((course, Outcome::Refused(has.unwrap_or(Reason::OutsideWindow))));
                }
                continue;
            }
            let outcome = self.expect(student, window, request, &granted, None);
            if let Outcome::Enrolled { sections, .. } = &outcome {
                granted.push((course.0, sections.iter().map(|s| s.0).collect()));
            }
            outcomes.push((course, outcome));
        }
        outcomes
    }

    /// What must come of one course.
    pub fn expect(
        &self,
        student: u32,
        window: u32,
        request: &CourseRequest,
        granted: &[(u32, Vec<u32>)],
        instead: Option<u32>,
    ) -> Outcome {
        let (who, rules) = (&self.students[student as usize], &self.windows[window as usize]);
        let list = self.courses[request.course.index()].list.len();
        Case { model: self, student: who, window: rules, request, granted, instead }.outcome(list)
    }

    fn waiting_case(&self, course: u32, at: usize) -> Case<'_> {
        let entry = &self.courses[course as usize].list[at];
        Case {
            model: self,
            student: &self.students[entry.student as usize],
            window: &self.windows[entry.window as usize],
            request: &entry.request,
            granted: &[],
            instead: entry.replaces,
        }
    }

    /// What stands in the way of an entry of a course's list for which there are seats now.
    pub fn blocker(&self, course: u32, at: usize) -> Option<Reason> {
        let case = self.waiting_case(course, at);
        case.first(true, false)?;
        case.personal().or_else(|| case.granted().is_none().then(|| case.reason()))
    }

    /// The first of a course's list who could be promoted now, and into what.
    pub fn first_eligible(&self, course: u32) -> Option<(usize, Vec<u32>)> {
        (0..self.courses[course as usize].list.len()).find_map(|at| {
            let case = self.waiting_case(course, at);
            if !case.may_fit() || case.personal().is_some() {
                return None;
            }
            case.granted().map(|sections| (at, sections))
        })
    }
}
