//! What one request for one course leads to: every reason, their precedence, the order of choice.

use std::sync::Arc;

use crate::domain::command::Command;
use crate::domain::decide::Verdict;
use crate::domain::ids::{CourseId, Credits, StudentId, Timestamp, WindowId};
use crate::domain::import::Draft;
use crate::domain::outcome::{Outcome, Reason, Rejection};
use crate::domain::section::SectionStatus;
use crate::domain::testkit::{
    W, World, draft, is_enrolled, is_waitlisted, key, lecture, plan, refused, sec, tutorial,
};
use crate::domain::window::{ClashPolicy, Scope};

/// One course `X` with everything wrong at once; each reason is lifted in turn.
fn obstacles() -> Draft {
    let monday = sec("X/1", 1).at(1, 9, 11);
    let given = draft().course("H", &[lecture(&[sec("H/1", 9).at(1, 10, 12)])]);
    let given = given.course("X", &[lecture(&[monday])]).with(|x| x.prerequisites = vec![key("P")]);
    let mut given = given.students(2);
    given.students[0].blocks = vec![key("debt"), key("library")];
    given.students[1].completed = vec![key("P")];
    given.window(|rules| rules.credit_limit = Some(Credits(700)))
}

#[test]
fn the_first_reason_that_holds_is_told() {
    let mut file = obstacles();
    let mut world = file.clone().window(|rules| rules.scope = Scope::Only(vec![])).open();
    world.run(Command::Open(WindowId(1))).unwrap();
    world.enrol(1, "X");
    let h = world.c("H");
    let ask = |world: &mut World, window| {
        let (student, request) = (StudentId(0), world.fresh());
        let (plan, queue) = (Some(plan(&[world.any("X")])), false);
        world.outcomes(Command::Submit { student, window, request, plan, queue }).remove(0)
    };
    // Student 0 gets H before her blocks begin; X is full, closed, clashes and costs too much.
    let blocks = std::mem::take(&mut file.students[0].blocks);
    let again = |file: &Draft| Draft { windows: vec![], ..file.clone() };
    world.import(again(&file)).unwrap();
    assert!(is_enrolled(&world.enrol(0, "H")));
    file.students[0].blocks = blocks;
    world.import(again(&file)).unwrap();
    world.status("X/1", SectionStatus::Closed);

    assert_eq!(ask(&mut world, WindowId(1)), refused(Reason::OutsideWindow));
    assert_eq!(ask(&mut world, W), refused(Reason::Blocked(key("debt"))));
    file.students[0].blocks.remove(0);
    world.import(again(&file)).unwrap();
    assert_eq!(ask(&mut world, W), refused(Reason::Blocked(key("library"))));
    file.students[0].blocks.clear();
    world.import(again(&file)).unwrap();
    assert_eq!(ask(&mut world, W), refused(Reason::PrerequisiteMissing(key("P"))));
    file.students[0].completed = vec![key("P")];
    world.import(again(&file)).unwrap();
    assert_eq!(ask(&mut world, W), refused(Reason::CreditLimit(Credits(300))));
    file.courses[1].credits = Credits(200);
    world.import(again(&file)).unwrap();
    assert_eq!(ask(&mut world, W), refused(Reason::Closed));
    world.status("X/1", SectionStatus::Open);
    assert_eq!(ask(&mut world, W), refused(Reason::Clash(h)));
    file.courses[0].components[0].sections[0].meetings.clear();
    world.import(again(&file)).unwrap();
    assert_eq!(ask(&mut world, W), refused(Reason::Full));
    world.capacity("X/1", 2);
    assert!(is_enrolled(&ask(&mut world, W)));
    assert_eq!(ask(&mut world, W), refused(Reason::AlreadyEnrolled));
}

#[test]
fn a_full_course_is_waited_for_when_she_and_the_window_want_it() {
    for (wants, allows) in [(true, true), (true, false), (false, true)] {
        let given = draft().simple("A", 0).students(1);
        let mut world = given.window(|rules| rules.waitlists = allows).open();
        let mut request = world.any("A");
        request.waitlist = wants;
        let outcome = world.submit(0, std::slice::from_ref(&request)).remove(0);
        if wants && allows {
            assert_eq!(world.waitlist("A"), [0]);
            let request = Arc::new(request);
            assert_eq!(outcome, Outcome::Waitlisted { rank: 1, request, keeps: None });
            assert_eq!(world.enrol(0, "A"), refused(Reason::AlreadyWaitlisted));
        } else {
            assert_eq!(outcome, refused(Reason::Full));
        }
    }
}

#[test]
fn drop_and_leave_refuse_what_she_has_not() {
    let mut world = draft().simple("A", 1).students(2).window(|_| {}).open();
    assert_eq!(world.drop(0, "A"), refused(Reason::NotEnrolled));
    assert_eq!(world.leave(0, "A"), refused(Reason::NotWaitlisted));
    world.enrol(0, "A");
    assert_eq!(world.leave(0, "A"), refused(Reason::NotWaitlisted));
    world.enrol(1, "A");
    assert_eq!(world.drop(1, "A"), refused(Reason::NotEnrolled));
    assert_eq!(world.leave(1, "A"), Outcome::LeftWaitlist);
    assert_eq!(world.drop(0, "A"), Outcome::Dropped);
    assert_eq!(world.university.sections[0].taken, 0);
}

#[test]
fn choices_go_by_her_ranks_and_any_by_seats_left_then_id() {
    let two = |l1, l2, t1, t2| {
        let lectures = lecture(&[sec("A/L1", l1), sec("A/L2", l2)]);
        let tutorials = [sec("A/T1", t1).under("A/L1"), sec("A/T2", t2).under("A/L2")];
        draft().course("A", &[lectures, tutorial(&tutorials)]).students(1).window(|_| {}).open()
    };
    let any: &[&str] = &[];
    let check = |mut world: World, choices: &[&[&str]], seats: &[&str]| {
        let request = world.ranked("A", choices);
        world.submit(0, &[request]);
        assert_eq!(world.seats(0, "A"), seats, "{choices:?}");
    };
    check(two(1, 1, 1, 1), &[any, any], &["A/L1", "A/T1"]);
    check(two(1, 2, 1, 1), &[any, any], &["A/L2", "A/T2"]);
    check(two(9, 1, 0, 1), &[any, any], &["A/L2", "A/T2"]);
    check(two(9, 1, 9, 1), &[&["A/L2", "A/L1"], any], &["A/L2", "A/T2"]);
    check(two(9, 0, 9, 1), &[&["A/L2", "A/L1"], any], &["A/L1", "A/T1"]);
    check(two(9, 9, 9, 9), &[any, &["A/T2"]], &["A/L2", "A/T2"]);
    // The lecture's rank goes before the tutorial's.
    check(two(9, 9, 9, 9), &[&["A/L2", "A/L1"], &["A/T1", "A/T2"]], &["A/L2", "A/T2"]);
    // All or nothing (I4): a lecture without its tutorial is no place.
    check(two(9, 9, 0, 0), &[any, any], &[]);
    check(two(9, 9, 9, 0), &[any, &["A/T2"]], &[]);
    // A tutorial never comes with another's lecture.
    check(two(9, 9, 9, 9), &[&["A/L1"], &["A/T2"]], &[]);
}

#[test]
fn an_unlimited_section_has_most_seats_left() {
    let mut unlimited = sec("A/2", 0);
    unlimited.capacity = None;
    let sections = lecture(&[sec("A/1", 1000), unlimited]);
    let mut world = draft().course("A", &[sections]).students(1).window(|_| {}).open();
    world.enrol(0, "A");
    assert_eq!(world.seats(0, "A"), ["A/2"]);
}

#[test]
fn inner_clashes_and_clashes_with_courses_are_avoided_or_told() {
    let inner = || {
        let lectures = lecture(&[sec("A/L", 9).at(1, 9, 11)]);
        let tutorials = tutorial(&[sec("A/T1", 9).at(1, 10, 12), sec("A/T2", 1).at(2, 9, 11)]);
        draft().course("A", &[lectures, tutorials]).students(2)
    };
    let mut world = inner().window(|_| {}).open();
    world.enrol(0, "A");
    assert_eq!(
        world.seats(0, "A"),
        ["A/L", "A/T2"],
        "the tutorial beside the lecture is no choice"
    );
    assert!(is_waitlisted(&world.enrol(1, "A")), "without a clash it is merely full");
    let mut world = inner().window(|_| {}).open();
    let only = world.ranked("A", &[&[], &["A/T1"]]);
    let itself = CourseId(0);
    assert_eq!(world.submit(0, &[only]), [refused(Reason::Clash(itself))]);

    let mut world = inner().window(|rules| rules.clash = ClashPolicy::Warn).open();
    let clash = |outcome: Outcome| match outcome {
        Outcome::Enrolled { clash, .. } => clash,
        other => panic!("{other:?}"),
    };
    let wanted = plan(&[world.any("A")]);
    let quotes = world.university.quotes(&["A/L", "A/T1", "A/T2"].map(|s| world.s(s)));
    let before = world.university.registry.blockers(StudentId(0), &wanted, &quotes);
    assert_eq!((before[0].blockers.len(), before[0].clash), (0, Some(itself)), "told before");
    assert!(clash(world.enrol(0, "A")), "granted, and told");
    assert_eq!(world.seats(0, "A"), ["A/L", "A/T1"]);
    let request = world.ranked("A", &[&[], &["A/T2"]]);
    assert!(!clash(world.submit(1, &[request]).remove(0)));
}

#[test]
fn a_plan_is_decided_in_her_order_with_what_it_granted_before() {
    let given = draft()
        .course("A", &[lecture(&[sec("A/1", 1).at(1, 9, 11)])])
        .course("B", &[lecture(&[sec("B/1", 1).at(1, 9, 11)])])
        .simple("C", 1)
        .simple("D", 1);
    let limit = Some(Credits(1000));
    let mut world = given.students(1).window(|rules| rules.credit_limit = limit).open();
    let wanted: Vec<_> = ["B", "A", "C", "D"].iter().map(|c| world.any(c)).collect();
    let outcomes = world.submit(0, &wanted);
    assert!(is_enrolled(&outcomes[0]) && is_enrolled(&outcomes[2]));
    assert_eq!(outcomes[1], refused(Reason::Clash(world.c("B"))));
    assert_eq!(outcomes[3], refused(Reason::CreditLimit(Credits(500))));
    assert_eq!(world.student(0).inbox.len(), 4);
    assert!(world.student(0).inbox.iter().all(|i| i.student_sequence == 1), "one record");
}

#[test]
fn a_request_repeated_is_answered_from_memory_and_another_body_is_a_conflict() {
    let mut world = draft().simple("A", 0).students(2).window(|_| {}).open();
    let (student, request, course) = (StudentId(0), world.fresh(), world.c("A"));
    let submit = |window, waitlist, world: &World| {
        let mut wanted = world.any("A");
        wanted.waitlist = waitlist;
        let (plan, queue) = (Some(plan(&[wanted])), false);
        Command::Submit { student, window, request, plan, queue }
    };
    let command = submit(W, true, &world);
    let outcomes = world.outcomes(command.clone());
    let sequence = world.now();
    let repeat = Verdict::Repeat(sequence, vec![(course, outcomes[0].clone())].into());
    world.capacity("A/1", 5);
    assert_eq!(world.run(command.clone()), Ok(repeat.clone()), "although she is in by now");
    let others = [
        submit(W, false, &world),
        Command::Drop { student, request, course },
        Command::Leave { student, request, course },
        Command::Arm { student, window: W, request },
        Command::Swap { student, request, from: course, to: Arc::new(world.any("A")) },
    ];
    for other in &others {
        assert_eq!(world.run(other.clone()), Err(Rejection::Conflict), "{other:?}");
    }
    let mut restarted = world.replayed();
    assert_eq!(restarted.turn(command.clone(), 2, Timestamp(0)), (Ok(repeat), vec![]));
    for other in others {
        let answer = restarted.turn(other, 2, Timestamp(0));
        assert_eq!(answer, (Err(Rejection::Conflict), vec![]));
    }
    let (student, queue) = (StudentId(1), false);
    let plan = Some(plan(&[world.any("A")]));
    let hers = Command::Submit { student, window: W, request, plan, queue };
    assert!(is_enrolled(&world.outcomes(hers)[0]), "an id is one student's");
}

#[test]
fn blockers_name_everything_that_stands_in_the_way() {
    let mut file = obstacles().simple("E", 0);
    file.students[0].completed.clear();
    let mut world = file.clone().open();
    world.enrol(1, "X");
    let wanted = plan(&[world.any("H"), world.any("X"), world.any("E")]);
    let sections: Vec<_> = ["H/1", "X/1", "E/1"].map(|s| world.s(s)).to_vec();
    let quotes = world.university.quotes(&sections);
    let of = |who| -> Vec<Vec<Reason>> {
        let all = world.university.registry.blockers(StudentId(who), &wanted, &quotes);
        all.into_iter().map(|b| b.blockers).collect()
    };
    let blocks = || vec![Reason::Blocked(key("debt")), Reason::Blocked(key("library"))];
    let too_many = || Reason::CreditLimit(Credits(300));
    let (mut x, mut e) = (blocks(), blocks());
    x.extend([Reason::PrerequisiteMissing(key("P")), too_many(), Reason::Clash(world.c("H"))]);
    x.push(Reason::Full);
    e.extend([too_many(), Reason::Full]);
    assert_eq!(of(0), [blocks(), x, e]);
    let credits = Reason::CreditLimit(Credits(300));
    let held = vec![Reason::AlreadyEnrolled];
    let clash = Reason::Clash(world.c("X"));
    assert_eq!(of(1)[0], [credits, clash]);
    assert_eq!(of(1)[1], held);
}
