//! Where this crate's own unit tests have a thread panic, to see what becomes of the rest. No
//! program has this, a debug build as little as a release: only a test of the crate is compiled
//! with it, and nothing that a program reads or is sent can reach it.

/// Nothing.
#[cfg(not(test))]
#[inline]
pub fn panic_point(_at: impl FnOnce() -> String) {}

#[cfg(test)]
pub use armed::{arm, panic_point};

#[cfg(test)]
mod armed {
    use std::sync::{Mutex, PoisonError};

    static AT: Mutex<Option<String>> = Mutex::new(None);

    /// The next thread that comes to this point panics, once.
    pub fn arm(at: &str) {
        *AT.lock().unwrap_or_else(PoisonError::into_inner) = Some(at.to_owned());
    }

    /// Panics if it is armed for this.
    pub fn panic_point(at: impl FnOnce() -> String) {
        let mut armed = AT.lock().unwrap_or_else(PoisonError::into_inner);
        let here = armed.as_ref().map(|wanted| (*wanted == at()).then(|| wanted.clone()));
        if let Some(what) = here.flatten() {
            *armed = None;
            drop(armed);
            // As a panic of ours would: its words are made of what it was about.
            panic!("on purpose, for a test: {what}");
        }
    }
}
