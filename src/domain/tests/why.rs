//! Every decision can be explained from the state before it, by the rules that made it.

use proptest::prelude::*;

use super::history::{History, acts, busy, raw};
use crate::domain::command::Command;
use crate::domain::course::Tried;
use crate::domain::event::Record;
use crate::domain::ids::{CourseId, Credits, SectionId, StudentId};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::section::SectionStatus;
use crate::domain::testkit::{W, World, draft, key, lecture, replay, sec, tutorial};
use crate::domain::university::University;
use crate::domain::why::{Came, Check, Rule, Why, concerns, explain};
use crate::domain::window::Order;
use crate::limits;

/// Why her last decision about the course came out as it did.
fn last(world: &World, who: u32, code: &str) -> Why {
    let (student, course) = (StudentId(who), world.c(code));
    let found = world.records.iter().rposition(|r| concerns(r, student, course)).unwrap();
    let before = replay(&world.records[..found]);
    explain(&before, &world.records[found], student, course).unwrap()
}

/// The first check that did not pass.
fn stopped(why: &Why) -> Option<&Check> {
    why.checks.iter().find(|check| !check.passes() && !matches!(check, Check::Waitlist(..)))
}

#[test]
fn a_full_course_is_explained_by_its_seats_and_the_waitlist() {
    // Given a lecture with a seat and two tutorials, one full and one closed.
    let parts =
        [lecture(&[sec("A/L", 9)]), tutorial(&[sec("A/T1", 1), sec("A/T2", 5), sec("A/T3", 5)])];
    let mut world = draft().course("A", &parts).students(3).window(|_| {}).open();
    world.status("A/T2", SectionStatus::Closed);
    let wish = |world: &World| world.ranked("A", &[&[], &["A/T2", "A/T1"]]).or_wait();
    let first = [wish(&world)];
    world.submit(0, &first);
    // When a second asks for the same two, then she waits, and this is why.
    let second = [wish(&world)];
    world.submit(1, &second);
    let why = last(&world, 1, "A");
    assert_eq!((why.rule, why.agrees, why.request_known), (Rule::Direct, Some(true), true));
    assert_eq!(stopped(&why), Some(&Check::Seats(false)));
    assert_eq!(why.checks.last(), Some(&Check::Waitlist(true, true, 0)));
    let left: Vec<_> = why.sections.iter().map(|s| (s.rank, s.seats.quote().left)).collect();
    assert_eq!(left, [(Some(0), Some(8)), (Some(2), Some(0)), (Some(1), Some(5)), (None, Some(5))]);
    let tried = [(vec![world.s("A/L"), world.s("A/T1")], Tried::Full(world.s("A/T1")))];
    assert_eq!(why.combinations, tried, "a closed one is not tried");
    // And when the first drops, her promotion is explained by the waitlist.
    world.drop(0, "A");
    let why = last(&world, 1, "A");
    assert_eq!((why.rule, why.turn.ahead, why.agrees), (Rule::Waitlist, Some((0, 1)), Some(true)));
    assert!(matches!(why.came, Came::Promoted(..)) && stopped(&why).is_none());
    assert!(why.sections.iter().any(|s| s.granted && s.seats.id == world.s("A/T1")));
}

#[test]
fn credits_clashes_blocks_and_prerequisites_are_told_with_what_was_looked_at() {
    let at = |name: &str| sec(name, 5).at(1, 9, 11);
    let given = draft().course("A", &[lecture(&[at("A/1")])]);
    let given = given.course("B", &[lecture(&[at("B/1")])]).simple("C", 5);
    let given = given.with(|c| c.credits = Credits(1000)).simple("D", 5);
    let mut given = given
        .with(|c| c.prerequisites.extend([key("A"), key("X")]))
        .students(2)
        .window(|rules| rules.credit_limit = Some(Credits(1000)));
    given.students[1].blocks.push(key("debt"));
    let mut world = given.open();
    // When one plan asks for all four, and a blocked student for one.
    let plan = ["A", "B", "C", "D"].map(|code| world.any(code));
    world.submit(0, &plan);
    let one = [world.any("A")];
    world.submit(1, &one);
    // Then each is told with its inputs; what the plan had granted before counts.
    let why = last(&world, 0, "B");
    assert_eq!(stopped(&why), Some(&Check::Clash(Some(world.c("A")))));
    assert_eq!(why.turn.in_plan, Some((2, 4)));
    assert_eq!(why.sections[0].clash, Some(world.c("A")));
    assert_eq!(why.combinations[0].1, Tried::Clash(world.c("A")));
    let why = last(&world, 0, "C");
    let credits = Check::Credits(Credits(500), Credits(1000), Some(Credits(1000)));
    assert_eq!(stopped(&why), Some(&credits));
    let why = last(&world, 0, "D");
    let asked = Check::Prerequisites(vec![key("A"), key("X")], vec![key("A"), key("X")]);
    assert_eq!(stopped(&why), Some(&asked));
    let why = last(&world, 1, "A");
    assert_eq!(stopped(&why), Some(&Check::Blocked(vec![key("debt")])));
    assert!(!why.request_known, "an outright request is not kept");
    assert_eq!(why.agrees, None);
    assert_eq!(why.came, Came::Outcome(Outcome::Refused(Reason::Blocked(key("debt")))));
}

#[test]
fn a_tickets_turn_is_told_with_its_place_in_the_draw() {
    // Given six who are armed for a lottery, and one who comes after the opening.
    let given = draft().simple("A", 9).students(7).window(|rules| rules.order = Order::Lottery);
    let mut world = given.given();
    let plan = [world.any("A")];
    for who in 0..7 {
        world.set_plan(who, &plan);
    }
    for who in 0..6 {
        world.arm(who);
    }
    world.run(Command::Open(W)).unwrap();
    world.arm(6);
    // When all are served, then each is told her place, and how many came before.
    for (at, ticket) in world.line().order().to_vec().into_iter().enumerate() {
        world.admit(ticket);
        let why = last(&world, world.w().ticket(ticket).unwrap().student.0, "A");
        let rule = if at < 6 { Rule::Lottery } else { Rule::Arrival };
        assert_eq!((why.rule, why.turn.ticket), (rule, Some(ticket)));
        assert_eq!(why.turn.place, Some((at as u32 + 1, 7)));
        assert_eq!((why.turn.served, why.agrees), (Some(at as u32), Some(true)));
    }
}

#[test]
fn so_many_combinations_are_listed_and_the_rest_counted() {
    let list = |part: char, n: usize| -> Vec<_> {
        (0..n).map(|i| sec(&format!("A/{part}{i}"), 0)).collect()
    };
    let parts = [lecture(&list('L', 8)), tutorial(&list('T', 8))];
    let mut world = draft().course("A", &parts).students(1).window(|_| {}).open();
    let plan = [world.any("A")];
    world.submit(0, &plan);
    let why = last(&world, 0, "A");
    assert_eq!(why.combinations.len(), limits::WHY_COMBINATIONS_MAX);
    assert_eq!(why.more, 64 - limits::WHY_COMBINATIONS_MAX);
    assert_eq!(why.combinations[1].0, [SectionId(0), SectionId(9)], "in the order tried");
}

#[test]
fn a_record_about_another_explains_nothing() {
    let mut world = draft().simple("A", 1).simple("B", 1).students(2).window(|_| {}).open();
    world.enrol(0, "A");
    let record = world.records.last().unwrap();
    let before = replay(&world.records[..world.records.len() - 1]);
    for (who, course) in [(1, 0), (0, 1), (9, 0), (0, 9)] {
        assert_eq!(explain(&before, record, StudentId(who), CourseId(course)), None);
    }
    assert_eq!(explain(&before, &world.records[0], StudentId(0), CourseId(0)), None);
}

/// Whether the check is the one that this reason is told for.
fn is_of(check: &Check, reason: &Reason) -> bool {
    match reason {
        Reason::NotEnrolled | Reason::NotWaitlisted => matches!(check, Check::HasPlace(false)),
        Reason::AlreadyEnrolled | Reason::AlreadyWaitlisted => {
            *check == Check::HasAlready(Some(reason.clone()))
        }
        Reason::OutsideWindow => matches!(check, Check::Covered(false)),
        Reason::Blocked(first) => matches!(check, Check::Blocked(all) if all[0] == *first),
        Reason::PrerequisiteMissing(first) => {
            matches!(check, Check::Prerequisites(_, missing) if missing[0] == *first)
        }
        Reason::CreditLimit(over) => match check {
            Check::Credits(before, course, Some(limit)) => before.0 + course.0 == limit.0 + over.0,
            _ => false,
        },
        Reason::Closed => matches!(check, Check::Open(false)),
        Reason::Clash(with) => *check == Check::Clash(Some(*with)),
        Reason::Full | Reason::WaitlistFull => matches!(check, Check::Seats(false)),
    }
}

fn explained(before: &University, record: &Record) {
    for who in (0..before.registry.students.len() as u32).map(StudentId) {
        for course in (0..before.registry.courses.len() as u32).map(CourseId) {
            let why = explain(before, record, who, course);
            assert_eq!(why.is_some(), concerns(record, who, course));
            let Some(why) = why else { continue };
            assert_ne!(why.agrees, Some(false), "{record:?}: {why:?}");
            if !why.request_known {
                continue;
            }
            let stopped = stopped(&why);
            match &why.came {
                Came::Outcome(Outcome::Refused(reason)) | Came::PassedOver(reason) => {
                    assert!(is_of(stopped.unwrap(), reason), "{reason:?}: {why:?}");
                }
                Came::Outcome(Outcome::Waitlisted { .. }) => {
                    assert_eq!(stopped, Some(&Check::Seats(false)));
                    assert!(why.checks.last().unwrap().passes());
                }
                Came::Outcome(Outcome::Enrolled { sections, .. }) | Came::Promoted(sections, _) => {
                    assert_eq!(stopped, None, "{why:?}");
                    let fits = why.combinations.iter().find(|(_, tried)| *tried == Tried::Fits);
                    assert_eq!(fits.map(|(found, _)| found), Some(sections));
                }
                Came::Outcome(Outcome::Dropped | Outcome::LeftWaitlist) => {
                    assert_eq!(stopped, None);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    /// In any history every decision is explained by what made it, and the rules agree.
    #[test]
    fn any_decision_is_explained(
        raw in raw(),
        open in prop::bool::weighted(0.7),
        any in acts(50),
        tight in busy(40),
    ) {
        let mut world = raw.world(open);
        let mut history = History::new(&raw);
        any.iter().chain(&tight).for_each(|act| history.act(&mut world, act));
        let mut before = University::default();
        for record in &world.records {
            explained(&before, record);
            before.apply(record);
        }
    }
}
