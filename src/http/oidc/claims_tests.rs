//! Given these claims, when she signs in, then she is this, or told that.

use serde_json::{Value, json};

use super::*;

/// As a SURFconext service is usually set up.
fn rules() -> ClaimRules {
    let means = |claim: &str, value: &str| Means {
        claim: claim.to_owned(),
        values: vec![value.to_owned()],
    };
    ClaimRules {
        organisation: means("schac_home_organization", "example.edu"),
        number_claim: "uids".to_owned(),
        student: means("eduperson_affiliation", "student"),
        registrar: means("eduperson_entitlement", "urn:x:sluis:registrar"),
        registrar_name: "eduperson_principal_name".to_owned(),
        operator: means("eduperson_entitlement", "urn:x:sluis:operator"),
        ..ClaimRules::default()
    }
}

fn given(claims: &Value) -> Given {
    let mut all = json!({"sub": "x", "schac_home_organization": "example.edu"});
    let all = all.as_object_mut().unwrap();
    all.extend(claims.as_object().unwrap().clone());
    all.clone()
}

#[expect(clippy::unnecessary_wraps, reason = "as `who` gives it")]
fn student(number: &str) -> Result<Who, Fault> {
    Ok(Who { role: Role::Student, student: Key::new(number).ok(), name: None })
}

#[expect(clippy::unnecessary_wraps, reason = "as `who` gives it")]
fn registrar(name: &str) -> Result<Who, Fault> {
    Ok(Who { role: Role::Registrar, student: None, name: Key::new(name).ok() })
}

#[track_caller]
fn check(rules: &ClaimRules, claims: Value, wish: Option<Role>, then: Result<Who, Fault>) {
    assert_eq!(rules.who(&given(&claims), wish), then, "{claims} {wish:?}");
}

#[test]
fn a_student_is_known_by_her_affiliation_and_number() {
    let rules = rules();
    let check = |claims, then| check(&rules, claims, None, then);
    check(json!({"uids": ["s1"], "eduperson_affiliation": ["member", "student"]}), student("s1"));
    check(json!({"uids": "s1", "eduperson_affiliation": "student"}), student("s1"));
    check(json!({"uids": ["s1", "s1"], "eduperson_affiliation": "student"}), student("s1"));
    // Two numbers are two people, or a mistake; nobody is guessed.
    check(json!({"uids": ["s1", "s2"], "eduperson_affiliation": "student"}), Err(Fault::NoNumber));
    check(json!({"uids": [], "eduperson_affiliation": "student"}), Err(Fault::NoNumber));
    check(json!({"uids": [1], "eduperson_affiliation": "student"}), Err(Fault::NoNumber));
    check(json!({"uids": ["s 1"], "eduperson_affiliation": "student"}), Err(Fault::NoNumber));
    check(json!({"eduperson_affiliation": ["student"]}), Err(Fault::NoNumber));
    check(json!({"uids": ["s1"], "eduperson_affiliation": ["employee"]}), Err(Fault::NoAccess));
    check(json!({"uids": ["s1"], "eduperson_affiliation": "Student"}), Err(Fault::NoAccess));
    check(json!({"uids": ["s1"], "eduperson_affiliation": "students"}), Err(Fault::NoAccess));
    check(
        json!({"uids": ["s1"], "eduperson_affiliation": {"student": true}}),
        Err(Fault::NoAccess),
    );
    check(json!({"uids": ["s1"]}), Err(Fault::NoAccess));
}

#[test]
fn another_institution_s_student_with_the_same_number_is_not_let_in() {
    let mut claims = json!({"uids": ["s1"], "eduperson_affiliation": ["student"]});
    for elsewhere in [json!("example.org"), json!("example.edu.evil.example"), json!(""), json!([])]
    {
        claims["schac_home_organization"] = elsewhere;
        check(&rules(), claims.clone(), None, Err(Fault::NoAccess));
    }
    let open = ClaimRules { organisation: Means::default(), ..rules() };
    check(&open, claims, None, student("s1"));
}

#[test]
fn a_number_is_cut_out_of_a_personal_code() {
    let prefix = "urn:schac:personalUniqueCode:nl:local:example.edu:studentid:";
    let by_prefix = ClaimRules {
        number_claim: "schac_personal_unique_code".to_owned(),
        number_prefix: prefix.to_owned(),
        ..rules()
    };
    let by_part = ClaimRules {
        number_prefix: "urn:schac:personalUniqueCode:".to_owned(),
        number_after: ":".to_owned(),
        ..by_prefix.clone()
    };
    let claims = |codes: &[&str]| json!({"schac_personal_unique_code": codes, "eduperson_affiliation": "student"});
    let own = format!("{prefix}s1");
    let other = "urn:schac:personalUniqueCode:nl:local:example.edu:employeeid:77";
    check(&by_prefix, claims(&[other, &own]), None, student("s1"));
    check(&by_prefix, claims(&[other]), None, Err(Fault::NoNumber));
    check(&by_prefix, claims(&[prefix]), None, Err(Fault::NoNumber));
    check(&by_part, claims(&[&own]), None, student("s1"));
    check(&by_part, claims(&[other, &own]), None, Err(Fault::NoNumber));
    check(&by_part, claims(&["s1"]), None, Err(Fault::NoNumber));
}

#[test]
fn without_a_wish_it_is_the_role_that_may_do_least() {
    let both = json!({
        "uids": ["s1"], "eduperson_affiliation": ["student", "employee"],
        "eduperson_principal_name": "a.jansen@example.edu",
        "eduperson_entitlement": ["urn:x:sluis:registrar", "urn:x:sluis:operator"],
    });
    let operator = Ok(Who { role: Role::Operator, student: None, name: None });
    check(&rules(), both.clone(), None, student("s1"));
    check(&rules(), both.clone(), Some(Role::Student), student("s1"));
    check(&rules(), both.clone(), Some(Role::Registrar), registrar("a.jansen:example.edu"));
    check(&rules(), both, Some(Role::Operator), operator);
    let staff = json!({
        "eduperson_affiliation": "employee", "eduperson_principal_name": "b@example.edu",
        "eduperson_entitlement": "urn:x:sluis:registrar",
    });
    check(&rules(), staff.clone(), None, registrar("b:example.edu"));
    check(&rules(), staff.clone(), Some(Role::Student), Err(Fault::NoAccess));
    check(&rules(), staff, Some(Role::Operator), Err(Fault::NoAccess));
}

#[test]
fn a_registrar_without_a_name_to_her_acts_is_not_let_in() {
    let claims = |name: Value| json!({"eduperson_entitlement": "urn:x:sluis:registrar", "eduperson_principal_name": name});
    for name in [json!(null), json!(["a", "b"]), json!("schedule"), json!("a b"), json!("")] {
        check(&rules(), claims(name), None, Err(Fault::NoName));
    }
    let nameless = ClaimRules { registrar_name: String::new(), ..rules() };
    let unnamed = Ok(Who { role: Role::Registrar, student: None, name: None });
    check(&nameless, claims(json!("a")), None, unnamed);
}

#[test]
fn a_role_that_is_not_configured_is_nobodys() {
    let bare = ClaimRules { number_claim: "uids".to_owned(), ..ClaimRules::default() };
    check(&bare, json!({"uids": "s1"}), None, student("s1"));
    check(&bare, json!({"": "", "uids": ""}), None, Err(Fault::NoAccess));
    for role in [Role::Registrar, Role::Operator] {
        check(&bare, json!({"uids": "s1", "": "x"}), Some(role), Err(Fault::NoAccess));
    }
    assert_eq!(bare.names().collect::<Vec<_>>(), ["uids"]);
}
