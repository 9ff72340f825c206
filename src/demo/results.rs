//! Plausible study results for the demonstration's students: what they completed of earlier years,
//! with its parts and now and then a second attempt, and what they did not pass.

use super::random::Random;
use super::students::number;
use crate::domain::catalogue::Text;
use crate::domain::ids::{Credits, Key};
use crate::domain::import::{Draft, DraftResult};
use crate::domain::results::Grade;
use crate::domain::student::Profile;

const PURPOSE: u64 = 0x7265_7375_6c74_7321;

/// The academic year of the demonstration's catalogue begins in this one.
const THIS_YEAR: u16 = 2026;
/// Days from 1970-01-01 to 2026-01-20: the exams of the year before's first semester.
const JANUARY: i32 = 20_473;
/// Days from 1970-01-01 to 2026-10-27: the exams of the year's first block.
const OCTOBER: i32 = 20_753;
/// What everybody took in her first semester; the catalogue no longer has it.
const FIRST_SEMESTER: [(&str, &str, &str); 2] = [
    ("ALG-1001", "Academische vaardigheden", "Academic Skills"),
    ("ALG-1002", "Inleiding in de wetenschap", "Introduction to Scholarship"),
];
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
    let mut results = first_semester(profile, &mut random);
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
            old: None,
            date: exam + random.below(7) as i32,
        };
        attempt.put(passed, &mut random, &mut results);
    }
    results
}

fn first_semester(profile: &Profile, random: &mut Random) -> Vec<DraftResult> {
    let ago = u16::from(profile.year.saturating_sub(1));
    let term = Key::new(&format!("{}-1", THIS_YEAR - ago)).ok();
    let mut results = Vec::new();
    for (code, nl, en) in FIRST_SEMESTER {
        let Ok(course) = Key::new(code) else { continue };
        let attempt = Attempt {
            student: &profile.key,
            term: term.clone(),
            course: &course,
            old: Some(Text { nl: nl.into(), en: en.into() }),
            date: OCTOBER - 365 * i32::from(ago) + random.below(7) as i32,
        };
        let passed = random.percent(90);
        attempt.put(passed, random, &mut results);
    }
    results
}

struct Attempt<'a> {
    student: &'a Key,
    term: Option<Key>,
    course: &'a Key,
    /// Name of a course that the catalogue does not have; it was worth 5 ECTS.
    old: Option<Text>,
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
        let bad = 30 + random.below(25) as u8;
        let good = 55 + (random.below(23) + random.below(20)) as u8;
        if !passed {
            results.extend(self.result(None, 1, Grade::Mark(bad), 0));
        } else if random.percent(15) {
            results.extend(self.result(None, 1, Grade::Mark(bad), 0));
            results.extend(self.result(None, 2, Grade::Mark(good), RESIT));
        } else {
            results.extend(self.result(None, 1, Grade::Mark(good), 0));
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
            name: self.old.clone(),
            component: component.and_then(|name| Key::new(name).ok()),
            attempt,
            grade,
            credits: (self.old.is_some() && component.is_none()).then_some(Credits(500)),
            date: self.date + later,
            passed: None,
        })
    }
}
