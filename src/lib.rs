//! Sluis: a course-registration gateway. See `docs/ARCHITECTURE.md` for the bird's eye view.

pub mod domain;
pub mod journal;
pub mod limits;
