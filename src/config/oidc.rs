//! `[sign_in.oidc]`: the university's sign-in provider, and what is wrong with what is said of it.

use std::fmt;
use std::path::PathBuf;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Config, SignInMode, one_or_many};
use crate::limits;
use crate::secret;

/// A text that is never shown: neither printed by `sluis config show` nor logged.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Hidden(String);

impl Hidden {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// What is shown in its place.
const HIDDEN: &str = "(hidden)";

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "(none)" } else { HIDDEN })
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(if self.0.is_empty() { "" } else { HIDDEN })
    }
}

impl<'de> Deserialize<'de> for Hidden {
    /// What is no text is not repeated in the fault.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Given {
            Text(String),
            Other(IgnoredAny),
        }
        match Given::deserialize(from)? {
            Given::Text(text) if text == HIDDEN => {
                let what = "this stands for a secret that was not shown; write the secret itself";
                Err(serde::de::Error::custom(what))
            }
            Given::Text(text) => Ok(Self(text)),
            Given::Other(_) => Err(serde::de::Error::custom("not a text; put it in quotes")),
        }
    }
}

/// `[sign_in.oidc]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The provider's address.
    pub issuer: String,
    /// Our name there.
    pub client_id: String,
    /// The secret that goes with it.
    pub client_secret: Hidden,
    /// A file with that secret.
    pub client_secret_file: PathBuf,
    /// What is asked for besides `openid`.
    #[serde(deserialize_with = "one_or_many")]
    pub scopes: Vec<String>,
    /// Whether the provider must ask again; empty is as it likes.
    pub prompt: String,
    /// Ways of signing in that must be met; none is any.
    #[serde(deserialize_with = "one_or_many")]
    pub acr_values: Vec<String>,
    /// Algorithms that an ID token may be signed with.
    #[serde(deserialize_with = "one_or_many")]
    pub signing_algorithms: Vec<String>,
    /// How far clocks may differ.
    pub clock_skew_seconds: u32,
    /// The claim with the institution.
    pub organisation_claim: String,
    /// Its values that may come in.
    #[serde(deserialize_with = "one_or_many")]
    pub organisation_values: Vec<String>,
    /// The claim with the student's number.
    pub student_number_claim: String,
    /// How a value that counts begins; cut away.
    pub student_number_prefix: String,
    /// The number follows the last of this.
    pub student_number_after: String,
    /// The claim that says who is a student.
    pub student_claim: String,
    /// Its values that say so.
    #[serde(deserialize_with = "one_or_many")]
    pub student_values: Vec<String>,
    /// The claim that says who is a registrar.
    pub registrar_claim: String,
    /// Its values that say so.
    #[serde(deserialize_with = "one_or_many")]
    pub registrar_values: Vec<String>,
    /// The claim with a registrar's name.
    pub registrar_name_claim: String,
    /// The claim that says who is an operator.
    pub operator_claim: String,
    /// Its values that say so.
    #[serde(deserialize_with = "one_or_many")]
    pub operator_values: Vec<String>,
    /// Whom to ask, in Dutch.
    pub contact_nl: String,
    /// Whom to ask, in English.
    pub contact_en: String,
    /// Whether the provider is signed out of too.
    pub logout: bool,
    /// Certificates of authorities; empty is those built in.
    pub ca_file: PathBuf,
}

/// Algorithms that can be allowed: each with a key pair, and known to the library that checks.
pub const SIGNING_ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];
const PROMPTS: [&str; 4] = ["", "login", "select_account", "consent"];

impl Oidc {
    /// The secret, from wherever it is kept; the error says what to do.
    pub fn secret(&self) -> Result<String, String> {
        if self.client_secret_file.as_os_str().is_empty() {
            return Ok(self.client_secret.reveal().to_owned());
        }
        let lines = secret::lines(&self.client_secret_file).map_err(|e| e.to_string())?;
        match lines.as_slice() {
            [line] => Ok(line.clone()),
            _ => Err(format!(
                "{}: holds {} lines; write the secret on one",
                self.client_secret_file.display(),
                lines.len()
            )),
        }
    }

    /// The file with certificates, if one is named; the error says what to do.
    pub fn authorities(&self) -> Result<Option<Vec<u8>>, String> {
        if self.ca_file.as_os_str().is_empty() {
            return Ok(None);
        }
        let shown = self.ca_file.display();
        let bytes = std::fs::read(&self.ca_file).map_err(|e| format!("{shown}: {e}"))?;
        match bytes.windows(CERTIFICATE.len()).any(|part| part == CERTIFICATE) {
            true => Ok(Some(bytes)),
            false => Err(format!("{shown}: holds no certificate in PEM form")),
        }
    }
}

const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Whether the address is https, or http on this machine alone.
pub fn is_safe_address(address: &str) -> bool {
    if let Some(rest) = address.strip_prefix("https://") {
        return !host(rest).is_empty();
    }
    let Some(rest) = address.strip_prefix("http://") else { return false };
    is_this_machine(host(rest))
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn host(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

type Faults = Vec<(&'static str, String)>;

/// Every fault, as key and text.
pub(super) fn check(config: &Config) -> Faults {
    let oidc = &config.sign_in.oidc;
    let mut faults = Faults::new();
    if config.sign_in.mode == SignInMode::Demo {
        if !oidc.issuer.is_empty() {
            let what = "a provider is configured while sign_in.mode is \"demo\", where anybody can \
                        be anyone; set mode = \"oidc\", or take the issuer out";
            faults.push(("sign_in.oidc.issuer", what.to_owned()));
        }
        return faults;
    }
    check_provider(oidc, &mut faults);
    check_secrets(oidc, &mut faults);
    check_claims(oidc, &mut faults);
    check_public(config, &mut faults);
    sizes(oidc, &mut faults);
    faults
}

fn check_provider(oidc: &Oidc, faults: &mut Faults) {
    if oidc.issuer.is_empty() {
        let what = "is empty; name the provider's address, as in https://connect.surfconext.nl";
        faults.push(("sign_in.oidc.issuer", what.to_owned()));
    } else if !is_safe_address(&oidc.issuer) || oidc.issuer.contains(['?', '#', ' ', '@']) {
        let what = format!(
            "{:?} is no issuer; write https:// and a host (http:// on this machine only), without \
             ? or #",
            oidc.issuer
        );
        faults.push(("sign_in.oidc.issuer", what));
    }
    if oidc.client_id.is_empty() {
        let what = "is empty; write the name under which the provider knows this gateway";
        faults.push(("sign_in.oidc.client_id", what.to_owned()));
    }
    let scope = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"\\".contains(&b))
    };
    for text in oidc.scopes.iter().filter(|text| !scope(text)) {
        faults.push(("sign_in.oidc.scopes", format!("{text:?} is no scope; write one word each")));
    }
    if !PROMPTS.contains(&oidc.prompt.as_str()) {
        let what = format!("{:?} is none of \"\", login, select_account, consent", oidc.prompt);
        faults.push(("sign_in.oidc.prompt", what));
    }
    let key = "sign_in.oidc.signing_algorithms";
    if oidc.signing_algorithms.is_empty() {
        faults.push((key, "is empty; RS256 is what most providers sign with".to_owned()));
    }
    let known = |name: &&String| !SIGNING_ALGORITHMS.contains(&name.as_str());
    for name in oidc.signing_algorithms.iter().filter(known) {
        faults.push((key, format!("{name:?} is none of {}", SIGNING_ALGORITHMS.join(", "))));
    }
    let most = limits::OIDC_SKEW_S_MAX;
    if oidc.clock_skew_seconds > most {
        let what = format!("{} is not 0 to {most}", oidc.clock_skew_seconds);
        faults.push(("sign_in.oidc.clock_skew_seconds", what));
    }
}

fn check_secrets(oidc: &Oidc, faults: &mut Faults) {
    let given = !oidc.client_secret.reveal().is_empty();
    let file = !oidc.client_secret_file.as_os_str().is_empty();
    match (given, file) {
        (false, false) => {
            let what = "is empty; set it in the environment as \
                        SLUIS__SIGN_IN__OIDC__CLIENT_SECRET, or name a client_secret_file";
            faults.push(("sign_in.oidc.client_secret", what.to_owned()));
        }
        (true, true) => {
            let what = "client_secret is set too; keep one of the two";
            faults.push(("sign_in.oidc.client_secret_file", what.to_owned()));
        }
        _ => {
            if let Err(what) = oidc.secret() {
                faults.push(("sign_in.oidc.client_secret_file", what));
            }
        }
    }
    if let Err(what) = oidc.authorities() {
        faults.push(("sign_in.oidc.ca_file", what));
    }
}

fn check_claims(oidc: &Oidc, faults: &mut Faults) {
    if oidc.student_number_claim.is_empty() {
        let what = "is empty; name the claim with the student's number, such as uids";
        faults.push(("sign_in.oidc.student_number_claim", what.to_owned()));
    }
    let pairs: [(&str, &String, &str, &Vec<String>); 4] = [
        (
            "sign_in.oidc.organisation_claim",
            &oidc.organisation_claim,
            "sign_in.oidc.organisation_values",
            &oidc.organisation_values,
        ),
        (
            "sign_in.oidc.student_claim",
            &oidc.student_claim,
            "sign_in.oidc.student_values",
            &oidc.student_values,
        ),
        (
            "sign_in.oidc.registrar_claim",
            &oidc.registrar_claim,
            "sign_in.oidc.registrar_values",
            &oidc.registrar_values,
        ),
        (
            "sign_in.oidc.operator_claim",
            &oidc.operator_claim,
            "sign_in.oidc.operator_values",
            &oidc.operator_values,
        ),
    ];
    for (claim_key, claim, values_key, values) in pairs {
        if !claim.is_empty() && (values.is_empty() || values.iter().any(String::is_empty)) {
            faults.push((values_key, format!("say which values of {claim} are meant")));
        }
        if claim.is_empty() && !values.is_empty() {
            faults.push((claim_key, "is empty; name the claim that has these values".to_owned()));
        }
    }
}

/// Where browsers come back to must be safe, and known beforehand.
fn check_public(config: &Config, faults: &mut Faults) {
    let server = &config.server;
    let key = "server.public_url";
    if server.public_url.is_empty() {
        if !server.listen.iter().all(|a| a.ip().is_loopback()) {
            let what = "is empty; the provider sends browsers back there: write the address that \
                        they use, as in https://register.example.edu";
            faults.push((key, what.to_owned()));
        }
    } else if !is_safe_address(&server.public_url) {
        let what = format!("{:?}: signing in needs https", server.public_url);
        faults.push((key, what));
    }
}

fn sizes(oidc: &Oidc, faults: &mut Faults) {
    let most = limits::OIDC_SETTING_BYTES_MAX;
    let texts: [(&str, &str); 13] = [
        ("sign_in.oidc.issuer", &oidc.issuer),
        ("sign_in.oidc.client_id", &oidc.client_id),
        ("sign_in.oidc.client_secret", oidc.client_secret.reveal()),
        ("sign_in.oidc.organisation_claim", &oidc.organisation_claim),
        ("sign_in.oidc.student_number_claim", &oidc.student_number_claim),
        ("sign_in.oidc.student_number_prefix", &oidc.student_number_prefix),
        ("sign_in.oidc.student_number_after", &oidc.student_number_after),
        ("sign_in.oidc.student_claim", &oidc.student_claim),
        ("sign_in.oidc.registrar_claim", &oidc.registrar_claim),
        ("sign_in.oidc.registrar_name_claim", &oidc.registrar_name_claim),
        ("sign_in.oidc.operator_claim", &oidc.operator_claim),
        ("sign_in.oidc.contact_nl", &oidc.contact_nl),
        ("sign_in.oidc.contact_en", &oidc.contact_en),
    ];
    for (key, text) in texts {
        if text.len() > most || text.chars().any(char::is_control) {
            faults.push((key, format!("write at most {most} bytes on one line")));
        }
    }
    let lists: [(&str, &[String]); 6] = [
        ("sign_in.oidc.scopes", &oidc.scopes),
        ("sign_in.oidc.acr_values", &oidc.acr_values),
        ("sign_in.oidc.organisation_values", &oidc.organisation_values),
        ("sign_in.oidc.student_values", &oidc.student_values),
        ("sign_in.oidc.registrar_values", &oidc.registrar_values),
        ("sign_in.oidc.operator_values", &oidc.operator_values),
    ];
    for (key, list) in lists {
        if list.len() > limits::OIDC_VALUES_MAX || list.iter().any(|text| text.len() > most) {
            let count = limits::OIDC_VALUES_MAX;
            faults.push((key, format!("write at most {count} values of at most {most} bytes")));
        }
    }
}

#[cfg(test)]
#[path = "oidc_tests.rs"]
mod tests;
