//! Shells around the domain: they hold state, send and wait.
//!
//! ```text
//! HTTP workers:   SessionActor ⇄ StudentActor ─▶ Messenger ──batch──▶ ┐
//! decision thread:                     Registrar ⇄ SectionActor × n ◀─┘
//!                                          ⇅ LineActor × windows
//! journal thread: Writer ─ fsync ─▶ Exit (the gate's far side) ──batch──▶ Messenger
//! ```
//!
//! Deliberately absent: rules (they are in `domain`), JSON (in `protocol`), sockets (in `http`),
//! and any way to a student that does not pass the gate.

pub mod board;
pub mod directory;
pub mod forecaster;
pub mod gate;
pub mod gateway;
pub mod interest;
pub mod line;
pub mod messenger;
pub mod news;
pub mod permits;
pub mod registrar;
pub mod section;
pub mod session;
pub mod sign_ins;
pub mod student;
pub mod tally;
pub mod tell;
#[cfg(test)]
mod tests;
mod trace;
pub mod view;

use std::time::Duration;

use actix::{Actor, Addr, AsyncContext, Context};

use crate::clock;
use crate::limits;
use crate::metrics::{Metrics, Thread};

/// Starts an actor whose mailbox has its capacity from the first message on: one that is set in
/// `started` comes too late for a burst that arrives before the actor first runs.
fn start<A: Actor<Context = Context<A>>>(actor: A, mailbox: usize) -> Addr<A> {
    start_with(mailbox, |_| actor)
}

/// As [`start`], for an actor that needs its own address.
fn start_with<A: Actor<Context = Context<A>>>(
    mailbox: usize,
    make: impl FnOnce(&Addr<A>) -> A,
) -> Addr<A> {
    let mut context = Context::new();
    context.set_mailbox_capacity(mailbox);
    let actor = make(&actix::AsyncContext::address(&context));
    context.run(actor)
}

/// Measures how late timers are on the actor's thread.
fn measure_lag<A: Actor<Context = Context<A>>>(
    ctx: &mut Context<A>,
    thread: Thread,
    metrics: impl Fn(&A) -> &Metrics + Copy + 'static,
) {
    let period = Duration::from_millis(limits::LAG_TIMER_MS);
    let asked = clock::monotonic();
    ctx.run_later(period, move |actor, ctx| {
        metrics(actor).lag(thread, period, asked.elapsed());
        measure_lag(ctx, thread, metrics);
    });
}
