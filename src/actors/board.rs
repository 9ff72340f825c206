//! Seats as they are on disk: written by the durability gate alone, read by anybody.

use std::sync::{PoisonError, RwLock};

use crate::domain::course::Quotes;
use crate::domain::ids::{SectionId, Sequence};
use crate::domain::section::Section;

/// Every section's seats as of a durable journal position.
#[derive(Debug, Default)]
pub struct SeatBoard {
    inner: RwLock<(Sequence, Vec<Section>)>,
}

impl SeatBoard {
    /// The board at start, from replay.
    pub fn new(as_of: Sequence, sections: Vec<Section>) -> Self {
        Self { inner: RwLock::new((as_of, sections)) }
    }

    /// The section's seats; `None` while it is not on disk yet.
    pub fn get(&self, id: SectionId) -> Option<Section> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).1.get(id.index()).copied()
    }

    /// The seats of several sections and the position that they rest on.
    pub fn sections(&self, ids: &[SectionId]) -> (Sequence, Vec<Section>) {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let found = ids.iter().filter_map(|id| inner.1.get(id.index()).copied());
        (inner.0, found.collect())
    }

    /// All seats and the position that they rest on.
    pub fn all(&self) -> (Sequence, Vec<Section>) {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the sections can give, for advice: decisions ask the sections themselves.
    pub fn quotes(&self, ids: &[SectionId]) -> Quotes {
        self.sections(ids).1.into_iter().map(|s| (s.id, s.quote())).collect()
    }

    /// The gate lets seats through.
    pub(super) fn publish(&self, as_of: Sequence, changed: &[Section]) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.0 = inner.0.max(as_of);
        for section in changed {
            let index = section.id.index();
            if index >= inner.1.len() {
                let next = inner.1.len();
                let blank = (next..=index).map(|i| Section::new(SectionId(i as u32), Some(0)));
                inner.1.extend(blank);
            }
            inner.1[index] = *section;
        }
    }
}
