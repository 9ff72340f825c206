//! `kill -9` of the real program in the middle of a rush, again and again on the same directory,
//! and after every restart an audit of everything that was ever acknowledged.
//! `SLUIS_SEED=…` repeats the choices of a run.

mod audit;
mod rush;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sluis::protocol::server::OutcomeView;
use uuid::Uuid;

use crate::journal_child::scatter;
use crate::powercut::seed;
use crate::support::{Http, PATIENCE, Process, University};
use audit::{Books, Evidence};
use rush::{Plot, Rusher};

const KILLS: u64 = 24;
const STUDENTS: usize = 72;
/// Of each three students two arm; the third submits, drops, swaps and leaves from the start.
const ARMED_OF_THREE: usize = 2;
/// Per round: the seats of its courses.
const SEATS: [u32; 4] = [9, 14, 20, 30];

fn course(round: u64, nth: usize) -> String {
    format!("R{round:02}{}", ["A", "B", "C", "D"][nth])
}

fn window(round: u64) -> String {
    format!("w{round:02}")
}

/// What a round's window does: opens on an armed crowd, slowly or at once, or was open already.
fn pace(round: u64, seed: u64) -> Option<u64> {
    round.is_multiple_of(3).then(|| 100 + scatter(seed ^ round) % 300)
}

fn university(seed: u64) -> University {
    let mut university = University::of(STUDENTS);
    for round in 0..KILLS {
        for (nth, seats) in SEATS.iter().enumerate() {
            let code = course(round, nth);
            university = match nth {
                // Two sections to choose from.
                3 => university.wide(&code, 2, seats / 2),
                _ => university.course(&code, *seats),
            };
        }
        let only = (0..SEATS.len()).map(|nth| format!("{:?}", course(round, nth)));
        let only = only.collect::<Vec<_>>().join(", ");
        let pace = pace(round, seed).map_or(String::new(), |pace| format!("pace = {pace}\n"));
        university = university.window(&window(round), &format!("scope = [{only}]\n{pace}"));
    }
    university
}

fn open(process: &Process, round: u64) -> impl Future<Output = ()> + use<> {
    let (registrar, path) =
        (process.registrar(), format!("/api/admin/windows/{}/open", window(round)));
    let asked = tokio::task::spawn_blocking(move || registrar.post(&path, "").ok());
    async move { drop(asked.await.unwrap()) }
}

/// How far the kill fell into the rush.
#[derive(Debug, Default)]
struct Tally {
    kills: u64,
    acknowledged: u64,
    /// Decided and on disk, but the kill came before the word.
    untold: u64,
    /// Asked before the kill, decided after the restart.
    undecided: u64,
    /// Kills with some told and some undecided.
    mid_rush: u64,
}

/// One kill: when it was, what was told before it, and who waited for which answers.
struct Kill {
    at: u64,
    told: u64,
    unanswered: Vec<Vec<Uuid>>,
}

impl Tally {
    /// After the restart, when everything has been answered.
    fn count(&mut self, kill: &Kill, students: &[Rusher]) {
        let waited = kill.unanswered.iter().zip(students);
        let decided = waited.flat_map(|(ids, student)| {
            student.told.values().filter(|outcome| ids.contains(&outcome.id))
        });
        let (before, after): (Vec<_>, Vec<_>) = decided.partition(|o| o.at <= kill.at);
        let (before, after) = (before.len() as u64, after.len() as u64);
        println!("kill {}: {} told, {before} untold, {after} undecided", self.kills, kill.told);
        self.kills += 1;
        self.acknowledged += kill.told;
        self.untold += before;
        self.undecided += after;
        self.mid_rush += u64::from(kill.told > 0 && after > 0);
    }
}

/// Lets everybody loose, kills the program at a seeded moment, and counts how it fell.
async fn rush(
    process: &mut Process,
    students: Vec<Rusher>,
    round: u64,
    seed: u64,
) -> (Vec<Rusher>, Kill) {
    let told = Arc::new(AtomicU64::new(0));
    let plot = Arc::new(Plot {
        window: window(round),
        // Those of this round and of the one before: freed seats, old waitlists.
        courses: (round.saturating_sub(1)..=round)
            .flat_map(|r| (0..SEATS.len()).map(move |nth| (window(r), course(r, nth))))
            .collect(),
        own: SEATS.len(),
        arms: round % 3 < 2,
        told: Arc::clone(&told),
        killed: AtomicBool::new(false),
    });
    let mut students = students;
    if plot.arms {
        let armed = students.iter_mut().enumerate().filter(|(n, _)| n % 3 < ARMED_OF_THREE);
        join_all(armed.map(|(_, student)| student.arm(&plot))).await;
    }
    open(process, round).await;
    let running: Vec<_> =
        students.into_iter().map(|s| tokio::spawn(s.run(Arc::clone(&plot)))).collect();
    let moment = 10 + scatter(seed ^ (round << 8)) % 140;
    let since = Instant::now();
    while told.load(Ordering::Relaxed) < moment {
        assert!(since.elapsed() < PATIENCE, "the rush stands: {told:?} of {moment}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    process.kill();
    let at = sluis::clock::wall().0;
    plot.killed.store(true, Ordering::Relaxed);
    let students: Vec<_> = join_all(running).await.into_iter().map(Result::unwrap).collect();
    let unanswered = students.iter().map(|s| s.asked.keys().copied().collect()).collect();
    (students, Kill { at, told: told.load(Ordering::Relaxed), unanswered })
}

/// Everybody comes back, repeats what was not answered and some of what was.
async fn come_back(process: &Process, students: &mut [Rusher]) {
    join_all(students.iter_mut().map(|s| s.come_back(process))).await;
    let registrar = process.registrar();
    let quiet = tokio::task::spawn_blocking(move || {
        crate::support::until("the lines end", || waiting(&registrar) == 0);
    });
    quiet.await.unwrap();
    join_all(students.iter_mut().map(Rusher::repeat)).await;
}

fn waiting(registrar: &Http) -> u64 {
    let windows = registrar.get("/api/admin/windows").json();
    let windows = windows["windows"].as_array().unwrap();
    windows.iter().map(|w| w["waiting"].as_u64().unwrap()).sum()
}

/// What the gateway says of everybody, by HTTP.
async fn evidence(process: &Process, students: &[Rusher]) -> Vec<Evidence> {
    let asked = students.iter().map(|s| {
        let (http, key) = (process.http(&s.key), s.key.clone());
        tokio::task::spawn_blocking(move || Evidence::gather(&http, key))
    });
    join_all(asked).await.into_iter().map(Result::unwrap).collect()
}

fn capacities() -> Vec<(String, u32)> {
    let of = |round: u64| {
        SEATS.iter().enumerate().flat_map(move |(nth, seats)| match nth {
            3 => (0..2).map(|l| (format!("{}/L{l}", course(round, nth)), seats / 2)).collect(),
            _ => vec![(format!("{}/L", course(round, nth)), *seats)],
        })
    };
    (0..KILLS).flat_map(of).collect()
}

/// The audit sees an acknowledgement that never was, one that was changed, and a seat too many.
fn the_audit_can_fail(students: &mut [Rusher], mut evidence: Vec<Evidence>) {
    let (id, one) = (Uuid::now_v7(), &mut students[0]);
    let made_up = OutcomeView {
        id,
        course: course(0, 0),
        journal: u64::MAX,
        ..one.told.values().next().unwrap().clone()
    };
    one.told.insert((id, made_up.course.clone()), made_up);
    assert_eq!(audit::lost(one, &evidence[0]).len(), 1, "an outcome made up");
    one.told.retain(|(request, _), _| *request != id);
    let enrolled = one.told.values_mut().find(|o| o.outcome == "enrolled").unwrap();
    enrolled.sections[0].push('x');
    assert_eq!(audit::lost(one, &evidence[0]).len(), 1, "another section than told");

    let seat = evidence.iter().flat_map(|e| &e.enrolments).next().unwrap().clone();
    let books = Books { students, capacities: capacities() };
    let crowd: Vec<_> = (0..40).map(|_| seat.clone()).collect();
    evidence[1].enrolments.extend(crowd);
    let found = books.faults(&evidence);
    assert!(found.iter().any(|f| f.contains("seats")), "seats sold twice: {found:?}");
    let queued = evidence.iter_mut().flat_map(|e| &mut e.waitlist).next().unwrap();
    queued.rank += 1;
    let found = books.faults(&evidence);
    assert!(found.iter().any(|f| f.contains("rank")), "another rank: {found:?}");
}

#[tokio::test]
async fn killed_in_the_middle_of_a_rush_it_keeps_every_acknowledged_outcome() {
    let (seed, since) = (seed(), Instant::now());
    let university = university(seed);
    let mut process = Process::imported(&university);
    let keys = university.students().enumerate();
    let mut students: Vec<_> =
        keys.map(|(n, key)| Rusher::new(key, scatter(seed.wrapping_add(n as u64)))).collect();
    let mut tally = Tally::default();
    let (mut last, mut kill) = (Vec::new(), None);
    for round in 0..=KILLS {
        process.start();
        come_back(&process, &mut students).await;
        if let Some(kill) = kill.take() {
            tally.count(&kill, &students);
        }
        last = evidence(&process, &students).await;
        let books = Books { students: &students, capacities: capacities() };
        let mut faults = books.faults(&last);
        faults.extend(students.iter().zip(&last).flat_map(|(s, e)| audit::lost(s, e)));
        assert!(faults.is_empty(), "before round {round}:\n{}", faults.join("\n"));
        if round < KILLS {
            let (back, fell) = rush(&mut process, students, round, seed).await;
            (students, kill) = (back, Some(fell));
        }
    }
    println!("{tally:?} in {:?}", since.elapsed());
    assert!(tally.kills >= 20 && tally.mid_rush * 10 >= tally.kills * 8, "{tally:?}");
    assert!(audit::saw_everything(&students, &last), "some kind of outcome never came");
    the_audit_can_fail(&mut students, last);
}
