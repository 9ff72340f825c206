//! Message centres at the end of a run: everybody's whose word counts, several at a time, within a
//! time. What could not be read is told by name, so that nothing is judged without it.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::admin::Admin;
use crate::stage;
use crate::told::Message;

/// Centres read at the same time.
const READERS: usize = 8;
/// Longest time for all of them: 200,000 take about a minute.
pub const READ_MAX: Duration = Duration::from_secs(300);
/// Times that one centre is tried, and the pause in between.
const TRIES: u32 = 3;
/// See [`TRIES`].
const PAUSE: Duration = Duration::from_millis(100);

/// A student, everything in her centre, and the journal position up to which that is.
pub type Centre = (usize, Vec<Message<'static>>, u64);

/// Reads the centres of these students, each with her sign-in token; returns them, and the
/// students whose centres were not read.
pub async fn read(
    gateway: SocketAddr,
    who: &[(usize, String)],
    within: Duration,
) -> (Vec<Centre>, Vec<usize>) {
    let until = Instant::now() + within;
    let mut readers = JoinSet::new();
    for share in who.chunks(who.len().div_ceil(READERS).max(1)) {
        let share = share.to_vec();
        readers.spawn_blocking(move || share_of(gateway, &share, until));
    }
    let mut centres = Vec::with_capacity(who.len());
    while let Some(share) = readers.join_next().await {
        centres.extend(share.into_iter().flatten());
    }
    let read: HashSet<usize> = centres.iter().map(|(student, ..)| *student).collect();
    let unread = who.iter().map(|(student, _)| *student).filter(|who| !read.contains(who));
    (centres, unread.collect())
}

/// One reader's share, over connections of its own.
fn share_of(gateway: SocketAddr, share: &[(usize, String)], until: Instant) -> Vec<Centre> {
    let admin = Admin::new(gateway, None);
    let mut centres = Vec::with_capacity(share.len());
    for (student, token) in share {
        let admin = admin.with_token(token);
        for tries in 1..=TRIES {
            if Instant::now() >= until {
                return centres;
            }
            match stage::centre(&admin) {
                Ok((messages, as_of)) => {
                    centres.push((*student, messages, as_of));
                    break;
                }
                Err(_) if tries < TRIES => std::thread::sleep(PAUSE),
                Err(_) => {}
            }
        }
    }
    centres
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Answers whoever has a token that begins with `good`; everybody else is refused.
    fn stand_in() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = [0; 2048];
                let n = stream.read(&mut head).unwrap_or(0);
                let good = String::from_utf8_lossy(&head[..n]).contains("Bearer good");
                let body = r#"{"messages":[],"next":null,"as_of":7}"#;
                let (status, body) = if good { ("200 OK", body) } else { ("403 No", "{}") };
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n\
                     {body}"
                );
            }
        });
        address
    }

    fn run(who: &[(usize, String)], within: Duration) -> (Vec<usize>, Vec<usize>) {
        let runtime = crate::runtime::one_thread().unwrap();
        let (centres, unread) = runtime.block_on(read(stand_in(), who, within));
        assert!(centres.iter().all(|(_, messages, as_of)| messages.is_empty() && *as_of == 7));
        let mut read: Vec<usize> = centres.iter().map(|(student, ..)| *student).collect();
        read.sort_unstable();
        (read, unread)
    }

    #[test]
    fn one_that_cannot_be_read_is_named_and_keeps_no_other_from_being_read() {
        let who: Vec<(usize, String)> =
            (0..40).map(|n| (n, if n == 11 { "bad".into() } else { format!("good{n}") })).collect();
        let (read, unread) = run(&who, READ_MAX);
        assert_eq!(unread, [11]);
        assert_eq!(read, (0..40).filter(|n| *n != 11).collect::<Vec<_>>());
        assert_eq!(run(&[], READ_MAX), (vec![], vec![]));
    }

    #[test]
    fn what_is_not_read_within_the_time_is_named() {
        let who = [(3, "good".to_owned()), (5, "good".to_owned())];
        assert_eq!(run(&who, Duration::ZERO), (vec![], vec![3, 5]));
    }
}
