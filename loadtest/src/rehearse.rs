//! `rush run`: a scenario, from file to verdict.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::{RunArgs, StageArgs};
use crate::error::{Error, Result};
use crate::model::Rules;
use crate::perform::{self, Plan, Ran};
use crate::population::{self, Population};
use crate::report;
use crate::scenario::{self, Arrivals, Clash, Order, Scenario, Span};
use crate::screen::{self, Live};
use crate::script::{self, Tab};
use crate::setup;
use crate::stage::{self, Stage, Target};
use crate::summary::{self, About, Summary, UNASKED};
use crate::talk::{Talk, json_line};
use crate::threshold::Threshold;

/// Violations printed one by one.
const VIOLATIONS_SHOWN: usize = 20;

/// Runs the command.
pub fn run(args: &RunArgs) -> Result<()> {
    let mut scenario = scenario::read(&args.scenario)?;
    let seed = args.seed.unwrap_or(scenario.seed);
    overrides(&mut scenario, args);
    if let Some(what) = scenario::impossible(&scenario) {
        return Err(Error::Usage(what));
    }
    let target = target(&args.stage)?;
    if target.is_some() && scenario.faults.kill_after.is_some() {
        let text = "only a gateway of our own can be killed; leave --target or --kill-after out";
        return Err(Error::Usage(text.into()));
    }
    let (population, tabs, mut stage) = set(&scenario, seed, target)?;
    let in_flight = match scenario.arrivals {
        Arrivals::Closed { in_flight } => Some(in_flight),
        _ => None,
    };
    let personal = scenario.window.clash == Clash::Refuse || scenario.window.credit_limit.is_some();
    let plan = Plan {
        tabs,
        in_flight,
        duration: scenario.duration.seconds(),
        wait_max: scenario.wait_max.duration(),
        window: scenario.window.key.clone(),
        opens: true,
        deeds: Vec::new(),
        kill_after: scenario.faults.kill_after,
        duplicate: scenario.faults.duplicate,
        rules: Rules { personal: personal || stage.own.is_none(), alone: stage.own.is_some() },
        seed,
    };
    let about = About {
        scenario: scenario.name.clone(),
        about: scenario.about.clone(),
        seed,
        gateway: stage.name.clone(),
        students: population.students.len(),
        tabs: plan.tabs.len(),
        lag_ms_max: scenario.generator.lag_ms_max,
    };
    carry(&mut stage, population, plan, about, &scenario.thresholds, &args.stage)
}

fn overrides(scenario: &mut Scenario, args: &RunArgs) {
    let faults = &mut scenario.faults;
    if let Some(after) = args.kill_after {
        faults.kill_after = Some(Span::s(after.as_secs_f64()));
    }
    faults.drop_sockets = args.drop_sockets.unwrap_or(faults.drop_sockets);
    faults.duplicate = args.duplicate.unwrap_or(faults.duplicate);
    scenario.behaviour.slow = args.slow_readers.unwrap_or(scenario.behaviour.slow);
}

/// The target that the arguments name, if any.
pub fn target(args: &StageArgs) -> Result<Option<Target>> {
    match (&args.target, &args.token_file) {
        (None, _) => Ok(None),
        (Some(_), None) => {
            let text = "--target needs --token-file: make it with \"sluis token --students FILE\"";
            Err(Error::Usage(text.into()))
        }
        (Some(url), Some(tokens)) => {
            let registrar = args.registrar_token_file.as_deref();
            Target::new(url, tokens, registrar, args.i_own_this_target).map(Some)
        }
    }
}

/// Population, scripts and gateway.
fn set(
    scenario: &Scenario,
    seed: u64,
    target: Option<Target>,
) -> Result<(Population, Vec<Tab>, Stage)> {
    let Some(mut target) = target else {
        let population = population::of(scenario, seed)?;
        let tabs = script::write(scenario, &population, seed)?;
        stage::check_descriptors(sockets(&tabs, scenario))?;
        let keys = population.students.iter().map(|s| s.key.as_str());
        let students = setup::students_csv(keys);
        let stage = Stage::own(&population, &window_toml(scenario), &students)?;
        return Ok((population, tabs, stage));
    };
    let keys: Vec<String> = target.students.iter().map(|(key, _)| key.clone()).collect();
    let admin = crate::admin::Admin::new(target.address, None);
    if !admin.is_ready() {
        let url = &target.url;
        let text = format!("no gateway is ready at {url}; start it, or check the address");
        return Err(Error::Unavailable(text));
    }
    let population = population::of_target(scenario, seed, &keys, &|path| admin.get(path))?;
    target.students.truncate(population.students.len());
    let tabs = script::write(scenario, &population, seed)?;
    stage::check_descriptors(sockets(&tabs, scenario))?;
    Ok((population, tabs, Stage::target(target)?))
}

/// Sockets open at the same time, at most.
fn sockets(tabs: &[Tab], scenario: &Scenario) -> usize {
    let stays = |tab: &&Tab| !tab.steps.iter().any(|step| step.action == script::Action::Close);
    let connected = tabs.iter().filter(stays).count();
    match scenario.arrivals {
        Arrivals::Closed { in_flight } => connected.min(in_flight + connected / 2),
        _ => connected,
    }
}

fn window_toml(scenario: &Scenario) -> String {
    let window = &scenario.window;
    let order = match window.order {
        Order::Lottery => "lottery",
        Order::Arrival => "arrival",
    };
    let clash = match window.clash {
        Clash::Warn => "warn",
        Clash::Refuse => "refuse",
    };
    setup::window(&window.key, order, clash, window.waitlists, window.credit_limit, window.pace)
}

/// Carries a plan through, reports, and gives the verdict.
pub fn carry(
    stage: &mut Stage,
    population: Population,
    plan: Plan,
    about: About,
    thresholds: &[Threshold],
    args: &StageArgs,
) -> Result<()> {
    let live = Arc::new(Live::new());
    let drawn = !args.json && !args.plain && screen::is_terminal();
    let screen = drawn.then(|| screen::start(about.scenario.clone(), Arc::clone(&live)));
    let talk = Talk::new(args.json || drawn);
    let catalogue = population.catalogue.clone();
    let ran = perform::perform(stage, population, plan, talk, &live);
    live.end();
    if let Some(screen) = screen {
        screen.join().map_err(|_| Error::Failed("the screen broke; give --plain".into()))??;
    }
    let ran = ran?;
    if let Some(dir) = &args.keep_data {
        stage.keep(dir)?;
    }
    let summary = summary::summary(about, &ran, thresholds);
    let out = args.out.clone().unwrap_or_else(|| default_out(&summary));
    report::write(&out, &summary, &ran, &catalogue)?;
    tell(&summary, &out, Talk::new(args.json));
    if args.json {
        json_line(&summary)?;
    }
    verdict(&summary, &ran, &out)
}

fn default_out(summary: &Summary) -> PathBuf {
    let name = format!("{}-{}", summary.about.scenario, summary.started_ms / 1000);
    Path::new("rush-reports").join(name)
}

fn tell(summary: &Summary, out: &Path, talk: Talk) {
    for violation in summary.audit.found.iter().take(VIOLATIONS_SHOWN) {
        eprintln!("violation: {violation}");
    }
    let outcomes: Vec<String> =
        summary.outcomes.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    talk.say(format_args!("outcomes: {}", outcomes.join(", ")));
    if let Some(undecided) = summary.figures.get("undecided").filter(|n| **n > 0.0) {
        talk.say(format_args!("undecided at the end: {undecided} requests"));
    }
    if summary.audit.not_judged > 0 {
        talk.say(format_args!("not judged: {}{UNASKED}", summary.audit.not_judged));
    }
    for left_out in &summary.audit.left_out {
        talk.say(format_args!("not judged at all: {left_out}"));
    }
    match &summary.latency_ms {
        None => talk.say(format_args!(
            "the generator was saturated ({}): no latency is claimed; use fewer students or a \
             machine of its own for rush",
            summary.generator.why.as_deref().unwrap_or("-")
        )),
        Some(latencies) => {
            for (of, q) in latencies {
                talk.say(format_args!(
                    "{of:<8} ms: p50 {}, p90 {}, p99 {}, p99.9 {}, max {} ({} times)",
                    q.p50, q.p90, q.p99, q.p999, q.max, q.count
                ));
            }
        }
    }
    for (name, count) in &summary.errors {
        talk.say(format_args!("error: {name}, {count} times"));
    }
    for judged in &summary.thresholds {
        let value = judged.value.map_or("not measured".to_owned(), |value| value.to_string());
        let word = if judged.met { "met   " } else { "MISSED" };
        talk.say(format_args!("{word} {} ({value})", judged.threshold));
    }
    talk.say(format_args!("report: {}", out.join("report.html").display()));
}

/// The exit code, and the line that says why.
fn verdict(summary: &Summary, ran: &Ran, out: &Path) -> Result<()> {
    let kept = format!("partial report in {}", out.display());
    match &ran.partial {
        Some(Error::Interrupted) => return Err(Error::Stopped(format!("interrupted; {kept}"))),
        Some(Error::Unavailable(text)) => {
            return Err(Error::Unavailable(format!("{text}; {kept}")));
        }
        Some(error) => return Err(Error::Failed(format!("{error}; {kept}"))),
        None => {}
    }
    let violations = summary.audit.violations;
    if violations > 0 {
        let text = format!("{violations} violations; each is named above and in the report");
        return Err(Error::Failed(text));
    }
    let missed: Vec<&str> =
        summary.thresholds.iter().filter(|t| !t.met).map(|t| t.threshold.as_str()).collect();
    match missed.len() {
        0 => Ok(()),
        n => Err(Error::Missed(format!("{n} thresholds missed: {}", missed.join("; ")))),
    }
}
