//! Nothing personal where it does not belong (I14): a student whose number, sign-in, calendar and
//! file are words that occur nowhere else goes through everything, at the most talkative level that
//! there is; then the logs, the metrics, the health pages and every problem are searched for them.

use std::time::Duration;

use serde_json::json;
use sluis::protocol::client::ClientMessage;

use crate::support::exchange::Exchanged;
use crate::support::student::any;
use crate::support::{Http, Process, Raw, TestStudent, University, exchange, until};

const NUMBER: &str = "zq7731901";
/// What the registrar writes of her.
const OF_HER: [&str; 4] = ["zqreason", "ZQHOLD", "ZQPAST", "ZQBLOCK"];

struct Day {
    /// Words that may be nowhere.
    words: Vec<String>,
    /// Answers of 400 and more to requests that had the words in their address or head alone.
    problems: Vec<Exchanged>,
}

/// Her day, from sign-in to sign-out, with everything that she, the registrar and a fool may do.
async fn day(process: &Process) -> Day {
    let registrar = process.registrar();
    let act = |path: &str, body: serde_json::Value| {
        let answer = registrar.post(&format!("/api/admin/{path}"), &body.to_string());
        assert!(answer.status < 500, "{path}: {}", answer.body);
    };
    let row = format!("id,programme,year,blocks,completed\n{NUMBER},,2,ZQBLOCK,\n");
    registrar.post("/api/admin/students?format=csv", &row).ok();
    let fault = format!("id,programme,year,blocks,completed\n{NUMBER},,200,,\n{NUMBER},,1,,\n");
    assert_eq!(registrar.post("/api/admin/students?format=csv", &fault).status, 422);
    act("student/unblock", json!({"student": NUMBER, "code": "ZQBLOCK", "reason": "zqreason"}));
    act("windows/w/open", json!({}));

    let address = process.address();
    let browser = Http::browser(address, None);
    let who = json!({"student": NUMBER}).to_string();
    let signed_in = browser.ask("POST", "/api/sign-in", &who, &[]);
    let cookie = signed_in.cookie.clone().unwrap();
    signed_in.ok();
    let token = cookie.split_once('=').unwrap().1.to_owned();
    let browser = Http::browser(address, Some(&cookie));
    let calendar = browser.ask("POST", "/api/calendar", "", &[]).json();
    let calendar = calendar["path"].as_str().unwrap().to_owned();
    exchange(address, "GET", &calendar, &[], "");
    for path in ["me", "me/export", "plan", "messages", "devices", "timetable.ics"] {
        browser.get_as_browser(&format!("/api/{path}")).ok();
    }
    browser.get_as_browser("/plain").ok();
    browser.put("/api/plan", &json!({"courses": [{"course": NUMBER}]}).to_string());
    browser.put("/api/plan", NUMBER);

    // Her words in addresses and heads, where a fool may put them.
    let bearer = format!("Bearer {NUMBER}");
    let heads: [&[(&str, &str)]; 5] = [
        &[],
        &[("Authorization", bearer.as_str())],
        &[("Cookie", cookie.as_str()), ("User-Agent", NUMBER), ("X-Request-Id", NUMBER)],
        &[("Referer", NUMBER), ("Origin", NUMBER), ("X-Forwarded-For", NUMBER)],
        &[("Accept-Language", NUMBER), ("If-None-Match", NUMBER), ("Sec-Fetch-Site", NUMBER)],
    ];
    let mut problems = Vec::new();
    for path in [
        format!("/{NUMBER}"),
        format!("/api/plan/{NUMBER}"),
        format!("/api/plan?token={token}&student={NUMBER}"),
        format!("/calendar/{NUMBER}.ics"),
        format!("/api/windows/{NUMBER}/lottery"),
        format!("/api/devices/{NUMBER}"),
        "/ws".to_owned(),
    ] {
        for head in heads {
            for method in ["GET", "DELETE", NUMBER] {
                let answer = exchange(address, method, &path, head, "");
                if answer.status >= 400 {
                    problems.push(answer);
                }
            }
        }
    }

    let mut tab = TestStudent::connect(address, NUMBER, &process.token(NUMBER)).await;
    tab.hello().await;
    tab.submit("w", &[any("A", true)]).await;
    tab.outcome("A").await;
    tab.set_plan(&[any("B", false)]).await;
    tab.arm("later").await;
    tab.send(&ClientMessage::Disarm { window: NUMBER.to_owned() }).await;
    tab.error().await;
    act("student/block", json!({"student": NUMBER, "code": "ZQHOLD", "reason": "zqreason"}));
    act("student/drop", json!({"student": NUMBER, "course": "A", "reason": "zqreason"}));
    let place =
        json!({"student": NUMBER, "course": "A", "sections": ["A/L"], "reason": "zqreason"});
    act("student/enrol", place);
    act("student", json!({"student": NUMBER}));
    act("student/why", json!({"student": NUMBER, "journal": 1, "course": "A"}));
    let results = format!(
        "student,term,course,grade,ects,date,name_nl,name_en\n{NUMBER},2025-1,ZQPAST,7,5,2026-01-20,O,O\n"
    );
    registrar.post("/api/admin/results?format=csv", &results).ok();
    for path in ["enrolments.csv", "waitlists.json", "audit.csv", "blockers", "board"] {
        registrar.get(&format!("/api/admin/{path}")).ok();
    }
    let mut raw = Raw::hello(address, &process.token(NUMBER));
    for text in [
        format!("{{\"type\":\"{NUMBER}\"}}"),
        format!("{{\"type\":\"ping\",\"{NUMBER}\":1}}"),
        NUMBER.to_owned(),
    ] {
        raw.text(&text);
        raw.expect_text("message_invalid");
    }
    act("windows/later/open", json!({}));
    tab.quiet(Duration::from_millis(300)).await;
    assert_eq!(browser.ask("POST", "/api/sign-out", "", &[]).status, 204);
    assert_eq!(browser.get_as_browser("/api/me").status, 401);

    let hex: String = NUMBER.bytes().map(|byte| format!("{byte:02x}")).collect();
    let secret = calendar.trim_start_matches("/calendar/").trim_end_matches(".ics").to_owned();
    let mut words = vec![NUMBER.to_owned(), hex, token.clone(), secret];
    // The signature alone would do, and so would a token as it is in a header.
    words.push(token.chars().take(20).collect());
    words.extend(OF_HER.map(str::to_owned));
    Day { words, problems }
}

#[track_caller]
fn without(what: &str, text: &str, words: &[String]) {
    let text = text.to_ascii_lowercase();
    for word in words {
        assert!(!text.contains(&word.to_ascii_lowercase()), "{word} is in {what}: {text}");
    }
}

#[tokio::test]
async fn no_word_of_hers_is_in_a_log_a_metric_a_health_page_or_a_problem() {
    let university = University::of(2).course("A", 3).course("B", 3);
    let university = university.window("w", "scope = [\"A\"]");
    let university = university.window("later", "scope = [\"B\"]");
    for format in ["json", "pretty"] {
        let mut process = Process::imported(&university);
        process.set("LOG__LEVEL", "trace");
        process.set("LOG__FORMAT", format);
        process.start();
        let day = day(&process).await;
        let operators = process.operators();
        for path in ["/metrics", "/healthz", "/readyz", "/log-level"] {
            without(path, &operators.get(path).ok(), &day.words);
        }
        let nobody = Http::new(process.address(), None);
        for path in ["/healthz", "/readyz", "/api/openapi.json", "/api/programmes"] {
            without(path, &nobody.get(path).body, &day.words);
        }
        assert!(day.problems.len() > 50, "{}", day.problems.len());
        for problem in &day.problems {
            without("a problem", &problem.text, &day.words);
        }
        process.signal("-TERM");
        until("it ends", || process.ended().is_some());
        let said = process.said();
        assert!(said.contains("request answered") && said.contains("outcome told"), "{said}");
        without(&format!("the {format} log"), &said, &day.words);
        // The search finds what is there: who she is can be looked up by those who may.
        let asked = process.command(&["log", "pseudonym", NUMBER]).output().unwrap();
        let pseudonym = String::from_utf8(asked.stdout).unwrap();
        assert!(said.contains(pseudonym.trim()), "{pseudonym}");
    }
}
