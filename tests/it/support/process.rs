//! The real program on a directory of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use sluis::clock::wall;
use sluis::http::auth::{Role, Tokens};

use super::{Http, TestStudent, University, role_token, student_token};

const START: Duration = Duration::from_secs(40);

/// A gateway as a process; killed when dropped.
pub struct Process {
    _dir: Option<tempfile::TempDir>,
    home: PathBuf,
    environment: Vec<(String, String)>,
    /// What it is started through, such as strace; the program itself takes that one's place.
    through: Vec<String>,
    /// Its command and flags when it is started.
    serving: Vec<String>,
    child: Option<Child>,
    address: Option<SocketAddr>,
    tokens: Option<Tokens>,
}

impl Process {
    /// In a new directory, with a university imported by the command line; not started.
    pub fn imported(university: &University) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().to_owned();
        Self::imported_at(&home, Some(dir), university)
    }

    /// The same in a given directory.
    pub fn imported_at(
        home: &Path,
        dir: Option<tempfile::TempDir>,
        university: &University,
    ) -> Self {
        let process = Self::bare(home, dir);
        std::fs::write(process.home.join("courses.toml"), university.toml()).unwrap();
        std::fs::write(process.home.join("students.csv"), university.csv()).unwrap();
        for (kind, file) in [("catalogue", "courses.toml"), ("students", "students.csv")] {
            let import = process.command(&[kind, "import", file]).output().unwrap();
            assert!(import.status.success(), "{}", String::from_utf8_lossy(&import.stderr));
        }
        process
    }

    /// In a directory where nothing was ever started.
    pub fn bare(home: &Path, dir: Option<tempfile::TempDir>) -> Self {
        let environment = [
            ("SIGN_IN__DEMO_WITH_REAL_DATA", "true"),
            ("LIMITS__STUDENT_MESSAGES_PER_SECOND", "10000"),
            ("LIMITS__STUDENT_MESSAGES_BURST", "10000"),
            ("LIMITS__STUDENT_READS_PER_SECOND", "10000"),
            ("LIMITS__STUDENT_READS_BURST", "10000"),
            ("LIMITS__ADDRESS_CONNECTS_PER_SECOND", "100000"),
            ("LIMITS__ADDRESS_CONNECTS_BURST", "100000"),
            ("SERVER__LISTEN", "127.0.0.1:0"),
            ("METRICS__LISTEN", "127.0.0.1:0"),
            ("LOG__LEVEL", "warn"),
        ];
        let environment = environment.map(|(k, v)| (format!("SLUIS__{k}"), v.to_owned())).to_vec();
        let (child, address, tokens) = (None, None, None);
        let (home, through, serving) = (home.to_owned(), Vec::new(), vec!["serve".to_owned()]);
        Self { _dir: dir, home, environment, through, serving, child, address, tokens }
    }

    pub fn set(&mut self, key: &str, value: &str) {
        self.environment.push((format!("SLUIS__{key}"), value.to_owned()));
    }

    /// Any other variable of its environment.
    pub fn environment(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// From its next start on it is started through this; nothing: by itself.
    pub fn through(&mut self, through: Vec<String>) {
        self.through = through;
    }

    /// The flags of `serve` from its next start on.
    pub fn flags(&mut self, flags: &[&str]) {
        self.serving = std::iter::once(&"serve").chain(flags).map(|&f| f.to_owned()).collect();
    }

    /// The program with these arguments, on this directory.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
        command.args(args).args(["--data", "data"]).current_dir(&self.home).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SLUIS_") {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().map(|(k, v)| (k, v)));
        command
    }

    pub fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    /// What it wrote on standard error, all its lives together.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.home.join("log")).unwrap_or_default()
    }

    /// What it wrote there since this many bytes.
    pub fn said_since(&self, bytes: usize) -> String {
        self.said().split_off(bytes)
    }

    fn serve(&self) -> Command {
        let serving: Vec<&str> = self.serving.iter().map(String::as_str).collect();
        self.command_through(&self.through, &serving)
    }

    /// As [`Self::command`], started through something, such as strace.
    pub fn command_through(&self, through: &[String], args: &[&str]) -> Command {
        let own = self.command(args);
        let Some((first, more)) = through.split_first() else { return own };
        let mut command = Command::new(first);
        command.args(more).arg(own.get_program()).args(own.get_args());
        command.current_dir(&self.home).stdin(Stdio::null());
        for (name, value) in own.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }

    /// Starts it and does not wait.
    pub fn spawn(&mut self) {
        assert!(self.child.is_none(), "it runs");
        // A killed one left its note behind.
        let _ = std::fs::remove_file(self.data().join("serving.json"));
        let mut log = std::fs::OpenOptions::new();
        let log = log.create(true).append(true).open(self.home.join("log")).unwrap();
        self.child = Some(self.serve().stdout(Stdio::null()).stderr(log).spawn().unwrap());
    }

    /// Starts it and waits until it is ready.
    #[track_caller]
    pub fn start(&mut self) {
        if let Err(ended) = self.try_start() {
            panic!("it ended with {ended}: {}", self.said());
        }
    }

    /// Starts it and waits until it is ready, or has ended.
    pub fn try_start(&mut self) -> Result<(), ExitStatus> {
        self.spawn();
        let since = Instant::now();
        let url = loop {
            if let Some(url) = sluis::serving::url(&self.data()) {
                break url;
            }
            if let Some(ended) = self.ended() {
                return Err(ended);
            }
            assert!(since.elapsed() < START, "it does not start: {}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        };
        self.address = Some(url.strip_prefix("http://").unwrap().parse().unwrap());
        self.tokens = Some(Tokens::load_or_create(&self.data()).unwrap());
        while !Http::new(self.address(), None).try_get("/readyz").is_ok_and(|a| a.status == 200) {
            if let Some(ended) = self.ended() {
                return Err(ended);
            }
            assert!(since.elapsed() < START, "it is not ready: {}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Waits until it has ended by itself; how.
    #[track_caller]
    pub fn wait(&mut self, patience: Duration) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(ended) = self.ended() {
                return ended;
            }
            assert!(since.elapsed() < patience, "it does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }

    /// HTTP to the operators' address, from this machine.
    pub fn operators(&self) -> Http {
        let url = sluis::serving::metrics(&self.data()).unwrap();
        let address = url.trim_start_matches("http://").trim_end_matches("/metrics");
        Http::new(address.parse().unwrap(), None)
    }

    pub fn token(&self, student: &str) -> String {
        student_token(self.tokens.as_ref().unwrap(), student, wall())
    }

    pub fn http(&self, student: &str) -> Http {
        Http::new(self.address(), Some(&self.token(student)))
    }

    pub fn registrar(&self) -> Http {
        Http::new(self.address(), Some(&self.registrar_token()))
    }

    pub fn registrar_token(&self) -> String {
        role_token(self.tokens.as_ref().unwrap(), Role::Registrar, wall())
    }

    pub async fn student(&self, key: &str) -> TestStudent {
        let mut student = TestStudent::connect(self.address(), key, &self.token(key)).await;
        student.hello().await;
        student
    }

    /// `kill -9`, by its id.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Sends a signal by name, by its id.
    pub fn signal(&self, name: &str) {
        let id = self.pid().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let ended = self.child.as_mut()?.try_wait().unwrap();
        if ended.is_some() {
            self.child = None;
        }
        ended
    }

    /// Its resident memory, in bytes.
    pub fn memory(&self) -> u64 {
        let path = format!("/proc/{}/statm", self.pid());
        let text = std::fs::read_to_string(path).unwrap();
        text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
