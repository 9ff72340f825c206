//! Each of these was wrong once.

use std::sync::Arc;

use crate::domain::command::Command;
use crate::domain::decide::Verdict;
use crate::domain::event::Event;
use crate::domain::ids::{CourseId, Credits, SectionId, StudentId, Ticket};
use crate::domain::outcome::{Outcome, Reason, Rejection};
use crate::domain::plan::{Choice, CourseRequest};
use crate::domain::section::SectionStatus;
use crate::domain::student::Notice;
use crate::domain::testkit::{
    W, World, draft, is_waitlisted, key, lecture, plan, refused, replay, sec, tutorial,
};
use crate::domain::window::Order;

fn submit(world: &mut World, request: CourseRequest) -> Result<Verdict, Rejection> {
    let (student, request_id) = (StudentId(0), world.fresh());
    let plan = Some(plan(&[request]));
    let queue = false;
    world.run(Command::Submit { student, window: W, request: request_id, plan, queue })
}

#[test]
fn ids_and_shapes_from_outside_are_rejected_and_never_a_panic() {
    let mut world = draft().simple("A", 1).students(1).window(|_| {}).open();
    let nowhere = CourseId(99);
    let unknown = CourseRequest { course: nowhere, choices: vec![Choice::Any], waitlist: false };
    let foreign =
        CourseRequest { choices: vec![Choice::Ranked(vec![SectionId(99)])], ..world.any("A") };
    let long = CourseRequest { choices: vec![Choice::Any; 3], ..world.any("A") };
    let unknown_course = Err(Rejection::UnknownCourse);
    assert_eq!(submit(&mut world, unknown.clone()), unknown_course);
    assert!(matches!(submit(&mut world, foreign.clone()), Err(Rejection::Plan(_))));
    assert!(matches!(submit(&mut world, long.clone()), Err(Rejection::Plan(_))));
    let student = StudentId(0);
    let set = |r: &CourseRequest| Command::SetPlan(student, plan(std::slice::from_ref(r)));
    assert_eq!(world.run(set(&unknown)), unknown_course);
    assert!(matches!(world.run(set(&foreign)), Err(Rejection::Plan(_))));
    assert!(matches!(world.run(set(&long)), Err(Rejection::Plan(_))));
    for (to, course) in [(unknown, false), (foreign, true), (long, true)] {
        let (request, from) = (world.fresh(), CourseId(0));
        let answer = world.run(Command::Swap { student, request, from, to: Arc::new(to) });
        assert_eq!(matches!(answer, Err(Rejection::Plan(_))), course, "{answer:?}");
        assert!(answer.is_err());
    }
    let (student, request) = (StudentId(9), world.fresh());
    let (plan, queue) = (None, false);
    let stranger = Command::Submit { student, window: W, request, plan, queue };
    assert_eq!(world.run(stranger), Err(Rejection::UnknownStudent));
    assert_eq!(
        world.run(Command::SetPlan(student, Arc::default())),
        Err(Rejection::UnknownStudent)
    );
}

#[test]
fn a_request_whose_ticket_is_gone_does_not_say_in_line() {
    let given = draft().simple("A", 1).students(2).window(|rules| rules.rehearsal = true);
    let mut world = given.given();
    for who in [0, 1] {
        let request = world.any("A");
        world.set_plan(who, &[request]);
    }
    let (student, window, request) = (StudentId(0), W, world.fresh());
    let arm = Command::Arm { student, window, request };
    world.run(arm.clone()).unwrap();
    assert_eq!(world.run(arm.clone()), Ok(Verdict::InLine(W, Ticket(0))));
    world.run(Command::Reset { window: W, seed: [1; 32], opens_at: None }).unwrap();
    world.arm(1);
    assert_eq!(world.run(arm), Err(Rejection::NotInLine), "ticket 0 is another's by now");
    let request = world.fresh();
    let arm = Command::Arm { student, window, request };
    world.run(arm.clone()).unwrap();
    world.run(Command::Disarm(student, window)).unwrap();
    assert_eq!(world.run(arm), Err(Rejection::NotInLine));
}

#[test]
fn the_closing_of_a_window_is_one_step_in_the_stream_of_each_who_waited() {
    let mut world = draft().simple("A", 1).students(2).window(|_| {}).given();
    let request = world.any("A");
    world.set_plan(0, &[request]);
    world.arm(0);
    world.run(Command::Open(W)).unwrap();
    let before = world.student(0).sequence;
    world.run(Command::Close(W)).unwrap();
    assert_eq!(world.student(0).sequence, before + 1);
    let last = world.student(0).inbox.last().unwrap();
    assert_eq!(last.student_sequence, before + 1);
    assert_eq!(last.notice, Notice::TicketEnded { window: W });
    assert_eq!(world.student(1).sequence, 0);
}

#[test]
fn a_credit_limit_is_one_blocker_however_far_it_is_passed() {
    let given = draft().simple("A", 1).simple("B", 9).simple("C", 9).students(3);
    let limit = Some(Credits(1000));
    let mut world = given.window(|rules| rules.credit_limit = limit).open();
    world.enrol(0, "A");
    assert!(is_waitlisted(&world.enrol(1, "A")));
    world.enrol(1, "B");
    world.enrol(1, "C");
    let before = world.now();
    world.drop(0, "A");
    let told = |blocker| Notice::PassedOver { course: CourseId(0), blocker };
    let limit = Reason::CreditLimit(Credits(500));
    assert_eq!(world.told_since(1, before), [told(limit)]);
    let before = world.now();
    world.import(draft().simple("B", 9).with(|c| c.credits = Credits(750))).unwrap();
    assert_eq!(world.told_since(1, before), [], "the same blocker by another amount");
}

#[test]
fn a_swap_inside_a_course_keeps_what_was_promised_elsewhere() {
    let given = draft().simple("B", 1).course("A", &[lecture(&[sec("A/1", 1), sec("A/2", 1)])]);
    let mut world = given.students(2).window(|_| {}).open();
    let first = world.ranked("A", &[&["A/1"]]);
    world.submit(0, &[first]);
    world.enrol(1, "B");
    let to = world.any("B").or_wait();
    assert!(is_waitlisted(&world.swap(0, "A", to)), "keeps A until promoted to B");
    let to = world.ranked("A", &[&["A/2"]]);
    world.swap(0, "A", to);
    assert_eq!(world.seats(0, "A"), ["A/2"]);
    world.drop(1, "B");
    assert_eq!(world.seats(0, "B"), ["B/1"]);
    assert_eq!(world.seats(0, "A"), [""; 0], "A was given for B");
}

#[test]
fn a_capacity_changed_by_an_import_is_in_the_record_that_applies_it() {
    let given = || draft().simple("A", 1).students(3);
    let mut world = given().window(|_| {}).open();
    world.enrol(0, "A");
    world.enrol(1, "A");
    let before = world.records.len();
    world.import(draft().simple("A", 2)).unwrap();
    let applied = world.records[before..]
        .iter()
        .position(|r| matches!(r.event, Event::ImportApplied { .. }))
        .unwrap();
    let mut cut = replay(&world.records[..=before + applied]);
    assert_eq!(cut.sections[0].capacity, Some(2), "no half import when the process stops here");
    cut.recover(2, world.records[0].at);
    assert!(cut.registry.student(StudentId(1)).enrolment(CourseId(0)).is_some());
    let changed = Notice::CapacityChanged { section: SectionId(0), capacity: Some(2) };
    assert_eq!(world.student(1).inbox[1].notice, changed, "told to who waits for it");
    assert_eq!(world.seats(1, "A"), ["A/1"]);
}

#[test]
fn a_name_may_serve_a_course_a_window_and_a_student() {
    let mut given = draft().simple("same", 1).window(|rules| rules.key = key("same"));
    given.students.push(crate::domain::testkit::student("same"));
    let mut world = World::default();
    assert!(world.import(given).is_ok());
}

#[test]
fn a_term_or_programme_named_twice_is_a_fault() {
    let mut given = draft();
    given.terms.push(given.terms[0].clone());
    let mut world = World::default();
    let fault = "term term: named twice in this file; keep one".to_owned();
    assert_eq!(world.import(given), Err(Rejection::Import(fault)));
}

#[test]
fn a_file_is_imported_again_although_its_window_was_paced_and_scheduled_since() {
    let given = || draft().simple("A", 1).window(|_| {});
    let mut world = given().open();
    world.run(Command::SetPace(W, Some(5))).unwrap();
    let (opens_at, closes_at) = (None, Some(crate::domain::ids::Timestamp(9)));
    world.run(Command::Schedule { window: W, opens_at, closes_at }).unwrap();
    assert_eq!(world.import(given()), Ok(Verdict::Nothing));
    assert_eq!((world.w().rules.pace, world.w().rules.closes_at), (Some(5), closes_at));
    let order = |rules: &mut crate::domain::window::WindowRules| rules.order = Order::Lottery;
    let other = draft().simple("A", 1).window(order);
    assert!(matches!(world.import(other), Err(Rejection::Import(_))));
}

#[test]
fn a_course_that_she_has_reads_as_such_outside_the_window_too() {
    let only = vec![key("B")];
    let given = draft().simple("A", 1).simple("B", 1).students(1).window(|_| {});
    let scope = crate::domain::window::Scope::Only(only);
    let mut world = given.window(|rules| rules.scope = scope).open();
    world.enrol(0, "A");
    world.run(Command::Open(crate::domain::ids::WindowId(1))).unwrap();
    let (student, request) = (StudentId(0), world.fresh());
    let (plan, queue) = (Some(plan(&[world.any("A")])), false);
    let window = crate::domain::ids::WindowId(1);
    let again = world.outcomes(Command::Submit { student, window, request, plan, queue });
    assert_eq!(again, [refused(Reason::AlreadyEnrolled)]);
}

#[test]
fn a_forecast_looks_past_the_first_lecture_whose_tutorials_are_full() {
    use crate::domain::forecast::{DryRun, Verdict};
    let lectures = lecture(&[sec("A/L1", 9), sec("A/L2", 5)]);
    let tutorials = tutorial(&[sec("A/T1", 0).under("A/L1"), sec("A/T2", 1).under("A/L2")]);
    let world = draft().course("A", &[lectures, tutorials]).students(1).window(|_| {}).open();
    let sections: Vec<SectionId> = (0..4).map(SectionId).collect();
    let quotes = world.university.quotes(&sections);
    let mut run = DryRun::new(&world.university.registry.catalogue, &quotes);
    let wanted = plan(&[world.any("A")]);
    assert_eq!(run.forecast(&wanted, |_| true)[0].verdict, Verdict::Likely);
    run.pass(&wanted, |_| true);
    assert_eq!(run.forecast(&wanted, |_| true)[0].verdict, Verdict::Unlikely);
}

#[test]
fn dropping_the_kept_place_leaves_the_entry_waiting_for_itself() {
    let mut world = draft().simple("A", 1).simple("B", 1).students(2).window(|_| {}).open();
    world.enrol(0, "A");
    world.enrol(1, "B");
    let to = world.any("B").or_wait();
    world.swap(0, "A", to);
    assert_eq!(world.drop(0, "A"), Outcome::Dropped);
    world.drop(1, "B");
    assert_eq!(world.seats(0, "B"), ["B/1"]);
}

#[test]
fn a_cancelled_section_that_is_merely_closed_again_lets_her_swap_go_on() {
    let lectures = lecture(&[sec("A/L", 1)]);
    let tutorials = tutorial(&[sec("A/T1", 1), sec("A/T2", 0)]);
    let given = draft().course("A", &[lectures, tutorials]).students(1);
    let mut world = given.window(|_| {}).open();
    world.enrol(0, "A");
    let to = world.ranked("A", &[&[], &["A/T2"]]).or_wait();
    assert!(is_waitlisted(&world.swap(0, "A", to)));
    world.status("A/L", SectionStatus::Cancelled);
    world.capacity("A/T2", 1);
    assert_eq!(world.seats(0, "A"), ["A/L", "A/T1"], "her lecture does not take place");
    world.status("A/L", SectionStatus::Closed);
    assert_eq!(world.seats(0, "A"), ["A/L", "A/T2"]);
}
