//! One HTTP exchange, byte for byte: what a test looks for may stand in any part of an answer.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::PATIENCE;

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Exchanged {
    pub status: u16,
    /// Head and body.
    pub text: String,
}

/// Asks, and reads until the connection ends.
#[track_caller]
pub fn exchange(
    gateway: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Exchanged {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {gateway}\r\nConnection: close\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    if !body.is_empty() || !["GET", "HEAD"].contains(&method) {
        write!(head, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    if body.starts_with(['{', '[']) {
        head.push_str("Content-Type: application/json\r\n");
    }
    let mut stream = TcpStream::connect(gateway).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap_or_else(|e| panic!("{method} {path}: {e}"));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    Exchanged { status: status.unwrap_or_else(|| panic!("{method} {path}: {text:?}")), text }
}

impl Exchanged {
    /// The values of a header.
    pub fn header(&self, name: &str) -> Vec<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap_or_default();
        let lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    /// The `code` of a problem.
    pub fn code(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(self.body()).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }
}
