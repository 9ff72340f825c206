//! The auditor must be quiet on a right run and flag each seeded fault.

use std::borrow::Cow;

use super::*;
use crate::files::{Section, Student};

fn demand() -> Demand {
    let section = |id: &str, capacity| Section { id: id.into(), capacity };
    let student =
        |key: &str, requests: &[u32]| Student { key: key.into(), requests: requests.into() };
    Demand {
        sections: vec![section("10", 1), section("20", 5)],
        students: vec![student("u1", &[0, 1]), student("u2", &[0])],
    }
}

fn id(student: usize) -> Uuid {
    Uuid::from_u128(student as u128 + 1)
}

fn enrolled(student: usize, course: &str, journal: u64) -> Outcome<'_> {
    Outcome {
        id: Cow::Owned(id(student).to_string()),
        course: Cow::Borrowed(course),
        outcome: Cow::Borrowed("enrolled"),
        sections: vec![Cow::Owned(format!("{course}/1"))],
        reason: None,
        journal,
    }
}

fn refused(student: usize, course: &str, journal: u64) -> Outcome<'_> {
    Outcome {
        outcome: Cow::Borrowed("refused"),
        sections: Vec::new(),
        reason: Some(Cow::Borrowed("full")),
        ..enrolled(student, course, journal)
    }
}

fn pair(student: &str, course: &str) -> (String, String) {
    (student.into(), course.into())
}

fn right_export() -> Vec<(String, String)> {
    vec![pair("u1", "10"), pair("u1", "20")]
}

/// A right run, changed by `fault`, then finished with `export`.
fn run(fault: impl FnOnce(&mut Auditor), export: &[(String, String)]) -> Findings {
    let demand = demand();
    let mut auditor = Auditor::new(&demand, vec![id(0), id(1)]);
    auditor.told(0, &enrolled(0, "10", 5));
    auditor.told(0, &enrolled(0, "20", 5));
    auditor.told(1, &refused(1, "10", 6));
    fault(&mut auditor);
    auditor.finish(export)
}

fn kinds(findings: &Findings) -> Vec<Broken> {
    findings.violations.iter().map(|v| v.what).collect()
}

#[test]
fn a_right_run_has_no_violation() {
    let findings = run(|_| {}, &right_export());
    assert_eq!(findings, Findings { granted: 2, refused: 1, ..Findings::default() });
}

#[test]
fn the_same_told_again_is_no_fault() {
    let again = |auditor: &mut Auditor| {
        auditor.told_again(0, &[enrolled(0, "20", 5), enrolled(0, "10", 5)]);
        auditor.told(1, &refused(1, "10", 6));
    };
    assert_eq!(kinds(&run(again, &right_export())), []);
}

#[test]
fn an_oversold_section_is_found() {
    let demand = demand();
    let mut auditor = Auditor::new(&demand, vec![id(0), id(1)]);
    auditor.told(0, &enrolled(0, "10", 5));
    auditor.told(0, &enrolled(0, "20", 5));
    auditor.told(1, &enrolled(1, "10", 6));
    let mut export = right_export();
    export.push(pair("u2", "10"));
    let findings = auditor.finish(&export);
    assert_eq!(kinds(&findings), [Broken::Oversold]);
    assert_eq!(findings.per_section_wrong, 1);
    assert_eq!(findings.granted, 3);
}

#[test]
fn a_seat_left_while_somebody_was_refused_is_found() {
    let demand = demand();
    let mut auditor = Auditor::new(&demand, vec![id(0), id(1)]);
    auditor.told(0, &refused(0, "10", 5));
    auditor.told(0, &enrolled(0, "20", 5));
    auditor.told(1, &refused(1, "10", 6));
    let findings = auditor.finish(&[pair("u1", "20")]);
    assert_eq!(kinds(&findings), [Broken::Undersold]);
    assert_eq!(findings.per_section_wrong, 1);
}

#[test]
fn a_changed_outcome_is_found_even_if_only_the_receipt_differs() {
    let changed = run(|a| a.told(1, &refused(1, "10", 7)), &right_export());
    assert_eq!(kinds(&changed), [Broken::Changed]);
    assert_eq!(changed.acknowledged_lost, 1);
    let turned = run(|a| a.told(1, &enrolled(1, "10", 6)), &right_export());
    assert_eq!(kinds(&turned), [Broken::Changed]);
}

#[test]
fn an_outcome_lost_over_a_restart_is_found() {
    let lost = run(|a| a.told_again(0, &[enrolled(0, "10", 5)]), &right_export());
    assert_eq!(kinds(&lost), [Broken::Lost]);
    assert_eq!(lost.acknowledged_lost, 1);
    assert_eq!(lost.violations[0].course, "20");
}

#[test]
fn an_outcome_that_is_not_in_the_export_is_lost() {
    let findings = run(|_| {}, &[pair("u1", "10")]);
    assert_eq!(kinds(&findings), [Broken::Lost]);
    assert_eq!(findings.acknowledged_lost, 1);
}

#[test]
fn an_outcome_never_told_is_found() {
    let demand = demand();
    let mut auditor = Auditor::new(&demand, vec![id(0), id(1)]);
    auditor.told(0, &enrolled(0, "10", 5));
    auditor.told(0, &enrolled(0, "20", 5));
    assert_eq!(auditor.decided(), 2);
    let findings = auditor.finish(&right_export());
    assert_eq!(kinds(&findings), [Broken::Missing]);
    assert!(findings.violations[0].to_string().contains("student u2, course 10"));
}

#[test]
fn doubles_and_strangers_in_the_export_are_found() {
    let with = |more: (String, String)| {
        let mut export = right_export();
        export.push(more);
        kinds(&run(|_| {}, &export))
    };
    assert_eq!(with(pair("u1", "10")), [Broken::Double]);
    assert_eq!(with(pair("u2", "10")), [Broken::ExportedNotTold]);
    assert_eq!(with(pair("u2", "20")), [Broken::ExportedNotTold]);
    assert_eq!(with(pair("u9", "10")), [Broken::ExportedNotTold]);
}

#[test]
fn what_was_not_asked_or_cannot_be_is_found() {
    let other_id = |a: &mut Auditor| a.told(1, &refused(0, "10", 6));
    assert_eq!(kinds(&run(other_id, &right_export())), [Broken::NotAsked]);
    let other_course = |a: &mut Auditor| a.told(1, &refused(1, "20", 6));
    assert_eq!(kinds(&run(other_course, &right_export())), [Broken::NotAsked]);

    let demand = demand();
    let mut auditor = Auditor::new(&demand, vec![id(0), id(1)]);
    let mut clash = refused(0, "10", 5);
    clash.reason = Some(Cow::Borrowed("clash"));
    auditor.told(0, &clash);
    let mut elsewhere = enrolled(0, "20", 5);
    elsewhere.sections = vec![Cow::Borrowed("10/1")];
    auditor.told(0, &elsewhere);
    let found: Vec<_> = auditor.violations.iter().map(|v| v.what).collect();
    assert_eq!(found, [Broken::WrongOutcome, Broken::WrongSeat]);
}
