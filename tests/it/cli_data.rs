//! Data in and out of a directory that no gateway has: imports, exports, tokens, lotteries.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use serde_json::json;
use sluis::domain::ids::{Key, Ticket};
use sluis::domain::lottery;
use sluis::http::auth::Tokens;

use super::cli::Program;

const CATALOGUE: &str = r#"
[[terms]]
key = "2027-1"
name = { nl = "Voorjaar", en = "Spring" }
first_monday = "2027-02-01"

[[courses]]
code = "LAW-1"
name = { nl = "Recht", en = "Law" }
ects = 5
[[courses.components]]
kind = "lecture"
sections = [{ key = "L1", capacity = 30 }]

[[windows]]
key = "spring"
name = { nl = "Voorjaar", en = "Spring" }
"#;
const STUDENTS: &str = "id,programme,year,blocks,completed\ns1,,1,,\ns2,,2,,\n";

/// The key that the first start of a gateway makes.
fn make_key(program: &Program) {
    Tokens::load_or_create(&program.path("data")).unwrap();
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(n.into(), 16).unwrap();
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

#[test]
fn an_import_is_whole_durable_and_the_same_twice() {
    let program = Program::new();
    program.write("courses.toml", CATALOGUE);
    program.write("students.csv", STUDENTS);
    let catalogue = ["catalogue", "import", "courses.toml", "--data", "data"];
    let first = program.run(&catalogue);
    first.expect(0, &["+ course LAW-1\n", "+ section LAW-1/L1\n", "4 added", "is on disk"]);
    program.run(&catalogue).expect(0, &["0 added, 0 changed, 4 as they were", "nothing was"]);
    let students = ["students", "import", "students.csv", "--data", "data", "--json"];
    let json: serde_json::Value = serde_json::from_str(&program.run(&students).out).unwrap();
    assert_eq!(json["added"], json!(["student s1", "student s2"]));
    let exported = program.run(&["export", "enrolments", "--data", "data"]);
    exported.expect(0, &[]);
    assert_eq!(exported.out, "student,course,sections,window,journal\r\n");
    program.run(&["journal", "verify", "--data", "data"]).expect(0, &["is sound"]);
}

#[test]
fn results_are_imported_whole_once_and_a_fault_names_its_line() {
    let program = Program::new();
    program.write("courses.toml", CATALOGUE);
    program.write("students.csv", STUDENTS);
    for (kind, file) in [("catalogue", "courses.toml"), ("students", "students.csv")] {
        program.run(&[kind, "import", file, "--data", "data"]).expect(0, &["is on disk"]);
    }
    let header = "student,term,course,grade,date\n";
    program.write("results.csv", &format!("{header}s1,2026-1,LAW-1,\"7,5\",2027-01-26\n"));
    let import = |more: &[&str]| {
        program.run(&[&["results", "import", "results.csv", "--data", "data"], more].concat())
    };
    let added = "+ result s1 2026-1 LAW-1 attempt 1\n";
    import(&["--dry-run"]).expect(0, &[added, "this was a dry run"]);
    import(&[]).expect(0, &[added, "is on disk"]);
    import(&[]).expect(0, &["nothing was changed: all of it was there"]);
    let bad = "s1,2026-1,LAW-1,8,2027-01-26\ns2,2026-1,LAW-2,6,2027-01-26\n";
    program.write("results.csv", &format!("{header}{bad}"));
    import(&[]).expect(78, &["results.csv:3: result s2", "did you mean LAW-1?"]);
    program.write("results.csv", &format!("{header}s1,2026-1,LAW-1,8,2027-01-26\n"));
    import(&[]).expect(0, &["~ result s1 2026-1 LAW-1 attempt 1\n"]);
    program.run(&["journal", "verify", "--data", "data"]).expect(0, &["is sound"]);
}

#[test]
fn a_dry_run_shows_the_difference_and_changes_nothing() {
    let program = Program::new();
    program.write("courses.toml", CATALOGUE);
    let import = |more: &[&str]| {
        program.run(&[&["catalogue", "import", "courses.toml", "--data", "data"], more].concat())
    };
    import(&["--dry-run"]).expect(0, &["+ course LAW-1\n", "this was a dry run"]);
    assert!(!program.path("data").exists(), "not even a directory");
    import(&[]).expect(0, &["4 added"]);
    program.write("courses.toml", &CATALOGUE.replace("capacity = 30", "capacity = 20"));
    let change = "~ section LAW-1/L1: capacity 30 to 20\n";
    import(&["--dry-run"]).expect(0, &[change]);
    import(&["--dry-run"]).expect(0, &[change]);
    import(&[]).expect(0, &[change, "is on disk"]);
    import(&[]).expect(0, &["nothing was changed: all of it was there"]);
}

#[test]
fn a_broken_file_is_78_with_a_line_for_each_fault_and_nothing_is_imported() {
    let program = Program::new();
    let text = CATALOGUE.replace("ects = 5", "etcs = 5").replace("\"lecture\"", "\"lecure\"");
    program.write("courses.toml", &text);
    let import = program.run(&["catalogue", "import", "courses.toml", "--data", "data"]);
    import.expect(78, &["courses.toml:", "etcs", "lecure"]);
    assert!(import.err.lines().all(|line| line.starts_with("error: courses.toml:")));
    assert!(!program.path("data").exists());
    program.write("students.csv", "id,programme,year,blocks,completed\ns1,LAW,1,,\n");
    let import = program.run(&["students", "import", "students.csv", "--data", "data"]);
    import.expect(78, &["students.csv:2: student s1: unknown programme LAW"]);
}

#[test]
fn an_import_into_a_directory_in_use_is_69() {
    let program = Program::new();
    program.write("courses.toml", CATALOGUE);
    let lock = sluis::journal::sled::open(&program.path("data")).unwrap();
    let import = || program.run(&["catalogue", "import", "courses.toml", "--data", "data"]);
    import().expect(69, &["in use by another process"]);
    make_key(&program);
    // A gateway that says it is there and does not answer.
    program.write("data/serving.json", r#"{"url": "http://127.0.0.1:1"}"#);
    import().expect(69, &["http://127.0.0.1:1: no gateway answers"]);
    drop(lock);
}

#[test]
fn tokens_are_made_one_by_one_and_for_a_file() {
    let program = Program::new();
    program.write("courses.toml", CATALOGUE);
    program.run(&["catalogue", "import", "courses.toml", "--data", "data"]).expect(0, &[]);
    let unsigned = program.run(&["token", "--data", "data", "--student", "s1"]);
    unsigned.expect(69, &["holds no key that signs tokens"]);
    assert!(!program.path("data/signin.key").exists(), "a look makes no key");
    let remote = ["export", "enrolments", "--data", "data", "--server", "http://127.0.0.1:1"];
    program.run(&remote).expect(69, &["SLUIS_TOKEN"]);
    make_key(&program);
    let token = |args: &[&str]| program.run(&[&["token", "--data", "data"], args].concat());
    let one = token(&["--student", "s1"]);
    one.expect(0, &[]);
    assert_eq!(one.out.lines().count(), 1);
    assert!(one.err.is_empty());
    token(&["--role", "registrar", "--ttl", "5"]).expect(0, &[]);
    program.write("keys.txt", "s1\ns2\n");
    let many = token(&["--students", "keys.txt"]).out;
    let keys: Vec<_> = many.lines().map(|line| line.split_once('\t').unwrap().0).collect();
    assert_eq!(keys, ["s1", "s2"]);
    program.write("keys.txt", "s 1\ns2\ns,3\n");
    let faults = ["keys.txt: line 1: the student number", "keys.txt: line 3:"];
    token(&["--students", "keys.txt"]).expect(78, &faults);
    token(&["--ttl", "0", "--student", "s1"]).expect(2, &["--ttl"]);
    token(&["--student", "a b"]).expect(2, &["--student"]);
}

#[test]
fn a_lottery_verifies_and_a_changed_one_does_not() {
    let program = Program::new();
    let (seed, window) = ([7; 32], Key::new("spring").unwrap());
    let mut order: Vec<u32> =
        lottery::draw(&seed, &window, (0..50).map(Ticket)).iter().map(|t| t.0).collect();
    let write = |order: &[u32]| {
        let transcript = json!({
            "format": "sluis-lottery-1",
            "window": "spring",
            "run": 0,
            "rule": "lottery",
            "seed_hash": hex(&lottery::seed_hash(&seed)),
            "seed": hex(&seed),
            "opened_at": 1,
            "tickets": (0..50).collect::<Vec<u32>>(),
            "order": order,
        });
        program.write("lottery.json", &transcript.to_string());
    };
    write(&order);
    let verify =
        |more: &[&str]| program.run(&[&["lottery", "verify", "lottery.json"], more].concat());
    verify(&[]).expect(0, &["verified: 50 tickets of spring"]);
    verify(&["--hash", &hex(&lottery::seed_hash(&seed))]).expect(0, &["whose hash you kept"]);
    verify(&["--hash", &"0".repeat(64)]).expect(1, &["does not verify: the seed"]);
    order.swap(3, 4);
    write(&order);
    verify(&[]).expect(1, &["does not verify: place 4"]);
    let planned = json!({
        "format": "sluis-lottery-1", "window": "spring", "run": 0, "rule": "lottery",
        "seed_hash": hex(&lottery::seed_hash(&seed)), "seed": null, "opened_at": null,
        "tickets": [0, 1], "order": [],
    });
    program.write("lottery.json", &planned.to_string());
    verify(&[]).expect(69, &["the window has not opened", "after the opening"]);
    program.write("lottery.json", "{}");
    verify(&[]).expect(78, &["not a lottery transcript"]);
}

/// Answers one request as a gateway would; gives back what it was sent.
fn answer_once(body: &'static str, status: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(socket.try_clone().unwrap());
        let (mut request, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            request.push_str(&line);
            if line == "\r\n" {
                break;
            }
        }
        let mut sent = vec![0; length];
        reader.read_exact(&mut sent).unwrap();
        request.push_str(&String::from_utf8(sent).unwrap());
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
        write!(socket, "{head}Connection: close\r\n\r\n{body}").unwrap();
        request
    });
    (url, thread)
}

#[test]
fn a_running_gateway_is_asked_instead() {
    let program = Program::new();
    program.write("courses.toml", CATALOGUE);
    let lock = sluis::journal::sled::open(&program.path("data")).unwrap();
    make_key(&program);
    let serve = |url: &str| {
        program.write("data/serving.json", &json!({ "url": url }).to_string());
    };
    let import = || program.run(&["catalogue", "import", "courses.toml", "--data", "data"]);

    let answer = r#"{"applied": true, "journal": 7, "added": ["course LAW-1"], "changed": [],
                     "unchanged": 3, "kept": []}"#;
    let (url, gateway) = answer_once(answer, "200 OK");
    serve(&url);
    import().expect(0, &["+ course LAW-1\n", "1 added", "up to record 7"]);
    let request = gateway.join().unwrap();
    let route = "POST /api/admin/catalogue?name=courses.toml&dry_run=false HTTP/1.1";
    assert!(request.starts_with(route), "{request}");
    assert!(request.contains("Bearer ") && request.ends_with(CATALOGUE), "{request}");

    let answer = r#"{"title": "File not imported", "detail": "d", "faults": ["line 3: bad"]}"#;
    let (url, gateway) = answer_once(answer, "422 Unprocessable Entity");
    serve(&url);
    import().expect(78, &["error: line 3: bad\n"]);
    gateway.join().unwrap();

    let (url, gateway) = answer_once("student,course\r\n", "200 OK");
    serve(&url);
    let exported = program.run(&["export", "enrolments", "--data", "data"]);
    exported.expect(0, &["student,course\r\n"]);
    assert!(gateway.join().unwrap().starts_with("GET /api/admin/enrolments?format=csv HTTP/1.1"));

    let (url, gateway) = answer_once(r#"{"title": "Not allowed"}"#, "403 Forbidden");
    serve(&url);
    import().expect(1, &["answered 403 Not allowed; put a registrar's token into SLUIS_TOKEN"]);
    gateway.join().unwrap();
    drop(lock);
}

#[test]
fn faults_of_references_are_bounded() {
    let program = Program::new();
    let rows: String = (0..912).map(|i| format!("s{i},NONE,1,,\n")).collect();
    program.write("students.csv", &format!("id,programme,year,blocks,completed\n{rows}"));
    let import = program.run(&["students", "import", "students.csv", "--data", "data"]);
    import.expect(78, &["students.csv:2: student s0: unknown programme NONE", "and 862 more"]);
    assert_eq!(import.err.lines().count(), 51);
}

#[test]
fn a_term_that_the_file_does_not_name_is_told() {
    let program = Program::new();
    program.write("s.json", r#"[{"id": "A", "name": "Algebra", "credits": 4, "capacity": 3}]"#);
    let import = program.run(&["catalogue", "import", "s.json", "--data", "data"]);
    import.expect(0, &["the file names no term", "+ term term\n"]);
}
