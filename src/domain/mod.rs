//! The rules, pure: no async, clock, randomness, log or I/O. What is deliberately absent
//! here: any notion of who is connected, and any serde derive.

pub mod account;
pub mod acts;
pub mod alternatives;
pub mod catalogue;
pub mod command;
pub mod course;
pub mod decide;
pub mod event;
pub mod forecast;
pub mod ids;
pub mod import;
pub mod invariants;
pub mod line;
pub mod lottery;
pub mod outcome;
pub mod personal;
pub mod plan;
pub mod preview;
pub mod registry;
pub mod results;
pub mod retention;
pub mod section;
pub mod student;
pub mod survey;
pub mod turn;
pub mod university;
pub mod why;
pub mod window;

#[cfg(test)]
pub(crate) mod testkit;
#[cfg(test)]
mod tests;
