//! The auditor: a small model of its own, fed with everything that students are told and, at the
//! end, with the gateway's export. It shares no code with the gateway.
//!
//! Its model of an opening in which each request stands alone: every request has exactly one
//! outcome, a section grants min(requests, capacity), a refusal says `full`, and what was told
//! once is never changed or lost.

use std::collections::HashMap;
use std::fmt;

use uuid::Uuid;

use crate::files::Demand;
use crate::wire::Outcome;

/// What a student was told about one request: enough to see any later change.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Told {
    enrolled: bool,
    sections: Box<str>,
    reason: Option<Box<str>>,
    journal: u64,
}

/// A promise broken. Printed, it names the student, the course and the request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// Which promise, and how.
    pub what: Broken,
    /// Student key.
    pub student: String,
    /// Course code.
    pub course: String,
    /// Request id.
    pub request: String,
    /// Particulars.
    pub detail: String,
}

/// Which promise was broken, and how.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Broken {
    /// An outcome for something that was never asked.
    NotAsked,
    /// A second, different outcome for the same request (I3).
    Changed,
    /// An outcome told before is not there any more (I2).
    Lost,
    /// No outcome at all (I8).
    Missing,
    /// More seats than capacity (I1).
    Oversold,
    /// Seats left although somebody was refused.
    Undersold,
    /// A seat in something else than what was asked (I4).
    WrongSeat,
    /// A refusal with a reason that cannot hold here, or an outcome that cannot be.
    WrongOutcome,
    /// In the export twice (I7).
    Double,
    /// In the export, but told refused or nothing.
    ExportedNotTold,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, student, course, request, detail } = self;
        write!(f, "{what:?}: student {student}, course {course}, request {request}: {detail}")
    }
}

/// The result of an audit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Findings {
    /// Requests told `enrolled`.
    pub granted: u64,
    /// Requests told `refused`.
    pub refused: u64,
    /// Sections whose grants are not min(requests, capacity).
    pub per_section_wrong: u64,
    /// Outcomes told before and changed or lost later.
    pub acknowledged_lost: u64,
    /// Everything found.
    pub violations: Vec<Violation>,
}

/// The auditor.
pub struct Auditor<'a> {
    demand: &'a Demand,
    /// By student: the id of her request.
    requests: Vec<Uuid>,
    /// By student, by index into her requests.
    told: Vec<Vec<Option<Told>>>,
    courses: HashMap<&'a str, u32>,
    decided: usize,
    violations: Vec<Violation>,
}

impl<'a> Auditor<'a> {
    /// An auditor of this demand; `requests` are the ids of the students' requests.
    pub fn new(demand: &'a Demand, requests: Vec<Uuid>) -> Self {
        let told = demand.students.iter().map(|s| vec![None; s.requests.len()]).collect();
        let courses = demand.sections.iter().enumerate();
        let courses = courses.map(|(i, section)| (section.id.as_str(), i as u32)).collect();
        Self { demand, requests, told, courses, decided: 0, violations: Vec::new() }
    }

    /// Requests with an outcome told.
    pub fn decided(&self) -> usize {
        self.decided
    }

    /// A student was told an outcome.
    pub fn told(&mut self, student: usize, outcome: &Outcome) {
        let Some(at) = self.place(student, outcome) else {
            let detail = format!("told {outcome:?}");
            return self.broken(Broken::NotAsked, student, &outcome.course, detail);
        };
        let told = Told {
            enrolled: outcome.outcome == "enrolled",
            sections: outcome.sections.join("+").into(),
            reason: outcome.reason.as_deref().map(Into::into),
            journal: outcome.journal,
        };
        if let Some(before) = &self.told[student][at] {
            if *before != told {
                let detail = format!("told {before:?}, then {told:?}");
                self.broken(Broken::Changed, student, &outcome.course, detail);
            }
            return;
        }
        self.check_alone(student, outcome);
        self.told[student][at] = Some(told);
        self.decided += 1;
    }

    /// After a reconnect, a student was told the latest outcome of each course she asked for:
    /// whatever she knew must be among them.
    pub fn told_again(&mut self, student: usize, outcomes: &[Outcome]) {
        for (at, section) in self.demand.students[student].requests.iter().enumerate() {
            let course = &self.demand.sections[*section as usize].id;
            let known = self.told[student][at].is_some();
            if known && !outcomes.iter().any(|outcome| outcome.course == *course) {
                let detail = "told before, not told again after the reconnect".to_owned();
                self.broken(Broken::Lost, student, course, detail);
            }
        }
        for outcome in outcomes {
            self.told(student, outcome);
        }
    }

    /// Index into her requests, if it is hers and bears her request's id.
    fn place(&self, student: usize, outcome: &Outcome) -> Option<usize> {
        let section = *self.courses.get(&*outcome.course)?;
        let id = Uuid::try_parse(&outcome.id).ok()?;
        let at = self.demand.students[student].requests.iter().position(|s| *s == section)?;
        (id == self.requests[student]).then_some(at)
    }

    /// What can be seen from one outcome alone.
    fn check_alone(&mut self, student: usize, outcome: &Outcome) {
        let course = &outcome.course;
        match &*outcome.outcome {
            "enrolled" => {
                let own = |key: &str| {
                    key.split_once('/').is_some_and(|(owner, _)| owner == course) || key == course
                };
                if outcome.sections.len() != 1 || !own(&outcome.sections[0]) {
                    let detail = format!("seats in {:?}", outcome.sections);
                    self.broken(Broken::WrongSeat, student, course, detail);
                }
            }
            "refused" if outcome.reason.as_deref() == Some("full") => {}
            other => {
                let reason = outcome.reason.as_deref().unwrap_or("no reason");
                let detail = format!("{other} ({reason}); only full can be refused here");
                self.broken(Broken::WrongOutcome, student, course, detail);
            }
        }
    }

    fn broken(&mut self, what: Broken, student: usize, course: &str, detail: String) {
        self.violations.push(Violation {
            what,
            student: self.demand.students[student].key.clone(),
            course: course.to_owned(),
            request: self.requests[student].to_string(),
            detail,
        });
    }

    /// Ends the audit: every request decided, every section right, and the export (pairs of
    /// student and course) the same as what was told.
    pub fn finish(mut self, export: &[(String, String)]) -> Findings {
        self.check_export(export);
        let mut findings = Findings::default();
        let mut granted = vec![0_u32; self.demand.sections.len()];
        let mut missing = Vec::new();
        for (i, student) in self.demand.students.iter().enumerate() {
            for (section, told) in student.requests.iter().zip(&self.told[i]) {
                match told {
                    Some(told) if told.enrolled => granted[*section as usize] += 1,
                    Some(_) => findings.refused += 1,
                    None => missing.push((i, *section)),
                }
            }
        }
        for (student, section) in missing {
            let course = self.demand.sections[section as usize].id.clone();
            self.broken(Broken::Missing, student, &course, "no outcome was told".to_owned());
        }
        findings.granted = granted.iter().map(|n| u64::from(*n)).sum();
        findings.per_section_wrong = self.check_sections(&granted);
        let lost = |v: &&Violation| matches!(v.what, Broken::Changed | Broken::Lost);
        findings.acknowledged_lost = self.violations.iter().filter(lost).count() as u64;
        findings.violations = self.violations;
        findings
    }

    fn check_sections(&mut self, granted: &[u32]) -> u64 {
        let asked = self.demand.per_section();
        let mut wrong = 0;
        for (i, section) in self.demand.sections.iter().enumerate() {
            let right = asked[i].min(section.capacity);
            if granted[i] == right {
                continue;
            }
            wrong += 1;
            let what = if granted[i] > right { Broken::Oversold } else { Broken::Undersold };
            let detail =
                format!("{} granted; {} asked, {} seats", granted[i], asked[i], section.capacity);
            self.violations.push(Violation {
                what,
                student: "-".into(),
                course: section.id.clone(),
                request: "-".into(),
                detail,
            });
        }
        wrong
    }

    fn check_export(&mut self, export: &[(String, String)]) {
        let students = self.demand.students.iter().enumerate();
        let students: HashMap<&str, usize> = students.map(|(i, s)| (s.key.as_str(), i)).collect();
        let mut seen: HashMap<(usize, u32), u32> = HashMap::new();
        for (student, course) in export {
            let found = students.get(student.as_str()).zip(self.courses.get(course.as_str()));
            let Some((student, section)) = found else {
                self.violations.push(Violation {
                    what: Broken::ExportedNotTold,
                    student: student.clone(),
                    course: course.clone(),
                    request: "-".into(),
                    detail: "not in the demand files".into(),
                });
                continue;
            };
            *seen.entry((*student, *section)).or_default() += 1;
        }
        self.compare_export(&seen);
    }

    fn compare_export(&mut self, seen: &HashMap<(usize, u32), u32>) {
        let mut expected = 0;
        for (i, student) in self.demand.students.iter().enumerate() {
            for (at, section) in student.requests.iter().enumerate() {
                let times = seen.get(&(i, *section)).copied().unwrap_or(0);
                expected += usize::from(times > 0);
                let told = self.told[i][at].as_ref().map(|told| told.enrolled);
                let course = &self.demand.sections[*section as usize].id;
                let (what, detail) = match (told, times) {
                    (_, 2..) => (Broken::Double, format!("{times} times in the export")),
                    (Some(true), 0) => {
                        (Broken::Lost, "told enrolled, not in the export".to_owned())
                    }
                    (Some(false) | None, 1) => {
                        (Broken::ExportedNotTold, "in the export, not told enrolled".to_owned())
                    }
                    _ => continue,
                };
                self.broken(what, i, course, detail);
            }
        }
        if seen.len() > expected {
            let mut extra: Vec<_> = seen.keys().copied().collect();
            extra.retain(|(i, section)| !self.demand.students[*i].requests.contains(section));
            extra.sort_unstable();
            for (student, section) in extra {
                let course = &self.demand.sections[section as usize].id;
                let detail = "in the export, never asked for".to_owned();
                self.broken(Broken::ExportedNotTold, student, course, detail);
            }
        }
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
