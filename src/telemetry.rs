//! Log lines on standard error. Messages are lower case with fields; never a name, a number or
//! another personal id in them (I14): that holds for panics too.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat, LogLevel};

/// Starts logging, once a process: later calls change nothing. Returns whether this one did.
pub fn install(log: &Log) -> bool {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(directives(log.level)))
        .with_writer(std::io::stderr);
    let installed = if is_pretty(log) {
        builder.with_ansi(is_coloured()).with_target(false).try_init()
    } else {
        builder.json().flatten_event(true).with_ansi(false).try_init()
    };
    if installed.is_ok() {
        let in_full = matches!(log.level, LogLevel::Debug | LogLevel::Trace);
        std::panic::set_hook(Box::new(move |panic| tell_panic(panic, in_full)));
    }
    installed.is_ok()
}

/// Whether lines are for people.
pub fn is_pretty(log: &Log) -> bool {
    match log.format {
        LogFormat::Pretty => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    }
}

fn is_coloured() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !refused
}

/// Ours at the level asked for; libraries never chattier than warnings.
fn directives(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "warn,sluis=info",
        LogLevel::Debug => "warn,sluis=debug",
        LogLevel::Trace => "warn,sluis=trace",
    }
}

/// A panic's own words may hold what somebody typed: only fixed texts are repeated, unless the
/// level asks for more.
fn tell_panic(panic: &PanicHookInfo<'_>, in_full: bool) {
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let payload = panic.payload();
    let words = match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
        (Some(fixed), _) => *fixed,
        (None, Some(made)) if in_full => made,
        _ => "withheld: it may hold personal data; log.level = \"debug\" shows it",
    };
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    tracing::error!(at, thread, words, "panic");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_a_filter() {
        use LogLevel::{Debug, Error, Info, Trace, Warn};
        for level in [Error, Warn, Info, Debug, Trace] {
            assert!(EnvFilter::try_new(directives(level)).is_ok());
        }
    }
}
