//! HTTP as a tool uses it. Blocking: the gateway runs on threads of its own.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

/// A client with a token, or without.
#[derive(Clone)]
pub struct Http {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
    /// Sent in place of a token, with this site's own origin.
    cookie: Option<String>,
}

/// What was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub etag: Option<String>,
    pub cookie: Option<String>,
    pub kind: Option<String>,
    pub request_id: Option<String>,
    pub body: String,
}

impl Http {
    pub fn new(gateway: SocketAddr, token: Option<&str>) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build();
        let token = token.map(|token| format!("Bearer {token}"));
        Self { agent: config.into(), base: format!("http://{gateway}"), token, cookie: None }
    }

    /// As a browser that was given this cookie.
    pub fn browser(gateway: SocketAddr, cookie: Option<&str>) -> Self {
        let cookie = cookie.map(str::to_owned);
        Self { cookie, ..Self::new(gateway, None) }
    }

    /// Any request of a page of this site, with more headers.
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let own = [("origin", self.base.as_str())];
        self.plain(method, path, body, &[&own, headers].concat())
    }

    /// Any request of a tool, with more headers.
    #[track_caller]
    pub fn plain(&self, method: &str, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", token);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if body.starts_with('{') {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_owned()).unwrap();
        let answer = self.agent.run(request);
        answer.map_or_else(|e| panic!("{method} {path}: {e}"), Answer::from)
    }

    /// With the cookie.
    #[track_caller]
    pub fn get_as_browser(&self, path: &str) -> Answer {
        self.ask("GET", path, "", &[])
    }

    #[track_caller]
    pub fn put(&self, path: &str, body: &str) -> Answer {
        self.ask("PUT", path, body, &[])
    }

    #[track_caller]
    pub fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, "", &[])
    }

    /// The answer, or that there was none.
    pub fn try_get(&self, path: &str) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.get(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", token);
        }
        request.call().map(Answer::from)
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.try_get(path).unwrap_or_else(|e| panic!("GET {path}: {e}"))
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: &str) -> Answer {
        self.try_post(path, body).unwrap_or_else(|e| panic!("POST {path}: {e}"))
    }

    /// The answer, or that there was none.
    pub fn try_post(&self, path: &str, body: &str) -> Result<Answer, ureq::Error> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", token);
        }
        if body.starts_with('{') {
            request = request.header("content-type", "application/json");
        }
        request.send(body).map(Answer::from)
    }
}

impl From<ureq::http::Response<ureq::Body>> for Answer {
    fn from(mut answer: ureq::http::Response<ureq::Body>) -> Self {
        let header = |name| {
            let value = answer.headers().get(name);
            value.map(|value: &ureq::http::HeaderValue| value.to_str().unwrap().to_owned())
        };
        let cookie = header("set-cookie").map(|c| c.split(';').next().unwrap().to_owned());
        Self {
            status: answer.status().as_u16(),
            retry_after: header("retry-after"),
            etag: header("etag"),
            kind: header("content-type"),
            request_id: header("x-request-id"),
            cookie,
            body: answer.body_mut().read_to_string().unwrap_or_default(),
        }
    }
}

impl Answer {
    /// The body of a 200.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// The body of a 200, as JSON.
    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// The `code` of a problem.
    #[track_caller]
    pub fn problem(&self) -> (u16, String) {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        (self.status, body["code"].as_str().unwrap_or(&self.body).to_owned())
    }
}
