//! Study results in an import: whose, of what, and whether they are new.

use std::collections::{HashMap, HashSet};

use super::Preparer;
use super::fault::DraftFault;
use crate::domain::catalogue::{Item, Text};
use crate::domain::ids::{Credits, Key, StudentId};
use crate::domain::results::{Grade, StudyResult};
use crate::limits;

/// A study result as a file gives it.
#[derive(Clone, PartialEq, Debug)]
pub struct DraftResult {
    /// Line in the file.
    pub line: usize,
    /// Student number.
    pub student: Key,
    /// The term in which it was obtained.
    pub term: Key,
    /// Course code.
    pub course: Key,
    /// The course's name, for one that the catalogue does not have.
    pub name: Option<Text>,
    /// The part of the course; `None` is the whole.
    pub component: Option<Key>,
    /// Which attempt, from 1.
    pub attempt: u8,
    /// What she got.
    pub grade: Grade,
    /// What it is worth; `None`: what the catalogue says of the course, nothing for a part.
    pub credits: Option<Credits>,
    /// When, in days since 1970-01-01.
    pub date: i32,
    /// Whether she passed; `None`: as the grade says.
    pub passed: Option<bool>,
}

impl DraftResult {
    /// How it is called in a report.
    fn label(&self) -> String {
        let part = self.component.as_ref().map_or_else(String::new, |c| format!(" {c}"));
        let (student, term, course) = (&self.student, &self.term, &self.course);
        format!("result {student} {term} {course}{part} attempt {}", self.attempt)
    }
}

impl Preparer<'_> {
    pub(super) fn results(&mut self, drafts: &[DraftResult]) {
        let mut named = HashSet::new();
        let mut counts: HashMap<StudentId, usize> = HashMap::new();
        for draft in drafts {
            let (Some(student), Some(result)) = (self.result_student(draft), self.result(draft))
            else {
                continue;
            };
            let attempt = (draft.attempt, &draft.term, &draft.course, &draft.component);
            if !named.insert((student, attempt)) {
                self.result_fault(draft, "named twice in this file; keep one");
                continue;
            }
            let known = self.registry.students.get(student.index()).map(|s| &s.account);
            let same = known.and_then(|a| a.result(&result)).map(|old| **old == result);
            if same.is_none() {
                let before = known.map_or(0, |account| account.results().len());
                let count = counts.entry(student).or_insert(before);
                *count += 1;
                if *count == limits::RESULTS_PER_STUDENT_MAX + 1 {
                    let max = limits::RESULTS_PER_STUDENT_MAX;
                    let what = format!("the student would have more than {max} results");
                    self.result_fault(draft, &what);
                }
            }
            let difference = &mut self.out.difference;
            match same {
                None => difference.added.push(draft.label()),
                Some(false) => difference.changed.push(draft.label()),
                Some(true) => difference.unchanged += 1,
            }
            if same != Some(true) {
                self.out.items.push(Item::Result(student, Box::new(result)));
            }
        }
    }

    fn result_fault(&mut self, draft: &DraftResult, what: &str) {
        let what = format!("{}: {what}", draft.label());
        self.faults.push(DraftFault { line: Some(draft.line), what });
    }

    /// Whose it is. A near number is another person's, so none is proposed.
    fn result_student(&mut self, draft: &DraftResult) -> Option<StudentId> {
        let known = self.registry.student_id(draft.student.as_str());
        let student = known.or_else(|| self.new_students.get(&draft.student).copied());
        if student.is_none() {
            self.result_fault(draft, "unknown student; import the students first");
        }
        student
    }

    fn result(&mut self, draft: &DraftResult) -> Option<StudyResult> {
        let course = self.catalogue.course_id(draft.course.as_str());
        if course.is_none() && draft.name.is_none() {
            let near = self.nearest_course(&draft.course);
            let near = near.map_or_else(String::new, |key| format!("; did you mean {key}?"));
            let what = format!(
                "unknown course {}{near}; for a course that the catalogue no longer has, give \
                 its name",
                draft.course
            );
            self.result_fault(draft, &what);
            return None;
        }
        let of_course = course.map(|id| self.catalogue.course(id).credits);
        let default = if draft.component.is_some() { Some(Credits(0)) } else { of_course };
        let Some(credits) = draft.credits.or(default) else {
            self.result_fault(draft, "ects is missing and the catalogue does not have the course");
            return None;
        };
        Some(StudyResult {
            term: draft.term.clone(),
            course: draft.course.clone(),
            name: draft.name.clone(),
            component: draft.component.clone(),
            attempt: draft.attempt,
            grade: draft.grade,
            credits,
            date: draft.date,
            passed: draft.passed.unwrap_or_else(|| draft.grade.passes()),
        })
    }

    /// The code in the catalogue that looks most like it. Only the faults that are told need one.
    fn nearest_course(&self, code: &Key) -> Option<Key> {
        if self.faults.len() >= limits::IMPORT_FAULTS_MAX {
            return None;
        }
        let likeness = |key: &Key| strsim::jaro_winkler(code.as_str(), key.as_str());
        let keys = self.catalogue.courses.iter().map(|course| &course.key);
        let best = keys.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
        (likeness(best) >= 0.75).then(|| best.clone())
    }
}
