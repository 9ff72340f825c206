//! Rate limits: per address where nobody is signed in, per student where somebody is.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::{Clock as _, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::problem::{Problem, RATE_LIMITED};
use super::settings::{Rate, Rates};
use crate::domain::ids::Key;
use crate::limits;
use crate::metrics::{Limiter, Metrics};

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock>;

/// The limiters of the HTTP side.
pub struct Limiters {
    sign_in: Keyed<IpAddr>,
    connect: Keyed<IpAddr>,
    anonymous: Keyed<IpAddr>,
    change: Keyed<Key>,
    read: Keyed<Key>,
    metrics: Arc<Metrics>,
}

impl Limiters {
    /// With these rates; refusals are counted.
    pub fn new(rates: &Rates, metrics: Arc<Metrics>) -> Self {
        Self {
            sign_in: Keyed::dashmap(quota(rates.sign_in)),
            connect: Keyed::dashmap(quota(rates.connect)),
            anonymous: Keyed::dashmap(quota(rates.anonymous)),
            change: Keyed::dashmap(quota(rates.change)),
            read: Keyed::dashmap(quota(rates.read)),
            metrics,
        }
    }

    /// Keys that each remembers.
    pub fn keys(&self) -> [(Limiter, usize); 5] {
        [
            (Limiter::AddressSignIns, self.sign_in.len()),
            (Limiter::AddressConnects, self.connect.len()),
            (Limiter::AddressRequests, self.anonymous.len()),
            (Limiter::StudentChanges, self.change.len()),
            (Limiter::StudentReads, self.read.len()),
        ]
    }

    fn counted(&self, limiter: Limiter, allowed: Result<(), Problem>) -> Result<(), Problem> {
        if allowed.is_err() {
            self.metrics.limited(limiter);
        }
        allowed
    }

    /// One sign-in from the address.
    pub fn sign_in(&self, address: IpAddr) -> Result<(), Problem> {
        self.counted(Limiter::AddressSignIns, check_address(&self.sign_in, address))
    }

    /// One new WebSocket from the address.
    pub fn connect(&self, address: IpAddr) -> Result<(), Problem> {
        self.counted(Limiter::AddressConnects, check_address(&self.connect, address))
    }

    /// One request without a sign-in from the address.
    pub fn anonymous(&self, address: IpAddr) -> Result<(), Problem> {
        self.counted(Limiter::AddressRequests, check_address(&self.anonymous, address))
    }

    /// One change by the student.
    pub fn change(&self, student: &Key) -> Result<(), Problem> {
        self.counted(Limiter::StudentChanges, check(&self.change, student))
    }

    /// One read by the student.
    pub fn read(&self, student: &Key) -> Result<(), Problem> {
        self.counted(Limiter::StudentReads, check(&self.read, student))
    }

    /// Forgets who has been quiet. Call it every minute, or the maps grow for ever.
    pub fn retain_recent(&self) {
        for addresses in [&self.sign_in, &self.connect, &self.anonymous] {
            addresses.retain_recent();
            addresses.shrink_to_fit();
        }
        for students in [&self.change, &self.read] {
            students.retain_recent();
            students.shrink_to_fit();
        }
    }
}

fn quota(rate: Rate) -> Quota {
    let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(at_least_one(rate.per_second)).allow_burst(at_least_one(rate.burst))
}

fn check_address(limiter: &Keyed<IpAddr>, address: IpAddr) -> Result<(), Problem> {
    let known = limiter.len() < limits::LIMITER_ADDRESSES_MAX;
    let address = if known { network_of(address) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    check(limiter, &address)
}

/// One subscriber has a whole /64.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn check<K: Hash + Eq + Clone>(limiter: &Keyed<K>, key: &K) -> Result<(), Problem> {
    limiter.check_key(key).map_err(|not_until| {
        let wait = not_until.wait_time_from(limiter.clock().now());
        Problem::new(&RATE_LIMITED, "nothing was changed; wait for the time given, then go on")
            .retry_after(wait.as_millis().max(1) as u32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_what_follows_waits() {
        let slow = Rate { per_second: 1, burst: 3 };
        let rates = Rates { sign_in: slow, change: slow, ..Rates::default() };
        let metrics = Arc::new(Metrics::new());
        let limiters = Limiters::new(&rates, Arc::clone(&metrics));
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        for _ in 0..3 {
            limiters.sign_in(address).unwrap();
        }
        let problem = limiters.sign_in(neighbour).unwrap_err();
        assert_eq!(problem.kind.status, 429);
        assert!(problem.retry_after_ms.is_some_and(|ms| (1..=1000).contains(&ms)));
        limiters.sign_in("2001:db8:0:1::1".parse().unwrap()).unwrap();

        let (one, other) = (Key::new("1").unwrap(), Key::new("2").unwrap());
        for _ in 0..3 {
            limiters.change(&one).unwrap();
        }
        assert!(limiters.change(&one).is_err());
        limiters.change(&other).unwrap();
        limiters.read(&one).unwrap();
        limiters.retain_recent();
        assert!(limiters.change(&one).is_err(), "who has just asked is not forgotten");
        let text = metrics.render();
        for (limiter, count) in
            [("address_sign_ins", 1), ("student_changes", 2), ("student_reads", 0)]
        {
            let line = format!("sluis_limiter_refusals_total{{limiter=\"{limiter}\"}} {count}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
        assert!(limiters.keys().contains(&(Limiter::StudentChanges, 2)));
    }
}
