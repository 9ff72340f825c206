//! The configuration. Keys and defaults are told once, in `config/default.toml`; here they get
//! their types. Layers and their origins: [`load`]; what must hold together: `config::check`.

mod check;
mod fault;
mod file;
mod load;
mod oidc;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::actors::gateway::Settings;
use crate::theme::{self, Theme, ThemeFault};

pub use check::{DemoRefusal, demo_refusal};
pub use fault::{Fault, Origin};
pub use load::{FILE_IF_PRESENT, Flag, Loaded, Sources, load};
pub use oidc::{Hidden, Oidc, SIGNING_ALGORITHMS, is_safe_address};

/// The shipped defaults, every key with its description.
pub const DEFAULT: &str = include_str!("../config/default.toml");

/// All settings.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Addresses and origins.
    pub server: Server,
    /// Where data lives.
    pub journal: Journal,
    /// Who may come in, and how.
    pub sign_in: SignIn,
    /// What operators may bound.
    pub limits: Limits,
    /// How often the line and the seats are told.
    pub line: Line,
    /// The page that students see.
    pub page: Page,
    /// What is written to standard error.
    pub log: Log,
    /// Where those who watch the gateway look.
    pub metrics: Metrics,
}

/// `[server]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Addresses to listen on.
    #[serde(deserialize_with = "one_or_many_addresses")]
    pub listen: Vec<SocketAddr>,
    /// HTTP threads; 0 is one a core.
    pub workers: usize,
    /// What browsers use; empty is http at the first address.
    pub public_url: String,
    /// Origins that may open the WebSocket besides.
    #[serde(deserialize_with = "one_or_many")]
    pub allowed_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed: addresses or ranges.
    #[serde(deserialize_with = "one_or_many")]
    pub trusted_proxies: Vec<String>,
}

impl Server {
    /// Whether browsers come by https, so that cookies are marked Secure.
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}

/// `[journal]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// The data directory.
    pub dir: PathBuf,
    /// Records between two snapshots; 0 is never.
    pub snapshot_every_records: u64,
}

/// How people sign in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SignInMode {
    /// Anybody chooses whom to be.
    Demo,
    /// With the university account, by `OpenID` Connect.
    Oidc,
}

/// `[sign_in]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// How.
    pub mode: SignInMode,
    /// Demo sign-in on an address that others can reach.
    pub demo_anywhere: bool,
    /// Demo sign-in with data other than the demo university.
    pub demo_with_real_data: bool,
    /// How long a token is good.
    pub token_ttl_hours: u32,
    /// The university's sign-in provider.
    pub oidc: Oidc,
}

impl SignIn {
    /// How long a token is good.
    pub fn token_ttl(&self) -> Duration {
        Duration::from_secs(u64::from(self.token_ttl_hours) * 3600)
    }
}

/// `[limits]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Messages a second for one student.
    pub student_messages_per_second: u32,
    /// Messages at once after a pause.
    pub student_messages_burst: u32,
    /// Changes a second of one student, over HTTP.
    pub student_changes_per_second: u32,
    /// Changes at once after a pause.
    pub student_changes_burst: u32,
    /// Reads a second of one student, over HTTP.
    pub student_reads_per_second: u32,
    /// Reads at once after a pause.
    pub student_reads_burst: u32,
    /// WebSocket connections of one student.
    pub student_sessions_max: usize,
    /// Requests remembered for one student.
    pub student_requests_max: u32,
    /// New WebSocket connections a second from one address.
    pub address_connects_per_second: u32,
    /// New WebSocket connections at once after a pause.
    pub address_connects_burst: u32,
    /// Sign-ins a second from one address.
    pub address_sign_ins_per_second: u32,
    /// Sign-ins at once after a pause.
    pub address_sign_ins_burst: u32,
    /// Requests without sign-in a second from one address.
    pub address_requests_per_second: u32,
    /// Requests without sign-in at once after a pause.
    pub address_requests_burst: u32,
    /// WebSocket connections at once.
    pub sessions_max: usize,
    /// Commands accepted and not answered yet.
    pub commands_in_flight_max: usize,
    /// Longest wait for the disk before Busy.
    pub answer_wait_ms_max: u64,
}

/// `[line]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Between two updates of positions.
    pub position_push_ms: u64,
    /// Between two updates of seats.
    pub seats_push_ms: u64,
}

/// `[page]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// File with the university's tokens; empty is none.
    pub theme: PathBuf,
}

impl Page {
    /// The university's look, where it has one.
    pub fn theme(&self) -> Result<Option<Theme>, ThemeFault> {
        if self.theme.as_os_str().is_empty() {
            return Ok(None);
        }
        theme::read(&self.theme).and_then(|text| Theme::parse(&text)).map(Some)
    }
}

/// The form of log lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// For machines.
    Json,
}

/// The least serious level written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// A person must act.
    Error,
    /// Somebody should look.
    Warn,
    /// What an operator wants to see.
    Info,
    /// For those who look for a fault.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// Every level, the most serious first.
    pub const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }

    /// The level with that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == text)
    }
}

/// `[log]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Form.
    pub format: LogFormat,
    /// Level.
    pub level: LogLevel,
}

/// `[metrics]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Address of metrics and log level; none: nowhere.
    #[serde(with = "address_or_empty")]
    pub listen: Option<SocketAddr>,
}

impl Config {
    /// What the actors take of it.
    pub fn settings(&self) -> Settings {
        Settings {
            messages_per_second: self.limits.student_messages_per_second,
            messages_burst: self.limits.student_messages_burst,
            sessions_per_student: self.limits.student_sessions_max,
            sessions_max: self.limits.sessions_max,
            jobs_in_flight_max: self.limits.commands_in_flight_max,
            requests_per_student: self.limits.student_requests_max,
            seats_push_ms: self.line.seats_push_ms,
            answer_deadline_ms: self.limits.answer_wait_ms_max,
            ..Settings::default()
        }
    }
}

impl Default for Config {
    /// The shipped defaults. A test holds that they parse.
    fn default() -> Self {
        toml::from_str(DEFAULT).expect("config/default.toml is tested")
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a text or a list of texts")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// A list, or one text; in the environment also several with commas between.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::Many(all) => all,
        OneOrMany::One(text) => {
            text.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect()
        }
    })
}

fn one_or_many_addresses<'de, D>(deserializer: D) -> Result<Vec<SocketAddr>, D::Error>
where
    D: Deserializer<'de>,
{
    let address = |text: String| {
        text.parse().map_err(|_| {
            let what = format!("{text:?} is not an address; write IP:PORT, as in 127.0.0.1:8080");
            serde::de::Error::custom(what)
        })
    };
    one_or_many(deserializer)?.into_iter().map(address).collect()
}

/// An address, or an empty text for none.
mod address_or_empty {
    use std::net::SocketAddr;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde gives it so")]
    pub fn serialize<S: Serializer>(at: &Option<SocketAddr>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&at.map(|address| address.to_string()).unwrap_or_default())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
        let text = String::deserialize(from)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| {
            let form = "write IP:PORT, as in 127.0.0.1:9464, or \"\" for none";
            serde::de::Error::custom(format!("{text:?} is not an address; {form}"))
        })
    }
}
