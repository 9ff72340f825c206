//! `kill -9` of the real program during its very first start, demo university and all: the next
//! one serves the whole of it, or says that nothing is there yet and how to begin. Nothing that
//! was told is lost by it, and nothing half made is ever served.
//! `SLUIS_SEED=…` repeats a run; `SLUIS_KILLS=1000` makes it a soak, see `kill`.

use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use super::kills;
use crate::powercut::seed;
use crate::support::{Moments, Process};

/// As people start it, with the demo university; nothing is there yet.
fn unstarted(home: &Path) -> Process {
    let mut process = Process::bare(home, None);
    process.set("SIGN_IN__DEMO_WITH_REAL_DATA", "false");
    process
}

/// What a gateway shows of itself: windows with how many wait, and what its journal comes to.
fn shown(process: &mut Process) -> Vec<Value> {
    let windows = process.registrar().get("/api/admin/windows").json();
    let windows = windows["windows"].as_array().unwrap().iter();
    let mut shown: Vec<_> =
        windows.map(|w| serde_json::json!([w["key"], w["state"], w["waiting"]])).collect();
    process.kill();
    let stats = process.command(&["journal", "stats", "--json"]).output().unwrap();
    let stats: Value = serde_json::from_slice(&stats.stdout).unwrap();
    shown.extend(["students", "enrolments", "violations"].map(|part| stats[part].clone()));
    shown
}

/// How the start after the kill went.
#[derive(Debug, Default)]
struct Tally {
    /// No journal yet: it begins anew.
    before: u64,
    /// A journal with nothing in it: it says how to begin.
    empty: u64,
    /// The demo university, completed where need be.
    whole: u64,
}

/// Starts it again; whether the killed one had put the demo university in its journal.
fn start_again(process: &mut Process, tally: &mut Tally) -> bool {
    let there = process.data().join("journal").exists();
    if there {
        let verified = process.command(&["journal", "verify"]).output().unwrap();
        let said = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success(), "{said}");
    }
    let said = process.said().len();
    match process.try_start() {
        Ok(()) if there => {
            tally.whole += 1;
            return true;
        }
        Ok(()) => tally.before += 1,
        Err(ended) => {
            let said = process.said_since(said);
            assert_eq!(ended.code(), Some(78), "{said}");
            assert!(said.contains("`sluis serve --fresh` begins another"), "{said}");
            tally.empty += 1;
            process.flags(&["--fresh"]);
            process.start();
        }
    }
    false
}

#[test]
fn killed_in_its_first_start_the_next_serves_all_of_the_demo_or_says_how_to_begin() {
    let (seed, mut tally) = (seed(), Tally::default());
    let whole = tempfile::tempdir().unwrap();
    let mut undisturbed = unstarted(whole.path());
    let since = Instant::now();
    undisturbed.start();
    let start = since.elapsed();
    let expected = shown(&mut undisturbed);
    let mut moments = Moments::within(start, seed);
    for kill in 0..(kills() / 3).max(2) {
        let home = tempfile::tempdir().unwrap();
        let mut process = unstarted(home.path());
        let moment = match kill {
            // The first at once, the second when it serves: both ends are there in each run.
            0 => {
                process.spawn();
                None
            }
            1 => {
                process.start();
                None
            }
            _ => {
                process.spawn();
                let moment = moments.draw();
                std::thread::sleep(moment);
                Some(moment)
            }
        };
        process.kill();
        let done = start_again(&mut process, &mut tally);
        if moment.is_some() {
            moments.was(done);
        }
        let shown = shown(&mut process);
        assert_eq!(shown, expected, "kill {kill}, {moment:?} after the start, of {start:?}");
    }
    println!("{tally:?} in {:?}, a start takes {start:?}", since.elapsed());
    assert!(tally.before + tally.empty > 0 && tally.whole > 0, "all on one side: {tally:?}");
}
