//! Under attack the honest are served, memory keeps its bound, and each attack ends as documented.
//! `SLUIS_ABUSE=10 cargo test --release --workspace --test it -- abuse::under_every --nocapture`
//! takes ten times as many attackers and two minutes; asked so, it fails where the honest wait more
//! than twice as long as before, and more than 20 ms.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sluis::limits;
use sluis::protocol::client::ClientMessage;
use uuid::Uuid;

use crate::support::attack::{self, End};
use crate::support::student::any;
use crate::support::{Metrics, Process, Raw, TestGateway, TestStudent, University, until};

/// Students who mean well, and those who do not, at size 1.
const HONEST: usize = 30;
const ATTACKERS: usize = 120;
/// Memory that the attackers may cost, for each, and besides: what an allocator keeps of a peak.
const BYTES_EACH: u64 = 64 * 1024;
const BYTES_BESIDES: u64 = 48 * 1024 * 1024;
/// The attackers begin before the honest are there, and go on for this much longer.
const BESIDES: Duration = Duration::from_secs(2);
/// Under a debug build on a shared machine; what is measured is printed.
const OUTCOME_MAX: Duration = Duration::from_secs(15);
/// In a soak, of what is optimised and on a machine of its own: no more than twice as long as
/// before, or as this.
const UNFELT: Duration = Duration::from_millis(10);

fn size() -> usize {
    let asked = std::env::var("SLUIS_ABUSE").ok().map(|n| n.parse().expect("a number"));
    asked.unwrap_or(1)
}

/// Whether the attacks are asked for as a soak.
fn is_soak() -> bool {
    std::env::var_os("SLUIS_ABUSE").is_some()
}

fn university(size: usize) -> University {
    let students = HONEST + ATTACKERS * size;
    University::of(students).course("A", 60_000).wide("B", 250, 1).window("w", "")
}

/// As shipped; one address may do so many times more as there are that many more attackers on it.
fn started(size: usize) -> Process {
    let mut process = Process::imported(&university(size));
    for (key, value) in [
        ("STUDENT_MESSAGES_PER_SECOND", "20"),
        ("STUDENT_MESSAGES_BURST", "40"),
        ("STUDENT_READS_PER_SECOND", "20"),
        ("STUDENT_READS_BURST", "60"),
    ] {
        process.set(&format!("LIMITS__{key}"), value);
    }
    process.set("LIMITS__ADDRESS_CONNECTS_PER_SECOND", &(200 * size).to_string());
    process.set("LIMITS__ADDRESS_CONNECTS_BURST", &(2_000 * size).to_string());
    process.set("LOG__LEVEL", "warn");
    process.start();
    process.registrar().post("/api/admin/windows/w/open", "").ok();
    process
}

/// One honest student takes a seat and gives it back, again and again: how long each took.
async fn honest(mut tab: TestStudent, until: Instant) -> Vec<Duration> {
    let mut took = Vec::new();
    loop {
        let since = Instant::now();
        tab.submit("w", &[any("A", false)]).await;
        assert_eq!(tab.outcome("A").await.outcome, "enrolled", "{}", tab.key);
        took.push(since.elapsed());
        tab.drop_course("A").await;
        assert_eq!(tab.outcome("A").await.outcome, "dropped", "{}", tab.key);
        if Instant::now() >= until {
            return took;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// How long the honest wait, in the middle and at the 99th of 100.
async fn measured(process: &Process, what: &str, time: Duration) -> [Duration; 2] {
    let mut tabs = Vec::new();
    for n in 0..HONEST {
        tabs.push(process.student(&format!("s{n:04}")).await);
    }
    let until = Instant::now() + time;
    let tasks: Vec<_> = tabs.into_iter().map(|tab| tokio::spawn(honest(tab, until))).collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.unwrap());
    }
    all.sort_unstable();
    assert!(all.len() >= HONEST, "each has her outcome");
    let at = |part: usize| all[(all.len() * part / 100).min(all.len() - 1)];
    let found = [at(50), at(99)];
    eprintln!(
        "{what}: {} outcomes, half in {:?}, 99 of 100 in {:?}",
        all.len(),
        found[0],
        found[1]
    );
    found
}

/// In a soak, how long the honest wait meanwhile is held against how long they did before: each is
/// the half and the 99th of 100.
fn hardly_felt(soak: bool, before: [Duration; 2], during: [Duration; 2]) {
    let most = 2 * before[1].max(UNFELT);
    assert!(!soak || during[1] <= most, "99 of 100 in {:?}; at most {most:?}", during[1]);
}

/// What the attackers got through.
#[derive(Default)]
struct Carried {
    /// Attacks that came to their end.
    attacks: AtomicUsize,
    /// Connections of the storms that were let in, and that were told to wait.
    taken: AtomicUsize,
    told: AtomicUsize,
}

/// This thread, and those that it begins, run when no others want to.
fn yield_to_others() {
    let thread = std::fs::read_link("/proc/thread-self").unwrap();
    let thread = thread.file_name().unwrap();
    let mut chrt = std::process::Command::new("chrt");
    let told = chrt.args(["--idle", "--pid", "0"]).arg(thread).output().unwrap();
    assert!(told.status.success(), "{told:?}");
}

/// Every attack at once, and how each must end.
fn attack(
    process: &Process,
    size: usize,
    time: Duration,
    carried: &Arc<Carried>,
) -> Vec<std::thread::JoinHandle<()>> {
    let gateway = process.address();
    let tokens: Vec<String> =
        (HONEST..HONEST + ATTACKERS * size).map(|n| process.token(&format!("s{n:04}"))).collect();
    let mut tokens = tokens.chunks(size);
    let mut next = || tokens.next().expect("enough attackers").to_vec();
    let mut threads = Vec::new();
    let mut begin = |what: &'static str, run: Box<dyn Fn() + Send>| {
        let thread = std::thread::Builder::new().name(what.to_owned());
        threads.push(thread.spawn(run).unwrap());
    };
    let again = |run: Box<dyn Fn() + Send>| {
        let (since, carried) = (Instant::now(), Arc::clone(carried));
        move || {
            loop {
                run();
                carried.attacks.fetch_add(1, Ordering::Relaxed);
                if since.elapsed() >= time {
                    return;
                }
            }
        }
    };
    for _ in 0..4 * size {
        begin(
            "a head without end",
            Box::new(again(Box::new(move || {
                let end = attack::huge_head(gateway);
                assert!(matches!(end, End::Answered(400..500) | End::Cut), "{end:?}");
                std::thread::sleep(Duration::from_millis(200));
            }))),
        );
        begin(
            "half open",
            Box::new(again(Box::new(move || {
                // Told that it is late, or let go: the library's choice.
                let end = attack::half_open(gateway);
                assert!(matches!(end, End::Answered(408) | End::Cut), "{end:?}");
            }))),
        );
        begin(
            "a slow head",
            Box::new(again(Box::new(move || {
                let end = attack::slow_head(gateway);
                assert!(matches!(end, End::Answered(408) | End::Cut), "{end:?}");
            }))),
        );
        begin(
            "a slow body",
            Box::new(again(Box::new(move || {
                assert_eq!(attack::slow_body(gateway, false), End::Answered(400));
            }))),
        );
        begin(
            "a slow body in chunks",
            Box::new(again(Box::new(move || {
                assert_eq!(attack::slow_body(gateway, true), End::Answered(401));
            }))),
        );
    }
    for (what, code, bytes) in attack::bad_frames() {
        for token in next() {
            let bytes = bytes.clone();
            begin(
                what,
                Box::new(again(Box::new(move || {
                    let end = attack::sends(gateway, &token, &bytes);
                    // What was still on its way may cut the last word off.
                    assert!([End::Closed(code), End::Cut].contains(&end), "{what}: {end:?}");
                    std::thread::sleep(Duration::from_millis(500));
                }))),
            );
        }
    }
    for token in next() {
        begin(
            "a slow frame",
            Box::new(again(Box::new(move || {
                assert_eq!(attack::slow_frame(gateway, &token), End::Closed(4002));
            }))),
        );
    }
    for token in next() {
        begin(
            "slow fragments",
            Box::new(again(Box::new(move || {
                assert_eq!(attack::slow_fragments(gateway, &token), End::Closed(4002));
            }))),
        );
    }
    let sections: Vec<String> = (0..250).map(|n| format!("B/L{n}")).collect();
    for token in [next(), next()].concat() {
        let sections = sections.clone();
        begin(
            "a reader that does not read",
            Box::new(again(Box::new(move || {
                assert_eq!(attack::never_reads(gateway, &token, &sections), End::Cut);
            }))),
        );
    }
    let mut idle = Vec::new();
    for _ in 0..80 {
        idle.extend(next());
    }
    begin(
        "silent sockets",
        Box::new(again(Box::new(move || {
            let ends = attack::silent(gateway, &idle);
            assert!(ends.iter().all(|end| *end == End::Closed(4002)), "{ends:?}");
        }))),
    );
    let stormers = [next(), next(), next(), next()];
    for n in 0..size {
        let source = Ipv4Addr::new(127, 0, 1, 1 + n as u8);
        let tokens = stormers.clone().map(|some| some[n].clone());
        let carried = Arc::clone(carried);
        begin(
            "a storm of connections",
            Box::new(move || {
                let (taken, told) = attack::storm(gateway, source, &tokens, time);
                assert!(taken > 0, "it was never let in");
                carried.taken.fetch_add(taken as usize, Ordering::Relaxed);
                carried.told.fetch_add(told as usize, Ordering::Relaxed);
            }),
        );
    }
    threads
}

#[tokio::test]
async fn under_every_attack_at_once_the_honest_are_served_and_memory_keeps_its_bound() {
    let size = size();
    let time = Duration::from_secs(10 * size.min(6) as u64);
    let process = started(size);
    let before = measured(&process, "before", time / 2).await;
    let quiet = process.memory();
    let carried = Arc::new(Carried::default());
    let threads = std::thread::scope(|scope| {
        let begin = || {
            // Theirs would be other machines: what they cost themselves is not what they cost the
            // gateway. A shared machine might leave them nothing.
            if is_soak() {
                yield_to_others();
            }
            attack(&process, size, time + BESIDES, &carried)
        };
        scope.spawn(begin).join().unwrap()
    });
    let mut peak = quiet;
    let during = {
        let watch = measured(&process, "during", time);
        tokio::pin!(watch);
        loop {
            tokio::select! {
                found = &mut watch => break found,
                () = tokio::time::sleep(Duration::from_millis(200)) => {
                    peak = peak.max(process.memory());
                }
            }
        }
    };
    // Who gives way to others may get nothing: then nothing was measured.
    let carried_out = carried.attacks.load(Ordering::Relaxed);
    let frames = attack::bad_frames().len() * size;
    assert!(!is_soak() || carried_out >= frames, "{carried_out} attacks meanwhile, of {frames}");
    for thread in threads {
        let what = thread.thread().name().unwrap_or_default().to_owned();
        let ended = tokio::task::spawn_blocking(move || thread.join()).await.unwrap();
        peak = peak.max(process.memory());
        assert!(ended.is_ok(), "{what} did not end as documented");
    }
    let after = measured(&process, "after", time / 2).await;
    let count = |of: &AtomicUsize| of.load(Ordering::Relaxed);
    eprintln!(
        "{} attacks to their end; storms: {} connections let in, {} told to wait",
        count(&carried.attacks),
        count(&carried.taken),
        count(&carried.told),
    );
    let ratio = |now: Duration, then: Duration| now.as_secs_f64() / then.as_secs_f64();
    eprintln!(
        "size {size}: p99 {:.1} times during, {:.1} times after; memory {} MB before, {} MB at most",
        ratio(during[1], before[1]),
        ratio(after[1], before[1]),
        quiet >> 20,
        peak >> 20,
    );
    let attackers = (ATTACKERS * size + 16 * size) as u64;
    let most = BYTES_BESIDES + BYTES_EACH * attackers;
    assert!(peak - quiet < most, "{} bytes more at the peak; at most {most}", peak - quiet);
    assert!(before[1].max(during[1]).max(after[1]) < OUTCOME_MAX);
    hardly_felt(is_soak(), before, during);
    // Nothing stays behind: the sessions are gone, and a newcomer is let in at once.
    let operators = process.operators();
    until("every session is counted out", || {
        let metrics = Metrics::parse(&operators.get("/metrics").ok());
        metrics.get("sluis_sessions") == 0.0
    });
    let mut late = process.student("s0000").await;
    late.send(&ClientMessage::Submit {
        id: Uuid::now_v7(),
        window: "w".to_owned(),
        courses: Some(vec![any("A", false)]),
    })
    .await;
    late.outcome("A").await;
}

/// As many sockets as one gateway takes, with `SLUIS_IDLE=18900` and `ulimit -n 20000`.
#[tokio::test]
async fn idle_sockets_from_few_addresses_cost_their_memory_and_nobody_elses_time() {
    let asked = std::env::var("SLUIS_IDLE").ok().map(|n| n.parse().expect("a number"));
    let count: usize = asked.unwrap_or(400);
    let students = count.div_ceil(limits::SESSIONS_PER_STUDENT_MAX);
    let process = started(students.div_ceil(ATTACKERS));
    let time = Duration::from_secs(if asked.is_some() { 20 } else { 2 });
    let before = measured(&process, "before", time).await;
    let quiet = process.memory();
    let tokens: Vec<String> = (0..count)
        .map(|n| process.token(&format!("s{:04}", HONEST + n / limits::SESSIONS_PER_STUDENT_MAX)))
        .collect();
    let shared = Arc::new((AtomicUsize::new(0), AtomicBool::new(false)));
    let threads = tokens.chunks(count.div_ceil(4)).zip(1..).map(|(tokens, n)| {
        let (gateway, tokens, shared) = (process.address(), tokens.to_vec(), Arc::clone(&shared));
        std::thread::spawn(move || {
            if asked.is_some() {
                yield_to_others();
            }
            let source = Ipv4Addr::new(127, 0, 2, n);
            attack::idle(gateway, source, &tokens, (&shared.0, &shared.1));
        })
    });
    let threads: Vec<_> = threads.collect();
    let all_in = || shared.0.load(Ordering::Relaxed) == count;
    let since = Instant::now();
    while !all_in() && threads.iter().all(|thread| !thread.is_finished()) {
        assert!(since.elapsed() < Duration::from_secs(120), "they are not let in");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let during = measured(&process, "during", time).await;
    let peak = process.memory();
    let metrics = Metrics::parse(&process.operators().get("/metrics").ok());
    assert!(metrics.get("sluis_sessions") >= count as f64, "they stay");
    shared.1.store(true, Ordering::Relaxed);
    for thread in threads {
        tokio::task::spawn_blocking(move || thread.join()).await.unwrap().unwrap();
    }
    let after = measured(&process, "after", time).await;
    let each = peak.saturating_sub(quiet) / count as u64;
    eprintln!(
        "{count} idle sockets: {each} bytes each; p99 {:?} before, {:?} during, {:?} after",
        before[1], during[1], after[1]
    );
    assert!(peak.saturating_sub(quiet) < BYTES_BESIDES + BYTES_EACH * count as u64);
    assert!(during[1] < OUTCOME_MAX);
    hardly_felt(asked.is_some(), before, during);
}

#[tokio::test]
async fn a_storm_from_one_address_waits_and_another_address_does_not() {
    let mut process = Process::imported(&university(1));
    process.set("LIMITS__ADDRESS_CONNECTS_PER_SECOND", "5");
    process.set("LIMITS__ADDRESS_CONNECTS_BURST", "20");
    process.set("LIMITS__ADDRESS_REQUESTS_PER_SECOND", "5");
    process.set("LIMITS__ADDRESS_REQUESTS_BURST", "20");
    process.start();
    let gateway = process.address();
    let tokens: Vec<_> = (50..90).map(|n| process.token(&format!("s{n:04}"))).collect();
    let second = Duration::from_secs(1);
    let since = Instant::now();
    let storm = std::thread::spawn(move || {
        attack::storm(gateway, Ipv4Addr::new(127, 0, 1, 1), &tokens, 3 * second)
    });
    // From this address there is room all the while.
    for n in 0..10 {
        process.student(&format!("s{n:04}")).await;
    }
    let (taken, told) = storm.join().unwrap();
    // The burst, five a second while it lasted, and what is counted meanwhile.
    let most = |since: Instant| 20 + 5 * (since.elapsed().as_secs() as u32 + 1) + 5;
    let all = most(since);
    assert!((20..=all).contains(&taken) && told > 0, "{taken} of {all} let in, {told} not");
    let since = Instant::now();
    let requests = std::thread::spawn(move || attack::requests(gateway, 3 * second));
    let (taken, told) = requests.join().unwrap();
    let all = most(since);
    assert!((5..=all).contains(&taken) && told > 0, "{taken} of {all} answered, {told} not");
}

#[test]
fn a_student_has_no_more_sockets_that_say_nothing_than_sessions() {
    let gateway = TestGateway::start(&University::of(2).course("A", 2).window("w", ""));
    let bearer = |student: &str| format!("Bearer {}", gateway.token(student));
    let open =
        |student: &str| Raw::upgrade(gateway.address(), &[("Authorization", &bearer(student))]);
    let mut silent: Vec<Raw> =
        (0..limits::SESSIONS_PER_STUDENT_MAX).map(|_| open("s0000")).collect();
    assert!(silent.iter().all(|raw| raw.status == 101));
    let refused = open("s0000");
    let head = refused.head.to_ascii_lowercase();
    assert!(refused.status == 429 && head.contains("retry-after: 1\r\n"), "{head}");
    assert_eq!(open("s0001").status, 101, "another student is not concerned");
    // One that says hello is a session, and one that goes is gone: room for another each.
    silent[0].text(r#"{"type":"hello","protocol":1}"#);
    silent[0].expect_text("welcome");
    let another = open("s0000");
    assert_eq!((another.status, open("s0000").status), (101, 429));
    drop((another, silent));
    until("there is room again", || open("s0000").status == 101);
}
