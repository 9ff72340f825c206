//! The promises that a state can be checked for by itself, as named functions: used by tests,
//! by `sluis journal verify`, and by the running gateway's counters, which must stay 0.

use std::collections::{HashMap, HashSet};

use super::event::Event;
use super::ids::{CourseId, SectionId, StudentId};
use super::university::University;

/// A broken promise: which, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The promise's id in the design, e.g. `I1`.
    pub promise: &'static str,
    /// Where.
    pub place: String,
}

fn violation(promise: &'static str, place: String) -> Violation {
    Violation { promise, place }
}

/// I1: no grant ever went over the capacity in force.
pub fn no_oversell(university: &University) -> Vec<Violation> {
    let sold = university.sections.iter().filter(|s| s.oversold > 0);
    sold.map(|s| violation("I1", format!("section {} oversold {} times", s.id, s.oversold)))
        .collect()
}

/// I4, I8: seats taken are exactly the seats that enrolments hold; every enrolment has one
/// section of each component, with parents matching.
pub fn seats_are_enrolments(university: &University) -> Vec<Violation> {
    let catalogue = &university.registry.catalogue;
    let mut held: HashMap<SectionId, u32> = HashMap::new();
    let mut found = Vec::new();
    for (i, student) in university.registry.students.iter().enumerate() {
        for enrolment in &student.enrolments {
            let course = catalogue.course(enrolment.course);
            let whole = enrolment.sections.len() == course.components.len()
                && course.components.iter().zip(&enrolment.sections).all(|(c, section)| {
                    let parent = catalogue.section(*section).parent;
                    c.sections.contains(section)
                        && parent.is_none_or(|p| enrolment.sections.contains(&p))
                });
            if !whole {
                found.push(violation("I4", format!("student {i} course {}", enrolment.course)));
            }
            for section in &enrolment.sections {
                *held.entry(*section).or_default() += 1;
            }
        }
    }
    for section in &university.sections {
        let enrolled = held.get(&section.id).copied().unwrap_or(0);
        if enrolled != section.taken {
            let (id, taken) = (section.id, section.taken);
            let place = format!("section {id}: {taken} taken, {enrolled} enrolled");
            found.push(violation("I8", place));
        }
    }
    found
}

/// I7: at most one seat and one waitlist entry per student and course; an entry beside a seat in
/// the same course only as a swap inside it; she and the list agree on what she waits for.
pub fn no_double(university: &University) -> Vec<Violation> {
    let registry = &university.registry;
    let mut found = Vec::new();
    for (i, student) in registry.students.iter().enumerate() {
        let mut seen = HashSet::new();
        for enrolment in &student.enrolments {
            if !seen.insert(enrolment.course) {
                found.push(violation("I7", format!("student {i} twice in {}", enrolment.course)));
            }
        }
        for course in &student.waiting {
            if registry.book(*course).rank(StudentId(i as u32)).is_none() {
                found.push(violation("I7", format!("student {i} not on the list of {course}")));
            }
        }
    }
    for (c, book) in registry.courses.iter().enumerate() {
        let course = CourseId(c as u32);
        let mut seen: HashSet<StudentId> = HashSet::new();
        for entry in &book.waitlist {
            let has = registry.student(entry.student).enrolment(course).is_some();
            let waits = registry.student(entry.student).waiting.contains(&course);
            let place = || format!("student {} waitlist of {course}", entry.student);
            if !seen.insert(entry.student) || !waits || (has && entry.replaces != Some(course)) {
                found.push(violation("I7", place()));
            }
        }
        if book.waitlist.windows(2).any(|pair| pair[0].since > pair[1].since) {
            found.push(violation("I5", format!("waitlist of {course} out of order")));
        }
    }
    found
}

/// I11 (and I6): no seat is free while a waiting student is eligible for it.
pub fn no_idle_seat(university: &University) -> Vec<Violation> {
    let registry = &university.registry;
    let courses = (0..registry.courses.len()).map(|c| CourseId(c as u32));
    let idle = courses.filter(|course| {
        let quotes = university.quotes(&registry.promotion_concerned(*course));
        let next = registry.promote(*course, &quotes);
        matches!(next, Some(Event::Promoted { .. }))
    });
    idle.map(|course| violation("I11", format!("course {course}: promotion possible"))).collect()
}

/// Every check that a state allows.
pub fn all(university: &University) -> Vec<Violation> {
    let checks = [no_oversell, seats_are_enrolments, no_double, no_idle_seat];
    checks.iter().flat_map(|check| check(university)).collect()
}
