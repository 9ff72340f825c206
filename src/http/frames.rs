//! Looks at the headers of WebSocket frames on their way in, for one thing that the library does
//! not do: it gathers a whole frame before it compares the frame's length with the limit, so a
//! client could announce a tebibyte and have its bytes kept. Here the announcement is enough.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::error::PayloadError;
use bytes::Bytes;
use futures_util::Stream;

use crate::limits;

/// What a client hears that announces too long a frame (RFC 6455 §5.2, §7.4.1: 1009).
pub const OVERSIZED: PayloadError = PayloadError::Overflow;

/// Length of a header before its extended length, and of a mask, in bytes.
const HEAD: usize = 2;
const MASK: usize = 4;

/// A connection's bytes, until a frame is announced that is over the limit.
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
        match &next {
            Poll::Ready(Some(Ok(bytes))) if !self.lengths.fit(bytes) => {
                Poll::Ready(Some(Err(OVERSIZED)))
            }
            _ => next,
        }
    }
}

/// Where in its frame the next byte lies.
#[derive(Debug, Default)]
struct Lengths {
    /// Bytes of the payload still to come.
    payload: u64,
    /// The header as far as it came.
    header: [u8; HEAD + 8],
    seen: usize,
    /// Bytes of the mask still to come.
    mask: usize,
}

impl Lengths {
    /// Whether every frame announced in these bytes fits.
    fn fit(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let skip = self.payload.min(bytes.len() as u64) as usize;
            self.payload -= skip as u64;
            bytes = &bytes[skip..];
            let Some((byte, rest)) = bytes.split_first() else { break };
            bytes = rest;
            if self.mask > 0 {
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
                return false;
            }
            match self.header[1] & 0x80 {
                0 => self.payload = length,
                _ => self.mask = MASK,
            }
            self.seen = 0;
        }
        true
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
        bytes.chunks(piece).all(|piece| lengths.fit(piece))
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
}
