//! The scenarios that are shipped, each as it is but for its size, its times and thresholds of speed:
//! on any machine nobody loses anything in one of them.

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::support::{Place, stderr};

/// What is put in place of what, in a shipped file.
type Edits = &'static [(&'static str, &'static str)];

/// Carries a shipped scenario through, smaller; what it comes to.
fn carried_through(place: &Place, name: &str, edits: Edits) -> Value {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(name);
    place.write("small.toml", &std::fs::read_to_string(shipped).unwrap());
    for (from, to) in edits {
        place.edit(from, to);
    }
    let output = place.run(&[]);
    assert!(output.status.success(), "{name}: {}", stderr(&output));
    let summary = place.summary();
    assert_eq!(summary["audit"]["violations"], 0, "{name}: {}", summary["audit"]);
    let decided: u64 =
        summary["outcomes"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert!(decided > 0, "{name}: {summary}");
    summary
}

fn figure(summary: &Value, name: &str) -> f64 {
    summary["figures"][name].as_f64().unwrap_or_else(|| panic!("{name}: {}", summary["figures"]))
}

#[test]
fn a_little_of_everything() {
    let edits: Edits =
        &[("duration = \"5s\"", "duration = \"60s\""), (", \"p99_outcome_ms < 1000\"", "")];
    carried_through(&Place::new(), "smoke.toml", edits);
}

#[test]
fn a_whole_university_most_of_it_armed_and_gone() {
    let edits: Edits = &[
        ("count = 34_000\nconnected = 18_000", "count = 340\nconnected = 180"),
        ("courses = 800", "courses = 8"),
        (",\n  \"last_durable_s <= 3\", \"last_told_s <= 5\"", ""),
        ("arm_over = \"40s\"", "arm_over = \"2s\""),
        ("duration = \"30s\"", "duration = \"60s\""),
    ];
    let summary = carried_through(&Place::new(), "university-34k.toml", edits);
    assert!(figure(&summary, "last_durable_s") <= figure(&summary, "last_told_s"), "{summary}");
}

#[test]
fn waves() {
    let edits: Edits = &[
        ("count = 6000", "count = 120"),
        ("courses = 150", "courses = 6"),
        (", \"p99_outcome_ms < 250\"", ""),
        ("every = \"10s\"", "every = \"1s\""),
        ("half_life = \"1500ms\"", "half_life = \"150ms\""),
        ("later = \"5s\"", "later = \"1s\""),
    ];
    carried_through(&Place::new(), "waves.toml", edits);
}

#[test]
fn everyones_socket_drops_at_once() {
    let edits: Edits = &[
        ("count = 3000", "count = 150"),
        ("courses = 60", "courses = 6"),
        (", \"p99_connect_ms < 3000\"", ""),
        ("pace = 400", "pace = 20"),
        ("arm_over = \"5s\"", "arm_over = \"2s\""),
        ("duration = \"30s\"", "duration = \"60s\""),
    ];
    let summary = carried_through(&Place::new(), "herd-reconnect.toml", edits);
    assert_eq!(summary["cut"], 150, "{summary}");
    assert!(figure(&summary, "reconnects") >= 150.0, "{}", summary["figures"]);
}

#[test]
fn one_hot_section() {
    let edits: Edits = &[
        ("count = 5000", "count = 200"),
        (", \"p99_outcome_ms < 1000\"", ""),
        ("over = \"8s\"", "over = \"2s\""),
        ("arm_over = \"5s\"", "arm_over = \"1s\""),
        ("duration = \"20s\"", "duration = \"60s\""),
    ];
    let summary = carried_through(&Place::new(), "one-hot-section.toml", edits);
    // Twenty-five ask for each seat.
    assert!(summary["outcomes"]["waitlisted"].as_u64() > Some(150), "{}", summary["outcomes"]);
}

#[test]
fn a_calm_half_hour_in_seconds() {
    let edits: Edits = &[
        ("count = 15_000", "count = 150"),
        ("courses = 300", "courses = 8"),
        (", \"p99_outcome_ms < 250\",\n  \"p999_outcome_ms < 1000\"", ""),
        ("over = \"28m\"", "over = \"4s\""),
        ("arm_over = \"20s\"", "arm_over = \"1s\""),
        ("later = \"1m\"", "later = \"1s\""),
        ("refresh_every = \"5s\"", "refresh_every = \"1s\""),
        ("duration = \"30m\"", "duration = \"60s\""),
    ];
    carried_through(&Place::new(), "soak.toml", edits);
}

fn gzipped(path: &Path, text: &str) {
    let mut file = GzEncoder::new(std::fs::File::create(path).unwrap(), Compression::fast());
    file.write_all(text.as_bytes()).unwrap();
    file.finish().unwrap();
}

#[test]
fn real_demand_from_files() {
    let place = Place::new();
    // As the files of a term are: sections with their seats, and who asked for which.
    let section = |id: u32| {
        serde_json::json!({
            "id": id, "code": format!("C{id}"), "name": format!("Course {id}"), "campus": "N",
            "credits": 4, "capacity": 10, "meetings": [],
        })
    };
    let sections: Vec<_> = (1..=6).map(section).collect();
    let sections = serde_json::to_string(&sections).unwrap();
    gzipped(&place.path("2017q1_requests_sections.json.gz"), &sections);
    let rows = (0..120).map(|student| format!("{student},{}\n", 1 + student % 5));
    let requests = format!("student,section\n{}", rows.collect::<String>());
    gzipped(&place.path("2017q1_requests.csv.gz"), &requests);
    let edits: Edits = &[
        (", \"p99_outcome_ms < 5000\"", ""),
        ("over = \"15s\"", "over = \"2s\""),
        ("half_life = \"2s\"", "half_life = \"300ms\""),
        ("arm_over = \"10s\"", "arm_over = \"1s\""),
        ("duration = \"30s\"", "duration = \"60s\""),
    ];
    let summary = carried_through(&place, "ufabc.toml", edits);
    // Five sections are wanted by 24 each.
    assert_eq!(summary["outcomes"]["enrolled"], 50, "{}", summary["outcomes"]);
}
