//! What somebody may try, to get more than her share: tabs and devices, repeats, another's request,
//! a doctored token, another clock, coming and going. Against the real program: it gains nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use sluis::clock::wall;
use sluis::http::auth::Tokens;
use sluis::protocol::client::{ChoiceDto, ClientMessage, CourseRequestDto};
use sluis::protocol::server::{OutcomeView, ServerMessage};
use uuid::Uuid;

use crate::support::student::any;
use crate::support::{Http, Process, TestStudent, University, student_token, until};

const HER: &str = "s0000";
const DEVICES: usize = 13;

fn started(university: &University) -> Process {
    let mut process = Process::imported(university);
    process.set("LIMITS__STUDENT_SESSIONS_MAX", &DEVICES.to_string());
    process.set("LIMITS__STUDENT_CHANGES_PER_SECOND", "10000");
    process.set("LIMITS__STUDENT_CHANGES_BURST", "10000");
    process.start();
    process
}

fn open(process: &Process, window: &str) {
    process.registrar().post(&format!("/api/admin/windows/{window}/open"), "").ok();
}

/// Ten tabs and three more devices: all of them hers, all connected.
async fn everywhere(process: &Process) -> Vec<TestStudent> {
    join_all((0..DEVICES).map(|_| process.student(HER))).await
}

fn submit(id: Uuid, courses: &[CourseRequestDto]) -> ClientMessage {
    ClientMessage::Submit { id, window: "w".to_owned(), courses: Some(courses.to_vec()) }
}

/// Every outcome of this request that the tab was told, after it was listened to for a while.
async fn told(tab: &mut TestStudent, id: Uuid) -> Vec<OutcomeView> {
    tab.quiet(Duration::from_millis(300)).await;
    let outcomes = tab.log.iter().filter_map(|message| match message {
        ServerMessage::Outcomes { outcomes, .. } => Some(outcomes),
        _ => None,
    });
    outcomes.flatten().filter(|outcome| outcome.id == id).cloned().collect()
}

fn left(process: &Process, course: &str) -> Value {
    let answer = Http::new(process.address(), None).get(&format!("/api/seats?course={course}"));
    answer.json()["sections"][0]["left"].clone()
}

fn enrolled(process: &Process, student: &str) -> usize {
    let answer = process.http(student).get("/api/enrolments").json();
    answer["enrolments"].as_array().unwrap().len()
}

async fn refused(tab: &mut TestStudent, message: &ClientMessage) -> String {
    tab.send(message).await;
    tab.error().await.0
}

#[tokio::test]
async fn ten_tabs_and_three_devices_at_once_get_one_seat_and_one_place() {
    let university = University::of(3).course("A", 5).course("B", 5).course("C", 5);
    let university = university.window("w", "scope = [\"A\", \"B\"]");
    let process = started(&university.window("later", "scope = [\"C\"]"));
    open(&process, "w");
    let mut tabs = everywhere(&process).await;

    // Each with a request of its own.
    let ids: Vec<Uuid> = tabs.iter().map(|_| Uuid::now_v7()).collect();
    let sent = tabs.iter_mut().zip(&ids).map(|(tab, id)| {
        let message = submit(*id, &[any("A", true)]);
        async move { tab.send(&message).await }
    });
    join_all(sent).await;
    let mut granted = 0;
    for (tab, id) in tabs.iter_mut().zip(&ids) {
        let outcomes = told(tab, *id).await;
        let [outcome] = &outcomes[..] else { panic!("{id}: {outcomes:?}") };
        match outcome.outcome.as_str() {
            "enrolled" => granted += 1,
            _ => assert_eq!(outcome.reason.as_deref(), Some("already_enrolled"), "{outcome:?}"),
        }
    }
    assert_eq!((granted, left(&process, "A")), (1, json!(4)));

    // All with the same request.
    let id = Uuid::now_v7();
    let same = submit(id, &[any("B", false)]);
    join_all(tabs.iter_mut().map(|tab| tab.send(&same))).await;
    let mut receipts = BTreeSet::new();
    for tab in &mut tabs {
        let outcomes = told(tab, id).await;
        assert!(outcomes.iter().all(|outcome| outcome.outcome == "enrolled"), "{outcomes:?}");
        receipts.extend(outcomes.iter().map(|outcome| outcome.journal));
    }
    assert_eq!((receipts.len(), left(&process, "B")), (1, json!(4)));
    assert_eq!(enrolled(&process, HER), 2);

    // A place in a line: each arms, with a request of its own.
    tabs[0].set_plan(&[any("C", false)]).await;
    let armed = join_all(tabs.iter_mut().map(|tab| tab.arm("later"))).await;
    assert_eq!(armed.iter().collect::<BTreeSet<_>>().len(), 1, "one ticket: {armed:?}");
    // The number that all are shown is a moment old.
    let waiting = || process.http(HER).get("/api/windows").json()["windows"][1]["waiting"].clone();
    until("one place for all of them", || waiting() == 1);
}

#[tokio::test]
async fn a_repeat_gets_the_same_and_an_edited_one_is_refused() {
    let university = University::of(3).course("A", 1).course("B", 5).window("w", "");
    let mut process = started(&university);
    open(&process, "w");
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    let mut tab = process.student(HER).await;
    tab.send(&submit(first, &[any("A", false)])).await;
    let receipt = tab.outcome("A").await;
    let drop = ClientMessage::Drop { id: second, course: "A".to_owned() };
    tab.send(&drop).await;
    assert_eq!(tab.outcome("A").await.outcome, "dropped");
    // The seat is another's; a replay of what once got it does not get it again.
    let mut other = process.student("s0001").await;
    other.submit("w", &[any("A", false)]).await;
    assert_eq!(other.outcome("A").await.outcome, "enrolled");
    for _ in 0..100 {
        tab.send(&submit(first, &[any("A", false)])).await;
        assert_eq!(tab.outcome("A").await, receipt);
    }
    assert_eq!((enrolled(&process, HER), enrolled(&process, "s0001")), (0, 1));

    // The same id for something else, in every way that it can be something else.
    let edited = [
        submit(first, &[any("A", true)]),
        submit(first, &[any("B", false)]),
        submit(first, &[any("A", false), any("B", false)]),
        ClientMessage::Submit { id: first, window: "w".to_owned(), courses: None },
        ClientMessage::Drop { id: first, course: "A".to_owned() },
        ClientMessage::Arm { id: first, window: "w".to_owned() },
        ClientMessage::LeaveWaitlist { id: first, course: "A".to_owned() },
        ClientMessage::Swap { id: first, from: "A".to_owned(), to: any("B", false) },
        ClientMessage::Drop { id: second, course: "B".to_owned() },
    ];
    for message in &edited {
        assert_eq!(refused(&mut tab, message).await, "request_conflict", "{message:?}");
    }
    // Over another connection, and after a crash.
    process.kill();
    process.start();
    let mut again = process.student(HER).await;
    again.send(&submit(first, &[any("A", false)])).await;
    assert_eq!(again.outcome("A").await, receipt);
    assert_eq!(refused(&mut again, &edited[1]).await, "request_conflict");
    assert_eq!((enrolled(&process, HER), left(&process, "B")), (0, json!(5)));
}

#[tokio::test]
async fn anothers_request_id_is_an_id_like_any_other() {
    let process = started(&University::of(3).course("A", 1).course("B", 5).window("w", ""));
    open(&process, "w");
    let id = Uuid::now_v7();
    let mut victim = process.student("s0001").await;
    victim.send(&submit(id, &[any("A", false)])).await;
    let hers = victim.outcome("A").await;
    let mut thief = process.student(HER).await;
    let from = thief.log.len();
    // The same id and body: her own request, her own outcome.
    thief.send(&submit(id, &[any("A", false)])).await;
    let outcome = thief.outcome("A").await;
    assert_eq!((outcome.reason.as_deref(), outcome.outcome.as_str()), (Some("full"), "refused"));
    // To give up what the other has, with her very id, finds nothing of hers.
    let drop = ClientMessage::Drop { id: Uuid::now_v7(), course: "A".to_owned() };
    thief.send(&drop).await;
    assert_eq!(thief.outcome("A").await.reason.as_deref(), Some("not_enrolled"));
    let leave = ClientMessage::LeaveWaitlist { id, course: "A".to_owned() };
    assert_eq!(refused(&mut thief, &leave).await, "request_conflict", "her own first use of it");
    let heard = serde_json::to_string(&thief.log[from..]).unwrap();
    for leak in [format!("\"journal\":{},", hers.journal), "s0001".to_owned()] {
        assert!(!heard.contains(&leak), "{leak} in {heard}");
    }
    // The victim is told nothing, and has what she had.
    assert_eq!(victim.quiet(Duration::from_millis(200)).await, []);
    victim.send(&submit(id, &[any("A", false)])).await;
    assert_eq!(victim.outcome("A").await, hers);
    assert_eq!((enrolled(&process, "s0001"), enrolled(&process, HER)), (1, 0));
}

#[tokio::test]
async fn a_token_that_was_touched_or_is_anothers_opens_nothing() {
    let process = started(&University::of(3).course("A", 1).window("w", ""));
    let good = process.token(HER);
    let tried = |token: &str| {
        let http = Http::new(process.address(), Some(token));
        http.get("/api/me").status
    };
    assert_eq!(tried(&good), 200);
    // Another role, another student, another hour: the parts stand there to be read.
    let hex = |text: &str| text.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    let mut forged: Vec<String> = [
        (".student.", ".registrar."),
        (".student.", ".operator."),
        (hex(HER).as_str(), hex("s0001").as_str()),
        (hex(HER).as_str(), ""),
        ("sluis-signin-2", "sluis-signin-1"),
    ]
    .iter()
    .map(|(from, to)| {
        assert!(good.contains(from), "{from} is not in the token");
        good.replacen(from, to, 1)
    })
    .collect();
    // Each character another, and each left out.
    for at in 0..good.len() {
        let other = if &good[at..=at] == "1" { "2" } else { "1" };
        forged.push(format!("{}{other}{}", &good[..at], &good[at + 1..]));
        forged.push(format!("{}{}", &good[..at], &good[at + 1..]));
    }
    forged.extend([format!("{good}0"), format!("{good}.00"), good.repeat(2)]);
    let elsewhere = tempfile::tempdir().unwrap();
    let others = Tokens::load_or_create(elsewhere.path()).unwrap();
    forged.push(student_token(&others, HER, wall()));
    // Not a character that base64 reads as the same: its padding bits are looked at too.
    let passed: Vec<_> = forged.iter().filter(|token| tried(token) != 401).collect();
    assert!(passed.is_empty(), "{passed:?}");
    // A role is for its own routes alone.
    let student = process.http(HER);
    let registrar = process.registrar();
    for (http, path) in [
        (&student, "/api/admin/status"),
        (&student, "/api/operator/journal"),
        (&registrar, "/api/plan"),
        (&registrar, "/api/operator/journal"),
    ] {
        assert_eq!(http.get(path).problem(), (403, "forbidden".to_owned()), "{path}");
    }
    let act = json!({"section": "A/L", "capacity": 99}).to_string();
    assert_eq!(student.post("/api/admin/sections/capacity", &act).problem().0, 403);
    assert_eq!(left(&process, "A"), json!(1));
}

/// A line of six that moves once a second, in this order.
fn line(order: &str) -> Process {
    let window = format!("order = \"{order}\"\npace = 1");
    started(&University::of(7).course("A", 9).window("w", &window))
}

async fn armed(process: &Process, who: std::ops::Range<usize>) -> Vec<(TestStudent, u32)> {
    let mut all = Vec::new();
    for n in who {
        let mut student = process.student(&format!("s{n:04}")).await;
        student.set_plan(&[any("A", false)]).await;
        let ticket = student.arm("w").await;
        all.push((student, ticket));
    }
    all
}

async fn come_and_go(tab: &mut TestStudent) -> u32 {
    tab.send(&ClientMessage::Disarm { window: "w".to_owned() }).await;
    tab.expect("disarmed", |m| matches!(m, ServerMessage::Disarmed { .. }).then_some(())).await;
    tab.arm("w").await
}

/// Her place, counted from the opening.
fn position(message: &ServerMessage) -> Option<u32> {
    match message {
        ServerMessage::Position { position, serving, .. } => Some(position + serving),
        _ => None,
    }
}

#[tokio::test]
async fn coming_and_going_in_a_lottery_shows_nothing_and_moves_nobody() {
    let process = line("lottery");
    let mut people = armed(&process, 0..6).await;
    let nobody = Http::new(process.address(), None);
    let transcript = || nobody.get("/api/windows/w/lottery").json();
    let mut before = String::new();
    for _ in 0..20 {
        let (tab, ticket) = &mut people[0];
        *ticket = come_and_go(tab).await;
        before += &transcript().to_string();
    }
    assert_eq!(transcript()["order"], json!([]), "there is no order before the opening");
    let http = process.http(HER);
    for path in ["/api/windows", "/api/plan", "/api/messages", "/plain", "/api/me/export"] {
        before += &http.get(path).body;
    }
    let heard = serde_json::to_string(&people[0].0.log).unwrap();
    assert!(!heard.contains("\"position\""), "a place was told before there was one: {heard}");
    before += &heard;

    open(&process, "w");
    let drawn = transcript();
    let seed = drawn["seed"].as_str().unwrap();
    assert!(seed.len() == 64 && !before.contains(seed), "the seed was told too early");
    // Her place is that of her last ticket, as the published order has it: the twenty that she
    // gave back are passed over.
    let tickets: Vec<u32> = people.iter().map(|(_, ticket)| *ticket).collect();
    let order = drawn["order"].as_array().unwrap().iter();
    let order: Vec<u32> = order.map(|t| t.as_u64().unwrap() as u32).collect();
    let waiting: Vec<u32> = order.into_iter().filter(|ticket| tickets.contains(ticket)).collect();
    let mut told = 0;
    for (tab, ticket) in &mut people {
        let expected = 1 + waiting.iter().position(|t| t == ticket).unwrap() as u32;
        tab.quiet(Duration::from_millis(100)).await;
        let first = tab.log.iter().find_map(position);
        // Who is let in at the very opening has an outcome and never stood in line.
        let at_once = tab.log.iter().any(|m| matches!(m, ServerMessage::Outcomes { .. }));
        assert!(first == Some(expected) || first.is_none() && at_once, "{}: {first:?}", tab.key);
        told += u32::from(first.is_some());
    }
    assert!(told >= 4, "{told}");
}

#[tokio::test]
async fn coming_and_going_by_order_of_arrival_costs_the_place() {
    let process = line("arrival");
    let mut people = armed(&process, 0..6).await;
    people[0].1 = come_and_go(&mut people[0].0).await;
    open(&process, "w");
    let back = &mut people[0].0;
    assert_eq!(back.expect("a place", position).await, 6, "who came back is the last");
    // In an open line, whose order anybody may know by now: the end of it, not a better lot.
    back.send(&ClientMessage::Disarm { window: "w".to_owned() }).await;
    back.expect("disarmed", |m| matches!(m, ServerMessage::Disarmed { .. }).then_some(())).await;
    let mut late = process.student("s0006").await;
    late.submit("w", &[any("A", false)]).await;
    let before = late.expect("a place", position).await;
    back.submit("w", &[any("A", false)]).await;
    assert_eq!(back.expect("a place", position).await, before + 1);
}

#[tokio::test]
async fn no_time_but_the_gateways_own_counts() {
    let process = started(&University::of(4).course("A", 1).course("B", 5).window("w", ""));
    open(&process, "w");
    // Ids that say 1970 and the year 10889, and one that was made before the other's.
    let early = Uuid::from_u128(0x0000_0000_0001_7000_8000_0000_0000_0001);
    let future = Uuid::from_u128(0xffff_ffff_ffff_7fff_bfff_ffff_ffff_ffff);
    let mut first = process.student("s0001").await;
    first.send(&submit(future, &[any("A", true)])).await;
    assert_eq!(first.outcome("A").await.outcome, "enrolled");
    let mut cheat = process.student(HER).await;
    let before = wall();
    cheat.send(&submit(early, &[any("A", true)])).await;
    let outcome = cheat.outcome("A").await;
    assert_eq!((outcome.outcome.as_str(), outcome.rank), ("waitlisted", Some(1)));
    assert!(outcome.at >= before.0 && outcome.at <= wall().0, "{outcome:?}");
    // A message has no time of its own.
    for more in ["at", "time", "sent_at", "server_time", "journal", "sequence", "student"] {
        let text = json!({"type": "arm", "id": Uuid::now_v7(), "window": "w", more: 1});
        let mut raw = crate::support::Raw::hello(process.address(), &process.token(HER));
        raw.text(&text.to_string());
        raw.expect_text(&format!("unknown field `{more}`"));
    }
    // What has not been told yet cannot be marked as read.
    let http = process.http(HER);
    for future in [u64::MAX, u64::from(u32::MAX)] {
        http.post("/api/messages/read", &json!({"up_to": future}).to_string()).ok();
    }
    cheat.submit("w", &[any("B", false)]).await;
    cheat.outcome("B").await;
    assert_eq!(http.get("/api/messages").json()["unread"], 1);
    // To have seen what has not been yet hides nothing either.
    let token = process.token(HER);
    let mut back = TestStudent::connect(process.address(), HER, &token).await;
    let view = back.resume(u32::MAX).await;
    assert_eq!((view.enrolments.len(), view.waitlist.len(), view.unread), (1, 1, 1));
    // An old token stays old, whatever the request says of the time.
    let old = sluis::domain::ids::Timestamp(wall().0 - 7_200_000);
    let old = student_token(&Tokens::load_or_create(&process.data()).unwrap(), HER, old);
    let dated = [("Date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("X-Request-Start", "0")];
    let answer = Http::new(process.address(), Some(&old)).ask("GET", "/api/me", "", &dated);
    assert_eq!(answer.problem(), (401, "token_expired".to_owned()));
}

#[tokio::test]
async fn one_student_gets_one_place_in_a_course_whatever_she_asks_for() {
    let university = University::of(3).wide("A", 3, 5).wide("B", 2, 5).course("C", 5);
    let process = started(&university.window("w", "credit_limit = 10"));
    open(&process, "w");
    let mut tab = process.student(HER).await;
    let ranked = |course: &str, sections: &[&str]| CourseRequestDto {
        course: course.to_owned(),
        choices: vec![ChoiceDto::Ranked(sections.iter().map(|s| (*s).to_owned()).collect())],
        waitlist: false,
    };
    let request = |courses: &[CourseRequestDto]| submit(Uuid::now_v7(), courses);
    // Malformed wishes are refused whole.
    let two = CourseRequestDto { choices: vec![], ..any("A", false) };
    for (courses, code) in [
        (vec![any("A", false), any("A", false)], "plan_invalid"),
        (vec![ranked("A", &["A/L0"]), ranked("A", &["A/L1"])], "plan_invalid"),
        (vec![ranked("A", &["A/L0", "A/L0"])], "plan_invalid"),
        (vec![ranked("A", &["B/L0"])], "plan_invalid"),
        (vec![ranked("A", &["A/L9"])], "unknown_section"),
        (
            vec![CourseRequestDto {
                choices: [ranked("A", &["A/L0"]).choices, ranked("A", &["A/L1"]).choices].concat(),
                ..two
            }],
            "plan_invalid",
        ),
    ] {
        assert_eq!(refused(&mut tab, &request(&courses)).await, code, "{courses:?}");
    }
    // Three sections ranked are one seat; another section of the course is not given besides.
    tab.send(&request(&[ranked("A", &["A/L2", "A/L1", "A/L0"])])).await;
    assert_eq!(tab.outcome("A").await.sections, ["A/L2"]);
    for section in ["A/L0", "A/L1", "A/L2"] {
        tab.send(&request(&[ranked("A", &[section])])).await;
        assert_eq!(tab.outcome("A").await.reason.as_deref(), Some("already_enrolled"));
    }
    // A swap within the course gives one back for the one it takes.
    tab.swap("A", ranked("A", &["A/L0"])).await;
    assert_eq!(tab.outcome("A").await.sections, ["A/L0"]);
    // The limit of credits holds over one request and over several.
    tab.send(&request(&[any("B", false), any("C", false)])).await;
    assert_eq!(tab.outcome("B").await.outcome, "enrolled");
    assert_eq!(tab.outcome("C").await.reason.as_deref(), Some("credit_limit"));
    tab.send(&request(&[any("C", false)])).await;
    assert_eq!(tab.outcome("C").await.reason.as_deref(), Some("credit_limit"));
    // At the same time on all sides: still two places, and every seat is accounted for.
    let mut tabs = everywhere(&process).await;
    let wishes = ["A", "B", "C"].map(|course| any(course, true));
    let sent = tabs.iter_mut().enumerate().map(|(n, tab)| {
        let message = request(std::slice::from_ref(&wishes[n % 3]));
        async move { tab.send(&message).await }
    });
    join_all(sent).await;
    for tab in &mut tabs {
        tab.quiet(Duration::from_millis(200)).await;
    }
    assert_eq!(enrolled(&process, HER), 2);
    let seats = Http::new(process.address(), None).get("/api/seats?course=A,B,C").json();
    let free = seats["sections"].as_array().unwrap().iter();
    let free: u64 = free.map(|section| section["left"].as_u64().unwrap()).sum();
    assert_eq!(free, 3 * 5 + 2 * 5 + 5 - 2);
    let waitlists = process.registrar().get("/api/admin/waitlists.csv").ok();
    assert!(waitlists.matches(HER).count() <= 1, "{waitlists}");
}
