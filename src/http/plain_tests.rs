//! The words and the HTML of `/plain`.

use super::*;
use crate::protocol::server::OutcomeView;

const NOW: Timestamp = Timestamp(1_000_000);

fn text(name: &str) -> Text {
    Text { nl: name.into(), en: format!("{name} (en)").into() }
}

fn standing(state: WindowState) -> Standing {
    let name = text("Vakken");
    Standing { name, state, opens_at: None, waiting: 600, armed: true, place: None }
}

fn told(outcome: &str, reason: Option<&str>) -> OutcomeView {
    let json = serde_json::json!({
        "id": "00000000-0000-7000-8000-000000000000", "course": "A", "outcome": outcome,
        "reason": reason, "about": "B", "journal": 77, "at": 1,
    });
    serde_json::from_value(json).unwrap()
}

fn course(outcome: Option<OutcomeView>) -> Course {
    Course {
        code: "A".to_owned(),
        name: text("Logica"),
        sections: Vec::new(),
        rank: None,
        receipt: outcome.as_ref().map(|o| o.journal),
        told: outcome,
        about: Some(text("Ethiek")),
    }
}

fn words(language: Language, query: &PlainQuery) -> Words<'_> {
    Words { language, query, now: NOW, accounts: false }
}

#[test]
fn it_says_where_she_stands_in_both_languages() {
    let query = PlainQuery::default();
    let check = |window: Standing, nl: &str, en: &str| {
        assert!(window_html(&words(Language::Nl, &query), &window).contains(nl), "{nl}");
        assert!(window_html(&words(Language::En, &query), &window).contains(en), "{en}");
    };
    let at = |ms| Some(Timestamp(NOW.0 + ms));
    let planned = |opens_at| Standing { opens_at, ..standing(WindowState::Planned) };
    check(planned(None), "Nog niet open.", "Not open yet.");
    check(planned(at(0)), "Gaat nu open.", "Opening now.");
    check(planned(at(1_000)), "Opent over 1 seconde.", "Opens in 1 second.");
    check(planned(at(119_000)), "Opent over 119 seconden.", "Opens in 119 seconds.");
    check(planned(at(121_000)), "Opent over 3 minuten.", "Opens in 3 minutes.");
    check(planned(at(3 * 86_400_000)), "Opent over 3 dagen.", "Opens in 3 days.");
    check(planned(None), "Je plan staat klaar.", "Your plan is armed.");
    let open = |place| Standing { place, ..standing(WindowState::Open) };
    let eta = Some(Eta { low_s: 40, high_s: 75 });
    check(open(Some((42, eta))), "<strong>42</strong> van 600", "<strong>42</strong> of 600");
    check(open(Some((42, eta))), "40 seconden tot 75 seconden", "40 seconds to 75 seconds");
    check(open(Some((42, None))), "nog niet bekend", "not known yet");
    check(open(None), "Je staat niet in de rij.", "You are not in line.");
    check(standing(WindowState::Closed), "Gesloten.", "Closed.");
}

#[test]
fn what_holds_now_goes_before_what_was_told() {
    let query = PlainQuery::default();
    let check = |course: Course, expected: &str| {
        let html = course_html(&words(Language::En, &query), &course);
        assert!(html.contains(expected), "{html}");
    };
    check(course(Some(told("refused", Some("clash")))), "Not enrolled: clashes with Ethiek (en)");
    check(course(Some(told("refused", Some("full")))), "Not enrolled: full (receipt no. 77)");
    check(course(Some(told("dropped", None))), "Dropped");
    check(course(Some(told("enrolled", None))), "Dropped");
    check(course(Some(told("waitlisted", None))), "Left the waitlist");
    let waits = Course { rank: Some(4), ..course(Some(told("waitlisted", None))) };
    check(waits, "On the waitlist, number 4");
    let has = Course { sections: vec!["A/L".to_owned()], ..course(None) };
    check(has, "Enrolled: A/L</li>");
    // Refused as she has it: the receipt is her seat's.
    let again = told("refused", Some("already_enrolled"));
    let has = Course { sections: vec!["A/L".to_owned()], receipt: Some(12), ..course(Some(again)) };
    check(has, "Enrolled: A/L (receipt no. 12)</li>");
}

#[test]
fn every_reason_has_its_words() {
    let query = PlainQuery::default();
    let words = words(Language::En, &query);
    for reason in crate::domain::outcome::Reason::KEYS {
        assert_ne!(reason_words(&words, reason), reason_words(&words, "?"), "{reason}");
    }
}

#[test]
fn markup_in_a_name_stays_text() {
    let query = PlainQuery::default();
    let evil = "<img src=x onerror=\"alert('1')\">&";
    let window = Standing { name: text(evil), ..standing(WindowState::Closed) };
    let courses = vec![Course { name: text(evil), code: evil.to_owned(), ..course(None) }];
    let all = Told { windows: vec![window], courses };
    let html = document(&words(Language::Nl, &query), None, Ok(&all));
    assert!(!html.contains("<img") && !html.contains("onerror=\""), "{html}");
    assert_eq!(html.matches("&lt;img src=x onerror=&quot;alert(&#39;1&#39;)").count(), 3);
}

#[test]
fn who_stopped_it_can_start_it_again_in_either_language() {
    let off = PlainQuery { refresh: Some("off".to_owned()), ..PlainQuery::default() };
    let all = Told { windows: Vec::new(), courses: Vec::new() };
    let stopped = document(&words(Language::Nl, &off), None, Ok(&all));
    assert!(stopped.contains("href=\"/plain?lang=nl\""), "{stopped}");
    assert!(stopped.contains("href=\"/plain?lang=en&amp;refresh=off\""), "{stopped}");
    let on = PlainQuery::default();
    let going = document(&words(Language::En, &on), Some(10), Ok(&all));
    assert!(going.contains("refreshes every 10 s"), "{going}");
    assert!(going.contains("href=\"/plain?lang=en&amp;refresh=off\""), "{going}");
}
