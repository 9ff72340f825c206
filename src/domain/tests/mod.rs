//! The promises of the pure domain, by example and by property.

mod account;
mod acts;
mod alternatives;
pub mod audit;
mod decisions;
mod erase;
mod history;
mod imports;
mod limits;
mod lines;
mod oracle;
mod preview;
mod properties;
mod regressions;
mod results;
mod survey;
mod swaps;
mod waitlists;
mod why;
