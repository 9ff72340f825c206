//! Version 3 of records: one of an earlier version without what is personal of a student, which is
//! sealed with her key and bound to the rest. Without the key the rest can be read all the same.
//!
//! ```text
//! 3 ‖ student ‖ length ‖ nonce ‖ sealed ‖ a record of version 1 or 2
//! ```

use super::personal_v3::{PersonalV3, RecordPersonal, student_of};
use super::{DecodeError, EncodeError, decode_plain, encode};
use crate::domain::event::Record;
use crate::journal::keys::{Keys, Seal};
use crate::journal::wire;

/// Appends a record with what is personal in it sealed; `false`, and nothing is appended, where
/// nothing is to be sealed.
pub fn put(record: &Record, keys: &Keys, out: &mut Vec<u8>) -> Result<bool, EncodeError> {
    if !keys.are_made() {
        return Ok(false);
    }
    let Some(RecordPersonal { student, left, personal }) = RecordPersonal::of(record) else {
        return Ok(false);
    };
    let (mut beside, mut plain) = (Vec::new(), Vec::new());
    encode(&left, &mut beside)?;
    wire::put(&personal, &mut plain);
    match keys.seal(student, &beside, &plain) {
        Seal::Plain => return Ok(false),
        Seal::Gone => {}
        Seal::Sealed(sealed) => {
            out.push(3);
            wire::put(&student.0, out);
            wire::put(&(sealed.len() as u32), out);
            out.extend_from_slice(&sealed);
        }
    }
    out.extend_from_slice(&beside);
    Ok(true)
}

fn split<'a>(bytes: &mut &'a [u8]) -> postcard::Result<(u32, &'a [u8])> {
    let student = wire::take(bytes)?;
    let length: u32 = wire::take(bytes)?;
    let parts = bytes.split_at_checked(length as usize);
    let (sealed, rest) = parts.ok_or(postcard::Error::DeserializeUnexpectedEnd)?;
    *bytes = rest;
    Ok((student, sealed))
}

/// The record beside what is sealed, from the bytes without their version.
pub fn beside(mut bytes: &[u8]) -> Option<&[u8]> {
    split(&mut bytes).ok().map(|_| bytes)
}

/// Reads a record from its bytes without their version.
pub fn take(mut bytes: &[u8], keys: &Keys) -> Result<Record, DecodeError> {
    let damaged = || DecodeError::Damaged(postcard::Error::SerdeDeCustom);
    let (number, sealed) = split(&mut bytes)?;
    let left = decode_plain(bytes)?;
    let student = student_of(&left).filter(|student| student.0 == number).ok_or_else(damaged)?;
    let opened = keys.unseal(student, bytes, sealed).map_err(|_| DecodeError::Seal)?;
    let Some(plain) = opened else { return Ok(left) };
    let mut plain = plain.as_slice();
    let personal: PersonalV3 = wire::take(&mut plain)?;
    if !plain.is_empty() {
        return Err(DecodeError::LeftOver(plain.len()));
    }
    personal.put_into(left).ok_or_else(damaged)
}
