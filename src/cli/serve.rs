//! `sluis serve`

use super::args::ServeArgs;
use super::failure::{Code, Failure};
use super::settings;
use crate::application::{self, ServeError, ServeOptions};
use crate::telemetry;

/// Runs the gateway until it is told to stop.
pub fn run(args: &ServeArgs) -> Result<(), Failure> {
    let loaded = settings::load_serve(args)?;
    telemetry::install(&loaded.config.log);
    let options = ServeOptions {
        fresh: args.fresh,
        yes: args.yes,
        empty: args.empty,
        config_file: loaded.file,
    };
    Ok(application::serve(loaded.config, options)?)
}

impl From<ServeError> for Failure {
    fn from(e: ServeError) -> Self {
        let code = match e {
            ServeError::Journal(e) => return e.into(),
            ServeError::Listen { .. } | ServeError::ListenMetrics { .. } => Code::Unavailable,
            ServeError::Refused(_)
            | ServeError::NotDemo(_)
            | ServeError::Empty(_)
            | ServeError::SignIn(_) => Code::Config,
            ServeError::Key(_) | ServeError::Io { .. } => Code::Io,
            ServeError::Demo(_) => Code::Other,
        };
        Self::new(code, e.to_string())
    }
}
