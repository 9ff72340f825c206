//! What the catalogue looks like over HTTP.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::catalogue::{Catalogue, Course, Meeting};
use crate::domain::ids::SectionId;
use crate::domain::section::Section;
use crate::protocol::convert::{section_status, text_view};
use crate::protocol::server::TextView;

/// A course offering.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CourseView {
    /// Code.
    pub key: String,
    /// Term key.
    pub term: String,
    /// Shown name.
    pub name: TextView,
    /// Short description.
    pub description: TextView,
    /// ECTS.
    pub credits: f64,
    /// Prospectus.
    pub url: Option<String>,
    /// Faculty.
    pub faculty: Option<String>,
    /// Level.
    pub level: Option<String>,
    /// Language of teaching.
    pub language: Option<String>,
    /// Period inside the term.
    pub period: Option<String>,
    /// Courses that must have been completed.
    pub prerequisites: Vec<String>,
    /// The course that this exam or resit belongs to.
    pub part_of: Option<String>,
    /// One section of each is chosen.
    pub components: Vec<ComponentView>,
}

/// A part of a course.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ComponentView {
    /// `lecture`, `tutorial`, `practical` or `exam`.
    pub kind: String,
    /// To choose from.
    pub sections: Vec<SectionView>,
}

/// A section of a component.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SectionView {
    /// `course/section`.
    pub key: String,
    /// The section that comes with it.
    pub parent: Option<String>,
    /// When and where.
    pub meetings: Vec<MeetingView>,
    /// Seats as imported, or in force where `seats=true` asked for that; `null` is unlimited.
    pub capacity: Option<u32>,
    /// With `seats=true`: seats left now; `null` is unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub left: Option<Option<u32>>,
    /// With `seats=true`: `open`, `closed` or `cancelled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// A weekly meeting.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct MeetingView {
    /// 1 = Monday to 7 = Sunday.
    pub weekday: u8,
    /// Minutes since midnight.
    pub start: u16,
    /// Minutes since midnight.
    pub end: u16,
    /// ISO week numbers.
    pub weeks: Vec<u32>,
    /// Room or address.
    pub place: String,
}

/// A study programme.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProgrammeView {
    /// Its key.
    pub key: String,
    /// Shown name.
    pub name: TextView,
    /// What it asks for.
    pub requirements: Vec<RequirementView>,
}

/// A course that a programme asks for.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RequirementView {
    /// Year of study.
    pub year: u8,
    /// Course code.
    pub course: String,
    /// Required, or optional.
    pub required: bool,
}

/// A section's seats, as they are on disk.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SeatView {
    /// Section key.
    pub section: String,
    /// Seats in force; `null` is unlimited.
    pub capacity: Option<u32>,
    /// Seats left; `null` is unlimited.
    pub left: Option<u32>,
    /// Seats taken.
    pub taken: u32,
    /// `open`, `closed` or `cancelled`.
    pub status: String,
}

/// A meeting over HTTP.
pub fn meeting_view(meeting: &Meeting) -> MeetingView {
    MeetingView {
        weekday: meeting.weekday,
        start: meeting.start,
        end: meeting.end,
        weeks: meeting.weeks.iter().collect(),
        place: meeting.place.to_string(),
    }
}

fn section_view(catalogue: &Catalogue, id: SectionId) -> SectionView {
    let info = catalogue.section(id);
    SectionView {
        key: info.key.to_string(),
        parent: info.parent.map(|p| catalogue.section(p).key.to_string()),
        meetings: info.meetings.iter().map(meeting_view).collect(),
        capacity: info.capacity,
        left: None,
        status: None,
    }
}

/// A course over HTTP, without its seats.
pub fn course_view(catalogue: &Catalogue, course: &Course) -> CourseView {
    let owned = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    let components = course.components.iter().map(|component| ComponentView {
        kind: component.kind.as_str().to_owned(),
        sections: component.sections.iter().map(|id| section_view(catalogue, *id)).collect(),
    });
    CourseView {
        key: course.key.to_string(),
        term: catalogue.terms[usize::from(course.term)].key.to_string(),
        name: text_view(&course.name),
        description: text_view(&course.description),
        credits: f64::from(course.credits.0) / 100.0,
        url: owned(&course.url),
        faculty: owned(&course.faculty),
        level: owned(&course.level),
        language: owned(&course.language),
        period: owned(&course.period),
        prerequisites: course.prerequisites.iter().map(ToString::to_string).collect(),
        part_of: course.part_of.map(|id| catalogue.course(id).key.to_string()),
        components: components.collect(),
    }
}

/// Every programme over HTTP.
pub fn programme_views(catalogue: &Catalogue) -> Vec<ProgrammeView> {
    let programmes = catalogue.programmes.iter().map(|programme| ProgrammeView {
        key: programme.key.to_string(),
        name: text_view(&programme.name),
        requirements: programme
            .requirements
            .iter()
            .map(|r| RequirementView {
                year: r.year,
                course: r.course.to_string(),
                required: r.required,
            })
            .collect(),
    });
    programmes.collect()
}

/// A section's seats over HTTP.
pub fn seat_view(catalogue: &Catalogue, section: &Section) -> SeatView {
    let quote = section.quote();
    SeatView {
        section: catalogue.section(section.id).key.to_string(),
        capacity: section.capacity,
        left: quote.left,
        taken: section.taken,
        status: section_status(quote.status).to_owned(),
    }
}

/// The sections of a course, in catalogue order.
pub fn sections_of(course: &Arc<Course>) -> Vec<SectionId> {
    course.components.iter().flat_map(|c| c.sections.iter().copied()).collect()
}
