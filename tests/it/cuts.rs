//! A client cut at every index of its frames. A conversation is held once in full; then, for every
//! k, another student holds the same one and her connection ends after she has sent k frames, after
//! she has read k frames, or in the middle of the k-th frame's bytes. She comes back, sends what
//! was not answered under the same ids, and goes on. Nothing that she was told is gone or
//! otherwise, each request is in the journal once, and the seats add up. Half a frame decides
//! nothing.

mod talk;

use sluis::protocol::PROTOCOL_VERSION;
use sluis::protocol::client::{ClientMessage, CourseRequestDto};
use sluis::protocol::server::MessageView;
use uuid::Uuid;

use crate::support::student::any;
use crate::support::{Http, Raw, TestGateway, University, until};
use talk::{Cut, Line, Talk, line};

/// Conversations at most, the whole one included.
const TALKS_MAX: usize = 120;
/// Conversations held at a time.
const AT_ONCE: usize = 4;

/// The request id of the n-th frame of a conversation.
fn id(n: u128) -> Uuid {
    Uuid::from_u128((1 << 76) + n)
}

fn submit(n: u128, courses: &[CourseRequestDto]) -> ClientMessage {
    let courses = (!courses.is_empty()).then(|| courses.to_vec());
    ClientMessage::Submit { id: id(n), window: "w".to_owned(), courses }
}

/// Of courses `A`, `B`, which is full, and `C`: every request there is, each with its own outcome.
fn registration(a: &str, b: &str, c: &str) -> Vec<Line> {
    let plan = vec![any(a, false), any(b, true)];
    let (course, to) = (b.to_owned(), any(c, false));
    vec![
        line(ClientMessage::SetPlan { courses: plan }, &[], &[]),
        line(submit(1, &[]), &[a], &[b]),
        line(ClientMessage::Swap { id: id(2), from: a.to_owned(), to }, &[c], &[b]),
        line(ClientMessage::LeaveWaitlist { id: id(3), course }, &[c], &[]),
        line(submit(4, &[any(b, true)]), &[c], &[b]),
        line(None, &[b, c], &[]),
        line(ClientMessage::Ping { n: 5 }, &[b, c], &[]),
        line(ClientMessage::Drop { id: id(6), course: c.to_owned() }, &[b], &[]),
        line(submit(7, &[any(a, false)]), &[a, b], &[]),
    ]
}

/// What her message centre has of it in the end.
const CENTRE: [&str; 8] = [
    "enrolled",
    "waitlisted",
    "enrolled",
    "left_waitlist",
    "waitlisted",
    "promoted",
    "dropped",
    "enrolled",
];

/// A place in the line of a window that is not open yet.
fn arming(a: &str, b: &str) -> Vec<Line> {
    let window = "later".to_owned();
    vec![
        line(ClientMessage::SetPlan { courses: vec![any(a, false)] }, &[], &[]),
        line(ClientMessage::Arm { id: id(1), window }, &[], &[]),
        line(ClientMessage::SetPlan { courses: vec![any(b, false)] }, &[], &[]),
        line(ClientMessage::Ping { n: 2 }, &[], &[]),
    ]
}

/// Every cut of a conversation in which so many frames are sent and read.
fn cuts(sent: usize, read: usize) -> Vec<Cut> {
    let within = (1..=sent).flat_map(|nth| (0..8).map(move |eighths| Cut::Within(nth, eighths)));
    let whole = (1..=sent).map(Cut::Sent).chain((1..=read).map(Cut::Read));
    whole.chain(within).collect()
}

/// Holds the n-th student's conversation for each cut, some at a time; the first is whole and
/// tells how many cuts there are.
fn hold_all(
    gateway: &TestGateway,
    lines: impl Fn(usize) -> Vec<Line> + Sync,
    gives_up: impl Fn(usize) + Sync,
) -> Vec<(Talk, Vec<Line>)> {
    let token = |n: usize| gateway.token(&format!("s{n:04}"));
    let address = gateway.address();
    let mut whole = Talk::new(address, token(0), Cut::Never);
    whole.hold(&lines(0), || gives_up(0));
    let cuts = cuts(whole.sent, whole.read);
    println!("{} frames sent, {} read: {} cuts", whole.sent, whole.read, cuts.len());
    assert!(cuts.len() < TALKS_MAX, "{}", cuts.len());
    let talks = cuts.iter().enumerate();
    let talks = talks.map(|(n, cut)| (n + 1, Talk::new(address, token(n + 1), *cut)));
    let mut talks: Vec<_> = talks.collect();
    let each = talks.len().div_ceil(AT_ONCE);
    std::thread::scope(|scope| {
        for some in talks.chunks_mut(each) {
            let (lines, gives_up) = (&lines, &gives_up);
            scope.spawn(move || {
                for (n, talk) in some {
                    talk.hold(&lines(*n), || gives_up(*n));
                }
            });
        }
    });
    let talks = talks.into_iter().map(|(n, talk)| (talk, lines(n)));
    std::iter::once((whole, lines(0))).chain(talks).collect()
}

/// Her message centre, oldest first, and in the order of her plan.
fn centre(gateway: &TestGateway, n: usize) -> Vec<MessageView> {
    let mut page = gateway.http(&format!("s{n:04}")).get("/api/messages?limit=100").json();
    let mut centre: Vec<MessageView> = serde_json::from_value(page["messages"].take()).unwrap();
    centre.retain(|message| !message.kind.starts_with("window_"));
    centre.sort_by(|a, b| (a.journal, &a.id).cmp(&(b.journal, &b.id)));
    centre
}

fn left(gateway: &TestGateway, course: &str) -> u64 {
    let http = Http::new(gateway.address(), None);
    let seats = http.get(&format!("/api/seats?course={course}")).json();
    seats["sections"][0]["left"].as_u64().unwrap()
}

/// What she was told stands in her message centre, each request's outcomes once.
fn told_once(gateway: &TestGateway, n: usize, talk: &Talk, kinds: &[&str]) {
    let centre = centre(gateway, n);
    let found: Vec<_> = centre.iter().map(|message| message.kind.as_str()).collect();
    assert_eq!(found, kinds, "s{n:04}");
    for told in talk.told.values() {
        let same = |m: &&MessageView| {
            m.journal == told.journal && m.course.as_deref() == Some(&told.course)
        };
        let message = centre.iter().find(same).unwrap_or_else(|| panic!("lost {told:?}"));
        assert_eq!((&message.kind, message.at), (&told.outcome, told.at), "s{n:04}");
    }
    assert!(talk.messages.values().all(|message| centre.contains(message)), "s{n:04}");
}

#[test]
fn a_registration_cut_at_every_frame_is_decided_once() {
    let names = |n: usize| ["A", "B", "C"].map(|course| format!("{course}{n}"));
    let mut university = University::of(2 * TALKS_MAX).window("w", "order = \"arrival\"");
    for n in 0..TALKS_MAX {
        university = names(n).iter().fold(university, |all, course| all.course(course, 1));
    }
    let gateway = TestGateway::start(&university);
    gateway.open("w");
    // Somebody else has the one seat of each `B`.
    let other = |n: usize| gateway.token(&format!("s{:04}", TALKS_MAX + n));
    let others: Vec<String> = (0..TALKS_MAX).map(other).collect();
    let address = gateway.address();
    let has_said = |n: usize, says: ClientMessage| {
        let mut talk = Talk::new(address, others[n].clone(), Cut::Never);
        let mut raw = Raw::hello(address, &talk.token);
        assert!(talk.exchange(&mut raw, Some(&says)).is_ok());
    };
    for n in 0..TALKS_MAX {
        has_said(n, submit(1, &[any(&names(n)[1], false)]));
    }
    let lines = |n| {
        let [a, b, c] = names(n);
        registration(&a, &b, &c)
    };

    let mut talks = hold_all(&gateway, lines, |n| {
        has_said(n, ClientMessage::Drop { id: id(2), course: names(n)[1].clone() });
    });

    for (n, (talk, lines)) in talks.iter_mut().enumerate() {
        talk.again(lines);
        told_once(&gateway, n, talk, &CENTRE);
        assert!(talk.messages.values().any(|message| message.kind == "promoted"));
        assert_eq!(names(n).map(|course| left(&gateway, &course)), [0, 0, 1], "s{n:04}");
    }
    let taken = gateway.registrar().get("/api/admin/enrolments.csv").ok();
    let others = TALKS_MAX - talks.len();
    assert_eq!(taken.lines().count(), 1 + 2 * talks.len() + others);
    let gateway = gateway.restarted();
    for (n, (talk, _)) in talks.iter().enumerate() {
        told_once(&gateway, n, talk, &CENTRE);
    }
    assert_eq!(gateway.registrar().get("/api/admin/enrolments.csv").ok(), taken);
}

/// The control: under another id it is another request, and the tests above would see it.
#[test]
fn a_client_that_comes_back_under_another_id_is_found_out() {
    let university = University::of(1).course("A", 2).window("w", "order = \"arrival\"");
    let gateway = TestGateway::start(&university);
    gateway.open("w");
    // She has read welcome and outcome.
    let mut talk = Talk::new(gateway.address(), gateway.token("s0000"), Cut::Read(2));
    let asks = |n| submit(n, &[any("A", false)]);
    let mut raw = Raw::open(talk.gateway, &talk.token);
    let hello = ClientMessage::Hello { protocol: PROTOCOL_VERSION };
    assert!(talk.exchange(&mut raw, Some(&hello)).is_ok());
    assert!(talk.exchange(&mut raw, Some(&asks(1))).is_err());
    drop(raw);
    let kinds = || centre(&gateway, 0).into_iter().map(|m| m.kind).collect::<Vec<_>>();
    talk.cut = Cut::Never;
    talk.again(&[line(asks(1), &["A"], &[])]);
    assert_eq!(kinds(), ["enrolled"]);
    let mut raw = Raw::hello(talk.gateway, &talk.token);
    assert!(talk.exchange(&mut raw, Some(&asks(2))).is_ok());
    assert_eq!(kinds(), ["enrolled", "refused"]);
}

#[test]
fn a_place_in_line_cut_at_every_frame_is_one_place() {
    let university = University::of(TALKS_MAX)
        .course("A", TALKS_MAX as u32)
        .course("B", TALKS_MAX as u32)
        .window("w", "order = \"arrival\"")
        .window("later", "");
    let gateway = TestGateway::start(&university);

    let mut talks = hold_all(&gateway, |_| arming("A", "B"), |_| {});

    for (talk, lines) in &mut talks {
        talk.again(lines);
    }
    let mut tickets: Vec<u32> = talks.iter().map(|(talk, _)| talk.tickets[0]).collect();
    tickets.sort_unstable();
    let count = talks.len() as u32;
    assert_eq!(tickets, (0..count).collect::<Vec<_>>(), "one ticket each, and no other");
    gateway.open("later");
    // The plan of each is the one that she made last.
    until("everybody is decided", || left(&gateway, "B") == (TALKS_MAX - talks.len()) as u64);
    assert_eq!(left(&gateway, "A"), TALKS_MAX as u64);
    for (n, (talk, _)) in talks.iter().enumerate() {
        told_once(&gateway, n, talk, &["enrolled"]);
    }
}
