//! The actors together, over the in-memory journal: decisions, the gate, restart, limits.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, Message};

use super::gateway::{Answer, Denied, Gateway, Settings};
use super::messenger::{Deliver, Delivery, Messenger, send_command, send_view};
use super::news::{Bulletin, LineState, News};
use super::registrar::{Batch, Job, Origin};
use super::student::{FromSession, StudentActor, ToSession};
use crate::application::core::{Core, Options};
use crate::application::recover::recover;
use crate::clock::{Clock, monotonic};
use crate::domain::command::Command;
use crate::domain::ids::{CourseId, RequestId, Sequence, StudentId, Ticket, Timestamp, WindowId};
use crate::domain::import::Draft;
use crate::domain::invariants;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{CourseRequest, Plan};
use crate::domain::registry::WindowNoticeKind;
use crate::domain::testkit;
use crate::domain::window::{Order, WindowState};
use crate::journal::memory::{Disk, Torn};
use crate::metrics::Mailbox;
use crate::protocol::close::Close;
use crate::protocol::server::ServerMessage;

const W: WindowId = WindowId(0);

fn core(disk: &Disk, settings: Settings) -> Core {
    let recovered = recover(Box::new(disk.open().unwrap())).unwrap();
    let options = Options {
        settings,
        clock: Clock::manual(Timestamp(1_000_000)),
        position_push_ms: 20,
        snapshot_every: 0,
        on_fault: Box::new(|_| {}),
        metrics: Arc::default(),
    };
    Core::start(recovered, options).unwrap()
}

fn quick() -> Settings {
    Settings { seats_push_ms: 20, answer_deadline_ms: 2_000, ..Settings::default() }
}

fn request(n: u32) -> RequestId {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&n.to_be_bytes());
    RequestId(id)
}

fn demand(students: usize, seats: u32, pace: Option<u32>) -> Draft {
    let draft = testkit::draft().simple("A", seats).simple("B", seats / 2).students(students);
    draft.window(|w| {
        w.order = Order::Lottery;
        w.pace = pace;
    })
}

async fn any(gateway: &Gateway, courses: &[u32]) -> Arc<Plan> {
    let courses = courses.to_vec();
    let read = gateway.read(move |registry| {
        let any = |c: u32| Arc::new(CourseRequest::any(&registry.catalogue, CourseId(c), false));
        Plan { courses: courses.into_iter().map(any).collect() }
    });
    Arc::new(read.await.unwrap().1)
}

async fn arm(gateway: &Gateway, student: u32, plan: &Arc<Plan>) {
    let student = StudentId(student);
    gateway.command(Command::SetPlan(student, Arc::clone(plan))).await.unwrap();
    let arm = Command::Arm { student, window: W, request: request(student.0) };
    assert!(matches!(gateway.command(arm).await, Ok(Answer::InLine(..))));
}

async fn until_decided(gateway: &Gateway) {
    for _ in 0..500 {
        let (_, waiting) = gateway.read(|r| r.windows[0].waiting).await.unwrap();
        if waiting == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the line did not end");
}

#[actix::test]
async fn an_opening_is_decided_in_line_order_and_survives_a_crash() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(60, 20, None)))).await.unwrap();
    let plan = any(&gateway, &[0, 1]).await;
    for student in 0..60 {
        arm(&gateway, student, &plan).await;
    }
    gateway.command(Command::Open(W)).await.unwrap();
    until_decided(&gateway).await;
    let (_, before) = gateway.read(Clone::clone).await.unwrap();
    let enrolled =
        |c: u32| before.students.iter().filter(|s| s.enrolment(CourseId(c)).is_some()).count();
    assert_eq!((enrolled(0), enrolled(1)), (20, 10));
    assert_eq!(gateway.board().all().1.iter().map(|s| s.taken).sum::<u32>(), 30);
    assert!(gateway.metrics().render().contains(r#"outcome="enrolled",reason=""} 30"#));

    disk.crash(Torn::Nothing);
    drop(running);
    let after = recover(Box::new(disk.open().unwrap())).unwrap();
    assert_eq!(after.university.registry, before, "what was told is what comes back");
    assert_eq!(invariants::all(&after.university), []);
}

#[actix::test]
async fn a_paced_line_serves_everybody_once() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(40, 100, Some(400))))).await.unwrap();
    let plan = any(&gateway, &[0]).await;
    for student in 0..40 {
        arm(&gateway, student, &plan).await;
    }
    gateway.command(Command::Open(W)).await.unwrap();
    until_decided(&gateway).await;
    let (_, seats) = gateway.board().all();
    assert_eq!(seats[0].taken, 40);
    running.stop().unwrap();
}

#[actix::test]
async fn a_window_opens_by_itself_when_its_time_has_come() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(1, 1, None)))).await.unwrap();
    let opens_at = Some(Timestamp(1_060_000));
    gateway.command(Command::Schedule { window: W, opens_at, closes_at: None }).await.unwrap();
    tokio::time::sleep(Duration::from_millis(150)).await;
    let state = |r: &crate::domain::registry::Registry| r.windows[0].state;
    assert_eq!(gateway.read(state).await.unwrap().1, WindowState::Planned);
    gateway.clock().advance(Duration::from_secs(60));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(gateway.read(state).await.unwrap().1, WindowState::Open);
}

#[derive(Default)]
struct FakeSession {
    frames: Vec<ServerMessage>,
    closed: Option<Close>,
}

impl Actor for FakeSession {
    type Context = Context<Self>;
}

impl Handler<ToSession> for FakeSession {
    type Result = ();

    fn handle(&mut self, message: ToSession, _: &mut Context<Self>) {
        match message {
            ToSession::Frame(text) => self.frames.push(serde_json::from_str(&text).unwrap()),
            ToSession::Close(close) => self.closed = Some(close),
        }
    }
}

#[derive(Message)]
#[rtype(result = "Vec<ServerMessage>")]
struct Frames;

impl Handler<Frames> for FakeSession {
    type Result = Vec<ServerMessage>;

    fn handle(&mut self, _: Frames, _: &mut Context<Self>) -> Vec<ServerMessage> {
        std::mem::take(&mut self.frames)
    }
}

#[derive(Message)]
#[rtype(result = "Option<Close>")]
struct Closed;

impl Handler<Closed> for FakeSession {
    type Result = Option<Close>;

    fn handle(&mut self, _: Closed, _: &mut Context<Self>) -> Option<Close> {
        self.closed
    }
}

fn attach(
    gateway: &Gateway,
    messenger: &(usize, Addr<Messenger>),
    student: u32,
    number: u32,
) -> (Addr<FakeSession>, Addr<StudentActor>) {
    let session = FakeSession::default().start();
    let (id, through) = (StudentId(student), messenger.1.clone());
    let start = |g| StudentActor::begin(id, g, gateway.clone(), through);
    let hub = gateway.directory().hub(id, messenger.0, start);
    let sink = session.clone().recipient();
    let behind = Arc::default();
    hub.try_send(FromSession::Attach { number, sink, behind, device: None }).unwrap();
    if send_view(gateway, &messenger.1, (id, number), None).is_err() {
        session.try_send(ToSession::Close(Close::Busy)).unwrap();
    }
    (session, hub)
}

/// As the session of that student and number.
fn say(
    gateway: &Gateway,
    messenger: &(usize, Addr<Messenger>),
    (student, session): (u32, u32),
    command: Command,
) {
    let from = (StudentId(student), session, None);
    send_command(gateway, &messenger.1, from, command, monotonic()).unwrap();
}

fn outcome_lines(gateway: &Gateway) -> Vec<String> {
    let text = gateway.metrics().render();
    text.lines().filter(|l| l.contains("outcomes")).map(str::to_owned).collect()
}

async fn frames(session: &Addr<FakeSession>) -> Vec<ServerMessage> {
    tokio::time::sleep(Duration::from_millis(120)).await;
    session.send(Frames).await.unwrap()
}

#[actix::test]
async fn while_the_journal_stalls_nothing_leaves_by_any_door() {
    let disk = Disk::new();
    let settings = Settings { answer_deadline_ms: 100, ..quick() };
    let running = core(&disk, settings);
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(3, 2, None)))).await.unwrap();
    gateway.command(Command::Open(W)).await.unwrap();
    let messenger = Messenger::begin(&gateway);
    let (one, hub) = attach(&gateway, &messenger, 0, 1);
    let (two, _) = attach(&gateway, &messenger, 1, 2);
    hub.try_send(FromSession::Watch(1, vec![crate::domain::ids::SectionId(0)])).unwrap();
    assert!(matches!(frames(&one).await[0], ServerMessage::Welcome(_)));
    frames(&two).await;
    let plan = any(&gateway, &[0]).await;
    let counters = outcome_lines(&gateway);

    disk.stall();
    let submit = |student: u32| Command::Submit {
        student: StudentId(student),
        window: W,
        request: request(100 + student),
        plan: Some(Arc::clone(&plan)),
        queue: false,
    };
    say(&gateway, &messenger, (0, 1), submit(0));
    let drop = Command::Drop { student: StudentId(0), request: request(7), course: CourseId(1) };
    say(&gateway, &messenger, (0, 1), drop);
    let busy = Denied::Busy { retry_after_ms: crate::limits::BUSY_RETRY_MS };
    assert_eq!(gateway.command(submit(2)).await, Err(busy.clone()), "an HTTP command");
    assert_eq!(gateway.read(|r| r.sequence).await.err(), Some(busy), "an HTTP read");
    assert_eq!(frames(&one).await, [], "outcome, refusal, seats, message");
    assert_eq!(frames(&two).await, []);
    assert_eq!(gateway.board().get(crate::domain::ids::SectionId(0)).unwrap().taken, 0);
    assert_eq!(outcome_lines(&gateway), counters, "the metrics door");
    let (late, _) = attach(&gateway, &messenger, 1, 3);
    assert_eq!(frames(&late).await, [], "a welcome shows state too");

    disk.resume();
    let told = frames(&one).await;
    let outcomes: Vec<&str> = told
        .iter()
        .filter_map(|m| match m {
            ServerMessage::Outcomes { outcomes, .. } => Some(outcomes),
            _ => None,
        })
        .flatten()
        .map(|o| o.outcome.as_str())
        .collect();
    assert_eq!(outcomes, ["enrolled", "refused"]);
    assert_eq!(gateway.board().get(crate::domain::ids::SectionId(0)).unwrap().taken, 2);
    assert!(matches!(frames(&late).await.first(), Some(ServerMessage::Welcome(_))));
}

#[actix::test]
async fn what_was_not_durable_was_never_told() {
    let disk = Disk::new();
    let running = core(&disk, Settings { answer_deadline_ms: 100, ..quick() });
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(1, 1, None)))).await.unwrap();
    gateway.command(Command::Open(W)).await.unwrap();
    let plan = any(&gateway, &[0]).await;
    disk.stall();
    let submit = Command::Submit {
        student: StudentId(0),
        window: W,
        request: request(1),
        plan: Some(plan),
        queue: false,
    };
    assert!(matches!(gateway.command(submit.clone()).await, Err(Denied::Busy { .. })));
    disk.crash(Torn::Nothing);
    disk.resume();
    drop(running);
    let again = core(&disk, quick());
    let (_, enrolments) = again.gateway.read(|r| r.students[0].enrolments.len()).await.unwrap();
    assert_eq!(enrolments, 0, "she was told busy, and nothing happened");
    let answer = again.gateway.command(submit).await.unwrap();
    let Answer::Decided(_, outcomes) = answer else { panic!("{answer:?}") };
    assert!(matches!(outcomes[0].1, Outcome::Enrolled { .. }), "the same request, once");
}

#[actix::test]
async fn beyond_the_commands_in_flight_the_answer_is_busy() {
    let disk = Disk::new();
    let settings = Settings { jobs_in_flight_max: 2, answer_deadline_ms: 150, ..quick() };
    let running = core(&disk, settings);
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(1, 1, None)))).await.unwrap();
    disk.stall();
    let mark = || gateway.command(Command::MarkRead(StudentId(0), Sequence(1)));
    let (first, second, third) = futures_util::join!(mark(), mark(), mark());
    let busy = Err(Denied::Busy { retry_after_ms: crate::limits::BUSY_RETRY_MS });
    assert_eq!((first, second, third), (busy.clone(), busy.clone(), busy));
    disk.resume();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(mark().await, Ok(Answer::Nothing), "the room is free again");
}

#[actix::test]
async fn tabs_see_the_same_and_a_repeat_gains_nothing() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(2, 5, None)))).await.unwrap();
    gateway.command(Command::Open(W)).await.unwrap();
    let messenger = Messenger::begin(&gateway);
    let (one, _) = attach(&gateway, &messenger, 0, 1);
    let (two, _) = attach(&gateway, &messenger, 0, 2);
    frames(&one).await;
    frames(&two).await;
    let plan = any(&gateway, &[0]).await;
    let submit = Command::Submit {
        student: StudentId(0),
        window: W,
        request: request(1),
        plan: Some(plan),
        queue: false,
    };
    for session in [1, 2, 1] {
        say(&gateway, &messenger, (0, session), submit.clone());
    }
    let outcomes = |frames: Vec<ServerMessage>| {
        let all = frames.into_iter().filter_map(|m| match m {
            ServerMessage::Outcomes { outcomes, .. } => Some(outcomes),
            _ => None,
        });
        all.flatten().collect::<Vec<_>>()
    };
    let (first, second) = (outcomes(frames(&one).await), outcomes(frames(&two).await));
    assert_eq!(first, second);
    assert_eq!(first.len(), 3);
    assert!(first.iter().all(|o| o == &first[0]), "one outcome, told again: {first:?}");
    assert_eq!(gateway.board().all().1[0].taken, 1);
}

#[actix::test]
async fn a_hub_that_was_full_reads_everything_back() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(1, 1, None)))).await.unwrap();
    let messenger = Messenger::begin(&gateway);
    let (one, _) = attach(&gateway, &messenger, 0, 1);
    assert!(matches!(frames(&one).await[0], ServerMessage::Welcome(_)));
    // The messenger takes all of these in one go, before the hub gets to run.
    for _ in 0..2 * crate::limits::STUDENT_MAILBOX_MAX {
        let news = Delivery::Student(StudentId(0), News::Disarmed(W));
        gateway.metrics().mail(Mailbox::Messenger, 0);
        let batch = Deliver { batch: vec![news], durable: monotonic() };
        messenger.1.try_send(batch).unwrap();
    }
    let told = frames(&one).await;
    let lost = 2 * crate::limits::STUDENT_MAILBOX_MAX - (told.len() - 2);
    assert!(lost > 0, "the hub was never full");
    let back = &told[told.len() - 2..];
    assert!(matches!(back, [ServerMessage::Resync {}, ServerMessage::Welcome(_)]), "{back:?}");
    assert_eq!(frames(&one).await, [], "once");
}

#[actix::test]
async fn a_hub_is_not_woken_for_what_concerns_others() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(1, 1, None)))).await.unwrap();
    let messenger = Messenger::begin(&gateway);
    let (one, _) = attach(&gateway, &messenger, 0, 1);
    assert!(matches!(frames(&one).await[0], ServerMessage::Welcome(_)));
    // More than its mailbox holds, in one go: it neither watches seats nor is in a line.
    let moved = LineState { served: 1, waiting: 1, rate: None };
    let of_others =
        [Bulletin::Seats(Sequence(1), Arc::new([])), Bulletin::Line(W, moved)].map(Arc::new);
    for bulletin in of_others.iter().cycle().take(2 * crate::limits::STUDENT_MAILBOX_MAX) {
        gateway.metrics().mail(Mailbox::Messenger, 0);
        let batch = vec![Delivery::Everyone(Arc::clone(bulletin))];
        messenger.1.try_send(Deliver { batch, durable: monotonic() }).unwrap();
    }
    assert_eq!(frames(&one).await, [], "it missed nothing");
}

/// Before the hub has run, the messenger cannot know that she has a place.
#[actix::test]
async fn what_everybody_is_told_right_after_her_news_reaches_her() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(1, 1, None)))).await.unwrap();
    let messenger = Messenger::begin(&gateway);
    let (one, _) = attach(&gateway, &messenger, 0, 1);
    assert!(matches!(frames(&one).await[0], ServerMessage::Welcome(_)));
    let armed = News::Armed { window: W, ticket: Ticket(7), among: 1 };
    let among = Delivery::Everyone(Arc::new(Bulletin::Among(W, 2)));
    gateway.metrics().mail(Mailbox::Messenger, 0);
    let batch = vec![Delivery::Student(StudentId(0), armed), among];
    messenger.1.try_send(Deliver { batch, durable: monotonic() }).unwrap();
    let told = frames(&one).await;
    let among = told.iter().map(|frame| match frame {
        ServerMessage::Armed { ticket: 7, among, .. } => *among,
        other => panic!("{other:?}"),
    });
    assert_eq!(among.collect::<Vec<_>>(), [1, 2]);
}

#[actix::test]
async fn a_session_without_room_for_its_welcome_is_asked_to_come_back() {
    let disk = Disk::new();
    let settings = Settings { jobs_in_flight_max: 1, answer_deadline_ms: 100, ..quick() };
    let running = core(&disk, settings);
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(2, 1, None)))).await.unwrap();
    let messenger = Messenger::begin(&gateway);
    let (shown, hub) = attach(&gateway, &messenger, 0, 1);
    frames(&shown).await;
    let (_, wanted) = gateway
        .read(|registry| CourseRequest::any(&registry.catalogue, CourseId(0), false))
        .await
        .unwrap();
    // The read's permit is back by then.
    frames(&shown).await;
    disk.stall();
    // Takes the only permit, and holds it while the journal stalls.
    say(
        &gateway,
        &messenger,
        (1, 9),
        Command::SetPlan(StudentId(1), Arc::new(Plan { courses: vec![Arc::new(wanted)] })),
    );
    hub.try_send(FromSession::Refresh(1)).unwrap();
    frames(&shown).await;
    assert_eq!(shown.send(Closed).await.unwrap(), Some(Close::Busy));
    disk.resume();
}

#[actix::test]
async fn once_the_journal_has_ended_nothing_is_decided_and_nothing_panics() {
    let disk = Disk::new();
    let running = core(&disk, Settings { answer_deadline_ms: 50, ..quick() });
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(3, 9, None)))).await.unwrap();
    gateway.command(Command::Open(W)).await.unwrap();
    let plan = any(&gateway, &[0]).await;
    disk.fail_next_flush();
    // The first meets the failing disk, the others the journal that has ended.
    for student in 0..3 {
        let set = Command::SetPlan(StudentId(student), Arc::clone(&plan));
        assert!(matches!(gateway.command(set).await, Err(Denied::Busy { .. })), "{student}");
    }
    assert!(matches!(gateway.read(|r| r.sequence).await, Err(Denied::Busy { .. })));
}

#[actix::test]
async fn a_disarm_on_the_way_to_the_registrar_does_not_stop_the_line() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(600, 900, None)))).await.unwrap();
    let plan = any(&gateway, &[0]).await;
    for student in 0..10 {
        arm(&gateway, student, &plan).await;
    }
    // The line admits in the middle of this batch: the disarm comes between admission and turn.
    let other = any(&gateway, &[0, 1]).await;
    let since = monotonic();
    let own = |command| Job::Command { command, origin: Origin::Own, permit: None, since };
    let mut jobs = vec![own(Command::Open(W))];
    let plans = (100..400).map(|s| own(Command::SetPlan(StudentId(s), Arc::clone(&other))));
    jobs.extend(plans);
    jobs.push(own(Command::Disarm(StudentId(3), W)));
    assert!(gateway.post(Batch(jobs)).is_ok());
    tokio::time::sleep(Duration::from_millis(300)).await;
    arm(&gateway, 50, &plan).await;
    until_decided(&gateway).await;
}

#[actix::test]
async fn a_pause_between_the_line_and_the_registrar_does_not_stop_the_line_for_good() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(600, 900, None)))).await.unwrap();
    let plan = any(&gateway, &[0]).await;
    for student in 0..10 {
        arm(&gateway, student, &plan).await;
    }
    // The line admits in the middle of this batch: the pause comes between admission and turn.
    let other = any(&gateway, &[0, 1]).await;
    let since = monotonic();
    let own = |command| Job::Command { command, origin: Origin::Own, permit: None, since };
    let mut jobs = vec![own(Command::Open(W))];
    let plans = (100..400).map(|s| own(Command::SetPlan(StudentId(s), Arc::clone(&other))));
    jobs.extend(plans);
    jobs.push(own(Command::Pause(W)));
    assert!(gateway.post(Batch(jobs)).is_ok());
    tokio::time::sleep(Duration::from_millis(300)).await;
    let waiting = gateway.read(|registry| registry.windows[0].waiting).await.unwrap().1;
    assert_eq!(waiting, 10, "nobody is served while it is paused");
    gateway.command(Command::Resume(W)).await.unwrap();
    until_decided(&gateway).await;
}

#[actix::test]
async fn a_plan_emptied_in_line_ends_the_place_on_the_socket_too() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(3, 9, None)))).await.unwrap();
    let messenger = Messenger::begin(&gateway);
    let (one, _) = attach(&gateway, &messenger, 0, 1);
    let plan = any(&gateway, &[0]).await;
    arm(&gateway, 0, &plan).await;
    gateway.command(Command::SetPlan(StudentId(0), Arc::default())).await.unwrap();
    gateway.command(Command::Open(W)).await.unwrap();
    until_decided(&gateway).await;
    let told = frames(&one).await;
    let ended = |m: &ServerMessage| matches!(m, ServerMessage::Disarmed { .. });
    assert!(told.iter().any(ended), "{told:?}");
}

#[actix::test]
async fn outcomes_name_the_line_that_they_end_and_no_other_request_does() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(3, 9, None)))).await.unwrap();
    let messenger = Messenger::begin(&gateway);
    let (one, _) = attach(&gateway, &messenger, 0, 1);
    let plan = any(&gateway, &[0]).await;
    arm(&gateway, 0, &plan).await;
    let served = |told: Vec<ServerMessage>| {
        let all = told.into_iter().filter_map(|m| match m {
            ServerMessage::Outcomes { outcomes, served, .. } => Some((outcomes.len(), served)),
            _ => None,
        });
        all.collect::<Vec<_>>()
    };
    frames(&one).await;
    gateway.command(Command::Open(W)).await.unwrap();
    until_decided(&gateway).await;
    let key = gateway.public().window_key(W).to_owned();
    assert_eq!(served(frames(&one).await), [(1, vec![key])], "her place in line");
    let drop = Command::Drop { student: StudentId(0), request: request(7), course: CourseId(0) };
    say(&gateway, &messenger, (0, 1), drop);
    assert_eq!(served(frames(&one).await), [(1, Vec::<String>::new())], "a request of its own");
}

#[actix::test]
async fn a_rehearsal_run_again_ends_every_place_and_tells_so() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    let draft = testkit::draft().simple("A", 3).students(5).window(|w| w.rehearsal = true);
    gateway.command(Command::Import(Arc::new(draft))).await.unwrap();
    let messenger = Messenger::begin(&gateway);
    let plan = any(&gateway, &[0]).await;
    let (one, _) = attach(&gateway, &messenger, 0, 3);
    arm(&gateway, 0, &plan).await;
    frames(&one).await;
    let reset = Command::Reset { window: W, seed: [9; 32], opens_at: None };
    gateway.command(reset).await.unwrap();
    let told = frames(&one).await;
    let again = |m: &ServerMessage| match m {
        ServerMessage::Message { message, unread: 1, .. } => message.kind == "window_reset",
        _ => false,
    };
    assert!(told.iter().any(again), "{told:?}");
    arm(&gateway, 1, &plan).await;
    let told = frames(&one).await;
    let armed = |m: &ServerMessage| matches!(m, ServerMessage::Armed { .. });
    assert!(!told.iter().any(armed), "she is not armed: {told:?}");
}

#[actix::test]
async fn closing_soon_is_told_once_over_restarts() {
    let disk = Disk::new();
    for start in 0..2 {
        let running = core(&disk, quick());
        let gateway = running.gateway.clone();
        if start == 0 {
            gateway.command(Command::Import(Arc::new(demand(1, 1, None)))).await.unwrap();
            let closes_at = Some(Timestamp(1_060_000));
            let schedule = Command::Schedule { window: W, opens_at: None, closes_at };
            gateway.command(schedule).await.unwrap();
            gateway.command(Command::Open(W)).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        let (_, kinds) = gateway
            .read(|r| r.window_notices.iter().map(|n| n.kind).collect::<Vec<_>>())
            .await
            .unwrap();
        assert_eq!(kinds, [WindowNoticeKind::Opened, WindowNoticeKind::Closing]);
        running.stop().unwrap();
    }
}

#[actix::test]
async fn a_rehearsal_with_a_very_big_section_can_be_run_again() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    let students = crate::limits::SECTION_MAILBOX_MAX as u32 + 100;
    let draft = testkit::draft().simple("A", students).students(students as usize);
    let draft = draft.window(|w| w.rehearsal = true);
    gateway.command(Command::Import(Arc::new(draft))).await.unwrap();
    gateway.command(Command::Open(W)).await.unwrap();
    let plan = any(&gateway, &[0]).await;
    for some in (0..students).collect::<Vec<u32>>().chunks(1_000) {
        let submits = some.iter().map(|s| {
            let (student, request, plan) = (StudentId(*s), request(*s), Some(Arc::clone(&plan)));
            gateway.command(Command::Submit { student, window: W, request, plan, queue: false })
        });
        futures_util::future::join_all(submits).await;
    }
    assert_eq!(gateway.board().all().1[0].taken, students);
    let reset = Command::Reset { window: W, seed: [9; 32], opens_at: None };
    gateway.command(reset).await.unwrap();
    assert_eq!(gateway.board().all().1[0].taken, 0);
}

#[actix::test]
async fn a_stop_in_a_rush_is_a_clean_one() {
    let disk = Disk::new();
    let running = core(&disk, quick());
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(1_000, 900, None)))).await.unwrap();
    let plan = any(&gateway, &[0]).await;
    for some in (0..1_000).collect::<Vec<u32>>().chunks(500) {
        futures_util::future::join_all(some.iter().map(|s| arm(&gateway, *s, &plan))).await;
    }
    gateway.command(Command::Open(W)).await.unwrap();
    running.stop().unwrap();
    assert_eq!(recover(Box::new(disk.open().unwrap())).unwrap().violations, []);
}

#[actix::test]
async fn while_the_journal_is_far_behind_newcomers_are_busy_and_nothing_is_lost() {
    let disk = Disk::new();
    let settings = Settings { answer_deadline_ms: 100, ..quick() };
    let running = core(&disk, settings);
    let gateway = running.gateway.clone();
    gateway.command(Command::Import(Arc::new(demand(2, 1, None)))).await.unwrap();
    let plan = any(&gateway, &[0]).await;
    disk.stall();
    let most = crate::limits::JOURNAL_BEHIND_RECORDS_MAX as u32;
    let flip = |n: u32| {
        let plan = if n.is_multiple_of(2) { Arc::default() } else { Arc::clone(&plan) };
        let command = Command::SetPlan(StudentId(0), plan);
        Job::Command { command, origin: Origin::Own, permit: None, since: monotonic() }
    };
    let jobs: Vec<Job> = (1..=most + 1).map(flip).collect();
    assert!(gateway.post(Batch(jobs)).is_ok());
    for _ in 0..200 {
        if running.writer.is_behind() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(running.writer.is_behind());
    let before = running.writer.written();
    let set = Command::SetPlan(StudentId(1), Arc::clone(&plan));
    assert!(matches!(gateway.command(set.clone()).await, Err(Denied::Busy { .. })));
    assert_eq!(running.writer.written(), before, "nothing was changed");
    disk.resume();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(matches!(gateway.command(set).await, Ok(Answer::Done(_))));
}
