//! When something runs out: file descriptors, memory under readers that do not read, the decision
//! thread itself. Those who are in keep working, newcomers get a clear answer or wait without
//! costing anything, and it recovers by itself.
//! Soak: `SLUIS_SLOW_READERS=1500 cargo test --release --workspace --locked --test it exhaustion`.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;
use sluis::limits;
use sluis::protocol::client::ClientMessage;
use sluis::protocol::server::ServerMessage;
use socket2::SockRef;

use crate::powercut::count;
use crate::support::student::any;
use crate::support::{
    Http, Metrics, PATIENCE, Process, Raw, TestGateway, TestStudent, University, until,
};

/// What the process may open; a shell sets it.
const DESCRIPTORS: u64 = 400;
/// Longest share of a processor for a gateway that has nothing to do but wait for descriptors.
const IDLE_SHARE: f64 = 0.25;

/// Processor time used so far, in seconds.
fn processor_s(process: &Process) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.pid())).unwrap();
    let after_name: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = after_name[11..13].iter().map(|n| n.parse::<u64>().unwrap()).sum();
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// Enrols and drops so often, each time one commit.
async fn work(student: &mut TestStudent, rounds: usize) {
    for _ in 0..rounds {
        student.submit("w", &[any("A", false)]).await;
        assert_eq!(student.outcome("A").await.outcome, "enrolled");
        student.drop_course("A").await;
        assert_eq!(student.outcome("A").await.outcome, "dropped");
    }
}

/// Sessions of ever more students until one gets another answer than 101, and that answer.
fn fill(process: &Process) -> (Vec<Raw>, String) {
    let mut open = Vec::new();
    for n in 0.. {
        let key = format!("s{:04}", 10 + n / limits::SESSIONS_PER_STUDENT_MAX);
        let bearer = format!("Bearer {}", process.token(&key));
        let mut raw = Raw::upgrade(process.address(), &[("Authorization", &bearer)]);
        if raw.status != 101 {
            return (open, raw.head);
        }
        raw.text(r#"{"type":"hello","protocol":1}"#);
        raw.expect_text("\"type\":\"welcome\"");
        open.push(raw);
    }
    unreachable!("there is a bound")
}

#[tokio::test]
async fn without_descriptors_those_who_are_in_work_on_and_newcomers_are_told() {
    let university = University::of(100).course("A", 5).window("w", "");
    let mut process = Process::imported(&university);
    process.set("SERVER__WORKERS", "2");
    let script = format!("ulimit -n {DESCRIPTORS} && exec \"$0\" \"$@\"");
    process.through(["sh", "-c", &script].map(str::to_owned).to_vec());
    process.start();
    process.registrar().post("/api/admin/windows/w/open", "").ok();
    let mut student = process.student("s0000").await;

    // Sessions: there are as many as fit, and then a clear answer.
    let (sessions, refused) = fill(&process);
    let fit = DESCRIPTORS - limits::DESCRIPTORS_KEPT;
    assert_eq!(sessions.len() as u64 + 1, fit, "hers counts too");
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(refused.to_ascii_lowercase().contains("retry-after:"), "{refused}");

    // Connections that say nothing take what is left; the kernel holds the rest.
    let address: SocketAddr = process.address();
    let plain: Vec<_> = (0..DESCRIPTORS).map(|_| TcpStream::connect(address).unwrap()).collect();
    until("it has none left", || {
        let open = std::fs::read_dir(format!("/proc/{}/fd", process.pid())).unwrap().count();
        open as u64 >= DESCRIPTORS - 2
    });
    let (before, since) = (processor_s(&process), Instant::now());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let share = (processor_s(&process) - before) / since.elapsed().as_secs_f64();
    assert!(share < IDLE_SHARE, "it spins: {share:.2} of a processor");
    // More commits than pass between two looks at the store's directory.
    work(&mut student, limits::JOURNAL_CHECK_COMMITS as usize / 2 + 10).await;
    println!("{fit} sessions, then 503; without descriptors {share:.3} of a processor, idle");

    // With room again newcomers come in.
    drop((plain, sessions));
    until("it answers", || {
        Http::new(address, None).try_get("/readyz").is_ok_and(|answer| answer.status == 200)
    });
    let mut late = process.student("s0001").await;
    work(&mut late, 3).await;
    work(&mut student, 3).await;
    process.signal("-TERM");
    assert_eq!(process.wait(PATIENCE).code(), Some(0), "{}", process.said());
}

/// Sections that each slow reader watches; all of them change all the time.
const WATCHED: usize = limits::WATCHED_MAX;
const WATCH_MS: u64 = 7_000;
/// More pushes in that time than the kernel's buffers and a mailbox take.
const PUSH_MS: &str = "50";
/// What one session may hold at most besides frames that wait for its reader, in bytes.
const SESSION_BYTES: u64 = 100_000;
/// A frame with all watched seats, with what holds it, in bytes.
const FRAME_BYTES: u64 = 25_000;

/// What one session may hold at most while its reader does not read: as many frames as its mailbox
/// takes. (The kernel ends it after `limits::TCP_USER_TIMEOUT_MS`. With all of
/// `limits::SESSIONS_MAX` such readers a push comes each 2.5 s, so that each ends with four.)
const SESSION_BYTES_MAX: u64 = SESSION_BYTES + FRAME_BYTES * limits::SESSION_MAILBOX_MAX as u64;

#[tokio::test]
async fn readers_that_do_not_read_hold_a_bounded_memory() {
    let readers = count("SLUIS_SLOW_READERS", 60) as usize;
    let people = 40;
    let university = University::of(people + readers).wide("A", WATCHED, 1_000).window("w", "");
    let mut process = Process::imported(&university);
    process.set("LINE__SEATS_PUSH_MS", PUSH_MS);
    process.start();
    process.registrar().post("/api/admin/windows/w/open", "").ok();
    let keys: Vec<_> = (0..WATCHED).map(|n| format!("A/L{n}")).collect();
    let watch = json!({ "type": "watch", "sections": keys }).to_string();
    let before = process.memory();
    let slow = (people..people + readers).map(|n| {
        let mut raw = Raw::hello(process.address(), &process.token(&format!("s{n:04}")));
        raw.text(&watch);
        SockRef::from(raw.socket()).set_recv_buffer_size(4096).unwrap();
        raw
    });
    let slow: Vec<Raw> = slow.collect();
    let connected = process.memory();
    let mut peak = connected;
    // Every section's seats change in each push.
    let registrar = process.registrar();
    let changes = tokio::task::spawn_blocking(move || {
        let since = Instant::now();
        let mut seats = 1_000;
        while since.elapsed() < Duration::from_millis(WATCH_MS) {
            seats = 2_001 - seats;
            for key in &keys {
                let body = json!({ "section": key, "capacity": seats }).to_string();
                registrar.post("/api/admin/sections/capacity", &body).ok();
            }
        }
        seats
    });
    while !changes.is_finished() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        peak = peak.max(process.memory());
    }
    changes.await.unwrap();
    let per = |now: u64| now.saturating_sub(before) / readers as u64;
    println!(
        "{readers} readers of {WATCHED} sections each: {} B a session when connected, {} B at the \
         peak, unread",
        per(connected),
        per(peak)
    );
    assert!(per(peak) < SESSION_BYTES_MAX, "{} bytes a session", per(peak));
    let metrics = Metrics::parse(&process.operators().get("/metrics").ok());
    assert!(metrics.get("sluis_slow_consumer_frames_total") > 0.5, "no mailbox was ever full");
    // Whoever reads is served meanwhile and afterwards.
    let mut student = process.student("s0000").await;
    student.submit("w", &[any("A", false)]).await;
    assert_eq!(student.outcome("A").await.outcome, "enrolled");
    drop(slow);
}

/// A section that does not come back from what it does: all of them share the decision thread.
#[tokio::test]
async fn while_a_section_is_stuck_nothing_is_told_and_afterwards_everything_comes() {
    let university = University::of(3).course("A", 1).window("w", "");
    let gateway = TestGateway::configured(&university, |config| {
        config.limits.answer_wait_ms_max = 300;
    });
    gateway.open("w");
    let mut student = gateway.student("s0000").await;
    let inside = gateway.running().gateway.clone();
    let (stuck, held) = std::sync::mpsc::channel::<()>();
    let (begins, begun) = tokio::sync::oneshot::channel();
    let waiting = inside.clone();
    let stopped = tokio::spawn(async move {
        // Between two turns, where a section's answer would be awaited.
        let stand_still = move || {
            let _ = begins.send(());
            held.recv_timeout(Duration::from_secs(60)).is_ok()
        };
        waiting.read(move |_| stand_still()).await
    });
    begun.await.unwrap();
    let beats = inside.metrics().decision_beats();
    student.submit("w", &[any("A", false)]).await;
    assert_eq!(student.quiet(Duration::from_millis(800)).await, [], "told before it was decided");
    // The service manager's watchdog is fed by these: it would start the program anew.
    let still = inside.metrics().decision_beats();
    assert!(still <= beats + 2, "the watchdog sees a thread that does not move: {beats} {still}");
    let (http, plain) = (gateway.http("s0001"), gateway.http("s0001"));
    let read = tokio::task::spawn_blocking(move || http.get("/api/enrolments")).await.unwrap();
    assert_eq!(read.problem(), (503, "busy".to_owned()));
    assert!(read.retry_after.is_some());
    // What rests on nothing new is answered: seats as on disk, the socket itself.
    let seats = tokio::task::spawn_blocking(move || plain.get("/api/seats?course=A"));
    assert_eq!(seats.await.unwrap().status, 200);
    student.send(&ClientMessage::Ping { n: 1 }).await;
    student.expect("pong", |m| matches!(m, ServerMessage::Pong { .. }).then_some(())).await;

    drop(stuck);
    assert_eq!(student.outcome("A").await.outcome, "enrolled");
    let _ = stopped.await.unwrap();
    let mut second = gateway.student("s0001").await;
    second.submit("w", &[any("A", false)]).await;
    assert_eq!(second.outcome("A").await.outcome, "refused");
    assert!(inside.metrics().decision_beats() > still, "it moves again");
}
