//! From flags to a configuration.

use figment::value::Value;

use super::args::{Place, ServeArgs};
use super::failure::Failure;
use crate::config::{self, Flag, Loaded, Sources};

/// The configuration for a command that has no flags but its place.
pub fn load(place: &Place) -> Result<Loaded, Failure> {
    load_with(place, Vec::new())
}

/// The configuration for `serve`.
pub fn load_serve(args: &ServeArgs) -> Result<Loaded, Failure> {
    let mut flags = Vec::new();
    if !args.listen.is_empty() {
        let all: Vec<Value> = args.listen.iter().map(|a| Value::from(a.to_string())).collect();
        flags.push(flag("--listen", "server.listen", all));
    }
    if args.demo_anywhere {
        flags.push(flag("--demo-anywhere", "sign_in.demo_anywhere", true));
    }
    if let Some(format) = &args.log_format {
        flags.push(flag("--log-format", "log.format", format.as_str()));
    }
    if let Some(level) = &args.log_level {
        flags.push(flag("--log-level", "log.level", level.as_str()));
    }
    load_with(&args.place, flags)
}

fn load_with(place: &Place, mut flags: Vec<Flag>) -> Result<Loaded, Failure> {
    if let Some(data) = &place.data {
        flags.push(flag("--data", "journal.dir", data.to_string_lossy().as_ref()));
    }
    let environment = std::env::vars_os().collect();
    let sources = Sources { file: place.config.clone(), environment, flags };
    Ok(config::load(&sources)?)
}

fn flag(name: &'static str, key: &'static str, value: impl Into<Value>) -> Flag {
    Flag { name, key, value: value.into() }
}
