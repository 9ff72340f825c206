//! `rush run`, `record`, `replay` and `compare` as people use them: whole runs with faults, every
//! bad input in one line, and gateways that are there.

#[path = "run/registrar.rs"]
mod registrar;
#[path = "run/shipped.rs"]
mod shipped;
#[path = "run/stand_in.rs"]
mod stand_in;
#[path = "run/support.rs"]
mod support;
#[path = "run/target.rs"]
mod target;

use std::path::Path;

use serde_json::Value;

use support::{Place, outcome_totals, rush, stderr};

#[test]
fn a_scenario_is_carried_through_audited_and_reported() {
    let place = Place::new();
    let output = place.run(&[]);
    let summary = place.summary();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(summary["format"], "rush-summary/1");
    assert_eq!(summary["audit"]["violations"], 0);
    for promise in ["I1", "I5 (draw)", "I6", "I10", "I11", "I15", "export"] {
        let judged = summary["audit"]["judged"].as_array().unwrap();
        assert!(judged.iter().any(|j| j == promise), "{promise}");
    }
    let outcomes = &summary["outcomes"];
    let sum: u64 = ["enrolled", "waitlisted", "refused"]
        .iter()
        .map(|kind| outcomes[kind].as_u64().unwrap_or(0))
        .sum();
    assert!(sum >= 2 * 70, "who does not leave the line has all outcomes: {outcomes}");
    assert!(outcomes["waitlisted"].as_u64() > Some(0) && summary["frames_in"].as_u64() > Some(300));
    let page = std::fs::read_to_string(place.out().join("report.html")).unwrap();
    for part in ["Everything held", "Arrivals against decisions", "Seats left", "<svg", "Audit"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("http://") && !page.contains("<script"), "one file, no network");
}

#[test]
fn nothing_is_lost_when_everything_goes_wrong() {
    let place = Place::new();
    place.edit("duration = \"20s\"", "duration = \"40s\"");
    place.edit("waitlists = true", "waitlists = true\npace = 60");
    let faults = ["--kill-after", "300ms", "--drop-sockets", "30%", "--duplicate", "50%"];
    let output = place.run(&[&faults[..], &["--slow-readers", "10%"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let summary = place.summary();
    assert!(summary["told_at_kill"].is_u64());
    assert!(summary["cut"].as_u64() > Some(0) && summary["duplicated"].as_u64() > Some(0));
    assert!(summary["figures"]["reconnects"].as_f64() > Some(10.0));
    assert_eq!(summary["audit"]["violations"], 0);
    assert_eq!(summary["figures"]["undecided"], 0.0);
}

#[test]
fn everybody_who_waits_is_read_however_many_they_are() {
    let place = Place::new();
    place.edit("count = 80", "count = 4200\nconnected = 20");
    place.edit(
        "courses = 6\ngroups = 2\nrequests_per_student = 2\nratio = 1.4",
        "courses = 1\nrequests_per_student = 1\nratio = 100",
    );
    place.edit("arm_over = \"500ms\"\ntwo_tabs = 0.1\n", "arm_over = \"15s\"\n");
    place.edit("duration = \"20s\"", "duration = \"60s\"");
    place.edit("leave_line = 0.05\n", "");
    place.write_more("[generator]\nlag_ms_max = 5000\n");
    let output = place.run(&[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let summary = place.summary();
    assert!(summary["outcomes"]["waitlisted"].as_u64() > Some(4100), "{}", summary["outcomes"]);
    let judged = summary["audit"]["judged"].as_array().unwrap();
    for promise in ["I6", "I10", "I11"] {
        assert!(judged.iter().any(|j| j == promise), "{promise}: {}", summary["audit"]);
    }
    let audit = &summary["audit"];
    assert_eq!((&audit["unread"], &audit["left_out"]), (&0.into(), &serde_json::json!([])));
}

/// 80 armed students, of whom 10 a second are decided; the time is over after one second.
fn cut_short() -> Place {
    let place = Place::new();
    place.edit("duration = \"20s\"", "duration = \"1s\"");
    place.edit("waitlists = true", "waitlists = true\npace = 10");
    place.edit("armed = 0.5", "armed = 1.0");
    place
}

#[test]
fn a_run_that_ends_while_requests_are_undecided_accuses_nobody() {
    let place = cut_short();
    let output = place.run(&[]);
    let summary = place.summary();
    assert_eq!(summary["audit"]["violations"], 0, "{}", stderr(&output));
    assert!(summary["figures"]["undecided"].as_f64() > Some(0.0), "{}", summary["figures"]);
    assert_eq!(summary["audit"]["not_judged"], 0, "they are waited for, and judged");
    let sum: u64 = outcome_totals(&summary).iter().map(|(_, n)| n).sum();
    assert!(sum >= 2 * 70, "who does not leave the line has all outcomes: {sum}");
}

#[test]
fn a_run_that_does_not_wait_for_what_is_undecided_accuses_nobody_either() {
    let place = cut_short();
    place.edit("duration = \"1s\"", "duration = \"1s\"\nwait_max = \"1ms\"");
    let output = place.run(&[]);
    let summary = place.summary();
    assert_eq!(summary["audit"]["violations"], 0, "{}", stderr(&output));
    assert!(summary["figures"]["undecided"].as_f64() > Some(0.0), "{}", summary["figures"]);
    assert!(stderr(&output).contains("undecided at the end: "), "{}", stderr(&output));
}

#[test]
fn the_same_seed_asks_for_the_same_and_a_closed_model_works() {
    let place = Place::new();
    place.edit(
        "shape = \"spike\"\nhalf_life = \"200ms\"\nover = \"1s\"",
        "shape = \"closed\"\nin_flight = 8",
    );
    place.edit("armed = 0.5", "armed = 0.0");
    place.edit("leave_line = 0.05", "leave_line = 0.0");
    place.edit("two_tabs = 0.1\n", "");
    // Whoever comes first: each course grants min(requests, seats).
    place.edit("groups = 2", "groups = 0");
    place.edit("drop_later = 0.2\nswap_later = 0.1\n", "");
    let outcomes = |seed: &str| {
        let output = place.run(&["--seed", seed]);
        assert!(output.status.success(), "{}", stderr(&output));
        place.summary()["outcomes"]["enrolled"].clone()
    };
    assert_eq!(outcomes("5"), outcomes("5"));
}

#[test]
fn a_missed_threshold_is_99_and_compare_shows_ratios() {
    let place = Place::new();
    place.edit("\"errors == 0\"", "\"errors == 0\", \"enrolled < 1\"");
    let output = place.run(&["--json"]);
    assert_eq!(output.status.code(), Some(99));
    assert_eq!(stderr(&output).trim(), "rush: 1 thresholds missed: enrolled < 1");
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["thresholds"][1]["met"], false);
    let file = place.out().join("summary.json");
    let compared = rush().args(["compare", "--json"]).args([&file, &file]).output().unwrap();
    let rows: Value = serde_json::from_slice(&compared.stdout).unwrap();
    let enrolled = rows.as_array().unwrap().iter().find(|r| r["figure"] == "enrolled").unwrap();
    assert_eq!(enrolled["ratio"], 1.0);
    let mut fewer = place.summary();
    fewer["figures"]["enrolled"] = Value::from(1);
    let less = place.path("fewer.json");
    std::fs::write(&less, fewer.to_string()).unwrap();
    let judged = |b: &Path, limit: &str| {
        let both = [file.as_path(), b];
        rush().arg("compare").args(both).args(["--fail-if", limit]).output().unwrap()
    };
    assert_eq!(judged(&file, "enrolled:-0%").status.code(), Some(0), "as good as itself");
    let missed = judged(&less, "enrolled:-5%");
    assert_eq!(missed.status.code(), Some(99));
    assert!(stderr(&missed).contains("enrolled:-5%: 1 after "), "{}", stderr(&missed));
    assert_eq!(judged(&file, "enroled:-5%").status.code(), Some(2));
    let not = rush().arg("compare").args([place.scenario(), file]).output().unwrap();
    assert_eq!(not.status.code(), Some(78), "{}", stderr(&not));
}

#[test]
fn a_recorded_rush_comes_to_the_same_again() {
    let place = Place::new();
    let data = place.path("data");
    let kept = ["--keep-data", data.to_str().unwrap()];
    assert!(place.run(&kept).status.success());
    let first = outcome_totals(&place.summary());
    let trace = place.path("opening.trace.gz");
    let record = |data: &Path| {
        let mut command = rush();
        command.args(["record", "--data"]).arg(data).arg("--out").arg(&trace).output().unwrap()
    };
    let recorded = record(&data);
    assert!(recorded.status.success(), "{}", stderr(&recorded));
    let replayed = rush()
        .args(["replay", "--speed", "4", "--in-order", "--json", "--out"])
        .arg(place.out())
        .arg(&trace)
        .output()
        .unwrap();
    assert!(replayed.status.success(), "{}", stderr(&replayed));
    assert_eq!(outcome_totals(&place.summary()), first);
    assert_eq!(place.summary()["audit"]["violations"], 0);
    // Pseudonymous: no student of the journal is named in the trace.
    let mut text = String::new();
    let file = std::fs::File::open(&trace).unwrap();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
    assert!(!text.contains("\"u1\"") && text.contains("\"n\":0"), "students have numbers only");
    let nothing = record(&place.path("none"));
    assert_eq!(nothing.status.code(), Some(78), "{}", stderr(&nothing));
}

/// Seats for most, or for everybody; nobody waits or swaps. At other times relative to each other
/// the same requests then come to the same totals.
fn recorded_without_waitlists(ratio: &str, later: &str) {
    let place = Place::new();
    place.edit("waitlists = true", "waitlists = false");
    place.edit("two_tabs = 0.1\n", "");
    place.edit("ratio = 1.4", ratio);
    place.edit("groups = 2", "groups = 0");
    place.edit("drop_later = 0.2\nswap_later = 0.1\n", later);
    place.edit("later = \"300ms\"", "later = \"3s\"");
    let data = place.path("data");
    let output = place.run(&["--keep-data", data.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let first = place.summary();
    let trace = place.path("opening.trace");
    let recorded = rush().args(["record", "--data"]).arg(&data).arg("--out").arg(&trace).output();
    assert!(recorded.unwrap().status.success());
    let mut replay = rush();
    replay.args(["replay", "--speed", "4", "--json", "--out"]).arg(place.out()).arg(&trace);
    let replayed = replay.output().unwrap();
    assert!(replayed.status.success(), "{}", stderr(&replayed));
    let again = place.summary();
    assert_eq!(outcome_totals(&again), outcome_totals(&first), "{ratio}");
    assert_eq!(again["reasons"], first["reasons"]);
    assert_eq!(
        (&again["audit"]["violations"], &again["errors"]),
        (&0.into(), &serde_json::json!({}))
    );
    assert_eq!(again["students"], first["students"]);
    assert!(again["seconds"].as_f64() < first["seconds"].as_f64(), "four times as fast");
}

#[test]
fn a_trace_without_waitlists_and_swaps_comes_to_the_same_at_four_times_its_speed() {
    recorded_without_waitlists("ratio = 1.4", "");
    // Who has a seat at other times has one, too: so the same drops are right.
    recorded_without_waitlists("ratio = 0.5", "drop_later = 0.4\n");
}

#[test]
fn each_bad_input_is_one_line_with_its_code() {
    let place = Place::new();
    let refused = |args: &[&str], code: i32, words: &str| {
        let output = place.run(args);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        assert_eq!(text.trim_end().lines().count(), 1, "{text}");
        assert!(text.contains(words), "{args:?}: {text}");
    };
    let tokens = place.path("tokens.tsv");
    std::fs::write(&tokens, "u1\tt1\n").unwrap();
    let tokens = tokens.to_str().unwrap();
    let at = |url| ["--target", url, "--token-file", tokens];
    refused(&at("http://127.0.0.1:9"), 69, "no gateway is ready at http://127.0.0.1:9");
    refused(&at("http://192.0.2.7:80"), 2, "--i-own-this-target");
    refused(&["--target", "http://127.0.0.1:9"], 2, "--token-file");
    let kill = [&at("http://127.0.0.1:9")[..], &["--kill-after", "1s"]].concat();
    refused(&kill, 2, "only a gateway of our own can be killed");
    refused(&["--kill-after", "20s"], 2, "faults.kill_after (--kill-after) is not before the end");
    place.edit("two_tabs = 0.1\n", "");
    let spike = "shape = \"spike\"\nhalf_life = \"200ms\"\nover = \"1s\"";
    place.edit(spike, "shape = \"closed\"\nin_flight = 8");
    refused(&["--drop-sockets", "10%"], 2, "(--drop-sockets) cannot be with arrivals.shape");
    place.edit("armed = 0.5", "armd = 0.5");
    refused(&[], 78, "did you mean `armed`?");
    place.edit("armd = 0.5", "armed = 5");
    refused(&[], 78, "a share is from 0.0 to 1.0");
    let files = "sections = \"s.json\"\nrequests = \"r.csv\"";
    place.write("s.json", "[{\"id\":1,\"capacity\":3}]");
    place.write("r.csv", "student,section\n1,1\n1,9\n");
    place.demand(files);
    refused(&[], 78, "r.csv:3: section \"9\" is not in");
}

#[test]
fn a_low_descriptor_limit_comes_with_its_remedy() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_rush");
    let script = format!("ulimit -Sn 100; exec {program} run {}", place.scenario().display());
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", stderr(&output));
    assert!(stderr(&output).contains("run \"ulimit -n "), "{}", stderr(&output));
}

#[test]
fn a_saturated_generator_claims_no_latency() {
    let place = Place::new();
    place.edit("\"errors == 0\"", "\"errors == 0\", \"p50_outcome_ms < 60000\"");
    // Nothing can be sent less than a millisecond late while so many are due at once.
    place.edit("count = 80", "count = 1500");
    place.edit("half_life = \"200ms\"\nover = \"1s\"", "half_life = \"1ms\"\nover = \"2ms\"");
    place.write_more("[generator]\nlag_ms_max = 1\n");
    let output = place.run(&[]);
    assert_eq!(output.status.code(), Some(99), "{}", stderr(&output));
    assert!(stderr(&output).contains("the generator was saturated"), "{}", stderr(&output));
    let summary = place.summary();
    assert_eq!(summary["latency_ms"], Value::Null);
    assert_eq!(summary["thresholds"][1]["value"], Value::Null);
    let page = std::fs::read_to_string(place.out().join("report.html")).unwrap();
    assert!(page.contains("No latency is claimed") && !page.contains("Histogram of outcomes"));
}

#[test]
fn an_interrupted_run_keeps_its_partial_report() {
    let place = Place::new();
    place.edit("over = \"1s\"", "over = \"20s\"");
    place.edit("half_life = \"200ms\"", "half_life = \"20s\"");
    let mut child = place.command(&[]).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let said = support::until_decided(&mut child);
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let said = said.join().unwrap();
    let summary = place.summary();
    assert!(summary["partial"].as_str().unwrap().contains("interrupted"));
    assert!(summary["outcomes"]["enrolled"].as_u64() > Some(0), "{summary}\n{said}");
    assert_eq!(summary["audit"]["violations"], 0);
}

#[test]
fn every_kind_of_message_can_be_sent_twice() {
    let place = Place::new();
    place.edit("leave_line = 0.05", "leave_line = 0.3");
    place.edit("two_tabs = 0.1\n", "");
    let output = place.run(&["--duplicate", "100%"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let summary = place.summary();
    let (sent, twice) = (summary["frames_out"].as_u64(), summary["duplicated"].as_u64());
    assert_eq!(sent, twice.map(|twice| 2 * twice), "plan, arm, disarm, submit, drop and swap");
    assert!(twice > Some(2 * 40), "{twice:?}");
    assert_eq!(
        (&summary["audit"]["violations"], &summary["figures"]["undecided"]),
        (&0.into(), &0.0.into())
    );
}
