//! Processor time of the threads that say what they do.

use std::sync::{Mutex, PoisonError};

use super::known::Thread;

/// Kernel ids of threads.
#[derive(Default)]
pub(super) struct Threads(Mutex<Vec<(Thread, u32)>>);

impl Threads {
    /// The calling thread is this one.
    pub(super) fn this_is(&self, thread: Thread) {
        if let Some(id) = own_id() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((thread, id));
        }
    }

    /// Seconds that each kind has used: user and system.
    pub(super) fn cpu_seconds(&self) -> Vec<(Thread, f64)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let ticks = rustix::param::clock_ticks_per_second() as f64;
        let of = |thread: Thread| {
            let ids = known.iter().filter(|(t, _)| *t == thread);
            ids.filter_map(|(_, id)| cpu_ticks(*id)).sum::<u64>() as f64 / ticks
        };
        Thread::ALL.into_iter().map(|thread| (thread, of(thread))).collect()
    }
}

/// The calling thread's id: the last part of where `/proc/thread-self` points.
fn own_id() -> Option<u32> {
    let path = std::fs::read_link("/proc/thread-self").ok()?;
    path.file_name()?.to_str()?.parse().ok()
}

/// User and system time of a thread of this process, in the kernel's ticks.
fn cpu_ticks(id: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{id}/stat")).ok()?;
    ticks_in(&stat)
}

/// Fields 14 and 15; the second is a name in parentheses that may hold anything.
fn ticks_in(stat: &str) -> Option<u64> {
    let (_, after) = stat.rsplit_once(')')?;
    let mut fields = after.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_is_seen_to() {
        let line = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 31 11 0 0";
        assert_eq!(ticks_in(line), Some(42));
        assert_eq!(ticks_in("7 (x) S 1"), None);
        let threads = Threads::default();
        threads.this_is(Thread::Worker);
        let used = || {
            let all = threads.cpu_seconds();
            assert_eq!(all.len(), Thread::ALL.len());
            all[Thread::Worker as usize].1
        };
        let mut sum = 0u64;
        let most = crate::clock::monotonic() + std::time::Duration::from_secs(20);
        while used() < 0.02 {
            assert!(crate::clock::monotonic() < most, "it works and nobody sees it: {sum}");
            sum = (0..1_000_000u64).fold(sum, |a, b| a.wrapping_mul(31).wrapping_add(b));
        }
    }
}
