//! What a theme may hold, and what it does to the page's contrast.

use super::*;

/// The fault of a theme with this in it.
fn fault(text: &str) -> String {
    Theme::parse(text).expect_err(text).to_string()
}

#[test]
fn tokens_are_read_and_written_anew() {
    let text =
        "/* ours */\n:root {\n  --sluis-water : #7a0019 ;\n  --sluis-text:\n    \"Open Sans\",
    sans-serif\n}\n:root{--sluis-paper:light-dark(#fff, #000)}\n";
    let theme = Theme::parse(text).unwrap();
    assert_eq!(theme.len(), 3);
    assert!(!theme.is_empty());
    assert_eq!(
        theme.css(),
        ":root {\n  --sluis-water: #7a0019;\n  --sluis-text: \"Open Sans\", sans-serif;\n  \
         --sluis-paper: light-dark(#fff, #000);\n}\n"
    );
    assert_eq!(Theme::parse(&theme.css()).unwrap(), theme, "as it was written");
    let nested = ":root { --sluis-radius: calc((1px + 2px) * 2); --sluis-text: \"A (b\", serif; }";
    assert_eq!(Theme::parse(nested).map(|theme| theme.len()), Ok(2));
}

#[test]
fn anything_but_tokens_is_refused_with_its_line() {
    for (text, line, what) in [
        ("", 0, "sets no token"),
        (":root {}", 0, "sets no token"),
        ("body { --sluis-water: #fff; }", 1, "only :root"),
        ("\n@import url(//x);", 2, "only :root"),
        (":root { --sluis-water: #fff;", 1, "does not end"),
        ("/* a\n", 1, "comment does not end"),
        (":root {\n\n color: red; }", 3, "\"color\" may not be set"),
        (":root { --other: red; }", 1, "\"--other\" may not be set"),
        (":root { --sluis-water }", 1, "is no declaration"),
        (":root { --sluis-water: ; }", 1, "has no value"),
        (":root { --sluis-watr: #fff; }", 1, "did you mean --sluis-water?"),
        (":root { --sluis-water: red; }", 1, "is no colour; write #rrggbb"),
        (":root { --sluis-water: #ffff; }", 1, "is no colour"),
        (":root { --sluis-water: light-dark(#fff); }", 1, "is no colour"),
        (":root { --sluis-water: url(https://x/y); }", 1, "is no colour"),
        (":root { --sluis-shade: url(//x/y); }", 1, "url() is not allowed"),
        (":root { --sluis-shade: URL(\"//x/y\"); }", 1, "url() is not allowed"),
        (":root { --sluis-text: image-set(\"x\" 1x); }", 1, "image-set() is not allowed"),
        (":root { --sluis-text: a } b { c: d }", 1, "only :root"),
        (":root { --sluis-text: \"a\\22\"; }", 1, "'\\\\' may not stand"),
        (":root { --sluis-text: </style>; }", 1, "'<' may not stand"),
        (":root { --sluis-text: \"a; }", 1, "between two"),
        (":root { --sluis-radius: calc(1px; }", 1, "each ( needs its )"),
        (":root { --sluis-radius: 1px); }", 1, "each ( needs its )"),
        (":root { --sluis-radius: )1px(; }", 1, "each ( needs its )"),
        (":root { --sluis-shade: min(1px, max(2px, 3px); }", 1, "each ( needs its )"),
        (":root { --sluis-text: \")\", (serif; }", 1, "each ( needs its )"),
        (":root { --sluis-text: [serif; }", 1, "'[' may not stand"),
        (":root { --sluis-text: serif]; }", 1, "']' may not stand"),
        (":root { --sluis-radius: 1px; --sluis-radius: 2px; }", 1, "is set twice"),
    ] {
        let told = fault(text);
        assert!(told.contains(what), "{text}: {told}");
        let place = format!("line {line}: ");
        assert!(line == 0 || told.starts_with(&place), "{text}: {told}");
    }
}

#[test]
fn what_stands_behind_a_semicolon_is_no_part_of_a_value() {
    let told = fault(":root { --sluis-radius: 1px; background: url(//x) }");
    assert!(told.contains("\"background\" may not be set"), "{told}");
}

#[test]
fn the_pages_own_tokens_are_a_theme_and_pass_its_check() {
    let theme = Theme::parse(TOKENS).unwrap();
    assert!(theme.len() > 25, "{}", theme.len());
    let low: Vec<_> = theme.low_contrast().iter().map(ToString::to_string).collect();
    assert!(low.is_empty(), "{low:#?}");
}

#[test]
fn the_shipped_example_is_a_theme_and_passes_the_check() {
    let theme = Theme::parse(include_str!("../../config/theme.example.css")).unwrap();
    assert_eq!(theme.low_contrast(), []);
}

#[test]
fn a_pair_that_is_too_close_is_named_with_its_ratio() {
    let theme = Theme::parse(":root { --sluis-soft: light-dark(#888888, #a9b7bb); }").unwrap();
    let low = theme.low_contrast();
    assert!(low.iter().all(|l| l.scheme == Scheme::Light && l.front == "--sluis-soft"), "{low:?}");
    let told: Vec<_> = low.iter().map(ToString::to_string).collect();
    // #888888 on #fffdf9.
    let wanted = "light: --sluis-soft on --sluis-sheet has 3.48:1, and needs 4.5:1".to_owned();
    assert!(told.contains(&wanted), "{told:#?}");
    let both = Theme::parse(":root { --sluis-focus: #777; --sluis-paper: #777777; }").unwrap();
    let schemes = [Scheme::Light, Scheme::Dark].map(|scheme| {
        both.low_contrast().iter().any(|l| {
            l.scheme == scheme && l.front == "--sluis-focus" && (l.ratio - 1.0).abs() < 1e-9
        })
    });
    assert_eq!(schemes, [true, true], "one colour for both holds in both");
}

#[test]
fn contrast_is_that_of_the_guidelines() {
    let (black, white) = ([0.0; 3], [255.0; 3]);
    assert!((contrast::ratio(black, white) - 21.0).abs() < 1e-9);
    assert!((contrast::ratio(white, white) - 1.0).abs() < 1e-9);
    assert!((contrast::ratio([119.0; 3], white) - 4.478).abs() < 0.001);
}

#[test]
fn a_file_is_read_to_the_bound_and_no_further() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("theme.css");
    let start = ":root { --sluis-radius: 1px; }";
    let filled = |bytes: usize| format!("{start}{}", " ".repeat(bytes - start.len()));
    std::fs::write(&path, filled(limits::THEME_BYTES_MAX)).unwrap();
    assert_eq!(Theme::parse(&read(&path).unwrap()).unwrap().len(), 1);
    std::fs::write(&path, filled(limits::THEME_BYTES_MAX + 1)).unwrap();
    assert!(read(&path).unwrap_err().what.contains("is larger than"));
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(read(&path).unwrap_err().what.contains("not UTF-8"));
    assert!(read(&dir.path().join("none.css")).unwrap_err().what.contains("cannot be read"));
}
