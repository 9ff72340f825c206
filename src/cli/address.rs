//! Parts of an address, encoded.

use std::fmt::Write as _;

/// A key as a part of a path: it may hold slashes.
pub fn in_path(key: &str) -> String {
    encoded(key, b"-._~:/")
}

/// A text as a value in a query.
pub fn value(text: &str) -> String {
    encoded(text, b"-._~")
}

/// Adds a parameter to an address that ends in `?` or a parameter; none is left out.
pub fn query(address: &mut String, name: &str, given: Option<&str>) {
    if let Some(given) = given {
        let _ = write!(address, "&{name}={}", value(given));
    }
}

fn encoded(text: &str, plain: &[u8]) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || plain.contains(&b);
    let each = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_safe_in_a_path() {
        assert_eq!(in_path("law/2026-2:a"), "law/2026-2:a");
        assert_eq!(in_path("a#b ?é"), "a%23b%20%3F%C3%A9");
    }

    #[test]
    fn a_parameter_is_encoded_and_a_missing_one_left_out() {
        let mut path = "/x?".to_owned();
        query(&mut path, "q", Some("a&b c/é"));
        query(&mut path, "window", None);
        assert_eq!(path, "/x?&q=a%26b%20c%2F%C3%A9");
    }
}
