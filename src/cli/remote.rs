//! A running gateway, asked over HTTP as the registrar.

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::failure::{Code, Failure};
use super::token::{self, Subject};
use crate::config::Config;
use crate::limits::{ADMIN_ANSWER_BYTES_MAX, ADMIN_REQUEST_MS_MAX, BACKUP_MS_MAX};
use crate::serving;

/// Where a registrar's token may be given, since secrets are no flags.
pub const TOKEN_VARIABLE: &str = "SLUIS_TOKEN";

/// A gateway that answers.
pub struct Remote {
    agent: Agent,
    url: String,
    token: String,
    /// Whose token.
    role: &'static str,
}

/// What went wrong, in the gateway's words (RFC 9457).
#[derive(Deserialize, Default)]
struct Problem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: Option<String>,
    #[serde(default)]
    faults: Vec<String>,
}

impl Remote {
    /// The gateway at this address.
    pub fn at(url: &str, config: &Config) -> Result<Self, Failure> {
        Self::at_as(url, config, &Subject::Registrar(None))
    }

    /// The gateway at this address, or else the one that runs on the data directory; as the
    /// registrar of this name. A token that is given has a name of its own.
    pub fn meant(url: Option<&str>, config: &Config, name: Option<&str>) -> Result<Self, Failure> {
        let subject = match name {
            Some(name) if given_token().is_some() => {
                let what = format!(
                    "--as {name}: the token in {TOKEN_VARIABLE} says who acts; leave one of them out"
                );
                return Err(Failure::new(Code::Usage, what));
            }
            Some(name) => token::registrar(name, "--as")?,
            None => Subject::Registrar(None),
        };
        let data = &config.journal.dir;
        match url.map(str::to_owned).or_else(|| serving::url(data)) {
            Some(url) => Self::at_as(&url, config, &subject),
            None => {
                let what = "no gateway runs on this data directory; start one, or name one with \
                            --server URL";
                Err(Failure::new(Code::Unavailable, format!("{}: {what}", data.display())))
            }
        }
    }

    /// The same, asked as this one.
    pub fn at_as(url: &str, config: &Config, whom: &Subject) -> Result<Self, Failure> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            let what = format!("--server {url}: write http:// or https:// and a host");
            return Err(Failure::new(Code::Usage, what));
        }
        let token = match given_token() {
            Some(token) => token,
            None => token::mint_one(config, whom).map_err(|mut failure| {
                let role = role(whom);
                let advice = format!("or put {role} token into {TOKEN_VARIABLE}");
                if let Some(line) = failure.lines.last_mut() {
                    *line = format!("{line}, {advice}");
                }
                failure
            })?,
        };
        let agent = Agent::config_builder()
            .timeout_global(Some(Duration::from_millis(ADMIN_REQUEST_MS_MAX)))
            .http_status_as_error(false)
            .build();
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { agent: agent.into(), url, token, role: role(whom) })
    }

    /// The gateway that has the locked data directory.
    pub fn serving(config: &Config) -> Result<Self, Failure> {
        Self::serving_as(config, &Subject::Registrar(None))
    }

    /// The same, asked as this one.
    pub fn serving_as(config: &Config, whom: &Subject) -> Result<Self, Failure> {
        let data = &config.journal.dir;
        match serving::url(data) {
            Some(url) => Self::at_as(&url, config, whom),
            None => Err(locked(data)),
        }
    }

    /// Sends JSON; the answer's text.
    pub fn post_json(&self, path: &str, body: &serde_json::Value) -> Result<String, Failure> {
        let request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", "application/json");
        self.answer(request.send(body.to_string()))
    }

    /// Sends a body; the answer's text.
    pub fn post(&self, path: &str, body: &[u8]) -> Result<String, Failure> {
        let request = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", "application/octet-stream");
        self.answer(request.send(body))
    }

    /// Asks; the answer's text.
    pub fn get(&self, path: &str) -> Result<String, Failure> {
        let request = self
            .agent
            .get(format!("{}{path}", self.url))
            .header("Authorization", format!("Bearer {}", self.token));
        self.answer(request.call())
    }

    /// Asks; the answer's bytes go to `to`, however many they are.
    pub fn download(&self, path: &str, to: &mut dyn Write) -> Result<(), Failure> {
        let request = self
            .agent
            .get(format!("{}{path}", self.url))
            .header("Authorization", format!("Bearer {}", self.token))
            .config()
            .timeout_global(Some(Duration::from_millis(BACKUP_MS_MAX)))
            .build();
        match request.call() {
            Ok(response) if response.status().is_success() => {
                let mut body = response.into_body().into_reader();
                copy(&mut body, to).map_err(|(side, e)| {
                    let what = match side {
                        Side::Gateway => format!("{}: the transfer broke off ({e})", self.url),
                        Side::File => format!("the answer cannot be written: {e}"),
                    };
                    let code = if side == Side::File { Code::Io } else { Code::Unavailable };
                    Failure::new(code, format!("{what}; nothing was kept, try again"))
                })
            }
            other => self.answer(other).map(|_| ()),
        }
    }

    fn answer(&self, answered: Result<Response<Body>, ureq::Error>) -> Result<String, Failure> {
        let unavailable = |e: &dyn std::fmt::Display| {
            let what = format!("{}: no gateway answers ({e}); is it running?", self.url);
            Failure::new(Code::Unavailable, what)
        };
        let response = answered.map_err(|e| unavailable(&e))?;
        let (status, body) = (response.status(), response.into_body());
        let read = whole(&mut body.into_reader(), ADMIN_ANSWER_BYTES_MAX);
        let Some(text) = read.map_err(|e| unavailable(&e))? else {
            let what = format!(
                "{}: the answer is longer than {ADMIN_ANSWER_BYTES_MAX} bytes; nothing of it was \
                 kept; ask with curl, which writes it as it comes",
                self.url
            );
            return Err(Failure::new(Code::Other, what));
        };
        if status.is_success() {
            return Ok(text);
        }
        let problem: Problem = serde_json::from_str(&text).unwrap_or_default();
        Err(self.refused(status.as_u16(), problem))
    }

    fn refused(&self, status: u16, problem: Problem) -> Failure {
        let code = match status {
            400 | 409 | 413 | 422 => Code::Refused,
            404 if problem.code.starts_with("unknown_") => Code::Refused,
            429 | 503 | 504 => Code::Unavailable,
            _ => Code::Other,
        };
        if !problem.faults.is_empty() {
            return Failure { code, lines: problem.faults };
        }
        let advice = match status {
            401 | 403 => format!("; put {} token into {TOKEN_VARIABLE}", self.role),
            429 | 503 => "; try again in a moment".to_owned(),
            _ => String::new(),
        };
        let said = problem.detail.unwrap_or(problem.title);
        Failure::new(code, format!("{}: answered {status} {said}{advice}", self.url))
    }
}

/// The token of the environment, if there is one.
fn given_token() -> Option<String> {
    std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty())
}

/// A text of at most so many bytes; `None` when there are more: it is never cut short.
fn whole(body: &mut dyn Read, most: u64) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    body.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Ok(None);
    }
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
}

/// What an answer says.
pub fn read_answer<T: DeserializeOwned>(answer: &str) -> Result<T, Failure> {
    serde_json::from_str(answer).map_err(|e| {
        let what = format!("the gateway's answer cannot be read ({e}); is it of this version?");
        Failure::new(Code::Other, what)
    })
}

fn role(whom: &Subject) -> &'static str {
    match whom {
        Subject::Student(_) => "a student's",
        Subject::Registrar(_) => "a registrar's",
        Subject::Operator => "an operator's",
    }
}

/// Which end of a copy failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Gateway,
    File,
}

fn copy(from: &mut dyn Read, to: &mut dyn Write) -> Result<(), (Side, io::Error)> {
    let mut piece = vec![0; 64 * 1024];
    loop {
        match from.read(&mut piece).map_err(|e| (Side::Gateway, e))? {
            0 => return Ok(()),
            count => to.write_all(&piece[..count]).map_err(|e| (Side::File, e))?,
        }
    }
}

fn locked(data: &Path) -> Failure {
    let what = "in use by another process that is no running gateway; wait until it is done";
    Failure::new(Code::Unavailable, format!("{}: {what}", data.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_or_none() {
        let read = |text: &str, most| whole(&mut text.as_bytes(), most).unwrap();
        assert_eq!(read("", 0).as_deref(), Some(""));
        assert_eq!(read("abc", 3).as_deref(), Some("abc"));
        assert_eq!(read("abcd", 3), None);
        // Cut inside a letter, it is still only too long.
        assert_eq!(read("aé", 1), None);
        assert!(whole(&mut &b"\xff"[..], 3).is_err());
    }
}
