//! A capacity tried out on a copy leads to what it leads to in truth.

use proptest::prelude::*;

use super::history::{History, busy, raw};
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::ids::{SectionId, Timestamp};
use crate::domain::preview::{Preview, Previewed};
use crate::domain::testkit::{World, draft};
use crate::domain::window::Window;

/// The preview, copied so many entries at a time.
fn preview(world: &World, section: SectionId, seats: Option<u32>, count: usize) -> Previewed {
    let registry = &world.university.registry;
    let windows = registry.windows.iter().map(Window::without_tickets).collect();
    let course = registry.catalogue.section(section).course;
    let mut preview = Preview::new(registry.catalogue.clone(), windows, course);
    while let Some(from) = preview.next() {
        preview.add(registry.waiting_piece(from, count));
    }
    preview.run(section, seats, world.university.sections.clone())
}

#[test]
fn more_seats_promote_and_fewer_leave_an_excess() {
    // Given a section of two seats, both taken, and three who wait.
    let mut world = draft().simple("A", 2).students(5).window(|_| {}).open();
    for who in 0..5 {
        world.enrol(who, "A");
    }
    let (section, before) = (world.s("A/1"), world.university.clone());
    let check = |seats, promoted, left, over| {
        let found = preview(&world, section, seats, 2);
        assert_eq!((found.waitlisted, found.promoted), (3, promoted), "{seats:?}");
        assert_eq!((found.after.quote().left, found.after.over_capacity()), (left, over));
    };
    // When a capacity is tried, then as many are promoted as find a seat.
    check(Some(2), 0, Some(0), 0);
    check(Some(4), 2, Some(0), 0);
    check(Some(9), 3, Some(4), 0);
    check(None, 3, None, 0);
    check(Some(1), 0, Some(0), 1);
    check(Some(0), 0, Some(0), 2);
    // And nothing was changed.
    assert_eq!(world.university, before);
}

#[test]
fn nobody_is_left_out_when_the_list_moves_up_between_two_pieces() {
    // Given three who wait, of whom the first piece has one.
    let mut world = draft().simple("A", 1).students(4).window(|_| {}).open();
    for who in 0..4 {
        world.enrol(who, "A");
    }
    let registry = &world.university.registry;
    let windows = registry.windows.iter().map(Window::without_tickets).collect();
    let mut copy = Preview::new(registry.catalogue.clone(), windows, world.c("A"));
    copy.add(registry.waiting_piece(copy.next().unwrap(), 1));
    // When she leaves the list before the next piece is taken.
    world.leave(1, "A");
    let registry = &world.university.registry;
    copy.add(registry.waiting_piece(copy.next().unwrap(), 9));
    // Then both of the others are counted.
    assert_eq!(copy.next(), None);
    let sections = world.university.sections.clone();
    assert_eq!(copy.run(world.s("A/1"), Some(1), sections).waitlisted, 3);
}

#[test]
fn a_place_given_up_for_a_promotion_is_followed() {
    // Given one who waits for A and would give up B for it, and one who waits for B.
    let mut world = draft().simple("A", 0).simple("B", 1).students(2).window(|_| {}).open();
    world.enrol(0, "B");
    let to = world.any("A").or_wait();
    world.swap(0, "B", to);
    world.enrol(1, "B");
    // When A gets a seat, then both are promoted.
    assert_eq!(preview(&world, world.s("A/1"), Some(1), 1).promoted, 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// In whatever state, and however it was copied.
    #[test]
    fn a_preview_is_what_comes_of_it(
        raw in raw(),
        acts in busy(60),
        section in any::<prop::sample::Index>(),
        seats in prop::option::weighted(0.9, 0..6_u32),
        count in 1..4_usize,
    ) {
        let mut world = raw.world(true);
        let mut history = History::new(&raw);
        for act in &acts {
            history.act(&mut world, act);
        }
        let section = SectionId(section.index(world.university.sections.len()) as u32);
        let found = preview(&world, section, seats, count);
        let mut university = world.university.clone();
        let (_, records) = university.turn(Command::SetCapacity(section, seats), 1, Timestamp(0));
        let promoted = records.iter().filter(|r| matches!(r.event, Event::Promoted { .. })).count();
        prop_assert_eq!(found.promoted as usize, promoted);
        prop_assert_eq!(found.after, university.sections[section.index()]);
    }
}
