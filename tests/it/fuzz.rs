//! Inputs that nobody would write, for everything that reads something from outside: none of them
//! makes it panic, whatever it takes means the same when it is read again, and whatever it refuses
//! it refuses in words. 100,000 for each; `SLUIS_FUZZ=10_000_000` for more.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, Mutex};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use sluis::actors::news::Public;
use sluis::actors::session::{Action, Connected, parse};
use sluis::domain::command::Command;
use sluis::domain::event::Record;
use sluis::domain::ids::{StudentId, Timestamp};
use sluis::domain::import::Draft;
use sluis::domain::university::University as State;
use sluis::http::frames::{FrameGuard, SESSION};
use sluis::journal::keys::{self, Keys};
use sluis::journal::record::{self, DecodeError};
use sluis::journal::state::{StateError, read_state, read_state_with, write_state};
use sluis::limits;
use sluis::protocol::client::ClientMessage;
use sluis::protocol::files::{self, FileFault};
use sluis::protocol::server::ServerMessage;

use crate::support::mutate::{Random, corpus, fuzz, inputs, mutated};
use crate::support::raw::{BINARY, CLOSE, CONTINUE, FIN, PING, TEXT, head, masked};
use crate::support::{Raw, TestGateway, University};

const STUDENT: StudentId = StudentId(0);
const CATALOGUE: &str = include_str!("../fixtures/corpus/catalogue/small.toml");

fn read(text: &str) -> Draft {
    files::catalogue("small.toml", text.as_bytes(), None, &mut || [7; 32]).unwrap()
}

/// A university with an open window, as the messages of the corpus speak of.
fn opened() -> State {
    let students = "id,programme,year,blocks,completed\ns0000,,1,,\ns0001,,1,,\n";
    let students = files::students("students.csv", students.as_bytes(), None).unwrap();
    let mut state = State::default();
    let windows = [Command::Import(Arc::new(read(CATALOGUE))), Command::Import(Arc::new(students))];
    for command in windows {
        state.turn(command, 1, Timestamp(1)).0.unwrap();
    }
    let window = state.registry.windows.len() as u32 - 1;
    state.turn(Command::Open(sluis::domain::ids::WindowId(window)), 1, Timestamp(2)).0.unwrap();
    state
}

/// What is known to everybody, of the same university.
fn public() -> Arc<Public> {
    let gateway = TestGateway::start(&University::of(1));
    let registrar = gateway.registrar();
    registrar.post("/api/admin/catalogue?format=toml", CATALOGUE).ok();
    gateway.running().gateway.public()
}

/// What a session makes of a text: every step of its way but the socket and the disk.
fn says(text: &str, public: &Public, state: &Mutex<(State, u32)>) {
    let message = match parse(text) {
        Ok(message) => message,
        Err(ServerMessage::Error { code, detail, .. }) => {
            assert_eq!(code, "message_invalid");
            assert!(!detail.is_empty() && detail.chars().count() <= limits::ERROR_CHARS_MAX);
            return;
        }
        Err(other) => panic!("{other:?}"),
    };
    let again = serde_json::to_string(&message).unwrap();
    assert_eq!(parse(&again).unwrap(), message, "{again}");
    let hello = Connected { student: STUDENT }.on_message(ClientMessage::Hello { protocol: 1 });
    let Ok((identified, _)) = hello else { panic!("hello is taken") };
    if let Action::Command(_, command) = identified.on_message(message, public, 1) {
        let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        state.1 += 1;
        if state.1.is_multiple_of(2_000) {
            state.0 = opened();
        }
        for record in state.0.turn(command, 1, Timestamp(3)).1 {
            let mut bytes = Vec::new();
            record::encode(&record, &mut bytes).expect("what is decided fits in the journal");
        }
    }
}

#[test]
fn messages_of_clients() {
    let (public, state) = (public(), Mutex::new((opened(), 0)));
    let taken = std::sync::atomic::AtomicU64::new(0);
    fuzz("messages of clients", inputs(), &corpus("client"), |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if parse(text).is_ok() {
            taken.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        says(text, &public, &state);
    });
    let taken = taken.into_inner();
    assert!(taken * 20 > inputs(), "only {taken} were messages: the changes are too wild");
}

/// The same over a socket, to a gateway that must still be there afterwards.
#[test]
fn messages_over_a_socket() {
    let gateway = TestGateway::start(&University::of(2).course("A", 5).window("w", ""));
    gateway.open("w");
    let (corpus, mut random) = (corpus("client"), Random::new(1));
    let mut raw = Raw::hello(gateway.address(), &gateway.token("s0000"));
    for round in 0..50 {
        for _ in 0..100 {
            let mut bytes = mutated(&corpus, &mut random);
            bytes.truncate(4_000);
            let text = String::from_utf8_lossy(&bytes);
            // A second hello is an error, another version would end the session: as it should.
            if !text.contains("hello") && !text.contains("resume") {
                raw.text(&text);
            }
        }
        raw.text(&format!("{{\"type\":\"ping\",\"n\":{}}}", 1_000_000 + round));
        raw.expect_text(&format!("\"n\":{}", 1_000_000 + round));
    }
}

fn refused(faults: &[FileFault]) {
    assert!(!faults.is_empty(), "a refusal without a fault");
    for fault in faults {
        let text = fault.to_string();
        assert!(!text.contains('\n') && text.len() < 20_000, "one line: {text:?}");
    }
}

/// Whatever is read is compared with what is there, and taken or refused with words.
fn imported(draft: Result<Draft, Vec<FileFault>>, state: &State) {
    match draft {
        Ok(draft) => match state.registry.prepare_import(&draft) {
            Ok(_) => {}
            Err(faults) => assert!(!faults.is_empty()),
        },
        Err(faults) => refused(&faults),
    }
}

#[test]
fn catalogues() {
    let state = opened();
    fuzz("catalogues", inputs(), &corpus("catalogue"), |bytes| {
        imported(files::catalogue("a.gz", bytes, None, &mut || [7; 32]), &state);
    });
}

#[test]
fn students_and_results() {
    let state = opened();
    fuzz("students", inputs(), &corpus("students"), |bytes| {
        imported(files::students("students", bytes, None), &state);
    });
    fuzz("results", inputs(), &corpus("results"), |bytes| {
        imported(files::results("results", bytes, None), &state);
    });
}

/// A compressed file is unpacked before anything else looks at it.
#[test]
fn compressed_files() {
    let state = opened();
    let packed = |bytes: &Vec<u8>| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let packed: Vec<_> = corpus("students").iter().map(packed).collect();
    fuzz("compressed files", inputs() / 10, &packed, |bytes| {
        imported(files::students("students.csv.gz", bytes, None), &state);
    });
}

/// The bytes before the first space of each line, in hex.
fn hex_lines(text: &str) -> Vec<Vec<u8>> {
    let bytes = |line: &str| {
        let digits = line.split(' ').next().unwrap().as_bytes().chunks(2);
        digits.map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap()).collect()
    };
    text.lines().map(bytes).collect()
}

/// The students' keys of a fixture.
fn keys_of(fixture: &str) -> Keys {
    let data = tempfile::tempdir().unwrap();
    let path = data.path().join(keys::NAME);
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path).unwrap();
    file.write_all(&hex_lines(fixture)[0]).unwrap();
    Keys::look(data.path()).unwrap()
}

/// Versions 1 to 3, read without keys and with the students' own.
#[test]
fn records_of_the_journal() {
    let mut corpus = hex_lines(include_str!("../fixtures/records-v1.hex"));
    corpus.extend(hex_lines(include_str!("../fixtures/records-v2.hex")));
    let sealed = hex_lines(include_str!("../fixtures/records-v3.hex"));
    let keys = keys_of(include_str!("../fixtures/students-v1.keys.hex"));
    let opens = |bytes: &Vec<u8>| record::decode_with(bytes, &keys) != record::decode(bytes);
    assert!(sealed.iter().all(opens), "the keys are those of the records");
    corpus.extend(sealed);
    let same = |read: Result<Record, DecodeError>| match read {
        Ok(record) => {
            let mut again = Vec::new();
            record::encode(&record, &mut again).unwrap();
            assert_eq!(record::decode(&again), Ok(record));
        }
        Err(error) => assert!(!error.to_string().contains('\n')),
    };
    fuzz("records", inputs(), &corpus, |bytes| {
        same(record::decode(bytes));
        same(record::decode_with(bytes, &keys));
    });
}

/// Versions 3 and 4, the latter read without keys and with the students' own.
#[test]
fn snapshots() {
    let mut corpus = hex_lines(include_str!("../fixtures/state-v3.hex"));
    let sealed = hex_lines(include_str!("../fixtures/state-v4.hex"));
    let keys = keys_of(include_str!("../fixtures/state-v4.keys.hex"));
    let students = |keys: &Keys| {
        let registry = read_state_with(sealed[0].as_slice(), keys).unwrap().registry;
        registry.students.iter().filter(|she| !she.profile.is_withheld()).count()
    };
    assert!(students(&keys) > students(&Keys::none()), "the keys are those of the state");
    corpus.extend(sealed);
    let whole = |read: Result<State, StateError>| match read {
        Ok(state) => {
            let mut again = Vec::new();
            let mut sink = |piece: &[u8]| -> Result<(), ()> {
                again.extend_from_slice(piece);
                Ok(())
            };
            write_state(&state, &mut sink).unwrap();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    };
    fuzz("snapshots", inputs(), &corpus, |bytes| {
        whole(read_state(bytes));
        whole(read_state_with(bytes, &keys));
    });
}

/// Frames in one piece and in many: the same verdict, and never a panic.
#[test]
fn frames() {
    let long = vec![b'x'; 300];
    let corpus = vec![
        masked(FIN | TEXT, br#"{"type":"ping","n":1}"#),
        [masked(TEXT, b"ab"), masked(FIN | PING, b"p"), masked(FIN | CONTINUE, b"cd")].concat(),
        masked(FIN | BINARY, &long),
        masked(FIN | CLOSE, &[3, 232, b'b', b'y', b'e']),
        [head(FIN | TEXT, 1 << 40), vec![1, 2, 3, 4]].concat(),
        [masked(FIN | TEXT, &long), masked(FIN | TEXT, &vec![b'y'; 9_000])].concat(),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let handle = runtime.handle().clone();
    fuzz("frames", inputs(), &corpus, |bytes| {
        let (_entered, bytes) = (handle.enter(), &bytes[..bytes.len().min(20_000)]);
        let verdict = |size: usize| {
            let pieces = bytes.chunks(size).map(Bytes::copy_from_slice).map(Ok::<_, PayloadError>);
            let guard = FrameGuard::new(stream::iter(pieces.collect::<Vec<_>>()), SESSION);
            let all: Vec<_> = guard.collect().now_or_never().expect("all of it is there");
            all.into_iter().find_map(Result::err).map(|error| error.to_string())
        };
        let whole = verdict(bytes.len().max(1));
        assert_eq!(verdict(7), whole);
        assert_eq!(verdict(1 + bytes.len() / 3), whole);
    });
}
