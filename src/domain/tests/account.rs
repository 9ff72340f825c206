//! Preferences, devices and the calendar's address.

use crate::domain::account::{DeviceId, Language, Preferences, Topic};
use crate::domain::command::Command;
use crate::domain::decide::Verdict;
use crate::domain::ids::{StudentId, Timestamp};
use crate::domain::outcome::Rejection;
use crate::domain::testkit::{World, draft};

const S: StudentId = StudentId(0);

fn world() -> World {
    draft().simple("A", 1).students(2).given()
}

fn sign_in(id: u64) -> Command {
    let (device, expires) = (DeviceId(id), Timestamp(1_000_000));
    Command::SignIn { student: S, device, agent: "Firefox, Linux".into(), expires }
}

fn check(mut world: World, steps: &[(Command, bool)]) -> World {
    for (command, changes) in steps {
        let answer = world.run(command.clone()).unwrap();
        assert_eq!(matches!(answer, Verdict::Events(_)), *changes, "{command:?}");
        if !changes {
            assert_eq!(answer, Verdict::Nothing);
        }
    }
    assert_eq!(world.replayed(), world.university);
    world
}

#[test]
fn what_is_so_already_makes_no_record() {
    let mut dutch = Preferences { language: Some(Language::Nl), ..Preferences::default() };
    dutch.topics = dutch.topics.with(Topic::Windows, false);
    let prefer = |p| Command::SetPreferences(S, p);
    let steps = [
        (prefer(Preferences::default()), false),
        (prefer(dutch), true),
        (prefer(dutch), false),
        (Command::SetCalendar(S, None), false),
        (Command::SetCalendar(S, Some([1; 32])), true),
        (Command::SetCalendar(S, Some([1; 32])), false),
        (Command::SignOut(S, Some(DeviceId(7))), false),
        (sign_in(7), true),
        (Command::SignOut(S, Some(DeviceId(7))), true),
        (Command::SignOut(S, Some(DeviceId(7))), false),
        (Command::SignOut(S, None), true),
        (Command::SignOut(S, None), true),
    ];
    let world = check(world(), &steps);
    assert_eq!(world.student(0).account.preferences, dutch);
    assert!(world.student(0).inbox.is_empty(), "she did it herself");
}

#[test]
fn a_calendar_is_found_by_its_newest_address_alone() {
    let set = |hash| (Command::SetCalendar(S, hash), true);
    let mut world = check(world(), &[set(Some([1; 32])), set(Some([2; 32]))]);
    let find = |world: &World, n| world.university.registry.calendar_of(&[n; 32]);
    assert_eq!((find(&world, 1), find(&world, 2)), (None, Some(S)));
    let other = Command::SetCalendar(StudentId(1), Some([3; 32]));
    let taken = Command::SetCalendar(StudentId(1), Some([2; 32]));
    world = check(world, &[(taken, false), (other, true), set(None)]);
    assert_eq!((find(&world, 2), find(&world, 3)), (None, Some(StudentId(1))));
}

#[test]
fn nobody_unknown_has_an_account() {
    let nobody = StudentId(9);
    let commands = [
        Command::SetPreferences(nobody, Preferences::default()),
        Command::SetCalendar(nobody, None),
        Command::SignOut(nobody, None),
    ];
    for command in commands {
        assert_eq!(world().run(command), Err(Rejection::UnknownStudent));
    }
}
