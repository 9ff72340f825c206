//! How the page is served: what a browser is given, and what it need not be given again.

use std::io::Read;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderName, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::from_fn;
use actix_web::{App, test};

use super::*;
use crate::http::finish;

async fn get(
    path: &str,
    headers: &[(&str, &str)],
) -> ServiceResponse<actix_web::body::EitherBody<BoxBody>> {
    let app = test::init_service(App::new().configure(configure).wrap(from_fn(finish))).await;
    let request =
        headers.iter().fold(test::TestRequest::get().uri(path), |r, h| r.append_header(*h));
    test::call_service(&app, request.to_request()).await
}

fn header<B>(answer: &ServiceResponse<B>, name: HeaderName) -> String {
    let value = answer.headers().get(&name);
    value.map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default()
}

fn script() -> &'static File {
    FILES.iter().find(|f| f.path.starts_with(HASHED) && extension(f.path) == "js").unwrap()
}

#[actix_web::test]
async fn every_path_of_the_router_gives_the_document_under_its_policy() {
    let index = FILES.iter().find(|f| f.path == "/index.html").unwrap();
    for page in PAGES {
        let answer = get(page, &[]).await;
        assert_eq!(answer.status(), 200, "{page}");
        assert_eq!(header(&answer, CONTENT_TYPE), "text/html; charset=utf-8");
        assert_eq!(header(&answer, CACHE_CONTROL), "no-cache");
        let policy = header(&answer, CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&answer, X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(test::read_body(answer).await, index.plain);
    }
    let text = std::str::from_utf8(index.plain).unwrap();
    assert!(!text.contains("<style") && !text.contains("<script>"), "nothing may stand inline");
}

#[actix_web::test]
async fn a_script_comes_in_the_smallest_form_that_the_reader_takes() {
    let file = script();
    let cases = [
        (Some("gzip, deflate, br, zstd"), "br", file.br.unwrap()),
        (Some("gzip, br;q=0"), "gzip", file.gz.unwrap()),
        (Some("gzip"), "gzip", file.gz.unwrap()),
        (Some("identity"), "", file.plain),
        (None, "", file.plain),
    ];
    let mut tags = std::collections::HashSet::new();
    for (accepted, coding, bytes) in cases {
        let headers: Vec<_> = accepted.map(|a| ("accept-encoding", a)).into_iter().collect();
        let answer = get(file.path, &headers).await;
        assert_eq!(header(&answer, CONTENT_ENCODING), coding);
        assert_eq!(header(&answer, VARY), "accept-encoding");
        assert_eq!(header(&answer, CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert_eq!(header(&answer, CACHE_CONTROL), FOREVER);
        tags.insert(header(&answer, ETAG));
        assert_eq!(test::read_body(answer).await, bytes);
    }
    assert_eq!(tags.len(), 3, "each form has a tag of its own");
    assert!(file.br.unwrap().len() < file.gz.unwrap().len());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(file.gz.unwrap()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, file.plain);
}

#[actix_web::test]
async fn what_a_browser_has_is_not_sent_again() {
    for path in ["/", script().path, "/theme.css"] {
        let zipped = ("accept-encoding", "gzip");
        let first = get(path, &[zipped]).await;
        let tag = header(&first, ETAG);
        let again = get(path, &[zipped, ("if-none-match", &tag)]).await;
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!(header(&again, ETAG), tag);
        let policy = |of| header(of, CONTENT_SECURITY_POLICY);
        assert_eq!(policy(&again), policy(&first), "a browser takes it for the one it has: {path}");
        assert!(test::read_body(again).await.is_empty());
        let other = get(path, &[("if-none-match", &tag)]).await;
        assert_eq!(other.status(), 200, "another form is another text: {path}");
    }
}

#[actix_web::test]
async fn what_is_not_there_is_not_found_and_not_kept() {
    for path in ["/assets/index-00000000.js", "/assets/", "/nowhere", "/index.html.br"] {
        let answer = get(path, &[]).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(header(&answer, CACHE_CONTROL), "no-store");
    }
}

/// What a phone on a bad line must fetch before it sees her study map.
const FIRST_LOAD_BYTES_MAX: usize = 60_000;

/// Views that are read when somebody goes there, and the smaller of the two languages.
const LATER: [&str; 9] = [
    "Account-",
    "Messages-",
    "Opening-",
    "Outcomes-",
    "Registrar-",
    "Results-",
    "Timetable-",
    "en-",
    "en-views-",
];

fn comes_later(file: &File) -> bool {
    file.path.strip_prefix(HASHED).is_some_and(|name| LATER.iter().any(|l| name.starts_with(l)))
}

#[actix_web::test]
async fn the_first_load_is_small() {
    let loaded = |f: &&File| ["/index.html", "/theme.css", "/sluis.svg"].contains(&f.path);
    let loaded = |f: &&File| loaded(f) || f.path.starts_with(HASHED);
    let sizes: Vec<_> = FILES
        .iter()
        .filter(loaded)
        .filter(|f| !comes_later(f))
        .map(|f| (f.path, f.gz.unwrap().len()))
        .collect();
    let total: usize = sizes.iter().map(|(_, size)| size).sum();
    assert!(sizes.len() >= 5, "document, theme, icon, script, style: {sizes:?}");
    assert!(total <= FIRST_LOAD_BYTES_MAX, "{total} bytes of gzip: {sizes:?}");
}
