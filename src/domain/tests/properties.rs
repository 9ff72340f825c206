//! Any history keeps the promises: the auditor looks at every record.

use std::collections::HashMap;

use proptest::prelude::*;

use super::history::{
    History, Raw, acts, busy, course_request, plan, raw, repeats_are_answered, request,
};
use crate::domain::command::Command;
use crate::domain::event::{Event, Record, Via};
use crate::domain::ids::{SectionId, StudentId, Ticket, Timestamp};
use crate::domain::invariants;
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::plan::CourseRequest;
use crate::domain::testkit::{W, World, draft, key, lecture, replay, sec, tutorial};
use crate::domain::window::ClashPolicy;

fn config(default: u32) -> ProptestConfig {
    let cases =
        std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(1024))]

    /// I1, I3, I4, I5, I6, I7, I8, I10 and I11 after every record; I9 at every cut.
    #[test]
    fn any_history_keeps_the_promises(
        raw in raw(),
        open in prop::bool::weighted(0.7),
        acts in acts(60),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut world = raw.world(open);
        let mut history = History::new(&raw);
        for act in &acts {
            history.act(&mut world, act);
        }
        replay_is_the_state(&world, &history, cut);
        repeats_are_answered(&mut world, &history);
        let lists = &world.university.registry.courses;
        prop_assert!(lists.iter().all(|b| b.waitlist.len() <= raw_students(&world)));
    }
}

proptest! {
    #![proptest_config(config(512))]

    /// The same where it is tightest: few seats, everybody waits and swaps.
    #[test]
    fn any_busy_term_keeps_the_promises(
        raw in raw(),
        acts in busy(60),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut world = raw.world(true);
        let mut history = History::new(&raw);
        for act in &acts {
            history.act(&mut world, act);
        }
        replay_is_the_state(&world, &history, cut);
    }
}

fn raw_students(world: &World) -> usize {
    world.university.registry.students.len()
}

/// I9: replay gives the same state; cut between turns and continued, the same records; cut
/// anywhere, a recovery turn brings every promise back.
fn replay_is_the_state(world: &World, history: &History, cut: prop::sample::Index) {
    assert_eq!(world.replayed(), world.university);
    if !history.commands.is_empty() {
        let turn = cut.index(history.commands.len());
        let start = history.commands[turn].0;
        let mut university = replay(&world.records[..start]);
        let mut records = world.records[..start].to_vec();
        for (_, command) in &history.commands[turn..] {
            let at = Timestamp(records.len() as u64);
            records.extend(university.turn(command.clone(), 1, at).1);
        }
        assert_eq!(records, world.records);
        assert_eq!(university, world.university);
    }
    let end = cut.index(world.records.len() + 1);
    let mut university = replay(&world.records[..end]);
    let recovered = university.recover(2, Timestamp(0));
    assert_eq!(invariants::all(&university), [], "recovered at {end} by {recovered:?}");
    assert_eq!(university.recover(2, Timestamp(0)), [], "recovery finishes at once");
    let mut again = replay(&world.records[..end]);
    for record in &recovered {
        again.apply(record);
    }
    assert_eq!(again, university);
}

/// What a ticket's owner asked for one course and what became of it, in serving order.
struct Served {
    request: CourseRequest,
    outcome: Outcome,
    held: Vec<SectionId>,
}

/// For each decided ticket in serving order: its courses.
fn served(world: &World, plans: &HashMap<StudentId, Vec<CourseRequest>>) -> Vec<Served> {
    let decided = |record: &Record| match &record.event {
        Event::Decided { student, via: Via::Ticket(..), outcomes, .. } => {
            Some((*student, outcomes.clone()))
        }
        _ => None,
    };
    let mut all = Vec::new();
    for (student, outcomes) in world.records.iter().filter_map(decided) {
        let mut held = Vec::new();
        for (course, outcome) in outcomes {
            let request = plans[&student].iter().find(|r| r.course == course).unwrap().clone();
            all.push(Served { request, outcome: outcome.clone(), held: held.clone() });
            if let Outcome::Enrolled { sections, .. } = outcome {
                held.extend(sections);
            }
        }
    }
    all
}

proptest! {
    #![proptest_config(config(256))]

    /// I5 in the words of the issue: for each section, whoever was refused or waitlisted for want
    /// of a seat came after everybody who got one that she would have taken, too.
    #[test]
    fn no_refused_or_waitlisted_ticket_precedes_an_enrolled_one_with_the_same_eligibility(
        raw in raw(),
        wanted in prop::collection::vec(prop::collection::vec(request(), 1..4), 2..16),
    ) {
        let world = opening(&raw, &wanted);
        let plans = (0..).map(StudentId).zip(&wanted);
        let requests = |raw: &Vec<_>| {
            plan(&world, raw).courses.iter().map(|r| (**r).clone()).collect()
        };
        let plans: HashMap<StudentId, Vec<CourseRequest>> =
            plans.map(|(s, w)| (s, requests(w))).collect();
        let served = served(&world, &plans);
        let catalogue = &world.university.registry.catalogue;
        let policy = world.w().rules.clash;
        for (i, first) in served.iter().enumerate() {
            let seatless = matches!(
                first.outcome,
                Outcome::Waitlisted { .. } | Outcome::Refused(Reason::Full)
            );
            let same = |later: &&Served| later.request.course == first.request.course;
            for later in served[i + 1..].iter().filter(same) {
                let Outcome::Enrolled { sections, .. } = &later.outcome else { continue };
                let accepts = sections.iter().enumerate().all(|(c, s)| {
                    first.request.accepted(catalogue, c).contains(s)
                });
                let clashes = policy == ClashPolicy::Refuse && sections.iter().any(|s| {
                    first.held.iter().any(|h| catalogue.sections_clash(*s, *h))
                });
                prop_assert!(!(seatless && accepts && !clashes), "{:?}", first.request);
            }
        }
    }

    /// I11: two students who wait crosswise, each in a seat the other wants, never block a third
    /// and both move as soon as a seat allows, whichever section it is in.
    #[test]
    fn crosswise_waiting_on_two_components_never_deadlocks(
        seats in [1..3_u32, 1..3_u32, 1..3_u32, 1..3_u32],
        takers in prop::collection::vec((0..2_u8, 0..2_u8), 2..8),
        freed in prop::collection::vec(any::<u8>(), 0..12),
    ) {
        let lectures = lecture(&[sec("A/L1", seats[0]), sec("A/L2", seats[1])]);
        let tutorials = tutorial(&[sec("A/T1", seats[2]), sec("A/T2", seats[3])]);
        let given = draft().course("A", &[lectures, tutorials]);
        let mut world = given.students(takers.len()).window(|_| {}).open();
        for (who, (l, t)) in (0..).zip(&takers) {
            let (l, t) = (format!("A/L{}", l + 1), format!("A/T{}", t + 1));
            let request = world.ranked("A", &[&[&l], &[&t]]).or_wait();
            world.submit(who, &[request]);
        }
        for n in freed {
            let who = u32::from(n) % takers.len() as u32;
            match n % 3 {
                0 => { world.drop(who, "A"); }
                1 => { world.enrol(who, "A"); }
                _ => {
                    let (l, t) = takers[usize::from(n) / 3 % takers.len()];
                    let (l, t) = (format!("A/L{}", l + 1), format!("A/T{}", t + 1));
                    let request = world.ranked("A", &[&[&l], &[&t]]).or_wait();
                    world.swap(who, "A", request);
                }
            }
        }
        for who in 0..takers.len() as u32 {
            world.drop(who, "A");
        }
        let taken = world.university.sections.iter().filter(|s| s.taken == 0);
        let waiting = world.waitlist("A");
        prop_assert!(taken.count() < 4 || waiting.is_empty(), "{waiting:?} wait for free seats");
    }
}

/// Everybody arms, the window opens, the line runs dry.
fn opening(raw: &Raw, wanted: &[Vec<super::history::RawRequest>]) -> World {
    let mut given = raw.draft();
    given.students.clear();
    given = given.students(wanted.len());
    given.students.iter_mut().for_each(|s| s.completed.push(key("basics")));
    let mut world = given.given();
    for (who, raw) in (0..).zip(wanted) {
        let requests: Vec<_> = raw.iter().map(|r| course_request(&world, *r)).collect();
        let mut once: Vec<CourseRequest> = Vec::new();
        for request in requests {
            if once.iter().all(|r| r.course != request.course) {
                once.push(request);
            }
        }
        world.set_plan(who, &once);
        world.arm(who);
    }
    world.run(Command::Open(W)).unwrap();
    let order: Vec<Ticket> = world.line().waiting().collect();
    for ticket in order {
        world.admit(ticket);
    }
    world
}
