//! Every "no" of the HTTP side as `application/problem+json` (RFC 9457): one table of stable
//! codes, each with its status and a title in both languages.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::actors::gateway::Denied;
use crate::domain::outcome::Rejection;
use crate::protocol::convert::Unknown;

/// Language of a title.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Language {
    /// Dutch.
    Nl,
    /// English.
    #[default]
    En,
}

impl Language {
    /// The one that an `Accept-Language` header prefers; English when it names neither.
    pub fn preferred(header: Option<&str>) -> Self {
        let mut best = (0.0, Self::En);
        for part in header.unwrap_or_default().split(',').take(20) {
            let mut pieces = part.split(';');
            let tag = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
            let language = match tag.split('-').next() {
                Some("nl") => Self::Nl,
                Some("en") => Self::En,
                _ => continue,
            };
            let weight = pieces.find_map(|p| p.trim().strip_prefix("q=")?.parse::<f32>().ok());
            let weight = weight.unwrap_or(1.0);
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
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
    FORBIDDEN: 403 "forbidden" "Niet toegestaan" "Not allowed";
    FOREIGN_ORIGIN: 403 "foreign_origin" "Verzoek van een andere site" "Request of another site";
    SIGN_IN_OFF: 403 "sign_in_off" "Zo aanmelden kan hier niet" "No such sign-in here";
    NOT_FOUND: 404 "not_found" "Niet gevonden" "Not found";
    UNKNOWN_STUDENT: 404 "unknown_student" "Onbekende student" "Unknown student";
    UNKNOWN_WINDOW: 404 "unknown_window" "Onbekende inschrijfperiode" "Unknown window";
    UNKNOWN_COURSE: 404 "unknown_course" "Onbekend vak" "Unknown course";
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
