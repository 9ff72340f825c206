//! An answer that is made once for everybody who asks at about the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::clock;
use crate::limits;

/// How much longer than its making an answer is kept, at least: making it takes no more than a
/// sixth of one core, however many ask.
const TIMES_ITS_MAKING: u32 = 5;

/// An answer, for a while. Who asks while it is being made waits for the same one.
pub struct Kept<T>(Mutex<Option<(Instant, Arc<T>)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Kept<T> {
    /// The answer that there is, if it is young enough; else a new one.
    pub async fn get<E>(&self, make: impl Future<Output = Result<T, E>>) -> Result<Arc<T>, E> {
        let mut kept = self.0.lock().await;
        if let Some((until, answer)) = kept.as_ref()
            && clock::monotonic() < *until
        {
            return Ok(Arc::clone(answer));
        }
        let since = clock::monotonic();
        let answer = Arc::new(make.await?);
        let keep = Duration::from_millis(limits::SURVEY_KEPT_MS);
        let keep = keep.max(since.elapsed() * TIMES_ITS_MAKING);
        *kept = Some((clock::monotonic() + keep, Arc::clone(&answer)));
        Ok(answer)
    }

    /// Lets go of an answer that nobody will be told any more; one that is being made stays.
    pub fn forget_old(&self) {
        if let Ok(mut kept) = self.0.try_lock() {
            kept.take_if(|(until, _)| clock::monotonic() >= *until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[actix_web::test]
    async fn an_answer_is_made_once_for_all_who_ask_and_a_failure_is_not_kept() {
        let (kept, made) = (Kept::default(), AtomicU32::new(0));
        let make = || async {
            tokio::task::yield_now().await;
            Ok::<_, ()>(made.fetch_add(1, Ordering::Relaxed))
        };
        assert_eq!(kept.get(async { Err("no") }).await, Err("no"));
        let (one, two) = tokio::join!(kept.get(make()), kept.get(make()));
        assert_eq!((*one.unwrap(), *two.unwrap()), (0, 0));
        tokio::time::sleep(Duration::from_millis(limits::SURVEY_KEPT_MS + 50)).await;
        assert_eq!(*kept.get(make()).await.unwrap(), 1, "it is not kept for ever");
    }

    #[actix_web::test]
    async fn an_old_answer_takes_no_room() {
        // Given an answer that nobody holds, when it is young, then it stays; when it is old, it goes.
        let kept = Kept::default();
        let answer = Arc::downgrade(&kept.get(async { Ok::<_, ()>("seats") }).await.unwrap());
        kept.forget_old();
        assert!(answer.upgrade().is_some());
        tokio::time::sleep(Duration::from_millis(limits::SURVEY_KEPT_MS + 50)).await;
        assert!(answer.upgrade().is_some(), "nobody has looked since");
        kept.forget_old();
        assert!(answer.upgrade().is_none());
        assert_eq!(kept.get(async { Ok::<_, ()>("again") }).await.map(|a| *a), Ok("again"));
    }
}
