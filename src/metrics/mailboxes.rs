//! How full mailboxes are: of each kind all together, and the fullest, which alone is bounded.

use std::sync::atomic::{AtomicI64, Ordering};

use prometheus::IntGauge;

use super::known::Mailbox;
use super::make::Maker;
use crate::limits::METRIC_MAILBOXES_MAX;

/// Messages by kind and mailbox.
pub(super) struct Mailboxes {
    all: [IntGauge; Mailbox::ALL.len()],
    fullest: [IntGauge; Mailbox::ALL.len()],
    /// The last of a kind is all beyond the bound.
    each: [[AtomicI64; METRIC_MAILBOXES_MAX + 1]; Mailbox::ALL.len()],
}

impl Mailboxes {
    pub(super) fn new(make: &Maker<'_>) -> Self {
        let gauges = |name: &str, help: &str| {
            let gauges = make.gauges(name, help, &["actor"]);
            Mailbox::ALL.map(|mailbox| gauges.with_label_values(&[mailbox.key()]))
        };
        Self {
            all: gauges(
                "sluis_mailbox_depth",
                "Messages in an actor's mailbox now, all actors of the kind together.",
            ),
            fullest: gauges(
                "sluis_mailbox_fullest_depth",
                "Messages in the fullest mailbox of a kind of actor now.",
            ),
            each: [const { [const { AtomicI64::new(0) }; METRIC_MAILBOXES_MAX + 1] };
                Mailbox::ALL.len()],
        }
    }

    pub(super) fn add(&self, mailbox: Mailbox, which: usize, messages: i64) {
        let kind = mailbox as usize;
        self.all[kind].add(messages);
        self.each[kind][which.min(METRIC_MAILBOXES_MAX)].fetch_add(messages, Ordering::Relaxed);
    }

    /// Looks which is the fullest now.
    pub(super) fn look(&self) {
        for (fullest, each) in self.fullest.iter().zip(&self.each) {
            let depths = each.iter().map(|depth| depth.load(Ordering::Relaxed));
            fullest.set(depths.max().unwrap_or(0).max(0));
        }
    }
}
