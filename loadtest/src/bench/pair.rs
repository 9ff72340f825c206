//! The pair of operations that a socket repeats: enrol in one course, drop it. Or, at the echo,
//! two frames of the same sizes.

use std::time::Duration;

use serde::Serialize;
use tokio::time::{sleep, timeout};

use crate::child::ECHO_DIGITS;
use crate::setup::WINDOW;
use crate::wire::{self, Kind};
use crate::ws::{Broken, Socket, text_frame};

/// Longest wait for one operation.
const OPERATION_MAX: Duration = Duration::from_secs(30);
/// Hex digits at the end of a UUID, which count the operations of a socket.
const COUNTER_DIGITS: usize = 12;
/// Characters of a UUID.
const UUID_CHARS: usize = 36;

/// Sizes seen: sums over operations, told as means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Replies {
    /// Pairs counted.
    pub pairs: u64,
    /// Bytes of the answers to `submit`.
    pub enrolled_bytes: u64,
    /// Bytes of the answers to `drop`.
    pub dropped_bytes: u64,
    /// Frames besides the answers (messages of the message centre, seats, …).
    pub other_frames: u64,
    /// Their bytes.
    pub other_bytes: u64,
    /// Times that an operation was answered `busy` and sent again.
    pub busy: u64,
}

impl Replies {
    /// Adds another tally.
    pub fn add(&mut self, other: Self) {
        self.pairs += other.pairs;
        self.enrolled_bytes += other.enrolled_bytes;
        self.dropped_bytes += other.dropped_bytes;
        self.other_frames += other.other_frames;
        self.other_bytes += other.other_bytes;
        self.busy += other.busy;
    }

    fn mean(&self, sum: u64) -> usize {
        (sum / self.pairs.max(1)) as usize
    }
}

impl Serialize for Replies {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut form = to.serialize_struct("Replies", 4)?;
        let operations = (2 * self.pairs).max(1) as f64;
        let extra = crate::talk::round(self.other_frames as f64 / operations, 3);
        form.serialize_field("enrol_reply_bytes", &self.mean(self.enrolled_bytes))?;
        form.serialize_field("drop_reply_bytes", &self.mean(self.dropped_bytes))?;
        form.serialize_field("other_frames_per_operation", &extra)?;
        form.serialize_field("busy", &self.busy)?;
        form.end()
    }
}

/// A frame whose request id is changed in place.
struct Prepared {
    frame: Vec<u8>,
    /// Where the id stands; `None` at the echo.
    id: Option<usize>,
}

/// A socket's two operations.
pub struct Pair {
    enrol: Prepared,
    drop: Prepared,
    counter: u64,
    replies: Replies,
}

impl Pair {
    /// At the gateway: the socket's own course, request ids of the run's own.
    pub fn gateway(run: u32, socket: usize, courses: u32) -> Self {
        let id = request_id(run, socket);
        let course = (socket as u32 % courses + 1).to_string();
        let prepared = |text: String| {
            let (frame, at) = text_frame(&text);
            Prepared { frame, id: text.find(&id).map(|found| at + found) }
        };
        Self {
            enrol: prepared(wire::submit(&id, WINDOW, &course)),
            drop: prepared(wire::drop_course(&id, &course)),
            counter: 0,
            replies: Replies::default(),
        }
    }

    /// At the echo: frames as long as the gateway's, asking for answers as long as the gateway's.
    pub fn echo(socket: usize, sizes: Replies) -> Self {
        let same = Self::gateway(0, socket, 200);
        let prepared = |like: &Prepared, wanted: usize| {
            let length = like.frame.len() - text_frame_head(&like.frame);
            let text = format!(
                "{wanted:0width$}{:filling$}",
                "",
                width = ECHO_DIGITS,
                filling = length - ECHO_DIGITS
            );
            Prepared { frame: text_frame(&text).0, id: None }
        };
        Self {
            enrol: prepared(&same.enrol, sizes.mean(sizes.enrolled_bytes)),
            drop: prepared(&same.drop, sizes.mean(sizes.dropped_bytes)),
            counter: 0,
            replies: Replies::default(),
        }
    }

    /// One seat, told.
    pub async fn enrol(&mut self, socket: &mut Socket) -> Result<(), Broken> {
        let bytes =
            self.enrol.carry_out(socket, self.counter, b"enrolled", &mut self.replies).await?;
        self.counter += 1;
        self.replies.enrolled_bytes += bytes as u64;
        Ok(())
    }

    /// The seat given back, told.
    pub async fn drop(&mut self, socket: &mut Socket) -> Result<(), Broken> {
        let bytes =
            self.drop.carry_out(socket, self.counter, b"dropped", &mut self.replies).await?;
        self.counter += 1;
        self.replies.dropped_bytes += bytes as u64;
        self.replies.pairs += 1;
        Ok(())
    }

    /// What was seen.
    pub fn replies(&self) -> Replies {
        self.replies
    }
}

impl Prepared {
    /// Sends the frame with a new id and waits for its answer; returns the answer's length.
    async fn carry_out(
        &mut self,
        socket: &mut Socket,
        counter: u64,
        outcome: &[u8],
        replies: &mut Replies,
    ) -> Result<usize, Broken> {
        if let Some(at) = self.id {
            write_counter(&mut self.frame[at..at + UUID_CHARS], counter);
        }
        loop {
            socket.send_frame(&self.frame).await?;
            let answer = timeout(OPERATION_MAX, self.answer(socket, outcome, replies)).await;
            let late = |_| Broken::Gone("no answer within 30 s".into());
            if let Some(bytes) = answer.map_err(late)?? {
                return Ok(bytes);
            }
            replies.busy += 1;
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// The length of the answer; `None` when it is `busy`.
    async fn answer(
        &self,
        socket: &mut Socket,
        outcome: &[u8],
        replies: &mut Replies,
    ) -> Result<Option<usize>, Broken> {
        let id = self.id.map(|at| &self.frame[at..at + UUID_CHARS]);
        loop {
            let frame = socket.next().await?;
            let Some(id) = id else {
                return Ok(Some(frame.len()));
            };
            match wire::kind(frame) {
                Kind::Outcomes if value(frame, b"\"id\":\"") == Some(id) => {
                    let told = value(frame, b"\"outcome\":\"").unwrap_or_default();
                    if told != outcome {
                        let text = String::from_utf8_lossy(frame);
                        return Err(Broken::Protocol(format!("not what was expected: {text}")));
                    }
                    return Ok(Some(frame.len()));
                }
                Kind::Busy => return Ok(None),
                Kind::Error => return Err(Broken::Protocol(crate::person::fault(frame))),
                _ => {
                    replies.other_frames += 1;
                    replies.other_bytes += frame.len() as u64;
                }
            }
        }
    }
}

/// The text that follows the first place where `name` stands, up to the next quotation mark.
fn value<'a>(frame: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = frame.windows(name.len()).position(|bytes| bytes == name)? + name.len();
    let rest = &frame[at..];
    Some(&rest[..rest.iter().position(|b| *b == b'"')?])
}

/// A UUID (version 7 in form) of this run and socket; its last twelve digits count operations.
fn request_id(run: u32, socket: usize) -> String {
    format!("{run:08x}-{:04x}-7{:03x}-8000-000000000000", socket >> 12 & 0xffff, socket & 0xfff)
}

fn write_counter(id: &mut [u8], counter: u64) {
    for (i, digit) in id.iter_mut().rev().take(COUNTER_DIGITS).enumerate() {
        *digit = b"0123456789abcdef"[(counter >> (4 * i) & 0xf) as usize];
    }
}

/// Where a client frame's payload begins.
fn text_frame_head(frame: &[u8]) -> usize {
    match frame[1] & 0x7f {
        126 => 8,
        127 => 14,
        _ => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_and_differ() {
        let mut id = request_id(7, 4097).into_bytes();
        write_counter(&mut id, 0xabc);
        let text = String::from_utf8(id).unwrap();
        assert_eq!(text, "00000007-0001-7001-8000-000000000abc");
        assert_eq!(uuid::Uuid::try_parse(&text).unwrap().get_version_num(), 7);
    }

    #[test]
    fn the_echo_frames_are_as_long_as_the_gateways() {
        let sizes =
            Replies { pairs: 2, enrolled_bytes: 400, dropped_bytes: 300, ..Replies::default() };
        let (gateway, echo) = (Pair::gateway(1, 5, 200), Pair::echo(5, sizes));
        assert_eq!(gateway.enrol.frame.len(), echo.enrol.frame.len());
        assert_eq!(gateway.drop.frame.len(), echo.drop.frame.len());
        let head = text_frame_head(&echo.enrol.frame);
        assert!(echo.enrol.frame[head..].starts_with(b"00200 "));
        assert!(echo.drop.frame[text_frame_head(&echo.drop.frame)..].starts_with(b"00150 "));
    }

    #[test]
    fn values_are_found_in_a_frame() {
        let frame = br#"{"type":"outcomes","sequence":1,"outcomes":[{"id":"x-1","course":"2","outcome":"enrolled"}]}"#;
        assert_eq!(value(frame, b"\"id\":\""), Some(&b"x-1"[..]));
        assert_eq!(value(frame, b"\"outcome\":\""), Some(&b"enrolled"[..]));
        assert_eq!(value(frame, b"\"reason\":\""), None);
    }
}
