//! The registrar's acts: given a university, when she acts, then the state, the record and the
//! messages say so, and the promises hold for everybody else.

use crate::domain::acts::Place;
use crate::domain::command::Command;
use crate::domain::decide::Verdict;
use crate::domain::event::Event;
use crate::domain::ids::{Credits, StudentId, Timestamp};
use crate::domain::outcome::{Reason, Rejection};
use crate::domain::registry::WindowNoticeKind;
use crate::domain::section::SectionStatus;
use crate::domain::student::Notice;
use crate::domain::testkit::{
    W, World, draft, is_enrolled, is_waitlisted, key, lecture, refused, rules, sec, tutorial,
};
use crate::domain::window::{ClashPolicy, Scope};
use crate::limits;

fn placed(world: &mut World, place: Place) -> Result<Verdict, Rejection> {
    world.act(Command::Place(Box::new(place)))
}

fn why(reason: Reason) -> Result<Verdict, Rejection> {
    Err(Rejection::Refused(reason))
}

#[expect(clippy::unnecessary_wraps, reason = "as a notice has it")]
fn because() -> Option<Box<str>> {
    Some("because".into())
}

#[test]
fn each_act_says_who_what_before_after_and_why() {
    let mut world = draft().simple("A", 30).students(2).window(|r| r.rehearsal = true).given();
    let section = world.s("A/1");
    let check = |world: &mut World, command: Command, told: [&str; 4]| {
        world.act(command).unwrap();
        let [action, subject, before, after] = told;
        assert_eq!(world.audited(), ["anna", action, subject, before, after, "because"]);
    };
    let world = &mut world;
    let (opens_at, closes_at) = (Some(Timestamp(0)), None);
    let plan = Command::Schedule { window: W, opens_at, closes_at };
    let before = "opens by hand, closes by hand";
    let after = "opens 1970-01-01T00:00:00Z, closes by hand";
    check(world, plan, ["window_schedule", "w0", before, after]);
    check(world, Command::SetPace(W, Some(15)), ["window_pace", "w0", "unlimited", "15"]);
    check(world, Command::Open(W), ["window_open", "w0", "planned", "open"]);
    check(world, Command::Pause(W), ["window_pause", "w0", "open", "paused"]);
    check(world, Command::Resume(W), ["window_resume", "w0", "paused", "open"]);
    let raise = Command::SetCapacity(section, Some(80));
    check(world, raise, ["section_capacity", "A/1", "30", "80"]);
    let unbound = Command::SetCapacity(section, None);
    check(world, unbound, ["section_capacity", "A/1", "80", "unlimited"]);
    let close = Command::SetStatus(section, SectionStatus::Closed);
    check(world, close, ["section_status", "A/1", "open", "closed"]);
    check(
        world,
        Command::SetStatus(section, SectionStatus::Open),
        ["section_status", "A/1", "closed", "open"],
    );
    let place = Command::Place(Box::new(world.place(0, "A", &["A/1"])));
    check(world, place, ["student_enrol", "s0", "-", "A/1"]);
    let (student, course) = (StudentId(0), world.c("A"));
    let remove = Command::Remove { student, course };
    check(world, remove, ["student_drop", "s0", "A/1", "-"]);
    let block = |blocked| Command::SetBlock { student, code: key("FIN"), blocked };
    check(world, block(true), ["student_block", "s0", "-", "FIN"]);
    check(world, block(false), ["student_unblock", "s0", "FIN", "-"]);
    let text = crate::domain::catalogue::Text { nl: "Dag".into(), en: "Hello".into() };
    check(world, Command::Announce(text.into()), ["announcement", "-", "-", "Hello"]);
    check(world, Command::Pause(W), ["window_pause", "w0", "open", "paused"]);
    check(world, Command::Close(W), ["window_close", "w0", "paused", "closed"]);
    let reset = Command::Reset { window: W, seed: [1; 32], opens_at: None };
    check(world, reset, ["window_reset", "w0", "closed", "planned"]);
    let more = draft().simple("A", 30).simple("B", 5).students(3);
    let import = Command::Import(more.into());
    check(world, import, ["import", "-", "-", "1 courses, 1 sections, 1 students"]);
    let larger = draft().simple("A", 30).simple("B", 9).students(3);
    let import = Command::Import(larger.into());
    check(world, import, ["import", "B/1", "-", "1 sections"]);
    assert_eq!(world.university.registry.audit.iter().len(), 19);
    assert_eq!(world.replayed(), world.university);
}

#[test]
fn what_nobody_did_says_so() {
    let mut world = draft().simple("A", 1).students(2).window(|_| {}).open();
    world.enrol(0, "A");
    world.enrol(1, "A");
    world.act(Command::SetCapacity(world.s("A/1"), Some(2))).unwrap();
    let acts: Vec<bool> = world.records.iter().map(|r| r.act.is_some()).collect();
    let promoted = world.records.last().unwrap();
    assert!(matches!(promoted.event, Event::Promoted { .. }));
    assert!(promoted.act.is_none(), "a promotion is nobody's act");
    assert_eq!(acts.iter().filter(|a| **a).count(), 1);
}

#[test]
fn what_is_so_already_is_no_act_and_is_told_to_nobody() {
    let mut world = draft().simple("A", 3).students(1).window(|_| {}).open();
    world.enrol(0, "A");
    let section = world.s("A/1");
    let same = [
        Command::SetCapacity(section, Some(2)),
        Command::SetCapacity(section, None),
        Command::SetStatus(section, SectionStatus::Cancelled),
        Command::SetStatus(section, SectionStatus::Closed),
        Command::SetPace(W, Some(7)),
        Command::Schedule { window: W, opens_at: None, closes_at: Some(Timestamp(9)) },
    ];
    for command in same {
        assert!(matches!(world.act(command.clone()), Ok(Verdict::Events(_))), "{command:?}");
        let (records, told) = (world.records.len(), world.now());
        assert_eq!(world.act(command.clone()), Ok(Verdict::Nothing), "{command:?}");
        assert_eq!((world.records.len(), world.told_since(0, told).len()), (records, 0));
    }
}

#[test]
fn a_paused_window_admits_nobody_and_the_line_keeps_its_order() {
    let mut world = draft().simple("A", 3).simple("B", 3).students(4).window(|_| {}).given();
    let wanted = world.any("A");
    world.set_plan(0, std::slice::from_ref(&wanted));
    let first = world.arm(0);
    world.run(Command::Open(W)).unwrap();
    world.act(Command::Pause(W)).unwrap();

    assert_eq!(world.run(Command::Admit(W, first)), Ok(Verdict::Nothing));
    world.set_plan(1, &[wanted]);
    let (student, request) = (StudentId(1), world.fresh());
    let submit = Command::Submit { student, window: W, request, plan: None, queue: false };
    let Ok(Verdict::Events(events)) = world.run(submit) else { panic!("it takes a ticket") };
    let [Event::TicketTaken { ticket: second, .. }] = events[..] else { panic!("{events:?}") };
    assert_eq!((world.w().waiting, world.line().position(second)), (2, Some(2)));
    assert!(world.w().paused && world.replayed().registry.windows[0].paused);
    assert_eq!(world.run(Command::Pause(W)), Ok(Verdict::Nothing));

    world.act(Command::Resume(W)).unwrap();
    assert!(is_enrolled(&world.admit(first)[0]));
    assert!(is_enrolled(&world.admit(second)[0]));
    assert_eq!(world.run(Command::Resume(W)), Ok(Verdict::Nothing));
    let told = world.university.registry.window_notices.iter().map(|n| n.kind);
    let kinds = [WindowNoticeKind::Opened, WindowNoticeKind::Paused, WindowNoticeKind::Resumed];
    assert!(told.eq(kinds));
}

#[test]
fn a_swap_waits_while_a_drop_and_its_promotion_go_on() {
    let mut world = draft().simple("A", 1).simple("B", 1).students(2).window(|_| {}).open();
    world.enrol(0, "A");
    assert!(is_waitlisted(&world.enrol(1, "A")));
    world.act(Command::Pause(W)).unwrap();
    let (student, request) = (StudentId(0), world.fresh());
    let (from, to) = (world.c("A"), world.any("B").into());
    let swap = Command::Swap { student, request, from, to };
    assert_eq!(world.run(swap), Err(Rejection::WindowPaused));
    world.drop(0, "A");
    assert_eq!(world.seats(1, "A"), ["A/1"], "a freed seat goes to who waits (I6, I11)");
}

#[test]
fn only_an_open_window_can_be_paused() {
    let mut world = draft().simple("A", 1).students(1).window(|_| {}).given();
    assert_eq!(world.act(Command::Pause(W)), Err(Rejection::WindowState));
    assert_eq!(world.act(Command::Resume(W)), Err(Rejection::WindowState));
    world.run(Command::Open(W)).unwrap();
    world.act(Command::Pause(W)).unwrap();
    world.act(Command::Close(W)).unwrap();
    assert!(!world.w().paused);
    assert_eq!(world.act(Command::Resume(W)), Err(Rejection::WindowState));
}

#[test]
fn an_enrolment_over_capacity_is_shown_as_such_and_is_no_oversell() {
    let mut world = draft().simple("A", 1).students(4).window(|_| {}).open();
    world.enrol(0, "A");
    assert!(is_waitlisted(&world.enrol(1, "A")));
    let place = world.place(2, "A", &["A/1"]);
    assert_eq!(placed(&mut world, place.clone()), why(Reason::Full));
    assert_eq!(world.seats(2, "A"), [""; 0]);

    let after = world.now();
    placed(&mut world, Place { over_capacity: true, ..place }).unwrap();
    let section = world.university.sections[0];
    assert_eq!((section.taken, section.over_capacity(), section.oversold), (2, 1, 0));
    assert_eq!(world.audited()[4], "A/1 (over capacity: A/1)");
    let (course, sections) = (world.c("A"), vec![world.s("A/1")]);
    let (moved, over, reason) = (false, true, because());
    let told = Notice::Placed { course, sections, moved, over, reason };
    assert_eq!(world.told_since(2, after), [told]);

    // The excess only falls: who leaves makes no room until there is some.
    world.drop(0, "A");
    assert_eq!(world.waitlist("A"), [1]);
    world.drop(2, "A");
    assert_eq!(world.seats(1, "A"), ["A/1"]);
    assert!(world.enrol(3, "A") != refused(Reason::Full) && world.waitlist("A") == [3]);
}

#[test]
fn with_a_seat_free_nothing_is_over_capacity() {
    let mut world = draft().simple("A", 1).students(1).window(|_| {}).open();
    let place = Place { over_capacity: true, ..world.place(0, "A", &["A/1"]) };
    placed(&mut world, place).unwrap();
    assert_eq!(world.university.sections[0].over_capacity(), 0);
    assert_eq!(world.audited()[4], "A/1");
}

#[test]
fn her_checks_refuse_the_registrar_too_unless_they_are_overridden() {
    let mut given = draft().simple("A", 9).with(|c| c.prerequisites.push(key("basics")));
    given = given.course("B", &[lecture(&[sec("B/1", 9).at(1, 9, 11)])]);
    given = given.course("C", &[lecture(&[sec("C/1", 9).at(1, 10, 12)])]);
    given = given.simple("D", 9).students(1).window(|r| r.credit_limit = Some(Credits(1000)));
    let mut world = given.open();
    let check = |world: &mut World, code: &str, reason: Reason| {
        let place = world.place(0, code, &[&format!("{code}/1")]);
        let records = world.records.len();
        assert_eq!(placed(world, place.clone()), why(reason), "{code}");
        assert_eq!(world.records.len(), records, "nothing changed");
        placed(world, Place { override_checks: true, ..place }).unwrap();
    };
    check(&mut world, "A", Reason::PrerequisiteMissing(key("basics")));
    world.enrol(0, "B");
    check(&mut world, "C", Reason::CreditLimit(Credits(500)));
    world.drop(0, "C");
    world.drop(0, "A");
    let clash = Reason::Clash(world.c("B"));
    check(&mut world, "C", clash);
    world.drop(0, "C");
    world.status("D/1", SectionStatus::Closed);
    check(&mut world, "D", Reason::Closed);
    world.drop(0, "D");
    world.status("D/1", SectionStatus::Cancelled);
    let place = Place { override_checks: true, ..world.place(0, "D", &["D/1"]) };
    assert_eq!(placed(&mut world, place), why(Reason::Closed), "a cancelled one takes nobody");
}

#[test]
fn a_place_ends_the_waiting_and_needs_a_whole_combination() {
    let parts = [
        lecture(&[sec("A/L1", 5), sec("A/L2", 5)]),
        tutorial(&[sec("A/T1", 1).under("A/L1"), sec("A/T2", 5).under("A/L2")]),
    ];
    let mut world = draft().course("A", &parts).simple("B", 1).students(3).window(|_| {}).open();
    let wrong: [&[&str]; 5] =
        [&["A/L1"], &["A/T1", "A/L1"], &["A/L1", "A/T2"], &["A/L1", "B/1"], &[]];
    for sections in wrong {
        let place = world.place(0, "A", sections);
        assert_eq!(placed(&mut world, place), Err(Rejection::Sections), "{sections:?}");
    }
    let unknown = crate::domain::ids::SectionId(99);
    let place = Place { sections: vec![unknown; 2], ..world.place(0, "A", &[]) };
    assert_eq!(placed(&mut world, place), Err(Rejection::UnknownSection));
    let place = Place { student: StudentId(9), ..world.place(0, "B", &["B/1"]) };
    assert_eq!(placed(&mut world, place), Err(Rejection::UnknownStudent));

    world.enrol(0, "B");
    assert!(is_waitlisted(&world.enrol(1, "B")));
    let place = Place { over_capacity: true, ..world.place(1, "B", &["B/1"]) };
    placed(&mut world, place.clone()).unwrap();
    assert_eq!(world.waitlist("B"), [0; 0]);
    assert_eq!(placed(&mut world, place), why(Reason::AlreadyEnrolled));
}

#[test]
fn a_course_outside_every_window_is_said_to_be() {
    let only = |scope: &mut Scope| *scope = Scope::Only(vec![key("A")]);
    let given = draft().simple("A", 1).simple("B", 1).students(1);
    let mut world = given.window(|r| only(&mut r.scope)).open();
    let place = Place { override_checks: true, ..world.place(0, "B", &["B/1"]) };
    assert_eq!(placed(&mut world, place), why(Reason::OutsideWindow));
}

#[test]
fn a_move_frees_one_seat_and_takes_another_in_one_record() {
    let tutorials = tutorial(&[sec("A/T1", 1), sec("A/T2", 1), sec("A/T3", 1)]);
    let parts = [lecture(&[sec("A/L", 9)]), tutorials];
    let mut world = draft().course("A", &parts).students(4).window(|_| {}).open();
    let to = |world: &World, tutorial: &str| world.ranked("A", &[&["A/L"], &[tutorial]]).or_wait();
    for (who, tutorial) in [(0, "A/T1"), (1, "A/T2"), (2, "A/T1")] {
        let request = to(&world, tutorial);
        world.submit(who, &[request]);
    }
    assert_eq!(world.waitlist("A"), [2]);
    let after = world.now();
    let place = Place { moved: true, ..world.place(0, "A", &["A/L", "A/T3"]) };
    placed(&mut world, place.clone()).unwrap();
    assert_eq!(world.seats(0, "A"), ["A/L", "A/T3"]);
    assert_eq!(world.seats(2, "A"), ["A/L", "A/T1"], "promoted in the same turn");
    assert_eq!(world.audited()[1..5], ["student_move", "s0", "A/L A/T1", "A/L A/T3"]);
    assert!(matches!(world.told_since(0, after)[..], [Notice::Placed { moved: true, .. }]));
    assert_eq!(placed(&mut world, place.clone()), Ok(Verdict::Nothing), "she is there");

    let full = Place { sections: vec![world.s("A/L"), world.s("A/T2")], ..place.clone() };
    assert_eq!(placed(&mut world, full.clone()), why(Reason::Full));
    placed(&mut world, Place { over_capacity: true, ..full }).unwrap();
    let taken: Vec<u32> = world.university.sections.iter().map(|s| s.taken).collect();
    assert_eq!(taken, [3, 1, 2, 0], "the lecture is kept, not left and entered");
    let nobody = Place { student: StudentId(3), ..place };
    assert_eq!(placed(&mut world, nobody), why(Reason::NotEnrolled));
}

#[test]
fn a_move_ends_a_wish_that_it_grants_and_no_other() {
    let tutorials = tutorial(&[sec("A/T1", 1), sec("A/T2", 1), sec("A/T3", 1)]);
    let mut world = draft().course("A", &[tutorials]).students(2).window(|_| {}).open();
    for (who, tutorial) in [(0, "A/T1"), (1, "A/T2")] {
        let request = world.ranked("A", &[&[tutorial]]);
        world.submit(who, &[request]);
    }
    let wish = world.ranked("A", &[&["A/T2"]]).or_wait();
    assert!(is_waitlisted(&world.swap(0, "A", wish)));
    let to = |world: &World, name: &str| Place {
        moved: true,
        over_capacity: true,
        ..world.place(0, "A", &[name])
    };
    let place = to(&world, "A/T3");
    placed(&mut world, place).unwrap();
    assert_eq!(world.waitlist("A"), [0], "she still waits for T2");
    let place = to(&world, "A/T2");
    placed(&mut world, place).unwrap();
    assert_eq!(world.waitlist("A"), [0; 0]);
}

#[test]
fn a_move_that_ends_a_clash_lets_her_in_elsewhere() {
    let tutorials = tutorial(&[sec("A/T1", 1).at(1, 9, 11), sec("A/T2", 1).at(2, 9, 11)]);
    let given = draft().course("A", &[tutorials]);
    let given = given.course("B", &[lecture(&[sec("B/1", 1).at(1, 9, 11)])]).students(2);
    let mut world = given.window(|r| r.clash = ClashPolicy::Refuse).open();
    world.enrol(1, "B");
    assert!(is_waitlisted(&world.enrol(0, "B")));
    let request = world.ranked("A", &[&["A/T1"]]);
    world.submit(0, &[request]);
    world.drop(1, "B");
    assert_eq!(world.waitlist("B"), [0], "her own tutorial stands in the way");
    let place = Place { moved: true, ..world.place(0, "A", &["A/T2"]) };
    placed(&mut world, place).unwrap();
    assert_eq!(world.seats(0, "B"), ["B/1"]);
}

#[test]
fn a_removal_promotes_in_the_same_turn_and_is_told() {
    let mut world = draft().simple("A", 1).students(2).window(|_| {}).open();
    world.enrol(0, "A");
    world.enrol(1, "A");
    let after = world.now();
    let (student, course) = (StudentId(0), world.c("A"));
    world.act(Command::Remove { student, course }).unwrap();
    assert_eq!(world.seats(1, "A"), ["A/1"]);
    let told = Notice::Removed { course, reason: because() };
    assert_eq!(world.told_since(0, after), [told]);
    let again = world.act(Command::Remove { student, course });
    assert_eq!(again, why(Reason::NotEnrolled));
}

#[test]
fn a_block_holds_over_a_new_file_and_lifting_it_lets_her_in() {
    let mut file = draft().simple("A", 1).students(2);
    file.students[1].blocks = vec![key("FIN")];
    let mut world = file.clone().window(|_| {}).open();
    let set = |who: u32, code: &str, blocked| {
        let (student, code) = (StudentId(who), key(code));
        Command::SetBlock { student, code, blocked }
    };
    let after = world.now();
    world.act(set(0, "LIB", true)).unwrap();
    assert_eq!(world.enrol(0, "A"), refused(Reason::Blocked(key("LIB"))));
    let told = Notice::Block { code: key("LIB"), blocked: true, reason: because() };
    assert_eq!(world.told_since(0, after)[0], told);
    assert_eq!(world.act(set(0, "LIB", true)), Ok(Verdict::Nothing), "it is so already");

    world.act(set(1, "FIN", false)).unwrap();
    assert_eq!(world.import(file), Ok(Verdict::Nothing), "the same file again changes nothing");
    assert_eq!(world.enrol(0, "A"), refused(Reason::Blocked(key("LIB"))));
    assert!(is_enrolled(&world.enrol(1, "A")), "the register's block stays lifted");
    world.act(set(1, "FIN", true)).unwrap();
    assert_eq!(world.student(1).blocks().count(), 1);
}

#[test]
fn who_waits_behind_a_block_is_promoted_when_it_is_lifted() {
    let mut world = draft().simple("A", 1).students(2).window(|_| {}).open();
    world.enrol(0, "A");
    world.enrol(1, "A");
    let set = |blocked| Command::SetBlock { student: StudentId(1), code: key("FIN"), blocked };
    world.act(set(true)).unwrap();
    world.drop(0, "A");
    assert_eq!(world.waitlist("A"), [1], "passed over, and told why");
    world.act(set(false)).unwrap();
    assert_eq!(world.seats(1, "A"), ["A/1"]);
}

#[test]
fn one_students_blocks_are_bounded() {
    let mut world = draft().students(1).given();
    let set = |n: usize, blocked| {
        let code = key(&format!("b{n}"));
        Command::SetBlock { student: StudentId(0), code, blocked }
    };
    for n in 0..limits::BLOCKS_MAX {
        world.act(set(n, true)).unwrap();
    }
    assert_eq!(world.act(set(limits::BLOCKS_MAX, true)), Err(Rejection::TooManyBlocks));
    world.act(set(0, false)).unwrap();
    world.act(set(0, true)).unwrap();
}

#[test]
fn a_closed_section_tells_the_reason_to_everyone_in_it() {
    let mut world = draft().simple("A", 1).students(2).window(|_| {}).open();
    world.enrol(0, "A");
    world.enrol(1, "A");
    let (section, status) = (world.s("A/1"), SectionStatus::Cancelled);
    let after = world.now();
    world.act(Command::SetStatus(section, status)).unwrap();
    let told = Notice::SectionStatus { section, status, reason: because() };
    for who in 0..2 {
        assert_eq!(world.told_since(who, after), std::slice::from_ref(&told));
    }
}

#[test]
fn an_enrolment_goes_through_the_window_that_is_open() {
    let mut given = draft().simple("A", 1).students(1);
    for name in ["w0", "w1"] {
        given.windows.push((key("term"), rules(name)));
    }
    let mut world = given.given();
    world.run(Command::Open(crate::domain::ids::WindowId(1))).unwrap();
    let place = world.place(0, "A", &["A/1"]);
    placed(&mut world, place).unwrap();
    assert_eq!(world.student(0).enrolments[0].window.0, 1);
}

#[test]
fn the_log_repeats_an_announcement_in_brief() {
    let mut world = draft().given();
    let en: Box<str> = "é".repeat(limits::ACT_TEXT_CHARS_MAX + 1).into();
    let text = crate::domain::catalogue::Text { nl: "Dag".into(), en };
    world.act(Command::Announce(text.into())).unwrap();
    assert_eq!(world.audited()[4], "é".repeat(limits::ACT_TEXT_CHARS_MAX));
}
