//! Giving one place for another: at once or when promoted, never in between.

use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::ids::{Credits, StudentId};
use crate::domain::outcome::{Outcome, Reason, Rejection};
use crate::domain::section::SectionStatus;
use crate::domain::student::Notice;
use crate::domain::testkit::{
    W, World, draft, is_enrolled, is_waitlisted, lecture, refused, sec, tutorial,
};

fn simple(courses: &[(&str, u32)], students: usize) -> World {
    let given = courses.iter().fold(draft(), |draft, (code, seats)| draft.simple(code, *seats));
    given.students(students).window(|_| {}).open()
}

fn swap(world: &mut World, who: u32, from: &str, to: &str) -> Outcome {
    let request = world.any(to).or_wait();
    world.swap(who, from, request)
}

#[test]
fn between_courses_the_old_seat_goes_in_the_same_record_and_on_to_who_waits() {
    let mut world = simple(&[("A", 1), ("B", 1)], 2);
    world.enrol(0, "A");
    world.enrol(1, "A");
    let before = world.records.len();
    assert!(is_enrolled(&swap(&mut world, 0, "A", "B")));
    assert_eq!((world.seats(0, "A").len(), world.seats(0, "B").len()), (0, 1));
    assert_eq!(world.seats(1, "A"), ["A/1"]);
    assert_eq!(world.records.len(), before + 2);
    let courses: Vec<_> = world.records[before].courses.iter().map(|(c, _)| *c).collect();
    assert_eq!(courses, [world.c("B"), world.c("A")], "the record names both courses");
}

#[test]
fn a_swap_that_is_refused_changes_nothing() {
    let mut world = simple(&[("A", 1), ("B", 0), ("C", 1)], 2);
    world.enrol(0, "A");
    let b = world.any("B");
    assert_eq!(world.swap(0, "A", b), refused(Reason::Full));
    assert_eq!(swap(&mut world, 0, "C", "B"), refused(Reason::NotEnrolled));
    world.enrol(0, "C");
    assert_eq!(swap(&mut world, 0, "A", "C"), refused(Reason::AlreadyEnrolled));
    assert!(is_waitlisted(&world.enrol(0, "B")));
    assert_eq!(swap(&mut world, 0, "A", "B"), refused(Reason::AlreadyWaitlisted));
    assert_eq!(world.seats(0, "A"), ["A/1"]);
    let (student, request, from) = (StudentId(0), world.fresh(), world.c("A"));
    let to = std::sync::Arc::new(world.any("B"));
    world.run(Command::Close(W)).unwrap();
    let late = Command::Swap { student, request, from, to };
    assert_eq!(world.run(late), Err(Rejection::WindowNotOpen));
}

#[test]
fn the_place_given_does_not_count_against_the_place_wanted() {
    let at = |name| lecture(&[sec(name, 1).at(1, 9, 11)]);
    let given = draft().course("A", &[at("A/1")]).course("B", &[at("B/1")]);
    let limit = Some(Credits(500));
    let mut world = given.students(1).window(|rules| rules.credit_limit = limit).open();
    world.enrol(0, "A");
    assert!(is_enrolled(&swap(&mut world, 0, "A", "B")));
}

#[test]
fn inside_a_course_what_stays_is_not_given_back() {
    let lectures = lecture(&[sec("A/L", 1)]);
    let tutorials = tutorial(&[sec("A/T1", 1), sec("A/T2", 1), sec("A/T3", 0)]);
    let given = draft().course("A", &[lectures, tutorials]);
    let mut world = given.students(1).window(|_| {}).open();
    world.enrol(0, "A");
    assert_eq!(world.seats(0, "A"), ["A/L", "A/T1"]);
    let to = world.ranked("A", &[&[], &["A/T2"]]);
    assert!(is_enrolled(&world.swap(0, "A", to)));
    assert_eq!(world.seats(0, "A"), ["A/L", "A/T2"], "although the lecture is full");
    let to = world.ranked("A", &[&[], &["A/T3"]]).or_wait();
    assert!(is_waitlisted(&world.swap(0, "A", to)));
    assert_eq!(world.seats(0, "A"), ["A/L", "A/T2"], "kept until promoted");
    world.status("A/L", SectionStatus::Closed);
    world.capacity("A/T3", 1);
    assert_eq!(world.seats(0, "A"), ["A/L", "A/T3"], "her own seat in a closed section stays");
    let notice = &world.student(0).inbox.last().unwrap().notice;
    assert!(matches!(notice, Notice::Promoted { replaces: Some(_), .. }), "{notice:?}");
    let taken: Vec<u32> = world.university.sections.iter().map(|s| s.taken).collect();
    assert_eq!(taken, [1, 0, 0, 1]);
}

#[test]
fn a_promotion_drops_the_kept_place_in_its_record_and_promotes_the_next() {
    // Each waits for the next course and keeps her own: one seat moves the whole chain.
    let codes = ["A", "B", "C", "D"];
    let mut world = simple(&codes.map(|c| (c, 1)), 5);
    for (who, code) in (0..).zip(codes) {
        world.enrol(who, code);
    }
    for who in (1..4).rev() {
        let (from, to) = (codes[who], codes[who - 1]);
        assert!(is_waitlisted(&swap(&mut world, who as u32, from, to)));
    }
    world.enrol(4, "D");
    let before = world.records.len();
    world.drop(0, "A");
    for (who, code) in [(1, "A"), (2, "B"), (3, "C"), (4, "D")] {
        assert_eq!(world.seats(who, code).len(), 1, "{who} in {code}");
        assert_eq!(world.student(who).enrolments.len(), 1);
    }
    let events = world.records[before..].iter().map(|r| &r.event);
    let promoted = |e: &&Event| matches!(e, Event::Promoted { .. });
    assert_eq!(events.filter(promoted).count(), 4, "queued in one turn");
}

#[test]
fn two_who_each_want_the_others_place_wait_until_a_seat_comes() {
    let mut world = simple(&[("A", 1), ("B", 1)], 2);
    world.enrol(0, "A");
    world.enrol(1, "B");
    assert!(is_waitlisted(&swap(&mut world, 0, "A", "B")));
    assert!(is_waitlisted(&swap(&mut world, 1, "B", "A")));
    assert_eq!((world.seats(0, "A").len(), world.seats(1, "B").len()), (1, 1));
    world.capacity("A/1", 2);
    assert_eq!((world.seats(1, "A").len(), world.seats(0, "B").len()), (1, 1), "both moved");
}

#[test]
fn one_place_is_given_once_whatever_waits_for_it() {
    let mut world = simple(&[("A", 1), ("B", 0), ("C", 0)], 1);
    world.enrol(0, "A");
    swap(&mut world, 0, "A", "B");
    swap(&mut world, 0, "A", "C");
    world.capacity("B/1", 1);
    assert_eq!((world.seats(0, "A").len(), world.seats(0, "B").len()), (0, 1));
    world.capacity("C/1", 1);
    let all: Vec<_> = world.student(0).enrolments.iter().map(|e| e.course).collect();
    assert_eq!(all, [world.c("B"), world.c("C")], "nothing is left to give for the second");
}

#[test]
fn a_kept_place_that_was_dropped_and_taken_again_is_not_given() {
    let mut world = simple(&[("A", 1), ("B", 0)], 1);
    world.enrol(0, "A");
    swap(&mut world, 0, "A", "B");
    world.drop(0, "A");
    world.enrol(0, "A");
    world.capacity("B/1", 1);
    assert_eq!((world.seats(0, "A").len(), world.seats(0, "B").len()), (1, 1));
}

#[test]
fn at_a_promotion_the_place_given_does_not_stand_in_the_way() {
    let at = |name, seats| lecture(&[sec(name, seats).at(1, 9, 11)]);
    let given = draft().course("A", &[at("A/1", 1)]).course("B", &[at("B/1", 0)]);
    let limit = Some(Credits(500));
    let mut world = given.students(1).window(|rules| rules.credit_limit = limit).open();
    world.enrol(0, "A");
    assert!(is_waitlisted(&swap(&mut world, 0, "A", "B")));
    world.capacity("B/1", 1);
    assert_eq!((world.seats(0, "A").len(), world.seats(0, "B").len()), (0, 1));
}

#[test]
fn a_message_about_a_swap_names_the_course_that_was_to_be_given() {
    let mut world = simple(&[("A", 2), ("B", 1), ("C", 0)], 1);
    world.enrol(0, "A");
    let (before, [a, b]) = (world.now(), ["A", "B"].map(|code| world.c(code)));
    let refused_c = world.any("C");
    world.swap(0, "A", refused_c);
    assert!(is_enrolled(&swap(&mut world, 0, "A", "B")));
    assert!(is_waitlisted(&swap(&mut world, 0, "B", "C")));
    world.drop(0, "B");
    let told: Vec<_> = world
        .told_since(0, before)
        .into_iter()
        .map(|notice| match notice {
            Notice::Outcome { instead_of, .. } => instead_of,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [Some(a), Some(a), Some(b), None], "a drop gives a place for nothing");
    assert!(world.replayed() == world.university, "replay tells the same");
}
