//! The model must be quiet on a right run and catch each seeded lie.

use std::borrow::Cow;

use super::*;
use crate::population::{Course, Section};

/// Course A has one section of one seat; B a lecture and two groups of one seat each.
fn catalogue() -> Rc<Catalogue> {
    let section =
        |key: &str, seats| Section { key: key.into(), capacity: Some(seats), parent: None };
    Rc::new(Catalogue {
        sections: vec![
            section("A/L", 1),
            section("B/L", 2),
            section("B/T1", 1),
            section("B/T2", 1),
        ],
        courses: vec![
            Course { key: "A".into(), components: vec![vec![0]] },
            Course { key: "B".into(), components: vec![vec![1], vec![2, 3]] },
        ],
    })
}

fn id(n: usize) -> Uuid {
    Uuid::from_u128(n as u128 + 1)
}

fn model() -> Model {
    let students = Rc::new(vec!["u0".to_owned(), "u1".to_owned(), "u2".to_owned()]);
    let mut model = Model::new(catalogue(), students, Rules { personal: false, alone: true });
    for student in 0..3 {
        model.asked(student, id(student), Asked::Plan, vec![0]);
        model.ticket(student as u32, id(student));
    }
    model
}

fn outcome(
    request: usize,
    course: &'static str,
    what: &'static str,
    journal: u64,
) -> OutcomeTold<'static> {
    let sections = match (what, course) {
        ("enrolled", "A") => vec![Cow::Borrowed("A/L")],
        ("enrolled", _) => vec![Cow::Borrowed("B/L"), Cow::Borrowed("B/T1")],
        _ => Vec::new(),
    };
    OutcomeTold {
        id: Cow::Owned(id(request).to_string()),
        course: Cow::Borrowed(course),
        outcome: Cow::Borrowed(what),
        sections,
        keeps: None,
        reason: (what == "refused").then_some(Cow::Borrowed("full")),
        journal,
        at: journal,
    }
}

fn promoted(journal: u64) -> Message<'static> {
    Message {
        journal,
        id: Cow::Owned(format!("{journal}.0")),
        at: journal,
        kind: Cow::Borrowed("promoted"),
        course: Some(Cow::Borrowed("A")),
        sections: vec![Cow::Borrowed("A/L")],
        about: None,
    }
}

fn row(student: &str, course: &str, sections: &[&str], journal: u64) -> Exported {
    let sections = sections.iter().map(|s| (*s).to_owned()).collect();
    Exported { student: student.into(), course: course.into(), sections, journal }
}

/// 0 gets the seat, 1 and 2 wait, 0 drops, 1 is promoted.
fn right(model: &mut Model) {
    model.told(0, &outcome(0, "A", "enrolled", 10));
    model.told(1, &outcome(1, "A", "waitlisted", 11));
    model.told(2, &outcome(2, "A", "waitlisted", 12));
    model.asked(0, id(10), Asked::Change { gives: None }, vec![0]);
    model.told(0, &outcome(10, "A", "dropped", 13));
    model.pushed(1, 0, &promoted(14));
    model.centre(1, &[promoted(14)]);
}

fn right_export() -> Vec<Exported> {
    vec![row("u1", "A", &["A/L"], 14)]
}

/// The promises that the findings name, each once.
fn broken(model: Model, export: &[Exported]) -> Vec<Promise> {
    let findings = model.finish(Some(export), Some(&[0, 1, 2]), true);
    findings.counts.into_keys().collect()
}

/// A right run with a lie at its end.
fn lie(lie: impl FnOnce(&mut Model)) -> Vec<Promise> {
    let mut model = model();
    right(&mut model);
    lie(&mut model);
    broken(model, &right_export())
}

#[test]
fn a_right_run_is_right() {
    assert_eq!(lie(|_| {}), []);
    let mut again = model();
    right(&mut again);
    again.told(1, &outcome(1, "A", "waitlisted", 11));
    let new = again.welcomed(1, &[outcome(1, "A", "waitlisted", 11)], 11);
    assert_eq!((new, again.violations()), (0, 0), "the same again is no fault");
    let findings = again.finish(Some(&right_export()), None, true);
    assert_eq!((findings.undecided, findings.outcomes["promoted"]), (0, 1));
}

fn by_registrar(journal: u64, kind: &'static str) -> Message<'static> {
    let sections = if kind == "registrar_dropped" { vec![] } else { vec![Cow::Borrowed("A/L")] };
    Message { kind: Cow::Borrowed(kind), sections, ..promoted(journal) }
}

#[test]
fn a_registrars_grant_is_no_oversell_and_the_same_by_promotion_is() {
    let run = |kind: &'static str| {
        let mut model = model();
        model.told(0, &outcome(0, "A", "enrolled", 10));
        model.told(1, &outcome(1, "A", "waitlisted", 11));
        model.told(2, &outcome(2, "A", "waitlisted", 12));
        model.pushed(1, 0, &by_registrar(13, kind));
        model.centre(1, &[by_registrar(13, kind)]);
        broken(model, &[row("u0", "A", &["A/L"], 10), row("u1", "A", &["A/L"], 13)])
    };
    assert_eq!(run("registrar_enrolled"), []);
    assert_eq!(run("promoted"), [Promise::I1]);
}

#[test]
fn what_the_registrar_takes_back_is_free_again() {
    let mut model = model();
    model.told(0, &outcome(0, "A", "enrolled", 10));
    model.told(1, &outcome(1, "A", "waitlisted", 11));
    model.told(2, &outcome(2, "A", "waitlisted", 12));
    model.pushed(0, 0, &by_registrar(13, "registrar_dropped"));
    model.pushed(1, 0, &promoted(14));
    assert_eq!(broken(model, &right_export()), []);
}

#[test]
fn two_tabs_that_arm_have_one_outcome() {
    let mut model = model();
    model.asked(2, id(20), Asked::Plan, vec![0]);
    model.ticket(2, id(20));
    assert!(model.is_same_ticket(id(2), id(20)) && !model.is_same_ticket(id(1), id(20)));
    right(&mut model);
    let findings = model.finish(Some(&right_export()), Some(&[0, 1, 2]), true);
    assert_eq!((findings.undecided, findings.counts.len()), (0, 0));
}

#[test]
fn a_seat_too_many_is_oversold() {
    let mut model = model();
    model.told(0, &outcome(0, "A", "enrolled", 10));
    model.told(1, &outcome(1, "A", "enrolled", 11));
    model.told(2, &outcome(2, "A", "refused", 12));
    let export = [row("u0", "A", &["A/L"], 10), row("u1", "A", &["A/L"], 11)];
    let findings = model.finish(Some(&export), None, true);
    assert_eq!(findings.counts, [(Promise::I1, 1)].into());
    let text = findings.violations[0].to_string();
    assert!(text.contains("student u1") && text.contains("A/L"), "{text}");
    assert!(text.contains(&id(1).to_string()), "{text}");
}

#[test]
fn what_was_told_and_is_gone_is_lost() {
    assert_eq!(lie(|m| assert_eq!(m.welcomed(1, &[], 11), 0)), [Promise::I2]);
    let mut gone = model();
    right(&mut gone);
    assert_eq!(broken(gone, &[]), [Promise::I2]);
}

#[test]
fn a_changed_outcome_and_one_never_asked_are_caught() {
    let changed = lie(|m| assert!(!m.told(1, &outcome(1, "A", "refused", 11))));
    assert_eq!(changed, [Promise::I3]);
    assert_eq!(lie(|m| assert!(!m.told(2, &outcome(0, "A", "enrolled", 20)))), [Promise::I3]);
    let mut more = right_export();
    more.push(row("u2", "B", &["B/L", "B/T2"], 9));
    let mut model = model();
    right(&mut model);
    assert_eq!(broken(model, &more), [Promise::I3]);
}

#[test]
fn half_a_course_is_caught() {
    let half = lie(|m| {
        m.asked(0, id(20), Asked::Plan, vec![1]);
        let mut told = outcome(20, "B", "enrolled", 30);
        told.sections.pop();
        m.told(0, &told);
    });
    assert!(half.contains(&Promise::I4), "{half:?}");
}

#[test]
fn a_rising_position_and_a_turn_out_of_order_are_caught() {
    let rising = lie(|m| {
        m.position(2, 7, 5);
        m.position(2, 7, 4);
        m.position(2, 8, 9);
        m.position(2, 7, 6);
    });
    assert_eq!(rising, [Promise::I5]);
    let mut model = model();
    right(&mut model);
    let findings = model.finish(Some(&right_export()), Some(&[0, 2, 1]), true);
    assert_eq!(findings.counts, [(Promise::I5, 1)].into());
}

#[test]
fn a_plan_in_two_records_is_caught() {
    let split = lie(|m| {
        m.asked(0, id(20), Asked::Plan, vec![1, 0]);
        m.told(0, &outcome(20, "B", "enrolled", 30));
        m.told(0, &outcome(20, "A", "refused", 31));
    });
    assert!(split.contains(&Promise::I5), "{split:?}");
}

#[test]
fn a_newcomer_before_who_waits_is_caught() {
    let mut model = model();
    model.told(0, &outcome(0, "A", "enrolled", 10));
    model.told(1, &outcome(1, "A", "waitlisted", 11));
    model.asked(0, id(10), Asked::Change { gives: None }, vec![0]);
    model.told(0, &outcome(10, "A", "dropped", 13));
    model.told(2, &outcome(2, "A", "enrolled", 14));
    assert_eq!(broken(model, &[row("u2", "A", &["A/L"], 14)]), [Promise::I6]);
}

#[test]
fn the_second_of_the_waitlist_promoted_first_is_caught() {
    let mut model = model();
    model.told(0, &outcome(0, "A", "enrolled", 10));
    model.told(1, &outcome(1, "A", "waitlisted", 11));
    model.told(2, &outcome(2, "A", "waitlisted", 12));
    model.asked(0, id(10), Asked::Change { gives: None }, vec![0]);
    model.told(0, &outcome(10, "A", "dropped", 13));
    model.pushed(2, 0, &promoted(14));
    assert_eq!(broken(model, &[row("u2", "A", &["A/L"], 14)]), [Promise::I6]);
}

#[test]
fn two_seats_in_one_course_are_a_double() {
    let double = lie(|m| {
        m.asked(0, id(20), Asked::Plan, vec![1]);
        m.asked(0, id(21), Asked::Plan, vec![1]);
        m.told(0, &outcome(20, "B", "enrolled", 30));
        let mut second = outcome(21, "B", "enrolled", 31);
        second.sections[1] = Cow::Borrowed("B/T2");
        m.told(0, &second);
    });
    assert!(double.contains(&Promise::I7), "{double:?}");
    let mut twice = right_export();
    twice.extend(right_export());
    let mut model = model();
    right(&mut model);
    assert_eq!(broken(model, &twice), [Promise::I7]);
}

#[test]
fn a_promotion_untold_or_told_twice_is_caught() {
    let mut untold = model();
    untold.told(0, &outcome(0, "A", "enrolled", 10));
    untold.told(1, &outcome(1, "A", "waitlisted", 11));
    untold.told(2, &outcome(2, "A", "waitlisted", 12));
    untold.asked(0, id(10), Asked::Change { gives: None }, vec![0]);
    untold.told(0, &outcome(10, "A", "dropped", 13));
    untold.centre(1, &[]);
    assert_eq!(broken(untold, &right_export()), [Promise::I10]);
    assert_eq!(lie(|m| m.pushed(1, 0, &promoted(14))), [Promise::I10]);
    assert_eq!(lie(|m| m.centre(1, &[promoted(14), promoted(14)])), [Promise::I10]);
}

#[test]
fn full_with_a_free_seat_is_caught() {
    let free = lie(|m| {
        m.asked(0, id(20), Asked::Plan, vec![1]);
        m.told(0, &outcome(20, "B", "refused", 30));
    });
    assert_eq!(free, [Promise::I11]);
}

#[test]
fn an_order_against_real_time_is_caught() {
    let late = lie(|m| {
        m.asked(2, id(20), Asked::Plan, vec![1]);
        m.told(2, &outcome(20, "B", "refused", 12));
    });
    assert!(late.contains(&Promise::I15), "{late:?}");
}

#[test]
fn a_swap_gives_the_old_seat_back() {
    let swap = |gives| {
        let mut model = model();
        model.told(0, &outcome(0, "A", "enrolled", 10));
        model.told(1, &outcome(1, "A", "refused", 11));
        model.asked(0, id(20), Asked::Change { gives }, vec![1]);
        model.told(0, &outcome(20, "B", "enrolled", 15));
        model.told(2, &outcome(2, "A", "enrolled", 16));
        let export = [row("u2", "A", &["A/L"], 16), row("u0", "B", &["B/L", "B/T1"], 15)];
        model.finish(Some(&export), None, true).counts
    };
    assert_eq!(swap(Some(0)), [].into());
    assert!(swap(None).contains_key(&Promise::I1));
}
