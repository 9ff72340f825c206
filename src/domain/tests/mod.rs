//! The promises of the pure domain, by example and by property.

pub mod audit;
mod decisions;
mod history;
mod imports;
mod limits;
mod lines;
mod oracle;
mod properties;
mod regressions;
mod swaps;
mod waitlists;
