//! `/plain`: place in line and outcomes as one small document without JavaScript, for when the
//! page's own files do not arrive. It refreshes itself, and anybody may stop that (WCAG 2.2.1);
//! by a header, because a document that refreshes itself by an element of its own cannot be
//! stopped by those who read it with a tool.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, HeaderName, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::HttpState;
use super::access::AsStudent;
use super::place::Tickets;
use super::plain_text::{Words, document};
use super::problem::{Problem, preferred_language};
use crate::actors::view;
use crate::domain::account::Language;
use crate::domain::catalogue::Text;
use crate::domain::ids::{CourseId, StudentId, Timestamp};
use crate::domain::line::{Eta, eta};
use crate::domain::registry::Registry;
use crate::domain::window::WindowState;
use crate::protocol::convert;
use crate::protocol::server::OutcomeView;

/// Nothing but its own style sheet.
const CSP: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";
const REFRESH: HeaderName = HeaderName::from_static("refresh");
/// Seconds between two refreshes while something is about to change, and otherwise.
const SOON_S: u32 = 10;
const LATER_S: u32 = 60;

/// How it is wanted. What is unknown is ignored: an address somebody kept goes on working.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
pub struct PlainQuery {
    /// `nl` or `en`; left out, as she prefers or as her browser asks.
    pub lang: Option<String>,
    /// `off`: it stays as it is.
    pub refresh: Option<String>,
}

/// One window as she stands to it.
pub struct Standing {
    /// Shown name.
    pub name: Text,
    /// Where it is in its life.
    pub state: WindowState,
    /// Opens by itself then.
    pub opens_at: Option<Timestamp>,
    /// Waiting in its line, or armed.
    pub waiting: u32,
    /// Whether her plan is in it.
    pub armed: bool,
    /// Her place, once it is open, and how long it may take.
    pub place: Option<(u32, Option<Eta>)>,
}

/// One course as it stands.
pub struct Course {
    /// Code.
    pub code: String,
    /// Shown name.
    pub name: Text,
    /// The sections she has a seat in.
    pub sections: Vec<String>,
    /// Her rank on its waitlist.
    pub rank: Option<u32>,
    /// Journal position of her seat; without one, of what she was last told.
    pub receipt: Option<u64>,
    /// What she was last told of it.
    pub told: Option<OutcomeView>,
    /// The name of the course that the reason is about.
    pub about: Option<Text>,
}

/// Everything that the document tells.
pub struct Told {
    /// Windows, in order of import.
    pub windows: Vec<Standing>,
    /// Courses that she has, waits for, or was told of.
    pub courses: Vec<Course>,
}

/// As read in one turn.
struct Read {
    language: Option<Language>,
    told: Told,
    /// Per window, what her place is counted from, and the pace.
    lines: Vec<Option<(Tickets, Option<u32>)>>,
}

fn read(registry: &Registry, id: StudentId) -> Read {
    let who = registry.student(id);
    let armed = |key: &str| {
        let windows = who.tickets.iter().filter_map(|(window, _)| registry.window(*window));
        windows.into_iter().any(|w| w.rules.key.as_str() == key)
    };
    let windows = registry.windows.iter().map(|w| Standing {
        name: w.rules.name.clone(),
        state: w.state,
        opens_at: w.rules.opens_at,
        waiting: w.waiting,
        armed: armed(w.rules.key.as_str()),
        place: None,
    });
    let lines = registry.windows.iter().map(|window| {
        let tickets = Tickets::of(registry, window, id)?;
        Some((tickets, window.rules.pace))
    });
    Read {
        language: who.account.preferences.language,
        told: Told { windows: windows.collect(), courses: courses(registry, id) },
        lines: lines.collect(),
    }
}

/// What she was told of first, then what she has or waits for besides.
fn courses(registry: &Registry, id: StudentId) -> Vec<Course> {
    let catalogue = &registry.catalogue;
    let who = registry.student(id);
    let told = view::outcomes(registry, id);
    let named = told.iter().filter_map(|o| catalogue.course_id(&o.course));
    let has = who.enrolments.iter().map(|e| e.course);
    let mut codes: Vec<CourseId> = Vec::new();
    for code in named.chain(has).chain(who.waiting.iter().copied()) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    let one = |id_of: CourseId| {
        let course = catalogue.course(id_of);
        let code = course.key.to_string();
        let seat = who.enrolment(id_of).map(|e| convert::enrolment_view(catalogue, e));
        let told = told.iter().find(|o| o.course == code).cloned();
        let about = told.as_ref().and_then(|o| catalogue.course_id(o.about.as_deref()?));
        Course {
            name: course.name.clone(),
            receipt: seat.as_ref().map(|s| s.journal).or(told.as_ref().map(|o| o.journal)),
            sections: seat.map(|s| s.sections).unwrap_or_default(),
            rank: registry.book(id_of).rank(id),
            told,
            about: about.map(|id| catalogue.course(id).name.clone()),
            code,
        }
    };
    codes.into_iter().map(one).collect()
}

async fn tell(state: &web::Data<HttpState>, id: StudentId) -> Result<Read, Problem> {
    let mut read = state.gateway.read(move |registry| read(registry, id)).await?.1;
    let lines = std::mem::take(&mut read.lines);
    let shared = web::Data::clone(state);
    // A draw is hashed here, not in the Registrar's turn.
    let places = web::block(move || {
        let place = |(tickets, pace): (Tickets, Option<u32>)| {
            let position = tickets.position(&shared.draws);
            (position, eta(position, pace.map(f64::from)))
        };
        lines.into_iter().map(|line| line.map(place)).collect::<Vec<_>>()
    });
    let places = places.await.map_err(|_| Problem::of_status(StatusCode::SERVICE_UNAVAILABLE))?;
    for (window, place) in read.told.windows.iter_mut().zip(places) {
        window.place = place;
    }
    Ok(read)
}

/// Her place and her outcomes, without JavaScript
pub async fn plain(
    who: Result<AsStudent, Problem>,
    state: web::Data<HttpState>,
    query: web::Query<PlainQuery>,
    req: HttpRequest,
) -> HttpResponse {
    let found = match who {
        Ok(AsStudent(key)) => match state.student(&key).await {
            Ok(id) => tell(&state, id).await,
            Err(problem) => Err(problem),
        },
        Err(problem) => Err(problem),
    };
    let hers = || found.as_ref().ok().and_then(|read| read.language);
    let language = query.lang.as_deref().and_then(Language::parse).or_else(hers);
    let language = language.unwrap_or_else(|| preferred_language(req.headers()));
    let words = Words {
        language,
        query: &query,
        now: state.access.clock.now(),
        accounts: state.oidc.is_some(),
    };
    answer(&words, found.map(|read| read.told))
}

fn answer(words: &Words<'_>, found: Result<Told, Problem>) -> HttpResponse {
    let status = found.as_ref().map_or_else(Problem::status, |_| StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.insert_header((CONTENT_SECURITY_POLICY, CSP));
    response.content_type("text/html; charset=utf-8");
    // Signed out stays signed out; anything else may be different in a moment.
    let every = match &found {
        Err(problem) if matches!(problem.kind.status, 401 | 403) => None,
        Ok(told) if !told.is_moving(words.now) => Some(LATER_S),
        _ => Some(SOON_S),
    };
    let every = every.filter(|_| words.query.refresh.as_deref() != Some("off"));
    if let Some(seconds) = every {
        response.insert_header((REFRESH, seconds.to_string()));
    }
    if let Err(Problem { retry_after_ms: Some(ms), .. }) = &found {
        response.insert_header((RETRY_AFTER, ms.div_ceil(1000).max(1).to_string()));
    }
    response.body(document(words, every, found.as_ref()))
}

/// An opening so near counts as about to happen.
const NEAR_MS: u64 = 5 * 60_000;

impl Told {
    /// Whether she is in line, or soon will be.
    fn is_moving(&self, now: Timestamp) -> bool {
        self.windows.iter().any(|w| match w.state {
            WindowState::Open => w.armed,
            WindowState::Planned => {
                w.opens_at.is_some_and(|at| at.0.saturating_sub(now.0) < NEAR_MS)
            }
            WindowState::Closed => false,
        })
    }
}
