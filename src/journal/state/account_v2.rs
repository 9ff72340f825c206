//! What version 2 of a state added: each student's account, in blocks of their own.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::account::{Account, Calendar, Device, DeviceId};
use crate::domain::ids::{StudentId, Timestamp};
use crate::domain::student::Student;
use crate::journal::record::{PreferencesV1, ResultV1};

/// How often an import changed the catalogue, and when it last did.
#[derive(Serialize, Deserialize)]
pub struct ChangesV2 {
    pub count: u32,
    pub at: u64,
}

/// A student's account; those who have none are left out.
#[derive(Serialize, Deserialize)]
pub struct AccountV2 {
    pub student: u32,
    results: Vec<ResultV1>,
    preferences: PreferencesV1,
    devices: Vec<DeviceV2>,
    signed_out: u64,
    calendar: Option<([u8; 32], u64)>,
}

#[derive(Serialize, Deserialize)]
struct DeviceV2 {
    id: [u8; 8],
    agent: Box<str>,
    since: u64,
    expires: u64,
}

impl AccountV2 {
    /// The account of a student, unless nothing was ever put there.
    pub fn of(id: StudentId, student: &Student) -> Option<Self> {
        let account = &student.account;
        if account.is_empty() {
            return None;
        }
        let devices = account.devices.iter().map(|device| DeviceV2 {
            id: device.id.0.to_le_bytes(),
            agent: device.agent.clone(),
            since: device.since.0,
            expires: device.expires.0,
        });
        Some(Self {
            student: id.0,
            results: account.results().iter().map(|r| r.as_ref().into()).collect(),
            preferences: (&account.preferences).into(),
            devices: devices.collect(),
            signed_out: account.signed_out.0,
            calendar: account.calendar.as_ref().map(|c| (c.hash, c.since.0)),
        })
    }
}

impl From<AccountV2> for Account {
    fn from(account: AccountV2) -> Self {
        let results = account.results.into_iter().map(|r| Arc::new(r.into()));
        let mut read = Self::with_results(results.collect());
        read.preferences = account.preferences.into();
        let devices = account.devices.into_iter().map(|device| Device {
            id: DeviceId(u64::from_le_bytes(device.id)),
            agent: device.agent,
            since: Timestamp(device.since),
            expires: Timestamp(device.expires),
        });
        read.devices = devices.collect();
        read.signed_out = Timestamp(account.signed_out);
        let calendar = account.calendar.map(|(hash, at)| Calendar { hash, since: Timestamp(at) });
        read.calendar = calendar.map(Box::new);
        read
    }
}
