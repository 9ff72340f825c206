//! Sluis: a course-registration gateway. See `docs/ARCHITECTURE.md` for the bird's eye view.

pub mod actors;
pub mod application;
pub mod banner;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod domain;
pub mod http;
pub mod journal;
pub mod limits;
pub mod metrics;
mod panics;
pub mod protocol;
pub mod pseudonym;
pub mod secret;
pub mod serving;
pub mod telemetry;
pub mod theme;

/// Many small things live briefly here, made on one thread and dropped on another: see
/// `docs/decisions/0009-jemalloc.md` for what the other allocators cost.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
