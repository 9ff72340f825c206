//! The nginx example under `config/nginx`, as it is but for its addresses and certificate, before
//! a real gateway.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::process::Process;
use crate::support::{Http, University, skipped};

const EXAMPLE: &str = include_str!("../../config/nginx/sluis.conf");
const START: Duration = Duration::from_secs(40);

struct Nginx {
    child: Child,
    plain: SocketAddr,
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
        .args(["-subj", "/CN=register.example.edu"])
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
         http {{\naccess_log off;\n{paths}include {dir_text}/sluis.conf;\n}}\n"
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
    let nginx = Nginx { child, plain };
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
    assert!(said.contains("register.example.edu"), "{said}");
    nginx
}

fn found(program: &str) -> bool {
    Command::new(program).arg("-v").output().is_ok()
}

#[tokio::test]
async fn the_example_passes_on_requests_sockets_and_addresses() {
    if !found("nginx") {
        let test = "the_example_passes_on_requests_sockets_and_addresses";
        return skipped(test, "nginx (apt-get install nginx-light)");
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
    let mut raw = crate::support::Raw::hello(nginx.plain, &token);
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
