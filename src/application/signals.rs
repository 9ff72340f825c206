//! SIGTERM and SIGINT: heard from before anybody knows of the gateway, so that a stop asked for the
//! moment it serves is a stop with everything drained. One asked for while it starts is heeded as
//! soon as it has started.

use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::systemd::Watchdog;

/// Listens from when it is made.
pub struct Signals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen.
    pub fn listen() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (terminate, interrupt) = {
            let _inside = runtime.enter();
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
        };
        Ok(Self { runtime, terminate, interrupt })
    }

    /// Waits for one of them; feeds the watchdog meanwhile, if there is one.
    pub fn wait(mut self, watchdog: Option<(Watchdog, Duration)>) {
        self.runtime.block_on(async {
            let feed = async {
                let Some((mut watchdog, every)) = watchdog else {
                    return std::future::pending().await;
                };
                let mut ticks = tokio::time::interval(every);
                loop {
                    ticks.tick().await;
                    watchdog.feed();
                }
            };
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
                () = feed => {}
            }
        });
    }
}
