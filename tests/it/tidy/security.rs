//! What docs/SECURITY.md says is tested, is.

use std::path::Path;

/// Every `path::function` of the text that stands in backquotes.
fn named(text: &str) -> Vec<(&str, &str)> {
    text.split('`').skip(1).step_by(2).filter_map(|code| code.split_once(".rs::")).collect()
}

/// Those that are not there.
fn missing(text: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_there = |(path, function): &(&str, &str)| {
        let at = if path.starts_with("tests/") { root.to_owned() } else { root.join("src") };
        let source = std::fs::read_to_string(at.join(format!("{path}.rs"))).unwrap_or_default();
        source.contains(&format!("fn {function}("))
    };
    let gone = named(text).into_iter().filter(|test| !is_there(test));
    gone.map(|(path, function)| format!("{path}.rs::{function}")).collect()
}

#[test]
fn every_test_that_security_names_is_there() {
    let made_up = "`http/auth.rs::nothing` and `tests/it/none.rs::x`, not `http/auth.rs`";
    assert_eq!(missing(made_up).len(), 2, "the rule sees what is not there");

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/SECURITY.md");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(named(&text).len() > 40, "{}", named(&text).len());
    let missing = missing(&text);
    assert!(missing.is_empty(), "docs/SECURITY.md: there is no\n{}", missing.join("\n"));
}
