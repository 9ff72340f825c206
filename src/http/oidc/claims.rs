//! What a university says of somebody, and who she is here: pure. Which claims mean what is
//! configuration; everything behind this knows [`Claims`](crate::http::auth::Claims) alone.

use serde_json::{Map, Value};

use super::fault::Fault;
use crate::domain::acts::is_reserved;
use crate::domain::ids::Key;
use crate::http::auth::Role;

/// Claims as the provider gave them, verified.
pub type Given = Map<String, Value>;

/// A claim and those of its values that are meant; without a name, none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Means {
    /// The claim's name.
    pub claim: String,
    /// Values that count.
    pub values: Vec<String>,
}

impl Means {
    fn is_set(&self) -> bool {
        !self.claim.is_empty()
    }

    /// Whether one of the claim's values counts; letter by letter.
    fn holds(&self, given: &Given) -> bool {
        values(given, &self.claim).any(|value| self.values.iter().any(|meant| meant == value))
    }
}

/// Which claims mean what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClaimRules {
    /// Institutions that may come in.
    pub organisation: Means,
    /// The claim with the student's number.
    pub number_claim: String,
    /// How a value that counts begins; cut away.
    pub number_prefix: String,
    /// The number follows the last of this.
    pub number_after: String,
    /// Who is a student; unset is whoever has a number.
    pub student: Means,
    /// Who is a registrar.
    pub registrar: Means,
    /// The claim with a registrar's name.
    pub registrar_name: String,
    /// Who is an operator.
    pub operator: Means,
}

/// Who somebody is here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Who {
    /// What she may do.
    pub role: Role,
    /// Which student; present exactly when the role is student.
    pub student: Option<Key>,
    /// A registrar's name.
    pub name: Option<Key>,
}

/// The texts of a claim: one, or those of a list. What is no text does not count.
fn values<'a>(given: &'a Given, claim: &str) -> impl Iterator<Item = &'a str> {
    let found = match given.get(claim) {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    found.iter().filter_map(Value::as_str).filter(|text| !text.is_empty())
}

impl ClaimRules {
    /// Every claim that is looked at.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let all = [
            &self.organisation.claim,
            &self.number_claim,
            &self.student.claim,
            &self.registrar.claim,
            &self.registrar_name,
            &self.operator.claim,
        ];
        all.into_iter().map(String::as_str).filter(|name| !name.is_empty())
    }

    /// Who she is. She may have several roles; without a `wish` it is the one that may do least.
    /// Whether the student exists is asked later.
    pub fn who(&self, given: &Given, wish: Option<Role>) -> Result<Who, Fault> {
        if self.organisation.is_set() && !self.organisation.holds(given) {
            return Err(Fault::NoAccess);
        }
        let roles = match wish {
            Some(role) => vec![role],
            None => Role::ALL.to_vec(),
        };
        for role in roles {
            if self.may_be(given, role) {
                return self.become_one(given, role);
            }
        }
        Err(Fault::NoAccess)
    }

    fn may_be(&self, given: &Given, role: Role) -> bool {
        match role {
            Role::Student if self.student.is_set() => self.student.holds(given),
            Role::Student => self.number_texts(given).next().is_some(),
            Role::Registrar => self.registrar.holds(given),
            Role::Operator => self.operator.holds(given),
        }
    }

    fn become_one(&self, given: &Given, role: Role) -> Result<Who, Fault> {
        let student = match role {
            Role::Student => Some(self.number(given)?),
            _ => None,
        };
        let name = match role {
            Role::Registrar => self.name(given)?,
            _ => None,
        };
        Ok(Who { role, student, name })
    }

    fn number_texts<'a>(&'a self, given: &'a Given) -> impl Iterator<Item = &'a str> {
        let cut = |value: &'a str| {
            let rest = value.strip_prefix(self.number_prefix.as_str())?;
            let after = self.number_after.as_str();
            let number = match after {
                "" => rest,
                _ => rest.rsplit_once(after).map_or(rest, |(_, number)| number),
            };
            (!number.is_empty()).then_some(number)
        };
        values(given, &self.number_claim).filter_map(cut)
    }

    /// Her number: exactly one, or nobody can say who she is.
    fn number(&self, given: &Given) -> Result<Key, Fault> {
        let mut numbers = self.number_texts(given);
        let first = numbers.next().ok_or(Fault::NoNumber)?;
        if numbers.any(|other| other != first) {
            return Err(Fault::NoNumber);
        }
        Key::new(first).map_err(|_| Fault::NoNumber)
    }

    /// A registrar's name, where one is asked for. An `@` is no part of a name here.
    fn name(&self, given: &Given) -> Result<Option<Key>, Fault> {
        if self.registrar_name.is_empty() {
            return Ok(None);
        }
        let mut names = values(given, &self.registrar_name);
        let (Some(name), None) = (names.next(), names.next()) else { return Err(Fault::NoName) };
        let key = Key::new(&name.replace('@', ":")).map_err(|_| Fault::NoName)?;
        if is_reserved(&key) { Err(Fault::NoName) } else { Ok(Some(key)) }
    }
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
