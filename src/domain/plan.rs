//! A plan: ranked course requests. Everything that is checked about a plan alone is checked here.

use std::sync::Arc;

use super::catalogue::Catalogue;
use super::ids::{CourseId, SectionId};
use crate::limits;

/// Which sections of one component she accepts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Choice {
    /// Any: most seats left first, then section id.
    Any,
    /// These, best first.
    Ranked(Vec<SectionId>),
}

/// One course of a plan.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CourseRequest {
    /// The offering.
    pub course: CourseId,
    /// One choice a component, in catalogue order.
    pub choices: Vec<Choice>,
    /// "Waitlist me if full."
    pub waitlist: bool,
}

/// Ranked course requests, best first; no course twice.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Plan {
    /// The requests.
    pub courses: Vec<Arc<CourseRequest>>,
}

/// What is wrong with a plan, whatever the state of the world.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlanFault {
    /// Over [`limits::PLAN_REQUESTS_MAX`].
    #[error("a plan holds at most {max} courses", max = limits::PLAN_REQUESTS_MAX)]
    TooManyCourses,
    /// The same course twice.
    #[error("a course stands twice in the plan; keep one")]
    CourseTwice(CourseId),
    /// As many choices as components.
    #[error("give one choice for each component of the course")]
    ChoiceCount(CourseId),
    /// An empty ranked list, or over [`limits::PLAN_CHOICES_MAX`].
    #[error(
        "give 1 to {max} sections for a component, or \"any\"",
        max = limits::PLAN_CHOICES_MAX
    )]
    ChoiceLength(CourseId),
    /// A section of another course or component, or one named twice.
    #[error("a section does not belong to the component it is chosen for, or is named twice")]
    ForeignSection(CourseId, SectionId),
    /// More combinations than [`limits::PLAN_COMBINATIONS_MAX`].
    #[error(
        "more than {max} combinations of sections; rank fewer sections instead of \"any\"",
        max = limits::PLAN_COMBINATIONS_MAX
    )]
    TooManyCombinations(CourseId),
}

impl CourseRequest {
    /// The request for any section of every component.
    pub fn any(catalogue: &Catalogue, course: CourseId, waitlist: bool) -> Self {
        let components = catalogue.course(course).components.len();
        Self { course, choices: vec![Choice::Any; components], waitlist }
    }

    /// The sections accepted for a component, in her order; none of what is not there.
    pub fn accepted<'a>(&'a self, catalogue: &'a Catalogue, component: usize) -> &'a [SectionId] {
        match &self.choices[component] {
            Choice::Ranked(sections) => sections,
            Choice::Any => {
                let course = catalogue.courses.get(self.course.index());
                let component = course.and_then(|c| c.components.get(component));
                component.map_or(&[], |c| &c.sections)
            }
        }
    }

    /// Every section that the request accepts.
    pub fn sections<'a>(
        &'a self,
        catalogue: &'a Catalogue,
    ) -> impl Iterator<Item = SectionId> + 'a {
        (0..self.choices.len()).flat_map(move |i| self.accepted(catalogue, i).iter().copied())
    }

    /// Checks the request's shape.
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), PlanFault> {
        let course = catalogue.course(self.course);
        if self.choices.len() != course.components.len() {
            return Err(PlanFault::ChoiceCount(self.course));
        }
        let mut combinations = 1_usize;
        for (i, choice) in self.choices.iter().enumerate() {
            if let Choice::Ranked(sections) = choice {
                if sections.is_empty() || sections.len() > limits::PLAN_CHOICES_MAX {
                    return Err(PlanFault::ChoiceLength(self.course));
                }
                for (j, section) in sections.iter().enumerate() {
                    let fits = course.components[i].sections.contains(section);
                    if !fits || sections[..j].contains(section) {
                        return Err(PlanFault::ForeignSection(self.course, *section));
                    }
                }
            }
            combinations = combinations.saturating_mul(self.accepted(catalogue, i).len().max(1));
        }
        if combinations > limits::PLAN_COMBINATIONS_MAX {
            return Err(PlanFault::TooManyCombinations(self.course));
        }
        Ok(())
    }
}

impl Plan {
    /// Checks the plan's shape: bounds, doubles, and each request.
    pub fn check(&self, catalogue: &Catalogue) -> Result<(), PlanFault> {
        if self.courses.len() > limits::PLAN_REQUESTS_MAX {
            return Err(PlanFault::TooManyCourses);
        }
        for (i, request) in self.courses.iter().enumerate() {
            if self.courses[..i].iter().any(|r| r.course == request.course) {
                return Err(PlanFault::CourseTwice(request.course));
            }
            request.check(catalogue)?;
        }
        Ok(())
    }
}
