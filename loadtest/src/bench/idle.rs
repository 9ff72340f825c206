//! Memory of an idle connection: so many sign in and then do nothing.

use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::error::{Error, Result};
use crate::gateway::Server;
use crate::os;
use crate::person::{Person, Stuck};
use crate::runtime;
use crate::ws::{Socket, source};

/// Sockets that connect at the same time.
const CONNECTING_MAX: usize = 256;
/// Pause before memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// Memory of idle connections.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Idle {
    /// Connections held.
    pub connections: usize,
    /// User-space memory before, in bytes.
    pub before_bytes: u64,
    /// And with all of them.
    pub after_bytes: u64,
    /// Per connection.
    pub bytes_per_connection: u64,
}

/// Connects so many, each with her token if there are tokens, and reads the server's memory.
pub fn measure(server: &Server, connections: usize, tokens: Option<&[String]>) -> Result<Idle> {
    runtime::block_on(async {
        sleep(SETTLE).await;
        let before = os::memory(server.pid())?;
        let permits = &Semaphore::new(CONNECTING_MAX);
        let all = (0..connections).map(|number| async move {
            let _permit = permits.acquire().await;
            let token = tokens.map(|tokens| tokens[number].clone());
            connect(server, number, token).await
        });
        let sockets: std::result::Result<Vec<Socket>, Stuck> =
            join_all(all).await.into_iter().collect();
        let sockets = sockets
            .map_err(|stuck| Error::Failed(format!("an idle connection failed: {stuck}")))?;
        sleep(SETTLE).await;
        let after = os::memory(server.pid())?;
        let held = sockets.len();
        Ok(Idle {
            connections: held,
            before_bytes: before,
            after_bytes: after,
            bytes_per_connection: after.saturating_sub(before) / held.max(1) as u64,
        })
    })
}

async fn connect(
    server: &Server,
    number: usize,
    token: Option<String>,
) -> std::result::Result<Socket, Stuck> {
    match token {
        Some(token) => Person { number, token }.sign_in(server.address, None, &mut |_, _| {}).await,
        None => Ok(Socket::connect(server.address, source(number), None).await?),
    }
}
