//! The demonstration's student register.

use super::random::Random;
use super::{STUDENTS, showcase};
use crate::domain::ids::Key;
use crate::domain::import::Draft;
use crate::domain::student::Profile;

const PURPOSE: u64 = 0x7374_7564_656e_7473;

/// Programmes and how many in a hundred study them.
const PROGRAMMES: [(&str, usize); 5] =
    [("RECHT", 33), ("WIJS", 12), ("GESCH", 17), ("TAAL", 13), ("GENK", 25)];

/// How many in a hundred are in the first, second and third year.
const YEARS: [usize; 3] = [45, 30, 25];

/// Students with a block, and its code.
const BLOCKED: [(u32, &str); 3] = [(77, "TUITION"), (311, "LIBRARY"), (512, "TUITION")];

/// Number of the first student.
const FIRST: u32 = 1_000_001;

/// The number of a student's key, from 0; `None` when she is not of this register.
pub(super) fn number(key: &str) -> Option<u32> {
    let number: u32 = key.strip_prefix('s')?.parse().ok()?;
    number.checked_sub(FIRST).filter(|n| *n < STUDENTS)
}

/// Every student, with what she has completed of her programme's earlier years.
pub(super) fn students(catalogue: &Draft) -> Vec<Profile> {
    (0..STUDENTS).map(|number| student(catalogue, number)).collect()
}

fn student(catalogue: &Draft, number: u32) -> Profile {
    let mut random = Random::new(PURPOSE, number);
    let offered = showcase().get(number as usize);
    let drawn = PROGRAMMES[random.weighted(&PROGRAMMES.map(|(_, share)| share))].0;
    let programme = offered.map_or(drawn, |offer| offer.programme);
    let year = random.weighted(&YEARS) as u8 + 1;
    let year = offered.map_or(year, |offer| offer.year);
    let blocks = BLOCKED.iter().filter(|(blocked, _)| *blocked == number);
    Profile {
        key: key(&format!("s{}", FIRST + number)),
        programme: Some(key(programme)),
        year,
        blocks: blocks.map(|(_, code)| key(code)).collect(),
        completed: completed(catalogue, programme, year, offered.is_some(), &mut random),
    }
}

/// Most of what her programme asked for before, so that most prerequisites hold, and not all.
fn completed(
    catalogue: &Draft,
    programme: &str,
    year: u8,
    everything: bool,
    random: &mut Random,
) -> Vec<Key> {
    let programme = catalogue.programmes.iter().find(|p| p.key.as_str() == programme);
    let requirements = programme.map_or(&[][..], |p| &p.requirements);
    let earlier = requirements.iter().filter(|r| r.year < year);
    let done = earlier.filter(|r| random.percent(if r.required { 93 } else { 75 }) || everything);
    done.map(|r| r.course.clone()).collect()
}

fn key(text: &str) -> Key {
    Key::new(text).expect("the demonstration's own keys are keys")
}
