//! The integration tests, one crate.

mod cli;
mod journal_child;
mod journal_crash;
mod powercut;
