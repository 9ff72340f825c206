//! Seats and lines as they are on disk: written by the durability gate alone, read by anybody.

use std::sync::{PoisonError, RwLock};

use super::news::LineState;
use crate::domain::course::Quotes;
use crate::domain::ids::{SectionId, Sequence, WindowId};
use crate::domain::section::Section;

/// Every section's seats as of a durable journal position.
#[derive(Debug, Default)]
pub struct SeatBoard {
    inner: RwLock<Inner>,
    /// By window: what was last told of an open line.
    lines: RwLock<Vec<Option<LineState>>>,
}

#[derive(Debug, Default)]
struct Inner {
    as_of: Sequence,
    sections: Vec<Section>,
    /// Grows with every publication; by section: the publication that last changed it.
    version: u64,
    changed: Vec<u64>,
}

impl SeatBoard {
    /// The board at start, from replay.
    pub fn new(as_of: Sequence, sections: Vec<Section>) -> Self {
        let changed = vec![0; sections.len()];
        let inner = RwLock::new(Inner { as_of, sections, version: 0, changed });
        Self { inner, lines: RwLock::default() }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The section's seats; `None` while it is not on disk yet.
    pub fn get(&self, id: SectionId) -> Option<Section> {
        self.read().sections.get(id.index()).copied()
    }

    /// The seats of several sections and the position that they rest on.
    pub fn sections(&self, ids: &[SectionId]) -> (Sequence, Vec<Section>) {
        let inner = self.read();
        let found = ids.iter().filter_map(|id| inner.sections.get(id.index()).copied());
        (inner.as_of, found.collect())
    }

    /// All seats and the position that they rest on.
    pub fn all(&self) -> (Sequence, Vec<Section>) {
        let inner = self.read();
        (inner.as_of, inner.sections.clone())
    }

    /// What changed after publication `version`, with the newest publication's number.
    pub fn changed_since(&self, version: u64) -> (Sequence, u64, Vec<Section>) {
        let inner = self.read();
        let pairs = inner.sections.iter().zip(&inner.changed);
        let changed = pairs.filter(|(_, at)| **at > version).map(|(section, _)| *section);
        (inner.as_of, inner.version, changed.collect())
    }

    /// What the sections can give, for advice: decisions ask the sections themselves.
    pub fn quotes(&self, ids: &[SectionId]) -> Quotes {
        self.sections(ids).1.into_iter().map(|s| (s.id, s.quote())).collect()
    }

    /// How far an open line was when it last moved.
    pub fn line(&self, window: WindowId) -> Option<LineState> {
        let lines = self.lines.read().unwrap_or_else(PoisonError::into_inner);
        lines.get(window.index()).copied().flatten()
    }

    /// The gate lets a line's state through.
    pub(super) fn line_moved(&self, window: WindowId, state: LineState) {
        let mut lines = self.lines.write().unwrap_or_else(PoisonError::into_inner);
        if lines.len() <= window.index() {
            lines.resize(window.index() + 1, None);
        }
        lines[window.index()] = Some(state);
    }

    /// The gate lets seats through.
    pub(super) fn publish<'a>(
        &self,
        as_of: Sequence,
        changed: impl Iterator<Item = &'a [Section]>,
    ) {
        let mut changed = changed.flatten().peekable();
        if changed.peek().is_none() {
            return;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.as_of = inner.as_of.max(as_of);
        inner.version += 1;
        for section in changed {
            let index = section.id.index();
            while inner.sections.len() <= index {
                let next = SectionId(inner.sections.len() as u32);
                inner.sections.push(Section::new(next, Some(0)));
                inner.changed.push(0);
            }
            inner.sections[index] = *section;
            inner.changed[index] = inner.version;
        }
    }
}
