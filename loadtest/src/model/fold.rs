//! The end of an audit: everything told, in journal order, through a small registry of its own;
//! then its state beside the gateway's export.

use std::collections::HashMap;
use std::rc::Rc;

use super::{Asked, Event, Exported, Findings, Model, Promise, What};

/// Seats and waitlists as they follow from what was told.
#[derive(Default)]
struct Registry {
    taken: Vec<u32>,
    holds: HashMap<(u32, u32), (Vec<u32>, u64)>,
    waiting: HashMap<u32, Vec<(u32, Option<u32>)>>,
}

impl Model {
    /// Ends the audit. `export` is everybody's enrolments, `order` the tickets as drawn; `complete`
    /// says that nobody was left unasked.
    pub fn finish(
        mut self,
        export: Option<&[Exported]>,
        order: Option<&[u32]>,
        complete: bool,
    ) -> Findings {
        if let Some(export) = export {
            self.learn_promotions(export);
        }
        let undecided = self.undecided();
        let complete = complete && undecided == 0 && self.rules.alone;
        self.events.sort_by_key(|e| (e.journal, e.what.order()));
        let registry = self.fold(complete);
        let mut judged = vec!["I1", "I2", "I3", "I4", "I5", "I7", "I15"];
        if complete && !self.rules.personal {
            judged.extend(["I6", "I11"]);
        }
        if let Some(order) = order {
            self.check_order(order);
            judged.push("I5 (draw)");
        }
        if let Some(export) = export {
            self.check_export(&registry, export);
            judged.push("export");
        }
        self.check_told();
        judged.push("I10");
        self.findings(undecided, judged)
    }

    fn undecided(&self) -> u64 {
        self.requests.iter().filter(|r| !r.is_settled()).count() as u64
    }

    fn findings(self, undecided: u64, judged: Vec<&'static str>) -> Findings {
        let mut findings = Findings {
            counts: self.counts,
            violations: self.violations,
            undecided,
            judged,
            ..Findings::default()
        };
        for event in &self.events {
            *findings.outcomes.entry(event.what.name()).or_default() += 1;
            if let What::Refused { reason } = &event.what {
                *findings.reasons.entry(reason.clone()).or_default() += 1;
            }
        }
        findings.events = self.events;
        findings
    }

    /// Rows that nobody was told about can only be promotions of who waits.
    fn learn_promotions(&mut self, export: &[Exported]) {
        let keys = Rc::clone(&self.students);
        let students: HashMap<&str, u32> =
            keys.iter().enumerate().map(|(i, key)| (key.as_str(), i as u32)).collect();
        let mut known: HashMap<(u32, u32), (bool, Vec<u64>)> = HashMap::new();
        for event in &self.events {
            let (waits, grants) = known.entry((event.student, event.course)).or_default();
            match event.what {
                What::Waitlisted { .. } => *waits = true,
                What::Enrolled { .. } | What::Promoted { .. } | What::Placed { .. } => {
                    grants.push(event.journal);
                }
                _ => {}
            }
        }
        for row in export {
            let student = students.get(row.student.as_str()).copied();
            let (Some(student), Some(course)) = (student, self.courses.get(&row.course).copied())
            else {
                continue;
            };
            let Some((true, grants)) = known.get(&(student, course)) else { continue };
            if grants.contains(&row.journal) {
                continue;
            }
            let keys = row.sections.iter();
            let sections = keys.filter_map(|key| self.sections.get(key).copied()).collect();
            let what = What::Promoted { sections, replaces: None };
            let (journal, request, at) = (row.journal, None, 0);
            self.events.push(Event { journal, student, course, request, what, at });
            if self.promised.insert((student, journal)) && self.centres.contains_key(&student) {
                let detail = format!("promoted at {journal}, and no message says so");
                self.broken(Promise::I10, student as usize, &row.course, "-", detail);
            }
        }
    }

    fn fold(&mut self, complete: bool) -> Registry {
        let taken = vec![0; self.catalogue.sections.len()];
        let mut registry = Registry { taken, ..Registry::default() };
        let events = std::mem::take(&mut self.events);
        for event in &events {
            self.step(&mut registry, event, complete);
        }
        self.events = events;
        registry
    }

    fn step(&mut self, registry: &mut Registry, event: &Event, complete: bool) {
        let Event { student, course, .. } = *event;
        let key = (student, course);
        let strict = complete && !self.rules.personal;
        match &event.what {
            What::Enrolled { sections } => {
                if let Some(given) = self.given(event) {
                    registry.free((student, given));
                }
                if strict && let Some(first) = registry.first_waiting(course) {
                    let who = self.students[first as usize].clone();
                    let detail = format!("takes a seat for which {who} is waiting");
                    self.told_wrong(Promise::I6, event, detail);
                }
                self.grant(registry, event, sections);
            }
            What::Promoted { sections, replaces } => {
                let list = registry.waiting.entry(course).or_default();
                let at = list.iter().position(|(who, _)| *who == student);
                let keeps = at.and_then(|at| list.remove(at).1);
                if strict && at != Some(0) {
                    let detail = format!("promoted from place {at:?} of the waitlist");
                    self.told_wrong(Promise::I6, event, detail);
                }
                if let Some(given) = replaces.or(keeps) {
                    registry.free((student, given));
                }
                self.grant(registry, event, sections);
            }
            What::Waitlisted { keeps } => {
                if strict && self.fits(registry, course) {
                    let detail = "waitlisted although a seat is free".to_owned();
                    self.told_wrong(Promise::I11, event, detail);
                }
                let list = registry.waiting.entry(course).or_default();
                let twice = list.iter().any(|(who, _)| *who == student);
                list.push((student, *keeps));
                if twice {
                    let detail = "a second place on the waitlist".to_owned();
                    self.told_wrong(Promise::I7, event, detail);
                }
            }
            What::Refused { reason } if reason == "full" || reason == "waitlist_full" => {
                if strict && self.fits(registry, course) {
                    let detail = "refused as full although a seat is free".to_owned();
                    self.told_wrong(Promise::I11, event, detail);
                }
            }
            What::Dropped => {
                if !registry.free(key) && complete {
                    self.told_wrong(Promise::I3, event, "dropped what she did not have".into());
                }
            }
            What::Placed { sections } => registry.place(key, sections, event.journal),
            What::Removed => {
                registry.free(key);
            }
            What::Left => {
                registry.waiting.entry(course).or_default().retain(|(who, _)| *who != student);
            }
            What::Refused { .. } | What::PassedOver => {}
        }
    }

    fn grant(&mut self, registry: &mut Registry, event: &Event, sections: &[u32]) {
        for section in sections {
            let taken = &mut registry.taken[*section as usize];
            *taken += 1;
            let (taken, capacity) = (*taken, self.catalogue.sections[*section as usize].capacity);
            // A capacity that somebody else may have changed is judged no further.
            if let Some(capacity) = capacity.filter(|c| taken > *c) {
                let key = &self.catalogue.sections[*section as usize].key;
                let detail = format!("seat {taken} of {capacity} in {key}");
                self.told_wrong(Promise::I1, event, detail);
            }
        }
        let hold = (sections.to_vec(), event.journal);
        let before = registry.holds.insert((event.student, event.course), hold);
        if let Some((_, journal)) = before {
            let detail = format!("enrolled at {journal} already");
            self.told_wrong(Promise::I7, event, detail);
        }
    }

    /// The course given up by the swap that this event is the outcome of.
    fn given(&self, event: &Event) -> Option<u32> {
        match self.requests[event.request? as usize].asked {
            Asked::Change { gives } => gives,
            Asked::Plan | Asked::Denied => None,
        }
    }

    fn fits(&self, registry: &Registry, course: u32) -> bool {
        let free = |section: u32| {
            let capacity = self.catalogue.sections[section as usize].capacity;
            capacity.is_none_or(|c| registry.taken[section as usize] < c)
        };
        self.catalogue.fits(course as usize, &free)
    }

    fn told_wrong(&mut self, promise: Promise, event: &Event, detail: String) {
        let course = self.catalogue.courses[event.course as usize].key.clone();
        let id = event.request.map(|at| self.requests[at as usize].id.to_string());
        let id = id.unwrap_or_else(|| "-".to_owned());
        self.broken(promise, event.student as usize, &course, &id, detail);
    }

    /// Tickets in the order drawn are decided in that order.
    fn check_order(&mut self, order: &[u32]) {
        let mut before = (0, 0);
        let mut wrong = Vec::new();
        for ticket in order {
            let behind = self.tickets.get(ticket).into_iter().flatten();
            let mut decided =
                behind.filter_map(|at| Some((*at, self.requests[*at as usize].told.first()?)));
            let Some((at, told)) = decided.next() else { continue };
            let (course, journal) = (told.course, told.journal);
            if journal <= before.0 {
                wrong.push((
                    at,
                    course,
                    format!(
                        "ticket {ticket} decided at {journal}, after ticket {} at {}",
                        before.1, before.0
                    ),
                ));
            }
            before = (journal, *ticket);
        }
        for (at, course, detail) in wrong {
            let request = &self.requests[at as usize];
            let (student, id) = (request.student as usize, request.id.to_string());
            let key = self.catalogue.courses[course as usize].key.clone();
            self.broken(Promise::I5, student, &key, &id, detail);
        }
    }

    fn check_export(&mut self, registry: &Registry, export: &[Exported]) {
        let keys = Rc::clone(&self.students);
        let students: HashMap<&str, u32> =
            keys.iter().enumerate().map(|(i, key)| (key.as_str(), i as u32)).collect();
        let mut seen: HashMap<(u32, u32), u32> = HashMap::new();
        let mut faults = Vec::new();
        for row in export {
            let Some(student) = students.get(row.student.as_str()).copied() else {
                if self.rules.alone {
                    faults.push((Promise::I3, 0, row.course.clone(), "of nobody here".into()));
                }
                continue;
            };
            let Some(course) = self.courses.get(&row.course).copied() else { continue };
            let times = seen.entry((student, course)).or_default();
            *times += 1;
            let wrong = match registry.holds.get(&(student, course)) {
                _ if *times > 1 => Some((Promise::I7, "twice in the export".to_owned())),
                None => Some((Promise::I3, "in the export, not told enrolled".to_owned())),
                Some((sections, journal)) => {
                    let keys = sections.iter().map(|s| &self.catalogue.sections[*s as usize].key);
                    let same = keys.eq(row.sections.iter()) && *journal == row.journal;
                    let text = format!("told {sections:?} at {journal}, the export has {row:?}");
                    (!same).then_some((Promise::I4, text))
                }
            };
            if let Some((promise, text)) = wrong {
                faults.push((promise, student as usize, row.course.clone(), text));
            }
        }
        for ((student, course), (_, journal)) in &registry.holds {
            if !seen.contains_key(&(*student, *course)) {
                let key = self.catalogue.courses[*course as usize].key.clone();
                let text = format!("told enrolled at {journal}, not in the export");
                faults.push((Promise::I2, *student as usize, key, text));
            }
        }
        for (promise, student, course, text) in faults {
            self.broken(promise, student, &course, "-", text);
        }
    }

    /// Each promotion stands exactly once in the message centres that were read.
    fn check_told(&mut self) {
        let mut faults = Vec::new();
        for (student, ids) in &self.centres {
            for (id, times) in ids.iter().filter(|(_, times)| **times > 1) {
                faults.push((*student, "-".to_owned(), format!("message {id} {times} times")));
            }
        }
        for ((student, journal, course), times) in &self.centre_promotions {
            if *times > 1 {
                let key = self.catalogue.courses[*course as usize].key.clone();
                faults.push((*student, key, format!("promotion at {journal} told {times} times")));
            }
        }
        for (student, _, id) in &self.pushed {
            if self.centres.get(student).is_some_and(|ids| !ids.contains_key(id)) {
                let detail = format!("message {id} was pushed and is not in her centre");
                faults.push((*student, "-".to_owned(), detail));
            }
        }
        for (student, course, text) in faults {
            self.broken(Promise::I10, student as usize, &course, "-", text);
        }
    }
}

impl Registry {
    /// The first of those who wait for the course.
    fn first_waiting(&self, course: u32) -> Option<u32> {
        self.waiting.get(&course)?.first().map(|(student, _)| *student)
    }

    /// The registrar's word: it ends the wait, and goes beyond a capacity without being an oversell.
    fn place(&mut self, key: (u32, u32), sections: &[u32], journal: u64) {
        let (student, course) = key;
        if !self.free(key) {
            let list = self.waiting.entry(course).or_default();
            list.retain(|(who, _)| *who != student);
        }
        for section in sections {
            self.taken[*section as usize] += 1;
        }
        self.holds.insert(key, (sections.to_vec(), journal));
    }

    /// Frees what she has in the course; whether she had anything.
    fn free(&mut self, key: (u32, u32)) -> bool {
        let Some((sections, _)) = self.holds.remove(&key) else { return false };
        for section in sections {
            let taken = &mut self.taken[section as usize];
            *taken = taken.saturating_sub(1);
        }
        true
    }
}
