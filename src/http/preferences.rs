//! `/api/preferences`: language and notifications, kept for her on every device.

use actix_web::{HttpResponse, web};

use super::HttpState;
use super::access::AsStudent;
use super::openapi::{ChangeProblems, ReadProblems};
use super::problem::{INVALID, Problem};
use crate::domain::account::{Language, Preferences, Topic, Topics};
use crate::domain::command::Command;
use crate::protocol::convert::preferences_view;
use crate::protocol::server::PreferencesView;

/// The preferences that a body asks for.
fn parse(body: &PreferencesView) -> Result<Preferences, Problem> {
    let language = match body.language.as_deref() {
        None => None,
        Some(name) => {
            let unknown = || Problem::new(&INVALID, "language is nl, en or null");
            Some(Language::parse(name).ok_or_else(unknown)?)
        }
    };
    let mut topics = Topics::NONE;
    for name in &body.topics {
        let Some(topic) = Topic::ALL.into_iter().find(|topic| topic.as_str() == name) else {
            let known = Topic::ALL.map(Topic::as_str).join(", ");
            return Err(Problem::new(&INVALID, format!("topics are some of {known}")));
        };
        if topics.has(topic) {
            return Err(Problem::new(&INVALID, format!("topics name {name} twice")));
        }
        topics = topics.with(topic, true);
    }
    Ok(Preferences { language, notify: body.notify, topics })
}

/// What she prefers
#[utoipa::path(
    get, path = "/api/preferences", tag = "student",
    responses((status = 200, body = PreferencesView), ReadProblems)
)]
pub async fn get(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    let read = state.gateway.read(move |r| r.student(student).account.preferences);
    Ok(HttpResponse::Ok().json(preferences_view(&read.await?.1)))
}

/// Prefer this from now on, on every device
#[utoipa::path(
    put, path = "/api/preferences", tag = "student", request_body = PreferencesView,
    responses((status = 200, body = PreferencesView), ChangeProblems)
)]
pub async fn put(
    AsStudent(key): AsStudent,
    state: web::Data<HttpState>,
    body: web::Json<PreferencesView>,
) -> Result<HttpResponse, Problem> {
    let student = state.student(&key).await?;
    let preferences = parse(&body)?;
    state.gateway.command(Command::SetPreferences(student, preferences)).await?;
    Ok(HttpResponse::Ok().json(preferences_view(&preferences)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_go_out_as_they_came_in() {
        let check = |json: &str, good: bool| {
            let body = serde_json::from_str::<PreferencesView>(json).ok();
            let parsed = body.as_ref().and_then(|body| parse(body).ok());
            assert_eq!(parsed.is_some(), good, "{json}");
            if let (Some(body), Some(parsed)) = (body, parsed) {
                assert_eq!(preferences_view(&parsed), body);
            }
        };
        check(r#"{"language":"nl","notify":true,"topics":["outcomes","results"]}"#, true);
        check(r#"{"language":null,"notify":false,"topics":[]}"#, true);
        check(r#"{"language":"fr","notify":true,"topics":[]}"#, false);
        check(r#"{"language":"nl","notify":true,"topics":["weather"]}"#, false);
        check(r#"{"language":"nl","notify":true,"topics":["results","results"]}"#, false);
        check(r#"{"language":"nl","notify":true,"topics":[],"colour":"red"}"#, false);
    }
}
