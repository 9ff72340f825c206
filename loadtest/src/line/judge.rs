//! Judging what students saw in the line against what became of it. Pure.

use serde::Serialize;

use crate::wire::Position;

/// A forecast's verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// A seat is likely.
    Likely,
    /// A seat is unlikely.
    Unlikely,
    /// No seat is left: a fact, not a forecast.
    Full,
}

impl Verdict {
    /// From its name on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "likely" => Some(Self::Likely),
            "unlikely" => Some(Self::Unlikely),
            "full" => Some(Self::Full),
            _ => None,
        }
    }
}

/// What one student saw; times are seconds after the opening.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Seen {
    /// Places told.
    pub positions: Vec<(f64, Position)>,
    /// Forecasts told.
    pub forecasts: Vec<(f64, Verdict)>,
    /// When her outcome was told, and whether she got the seat.
    pub outcome: Option<(f64, bool)>,
}

/// How often something told was right.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Score {
    /// Students to whom it was told in time.
    pub judged: u32,
    /// For how many of those it was right.
    pub right: u32,
    /// Students to whom it was not told in time.
    pub untold: u32,
}

impl Score {
    /// Right ones among those judged.
    pub fn share(self) -> f64 {
        f64::from(self.right) / f64::from(self.judged.max(1))
    }

    fn add(&mut self, right: Option<bool>) {
        match right {
            None => self.untold += 1,
            Some(right) => {
                self.judged += 1;
                self.right += u32::from(right);
            }
        }
    }
}

/// How the line was told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Judgement {
    /// Students in line.
    #[serde(skip)]
    pub students: u32,
    /// Position messages received.
    pub positions_told: u32,
    /// Students who saw their position rise.
    pub students_position_rose: u32,
    /// Students who were told no outcome.
    pub students_without_outcome: u32,
    /// The range of waiting time known at half way: held the truth.
    pub eta: Score,
    /// The last likely or unlikely told up to half way (`full` is a fact): came true.
    pub forecast: Score,
    /// The first forecast after the opening: came true.
    pub first_forecast: Score,
}

/// Judges what everybody saw.
pub fn judge(seen: &[Seen]) -> Judgement {
    let mut all = Judgement { students: seen.len() as u32, ..Judgement::default() };
    for one in seen {
        all.positions_told += one.positions.len() as u32;
        let rose = one.positions.windows(2).any(|two| two[1].1.position > two[0].1.position);
        all.students_position_rose += u32::from(rose);
        let Some((end, enrolled)) = one.outcome else {
            all.students_without_outcome += 1;
            continue;
        };
        let half = end / 2.0;
        let place = one.positions.iter().rev().find(|(at, _)| *at <= half);
        all.eta.add(place.map(|(at, place)| eta_held(*place, end - at)));
        let foretold = |at: f64, verdict: Verdict| at <= half && verdict != Verdict::Full;
        let at_half = one.forecasts.iter().rev().find(|(at, verdict)| foretold(*at, *verdict));
        all.forecast.add(at_half.and_then(|(_, verdict)| came_true(*verdict, enrolled)));
        let first = one.forecasts.first().filter(|(at, _)| *at < end);
        all.first_forecast.add(first.and_then(|(_, verdict)| came_true(*verdict, enrolled)));
    }
    all
}

/// Whether the range holds the wait that was still to come; "not known" holds nothing.
fn eta_held(place: Position, wait: f64) -> bool {
    match (place.eta_low, place.eta_high) {
        (Some(low), Some(high)) => f64::from(low) <= wait && wait <= f64::from(high),
        _ => false,
    }
}

fn came_true(verdict: Verdict, enrolled: bool) -> Option<bool> {
    match verdict {
        Verdict::Likely => Some(enrolled),
        Verdict::Unlikely => Some(!enrolled),
        Verdict::Full => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(position: u32, low: u32, high: u32) -> Position {
        Position { position, eta_low: Some(low), eta_high: Some(high) }
    }

    fn seen() -> Seen {
        Seen {
            positions: vec![(0.1, place(9, 3, 5)), (1.9, place(4, 2, 3)), (3.0, place(2, 0, 0))],
            forecasts: vec![(0.1, Verdict::Unlikely), (1.0, Verdict::Likely), (3.0, Verdict::Full)],
            outcome: Some((4.0, true)),
        }
    }

    #[test]
    fn what_was_known_at_half_way_is_judged() {
        let found = judge(&[seen()]);
        let right = Score { judged: 1, right: 1, untold: 0 };
        let wrong = Score { right: 0, ..right };
        assert_eq!((found.eta, found.forecast, found.first_forecast), (right, right, wrong));
        assert_eq!((found.students_position_rose, found.positions_told), (0, 3));
    }

    #[test]
    fn a_rise_is_seen() {
        let mut one = seen();
        one.positions.push((3.5, place(3, 0, 1)));
        assert_eq!(judge(&[one, seen()]).students_position_rose, 1);
    }

    #[test]
    fn a_range_that_misses_or_is_unknown_does_not_hold() {
        let mut late = seen();
        late.outcome = Some((5.5, true));
        assert_eq!(judge(&[late]).eta, Score { judged: 1, right: 0, untold: 0 });
        let mut unknown = seen();
        unknown.positions[1].1.eta_low = None;
        assert_eq!(judge(&[unknown]).eta.right, 0);
        let mut none = seen();
        none.positions.clear();
        assert_eq!(judge(&[none]).eta, Score { judged: 0, right: 0, untold: 1 });
    }

    #[test]
    fn no_outcome_is_counted_and_judged_no_further() {
        let mut one = seen();
        one.outcome = None;
        let found = judge(&[one]);
        assert_eq!((found.students_without_outcome, found.eta.judged), (1, 0));
    }
}
