//! Sluis: a course-registration gateway. See `docs/ARCHITECTURE.md` for the bird's eye view.

pub mod actors;
pub mod application;
pub mod clock;
pub mod domain;
pub mod http;
pub mod journal;
pub mod limits;
pub mod metrics;
pub mod protocol;
