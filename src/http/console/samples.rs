//! How fast sections fill: seats taken, noted every two seconds for a minute.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::clock;
use crate::domain::section::Section;
use crate::limits;

/// A shorter time says nothing of a minute, in seconds.
const SHORTEST_S: f64 = 1.0;

/// Seats taken by section, oldest first.
#[derive(Default)]
pub struct Samples(Mutex<VecDeque<(Instant, Vec<u32>)>>);

impl Samples {
    /// Notes how things stand now.
    pub fn take(&self, sections: &[Section]) {
        self.take_at(clock::monotonic(), sections);
    }

    fn take_at(&self, now: Instant, sections: &[Section]) {
        let taken = sections.iter().map(|s| s.taken).collect();
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= limits::BOARD_SAMPLES_MAX {
            ring.pop_front();
        }
        ring.push_back((now, taken));
    }

    /// By section: seats taken a minute since the oldest sample, to a tenth. A section that was
    /// not there then, and any before there is a sample of a second ago: 0.
    pub fn per_minute(&self, sections: &[Section]) -> Vec<f64> {
        self.per_minute_at(clock::monotonic(), sections)
    }

    fn per_minute_at(&self, now: Instant, sections: &[Section]) -> Vec<f64> {
        let ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((since, then)) = ring.front() else { return vec![0.0; sections.len()] };
        let seconds = now.duration_since(*since).as_secs_f64();
        let rate = |section: &Section| match then.get(section.id.index()) {
            Some(before) if seconds >= SHORTEST_S => {
                let more = f64::from(section.taken) - f64::from(*before);
                (more * 600.0 / seconds).round() / 10.0
            }
            _ => 0.0,
        };
        sections.iter().map(rate).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::ids::SectionId;

    fn taken(counts: &[u32]) -> Vec<Section> {
        let section = |(i, taken): (usize, &u32)| Section {
            taken: *taken,
            ..Section::new(SectionId(i as u32), Some(9))
        };
        counts.iter().enumerate().map(section).collect()
    }

    #[test]
    fn a_rate_is_of_the_last_minute_and_falls_when_seats_are_given_back() {
        let samples = Samples::default();
        let start = clock::monotonic();
        let at = |s| start + Duration::from_secs(s);
        assert_eq!(samples.per_minute_at(start, &taken(&[5])), [0.0]);
        samples.take_at(start, &taken(&[5, 3]));
        assert_eq!(samples.per_minute_at(start, &taken(&[6, 3])), [0.0, 0.0], "too early to say");
        let now = samples.per_minute_at(at(30), &taken(&[6, 1, 4]));
        assert_eq!(now, [2.0, -4.0, 0.0]);
    }

    #[test]
    fn a_minute_of_samples_is_kept() {
        let samples = Samples::default();
        let start = clock::monotonic();
        for n in 0..=limits::BOARD_SAMPLES_MAX as u64 {
            samples.take_at(start + Duration::from_secs(2 * n), &taken(&[n as u32]));
        }
        assert_eq!(samples.0.lock().unwrap().len(), limits::BOARD_SAMPLES_MAX);
        let later = start + Duration::from_secs(62);
        assert_eq!(samples.per_minute_at(later, &taken(&[31])), [30.0], "the oldest went");
    }
}
