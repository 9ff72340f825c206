//! A browser by hand: it keeps cookies by origin, follows nothing by itself, and shows every header.

use std::collections::BTreeMap;
use std::time::Duration;

use ureq::http::Request;

/// What was answered.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub location: Option<String>,
    /// `Set-Cookie`, as sent.
    pub cookies: Vec<String>,
    pub body: String,
}

impl Reply {
    /// Where it leads.
    #[track_caller]
    pub fn to(&self) -> &str {
        assert!((300..400).contains(&self.status), "{self:?}");
        self.location.as_deref().expect("a location")
    }
}

/// Cookies, by origin and name.
#[derive(Clone)]
pub struct Browser {
    agent: ureq::Agent,
    pub jar: BTreeMap<(String, String), String>,
}

/// Scheme, host and port of an address.
pub fn origin(url: &str) -> &str {
    let start = url.find("://").expect("a scheme") + 3;
    url[start..].find(['/', '?']).map_or(url, |at| &url[..start + at])
}

impl Browser {
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { agent: config.into(), jar: BTreeMap::new() }
    }

    pub fn get(&mut self, url: &str) -> Reply {
        self.ask("GET", url, None)
    }

    /// A form, sent from a page of the same site.
    pub fn post(&mut self, url: &str, form: &str) -> Reply {
        self.ask("POST", url, Some(form))
    }

    fn ask(&mut self, method: &str, url: &str, form: Option<&str>) -> Reply {
        let origin = origin(url).to_owned();
        let own = self.jar.iter().filter(|((of, _), _)| *of == origin);
        let cookies: Vec<_> = own.map(|((_, name), value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(url);
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if form.is_some() {
            request = request
                .header("origin", &origin)
                .header("content-type", "application/x-www-form-urlencoded");
        }
        let answer = match form {
            Some(form) => self.agent.run(request.body(form.to_owned()).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let mut answer = answer.unwrap_or_else(|e| panic!("{method} {url}: {e}"));
        let text = |value: &ureq::http::HeaderValue| value.to_str().unwrap().to_owned();
        let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().map(text).collect();
        for cookie in &cookies {
            self.keep(&origin, cookie);
        }
        let location = answer.headers().get("location").map(text).map(|to| match to.as_str() {
            path if path.starts_with('/') => format!("{origin}{path}"),
            _ => to,
        });
        let status = answer.status().as_u16();
        let body = answer.body_mut().read_to_string().unwrap_or_default();
        Reply { status, location, cookies, body }
    }

    fn keep(&mut self, origin: &str, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let (name, value) = pair.split_once('=').unwrap();
        let key = (origin.to_owned(), name.trim().to_owned());
        let past = attributes.contains("Max-Age=0") || attributes.contains("01 Jan 1970");
        if past || value.is_empty() {
            self.jar.remove(&key);
        } else {
            self.jar.insert(key, value.to_owned());
        }
    }

    /// Follows redirects until there is none, or until one leads to where `stop` begins.
    pub fn follow(&mut self, url: &str, stop: &str) -> Reply {
        let mut reply = self.get(url);
        for _ in 0..10 {
            match reply.location.clone() {
                Some(to) if !to.starts_with(stop) => reply = self.get(&to),
                _ => return reply,
            }
        }
        panic!("it leads nowhere: {reply:?}");
    }

    pub fn cookie(&self, origin: &str, name: &str) -> Option<&String> {
        self.jar.get(&(origin.to_owned(), name.to_owned()))
    }
}

/// A parameter of an address, decoded.
pub fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    let pairs = query.split('#').next()?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
    Some(decode(value))
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut digit = || char::from(rest.next().unwrap()).to_digit(16).unwrap() as u8;
                bytes.push(digit() * 16 + digit());
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A value as it stands in a query.
pub fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let one = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(one).collect()
}
