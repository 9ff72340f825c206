//! What belongs to a student beside her registrations: results, preferences, the devices she is
//! signed in on, and the address of her calendar.

use std::sync::Arc;

use super::ids::{Key, Timestamp};
use super::results::StudyResult;
use crate::limits;

/// A language of the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// Dutch.
    Nl,
    /// English.
    En,
}

impl Language {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nl => "nl",
            Self::En => "en",
        }
    }

    /// By its name on the wire.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Nl, Self::En].into_iter().find(|language| language.as_str() == name)
    }
}

/// What a browser notification can be about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic {
    /// Outcomes of her requests.
    Outcomes,
    /// Promotions and other news of her waitlists.
    Waitlists,
    /// Windows that open, close or start over.
    Windows,
    /// Changes to her sections.
    Sections,
    /// Study results.
    Results,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 5] =
        [Self::Outcomes, Self::Waitlists, Self::Windows, Self::Sections, Self::Results];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Outcomes => "outcomes",
            Self::Waitlists => "waitlists",
            Self::Windows => "windows",
            Self::Sections => "sections",
            Self::Results => "results",
        }
    }
}

/// The topics of which she wants to be notified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Topics(u8);

impl Topics {
    /// All of them.
    pub const ALL: Self = Self(0b1_1111);
    /// None.
    pub const NONE: Self = Self(0);

    /// From a number as in the journal; what no topic has is left out.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// As a number for the journal.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The same with or without this topic.
    pub const fn with(self, topic: Topic, wanted: bool) -> Self {
        let bit = 1 << topic as u8;
        Self(if wanted { self.0 | bit } else { self.0 & !bit })
    }

    /// Whether the topic is in.
    pub const fn has(self, topic: Topic) -> bool {
        self.0 & (1 << topic as u8) != 0
    }
}

/// What she chose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Preferences {
    /// Language of the page; `None`: as the browser has it.
    pub language: Option<Language>,
    /// Whether the page may show browser notifications at all.
    pub notify: bool,
    /// About what. The message centre always has everything.
    pub topics: Topics,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { language: None, notify: false, topics: Topics::ALL }
    }
}

/// A sign-in's number: random, given with its token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DeviceId(pub u64);

/// A device that is signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// The sign-in's number.
    pub id: DeviceId,
    /// Family of browser and system, such as "Firefox, Linux"; no version.
    pub agent: Box<str>,
    /// When it signed in.
    pub since: Timestamp,
    /// Its sign-in runs out then.
    pub expires: Timestamp,
}

/// The private address of her calendar.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Calendar {
    /// SHA-256 of the secret part. The secret itself is nowhere.
    pub hash: [u8; 32],
    /// When it was made.
    pub since: Timestamp,
}

/// What belongs to a student beside her registrations.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Account {
    results: Vec<Arc<StudyResult>>,
    /// Codes of the courses that these results pass, in order of first passing.
    passed: Vec<Key>,
    /// What she chose.
    pub preferences: Preferences,
    /// Oldest first.
    pub devices: Vec<Device>,
    /// Signed out everywhere then: no token from before is good.
    pub signed_out: Timestamp,
    /// Where her calendar can be read.
    pub calendar: Option<Box<Calendar>>,
}

impl Account {
    /// With these results.
    pub fn with_results(results: Vec<Arc<StudyResult>>) -> Self {
        let mut account = Self { results, ..Self::default() };
        account.count_passed();
        account
    }

    /// Whether nothing was ever put here.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Her results, in order of first import.
    pub fn results(&self) -> &[Arc<StudyResult>] {
        &self.results
    }

    /// The result of the same attempt, if there is one.
    pub fn result(&self, like: &StudyResult) -> Option<&Arc<StudyResult>> {
        self.results.iter().find(|r| r.same_attempt(like))
    }

    /// Puts a result in, in place of one of the same attempt; whether there was one.
    pub fn put_result(&mut self, result: Arc<StudyResult>) -> bool {
        let old = self.results.iter_mut().find(|r| r.same_attempt(&result));
        if let Some(old) = old {
            *old = result;
            self.count_passed();
            return true;
        }
        self.note_passed(&result);
        self.results.push(result);
        false
    }

    fn note_passed(&mut self, result: &StudyResult) {
        if result.passes_course() && !self.passed.contains(&result.course) {
            self.passed.push(result.course.clone());
        }
    }

    fn count_passed(&mut self) {
        self.passed.clear();
        for result in self.results.clone() {
            self.note_passed(&result);
        }
    }

    /// Codes of the courses that her results pass.
    pub fn passed(&self) -> &[Key] {
        &self.passed
    }

    /// What the rules look at, for a copy: no more than what her results pass.
    pub fn for_checks(&self) -> Self {
        Self { passed: self.passed.clone(), ..Self::default() }
    }

    /// A device signs in. Those whose sign-in ran out go, and the oldest when there are too many.
    pub fn sign_in(&mut self, device: Device) {
        let now = device.since;
        self.devices.retain(|d| d.expires > now && d.id != device.id);
        let over = (self.devices.len() + 1).saturating_sub(limits::DEVICES_PER_STUDENT_MAX);
        self.devices.drain(..over);
        self.devices.push(device);
    }

    /// One device signs out, or all of them and every token made up to now.
    pub fn sign_out(&mut self, device: Option<DeviceId>, now: Timestamp) {
        match device {
            Some(id) => self.devices.retain(|d| d.id != id),
            None => {
                self.devices.clear();
                // The clock may have been set back: what was over stays over.
                self.signed_out = self.signed_out.max(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: u64, since: u64, expires: u64) -> Device {
        let (since, expires) = (Timestamp(since), Timestamp(expires));
        Device { id: DeviceId(id), agent: "Firefox, Linux".into(), since, expires }
    }

    fn ids(account: &Account) -> Vec<u64> {
        account.devices.iter().map(|d| d.id.0).collect()
    }

    #[test]
    fn devices_are_bounded_and_those_run_out_go_first() {
        let mut account = Account::default();
        let most = limits::DEVICES_PER_STUDENT_MAX as u64;
        account.sign_in(device(0, 1, 5));
        for id in 1..=most {
            account.sign_in(device(id, 2, 100));
        }
        assert_eq!(ids(&account), (1..=most).collect::<Vec<_>>(), "the oldest went");
        account.sign_in(device(99, 50, 100));
        assert_eq!(ids(&account).len() as u64, most);
        account.sign_in(device(100, 100, 200));
        assert_eq!(ids(&account), [100], "the others had run out");
    }

    #[test]
    fn one_device_or_all_sign_out() {
        let mut account = Account::default();
        (1..=3).for_each(|id| account.sign_in(device(id, 1, 100)));
        account.sign_out(Some(DeviceId(2)), Timestamp(7));
        assert_eq!((ids(&account), account.signed_out), (vec![1, 3], Timestamp(0)));
        account.sign_out(None, Timestamp(8));
        assert_eq!((ids(&account), account.signed_out), (vec![], Timestamp(8)));
        account.sign_out(None, Timestamp(5));
        assert_eq!(account.signed_out, Timestamp(8), "the clock was set back");
    }

    #[test]
    fn topics_are_a_set() {
        let some = Topics::ALL.with(Topic::Windows, false);
        assert!(some.has(Topic::Results) && !some.has(Topic::Windows));
        assert_eq!(Topics::from_bits(some.bits()), some);
        assert_eq!(some.with(Topic::Windows, true), Topics::ALL);
        assert_eq!(Topics::from_bits(0xff), Topics::ALL);
        assert_eq!(Topics::NONE.with(Topic::Results, true).bits(), 16);
    }
}
