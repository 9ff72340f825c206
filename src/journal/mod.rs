//! The journal: append, flush, replay.
