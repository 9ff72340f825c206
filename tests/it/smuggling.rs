//! Where one request ends and the next begins is never in doubt: what a proxy might read otherwise
//! is refused and the connection ends, so that nobody's bytes become a request of somebody else's.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::{PATIENCE, TestGateway, University};

/// What would be the second request.
const HIDDEN: &str = "GET /api/catalogue/HIDDEN HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const ROUTE: &str = "route=\"/api/catalogue/{code:.+}\"";

/// Header lines that leave its length in doubt, each with its line ends; the body that follows.
const DOUBTS: [(&str, &str, &str); 22] = [
    ("both lengths", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    (
        "both, the other way round",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "0\r\n\r\n",
    ),
    (
        "both, and the length is none",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "0\r\n\r\n",
    ),
    ("two lengths", "Content-Length: 0\r\nContent-Length: 71\r\n", ""),
    ("two lengths, the other way round", "Content-Length: 71\r\nContent-Length: 0\r\n", ""),
    ("the same length twice", "Content-Length: 0\r\nContent-Length: 0\r\n", ""),
    ("a list of lengths", "Content-Length: 0, 71\r\n", ""),
    ("a signed length", "Content-Length: +0\r\n", ""),
    ("a length below nothing", "Content-Length: -1\r\n", ""),
    ("a length in hex", "Content-Length: 0x0\r\n", ""),
    ("a length beyond all", "Content-Length: 99999999999999999999\r\n", ""),
    ("a folded line", "X-Note: a\r\n Content-Length: 71\r\n", ""),
    ("a folded line by a tab", "X-Note: a\r\n\tTransfer-Encoding: chunked\r\n", ""),
    ("a folded encoding", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
    ("a space before the colon", "Content-Length : 71\r\n", ""),
    ("a tab before the colon", "Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n"),
    ("a space before the name", " Content-Length: 71\r\n", ""),
    ("two encodings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
    ("a list of encodings", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
    ("an unknown encoding", "Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n", ""),
    ("a return inside of a line", "X-Note: a\rContent-Length: 71\r\n", ""),
    ("no byte that may stand there", "X-Note: a\0\r\nContent-Length: 0\r\n", ""),
];

/// Everything that comes until the connection ends.
fn answers(gateway: &TestGateway, bytes: &str) -> String {
    let mut stream = TcpStream::connect(gateway.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // All at once: the second would be answered on the same connection.
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut all = Vec::new();
    let mut some = [0; 4096];
    loop {
        match stream.read(&mut some) {
            Ok(0) => break,
            Ok(read) => all.extend(&some[..read]),
            // It may end hard: what was sent after the refusal was not read.
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(e) => panic!("it does not end: {e}: {}", String::from_utf8_lossy(&all)),
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

fn hidden_requests(gateway: &TestGateway) -> String {
    let metrics = gateway.operators().get("/metrics").ok();
    let lines = metrics.lines().filter(|line| line.starts_with("sluis_http_requests_total"));
    lines.filter(|line| line.contains(ROUTE) && !line.ends_with(" 0")).collect()
}

#[test]
fn a_request_whose_end_is_in_doubt_is_refused_and_what_follows_is_no_request() {
    let gateway = TestGateway::start(&University::of(1).course("A", 2).window("w", ""));
    let first = |lines: &str, body: &str| {
        format!("POST /api/sign-out HTTP/1.1\r\nHost: x\r\n{lines}\r\n{body}{HIDDEN}")
    };
    for (doubt, lines, body) in DOUBTS {
        let told = answers(&gateway, &first(lines, body));
        assert!(told.starts_with("HTTP/1.1 400 "), "{doubt}: {told}");
        assert_eq!(told.matches("HTTP/1.1 ").count(), 1, "{doubt}: {told}");
    }
    let old =
        "POST /api/sign-out HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let told = answers(&gateway, &format!("{old}{HIDDEN}"));
    assert_eq!(told.matches("HTTP/1.").count(), 1, "HTTP/1.0: {told}");
    assert_eq!(hidden_requests(&gateway), "", "one of them was taken for a request");

    // The look can fail: where there is no doubt the second is one.
    for (lines, body) in [
        ("Content-Length: 0\r\n", ""),
        ("Content-Length: 5\r\n", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    ] {
        let told = answers(&gateway, &first(lines, body));
        assert_eq!(told.matches("HTTP/1.1 ").count(), 2, "{lines}: {told}");
        assert!(told.starts_with("HTTP/1.1 204 ") && told.contains("unknown_course"), "{told}");
    }
    assert!(hidden_requests(&gateway).ends_with(" 3"), "{}", hidden_requests(&gateway));
}
