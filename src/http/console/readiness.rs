//! `/api/admin/readiness`: what to look at before an opening. Each check has a stable name and its
//! numbers; where one begins to be a worry stands here, together.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::archive::DiskFacts;
use super::aside;
use super::survey::{SurveyData, survey, window};
use super::types::{Readiness, ReadinessCheck};
use crate::domain::lottery;
use crate::domain::survey::shortage;
use crate::domain::window::{Order, WindowState};
use crate::http::HttpState;
use crate::http::access::AsRegistrar;
use crate::http::openapi::ReadProblems;
use crate::http::problem::{FAULT, Problem};
use crate::http::settings::SignIn;
use crate::protocol::convert::hex;

/// A smaller part of the plans armed than this is a warning.
const ARMED_SHARE_WARN: f64 = 0.5;
/// A greater part of the plans with a blocker than this is no longer a warning but a failure.
const BLOCKED_SHARE_FAIL: f64 = 0.25;
/// Less disk free than this, of all of it, is a warning and a failure.
const DISK_SHARE: (f64, f64) = (0.10, 0.03);
/// Less disk free than this, in bytes, likewise: a busy term writes a few GB.
const DISK_BYTES: (u64, u64) = (5 << 30, 1 << 30);
/// A snapshot so many times as old as they are apart is a warning: a restart takes that much
/// longer.
const SNAPSHOT_TIMES_WARN: u64 = 4;

/// Of which window.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadinessQuery {
    /// Window key; left out: the first that is not over.
    pub window: Option<String>,
}

/// How a check came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Ok,
    Warn,
    Fail,
}

impl State {
    /// A warning when it does not hold.
    const fn warn(holds: bool) -> Self {
        if holds { Self::Ok } else { Self::Warn }
    }

    /// A failure when it does not hold.
    const fn fail(holds: bool) -> Self {
        if holds { Self::Ok } else { Self::Fail }
    }
}

fn check(
    key: &str,
    state: State,
    value: impl Into<Option<String>>,
    of: impl Into<Option<String>>,
) -> ReadinessCheck {
    let state = match state {
        State::Ok => "ok",
        State::Warn => "warn",
        State::Fail => "fail",
    };
    ReadinessCheck {
        key: key.to_owned(),
        state: state.to_owned(),
        value: value.into(),
        of: of.into(),
    }
}

fn number(n: impl ToString) -> String {
    n.to_string()
}

/// The window's own.
fn window_checks(data: &SurveyData) -> Vec<ReadinessCheck> {
    let (window, rules) = (&data.window, &data.window.rules);
    let time = |at: Option<crate::domain::ids::Timestamp>| at.map(|at| at.0.to_string());
    let (state, opens) = match window.state {
        WindowState::Closed => (State::Fail, time(window.opened_at)),
        WindowState::Open => (State::Ok, time(window.opened_at)),
        WindowState::Planned => (State::warn(rules.opens_at.is_some()), time(rules.opens_at)),
    };
    let word = match window.state {
        WindowState::Planned => "planned",
        WindowState::Open if window.paused => "paused",
        WindowState::Open => "open",
        WindowState::Closed => "closed",
    };
    let lottery = rules.order == Order::Lottery;
    let order = if lottery { "lottery" } else { "arrival" };
    let mut checks = vec![
        check("window", state, opens, word.to_owned()),
        check("closing", State::warn(rules.closes_at.is_some()), time(rules.closes_at), None),
        check("order", State::Ok, order.to_owned(), None),
    ];
    if lottery {
        let hash = hex(&lottery::seed_hash(&rules.seed));
        checks.push(check("seed_hash", State::Ok, hash, None));
    }
    checks
}

/// What was imported and planned.
fn plan_checks(data: &SurveyData) -> Vec<ReadinessCheck> {
    let (students, plans, armed) = (data.students, data.survey.students, data.armed());
    let share = |part: u32, of: u32| f64::from(part) / f64::from(of.max(1));
    // Once it is open, armed tickets are served: few are left, and that is well.
    let planned = data.window.state == WindowState::Planned;
    let armed_ok = !planned || (plans > 0 && share(armed, plans) >= ARMED_SHARE_WARN);
    let covered: Vec<_> = data.covered().collect();
    let sections = covered.len();
    let count = |holds: &dyn Fn(&crate::domain::section::Section, u32) -> bool| {
        covered.iter().filter(|(seats, first)| holds(seats, *first)).count()
    };
    let unlimited = count(&|seats, _| seats.capacity.is_none());
    let no_seats = count(&|seats, _| seats.capacity == Some(0));
    let short = count(&|seats, first| shortage(first, data.quotes.get(seats.id)) > 0);
    let blocked = data.survey.blocked_students;
    let blocked_state = match share(blocked, plans) {
        _ if blocked == 0 => State::Ok,
        share if share > BLOCKED_SHARE_FAIL => State::Fail,
        _ => State::Warn,
    };
    let fewer = |n: usize| State::warn(n == 0);
    vec![
        check("students", State::fail(students > 0), number(students), None),
        check("plans", State::warn(plans > 0), number(plans), number(students)),
        check("armed", State::warn(armed_ok), number(armed), number(plans)),
        check("unlimited", fewer(unlimited), number(unlimited), number(sections)),
        check("no_seats", fewer(no_seats), number(no_seats), number(sections)),
        check("short", fewer(short), number(short), number(sections)),
        check("blocked", blocked_state, number(blocked), number(plans)),
    ]
}

fn disk_check(disk: Option<(u64, u64)>) -> ReadinessCheck {
    let Some((free, total)) = disk else { return check("disk", State::Warn, None, None) };
    let share = free as f64 / (total.max(1)) as f64;
    let state = if share < DISK_SHARE.1 || free < DISK_BYTES.1 {
        State::Fail
    } else if share < DISK_SHARE.0 || free < DISK_BYTES.0 {
        State::Warn
    } else {
        State::Ok
    };
    check("disk", state, number(free), number(total))
}

/// The gateway's own.
fn disk_checks(facts: Option<DiskFacts>, written: u64) -> Vec<ReadinessCheck> {
    let Some(facts) = facts else {
        return vec![check("journal", State::Fail, None, number(written))];
    };
    let age = facts.durable.0.saturating_sub(facts.snapshot.0);
    let fresh = facts.snapshot_every > 0 && age < SNAPSHOT_TIMES_WARN * facts.snapshot_every;
    // What was read has left through the gate: it is durable, or the journal is not what it says.
    let durable = State::fail(facts.durable.0 >= written);
    vec![
        disk_check(facts.disk),
        check("snapshot", State::warn(fresh), number(age), number(facts.snapshot_every)),
        check("journal", durable, number(facts.durable.0), number(written)),
    ]
}

/// Anybody may be anyone: well in a demonstration, never with real data. With university accounts
/// the provider must be there.
fn sign_in_check(sign_in: &SignIn, demo_only: bool, available: bool) -> ReadinessCheck {
    let state = match sign_in {
        SignIn::Demo { .. } if demo_only => State::Warn,
        SignIn::Demo { .. } => State::Fail,
        SignIn::Oidc if !available => State::Fail,
        SignIn::Off | SignIn::Oidc => State::Ok,
    };
    let found = if available { sign_in.mode() } else { "oidc_down" };
    check("demo_sign_in", state, found.to_owned(), None)
}

/// Whether all is ready for a window's opening
#[utoipa::path(
    get, path = "/api/admin/readiness", tag = "registrar", params(ReadinessQuery),
    responses((status = 200, body = Readiness), ReadProblems)
)]
pub async fn readiness(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
    query: web::Query<ReadinessQuery>,
) -> Result<HttpResponse, Problem> {
    let id = window(&state, query.window.as_deref())?;
    let data = survey(&state, id).await?;
    let facts = match state.console.archive.clone() {
        None => None,
        Some(archive) => {
            let facts = aside(move || archive.facts()).await?;
            let unreadable = |_| Problem::new(&FAULT, "the journal cannot be read; see the log");
            Some(facts.map_err(unreadable)?)
        }
    };
    let settings = &state.access.settings;
    let mut checks = window_checks(&data);
    checks.extend(plan_checks(&data));
    checks.extend(disk_checks(facts, data.as_of.0));
    let (demo_only, available) = (settings.imports.is_some(), state.can_sign_in());
    let sign_in = sign_in_check(&settings.sign_in, demo_only, available);
    let before_last = checks.len() - 1;
    checks.insert(before_last, sign_in);
    Ok(HttpResponse::Ok().json(Readiness {
        window: data.window.rules.key.to_string(),
        checks,
        as_of: data.as_of.0,
        server_time: data.server_time,
    }))
}
