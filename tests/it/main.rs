//! The integration tests, one crate.

mod cli;
mod cli_data;
mod cli_serve;
mod journal_child;
mod journal_crash;
mod powercut;
