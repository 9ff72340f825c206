//! How long a start takes on a journal of a million enrolments, with a snapshot and without one.
//!
//! ```text
//! cargo bench --bench restart [-- --students 200000 --courses-each 5 --rounds 5]
//! ```
//!
//! Each enrolment is a record of its own, made by the real decision. Prints the medians and one
//! JSON line.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sluis::application::recover::{enrolments, recover};
use sluis::application::snapshots::snapshot;
use sluis::domain::catalogue::{ComponentKind, Term, Text};
use sluis::domain::command::Command;
use sluis::domain::event::Record;
use sluis::domain::ids::{
    CourseId, Credits, Key, RequestId, Sequence, StudentId, Timestamp, WindowId,
};
use sluis::domain::import::{Draft, DraftComponent, DraftCourse, DraftSection};
use sluis::domain::plan::{CourseRequest, Plan};
use sluis::domain::student::Profile;
use sluis::domain::university::University;
use sluis::domain::window::{ClashPolicy, Order, Scope, WindowRules};
use sluis::journal::{self, Journal, RecordBuffer, Writer, record};

const COURSES: u32 = 1_000;

struct Size {
    students: u32,
    each: u32,
    rounds: usize,
}

impl Size {
    fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let number = |flag: &str, default: u32| {
            let at = arguments.iter().position(|a| a == flag);
            at.map_or(default, |i| {
                let value = arguments.get(i + 1).and_then(|v| v.parse().ok());
                value.unwrap_or_else(|| panic!("{flag} takes a whole number"))
            })
        };
        let rounds = number("--rounds", 5) as usize;
        Self { students: number("--students", 200_000), each: number("--courses-each", 5), rounds }
    }
}

fn key(text: &str) -> Key {
    Key::new(text).expect("a plain name")
}

fn course(number: u32) -> DraftCourse {
    let section = DraftSection {
        key: key(&format!("C{number}/1")),
        capacity: Some(1_000_000),
        meetings: Vec::new(),
        parent: None,
    };
    let name: Text = Text { nl: "Vak".into(), en: "Course".into() };
    DraftCourse {
        key: key(&format!("C{number}")),
        term: key("term"),
        description: name.clone(),
        name,
        credits: Credits(500),
        url: None,
        faculty: None,
        level: None,
        language: None,
        period: None,
        prerequisites: Vec::new(),
        part_of: None,
        components: vec![DraftComponent { kind: ComponentKind::Lecture, sections: vec![section] }],
    }
}

fn draft(students: u32) -> Draft {
    let rules = WindowRules {
        key: key("window"),
        name: Text::default(),
        term: 0,
        opens_at: None,
        closes_at: None,
        opens_after_sign_in_s: None,
        order: Order::Arrival,
        pace: None,
        clash: ClashPolicy::Refuse,
        credit_limit: None,
        waitlists: true,
        scope: Scope::Courses,
        rehearsal: false,
        seed: [7; 32],
    };
    let student = |i| Profile {
        key: key(&format!("s{i}")),
        programme: None,
        year: 1,
        blocks: Vec::new(),
        completed: Vec::new(),
    };
    Draft {
        terms: vec![Term { key: key("term"), name: Text::default(), first_monday: 20_000 }],
        courses: (0..COURSES).map(course).collect(),
        windows: vec![(key("term"), rules)],
        students: (0..students).map(student).collect(),
        ..Draft::default()
    }
}

/// Decides what is asked and keeps the records in a journal.
struct Scribe {
    university: University,
    journal: journal::sled::SledJournal,
    buffer: RecordBuffer,
}

impl Scribe {
    fn new(data: &Path) -> Self {
        let journal = journal::sled::open(data).expect("a new journal");
        let buffer = RecordBuffer::starting_at(Sequence(1));
        Self { university: University::default(), journal, buffer }
    }

    fn decide(&mut self, command: Command) {
        let (answer, records) = self.university.turn(command, 1, Timestamp(1_800_000_000_000));
        answer.expect("an accepted command");
        for record in &records {
            self.write(record);
        }
        if self.buffer.byte_len() > 128 * 1024 {
            self.commit();
        }
    }

    fn write(&mut self, record: &Record) {
        let pushed = self.buffer.push_with(|bytes| {
            record::encode(record, bytes).expect("a record that fits");
        });
        pushed.expect("room in the buffer");
    }

    fn commit(&mut self) {
        let mut rest = self.buffer.records();
        let mut next = rest.first();
        while !rest.is_empty() {
            rest = self.journal.append(rest).expect("written").rest;
            self.journal.flush().expect("on disk");
            next = self.journal.durable().next();
        }
        self.buffer = RecordBuffer::starting_at(next);
    }
}

fn fill(data: &Path, size: &Size) {
    let mut scribe = Scribe::new(data);
    scribe.decide(Command::Import(Arc::new(draft(size.students))));
    scribe.decide(Command::Open(WindowId(0)));
    let mut number = 0_u32;
    for student in 0..size.students {
        for nth in 0..size.each {
            number += 1;
            let course = CourseId((student * 7 + nth * 131) % COURSES);
            let wanted = CourseRequest::any(&scribe.university.registry.catalogue, course, false);
            let mut request = [0; 16];
            request[..4].copy_from_slice(&number.to_be_bytes());
            scribe.decide(Command::Submit {
                student: StudentId(student),
                window: WindowId(0),
                request: RequestId(request),
                plan: Some(Arc::new(Plan { courses: vec![Arc::new(wanted)] })),
                queue: false,
            });
        }
    }
    scribe.commit();
    let oldest = scribe.university.registry.sequence;
    assert_eq!(scribe.journal.durable(), oldest, "everything is on disk");
    Box::new(scribe.journal).close().expect("closed");
}

/// Opens and rebuilds; seconds for each of the two, and what came back.
fn start(data: &Path, expected: usize) -> (f64, f64) {
    let since = Instant::now();
    let opened = journal::sled::open(data).expect("opens");
    let open = since.elapsed().as_secs_f64();
    let recovered = recover(Box::new(opened)).expect("rebuilds");
    let whole = since.elapsed().as_secs_f64();
    assert_eq!(enrolments(&recovered.university), expected);
    assert_eq!(recovered.violations, []);
    recovered.journal.close().expect("closes");
    (open, whole)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn measure(data: &Path, size: &Size, expected: usize) -> (f64, f64) {
    let rounds: Vec<(f64, f64)> = (0..size.rounds.max(1)).map(|_| start(data, expected)).collect();
    let (open, whole) = rounds.into_iter().unzip();
    (median(open), median(whole))
}

fn take_snapshot(data: &Path) {
    let journal = journal::sled::open(data).expect("opens");
    let (reader, durable) = (journal.reader(), journal.durable());
    let writer = Writer::start(
        Box::new(journal),
        durable.next(),
        Box::new(|_, _| {}),
        Box::new(|fault| panic!("{fault}")),
    );
    let writer = writer.expect("starts");
    snapshot(&writer, &reader, durable).expect("a snapshot");
    drop(reader);
    writer.close().expect("closes");
}

fn main() {
    let size = Size::from_arguments();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path();
    let expected = size.students as usize * size.each as usize;
    let since = Instant::now();
    fill(data, &size);
    let filled = since.elapsed().as_secs_f64();
    println!("{expected} enrolments in {expected} records made and written in {filled:.1} s");
    let (open, without) = measure(data, &size, expected);
    println!("without a snapshot: usable after {without:.2} s, {open:.2} s of them opening");
    take_snapshot(data);
    let (open, with) = measure(data, &size, expected);
    println!("with a snapshot: usable after {with:.2} s, {open:.2} s of them opening");
    println!(
        "{{\"enrolments\":{expected},\"rounds\":{},\"seconds_without_snapshot\":{without:.3},\
         \"seconds_with_snapshot\":{with:.3}}}",
        size.rounds
    );
}
