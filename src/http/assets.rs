//! The page, embedded in the program: precompressed when it was built, never while somebody waits.

use std::io::Write;
use std::sync::LazyLock;

use actix_web::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, VARY,
};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::catalogue::known;
use crate::protocol::convert::hex;
use crate::theme::{TOKENS, Theme};

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

/// A file in the forms that it has.
struct Forms {
    plain: Bytes,
    br: Option<Bytes>,
    gz: Option<Bytes>,
}

impl Forms {
    /// The smallest form that the reader takes, with the name of its coding.
    fn form(self, headers: &HeaderMap) -> (Bytes, Option<&'static str>) {
        match (self.br, self.gz) {
            (Some(br), _) if accepts(headers, "br") => (br, Some("br")),
            (_, Some(gz)) if accepts(headers, "gzip") => (gz, Some("gzip")),
            _ => (self.plain, None),
        }
    }

    /// A name with a hash is kept for good; of the rest a browser asks whether it is the same.
    fn answer(self, path: &str, tag: &str, req: &HttpRequest) -> HttpResponse {
        let (bytes, coding) = self.form(req.headers());
        let tag = format!("{tag}{}", coding.map(|c| format!("-{c}")).unwrap_or_default());
        let keep = if path.starts_with(HASHED) { FOREVER } else { "no-cache" };
        let (mut response, current) = known(req, &tag, keep);
        response.insert_header((VARY, "accept-encoding"));
        // With a 304 too: a browser takes the headers of the answer for those it has kept.
        if extension(path) == "html" {
            response.insert_header((CONTENT_SECURITY_POLICY, CSP));
        }
        if current {
            return response.finish();
        }
        if let Some(coding) = coding {
            response.insert_header((CONTENT_ENCODING, coding));
        }
        response.insert_header((CONTENT_TYPE, kind(path))).body(bytes)
    }
}

impl File {
    fn forms(&self) -> Forms {
        Forms {
            plain: Bytes::from_static(self.plain),
            br: self.br.map(Bytes::from_static),
            gz: self.gz.map(Bytes::from_static),
        }
    }
}

/// Where the page's tokens are.
const LOOK: &str = "/theme.css";

/// The page's tokens and, behind them, a university's: one file, so that a phone asks once.
#[derive(Clone)]
pub(super) struct Look {
    plain: Bytes,
    gz: Bytes,
    tag: String,
}

impl Look {
    /// Packed once, at the start.
    pub(super) fn new(theme: &Theme) -> Self {
        let text = format!("{TOKENS}\n/* The university's own. */\n{}", theme.css());
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        let whole = packed.write_all(text.as_bytes()).and_then(|()| packed.finish());
        let gz = whole.expect("memory takes everything").into();
        let tag = hex(&Sha256::digest(&text)[..16]);
        Self { plain: text.into(), gz, tag }
    }

    fn answer(&self, req: &HttpRequest) -> HttpResponse {
        let forms = Forms { plain: self.plain.clone(), br: None, gz: Some(self.gz.clone()) };
        forms.answer(LOOK, &self.tag, req)
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
pub(super) fn configure(cfg: &mut web::ServiceConfig, look: Option<Look>) {
    let themed = look.is_some();
    if let Some(look) = look {
        let answer = move |req: HttpRequest| {
            let response = look.answer(&req);
            async move { response }
        };
        let resource = web::resource(LOOK).route(web::get().to(answer.clone()));
        cfg.service(resource.route(web::head().to(answer)));
    }
    let mut serve = |path: &str, file: &'static File, tag: &'static str| {
        let answer = move |req: HttpRequest| {
            let response = file.forms().answer(file.path, tag, &req);
            async move { response }
        };
        let resource = web::resource(path);
        cfg.service(resource.route(web::get().to(answer)).route(web::head().to(answer)));
    };
    let own = FILES.iter().zip(TAGS.iter()).filter(|(file, _)| !(themed && file.path == LOOK));
    for (file, tag) in own {
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
