//! What fits in place of a course: seats, no clash, nothing personal in the way.

use crate::domain::alternatives::Alternatives;
use crate::domain::catalogue::{Programme, Requirement, Text};
use crate::domain::ids::{Credits, StudentId};
use crate::domain::import::Draft;
use crate::domain::section::SectionStatus;
use crate::domain::testkit::{World, draft, is_enrolled, key, lecture, sec, tutorial};
use crate::limits;

fn programme(draft: &mut Draft, courses: &[(&str, u8, bool)]) {
    let requirements = courses.iter().map(|(course, year, required)| Requirement {
        year: *year,
        course: key(course),
        required: *required,
    });
    let requirements = requirements.collect();
    draft.programmes.push(Programme { key: key("LAW"), name: Text::default(), requirements });
    draft.students[0].programme = Some(key("LAW"));
}

fn found(world: &World, course: &str) -> Alternatives {
    found_in(world, course, false)
}

fn found_in(world: &World, course: &str, swap: bool) -> Alternatives {
    let (registry, course) = (&world.university.registry, world.c(course));
    let concerned = registry.alternatives_concerned(StudentId(0), course);
    let quotes = world.university.quotes(&concerned);
    registry.alternatives(StudentId(0), course, swap, &quotes)
}

fn sections(world: &World, course: &str) -> Vec<Vec<String>> {
    let name = |s: &crate::domain::ids::SectionId| {
        world.university.registry.catalogue.section(*s).key.to_string()
    };
    found(world, course).sections.iter().map(|all| all.iter().map(name).collect()).collect()
}

fn courses(world: &World, course: &str) -> Vec<String> {
    let catalogue = &world.university.registry.catalogue;
    found(world, course).courses.iter().map(|(c, _)| catalogue.course(*c).key.to_string()).collect()
}

#[test]
fn sections_with_seats_that_clash_with_nothing_she_has() {
    let tutorials = [
        sec("A/T1", 0),
        sec("A/T2", 3).at(2, 9, 11),
        sec("A/T3", 3).at(3, 9, 11),
        sec("A/T4", 2).at(4, 9, 11),
    ];
    let given = draft().course("A", &[lecture(&[sec("A/L", 1)]), tutorial(&tutorials)]);
    let given = given.course("B", &[lecture(&[sec("B/1", 9).at(2, 10, 12)])]);
    let mut world = given.students(1).window(|_| {}).open();
    world.enrol(0, "B");
    // T1 is full and T2 clashes.
    assert_eq!(sections(&world, "A"), [["A/L", "A/T3"], ["A/L", "A/T4"]]);
    world.enrol(0, "A");
    assert_eq!(world.seats(0, "A"), ["A/L", "A/T3"]);
    assert_eq!(
        sections(&world, "A"),
        [["A/L", "A/T4"]],
        "another than she has, in the full lecture that she keeps"
    );
    world.run(crate::domain::command::Command::Close(crate::domain::testkit::W)).unwrap();
    assert_eq!(found(&world, "A"), Alternatives::default(), "no window is open");
}

#[test]
fn who_sits_in_a_cancelled_section_is_offered_another() {
    let tutorials = [sec("A/T1", 3).at(1, 9, 11), sec("A/T2", 3).at(2, 9, 11)];
    let given = draft().course("A", &[lecture(&[sec("A/L", 1)]), tutorial(&tutorials)]);
    let mut world = given.students(1).window(|_| {}).open();
    world.enrol(0, "A");
    assert_eq!(world.seats(0, "A"), ["A/L", "A/T1"]);
    world.status("A/T1", SectionStatus::Cancelled);
    assert_eq!(sections(&world, "A"), [["A/L", "A/T2"]], "the full lecture is hers to keep");
    // With the lecture cancelled too there is nothing left of the course.
    world.status("A/L", SectionStatus::Cancelled);
    assert_eq!(sections(&world, "A"), [[""; 0]; 0]);
}

#[test]
fn courses_of_her_programme_that_she_could_have_now() {
    let mut given = draft().simple("A", 0);
    for code in ["NEXT", "OPT", "REQ", "FULL", "PRE", "DONE", "HAS", "MORE"] {
        given = given.simple(code, if code == "FULL" { 0 } else { 5 });
        given =
            given.with(|c| c.prerequisites = if code == "PRE" { vec![key("X")] } else { vec![] });
    }
    let mut given = given.simple("OUT", 5).students(1).window(|_| {});
    let wanted = [
        ("A", 1, true),
        ("NEXT", 2, true),
        ("OPT", 1, false),
        ("FULL", 1, true),
        ("PRE", 1, true),
        ("DONE", 1, true),
        ("HAS", 1, true),
        ("REQ", 1, true),
        ("MORE", 3, true),
    ];
    programme(&mut given, &wanted);
    given.students[0].completed = vec![key("DONE")];
    let mut world = given.open();
    world.enrol(0, "HAS");
    // Required before optional, her year before others, no more than are asked for.
    assert_eq!(courses(&world, "A"), ["REQ", "OPT", "NEXT"]);
    assert_eq!(courses(&world, "A").len(), limits::ALTERNATIVES_MAX);
    assert!(sections(&world, "A").is_empty());
}

#[test]
fn no_more_courses_are_looked_at_than_the_bound() {
    let most = limits::ALTERNATIVE_COURSES_MAX;
    let codes: Vec<String> = (0..most + 9).map(|i| format!("C{i}")).collect();
    let mut given = codes.iter().fold(draft().simple("A", 0), |d, code| d.simple(code, 0));
    given = given.students(1).window(|_| {});
    let all: Vec<_> = codes.iter().map(|code| (code.as_str(), 1, true)).collect();
    programme(&mut given, &all);
    let world = given.open();
    let concerned = world.university.registry.alternatives_concerned(StudentId(0), world.c("A"));
    assert_eq!(concerned.len(), 1 + most);
    assert!(courses(&world, "A").is_empty());
}

#[test]
fn in_a_swap_the_credits_and_hours_of_the_old_course_do_not_count() {
    let at = |name: &str, hour| [lecture(&[sec(name, 5).at(1, hour, hour + 2)])];
    let mut given = draft()
        .course("OLD", &at("OLD/1", 9))
        .course("SAME", &at("SAME/1", 9))
        .course("KEPT", &at("KEPT/1", 13))
        .course("CLASH", &at("CLASH/1", 14))
        .students(1)
        .window(|w| w.credit_limit = Some(Credits(1_000)));
    programme(&mut given, &[("OLD", 1, true), ("SAME", 1, true), ("CLASH", 1, true)]);
    let mut world = given.open();
    // 5 ECTS each: with these two she is at the limit.
    world.enrol(0, "OLD");
    world.enrol(0, "KEPT");
    let codes = |swap| {
        let catalogue = &world.university.registry.catalogue;
        let found = found_in(&world, "OLD", swap).courses;
        found.iter().map(|(c, _)| catalogue.course(*c).key.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(codes(false), [] as [&str; 0], "one more is over the limit");
    assert_eq!(codes(true), ["SAME"], "at the hour she gives up; what clashes with KEPT is not");
    let request = world.any("SAME");
    assert!(is_enrolled(&world.swap(0, "OLD", request)), "and the swap is granted");
}
