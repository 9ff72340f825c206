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
    let mut holds: HashMap<(u32, u32), Vec<u32>> = HashMap::new();
    let mut at = 0.0;
    for event in events {
        if event.at > 0 {
            at = event.at.saturating_sub(opened_ms) as f64 / 1000.0;
        }
        let key = (event.student, event.course);
        let (taken, freed) = match &event.what {
            What::Enrolled { sections } | What::Promoted { sections, .. } => {
                (sections.clone(), holds.insert(key, sections.clone()).unwrap_or_default())
            }
            What::Dropped => (Vec::new(), holds.remove(&key).unwrap_or_default()),
            _ => continue,
        };
        for (section, by) in taken.iter().map(|s| (s, -1)).chain(freed.iter().map(|s| (s, 1))) {
            if let Some((left, points)) = lines.get_mut(section) {
                *left += by;
                points.push((at, *left as f64));
            }
        }
    }
    let line = |section: &u32| {
        let (left, mut points) = lines.remove(section).unwrap_or_default();
        points.push((end_s.max(at), left as f64));
        let name = catalogue.sections[*section as usize].key.clone();
        Line { name, points, steps: true, filled: false }
    };
    hot.iter().map(line).collect()
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

    #[test]
    fn seats_fall_with_enrolments_and_rise_with_drops() {
        let section = Section { key: "A/L".into(), capacity: Some(2), parent: None };
        let course = Course { key: "A".into(), components: vec![vec![0]] };
        let catalogue = Catalogue { sections: vec![section], courses: vec![course] };
        let event = |student, what, at| Event {
            journal: at,
            student,
            course: 0,
            request: Some(0),
            what,
            at,
        };
        let enrolled = || What::Enrolled { sections: vec![0] };
        let events =
            [event(0, enrolled(), 1100), event(1, enrolled(), 1200), event(0, What::Dropped, 1500)];
        let lines = lines(&events, &catalogue, 1000, 1.0);
        let values: Vec<f64> = lines[0].points.iter().map(|p| p.1).collect();
        assert_eq!(values, [2.0, 1.0, 0.0, 1.0, 1.0]);
        assert!((lines[0].points[3].0 - 0.5).abs() < 1e-9);
    }
}
