//! A scenario: who comes, for what, when, how they behave, for how long, and what must hold. The
//! format is described in `loadtest/scenarios/README.md`; unknown keys are refused.

pub mod hint;
mod span;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sluis::limits::{CREDITS_MAX, PACE_MAX};

use crate::error::{Error, Result};
use crate::files::REQUESTS_PER_STUDENT_MAX;
use crate::threshold::Threshold;

pub use span::Span;

/// Largest scenario file, in bytes.
const FILE_BYTES_MAX: usize = 1024 * 1024;
/// Most students of one run.
pub const STUDENTS_MAX: usize = 200_000;
/// Unless said otherwise, what is undecided at the end is waited for so long.
pub const WAIT_MAX: Span = Span::s(120.0);
/// Most sections in a generated catalogue.
const SECTIONS_MAX: u32 = 20_000;

/// A scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name, used in reports.
    pub name: String,
    /// What it is for, in one sentence.
    #[serde(default)]
    pub about: String,
    /// The run ends so long after the opening, even if something is undecided.
    pub duration: Span,
    /// Afterwards, what is undecided is waited for so long, so that it can be judged, too.
    #[serde(default = "wait_max")]
    pub wait_max: Span,
    /// What the random draws begin with.
    #[serde(default = "one")]
    pub seed: u64,
    /// What must hold for exit code 0.
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
    /// Who.
    #[serde(default)]
    pub students: Students,
    /// For what.
    pub demand: Demand,
    /// The window that a gateway of our own gets.
    #[serde(default)]
    pub window: Window,
    /// When those arrive who did not arm.
    pub arrivals: Arrivals,
    /// How they behave.
    #[serde(default)]
    pub behaviour: Behaviour,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Faults,
    /// When this program's own delay makes a measurement worthless.
    #[serde(default)]
    pub generator: Generator,
    /// Directory of the file: other files are named from there.
    #[serde(skip)]
    pub base: PathBuf,
}

/// Who.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Students {
    /// How many; with a demand file, that file says it.
    pub count: Option<usize>,
    /// How many of them have a browser open at the opening; the others armed and went. All,
    /// unless said otherwise.
    pub connected: Option<usize>,
}

/// For what: files, or the shape of a generated demand.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "give either sections and requests (files), or courses, \
                               requests_per_student and ratio (a generated demand)"
)]
pub enum Demand {
    /// Real demand.
    Files(DemandFiles),
    /// Drawn.
    Generated(Generated),
}

/// Real demand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandFiles {
    /// JSON array of sections.
    pub sections: PathBuf,
    /// CSV with columns student and section.
    pub requests: PathBuf,
}

/// A drawn demand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generated {
    /// Courses, each with one lecture.
    pub courses: u32,
    /// Tutorial groups of each course; with 0 a course has the lecture alone.
    #[serde(default)]
    pub groups: u32,
    /// Courses that each student asks for.
    pub requests_per_student: u32,
    /// Requests divided by seats.
    pub ratio: f64,
    /// Share of the courses that are hot.
    #[serde(default)]
    pub hot_share: f64,
    /// Share of the requests that go to the hot ones.
    #[serde(default)]
    pub hot_demand: f64,
}

/// The window of a gateway of our own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Window {
    /// Its key; with `--target`, of a window that is there.
    pub key: String,
    /// `lottery` or `arrival`.
    pub order: Order,
    /// `warn` or `refuse`.
    pub clash: Clash,
    /// Most credits; each generated course has 4.
    pub credit_limit: Option<u32>,
    /// Admissions a second.
    pub pace: Option<u32>,
    /// Whether full courses have a waitlist; then everybody asks for it.
    pub waitlists: bool,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            key: crate::setup::WINDOW.into(),
            order: Order::Lottery,
            clash: Clash::Warn,
            credit_limit: None,
            pace: None,
            waitlists: false,
        }
    }
}

/// The line's order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Drawn at the opening.
    Lottery,
    /// Of arming.
    Arrival,
}

/// What a time clash does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Clash {
    /// It is told.
    Warn,
    /// The course is refused.
    Refuse,
}

/// When those arrive who did not arm.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "shape", rename_all = "lowercase", deny_unknown_fields)]
pub enum Arrivals {
    /// Most at the opening, half as many after each half-life.
    Spike {
        /// Time in which the rate halves.
        half_life: Span,
        /// Nobody comes later.
        over: Span,
    },
    /// A spike again and again, as when cohorts open by the hour.
    Waves {
        /// How many.
        waves: u32,
        /// From one to the next.
        every: Span,
        /// Time in which the rate of a wave halves.
        half_life: Span,
        /// Size of a wave, by the one before.
        #[serde(default = "same")]
        growth: f64,
    },
    /// As a curve in a file says, fitted into a time.
    Curve {
        /// CSV with `t_unix` or `t_s`.
        file: PathBuf,
        /// Column of arrivals since the row before.
        column: String,
        /// First time used.
        from: Option<String>,
        /// Last time used.
        to: Option<String>,
        /// The whole curve takes so long here.
        over: Span,
    },
    /// Evenly.
    Uniform {
        /// For so long.
        over: Span,
    },
    /// The next comes when one has left: `in_flight` at a time.
    Closed {
        /// How many at a time.
        in_flight: usize,
    },
}

/// Shares of the students.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// Armed before the opening.
    pub armed: f64,
    /// Time over which they arm.
    pub arm_over: Span,
    /// Reload the page while they wait.
    pub refresh: f64,
    /// Time between two reloads.
    pub refresh_every: Span,
    /// Have two tabs open and submit from both.
    pub two_tabs: f64,
    /// Drop a course some time after their outcome.
    pub drop_later: f64,
    /// Swap a course for another some time after their outcome.
    pub swap_later: f64,
    /// How long after.
    pub later: Span,
    /// Phones that read late.
    pub slow: f64,
    /// How late.
    pub slow_by: Span,
    /// Arm, and give the place back before the opening.
    pub leave_line: f64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            armed: 0.0,
            arm_over: Span::s(2.0),
            refresh: 0.0,
            refresh_every: Span::s(2.0),
            two_tabs: 0.0,
            drop_later: 0.0,
            swap_later: 0.0,
            later: Span::s(1.0),
            slow: 0.0,
            slow_by: Span::s(1.0),
            leave_line: 0.0,
        }
    }
}

/// What goes wrong. The command line overrides it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Kill the gateway so long after the opening.
    pub kill_after: Option<Span>,
    /// Share of the sockets that are cut.
    pub drop_sockets: f64,
    /// All at once, then; else spread over the first half of the run.
    pub drop_at: Option<Span>,
    /// Share of the messages that are sent twice.
    pub duplicate: f64,
}

/// This program's own delay.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Generator {
    /// A 99th percentile of its own lag beyond this claims no latency.
    pub lag_ms_max: f64,
}

impl Default for Generator {
    fn default() -> Self {
        Self { lag_ms_max: 50.0 }
    }
}

const fn wait_max() -> Span {
    WAIT_MAX
}

const fn one() -> u64 {
    1
}

const fn same() -> f64 {
    1.0
}

/// Reads and checks a scenario.
pub fn read(path: &Path) -> Result<Scenario> {
    let bytes = std::fs::read(path).map_err(|e| Error::io("cannot read", path, &e))?;
    let bad = |what: &str| Error::BadFile(format!("{}: {what}", path.display()));
    if bytes.len() > FILE_BYTES_MAX {
        return Err(bad("is over 1 MiB; a scenario is a short TOML file"));
    }
    let text = String::from_utf8(bytes).map_err(|_| bad("is not UTF-8 text; save it as UTF-8"))?;
    let mut scenario: Scenario = parse(&text).map_err(|e| hint::fault(path, &text, &e))?;
    scenario.base = path.parent().unwrap_or(Path::new("")).to_owned();
    check(&scenario).map_err(|what| hint::placed(path, &text, &what))?;
    Ok(scenario)
}

/// `[demand]` is parsed as what its keys say it is, so that a wrong key in it is named.
fn parse(text: &str) -> std::result::Result<Scenario, toml::de::Error> {
    #[derive(Deserialize)]
    struct Kind {
        demand: Option<toml::Table>,
    }
    #[derive(Deserialize)]
    struct OfFiles {
        #[serde(rename = "demand")]
        _demand: DemandFiles,
    }
    #[derive(Deserialize)]
    struct OfShape {
        #[serde(rename = "demand")]
        _demand: Generated,
    }
    let kind: Kind = toml::from_str(text)?;
    match kind.demand {
        Some(table) if table.contains_key("sections") => {
            let _: OfFiles = toml::from_str(text)?;
        }
        Some(_) => {
            let _: OfShape = toml::from_str(text)?;
        }
        None => {}
    }
    toml::from_str(text)
}

/// Everything that a type cannot say.
fn check(scenario: &Scenario) -> std::result::Result<(), String> {
    let Scenario { behaviour: b, faults: f, students: s, .. } = scenario;
    let shares = [
        ("behaviour.armed", b.armed),
        ("behaviour.refresh", b.refresh),
        ("behaviour.two_tabs", b.two_tabs),
        ("behaviour.drop_later", b.drop_later),
        ("behaviour.swap_later", b.swap_later),
        ("behaviour.slow", b.slow),
        ("behaviour.leave_line", b.leave_line),
        ("faults.drop_sockets", f.drop_sockets),
        ("faults.duplicate", f.duplicate),
    ];
    for (name, share) in shares {
        if !(0.0..=1.0).contains(&share) {
            return Err(format!("{name} = {share}: a share is from 0.0 to 1.0"));
        }
    }
    if b.leave_line > b.armed {
        return Err("behaviour.leave_line is a part of behaviour.armed; lower it".into());
    }
    if b.drop_later + b.swap_later > 1.0 {
        return Err("behaviour.drop_later and swap_later are more than 1.0 together".into());
    }
    check_demand(scenario)?;
    if let Some(count) = s.count
        && !(1..=STUDENTS_MAX).contains(&count)
    {
        return Err(format!("students.count = {count}: give 1 to {STUDENTS_MAX}"));
    }
    if let (Some(connected), Some(count)) = (s.connected, s.count)
        && connected > count
    {
        return Err(format!("students.connected = {connected} of {count}: more than there are"));
    }
    if scenario.name.is_empty() || scenario.name.contains(['/', '\\']) {
        return Err("name is empty or has a slash; it names the report's directory".into());
    }
    if f.drop_at.is_some() && f.drop_sockets == 0.0 {
        return Err("faults.drop_at without faults.drop_sockets; say how many are cut".into());
    }
    if scenario.generator.lag_ms_max.is_nan() || scenario.generator.lag_ms_max < 1.0 {
        return Err("generator.lag_ms_max: give at least 1".into());
    }
    check_window(&scenario.window)?;
    check_arrivals(&scenario.arrivals)?;
    impossible(scenario).map_or(Ok(()), Err)
}

/// What the gateway would refuse, or what would let nobody in.
fn check_window(window: &Window) -> std::result::Result<(), String> {
    let credits_max = CREDITS_MAX / 100;
    let bounds = [
        ("window.pace", window.pace, PACE_MAX),
        ("window.credit_limit", window.credit_limit, credits_max),
    ];
    for (name, value, most) in bounds {
        if let Some(value) = value.filter(|value| !(1..=most).contains(value)) {
            return Err(format!("{name} = {value}: give 1 to {most}, or leave it out"));
        }
    }
    Ok(())
}

/// What is asked for and cannot happen, in words: from a file, or by flags that were added to it.
pub fn impossible(scenario: &Scenario) -> Option<String> {
    let Scenario { behaviour: b, faults: f, .. } = scenario;
    // Whoever comes when another one has left does one thing in one tab, and leaves.
    let closed = matches!(scenario.arrivals, Arrivals::Closed { .. });
    let with_closed = |name: &str| {
        format!(
            "{name} cannot be with arrivals.shape = \"closed\"; choose another, or leave it out"
        )
    };
    if closed && f.drop_sockets > 0.0 {
        return Some(with_closed("faults.drop_sockets (--drop-sockets)"));
    }
    if closed && b.two_tabs > 0.0 {
        return Some(with_closed("behaviour.two_tabs"));
    }
    let end = scenario.duration;
    let late = |name: &str| Some(format!("{name} is not before the end; give less than duration"));
    match (f.drop_at, f.kill_after) {
        (Some(at), _) if at >= end => late("faults.drop_at"),
        (_, Some(after)) if after >= end => late("faults.kill_after (--kill-after)"),
        _ => None,
    }
}

fn check_demand(scenario: &Scenario) -> std::result::Result<(), String> {
    let Demand::Generated(g) = &scenario.demand else {
        return match scenario.students.count {
            Some(_) => Err("students.count: the demand file says how many; leave it out".into()),
            None => Ok(()),
        };
    };
    if scenario.students.count.is_none() {
        return Err("students.count is missing; say how many students".into());
    }
    let sections = u64::from(g.courses) * (1 + u64::from(g.groups));
    if g.courses == 0 || sections > u64::from(SECTIONS_MAX) {
        return Err(format!("demand: {sections} sections; give 1 to {SECTIONS_MAX}"));
    }
    let most = u32::try_from(REQUESTS_PER_STUDENT_MAX).unwrap_or(u32::MAX).min(g.courses);
    if !(1..=most).contains(&g.requests_per_student) {
        let n = g.requests_per_student;
        return Err(format!("demand.requests_per_student = {n}: give 1 to {most}"));
    }
    if !(0.01..=1000.0).contains(&g.ratio) {
        return Err(format!("demand.ratio = {}: give 0.01 to 1000", g.ratio));
    }
    for (name, share) in [("hot_share", g.hot_share), ("hot_demand", g.hot_demand)] {
        if !(0.0..=1.0).contains(&share) {
            return Err(format!("demand.{name} = {share}: a share is from 0.0 to 1.0"));
        }
    }
    Ok(())
}

fn check_arrivals(arrivals: &Arrivals) -> std::result::Result<(), String> {
    match arrivals {
        Arrivals::Waves { waves, growth, .. }
            if !(1..=1000).contains(waves) || !(0.001..=1000.0).contains(growth) =>
        {
            Err("arrivals: give 1 to 1000 waves and a growth from 0.001 to 1000".into())
        }
        Arrivals::Closed { in_flight } if !(1..=19_000).contains(in_flight) => {
            Err(format!("arrivals.in_flight = {in_flight}: give 1 to 19000"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
mod tests;
