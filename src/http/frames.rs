//! WebSocket frames on their way in: what the library does not do. It gathers a whole frame before
//! it compares the frame's length with the limit, so a client could announce a tebibyte and have
//! its bytes kept: here the announcement is enough. It waits for ever for the rest of a message:
//! here it must come in time. It has one error for a wrong close code and for a close reason that
//! is not UTF-8: here the second is told. And it does not join fragments: [`Joiner`] does.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::ws::{Item, ProtocolError};
use actix_web::error::PayloadError;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

use crate::limits;
use crate::protocol::close::Close;

/// What a client hears that announces too long a frame (RFC 6455 §5.2, §7.4.1: 1009).
const OVERSIZED: PayloadError = PayloadError::Overflow;
/// What is said of a message that did not come to its end in time, and of a close reason that is
/// not UTF-8 (RFC 6455 §5.5.1, §8.1: 1007). The library hands on the text of an error alone.
const TOO_SLOW: &str = "the rest of the message does not come";
const NOT_UTF8: &str = "the close reason is not UTF-8";

fn broken(what: &'static str) -> PayloadError {
    PayloadError::Io(io::Error::other(what))
}

/// Why an error of the library ends a session.
pub fn close_of(error: &ProtocolError) -> Close {
    let ProtocolError::Io(error) = error else {
        return match error {
            ProtocolError::Overflow => Close::TooBig,
            _ => Close::ProtocolError,
        };
    };
    let text = error.to_string();
    if text == OVERSIZED.to_string() {
        Close::TooBig
    } else if text.contains(TOO_SLOW) {
        Close::Silent
    } else if text.to_ascii_lowercase().contains("utf") {
        // The library gives one kind of error for both; its text tells them apart.
        Close::NotUtf8
    } else {
        Close::ProtocolError
    }
}

/// What one message may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Longest message, and longest frame, in bytes.
    pub bytes: usize,
    /// Most fragments.
    pub fragments: usize,
    /// From its first byte to its last, in milliseconds.
    pub ms: u64,
    /// Whether binary is spoken too.
    pub binary: bool,
}

/// As a session of the gateway has it.
pub const SESSION: Bounds = Bounds {
    bytes: limits::MESSAGE_BYTES_MAX,
    fragments: limits::MESSAGE_FRAGMENTS_MAX,
    ms: limits::MESSAGE_MS_MAX,
    binary: false,
};

/// A message that came whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whole {
    /// Text.
    Text(String),
    /// Anything.
    Binary(Bytes),
}

struct Begun {
    text: bool,
    count: usize,
    bytes: BytesMut,
}

/// Joins the fragments of messages, within bounds.
pub struct Joiner {
    bounds: Bounds,
    begun: Option<Begun>,
}

impl Joiner {
    /// Without any yet.
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, begun: None }
    }

    /// Takes a fragment: the message that it completes, or why the session must end.
    pub fn take(&mut self, item: Item) -> Result<Option<Whole>, Close> {
        let (first, last, bytes) = match item {
            Item::FirstText(bytes) => (Some(true), false, bytes),
            Item::FirstBinary(bytes) => (Some(false), false, bytes),
            Item::Continue(bytes) => (None, false, bytes),
            Item::Last(bytes) => (None, true, bytes),
        };
        if let Some(text) = first {
            if !text && !self.bounds.binary {
                return Err(Close::Unsupported);
            }
            self.begun = Some(Begun { text, count: 0, bytes: BytesMut::new() });
        }
        let begun = self.begun.as_mut().ok_or(Close::ProtocolError)?;
        begun.count += 1;
        let too_long = begun.bytes.len() + bytes.len() > self.bounds.bytes;
        if too_long || begun.count > self.bounds.fragments {
            return Err(Close::TooBig);
        }
        begun.bytes.extend_from_slice(&bytes);
        let Some(whole) = self.begun.take_if(|_| last) else { return Ok(None) };
        if !whole.text {
            return Ok(Some(Whole::Binary(whole.bytes.freeze())));
        }
        let text = String::from_utf8(whole.bytes.into()).map_err(|_| Close::NotUtf8)?;
        Ok(Some(Whole::Text(text)))
    }
}

/// Bits of a frame's first byte: its last fragment, its kind, and the kinds that are of a
/// connection and not of a message; among them close (RFC 6455 §5.2).
const FIN: u8 = 0x80;
const OPCODE: u8 = 0x0f;
const CONTROL: u8 = 0x8;
const CLOSE: u8 = 0x8;
/// Longest payload of a control frame (RFC 6455 §5.5), and the code that a close begins with.
const CONTROL_BYTES_MAX: u64 = 125;
const CODE: usize = 2;

/// Length of a header before its extended length, and of a mask, in bytes.
const HEAD: usize = 2;
const MASK: usize = 4;

/// A connection's bytes, until a frame comes that breaks a rule.
pub struct FrameGuard<S> {
    inner: S,
    frames: Frames,
    patience: Duration,
    /// Runs while a message has begun and not ended, and the messages that had ended before it.
    waiting: Option<(Pin<Box<Sleep>>, u64)>,
    /// After a flaw nothing more is read.
    over: bool,
}

impl<S> FrameGuard<S> {
    /// Guards these bytes.
    pub fn new(inner: S, bounds: Bounds) -> Self {
        let frames = Frames { most: bounds.bytes as u64, ..Frames::default() };
        let patience = Duration::from_millis(bounds.ms);
        Self { inner, frames, patience, waiting: None, over: false }
    }

    /// After bytes came: the timer runs on for the same message, and anew for another.
    fn note(&mut self) {
        let ended = self.frames.ended;
        if !self.frames.within_message() {
            self.waiting = None;
        } else if self.waiting.as_ref().is_none_or(|(_, before)| *before != ended) {
            self.waiting = Some((Box::pin(sleep(self.patience)), ended));
        }
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for FrameGuard<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.over {
            return Poll::Ready(None);
        }
        let next = Pin::new(&mut self.inner).poll_next(cx);
        let flaw = match &next {
            Poll::Ready(Some(Ok(bytes))) => match self.frames.look(bytes) {
                Ok(()) => {
                    self.note();
                    return next;
                }
                Err(Flaw::Oversized) => OVERSIZED,
                Err(Flaw::NotUtf8) => broken(NOT_UTF8),
            },
            Poll::Ready(_) => return next,
            // Only when nothing more can be read: what waits in here came in time.
            Poll::Pending => {
                let timer = self.waiting.as_mut().map(|(timer, _)| timer.as_mut().poll(cx));
                if timer.is_none_or(|late| late.is_pending()) {
                    return next;
                }
                broken(TOO_SLOW)
            }
        };
        self.over = true;
        Poll::Ready(Some(Err(flaw)))
    }
}

/// What is wrong with a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flaw {
    Oversized,
    NotUtf8,
}

/// Where in its frame the next byte lies.
#[derive(Debug, Default)]
struct Frames {
    /// Longest payload.
    most: u64,
    /// Whether fragments of a message came, and not its last.
    fragmented: bool,
    /// Messages and control frames that came to their end, each outside any other.
    ended: u64,
    /// Bytes of the payload still to come.
    payload: u64,
    /// The header as far as it came.
    header: [u8; HEAD + 8],
    seen: usize,
    /// Bytes of the mask still to come, and the mask.
    mask: usize,
    key: [u8; MASK],
    /// A close frame's payload so far, unmasked.
    closing: Vec<u8>,
}

impl Frames {
    /// The first flaw of the frames in these bytes.
    fn look(&mut self, mut bytes: &[u8]) -> Result<(), Flaw> {
        while !bytes.is_empty() {
            let skip = self.payload.min(bytes.len() as u64) as usize;
            self.payload -= skip as u64;
            let (payload, after) = bytes.split_at(skip);
            self.closes(payload)?;
            bytes = after;
            if skip > 0 && self.payload == 0 {
                self.end_frame();
            }
            let Some((byte, rest)) = bytes.split_first() else { break };
            bytes = rest;
            if self.mask > 0 {
                self.key[MASK - self.mask] = *byte;
                self.mask -= 1;
                if self.mask == 0 {
                    self.begin_payload();
                }
                continue;
            }
            self.header[self.seen] = *byte;
            self.seen += 1;
            if self.seen < self.header_length() {
                continue;
            }
            let length = self.announced();
            if length > self.most {
                return Err(Flaw::Oversized);
            }
            if self.header[0] & CONTROL == 0 {
                self.fragmented = self.header[0] & FIN == 0;
            }
            self.closing.clear();
            self.seen = 0;
            match self.header[1] & 0x80 {
                0 => self.begin_payload(),
                _ => self.mask = MASK,
            }
        }
        Ok(())
    }

    fn begin_payload(&mut self) {
        self.payload = self.announced();
        if self.payload == 0 {
            self.end_frame();
        }
    }

    fn end_frame(&mut self) {
        self.ended += u64::from(!self.fragmented);
    }

    /// Whether something has begun and not ended.
    fn within_message(&self) -> bool {
        self.fragmented || self.payload > 0 || self.mask > 0 || self.seen > 0
    }

    /// Takes a piece of a payload. Of a close frame it is kept, and the whole one looked at; one
    /// without a mask or over its limit is left to the library, which refuses it.
    fn closes(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        let is_close = self.header[0] & OPCODE == CLOSE && self.header[1] & 0x80 != 0;
        if piece.is_empty() || !is_close || self.announced() > CONTROL_BYTES_MAX {
            return Ok(());
        }
        let start = self.closing.len();
        let unmasked =
            piece.iter().enumerate().map(|(i, byte)| byte ^ self.key[(start + i) % MASK]);
        self.closing.extend(unmasked);
        let reason = self.closing.get(CODE..).unwrap_or_default();
        match self.payload == 0 && std::str::from_utf8(reason).is_err() {
            true => Err(Flaw::NotUtf8),
            false => Ok(()),
        }
    }

    fn header_length(&self) -> usize {
        match self.header[1] & 0x7f {
            _ if self.seen < HEAD => HEAD,
            0x7e => HEAD + 2,
            0x7f => HEAD + 8,
            _ => HEAD,
        }
    }

    fn announced(&self) -> u64 {
        let extended = |n: usize| {
            let bytes = &self.header[HEAD..HEAD + n];
            bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte))
        };
        match self.header[1] & 0x7f {
            0x7e => extended(2),
            0x7f => extended(8),
            short => u64::from(short),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;
    use crate::clock;

    const MOST: usize = limits::MESSAGE_BYTES_MAX;

    fn frame(length: usize, masked: bool) -> Vec<u8> {
        let bit = if masked { 0x80 } else { 0 };
        let mut frame = vec![0x81];
        match length {
            0..=125 => frame.push(bit | length as u8),
            126..=0xffff => {
                frame.push(bit | 0x7e);
                frame.extend((length as u16).to_be_bytes());
            }
            _ => {
                frame.push(bit | 0x7f);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(std::iter::repeat_n(0xff, if masked { MASK } else { 0 } + length.min(MOST)));
        frame
    }

    fn frames() -> Frames {
        Frames { most: MOST as u64, ..Frames::default() }
    }

    /// Whether the bytes pass, cut into pieces of this size, and end where a message does.
    fn pass(bytes: &[u8], piece: usize) -> bool {
        let mut frames = frames();
        let passed = bytes.chunks(piece).all(|piece| frames.look(piece).is_ok());
        assert!(!passed || !frames.within_message(), "in pieces of {piece}");
        passed
    }

    #[test]
    fn frames_up_to_the_limit_pass_however_they_are_cut() {
        let lengths = [0, 1, 125, 126, 127, 300, MOST];
        let frames: Vec<u8> =
            lengths.iter().flat_map(|n| [frame(*n, true), frame(*n, false)].concat()).collect();
        for piece in [1, 2, 3, 5, 7, 1000, frames.len()] {
            assert!(pass(&frames, piece), "{piece}");
        }
    }

    #[test]
    fn one_over_the_limit_is_refused_at_its_header() {
        for over in [MOST + 1, 1 << 16, 1 << 40] {
            for masked in [true, false] {
                let after = [frame(5, true), frame(over, masked)[..10].to_vec()].concat();
                for piece in [1, 4, after.len()] {
                    assert!(!pass(&after, piece), "{over} in pieces of {piece}");
                }
            }
        }
    }

    #[test]
    fn a_close_reason_is_text_however_it_is_cut() {
        let close = |reason: &[u8]| {
            let key = [7, 0x80, 3, 0xff];
            let payload = [&1000_u16.to_be_bytes(), reason].concat();
            let mut frame = vec![0x88, 0x80 | payload.len() as u8];
            frame.extend(key);
            frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
            frame
        };
        let told = |bytes: &[u8], piece: usize| {
            let mut frames = frames();
            bytes.chunks(piece).try_for_each(|piece| frames.look(piece))
        };
        for piece in [1, 2, 5, 1000] {
            assert_eq!(told(&close(b""), piece), Ok(()));
            assert_eq!(told(&close("tot één uur".as_bytes()), piece), Ok(()));
            let after = [frame(300, true), close(&[b'a', 0xc3, 0x28])].concat();
            assert_eq!(told(&after, piece), Err(Flaw::NotUtf8), "in pieces of {piece}");
            assert_eq!(told(&close(&[0xc3]), piece), Err(Flaw::NotUtf8), "half a letter");
        }
    }

    /// Short, and yet long on a busy machine.
    const PATIENCE_MS: u64 = 1_000;

    /// Whether these pieces, each after a pause in milliseconds, are told to be too slow.
    async fn is_late(pieces: Vec<(u64, Vec<u8>)>) -> bool {
        let since = clock::monotonic();
        let pieces = stream::iter(pieces).then(async |(pause, bytes)| {
            sleep(Duration::from_millis(pause)).await;
            Ok(Bytes::from(bytes))
        });
        let bounds = Bounds { ms: PATIENCE_MS, ..SESSION };
        let mut guard = FrameGuard::new(Box::pin(pieces), bounds);
        while let Some(next) = guard.next().await {
            let Err(error) = next else { continue };
            let error = ProtocolError::Io(io::Error::other(error.to_string()));
            assert_eq!(close_of(&error), Close::Silent);
            assert!(since.elapsed() >= Duration::from_millis(PATIENCE_MS), "too early");
            return true;
        }
        false
    }

    #[tokio::test]
    async fn a_message_must_come_to_its_end_in_time() {
        let text = frame(300, true);
        let (a, b) = text.split_at(8);
        let whole = |pause| vec![(0, a.to_vec()), (pause, b.to_vec())];
        // Whatever trickles, the message is over its time.
        let bytes = text.iter().map(|byte| (100, vec![*byte])).collect();
        // Fragments and pings between them: the time is the message's.
        let (mut first, mut next) = (frame(2, true), frame(2, true));
        (first[0], next[0]) = (0x01, 0x00);
        let ping = vec![0x89, 0x80, 1, 2, 3, 4];
        let mut fragments = vec![(0, first)];
        fragments.extend((0..40).flat_map(|_| [(50, next.clone()), (50, ping.clone())]));
        // Nothing begun: silence is the heartbeat's affair.
        let pause = PATIENCE_MS + 300;
        let idle = vec![(0, text.clone()), (pause, text.clone()), (pause, ping)];
        // One message after another, each cut where the next begins: none is slow.
        let seam = [&text[8..], &text[..8]].concat();
        let mut seams = vec![(0, text[..8].to_vec())];
        seams.extend((0..8).map(|_| (PATIENCE_MS / 4, seam.clone())));
        seams.push((0, text[8..].to_vec()));
        let late = tokio::join!(
            is_late(whole(1)),
            is_late(whole(60_000)),
            is_late(bytes),
            is_late(fragments),
            is_late(idle),
            is_late(seams),
        );
        assert_eq!(late, (false, true, true, true, false, false));
        assert_eq!(SESSION.ms, limits::MESSAGE_MS_MAX);
    }

    #[test]
    fn fragments_are_joined_within_their_bounds() {
        let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
        let bounds = Bounds { bytes: 6, fragments: 3, ms: 1, binary: true };
        let check = |bounds, items: Vec<Item>, expected: Result<Option<Whole>, Close>| {
            let mut joiner = Joiner::new(bounds);
            let mut last = Ok(None);
            for item in items {
                last = joiner.take(item);
                if last.is_err() {
                    break;
                }
            }
            assert_eq!(last, expected);
        };
        let (first, more, end) = (Item::FirstText, Item::Continue, Item::Last);
        let text = Ok(Some(Whole::Text("abcdef".to_owned())));
        check(bounds, vec![first(bytes("ab")), more(bytes("cd")), end(bytes("ef"))], text);
        let binary = Ok(Some(Whole::Binary(bytes("ab"))));
        check(bounds, vec![Item::FirstBinary(bytes("a")), end(bytes("b"))], binary);
        check(SESSION, vec![Item::FirstBinary(bytes("a"))], Err(Close::Unsupported));
        check(bounds, vec![end(bytes("a"))], Err(Close::ProtocolError));
        check(bounds, vec![first(bytes("abcd")), end(bytes("efg"))], Err(Close::TooBig));
        let many = vec![first(bytes("")), more(bytes("")), more(bytes("")), end(bytes(""))];
        check(bounds, many, Err(Close::TooBig));
        let half = Bytes::from_static(&[0xc3]);
        check(bounds, vec![first(half.clone()), end(bytes(""))], Err(Close::NotUtf8));
        let rest = Bytes::from_static(&[0xa9]);
        check(bounds, vec![first(half), end(rest)], Ok(Some(Whole::Text("é".to_owned()))));
    }
}
