//! What each student does and when: one script a tab, in seconds after the opening (before it:
//! less than 0). Made from a scenario's behaviour, or from a trace.

use crate::error::Result;
use crate::population::Population;
use crate::random::Random;
use crate::scenario::{Scenario, Span};
use crate::shape;

/// Seconds between the last arming and the opening.
const LEAD_SPARE: f64 = 0.3;

/// Something that a student does.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Saves a plan of these courses.
    Plan(Vec<Wish>),
    /// Takes a place in the line.
    Arm,
    /// Gives it back.
    Disarm,
    /// Asks for these courses now.
    Submit(Vec<Wish>),
    /// Gives a course back.
    Drop(u32),
    /// Gives a course for another.
    Swap(u32, Wish),
    /// Leaves a waitlist.
    Leave(u32),
    /// Closes the browser, once everything sent is answered.
    Close,
}

/// A course asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wish {
    /// Index of the course.
    pub course: u32,
    /// Sections, one list a component, as keys; `None` is any. Empty: any of all.
    pub choices: Vec<Option<Vec<String>>>,
    /// "Waitlist me if full."
    pub waitlist: bool,
}

/// An action with its time.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// Seconds after the opening.
    pub at: f64,
    /// What.
    pub action: Action,
    /// In a run that keeps the order of a trace: its place in it, from 0.
    pub turn: Option<usize>,
}

impl Step {
    /// At that time, whatever others do.
    pub const fn new(at: f64, action: Action) -> Self {
        Self { at, action, turn: None }
    }
}

/// What she does once she knows her outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Later {
    /// Nothing.
    Nothing,
    /// Drops a course.
    Drop,
    /// Swaps a course for one that she has not got.
    Swap,
}

/// One tab of one student.
#[derive(Clone, PartialEq, Debug)]
pub struct Tab {
    /// Index of the student.
    pub student: usize,
    /// When she connects.
    pub connect_at: f64,
    /// What she does, in order of time.
    pub steps: Vec<Step>,
    /// Reads each frame so many seconds late; 0: at once.
    pub slow_s: f64,
    /// Reloads the page so often while she waits; 0: never.
    pub refresh_s: f64,
    /// Her socket is cut then.
    pub cut_at: Option<f64>,
    /// What she does after her outcome.
    pub later: Later,
    /// How long after.
    pub later_s: f64,
    /// A second tab: that it is refused what the first one has is right.
    pub second: bool,
}

/// Any section of a course.
pub const fn any(course: u32, waitlist: bool) -> Wish {
    Wish { course, choices: Vec::new(), waitlist }
}

/// Seconds that the run needs before the opening.
pub fn lead(tabs: &[Tab]) -> f64 {
    let first = tabs.iter().map(|tab| tab.connect_at).fold(0.0, f64::min);
    LEAD_SPARE - first
}

/// Writes everybody's script.
pub fn write(scenario: &Scenario, population: &Population, seed: u64) -> Result<Vec<Tab>> {
    let mut random = Random::new(seed, 2);
    let (b, count) = (&scenario.behaviour, population.students.len());
    let connected = scenario.students.connected.unwrap_or(count).min(count);
    let mut order: Vec<usize> = (0..count).collect();
    random.shuffle(&mut order);
    // Those who are gone at the opening have armed; of the others, this share.
    let arming = count - connected + (connected as f64 * b.armed).round() as usize;
    let arrivals = shape::draw(&scenario.arrivals, count - arming, &mut random, &scenario.base)?;
    let mut tabs = Vec::with_capacity(count);
    for (i, student) in order.into_iter().enumerate() {
        let gone = i < count - connected;
        let wishes = population.students[student].wishes.iter();
        let wishes: Vec<Wish> = wishes.map(|c| any(*c, scenario.window.waitlists)).collect();
        let mut tab = one(scenario, student, &mut random);
        if i < arming {
            armed(&mut tab, wishes, scenario, gone, &mut random);
        } else {
            tab.connect_at = arrivals[i - arming];
            tab.steps = vec![Step::new(tab.connect_at, Action::Submit(wishes))];
        }
        let leaves = tab.steps.iter().any(|step| step.action == Action::Disarm);
        if gone {
            (tab.later, tab.cut_at) = (Later::Nothing, None);
        } else if !leaves && random.chance(b.two_tabs) {
            let later = Later::Nothing;
            tabs.push(Tab { second: true, later, cut_at: None, ..tab.clone() });
        }
        tabs.push(tab);
    }
    Ok(tabs)
}

/// A student's habits.
fn one(scenario: &Scenario, student: usize, random: &mut Random) -> Tab {
    let (b, f) = (&scenario.behaviour, &scenario.faults);
    let habit = random.share();
    let later = match habit {
        h if h < b.drop_later => Later::Drop,
        h if h < b.drop_later + b.swap_later => Later::Swap,
        _ => Later::Nothing,
    };
    let cut = random.chance(f.drop_sockets);
    let half = scenario.duration.seconds() / 2.0;
    let cut_at = f.drop_at.map_or_else(|| random.share() * half, Span::seconds);
    Tab {
        student,
        connect_at: 0.0,
        steps: Vec::new(),
        slow_s: if random.chance(b.slow) { b.slow_by.seconds() } else { 0.0 },
        refresh_s: if random.chance(b.refresh) { b.refresh_every.seconds() } else { 0.0 },
        cut_at: cut.then_some(cut_at),
        later,
        later_s: b.later.seconds(),
        second: false,
    }
}

fn armed(tab: &mut Tab, wishes: Vec<Wish>, scenario: &Scenario, gone: bool, random: &mut Random) {
    let b = &scenario.behaviour;
    let over = b.arm_over.seconds();
    tab.connect_at = -over * (0.1 + 0.9 * random.share());
    let at = tab.connect_at;
    tab.steps = vec![Step::new(at, Action::Plan(wishes)), Step::new(at, Action::Arm)];
    let share = if b.armed > 0.0 { b.leave_line / b.armed } else { 0.0 };
    if gone {
        tab.steps.push(Step::new(at, Action::Close));
    } else if random.chance(share) {
        tab.steps.push(Step::new(at / 2.0, Action::Disarm));
    }
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
