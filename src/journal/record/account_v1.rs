//! Version 1 of study results and of what a student set for herself, on disk.

use serde::{Deserialize, Serialize};

use crate::domain::account::{Language, Preferences, Topics};
use crate::domain::catalogue::Text;
use crate::domain::ids::Credits;
use crate::domain::results::{Grade, StudyResult};
use crate::journal::wire::KeyV1;

#[derive(Serialize, Deserialize)]
enum GradeV1 {
    Mark(u8),
    Pass,
    Fail,
    Exempt,
    Absent,
}

/// [`StudyResult`] on disk.
#[derive(Serialize, Deserialize)]
pub struct ResultV1 {
    term: KeyV1,
    course: KeyV1,
    name: Option<(Box<str>, Box<str>)>,
    component: Option<KeyV1>,
    attempt: u8,
    grade: GradeV1,
    credits: u32,
    date: i32,
    passed: bool,
}

#[derive(Serialize, Deserialize)]
enum LanguageV1 {
    Nl,
    En,
}

/// [`Preferences`] on disk.
#[derive(Serialize, Deserialize)]
pub struct PreferencesV1 {
    language: Option<LanguageV1>,
    notify: bool,
    topics: u8,
}

impl From<&StudyResult> for ResultV1 {
    fn from(result: &StudyResult) -> Self {
        Self {
            term: (&result.term).into(),
            course: (&result.course).into(),
            name: result.name.as_ref().map(|name| (name.nl.clone(), name.en.clone())),
            component: result.component.as_ref().map(KeyV1::from),
            attempt: result.attempt,
            grade: match result.grade {
                Grade::Mark(tenths) => GradeV1::Mark(tenths),
                Grade::Pass => GradeV1::Pass,
                Grade::Fail => GradeV1::Fail,
                Grade::Exempt => GradeV1::Exempt,
                Grade::Absent => GradeV1::Absent,
            },
            credits: result.credits.0,
            date: result.date,
            passed: result.passed,
        }
    }
}

impl From<ResultV1> for StudyResult {
    fn from(result: ResultV1) -> Self {
        Self {
            term: result.term.into(),
            course: result.course.into(),
            name: result.name.map(|(nl, en)| Text { nl, en }),
            component: result.component.map(Into::into),
            attempt: result.attempt,
            grade: match result.grade {
                GradeV1::Mark(tenths) => Grade::Mark(tenths),
                GradeV1::Pass => Grade::Pass,
                GradeV1::Fail => Grade::Fail,
                GradeV1::Exempt => Grade::Exempt,
                GradeV1::Absent => Grade::Absent,
            },
            credits: Credits(result.credits),
            date: result.date,
            passed: result.passed,
        }
    }
}

impl From<&Preferences> for PreferencesV1 {
    fn from(preferences: &Preferences) -> Self {
        Self {
            language: preferences.language.map(|language| match language {
                Language::Nl => LanguageV1::Nl,
                Language::En => LanguageV1::En,
            }),
            notify: preferences.notify,
            topics: preferences.topics.bits(),
        }
    }
}

impl From<PreferencesV1> for Preferences {
    fn from(preferences: PreferencesV1) -> Self {
        Self {
            language: preferences.language.map(|language| match language {
                LanguageV1::Nl => Language::Nl,
                LanguageV1::En => Language::En,
            }),
            notify: preferences.notify,
            topics: Topics::from_bits(preferences.topics),
        }
    }
}
