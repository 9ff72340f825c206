//! How the page is served: what a browser is given, and what it need not be given again.

use std::io::Read;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG, HeaderName, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::from_fn;
use actix_web::{App, test};

use super::*;
use crate::http::finish;

async fn get(
    path: &str,
    headers: &[(&str, &str)],
) -> ServiceResponse<actix_web::body::EitherBody<BoxBody>> {
    get_with(None, path, headers).await
}

async fn get_with(
    look: Option<Look>,
    path: &str,
    headers: &[(&str, &str)],
) -> ServiceResponse<actix_web::body::EitherBody<BoxBody>> {
    let app = App::new().configure(|cfg| configure(cfg, look)).wrap(from_fn(finish));
    let app = test::init_service(app).await;
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
async fn a_university_s_look_stands_behind_the_page_s_own_in_the_same_file() {
    let shipped = FILES.iter().find(|f| f.path == LOOK).unwrap();
    assert_eq!(std::str::from_utf8(shipped.plain).unwrap(), TOKENS, "as it was built");
    let theme = Theme::parse(":root { --sluis-water: #7a0019; }").unwrap();
    let look = Some(Look::new(&theme));
    let answer = get_with(look.clone(), LOOK, &[]).await;
    assert_eq!(header(&answer, CONTENT_TYPE), "text/css; charset=utf-8");
    assert_eq!(header(&answer, CACHE_CONTROL), "no-cache");
    assert_eq!(header(&answer, X_CONTENT_TYPE_OPTIONS), "nosniff");
    let tag = header(&answer, ETAG);
    assert_ne!(tag, header(&get(LOOK, &[]).await, ETAG));
    let text = String::from_utf8(test::read_body(answer).await.to_vec()).unwrap();
    assert!(text.starts_with(TOKENS) && text.ends_with(&theme.css()), "{text}");
    let zipped = get_with(look.clone(), LOOK, &[("accept-encoding", "br, gzip")]).await;
    assert_eq!(header(&zipped, CONTENT_ENCODING), "gzip");
    let mut unpacked = String::new();
    let packed = test::read_body(zipped).await;
    flate2::read::GzDecoder::new(packed.as_ref()).read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, text);
    let again = get_with(look, LOOK, &[("if-none-match", &tag)]).await;
    assert_eq!(again.status(), 304);
}

#[actix_web::test]
async fn what_is_not_there_is_not_found_and_not_kept() {
    for path in ["/assets/index-00000000.js", "/assets/", "/nowhere", "/index.html.br"] {
        let answer = get(path, &[]).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(header(&answer, CACHE_CONTROL), "no-store");
    }
}

/// What a phone on a bad line must fetch before it shows her study map.
const FIRST_LOAD_BYTES_MAX: usize = 60_000;
/// Scripts of the way in that there is: the university account's, or the demonstration's.
const WAY_IN_SCRIPT_BYTES_MAX: usize = 2_000;
/// Scripts until she can sign in, the way in itself aside.
const SIGN_IN_SCRIPT_BYTES_MAX: usize = 30_000;

fn asset(name: &str) -> &'static File {
    let path = format!("{HASHED}{name}");
    let later = |f: &File| {
        ["-views-", "-registrar-", "-university-"].iter().any(|part| f.path.contains(part))
    };
    let meant = |f: &&File| f.path.starts_with(&path) && !later(f);
    FILES.iter().find(meant).unwrap_or_else(|| panic!("no {path}"))
}

/// These files and all that their scripts import before they run.
fn with_imports(first: &[&'static File]) -> Vec<&'static File> {
    let mut found = first.to_vec();
    let mut next = 0;
    while let Some(file) = found.get(next) {
        let text = std::str::from_utf8(file.plain).unwrap_or_default();
        for before in ["from\"./", "from`./", "import\"./", "import`./"] {
            for rest in text.split(before).skip(1) {
                let name = rest.split(['"', '`']).next().unwrap();
                let import = asset(name);
                if !found.iter().any(|f| f.path == import.path) {
                    found.push(import);
                }
            }
        }
        next += 1;
    }
    found
}

fn gzipped(files: &[&File]) -> usize {
    files.iter().map(|f| f.gz.unwrap().len()).sum()
}

#[actix_web::test]
async fn the_first_load_is_small() {
    let file = |path: &str| FILES.iter().find(|f| f.path == path).unwrap();
    let document = std::str::from_utf8(file("/index.html").plain).unwrap();
    let named = |f: &&File| f.path.starts_with(HASHED) && document.contains(f.path);
    let (scripts, styles): (Vec<_>, Vec<_>) =
        FILES.iter().filter(named).partition(|f| extension(f.path) == "js");
    assert_eq!((scripts.len(), styles.len()), (1, 1));

    // The larger language stands for both.
    let sign_in = with_imports(&[scripts[0], asset("nl-")]);
    assert!(sign_in.len() > 2, "the entry's own imports are found");
    let total = gzipped(&sign_in);
    assert!(total <= SIGN_IN_SCRIPT_BYTES_MAX, "{total} bytes of scripts to sign in");
    // One way in besides, whichever it is here.
    let university = FILES.iter().filter(|f| f.path.contains("/nl-university-"));
    let university: Vec<_> = university.chain([asset("University-")]).collect();
    assert_eq!(university.len(), 2);
    for way in [vec![asset("Demo-")], university] {
        let total = gzipped(&way);
        assert!(total <= WAY_IN_SCRIPT_BYTES_MAX, "{total} bytes of scripts for a way in");
    }

    let plan = with_imports(&[scripts[0], asset("nl-"), asset("Plan-")]);
    assert!(plan.len() > sign_in.len());
    let rest = [file("/index.html"), file("/theme.css"), file("/sluis.svg"), styles[0]];
    let total = gzipped(&plan) + gzipped(&rest);
    assert!(total <= FIRST_LOAD_BYTES_MAX, "{total} bytes to the study map");
}
