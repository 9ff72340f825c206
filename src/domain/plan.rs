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
    /// Over [`limits::PLAN_SECTIONS_MAX`].
    #[error(
        "a plan names at most {max} sections; choose \"any\" where you can",
        max = limits::PLAN_SECTIONS_MAX
    )]
    TooManySections,
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

    /// How many sections it names.
    pub fn ranked(&self) -> usize {
        let of = |choice: &Choice| match choice {
            Choice::Any => 0,
            Choice::Ranked(sections) => sections.len(),
        };
        self.choices.iter().map(of).sum()
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
        let ranked = self.courses.iter().map(|r| r.ranked()).sum::<usize>();
        if ranked > limits::PLAN_SECTIONS_MAX {
            return Err(PlanFault::TooManySections);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::{Component, ComponentKind, Course, Item, SectionInfo, Text};
    use super::super::ids::{Credits, Key};
    use super::*;

    /// Courses of one component with as many sections as can be ranked.
    fn catalogue(courses: u32) -> Catalogue {
        let mut catalogue = Catalogue::default();
        let choices = limits::PLAN_CHOICES_MAX as u32;
        for id in 0..courses {
            let component = Component { kind: ComponentKind::Lecture, sections: vec![] };
            let course = Course {
                key: Key::new(&format!("C{id}")).unwrap(),
                term: 0,
                name: Text::default(),
                description: Text::default(),
                credits: Credits(500),
                url: None,
                faculty: None,
                level: None,
                language: None,
                period: None,
                prerequisites: vec![],
                part_of: None,
                components: vec![component.clone(), component],
            };
            catalogue.apply(&Item::Course(CourseId(id), Box::new(course)));
            for n in 0..choices * 2 {
                let info = SectionInfo {
                    key: Key::new(&format!("C{id}/{n}")).unwrap(),
                    course: CourseId(id),
                    component: (n / choices) as u8,
                    capacity: None,
                    parent: None,
                    meetings: vec![],
                };
                let id = SectionId(id * choices * 2 + n);
                catalogue.apply(&Item::Section(id, Box::new(info)));
            }
        }
        catalogue
    }

    #[test]
    fn a_plan_names_a_bounded_number_of_sections() {
        let catalogue = catalogue(limits::PLAN_REQUESTS_MAX as u32);
        let mut left = limits::PLAN_SECTIONS_MAX;
        let mut plan = Plan::default();
        for (i, course) in catalogue.courses.iter().enumerate() {
            let mut choices = vec![];
            for component in &course.components {
                let take = left.min(limits::PLAN_CHOICES_MAX);
                left -= take;
                choices.push(match take {
                    0 => Choice::Any,
                    _ => Choice::Ranked(component.sections[..take].to_vec()),
                });
            }
            let course = CourseId(i as u32);
            plan.courses.push(Arc::new(CourseRequest { course, choices, waitlist: true }));
        }
        assert_eq!(plan.check(&catalogue), Ok(()));
        let free = plan.courses.iter().position(|r| r.choices[1] == Choice::Any).unwrap();
        let one = catalogue.course(CourseId(free as u32)).components[1].sections[0];
        Arc::make_mut(&mut plan.courses[free]).choices[1] = Choice::Ranked(vec![one]);
        assert_eq!(plan.check(&catalogue), Err(PlanFault::TooManySections));
    }
}
