//! The catalogue made ready for reading: views, search texts and a version, made once for each
//! version of the catalogue.

use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::problem::{INVALID, Problem};
use super::views::{CourseView, ProgrammeView, course_view, programme_views};
use crate::actors::board::SeatBoard;
use crate::domain::catalogue::Catalogue;
use crate::domain::section::Quote;
use crate::limits;
use crate::protocol::convert::hex;

/// One version of the catalogue, ready for reading.
pub struct Listing {
    /// What it was made of.
    pub catalogue: Arc<Catalogue>,
    /// By course id.
    pub courses: Vec<CourseView>,
    /// In order of import.
    pub programmes: Vec<ProgrammeView>,
    /// Hash of all of it.
    pub version: String,
    /// By course id: what a search looks in.
    search: Vec<String>,
}

/// What to list.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct CatalogueQuery {
    /// Page, from 1.
    pub page: Option<u32>,
    /// Courses a page, at most 100; 50 unless said otherwise.
    pub per_page: Option<u32>,
    /// Words that must all occur in the code or a name.
    pub q: Option<String>,
    /// Term key.
    pub term: Option<String>,
    /// Faculty, as in `facets`.
    pub faculty: Option<String>,
    /// Period, as in `facets`.
    pub period: Option<String>,
    /// Language of teaching, as in `facets`.
    pub language: Option<String>,
    /// Level, as in `facets`.
    pub level: Option<String>,
    /// ECTS, as in `facets`.
    pub credits: Option<f64>,
    /// Only courses with a seat left in an open section of each component; no `ETag` either.
    pub available: Option<bool>,
    /// With live seats: such an answer has no `ETag`.
    pub seats: Option<bool>,
}

/// What a filter can be set to.
#[cfg_attr(test, derive(ts_rs::TS))]
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Facets {
    /// Faculties.
    pub faculties: Vec<String>,
    /// Periods.
    pub periods: Vec<String>,
    /// Languages of teaching.
    pub languages: Vec<String>,
    /// Levels.
    pub levels: Vec<String>,
    /// ECTS.
    pub credits: Vec<f64>,
}

impl Listing {
    /// Makes a version ready.
    pub fn new(catalogue: Arc<Catalogue>) -> Self {
        let courses: Vec<_> =
            catalogue.courses.iter().map(|c| course_view(&catalogue, c)).collect();
        let programmes = programme_views(&catalogue);
        let search =
            courses.iter().map(|c| format!("{} {} {}", c.key, c.name.nl, c.name.en).to_lowercase());
        let search = search.collect();
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(&(&courses, &programmes)).unwrap_or_default());
        let version = hex(&hash.finalize()[..16]);
        Self { catalogue, courses, programmes, version, search }
    }

    /// The courses that match, as indices, in catalogue order.
    pub fn find(&self, query: &CatalogueQuery) -> Vec<usize> {
        let q = query.q.as_deref().unwrap_or_default().to_lowercase();
        let words: Vec<&str> = q.split_whitespace().collect();
        let same = |wanted: &Option<String>, has: &Option<String>| match wanted.as_deref() {
            None | Some("") => true,
            wanted => wanted == has.as_deref(),
        };
        let matches = |i: &usize| {
            let course = &self.courses[*i];
            same(&query.term, &Some(course.term.clone()))
                && same(&query.faculty, &course.faculty)
                && same(&query.period, &course.period)
                && same(&query.language, &course.language)
                && same(&query.level, &course.level)
                && query.credits.is_none_or(|wanted| (wanted - course.credits).abs() < 0.005)
                && words.iter().all(|word| self.search[*i].contains(word))
        };
        (0..self.courses.len()).filter(matches).collect()
    }

    /// Whether each component of a course has a section that can be had right now.
    pub fn available(&self, course: usize, board: &SeatBoard) -> bool {
        self.catalogue.courses[course].components.iter().all(|component| {
            component.sections.iter().any(|section| {
                let quote = board.get(*section).map(|seats| seats.quote());
                quote.is_some_and(Quote::free)
            })
        })
    }

    /// What the filters can be set to.
    pub fn facets(&self) -> Facets {
        let distinct = |get: fn(&CourseView) -> &Option<String>| {
            let mut values: Vec<String> =
                self.courses.iter().filter_map(|c| get(c).clone()).collect();
            values.sort_unstable();
            values.dedup();
            values
        };
        let mut credits: Vec<f64> = self.courses.iter().map(|c| c.credits).collect();
        credits.sort_unstable_by(f64::total_cmp);
        credits.dedup();
        Facets {
            faculties: distinct(|c| &c.faculty),
            periods: distinct(|c| &c.period),
            languages: distinct(|c| &c.language),
            levels: distinct(|c| &c.level),
            credits,
        }
    }
}

impl CatalogueQuery {
    /// Checks the bounds; returns the first index and the number of courses of the page.
    pub fn page(&self) -> Result<(usize, usize), Problem> {
        let size = self.per_page.unwrap_or(50);
        page_bounds(self.page.unwrap_or(1), size).and_then(|page| {
            let long = self.q.as_deref().is_some_and(|q| q.len() > limits::SEARCH_CHARS_MAX);
            match long {
                true => Err(Problem::new(
                    &INVALID,
                    format!("search for at most {} characters", limits::SEARCH_CHARS_MAX),
                )),
                false => Ok(page),
            }
        })
    }
}

/// First index and number of items of a page.
pub fn page_bounds(page: u32, size: u32) -> Result<(usize, usize), Problem> {
    if page == 0 || size == 0 || size > limits::PAGE_ITEMS_MAX {
        return Err(Problem::new(
            &INVALID,
            format!("pages count from 1 and hold 1 to {} items", limits::PAGE_ITEMS_MAX),
        ));
    }
    Ok(((page as usize - 1).saturating_mul(size as usize), size as usize))
}

/// The newest listing.
#[derive(Default)]
pub struct Listings {
    newest: RwLock<Option<Arc<Listing>>>,
}

impl Listings {
    /// The listing of this catalogue, made when it is another than last time.
    pub fn of(&self, catalogue: Arc<Catalogue>) -> Arc<Listing> {
        let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(listing) = newest.filter(|l| Arc::ptr_eq(&l.catalogue, &catalogue)) {
            return listing;
        }
        let listing = Arc::new(Listing::new(catalogue));
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        *newest = Some(Arc::clone(&listing));
        listing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalogue::{Course, Item, Term, Text};
    use crate::domain::ids::{CourseId, Credits, Key};

    fn course(key: &str, nl: &str, language: &str) -> Box<Course> {
        Box::new(Course {
            key: Key::new(key).unwrap(),
            term: 0,
            name: Text { nl: nl.into(), en: "Course".into() },
            description: Text::default(),
            credits: Credits(500),
            url: None,
            faculty: None,
            level: None,
            language: Some(language.into()),
            period: None,
            prerequisites: Vec::new(),
            part_of: None,
            components: Vec::new(),
        })
    }

    fn catalogue() -> Arc<Catalogue> {
        let mut catalogue = Catalogue::default();
        let key = Key::new("2026-2").unwrap();
        catalogue.apply(&Item::Term(Term { key, name: Text::default(), first_monday: 0 }));
        catalogue.apply(&Item::Course(CourseId(0), course("LAW-1", "Staatsrecht één", "nl")));
        catalogue.apply(&Item::Course(CourseId(1), course("PHI-2", "Ethiek", "en")));
        Arc::new(catalogue)
    }

    #[test]
    fn a_search_needs_every_word_in_code_or_name() {
        let listing = Listing::new(catalogue());
        let check = |q: &str, found: &[usize]| {
            let query = CatalogueQuery { q: Some(q.to_owned()), ..CatalogueQuery::default() };
            assert_eq!(listing.find(&query), found, "{q}");
        };
        check("", &[0, 1]);
        check("law", &[0]);
        check("STAATSRECHT law", &[0]);
        check("één", &[0]);
        check("ethiek law", &[]);
        let english =
            CatalogueQuery { language: Some("en".to_owned()), ..CatalogueQuery::default() };
        assert_eq!(listing.find(&english), [1]);
        assert_eq!(listing.facets().languages, ["en", "nl"]);
        let credits = |n: f64| CatalogueQuery { credits: Some(n), ..CatalogueQuery::default() };
        assert_eq!(listing.facets().credits, [5.0]);
        assert_eq!(listing.find(&credits(5.0)), [0, 1]);
        assert_eq!(listing.find(&credits(10.0)), [0; 0]);
    }

    #[test]
    fn a_page_has_bounds() {
        assert_eq!(page_bounds(3, 10).unwrap(), (20, 10));
        assert!(page_bounds(u32::MAX, limits::PAGE_ITEMS_MAX).is_ok());
        for (page, size) in [(0, 10), (1, 0), (1, limits::PAGE_ITEMS_MAX + 1)] {
            assert_eq!(page_bounds(page, size).unwrap_err().kind.status, 422);
        }
        let q = Some("x".repeat(limits::SEARCH_CHARS_MAX + 1));
        assert!(CatalogueQuery { q, ..CatalogueQuery::default() }.page().is_err());
    }

    #[test]
    fn a_version_is_made_once_and_changes_with_the_catalogue() {
        let listings = Listings::default();
        let first = catalogue();
        let one = listings.of(Arc::clone(&first));
        assert!(Arc::ptr_eq(&one, &listings.of(first)));
        let same = listings.of(catalogue());
        assert_eq!(one.version, same.version, "the version is of the content");
        let mut other = (*catalogue()).clone();
        other.apply(&Item::Course(CourseId(0), course("LAW-1", "Anders", "nl")));
        assert_ne!(one.version, listings.of(Arc::new(other)).version);
    }
}
