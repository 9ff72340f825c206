//! One record of each kind and outcome, and the largest of each kind: for the tests here, and
//! for the fixtures, whose order this is.

use std::sync::Arc;

use crate::domain::account::{DeviceId, Language, Preferences, Topic, Topics};
use crate::domain::acts::{Act, Action};
use crate::domain::catalogue::{
    Component, ComponentKind, Course, Item, Meeting, Programme, Requirement, SectionInfo, Term,
    Text, Weeks,
};
use crate::domain::event::{Event, Record, Via};
use crate::domain::ids::{
    CourseId, Credits, KEY_CHARS_MAX, Key, RequestId, SectionId, Sequence, StudentId, Ticket,
    Timestamp, WindowId,
};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::plan::{Choice, CourseRequest, Plan};
use crate::domain::results::{Grade, StudyResult};
use crate::domain::section::SectionStatus;
use crate::domain::student::Profile;
use crate::domain::window::{ClashPolicy, Order, Scope, WindowRules};
use crate::limits;

const STUDENT: StudentId = StudentId(98_765);
const COURSE: CourseId = CourseId(321);
const WINDOW: WindowId = WindowId(2);
const REQUEST: RequestId = RequestId(*b"\x01\x93\xa0\xff\x7e\x00\x7c\x11\x80abcdefg");
const BODY: u64 = 0xaf63_dc4c_8601_ec8c;

/// A name.
pub fn key(text: &str) -> Key {
    Key::new(text).expect("a name in a test is sound")
}

fn text(nl: &str, en: &str) -> Text {
    Text { nl: nl.into(), en: en.into() }
}

fn request(course: CourseId) -> Arc<CourseRequest> {
    let choices = vec![Choice::Any, Choice::Ranked(vec![SectionId(2_001), SectionId(1_999)])];
    Arc::new(CourseRequest { course, choices, waitlist: true })
}

fn plan() -> Arc<Plan> {
    Arc::new(Plan { courses: vec![request(COURSE), request(CourseId(7))] })
}

/// Seats in a lecture and a tutorial.
pub fn enrolled() -> Outcome {
    Outcome::Enrolled { sections: vec![SectionId(1_998), SectionId(2_001)], clash: false }
}

fn waitlisted(keeps: Option<CourseId>) -> Outcome {
    Outcome::Waitlisted { rank: 12, request: request(COURSE), keeps }
}

/// Every reason.
pub fn reasons() -> Vec<Reason> {
    vec![
        Reason::NotEnrolled,
        Reason::NotWaitlisted,
        Reason::AlreadyEnrolled,
        Reason::AlreadyWaitlisted,
        Reason::OutsideWindow,
        Reason::Blocked(key("FIN")),
        Reason::PrerequisiteMissing(key("LAW-1010")),
        Reason::CreditLimit(Credits(250)),
        Reason::Closed,
        Reason::Clash(CourseId(7)),
        Reason::Full,
        Reason::WaitlistFull,
    ]
}

/// A request decided.
pub fn decided(via: Via, outcomes: Vec<(CourseId, Outcome)>) -> Event {
    Event::Decided { student: STUDENT, request: REQUEST, body: BODY, via, outcomes }
}

/// Every kind of event, and every outcome.
pub fn events() -> Vec<Event> {
    let mut events = import();
    events.extend(window());
    events.extend(registration());
    events.extend(account());
    events
}

fn import() -> Vec<Event> {
    let component = |kind| Component { kind, sections: vec![] };
    let course = Course {
        key: key("LAW-1010"),
        term: 1,
        name: text("Inleiding recht", "Introduction to law"),
        description: text("Het vak.", "The course."),
        credits: Credits(500),
        url: Some("https://studiegids.example/LAW-1010".into()),
        faculty: Some("Law".into()),
        level: Some("100".into()),
        language: None,
        period: Some("3".into()),
        prerequisites: vec![key("LAW-1000")],
        part_of: Some(CourseId(4)),
        components: ComponentKind::ALL.map(component).to_vec(),
    };
    let meeting = Meeting {
        weekday: 2,
        start: 555,
        end: 660,
        weeks: Weeks::filter(|w| w % 2 == 1),
        place: "KOG A1.44".into(),
    };
    let section = SectionInfo {
        key: key("LAW-1010/T3"),
        course: COURSE,
        component: 1,
        capacity: Some(25),
        parent: Some(SectionId(1_998)),
        meetings: vec![meeting],
    };
    let profile = Profile {
        key: key("s1234567"),
        programme: Some(key("BA-LAW")),
        year: 2,
        blocks: vec![key("FIN")],
        completed: vec![key("LAW-1000"), key("LAW-1001")],
    };
    let programme =
        Programme { key: key("BA-LAW"), name: text("Recht", "Law"), requirements: vec![] };
    let requirement = Requirement { year: 1, course: key("LAW-1010"), required: true };
    let name = text("Voorjaar", "Spring");
    let items = vec![
        Item::Term(Term { key: key("2026-2"), name, first_monday: 20_486 }),
        Item::Course(COURSE, Box::new(course)),
        Item::Section(SectionId(2_001), Box::new(section)),
        Item::Programme(programme),
        Item::Requirement(key("BA-LAW"), requirement),
        Item::Student(STUDENT, Box::new(profile)),
        Item::Window(WINDOW, Box::new(rules(Scope::Courses))),
        Item::Window(WINDOW, Box::new(rules(Scope::Exams))),
        Item::Window(WINDOW, Box::new(rules(Scope::Only(vec![key("LAW-1010")])))),
    ];
    let count = items.len() as u32;
    let items = items.into_iter().map(Event::ImportItem);
    let applied = Event::ImportApplied { items: count };
    std::iter::once(Event::ImportBegun).chain(items).chain([applied]).collect()
}

fn rules(scope: Scope) -> WindowRules {
    let exams = scope == Scope::Exams;
    WindowRules {
        key: key("2026-2-law"),
        name: text("Rechten", "Law"),
        term: 1,
        opens_at: Some(Timestamp(1_780_000_000_000)),
        closes_at: None,
        opens_after_sign_in_s: Some(30),
        order: if exams { Order::Arrival } else { Order::Lottery },
        pace: Some(200),
        clash: if exams { ClashPolicy::Warn } else { ClashPolicy::Refuse },
        credit_limit: Some(Credits(3_000)),
        waitlists: true,
        scope,
        rehearsal: exams,
        seed: [0x5a; 32],
    }
}

fn window() -> Vec<Event> {
    let (window, opens_at) = (WINDOW, Some(Timestamp(1_780_000_000_000)));
    vec![
        Event::WindowScheduled { window, opens_at, closes_at: None },
        Event::WindowOpened(window),
        Event::WindowClosing(window),
        Event::WindowClosed(window),
        Event::WindowReset { window, seed: [0xa5; 32], opens_at },
        Event::PaceSet(window, Some(50)),
        Event::PaceSet(window, None),
        Event::CapacitySet(SectionId(2_001), Some(30)),
        Event::CapacitySet(SectionId(2_001), None),
        Event::StatusSet(SectionId(2_001), SectionStatus::Open),
        Event::StatusSet(SectionId(2_001), SectionStatus::Closed),
        Event::StatusSet(SectionId(2_001), SectionStatus::Cancelled),
    ]
}

fn registration() -> Vec<Event> {
    let (student, course, window) = (STUDENT, COURSE, WINDOW);
    let (request, body, ticket) = (REQUEST, BODY, Ticket(40_321));
    let sections = vec![SectionId(1_998), SectionId(2_001)];
    let swap = Via::Swap { window, from: CourseId(7) };
    let clash = Outcome::Enrolled { sections: sections.clone(), clash: true };
    let kept = waitlisted(Some(CourseId(7)));
    let refused = reasons().into_iter().enumerate();
    let refused = refused.map(|(i, r)| (CourseId(i as u32), Outcome::Refused(r))).collect();
    let taken = |plan| Event::TicketTaken { window, ticket, student, request, body, plan };
    let promoted = |replaces| {
        let sections = sections.clone();
        Event::Promoted { student, course, sections, replaces }
    };
    vec![
        Event::PlanSet(student, plan()),
        taken(None),
        taken(Some(plan())),
        Event::TicketLeft(window, ticket),
        decided(Via::Submit(window), vec![(course, enrolled())]),
        decided(
            Via::Ticket(window, ticket),
            vec![(course, waitlisted(None)), (CourseId(7), clash)],
        ),
        decided(Via::Submit(window), refused),
        decided(swap, vec![(course, enrolled())]),
        decided(swap, vec![(course, kept)]),
        decided(Via::Drop, vec![(course, Outcome::Dropped)]),
        decided(Via::Leave, vec![(course, Outcome::LeftWaitlist)]),
        promoted(None),
        promoted(Some(CourseId(7))),
        Event::PassedOver { student, course, blocker: Reason::Blocked(key("FIN")) },
        Event::MessagesRead(student, Sequence(999_999)),
    ]
}

fn result(component: Option<Key>, grade: Grade) -> Event {
    let name = component.is_none().then(|| text("Inleiding recht", "Introduction to law"));
    let result = StudyResult {
        term: key("2025-1"),
        course: key("LAW-1010"),
        name,
        component,
        attempt: 2,
        grade,
        credits: Credits(500),
        date: 20_473,
        passed: grade.passes(),
    };
    Event::ImportItem(Item::Result(STUDENT, Box::new(result)))
}

/// Study results, and what a student sets for herself.
fn account() -> Vec<Event> {
    let (student, device) = (STUDENT, DeviceId(0xfedc_ba98_7654_3210));
    let topics = Topics::ALL.with(Topic::Windows, false);
    let prefers = |language| Preferences { language, notify: true, topics };
    vec![
        result(None, Grade::Mark(75)),
        result(Some(key("essay")), Grade::Pass),
        result(None, Grade::Fail),
        result(None, Grade::Exempt),
        result(None, Grade::Absent),
        Event::PreferencesSet(student, prefers(Some(Language::Nl))),
        Event::PreferencesSet(student, prefers(Some(Language::En))),
        Event::PreferencesSet(student, prefers(None)),
        Event::CalendarSet(student, Some([0x3c; 32])),
        Event::CalendarSet(student, None),
        Event::SignedIn {
            student,
            device,
            agent: "Firefox, Linux".into(),
            expires: Timestamp(1_780_043_200_000),
        },
        Event::SignedOut(student, Some(device)),
        Event::SignedOut(student, None),
    ]
}

fn largest_account() -> Vec<Event> {
    let student = StudentId(u32::MAX);
    let result = StudyResult {
        term: longest(),
        course: longest(),
        name: Some(both(limits::COURSE_NAME_BYTES_MAX)),
        component: Some(longest()),
        attempt: limits::ATTEMPT_MAX,
        grade: Grade::Mark(Grade::HIGHEST),
        credits: Credits(u32::MAX),
        date: i32::MIN,
        passed: true,
    };
    let agent = filled(limits::AGENT_BYTES_MAX);
    let (device, expires) = (DeviceId(u64::MAX), Timestamp(u64::MAX));
    vec![
        Event::ImportItem(Item::Result(student, Box::new(result))),
        Event::CalendarSet(student, Some([0xff; 32])),
        Event::SignedIn { student, device, agent, expires },
    ]
}

/// The kinds that came with acts.
fn act_events() -> Vec<Event> {
    let (student, course, window) = (STUDENT, COURSE, WINDOW);
    let sections = vec![SectionId(1_998), SectionId(2_001)];
    let placed = |moved, leaves, over: &[SectionId]| {
        let (sections, over) = (sections.clone(), over.to_vec());
        Event::Placed { student, course, sections, window, moved, leaves, over }
    };
    vec![
        Event::WindowPaused(window),
        Event::WindowResumed(window),
        placed(false, true, &sections[1..]),
        placed(true, false, &[]),
        Event::Removed { student, course },
        Event::BlockSet { student, code: key("FIN"), blocked: true },
        Event::BlockSet { student, code: key("FIN"), blocked: false },
        Event::Announced(Arc::new(text("Om 14.00 gaan we verder.", "We go on at 14:00."))),
    ]
}

/// A record of each new kind, with nobody answerable and with somebody; and acts of each name.
pub fn acts() -> Vec<Record> {
    let act = |action, subject: Option<&str>, before: Option<&str>, after: Option<&str>| Act {
        by: key("registrar"),
        action,
        subject: subject.map(key),
        before: before.map(Into::into),
        after: after.map(Into::into),
        reason: after.map(|_| "Zaal te klein, é".into()),
    };
    let by = |event: Event, act: Act| Record { act: Some(Arc::new(act)), ..record(event) };
    let mut all: Vec<Record> = act_events().into_iter().map(record).collect();
    for event in act_events() {
        all.push(by(event, act(Action::StudentEnrol, Some("s1"), Some("a b"), Some("c d"))));
    }
    // Those that came later have their samples at the end: the order is the fixtures'.
    for action in Action::ALL.into_iter().filter(|action| *action != Action::StudentErase) {
        all.push(by(Event::WindowOpened(WINDOW), act(action, None, None, None)));
    }
    let capacity = Event::CapacitySet(SectionId(2_001), Some(80));
    let raised = act(Action::SectionCapacity, Some("LAW-1010/T3"), Some("30"), Some("80"));
    all.push(by(capacity, raised));
    all.push(record(Event::StudentErased(STUDENT)));
    let erased = act(Action::StudentErase, None, None, Some("2 students"));
    all.push(by(Event::StudentErased(STUDENT), erased));
    all
}

/// The largest acts that the limits allow, with the largest numbers.
pub fn largest_acts() -> Vec<Record> {
    let most = |chars: usize| Some("𝄞".repeat(chars).into());
    let names = |count: usize| Some(vec!["k".repeat(KEY_CHARS_MAX); count].join(" ").into());
    let reason = most(limits::ACT_REASON_CHARS_MAX);
    let act = |before, after| Act {
        by: longest(),
        action: Action::Import,
        subject: Some(longest()),
        before,
        after,
        reason: reason.clone(),
    };
    let sections = vec![SectionId(u32::MAX); limits::COMPONENTS_MAX];
    let placed = Event::Placed {
        student: StudentId(u32::MAX),
        course: CourseId(u32::MAX),
        sections: sections.clone(),
        window: WindowId(u32::MAX),
        moved: true,
        leaves: true,
        over: sections,
    };
    let said = filled(limits::ANNOUNCEMENT_BYTES_MAX);
    let announced = Event::Announced(Arc::new(Text { nl: said.clone(), en: said }));
    let by = |event, act| Record { act: Some(Arc::new(act)), ..record(event) };
    // Sections held, and others that are all over capacity.
    let moved = act(names(limits::COMPONENTS_MAX), names(2 * limits::COMPONENTS_MAX + 2));
    vec![by(placed, moved), by(announced, act(None, most(limits::ACT_TEXT_CHARS_MAX)))]
}

/// The record of an event, with positions as they are late in a term.
pub fn record(event: Event) -> Record {
    let course = match event {
        Event::CapacitySet(..) | Event::StatusSet(..) => Some(COURSE),
        _ => None,
    };
    let student = matches!(event, Event::TicketLeft(..)).then_some(STUDENT);
    let courses = (0..).map_while(|i| event.named_course(i)).chain(course);
    let students = event.named_student().into_iter().chain(student);
    Record {
        sequence: Sequence(1_000_000),
        epoch: 3,
        at: Timestamp(1_780_000_123_456),
        courses: courses.zip(900..).collect(),
        students: students.map(|s| (s, 17)).collect(),
        event,
        act: None,
    }
}

/// The largest of each kind that the limits allow, with the largest numbers.
pub fn largest() -> Vec<Event> {
    let mut events = largest_items();
    events.extend(largest_account());
    let (window, ticket, student) = (WindowId(u32::MAX), Ticket(u32::MAX), StudentId(u32::MAX));
    let plan = largest_plan();
    let course = |i: usize| CourseId(u32::MAX - i as u32);
    let keeps = Some(CourseId(u32::MAX));
    let waitlisted = |(i, request): (usize, &Arc<CourseRequest>)| {
        (course(i), Outcome::Waitlisted { rank: u32::MAX, request: Arc::clone(request), keeps })
    };
    let waitlisted = plan.courses.iter().enumerate().map(waitlisted).collect();
    let refused = Outcome::Refused(Reason::Blocked(longest()));
    let refused = (0..limits::PLAN_REQUESTS_MAX).map(|i| (course(i), refused.clone())).collect();
    let sections = vec![SectionId(u32::MAX); limits::COMPONENTS_MAX];
    let seats = Outcome::Enrolled { sections: sections.clone(), clash: true };
    let seats = (0..limits::PLAN_REQUESTS_MAX).map(|i| (course(i), seats.clone())).collect();
    let (request, body) = (RequestId([0xff; 16]), u64::MAX);
    let decided = |outcomes| {
        let via = Via::Ticket(window, ticket);
        Event::Decided { student, request, body, via, outcomes }
    };
    let (opens_at, replaces) = (Some(Timestamp(u64::MAX)), Some(CourseId(0)));
    events.extend([
        Event::PlanSet(student, Arc::clone(&plan)),
        Event::TicketTaken { window, ticket, student, request, body, plan: Some(plan) },
        decided(waitlisted),
        decided(refused),
        decided(seats),
        Event::Promoted { student, course: course(0), sections, replaces },
        Event::PassedOver { student, course: course(0), blocker: Reason::Blocked(longest()) },
        Event::WindowReset { window, seed: [0xff; 32], opens_at },
        Event::WindowScheduled { window, opens_at, closes_at: opens_at },
    ]);
    events
}

fn largest_plan() -> Arc<Plan> {
    let mut left = limits::PLAN_SECTIONS_MAX;
    let mut choice = || {
        let take = left.min(limits::PLAN_CHOICES_MAX);
        left -= take;
        // An empty list is larger than "any", and as large as any other without its sections.
        Choice::Ranked(vec![SectionId(u32::MAX); take])
    };
    let mut request = |i: usize| {
        let choices = (0..limits::COMPONENTS_MAX).map(|_| choice()).collect();
        Arc::new(CourseRequest { course: CourseId(u32::MAX - i as u32), choices, waitlist: true })
    };
    Arc::new(Plan { courses: (0..limits::PLAN_REQUESTS_MAX).map(&mut request).collect() })
}

fn keys(count: usize, bytes_max: usize) -> Vec<Key> {
    let length = (bytes_max / count - 1).min(KEY_CHARS_MAX);
    vec![key(&"k".repeat(length)); count]
}

fn filled(bytes: usize) -> Box<str> {
    "é".repeat(bytes / 2).into()
}

fn both(bytes: usize) -> Text {
    Text { nl: filled(bytes), en: filled(bytes) }
}

fn longest() -> Key {
    key(&"k".repeat(KEY_CHARS_MAX))
}

fn largest_course() -> Course {
    let short = || Some(filled(limits::SHORT_TEXT_BYTES_MAX));
    let component = Component { kind: ComponentKind::Exam, sections: vec![] };
    Course {
        key: longest(),
        term: u16::MAX,
        name: both(limits::COURSE_NAME_BYTES_MAX),
        description: both(limits::DESCRIPTION_BYTES_MAX),
        credits: Credits(u32::MAX),
        url: Some(filled(limits::URL_BYTES_MAX)),
        faculty: short(),
        level: short(),
        language: short(),
        period: short(),
        prerequisites: vec![longest(); limits::PREREQUISITES_MAX],
        part_of: Some(CourseId(u32::MAX)),
        components: vec![component; limits::COMPONENTS_MAX],
    }
}

fn largest_section() -> SectionInfo {
    let meeting = Meeting {
        weekday: u8::MAX,
        start: u16::MAX,
        end: u16::MAX,
        weeks: Weeks(u64::MAX),
        place: filled(limits::SHORT_TEXT_BYTES_MAX),
    };
    SectionInfo {
        key: longest(),
        course: CourseId(u32::MAX),
        component: u8::MAX,
        capacity: Some(u32::MAX),
        parent: Some(SectionId(u32::MAX)),
        meetings: vec![meeting; limits::MEETINGS_MAX],
    }
}

fn largest_student(completed: Vec<Key>) -> Item {
    let profile = Profile {
        key: longest(),
        programme: Some(longest()),
        year: u8::MAX,
        blocks: vec![longest(); limits::BLOCKS_MAX],
        completed,
    };
    Item::Student(StudentId(u32::MAX), Box::new(profile))
}

fn largest_window(courses: Vec<Key>) -> Item {
    let rules = WindowRules {
        key: longest(),
        name: both(limits::COURSE_NAME_BYTES_MAX),
        term: u16::MAX,
        opens_at: Some(Timestamp(u64::MAX)),
        closes_at: Some(Timestamp(u64::MAX)),
        opens_after_sign_in_s: Some(u32::MAX),
        pace: Some(u32::MAX),
        credit_limit: Some(Credits(u32::MAX)),
        seed: [0xff; 32],
        ..rules(Scope::Only(courses))
    };
    Item::Window(WindowId(u32::MAX), Box::new(rules))
}

fn largest_items() -> Vec<Event> {
    let name = both(limits::COURSE_NAME_BYTES_MAX);
    let (completed, completed_bytes) = (limits::COMPLETED_MAX, limits::COMPLETED_BYTES_MAX);
    let (courses, courses_bytes) = (limits::WINDOW_COURSES_MAX, limits::WINDOW_COURSES_BYTES_MAX);
    let long = |bytes: usize| keys(bytes / (KEY_CHARS_MAX + 1), bytes);
    let requirement = Requirement { year: u8::MAX, course: longest(), required: true };
    let items = [
        Item::Course(CourseId(u32::MAX), Box::new(largest_course())),
        Item::Section(SectionId(u32::MAX), Box::new(largest_section())),
        largest_student(keys(completed, completed_bytes)),
        largest_student(long(completed_bytes)),
        largest_window(keys(courses, courses_bytes)),
        largest_window(long(courses_bytes)),
        Item::Requirement(longest(), requirement),
        Item::Programme(Programme { key: longest(), name: name.clone(), requirements: vec![] }),
        Item::Term(Term { key: longest(), name, first_monday: i32::MIN }),
    ];
    items.map(Event::ImportItem).to_vec()
}
