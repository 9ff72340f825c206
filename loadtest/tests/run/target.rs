//! A gateway that is there (`--target`): one of another protocol version, one that dies in the
//! middle, and the real one, started by its own command.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::support::{Place, rush, stderr, until_decided};

const COURSES: &str = r#"
[[terms]]
key = "t"
name = { nl = "T", en = "T" }
first_monday = 2027-02-08

[[courses]]
code = "A"
term = "t"
name = { nl = "A", en = "A" }
ects = 5
components = [{ kind = "lecture", sections = [{ key = "1", capacity = 20 }] }]

[[windows]]
key = "w"
name = { nl = "W", en = "W" }
term = "t"
clash = "warn"
"#;

/// The gateway as shipped, in a process of its own.
pub struct Gateway {
    pub child: Child,
    pub url: String,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn sluis(place: &Place, args: &[&str]) -> String {
    let mut command = rush();
    command.arg("gateway").args(args).arg("--data").arg(place.path("sluis"));
    let output = command.env("SLUIS__SIGN_IN__DEMO_WITH_REAL_DATA", "true").output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

pub fn gateway(place: &Place) -> Gateway {
    place.write("c.toml", COURSES);
    let students: String = (1..=40).map(|i| format!("s{i}\n")).collect();
    place.write("s.csv", &format!("id\n{students}"));
    place.write("keys.txt", &students);
    let path = |name| place.path(name).to_str().unwrap().to_owned();
    sluis(place, &["catalogue", "import", &path("c.toml")]);
    sluis(place, &["students", "import", &path("s.csv")]);
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rush"));
    command.args(["gateway", "serve", "--listen", &address.to_string(), "--data"]);
    command.arg(place.path("sluis")).env("SLUIS__SIGN_IN__DEMO_WITH_REAL_DATA", "true");
    command.env("SLUIS__METRICS__LISTEN", "127.0.0.1:0");
    command.env("RUSH_WITH_PARENT", "1").stdin(Stdio::piped());
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let gateway = Gateway { child, url: format!("http://{address}") };
    let since = Instant::now();
    while std::net::TcpStream::connect(address).is_err() {
        assert!(since.elapsed() < Duration::from_secs(30), "the gateway does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    place.write("tokens.tsv", &sluis(place, &["token", "--students", &path("keys.txt")]));
    place.write("registrar", &sluis(place, &["token", "--role", "registrar"]));
    gateway
}

fn small(place: &Place) {
    place.edit(
        "courses = 6\ngroups = 2\nrequests_per_student = 2",
        "courses = 1\nrequests_per_student = 1",
    );
    place.edit("[window]", "[window]\nkey = \"w\"");
    place.edit("swap_later = 0.1\n", "");
}

fn run(place: &Place, url: &str) -> Command {
    let (tokens, registrar) = (place.path("tokens.tsv"), place.path("registrar"));
    let mut command = place.command(&["--target", url]);
    command.arg("--token-file").arg(tokens).arg("--registrar-token-file").arg(registrar);
    command
}

#[test]
fn a_gateway_that_is_there_is_rehearsed_with_its_own_catalogue() {
    let place = Place::new();
    let gateway = gateway(&place);
    small(&place);
    let output = run(&place, &gateway.url).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let summary = place.summary();
    assert_eq!(
        (&summary["students"], &summary["gateway"]),
        (&40.into(), &gateway.url.as_str().into())
    );
    assert_eq!(summary["audit"]["violations"], 0);
    assert!(summary["outcomes"]["enrolled"].as_u64() >= Some(20), "{}", summary["outcomes"]);
}

#[test]
fn a_gateway_that_dies_in_the_middle_leaves_a_partial_report() {
    let place = Place::new();
    let mut gateway = gateway(&place);
    small(&place);
    place.edit("half_life = \"200ms\"\nover = \"1s\"", "half_life = \"30s\"\nover = \"30s\"");
    place.edit("duration = \"20s\"", "duration = \"60s\"");
    let mut child = run(&place, &gateway.url).stderr(Stdio::piped()).spawn().unwrap();
    let said = until_decided(&mut child);
    gateway.child.kill().unwrap();
    let status = child.wait().unwrap();
    let said = said.join().unwrap();
    assert_eq!(status.code(), Some(69), "{said}");
    assert!(said.contains("cannot be reached any more"), "{said}");
    assert!(place.summary()["partial"].as_str().unwrap().contains("cannot be reached"));
    assert!(place.summary()["connects"].as_u64() > Some(0));
}

#[test]
fn another_protocol_version_is_told() {
    let place = Place::new();
    let address = old_gateway();
    place.write("tokens.tsv", "s1\tt1\ns2\tt2\n");
    place.write("registrar", "t");
    small(&place);
    let output = run(&place, &format!("http://{address}")).output().unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    assert!(stderr(&output).contains("another protocol version than 1"), "{}", stderr(&output));
}

/// A stand-in for a gateway of another release: a real one of this release speaks version 1.
fn old_gateway() -> std::net::SocketAddr {
    use futures_util::{SinkExt, StreamExt};
    use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, frame::coding::CloseCode};

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let serve = async move |stream: tokio::net::TcpStream| {
        let mut head = [0; 1024];
        let n = stream.peek(&mut head).await.unwrap_or(0);
        let head = String::from_utf8_lossy(&head[..n]).into_owned();
        if head.starts_with("GET /ws") {
            let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
            let _ = socket.next().await;
            let code = CloseCode::from(4003);
            let frame = CloseFrame { code, reason: "wrong_version".into() };
            let _ = socket.send(Message::Close(Some(frame))).await;
            return;
        }
        let course = r#"{"key":"A","part_of":null,"components":[{"sections":[{"key":"A/1",
            "parent":null,"capacity":3}]}]}"#;
        let body = format!("{{\"courses\":[{course}]}}");
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let (mut reader, mut writer) = stream.into_split();
        let mut sink = [0; 1024];
        let _ = tokio::io::AsyncReadExt::read(&mut reader, &mut sink).await;
        let _ = tokio::io::AsyncWriteExt::write_all(&mut writer, answer.as_bytes()).await;
    };
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::task::spawn_local(serve(stream));
            }
        });
    });
    address
}
