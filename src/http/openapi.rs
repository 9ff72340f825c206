//! The description of the HTTP side at `/api/openapi.json`, made from the handlers themselves.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi};

use super::problem::{PROBLEM_JSON, ProblemBody};
use super::{
    acts, admin, admin_student, alternatives, audit, calendar, catalogue, console, devices, export,
    health, imports, journal, messages, my_data, oidc, preferences, results, sign_in, student,
    windows,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sluis",
        description = "A course-registration gateway. Times are milliseconds since 1970; \
            `as_of` and `journal` are journal positions. Every answer of 400 or more is a \
            problem (RFC 9457) with a stable `code`. Live registration is on the WebSocket `/ws`, \
            described in `docs/asyncapi.yaml`."
    ),
    paths(
        health::healthz, health::readyz, document,
        sign_in::choices, sign_in::sign_in, sign_in::sign_out, sign_in::who,
        oidc::routes::start, oidc::routes::come_back,
        catalogue::list, catalogue::course, catalogue::seats, catalogue::programmes,
        windows::list, windows::lottery,
        student::plan, student::set_plan, student::enrolments, student::timetable,
        student::outcomes, alternatives::list, results::list, messages::list, messages::mark_read,
        calendar::once, calendar::feed, calendar::get, calendar::renew, calendar::revoke,
        devices::list, devices::sign_out_one, devices::sign_out_everywhere,
        preferences::get, preferences::put, my_data::export,
        admin::status, admin::windows, admin::open, admin::close, admin::reset, admin::schedule,
        admin::pace, admin::capacity, admin::section_status, admin::pause, admin::resume,
        admin_student::enrol, admin_student::move_to, admin_student::remove,
        admin_student::block, admin_student::unblock, acts::announcement,
        audit::list, audit::csv, audit::json,
        imports::catalogue, imports::students, imports::results, export::enrolments,
        export::enrolments_csv, export::enrolments_json,
        export::waitlists, export::waitlists_csv, export::waitlists_json,
        console::board::board, console::demand::demand, console::demand::blockers,
        console::readiness::readiness, console::preview::preview, console::file::student,
        console::why::why,
        journal::export, journal::digest_at,
    ),
    components(schemas(ProblemBody)),
    security(("cookie" = []), ("bearer" = [])),
    modifiers(&Schemes)
)]
struct Description;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
            "sluis",
            "Set by POST /api/sign-in; `__Host-sluis` over https. A change must then carry this \
             site's own Origin.",
        ));
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("Made by `sluis token`, for tools."))
            .build();
        components.add_security_scheme("cookie", SecurityScheme::ApiKey(cookie));
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

fn problems(list: &[(u16, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let problem = |text: &str| {
        let body = Ref::from_schema_name("ProblemBody");
        let content = ContentBuilder::new().schema(Some(body)).build();
        ResponseBuilder::new().description(text).content(PROBLEM_JSON, content).build()
    };
    list.iter().map(|(status, text)| (status.to_string(), RefOr::T(problem(text)))).collect()
}

const BUSY: (u16, &str) = (503, "Busy, or restarting: the same again after `Retry-After`");
const UNCONFIRMED: (u16, &str) = (504, "No answer in time; it may have been done: look first");
const LIMIT: (u16, &str) = (429, "Too fast: the same again after `Retry-After`");
const UNKNOWN: (u16, &str) = (404, "Names nothing that is there");
const VALUE: (u16, &str) = (422, "A value that makes no sense, or an unknown parameter");
const WHO: (u16, &str) = (401, "Not signed in, or no longer");
const ROLE: (u16, &str) = (403, "Not for this role, or asked for by another site");

/// Problems of what anybody may read.
pub struct PublicProblems;

impl IntoResponses for PublicProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[UNKNOWN, VALUE, LIMIT, BUSY])
    }
}

/// Problems of what is read by somebody who is signed in.
pub struct ReadProblems;

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[WHO, ROLE, UNKNOWN, VALUE, LIMIT, BUSY])
    }
}

/// Problems of what changes something.
pub struct ChangeProblems;

impl IntoResponses for ChangeProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (400, "Not readable"),
            WHO,
            ROLE,
            UNKNOWN,
            (409, "Not in the present state, or the request id stands for something else"),
            (413, "Too large"),
            (415, "Not JSON"),
            VALUE,
            LIMIT,
            BUSY,
            UNCONFIRMED,
        ])
    }
}

/// The description as text.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| Description::openapi().to_pretty_json().unwrap_or_default())
}

/// This description
#[utoipa::path(
    get, path = "/api/openapi.json", tag = "operator", security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = Object))
)]
pub async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-cache"))
        .content_type("application/json")
        .body(web::Bytes::from_static(text().as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::super::routes::{Who, table};
    use super::*;

    fn description() -> Value {
        serde_json::from_str(text()).unwrap()
    }

    #[test]
    fn it_describes_every_route_and_no_other() {
        let described: BTreeSet<_> = description()["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods.map(move |m| (m.to_uppercase(), path.clone()))
            })
            .collect();
        let registered: BTreeSet<_> = table()
            .iter()
            .filter(|e| e.is_described())
            .map(|e| (e.method.to_string(), e.documented_path()))
            .collect();
        assert_eq!(described, registered);
    }

    #[test]
    fn it_says_who_may_come_in_and_every_problem_has_the_one_form() {
        let description = description();
        for entry in table().iter().filter(|e| e.is_described()) {
            let method = entry.method.as_str().to_lowercase();
            let operation = &description["paths"][entry.documented_path()][&method];
            let open = operation["security"][0].as_object().is_some_and(serde_json::Map::is_empty);
            assert_eq!(open, entry.who == Who::Anybody, "{method} {}", entry.path);
            let responses = operation["responses"].as_object().unwrap();
            assert_eq!(responses.contains_key("403"), !open || method == "post");
            for (status, response) in responses {
                if status.starts_with('4') || status.starts_with('5') {
                    let form = &response["content"][PROBLEM_JSON]["schema"]["$ref"];
                    assert_eq!(form, "#/components/schemas/ProblemBody", "{}", entry.path);
                }
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let description = description();
        let schemas = &description["components"]["schemas"];
        for part in text().split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schemas.get(name).is_some(), "{name}");
        }
    }
}
