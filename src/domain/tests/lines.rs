//! Arming, the draw, the line, and a window's life.

use crate::domain::command::Command;
use crate::domain::decide::Verdict;
use crate::domain::ids::{RequestId, StudentId, Ticket};
use crate::domain::lottery;
use crate::domain::outcome::{Reason, Rejection};
use crate::domain::student::Notice;
use crate::domain::testkit::{W, World, draft, is_enrolled, is_waitlisted, key, plan, refused};
use crate::domain::window::{Order, Scope, TicketState, WindowState};

/// `n` students who plan the course `A` of so many seats.
fn planned(n: u32, seats: u32, order: Order) -> World {
    let given = draft().simple("A", seats).simple("B", seats).students(n as usize);
    let mut world = given.window(|rules| rules.order = order).given();
    for who in 0..n {
        let request = world.any("A").or_wait();
        world.set_plan(who, &[request]);
    }
    world
}

fn submit(world: &mut World, who: u32, queue: bool) -> Result<Verdict, Rejection> {
    let (student, request) = (StudentId(who), world.fresh());
    world.run(Command::Submit { student, window: W, request, plan: None, queue })
}

fn waiting(world: &World) -> Vec<u32> {
    world.line().waiting().map(|t| t.0).collect()
}

#[test]
fn arm_disarm_edit_and_arm_again() {
    let mut world = planned(3, 9, Order::Arrival);
    let (student, window, request) = (StudentId(0), W, RequestId([9; 16]));
    assert_eq!(world.arm(0), Ticket(0));
    let arm = Command::Arm { student, window, request };
    assert_eq!(world.run(arm), Ok(Verdict::InLine(W, Ticket(0))), "one place for all her tabs");
    world.arm(1);
    world.run(Command::Disarm(student, W)).unwrap();
    assert_eq!(world.run(Command::Disarm(student, W)), Err(Rejection::NotInLine));
    assert_eq!(world.arm(0), Ticket(2), "a place given back is gone");
    let request = world.any("B");
    world.set_plan(1, &[request]);
    assert_eq!(world.student(1).ticket(W), Some(Ticket(1)), "an edit keeps the place");
    world.run(Command::Open(W)).unwrap();
    assert_eq!(waiting(&world), [1, 2]);
    world.admit(Ticket(1));
    assert_eq!((world.seats(1, "A").len(), world.seats(1, "B").len()), (0, 1));
    assert_eq!(world.run(Command::Admit(W, Ticket(1))), Ok(Verdict::Nothing), "once");
    assert_eq!(world.run(Command::Admit(W, Ticket(7))), Ok(Verdict::Nothing));
}

#[test]
fn arming_needs_a_course_that_the_window_covers() {
    let given = draft().simple("A", 1).simple("B", 1).students(2);
    let mut world = given.window(|rules| rules.scope = Scope::Only(vec![key("A")])).given();
    let b = world.any("B");
    world.set_plan(1, &[b]);
    for who in [0, 1] {
        let (student, window, request) = (StudentId(who), W, world.fresh());
        let arm = Command::Arm { student, window, request };
        assert_eq!(world.run(arm), Err(Rejection::PlanEmpty));
    }
    // Of her own plan, what the window does not cover is skipped; what a request names is told.
    let both = [world.any("A"), world.any("B")];
    world.set_plan(0, &both);
    world.run(Command::Open(W)).unwrap();
    let Ok(Verdict::Events(events)) = submit(&mut world, 0, false) else { panic!() };
    assert!(format!("{events:?}").matches("CourseId").count() > 0);
    assert_eq!(world.student(0).inbox.len(), 1);
    let outcomes = world.submit(1, &both);
    assert_eq!(outcomes, [refused(Reason::Full), refused(Reason::OutsideWindow)]);
    let (student, request) = (StudentId(1), world.fresh());
    let (plan, queue) = (Some(plan(&[])), false);
    let empty = Command::Submit { student, window: W, request, plan, queue };
    assert_eq!(world.run(empty), Err(Rejection::PlanEmpty));
}

#[test]
fn arrival_serves_in_the_order_of_arming() {
    let mut world = planned(4, 2, Order::Arrival);
    for who in [2, 0, 3, 1] {
        world.arm(who);
    }
    assert_eq!(waiting(&world), [0; 0], "no order before the opening");
    world.run(Command::Open(W)).unwrap();
    assert_eq!(waiting(&world), [0, 1, 2, 3]);
    let mut outcomes = (0..4).map(|t| world.admit(Ticket(t)).remove(0)).collect::<Vec<_>>();
    assert!(is_waitlisted(&outcomes.pop().unwrap()) && is_waitlisted(&outcomes.pop().unwrap()));
    assert!(outcomes.iter().all(is_enrolled));
    assert_eq!(world.waitlist("A"), [3, 1], "the waitlist is in ticket order");
    assert_eq!(world.line().served(), 4);
}

#[test]
fn the_lottery_draws_who_armed_before_and_the_late_come_after() {
    let mut world = planned(40, 9, Order::Lottery);
    for who in 0..30 {
        world.arm(who);
    }
    world.run(Command::Disarm(StudentId(5), W)).unwrap();
    world.run(Command::Open(W)).unwrap();
    for who in 30..40 {
        submit(&mut world, who, true).unwrap();
    }
    let mut drawn = lottery::draw(&[7; 32], &key("w0"), (0..30).map(Ticket));
    drawn.retain(|t| *t != Ticket(5));
    let late = (30..40).map(Ticket);
    let order: Vec<u32> = drawn.into_iter().chain(late).map(|t| t.0).collect();
    assert_eq!(waiting(&world), order);
    assert_eq!(world.line().position(Ticket(order[0])), Some(1));
    assert_eq!(world.line().position(Ticket(39)), Some(39));
    assert_eq!(world.line().position(Ticket(5)), None);
    world.admit(Ticket(order[0]));
    assert_eq!(world.line().position(Ticket(39)), Some(38));
    assert_eq!(world.replayed(), world.university, "the line resumes at the first undecided");
}

#[test]
fn a_submit_takes_a_place_when_others_wait() {
    let mut world = planned(2, 1, Order::Arrival);
    assert_eq!(submit(&mut world, 0, false), Err(Rejection::WindowNotOpen));
    world.run(Command::Open(W)).unwrap();
    submit(&mut world, 0, true).unwrap();
    assert_eq!(submit(&mut world, 0, true), Err(Rejection::AlreadyInLine));
    assert_eq!(submit(&mut world, 0, false), Err(Rejection::AlreadyInLine));
    let (student, request) = (StudentId(1), world.fresh());
    let (plan, queue) = (Some(plan(&[world.any("B")])), true);
    let named = Command::Submit { student, window: W, request, plan, queue };
    world.run(named.clone()).unwrap();
    assert_eq!(world.run(named.clone()), Ok(Verdict::InLine(W, Ticket(1))), "a repeat");
    world.admit(Ticket(0));
    world.admit(Ticket(1));
    assert_eq!(world.seats(1, "B"), ["B/1"], "the plan that the request named, not hers");
    assert!(matches!(world.run(named), Ok(Verdict::Repeat(..))));
    world.run(Command::Close(W)).unwrap();
    assert_eq!(submit(&mut world, 0, false), Err(Rejection::WindowClosed));
}

#[test]
fn an_armed_plan_that_was_emptied_ends_without_a_course() {
    let mut world = planned(1, 1, Order::Arrival);
    let ticket = world.arm(0);
    world.set_plan(0, &[]);
    world.run(Command::Open(W)).unwrap();
    assert_eq!(world.admit(ticket), []);
    assert_eq!(world.w().waiting, 0);
}

#[test]
fn a_window_opens_once_and_closes_for_good() {
    let mut world = planned(2, 1, Order::Arrival);
    assert_eq!(world.run(Command::Close(W)), Err(Rejection::WindowState));
    assert_eq!(world.run(Command::Closing(W)), Err(Rejection::WindowState));
    world.arm(0);
    world.run(Command::Open(W)).unwrap();
    assert_eq!(world.run(Command::Open(W)), Ok(Verdict::Nothing));
    world.run(Command::Closing(W)).unwrap();
    world.run(Command::Close(W)).unwrap();
    assert_eq!(world.student(0).inbox[0].notice, Notice::TicketEnded { window: W });
    assert_eq!(world.student(0).ticket(W), None);
    assert_eq!(world.w().tickets[0].state, TicketState::Left);
    assert_eq!(world.run(Command::Close(W)), Ok(Verdict::Nothing));
    assert_eq!(world.run(Command::Open(W)), Err(Rejection::WindowClosed));
    assert_eq!(world.run(Command::Admit(W, Ticket(0))), Ok(Verdict::Nothing));
    let (student, window, request) = (StudentId(1), W, world.fresh());
    let arm = Command::Arm { student, window, request };
    assert_eq!(world.run(arm), Err(Rejection::WindowClosed));
    let schedule = Command::Schedule { window: W, opens_at: None, closes_at: None };
    assert_eq!(world.run(schedule), Err(Rejection::WindowClosed));
    let reset = Command::Reset { window: W, seed: [0; 32], opens_at: None };
    assert_eq!(world.run(reset), Err(Rejection::NotARehearsal));
    assert_eq!(world.university.registry.unread(StudentId(0)), 4);
}

#[test]
fn a_rehearsal_run_again_withdraws_what_came_of_it_alone() {
    let given = draft().simple("A", 1).simple("B", 1).students(3);
    let given = given.window(|_| {}).window(|rules| rules.rehearsal = true);
    let mut world = given.open();
    let rehearsal = crate::domain::ids::WindowId(1);
    world.run(Command::Open(rehearsal)).unwrap();
    let (student, request, window) = (StudentId(0), world.fresh(), rehearsal);
    let (plan, queue) = (Some(plan(&[world.any("A"), world.any("B")])), false);
    world.run(Command::Submit { student, window, request, plan, queue }).unwrap();
    world.enrol(1, "A");
    assert_eq!(world.waitlist("A"), [1]);
    world.run(Command::Reset { window, seed: [3; 32], opens_at: None }).unwrap();
    let w = &world.university.registry.windows[1];
    assert_eq!((w.state, w.run, w.rules.seed), (WindowState::Planned, 1, [3; 32]));
    assert!(world.student(0).enrolments.is_empty());
    assert_eq!(world.seats(1, "A"), ["A/1"], "who waits by another window moves up");
    assert_eq!(world.university.sections[1].taken, 0);
}
