//! The nginx example under `config/nginx`, as it is but for its addresses and certificate, before
//! a real gateway.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sluis::limits;

use crate::support::process::Process;
use crate::support::{Http, Raw, University, skipped, until};

const EXAMPLE: &str = include_str!("../../config/nginx/sluis.conf");
const NAME: &str = "register.example.edu";
const START: Duration = Duration::from_secs(40);

struct Nginx {
    child: Child,
    plain: SocketAddr,
    tls: SocketAddr,
    dir: PathBuf,
}

impl Nginx {
    /// Everything that it wrote into logs: the one of requests, and all others.
    fn logs(&self) -> (String, String) {
        let (mut requests, mut others) = (String::new(), String::new());
        for file in std::fs::read_dir(&self.dir).unwrap().map(|file| file.unwrap().path()) {
            if file.extension().is_some_and(|kind| kind == "log") {
                let text = std::fs::read_to_string(&file).unwrap();
                let is_requests = file.ends_with("access.log");
                if is_requests { &mut requests } else { &mut others }.push_str(&text);
            }
        }
        (requests, others)
    }

    /// A port of this machine from which everything goes through TLS, by a client that checks the
    /// certificate and the name.
    fn tunnel(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tls, pem) = (self.tls.to_string(), self.dir.join("cert.pem"));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, pem) = (tls.clone(), pem.clone());
                std::thread::spawn(move || through_tls(stream, &tls, &pem));
            }
        });
        address
    }
}

/// Passes on what comes as it comes, until one side ends. (`io::copy` may wait for more of it.)
fn pump(from: &mut impl Read, to: &mut impl Write) {
    let mut some = [0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut some) {
        if to.write_all(&some[..n]).and_then(|()| to.flush()).is_err() {
            break;
        }
    }
}

fn through_tls(mut stream: TcpStream, tls: &str, pem: &Path) {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-verify_hostname", NAME])
        .args(["-servername", NAME, "-connect", tls, "-CAfile"])
        .arg(pem)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut up, mut down) = (client.stdin.take().unwrap(), client.stdout.take().unwrap());
    let mut from = stream.try_clone().unwrap();
    let answers = std::thread::spawn(move || {
        pump(&mut down, &mut stream);
        let _ = stream.shutdown(std::net::Shutdown::Both);
    });
    pump(&mut from, &mut up);
    let _ = client.kill();
    let _ = client.wait();
    let _ = answers.join();
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The example with these addresses: TLS on one port, and the same without TLS on another, since
/// what is tested here is what it passes on.
fn start(dir: &Path, gateway: SocketAddr) -> Nginx {
    let (tls, plain) = (free(), free());
    let (pem, key) = (dir.join("cert.pem"), dir.join("cert.key"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"])
        .args(["-subj", &format!("/CN={NAME}"), "-addext", &format!("subjectAltName=DNS:{NAME}")])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&pem)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut site = EXAMPLE.to_owned();
    for (from, to) in [
        ("server 127.0.0.1:8080;", format!("server {gateway};")),
        ("listen 443 ssl;", format!("listen {tls} ssl;\n    listen {plain};")),
        ("/etc/ssl/certs/register.example.edu.pem", pem.display().to_string()),
        ("/etc/ssl/private/register.example.edu.key", key.display().to_string()),
    ] {
        assert!(site.contains(from), "the example has no {from}");
        site = site.replace(from, &to);
    }
    std::fs::write(dir.join("sluis.conf"), site).unwrap();
    let dir_text = dir.display();
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|p| format!("{p}_temp_path {dir_text}/{p};\n"))
        .collect();
    let whole = format!(
        "daemon off;\npid {dir_text}/pid;\nerror_log {dir_text}/error.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\naccess_log {dir_text}/access.log;\n{paths}include {dir_text}/sluis.conf;\n}}\n"
    );
    std::fs::write(dir.join("nginx.conf"), whole).unwrap();
    let nginx = |more: &[&str]| {
        let mut command = Command::new("nginx");
        command.arg("-p").arg(dir).arg("-c").arg(dir.join("nginx.conf")).args(more);
        command.arg("-e").arg(dir.join("error.log")).stdin(Stdio::null());
        command
    };
    let checked = nginx(&["-t"]).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let child = nginx(&[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let nginx = Nginx { child, plain, tls, dir: dir.to_owned() };
    let since = Instant::now();
    while TcpStream::connect(tls).is_err() || TcpStream::connect(plain).is_err() {
        assert!(since.elapsed() < START, "nginx does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    let handshake = Command::new("openssl")
        .args(["s_client", "-tls1_2", "-connect", &tls.to_string()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&handshake.stdout);
    assert!(said.contains(NAME), "{said}");
    nginx
}

/// Whether nginx is there; if not, the test is noted as skipped.
fn found(test: &str) -> bool {
    let found = Command::new("nginx").arg("-v").output().is_ok();
    if !found {
        skipped(test, "nginx (apt-get install nginx-light)");
    }
    found
}

/// A setting of the example, as it is written there.
fn setting(name: &str) -> &'static str {
    let lines = EXAMPLE.lines().map(str::trim);
    let mut found = lines.filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let value = found.next().unwrap_or_else(|| panic!("the example has no {name}"));
    assert!(found.next().is_none(), "{name} stands there twice");
    value.trim_end_matches(';')
}

fn seconds(name: &str) -> u64 {
    setting(name).strip_suffix('s').unwrap().parse().unwrap()
}

#[test]
fn the_example_waits_longer_than_the_gateway() {
    for name in ["proxy_read_timeout", "proxy_send_timeout"] {
        let ms = 1000 * seconds(name);
        // A ping may come late by a whole period, and the gateway is the one to give up.
        assert!(ms >= limits::SILENCE_MS_MAX + limits::HEARTBEAT_MS, "{name}: {ms} ms");
    }
    // What the comment beside them says.
    let told = |ms: u64, word: &str| format!("{word} {} s", ms.div_ceil(1000));
    for words in [told(limits::HEARTBEAT_MS, "every"), told(limits::SILENCE_MS_MAX, "after")] {
        assert!(EXAMPLE.contains(&words), "{words}");
    }
    let body = setting("client_max_body_size").strip_suffix('m').unwrap().parse::<usize>();
    assert!(body.unwrap() * 1024 * 1024 > limits::IMPORT_BYTES_MAX, "the gateway says 413 itself");
    assert!(1000 * seconds("client_body_timeout") >= limits::BODY_MS_MIN);
}

/// Sends a request by hand over a connection of its own, and gives back the whole answer.
fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(START)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_browser_signs_in_and_has_its_session_over_tls() {
    if !found("a_browser_signs_in_and_has_its_session_over_tls") {
        return;
    }
    let mut process = Process::imported(&University::of(3).course("A", 2).window("w", ""));
    process.set("SERVER__TRUSTED_PROXIES", "[\"127.0.0.1\"]");
    process.set("SERVER__PUBLIC_URL", &format!("https://{NAME}"));
    process.start();
    let dir = tempfile::tempdir().unwrap();
    let nginx = start(dir.path(), process.address());
    let tunnel = nginx.tunnel();

    let body = r#"{"student":"s0001"}"#;
    let sign_in = |origin: &str| {
        let request = format!(
            "POST /api/sign-in HTTP/1.1\r\nHost: {NAME}\r\nOrigin: {origin}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        exchange(tunnel, &request)
    };
    let refused = sign_in(&format!("http://{NAME}"));
    assert!(!refused.contains("__Host-") && !refused.starts_with("HTTP/1.1 20"), "{refused}");
    let answer = sign_in(&format!("https://{NAME}"));
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("strict-transport-security:"), "{answer}");
    let cookie = answer.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie").then_some(value)
    });
    let cookie = cookie.unwrap_or_else(|| panic!("no cookie: {answer}"));
    assert!(cookie.starts_with("__Host-sluis="), "{cookie}");
    for part in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.split("; ").any(|it| it == part), "{part}: {cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();

    // The page's own site opens the socket, another does not, and neither does a plain one.
    let upgrade = |origin: &str| {
        let headers = [("Cookie", cookie), ("Origin", origin)];
        Raw::upgrade(tunnel, &headers)
    };
    let own = format!("https://{tunnel}");
    for origin in [&format!("http://{tunnel}"), "https://evil.example"] {
        assert_eq!(upgrade(origin).status, 403, "{origin}");
    }
    let mut raw = upgrade(&own);
    assert_eq!(raw.status, 101, "{}", raw.head);
    raw.text(r#"{"type":"hello","protocol":1}"#);
    raw.expect_text("\"type\":\"welcome\"");
    raw.text(r#"{"type":"ping","n":5}"#);
    raw.expect_text("\"n\":5");
}

#[test]
fn no_log_of_the_proxy_has_a_calendars_secret_or_a_sign_ins_code() {
    if !found("no_log_of_the_proxy_has_a_calendars_secret_or_a_sign_ins_code") {
        return;
    }
    let mut process = Process::imported(&University::of(3).course("A", 2).window("w", ""));
    process.set("SERVER__TRUSTED_PROXIES", "[\"127.0.0.1\"]");
    process.start();
    let dir = tempfile::tempdir().unwrap();
    let nginx = start(dir.path(), process.address());
    let path = process.http("s0001").post("/api/calendar", "").json()["path"].clone();
    let path = path.as_str().unwrap();
    let (_, secret) = path.trim_end_matches(".ics").rsplit_once('/').unwrap();
    assert_eq!(secret.len(), 64);
    let code = "a-code-of-the-provider";
    let back = format!("/api/sign-in/return?code={code}&state=its-state");
    let http = Http::new(nginx.plain, None);
    let everything = || {
        let asked = [path, &path.replace("/calendar", "//calendar/"), &back, "/api/plan"];
        let mut statuses: Vec<u16> = asked.iter().map(|path| http.get(path).status).collect();
        // Written so that a filter of texts would not see it.
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n",
            path.replace("/calendar", "/%63alendar")
        );
        let answer = exchange(nginx.plain, &request);
        statuses.push(answer.split(' ').nth(1).unwrap().parse().unwrap());
        statuses
    };
    let statuses = everything();
    assert_eq!((statuses[0], statuses[3]), (200, 401), "{statuses:?}");
    // Nobody is there: nginx says so in its log of errors, with the request.
    process.kill();
    assert_eq!(everything(), [502; 5]);
    until("both are logged", || {
        let (requests, others) = nginx.logs();
        requests.matches("/api/plan").count() == 2 && others.contains("/api/plan")
    });
    let (requests, others) = nginx.logs();
    for private in [secret, code, "its-state"] {
        assert!(!requests.contains(private), "{requests}");
        assert!(!others.contains(private), "{others}");
    }
}

#[tokio::test]
async fn the_example_passes_on_requests_sockets_and_addresses() {
    if !found("the_example_passes_on_requests_sockets_and_addresses") {
        return;
    }
    let mut process = Process::imported(&University::of(3).course("A", 2).window("w", ""));
    process.set("SERVER__TRUSTED_PROXIES", "[\"127.0.0.1\"]");
    process.set("LIMITS__ADDRESS_SIGN_INS_PER_SECOND", "1");
    process.set("LIMITS__ADDRESS_SIGN_INS_BURST", "2");
    process.start();
    let dir = tempfile::tempdir().unwrap();
    let nginx = start(dir.path(), process.address());

    let page = Http::new(nginx.plain, None).get("/healthz");
    assert_eq!(page.status, 200, "{}", page.body);

    // A session through the proxy: hello, welcome, ping, pong.
    let token = process.token("s0000");
    let mut raw = Raw::hello(nginx.plain, &token);
    raw.text(r#"{"type":"ping","n":4}"#);
    raw.expect_text("\"n\":4");

    // What a client says of its address is not believed: it cannot leave its own allowance.
    let http = Http::new(nginx.plain, None);
    let sign_in = |forged: &str| {
        let headers = [("X-Forwarded-For", forged)];
        http.ask("POST", "/api/sign-in", r#"{"student":"s0001"}"#, &headers).status
    };
    let answers: Vec<u16> = (0..4).map(|n| sign_in(&format!("203.0.113.{n}"))).collect();
    assert_eq!(answers.iter().filter(|s| **s == 429).count(), 2, "{answers:?}");

    // What the gateway refuses comes through as it said it.
    let refused = Http::new(nginx.plain, None).get("/api/plan");
    let problem: Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!((refused.status, &problem["code"]), (401, &Value::from("not_signed_in")));
}
