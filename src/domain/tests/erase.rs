//! Erasing a student: what is personal of her is gone, what others rest on stays.

use crate::domain::account::{Account, DeviceId};
use crate::domain::acts::Action;
use crate::domain::command::Command;
use crate::domain::event::Event;
use crate::domain::ids::{StudentId, Timestamp};
use crate::domain::import::Draft;
use crate::domain::outcome::Reason;
use crate::domain::student::{Notice, Profile, Student};
use crate::domain::testkit::{W, World, draft, is_waitlisted, key, rules, student};
use crate::domain::university::University;
use crate::domain::window::WindowState;

/// Erases her, as the command line does while no gateway runs.
fn erase(world: &mut World, who: u32) {
    let at = Timestamp(world.records.len() as u64);
    let event = Event::StudentErased(StudentId(who));
    let record = world.university.registry.number(event, 1, at);
    world.audit.record(&mut world.university, &record);
    world.records.push(record);
}

/// Student 0 has a seat in A and waits for B; much is known of her.
fn given() -> World {
    let mut world = draft().simple("A", 2).simple("B", 1).students(3).window(|_| {}).open();
    world.enrol(1, "B");
    world.enrol(0, "A");
    assert!(is_waitlisted(&world.enrol(0, "B")));
    let (student, device) = (StudentId(0), DeviceId(7));
    let (agent, expires) = ("Firefox, Linux".into(), Timestamp(1 << 40));
    world.run(Command::SignIn { student, device, agent, expires }).unwrap();
    world.run(Command::SetCalendar(student, Some([9; 32]))).unwrap();
    world.act(Command::SetBlock { student, code: key("FEE"), blocked: true }).unwrap();
    let wanted = [world.any("A")];
    world.set_plan(0, &wanted);
    world
}

#[test]
fn what_is_personal_is_gone_and_what_others_rest_on_stays() {
    let mut world = given();
    let before = world.university.clone();
    erase(&mut world, 0);
    let (was, now) = (before.registry.student(StudentId(0)), world.student(0));
    assert_eq!(now.profile.key.as_str(), "erased-0");
    assert!(now.profile.is_erased() && now.account == Account::default());
    assert!(now.overrides.is_empty() && now.plan.courses.is_empty());
    let rest = |s: &Student| (s.enrolments.clone(), s.waiting.clone(), s.requests.clone());
    assert_eq!(rest(now), rest(was));
    assert_eq!(world.university.sections, before.sections);
    assert_eq!(world.waitlist("B"), [0]);
    assert_eq!(now.inbox.len(), was.inbox.len());
    let told = now.inbox.iter().filter_map(|item| match &item.notice {
        Notice::Block { code, reason, .. } => Some((code.as_str(), reason.clone())),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), [("erased-sealed", None)]);
    assert_eq!(world.replayed(), world.university);
    let text = format!("{:?}", world.university);
    for secret in ["\"s0\"", "Firefox", "FEE"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert!(text.contains("\"s1\""));
}

#[test]
fn nobody_finds_her_and_the_same_number_is_a_new_student() {
    let mut world = given();
    let registry = &world.university.registry;
    assert_eq!(registry.calendar_of(&[9; 32]), Some(StudentId(0)));
    erase(&mut world, 0);
    let registry = &world.university.registry;
    assert_eq!((registry.student_id("s0"), registry.student_id("erased-0")), (None, None));
    assert_eq!(registry.calendar_of(&[9; 32]), None);
    world.import(Draft { students: vec![student("s0")], ..Draft::default() }).unwrap();
    assert_eq!(world.university.registry.student_id("s0"), Some(StudentId(3)));
    assert!(world.student(3).enrolments.is_empty() && world.student(3).inbox.is_empty());
    let faults = Draft { students: vec![student("erased-0")], ..Draft::default() };
    let faults = world.university.registry.prepare_import(&faults).unwrap_err();
    assert!(faults[0].what.contains("stands for a student who was erased"), "{}", faults[0].what);
}

#[test]
fn a_seat_passes_her_by_and_goes_to_the_next() {
    let mut world = given();
    world.enrol(2, "B");
    assert_eq!(world.waitlist("B"), [0, 2]);
    erase(&mut world, 0);
    let before = world.now();
    // The audit of each record counts places by student, erased or not.
    world.drop(1, "B");
    assert_eq!(world.waitlist("B"), [0], "she keeps her place, and it is given to nobody");
    assert_eq!(world.seats(2, "B"), ["B/1"]);
    let blocker = Reason::Blocked(key("erased"));
    let course = world.c("B");
    assert_eq!(world.told_since(0, before), [Notice::PassedOver { course, blocker }]);
}

#[test]
fn the_audit_log_keeps_who_did_what_and_not_to_whom() {
    let mut world = given();
    let of = |world: &World| {
        let entry = world.university.registry.audit.iter().last().unwrap();
        (entry.act.action, entry.act.subject.clone(), entry.act.after.clone())
    };
    assert_eq!(of(&world), (Action::StudentBlock, Some(key("s0")), Some("FEE".into())));
    erase(&mut world, 0);
    assert_eq!(of(&world), (Action::StudentBlock, Some(key("erased-0")), None));
}

/// What is read without her key, and what is read with it and then erased, are the same but for the
/// reason why.
#[test]
fn an_unblock_read_without_a_key_lifts_nothing() {
    let mut university = University::default();
    let mut world = given();
    erase(&mut world, 0);
    for record in &world.records {
        let mut record = record.clone();
        match &mut record.event {
            Event::ImportItem(item) => *item = item.without_personal(),
            Event::BlockSet { code, blocked, .. } => {
                (*code, *blocked) = (crate::domain::personal::withheld_code(), false);
            }
            _ => {}
        }
        university.apply(&record);
        let students = university.registry.students.iter();
        assert!(students.map(|s| s.blocks().count()).all(|blocks| blocks == 1));
    }
    let who = university.registry.student(StudentId(1));
    assert_eq!(*who.profile, Profile::sealed(StudentId(1)));
}

#[test]
fn who_took_part_in_a_term_alone_is_of_that_term() {
    let second = |mut draft: Draft| {
        let mut term = draft.terms[0].clone();
        term.key = key("next");
        draft.terms.push(term);
        let course = crate::domain::testkit::course("C", &draft.courses[0].components.clone());
        draft.courses.push(crate::domain::import::DraftCourse { term: key("next"), ..course });
        let section = &mut draft.courses.last_mut().unwrap().components[0].sections[0];
        section.key = key("C/1");
        draft.windows.push((key("next"), rules("next")));
        draft
    };
    let mut world = second(draft().simple("A", 9).students(4).window(|_| {})).open();
    world.enrol(0, "A");
    world.enrol(1, "A");
    let next = crate::domain::ids::WindowId(1);
    let wanted = world.any("C");
    world.set_plan(1, &[wanted]);
    let registry = &world.university.registry;
    let said = registry.only_of_term("term").unwrap_err().to_string();
    assert!(said.contains("its window w0 is not closed"), "{said}");
    let said = registry.only_of_term("none").unwrap_err().to_string();
    assert!(said.contains("no term none"), "{said}");
    world.run(Command::Close(W)).unwrap();
    assert_eq!(world.w().state, WindowState::Closed);
    let found = world.university.registry.only_of_term("term");
    assert_eq!(found, Ok((vec![StudentId(0)], 1)), "student 1 plans for the next");
    world.run(Command::Open(next)).unwrap();
    world.run(Command::Close(next)).unwrap();
    let found = world.university.registry.only_of_term("term");
    assert_eq!(found, Ok((vec![StudentId(0), StudentId(1)], 0)));
    erase(&mut world, 0);
    let found = world.university.registry.only_of_term("term");
    assert_eq!(found, Ok((vec![StudentId(1)], 0)), "once is enough");
}
