//! A student's place in line for an answer over HTTP. The WebSocket is told by the line itself;
//! this counts the same place from the window's tickets, outside the Registrar's turn.

use std::sync::Arc;

use dashmap::DashMap;

use crate::domain::ids::{Key, StudentId, Ticket};
use crate::domain::lottery;
use crate::domain::registry::Registry;
use crate::domain::window::{Order, TicketState, Window, WindowState};

/// The drawn order of each window's last opening; it never changes until a rehearsal is run again.
pub type Draws = DashMap<Key, (u32, Arc<[Ticket]>)>;

/// What a place is counted from, copied in the Registrar's turn.
#[derive(Clone, PartialEq, Debug)]
pub struct Tickets {
    window: Key,
    run: u32,
    order: Order,
    seed: [u8; 32],
    drawn: u32,
    own: Ticket,
    /// By ticket: still waiting.
    waiting: Vec<bool>,
}

impl Tickets {
    /// Hers in an open window's line, if she waits there.
    pub fn of(registry: &Registry, window: &Window, student: StudentId) -> Option<Self> {
        if window.state != WindowState::Open {
            return None;
        }
        let tickets = &registry.student(student).tickets;
        let own = tickets.iter().find(|(id, _)| {
            registry.window(*id).is_some_and(|w| w.rules.key == window.rules.key)
        })?;
        Some(Self::new(window, own.1))
    }

    fn new(window: &Window, own: Ticket) -> Self {
        let rules = &window.rules;
        let waiting = window.tickets.iter().map(|t| t.state == TicketState::Waiting);
        Self {
            window: rules.key.clone(),
            run: window.run,
            order: rules.order,
            seed: rules.seed,
            drawn: window.drawn,
            own,
            waiting: waiting.collect(),
        }
    }

    fn draw(&self) -> Arc<[Ticket]> {
        let drawn = (0..self.drawn).map(Ticket);
        match self.order {
            Order::Arrival => drawn.collect(),
            Order::Lottery => lottery::draw(&self.seed, &self.window, drawn).into(),
        }
    }

    /// The order drawn, computed once an opening. A draw hashes every ticket, so this may take
    /// some milliseconds the first time.
    fn drawn(&self, draws: &Draws) -> Arc<[Ticket]> {
        let known = draws.get(&self.window).filter(|draw| draw.0 == self.run);
        if let Some(order) = known.map(|draw| Arc::clone(&draw.1)) {
            return order;
        }
        let order = self.draw();
        draws.insert(self.window.clone(), (self.run, Arc::clone(&order)));
        order
    }

    /// From 1. Whoever came after the opening stands behind those who were drawn.
    pub fn position(&self, draws: &Draws) -> u32 {
        let order = self.drawn(draws);
        let later = (self.drawn..self.waiting.len() as u32).map(Ticket);
        let before = order.iter().copied().chain(later).take_while(|ticket| *ticket != self.own);
        let waits = |ticket: &Ticket| self.waiting.get(ticket.index()) == Some(&true);
        1 + before.filter(waits).count() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::command::Command;
    use crate::domain::line::Line;
    use crate::domain::testkit::{W, draft};

    /// Every place as counted here and as the line itself counts it.
    fn check(window: &Window, draws: &Draws) {
        let line = Line::new(window);
        for (i, info) in window.tickets.iter().enumerate() {
            let ticket = Ticket(i as u32);
            if info.state == TicketState::Waiting {
                let counted = Tickets::new(window, ticket).position(draws);
                assert_eq!(Some(counted), line.position(ticket), "ticket {i}");
            }
        }
    }

    #[test]
    fn a_place_is_the_one_that_the_line_counts() {
        for order in [Order::Lottery, Order::Arrival] {
            let draws = Draws::default();
            let university = draft().simple("A", 3).students(40);
            let mut world = university.window(|rules| rules.order = order).given();
            let plan = [world.any("A")];
            for who in 0..40 {
                world.set_plan(who, &plan);
            }
            for who in 0..30 {
                world.arm(who);
            }
            world.run(Command::Open(W)).unwrap();
            check(world.w(), &draws);
            let first = Line::new(world.w()).order()[0];
            world.run(Command::Admit(W, first)).unwrap();
            let left = world.w().ticket(Line::new(world.w()).order()[4]).unwrap().student;
            world.run(Command::Disarm(left, W)).unwrap();
            for who in 30..40 {
                world.arm(who);
            }
            check(world.w(), &draws);
            assert_eq!(world.w().waiting, 38);
        }
    }

    #[test]
    fn a_rehearsal_that_is_run_again_is_drawn_again() {
        let (draws, seeds) = (Draws::default(), [[1; 32], [2; 32]]);
        let orders = [0, 1].map(|run| {
            let mut window = Window::new(crate::domain::testkit::rules("w"));
            (window.run, window.drawn, window.rules.seed) = (run, 50, seeds[run as usize]);
            window.rules.order = Order::Lottery;
            Tickets::new(&window, Ticket(0)).drawn(&draws)
        });
        assert_ne!(orders[0], orders[1]);
        assert_eq!(draws.len(), 1);
    }
}
