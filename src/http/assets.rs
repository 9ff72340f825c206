//! The page, embedded in the program.

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest, Sha256};

use crate::protocol::convert::hex;

/// One file of the page.
struct Asset {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($path:literal $kind:literal $file:literal;)*) => {
        static ASSETS: &[Asset] = &[$(Asset {
            path: $path,
            kind: $kind,
            bytes: include_bytes!(concat!("../../web/", $file)),
        }),*];
    };
}

assets! {
    "/" "text/html; charset=utf-8" "index.html";
    "/app.js" "text/javascript; charset=utf-8" "app.js";
    "/dom.js" "text/javascript; charset=utf-8" "dom.js";
    "/link.js" "text/javascript; charset=utf-8" "link.js";
    "/state.js" "text/javascript; charset=utf-8" "state.js";
    "/text.js" "text/javascript; charset=utf-8" "text.js";
    "/view.js" "text/javascript; charset=utf-8" "view.js";
    "/style.css" "text/css; charset=utf-8" "style.css";
    "/lock.svg" "image/svg+xml" "lock.svg";
}

impl Asset {
    fn tag(&self) -> String {
        format!("\"{}\"", hex(&Sha256::digest(self.bytes)[..16]))
    }

    /// A browser keeps it and asks each time whether it is still the same.
    fn answer(&self, tag: &str, req: &HttpRequest) -> HttpResponse {
        let known = req.headers().get(IF_NONE_MATCH).and_then(|h| h.to_str().ok());
        let same = |have: &str| have.trim().trim_start_matches("W/") == tag;
        let current = known.is_some_and(|list| list.split(',').any(same));
        let mut response = if current { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "no-cache"));
        match current {
            true => response.finish(),
            false => response.insert_header((CONTENT_TYPE, self.kind)).body(self.bytes),
        }
    }
}

/// Registers the page's files.
pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    for asset in ASSETS {
        let tag: Arc<str> = asset.tag().into();
        let answer = move |req: HttpRequest| {
            let response = asset.answer(&tag, &req);
            async move { response }
        };
        let resource = web::resource(asset.path);
        cfg.service(resource.route(web::get().to(answer.clone())).route(web::head().to(answer)));
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{App, test};

    use super::*;

    #[actix_web::test]
    async fn every_file_has_its_type_and_a_tag_that_saves_sending_it_again() {
        let app = test::init_service(App::new().configure(configure)).await;
        for asset in ASSETS {
            let req = test::TestRequest::get().uri(asset.path).to_request();
            let answer = test::call_service(&app, req).await;
            assert_eq!(answer.status(), 200, "{}", asset.path);
            assert_eq!(answer.headers().get(CONTENT_TYPE).unwrap(), asset.kind);
            let tag = answer.headers().get(ETAG).unwrap().clone();
            assert_eq!(test::read_body(answer).await, asset.bytes);
            let again = test::TestRequest::get().uri(asset.path);
            let again = again.insert_header((IF_NONE_MATCH, tag)).to_request();
            assert_eq!(test::call_service(&app, again).await.status(), 304);
        }
    }
}
