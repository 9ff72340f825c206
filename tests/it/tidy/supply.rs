//! What others made and Sluis is built from: where it comes from, in how many versions, and under
//! which licences. `.cargo/deny.toml` has the lists; `cargo deny` reads the same ones, and looks for
//! advisories besides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";
const NPM: &str = "https://registry.npmjs.org/";
/// Our own.
const MEMBERS: [&str; 2] = ["sluis", "rush"];
/// For what the page and its tests are built with; none of the MPL is in the page itself.
const NPM_LICENCES: [&str; 6] = ["MIT", "Apache-2.0", "ISC", "BSD-3-Clause", "0BSD", "MPL-2.0"];
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn deny() -> toml::Table {
    text(".cargo/deny.toml").parse().unwrap()
}

fn strings(list: &toml::Value) -> BTreeSet<String> {
    list.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// What is wrong with a `Cargo.lock`: sources, and crates that may not be there.
fn crate_faults(lock: &str, banned: &BTreeSet<String>) -> Vec<String> {
    let lock: toml::Table = lock.parse().unwrap();
    let mut faults = Vec::new();
    for package in lock["package"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        match package.get("source").map(|source| source.as_str().unwrap()) {
            Some(CRATES) => {}
            Some(source) => faults.push(format!("{name}: from {source}; take it from crates.io")),
            None if MEMBERS.contains(&name) => {}
            None => faults.push(format!("{name}: from a path; take it from crates.io")),
        }
        if banned.contains(name) {
            faults.push(format!("{name}: .cargo/deny.toml says why not; turn the feature off"));
        }
    }
    faults
}

/// What is wrong with a `package-lock.json`.
fn npm_faults(lock: &str) -> Vec<String> {
    let lock: Value = serde_json::from_str(lock).unwrap();
    let allowed = NPM_LICENCES.map(str::to_owned).into();
    let mut faults = Vec::new();
    for (path, package) in lock["packages"].as_object().unwrap() {
        let mut fault = |what: String| faults.push(format!("{path}: {what}"));
        let said = |key: &str| package[key].as_str().unwrap_or_default();
        if path.is_empty() {
            let kinds = ["dependencies", "devDependencies", "optionalDependencies"];
            let asked = kinds.iter().filter_map(|kind| package[*kind].as_object()).flatten();
            for (name, wanted) in asked {
                if wanted.as_str().is_none_or(|wanted| wanted.contains([':', '/'])) {
                    fault(format!("{name} is {wanted}; name a version"));
                }
            }
            continue;
        }
        if !permits(said("license"), &allowed) {
            fault(format!("licence {:?}; see whether it may be used", said("license")));
        }
        if !said("integrity").starts_with("sha512-") {
            fault("no SHA-512 of it; make the lock file again".to_owned());
        }
        if !said("resolved").is_empty() && !said("resolved").starts_with(NPM) {
            fault(format!("from {}; take it from npm", said("resolved")));
        }
        if package["link"] == true || said("version").contains([':', '/']) {
            fault("a path or an address; name a version".to_owned());
        }
    }
    faults
}

/// Whether an SPDX expression can be met by these licences alone. An exception is a licence of its
/// own.
fn permits(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let met = any(&mut words, allowed);
    met && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words, allowed: &BTreeSet<String>) -> bool {
    let mut met = all(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all(words, allowed);
    }
    met
}

fn all(words: &mut Words, allowed: &BTreeSet<String>) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Words, allowed: &BTreeSet<String>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        return any(words, allowed) & (words.next() == Some(")"));
    }
    let name = words.next().unwrap_or_default().to_owned();
    match words.next_if_eq(&"WITH") {
        Some(_) => allowed.contains(&format!("{name} WITH {}", words.next().unwrap_or_default())),
        None => allowed.contains(&name),
    }
}

/// Everything that is built for the program, its tests and benches on the systems that it is made
/// for: name, version, licence.
fn built() -> BTreeSet<(String, String, String)> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(["tree", "--offline", "--locked", "--workspace", "--all-features"]);
    command.args(["--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}|{l}|"]);
    for target in TARGETS {
        command.args(["--target", target]);
    }
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let lines = lines.lines().filter_map(|line| {
        let (package, licence) = line.split_once('|')?;
        let mut words = package.split(' ');
        let (name, version) = (words.next()?.to_owned(), words.next()?.trim_start_matches('v'));
        let version = version.split('+').next().unwrap_or_default().to_owned();
        Some((name, version, licence.split('|').next().unwrap_or_default().to_owned()))
    });
    lines.filter(|(name, ..)| !MEMBERS.contains(&name.as_str())).collect()
}

/// Crates in two versions of which no older one is listed, and listed ones that are not there
/// beside a newer one.
fn version_faults(built: &[(&str, &str)], listed: &BTreeSet<String>) -> Vec<String> {
    let number = |version: &str| -> Vec<u64> {
        version.split(['.', '-']).map(|part| part.parse().unwrap_or(0)).collect()
    };
    let mut versions: BTreeMap<&str, BTreeSet<(Vec<u64>, &str)>> = BTreeMap::new();
    for &(name, version) in built {
        versions.entry(name).or_default().insert((number(version), version));
    }
    let mut older = BTreeSet::new();
    for (name, mut versions) in versions {
        versions.pop_last();
        older.extend(versions.iter().map(|(_, version)| format!("{name}@{version}")));
    }
    let new = older.difference(listed).map(|it| format!("{it}: a second version; have one"));
    let gone = listed.difference(&older).map(|it| format!("{it}: not there any more; strike it"));
    new.chain(gone).collect()
}

#[test]
fn each_registry_is_the_only_one_and_no_banned_crate_is_in() {
    let banned = strings(&deny()["bans"]["deny"]);
    assert!(banned.contains("h2") && banned.contains("actix-governor"));
    let lock = |name: &str, source: &str| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n{source}\n")
    };
    let source = format!("source = \"{CRATES}\"");
    assert_eq!(crate_faults(&lock("serde", &source), &banned).len(), 0);
    assert_eq!(crate_faults(&lock("sluis", ""), &banned).len(), 0);
    for (name, source) in [
        ("serde", ""),
        ("serde", "source = \"git+https://example.org/serde\""),
        ("serde", "source = \"sparse+https://example.org/index/\""),
        ("h2", &source),
        ("actix-governor", &source),
    ] {
        assert_eq!(crate_faults(&lock(name, source), &banned).len(), 1, "{name} {source}");
    }
    let faults = crate_faults(&text("Cargo.lock"), &banned);
    assert!(faults.is_empty(), "Cargo.lock:\n{}", faults.join("\n"));
}

#[test]
fn npm_packages_come_from_npm_under_licences_that_were_looked_at() {
    let lock = |more: &str, wanted: &str| {
        format!(
            "{{\"packages\":{{\"\":{{\"devDependencies\":{{\"a\":\"{wanted}\"}}}},\
             \"node_modules/a\":{{\"version\":\"1.0.0\"{more}}}}}}}"
        )
    };
    let good = ",\"license\":\"MIT OR GPL-3.0\",\"integrity\":\"sha512-x\"";
    assert_eq!(npm_faults(&lock(good, "1.0.0")), Vec::<String>::new());
    for (more, wanted) in [
        (good, "git+ssh://example.org/a"),
        (good, "example/a"),
        (",\"license\":\"AGPL-3.0\",\"integrity\":\"sha512-x\"", "1.0.0"),
        (",\"license\":\"GPL-3.0-or-later\",\"integrity\":\"sha512-x\"", "1.0.0"),
        (",\"integrity\":\"sha512-x\"", "1.0.0"),
        (",\"license\":\"MIT\"", "1.0.0"),
        (&format!("{good},\"resolved\":\"https://example.org/a.tgz\""), "1.0.0"),
        (&format!("{good},\"link\":true"), "1.0.0"),
    ] {
        assert_eq!(npm_faults(&lock(more, wanted)).len(), 1, "{more} {wanted}");
    }
    for path in ["web/package-lock.json", "tests/web/package-lock.json"] {
        let faults = npm_faults(&text(path));
        assert!(faults.is_empty(), "{path}:\n{}", faults.join("\n"));
    }
}

#[test]
fn crates_have_licences_that_were_looked_at() {
    let allowed = strings(&deny()["licenses"]["allow"]);
    for good in ["MIT", "MIT/Apache-2.0", "GPL-3.0 OR MIT", "(MIT OR GPL-2.0) AND Unicode-3.0"] {
        assert!(permits(good, &allowed), "{good}");
    }
    for bad in
        ["", "GPL-3.0", "MIT AND AGPL-3.0", "Apache-2.0 WITH LLVM-exception", "(MIT", "MIT MIT"]
    {
        assert!(!permits(bad, &allowed), "{bad}");
    }
    let built = built();
    assert!(built.len() > 200, "{}", built.len());
    let faults = built.iter().filter(|(_, _, licence)| !permits(licence, &allowed));
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "see whether these may be used: {faults:?}");
}

#[test]
fn no_crate_is_there_twice_unless_the_list_says_why() {
    let listed = BTreeSet::from(["a@1.0.0".to_owned()]);
    let faults = |built: &[(&str, &str)]| version_faults(built, &listed).len();
    assert_eq!(faults(&[("a", "1.0.0"), ("a", "10.0.0"), ("b", "2.0.0")]), 0);
    assert_eq!(faults(&[("a", "9.0.0"), ("a", "10.0.0"), ("a", "1.0.0")]), 1, "9 is older than 10");
    assert_eq!(faults(&[("a", "1.0.0"), ("b", "2.0.0")]), 1, "the entry is stale");
    let deny = deny();
    assert_eq!(deny["bans"]["multiple-versions"].as_str(), Some("deny"));
    let built = built();
    let built: Vec<(&str, &str)> =
        built.iter().map(|(name, version, _)| (name.as_str(), version.as_str())).collect();
    let faults = version_faults(&built, &strings(&deny["bans"]["skip"]));
    assert!(faults.is_empty(), "bans.skip in .cargo/deny.toml:\n{}", faults.join("\n"));
}
