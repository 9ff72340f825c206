//! `rush line`: a paced line. Positions must only fall, waiting times and forecasts must come
//! true, and the lottery's transcript must verify, a changed one not.

mod judge;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;
use tokio::time::sleep;

use crate::admin::Admin;
use crate::audit::{Auditor, Findings};
use crate::cli::LineArgs;
use crate::crowd::{Crowd, Ears};
use crate::error::{Error, Result};
use crate::files::{Demand, Section, Student};
use crate::gateway::{Home, Server};
use crate::os;
use crate::runtime;
use crate::setup::{self, Rules, WINDOW};
use crate::talk::{Talk, json_line, round};
use crate::wire::{self, Kind};

use judge::{Judgement, Seen, Verdict};

/// Pause after the last outcome, for anything told late.
const SETTLE: Duration = Duration::from_millis(500);
/// Descriptors that a process needs besides its connections.
const DESCRIPTORS_SPARE: usize = 200;
/// Where the lottery's transcript is.
const TRANSCRIPT: &str = "/api/windows/rush/lottery";
/// Share of the waiting times told at half way that must hold.
const ETA_HELD_MIN: f64 = 0.90;
/// Share of the forecasts that must come true.
const FORECAST_TRUE_MIN: f64 = 0.95;

/// The JSON line.
#[derive(Debug, Serialize)]
struct Report {
    students: u32,
    seats: u32,
    pace: u32,
    granted: u64,
    refused: u64,
    violations: usize,
    seconds_open_to_last_outcome: f64,
    #[serde(flatten)]
    judgement: Judgement,
    eta_held_share: f64,
    forecast_true_share: f64,
    first_forecast_true_share: f64,
    transcript_verifies: bool,
    changed_transcripts_refused: bool,
}

/// Runs the command.
pub fn run(args: &LineArgs) -> Result<()> {
    let talk = Talk::new(args.json);
    os::check_descriptors(args.students as usize + DESCRIPTORS_SPARE)?;
    let demand: &'static Demand = Box::leak(Box::new(demand(args)));
    let home = Home::new(&setup::settings())?;
    let sections = home.write("sections.json", setup::sections_json(1, args.seats))?;
    let keys: Vec<String> = demand.students.iter().map(|s| s.key.clone()).collect();
    let csv = setup::students_csv(keys.iter().map(String::as_str));
    let rules = Rules { clash: "warn", credit_limit: None, pace: Some(args.pace) };
    setup::import(&home, &sections, rules, &csv)?;
    let mut server = home.serve()?;
    let tokens = home.student_tokens(&keys)?;
    let admin = Admin::new(server.address, Some(&home.registrar_token()?));
    let hash = seed_hash(&admin.get(TRANSCRIPT)?)?;
    let (seen, findings) =
        runtime::block_on(play(demand, tokens, &mut server, admin.clone(), talk))?;
    let transcript = transcript(&home, &hash, &admin.get(TRANSCRIPT)?)?;
    drop(server);
    conclude(args, &seen, &findings, transcript, talk)
}

fn demand(args: &LineArgs) -> Demand {
    let student = |i| Student { key: format!("u{i}"), requests: vec![0] };
    Demand {
        sections: vec![Section { id: "1".into(), capacity: args.seats }],
        students: (1..=args.students).map(student).collect(),
    }
}

/// Everybody arms, the window opens, and what each student sees is written down.
async fn play(
    demand: &'static Demand,
    tokens: Vec<String>,
    server: &mut Server,
    admin: Admin,
    talk: Talk,
) -> Result<(Vec<Seen>, Findings)> {
    let notes = Rc::new(Notes::new(demand.students.len()));
    let crowd = Crowd::new(demand, tokens, Some(notes.ears()));
    crowd.gateway_is(Some((1, server.address)));
    crowd.wait("armed", crowd.len(), || crowd.armed(), Some(server), talk).await?;
    notes.opened.replace(Some(Instant::now()));
    let (window, export) = (admin.clone(), admin);
    runtime::beside(move || window.open(WINDOW)).await?;
    crowd.wait("decided", crowd.requests(), || crowd.decided(), Some(server), talk).await?;
    sleep(SETTLE).await;
    let export = runtime::beside(move || export.enrolments()).await?;
    let auditor = crowd.auditor.replace(Auditor::new(demand, Vec::new()));
    Ok((notes.seen.take(), auditor.finish(&export)))
}

/// What students see after the opening.
struct Notes {
    opened: RefCell<Option<Instant>>,
    seen: RefCell<Vec<Seen>>,
}

impl Notes {
    fn new(students: usize) -> Self {
        let seen = (0..students).map(|_| Seen::default()).collect();
        Self { opened: RefCell::new(None), seen: RefCell::new(seen) }
    }

    fn ears(self: &Rc<Self>) -> Ears {
        let notes = Rc::clone(self);
        Box::new(move |student, kind, frame| notes.heard(student, kind, frame))
    }

    fn heard(&self, student: usize, kind: Kind, frame: &[u8]) {
        let Some(opened) = *self.opened.borrow() else {
            return;
        };
        let at = opened.elapsed().as_secs_f64();
        let seen = &mut self.seen.borrow_mut()[student];
        match kind {
            Kind::Position => {
                if let Ok(position) = serde_json::from_slice(frame) {
                    seen.positions.push((at, position));
                }
            }
            Kind::Forecast => {
                let forecast = serde_json::from_slice::<wire::Forecast>(frame);
                let course = forecast.ok().and_then(|mut forecast| forecast.courses.pop());
                if let Some(verdict) = course.and_then(|c| Verdict::parse(&c.verdict)) {
                    seen.forecasts.push((at, verdict));
                }
            }
            Kind::Outcomes => {
                let told = serde_json::from_slice::<wire::Outcomes>(frame);
                let outcome = told.ok().and_then(|mut told| told.outcomes.pop());
                if let Some(outcome) = outcome.filter(|_| seen.outcome.is_none()) {
                    seen.outcome = Some((at, outcome.outcome == "enrolled"));
                }
            }
            _ => {}
        }
    }
}

/// The hash of the seed, as it is shown before the opening.
fn seed_hash(transcript: &str) -> Result<String> {
    let value: Value = serde_json::from_str(transcript).unwrap_or_default();
    let hash = value["seed_hash"].as_str().map(str::to_owned);
    hash.ok_or_else(|| Error::Failed("the lottery's transcript has no seed_hash".into()))
}

/// Whether the transcript verifies, and whether each changed one is refused; both against the
/// hash that was shown before the opening.
fn transcript(home: &Home, hash: &str, text: &str) -> Result<(bool, bool)> {
    let verifies = |name: &str, text: &str| -> Result<bool> {
        let file = home.write(name, text)?;
        let file = file.to_string_lossy();
        let (status, _, _) = home.try_run(&["lottery", "verify", &file, "--hash", hash])?;
        Ok(status.success())
    };
    let right = verifies("lottery.json", text)?;
    let mut refused = true;
    for (i, changed) in changed_transcripts(text)?.iter().enumerate() {
        refused &= !verifies(&format!("changed.{i}.json"), changed)?;
    }
    Ok((right, refused))
}

/// The transcript with another seed, and with two places of the order exchanged.
fn changed_transcripts(text: &str) -> Result<Vec<String>> {
    let odd = |what: &str| Error::Failed(format!("the lottery's transcript has no {what}"));
    let value: Value = serde_json::from_str(text).map_err(|_| odd("JSON form"))?;
    let mut seed = value.clone();
    let text = seed["seed"].as_str().filter(|text| !text.is_empty()).ok_or_else(|| odd("seed"))?;
    let digit = if text.starts_with('0') { "1" } else { "0" };
    seed["seed"] = Value::String(format!("{digit}{}", &text[1..]));
    let mut changed = vec![seed.to_string()];
    let mut order = value;
    let list = order["order"].as_array_mut().ok_or_else(|| odd("order"))?;
    if list.len() > 1 {
        let end = list.len() - 1;
        list.swap(0, end);
        changed.push(order.to_string());
    }
    Ok(changed)
}

fn conclude(
    args: &LineArgs,
    seen: &[Seen],
    findings: &Findings,
    (verifies, refused): (bool, bool),
    talk: Talk,
) -> Result<()> {
    let judgement = judge::judge(seen);
    let last = seen.iter().filter_map(|s| s.outcome).map(|(at, _)| at).fold(0.0, f64::max);
    let report = Report {
        students: args.students,
        seats: args.seats,
        pace: args.pace,
        granted: findings.granted,
        refused: findings.refused,
        violations: findings.violations.len(),
        seconds_open_to_last_outcome: round(last, 3),
        eta_held_share: round(judgement.eta.share(), 4),
        forecast_true_share: round(judgement.forecast.share(), 4),
        first_forecast_true_share: round(judgement.first_forecast.share(), 4),
        judgement,
        transcript_verifies: verifies,
        changed_transcripts_refused: refused,
    };
    for violation in findings.violations.iter().take(20) {
        eprintln!("violation: {violation}");
    }
    tell(&report, talk);
    json_line(&report)?;
    let faults = faults(&report);
    if faults.is_empty() { Ok(()) } else { Err(Error::Failed(faults.join("; "))) }
}

fn tell(report: &Report, talk: Talk) {
    let Report { judgement: j, .. } = report;
    let percent = |share: f64| round(share * 100.0, 1);
    talk.say(format_args!(
        "{} students in line for {} seats, {} a second: all decided after {} s",
        report.students, report.seats, report.pace, report.seconds_open_to_last_outcome
    ));
    talk.say(format_args!(
        "positions: {} told, {} students saw one rise; {} without an outcome",
        j.positions_told, j.students_position_rose, j.students_without_outcome
    ));
    talk.say(format_args!(
        "waiting time told at half way: held for {} of {} ({} %); {} had been told none",
        j.eta.right,
        j.eta.judged,
        percent(report.eta_held_share),
        j.eta.untold
    ));
    talk.say(format_args!(
        "forecast at half way: came true for {} of {} ({} %), told none or full: {}; the first one: \
         {} of {} ({} %)",
        j.forecast.right, j.forecast.judged, percent(report.forecast_true_share),
        j.forecast.untold, j.first_forecast.right, j.first_forecast.judged,
        percent(report.first_forecast_true_share)
    ));
    let word = |right| if right { "yes" } else { "NO" };
    talk.say(format_args!(
        "lottery transcript verifies: {}; changed ones refused: {}",
        word(report.transcript_verifies),
        word(report.changed_transcripts_refused)
    ));
}

fn faults(report: &Report) -> Vec<String> {
    let j = &report.judgement;
    let half = j.students.div_ceil(2);
    let checks = [
        (report.violations > 0, "the audit found violations"),
        (j.students_position_rose > 0, "a told position rose"),
        (j.students_without_outcome > 0, "a student has no outcome"),
        (j.eta.judged < half, "fewer than half of the students had a place told at half way"),
        (report.eta_held_share < ETA_HELD_MIN, "less than 90 % of the waiting times held"),
        (j.forecast.judged < half, "fewer than half of the students had a forecast at half way"),
        (report.forecast_true_share < FORECAST_TRUE_MIN, "less than 95 % of the forecasts held"),
        (!report.transcript_verifies, "the lottery's transcript does not verify"),
        (!report.changed_transcripts_refused, "a changed transcript verifies"),
    ];
    checks.iter().filter(|(bad, _)| *bad).map(|(_, text)| (*text).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_changed_in_seed_and_in_order() {
        let text = r#"{"seed":"0a","seed_hash":"ff","order":[1,2,3],"tickets":[1,2,3]}"#;
        let changed = changed_transcripts(text).unwrap();
        let values: Vec<Value> = changed.iter().map(|t| serde_json::from_str(t).unwrap()).collect();
        assert_eq!(values[0]["seed"], "1a");
        assert_eq!(values[0]["order"][0], 1);
        assert_eq!(values[1]["seed"], "0a");
        assert_eq!(values[1]["order"][0], 3);
        assert!(changed_transcripts("{}").is_err());
        assert_eq!(seed_hash(text).unwrap(), "ff");
    }
}
