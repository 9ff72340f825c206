//! One survey of all plans for a window: what `demand`, `blockers` and `readiness` are read from.

use std::sync::Arc;

use super::aside;
use crate::domain::course::Quotes;
use crate::domain::ids::{Sequence, WindowId};
use crate::domain::section::Section;
use crate::domain::survey::Survey;
use crate::domain::window::{Window, WindowState};
use crate::http::HttpState;
use crate::http::problem::{Problem, UNKNOWN_WINDOW};
use crate::http::turns::piece;
use crate::limits;

/// A survey, and what it was read with.
pub struct SurveyData {
    /// What was counted.
    pub survey: Survey,
    /// The window, without its line.
    pub window: Window,
    /// Students imported.
    pub students: usize,
    /// By [`crate::domain::ids::SectionId`]: each section's seats.
    pub sections: Vec<Section>,
    /// The same, as quotes.
    pub quotes: Arc<Quotes>,
    /// By section: first choices.
    pub first_choices: Vec<u32>,
    /// What it rests on.
    pub as_of: Sequence,
    /// When it was read.
    pub server_time: u64,
}

/// The window that a query names; else the first that is not over, else the first.
pub(super) fn window(state: &HttpState, key: Option<&str>) -> Result<WindowId, Problem> {
    let public = state.gateway.public();
    let found = match key {
        Some(key) => public.window_id(key),
        None => {
            let ahead = public.windows.iter().position(|w| w.state != "closed");
            let any = ahead.or((!public.windows.is_empty()).then_some(0));
            any.map(|index| WindowId(index as u32))
        }
    };
    found.ok_or_else(|| {
        Problem::new(&UNKNOWN_WINDOW, "no such window; look it up in /api/admin/windows")
    })
}

/// The survey of this window, at most some seconds old.
pub(super) async fn survey(state: &HttpState, id: WindowId) -> Result<Arc<SurveyData>, Problem> {
    let kept = Arc::clone(state.console.surveys.entry(id).or_default().value());
    kept.get(gather(state, id)).await
}

async fn gather(state: &HttpState, id: WindowId) -> Result<SurveyData, Problem> {
    let gateway = &state.gateway;
    let first = piece(gateway, move |registry| {
        (registry.window(id).map(Window::without_tickets), registry.students.len())
    });
    let (_, (window, students)) = first.await?;
    let gone = || Problem::new(&UNKNOWN_WINDOW, "no such window; look it up in /api/admin/windows");
    let window = window.ok_or_else(gone)?;
    let sections = gateway.board().all().1;
    let quotes: Quotes = sections.iter().map(|s| (s.id, s.quote())).collect();
    let quotes = Arc::new(quotes);
    let mut survey = Survey::new(window.rules.key.clone());
    let (mut from, count) = (0, limits::SURVEY_TURN_ITEMS);
    let as_of = loop {
        let (as_of, sample) = piece(gateway, move |registry| registry.sample(from, count)).await?;
        let more = sample.more;
        let quotes = Arc::clone(&quotes);
        survey = aside(move || {
            survey.add(sample, &quotes);
            survey
        })
        .await?;
        from += count;
        if !more {
            break as_of;
        }
    };
    let asked = Arc::clone(&quotes);
    let (survey, first_choices) = aside(move || {
        let first = survey.demand.first_choices(&survey.catalogue, &asked);
        (survey, first)
    })
    .await?;
    let server_time = state.access.clock.now().0;
    Ok(SurveyData { survey, window, students, sections, quotes, first_choices, as_of, server_time })
}

impl SurveyData {
    /// Armed, or in line.
    pub fn armed(&self) -> u32 {
        match self.window.state {
            WindowState::Closed => 0,
            _ => self.window.waiting,
        }
    }

    /// The seats of every section of the window's courses, with its first choices.
    pub fn covered(&self) -> impl Iterator<Item = (&Section, u32)> {
        let catalogue = &self.survey.catalogue;
        let known = self.sections.iter().filter(|s| s.id.index() < catalogue.sections.len());
        let covered = known.filter(|s| self.survey.covers(catalogue.section(s.id).course));
        covered.map(|s| (s, self.first_choices.get(s.id.index()).copied().unwrap_or_default()))
    }
}
