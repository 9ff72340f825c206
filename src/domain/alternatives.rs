//! "What fits instead?": for a course that she did not get, the combinations of its sections, and
//! the courses of her programme, that have seats right now and clash with nothing she has.
//! Advice, computed when asked; never part of an outcome.

use super::course::{Quotes, Search, personal_blockers};
use super::ids::{CourseId, SectionId, StudentId};
use super::plan::{Choice, CourseRequest};
use super::registry::Registry;
use super::section::SectionStatus::Cancelled;
use super::student::{Holdings, Student};
use super::window::{ClashPolicy, Window, WindowState};
use crate::limits;

/// What fits.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Alternatives {
    /// One section a component of the same course, each.
    pub sections: Vec<Vec<SectionId>>,
    /// Other courses, each with sections that fit.
    pub courses: Vec<(CourseId, Vec<SectionId>)>,
}

impl Registry {
    /// The sections whose quotes [`Self::alternatives`] needs.
    pub fn alternatives_concerned(&self, student: StudentId, course: CourseId) -> Vec<SectionId> {
        let courses = std::iter::once(course).chain(self.other_courses(student, course));
        let components = courses.flat_map(|c| &self.catalogue.course(c).components);
        components.flat_map(|component| component.sections.iter().copied()).collect()
    }

    /// What fits now, given what the sections can give. `swap`: another course would be taken in a
    /// swap, so that the credits and hours of her place in this one do not stand in its way.
    pub fn alternatives(
        &self,
        student: StudentId,
        course: CourseId,
        swap: bool,
        quotes: &Quotes,
    ) -> Alternatives {
        let who = self.student(student);
        let mut fits = Alternatives::default();
        // A place that she has in the course is one that she would give for another in it.
        let without = Holdings::new(&self.catalogue, who, Some(course));
        let has = who.enrolment(course).map(|e| &e.sections);
        let parts = self.catalogue.course(course).components.iter().enumerate();
        for (component, section) in
            parts.flat_map(|(i, part)| part.sections.iter().map(move |s| (i, s)))
        {
            if fits.sections.len() >= limits::ALTERNATIVES_MAX {
                break;
            }
            let mut request = CourseRequest::any(&self.catalogue, course, false);
            request.choices[component] = Choice::Ranked(vec![*section]);
            let found = self.fitting(who, &without, &request, quotes);
            let new = |f: &Vec<SectionId>| !fits.sections.contains(f) && has != Some(f);
            if let Some(found) = found.filter(new) {
                fits.sections.push(found);
            }
        }
        let holdings = Holdings::new(&self.catalogue, who, swap.then_some(course));
        for other in self.other_courses(student, course) {
            if fits.courses.len() >= limits::ALTERNATIVES_MAX {
                break;
            }
            let request = CourseRequest::any(&self.catalogue, other, false);
            let found = self.fitting(who, &holdings, &request, quotes);
            fits.courses.extend(found.map(|sections| (other, sections)));
        }
        fits
    }

    /// Courses that could stand in its place: those that her programme asks for first, required
    /// before optional, her own year before others.
    fn other_courses(&self, student: StudentId, course: CourseId) -> Vec<CourseId> {
        let who = self.student(student);
        let info = self.catalogue.course(course);
        let own = |p: &&super::catalogue::Programme| Some(&p.key) == who.profile.programme.as_ref();
        let programme = self.catalogue.programmes.iter().find(own);
        let mut wanted: Vec<_> =
            programme.map_or_else(Vec::new, |p| p.requirements.iter().collect());
        wanted.sort_by_key(|r| (r.year.abs_diff(who.profile.year), !r.required));
        let open = |id: &CourseId| {
            let other = self.catalogue.course(*id);
            *id != course
                && other.term == info.term
                && other.part_of.is_none()
                && info.part_of.is_none()
                && who.enrolment(*id).is_none()
                && !who.waiting.contains(id)
                && !who.has_completed(&other.key)
        };
        let courses = wanted.iter().filter_map(|r| self.catalogue.course_id(r.course.as_str()));
        courses.filter(open).take(limits::ALTERNATIVE_COURSES_MAX).collect()
    }

    fn fitting(
        &self,
        who: &Student,
        holdings: &Holdings<'_>,
        request: &CourseRequest,
        quotes: &Quotes,
    ) -> Option<Vec<SectionId>> {
        let covers =
            |w: &&Window| w.state == WindowState::Open && w.covers(&self.catalogue, request.course);
        let window = self.windows.iter().find(covers)?;
        let blocked = personal_blockers(&self.catalogue, who, holdings, window, request.course);
        if !blocked.is_empty() {
            return None;
        }
        let clash = ClashPolicy::Refuse;
        // As in a swap inside the course: a section that she has is hers to keep, unless it is no
        // more.
        let goes_on = |s: &SectionId| quotes.get(*s).is_none_or(|q| q.status != Cancelled);
        let own = who.enrolment(request.course).into_iter().flat_map(|e| &e.sections);
        let own: Vec<SectionId> = own.copied().filter(goes_on).collect();
        let own = &own[..];
        let search = Search { catalogue: &self.catalogue, quotes, holdings, request, own, clash };
        search.granted()
    }
}
