//! The WebSocket's door and its grammar, frame by frame.

use std::io::Write;
use std::time::{Duration, Instant};

use sluis::http::auth::Tokens;
use sluis::limits;

use crate::support::raw::{BINARY, CLOSE, CONTINUE, FIN, PING, PONG, TEXT, head, masked};
use crate::support::{Http, Raw, TestGateway, University, role_token, student_token, until};

fn gateway() -> TestGateway {
    TestGateway::start(&University::of(4).course("A", 2).window("w", ""))
}

const STUDENT: &str = "s0000";

#[test]
fn only_the_gateways_own_pages_may_open_a_socket() {
    let gateway = gateway();
    let (address, token) = (gateway.address(), gateway.token(STUDENT));
    let bearer = format!("Bearer {token}");
    let asked = |origin: &str| {
        let headers = [("Authorization", bearer.as_str()), ("Origin", origin)];
        Raw::upgrade(address, &headers).status
    };
    assert_eq!(asked(&format!("http://{address}")), 101);
    let suffix = format!("http://{address}.evil.example");
    let port = format!("http://{address}0");
    let user = format!("http://evil@{address}");
    for origin in ["null", "https://evil.example", "http://127.0.0.1", "", &suffix, &port, &user] {
        assert_eq!(asked(origin), 403, "{origin:?}");
    }
    let own = format!("http://{address}");
    let twice = [("Authorization", bearer.as_str()), ("Origin", &own), ("Origin", &own)];
    assert_eq!(Raw::upgrade(address, &twice).status, 403);
    // A browser's cookie says nothing of who asked: without an origin it does not pass.
    let cookie = format!("sluis={token}; __Host-sluis={token}; sluis_token={token}");
    assert_ne!(Raw::upgrade(address, &[("Cookie", &cookie)]).status, 101);
}

#[test]
fn only_a_student_with_a_good_token_comes_in() {
    let gateway = gateway();
    let address = gateway.address();
    let now = gateway.clock.now();
    let asked = |token: &str| {
        Raw::upgrade(address, &[("Authorization", &format!("Bearer {token}"))]).status
    };
    assert_eq!(Raw::upgrade(address, &[]).status, 401, "no token");
    let elsewhere = tempfile::tempdir().unwrap();
    let others = Tokens::load_or_create(elsewhere.path()).unwrap();
    assert_eq!(asked(&student_token(&others, STUDENT, now)), 401, "signed with another key");
    let good = gateway.token(STUDENT);
    let last = if good.ends_with('A') { "B" } else { "A" };
    assert_eq!(asked(&format!("{}{last}", &good[..good.len() - 1])), 401, "changed");
    assert_eq!(asked(&student_token(&gateway.tokens, "nobody", now)), 404, "no such student");
    for role in [sluis::http::auth::Role::Registrar, sluis::http::auth::Role::Operator] {
        assert_eq!(asked(&role_token(&gateway.tokens, role, now)), 403, "{role:?}");
    }
    assert_eq!(asked(&good), 101);
    gateway.clock.advance(Duration::from_secs(3_601));
    assert_eq!(asked(&good), 401, "expired");
}

#[test]
fn the_first_message_is_hello_in_our_version() {
    let gateway = gateway();
    let mut raw = Raw::open(gateway.address(), &gateway.token(STUDENT));
    raw.text(r#"{"type":"ping","n":1}"#);
    raw.expect_text("hello_first");
    raw.text(r#"{"type":"hello","protocol":1}"#);
    raw.expect_text("welcome");
    raw.text(r#"{"type":"hello","protocol":1}"#);
    raw.expect_text("hello_once");
    let mut raw = Raw::open(gateway.address(), &gateway.token(STUDENT));
    raw.text(r#"{"type":"hello","protocol":99}"#);
    assert_eq!(raw.closed().0, 4003);
}

#[test]
fn a_wrong_word_gets_the_nearest_right_one_and_harms_nothing() {
    let gateway = gateway();
    let mut raw = Raw::hello(gateway.address(), &gateway.token(STUDENT));
    let cases = [
        (r#"{"type":"sumbit","id":"x"}"#, "did you mean \\\"submit\\\""),
        (r#"{"type":"ping","m":1}"#, "unknown field `m`"),
        (r#"{"type":"arm","window":"w"}"#, "missing field `id`"),
        (r#"{"type":"disarm","window":"nowhere"}"#, "unknown_window"),
        (r#"{"type":"watch","sections":["A/X"]}"#, "unknown_section"),
        (r#"{"type":"set_plan","courses":[{"course":"Z"}]}"#, "unknown_course"),
        ("[", "message_invalid"),
        ("", "message_invalid"),
        (r#"{"type":"ping"}{"type":"ping"}"#, "message_invalid"),
    ];
    for (sent, part) in cases {
        raw.text(sent);
        let answer = raw.expect_text("\"type\":\"error\"");
        assert!(answer.contains(part), "{sent}: {answer}");
    }
    raw.text(&format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)));
    raw.expect_text("message_invalid");
    raw.text(r#"{"type":"ping","n":7}"#);
    raw.expect_text("\"n\":7");
}

#[test]
fn what_breaks_the_grammar_is_closed_with_its_code() {
    let gateway = gateway();
    let (address, token) = (gateway.address(), gateway.token(STUDENT));
    let bad = [0x22, 0xc3, 0x28, 0x22];
    let mut unmasked = head(FIN | TEXT, 2);
    unmasked[1] &= 0x7f;
    unmasked.extend(b"{}");
    let cases: Vec<(&str, u16, Vec<u8>)> = vec![
        ("binary", 1003, masked(FIN | BINARY, b"{}")),
        ("a fragment of binary", 1003, masked(BINARY, b"{}")),
        ("text that is not UTF-8", 1007, masked(FIN | TEXT, &bad)),
        (
            "fragments that are not UTF-8",
            1007,
            [masked(TEXT, &bad[..2]), masked(FIN | CONTINUE, &bad[2..])].concat(),
        ),
        ("an unmasked frame", 1002, unmasked),
        ("reserved bit 1", 1002, masked(FIN | 0x40 | TEXT, b"{}")),
        ("reserved bit 3", 1002, masked(FIN | 0x10 | TEXT, b"{}")),
        ("a reserved opcode", 1002, masked(FIN | 0x3, b"{}")),
        ("a continuation of nothing", 1002, masked(FIN | CONTINUE, b"{}")),
        ("a message within a message", 1002, [masked(TEXT, b"{"), masked(TEXT, b"}")].concat()),
        ("a fragmented ping", 1002, masked(PING, b"")),
        ("a ping of 126 bytes", 1002, masked(FIN | PING, &[0; 126])),
        (
            "a frame over the limit",
            1009,
            masked(FIN | TEXT, &[b' '; limits::MESSAGE_BYTES_MAX + 1]),
        ),
        ("a tebibyte announced", 1009, [head(FIN | TEXT, 1 << 40), vec![1, 2, 3, 4]].concat()),
        (
            "fragments over the limit together",
            1009,
            [masked(TEXT, &[b' '; 9_000]), masked(FIN | CONTINUE, &[b' '; 9_000])].concat(),
        ),
        (
            "more fragments than allowed",
            1009,
            [masked(TEXT, b" "), masked(CONTINUE, b"").repeat(limits::MESSAGE_FRAGMENTS_MAX)]
                .concat(),
        ),
    ];
    for (what, code, bytes) in cases {
        let mut raw = Raw::hello(address, &token);
        eprintln!("{what}");
        raw.bytes(&bytes).unwrap();
        let since = Instant::now();
        assert_eq!(raw.closed().0, code, "{what}");
        assert!(since.elapsed() < Duration::from_secs(3), "{what}: {:?}", since.elapsed());
    }
    // Those that say it themselves get their own code back.
    let mut raw = Raw::hello(address, &token);
    raw.frame(FIN | CLOSE, &1000_u16.to_be_bytes());
    assert_eq!(raw.closed().0, 1000);
}

#[test]
fn a_mebibyte_is_refused_and_the_connection_ends() {
    let gateway = gateway();
    let mut raw = Raw::hello(gateway.address(), &gateway.token(STUDENT));
    // The gateway stops reading in the middle: the rest may not be taken any more.
    let _ = raw.bytes(&masked(FIN | TEXT, &vec![b' '; 1 << 20]));
    assert_eq!(raw.closed().0, 1009);
    let mut raw = Raw::hello(gateway.address(), &gateway.token(STUDENT));
    raw.text(r#"{"type":"ping","n":1}"#);
    raw.expect_text("pong");
}

#[test]
fn fragments_are_joined_and_a_ping_is_answered_between_them() {
    let gateway = gateway();
    let mut raw = Raw::hello(gateway.address(), &gateway.token(STUDENT));
    raw.frame(TEXT, br#"{"type":"#);
    raw.frame(FIN | PING, b"are you there");
    let pong = loop {
        match raw.read().unwrap() {
            (PONG, payload) => break payload,
            (kind, _) => assert_ne!(kind, CLOSE),
        }
    };
    assert_eq!(pong, b"are you there");
    raw.frame(CONTINUE, b"");
    raw.frame(FIN | CONTINUE, br#""ping","n":5}"#);
    raw.expect_text("\"n\":5");
    // A letter of two bytes, cut in the middle.
    let text = r#"{"type":"é"}"#.as_bytes();
    raw.frame(TEXT, &text[..10]);
    raw.frame(FIN | CONTINUE, &text[10..]);
    raw.expect_text("message_invalid");
    // One byte at a time.
    for byte in masked(FIN | TEXT, br#"{"type":"ping","n":6}"#) {
        raw.socket().write_all(&[byte]).unwrap();
    }
    raw.expect_text("\"n\":6");
}

#[test]
fn a_flood_is_told_busy_and_then_closed() {
    let university = University::of(2).course("A", 2).window("w", "");
    let gateway = TestGateway::configured(&university, |config| {
        config.limits.student_messages_per_second = 10;
        config.limits.student_messages_burst = 20;
    });
    let mut raw = Raw::hello(gateway.address(), &gateway.token(STUDENT));
    let most = limits::MESSAGES_REFUSED_MAX as usize;
    let flood = masked(FIN | TEXT, br#"{"type":"ping","n":1}"#).repeat(4 * most);
    let _ = raw.bytes(&flood);
    let busy = raw.expect_text("\"type\":\"busy\"");
    assert!(busy.contains("retry_after_ms"), "{busy}");
    assert_eq!(raw.closed().0, 1008);
    // Another student is not concerned.
    let mut other = Raw::hello(gateway.address(), &gateway.token("s0001"));
    other.text(r#"{"type":"ping","n":2}"#);
    other.expect_text("\"n\":2");
}

/// However many she sends, one now and then is within the limit; that does not make up for the rest.
#[test]
fn who_sends_far_too_much_at_a_steady_pace_is_closed_too() {
    let university = University::of(1).course("A", 2).window("w", "");
    let gateway = TestGateway::configured(&university, |config| {
        config.limits.student_messages_per_second = 2;
        config.limits.student_messages_burst = 2;
    });
    let mut raw = Raw::hello(gateway.address(), &gateway.token(STUDENT));
    let mut socket = raw.socket().try_clone().unwrap();
    let message = masked(FIN | TEXT, br#"{"type":"ping","n":1}"#);
    // Fifty a second, of which some twenty-five in a row are refused.
    let sends = std::thread::spawn(move || {
        while socket.write_all(&message).is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(raw.closed().0, 1008);
    drop(raw);
    sends.join().unwrap();
}

#[test]
fn the_longest_message_counts_as_eight_and_as_no_more_than_the_burst() {
    let university = University::of(1).course("A", 2).window("w", "");
    for burst in [10, 4] {
        let gateway = TestGateway::configured(&university, |config| {
            config.limits.student_messages_per_second = 1;
            config.limits.student_messages_burst = burst;
        });
        let mut raw = Raw::hello(gateway.address(), &gateway.token(STUDENT));
        // What hello took is there again.
        std::thread::sleep(Duration::from_millis(1_200));
        let ping = r#"{"type":"ping","n":1}"#;
        let long = format!("{ping}{}", " ".repeat(limits::MESSAGE_BYTES_MAX - ping.len()));
        // Both at once: between them nothing is saved up.
        raw.bytes(&masked(FIN | TEXT, long.as_bytes()).repeat(2)).unwrap();
        raw.expect_text("\"n\":1");
        raw.expect_text("\"type\":\"busy\"");
    }
}

#[test]
fn a_request_beyond_the_limit_hears_busy_under_its_own_id() {
    let university = University::of(1).course("A", 2).window("w", "");
    let gateway = TestGateway::configured(&university, |config| {
        config.limits.student_messages_per_second = 1;
        config.limits.student_messages_burst = 10;
    });
    let mut raw = Raw::hello(gateway.address(), &gateway.token(STUDENT));
    let _ = raw.bytes(&masked(FIN | TEXT, br#"{"type":"ping","n":1}"#).repeat(9));
    let id = "018f4c1e-7b1a-7c3e-9d55-0a1b2c3d4e5f";
    raw.text(&format!(r#"{{"type":"submit","id":"{id}","window":"w"}}"#));
    let busy = raw.expect_text("\"type\":\"busy\"");
    assert!(busy.contains(id), "she does not know which to send again: {busy}");
}

#[test]
fn the_sixth_session_closes_the_oldest() {
    let gateway = gateway();
    let (address, token) = (gateway.address(), gateway.token(STUDENT));
    let most = limits::SESSIONS_PER_STUDENT_MAX;
    let mut tabs: Vec<Raw> = (0..=most).map(|_| Raw::hello(address, &token)).collect();
    assert_eq!(tabs[0].closed().0, 4005);
    for tab in &mut tabs[1..] {
        tab.text(r#"{"type":"ping","n":3}"#);
        tab.expect_text("\"n\":3");
    }
}

#[test]
fn a_session_that_there_is_no_room_to_show_anything_is_told_when_to_come_back() {
    // Given: as many commands under way as there may be, since the disk stalls.
    let university = University::of(2).course("A", 2).course("B", 2).window("w", "");
    let gateway = TestGateway::configured(&university, |config| {
        config.limits.commands_in_flight_max = 2;
    });
    let (address, token) = (gateway.address(), gateway.token(STUDENT));
    let hello = r#"{"type":"hello","protocol":1}"#;
    drop(Raw::hello(address, &token));
    let mut other = Raw::hello(address, &gateway.token("s0001"));
    gateway.disk.stall();
    for course in ["A", "B"] {
        other.text(&format!(r#"{{"type":"set_plan","courses":[{{"course":"{course}"}}]}}"#));
    }
    let under_way = |n: u32| {
        let line = format!("\nsluis_commands_in_flight {n}\n");
        gateway.operators().get("/metrics").ok().contains(&line)
    };
    until("both are under way", || under_way(2));

    // When: somebody comes. Then: she is sent away for a while, each for another one.
    let mut waits = Vec::new();
    for _ in 0..3 {
        let mut raw = Raw::open(address, &token);
        raw.text(hello);
        let (code, reason) = raw.closed();
        assert_eq!(code, 1013, "{reason}");
        let wait = reason.strip_prefix("retry_ms=").unwrap_or_else(|| panic!("{reason}"));
        waits.push(wait.parse::<u32>().unwrap());
    }
    assert!(waits.iter().all(|wait| (1_000..2_000).contains(wait)), "{waits:?}");
    waits.dedup();
    assert_eq!(waits.len(), 3, "not all at once: {waits:?}");

    // And when there is room again she comes in.
    gateway.disk.resume();
    until("they are done", || under_way(0));
    drop(Raw::hello(address, &token));
}

#[test]
fn beyond_the_sessions_that_fit_the_answer_is_503_with_a_wait() {
    let university = University::of(9).course("A", 2).window("w", "");
    let gateway = TestGateway::configured(&university, |config| config.limits.sessions_max = 3);
    let address = gateway.address();
    let open = |n: usize| {
        let bearer = format!("Bearer {}", gateway.token(&format!("s000{n}")));
        Raw::upgrade(address, &[("Authorization", &bearer)])
    };
    let mut first: Vec<Raw> = (0..3).map(open).collect();
    assert!(first.iter().all(|raw| raw.status == 101));
    let refused = open(3);
    assert_eq!(refused.status, 503, "{}", refused.head);
    assert!(refused.head.to_ascii_lowercase().contains("retry-after: "), "{}", refused.head);
    assert_eq!(Http::new(address, None).get("/healthz").status, 200, "HTTP goes on");
    first[0].frame(FIN | CLOSE, &1000_u16.to_be_bytes());
    first[0].closed();
    let sessions = || gateway.running().gateway.directory().sessions();
    crate::support::until("the session is counted out", || sessions() == 2);
    assert_eq!(open(4).status, 101, "there is room again");
}
