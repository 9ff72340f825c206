//! `/api/results`: her study results, term by term, and how far she is in her programme.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::HttpState;
use super::access::AsStudent;
use super::openapi::ReadProblems;
use super::problem::Problem;
use super::timetable::day;
use crate::domain::catalogue::Catalogue;
use crate::domain::ids::{Key, StudentId};
use crate::domain::registry::Registry;
use crate::domain::results::{Grade, StudyResult};
use crate::domain::student::Student;
use crate::protocol::convert::text_view;
use crate::protocol::server::TextView;

/// One attempt at a course, or at a part of it.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ResultView {
    /// Course code.
    pub course: String,
    /// Course name, where one is known.
    pub name: Option<TextView>,
    /// Part of the course; `null`: the whole.
    pub component: Option<String>,
    /// Which attempt, from 1.
    pub attempt: u8,
    /// `1.0` to `10.0`, `V` (passed), `O` (not passed), `VR` (exempted) or `NA` (absent).
    pub grade: String,
    /// ECTS that it is worth when passed.
    pub credits: f64,
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Whether it was passed.
    pub passed: bool,
    /// Whether its ECTS are in the totals: each course counts once, a part never.
    pub counts: bool,
}

/// The results of a term.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TermResults {
    /// Term key.
    pub term: String,
    /// Shown name, where the term is still in the catalogue.
    pub name: Option<TextView>,
    /// By course, attempt and part; the course itself after its parts.
    pub results: Vec<ResultView>,
    /// ECTS that count from this term.
    pub credits: f64,
}

/// How far she is in one year of her programme.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct YearProgress {
    /// Year of study, from 1.
    pub year: u8,
    /// ECTS of its required courses.
    pub required: f64,
    /// Of these, passed.
    pub passed: f64,
}

/// How far she is in her programme.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// Programme key.
    pub programme: String,
    /// Shown name.
    pub name: TextView,
    /// ECTS of all required courses.
    pub required: f64,
    /// Of these, passed.
    pub passed: f64,
    /// ECTS passed of the programme's optional courses.
    pub optional_passed: f64,
    /// Year by year.
    pub years: Vec<YearProgress>,
}

/// A student's results.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Results {
    /// Newest first.
    pub terms: Vec<TermResults>,
    /// ECTS obtained in all.
    pub credits: f64,
    /// Average mark of what counts, by ECTS, to two decimals; `null` without marks.
    pub average: Option<f64>,
    /// Her programme, where the catalogue has it.
    pub progress: Option<Progress>,
    /// Codes of all courses that count for prerequisites: by these results or by the register.
    pub completed: Vec<String>,
    /// Journal position that this rests on.
    pub as_of: u64,
}

/// Of several results that pass one course, the latest counts.
fn counting(results: &[std::sync::Arc<StudyResult>]) -> BTreeMap<&Key, &StudyResult> {
    let mut counting: BTreeMap<&Key, &StudyResult> = BTreeMap::new();
    for result in results.iter().filter(|r| r.passes_course()) {
        let best = counting.entry(&result.course).or_insert(result);
        if (result.date, result.attempt) > (best.date, best.attempt) {
            *best = result;
        }
    }
    counting
}

fn ects(hundredths: u32) -> f64 {
    f64::from(hundredths) / 100.0
}

fn result_view(catalogue: &Catalogue, result: &StudyResult, counts: bool) -> ResultView {
    let course = catalogue.course_id(result.course.as_str());
    let name = course.map(|id| &catalogue.course(id).name).or(result.name.as_ref());
    ResultView {
        course: result.course.to_string(),
        name: name.map(text_view),
        component: result.component.as_ref().map(ToString::to_string),
        attempt: result.attempt,
        grade: result.grade.to_string(),
        credits: ects(result.credits.0),
        date: day(result.date).map(|d| d.to_string()).unwrap_or_default(),
        passed: result.passed,
        counts,
    }
}

/// Everything on a student's results page.
pub fn results_view(registry: &Registry, id: StudentId) -> Results {
    let (catalogue, student) = (&registry.catalogue, registry.student(id));
    let results = student.account.results();
    let counting = counting(results);
    let mut by_term: BTreeMap<&Key, Vec<&StudyResult>> = BTreeMap::new();
    for result in results {
        by_term.entry(&result.term).or_default().push(result);
    }
    let mut terms: Vec<(i32, TermResults)> = Vec::with_capacity(by_term.len());
    for (term, mut list) in by_term {
        let order = |r: &&StudyResult| {
            (r.course.clone(), r.attempt, r.component.is_none(), r.component.clone(), r.date)
        };
        list.sort_by_cached_key(order);
        let counts = |r: &StudyResult| counting.get(&r.course).is_some_and(|c| std::ptr::eq(*c, r));
        let credits = list.iter().filter(|r| counts(r)).map(|r| r.credits.0).sum();
        let newest = list.iter().map(|r| r.date).max().unwrap_or(i32::MIN);
        let name = catalogue.term_index(term.as_str());
        let view = TermResults {
            term: term.to_string(),
            name: name.map(|i| text_view(&catalogue.terms[usize::from(i)].name)),
            results: list.iter().map(|r| result_view(catalogue, r, counts(r))).collect(),
            credits: ects(credits),
        };
        terms.push((newest, view));
    }
    terms.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| y.term.cmp(&x.term)));
    let mut completed: Vec<String> = student
        .profile
        .completed
        .iter()
        .chain(student.account.passed())
        .map(Key::to_string)
        .collect();
    completed.sort_unstable();
    completed.dedup();
    Results {
        terms: terms.into_iter().map(|(_, term)| term).collect(),
        credits: ects(counting.values().map(|r| r.credits.0).sum()),
        average: average(counting.values().copied()),
        progress: progress(catalogue, student),
        completed,
        as_of: 0,
    }
}

fn average<'a>(counting: impl Iterator<Item = &'a StudyResult>) -> Option<f64> {
    let marks = counting.filter_map(|result| match result.grade {
        Grade::Mark(tenths) => Some((u64::from(tenths), u64::from(result.credits.0))),
        _ => None,
    });
    let (sum, weight) = marks.fold((0, 0), |(sum, weight), (mark, w)| (sum + mark * w, weight + w));
    (weight > 0).then(|| (sum as f64 * 10.0 / weight as f64).round() / 100.0)
}

fn progress(catalogue: &Catalogue, student: &Student) -> Option<Progress> {
    let own = student.profile.programme.as_ref()?;
    let programme = catalogue.programmes.iter().find(|p| p.key == *own)?;
    let mut years: BTreeMap<u8, (u32, u32)> = BTreeMap::new();
    let mut optional_passed = 0;
    for requirement in &programme.requirements {
        let Some(course) = catalogue.course_id(requirement.course.as_str()) else { continue };
        let credits = catalogue.course(course).credits.0;
        let passed = if student.has_completed(&requirement.course) { credits } else { 0 };
        if requirement.required {
            let year = years.entry(requirement.year).or_default();
            *year = (year.0 + credits, year.1 + passed);
        } else {
            optional_passed += passed;
        }
    }
    let year = |(year, (required, passed)): (&u8, &(u32, u32))| YearProgress {
        year: *year,
        required: ects(*required),
        passed: ects(*passed),
    };
    Some(Progress {
        programme: programme.key.to_string(),
        name: text_view(&programme.name),
        required: ects(years.values().map(|(required, _)| required).sum()),
        passed: ects(years.values().map(|(_, passed)| passed).sum()),
        optional_passed: ects(optional_passed),
        years: years.iter().map(year).collect(),
    })
}

/// Her study results
#[utoipa::path(
    get, path = "/api/results", tag = "student",
    responses((status = 200, body = Results), ReadProblems)
)]
pub async fn list(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    let (as_of, view) = state.gateway.read(move |r| results_view(r, student)).await?;
    Ok(HttpResponse::Ok().json(Results { as_of: as_of.0, ..view }))
}
