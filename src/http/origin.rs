//! Where a request comes from: its site (against forgery across sites) and its address.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HOST, HeaderName, ORIGIN};

use super::settings::Settings;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");

/// The bearer token, if the request brings one.
pub fn bearer(req: &HttpRequest) -> Option<&str> {
    let value = req.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Whether the request's `Origin` is the gateway's own or an allowed one. Without the header,
/// only a request with a bearer token passes: no browser sends that by itself. Asked of every
/// WebSocket handshake.
pub fn origin_allowed(req: &HttpRequest, settings: &Settings) -> bool {
    let mut origins = req.headers().get_all(ORIGIN);
    match (origins.next(), origins.next()) {
        (None, _) => bearer(req).is_some(),
        (Some(origin), None) => {
            let host = req.headers().get(HOST).and_then(|h| h.to_str().ok());
            let origin = origin.to_str().ok();
            origin.is_some_and(|origin| is_own_or_listed(origin, host, settings))
        }
        (Some(_), Some(_)) => false,
    }
}

/// Whether a change may be asked for so. With a sign-in cookie, which a browser sends along whoever
/// asks, only our own page may, and it says so in `Origin`. Without one, what says nothing of where
/// it comes from is a tool of somebody's own.
pub fn change_allowed(req: &HttpRequest, settings: &Settings, by_cookie: bool) -> bool {
    let tool = !by_cookie && !from_browser(req);
    tool || req.headers().contains_key(ORIGIN) && origin_allowed(req, settings)
}

/// Whether a browser sent it, on behalf of a page.
pub fn from_browser(req: &HttpRequest) -> bool {
    req.headers().contains_key(ORIGIN) || req.headers().contains_key(SEC_FETCH_SITE)
}

fn is_own_or_listed(origin: &str, host: Option<&str>, settings: &Settings) -> bool {
    let listed = |o: &String| o.trim_end_matches('/').eq_ignore_ascii_case(origin);
    if settings.allowed_origins.iter().any(listed) {
        return true;
    }
    let own = match origin.split_once("://") {
        Some(("https", own)) => own,
        Some(("http", own)) if !settings.https => own,
        _ => return false,
    };
    host.is_some_and(|host| !host.is_empty() && host.eq_ignore_ascii_case(own))
}

/// The client's address: the connection's, or what trusted proxies say of it.
pub fn client_address(req: &HttpRequest, settings: &Settings) -> IpAddr {
    let peer = req.peer_addr().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |a| a.ip());
    let trusted = |a: IpAddr| settings.trusted_proxies.iter().any(|n| n.contains(a));
    let mut client = peer.to_canonical();
    if !trusted(client) {
        return client;
    }
    let values: Vec<&str> =
        req.headers().get_all(X_FORWARDED_FOR).filter_map(|v| v.to_str().ok()).collect();
    for part in values.iter().rev().flat_map(|v| v.rsplit(',')) {
        let Ok(address) = part.trim().parse::<IpAddr>() else {
            break;
        };
        client = address.to_canonical();
        if !trusted(client) {
            break;
        }
    }
    client
}

/// Whether the request was made on this machine, by no proxy.
pub fn is_local(req: &HttpRequest) -> bool {
    let proxied =
        req.headers().contains_key(X_FORWARDED_FOR) || req.headers().contains_key(FORWARDED);
    !proxied && req.peer_addr().is_some_and(|a| a.ip().to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::super::settings::Network;
    use super::*;

    fn settings(https: bool) -> Settings {
        let allowed_origins = vec!["https://enrol.example.nl".to_owned()];
        Settings { https, allowed_origins, ..Settings::default() }
    }

    #[test]
    fn only_our_own_and_listed_origins_pass() {
        let check = |https: bool, host: &str, origin: &str, allowed: bool| {
            let req = TestRequest::default()
                .insert_header((HOST, host))
                .insert_header((ORIGIN, origin))
                .to_http_request();
            assert_eq!(origin_allowed(&req, &settings(https)), allowed, "{host} {origin}");
        };
        let own = "sluis.example.nl";
        check(true, own, "https://sluis.example.nl", true);
        check(true, own, "HTTPS://sluis.example.nl", false);
        check(true, own, "https://SLUIS.example.nl", true);
        check(true, own, "https://enrol.example.nl", true);
        check(true, own, "http://enrol.example.nl", false);
        check(true, own, "http://sluis.example.nl", false);
        check(true, own, "null", false);
        check(true, own, "", false);
        check(true, own, "https://evil.example", false);
        check(true, own, "https://sluis.example.nl.evil.example", false);
        check(true, own, "https://evilsluis.example.nl", false);
        check(true, own, "https://enrol.example.nl.evil.example", false);
        check(true, own, "https://sluis.example.nl@evil.example", false);
        check(true, own, "https://evil.example/sluis.example.nl", false);
        check(true, own, "https://sluis.example.nl:444", false);
        check(true, own, "https://sluis.example.nl/", false);
        check(true, own, "wss://sluis.example.nl", false);
        check(true, own, "file://", false);
        check(true, "", "https://", false);
        check(false, "localhost:8080", "http://localhost:8080", true);
        check(false, "localhost:8080", "http://localhost:8081", false);
        check(false, "localhost:8080", "http://localhost", false);
        check(false, "localhost:8080", "http://127.0.0.1:8080", false);
        check(false, "[::1]:8080", "http://[::1]:8080", true);
    }

    #[test]
    fn without_an_origin_only_a_bearer_passes() {
        let req = TestRequest::default().insert_header((HOST, "a")).to_http_request();
        assert!(!origin_allowed(&req, &settings(false)));
        let req =
            TestRequest::default().insert_header((AUTHORIZATION, "Bearer abc")).to_http_request();
        assert!(origin_allowed(&req, &settings(false)));
        let req = TestRequest::default()
            .insert_header((HOST, "a"))
            .append_header((ORIGIN, "http://a"))
            .append_header((ORIGIN, "http://evil"))
            .to_http_request();
        assert!(!origin_allowed(&req, &settings(false)), "two are none");
    }

    #[test]
    fn a_change_must_come_from_our_own_page() {
        let check = |headers: &[(&str, &str)], allowed: bool| {
            let mut req = TestRequest::post().insert_header((HOST, "a"));
            for header in headers {
                req = req.append_header(*header);
            }
            let req = req.to_http_request();
            for by_cookie in [true, false] {
                // Only what a tool sends may say nothing.
                let allowed = allowed || headers.is_empty() && !by_cookie;
                let found = change_allowed(&req, &settings(false), by_cookie);
                assert_eq!(found, allowed, "{headers:?}, by cookie: {by_cookie}");
            }
        };
        check(&[], false);
        check(&[("origin", "http://a")], true);
        check(&[("origin", "http://a"), ("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "same-origin")], false);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("origin", "http://evil")], false);
        check(&[("origin", "null")], false);
    }

    #[test]
    fn a_forwarded_address_is_believed_of_a_trusted_proxy_only() {
        let settings = Settings {
            trusted_proxies: vec![Network::parse("10.0.0.0/8").unwrap()],
            ..Settings::default()
        };
        let check = |peer: &str, forwarded: &[&str], client: &str| {
            let mut req = TestRequest::default().peer_addr(peer.parse().unwrap());
            for value in forwarded {
                req = req.append_header((X_FORWARDED_FOR, *value));
            }
            let found = client_address(&req.to_http_request(), &settings);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
        };
        check("9.9.9.9:1", &["1.1.1.1"], "9.9.9.9");
        check("10.0.0.1:1", &["1.1.1.1"], "1.1.1.1");
        check("10.0.0.1:1", &["6.6.6.6, 1.1.1.1, 10.0.0.2"], "1.1.1.1");
        check("10.0.0.1:1", &["6.6.6.6", "1.1.1.1"], "1.1.1.1");
        check("10.0.0.1:1", &["6.6.6.6, rubbish"], "10.0.0.1");
        check("10.0.0.1:1", &[], "10.0.0.1");
    }

    #[test]
    fn a_proxy_on_this_machine_is_not_this_machine() {
        let local = || TestRequest::default().peer_addr("127.0.0.1:1".parse().unwrap());
        assert!(is_local(&local().to_http_request()));
        let proxied = local().insert_header((X_FORWARDED_FOR, "1.1.1.1"));
        assert!(!is_local(&proxied.to_http_request()));
        let far = TestRequest::default().peer_addr("9.9.9.9:1".parse().unwrap());
        assert!(!is_local(&far.to_http_request()));
    }
}
