//! Sign-in with the university account: from the configuration to what the HTTP side takes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::ServeError;
use crate::clock::Clock;
use crate::config::{self, Config, SignInMode, is_safe_address};
use crate::http::oidc::claims::{ClaimRules, Means};
use crate::http::oidc::routes::RETURN;
use crate::http::oidc::{Oidc, OidcSettings};
use crate::protocol::server::TextView;

/// The way in, if the configuration says so; the provider is not asked anything yet. `here` is the
/// first address, where browsers come when there is no public one.
pub fn prepare(
    config: &Config,
    here: Option<SocketAddr>,
    clock: Clock,
) -> Result<Option<Arc<Oidc>>, ServeError> {
    if config.sign_in.mode != SignInMode::Oidc {
        return Ok(None);
    }
    let settings = settings(config, here).map_err(ServeError::SignIn)?;
    let oidc = Oidc::new(settings, clock).map_err(|e| ServeError::SignIn(e.to_string()))?;
    Ok(Some(Arc::new(oidc)))
}

/// Asks the provider now and then whether it is there.
pub async fn keep(oidc: Arc<Oidc>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    loop {
        second.tick().await;
        oidc.keep().await;
    }
}

fn settings(config: &Config, here: Option<SocketAddr>) -> Result<OidcSettings, String> {
    let oidc = &config.sign_in.oidc;
    let home = match (config.server.public_url.as_str(), here) {
        ("", Some(address)) => format!("http://{address}"),
        (public, _) => public.trim_end_matches('/').to_owned(),
    };
    Ok(OidcSettings {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: oidc.secret()?,
        redirect_url: format!("{home}{RETURN}"),
        home_url: format!("{home}/"),
        scopes: oidc.scopes.clone(),
        prompt: oidc.prompt.clone(),
        acr_values: oidc.acr_values.clone(),
        signing_algorithms: oidc.signing_algorithms.clone(),
        clock_skew_seconds: oidc.clock_skew_seconds,
        claims: claims(oidc),
        contact: contact(oidc),
        logout: oidc.logout,
        authorities: oidc.authorities()?,
        is_safe: is_safe_address,
    })
}

fn claims(oidc: &config::Oidc) -> ClaimRules {
    let means = |claim: &String, values: &Vec<String>| Means {
        claim: claim.clone(),
        values: values.clone(),
    };
    ClaimRules {
        organisation: means(&oidc.organisation_claim, &oidc.organisation_values),
        number_claim: oidc.student_number_claim.clone(),
        number_prefix: oidc.student_number_prefix.clone(),
        number_after: oidc.student_number_after.clone(),
        student: means(&oidc.student_claim, &oidc.student_values),
        registrar: means(&oidc.registrar_claim, &oidc.registrar_values),
        registrar_name: oidc.registrar_name_claim.clone(),
        operator: means(&oidc.operator_claim, &oidc.operator_values),
    }
}

/// In both languages as soon as there is one.
fn contact(oidc: &config::Oidc) -> Option<TextView> {
    let (nl, en) = (oidc.contact_nl.clone(), oidc.contact_en.clone());
    match (nl.is_empty(), en.is_empty()) {
        (true, true) => None,
        (true, false) => Some(TextView { nl: en.clone(), en }),
        (false, true) => Some(TextView { en: nl.clone(), nl }),
        (false, false) => Some(TextView { nl, en }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_come_back_to_the_public_address_letter_by_letter() {
        let mut config = Config::default();
        let here = "127.0.0.1:81".parse().ok();
        let urls = |config: &Config| {
            let settings = settings(config, here).unwrap();
            (settings.redirect_url, settings.home_url)
        };
        let own = "http://127.0.0.1:81";
        assert_eq!(urls(&config), (format!("{own}/api/sign-in/return"), format!("{own}/")));
        let public = "https://register.example.edu";
        config.server.public_url = public.to_owned();
        assert_eq!(urls(&config), (format!("{public}/api/sign-in/return"), format!("{public}/")));
    }

    #[test]
    fn one_language_stands_for_both() {
        let mut oidc = Config::default().sign_in.oidc;
        assert_eq!(contact(&oidc), None);
        oidc.contact_en = "the desk".to_owned();
        assert_eq!(contact(&oidc).unwrap().nl, "the desk");
        oidc.contact_nl = "de balie".to_owned();
        assert_eq!(contact(&oidc).unwrap().nl, "de balie");
        assert_eq!(contact(&oidc).unwrap().en, "the desk");
    }
}
