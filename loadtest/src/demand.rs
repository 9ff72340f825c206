//! `rush demand`: real demand. Everybody connects and arms, the window opens, every outcome is
//! collected and audited; with `--kill-after`, over a kill -9 in the middle.

use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::sleep;

use crate::admin::Admin;
use crate::audit::Findings;
use crate::cli::DemandArgs;
use crate::crowd::Crowd;
use crate::error::{Error, Result};
use crate::files::{self, Demand};
use crate::gateway::{Home, Server};
use crate::os;
use crate::runtime;
use crate::setup::{self, Rules, WINDOW};
use crate::talk::{Talk, json_line, round, seconds};

/// Descriptors that a process needs besides its connections.
const DESCRIPTORS_SPARE: usize = 200;
/// Pause after the last outcome, for anything told twice.
const SETTLE: Duration = Duration::from_millis(500);
/// Longest wait for the sockets of a killed gateway to end.
const ENDED_MAX: Duration = Duration::from_secs(10);
/// Violations that are printed one by one.
const VIOLATIONS_SHOWN: usize = 20;

/// The JSON line.
#[derive(Debug, Serialize)]
struct Report {
    students: usize,
    requests: usize,
    granted: u64,
    refused: u64,
    per_section_wrong: u64,
    acknowledged_lost: u64,
    violations: usize,
    decided_at_kill: Option<u64>,
    seconds_open_to_last_outcome: f64,
    decisions_per_second: f64,
    server_cpu_us_per_decision: f64,
}

/// What the run itself came to.
struct Ran {
    elapsed: Duration,
    cpu_us: f64,
    decided_at_kill: Option<u64>,
    told_at_kill: usize,
    reconnects: u32,
    export: Vec<(String, String)>,
}

/// What a run needs from beginning to end.
struct Stage {
    home: Home,
    registrar: String,
    talk: Talk,
}

/// Runs the command.
pub fn run(args: &DemandArgs) -> Result<()> {
    let talk = Talk::new(args.json);
    let demand = files::read(&args.sections, &args.requests)?;
    os::check_descriptors(demand.students.len() + DESCRIPTORS_SPARE)?;
    talk.say(format_args!(
        "{} students, {} requests for {} sections; most of one student: {}",
        demand.students.len(),
        demand.requests(),
        demand.sections.len(),
        demand.most_requests()
    ));
    // The students' tasks share it until the process ends.
    let demand: &'static Demand = Box::leak(Box::new(demand));
    let home = Home::new(&setup::settings())?;
    let sections = home.write("sections.json", files::read_file(&args.sections)?)?;
    let keys: Vec<String> = demand.students.iter().map(|s| s.key.clone()).collect();
    let csv = setup::students_csv(keys.iter().map(String::as_str));
    let pace = args.kill_after.map(|after| pace(demand.students.len(), after));
    setup::import(&home, &sections, Rules { clash: "warn", credit_limit: None, pace }, &csv)?;
    if let Some(pace) = pace {
        talk.say(format_args!(
            "pace: {pace} admissions a second, so that the kill is in the middle"
        ));
    }
    let mut server = home.serve()?;
    let tokens = home.student_tokens(&keys)?;
    let stage = Stage { registrar: home.registrar_token()?, home, talk };
    let (ran, findings) = runtime::block_on(async {
        let crowd = Crowd::new(demand, tokens, None);
        let ran = stage.play(&crowd, &mut server, args.kill_after).await?;
        let findings = crowd.auditor.replace(crate::audit::Auditor::new(demand, Vec::new()));
        let findings = findings.finish(&ran.export);
        Ok((ran, findings))
    })?;
    drop(server);
    conclude(demand, &ran, &findings, talk)
}

/// Admissions a second so that half of the students are admitted when the kill comes.
fn pace(students: usize, kill_after: Duration) -> u32 {
    let pace = students as f64 / (2.0 * kill_after.as_secs_f64());
    pace.clamp(1.0, 1_000_000.0) as u32
}

impl Stage {
    async fn play(
        &self,
        crowd: &Rc<Crowd>,
        server: &mut Server,
        kill_after: Option<Duration>,
    ) -> Result<Ran> {
        let (talk, all) = (self.talk, crowd.len());
        let requests = crowd.requests();
        crowd.gateway_is(Some((1, server.address)));
        crowd.wait("armed", all, || crowd.armed(), Some(server), talk).await?;
        let before = os::cpu(server.pid())?;
        let opened = Instant::now();
        let admin = Admin::new(server.address, Some(&self.registrar));
        let opening = tokio::task::spawn_local(runtime::beside(move || admin.open(WINDOW)));
        let mut ran = Ran {
            elapsed: Duration::ZERO,
            cpu_us: 0.0,
            decided_at_kill: None,
            told_at_kill: 0,
            reconnects: 0,
            export: Vec::new(),
        };
        let mut since = before;
        if let Some(after) = kill_after {
            // Of nothing that is decided before the window is open could anything be lost.
            ended(opening.await)?;
            sleep(after.saturating_sub(opened.elapsed())).await;
            crowd.gateway_is(None);
            ran.cpu_us = os::cpu(server.pid())?.us_since(before);
            server.kill();
            self.after_kill(crowd, server, &mut ran).await?;
            since = os::Cpu::default();
            crowd.gateway_is(Some((2, server.address)));
            crowd.wait("back", all, || crowd.present(), Some(server), talk).await?;
        } else {
            ended(opening.await)?;
        }
        crowd.wait("decided", requests, || crowd.decided(), Some(server), talk).await?;
        ran.cpu_us += os::cpu(server.pid())?.us_since(since);
        ran.elapsed = crowd.last_outcome().map_or(Duration::ZERO, |last| last - opened);
        sleep(SETTLE).await;
        let admin = Admin::new(server.address, Some(&self.registrar));
        ran.export = runtime::beside(move || admin.enrolments()).await?;
        ran.reconnects = crowd.reconnects();
        Ok(ran)
    }

    /// Waits until everybody knows that the gateway is gone, counts, and starts it again.
    async fn after_kill(&self, crowd: &Crowd, server: &mut Server, ran: &mut Ran) -> Result<()> {
        let killed = Instant::now();
        while crowd.connected() > 0 && killed.elapsed() < ENDED_MAX {
            sleep(Duration::from_millis(5)).await;
        }
        ran.told_at_kill = crowd.decided();
        let stats = self.home.run_on_data(&["journal", "stats", "--json"])?;
        let decided = decided(&stats)?;
        ran.decided_at_kill = Some(decided);
        self.talk.say(format_args!(
            "killed: {decided} outcomes in the journal, {} of them told",
            ran.told_at_kill
        ));
        *server = self.home.serve()?;
        self.talk.say(format_args!("started again after {} ms", killed.elapsed().as_millis()));
        Ok(())
    }
}

fn ended(result: std::result::Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    result.unwrap_or_else(|e| Err(Error::Failed(format!("a task of the client broke: {e}"))))
}

/// Outcomes in the journal, from `sluis journal stats --json`.
fn decided(stats: &str) -> Result<u64> {
    let value: serde_json::Value = serde_json::from_str(stats.trim()).unwrap_or_default();
    value["outcomes"].as_u64().ok_or_else(|| {
        Error::Failed("sluis journal stats --json printed no \"outcomes\"".to_owned())
    })
}

fn conclude(demand: &Demand, ran: &Ran, findings: &Findings, talk: Talk) -> Result<()> {
    let requests = demand.requests();
    let elapsed = ran.elapsed.as_secs_f64();
    let report = Report {
        students: demand.students.len(),
        requests,
        granted: findings.granted,
        refused: findings.refused,
        per_section_wrong: findings.per_section_wrong,
        acknowledged_lost: findings.acknowledged_lost,
        violations: findings.violations.len(),
        decided_at_kill: ran.decided_at_kill,
        seconds_open_to_last_outcome: seconds(ran.elapsed),
        decisions_per_second: round(requests as f64 / elapsed.max(0.001), 0),
        server_cpu_us_per_decision: round(ran.cpu_us / requests as f64, 2),
    };
    for violation in findings.violations.iter().take(VIOLATIONS_SHOWN) {
        eprintln!("violation: {violation}");
    }
    talk.say(format_args!(
        "granted {}, refused {}; {} s from the opening to the last outcome; {} decisions a second",
        report.granted,
        report.refused,
        report.seconds_open_to_last_outcome,
        report.decisions_per_second
    ));
    talk.say(format_args!(
        "server CPU: {} µs a decision, from {}; sockets lost and resumed: {}",
        report.server_cpu_us_per_decision,
        os::CPU_SOURCE,
        ran.reconnects
    ));
    json_line(&report)?;
    verdict(&report, ran)
}

fn verdict(report: &Report, ran: &Ran) -> Result<()> {
    if report.violations > 0 {
        let count = report.violations;
        return Err(Error::Failed(format!("{count} violations; each is named above")));
    }
    let requests = report.requests as u64;
    match ran.decided_at_kill {
        Some(0) => Err(Error::Failed("nothing was decided at the kill; kill later".into())),
        Some(n) if n >= requests => {
            Err(Error::Failed("everything was decided at the kill; kill earlier".into()))
        }
        Some(n) if n < ran.told_at_kill as u64 => Err(Error::Failed(format!(
            "{} outcomes were told before the kill, {n} were in the journal",
            ran.told_at_kill
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "demand_tests.rs"]
mod tests;
