//! The integration tests, one crate.

mod catalogue_files;
mod journal_child;
mod journal_crash;
mod powercut;
