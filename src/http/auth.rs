//! Sign-in tokens: signed, expiring, with a purpose of their own, so that nothing else that these
//! keys ever sign can pass for one. What is deliberately absent: who is signed in where; that is
//! journalled, and asked beside the signature. Staff are in no such list: what of theirs was ended is
//! asked here.

use std::sync::Arc;

use actix_web::cookie::{Cookie, CookieJar, Key as SigningKey};
use sha2::{Digest as _, Sha256};

use super::ended::{Digest, EndError, Ended};
use super::problem::{NOT_SIGNED_IN, Problem, SIGNED_OUT, TOKEN_EXPIRED, TOKEN_INVALID};
use crate::domain::account::DeviceId;
use crate::domain::acts::is_reserved;
use crate::domain::ids::{Key, Timestamp};
use crate::limits;

/// First part of every token: what it is for, and the version of its form.
const PURPOSE: &str = "sluis-signin-2";

/// What somebody may do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// Registers herself.
    Student,
    /// Keeps the catalogue and the windows.
    Registrar,
    /// Watches the machine.
    Operator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Student, Self::Registrar, Self::Operator];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Registrar => "registrar",
            Self::Operator => "operator",
        }
    }

    /// The role with that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// Who somebody is and until when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claims {
    /// What she may do.
    pub role: Role,
    /// Which student; present exactly when the role is student.
    pub student: Option<Key>,
    /// Which registrar; never with another role. Without a name she is `registrar`.
    pub name: Option<Key>,
    /// Not valid from then on.
    pub expires: Timestamp,
    /// When it was made.
    pub issued: Timestamp,
    /// What signed in with it; a tool's has none. A student's is in her list of devices; of staff it
    /// only tells one sign-in from another.
    pub device: Option<DeviceId>,
}

/// Why somebody is not signed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuthError {
    /// No token at all.
    #[error("sign in first")]
    Missing,
    /// Not one of ours, or changed, or for something else.
    #[error("this sign-in token was not made here; sign in again")]
    Invalid,
    /// Ours, and over.
    #[error("this sign-in has run out; sign in again")]
    Expired,
    /// Ours, and ended by its owner.
    #[error("this device was signed out; sign in again")]
    SignedOut,
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let kind = match error {
            AuthError::Missing => &NOT_SIGNED_IN,
            AuthError::Invalid => &TOKEN_INVALID,
            AuthError::Expired => &TOKEN_EXPIRED,
            AuthError::SignedOut => &SIGNED_OUT,
        };
        Self::new(kind, error.to_string())
    }
}

/// Makes and checks sign-in tokens: the newest key signs, that one and the one before verify.
#[derive(Clone)]
pub struct Tokens {
    keys: Vec<SigningKey>,
    ended: Arc<Ended>,
}

impl Tokens {
    /// With these keys, newest first.
    pub(super) fn new(keys: Vec<SigningKey>) -> Self {
        Self { keys, ended: Arc::default() }
    }

    /// The same; what is ended is kept there.
    pub(super) fn with_ended(self, ended: Ended) -> Self {
        Self { ended: Arc::new(ended), ..self }
    }

    /// A token that carries the claims.
    pub fn mint(&self, claims: &Claims) -> String {
        let payload = payload(claims);
        let mut jar = CookieJar::new();
        if let Some(key) = self.keys.first() {
            jar.signed_mut(key).add(Cookie::new(PURPOSE, payload));
        }
        jar.get(PURPOSE).map(|c| c.value().to_owned()).unwrap_or_default()
    }

    /// A text that only we can read or make, under a name that goes with it.
    pub(super) fn seal(&self, name: &'static str, text: String) -> String {
        let mut jar = CookieJar::new();
        if let Some(key) = self.keys.first() {
            jar.private_mut(key).add(Cookie::new(name, text));
        }
        jar.get(name).map(|c| c.value().to_owned()).unwrap_or_default()
    }

    /// What was sealed under this name, with the newest key or the one before.
    pub(super) fn unseal(&self, name: &'static str, sealed: &str) -> Option<String> {
        let jar = CookieJar::new();
        let open = |key| jar.private(key).decrypt(Cookie::new(name, sealed.to_owned()));
        self.keys.iter().find_map(open).map(|c| c.value().to_owned())
    }

    /// The claims of a token, if it is ours and still good.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, AuthError> {
        if token.len() > limits::TOKEN_BYTES_MAX || !token.is_ascii() {
            return Err(AuthError::Invalid);
        }
        let jar = CookieJar::new();
        let signed = |key| {
            let cookie = Cookie::new(PURPOSE, token.to_owned());
            jar.signed(key).verify(cookie)
        };
        let payload = self.keys.iter().find_map(signed).ok_or(AuthError::Invalid)?;
        let claims = parse(payload.value()).ok_or(AuthError::Invalid)?;
        match now < claims.expires {
            true if self.is_ended(&claims) => Err(AuthError::SignedOut),
            true => Ok(claims),
            false => Err(AuthError::Expired),
        }
    }

    fn is_ended(&self, claims: &Claims) -> bool {
        claims.role != Role::Student && self.ended.holds(&digest(claims))
    }

    /// Ends a sign-in of staff for good: durable before it returns, and asked of every copy of this.
    /// A student's are ended by her list of devices. Blocks for as long as the disk takes.
    pub fn end(&self, claims: &Claims, now: Timestamp) -> Result<(), EndError> {
        self.ended.end(digest(claims), claims.expires, now)
    }
}

/// What is signed.
fn payload(claims: &Claims) -> String {
    let student = claims.student.as_ref().map_or("", Key::as_str);
    let Claims { role, expires, issued, device, .. } = claims;
    let device = device.map_or_else(String::new, |id| format!("{:x}", id.0));
    let (role, student) = (role.as_str(), hex(student));
    let name = claims.name.as_ref().map_or_else(String::new, |n| format!(".{}", hex(n.as_str())));
    let (expires, issued) = (expires.0, issued.0);
    format!("{PURPOSE}.{role}.{expires}.{issued}.{device}.{student}{name}")
}

/// Of what is signed, not of how it is written: no other spelling of a token gets around it.
fn digest(claims: &Claims) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(&Sha256::digest(payload(claims))[..16]);
    digest
}

fn parse(payload: &str) -> Option<Claims> {
    let mut parts = payload.split('.');
    if parts.next()? != PURPOSE {
        return None;
    }
    let role = Role::parse(parts.next()?)?;
    let expires = Timestamp(parts.next()?.parse().ok()?);
    let issued = Timestamp(parts.next()?.parse().ok()?);
    let device = match parts.next()? {
        "" => None,
        text => Some(DeviceId(u64::from_str_radix(text, 16).ok()?)),
    };
    let student = match parts.next()? {
        "" => None,
        text => Some(Key::new(&unhex(text)?).ok()?),
    };
    // A registrar's name came later: a token without one still holds.
    let name = match (parts.next(), role) {
        (None, _) => None,
        (Some(text), Role::Registrar) => {
            Some(Key::new(&unhex(text)?).ok().filter(|name| !is_reserved(name))?)
        }
        (Some(_), _) => return None,
    };
    let whole = parts.next().is_none() && student.is_some() == (role == Role::Student);
    whole.then_some(Claims { role, student, name, expires, issued, device })
}

fn hex(text: &str) -> String {
    crate::protocol::convert::hex(text.as_bytes())
}

fn unhex(text: &str) -> Option<String> {
    String::from_utf8(unhex_bytes(text)?).ok()
}

/// Bytes of lower-case or upper-case hex.
pub(super) fn unhex_bytes(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let pairs = (0..text.len()).step_by(2);
    pairs.map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn tokens(seeds: &[u8]) -> Tokens {
        Tokens::new(seeds.iter().map(|s| SigningKey::from(&[*s; 64])).collect())
    }

    fn claims() -> Claims {
        let student = Some(Key::new("s/1:2#3.4").unwrap());
        let (expires, device) = (NOW.plus_ms(1), Some(DeviceId(0xfedc_ba98_7654_3210)));
        Claims { role: Role::Student, student, name: None, expires, issued: NOW, device }
    }

    #[test]
    fn a_token_carries_its_claims_until_it_expires() {
        let tokens = tokens(&[1]);
        let token = tokens.mint(&claims());
        assert_eq!(tokens.verify(&token, NOW), Ok(claims()));
        assert_eq!(tokens.verify(&token, NOW.plus_ms(1)), Err(AuthError::Expired));
        let named = Key::new("a.jansen").ok();
        let staff = [(Role::Registrar, None), (Role::Registrar, named), (Role::Operator, None)];
        for (role, name) in staff {
            let (expires, student, device) = (NOW.plus_ms(1), None, None);
            let claims = Claims { role, student, name, expires, issued: NOW, device };
            assert_eq!(tokens.verify(&tokens.mint(&claims), NOW), Ok(claims));
        }
    }

    #[test]
    fn a_token_shows_no_student_number_and_fits_a_header() {
        let token = tokens(&[1]).mint(&claims());
        assert!(!token.contains("s/1"));
        assert!(token.bytes().all(|b| b.is_ascii_graphic() && !b"\",;\\".contains(&b)));
    }

    #[test]
    fn a_sign_in_of_staff_that_was_ended_is_over_for_every_copy_and_no_other_is() {
        let (here, student) = (tokens(&[2, 1]), claims());
        let elsewhere = here.clone();
        let expires = NOW.plus_ms(9);
        let of = |role, name: &str, device: Option<u64>| Claims {
            role,
            student: None,
            name: Key::new(name).ok(),
            expires,
            issued: NOW,
            device: device.map(DeviceId),
        };
        let ended = [
            of(Role::Registrar, "a.jansen", Some(1)),
            of(Role::Registrar, "", Some(2)),
            of(Role::Operator, "", None),
        ];
        let others = [
            of(Role::Registrar, "a.jansen", Some(2)),
            of(Role::Registrar, "a.jansen", None),
            of(Role::Registrar, "b.jansen", Some(1)),
            of(Role::Registrar, "", Some(1)),
            of(Role::Operator, "", Some(1)),
            Claims { expires: expires.plus_ms(1), ..of(Role::Operator, "", None) },
            student,
        ];
        for claims in &ended {
            here.end(claims, NOW).unwrap();
        }
        for tokens in [here, elsewhere] {
            for claims in &ended {
                let token = tokens.mint(claims);
                assert_eq!(tokens.verify(&token, NOW), Err(AuthError::SignedOut));
                // Signed with the key before, it is the same sign-in.
                let before = self::tokens(&[1]).mint(claims);
                assert_eq!(tokens.verify(&before, NOW), Err(AuthError::SignedOut));
                assert_eq!(tokens.verify(&token, expires), Err(AuthError::Expired));
            }
            for claims in &others {
                let token = tokens.mint(claims);
                assert_eq!(tokens.verify(&token, claims.issued).as_ref(), Ok(claims));
            }
        }
    }

    #[test]
    fn every_changed_byte_is_seen() {
        let tokens = tokens(&[1]);
        let token = tokens.mint(&claims());
        for i in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[i] = if bytes[i] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(tokens.verify(&changed, NOW), Err(AuthError::Invalid), "byte {i}");
            assert_eq!(tokens.verify(&token[..i], NOW), Err(AuthError::Invalid));
        }
    }

    #[test]
    fn forged_and_oversize_tokens_are_refused() {
        let tokens = tokens(&[1]);
        let forged = self::tokens(&[9]).mint(&claims());
        let huge = "A".repeat(1 << 20);
        for token in ["", "A", "é".repeat(40).as_str(), &forged, &huge] {
            assert_eq!(tokens.verify(token, NOW), Err(AuthError::Invalid));
        }
    }

    #[test]
    fn what_the_key_signed_for_another_purpose_is_refused() {
        let key = SigningKey::from(&[1; 64]);
        let payloads = [
            "sluis-other-2.student.9999999999999.1.a.73",
            "sluis-signin-1.student.9999999999999.73",
            "sluis-signin-2.student.9999999999999.73",
            "sluis-signin-2.dean.9999999999999.1..",
            "sluis-signin-2.student.9999999999999.1.a.",
            "sluis-signin-2.registrar.9999999999999.1..73",
            "sluis-signin-2.operator.9999999999999.1...73",
            "sluis-signin-2.registrar.9999999999999.1...",
            "sluis-signin-2.registrar.9999999999999.1...73.73",
            // `schedule`, which nobody may be called.
            "sluis-signin-2.registrar.9999999999999.1...7363686564756c65",
            "sluis-signin-2.student.9999999999999.1.a.73.more",
            "sluis-signin-2.student.soon.1.a.73",
            "sluis-signin-2.student.9999999999999.then.a.73",
            "sluis-signin-2.student.9999999999999.1.z.73",
            "sluis-signin-2.student.9999999999999.1.a.7",
        ];
        for payload in payloads {
            let mut jar = CookieJar::new();
            jar.signed_mut(&key).add(Cookie::new(PURPOSE, payload));
            let token = jar.get(PURPOSE).unwrap().value().to_owned();
            assert_eq!(tokens(&[1]).verify(&token, NOW), Err(AuthError::Invalid), "{payload}");
        }
    }

    #[test]
    fn the_previous_key_still_verifies_and_an_older_one_does_not() {
        let old = tokens(&[1]).mint(&claims());
        assert_eq!(tokens(&[2, 1]).verify(&old, NOW), Ok(claims()));
        assert_eq!(tokens(&[3, 2]).verify(&old, NOW), Err(AuthError::Invalid));
        assert_ne!(tokens(&[2, 1]).mint(&claims()), old, "the newest key signs");
    }
}
