//! What somebody does who means harm, each on a thread of its own, and how it must end.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sluis::limits;

use super::raw::{CLOSE, CONTINUE, FIN, PING, PONG, TEXT, head, masked};
use super::{Raw, exchange};

/// How an attack ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// The socket was closed with this code.
    Closed(u16),
    /// It was answered over HTTP with this status, and the connection ended.
    Answered(u16),
    /// The connection ended without a word.
    Cut,
}

/// Reads until the connection ends, or fails after so long.
fn end_of(stream: &mut TcpStream, most: Duration) -> End {
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let (since, mut heard, mut buffer) = (Instant::now(), Vec::new(), [0; 16 * 1024]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => heard.extend(&buffer[..n]),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => break,
        }
        assert!(since.elapsed() < most, "it is held open after {most:?}");
    }
    if heard.starts_with(b"HTTP/1.1 ") {
        return End::Answered(String::from_utf8_lossy(&heard[9..12]).parse().unwrap());
    }
    // The last frame of a socket that is closed: code and reason, unmasked.
    let close = (0..heard.len()).rev().find(|at| {
        heard[*at] == FIN | CLOSE
            && heard.get(at + 1).is_some_and(|n| at + 2 + usize::from(*n) == heard.len())
    });
    match close.and_then(|at| heard.get(at + 2..at + 4)) {
        Some(code) => End::Closed(u16::from_be_bytes([code[0], code[1]])),
        None => End::Cut,
    }
}

/// Writes a piece now and then, until the other side has enough.
fn trickle(stream: &mut TcpStream, bytes: &[u8], pause: Duration, most: Duration) -> End {
    let since = Instant::now();
    stream.set_nodelay(true).unwrap();
    for byte in bytes.iter().cycle() {
        if stream.write_all(&[*byte]).is_err() || is_over(stream) {
            break;
        }
        assert!(since.elapsed() < most, "it is held open after {most:?}");
        std::thread::sleep(pause);
    }
    end_of(stream, Duration::from_secs(10))
}

/// Whether something came or the connection ended, without taking it.
fn is_over(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let peeked = stream.peek(&mut [0; 2]);
    stream.set_nonblocking(false).unwrap();
    match peeked {
        Ok(0) => true,
        // A ping of the gateway's own is no end; a close is, and so is an answer.
        Ok(_) => {
            let mut first = [0];
            stream.peek(&mut first).is_ok() && first[0] != FIN | PING
        }
        Err(e) => e.kind() != ErrorKind::WouldBlock,
    }
}

/// A connection from one of this machine's other addresses.
pub fn from(source: Ipv4Addr, gateway: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(IpAddr::V4(source), 0).into()).unwrap();
    socket.connect(&gateway.into()).unwrap();
    socket.into()
}

/// A connection that says nothing.
pub fn half_open(gateway: SocketAddr) -> End {
    end_of(&mut TcpStream::connect(gateway).unwrap(), Duration::from_secs(40))
}

/// The head of a request, by the byte.
pub fn slow_head(gateway: SocketAddr) -> End {
    let mut stream = TcpStream::connect(gateway).unwrap();
    stream.write_all(b"GET /ws HTTP/1.1\r\nHost: a\r\nX-Slow: ").unwrap();
    trickle(&mut stream, b"a", Duration::from_millis(300), Duration::from_secs(40))
}

/// The head of a request as fast as it goes, without an end.
pub fn huge_head(gateway: SocketAddr) -> End {
    let mut stream = TcpStream::connect(gateway).unwrap();
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Long: {}", "a".repeat(1 << 20));
    let _ = stream.write_all(head.as_bytes());
    end_of(&mut stream, Duration::from_secs(40))
}

/// The body of a request, by the byte; in chunks, to a route that does not even read it, too.
pub fn slow_body(gateway: SocketAddr, chunked: bool) -> End {
    let mut stream = TcpStream::connect(gateway).unwrap();
    let (head, bytes): (_, &[u8]) = match chunked {
        false => ("POST /api/sign-in HTTP/1.1\r\nContent-Length: 50000\r\n", b" "),
        true => ("PUT /api/plan HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", b"1\r\n \r\n"),
    };
    let head = format!("{head}Host: a\r\nContent-Type: application/json\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    trickle(&mut stream, bytes, Duration::from_millis(300), Duration::from_secs(40))
}

/// Sends these bytes over a session of hers.
pub fn sends(gateway: SocketAddr, token: &str, bytes: &[u8]) -> End {
    let mut raw = Raw::hello(gateway, token);
    let _ = raw.bytes(bytes);
    end_of(&mut raw.socket().try_clone().unwrap(), Duration::from_secs(40))
}

/// The frames that are refused as soon as they are seen, and the code that each gets.
pub fn bad_frames() -> Vec<(&'static str, u16, Vec<u8>)> {
    let mut unmasked = head(FIN | TEXT, 2);
    unmasked[1] &= 0x7f;
    unmasked.extend(b"{}");
    let over = limits::MESSAGE_BYTES_MAX + 1;
    let many = masked(CONTINUE, b"").repeat(100_000);
    let ping = br#"{"type":"ping","n":1}"#;
    let long = format!(r#"{{"type":"ping","n":[{}1]}}"#, "1,".repeat(8_000));
    vec![
        ("an unmasked frame", 1002, unmasked),
        ("a frame of a mebibyte", 1009, masked(FIN | TEXT, &vec![b' '; 1 << 20])),
        ("a tebibyte announced", 1009, [head(FIN | TEXT, 1 << 40), vec![0; 4]].concat()),
        ("a frame over the limit", 1009, masked(FIN | TEXT, &vec![b' '; over])),
        ("fragments without end", 1009, [masked(TEXT, b" "), many].concat()),
        ("text that is none", 1007, masked(FIN | TEXT, &[0xc3, 0x28])),
        ("a flood of pings", 1008, masked(FIN | PING, b"x").repeat(20_000)),
        ("a flood of pongs", 1008, masked(FIN | PONG, b"x").repeat(20_000)),
        ("a flood of messages", 1008, masked(FIN | TEXT, ping).repeat(5_000)),
        ("a flood of long messages", 1008, masked(FIN | TEXT, long.as_bytes()).repeat(100)),
        ("a flood of what is no message", 1008, masked(FIN | TEXT, b"[").repeat(5_000)),
    ]
}

/// A frame within the limit, by the byte.
pub fn slow_frame(gateway: SocketAddr, token: &str) -> End {
    let raw = Raw::hello(gateway, token);
    let mut stream = raw.socket().try_clone().unwrap();
    let mut frame = head(FIN | TEXT, 16_000);
    frame.extend([0; 4]);
    stream.write_all(&frame).unwrap();
    trickle(&mut stream, b" ", Duration::from_millis(300), Duration::from_secs(40))
}

/// Fragments now and then, each whole, of a message that never ends; with pings between them.
pub fn slow_fragments(gateway: SocketAddr, token: &str) -> End {
    let raw = Raw::hello(gateway, token);
    let mut stream = raw.socket().try_clone().unwrap();
    stream.write_all(&masked(TEXT, b" ")).unwrap();
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(500));
        if stream.write_all(&masked(CONTINUE, b"")).is_err() || is_over(&stream) {
            break;
        }
    }
    end_of(&mut stream, Duration::from_secs(10))
}

/// Asks for much, within her limits, and reads none of it.
pub fn never_reads(gateway: SocketAddr, token: &str, sections: &[String]) -> End {
    let raw = Raw::hello(gateway, token);
    let mut stream = raw.socket().try_clone().unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    // Or the kernel would take it all for her for a while.
    socket2::SockRef::from(&stream).set_recv_buffer_size(4096).unwrap();
    let watch = serde_json::json!({"type": "watch", "sections": sections}).to_string();
    let watch = masked(FIN | TEXT, watch.as_bytes());
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(60) {
        // Writing fails in time when it was cut off.
        match stream.write_all(&watch) {
            Ok(()) => {}
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                // The gateway does not read her any more while she does not read it.
                std::thread::sleep(Duration::from_millis(500));
            }
            Err(_) => return End::Cut,
        }
        std::thread::sleep(Duration::from_millis(70));
        if stream.take_error().unwrap().is_some() {
            return End::Cut;
        }
    }
    panic!("a reader that reads nothing is held for a minute");
}

/// Sockets that say nothing at all after the handshake; each is closed.
pub fn silent(gateway: SocketAddr, tokens: &[String]) -> Vec<End> {
    let open: Vec<Raw> = tokens.iter().map(|token| Raw::open(gateway, token)).collect();
    let end = |raw: Raw| {
        let mut stream = raw.socket().try_clone().unwrap();
        end_of(&mut stream, Duration::from_millis(limits::HELLO_MS_MAX + 10_000))
    };
    open.into_iter().map(end).collect()
}

/// Sessions from one address that do nothing but say that they are there, until `over` is so.
pub fn idle(
    gateway: SocketAddr,
    source: Ipv4Addr,
    tokens: &[String],
    (open, over): (&AtomicUsize, &AtomicBool),
) {
    let enter = |token: &String| {
        let raw = Raw::hello_over(from(source, gateway), token);
        open.fetch_add(1, Ordering::Relaxed);
        raw
    };
    let mut sessions: Vec<Raw> = tokens.iter().map(enter).collect();
    let pong = masked(FIN | PONG, b"");
    while !over.load(Ordering::Relaxed) {
        for raw in &mut sessions {
            raw.bytes(&pong).expect("an idle session was ended");
        }
        let next = Instant::now() + Duration::from_secs(10);
        while Instant::now() < next && !over.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// Handshakes from one address as fast as they go, each given up at once: how many were let in and
/// how many were told to wait, with a time.
pub fn storm(
    gateway: SocketAddr,
    source: Ipv4Addr,
    tokens: &[String],
    time: Duration,
) -> (u32, u32) {
    let (since, mut taken, mut told) = (Instant::now(), 0, 0);
    for token in tokens.iter().cycle() {
        if since.elapsed() >= time {
            break;
        }
        let mut stream = from(source, gateway);
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let ask = format!(
            "GET /ws HTTP/1.1\r\nHost: {gateway}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Authorization: Bearer {token}\r\n\r\n"
        );
        stream.write_all(ask.as_bytes()).unwrap();
        let mut answer = [0; 2048];
        let n = stream.read(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer[..n]).to_ascii_lowercase();
        match answer.get(9..12) {
            Some("101") => taken += 1,
            Some("429") => {
                assert!(answer.contains("retry-after: "), "{answer}");
                told += 1;
            }
            _ => panic!("{answer}"),
        }
    }
    (taken, told)
}

/// Requests without a sign-in, as fast as they go.
pub fn requests(gateway: SocketAddr, time: Duration) -> (u32, u32) {
    let (since, mut taken, mut told) = (Instant::now(), 0, 0);
    while since.elapsed() < time {
        let answer = exchange(gateway, "GET", "/api/seats?course=A", &[], "");
        match answer.status {
            200 => taken += 1,
            429 => {
                assert_eq!(answer.header("retry-after").len(), 1, "{}", answer.text);
                told += 1;
            }
            _ => panic!("{}", answer.text),
        }
    }
    (taken, told)
}
