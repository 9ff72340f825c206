//! The README keeps its word: every command in it is run, every link leads somewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sluis::http::auth::{Role, Tokens};

use super::cli::{Ended, Program};
use super::support::{Http, role_token, until};

const START: Duration = Duration::from_secs(30);
/// `rush` is a program of another package, whose own test runs these lines of the same page.
const RUSH: &str = "cargo run --release -p rush -- ";
const CARGO_RUN: &str = "cargo run --release";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Fenced blocks whose fence says one of these words, each as text.
fn blocks(page: &str, kinds: &[&str]) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(kind), None) => open = Some((kinds.contains(&kind), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take().filter(|b| b.0).map(|b| b.1)),
            (None, Some((_, block))) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// A started gateway, as `cargo run` starts it: no flag says where.
struct Gateway {
    child: Option<Child>,
    http: Http,
}

impl Gateway {
    /// `args` run in the program's directory, on a free port, as on a terminal; it must be ready.
    fn start(program: &Program, args: &[&str]) -> Self {
        let data = program.path("sluis-data");
        let mut command = program.command(args);
        command.env("SLUIS__SERVER__LISTEN", "127.0.0.1:0").env("SLUIS__LOG__FORMAT", "pretty");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let since = Instant::now();
        let url = loop {
            if let Some(url) = sluis::serving::url(&data) {
                break url;
            }
            if since.elapsed() > START || child.try_wait().unwrap().is_some() {
                let _ = child.kill();
                let ended = Ended::from(child.wait_with_output().unwrap());
                panic!("sluis {args:?} does not serve: {}", ended.err);
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let address = url.strip_prefix("http://").unwrap().parse().unwrap();
        let gateway = Self { child: Some(child), http: Http::new(address, None) };
        until("ready", || gateway.http.try_get("/readyz").is_ok_and(|a| a.status == 200));
        gateway
    }

    /// What it said until it was told to stop.
    fn stop(mut self) -> Ended {
        let child = self.child.take().unwrap();
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        Ended::from(child.wait_with_output().unwrap())
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A directory where the demo has been opened and stopped, with its lottery's transcript.
fn after_an_opening() -> Program {
    let program = Program::new();
    let gateway = Gateway::start(&program, &[]);
    let address = sluis::serving::url(&program.path("sluis-data")).unwrap();
    let address = address.strip_prefix("http://").unwrap().parse().unwrap();
    let tokens = Tokens::load_or_create(&program.path("sluis-data")).unwrap();
    let token = role_token(&tokens, Role::Registrar, sluis::clock::wall());
    let registrar = Http::new(address, Some(&token));
    let window = sluis::demo::WINDOW;
    let opened = registrar.post(&format!("/api/admin/windows/{window}/open"), "{}");
    assert!(opened.status < 300, "{opened:?}");
    let transcript = registrar.get(&format!("/api/windows/{window}/lottery"));
    assert_eq!(transcript.status, 200, "{transcript:?}");
    program.write("lottery.json", &transcript.body);
    gateway.stop().expect(0, &[]);
    program
}

/// A directory with the files of a university of one's own, as the pages give them.
fn with_files() -> Program {
    let program = Program::new();
    let files = text("docs/FILES.md");
    program.write("courses.toml", &blocks(&files, &["toml catalogue"])[0]);
    program.write("students.csv", &blocks(&files, &["csv students"])[0]);
    program.write("sluis.toml", &blocks(&text("README.md"), &["toml"])[0]);
    program
}

/// Runs a line in a shell that finds the built `sluis`; it must end well.
fn run_in_shell(program: &Program, line: &str) {
    let built = Path::new(env!("CARGO_BIN_EXE_sluis")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command.args(["-ec", line]).current_dir(program.path("."));
    // The same clean environment as for the program itself.
    for (name, value) in program.command(&[]).get_envs() {
        if value.is_none() {
            command.env_remove(name);
        }
    }
    command.env("PATH", format!("{}:{path}", built.display())).stdin(Stdio::null());
    let ended = Ended::from(command.output().unwrap());
    assert_eq!(ended.code, 0, "{line}\n{}{}", ended.out, ended.err);
}

/// `tests/run` is what runs this test. Here: that it can be run, and knows the parts it is given.
fn check_tests_run(parts: &[&str]) {
    let script = root().join("tests/run");
    assert!(fs::metadata(&script).unwrap().permissions().mode() & 0o111 != 0, "executable");
    let unknown = Command::new(&script).arg("nonsense").output().unwrap();
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert_eq!(unknown.status.code(), Some(2), "{said}");
    let known = said.split("parts: ").nth(1).unwrap_or_default();
    for part in parts {
        assert!(known.split_whitespace().any(|k| k == *part), "tests/run {part}: {said}");
    }
}

/// A tool of `dashboards/` says what it does; `dashboards/test` runs it.
fn check_dashboards_tool(tool: &str) {
    let help = Command::new(root().join(tool)).arg("--help").output().unwrap();
    assert!(help.status.success(), "{tool}: {}", String::from_utf8_lossy(&help.stderr));
    assert!(String::from_utf8_lossy(&help.stdout).contains(tool), "{tool} --help names itself");
}

/// Runs one line of the page by what stands for it.
fn run_line(program: &Program, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["tests/run", parts @ ..] => check_tests_run(parts),
        // They start what the dashboards part of the tests has: there they are run whole.
        ["dashboards/run" | "dashboards/render", ..] => check_dashboards_tool(words[0]),
        _ if line.starts_with(RUSH) => {}
        ["cargo", "run", "--release"] => {
            let ended = Gateway::start(&Program::new(), &[]).stop();
            let visitor = sluis::demo::showcase()[0].student;
            let hint = format!("choose {visitor}");
            ended.expect(0, &["./sluis-data", "opens 60 s after the first sign-in", &hint]);
        }
        ["cargo", "run", "--release", "--", args @ ..] => {
            Gateway::start(program, args).stop().expect(0, &["choose "]);
        }
        ["sluis", "serve", ..] => {
            Gateway::start(program, &words[1..]).stop().expect(0, &["enrolments"]);
        }
        _ if line.contains("sluis ") => run_in_shell(program, line),
        _ => panic!("no test runs this line of README.md: {line}"),
    }
}

#[test]
fn every_command_of_the_readme_runs() {
    let page = text("README.md");
    let blocks = blocks(&page, &["sh", "console"]);
    assert_eq!(blocks[0], format!("{CARGO_RUN}\ntests/run\n"), "two commands come first");
    for block in &blocks {
        let lines = block.lines().filter(|line| !line.trim().is_empty());
        let program = match () {
            () if block.contains(" import ") => with_files(),
            () if block.contains("lottery verify") => after_an_opening(),
            () => Program::new(),
        };
        // Starting over forgets what the other lines look at: it comes after them.
        let (last, first): (Vec<_>, Vec<_>) = lines.partition(|line| line.contains("--fresh"));
        for line in first.into_iter().chain(last) {
            run_line(&program, line);
        }
    }
}

#[test]
fn no_command_hides_in_another_kind_of_block() {
    for page in ["README.md", "docs/ARCHITECTURE.md", "docs/GLOSSARY.md"] {
        for block in blocks(&text(page), &["", "bash", "shell", "text", "shell-session"]) {
            let command = |line: &str| line.starts_with("sluis ") || line.starts_with("cargo ");
            assert!(!block.lines().any(command), "{page}: use ```sh for\n{block}");
        }
    }
}

/// Where `[…](…)` leads, outside blocks; without what is on the web.
fn links(page: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in page.lines() {
        inside ^= line.starts_with("```");
        for part in line.split("](").skip(1).filter(|_| !inside) {
            let target = part.split(')').next().unwrap_or_default();
            if !target.contains("://") {
                found.push(target.to_owned());
            }
        }
    }
    found
}

/// A heading as the fragment that leads to it.
fn fragments(page: &str) -> Vec<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    let words = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    let keep = |c: &char| c.is_alphanumeric() || [' ', '-', '_'].contains(c);
    words.map(|text| text.chars().filter(keep).collect::<String>().replace(' ', "-")).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut pages = vec![PathBuf::from("README.md"), PathBuf::from("CHANGELOG.md")];
    for folder in ["docs", "docs/decisions"] {
        let files = fs::read_dir(root().join(folder)).unwrap();
        let names = files.map(|file| Path::new(folder).join(file.unwrap().file_name()));
        pages.extend(names.filter(|name| name.extension().is_some_and(|e| e == "md")));
    }
    assert!(pages.len() > 8, "{pages:?}");
    let mut broken = Vec::new();
    for page in &pages {
        let body = text(page.to_str().unwrap());
        for link in links(&body) {
            let (file, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let there = root().join(page.parent().unwrap()).join(file);
            let whole = match (file, fragment) {
                (_, "") => there.exists(),
                ("", fragment) => fragments(&body).iter().any(|f| f == fragment),
                (_, fragment) => fs::read_to_string(&there)
                    .is_ok_and(|body| fragments(&body).iter().any(|f| f == fragment)),
            };
            if !whole {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Pages name files in code too, as `src/…`: those must be there as well.
#[test]
fn every_source_file_named_in_the_docs_is_there() {
    let mut missing = Vec::new();
    let folders = ["", "src", "src/journal", "docs/decisions"];
    let mut pages = vec!["README.md".to_owned(), "docs/ARCHITECTURE.md".to_owned()];
    for file in fs::read_dir(root().join("docs/decisions")).unwrap() {
        pages.push(format!("docs/decisions/{}", file.unwrap().file_name().display()));
    }
    for page in pages {
        let body = text(&page);
        // Every second part stands between backticks.
        for name in body.split('`').skip(1).step_by(2) {
            let extension = Path::new(name).extension();
            let source = extension.is_some_and(|e| e == "rs" || e == "md");
            let whole = folders.iter().any(|folder| root().join(folder).join(name).exists());
            if source && name.contains('/') && !name.contains(' ') && !whole {
                missing.push(format!("{page}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
