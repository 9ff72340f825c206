//! `docs/asyncapi.yaml` against the real messages, both ways.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::client::{AnyWord, CLIENT_TYPES, ChoiceDto, ClientMessage, CourseRequestDto};
use super::close::Close;
use super::convert::{self, Unknown};
use super::server::{AheadView, ServerMessage, StudentView, TicketView, WaitlistView};
use super::{PROTOCOL_VERSION, server};
use crate::domain::account::Preferences;
use crate::domain::command::Command;
use crate::domain::forecast::{CourseForecast, Verdict};
use crate::domain::ids::{
    CourseId, Credits, Key, RequestId, SectionId, Sequence, StudentId, Timestamp,
};
use crate::domain::outcome::{Outcome, Reason, Rejection};
use crate::domain::plan::PlanFault;
use crate::domain::registry::{WindowNotice, WindowNoticeKind};
use crate::domain::results::{Grade, StudyResult};
use crate::domain::section::SectionStatus;
use crate::domain::student::{InboxItem, Notice};
use crate::domain::testkit::{self, W, World, key, lecture, sec, tutorial};
use crate::domain::window::ClashPolicy;
use crate::limits;

fn document() -> Value {
    let text = include_str!("../../docs/asyncapi.yaml");
    serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("docs/asyncapi.yaml: {e}"))
}

/// The message names of an operation.
fn names(document: &Value, operation: &str) -> BTreeSet<String> {
    let messages = document["operations"][operation]["messages"].as_array().unwrap();
    let name = |m: &Value| {
        let name = m["$ref"].as_str().unwrap().strip_prefix("#/channels/session/messages/");
        let name = name.unwrap().to_owned();
        let listed = &document["channels"]["session"]["messages"][&name]["$ref"];
        assert_eq!(listed, &json!(format!("#/components/messages/{name}")));
        let payload = &document["components"]["messages"][&name]["payload"];
        assert_eq!(payload["properties"]["type"]["const"], json!(name), "its own type");
        name
    };
    messages.iter().map(name).collect()
}

/// Objects without a word about further fields have none: what the gateway sends is all described.
fn close_objects(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") && map.get("type") == Some(&json!("object")) {
                map.entry("additionalProperties").or_insert(json!(false));
            }
            map.values_mut().for_each(close_objects);
        }
        Value::Array(list) => list.iter_mut().for_each(close_objects),
        _ => {}
    }
}

fn validator(document: &Value, name: &str) -> jsonschema::Validator {
    let mut components = document["components"].clone();
    close_objects(&mut components);
    let pointer = format!("#/components/messages/{name}/payload");
    let schema = json!({ "components": components, "$ref": pointer });
    jsonschema::draft202012::new(&schema).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[track_caller]
fn check(document: &Value, message: &Value) {
    let name = message["type"].as_str().unwrap();
    let faults: Vec<String> = validator(document, name)
        .iter_errors(message)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{name} is not as docs/asyncapi.yaml has it: {faults:?}\n{message}");
}

fn examples(document: &Value, name: &str) -> Vec<Value> {
    let examples = document["components"]["messages"][name]["examples"].as_array();
    let examples = examples.unwrap_or_else(|| panic!("{name} has no example"));
    assert!(!examples.is_empty(), "{name} has no example");
    examples.iter().map(|e| e["payload"].clone()).collect()
}

/// One of each; a new variant does not compile until it is here.
fn client_samples() -> Vec<ClientMessage> {
    use ClientMessage as C;
    let (id, window, course) = (Uuid::from_u128(7), "w0".to_owned(), "A".to_owned());
    let wish = CourseRequestDto {
        course: "A".to_owned(),
        choices: vec![ChoiceDto::Any(AnyWord::Any), ChoiceDto::Ranked(vec!["A/t1".to_owned()])],
        waitlist: true,
    };
    let plain = CourseRequestDto { course: "B".to_owned(), choices: Vec::new(), waitlist: false };
    let courses = vec![wish.clone(), plain];
    let sections = vec!["A/l1".to_owned()];
    let samples = vec![
        C::Hello { protocol: PROTOCOL_VERSION },
        C::Resume { protocol: PROTOCOL_VERSION, last_sequence: u32::MAX },
        C::SetPlan { courses: courses.clone() },
        C::Arm { id, window: window.clone() },
        C::Disarm { window: window.clone() },
        C::Submit { id, window: window.clone(), courses: None },
        C::Submit { id, window, courses: Some(courses) },
        C::Drop { id, course: course.clone() },
        C::Swap { id, from: course.clone(), to: wish },
        C::LeaveWaitlist { id, course },
        C::Watch { sections: sections.clone() },
        C::Unwatch { sections },
        C::Ping { n: u64::MAX },
    ];
    for sample in &samples {
        match sample {
            C::Hello { .. } | C::Resume { .. } | C::SetPlan { .. } | C::Arm { .. } => {}
            C::Disarm { .. } | C::Submit { .. } | C::Drop { .. } | C::Swap { .. } => {}
            C::LeaveWaitlist { .. } | C::Watch { .. } | C::Unwatch { .. } | C::Ping { .. } => {}
        }
    }
    samples
}

fn name_of(message: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(message).unwrap();
    value["type"].as_str().unwrap().to_owned()
}

#[test]
fn every_client_message_is_described_and_every_example_is_understood() {
    let document = document();
    let described = names(&document, "fromClient");
    let spoken: BTreeSet<String> = client_samples().iter().map(name_of).collect();
    assert_eq!(described, spoken);
    assert_eq!(described, CLIENT_TYPES.iter().map(|t| (*t).to_owned()).collect());
    for sample in client_samples() {
        check(&document, &serde_json::to_value(sample).unwrap());
    }
    for name in described {
        for example in examples(&document, &name) {
            check(&document, &example);
            let message: ClientMessage = serde_json::from_value(example.clone())
                .unwrap_or_else(|e| panic!("{name}: {e}: {example}"));
            assert_eq!(name_of(&message), name);
        }
    }
}

#[test]
fn what_the_description_forbids_is_refused() {
    let document = document();
    for sample in client_samples() {
        let mut message = serde_json::to_value(&sample).unwrap();
        message["surplus"] = json!(1);
        let name = message["type"].as_str().unwrap().to_owned();
        assert!(!validator(&document, &name).is_valid(&message), "{name}");
        assert!(serde_json::from_value::<ClientMessage>(message).is_err(), "{name}");
    }
    for name in names(&document, "fromClient") {
        let payload = &document["components"]["messages"][&name]["payload"];
        for field in payload["required"].as_array().unwrap() {
            let mut message = examples(&document, &name)[0].clone();
            message.as_object_mut().unwrap().remove(field.as_str().unwrap());
            let read = serde_json::from_value::<ClientMessage>(message);
            assert!(read.is_err(), "{name} without {field}");
        }
    }
}

/// A student with something of everything.
fn world() -> World {
    let at = |name: &str, seats| sec(name, seats).at(1, 9, 11);
    let mut world = testkit::draft()
        .course("A", &[lecture(&[at("A/l1", 2)]), tutorial(&[sec("A/t1", 1), sec("A/t2", 1)])])
        .course("B", &[lecture(&[at("B/l1", 9)])])
        .simple("C", 1)
        .students(4)
        .window(|w| {
            w.clash = ClashPolicy::Warn;
            w.pace = Some(5);
            w.credit_limit = Some(Credits(1050));
        })
        .window(|_| {})
        .given();
    let b = world.any("B");
    world.set_plan(0, &[world.ranked("A", &[&[], &["A/t2", "A/t1"]]).or_wait(), b]);
    world.run(Command::Open(W)).unwrap();
    world.enrol(1, "C");
    world.enrol(0, "C");
    world.arm(0);
    world
}

fn study_result(component: Option<Key>) -> std::sync::Arc<StudyResult> {
    std::sync::Arc::new(StudyResult {
        term: key("2025-1"),
        course: key("A"),
        name: None,
        component,
        attempt: 1,
        grade: Grade::Mark(75),
        credits: Credits(500),
        date: 20_473,
        passed: true,
    })
}

fn messages(world: &World) -> Vec<ServerMessage> {
    let registry = &world.university.registry;
    let (a, section) = (world.c("A"), world.s("A/t1"));
    let outcomes = [
        Outcome::Enrolled { sections: vec![world.s("A/l1"), section], clash: true },
        Outcome::Refused(Reason::Full),
        Outcome::Refused(Reason::Blocked(key("FEE"))),
        Outcome::Refused(Reason::CreditLimit(Credits(250))),
        Outcome::Refused(Reason::Clash(world.c("B"))),
        Outcome::Dropped,
        Outcome::LeftWaitlist,
        Outcome::Waitlisted {
            rank: 3,
            request: std::sync::Arc::new(world.any("A")),
            keeps: Some(world.c("C")),
        },
    ];
    let request = RequestId([9; 16]);
    let mut notices: Vec<Notice> = outcomes
        .into_iter()
        .map(|outcome| Notice::Outcome { request, course: a, outcome, instead_of: None })
        .collect();
    notices.push(Notice::Outcome {
        request,
        course: a,
        outcome: Outcome::Dropped,
        instead_of: Some(world.c("B")),
    });
    let because = || Some("the room is too small".into());
    let status = |status| Notice::SectionStatus { section, status, reason: because() };
    let placed = |moved, over| {
        let sections = vec![world.s("A/l1"), section];
        Notice::Placed { course: a, sections, moved, over, reason: because() }
    };
    let block = |blocked| Notice::Block { code: key("FEE"), blocked, reason: because() };
    notices.extend([
        Notice::Promoted { course: a, sections: vec![section], replaces: Some(world.c("B")) },
        Notice::PassedOver { course: a, blocker: Reason::PrerequisiteMissing(key("X")) },
        Notice::CapacityChanged { section, capacity: None },
        Notice::CapacityChanged { section, capacity: Some(3) },
        status(SectionStatus::Open),
        status(SectionStatus::Closed),
        status(SectionStatus::Cancelled),
        Notice::SectionStatus { section, status: SectionStatus::Open, reason: None },
        Notice::TicketEnded { window: W },
        placed(false, true),
        placed(true, false),
        Notice::Removed { course: a, reason: because() },
        block(true),
        block(false),
        Notice::Result { result: study_result(None), corrected: false },
        Notice::Result { result: study_result(Some(key("essay"))), corrected: true },
    ]);
    let (sequence, at) = (Sequence(5), Timestamp(99));
    let own = notices.into_iter().enumerate().map(|(index, notice)| {
        // Exhaustive, so that a new kind is shown here too.
        match &notice {
            Notice::Outcome { .. } | Notice::Promoted { .. } | Notice::PassedOver { .. } => {}
            Notice::CapacityChanged { .. } | Notice::SectionStatus { .. } => {}
            Notice::TicketEnded { .. } | Notice::Result { .. } => {}
            Notice::Placed { .. } | Notice::Removed { .. } | Notice::Block { .. } => {}
        }
        let item = InboxItem { sequence, student_sequence: 2, at, notice };
        convert::message_view(registry, &item, index, Sequence(4))
    });
    use WindowNoticeKind::{Closed, Closing, Opened, Paused, Reset, Resumed};
    let windows = [Opened, Closing, Closed, Reset, Paused, Resumed].map(|kind| {
        let notice = WindowNotice { sequence, at, window: W, kind };
        convert::window_message_view(registry, &notice, Sequence(9))
    });
    let message = |message| ServerMessage::Message { message, unread: 1, sequence: 2 };
    own.chain(windows).map(message).collect()
}

fn errors() -> Vec<ServerMessage> {
    let course = CourseId(0);
    let rejections = [
        Rejection::UnknownStudent,
        Rejection::UnknownWindow,
        Rejection::UnknownCourse,
        Rejection::UnknownSection,
        Rejection::WindowNotOpen,
        Rejection::WindowClosed,
        Rejection::WindowState,
        Rejection::NotARehearsal,
        Rejection::PlanEmpty,
        Rejection::Plan(PlanFault::ForeignSection(course, SectionId(0))),
        Rejection::AlreadyInLine,
        Rejection::NotInLine,
        Rejection::LineBusy,
        Rejection::WindowPaused,
        Rejection::Conflict,
        Rejection::TooManyRequests,
        Rejection::Import("x".to_owned()),
    ];
    // What only the registrar can be told is an answer over HTTP.
    let unknown = [
        Unknown::Course("x".to_owned()),
        Unknown::Section("x".to_owned()),
        Unknown::TooMany(2, "sections"),
    ];
    let rejections = rejections.iter().map(|r| (r.key(), r.to_string()));
    let unknown = unknown.iter().map(|u| (u.key(), u.to_string()));
    let own = ["message_invalid", "hello_first", "hello_once"].map(|c| (c, String::new()));
    let error = |(code, detail): (&str, String)| ServerMessage::Error {
        id: Some(Uuid::from_u128(1)),
        code: code.to_owned(),
        detail,
    };
    rejections.chain(unknown).chain(own).map(error).collect()
}

fn welcome(world: &World) -> StudentView {
    let registry = &world.university.registry;
    let catalogue = &registry.catalogue;
    let id = StudentId(0);
    let who = registry.student(id);
    let sections = who.plan.courses.iter().flat_map(|r| r.sections(catalogue));
    let quotes = world.university.quotes(&sections.collect::<Vec<_>>());
    let blockers = registry.blockers(id, &who.plan, &quotes);
    let outcome = |item: &InboxItem| match &item.notice {
        Notice::Outcome { request, course, outcome, instead_of } => {
            let when = (item.sequence, item.at);
            Some(convert::outcome_view(catalogue, *request, *course, outcome, *instead_of, when))
        }
        _ => None,
    };
    let enrolments = &registry.student(StudentId(1)).enrolments;
    StudentView {
        protocol: PROTOCOL_VERSION,
        server_time: 1,
        student: who.profile.key.to_string(),
        programme: None,
        year: who.profile.year,
        windows: registry.windows.iter().map(|w| convert::window_view(catalogue, w)).collect(),
        plan: convert::plan_view(catalogue, &who.plan, &blockers),
        enrolments: enrolments.iter().map(|e| convert::enrolment_view(catalogue, e)).collect(),
        waitlist: vec![WaitlistView {
            course: "C".to_owned(),
            rank: 1,
            ahead: vec![],
            keeps: None,
        }],
        line: vec![TicketView { window: "w0".to_owned(), ticket: 0, among: 1 }],
        outcomes: who.inbox.iter().filter_map(outcome).collect(),
        unread: registry.unread(id),
        sequence: who.sequence,
        as_of: registry.sequence.0,
    }
}

/// At least one of each; a new variant does not compile until it is here.
fn server_samples() -> Vec<ServerMessage> {
    use ServerMessage as S;
    let world = world();
    let registry = &world.university.registry;
    let catalogue = &registry.catalogue;
    let view = welcome(&world);
    assert!(!view.outcomes.is_empty() && !view.enrolments.is_empty());
    assert!(!view.plan.courses.is_empty() && view.windows.iter().any(|w| w.seed.is_none()));
    let window = || "w0".to_owned();
    let section = world.s("A/t1");
    let forecast = |seats_left, verdict| {
        let alternatives = vec![section];
        let forecast = CourseForecast { course: world.c("A"), seats_left, verdict, alternatives };
        convert::forecast_view(catalogue, &forecast)
    };
    let quote = world.university.sections[section.index()].quote();
    let unlimited = crate::domain::section::Quote { left: None, ..quote };
    let seats = [quote, unlimited].map(|q| convert::seats_view(catalogue, section, q));
    let position = |eta| S::Position {
        window: window(),
        position: 1,
        of: 2,
        eta_low: eta,
        eta_high: eta,
        serving: 0,
    };
    let entry = WaitlistView {
        course: "A".to_owned(),
        rank: 2,
        ahead: vec![AheadView { section: "A/t1".to_owned(), ahead: 1 }],
        keeps: Some("C".to_owned()),
    };
    let forecasts = vec![
        forecast(None, Verdict::Likely),
        forecast(Some(1), Verdict::Unlikely),
        forecast(Some(0), Verdict::Full),
    ];
    let mut samples = vec![
        S::Window { window: view.windows[0].clone() },
        S::Armed { window: window(), ticket: 0, among: 1 },
        S::Disarmed { window: window() },
        position(None),
        position(Some(3)),
        S::Forecast { window: window(), courses: forecasts },
        S::Seats { as_of: u64::MAX, sections: seats.to_vec() },
        S::Outcomes { sequence: 1, unread: 0, outcomes: view.outcomes.clone(), served: Vec::new() },
        S::Outcomes {
            sequence: 1,
            unread: 0,
            outcomes: view.outcomes.clone(),
            served: vec![window()],
        },
        S::WaitlistRank { entry },
        S::Plan { plan: view.plan.clone(), sequence: 2 },
        S::Announcement {
            journal: 9,
            at: 1,
            text: server::TextView { nl: "Dag".to_owned(), en: "Hello".to_owned() },
        },
        S::Busy { id: None, retry_after_ms: limits::BUSY_RETRY_MS },
        S::Busy { id: Some(Uuid::from_u128(2)), retry_after_ms: 1 },
        S::Read { up_to: 7, unread: 0, sequence: 3 },
        S::Preferences {
            preferences: convert::preferences_view(&Preferences::default()),
            sequence: 3,
        },
        S::Resync {},
        S::Pong { n: u64::MAX, server_time: 1 },
        S::Welcome(Box::new(view)),
    ];
    samples.extend(messages(&world));
    samples.extend(errors());
    for sample in &samples {
        match sample {
            S::Welcome(_) | S::Window { .. } | S::Armed { .. } | S::Disarmed { .. } => {}
            S::Position { .. } | S::Forecast { .. } | S::Seats { .. } | S::Outcomes { .. } => {}
            S::WaitlistRank { .. } | S::Message { .. } | S::Plan { .. } | S::Busy { .. } => {}
            S::Read { .. } | S::Preferences { .. } | S::Announcement { .. } => {}
            S::Error { .. } | S::Resync {} | S::Pong { .. } => {}
        }
    }
    samples
}

#[test]
fn every_server_message_is_described_and_every_example_is_real() {
    let document = document();
    let described = names(&document, "toClient");
    let samples = server_samples();
    assert_eq!(described, samples.iter().map(name_of).collect());
    for sample in &samples {
        check(&document, &serde_json::to_value(sample).unwrap());
    }
    for name in &described {
        for example in examples(&document, name) {
            check(&document, &example);
            let message: ServerMessage = serde_json::from_value(example.clone())
                .unwrap_or_else(|e| panic!("{name}: {e}: {example}"));
            let again = serde_json::to_value(&message).unwrap();
            assert_eq!(again, example, "{name}: an example is what the gateway would send");
        }
    }
}

#[test]
fn nothing_is_described_that_is_not_used() {
    let document = document();
    let listed = |value: &Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let mut both = names(&document, "fromClient");
    both.extend(names(&document, "toClient"));
    assert_eq!(listed(&document["components"]["messages"]), both);
    assert_eq!(listed(&document["channels"]["session"]["messages"]), both);
    let text = include_str!("../../docs/asyncapi.yaml");
    for schema in listed(&document["components"]["schemas"]) {
        let reference = format!("#/components/schemas/{schema}'");
        assert!(text.contains(&reference), "the schema {schema} is not used");
    }
}

#[test]
fn words_with_a_fixed_choice_are_those_of_the_code() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let words = |value: &Value| -> BTreeSet<String> {
        value.as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(words(&schemas["Reason"]["enum"]), Reason::KEYS.map(str::to_owned).into());
    let codes = errors().into_iter().map(|error| match error {
        ServerMessage::Error { code, .. } => code,
        other => panic!("{other:?}"),
    });
    assert_eq!(words(&schemas["ErrorCode"]["enum"]), codes.collect());
    let kinds = messages(&world()).into_iter().map(|message| match message {
        ServerMessage::Message { message: server::MessageView { kind, .. }, .. } => kind,
        other => panic!("{other:?}"),
    });
    assert_eq!(words(&schemas["Message"]["properties"]["kind"]["enum"]), kinds.collect());
    assert_eq!(schemas["Protocol"]["const"], json!(PROTOCOL_VERSION));
}

#[test]
fn close_codes_and_limits_are_those_of_the_code() {
    let document = document();
    let described: Vec<(u64, &str)> = document["x-close-codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["code"].as_u64().unwrap(), c["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(described, Close::ALL.map(|c| (u64::from(c.code()), c.key())));
    let expected: BTreeMap<&str, u64> = BTreeMap::from([
        ("message_bytes_max", limits::MESSAGE_BYTES_MAX as u64),
        ("message_fragments_max", limits::MESSAGE_FRAGMENTS_MAX as u64),
        ("plan_requests_max", limits::PLAN_REQUESTS_MAX as u64),
        ("plan_choices_max", limits::PLAN_CHOICES_MAX as u64),
        ("plan_sections_max", limits::PLAN_SECTIONS_MAX as u64),
        ("watched_max", limits::WATCHED_MAX as u64),
        ("message_ms_max", limits::MESSAGE_MS_MAX),
        ("hello_ms_max", limits::HELLO_MS_MAX),
        ("silence_ms_max", limits::SILENCE_MS_MAX),
        ("resume_missed_max", limits::RESUME_MISSED_MAX as u64),
        ("messages_per_second", limits::MESSAGES_PER_SECOND.into()),
        ("messages_burst", limits::MESSAGES_BURST.into()),
        ("message_unit_bytes", limits::MESSAGE_UNIT_BYTES as u64),
        ("messages_refused_max", limits::MESSAGES_REFUSED_MAX.into()),
        ("sessions_per_student_max", limits::SESSIONS_PER_STUDENT_MAX as u64),
        ("view_outcomes_max", limits::VIEW_OUTCOMES_MAX as u64),
    ]);
    assert_eq!(document["x-limits"], json!(expected));
    let schemas = &document["components"]["schemas"];
    let bounds = [
        (&schemas["CourseRequests"]["maxItems"], limits::PLAN_REQUESTS_MAX),
        (&schemas["WatchedKeys"]["maxItems"], limits::WATCHED_MAX),
        (&schemas["Choice"]["oneOf"][1]["maxItems"], limits::PLAN_CHOICES_MAX),
        (&schemas["CourseRequest"]["properties"]["choices"]["maxItems"], limits::COMPONENTS_MAX),
        (&schemas["Forecast"]["properties"]["alternatives"]["maxItems"], limits::ALTERNATIVES_MAX),
    ];
    for (described, limit) in bounds {
        assert_eq!(*described, json!(limit));
    }
}
