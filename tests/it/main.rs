//! The integration tests, one crate.

mod journal_child;
mod journal_crash;
mod powercut;
