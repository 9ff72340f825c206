//! Study results: all or nothing, told once each, and what is passed counts at once.

use crate::domain::decide::Verdict;
use crate::domain::ids::{Credits, StudentId};
use crate::domain::import::{Draft, DraftFault, DraftResult};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::results::Grade;
use crate::domain::student::Notice;
use crate::domain::testkit::{World, draft, is_enrolled, key, refused};
use crate::limits;

fn result(student: &str, course: &str, grade: Grade) -> DraftResult {
    DraftResult {
        line: 2,
        student: key(student),
        term: key("2025-1"),
        course: key(course),
        name: None,
        component: None,
        attempt: 1,
        grade,
        credits: None,
        date: 20_000,
        passed: None,
    }
}

fn file(results: &[DraftResult]) -> Draft {
    Draft { results: results.to_vec(), ..Draft::default() }
}

/// B asks for A.
fn world() -> World {
    let given = draft().simple("A", 9).simple("B", 9).with(|b| b.prerequisites = vec![key("A")]);
    given.students(3).window(|_| {}).open()
}

fn faults(world: &World, results: &[DraftResult]) -> Vec<String> {
    let found = world.university.registry.prepare_import(&file(results)).unwrap_err();
    found.iter().map(|fault: &DraftFault| fault.in_file("r.csv")).collect()
}

#[test]
fn a_pass_counts_at_once_and_a_correction_takes_it_back() {
    let mut world = world();
    let missing = refused(Reason::PrerequisiteMissing(key("A")));
    world.import(file(&[result("s0", "A", Grade::Mark(54))])).unwrap();
    assert_eq!(world.enrol(0, "B"), missing);
    world.import(file(&[result("s0", "A", Grade::Mark(55))])).unwrap();
    assert!(is_enrolled(&world.enrol(0, "B")));
    // What she has stays; what she asks for from now on is held against the correction.
    world.import(file(&[result("s0", "A", Grade::Fail)])).unwrap();
    assert!(world.student(0).enrolment(world.c("B")).is_some());
    assert_eq!(world.drop(0, "B"), Outcome::Dropped);
    assert_eq!(world.enrol(0, "B"), missing);
    assert_eq!(world.replayed(), world.university);
}

#[test]
fn who_waits_becomes_eligible_by_a_result() {
    let given = draft().simple("A", 9).simple("B", 1).with(|b| b.prerequisites = vec![key("A")]);
    let mut world = given.students(2).window(|_| {}).open();
    let passed = |student| result(student, "A", Grade::Pass);
    world.import(file(&[passed("s0"), passed("s1")])).unwrap();
    world.enrol(0, "B");
    world.enrol(1, "B");
    world.import(file(&[result("s1", "A", Grade::Fail)])).unwrap();
    world.drop(0, "B");
    assert_eq!(world.waitlist("B"), [1], "the free seat passed her by");
    world.import(file(&[passed("s1")])).unwrap();
    assert_eq!((world.waitlist("B"), world.seats(1, "B").len()), (vec![], 1), "I11");
}

#[test]
fn each_new_or_changed_result_is_told_once_to_its_student_alone() {
    let mut world = world();
    let before = world.now();
    let first = [result("s0", "A", Grade::Mark(40)), result("s0", "B", Grade::Mark(80))];
    world.import(file(&first)).unwrap();
    let told = |world: &World, after| {
        let notices = world.told_since(0, after).into_iter();
        let notice = notices.map(|notice| match notice {
            Notice::Result { result, corrected } => (result.grade, corrected),
            other => panic!("{other:?}"),
        });
        notice.collect::<Vec<_>>()
    };
    assert_eq!(told(&world, before), [(Grade::Mark(40), false), (Grade::Mark(80), false)]);
    assert_eq!(world.student(0).sequence, 1, "one record is one step");
    assert!(world.told_since(1, before).is_empty());
    let after = world.now();
    assert_eq!(world.import(file(&first)), Ok(Verdict::Nothing), "the same again");
    let second = [result("s0", "A", Grade::Mark(70)), first[1].clone()];
    world.import(file(&second)).unwrap();
    assert_eq!(told(&world, after), [(Grade::Mark(70), true)]);
    // What she was told then stays what it was.
    assert_eq!(told(&world, before)[0], (Grade::Mark(40), false));
    let resit = DraftResult { attempt: 2, ..result("s0", "A", Grade::Mark(90)) };
    let part = DraftResult { component: Some(key("essay")), ..result("s0", "A", Grade::Pass) };
    world.import(file(&[resit, part])).unwrap();
    assert_eq!(world.student(0).account.results().len(), 4);
    assert_eq!(world.replayed(), world.university);
}

#[test]
fn a_part_passes_no_course_and_a_file_may_say_what_passes() {
    let mut world = world();
    let part = DraftResult { component: Some(key("exam")), ..result("s0", "A", Grade::Mark(90)) };
    world.import(file(&[part])).unwrap();
    assert!(!world.student(0).has_completed(&key("A")));
    assert_eq!(world.student(0).account.results()[0].credits, Credits(0));
    let strict = DraftResult { passed: Some(false), ..result("s1", "A", Grade::Mark(58)) };
    let lenient = DraftResult { passed: Some(true), ..result("s2", "A", Grade::Mark(50)) };
    world.import(file(&[strict, lenient])).unwrap();
    assert!(!world.student(1).has_completed(&key("A")));
    assert!(world.student(2).has_completed(&key("A")));
    assert_eq!(world.student(2).account.results()[0].credits, Credits(500), "the catalogue's");
}

#[test]
fn every_fault_is_told_with_its_line_and_nothing_is_imported() {
    let world = world();
    let old = |name: bool, credits| DraftResult {
        name: name.then(crate::domain::catalogue::Text::default),
        credits,
        ..result("s0", "OLD-1", Grade::Pass)
    };
    let good = result("s0", "A", Grade::Pass);
    let table = [
        (vec![result("s9", "A", Grade::Pass)], "unknown student; import the students first"),
        (
            vec![result("s0", "Ab", Grade::Pass)],
            "unknown course Ab; did you mean A?; for a course that the catalogue no longer has, \
             give its name",
        ),
        (vec![old(true, None)], "ects is missing and the catalogue does not have the course"),
        (vec![good.clone(), good.clone()], "named twice in this file; keep one"),
    ];
    for (results, expected) in table {
        let told = faults(&world, &results);
        let [told] = told.as_slice() else { panic!("{told:?}") };
        assert!(told.starts_with("r.csv:2: result ") && told.ends_with(expected), "{told}");
    }
    assert!(
        world.university.registry.prepare_import(&file(&[old(true, Some(Credits(1)))])).is_ok()
    );
    let mixed = [good, result("s9", "A", Grade::Pass), result("s0", "Q", Grade::Pass)];
    let mut world = world;
    let before = world.university.clone();
    assert_eq!(faults(&world, &mixed).len(), 2);
    assert!(world.import(file(&mixed)).is_err());
    assert_eq!(world.university, before);
}

#[test]
fn a_students_results_are_bounded() {
    let mut world = world();
    let nth = |i: usize| DraftResult {
        term: key(&format!("t{i}")),
        ..result("s0", "A", Grade::Mark(70))
    };
    let most = limits::RESULTS_PER_STUDENT_MAX;
    let all: Vec<_> = (0..most).map(nth).collect();
    world.import(file(&all)).unwrap();
    assert_eq!(world.university.registry.student(StudentId(0)).account.results().len(), most);
    let told = faults(&world, &[nth(most), nth(most + 1)]);
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert!(told.ends_with(&format!("more than {most} results")), "{told}");
    assert!(world.import(file(&[nth(0)])).is_ok(), "one that is there can change");
}
