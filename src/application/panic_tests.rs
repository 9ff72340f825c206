//! A panic where decisions are made or written ends the process, with a line in the log; the
//! restart replays everything that was acknowledged. The process is this test binary, started again
//! with its orders in the environment.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use super::recover::recover;
use super::server::{self, Start};
use super::stop_process;
use crate::actors::gateway::{Answer, Gateway};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::command::Command as Order;
use crate::domain::ids::{CourseId, RequestId, StudentId, WindowId};
use crate::domain::outcome::Outcome;
use crate::domain::plan::{CourseRequest, Plan};
use crate::domain::testkit;
use crate::domain::window::Order as LineOrder;
use crate::{journal, panics, telemetry};

const PART: &str = "SLUIS_TEST_PANIC_PART";
const DATA: &str = "SLUIS_TEST_PANIC_DATA";
const STUDENTS: u32 = 120;
/// So many are enrolled before anything panics.
const BEFORE: u32 = 60;
const W: WindowId = WindowId(0);
const SIGABRT: i32 = 6;

/// The child itself; nothing unless started by [`panicked`].
#[test]
fn child() {
    let Ok(part) = std::env::var(PART) else { return };
    let data = PathBuf::from(std::env::var_os(DATA).unwrap());
    let mut config = Config::default();
    config.server.listen = vec!["127.0.0.1:0".parse().unwrap()];
    config.server.workers = 1;
    config.metrics.listen = None;
    config.journal.dir.clone_from(&data);
    config.sign_in.demo_with_real_data = true;
    telemetry::install(&config.log);
    let journal = Box::new(journal::sled::open(&data).unwrap());
    let (clock, on_fault) = (Clock::system(), stop_process());
    let start = Start { config, journal, clock, seed_demo: false, on_fault };
    let running = server::start(start).unwrap();
    let gateway = running.gateway.clone();
    actix::System::new().block_on(async move { enrol_all(&gateway, &part, &data).await });
    unreachable!("nothing panicked");
}

/// One student after another; each that was told is noted outside of the journal.
async fn enrol_all(gateway: &Gateway, part: &str, data: &Path) {
    let mut told = OpenOptions::new().create(true).append(true).open(told(data)).unwrap();
    let draft = testkit::draft().simple("A", STUDENTS).students(STUDENTS as usize);
    let draft = draft.window(|rules| rules.order = LineOrder::Arrival);
    gateway.command(Order::Import(Arc::new(draft))).await.unwrap();
    gateway.command(Order::Open(W)).await.unwrap();
    for n in 0..STUDENTS {
        if n == BEFORE {
            panics::arm(part);
            // A line hears of its window, of a submit that waits for nobody it does not.
            let _ = gateway.command(Order::SetPace(W, Some(1_000))).await;
        }
        let wanted = CourseRequest::any(&gateway.catalogue(), CourseId(0), false);
        let plan = Some(Arc::new(Plan { courses: vec![Arc::new(wanted)] }));
        let (student, request) = (StudentId(n), RequestId([n as u8; 16]));
        let order = Order::Submit { student, window: W, request, plan, queue: false };
        if let Ok(Answer::Decided(sequence, outcomes)) = gateway.command(order).await {
            assert!(matches!(outcomes[0].1, Outcome::Enrolled { .. }), "{outcomes:?}");
            writeln!(told, "{n} {}", sequence.0).unwrap();
        }
    }
}

fn told(data: &Path) -> PathBuf {
    data.with_file_name("told")
}

/// Has this part panic in a process of its own: how that ended, and what it said.
fn panicked(part: &str, data: &Path) -> (ExitStatus, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["application::panic_tests::child", "--exact", "--nocapture"]);
    command.env(PART, part).env(DATA, data).stdout(Stdio::null()).stderr(Stdio::piped());
    let ended = command.spawn().unwrap().wait_with_output().unwrap();
    (ended.status, String::from_utf8(ended.stderr).unwrap())
}

#[test]
fn a_panic_where_it_is_decided_or_written_stops_the_process_and_loses_nothing() {
    for part in ["registrar", "section", "line", "journal"] {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let (status, said) = panicked(part, &data);
        match part {
            "journal" => {
                assert_eq!(status.code(), Some(super::EXIT_IO), "{part}: {said}");
                assert!(said.contains("its thread panicked"), "{part}: {said}");
                assert!(said.contains("the journal failed; the process stops"), "{said}");
            }
            _ => {
                assert_eq!(status.signal(), Some(SIGABRT), "{part}: {said}");
                let line = "a panic on the decision thread; the process stops";
                assert!(said.contains(line), "{part}: {said}");
            }
        }
        let told = std::fs::read_to_string(told(&data)).unwrap();
        let told: Vec<(u32, u64)> = told
            .lines()
            .map(|line| line.split_once(' ').unwrap())
            .map(|(student, sequence)| (student.parse().unwrap(), sequence.parse().unwrap()))
            .collect();
        assert!(told.len() >= BEFORE as usize, "{part}: only {} told", told.len());
        let recovered = recover(Box::new(journal::sled::open(&data).unwrap())).unwrap();
        assert_eq!(recovered.violations, [], "{part}");
        let registry = &recovered.university.registry;
        for (student, sequence) in &told {
            let enrolled = &registry.student(StudentId(*student)).enrolments;
            assert_eq!(enrolled.len(), 1, "{part}: {student} was told");
            assert_eq!(enrolled[0].since.0, *sequence, "{part}: {student}");
        }
        println!("{part}: {status}, {} told and there", told.len());
    }
}
