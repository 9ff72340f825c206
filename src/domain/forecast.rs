//! "Will there be a seat when it is my turn?": a dry run of the plans ahead on the seats there
//! are. It looks at seats alone, so it errs towards "unlikely" when somebody ahead is refused
//! for another reason.

use std::collections::HashMap;

use super::catalogue::Catalogue;
use super::course::Quotes;
use super::ids::{CourseId, SectionId};
use super::plan::{Choice, CourseRequest, Plan};
use super::section::Quote;

/// What the dry run says of one course.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// A combination is left at her turn.
    Likely,
    /// None is left at her turn if everybody ahead takes what they ask.
    Unlikely,
    /// None is left now.
    Full,
}

impl Verdict {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Likely => "likely",
            Self::Unlikely => "unlikely",
            Self::Full => "full",
        }
    }
}

/// The forecast for one course of a plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CourseForecast {
    /// Which course.
    pub course: CourseId,
    /// Seats left now in the scarcest component, over the sections she accepts; `None` is
    /// unlimited.
    pub seats_left: Option<u32>,
    /// What the dry run says.
    pub verdict: Verdict,
    /// Sections of the course she did not name that would have a seat at her turn; filled in
    /// when the verdict is not "likely".
    pub alternatives: Vec<SectionId>,
}

/// The state of a dry run: what is left after the plans ahead.
pub struct DryRun<'a> {
    catalogue: &'a Catalogue,
    now: &'a Quotes,
    left: HashMap<SectionId, u32>,
}

impl<'a> DryRun<'a> {
    /// Starts from what there is now.
    pub fn new(catalogue: &'a Catalogue, now: &'a Quotes) -> Self {
        Self { catalogue, now, left: HashMap::new() }
    }

    fn quote(&self, section: SectionId) -> Quote {
        let closed = Quote {
            left: Some(0),
            capacity: Some(0),
            status: super::section::SectionStatus::Closed,
        };
        self.now.get(section).unwrap_or(closed)
    }

    fn room(&self, section: SectionId) -> u32 {
        let quote = self.quote(section);
        if !quote.free() {
            return 0;
        }
        self.left.get(&section).copied().unwrap_or_else(|| quote.room())
    }

    fn pick(&self, request: &CourseRequest) -> Option<Vec<SectionId>> {
        let mut chosen: Vec<SectionId> = Vec::with_capacity(request.choices.len());
        self.extend(request, &mut chosen).then_some(chosen)
    }

    /// Depth first, as the decision itself: the lecture with most seats may have no tutorial.
    fn extend(&self, request: &CourseRequest, chosen: &mut Vec<SectionId>) -> bool {
        let component = chosen.len();
        let Some(choice) = request.choices.get(component) else {
            return true;
        };
        let parent_fits =
            |s: &SectionId| self.catalogue.section(*s).parent.is_none_or(|p| chosen.contains(&p));
        let accepted = request.accepted(self.catalogue, component).iter().copied();
        let open = accepted.filter(|s| self.room(*s) > 0 && parent_fits(s));
        let mut open: Vec<SectionId> = open.collect();
        if *choice == Choice::Any {
            open.sort_by_key(|s| (std::cmp::Reverse(self.room(*s)), *s));
        }
        for section in open {
            chosen.push(section);
            if self.extend(request, chosen) {
                return true;
            }
            chosen.pop();
        }
        false
    }

    /// Takes what the plan would get.
    pub fn pass(&mut self, plan: &Plan, covers: impl Fn(CourseId) -> bool) {
        for request in plan.courses.iter().filter(|r| covers(r.course)) {
            for section in self.pick(request).unwrap_or_default() {
                let room = self.room(section);
                if room != u32::MAX {
                    self.left.insert(section, room - 1);
                }
            }
        }
    }

    /// What the plan can expect at this point of the line.
    pub fn forecast(&self, plan: &Plan, covers: impl Fn(CourseId) -> bool) -> Vec<CourseForecast> {
        let requests = plan.courses.iter().filter(|r| covers(r.course));
        requests.map(|request| self.forecast_course(request)).collect()
    }

    fn forecast_course(&self, request: &CourseRequest) -> CourseForecast {
        let seats = |component| {
            let accepted = request.accepted(self.catalogue, component).iter();
            let now = accepted.map(|s| self.quote(*s)).filter(|q| q.free()).map(Quote::room);
            now.fold(0_u32, u32::saturating_add)
        };
        let scarcest = (0..request.choices.len()).map(seats).min().unwrap_or(0);
        let verdict = match (scarcest, self.pick(request)) {
            (0, _) => Verdict::Full,
            (_, Some(_)) => Verdict::Likely,
            (_, None) => Verdict::Unlikely,
        };
        let alternatives = match verdict {
            Verdict::Likely => Vec::new(),
            _ => self.alternatives(request),
        };
        let seats_left = (scarcest != u32::MAX).then_some(scarcest);
        CourseForecast { course: request.course, seats_left, verdict, alternatives }
    }

    fn alternatives(&self, request: &CourseRequest) -> Vec<SectionId> {
        let components = self.catalogue.course(request.course).components.iter().enumerate();
        let others = components.flat_map(|(i, component)| {
            let accepted = request.accepted(self.catalogue, i);
            component.sections.iter().copied().filter(move |s| !accepted.contains(s))
        });
        let mut open: Vec<_> = others.filter(|s| self.room(*s) > 0).collect();
        open.sort_by_key(|s| (std::cmp::Reverse(self.room(*s)), *s));
        open.truncate(crate::limits::ALTERNATIVES_MAX);
        open
    }
}
