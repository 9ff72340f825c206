//! `sluis admin …`: the registrar's console without a browser, through a running gateway. What is
//! wrong is told in one line, and then nothing was changed.

use std::io::Write;

use serde_json::{Value, json};

use super::address::in_path;
use super::args_admin::{
    AdminCommand, BlockArgs, PlaceArgs, SectionArgs, SectionCommand, StudentCommand, Sure, To, Why,
    WindowArgs, WindowCommand,
};
use super::failure::Failure;
use super::remote::{Remote, read_answer};
use super::{admin_reads, say, settings, typed};
use crate::http::audit::Audit;
use crate::protocol::audit::AuditEntry;

/// Runs the command.
pub fn run(command: &AdminCommand, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        AdminCommand::Read(command) => admin_reads::run(command, out),
        AdminCommand::Window(command) => window(command, out),
        AdminCommand::Section(command) => section(command, out),
        AdminCommand::Student(command) => student(command, out),
        AdminCommand::Announce { nl, en, why } => {
            act(why, "/api/admin/announcement", json!({ "nl": nl, "en": en }), out)
        }
        AdminCommand::Audit { before, limit, csv, to } => audit(*before, *limit, *csv, to, out),
    }
}

/// The gateway that is meant.
pub fn remote(to: &To) -> Result<Remote, Failure> {
    let config = settings::load(&to.place)?.config;
    Remote::meant(to.server.as_deref(), &config, to.name.as_deref())
}

/// Sends a body with the reason; prints what came of it.
fn act(why: &Why, path: &str, mut body: Value, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(reason) = &why.reason {
        body["reason"] = json!(reason);
    }
    let answer = remote(&why.to)?.post_json(path, &body)?;
    if why.to.json {
        writeln!(out, "{answer}")?;
        return Ok(());
    }
    let answer: Value = read_answer(&answer)?;
    match answer["journal"].as_u64() {
        Some(record) => say(&format!("done, and on disk as record {record}")),
        None => say("nothing was changed: it is so already"),
    }
    Ok(())
}

/// Goes on with what cannot be undone only if that is meant. Whoever is asked is told how many it
/// concerns: `row` says so of the row of `list` at `path` whose `key` is this one.
fn sure(
    (sure, why): (Sure, &Why),
    what: &str,
    (path, list, key, value): (&str, &str, &str, &str),
    row: impl Fn(&Value) -> String,
) -> Result<(), Failure> {
    typed::sure(sure.yes, what, || {
        let answer: Value = read_answer(&remote(&why.to)?.get(path)?)?;
        let mut rows = answer[list].as_array().into_iter().flatten();
        let found = rows.find(|row| row[key] == *value);
        Ok(found.map_or_else(|| value.to_owned(), row))
    })
}

/// Of a window: how it is called, and how many stand in its line.
fn sure_of_window(meant: (Sure, &Why), what: &str, window: &str) -> Result<(), Failure> {
    sure(meant, what, ("/api/admin/windows", "windows", "key", window), |row| {
        let name = row["name"]["en"].as_str().unwrap_or_default();
        format!("{window} ({name}), {} armed or in line", row["waiting"])
    })
}

fn window(command: &WindowCommand, out: &mut dyn Write) -> Result<(), Failure> {
    let path = |key: &str, verb| format!("/api/admin/windows/{}/{verb}", in_path(key));
    let mut plain =
        |args: &WindowArgs, verb| act(&args.why, &path(&args.window, verb), json!({}), out);
    match command {
        WindowCommand::Open(args) => plain(args, "open"),
        WindowCommand::Pause(args) => plain(args, "pause"),
        WindowCommand::Resume(args) => plain(args, "resume"),
        WindowCommand::Close { args, sure } => {
            let what = "closing a window loses every place in its line";
            sure_of_window((*sure, &args.why), what, &args.window)?;
            plain(args, "close")
        }
        WindowCommand::Schedule { window, opens, closes, why } => {
            let body = json!({ "opens_at": opens.0, "closes_at": closes.0 });
            act(why, &path(window, "schedule"), body, out)
        }
        WindowCommand::Pace { window, pace, why } => {
            act(why, &path(window, "pace"), json!({ "pace": pace.0 }), out)
        }
        WindowCommand::Reset { window, opens_in, sure, why } => {
            let what = "running a rehearsal again withdraws everything that came of it";
            sure_of_window((*sure, why), what, window)?;
            act(why, &path(window, "reset"), json!({ "opens_in_s": opens_in }), out)
        }
    }
}

fn section(command: &SectionCommand, out: &mut dyn Write) -> Result<(), Failure> {
    let mut status = |args: &SectionArgs, status: &str| {
        let body = json!({ "section": args.section, "status": status });
        act(&args.why, "/api/admin/sections/status", body, out)
    };
    match command {
        SectionCommand::Capacity { section, capacity, why } => {
            let body = json!({ "section": section, "capacity": capacity.0 });
            act(why, "/api/admin/sections/capacity", body, out)
        }
        SectionCommand::Open(args) => status(args, "open"),
        SectionCommand::Close(args) => status(args, "closed"),
        SectionCommand::Cancel { args, sure: meant } => {
            let what = "cancelling a section tells everybody in it that it does not take place";
            let at = ("/api/admin/status", "sections", "section", args.section.as_str());
            sure((*meant, &args.why), what, at, |row| {
                format!("{}, {} enrolled", args.section, row["taken"])
            })?;
            status(args, "cancelled")
        }
    }
}

fn student(command: &StudentCommand, out: &mut dyn Write) -> Result<(), Failure> {
    let mut place = |args: &PlaceArgs, path| {
        let body = json!({
            "student": typed::student(&args.student)?,
            "course": args.course,
            "sections": args.sections,
            "over_capacity": args.over_capacity,
            "override_checks": args.override_checks,
        });
        act(&args.why, path, body, out)
    };
    match command {
        StudentCommand::Read(command) => admin_reads::student(command, out),
        StudentCommand::Enrol(args) => place(args, "/api/admin/student/enrol"),
        StudentCommand::Move(args) => place(args, "/api/admin/student/move"),
        StudentCommand::Drop { student, course, why } => {
            let body = json!({ "student": typed::student(student)?, "course": course });
            act(why, "/api/admin/student/drop", body, out)
        }
        StudentCommand::Block(args) => block(args, "/api/admin/student/block", out),
        StudentCommand::Unblock(args) => block(args, "/api/admin/student/unblock", out),
    }
}

fn block(args: &BlockArgs, path: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let student = typed::student(&args.student)?;
    act(&args.why, path, json!({ "student": student, "code": args.code }), out)
}

fn audit(
    before: Option<u64>,
    limit: u32,
    csv: bool,
    to: &To,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let remote = remote(to)?;
    if csv {
        out.write_all(remote.get("/api/admin/audit.csv")?.as_bytes())?;
        return Ok(());
    }
    let before = before.map_or_else(String::new, |at| format!("&before={at}"));
    let answer = remote.get(&format!("/api/admin/audit?limit={limit}{before}"))?;
    if to.json {
        writeln!(out, "{answer}")?;
        return Ok(());
    }
    let page: Audit = read_answer(&answer)?;
    for entry in &page.entries {
        writeln!(out, "{}", line(entry))?;
    }
    if let Some(next) = page.next {
        say(&format!("older ones: --before {next}"));
    }
    Ok(())
}

/// An act for people, in one line.
fn line(entry: &AuditEntry) -> String {
    let AuditEntry { journal, by, action, .. } = entry;
    let at = admin_reads::time(entry.at);
    let subject = entry.subject.as_ref().map_or(String::new(), |s| format!(" {s}"));
    let change = match (&entry.before, &entry.after) {
        (Some(before), Some(after)) => format!(": {before} → {after}"),
        (None, Some(after)) => format!(": {after}"),
        (Some(before), None) => format!(": {before} → nothing"),
        (None, None) => String::new(),
    };
    let reason = entry.reason.as_ref().map_or(String::new(), |reason| format!(" ({reason})"));
    format!("{journal}\t{at}\t{by}\t{action}{subject}{change}{reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_told_in_one_line() {
        let mut entry = AuditEntry {
            journal: 7,
            at: 1_000,
            by: "anna".to_owned(),
            action: "section_capacity".to_owned(),
            subject: Some("LAW-1/T1".to_owned()),
            before: Some("30".to_owned()),
            after: Some("80".to_owned()),
            reason: Some("a larger room".to_owned()),
        };
        let told =
            "7\t1970-01-01T00:00:01Z\tanna\tsection_capacity LAW-1/T1: 30 → 80 (a larger room)";
        assert_eq!(line(&entry), told);
        (entry.after, entry.reason) = (None, None);
        let told = "7\t1970-01-01T00:00:01Z\tanna\tsection_capacity LAW-1/T1: 30 → nothing";
        assert_eq!(line(&entry), told);
    }
}
