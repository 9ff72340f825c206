//! The wall clock wrong around the real program: `libfaketime` in front of its C library. Days off
//! at a start, and jumping by days while it runs; what only passes, the monotonic clock, is left as
//! it is. Nothing that was told goes, the order is the journal's and not the clock's, windows open
//! and close once, and a sign-in ends by the clock that the gateway has now.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;
use sluis::clock::wall;
use sluis::domain::ids::{Key, Timestamp};
use sluis::http::auth::{Claims, Role, Tokens};
use sluis::protocol::server::{MessageView, OutcomeView};

use crate::support::student::any;
use crate::support::{Http, Process, TestStudent, University, skipped, until};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// In which a line looks at the clock some ten times.
const TICKS: Duration = Duration::from_millis(530);
/// What a busy machine may take between two looks at a clock.
const SLACK_MS: u64 = 10 * 60 * 1_000;

/// The library, where it is installed and moves the clock of a program; else the test is skipped.
fn faketime(test: &str) -> Option<PathBuf> {
    let places = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let places = places.map(|place| place.path().join("faketime/libfaketimeMT.so.1"));
    let moves = |library: &PathBuf| {
        let mut date = Command::new("date");
        date.arg("+%s").env("LD_PRELOAD", library).env("FAKETIME", "-10d").stderr(Stdio::null());
        let told = date.output().ok().and_then(|o| String::from_utf8(o.stdout).ok());
        let seconds = told.and_then(|text| text.trim().parse::<u64>().ok());
        seconds.is_some_and(|s| s * 1_000 + 9 * DAY_MS as u64 <= wall().0)
    };
    let found = places.filter(|library| library.exists()).find(moves);
    if found.is_none() {
        skipped(test, "faketime, and a linker that loads it first");
    }
    found
}

/// A gateway whose wall clock is off.
struct Skewed {
    process: Process,
    offset_ms: i64,
    file: PathBuf,
    dir: tempfile::TempDir,
}

impl Skewed {
    fn imported(library: &std::path::Path, university: &University) -> Self {
        let mut process = Process::imported(university);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("offset");
        for (name, value) in [
            ("LD_PRELOAD", library.to_str().unwrap()),
            ("FAKETIME_TIMESTAMP_FILE", file.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("NO_FAKE_STAT", "1"),
        ] {
            process.environment(name, value);
        }
        let mut skewed = Self { process, offset_ms: 0, file, dir };
        skewed.jump(0);
        skewed
    }

    /// From now on its clock is off by this much.
    fn jump(&mut self, offset_ms: i64) {
        let new = self.dir.path().join("new");
        // In one piece: the library may read it at any moment.
        std::fs::write(&new, format!("{:+}\n", offset_ms / 1_000)).unwrap();
        std::fs::rename(&new, &self.file).unwrap();
        self.offset_ms = offset_ms;
    }

    fn restart(&mut self, offset_ms: i64) {
        self.process.kill();
        self.jump(offset_ms);
        self.process.start();
    }

    fn now(&self) -> Timestamp {
        Timestamp(wall().0.checked_add_signed(self.offset_ms).unwrap())
    }

    /// A sign-in made now, by its clock, for so many hours.
    fn token(&self, role: Role, student: Option<&str>, hours: i64) -> String {
        let (issued, student) = (self.now(), student.map(|key| Key::new(key).unwrap()));
        let expires = issued.plus_ms((hours * HOUR_MS) as u64);
        let tokens = Tokens::load_or_create(&self.process.data()).unwrap();
        tokens.mint(&Claims { role, student, name: None, expires, issued, device: None })
    }

    fn http(&self, token: &str) -> Http {
        Http::new(self.process.address(), Some(token))
    }

    fn registrar(&self) -> Http {
        self.http(&self.token(Role::Registrar, None, 1))
    }

    /// A student who stays signed in for a month, and the time that she is shown.
    async fn student(&self, key: &str) -> TestStudent {
        let token = self.token(Role::Student, Some(key), 30 * 24);
        let mut student = TestStudent::connect(self.process.address(), key, &token).await;
        let shown = student.hello().await.server_time;
        let off = shown.abs_diff(self.now().0);
        assert!(off < SLACK_MS, "{key} is shown {shown}, {off} ms off");
        student
    }

    fn centre(&self, key: &str) -> Vec<MessageView> {
        let http = self.http(&self.token(Role::Student, Some(key), 1));
        let mut page = http.get("/api/messages?limit=100").json();
        serde_json::from_value(page["messages"].take()).unwrap()
    }

    /// Everything that was told stands in her message centre as it was told.
    fn holds(&self, told: &[(&str, OutcomeView)]) {
        for (key, told) in told {
            let centre = self.centre(key);
            let course = Some(told.course.as_str());
            let same =
                |m: &&MessageView| m.journal == told.journal && m.course.as_deref() == course;
            let found: Vec<_> = centre.iter().filter(same).collect();
            let [message] = found[..] else { panic!("{key}: {told:?} is there as {found:?}") };
            assert_eq!((&message.kind, message.at), (&told.outcome, told.at), "{key}");
        }
    }

    fn state(&self, window: &str) -> String {
        let windows = self.registrar().get("/api/windows").json();
        let windows = windows["windows"].as_array().unwrap().clone();
        let found = windows.into_iter().find(|w| w["key"] == window).unwrap();
        found["state"].as_str().unwrap().to_owned()
    }

    fn left(&self, course: &str) -> u64 {
        let http = Http::new(self.process.address(), None);
        let seats = http.get(&format!("/api/seats?course={course}")).json();
        seats["sections"][0]["left"].as_u64().unwrap()
    }

    /// How often she was told this of a window.
    fn times(&self, key: &str, kind: &str, window: &str) -> usize {
        let centre = self.centre(key);
        let same = |m: &&MessageView| m.kind == kind && m.window.as_deref() == Some(window);
        centre.iter().filter(same).count()
    }
}

/// Asks for one course and is told what came of it.
async fn ask(student: &mut TestStudent, window: &str, course: &str) -> OutcomeView {
    let id = student.submit(window, &[any(course, true)]).await;
    let outcome = student.outcome(course).await;
    assert_eq!(outcome.id, id);
    outcome
}

fn university() -> University {
    University::of(4)
        .course("A", 2)
        .course("B", 1)
        .course("C", 3)
        .window("w", "order = \"arrival\"")
        .window("later", "order = \"arrival\"")
}

#[tokio::test]
async fn started_a_day_behind_then_ahead_then_right_it_has_all_that_it_told() {
    let test = "started_a_day_behind_then_ahead_then_right_it_has_all_that_it_told";
    let Some(library) = faketime(test) else { return };
    let mut gateway = Skewed::imported(&library, &university());
    let mut told = Vec::new();

    gateway.restart(-DAY_MS);
    gateway.registrar().post("/api/admin/windows/w/open", "").ok();
    let yesterday = gateway.token(Role::Student, Some("s0000"), 1);
    let (mut her, mut him) = (gateway.student("s0000").await, gateway.student("s0001").await);
    told.push(("s0000", ask(&mut her, "w", "A").await));
    told.push(("s0000", ask(&mut her, "w", "B").await));
    told.push(("s0001", ask(&mut him, "w", "B").await));
    assert_eq!(told[2].1.outcome, "waitlisted");
    assert_eq!(gateway.http(&yesterday).get("/api/me").status, 200);

    gateway.restart(DAY_MS);
    assert_eq!(gateway.state("w"), "open");
    gateway.holds(&told);
    assert_eq!(gateway.http(&yesterday).get("/api/me").status, 401, "it was for an hour");
    let tomorrow = gateway.token(Role::Student, Some("s0000"), 1);
    let (mut her, mut him) = (gateway.student("s0000").await, gateway.student("s0001").await);
    her.drop_course("B").await;
    told.push(("s0000", her.outcome("B").await));
    let promoted = him.message("promoted").await;

    gateway.restart(0);
    gateway.holds(&told);
    assert!(gateway.centre("s0001").contains(&promoted));
    assert_eq!(gateway.http(&tomorrow).get("/api/me").status, 200, "until then, as it says");
    let mut third = gateway.student("s0002").await;
    told.push(("s0002", ask(&mut third, "w", "A").await));
    gateway.holds(&told);

    // One order, the journal's, whatever the clock said.
    let of = |n: usize| (&told[n].1, told[n].1.at.abs_diff(wall().0));
    assert!(told.windows(2).all(|two| two[0].1.journal < two[1].1.journal), "{told:?}");
    assert!(of(2).0.at < of(4).0.at && of(4).0.at < of(3).0.at, "{told:?}");
    assert!(of(3).1 > DAY_MS as u64 - SLACK_MS && of(4).1 < SLACK_MS, "{told:?}");
    assert_eq!(["A", "B", "C"].map(|course| gateway.left(course)), [0, 0, 3]);
}

#[tokio::test]
async fn while_the_clock_jumps_a_window_opens_once_and_closes_once() {
    let test = "while_the_clock_jumps_a_window_opens_once_and_closes_once";
    let Some(library) = faketime(test) else { return };
    let mut gateway = Skewed::imported(&library, &university());
    gateway.process.start();
    let now = gateway.now().0;
    let half = (12 * HOUR_MS) as u64;
    let times = json!({ "opens_at": now + half, "closes_at": now + 3 * half }).to_string();
    gateway.registrar().post("/api/admin/windows/later/schedule", &times).ok();
    let mut told = Vec::new();
    let mut students = Vec::new();
    for key in ["s0000", "s0001"] {
        let mut student = gateway.student(key).await;
        student.set_plan(&[any("C", false)]).await;
        student.arm("later").await;
        students.push(student);
    }
    let short = gateway.token(Role::Student, Some("s0002"), 1);
    assert_eq!(gateway.http(&short).get("/api/me").status, 200);
    tokio::time::sleep(TICKS).await;
    assert_eq!(gateway.state("later"), "planned");

    // A day on: its time has come.
    gateway.jump(DAY_MS);
    for student in &mut students {
        let outcome = student.outcome("C").await;
        assert_eq!(outcome.outcome, "enrolled");
        told.push((["s0000", "s0001"][told.len()], outcome));
    }
    assert_eq!(gateway.state("later"), "open");
    assert_eq!(gateway.http(&short).get("/api/me").status, 401, "it was for an hour");

    // Back before its time: it is open all the same, and nobody is told so again.
    gateway.jump(-DAY_MS);
    let mut late = gateway.student("s0003").await;
    told.push(("s0003", ask(&mut late, "later", "C").await));
    tokio::time::sleep(TICKS).await;
    assert_eq!(gateway.state("later"), "open");

    // Past its end, and back: it is closed, once.
    gateway.jump(2 * DAY_MS);
    until("it closes", || gateway.state("later") == "closed");
    gateway.jump(0);
    tokio::time::sleep(TICKS).await;
    late.submit("later", &[any("A", false)]).await;
    assert_eq!(late.error().await.0, "window_closed");
    gateway.jump(DAY_MS);
    tokio::time::sleep(TICKS).await;

    for started_again_at in [None, Some(-DAY_MS), Some(0)] {
        if let Some(offset) = started_again_at {
            gateway.restart(offset);
        }
        assert_eq!(gateway.state("later"), "closed");
        for key in ["s0000", "s0001", "s0002", "s0003"] {
            for kind in ["window_opened", "window_closed"] {
                assert_eq!(gateway.times(key, kind, "later"), 1, "{key}: {kind}");
            }
        }
        gateway.holds(&told);
        assert_eq!(gateway.left("C"), 0);
    }
}
