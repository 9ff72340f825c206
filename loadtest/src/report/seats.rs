//! Seats left of the hottest sections over time, as they follow from what was told.

use std::collections::HashMap;

use super::plot::Line;
use crate::model::{Event, What};
use crate::population::Catalogue;

/// Sections shown.
const SECTIONS: usize = 6;

/// Lines of the sections of the courses that most wanted. `opened_ms` is the opening.
pub fn lines(events: &[Event], catalogue: &Catalogue, opened_ms: u64, end_s: f64) -> Vec<Line> {
    let hot = hottest(events, catalogue);
    let left = |s: &u32| catalogue.sections[*s as usize].capacity.map_or(0, i64::from);
    let mut lines: HashMap<u32, (i64, Vec<(f64, f64)>)> =
        hot.iter().map(|s| (*s, (left(s), vec![(0.0, left(s) as f64)]))).collect();
    let mut book = Book::default();
    let mut at = 0.0;
    for event in events {
        if event.at > 0 {
            at = event.at.saturating_sub(opened_ms) as f64 / 1000.0;
        }
        for (section, by) in book.changes(event) {
            if let Some((left, points)) = lines.get_mut(&section) {
                *left += by;
                // The registrar may have gone beyond the capacity.
                points.push((at, (*left).max(0) as f64));
            }
        }
    }
    let line = |section: &u32| {
        let (left, mut points) = lines.remove(section).unwrap_or_default();
        points.push((end_s.max(at), left.max(0) as f64));
        let name = catalogue.sections[*section as usize].key.clone();
        Line { name, points, steps: true, filled: false }
    };
    hot.iter().map(line).collect()
}

/// Who has what, as told so far.
#[derive(Default)]
struct Book {
    /// Sections, by student and course.
    holds: HashMap<(u32, u32), Vec<u32>>,
    /// The course that she keeps until she is promoted, by student and the course waited for.
    keeps: HashMap<(u32, u32), u32>,
}

impl Book {
    /// Sections whose free seats change with this, and by how much.
    fn changes(&mut self, event: &Event) -> Vec<(u32, i64)> {
        let pair = (event.student, event.course);
        let (mut taken, mut given) = (None, event.gives);
        match &event.what {
            What::Enrolled { sections } | What::Placed { sections } => taken = Some(sections),
            What::Promoted { sections, replaces } => {
                let kept = self.keeps.remove(&pair);
                (taken, given) = (Some(sections), replaces.or(kept));
            }
            What::Waitlisted { keeps: Some(course) } => {
                self.keeps.insert(pair, *course);
            }
            What::Left => {
                self.keeps.remove(&pair);
            }
            What::Dropped | What::Removed => {}
            What::Waitlisted { keeps: None } | What::Refused { .. } | What::PassedOver => {}
        }
        let ends = taken.is_some() || matches!(event.what, What::Dropped | What::Removed);
        let ended = ends.then_some(pair).into_iter();
        let ended = ended.chain(given.map(|course| (event.student, course)));
        let mut freed: Vec<u32> = Vec::new();
        for pair in ended {
            freed.extend(self.holds.remove(&pair).unwrap_or_default());
        }
        let taken = taken.cloned().unwrap_or_default();
        let changes = freed.into_iter().map(|s| (s, 1)).chain(taken.iter().map(|s| (*s, -1)));
        let changes = changes.collect();
        if ends && !taken.is_empty() {
            self.holds.insert(pair, taken);
        }
        changes
    }
}

/// First sections of the courses with most requests by their seats.
fn hottest(events: &[Event], catalogue: &Catalogue) -> Vec<u32> {
    let mut asked = vec![0_u32; catalogue.courses.len()];
    let asks = |what: &What| {
        matches!(what, What::Enrolled { .. } | What::Waitlisted { .. } | What::Refused { .. })
    };
    events.iter().filter(|e| asks(&e.what)).for_each(|e| asked[e.course as usize] += 1);
    let mut ranked: Vec<(f64, u32)> = Vec::new();
    for (course, asked) in catalogue.courses.iter().zip(asked) {
        let first = course.components.first().and_then(|c| c.first().copied());
        if let Some(section) = first {
            let seats = catalogue.sections[section as usize].capacity.unwrap_or(u32::MAX).max(1);
            ranked.push((f64::from(asked) / f64::from(seats), section));
        }
    }
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    ranked.into_iter().take(SECTIONS).map(|(_, section)| section).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::{Course, Section};

    /// Courses A and B, each with one section of two seats.
    fn catalogue() -> Catalogue {
        let section = |key: &str| Section { key: key.into(), capacity: Some(2), parent: None };
        let course = |key: &str, i| Course { key: key.into(), components: vec![vec![i]] };
        Catalogue {
            sections: vec![section("A/L"), section("B/L")],
            courses: vec![course("A", 0), course("B", 1)],
        }
    }

    fn event(student: u32, course: u32, what: What, at: u64) -> Event {
        Event { journal: at, student, course, request: Some(0), gives: None, what, at }
    }

    fn enrolled(student: u32, course: u32, at: u64) -> Event {
        event(student, course, What::Enrolled { sections: vec![course] }, at)
    }

    /// Seats left of a section over time; the opening was at 1,000 ms.
    fn left(events: &[Event], section: &str) -> Vec<f64> {
        let lines = lines(events, &catalogue(), 1000, 1.0);
        let line = lines.iter().find(|line| line.name == section).unwrap();
        line.points.iter().map(|point| point.1).collect()
    }

    #[test]
    fn seats_fall_with_enrolments_and_rise_with_drops() {
        let events = [enrolled(0, 0, 1100), enrolled(1, 0, 1200), event(0, 0, What::Dropped, 1500)];
        assert_eq!(left(&events, "A/L"), [2.0, 1.0, 0.0, 1.0, 1.0]);
        let lines = lines(&events, &catalogue(), 1000, 1.0);
        let line = lines.iter().find(|line| line.name == "A/L").unwrap();
        assert!((line.points[3].0 - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_swap_frees_the_course_given_up() {
        let swap = Event { gives: Some(0), ..enrolled(0, 1, 1200) };
        let events = [enrolled(0, 0, 1100), swap];
        assert_eq!(left(&events, "A/L"), [2.0, 1.0, 2.0, 2.0]);
        assert_eq!(left(&events, "B/L"), [2.0, 1.0, 1.0]);
    }

    #[test]
    fn a_promotion_frees_what_was_kept_until_then() {
        let promoted = |replaces| What::Promoted { sections: vec![1], replaces };
        let waits = |keeps| event(0, 1, What::Waitlisted { keeps }, 1200);
        for (keeps, replaces) in [(Some(0), None), (None, Some(0)), (Some(0), Some(0))] {
            let promotion = event(0, 1, promoted(replaces), 1300);
            let events = [enrolled(0, 0, 1100), waits(keeps), promotion];
            assert_eq!(left(&events, "A/L"), [2.0, 1.0, 2.0, 2.0], "{keeps:?} {replaces:?}");
            assert_eq!(left(&events, "B/L"), [2.0, 1.0, 1.0]);
        }
        let left_list = event(0, 1, What::Left, 1250);
        let again = event(0, 1, promoted(None), 1300);
        let events = [enrolled(0, 0, 1100), waits(Some(0)), left_list, again];
        assert_eq!(left(&events, "A/L"), [2.0, 1.0, 1.0], "she left the list, and kept it");
    }

    #[test]
    fn what_the_registrar_gives_and_takes_counts() {
        let placed = |student, at| event(student, 0, What::Placed { sections: vec![0] }, at);
        let moved = placed(0, 1300);
        let events = [placed(0, 1100), moved, event(0, 0, What::Removed, 1400)];
        assert_eq!(left(&events, "A/L"), [2.0, 1.0, 2.0, 1.0, 2.0, 2.0]);
        let beyond = [placed(0, 1100), placed(1, 1200), placed(2, 1300)];
        let back = [&beyond[..], &[event(2, 0, What::Removed, 1400)]].concat();
        assert_eq!(left(&back, "A/L"), [2.0, 1.0, 0.0, 0.0, 0.0, 0.0], "never below nothing");
    }
}
