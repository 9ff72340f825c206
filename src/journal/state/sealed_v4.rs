//! What version 4 of a state changed: what is personal of a student who has a key stands beside her,
//! sealed with it; what stands in her own block is what anybody may read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::account_v2::AccountV2;
use super::acts_v3::{AuditEntryV3, OverridesV3};
use super::read::inbox_of;
use super::v1::InboxItemV1;
use super::write::inbox_v1;
use crate::domain::acts::AuditEntry;
use crate::domain::catalogue::Item;
use crate::domain::ids::{RequestId, StudentId};
use crate::domain::student::{Memo, Student};
use crate::journal::keys::{Keys, Seal};
use crate::journal::record::{ItemV1, PlanV1, ProfileV1, WordsV3};
use crate::journal::wire;

/// Something sealed, by student.
#[derive(Serialize, Deserialize)]
pub struct SealedV4 {
    pub student: u32,
    sealed: Vec<u8>,
}

/// An act done to a student, and the words of it.
#[derive(Serialize, Deserialize)]
pub struct SealedActV4 {
    left: AuditEntryV3,
    words: SealedV4,
}

/// A student or a result that an import has staged.
#[derive(Serialize, Deserialize)]
pub struct SealedItemV4 {
    left: ItemV1,
    item: SealedV4,
}

/// What is personal of a student.
#[derive(Serialize, Deserialize)]
struct PersonalV4 {
    profile: ProfileV1,
    plan: PlanV1,
    /// All her messages, if something in them is personal.
    inbox: Option<Vec<InboxItemV1>>,
    account: Option<AccountV2>,
    overrides: Option<OverridesV3>,
}

/// What it is sealed beside: nothing sealed for one purpose opens for another.
const STUDENT: &[u8] = b"state: student";
const ACT: &[u8] = b"state: act";
const ITEM: &[u8] = b"state: item";

impl SealedV4 {
    /// Seals a value; `None` where there is no key.
    fn of<T: Serialize>(student: StudentId, beside: &[u8], value: &T, keys: &Keys) -> Option<Self> {
        let mut plain = Vec::new();
        wire::put(value, &mut plain);
        match keys.seal(student, beside, &plain) {
            Seal::Sealed(sealed) => Some(Self { student: student.0, sealed }),
            Seal::Plain | Seal::Gone => None,
        }
    }

    /// The value; `None` without the key.
    fn open<T: for<'a> Deserialize<'a>>(
        &self,
        beside: &[u8],
        keys: &Keys,
    ) -> postcard::Result<Option<T>> {
        let opened = keys.unseal(StudentId(self.student), beside, &self.sealed);
        let opened = opened.map_err(|_| postcard::Error::SerdeDeCustom)?;
        let Some(plain) = opened else { return Ok(None) };
        let mut plain = plain.as_slice();
        let value = wire::take(&mut plain)?;
        if plain.is_empty() { Ok(Some(value)) } else { Err(postcard::Error::SerdeDeCustom) }
    }
}

/// What is personal of a student, sealed.
pub fn seal_student(id: StudentId, student: &Student, keys: &Keys) -> Option<SealedV4> {
    let personal = student.inbox.iter().any(|item| item.notice.is_personal());
    let value = PersonalV4 {
        profile: student.profile.as_ref().into(),
        plan: student.plan.as_ref().into(),
        inbox: personal.then(|| inbox_v1(student)),
        account: AccountV2::of(id, student),
        overrides: OverridesV3::of(id, student),
    };
    SealedV4::of(id, STUDENT, &value, keys)
}

/// Puts it back, where the key is there.
pub fn open_student(sealed: &SealedV4, student: &mut Student, keys: &Keys) -> postcard::Result<()> {
    let Some(value) = sealed.open::<PersonalV4>(STUDENT, keys)? else { return Ok(()) };
    student.profile = Arc::new(value.profile.into());
    student.plan = Arc::new(value.plan.into());
    if let Some(inbox) = value.inbox {
        let memos: Vec<(RequestId, Memo)> = student.requests.iter().cloned().collect();
        student.inbox = inbox_of(inbox, &memos)?;
        student.mark_read(student.read_up_to);
    }
    student.account = value.account.map(Into::into).unwrap_or_default();
    student.overrides = value.overrides.map(OverridesV3::into_words).unwrap_or_default();
    Ok(())
}

/// An act, with what names the student sealed.
pub fn seal_act(id: StudentId, entry: &AuditEntry, keys: &Keys) -> Option<SealedActV4> {
    let words = SealedV4::of(id, ACT, &WordsV3::of(&entry.act), keys)?;
    Some(SealedActV4 { left: (&without(id, entry)).into(), words })
}

/// What is left of an act.
pub fn without(id: StudentId, entry: &AuditEntry) -> AuditEntry {
    let act = Arc::new(entry.act.without_personal(id));
    AuditEntry { journal: entry.journal, at: entry.at, act }
}

impl SealedActV4 {
    /// The act, whole where the key is there.
    pub fn open(self, keys: &Keys) -> postcard::Result<AuditEntry> {
        let mut entry = AuditEntry::from(self.left);
        if let Some(words) = self.words.open::<WordsV3>(ACT, keys)? {
            entry.act = Arc::new(words.put_into(&entry.act));
        }
        Ok(entry)
    }
}

/// A staged item, sealed.
pub fn seal_item(id: StudentId, item: &Item, keys: &Keys) -> Option<SealedItemV4> {
    let sealed = SealedV4::of(id, ITEM, &ItemV1::from(item), keys)?;
    Some(SealedItemV4 { left: (&item.without_personal()).into(), item: sealed })
}

impl SealedItemV4 {
    /// The item, whole where the key is there.
    pub fn open(self, keys: &Keys) -> postcard::Result<Item> {
        let whole = self.item.open::<ItemV1>(ITEM, keys)?;
        Ok(whole.unwrap_or(self.left).into())
    }
}
