//! A gateway in this process: port 0, a directory of its own, a journal in memory that can be
//! stalled, a clock moved by hand.

use std::net::SocketAddr;
use std::time::Duration;

use sluis::application::server::{self, Running, Start};
use sluis::clock::Clock;
use sluis::config::Config;
use sluis::domain::ids::Timestamp;
use sluis::http::auth::{Role, Tokens};
use sluis::journal::JournalError;
use sluis::journal::memory::{Disk, MemoryJournal};

use super::{Http, Metrics, TestStudent, University, role_token, student_token};

/// A gateway that stops when dropped.
pub struct TestGateway {
    running: Option<Running>,
    config: Config,
    pub disk: Disk,
    pub clock: Clock,
    pub tokens: Tokens,
    dir: tempfile::TempDir,
}

/// Limits that no honest test reaches.
fn config(dir: &std::path::Path) -> Config {
    let mut config = Config::default();
    config.server.listen = vec!["127.0.0.1:0".parse().unwrap()];
    config.server.workers = 2;
    config.metrics.listen = Some("127.0.0.1:0".parse().unwrap());
    config.journal.dir = dir.to_owned();
    config.sign_in.demo_with_real_data = true;
    config.line.position_push_ms = 50;
    config.line.seats_push_ms = 50;
    let limits = &mut config.limits;
    (limits.student_messages_per_second, limits.student_messages_burst) = (10_000, 10_000);
    (limits.student_changes_per_second, limits.student_changes_burst) = (10_000, 10_000);
    (limits.student_reads_per_second, limits.student_reads_burst) = (10_000, 10_000);
    (limits.address_connects_per_second, limits.address_connects_burst) = (100_000, 100_000);
    (limits.address_requests_per_second, limits.address_requests_burst) = (100_000, 100_000);
    config
}

impl TestGateway {
    pub fn start(university: &University) -> Self {
        Self::configured(university, |_| {})
    }

    pub fn configured(university: &University, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(dir.path());
        change(&mut config);
        let gateway = Self {
            running: None,
            disk: Disk::new(),
            clock: Clock::manual(Timestamp(1_800_000_000_000)),
            tokens: Tokens::load_or_create(dir.path()).unwrap(),
            config,
            dir,
        };
        let gateway = gateway.started();
        let registrar = gateway.registrar();
        registrar.post("/api/admin/catalogue?format=toml", &university.toml()).ok();
        registrar.post("/api/admin/students?format=csv", &university.csv()).ok();
        gateway
    }

    fn started(mut self) -> Self {
        let start = Start {
            config: self.config.clone(),
            journal: Box::new(opened(&self.disk)),
            clock: self.clock.clone(),
            seed_demo: false,
            on_fault: Box::new(|fault| eprintln!("the journal failed: {fault}")),
        };
        self.running = Some(server::start(start).unwrap());
        self
    }

    /// Stops it and starts it again on the same journal.
    pub fn restarted(mut self) -> Self {
        self.running.take().unwrap().stop().unwrap();
        self.started()
    }

    pub fn running(&self) -> &Running {
        self.running.as_ref().unwrap()
    }

    pub fn address(&self) -> SocketAddr {
        self.running().addresses[0]
    }

    /// HTTP to the operators' address, from this machine.
    pub fn operators(&self) -> Http {
        Http::new(self.running().operators.unwrap(), None)
    }

    /// All metrics now.
    pub fn metrics(&self) -> Metrics {
        Metrics::parse(&self.operators().get("/metrics").ok())
    }

    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub fn token(&self, student: &str) -> String {
        student_token(&self.tokens, student, self.clock.now())
    }

    /// HTTP as a student.
    pub fn http(&self, student: &str) -> Http {
        Http::new(self.address(), Some(&self.token(student)))
    }

    /// HTTP as the registrar.
    pub fn registrar(&self) -> Http {
        let token = role_token(&self.tokens, Role::Registrar, self.clock.now());
        Http::new(self.address(), Some(&token))
    }

    pub fn open(&self, window: &str) {
        self.registrar().post(&format!("/api/admin/windows/{window}/open"), "").ok();
    }

    pub fn set_capacity(&self, section: &str, seats: u32) {
        let body = serde_json::json!({ "section": section, "capacity": seats }).to_string();
        self.registrar().post("/api/admin/sections/capacity", &body).ok();
    }

    /// A student with a socket that has been welcomed.
    pub async fn student(&self, key: &str) -> TestStudent {
        let mut student = TestStudent::connect(self.address(), key, &self.token(key)).await;
        student.hello().await;
        student
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        self.disk.resume();
        if let Some(running) = self.running.take() {
            let _ = running.stop();
        }
    }
}

/// The journal of a gateway that may just be ending: its last readers let go late, and a data
/// directory waits for them as well.
fn opened(disk: &Disk) -> MemoryJournal {
    for _ in 0..200 {
        match disk.open() {
            Err(JournalError::Locked { .. }) => std::thread::sleep(Duration::from_millis(10)),
            opened => return opened.unwrap(),
        }
    }
    panic!("the gateway before still has the journal after two seconds");
}
