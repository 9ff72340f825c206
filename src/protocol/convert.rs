//! Between wire and domain: keys to ids and back, with the catalogue at hand.

use std::sync::Arc;

use uuid::Uuid;

use super::client::{AnyWord, ChoiceDto, CourseRequestDto};
use super::server::{
    AheadView, BlockersView, EnrolmentView, ForecastView, MessageView, OutcomeView, PlanView,
    PreferencesView, ReasonView, SeatsView, TextView, WaitlistView, WindowView,
};
use crate::domain::account::{Preferences, Topic};
use crate::domain::catalogue::{Catalogue, Text};
use crate::domain::course::WaitlistEntry;
use crate::domain::decide::CourseBlockers;
use crate::domain::forecast::CourseForecast;
use crate::domain::ids::{CourseId, RequestId, SectionId, Sequence, StudentId, Timestamp};
use crate::domain::lottery;
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::plan::{Choice, CourseRequest, Plan};
use crate::domain::registry::{Registry, WindowNotice, WindowNoticeKind};
use crate::domain::section::{Quote, SectionStatus};
use crate::domain::student::{Enrolment, InboxItem, Notice};
use crate::domain::window::{ClashPolicy, Order, Scope, Window, WindowState};
use crate::limits;

/// A key on the wire that names nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unknown {
    /// No such course.
    #[error("no course {0}; look it up in /api/catalogue")]
    Course(String),
    /// No such section.
    #[error("no section {0}; sections are named course/section, as in /api/catalogue")]
    Section(String),
    /// Too many of something.
    #[error("at most {0} {1} in one message")]
    TooMany(usize, &'static str),
}

impl Unknown {
    /// The stable name on the wire.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Course(_) => "unknown_course",
            Self::Section(_) => "unknown_section",
            Self::TooMany(..) => "too_many",
        }
    }
}

/// The request id of the domain.
pub const fn request_id(id: Uuid) -> RequestId {
    RequestId(id.into_bytes())
}

/// The request id of the wire.
pub const fn uuid(id: RequestId) -> Uuid {
    Uuid::from_bytes(id.0)
}

/// Course code to id.
pub fn course_id(catalogue: &Catalogue, key: &str) -> Result<CourseId, Unknown> {
    catalogue.course_id(key).ok_or_else(|| Unknown::Course(shorten(key)))
}

/// Section key to id.
pub fn section_id(catalogue: &Catalogue, key: &str) -> Result<SectionId, Unknown> {
    catalogue.section_id(key).ok_or_else(|| Unknown::Section(shorten(key)))
}

fn shorten(key: &str) -> String {
    key.chars().take(limits::ECHO_CHARS_MAX).collect()
}

/// A course request of the domain; its shape is checked by the domain.
pub fn course_request(
    catalogue: &Catalogue,
    dto: &CourseRequestDto,
) -> Result<CourseRequest, Unknown> {
    let course = course_id(catalogue, &dto.course)?;
    if dto.choices.is_empty() {
        return Ok(CourseRequest::any(catalogue, course, dto.waitlist));
    }
    let choices = dto.choices.iter().map(|choice| match choice {
        ChoiceDto::Any(_) => Ok(Choice::Any),
        ChoiceDto::Ranked(keys) => {
            let ids = keys.iter().map(|key| section_id(catalogue, key));
            Ok(Choice::Ranked(ids.collect::<Result<_, _>>()?))
        }
    });
    let choices = choices.collect::<Result<_, _>>()?;
    Ok(CourseRequest { course, choices, waitlist: dto.waitlist })
}

/// A plan of the domain; its shape is checked by the domain.
pub fn plan(catalogue: &Catalogue, dtos: &[CourseRequestDto]) -> Result<Plan, Unknown> {
    if dtos.len() > limits::PLAN_REQUESTS_MAX {
        return Err(Unknown::TooMany(limits::PLAN_REQUESTS_MAX, "courses"));
    }
    let courses = dtos.iter().map(|dto| course_request(catalogue, dto).map(Arc::new));
    Ok(Plan { courses: courses.collect::<Result<_, _>>()? })
}

fn course_key(catalogue: &Catalogue, id: CourseId) -> String {
    catalogue.course(id).key.to_string()
}

fn section_keys(catalogue: &Catalogue, ids: &[SectionId]) -> Vec<String> {
    ids.iter().map(|id| catalogue.section(*id).key.to_string()).collect()
}

/// A course request for the wire.
pub fn course_request_view(catalogue: &Catalogue, request: &CourseRequest) -> CourseRequestDto {
    let choices = request.choices.iter().map(|choice| match choice {
        Choice::Any => ChoiceDto::Any(AnyWord::Any),
        Choice::Ranked(ids) => ChoiceDto::Ranked(section_keys(catalogue, ids)),
    });
    CourseRequestDto {
        course: course_key(catalogue, request.course),
        choices: choices.collect(),
        waitlist: request.waitlist,
    }
}

/// A plan for the wire.
pub fn plan_view(catalogue: &Catalogue, plan: &Plan, blockers: &[CourseBlockers]) -> PlanView {
    let credits = plan.courses.iter().map(|r| catalogue.course(r.course).credits.0).sum::<u32>();
    PlanView {
        courses: plan.courses.iter().map(|r| course_request_view(catalogue, r)).collect(),
        blockers: blockers
            .iter()
            .map(|b| BlockersView {
                course: course_key(catalogue, b.course),
                blockers: b.blockers.iter().map(|r| reason_view(catalogue, r)).collect(),
                clash: b.clash.map(|course| course_key(catalogue, course)),
            })
            .collect(),
        credits: f64::from(credits) / 100.0,
    }
}

/// A reason for the wire.
pub fn reason_view(catalogue: &Catalogue, reason: &Reason) -> ReasonView {
    let about = match reason {
        Reason::Blocked(code) => Some(code.to_string()),
        Reason::PrerequisiteMissing(course) => Some(course.to_string()),
        Reason::CreditLimit(over) => Some(over.to_string()),
        Reason::Clash(course) => Some(course_key(catalogue, *course)),
        _ => None,
    };
    ReasonView { reason: reason.key().to_owned(), about }
}

/// An outcome for the wire.
pub fn outcome_view(
    catalogue: &Catalogue,
    id: RequestId,
    course: CourseId,
    outcome: &Outcome,
    instead_of: Option<CourseId>,
    (journal, at): (Sequence, Timestamp),
) -> OutcomeView {
    let mut view = OutcomeView {
        id: uuid(id),
        course: course_key(catalogue, course),
        outcome: outcome.key().to_owned(),
        sections: Vec::new(),
        clash: false,
        rank: None,
        keeps: None,
        instead_of: instead_of.map(|course| course_key(catalogue, course)),
        reason: None,
        about: None,
        journal: journal.0,
        at: at.0,
    };
    match outcome {
        Outcome::Enrolled { sections, clash } => {
            view.sections = section_keys(catalogue, sections);
            view.clash = *clash;
        }
        Outcome::Waitlisted { rank, keeps, .. } => {
            view.rank = Some(*rank);
            view.keeps = keeps.map(|course| course_key(catalogue, course));
        }
        Outcome::Refused(reason) => {
            let reason = reason_view(catalogue, reason);
            view.reason = Some(reason.reason);
            view.about = reason.about;
        }
        Outcome::Dropped | Outcome::LeftWaitlist => {}
    }
    view
}

/// An enrolment for the wire.
pub fn enrolment_view(catalogue: &Catalogue, enrolment: &Enrolment) -> EnrolmentView {
    EnrolmentView {
        course: course_key(catalogue, enrolment.course),
        sections: section_keys(catalogue, &enrolment.sections),
        journal: enrolment.since.0,
    }
}

/// A place on a waitlist for the wire, with how many are `ahead` for each section she names.
pub fn waitlist_view(
    catalogue: &Catalogue,
    entry: &WaitlistEntry,
    rank: u32,
    ahead: impl Fn(SectionId) -> u32,
) -> WaitlistView {
    let named = entry.request.choices.iter().flat_map(|choice| match choice {
        Choice::Any => &[][..],
        Choice::Ranked(sections) => sections.as_slice(),
    });
    let ahead = named.map(|section| AheadView {
        section: catalogue.section(*section).key.to_string(),
        ahead: ahead(*section),
    });
    WaitlistView {
        course: course_key(catalogue, entry.request.course),
        rank,
        ahead: ahead.collect(),
        keeps: entry.replaces.map(|course| course_key(catalogue, course)),
    }
}

/// Every waitlist that she is on, for the wire.
pub fn waitlist_views(registry: &Registry, student: StudentId) -> Vec<WaitlistView> {
    let catalogue = &registry.catalogue;
    let waiting = registry.student(student).waiting.iter().filter_map(|course| {
        let book = registry.book(*course);
        let rank = book.rank(student)?;
        let entry = &book.waitlist[rank as usize - 1];
        let ahead = |section| book.ahead_for(catalogue, student, section);
        Some(waitlist_view(catalogue, entry, rank, ahead))
    });
    waiting.collect()
}

/// Preferences for the wire.
pub fn preferences_view(preferences: &Preferences) -> PreferencesView {
    let topics = Topic::ALL.into_iter().filter(|topic| preferences.topics.has(*topic));
    PreferencesView {
        language: preferences.language.map(|language| language.as_str().to_owned()),
        notify: preferences.notify,
        topics: topics.map(|topic| topic.as_str().to_owned()).collect(),
    }
}

/// A text for the wire.
pub fn text_view(text: &Text) -> TextView {
    TextView { nl: text.nl.to_string(), en: text.en.to_string() }
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A window for the wire; its seed only once it has opened.
pub fn window_view(catalogue: &Catalogue, window: &Window) -> WindowView {
    let rules = &window.rules;
    WindowView {
        key: rules.key.to_string(),
        name: text_view(&rules.name),
        term: catalogue.terms[usize::from(rules.term)].key.to_string(),
        state: window_state(window.state).to_owned(),
        paused: window.paused,
        opens_at: rules.opens_at.map(|t| t.0),
        closes_at: rules.closes_at.map(|t| t.0),
        order: match rules.order {
            Order::Lottery => "lottery".to_owned(),
            Order::Arrival => "arrival".to_owned(),
        },
        pace: rules.pace,
        clash: match rules.clash {
            ClashPolicy::Refuse => "refuse".to_owned(),
            ClashPolicy::Warn => "warn".to_owned(),
        },
        credit_limit: rules.credit_limit.map(|c| f64::from(c.0) / 100.0),
        waitlists: rules.waitlists,
        rehearsal: rules.rehearsal,
        run: window.run,
        seed_hash: hex(&lottery::seed_hash(&rules.seed)),
        seed: window.opened_at.map(|_| hex(&rules.seed)),
        waiting: window.waiting,
        scope: match rules.scope {
            Scope::Courses => "courses".to_owned(),
            Scope::Exams => "exams".to_owned(),
            Scope::Only(_) => "only".to_owned(),
        },
        only: match &rules.scope {
            Scope::Only(keys) => keys.iter().map(ToString::to_string).collect(),
            Scope::Courses | Scope::Exams => Vec::new(),
        },
    }
}

/// A window's state on the wire.
pub const fn window_state(state: WindowState) -> &'static str {
    match state {
        WindowState::Planned => "planned",
        WindowState::Open => "open",
        WindowState::Closed => "closed",
    }
}

/// A section's status on the wire.
pub const fn section_status(status: SectionStatus) -> &'static str {
    status.key()
}

/// A section's seats for the wire.
pub fn seats_view(catalogue: &Catalogue, section: SectionId, quote: Quote) -> SeatsView {
    SeatsView {
        section: catalogue.section(section).key.to_string(),
        left: quote.left,
        status: section_status(quote.status).to_owned(),
    }
}

/// A forecast for the wire.
pub fn forecast_view(catalogue: &Catalogue, forecast: &CourseForecast) -> ForecastView {
    ForecastView {
        course: course_key(catalogue, forecast.course),
        seats_left: forecast.seats_left,
        verdict: forecast.verdict.as_str().to_owned(),
        alternatives: section_keys(catalogue, &forecast.alternatives),
    }
}

/// A message of her own for the wire; `index` tells apart those of one record.
pub fn message_view(
    registry: &Registry,
    item: &InboxItem,
    index: usize,
    read_up_to: Sequence,
) -> MessageView {
    let catalogue = &registry.catalogue;
    let mut view = MessageView {
        journal: item.sequence.0,
        id: format!("{}.{index}", item.sequence),
        at: item.at.0,
        kind: String::new(),
        course: None,
        part: None,
        passed: None,
        sections: Vec::new(),
        window: None,
        reason: None,
        about: None,
        instead_of: None,
        note: None,
        read: item.sequence <= read_up_to,
    };
    match &item.notice {
        Notice::Outcome { request, course, outcome, instead_of } => {
            let when = (item.sequence, item.at);
            let o = outcome_view(catalogue, *request, *course, outcome, *instead_of, when);
            view.kind = o.outcome;
            view.course = Some(o.course);
            view.sections = o.sections;
            view.reason = o.reason;
            view.about = o.about.or(o.rank.map(|rank| rank.to_string()));
            view.instead_of = o.instead_of;
        }
        Notice::Promoted { course, sections, replaces } => {
            view.kind = "promoted".to_owned();
            view.course = Some(course_key(catalogue, *course));
            view.sections = section_keys(catalogue, sections);
            view.about = replaces.map(|course| course_key(catalogue, course));
        }
        Notice::PassedOver { course, blocker } => {
            let reason = reason_view(catalogue, blocker);
            view.kind = "passed_over".to_owned();
            view.course = Some(course_key(catalogue, *course));
            view.reason = Some(reason.reason);
            view.about = reason.about;
        }
        Notice::CapacityChanged { section, capacity } => {
            view.kind = "capacity_changed".to_owned();
            view.course = Some(course_key(catalogue, catalogue.section(*section).course));
            view.sections = section_keys(catalogue, &[*section]);
            view.about = capacity.map(|seats| seats.to_string());
        }
        Notice::SectionStatus { section, status, reason } => {
            view.note = reason.as_deref().map(str::to_owned);
            view.kind = match status {
                SectionStatus::Open => "section_opened".to_owned(),
                SectionStatus::Closed => "section_closed".to_owned(),
                SectionStatus::Cancelled => "section_cancelled".to_owned(),
            };
            view.course = Some(course_key(catalogue, catalogue.section(*section).course));
            view.sections = section_keys(catalogue, &[*section]);
        }
        Notice::Placed { course, sections, moved, reason, .. } => {
            let kind = if *moved { "registrar_moved" } else { "registrar_enrolled" };
            view.kind = kind.to_owned();
            view.course = Some(course_key(catalogue, *course));
            view.sections = section_keys(catalogue, sections);
            view.note = reason.as_deref().map(str::to_owned);
        }
        Notice::Removed { course, reason } => {
            view.kind = "registrar_dropped".to_owned();
            view.course = Some(course_key(catalogue, *course));
            view.note = reason.as_deref().map(str::to_owned);
        }
        Notice::Block { code, blocked, reason } => {
            let kind = if *blocked { "blocked" } else { "unblocked" };
            view.kind = kind.to_owned();
            view.about = Some(code.to_string());
            view.note = reason.as_deref().map(str::to_owned);
        }
        Notice::TicketEnded { window } => {
            view.kind = "ticket_ended".to_owned();
            view.window = registry.window(*window).map(|w| w.rules.key.to_string());
        }
        Notice::Result { result, corrected } => {
            let kind = if *corrected { "result_corrected" } else { "result" };
            view.kind = kind.to_owned();
            view.course = Some(result.course.to_string());
            view.part = result.component.as_ref().map(ToString::to_string);
            view.passed = Some(result.passed);
            view.about = Some(result.grade.to_string());
        }
    }
    view
}

/// A window's message for the wire: one record, expanded here for whoever reads it.
pub fn window_message_view(
    registry: &Registry,
    notice: &WindowNotice,
    read_up_to: Sequence,
) -> MessageView {
    let kind = match notice.kind {
        WindowNoticeKind::Opened => "window_opened",
        WindowNoticeKind::Closing => "window_closing",
        WindowNoticeKind::Closed => "window_closed",
        WindowNoticeKind::Reset => "window_reset",
        WindowNoticeKind::Paused => "window_paused",
        WindowNoticeKind::Resumed => "window_resumed",
    };
    MessageView {
        journal: notice.sequence.0,
        id: format!("{}.w", notice.sequence),
        at: notice.at.0,
        kind: kind.to_owned(),
        course: None,
        part: None,
        passed: None,
        sections: Vec::new(),
        window: registry.window(notice.window).map(|w| w.rules.key.to_string()),
        reason: None,
        about: None,
        instead_of: None,
        note: None,
        read: notice.sequence <= read_up_to,
    }
}
