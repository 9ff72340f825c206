//! One turn of the Registrar, as steps for a shell to carry out: quotes in, events out. The
//! promotions that an event makes possible belong to the same turn, before any newcomer (I6).

use std::collections::VecDeque;
use std::sync::Arc;

use super::acts::Act;
use super::command::Command;
use super::course::Quotes;
use super::decide::Verdict;
use super::event::{Event, Record};
use super::ids::{CourseId, SectionId, Timestamp};
use super::outcome::Rejection;
use super::registry::Registry;

/// A turn under way. The shell asks [`Self::sections`], gets their quotes, calls [`Self::step`],
/// and for each event: [`Self::before_apply`], [`Self::number`], append, apply to the registry and the sections.
#[derive(Debug, Default)]
pub struct Turn {
    command: Option<Command>,
    /// Who is answerable for what the command led to; goes into its record.
    act: Option<Arc<Act>>,
    promote: VecDeque<CourseId>,
    /// Where the list of the first course in `promote` is looked at next.
    from: usize,
}

impl Turn {
    /// A turn for one command.
    pub fn new(command: Command) -> Self {
        Self { command: Some(command), ..Self::default() }
    }

    /// A turn that finishes what a stopped process left undone: a journal may end between the
    /// record that freed a seat and the promotion that it makes possible (I8, I11).
    pub fn recovery(registry: &Registry) -> Self {
        Self { promote: registry.courses_with_waitlist().collect(), ..Self::default() }
    }

    /// Sections whose quotes the next step needs.
    pub fn sections(&self, registry: &Registry) -> Vec<SectionId> {
        match (&self.command, self.promote.front()) {
            (Some(command), _) => registry.concerned(command),
            (None, Some(course)) => registry.promotion_concerned(*course),
            (None, None) => Vec::new(),
        }
    }

    /// The next step. The first one answers the command; later ones are promotions.
    pub fn step(&mut self, registry: &Registry, quotes: &Quotes) -> Result<Verdict, Rejection> {
        if let Some(command) = self.command.take() {
            let verdict = registry.decide(&command, quotes);
            if let (Command::Acted(author, _), Ok(Verdict::Events(events))) = (&command, &verdict) {
                self.act = registry.act(author, events, quotes).map(Arc::new);
            }
            return verdict;
        }
        let Some(course) = self.promote.front().copied() else {
            return Ok(Verdict::Nothing);
        };
        if let Some((at, event)) = registry.promote_from(course, self.from, quotes) {
            // Who was passed by stays so while seats only get fewer; a place given up may be
            // in this very course.
            self.from = match event {
                Event::Promoted { replaces: None, .. } => at,
                Event::PassedOver { .. } => at + 1,
                _ => 0,
            };
            return Ok(Verdict::Events(vec![event]));
        }
        self.promote.pop_front();
        self.from = 0;
        Ok(Verdict::Nothing)
    }

    /// Gives an event its numbers, and the record of an act its author: an import is one act, in
    /// the record with which it takes effect.
    pub fn number(
        &mut self,
        registry: &Registry,
        event: Event,
        epoch: u32,
        at: Timestamp,
    ) -> Record {
        let part = matches!(event, Event::ImportBegun | Event::ImportItem(_));
        let act = if part { None } else { self.act.take() };
        Record { act, ..registry.number(event, epoch, at) }
    }

    /// Notes which waitlists the event wakes. Called before the event is applied.
    pub fn before_apply(&mut self, registry: &Registry, event: &Event) {
        for course in registry.wakes(event) {
            if !self.promote.contains(&course) {
                self.promote.push_back(course);
            }
        }
    }

    /// Whether nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.command.is_none() && self.promote.is_empty()
    }
}
