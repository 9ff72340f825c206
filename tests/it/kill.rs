//! `kill -9` of the real program in the middle of a rush, again and again on the same directory,
//! and after every restart an audit of everything that was ever acknowledged. At the end of each
//! campaign the audit itself is shown evidence that was doctored, and a disk that forgot.
//! `SLUIS_SEED=…` repeats the choices of a run. Soak, 1,000 kills with those of `first_start`:
//! `SLUIS_KILLS=1000 cargo test --release --workspace --locked --test it kill`.

pub mod audit;
pub mod first_start;
pub mod rush;
pub mod scene;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use sluis::protocol::server::OutcomeView;
use uuid::Uuid;

use crate::journal_child::scatter;
use crate::powercut::{count, seed};
use crate::support::{PATIENCE, Process, University, copy_tree};
use audit::Evidence;
use rush::{Plot, Rusher};
use scene::Scene;

/// In a rush; one more round is for the disk that forgot.
const KILLS: u64 = 20;
const STUDENTS: usize = 72;
/// Of each three students two arm; the third submits, drops, swaps and leaves from the start.
const ARMED_OF_THREE: usize = 2;
/// Per round: the seats of its courses.
const SEATS: [u32; 4] = [9, 14, 20, 30];

/// Kills in all: two of three in a rush, at least fifty; one of three in a first start.
pub fn kills() -> u64 {
    count("SLUIS_KILLS", 75)
}

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
    for round in 0..=KILLS {
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
    /// Outcomes of requests before which something had been told, to anybody.
    told_before: u64,
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
async fn rush(scene: &mut Scene, round: u64, seed: u64) -> Kill {
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
    let mut students = std::mem::take(&mut scene.students);
    if plot.arms {
        let armed = students.iter_mut().enumerate().filter(|(n, _)| n % 3 < ARMED_OF_THREE);
        join_all(armed.map(|(_, student)| student.arm(&plot))).await;
    }
    scene.open(&window(round)).await;
    let running: Vec<_> =
        students.into_iter().map(|s| tokio::spawn(s.run(Arc::clone(&plot)))).collect();
    let moment = 10 + scatter(seed ^ (round << 8)) % 140;
    let since = Instant::now();
    while told.load(Ordering::Relaxed) < moment {
        assert!(since.elapsed() < PATIENCE, "the rush stands: {told:?} of {moment}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    scene.process.kill();
    let at = sluis::clock::wall().0;
    plot.killed.store(true, Ordering::Relaxed);
    scene.students = join_all(running).await.into_iter().map(Result::unwrap).collect();
    let unanswered = scene.students.iter().map(|s| s.asked.keys().copied().collect()).collect();
    Kill { at, told: told.load(Ordering::Relaxed), unanswered }
}

fn capacities() -> Vec<(String, u32)> {
    let of = |round: u64| {
        SEATS.iter().enumerate().flat_map(move |(nth, seats)| match nth {
            3 => (0..2).map(|l| (format!("{}/L{l}", course(round, nth)), seats / 2)).collect(),
            _ => vec![(format!("{}/L", course(round, nth)), *seats)],
        })
    };
    (0..=KILLS).flat_map(of).collect()
}

/// The audit sees an acknowledgement that never was, one that was changed, and a seat too many.
fn the_audit_can_fail(scene: &mut Scene, mut evidence: Vec<Evidence>) {
    let (id, one) = (Uuid::now_v7(), &mut scene.students[0]);
    let made_up = OutcomeView {
        id,
        course: course(0, 0),
        journal: u64::MAX,
        ..one.told.values().next().unwrap().clone()
    };
    one.told.insert((id, made_up.course.clone()), made_up);
    assert_eq!(audit::lost(one, &evidence[0]).len(), 1, "an outcome made up");
    one.told.retain(|(request, _), _| *request != id);
    let altered = one.told.values().find(|o| o.outcome == "enrolled").unwrap().clone();
    let altered = (altered.id, altered.course);
    one.told.get_mut(&altered).unwrap().sections[0].push('x');
    assert_eq!(audit::lost(one, &evidence[0]).len(), 1, "another section than told");
    one.told.get_mut(&altered).unwrap().sections[0].pop();
    let floor = one.floors.insert(altered.0, u64::MAX).unwrap();
    assert!(audit::before_what_was_told(one).count() > 0, "decided before what was told");
    one.floors.insert(altered.0, floor);
    assert_eq!(scene.faults(&evidence), [] as [String; 0], "put right again");

    let seat = evidence.iter().flat_map(|e| &e.enrolments).next().unwrap().clone();
    let crowd: Vec<_> = (0..40).map(|_| seat.clone()).collect();
    evidence[1].enrolments.extend(crowd);
    let found = scene.faults(&evidence);
    assert!(found.iter().any(|f| f.contains("seats")), "seats sold twice: {found:?}");
    let queued = evidence.iter_mut().flat_map(|e| &mut e.waitlist).next().unwrap();
    queued.rank += 1;
    let found = scene.faults(&evidence);
    assert!(found.iter().any(|f| f.contains("rank")), "another rank: {found:?}");
}

/// What was told in a last rush is taken off the disk again, as if it had been told before it was
/// durable. The journal alone put back: the program misses it. Its note of how far it was durable
/// put back as well: nobody but the audit can know, and it names every outcome.
async fn a_disk_that_forgot_is_caught(scene: &mut Scene, seed: u64) {
    let data = scene.process.data();
    let kept = data.with_file_name("kept");
    scene.process.kill();
    copy_tree(&data, &kept);
    scene.process.start();
    scene.come_back().await;
    let fell = rush(scene, KILLS, seed).await;
    fs::remove_dir_all(data.join("journal")).unwrap();
    copy_tree(&kept.join("journal"), &data.join("journal"));
    let said = scene.process.said().len();
    let refused = scene.process.try_start().expect_err("a journal that is too short");
    let said = scene.process.said_since(said);
    assert_eq!(refused.code(), Some(74), "{said}");
    assert!(said.contains("but was durable up to"), "{said}");
    fs::copy(kept.join("journal.durable"), data.join("journal.durable")).unwrap();
    scene.process.start();
    let lost = scene.lost(&scene.evidence().await).len() as u64;
    println!("a disk that forgot: {} told in the last rush, {lost} missed", fell.told);
    assert!(fell.told > 0 && lost >= fell.told, "{lost} of {} are missed", fell.told);
}

async fn campaign(seed: u64, tally: &mut Tally) {
    let university = university(seed);
    let process = Process::imported(&university);
    let mut scene = Scene::new(process, &university, capacities(), seed);
    let (mut last, mut kill) = (Vec::new(), None);
    for round in 0..=KILLS {
        scene.process.start();
        scene.come_back().await;
        if let Some(kill) = kill.take() {
            tally.count(&kill, &scene.students);
        }
        last = scene.evidence().await;
        let faults = scene.faults(&last);
        assert!(faults.is_empty(), "before round {round}:\n{}", faults.join("\n"));
        if round < KILLS {
            kill = Some(rush(&mut scene, round, seed).await);
        }
    }
    assert!(audit::saw_everything(&scene.students, &last), "some kind of outcome never came");
    tally.told_before += scene.students.iter().map(Rusher::told_before).sum::<u64>();
    the_audit_can_fail(&mut scene, last);
    a_disk_that_forgot_is_caught(&mut scene, seed).await;
}

#[tokio::test]
async fn killed_in_the_middle_of_a_rush_it_keeps_every_acknowledged_outcome() {
    let (seed, since, mut tally) = (seed(), Instant::now(), Tally::default());
    for nth in 0..(kills() * 2 / 3).div_ceil(KILLS) {
        campaign(seed.wrapping_add(nth), &mut tally).await;
    }
    println!("{tally:?} in {:?}", since.elapsed());
    assert!(tally.told_before > tally.acknowledged / 2, "{tally:?}");
    assert!(tally.mid_rush * 10 >= tally.kills * 8, "{tally:?}");
}
