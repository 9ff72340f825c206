//! What records and snapshots have in common on disk: postcard, appended to a buffer, and names
//! that are checked as they are read.

use postcard::ser_flavors::Flavor;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::domain::ids::Key;

/// Appends to a buffer.
struct Append<'a>(&'a mut Vec<u8>);

impl Flavor for Append<'_> {
    type Output = ();

    fn try_extend(&mut self, data: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(data);
        Ok(())
    }

    fn try_push(&mut self, data: u8) -> postcard::Result<()> {
        self.0.push(data);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// Appends a value.
pub fn put<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let done = postcard::serialize_with_flavor(value, Append(out));
    done.expect("a buffer takes everything, and no type here is of unknown length");
}

/// Takes a value off the front.
pub fn take<'a, T: Deserialize<'a>>(bytes: &mut &'a [u8]) -> postcard::Result<T> {
    let (value, rest) = postcard::take_from_bytes(bytes)?;
    *bytes = rest;
    Ok(value)
}

/// A [`Key`] on disk: text, checked when read.
#[derive(Clone, PartialEq, Debug)]
pub struct KeyV1(pub Key);

impl Serialize for KeyV1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for KeyV1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = KeyV1;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a name of 1 to 64 letters, digits and . _ : / # -")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<KeyV1, E> {
                Key::new(text).map(KeyV1).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Turns a list of domain values into a list of their form on disk, or back.
pub fn list<A, B: From<A>>(values: impl IntoIterator<Item = A>) -> Vec<B> {
    values.into_iter().map(B::from).collect()
}

impl From<&Key> for KeyV1 {
    fn from(key: &Key) -> Self {
        Self(key.clone())
    }
}

impl From<KeyV1> for Key {
    fn from(key: KeyV1) -> Self {
        key.0
    }
}
