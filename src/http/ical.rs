//! A timetable as iCalendar (RFC 5545): each weekly meeting is one event that repeats, with its
//! free weeks as exceptions. The same state always gives the same bytes.

use icalendar::{Calendar, Component, Event, EventLike, Property};
use sha2::{Digest, Sha256};
use time::{Date, Duration, OffsetDateTime};

use super::timetable::days_of;
use crate::domain::account::Language;
use crate::domain::catalogue::{Catalogue, ComponentKind, Meeting, SectionInfo};
use crate::domain::ids::Timestamp;
use crate::domain::student::Enrolment;
use crate::protocol::convert::hex;

const ZONE: &str = "Europe/Amsterdam";

/// The rules of European summer time, as every reader of RFC 5545 knows them.
const VTIMEZONE: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Amsterdam\r\n\
    BEGIN:DAYLIGHT\r\nTZNAME:CEST\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n\
    DTSTART:19810329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\n\
    BEGIN:STANDARD\r\nTZNAME:CET\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n\
    DTSTART:19961027T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\n\
    END:VTIMEZONE\r\n";

/// How often a calendar program is asked to look again.
const REFRESH: &str = "PT1H";

/// What a calendar is made of.
pub struct Material {
    /// What meets when.
    pub catalogue: std::sync::Arc<Catalogue>,
    /// Her seats, each with the time of the grant.
    pub enrolments: Vec<(Enrolment, Timestamp)>,
    /// How often the catalogue changed, and when it last did.
    pub changes: (u32, Timestamp),
    /// Language of names.
    pub language: Language,
}

/// The whole calendar.
pub fn calendar(material: &Material) -> String {
    let dutch = material.language == Language::Nl;
    let mut calendar = Calendar::empty();
    for (key, value) in [
        ("VERSION", "2.0"),
        ("PRODID", "-//Sluis//Timetable//EN"),
        ("CALSCALE", "GREGORIAN"),
        ("X-PUBLISHED-TTL", REFRESH),
    ] {
        calendar.append_property(Property::new(key, value));
    }
    let mut refresh = Property::new("REFRESH-INTERVAL", REFRESH);
    calendar.append_property(refresh.add_parameter("VALUE", "DURATION").done());
    calendar.name(if dutch { "Mijn rooster" } else { "My timetable" });
    for (enrolment, since) in &material.enrolments {
        for section in &enrolment.sections {
            let section = material.catalogue.section(*section);
            for (index, meeting) in section.meetings.iter().enumerate() {
                if let Some(event) = event(material, section, (index, meeting), *since) {
                    calendar.push(event);
                }
            }
        }
    }
    // The crate has no component for it; it stands before the events that refer to it.
    let text = calendar.to_string();
    let at = text.find("BEGIN:VEVENT").or_else(|| text.find("END:VCALENDAR")).unwrap_or(text.len());
    let (head, events) = text.split_at(at);
    format!("{head}{VTIMEZONE}{events}")
}

fn event(
    material: &Material,
    section: &SectionInfo,
    (index, meeting): (usize, &Meeting),
    since: Timestamp,
) -> Option<Event> {
    let course = material.catalogue.course(section.course);
    let term = &material.catalogue.terms[usize::from(course.term)];
    let days = days_of(term.first_monday, meeting);
    let (first, last) = (*days.first()?, *days.last()?);
    let (count, changed) = material.changes;
    let modified = utc(since.max(changed));
    let kind = course.components[usize::from(section.component)].kind;
    let name = course.name.get(material.language);
    let local = section.key.as_str().rsplit('/').next().unwrap_or_default();
    let summary = match course.part_of {
        Some(_) => name.to_owned(),
        None => format!("{name} – {} {local}", kind_name(kind, material.language)),
    };
    let mut event = Event::new();
    event.uid(&uid(section.key.as_str(), index)).sequence(count);
    event.add_property("DTSTAMP", modified.as_str()).add_property("LAST-MODIFIED", modified);
    event.summary(&summary).description(&format!("{}, {}", course.key, section.key));
    if !meeting.place.is_empty() {
        event.location(&meeting.place);
    }
    if let Some(url) = &course.url {
        event.url(url);
    }
    event.append_property(local_time("DTSTART", first, meeting.start));
    event.append_property(local_time("DTEND", first, meeting.end));
    let weeks = (last - first).whole_weeks() + 1;
    if weeks > 1 {
        event.add_property("RRULE", format!("FREQ=WEEKLY;COUNT={weeks}"));
    }
    let every = (0..weeks).filter_map(|n| first.checked_add(Duration::weeks(n)));
    for free in every.filter(|day| !days.contains(day)) {
        event.append_multi_property(local_time("EXDATE", free, meeting.start));
    }
    Some(event.done())
}

/// Says nothing of the student: the same meeting has the same name in every calendar, and keeps
/// it when it moves.
fn uid(section: &str, index: usize) -> String {
    let hash =
        Sha256::new().chain_update(section).chain_update([0]).chain_update(index.to_be_bytes());
    format!("{}@sluis", hex(&hash.finalize()[..16]))
}

fn local_time(key: &str, day: Date, minutes: u16) -> Property {
    // 24:00 is the next day's 00:00.
    let day = if minutes >= 1440 { day.next_day().unwrap_or(day) } else { day };
    let minutes = minutes % 1440;
    let (year, month, date) = (day.year(), u8::from(day.month()), day.day());
    let value = format!("{year:04}{month:02}{date:02}T{:02}{:02}00", minutes / 60, minutes % 60);
    Property::new(key, value).add_parameter("TZID", ZONE).done()
}

fn utc(at: Timestamp) -> String {
    let at = OffsetDateTime::from_unix_timestamp((at.0 / 1000) as i64);
    let at = at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second())
}

const fn kind_name(kind: ComponentKind, language: Language) -> &'static str {
    match (kind, language) {
        (ComponentKind::Lecture, Language::Nl) => "hoorcollege",
        (ComponentKind::Lecture, Language::En) => "lecture",
        (ComponentKind::Tutorial, Language::Nl) => "werkgroep",
        (ComponentKind::Tutorial, Language::En) => "tutorial",
        (ComponentKind::Practical, Language::Nl) => "practicum",
        (ComponentKind::Practical, Language::En) => "practical",
        (ComponentKind::Exam, Language::Nl) => "tentamen",
        (ComponentKind::Exam, Language::En) => "exam",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::catalogue::Text;
    use crate::domain::catalogue::{Item, Term, Weeks};
    use crate::domain::ids::{CourseId, Key, SectionId, Sequence, WindowId};
    use crate::domain::testkit;

    /// A course from Monday 2026-08-31, ISO week 36, with one meeting.
    fn material(meeting: Meeting) -> Material {
        let name = |nl: &str| Text { nl: nl.into(), en: "Law".into() };
        let draft = testkit::draft().simple("A", 9).given();
        let mut catalogue = (*draft.university.registry.catalogue).clone();
        let term = Term { key: Key::new("term").unwrap(), name: name("t"), first_monday: 20_696 };
        catalogue.apply(&Item::Term(term));
        let mut course = catalogue.course(CourseId(0)).clone();
        course.name =
            name("Recht; staat, \\ en meer dan vijfenzeventig tekens op één enkele regel");
        catalogue.apply(&Item::Course(CourseId(0), Box::new(course)));
        let mut section = catalogue.section(SectionId(0)).clone();
        section.meetings = vec![meeting];
        catalogue.apply(&Item::Section(SectionId(0), Box::new(section)));
        let (course, sections) = (CourseId(0), vec![SectionId(0)]);
        let enrolment = Enrolment { course, sections, window: WindowId(0), since: Sequence(9) };
        Material {
            catalogue: Arc::new(catalogue),
            enrolments: vec![(enrolment, Timestamp(1_788_000_000_000))],
            changes: (3, Timestamp(1_780_000_000_000)),
            language: Language::Nl,
        }
    }

    fn meeting(weeks: &[u32], end: u16) -> Meeting {
        let weeks = Weeks::filter(|w| weeks.contains(&w));
        Meeting { weekday: 2, start: 555, end, weeks, place: "Zaal A, 1".into() }
    }

    fn unfolded(text: &str) -> String {
        text.replace("\r\n ", "")
    }

    #[test]
    fn a_weekly_meeting_repeats_but_for_its_free_weeks() {
        let text = calendar(&material(meeting(&[36, 37, 39], 660)));
        assert!(text.split("\r\n").all(|line| line.len() <= 75), "folded");
        assert!(!text.replace("\r\n", "").contains('\n'), "every line ends in CR LF");
        let text = unfolded(&text);
        for line in [
            "DTSTART;TZID=Europe/Amsterdam:20260901T091500",
            "DTEND;TZID=Europe/Amsterdam:20260901T110000",
            "RRULE:FREQ=WEEKLY;COUNT=4",
            "EXDATE;TZID=Europe/Amsterdam:20260915T091500",
            "DTSTAMP:20260829T104000Z",
            "LAST-MODIFIED:20260829T104000Z",
            "SEQUENCE:3",
            r"LOCATION:Zaal A\, 1",
            r"SUMMARY:Recht\; staat\, \\ en meer dan vijfenzeventig tekens op één enkele regel – hoorcollege 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        assert_eq!(text.matches("EXDATE").count(), 1);
        assert!(text.find("BEGIN:VTIMEZONE").unwrap() < text.find("BEGIN:VEVENT").unwrap());
    }

    #[test]
    fn the_same_state_gives_the_same_bytes_and_a_moved_meeting_keeps_its_name() {
        let uid = |text: &str| {
            let text = unfolded(text);
            text.lines().find(|l| l.starts_with("UID:")).map(str::to_owned).unwrap()
        };
        let first = calendar(&material(meeting(&[36], 660)));
        assert_eq!(first, calendar(&material(meeting(&[36], 660))));
        let moved = calendar(&material(meeting(&[40], 720)));
        assert_ne!(first, moved);
        assert_eq!(uid(&first), uid(&moved));
        assert!(!first.contains("RRULE:FREQ=WEEKLY"), "once is once");
    }

    #[test]
    fn midnight_ends_a_day_and_an_empty_timetable_is_a_calendar() {
        let late = unfolded(&calendar(&material(meeting(&[36], 1440))));
        assert!(late.contains("DTEND;TZID=Europe/Amsterdam:20260902T000000"), "{late}");
        let empty = calendar(&material(meeting(&[], 660)));
        assert!(!empty.contains("VEVENT") && empty.contains("VTIMEZONE"));
        assert!(empty.ends_with("END:VCALENDAR\r\n"));
        let mut english = material(meeting(&[36], 660));
        english.language = Language::En;
        assert!(calendar(&english).contains("SUMMARY:Law – lecture 1"));
    }
}
