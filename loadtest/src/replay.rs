//! `rush replay`: a trace again, against a gateway of our own, at its own times or faster. Times
//! before the opening, which may be days, are drawn together.

use std::collections::HashMap;
use std::fmt::Write;

use serde_json::json;

use crate::cli::{ReplayArgs, StageArgs};
use crate::error::{Error, Result};
use crate::model::Rules;
use crate::perform::{Deed, Plan};
use crate::population::{Catalogue, Course, Population, Section, Student};
use crate::rehearse;
use crate::scenario::{self, Span};
use crate::script::{Action, Later, Step, Tab, Wish};
use crate::setup;
use crate::stage::{self, Stage};
use crate::summary::About;
use crate::talk::Talk;
use crate::trace::{self, Act, Entry, Totals};

/// Longest time before the opening, in seconds.
const LEAD_MAX: f64 = 20.0;
/// Time after the last action in which outcomes may still come, in seconds.
const AFTER: f64 = 60.0;
/// Code of every block: whether she has any is all that matters.
const BLOCK: &str = "B";
/// Lag beyond which no latency is claimed, in milliseconds.
const LAG_MS_MAX: f64 = 50.0;

/// A trace made ready.
struct Replay {
    population: Population,
    tabs: Vec<Tab>,
    deeds: Vec<Deed>,
    window: (String, String),
    students: String,
    last: f64,
    totals: Totals,
}

/// Runs the command.
pub fn run(args: &ReplayArgs) -> Result<()> {
    let entries = trace::read(&args.trace)?;
    let replay = ready(&entries, args.speed, args.in_order).map_err(|what| {
        Error::BadFile(format!("{}: {what}; record it again", args.trace.display()))
    })?;
    stage::check_descriptors(replay.tabs.len())?;
    let mut stage = Stage::own(&replay.population, &replay.window.1, &replay.students)?;
    let totals = replay.totals;
    Talk::new(args.json).say(format_args!(
        "recorded: {} enrolled, {} waitlisted, {} refused, {} dropped, {} promoted; by the \
         registrar: {} placed, {} removed",
        totals.enrolled,
        totals.waitlisted,
        totals.refused,
        totals.dropped,
        totals.promoted,
        totals.placed,
        totals.removed
    ));
    let name = args.trace.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let about = About {
        scenario: name,
        about: format!("A recorded opening, {} times as fast", args.speed),
        seed: 0,
        gateway: stage.name.clone(),
        students: replay.population.students.len(),
        tabs: replay.tabs.len(),
        lag_ms_max: LAG_MS_MAX,
    };
    let plan = Plan {
        tabs: replay.tabs,
        in_flight: None,
        duration: replay.last + AFTER,
        wait_max: scenario::WAIT_MAX.duration(),
        window: replay.window.0,
        opens: true,
        deeds: replay.deeds,
        kill_after: args.kill_after.map(|after| Span::s(after.as_secs_f64())),
        duplicate: 0.0,
        rules: Rules { personal: true, alone: true },
        seed: 0,
    };
    let shown = StageArgs {
        out: args.out.clone(),
        json: args.json,
        plain: args.plain,
        ..StageArgs::default()
    };
    rehearse::carry(&mut stage, replay.population, plan, about, &[], &shown)
}

type Made<T> = std::result::Result<T, String>;

fn ready(entries: &[Entry], speed: f64, in_order: bool) -> Made<Replay> {
    let catalogue = catalogue(entries)?;
    let courses = catalogue.courses.iter().enumerate();
    let courses: HashMap<String, u32> = courses.map(|(i, c)| (c.key.clone(), i as u32)).collect();
    let first = entries.iter().filter_map(|e| match e {
        Entry::Act { at, .. } | Entry::Registrar { at, .. } => Some(*at as f64 / 1000.0 / speed),
        _ => None,
    });
    let first = first.fold(0.0, f64::min);
    // Seconds after the opening; before it the whole time is fitted into the longest lead.
    let squeeze = (LEAD_MAX / -first).min(1.0);
    let time = |at: i64| {
        let at = at as f64 / 1000.0 / speed;
        if at < 0.0 { at * squeeze } else { at }
    };
    let mut replay = Replay {
        population: Population {
            file: Some(("catalogue.json", file(entries).into_bytes())),
            catalogue,
            students: Vec::new(),
        },
        tabs: Vec::new(),
        deeds: Vec::new(),
        window: window(entries)?,
        students: String::from("id,blocks,completed\n"),
        last: 0.0,
        totals: Totals::default(),
    };
    let ranks = ranks(entries);
    // In order, what came to nothing is left out.
    let place = |turn: &Option<u32>| match in_order {
        true => turn.map(|turn| Some(ranks.partition_point(|rank| *rank < turn))),
        false => Some(None),
    };
    for entry in entries {
        match entry {
            Entry::Trace { totals, .. } => replay.totals = *totals,
            Entry::Student { n, completed, blocked } => {
                replay.add_student(*n, completed, *blocked)?;
            }
            Entry::Act { at, n, act, turn, asked } => {
                let Some(turn) = place(turn) else { continue };
                let (at, act) = match asked {
                    // One after another needs no line: an armed plan is submitted at its turn.
                    Some(asked) if in_order => (time(*at).max(0.0), &Act::Submit(asked.clone())),
                    _ => (time(*at), act),
                };
                let action = action(act, &courses)?;
                let tab = replay.tabs.get_mut(*n as usize);
                let tab = tab.ok_or_else(|| format!("student {n} is not declared"))?;
                if tab.steps.is_empty() {
                    tab.connect_at = if at < 0.0 { at } else { (at - 1.0).max(0.0) };
                }
                tab.steps.push(Step { turn, ..Step::new(at, action) });
                replay.last = replay.last.max(at);
            }
            Entry::Registrar { at, act, turn } => {
                let Some(turn) = place(turn) else { continue };
                let at = time(*at);
                let (path, body) = deed(act, &replay.window.0);
                replay.deeds.push(Deed { at, turn, path, body });
                replay.raise(act);
                replay.last = replay.last.max(at);
            }
            Entry::Window { .. } | Entry::Course { .. } => {}
        }
    }
    for tab in &mut replay.tabs {
        tab.steps.sort_by_key(|step| step.turn);
    }
    Ok(replay)
}

/// The turns that a trace has, in order: a file from which lines were taken has gaps.
fn ranks(entries: &[Entry]) -> Vec<u32> {
    let turn = |entry: &Entry| match entry {
        Entry::Act { turn, .. } | Entry::Registrar { turn, .. } => *turn,
        _ => None,
    };
    let mut ranks: Vec<u32> = entries.iter().filter_map(turn).collect();
    ranks.sort_unstable();
    ranks
}

impl Replay {
    /// The most seats that a section ever has, for the audit: it knows one capacity.
    fn raise(&mut self, act: &trace::Deed) {
        let trace::Deed::Capacity(key, capacity) = act else { return };
        let sections = &mut self.population.catalogue.sections;
        if let Some(section) = sections.iter_mut().find(|section| section.key == *key) {
            section.capacity = section.capacity.zip(*capacity).map(|(a, b)| a.max(b));
        }
    }

    fn add_student(&mut self, n: u32, completed: &[String], blocked: bool) -> Made<()> {
        if n as usize != self.tabs.len() {
            return Err(format!("student {n} is out of order"));
        }
        let key = key(n);
        let block = if blocked { BLOCK } else { "" };
        let _ = writeln!(self.students, "{key},{block},{}", completed.join(" "));
        self.population.students.push(Student { key, wishes: Vec::new() });
        self.tabs.push(Tab {
            student: n as usize,
            connect_at: 0.0,
            steps: Vec::new(),
            slow_s: 0.0,
            refresh_s: 0.0,
            cut_at: None,
            later: Later::Nothing,
            later_s: 0.0,
            second: false,
        });
        Ok(())
    }
}

/// The registrar's reason, where one must be given.
const REASON: &str = "as it was in the trace";

fn window(entries: &[Entry]) -> Made<(String, String)> {
    let found = entries.iter().find_map(|entry| match entry {
        Entry::Window { key, clash, waitlists, credit_limit, pace } => {
            let credits = credit_limit.map(|hundredths| hundredths.div_ceil(100));
            let toml = setup::window(key, "arrival", clash, *waitlists, credits, *pace);
            Some((key.clone(), toml))
        }
        _ => None,
    });
    found.ok_or_else(|| "no window in it".to_owned())
}

fn catalogue(entries: &[Entry]) -> Made<Catalogue> {
    let mut catalogue = Catalogue::default();
    for entry in entries {
        let Entry::Course { key, components, .. } = entry else { continue };
        let mut course = Course { key: key.clone(), components: Vec::new() };
        for (_, sections) in components {
            let mut indices = Vec::new();
            for section in sections {
                let known = &catalogue.sections;
                let parent = section.parent.as_ref();
                let parent = parent.map(|p| known.iter().position(|s| s.key == *p));
                if parent == Some(None) {
                    return Err(format!("section {} has an unknown parent", section.key));
                }
                let parent = parent.flatten().map(|i| i as u32);
                indices.push(known.len() as u32);
                let (key, capacity) = (section.key.clone(), section.capacity);
                catalogue.sections.push(Section { key, capacity, parent });
            }
            course.components.push(indices);
        }
        catalogue.courses.push(course);
    }
    if catalogue.courses.is_empty() { Err("no courses in it".into()) } else { Ok(catalogue) }
}

/// The catalogue as a file that the gateway imports. Prerequisites that are not in it stay.
fn file(entries: &[Entry]) -> String {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let short = |key: &str| key.rsplit('/').next().unwrap_or(key).to_owned();
    let time = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let section = |s: &trace::Section| {
        let meetings = s.meetings.iter().map(|(day, start, end, weeks)| {
            let day = days[usize::from(day.saturating_sub(1)) % 7];
            json!({ "day": day, "start": time(*start), "end": time(*end), "weeks": weeks })
        });
        let mut value = json!({ "key": short(&s.key), "meetings": meetings.collect::<Vec<_>>() });
        value["capacity"] = s.capacity.map_or_else(|| json!("unlimited"), |seats| json!(seats));
        if let Some(parent) = &s.parent {
            value["parent"] = json!(short(parent));
        }
        value
    };
    let courses = entries.iter().filter_map(|entry| {
        let Entry::Course { key, credits, prerequisites, components } = entry else { return None };
        let components = components.iter().map(|(kind, sections)| {
            json!({ "kind": kind, "sections": sections.iter().map(section).collect::<Vec<_>>() })
        });
        Some(json!({
            "code": key, "term": "term", "ects": f64::from(*credits) / 100.0,
            "name": { "nl": key, "en": key }, "prerequisites": prerequisites,
            "components": components.collect::<Vec<_>>(),
        }))
    });
    let term = json!({
        "key": "term", "name": { "nl": "Term", "en": "Term" }, "first_monday": "2027-02-08"
    });
    json!({ "terms": [term], "courses": courses.collect::<Vec<_>>() }).to_string()
}

fn action(act: &Act, courses: &HashMap<String, u32>) -> Made<Action> {
    let find = |key: &String| {
        courses.get(key).copied().ok_or_else(|| format!("course {key} is not in its catalogue"))
    };
    let wish = |wish: &trace::Wish| {
        let (choices, waitlist) = (wish.choices.clone(), wish.waitlist);
        Ok::<_, String>(Wish { course: find(&wish.course)?, choices, waitlist })
    };
    let wishes = |list: &[trace::Wish]| list.iter().map(wish).collect::<Made<Vec<_>>>();
    Ok(match act {
        Act::Plan(list) => Action::Plan(wishes(list)?),
        Act::Arm => Action::Arm,
        Act::Disarm => Action::Disarm,
        Act::Submit(list) => Action::Submit(wishes(list)?),
        Act::Drop(course) => Action::Drop(find(course)?),
        Act::Swap(from, to) => Action::Swap(find(from)?, wish(to)?),
        Act::Leave(course) => Action::Leave(find(course)?),
    })
}

/// Her key at the gateway.
fn key(n: u32) -> String {
    format!("p{n}")
}

/// Where it is posted, and what.
fn deed(act: &trace::Deed, window: &str) -> (String, Option<serde_json::Value>) {
    match act {
        trace::Deed::Close => (format!("/api/admin/windows/{window}/close"), None),
        trace::Deed::Pause => (format!("/api/admin/windows/{window}/pause"), None),
        trace::Deed::Resume => (format!("/api/admin/windows/{window}/resume"), None),
        trace::Deed::Pace(pace) => {
            let body = json!({ "pace": pace });
            (format!("/api/admin/windows/{window}/pace"), Some(body))
        }
        trace::Deed::Capacity(section, capacity) => {
            let body = json!({ "section": section, "capacity": capacity });
            ("/api/admin/sections/capacity".to_owned(), Some(body))
        }
        trace::Deed::Status(section, status) => {
            let body = json!({ "section": section, "status": status, "reason": REASON });
            ("/api/admin/sections/status".to_owned(), Some(body))
        }
        // The journal does not tell which checks were passed over.
        trace::Deed::Place { n, course, sections, moved, over } => {
            let body = json!({
                "student": key(*n), "course": course, "sections": sections,
                "over_capacity": over, "override_checks": true, "reason": REASON,
            });
            let path = if *moved { "move" } else { "enrol" };
            (format!("/api/admin/student/{path}"), Some(body))
        }
        trace::Deed::Remove { n, course } => {
            let body = json!({ "student": key(*n), "course": course, "reason": REASON });
            ("/api/admin/student/drop".to_owned(), Some(body))
        }
        trace::Deed::Block { n, blocked } => {
            let body = json!({ "student": key(*n), "code": BLOCK, "reason": REASON });
            let path = if *blocked { "block" } else { "unblock" };
            (format!("/api/admin/student/{path}"), Some(body))
        }
    }
}
