//! What a service manager is told, by a socket that stands for it.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crate::support::{PATIENCE, Process, University, until};

/// The next thing told that has this line.
#[track_caller]
fn told(socket: &UnixDatagram, line: &str) -> String {
    let mut bytes = [0; 512];
    loop {
        let read = socket.recv(&mut bytes);
        let length = read.unwrap_or_else(|e| panic!("nobody says {line}: {e}"));
        let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
        if text.lines().any(|told| told == line) {
            return text;
        }
    }
}

#[test]
fn the_service_manager_hears_ready_alive_and_stopping() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut process = Process::imported(&University::of(1).course("A", 1).window("w", ""));
    process.environment("NOTIFY_SOCKET", path.to_str().unwrap());
    process.environment("WATCHDOG_USEC", "400000");
    process.start();
    let ready = told(&socket, "READY=1");
    assert!(ready.contains(&format!("STATUS=serving http://{}", process.address())), "{ready}");
    for _ in 0..3 {
        told(&socket, "WATCHDOG=1");
    }
    process.signal("-TERM");
    told(&socket, "STOPPING=1");
    until("it ends", || process.ended().is_some());
    // A stopped one is not said to live.
    socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut bytes = [0; 64];
    assert!(socket.recv(&mut bytes).is_err());
}
