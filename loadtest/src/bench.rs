//! `rush bench`: what one durable decision told costs the server, beside a bare echo on the same
//! WebSocket crate under the same client, in one rotation.

mod drive;
mod idle;
mod pair;
mod push;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::admin::Admin;
use crate::cli::BenchArgs;
use crate::error::{Error, Result};
use crate::gateway::{Home, Server};
use crate::os;
use crate::setup::{self, Rules, WINDOW};
use crate::talk::{Talk, json_line, median, round};

use drive::{Measured, Run, Target};
use idle::Idle;
use push::Pushed;

/// Descriptors that a process needs besides its connections.
const DESCRIPTORS_SPARE: usize = 200;
/// Each run's time before its measurement.
const WARM_UP: Duration = Duration::from_secs(1);
/// Seats of each course: never reached.
const CAPACITY: u32 = 1_000_000;
/// The window's credit limit: checked, never reached.
const CREDIT_LIMIT: u32 = 60;

/// The JSON line.
#[derive(Debug, Serialize)]
struct Report {
    rounds: u32,
    seconds: u64,
    sections: u32,
    students: usize,
    workers: usize,
    client_threads: u16,
    cpu_source: &'static str,
    settings: Vec<String>,
    runs: Vec<Compared>,
    idle: Option<IdlePair>,
    push: Option<Pushed>,
    /// Frames as large and as often from the echo.
    push_echo: Option<Pushed>,
}

/// Gateway and echo at one number of connections: medians over the rounds.
#[derive(Debug, Serialize)]
struct Compared {
    connections: usize,
    gateway: Measured,
    echo: Measured,
    /// Median of the paired ratios of operations a second, gateway ÷ echo.
    rate_ratio: f64,
    /// Median of the paired ratios of server CPU per operation, gateway ÷ echo.
    cpu_ratio: f64,
}

/// Idle connections at both.
#[derive(Debug, Serialize)]
struct IdlePair {
    gateway: Idle,
    echo: Idle,
}

/// What a bench needs from beginning to end.
struct Bench<'a> {
    args: &'a BenchArgs,
    home: Home,
    tokens: Arc<[String]>,
    workers: usize,
    talk: Talk,
}

/// Runs the command.
pub fn run(args: &BenchArgs) -> Result<()> {
    let talk = Talk::new(args.json);
    if args.connections.0.is_empty() && args.idle == 0 && args.push == 0 {
        let text = "nothing to measure; give --connections, --idle or --push";
        return Err(Error::Usage(text.into()));
    }
    let most = args.connections.0.iter().copied().max().unwrap_or(0).max(args.idle);
    os::check_descriptors(most.max(args.push) + DESCRIPTORS_SPARE)?;
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut settings = setup::settings();
    settings.push(("SLUIS__SERVER__WORKERS", workers.to_string()));
    let students = most.max(args.students).max(1);
    let (home, tokens) = furnish(args, &settings, students, None)?;
    let bench = Bench { args, home, tokens: tokens.into(), workers, talk };
    let (runs, idle) = bench.all()?;
    let push = if args.push > 0 { Some(bench.push(&settings)?) } else { None };
    let push_echo = push.map(|seen| bench.push_echo(seen)).transpose()?;
    let settings = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
    json_line(&Report {
        rounds: args.rounds,
        seconds: args.seconds,
        sections: args.sections,
        students,
        workers,
        client_threads: args.threads,
        cpu_source: os::CPU_SOURCE,
        settings,
        runs,
        idle,
        push,
        push_echo,
    })
}

/// A gateway's directory with catalogue, window and students, and a token of each.
fn furnish(
    args: &BenchArgs,
    settings: &[(&str, String)],
    students: usize,
    pace: Option<u32>,
) -> Result<(Home, Vec<String>)> {
    let home = Home::new(settings)?;
    let sections = home.write("sections.json", setup::sections_json(args.sections, CAPACITY))?;
    let keys: Vec<String> = (1..=students).map(|i| format!("u{i}")).collect();
    let csv = setup::students_csv(keys.iter().map(String::as_str));
    let rules = Rules { clash: "refuse", credit_limit: Some(CREDIT_LIMIT), pace };
    setup::import(&home, &sections, rules, &csv)?;
    // The first start makes the key that signs tokens.
    drop(home.serve()?);
    let tokens = home.student_tokens(&keys)?;
    Ok((home, tokens))
}

impl Bench<'_> {
    fn all(&self) -> Result<(Vec<Compared>, Option<IdlePair>)> {
        // Idle first: memory before any load is that of a fresh gateway.
        let idle = if self.args.idle > 0 { Some(self.idle()?) } else { None };
        if self.args.connections.0.is_empty() {
            return Ok((Vec::new(), idle));
        }
        let gateway = self.home.serve()?;
        let registrar = self.home.registrar_token()?;
        Admin::new(gateway.address, Some(&registrar)).open(WINDOW)?;
        let echo = self.home.echo(self.workers, self.args.lean_echo)?;
        let counts = &self.args.connections.0;
        let mut pairs: Vec<Vec<(Measured, Measured)>> = vec![Vec::new(); counts.len()];
        for round in 0..self.args.rounds {
            for (i, connections) in counts.iter().enumerate() {
                let number = 1 + round * counts.len() as u32 + i as u32;
                pairs[i].push(self.pair(&gateway, &echo, *connections, number)?);
            }
        }
        let compared = counts.iter().zip(&pairs);
        let compared: Vec<_> = compared.map(|(n, pairs)| compare(*n, pairs)).collect();
        for one in &compared {
            self.tell(one);
        }
        Ok((compared, idle))
    }

    fn pair(
        &self,
        gateway: &Server,
        echo: &Server,
        connections: usize,
        number: u32,
    ) -> Result<(Measured, Measured)> {
        let run = |target, server: &Server| {
            drive::drive(Run {
                target,
                address: server.address,
                pid: server.pid(),
                connections,
                threads: usize::from(self.args.threads),
                warm_up: WARM_UP,
                time: Duration::from_secs(self.args.seconds),
                number,
            })
        };
        let courses = self.args.sections;
        let first = run(Target::Gateway { tokens: Arc::clone(&self.tokens), courses }, gateway)?;
        let second = run(Target::Echo(first.replies), echo)?;
        for (name, m) in [("gateway", first), ("echo", second)] {
            self.talk.say(format_args!(
                "run {number}: {name} at {connections}: {} operations/s, server {} µs, client {} \
                 µs of CPU each",
                m.operations_per_second, m.server_cpu_us, m.client_cpu_us
            ));
        }
        Ok((first, second))
    }

    fn idle(&self) -> Result<IdlePair> {
        let gateway = self.home.serve()?;
        let first = idle::measure(&gateway, self.args.idle, Some(&self.tokens))?;
        drop(gateway);
        let echo = self.home.echo(self.workers, self.args.lean_echo)?;
        let second = idle::measure(&echo, self.args.idle, None)?;
        self.talk.say(format_args!(
            "idle: {} bytes of user-space memory a signed-in connection at the gateway, {} a \
             connection at the echo ({} connections)",
            first.bytes_per_connection, second.bytes_per_connection, self.args.idle
        ));
        Ok(IdlePair { gateway: first, echo: second })
    }

    fn push(&self, settings: &[(&str, String)]) -> Result<Pushed> {
        let (home, tokens) = furnish(self.args, settings, self.args.push, Some(push::PACE))?;
        let gateway = home.serve()?;
        let admin = Admin::new(gateway.address, Some(&home.registrar_token()?));
        let time = Duration::from_secs(self.args.seconds);
        let pushed = push::measure(&gateway, admin, &tokens, time)?;
        self.talk.say(format_args!(
            "{} sessions in line: {} frames pushed, {} of them positions, at {} µs of server CPU \
             and {} µs of client CPU each",
            pushed.sessions,
            pushed.frames,
            pushed.positions,
            pushed.cpu_us_per_frame,
            pushed.client_cpu_us_per_frame
        ));
        Ok(pushed)
    }

    fn push_echo(&self, seen: Pushed) -> Result<Pushed> {
        let echo = self.home.echo(self.workers, self.args.lean_echo)?;
        let pushed = push::measure_echo(&echo, seen, Duration::from_secs(self.args.seconds))?;
        self.talk.say(format_args!(
            "the echo: {} frames of {} bytes pushed, at {} µs of server CPU each",
            pushed.frames, pushed.bytes_per_frame, pushed.cpu_us_per_frame
        ));
        Ok(pushed)
    }

    fn tell(&self, one: &Compared) {
        self.talk.say(format_args!(
            "{} connections, medians: gateway {} operations/s at {} µs of server CPU, echo {} at \
             {} µs; ratio of rates {}, of CPU {}",
            one.connections,
            one.gateway.operations_per_second,
            one.gateway.server_cpu_us,
            one.echo.operations_per_second,
            one.echo.server_cpu_us,
            one.rate_ratio,
            one.cpu_ratio
        ));
    }
}

fn compare(connections: usize, pairs: &[(Measured, Measured)]) -> Compared {
    let ratio = |of: fn(&Measured) -> f64| {
        let ratios: Vec<f64> = pairs.iter().map(|(a, b)| of(a) / of(b).max(0.001)).collect();
        round(median(&ratios), 3)
    };
    let gateway: Vec<_> = pairs.iter().map(|(gateway, _)| *gateway).collect();
    let echo: Vec<_> = pairs.iter().map(|(_, echo)| *echo).collect();
    Compared {
        connections,
        gateway: middle(&gateway),
        echo: middle(&echo),
        rate_ratio: ratio(|m| m.operations_per_second),
        cpu_ratio: ratio(|m| m.server_cpu_us),
    }
}

/// Medians over the rounds; sizes over all.
fn middle(all: &[Measured]) -> Measured {
    let of = |of: fn(&Measured) -> f64| median(&all.iter().map(of).collect::<Vec<_>>());
    let mut replies = pair::Replies::default();
    for one in all {
        replies.add(one.replies);
    }
    Measured {
        operations_per_second: of(|m| m.operations_per_second),
        server_cpu_us: of(|m| m.server_cpu_us),
        client_cpu_us: of(|m| m.client_cpu_us),
        replies,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_paired_before_the_median_is_taken() {
        let m = |rate| Measured {
            operations_per_second: rate,
            server_cpu_us: 1.0,
            ..Measured::default()
        };
        let pairs = [(m(10.0), m(20.0)), (m(100.0), m(100.0)), (m(30.0), m(40.0))];
        let found = compare(64, &pairs);
        assert_eq!(found.rate_ratio.to_bits(), 0.75_f64.to_bits());
        assert_eq!(found.gateway.operations_per_second.to_bits(), 30.0_f64.to_bits());
    }
}
