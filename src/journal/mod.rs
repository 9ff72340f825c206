//! The journal: append, flush, replay.

pub mod fold;
pub mod record;
pub mod state;
#[cfg(test)]
mod testkit;
mod wire;
