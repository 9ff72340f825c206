//! What is logged: nothing personal, one way of a request by its id, and as much as is asked for.

use std::io::{Read, Write};

use serde_json::Value;
use sluis::protocol::client::ClientMessage;

use crate::support::student::any;
use crate::support::{Process, TestStudent, University, exchange};

const NUMBER: &str = "s0003";

fn university() -> University {
    University::of(6).course("A", 1).window("w", "").window("later", "")
}

/// Everything that a student does, right and wrong, with her number wherever she can put it.
async fn busy_day(process: &Process) -> TestStudent {
    let registrar = process.registrar();
    registrar.post("/api/admin/windows/w/open", "").ok();
    let http = process.http(NUMBER);
    for path in ["/api/plan", "/api/me/export", "/s0003/plan", "/api/catalogue/s0003"] {
        http.get(path);
    }
    http.ask("GET", "/api/plan", "", &[("x-request-id", NUMBER)]);
    http.ask("GET", "/api/plan", "", &[("user-agent", NUMBER)]);
    http.put("/api/plan", r#"{"courses": [{"course": "s0003"}]}"#);
    http.put("/api/plan", "s0003");
    let mut other = process.student("s0004").await;
    other.submit("w", &[any("A", false)]).await;
    other.outcome("A").await;
    let mut student = process.student(NUMBER).await;
    student.submit("w", &[any("A", true)]).await;
    assert_eq!(student.outcome("A").await.outcome, "waitlisted");
    other.drop_course("A").await;
    student.message("promoted").await;
    student.send(&ClientMessage::Disarm { window: NUMBER.to_owned() }).await;
    assert_eq!(student.error().await.0, "unknown_window");
    student
}

#[tokio::test]
async fn no_student_is_in_the_log_nor_in_the_metrics() {
    let mut process = Process::imported(&university());
    process.set("LOG__LEVEL", "info");
    process.set("LOG__FORMAT", "json");
    process.start();
    let student = busy_day(&process).await;
    let metrics = process.operators().get("/metrics").ok();
    assert!(metrics.contains("sluis_outcomes_total{outcome=\"waitlisted\",reason=\"\"} 1\n"));
    assert!(!metrics.contains(NUMBER), "a student in a label");
    drop(student);
    process.signal("-TERM");
    crate::support::until("it ends", || process.ended().is_some());
    let said = process.said();
    assert!(said.contains(r#""message":"ready""#) && said.contains(r#""message":"stopped"#));
    assert!(!said.contains(NUMBER), "{said}");
    for line in said.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let message = event["message"].as_str().unwrap();
        assert!(message.starts_with(|c: char| c.is_lowercase()), "{line}");
    }
}

#[tokio::test]
async fn at_debug_a_request_can_be_followed_and_its_student_has_a_pseudonym() {
    let mut process = Process::imported(&university());
    process.set("LOG__FORMAT", "json");
    process.start();
    let said = |args: &[&str]| {
        let output = process.command(args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        (output.status.code().unwrap(), text, String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(said(&["log", "level"]).1, "warn");
    let (code, _, error) = said(&["log", "level", "debgu"]);
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("\"debgu\" is no level; write error, warn, info"), "{error}");
    assert_eq!(said(&["log", "level"]).1, "warn", "nothing was changed");
    assert!(process.said().is_empty(), "{}", process.said());
    assert_eq!(said(&["log", "level", "debug"]).1, "warn,sluis=debug");
    let mut student = busy_day(&process).await;
    student.set_plan(&[any("A", false)]).await;
    let ticket = u64::from(student.arm("later").await);
    let (code, pseudonym, _) = said(&["log", "pseudonym", NUMBER]);
    assert_eq!((code, pseudonym.len()), (0, 16));
    assert_eq!(said(&["log", "level", "warn"]).1, "warn");
    let text = process.said();
    assert!(!text.contains(NUMBER), "pseudonyms only: {text}");

    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |message: &str| {
        let found = events.iter().filter(|event| event["message"] == message);
        found.filter(|e| e["student"].is_null() || e["student"] == *pseudonym).collect::<Vec<_>>()
    };
    let received = of("command received");
    let decided = of("decided");
    let request = decided[0]["request"].as_str().unwrap();
    assert!(received.iter().any(|event| event["request"] == request), "{received:?}");
    let journal = decided[0]["journal"].as_u64().unwrap();
    assert!(of("on disk").iter().any(|event| event["journal"].as_u64() >= Some(journal)));
    assert!(of("outcome told").iter().any(|event| event["request"] == request));
    let taken = of("ticket taken");
    assert_eq!((taken.len(), taken[0]["ticket"].as_u64()), (1, Some(ticket)));
    assert_eq!(taken[0]["window"], "later");
    let answered = of("request answered");
    let route = |event: &&&Value| event["route"] == "/api/catalogue/{code:.+}";
    assert_eq!(answered.iter().filter(route).count(), 1);
    // What is typed is in no list of processes.
    let mut typed = process.command(&["log", "pseudonym"]);
    let number = std::fs::File::open({
        let path = process.data().join("number");
        std::fs::write(&path, format!("{NUMBER}\n")).unwrap();
        path
    });
    let output = typed.stdin(number.unwrap()).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), pseudonym);
    assert_eq!(said(&["log", "pseudonym", "s 1"]).0, 2);
}

/// The operators' address may be one that other machines reach: then this machine's own command
/// comes as from elsewhere, and is let in by its token alone.
#[test]
fn the_level_is_asked_for_as_operator() {
    use std::io::{BufRead, BufReader};
    let data = tempfile::tempdir().unwrap();
    let tokens = sluis::http::auth::Tokens::load_or_create(data.path()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let metrics = format!("{url}/metrics");
    let _serving = sluis::serving::Serving::announce(data.path(), &url, Some(&metrics)).unwrap();
    for (args, asks) in [
        (&["log", "level"][..], "GET /log-level HTTP/1.1"),
        (&["log", "level", "debug"], "POST /log-level HTTP/1.1"),
    ] {
        // Given an address that notes what it is asked, and answers.
        let program = crate::cli::Program::new();
        let mut asked = Vec::new();
        let output = std::thread::scope(|scope| {
            let mut command = program.command(args);
            command.arg("--data").arg(data.path());
            let ends = scope.spawn(move || command.output().unwrap());
            let mut stream = loop {
                match listener.accept() {
                    Ok((stream, _)) => break stream,
                    Err(_) => assert!(!ends.is_finished(), "it asks nobody"),
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            };
            stream.set_nonblocking(false).unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                lines.read_line(&mut line).unwrap();
                let line = line.trim().to_owned();
                if let Some(bytes) = line.to_lowercase().strip_prefix("content-length: ") {
                    length = bytes.parse().unwrap();
                }
                if line.is_empty() {
                    break;
                }
                asked.push(line);
            }
            let mut body = vec![0; length];
            lines.read_exact(&mut body).unwrap();
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nwarn\n";
            stream.write_all(answer.as_bytes()).unwrap();
            ends.join().unwrap()
        });
        // Then it brings a token that says who asks.
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "warn\n");
        assert_eq!(asked[0], asks);
        let token = asked.iter().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("authorization").then(|| value.strip_prefix("Bearer "))?
        });
        let claims = tokens.verify(token.unwrap(), sluis::clock::wall()).unwrap();
        assert_eq!(claims.role, sluis::http::auth::Role::Operator);
    }
}

/// What somebody would like to stand in the log.
const FORGED: &str = "forged";

/// A sign-in whose head is none: it may be refused in any way.
fn throw(address: std::net::SocketAddr, agent: &str) {
    let body = r#"{"role":"registrar"}"#;
    let head = format!("POST /api/sign-in HTTP/1.1\r\nHost: x\r\nUser-Agent: {agent}\r\n");
    let rest = format!("Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(format!("{head}{rest}").as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{agent:?}: {answer:?}");
}

/// A day with sign-ins, good and bad, and with line ends wherever somebody can put them.
fn signs_in_and_tries(process: &Process) {
    let address = process.address();
    let own = format!("http://{address}");
    let ask = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let own = [("Origin", own.as_str())];
        exchange(address, method, path, &[&own[..], headers].concat(), body)
    };
    let sign_in =
        |agent: &str, body: &str| ask("POST", "/api/sign-in", &[("User-Agent", agent)], body);
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let good = sign_in(firefox, r#"{"student":"s0003"}"#);
    let cookie = good.header("set-cookie")[0].split(';').next().unwrap().to_owned();
    for agent in ["x\nforged", "x\r\n forged", "x\rforged", "x\0forged", "\x1b[2Kforged"] {
        throw(address, agent);
    }
    for agent in ["x\u{85}forged\u{2028}forged", "%0Aforged", r"\nforged"] {
        assert_eq!(sign_in(agent, r#"{"role":"registrar"}"#).status, 200, "{agent:?}");
    }
    for (body, status) in [
        (r#"{"student":"s9999"}"#, 404),
        (r#"{"student":"s0003\nforged"}"#, 422),
        (r#"{"student":"s0003\u001b[2Kforged"}"#, 422),
        (r#"{"role":"registrar","name":"a\nforged"}"#, 422),
        (r#"{"role":"forged\n"}"#, 422),
        (r#"{"role":"operator"}"#, 403),
    ] {
        assert_eq!(sign_in(FORGED, body).status, status, "{body}");
    }
    let hers = [("Cookie", cookie.as_str()), ("X-Request-Id", "forged%0Aforged%0Aforged")];
    assert_eq!(ask("GET", "/api/admin/status", &hers, "").status, 403);
    let code = ask("GET", "/api/catalogue/a%0Aforged", &hers, "");
    assert_eq!(code.status, 404, "{}", code.text);
    assert_eq!(ask("GET", "/%0d%0aforged?x=%0aforged", &hers, "").status, 404);
    assert_eq!(ask("GET", "/api/sign-in/return?state=%0Aforged", &hers, "").status, 404);
    let evil = [("Cookie", cookie.as_str()), ("Origin", "http://x%0Aforged")];
    assert_eq!(exchange(address, "PUT", "/api/plan", &evil, "{}").code(), "foreign_origin");
    assert_eq!(ask("POST", "/api/sign-out", &hers, "").status, 204);
}

#[test]
fn sign_ins_and_refusals_are_in_the_log_and_nobody_writes_a_line_of_her_own() {
    for format in ["json", "pretty"] {
        let mut process = Process::imported(&university());
        process.set("LOG__LEVEL", "debug");
        process.set("LOG__FORMAT", format);
        process.start();
        // What it says when it begins is for people.
        let before = process.said().len();
        signs_in_and_tries(&process);
        let pseudonym = process.command(&["log", "pseudonym", NUMBER]).output().unwrap();
        let pseudonym = String::from_utf8(pseudonym.stdout).unwrap().trim().to_owned();
        let said = process.said_since(before);
        for word in [FORGED, NUMBER, "s9999", "\x1b", "\r"] {
            assert!(!said.contains(word), "{format}: {word:?} in {said}");
        }
        let field = |name: &str, value: &str| match format {
            "json" => format!("\"{name}\":\"{value}\""),
            _ if name == "message" => format!(" {value} "),
            _ if name == "who" => format!("who={value}"),
            _ => format!("{name}=\"{value}\""),
        };
        let count = |fields: &[(&str, &str)]| {
            let found = said.lines().filter(|line| {
                line.starts_with(|first: char| first == '{' || first.is_ascii_digit())
                    && fields.iter().all(|(name, value)| line.contains(&field(name, value)))
            });
            found.count()
        };
        let student = [("role", "student"), ("who", pseudonym.as_str())];
        let begun = [&[("message", "signed in"), ("device", "Firefox, Linux")], &student[..]];
        assert_eq!(count(&begun.concat()), 1, "{format}: {said}");
        assert_eq!(count(&[&[("message", "signed out")], &student[..]].concat()), 1, "{said}");
        let staff = [("message", "signed in"), ("role", "registrar"), ("device", "other")];
        assert_eq!(count(&staff), 3, "{format}: {said}");
        for (code, times) in [("unknown_student", 1), ("invalid", 4), ("sign_in_off", 1)] {
            let refused = [("message", "sign-in refused"), ("code", code)];
            assert_eq!(count(&refused), times, "{format}: {code} in {said}");
        }
        for (route, method, role) in [
            ("/api/admin/status", "GET", "student"),
            ("/api/plan", "PUT", "student"),
            ("/api/sign-in", "POST", "none"),
        ] {
            let route = [("route", route), ("method", method), ("role", role)];
            let forbidden = [&[("message", "request forbidden")], &route[..]].concat();
            assert_eq!(count(&forbidden), 1, "{format}: {route:?} in {said}");
        }
        // Each line is one of ours, from its beginning.
        for line in said.lines() {
            let whole = match format {
                "json" => serde_json::from_str::<Value>(line).is_ok(),
                _ => line.starts_with("20") && line.contains("Z "),
            };
            assert!(whole, "{format}: {line:?}");
        }
    }
}

#[test]
fn whom_the_operators_address_refuses_is_in_the_log_under_the_id_of_the_answer() {
    let mut process = Process::imported(&university());
    process.set("LOG__FORMAT", "json");
    process.start();
    let operators = process.operators();
    let token = |token: String| [("authorization", format!("Bearer {token}"))];
    let student = token(process.token(NUMBER));
    let registrar = token(process.registrar_token());
    let page = [("sec-fetch-site", "cross-site".to_owned())];
    let forged = [&student[..], &[("x-request-id", "forged%0Aforged%0A".to_owned())]].concat();
    let before = process.said().len();
    let mut expected = Vec::new();
    for (method, route, role, headers) in [
        ("GET", "/metrics", "student", &student[..]),
        ("GET", "/log-level", "registrar", &registrar[..]),
        ("POST", "/log-level", "none", &page[..]),
        ("GET", "/metrics", "student", &forged[..]),
    ] {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = operators.plain(method, route, "", &headers);
        assert_eq!(answer.status, 403, "{}", answer.body);
        expected
            .push([answer.request_id.unwrap().as_str(), method, route, role].map(str::to_owned));
    }
    // Who is let in, and who brings no good token, is not forbidden.
    assert_eq!(operators.get("/metrics").status, 200);
    let bad = operators.plain("GET", "/metrics", "", &[("authorization", "Bearer forged")]);
    assert_eq!(bad.status, 401);
    let said = process.said_since(before);
    for word in [FORGED, NUMBER] {
        assert!(!said.contains(word), "{word} in {said}");
    }
    let told = said.lines().filter_map(|line| {
        let event: Value = serde_json::from_str(line).unwrap();
        let field = |name| event[name].as_str().unwrap().to_owned();
        let forbidden = event["message"] == "request forbidden";
        forbidden.then(|| ["request", "method", "route", "role"].map(field))
    });
    assert_eq!(told.collect::<Vec<_>>(), expected, "{said}");
}

#[tokio::test]
async fn every_answer_has_an_id_and_a_clients_own_is_kept() {
    let mut process = Process::imported(&university());
    process.start();
    let http = process.http(NUMBER);
    let id = |given: Option<&str>| {
        let headers: Vec<_> = given.map(|id| ("x-request-id", id)).into_iter().collect();
        let answer = http.ask("GET", "/api/plan", "", &headers);
        answer.request_id.unwrap_or_else(|| panic!("no id of {given:?}"))
    };
    let own = "0af7651916cd43dd8448eb211c80319c";
    assert_eq!(id(Some(own)), own);
    let made = id(None);
    assert_eq!(made.len(), 36, "{made}");
    assert_ne!(made, id(None));
    for refused in ["s0003", "0003", "a name of somebody", &"a".repeat(65)] {
        assert_eq!(id(Some(refused)).len(), 36, "{refused}");
    }
    let missing = http.ask("GET", "/nowhere", "", &[("x-request-id", own)]);
    assert_eq!((missing.status, missing.request_id.as_deref()), (404, Some(own)));
}
