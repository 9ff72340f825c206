//! One actor per section: it holds the section's seats in memory, says what it can give, and
//! publishes what changed. Only the Registrar sends it changes, so a quote cannot go stale.

use std::cell::RefCell;
use std::rc::Rc;

use actix::{Actor, Context, Handler, Message, MessageResult};

use super::gate::Gated;
use super::news::Output;
use crate::domain::ids::Sequence;
use crate::domain::section::{Quote, SeatChange, Section};
use crate::panics::panic_point;

/// Outputs of the decision thread on their way to the gate.
pub type Outbox = Rc<RefCell<Vec<Gated<Output>>>>;

/// Holds one section's seats.
pub struct SectionActor {
    section: Section,
    outbox: Outbox,
}

impl SectionActor {
    /// An actor for these seats.
    pub fn new(section: Section, outbox: Outbox) -> Self {
        Self { section, outbox }
    }
}

impl Actor for SectionActor {
    type Context = Context<Self>;
}

/// "What can you give right now?"
#[derive(Message)]
#[rtype(Quote)]
pub struct Ask;

/// Changes that are in the journal.
#[derive(Message)]
#[rtype("()")]
pub struct Apply {
    /// The record that they come from.
    pub as_of: Sequence,
    /// In order.
    pub change: SeatChange,
}

impl Handler<Ask> for SectionActor {
    type Result = MessageResult<Ask>;

    fn handle(&mut self, _: Ask, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.section.quote())
    }
}

impl Handler<Apply> for SectionActor {
    type Result = ();

    fn handle(&mut self, apply: Apply, _: &mut Self::Context) {
        panic_point(|| "section".to_owned());
        self.section.apply(apply.change);
        let seats = Output::Seats(vec![self.section]);
        self.outbox.borrow_mut().push(Gated::new(apply.as_of, seats));
    }
}
