//! Registry and seats together: what the journal folds into. Replay, snapshots, the command line
//! tools and the simulation use it whole; the running gateway splits it among its actors.

use super::catalogue::Item;
use super::command::Command;
use super::course::Quotes;
use super::decide::Verdict;
use super::event::{Event, Record};
use super::ids::{SectionId, Timestamp};
use super::outcome::Rejection;
use super::registry::Registry;
use super::section::Section;
use super::turn::Turn;

/// All state.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct University {
    /// Everything but the seats.
    pub registry: Registry,
    /// By [`SectionId`].
    pub sections: Vec<Section>,
}

impl University {
    /// Applies a record, as replay does.
    pub fn apply(&mut self, record: &Record) {
        for (section, change) in self.registry.seat_changes(&record.event) {
            self.sections[section.index()].apply(change);
        }
        let new = match &record.event {
            Event::ImportApplied { .. } => new_sections(&self.registry),
            _ => Vec::new(),
        };
        self.registry.apply(record);
        self.sections.extend(new);
    }

    /// What these sections can give right now.
    pub fn quotes(&self, sections: &[SectionId]) -> Quotes {
        sections.iter().map(|s| (*s, self.sections[s.index()].quote())).collect()
    }

    /// Runs one turn to its end. Returns the answer to the command and every record made.
    pub fn turn(
        &mut self,
        command: Command,
        epoch: u32,
        at: Timestamp,
    ) -> (Result<Verdict, Rejection>, Vec<Record>) {
        self.run(Turn::new(command), epoch, at)
    }

    /// Tries every waitlist once, as after a start: a journal may end inside a turn. Returns
    /// every record made.
    pub fn recover(&mut self, epoch: u32, at: Timestamp) -> Vec<Record> {
        self.run(Turn::recovery(&self.registry), epoch, at).1
    }

    fn run(
        &mut self,
        mut turn: Turn,
        epoch: u32,
        at: Timestamp,
    ) -> (Result<Verdict, Rejection>, Vec<Record>) {
        let mut records = Vec::new();
        let mut answer = None;
        while !turn.is_done() {
            let quotes = self.quotes(&turn.sections(&self.registry));
            let verdict = turn.step(&self.registry, &quotes);
            if let Ok(Verdict::Events(events)) = &verdict {
                for event in events {
                    turn.before_apply(&self.registry, event);
                    let record = turn.number(&self.registry, event.clone(), epoch, at);
                    self.apply(&record);
                    records.push(record);
                }
            }
            answer.get_or_insert(verdict);
        }
        (answer.unwrap_or(Ok(Verdict::Nothing)), records)
    }
}

/// The sections that the staged import will add, in the order of their ids.
pub fn new_sections(registry: &Registry) -> Vec<Section> {
    let known = registry.catalogue.sections.len();
    let staged = registry.staged().iter();
    let new = staged.filter_map(|item| match item {
        Item::Section(id, info) if id.index() >= known => Some(Section::new(*id, info.capacity)),
        _ => None,
    });
    new.collect()
}
