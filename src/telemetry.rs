//! Log lines on standard error. Messages are lower case with fields; never a name, a number or
//! another personal id in them (I14): that holds for panics too. What is logged can be changed while
//! the gateway runs.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::sync::{Mutex, OnceLock, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::reload::Handle;

use crate::config::{Log, LogFormat, LogLevel};
use crate::limits;

/// What is logged, and how that is changed.
struct Control {
    directives: Mutex<String>,
    reload: Box<dyn Fn(EnvFilter) -> Result<(), String> + Send + Sync>,
}

/// Of this process, once logging has started.
static CONTROL: OnceLock<Control> = OnceLock::new();

/// Starts logging, once a process: later calls change nothing. Returns whether this one did.
pub fn install(log: &Log) -> bool {
    let directives = of_level(log.level);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(directives))
        .with_writer(std::io::stderr);
    let (installed, reload) = if is_pretty(log) {
        let builder = builder.with_ansi(is_coloured()).with_target(false).with_filter_reloading();
        let reload = reloader(builder.reload_handle());
        (builder.try_init(), reload)
    } else {
        let builder = builder.json().flatten_event(true).with_ansi(false).with_filter_reloading();
        let reload = reloader(builder.reload_handle());
        (builder.try_init(), reload)
    };
    if installed.is_ok() {
        let _ = CONTROL.set(Control { directives: Mutex::new(directives.to_owned()), reload });
        std::panic::set_hook(Box::new(tell_panic));
    }
    installed.is_ok()
}

fn reloader<S: 'static>(
    handle: Handle<EnvFilter, S>,
) -> Box<dyn Fn(EnvFilter) -> Result<(), String> + Send + Sync>
where
    Handle<EnvFilter, S>: Send + Sync,
{
    Box::new(move |filter| handle.reload(filter).map_err(|e| e.to_string()))
}

/// The directives in force; `off` when this process does not log.
pub fn level() -> String {
    match CONTROL.get() {
        Some(control) => control.directives.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        None => "off".to_owned(),
    }
}

/// Changes what is logged: a level, or directives such as `warn,sluis::actors=debug`. An error says
/// what can be asked for.
pub fn set_level(wanted: &str) -> Result<(), String> {
    let directives = parse(wanted)?;
    let Some(control) = CONTROL.get() else {
        return Err("this process does not log; start it with `sluis serve`".to_owned());
    };
    let filter = EnvFilter::try_new(&directives).map_err(|e| e.to_string())?;
    (control.reload)(filter)?;
    tracing::info!(directives, "log level changed");
    *control.directives.lock().unwrap_or_else(PoisonError::into_inner) = directives;
    Ok(())
}

/// A level as directives, or directives as they are.
fn parse(wanted: &str) -> Result<String, String> {
    const FORM: &str = "write error, warn, info, debug or trace, or directives such as \
                        warn,sluis::actors=debug";
    if wanted.len() > limits::LOG_DIRECTIVES_BYTES_MAX {
        return Err(format!("longer than {} bytes; {FORM}", limits::LOG_DIRECTIVES_BYTES_MAX));
    }
    if let Some(level) = LogLevel::parse(wanted) {
        return Ok(of_level(level).to_owned());
    }
    // A bare word would be taken for a part of the program, and silence all others.
    let known = |part: &str| match part.rsplit_once('=') {
        Some((target, level)) => !target.is_empty() && is_level(level),
        None => is_level(part),
    };
    if wanted.is_empty() || !wanted.split(',').all(|part| known(part.trim())) {
        return Err(format!("{wanted:?} is no level; {FORM}"));
    }
    EnvFilter::try_new(wanted).map_err(|e| format!("{wanted:?}: {e}; {FORM}"))?;
    Ok(wanted.to_owned())
}

fn is_level(text: &str) -> bool {
    text == "off" || LogLevel::parse(text).is_some()
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
fn of_level(level: LogLevel) -> &'static str {
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
fn tell_panic(panic: &PanicHookInfo<'_>) {
    let in_full = tracing::enabled!(tracing::Level::DEBUG);
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
        for level in LogLevel::ALL {
            assert!(EnvFilter::try_new(of_level(level)).is_ok());
            assert_eq!(parse(level.as_str()).unwrap(), of_level(level));
        }
    }

    #[test]
    fn what_is_no_level_is_refused_with_what_to_write() {
        for wrong in ["", "debgu", "sluis=loud", "=debug", "warn,,info", "sluis", "info;debug"] {
            let error = parse(wrong).unwrap_err();
            assert!(error.contains("write error, warn, info"), "{wrong:?}: {error}");
        }
        for right in ["off", "warn,sluis::actors=debug", "sluis::http=trace, warn"] {
            assert_eq!(parse(right).unwrap(), right);
        }
        let most = limits::LOG_DIRECTIVES_BYTES_MAX;
        let long = |bytes: usize| format!("{}=info", "a".repeat(bytes - "=info".len()));
        assert!(parse(&long(most)).is_ok());
        assert!(parse(&long(most + 1)).unwrap_err().contains("longer"));
    }
}
