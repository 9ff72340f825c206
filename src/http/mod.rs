//! The edge.

pub mod ws;
