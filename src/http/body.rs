//! Bodies on their way in: each must keep coming. The library's deadlines end with the head of a
//! request, so a body of a byte at a time would hold its connection for as long as it liked; and of
//! a chunked one that nobody reads, it waits for the end however long that takes.

use std::cell::RefCell;
use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::http::header::{TRANSFER_ENCODING, UPGRADE};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

use crate::{clock, limits};

/// The bytes of a body, and how long they may take.
#[derive(Clone, Copy)]
struct Pace {
    least: Duration,
    bytes_per_s: u64,
}

const PACE: Pace = Pace {
    least: Duration::from_millis(limits::BODY_MS_MIN),
    bytes_per_s: limits::BODY_BYTES_PER_S_MIN,
};

impl Pace {
    /// For so many bytes.
    fn allows(self, bytes: u64) -> Duration {
        self.least + Duration::from_secs(bytes / self.bytes_per_s)
    }
}

/// A body that is given up when it comes too slowly.
struct Timed<S> {
    inner: Rc<RefCell<S>>,
    pace: Pace,
    since: Instant,
    bytes: u64,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Timed<S> {
    fn new(inner: Rc<RefCell<S>>, pace: Pace) -> Self {
        Self { inner, pace, since: clock::monotonic(), bytes: 0, timer: None }
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Timed<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut *self.inner.borrow_mut()).poll_next(cx);
        if let Poll::Ready(next) = next {
            self.bytes += next.iter().flatten().map(|bytes| bytes.len() as u64).sum::<u64>();
            return Poll::Ready(next);
        }
        loop {
            let allowed = self.pace.allows(self.bytes).saturating_sub(self.since.elapsed());
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(allowed)));
            ready!(timer.as_mut().poll(cx));
            if allowed.is_zero() {
                let late = "the body comes too slowly; send it again";
                let late = io::Error::new(io::ErrorKind::TimedOut, late);
                return Poll::Ready(Some(Err(PayloadError::Io(late))));
            }
            // It was set for fewer bytes than have come since.
            self.timer = None;
        }
    }
}

/// An answer to a request that had a body. While what was not read of it is still at hand, the
/// library ends the connection after the answer, and does not wait for the rest.
pub struct Answering {
    body: BoxBody,
    _unread: Rc<RefCell<Payload>>,
}

impl MessageBody for Answering {
    type Error = Box<dyn StdError>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

/// Whether it asks for the WebSocket: what comes after it are frames, which have their own rules.
fn is_upgrade(req: &ServiceRequest) -> bool {
    let headers = req.headers();
    let plain = headers.contains_key(UPGRADE) && !headers.contains_key(TRANSFER_ENCODING);
    plain && req.method() == Method::GET && req.path() == "/ws"
}

/// Middleware around the whole application, but for [`super::measure`].
pub async fn arriving<B: MessageBody + 'static>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, Answering>>, Error> {
    let payload = if is_upgrade(&req) { Payload::None } else { req.take_payload() };
    if matches!(payload, Payload::None) {
        return next.call(req).await.map(ServiceResponse::map_into_left_body);
    }
    let payload = Rc::new(RefCell::new(payload));
    let timed = Timed::new(Rc::clone(&payload), PACE);
    req.set_payload(Payload::Stream { payload: Box::pin(timed) });
    let response = next.call(req).await?;
    Ok(response.map_body(|_, body| {
        EitherBody::right(Answering { body: BoxBody::new(body), _unread: payload })
    }))
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, TryStreamExt, stream};

    use super::*;

    /// Whether a body in pieces of so many bytes, each after a pause in milliseconds, is taken.
    async fn taken(pieces: Vec<(u64, usize)>) -> bool {
        let body = stream::iter(pieces).then(async |(pause, bytes)| {
            sleep(Duration::from_millis(pause)).await;
            Ok(Bytes::from(vec![b'x'; bytes]))
        });
        let body = Rc::new(RefCell::new(Box::pin(body)));
        let pace = Pace { least: Duration::from_secs(1), bytes_per_s: 100 };
        Timed::new(body, pace).try_collect::<Vec<_>>().await.is_ok()
    }

    #[tokio::test]
    async fn a_body_must_keep_coming() {
        let taken = tokio::join!(
            taken(vec![(0, 10), (200, 10)]),
            taken(vec![(0, 500), (600, 1), (600, 1)]),
            taken(vec![(0, 1), (60_000, 1)]),
            taken((0..100).map(|_| (100, 1)).collect()),
        );
        assert_eq!(taken, (true, true, false, false), "at once, at a pace, never, by the byte");
    }

    #[test]
    fn a_bigger_body_may_take_longer() {
        assert_eq!(PACE.allows(0), Duration::from_millis(limits::BODY_MS_MIN));
        let second = limits::BODY_BYTES_PER_S_MIN;
        assert_eq!(PACE.allows(10 * second), PACE.allows(0) + Duration::from_secs(10));
    }
}
