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

/// Of a gateway that stood still when it was read.
fn export(rows: &[Exported]) -> Export {
    Export { rows: rows.to_vec(), from: 99, until: 99 }
}

/// 0 gets the seat, 1 and 2 wait, 0 drops, 1 is promoted.
fn right(model: &mut Model) {
    model.told(0, &outcome(0, "A", "enrolled", 10));
    model.told(1, &outcome(1, "A", "waitlisted", 11));
    model.told(2, &outcome(2, "A", "waitlisted", 12));
    model.asked(0, id(10), Asked::Change { gives: None }, vec![0]);
    model.told(0, &outcome(10, "A", "dropped", 13));
    model.pushed(1, 0, &promoted(14));
    model.centre(1, &[promoted(14)], 99);
}

fn right_export() -> Vec<Exported> {
    vec![row("u1", "A", &["A/L"], 14)]
}

/// The promises that the findings name, each once.
fn broken(model: Model, rows: &[Exported]) -> Vec<Promise> {
    let findings = model.finish(Some(&export(rows)), Some(&[0, 1, 2]), true);
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
    let findings = again.finish(Some(&export(&right_export())), None, true);
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
        model.centre(1, &[by_registrar(13, kind)], 99);
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
    let findings = model.finish(Some(&export(&right_export())), Some(&[0, 1, 2]), true);
    assert_eq!((findings.undecided, findings.counts.len()), (0, 0));
}

#[test]
fn a_seat_too_many_is_oversold() {
    let mut model = model();
    model.told(0, &outcome(0, "A", "enrolled", 10));
    model.told(1, &outcome(1, "A", "enrolled", 11));
    model.told(2, &outcome(2, "A", "refused", 12));
    let rows = [row("u0", "A", &["A/L"], 10), row("u1", "A", &["A/L"], 11)];
    let findings = model.finish(Some(&export(&rows)), None, true);
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
    let anew = lie(|m| {
        m.position(2, 7, 1);
        m.new_line(2, 7);
        m.position(2, 7, 17);
    });
    assert_eq!(anew, [], "another ticket stands at the back");
    let mut model = model();
    right(&mut model);
    let findings = model.finish(Some(&export(&right_export())), Some(&[0, 2, 1]), true);
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
    untold.centre(1, &[], 99);
    assert_eq!(broken(untold, &right_export()), [Promise::I10]);
    assert_eq!(lie(|m| m.pushed(1, 0, &promoted(14))), [Promise::I10]);
    assert_eq!(lie(|m| m.centre(1, &[promoted(14), promoted(14)], 99)), [Promise::I10]);
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
        let rows = [row("u2", "A", &["A/L"], 16), row("u0", "B", &["B/L", "B/T1"], 15)];
        model.finish(Some(&export(&rows)), None, true).counts
    };
    assert_eq!(swap(Some(0)), [].into());
    assert!(swap(None).contains_key(&Promise::I1));
}

/// The promises found broken, what was undecided, and what was not judged.
fn judged(model: Model, export: &Export) -> (Vec<Promise>, u64, u64) {
    let findings = model.finish(Some(export), None, false);
    (findings.counts.into_keys().collect(), findings.undecided, findings.not_judged)
}

/// A model of which 0 has asked for course A and nobody else for anything.
fn one_asks() -> Model {
    let students = Rc::new(vec!["u0".to_owned(), "u1".to_owned(), "u2".to_owned()]);
    let mut model = Model::new(catalogue(), students, Rules { personal: false, alone: true });
    model.asked(0, id(0), Asked::Plan, vec![0]);
    model
}

#[test]
fn a_row_of_who_waits_for_her_outcome_and_was_not_asked_is_not_judged() {
    let rows = export(&[row("u0", "A", &["A/L"], 20)]);
    let run = |looked: Option<u64>| {
        let mut model = one_asks();
        if let Some(as_of) = looked {
            assert_eq!(model.welcomed(0, &[], 0), 0);
            model.looked(0, as_of);
        }
        judged(model, &rows)
    };
    assert_eq!(run(None), (vec![], 1, 1));
    assert_eq!(run(Some(19)), (vec![], 1, 1), "she was asked before it was decided");
    assert_eq!(run(Some(20)), (vec![Promise::I3], 1, 0), "her welcome should have told it");
    assert_eq!(run(Some(21)), (vec![Promise::I3], 1, 0));
    let mut late = one_asks();
    assert_eq!(late.untold(&rows.rows), [0].into());
    late.ended(15);
    assert_eq!(late.welcomed(0, &[outcome(0, "A", "enrolled", 20)], 0), 1);
    late.looked(0, 21);
    assert!(late.untold(&rows.rows).is_empty() && late.open().is_empty());
    assert_eq!(judged(late, &rows), (vec![], 1, 0), "told when she looked, after the end");
}

#[test]
fn an_open_request_excuses_no_other_student_and_no_other_course() {
    let others = export(&[
        row("u0", "A", &["A/L"], 20),
        row("u1", "A", &["A/L"], 21),
        row("u0", "B", &["B/L", "B/T1"], 22),
    ]);
    let findings = one_asks().finish(Some(&others), None, false);
    assert_eq!((findings.counts, findings.not_judged), ([(Promise::I3, 2)].into(), 1));
    let twice = export(&[row("u0", "A", &["A/L"], 20), row("u0", "A", &["A/L"], 20)]);
    assert_eq!(judged(one_asks(), &twice), (vec![Promise::I7], 1, 1));
    let mut told = one_asks();
    told.asked(0, id(7), Asked::Plan, vec![1]);
    told.told(0, &outcome(0, "A", "refused", 10));
    let rows = export(&[row("u0", "A", &["A/L"], 20)]);
    assert_eq!(judged(told, &rows), (vec![Promise::I3], 1, 0), "it was refused, and settled");
}

#[test]
fn what_an_open_drop_or_swap_may_have_given_back_is_not_lost() {
    let gone = |asked: Option<(Asked, u32)>, looked: Option<u64>| {
        let mut model = one_asks();
        model.told(0, &outcome(0, "A", "enrolled", 10));
        if let Some((asked, course)) = asked {
            model.asked(0, id(5), asked, vec![course]);
        }
        if let Some(as_of) = looked {
            model.looked(0, as_of);
        }
        judged(model, &Export { rows: vec![], from: 30, until: 40 })
    };
    let drop = Some((Asked::Change { gives: None }, 0));
    let swap = Some((Asked::Change { gives: Some(0) }, 1));
    let other_swap = Some((Asked::Change { gives: Some(1) }, 1));
    assert_eq!(gone(drop, None), (vec![], 1, 1));
    assert_eq!(gone(swap, None), (vec![], 1, 1));
    assert_eq!(gone(None, None), (vec![Promise::I2], 0, 0));
    assert_eq!(gone(other_swap, None), (vec![Promise::I2], 1, 0), "of another course");
    assert_eq!(gone(drop, Some(39)), (vec![], 1, 1));
    assert_eq!(gone(drop, Some(40)), (vec![Promise::I2], 1, 0), "it was not decided by then");
    assert_eq!(gone(swap, Some(40)), (vec![Promise::I2], 1, 0));
}

#[test]
fn what_is_decided_while_the_export_is_read_may_be_in_it_or_not() {
    let run = |from, rows: &[Exported]| {
        let mut model = one_asks();
        model.told(0, &outcome(0, "A", "enrolled", 10));
        model.asked(0, id(5), Asked::Change { gives: None }, vec![0]);
        model.told(0, &outcome(5, "A", "dropped", 20));
        judged(model, &Export { rows: rows.to_vec(), from, until: 30 }).0
    };
    let there = row("u0", "A", &["A/L"], 10);
    assert_eq!(run(15, std::slice::from_ref(&there)), [], "read before the drop");
    assert_eq!(run(15, &[]), [], "read after it");
    assert_eq!(run(20, &[]), []);
    assert_eq!(run(20, std::slice::from_ref(&there)), [Promise::I3], "dropped before");
    let wrong = [row("u0", "A", &["A/L"], 11)];
    assert_eq!(run(15, &wrong), [Promise::I3], "never hers");
    let early = |from| {
        let mut model = one_asks();
        model.told(0, &outcome(0, "A", "enrolled", 10));
        judged(model, &Export { rows: vec![], from, until: 30 }).0
    };
    assert_eq!((early(9), early(10)), (vec![], vec![Promise::I2]));
}

#[test]
fn a_promotion_after_the_centre_was_read_is_not_missing_there() {
    let run = |as_of, rest: &[Message]| {
        let mut model = one_asks();
        model.asked(1, id(1), Asked::Plan, vec![0]);
        model.told(0, &outcome(0, "A", "enrolled", 10));
        model.told(1, &outcome(1, "A", "waitlisted", 11));
        model.asked(0, id(10), Asked::Change { gives: None }, vec![0]);
        model.told(0, &outcome(10, "A", "dropped", 13));
        model.centre(1, rest, as_of);
        judged(model, &export(&right_export())).0
    };
    assert_eq!(run(13, &[]), [], "promoted at 14");
    assert_eq!(run(14, &[]), [Promise::I10]);
    assert_eq!(run(14, &[promoted(14)]), []);
}

#[test]
fn a_seat_that_an_open_drop_may_have_freed_is_not_oversold() {
    let run = |asked: Option<Asked>, looked: u64, seats: usize| {
        let mut model = one_asks();
        model.told(0, &outcome(0, "A", "enrolled", 10));
        if let Some(asked) = asked {
            model.asked(0, id(5), asked, vec![0]);
        }
        model.looked(0, looked);
        let mut rows = Vec::new();
        for student in 1..=seats {
            model.asked(student, id(student), Asked::Plan, vec![0]);
            model.told(student, &outcome(student, "A", "enrolled", 20 + student as u64));
            rows.push(row(&format!("u{student}"), "A", &["A/L"], 20 + student as u64));
        }
        rows.push(row("u0", "A", &["A/L"], 10));
        judged(model, &export(&rows)).0
    };
    let drop = Some(Asked::Change { gives: None });
    assert_eq!(run(drop, 11, 1), []);
    assert_eq!(run(drop, 11, 2), [Promise::I1], "one drop frees one seat");
    assert_eq!(run(drop, 21, 1), [Promise::I1], "it was not decided by then");
    assert_eq!(run(None, 11, 1), [Promise::I1]);
}

#[test]
fn an_outcome_that_a_later_one_hides_in_her_welcome_is_not_judged() {
    let mut model = one_asks();
    // Her second tab asked for the same: a welcome has the latest outcome of each course.
    model.asked(0, id(1), Asked::Plan, vec![0]);
    model.welcomed(0, &[outcome(1, "A", "refused", 21)], 0);
    model.looked(0, 30);
    let rows = export(&[row("u0", "A", &["A/L"], 20)]);
    assert_eq!(judged(model, &rows), (vec![], 1, 1));
}

#[test]
fn a_message_centre_that_was_not_read_is_named_with_what_it_leaves_unjudged() {
    let end = |read: &[usize]| {
        let mut model = model();
        right(&mut model);
        for student in read {
            model.centre(*student, &[], 99);
        }
        model.centres_end();
        model.finish(Some(&export(&right_export())), Some(&[0, 1, 2]), true)
    };
    // 1 and 2 waited, and 1's centre is read in any case.
    let all = end(&[2]);
    assert!(["I6", "I10", "I11"].iter().all(|promise| all.judged.contains(promise)));
    assert_eq!((all.left_out, all.unread, all.not_judged), (vec![], 0, 0));
    let one = end(&[]);
    assert!(!["I6", "I10", "I11"].iter().any(|promise| one.judged.contains(promise)));
    assert_eq!((one.unread, one.not_judged), (1, 1));
    let why = "1 message centres were not read (of u2)";
    assert_eq!(one.left_out, [format!("I6 and I11: {why}"), format!("I10: {why}")]);
}

#[test]
fn a_message_centre_counts_where_the_export_has_something_else_than_was_told() {
    let mut model = one_asks();
    assert!(model.unread().is_empty());
    model.count_on([0].into());
    assert_eq!(model.unread(), [0]);
    model.centre(0, &[], 9);
    assert!(model.unread().is_empty());
}
