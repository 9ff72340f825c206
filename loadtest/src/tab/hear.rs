//! What a tab is told: to the model, the measurements, and its own memory.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Absence, Kept, Player, Waiting};
use crate::measure::Latency;
use crate::script::{Action, Later};
use crate::told::{Answer, Armed, Forecast, OutcomeTold, Outcomes, Pushed};
use crate::wire::{Kind, Position};
use crate::world::{World, change};

/// Refusals that are right when a student has two tabs, or was too late: no errors of the gateway.
const RIGHT_WHEN_LATE: [&str; 2] = ["not_in_line", "already_in_line"];
/// Pause before something is tried again that another's turn stood in the way of.
const AGAIN: Duration = Duration::from_millis(200);

impl Player {
    /// One frame. `before`: the newest that she had been told when this session said hello.
    pub(super) fn hear(&mut self, kind: Kind, frame: &[u8], before: u64) {
        self.world.measures.borrow_mut().counts.frames_in += 1;
        let read = match kind {
            Kind::Welcome => self.welcome(frame, before),
            Kind::Outcomes => self.outcomes(frame),
            Kind::Armed => self.armed(frame),
            Kind::Position => self.position(frame),
            Kind::Forecast => self.forecast(frame),
            Kind::Message => self.message(frame),
            Kind::Plan => {
                self.settle(Kept::Plan);
                Ok(())
            }
            Kind::Disarmed => {
                self.disarmed();
                Ok(())
            }
            Kind::Busy => self.busy(frame),
            Kind::Error => self.denied(frame),
            Kind::Other => Ok(()),
        };
        if read.is_err() {
            self.world.measures.borrow_mut().error("frame_unreadable");
        }
    }

    fn welcome(&mut self, frame: &[u8], before: u64) -> Result<(), serde_json::Error> {
        let told: Outcomes = serde_json::from_slice(frame)?;
        self.sequence = told.sequence.max(self.sequence);
        let student = self.tab.student;
        let new = self.world.model.borrow_mut().welcomed(student, &told.outcomes, before);
        if new > 0 {
            self.world.measures.borrow_mut().decided(new as u64);
        }
        // Who reads late is not told late.
        if self.tab.slow_s <= 0.0 {
            self.world.came(student, self.session, told.as_of);
        }
        told.outcomes.iter().for_each(|outcome| self.mine(outcome));
        Ok(())
    }

    fn outcomes(&mut self, frame: &[u8]) -> Result<(), serde_json::Error> {
        let told: Outcomes = serde_json::from_slice(frame)?;
        self.sequence = told.sequence.max(self.sequence);
        let student = self.tab.student;
        let new = {
            let mut model = self.world.model.borrow_mut();
            // Whoever asks once more afterwards stands at the back, with another ticket.
            if told.outcomes.iter().any(|outcome| outcome.outcome != "dropped") {
                model.new_line(student, self.session);
            }
            told.outcomes.iter().filter(|outcome| model.told(student, outcome)).count()
        };
        if new > 0 {
            self.world.measures.borrow_mut().decided(new as u64);
        }
        told.outcomes.iter().for_each(|outcome| self.mine(outcome));
        Ok(())
    }

    /// What an outcome means for this tab.
    fn mine(&mut self, outcome: &OutcomeTold) {
        let Ok(id) = Uuid::try_parse(&outcome.id) else { return };
        if let Some(course) = self.world.courses.get(&*outcome.course).copied() {
            match &*outcome.outcome {
                "enrolled" if !self.held.contains(&course) => self.held.push(course),
                "dropped" => self.held.retain(|held| *held != course),
                _ => {}
            }
        }
        if let Some(at) = self.pending.iter().position(|p| p.id == Some(id)) {
            let pending = self.pending.remove(at);
            match pending.kept {
                Kept::Change => {
                    let late = self.hears_late(pending.intended);
                    let of = if late { Latency::Away } else { Latency::Change };
                    self.world.measures.borrow_mut().took(of, pending.intended);
                }
                Kept::Arm => change(&self.world.arming, -1),
                _ => {}
            }
        }
        self.forget_other_tab(id);
        if let Some(at) = self.waiting.iter().position(|w| w.id == id) {
            let waiting = self.waiting.remove(at);
            if let Some(since) = self.since(waiting) {
                let of = if self.hears_late(since) { Latency::Away } else { Latency::Outcome };
                self.world.measures.borrow_mut().took(of, since);
            }
            self.world.measures.borrow_mut().position(self.tab.student, 0);
            change(&self.world.in_line, -isize::from(waiting.positioned));
            if self.waiting.is_empty() {
                match self.held.is_empty() {
                    true => self.tab.later = Later::Nothing,
                    false => self.plan_later(),
                }
            }
        }
    }

    /// Her two tabs armed once: the outcome bears the id of one of them.
    fn forget_other_tab(&mut self, id: Uuid) {
        if !self.waiting.is_empty() && self.world.has_second(self.tab.student) {
            let world = std::rc::Rc::clone(&self.world);
            let model = world.model.borrow();
            self.forget(|w| w.id != id && model.is_same_ticket(w.id, id));
        }
    }

    /// Waits no longer for these.
    fn forget(&mut self, gone: impl Fn(&Waiting) -> bool) {
        let positioned = self.waiting.iter().filter(|w| gone(w) && w.positioned).count();
        change(&self.world.in_line, -(positioned as isize));
        self.waiting.retain(|waiting| !gone(waiting));
    }

    /// Whether what is told of that reaches her late by the scenario's own doing: her socket was cut
    /// on purpose since then, or she reads slowly.
    fn hears_late(&self, since: Instant) -> bool {
        let was_away = matches!(self.absence, Absence::Until(back) if since < back);
        was_away || self.tab.slow_s > 0.0
    }

    fn since(&self, waiting: Waiting) -> Option<Instant> {
        waiting.since.or(*self.world.opened.borrow())
    }

    fn armed(&mut self, frame: &[u8]) -> Result<(), serde_json::Error> {
        let armed: Armed = serde_json::from_slice(frame)?;
        let Some(at) = self.pending.iter().position(|p| p.kept == Kept::Arm) else {
            return Ok(());
        };
        let pending = self.pending.remove(at);
        change(&self.world.arming, -1);
        self.world.measures.borrow_mut().took(Latency::Arm, pending.intended);
        if let Some(id) = pending.id {
            self.world.model.borrow_mut().ticket(armed.ticket, id);
        }
        Ok(())
    }

    fn position(&mut self, frame: &[u8]) -> Result<(), serde_json::Error> {
        let told: Position = serde_json::from_slice(frame)?;
        let (student, session) = (self.tab.student, self.session);
        self.world.model.borrow_mut().position(student, session, told.position);
        self.world.measures.borrow_mut().position(student, told.position);
        let Some(first) = self.waiting.iter_mut().find(|w| !w.positioned) else { return Ok(()) };
        first.positioned = true;
        let waiting = *first;
        change(&self.world.in_line, 1);
        if let Some(since) = self.since(waiting).filter(|since| !self.hears_late(*since)) {
            self.world.measures.borrow_mut().took(Latency::Position, since);
        }
        Ok(())
    }

    fn forecast(&self, frame: &[u8]) -> Result<(), serde_json::Error> {
        let told: Forecast = serde_json::from_slice(frame)?;
        let mut measures = self.world.measures.borrow_mut();
        for course in &told.courses {
            if let Some(index) = self.world.courses.get(&*course.course) {
                measures.forecast(self.tab.student, *index, course.verdict == "likely");
            }
        }
        Ok(())
    }

    fn message(&mut self, frame: &[u8]) -> Result<(), serde_json::Error> {
        let told: Pushed = serde_json::from_slice(frame)?;
        self.sequence = told.sequence.max(self.sequence);
        let mut model = self.world.model.borrow_mut();
        model.pushed(self.tab.student, self.session, &told.message);
        Ok(())
    }

    fn disarmed(&mut self) {
        self.settle(Kept::Disarm);
        let student = self.tab.student;
        self.world.model.borrow_mut().left_line(student);
        self.world.model.borrow_mut().new_line(student, self.session);
        self.forget(|_| true);
        self.tab.later = Later::Nothing;
    }

    fn settle(&mut self, kept: Kept) {
        if let Some(at) = self.pending.iter().position(|p| p.kept == kept) {
            self.pending.remove(at);
        }
    }

    /// Which message an answer is about.
    fn about(&self, answer: &Answer) -> Option<usize> {
        let id = answer.id.as_deref().and_then(|id| Uuid::try_parse(id).ok());
        match id {
            Some(id) => self.pending.iter().position(|p| p.id == Some(id)),
            None => self.pending.iter().position(|p| p.id.is_none()),
        }
    }

    fn busy(&mut self, frame: &[u8]) -> Result<(), serde_json::Error> {
        let answer: Answer = serde_json::from_slice(frame)?;
        self.world.measures.borrow_mut().counts.busy += 1;
        let pause = Duration::from_millis(answer.retry_after_ms.clamp(1, 10_000));
        let again = Some(Instant::now() + pause);
        match self.about(&answer) {
            Some(at) => self.pending[at].again = again,
            // It does not say which, and nothing without an id waits: the same under the same id
            // changes nothing.
            None if answer.id.is_none() => self.pending.iter_mut().for_each(|p| p.again = again),
            None => {}
        }
        Ok(())
    }

    fn denied(&mut self, frame: &[u8]) -> Result<(), serde_json::Error> {
        let answer: Answer = serde_json::from_slice(frame)?;
        // Other answers may come by another way, and later: this one can only be about her leaving.
        let about = match (&answer.id, &*answer.code) {
            (None, "not_in_line") => self.pending.iter().position(|p| p.kept == Kept::Disarm),
            _ => self.about(&answer),
        };
        if let (Some(at), "line_busy" | "window_paused") = (about, &*answer.code) {
            self.pending[at].again = Some(Instant::now() + AGAIN);
            self.world.measures.borrow_mut().counts.busy += 1;
            return Ok(());
        }
        // The opening is on its way to the gateway: nobody's page lets her submit before it is told.
        if let (Some(at), "window_not_open") = (about, &*answer.code)
            && self.pending[at].early
            && self.world.opened.borrow().is_some()
        {
            self.pending[at].again = Some(Instant::now() + AGAIN);
            return Ok(());
        }
        // Her other tab's frames may have settled it before its own answer came.
        let kept = about.map(|at| self.pending.remove(at).kept);
        if kept == Some(Kept::Arm) {
            change(&self.world.arming, -1);
        }
        if let Some(id) = answer.id.as_deref().and_then(|id| Uuid::try_parse(id).ok()) {
            self.world.model.borrow_mut().denied(id);
            self.forget(|waiting| waiting.id == id);
        }
        let two_tabs = self.world.has_second(self.tab.student);
        // Of two of the same, the first may have been answered before.
        let second = kept.is_none() && self.world.duplicate > 0.0;
        let left = self.tab.steps[..self.next].iter().any(|s| s.action == Action::Disarm);
        let right = RIGHT_WHEN_LATE.contains(&&*answer.code) && (two_tabs || second || left);
        if !right {
            self.world.measures.borrow_mut().error(&answer.code);
        }
        if kept == Some(Kept::Disarm) {
            self.ask_what_became();
        }
        if self.waiting.is_empty() {
            self.tab.later = Later::Nothing;
        }
        Ok(())
    }
}

/// What she is told when she looks again, for the model. Returns the journal position up to which
/// it is everything; none when it cannot be read.
pub fn look(world: &World, student: usize, frame: &[u8], before: u64) -> Option<u64> {
    let told: Outcomes = serde_json::from_slice(frame).ok()?;
    let mut model = world.model.borrow_mut();
    let late = told.outcomes.iter().filter(|outcome| {
        !model.is_told(&outcome.id, &outcome.course)
            && world.should_have_heard(student, outcome.journal)
    });
    let late = late.count() as u64;
    world.told_late.set(world.told_late.get() + late);
    model.welcomed(student, &told.outcomes, before);
    model.looked(student, told.as_of);
    Some(told.as_of)
}
