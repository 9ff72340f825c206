//! An import is all or nothing, names every fault, changes nothing when repeated.

use crate::domain::catalogue::{Programme, Requirement, Text};
use crate::domain::decide::Verdict;
use crate::domain::event::Event;
use crate::domain::ids::Timestamp;
use crate::domain::import::Draft;
use crate::domain::outcome::Rejection;
use crate::domain::testkit::{World, draft, key, lecture, replay, sec, student, tutorial};

fn programme(code: &str, courses: &[&str]) -> Programme {
    let requirement = |c: &&str| Requirement { year: 1, course: key(c), required: true };
    let requirements = courses.iter().map(requirement).collect();
    Programme { key: key(code), name: Text::default(), requirements }
}

fn file() -> Draft {
    let lectures = lecture(&[sec("A/L1", 5).at(1, 9, 11), sec("A/L2", 5)]);
    let tutorials = tutorial(&[sec("A/T1", 2).under("A/L1"), sec("A/T2", 2).under("A/L2")]);
    let mut given = draft().course("A", &[lectures, tutorials]).simple("B", 1);
    given = given.simple("BX", 9).with(|exam| exam.part_of = Some(key("B")));
    given.programmes.push(programme("LAW", &["A", "B"]));
    given = given.students(3).window(|_| {});
    given.students[0].programme = Some(key("LAW"));
    given
}

#[test]
fn the_same_file_again_changes_nothing() {
    let mut world = file().given();
    assert_eq!(world.import(file()), Ok(Verdict::Nothing));
    let difference = world.university.registry.prepare_import(&file()).unwrap().difference;
    assert_eq!((difference.added.len(), difference.changed.len()), (0, 0));
    assert_eq!(difference.unchanged, 15);
    assert!(difference.kept.is_empty());
    assert_eq!(world.replayed(), world.university);
}

#[test]
fn what_the_file_no_longer_names_is_kept() {
    let mut world = file().given();
    let less = draft().simple("B", 1).students(1);
    let difference = world.university.registry.prepare_import(&less).unwrap().difference;
    let kept = ["course A", "course BX", "section A/L1", "section A/L2", "section A/T1"];
    assert_eq!(difference.kept[..5], kept);
    world.import(less).unwrap();
    assert_eq!(world.university.registry.catalogue.courses.len(), 3);
    assert_eq!(world.university.registry.students.len(), 3);
}

#[test]
fn every_fault_is_a_line_of_its_own_and_nothing_is_imported() {
    type Change = fn(&mut Draft);
    let table: [(Change, &str); 14] = [
        (|d| d.courses.push(d.courses[0].clone()), "course A: named twice in this file; keep one"),
        (
            |d| d.courses[1].components[0].sections.push(sec("B/1", 1)),
            "section B/1: named twice in this file; keep one",
        ),
        (|d| d.students.push(student("s0")), "student s0: named twice in this file; keep one"),
        (|d| d.windows.push(d.windows[0].clone()), "window w0: named twice in this file; keep one"),
        (
            |d| d.programmes.push(programme("LAW", &[])),
            "programme LAW: named twice in this file; keep one",
        ),
        (|d| d.courses[1].term = key("x"), "course B: unknown term x"),
        (
            |d| d.courses[0].part_of = Some(key("Z")),
            "course A: part of unknown course Z; put that course first",
        ),
        (
            |d| d.courses[0].components[1].sections[0].parent = Some(key("A/T2")),
            "section A/T1: its parent A/T2 is not a section of an earlier component of the same \
             course",
        ),
        (
            |d| d.courses[1].components[0].sections[0].parent = Some(key("A/L1")),
            "section B/1: its parent A/L1 is not a section of an earlier component of the same \
             course",
        ),
        (
            |d| d.courses[0].components.truncate(1),
            "course A: term and components of a known course cannot change; use a new code",
        ),
        (
            |d| d.courses[0].components[1].sections[0].parent = None,
            "section A/T1: course, component and parent of a known section cannot change; use a \
             new name",
        ),
        (|d| d.programmes[0].requirements[0].course = key("Z"), "programme LAW: unknown course Z"),
        (|d| d.windows[0].0 = key("x"), "window w0: unknown term x"),
        (
            |d| d.students[1].programme = Some(key("ART")),
            "student s1: unknown programme ART; import the catalogue first",
        ),
    ];
    for (change, fault) in table {
        let mut world = file().given();
        let before = world.university.clone();
        let mut bad = file().simple("NEW", 1);
        change(&mut bad);
        assert_eq!(world.import(bad), Err(Rejection::Import(fault.into())));
        assert_eq!(world.university, before);
    }
    let mut bad = file();
    bad.courses[1].term = key("x");
    bad.windows[0].0 = key("y");
    let Err(Rejection::Import(text)) = World::default().import(bad) else { panic!() };
    assert!(text.lines().count() >= 2, "{text}");
}

#[test]
fn an_import_that_was_cut_short_is_forgotten() {
    let mut world = file().given();
    let before = world.records.len();
    let mut more = file().simple("C", 3).students(0);
    more.students.push(student("new"));
    world.import(more.clone()).unwrap();
    let whole = world.records.len();
    assert!(matches!(world.records[whole - 1].event, Event::ImportApplied { items: 3 }));
    for cut in before..whole {
        let mut university = replay(&world.records[..cut]);
        assert_eq!(university.registry.catalogue.courses.len(), 3);
        assert_eq!(university.registry.students.len(), 3);
        let again = crate::domain::command::Command::Import(std::sync::Arc::new(more.clone()));
        university.turn(again, 2, Timestamp(0)).0.unwrap();
        assert_eq!(university.registry.catalogue, world.university.registry.catalogue);
        assert_eq!(university.registry.students, world.university.registry.students);
        assert_eq!(university.sections, world.university.sections);
    }
}

#[test]
fn another_capacity_in_the_file_promotes_and_a_new_section_too() {
    let mut world = file().open();
    for who in 0..3 {
        world.enrol(who, "B");
    }
    assert_eq!(world.waitlist("B"), [1, 2]);
    let mut more = file();
    more.courses[1].components[0].sections[0].capacity = Some(2);
    world.import(more.clone()).unwrap();
    assert_eq!(world.waitlist("B"), [2]);
    more.courses[1].components[0].sections.push(sec("B/2", 1));
    world.import(more.clone()).unwrap();
    assert_eq!(world.seats(2, "B"), ["B/2"], "any section includes the new one");
    let mut fewer = more;
    fewer.courses[1].components[0].sections[0].capacity = Some(0);
    world.import(fewer).unwrap();
    assert_eq!(world.seats(0, "B"), ["B/1"], "nobody is thrown out");
    assert_eq!(world.university.sections[world.s("B/1").index()].over_capacity(), 2);
}
