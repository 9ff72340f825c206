//! Rouses a call to the store that waits for something that never comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::error::{JournalError, Result};
use crate::limits::JOURNAL_ROUSE_MS_MAX;

/// A thread that looks, every [`JOURNAL_ROUSE_MS_MAX`], whether a call is still the one of its
/// last look, and if so rouses it. Ends when dropped, after the rousing in hand.
#[derive(Debug)]
pub(super) struct Rouser {
    /// Odd while a call is under way: it counts how many began and ended. One caller at a time.
    turns: Arc<AtomicU64>,
    /// Dropped: the thread is to end.
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Rouser {
    /// Starts the thread. What `rouse` holds is let go when the rouser is dropped.
    pub(super) fn start(rouse: impl Fn() + Send + 'static) -> Result<Self> {
        let turns = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&turns);
        let (stop, stopped) = sync_channel(0);
        let look = move || {
            let mut last = 0;
            let pause = Duration::from_millis(JOURNAL_ROUSE_MS_MAX);
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let now = seen.load(Ordering::Acquire);
                if now % 2 == 1 && now == last {
                    rouse();
                }
                last = now;
            }
        };
        let thread = std::thread::Builder::new().name("journal-rouse".to_owned()).spawn(look);
        let thread = thread.map_err(|e| JournalError::io("start the journal's threads", e))?;
        Ok(Self { turns, stop: Some(stop), thread: Some(thread) })
    }

    /// Makes a call that is roused if it takes long.
    pub(super) fn over<T>(&self, call: impl FnOnce() -> T) -> T {
        self.turns.fetch_add(1, Ordering::AcqRel);
        let done = call();
        self.turns.fetch_add(1, Ordering::AcqRel);
        done
    }
}

impl Drop for Rouser {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread::sleep;

    use super::*;
    use crate::clock;

    #[test]
    fn a_call_that_waits_for_ever_is_roused_within_two_looks() {
        let (send, roused) = channel();
        let watch = Rouser::start(move || _ = send.send(())).unwrap();
        let since = clock::monotonic();
        watch.over(|| roused.recv_timeout(Duration::from_secs(30)).unwrap());
        let look = Duration::from_millis(JOURNAL_ROUSE_MS_MAX);
        assert!(since.elapsed() >= look, "a call gets one look's time to itself");
        // No call: nothing is roused.
        while roused.try_recv().is_ok() {}
        assert!(roused.recv_timeout(3 * look).is_err());
        // Many short calls are not one long one.
        let since = clock::monotonic();
        while since.elapsed() < 3 * look {
            watch.over(|| sleep(Duration::from_millis(5)));
        }
        assert!(roused.try_recv().is_err());
    }

    #[test]
    fn once_dropped_it_holds_nothing() {
        let held = Arc::new(());
        let holds = Arc::clone(&held);
        let rouser = Rouser::start(move || drop(Arc::clone(&holds))).unwrap();
        assert_eq!(Arc::strong_count(&held), 2);
        drop(rouser);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
