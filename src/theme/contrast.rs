//! Which colours of the page meet, and whether they can be told apart: WCAG 2.2, 1.4.3 and 1.4.11.

use std::fmt;

use super::Rgb;

/// Light or dark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// A pair that is too close.
#[derive(Clone, PartialEq, Debug)]
pub struct Low {
    /// In which scheme.
    pub scheme: Scheme,
    /// What is drawn.
    pub front: String,
    /// On what.
    pub ground: String,
    /// Their contrast, from 1 to 21.
    pub ratio: f64,
    /// What it must be at least.
    pub needed: f64,
}

impl fmt::Display for Low {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        // Rounded down: 4.49 is not 4.5.
        let ratio = (self.ratio * 100.0).floor() / 100.0;
        let Self { front, ground, needed, .. } = self;
        write!(f, "{scheme}: {front} on {ground} has {ratio:.2}:1, and needs {needed}:1")
    }
}

/// For text.
const TEXT: f64 = 4.5;
/// For borders of controls, the focus, and what a drawing says.
const SHAPE: f64 = 3.0;

const SHEETS: &[&str] = &["paper", "sheet"];
const GROUNDS: &[&str] = &["paper", "sheet", "pool", "good-ground", "wait-ground", "bad-ground"];

/// What the page draws on what.
const PAIRS: [(&str, &[&str], f64); 17] = [
    ("ink", GROUNDS, TEXT),
    ("soft", GROUNDS, TEXT),
    ("water", GROUNDS, TEXT),
    ("water-ink", &["water"], TEXT),
    ("sheet", &["bad"], TEXT), // the count of unread messages
    ("good", &["paper", "sheet", "pool", "good-ground"], TEXT),
    ("wait", &["paper", "sheet", "pool", "wait-ground", "good-ground"], TEXT),
    ("bad", &["paper", "sheet", "pool", "bad-ground"], TEXT),
    ("edge", SHEETS, SHAPE),
    ("focus", &["paper", "sheet", "pool"], SHAPE),
    ("water", &["sheet"], SHAPE),
    ("course-1", &["sheet"], SHAPE),
    ("course-2", &["sheet"], SHAPE),
    ("course-3", &["sheet"], SHAPE),
    ("course-4", &["sheet"], SHAPE),
    ("course-5", &["sheet"], SHAPE),
    ("course-6", &["sheet"], SHAPE),
];
/// How much of a course's colour lies over the sheet, in a block of the week.
const TINT: f64 = 0.12;
const COURSES: u8 = 6;

/// Pairs whose contrast is too low. `colours` gives a token's for light and dark.
pub(super) fn low(colours: &dyn Fn(&str) -> [Rgb; 2]) -> Vec<Low> {
    let token = |name: &str| format!("--sluis-{name}");
    let of = |name: &str, dark: usize| colours(&token(name))[dark].map(f64::from);
    let mut found = Vec::new();
    for (dark, scheme) in [Scheme::Light, Scheme::Dark].into_iter().enumerate() {
        let mut look = |front: &str, ground: String, on: [f64; 3], needed: f64| {
            let ratio = ratio(of(front, dark), on);
            if ratio < needed {
                found.push(Low { scheme, front: token(front), ground, ratio, needed });
            }
        };
        for (front, grounds, needed) in PAIRS {
            for ground in grounds {
                look(front, token(ground), of(ground, dark), needed);
            }
        }
        for course in 1..=COURSES {
            let name = format!("course-{course}");
            let (tint, sheet) = (of(&name, dark), of("sheet", dark));
            let mixed = [0, 1, 2].map(|i| TINT * tint[i] + (1.0 - TINT) * sheet[i]);
            for front in ["ink", "soft"] {
                look(front, format!("a block of {}", token(&name)), mixed, TEXT);
            }
        }
    }
    found
}

/// Contrast as WCAG defines it, of colours from 0 to 255.
pub(super) fn ratio(a: [f64; 3], b: [f64; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: [f64; 3]) -> f64 {
    let linear = colour.map(|c| {
        let c = c / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}
