//! The operators' address: there before the journal is read and until it is closed, and whom it
//! lets in.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use sluis::application::server::{self, Start};
use sluis::clock::Clock;
use sluis::config::Config;
use sluis::domain::ids::Sequence;
use sluis::http::auth::Role;
use sluis::journal::memory::{Disk, MemoryJournal};
use sluis::journal::{
    Journal, JournalError, JournalReader, Manifest, Records, Staged, Tail, VisitRecord,
};

use crate::support::{Http, Metrics, TestGateway, University, role_token, until};

/// A journal that is read, and closed, only once it may: when the other ends are dropped.
struct Slow {
    journal: MemoryJournal,
    may_read: Receiver<()>,
    may_close: Receiver<()>,
}

impl Journal for Slow {
    fn append<'a>(&mut self, records: Records<'a>) -> Result<Staged<'a>, JournalError> {
        self.journal.append(records)
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        self.journal.flush()
    }

    fn replay(
        &mut self,
        from: Sequence,
        visit: &mut VisitRecord<'_>,
    ) -> Result<Sequence, JournalError> {
        self.journal.replay(from, visit)
    }

    fn durable(&self) -> Sequence {
        self.journal.durable()
    }

    fn removed_tail(&self) -> Option<Tail> {
        self.journal.removed_tail()
    }

    fn reader(&self) -> JournalReader {
        let _ = self.may_read.recv();
        self.journal.reader()
    }

    fn snapshot_begin(&mut self, sequence: Sequence) -> Result<(), JournalError> {
        self.journal.snapshot_begin(sequence)
    }

    fn snapshot_put(
        &mut self,
        sequence: Sequence,
        index: u32,
        bytes: &[u8],
    ) -> Result<(), JournalError> {
        self.journal.snapshot_put(sequence, index, bytes)
    }

    fn snapshot_finish(&mut self, manifest: &Manifest) -> Result<(), JournalError> {
        self.journal.snapshot_finish(manifest)
    }

    fn snapshot_supersede(&mut self, manifest: &Manifest) -> Result<(), JournalError> {
        self.journal.snapshot_supersede(manifest)
    }

    fn snapshot_prune(&mut self) -> Result<bool, JournalError> {
        self.journal.snapshot_prune()
    }

    fn close(self: Box<Self>) -> Result<(), JournalError> {
        let _ = self.may_close.recv();
        Box::new(self.journal).close()
    }
}

/// An address that nobody has, nor takes meanwhile: other tests' gateways are at 127.0.0.1.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.77:0").unwrap().local_addr().unwrap()
}

#[test]
fn that_it_takes_nobody_is_told_while_the_journal_is_read_and_until_it_is_closed() {
    // Given a gateway whose journal takes long to read.
    let dir = tempfile::tempdir().unwrap();
    let (read, may_read) = channel::<()>();
    let (closed, may_close) = channel::<()>();
    let address = free_address();
    let mut config = Config::default();
    config.server.listen = vec!["127.0.0.1:0".parse().unwrap()];
    config.metrics.listen = Some(address);
    config.journal.dir = dir.path().to_owned();
    config.sign_in.demo_with_real_data = true;
    let journal = Box::new(Slow { journal: Disk::new().open().unwrap(), may_read, may_close });
    let (clock, seed_demo) = (Clock::system(), false);
    let start = Start { config, journal, clock, seed_demo, on_fault: Box::new(|_| {}) };
    let starting = thread::spawn(move || server::start(start));
    // When operators look, then they hear that it is there and not ready, and no count.
    let operators = Http::new(address, None);
    until("it is heard", || operators.try_get("/healthz").is_ok_and(|a| a.status == 200));
    let no_state = || {
        assert_eq!(operators.get("/readyz").problem(), (503, "not_ready".to_owned()));
        let metrics = Metrics::parse(&operators.get("/metrics").ok());
        assert!(metrics.get("sluis_ready") < 0.5);
        assert!(metrics.get("sluis_start_time_seconds") > 1.7e9);
        assert!(metrics.get("sluis_time_seconds") > 1.7e9);
        let counts = metrics.all().any(|(series, _)| series.starts_with("sluis_outcomes_total"));
        assert!(!counts, "a count that is not the journal's");
        metrics
    };
    let before = no_state();
    // When it is read, then everything is told, of the same start.
    drop(read);
    let running = starting.join().unwrap().unwrap();
    assert_eq!(operators.get("/readyz").ok(), "ready\n");
    let ready = Metrics::parse(&operators.get("/metrics").ok());
    let start = "sluis_start_time_seconds";
    assert!(ready.get("sluis_ready") > 0.5 && ready.sum("sluis_outcomes_total").abs() < 0.5);
    assert!((ready.get(start) - before.get(start)).abs() < 0.0005, "one start is one time");
    // When it stops and its disk is slow to close, then operators still hear of it.
    let stopping = thread::spawn(move || running.stop());
    until("the journal is being closed", || {
        !operators.get("/metrics").ok().contains("sluis_outcomes_total")
    });
    no_state();
    drop(closed);
    stopping.join().unwrap().unwrap();
    assert!(operators.try_get("/healthz").is_err(), "then it is gone");
}

/// Who asks: from this machine without a token, or from elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asks {
    FarWithNone,
    Far(Role),
    HereWith(Role),
    Here,
}

#[tokio::test]
async fn every_route_lets_operators_and_this_machine_in_and_nobody_else() {
    let gateway = TestGateway::start(&University::of(1).course("A", 1).window("w", ""));
    let address = gateway.running().operators.unwrap();
    let everybody = [Asks::FarWithNone, Asks::Here]
        .into_iter()
        .chain(Role::ALL.map(Asks::Far))
        .chain(Role::ALL.map(Asks::HereWith));
    for who in everybody {
        let token = |role| match role {
            Role::Student => gateway.token("s0000"),
            _ => role_token(&gateway.tokens, role, gateway.clock.now()),
        };
        let (token, far) = match who {
            Asks::FarWithNone => (None, true),
            Asks::Far(role) => (Some(token(role)), true),
            Asks::HereWith(role) => (Some(token(role)), false),
            Asks::Here => (None, false),
        };
        let http = Http::new(address, token.as_deref());
        // Somebody from elsewhere is somebody whom a proxy forwards. An empty level is none: it
        // changes nothing, and is looked at once one is let in.
        let headers: &[_] = if far { &[("x-forwarded-for", "192.0.2.1")] } else { &[] };
        for (method, path, well) in
            [("GET", "/metrics", 200), ("GET", "/log-level", 200), ("POST", "/log-level", 422)]
        {
            let expected = match who {
                Asks::FarWithNone => 401,
                Asks::Far(Role::Operator) | Asks::HereWith(Role::Operator) | Asks::Here => well,
                Asks::Far(_) | Asks::HereWith(_) => 403,
            };
            let answer = http.plain(method, path, "", headers);
            assert_eq!(answer.status, expected, "{method} {path} {who:?}: {}", answer.body);
        }
        for path in ["/healthz", "/readyz"] {
            assert_eq!(http.plain("GET", path, "", headers).status, 200, "{path} {who:?}");
        }
    }
}

#[tokio::test]
async fn a_handshake_that_fails_opens_no_session() {
    let gateway = TestGateway::start(&University::of(1).course("A", 1).window("w", ""));
    // Given requests for the socket that ask for no upgrade.
    for _ in 0..3 {
        let answer = gateway.http("s0000").get("/ws");
        assert!((400..500).contains(&answer.status), "{answer:?}");
    }
    // Then nobody was let in, and so nobody will be counted as gone.
    let metrics = gateway.metrics();
    assert!(metrics.get("sluis_sessions").abs() < 0.5);
    assert!(metrics.get("sluis_sessions_opened_total").abs() < 0.5);
    let student = gateway.student("s0000").await;
    let opened = || gateway.metrics().get("sluis_sessions_opened_total");
    assert!((opened() - 1.0).abs() < 0.5);
    drop(student);
    until("its end is counted", || gateway.metrics().sum("sluis_sessions_closed_total") > 0.5);
    assert!((opened() - gateway.metrics().sum("sluis_sessions_closed_total")).abs() < 0.5);
}
