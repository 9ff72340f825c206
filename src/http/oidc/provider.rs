//! What the provider says of itself, and the checks of what it says of somebody. The protocol is
//! the `openidconnect` crate's; here is what it leaves to its user, and what is stricter.
//! Everything blocks: it runs on blocking threads.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClaimName, CoreClaimType,
    CoreClient, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim, CoreGrantType,
    CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreRequestTokenError,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, AdditionalProviderMetadata, AuthType,
    AuthenticationContextClass, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl,
    LanguageTag, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata,
    RedirectUrl, RequestTokenError, Scope, SignatureVerificationError, SubjectIdentifier,
    TokenResponse, UserInfoClaims, UserInfoError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::OidcSettings;
use super::claims::Given;
use super::fault::{Fault, Reason};
use super::flow::Flow;
use super::web::{Web, WebFault};
use crate::domain::ids::Timestamp;

/// What the metadata has besides what the crate reads.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct More {
    end_session_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Every claim of the userinfo endpoint.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct AllClaims {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for AllClaims {}

/// Why a provider cannot be used, or what it sent cannot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trouble {
    /// What she is told.
    pub fault: Fault,
    /// What the operator is told.
    pub reason: Reason,
}

const fn untrusted(reason: Reason) -> Trouble {
    Trouble { fault: Fault::Untrusted, reason }
}

const fn unavailable(reason: Reason) -> Trouble {
    Trouble { fault: Fault::Unavailable, reason }
}

impl From<WebFault> for Trouble {
    fn from(fault: WebFault) -> Self {
        unavailable(match fault {
            WebFault::Insecure => "its metadata name an address that is not https",
            WebFault::Unreachable => "no connection",
            WebFault::Slow => "no answer in time",
            WebFault::Large => "an answer larger than allowed",
            WebFault::Tls => "TLS failed: is its certificate signed by an authority known here?",
            WebFault::Failed => "an answer of 500 or more",
            WebFault::Broken => "an answer that is no HTTP",
        })
    }
}

impl From<DiscoveryError<WebFault>> for Trouble {
    fn from(error: DiscoveryError<WebFault>) -> Self {
        match error {
            DiscoveryError::Request(fault) => fault.into(),
            DiscoveryError::Validation(_) => {
                unavailable("its metadata name another issuer than sign_in.oidc.issuer")
            }
            DiscoveryError::Parse(_) => unavailable("its metadata or keys cannot be read"),
            DiscoveryError::Response(..) => {
                unavailable("no metadata there; is sign_in.oidc.issuer right?")
            }
            _ => unavailable("its metadata or keys cannot be used"),
        }
    }
}

/// A way out to the provider, with what must be remembered until the browser is back.
pub struct Departure {
    /// Where the browser goes.
    pub url: String,
    /// What is sealed into its cookie.
    pub state: String,
    /// Likewise.
    pub nonce: String,
    /// Likewise.
    pub verifier: String,
}

/// A provider whose metadata and keys are known.
pub struct Provider {
    client: Client,
    algorithms: Vec<CoreJwsSigningAlgorithm>,
    has_userinfo: bool,
    end_session: Option<String>,
    /// It promises to name itself to the browser that it sends back (RFC 9207).
    pub names_itself: bool,
}

/// The algorithm of that name, of those that can be allowed at all.
pub fn algorithm(name: &str) -> Option<CoreJwsSigningAlgorithm> {
    use CoreJwsSigningAlgorithm as Alg;
    Some(match name {
        "RS256" => Alg::RsaSsaPkcs1V15Sha256,
        "RS384" => Alg::RsaSsaPkcs1V15Sha384,
        "RS512" => Alg::RsaSsaPkcs1V15Sha512,
        "PS256" => Alg::RsaSsaPssSha256,
        "PS384" => Alg::RsaSsaPssSha384,
        "PS512" => Alg::RsaSsaPssSha512,
        "ES256" => Alg::EcdsaP256Sha256,
        "ES384" => Alg::EcdsaP384Sha384,
        "EdDSA" => Alg::EdDsa,
        _ => return None,
    })
}

impl Provider {
    /// Asks the provider for its metadata and keys: two requests.
    pub fn discover(settings: &OidcSettings, web: &Web) -> Result<Self, Trouble> {
        let issuer = IssuerUrl::new(settings.issuer.clone());
        let issuer = issuer.map_err(|_| unavailable("sign_in.oidc.issuer is no address"))?;
        // The address of the keys is in the metadata, and asked at once.
        let ask = |request: openidconnect::HttpRequest| {
            let safe = (settings.is_safe)(&request.uri().to_string());
            if safe { web.ask(request) } else { Err(WebFault::Insecure) }
        };
        let metadata = Metadata::discover(&issuer, &ask)?;
        Self::new(settings, metadata)
    }

    fn new(settings: &OidcSettings, metadata: Metadata) -> Result<Self, Trouble> {
        let more = metadata.additional_metadata();
        let userinfo = metadata.userinfo_endpoint().map(|url| url.as_str());
        let Some(token) = metadata.token_endpoint() else {
            return Err(unavailable("its metadata name no token endpoint"));
        };
        let authorization = metadata.authorization_endpoint().as_str();
        let end_session = more.end_session_endpoint.clone();
        let all = [Some(authorization), Some(token.as_str()), userinfo, end_session.as_deref()];
        if !all.into_iter().flatten().all(settings.is_safe) {
            return Err(unavailable("its metadata name an address that is not https"));
        }
        let offered = metadata.id_token_signing_alg_values_supported();
        let allowed = settings.signing_algorithms.iter().filter_map(|name| algorithm(name));
        let algorithms: Vec<_> = allowed.filter(|alg| offered.contains(alg)).collect();
        if algorithms.is_empty() {
            return Err(unavailable("it signs with none of sign_in.oidc.signing_algorithms"));
        }
        let redirect = RedirectUrl::new(settings.redirect_url.clone());
        let redirect = redirect.map_err(|_| unavailable("server.public_url is no address"))?;
        let methods = metadata.token_endpoint_auth_methods_supported();
        let in_body = methods.is_some_and(|all| {
            all.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !all.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
        let (names_itself, has_userinfo) =
            (more.authorization_response_iss_parameter_supported, userinfo.is_some());
        let id = ClientId::new(settings.client_id.clone());
        let secret = ClientSecret::new(settings.client_secret.clone());
        let client = CoreClient::from_provider_metadata(metadata, id, Some(secret))
            .set_redirect_uri(redirect)
            .set_auth_type(if in_body { AuthType::RequestBody } else { AuthType::BasicAuth });
        Ok(Self { client, algorithms, has_userinfo, end_session, names_itself })
    }

    /// The way to the provider's own page, in this language where it has it; `again`: it must ask
    /// who it is.
    pub fn departure(
        &self,
        settings: &OidcSettings,
        language: Option<&str>,
        again: bool,
    ) -> Departure {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = self
            .client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new_random_len(32),
                || Nonce::new_random_len(32),
            )
            .set_pkce_challenge(challenge);
        for scope in &settings.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        for acr in &settings.acr_values {
            request = request.add_auth_context_value(AuthenticationContextClass::new(acr.clone()));
        }
        request = match settings.prompt.as_str() {
            _ if again => request.add_prompt(CoreAuthPrompt::Login),
            "login" => request.add_prompt(CoreAuthPrompt::Login),
            "select_account" => request.add_prompt(CoreAuthPrompt::SelectAccount),
            "consent" => request.add_prompt(CoreAuthPrompt::Consent),
            _ => request,
        };
        if let Some(language) = language {
            request = request.add_ui_locale(LanguageTag::new(language.to_owned()));
        }
        let (url, state, nonce) = request.url();
        Departure {
            url: url.into(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        }
    }

    /// Where the browser goes to be signed out there as well. Who she is is no part of it: an
    /// address is no place for that (I14), so the provider asks her own cookie.
    pub fn logout(&self, settings: &OidcSettings, language: Option<&str>) -> Option<String> {
        let end = self.end_session.as_deref().filter(|_| settings.logout)?;
        let mut parts = vec![
            ("client_id", settings.client_id.as_str()),
            ("post_logout_redirect_uri", settings.home_url.as_str()),
        ];
        parts.extend(language.map(|language| ("ui_locales", language)));
        openidconnect::url::Url::parse_with_params(end, parts).ok().map(Into::into)
    }

    /// Exchanges a code for tokens.
    pub fn redeem(&self, web: &Web, flow: &Flow, code: String) -> Result<Tokens, Trouble> {
        let request = self.client.exchange_code(AuthorizationCode::new(code));
        let request = request.map_err(|_| unavailable("its metadata name no token endpoint"))?;
        let verifier = PkceCodeVerifier::new(flow.verifier.clone());
        let ask = |request| web.ask(request);
        let answer = request.set_pkce_verifier(verifier).request(&ask);
        answer.map(Tokens).map_err(|error| refused(&error))
    }

    /// Checks the ID token, and asks for the claims that are not in it.
    pub fn claims(
        &self,
        settings: &OidcSettings,
        web: &Web,
        tokens: &Tokens,
        flow: &Flow,
        now: Timestamp,
    ) -> Result<Given, Unverified> {
        let token = tokens.0.id_token().ok_or(untrusted("it sent no ID token"))?;
        let (mut given, subject) = self.verified(settings, tokens, token, flow, now)?;
        let lacks = settings.claims.names().any(|name| !given.contains_key(name));
        if lacks && self.has_userinfo {
            let more = self.userinfo(web, tokens.0.access_token(), subject)?;
            for (name, value) in more {
                given.entry(name).or_insert(value);
            }
        }
        Ok(given)
    }

    fn verified(
        &self,
        settings: &OidcSettings,
        tokens: &Tokens,
        token: &CoreIdToken,
        flow: &Flow,
        now: Timestamp,
    ) -> Result<(Given, SubjectIdentifier), Unverified> {
        let skew = u64::from(settings.clock_skew_seconds) * 1_000;
        let (early, late) = (time(now.0.saturating_sub(skew)), time(now.0 + skew));
        let wanted = settings.acr_values.clone();
        let verifier = self
            .client
            .id_token_verifier()
            .set_allowed_algs(self.algorithms.clone())
            .set_time_fn(move || early)
            .set_issue_time_verifier_fn(move |issued| {
                if issued > late { Err("issued in the future".to_owned()) } else { Ok(()) }
            })
            .set_auth_context_verifier_fn(move |acr| {
                let met = |acr: &AuthenticationContextClass| wanted.iter().any(|w| *w == **acr);
                let good = wanted.is_empty() || acr.is_some_and(met);
                if good { Ok(()) } else { Err("not as asked for".to_owned()) }
            });
        let claims = token.claims(&verifier, &Nonce::new(flow.nonce.clone()))?;
        let subject = claims.subject().clone();
        if claims.authorized_party().is_some_and(|party| party.as_str() != settings.client_id) {
            return Err(untrusted("the ID token is for another client (azp)").into());
        }
        if let Some(hash) = claims.access_token_hash() {
            check_hash(hash, tokens.0.access_token(), token, &verifier)?;
        }
        let given = payload(&token.to_string()).ok_or(untrusted("the ID token cannot be read"))?;
        not_before(&given, late)?;
        Ok((given, subject))
    }

    fn userinfo(
        &self,
        web: &Web,
        access: &AccessToken,
        subject: SubjectIdentifier,
    ) -> Result<Given, Trouble> {
        // It goes into a header as it is.
        if !access.secret().bytes().all(|b| b.is_ascii_graphic()) {
            return Err(untrusted("its access token is no text"));
        }
        let request = self.client.user_info(access.clone(), Some(subject));
        let request = request.map_err(|_| unavailable("its metadata name no userinfo endpoint"))?;
        let ask = |request| web.ask(request);
        let answer: Result<UserInfoClaims<AllClaims, CoreGenderClaim>, _> = request.request(&ask);
        let claims = answer.map_err(|error: UserInfoError<WebFault>| match error {
            UserInfoError::Request(fault) => fault.into(),
            UserInfoError::ClaimsVerification(_) => untrusted("its userinfo is about another"),
            _ => untrusted("its userinfo cannot be read"),
        })?;
        match serde_json::to_value(&claims) {
            Ok(Value::Object(all)) => Ok(all),
            _ => Err(untrusted("its userinfo cannot be read")),
        }
    }
}

/// Tokens, as the provider sent them: not verified.
pub struct Tokens(CoreTokenResponse);

/// Why claims are not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unverified {
    /// The key is not among those that are known: it may be new.
    UnknownKey,
    /// Anything else.
    Trouble(Trouble),
}

impl From<Trouble> for Unverified {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<ClaimsVerificationError> for Unverified {
    /// The crate's own texts repeat what is in the token, so they go nowhere.
    fn from(error: ClaimsVerificationError) -> Self {
        use ClaimsVerificationError as E;
        use SignatureVerificationError as S;
        Self::Trouble(untrusted(match error {
            E::SignatureVerification(S::NoMatchingKey) => return Self::UnknownKey,
            E::SignatureVerification(S::DisallowedAlg(_) | S::UnsupportedAlg(_)) => {
                "the ID token is signed with an algorithm that is not allowed"
            }
            E::SignatureVerification(S::NoSignature) => "the ID token is not signed",
            E::SignatureVerification(_) => "the ID token's signature is wrong",
            E::InvalidIssuer(_) => "the ID token is of another issuer",
            E::InvalidAudience(_) => "the ID token is for another client (aud)",
            E::Expired(_) => "the ID token has expired, or is of the future: compare the clocks",
            E::InvalidNonce(_) => "the ID token answers another sign-in (nonce)",
            E::InvalidAuthContext(_) => "she signed in another way than sign_in.oidc.acr_values",
            _ => "the ID token cannot be used",
        }))
    }
}

fn refused(error: &CoreRequestTokenError<WebFault>) -> Trouble {
    let answer = match error {
        RequestTokenError::Request(fault) => return (*fault).into(),
        RequestTokenError::ServerResponse(answer) => answer,
        _ => return untrusted("its answer to a code cannot be read"),
    };
    match answer.error() {
        CoreErrorResponseType::InvalidGrant => Trouble {
            fault: Fault::Stale,
            reason: "it refuses a code: used, expired or not its own",
        },
        CoreErrorResponseType::InvalidClient => {
            unavailable("it refuses our client_id or client_secret")
        }
        _ => unavailable("it refuses to exchange a code"),
    }
}

fn check_hash(
    hash: &AccessTokenHash,
    access: &AccessToken,
    token: &CoreIdToken,
    verifier: &CoreIdTokenVerifier<'_>,
) -> Result<(), Trouble> {
    let wrong = || untrusted("the access token is not that of the ID token (at_hash)");
    let algorithm = token.signing_alg().map_err(|_| wrong())?;
    let key = token.signing_key(verifier).map_err(|_| wrong())?;
    let own = AccessTokenHash::from_token(access, algorithm, key).map_err(|_| wrong())?;
    if own == *hash { Ok(()) } else { Err(wrong()) }
}

/// What the crate does not look at.
fn not_before(given: &Given, late: DateTime<Utc>) -> Result<(), Trouble> {
    match given.get("nbf").map(Value::as_f64) {
        None => Ok(()),
        Some(Some(seconds)) if seconds * 1e3 <= late.timestamp_millis() as f64 => Ok(()),
        Some(_) => Err(untrusted("the ID token is not valid yet (nbf)")),
    }
}

fn time(ms: u64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms as i64).unwrap_or_default()
}

/// The claims of a token whose signature was checked, all of them.
fn payload(token: &str) -> Option<Given> {
    let part = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_algorithms_with_a_key_pair_can_be_allowed() {
        for name in ["none", "HS256", "HS384", "HS512", "rs256", ""] {
            assert_eq!(algorithm(name), None, "{name}");
        }
        for name in crate::config::SIGNING_ALGORITHMS {
            let found = algorithm(name).unwrap();
            assert_eq!(serde_json::to_value(&found).unwrap(), json!(name));
        }
    }

    #[test]
    fn not_before_is_a_number_that_has_passed() {
        let late = time(1_000_000);
        let check = |nbf: Value| {
            let given = json!({ "nbf": nbf });
            not_before(given.as_object().unwrap(), late).is_ok()
        };
        assert!(check(json!(1_000)) && check(json!(999.5)) && check(json!(-1)));
        assert!(!check(json!(1_001)) && !check(json!("soon")) && !check(json!(null)));
        assert!(not_before(&Given::new(), late).is_ok());
    }

    #[test]
    fn a_token_s_claims_are_those_between_the_dots() {
        let body = URL_SAFE_NO_PAD.encode(json!({"sub": "x"}).to_string());
        let given = payload(&format!("e30.{body}.c2ln")).unwrap();
        assert_eq!(given["sub"], "x");
        for bad in ["", "e30", "e30.!.x", "e30.W10.x"] {
            assert_eq!(payload(bad), None, "{bad}");
        }
    }
}
