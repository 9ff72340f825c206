//! `/api/admin/board`: windows and sections as they are now, under which pressure, how fast.

use std::cmp::Reverse;
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::aside;
use super::types::{Board, BoardSection, BoardWindow};
use crate::domain::catalogue::Catalogue;
use crate::domain::course::Quotes;
use crate::domain::ids::{CourseId, Sequence, WindowId};
use crate::domain::plan::{CourseRequest, Plan};
use crate::domain::section::Section;
use crate::domain::survey::Demand;
use crate::domain::window::{Window, WindowState};
use crate::http::HttpState;
use crate::http::access::AsRegistrar;
use crate::http::openapi::ReadProblems;
use crate::http::problem::{INVALID, Problem};
use crate::http::turns::piece;
use crate::limits;
use crate::protocol::convert::{section_status, text_view};

/// What to show.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BoardQuery {
    /// `pressure` (unless said otherwise), `taken`, `waitlist`, `in_line` or `rate`, most first;
    /// or `code`.
    pub sort: Option<String>,
    /// Words that must all occur in the section's key or its course's name.
    pub q: Option<String>,
    /// Sections a page, at most 500; 100 unless said otherwise.
    pub limit: Option<u32>,
    /// Page, from 1.
    pub page: Option<u32>,
}

/// The whole board, as it was read.
pub struct BoardData {
    windows: Vec<BoardWindow>,
    sections: Vec<BoardSection>,
    /// By section: what a search looks in.
    search: Vec<String>,
    as_of: Sequence,
    server_time: u64,
}

/// What the board is counted from.
struct Facts {
    catalogue: Arc<Catalogue>,
    /// Without their lines.
    windows: Vec<Window>,
    /// Plans that wait in each window's line.
    in_line: Vec<Vec<Arc<Plan>>>,
    waitlisted: Vec<Arc<CourseRequest>>,
    sections: Vec<Section>,
    per_minute: Vec<f64>,
}

async fn facts(state: &HttpState) -> Result<(Sequence, Facts), Problem> {
    let gateway = &state.gateway;
    let count = limits::SURVEY_TURN_ITEMS;
    let first = piece(gateway, |registry| {
        let windows = registry.windows.iter().map(Window::without_tickets);
        (Arc::clone(&registry.catalogue), windows.collect::<Vec<_>>())
    });
    let (mut as_of, (catalogue, windows)) = first.await?;
    let mut in_line = vec![Vec::new(); windows.len()];
    for (index, plans) in in_line.iter_mut().enumerate() {
        let window = WindowId(index as u32);
        let mut next = (windows[index].waiting > 0).then_some(0);
        while let Some(from) = next {
            let read = piece(gateway, move |r| r.waiting_plans(window, from, count)).await?;
            as_of = read.0;
            plans.extend(read.1.0);
            next = read.1.1;
        }
    }
    let mut waitlisted = Vec::new();
    let mut next = Some((CourseId(0), Sequence(0)));
    while let Some(from) = next {
        let read = piece(gateway, move |registry| {
            let (places, next) = registry.waiting_from(from, count);
            let requests = places.iter().map(|(.., entry)| Arc::clone(&entry.request));
            (requests.collect::<Vec<_>>(), next)
        });
        let (read, (requests, then)) = read.await?;
        as_of = read;
        waitlisted.extend(requests);
        next = then;
    }
    let (seats_as_of, sections) = gateway.board().all();
    let per_minute = state.console.samples.per_minute(&sections);
    let facts = Facts { catalogue, windows, in_line, waitlisted, sections, per_minute };
    Ok((as_of.max(seats_as_of), facts))
}

impl Facts {
    /// An import between two pieces may have brought courses that this catalogue has not.
    fn known(&self, request: &CourseRequest) -> bool {
        request.course.index() < self.catalogue.courses.len()
    }

    fn sections(&self) -> Vec<BoardSection> {
        let quotes: Quotes = self.sections.iter().map(|s| (s.id, s.quote())).collect();
        let (mut line, mut lists) = (Demand::default(), Demand::default());
        for request in self.waitlisted.iter().filter(|r| self.known(r)) {
            lists.add(&self.catalogue, request);
        }
        for (window, plans) in self.windows.iter().zip(&self.in_line) {
            let courses = (0..self.catalogue.courses.len() as u32).map(CourseId);
            let covered: Vec<_> = match plans.is_empty() {
                true => continue,
                false => courses.map(|c| window.covers(&self.catalogue, c)).collect(),
            };
            for request in plans.iter().flat_map(|plan| &plan.courses) {
                if covered.get(request.course.index()) == Some(&true) {
                    line.add(&self.catalogue, request);
                }
            }
        }
        let first = line.first_choices(&self.catalogue, &quotes);
        let sections =
            self.sections.iter().filter(|s| s.id.index() < self.catalogue.sections.len());
        let section = |seats: &Section| {
            let index = seats.id.index();
            let per_minute = self.per_minute.get(index).copied().unwrap_or_default();
            section_view(
                &self.catalogue,
                seats,
                lists.accepting(seats.id),
                first[index],
                per_minute,
            )
        };
        sections.map(section).collect()
    }
}

fn section_view(
    catalogue: &Catalogue,
    seats: &Section,
    waitlisted: u32,
    in_line: u32,
    per_minute: f64,
) -> BoardSection {
    let info = catalogue.section(seats.id);
    let course = catalogue.course(info.course);
    let wanted = f64::from(seats.taken) + f64::from(waitlisted) + f64::from(in_line);
    let pressure = |capacity: u32| (wanted / f64::from(capacity.max(1)) * 1000.0).round() / 1000.0;
    BoardSection {
        section: info.key.to_string(),
        course: course.key.to_string(),
        name: text_view(&course.name),
        component: info.component,
        kind: course.components[usize::from(info.component)].kind.as_str().to_owned(),
        capacity: seats.capacity,
        taken: seats.taken,
        waitlisted,
        in_line,
        per_minute,
        status: section_status(seats.status).to_owned(),
        over_capacity: seats.over_capacity(),
        pressure: seats.capacity.map(pressure),
    }
}

async fn gather(state: &HttpState) -> Result<BoardData, Problem> {
    let (as_of, facts) = facts(state).await?;
    let board = state.gateway.board();
    let mut windows = Vec::new();
    for (index, mut view) in state.gateway.public().windows.iter().cloned().enumerate() {
        let line = board.line(WindowId(index as u32));
        let window = facts.windows.get(index);
        view.waiting = window.map_or(view.waiting, |w| w.waiting);
        let served = window.is_some_and(|w| w.state == WindowState::Open && w.waiting > 0);
        let rate = line.filter(|_| served).and_then(|line| line.rate);
        let rate = rate.map(|rate| (rate * 10.0).round() / 10.0);
        windows.push(BoardWindow { rate, window: view });
    }
    let sections = aside(move || facts.sections()).await?;
    let search = sections
        .iter()
        .map(|s| format!("{} {} {}", s.section, s.name.nl, s.name.en).to_lowercase());
    let search = search.collect();
    let server_time = state.access.clock.now().0;
    Ok(BoardData { windows, sections, search, as_of, server_time })
}

/// An order of sections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sort {
    Pressure,
    Code,
    Taken,
    Waitlist,
    InLine,
    Rate,
}

impl Sort {
    fn parse(name: Option<&str>) -> Result<Self, Problem> {
        match name {
            None | Some("pressure") => Ok(Self::Pressure),
            Some("code") => Ok(Self::Code),
            Some("taken") => Ok(Self::Taken),
            Some("waitlist") => Ok(Self::Waitlist),
            Some("in_line") => Ok(Self::InLine),
            Some("rate") => Ok(Self::Rate),
            Some(_) => {
                let all = "sort is pressure, code, taken, waitlist, in_line or rate";
                Err(Problem::new(&INVALID, all))
            }
        }
    }

    /// Most first, then by key.
    fn sort(self, sections: &mut [&BoardSection]) {
        let most = |a: &f64, b: &f64| b.total_cmp(a);
        sections.sort_by(|a, b| {
            let by = match self {
                Self::Pressure => most(&a.pressure.unwrap_or(-1.0), &b.pressure.unwrap_or(-1.0)),
                Self::Code => std::cmp::Ordering::Equal,
                Self::Taken => Reverse(a.taken).cmp(&Reverse(b.taken)),
                Self::Waitlist => Reverse(a.waitlisted).cmp(&Reverse(b.waitlisted)),
                Self::InLine => Reverse(a.in_line).cmp(&Reverse(b.in_line)),
                Self::Rate => most(&a.per_minute, &b.per_minute),
            };
            by.then_with(|| a.section.cmp(&b.section))
        });
    }
}

impl BoardData {
    fn page(&self, query: &BoardQuery) -> Result<Board, Problem> {
        let sort = Sort::parse(query.sort.as_deref())?;
        let (page, limit) = (query.page.unwrap_or(1), query.limit.unwrap_or(100));
        if page == 0 || limit == 0 || limit > limits::BOARD_SECTIONS_MAX {
            let most = limits::BOARD_SECTIONS_MAX;
            let detail = format!("pages count from 1 and hold 1 to {most} sections");
            return Err(Problem::new(&INVALID, detail));
        }
        let q = query.q.as_deref().unwrap_or_default().to_lowercase();
        if q.chars().count() > limits::SEARCH_CHARS_MAX {
            let detail = format!("search for at most {} characters", limits::SEARCH_CHARS_MAX);
            return Err(Problem::new(&INVALID, detail));
        }
        let words: Vec<&str> = q.split_whitespace().collect();
        let pairs = self.sections.iter().zip(&self.search);
        let found = pairs.filter(|(_, text)| words.iter().all(|word| text.contains(word)));
        let mut found: Vec<_> = found.map(|(section, _)| section).collect();
        sort.sort(&mut found);
        let total = found.len() as u32;
        let skip = (page as usize - 1).saturating_mul(limit as usize);
        let sections = found.into_iter().skip(skip).take(limit as usize).cloned().collect();
        let (as_of, server_time) = (self.as_of.0, self.server_time);
        Ok(Board { windows: self.windows.clone(), sections, total, as_of, server_time })
    }
}

/// Windows and sections now: seats, waitlists, who waits in line, how fast
///
/// Kept for about a second: `as_of` and `server_time` say from when it is.
#[utoipa::path(
    get, path = "/api/admin/board", tag = "registrar", params(BoardQuery),
    responses((status = 200, body = Board), ReadProblems)
)]
pub async fn board(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
    query: web::Query<BoardQuery>,
) -> Result<HttpResponse, Problem> {
    let data = state.console.board.get(gather(&state)).await?;
    Ok(HttpResponse::Ok().json(data.page(&query)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::SectionId;
    use crate::domain::testkit::{draft, lecture, sec};

    /// A board of four sections under known pressure.
    fn data() -> BoardData {
        let given = draft().course("A", &[lecture(&[sec("A/1", 10), sec("A/2", 0)])]);
        let world = given.simple("B", 4).with(|c| c.components[0].sections[0].capacity = None);
        let world = world.simple("C", 4).students(1).window(|_| {}).given();
        let catalogue = &world.university.registry.catalogue;
        let view = |id: u32, taken, waitlisted, in_line, rate| {
            let seats = Section { taken, ..world.university.sections[id as usize] };
            assert_eq!(seats.id, SectionId(id));
            section_view(catalogue, &seats, waitlisted, in_line, rate)
        };
        let sections = vec![
            view(0, 9, 0, 1, 2.0),
            view(1, 1, 2, 0, 0.0),
            view(2, 50, 0, 9, 5.0),
            view(3, 4, 1, 2, -1.0),
        ];
        let search = sections.iter().map(|s| s.section.to_lowercase()).collect();
        BoardData { windows: vec![], sections, search, as_of: Sequence(7), server_time: 1 }
    }

    fn keys(query: &BoardQuery) -> Vec<String> {
        let board = data().page(query).unwrap();
        board.sections.into_iter().map(|s| s.section).collect()
    }

    #[test]
    fn pressure_is_all_that_is_asked_for_each_seat() {
        let pressure: Vec<_> = data().sections.iter().map(|s| s.pressure).collect();
        assert_eq!(pressure, [Some(1.0), Some(3.0), None, Some(1.75)]);
        assert_eq!(data().sections[1].over_capacity, 1);
    }

    #[test]
    fn the_board_is_sorted_searched_and_cut_into_pages() {
        let by = |sort: &str| BoardQuery { sort: Some(sort.to_owned()), ..BoardQuery::default() };
        for (sort, expected) in [
            ("pressure", ["A/2", "C/1", "A/1", "B/1"]),
            ("code", ["A/1", "A/2", "B/1", "C/1"]),
            ("taken", ["B/1", "A/1", "C/1", "A/2"]),
            ("waitlist", ["A/2", "C/1", "A/1", "B/1"]),
            ("in_line", ["B/1", "C/1", "A/1", "A/2"]),
            ("rate", ["B/1", "A/1", "A/2", "C/1"]),
        ] {
            assert_eq!(keys(&by(sort)), expected, "{sort}");
        }
        let found = BoardQuery { q: Some("A/ 2".to_owned()), ..BoardQuery::default() };
        assert_eq!(keys(&found), ["A/2"]);
        let page = |page| BoardQuery { page: Some(page), limit: Some(3), ..by("code") };
        assert_eq!(keys(&page(2)), ["C/1"]);
        assert_eq!(data().page(&page(u32::MAX)).unwrap().total, 4);
    }

    #[test]
    fn a_query_has_bounds() {
        let query = BoardQuery::default;
        let most = limits::BOARD_SECTIONS_MAX;
        assert!(data().page(&BoardQuery { limit: Some(most), ..query() }).is_ok());
        let q = |n| Some("ü".repeat(n));
        assert!(data().page(&BoardQuery { q: q(limits::SEARCH_CHARS_MAX), ..query() }).is_ok());
        for bad in [
            BoardQuery { limit: Some(most + 1), ..query() },
            BoardQuery { limit: Some(0), ..query() },
            BoardQuery { page: Some(0), ..query() },
            BoardQuery { sort: Some("colour".to_owned()), ..query() },
            BoardQuery { q: q(limits::SEARCH_CHARS_MAX + 1), ..query() },
        ] {
            assert_eq!(data().page(&bad).unwrap_err().kind.code, "invalid", "{bad:?}");
        }
    }
}
