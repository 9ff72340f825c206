//! The rules, pure: no async, clock, randomness, log or I/O. What is deliberately absent
//! here: any notion of who is connected, and any serde derive.

pub mod ids;
