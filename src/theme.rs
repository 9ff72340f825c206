//! The look of a university: a file of tokens that stands behind the page's own. What may be in it,
//! and whether text can still be read with it. How to write one: `docs/THEME.md`.

mod contrast;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::limits;
pub use contrast::{Low, Scheme};

/// The page's own tokens: their names are those that a theme may set, their values hold where it
/// says nothing.
pub const TOKENS: &str = include_str!("../web/src/styles/tokens.css");

/// How a colour is written.
const COLOUR: &str = "write #rrggbb, or light-dark(#rrggbb, #rrggbb) for light and dark";
/// Signs that no value needs and that could end the block, load something or hide a mark.
const REFUSED: [char; 10] = ['{', '}', '[', ']', '<', '>', '@', '\\', '!', '`'];
/// What a value may call. Nothing that fetches.
const FUNCTIONS: [&str; 5] = ["light-dark", "calc", "min", "max", "clamp"];

/// A colour: red, green and blue, 0 to 255.
pub type Rgb = [u8; 3];

/// A theme that was read: tokens in their order, each with its value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Theme {
    tokens: Vec<(String, String)>,
}

/// What is wrong with a theme, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ThemeFault {
    /// Line, from 1; 0: the file as a whole.
    pub line: usize,
    /// What, and what to do.
    pub what: String,
}

impl fmt::Display for ThemeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.what),
            line => write!(f, "line {line}: {}", self.what),
        }
    }
}

/// The text of a theme's file.
pub fn read(path: &Path) -> Result<String, ThemeFault> {
    let whole = |what: String| ThemeFault { line: 0, what };
    let unreadable = |e| whole(format!("cannot be read: {e}"));
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let most = limits::THEME_BYTES_MAX as u64;
    file.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > most {
        return Err(whole(format!("is larger than {most} bytes; a theme holds tokens alone")));
    }
    String::from_utf8(bytes).map_err(|_| whole("is not UTF-8 text".to_owned()))
}

impl Theme {
    /// Reads a theme: `:root { --sluis-name: value; }` and comments, nothing else.
    pub fn parse(text: &str) -> Result<Self, ThemeFault> {
        let known = declarations(TOKENS).expect("a test reads the page's own tokens");
        let shipped: BTreeMap<_, _> =
            known.iter().map(|d| (d.name.as_str(), d.value.as_str())).collect();
        let mut theme = Self::default();
        for declaration in declarations(text)? {
            let Declaration { line, name, value } = declaration;
            let fault = |what: String| Err(ThemeFault { line, what });
            let Some(own) = shipped.get(name.as_str()) else {
                let names = shipped.keys().map(|n| (strsim::levenshtein(n, &name), *n));
                let nearest = names.min().map(|(_, n)| n).unwrap_or_default();
                return fault(format!("there is no token {name}; did you mean {nearest}?"));
            };
            if colours(own).is_some() && colours(&value).is_none() {
                return fault(format!("{name}: {value} is no colour; {COLOUR}"));
            }
            if let Some(call) = called(&value).find(|call| !FUNCTIONS.contains(&call.as_str())) {
                let allowed = FUNCTIONS.map(|f| format!("{f}()")).join(", ");
                return fault(format!("{name}: {call}() is not allowed; only {allowed} are"));
            }
            if theme.tokens.iter().any(|(n, _)| *n == name) {
                return fault(format!("{name} is set twice; keep one"));
            }
            theme.tokens.push((name, value));
        }
        if theme.tokens.is_empty() {
            let what = "sets no token; write :root { --sluis-water: #0d4b5e; }".to_owned();
            return Err(ThemeFault { line: 0, what });
        }
        Ok(theme)
    }

    /// How many tokens it sets.
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether it sets none: never so for one that was read.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// As a style sheet, written anew from what was read.
    pub fn css(&self) -> String {
        let lines = self.tokens.iter().map(|(name, value)| format!("  {name}: {value};\n"));
        format!(":root {{\n{}}}\n", lines.collect::<String>())
    }

    /// The value of a token: the theme's, or else the page's own.
    fn value(&self, name: &str) -> String {
        let own = self.tokens.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        own.unwrap_or_else(|| {
            let shipped = declarations(TOKENS).expect("a test reads the page's own tokens");
            shipped.into_iter().find(|d| d.name == name).map(|d| d.value).unwrap_or_default()
        })
    }

    /// Every pair of the page that is harder to read than WCAG 2.2 AA allows.
    pub fn low_contrast(&self) -> Vec<Low> {
        contrast::low(&|name| colours(&self.value(name)).unwrap_or_default())
    }
}

struct Declaration {
    line: usize,
    name: String,
    value: String,
}

/// The text without its comments; line breaks stay, so that lines keep their numbers.
fn uncommented(text: &str) -> Result<String, ThemeFault> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        let Some((comment, after)) = after.split_once("*/") else {
            let line = out.lines().count().max(1);
            return Err(ThemeFault { line, what: "the comment does not end; write */".to_owned() });
        };
        out.push(' ');
        out.extend(comment.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// All declarations of `:root { … }` blocks; a fault for anything else.
fn declarations(text: &str) -> Result<Vec<Declaration>, ThemeFault> {
    let plain = uncommented(text)?;
    let line_at = |at: usize| 1 + plain[..at].matches('\n').count();
    let mut found = Vec::new();
    let mut at = 0;
    loop {
        let rest = &plain[at..];
        at += rest.len() - rest.trim_start().len();
        if at == plain.len() {
            return Ok(found);
        }
        let fault = |at, what: &str| Err(ThemeFault { line: line_at(at), what: what.to_owned() });
        let Some(open) = plain[at..].strip_prefix(":root").and_then(|r| {
            let body = r.trim_start().strip_prefix('{')?;
            Some(plain.len() - body.len())
        }) else {
            return fault(at, "only :root { --sluis-…: …; } may stand here");
        };
        let Some(length) = plain[open..].find('}') else {
            return fault(at, "the block does not end; write }");
        };
        let mut from = open;
        for part in plain[open..open + length].split(';') {
            let start = from + part.len() - part.trim_start().len();
            from += part.len() + 1;
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            let line = line_at(start);
            found.push(declaration(line, part)?);
        }
        at = open + length + 1;
    }
}

fn declaration(line: usize, part: &str) -> Result<Declaration, ThemeFault> {
    let fault = |what: String| Err(ThemeFault { line, what });
    let short: String = part.chars().take(limits::ECHO_CHARS_MAX).collect();
    let Some((name, value)) = part.split_once(':') else {
        return fault(format!("{short:?} is no declaration; write --sluis-name: value;"));
    };
    let name = name.trim();
    if !name.starts_with("--sluis-") {
        return fault(format!("{name:?} may not be set; only tokens, as in --sluis-water"));
    }
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    if value.is_empty() {
        return fault(format!("{name} has no value"));
    }
    let wrong = |c: &char| REFUSED.contains(c) || c.is_control();
    if let Some(c) = value.chars().find(wrong) {
        return fault(format!("{name}: {c:?} may not stand in a value"));
    }
    if value.matches('"').count() % 2 == 1 || value.contains('\'') {
        return fault(format!("{name}: a name of a font stands between two \"; no ' is allowed"));
    }
    if !balanced(&value) {
        return fault(format!("{name}: each ( needs its ), and each ) its ("));
    }
    Ok(Declaration { line, name: name.to_owned(), value })
}

/// Whether every bracket is closed, and none that was not opened. A browser would take what stands
/// behind an open one for a part of this value.
fn balanced(value: &str) -> bool {
    let mut outside = value.split('"').step_by(2).flat_map(str::chars);
    let depth = outside.try_fold(0_u32, |depth, c| match c {
        '(' => depth.checked_add(1),
        ')' => depth.checked_sub(1),
        _ => Some(depth),
    });
    depth == Some(0)
}

/// Names of the functions that a value calls, outside quotes.
fn called(value: &str) -> impl Iterator<Item = String> + '_ {
    let outside: String = value.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let heads: Vec<String> = outside
        .match_indices('(')
        .map(|(at, _)| {
            let word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
            let before = &outside[..at];
            let name = before.trim_end_matches(word).len();
            before[name..].to_lowercase()
        })
        .collect();
    // A bracket alone groups, as in calc().
    heads.into_iter().filter(|head| !head.is_empty())
}

/// The colours for light and dark, where the value is one.
fn colours(value: &str) -> Option<[Rgb; 2]> {
    if let Some(one) = hex(value) {
        return Some([one, one]);
    }
    let inside = value.strip_prefix("light-dark(")?.strip_suffix(')')?;
    let (light, dark) = inside.split_once(',')?;
    Some([hex(light.trim())?, hex(dark.trim())?])
}

/// `#rgb` or `#rrggbb`: what lies on another colour must hide it.
fn hex(text: &str) -> Option<Rgb> {
    let digits = text.strip_prefix('#')?;
    if !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    let value = |at: usize, length: usize| u8::from_str_radix(&digits[at..at + length], 16).ok();
    match digits.len() {
        3 => Some([value(0, 1)? * 17, value(1, 1)? * 17, value(2, 1)? * 17]),
        6 => Some([value(0, 2)?, value(2, 2)?, value(4, 2)?]),
        _ => None,
    }
}
