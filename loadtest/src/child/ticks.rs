//! Frames that the echo sends by itself: each worker has one clock, and tells every socket that
//! asked for it, one message each. As much as a gateway on actors must do to tell somebody's place.

use std::cell::RefCell;
use std::time::Duration;

use actix::prelude::SendError;
use actix::{Addr, Handler, Message};
use tokio::time::{MissedTickBehavior, interval};

use super::{Echo, FILLING};

thread_local! {
    /// The sockets of this worker that asked.
    static ASKED: RefCell<Vec<Addr<Echo>>> = const { RefCell::new(Vec::new()) };
}

/// To send a text of this length.
#[derive(Message)]
#[rtype("()")]
struct Tick(usize);

impl Handler<Tick> for Echo {
    type Result = ();

    fn handle(&mut self, Tick(length): Tick, context: &mut Self::Context) {
        context.text(&FILLING[..length]);
    }
}

/// Tells this socket at each tick of its worker, whose clock the first one starts.
pub fn join(socket: &Addr<Echo>, length: usize, every: Duration) {
    let first = ASKED.with_borrow_mut(|asked| {
        asked.push(socket.clone());
        asked.len() == 1
    });
    if first {
        actix_web::rt::spawn(run(length, every));
    }
}

async fn run(length: usize, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while ASKED.with_borrow(|asked| !asked.is_empty()) {
        ticks.tick().await;
        ASKED.with_borrow_mut(|asked| {
            asked.retain(|one| !matches!(one.try_send(Tick(length)), Err(SendError::Closed(_))));
        });
    }
}
