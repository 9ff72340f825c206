//! The promises of the pure domain, by example and by property.

mod account;
mod acts;
mod alternatives;
pub mod audit;
mod decisions;
mod history;
mod imports;
mod limits;
mod lines;
mod oracle;
mod properties;
mod regressions;
mod results;
mod swaps;
mod waitlists;
