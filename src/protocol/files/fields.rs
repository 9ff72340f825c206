//! Single values: what is accepted, and what to say otherwise. Each message continues a sentence
//! that begins with the key's name.

use time::format_description::well_known::{Iso8601, Rfc3339};
use time::{Date, OffsetDateTime};

use super::fault::{echo, is_unprintable};
use super::node::{Entry, Value};
use crate::domain::catalogue::{Text, Weeks};
use crate::domain::ids::{Credits, Key, Timestamp};
use crate::domain::results::Grade;
use crate::limits;

type Read<T> = Result<T, String>;

fn wrong<T>(value: &Value, give: &str) -> Read<T> {
    Err(format!("is {}; give {give}", value.describe()))
}

/// A name that the university chose. A whole number is one as well.
pub(super) fn key(value: &Value) -> Read<Key> {
    let text = match value {
        Value::Text(text) => text.as_str(),
        Value::Int(n) => return Key::new(&n.to_string()).map_err(|e| e.to_string()),
        _ => return wrong(value, "a code, such as \"LAW-1010\""),
    };
    Key::new(text).map_err(|e| e.to_string())
}

/// A text of at most `max` bytes; may be empty. Spaces and line breaks, which spreadsheets leave
/// behind, become one space. Markup is text like any other.
pub(super) fn text(value: &Value, max: usize) -> Read<Box<str>> {
    let Value::Text(text) = value else {
        return wrong(value, "a text");
    };
    let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    if text.len() > max {
        return Err(format!("is {} bytes long; at most {max}", text.len()));
    }
    match text.chars().find(|c| is_unprintable(*c)) {
        Some(c) => Err(format!("contains the control character {c:?}; remove it")),
        None => Ok(text.into_boxed_str()),
    }
}

/// A short text, or nothing when it is empty.
pub(super) fn short(value: &Value) -> Read<Box<str>> {
    text(value, limits::SHORT_TEXT_BYTES_MAX)
}

/// A text in both languages: one text for both, or a table of `nl` and `en`.
pub(super) fn both(value: &Value, max: usize) -> Read<Text> {
    let Value::Table(entries) = value else {
        let one = text(value, max)?;
        return Ok(Text { nl: one.clone(), en: one });
    };
    let mut both = (None, None);
    for Entry { key, node, .. } in entries {
        let language = match key.as_str() {
            "nl" => &mut both.0,
            "en" => &mut both.1,
            _ => return Err(format!("has an unknown key {}; give nl and en", echo(key))),
        };
        *language = Some(text(&node.value, max).map_err(|what| format!("({key}) {what}"))?);
    }
    match both {
        (Some(nl), Some(en)) => Ok(Text { nl, en }),
        (Some(one), None) | (None, Some(one)) => Ok(Text { nl: one.clone(), en: one }),
        (None, None) => Err("is empty; give nl and en".into()),
    }
}

/// A name in both languages; not empty.
pub(super) fn name(value: &Value) -> Read<Text> {
    let name = both(value, limits::COURSE_NAME_BYTES_MAX)?;
    if name.nl.is_empty() || name.en.is_empty() {
        return Err("is empty; give a name".into());
    }
    Ok(name)
}

/// A link to a page.
pub(super) fn url(value: &Value) -> Read<Box<str>> {
    let url = text(value, limits::URL_BYTES_MAX)?;
    let scheme = url.starts_with("https://") || url.starts_with("http://");
    if !scheme || url.contains(char::is_whitespace) {
        return wrong(value, "a link that begins with https://");
    }
    Ok(url)
}

/// A whole number within bounds.
pub(super) fn whole(value: &Value, min: u32, max: u32) -> Read<u32> {
    let number = match value {
        Value::Int(n) => u32::try_from(*n).ok(),
        _ => None,
    };
    match number.filter(|n| (min..=max).contains(n)) {
        Some(n) => Ok(n),
        None => wrong(value, &format!("a whole number from {min} to {max}")),
    }
}

/// Yes or no. Spreadsheets say it in words.
pub(super) fn flag(value: &Value) -> Read<bool> {
    match value {
        Value::Bool(b) => Ok(*b),
        Value::Text(t) if matches!(t.to_lowercase().as_str(), "true" | "yes" | "ja") => Ok(true),
        Value::Text(t) if matches!(t.to_lowercase().as_str(), "false" | "no" | "nee") => Ok(false),
        _ => wrong(value, "true or false"),
    }
}

/// Seats; `None` is unlimited.
pub(super) fn capacity(value: &Value) -> Read<Option<u32>> {
    match value {
        Value::Text(text) if text == "unlimited" => Ok(None),
        _ => match whole(value, 0, limits::CAPACITY_MAX) {
            Ok(seats) => Ok(Some(seats)),
            Err(what) => Err(format!("{what}, or \"unlimited\"")),
        },
    }
}

/// ECTS, to the hundredth.
pub(super) fn credits(value: &Value) -> Read<Credits> {
    let ects = match value {
        Value::Int(n) => *n as f64,
        Value::Float(n) => *n,
        _ => f64::NAN,
    };
    let hundredths = ects * 100.0;
    let exact = (hundredths - hundredths.round()).abs() < 1e-6;
    if exact && (0.0..=f64::from(limits::CREDITS_MAX)).contains(&hundredths) {
        return Ok(Credits(hundredths.round() as u32));
    }
    let max = limits::CREDITS_MAX / 100;
    wrong(value, &format!("a number from 0 to {max}, at most two decimals, such as 5 or 2.5"))
}

/// A weekday: 1 to 7 from Monday, or its first letters in English or Dutch.
pub(super) fn day(value: &Value) -> Read<u8> {
    const NAMES: [[&str; 2]; 7] = [
        ["mon", "ma"],
        ["tue", "di"],
        ["wed", "wo"],
        ["thu", "do"],
        ["fri", "vr"],
        ["sat", "za"],
        ["sun", "zo"],
    ];
    let day = match value {
        Value::Int(n) => u8::try_from(*n).ok(),
        Value::Text(text) => {
            let text = text.trim().to_lowercase();
            let named = NAMES.iter().position(|names| names.contains(&text.as_str()));
            named.map(|i| i as u8 + 1).or_else(|| text.parse().ok())
        }
        _ => None,
    };
    match day.filter(|d| (1..=7).contains(d)) {
        Some(day) => Ok(day),
        None => wrong(value, "mon, tue, wed, thu, fri, sat, sun, or 1 (Monday) to 7"),
    }
}

/// A time of day in minutes, on a multiple of five; 24:00 ends a day.
pub(super) fn time_of_day(value: &Value) -> Read<u16> {
    let minutes = match value {
        Value::Text(text) => {
            let text = text.trim();
            let text = text.strip_suffix(":00").filter(|t| t.contains(':')).unwrap_or(text);
            let (hours, minutes) = text.split_once(':').unwrap_or((text, ""));
            let digits = |t: &str, len: usize| {
                let all = !t.is_empty() && t.len() <= len && t.bytes().all(|b| b.is_ascii_digit());
                all.then(|| t.parse::<u16>().ok()).flatten()
            };
            match (digits(hours, 2), digits(minutes, 2)) {
                (Some(h), Some(m)) if minutes.len() == 2 && m < 60 && h * 60 + m <= 1440 => {
                    Some(h * 60 + m)
                }
                _ => None,
            }
        }
        _ => None,
    };
    match minutes {
        Some(minutes) if minutes % 5 == 0 => Ok(minutes),
        _ => wrong(value, "a time such as \"09:15\", on a multiple of five minutes"),
    }
}

/// Weeks: `all`, `odd`, `even`, or numbers and ranges such as `36-42, 44`; also as a list.
pub(super) fn weeks(value: &Value) -> Read<Weeks> {
    let give = "\"all\", \"odd\", \"even\" or ISO weeks such as \"36-42, 44\"";
    match value {
        Value::Int(n) => match u32::try_from(*n) {
            Ok(n) if (1..=Weeks::MAX).contains(&n) => Ok(Weeks(1 << n)),
            _ => wrong(value, give),
        },
        Value::Text(text) => match text.trim() {
            "all" => Ok(Weeks::ALL),
            "odd" => Ok(Weeks::filter(|w| w % 2 == 1)),
            "even" => Ok(Weeks::filter(|w| w % 2 == 0)),
            text => match week_ranges(text) {
                Some(weeks) => Ok(weeks),
                None => wrong(value, give),
            },
        },
        Value::List(nodes) if !nodes.is_empty() => {
            let all = nodes.iter().map(|node| weeks(&node.value));
            all.collect::<Read<Vec<_>>>().map(|sets| Weeks(sets.iter().fold(0, |a, b| a | b.0)))
        }
        _ => wrong(value, give),
    }
}

fn week_ranges(text: &str) -> Option<Weeks> {
    let mut set = 0;
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (from.trim().parse::<u32>().ok()?, to.trim().parse::<u32>().ok()?);
        if from == 0 || from > to || to > Weeks::MAX {
            return None;
        }
        set |= Weeks::filter(|w| (from..=to).contains(&w)).0;
    }
    Some(Weeks(set))
}

fn calendar_date(value: &Value) -> Option<Date> {
    match value {
        Value::Text(text) => Date::parse(text, &Iso8601::DATE).ok(),
        _ => None,
    }
}

fn days(date: Date) -> i32 {
    (date - Date::from_ordinal_date(1970, 1).expect("a date")).whole_days() as i32
}

/// A date, in days since 1970-01-01.
pub(super) fn date(value: &Value) -> Read<i32> {
    match calendar_date(value) {
        Some(date) => Ok(days(date)),
        None => wrong(value, "a date such as 2027-01-29"),
    }
}

/// A Monday, in days since 1970-01-01.
pub(super) fn monday(value: &Value) -> Read<i32> {
    match calendar_date(value).filter(|d| d.weekday() == time::Weekday::Monday) {
        Some(date) => Ok(days(date)),
        None => wrong(value, "the date of a Monday, such as 2027-02-01"),
    }
}

/// A grade: a mark, or a word.
pub(super) fn grade(value: &Value) -> Read<Grade> {
    let grade = match value {
        Value::Int(n) => Grade::parse(&n.to_string()),
        Value::Float(n) => Grade::parse(&n.to_string()),
        Value::Text(text) => Grade::parse(text.trim()),
        _ => None,
    };
    match grade {
        Some(grade) => Ok(grade),
        None => wrong(value, "a mark from 1 to 10 with at most one decimal, or V, O, VR or NA"),
    }
}

/// An instant with its offset from UTC.
pub(super) fn instant(value: &Value) -> Read<Timestamp> {
    let Value::Text(text) = value else {
        return wrong(value, "a time such as 2027-01-11T13:00:00+01:00");
    };
    let mut text = text.clone();
    if text.is_char_boundary(16) && text[16..].starts_with(['Z', '+', '-']) {
        text.insert_str(16, ":00");
    }
    let read = OffsetDateTime::parse(&text, &Rfc3339).ok();
    match read.and_then(|t| u64::try_from(t.unix_timestamp_nanos() / 1_000_000).ok()) {
        Some(ms) => Ok(Timestamp(ms)),
        None => wrong(value, "a time with its offset, such as 2027-01-11T13:00:00+01:00"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(t: &str) -> Value {
        Value::Text(t.into())
    }

    #[test]
    fn times_are_minutes_on_multiples_of_five() {
        let check = |t: &str, minutes: Option<u16>| {
            assert_eq!(time_of_day(&text(t)).ok(), minutes, "{t}");
        };
        check("09:15", Some(555));
        check("9:15", Some(555));
        check("24:00", Some(1440));
        check("09:00:00", Some(540));
        check("00:00", Some(0));
        for bad in
            ["24:05", "09:61", "0915", "9", "09:1", "09:13", "-1:00", "+9:00", "", "9:", ":00"]
        {
            check(bad, None);
        }
    }

    #[test]
    fn weeks_are_sets() {
        let list = |w: Weeks| w.iter().collect::<Vec<_>>();
        assert_eq!(list(weeks(&text("36-38, 44")).unwrap()), [36, 37, 38, 44]);
        assert_eq!(list(weeks(&Value::Int(7)).unwrap()), [7]);
        assert_eq!(weeks(&text("odd")).unwrap().0 & weeks(&text("even")).unwrap().0, 0);
        assert_eq!(weeks(&text("1-53")).unwrap(), Weeks::ALL);
        for bad in ["", "0", "54", "42-36", "1,,2", "1-2-3", "often"] {
            assert!(weeks(&text(bad)).is_err(), "{bad}");
        }
        assert!(weeks(&Value::List(vec![])).is_err());
    }

    #[test]
    fn credits_are_exact() {
        assert_eq!(credits(&Value::Float(2.5)), Ok(Credits(250)));
        assert_eq!(credits(&Value::Int(0)), Ok(Credits(0)));
        for bad in [Value::Float(2.555), Value::Int(-1), Value::Int(1000), Value::Float(f64::NAN)] {
            assert!(credits(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn instants_need_an_offset_and_mondays_are_mondays() {
        assert_eq!(instant(&text("1970-01-01T01:00:01+01:00")), Ok(Timestamp(1000)));
        assert_eq!(instant(&text("1970-01-01T00:01Z")), Ok(Timestamp(60_000)));
        assert!(instant(&text("2027-01-11T13:00:00")).is_err());
        assert!(instant(&text("1969-01-11T13:00:00Z")).is_err());
        assert_eq!(monday(&text("1970-01-05")), Ok(4));
        assert!(monday(&text("1970-01-06")).is_err());
        assert_eq!(date(&text("1970-01-06")), Ok(5));
        assert!(date(&text("1970-02-30")).is_err() && date(&Value::Int(1970)).is_err());
    }

    #[test]
    fn texts_may_hold_markup_but_nothing_that_a_terminal_obeys() {
        let markup = "<script>alert(1)</script> & \"quotes\"";
        assert_eq!(&*short(&text(markup)).unwrap(), markup);
        assert!(short(&text("a\u{7}b")).is_err());
        assert!(short(&text("a\u{202e}b")).is_err());
        assert_eq!(&*short(&text(" a\n b")).unwrap(), "a b");
        assert!(short(&text(&"x".repeat(limits::SHORT_TEXT_BYTES_MAX))).is_ok());
        assert!(short(&text(&"x".repeat(limits::SHORT_TEXT_BYTES_MAX + 1))).is_err());
        assert!(url(&text("javascript:alert(1)")).is_err());
    }
}
