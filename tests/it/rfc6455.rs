//! The WebSocket's grammar, frame by frame, as RFC 6455 has it. Each case names its section.
//! What the standard leaves open is ours: text only (1003), messages of so many bytes in so many
//! fragments (1009).

use sluis::limits;

use crate::support::raw::{BINARY, CLOSE, CONTINUE, FIN, PING, PONG, TEXT, head, masked};
use crate::support::{Raw, TestGateway, University};

/// What the gateway does about it.
enum Then {
    /// Closes with this code, and ends the connection.
    Closes(u16),
    /// Closes without a code, as it was closed.
    ClosesBare,
    /// Answers with a text that holds this, and goes on.
    Says(&'static str),
    /// Answers with a pong of this, and goes on.
    Pongs(Vec<u8>),
    /// Says nothing, and goes on.
    GoesOn,
}
use Then::{Closes, ClosesBare, GoesOn, Pongs, Says};

type Case = (&'static str, String, Vec<u8>, Then);

const ASK: &[u8] = br#"{"type":"ping","n":7}"#;
const ANSWER: &str = "\"n\":7";
/// Bits of a frame's first byte that only an extension may set.
const RSV: [u8; 3] = [0x40, 0x20, 0x10];

fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, payload.len() as u8];
    frame.extend(payload);
    frame
}

fn closing(code: u16, reason: &[u8]) -> Vec<u8> {
    masked(FIN | CLOSE, &[&code.to_be_bytes(), reason].concat())
}

/// Frames one after another; all but the last without FIN, all but the first a continuation.
fn fragments(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let frame = |(i, part): (usize, &&[u8])| {
        let opcode = if i == 0 { first } else { CONTINUE };
        let fin = if i + 1 == parts.len() { FIN } else { 0 };
        masked(fin | opcode, part)
    };
    parts.iter().enumerate().flat_map(frame).collect()
}

fn case(section: &'static str, what: impl Into<String>, bytes: Vec<u8>, then: Then) -> Case {
    (section, what.into(), bytes, then)
}

/// §5.1 and §5.2: the head of a frame.
fn heads() -> Vec<Case> {
    let mut cases = vec![
        case("5.1", "an unmasked text", unmasked(FIN | TEXT, ASK), Closes(1002)),
        case("5.1", "an unmasked ping", unmasked(FIN | PING, b""), Closes(1002)),
        case("5.1", "an unmasked close", unmasked(FIN | CLOSE, &[3, 232]), Closes(1002)),
        case("5.2", "a text", masked(FIN | TEXT, ASK), Says(ANSWER)),
        case("5.2", "an empty text", masked(FIN | TEXT, b""), Says("message_invalid")),
        case("5.6", "a binary message", masked(FIN | BINARY, ASK), Closes(1003)),
        case("5.6", "an empty binary message", masked(FIN | BINARY, b""), Closes(1003)),
    ];
    for bit in RSV {
        for opcode in [TEXT, PING, CLOSE] {
            let what = format!("reserved bit {bit:#x} on opcode {opcode:#x}");
            cases.push(case("5.2", what, masked(FIN | bit | opcode, b""), Closes(1002)));
        }
    }
    let late = [masked(TEXT, b""), masked(FIN | RSV[0] | CONTINUE, ASK)].concat();
    cases.push(case("5.2", "a reserved bit on a continuation", late, Closes(1002)));
    for opcode in (0x3..=0x7).chain(0xb..=0xf) {
        let what = format!("reserved opcode {opcode:#x}");
        cases.push(case("5.2", what, masked(FIN | opcode, b""), Closes(1002)));
    }
    let padded = |length: usize| [ASK, " ".repeat(length - ASK.len()).as_bytes()].concat();
    for length in [125, 126, 127, 128, 65_535 / 8, limits::MESSAGE_BYTES_MAX] {
        let what = format!("a text of {length} bytes");
        cases.push(case("5.2", what, masked(FIN | TEXT, &padded(length)), Says(ANSWER)));
    }
    let over = limits::MESSAGE_BYTES_MAX + 1;
    for length in [over as u64, 1 << 16, 1 << 40, 1 << 63, u64::MAX] {
        let announced = [head(FIN | TEXT, length), vec![1, 2, 3, 4]].concat();
        cases.push(case("5.2", format!("{length} bytes announced"), announced, Closes(1009)));
    }
    cases
}

/// §5.4: messages in fragments.
fn messages() -> Vec<Case> {
    let (a, b) = ASK.split_at(8);
    let whole = |parts: &[&[u8]]| fragments(TEXT, parts);
    let between = |frame: Vec<u8>| [masked(TEXT, a), frame, masked(FIN | CONTINUE, b)].concat();
    let mut most = vec![a, b];
    most.resize(limits::MESSAGE_FRAGMENTS_MAX, b"");
    let mut more = most.clone();
    more.push(b"");
    let bytes = ASK.chunks(1).collect::<Vec<_>>();
    let half = vec![b' '; limits::MESSAGE_BYTES_MAX / 2 + 1];
    vec![
        case("5.4", "two fragments", whole(&[a, b]), Says(ANSWER)),
        case("5.4", "an empty first fragment", whole(&[b"", ASK]), Says(ANSWER)),
        case("5.4", "an empty fragment within", whole(&[a, b"", b]), Says(ANSWER)),
        case("5.4", "an empty last fragment", whole(&[ASK, b""]), Says(ANSWER)),
        case("5.4", "empty fragments only", whole(&[b"", b"", b""]), Says("message_invalid")),
        case("5.4", "a byte in each fragment", whole(&bytes), Says(ANSWER)),
        case("5.4", "as many fragments as allowed", whole(&most), Says(ANSWER)),
        case("5.4", "one fragment more", whole(&more), Closes(1009)),
        case("5.4", "too many bytes together", whole(&[&half, &half]), Closes(1009)),
        case("5.4", "a ping within", between(masked(FIN | PING, b"hi")), Pongs(b"hi".to_vec())),
        case("5.4", "a pong within", between(masked(FIN | PONG, b"hi")), Says(ANSWER)),
        case("5.4", "a close within", between(closing(1000, b"")), Closes(1000)),
        case("5.4", "a text within", between(masked(FIN | TEXT, ASK)), Closes(1002)),
        case("5.4", "a binary within", between(masked(FIN | BINARY, ASK)), Closes(1002)),
        case("5.4", "a second first fragment", between(masked(TEXT, ASK)), Closes(1002)),
        case("5.4", "a last of nothing", masked(FIN | CONTINUE, ASK), Closes(1002)),
        case("5.4", "a continuation of nothing", masked(CONTINUE, ASK), Closes(1002)),
        case(
            "5.4",
            "a continuation after the end",
            [whole(&[a, b]), masked(FIN | CONTINUE, b)].concat(),
            Closes(1002),
        ),
        case("5.4", "fragments of binary", fragments(BINARY, &[a, b]), Closes(1003)),
    ]
}

/// §5.5 and §7.4: control frames.
fn controls() -> Vec<Case> {
    let most = vec![0xff; 125];
    let mut cases = vec![
        case("5.5.2", "an empty ping", masked(FIN | PING, b""), Pongs(vec![])),
        case("5.5.2", "a ping of 125 bytes", masked(FIN | PING, &most), Pongs(most.clone())),
        case("5.5", "a ping of 126 bytes", masked(FIN | PING, &[0; 126]), Closes(1002)),
        case("5.5", "a pong of 126 bytes", masked(FIN | PONG, &[0; 126]), Closes(1002)),
        case("5.5", "a close of 126 bytes", closing(1000, &[b'a'; 124]), Closes(1002)),
        case("5.5", "a fragmented ping", masked(PING, b"hi"), Closes(1002)),
        case("5.5", "a fragmented pong", masked(PONG, b"hi"), Closes(1002)),
        case("5.5", "a fragmented close", masked(CLOSE, &[3, 232]), Closes(1002)),
        case("5.5.3", "a pong that nobody asked for", masked(FIN | PONG, b"hi"), GoesOn),
        case("5.5.1", "a close without a code", masked(FIN | CLOSE, b""), ClosesBare),
        case("5.5.1", "half a close code", masked(FIN | CLOSE, &[3]), Closes(1002)),
        case("5.5.1", "a close with a reason", closing(1001, b"bye"), Closes(1001)),
        case("5.5.1", "a reason of 123 bytes", closing(1000, &[b'a'; 123]), Closes(1000)),
        case("5.5.1", "a reason that is not UTF-8", closing(1000, &[0xc3, 0x28]), Closes(1007)),
        case(
            "5.5.1",
            "a message after the close",
            [closing(1000, b""), masked(FIN | TEXT, ASK)].concat(),
            Closes(1000),
        ),
    ];
    let codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    for code in codes {
        cases.push(case("7.4", format!("closed with {code}"), closing(code, b""), Closes(code)));
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        cases.push(case("7.4", format!("closed with {code}"), closing(code, b""), Closes(1002)));
    }
    cases
}

/// §8.1: text is UTF-8, wherever it is cut.
fn texts() -> Vec<Case> {
    let text = |bytes: &[u8]| [b"\"", bytes, b"\""].concat();
    let mut cases = Vec::new();
    for good in ["é", "€", "𝄞", "\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}", "\u{feff}\u{0}"]
    {
        let whole = text(good.as_bytes());
        let what = format!("{good:?} whole");
        cases.push(case("8.1", what, masked(FIN | TEXT, &whole), Says("message_invalid")));
        let parts: Vec<&[u8]> = whole.chunks(1).collect();
        let cut = fragments(TEXT, &parts);
        cases.push(case("8.1", format!("{good:?} cut"), cut, Says("message_invalid")));
    }
    let bad: [(&str, &[u8]); 8] = [
        ("a continuation byte alone", &[0x80]),
        ("a start without its end", &[0xc3]),
        ("a start and no continuation", &[0xc3, 0x28]),
        ("an overlong slash", &[0xc0, 0xaf]),
        ("an overlong nothing", &[0xe0, 0x80, 0x80]),
        ("half a surrogate pair", &[0xed, 0xa0, 0x80]),
        ("beyond U+10FFFF", &[0xf4, 0x90, 0x80, 0x80]),
        ("a byte that never occurs", &[0xff]),
    ];
    for (what, bytes) in bad {
        let whole = text(bytes);
        cases.push(case("8.1", what, masked(FIN | TEXT, &whole), Closes(1007)));
        let parts: Vec<&[u8]> = whole.chunks(1).collect();
        cases.push(case("8.1", format!("{what}, cut"), fragments(TEXT, &parts), Closes(1007)));
    }
    cases
}

/// The next frame of one of these kinds.
fn next(raw: &mut Raw, kinds: &[u8]) -> (u8, Vec<u8>) {
    loop {
        let frame = raw.read().expect("the connection ended without a close frame");
        if kinds.contains(&frame.0) {
            return frame;
        }
    }
}

fn judge(raw: &mut Raw, name: &str, then: Then) {
    let goes_on = match then {
        Closes(code) => {
            let (_, payload) = next(raw, &[CLOSE]);
            let told = payload.get(..2).map(|code| u16::from_be_bytes([code[0], code[1]]));
            assert_eq!(told, Some(code), "{name}");
            false
        }
        ClosesBare => {
            assert_eq!(next(raw, &[CLOSE]).1, b"", "{name}");
            false
        }
        Says(part) => {
            let (kind, payload) = next(raw, &[TEXT, CLOSE]);
            let text = String::from_utf8_lossy(&payload);
            assert!(kind == TEXT && text.contains(part), "{name}: {kind:#x} {text}");
            true
        }
        Pongs(payload) => {
            assert_eq!(next(raw, &[PONG, CLOSE]), (PONG, payload), "{name}");
            true
        }
        GoesOn => true,
    };
    if goes_on {
        raw.text(r#"{"type":"ping","n":9}"#);
        loop {
            let (kind, payload) = next(raw, &[TEXT, CLOSE]);
            assert_eq!(kind, TEXT, "{name}: closed with {payload:?}");
            if String::from_utf8_lossy(&payload).contains("\"n\":9") {
                break;
            }
        }
    } else {
        raw.ends();
    }
}

#[test]
fn every_frame_is_taken_or_refused_as_the_standard_says() {
    let students = 8;
    let gateway = TestGateway::start(&University::of(students).course("A", 2).window("w", ""));
    let cases: Vec<Case> =
        [heads(), messages(), controls(), texts()].into_iter().flatten().collect();
    assert!(cases.len() >= 60, "{}", cases.len());
    // A connection that was closed lingers for a second: several side by side.
    let mut shares: Vec<Vec<Case>> = (0..students).map(|_| Vec::new()).collect();
    for (n, case) in cases.into_iter().enumerate() {
        shares[n % students].push(case);
    }
    std::thread::scope(|scope| {
        for (n, share) in shares.into_iter().enumerate() {
            let (address, token) = (gateway.address(), gateway.token(&format!("s{n:04}")));
            scope.spawn(move || {
                for (section, what, bytes, then) in share {
                    let mut raw = Raw::hello(address, &token);
                    let _ = raw.bytes(&bytes);
                    judge(&mut raw, &format!("RFC 6455 §{section}: {what}"), then);
                }
            });
        }
    });
}

/// §4.1 and §4.2: the way in.
#[test]
fn the_handshake_is_taken_or_refused_as_the_standard_says() {
    let gateway = TestGateway::start(&University::of(1).course("A", 2).window("w", ""));
    let token = gateway.token("s0000");
    let good = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let asked = |line: &str, changed: &str, value: Option<&str>| {
        let mut headers = vec![("Authorization", format!("Bearer {token}"))];
        for (name, usual) in good {
            match (name == changed, value) {
                (true, None) => {}
                (true, Some(value)) => headers.push((name, value.to_owned())),
                (false, _) => headers.push((name, usual.to_owned())),
            }
        }
        Raw::ask(gateway.address(), line, &headers)
    };
    let get = "GET /ws HTTP/1.1";
    let usual = asked(get, "", None);
    assert_eq!(usual.status, 101, "§4.1: {}", usual.head);
    let head = usual.head.to_ascii_lowercase();
    // §1.3 has this very example.
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    assert!(!head.contains("sec-websocket-extensions"), "§9.1: none was asked for: {head}");
    for (section, line, name, value, status) in [
        ("4.2.1", get, "Connection", Some("keep-alive, Upgrade"), 101),
        ("4.2.1", get, "Upgrade", Some("WebSocket"), 101),
        ("4.2.1", get, "Connection", None, 400),
        ("4.2.1", get, "Upgrade", None, 400),
        ("4.2.1", get, "Upgrade", Some("h2c"), 400),
        ("4.2.1", get, "Sec-WebSocket-Key", None, 400),
        ("4.2.1", get, "Sec-WebSocket-Key", Some("short"), 400),
        ("4.4", get, "Sec-WebSocket-Version", Some("8"), 426),
        ("4.4", get, "Sec-WebSocket-Version", None, 426),
        ("4.1", "POST /ws HTTP/1.1", "", None, 405),
    ] {
        let answer = asked(line, name, value);
        assert_eq!(answer.status, status, "§{section}: {name} {value:?}: {}", answer.head);
        if status == 426 {
            let head = answer.head.to_ascii_lowercase();
            assert!(head.contains("sec-websocket-version: 13"), "§4.4: {head}");
        }
    }
}
