//! The integration tests, one crate.

mod cli;
mod cli_data;
mod journal_child;
mod journal_crash;
mod powercut;
