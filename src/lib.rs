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
pub mod protocol;
pub mod serving;
pub mod telemetry;
