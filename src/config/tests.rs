//! The configuration as shipped, and every way in which it is refused.

use std::collections::BTreeSet;
use std::path::PathBuf;

use figment::value::Value;

use super::*;
use crate::limits;

#[allow(dead_code, reason = "shared with other tests")]
#[path = "../../tests/it/support/mutate.rs"]
mod mutate;

fn flat(table: &toml::Table, at: &str, into: &mut BTreeSet<String>) {
    for (name, value) in table {
        let key = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        match value {
            toml::Value::Table(table) => flat(table, &key, into),
            _ => assert!(into.insert(key)),
        }
    }
}

struct Given {
    dir: tempfile::TempDir,
    sources: Sources,
}

impl Given {
    fn file(text: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sluis.toml");
        std::fs::write(&path, text).unwrap();
        Self { dir, sources: Sources { file: Some(path), ..Sources::default() } }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.sources.environment.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, name: &'static str, key: &'static str, value: impl Into<Value>) -> Self {
        self.sources.flags.push(Flag { name, key, value: value.into() });
        self
    }

    fn config(&self) -> Config {
        load(&self.sources).unwrap().config
    }

    /// The faults, with the directory's name cut away.
    fn faults(&self) -> Vec<String> {
        let dir = format!("{}/", self.dir.path().display());
        let faults = load(&self.sources).expect_err("a fault was expected");
        faults.iter().map(|fault| fault.to_string().replace(&dir, "")).collect()
    }
}

const MODE: &str = "[sign_in]\nmode = \"demo\"\n";

#[test]
fn default_toml_has_every_key_and_no_other() {
    let written = toml::from_str::<toml::Table>(DEFAULT).unwrap();
    let typed = toml::Table::try_from(Config::default()).unwrap();
    let (mut in_file, mut in_struct) = (BTreeSet::new(), BTreeSet::new());
    flat(&written, "", &mut in_file);
    flat(&typed, "", &mut in_struct);
    assert_eq!(in_file, in_struct);
}

#[test]
fn the_defaults_are_those_of_limits() {
    let (shipped, own) = (Config::default().settings(), Settings::default());
    assert_eq!(format!("{shipped:?}"), format!("{own:?}"));
    let config = Config::default();
    assert_eq!(config.limits.student_requests_max, limits::REQUESTS_PER_STUDENT_MAX);
    assert_eq!(config.line.position_push_ms, limits::POSITION_PUSH_MS);
}

/// A key that nothing reads would be a promise not kept.
#[test]
fn every_key_is_read_outside_this_module() {
    let mut sources = String::new();
    let mut open = vec![PathBuf::from("src")];
    while let Some(path) = open.pop() {
        let entries = std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path());
        for path in entries.filter(|path| !path.ends_with("config")) {
            if path.is_dir() {
                open.push(path);
            } else {
                sources.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut keys = BTreeSet::new();
    flat(&toml::from_str(DEFAULT).unwrap(), "", &mut keys);
    // The application asks for this one by `demo_refusal`.
    assert!(sources.contains("demo_refusal(") && keys.remove("sign_in.demo_with_real_data"));
    // These two are read together, by a function.
    assert!(sources.contains("oidc.secret()") && keys.remove("sign_in.oidc.client_secret_file"));
    let name = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let unread = |key: &String| !sources.contains(&format!(".{}", name(key)));
    let unread: Vec<_> = keys.into_iter().filter(unread).collect();
    assert!(unread.is_empty(), "nothing reads {unread:?}: use them or remove them");
}

#[test]
fn default_toml_describes_every_key() {
    let mut before = "";
    for line in DEFAULT.lines() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(before.starts_with("# "), "describe this key in the line above it: {line}");
        }
        before = line;
    }
}

#[test]
fn shipped_files_are_accepted() {
    let shipped =
        Sources { file: Some(PathBuf::from("config/default.toml")), ..Sources::default() };
    assert_eq!(load(&shipped).unwrap().config, Config::default());
    for entry in std::fs::read_dir("config").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "toml") {
            let sources = Sources { file: Some(path.clone()), ..Sources::default() };
            assert!(load(&sources).is_ok(), "{} is refused", path.display());
        }
    }
}

#[test]
fn later_layers_win_and_origins_are_told() {
    let file = format!("{MODE}[line]\nposition_push_ms = 100\nseats_push_ms = 100\n");
    let given = Given::file(&file)
        .env("SLUIS__LINE__SEATS_PUSH_MS", "200")
        .env("SLUIS__SERVER__LISTEN", "127.0.0.1:1,[::1]:2")
        .env("SLUIS_SEED", "is for tests")
        .env("PATH", "/bin")
        .flag("--data", "journal.dir", "elsewhere");
    let loaded = load(&given.sources).unwrap();
    let config = &loaded.config;
    assert_eq!((config.line.position_push_ms, config.line.seats_push_ms), (100, 200));
    assert_eq!(config.server.listen.len(), 2);
    assert_eq!(config.journal.dir, PathBuf::from("elsewhere"));
    let origin = |key: &str| loaded.origins[key].to_string();
    assert!(origin("line.position_push_ms").ends_with("sluis.toml:4:1"));
    assert_eq!(origin("line.seats_push_ms"), "environment SLUIS__LINE__SEATS_PUSH_MS");
    assert_eq!(origin("journal.dir"), "flag --data");
    assert_eq!(origin("log.level"), "default");
}

#[test]
fn a_fault_is_one_line_whatever_is_in_a_key() {
    let faults = Given::file(&format!("{MODE}[\"\\nan\\u001b[2J\"]\nb = 1\n")).faults();
    let said = "\u{fffd}an\u{fffd}[2J: unknown key; `sluis config default` lists all";
    assert_eq!(faults, [format!("sluis.toml:3:2: {said}")]);
}

#[test]
fn a_typo_is_refused_with_the_nearest_name() {
    let faults = Given::file(&format!("{MODE}[server]\nlisen = []\n")).faults();
    assert_eq!(faults, ["sluis.toml:4:1: server.lisen: unknown key; did you mean server.listen?"]);
    let faults = Given::file(&format!("{MODE}[sever]\nlisten = []\n")).faults();
    assert_eq!(faults, ["sluis.toml:3:2: sever: unknown key; did you mean server?"]);
    let faults = Given::file(&format!("{MODE}[journal]\nworkers = 1\n")).faults();
    assert_eq!(
        faults,
        ["sluis.toml:4:1: journal.workers: unknown key; did you mean server.workers?"]
    );
    let faults = Given::file(&format!("{MODE}zzzzzzz = 1\n")).faults();
    let want = "sluis.toml:3:1: sign_in.zzzzzzz: unknown key; `sluis config default` lists all";
    assert_eq!(faults, [want]);
    let faults = Given::file("server = 3\n").faults();
    assert!(faults[0].contains("server: this is a section, not a key"), "{faults:?}");
}

#[test]
fn a_typo_in_the_environment_is_refused_in_its_own_spelling() {
    let faults = Given::file(MODE).env("SLUIS__SERVER__LISEN", "x").faults();
    let want = "environment SLUIS__SERVER__LISEN: server.lisen: unknown key; \
                did you mean SLUIS__SERVER__LISTEN?";
    assert_eq!(faults, [want]);
}

#[test]
fn a_wrong_type_names_its_source() {
    let text = format!("{MODE}[line]\nposition_push_ms = \"often\"\n");
    let faults = Given::file(&text).env("SLUIS__LOG__LEVEL", "loud").faults();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].starts_with("sluis.toml:4:1: line.position_push_ms: invalid type"));
    assert!(faults[1].starts_with("environment SLUIS__LOG__LEVEL: log.level: unknown variant"));
    assert!(faults[1].contains("`warn`"), "{}", faults[1]);
}

#[test]
fn broken_toml_shows_the_place() {
    let faults = Given::file("[sign_in]\nmode = \n").faults();
    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with("sluis.toml:2:"), "{}", faults[0]);
    assert_eq!(faults[0].lines().count(), 1, "one fault, one line: {}", faults[0]);
}

#[test]
fn all_faults_are_told_at_once() {
    let text = format!(
        "{MODE}token_ttl_hours = 0\n[server]\nlisten = \"0.0.0.0:80\"\nport = 3\n\
         public_url = \"example.edu\"\ntrusted_proxies = [\"10.0.0.0/8\", \"10.0.0.0/33\"]\n"
    );
    let faults = Given::file(&text).env("SLUIS__LIMITS__SESSIONS_MAX", "0").faults();
    let about = |key: &str| faults.iter().filter(|f| f.contains(key)).count();
    let keys =
        ["server.port", "token_ttl_hours", "server.public_url", "SESSIONS_MAX", "trusted_proxies"];
    assert!(keys.iter().all(|key| about(key) == 1), "{faults:#?}");
    assert_eq!(about("demo_anywhere"), 1, "{faults:#?}");
    assert_eq!(faults.len(), 6, "{faults:#?}");
}

#[test]
fn a_file_without_sign_in_is_refused() {
    let given = Given::file("[log]\nlevel = \"warn\"\n");
    assert!(given.faults()[0].contains("does not say how people sign in"));
    given.env("SLUIS__SIGN_IN__MODE", "demo").config();
    let faults = Given::file("[sign_in]\nmode = \"none\"\n").faults();
    assert!(faults[0].contains("unknown variant"), "{faults:?}");
}

#[test]
fn demo_sign_in_has_two_locks() {
    let reachable = Given::file(MODE).flag("--listen", "server.listen", "0.0.0.0:8080");
    assert!(reachable.faults()[0].starts_with("flag --listen: server.listen: demo sign-in"));
    let open = reachable.flag("--demo-anywhere", "sign_in.demo_anywhere", true).config();
    assert_eq!(demo_refusal(&open, true), None);
    assert_eq!(demo_refusal(&open, false), Some(DemoRefusal::RealData));
    let real = Given::file(&format!("{MODE}demo_with_real_data = true\n")).config();
    assert_eq!(demo_refusal(&real, false), None);
}

#[test]
fn a_named_file_must_be_there() {
    let sources = Sources { file: Some("no/such.toml".into()), ..Sources::default() };
    let faults = load(&sources).unwrap_err();
    assert!(faults[0].to_string().contains("cannot be read"), "{}", faults[0]);
}

/// See `tests/it/fuzz.rs`. Each setting is tried by itself against all others, so of these files
/// one in fifty goes the whole way.
#[test]
fn no_file_makes_it_panic_and_each_fault_is_a_line() {
    let corpus = mutate::corpus("config");
    let path = PathBuf::from("sluis.toml");
    let known = load::Known::shipped();
    let told = |faults: &[Fault]| {
        for fault in faults {
            let text = fault.to_string();
            assert!(!text.contains('\n'), "one line: {text:?}");
        }
    };
    mutate::fuzz("configurations", mutate::inputs(), &corpus, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let mut faults = Vec::new();
        file::settings(&path, text, &known, &mut faults);
        told(&faults);
        if !bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>().is_multiple_of(50) {
            return;
        }
        let given = Given::file(text);
        if let Err(faults) = load(&given.sources) {
            assert!(!faults.is_empty());
            told(&faults);
        }
    });
}
