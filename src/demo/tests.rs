//! The demonstration as a whole: it imports, it stays within its counts, and its opening is lively.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::ids::{RequestId, StudentId, Timestamp, WindowId};
use crate::domain::invariants;
use crate::domain::line::Line;
use crate::domain::outcome::Outcome;
use crate::domain::university::University;

fn seeded(from: u8) -> impl FnMut() -> [u8; 32] {
    let mut next = from;
    move || {
        next = next.wrapping_add(1);
        [next; 32]
    }
}

fn run(university: &mut University, command: Command) -> Vec<Event> {
    let (answer, records) = university.turn(command, 1, Timestamp(0));
    answer.unwrap();
    records.into_iter().map(|record| record.event).collect()
}

fn imported(seed: u8) -> University {
    let mut university = University::default();
    let draft = Arc::new(draft(&mut seeded(seed)));
    run(&mut university, Command::Import(draft));
    university
}

/// Arms everybody, opens, and admits the whole line.
fn opened(university: &mut University, window: WindowId) -> Vec<(StudentId, Outcome)> {
    for (student, plan) in plans(&university.registry) {
        run(university, Command::SetPlan(student, Arc::new(plan)));
        let mut request = RequestId::default();
        request.0[..4].copy_from_slice(&student.0.to_be_bytes());
        run(university, Command::Arm { student, window, request });
    }
    run(university, Command::Open(window));
    let line = Line::new(university.registry.window(window).unwrap());
    let mut outcomes = Vec::new();
    for ticket in line.order() {
        for event in run(university, Command::Admit(window, *ticket)) {
            if let Event::Decided { student, outcomes: decided, .. } = event {
                outcomes.extend(decided.into_iter().map(|(_, outcome)| (student, outcome)));
            }
        }
    }
    outcomes
}

#[test]
fn the_files_have_no_faults() {
    let faults = read(&mut seeded(0)).err().unwrap_or_default();
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(lines.join("\n"), "");
}

#[test]
fn it_imports_once() {
    let mut university = imported(0);
    let before = university.clone();
    let again = Command::Import(Arc::new(draft(&mut seeded(100))));
    assert_eq!(run(&mut university, again), []);
    assert_eq!(university, before);
    assert_eq!(invariants::all(&university), []);
}

#[test]
fn it_is_as_large_as_promised() {
    let registry = imported(0).registry;
    let catalogue = &registry.catalogue;
    let courses = catalogue.courses.iter().filter(|c| c.part_of.is_none()).count();
    assert!((55..=70).contains(&courses), "{courses} courses");
    let sections = catalogue.sections.len();
    assert!((230..=280).contains(&sections), "{sections} sections");
    assert_eq!(registry.students.len(), STUDENTS as usize);
    assert!(catalogue.courses.iter().all(|c| c.name.nl != "".into() && c.name.en != "".into()));
    let codes: std::collections::HashSet<_> = catalogue.courses.iter().map(|c| &c.key).collect();
    let all = catalogue.courses.iter().flat_map(|c| &c.prerequisites);
    assert!(all.into_iter().all(|p| codes.contains(p)));
}

#[test]
fn every_student_has_a_plan_that_passes_its_checks() {
    let registry = imported(0).registry;
    let plans = plans(&registry);
    assert_eq!(plans.len(), STUDENTS as usize);
    for (student, plan) in &plans {
        assert_eq!(plan.check(&registry.catalogue), Ok(()), "{student}");
        assert!((3..=6).contains(&plan.courses.len()), "{student}: {}", plan.courses.len());
    }
}

#[test]
fn every_student_has_results_that_agree_with_what_she_completed() {
    let registry = imported(0).registry;
    let (mut failed, mut parts, mut resits) = (0, 0, 0);
    for student in &registry.students {
        let account = &student.account;
        assert!(account.results().len() >= 2, "{}", student.profile.key);
        for course in &student.profile.completed {
            assert!(account.passed().contains(course), "{} {course}", student.profile.key);
        }
        let catalogue = &registry.catalogue;
        for result in account.results() {
            let term = result.term.as_str();
            assert!(catalogue.term_index(term).is_some(), "{term} has no name to show");
        }
        let known = account.passed().iter().filter(|c| catalogue.course_id(c.as_str()).is_some());
        assert!(known.into_iter().all(|c| student.profile.completed.contains(c)));
        failed += account.results().iter().filter(|r| !r.passed).count();
        parts += account.results().iter().filter(|r| r.component.is_some()).count();
        resits += account.results().iter().filter(|r| r.attempt > 1).count();
    }
    assert!(failed > 100 && parts > 100 && resits > 100, "{failed} {parts} {resits}");
}

#[test]
fn the_showcase_students_may_register_and_have_what_they_need() {
    let registry = imported(0).registry;
    for offer in showcase() {
        let student = registry.student(registry.student_id(offer.student).unwrap());
        assert_eq!(student.profile.blocks, []);
        assert_eq!(student.profile.year, offer.year);
        assert_eq!(student.profile.programme.as_ref().unwrap().as_str(), offer.programme);
    }
    let blocked = registry.students.iter().filter(|s| !s.profile.blocks.is_empty()).count();
    assert!((2..=3).contains(&blocked));
}

#[test]
fn the_opening_is_lively_whatever_the_draw() {
    for seed in [0, 50, 150] {
        let mut university = imported(seed);
        let window = university.registry.window_id(WINDOW).unwrap();
        let outcomes = opened(&mut university, window);
        assert_eq!(invariants::all(&university), []);
        let mut shares: BTreeMap<&str, usize> = BTreeMap::new();
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, outcome) in &outcomes {
            *shares.entry(outcome.key()).or_default() += 1;
            if let Outcome::Refused(reason) = outcome {
                *reasons.entry(reason.key()).or_default() += 1;
            }
        }
        println!("of {}: {shares:?}, refused: {reasons:?}", outcomes.len());
        let share = |key: &str| shares.get(key).copied().unwrap_or(0) * 100 / outcomes.len();
        assert!(share("enrolled") >= 75, "{shares:?}");
        assert!((8..=20).contains(&share("waitlisted")), "{shares:?}");
        assert!(share("refused") >= 1, "{shares:?}");
        for reason in ["clash", "full", "prerequisite_missing", "credit_limit", "blocked"] {
            assert!(reasons.contains_key(reason), "no {reason} in {reasons:?}");
        }
    }
}

#[test]
fn it_is_the_demo_while_students_and_windows_are_its_own() {
    let mut university = imported(1);
    assert!(is_demo(&university.registry));
    assert!(!is_demo(&University::default().registry));
    let mut others = draft(&mut seeded(2));
    assert!(keeps(&others));
    let mut profile = others.students[0].clone();
    profile.key = crate::domain::ids::Key::new("z1").unwrap();
    others.students = vec![profile];
    (others.terms, others.courses, others.programmes, others.windows) = Default::default();
    assert!(!keeps(&others));
    run(&mut university, Command::Import(Arc::new(others)));
    assert!(!is_demo(&university.registry));
}
