//! `/api/admin/student/why`: the state just before a decision, read back from the journal on a
//! thread of its own, and the decision explained. One at a time: a second caller is told Busy.

use actix_web::{HttpResponse, web};

use super::aside;
use super::types::{Why, WhyBody, WhyCombination, WhySection, WhyStep};
use crate::domain::catalogue::Catalogue;
use crate::domain::course::Tried;
use crate::domain::event::Record;
use crate::domain::ids::{CourseId, Key, SectionId, Sequence};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::registry::Registry;
use crate::domain::why::{self, Came, Check, Rule};
use crate::http::HttpState;
use crate::http::access::AsRegistrar;
use crate::http::admin_student::find;
use crate::http::openapi::ChangeProblems;
use crate::http::problem::{BUSY, FAULT, NOT_FOUND, NOT_READY, Problem};
use crate::journal::JournalError;
use crate::limits;
use crate::protocol::convert::{course_id, reason_view, section_status};

/// How long a second caller is asked to wait, in milliseconds: a look back takes as long as a start.
const RETRY_MS: u32 = 2_000;

fn came_key(came: &Came) -> &'static str {
    match came {
        Came::Outcome(outcome) => outcome.key(),
        Came::Promoted(..) => "promoted",
        Came::PassedOver(_) => "passed_over",
    }
}

const fn rule_key(rule: Rule) -> &'static str {
    match rule {
        Rule::Lottery => "lottery",
        Rule::Arrival => "arrival",
        Rule::Direct => "direct",
        Rule::Swap => "swap",
        Rule::Drop => "drop",
        Rule::Leave => "leave",
        Rule::Waitlist => "waitlist",
    }
}

fn fact(key: &str, value: impl ToString, of: Option<u32>) -> WhyStep {
    WhyStep {
        key: key.to_owned(),
        state: "fact".to_owned(),
        value: Some(value.to_string()),
        of: of.map(|n| n.to_string()),
        about: None,
    }
}

fn facts(registry: &Registry, turn: &why::Turn) -> Vec<WhyStep> {
    let window = turn.window.and_then(|id| registry.window(id));
    let mut steps: Vec<_> =
        window.map(|w| fact("window", &w.rules.key, None)).into_iter().collect();
    steps.extend(turn.ticket.map(|ticket| fact("ticket", ticket.0, None)));
    steps.extend(turn.place.map(|(at, of)| fact("drawn", at, Some(of))));
    steps.extend(turn.served.map(|served| fact("served", served, None)));
    steps.extend(turn.in_plan.map(|(at, of)| fact("plan_place", at, Some(of))));
    steps.extend(turn.ahead.map(|(ahead, of)| fact("ahead", ahead, Some(of))));
    steps
}

fn codes(keys: &[Key]) -> Option<String> {
    let all: Vec<_> = keys.iter().map(Key::as_str).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

/// A check's stable name, with what was found, against what, and about what.
type Told = (&'static str, Option<String>, Option<String>, Option<String>);

fn told(catalogue: &Catalogue, check: &Check, rank: Option<u32>) -> Told {
    let code = |course: &CourseId| catalogue.course(*course).key.to_string();
    match check {
        Check::HasPlace(_) => ("has_place", None, None, None),
        Check::HasAlready(has) => {
            ("has_already", has.as_ref().map(|has| has.key().to_owned()), None, None)
        }
        Check::Covered(_) => ("window_covers", None, None, None),
        Check::Blocked(blocks) => ("blocked", codes(blocks), None, None),
        Check::Prerequisites(asked, missing) => {
            ("prerequisites", codes(missing), codes(asked), None)
        }
        Check::Credits(before, course, limit) => {
            let limit = limit.map(|limit| limit.to_string());
            ("credits", Some(before.to_string()), limit, Some(course.to_string()))
        }
        Check::Open(_) => ("open", None, None, None),
        Check::Clash(with) => ("clash", None, None, with.as_ref().map(code)),
        Check::Seats(_) => ("seats", None, None, None),
        Check::Waitlist(asked, offered, length) => {
            let why_not = match (asked, offered) {
                (_, false) => Some("not_offered".to_owned()),
                (false, true) => Some("not_asked".to_owned()),
                (true, true) => rank.map(|rank| rank.to_string()),
            };
            let most = limits::WAITLIST_ENTRIES_MAX.to_string();
            ("waitlist", Some(length.to_string()), Some(most), why_not)
        }
    }
}

/// In order of precedence: after the first that stopped it nothing was looked at, but the waitlist
/// when there was no seat.
fn checks(catalogue: &Catalogue, why: &why::Why) -> Vec<WhyStep> {
    let rank = match &why.came {
        Came::Outcome(Outcome::Waitlisted { rank, .. }) => Some(*rank),
        _ => None,
    };
    let mut stopped: Option<&Check> = None;
    let mut steps = Vec::new();
    for check in &why.checks {
        let is_waitlist = matches!(check, Check::Waitlist(..));
        let reached = match stopped {
            None => !is_waitlist,
            Some(Check::Seats(_)) => is_waitlist,
            Some(_) => false,
        };
        let state = match (reached, check.passes()) {
            (false, _) => "not_reached",
            (true, true) => "passed",
            (true, false) => "stopped",
        };
        if state == "stopped" {
            stopped = Some(check);
        }
        let (key, value, of, about) = told(catalogue, check, rank);
        let (key, state) = (key.to_owned(), state.to_owned());
        steps.push(WhyStep { key, state, value, of, about });
    }
    steps
}

fn view(registry: &Registry, record: &Record, course: CourseId, why: &why::Why) -> Why {
    let catalogue = &registry.catalogue;
    let section_key = |id: SectionId| catalogue.section(id).key.to_string();
    let course_key = |id: CourseId| catalogue.course(id).key.to_string();
    let mut steps = facts(registry, &why.turn);
    steps.extend(checks(catalogue, why));
    let sections = why.sections.iter().map(|then| WhySection {
        section: section_key(then.seats.id),
        kind: then.kind.as_str().to_owned(),
        rank: then.rank,
        capacity: then.seats.capacity,
        left: then.seats.quote().left,
        status: section_status(then.seats.status).to_owned(),
        clash: then.clash.map(course_key),
        granted: then.granted,
    });
    let combinations = why.combinations.iter().map(|(sections, tried)| {
        let (state, about) = match tried {
            Tried::Fits => ("fits", None),
            Tried::Full(section) => ("full", Some(section_key(*section))),
            Tried::Clash(course) => ("clash", Some(course_key(*course))),
        };
        let sections = sections.iter().map(|s| section_key(*s)).collect();
        WhyCombination { sections, state: state.to_owned(), about }
    });
    let reason = match &why.came {
        Came::Outcome(Outcome::Refused(reason)) | Came::PassedOver(reason) => Some(reason),
        _ => None,
    };
    let reason = reason.map(|reason: &Reason| reason_view(catalogue, reason));
    Why {
        journal: record.sequence.0,
        at: record.at.0,
        course: course_key(course),
        outcome: came_key(&why.came).to_owned(),
        reason: reason.as_ref().map(|r| r.reason.clone()),
        about: reason.and_then(|r| r.about),
        rule: rule_key(why.rule).to_owned(),
        steps,
        sections: sections.collect(),
        combinations: combinations.collect(),
        more: why.more as u32,
        request_known: why.request_known,
        agrees: why.agrees,
    }
}

fn not_about_her(journal: u64) -> Problem {
    let detail = format!(
        "record {journal} decides nothing about this student and course; take a \
                          decision from the student's file"
    );
    Problem::new(&NOT_FOUND, detail)
}

/// Why a course came out as it did: the decision's inputs and rule
///
/// The journal is read back up to that record by a background reader, which may take as long as a
/// start; a second one at the same time is Busy.
#[utoipa::path(
    post, path = "/api/admin/student/why", tag = "registrar", request_body = WhyBody,
    responses((status = 200, body = Why), ChangeProblems)
)]
pub async fn why(
    _registrar: AsRegistrar,
    state: web::Data<HttpState>,
    body: web::Json<WhyBody>,
) -> Result<HttpResponse, Problem> {
    let student = find(&state, &body.student).await?;
    let course = course_id(&state.gateway.catalogue(), &body.course)?;
    let Some(archive) = state.console.archive.clone() else {
        return Err(Problem::new(&NOT_READY, "this gateway has no journal to look back in"));
    };
    let journal = body.journal;
    let Some(look) = archive.look_back() else {
        let busy = "another decision is being looked up; ask again in a moment";
        return Err(Problem::new(&BUSY, busy).retry_after(RETRY_MS));
    };
    let gateway = state.gateway.clone();
    let found = aside(move || -> Result<Option<Why>, JournalError> {
        let record = archive.record(Sequence(journal))?;
        let Some(record) = record.filter(|r| why::concerns(r, student, course)) else {
            return Ok(None);
        };
        let before = look.before(record.sequence, || gateway.is_ready())?;
        let found = why::explain(&before, &record, student, course);
        Ok(found.map(|found| view(&before.registry, &record, course, &found)))
    });
    let found = found.await?.map_err(|error| {
        tracing::error!(%error, "the journal cannot be looked back into");
        Problem::new(&FAULT, "the journal cannot be read; it has been logged")
    });
    Ok(HttpResponse::Ok().json(found?.ok_or_else(|| not_about_her(journal))?))
}
