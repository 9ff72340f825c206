//! One decision in a university of 200 sections: clash and credit checks on, four courses held.
//! `cargo bench --bench decide`

mod support;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use sluis::domain::command::Command;
use sluis::domain::decide::Verdict;
use sluis::domain::event::Event;
use sluis::domain::ids::CourseId;
use sluis::domain::outcome::{Outcome, Reason};

use support::{Decider, Shape};

/// 40 courses of one lecture and four tutorial groups; a student may take 30 credits.
const SHAPE: Shape =
    Shape { students: 3_400, courses: 40, tutorials: 4, meetings: true, credit_limit: Some(3_000) };
/// Courses that each student asked for before.
const HELD: u32 = 4;

fn decided(decider: &Decider, command: &Command) -> Vec<(CourseId, Outcome)> {
    let registry = &decider.university.registry;
    let quotes = decider.university.quotes(&registry.concerned(command));
    match registry.decide(command, &quotes) {
        Ok(Verdict::Events(mut events)) => match events.pop() {
            Some(Event::Decided { outcomes, .. }) => outcomes,
            other => panic!("not decided: {other:?}"),
        },
        other => panic!("not decided: {other:?}"),
    }
}

/// One more course for each student: those who get it, and those whom a clash stops.
fn commands(decider: &mut Decider) -> (Vec<Command>, Vec<Command>) {
    let (mut granted, mut clashing) = (Vec::new(), Vec::new());
    for student in 0..SHAPE.students {
        let course = decider.course(student, HELD);
        let command = decider.submit(student, &[course]);
        match decided(decider, &command).pop() {
            Some((_, Outcome::Enrolled { .. })) => granted.push(command),
            Some((_, Outcome::Refused(Reason::Clash(_)))) => clashing.push(command),
            other => panic!("an outcome that this shape should not give: {other:?}"),
        }
    }
    (granted, clashing)
}

fn decisions(criterion: &mut Criterion) {
    let (mut decider, _) = Decider::open(SHAPE);
    decider.fill(HELD, |_| {});
    let (granted, clashing) = commands(&mut decider);
    assert!(granted.len() > 100 && clashing.len() > 100, "both happen to many");
    let whole = (0..SHAPE.students).map(|student| {
        let courses: Vec<_> = (0..5).map(|n| decider.course(student, HELD + n)).collect();
        decider.submit(student, &courses)
    });
    let whole: Vec<_> = whole.collect();
    let mut group = criterion.benchmark_group("decide");
    group.throughput(Throughput::Elements(1));
    for (name, commands) in [("granted", &granted), ("clash", &clashing), ("five_courses", &whole)]
    {
        let mut turn = commands.iter().cycle();
        group.bench_function(name, |bencher| {
            let next = || turn.next().expect("a cycle has no end");
            let decide = |command| black_box(decided(&decider, command));
            bencher.iter_batched(next, decide, BatchSize::SmallInput);
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    decisions(&mut criterion);
    criterion.final_summary();
}
