//! What the registrar does in an opening is recorded and done again.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::support::{Place, outcome_totals, rush, stderr};
use super::target::{Gateway, gateway};

/// An open window, with one course of 20 seats.
struct Opening<'a> {
    place: &'a Place,
    gateway: Gateway,
}

impl Opening<'_> {
    fn post(&self, path: &str, body: &Value) {
        let registrar = std::fs::read_to_string(self.place.path("registrar")).unwrap();
        let token = registrar.split_ascii_whitespace().last().unwrap();
        let request = ureq::post(format!("{}/api/admin/{path}", self.gateway.url));
        let request = request.header("authorization", format!("Bearer {token}"));
        let answer = request.send_json(body).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(answer.status(), 200, "{path}");
    }

    /// Of a student: `s40`, and why.
    fn act(&self, path: &str, mut body: Value) {
        body["reason"] = "for the test".into();
        self.post(path, &body);
    }

    /// These students ask for the course.
    fn students(&self, from: usize, to: usize) {
        let all = std::fs::read_to_string(self.place.path("tokens.tsv")).unwrap();
        let some: Vec<&str> = all.lines().skip(from - 1).take(to - from + 1).collect();
        self.place.write("some.tsv", &some.join("\n"));
        let mut command = self.place.command(&["--target", &self.gateway.url]);
        command.arg("--token-file").arg(self.place.path("some.tsv"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

/// Everybody asks for one course, at once, and nothing more.
fn scenario(place: &Place) {
    place.edit(
        "courses = 6\ngroups = 2\nrequests_per_student = 2",
        "courses = 1\nrequests_per_student = 1",
    );
    place.edit("waitlists = true", "key = \"w\"");
    place.edit("two_tabs = 0.1\ndrop_later = 0.2\nswap_later = 0.1\n", "");
    place.edit("armed = 0.5", "armed = 0.0");
    place.edit("leave_line = 0.05\n", "");
    place.edit("half_life = \"200ms\"\nover = \"1s\"", "half_life = \"50ms\"\nover = \"200ms\"");
}

fn succeeds(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn what_the_registrar_did_is_recorded_and_done_again() {
    let place = Place::new();
    let gateway = gateway(&place);
    scenario(&place);
    let mut opening = Opening { place: &place, gateway };
    // Before the opening: a seat, and a block.
    let seat = |student: &str| json!({ "student": student, "course": "A", "sections": ["A/1"] });
    let block = |student: &str| json!({ "student": student, "code": "FEE" });
    opening.act("student/enrol", seat("s39"));
    opening.act("student/block", block("s38"));
    opening.post("windows/w/open", &json!({}));
    opening.students(1, 17);
    // The last seat goes to s40; then nobody gets one.
    opening.act("sections/capacity", json!({ "section": "A/1", "capacity": 19 }));
    opening.act("student/enrol", seat("s40"));
    opening.students(18, 21);
    opening.act("student/block", block("s22"));
    opening.act("student/unblock", block("s38"));
    opening.students(22, 23);
    // Her seat is free again, for one.
    opening.act("student/drop", json!({ "student": "s40", "course": "A" }));
    opening.students(38, 38);
    opening.gateway.child.kill().unwrap();
    opening.gateway.child.wait().unwrap();

    let trace = place.path("opening.trace");
    let data = place.path("sluis");
    succeeds(rush().args(["record", "--data"]).arg(data).arg("--out").arg(&trace));
    let text = std::fs::read_to_string(&trace).unwrap();
    assert!(!text.contains("\"s40\"") && !text.contains("FEE"), "{text}");
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let recorded = json!({
        "enrolled": 18, "waitlisted": 0, "refused": 6, "dropped": 0, "promoted": 0,
        "placed": 2, "removed": 1,
    });
    assert_eq!(first["totals"], recorded);

    let replay = ["replay", "--speed", "20", "--in-order", "--json", "--out"];
    succeeds(rush().args(replay).arg(place.out()).arg(&trace));
    let summary = place.summary();
    let totals =
        [("enrolled", 18), ("refused", 6), ("registrar_dropped", 1), ("registrar_placed", 2)];
    let totals: Vec<(String, u64)> = totals.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect();
    assert_eq!(outcome_totals(&summary), totals);
    assert_eq!(summary["reasons"], json!({ "blocked": 1, "full": 5 }));
    assert_eq!((&summary["audit"]["violations"], &summary["errors"]), (&0.into(), &json!({})));
}
