//! Every "no" of the HTTP side as `application/problem+json` (RFC 9457): one table of stable
//! codes, each with its status and a title in both languages.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actors::gateway::Denied;
use crate::domain::account::Language;
use crate::domain::outcome::{Reason, Rejection};
use crate::protocol::convert::Unknown;

/// The language that an `Accept-Language` header prefers; English when it names neither.
pub fn preferred_language(headers: &HeaderMap) -> Language {
    let header = headers.get(ACCEPT_LANGUAGE).and_then(|h| h.to_str().ok());
    let mut best = (0.0, Language::En);
    for part in header.unwrap_or_default().split(',').take(20) {
        let mut pieces = part.split(';');
        let tag = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let Some(language) = tag.split('-').next().and_then(Language::parse) else { continue };
        let weight = pieces.find_map(|p| p.trim().strip_prefix("q=")?.parse::<f32>().ok());
        let weight = weight.unwrap_or(1.0);
        if weight > best.0 {
            best = (weight, language);
        }
    }
    best.1
}

/// One kind of problem.
#[derive(PartialEq, Eq, Debug)]
pub struct Kind {
    /// Stable name.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Title in Dutch.
    pub nl: &'static str,
    /// Title in English.
    pub en: &'static str,
}

macro_rules! kinds {
    ($($name:ident: $status:literal $code:literal $nl:literal $en:literal;)*) => {
        $(
            #[doc = $en]
            pub const $name: Kind = Kind { code: $code, status: $status, nl: $nl, en: $en };
        )*
        /// Every kind of problem.
        pub const KINDS: &[Kind] = &[$($name),*];
    };
}

kinds! {
    MALFORMED: 400 "malformed" "Onleesbaar verzoek" "Unreadable request";
    NOT_SIGNED_IN: 401 "not_signed_in" "Niet aangemeld" "Not signed in";
    TOKEN_INVALID: 401 "token_invalid" "Aanmelding ongeldig" "Sign-in not valid";
    TOKEN_EXPIRED: 401 "token_expired" "Aanmelding verlopen" "Sign-in expired";
    SIGNED_OUT: 401 "signed_out" "Afgemeld" "Signed out";
    FORBIDDEN: 403 "forbidden" "Niet toegestaan" "Not allowed";
    FOREIGN_ORIGIN: 403 "foreign_origin" "Verzoek van een andere site" "Request of another site";
    SIGN_IN_OFF: 403 "sign_in_off" "Zo aanmelden kan hier niet" "No such sign-in here";
    NOT_FOUND: 404 "not_found" "Niet gevonden" "Not found";
    UNKNOWN_STUDENT: 404 "unknown_student" "Onbekende student" "Unknown student";
    UNKNOWN_WINDOW: 404 "unknown_window" "Onbekende inschrijfperiode" "Unknown window";
    UNKNOWN_COURSE: 404 "unknown_course" "Onbekend vak" "Unknown course";
    UNKNOWN_DEVICE: 404 "unknown_device" "Onbekend apparaat" "Unknown device";
    UNKNOWN_CALENDAR: 404 "unknown_calendar" "Onbekende agenda" "Unknown calendar";
    UNKNOWN_SECTION: 404 "unknown_section" "Onbekende groep" "Unknown section";
    METHOD_NOT_ALLOWED: 405 "method_not_allowed" "Methode niet mogelijk" "Method not allowed";
    WINDOW_NOT_OPEN: 409 "window_not_open" "Nog niet open" "Not open yet";
    WINDOW_CLOSED: 409 "window_closed" "Inschrijving gesloten" "Registration closed";
    WINDOW_STATE: 409 "window_state" "Kan nu niet in deze periode" "Not in this window's state";
    NOT_A_REHEARSAL: 409 "not_a_rehearsal" "Geen oefenperiode" "Not a rehearsal";
    ALREADY_IN_LINE: 409 "already_in_line" "Staat al in de rij" "In the line already";
    NOT_IN_LINE: 409 "not_in_line" "Staat niet in de rij" "Not in the line";
    REQUEST_CONFLICT: 409 "request_conflict" "Verzoeknummer al gebruikt" "Request id used before";
    TOO_MANY_REQUESTS: 409 "too_many_requests" "Te veel verzoeken dit semester"
        "Too many requests this term";
    REAL_DATA: 409 "real_data" "Niet in de demonstratie" "Not into the demonstration";
    LINE_BUSY: 409 "line_busy" "Anderen staan in de rij" "Others are in line";
    WINDOW_PAUSED: 409 "window_paused" "Inschrijving gepauzeerd" "Registration is paused";
    TOO_MANY_BLOCKS: 409 "too_many_blocks" "Te veel blokkades" "Too many blocks";
    NOT_ENROLLED: 409 "not_enrolled" "Niet ingeschreven" "Not enrolled";
    NOT_WAITLISTED: 409 "not_waitlisted" "Niet op de wachtlijst" "Not on the waitlist";
    ALREADY_ENROLLED: 409 "already_enrolled" "Al ingeschreven" "Enrolled already";
    ALREADY_WAITLISTED: 409 "already_waitlisted" "Al op de wachtlijst" "On the waitlist already";
    OUTSIDE_WINDOW: 409 "outside_window" "Buiten elke periode" "Outside every window";
    BLOCKED: 409 "blocked" "Geblokkeerd" "Blocked";
    PREREQUISITE_MISSING: 409 "prerequisite_missing" "Voorkennis ontbreekt"
        "Prerequisite missing";
    CREDIT_LIMIT: 409 "credit_limit" "Te veel studiepunten" "Too many credits";
    CLOSED: 409 "closed" "Groep gesloten" "Section closed";
    CLASH: 409 "clash" "Roosterconflict" "Timetable clash";
    FULL: 409 "full" "Vol" "Full";
    WAITLIST_FULL: 409 "waitlist_full" "Wachtlijst vol" "Waitlist full";
    TOO_LARGE: 413 "too_large" "Te groot" "Too large";
    MEDIA_TYPE: 415 "unsupported_media_type" "Soort inhoud niet ondersteund"
        "Unsupported media type";
    INVALID: 422 "invalid" "Ongeldige inhoud" "Invalid content";
    INVALID_COURSE: 422 "unknown_course" "Onbekend vak" "Unknown course";
    INVALID_SECTION: 422 "unknown_section" "Onbekende groep" "Unknown section";
    SECTIONS_INVALID: 422 "sections_invalid" "Groepen passen niet bij het vak"
        "Sections do not fit the course";
    TOO_MANY: 422 "too_many" "Te veel tegelijk" "Too many at once";
    PLAN_EMPTY: 422 "plan_empty" "Studieplan leeg" "Plan empty";
    PLAN_INVALID: 422 "plan_invalid" "Studieplan ongeldig" "Plan not valid";
    IMPORT_INVALID: 422 "import_invalid" "Bestand niet ingelezen" "File not imported";
    RATE_LIMITED: 429 "rate_limited" "Te snel achter elkaar" "Too many requests";
    FAULT: 500 "fault" "Fout in Sluis" "A fault in Sluis";
    BUSY: 503 "busy" "Even druk" "Busy";
    STOPPING: 503 "stopping" "Sluis start opnieuw" "Sluis is restarting";
    NOT_READY: 503 "not_ready" "Nog niet gereed" "Not ready yet";
    UNCONFIRMED: 504 "unconfirmed" "Nog niet bevestigd" "Not confirmed yet";
}

/// A "no", on its way to the client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// Which kind.
    pub kind: &'static Kind,
    /// What to do, in English.
    pub detail: String,
    /// Try the same again after this long.
    pub retry_after_ms: Option<u32>,
    /// Every fault of a file, one line each.
    pub faults: Vec<String>,
}

/// The body of a problem answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// `urn:sluis:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// Dutch or English, by `Accept-Language`.
    pub title: String,
    /// As the HTTP status.
    pub status: u16,
    /// Stable name; a client has a text for each.
    pub code: String,
    /// What to do, in English.
    pub detail: String,
    /// Try the same again after this long, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u32>,
    /// Faults of an imported file, one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), retry_after_ms: None, faults: Vec::new() }
    }

    /// The same, to be tried again after `ms`.
    #[must_use]
    pub fn retry_after(mut self, ms: u32) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }

    /// The same, with the faults of a file.
    #[must_use]
    pub fn faults(mut self, faults: Vec<String>) -> Self {
        self.faults = faults;
        self
    }

    /// For a bare HTTP status, as the framework gives them.
    pub fn of_status(status: StatusCode) -> Self {
        let (kind, detail) = match status.as_u16() {
            401 => (&NOT_SIGNED_IN, "sign in first"),
            403 => (&FORBIDDEN, "your role may not do this"),
            404 => (&NOT_FOUND, "see /api/openapi.json for what there is"),
            405 => (&METHOD_NOT_ALLOWED, "the Allow header names the methods"),
            413 => (&TOO_LARGE, "send less at once"),
            415 => (&MEDIA_TYPE, "send application/json"),
            422 => (&INVALID, "see /api/openapi.json"),
            429 => (&RATE_LIMITED, "wait a moment"),
            503 => (&BUSY, "try again"),
            500..=599 => (&FAULT, "try again; it has been logged"),
            _ => (&MALFORMED, "see /api/openapi.json"),
        };
        Self::new(kind, detail)
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The body in a language.
    pub fn body(&self, language: Language) -> ProblemBody {
        let title = match language {
            Language::Nl => self.kind.nl,
            Language::En => self.kind.en,
        };
        ProblemBody {
            kind: format!("urn:sluis:problem:{}", self.kind.code),
            title: title.to_owned(),
            status: self.kind.status,
            code: self.kind.code.to_owned(),
            detail: self.detail.clone(),
            retry_after_ms: self.retry_after_ms,
            faults: self.faults.clone(),
        }
    }

    /// The whole answer in a language.
    pub fn response(&self, language: Language) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        response.insert_header((CONTENT_TYPE, PROBLEM_JSON));
        if self.kind.status == 401 {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(ms) = self.retry_after_ms {
            response.insert_header((RETRY_AFTER, ms.div_ceil(1000).max(1).to_string()));
        }
        let body = serde_json::to_vec(&self.body(language)).unwrap_or_default();
        response.body(body)
    }
}

/// Media type of problem answers.
pub const PROBLEM_JSON: &str = "application/problem+json";

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.code, self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// In English; [`super::finish`] translates.
    fn error_response(&self) -> HttpResponse {
        self.response(Language::En)
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Busy { retry_after_ms } => {
                Self::new(&BUSY, "no answer in time; send the same again after the time given")
                    .retry_after(retry_after_ms)
            }
            Denied::Stopping => {
                Self::new(&STOPPING, "no answer was given; send the same again in a moment")
                    .retry_after(2_000)
            }
            Denied::Unconfirmed => Self::new(
                &UNCONFIRMED,
                "no answer in time; it may have been done: look before you send it again",
            ),
            Denied::Rejected(rejection) => rejection.into(),
        }
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        let kind = match &rejection {
            Rejection::UnknownStudent => &UNKNOWN_STUDENT,
            Rejection::UnknownWindow => &UNKNOWN_WINDOW,
            Rejection::UnknownCourse => &UNKNOWN_COURSE,
            Rejection::UnknownSection => &UNKNOWN_SECTION,
            Rejection::WindowNotOpen => &WINDOW_NOT_OPEN,
            Rejection::WindowClosed => &WINDOW_CLOSED,
            Rejection::WindowState => &WINDOW_STATE,
            Rejection::NotARehearsal => &NOT_A_REHEARSAL,
            Rejection::PlanEmpty => &PLAN_EMPTY,
            Rejection::Plan(_) => &PLAN_INVALID,
            Rejection::AlreadyInLine => &ALREADY_IN_LINE,
            Rejection::NotInLine => &NOT_IN_LINE,
            Rejection::LineBusy => &LINE_BUSY,
            Rejection::Conflict => &REQUEST_CONFLICT,
            Rejection::TooManyRequests => &TOO_MANY_REQUESTS,
            Rejection::Import(_) => &IMPORT_INVALID,
            Rejection::WindowPaused => &WINDOW_PAUSED,
            Rejection::Sections => &SECTIONS_INVALID,
            Rejection::TooManyBlocks => &TOO_MANY_BLOCKS,
            Rejection::Refused(reason) => refusal(reason),
        };
        Self::new(kind, rejection.to_string())
    }
}

/// The registrar is told a refusal as a student would be: by the same key.
fn refusal(reason: &Reason) -> &'static Kind {
    match reason {
        Reason::NotEnrolled => &NOT_ENROLLED,
        Reason::NotWaitlisted => &NOT_WAITLISTED,
        Reason::AlreadyEnrolled => &ALREADY_ENROLLED,
        Reason::AlreadyWaitlisted => &ALREADY_WAITLISTED,
        Reason::OutsideWindow => &OUTSIDE_WINDOW,
        Reason::Blocked(_) => &BLOCKED,
        Reason::PrerequisiteMissing(_) => &PREREQUISITE_MISSING,
        Reason::CreditLimit(_) => &CREDIT_LIMIT,
        Reason::Closed => &CLOSED,
        Reason::Clash(_) => &CLASH,
        Reason::Full => &FULL,
        Reason::WaitlistFull => &WAITLIST_FULL,
    }
}

impl From<Unknown> for Problem {
    /// Of a key in a body; one in a path is a 404.
    fn from(unknown: Unknown) -> Self {
        let kind = match &unknown {
            Unknown::Course(_) => &INVALID_COURSE,
            Unknown::Section(_) => &INVALID_SECTION,
            Unknown::TooMany(..) => &TOO_MANY,
        };
        Self::new(kind, unknown.to_string())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn the_language_is_the_preferred_of_the_two() {
        let check = |header: Option<&'static str>, language| {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(header));
            }
            assert_eq!(preferred_language(&headers), language, "{header:?}");
        };
        check(None, Language::En);
        check(Some("nl"), Language::Nl);
        check(Some("nl-BE, en;q=0.5"), Language::Nl);
        check(Some("nl;q=0.3, en-GB;q=0.5"), Language::En);
        check(Some("fr, de;q=0.9"), Language::En);
        check(Some("fr, NL;q=0.1"), Language::Nl);
        check(Some("nl;q=bad;;,,"), Language::Nl);
    }

    #[test]
    fn every_kind_has_a_valid_status_and_both_titles() {
        for kind in KINDS {
            assert!(StatusCode::from_u16(kind.status).is_ok_and(|s| s.as_u16() >= 400));
            assert!(!kind.nl.is_empty() && !kind.en.is_empty(), "{}", kind.code);
        }
    }

    #[test]
    fn a_rejection_keeps_its_stable_name() {
        let all = [
            Rejection::UnknownStudent,
            Rejection::WindowNotOpen,
            Rejection::Conflict,
            Rejection::TooManyRequests,
            Rejection::PlanEmpty,
            Rejection::Import("line 3".to_owned()),
        ];
        for rejection in all {
            let key = rejection.key();
            assert_eq!(Problem::from(rejection).kind.code, key);
        }
    }

    #[test]
    fn who_may_have_been_served_is_not_told_to_send_it_again() {
        let problem = Problem::from(Denied::Unconfirmed);
        assert_eq!((problem.status().as_u16(), problem.retry_after_ms), (504, None));
        assert!(problem.detail.contains("look before you send it again"), "{}", problem.detail);
    }

    #[test]
    fn busy_says_when_to_come_back() {
        let problem = Problem::from(Denied::Busy { retry_after_ms: 1_200 });
        let response = problem.response(Language::Nl);
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers().get("retry-after").unwrap(), "2");
        assert_eq!(response.headers().get("content-type").unwrap(), PROBLEM_JSON);
        assert_eq!(problem.body(Language::Nl).title, "Even druk");
        assert_eq!(problem.body(Language::En).retry_after_ms, Some(1_200));
    }
}
