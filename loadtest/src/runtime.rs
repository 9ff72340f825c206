//! Running the client: one thread, no locks; Ctrl-C ends it in order.

use std::future::Future;

use tokio::task::LocalSet;

use crate::error::{Error, Result};

/// A runtime of one thread.
pub fn one_thread() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::Unavailable(format!("cannot start the client: {e}; check ulimit -n")))
}

/// Runs a future, with everything that it spawns, to its end or to Ctrl-C.
pub fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = one_thread()?;
    let local = LocalSet::new();
    let result = local.block_on(&runtime, async {
        tokio::select! {
            result = future => result,
            _ = tokio::signal::ctrl_c() => Err(Error::Interrupted),
        }
    });
    drop(local);
    runtime.shutdown_background();
    result
}

/// Runs something that blocks, beside the client.
pub async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|e| Err(Error::Failed(format!("a task of the client broke: {e}"))))
}
