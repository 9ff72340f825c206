//! Pieces of a long answer, made on a thread of their own, for whoever downloads it: few wait, and
//! one who does not read at all is given up.

use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::clock;
use crate::journal::JournalError;
use crate::limits;

/// How long somebody who does not read is waited for.
pub const PATIENCE: Duration = Duration::from_millis(limits::DOWNLOAD_STALL_MS_MAX);

/// Hands a piece over. Waits while the other side reads slowly, for at most `patience`.
pub fn offer<T>(to: &Sender<T>, mut piece: T, patience: Duration) -> Result<(), JournalError> {
    let since = clock::monotonic();
    loop {
        match to.try_send(piece) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Full(back)) if since.elapsed() < patience => {
                piece = back;
                std::thread::sleep(Duration::from_millis(limits::DOWNLOAD_RETRY_MS));
            }
            Err(_) => return Err(JournalError::stopped("nobody reads it any more")),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_slow_reader_is_waited_for_and_one_who_does_not_read_is_given_up() {
        let (to, mut from) = channel(1);
        offer(&to, 1, Duration::ZERO).unwrap();
        let slow = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            let first = from.blocking_recv();
            (first, from)
        });
        offer(&to, 2, Duration::from_secs(20)).unwrap();
        let (first, from) = slow.join().unwrap();
        assert_eq!(first, Some(1));
        let given_up = offer(&to, 3, Duration::from_millis(20));
        assert!(matches!(given_up, Err(JournalError::Stopped { .. })));
        drop(from);
        assert!(offer(&to, 4, Duration::from_secs(20)).is_err(), "it went away");
    }
}
