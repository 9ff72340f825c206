//! Layers: defaults, then a file, then the environment, then flags. Each setting is tried alone
//! first, so that every fault is told and each names its source.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::fault::{Fault, Origin};
use super::{Config, DEFAULT, check, file};

/// Found by itself when no file is named.
pub const FILE_IF_PRESENT: &str = "config/sluis.toml";
const PREFIX: &str = "SLUIS__";

/// A flag that sets a key.
#[derive(Clone, Debug)]
pub struct Flag {
    /// As typed, such as `--listen`.
    pub name: &'static str,
    /// What it sets, such as `server.listen`.
    pub key: &'static str,
    /// To what.
    pub value: Value,
}

/// Where settings are looked for.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A file named by a flag; without one, [`FILE_IF_PRESENT`] if it is there.
    pub file: Option<PathBuf>,
    /// Environment variables; others than `SLUIS__…` are passed over.
    pub environment: Vec<(OsString, OsString)>,
    /// Flags.
    pub flags: Vec<Flag>,
}

/// A configuration that was accepted.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The file that was read, if one was.
    pub file: Option<PathBuf>,
    /// Where each key's value comes from.
    pub origins: BTreeMap<String, Origin>,
}

/// One key set in one place.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

impl Provider for Setting {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut parts = self.key.rsplit('.');
        let mut dict = Dict::from([(parts.next().unwrap_or("").to_owned(), self.value.clone())]);
        for part in parts {
            dict = Dict::from([(part.to_owned(), Value::from(dict))]);
        }
        Ok(Profile::Default.collect(dict))
    }
}

/// The keys that exist.
pub(super) struct Known {
    keys: Vec<String>,
}

impl Known {
    /// Those of the shipped defaults; a test holds that these are those of [`Config`].
    pub(super) fn shipped() -> Self {
        let shipped: toml::Table = toml::from_str(DEFAULT).expect("config/default.toml is tested");
        let mut keys = Vec::new();
        for (section, table) in &shipped {
            add_keys(section, table, &mut keys);
        }
        Self { keys }
    }

    pub(super) fn is_key(&self, key: &str) -> bool {
        self.keys.iter().any(|k| k == key)
    }

    pub(super) fn is_section(&self, name: &str) -> bool {
        self.sections().any(|section| section == name)
    }

    fn sections(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().filter_map(|key| key.rsplit_once('.').map(|(section, _)| section))
    }

    /// The fault of a key that does not exist, with the nearest that does.
    pub(super) fn unknown(&self, origin: Origin, key: String) -> Fault {
        let what = if self.is_section(&key) {
            "this is a section, not a key; see `sluis config default`".to_owned()
        } else {
            match self.nearest(&key) {
                Some(near) => format!("unknown key; did you mean {}?", origin.spelled(near)),
                None => "unknown key; `sluis config default` lists all".to_owned(),
            }
        };
        Fault { origin, key, what }
    }

    fn nearest(&self, key: &str) -> Option<&str> {
        let last = |key: &str| key.rsplit('.').next().unwrap_or("").to_owned();
        let near = |a: &str, b: &str| strsim::damerau_levenshtein(a, b);
        let whole = self.keys.iter().map(|k| (near(k, key), k.as_str()));
        // The right name in the wrong section counts as near.
        let moved = self.keys.iter().map(|k| (near(&last(k), &last(key)) + 1, k.as_str()));
        let sections = self.sections().map(|s| (near(s, key), s));
        let candidates: Vec<_> = if key.contains('.') {
            whole.chain(moved).chain(sections).collect()
        } else {
            sections.chain(moved).collect()
        };
        let most = (last(key).len() / 3).max(2);
        candidates.into_iter().filter(|(far, _)| *far <= most).min().map(|(_, near)| near)
    }
}

/// A section may hold another.
fn add_keys(at: &str, value: &toml::Value, keys: &mut Vec<String>) {
    match value.as_table() {
        Some(table) => {
            for (name, value) in table {
                add_keys(&format!("{at}.{name}"), value, keys);
            }
        }
        None => keys.push(at.to_owned()),
    }
}

/// Texts that are taken from the environment as they are, whatever they look like.
const VERBATIM: [&str; 2] = ["sign_in.oidc.client_id", "sign_in.oidc.client_secret"];

/// Puts the layers together. `Err`: every fault, in the order of the layers.
pub fn load(sources: &Sources) -> Result<Loaded, Vec<Fault>> {
    let known = Known::shipped();
    let mut faults = Vec::new();
    let path = sources.file.clone().or_else(|| {
        let path = PathBuf::from(FILE_IF_PRESENT);
        path.is_file().then_some(path)
    });
    let mut settings = path.as_deref().map_or_else(Vec::new, |p| read(p, &known, &mut faults));
    if faults.is_empty() && path.is_some() {
        check_mode_named(path.as_deref(), &settings, sources, &mut faults);
    }
    settings.extend(environment(sources, &known, &mut faults));
    settings.extend(sources.flags.iter().map(|flag| Setting {
        key: flag.key.to_owned(),
        value: flag.value.clone(),
        origin: Origin::Flag(flag.name),
    }));
    let defaults = shipped_settings(&known);
    let mut figment = defaults.iter().fold(Figment::new(), |all, one| all.merge(one));
    let mut origins: BTreeMap<_, _> =
        defaults.into_iter().map(|setting| (setting.key, setting.origin)).collect();
    for setting in settings {
        match figment.clone().merge(&setting).extract::<Config>() {
            Ok(_) => {
                figment = figment.merge(&setting);
                origins.insert(setting.key, setting.origin);
            }
            Err(e) => faults.push(fault_of(&setting, &e)),
        }
    }
    let config: Config = figment.extract().map_err(|e| {
        let what = e.to_string();
        vec![Fault { origin: Origin::Default, key: String::new(), what }]
    })?;
    // Where a value was refused, the default stands, which nobody wrote.
    let refused: Vec<String> = faults.iter().map(|fault| fault.key.clone()).collect();
    let whole =
        check::check(&config).into_iter().filter(|(key, _)| !refused.iter().any(|k| k == key));
    faults.extend(whole.map(|(key, what)| Fault {
        origin: origins.get(key).cloned().unwrap_or(Origin::Default),
        key: key.to_owned(),
        what,
    }));
    if faults.is_empty() { Ok(Loaded { config, file: path, origins }) } else { Err(faults) }
}

fn shipped_settings(known: &Known) -> Vec<Setting> {
    let mut none = Vec::new();
    let mut settings = file::settings(Path::new("config/default.toml"), DEFAULT, known, &mut none);
    for setting in &mut settings {
        setting.origin = Origin::Default;
    }
    settings
}

fn read(path: &Path, known: &Known, faults: &mut Vec<Fault>) -> Vec<Setting> {
    match std::fs::read_to_string(path) {
        Ok(text) => file::settings(path, &text, known, faults),
        Err(e) => {
            let origin = Origin::File { path: path.to_owned(), line: 1, column: 1 };
            let what = format!("cannot be read ({e}); name an existing file with --config");
            faults.push(Fault { origin, key: String::new(), what });
            Vec::new()
        }
    }
}

/// A file of one's own without sign-in is refused: nobody runs a demonstration by oversight.
fn check_mode_named(
    path: Option<&Path>,
    settings: &[Setting],
    sources: &Sources,
    faults: &mut Vec<Fault>,
) {
    const KEY: &str = "sign_in.mode";
    let in_file = settings.iter().any(|setting| setting.key == KEY);
    let in_environment = sources.environment.iter().any(|(name, _)| *name == *variable(KEY));
    let in_flags = sources.flags.iter().any(|flag| flag.key == KEY);
    if let Some(path) = path
        && !(in_file || in_environment || in_flags)
    {
        faults.push(Fault {
            origin: Origin::File { path: path.to_owned(), line: 1, column: 1 },
            key: KEY.to_owned(),
            what: "the file does not say how people sign in; under [sign_in] add mode = \"oidc\" \
                   for university accounts, or mode = \"demo\" if a demonstration is what you want"
                .to_owned(),
        });
    }
}

fn environment(sources: &Sources, known: &Known, faults: &mut Vec<Fault>) -> Vec<Setting> {
    let mut found = Vec::new();
    let mut variables: Vec<_> = sources.environment.iter().collect();
    variables.sort();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let key = name[PREFIX.len()..].to_ascii_lowercase().replace("__", ".");
        let origin = Origin::Environment(name.to_owned());
        match value.to_str() {
            _ if !known.is_key(&key) => faults.push(known.unknown(origin, key)),
            None => {
                let what = "the value is not UTF-8; write it in UTF-8".to_owned();
                faults.push(Fault { origin, key, what });
            }
            Some(text) if VERBATIM.contains(&key.as_str()) => {
                found.push(Setting { key, value: Value::from(text), origin });
            }
            Some(text) => {
                let Ok(value) = text.parse();
                found.push(Setting { key, value, origin });
            }
        }
    }
    found
}

fn fault_of(setting: &Setting, e: &figment::Error) -> Fault {
    let what = e.kind.to_string();
    let what = format!("{what}; `sluis config default` describes it");
    Fault { origin: setting.origin.clone(), key: setting.key.clone(), what }
}

/// The environment variable that sets a key.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"))
}
