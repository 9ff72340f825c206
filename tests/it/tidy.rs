//! Rules of the house as tests. Each says where it is broken and what to use instead, and each is
//! shown a made-up violation first: a rule that sees nothing protects nothing.

mod limits;
mod security;
mod source;
mod supply;

use std::collections::HashSet;
use std::path::Path;

use source::{Source, has_word, sources};

/// What may not stand where.
struct Rule {
    /// Any of these.
    banned: &'static [&'static str],
    /// In files whose path begins so.
    within: &'static [&'static str],
    /// But for these, each for a reason given beside it.
    except: &'static [&'static str],
    /// In test code too.
    in_tests: bool,
    instead: &'static str,
}

impl Rule {
    fn broken(&self, source: &Source) -> Vec<String> {
        let path = source.path.as_str();
        let concerned = self.within.iter().any(|start| path.starts_with(start));
        // This file names what it bans.
        let own = path.starts_with("tests/it/tidy");
        if !concerned || own || self.except.contains(&path) {
            return Vec::new();
        }
        let lines: Vec<_> = match self.in_tests {
            true => source.all().collect(),
            false => source.shipped().collect(),
        };
        let mut found = Vec::new();
        for (number, code) in lines {
            for banned in self.banned.iter().filter(|banned| has_word(code, banned)) {
                found.push(format!("{path}:{number}: `{banned}`: {}", self.instead));
            }
        }
        found
    }

    /// Holds everywhere, and would not at `path` with this code.
    #[track_caller]
    fn holds(&self, path: &str, code: &str) {
        assert!(!self.broken(&Source::new(path, code)).is_empty(), "the rule does not see {code}");
        let broken: Vec<_> = sources().iter().flat_map(|source| self.broken(source)).collect();
        assert!(broken.is_empty(), "\n{}", broken.join("\n"));
    }
}

/// Modules from left to right; one may use those to its left, and itself. The gate counts what it
/// lets out, so actors and metrics stand in one place.
const LAYERS: [&[&str]; 9] = [
    &["limits"],
    &["domain"],
    &["clock", "panics", "pseudonym", "secret", "theme"],
    &["protocol"],
    &["journal"],
    &["actors", "metrics"],
    &["http", "config", "demo"],
    &["telemetry", "serving", "banner"],
    &["application"],
];
/// Beside the application: it may use everything.
const BESIDE: &str = "cli";

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|names| names.contains(&module))
}

/// The modules that a line names from the root of the crate.
fn named(code: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    let after = code.match_indices("crate::").map(|(at, found)| &code[at + found.len()..]);
    after
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(list) => list.split(',').map(|part| word(part.trim())).collect(),
            None => vec![word(rest)],
        })
        .collect()
}

fn wrong_imports(source: &Source) -> Vec<String> {
    let Some(own) = source.path.strip_prefix("src/") else { return Vec::new() };
    let own = own.split('/').next().unwrap_or_default().trim_end_matches(".rs");
    // The build script is a program of its own.
    if ["main", "lib", "build", BESIDE].contains(&own) {
        return Vec::new();
    }
    let Some(place) = layer(own) else {
        return vec![format!("{}:1: give the module {own} its place in LAYERS", source.path)];
    };
    let mut found = Vec::new();
    for (number, code) in source.shipped() {
        for module in named(code) {
            let to_the_left = layer(&module).is_some_and(|other| other < place);
            let together = LAYERS[place].contains(&module.as_str()) && own != "http";
            if module != own && !to_the_left && !together && !module.is_empty() {
                found.push(format!(
                    "{}:{number}: {own} may not use {module}: hand it in from the right, or move \
                     what both need to the left",
                    source.path
                ));
            }
        }
    }
    found
}

#[test]
fn layers_import_to_the_left_alone() {
    for (path, code) in [
        ("src/domain/line.rs", "use crate::protocol::client::ClientMessage;"),
        ("src/journal/log.rs", "    let gate = crate::actors::gate::Gate::new();"),
        ("src/actors/line.rs", "use crate::{domain::ids, http};"),
        ("src/actors/line.rs", "pub(crate) use crate::application::core;"),
        ("src/news.rs", "// a module without a place"),
    ] {
        assert_eq!(wrong_imports(&Source::new(path, code)).len(), 1, "{path}: {code}");
    }
    let right = Source::new("src/http/ws.rs", "use crate::actors::{session, student};");
    assert_eq!(wrong_imports(&right), Vec::<String>::new());
    let wrong: Vec<_> = sources().iter().flat_map(wrong_imports).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_domain_is_pure() {
    let rule = Rule {
        banned: &[
            "async ",
            "actix",
            "tokio",
            "futures",
            "serde",
            "tracing",
            "prometheus",
            "dashmap",
            "getrandom",
            "rand::",
            "std::fs",
            "std::io",
            "std::net",
            "std::thread",
            "std::time",
            "std::env",
            "SystemTime",
            "Instant",
            "Mutex",
            "RwLock",
            "println!",
            "eprintln!",
            "crate::clock",
        ],
        within: &["src/domain/"],
        except: &[],
        in_tests: false,
        instead: "the domain returns what happened; time and chance are handed in, and a shell \
                  (actors, journal, protocol) does the rest",
    };
    for code in
        ["    async fn decide() {}", "use std::time::Instant;", "#[derive(serde::Serialize)]"]
    {
        rule.holds("src/domain/decide.rs", code);
    }
    // What it may use from outside at all.
    let roots = ["std", "core", "crate", "super", "self", "sha2", "strsim"];
    let foreign = |source: &Source| {
        let uses = source.shipped().filter_map(|(number, code)| {
            let root = code.trim_start().strip_prefix("use ")?.split("::").next()?;
            (root.chars().all(char::is_lowercase) && !roots.contains(&root)).then(|| {
                format!("{}:{number}: {root}: do without, or convert outside", source.path)
            })
        });
        uses.collect::<Vec<_>>()
    };
    assert_eq!(foreign(&Source::new("src/domain/x.rs", "use uuid::Uuid;")).len(), 1);
    let all = sources();
    let found: Vec<_> =
        all.iter().filter(|s| s.path.starts_with("src/domain/")).flat_map(foreign).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn sled_is_used_in_one_file() {
    Rule {
        banned: &["sled::", "use sled", "extern crate sled"],
        within: &["src/", "loadtest/", "tests/"],
        // The second's `sled` is our own module.
        except: &["src/journal/sled.rs", "src/journal/conformance.rs"],
        in_tests: true,
        instead: "use the Journal trait; what is sled's own stays in src/journal/sled.rs",
    }
    .holds("src/journal/writer.rs", "    let db = sled::open(path)?;");
}

#[test]
fn now_is_asked_in_one_file() {
    let words = &["SystemTime::now", "Utc::now", "Local::now", "OffsetDateTime::now_utc"];
    Rule {
        banned: words,
        // The load tester measures durations by `Instant` where it measures; wall time has no
        // place in it.
        within: &["src/", "loadtest/", "tests/"],
        except: &["src/clock.rs"],
        in_tests: true,
        instead: "take a Clock, or clock::wall()",
    }
    .holds("src/http/auth.rs", "    let now = SystemTime::now();");
    Rule {
        banned: &["Instant::now", "std::time::Instant::now", "SystemTime::now"],
        within: &["src/"],
        except: &["src/clock.rs"],
        in_tests: true,
        instead: "use clock::monotonic(), so that src/clock.rs alone asks what time it is",
    }
    .holds("src/actors/line.rs", "    let since = Instant::now();");
}

#[test]
fn a_limiter_is_asked_for_its_own_clock() {
    let rule = Rule {
        banned: &[
            "DefaultClock::default",
            "QuantaClock::default",
            "clock::DefaultClock::default",
            "clock::QuantaClock::default",
            "governor::clock::DefaultClock::default",
            "governor::clock::QuantaClock::default",
        ],
        within: &["src/"],
        except: &[],
        in_tests: false,
        instead: "limiter.clock(): a new one asks the processor what it is, 16 µs on a virtual \
                  machine, for each refusal of a flood",
    };
    rule.holds("src/actors/line.rs", "let now = governor::clock::DefaultClock::default().now();");
    rule.holds("src/actors/line.rs", "let wait = wait_time_from(DefaultClock::default().now());");
}

#[test]
fn every_metric_is_in_one_folder() {
    let rule = Rule {
        banned: &["\"sluis_", "prometheus"],
        within: &["src/"],
        except: &[
            "src/metrics.rs",
            "src/metrics/derived.rs",
            "src/metrics/mailboxes.rs",
            "src/metrics/make.rs",
            "src/metrics/times.rs",
            "src/metrics/worker.rs",
        ],
        in_tests: false,
        instead: "give Metrics a method with the name of what happened, in src/metrics.rs",
    };
    rule.holds("src/actors/line.rs", "    let c = IntCounter::new(\"sluis_x_total\", \"\");");
    rule.holds("src/http/health.rs", "use prometheus::Encoder;");
}

#[test]
fn the_durability_gate_is_the_only_way_out() {
    // What each way out is called, and the files that have it: where it is defined, and the gate.
    let gate = "src/actors/gate.rs";
    let ways: [(&'static [&'static str], &'static [&'static str], &str); 9] = [
        // A batch to the students' hubs.
        (
            &["Deliver {"],
            &["src/actors/gate.rs", "src/actors/messenger.rs"],
            "m.try_send(Deliver { batch, durable })",
        ),
        (
            &["Receive::News"],
            &["src/actors/messenger.rs", "src/actors/student.rs"],
            "Receive::News { news, durable }",
        ),
        (
            &["ToSession::Frame"],
            &["src/actors/student.rs", "src/http/ws.rs"],
            "ToSession::Frame(t)",
        ),
        // The seats that everybody may read; windows and catalogue likewise.
        (
            &["board.publish", "publish(&"],
            &["src/actors/gate.rs", "src/actors/board.rs"],
            "self.publish(&s)",
        ),
        (
            &["send_replace", "send_modify", "send_if_modified"],
            &["src/actors/gate.rs"],
            "let _ = tx.map(|tx| send_replace(x));",
        ),
        // Answers. The gateway's closure is an Output::Read: the gate calls it. The server's
        // are about its threads.
        (
            &["reply"],
            &[
                "src/actors/gate.rs",
                "src/actors/gateway.rs",
                "src/actors/registrar.rs",
                "src/actors/news.rs",
            ],
            "reply.send(x)",
        ),
        (
            &["oneshot::"],
            &["src/actors/gateway.rs", "src/actors/news.rs", "src/application/server.rs"],
            "oneshot::channel()",
        ),
        // Who waits for what, counted; likewise.
        (&["tallies.take(", "tallies.line("], &["src/actors/gate.rs"], "self.tallies.take(t);"),
        // What was decided is counted when it is told; at the start, what replay found.
        (
            &["metrics.count"],
            &["src/actors/gate.rs", "src/application/core.rs"],
            "let _ = metrics.count(c);",
        ),
    ];
    for (banned, except, sample) in ways {
        Rule {
            banned,
            within: &["src/"],
            except,
            in_tests: false,
            instead: "put an Output into the gate (Gated::new, Gate::hold): it leaves when what \
                      it rests on is on disk",
        }
        .holds("src/actors/line.rs", sample);
    }
    let text = sources();
    let text = text.iter().find(|s| s.path == gate).unwrap();
    let open = |source: &Source| {
        let body = source.shipped().skip_while(|(_, code)| !code.contains("struct Gated<T>"));
        let fields: Vec<_> = body.skip(1).take_while(|(_, code)| *code != "}").collect();
        assert!(!fields.is_empty(), "{gate}: where is Gated?");
        fields.iter().any(|(_, code)| code.trim_start().starts_with("pub"))
    };
    let leaky = "pub struct Gated<T> {\n    as_of: Sequence,\n    pub value: T,\n}\n";
    assert!(open(&Source::new(gate, leaky)));
    assert!(!open(text), "{gate}: Gated's fields are private: only the gate takes a value out");
}

#[test]
fn actix_web_actors_is_used_in_one_file() {
    Rule {
        banned: &["actix_web_actors"],
        within: &["src/", "loadtest/", "tests/"],
        // The bare echo that the load tester compares with is on the same crate.
        except: &["src/http/ws.rs", "loadtest/src/child.rs"],
        in_tests: true,
        instead: "use the session seam (actors::session, ToSession): decision 0001",
    }
    .holds("src/actors/session.rs", "use actix_web_actors::ws;");
}

#[test]
fn what_ignores_a_bound_or_a_failure_is_not_used() {
    Rule {
        banned: &["do_send"],
        within: &["src/", "loadtest/", "tests/"],
        except: &[],
        in_tests: true,
        instead: "use try_send: do_send ignores the mailbox's bound",
    }
    .holds("src/actors/line.rs", "    let _ = do_send(Batch(jobs));");
    let rule = Rule {
        banned: &["#[ignore", "todo!", "unimplemented!", "dbg!", "#![allow(warnings"],
        within: &["src/", "loadtest/", "tests/"],
        except: &[],
        in_tests: true,
        instead: "finish it, or take it out",
    };
    rule.holds("tests/it/cli.rs", "#[ignore]");
    rule.holds("src/cli/mod.rs", "    todo!()");
}

#[test]
fn the_top_level_is_short() {
    let known = [
        "CHANGELOG.md",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "benches",
        "config",
        "dashboards",
        "docs",
        "loadtest",
        "rustfmt.toml",
        "src",
        "tests",
        "web",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ignored = std::fs::read_to_string(root.join(".gitignore")).unwrap();
    let ignored: HashSet<_> = ignored.lines().map(|line| line.trim_matches('/')).collect();
    let stray = |name: &String| {
        !name.starts_with('.')
            && !known.contains(&name.as_str())
            && !ignored.contains(name.as_str())
    };
    assert!(stray(&"notes.txt".to_owned()) && !stray(&"src".to_owned()));
    let names = std::fs::read_dir(root).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let found: Vec<_> = names.filter(stray).collect();
    assert!(found.is_empty(), "{found:?}: put it under one of {known:?}, or git-ignore it");
}

#[test]
fn unsafe_code_is_forbidden_in_every_package() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = |path: &str| -> toml::Table {
        std::fs::read_to_string(root.join(path)).unwrap().parse().unwrap()
    };
    let workspace = manifest("Cargo.toml");
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for path in ["Cargo.toml", "loadtest/Cargo.toml"] {
        let inherits = manifest(path)["lints"]["workspace"].as_bool();
        assert_eq!(inherits, Some(true), "{path}: inherit the workspace's lints");
    }
}
