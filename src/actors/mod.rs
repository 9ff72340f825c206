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
pub mod line;
pub mod messenger;
pub mod news;
pub mod permits;
pub mod registrar;
pub mod section;
pub mod session;
pub mod student;
pub mod tell;
#[cfg(test)]
mod tests;
pub mod view;
