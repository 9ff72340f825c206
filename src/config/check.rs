//! What must hold for the settings as a whole.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::{Config, SignInMode, oidc};

/// Why demo sign-in is not allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DemoRefusal {
    /// Others could reach it.
    Reachable(SocketAddr),
    /// The data is not the demo university's.
    RealData,
}

impl fmt::Display for DemoRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reachable(address) => write!(
                f,
                "demo sign-in lets anybody be anyone, and {address} is not on this machine \
                 alone: listen on 127.0.0.1, or set sign_in.demo_anywhere = true"
            ),
            Self::RealData => f.write_str(
                "demo sign-in lets anybody be anyone, and this data directory holds, or would hold, more than \
                 the demo university: use another directory, or set \
                 sign_in.demo_with_real_data = true",
            ),
        }
    }
}

/// Whether demo sign-in must be refused, given whether the data is the demo university's.
pub fn demo_refusal(config: &Config, university_is_demo: bool) -> Option<DemoRefusal> {
    let sign_in = &config.sign_in;
    if sign_in.mode != SignInMode::Demo {
        return None;
    }
    let reachable = config.server.listen.iter().find(|a| !a.ip().is_loopback());
    match reachable {
        Some(address) if !sign_in.demo_anywhere => Some(DemoRefusal::Reachable(*address)),
        _ if !university_is_demo && !sign_in.demo_with_real_data => Some(DemoRefusal::RealData),
        _ => None,
    }
}

/// Every fault, as key and text.
pub(super) fn check(config: &Config) -> Vec<(&'static str, String)> {
    let mut faults = ranges(config);
    let server = &config.server;
    if server.listen.is_empty() {
        faults.push(("server.listen", "is empty; name at least one address".to_owned()));
    }
    for (i, address) in server.listen.iter().enumerate() {
        if address.port() != 0 && server.listen[..i].contains(address) {
            faults.push(("server.listen", format!("{address} is named twice; keep one")));
        }
    }
    if let Some(address) = config.metrics.listen
        && address.port() != 0
        && server.listen.contains(&address)
    {
        let what = format!("{address} is named in server.listen too; choose another port");
        faults.push(("metrics.listen", what));
    }
    if !server.public_url.is_empty()
        && let Err(what) = origin(&server.public_url)
    {
        faults.push(("server.public_url", what));
    }
    for text in &server.allowed_origins {
        if let Err(what) = origin(text) {
            faults.push(("server.allowed_origins", what));
        }
    }
    for text in server.trusted_proxies.iter().filter(|text| !is_network(text)) {
        let form = "write an address or a range, as in 10.0.0.0/8";
        faults.push(("server.trusted_proxies", format!("{text:?} is neither; {form}")));
    }
    if config.journal.dir.as_os_str().is_empty() {
        faults.push(("journal.dir", "is empty; name a directory".to_owned()));
    }
    if let Err(fault) = config.page.theme() {
        faults.push(("page.theme", format!("{}: {fault}", config.page.theme.display())));
    }
    faults.extend(oidc::check(config));
    // What the data holds is known after replay only.
    if let Some(refusal) = demo_refusal(config, true) {
        faults.push(("server.listen", refusal.to_string()));
    }
    faults
}

fn ranges(config: &Config) -> Vec<(&'static str, String)> {
    let (limits, line) = (&config.limits, &config.line);
    let or_zero = |value: u64, least: u64| if value == 0 { least } else { value };
    let snapshots = or_zero(config.journal.snapshot_every_records, 1_000);
    let student: [(&str, u32); 6] = [
        ("limits.student_messages_per_second", limits.student_messages_per_second),
        ("limits.student_messages_burst", limits.student_messages_burst),
        ("limits.student_changes_per_second", limits.student_changes_per_second),
        ("limits.student_changes_burst", limits.student_changes_burst),
        ("limits.student_reads_per_second", limits.student_reads_per_second),
        ("limits.student_reads_burst", limits.student_reads_burst),
    ];
    let address: [(&str, u32); 6] = [
        ("limits.address_connects_per_second", limits.address_connects_per_second),
        ("limits.address_connects_burst", limits.address_connects_burst),
        ("limits.address_sign_ins_per_second", limits.address_sign_ins_per_second),
        ("limits.address_sign_ins_burst", limits.address_sign_ins_burst),
        ("limits.address_requests_per_second", limits.address_requests_per_second),
        ("limits.address_requests_burst", limits.address_requests_burst),
    ];
    let others: [(&str, u64, u64, u64); 9] = [
        ("server.workers", config.server.workers as u64, 0, 256),
        ("journal.snapshot_every_records", snapshots, 1_000, 1_000_000_000),
        ("sign_in.token_ttl_hours", config.sign_in.token_ttl_hours.into(), 1, 168),
        ("limits.student_sessions_max", limits.student_sessions_max as u64, 1, 100),
        ("limits.student_requests_max", limits.student_requests_max.into(), 1, 1_000_000),
        ("limits.sessions_max", limits.sessions_max as u64, 1, 1_000_000),
        ("limits.commands_in_flight_max", limits.commands_in_flight_max as u64, 16, 1_000_000),
        ("limits.answer_wait_ms_max", limits.answer_wait_ms_max, 10, 60_000),
        ("line.position_push_ms", line.position_push_ms, 50, 60_000),
    ];
    let seats = ("line.seats_push_ms", line.seats_push_ms, 50, 60_000);
    let student = student.map(|(key, value)| (key, u64::from(value), 1, 10_000));
    let address = address.map(|(key, value)| (key, u64::from(value), 1, 100_000));
    let all = others.into_iter().chain([seats]).chain(student).chain(address);
    let outside =
        all.into_iter().filter(|(_, value, least, most)| !(least..=most).contains(&value));
    outside
        .map(|(key, value, least, most)| (key, format!("{value} is not {least} to {most}")))
        .collect()
}

/// Whether the text is an address, or a range as `address/prefix`.
fn is_network(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let bits = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|prefix| prefix <= bits))
}

/// Whether the text is a web origin: scheme, host, perhaps a port, nothing else.
fn origin(text: &str) -> Result<(), String> {
    let form = "write http:// or https://, a host, perhaps a port, and no path";
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    match rest {
        Some(host) if !host.is_empty() && host.chars().all(plain) => Ok(()),
        _ => Err(format!("{text:?} is not a web origin; {form}")),
    }
}
