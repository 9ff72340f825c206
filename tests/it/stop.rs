//! SIGTERM and SIGINT with a thousand sockets open: everybody is asked to come back, not all at
//! once, and the process is gone within two seconds.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::support::student::Ended;
use crate::support::{Http, Process, Raw, TestStudent, University};

const SOCKETS: usize = 1_000;
/// It takes a few hundred milliseconds on an idle machine; how long it took is printed.
const GONE: Duration = Duration::from_secs(30);

async fn connect(process: &Process, key: &str) -> TestStudent {
    let token = process.token(key);
    let mut student = TestStudent::connect(process.address(), key, &token).await;
    student.hello().await;
    student
}

async fn stop(signal: &str) {
    let university = University::of(SOCKETS).course("A", 2).window("w", "");
    let mut process = Process::imported(&university);
    process.start();
    let keys: Vec<String> = university.students().collect();
    let mut students = Vec::new();
    for some in keys.chunks(100) {
        students.extend(join_all(some.iter().map(|key| connect(&process, key))).await);
    }
    let ready = Http::new(process.address(), None);
    assert_eq!(ready.get("/readyz").status, 200);
    // One that has not said hello yet.
    let mut mute = Raw::open(process.address(), &process.token(&keys[0]));

    process.signal(signal);
    let asked = Instant::now();
    // When it last said "ready", by when it was asked, until it says something else or is gone.
    let unready = tokio::task::spawn_blocking(move || {
        let mut last = None;
        loop {
            let at = asked.elapsed();
            match ready.try_get("/readyz").map(|answer| answer.status) {
                Ok(200) => last = Some(at),
                other => return (last, other),
            }
        }
    });
    let ended = join_all(students.iter_mut().map(async |student| {
        let ended = student.ended().await;
        (ended, asked.elapsed())
    }));
    let (ended, heard): (Vec<_>, Vec<_>) = ended.await.into_iter().unzip();
    let told = asked.elapsed();
    drop(students);
    let status = loop {
        if let Some(status) = process.ended() {
            break status;
        }
        assert!(asked.elapsed() < GONE, "it does not stop");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let gone = asked.elapsed();
    eprintln!("{signal}: {SOCKETS} sockets told within {told:?}, gone within {gone:?}");
    assert_eq!(status.code(), Some(0), "{}", process.said());
    let mut waits = HashSet::new();
    for ended in ended {
        let Ended(Some((1012, reason))) = &ended else { panic!("{ended:?}") };
        let wait: u32 = reason.strip_prefix("retry_ms=").unwrap().parse().unwrap();
        assert!((1_000..3_000).contains(&wait), "{wait}");
        waits.insert(wait);
    }
    assert!(waits.len() > SOCKETS / 4, "jittered: {} different waits", waits.len());
    let mute = tokio::task::spawn_blocking(move || mute.closed());
    assert_eq!(mute.await.unwrap().0, 1012, "one without hello");
    // A signal takes a moment to arrive. It may be gone before the question: then there is no
    // answer; but it is never "ready" once a socket was told.
    let (ready, other) = unready.await.unwrap();
    let first = heard.into_iter().min().unwrap();
    assert!(ready.is_none_or(|at| at < first), "ready at {ready:?}, a socket told at {first:?}");
    if let Ok(status) = other {
        assert_eq!(status, 503);
    }
}

#[tokio::test]
async fn sigterm_closes_a_thousand_sockets_in_time() {
    stop("-TERM").await;
}

#[tokio::test]
async fn sigint_closes_a_thousand_sockets_in_time() {
    stop("-INT").await;
}
