//! Builds the page and lists its files, so that the program carries them, and notes what it was
//! built from. The source tree is only read: everything happens under `OUT_DIR`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the page is made of; `node_modules` and tests are no part of it.
const SOURCES: [&str; 8] = [
    "index.html",
    "package.json",
    "package-lock.json",
    ".npmrc",
    "tsconfig.json",
    "vite.config.ts",
    "public",
    "src",
];
const NODE_LEAST: (u32, u32) = (20, 19);
const WAYS_OUT: &str = "Two ways without: `--no-default-features` builds Sluis without its page; \
     SLUIS_WEB_DIST=<dir> takes a page built elsewhere (`npm ci && npm run build` in web/ makes \
     web/dist).";

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-env-changed=SLUIS_WEB_DIST");
    built_from();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let files = match page(&out) {
        Ok(Some(dist)) => listed(&dist),
        Ok(None) => Ok(String::from("&[]")),
        Err(fault) => Err(fault),
    };
    match files {
        Ok(files) => fs::write(out.join("page.rs"), files).expect("OUT_DIR can be written"),
        Err(fault) => {
            for line in fault.lines().filter(|line| !line.trim().is_empty()) {
                println!("cargo::error={line}");
            }
        }
    }
}

/// What the program says it was built from: told by the environment, by git, or not known.
fn built_from() {
    println!("cargo::rerun-if-env-changed=SLUIS_REVISION");
    let said = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (output.status.success() && !text.is_empty()).then_some(text)
    };
    let told = std::env::var("SLUIS_REVISION").ok().filter(|revision| !revision.is_empty());
    let revision = told.or_else(|| said("git", &["rev-parse", "--short=12", "HEAD"]));
    // Where the branch is noted: the revision is told anew when that changes.
    for name in ["HEAD", "logs/HEAD"] {
        if let Some(path) = said("git", &["rev-parse", "--git-path", name])
            && Path::new(&path).exists()
        {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = said(&rustc, &["--version"]);
    let version = version.as_deref().and_then(|text| text.split(' ').nth(1)).unwrap_or("unknown");
    println!("cargo::rustc-env=SLUIS_REVISION={}", revision.as_deref().unwrap_or("unknown"));
    println!("cargo::rustc-env=SLUIS_RUSTC={version}");
}

/// The folder with the built page; none when it is left out.
fn page(out: &Path) -> Result<Option<PathBuf>, String> {
    if std::env::var_os("CARGO_FEATURE_PAGE").is_none() {
        return Ok(None);
    }
    if let Some(dist) = std::env::var_os("SLUIS_WEB_DIST") {
        let dist = fs::canonicalize(&dist)
            .map_err(|e| format!("SLUIS_WEB_DIST={}: {e}", dist.display()))?;
        println!("cargo::rerun-if-changed={}", dist.display());
        return match dist.join("index.html").is_file() {
            true => Ok(Some(dist)),
            false => Err(format!("SLUIS_WEB_DIST={}: has no index.html", dist.display())),
        };
    }
    let root = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let web = Path::new(&root).join("web");
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", web.join(source).display());
    }
    check_node()?;
    build(&web, &out.join("web"), &out.join("dist")).map(Some)
}

fn check_node() -> Result<(), String> {
    let needed = format!("the page needs Node {}.{} or later", NODE_LEAST.0, NODE_LEAST.1);
    let output = Command::new("node")
        .arg("--version")
        .output()
        .map_err(|e| format!("{needed}, and `node` cannot be run: {e}. {WAYS_OUT}"))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let mut numbers = version.trim_start_matches('v').split('.').map(|n| n.parse().unwrap_or(0));
    let have = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    match have >= NODE_LEAST {
        true => Ok(()),
        false => Err(format!("{needed}; this is {version}. {WAYS_OUT}")),
    }
}

/// Copies the sources, installs what the lock file says when it has changed, and builds.
fn build(web: &Path, work: &Path, dist: &Path) -> Result<PathBuf, String> {
    fs::create_dir_all(work).map_err(|e| e.to_string())?;
    let _ = fs::remove_dir_all(work.join("src"));
    let _ = fs::remove_dir_all(work.join("public"));
    for source in SOURCES {
        copy(&web.join(source), &work.join(source)).map_err(|e| format!("web/{source}: {e}"))?;
    }
    let lock = fs::read(work.join("package-lock.json")).map_err(|e| e.to_string())?;
    let stamp = work.join("installed.lock");
    if fs::read(&stamp).ok().as_ref() != Some(&lock) {
        npm(work, dist, &["ci"])?;
        fs::write(&stamp, &lock).map_err(|e| e.to_string())?;
    }
    npm(work, dist, &["run", "build"])?;
    Ok(dist.to_owned())
}

fn npm(work: &Path, dist: &Path, args: &[&str]) -> Result<(), String> {
    let name = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let output = Command::new(name)
        .args(args)
        .current_dir(work)
        .env("SLUIS_PAGE_OUT", dist)
        .output()
        .map_err(|e| format!("`npm` cannot be run: {e}. {WAYS_OUT}"))?;
    if output.status.success() {
        return Ok(());
    }
    let told = [output.stdout, output.stderr].concat();
    Err(format!(
        "`npm {}` failed for the page:\n{}\n{WAYS_OUT}",
        args.join(" "),
        String::from_utf8_lossy(&told)
    ))
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(|_| ());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// The table of files as Rust: each with what the build made of it as brotli and gzip.
fn listed(dist: &Path) -> Result<String, String> {
    let mut paths = Vec::new();
    walk(dist, &mut paths).map_err(|e| e.to_string())?;
    paths.sort();
    let mut table = String::from("&[");
    for path in paths {
        let name = path.strip_prefix(dist).map_err(|e| e.to_string())?;
        let name = name.to_string_lossy().replace('\\', "/");
        if path.extension().is_some_and(|e| e == "br" || e == "gz") {
            continue;
        }
        let packed = |extension: &str| {
            let packed = format!("{}.{extension}", path.display());
            match Path::new(&packed).is_file() {
                true => format!("Some(include_bytes!({packed:?}))"),
                false => String::from("None"),
            }
        };
        let (br, gz, path) = (packed("br"), packed("gz"), path.display().to_string());
        let _ = write!(
            table,
            "File {{ path: {:?}, plain: include_bytes!({path:?}), br: {br}, gz: {gz} }},",
            format!("/{name}")
        );
    }
    table.push(']');
    Ok(table)
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => walk(&path, found)?,
            false => found.push(path),
        }
    }
    Ok(())
}
