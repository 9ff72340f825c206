//! The page, embedded in the program: precompressed when it was built, never while somebody waits.

use std::sync::LazyLock;

use actix_web::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, VARY,
};
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest, Sha256};

use super::catalogue::known;
use crate::protocol::convert::hex;

/// Where the page's own router goes: each is answered with the same document.
pub const PAGES: [&str; 12] = [
    "/",
    "/opening",
    "/outcomes",
    "/timetable",
    "/results",
    "/messages",
    "/account",
    "/registrar",
    "/registrar/before",
    "/registrar/student",
    "/registrar/announcement",
    "/registrar/log",
];

/// Names with a hash in them never change.
const HASHED: &str = "/assets/";
const FOREVER: &str = "public, max-age=31536000, immutable";

/// One file of the page.
struct File {
    path: &'static str,
    plain: &'static [u8],
    br: Option<&'static [u8]>,
    gz: Option<&'static [u8]>,
}

static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Their tags, in the same order.
static TAGS: LazyLock<Vec<String>> =
    LazyLock::new(|| FILES.iter().map(|f| hex(&Sha256::digest(f.plain)[..16])).collect());

/// A value of `Accept-Encoding` that is not refused by its weight.
fn accepts(headers: &HeaderMap, wanted: &str) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    let parts = values.flat_map(|value| value.split(','));
    parts.map(|part| part.split(';').map(str::trim)).any(|mut part| {
        let named = part.next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        let weight = part.find_map(|p| p.strip_prefix("q=")?.parse::<f32>().ok());
        named && weight.unwrap_or(1.0) > 0.0
    })
}

fn extension(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

fn kind(path: &str) -> &'static str {
    match extension(path) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

impl File {
    /// The smallest form that the reader takes, with the name of its coding.
    fn form(&self, headers: &HeaderMap) -> (&'static [u8], Option<&'static str>) {
        match (self.br, self.gz) {
            (Some(br), _) if accepts(headers, "br") => (br, Some("br")),
            (_, Some(gz)) if accepts(headers, "gzip") => (gz, Some("gzip")),
            _ => (self.plain, None),
        }
    }

    /// A name with a hash is kept for good; of the rest a browser asks whether it is the same.
    fn answer(&self, tag: &str, req: &HttpRequest) -> HttpResponse {
        let (bytes, coding) = self.form(req.headers());
        let tag = format!("{tag}{}", coding.map(|c| format!("-{c}")).unwrap_or_default());
        let keep = if self.path.starts_with(HASHED) { FOREVER } else { "no-cache" };
        let (mut response, current) = known(req, &tag, keep);
        response.insert_header((VARY, "accept-encoding"));
        // With a 304 too: a browser takes the headers of the answer for those it has kept.
        if extension(self.path) == "html" {
            response.insert_header((CONTENT_SECURITY_POLICY, CSP));
        }
        if current {
            return response.finish();
        }
        if let Some(coding) = coding {
            response.insert_header((CONTENT_ENCODING, coding));
        }
        response.insert_header((CONTENT_TYPE, kind(self.path))).body(bytes)
    }
}

/// The page's own policy: nothing from elsewhere, nothing inline.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

/// Instead of the page, in a program built without it.
async fn no_page() -> HttpResponse {
    let text = "This Sluis was built without its page. Its API is described at /api/openapi.json.";
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}

/// Registers the page's files and the paths of its router.
pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    let mut serve = |path: &str, file: &'static File, tag: &'static str| {
        let answer = move |req: HttpRequest| {
            let response = file.answer(tag, &req);
            async move { response }
        };
        let resource = web::resource(path);
        cfg.service(resource.route(web::get().to(answer)).route(web::head().to(answer)));
    };
    for (file, tag) in FILES.iter().zip(TAGS.iter()) {
        serve(file.path, file, tag);
        if file.path == "/index.html" {
            for page in PAGES {
                serve(page, file, tag);
            }
        }
    }
    if FILES.is_empty() {
        cfg.service(web::resource("/").route(web::get().to(no_page)));
    }
}

#[cfg(all(test, feature = "page"))]
#[path = "assets_tests.rs"]
mod tests;
