//! Plausible plans for the demonstration's students: what their programme asks for in their
//! year, then what it offers, with sections ranked by those who care when they sit where.

use std::sync::Arc;

use super::random::Random;
use super::students::number;
use crate::domain::catalogue::{Catalogue, Component, Programme};
use crate::domain::ids::StudentId;
use crate::domain::plan::{Choice, CourseRequest, Plan};
use crate::domain::registry::Registry;
use crate::domain::student::Profile;

const PURPOSE: u64 = 0x706c_616e_6e65_6e21;

/// How many in a hundred plan three, four, five and six courses.
const COURSES: [usize; 4] = [12, 33, 36, 19];

/// A plan for every student of the demonstration that the registry knows, in order of id.
pub fn plans(registry: &Registry) -> Vec<(StudentId, Plan)> {
    let students = registry.students.iter().enumerate();
    let plan = |(i, student): (usize, &crate::domain::student::Student)| {
        let number = number(student.profile.key.as_str())?;
        let plan = plan(&registry.catalogue, &student.profile, number);
        Some((StudentId(i as u32), plan))
    };
    students.filter_map(plan).filter(|(_, plan)| !plan.courses.is_empty()).collect()
}

fn plan(catalogue: &Catalogue, profile: &Profile, number: u32) -> Plan {
    let mut random = Random::new(PURPOSE, number);
    let own = |p: &&Programme| Some(&p.key) == profile.programme.as_ref();
    let programme = catalogue.programmes.iter().find(own);
    let requirements = programme.map_or(&[][..], |p| &p.requirements);
    let of_year = |required| {
        let of_year = requirements.iter().filter(|r| r.year == profile.year);
        of_year.filter(move |r| r.required == required).map(|r| r.course.as_str())
    };
    let mut codes: Vec<&str> = of_year(true).filter(|_| random.percent(96)).collect();
    let mut optional: Vec<&str> = of_year(false).collect();
    random.shuffle(&mut optional);
    let wanted = 3 + random.weighted(&COURSES);
    codes.extend(optional);
    codes.truncate(wanted);
    let courses = codes.into_iter().filter_map(|code| {
        let course = catalogue.course_id(code)?;
        let components = &catalogue.course(course).components;
        let choices = components.iter().map(|c| choice(c, &mut random)).collect();
        Some(Arc::new(CourseRequest { course, choices, waitlist: random.percent(86) }))
    });
    Plan { courses: courses.collect() }
}

/// Half of them take any section; the others rank two to four, and more often early ones.
fn choice(component: &Component, random: &mut Random) -> Choice {
    let sections = &component.sections;
    if sections.len() < 3 || random.percent(50) {
        return Choice::Any;
    }
    let mut ranked = Vec::new();
    for _ in 0..2 + random.below(3) {
        let pick = sections[random.below(sections.len()).min(random.below(sections.len()))];
        if !ranked.contains(&pick) {
            ranked.push(pick);
        }
    }
    Choice::Ranked(ranked)
}
