//! A gateway of our own: a child process of this same program (`rush gateway …` is `sluis …` as
//! shipped), in a temporary directory, ended by its process id whatever happens.

use std::collections::HashMap;
use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::admin::Admin;
use crate::error::{Error, Result};

/// Longest wait for a gateway (or echo) to be ready.
const READY_MAX: Duration = Duration::from_secs(60);
/// Pause between two looks whether it is.
const READY_PAUSE: Duration = Duration::from_millis(20);
/// Where a gateway tells its metrics.
const METRICS: &str = "SLUIS__METRICS__LISTEN";
/// Lines of a dead child's log that are repeated.
const LOG_LINES: usize = 3;

/// A temporary directory with a gateway's data and the environment of its commands.
pub struct Home {
    dir: tempfile::TempDir,
    env: Vec<(String, String)>,
}

impl Home {
    /// Makes one. Every command gets these settings in its environment.
    pub fn new(settings: &[(&str, String)]) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("rush-").tempdir().map_err(|e| {
            Error::Io(format!("cannot make a temporary directory: {e}; check TMPDIR"))
        })?;
        let env = settings.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        Ok(Self { dir, env })
    }

    /// A path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file into the directory.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.path(name);
        std::fs::write(&path, content).map_err(|e| Error::io("cannot write", &path, &e))?;
        Ok(path)
    }

    /// Runs a `sluis` command to its end and returns what it printed.
    pub fn run(&self, args: &[&str]) -> Result<String> {
        let (status, out, err) = self.try_run(args)?;
        if status.success() {
            return Ok(out);
        }
        let last = err.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no message");
        Err(Error::Failed(format!("sluis {} failed ({status}): {last}", args.join(" "))))
    }

    /// Runs a `sluis` command: status, standard output, standard error.
    pub fn try_run(&self, args: &[&str]) -> Result<(ExitStatus, String, String)> {
        let mut command = own("gateway")?;
        let output = command.args(args).envs(self.env()).stdin(Stdio::null()).output();
        let output = output.map_err(|e| cannot_start(&e))?;
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ok((output.status, text(&output.stdout), text(&output.stderr)))
    }

    /// A `sluis` command on this home's data directory.
    pub fn run_on_data(&self, args: &[&str]) -> Result<String> {
        let data = self.data();
        let mut all = args.to_vec();
        all.extend(["--data", &data]);
        self.run(&all)
    }

    /// The data directory, as an argument.
    pub fn data(&self) -> String {
        self.path("data").to_string_lossy().into_owned()
    }

    fn env(&self) -> impl Iterator<Item = (&str, &str)> {
        self.env.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Starts the gateway and waits until it is ready.
    pub fn serve(&self) -> Result<Server> {
        let address = free_port()?;
        let log = self.path("gateway.log");
        let mut command = own("gateway")?;
        command.args(["serve", "--data", &self.data(), "--listen", &address.to_string()]);
        // Several may run at once; who wants to watch this one says where.
        if std::env::var_os(METRICS).is_none() {
            command.env(METRICS, "127.0.0.1:0");
        }
        command.envs(self.env());
        let mut server = Server::start(command, address, log)?;
        let admin = Admin::new(address, None);
        server.wait_until(|| admin.is_ready())?;
        Ok(server)
    }

    /// Starts the bare echo (`lean`: the one without actix) and waits until it accepts.
    pub fn echo(&self, workers: usize, lean: bool) -> Result<Server> {
        let address = free_port()?;
        let mut command = own("echo")?;
        command.args(["--listen", &address.to_string(), "--workers", &workers.to_string()]);
        if lean {
            command.arg("--lean");
        }
        let mut server = Server::start(command, address, self.path("echo.log"))?;
        server.wait_until(|| std::net::TcpStream::connect(address).is_ok())?;
        Ok(server)
    }

    /// Sign-in tokens of these students, in their order. The gateway must have run here once: it
    /// makes the key that signs them.
    pub fn student_tokens(&self, students: &[String]) -> Result<Vec<String>> {
        let file = self.write("keys.txt", students.join("\n"))?;
        let text = self.run_on_data(&["token", "--students", &file.to_string_lossy()])?;
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        let mut map: HashMap<&str, &str> = lines.collect();
        let tokens = students.iter().map(|key| map.remove(key.as_str()).map(str::to_owned));
        tokens.collect::<Option<Vec<_>>>().ok_or_else(|| {
            Error::Failed("sluis token did not print a token for each student".into())
        })
    }

    /// A registrar's sign-in token.
    pub fn registrar_token(&self) -> Result<String> {
        let text = self.run_on_data(&["token", "--role", "registrar"])?;
        let token = text.split_ascii_whitespace().last();
        token.map(str::to_owned).ok_or_else(|| Error::Failed("sluis token printed nothing".into()))
    }
}

/// A server of our own in a child process: a gateway or an echo. Ended when dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    log: PathBuf,
}

impl Server {
    fn start(mut command: Command, address: SocketAddr, log: PathBuf) -> Result<Self> {
        let file = File::options().create(true).append(true).open(&log);
        let file = file.map_err(|e| Error::io("cannot write", &log, &e))?;
        let out = file.try_clone().map_err(|e| Error::io("cannot write", &log, &e))?;
        // The child watches its standard input: it ends with us even if we are killed.
        command.env(crate::child::WITH_PARENT, "1").stdin(Stdio::piped()).stdout(out).stderr(file);
        // A group of its own: Ctrl-C is for us, and the gateway is asked for the truth after it.
        command.process_group(0);
        let child = command.spawn().map_err(|e| cannot_start(&e))?;
        Ok(Self { child, address, log })
    }

    fn wait_until(&mut self, ready: impl Fn() -> bool) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < READY_MAX {
            if ready() {
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                let text = format!("the server ended by itself ({status}): {}", self.last_words());
                return Err(Error::Failed(text));
            }
            std::thread::sleep(READY_PAUSE);
        }
        let seconds = READY_MAX.as_secs();
        let words = self.last_words();
        Err(Error::Unavailable(format!("the server was not ready in {seconds} s: {words}")))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it (SIGKILL) and waits for its end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The end of its log, in one line.
    pub fn last_words(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        match lines.as_slice() {
            [] => "it wrote nothing".into(),
            lines => lines[lines.len().saturating_sub(LOG_LINES)..].join(" | "),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// This program's own command, to be given arguments.
fn own(subcommand: &str) -> Result<Command> {
    let path = std::env::current_exe().map_err(|e| cannot_start(&e))?;
    let mut command = Command::new(path);
    command.arg(subcommand);
    Ok(command)
}

fn cannot_start(error: &std::io::Error) -> Error {
    Error::Unavailable(format!("cannot start a child process: {error}; check ulimit -u"))
}

fn free_port() -> Result<SocketAddr> {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    free.map_err(|e| Error::Unavailable(format!("no free port on 127.0.0.1: {e}; try again")))
}
