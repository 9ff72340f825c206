//! Long reads, cut into pieces that each fit between two turns of the Registrar.

use std::time::Duration;

use super::problem::Problem;
use crate::actors::gateway::{Denied, Gateway};
use crate::domain::ids::Sequence;
use crate::domain::registry::Registry;
use crate::limits;

/// Reads one piece for somebody who looks on: soon, or not at all.
pub async fn piece<T, F>(gateway: &Gateway, view: F) -> Result<(Sequence, T), Problem>
where
    T: Send + 'static,
    F: Fn(&Registry) -> T + Clone + Send + 'static,
{
    patient(gateway, limits::SURVEY_RETRIES_MAX, view).await
}

/// Reads one piece; waits out a Busy, so many times.
pub async fn patient<T, F>(gateway: &Gateway, most: u32, view: F) -> Result<(Sequence, T), Problem>
where
    T: Send + 'static,
    F: Fn(&Registry) -> T + Clone + Send + 'static,
{
    let mut tries = 0;
    loop {
        let view = view.clone();
        match gateway.read(move |registry| view(registry)).await {
            Ok(found) => return Ok(found),
            Err(Denied::Busy { retry_after_ms }) if tries < most => {
                tries += 1;
                let wait = Duration::from_millis(u64::from(retry_after_ms));
                actix_web::rt::time::sleep(wait).await;
            }
            Err(denied) => return Err(denied.into()),
        }
    }
}
