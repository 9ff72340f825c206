//! A fault in a TOML file as one line: where, what, and the name that was probably meant.

use std::path::Path;

use crate::error::Error;

/// The error for a file that does not parse.
pub fn fault(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
    let place = match line {
        Some(line) => format!("{}:{line}", path.display()),
        None => path.display().to_string(),
    };
    let message = error.message().replace('\n', " ");
    Error::BadFile(match meant(&message) {
        Some(name) => format!("{place}: {message}; did you mean `{name}`?"),
        None => format!("{place}: {message}"),
    })
}

/// The error for a file that parses and makes no sense: `what` begins with the key, as in
/// `window.pace = 0: …`, and the key's line is told where it stands in a table of its own.
pub fn placed(path: &Path, text: &str, what: &str) -> Error {
    let key = what.split([' ', ':']).next().unwrap_or_default();
    let (table, name) = key.split_once('.').unwrap_or(("", key));
    let mut within = "";
    let line = text.lines().position(|line| {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            within = header.split(']').next().unwrap_or_default().trim();
        }
        within == table && line.split('=').next().is_some_and(|key| key.trim() == name)
    });
    let place = line.map_or_else(String::new, |line| format!(":{}", line + 1));
    Error::BadFile(format!("{}{place}: {what}", path.display()))
}

/// The nearest of the names that the message lists as expected.
fn meant(message: &str) -> Option<String> {
    let (found, expected) = message.split_once(", expected")?;
    let wrong = found.split('`').nth(1)?;
    let names = expected.split('`').skip(1).step_by(2);
    nearest(wrong, names).map(str::to_owned)
}

/// The name that looks most like `wrong`, if any does.
pub fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.map(|name| (strsim::jaro_winkler(wrong, name), name));
    let (score, name) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (score > 0.75).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told() {
        let message = "unknown field `pase`, expected one of `pace`, `order`, `clash`";
        assert_eq!(meant(message).as_deref(), Some("pace"));
        assert_eq!(meant("invalid type: string"), None);
        assert_eq!(nearest("zzz", ["pace"].into_iter()), None);
    }

    #[test]
    fn the_line_of_a_key_is_told() {
        let text = "duration = \"5s\"\n# pace = 1\n[other]\npace = 2\n [ window ] # it\n pace=0\n";
        let told = |what: &str| placed(Path::new("s.toml"), text, what).to_string();
        assert_eq!(told("window.pace = 0: give 1"), "s.toml:6: window.pace = 0: give 1");
        assert_eq!(told("duration: too long"), "s.toml:1: duration: too long");
        assert_eq!(told("window.key is missing"), "s.toml: window.key is missing");
    }
}
