//! What a service manager is told: ready, stopping, and that the gateway lives. Without systemd
//! (no `NOTIFY_SOCKET`) nobody is told anything.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::actors::gateway::Gateway;

/// Commands are taken at this address.
pub fn ready(url: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("serving {url}"))]);
}

/// No more commands are taken.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("closing sessions, draining the journal")]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}

/// Tells the service manager that the gateway lives, as long as its decision thread does. A disk
/// that stalls is no reason to be restarted: commands are answered Busy meanwhile.
pub struct Watchdog {
    gateway: Gateway,
    beats: u64,
}

impl Watchdog {
    /// A watchdog, and how often to feed it; `None` when the service manager wants none.
    pub fn wanted(gateway: &Gateway) -> Option<(Self, Duration)> {
        let within = sd_notify::watchdog_enabled()?;
        let gateway = gateway.clone();
        Some((Self { gateway, beats: 0 }, within / 2))
    }

    /// Feeds it if the decision thread has moved since it was last fed.
    pub fn feed(&mut self) {
        let beats = self.gateway.metrics().decision_beats();
        if beats > self.beats {
            self.beats = beats;
            tell(&[NotifyState::Watchdog]);
        }
    }
}
