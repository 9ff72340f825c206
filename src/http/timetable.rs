//! A student's timetable: the meetings of her sections, with their dates.

use serde::{Deserialize, Serialize};
use time::{Date, Weekday};
use utoipa::ToSchema;

use super::views::{MeetingView, meeting_view};
use crate::domain::catalogue::{Catalogue, Meeting};
use crate::domain::ids::Sequence;
use crate::domain::student::Enrolment;
use crate::protocol::convert::text_view;
use crate::protocol::server::TextView;

/// Days from the start of the Julian period to 1970-01-01.
const UNIX_EPOCH_JULIAN_DAY: i32 = 2_440_588;

/// The meetings of the sections she has a seat in.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Timetable {
    /// Terms that the meetings lie in.
    pub terms: Vec<TermView>,
    /// By weekday and time.
    pub meetings: Vec<TimetableEntry>,
    /// Journal position that this rests on.
    pub as_of: u64,
}

/// A term.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TermView {
    /// Its key.
    pub key: String,
    /// Shown name.
    pub name: TextView,
    /// First Monday, `YYYY-MM-DD`.
    pub first_monday: String,
}

/// A weekly meeting of a section she has a seat in.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TimetableEntry {
    /// Course code.
    pub course: String,
    /// Course name.
    pub name: TextView,
    /// Section key.
    pub section: String,
    /// `lecture`, `tutorial`, `practical` or `exam`.
    pub kind: String,
    /// Term key.
    pub term: String,
    /// When and where.
    #[serde(flatten)]
    pub meeting: MeetingView,
    /// Every day on which it takes place, `YYYY-MM-DD`.
    pub dates: Vec<String>,
}

/// The timetable of these enrolments.
pub fn timetable(catalogue: &Catalogue, enrolments: &[Enrolment], as_of: Sequence) -> Timetable {
    let mut meetings = Vec::new();
    let mut terms = Vec::new();
    for enrolment in enrolments {
        let course = catalogue.course(enrolment.course);
        let term = &catalogue.terms[usize::from(course.term)];
        if !terms.contains(&course.term) {
            terms.push(course.term);
        }
        for id in &enrolment.sections {
            let section = catalogue.section(*id);
            let component = &course.components[usize::from(section.component)];
            meetings.extend(section.meetings.iter().map(|meeting| TimetableEntry {
                course: course.key.to_string(),
                name: text_view(&course.name),
                section: section.key.to_string(),
                kind: component.kind.as_str().to_owned(),
                term: term.key.to_string(),
                meeting: meeting_view(meeting),
                dates: dates(term.first_monday, meeting),
            }));
        }
    }
    meetings.sort_by_key(|m| (m.meeting.weekday, m.meeting.start, m.section.clone()));
    terms.sort_unstable();
    let terms = terms.into_iter().map(|i| {
        let term = &catalogue.terms[usize::from(i)];
        TermView {
            key: term.key.to_string(),
            name: text_view(&term.name),
            first_monday: day(term.first_monday).map(|d| d.to_string()).unwrap_or_default(),
        }
    });
    Timetable { terms: terms.collect(), meetings, as_of: as_of.0 }
}

/// The date of a day counted from 1970-01-01.
pub(super) fn day(days: i32) -> Option<Date> {
    Date::from_julian_day(days.checked_add(UNIX_EPOCH_JULIAN_DAY)?).ok()
}

/// The days of a meeting as texts.
fn dates(first_monday: i32, meeting: &Meeting) -> Vec<String> {
    days_of(first_monday, meeting).into_iter().map(|date| date.to_string()).collect()
}

/// The days of a meeting: a week before the term's first one belongs to the next year.
pub(super) fn days_of(first_monday: i32, meeting: &Meeting) -> Vec<Date> {
    let Some(first) = day(first_monday) else {
        return Vec::new();
    };
    let (year, first_week, _) = first.to_iso_week_date();
    let weekday = (1..meeting.weekday).fold(Weekday::Monday, |day, _| day.next());
    let dates = meeting.weeks.iter().filter_map(|week| {
        let week = u8::try_from(week).ok()?;
        let year = if week < first_week { year + 1 } else { year };
        Date::from_iso_week_date(year, week, weekday).ok()
    });
    let mut dates: Vec<Date> = dates.collect();
    dates.sort_unstable();
    dates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::Weeks;

    #[test]
    fn weeks_become_dates_over_the_turn_of_the_year() {
        // Monday 2026-08-31 is in ISO week 36; 2026 has 53 weeks.
        let first_monday = 20_696;
        assert_eq!(day(first_monday).unwrap().to_string(), "2026-08-31");
        let meeting = |weekday, weeks: &[u32]| Meeting {
            weekday,
            start: 540,
            end: 660,
            weeks: Weeks::filter(|w| weeks.contains(&w)),
            place: "".into(),
        };
        let check = |weekday, weeks: &[u32], expected: &[&str]| {
            assert_eq!(dates(first_monday, &meeting(weekday, weeks)), expected);
        };
        check(1, &[36, 37], &["2026-08-31", "2026-09-07"]);
        check(7, &[36], &["2026-09-06"]);
        check(3, &[1, 53], &["2026-12-30", "2027-01-06"]);
        check(1, &[], &[]);
        assert_eq!(dates(i32::MAX, &meeting(1, &[36])), [""; 0]);
    }
}
