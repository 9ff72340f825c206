//! Faults of demand files: each is named with its place and remedy.

use std::io::Write;

use super::*;

#[allow(dead_code, reason = "shared with the gateway's tests")]
#[path = "../../tests/it/support/mutate.rs"]
mod mutate;

const SECTIONS: &str = r#"[{"id":1,"code":"A","capacity":2},{"id":"s-2","capacity":1}]"#;
const REQUESTS: &str = "student,section\n1,1\n1,s-2\n2,1\n";

fn check(sections: &[u8], requests: &[u8]) -> Result<Demand> {
    let dir = tempfile::tempdir().unwrap();
    let (a, b) = (dir.path().join("sections.json"), dir.path().join("requests.csv"));
    std::fs::write(&a, sections).unwrap();
    std::fs::write(&b, requests).unwrap();
    read(&a, &b)
}

fn fault(sections: &str, requests: &str) -> String {
    match check(sections.as_bytes(), requests.as_bytes()) {
        Err(error @ Error::BadFile(_)) => {
            let text = error.to_string();
            assert!(!text.contains('\n'), "one line: {text}");
            assert_eq!(error.exit_code(), 78);
            text
        }
        other => panic!("expected a bad file, got {other:?}"),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn plain_and_gzipped_files_say_the_same() {
    let demand = check(SECTIONS.as_bytes(), REQUESTS.as_bytes()).unwrap();
    assert_eq!(demand.requests(), 3);
    assert_eq!(demand.most_requests(), 2);
    assert_eq!(demand.per_section(), [2, 1]);
    assert_eq!(demand.students[0].key, "u1");
    assert_eq!(demand.students[0].requests, [0, 1]);
    let packed = check(&gzip(SECTIONS.as_bytes()), &gzip(REQUESTS.as_bytes())).unwrap();
    assert_eq!(demand, packed);
}

#[test]
fn columns_may_stand_in_any_order_and_others_are_ignored() {
    let demand = check(SECTIONS.as_bytes(), b"at,section,student\n5,1,7\n").unwrap();
    assert_eq!(demand.students[0].key, "u7");
}

#[test]
fn a_broken_gzip_is_named() {
    let mut packed = gzip(REQUESTS.as_bytes());
    packed.truncate(packed.len() - 6);
    let error = check(SECTIONS.as_bytes(), &packed).unwrap_err();
    assert_eq!(error.exit_code(), 78);
    assert!(error.to_string().contains("requests.csv: broken gzip"), "{error}");
}

#[test]
fn a_missing_file_is_an_io_fault() {
    let error = read(Path::new("/nonexistent/a.json"), Path::new("/nonexistent/b")).unwrap_err();
    assert_eq!(error.exit_code(), 74);
    assert!(error.to_string().contains("/nonexistent/a.json"), "{error}");
}

#[test]
fn every_fault_of_a_line_has_its_number() {
    let text = fault(SECTIONS, "student,course\n1,1\n");
    assert!(text.contains(":1: no column \"section\" (found: student, course)"), "{text}");
    let text = fault(SECTIONS, "student,section\n1,1\n2,99\n");
    assert!(text.contains("requests.csv:3: section \"99\" is not in"), "{text}");
    let text = fault(SECTIONS, "student,section\n1,1\n1,1\n");
    assert!(text.contains("requests.csv:3:") && text.contains("on line 2"), "{text}");
    let text = fault(SECTIONS, "student,section\n1,1\n1\n");
    assert!(text.contains("requests.csv:3:"), "{text}");
    let text = fault(SECTIONS, "student,section\na b,1\n");
    assert!(text.contains("requests.csv:2: student id contains ' '"), "{text}");
    let text = fault(SECTIONS, "student,section\n");
    assert!(text.contains("no requests"), "{text}");
    let text = fault(SECTIONS, "");
    assert!(text.contains("no column \"student\""), "{text}");
}

#[test]
fn a_plan_holds_no_more_than_a_plan_holds() {
    let sections: Vec<_> = (0..30).map(|i| format!(r#"{{"id":{i},"capacity":1}}"#)).collect();
    let requests = (0..30).map(|i| format!("1,{i}")).collect::<Vec<_>>().join("\n");
    let text = fault(&format!("[{}]", sections.join(",")), &format!("student,section\n{requests}"));
    assert!(text.contains(":26: student 1 has more than 24 requests"), "{text}");
}

#[test]
fn sections_are_checked_too() {
    assert!(fault("[]", REQUESTS).contains("no sections"));
    assert!(fault("{", REQUESTS).contains("line 1 column"));
    assert!(fault(r#"[{"id":1}]"#, REQUESTS).contains("missing field `capacity`"));
    let text = fault(r#"[{"id":1,"capacity":1},{"id":1,"capacity":1}]"#, REQUESTS);
    assert!(text.contains("section 1 stands twice (as number 1 and 2)"), "{text}");
    assert!(fault(r#"[{"id":"a/b","capacity":1}]"#, REQUESTS).contains("contains '/'"));
}

#[test]
fn a_column_whose_name_has_a_line_end_is_told_on_one_line() {
    let text = fault(SECTIONS, &format!("section,\"stu\ndent{}\"\n1,1\n", "x".repeat(1_000)));
    assert!(text.contains("no column \"student\" (found: section, stu dentx"), "{text}");
    assert!(text.chars().count() < 700, "{text}");
}

/// Files that nobody would write, from sound ones (see `tests/it/fuzz.rs`): none makes it panic, and
/// each is read or refused on one line.
#[test]
fn no_file_makes_it_panic_and_each_fault_is_a_line() {
    let (a, b) = (Path::new("sections.json"), Path::new("requests.csv"));
    let corpus = mutate::corpus("demand");
    let json = |bytes: &&Vec<u8>| bytes.starts_with(b"[");
    let sections: Vec<_> = corpus.iter().filter(json).cloned().collect();
    let requests: Vec<_> = corpus.iter().filter(|bytes| !json(bytes)).cloned().collect();
    let one_line = |error: &Error| assert!(!error.to_string().contains('\n'), "{error}");
    mutate::fuzz("sections", mutate::inputs(), &sections, |bytes| {
        parse_sections(bytes, a).err().iter().for_each(one_line);
    });
    let list = parse_sections(SECTIONS.as_bytes(), a).unwrap();
    mutate::fuzz("requests", mutate::inputs(), &requests, |bytes| {
        match parse_requests(bytes, b, &list, a) {
            Ok(students) => assert!(students.iter().all(|student| {
                (1..=REQUESTS_PER_STUDENT_MAX).contains(&student.requests.len())
                    && student.requests.iter().all(|index| (*index as usize) < list.len())
            })),
            Err(error) => one_line(&error),
        }
    });
}
