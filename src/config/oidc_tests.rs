//! What is said of the provider, and every way in which it is refused.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::config::{Sources, load};

const WHOLE: &str = "[sign_in]\nmode = \"oidc\"\n[sign_in.oidc]\nissuer = \"https://idp.example.edu\"\n\
    client_id = \"sluis\"\nclient_secret = \"hush-hush\"\nstudent_number_claim = \"uids\"\n";

fn sources(text: &str, environment: &[(&str, &str)]) -> (tempfile::TempDir, Sources) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sluis.toml");
    std::fs::write(&path, text).unwrap();
    let environment = environment.iter().map(|(k, v)| (k.into(), v.into())).collect();
    (dir, Sources { file: Some(path), environment, ..Sources::default() })
}

fn accepted(text: &str, environment: &[(&str, &str)]) -> Config {
    let (_dir, sources) = sources(text, environment);
    load(&sources).unwrap().config
}

/// The faults, one line each, without their place.
fn faults(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let (_dir, sources) = sources(text, environment);
    let faults = load(&sources).expect_err("a fault was expected");
    let all: Vec<_> = faults.iter().map(|f| format!("{}: {}", f.key, f.what)).collect();
    assert!(faults.iter().all(|f| !f.to_string().contains('\n')), "{all:?}");
    all
}

#[test]
fn a_whole_section_is_accepted_and_its_secret_never_shown() {
    let config = accepted(WHOLE, &[]);
    assert_eq!(config.sign_in.mode, SignInMode::Oidc);
    assert_eq!(config.sign_in.oidc.secret().as_deref(), Ok("hush-hush"));
    let shown = toml::to_string(&config).unwrap();
    assert!(!shown.contains("hush") && shown.contains("client_secret = \"(hidden)\""), "{shown}");
    assert!(!format!("{config:?}").contains("hush"));
    assert!(!serde_json::to_string(&config).unwrap().contains("hush"));
}

#[test]
fn every_wrong_value_is_one_clear_line() {
    let changed = |from: &str, to: &str| {
        assert!(WHOLE.contains(from), "{from}");
        WHOLE.replace(from, to)
    };
    let more = |line: &str| format!("{WHOLE}{line}\n");
    let long = "x".repeat(limits::OIDC_SETTING_BYTES_MAX + 1);
    let many = vec!["\"x\""; limits::OIDC_VALUES_MAX + 1].join(",");
    let server = |line: &str| format!("{WHOLE}[server]\n{line}\n");
    let cases = [
        (changed("https://idp.example.edu", ""), "issuer: is empty"),
        (changed("https://idp", "http://idp"), "issuer: \"http://idp.example.edu\" is no issuer"),
        (changed("https://idp", "idp"), "issuer: \"idp.example.edu\" is no issuer"),
        (changed("example.edu\"", "example.edu?x\""), "without ? or #"),
        (changed("https://idp.example.edu", "http://localhost.evil.example"), "is no issuer"),
        (changed("https://idp.example.edu", "https://"), "is no issuer"),
        (changed("\"sluis\"", "\"\""), "client_id: is empty"),
        (changed("\"hush-hush\"", "\"\""), "client_secret: is empty; set it in the environment"),
        (changed("hush-hush", "(hidden)"), "client_secret: this stands for a secret"),
        (changed("\"hush-hush\"", "77"), "client_secret: not a text; put it in quotes"),
        (more("client_secret_file = \"/no/such\""), "client_secret is set too; keep one"),
        (changed("\"uids\"", "\"\""), "student_number_claim: is empty"),
        (more("scopes = [\"two words\"]"), "scopes: \"two words\" is no scope"),
        (more("prompt = \"none\""), "prompt: \"none\" is none of"),
        (more("signing_algorithms = []"), "signing_algorithms: is empty"),
        (more("signing_algorithms = [\"HS256\"]"), "signing_algorithms: \"HS256\" is none of"),
        (more("signing_algorithms = [\"none\"]"), "signing_algorithms: \"none\" is none of"),
        (more("clock_skew_seconds = 301"), "clock_skew_seconds: 301 is not 0 to 300"),
        (more("clock_skew_seconds = -1"), "clock_skew_seconds: invalid"),
        (more("student_claim = \"a\""), "student_values: say which values of a are meant"),
        (more("operator_values = [\"a\"]"), "operator_claim: is empty; name the claim"),
        (more("ca_file = \"/no/such\""), "ca_file: /no/such:"),
        (more("ca_file = \"Cargo.toml\""), "ca_file: Cargo.toml: holds no certificate"),
        (more(&format!("contact_nl = \"{long}\"")), "contact_nl: write at most 300 bytes"),
        (more(&format!("acr_values = [{many}]")), "acr_values: write at most 50 values"),
        (more("isuer = \"\""), "did you mean sign_in.oidc.issuer?"),
        (server("public_url = \"http://register.example.edu\""), "signing in needs https"),
        (server("listen = [\"0.0.0.0:80\"]"), "server.public_url: is empty; the provider sends"),
        (changed("mode = \"oidc\"", "mode = \"demo\""), "a provider is configured while"),
    ];
    for (text, wanted) in cases {
        let told = faults(&text, &[]);
        assert_eq!(told.len(), 1, "{wanted}: {told:?}");
        assert!(told[0].contains(wanted), "{wanted}: {told:?}");
        assert!(!told[0].contains("hush"), "{told:?}");
    }
}

#[test]
fn values_at_the_bounds_are_accepted() {
    let long = "x".repeat(limits::OIDC_SETTING_BYTES_MAX);
    let many = vec!["\"x\""; limits::OIDC_VALUES_MAX].join(",");
    let skew = limits::OIDC_SKEW_S_MAX;
    accepted(&format!("{WHOLE}contact_nl = \"{long}\"\nclock_skew_seconds = {skew}\n"), &[]);
    accepted(&format!("{WHOLE}acr_values = [{many}]\n"), &[]);
    for issuer in ["http://localhost:4000", "http://127.0.0.1:1/a", "http://[::1]:5", "https://a/b"]
    {
        accepted(&WHOLE.replace("https://idp.example.edu", issuer), &[]);
    }
}

#[test]
fn the_secret_may_come_from_the_environment_as_it_is() {
    let text = WHOLE.replace("client_secret = \"hush-hush\"\n", "");
    for secret in ["12345", "[a, b]", "true", "\"q\"", " a=b#c "] {
        let config = accepted(&text, &[("SLUIS__SIGN_IN__OIDC__CLIENT_SECRET", secret)]);
        assert_eq!(config.sign_in.oidc.secret().as_deref(), Ok(secret));
    }
}

#[test]
fn the_secret_may_lie_in_a_file_of_its_owner() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    let text = WHOLE.replace(
        "client_secret = \"hush-hush\"",
        &format!("client_secret_file = \"{}\"", path.display()),
    );
    assert!(faults(&text, &[])[0].contains("client_secret_file"));
    std::fs::write(&path, "hush-hush\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(faults(&text, &[])[0].contains("others can read this key; run: chmod 600"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(accepted(&text, &[]).sign_in.oidc.secret().as_deref(), Ok("hush-hush"));
    for (held, count) in [("", 0), ("a\nb\n", 2)] {
        std::fs::write(&path, held).unwrap();
        assert!(faults(&text, &[])[0].contains(&format!("holds {count} lines")));
    }
}

#[test]
fn the_examples_are_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    std::fs::write(&path, "x\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(Path::new("config/oidc")).unwrap() {
        let file = entry.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        let secret = path.display().to_string();
        let config = accepted(&text, &[("SLUIS__SIGN_IN__OIDC__CLIENT_SECRET_FILE", &secret)]);
        assert_eq!(config.sign_in.mode, SignInMode::Oidc, "{}", file.display());
        seen += 1;
    }
    assert_eq!(seen, 2);
}
