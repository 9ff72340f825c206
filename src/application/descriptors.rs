//! File descriptors: each connection takes one. A gateway that may open fewer than its settings
//! ask for refuses sessions while it has some left: newcomers are told so, instead of being held
//! by the kernel without a word, and the journal never goes without.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::limits::DESCRIPTORS_KEPT;

/// How many this process may open, after it has raised its own limit as far as it may.
pub fn raised() -> u64 {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Refused, the limit stays as it is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Sessions that fit, of those wanted; at least one.
pub fn sessions(wanted: usize, descriptors: u64) -> usize {
    let room = usize::try_from(descriptors.saturating_sub(DESCRIPTORS_KEPT)).unwrap_or(usize::MAX);
    if room < wanted {
        tracing::warn!(
            descriptors,
            sessions = room.max(1),
            "fewer file descriptors than limits.sessions_max asks for: raise LimitNOFILE"
        );
    }
    wanted.min(room).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_leave_descriptors_for_everything_else() {
        for (descriptors, fit) in [
            (u64::MAX, 1_000),
            (DESCRIPTORS_KEPT + 1_001, 1_000),
            (DESCRIPTORS_KEPT + 1_000, 1_000),
            (DESCRIPTORS_KEPT + 999, 999),
            (DESCRIPTORS_KEPT, 1),
            (0, 1),
        ] {
            assert_eq!(sessions(1_000, descriptors), fit, "{descriptors}");
        }
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_goes() {
        let most = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
        assert_eq!(raised(), most);
    }
}
