//! The words on the wire: what clients send, what the gateway answers, how sockets close, and
//! the files that are imported. Deliberately absent: state, and anything that sends.

#[cfg(test)]
mod asyncapi_tests;
pub mod audit;
pub mod client;
pub mod close;
pub mod convert;
pub mod export;
pub mod files;
pub mod server;
pub mod transcript;

/// Version of the WebSocket protocol; a client with another one is told so and closed.
pub const PROTOCOL_VERSION: u32 = 1;
