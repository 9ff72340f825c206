//! Plausible study results for the demonstration's students: what they completed of earlier years,
//! with its parts and now and then a second attempt, and what they did not pass.

use super::random::Random;
use super::students::number;
use crate::domain::ids::Key;
use crate::domain::import::{Draft, DraftResult};
use crate::domain::results::Grade;
use crate::domain::student::Profile;

const PURPOSE: u64 = 0x7265_7375_6c74_7321;

/// The academic year of the demonstration's catalogue begins in this one.
const THIS_YEAR: u16 = 2026;
/// Days from 1970-01-01 to 2026-01-20: the exams of the year before's first semester.
const JANUARY: i32 = 20_473;
/// Days from then to the second semester's exams, and from an exam to its resit.
const JUNE: i32 = 158;
const RESIT: i32 = 49;

/// Every student's results.
pub(super) fn results(catalogue: &Draft) -> Vec<DraftResult> {
    catalogue.students.iter().flat_map(|student| of_student(catalogue, student)).collect()
}

fn of_student(catalogue: &Draft, profile: &Profile) -> Vec<DraftResult> {
    let Some(number) = number(profile.key.as_str()) else { return Vec::new() };
    let mut random = Random::new(PURPOSE, number);
    let own = |p: &&crate::domain::catalogue::Programme| Some(&p.key) == profile.programme.as_ref();
    let programme = catalogue.programmes.iter().find(own);
    let earlier = programme.map_or(&[][..], |p| &p.requirements);
    let earlier = earlier.iter().filter(|r| r.year < profile.year).enumerate();
    let mut results = Vec::new();
    for (i, requirement) in earlier {
        let passed = profile.completed.contains(&requirement.course);
        // Not everybody tried what she has not passed.
        if !passed && random.percent(60) {
            continue;
        }
        let ago = profile.year - requirement.year;
        let second = i % 2 == 1;
        let semester = if second { 2 } else { 1 };
        let exam = JANUARY - 365 * (i32::from(ago) - 1) + if second { JUNE } else { 0 };
        let attempt = Attempt {
            student: &profile.key,
            term: Key::new(&format!("{}-{semester}", THIS_YEAR - u16::from(ago))).ok(),
            course: &requirement.course,
            date: exam + random.below(7) as i32,
        };
        attempt.put(passed, &mut random, &mut results);
    }
    results
}

struct Attempt<'a> {
    student: &'a Key,
    term: Option<Key>,
    course: &'a Key,
    date: i32,
}

impl Attempt<'_> {
    /// An essay and an exam for some courses, a mark for the whole; a resit where the first
    /// attempt failed and the course was passed in the end.
    fn put(&self, passed: bool, random: &mut Random, results: &mut Vec<DraftResult>) {
        if passed && random.percent(4) {
            results.extend(self.result(None, 1, Grade::Exempt, 0));
            return;
        }
        if random.percent(35) {
            let essay = 60 + random.below(30) as u8;
            results.extend(self.result(Some("essay"), 1, Grade::Mark(essay), -14));
        }
        if !passed && random.percent(20) {
            results.extend(self.result(None, 1, Grade::Absent, 0));
            return;
        }
        let fails = 30 + random.below(25) as u8;
        let passes = 55 + (random.below(23) + random.below(20)) as u8;
        if !passed {
            results.extend(self.result(None, 1, Grade::Mark(fails), 0));
        } else if random.percent(15) {
            results.extend(self.result(None, 1, Grade::Mark(fails), 0));
            results.extend(self.result(None, 2, Grade::Mark(passes), RESIT));
        } else {
            results.extend(self.result(None, 1, Grade::Mark(passes), 0));
        }
    }

    fn result(
        &self,
        component: Option<&str>,
        attempt: u8,
        grade: Grade,
        later: i32,
    ) -> Option<DraftResult> {
        Some(DraftResult {
            line: 0,
            student: self.student.clone(),
            term: self.term.clone()?,
            course: self.course.clone(),
            name: None,
            component: component.and_then(|name| Key::new(name).ok()),
            attempt,
            grade,
            credits: None,
            date: self.date + later,
            passed: None,
        })
    }
}
