//! The composition root: puts the gateway together and runs it.

pub mod core;
pub mod recover;
pub mod snapshots;
