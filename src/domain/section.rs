//! A section's seats. One actor holds one of these; only the Registrar's events change it.

use super::ids::SectionId;

/// Whether a section can be entered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SectionStatus {
    /// Can be entered.
    #[default]
    Open,
    /// Nobody enters; who is in stays.
    Closed,
    /// Does not take place; who is in has been told to choose another.
    Cancelled,
}

impl SectionStatus {
    /// The stable name.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What a section can give right now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quote {
    /// Seats left; `None` is unlimited. 0 when over capacity.
    pub left: Option<u32>,
    /// Seats in force; `None` is unlimited.
    pub capacity: Option<u32>,
    /// Whether it can be entered at all.
    pub status: SectionStatus,
}

impl Quote {
    /// Whether one more can enter.
    pub fn free(self) -> bool {
        self.status == SectionStatus::Open && self.left != Some(0)
    }

    /// Seats left for ordering: unlimited sorts first.
    pub fn room(self) -> u32 {
        self.left.unwrap_or(u32::MAX)
    }
}

/// A change to one section's seats.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeatChange {
    /// Somebody enters.
    Take,
    /// The registrar lets somebody in beyond the capacity: shown as such, and no oversell.
    TakeOver,
    /// Somebody leaves.
    Release,
    /// So many leave at once: a rehearsal is run again.
    Withdraw(u32),
    /// Capacity set; may be below what is taken.
    Capacity(Option<u32>),
    /// Opened, closed or cancelled.
    Status(SectionStatus),
}

/// The seats of one section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Section {
    /// Which one.
    pub id: SectionId,
    /// Seats in force; `None` is unlimited.
    pub capacity: Option<u32>,
    /// Seats taken.
    pub taken: u32,
    /// Whether it can be entered.
    pub status: SectionStatus,
    /// Times that a seat was granted beyond the capacity in force (I1: must stay 0).
    pub oversold: u32,
}

impl Section {
    /// An empty section.
    pub fn new(id: SectionId, capacity: Option<u32>) -> Self {
        Self { id, capacity, taken: 0, status: SectionStatus::Open, oversold: 0 }
    }

    /// What it can give right now.
    pub fn quote(&self) -> Quote {
        let left = self.capacity.map(|c| c.saturating_sub(self.taken));
        Quote { left, capacity: self.capacity, status: self.status }
    }

    /// Seats taken beyond the capacity: after a registrar's reduction, or by her own grants.
    pub fn over_capacity(&self) -> u32 {
        self.capacity.map_or(0, |c| self.taken.saturating_sub(c))
    }

    /// Applies a change.
    pub fn apply(&mut self, change: SeatChange) {
        match change {
            SeatChange::Take => {
                if self.capacity.is_some_and(|c| self.taken >= c) {
                    self.oversold += 1;
                }
                self.taken += 1;
            }
            SeatChange::TakeOver => self.taken += 1,
            SeatChange::Release => self.taken = self.taken.saturating_sub(1),
            SeatChange::Withdraw(seats) => self.taken = self.taken.saturating_sub(seats),
            SeatChange::Capacity(capacity) => self.capacity = capacity,
            SeatChange::Status(status) => self.status = status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reduction_throws_nobody_out_and_lets_nobody_in() {
        let mut section = Section::new(SectionId(1), Some(2));
        section.apply(SeatChange::Take);
        section.apply(SeatChange::Take);
        section.apply(SeatChange::Capacity(Some(1)));
        assert_eq!((section.taken, section.over_capacity()), (2, 1));
        assert!(!section.quote().free());
        section.apply(SeatChange::Release);
        assert!(!section.quote().free(), "the excess falls before a seat is free");
        section.apply(SeatChange::Release);
        assert_eq!(section.quote().left, Some(1));
        assert_eq!(section.oversold, 0);
    }

    #[test]
    fn a_registrars_grant_is_over_capacity_and_no_oversell() {
        let mut section = Section::new(SectionId(1), Some(1));
        section.apply(SeatChange::Take);
        section.apply(SeatChange::TakeOver);
        assert_eq!((section.over_capacity(), section.oversold), (1, 0));
        assert!(!section.quote().free());
        section.apply(SeatChange::Release);
        assert!(!section.quote().free(), "the excess falls before a seat is free");
        section.apply(SeatChange::Take);
        assert_eq!(section.oversold, 1, "anybody else is still counted");
    }
}
