//! Shells around the domain: they hold state, send and wait.

pub mod board;
pub mod gateway;
