//! HTTP to the provider: bounded in time and size, no redirects, on the client that the command
//! line uses.

use std::sync::Arc;
use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse};
use ureq::Agent;
use ureq::http::Request;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::limits;

/// Why there is no answer. What the provider wrote is not repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum WebFault {
    /// An address that may not be used.
    #[error("an address that is not https")]
    Insecure,
    /// Nobody there.
    #[error("no connection")]
    Unreachable,
    /// Too slow.
    #[error("no answer in time")]
    Slow,
    /// Too much.
    #[error("an answer larger than allowed")]
    Large,
    /// A certificate that is not trusted, or another fault of TLS.
    #[error("TLS failed: is its certificate signed by an authority that is known here?")]
    Tls,
    /// The provider's own fault.
    #[error("an answer of 500 or more")]
    Failed,
    /// Not HTTP, or cut off.
    #[error("an answer that is no HTTP")]
    Broken,
}

/// A client for one provider.
#[derive(Clone)]
pub struct Web {
    agent: Agent,
}

/// Why a client cannot be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the certificates of sign_in.oidc.ca_file cannot be read")]
pub struct NoCertificates;

fn roots(pem: &[u8]) -> Result<RootCerts, NoCertificates> {
    let certificate = |item| match item {
        Ok(PemItem::Certificate(one)) => Some(one),
        _ => None,
    };
    let all: Vec<Certificate<'static>> = parse_pem(pem).filter_map(certificate).collect();
    if all.is_empty() { Err(NoCertificates) } else { Ok(RootCerts::Specific(Arc::new(all))) }
}

impl Web {
    /// With these authorities (PEM), or those built in. `local`: on this machine, past any proxy.
    pub fn new(authorities: Option<&[u8]>, local: bool) -> Result<Self, NoCertificates> {
        let limit = Some(Duration::from_millis(limits::OIDC_ANSWER_MS_MAX));
        let mut config = Agent::config_builder()
            .timeout_global(limit)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .save_redirect_history(false)
            .user_agent("sluis");
        if let Some(pem) = authorities {
            config = config.tls_config(TlsConfig::builder().root_certs(roots(pem)?).build());
        }
        if local {
            config = config.proxy(None);
        }
        Ok(Self { agent: config.build().into() })
    }

    /// One question, one answer. Blocks for at most the time allowed.
    pub fn ask(&self, request: HttpRequest) -> Result<HttpResponse, WebFault> {
        let (parts, body) = request.into_parts();
        let answered = match body.is_empty() {
            true => self.agent.run(Request::from_parts(parts, ())),
            false => self.agent.run(Request::from_parts(parts, body)),
        };
        let (parts, mut body) = answered.map_err(|e| fault(&e))?.into_parts();
        if parts.status.is_server_error() {
            return Err(WebFault::Failed);
        }
        let most = limits::OIDC_ANSWER_BYTES_MAX as u64;
        let bytes = body.with_config().limit(most).read_to_vec().map_err(|e| fault(&e))?;
        Ok(HttpResponse::from_parts(parts, bytes))
    }
}

fn fault(error: &ureq::Error) -> WebFault {
    match error {
        ureq::Error::Timeout(_) => WebFault::Slow,
        ureq::Error::BodyExceedsLimit(_) => WebFault::Large,
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => WebFault::Tls,
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => WebFault::Unreachable,
        ureq::Error::Io(e) => match e.kind() {
            std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => WebFault::Slow,
            // rustls speaks through I/O errors.
            std::io::ErrorKind::InvalidData => WebFault::Tls,
            _ => WebFault::Unreachable,
        },
        _ => WebFault::Broken,
    }
}
