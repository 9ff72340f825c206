//! The line at an opening of 34,000 tickets: the draw, everybody's exact position, and serving.
//! `cargo bench --bench line`

mod support;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use sluis::domain::ids::{RequestId, StudentId, Ticket, Timestamp};
use sluis::domain::line::Line;
use sluis::domain::lottery;
use sluis::domain::window::{Order, TicketInfo, TicketState, Window, WindowState};

const TICKETS: u32 = 34_000;
/// Tickets served between two pushes.
const TICK: u32 = 1_000;

/// Just opened, everybody waits.
fn window() -> Window {
    let info = |i| TicketInfo {
        student: StudentId(i),
        request: RequestId([0; 16]),
        plan: None,
        state: TicketState::Waiting,
    };
    let mut window = Window::new(support::rules(Order::Lottery, None));
    window.state = WindowState::Open;
    window.opened_at = Some(Timestamp(1_800_000_000_000));
    window.drawn = TICKETS;
    window.tickets = (0..TICKETS).map(info).collect();
    window.waiting = TICKETS;
    window
}

/// The next thousand are served; everybody's position and the serving number are read.
fn tick(line: &mut Line) -> (u32, u64) {
    let next: Vec<_> = line.waiting().take(TICK as usize).collect();
    for ticket in next {
        line.serve(ticket);
    }
    let positions = (0..TICKETS).filter_map(|ticket| line.position(Ticket(ticket)));
    (line.served(), positions.map(u64::from).sum())
}

fn lines(criterion: &mut Criterion) {
    let window = window();
    let rules = &window.rules;
    let line = Line::new(&window);
    let left = u64::from(TICKETS - TICK);
    assert_eq!(tick(&mut line.clone()), (TICK, left * (left + 1) / 2));
    let mut group = criterion.benchmark_group("line");
    group.throughput(Throughput::Elements(u64::from(TICKETS)));
    group.bench_function("draw", |bencher| {
        let tickets = || (0..TICKETS).map(Ticket);
        bencher.iter(|| lottery::draw(&rules.seed, black_box(&rules.key), tickets()));
    });
    group.bench_function("open", |bencher| bencher.iter(|| Line::new(black_box(&window))));
    group.bench_function("tick", |bencher| {
        bencher.iter_batched_ref(|| line.clone(), tick, BatchSize::LargeInput);
    });
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    lines(&mut criterion);
    criterion.final_summary();
}
