//! A WebSocket by hand: any bytes can be sent, and everything that comes back is seen.

use std::fmt::{Display, Write as _};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Before it is given up.
const PATIENCE: Duration = Duration::from_secs(40);

pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CONTINUE: u8 = 0x0;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xa;
pub const FIN: u8 = 0x80;
/// In the second byte: the payload is masked, and how its length is written (RFC 6455 §5.2).
const MASKED: u8 = 0x80;
const LENGTH_16: u8 = 0x7e;
const LENGTH_64: u8 = 0x7f;

const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// A connection.
pub struct Raw {
    stream: TcpStream,
    /// What the upgrade was answered.
    pub status: u16,
    /// Its headers and body, as far as they came.
    pub head: String,
}

impl Raw {
    /// Asks for the upgrade with these headers more.
    pub fn upgrade(gateway: SocketAddr, headers: &[(&str, &str)]) -> Self {
        Self::upgrade_over(TcpStream::connect(gateway).unwrap(), headers)
    }

    fn upgrade_over(stream: TcpStream, headers: &[(&str, &str)]) -> Self {
        let usual = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        Self::ask_over(stream, "GET /ws HTTP/1.1", &[&usual, headers].concat())
    }

    /// Sends this request line with just these headers and `Host`.
    pub fn ask<V: Display>(gateway: SocketAddr, line: &str, headers: &[(&str, V)]) -> Self {
        Self::ask_over(TcpStream::connect(gateway).unwrap(), line, headers)
    }

    /// The same over a connection that is there.
    fn ask_over<V: Display>(mut stream: TcpStream, line: &str, headers: &[(&str, V)]) -> Self {
        let gateway = stream.peer_addr().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut text = format!("{line}\r\nHost: {gateway}\r\n");
        for (name, value) in headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        text.push_str("\r\n");
        stream.write_all(text.as_bytes()).unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        Self { stream, status, head }
    }

    /// A session with a bearer token.
    pub fn open(gateway: SocketAddr, token: &str) -> Self {
        Self::open_over(TcpStream::connect(gateway).unwrap(), token)
    }

    fn open_over(stream: TcpStream, token: &str) -> Self {
        let bearer = format!("Bearer {token}");
        let raw = Self::upgrade_over(stream, &[("Authorization", &bearer)]);
        assert_eq!(raw.status, 101, "{}", raw.head);
        raw
    }

    /// A session that has been welcomed.
    pub fn hello(gateway: SocketAddr, token: &str) -> Self {
        Self::hello_over(TcpStream::connect(gateway).unwrap(), token)
    }

    /// The same over a connection that is there.
    pub fn hello_over(stream: TcpStream, token: &str) -> Self {
        let mut raw = Self::open_over(stream, token);
        raw.text(r#"{"type":"hello","protocol":1}"#);
        raw.expect_text("\"type\":\"welcome\"");
        raw
    }

    pub fn bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// A masked frame: first byte, payload.
    pub fn frame(&mut self, first: u8, payload: &[u8]) {
        let frame = masked(first, payload);
        self.stream.write_all(&frame).unwrap();
    }

    pub fn text(&mut self, text: &str) {
        self.frame(FIN | TEXT, text.as_bytes());
    }

    /// The next frame; `None`: the connection ended. Panics when nothing comes.
    pub fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        if !self.fill(&mut head) {
            return None;
        }
        let mut length = u64::from(head[1] & 0x7f);
        if length == 126 {
            let mut more = [0; 2];
            self.fill(&mut more).then_some(())?;
            length = u64::from(u16::from_be_bytes(more));
        } else if length == 127 {
            let mut more = [0; 8];
            self.fill(&mut more).then_some(())?;
            length = u64::from_be_bytes(more);
        }
        let mut payload = vec![0; length as usize];
        self.fill(&mut payload).then_some(())?;
        Some((head[0] & 0x0f, payload))
    }

    fn fill(&mut self, bytes: &mut [u8]) -> bool {
        match self.stream.read_exact(bytes) {
            Ok(()) => true,
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("the connection hangs: nothing comes and it does not end")
            }
            Err(_) => false,
        }
    }

    /// Reads until a text that contains this.
    pub fn expect_text(&mut self, part: &str) -> String {
        for _ in 0..10_000 {
            let (kind, payload) = self.read().unwrap_or_else(|| panic!("ended before {part}"));
            let text = String::from_utf8_lossy(&payload).into_owned();
            if kind == TEXT && text.contains(part) {
                return text;
            }
            assert_ne!(kind, CLOSE, "closed before {part}: {payload:?}");
        }
        panic!("10,000 frames without {part}");
    }

    /// Reads until the close frame, then until the connection ends: the code and the reason.
    #[track_caller]
    pub fn closed(&mut self) -> (u16, String) {
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            match self.read() {
                Some((CLOSE, payload)) => {
                    assert!(payload.len() >= 2, "a close frame without a code");
                    let code = u16::from_be_bytes([payload[0], payload[1]]);
                    self.ends();
                    return (code, String::from_utf8(payload[2..].to_vec()).unwrap());
                }
                Some(_) => {}
                None => panic!("the connection ended without a close frame"),
            }
        }
        panic!("no close frame within 10 s");
    }

    /// The connection ends by itself.
    #[track_caller]
    pub fn ends(&mut self) {
        for _ in 0..10_000 {
            if self.read().is_none() {
                return;
            }
        }
        panic!("frames after the end");
    }

    pub fn socket(&self) -> &TcpStream {
        &self.stream
    }
}

/// The bytes of a masked frame.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(first, payload.len() as u64);
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// The head of a masked frame that announces so many bytes; the mask comes after it.
pub fn head(first: u8, length: u64) -> Vec<u8> {
    let mut frame = vec![first];
    match length {
        0..=125 => frame.push(MASKED | length as u8),
        126..=0xffff => {
            frame.push(MASKED | LENGTH_16);
            frame.extend((length as u16).to_be_bytes());
        }
        _ => {
            frame.push(MASKED | LENGTH_64);
            frame.extend(length.to_be_bytes());
        }
    }
    frame
}
