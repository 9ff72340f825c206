//! What version 3 of a state added: paused windows, the registrar's word on blocks, and the
//! latest acts, in blocks of their own.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::acts::AuditEntry;
use crate::domain::ids::{Key, Sequence, StudentId, Timestamp};
use crate::domain::student::Student;
use crate::journal::record::ActV2;
use crate::journal::wire::KeyV1;

/// The registrar's word on one student's blocks; those who have none are left out.
#[derive(Serialize, Deserialize)]
pub struct OverridesV3 {
    pub student: u32,
    words: Vec<(KeyV1, bool)>,
}

impl OverridesV3 {
    /// Of a student, unless nothing was ever said.
    pub fn of(id: StudentId, student: &Student) -> Option<Self> {
        let words = student.overrides.iter().map(|(code, set)| (code.into(), *set)).collect();
        (!student.overrides.is_empty()).then_some(Self { student: id.0, words })
    }

    /// As the domain has it.
    pub fn into_words(self) -> Vec<(Key, bool)> {
        self.words.into_iter().map(|(code, set)| (code.into(), set)).collect()
    }
}

/// An act, with its place in the journal.
#[derive(Serialize, Deserialize)]
pub struct AuditEntryV3 {
    journal: u64,
    at: u64,
    act: ActV2,
}

impl From<&AuditEntry> for AuditEntryV3 {
    fn from(entry: &AuditEntry) -> Self {
        let act = entry.act.as_ref().into();
        Self { journal: entry.journal.0, at: entry.at.0, act }
    }
}

impl From<AuditEntryV3> for AuditEntry {
    fn from(entry: AuditEntryV3) -> Self {
        let (journal, at) = (Sequence(entry.journal), Timestamp(entry.at));
        Self { journal, at, act: Arc::new(entry.act.into()) }
    }
}
