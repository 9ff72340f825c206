//! The formats by example: what the documentation shows is read, and what is wrong is told.

use std::io::Write;
use std::sync::Arc;

use super::*;
use crate::domain::catalogue::{ComponentKind, Weeks};
use crate::domain::command::Command;
use crate::domain::ids::{Credits, Timestamp};
use crate::domain::results::Grade;
use crate::domain::university::University;
use crate::domain::window::{ClashPolicy, Order, Scope};

const DOC: &str = include_str!("../../../docs/FILES.md");

/// The documentation's example of that kind, such as `toml catalogue`.
fn example(kind: &str) -> &'static str {
    let (_, rest) = DOC.split_once(&format!("```{kind}\n")).expect(kind);
    rest.split_once("```").unwrap().0
}

fn read(name: &str, text: &str) -> Result<Draft, Vec<FileFault>> {
    catalogue(name, text.as_bytes(), None, &mut || [7; 32])
}

/// The faults of a file, one line each.
fn faults(name: &str, text: &str) -> String {
    let faults = read(name, text).expect_err("faults");
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn student_faults(name: &str, text: &str) -> String {
    let faults = students(name, text.as_bytes(), None).expect_err("faults");
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_documented_toml_is_read() {
    let draft = read("a.toml", example("toml catalogue")).unwrap();
    let keys: Vec<_> = draft.courses.iter().map(|c| c.key.as_str()).collect();
    assert_eq!(keys, ["LAW-1010", "LAW-1010#exam"]);
    let [course, exam] = &draft.courses[..] else { panic!() };
    assert_eq!(course.term.as_str(), "2026-2");
    assert_eq!((&*course.name.nl, &*course.name.en), ("Strafrecht", "Criminal Law"));
    assert_eq!(course.credits, Credits(500));
    let tutorial = &course.components[1].sections[0];
    assert_eq!(tutorial.key.as_str(), "LAW-1010/T1");
    assert_eq!(tutorial.parent.as_ref().unwrap().as_str(), "LAW-1010/H1");
    assert_eq!(tutorial.meetings[0].weeks, Weeks::filter(|w| w % 2 == 1));
    assert_eq!((tutorial.meetings[0].start, tutorial.meetings[0].end), (540, 660));
    assert_eq!(exam.part_of.as_ref().unwrap().as_str(), "LAW-1010");
    assert_eq!(exam.credits, Credits(0));
    assert_eq!(exam.prerequisites, []);
    assert_eq!(&*exam.name.en, "Criminal Law: exam");
    assert_eq!(exam.components[0].kind, ComponentKind::Exam);
    assert_eq!(exam.components[0].sections[0].key.as_str(), "LAW-1010#exam/1");
    let (term, window) = &draft.windows[0];
    assert_eq!(term.as_str(), "2026-2");
    assert_eq!(window.opens_at, Some(Timestamp(1_799_668_800_000)));
    assert_eq!(
        (window.order, window.clash, window.pace),
        (Order::Lottery, ClashPolicy::Refuse, None)
    );
    assert_eq!(window.credit_limit, Some(Credits(4000)));
    assert_eq!((window.seed, window.rehearsal, window.waitlists), ([7; 32], false, true));
    assert_eq!(draft.windows[1].1.scope, Scope::Exams);
    assert_eq!(draft.windows[1].1.opens_after_sign_in_s, Some(60));
    assert_eq!(draft.programmes[0].requirements.len(), 1);
}

#[test]
fn the_documented_files_import_into_one_university_twice() {
    let drafts = [
        read("a.toml", example("toml catalogue")),
        read("a.json", example("json catalogue")),
        read("a.csv", example("csv catalogue")),
        read("b.json", example("json sections")),
        students("s.csv", example("csv students").as_bytes(), None),
        students("s.json", example("json students").as_bytes(), None),
    ];
    let mut university = University::default();
    for draft in drafts {
        let draft = Arc::new(draft.unwrap());
        for changes in [true, false] {
            let command = Command::Import(Arc::clone(&draft));
            let (answer, records) = university.turn(command, 1, Timestamp(0));
            answer.unwrap();
            assert_eq!(!records.is_empty(), changes);
        }
    }
    assert_eq!(university.registry.students.len(), 3);
    assert_eq!(university.registry.catalogue.courses.len(), 6);
}

#[test]
fn a_spreadsheet_says_the_same_as_the_format() {
    let csv = example("csv catalogue");
    let draft = read("a.csv", csv).unwrap();
    let [course, resit] = &draft.courses[..] else { panic!() };
    assert_eq!(course.credits, Credits(250));
    assert_eq!(&*course.name.nl, "Poëzie");
    let tutorial = &course.components[1].sections[0];
    assert_eq!((tutorial.capacity, tutorial.meetings.len()), (Some(20), 2));
    assert_eq!(resit.key.as_str(), "GS-10#resit");
    let bom = format!("\u{feff}{}", csv.replace("2,5", "2.5").replace(';', ","));
    assert_eq!(read("a.csv", &bom), Ok(draft.clone()));
    assert_eq!(read("no-extension", &csv.replace('\n', "\r\n")), Ok(draft));
}

#[test]
fn a_list_of_sections_becomes_courses() {
    let text = example("json sections");
    let draft = read("sections.json", text).unwrap();
    assert_eq!(draft.courses[0].key.as_str(), "1");
    assert_eq!(draft.courses[0].components[0].sections[0].key.as_str(), "1/1");
    assert_eq!(&*draft.courses[0].components[0].sections[0].meetings[0].place, "North");
    assert_eq!(draft.terms[0].key.as_str(), "term");
    let named = format!("{{\"term\": \"q1\", \"sections\": {text}}}");
    assert_eq!(read("x", &named).unwrap().courses[0].term.as_str(), "q1");
}

#[test]
fn a_gzipped_file_is_the_same_file() {
    let text = example("toml catalogue");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).unwrap();
    let gz = packer.finish().unwrap();
    let unpacked = catalogue("a.toml.gz", &gz, None, &mut || [7; 32]);
    assert_eq!(unpacked, read("a.toml", text));
    let torn = catalogue("a.gz", &gz[..gz.len() / 2], None, &mut || [7; 32]).unwrap_err();
    assert!(torn[0].to_string().starts_with("a.gz: cannot be decompressed"), "{}", torn[0]);
}

#[test]
fn a_gzip_bomb_is_refused_at_the_bound() {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let block = vec![b' '; 1024 * 1024];
    for _ in 0..=limits::IMPORT_TEXT_BYTES_MAX / block.len() {
        packer.write_all(&block).unwrap();
    }
    let bomb = packer.finish().unwrap();
    let told = catalogue("bomb", &bomb, None, &mut || [0; 32]).unwrap_err();
    assert_eq!(told[0].to_string(), "bomb: is larger than 64 MiB; split it");
}

#[test]
fn every_fault_is_told_with_its_line() {
    let text = r#"
[[terms]]
key = "t"
first_monday = 2027-02-09
[[courses]]
code = "A B"
[[courses]]
code = "A"
nam = "x"
ects = "5"
components = [
  { kind = "lectur", sections = [{ key = "1" }] },
  { kind = "lecture", sections = [
    { key = "1", capacty = 3, reserved = 2 },
    { key = "1", capacity = -3, meetings = [
      { day = "mon", start = "11:00", end = "09:00" },
      { day = "mox", start = "11:03", end = "25:00", weeks = "0" },
    ] },
  ] },
  { kind = "tutorial", alone = true, sections = [] },
]
[[windows]]
key = "w"
cohorts = 3
order = "rounds"
opens_at = 2027-01-11T13:00:00
"#;
    let expected = r#"f.toml:4: term t: first_monday is "2027-02-09"; give the date of a Monday, such as 2027-02-01
f.toml:5: course A B: name is missing; add it
f.toml:5: course A B: ects is missing; add it
f.toml:5: course A B: has no components; give at least one with a section
f.toml:6: course A B: code contains ' '; only letters, digits and . _ : / # - are allowed
f.toml:7: course A: name is missing; add it
f.toml:9: course A: "nam" is an unknown key; did you mean name?
f.toml:10: course A: ects is "5"; give a number from 0 to 240, at most two decimals, such as 5 or 2.5
f.toml:12: course A: component lectur: kind is "lectur"; give lecture, tutorial, practical or exam
f.toml:14: course A: section 1: "capacty" is an unknown key; did you mean capacity?
f.toml:14: course A: section 1: "reserved" is not supported yet; remove it
f.toml:15: course A: section 1: capacity is -3; give a whole number from 0 to 1000000, or "unlimited"
f.toml:15: course A: section 1: is named twice in this course; keep one, or give it another key
f.toml:16: course A: section 1: meeting: ends before it starts; exchange start and end
f.toml:17: course A: section 1: meeting: day is "mox"; give mon, tue, wed, thu, fri, sat, sun, or 1 (Monday) to 7
f.toml:17: course A: section 1: meeting: start is "11:03"; give a time such as "09:15", on a multiple of five minutes
f.toml:17: course A: section 1: meeting: end is "25:00"; give a time such as "09:15", on a multiple of five minutes
f.toml:17: course A: section 1: meeting: weeks is "0"; give "all", "odd", "even" or ISO weeks such as "36-42, 44"
f.toml:20: course A: component tutorial: has no sections; give at least one
f.toml:20: course A: component tutorial: stands alone and has no key; give one, such as "exam" or "resit"
f.toml:22: window w: name is missing; add it
f.toml:24: window w: "cohorts" is not supported yet; remove it
f.toml:25: window w: order is "rounds"; it is not supported yet, give lottery or arrival
f.toml:26: window w: opens_at is "2027-01-11T13:00:00"; give a time with its offset, such as 2027-01-11T13:00:00+01:00"#;
    let told = faults("f.toml", text);
    let told: Vec<_> = told.lines().filter(|l| !l.contains("term is missing")).collect();
    assert_eq!(told.join("\n"), expected);
}

#[test]
fn syntax_faults_have_a_line() {
    assert!(faults("a.toml", "a = 1\nb = \nc = ]").starts_with("a.toml:2: is not TOML: "));
    assert_eq!(faults("a.json", "{\n\"a\": 1,\n}"), "a.json:3: is not JSON: trailing comma");
    assert_eq!(faults("a.json", "{}\n{}"), "a.json:2: is not JSON: trailing characters");
    let deep = "[".repeat(100_000);
    assert!(faults("a.json", &deep).contains("recursion limit exceeded"));
    assert!(faults("a.toml", &format!("a = {deep}")).starts_with("a.toml:1: is not TOML"));
    let told = catalogue("a.csv", b"course_code\n\xff", None, &mut || [0; 32]).unwrap_err();
    assert!(told[0].to_string().starts_with("a.csv:2: is not UTF-8"));
}

#[test]
fn a_file_with_nothing_in_it_is_a_mistake() {
    for name in ["a.toml", "a.csv"] {
        assert!(faults(name, "").starts_with(name), "{name}");
    }
    assert!(faults("a.toml", "# only a comment").contains("holds nothing to import"));
    assert!(student_faults("s.json", "[]").contains("holds nothing to import"));
}

#[test]
fn a_toml_file_beyond_the_bound_is_refused() {
    let text = " ".repeat(limits::IMPORT_TOML_BYTES_MAX);
    assert!(faults("a.toml", &text).contains("holds nothing to import"));
    assert!(faults("a.toml", &format!("{text} ")).contains("is TOML of more than 8 MiB"));
}

#[test]
fn json_values_know_their_lines() {
    let text =
        "{\"courses\": [\n {\"code\": \"A\",\n  \"ects\": 1000\n ,\n \"code\": \"B\", \"x\":\n1}]}";
    let told = faults("a.json", text);
    assert!(told.contains("a.json:3: course A: ects is 1000"), "{told}");
    assert!(told.contains("a.json:5: course A: \"code\" is given twice"), "{told}");
    assert!(told.contains("a.json:5: course A: \"x\" is an unknown key"), "{told}");
}

#[test]
fn spreadsheet_faults_name_the_row() {
    let told = faults("a.csv", "course_code,componnt,section,seats\n");
    assert!(
        told.contains("a.csv:1: unknown column \"componnt\"; did you mean component?"),
        "{told}"
    );
    assert!(told.contains("a.csv:1: column component is missing"), "{told}");
    let text = "course_code,term,name_nl,ects,component,section,capacity,day,start,end\n\
                A,t,\"x\ny\",5,lecture,1,10,mon,9:00,11:00\n\
                \n\
                A,t,z,5,lecture,1,10,tue,9:00,11:00,extra\n\
                A,t,z,5,lecture,1,12,tue,9:00,11:00\n\
                A,,,,lecture,,12,tue,9:00,11:00\n";
    let told = faults("a.csv", text);
    let expected = "a.csv:5: the row has 11 cells and the header 10; check for a missing or an \
                    unquoted separator\n\
                    a.csv:6: name_nl of \"A\" is \"z\", and \"x\u{fffd}y\" on line 2; make them equal\n\
                    a.csv:6: capacity of \"1\" is \"12\", and \"10\" on line 2; make them equal\n\
                    a.csv:7: section is empty; fill it in";
    assert_eq!(told, expected);
    assert!(faults("a.csv", "course_code,component,section,reserved\n").contains("not supported"));
}

#[test]
fn student_faults_are_told() {
    let told = student_faults("s.csv", "id,year,blocks\ns1,0,\ns1,2,a b c d e f g h i j k\n,1,\n");
    let expected = "s.csv:2: student s1: year is 0; give a whole number from 1 to 20\n\
                    s.csv:3: student s1: is named twice in this file; keep one\n\
                    s.csv:3: student s1: blocks has 11 entries; at most 10\n\
                    s.csv:4: student: id is missing; add it";
    assert_eq!(told, expected);
    let told = student_faults("s.json", "[{\"id\": 1, \"name\": \"A\"}]");
    assert!(told.contains("student 1: \"name\" is an unknown key"), "{told}");
}

#[test]
fn markup_in_a_name_stays_text() {
    let text = example("json catalogue").replace("Logica", "<b onclick='x'>Logica</b>\\u0026");
    let draft = read("a.json", &text).unwrap();
    assert_eq!(&*draft.courses[0].name.nl, "<b onclick='x'>Logica</b>&");
    let told = faults("a.json", &example("json catalogue").replace("Logica", "Lo\\u001bgica"));
    assert!(told.contains("name (nl) contains the control character"), "{told}");
}

fn result_faults(name: &str, text: &str) -> String {
    let faults = results(name, text.as_bytes(), None).expect_err("faults");
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn documented_results_are_read() {
    let sheet = example("csv results");
    let draft = results("r.csv", sheet.as_bytes(), None).unwrap();
    assert_eq!(results("r", sheet.as_bytes(), None).unwrap(), draft, "told by its first row");
    let [essay, first, second, old] = &draft.results[..] else { panic!() };
    assert_eq!((essay.component.as_ref().unwrap().as_str(), essay.credits), ("essay", None));
    assert_eq!((essay.grade, first.grade), (Grade::Mark(80), Grade::Mark(45)));
    assert_eq!((first.attempt, second.attempt, second.line), (1, 2, 4));
    assert_eq!((second.credits, second.passed), (Some(Credits(500)), None));
    assert_eq!((old.grade, &*old.name.as_ref().unwrap().en), (Grade::Pass, "Old law"));
    let json = results("r.json", example("json results").as_bytes(), None).unwrap();
    let [one] = &json.results[..] else { panic!() };
    assert_eq!((one.grade, one.attempt, one.passed), (Grade::Mark(75), 1, Some(true)));
    assert_eq!(one.date, 20_844);
    let table = format!("{{\"results\": {}}}", example("json results"));
    assert_eq!(results("r", table.as_bytes(), None).unwrap(), json);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(sheet.as_bytes()).unwrap();
    assert_eq!(results("r.csv.gz", &gzip.finish().unwrap(), None).unwrap(), draft);
}

#[test]
fn faults_of_results_are_told_all_of_them() {
    let row = |row: &str| format!("student,term,course,attempt,grade,date,ects\n{row}\n");
    let told = result_faults("r.csv", &row("s 1,2026-1,,0,11,2026-02-30,x"));
    let expected = "r.csv:2: result s 1: student contains ' '; only letters, digits and . _ : / \
         # - are allowed\n\
         r.csv:2: result s 1: course is missing; add it\n\
         r.csv:2: result s 1: attempt is 0; give a whole number from 1 to 20\n\
         r.csv:2: result s 1: grade is \"11\"; give a mark from 1 to 10 with at most one decimal, \
         or V, O, VR or NA\n\
         r.csv:2: result s 1: ects is \"x\"; give a number from 0 to 240, at most two decimals, \
         such as 5 or 2.5\n\
         r.csv:2: result s 1: date is \"2026-02-30\"; give a date such as 2027-01-29";
    assert_eq!(told, expected);
    let attempt = |n: u8| row(&format!("s1,2026-1,A,{n},7,2026-01-30,5"));
    assert!(results("r.csv", attempt(limits::ATTEMPT_MAX).as_bytes(), None).is_ok());
    let told = result_faults("r.csv", &attempt(limits::ATTEMPT_MAX + 1));
    assert!(told.contains("attempt is 21"), "{told}");
    assert!(result_faults("r.csv", "student,term,cours\n").contains("did you mean course?"));
    assert!(result_faults("r.toml", "a = 1").contains("not a list of results"));
    assert!(result_faults("r.json", "[]").contains("holds nothing to import"));
}

#[test]
fn a_row_whose_name_is_wrong_tells_its_other_faults_too() {
    let told = student_faults("s.csv", "id,year\ns 1,99\n,0\n");
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(lines.len(), 4, "{told}");
    assert!(lines[1].starts_with("s.csv:2: student s 1: year is 99"), "{told}");
    assert!(lines[3].starts_with("s.csv:3: student: year is 0"), "{told}");
}

#[test]
fn what_a_file_refers_to_in_vain_is_told_with_its_line() {
    let draft = students("s.csv", b"id,programme\ns1,\ns2,LAW\n", None).unwrap();
    let nothing = University::default();
    let faults = nothing.registry.prepare_import(&draft).unwrap_err();
    let told: Vec<_> = faults.iter().map(|fault| fault.in_file("s.csv")).collect();
    assert_eq!(told, ["s.csv:3: student s2: unknown programme LAW; import the catalogue first"]);
    let text = example("toml catalogue").replace("required = [\"LAW-1010\"]", "required = [\"X\"]");
    let draft = read("a.toml", &text).unwrap();
    let faults = nothing.registry.prepare_import(&draft).unwrap_err();
    let line = text.lines().position(|line| line == "[[programmes]]").unwrap() + 1;
    assert_eq!(faults[0].in_file("a"), format!("a:{line}: programme LAW: unknown course X"));
}
