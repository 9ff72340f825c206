//! What the plans ask, and what stands in their way: by example, and against a naive count.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::history::{Act, History, Raw, acts, raw};
use crate::domain::course::Quotes;
use crate::domain::ids::{CourseId, SectionId, StudentId};
use crate::domain::outcome::Reason;
use crate::domain::plan::Choice;
use crate::domain::section::SectionStatus;
use crate::domain::survey::{Survey, shortage};
use crate::domain::testkit::{W, World, draft, key, lecture, sec, tutorial};
use crate::domain::window::Scope;
use crate::limits;

fn quotes(world: &World) -> Quotes {
    let sections = &world.university.sections;
    sections.iter().map(|s| (s.id, s.quote())).collect()
}

/// The survey of the first window, read so many students at a time.
fn survey(world: &World, count: usize) -> Survey {
    let registry = &world.university.registry;
    let mut survey = Survey::new(registry.windows[W.index()].rules.key.clone());
    let mut first = 0;
    loop {
        let sample = registry.sample(first, count);
        let more = sample.more;
        survey.add(sample, &quotes(world));
        first += count;
        if !more {
            return survey;
        }
    }
}

fn first_choices(world: &World, survey: &Survey) -> Vec<u32> {
    survey.demand.first_choices(&world.university.registry.catalogue, &quotes(world))
}

#[test]
fn first_choices_and_what_is_short_are_counted_before_an_opening() {
    // Given a course of one lecture and two tutorials of 2 and 1 seats.
    let parts = [lecture(&[sec("A/L", 9)]), tutorial(&[sec("A/T1", 2), sec("A/T2", 1)])];
    let given = draft().course("A", &parts).simple("B", 5).students(6);
    let mut world = given.window(|_| {}).given();
    let first = |world: &World| world.ranked("A", &[&[], &["A/T1", "A/T2"]]);
    // When three want T1 before T2, one T2 alone, one any, and one has no plan.
    for who in 0..3 {
        let plan = [first(&world)];
        world.set_plan(who, &plan);
    }
    let only = [world.ranked("A", &[&[], &["A/T2"]])];
    world.set_plan(3, &only);
    let any = [world.any("A")];
    world.set_plan(4, &any);
    // Then who takes any is counted where most seats are left, and one T1 and one T2 are short.
    let survey = survey(&world, 2);
    assert_eq!((survey.students, survey.blocked_students), (5, 0));
    assert_eq!(first_choices(&world, &survey), [5, 3, 2, 0]);
    let all: Vec<_> = (0..4).map(|s| survey.demand.accepting(SectionId(s))).collect();
    assert_eq!(all, [5, 4, 5, 0]);
    let quotes = quotes(&world);
    let short = |s| shortage(first_choices(&world, &survey)[s], quotes.get(SectionId(s as u32)));
    assert_eq!([short(0), short(1), short(2), short(3)], [0, 1, 1, 0]);
    // And in a closed section every first choice is short.
    world.status("A/L", SectionStatus::Closed);
    assert_eq!(shortage(5, self::quotes(&world).get(SectionId(0))), 5);
}

#[test]
fn blockers_are_counted_by_reason_and_what_she_has_is_none() {
    // Given students with a block, without a prerequisite, with a seat already, and a plan for a
    // course that no window covers.
    let given = draft().simple("A", 5).simple("B", 5).with(|c| c.prerequisites.push(key("A")));
    let mut given = given.simple("C", 5).students(4).window(|rules| {
        rules.scope = Scope::Only(vec![key("A"), key("B")]);
    });
    given.students[0].blocks.push(key("debt"));
    let mut world = given.open();
    let (a, b, c) = (world.any("A"), world.any("B"), world.any("C"));
    world.set_plan(0, &[a.clone(), b.clone()]);
    world.set_plan(1, &[b]);
    world.set_plan(2, std::slice::from_ref(&a));
    world.submit(2, std::slice::from_ref(&a));
    world.set_plan(3, &[c, a]);
    // When they are surveyed, then each is counted once by reason.
    let survey = survey(&world, 3);
    let count =
        |reason: &str| survey.reasons[Reason::KEYS.iter().position(|key| *key == reason).unwrap()];
    assert_eq!(count("blocked"), 1);
    assert_eq!(count("prerequisite_missing"), 2);
    assert_eq!(count("outside_window"), 1);
    assert_eq!(count("already_enrolled"), 0, "nothing is in her way");
    assert_eq!((survey.students, survey.blocked_students), (3, 3));
    let rows: Vec<_> =
        survey.blocked.iter().map(|b| (b.student.as_str(), b.course.0, b.reason.key())).collect();
    assert_eq!(
        rows,
        [
            ("s0", 0, "blocked"),
            ("s0", 1, "blocked"),
            ("s0", 1, "prerequisite_missing"),
            ("s1", 1, "prerequisite_missing"),
            ("s3", 2, "outside_window"),
        ]
    );
}

#[test]
fn blockers_are_kept_up_to_a_bound_and_counted_beyond_it() {
    let courses = limits::PLAN_REQUESTS_MAX;
    let given = (0..courses).fold(draft(), |d, n| d.simple(&format!("c{n}"), 1));
    let mut given = given.students(1).window(|_| {});
    given.students[0].blocks.push(key("debt"));
    let mut world = given.given();
    let plan: Vec<_> = (0..courses).map(|n| world.any(&format!("c{n}"))).collect();
    world.set_plan(0, &plan);
    let mut survey = Survey::new(key("w0"));
    let mut sample = world.university.registry.sample(0, 1);
    sample.students = vec![sample.students[0].clone(); 1000];
    let students = limits::SURVEY_ROWS_MAX / courses + 1000;
    for _ in 0..students / 1000 {
        survey.add(sample.clone(), &quotes(&world));
    }
    assert_eq!(survey.blocked.len(), limits::SURVEY_ROWS_MAX);
    assert_eq!(survey.blocked_students as usize, students / 1000 * 1000);
}

#[test]
fn the_plans_of_a_line_are_read_in_pieces() {
    let mut world = draft().simple("A", 1).students(90).window(|_| {}).given();
    let plan = [world.any("A")];
    for who in 0..90 {
        world.set_plan(who, &plan);
        world.arm(who);
    }
    for who in (0..90).filter(|who| who % 10 != 0) {
        let disarm = crate::domain::command::Command::Disarm(StudentId(who), W);
        world.run(disarm).unwrap();
    }
    for count in [1, 2, 5, 9, 100] {
        let (mut next, mut read, mut pieces) = (Some(0), 0, 0);
        while let Some(from) = next {
            let (plans, then) = world.university.registry.waiting_plans(W, from, count);
            assert!(plans.len() <= count);
            (next, read, pieces) = (then, read + plans.len(), pieces + 1);
        }
        assert_eq!(read, 9, "{count} at a time, in {pieces} pieces");
    }
}

/// Every plan looked at one by one.
#[derive(Default)]
struct Naive {
    /// Requests for each component.
    asked: BTreeMap<(CourseId, usize), u32>,
    named_first: BTreeMap<SectionId, u32>,
    accepting: BTreeMap<SectionId, u32>,
    students: BTreeSet<u32>,
    reasons: BTreeMap<&'static str, BTreeSet<u32>>,
}

fn naive(world: &World) -> Naive {
    let mut naive = Naive::default();
    let mut registry = world.university.registry.clone();
    registry.windows.truncate(1);
    let catalogue = registry.catalogue.clone();
    for who in 0..registry.students.len() as u32 {
        let student = registry.student(StudentId(who));
        for request in &student.plan.courses {
            let course = request.course;
            if student.enrolment(course).is_some() || student.waiting.contains(&course) {
                continue;
            }
            naive.students.insert(who);
            for (component, choice) in request.choices.iter().enumerate() {
                *naive.asked.entry((course, component)).or_default() += 1;
                for section in request.accepted(&catalogue, component) {
                    *naive.accepting.entry(*section).or_default() += 1;
                }
                if let Choice::Ranked(ranked) = choice {
                    *naive.named_first.entry(ranked[0]).or_default() += 1;
                }
            }
        }
        for course in registry.blockers(StudentId(who), &student.plan.clone(), &quotes(world)) {
            for reason in course.blockers.iter().filter(|r| !r.key().starts_with("already")) {
                naive.reasons.entry(reason.key()).or_default().insert(who);
            }
        }
    }
    naive
}

fn lived(raw: &Raw, open: bool, acts: &[Act]) -> World {
    let mut world = raw.world(open);
    let mut history = History::new(raw);
    for act in acts {
        history.act(&mut world, act);
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// In whatever state, and however it is cut into pieces, the survey is the naive count.
    #[test]
    fn a_survey_is_the_naive_count(
        raw in raw(),
        open in any::<bool>(),
        acts in acts(40),
        count in 1..6_usize,
    ) {
        let world = lived(&raw, open, &acts);
        let (survey, naive) = (survey(&world, count), naive(&world));
        let catalogue = &world.university.registry.catalogue;
        prop_assert_eq!(survey.students as usize, naive.students.len());
        for (key, counted) in Reason::KEYS.iter().zip(survey.reasons) {
            prop_assert_eq!(counted as usize, naive.reasons.get(key).map_or(0, BTreeSet::len));
        }
        let blocked: BTreeSet<_> = naive.reasons.values().flatten().collect();
        prop_assert_eq!(survey.blocked_students as usize, blocked.len());
        let first = first_choices(&world, &survey);
        let quotes = quotes(&world);
        for (course, info) in catalogue.courses.iter().enumerate() {
            for (component, part) in info.components.iter().enumerate() {
                let asked = naive.asked.get(&(CourseId(course as u32), component));
                let sum: u32 = part.sections.iter().map(|s| first[s.index()]).sum();
                prop_assert_eq!(sum, asked.copied().unwrap_or(0), "everybody has one first choice");
                fair(&part.sections, &first, &naive, &quotes)?;
            }
        }
        for section in 0..catalogue.sections.len() as u32 {
            let id = SectionId(section);
            let accepting = naive.accepting.get(&id).copied().unwrap_or(0);
            prop_assert_eq!(survey.demand.accepting(id), accepting);
        }
    }
}

/// Who takes any section is put where most seats are left: a section that was given some has no
/// more room left over than any other open one plus the last of these.
fn fair(
    sections: &[SectionId],
    first: &[u32],
    naive: &Naive,
    quotes: &Quotes,
) -> Result<(), TestCaseError> {
    let named = |s: SectionId| naive.named_first.get(&s).copied().unwrap_or(0);
    let room = |s: SectionId| {
        let left = quotes.get(s).unwrap().left;
        left.map_or(i64::MAX / 2, i64::from) - i64::from(first[s.index()])
    };
    let open = |s: &&SectionId| quotes.get(**s).unwrap().status == SectionStatus::Open;
    for given in sections.iter().filter(|s| first[s.index()] > named(**s)).filter(open) {
        for other in
            sections.iter().filter(open).filter(|s| quotes.get(**s).unwrap().left.is_some())
        {
            prop_assert!(room(*given) + 1 >= room(*other), "{given} had less room than {other}");
        }
    }
    Ok(())
}
