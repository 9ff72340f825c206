//! Who is signed in where, as it is on disk: written by the durability gate alone, asked for every
//! HTTP request and every new session.

use std::sync::Arc;

use dashmap::DashMap;

use crate::domain::account::{Account, DeviceId};
use crate::domain::ids::{Key, Timestamp};
use crate::domain::registry::Registry;

/// What one student's sign-in tokens are worth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedIn {
    devices: Vec<DeviceId>,
    signed_out: Timestamp,
}

impl SignedIn {
    /// As her account says.
    pub fn of(account: &Account) -> Self {
        let devices = account.devices.iter().map(|device| device.id).collect();
        Self { devices, signed_out: account.signed_out }
    }
}

#[cfg(test)]
impl SignedIn {
    /// These devices and no other.
    pub(crate) fn devices(devices: &[u64]) -> Arc<Self> {
        let devices = devices.iter().map(|id| DeviceId(*id)).collect();
        Arc::new(Self { devices, signed_out: Timestamp(0) })
    }
}

/// Everybody's. Students who never signed in by a device have no entry.
#[derive(Default)]
pub struct SignIns {
    students: DashMap<Key, Arc<SignedIn>>,
}

impl SignIns {
    /// As replayed.
    pub fn new(registry: &Registry) -> Self {
        let sign_ins = Self::default();
        for student in &registry.students {
            let signed_in = SignedIn::of(&student.account);
            if !signed_in.devices.is_empty() || signed_in.signed_out > Timestamp(0) {
                sign_ins.students.insert(student.profile.key.clone(), Arc::new(signed_in));
            }
        }
        sign_ins
    }

    /// Whether a token of hers still holds: one of a device while the device is signed in, a
    /// tool's unless she has signed out everywhere since.
    pub fn holds(&self, student: &Key, device: Option<DeviceId>, issued: Timestamp) -> bool {
        let signed_in = self.students.get(student).map(|entry| Arc::clone(&entry));
        match (signed_in, device) {
            (Some(signed_in), Some(device)) => signed_in.devices.contains(&device),
            (Some(signed_in), None) => issued > signed_in.signed_out,
            (None, device) => device.is_none(),
        }
    }

    /// The gate lets a change through.
    pub(crate) fn let_through(&self, student: Key, signed_in: Arc<SignedIn>) {
        self.students.insert(student, signed_in);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_holds_while_it_is_listed_and_a_tool_until_everybody_signs_out() {
        let sign_ins = SignIns::default();
        let (one, other) = (Key::new("s1").unwrap(), Key::new("s2").unwrap());
        let device = |id| Some(DeviceId(id));
        let told = |devices: &[u64], at| {
            let devices = devices.iter().map(|id| DeviceId(*id)).collect();
            Arc::new(SignedIn { devices, signed_out: Timestamp(at) })
        };
        assert!(!sign_ins.holds(&one, device(1), Timestamp(5)), "never signed in here");
        assert!(sign_ins.holds(&one, None, Timestamp(0)));
        sign_ins.let_through(one.clone(), told(&[1, 2], 0));
        assert!(sign_ins.holds(&one, device(2), Timestamp(5)));
        assert!(!sign_ins.holds(&one, device(3), Timestamp(5)));
        assert!(!sign_ins.holds(&other, device(2), Timestamp(5)), "another's device");
        sign_ins.let_through(one.clone(), told(&[], 7));
        assert!(!sign_ins.holds(&one, device(2), Timestamp(5)));
        assert!(!sign_ins.holds(&one, None, Timestamp(7)));
        assert!(sign_ins.holds(&one, None, Timestamp(8)));
        assert!(sign_ins.holds(&other, None, Timestamp(0)));
    }
}
