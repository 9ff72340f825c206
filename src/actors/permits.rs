//! Room for accepted work (I16): a command from outside takes a permit before anything changes,
//! or is answered Busy; the permit is given back when its answer has left through the gate.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A fixed number of permits.
#[derive(Clone, Debug)]
pub struct Permits {
    free: Arc<AtomicUsize>,
}

/// Room for one command, all the way to its answer.
#[derive(Debug)]
pub struct Permit(Arc<AtomicUsize>);

impl Permits {
    /// So many.
    pub fn new(count: usize) -> Self {
        Self { free: Arc::new(AtomicUsize::new(count)) }
    }

    /// Takes one, if there is one.
    pub fn take(&self) -> Option<Permit> {
        let less = |free: usize| free.checked_sub(1);
        let taken = self.free.fetch_update(Ordering::AcqRel, Ordering::Relaxed, less);
        taken.ok().map(|_| Permit(Arc::clone(&self.free)))
    }

    /// Permits free.
    pub fn free(&self) -> usize {
        self.free.load(Ordering::Relaxed)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_permit_is_the_limit_and_comes_back() {
        let permits = Permits::new(2);
        let (a, b) = (permits.take(), permits.take());
        assert!(a.is_some() && b.is_some() && permits.take().is_none());
        drop(a);
        assert!(permits.take().is_some());
        assert_eq!(permits.free(), 1);
    }
}
