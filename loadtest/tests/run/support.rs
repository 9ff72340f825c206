//! A scenario in a directory of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output};
use std::thread::JoinHandle;

use serde_json::Value;

const SCENARIO: &str = r#"name = "small"
about = "A small opening"
duration = "20s"
thresholds = ["errors == 0"]

[students]
count = 80

[demand]
courses = 6
groups = 2
requests_per_student = 2
ratio = 1.4

[window]
waitlists = true

[arrivals]
shape = "spike"
half_life = "200ms"
over = "1s"

[behaviour]
armed = 0.5
arm_over = "500ms"
two_tabs = 0.1
drop_later = 0.2
swap_later = 0.1
later = "300ms"
leave_line = 0.05
"#;

/// Where a scenario lies and reports go.
pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        place.write("small.toml", SCENARIO);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn scenario(&self) -> PathBuf {
        self.path("small.toml")
    }

    pub fn out(&self) -> PathBuf {
        self.path("out")
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.scenario()).unwrap();
        assert!(text.contains(from), "{from}");
        self.write("small.toml", &text.replace(from, to));
    }

    pub fn write_more(&self, more: &str) {
        let text = std::fs::read_to_string(self.scenario()).unwrap();
        self.write("small.toml", &(text + more));
    }

    /// Makes a right scenario of a demand in files.
    pub fn demand(&self, demand: &str) {
        self.write("small.toml", SCENARIO);
        let generated = "courses = 6\ngroups = 2\nrequests_per_student = 2\nratio = 1.4";
        self.edit(generated, demand);
        self.edit("[students]\ncount = 80\n", "");
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = rush();
        command.arg("run").arg(self.scenario()).arg("--out").arg(self.out()).args(args);
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub fn summary(&self) -> Value {
        let text = std::fs::read(self.out().join("summary.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

pub fn rush() -> Command {
    Command::new(env!("CARGO_BIN_EXE_rush"))
}

/// Waits until the run says that something is decided; what it says in all, at its end.
pub fn until_decided(child: &mut Child) -> JoinHandle<String> {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    let mut read = move |said: &mut String| {
        let line = lines.next()?.unwrap();
        *said += &line;
        said.push('\n');
        Some(line)
    };
    let decided = |line: &str| {
        let count = line.split(" decided").next().filter(|_| line.contains(" decided"));
        count.and_then(|count| count.trim().parse().ok()).unwrap_or(0_u64)
    };
    loop {
        match read(&mut said) {
            Some(line) if decided(&line) > 0 => break,
            Some(_) => {}
            None => panic!("it ended before anything was decided: {said}"),
        }
    }
    std::thread::spawn(move || {
        while read(&mut said).is_some() {}
        said
    })
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What became of everything, as numbers.
pub fn outcome_totals(summary: &Value) -> Vec<(String, u64)> {
    let outcomes = summary["outcomes"].as_object().unwrap();
    outcomes.iter().map(|(kind, n)| (kind.clone(), n.as_u64().unwrap())).collect()
}
