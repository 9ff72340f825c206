//! Scenarios: the shipped ones are sound, and each fault is told in one line with its remedy.

use super::*;

const GOOD: &str = r#"
name = "t"
duration = "5s"
thresholds = ["errors == 0"]
[students]
count = 100
[demand]
courses = 5
requests_per_student = 2
ratio = 1.2
[arrivals]
shape = "spike"
half_life = "1s"
over = "4s"
[behaviour]
armed = 0.5
"#;

fn check_text(text: &str) -> Result<Scenario> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.toml");
    std::fs::write(&path, text).unwrap();
    read(&path)
}

/// The fault told when `from` is replaced by `to`.
fn fault(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let error = check_text(&GOOD.replace(from, to)).unwrap_err();
    assert_eq!(error.exit_code(), 78, "{error}");
    let text = error.to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn the_shipped_scenarios_are_sound() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let readme = std::fs::read_to_string(dir.join("README.md")).unwrap();
    let files = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    assert_eq!(files.len(), 7);
    for path in files {
        let scenario = read(&path).unwrap();
        assert_eq!(path.file_stem().unwrap().to_str(), Some(scenario.name.as_str()));
        assert!(!scenario.about.is_empty() && !scenario.thresholds.is_empty(), "{path:?}");
        assert!(readme.contains(&format!("`{}`", scenario.name)), "README: {path:?}");
    }
}

#[test]
fn wrong_keys_are_told_with_the_right_ones() {
    let told = fault("armed = 0.5", "amred = 0.5");
    assert!(told.contains("s.toml:16: ") && told.contains("did you mean `armed`?"), "{told}");
    assert!(fault("ratio", "ratoi").contains("did you mean `ratio`?"));
    assert!(fault("half_life", "halflife").contains("did you mean `half_life`?"));
    assert!(fault("\"spike\"", "\"spice\"").contains("did you mean `spike`?"));
    assert!(fault("errors == 0", "eror == 0").contains("did you mean `errors`?"));
    assert!(fault("duration", "duraton").contains("did you mean `duration`?"));
}

#[test]
fn impossible_numbers_are_told() {
    assert!(fault("armed = 0.5", "armed = 1.5").contains("a share is from 0.0 to 1.0"));
    assert!(fault("count = 100", "count = 0").contains("give 1 to 200000"));
    assert!(fault("count = 100", "connected = 5").contains("say how many students"));
    assert!(fault("count = 100", "count = 100\nconnected = 101").contains("more than there are"));
    assert!(fault("ratio = 1.2", "ratio = -1.0").contains("give 0.01 to 1000"));
    assert!(fault("requests_per_student = 2", "requests_per_student = 6").contains("1 to 5"));
    assert!(fault("\"5s\"", "\"5\"").contains("has no unit"));
    assert!(fault("courses = 5", "courses = -1").contains("invalid value"));
}

#[test]
fn a_window_that_no_gateway_takes_is_told_with_its_line() {
    let window = |more: &str| fault("[behaviour]", &format!("[window]\n{more}\n[behaviour]"));
    for pace in ["0", "1000001"] {
        let told = window(&format!("pace = {pace}"));
        assert!(told.contains("s.toml:16: window.pace = "), "{told}");
        assert!(told.contains("give 1 to 1000000"), "{told}");
    }
    for credits in ["0", "241"] {
        let told = window(&format!("key = \"k\"\ncredit_limit = {credits}"));
        assert!(told.contains("s.toml:17: window.credit_limit = "), "{told}");
        assert!(told.contains("give 1 to 240"), "{told}");
    }
    let good = "[window]\npace = 1000000\ncredit_limit = 240\n[behaviour]";
    check_text(&GOOD.replace("[behaviour]", good)).unwrap();
    let least = "[window]\npace = 1\ncredit_limit = 1\n[behaviour]";
    check_text(&GOOD.replace("[behaviour]", least)).unwrap();
}

#[test]
fn what_would_never_happen_is_refused() {
    let spike = "shape = \"spike\"\nhalf_life = \"1s\"\nover = \"4s\"\n[behaviour]\narmed = 0.5";
    let closed = |more: &str| {
        let closed = "shape = \"closed\"\nin_flight = 3\n[behaviour]\narmed = 0.5";
        fault(spike, &format!("{closed}\n{more}"))
    };
    let told = closed("two_tabs = 0.1");
    assert!(told.contains("s.toml:16: behaviour.two_tabs cannot be with"), "{told}");
    let told = closed("[faults]\ndrop_sockets = 0.1");
    assert!(told.contains("s.toml:17: faults.drop_sockets"), "{told}");
    let at = |fault_: &str| fault("armed = 0.5", &format!("armed = 0.5\n[faults]\n{fault_}"));
    let told = at("drop_sockets = 0.1\ndrop_at = \"5s\"");
    assert!(told.contains("s.toml:19: faults.drop_at is not before the end"), "{told}");
    let told = at("kill_after = \"6s\"");
    assert!(told.contains("s.toml:18: faults.kill_after"), "{told}");
}
