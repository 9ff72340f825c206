//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{RangedI64ValueParser, RangedU64ValueParser};
use clap::{Args, Parser, Subcommand};

use crate::compare::Limit;

const EXAMPLES: &str = "\
Examples:
  rush run loadtest/scenarios/smoke.toml
  rush run loadtest/scenarios/university-34k.toml --kill-after 2s --out report
  rush run opening.toml --target http://127.0.0.1:8080 --token-file tokens.tsv
  rush record --data /var/lib/sluis --out opening.trace.gz
  rush replay opening.trace.gz --speed 4
  rush compare before/summary.json after/summary.json
  rush demand --sections sections.json.gz --requests requests.csv.gz
  rush demand --sections sections.json --requests requests.csv --kill-after 300ms --json
  rush bench --connections 64,1000 --seconds 10 --rounds 5
  rush bench --connections '' --idle 5000
  rush line --students 1000 --seats 100 --pace 200

Each starts a gateway of its own in a temporary directory on 127.0.0.1 (unless it is given a
target) and audits everything it is told with a model of its own. Talk goes to standard error,
one JSON line to standard output (of run and replay with --json, which silences the talk).

Exit codes: 0 all well; 1 a violation, or the run failed; 2 usage; 69 something needed is not
available; 74 input or output failed; 78 a file is wrong; 99 a threshold was missed; 130
interrupted (the partial report is kept).";

/// Load tester for Sluis: replays an opening and audits every outcome.
#[derive(Debug, Parser)]
#[command(name = "rush", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Real demand: everybody connects, arms, and the window opens
    Demand(DemandArgs),
    /// Server CPU and rate of one durable decision told, beside a bare WebSocket echo
    Bench(BenchArgs),
    /// A paced line: positions, waiting times, forecasts and the lottery's transcript
    Line(LineArgs),
    /// A scenario: who, for what, when, how they behave, and what must hold
    Run(RunArgs),
    /// The trace of an opening, from a gateway's journal; pseudonymous
    Record(RecordArgs),
    /// A trace again, at its own times
    Replay(ReplayArgs),
    /// Two summaries as ratios
    Compare(CompareArgs),
    /// The gateway as shipped, in this process (for the other commands)
    #[command(hide = true, disable_help_flag = true)]
    Gateway {
        /// Arguments of `sluis`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// A bare WebSocket echo on actix-web-actors, or on a codec of its own (for `bench`); at
    /// /careful, with the frame handling of the gateway's sessions (for suites that judge it)
    #[command(hide = true)]
    Echo {
        /// Where to listen.
        #[arg(long)]
        listen: SocketAddr,
        /// Worker threads.
        #[arg(long)]
        workers: Option<usize>,
        /// Without actix.
        #[arg(long)]
        lean: bool,
    },
}

/// Arguments of `rush demand`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  rush demand --sections 2017q1_sections.json.gz --requests 2017q1_requests.csv.gz
  rush demand --sections sections.json --requests requests.csv --kill-after 300ms --json

Each section becomes a course of its own; clash and credit limits, waitlists and pools are off, so
each request stands alone and each section must grant exactly min(requests, capacity).
With --kill-after the gateway is killed (kill -9) that long after the opening, started again on the
same directory, and every outcome told before is compared with what is there after.")]
pub struct DemandArgs {
    /// Sections: JSON array of {"id", "capacity", …}; may be gzipped
    #[arg(long, value_name = "FILE")]
    pub sections: PathBuf,
    /// Requests: CSV with columns student and section; may be gzipped
    #[arg(long, value_name = "FILE")]
    pub requests: PathBuf,
    /// Kill the gateway this long after the opening, e.g. 300ms or 2s
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub kill_after: Option<Duration>,
    /// Only the JSON line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `rush bench`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  rush bench
  rush bench --connections 64 --seconds 2 --rounds 1 --idle 0
  rush bench --connections '' --idle 5000 --json
  rush bench --connections '' --idle 0 --push 19000
  rush bench --connections 1000 --idle 0 --sections 2000 --students 34000

An operation is one durable decision told: each socket alternates submit (of one course) and drop,
one in flight, clash and credit checks on, capacity never reached. The echo runs on the same
WebSocket crate with the same number of workers, the same client and the same frame sizes.")]
pub struct BenchArgs {
    /// Numbers of connections, in the order of the rotation; '' for none
    #[arg(long, value_name = "N,N", default_value = "64,1000", value_parser = numbers)]
    pub connections: Numbers,
    /// Seconds measured in each run
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = between::<u64>(1, 600)
    )]
    pub seconds: u64,
    /// Rounds of the rotation
    #[arg(
        long,
        value_name = "N",
        default_value_t = 5,
        value_parser = between::<u32>(1, 100)
    )]
    pub rounds: u32,
    /// Courses, of one section each
    #[arg(
        long,
        value_name = "N",
        default_value_t = 200,
        value_parser = between::<u32>(1, 5000)
    )]
    pub sections: u32,
    /// Students of the register, of whom the connected are an even sample; 0: as many as connect
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub students: usize,
    /// Idle signed-in connections for the memory figure; 0 for none
    #[arg(long, value_name = "N", default_value_t = 5000)]
    pub idle: usize,
    /// Sessions that wait in a slow line, for the cost of a position frame; 0 for none
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = RangedU64ValueParser::<usize>::new().range(0..=19_000)
    )]
    pub push: usize,
    /// Client threads
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = between::<u16>(1, 64))]
    pub threads: u16,
    /// An echo without actix, on tokio and a codec of its own: what another layer could save
    #[arg(long)]
    pub lean_echo: bool,
    /// Only the JSON line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `rush line`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  rush line
  rush line --students 1000 --seats 100 --pace 200 --json

Fails when a told position rose, when the waiting time told at half way held for less than 90 % of
the students, when less than 95 % of the forecasts came true, or when the lottery's transcript does
not verify (or a changed one does).")]
pub struct LineArgs {
    /// Students, all armed
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1000,
        value_parser = between::<u32>(1, 19_000)
    )]
    pub students: u32,
    /// Seats of the one section
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub seats: u32,
    /// Admissions a second
    #[arg(
        long,
        value_name = "N",
        default_value_t = 200,
        value_parser = between::<u32>(1, 1_000_000)
    )]
    pub pace: u32,
    /// Only the JSON line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `rush run`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  rush run loadtest/scenarios/smoke.toml
  rush run loadtest/scenarios/smoke.toml --kill-after 1s --drop-sockets 10% --duplicate 5%
  rush run opening.toml --target http://127.0.0.1:8080 --token-file tokens.tsv \\
      --registrar-token-file registrar.token

The format of scenarios is described in loadtest/scenarios/README.md. Without a target a gateway
as shipped is started on 127.0.0.1 and removed afterwards. On a terminal a live screen is shown.")]
pub struct RunArgs {
    /// The scenario, a TOML file
    #[arg(value_name = "SCENARIO.toml")]
    pub scenario: PathBuf,
    /// Seed of all draws, instead of the scenario's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Kill the gateway (kill -9) so long after the opening, and start it again
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub kill_after: Option<Duration>,
    /// Share of the sockets that are cut
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub drop_sockets: Option<f64>,
    /// Share of the messages that are sent twice
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub duplicate: Option<f64>,
    /// Share of the students who read late
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub slow_readers: Option<f64>,
    /// Where and how.
    #[command(flatten)]
    pub stage: StageArgs,
}

/// Where a run takes place, and how it is shown.
#[derive(Clone, Debug, Default, Args)]
pub struct StageArgs {
    /// A gateway that is there, http://HOST:PORT, instead of one of our own
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// Sign-in tokens for it: lines of STUDENT, tab, TOKEN
    #[arg(long, value_name = "FILE", requires = "target")]
    pub token_file: Option<PathBuf>,
    /// A registrar's token for it: opens the window, reads the export
    #[arg(long, value_name = "FILE", requires = "target")]
    pub registrar_token_file: Option<PathBuf>,
    /// The target is not this machine, and it is mine
    #[arg(long)]
    pub i_own_this_target: bool,
    /// Directory for report.html and summary.json; rush-reports/NAME-TIME unless given
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Keep the data directory of the gateway of our own there, for `rush record`
    #[arg(long, value_name = "DIR", conflicts_with = "target")]
    pub keep_data: Option<PathBuf>,
    /// Only the JSON line
    #[arg(long)]
    pub json: bool,
    /// Plain lines, also on a terminal
    #[arg(long)]
    pub plain: bool,
}

/// Arguments of `rush record`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  rush record --data /var/lib/sluis --out opening.trace.gz
  rush record --data backup --window 2026-2-courses --out opening.trace

The gateway of that directory must be stopped, or the directory be a copy. Students are numbered
anew in the order of their first action; no name or number is kept. Of what they have completed,
only courses stay that something here requires.")]
pub struct RecordArgs {
    /// The gateway's data directory
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The window; may be left out when there is one
    #[arg(long, value_name = "KEY")]
    pub window: Option<String>,
    /// Where to write the trace; packed when the name ends in .gz
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Arguments of `rush replay`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  rush replay opening.trace.gz
  rush replay opening.trace.gz --speed 4 --out report
  rush replay opening.trace.gz --speed 1000 --in-order

Messages go out at their own times, whatever becomes of those before; two that were a millisecond
apart may change places, and a waitlist may then end a little differently. With --in-order each
waits for the answer to the one before it: the same decisions, not the same load.")]
pub struct ReplayArgs {
    /// The trace that `rush record` wrote
    #[arg(value_name = "TRACE")]
    pub trace: PathBuf,
    /// So many times as fast
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// Each message waits for the answer to the one before
    #[arg(long)]
    pub in_order: bool,
    /// Kill the gateway (kill -9) so long after the opening, and start it again
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub kill_after: Option<Duration>,
    /// Directory for report.html and summary.json; rush-reports/NAME-TIME unless given
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Only the JSON line
    #[arg(long)]
    pub json: bool,
    /// Plain lines, also on a terminal
    #[arg(long)]
    pub plain: bool,
}

/// Arguments of `rush compare`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  rush compare before/summary.json after/summary.json
  rush compare a.json b.json --fail-if p99_outcome_ms:+10% --fail-if decisions_per_second:-5%

With --fail-if the exit code is 99 when b is worse than a by more than that, or when one of the
runs did not measure the figure.")]
pub struct CompareArgs {
    /// The first summary.json
    pub a: PathBuf,
    /// The second one
    pub b: PathBuf,
    /// Fail when this figure of b is more (+) or less (-) than that of a by over so much
    #[arg(long, value_name = "FIGURE:±N%", value_parser = Limit::parse)]
    pub fail_if: Vec<Limit>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Reads `10%` or `0.1`.
fn share(text: &str) -> Result<f64, String> {
    let wrong = || "give a share, as in 10% or 0.1".to_owned();
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map_err(|_| wrong())? / 100.0,
        None => text.parse::<f64>().map_err(|_| wrong())?,
    };
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(wrong()) }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse::<f64>().ok().filter(|speed| (0.01..=1000.0).contains(speed));
    speed.ok_or_else(|| "give a number from 0.01 to 1000".to_owned())
}

/// Whole numbers in a range, bounds included.
fn between<T>(from: i64, to: i64) -> RangedI64ValueParser<T>
where
    T: TryFrom<i64> + Clone + Send + Sync + 'static,
    T::Error: Send + Sync + std::error::Error + 'static,
{
    RangedI64ValueParser::new().range(from..=to)
}

/// A comma-separated list of numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Numbers(pub Vec<usize>);

fn numbers(text: &str) -> Result<Numbers, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let list: Result<Vec<usize>, _> = parts.map(str::parse).collect();
    match list {
        Ok(list) if list.iter().all(|n| (1..=19_000).contains(n)) => Ok(Numbers(list)),
        _ => Err("give numbers from 1 to 19000, as in 64,1000".into()),
    }
}

/// Reads `300ms` or `2s` or `1.5s`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "give a time with its unit, as in 300ms or 2s".to_owned();
    let (number, unit_s) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 0.001),
        (None, Some(number)) => (number, 1.0),
        (None, None) => return Err(wrong()),
    };
    let seconds = number.trim().parse::<f64>().map_err(|_| wrong())? * unit_s;
    if !(0.001..=3600.0).contains(&seconds) {
        return Err("give a time from 1ms to 3600s".into());
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("300ms"), Ok(Duration::from_millis(300)));
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        for wrong in ["300", "ms", "-1s", "0s", "9999s", "2m", "NaNs"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shares_are_percent_or_parts() {
        assert_eq!((share("10%"), share("0.25")), (Ok(0.1), Ok(0.25)));
        for wrong in ["110%", "-1%", "2", "x", "NaN"] {
            assert!(share(wrong).is_err(), "{wrong}");
        }
        assert!(speed("4") == Ok(4.0) && speed("0").is_err());
    }

    #[test]
    fn connections_are_a_list() {
        assert_eq!(numbers("64,1000"), Ok(Numbers(vec![64, 1000])));
        assert_eq!(numbers(""), Ok(Numbers(vec![])));
        assert!(numbers("64,x").is_err());
        assert!(numbers("0").is_err());
    }
}
