//! The calendar at its private address, and what another reader of iCalendar makes of it: Python's
//! `icalendar` (Debian: python3-icalendar).

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::student::any;
use crate::support::{Http, TestGateway, University};

const COURSE: &str = r#"
[[courses]]
code = "LAW-1010"
term = "t"
name = { nl = "Recht; staat, en meer", en = "Law" }
ects = 5
url = "https://guide.example/law-1010"
[[courses.components]]
kind = "lecture"
sections = [{ key = "H1", meetings = [
  { day = "tue", start = "09:15", end = "11:00", weeks = "12-15, 17", place = "Zaal A, 1" },
] }]
[[courses.components]]
kind = "exam"
sections = [{ key = "E1", meetings = [{ day = "fri", start = "13:00", end = "16:00", weeks = 22 }] }]
"#;

/// Prints each event as JSON, with each start in UTC by the calendar's own VTIMEZONE.
const READER: &str = r#"
import sys, json
from datetime import timedelta, timezone
from icalendar import Calendar
calendar = Calendar.from_ical(sys.stdin.buffer.read())
zones = calendar.walk("VTIMEZONE")
zone = zones[0].to_tz()
def in_utc(local):
    localize = getattr(zone, "localize", None)
    at = localize(local) if localize else local.replace(tzinfo=zone)
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M")
events = []
for event in calendar.walk("VEVENT"):
    start = event["DTSTART"].dt.replace(tzinfo=None)
    end = event["DTEND"].dt.replace(tzinfo=None)
    count = int(event["RRULE"]["COUNT"][0]) if "RRULE" in event else 1
    free = event.get("EXDATE", [])
    free = free if isinstance(free, list) else [free]
    free = [one.dt.replace(tzinfo=None) for dates in free for one in dates.dts]
    days = [start + timedelta(weeks=n) for n in range(count)]
    days = [day for day in days if day not in free]
    events.append({
        "uid": str(event["UID"]), "summary": str(event["SUMMARY"]),
        "location": str(event.get("LOCATION", "")), "sequence": int(event["SEQUENCE"]),
        "stamp": event["DTSTAMP"].dt.isoformat(), "zone": event["DTSTART"].params["TZID"],
        "minutes": int((end - start).total_seconds() // 60),
        "utc": [in_utc(day) for day in days],
    })
names = [str(one["TZID"]) for one in zones]
print(json.dumps({"events": events, "zones": names, "version": str(calendar["VERSION"])}))
"#;

fn read_by_python(text: &str) -> Value {
    let named = std::env::var("SLUIS_PYTHON").ok();
    // Debian's package belongs to Debian's Python, which need not be the first one found.
    let pythons = named.into_iter().chain(["python3".to_owned(), "/usr/bin/python3".to_owned()]);
    let has_it = |python: &String| {
        let asked = Command::new(python).args(["-c", "import icalendar"]).output();
        asked.is_ok_and(|output| output.status.success())
    };
    let python = pythons.into_iter().find(has_it);
    assert!(
        python.is_some(),
        "the second reader is missing: install Debian's python3-icalendar (or, with pip, \
         icalendar, and name that Python in SLUIS_PYTHON)"
    );
    let mut reader = Command::new(python.unwrap());
    let reader = reader.args(["-c", READER]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut reader = reader.spawn().unwrap();
    reader.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success(), "Python's icalendar does not read\n{text}");
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn enrolled() -> TestGateway {
    let gateway = TestGateway::start(&University::of(2).course("A", 5).window("w", ""));
    gateway.registrar().post("/api/admin/catalogue?format=toml", COURSE).ok();
    gateway.open("w");
    let mut student = gateway.student("s0000").await;
    student.submit("w", &[any("LAW-1010", false)]).await;
    assert_eq!(student.outcome("LAW-1010").await.outcome, "enrolled");
    gateway
}

#[tokio::test]
async fn another_reader_finds_every_meeting_at_its_hour() {
    let gateway = enrolled().await;
    let student = gateway.http("s0000");
    let in_language = |tag: &str| {
        let file = student.ask("GET", "/api/timetable.ics", "", &[("accept-language", tag)]);
        read_by_python(&file.ok())
    };
    assert_eq!(in_language("en")["events"][0]["summary"], "Law – lecture H1");
    let read = in_language("nl");
    assert_eq!((&read["zones"], &read["version"]), (&json!(["Europe/Amsterdam"]), &json!("2.0")));
    let [lecture, exam] = read["events"].as_array().unwrap().as_slice() else { panic!("{read}") };
    // Weeks 12 to 15 and 17 of 2027; summer time begins on 28 March, in week 12's Sunday.
    let hours = json!([
        "2027-03-23T08:15",
        "2027-03-30T07:15",
        "2027-04-06T07:15",
        "2027-04-13T07:15",
        "2027-04-27T07:15"
    ]);
    assert_eq!(lecture["utc"], hours);
    assert_eq!(lecture["summary"], "Recht; staat, en meer – hoorcollege H1");
    assert_eq!((&lecture["location"], &lecture["minutes"]), (&json!("Zaal A, 1"), &json!(105)));
    assert_eq!(lecture["zone"], "Europe/Amsterdam");
    assert_eq!(exam["utc"], json!(["2027-06-04T11:00"]));
    assert_ne!(lecture["uid"], exam["uid"]);
    // The lecture moves: the same event, in a later version.
    gateway.clock.advance(std::time::Duration::from_secs(60));
    let moved = COURSE.replace("09:15", "10:15");
    gateway.registrar().post("/api/admin/catalogue?format=toml", &moved).ok();
    let again = read_by_python(&gateway.http("s0000").get("/api/timetable.ics").ok());
    let later = &again["events"][0];
    assert_eq!(later["uid"], lecture["uid"]);
    assert!(later["sequence"].as_u64() > lecture["sequence"].as_u64(), "{later} {lecture}");
    assert!(later["stamp"].as_str() > lecture["stamp"].as_str());
    assert_eq!(later["utc"][0], "2027-03-23T09:15");
}

#[tokio::test]
async fn the_address_is_private_renewable_and_revocable() {
    let gateway = enrolled().await;
    let student = gateway.http("s0000");
    let anybody = Http::new(gateway.address(), None);
    assert_eq!(student.get("/api/calendar").json(), json!({ "since": null }));
    let renew = || student.post("/api/calendar", "").json()["path"].as_str().unwrap().to_owned();
    let first = renew();
    let secret = first.trim_start_matches("/calendar/").trim_end_matches(".ics");
    assert_eq!(secret.len(), 64, "256 random bits");
    let feed = anybody.get(&first);
    let (tag, text) = (feed.etag.clone().unwrap(), feed.ok());
    assert!(text.contains("BEGIN:VEVENT"), "{text}");
    assert!(!text.contains("s0000"), "it does not say whose it is");
    let known = anybody.ask("GET", &first, "", &[("if-none-match", &tag)]);
    assert_eq!((known.status, known.body.as_str()), (304, ""));
    let metrics = gateway.operators().get("/metrics").ok();
    assert!(metrics.contains(r#"route="/calendar/{secret}.ics""#), "counted by pattern");
    assert!(!metrics.contains(secret));

    let second = renew();
    let gone = (404, "unknown_calendar".to_owned());
    assert_eq!(anybody.get(&first).problem(), gone);
    let gateway = gateway.restarted();
    let anybody = Http::new(gateway.address(), None);
    assert_eq!(anybody.get(&second).ok(), text, "after a restart the same, to the byte");
    let student = gateway.http("s0000");
    assert!(student.get("/api/calendar").json()["since"].is_u64());
    assert_eq!(student.delete("/api/calendar").status, 204);
    assert_eq!(anybody.get(&second).problem(), gone);
    let guess = format!("/calendar/{}.ics", "0".repeat(64));
    for path in [guess.as_str(), "/calendar/x.ics"] {
        assert_eq!(anybody.get(path).problem(), gone, "{path}");
    }
}

#[test]
fn addresses_are_guessed_slowly() {
    let gateway = TestGateway::configured(&University::of(1), |config| {
        config.limits.address_requests_per_second = 1;
        config.limits.address_requests_burst = 3;
    });
    let anybody = Http::new(gateway.address(), None);
    let guess = format!("/calendar/{}.ics", "a".repeat(64));
    let answers: Vec<u16> = (0..5).map(|_| anybody.get(&guess).status).collect();
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 2, "{answers:?}");
}
