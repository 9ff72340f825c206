//! The gateway's HTTP side, as a registrar uses it. Blocking: call it off the client's thread, or
//! before and after the run.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

use crate::error::{Error, Result};

/// Largest answer read, in bytes.
const BODY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// A client of the gateway's HTTP API.
#[derive(Clone)]
pub struct Admin {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

impl Admin {
    /// A client with a registrar's sign-in token.
    pub fn new(gateway: SocketAddr, token: Option<&str>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER_MAX))
            .build();
        Self {
            agent: config.into(),
            base: format!("http://{gateway}"),
            token: token.map(|token| format!("Bearer {token}")),
        }
    }

    /// The same client, as somebody else.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(format!("Bearer {token}")), ..self.clone() }
    }

    /// Whether the gateway is ready.
    pub fn is_ready(&self) -> bool {
        let answer = self.agent.get(format!("{}/readyz", self.base)).call();
        answer.is_ok_and(|answer| answer.status().as_u16() == 200)
    }

    /// Opens a window.
    pub fn open(&self, window: &str) -> Result<()> {
        self.post(&format!("/api/admin/windows/{window}/open"), None)
    }

    /// Does something, with a JSON body or none.
    pub fn post(&self, path: &str, body: Option<&serde_json::Value>) -> Result<()> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", token);
        }
        let answer = match body {
            Some(body) => request.send_json(body),
            None => request.send_empty(),
        };
        self.body(path, answer).map(drop)
    }

    /// Reads a resource as text.
    pub fn get(&self, path: &str) -> Result<String> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", token);
        }
        self.body(path, request.call())
    }

    /// The export: pairs of student and course.
    pub fn enrolments(&self) -> Result<Vec<(String, String)>> {
        parse_export(&self.get("/api/admin/enrolments?format=json")?)
    }

    fn body(
        &self,
        path: &str,
        answer: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<String> {
        let mut answer = answer.map_err(|e| {
            Error::Unavailable(format!("{}{path}: {e}; is the gateway running?", self.base))
        })?;
        let status = answer.status();
        let body = answer.body_mut().with_config().limit(BODY_BYTES_MAX).read_to_string();
        let body = body.map_err(|e| Error::Io(format!("{}{path}: {e}", self.base)))?;
        if status.is_success() {
            return Ok(body);
        }
        let body: String = body.chars().take(300).collect();
        Err(Error::Failed(format!("{path} was answered {status}: {}", body.replace('\n', " "))))
    }
}

/// A line of the export; other fields are not needed.
#[derive(Deserialize)]
struct Row {
    student: String,
    course: String,
}

/// Pairs of student and course, from the export's text: one object a line.
pub fn parse_export(text: &str) -> Result<Vec<(String, String)>> {
    let rows = text.lines().map(|line| {
        let row: Row = serde_json::from_str(line)
            .map_err(|e| Error::Failed(format!("the export of enrolments cannot be read: {e}")))?;
        Ok((row.student, row.course))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_export_is_read_line_by_line() {
        let row = r#"{"student":"u1","course":"7","sections":["7/1"],"window":"w","journal":3}"#;
        let one = ("u1".to_owned(), "7".to_owned());
        assert_eq!(parse_export(&format!("{row}\n{row}\n")).unwrap(), [one.clone(), one]);
        assert!(parse_export("").unwrap().is_empty());
        assert!(matches!(parse_export("[{}]"), Err(Error::Failed(_))));
    }

    #[test]
    fn no_gateway_is_told_with_its_address() {
        let admin = Admin::new("127.0.0.1:9".parse().unwrap(), None);
        assert!(!admin.is_ready());
        let told = admin.get("/api/x").unwrap_err();
        assert_eq!(told.exit_code(), 69);
        assert!(told.to_string().contains("http://127.0.0.1:9/api/x"), "{told}");
    }
}
