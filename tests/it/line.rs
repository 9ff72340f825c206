//! The live line, as those who stand in it hear of it.

use std::time::Duration;

use sluis::protocol::server::ServerMessage;

use crate::support::student::any;
use crate::support::{TestGateway, University};

#[tokio::test]
async fn a_rehearsal_that_is_run_again_tells_its_forecasts_again() {
    let university = University::of(6)
        .course("A", 9)
        .course("B", 9)
        .window("w", "rehearsal = true\norder = \"arrival\"\npace = 1");
    let gateway = TestGateway::start(&university);
    let mut people = Vec::new();
    for n in 0..6 {
        let mut student = gateway.student(&format!("s{n:04}")).await;
        // The last one alone wants A: what she can expect is the same at every moment of each run.
        student.set_plan(&[any(if n == 5 { "A" } else { "B" }, false)]).await;
        people.push(student);
    }
    let mut told = Vec::new();
    for _ in 0..2 {
        for person in &mut people {
            person.arm("w").await;
        }
        gateway.open("w");
        // The line stands, so that nobody's turn comes before the forecast.
        gateway.registrar().post("/api/admin/windows/w/pause", "").ok();
        // The same as in the run before; whoever looks knows nothing of that one any more.
        let forecast = |m: &ServerMessage| match m {
            ServerMessage::Forecast { courses, .. } => Some(courses.clone()),
            _ => None,
        };
        told.push(people[5].expect("her forecast", forecast).await);
        // What else comes of this run has come.
        people[5].quiet(Duration::from_millis(500)).await;
        gateway.registrar().post("/api/admin/windows/w/reset", "{}").ok();
        people[5].quiet(Duration::from_millis(500)).await;
    }
    assert_eq!(told[0], told[1]);
}
