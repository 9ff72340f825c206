//! `rush record`: the journal of a gateway that stands still, as a trace. The only command that
//! reads the gateway's own types: the journal is its own format.

mod acts;
mod opening;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use sluis::domain::catalogue::Catalogue;
use sluis::domain::event::{Event, Record};
use sluis::domain::ids::{CourseId, Key, Sequence, StudentId, WindowId};
use sluis::domain::registry::Registry;
use sluis::domain::window::{ClashPolicy, Window};
use sluis::journal::fold::Fold;
use sluis::journal::{self, Journal, JournalError};

use crate::cli::RecordArgs;
use crate::error::{Error, Result};
use crate::trace::{self, Entry, FORMAT, Section};
use opening::Opening;

/// Runs the command.
pub fn run(args: &RecordArgs) -> Result<()> {
    let (fold, records, mut openings) = read(&args.data)?;
    let registry = &fold.university().registry;
    let (id, window) = choose(registry, args.window.as_deref(), &args.data)?;
    let opening = openings.remove(&id).unwrap_or_default();
    let acts = acts::of(registry, id, window, &opening, &records)
        .ok_or_else(|| fault(&args.data, "the window has never opened; record it afterwards"))?;
    let mut entries = vec![
        Entry::Trace { format: FORMAT.into(), totals: acts.totals },
        window_entry(window, opening.pace),
    ];
    let covered = (0..registry.catalogue.courses.len() as u32).map(CourseId);
    let covered: Vec<CourseId> =
        covered.filter(|course| window.covers(&registry.catalogue, *course)).collect();
    let catalogue = &registry.catalogue;
    entries.extend(covered.iter().map(|course| course_entry(catalogue, *course, &opening)));
    entries.extend(students(registry, &acts.numbers, &covered, &opening));
    entries.extend(acts.entries);
    trace::write(&args.out, &entries)?;
    for (kind, times) in &acts.left_out {
        eprintln!("left out, because a replay cannot do it: {kind}, {times} times");
    }
    eprintln!("{} students, {} lines: {}", acts.numbers.len(), entries.len(), args.out.display());
    Ok(())
}

fn fault(data: &Path, what: &str) -> Error {
    Error::BadFile(format!("{}: {what}", data.display()))
}

/// The state, every record, and the state at each window's last opening.
type Journalled = (Fold, Vec<Record>, HashMap<WindowId, Opening>);

/// Reads all of it. The directory is locked meanwhile.
fn read(data: &Path) -> Result<Journalled> {
    if !data.join("journal").is_dir() {
        return Err(fault(data, "no journal here; give the gateway's data directory"));
    }
    let cannot = |e: &dyn std::fmt::Display| {
        Error::Unavailable(format!(
            "{}: {e}; stop its gateway, or record a copy of the directory",
            data.display()
        ))
    };
    let mut journal = journal::sled::open(data).map_err(|e| cannot(&e))?;
    let mut fold = Fold::default().with_keys(journal.reader().keys());
    let (mut records, mut openings) = (Vec::new(), HashMap::new());
    let replayed = journal.replay(Sequence(1), &mut |sequence, bytes| {
        let record = fold.push(sequence, bytes);
        let record = record.map_err(|e| JournalError::stopped(e.to_string()))?;
        if let Event::WindowOpened(window) = record.event {
            openings.insert(window, Opening::of(fold.university(), window));
        }
        records.push(record);
        Ok(())
    });
    replayed.map_err(|e| cannot(&e))?;
    Box::new(journal).close().map_err(|e| cannot(&e))?;
    Ok((fold, records, openings))
}

fn choose<'a>(
    registry: &'a Registry,
    key: Option<&str>,
    data: &Path,
) -> Result<(WindowId, &'a Window)> {
    let windows = registry.windows.iter().enumerate();
    let mut found = windows.filter(|(_, w)| match key {
        Some(key) => w.rules.key.as_str() == key,
        None => w.opened_at.is_some(),
    });
    let keys = || registry.windows.iter().map(|w| w.rules.key.to_string()).collect::<Vec<_>>();
    match (found.next(), found.next()) {
        (Some((i, window)), None) => Ok((WindowId(i as u32), window)),
        (None, _) if keys().is_empty() => Err(fault(data, "no window in it; nothing to record")),
        _ => {
            let list = keys().join(", ");
            Err(fault(data, &format!("give --window with one of: {list}")))
        }
    }
}

fn window_entry(window: &Window, pace: Option<u32>) -> Entry {
    let rules = &window.rules;
    Entry::Window {
        key: rules.key.to_string(),
        clash: match rules.clash {
            ClashPolicy::Warn => "warn".into(),
            ClashPolicy::Refuse => "refuse".into(),
        },
        waitlists: rules.waitlists,
        credit_limit: rules.credit_limit.map(|credits| credits.0),
        pace,
    }
}

fn course_entry(catalogue: &Catalogue, id: CourseId, opening: &Opening) -> Entry {
    let course = catalogue.course(id);
    let section = |id: &sluis::domain::ids::SectionId| {
        let info = catalogue.section(*id);
        let meeting = |m: &sluis::domain::catalogue::Meeting| {
            (m.weekday, m.start, m.end, m.weeks.iter().collect())
        };
        Section {
            key: info.key.to_string(),
            capacity: opening.capacity(*id, info.capacity),
            parent: info.parent.map(|parent| catalogue.section(parent).key.to_string()),
            meetings: info.meetings.iter().map(meeting).collect(),
        }
    };
    let components = course.components.iter();
    let components =
        components.map(|c| (c.kind.as_str().to_owned(), c.sections.iter().map(section).collect()));
    Entry::Course {
        key: course.key.to_string(),
        credits: course.credits.0,
        prerequisites: course.prerequisites.iter().map(ToString::to_string).collect(),
        components: components.collect(),
    }
}

/// Of each student who did something, only what a decision can depend on.
fn students(
    registry: &Registry,
    numbers: &HashMap<StudentId, u32>,
    covered: &[CourseId],
    opening: &Opening,
) -> Vec<Entry> {
    let catalogue = &registry.catalogue;
    let required: BTreeSet<&str> = covered
        .iter()
        .flat_map(|course| &catalogue.course(*course).prerequisites)
        .map(Key::as_str)
        .collect();
    let mut order: Vec<(u32, StudentId)> = numbers.iter().map(|(id, n)| (*n, *id)).collect();
    order.sort_unstable();
    let entry = |(n, id): (u32, StudentId)| {
        let profile = &registry.student(id).profile;
        let completed = profile.completed.iter().map(ToString::to_string);
        let completed = completed.filter(|key| required.contains(key.as_str())).collect();
        Entry::Student { n, completed, blocked: opening.blocks.contains_key(&id) }
    };
    order.into_iter().map(entry).collect()
}
