//! How each seeded bug bends the gateway. Nothing here runs without one.

use std::sync::Arc;

use sluis::domain::command::Command;
use sluis::domain::course::Quotes;
use sluis::domain::event::{Event, Record};
use sluis::domain::ids::{CourseId, SectionId, Sequence, Timestamp};
use sluis::domain::outcome::Outcome;
use sluis::domain::student::Memos;
use sluis::domain::turn::Turn;
use sluis::domain::university::University;
use sluis::domain::window::{ClashPolicy, WindowState};
use sluis::journal::memory::Disk;
use sluis::journal::{Journal, JournalReader, RecordBuffer, record};

use super::Gateway;
use crate::bug::Bug;
use crate::told::{self, Item, Kind};

impl Gateway {
    /// After recovery. `torn`: records of a commit that was torn and has been removed.
    pub(super) fn bend_start(&mut self, torn: &[Record]) {
        let Some(bug) = self.bug else { return };
        let registry = &mut self.university.registry;
        match bug {
            Bug::DedupeLost => {
                registry.students.iter_mut().for_each(|s| s.requests = Memos::default());
            }
            Bug::WaitlistOrderLost => {
                registry.courses.iter_mut().for_each(|book| book.waitlist.reverse());
            }
            Bug::TornTailAccepted => {
                if let Some(record) = torn.first() {
                    let last = registry.sequence;
                    self.university.apply(record);
                    self.university.registry.sequence = last;
                }
            }
            _ => {}
        }
        self.bend_rules(bug);
    }

    /// Rules that a bug has forgotten, in memory alone.
    fn bend_rules(&mut self, bug: Bug) {
        let registry = &mut self.university.registry;
        match bug {
            Bug::ClashUnchecked => {
                registry.windows.iter_mut().for_each(|w| w.rules.clash = ClashPolicy::Warn);
            }
            Bug::CreditsUnchecked => {
                registry.windows.iter_mut().for_each(|w| w.rules.credit_limit = None);
            }
            Bug::BlocksUnchecked => {
                for student in &mut registry.students {
                    Arc::make_mut(&mut student.profile).blocks.clear();
                    student.overrides.clear();
                }
            }
            _ => {}
        }
    }

    pub(super) fn bend_command(
        &mut self,
        bug: Bug,
        command: Command,
        now: Timestamp,
        asked: (u32, Option<u32>),
    ) {
        match (bug, &command) {
            (Bug::ClosedWindowDecides, Command::Submit { window, .. }) => {
                let at = window.index();
                let closed = self.university.registry.windows[at].state == WindowState::Closed;
                if closed {
                    self.university.registry.windows[at].state = WindowState::Open;
                }
                self.run(Turn::new(command), now, Some(asked));
                if closed {
                    self.university.registry.windows[at].state = WindowState::Closed;
                }
            }
            (Bug::SecondPlace, Command::Arm { student, request, .. })
                if self.university.registry.memo(*student, *request).is_none() =>
            {
                let student = student.index();
                let tickets = &mut self.university.registry.students[student].tickets;
                let mut before = std::mem::take(tickets);
                self.run(Turn::new(command), now, Some(asked));
                let tickets = &mut self.university.registry.students[student].tickets;
                before.append(tickets);
                *tickets = before;
            }
            (Bug::OtherBodyDecided, _) => {
                if let Some((student, request, body)) = command.request()
                    && self
                        .university
                        .registry
                        .memo(student, request)
                        .is_some_and(|m| m.body != body)
                {
                    let requests = &mut self.university.registry.students[student.index()].requests;
                    let kept = requests.iter().filter(|(id, _)| *id != request).cloned();
                    *requests = kept.collect();
                }
                self.run(Turn::new(command), now, Some(asked));
            }
            _ => self.run(Turn::new(command), now, Some(asked)),
        }
    }

    pub(super) fn bend_quotes(&self, bug: Bug, ids: &[SectionId]) -> Quotes {
        let quote = |section: &SectionId| {
            let mut quote = self.university.sections[section.index()].quote();
            match bug {
                Bug::CapacityOffByOne => quote.left = quote.left.map(|left| left + 1),
                Bug::StaleQuote => {
                    quote = self.stale.get(section.index()).copied().unwrap_or(quote);
                }
                _ => {}
            }
            (*section, quote)
        };
        ids.iter().map(quote).collect()
    }

    pub(super) fn bend_event(&mut self, bug: Bug, event: Event, quotes: &Quotes) -> Event {
        if let (Bug::DropKeepsSeat, Event::Decided { student, outcomes, .. }) = (bug, &event)
            && let Some((course, Outcome::Dropped)) = outcomes.first()
            && let Some(held) = self.university.registry.student(*student).enrolment(*course)
        {
            self.kept.extend(&held.sections);
        }
        match (bug, event) {
            (Bug::LifoWaitlist, Event::Promoted { course, .. }) => self.last_in(course, quotes),
            (Bug::HalfACombination, Event::Decided { student, request, body, via, outcomes }) => {
                let half = |(course, mut outcome): (CourseId, Outcome)| {
                    if let Outcome::Enrolled { sections, .. } = &mut outcome {
                        sections.truncate(1);
                    }
                    (course, outcome)
                };
                let outcomes = outcomes.into_iter().map(half).collect();
                Event::Decided { student, request, body, via, outcomes }
            }
            (_, event) => event,
        }
    }

    fn last_in(&self, course: CourseId, quotes: &Quotes) -> Event {
        let registry = &self.university.registry;
        let last = (0..registry.book(course).waitlist.len()).rev();
        let mut promoted = last.filter_map(|at| match registry.promote_from(course, at, quotes) {
            Some((_, event @ Event::Promoted { .. })) => Some(event),
            _ => None,
        });
        promoted.next().expect("one was to be promoted")
    }

    /// After a record was applied.
    pub(super) fn bend_applied(&mut self, bug: Bug, record: Record) {
        match (bug, &record.event) {
            (Bug::DropKeepsSeat, _) => {
                for section in self.kept.drain(..) {
                    self.university.sections[section.index()].taken += 1;
                }
            }
            (Bug::SwapLetsGo, Event::Decided { student, outcomes, .. }) => {
                for (_, outcome) in outcomes {
                    let Outcome::Waitlisted { keeps: Some(kept), .. } = outcome else { continue };
                    let held = &mut self.university.registry.students[student.index()].enrolments;
                    let Some(at) = held.iter().position(|e| e.course == *kept) else { continue };
                    for section in held.remove(at).sections {
                        self.university.sections[section.index()].taken -= 1;
                    }
                }
            }
            (Bug::RefusalsUncounted, _) => self.counts[told::REFUSED] = 0,
            (_, Event::ImportApplied { .. } | Event::BlockSet { .. }) => self.bend_rules(bug),
            _ => {}
        }
        if matches!(bug, Bug::TornTailAccepted | Bug::AcknowledgedDropped) {
            self.unsynced.push(record);
        }
    }

    pub(super) fn bend_outcomes(
        &self,
        outcomes: &Arc<[(CourseId, Outcome)]>,
    ) -> Arc<[(CourseId, Outcome)]> {
        if self.bug != Some(Bug::ToldOtherwise) {
            return Arc::clone(outcomes);
        }
        let bent = outcomes.iter().map(|(course, outcome)| match outcome {
            Outcome::Waitlisted { .. } => {
                (*course, Outcome::Enrolled { sections: vec![], clash: false })
            }
            outcome => (*course, outcome.clone()),
        });
        bent.collect()
    }

    /// How often a pushed message is told.
    pub(super) fn bend_times(&self, item: Item) -> u32 {
        match (self.bug, item.kind) {
            (Some(Bug::MessageLost), Kind::Promoted) => 0,
            (Some(Bug::MessageDoubled), Kind::Promoted) => 2,
            _ => 1,
        }
    }
}

/// The state at the journal's end without the last decision.
pub(super) fn without_last_decision(reader: &JournalReader) -> Result<University, String> {
    let mut records = Vec::new();
    let read = reader.replay(Sequence(1), &mut |_, bytes| {
        records.extend(record::decode(bytes).ok());
        Ok(())
    });
    let last = read.map_err(|e| e.to_string())?;
    let decided = |record: &Record| matches!(record.event, Event::Decided { .. });
    if let Some(at) = records.iter().rposition(decided) {
        records.remove(at);
    }
    let mut university = University::default();
    for record in &records {
        university.apply(record);
    }
    university.registry.sequence = last;
    Ok(university)
}

/// Takes the last acknowledged record away, as if it had never been.
pub(super) fn drop_last(disk: &mut Disk) -> Result<(), String> {
    let text = |e: sluis::journal::JournalError| e.to_string();
    let journal = disk.open().map_err(text)?;
    let last = journal.durable();
    let mut buffer = RecordBuffer::starting_at(Sequence(1));
    let mut keep = |sequence: Sequence, bytes: &[u8]| {
        if sequence < last {
            buffer.push(bytes)?;
        }
        Ok(())
    };
    journal.reader().replay(Sequence(1), &mut keep).map_err(text)?;
    drop(journal);
    let other = Disk::new();
    let mut journal = other.open().map_err(text)?;
    let mut rest = buffer.records();
    while !rest.is_empty() {
        rest = journal.append(rest).map_err(text)?.rest;
        journal.flush().map_err(text)?;
    }
    drop(journal);
    *disk = other;
    Ok(())
}
