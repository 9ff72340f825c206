//! The state at the opening: what a replay begins with.

use std::collections::{HashMap, HashSet};

use sluis::domain::ids::{Key, SectionId, StudentId, WindowId};
use sluis::domain::section::SectionStatus;
use sluis::domain::student::Student;
use sluis::domain::university::University;

/// What the registrar may have changed before the opening.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// By section: seats in force, and whether it could be entered.
    sections: Vec<(Option<u32>, SectionStatus)>,
    /// Codes of the blocks in force, of those who had any.
    pub blocks: HashMap<StudentId, HashSet<Key>>,
    /// Admissions a second.
    pub pace: Option<u32>,
}

impl Opening {
    /// As the window has just opened.
    pub fn of(university: &University, window: WindowId) -> Self {
        let registry = &university.registry;
        let students = registry.students.iter().enumerate();
        let codes = |s: &Student| s.blocks().cloned().collect::<HashSet<Key>>();
        let blocks = students.map(|(i, s)| (StudentId(i as u32), codes(s)));
        Self {
            sections: university.sections.iter().map(|s| (s.capacity, s.status)).collect(),
            blocks: blocks.filter(|(_, codes)| !codes.is_empty()).collect(),
            pace: registry.windows[window.index()].rules.pace,
        }
    }

    /// Seats of a section. One that came later, with an import, has what it came with.
    pub fn capacity(&self, section: SectionId, imported: Option<u32>) -> Option<u32> {
        self.sections.get(section.index()).map_or(imported, |(capacity, _)| *capacity)
    }

    /// Sections that could not be entered.
    pub fn closed(&self) -> impl Iterator<Item = (SectionId, SectionStatus)> {
        let sections = self.sections.iter().enumerate();
        let closed = sections.filter(|(_, (_, status))| *status != SectionStatus::Open);
        closed.map(|(i, (_, status))| (SectionId(i as u32), *status))
    }
}
