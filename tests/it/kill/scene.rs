//! A crowd with everything that it was ever told, and the program under it: what the tests of
//! faults do to the program, this one audits afterwards.

use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::audit::{self, Books, Evidence};
use super::rush::{Plot, Rusher};
use crate::journal_child::scatter;
use crate::support::{Http, PATIENCE, Process, University, until};

/// How long a program may live on after a fault that must end it; then nothing comes any more.
const LIVES_ON: Duration = Duration::from_secs(30);
/// The small scene: its courses, `C0`, `C1`, …, of so many seats each.
const SEATS: [u32; 4] = [2, 3, 4, 6];
const STUDENTS: usize = 9;
const WINDOW: &str = "w";

pub struct Scene {
    pub process: Process,
    pub students: Vec<Rusher>,
    /// Seats of each section.
    pub capacities: Vec<(String, u32)>,
}

/// How a rush ended.
pub struct Fell {
    /// Outcomes told in it.
    pub told: u64,
    /// How the program ended; `None`: it did not, and was killed.
    pub status: Option<ExitStatus>,
}

impl Scene {
    pub fn new(
        process: Process,
        university: &University,
        capacities: Vec<(String, u32)>,
        seed: u64,
    ) -> Self {
        let keys = university.students().enumerate();
        let random = |n: usize| scatter(seed.wrapping_add(n as u64));
        let latest = Arc::new(AtomicU64::new(0));
        let rusher = |(n, key)| Rusher::new(key, random(n), Arc::clone(&latest));
        let students = keys.map(rusher).collect();
        Self { process, students, capacities }
    }

    /// A small university, so that much happens in few commits; its window is not open yet.
    pub fn small() -> University {
        let courses = SEATS.iter().enumerate();
        let university = University::of(STUDENTS).window(WINDOW, "");
        courses.fold(university, |u, (n, seats)| u.course(&format!("C{n}"), *seats))
    }

    /// The small university under a program that was set up with it; its window is opened.
    pub async fn of_small(mut process: Process, seed: u64) -> Self {
        process.start();
        let capacities = SEATS.iter().enumerate().map(|(n, seats)| (format!("C{n}/L"), *seats));
        let scene = Self::new(process, &Self::small(), capacities.collect(), seed);
        scene.open(WINDOW).await;
        scene
    }

    /// Opens a window, as the registrar; the program may die of it.
    pub fn open(&self, window: &str) -> impl Future<Output = ()> + use<> {
        let registrar = self.process.registrar();
        let path = format!("/api/admin/windows/{window}/open");
        let asked = tokio::task::spawn_blocking(move || registrar.post(&path, "").ok());
        async move { drop(asked.await.unwrap()) }
    }

    /// Everybody connects again: what each was told must be there at once.
    pub async fn connect(&mut self) {
        let (process, students) = (&self.process, &mut self.students);
        join_all(students.iter_mut().map(|s| s.come_back(process))).await;
    }

    /// Everybody comes back, repeats what was not answered and some of what was.
    pub async fn come_back(&mut self) {
        self.connect().await;
        let registrar = self.process.registrar();
        let quiet = move || until("the lines end", || waiting(&registrar) == 0);
        tokio::task::spawn_blocking(quiet).await.unwrap();
        join_all(self.students.iter_mut().map(Rusher::repeat)).await;
    }

    /// What the program says of everybody, by HTTP.
    pub async fn evidence(&self) -> Vec<Evidence> {
        let asked = self.students.iter().map(|s| {
            let (http, key) = (self.process.http(&s.key), s.key.clone());
            tokio::task::spawn_blocking(move || Evidence::gather(&http, key))
        });
        join_all(asked).await.into_iter().map(Result::unwrap).collect()
    }

    /// What somebody was told and the program does not know, or knows otherwise.
    pub fn lost(&self, evidence: &[Evidence]) -> Vec<String> {
        self.students.iter().zip(evidence).flat_map(|(s, e)| audit::lost(s, e)).collect()
    }

    /// Everything that does not add up once everybody has come back.
    pub fn faults(&self, evidence: &[Evidence]) -> Vec<String> {
        let books = Books { students: &self.students, capacities: self.capacities.clone() };
        let mut faults = books.faults(evidence);
        faults.extend(self.lost(evidence));
        faults
    }

    /// Starts the program as it is, without faults, and finds everything as it was told.
    pub async fn audit(&mut self, after: &str) {
        self.process.through(Vec::new());
        self.process.start();
        self.come_back().await;
        let faults = self.faults(&self.evidence().await);
        assert!(faults.is_empty(), "after {after}:\n{}", faults.join("\n"));
    }

    /// In the small university everybody asks and hears, until the program ends.
    pub async fn rush(&mut self) -> Fell {
        self.rush_until(LIVES_ON, 0).await
    }

    /// The same with a sound program, which is killed after this time, once it has told something.
    pub async fn rush_for(&mut self, time: Duration) {
        let fell = self.rush_until(time, 1).await;
        assert!(fell.status.is_none() && fell.told > 0, "{:?}, {} told", fell.status, fell.told);
    }

    async fn rush_until(&mut self, time: Duration, least: u64) -> Fell {
        let told = Arc::new(AtomicU64::new(0));
        let courses = (0..SEATS.len()).map(|n| (WINDOW.to_owned(), format!("C{n}")));
        let plot = Arc::new(Plot {
            window: WINDOW.to_owned(),
            courses: courses.collect(),
            own: SEATS.len(),
            arms: false,
            told: Arc::clone(&told),
            killed: AtomicBool::new(false),
        });
        let running = std::mem::take(&mut self.students).into_iter();
        let running: Vec<_> = running.map(|s| tokio::spawn(s.run(Arc::clone(&plot)))).collect();
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.process.ended() {
                break Some(status);
            }
            let enough = told.load(Ordering::Relaxed) >= least || since.elapsed() > PATIENCE;
            if since.elapsed() > time && enough {
                self.process.kill();
                break None;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        };
        plot.killed.store(true, Ordering::Relaxed);
        self.students = join_all(running).await.into_iter().map(Result::unwrap).collect();
        Fell { told: told.load(Ordering::Relaxed), status }
    }
}

fn waiting(registrar: &Http) -> u64 {
    let windows = registrar.get("/api/admin/windows").json();
    let windows = windows["windows"].as_array().unwrap();
    windows.iter().map(|w| w["waiting"].as_u64().unwrap()).sum()
}
