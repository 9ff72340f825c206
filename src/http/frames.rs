//! Looks at WebSocket frames on their way in, for two things that the library does not do. It
//! gathers a whole frame before it compares the frame's length with the limit, so a client could
//! announce a tebibyte and have its bytes kept: here the announcement is enough. And it has one
//! error for a wrong close code and for a close reason that is not UTF-8: here the second is told.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;

use crate::limits;

/// What a client hears that announces too long a frame (RFC 6455 §5.2, §7.4.1: 1009).
pub const OVERSIZED: PayloadError = PayloadError::Overflow;

/// What a client hears whose close reason is not UTF-8 (RFC 6455 §5.5.1, §8.1: 1007).
fn not_utf8() -> PayloadError {
    PayloadError::Io(std::io::Error::other("the close reason is not UTF-8"))
}

/// Low bits of a frame's first byte, and those of a close frame (RFC 6455 §5.2).
const OPCODE: u8 = 0x0f;
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
    lengths: Lengths,
}

impl<S> FrameGuard<S> {
    /// Guards these bytes.
    pub fn new(inner: S) -> Self {
        Self { inner, lengths: Lengths::default() }
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for FrameGuard<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.inner).poll_next(cx);
        let Poll::Ready(Some(Ok(bytes))) = &next else { return next };
        match self.lengths.look(bytes) {
            Ok(()) => next,
            Err(Flaw::Oversized) => Poll::Ready(Some(Err(OVERSIZED))),
            Err(Flaw::NotUtf8) => Poll::Ready(Some(Err(not_utf8()))),
        }
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
struct Lengths {
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

impl Lengths {
    /// The first flaw of the frames in these bytes.
    fn look(&mut self, mut bytes: &[u8]) -> Result<(), Flaw> {
        while !bytes.is_empty() {
            let skip = self.payload.min(bytes.len() as u64) as usize;
            self.payload -= skip as u64;
            let (payload, after) = bytes.split_at(skip);
            self.closes(payload)?;
            bytes = after;
            let Some((byte, rest)) = bytes.split_first() else { break };
            bytes = rest;
            if self.mask > 0 {
                self.key[MASK - self.mask] = *byte;
                self.mask -= 1;
                self.payload = if self.mask == 0 { self.announced() } else { 0 };
                continue;
            }
            self.header[self.seen] = *byte;
            self.seen += 1;
            if self.seen < self.header_length() {
                continue;
            }
            let length = self.announced();
            if length > limits::MESSAGE_BYTES_MAX as u64 {
                return Err(Flaw::Oversized);
            }
            self.closing.clear();
            match self.header[1] & 0x80 {
                0 => self.payload = length,
                _ => self.mask = MASK,
            }
            self.seen = 0;
        }
        Ok(())
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
    use super::*;

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

    /// Whether the bytes pass, cut into pieces of this size.
    fn pass(bytes: &[u8], piece: usize) -> bool {
        let mut lengths = Lengths::default();
        bytes.chunks(piece).all(|piece| lengths.look(piece).is_ok())
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
            let mut lengths = Lengths::default();
            bytes.chunks(piece).try_for_each(|piece| lengths.look(piece))
        };
        for piece in [1, 2, 5, 1000] {
            assert_eq!(told(&close(b""), piece), Ok(()));
            assert_eq!(told(&close("tot één uur".as_bytes()), piece), Ok(()));
            let after = [frame(300, true), close(&[b'a', 0xc3, 0x28])].concat();
            assert_eq!(told(&after, piece), Err(Flaw::NotUtf8), "in pieces of {piece}");
            assert_eq!(told(&close(&[0xc3]), piece), Err(Flaw::NotUtf8), "half a letter");
        }
    }
}
