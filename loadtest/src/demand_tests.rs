//! The parts of `rush demand` that need no gateway.

use super::*;

fn ran(decided_at_kill: Option<u64>, told_at_kill: usize) -> Ran {
    Ran {
        elapsed: Duration::from_secs(1),
        cpu_us: 10.0,
        decided_at_kill,
        told_at_kill,
        reconnects: 0,
        export: Vec::new(),
    }
}

fn report(violations: usize) -> Report {
    Report {
        students: 2,
        requests: 10,
        granted: 8,
        refused: 2,
        per_section_wrong: 0,
        acknowledged_lost: 0,
        violations,
        decided_at_kill: None,
        seconds_open_to_last_outcome: 1.0,
        decisions_per_second: 10.0,
        server_cpu_us_per_decision: 1.0,
    }
}

#[test]
fn a_kill_must_fall_in_the_middle() {
    assert_eq!(verdict(&report(0), &ran(None, 0)), Ok(()));
    assert_eq!(verdict(&report(0), &ran(Some(5), 4)), Ok(()));
    for (decided, told) in [(0, 0), (10, 4), (3, 4)] {
        let told = verdict(&report(0), &ran(Some(decided), told)).unwrap_err();
        assert_eq!(told.exit_code(), 1);
    }
    assert!(verdict(&report(1), &ran(None, 0)).is_err());
}

#[test]
fn the_pace_puts_half_before_the_kill() {
    assert_eq!(pace(9647, Duration::from_millis(300)), 16_078);
    assert_eq!(pace(1, Duration::from_secs(3600)), 1);
}

#[test]
fn the_json_line_has_the_stated_keys() {
    let value = serde_json::to_value(report(0)).unwrap();
    let keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let mut stated = [
        "students",
        "requests",
        "granted",
        "refused",
        "per_section_wrong",
        "acknowledged_lost",
        "violations",
        "decided_at_kill",
        "seconds_open_to_last_outcome",
        "decisions_per_second",
        "server_cpu_us_per_decision",
    ];
    stated.sort_unstable();
    let mut keys = keys;
    keys.sort_unstable();
    assert_eq!(keys, stated);
}

#[test]
fn the_journal_says_how_much_was_decided() {
    assert_eq!(decided(r#"{"records":9,"outcomes":7}"#), Ok(7));
    assert!(decided("nonsense").is_err());
}
