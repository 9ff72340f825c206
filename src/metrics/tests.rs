//! Series have a bound, whatever comes from outside; names and labels follow the rules.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::facts::{Facts, JournalFacts};
use super::known::OTHER;
use super::*;
use crate::actors::tell;
use crate::domain::catalogue::{ComponentKind, Term, Text};
use crate::domain::ids::{CourseId, SectionId, Timestamp};
use crate::domain::outcome::Rejection;
use crate::domain::plan::PlanFault;
use crate::domain::testkit::{self, part, sec};
use crate::protocol::convert::Unknown;

/// Facts of a university with so many windows, terms and sections, all sections wanted.
fn facts(windows: usize, terms: usize, sections: usize) -> Facts {
    let mut draft = testkit::draft();
    for t in 1..terms {
        let key = testkit::key(&format!("term{t}"));
        draft.terms.push(Term { key, name: Text::default(), first_monday: 20_000 });
    }
    for t in 0..terms {
        let section = sec(&format!("T{t}/P"), 1);
        let practical = part(ComponentKind::Practical, &[section]);
        let term = draft.terms[t].key.clone();
        draft = draft.course(&format!("T{t}"), &[practical]).with(|course| course.term = term);
    }
    for s in terms..sections {
        draft = draft.simple(&format!("S{s}"), 10);
    }
    for _ in 0..windows {
        draft = draft.window(|_| {});
    }
    let world = draft.given();
    let registry = &world.university.registry;
    let mut facts = Facts {
        public: Arc::new(tell::public(registry)),
        sections: world.university.sections.clone(),
        ..Facts::default()
    };
    for section in &mut facts.sections {
        section.taken = 1 + section.id.0 % 7;
    }
    facts.tallies.lines = vec![1; windows];
    facts.mailboxes = vec![(Mailbox::Line, 1)];
    facts.limiter_keys = vec![(Limiter::StudentMessages, 1)];
    facts
}

fn series<'a>(text: &'a str, name: &'a str) -> Vec<&'a str> {
    let of_it = |line: &&str| line.split(['{', ' ']).next() == Some(name);
    text.lines().filter(of_it).collect()
}

#[test]
fn windows_terms_and_sections_beyond_the_bound_make_no_series() {
    let (windows, terms) = (limits::METRIC_WINDOWS_MAX, limits::METRIC_TERMS_MAX);
    let sections = limits::METRIC_SECTIONS_MAX;
    let at = Metrics::new().render_with(&facts(windows, terms, sections));
    assert_eq!(series(&at, "sluis_line_waiting").len(), windows);
    assert_eq!(series(&at, "sluis_window_state").len(), 4 * windows);
    assert_eq!(series(&at, "sluis_hot_section_seats").len(), 4 * sections);
    assert!(!at.contains(r#""other",state"#) && !at.contains(r#"window="other""#));

    let metrics = Metrics::new();
    let beyond = WindowId(windows as u32);
    for window in [WindowId(0), beyond, WindowId(beyond.0 + 4), WindowId(u32::MAX)] {
        metrics.count(&Count::TicketDecided(window));
    }
    let text = metrics.render_with(&facts(windows + 5, terms + 3, sections + 9));
    assert_eq!(series(&text, "sluis_line_waiting").len(), windows + 1);
    assert!(text.contains("sluis_line_waiting{window=\"other\"} 5\n"), "{text}");
    assert!(text.contains("sluis_line_decided_total{window=\"w0\"} 1\n"));
    assert!(text.contains("sluis_line_decided_total{window=\"other\"} 3\n"));
    assert_eq!(series(&text, "sluis_window_state").len(), 4 * windows);
    assert_eq!(series(&text, "sluis_hot_section_seats").len(), 4 * sections);
    let others = r#"sluis_seats{kind="practical",state="capacity",term="other"} 3"#;
    assert!(text.contains(others), "{text}");
    let term_of =
        |line: &str| line.split("term=\"").nth(1).unwrap().split('"').next().map(str::to_owned);
    let told: BTreeSet<_> = series(&text, "sluis_seats").into_iter().map(term_of).collect();
    assert_eq!(told.len(), terms + 1);
}

#[test]
fn the_hottest_sections_are_those_most_wanted_for_each_seat() {
    let mut facts = facts(1, 1, 30);
    let hottest = SectionId(25);
    facts.tallies.waitlisted = vec![0; 30];
    facts.tallies.waitlisted[hottest.index()] = 40;
    facts.tallies.in_line = vec![3; 30];
    let text = Metrics::new().render_with(&facts);
    let of = |state: &str, value: u32| {
        format!("sluis_hot_section_seats{{section=\"S25/1\",state=\"{state}\"}} {value}\n")
    };
    for line in [of("capacity", 10), of("taken", 5), of("waitlisted", 40), of("in_line", 3)] {
        assert!(text.contains(&line), "{line} {text}");
    }
    // Nobody wants anything: nothing is hot.
    facts.tallies = crate::actors::tally::Tallies::default();
    facts.sections.iter_mut().for_each(|section| section.taken = 0);
    let text = Metrics::new().render_with(&facts);
    assert_eq!(series(&text, "sluis_hot_section_seats").len(), 0);
}

#[test]
fn what_comes_from_outside_makes_no_series() {
    let metrics = Metrics::new();
    let lines = || metrics.render().lines().count();
    metrics.routes([("/api/plan", "GET"), ("/ws", "GET"), ("unmatched", "GET")].into_iter());
    let before = lines();
    for code in ["made_up", "s1000001", ""] {
        metrics.message_refused(code);
    }
    for code in [1000, 1001, 1005, 4999, 3000] {
        metrics.closed_by_peer(Some(code));
    }
    metrics.closed_by_peer(None);
    for close in Close::ALL {
        metrics.closed(close);
    }
    metrics.message(CLIENT_TYPES.len() + 7);
    for status in [0, 99, 101, 200, 304, 404, 499, 503, 999] {
        metrics.request_ended("/api/plan", "GET", status, Duration::ZERO);
    }
    metrics.hand_over();
    assert_eq!(lines(), before);
    let text = metrics.render();
    assert!(text.contains("sluis_messages_total{kind=\"unreadable\"} 1\n"));
    assert!(text.contains(&format!("sluis_messages_refused_total{{code=\"{OTHER}\"}} 3\n")));
    assert!(text.contains("sluis_sessions_closed_total{code=\"other\",reason=\"peer\"} 2\n"));
    assert!(text.contains("sluis_sessions_closed_total{code=\"1006\",reason=\"peer\"} 1\n"));
    assert!(!text.contains("sluis_http_request_seconds_count{route=\"/ws\"}"));
}

/// Each is named, so that a new one is a fault of this test and not a series nobody knows.
#[test]
fn every_error_code_that_a_client_may_get_is_known() {
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
        Rejection::Plan(PlanFault::CourseTwice(course)),
        Rejection::AlreadyInLine,
        Rejection::NotInLine,
        Rejection::LineBusy,
        Rejection::Conflict,
        Rejection::TooManyRequests,
        Rejection::Import(String::new()),
        Rejection::WindowPaused,
    ];
    // A new kind does not compile until it is put here, and above if a session may hear it.
    let heard = |rejection: &Rejection| match rejection {
        Rejection::UnknownStudent
        | Rejection::UnknownWindow
        | Rejection::UnknownCourse
        | Rejection::UnknownSection
        | Rejection::WindowNotOpen
        | Rejection::WindowClosed
        | Rejection::WindowState
        | Rejection::NotARehearsal
        | Rejection::PlanEmpty
        | Rejection::Plan(_)
        | Rejection::AlreadyInLine
        | Rejection::NotInLine
        | Rejection::LineBusy
        | Rejection::Conflict
        | Rejection::TooManyRequests
        | Rejection::Import(_)
        | Rejection::WindowPaused => true,
        // The registrar's acts come over HTTP alone.
        Rejection::Refused(_) | Rejection::Sections | Rejection::TooManyBlocks => false,
    };
    assert!(rejections.iter().all(heard));
    let unknown = [
        Unknown::Course(String::new()),
        Unknown::Section(String::new()),
        Unknown::TooMany(1, "sections"),
    ];
    let codes = rejections.iter().map(Rejection::key).chain(unknown.iter().map(Unknown::key));
    for code in codes {
        assert!(ERROR_CODES.contains(&code), "{code}: put it into known.rs");
    }
}

#[test]
fn labels_are_where_their_value_stands() {
    for (i, full) in Full::ALL.into_iter().enumerate() {
        assert_eq!(full as usize, i);
    }
    for (i, limiter) in Limiter::ALL.into_iter().enumerate() {
        assert_eq!(limiter as usize, i);
    }
    for (i, mailbox) in Mailbox::ALL.into_iter().enumerate() {
        assert_eq!(mailbox as usize, i);
    }
    for (i, thread) in Thread::ALL.into_iter().enumerate() {
        assert_eq!(thread as usize, i);
    }
}

#[test]
fn the_fullest_mailbox_of_a_kind_is_told_apart_from_all_of_them() {
    // Given lines of which one is far behind, and more mailboxes than are told apart.
    let metrics = Metrics::new();
    let most = limits::METRIC_MAILBOXES_MAX;
    for (which, messages) in [(0, 1), (3, 5), (4, 2)] {
        (0..messages).for_each(|_| metrics.mail(Mailbox::Line, which));
    }
    metrics.mail_taken(Mailbox::Line, 4);
    for which in [most - 1, most, most + 7, usize::MAX] {
        metrics.mail(Mailbox::Messenger, which);
    }
    let text = metrics.render();
    let of = |name: &str, actor: &str, value: u32| {
        assert!(text.contains(&format!("sluis_mailbox_{name}{{actor=\"{actor}\"}} {value}\n")));
    };
    of("depth", "line", 7);
    of("fullest_depth", "line", 5);
    of("depth", "messenger", 4);
    of("fullest_depth", "messenger", 3);
    of("fullest_depth", "registrar", 0);
}

#[test]
fn a_beat_that_comes_late_stands_for_those_that_were_missed() {
    let metrics = Metrics::new();
    let beat = Duration::from_millis(limits::LAG_TIMER_MS);
    let late = |thread: &str, le: &str| {
        let text = metrics.render();
        let bucket =
            format!("sluis_threads_lag_seconds_bucket{{thread=\"{thread}\",le=\"{le}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&bucket));
        line.unwrap().parse::<u32>().unwrap()
    };
    // On time, and half a beat late: one each.
    metrics.lag(Thread::Worker, beat, beat);
    metrics.lag(Thread::Worker, beat, beat + beat / 2);
    assert_eq!((late("worker", "0.0005"), late("worker", "+Inf")), (1, 2));
    // Ten beats late: those ten, each later than the one after it, and the one that is on time.
    metrics.lag(Thread::Decision, beat, beat * 11);
    let told = ["0.0005", "0.25", "0.5", "1", "2.5", "+Inf"].map(|le| late("decision", le));
    assert_eq!(told, [1, 3, 5, 10, 11, 11]);
    assert_eq!(metrics.decision_beats(), 11);
    // A machine that slept: no more than a minute's.
    metrics.lag(Thread::Decision, beat, Duration::from_secs(86_400));
    assert_eq!(metrics.decision_beats(), 11 + u64::from(limits::LAG_BEATS_MAX));
}

#[test]
fn times_are_told_by_stage() {
    let metrics = Metrics::new();
    let now = crate::clock::monotonic();
    let at = |ms: u64| now + Duration::from_millis(ms);
    let times = metrics.stage_times();
    times.durable(&[Turn { since: at(0), started: at(20), decided: at(20) }], at(300));
    assert!(metrics.render().contains("sluis_stage_seconds_count{stage=\"decide\"} 0\n"));
    times.flush();
    let asked = Asked { since: at(0), ticket: false };
    metrics.told(&[asked, Asked { ticket: true, ..asked }], at(300), at(302));
    metrics.waited(&[250, 90_000]);
    assert!(metrics.render().contains("sluis_submit_seconds_count{via=\"ticket\"} 0\n"));
    metrics.hand_over();
    let text = metrics.render();
    for line in [
        "sluis_stage_seconds_bucket{stage=\"line\",le=\"0.01\"} 0",
        "sluis_stage_seconds_bucket{stage=\"line\",le=\"0.025\"} 1",
        "sluis_stage_seconds_bucket{stage=\"decide\",le=\"0.0005\"} 1",
        "sluis_stage_seconds_bucket{stage=\"journal\",le=\"0.25\"} 0",
        "sluis_stage_seconds_bucket{stage=\"journal\",le=\"0.5\"} 1",
        "sluis_stage_seconds_count{stage=\"tell\"} 2",
        "sluis_submit_seconds_count{via=\"command\"} 1",
        "sluis_submit_seconds_count{via=\"ticket\"} 1",
        "sluis_line_wait_seconds_bucket{le=\"0.25\"} 1",
        "sluis_line_wait_seconds_bucket{le=\"120\"} 2",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line}\n{text}");
    }
}

#[test]
fn names_follow_the_rules_and_each_says_what_it_is() {
    let mut facts = facts(1, 1, 3);
    facts.now = Timestamp(1_500);
    facts.journal = JournalFacts { snapshot: (Sequence(5), Timestamp(2_000)), ..facts.journal };
    let text = Metrics::new().render_with(&facts);
    assert!(text.contains("sluis_time_seconds 1.5\n") && text.contains("_timestamp_seconds 2\n"));
    let mut names = BTreeSet::new();
    let mut helped = BTreeSet::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, help) = help.split_once(' ').unwrap();
            assert!(help.len() > 8, "{name} is not explained");
            helped.insert(name);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(names.insert(name), "{name} twice");
            let total = name.ends_with("_total");
            assert_eq!(total, kind == "counter", "{name} is a {kind}");
            let ours = name.starts_with("sluis_") || name.starts_with("process_");
            assert!(ours, "{name}: the prefix is sluis_");
            for word in ["_ms", "_milliseconds", "_kb", "_mb", "_percent"] {
                assert!(!name.contains(word), "{name}: base units only");
            }
        }
    }
    assert_eq!(names, helped);
    assert!(names.len() > 60, "{} metrics", names.len());
}

/// What stands above the table.
const HEAD: &str = "# Metrics

What the gateway tells at `/metrics` on the operators' address (`[metrics] listen`), as Prometheus's
text format. Counters of what was decided count what is on disk, and after a restart are what the
journal folds into; all others begin at 0 with the process. Every label value is there from the start,
except those that come with a catalogue. No label ever holds a student. `process_*` is from the
prometheus crate.

This table is written by `SLUIS_METRICS=write cargo test -p sluis --lib table_of_metrics`.

| name | type | labels | what |
| --- | --- | --- | --- |
";

fn table() -> String {
    let metrics = Metrics::new();
    metrics.routes([("/api/plan", "GET")].into_iter());
    let text = metrics.render_with(&facts(1, 1, 3));
    let mut rows = String::from(HEAD);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(help) = line.strip_prefix("# HELP ") else { continue };
        let (name, help) = help.split_once(' ').unwrap();
        let kind = lines.next().unwrap().rsplit(' ').next().unwrap();
        let series = lines.peek().copied().unwrap_or_default();
        let labels =
            series.split_once('{').map_or("", |(_, rest)| rest.rsplit_once('}').unwrap().0);
        let names =
            labels.split(',').filter_map(|label| label.split_once('=')).map(|(name, _)| name);
        let names: Vec<_> = names.filter(|name| *name != "le").collect();
        let row = format!("| `{name}` | {kind} | {} | {help} |\n", names.join(", "));
        rows.push_str(&row.replace("|  |", "| |"));
    }
    rows
}

#[test]
fn the_table_of_metrics_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/METRICS.md");
    let table = table();
    if std::env::var_os("SLUIS_METRICS").is_some_and(|word| word == "write") {
        std::fs::write(path, &table).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(table == written, "docs/METRICS.md is not what the program tells:\n{table}");
}

#[test]
fn workers_count_for_themselves_and_hand_over() {
    let (one, other) = (Metrics::new(), Metrics::new());
    let frames = |metrics: &Metrics| {
        let text = metrics.render();
        let line = series(&text, "sluis_frames_sent_total")[0].to_owned();
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    std::thread::scope(|scope| {
        let work = || {
            (0..500).for_each(|_| one.frame());
            assert!(frames(&one) <= 510, "not before it hands over");
            one.hand_over();
            (0..10).for_each(|_| one.frame());
        };
        let workers = [scope.spawn(work), scope.spawn(work)];
        for worker in workers {
            worker.join().unwrap();
        }
    });
    assert_eq!(frames(&one), 1_020, "a worker that ends hands over too");
    one.frame();
    other.frame();
    other.hand_over();
    assert_eq!((frames(&one), frames(&other)), (1_021, 1), "each its own");
}
