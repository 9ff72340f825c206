//! The end of an audit: everything told, in journal order, through a small registry of its own;
//! then its state beside the gateway's export.

use super::export::Registry;
use super::{Asked, Event, Export, Findings, Model, Promise, What};

/// Students whose message centres were not read and who are named.
const NAMED_MAX: usize = 5;

impl Model {
    /// Ends the audit. `order` are the tickets as drawn; `complete` says that nobody was left
    /// unasked.
    pub fn finish(
        mut self,
        export: Option<&Export>,
        order: Option<&[u32]>,
        complete: bool,
    ) -> Findings {
        if let Some(export) = export {
            self.learn_promotions(&export.rows);
        }
        let undecided = self.undecided();
        let (open, unread) = (!self.open().is_empty(), self.missed.len() as u64);
        let mut left_out = self.left_out(complete, open);
        let complete = complete && !open && unread == 0 && self.rules.alone;
        self.events.sort_by_key(|e| (e.journal, e.what.order()));
        let from = export.map_or(u64::MAX, |export| export.from);
        let registry = self.fold(complete, from);
        let mut judged = vec!["I1", "I2", "I3", "I4", "I5", "I7", "I15"];
        if complete && !self.rules.personal {
            judged.extend(["I6", "I11"]);
        }
        if let Some(order) = order {
            self.check_order(order);
            judged.push("I5 (draw)");
        }
        match export {
            Some(export) => {
                self.check_export(&registry, export);
                judged.push("export");
            }
            None => left_out.push("export: it was not read".to_owned()),
        }
        self.check_told();
        if unread == 0 {
            judged.push("I10");
        }
        self.not_judged += unread;
        let findings = Findings { undecided, judged, left_out, unread, ..Findings::default() };
        self.findings(findings)
    }

    /// What cannot be judged at all, and why.
    fn left_out(&self, complete: bool, open: bool) -> Vec<String> {
        let unread = (!self.missed.is_empty()).then(|| {
            let some = self.missed.iter().take(NAMED_MAX).map(|who| self.students[*who].as_str());
            let (count, some) = (self.missed.len(), some.collect::<Vec<_>>().join(", "));
            let more = if count > NAMED_MAX { ", …" } else { "" };
            format!("{count} message centres were not read (of {some}{more})")
        });
        let hidden = match &unread {
            _ if self.rules.personal || !self.rules.alone => Some(
                "something personal, or somebody else, may stand in a student's way".to_owned(),
            ),
            Some(unread) => Some(unread.clone()),
            None if !complete => Some("not everybody could be asked at the end".to_owned()),
            None if open => Some("requests are open".to_owned()),
            None => None,
        };
        let hidden = hidden.map(|why| format!("I6 and I11: {why}"));
        hidden.into_iter().chain(unread.map(|why| format!("I10: {why}"))).collect()
    }

    fn findings(self, findings: Findings) -> Findings {
        let mut findings = Findings {
            counts: self.counts,
            violations: self.violations,
            not_judged: self.not_judged,
            ..findings
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

    fn fold(&mut self, complete: bool, from: u64) -> Registry {
        let mut registry = Registry::new(self.catalogue.sections.len(), from);
        let events = std::mem::take(&mut self.events);
        for event in &events {
            self.step(&mut registry, event, complete);
        }
        self.events = events;
        registry
    }

    fn step(&mut self, registry: &mut Registry, event: &Event, complete: bool) {
        let Event { student, course, journal, .. } = *event;
        let key = (student, course);
        let strict = complete && !self.rules.personal;
        match &event.what {
            What::Enrolled { sections } => {
                if let Some(given) = event.gives {
                    registry.free((student, given), journal);
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
                    registry.free((student, given), journal);
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
                if !registry.free(key, journal) && complete {
                    self.told_wrong(Promise::I3, event, "dropped what she did not have".into());
                }
            }
            What::Placed { sections } => registry.place(key, sections, journal),
            What::Removed => {
                registry.free(key, journal);
            }
            What::Left => {
                registry.waiting.entry(course).or_default().retain(|(who, _)| *who != student);
            }
            What::Refused { .. } | What::PassedOver => {}
        }
    }

    fn grant(&mut self, registry: &mut Registry, event: &Event, sections: &[u32]) {
        let pair = (event.student, event.course);
        let before = registry.take(pair, sections, event.journal);
        for section in sections {
            let taken = registry.taken[*section as usize];
            let capacity = self.catalogue.sections[*section as usize].capacity;
            // A capacity that somebody else may have changed is judged no further.
            let Some(capacity) = capacity.filter(|capacity| taken > *capacity) else { continue };
            if taken - capacity <= self.perhaps_freed(registry, *section, event.journal) {
                self.not_judged += 1;
                continue;
            }
            let key = &self.catalogue.sections[*section as usize].key;
            let detail = format!("seat {taken} of {capacity} in {key}");
            self.told_wrong(Promise::I1, event, detail);
        }
        let Some((_, journal)) = before else { return };
        if self.may_be_given(pair, event.journal, journal) {
            self.not_judged += 1;
        } else {
            let detail = format!("enrolled at {journal} already");
            self.told_wrong(Promise::I7, event, detail);
        }
    }

    /// Seats in the section that may have been given back before this journal position without
    /// our knowing: a drop or a swap of theirs is open, or she may have been promoted and gives up
    /// what she kept.
    fn perhaps_freed(&self, registry: &Registry, section: u32, journal: u64) -> u32 {
        let holds = |pair: (u32, u32)| {
            let hold = registry.holds.get(&pair);
            hold.filter(|(sections, _)| sections.contains(&section))
                .map(|(_, since)| (pair, *since))
        };
        let open = self.requests.iter().filter(|request| !request.is_settled());
        let given = open.filter_map(|request| match request.asked {
            Asked::Change { gives: Some(given) } => Some((request.student, given)),
            Asked::Change { gives: None } => Some((request.student, *request.courses.first()?)),
            Asked::Plan | Asked::Denied => None,
        });
        let given = given.filter_map(holds);
        let given = given.filter(|(pair, since)| self.may_be_given(*pair, journal, *since));
        let kept = registry.waiting.values().flatten();
        let kept = kept.filter_map(|(student, keeps)| holds((*student, (*keeps)?)));
        let kept = kept.filter(|((student, _), _)| {
            self.centres.get(student).is_none_or(|(_, as_of)| *as_of < journal)
        });
        let mut freed: Vec<(u32, u32)> = given.chain(kept).map(|(pair, _)| pair).collect();
        freed.sort_unstable();
        freed.dedup();
        freed.len() as u32
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

    /// Each promotion stands exactly once in the message centres that were read.
    fn check_told(&mut self) {
        let mut faults = Vec::new();
        for (student, (ids, _)) in &self.centres {
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
            if self.centres.get(student).is_some_and(|(ids, _)| !ids.contains_key(id)) {
                let detail = format!("message {id} was pushed and is not in her centre");
                faults.push((*student, "-".to_owned(), detail));
            }
        }
        for (student, course, text) in faults {
            self.broken(Promise::I10, student as usize, &course, "-", text);
        }
    }
}
