//! Waiting: order, promotion in the turn that frees a seat, passing over, capacity and status.

use crate::domain::event::Event;
use crate::domain::ids::{CourseId, Credits, SectionId, StudentId};
use crate::domain::import::Draft;
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::section::SectionStatus;
use crate::domain::student::Notice;
use crate::domain::testkit::{
    World, draft, is_enrolled, is_waitlisted, key, lecture, sec, tutorial,
};

/// `A` with so many seats, taken by student 0 and on; the rest of the students wait.
fn queue(seats: u32, students: u32) -> World {
    let given = draft().simple("A", seats).simple("B", 9).students(students as usize);
    let mut world = given.window(|rules| rules.credit_limit = Some(Credits(1000))).open();
    for who in 0..students {
        world.enrol(who, "A");
    }
    world
}

#[test]
fn a_freed_seat_goes_to_the_first_who_waits_in_the_same_turn() {
    let mut world = queue(1, 4);
    assert_eq!(world.waitlist("A"), [1, 2, 3]);
    let before = world.records.len();
    world.drop(0, "A");
    let events: Vec<_> = world.records[before..].iter().map(|r| &r.event).collect();
    let who = |e: &Event| match e {
        Event::Promoted { student, .. } => Some(student.0),
        _ => None,
    };
    assert_eq!(events.iter().filter_map(|e| who(e)).collect::<Vec<_>>(), [1]);
    assert_eq!(events.len(), 2, "the drop and the promotion: {events:?}");
    assert_eq!(world.waitlist("A"), [2, 3]);
    let told = &world.student(1).inbox.last().unwrap().notice;
    let (course, sections) = (CourseId(0), vec![SectionId(0)]);
    assert_eq!(*told, Notice::Promoted { course, sections, replaces: None });
    world.enrol(0, "A");
    assert_eq!(world.waitlist("A"), [2, 3, 0], "who comes again stands at the end");
    world.leave(2, "A");
    world.drop(1, "A");
    assert_eq!(world.seats(3, "A"), ["A/1"], "who left is no longer asked");
}

#[test]
fn capacity_below_the_taken_grants_nothing_until_the_excess_is_gone() {
    let mut world = queue(3, 5);
    let before = world.now();
    world.capacity("A/1", 1);
    assert_eq!(world.university.sections[0].over_capacity(), 2);
    let changed = |seats| Notice::CapacityChanged { section: SectionId(0), capacity: seats };
    assert_eq!(world.told_since(3, before), [changed(Some(1))]);
    assert_eq!(world.told_since(0, before), [], "who has a seat keeps it");
    world.drop(0, "A");
    world.drop(1, "A");
    assert_eq!(world.waitlist("A"), [3, 4]);
    world.drop(2, "A");
    assert_eq!(world.waitlist("A"), [4]);
    world.capacity("A/1", 2);
    assert_eq!(world.waitlist("A"), [0; 0], "raised: the next gets it");
    let mut world = queue(1, 5);
    world.capacity("A/1", 3);
    assert_eq!(world.waitlist("A"), [3, 4]);
}

#[test]
fn a_closed_section_grants_nothing_and_an_opened_one_promotes() {
    for shut in [SectionStatus::Closed, SectionStatus::Cancelled] {
        let mut world = queue(1, 3);
        let before = world.now();
        world.status("A/1", shut);
        let told = Notice::SectionStatus { section: SectionId(0), status: shut, reason: None };
        assert_eq!(world.told_since(0, before), std::slice::from_ref(&told), "she has a seat");
        assert_eq!(world.told_since(1, before), [told], "she waits for one");
        world.drop(0, "A");
        assert_eq!(world.waitlist("A"), [1, 2]);
        world.status("A/1", SectionStatus::Open);
        assert_eq!(world.waitlist("A"), [2]);
    }
}

#[test]
fn one_that_is_passed_over_is_told_once_a_blocker_and_keeps_her_place() {
    let mut world = queue(1, 4);
    let mut file = draft().simple("A", 1).simple("B", 9).students(4);
    let again = |file: &Draft| file.clone();
    file.students[1].blocks = vec![key("debt")];
    world.import(again(&file)).unwrap();
    let before = world.now();
    world.drop(0, "A");
    let passed =
        |code| Notice::PassedOver { course: CourseId(0), blocker: Reason::Blocked(key(code)) };
    assert_eq!(world.told_since(1, before), [passed("debt")]);
    assert_eq!((world.seats(2, "A").len(), world.waitlist("A")), (1, vec![1, 3]));
    let before = world.now();
    world.drop(2, "A");
    assert_eq!(world.told_since(1, before), [], "she knows");
    assert_eq!((world.seats(3, "A").len(), world.waitlist("A")), (1, vec![1]));
    file.students[1].blocks = vec![key("library")];
    world.import(again(&file)).unwrap();
    world.drop(3, "A");
    assert_eq!(world.told_since(1, before), [passed("library")]);
    file.students[1].blocks.clear();
    world.import(again(&file)).unwrap();
    assert_eq!(world.seats(1, "A"), ["A/1"], "the block lifted is a seat granted");
}

#[test]
fn waiting_costs_no_credits_until_it_is_granted() {
    let given = draft().simple("A", 1).simple("B", 9).simple("C", 9).students(2);
    let mut world = given.window(|rules| rules.credit_limit = Some(Credits(1000))).open();
    world.enrol(0, "A");
    assert!(is_waitlisted(&world.enrol(1, "A")));
    assert!(is_enrolled(&world.enrol(1, "B")));
    assert!(is_enrolled(&world.enrol(1, "C")), "the entry costs nothing");
    world.drop(0, "A");
    assert_eq!(world.waitlist("A"), [1], "granting it would");
    world.drop(1, "C");
    assert_eq!(world.seats(1, "A"), ["A/1"], "her own drop made her eligible, in that turn");
}

#[test]
fn a_clash_that_her_own_drop_removes_promotes_her() {
    let at = |name, seats| lecture(&[sec(name, seats).at(1, 9, 11)]);
    let given = draft().course("A", &[at("A/1", 1)]).course("B", &[at("B/1", 1)]);
    let mut world = given.students(2).window(|_| {}).open();
    world.enrol(0, "A");
    world.enrol(1, "A");
    assert!(is_enrolled(&world.enrol(1, "B")));
    let before = world.now();
    world.drop(0, "A");
    let blocker = Reason::Clash(CourseId(1));
    assert_eq!(world.told_since(1, before), [Notice::PassedOver { course: CourseId(0), blocker }]);
    world.drop(1, "B");
    assert_eq!(world.seats(1, "A"), ["A/1"]);
}

#[test]
fn two_students_waiting_crosswise_on_two_components_are_both_served() {
    let lectures = lecture(&[sec("A/L1", 1), sec("A/L2", 1)]);
    let tutorials = tutorial(&[sec("A/T1", 1), sec("A/T2", 1)]);
    let given = draft().course("A", &[lectures, tutorials]);
    let mut world = given.students(4).window(|_| {}).open();
    let combination = |world: &World, l, t| world.ranked("A", &[&[l], &[t]]).or_wait();
    for (who, l, t) in
        [(0, "A/L1", "A/T1"), (1, "A/L2", "A/T2"), (2, "A/L1", "A/T2"), (3, "A/L2", "A/T1")]
    {
        let request = combination(&world, l, t);
        world.submit(who, &[request]);
    }
    assert_eq!(world.waitlist("A"), [2, 3]);
    world.drop(0, "A");
    assert_eq!(world.waitlist("A"), [2, 3], "each lacks one component; nobody holds half");
    world.drop(1, "A");
    assert_eq!(world.seats(2, "A"), ["A/L1", "A/T2"]);
    assert_eq!(world.seats(3, "A"), ["A/L2", "A/T1"]);
}

#[test]
fn the_rank_for_a_section_counts_who_accepts_it() {
    let given = draft().course("A", &[lecture(&[sec("A/1", 0), sec("A/2", 0)])]).students(3);
    let mut world = given.window(|_| {}).open();
    for (who, name) in [(0, "A/1"), (1, "A/2"), (2, "A/1")] {
        let request = world.ranked("A", &[&[name]]).or_wait();
        let Outcome::Waitlisted { rank, .. } = world.submit(who, &[request]).remove(0) else {
            panic!()
        };
        assert_eq!(rank, who + 1);
    }
    let registry = &world.university.registry;
    let book = registry.book(CourseId(0));
    let ahead = |section| book.ahead_for(&registry.catalogue, StudentId(2), section);
    assert_eq!((ahead(SectionId(0)), ahead(SectionId(1))), (1, 1));
    world.capacity("A/2", 1);
    assert_eq!(world.waitlist("A"), [0, 2], "who accepts the section, whoever is first");
}

#[test]
fn a_list_of_blocked_entries_is_walked_to_the_one_who_may() {
    let mut world = queue(2, 40);
    let mut file = draft().simple("A", 2).simple("B", 9).students(40);
    for student in &mut file.students[2..39] {
        student.blocks.push(key("debt"));
    }
    world.import(file).unwrap();
    let before = world.records.len();
    world.drop(0, "A");
    assert_eq!(world.seats(39, "A"), ["A/1"]);
    assert_eq!(world.records.len() - before, 1 + 37 + 1, "each is told, and the last gets it");
    world.drop(1, "A");
    assert_eq!(world.records.len() - before, 1 + 37 + 1 + 1, "a second seat is no news to them");
    assert_eq!(world.waitlist("A").len(), 37);
}
