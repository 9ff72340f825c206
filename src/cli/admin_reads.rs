//! What the registrar looks at, as tables on standard output; with `--json` as it was answered.

use std::fmt::Write as _;
use std::io::Write;

use serde::de::DeserializeOwned;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::address::query;
use super::args_reads::{Ask, ReadCommand, StudentRead, What};
use super::failure::Failure;
use super::remote::{Remote, read_answer};
use super::table::Table;
use super::{settings, typed};
use crate::http::console::types::{
    Board, CapacityPreview, Demand, PlanBlockers, Readiness, StudentFile, Why,
};

/// Shown where there is no bound or nothing to say.
const NONE: &str = "-";

/// Runs a command that looks at everybody.
pub fn run(command: &ReadCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        ReadCommand::Board { sort, find, limit, page, ask } => {
            let mut path = format!("/api/admin/board?limit={limit}&page={page}");
            query(&mut path, "sort", Some(sort));
            query(&mut path, "q", find.as_deref());
            get(ask, &path, out, board)
        }
        ReadCommand::Demand { window, sort, ask } => {
            let mut path = "/api/admin/demand?".to_owned();
            query(&mut path, "window", window.as_deref());
            query(&mut path, "sort", Some(sort));
            get(ask, &path, out, demand)
        }
        ReadCommand::Blockers { window, reason, page, ask } => {
            let mut path = format!("/api/admin/blockers?page={page}");
            query(&mut path, "window", window.as_deref());
            query(&mut path, "reason", reason.as_deref());
            get(ask, &path, out, blockers)
        }
        ReadCommand::Readiness { window, ask } => {
            let mut path = "/api/admin/readiness?".to_owned();
            query(&mut path, "window", window.as_deref());
            get(ask, &path, out, readiness)
        }
        ReadCommand::Preview { section, capacity, ask } => {
            let body = json!({ "section": section, "capacity": capacity.0 });
            post(ask, "/api/admin/sections/preview", &body, out, preview)
        }
        ReadCommand::Export { what, csv, ask } => {
            let path = match (what, csv) {
                (What::Enrolments, false) => "/api/admin/enrolments.json",
                (What::Enrolments, true) => "/api/admin/enrolments.csv",
                (What::Waitlists, false) => "/api/admin/waitlists.json",
                (What::Waitlists, true) => "/api/admin/waitlists.csv",
            };
            out.write_all(remote(ask)?.get(path)?.as_bytes())?;
            Ok(())
        }
    }
}

/// Runs a command that looks at one student.
pub fn student(command: &StudentRead, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        StudentRead::Show { student, ask } => {
            let body = json!({ "student": typed::student(student)? });
            post(ask, "/api/admin/student", &body, out, file)
        }
        StudentRead::Why { student, journal, course, ask } => {
            let student = typed::student(student)?;
            let body = json!({ "student": student, "journal": journal, "course": course });
            post(ask, "/api/admin/student/why", &body, out, why)
        }
    }
}

fn remote(ask: &Ask) -> Result<Remote, Failure> {
    let config = settings::load(&ask.place)?.config;
    Remote::meant(ask.server.as_deref(), &config, None)
}

fn get<T: DeserializeOwned>(
    ask: &Ask,
    path: &str,
    out: &mut dyn Write,
    show: fn(&T) -> String,
) -> Result<(), Failure> {
    let answer = remote(ask)?.get(path)?;
    print(ask, &answer, out, show)
}

fn post<T: DeserializeOwned>(
    ask: &Ask,
    path: &str,
    body: &serde_json::Value,
    out: &mut dyn Write,
    show: fn(&T) -> String,
) -> Result<(), Failure> {
    let answer = remote(ask)?.post_json(path, body)?;
    print(ask, &answer, out, show)
}

fn print<T: DeserializeOwned>(
    ask: &Ask,
    answer: &str,
    out: &mut dyn Write,
    show: fn(&T) -> String,
) -> Result<(), Failure> {
    if ask.json {
        writeln!(out, "{}", answer.trim_end())?;
        return Ok(());
    }
    out.write_all(show(&read_answer(answer)?).as_bytes())?;
    Ok(())
}

/// A number or no bound.
fn bound(n: Option<u32>) -> String {
    n.map_or_else(|| NONE.to_owned(), |n| n.to_string())
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or(NONE).to_owned()
}

/// A time as people and machines read it, in UTC.
pub fn time(ms: u64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000);
    at.ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_else(|| ms.to_string())
}

fn board(board: &Board) -> String {
    let mut windows = Table::new(&["window", "state", "opens", "closes", "waiting", "a second"]);
    for row in &board.windows {
        let (w, rate) = (&row.window, row.rate);
        windows.row([
            w.key.clone(),
            if w.paused { "paused".to_owned() } else { w.state.clone() },
            w.opens_at.map_or_else(|| NONE.to_owned(), time),
            w.closes_at.map_or_else(|| NONE.to_owned(), time),
            w.waiting.to_string(),
            rate.map_or_else(|| NONE.to_owned(), |rate| format!("{rate:.1}")),
        ]);
    }
    let columns = [
        "section", "kind", "status", "capacity", "taken", "waitlist", "in line", "a minute",
        "pressure",
    ];
    let mut sections = Table::new(&columns);
    for s in &board.sections {
        sections.row([
            s.section.clone(),
            s.kind.clone(),
            s.status.clone(),
            bound(s.capacity),
            s.taken.to_string(),
            s.waitlisted.to_string(),
            s.in_line.to_string(),
            format!("{:.1}", s.per_minute),
            s.pressure.map_or_else(|| NONE.to_owned(), |pressure| format!("{pressure:.2}")),
        ]);
    }
    let shown = board.sections.len();
    let at = time(board.server_time);
    format!(
        "{windows}\n{sections}\n{shown} of {} sections, at {at}, as of record {}\n",
        board.total, board.as_of
    )
}

fn demand(demand: &Demand) -> String {
    let mut table =
        Table::new(&["section", "kind", "capacity", "first choices", "all choices", "short"]);
    for s in &demand.sections {
        table.row([
            s.section.clone(),
            s.kind.clone(),
            bound(s.capacity),
            s.first_choices.to_string(),
            s.all_choices.to_string(),
            s.shortage.to_string(),
        ]);
    }
    format!(
        "{table}\nwindow {}: {} students with a plan, {} armed; at {}, as of record {}\n",
        demand.window,
        demand.students_with_plan,
        demand.armed,
        time(demand.server_time),
        demand.as_of
    )
}

fn blockers(blockers: &PlanBlockers) -> String {
    let mut reasons = Table::new(&["reason", "students"]);
    for count in &blockers.reasons {
        reasons.row([count.reason.clone(), count.students.to_string()]);
    }
    let mut rows = Table::new(&["student", "course", "reason", "about"]);
    for b in &blockers.students {
        rows.row([
            b.student.clone(),
            b.course.clone(),
            b.reason.clone(),
            text(b.detail.as_deref()),
        ]);
    }
    let (shown, total) = (blockers.students.len(), blockers.total);
    format!("{reasons}\n{rows}\n{shown} of {total}, as of record {}\n", blockers.as_of)
}

fn readiness(readiness: &Readiness) -> String {
    let mut table = Table::new(&["", "check", "found", "of"]);
    for c in &readiness.checks {
        let times = ["window", "closing"].contains(&c.key.as_str());
        let value = match c.value.as_deref().map(str::parse) {
            Some(Ok(ms)) if times => time(ms),
            _ => text(c.value.as_deref()),
        };
        table.row([c.state.clone(), c.key.clone(), value, text(c.of.as_deref())]);
    }
    format!("{table}\nwindow {}, as of record {}\n", readiness.window, readiness.as_of)
}

fn preview(preview: &CapacityPreview) -> String {
    let mut table = Table::new(&["", "seats"]);
    let mut row = |what: &str, n: String| table.row([what.to_owned(), n]);
    row("capacity now", bound(preview.capacity_now));
    row("taken now", preview.taken.to_string());
    row("waiting now", preview.waitlisted.to_string());
    row("would be promoted", preview.promoted.to_string());
    row("left then", bound(preview.left));
    row("over capacity then", preview.over_capacity.to_string());
    table.to_string()
}

fn file(file: &StudentFile) -> String {
    let mut out = String::new();
    let blocks = if file.blocks.is_empty() { NONE.to_owned() } else { file.blocks.join(", ") };
    let programme = text(file.programme.as_deref());
    let _ = writeln!(
        out,
        "student {}, programme {programme}, year {}, blocks {blocks}\n",
        file.student, file.year
    );
    let mut plan = Table::new(&["plan", "waitlist", "in the way"]);
    for course in &file.plan.courses {
        let found = file.plan.blockers.iter().find(|b| b.course == course.course);
        let reasons = found.map(|b| b.blockers.iter().map(|r| r.reason.as_str())).into_iter();
        let reasons = reasons.flatten().collect::<Vec<_>>().join(", ");
        let waitlist = if course.waitlist { "yes" } else { "no" };
        let reasons = if reasons.is_empty() { NONE.to_owned() } else { reasons };
        plan.row([course.course.clone(), waitlist.to_owned(), reasons]);
    }
    let mut line = Table::new(&["window", "ticket", "position", "waiting"]);
    for t in &file.tickets {
        let (ticket, among) = (t.ticket.to_string(), t.among.to_string());
        line.row([t.window.clone(), ticket, bound(t.position), among]);
    }
    let mut has = Table::new(&["enrolled", "sections", "record"]);
    for e in &file.enrolments {
        has.row([e.course.clone(), e.sections.join(" "), e.journal.to_string()]);
    }
    let mut waits = Table::new(&["waits for", "rank", "keeps"]);
    for w in &file.waitlists {
        waits.row([w.course.clone(), w.rank.to_string(), text(w.keeps.as_deref())]);
    }
    let columns = ["record", "at", "course", "outcome", "reason", "about", "via", "sections"];
    let mut outcomes = Table::new(&columns);
    for o in &file.outcomes {
        outcomes.row([
            o.journal.to_string(),
            time(o.at),
            o.course.clone(),
            o.outcome.clone(),
            text(o.reason.as_deref()),
            text(o.about.as_deref()),
            o.via.clone(),
            o.sections.join(" "),
        ]);
    }
    for table in [plan, line, has, waits, outcomes] {
        if !table.is_empty() {
            let _ = writeln!(out, "{table}");
        }
    }
    let _ = writeln!(out, "{} messages shown with --json", file.messages.len());
    out
}

fn why(why: &Why) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "record {}, {}: {} {}{}, by the rule {}\n",
        why.journal,
        time(why.at),
        why.course,
        why.outcome,
        why.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default(),
        why.rule
    );
    let mut steps = Table::new(&["step", "", "found", "of", "about"]);
    for s in &why.steps {
        let (found, of) = (text(s.value.as_deref()), text(s.of.as_deref()));
        steps.row([s.key.clone(), s.state.clone(), found, of, text(s.about.as_deref())]);
    }
    let mut sections =
        Table::new(&["section", "kind", "rank", "capacity", "left", "status", "clash", ""]);
    for s in &why.sections {
        sections.row([
            s.section.clone(),
            s.kind.clone(),
            s.rank.map_or_else(
                || NONE.to_owned(),
                |rank| match rank {
                    0 => "any".to_owned(),
                    rank => rank.to_string(),
                },
            ),
            bound(s.capacity),
            bound(s.left),
            s.status.clone(),
            text(s.clash.as_deref()),
            if s.granted { "granted".to_owned() } else { String::new() },
        ]);
    }
    let mut tried = Table::new(&["combination", "", "about"]);
    for c in &why.combinations {
        tried.row([c.sections.join(" "), c.state.clone(), text(c.about.as_deref())]);
    }
    for table in [steps, sections, tried] {
        if !table.is_empty() {
            let _ = writeln!(out, "{table}");
        }
    }
    if why.more > 0 {
        let _ = writeln!(out, "and {} more combinations", why.more);
    }
    if !why.request_known {
        let _ = writeln!(out, "what was asked outright is not kept: any sections are shown");
    }
    if why.agrees == Some(false) {
        let _ = writeln!(out, "decided again, it would come out otherwise: tell the maintainers");
    }
    out
}
