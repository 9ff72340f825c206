//! Scripts have the shares that the scenario asks for.

use std::path::Path;

use super::*;

fn scenario(more: &str) -> Scenario {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.toml");
    let text = format!(
        "name = \"t\"\nduration = \"10s\"\n{more}\n[demand]\ncourses = 5\n\
         requests_per_student = 2\nratio = 1\n[arrivals]\nshape = \"uniform\"\nover = \"5s\"\n"
    );
    std::fs::write(&path, text).unwrap();
    crate::scenario::read(Path::new(&path)).unwrap()
}

fn tabs(more: &str) -> Vec<Tab> {
    let scenario = scenario(more);
    let population = crate::population::of(&scenario, 1).unwrap();
    write(&scenario, &population, 1).unwrap()
}

fn count(tabs: &[Tab], action: &Action) -> usize {
    tabs.iter().filter(|tab| tab.steps.iter().any(|s| s.action == *action)).count()
}

#[test]
fn those_without_a_browser_arm_and_go() {
    let tabs = tabs("[students]\ncount = 1000\nconnected = 300\n[behaviour]\narmed = 0.5");
    assert_eq!(count(&tabs, &Action::Close), 700);
    assert_eq!(count(&tabs, &Action::Arm), 850);
    assert!(
        tabs.iter()
            .all(|t| t.connect_at < 0.0 || count(std::slice::from_ref(t), &Action::Arm) == 0)
    );
    assert!(lead(&tabs) > 1.9);
}

#[test]
fn behaviour_comes_in_its_shares() {
    let tabs = tabs(
        "[students]\ncount = 2000\n[behaviour]\narmed = 1\nleave_line = 0.1\ntwo_tabs = 0.2\n\
         slow = 0.1\ndrop_later = 0.25\nswap_later = 0.25\n[faults]\ndrop_sockets = 0.3",
    );
    let share = |n: usize| n as f64 / 2000.0;
    assert!((share(count(&tabs, &Action::Disarm)) - 0.1).abs() < 0.03);
    assert!((share(tabs.iter().filter(|t| t.second).count()) - 0.2).abs() < 0.03);
    let first: Vec<_> = tabs.iter().filter(|t| !t.second).collect();
    assert!((share(first.iter().filter(|t| t.slow_s > 0.0).count()) - 0.1).abs() < 0.03);
    assert!((share(first.iter().filter(|t| t.later == Later::Swap).count()) - 0.25).abs() < 0.04);
    assert!((share(first.iter().filter(|t| t.cut_at.is_some()).count()) - 0.3).abs() < 0.04);
}
