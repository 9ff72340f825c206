//! Every bound of the domain, at the bound and one beyond (I16); and the forecast's dry run.

use crate::domain::catalogue::ComponentKind;
use crate::domain::command::Command;
use crate::domain::forecast::{DryRun, Verdict};
use crate::domain::ids::{CourseId, RequestId, SectionId, StudentId, Timestamp};
use crate::domain::import::DraftSection;
use crate::domain::outcome::{Outcome, Reason, Rejection};
use crate::domain::plan::{Choice, CourseRequest, PlanFault};
use crate::domain::testkit::{W, World, draft, lecture, part, plan, refused, sec};
use crate::limits;

fn sections(prefix: &str, n: usize) -> Vec<DraftSection> {
    (0..n).map(|i| sec(&format!("{prefix}{i}"), 1)).collect()
}

fn set(world: &mut World, requests: &[CourseRequest]) -> Option<PlanFault> {
    match world.run(Command::SetPlan(StudentId(0), plan(requests))) {
        Ok(_) => None,
        Err(Rejection::Plan(fault)) => Some(fault),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_plan_holds_so_many_courses_and_none_twice() {
    let most = limits::PLAN_REQUESTS_MAX;
    let given = (0..=most).fold(draft(), |d, i| d.simple(&format!("c{i}"), 1));
    let mut world = given.students(1).window(|_| {}).open();
    let mut all: Vec<_> = (0..=most).map(|i| world.any(&format!("c{i}"))).collect();
    assert_eq!(set(&mut world, &all), Some(PlanFault::TooManyCourses));
    all.pop();
    assert_eq!(set(&mut world, &all), None);
    let twice = [all[0].clone(), all[0].clone()];
    assert_eq!(set(&mut world, &twice), Some(PlanFault::CourseTwice(CourseId(0))));
}

#[test]
fn a_component_ranks_so_many_sections_of_its_own() {
    let most = limits::PLAN_CHOICES_MAX;
    let given = draft().course("A", &[lecture(&sections("A/", most + 1))]).simple("B", 1);
    let mut world = given.students(1).window(|_| {}).open();
    let a = CourseId(0);
    let ranked = |n: usize| {
        let sections = (0..n as u32).map(SectionId).collect();
        CourseRequest { course: a, choices: vec![Choice::Ranked(sections)], waitlist: false }
    };
    assert_eq!(set(&mut world, &[ranked(most)]), None);
    for n in [0, most + 1] {
        assert_eq!(set(&mut world, &[ranked(n)]), Some(PlanFault::ChoiceLength(a)));
    }
    let foreign = world.s("B/1");
    let odd = |sections: &[SectionId]| CourseRequest {
        choices: vec![Choice::Ranked(sections.to_vec())],
        ..ranked(1)
    };
    let fault = |s| Some(PlanFault::ForeignSection(a, s));
    assert_eq!(set(&mut world, &[odd(&[foreign])]), fault(foreign));
    assert_eq!(set(&mut world, &[odd(&[SectionId(0); 2])]), fault(SectionId(0)));
    let none = CourseRequest { choices: vec![], ..ranked(1) };
    assert_eq!(set(&mut world, &[none]), Some(PlanFault::ChoiceCount(a)));
}

#[test]
fn a_request_spans_so_many_combinations() {
    assert_eq!(limits::PLAN_COMBINATIONS_MAX, 64 * 64);
    let course = |n, m| {
        let (l, t) = (sections("A/L", n), sections("A/T", m));
        let parts = [lecture(&l), part(ComponentKind::Practical, &t)];
        draft().course("A", &parts).students(1).window(|_| {}).open()
    };
    for (n, m, fits) in [(64, 64, true), (64, 65, false)] {
        let mut world = course(n, m);
        let any = world.any("A");
        let fault = (!fits).then_some(PlanFault::TooManyCombinations(CourseId(0)));
        assert_eq!(set(&mut world, &[any]), fault);
    }
}

/// Commands by the thousand, without an audit of each.
fn turns(world: &mut World, commands: impl IntoIterator<Item = Command>) {
    for command in commands {
        world.university.turn(command, 1, Timestamp(0)).0.unwrap();
    }
}

#[test]
fn a_waitlist_holds_so_many_entries() {
    let most = limits::WAITLIST_ENTRIES_MAX;
    let mut world = draft().simple("A", 0).students(most + 1).window(|_| {}).open();
    let (window, plan, queue) = (W, Some(plan(&[world.any("A").or_wait()])), false);
    let request = RequestId([1; 16]);
    let submit = |who: u32| {
        let (student, plan) = (StudentId(who), plan.clone());
        Command::Submit { student, window, request, plan, queue }
    };
    turns(&mut world, (0..most as u32).map(submit));
    let (_, records) = world.university.turn(submit(most as u32), 1, Timestamp(0));
    let told = format!("{:?}", records[0].event);
    assert!(told.contains(&format!("{:?}", refused(Reason::WaitlistFull))), "{told}");
    assert_eq!(world.university.registry.book(CourseId(0)).waitlist.len(), most);
}

#[test]
fn so_many_requests_of_a_student_are_remembered() {
    let most = limits::REQUESTS_PER_STUDENT_MAX;
    let mut world = draft().simple("A", 1).students(2).window(|_| {}).open();
    let drop = |n: u32| {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&n.to_be_bytes());
        let (student, request, course) = (StudentId(0), RequestId(id), CourseId(0));
        Command::Drop { student, request, course }
    };
    turns(&mut world, (0..most).map(drop));
    let mut ask = |command| world.university.turn(command, 1, Timestamp(0)).0;
    assert_eq!(ask(drop(most)), Err(Rejection::TooManyRequests));
    assert!(ask(drop(0)).is_ok(), "a repeat is answered still");
    let (student, request, course) = (StudentId(1), RequestId([0; 16]), CourseId(0));
    assert!(ask(Command::Drop { student, request, course }).is_ok(), "the limit is each student's");
}

#[test]
fn a_forecast_counts_who_is_ahead_and_offers_what_is_left() {
    let given = draft().course("A", &[lecture(&[sec("A/1", 2), sec("A/2", 1), sec("A/3", 0)])]);
    let world = given.simple("B", 1).students(1).window(|_| {}).open();
    let all: Vec<SectionId> = (0..4).map(SectionId).collect();
    let quotes = world.university.quotes(&all);
    let catalogue = &world.university.registry.catalogue;
    let first = plan(&[world.ranked("A", &[&["A/1"]]), world.any("B")]);
    let covers = |course: CourseId| course == CourseId(0);
    let mut run = DryRun::new(catalogue, &quotes);
    let check = |run: &DryRun<'_>, verdict, seats, alternatives: &[u32]| {
        let told = run.forecast(&first, covers);
        assert_eq!(told.len(), 1, "what the window does not cover is left out");
        assert_eq!((told[0].verdict, told[0].seats_left), (verdict, Some(seats)));
        let offered: Vec<u32> = told[0].alternatives.iter().map(|s| s.0).collect();
        assert_eq!(offered, alternatives);
    };
    check(&run, Verdict::Likely, 2, &[]);
    run.pass(&first, covers);
    check(&run, Verdict::Likely, 2, &[]);
    run.pass(&first, covers);
    check(&run, Verdict::Unlikely, 2, &[1]);
    run.pass(&plan(&[world.any("A")]), covers);
    check(&run, Verdict::Unlikely, 2, &[]);
    let full = plan(&[world.ranked("A", &[&["A/3"]])]);
    let told = run.forecast(&full, covers);
    assert_eq!((told[0].verdict, told[0].seats_left), (Verdict::Full, Some(0)));
}

#[test]
fn so_many_alternatives_are_offered() {
    let most = limits::ALTERNATIVES_MAX;
    for free in [most, most + 1] {
        let mut all = sections("A/", free);
        all.push(sec("A/full", 0));
        let world = draft().course("A", &[lecture(&all)]).students(1).window(|_| {}).open();
        let ids: Vec<SectionId> = (0..=free as u32).map(SectionId).collect();
        let quotes = world.university.quotes(&ids);
        let wanted = plan(&[world.ranked("A", &[&["A/full"]])]);
        let run = DryRun::new(&world.university.registry.catalogue, &quotes);
        let told = run.forecast(&wanted, |_| true);
        assert_eq!(told[0].alternatives.len(), most, "{free} have seats");
    }
}

#[test]
fn a_seat_too_many_is_never_promised_by_a_waitlist_of_one() {
    let mut world = draft().simple("A", 1).students(3).window(|_| {}).open();
    world.enrol(0, "A");
    let Outcome::Waitlisted { rank, .. } = world.enrol(1, "A") else { panic!() };
    assert_eq!(rank, 1);
    world.drop(0, "A");
    let Outcome::Waitlisted { rank, .. } = world.enrol(2, "A") else { panic!() };
    assert_eq!(rank, 1, "the seat went to who waited");
}

#[test]
fn a_search_in_a_catalogue_that_grew_ends() {
    // Every tutorial clashes with every lecture but the last one tried.
    let grown = |n: usize| {
        let mut lectures: Vec<_> =
            (0..n).map(|i| sec(&format!("A/L{i:03}"), 2).at(1, 9, 11)).collect();
        lectures[n - 1].meetings.clear();
        let tutorials: Vec<_> =
            (0..n).map(|i| sec(&format!("A/T{i:03}"), 2).at(1, 10, 12)).collect();
        draft().course("A", &[lecture(&lectures), part(ComponentKind::Tutorial, &tutorials)])
    };
    let decided = |n: usize| {
        let mut world = grown(1).students(1).window(|_| {}).given();
        let any = world.any("A");
        world.set_plan(0, &[any]);
        let ticket = world.arm(0);
        world.import(grown(n)).unwrap();
        world.run(Command::Open(W)).unwrap();
        world.admit(ticket).remove(0)
    };
    let steps = |n: usize| (n - 1) * (n + 1);
    assert!(steps(180) < limits::SEARCH_STEPS_MAX && limits::SEARCH_STEPS_MAX < steps(182));
    assert!(matches!(decided(180), Outcome::Enrolled { .. }));
    assert!(matches!(decided(182), Outcome::Refused(_)), "the rest counts as full");
}
