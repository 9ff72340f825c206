//! The integration tests, one crate.

mod catalogue_files;
mod cli;
mod cli_data;
mod cli_serve;
mod journal_child;
mod journal_crash;
mod powercut;
