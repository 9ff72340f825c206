//! The line of one window: who is served in which order. A fold of the window's records; a told
//! position only falls (I5).

use super::ids::Ticket;
use super::lottery;
use super::window::{Order, TicketState, Window, WindowState};

/// The order of one window's tickets, once it is open.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Line {
    /// Tickets in serving order.
    order: Vec<Ticket>,
    /// By ticket: index into `order`.
    index: Vec<u32>,
    /// By index in `order`: still waiting.
    waiting: Vec<bool>,
    /// Fenwick tree over `waiting`, to count who is ahead.
    tree: Vec<u32>,
    /// Index of the first that may still wait.
    next: usize,
    /// Tickets decided so far: the serving number.
    served: u32,
    open: bool,
}

impl Line {
    /// The line as the window's records make it.
    pub fn new(window: &Window) -> Self {
        let mut line = Self { open: window.state == WindowState::Open, ..Self::default() };
        if window.opened_at.is_none() {
            return line;
        }
        let drawn = (0..window.drawn).map(Ticket);
        let order = match window.rules.order {
            Order::Arrival => drawn.collect(),
            Order::Lottery => lottery::draw(&window.rules.seed, &window.rules.key, drawn),
        };
        let later = (window.drawn..window.tickets.len() as u32).map(Ticket);
        for ticket in order.into_iter().chain(later) {
            line.push(ticket);
        }
        for (i, info) in window.tickets.iter().enumerate() {
            match info.state {
                TicketState::Waiting => {}
                TicketState::Left => line.leave(Ticket(i as u32)),
                TicketState::Decided => line.serve(Ticket(i as u32)),
            }
        }
        line
    }

    /// Whether tickets may be served.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// A ticket taken after the opening joins at the end.
    pub fn push(&mut self, ticket: Ticket) {
        let at = self.order.len();
        if self.index.len() <= ticket.index() {
            self.index.resize(ticket.index() + 1, u32::MAX);
        }
        self.index[ticket.index()] = at as u32;
        self.order.push(ticket);
        self.waiting.push(true);
        // A new leaf of the Fenwick tree sums the range it covers.
        let node = at + 1;
        let start = node - (node & node.wrapping_neg());
        self.tree.push(1 + (self.ahead(at) - self.ahead(start)));
    }

    /// Its owner gave it back.
    pub fn leave(&mut self, ticket: Ticket) {
        self.end(ticket);
    }

    /// Its plan was decided.
    pub fn serve(&mut self, ticket: Ticket) {
        if self.end(ticket) {
            self.served += 1;
        }
    }

    fn end(&mut self, ticket: Ticket) -> bool {
        let Some(&at) = self.index.get(ticket.index()) else {
            return false;
        };
        let Some(waiting) = self.waiting.get_mut(at as usize) else {
            return false;
        };
        if !std::mem::take(waiting) {
            return false;
        }
        let mut node = at as usize + 1;
        while node <= self.tree.len() {
            self.tree[node - 1] -= 1;
            node += node & node.wrapping_neg();
        }
        while self.waiting.get(self.next) == Some(&false) {
            self.next += 1;
        }
        true
    }

    /// Waiting tickets among the first `n` of the order.
    fn ahead(&self, n: usize) -> u32 {
        let (mut node, mut sum) = (n, 0);
        while node > 0 {
            sum += self.tree[node - 1];
            node -= node & node.wrapping_neg();
        }
        sum
    }

    /// Place in line, from 1; `None` when the ticket does not wait (or nothing is open).
    pub fn position(&self, ticket: Ticket) -> Option<u32> {
        let at = *self.index.get(ticket.index())? as usize;
        self.waiting.get(at)?.then(|| self.ahead(at) + 1)
    }

    /// Tickets waiting.
    pub fn len(&self) -> u32 {
        self.ahead(self.tree.len())
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.next >= self.order.len()
    }

    /// Tickets decided since the opening: the serving number that everybody sees.
    pub fn served(&self) -> u32 {
        self.served
    }

    /// Tickets waiting, first to be served first.
    pub fn waiting(&self) -> impl Iterator<Item = Ticket> + '_ {
        let rest = self.order.iter().zip(&self.waiting).skip(self.next);
        rest.filter(|(_, waiting)| **waiting).map(|(ticket, _)| *ticket)
    }

    /// The whole order with each ticket's owner, for the transcript.
    pub fn order(&self) -> &[Ticket] {
        &self.order
    }
}

/// Expected wait as a range in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Eta {
    /// Not sooner than this.
    pub low_s: u32,
    /// Not later than this.
    pub high_s: u32,
}

/// The wait for a position at a measured or prescribed rate of service, in tickets a second.
/// The band is a quarter either way plus a second: wide enough for a rate that wavers.
pub fn eta(position: u32, rate: Option<f64>) -> Option<Eta> {
    let rate = rate.filter(|r| *r > 0.0)?;
    let seconds = f64::from(position) / rate;
    Some(Eta {
        low_s: (seconds * 0.75 - 1.0).max(0.0).floor() as u32,
        high_s: (seconds * 1.25 + 1.0).ceil() as u32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_only_who_still_waits_ahead() {
        let mut line = Line { open: true, ..Line::default() };
        for ticket in 0..100 {
            line.push(Ticket(ticket));
        }
        let check = |line: &Line| {
            let mut expected = 0;
            for ticket in 0..100 {
                let waits = line.waiting().any(|t| t == Ticket(ticket));
                expected += u32::from(waits);
                assert_eq!(line.position(Ticket(ticket)), waits.then_some(expected));
            }
            assert_eq!(line.len(), expected);
        };
        check(&line);
        for ticket in [50, 3, 0, 1, 2, 99] {
            line.leave(Ticket(ticket));
            check(&line);
        }
        for ticket in 4..50 {
            line.serve(Ticket(ticket));
            line.serve(Ticket(ticket));
        }
        check(&line);
        assert_eq!(line.served(), 46);
        assert_eq!(line.waiting().next(), Some(Ticket(51)));
    }

    #[test]
    fn an_eta_is_a_range_or_unknown() {
        assert_eq!(eta(100, None), None);
        assert_eq!(eta(100, Some(0.0)), None);
        assert_eq!(eta(100, Some(10.0)), Some(Eta { low_s: 6, high_s: 14 }));
        assert_eq!(eta(1, Some(1000.0)), Some(Eta { low_s: 0, high_s: 2 }));
    }
}
