//! Every order, exhaustively: three students, three sections of one seat each, and the registrar,
//! each with a short list of acts. All ways to interleave the lists are gone through, and the
//! auditor looks at every record and word of each; at its end everything comes to rest, the process
//! dies, and what the next one reads from the journal is what was there.
//!
//! Each student has two acts, and where many operations are asked for all three, or as many as
//! `SLUIS_ORDERS_MOVES` says: `SLUIS_ORDERS_MOVES=3 cargo test --workspace --locked --test sim --
//! all_orders --nocapture` goes through 268,800 orders. `SLUIS_SIM_BUG=LifoWaitlist` before it
//! shows how a broken promise is told.

use std::fmt::Write as _;

use sluis::domain::catalogue::{ComponentKind, Meeting, Term, Text, Weeks};
use sluis::domain::ids::Credits;
use sluis::domain::import::{Draft, DraftComponent, DraftCourse, DraftSection};
use sluis::domain::student::Profile;
use sluis::domain::window::{ClashPolicy, Order, Scope, WindowRules};

use super::audit::Violation;
use super::bug::Bug;
use super::run::Run;
use super::step::{Act, Ask, Step, Want, Wants, Way};
use super::story::guarded;
use super::world::key;
use super::{bug_asked_for, number, operations};

const STUDENTS: u8 = 3;
/// Acts of each student where little time is to be spent, and all that there are.
const FEW: u64 = 2;
const ALL: u64 = 3;
/// Where so many operations are asked of the simulation, there is time for all acts.
const OPERATIONS: u64 = 1_000_000;

/// A university and who does what in it.
struct Scenario {
    name: &'static str,
    /// By course and component: how many sections, of one seat each.
    courses: &'static [&'static [u32]],
    order: Order,
    credit_limit: Option<u32>,
    /// Done before anything else.
    before: &'static [Step],
    /// What each student does, then the registrar, the line and the disk.
    scripts: [Vec<Step>; 4],
    /// Whether everything is on disk and told before the next step.
    told_at_once: bool,
}

/// A course of a plan: any section, or as [`Want`] has it; she waits.
const fn want(course: u8, part: u8) -> Want {
    Want { course, parts: [part, 0], waits: true }
}

fn wants(of: &[Want]) -> Wants {
    let at = |n: usize| of.get(n).copied().unwrap_or(want(0, 0));
    Wants { count: of.len() as u8, of: [at(0), at(1), at(2)] }
}

fn submit(of: &[Want]) -> Ask {
    Ask::Submit(0, Some(wants(of)))
}

/// Of what she has, the first.
const DROP: Ask = Ask::Drop(0);
const OPEN: Step = Step::Act(Act::Open(0));

const fn capacity(section: u8, seats: u8) -> Step {
    Step::Act(Act::Capacity(section, Some(seats)))
}

/// What each student does, by her number, and what the house does.
fn scripts<const N: usize>(of: impl Fn(u8) -> [Ask; N], house: &[Step]) -> [Vec<Step>; 4] {
    let asks = |s: u8| of(s).map(|ask| Step::Ask(s, ask, Way::Direct)).to_vec();
    [asks(0), asks(1), asks(2), house.to_vec()]
}

fn scenarios() -> Vec<Scenario> {
    let usual = |name, courses, scripts| Scenario {
        name,
        courses,
        order: Order::Arrival,
        credit_limit: None,
        before: &[OPEN],
        scripts,
        told_at_once: true,
    };
    // Each wants two courses, and each pair crosses with the next one's.
    let crossing = |s: u8| {
        [submit(&[want(s, 0), want(s + 1, 0)]), DROP, submit(&[want(s + 2, 0), want(s, 0)])]
    };
    // Each has what another wants; courses 0 and 1 are at the same hour.
    let swaps = |s: u8| [submit(&[want(s, 0)]), Ask::Swap(0, want(s + 1, 0)), DROP];
    // Lecture and tutorial, both or neither, beside another course.
    let halves = |s: u8| {
        let both = [want(s % 2, 0), want((s + 1) % 2, 0)];
        [submit(&both), DROP, submit(&[want(0, 0)])]
    };
    // Ranks of three sections of one course.
    let ranks = |s: u8| [submit(&[want(0, 1 + s)]), DROP, Ask::Swap(0, want(0, 3))];
    // Places in a line that is drawn when it opens, and what is changed while one stands in it.
    let armed = |s: u8| {
        let plan = Ask::Plan(wants(&[want(0, 3), want(1, 0)]));
        let third = [Ask::Disarm(0), Ask::Plan(wants(&[want(1, 0)])), DROP];
        [plan, Ask::Arm(0), third[usize::from(s)]]
    };
    // A pause makes a line of those who come meanwhile.
    let paused = |s: u8| [submit(&[want(s % 2, 0)]), DROP, submit(&[want((s + 1) % 2, 0)])];
    let pause = [Step::Act(Act::Pause(0)), Step::Act(Act::Resume(0))];
    // Everybody sends again what the process may not have kept.
    let again = |s: u8| {
        let ask = |ask| Step::Ask(s, ask, Way::Direct);
        vec![ask(submit(&[want(s % 2, 0)])), Step::Again(s, 0, None, Way::Direct), ask(DROP)]
    };
    let deaths = [again(0), again(1), again(2), vec![Step::CutWhileTelling(1)]];
    vec![
        usual("crossing", &[&[1], &[1], &[1]], scripts(crossing, &[capacity(0, 2)])),
        Scenario {
            credit_limit: Some(1_000),
            ..usual("swaps", &[&[1], &[1], &[1]], scripts(swaps, &[capacity(1, 0)]))
        },
        usual("halves", &[&[1, 1], &[1]], scripts(halves, &[capacity(1, 2)])),
        usual("ranks", &[&[3]], scripts(ranks, &[capacity(0, 0)])),
        Scenario {
            order: Order::Lottery,
            before: &[],
            ..usual("armed", &[&[2], &[1]], scripts(armed, &[OPEN, Step::Tick]))
        },
        usual("paused", &[&[1], &[2]], scripts(paused, &pause)),
        Scenario { told_at_once: false, ..usual("deaths", &[&[2], &[1]], deaths) },
    ]
}

impl Scenario {
    /// The lists, of so many acts a student.
    fn scripts(&self, moves: u64) -> [&[Step]; 4] {
        let cut = |at: usize| &self.scripts[at][..self.scripts[at].len().min(moves as usize)];
        [cut(0), cut(1), cut(2), &self.scripts[3]]
    }

    fn file(&self) -> Draft {
        let courses = self.courses.iter().enumerate();
        let profile = |n: u8| Profile {
            key: key(&format!("s{n}")),
            programme: None,
            year: 1,
            blocks: vec![],
            completed: vec![],
        };
        Draft {
            terms: vec![Term { key: key("T"), name: Text::default(), first_monday: 20_000 }],
            courses: courses.map(|(n, parts)| course(n, parts)).collect(),
            students: (0..STUDENTS).map(profile).collect(),
            windows: vec![(key("T"), self.rules())],
            ..Draft::default()
        }
    }

    fn rules(&self) -> WindowRules {
        WindowRules {
            key: key("W"),
            name: Text::default(),
            term: 0,
            opens_at: None,
            closes_at: None,
            opens_after_sign_in_s: None,
            order: self.order,
            pace: None,
            clash: ClashPolicy::Refuse,
            credit_limit: self.credit_limit.map(Credits),
            waitlists: true,
            scope: Scope::Courses,
            rehearsal: false,
            seed: [7; 32],
        }
    }

    /// The run in which everybody is connected and nobody has asked for anything.
    fn begin(&self, bug: Option<Bug>, told: bool) -> Result<Run, Violation> {
        let mut run = Run::over(self.file(), bug, told)?;
        let connect = (0..STUDENTS).map(|student| Step::Connect(student, Way::Direct));
        for step in self.before.iter().copied().chain(connect) {
            run.step(step)?;
        }
        commit(&mut run)?;
        Ok(run)
    }

    fn step(&self, run: &mut Run, step: Step) -> Result<(), Violation> {
        run.step(step)?;
        if self.told_at_once { commit(run) } else { Ok(()) }
    }
}

/// Courses 0 and 1 are at the same hours.
fn course(n: usize, parts: &[u32]) -> DraftCourse {
    let component = |(part, sections): (usize, &u32)| {
        let (weekday, start) = (1 + n as u8 / 2, 540 + 120 * part as u16);
        let (end, weeks, place) = (start + 120, Weeks::ALL, "".into());
        let meetings = vec![Meeting { weekday, start, end, weeks, place }];
        let section = |at: u32| {
            let (key, capacity) = (key(&format!("C{n}/{part}.{at}")), Some(1));
            DraftSection { key, capacity, meetings: meetings.clone(), parent: None }
        };
        let kind = [ComponentKind::Lecture, ComponentKind::Tutorial][part];
        DraftComponent { kind, sections: (0..*sections).map(section).collect() }
    };
    DraftCourse {
        key: key(&format!("C{n}")),
        term: key("T"),
        name: Text::default(),
        description: Text::default(),
        credits: Credits(500),
        url: None,
        faculty: None,
        level: None,
        language: None,
        period: None,
        prerequisites: vec![],
        part_of: None,
        components: parts.iter().enumerate().map(component).collect(),
    }
}

fn commit(run: &mut Run) -> Result<(), Violation> {
    run.step(Step::Write(None))?;
    run.step(Step::Sync(255))
}

/// Everything comes to rest; then the process dies, and the next one has what was there.
fn end(mut run: Run) -> Result<(), Violation> {
    run.settle()?;
    run.step(Step::Kill)
}

/// A walk through all orders of one scenario.
struct Walk<'a> {
    scenario: &'a Scenario,
    scripts: [&'a [Step]; 4],
    orders: u64,
    /// The steps of the order under way.
    path: Vec<Step>,
}

impl<'a> Walk<'a> {
    fn new(scenario: &'a Scenario, moves: u64) -> Self {
        let (scripts, path) = (scenario.scripts(moves), Vec::new());
        Self { scenario, scripts, orders: 0, path }
    }

    /// Goes through all orders that begin as `run` did: so many steps of each list are done.
    fn on(&mut self, run: Run, done: [usize; 4]) -> Result<(), Violation> {
        let left = |list: &usize| done[*list] < self.scripts[*list].len();
        let next: Vec<usize> = (0..done.len()).filter(left).collect();
        let Some((last, others)) = next.split_last() else {
            end(run)?;
            self.orders += 1;
            return Ok(());
        };
        for list in others {
            self.branch(run.fork(), done, *list)?;
        }
        self.branch(run, done, *last)
    }

    fn branch(&mut self, mut run: Run, mut done: [usize; 4], list: usize) -> Result<(), Violation> {
        let step = self.scripts[list][done[list]];
        self.path.push(step);
        self.scenario.step(&mut run, step)?;
        done[list] += 1;
        self.on(run, done)?;
        self.path.pop();
        Ok(())
    }

    /// As many orders as there are, or the first that breaks a promise.
    fn all(&mut self, bug: Option<Bug>) -> Result<(), Violation> {
        guarded(|| {
            let run = self.scenario.begin(bug, false)?;
            self.on(run, [0; 4])
        })
    }

    /// The order under way, told.
    fn told(&self, bug: Option<Bug>, violation: &Violation) -> String {
        let mut text = format!("{}, order {}: {violation}\n", self.scenario.name, self.orders + 1);
        let Ok(mut run) = self.scenario.begin(bug, true) else { return text };
        run.take_story();
        let again = guarded(|| {
            self.path.iter().try_for_each(|step| self.scenario.step(&mut run, *step))?;
            run.settle()?;
            run.step(Step::Kill)
        });
        for line in run.take_story() {
            let _ = writeln!(text, "{line}");
        }
        let _ = writeln!(text, "{again:?}");
        text
    }
}

/// In how many ways lists of these lengths can be interleaved.
fn interleavings(lengths: impl Iterator<Item = usize>) -> u64 {
    let (mut ways, mut total) = (1, 0);
    for length in lengths {
        for at in 1..=length as u64 {
            total += 1;
            ways = ways * total / at;
        }
    }
    ways
}

#[test]
fn lists_are_interleaved_in_so_many_ways() {
    assert_eq!(interleavings([1, 1].into_iter()), 2);
    assert_eq!(interleavings([2, 2].into_iter()), 6);
    assert_eq!(interleavings([3, 3, 3, 1].into_iter()), 16_800);
}

#[test]
fn all_orders_keep_the_promises() {
    let moves = if operations() < OPERATIONS { FEW } else { ALL };
    let moves = number("SLUIS_ORDERS_MOVES", moves).clamp(1, ALL);
    let (bug, mut all) = (bug_asked_for(), 0);
    for scenario in scenarios() {
        let mut walk = Walk::new(&scenario, moves);
        if let Err(violation) = walk.all(bug) {
            panic!("\n{}", walk.told(bug, &violation));
        }
        println!("{}: {} orders", scenario.name, walk.orders);
        let lengths = walk.scripts.iter().map(|list| list.len());
        assert_eq!(walk.orders, interleavings(lengths), "{}", scenario.name);
        all += walk.orders;
    }
    println!("{all} orders in all");
}

/// The control: with a bug, an order of the scenario that is about it breaks the promise.
#[test]
fn an_order_with_a_seeded_bug_is_caught() {
    let bugs = [
        (Bug::CapacityOffByOne, "I1", "crossing"),
        (Bug::AckBeforeSync, "I2", "crossing"),
        (Bug::HalfACombination, "I4", "halves"),
        (Bug::TicketsCrossed, "I5", "armed"),
        (Bug::LifoWaitlist, "I6", "halves"),
        (Bug::MessageLost, "I10", "crossing"),
        (Bug::NobodyPromoted, "I11", "crossing"),
    ];
    let scenarios = scenarios();
    for (bug, promise, name) in bugs {
        let scenario = scenarios.iter().find(|s| s.name == name).expect("a scenario by its name");
        let mut walk = Walk::new(scenario, FEW);
        let violation = walk.all(Some(bug)).expect_err("the bug is seen");
        assert_eq!(violation.promise, promise, "{}", walk.told(Some(bug), &violation));
        println!("{bug:?}: {promise} in {name}, after {} orders", walk.orders);
    }
}

#[test]
fn a_run_that_was_forked_at_every_step_is_the_run_that_was_not() {
    for scenario in scenarios() {
        let begin = || scenario.begin(None, false).expect("it begins");
        let (mut straight, mut forked) = (begin(), begin());
        for step in scenario.scripts.iter().flatten() {
            let before = forked.fork();
            scenario.step(&mut straight, *step).expect("a promise kept");
            scenario.step(&mut forked, *step).expect("a promise kept");
            // What the one did, the other did not.
            forked = before;
            scenario.step(&mut forked, *step).expect("a promise kept");
        }
        let ended = [straight, forked].map(|mut run| {
            run.settle().expect("it comes to rest");
            (run.trace, run.sums.records)
        });
        assert_eq!(ended[0], ended[1], "{}", scenario.name);
    }
}
