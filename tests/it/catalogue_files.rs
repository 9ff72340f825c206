//! Real terms, when their files are at hand (`SLUIS_SHARED_DATA`, or `../shared/data` beside the
//! repository), else made ones: times are read rightly, and each request run alone grants
//! min(requests, capacity) in every section.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sluis::domain::catalogue::Text;
use sluis::domain::command::Command;
use sluis::domain::ids::{Key, RequestId, SectionId, StudentId, Timestamp, WindowId};
use sluis::domain::import::Draft;
use sluis::domain::plan::{CourseRequest, Plan};
use sluis::domain::student::Profile;
use sluis::domain::university::University;
use sluis::domain::window::{ClashPolicy, Order, Scope, WindowRules};
use sluis::domain::{invariants, outcome::Outcome};
use sluis::protocol::files;

/// A term: the sections as a file, and who asks for which section.
struct Given {
    name: String,
    sections: Vec<u8>,
    requests: Vec<(u32, String)>,
    granted: Option<usize>,
}

fn shared() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let directory = std::env::var_os("SLUIS_SHARED_DATA").map_or_else(beside, PathBuf::from);
    directory.join("ufabc").is_dir().then_some(directory)
}

fn real(directory: &Path, term: &str, granted: usize) -> Given {
    let path = |suffix: &str| directory.join(format!("ufabc/{term}_requests{suffix}.gz"));
    let sections = std::fs::read(path("_sections.json")).unwrap();
    let mut csv = String::new();
    let packed = std::fs::read(path(".csv")).unwrap();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut csv).unwrap();
    let row = |line: &str| {
        let (student, section) = line.split_once(',').unwrap();
        (student.parse().unwrap(), section.to_owned())
    };
    let requests = csv.lines().skip(1).map(row).collect();
    Given { name: format!("{term}_sections.json.gz"), sections, requests, granted: Some(granted) }
}

/// Ninety sections at hours of their own per weekday, so that a student who takes one a day has
/// no clash.
fn made() -> Given {
    let mut json = String::from("[");
    for id in 0..90 {
        let comma = if id == 0 { "" } else { "," };
        let (day, start) = (id % 5 + 1, 8 + id / 5 % 6 * 2);
        let weeks = ["all", "odd", "even"][id / 30];
        write!(
            json,
            r#"{comma}{{"id":{id},"code":"M{id}","name":"Made {id}","campus":"A","credits":4,
            "tpi":[3,1,4],"capacity":{},"freshman_seats":2,"meetings":[
            {{"day":{day},"start":"{start:02}:00","end":"{}:00","weeks":"{weeks}"}}]}}"#,
            id % 17,
            start + 2,
        )
        .unwrap();
    }
    json.push(']');
    let pick = |student: u32, day: u32| ((student * 7 + day * 13) % 18 * 5 + day).to_string();
    let requests = (0..300).flat_map(|s| (0..5).map(move |day| (s, pick(s, day)))).collect();
    Given { name: "made.json".into(), sections: json.into_bytes(), requests, granted: None }
}

fn terms() -> Vec<Given> {
    match shared() {
        Some(directory) => {
            vec![real(&directory, "2017q1", 33_507), real(&directory, "2016nov", 34_561)]
        }
        None => vec![made()],
    }
}

fn window(draft: &Draft) -> (Key, WindowRules) {
    let rules = WindowRules {
        key: Key::new("w").unwrap(),
        name: Text::default(),
        term: 0,
        opens_at: None,
        closes_at: None,
        opens_after_sign_in_s: None,
        order: Order::Arrival,
        pace: None,
        clash: ClashPolicy::Warn,
        credit_limit: None,
        waitlists: false,
        scope: Scope::Courses,
        rehearsal: false,
        seed: [0; 32],
    };
    (draft.terms[0].key.clone(), rules)
}

fn university(given: &Given) -> (University, HashMap<u32, StudentId>) {
    let mut no_seed = || unreachable!("a list of sections has no windows");
    let mut draft = files::catalogue(&given.name, &given.sections, None, &mut no_seed).unwrap();
    let mut numbers: Vec<u32> = given.requests.iter().map(|(student, _)| *student).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let profile = |number: &u32| Profile {
        key: Key::new(&format!("s{number}")).unwrap(),
        programme: None,
        year: 0,
        blocks: vec![],
        completed: vec![],
    };
    draft.students = numbers.iter().map(profile).collect();
    draft.windows = vec![window(&draft)];
    let mut university = University::default();
    university.turn(Command::Import(Arc::new(draft)), 1, Timestamp(0)).0.unwrap();
    university.turn(Command::Open(WindowId(0)), 1, Timestamp(0)).0.unwrap();
    let ids = numbers.iter().zip(0..).map(|(number, id)| (*number, StudentId(id))).collect();
    (university, ids)
}

fn section(university: &University, id: &str) -> SectionId {
    university.registry.catalogue.section_id(&format!("{id}/1")).unwrap()
}

#[test]
fn no_students_own_list_contains_a_clash() {
    for given in terms() {
        let (university, _) = university(&given);
        let mut lists: HashMap<u32, Vec<SectionId>> = HashMap::new();
        for (student, id) in &given.requests {
            let list = lists.entry(*student).or_default();
            let new = section(&university, id);
            for old in list.iter() {
                let clash = university.registry.catalogue.sections_clash(*old, new);
                assert!(!clash, "{}: student {student}: {old} and {new}", given.name);
            }
            list.push(new);
        }
    }
}

#[test]
fn each_request_alone_grants_what_there_is() {
    for given in terms() {
        let (mut university, ids) = university(&given);
        let mut asked: HashMap<SectionId, u32> = HashMap::new();
        let mut granted = 0;
        for (i, (student, id)) in given.requests.iter().enumerate() {
            let section = section(&university, id);
            *asked.entry(section).or_default() += 1;
            let course = university.registry.catalogue.section(section).course;
            let wanted = CourseRequest::any(&university.registry.catalogue, course, true);
            let mut request = RequestId::default();
            request.0[..8].copy_from_slice(&(i as u64).to_be_bytes());
            let command = Command::Submit {
                student: ids[student],
                window: WindowId(0),
                request,
                plan: Some(Arc::new(Plan { courses: vec![Arc::new(wanted)] })),
                queue: false,
            };
            let (answer, records) = university.turn(command, 1, Timestamp(0));
            answer.unwrap();
            let sluis::domain::event::Event::Decided { outcomes, .. } = &records[0].event else {
                panic!("{:?}", records[0]);
            };
            granted += usize::from(matches!(outcomes[0].1, Outcome::Enrolled { .. }));
        }
        for state in &university.sections {
            let asked = asked.get(&state.id).copied().unwrap_or(0);
            assert_eq!(state.taken, asked.min(state.capacity.unwrap()), "{}", state.id);
        }
        assert_eq!(granted, given.granted.unwrap_or(granted), "{}", given.name);
        assert_eq!(invariants::all(&university), []);
    }
}
