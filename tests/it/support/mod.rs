//! What the tests of the whole gateway share: a gateway in this process or as the real program,
//! students with sockets, and frames by hand.

pub mod attack;
pub mod exchange;
pub mod gateway;
pub mod http;
pub mod metrics;
pub mod moments;
pub mod mutate;
pub mod process;
pub mod raw;
pub mod skip;
pub mod strace;
pub mod student;
pub mod university;

pub use exchange::exchange;
pub use gateway::TestGateway;
pub use http::Http;
pub use metrics::Metrics;
pub use moments::Moments;
pub use process::Process;
pub use raw::Raw;
pub use skip::skipped;
pub use student::TestStudent;
pub use university::University;

use std::path::Path;
use std::time::{Duration, Instant};

use sluis::domain::ids::{Key, Timestamp};
use sluis::http::auth::{Claims, Role, Tokens};

/// Longest wait for anything that must come.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A sign-in token of a student.
pub fn student_token(tokens: &Tokens, student: &str, now: Timestamp) -> String {
    let student = Some(Key::new(student).unwrap());
    let (role, expires, issued) = (Role::Student, now.plus_ms(3_600_000), now);
    tokens.mint(&Claims { role, student, name: None, expires, issued, device: None })
}

/// A sign-in token of a role without a student.
pub fn role_token(tokens: &Tokens, role: Role, now: Timestamp) -> String {
    let (student, expires, issued) = (None, now.plus_ms(3_600_000), now);
    tokens.mint(&Claims { role, student, name: None, expires, issued, device: None })
}

/// Waits until something holds.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Copies a directory and all that is in it.
pub fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_tree(&entry.path(), &to),
            false => drop(std::fs::copy(entry.path(), to).unwrap()),
        }
    }
}
