//! One sign-in under way: what must come back with it is in the browser that began it, in a cookie
//! that only we can read or make. The gateway remembers nothing of those who never come back.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use serde::{Deserialize, Serialize};

use super::fault::Fault;
use crate::domain::ids::Timestamp;
use crate::http::assets::PAGES;
use crate::http::auth::{Role, Tokens};
use crate::limits;

/// What is kept of a sign-in under way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Flow {
    /// Comes back with the browser.
    pub state: String,
    /// Comes back inside the ID token.
    pub nonce: String,
    /// Shows that whoever has the code also began (PKCE).
    pub verifier: String,
    /// When it began, in milliseconds since 1970.
    pub began: u64,
    /// Where on the page it leads.
    pub to: String,
    /// The role that is wished for, if one is.
    pub role: Option<String>,
    /// The sign-in that this browser had when it left. It does not bring that along when it comes
    /// back, from another site.
    #[serde(default)]
    pub former: Option<String>,
}

/// The cookie's name: over https one that no other site and no subdomain can set.
pub const fn cookie_name(https: bool) -> &'static str {
    if https { "__Host-sluis-oidc" } else { "sluis-oidc" }
}

/// The cookie. It must come back from the provider's site, hence `Lax`.
fn cookie(https: bool, value: String, age: Duration) -> Cookie<'static> {
    Cookie::build(cookie_name(https), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(https)
        .max_age(age)
        .finish()
}

/// Takes the cookie away: a sign-in comes back once.
pub fn over(https: bool) -> Cookie<'static> {
    cookie(https, String::new(), Duration::ZERO)
}

impl Flow {
    /// The role that is wished for.
    pub fn wish(&self) -> Option<Role> {
        self.role.as_deref().and_then(Role::parse)
    }

    /// The cookie that brings it back.
    pub fn cookie(&self, tokens: &Tokens, https: bool) -> Cookie<'static> {
        let text = serde_json::to_string(self).unwrap_or_default();
        let age = Duration::milliseconds(limits::OIDC_FLOW_MS_MAX as i64);
        cookie(https, tokens.seal(cookie_name(https), text), age)
    }

    /// The sign-in that this cookie is of, if it is ours and still under way.
    pub fn read(value: &str, tokens: &Tokens, https: bool, now: Timestamp) -> Result<Self, Fault> {
        let text = tokens.unseal(cookie_name(https), value).ok_or(Fault::Stale)?;
        let flow: Self = serde_json::from_str(&text).map_err(|_| Fault::Stale)?;
        let age = now.0.checked_sub(flow.began).ok_or(Fault::Stale)?;
        if age > limits::OIDC_FLOW_MS_MAX { Err(Fault::Stale) } else { Ok(flow) }
    }
}

/// Where on the page a sign-in may lead: to one of its own views, or to the first. Whatever looks
/// otherwise leads nowhere, so that nobody is sent to another site by an address of ours.
pub fn safe_return(wanted: Option<&str>) -> String {
    let wanted = wanted.filter(|path| path.len() <= limits::OIDC_RETURN_BYTES_MAX);
    let known = |path: &&str| PAGES.contains(path) || *path == "/plain";
    wanted.filter(known).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use actix_web::cookie::Key as SigningKey;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn tokens(seed: u8) -> Tokens {
        Tokens::new(vec![SigningKey::from(&[seed; 64])])
    }

    fn flow() -> Flow {
        let [state, nonce, verifier] = ["s", "n", "v"].map(|text| text.repeat(43));
        let (to, role) = ("/outcomes".to_owned(), Some("registrar".to_owned()));
        let former = Some("f".repeat(limits::TOKEN_BYTES_MAX));
        Flow { state, nonce, verifier, began: NOW.0, to, role, former }
    }

    #[test]
    fn it_comes_back_whole_until_its_time_is_over() {
        for https in [false, true] {
            let cookie = flow().cookie(&tokens(1), https);
            let read = |now| Flow::read(cookie.value(), &tokens(1), https, now);
            assert_eq!(read(NOW), Ok(flow()));
            let last = NOW.plus_ms(limits::OIDC_FLOW_MS_MAX);
            assert_eq!(read(last), Ok(flow()));
            assert_eq!(read(last.plus_ms(1)), Err(Fault::Stale));
            assert_eq!(read(Timestamp(NOW.0 - 1)), Err(Fault::Stale), "from the future");
        }
        assert_eq!(flow().wish(), Some(Role::Registrar));
    }

    #[test]
    fn it_can_be_neither_read_nor_made_elsewhere() {
        let cookie = flow().cookie(&tokens(1), false);
        let value = cookie.value();
        assert!(!value.contains("nnn") && !value.contains("outcomes"), "{value}");
        let read = |value: &str, seed, https| Flow::read(value, &tokens(seed), https, NOW);
        assert_eq!(read(value, 2, false), Err(Fault::Stale));
        assert_eq!(read(value, 1, true), Err(Fault::Stale), "the name is sealed with it");
        for at in [0, value.len() / 2, value.len() - 3] {
            let mut bytes = value.to_owned().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(read(&String::from_utf8(bytes).unwrap(), 1, false), Err(Fault::Stale));
        }
        assert_eq!(read("", 1, false), Err(Fault::Stale));
        assert!(cookie.value().len() < 2_000, "{}", cookie.value().len());
    }

    #[test]
    fn the_cookie_is_for_this_site_and_short() {
        let cookie = flow().cookie(&tokens(1), true).to_string();
        for part in ["__Host-sluis-oidc=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(part), "{part}: {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
        assert!(over(true).to_string().contains("Max-Age=0"));
    }

    #[test]
    fn a_sign_in_leads_to_a_view_of_the_page_alone() {
        let long = format!("/{}", "x".repeat(limits::OIDC_RETURN_BYTES_MAX));
        for bad in [
            "//evil.example",
            "https://evil.example/",
            "/\\evil.example",
            "/%2f/evil.example",
            "javascript:alert(1)",
            "/outcomes?x=//evil.example",
            "/outcomes\r\nset-cookie: a=b",
            "/api/sign-out",
            "outcomes",
            "",
            &long,
        ] {
            assert_eq!(safe_return(Some(bad)), "/", "{bad:?}");
        }
        for view in PAGES.into_iter().chain(["/plain"]) {
            assert_eq!(safe_return(Some(view)), view);
        }
        assert_eq!(safe_return(None), "/");
    }
}
